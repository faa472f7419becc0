"""Tables on disk: the only code that reads or writes one.

A table is the same bytes on every machine with the same package versions: columns in schema order, fixed
types, rows sorted by the table's key, no index, no metadata.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from study.files import replacing
from study.tables.table import ROW_GROUP, Dtype, Table, conform

__all__ = ["merge", "read", "scan", "write", "write_parts"]


def write(frame: pd.DataFrame, table: Table, path: str | Path) -> None:
    """Write a table, as CSV or parquet by the suffix of the path; the file appears complete or not at all.

    Parameters
    ----------
    frame
        The rows; see `conform`.
    table
        Its schema.
    path
        Ends in `.csv` or `.parquet`. CSV has `nan` and `inf` in words, and numbers in their shortest exact
        form.

    Raises
    ------
    ValueError
        The frame does not fit the schema, or the suffix is neither of the two.
    """
    path = Path(path)
    if path.suffix == ".parquet":
        write_parts([frame], table, path)
    elif path.suffix == ".csv":
        out = conform(frame, table)
        with replacing(path) as temporary:
            out.to_csv(temporary, index=False, na_rep="nan", lineterminator="\n", encoding="utf-8")
    else:
        raise ValueError(f"table {table.name}: cannot write {path.name}; allowed are .csv and .parquet")


def write_parts(parts: Iterable[pd.DataFrame], table: Table, path: str | Path) -> None:
    """Write a table as parquet, a part at a time: no more than one part is in memory.

    Parameters
    ----------
    parts
        Frames as for `conform`, in the order of the key. Each is a row group of its own, or several where it
        is longer than `ROW_GROUP`; empty ones are ignored.
    table
        Its schema.
    path
        Ends in `.parquet`. The file appears complete or not at all.

    Raises
    ------
    ValueError
        A part does not fit the schema, or does not come after the one before it.
    """
    with replacing(Path(path)) as temporary, _Rows(table, temporary) as rows:
        for part in parts:
            # Without the metadata, which names library versions, equal rows give equal bytes.
            bare = pa.Table.from_pandas(conform(part, table), schema=_schema(table), preserve_index=False)
            rows.add(bare.replace_schema_metadata(None))
            rows.cut()


def merge(table: Table, parts: Iterable[str | Path], path: str | Path) -> None:
    """Merge parquet files of a table into one, in the order of the key, a row group at a time.

    The bytes depend on the rows alone, not on how they were spread over files: row groups have `ROW_GROUP`
    rows.

    Parameters
    ----------
    table
        Its schema; the first column of its key must be a whole number.
    parts
        Files that `write_parts` wrote. Row groups of different files may alternate in any order, but none may
        overlap.
    path
        Ends in `.parquet`. The file appears complete or not at all.

    Raises
    ------
    ValueError
        A file does not fit the schema, or two row groups overlap.
    """
    groups = sorted(group for part in parts for group in _row_groups(table, str(part)))
    opened = functools.lru_cache(_OPEN_FILES)(pq.ParquetFile)
    with replacing(Path(path)) as temporary, _Rows(table, temporary) as rows:
        for _, part, index in groups:
            rows.add(opened(part).read_row_group(index))


_OPEN_FILES = 256  # well below the 1024 that a process may usually have open


def _row_groups(table: Table, path: str) -> list[tuple[int, str, int]]:
    """List the row groups of a file as (smallest value of the key's first column, path, index)."""
    metadata = pq.read_metadata(path)
    if not metadata.schema.to_arrow_schema().equals(_schema(table)):
        raise ValueError(f"table {table.name}: {path} does not fit the schema")
    column = list(table.dtypes).index(table.key[0])
    groups = (metadata.row_group(index).column(column) for index in range(metadata.num_row_groups))
    return [(group.statistics.min, path, index) for index, group in enumerate(groups)]


class _Rows:
    """Writes a parquet file row group by row group, and checks that rows come in the order of the key."""

    def __init__(self, table: Table, path: Path) -> None:
        self._table = table
        self._writer = pq.ParquetWriter(path, _schema(table), compression="zstd")
        self._waiting: list[pa.Table] = []
        self._last: tuple[Any, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.cut()
        self._writer.close()

    def add(self, rows: pa.Table) -> None:
        """Take rows that are in order among themselves; full row groups are written."""
        if rows.num_rows == 0:
            return
        if self._last and self._key(rows, 0) <= self._last:
            raise ValueError(f"table {self._table.name}: parts overlap at {self._key(rows, 0)}")
        self._last = self._key(rows, rows.num_rows - 1)
        self._waiting.append(rows)
        while sum(part.num_rows for part in self._waiting) >= ROW_GROUP:
            held = pa.concat_tables(self._waiting)
            self._write(held.slice(0, ROW_GROUP))
            self._waiting = [held.slice(ROW_GROUP)]

    def cut(self) -> None:
        """End the row group here."""
        held = [part for part in self._waiting if part.num_rows]
        if held:
            self._write(pa.concat_tables(held))
        self._waiting = []

    def _write(self, rows: pa.Table) -> None:
        # In one chunk: the pages of the file must not depend on the parts that the rows came in.
        self._writer.write_table(rows.combine_chunks(), row_group_size=ROW_GROUP)

    def _key(self, rows: pa.Table, index: int) -> tuple[Any, ...]:
        """Key of a row, in a form that sorts as `conform` does: nan last."""
        values = (rows[column][index].as_py() for column in self._table.key)
        return tuple((value is None, 0 if value is None else value) for value in values)


def _schema(table: Table) -> pa.Schema:
    """Schema of a table's parquet file; nan is stored as null."""
    return pa.schema([(column, _ARROW[dtype]) for column, dtype in table.dtypes.items()])


# Named, because versions of pandas store text differently.
_ARROW: Mapping[Dtype, pa.DataType] = MappingProxyType(
    {"int64": pa.int64(), "float64": pa.float64(), "str": pa.large_string(), "bool": pa.bool_()}
)


def scan(
    table: Table,
    path: str | Path,
    columns: Sequence[str] | None = None,
    where: Sequence[Mapping[str, str | float | bool]] = (),
) -> pd.DataFrame:
    """Read some rows and columns of a parquet table; the rest is never held in memory.

    Row groups without such rows are skipped.

    Parameters
    ----------
    table
        Its schema.
    path
        A file that `write` wrote.
    columns
        Those to read, in this order; all by default.
    where
        Each entry gives values of some columns; rows that match any entry are read (all rows if there is
        none). nan matches nan.

    Returns
    -------
    pandas.DataFrame
        In the order of the file, with the types of the schema.

    Raises
    ------
    ValueError
        The file does not fit the schema.
    """
    if not pq.read_schema(path).equals(_schema(table)):
        raise ValueError(f"table {table.name}: {path} does not fit the schema")
    if where:
        found = ds.dataset(path, format="parquet").to_table(
            columns=None if columns is None else list(columns),
            filter=functools.reduce(operator.or_, map(_matching, where)),
            batch_size=ROW_GROUP,
            batch_readahead=1,  # the default is sixteen
            fragment_readahead=1,
            use_threads=False,  # a job has one core
        )
    else:
        # Without any thread: where none can be started (`ulimit -v`), the dataset above would wait for ever.
        found = pq.ParquetFile(path).read(None if columns is None else list(columns), use_threads=False)
    frame: pd.DataFrame = found.to_pandas(use_threads=False)
    return frame.astype({column: table.dtypes[column] for column in found.column_names})


def _matching(values: Mapping[str, str | float | bool]) -> Any:
    """Return the Arrow expression for some column values."""
    parts = (ds.field(k).is_null() if pd.isna(v) else ds.field(k) == v for k, v in values.items())
    return functools.reduce(operator.and_, parts)


def read(table: Table, path: str | Path) -> pd.DataFrame:
    """Read a table that `write` wrote, and check it against its schema.

    Parameters
    ----------
    table
        Its schema.
    path
        Ends in `.csv` or `.parquet`.

    Raises
    ------
    ValueError
        The file does not fit the schema, or the suffix is neither of the two.
    """
    path = Path(path)
    if path.suffix == ".parquet":
        return conform(scan(table, path), table)
    if path.suffix == ".csv":
        # Numbers are read as text and converted by `conform`, exactly in every version of pandas. No word
        # means a missing value: a data set may be called "nan" or "NA".
        dtypes = {c: "str" if dtype == "float64" else dtype for c, dtype in table.dtypes.items()}
        frame = pd.read_csv(path, dtype=dtypes, keep_default_na=False)
        return conform(frame, table)
    raise ValueError(f"table {table.name}: cannot read {path.name}; allowed are .csv and .parquet")
