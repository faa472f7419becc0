"""Fingerprints of code: what counts, what does not, and how far they reach."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from study import remembered
from study.figures import FIGURES, PARTS
from study.provenance import fingerprints
from study.provenance.fingerprints import fingerprint, modules, templates

ROOT = Path(__file__).parents[2]

TREE = {
    "scripts/job.py": "import kernels\nfrom study import top\n\ntop.run(kernels.one())\n",
    "study/__init__.py": "",
    "study/top.py": (
        "from typing import TYPE_CHECKING\nfrom study.rows import Row, named as call\n\n"
        "if TYPE_CHECKING:\n    from study import typed\n\n"
        "ROWS = [Row('a', 'what a means'), Row(name='b', meaning=f'what {1 + 1} means')]\n\n\n"
        "def run(x):\n    '''Run.'''\n    from study.late import late\n\n    return late(call(x, 'said'))\n"
    ),
    "study/rows.py": (
        "from study.prose import Prose\n\n\nclass Row:\n    name: str\n    meaning: Prose = 'none'\n\n\n"
        "def named(x, message: Prose):\n    return x\n"
    ),
    "study/prose.py": "Prose = str\n",
    "study/late.py": "def late(x):\n    return x\n",
    "study/typed.py": "A = 1\n",
    "kernels/__init__.py": (
        "from importlib import import_module\n\n_HOMES = {'one': 'first', 'two': 'second'}\n"
        "__all__ = ['one', 'two']\n\n\n"
        "def __getattr__(name):\n    return getattr(import_module(f'kernels.{_HOMES[name]}'), name)\n"
    ),
    "kernels/first.py": "def one():\n    return 1\n",
    "kernels/second.py": "def two():\n    return 2\n",
}

Edit = Callable[[str, str, str], None]


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edit:
    """A small tree of source files in place of ours; returns a function that edits one."""
    for name, text in TREE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(
        fingerprints, "FOLDERS", {name: tmp_path / name for name in ("study", "kernels", "scripts")}
    )

    def forget() -> None:
        for function in vars(fingerprints).values():
            if hasattr(function, "cache_clear"):
                function.cache_clear()

    def change(name: str, old: str, new: str) -> None:
        text = (tmp_path / name).read_text()
        assert old in text
        (tmp_path / name).write_text(text.replace(old, new, 1))
        forget()

    forget()
    yield change
    forget()


def test_modules_are_those_that_run(edit: Edit) -> None:
    assert set(modules("job")) == {
        *("scripts.job", "study", "study.top", "study.rows", "study.prose", "study.late"),
        *("kernels", "kernels.first"),
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import kernels\n", "from kernels import two\nimport kernels\n"),
        ("kernels.one()", "kernels.one(), kernels.two()"),
        ("kernels.one()", "vars(kernels)"),
        ("import kernels\n", "from kernels import *\nimport kernels\n"),
        ("import kernels\n", "import kernels.second\nimport kernels\n"),
    ],
)
def test_of_a_lazy_package_what_is_used_runs(edit: Edit, old: str, new: str) -> None:
    edit("scripts/job.py", old, new)
    assert "kernels.second" in modules("job")


SAME = [
    ("study/top.py", "ROWS", "# a comment\nROWS"),
    ("study/top.py", "'''Run.'''", "'''Run it.'''"),
    ("study/top.py", "'''Run.'''\n    ", ""),
    ("study/top.py", "'what a means'", "'another meaning'"),
    ("study/top.py", "f'what {1 + 1} means'", "'another meaning'"),
    ("study/top.py", "'said'", "'told'"),
    ("study/top.py", "return late(call(x, 'said'))", "return late(\n        call(x, 'said')\n    )"),
    ("study/top.py", "from study import typed", "from study import late"),
    ("study/rows.py", "'none'", "'nothing'"),
    ("study/typed.py", "1", "2"),
    ("kernels/second.py", "2", "3"),
    ("kernels/__init__.py", "'two': 'second'", "'two': 'second', 'three': 'second'"),
]


@pytest.mark.parametrize(("name", "old", "new"), SAME)
def test_what_changes_no_result_does_not_count(edit: Edit, name: str, old: str, new: str) -> None:
    before = fingerprint("job")
    edit(name, old, new)
    assert fingerprint("job") == before


OTHER = [
    ("scripts/job.py", "kernels.one()", "-kernels.one()"),
    ("study/top.py", "Row('a'", "Row('c'"),
    ("study/top.py", "call(x, 'said')", "call(-x, 'said')"),
    ("study/top.py", "'''Run.'''", "x = 'Run.'"),
    ("study/rows.py", "meaning: Prose", "meaning: str"),
    ("study/late.py", "return x", "return -x"),
    ("kernels/first.py", "return 1", "return 1.0"),
    ("kernels/__init__.py", "'one': 'first'", "'one': 'second'"),
]


@pytest.mark.parametrize(("name", "old", "new"), OTHER)
def test_what_may_change_a_result_counts(edit: Edit, name: str, old: str, new: str) -> None:
    before = fingerprint("job")
    edit(name, old, new)
    assert fingerprint("job") != before


def test_prose_counts_where_it_is_shown(edit: Edit) -> None:
    before = fingerprint("job", ["study.rows.Row"])
    edit("study/top.py", "'said'", "'told'")
    assert fingerprint("job", ["study.rows.Row"]) == before
    edit("study/top.py", "'what a means'", "'another meaning'")
    assert fingerprint("job", ["study.rows.Row"]) != before


@pytest.mark.integration
@pytest.mark.parametrize("script", ["sweep", "page", "history"])
def test_all_that_an_adapter_imports_counts(script: str) -> None:
    """The oracle is the interpreter: what is loaded by the adapter's imports, without deferred ones."""
    text = ast.parse((ROOT / "workflow" / "scripts" / f"{script}.py").read_text())
    imports = [
        node
        for node in text.body
        if isinstance(node, ast.Import | ast.ImportFrom) and "job" not in ast.unparse(node)
    ]
    program = "\n".join([*map(ast.unparse, imports), "import sys", "print(*sys.modules)"])
    path = os.pathsep.join(map(str, (ROOT, ROOT / "workflow")))
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    loaded = {name for name in done.stdout.split() if name.partition(".")[0] in {"study", "kernels"}}
    assert loaded <= set(modules(script))


