"""The shipped Snakefile, run for real in another folder with a small config."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from study import tables

ROOT = Path(__file__).parents[2]
TINY = """
seeds: {evaluation: 2, tuning: 1}
datasets:
  - {name: gaussian, separability: [2], n: 30}
initialisations:
  - name: zero
  - {name: wrong, scales: [1, 8]}
learning_rates: [1]
max_steps: 300
shards: 2
curves: {seeds: 1, points: 10}
statistics: {resamples: 199}
"""


def snakemake(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    command += ["--profile", str(ROOT / "profiles" / "default"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    (folder / "tiny.yaml").write_text(TINY)
    done = snakemake(folder, "--configfile", str(folder / "tiny.yaml"))
    assert done.returncode == 0, done.stderr
    return folder


def tiny(folder: Path, *words: str) -> str:
    done = snakemake(folder, *words, "--configfile", str(folder / "tiny.yaml"))
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_a_study_ends_in_its_tables_and_its_report(finished: Path) -> None:
    results = finished / "results"
    runs = tables.read("runs", results / "tables" / "runs.parquet")
    plan = tables.read("plan", results / "plan.parquet")
    assert len(runs) == 3 * len(plan)
    cells = tables.read("slowdown", results / "tables" / "slowdown.csv")
    assert set(cells["initialisation"]) == {"zero", "wrong"}
    assert "<title>" in (results / "report.html").read_text(encoding="utf-8")
    json.loads((results / "summary.json").read_text(encoding="utf-8"))
    assert {path.suffix for path in (results / "figures").iterdir()} == {".svg", ".png"}


def test_a_second_run_has_nothing_to_do(finished: Path) -> None:
    assert "Nothing to be done" in tiny(finished)


def test_the_report_alone_does_not_run_the_sweep_again(finished: Path) -> None:
    shutil.copytree(finished, finished.parent / "copy", dirs_exist_ok=True)
    copy = finished.parent / "copy"
    (copy / "results" / "report.html").unlink()
    said = tiny(copy, "-n", "report")
    assert "rule page" in said or "Writing the report" in said
    assert "Descending" not in said


def test_a_change_of_the_config_runs_what_depends_on_it(finished: Path) -> None:
    (finished / "more.yaml").write_text("statistics: {resamples: 198}")
    said = snakemake(finished, "-n", "--configfile", str(finished / "tiny.yaml"), str(finished / "more.yaml"))
    statistics = said.stdout + said.stderr
    assert "Estimating medians" in statistics
    assert "Descending" not in statistics
    assert "Descending" in tiny(finished, "-n", "--config", "max_steps=301")


def test_shards_do_not_change_a_byte(finished: Path) -> None:
    other = finished.parent / "other"
    shutil.rmtree(other, ignore_errors=True)
    other.mkdir()
    shutil.copy(finished / "tiny.yaml", other)
    tiny(other, "tables", "--config", "shards=3", "--cores", "1")
    for path in sorted((finished / "results" / "tables").iterdir()):
        assert tables.digest(path) == tables.digest(other / "results" / "tables" / path.name), path.name


def test_plan_and_help_print_what_they_promise(finished: Path) -> None:
    said = tiny(finished, "plan")
    for word in ("runs", "steps       at most", "sweep time"):
        assert word in said
    said = tiny(finished, "help")
    for word in ("snakemake -n", "snakemake tables", "snakemake report", "snakemake clean", "snakemake plan"):
        assert word in said


BAD = {
    "max_step=5": ("max_step", "max_steps"),
    "max_steps=0": ("max_steps", "from 1 to"),
    "losses=[mse,hinge]": ("losses", "hinge"),
    "seeds={evaluation: [1, 1]}": ("seeds.evaluation", "1"),
    "datasets=[{name: nowhere}]": ("datasets[0]", "nowhere"),
    "learning_rates=[]": ("learning_rates",),
    "initialisations=[{name: wrong, scales: [-1]}]": ("initialisations[0].scales", "-1"),
}


@pytest.mark.parametrize("change", BAD)
def test_a_bad_config_is_told_in_a_line_before_anything_runs(change: str, tmp_path: Path) -> None:
    done = snakemake(tmp_path, "--config", change)
    assert done.returncode != 0
    for word in BAD[change]:
        assert word in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "results").exists()


def test_a_bad_data_file_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("x,label\n1.0,0\n2.0,2\n")
    done = snakemake(tmp_path, "--config", "datasets=[{name: mine, file: mine.csv}]")
    assert done.returncode != 0
    assert "mine.csv" in done.stderr
    assert "label" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "results" / "tables").exists() or not list((tmp_path / "results" / "tables").iterdir())


def test_results_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file, not a folder")
    done = snakemake(tmp_path, "--config", "max_steps=10")
    assert done.returncode != 0
    assert "results" in done.stdout + done.stderr
