"""Two results folders, made equal and then changed by hand."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from study.catalogue import TABLES
from study.errors import UserError
from study.provenance import compare_studies
from study.provenance.tables import STUDIES
from study.tables import store


@pytest.fixture
def studies(frames, tmp_path: Path) -> tuple[Path, Path]:
    """The same study in two folders, the second one as a study's folder rather than its results."""
    folders = tmp_path / "a", tmp_path / "b" / "results"
    for name in ("runs", "slowdown", "decomposition"):
        for suffix in TABLES[name].suffixes:
            store.write(frames[name], TABLES[name], folders[0] / "tables" / f"{name}{suffix}")
    summary = {"commit": "aaa", "versions": {"numpy": "2.4"}}
    (folders[0] / "summary.json").write_text(json.dumps(summary))
    shutil.copytree(folders[0], folders[1])
    return folders[0], folders[1].parent


def change(folder: Path, name: str, edit) -> None:
    path = folder / "tables" / f"{name}.parquet"
    frame = pd.read_parquet(path)
    edit(frame).to_parquet(path)


def test_identical_bytes_are_said_to_be_identical(studies, tmp_path: Path) -> None:
    found = compare_studies.compare(*studies)
    assert found.identical
    assert {state for _, state in found.files} == {"identical"}
    assert compare_studies.summaries(found) == ["All tables are identical, byte for byte."]
    compare_studies.write(found, tmp_path / "s.csv", tmp_path / "s.html")
    assert store.read(STUDIES, tmp_path / "s.csv").empty
    html = (tmp_path / "s.html").read_text()
    assert "The two studies are identical" in html
    assert compare_studies.first(found) == ("0", "differences: all tables are identical, byte for byte")
    assert '<span class="value faster">0</span>' in html


