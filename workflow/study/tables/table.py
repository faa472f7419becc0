"""The form of a table: its columns, its key, and the order and types of its rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from study.prose import Prose

__all__ = ["ROW_GROUP", "Column", "Dtype", "Table", "conform", "gathered"]

Dtype = Literal["int64", "float64", "str", "bool"]

ROW_GROUP = 1 << 17
"""Rows of a row group in a parquet file: small enough to hold a few, large enough to compress well."""


@dataclass(frozen=True)
class Column:
    """One column: its name, type, unit (empty where it has none) and meaning."""

    name: str
    dtype: Dtype
    unit: str
    meaning: Prose


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes
    ----------
    name
        Its name in the code.
    path
        Where a run of the study writes it, relative to `results/`, without suffix.
    suffixes
        The file formats it is written in.
    row
        What one row is.
    key
        Columns that identify a row; rows are sorted by them.
    columns
        In the order of the file.
    """

    name: str
    path: str
    suffixes: tuple[str, ...]
    row: Prose
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        assert len(set(names)) == len(names), self.name
        assert set(self.key) <= set(names), self.name

    @property
    def dtypes(self) -> dict[str, Dtype]:
        """Type of each column, in the order of the file."""
        return {column.name: column.dtype for column in self.columns}

    def files(self) -> tuple[str, ...]:
        """Paths of its files, relative to `results/`."""
        return tuple(self.path + suffix for suffix in self.suffixes)


def conform(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Bring a frame into the form of its schema: columns in order, types, rows sorted by the key.

    Parameters
    ----------
    frame
        Any frame with exactly the columns of the table, in any order.
    table
        Its schema.

    Returns
    -------
    pandas.DataFrame
        A new frame with index 0, 1, ...; `frame` is not changed.

    Raises
    ------
    ValueError
        A column is missing or unknown, a value does not fit its type, or two rows share a key.
    """
    missing = [column for column in table.dtypes if column not in frame.columns]
    unknown = [str(column) for column in frame.columns if column not in table.dtypes]
    if missing or unknown:
        raise ValueError(f"table {table.name}: missing columns {missing}, unknown columns {unknown}")
    out = frame[list(table.dtypes)].copy()
    for column, dtype in table.dtypes.items():
        try:
            out[column] = out[column].astype(dtype)
        except (TypeError, ValueError) as error:
            raise ValueError(f"table {table.name}: column {column} does not fit {dtype}: {error}") from error
    if out.duplicated(list(table.key)).any():
        raise ValueError(f"table {table.name}: two rows share the key {', '.join(table.key)}")
    return out.sort_values(list(table.key), kind="stable", ignore_index=True)


def gathered(parts: Iterable[pd.DataFrame], table: Table) -> pd.DataFrame:
    """Put parts together, none of them or some without rows, in the form of their schema; see `conform`."""
    return conform(pd.concat([pd.DataFrame(columns=list(table.dtypes)), *parts], ignore_index=True), table)
