"""Runs in the order of their commits, in real repositories, whatever the clocks showed."""

from __future__ import annotations

from pathlib import Path

import pytest
import recorded
from hypothesis import given
from hypothesis import strategies as st
from projects import git
from study.benchmarks import ancestry, history, history_page, runs

SECOND = 1_767_225_600  # 2026-01-01


def repository(folder: Path, times: list[int]) -> list[str]:
    """A repository with a line of commits, made at these times; its commits, the first one first."""
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    stream = "".join(
        f"commit refs/heads/main\ncommitter x <x@localhost> {time} +0000\ndata {len(str(n))}\n{n}\n\n"
        for n, time in enumerate(times)
    )
    git(folder, "fast-import", "--quiet", text=stream)
    return git(folder, "rev-list", "--reverse", "main").split()


def stored(
    storage: Path, commits: list[str], times: list[int], *, slower_from: int = 10**9, dirty: bool = False
) -> None:
    """A run of each commit, in random order."""
    for number, (commit, time) in enumerate(zip(commits, times, strict=True)):
        content = recorded.run(number, factor=1.2 if number >= slower_from else 1.0)
        content["commit_info"] = {"id": commit, "time": _iso(time), "dirty": dirty}
        recorded.store(storage, number + 1000 * dirty, content)


def _iso(time: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(time, UTC).isoformat()


def ordered(storage: Path, folder: Path) -> tuple[list[runs.Run], list[str]]:
    found, problems = runs.read([storage])
    assert not problems
    return ancestry.ordered(found, folder)


@pytest.mark.parametrize("clock", ["one second", "backwards", "forwards"])
def test_commits_are_ordered_by_ancestry_and_changes_found_where_they_are(clock: str, tmp_path: Path) -> None:
    times = [SECOND + {"one second": 0, "backwards": -n, "forwards": n}[clock] for n in range(40)]
    commits = repository(tmp_path / "project", times)
    stored(tmp_path / "storage", commits, times, slower_from=20)
    found, notes = ordered(tmp_path / "storage", tmp_path / "project")
    assert [run.commit for run in found] == commits
    assert notes == []
    steps = [
        change for change in history.found_changes(history.table(found)) if "[kernels-" in change.benchmark
    ]
    assert steps
    for change in steps:
        assert (change.before, change.commit) == (commits[19][:12], commits[20][:12])
        assert change.ratio == pytest.approx(1.2, rel=0.03)


def test_the_latest_change_is_that_of_the_latest_commit(tmp_path: Path) -> None:
    times = [SECOND - n for n in range(60)]
    commits = repository(tmp_path / "project", times)
    for number, commit in enumerate(commits):
        content = recorded.run(number, factor=1.2 if 20 <= number < 40 else 1.0)
        content["commit_info"] = {"id": commit, "time": _iso(times[number]), "dirty": False}
        recorded.store(tmp_path / "storage", number, content)
    changes = history.found_changes(history.table(ordered(tmp_path / "storage", tmp_path / "project")[0]))
    assert [change.order for change in changes] == sorted((change.order for change in changes), reverse=True)
    assert {change.commit for change in changes[:2]} == {commits[40][:12]}


def test_a_branch_comes_after_what_it_started_from_and_before_what_it_is_merged_into(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    first, second = repository(folder, [SECOND, SECOND])
    tree = git(folder, "mktree")
    dated = ("-c", "user.name=x", "-c", "user.email=x@localhost")
    side = git(folder, *dated, "commit-tree", tree, "-p", first, "-m", "side")
    merge = git(folder, *dated, "commit-tree", tree, "-p", second, "-p", side, "-m", "merge")
    commits = [merge, side, second, first]
    stored(tmp_path / "storage", commits, [SECOND] * 4)
    place = [run.commit for run in ordered(tmp_path / "storage", folder)[0]]
    assert place[0] == first
    assert place[-1] == merge
    assert sorted(place) == sorted(commits)


def test_changes_that_were_not_committed_come_after_their_commit(tmp_path: Path) -> None:
    times = [SECOND] * 6
    commits = repository(tmp_path / "project", times)
    stored(tmp_path / "storage", commits, times, dirty=True)
    stored(tmp_path / "storage", commits, times)
    labels = [run.label for run in ordered(tmp_path / "storage", tmp_path / "project")[0]]
    assert labels == [commit[:12] + mark for commit in commits for mark in ("", "+")]


def test_commits_that_are_unknown_here_are_placed_by_time_and_reported(tmp_path: Path) -> None:
    times = [SECOND + 10 * n for n in range(8)]
    commits = repository(tmp_path / "project", times)
    elsewhere = {recorded.commit(n): SECOND + 10 * n + 5 for n in (2, 4)}
    stored(tmp_path / "storage", [*commits, *elsewhere], [*times, *elsewhere.values()])
    found, [note] = ordered(tmp_path / "storage", tmp_path / "project")
    expected = [*commits[:3], recorded.commit(2), *commits[3:5], recorded.commit(4), *commits[5:]]
    assert [run.commit for run in found] == expected
    assert note.startswith("2 commits are unknown here, so placed by time: ")
    assert all(commit[:12] in note for commit in elsewhere)
    text = history_page.page(history.table(found), [], [note])
    assert note in text


def test_a_shallow_clone_says_why_commits_are_unknown(tmp_path: Path) -> None:
    times = [SECOND] * 5
    commits = repository(tmp_path / "project", times)
    stored(tmp_path / "storage", commits, times)
    git(tmp_path, "clone", "-q", "--depth=2", f"file://{tmp_path / 'project'}", "clone")
    found, [note] = ordered(tmp_path / "storage", tmp_path / "clone")
    assert "3 commits are unknown here" in note
    assert "git fetch --unshallow" in note
    assert [run.commit for run in found[-2:]] == commits[-2:]


def test_without_git_the_order_is_that_of_time_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = [SECOND + n for n in range(5)]
    commits = repository(tmp_path / "project", times)
    stored(tmp_path / "storage", commits, times)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    found, [note] = ordered(tmp_path / "storage", tmp_path / "project")
    assert [run.commit for run in found] == commits
    assert "git is not installed" in note


def test_runs_without_a_revision_are_placed_each_by_its_own_time(tmp_path: Path) -> None:
    times = [SECOND + 10 * n for n in range(4)]
    commits = repository(tmp_path / "project", times)
    stored(tmp_path / "storage", commits, times)
    for number, time in ((10, SECOND + 5), (11, SECOND + 25)):
        content = recorded.run(number, datetime=_iso(time))
        content["commit_info"] = {"id": "unknown", "time": None, "dirty": False}
        recorded.store(tmp_path / "storage", number, content)
    found, [note] = ordered(tmp_path / "storage", tmp_path / "project")
    assert [run.commit for run in found] == [commits[0], "unknown", *commits[1:3], "unknown", commits[3]]
    assert note == "2 runs are of an unknown revision, so placed by time"


@given(st.lists(st.integers(0, 99), unique=True, max_size=20), st.integers(0, 99))
def test_among_clocks_that_are_right_a_time_finds_its_place(times: list[int], time: int) -> None:
    series = [f"{t:02d}" for t in sorted(times)]
    gap = ancestry._gap(series, f"{time:02d}")
    assert sorted([*series, f"{time:02d}"]) == [*series[:gap], f"{time:02d}", *series[gap:]]


def test_one_clock_that_is_wrong_does_not_draw_others_to_it() -> None:
    assert ancestry._gap(["10", "99", "11", "12", "13", "14"], "13") == 4
    assert ancestry._gap(["10", "11", "12", "00", "13"], "11") == 1
