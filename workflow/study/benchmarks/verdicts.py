"""Whether one side is slower than the other: from times of many processes, a ratio, its interval, a verdict.

The unit is the process: the rounds of one process share its memory layout and are not independent samples.
All processes of both sides take part in every round, in random order, so a drift of the machine is common to
all of them and is removed round by round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = ["ALPHA", "LEVEL", "Finding", "Verdict", "least_p", "process_levels", "shift_interval", "verdicts"]

Floats = npt.NDArray[np.float64]
Verdict = Literal["faster", "slower", "no difference", "inconclusive"]

LEVEL = 0.95
"""Confidence of an interval."""

ALPHA = 0.01
"""Level of the tests: one comparison in a hundred may give a false alarm."""

RESAMPLES = 4999


@dataclass(frozen=True)
class Finding:
    """What is known about one benchmark.

    Attributes
    ----------
    ratio, low, high
        Time of the head over time of the base, and the ends of its interval.
    p
        Two-sided Mann-Whitney p value of the processes' times, corrected by Holm for the number of
        benchmarks.
    verdict
        `no difference` (larger than the margin): the interval lies wholly within the margin. Else `slower` or
        `faster`: the interval lies on one side of 1 and p is below `ALPHA`. Else `inconclusive`.
    """

    ratio: float
    low: float
    high: float
    p: float
    verdict: Verdict


def process_levels(seconds: Floats) -> Floats:
    """Give each process its level: how long it takes compared with all the others.

    Parameters
    ----------
    seconds : (rounds, processes) float64, > 0
        What each process took in each round.

    Returns
    -------
    (processes,) float64
        Median over the rounds of the log time less the round's median log time: what slows all processes
        alike cancels.
    """
    logs = np.log(seconds)
    centred = logs - np.median(logs, axis=-1, keepdims=True)
    levels: Floats = np.median(centred, axis=-2)
    return levels


def _shift(base: Floats, head: Floats) -> Floats:
    """Hodges-Lehmann estimate: the median of all differences head - base, over the last axis."""
    differences = head[..., :, None] - base[..., None, :]
    shift: Floats = np.median(differences.reshape(*differences.shape[:-2], -1), axis=-1)
    return shift


def shift_interval(base: Floats, head: Floats, *, seed: int = 0) -> tuple[float, float, float]:
    """Estimate the shift in log time from base to head, with a bootstrap interval over the processes.

    Parameters
    ----------
    base, head : (rounds, processes) float64, > 0
        Seconds, the same rounds for both; 2 processes or more a side.
    seed
        Seed of the resampling.

    Returns
    -------
    tuple of float
        Shift (Hodges-Lehmann), lower and upper end. The ends are expanded percentiles (Hesterberg 2015, The
        American Statistician 69, 371): those of a plain bootstrap are too close together for a few processes.
    """
    rng = np.random.default_rng(seed)
    sizes = base.shape[1], head.shape[1]
    levels = process_levels(np.concatenate([base, head], axis=1))
    sides = levels[: sizes[0]], levels[sizes[0] :]
    drawn = [side[rng.integers(len(side), size=(RESAMPLES, len(side)))] for side in sides]
    fewest = min(sizes)
    wide = np.sqrt(fewest / (fewest - 1)) * stats.t.isf((1 - LEVEL) / 2, sum(sizes) - 2)
    tail = float(stats.norm.sf(wide))
    low, high = np.quantile(_shift(*drawn), [tail, 1 - tail])
    return float(_shift(*sides)), float(low), float(high)


def least_p(processes: int) -> float:
    """Return the smallest p value that the test can give with so many processes a side, before correction."""
    apart = np.arange(2.0 * processes)
    return float(stats.mannwhitneyu(apart[:processes], apart[processes:], method="exact").pvalue)


def verdicts(times: Mapping[str, tuple[Floats, Floats]], *, margin: float) -> dict[str, Finding]:
    """Judge every benchmark of a comparison.

    Parameters
    ----------
    times
        (base, head) by benchmark, each (rounds, processes) seconds. Both have the same rounds.
    margin
        Largest difference that counts as none, such as 0.02: ratios from 1 / (1 + margin) to 1 + margin.

    Returns
    -------
    dict
        Findings by benchmark, in the order given.

    Notes
    -----
    The margin is checked first: a difference whose interval lies within it is `no difference`, even if it is
    real. Only the others are tested.
    """
    raw, shifts = [], []
    for base, head in times.values():
        levels = process_levels(np.concatenate([base, head], axis=1))
        sides = levels[: base.shape[1]], levels[base.shape[1] :]
        raw.append(float(stats.mannwhitneyu(*sides, method="exact").pvalue))
        shifts.append(shift_interval(base, head))
    corrected = _holm(np.array(raw))
    bound = float(np.log1p(margin))
    out = {}
    for name, (shift, low, high), p in zip(times, shifts, corrected.tolist(), strict=True):
        ratio, *ends = np.exp([shift, low, high]).tolist()
        out[name] = Finding(ratio, ends[0], ends[1], p, _verdict(low, high, p=p, bound=bound))
    return out


def _holm(p: Floats) -> Floats:
    """Correct p values for their number (Holm 1979)."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    out = np.empty_like(p)
    out[order] = np.minimum(stepped, 1.0)
    return out


def _verdict(low: float, high: float, *, p: float, bound: float) -> Verdict:
    """Judge an interval of the shift."""
    if -bound <= low and high <= bound:
        return "no difference"
    if p < ALPHA and low > 0:
        return "slower"
    if p < ALPHA and high < 0:
        return "faster"
    return "inconclusive"
