"""Two results folders, made alike and then changed by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from study.errors import UserError
from study.provenance import compare_studies
from study.tables import tables


@pytest.fixture
def studies(frames, tmp_path: Path) -> tuple[Path, Path]:
    """The same study in two folders, the second one as a study's folder rather than its results."""
    folders = tmp_path / "a", tmp_path / "b" / "results"
    for name in ("runs", "slowdown", "decomposition"):
        for suffix in tables.TABLES[name].suffixes:
            tables.write(frames[name], name, folders[0] / "tables" / f"{name}{suffix}")
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
    assert tables.read("studies", tmp_path / "s.csv").empty
    assert "The two studies are identical" in (tmp_path / "s.html").read_text()


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


def test_changed_claims_are_told(studies) -> None:
    base, head = studies
    claims = pd.DataFrame({"claim": ["A1", "A2"], "verdict": ["holds", "fails"], "evidence": ["x", "y"]})
    claims.to_parquet(base / "tables" / "claims.parquet")
    claims.assign(verdict=["holds", "holds"]).to_parquet(head / "results" / "tables" / "claims.parquet")
    found = compare_studies.compare(base, head)
    assert [row for row in found.rows if row["kind"] == "claim"] == [
        {
            "kind": "claim",
            "item": "A2",
            "base": "fails: y",
            "head": "holds: y",
            "ratio": pytest.approx(float("nan"), nan_ok=True),
        }
    ]
    assert "claim A2: fails: y -> holds: y" in compare_studies.report(found)


def test_what_cannot_be_read_is_told_and_the_rest_is_compared(studies) -> None:
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


def test_a_folder_that_holds_no_results_is_told(studies, tmp_path: Path) -> None:
    for folder, told in ((tmp_path / "nowhere", "is no folder"), (tmp_path, "holds no results"), (Path(), "not given")):
        with pytest.raises(UserError, match=told):
            compare_studies.compare(folder, studies[1])
