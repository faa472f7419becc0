"""Which rules a finished study runs again after an edit: dry runs from an edited copy of the code."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from running import due

pytestmark = pytest.mark.processes

STUDY = {
    *("data", "expand_plan", "sweep", "collect", "statistics", "flow", "phase", "minima", "claims"),
    *("sensitivity", "perturbation", "method", "comparisons", "experiments", "demonstrations"),
    *("figures_runs", "figures_methods", "figures_law", "page", "manifest"),
}
PAGES = {"page", "manifest"}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


NOTHING = {
    "a comment in the flow solver": ("kernels/flow.py", "\nimport ", "\n# Of arc length.\nimport "),
    "a word in a column's meaning": (
        "workflow/study/tables/columns.py",
        "Number of the run, from 0.",
        "Its number.",
    ),
    "a word in what a table's row is": (
        "workflow/study/runs/tables.py",
        "One run and target",
        "A run and target",
    ),
    "what is allowed, of a config key": (
        "workflow/study/config/sections.py",
        "a list of text; none for all",
        "a list of words; none for all",
    ),
    "an error's message": ("workflow/study/runs/draw.py", "which the study writes", "which we write"),
    "a docstring": ("workflow/study/statistics/pairs.py", '"""', '"""Of statistics. '),
    "the adapter's docstring": ("workflow/scripts/sweep.py", '"""Adapter', '"""The adapter'),
    "the layout of an expression": ("kernels/losses.py", "import ", "import  "),
}


def test_what_changes_no_result_runs_nothing(study: Path, tree: Path) -> None:
    """All at once, in one start of Snakemake: one edit cannot hide what another does."""
    for name, old, new in NOTHING.values():
        edit(tree / name, old, new)
    assert due(study, tree=tree) == set(), f"one of: {', '.join(NOTHING)}"


def test_files_touched_run_nothing(study: Path, tree: Path) -> None:
    (study / "mine.csv").write_text("a,label\n0,0\n1,1\n2,0\n3,1\n")
    for path in tree.rglob("*"):
        if path.is_file():
            os.utime(path)
    os.utime(study / "tiny.yaml")
    assert due(study, tree=tree) == set()


def test_another_revision_checked_out_and_back_runs_nothing(study: Path, tree: Path) -> None:
    git = ["git", "-C", str(tree), "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    for path in [*tree.glob("kernels/*.py"), *tree.glob("workflow/**/*.py"), *tree.glob("workflow/**/*.smk")]:
        path.write_text(path.read_text(encoding="utf-8") + "\nother = 1\n", encoding="utf-8")
    for words in (["commit", "-qam", "two"], ["checkout", "-q", "HEAD~1"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    assert due(study, tree=tree) == set()


def test_words_of_a_page_run_that_page_alone(study: Path, tree: Path) -> None:
    edit(tree / "workflow/study/templates/report.html", "</body>", "<!-- the end --></body>")
    assert due(study, tree=tree) == PAGES


def test_a_caption_runs_the_page_but_not_its_figure(study: Path, tree: Path) -> None:
    edit(tree / "workflow/study/figures/factor.py", "Drawn from the formulas.", "Drawn from the formulae.")
    assert due(study, tree=tree) == PAGES


REACH = {
    "a loss's formula": ("kernels/losses.py", "0.5 * wrong * wrong", "wrong * wrong", STUDY),
    "a statistic": (
        "workflow/study/statistics/aggregation.py",
        "def summary_tables(",
        "STEP = 3\n\n\ndef summary_tables(",
        {"statistics", "phase", "sensitivity", "perturbation", "claims"}
        | {"figures_runs", "figures_methods", "figures_law"}
        | PAGES,
    ),
    "an adapter": (
        "workflow/scripts/phase.py",
        "with job",
        "extra = 1\nwith job",
        {"phase", "figures_law"} | PAGES,
    ),
    "the choices that are changed": (
        "workflow/study/sensitivity/choices.py",
        "FACTOR: Final = 8.0",
        "FACTOR: Final = 16.0",
        {"sensitivity", "figures_law"} | PAGES,
    ),
    "how far a start is moved": (
        "workflow/study/sensitivity/perturbation.py",
        "NUDGE: Final = 1e-14",
        "NUDGE: Final = 1e-13",
        {"perturbation"} | PAGES,
    ),
}


@pytest.mark.parametrize("change", REACH)
def test_what_changes_a_result_runs_what_depends_on_it(study: Path, tree: Path, change: str) -> None:
    name, old, new, reached = REACH[change]
    edit(tree / name, old, new)
    assert due(study, tree=tree) == reached


def test_a_value_of_the_config_runs_what_depends_on_it(study: Path) -> None:
    found = due(study, "--config", "statistics={resamples: 198}")
    reached = {"statistics", "phase", "sensitivity", "perturbation", "claims", "comparisons"}
    reached |= {"experiments"}
    assert found == reached | {"figures_runs", "figures_methods", "figures_law"} | PAGES
