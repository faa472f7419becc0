"""Two revisions of a small made-up project, compared for real: git, processes and all."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from projects import KERNELS, commit, git, project
from study.benchmarks import compare as compare_commits
from study.benchmarks import revisions, verdicts
from study.benchmarks.tables import COMPARISON
from study.errors import UserError
from study.tables import store

pytestmark = pytest.mark.processes

__all__ = ["project"]  # a fixture


def compared(project: Path, base: str, head: str, **options) -> compare_commits.Comparison:
    given = {"benchmarks": [], "processes": 2, "count": 3, "margin": 0.02} | options
    environments = project.parent / "environments"
    return compare_commits.compare(
        project, base, head, environments=environments, note=lambda _: None, **given
    )


def test_a_slower_revision_is_called_slower_and_fails_beyond_the_threshold(project: Path) -> None:
    base = git(project, "rev-parse", "HEAD")
    head = commit(project, seconds=0.004)
    found = compared(project, base, head, processes=5, benchmarks=["[1]"])
    [(name, finding)] = found.findings.items()
    assert name == "tests/bench/test_work.py::test_work[1]"
    assert finding.verdict == "slower"
    assert finding.ratio > 2
    assert found.failures(0.05) == [name]
    assert found.failures(100.0) == []
    assert "slower" in compare_commits.report(found)


def test_options_of_a_pytest_around_it_do_not_change_what_is_compared(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--deselect=tests/bench/test_work.py")
    assert list(compared(project, "HEAD", "HEAD", benchmarks=["[1]"]).findings) == [
        "tests/bench/test_work.py::test_work[1]"
    ]


def test_what_cannot_be_compared_is_reported_and_the_rest_is_compared(project: Path) -> None:
    base = git(project, "rev-parse", "HEAD")
    head = commit(project, seconds=0.001, name="renamed")
    (project / "tests/bench/test_same.py").write_text("def test_same(benchmark):\n    benchmark(sum, [1])\n")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "x")
    git(project, "checkout", "-q", base)
    (project / "tests/bench/test_same.py").write_text("def test_same(benchmark):\n    benchmark(sum, [1])\n")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "x")
    found = compared(project, "HEAD", "main")
    assert head != base
    notes = "\n".join(found.notes)
    assert list(found.findings) == ["tests/bench/test_same.py::test_same"]
    assert "only in base: tests/bench/test_work.py::test_work[1] (did you mean" in notes
    assert "only in head: tests/bench/test_work.py::test_renamed[2]" in notes
    assert "test_skipped: Skipped: needs what is not here" in notes
    assert "test_broken" in notes
    assert "ZeroDivisionError" in notes
    assert "test_times_nothing: times nothing" in notes
    assert "nothing can be called slower or faster" in notes


def test_a_benchmark_that_fails_in_a_later_round_is_left_out_alone(project: Path) -> None:
    flaky = "calls = []\ndef step():\n    calls.append(1)\n    assert len(calls) < 4\n"
    (project / "tests/bench/test_flaky.py").write_text(
        flaky + "def test_flaky(benchmark):\n    benchmark(step)\n"
    )
    found = compared(project, "HEAD", revisions.WORK_TREE, benchmarks=["test_work"])
    assert len(found.findings) == 2
    git(project, "add", "-A")
    git(project, "commit", "-qm", "x")
    found = compared(project, "HEAD", "HEAD", benchmarks=["flaky", "test_work["])
    assert len(found.findings) == 2
    assert "not compared: tests/bench/test_flaky.py::test_flaky" in "\n".join(found.notes)


def test_a_dirty_work_tree_is_reported_and_can_be_measured(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    assert "same commit" in "\n".join(
        compared(project, "HEAD", revisions.WORK_TREE, benchmarks=["[1]"]).notes
    )
    code = project / "kernels" / "__init__.py"
    before = code.stat()
    code.write_text(KERNELS.format(seconds=0.003))
    os.utime(
        code, ns=(before.st_atime_ns, before.st_mtime_ns)
    )  # the same size and second: old bytecode would pass for new
    found = compared(project, "HEAD", revisions.WORK_TREE, benchmarks=["[1]"])
    assert found.head.endswith("+")
    assert "measured with its changes" in "\n".join(found.notes)
    assert next(iter(found.findings.values())).ratio > 1.5
    assert "in neither side" in "\n".join(compared(project, "HEAD", "HEAD", benchmarks=["[1]"]).notes)


def test_an_unknown_revision_is_reported(project: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"'mian' is not a revision .*did you mean 'main'"):
        compared(project, "mian", "HEAD")
    with pytest.raises(UserError, match="not a revision"):
        revisions.resolve(project, "--all")
    with pytest.raises(UserError, match="not a git repository"):
        revisions.resolve(tmp_path, "HEAD")


def test_no_common_benchmark_is_reported(project: Path) -> None:
    with pytest.raises(UserError, match="no benchmark in common"):
        compared(project, "HEAD", "HEAD", benchmarks=["no such word"])


def test_a_revision_that_cannot_be_imported_is_reported_with_its_own_words(project: Path) -> None:
    (project / "kernels" / "__init__.py").write_text("raise RuntimeError('out of order')")
    with pytest.raises(UserError, match="out of order"):
        compared(project, "HEAD", revisions.WORK_TREE)


def test_nothing_is_left_behind_in_the_repository(project: Path) -> None:
    before = git(project, "status", "--porcelain", "--ignored"), git(project, "worktree", "list")
    compared(project, "HEAD", "HEAD", benchmarks=["[1]"])
    after = git(project, "status", "--porcelain", "--ignored"), git(project, "worktree", "list")
    assert after[1] == before[1]
    assert after[0] == before[0]


def test_equal_locks_share_the_environment_and_others_get_their_own(project: Path, tmp_path: Path) -> None:
    notes: list[str] = []
    other = tmp_path / "other"
    other.mkdir()
    (other / "requirements.lock").write_text("")
    assert revisions.interpreters((project, other), tmp_path / "e", notes.append) == (
        sys.executable,
        sys.executable,
    )
    (other / "requirements.lock").write_text("# other\n")
    pythons = revisions.interpreters((project, other), tmp_path / "e", notes.append)
    assert len(set(pythons)) == 2
    for python in pythons:
        assert subprocess.run([python, "-c", "pass"], check=True).returncode == 0
    count = len(notes)
    revisions.interpreters((project, other), tmp_path / "e", notes.append)
    assert len(notes) == count + 1  # found again, not installed again
    (other / "requirements.lock").write_text("nothing-of-that-name==1.0\n")
    with pytest.raises(UserError, match=r"requirements\.lock of other cannot be installed"):
        revisions.interpreters((project, other), tmp_path / "e", notes.append)


def test_every_process_takes_part_in_every_round_in_random_order() -> None:
    class Side:
        def __init__(self, number: int) -> None:
            self.number = number

        def ready(self, _name: str) -> dict:
            return {"event": "ready", "sample_steps": None}

        def seconds(self) -> float:
            turns.append(self.number)
            return float(self.number + 1)

        def send(self, message: str) -> None:
            assert message == "stop"

    turns: list[int] = []
    seconds = compare_commits.measure([Side(k) for k in range(6)], "x", 5, random.Random(0), repeats=2)
    assert [part.tolist() for part in seconds] == [[[1.0, 2, 3, 4, 5, 6]] * 5] * 2
    rounds = [turns[6 * k : 6 * k + 6] for k in range(10)]
    assert all(sorted(turn) == list(range(6)) for turn in rounds)
    assert len({tuple(turn) for turn in rounds}) > 5


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    samples = {"a::b": (rng.uniform(1, 2, (5, 4)), rng.uniform(1, 2, (5, 4)))}
    found = compare_commits.judged(samples, "x", "y+", ["a note"], 0.02)
    compare_commits.write(found, tmp_path / "c.csv", tmp_path / "c.json")
    row = store.read(COMPARISON, tmp_path / "c.csv").iloc[0]
    assert row["ratio"] == found.findings["a::b"].ratio
    assert verdicts.least_p(4) > verdicts.ALPHA
    assert "note: a note" in compare_commits.report(found)
