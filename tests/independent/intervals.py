"""Intervals of the slowdown, by another bootstrap with other random numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import screen
from cells import key_of
from comparing import Check, exact, within
from finished import Finished
from pairing import LOSSES, Pairs, Runs, Setting, cost, pairs, ratios
from scipy import stats

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

RESAMPLES = 4000
SIGMAS = 4.0
"""An end may lie as far off as the rank of an order statistic of the resamples of both does, in this many
standard deviations: p (1 - p) (1 / R + 1 / RESAMPLES) is the variance of the share p that it cuts off."""

Draw = Callable[[Ints], tuple[Floats, Bools]]
"""From drawn seeds, shape (resamples, seeds), to ratios and whether each is known; nan for no ratio."""


def ends(study: Finished) -> Iterator[Check]:
    """Intervals of the starts of the first screen, pooled, and of one cell under each policy."""
    for name, start in screen.starts(study).items():
        settings = list(start.settings(study).values())
        for policy in ("equal", "equal_no_half", "tuned"):
            printed = study.summary["answer"][name][policy]
            if printed is not None:
                asked = Interval("summary.json", printed["slowdown_low"], printed["slowdown_high"])
                yield from _compare(study, f"{name}, {policy}", asked, settings, (policy, study.rate))
    for row in _clear(study.table("slowdown"), study.target):
        asked = Interval("tables/slowdown", row.slowdown_low, row.slowdown_high)
        settings = [study.settings[key_of(row)]]
        yield from _compare(study, f"row {row.Index}, {row.policy}", asked, settings, (row.policy, row.rate))


class Interval(NamedTuple):
    """An interval as it is printed; JSON has null for inf."""

    place: str
    low: float
    high: float | None


def _clear(table: pd.DataFrame, target: str) -> Iterator[Any]:
    """Choose the middle cell of each policy among those with two ends that differ."""
    ends = np.isfinite(table["slowdown_high"]) & (table["slowdown_low"] > 0)
    ends &= (table["slowdown_high"] > table["slowdown_low"]) & ~table["slowdown_bound"]
    for _, rows in table[ends & (table["target"] == target)].groupby("policy"):
        yield next(rows.iloc[[len(rows) // 2]].itertuples())


def _compare(
    study: Finished, name: str, printed: Interval, settings: Sequence[Setting], at: tuple[str, float]
) -> Iterator[Check]:
    """Compare both ends of an interval at a policy and rate; with too few units it has none."""
    level, resamples = (study.config["statistics"][key] for key in ("confidence", "resamples"))
    samples, many = [], 0
    for setting in settings:
        both = pairs(setting, *at, study.own_rate, study.folds)
        if both is None or not len(ratios(both)[0]):
            continue
        many += len(ratios(both)[0])
        if at[0] == "tuned":
            samples.append((_tuned(setting, min(study.folds, len(setting.seeds))), len(setting.seeds)))
        else:
            samples.append((_fixed(both), len(ratios(both)[0])))
    units = len(samples) if len(samples) > 1 else many
    if not units or 2 * 0.5**units > 1 - level:
        yield exact(f"{name}: no interval", printed.place, [printed.low, printed.high], [0.0, None])
        return
    low, high = resampled(samples)
    wide = math.sqrt(units / (units - 1)) * stats.t.ppf((1 + level) / 2, units - 1)
    tail = max(round((resamples + 1) * stats.norm.cdf(-wide)), 1) / (resamples + 1)
    off = SIGMAS * math.sqrt(tail * (1 - tail) * (1 / resamples + 1 / RESAMPLES))
    said = math.inf if printed.high is None else printed.high
    for end, text, medians, share in (("low", printed.low, low, tail), ("high", said, high, 1 - tail)):
        shares = np.clip([share, share - off, share + off], 0, 1)
        value, least, most = np.quantile(medians, shares, method="nearest").tolist()
        allowed = f"{name}: {end} end ({least:.4g} to {most:.4g})"
        yield within(allowed, printed.place, text, value, least, most)


def resampled(samples: Sequence[tuple[Draw, int]]) -> tuple[Floats, Floats]:
    """Medians of resamples, at least and at most: of data sets, and of the seeds of each that is drawn."""
    rng = np.random.default_rng(20)
    group = rng.integers(len(samples), size=(RESAMPLES, len(samples)))
    parts: list[list[tuple[Floats, Bools]]] = [[] for _ in range(RESAMPLES)]
    for number, (draw, size) in enumerate(samples):
        slots = np.argwhere(group == number)
        ratio, known = draw(rng.integers(size, size=(len(slots), size)))
        for (resample, _), one, seen in zip(slots, ratio, known, strict=True):
            parts[resample].append((one, seen))
    found = [_median(*(np.concatenate(side) for side in zip(*part, strict=True))) for part in parts]
    low, high = (np.array(side) for side in zip(*found, strict=True))
    return low, high


def _median(ratio: Floats, known: Bools) -> tuple[float, float]:
    """Median of ratios: twice the same where it is known, else its lower bound and inf."""
    here = ~np.isnan(ratio)
    ratio, known = ratio[here], known[here]
    if not len(ratio):
        return 0.0, math.inf
    order = np.lexsort((~known, ratio))
    ratio, known = ratio[order], known[order]
    left = np.cumprod(1 - known / np.arange(len(ratio), 0, -1))
    if left[-1] > 0.5 + 1e-9 or 2 * known.sum() < len(ratio):
        return float(ratio[(len(ratio) + 1) // 2 - 1]), math.inf
    middle = float(ratio[np.argmax(left <= 0.5 + 1e-9)])
    return middle, middle


def _fixed(both: Pairs) -> Draw:
    ratio, known = ratios(both)
    return lambda picked: (ratio[picked], known[picked])


def _tuned(setting: Setting, folds: int) -> Draw:
    """Draw seeds, choose the rates of each fold again on the drawn seeds of the others, and pair."""
    costs = {loss: _logs(setting.runs[loss]) for loss in LOSSES}
    dealt = np.arange(len(setting.seeds)) % folds

    def draw(picked: Ints) -> tuple[Floats, Bools]:
        counted = np.array([np.bincount(row, minlength=len(dealt)) for row in picked]).reshape(-1, len(dealt))
        column = {loss: np.empty((len(picked), folds), dtype=np.int64) for loss in LOSSES}
        for fold in range(folds):
            weight = np.where(dealt == fold, 0, counted)
            weight[weight.sum(axis=1) == 0] = counted[weight.sum(axis=1) == 0]
            for loss in LOSSES:
                mean = weight @ costs[loss] / weight.sum(axis=1, keepdims=True)
                column[loss][:, fold] = np.argmax(mean <= mean.min(axis=1, keepdims=True) + 1e-9, axis=1)
        sides = {}
        for loss in LOSSES:
            at = picked, np.take_along_axis(column[loss], dealt[picked], axis=1)
            sides[loss] = setting.runs[loss].time[at], setting.runs[loss].seen[at]
        return _ratio(*sides["mse"], *sides["bce"])

    return draw


def _logs(runs: Runs) -> Floats:
    rows, columns = runs.time.shape
    return np.array([[math.log(cost(runs, row, column)) for column in range(columns)] for row in range(rows)])


def _ratio(mse: Floats, mse_seen: Bools, bce: Floats, bce_seen: Bools) -> tuple[Floats, Bools]:
    started = (mse_seen & (mse == 0)) | (bce_seen & (bce == 0))
    ratio = np.where(bce_seen, mse / np.where(bce == 0, 1.0, bce), 0.0)
    return np.where(started, np.nan, ratio), mse_seen & ~started
