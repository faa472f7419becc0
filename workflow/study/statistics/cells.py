"""From pairs to cells: medians of both losses and the slowdown with its interval.

Frames in, frames out; no files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from study import wording
from study.statistics.bootstrap import RESAMPLES, bootstrap
from study.statistics.pairs import CELL, coded, matrix, pairs
from study.statistics.survival import (
    LEVEL,
    Bools,
    Floats,
    average_running_time,
    log_rank,
    lower_median,
    median,
)
from study.statistics.tables import SLOWDOWN
from study.tables.table import conform


def _loss_columns(
    rows: pd.DataFrame, codes: npt.NDArray[np.int64], loss: str, level: float
) -> tuple[dict[str, Any], Floats, Bools]:
    """Compute the columns of one loss; return also its times and whether they were observed."""
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
    rows, codes = coded(paired, keys)
    if rows.empty:
        summary = [c for c in SLOWDOWN.dtypes if c not in (*CELL, "rate_mse", "rate_bce")]
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


def slowdown_columns(
    rows: pd.DataFrame, codes: npt.NDArray[np.int64], resamples: int, level: float
) -> dict[str, Any]:
    """Slowdown of each cell with its interval, whether it is a bound, and its text."""
    ratio = matrix(rows["ratio"], codes, np.nan)
    known = matrix(rows["known"], codes, False)
    below = matrix(rows["below"], codes, np.nan)
    middle = median(ratio, known)[0]
    # With under half known, Kaplan-Meier would reach one half only by what it assumes about the others.
    bound = np.isinf(middle) | (2 * known.sum(axis=-1) < (~np.isnan(ratio)).sum(axis=-1))
    # Each true ratio is at least the one in the table, so their median is at least the median of these.
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
    return {
        "slowdown": value,
        "slowdown_low": low,
        "slowdown_high": high,
        "slowdown_bound": bound,
        "text": text,
    }


def slowdown(
    runs: pd.DataFrame, stable_rates: Mapping[str, float], *, resamples: int = RESAMPLES, level: float = LEVEL
) -> pd.DataFrame:
    """Compute the table `slowdown`: one row per cell, evaluation seeds only.

    Parameters
    ----------
    runs
        The runs table.
    stable_rates
        L_BCE / L_loss of `mse` and `bce`; see `pairs`.
    resamples, level
        Bootstrap resamples and confidence level.

    Returns
    -------
    pandas.DataFrame
        In the schema `SLOWDOWN`; no row where a loss is missing.
    """
    paired = pairs(runs, stable_rates)
    out = summarise(paired, [*CELL, "rate_mse", "rate_bce"], resamples=resamples, level=level)
    return conform(out, SLOWDOWN)
