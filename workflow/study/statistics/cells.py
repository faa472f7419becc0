"""From pairs to cells: medians of both losses and the slowdown with its interval.

Frames in, frames out; no files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from study import wording
from study.statistics.bootstrap import RESAMPLES, Pairs, Sample, interval
from study.statistics.groups import begins, coded, matrix
from study.statistics.pairs import CELL, LOSSES, pairs
from study.statistics.survival import (
    LEVEL,
    Bools,
    Floats,
    average_running_time,
    log_rank,
    lower_median,
    median,
)
from study.statistics.tables import SLOWDOWN, SUMMARY
from study.statistics.tuning import FOLDS
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
        The keys and the summary columns of the table `slowdown`, in key order, nan last. Where a group has
        several data sets, its interval resamples them, then the pairs of each.
    """
    rows, codes = coded(paired, keys)
    if rows.empty:
        return pd.DataFrame(columns=[*keys, *(column.name for column in SUMMARY)])
    begin = begins(codes)
    cells = begin.size
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
        "slower": np.bincount(codes[rows["slower"].to_numpy(bool)], minlength=cells),
        "faster": np.bincount(codes[rows["faster"].to_numpy(bool)], minlength=cells),
        "budget": np.minimum.reduceat(
            rows[["max_steps_mse", "max_steps_bce"]].min(axis=1).to_numpy(np.int64), begin
        ),
        **mse,
        **bce,
        "logrank_p": log_rank(mse_times, mse_in, bce_times, bce_in),
    }
    found = slowdown_columns(rows, codes, resamples, level)
    counts = zip(columns["at_start"], columns["starts"], found.pop("text"), strict=True)
    text = [wording.met_at_start(at, of) if 2 * at > of else text for at, of, text in counts]
    return out.assign(**columns, **found, text=text)


def slowdown_columns(
    rows: pd.DataFrame, codes: npt.NDArray[np.int64], resamples: int, level: float
) -> dict[str, Any]:
    """Slowdown of each cell with its interval, whether it is a bound, and its text.

    Parameters
    ----------
    rows
        As `pairs` returns them; without a column `choice`, no rates were chosen.
    codes
        Cell of each row, ascending from 0.
    resamples, level
        Bootstrap resamples and confidence level.
    """
    ratio = matrix(rows["ratio"], codes, np.nan)
    known = matrix(rows["known"], codes, False)
    below = matrix(rows["below"], codes, np.nan)
    middle = median(ratio, known)[0]
    # With under half known, Kaplan-Meier would reach one half only by what it assumes about the others.
    bound = np.isinf(middle) | (2 * known.sum(axis=-1) < (~np.isnan(ratio)).sum(axis=-1))
    # Each true ratio is at least the one in the table, so their median is at least the median of these.
    value = np.where(bound, lower_median(ratio), middle)
    ceiling = lower_median(below)
    counts = (~np.isnan(ratio)).sum(axis=-1).tolist()
    ends = [
        interval(samples, len(samples) if len(samples) > 1 else count, resamples=resamples, level=level)
        for samples, count in zip(_samples(rows, codes), counts, strict=True)
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


def _samples(rows: pd.DataFrame, codes: npt.NDArray[np.int64]) -> Iterator[list[Sample]]:
    """Yield what is resampled in each cell: a sample per data set whose pairs have a ratio.

    Where the best rates were chosen, each resample chooses again.
    """
    data = rows.groupby(["dataset", "separability"], dropna=False, sort=True).ngroup().to_numpy()
    ratio, known = rows["ratio"].to_numpy(float), rows["known"].to_numpy(bool)
    chosen = rows["choice"].to_numpy() if "choice" in rows else np.full(len(rows), None)
    for cell in pairwise([*begins(codes).tolist(), len(rows)]):
        here = np.arange(*cell)
        here = here[~np.isnan(ratio[here])]
        parts = [here[data[here] == number] for number in np.unique(data[here])]
        yield [chosen[part[0]] or Pairs.of(ratio[part], known[part]) for part in parts]


def slowdown(
    runs: pd.DataFrame,
    stable_rates: Mapping[str, float],
    *,
    folds: int = FOLDS,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Compute the table `slowdown`: one row per cell.

    Parameters
    ----------
    runs
        The runs table.
    stable_rates
        L_BCE / L_loss of `mse` and `bce`; see `pairs`.
    folds
        Folds of the choice of the best rates; see `study.statistics.tuning`.
    resamples, level
        Bootstrap resamples and confidence level.

    Returns
    -------
    pandas.DataFrame
        In the schema `SLOWDOWN`; no row where a loss is missing.
    """
    paired = pairs(runs, stable_rates, folds=folds)
    out = summarise(paired, resamples=resamples, level=level)
    return conform(out.assign(**rate_columns(paired)), SLOWDOWN)


def rate_columns(paired: pd.DataFrame) -> dict[str, Any]:
    """Rates of each cell, in key order; for tuned ones, how good the choice was."""
    rows, codes = coded(paired, CELL)
    cells = rows.iloc[begins(codes)]
    choices = cells["choice"].tolist()
    columns: dict[str, Any] = {}
    for loss in LOSSES:
        own = cells[f"rate_{loss}"].tolist()
        columns |= {
            f"rate_{loss}": [c.rate(loss) if c else rate for c, rate in zip(choices, own, strict=True)],
            f"regret_{loss}": [c.regret(loss) if c else np.nan for c in choices],
            f"edge_{loss}": [bool(c) and c.at_edge(loss) for c in choices],
        }
    return columns
