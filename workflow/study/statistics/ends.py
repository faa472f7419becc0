"""How runs ended, and when: counts and steps of arrival, which add up over parts of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from study.statistics.pairs import SETTING
from study.statistics.tables import ARRIVALS, ENDS
from study.tables.table import conform

STATUSES: Final = ("reached", "censored", "diverged")
EVERY: Final = "every"
"""The target, in the table `ends`, of rows that count each run once, by its worst end at any target."""

GROUP: Final = (*SETTING, "loss", "rate", "target")
"""Runs that differ in their seed alone: a row of the table `arrivals`."""


_KEYS: Final = list(ENDS.key)


def ends(runs: pd.DataFrame, stable_rates: Mapping[str, float]) -> pd.DataFrame:
    """Compute the table `ends`: how the runs ended, by loss, learning rate and target.

    Counts of parts of a study add up to those of the whole: see `study.statistics.aggregation`.

    Parameters
    ----------
    runs
        The runs table, or some of its starts.
    stable_rates
        L_BCE / L_loss of each loss: its own 1/L in units of 1/L_BCE.

    Returns
    -------
    pandas.DataFrame
        In the schema `ENDS`.
    """
    columns = [*_KEYS, "run", "start", "status", "max_steps"]
    own = runs["loss"].map(stable_rates).astype(float)
    runs = runs.assign(stable=(runs["rate"] <= own) | np.isclose(runs["rate"], own, rtol=1e-9, atol=0))
    worst = (
        runs["status"].map({status: rank for rank, status in enumerate(STATUSES)}).groupby(runs["run"]).max()
    )
    whole = runs.drop_duplicates("run")[columns].assign(target=EVERY)
    whole["status"] = [STATUSES[rank] for rank in worst.loc[whole["run"]]]
    rows = pd.concat([runs[columns], whole])
    counts = {
        status: ("status", lambda ends, status=status: int((ends == status).sum())) for status in STATUSES
    }
    out = rows.groupby(_KEYS, as_index=False).agg(
        runs=("run", "size"), starts=("start", "nunique"), budget=("max_steps", "max"), **counts
    )
    return conform(out, ENDS)


def arrivals(runs: pd.DataFrame) -> pd.DataFrame:
    """Compute the table `arrivals`: how the runs ended, group by group.

    Returns
    -------
    pandas.DataFrame
        In the schema `ARRIVALS`.
    """
    ends = {status: (runs["status"] == status).astype(np.int64) for status in STATUSES}
    counted = runs[[*GROUP, "max_steps"]].assign(
        runs=1, at_start=(runs["step"] == 0).astype(np.int64), **ends
    )
    grouped = counted.groupby(list(GROUP), dropna=False)
    out = grouped[["runs", "at_start", *STATUSES]].sum().assign(budget=grouped["max_steps"].max())
    return conform(out.reset_index(), ARRIVALS)


def arrival_steps(runs: pd.DataFrame, most: int) -> pd.DataFrame:
    """Gather the steps at which the runs of each group reached their target.

    Parameters
    ----------
    runs
        The runs table, or some of its settings.
    most
        How many steps of a group are kept: with more of them, as many of their quantiles.

    Returns
    -------
    pandas.DataFrame
        Columns `GROUP` and `steps`, the latter arrays of int64, ascending; groups in which none arrived are
        left out.
    """
    rows = runs[runs["status"] == "reached"].sort_values("step", kind="stable")
    groups: Any = rows.groupby(list(GROUP), dropna=False)
    found = [(*key, thinned(group["step"].to_numpy(np.int64), most)) for key, group in groups]
    return pd.DataFrame(found, columns=[*GROUP, "steps"])


def thinned(ordered: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int64]:
    """Keep at most `most` numbers of an ordered array: its quantiles, first and last included."""
    if ordered.size <= most:
        return ordered
    kept: npt.NDArray[np.int64] = ordered[np.linspace(0, ordered.size - 1, most).round().astype(np.int64)]
    return kept


def added_ends(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Add up `ends` of parts of a study that share no start: the table of the whole."""
    grouped = pd.concat(parts).groupby(_KEYS, as_index=False)
    out = grouped[["runs", "starts", *STATUSES]].sum()
    return conform(out.assign(budget=grouped["budget"].max()["budget"]), ENDS)


def of_targets(ended: pd.DataFrame) -> pd.DataFrame:
    """Add up the table `ends` over all learning rates, target by target.

    Returns
    -------
    pandas.DataFrame
        Columns loss, target, runs, reached, censored, diverged (int64), sorted by loss and target.
    """
    rows = ended[ended["target"] != EVERY]
    return rows.groupby(["loss", "target"], as_index=False)[["runs", *STATUSES]].sum()
