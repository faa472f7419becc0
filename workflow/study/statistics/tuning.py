"""The best learning rate of each loss, by cross-fitting: no run is evaluated at a rate it helped to choose.

The seeds of a setting are dealt to folds. For each fold the rate is chosen on all the other seeds, and the
fold's own runs are evaluated at it. `docs/statistics.md` says why. A bootstrap resample makes the same choice
again, with the seeds it drew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from study.statistics.bootstrap import Drawn
from study.statistics.groups import begins, coded
from study.statistics.ratios import ratios
from study.statistics.survival import Bools, Floats, significant

FOLDS: Final = 5
"""Folds that the seeds of a setting are dealt to, unless the config says otherwise."""

LEAST_SEEDS: Final = 4
"""Fewest seeds of a setting that a rate is chosen from: from one or two others any rate may look best."""

_UNITS: Final = 10**9  # of a nat: whole numbers, so that sums are exact in any order

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Trials:
    """Runs of a loss in one setting to one target: a row per seed, a column per rate.

    Attributes
    ----------
    rates
        Shape (rates,), float64, ascending, in units of 1/L_BCE.
    times
        Shape (seeds, rates), float64: the step of arrival, or the budget where the run did not arrive.
    observed
        Shape (seeds, rates), bool: whether it arrived.
    budget
        The largest budget among the runs, at any rate.
    """

    rates: Floats
    times: Floats
    observed: Bools
    budget: float

    @cached_property
    def cost(self) -> Ints:
        """What each run counts in the choice of a rate: log(steps) in billionths; see `costs`."""
        return costs(self.times, self.observed, self.budget)


def costs(times: Floats, observed: Bools, budget: float) -> Ints:
    """Logarithm of the steps of runs, as whole billionths of a nat.

    A run that never arrives counts as twice the largest budget (PAR2 of algorithm configuration), whatever
    its own, so that no rate looks good because its runs were given up early. One that arrives at step 0
    counts as one step. The mean over seeds is the logarithm of a geometric mean.

    Parameters
    ----------
    times, observed, budget
        As of `Trials`.
    """
    steps = np.where(observed, np.maximum(times, 1.0), 2.0 * budget)
    return np.asarray(np.rint(np.log(steps) * _UNITS), dtype=np.int64)


def cheapest(sums: Ints, weight: Ints) -> Ints:
    """Return the position of the smallest sum along the last axis; on a tie, the first.

    Parameters
    ----------
    sums
        Shape (..., rates), int64: sums of `costs` over seeds.
    weight
        Shape (...), int64: how many seeds were added up.

    Notes
    -----
    Each cost is off by half a unit at most, so sums of equal geometric means differ by `weight` units at
    most: those are a tie.
    """
    tied = sums <= sums.min(axis=-1, keepdims=True) + weight[..., np.newaxis]
    return np.asarray(tied.argmax(axis=-1), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Choice:
    """The runs that the best rates of a setting and target are chosen on, and the choice.

    Attributes
    ----------
    target
        What the runs were to reach.
    starts
        Shape (seeds,), int64: number of the start of each seed, in the order of the seeds.
    trials
        Runs of each loss.
    folds
        How many folds the seeds are dealt to: the seed at position i is in fold i mod `folds`.
    """

    target: str
    starts: Ints
    trials: Mapping[str, Trials]
    folds: int

    @property
    def size(self) -> int:
        """Number of seeds."""
        return self.starts.size

    def chosen(self, loss: str, counts: Ints) -> Ints:
        """Choose the rate of each fold on the other folds' seeds.

        Parameters
        ----------
        loss
            `mse` or `bce`.
        counts
            Shape (resamples, seeds), int64: how often each seed was drawn.

        Returns
        -------
        ndarray of int64, shape (resamples, folds)
            Positions in `Trials.rates`. Where no seed outside of the fold was drawn, all are looked at.
        """
        cost = self.trials[loss].cost
        parts = [slice(fold, None, self.folds) for fold in range(self.folds)]
        sums = np.stack([counts[:, part] @ cost[part] for part in parts], axis=1)
        drawn = np.stack([counts[:, part].sum(axis=1) for part in parts], axis=1)
        outside = drawn.sum(axis=1, keepdims=True) - drawn
        alone = outside == 0
        others = sums.sum(axis=1, keepdims=True) - sums + np.where(alone[..., np.newaxis], sums, 0)
        return cheapest(others, outside + np.where(alone, drawn, 0))

    def position(self, loss: str) -> Ints:
        """Position of the rate that each seed is evaluated at, shape (seeds,)."""
        by_fold = self.chosen(loss, np.ones((1, self.size), dtype=np.int64))[0]
        return np.asarray(by_fold[np.arange(self.size) % self.folds])

    def rates(self, loss: str) -> Floats:
        """Rate that each seed is evaluated at, shape (seeds,)."""
        return self.trials[loss].rates[self.position(loss)]

    def _of_all(self, loss: str) -> int:
        total = self.trials[loss].cost.sum(axis=0)
        return int(cheapest(total, np.asarray(self.size)))

    def rate(self, loss: str) -> float:
        """Rate chosen on all seeds: the one to use."""
        return float(self.trials[loss].rates[self._of_all(loss)])

    def at_edge(self, loss: str) -> bool:
        """Whether `rate` is the smallest or the largest that was run: one beyond might be better."""
        return self._of_all(loss) in {0, self.trials[loss].rates.size - 1}

    def regret(self, loss: str) -> float:
        """Geometric mean steps at the cross-fitted rates, over those at the best single rate in hindsight."""
        cost = self.trials[loss].cost
        spent = int(cost[np.arange(self.size), self.position(loss)].sum())
        more = spent - int(cost.sum(axis=0).min())
        return float(significant(np.exp([more / self.size / _UNITS]), 9)[0])

    def data(self) -> bytes:
        """All that a resample depends on."""
        parts = [self.folds.to_bytes(4, "little")]
        for loss in sorted(self.trials):
            trials = self.trials[loss]
            parts += [trials.rates.astype("<f8").tobytes(), trials.times.astype("<f8").tobytes()]
            parts += [trials.observed.tobytes(), np.float64(trials.budget).astype("<f8").tobytes()]
        return b"".join(parts)

    def drawn(self, picked: Ints) -> Drawn:
        """Pairs of resamples, each at the rates that its own seeds choose; see `bootstrap.Sample`."""
        resamples, fold = len(picked), picked % self.folds
        at = picked + np.arange(resamples)[:, np.newaxis] * self.size
        counts = np.bincount(at.ravel(), minlength=resamples * self.size).reshape(resamples, self.size)
        mse, bce = (self.trials[loss] for loss in ("mse", "bce"))
        both = self.chosen("mse", counts) * bce.rates.size + self.chosen("bce", counts)
        kinds, kind = np.unique(both, return_inverse=True)
        left, right = np.divmod(kinds, bce.rates.size)
        found = ratios(mse.times[:, left], mse.observed[:, left], bce.times[:, right], bce.observed[:, right])
        which = picked * kinds.size + np.take_along_axis(kind.reshape(both.shape), fold, axis=1)
        return Drawn(found.ratio.ravel(), found.known.ravel(), which)


def choices(rows: pd.DataFrame, folds: int) -> Iterator[Choice]:
    """Lay out the runs of each setting and target for the choice of the best rates.

    Parameters
    ----------
    rows
        Columns of a setting, `target`, `seed`, `start`, `loss` (`mse` or `bce`), `rate`, `time`, `observed`,
        `max_steps`.
    folds
        Folds, at least 2; fewer where there are fewer seeds.

    Yields
    ------
    Choice
        None where a loss was not run, or from fewer than `LEAST_SEEDS` seeds.
    """
    keys = ["dataset", "separability", "initialisation", "scale", "target"]
    rows, codes = coded(rows[[*keys, "loss", *_Runs._fields]], keys)
    targets, losses = rows["target"].to_numpy(object), rows["loss"].to_numpy(object)
    columns = _Runs(
        seed=rows["seed"].to_numpy(np.int64),
        start=rows["start"].to_numpy(np.int64),
        rate=rows["rate"].to_numpy(float),
        time=rows["time"].to_numpy(float),
        observed=rows["observed"].to_numpy(bool),
        max_steps=rows["max_steps"].to_numpy(float),
    )
    # Slices of arrays: taking rows from a frame costs more than the choice itself.
    for begin, end in pairwise([*begins(codes).tolist(), codes.size]):
        cell = np.arange(begin, end)
        sides = {loss: columns.at(cell[losses[cell] == loss]) for loss in ("mse", "bce")}
        seeds = np.intersect1d(sides["mse"].seed, sides["bce"].seed)
        if seeds.size < LEAST_SEEDS:
            continue
        trials = {loss: _trials(side, seeds) for loss, side in sides.items()}
        if all(found.rates.size for found in trials.values()):
            every, first = np.unique(columns.seed[cell], return_index=True)
            starts = columns.start[cell][first][np.searchsorted(every, seeds)]
            yield Choice(str(targets[begin]), starts, trials, min(folds, seeds.size))


class _Runs(NamedTuple):
    """Columns of `choices` as arrays, shape (runs,) each."""

    seed: Ints
    start: Ints
    rate: Floats
    time: Floats
    observed: Bools
    max_steps: Floats

    def at(self, rows: Ints) -> _Runs:
        """Some of the runs."""
        seed, start, rate, time, observed, max_steps = self
        return _Runs(seed[rows], start[rows], rate[rows], time[rows], observed[rows], max_steps[rows])


def _trials(side: _Runs, seeds: Ints) -> Trials:
    """Lay out the runs of one loss; a rate that was not run from every seed is left out."""
    rates, column = np.unique(side.rate, return_inverse=True)
    inside = np.isin(side.seed, seeds)
    row, column = np.searchsorted(seeds, side.seed[inside]), column[inside]
    times = np.full((seeds.size, rates.size), np.nan)
    observed = np.zeros(times.shape, dtype=np.bool_)
    times[row, column] = side.time[inside]
    observed[row, column] = side.observed[inside]
    whole = ~np.isnan(times).any(axis=0)
    return Trials(rates[whole], times[:, whole], observed[:, whole], float(side.max_steps.max()))
