"""Groups of the rows of a frame as slices of arrays: numbered, sorted, laid out side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["begins", "coded", "matrix"]

Ints = npt.NDArray[np.int64]


def coded(frame: pd.DataFrame, keys: Sequence[str]) -> tuple[pd.DataFrame, Ints]:
    """Number the groups of a frame in key order (nan last) and sort its rows by these numbers."""
    codes = frame.groupby(list(keys), dropna=False, sort=True).ngroup().to_numpy(dtype=np.int64)
    order = np.argsort(codes, kind="stable")
    return frame.iloc[order], codes[order].astype(np.int64)


def begins(codes: Ints) -> Ints:
    """Return the row at which each group begins; `codes` are those of `coded`."""
    groups = int(codes[-1]) + 1 if codes.size else 0
    return np.searchsorted(codes, np.arange(groups))


def matrix(values: pd.Series, codes: Ints, fill: float | bool) -> npt.NDArray[Any]:
    """Lay out values as one row per group, padded with `fill`; `codes` are those of `coded`."""
    begin = begins(codes)
    column = np.arange(codes.size) - begin[codes] if codes.size else codes
    out = np.full((begin.size, int(column.max()) + 1 if codes.size else 0), fill)
    out[codes, column] = values.to_numpy()
    return out
