"""The starts of the first screen, their runs, and such runs made again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from study.data.samples import Sample, sample
from study.runs.sweep import Progress, descend
from study.runs.tables import RUNS
from study.statistics.answers import ALL, REAL, Start
from study.tables import store
from study.tables.table import conform

if TYPE_CHECKING:
    from study.statistics.headline import Headline

__all__ = ["SEEDS", "first_screen", "read_runs", "rerun"]

SEEDS: Final = 10
"""Seeds, the first ones, from which runs are made beyond those of the sweep, where these would take long.

Over several data sets the interval is that of the data sets, which more seeds of each hardly narrow.
"""


def first_screen(answers: pd.DataFrame, chosen: Headline) -> list[Start]:
    """List the starts that the first screen speaks of.

    Those are zero over all data sets, the smallest `normal` on real data, and `sure_wrong` over all data sets
    at the headline confidence; only those of which the table `answers` has a row.
    """
    starts = [Start("zero", 0.0, ALL), Start("sure_wrong", chosen.confidence, ALL)]
    ordinary = answers[(answers["initialisation"] == "normal") & (answers["data"] == REAL)]
    if len(ordinary):
        starts.insert(1, Start("normal", float(ordinary["scale"].min()), REAL))
    known = set(zip(answers["initialisation"], answers["scale"], answers["data"], strict=True))
    return [start for start in starts if (start.initialisation, start.scale, start.data) in known]


def read_runs(path: str | Path, where: Sequence[Mapping[str, str | float]]) -> pd.DataFrame:
    """Read the rows of `runs` that match an entry of `where`, all columns; none if there is no entry."""
    if not where:
        return conform(pd.DataFrame(columns=list(RUNS.dtypes)), RUNS)
    return store.scan(RUNS, path, where=where)


def rerun(
    rows: pd.DataFrame,
    arrays: Mapping[str, NDArray[Any]],
    first: Callable[[pd.DataFrame, Sample], NDArray[np.float64]],
    hold: int,
    progress: Progress,
) -> pd.DataFrame:
    """Make runs again, each to the `threshold` of its row.

    Parameters
    ----------
    rows
        Rows of `runs`; `status`, `step` and `steps_run` are not read.
    arrays
        The arrays of their data sets, as `study.runs.draw.build` returns them.
    first
        From the rows of one data set and that data set to the parameters at step 0, (rows, d).
    hold
        Steps in a row for which a target must hold.
    progress
        Counts every batch.

    Returns
    -------
    DataFrame
        The same rows in the same order with the new `status`, `step` and `steps_run`.
    """
    if rows.empty:
        return rows
    rows, order = rows.reset_index(drop=True), rows.index
    made = []
    groups: Any = rows.groupby(["data", "loss", "target"], sort=True)
    for (data, loss, target), group in groups:
        drawn, begun = sample(arrays, data), time.perf_counter()
        asked = {target: group["threshold"].to_numpy()}
        descent = descend(drawn, group, first(group, drawn), loss, hold=hold, targets=asked)
        ends = {"status": descent.status[target].astype(object), "step": descent.arrival[target]}
        made.append(group.assign(**ends, steps_run=descent.steps_run))
        progress.add(len(group), time.perf_counter() - begun)
    again: pd.DataFrame = pd.concat(made).sort_index().set_index(order)
    return again
