"""The shipped Snakefile, run for real in another folder with a small config."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from study.benchmarks import runs as benchmarks
from study.benchmarks.tables import HISTORY
from study.catalogue import TABLES
from study.files import digest
from study.provenance import fingerprints
from study.tables import store

sys.path.insert(0, str(Path(__file__).parents[1] / "study"))

import recorded
from running import snakemake, tiny

pytestmark = pytest.mark.processes


def test_a_study_ends_in_its_tables_and_its_report(finished: Path) -> None:
    results = finished / "results"
    runs = store.read(TABLES["runs"], results / "tables" / "runs.parquet")
    plan = store.read(TABLES["plan"], results / "plan.parquet")
    assert len(runs) == plan[["target_accuracy", "target_brier", "target_logloss"]].notna().to_numpy().sum()
    cells = store.read(TABLES["slowdown"], results / "tables" / "slowdown.csv")
    assert set(cells["initialisation"]) == {"zero", "wrong", "sure_wrong"}
    assert "<title>" in (results / "report.html").read_text(encoding="utf-8")
    assert (results / "report.md").read_text(encoding="utf-8").startswith("# How much slower")
    json.loads((results / "summary.json").read_text(encoding="utf-8"))
    assert {path.suffix for path in (results / "figures").iterdir()} == {".svg", ".png", ".pdf"}


def test_a_study_ends_in_verdicts(finished: Path) -> None:
    results = finished / "results" / "tables"
    judged = store.read(TABLES["claims"], results / "claims.csv").set_index("claim")
    assert len(judged) == 22
    assert judged.loc[["A1", "R4", "R9", "N3"], "verdict"].tolist() == [
        "fails",
        "holds",
        "holds in the limit",
        "holds",
    ]
    # Two data seeds are few, but one run that arrives refutes that none can.
    runs = store.read(TABLES["runs"], results / "runs.parquet")
    mse = runs[(runs["loss"] == "mse") & (runs["step"] != 0)]
    some = mse[(mse["target"] == "accuracy")]["status"].eq("reached").sum()
    assert judged.loc["A4", "verdict"] == ("fails" if some else "holds")
    assert f"reached by {some} of" in judged.loc["A4", "evidence"]
    assert store.read(TABLES["minima"], results / "minima.csv")["loss"].eq("mse").sum() == 6


def test_a_second_run_has_nothing_to_do(finished: Path) -> None:
    assert "Nothing to be done" in tiny(finished)


def test_the_report_alone_does_not_run_the_sweep_again(finished: Path) -> None:
    shutil.copytree(finished, finished.parent / "copy", dirs_exist_ok=True)
    copy = finished.parent / "copy"
    (copy / "results" / "report.html").unlink()
    output = tiny(copy, "-n", "report")
    assert "rule page" in output or "Writing the report" in output
    assert "Descending" not in output


def test_clean_removes_what_a_run_made(finished: Path) -> None:
    copy = finished.parent / "clean"
    shutil.copytree(finished, copy)
    (copy / "results" / "reference").mkdir()
    tiny(copy, "clean")
    left = {path.name for path in (copy / "results").iterdir()}
    assert left - {"clean.log"} == {"reference"}  # Snakemake makes the log of the job again, empty


def test_a_change_of_the_config_runs_what_depends_on_it(finished: Path) -> None:
    (finished / "more.yaml").write_text("statistics: {resamples: 198}")
    output = snakemake(
        finished, "-n", "--configfile", str(finished / "tiny.yaml"), str(finished / "more.yaml")
    )
    statistics = output.stdout + output.stderr
    assert "Estimating medians" in statistics
    assert "Descending" not in statistics
    assert "Descending" in tiny(finished, "-n", "--config", "max_steps=301")


@pytest.mark.slow
def test_shards_do_not_change_a_byte(finished: Path) -> None:
    other = finished.parent / "other"
    shutil.rmtree(other, ignore_errors=True)
    other.mkdir()
    shutil.copy(finished / "tiny.yaml", other)
    tiny(other, "tables", "--config", "shards=3", "--cores", "1")
    for path in sorted((finished / "results" / "tables").iterdir()):
        assert digest(path) == digest(other / "results" / "tables" / path.name), path.name


def test_every_artifact_is_in_the_manifest_with_what_it_was_made_from(finished: Path) -> None:
    found = json.loads((finished / "results" / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    results = finished / "results"
    made = [
        *results.glob("*/*.parquet"),
        *results.glob("tables/*"),
        *results.glob("figures/*"),
        results / "report.html",
    ]
    for path in made:
        assert found[str(path.relative_to(finished))]["sha256"] == digest(path)
    inputs = found["results/shards/0.runs.parquet"]["inputs"]
    assert {"results/plan.parquet", "results/data/arrays.npz"} <= set(inputs)
    assert found["results/shards/0.runs.parquet"]["code"] == fingerprints.fingerprint("sweep")
    assert not any(name.startswith("/") for entry in found.values() for name in entry["inputs"])


def test_a_config_without_a_reference_is_reported(finished: Path) -> None:
    done = snakemake(finished, "verify", "--configfile", str(finished / "tiny.yaml"))
    assert done.returncode != 0
    assert "No reference for this config" in done.stderr


def test_a_damaged_table_is_named_and_made_again(study: Path) -> None:
    path = study / "results" / "tables" / "decomposition.csv"
    expected = digest(path)
    path.write_bytes(path.read_bytes()[:-20])
    output = tiny(study, "--until", "statistics")
    assert "results/tables/decomposition.csv: edited or damaged" in output
    assert digest(path) == expected


def test_numbers_inside_a_value_of_the_command_line_are_numbers(finished: Path) -> None:
    output = tiny(finished, "-n", "--config", "statistics={resamples: 198}")
    assert "Estimating medians" in output
    done = snakemake(finished, "-n", "--config", "statistics={resamples: 1}")
    assert "statistics.resamples: 1 is not allowed" in done.stderr


def test_plan_and_help_print_what_they_promise(finished: Path) -> None:
    output = tiny(finished, "plan")
    for word in ("runs", "steps       at most", "methods", "gradient flow", "total time"):
        assert word in output
    output = tiny(finished, "help")
    for word in ("snakemake -n", "snakemake tables", "snakemake report", "snakemake clean", "snakemake plan"):
        assert word in output


def test_the_history_is_drawn_from_the_runs_there_are(tmp_path: Path) -> None:
    storage = tmp_path / "results" / "benchmarks"
    recorded.store(storage, 1, recorded.run(1))
    bad = recorded.store(storage, 2, json.dumps(recorded.run(2))[:500])
    bad.with_name("folder.json").mkdir()
    bad.with_name("link.json").symlink_to("nowhere")
    bad.with_name("{braces}.json").write_text(json.dumps(recorded.run(4)))
    done = snakemake(tmp_path, "history")
    assert done.returncode == 0, done.stderr
    for word in (
        "0002_",
        "cut short",
        "folder.json: left out",
        "link.json: left out",
        "unknown here, so placed by time",
    ):
        assert word in done.stderr
        assert word in (tmp_path / "results" / "logs" / "draw_history.log").read_text()
        assert word in (tmp_path / "results" / "history.html").read_text()
    rows = store.read(HISTORY, tmp_path / "results" / "tables" / "history.csv")
    assert {recorded.commit(k)[:12] for k in (1, 4)} < set(rows["commit"])
    assert "Nothing to be done" in snakemake(tmp_path, "results/history.html").stderr
    recorded.store(storage, 3, recorded.run(3))
    assert "Drawing the benchmark history" in snakemake(tmp_path, "-n", "history").stdout
    assert snakemake(tmp_path, "clean").returncode == 0
    assert len(list(storage.glob("*/*.json"))) == 6
    assert not (tmp_path / "results" / "history.html").exists()


def test_the_history_fails_where_a_benchmark_got_slower_but_the_page_is_written(tmp_path: Path) -> None:
    for number in range(30):
        factor = 1.2 if number >= 20 else 1.0
        recorded.store(tmp_path / "results" / "benchmarks", number, recorded.run(number, factor=factor))
    done = snakemake(tmp_path, "history")
    assert done.returncode == 1
    assert "slower than the best level by more than 5%" in done.stderr
    assert f"since {recorded.commit(20)[:12]} (after {recorded.commit(19)[:12]})" in done.stderr
    assert "Traceback" not in done.stderr
    page = tmp_path / "results" / "history.html"
    assert "changes of level found" in page.read_text()
    assert snakemake(tmp_path, "history", "--config", "benchmarks={threshold: 0.5}").returncode == 0
    accepted = f'benchmarks={{accepted: "{recorded.commit(20)[:10]}"}}'
    assert snakemake(tmp_path, "history", "--config", accepted).returncode == 0
    assert page.exists()


def test_two_studies_are_compared(finished: Path, tmp_path: Path) -> None:
    done = snakemake(
        tmp_path, "compare_studies", "--config", f"base={finished}", f"head={finished / 'results'}"
    )
    assert done.returncode == 0, done.stderr
    assert "All tables are identical" in done.stdout
    assert (tmp_path / "results" / "comparisons" / "studies.html").exists()
    done = snakemake(tmp_path, "compare_studies", "--config", "base=nowhere")
    assert done.returncode != 0
    assert "'nowhere' is not a folder" in done.stderr


def test_an_unknown_revision_is_reported(tmp_path: Path) -> None:
    for target, key in (("compare", "base"), ("benchmark", "head")):
        done = snakemake(tmp_path, target, "--config", f"{key}=no-such-revision")
        assert done.returncode != 0
        assert "'no-such-revision' is not a revision" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_benchmarks_are_recorded_and_a_commit_compared_with_itself(tmp_path: Path) -> None:
    short = tmp_path / "short.yaml"
    words = 'record: ["[kernels-mse-d2"], compare: ["[kernels-mse-d2"], processes: 2, rounds: 2'
    short.write_text(f"benchmarks: {{{words}}}")
    done = snakemake(tmp_path, "benchmark", "--configfile", str(short))
    assert done.returncode == 0, done.stderr
    [run], problems = benchmarks.read([tmp_path / "results" / "benchmarks"])
    assert not problems
    [measured] = run.benchmarks.values()
    assert len(measured.seconds) == len(measured.reference) > 2
    assert np.median(measured.seconds / measured.reference) > 0.5
    done = snakemake(tmp_path, "compare", "--config", "base=HEAD", "head=HEAD", "--configfile", str(short))
    assert done.returncode == 0, done.stderr
    assert "test_descent[kernels-mse-d2]" in done.stdout
    assert (tmp_path / "results" / "comparisons" / "comparison.csv").exists()


BAD = {
    "benchmarks={processes: 1}": ("benchmarks.processes", "from 2 to"),
    "benchmarks={margin: 0}": ("benchmarks.margin", "> 0"),
    "max_step=5": ("max_step", "max_steps"),
    "max_steps=0": ("max_steps", "from 1 to"),
    "losses=[mse,hinge]": ("losses", "hinge"),
    "seeds=[1, 1]": ("seeds", "1"),
    "seeds={evaluation: 3, tuning: 1}": ("seeds", "write `seeds: 3`"),
    "hold=0": ("hold", "from 1 to"),
    "datasets=[{name: nowhere}]": ("datasets[0]", "nowhere"),
    "learning_rates=[]": ("learning_rates",),
    "initialisations=[{name: wrong, scales: [-1]}]": ("initialisations[0].scales", "-1"),
}


@pytest.mark.parametrize("change", BAD)
def test_a_bad_config_is_reported_in_a_line_before_anything_runs(change: str, tmp_path: Path) -> None:
    done = snakemake(tmp_path, "--config", change)
    assert done.returncode != 0
    lines = [
        line for line in done.stderr.splitlines() if line and not line.startswith(("Using ", "Config file "))
    ]
    assert len(lines) == 1
    for word in BAD[change]:
        assert word in lines[0]
    assert done.stdout == ""
    assert not (tmp_path / "results").exists()


def test_a_bad_data_file_is_reported_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("x,label\n1.0,0\n2.0,2\n")
    done = snakemake(tmp_path, "--config", "datasets=[{name: mine, file: mine.csv}]")
    assert done.returncode != 0
    assert "mine.csv" in done.stderr
    assert "label" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "results" / "tables").exists() or not list(
        (tmp_path / "results" / "tables").iterdir()
    )


def test_results_that_cannot_be_written_are_reported(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file, not a folder")
    done = snakemake(tmp_path, "--config", "max_steps=10")
    assert done.returncode != 0
    assert "results" in done.stdout + done.stderr