def test_templates_are_those_that_are_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(fingerprints.pages.TEMPLATES, tmp_path / "templates")
    monkeypatch.setattr(fingerprints.pages, "TEMPLATES", tmp_path / "templates")
    jobs = {name: templates(name) for name in ("page", "history", "data")}
    for name, reached in (
        ("report.css", {"page", "history"}),
        ("explorer.js", {"page"}),
        ("history.html", {"history"}),
    ):
        (tmp_path / "templates" / name).write_text("other")
        now = {name: templates(name) for name in jobs}
        assert {job for job in jobs if now[job] != jobs[job]} == reached
        jobs = now


@pytest.fixture
def starts(edit: Edit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A function that makes this process remember what a new one would, in a folder of its own."""
    (tmp_path / ".snakemake").mkdir()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study/templates").mkdir()
    (tmp_path / "study/templates/page.html").write_text("a page")

    def start() -> None:
        remembered._code.cache_clear()
        remembered._known.cache_clear()

    start()
    yield start
    start()


def unread(*_: object) -> str:
    raise AssertionError("read from the code")


def test_what_is_remembered_is_what_the_code_says(
    edit: Edit, starts: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = remembered.fingerprint("job", ["study.rows.Row"])
    assert first == fingerprint("job", ["study.rows.Row"]) != fingerprint("job")
    assert remembered.fingerprint("job") == fingerprint("job")
    starts()
    monkeypatch.setattr(fingerprints, "fingerprint", unread)
    assert remembered.fingerprint("job", ["study.rows.Row"]) == first


@pytest.mark.parametrize(
    "name", ["study/late.py", "kernels/second.py", "scripts/job.py", "study/templates/page.html"]
)
def test_nothing_is_remembered_of_other_code(edit: Edit, starts: Callable[[], None], name: str) -> None:
    remembered.fingerprint("job")
    with Path(name).open("a") as file:
        file.write("later = 2\n")
    edit("study/prose.py", "str", "str")  # forgets what this process has read
    starts()
    assert remembered._known(Path.cwd()) == {}
    assert remembered.fingerprint("job") == fingerprint("job")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"of": 1}', "\0"])
def test_a_damaged_memory_is_no_memory(edit: Edit, starts: Callable[[], None], content: str) -> None:
    Path(".snakemake/remembered.json").write_text(content)
    assert remembered.fingerprint("job") == fingerprint("job")


def test_where_nothing_can_be_written_nothing_is_remembered(edit: Edit, starts: Callable[[], None]) -> None:
    Path(".snakemake").rmdir()
    Path(".snakemake").touch()
    assert remembered.fingerprint("job") == fingerprint("job")


def test_figures_are_remembered_in_the_order_of_the_report(starts: Callable[[], None]) -> None:
    for found in (remembered.drawn(), starts() or remembered.drawn()):
        assert list(found) == list(FIGURES)
        for name, entry in FIGURES.items():
            assert found[name]["title"] == entry.title
            assert found[name]["tables"] == list(entry.tables)
            assert name in PARTS[found[name]["part"]]
