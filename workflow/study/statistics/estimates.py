"""From first-passage steps to medians, ratios and intervals, with censoring carried to the end.

Frames in, frames out; no files. `docs/statistics.md` says why each choice was made. Times are numbers of steps.
A time is *observed* where the target was reached, else right-censored at the budget.

Cells are worked on together, as matrices with one row per cell, one column per start and nan as padding.
Kaplan-Meier is then a running product along the rows: with ties taken one by one, its value after the last of them is
the textbook one, as (n-1)/n * (n-2)/(n-1) = (n-2)/n. SciPy's `ecdf` and `logrank` are the oracles of the tests.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from study import wording
from study.tables import tables

LEVEL: Final = 0.95
"""Confidence level of every interval, unless the config says otherwise."""

RESAMPLES: Final = 999
"""Bootstrap resamples: with 999 the 2.5% and 97.5% points are the 25th and 975th of them in order."""

SETTING: Final = ("dataset", "separability", "initialisation", "scale")
CELL: Final = (*SETTING, "policy", "rate", "target")
LOSSES: Final = ("mse", "bce")
STATUSES: Final = ("reached", "censored", "diverged")
EVERY: Final = "every"
"""In the table `ends`, the target of the row that counts runs by the worst that happened at any of their targets."""

_HALF: Final = 0.5 + 1e-9  # a survival of exactly one half may be off by rounding

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


# --- Times of one loss ------------------------------------------------------------------------------------------------


def _in_order(times: Floats, observed: Bools) -> tuple[Floats, Bools, Floats]:
    """Sort each row by time, arrivals before censorings at the same time, padding last; add the number at risk."""
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


def median(times: npt.ArrayLike, observed: npt.ArrayLike, *, level: float = LEVEL) -> tuple[Floats, Floats, Floats]:
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
        The first time at which the survival function is at most one half, and the first times at which the lower and
        the upper end of its log-log band are. inf where that does not happen, nan for an empty row.

    Notes
    -----
    Band: Kalbfleisch and Prentice (1980), S^exp(+-z se), se = sqrt(Greenwood) / |log S|; inverted as in Brookmeyer and
    Crowley (1982). Where S is 0 that band does not exist; its lower end is 0 there and its upper end is the exact
    binomial one, 1 - (alpha/2)^(1/k) for k arrivals: with 6 arrivals or more it lies below one half at 95%.
    """
    times = np.atleast_2d(np.asarray(times, dtype=np.float64))
    observed = np.atleast_2d(np.asarray(observed, dtype=np.bool_))
    if times.shape[-1] == 0:
        nothing = np.full(times.shape[0], np.nan)
        return nothing, nothing.copy(), nothing.copy()
    t, hit, at_risk = _in_order(times, observed)
    share = np.cumprod(np.where(hit, (at_risk - 1) / at_risk, 1.0), axis=-1)
    greenwood = np.cumsum(np.where(hit & (at_risk > 1), 1 / (at_risk * np.maximum(at_risk - 1, 1)), 0.0), axis=-1)
    settled = np.ones(t.shape, dtype=np.bool_)  # False inside a tie, where the product is not yet that of Kaplan-Meier
    settled[..., :-1] = t[..., 1:] != t[..., :-1]

    inner = (share > 0) & (share < 1)
    depth = -np.log(np.where(inner, share, 0.5))
    spread = np.exp(special.ndtri((1 + level) / 2) * np.sqrt(greenwood) / depth)
    half = math.log(2) * (1 - 1e-12)
    gone = share == 0
    enough = 0.5 ** hit.sum(axis=-1, keepdims=True) <= (1 - level) / 2
    low = _first(t, settled & ((inner & (depth * spread >= half)) | gone))
    high = _first(t, settled & ((inner & (depth / spread >= half)) | (gone & enough)))
    middle = _first(t, settled & (share <= _HALF))

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
    """All steps spent in a row, successful or not, divided by its successes (COCO's ART); inf without a success.

    Parameters
    ----------
    spent
        Shape (cells, starts), float64: steps until the target was reached or the run was given up; nan as padding.
    observed
        Shape (cells, starts), bool: whether it was reached.

    Notes
    -----
    Hansen, Auger, Ros, Mersmann, Tusar and Brockhoff (2021), "COCO: a platform for comparing continuous optimizers".
    Where most runs miss, it is a statement about the budget as much as about the runs.
    """
    spent = np.atleast_2d(np.asarray(spent, dtype=np.float64))
    successes = (np.asarray(observed, dtype=np.bool_) & ~np.isnan(spent)).sum(axis=-1)
    total = np.nansum(spent, axis=-1)  # whole numbers: the sum is exact in any order
    out = np.divide(total, successes, out=np.full(total.shape, np.inf), where=successes > 0)
    return np.where(np.isnan(spent).all(axis=-1), np.nan, out)


