"""Revisions of this repository, each in a folder and with an environment of its own."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from study.errors import UserError
from study.schema import nearest

__all__ = ["WORK_TREE", "Revision", "changed", "checked_out", "interpreters", "resolve"]

WORK_TREE = ""
"""Stands for the folder as it is, changes that are not committed included."""

_LOCKS = ("requirements-dev.lock", "requirements.lock")  # the first has pytest, which runs the benchmarks


@dataclass(frozen=True)
class Revision:
    """A revision, checked out.

    Attributes
    ----------
    label
        As a reader knows it: short commit, with a + where the work tree has changes.
    commit
        The full commit; that of HEAD for the work tree.
    time
        When it was committed, in ISO 8601.
    tree
        The folder it lies in.
    changed
        Whether there are changes that are not committed, in what could matter: all but `results/`.
    """

    label: str
    commit: str
    time: str
    tree: Path
    changed: bool = False


def _git(repository: Path, *words: str) -> bytes:
    return subprocess.run(  # noqa: S603
        ["git", "-C", str(repository), *words],  # noqa: S607
        capture_output=True,
        check=True,
    ).stdout


def resolve(repository: Path, name: str) -> str:
    """Return the full commit that a branch, tag or commit names.

    Raises
    ------
    UserError
        There is no such revision, or no git.
    """
    try:
        if name.startswith("-"):
            raise subprocess.CalledProcessError(128, name)
        return _git(repository, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").decode().strip()
    except FileNotFoundError:
        raise UserError("git is needed to find a revision, and there is no `git` here") from None
    except subprocess.CalledProcessError:
        pass
    try:
        known = _git(repository, "for-each-ref", "--format=%(refname:short)").decode().split()
    except subprocess.CalledProcessError:
        raise UserError(f"{repository} is no git repository, so it has no revision {name!r}") from None
    raise UserError(
        f"{name!r} is not a revision of this repository{nearest(name, known)}; allowed: a branch, a tag or a commit"
    )


def changed(repository: Path) -> bool:
    """Whether files of the work tree differ from HEAD, results aside."""
    return bool(_git(repository, "status", "--porcelain", "--", ".", ":!results").strip())


@contextmanager
def checked_out(repository: Path, name: str) -> Iterator[Revision]:
    """Put a revision into a folder for as long as the block lasts.

    The folder is an export, not a work tree that git keeps books on: an interrupted comparison leaves nothing behind in
    the repository, and several can run at once.

    Parameters
    ----------
    repository
        Where the project lies.
    name
        A branch, tag or commit; `WORK_TREE` for the folder itself.

    Raises
    ------
    UserError
        There is no such revision.
    """
    commit = resolve(repository, name or "HEAD")
    time = _git(repository, "show", "--no-patch", "--format=%cI", commit).decode().strip()
    if name == WORK_TREE:
        dirty = changed(repository)
        yield Revision(commit[:12] + ("+" if dirty else ""), commit, time, repository, dirty)
        return
    with tempfile.TemporaryDirectory(prefix="revision-") as folder:
        with tarfile.open(fileobj=io.BytesIO(_git(repository, "archive", commit))) as archive:
            archive.extractall(folder, filter="data")
        yield Revision(commit[:12], commit, time, Path(folder).resolve())


def interpreters(trees: tuple[Path, Path], folder: Path, note: Callable[[str], None]) -> tuple[str, str]:
    """Return the Python interpreter of each of two revisions.

    Where both pin the same packages, the environment this runs in serves both: what differs is their code alone, and
    that is found in their folders. Otherwise each gets an environment from its own lock.

    Parameters
    ----------
    trees
        The folders of the two revisions.
    folder
        Where environments are made, and found again by the next comparison.
    note
        Told what is done.

    Raises
    ------
    UserError
        A lock cannot be installed.
    """
    base, head = (_lock(tree) for tree in trees)
    if base.read_bytes() == head.read_bytes():
        note("Both revisions pin the same packages: the environment in use serves both.")
        return sys.executable, sys.executable
    note("The revisions pin different packages: each gets an environment of its own.")
    return _environment(base, folder, note), _environment(head, folder, note)


def _lock(tree: Path) -> Path:
    """Return the file that pins a revision's packages."""
    for name in _LOCKS:
        if (tree / name).is_file():
            return tree / name
    raise UserError(f"{tree.name}: has neither {' nor '.join(_LOCKS)}, so its environment is unknown")


def _environment(lock: Path, folder: Path, note: Callable[[str], None]) -> str:
    """Make the environment of a lock, or find the one made before; return its interpreter."""
    home = folder / hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        note(f"Installing {lock.name} of {lock.parent.name} into {home}")
        venv.create(home, clear=True, with_pip=True)
        done = subprocess.run(  # noqa: S603
            [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            raise UserError(f"{lock.name} of {lock.parent.name} cannot be installed: {said}")
        (home / "complete").touch()
    return str(python)
