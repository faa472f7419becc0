"""Survival analysis: Kaplan-Meier medians with intervals, average running time, log-rank test.

`docs/statistics.md` says why each choice was made. Times are numbers of steps. A time is *observed* where the
target was reached, else right-censored at the budget.

Cells are processed together, as matrices with one row per cell, one column per start and nan as padding.
Kaplan-Meier is then a running product along the rows: with ties taken one by one, its value after the last of
them is the textbook one, as (n-1)/n * (n-2)/(n-1) = (n-2)/n. The tests compare with SciPy's `ecdf` and
`logrank`.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

LEVEL: Final = 0.95
"""Confidence level of every interval, unless the config says otherwise."""

HALF: Final = 0.5 + 1e-9  # a survival of exactly one half may be off by rounding

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def _in_order(times: Floats, observed: Bools) -> tuple[Floats, Bools, Floats]:
    """Sort each row by time (arrivals before censorings, padding last); return also the number at risk."""
    order = np.lexsort((~observed, times), axis=-1)
    times = np.take_along_axis(times, order, axis=-1)
    observed = np.take_along_axis(observed, order, axis=-1) & ~np.isnan(times)
    present = (~np.isnan(times)).sum(axis=-1, keepdims=True)
    at_risk = np.maximum(present - np.arange(times.shape[-1]), 1).astype(np.float64)
    return times, observed, at_risk


def _first(times: Floats, holds: Bools) -> Floats:
    """Return the first time of each row at which `holds`, inf where it never does."""
    index = holds.argmax(axis=-1)[..., np.newaxis]
    found = np.take_along_axis(times, index, axis=-1)[..., 0]
    return np.where(holds.any(axis=-1), found, np.inf)


def median(
    times: npt.ArrayLike, observed: npt.ArrayLike, *, level: float = LEVEL
) -> tuple[Floats, Floats, Floats]:
    """Kaplan-Meier median of each row with its interval.

    Parameters
    ----------
    times
        Shape (cells, starts), float64, at least 0; nan pads a row that has fewer starts.
    observed
        Shape (cells, starts), bool: True where the time is an arrival, False where it is censored.
    level
        Confidence level, in (0, 1).

    Returns
    -------
    middle, low, high : ndarray of float64, shape (cells,)
        The first time at which the survival function is at most one half, and the first times at which the
        lower and the upper end of its log-log band are. inf where that does not happen, nan for an empty row.

    Notes
    -----
    Band: Kalbfleisch and Prentice (1980), S^exp(+-z se), se = sqrt(Greenwood) / |log S|; inverted
    as in Brookmeyer and Crowley (1982). Where S is 0 that band does not exist; its lower end is 0 there and
    its upper end is the exact binomial one, 1 - (alpha/2)^(1/k) for k arrivals: with 6 arrivals or more it
    lies below one half at 95%.
    """
    times = np.atleast_2d(np.asarray(times, dtype=np.float64))
    observed = np.atleast_2d(np.asarray(observed, dtype=np.bool_))
    if times.shape[-1] == 0:
        nothing = np.full(times.shape[0], np.nan)
        return nothing, nothing.copy(), nothing.copy()
    t, hit, at_risk = _in_order(times, observed)
    share = np.cumprod(np.where(hit, (at_risk - 1) / at_risk, 1.0), axis=-1)
    greenwood = np.cumsum(
        np.where(hit & (at_risk > 1), 1 / (at_risk * np.maximum(at_risk - 1, 1)), 0.0), axis=-1
    )
    settled = np.ones(
        t.shape, dtype=np.bool_
    )  # False inside a tie, where the product is not yet that of Kaplan-Meier
    settled[..., :-1] = t[..., 1:] != t[..., :-1]

    inner = (share > 0) & (share < 1)
    depth = -np.log(np.where(inner, share, 0.5))
    spread = np.exp(special.ndtri((1 + level) / 2) * np.sqrt(greenwood) / depth)
    half = math.log(2) * (1 - 1e-12)
    gone = share == 0
    enough = 0.5 ** hit.sum(axis=-1, keepdims=True) <= (1 - level) / 2
    low = _first(t, settled & ((inner & (depth * spread >= half)) | gone))
    high = _first(t, settled & ((inner & (depth / spread >= half)) | (gone & enough)))
    middle = _first(t, settled & (share <= HALF))

    empty = np.isnan(times).all(axis=-1)
    return tuple(np.where(empty, np.nan, end) for end in (middle, low, high))  # type: ignore[return-value]


def survival(times: npt.ArrayLike, observed: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Kaplan-Meier share of runs that have not arrived after each time at which one did.

    Parameters
    ----------
    times, observed
        Shape (starts,); see `median`.

    Returns
    -------
    steps, share : ndarray of float64
        Times in ascending order, and the share still on the way after each.
    """
    t, hit, at_risk = _in_order(np.asarray(times, dtype=np.float64), np.asarray(observed, dtype=np.bool_))
    share = np.asarray(np.cumprod(np.where(hit, (at_risk - 1) / at_risk, 1.0)), dtype=np.float64)
    last = np.append(t[1:] != t[:-1], True)[: t.size] & ~np.isnan(t)
    return t[last], share[last]


