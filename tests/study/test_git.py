"""git is called in one way, whatever the user's settings and the folder; without git, what can work does."""

from __future__ import annotations

import ast
import json
import os
import shutil
import stat
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from projects import commit, git, project
from study import git as ours
from study.benchmarks import compare, record, revisions, runs
from study.errors import UserError

pytestmark = pytest.mark.integration

__all__ = ["project"]  # a fixture

ROOT = Path(__file__).parents[2]
SIGNATURE = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQEz\n -----END PGP SIGNATURE-----\n"


def work_tree(folder: Path) -> revisions.Revision:
    with revisions.checked_out(folder, revisions.WORK_TREE) as found:
        return found


def compared(folder: Path, base: str = "HEAD") -> None:
    compare.compare(
        folder,
        base,
        revisions.WORK_TREE,
        benchmarks=[],
        processes=2,
        count=2,
        margin=0.02,
        environments=folder / "environments",
        note=lambda _: None,
    )


@pytest.fixture
def signed(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a signed HEAD, and a user whose settings show signatures checked by another program."""
    checker = tmp_path / "gpg"
    checker.write_text("#!/bin/sh\necho 'gpg: Good signature from \"x\"' >&2\necho '[GNUPG:] GOODSIG 0 x'\n")
    checker.chmod(checker.stat().st_mode | stat.S_IXUSR)
    settings = tmp_path / "gitconfig"
    settings.write_text(f'[log]\nshowSignature = true\n[gpg]\nprogram = "{checker}"\n[color]\nui = always\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    head, _, message = git(project, "cat-file", "commit", "HEAD").partition("\n\n")
    made = subprocess.run(
        ["git", "-C", str(project), "hash-object", "-t", "commit", "-w", "--stdin"],
        input=f"{head}\n{SIGNATURE}\n{message}\n",
        capture_output=True,
        text=True,
        check=True,
    )
    git(project, "reset", "-q", "--soft", made.stdout.strip())
    assert "Good signature" in git(project, "show", "--no-patch", "--format=%cI")  # as the user sees it
    return project


@pytest.fixture
def inside(project: Path) -> Path:
    """An archive of the project, unpacked inside another repository."""
    folder = project / "vendor" / "unpacked"
    shutil.copytree(project, folder, ignore=shutil.ignore_patterns(".git", "vendor"))
    return folder


def without_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def test_a_user_who_wants_signatures_shown_gets_the_same_revision(signed: Path) -> None:
    found = work_tree(signed)
    assert datetime.fromisoformat(found.time)
    assert found.commit == git(signed, "rev-parse", "HEAD")
    with revisions.checked_out(signed, "HEAD") as head:
        assert head.time == found.time


def test_a_signed_head_is_recorded_and_in_the_history(signed: Path, tmp_path: Path) -> None:
    (signed / "kernels" / "new.py").write_text(
        ""
    )  # for a changed work tree the plugin named the commit by itself
    record.record(signed, tmp_path / "storage", revisions.WORK_TREE, ["test_work[1]"], lambda _: None)
    [run], problems = runs.read([tmp_path / "storage"])
    assert problems == []
    assert len(run.software["benchmarks"]) == 8
    assert (run.commit, run.dirty) == (git(signed, "rev-parse", "HEAD"), True)
    assert run.committed == datetime.fromisoformat(work_tree(signed).time).isoformat()


def test_untracked_files_count_as_changes_whatever_the_user_has_set(project: Path) -> None:
    git(project, "config", "status.showUntrackedFiles", "no")
    (project / "kernels" / "new.py").write_text("")
    assert work_tree(project).changed


def test_a_repository_of_another_owner_is_reported_in_the_words_of_git(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(
        UserError, match=r"dubious ownership.*git config --global --add safe\.directory"
    ) as error:
        compared(project)
    assert "\n" not in str(error.value)
    assert "dubious ownership" in work_tree(project).problem
    assert ours.described(project) == "unknown"


def test_a_shallow_clone_is_reported(project: Path, tmp_path: Path) -> None:
    old = git(project, "rev-parse", "HEAD")
    commit(project, seconds=0.002)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{project}", str(clone))
    for name in (old, "HEAD~1"):
        with pytest.raises(UserError, match=r"not a revision.*shallow.*git fetch --unshallow"):
            compared(clone, name)
    with pytest.raises(UserError, match="not a revision") as error:
        compared(project, "a" * 40)
    assert "shallow" not in str(error.value)


def test_an_ambiguous_revision_is_reported_in_the_words_of_git(project: Path) -> None:
    commits = (
        f"commit refs/heads/many\ncommitter x <x@localhost> {n} +0000\ndata 0\n\n" for n in range(1500)
    )
    git(project, "fast-import", "--quiet", text="".join(commits))
    starts = [name[:4] for name in git(project, "rev-list", "many").split()]
    short = next(start for start in starts if starts.count(start) > 1)
    with pytest.raises(UserError, match="is ambiguous"):
        revisions.resolve(project, short)


def test_an_archive_inside_another_repository_is_not_taken_for_it(inside: Path, project: Path) -> None:
    assert work_tree(inside).commit == "unknown"
    assert f"it is inside another one, {project}" in work_tree(inside).problem
    assert ours.described(inside) == "unknown"
    assert ours.described(project) != "unknown"
    with pytest.raises(
        UserError, match=r"'HEAD' cannot be found: .*not a git repository of its own"
    ) as error:
        compared(inside)
    assert "\n" not in str(error.value)


def test_without_git_a_comparison_says_so_in_a_line(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_git(monkeypatch, tmp_path)
    with pytest.raises(UserError, match=r"^revision 'HEAD' cannot be found: git is not installed"):
        compared(project)
    assert ours.described(project) == "unknown"


@pytest.mark.parametrize("why", ["no git", "no commit", "another repository"])
def test_a_run_can_be_recorded_without_a_revision(
    why: str, project: Path, inside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = inside if why == "another repository" else project
    if why == "no commit":
        shutil.rmtree(project / ".git")
        git(project, "init", "-q")
    if why == "no git":
        without_git(monkeypatch, tmp_path)
    notes: list[str] = []
    file = record.record(folder, tmp_path / "storage", revisions.WORK_TREE, ["test_work[1]"], notes.append)
    assert [line for line in notes if "recorded with an unknown revision" in line]
    info = json.loads(file.read_text())["commit_info"]
    assert (info["id"], info["time"], info["dirty"]) == ("unknown", None, False)
    [run], problems = runs.read([tmp_path / "storage"])
    assert (run.label, run.committed, problems) == ("unknown", run.recorded, [])


def test_a_hook_of_another_repository_does_not_lead_astray(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # git sets these for its hooks: a comparison started by a hook must still be of this folder
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    head = git(project, "rev-parse", "HEAD")
    for name, value in {
        "GIT_DIR": str(other / ".git"),
        "GIT_INDEX_FILE": "x",
        "GIT_LITERAL_PATHSPECS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    found = work_tree(project)
    assert (found.commit, found.changed) == (head, False)


def test_an_exported_revision_has_its_own_bytes(project: Path) -> None:
    git(project, "config", "core.autocrlf", "true")
    with revisions.checked_out(project, "HEAD") as found:
        assert b"\r" not in (found.tree / "kernels" / "__init__.py").read_bytes()


def test_looking_leaves_no_trace_in_the_repository(project: Path) -> None:
    index = project / ".git" / "index"
    # `git status` would record in the index that the file is the same.
    os.utime(project / "kernels" / "__init__.py", (1, 1))
    before = index.read_bytes()
    work_tree(project)
    ours.described(project)
    assert index.read_bytes() == before


def test_git_is_called_in_one_place() -> None:
    calling = {
        path.name
        for path in (ROOT / "workflow").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value == "git"
    }
    assert calling == {"git.py"}
