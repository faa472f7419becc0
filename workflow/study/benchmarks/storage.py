"""What is in storages of recorded runs: the files that can be runs, and whatever else is there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from study.errors import printable

__all__ = ["files", "watched"]

_PLAIN = re.compile(r"[\w.,@%+=: /-]+")  # Snakemake gives braces, brackets and stars in a path a meaning


def files(storages: Iterable[Path]) -> tuple[list[tuple[str, Path]], list[str]]:
    """Find the files of recorded runs.

    Parameters
    ----------
    storages
        Folders as pytest-benchmark keeps them: files whose names end in ``.json``, in folders of machines or
        next to them. A storage that does not exist holds no run.

    Returns
    -------
    found
        Pairs of a file's name in its storage and its path, sorted by that name.
    problems
        A line for each thing that is named like a run but is not a file, and for each folder that cannot be
        listed.
    """
    found, problems = list[tuple[str, Path]](), list[str]()
    for storage in storages:
        for path in _candidates(storage, problems):
            name = printable(path.relative_to(storage).as_posix())
            if path.is_file():
                found.append((name, path))
            else:
                problems.append(f"{name}: left out, {_kind(path)}")
    return sorted(found), problems


def watched(storages: Iterable[Path]) -> tuple[list[str], list[str]]:
    """Say what a drawn history depends on.

    Returns
    -------
    files
        Files of runs that Snakemake can use as inputs.
    others
        What it cannot use, with sizes: the history names these, or reads them itself.
    """
    found, others = files(storages)
    plain = [str(path) for name, path in found if _PLAIN.fullmatch(name) and os.access(path, os.R_OK)]
    others += [f"{name}: {path.stat().st_size} bytes" for name, path in found if str(path) not in plain]
    return plain, others


def _candidates(storage: Path, problems: list[str]) -> Iterator[Path]:
    """Yield what is named like a run, in the storage and in its folders."""
    for path in _listed(storage, problems) if storage.is_dir() else ():
        inner = _listed(path, problems) if path.is_dir() else [path]
        yield from (candidate for candidate in inner if candidate.suffix == ".json")


def _listed(folder: Path, problems: list[str]) -> list[Path]:
    """List a folder; one that cannot be listed is a problem."""
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        problems.append(f"{printable(folder.name)}: left out, {error.strerror}")
        return []


def _kind(path: Path) -> str:
    """Say what a path that is not a file is."""
    if path.is_dir():
        return "a folder"
    return "a broken link" if path.is_symlink() else "not a regular file"
