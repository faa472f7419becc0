"""The arrays of the data sets as one file, written completely or not at all, and read without pickle.

The header of each archive member is set here and not left to the library: `numpy.savez` requests the format
for members over 2 GiB, whose version number is 20 in Python before 3.11.4 and 45 since.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study.files import replacing

__all__ = ["content_digest", "read", "write", "writing"]


@contextmanager
def writing(path: str | Path) -> Iterator[Callable[[Mapping[str, NDArray[Any]]], None]]:
    """Give a function that adds named arrays to `path`, a .npz file; they need not be in memory all at once.

    Equal arrays in equal order give equal bytes in every version of Python, as long as none has 2 GiB. The
    file appears when the block ends without an error.
    """
    with replacing(Path(path)) as temporary, zipfile.ZipFile(temporary, "w") as archive:

        def add(arrays: Mapping[str, NDArray[Any]]) -> None:
            for name, array in arrays.items():
                with archive.open(_member(name, array), "w") as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)

        yield add


def _member(name: str, array: NDArray[Any]) -> zipfile.ZipInfo:
    """Make the archive's header of an array: no time, no compression, readable by its owner."""
    member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
    member.create_system = 3  # Unix
    member.external_attr = 0o600 << 16
    member.file_size = array.nbytes  # decides whether the format for large members is needed
    return member


def write(arrays: Mapping[str, NDArray[Any]], path: str | Path) -> None:
    """Write named arrays to `path`, a .npz file; equal arrays give equal bytes."""
    with writing(path) as add:
        add(arrays)


def read(path: str | Path, data: Iterable[int] | None = None) -> dict[str, NDArray[Any]]:
    """Read the arrays that `write` wrote: those of the data sets numbered `data`, or all."""
    wanted = None if data is None else {str(number) for number in data}
    with np.load(path, allow_pickle=False) as archive:
        return {
            name: archive[name]
            for name in archive.files
            if wanted is None or name.partition("/")[0] in wanted
        }


def content_digest(path: str | Path) -> str:
    """Return the SHA-256 of the arrays in a .npz file: their names, types, shapes and values, in order."""
    found = hashlib.sha256()
    with np.load(path, allow_pickle=False) as archive:
        for name in archive.files:
            array = archive[name]
            found.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()
