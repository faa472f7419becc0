"""Runs in the order of the commits that they measured: by ancestry, not by the committers' clocks.

Commits can share a second (a rebase makes many at once), and a clock can be wrong; the parents of a commit
are certain.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from pathlib import Path

import numpy as np

from study import git
from study.benchmarks import revisions
from study.benchmarks.runs import Run
from study.errors import UserError

__all__ = ["known", "ordered"]

_NAMELESS = {git.UNKNOWN, "unversioned"}  # the second is pytest-benchmark's own word

_NAMED = 5
"""The most commits that one line names."""


def ordered(runs: Sequence[Run], repository: Path) -> tuple[list[Run], list[str]]:
    """Put runs in the order of their commits.

    Parameters
    ----------
    runs
        In order of time, as `study.benchmarks.runs.read` gives them.
    repository
        The project's folder. Commits that are not in it are placed by their time.

    Returns
    -------
    runs
        In order of commit; of one commit first without changes, then with changes that were not committed,
        each in order of recording.
    notes
        Which commits were placed by time, and why.
    """
    here, why = _known(repository, {run.commit for run in runs})
    place = {commit: number for number, commit in enumerate(here)}
    times = {run.commit: run.committed for run in runs}
    moments = [times[commit] for commit in here]
    gaps = {time: _gap(moments, time) for time in {run.committed for run in runs if run.commit not in place}}

    def key(run: Run) -> tuple[int, str, str, bool, str, str]:
        if run.commit in place:
            return 2 * place[run.commit] + 1, "", "", run.dirty, run.recorded, run.file
        return 2 * gaps[run.committed], run.committed, run.commit, run.dirty, run.recorded, run.file

    return sorted(runs, key=key), _notes(runs, place, why)


def known(repository: Path, commits: Iterable[str]) -> list[str]:
    """Return the commits that the repository has, each after all its ancestors; none without git."""
    return _known(repository, commits)[0]


def _known(repository: Path, commits: Iterable[str]) -> tuple[list[str], str]:
    """Return what `known` returns, and why other commits may be missing."""
    try:
        found = revisions.by_ancestry(repository, commits)
        return found, "this clone is shallow: git fetch --unshallow brings more" * git.is_shallow(repository)
    except UserError as error:
        return [], str(error)


def _notes(runs: Sequence[Run], here: Container[str], why: str) -> list[str]:
    """Say which runs are placed by time."""
    elsewhere = sorted({run.commit for run in runs if run.commit not in here} - _NAMELESS)
    nameless = sum(run.commit in _NAMELESS for run in runs)
    out = []
    if elsewhere:
        named = ", ".join(commit[:12] for commit in elsewhere[:_NAMED]) + ", ..." * (len(elsewhere) > _NAMED)
        count = f"{len(elsewhere)} commits are" if len(elsewhere) > 1 else "1 commit is"
        out.append(f"{count} unknown here, so placed by time: {named}{f' ({why})' if why else ''}")
    if nameless:
        out.append(
            f"{nameless} {'runs are' if nameless > 1 else 'run is'} of an unknown revision, so placed by time"
        )
    return out


def _gap(moments: Sequence[str], time: str) -> int:
    """Find the place in a series of times where one more contradicts the fewest; it need not be sorted.

    It comes before equal times: what a shallow clone lacks is older than what it has.
    """
    series = np.array(moments, dtype=np.str_)
    later_before = np.concatenate([[0], np.cumsum(series > time)])
    earlier_after = np.concatenate([[0], np.cumsum(series < time)])
    return int((later_before + earlier_after[-1] - earlier_after).argmin())
