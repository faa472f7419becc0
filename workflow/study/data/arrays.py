"""The arrays of the data sets as one file, written whole or not at all, and read without pickle."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study.files import replacing

__all__ = ["read", "write", "writing"]


@contextmanager
def writing(path: str | Path) -> Iterator[Callable[[Mapping[str, NDArray[Any]]], None]]:
    """Give a function that adds named arrays to `path`, a .npz file, as `numpy.savez` does; they need not be held.

    Equal arrays in equal order are equal bytes. The file appears when the block ends well.
    """
    with replacing(Path(path)) as temporary, zipfile.ZipFile(temporary, "w") as archive:

        def add(arrays: Mapping[str, NDArray[Any]]) -> None:
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)

        yield add


def write(arrays: Mapping[str, NDArray[Any]], path: str | Path) -> None:
    """Write named arrays to `path`, a .npz file; equal arrays are equal bytes."""
    with writing(path) as add:
        add(arrays)


def read(path: str | Path, data: Iterable[int] | None = None) -> dict[str, NDArray[Any]]:
    """Read the arrays that `write` wrote: those of the data sets numbered `data`, or all."""
    wanted = None if data is None else {str(number) for number in data}
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files if wanted is None or name.partition("/")[0] in wanted}
