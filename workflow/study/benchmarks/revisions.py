"""Revisions of this repository, each in a folder and with an environment of its own."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from study import git
from study.errors import UserError
from study.git import GitError
from study.schema import nearest

__all__ = ["WORK_TREE", "Revision", "by_ancestry", "changed", "checked_out", "interpreters", "resolve"]

WORK_TREE = ""
"""Name for the folder as it is, with changes that are not committed."""

DATA_FILTER = getattr(tarfile, "data_filter", None)
"""Python's filter of what an archive may unpack. Pythons before 3.11.4 have none, and need none for git's."""

_LOCKS = ("requirements-dev.lock", "requirements.lock")  # the first has pytest, which runs the benchmarks


@dataclass(frozen=True)
class Revision:
    """A revision, checked out.

    Attributes
    ----------
    label
        For readers: short commit, with a + where the work tree has changes.
    commit
        The full commit; that of HEAD for the work tree; `git.UNKNOWN` where that cannot be found out.
    time
        When it was committed, in ISO 8601; empty where that is unknown.
    tree
        The folder it is in.
    changed
        Whether there are changes that are not committed, in what could matter: all but `results/`.
    problem
        Why the commit is unknown; empty where it is known.
    """

    label: str
    commit: str
    time: str
    tree: Path
    changed: bool = False
    problem: str = ""


def resolve(repository: Path, name: str) -> str:
    """Return the full commit that a branch, tag or commit names.

    Raises
    ------
    UserError
        There is no such revision, or no git, or no repository; in git's own words.
    """
    try:
        git.check(repository)
    except GitError as error:
        raise UserError(f"revision {name!r} cannot be found: {error}") from None
    said = ""
    if not name.startswith("-"):
        try:
            return git.run(repository, "rev-parse", "--verify", f"{name}^{{commit}}").decode().strip()
        except GitError as error:
            said = str(error).removesuffix("fatal: Needed a single revision").strip()
    known = git.run(repository, "for-each-ref", "--format=%(refname:short)").decode().split()
    shallow = "this clone is shallow, older commits are not in it: git fetch --unshallow" * git.is_shallow(
        repository
    )
    raise UserError(
        f"{name!r} is not a revision of this repository{nearest(name, known)}; "
        "allowed: a branch, a tag or a commit" + "".join(f" ({more})" for more in (said, shallow) if more)
    )


def changed(repository: Path) -> bool:
    """Whether files of the work tree other than results differ from HEAD."""
    found = git.run(repository, "status", "--porcelain", "--untracked-files=normal", "--", ".", ":!results")
    return bool(found.strip())


def by_ancestry(repository: Path, commits: Iterable[str]) -> list[str]:
    """Put commits in the order of their ancestry: every commit after all its ancestors.

    Parameters
    ----------
    repository
        The project's folder.
    commits
        Full commits. Those that the repository does not have are left out.

    Raises
    ------
    GitError
        There is no git, or no repository.
    """
    git.check(repository)
    named = sorted({commit for commit in commits if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit)})
    kinds = git.run(
        repository, "cat-file", "--batch-check=%(objecttype)", text="".join(f"{c}\n" for c in named)
    )
    known = [
        commit for commit, kind in zip(named, kinds.decode().splitlines(), strict=True) if kind == "commit"
    ]
    if not known:
        return []
    listed = git.run(
        repository, "rev-list", "--topo-order", "--reverse", "--stdin", text="\n".join(known) + "\n"
    )
    place = {commit: number for number, commit in enumerate(listed.decode().split())}
    return sorted(known, key=place.__getitem__)


@contextmanager
def checked_out(repository: Path, name: str) -> Iterator[Revision]:
    """Put a revision into a folder for as long as the block lasts.

    The folder is an export, not a work tree that git knows of: an interrupted comparison leaves nothing
    behind in the repository, and several can run at once.

    Parameters
    ----------
    repository
        The project's folder.
    name
        A branch, tag or commit; `WORK_TREE` for the folder itself.

    Raises
    ------
    UserError
        There is no such revision. For the work tree there need not be one: without git it is unknown.
    """
    if name == WORK_TREE:
        yield _work_tree(repository)
        return
    commit = resolve(repository, name)
    with tempfile.TemporaryDirectory(prefix="revision-") as folder:
        # Otherwise the user's own line endings and attributes would change the files.
        settings = ("-c", "core.autocrlf=false", "-c", f"core.attributesFile={os.devnull}")
        with tarfile.open(fileobj=io.BytesIO(git.run(repository, *settings, "archive", commit))) as archive:
            archive.extraction_filter = DATA_FILTER
            archive.extractall(folder)  # noqa: S202  git made it
        yield Revision(commit[:12], commit, _time(repository, commit), Path(folder).resolve())


def _work_tree(repository: Path) -> Revision:
    """Describe the folder as it is."""
    try:
        git.check(repository)
        commit = resolve(repository, "HEAD")
        dirty = changed(repository)
        return Revision(
            commit[:12] + ("+" if dirty else ""), commit, _time(repository, commit), repository, dirty
        )
    except UserError as error:
        return Revision(git.UNKNOWN, git.UNKNOWN, "", repository, problem=str(error))


def _time(repository: Path, commit: str) -> str:
    """Return when a commit was made, in ISO 8601."""
    return git.run(repository, "show", "--no-patch", "--format=%cI", commit).decode().strip()


def interpreters(trees: tuple[Path, Path], folder: Path, note: Callable[[str], None]) -> tuple[str, str]:
    """Return the Python interpreter of each of two revisions.

    Where both pin the same packages, the environment this runs in serves both: only their code differs, and
    it is imported from their folders. Otherwise each gets an environment from its own lock.

    Parameters
    ----------
    trees
        The folders of the two revisions.
    folder
        Where environments are made, to be used again by the next comparison.
    note
        Takes a line about what is done.

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
