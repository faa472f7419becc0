"""From runs to pairs: both losses from the same start, under each learning-rate policy.

Frames in, frames out; no files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from study.statistics.survival import average_running_time, median

SETTING: Final = ("dataset", "separability", "initialisation", "scale")
CELL: Final = (*SETTING, "policy", "rate", "target")
LOSSES: Final = ("mse", "bce")


def _times(runs: pd.DataFrame) -> pd.DataFrame:
    """Add to each row of the two losses its `time`, whether it is `observed` and the steps it has `spent`."""
    rows = runs[runs["loss"].isin(LOSSES)].copy()
    rows["observed"] = rows["status"] == "reached"
    # A diverged run never reaches the target: it counts as running until the end of the budget.
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


def coded(frame: pd.DataFrame, keys: Sequence[str]) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Number the groups of a frame in key order (nan last) and sort its rows by these numbers."""
    codes = frame.groupby(list(keys), dropna=False, sort=True).ngroup().to_numpy(dtype=np.int64)
    order = np.argsort(codes, kind="stable")
    return frame.iloc[order], codes[order].astype(np.int64)


def best_rates(runs: pd.DataFrame) -> pd.DataFrame:
    """Choose for each setting, loss and target the learning rate that did best on the tuning seeds.

    Best is the smallest Kaplan-Meier median, then the largest share that reached, then the smallest average
    running time, then the smallest rate. Evaluation seeds are never looked at.

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
    rows, codes = coded(_times(runs[runs["role"] == "tuning"]), [*group, "rate"])
    if rows.empty:
        return rows[[*group, "rate"]]
    times, observed = matrix(rows["time"], codes, np.nan), matrix(rows["observed"], codes, False)
    options = rows.iloc[np.searchsorted(codes, np.arange(codes[-1] + 1))][[*group, "rate"]].copy()
    options["median"] = median(times, observed)[0]
    options["missed"] = 1 - observed.sum(axis=-1) / (~np.isnan(times)).sum(axis=-1)
    options["art"] = average_running_time(matrix(rows["spent"], codes, np.nan), observed)
    options = options.sort_values([*group, "median", "missed", "art", "rate"], kind="stable")
    return options.drop_duplicates(group)[[*group, "rate"]].reset_index(drop=True)


def pairs(runs: pd.DataFrame, stable_rates: Mapping[str, float]) -> pd.DataFrame:
    """Put the two losses' runs from the same start side by side, once for every learning-rate policy.

    Parameters
    ----------
    runs
        The runs table. Rows of losses other than `mse` and `bce` are left out.
    stable_rates
        L_BCE / L_loss of `mse` and `bce`: the rate of each under the policy `smoothness`.

    Returns
    -------
    pandas.DataFrame
        One row per evaluation start, target, policy and (under `equal`) rate. Columns: those of the cell,
        `start`, `rate_*`, `status_*`, `time_*`, `observed_*`, `spent_*` and `max_steps_*` of both losses, and

        - `at_start`: the target holds at step 0, the ratio is 0/0;
        - `missed`: `none`, `mse`, `bce` or `both`;
        - `ratio` (float64): T_MSE / T_BCE, or what it is known to exceed; nan where `at_start`;
        - `known` (bool): whether `ratio` is an observation. Where only BCE missed, the ratio lies between 0
          and `below` and enters as an observed 0, which can only lower a median. Where both missed, it is
          censored at 0;
        - `below` (float64): a value the ratio cannot exceed, inf where there is none.
    """
    columns = [*SETTING, "start", "target", "rate", "status", "time", "observed", "spent", "max_steps"]
    rows = _times(runs[runs["role"] == "evaluation"])
    best = best_rates(runs)
    policies = []
    for policy in ("equal", "smoothness", "tuned"):
        left, right = (
            _at_rates(
                rows.loc[rows["loss"] == loss, columns],
                policy,
                stable_rates[loss],
                best[best["loss"] == loss].drop(columns="loss"),
            )
            for loss in LOSSES
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


def _at_rates(rows: pd.DataFrame, policy: str, own_rate: float, best: pd.DataFrame) -> pd.DataFrame:
    """Keep of one loss's rows those at the rates that a policy gives it."""
    if policy == "smoothness":
        return rows[np.isclose(rows["rate"], own_rate, rtol=1e-9, atol=0)]
    if policy == "tuned":
        return rows.merge(best, on=[*SETTING, "target", "rate"])
    return rows


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
