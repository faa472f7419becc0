"""From a runs table of any size to the summary tables and to what the report quotes, in bounded memory.

Nothing in `study.statistics` combines settings (dataset, separability, initialisation, scale) except the
pooled numbers of the first screen, and those need few rows. So `runs` is read once from front to back, in the
order of the plan, a few settings at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from study.runs.tables import RUNS
from study.statistics import cells, ends
from study.statistics.answers import Start, answers, pooled, pooled_starts
from study.statistics.decomposition import decomposition
from study.statistics.headline import Headline, choose, confident
from study.statistics.pairs import SETTING
from study.statistics.tables import ARRIVALS, SLOWDOWN
from study.tables import store
from study.tables.table import Table, conform

__all__ = ["arrival_steps", "quoted", "settings", "summary_tables"]

ROWS: Final = 1 << 18
"""Rows that are processed together, roughly: about half a gigabyte as a pandas frame."""

COLUMNS: Final = (
    *("run", "start", *SETTING, "seed", "loss", "rate"),
    *("max_steps", "target", "status", "step", "steps_run"),
)
"""Columns of `runs` that the statistics read."""

_WORDS: Final = tuple(column for column in COLUMNS if RUNS.dtypes[column] == "str")


def settings(path: str | Path, rows: int = ROWS) -> Iterator[pd.DataFrame]:
    """Read a runs table a few settings at a time.

    Parameters
    ----------
    path
        ``runs.parquet``, in the order of the plan: rows of one data set and separability are consecutive.
    rows
        Rows of a frame, roughly. A setting is never split, and one (dataset, separability) is held in memory
        while it is read, at about 80 bytes a row.

    Yields
    ------
    pandas.DataFrame
        The columns `COLUMNS` of all runs of some settings. No setting is in two frames.

    Raises
    ------
    ValueError
        The rows of a data set and separability are not consecutive.
    """
    held: list[pa.Table] = []
    last, seen = None, set()
    for part in _stretches(path):
        place = (part["dataset"][0].as_py(), part["separability"][0].as_py())
        if place != last:
            if place in seen:
                raise ValueError(f"{path}: the rows of {place} are not consecutive")
            seen.add(place)
            if sum(table.num_rows for table in held) >= rows:
                yield from _frames(held, rows)
                held = []
        last = place
        held.append(part)
    if held:
        yield from _frames(held, rows)


def _stretches(path: str | Path) -> Iterator[pa.Table]:
    """Split each row group where data set or separability changes; text as dictionaries, to save memory."""
    with pq.ParquetFile(path, read_dictionary=list(_WORDS)) as file:
        for index in range(file.num_row_groups):
            rows = file.read_row_group(index, columns=list(COLUMNS))
            codes = rows["dataset"].combine_chunks().indices.to_numpy()
            levels = rows["separability"].to_numpy()
            same = (codes[1:] == codes[:-1]) & (
                (levels[1:] == levels[:-1]) | np.isnan(levels[1:]) & np.isnan(levels[:-1])
            )
            ends = [*(np.flatnonzero(~same) + 1).tolist(), rows.num_rows]
            for begin, end in zip([0, *ends], ends, strict=False):
                yield rows.slice(begin, end - begin)


def _frames(held: list[pa.Table], rows: int) -> Iterator[pd.DataFrame]:
    """Yield the held tables as one frame, or by initialisation and scale where that would be too large."""
    table = pa.concat_tables(held).unify_dictionaries()
    if table.num_rows <= 2 * rows:
        yield _frame(table)
        return
    kinds = (
        table.group_by(["initialisation", "scale"], use_threads=False)
        .aggregate([([], "count_all")])
        .to_pylist()
    )
    bundle: list[dict[str, Any]] = []
    for kind in kinds:
        if bundle and sum(entry["count_all"] for entry in [*bundle, kind]) > rows:
            yield _frame(_of_kinds(table, bundle))
            bundle = []
        bundle.append(kind)
    yield _frame(_of_kinds(table, bundle))


def _of_kinds(table: pa.Table, kinds: list[dict[str, Any]]) -> pa.Table:
    """Rows of some initialisations and scales."""
    chosen = [
        (pc.field("initialisation") == k["initialisation"]) & (pc.field("scale") == k["scale"]) for k in kinds
    ]
    return pa.concat_tables([table.filter(expression) for expression in chosen])


def _frame(table: pa.Table) -> pd.DataFrame:
    """Convert a runs table to pandas, words as text."""
    for column in _WORDS:
        index = table.schema.get_field_index(column)
        table = table.set_column(index, column, table[column].cast(pa.large_string()))
    frame: pd.DataFrame = table.to_pandas()
    return frame.astype({column: RUNS.dtypes[column] for column in COLUMNS})


def summary_tables(
    path: str | Path, stable_rates: Mapping[str, float], *, folds: int, resamples: int, level: float
) -> dict[str, pd.DataFrame]:
    """Compute the tables of the statistics from a runs table.

    Parameters
    ----------
    path
        ``runs.parquet``; see `settings`.
    stable_rates, folds, resamples, level
        As for `study.statistics.cells.slowdown`.

    Returns
    -------
    dict of str to pandas.DataFrame
        By name, in their schemas.
    """
    compared, counted, arrived = [], [], []
    for runs in settings(path):
        compared.append(cells.slowdown(runs, stable_rates, folds=folds, resamples=resamples, level=level))
        counted.append(ends.ends(runs, stable_rates))
        arrived.append(ends.arrivals(runs))
    slowdown, ended = conform(pd.concat(compared, ignore_index=True), SLOWDOWN), ends.added_ends(counted)
    chosen = choose(slowdown, ended)
    starts = pooled_starts(slowdown)
    # One target at a time: holding the pairs of several would only take memory.
    pools = (_pool(path, starts, target) for target in sorted(slowdown["target"].unique()))
    summaries = [
        pooled(runs, starts, stable_rates, chosen, folds=folds, resamples=resamples, level=level)
        for runs in pools
        if starts
    ]
    chosen = confident(chosen, pd.concat(summaries)) if summaries else chosen
    return {
        "slowdown": slowdown,
        "headline": chosen.table(),
        "answers": answers(slowdown, chosen, summaries),
        "decomposition": decomposition(slowdown, chosen),
        "ends": ended,
        "arrivals": conform(pd.concat(arrived, ignore_index=True), ARRIVALS),
    }


def _pool(path: str | Path, starts: Sequence[Start], target: str) -> pd.DataFrame:
    """Read the runs of some starts to a target."""
    return store.scan(RUNS, path, COLUMNS, [start.where(target) for start in starts])


def quoted(folder: str | Path, tables: Iterable[Table]) -> dict[str, pd.DataFrame]:
    """Read tables as the report and the figures need them: of `runs` and `curves`, only the rows they use.

    Parameters
    ----------
    folder
        Where the parquet tables are, such as ``results/tables``.
    tables
        Their schemas; `headline` must be among them where `runs` or `curves` is.

    Returns
    -------
    dict of str to pandas.DataFrame
        By name.
    """
    wanted = {table.name: table for table in tables}
    whole = [name for name in wanted if name not in ("runs", "curves")]
    frames = {name: store.read(wanted[name], Path(folder) / f"{name}.parquet") for name in whole}
    rows = Headline.read(frames["headline"]).drawn() if len(whole) < len(wanted) else {}
    parts = [name for name in rows if name in wanted]
    return frames | {n: store.scan(wanted[n], Path(folder) / f"{n}.parquet", where=rows[n]) for n in parts}


def arrival_steps(path: str | Path, most: int) -> pd.DataFrame:
    """Gather the arrivals of each group of a runs table; see `study.statistics.ends.arrival_steps`."""
    return pd.concat([ends.arrival_steps(runs, most) for runs in settings(path)], ignore_index=True)