def log_rank(
    first: npt.ArrayLike, first_observed: npt.ArrayLike, second: npt.ArrayLike, second_observed: npt.ArrayLike
) -> Floats:
    """Test for each row whether both samples arrive alike: two-sided log-rank p-value.

    Parameters
    ----------
    first, second
        Shape (cells, starts), float64: times of the two samples, nan as padding.
    first_observed, second_observed
        Shape (cells, starts), bool.

    Returns
    -------
    ndarray of float64, shape (cells,)
        Rounded to 11 significant digits; nan where no arrival tells the samples apart.

    Notes
    -----
    Mantel (1966): at each time with arrivals, expected ones and hypergeometric variance given the numbers at risk.
    """
    groups = [np.atleast_2d(np.asarray(sample, dtype=np.float64)) for sample in (first, second)]
    events = [np.atleast_2d(np.asarray(sample, dtype=np.bool_)) for sample in (first_observed, second_observed)]
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
    score = np.divide(np.abs(excess), np.sqrt(variance), out=np.full(excess.shape, np.nan), where=variance > 1e-12)
    return _significant(2 * special.ndtr(-score))


def _significant(values: Floats, digits: int = 11) -> Floats:
    """Round to significant digits, so that the last bits of a library's function do not reach a table."""
    return np.array([float(f"{value:.{digits - 1}e}") for value in values], dtype=np.float64)


# --- Ratios of pairs --------------------------------------------------------------------------------------------------


