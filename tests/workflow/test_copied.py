"""Copied results, and a run that fails: what is there is used and shown, what is missing is named."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

import pytest
import running
from running import due, tiny
from test_reach import edit

pytestmark = pytest.mark.processes

LATER = {
    *("claims", "statistics", "phase", "sensitivity", "perturbation", "comparisons"),
    *("experiments", "figures_runs", "figures_methods", "figures_law", "page", "manifest"),
}


def copied(study: Path) -> Path:
    """Only the results, with times in no order, as a plain copy to another machine makes them."""
    there = study.parent / "there"
    shutil.copytree(study / "results", there / "results", copy_function=shutil.copyfile)
    shutil.copy(study / "tiny.yaml", there)
    return there


def test_copied_results_are_taken_as_their_receipts_prove_them(study: Path) -> None:
    there = copied(study)
    assert due(there) == set()
    assert due(there, "--config", "statistics={resamples: 198}") == LATER
    output = tiny(there)
    assert "have no record in .snakemake, but receipts that match them" in output
    assert "Nothing to be done" in output
    assert due(there) == set()
    assert due(there, "--config", "statistics={resamples: 198}") == LATER


def test_a_restored_record_says_what_snakemake_wrote(study: Path) -> None:
    there = copied(study)
    tiny(there)
    records = sorted((study / ".snakemake" / "metadata").iterdir())
    assert len(records) > 40
    for path in records:
        own, restored = (
            json.loads((base_ / path.name).read_text())
            for base_ in (path.parent, there / ".snakemake/metadata")
        )
        name = base64.urlsafe_b64decode(path.name)
        for key in ("rule", "params", "input", "record_format_version", "incomplete", "input_checksums"):
            assert own[key] == restored[key], (name, key)


def test_copied_results_of_another_config_are_made_again(study: Path) -> None:
    """Snakemake's records here are of these results; the results copied over them are of another study."""
    there = copied(study)
    receipt = there / "results/receipts/statistics.json"
    record = json.loads(receipt.read_text())
    record["params"]["config"]["statistics"]["resamples"] = 198
    receipt.write_text(json.dumps(record))
    shutil.copytree(there / "results", study / "results", dirs_exist_ok=True)
    run = running.snakemake(study, "--until", "statistics", "--configfile", str(study / "tiny.yaml"))
    assert "Estimating medians" in run.stdout + run.stderr
    assert run.returncode == 0


def test_after_a_failed_job_a_partial_report_says_what_is_missing(study: Path, tree: Path) -> None:
    script = tree / "workflow/scripts/sensitivity.py"
    edit(script, "with job", "from study.errors import UserError\nwith job")
    edit(script, "    for path in", "    raise UserError('no choice <today>')\n    for path in")
    done = running.snakemake(study, "--configfile", str(study / "tiny.yaml"), tree=tree)
    assert done.returncode != 0
    assert "results/partial.html: what was made, and what is missing" in done.stderr
    text = (study / "results/partial.html").read_text()
    assert "<h3>sensitivity</h3>" in text
    assert "no choice &lt;today&gt;" in text
    for there in ("tables/slowdown.csv", "<figcaption>slowdown.svg"):
        assert there in text
    missing = text[text.index('id="heading-missing"') : text.index('id="heading-figures"')]
    for gone in (
        "tables/sensitivity.csv",
        "figures/sensitivity.svg",
        "figures/minima.svg",
        "report.html",
        "manifest.json",
    ):
        assert gone in missing
    assert "slowdown" not in missing
    assert "tables/sensitivity.csv" not in text.replace(missing, "")
    tiny(study)
    assert not (study / "results/partial.html").exists()