def average_running_time(spent: npt.ArrayLike, observed: npt.ArrayLike) -> Floats:
    """All steps spent in a row divided by its successes (COCO's ART); inf without a success.

    Parameters
    ----------
    spent
        Shape (cells, starts), float64: steps until the target was reached or the run was given up; nan as
        padding.
    observed
        Shape (cells, starts), bool: whether it was reached.

    Notes
    -----
    Hansen, Auger, Ros, Mersmann, Tusar and Brockhoff (2021), "COCO: a platform for comparing
    continuous optimizers". Where most runs miss, it is a statement about the budget as much as about the
    runs.
    """
    spent = np.atleast_2d(np.asarray(spent, dtype=np.float64))
    successes = (np.asarray(observed, dtype=np.bool_) & ~np.isnan(spent)).sum(axis=-1)
    total = np.nansum(spent, axis=-1)  # whole numbers: the sum is exact in any order
    out = np.divide(total, successes, out=np.full(total.shape, np.inf), where=successes > 0)
    return np.where(np.isnan(spent).all(axis=-1), np.nan, out)


def log_rank(
    first: npt.ArrayLike, first_observed: npt.ArrayLike, second: npt.ArrayLike, second_observed: npt.ArrayLike
) -> Floats:
    """Test for each row whether both samples have the same arrival times: two-sided log-rank p-value.

    Parameters
    ----------
    first, second
        Shape (cells, starts), float64: times of the two samples, nan as padding.
    first_observed, second_observed
        Shape (cells, starts), bool.

    Returns
    -------
    ndarray of float64, shape (cells,)
        Rounded to 11 significant digits; nan where no arrival distinguishes the samples.

    Notes
    -----
    Mantel (1966): at each time with arrivals, expected ones and hypergeometric variance given the
    numbers at risk.
    """
    groups = [np.atleast_2d(np.asarray(sample, dtype=np.float64)) for sample in (first, second)]
    events = [
        np.atleast_2d(np.asarray(sample, dtype=np.bool_)) for sample in (first_observed, second_observed)
    ]
    times, observed = np.hstack(groups), np.hstack(events)
    member = np.hstack([np.ones(groups[0].shape), np.zeros(groups[1].shape)]) * ~np.isnan(times)
    order = np.lexsort((~observed, times), axis=-1)
    times, member = np.take_along_axis(times, order, axis=-1), np.take_along_axis(member, order, axis=-1)
    observed = np.take_along_axis(observed, order, axis=-1) & ~np.isnan(times)
    if times.shape[-1] == 0:
        return np.full(times.shape[0], np.nan)

    # Ties: everything at one time is counted at the position of its first member.
    starts = np.ones(times.shape, dtype=np.bool_)
    starts[:, 1:] = times[:, 1:] != times[:, :-1]
    flat = np.flatnonzero(starts.ravel())
    arrivals = np.add.reduceat(observed.ravel().astype(np.float64), flat)
    own = np.add.reduceat((observed * member).ravel(), flat)
    present = (~np.isnan(times)).sum(axis=-1, keepdims=True)
    at_risk = (present - np.arange(times.shape[-1])).ravel()[flat].astype(np.float64)
    own_at_risk = (member.sum(axis=-1, keepdims=True) - np.cumsum(member, axis=-1) + member).ravel()[flat]
    row = flat // times.shape[-1]

    safe = np.maximum(at_risk, 1)
    share = own_at_risk / safe
    spare = np.maximum(at_risk - arrivals, 0) / np.maximum(at_risk - 1, 1)
    excess = np.bincount(row, own - arrivals * share, minlength=times.shape[0])
    variance = np.bincount(row, arrivals * spare * share * (1 - share), minlength=times.shape[0])
    score = np.divide(
        np.abs(excess), np.sqrt(variance), out=np.full(excess.shape, np.nan), where=variance > 1e-12
    )
    return significant(2 * special.ndtr(-score))


def significant(values: Floats, digits: int = 11) -> Floats:
    """Round to significant digits, so that the last bits of a library's function do not reach a table."""
    return np.array([float(f"{value:.{digits - 1}e}") for value in values], dtype=np.float64)


def lower_median(values: npt.ArrayLike) -> Floats:
    """Lower median of each row: the least value that half of the row does not exceed; nan is padding."""
    ordered = np.sort(np.atleast_2d(np.asarray(values, dtype=np.float64)), axis=-1)
    present = (~np.isnan(ordered)).sum(axis=-1)
    if ordered.shape[-1] == 0:
        return np.full(ordered.shape[0], np.nan)
    middle = np.maximum((present + 1) // 2 - 1, 0)
    return np.take_along_axis(ordered, middle[:, np.newaxis], axis=-1)[:, 0]
