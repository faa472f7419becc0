"""The arrays of the data sets as one file, written whole or not at all, and read without pickle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study.tables import replacing

__all__ = ["read", "write"]


def write(arrays: dict[str, NDArray[Any]], path: str | Path) -> None:
    """Write named arrays to `path`, a .npz file; equal arrays are equal bytes."""
    with replacing(Path(path)) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def read(path: str | Path) -> dict[str, NDArray[Any]]:
    """Read the arrays that `write` wrote."""
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
