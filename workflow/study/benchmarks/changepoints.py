"""Where a history of times steps up or down, without assumptions about its noise.

Seeded binary segmentation (Kovacs, Li, Buhlmann and Munk 2023, Biometrika 110, 249) of the CUSUM statistic,
on normal scores of the ranks. With ranks an outlier counts as one large value among many, whatever its size,
and the distribution of the statistic without a change depends on the number of runs alone, so its threshold
is exact up to simulation error. Runs are assumed exchangeable where nothing has changed, so a slow drift of
the machine is reported as steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = ["changes", "fewest_runs"]

Floats = npt.NDArray[np.float64]

ALPHA = 0.01
"""False-alarm rate: the share of histories without a change in which one is found."""

_SHORTEST = 6  # runs: with fewer, no order of them is improbable enough
_PERMUTATIONS = 1999


def changes(values: npt.ArrayLike) -> list[int]:
    """Find the steps of a history.

    Parameters
    ----------
    values : (n,) array_like of float
        One value a run, in order of time; finite. Any monotone transform of them gives the same steps.

    Returns
    -------
    list of int
        Increasing; each is the number of the run with which a new level begins.
    """
    series = np.asarray(values, dtype=np.float64)
    found = sorted(_segment(series, 0, len(series)))
    edges = [0, *found, len(series)]
    # Each step is located again between its neighbours: the interval in which it was found may hold little of
    # the level.
    return [_best_split(series[low:high]) + low for low, high in zip(edges, edges[2:], strict=False)]


@cache
def fewest_runs() -> int:
    """Return how many runs it takes to find a step: with fewer, no order of them is improbable enough."""
    size = _SHORTEST
    while not changes(np.arange(size)):  # no order has a larger statistic
        size += 1
    return size


def _segment(series: Floats, begin: int, end: int) -> Iterator[int]:
    """Yield the steps in ``series[begin:end]``."""
    if end - begin < _SHORTEST:
        return
    statistic, split = _largest(_scores(series[begin:end]))
    if statistic[0] > _threshold(_rounded(end - begin)):
        step = begin + int(split[0])
        yield from _segment(series, begin, step)
        yield step
        yield from _segment(series, step, end)


def _scores(values: Floats) -> Floats:
    """Normal scores of the ranks (van der Waerden), ties at their mean rank; shape (1, n)."""
    scores: Floats = stats.norm.ppf(stats.rankdata(values) / (len(values) + 1))
    return scores[None, :]


def _best_split(values: Floats) -> int:
    """Return the split with the largest CUSUM over the whole series."""
    scores = _scores(values)
    return int(_cusum(np.cumsum(scores, axis=1), 0, scores.shape[1])[0].argmax()) + 1


def _cusum(sums: Floats, begin: int, end: int) -> Floats:
    """CUSUM of every split of ``[begin, end)``, from running sums: (rows, n) to (rows, end - begin - 1)."""
    size = end - begin
    before = sums[:, begin - 1, None] if begin else np.zeros((len(sums), 1))
    left = sums[:, begin : end - 1] - before
    whole = sums[:, end - 1, None] - before
    count = np.arange(1, size)
    statistic: Floats = np.abs(left - whole * count / size) * np.sqrt(size / (count * (size - count)))
    # Of splits that are alike the first is meant, and not the one whose last digit is rounded up.
    return statistic.round(9)


def _largest(scores: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Largest CUSUM of each row over all seeded intervals, and its split."""
    sums = np.cumsum(scores, axis=1)
    best = np.zeros(len(scores))
    split = np.ones(len(scores), dtype=np.int64)
    for begin, end in _intervals(scores.shape[1]):
        statistic = _cusum(sums, begin, end)
        place = statistic.argmax(axis=1)
        value = statistic[np.arange(len(scores)), place]
        better = value > best
        best[better] = value[better]
        split[better] = begin + 1 + place[better]
    return best, split


def _intervals(size: int) -> Iterator[tuple[int, int]]:
    """Yield the seeded intervals: the whole, then layers of half the length each, overlapping by half."""
    length, count = float(size), 1
    while length >= _SHORTEST:
        shift = (size - length) / max(count - 1, 1)
        for k in range(count):
            yield int(np.floor(k * shift)), min(size, int(np.ceil(k * shift + length)))
        length, count = length / 2, 2 * count + 1


def _rounded(size: int) -> int:
    """Round a length up to one of a few, so that few thresholds are simulated; they grow with the length."""
    return int(np.ceil(2 ** (np.ceil(2 * np.log2(size)) / 2)))


@lru_cache(maxsize=64)
def _threshold(size: int) -> float:
    """Return what the statistic of `size` runs exceeds with probability `ALPHA` if nothing changed."""
    rng = np.random.default_rng(size)
    scores = np.repeat(_scores(np.arange(size, dtype=np.float64)), _PERMUTATIONS, axis=0)
    return float(np.quantile(_largest(rng.permuted(scores, axis=1))[0], 1 - ALPHA))
