"""From runs to pairs and medians, by the words of docs/statistics.md.

Medians are exact: survival functions are fractions, and geometric means are compared as products of whole
numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LOSSES = ("mse", "bce")
POLICIES = ("equal", "equal_no_half", "smoothness", "tuned")


@dataclass(frozen=True)
class Runs:
    """Runs of a loss: a row per seed, a column per rate.

    `time` is the step of arrival, or the budget where the run did not arrive (`seen` is False there), and nan
    where there is no such run; `spent` the steps that were made until then; `budget` the largest of any run.
    """

    rates: Floats
    time: Floats
    seen: Bools
    spent: Floats
    budget: int

    def at(self, rate: float) -> int | None:
        """Column of a rate; None where it was not run."""
        near = np.flatnonzero(np.isclose(self.rates, rate, rtol=1e-9, atol=0))
        return int(near[0]) if near.size else None


@dataclass(frozen=True)
class Setting:
    """Runs of both losses from the same starts to one target, by loss, with the sorted seeds."""

    seeds: npt.NDArray[np.int64]
    runs: Mapping[str, Runs]


class Pairs(NamedTuple):
    """Times of both losses from the same starts, and whether they arrived; `spent` by loss."""

    mse: Floats
    mse_seen: Bools
    bce: Floats
    bce_seen: Bools
    spent: tuple[Floats, Floats]


def lay_out(rows: pd.DataFrame) -> dict[tuple[Any, ...], Setting]:
    """Lay out the table of runs by (data set, separability or None, initialisation, scale, target)."""
    rows = rows.assign(seen=rows["status"] == "reached")
    rows["time"] = rows["step"].where(rows["seen"], rows["max_steps"]).astype(float)
    rows["spent"] = rows["step"].where(rows["seen"], rows["steps_run"]).astype(float)
    keys = ["dataset", "separability", "initialisation", "scale", "target"]
    found = {}
    for (dataset, separability, *rest), cell in rows.groupby(keys, dropna=False):
        sides = {loss: cell[cell["loss"] == loss] for loss in LOSSES}
        seeds = np.unique(cell["seed"])
        level = None if math.isnan(separability) else float(separability)
        runs = {loss: _matrix(side, seeds) for loss, side in sides.items()}
        found[(dataset, level, *rest)] = Setting(seeds, runs)
    return found


def _matrix(side: pd.DataFrame, seeds: npt.NDArray[np.int64]) -> Runs:
    rates, column = np.unique(side["rate"], return_inverse=True)
    at = np.searchsorted(seeds, side["seed"]), column
    time, spent = (np.full((len(seeds), len(rates)), np.nan) for _ in range(2))
    seen = np.zeros(time.shape, dtype=bool)
    time[at], spent[at], seen[at] = side["time"], side["spent"], side["seen"]
    return Runs(rates, time, seen, spent, int(side["max_steps"].max()))


def pairs(setting: Setting, policy: str, rate: float, own: Mapping[str, float], folds: int) -> Pairs | None:
    """Pair the runs of a setting under a policy; None where the rates were not run."""
    mse, bce = (setting.runs[loss] for loss in LOSSES)
    if policy == "tuned":
        if len(setting.seeds) < 4:
            return None
        columns = [cross_fitted(side, folds) for side in (mse, bce)]
    else:
        asked = {
            "equal": (rate, rate),
            "equal_no_half": (2 * rate, rate),
            "smoothness": (own["mse"], own["bce"]),
        }[policy]
        places = [side.at(one) for side, one in zip((mse, bce), asked, strict=True)]
        if None in places:
            return None
        columns = [np.full(len(setting.seeds), place) for place in places]
    row = np.arange(len(setting.seeds))
    left, right = ((row, column) for column in columns)
    spent = mse.spent[left], bce.spent[right]
    return Pairs(mse.time[left], mse.seen[left], bce.time[right], bce.seen[right], spent)


def cost(runs: Runs, row: int, column: int) -> int:
    """What a run counts in the choice of a rate: its steps, 1 at least; if it missed, twice the budget."""
    return max(int(runs.time[row, column]), 1) if runs.seen[row, column] else 2 * runs.budget


def best(runs: Runs, rows: Iterable[int]) -> int:
    """Column of the rate of the smallest geometric mean of steps over some seeds; of equal ones the first."""
    rows = list(rows)
    products = [math.prod(cost(runs, row, column) for row in rows) for column in range(len(runs.rates))]
    return products.index(min(products))


def cross_fitted(runs: Runs, folds: int) -> npt.NDArray[np.int64]:
    """Column of the rate of each seed: best on the seeds of the other folds, dealt by position."""
    count = len(runs.time)
    dealt = np.arange(count) % min(folds, count)
    chosen = {fold: best(runs, np.flatnonzero(dealt != fold)) for fold in np.unique(dealt)}
    return np.array([chosen[fold] for fold in dealt])


def pooled(parts: Iterable[Pairs]) -> Pairs:
    """Put pairs together."""
    parts = list(parts)
    whole = [np.concatenate([part[place] for part in parts]) for place in range(4)]
    spent = tuple(np.concatenate([part.spent[side] for part in parts]) for side in (0, 1))
    return Pairs(*whole, spent)


def median(time: Floats, seen: Bools) -> float:
    """Kaplan-Meier median: the first time by which the survival function is one half or less, else inf."""
    left, at_risk = Fraction(1), len(time)
    for moment in np.unique(time):
        here = time == moment
        arrived = int((here & seen).sum())
        left *= Fraction(at_risk - arrived, at_risk)
        if arrived and left <= Fraction(1, 2):
            return float(moment)
        at_risk -= int(here.sum())
    return math.inf


def ratios(pairs: Pairs) -> tuple[Floats, Bools]:
    """Ratio of each pair or what it exceeds, and whether it is known; without those met at step 0."""
    started = (pairs.mse_seen & (pairs.mse == 0)) | (pairs.bce_seen & (pairs.bce == 0))
    mse, bce, bce_seen = pairs.mse[~started], pairs.bce[~started], pairs.bce_seen[~started]
    ratio = np.array([m / b if arrived else 0.0 for m, b, arrived in zip(mse, bce, bce_seen, strict=True)])
    return ratio, pairs.mse_seen[~started]


class Slowdown(NamedTuple):
    """Median of ratios, or what it is at least where `bound`."""

    value: float
    bound: bool


def slowdown(ratio: Floats, known: Bools) -> Slowdown:
    """Kaplan-Meier median of ratios; where it is not reached, or half are not known, a lower bound."""
    if not len(ratio):
        return Slowdown(math.nan, bound=False)
    middle = median(ratio, known)
    if math.isinf(middle) or 2 * known.sum() < len(ratio):
        return Slowdown(float(np.sort(ratio)[(len(ratio) + 1) // 2 - 1]), bound=True)
    return Slowdown(middle, bound=False)


def counts(pairs: Pairs) -> dict[str, int]:
    """Count pairs: all, met at the start, missed by BCE alone or by both, MSE certainly slower or faster."""
    at_start = (pairs.mse_seen & (pairs.mse == 0)) | (pairs.bce_seen & (pairs.bce == 0))
    # Half a step beyond its budget a run that missed has certainly not arrived.
    mse, bce = pairs.mse + 0.5 * ~pairs.mse_seen, pairs.bce + 0.5 * ~pairs.bce_seen
    return {
        "starts": len(mse),
        "at_start": int(at_start.sum()),
        "bce_missed": int((~at_start & pairs.mse_seen & ~pairs.bce_seen).sum()),
        "both_missed": int((~at_start & ~pairs.mse_seen & ~pairs.bce_seen).sum()),
        "slower": int((~at_start & pairs.bce_seen & (mse > bce)).sum()),
        "faster": int((~at_start & pairs.mse_seen & (bce > mse)).sum()),
        "mse_reached": int(pairs.mse_seen.sum()),
        "bce_reached": int(pairs.bce_seen.sum()),
    }
