"""The comparison with a reference: silent when all is the same, exact when it is not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from study.catalogue import TABLES
from study.config import model as config
from study.errors import UserError
from study.files import digest
from study.provenance import manifest
from study.provenance.receipts import Receipt
from study.tables import store

CHOSEN = config.load({"max_steps": 7})
CSV, PARQUET = "results/tables/slowdown.csv", "results/tables/slowdown.parquet"
PAGE, SUMMARY = "results/report.html", "results/summary.json"
ALL = (CSV, PARQUET, PAGE, SUMMARY)


@pytest.fixture
def reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frames: dict[str, pd.DataFrame]) -> Path:
    """Results in the current folder, and the reference recorded from them."""
    monkeypatch.chdir(tmp_path)
    Path("results/tables").mkdir(parents=True)
    for path in (CSV, PARQUET):
        store.write(frames["slowdown"], TABLES["slowdown"], path)
    Path(PAGE).write_text('a page<section id="provenance">commit 1\n</section> to its end')
    Path(SUMMARY).write_text(json.dumps({"answer": {"zero": [4.1]}, "commit": "1", "versions": {}}))
    manifest.record(ALL, CHOSEN, tmp_path / "reference")
    return tmp_path / "reference"


def test_the_same_results_are_identical_whatever_the_commit(reference: Path) -> None:
    Path(PAGE).write_text('a page<section id="provenance">commit 2, other versions\n</section> to its end')
    Path(SUMMARY).write_text(
        json.dumps({"answer": {"zero": [4.1]}, "commit": "2", "versions": {"numpy": "3"}})
    )
    assert manifest.compare(ALL, CHOSEN, reference) == []


def test_a_table_that_differs_is_reported_by_column_rows_and_ulps(reference: Path) -> None:
    frame = store.read(TABLES["slowdown"], CSV)
    finite = np.flatnonzero(np.isfinite(frame["slowdown"]) & (frame["slowdown"] > 0))
    for row in finite[:2]:
        frame.loc[row, "slowdown"] = np.nextafter(frame.loc[row, "slowdown"], np.inf)
    for path in (CSV, PARQUET):
        store.write(frame, TABLES["slowdown"], path)
    in_csv, in_parquet = manifest.compare(ALL, CHOSEN, reference)
    assert in_csv.startswith(f"{CSV}: column slowdown differs in 2 rows, by up to 1 ulps")
    assert f"dataset={frame.loc[finite[0], 'dataset']}" in in_csv
    assert in_parquet == f"{PARQUET}: column slowdown differs"


def test_rows_that_only_one_side_has_are_reported(reference: Path) -> None:
    frame = store.read(TABLES["slowdown"], CSV)
    store.write(frame.iloc[1:], TABLES["slowdown"], CSV)
    (line,) = manifest.compare(ALL, CHOSEN, reference)
    assert line.startswith(f"{CSV}: 1 rows in the reference, but not made; dataset={frame.loc[0, 'dataset']}")


def test_other_artifacts_are_reported_by_name_and_key(reference: Path) -> None:
    Path(PAGE).write_text("another page")
    Path(SUMMARY).write_text(json.dumps({"answer": {"zero": [4.2]}, "commit": "1", "versions": {}}))
    assert manifest.compare(ALL, CHOSEN, reference) == [
        f"{PAGE}: differs",
        f"{SUMMARY}: answer.zero.0 is 4.2 here, 4.1 in the reference",
    ]


def test_artifacts_that_are_missing_or_new_are_reported(reference: Path) -> None:
    assert manifest.compare(ALL[1:], CHOSEN, reference) == [f"{CSV}: in the reference, but not made"]
    Path("results/new.svg").write_text("")
    assert manifest.compare([*ALL, "results/new.svg"], CHOSEN, reference) == [
        "results/new.svg: not in the reference"
    ]


def test_a_reference_of_another_config_or_none_is_refused(reference: Path) -> None:
    with pytest.raises(UserError, match="another config"):
        manifest.compare(ALL, config.load({"max_steps": 8}), reference)
    shutil.rmtree(reference)
    with pytest.raises(UserError, match="no such reference"):
        manifest.compare(ALL, CHOSEN, reference)


def test_shards_do_not_make_another_study(reference: Path) -> None:
    assert manifest.compare(ALL, config.load({"max_steps": 7, "shards": 9}), reference) == []


def test_a_study_is_named_after_the_file_that_means_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("max_steps: 8")
    (tmp_path / "b.yaml").write_text("{max_steps: 7, seed: 0, shards: 3}")
    assert manifest.folder(CHOSEN, tmp_path, "references") == Path("references/b")
    with pytest.raises(UserError, match=r"a\.yaml, b\.yaml"):
        manifest.folder(config.load({"max_steps": 9}), tmp_path, "references")


def test_the_manifest_holds_the_whole_lineage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("results").mkdir()
    for name in ("a", "b", "c"):
        Path("results", name).write_text(name)
    Receipt("first", [], ["results/a"], {}).write()
    Receipt("second", ["results/a"], ["results/b"], {}).write()
    Receipt("other", [], ["results/c"], {}).write()
    found = manifest.build(["results/b"], CHOSEN, "1")
    assert set(found["artifacts"]) == {"results/a", "results/b"}
    assert found["artifacts"]["results/b"] == {
        "sha256": digest("results/b"),
        "inputs": {"results/a": digest("results/a")},
    }
    assert found["config"]["max_steps"] == 7
    assert found["seed"] == 0


@given(st.floats(-1e300, 1e300), st.integers(0, 50))
def test_ulps_count_floats(x: float, steps: int) -> None:
    y = x
    for _ in range(steps):
        y = float(np.nextafter(y, np.inf))
    a, b = np.array([x]), np.array([y])
    assert manifest.ulps(a, b) == manifest.ulps(b, a) == (steps if x != y else 0)


def test_ulps_of_what_is_no_number() -> None:
    a, b = np.array([np.nan, np.inf, np.nan, -0.0, np.inf]), np.array([np.nan, np.inf, 1.0, 0.0, -np.inf])
    np.testing.assert_array_equal(manifest.ulps(a, b), [0, 0, np.inf, 0, np.inf])