def lower_median(values: npt.ArrayLike) -> Floats:
    """Smaller middle value of each row: the first by which at least half of the row is passed; nan is padding."""
    ordered = np.sort(np.atleast_2d(np.asarray(values, dtype=np.float64)), axis=-1)
    present = (~np.isnan(ordered)).sum(axis=-1)
    if ordered.shape[-1] == 0:
        return np.full(ordered.shape[0], np.nan)
    middle = np.maximum((present + 1) // 2 - 1, 0)
    return np.take_along_axis(ordered, middle[:, np.newaxis], axis=-1)[:, 0]


def _resampled(ratio: Floats, observed: Bools, resamples: int) -> tuple[Floats, Floats]:
    """Median of each resample as (at least, at most): equal where it is known, else its lower bound and inf.

    Each resample holds as many pairs as the cell. The bits come from PCG64, whose raw stream is guaranteed never to
    change, seeded with a digest of the sorted data: the same pairs give the same interval in any order.
    """
    size = ratio.size
    order = np.lexsort((~observed, ratio))
    ratio, observed = ratio[order], observed[order]
    seed = hashlib.sha256(ratio.astype("<f8").tobytes() + observed.tobytes()).digest()
    bits = np.random.PCG64(int.from_bytes(seed, "little"))
    at_risk = np.arange(size, 0, -1, dtype=np.float64)
    least, middle, reached = [], [], []
    for count in _batches(resamples, max(1, _HELD // size)):
        # High half times size, divided by 2^32: uniform on 0..size-1 up to size / 2^32.
        picked = (((bits.random_raw(count * size) >> np.uint64(32)) * np.uint64(size)) >> np.uint64(32)).astype(
            np.int16 if size < 2**15 else np.int64
        )
        picked = np.sort(picked.reshape(count, size), axis=-1)
        hit = observed[picked]
        arrived = np.cumprod(np.where(hit, (at_risk - 1) / at_risk, 1.0), axis=-1) <= _HALF
        reached.append(arrived[:, -1] & (2 * hit.sum(axis=-1) >= size))
        least.append(ratio[picked[:, (size + 1) // 2 - 1]])
        middle.append(ratio[np.take_along_axis(picked, arrived.argmax(axis=-1)[:, np.newaxis], axis=-1)[:, 0]])
    there, known = np.concatenate(reached), np.concatenate(middle)
    return np.where(there, known, np.concatenate(least)), np.where(there, known, np.inf)


_HELD: Final = 1 << 22  # numbers of a batch of resamples: some 100 MB


def _batches(total: int, size: int) -> list[int]:
    """Cut a total into parts of a size, the last one smaller."""
    return [min(size, total - begin) for begin in range(0, total, size)]


def _tail(size: int, level: float) -> float:
    """Share of resamples to cut off at each end: Phi(-sqrt(n / (n - 1)) t), t being Student's for n - 1 degrees of freedom."""
    wide = math.sqrt(size / (size - 1)) * special.stdtrit(size - 1, (1 + level) / 2)
    return float(special.ndtr(-wide))


def enough(pairs: int, level: float) -> bool:
    """Whether so many pairs can carry an interval of their median: all lie on one side of the true one once in 2^(n-1)."""
    return 2.0 * 0.5**pairs <= 1.0 - level


def bootstrap(
    ratio: npt.ArrayLike, observed: npt.ArrayLike, *, resamples: int = RESAMPLES, level: float = LEVEL
) -> tuple[float, float]:
    """Expanded percentile interval of the Kaplan-Meier median over resampled pairs.

    Parameters
    ----------
    ratio
        Shape (pairs,), float64, finite, fewer than 2^31 of them: the ratios, or what they are known to exceed.
    observed
        Shape (pairs,), bool: True where the ratio is known.
    resamples
        Number of resamples.
    level
        Confidence level, in (0, 1).

    Returns
    -------
    low, high : float
        `low` is always finite: a resample whose median is not known enters with its lower bound. `high` is inf where
        too many resamples do not know theirs. 0 and inf where there are too few pairs for the level: the median lies
        outside the range of n pairs with probability 2^(1-n) (see `enough`). Both are nan without pairs.

    Notes
    -----
    Hesterberg (2015), "What teachers should know about the bootstrap": the plain percentile interval is too narrow by about
    a factor sqrt((n - 1) / n) and knows nothing of Student's t; the tails cut off are made smaller to match.
    """
    ratio, observed = np.asarray(ratio, dtype=np.float64), np.asarray(observed, dtype=np.bool_)
    if ratio.size == 0:
        return math.nan, math.nan
    if not enough(ratio.size, level):
        return 0.0, math.inf
    at_least, at_most = _resampled(ratio, observed, resamples)
    cut = max(round((resamples + 1) * _tail(ratio.size, level)) - 1, 0)
    return float(np.partition(at_least, cut)[cut]), float(
        np.partition(at_most, resamples - 1 - cut)[resamples - 1 - cut]
    )


# --- From the runs table to pairs ------------------------------------------------------------------------------------


def _times(runs: pd.DataFrame) -> pd.DataFrame:
    """Add to each row of the two losses its `time`, whether it is `observed` and the steps it has `spent`."""
    rows = runs[runs["loss"].isin(LOSSES)].copy()
    rows["observed"] = rows["status"] == "reached"
    # A diverged run never reaches: it stays on the way until the end of the budget.
    rows["time"] = rows["step"].where(rows["observed"], rows["max_steps"]).astype(np.float64)
    rows["spent"] = rows["step"].where(rows["observed"], rows["steps_run"]).astype(np.float64)
    return rows


def matrix(values: pd.Series, codes: npt.NDArray[np.int64], fill: float | bool) -> npt.NDArray[Any]:
    """Lay out values as one row per code (0, 1, ..., ascending along the series), padded with `fill`."""
    cells = int(codes[-1]) + 1 if codes.size else 0
    begin = np.searchsorted(codes, np.arange(cells))
    column = np.arange(codes.size) - begin[codes] if codes.size else codes
    out = np.full((cells, int(column.max()) + 1 if codes.size else 0), fill)
    out[codes, column] = values.to_numpy()
    return out


def _coded(frame: pd.DataFrame, keys: Sequence[str]) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Give the groups of a frame their numbers in key order (nan last) and sort its rows by them."""
    codes = frame.groupby(list(keys), dropna=False, sort=True).ngroup().to_numpy(dtype=np.int64)
    order = np.argsort(codes, kind="stable")
    return frame.iloc[order], codes[order].astype(np.int64)


def best_rates(runs: pd.DataFrame) -> pd.DataFrame:
    """Choose for each setting, loss and target the learning rate that did best on the tuning seeds.

    Best is the smallest Kaplan-Meier median, then the largest share that reached, then the smallest average running
    time, then the smallest rate. Evaluation seeds are never looked at.

    Parameters
    ----------
    runs
        The runs table.

    Returns
    -------
    pandas.DataFrame
        Columns dataset, separability, initialisation, scale, loss, target, rate; one row each, in that order.
    """
    group = [*SETTING, "loss", "target"]
    rows, codes = _coded(_times(runs[runs["role"] == "tuning"]), [*group, "rate"])
    if rows.empty:
        return rows[[*group, "rate"]]
    times, observed = matrix(rows["time"], codes, np.nan), matrix(rows["observed"], codes, False)
    options = rows.iloc[np.searchsorted(codes, np.arange(codes[-1] + 1))][[*group, "rate"]].copy()
    options["median"] = median(times, observed)[0]
    options["missed"] = 1 - observed.sum(axis=-1) / (~np.isnan(times)).sum(axis=-1)
    options["art"] = average_running_time(matrix(rows["spent"], codes, np.nan), observed)
    options = options.sort_values([*group, "median", "missed", "art", "rate"], kind="stable")
    return options.drop_duplicates(group)[[*group, "rate"]].reset_index(drop=True)


def pairs(runs: pd.DataFrame, own_rates: Mapping[str, float]) -> pd.DataFrame:
    """Put the two losses' runs from the same start side by side, once for every learning-rate policy.

    Parameters
    ----------
    runs
        The runs table. Rows of losses other than `mse` and `bce` are left out.
    own_rates
        L_BCE / L_loss of `mse` and `bce`: the rate of each under the policy `smoothness`.

    Returns
    -------
    pandas.DataFrame
        One row per evaluation start, target, policy and (under `equal`) rate. Columns: those of the cell, `start`,
        `rate_*`, `status_*`, `time_*`, `observed_*`, `spent_*` and `max_steps_*` of both losses, and

        - `at_start`: the target holds at step 0, the ratio is 0/0;
        - `missed`: `none`, `mse`, `bce` or `both`;
        - `ratio` (float64): T_MSE / T_BCE, or what it is known to exceed; nan where `at_start`;
        - `known` (bool): whether `ratio` is an observation. Where only BCE missed, the ratio lies between 0 and `below`
          and enters as an observed 0, which can only lower a median. Where both missed, it is censored at 0;
        - `below` (float64): a value the ratio cannot exceed, inf where there is none.
    """
    columns = [*SETTING, "start", "target", "rate", "status", "time", "observed", "spent", "max_steps"]
    rows = _times(runs[runs["role"] == "evaluation"])
    mse, bce = (rows.loc[rows["loss"] == loss, columns] for loss in LOSSES)
    chosen = best_rates(runs)
    policies = []
    for policy in ("equal", "smoothness", "tuned"):
        left, right = mse, bce
        if policy == "smoothness":
            left, right = (
                side[np.isclose(side["rate"], own_rates[loss], rtol=1e-9, atol=0)]
                for loss, side in zip(LOSSES, (mse, bce), strict=True)
            )
        if policy == "tuned":
            left, right = (
                side.merge(chosen[chosen["loss"] == loss].drop(columns="loss"), on=[*SETTING, "target", "rate"])
                for loss, side in zip(LOSSES, (mse, bce), strict=True)
            )
        shared = [*SETTING, "start", "target", *(["rate"] if policy == "equal" else [])]
        if policy == "equal":
            left, right = left.assign(rate_=left["rate"]), right.assign(rate_=right["rate"])
        else:
            left, right = left.rename(columns={"rate": "rate_"}), right.rename(columns={"rate": "rate_"})
        both = left.merge(right, on=shared, suffixes=("_mse", "_bce"), validate="one_to_one")
        both = both.rename(columns={"rate__mse": "rate_mse", "rate__bce": "rate_bce"})
        policies.append(both.assign(policy=policy, rate=both["rate"] if policy == "equal" else np.nan))
    out = pd.concat(policies, ignore_index=True)
    return with_ratio(out).sort_values([*CELL, "start"], kind="stable", ignore_index=True)


def with_ratio(both: pd.DataFrame) -> pd.DataFrame:
    """Add `at_start`, `missed`, `ratio`, `known` and `below` to the pairs; see `pairs`."""
    mse_in, bce_in = both["observed_mse"].to_numpy(bool), both["observed_bce"].to_numpy(bool)
    mse, bce = both["time_mse"].to_numpy(float), both["time_bce"].to_numpy(float)
    at_start = (mse_in & (mse == 0)) | (bce_in & (bce == 0))
    quotient = mse / np.where(bce == 0, np.nan, bce)
    ratio = np.where(bce_in, quotient, 0.0)
    ratio = np.where(at_start, np.nan, ratio)
    # What BCE missed within its budget C takes it longer than C, so T_MSE / T_BCE < T_MSE / C.
    below = np.where(mse_in & (bce > 0), quotient, np.inf)
    missed = np.select([mse_in & bce_in, bce_in, mse_in], ["none", "mse", "bce"], "both")
    return both.assign(
        at_start=at_start,
        missed=missed.astype(object),
        ratio=ratio,
        known=mse_in & ~at_start,
        below=np.where(at_start, np.nan, below),
    )


# --- From pairs to cells ----------------------------------------------------------------------------------------------


def _loss_columns(
    rows: pd.DataFrame, codes: npt.NDArray[np.int64], loss: str, level: float
) -> tuple[dict[str, Any], Floats, Bools]:
    """Compute counts, median with interval and average running time of one loss; give its times and arrivals too."""
    cells = int(codes[-1]) + 1
    times = matrix(rows[f"time_{loss}"], codes, np.nan)
    observed = matrix(rows[f"observed_{loss}"], codes, False)
    spent = matrix(rows[f"spent_{loss}"], codes, np.nan)
    columns: dict[str, Any] = {
        f"{loss}_{status}": np.bincount(codes[(rows[f"status_{loss}"] == status).to_numpy()], minlength=cells)
        for status in ("reached", "censored", "diverged")
    }
    middle, low, high = median(times, observed, level=level)
    columns |= {f"{loss}_median": middle, f"{loss}_median_low": low, f"{loss}_median_high": high}
    columns[f"{loss}_art"] = average_running_time(spent, observed)
    return columns, times, observed


def summarise(
    paired: pd.DataFrame, keys: Sequence[str] = CELL, *, resamples: int = RESAMPLES, level: float = LEVEL
) -> pd.DataFrame:
    """Summarise pairs per group: counts, medians of both losses, log-rank test and the slowdown.

    Parameters
    ----------
    paired
        As `pairs` returns them.
    keys
        Columns that make a group; those of the cell by default. With fewer, cells are pooled.
    resamples, level
        Bootstrap resamples and confidence level.

    Returns
    -------
    pandas.DataFrame
        The keys and the summary columns of the table `slowdown`, in key order, nan last.
    """
    rows, codes = _coded(paired, keys)
    if rows.empty:
        summary = [c for c in tables.TABLES["slowdown"].dtypes if c not in (*CELL, "rate_mse", "rate_bce")]
        return pd.DataFrame(columns=[*keys, *summary])
    cells = int(codes[-1]) + 1
    begin = np.searchsorted(codes, np.arange(cells))
    out = rows.iloc[begin][list(keys)].reset_index(drop=True)
    counted = ~rows["at_start"].to_numpy(bool)
    missed = rows["missed"].to_numpy()
    mse, mse_times, mse_in = _loss_columns(rows, codes, "mse", level)
    bce, bce_times, bce_in = _loss_columns(rows, codes, "bce", level)
    columns: dict[str, Any] = {
        "starts": np.bincount(codes, minlength=cells),
        "at_start": np.bincount(codes[~counted], minlength=cells),
        "bce_missed": np.bincount(codes[counted & (missed == "bce")], minlength=cells),
        "both_missed": np.bincount(codes[counted & (missed == "both")], minlength=cells),
        "budget": np.maximum.reduceat(rows["max_steps_mse"].to_numpy(np.int64), begin),
        **mse,
        **bce,
        "logrank_p": log_rank(mse_times, mse_in, bce_times, bce_in),
    }
    return out.assign(**columns, **slowdown_columns(rows, codes, resamples, level))


def slowdown_columns(rows: pd.DataFrame, codes: npt.NDArray[np.int64], resamples: int, level: float) -> dict[str, Any]:
    """Slowdown of each cell with its interval, whether it is a bound, and its text."""
    ratio = matrix(rows["ratio"], codes, np.nan)
    known = matrix(rows["known"], codes, False)
    below = matrix(rows["below"], codes, np.nan)
    middle = median(ratio, known)[0]
    # With under half known, Kaplan-Meier would get to one half only by what it assumes of the others.
    bound = np.isinf(middle) | (2 * known.sum(axis=-1) < (~np.isnan(ratio)).sum(axis=-1))
    # Pair by pair the true ratio is at least what is written, so the median of all is at least the median of these.
    value = np.where(bound, lower_median(ratio), middle)
    ceiling = lower_median(below)
    ends = [
        bootstrap(r[~np.isnan(r)], k[~np.isnan(r)], resamples=resamples, level=level)
        for r, k in zip(ratio, known, strict=True)
    ]
    low, high = (np.array(end, dtype=np.float64) for end in zip(*ends, strict=True))
    text = [
        wording.ratio(*cell[:3], bound=bool(cell[3]), ceiling=cell[4])
        for cell in zip(value, low, high, bound, ceiling, strict=True)
    ]
    return {"slowdown": value, "slowdown_low": low, "slowdown_high": high, "slowdown_bound": bound, "text": text}


def slowdown(
    runs: pd.DataFrame, own_rates: Mapping[str, float], *, resamples: int = RESAMPLES, level: float = LEVEL
) -> pd.DataFrame:
    """Compute the table `slowdown`: one row per cell, evaluation seeds only.

    Parameters
    ----------
    runs
        The runs table.
    own_rates
        L_BCE / L_loss of `mse` and `bce`; see `pairs`.
    resamples, level
        Bootstrap resamples and confidence level.

    Returns
    -------
    pandas.DataFrame
        In the schema `study.tables.tables.TABLES["slowdown"]`; without a row where a loss is missing.
    """
    paired = pairs(runs, own_rates)
    out = summarise(paired, [*CELL, "rate_mse", "rate_bce"], resamples=resamples, level=level)
    return tables.conform(out, "slowdown")


# --- What the cells say together --------------------------------------------------------------------------------------


def reference_rate(cells: pd.DataFrame) -> float:
    """Return the common rate nearest to 1/L_BCE (by its logarithm, the smaller on a tie) that `equal` was run at.

    `cells` is the slowdown table or a frame of pairs. nan where no common rate was run.
    """
    rates = np.unique(cells.loc[cells["policy"] == "equal", "rate"].to_numpy(float))
    if rates.size == 0:
        return math.nan
    return float(rates[np.argmin(np.round(np.abs(np.log2(rates)), 9))])


def headline(cells: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of the three policies that stand side by side: `equal` at the reference rate only."""
    return cells[(cells["policy"] != "equal") | (cells["rate"] == reference_rate(cells))]


def headline_target(frame: pd.DataFrame) -> str:
    """Choose the target that headline numbers and figures speak of, among those in the column `target`.

    The Brier score where there is one: MSE descends that very score, so it does not favour BCE. Else the first by name.
    """
    targets = sorted(frame["target"].unique())
    return "brier" if "brier" in targets or not targets else str(targets[0])


def at_largest_rate(rows: pd.DataFrame, cells: pd.DataFrame, loss: str = "mse") -> pd.Series[bool]:
    """Mark the rows in which a loss runs at the largest rate tried with it in all of `cells`: a larger one might do better."""
    marked: pd.Series[bool] = rows[f"rate_{loss}"] == cells[f"rate_{loss}"].max()
    return marked


def decomposition(cells: pd.DataFrame) -> pd.DataFrame:
    """Say for each setting and target what a larger learning rate buys back of the slowdown, and what it does not.

    Parameters
    ----------
    cells
        The table `slowdown`.

    Returns
    -------
    pandas.DataFrame
        In the schema `study.tables.tables.TABLES["decomposition"]`.
    """
    keys = [*SETTING, "target"]
    chosen = headline(cells)
    out = chosen[keys].drop_duplicates().reset_index(drop=True)
    for policy in ("equal", "smoothness", "tuned"):
        side = chosen.loc[chosen["policy"] == policy, [*keys, "slowdown", "slowdown_bound", "text"]]
        names = {"slowdown": policy, "slowdown_bound": f"{policy}_bound", "text": f"{policy}_text"}
        out = out.merge(side.rename(columns=names), on=keys, how="left", validate="one_to_one")
        out[f"{policy}_bound"] = out[f"{policy}_bound"].eq(True)
        out[f"{policy}_text"] = out[f"{policy}_text"].astype(object).where(out[f"{policy}_text"].notna(), "none")
    for name, policy in (("smoothness_buys", "smoothness"), ("tuning_buys", "tuned")):
        clear = ~out["equal_bound"] & ~out[f"{policy}_bound"] & (out[policy] > 0)
        out[name] = np.divide(out["equal"], out[policy].where(clear, np.nan).astype(float))
    return tables.conform(out.assign(rate=reference_rate(cells)), "decomposition")


def ends(runs: pd.DataFrame) -> pd.DataFrame:
    """Compute the table `ends`: how the runs ended, by role, loss and target.

    Counts of parts of a study add up to those of the whole: see `study.statistics.aggregation`.

    Parameters
    ----------
    runs
        The runs table, or some of its starts.

    Returns
    -------
    pandas.DataFrame
        In the schema `study.tables.tables.TABLES["ends"]`.
    """
    keys = ["role", "loss", "target"]
    columns = [*keys, "run", "start", "status", "max_steps"]
    worst = runs["status"].map({status: rank for rank, status in enumerate(STATUSES)}).groupby(runs["run"]).max()
    whole = runs.drop_duplicates("run")[columns].assign(target=EVERY)
    whole["status"] = [STATUSES[rank] for rank in worst.loc[whole["run"]]]
    rows = pd.concat([runs[columns], whole])
    counts = {status: ("status", lambda ends, status=status: int((ends == status).sum())) for status in STATUSES}
    out = rows.groupby(keys, as_index=False).agg(
        runs=("run", "size"), starts=("start", "nunique"), budget=("max_steps", "max"), **counts
    )
    return tables.conform(out, "ends")


GROUP: Final = (*SETTING, "loss", "rate", "target")
"""Runs that differ in their seed alone: a row of the table `arrivals`."""


def arrivals(runs: pd.DataFrame) -> pd.DataFrame:
    """Compute the table `arrivals`: how the runs of the evaluation seeds ended, group by group.

    Returns
    -------
    pandas.DataFrame
        In the schema `study.tables.tables.TABLES["arrivals"]`.
    """
    rows = runs.loc[runs["role"] == "evaluation", [*GROUP, "max_steps", "step"]]
    ends = {status: (runs.loc[rows.index, "status"] == status).astype(np.int64) for status in STATUSES}
    counted = rows.assign(runs=1, at_start=(rows["step"] == 0).astype(np.int64), **ends)
    grouped = counted.groupby(list(GROUP), dropna=False)
    out = grouped[["runs", "at_start", *STATUSES]].sum().assign(budget=grouped["max_steps"].max())
    return tables.conform(out.reset_index(), "arrivals")


def passages(runs: pd.DataFrame, most: int) -> pd.DataFrame:
    """Gather the first-passage steps of each group of runs that reached their target, evaluation seeds only.

    Parameters
    ----------
    runs
        The runs table, or some of its settings.
    most
        How many steps of a group are kept: with more of them, as many of their quantiles.

    Returns
    -------
    pandas.DataFrame
        Columns `GROUP` and `steps`, the latter arrays of int64, ascending; a group in which none arrived is not there.
    """
    rows = runs[(runs["role"] == "evaluation") & (runs["status"] == "reached")].sort_values("step", kind="stable")
    groups: Any = rows.groupby(list(GROUP), dropna=False)
    found = [(*key, thinned(group["step"].to_numpy(np.int64), most)) for key, group in groups]
    return pd.DataFrame(found, columns=[*GROUP, "steps"])


def thinned(ordered: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int64]:
    """Keep at most so many numbers of an ordered array: its quantiles, first and last included."""
    if ordered.size <= most:
        return ordered
    kept: npt.NDArray[np.int64] = ordered[np.linspace(0, ordered.size - 1, most).round().astype(np.int64)]
    return kept


def added_ends(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Add up `ends` of parts of a study that share no start: the table of the whole."""
    grouped = pd.concat(parts).groupby(["role", "loss", "target"], as_index=False)
    out = grouped[["runs", "starts", *STATUSES]].sum()
    return tables.conform(out.assign(budget=grouped["budget"].max()["budget"]), "ends")


def of_targets(ended: pd.DataFrame) -> pd.DataFrame:
    """Keep of the table `ends` the evaluation seeds, target by target.

    Returns
    -------
    pandas.DataFrame
        Columns loss, target, runs, reached, censored, diverged (int64), sorted by loss and target.
    """
    rows = ended[(ended["role"] == "evaluation") & (ended["target"] != EVERY)]
    return rows[["loss", "target", "runs", *STATUSES]].reset_index(drop=True)


def focus(cells: pd.DataFrame) -> tuple[str, float] | None:
    """Choose the setting that headline figures and numbers speak of.

    It is the data set drawn at most separabilities (the first by name on a tie) at the middle one of them (the upper
    middle of an even number). None where every data set is a real one, without a separability.
    """
    drawn = cells[cells["separability"].notna()]
    if drawn.empty:
        return None
    levels = drawn.groupby("dataset", sort=True)["separability"].unique()
    dataset = str(levels.map(len).idxmax())
    values = np.sort(levels[dataset])
    return dataset, float(values[len(values) // 2])


def _by_policy(rows: pd.DataFrame) -> dict[str, dict[str, Any] | None]:
    """Index summary rows by policy as plain dicts; a policy without a pair that tells a ratio is None."""
    rows = rows[rows["starts"] > rows["at_start"]]
    records = [{str(name): value for name, value in record.items()} for record in rows.to_dict("records")]
    found = {record["policy"]: record for record in records}
    return {policy: found.get(policy) for policy in ("equal", "smoothness", "tuned")}


def _spread(rows: pd.DataFrame) -> dict[str, Any] | None:
    """Smallest and largest slowdown of some cells, each as (value, whether it is a lower bound)."""
    rows = rows[(rows["slowdown"] > 0) & rows["slowdown"].notna()]
    if rows.empty:
        return None
    ordered = rows.sort_values(["slowdown", "slowdown_bound"])
    ends = {name: ordered.iloc[place] for name, place in (("lowest", 0), ("highest", -1))}
    return {"cells": len(rows)} | {n: (float(e["slowdown"]), bool(e["slowdown_bound"])) for n, e in ends.items()}


def quoted(cells: pd.DataFrame) -> dict[str, list[dict[str, str | float]]]:
    """Say which rows of `runs` and `curves` the first screen and the figures read, as `study.tables.tables.scan` takes them.

    Those are wrong starts in the headline setting at the common rate and, for the pooled numbers of `answer`, zero
    starts and ordinary starts on real data.

    Parameters
    ----------
    cells
        The table `slowdown`.
    """
    rate = reference_rate(cells)
    dataset, separability = focus(cells) or ("", math.nan)
    wrong: dict[str, str | float] = {"dataset": dataset, "separability": separability, "rate": rate}
    wrong["initialisation"] = "wrong"
    target: dict[str, str | float] = {"target": headline_target(cells)}
    ordinary = cells[(cells["initialisation"] == "normal") & cells["separability"].isna()]
    pools = [target | {"initialisation": "zero"}]
    if len(ordinary):
        scale = float(ordinary["scale"].min())
        pools.append(target | {"initialisation": "normal", "separability": math.nan, "scale": scale})
    return {"runs": [wrong | target, *pools], "curves": [wrong]}


def answer(
    runs: pd.DataFrame,
    cells: pd.DataFrame,
    own_rates: Mapping[str, float],
    *,
    ended: pd.DataFrame | None = None,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> dict[str, Any]:
    """Compute the numbers of the first screen.

    Parameters
    ----------
    runs
        The runs table, or those of its rows that `quoted` names.
    cells
        The table `slowdown` of all runs.
    own_rates
        L_BCE / L_loss of `mse` and `bce`; see `pairs`.
    ended
        The table `ends` of all runs; by default that of `runs`.
    resamples, level
        Bootstrap resamples and confidence level.

    Returns
    -------
    dict
        `target` (see `headline_target`); `rate` (the common rate) and `largest_rate` (the largest tried with MSE);
        `setting` (see `focus`); and what follows. A summary is a dict of the columns that `summarise` returns, or None where
        the study holds no such pair. A spread is {`cells`, `lowest`, `highest`}, the last two
        as (value, whether a lower bound), or None.

        - `zero`: {`equal`, `smoothness`, `tuned`}: summaries of all zero starts, pooled over the data sets, or None;
          `zero_spread` over the cells, equal rates;
        - `wrong`: by ascending scale {`scale`, `equal`, `smoothness`, `tuned`}: wrong starts in the setting;
        - `featured`: index in `wrong` of the largest scale whose `equal` median was reached, else of the largest scale
          with a bound, else None; `wrong_spread`: over all cells at that scale, equal rates;
        - `ordinary`: {`scale`, `equal`, `smoothness`, `tuned`} at the smallest scale of `normal` on real data, pooled,
          or None; `ordinary_spread`: over those cells, equal rates;
        - `edges`: {`zero`, `ordinary`}: in how many of their cells MSE's best rate is the largest tried;
        - `unfinished`: {loss: (runs not finished, runs)} of the evaluation seeds at that target, all rates.
    """
    ended = of_targets(ends(runs) if ended is None else ended)
    target = headline_target(ended)
    chosen = headline(cells)
    chosen = chosen[chosen["target"] == target]
    equal = chosen[chosen["policy"] == "equal"]
    setting = focus(cells)
    wrong = []
    if setting is not None:
        here = chosen[(chosen["dataset"] == setting[0]) & (chosen["separability"] == setting[1])]
        here = here[here["initialisation"] == "wrong"]
        wrong = [{"scale": a, **_by_policy(here[here["scale"] == a])} for a in np.unique(here["scale"]).tolist()]
    usable = [i for i, entry in enumerate(wrong) if entry["equal"] is not None and entry["equal"]["slowdown"] > 0]
    clear = [i for i in usable if not wrong[i]["equal"]["slowdown_bound"]]
    featured = max(clear or usable, default=None)
    at_scale = equal["scale"] == (wrong[featured]["scale"] if featured is not None else math.nan)

    how: dict[str, Any] = {"resamples": resamples, "level": level}
    paired = headline(pairs(runs[runs["target"] == target], own_rates))
    start = paired["initialisation"]
    zero = paired[start == "zero"]
    real = paired[(start == "normal") & paired["separability"].isna()]
    real = real[real["scale"] == real["scale"].min()]
    ordinary = chosen[(chosen["initialisation"] == "normal") & chosen["separability"].isna()]
    ordinary = ordinary[ordinary["scale"] == ordinary["scale"].min()]
    tuned = {"zero": chosen[chosen["initialisation"] == "zero"], "ordinary": ordinary}
    ended = ended[(ended["target"] == target) & ended["loss"].isin(LOSSES)]
    return {
        "target": target,
        "rate": reference_rate(cells),
        "largest_rate": float(cells["rate_mse"].max()),
        "setting": setting,
        "zero": _by_policy(summarise(zero, ["policy"], **how)) if len(zero) else None,
        "zero_spread": _spread(equal[equal["initialisation"] == "zero"]),
        "wrong": wrong,
        "featured": featured,
        "wrong_spread": _spread(equal[(equal["initialisation"] == "wrong") & at_scale]),
        "ordinary": {
            "scale": float(real["scale"].min()),
            **_by_policy(summarise(real, ["policy"], **how)),
        }
        if len(real)
        else None,
        "ordinary_spread": _spread(ordinary[ordinary["policy"] == "equal"]),
        "edges": {
            name: int(at_largest_rate(rows[rows["policy"] == "tuned"], cells).sum()) for name, rows in tuned.items()
        },
        "unfinished": {
            loss: (int(total - reached), int(total))
            for loss, total, reached in zip(ended["loss"], ended["runs"], ended["reached"], strict=True)
        },
    }