def test_a_changed_step_and_cell_are_named_with_how_much(studies, frames, tmp_path: Path) -> None:
    base, head = studies
    row = int(frames["runs"].index[frames["runs"]["status"] == "reached"][5])
    before = int(frames["runs"].loc[row, "step"])

    def steps(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[row, "step"] = 2 * before
        return frame

    def cells(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[0, ["slowdown", "text"]] = [float(frame.loc[0, "slowdown"]) * 3, "changed"]
        return frame.drop(index=1)

    change(head / "results", "runs", steps)
    change(head / "results", "slowdown", cells)
    found = compare_studies.compare(base, head)
    rows = compare_studies.frame(found)
    [step] = rows[rows["kind"] == "step"].to_dict("records")
    assert step["ratio"] == 2.0
    for word in (
        frames["runs"].loc[row, "dataset"],
        frames["runs"].loc[row, "loss"],
        frames["runs"].loc[row, "target"],
    ):
        assert word in step["item"]
    cell = rows[rows["kind"] == "cell"].set_index("head")
    assert len(cell) == 2
    assert cell.loc["changed", "base"] == frames["slowdown"].loc[0, "text"]
    assert cell.loc["", "base"] == frames["slowdown"].loc[1, "text"]
    both = len(frames["runs"])
    assert found.counts["step"] == (both, both - 1)
    assert dict(found.files)["tables/runs.parquet"] == "differs"
    assert dict(found.files)["tables/decomposition.csv"] == "identical"
    text = compare_studies.report(found)
    assert "1 of them differ" in text
    assert "1 only in base" in text
    compare_studies.write(found, tmp_path / "s.csv", tmp_path / "s.html")
    assert step["item"] in (tmp_path / "s.html").read_text()


def test_other_numbers_of_the_same_runs_are_no_difference(studies) -> None:
    base, head = studies
    change(head / "results", "runs", lambda frame: frame.assign(run=frame["run"] + 7, data=frame["data"] + 1))
    found = compare_studies.compare(base, head)
    assert dict(found.files)["tables/runs.parquet"] == "differs"
    assert found.counts["step"][0] == found.counts["step"][1] > 0


def claims(folder: Path, verdicts: list[str], evidence: list[str]) -> None:
    names = [f"A{n}" for n in range(1, len(verdicts) + 1)]
    frame = pd.DataFrame({"claim": names, "verdict": verdicts, "evidence": evidence})
    frame.to_parquet(folder / "tables" / "claims.parquet")


def test_a_changed_verdict_is_reported_and_so_is_changed_evidence(studies) -> None:
    """Evidence counts runs: another study has other counts, and may come to the same verdicts."""
    base, head = studies
    claims(base, ["holds", "fails", "fails"], ["3 of 9", "y", "z"])
    claims(head / "results", ["holds", "holds", "fails"], ["4 of 9", "y", "z"])
    found = compare_studies.compare(base, head)
    rows = compare_studies.frame(found).set_index(["kind", "item"])[["base", "head"]]
    assert rows.loc[("claim", "A2")].tolist() == ["fails", "holds"]
    assert rows.loc[("evidence", "A1")].tolist() == ["3 of 9", "4 of 9"]
    assert len(rows) == 2
    summaries = compare_studies.summaries(found)
    assert summaries[0].startswith("verdicts on claims: 3 in both, 1 of them differ;")
    assert summaries[1].startswith("claims' evidence: 3 in both, 1 of them differ;")
    assert "claim A2: fails -> holds" in compare_studies.report(found)


def test_evidence_alone_changes_no_verdict(studies) -> None:
    base, head = studies
    claims(base, ["holds"] * 6, ["1"] * 6)
    claims(head / "results", ["holds"] * 6, ["2"] * 6)
    found = compare_studies.compare(base, head)
    assert compare_studies.summaries(found)[0].startswith("verdicts on claims: 6 in both, 0 of them differ;")


def test_another_budget_is_no_other_result(studies, frames) -> None:
    """Every run has another budget; the only results that differ are those of runs that now arrive."""
    base, head = studies
    late = frames["runs"].index[frames["runs"]["status"] == "censored"][:43]

    def longer(frame: pd.DataFrame) -> pd.DataFrame:
        frame["max_steps"] *= 2
        frame["steps_run"] += 1
        frame.loc[late, "status"] = "reached"
        frame.loc[late, "step"] = 7000
        return frame

    change(head / "results", "runs", longer)
    change(head / "results", "slowdown", lambda frame: frame.assign(budget=2 * frame["budget"], mse_art=1.0))
    found = compare_studies.compare(base, head)
    both = len(frames["runs"])
    assert found.counts["step"] == (both, both - 43)
    assert len(compare_studies.frame(found)) == 43
    cells, steps = (line for line in compare_studies.summaries(found) if not line.startswith("claim"))
    assert f"arrival steps: {both:,} in both, 43 of them differ" in steps
    assert f"set otherwise: max_steps in {both:,}" in steps
    assert f"{len(frames['slowdown']):,} in both, 0 of them differ" in cells
    assert f"set otherwise: budget in {len(frames['slowdown']):,}" in cells


def test_the_rows_shown_first_differ_most_and_both_studies_have_them(studies, frames) -> None:
    """Of each kind: runs that arrive in only one study, then the largest factor either way."""
    base, head = studies
    reached = frames["runs"].index[(frames["runs"]["status"] == "reached") & (frames["runs"]["step"] > 10)]
    small, large, lost = reached[:3]
    gone = reached[10:160]

    def edit(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[small, "step"] *= 2
        frame.loc[large, "step"] //= 5
        frame.loc[lost, ["status", "step"]] = ["censored", -1]
        return frame.drop(index=gone)

    change(head / "results", "runs", edit)
    found = compare_studies.compare(base, head)
    html = compare_studies.page(found)
    first, alone, *_ = re.findall(r"<table>.*?</table>", html, re.DOTALL)
    names = [
        " ".join(part for part in key if part)
        for key in frames["runs"].loc[[lost, large, small], KEY].map(word).to_numpy()
    ]
    assert re.findall(r'<th scope="row">(.*?)</th>', first) == names
    assert "<caption>Only in base</caption>" in alone
    assert alone.count("<tr>") == 1 + 100
    assert "100 of 150; all are in" in html
    assert "3 of them differ" in html
    both = len(frames["runs"]) - 150 + len(frames["slowdown"])
    assert compare_studies.first(found) == ("3", f"results differ, of {both:,} that both studies have")
    assert '<span class="value slower">3</span>' in html
    assert "150 only in base; 0 only in head" in html


KEY = ["dataset", "separability", "seed", "initialisation", "scale", "loss", "learning_rate", "target"]


def word(value) -> str:
    return value if isinstance(value, str) else "" if pd.isna(value) else f"{value:.6g}"


def test_what_cannot_be_read_is_reported_and_the_rest_is_compared(studies) -> None:
    base, head = studies
    (head / "results" / "tables" / "runs.parquet").write_bytes(b"PAR1 cut short")
    (head / "results" / "summary.json").write_text("{")
    (base / "tables" / "extra.csv").write_text("x\n1\n")
    change(head / "results", "slowdown", lambda frame: frame.drop(columns="policy"))
    found = compare_studies.compare(base, head)
    notes = "\n".join(found.notes)
    assert "head: tables/runs.parquet cannot be read" in notes
    assert "head: tables/slowdown.parquet has no column policy" in notes
    assert "head: summary.json cannot be read" in notes
    assert ("tables/extra.csv", "only in base") in found.files
    assert "decomposition.csv: identical" in compare_studies.report(found)
    compare_studies.page(found)


def test_provenance_that_differs_is_shown(studies) -> None:
    base, head = studies
    (head / "results" / "summary.json").write_text(
        json.dumps({"commit": "bbb", "versions": {"numpy": "2.4", "numba": "1"}})
    )
    found = compare_studies.compare(base, head)
    assert found.provenance == [("commit", "aaa", "bbb"), ("numba", "unknown", "1")]


def test_a_folder_that_holds_no_results_is_reported(studies, tmp_path: Path) -> None:
    for folder, reason in (
        (tmp_path / "nowhere", "is not a folder"),
        (tmp_path, "holds no results"),
        (Path(), "not given"),
    ):
        with pytest.raises(UserError, match=reason):
            compare_studies.compare(folder, studies[1])
