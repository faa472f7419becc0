"""The user's own data files: read, checked and standardised."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from study.data.algebra import column_sums
from study.data.samples import Array, Drawn
from study.errors import UserError

__all__ = ["read_file"]


def standardised(features: Array) -> Array:
    """Centre and scale each column (standard deviation over n) and leave out those that are constant."""
    varying = (features != features[0]).any(axis=0)
    features = np.ascontiguousarray(features[:, varying])
    # A power of two takes the largest value of a column below 1: exact, and no square overflows or vanishes.
    features = np.ldexp(features, -np.frexp(np.abs(features).max(axis=0))[1])
    centred = features - column_sums(features) / len(features)
    return centred / np.sqrt(column_sums(centred * centred) / len(features))


@functools.cache
def read_file(path: str, label: str) -> Drawn:
    """Read, check and standardise a user's file, once per process.

    Returns
    -------
    features : float64 array (n, p)
        Every column with mean 0 and variance 1.
    labels : int64 array (n,)
        0 or 1, at least two of each.

    Raises
    ------
    UserError
        Naming the file, the column, the row and what is allowed.
    """
    frame = _read(path)
    if label not in frame:
        raise UserError(
            f"{path}: no column {label!r}; allowed as label: {', '.join(map(repr, frame.columns[:20]))}"
        )
    labels, features = frame[label], frame.drop(columns=label)
    _check_labels(path, label, labels)
    _check_features(path, features)
    return standardised(features.to_numpy(dtype=np.float64)), labels.to_numpy(dtype=np.int64)


def _read(path: str) -> pd.DataFrame:
    """Read a CSV or parquet file."""
    readers: dict[str, Callable[[str], pd.DataFrame]] = {".csv": pd.read_csv, ".parquet": pd.read_parquet}
    suffix = Path(path).suffix.lower()
    if suffix not in readers:
        raise UserError(f"{path}: not a data file that can be read; allowed: .csv or .parquet")
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file (relative to {Path.cwd()})")
    try:
        frame = readers[suffix](path)
    except Exception as error:  # a reader may raise anything on a malformed file
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UserError(f"{path}: cannot be read as {suffix[1:]}: {reason}") from error
    frame.columns = frame.columns.map(str)
    if frame.columns.has_duplicates:
        raise UserError(
            f"{path}: column {frame.columns[frame.columns.duplicated()][0]!r} occurs more than once"
        )
    return frame


def _check_labels(path: str, name: str, labels: pd.Series[Any]) -> None:
    """Raise `UserError` unless labels are 0 and 1 (or bool), at least two of each."""
    rule = "; allowed: 0 and 1, at least two of each"
    if labels.isna().any():
        raise UserError(f"{path}: label column {name!r} has no value in data row {_row(labels.isna())}{rule}")
    wrong = ~labels.isin([0, 1])
    if wrong.any():
        value = labels[wrong].tolist()[0]
        raise UserError(f"{path}: label column {name!r} has {value!r} in data row {_row(wrong)}{rule}")
    counts = {value: int((labels == value).sum()) for value in (0, 1)}
    for value, count in counts.items():
        if count < 2:
            raise UserError(f"{path}: label column {name!r} has {count} samples of class {value}{rule}")


def _check_features(path: str, features: pd.DataFrame) -> None:
    """Raise `UserError` unless there are features, all numeric, finite and not constant."""
    if features.shape[1] == 0:
        raise UserError(f"{path}: no feature column, only the label; allowed: one or more numeric columns")
    for name, column in features.items():
        if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_complex_dtype(column):
            raise UserError(f"{path}: column {name!r} is not numeric ({column.dtype}); allowed: numbers only")
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        bad = ~np.isfinite(values)
        if bad.any():
            value = values[bad][0]
            raise UserError(
                f"{path}: column {name!r} has {value} in data row {_row(bad)}; allowed: finite numbers"
            )
        if (values == values[0]).all():
            raise UserError(
                f"{path}: column {name!r} is constant ({values[0]:g}); allowed: columns that vary"
            )


def _row(mask: Any) -> int:
    """Find the first row that a mask marks, counted from 1."""
    return int(np.argmax(np.asarray(mask))) + 1
