"""Tables in parts: the same numbers and the same bytes as in one piece, however they are cut."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import synthetic
from hypothesis import given, settings
from hypothesis import strategies as st
from study import figures
from study.catalogue import OF_A_STUDY, TABLES
from study.files import digest
from study.statistics import aggregation
from study.statistics.ends import EVERY, added_ends, ends
from study.statistics.pairs import SETTING
from study.statistics.survival import LEVEL
from study.statistics.tuning import FOLDS
from study.tables import store
from study.tables.table import conform


@pytest.fixture(scope="module")
def folder(frames, tmp_path_factory):
    """The made-up study as files, `runs` in many small row groups whose ends follow no pattern."""
    folder = tmp_path_factory.mktemp("tables")
    for name in OF_A_STUDY:
        store.write(frames[name], TABLES[name], folder / f"{name}.parquet")
    runs = frames["runs"]
    store.write_parts(
        (runs.iloc[i : i + 1000] for i in range(0, len(runs), 1000)), TABLES["runs"], folder / "runs.parquet"
    )
    return folder


def of(frames, name):
    return conform(frames[name], TABLES[name])


@pytest.mark.parametrize("rows", [1, 500, 3000, 10**6])
def test_settings_come_whole_and_once_whatever_the_size_of_a_frame(folder, frames, rows):
    parts = list(aggregation.settings(folder / "runs.parquet", rows))
    found = pd.concat(parts).sort_values(["run", "target"], ignore_index=True)
    expected = frames["runs"][list(aggregation.COLUMNS)]
    pd.testing.assert_frame_equal(found, expected)
    seen = [set(part[list(SETTING)].fillna(-1).itertuples(index=False, name=None)) for part in parts]
    assert sum(map(len, seen)) == len(set().union(*seen))
    if rows == 500:  # a setting has 8 * 3 * 11 rows or so, a data set and separability thirteen times as many
        assert max(map(len, parts)) < len(expected) / len(synthetic.SETTINGS)


@pytest.mark.integration
@pytest.mark.parametrize("rows", [500, 10**6])
def test_summary_tables_do_not_depend_on_how_runs_are_cut(folder, frames, rows, monkeypatch):
    monkeypatch.setattr(aggregation.settings, "__defaults__", (rows,))
    made = aggregation.summary_tables(
        folder / "runs.parquet", synthetic.OWN_RATES, folds=FOLDS, resamples=synthetic.RESAMPLES, level=LEVEL
    )
    for name, table in made.items():
        pd.testing.assert_frame_equal(table, of(frames, name), check_exact=True)


def test_runs_that_are_not_in_the_order_of_the_plan_are_refused(frames, tmp_path):
    runs = frames["runs"].assign(run=np.random.default_rng(0).permutation(len(frames["runs"])))
    store.write(runs, TABLES["runs"], tmp_path / "runs.parquet")
    with pytest.raises(ValueError, match="are not consecutive"):
        list(aggregation.settings(tmp_path / "runs.parquet", 1))


@pytest.mark.integration
@pytest.mark.parametrize("case", ["all", *synthetic.TRIED])
def test_extreme_studies_are_summarised_and_drawn_from_files_as_from_frames(case, frames, extreme, tmp_path):
    study = frames if case == "all" else extreme(case)
    for name in OF_A_STUDY:
        store.write(study[name], TABLES[name], tmp_path / f"{name}.parquet")
    how = {"folds": FOLDS, "resamples": synthetic.RESAMPLES, "level": LEVEL}
    if len(study["runs"]):
        made = aggregation.summary_tables(tmp_path / "runs.parquet", synthetic.OWN_RATES, **how)
        for name, table in made.items():
            pd.testing.assert_frame_equal(table, of(study, name), check_exact=True)
    few = aggregation.quoted(tmp_path, [TABLES[name] for name in OF_A_STUDY])
    assert len(few["runs"]) < len(frames["runs"]) / 20
    for name, entry in figures.FIGURES.items():
        assert entry.describe(few) == entry.describe(study), name


def test_how_runs_ended_adds_up(frames):
    ended, runs = frames["ends"], frames["runs"]
    assert (ended[["reached", "censored", "diverged"]].sum(axis=1) == ended["runs"]).all()
    whole = ended[ended["target"] == EVERY]
    assert whole["runs"].sum() == runs["run"].nunique()
    assert whole["diverged"].sum() == runs.loc[runs["status"] == "diverged", "run"].nunique()
    once = runs.drop_duplicates("run")
    stable = once["rate"] <= once["loss"].map(synthetic.OWN_RATES)
    assert whole.loc[whole["stable"], "runs"].sum() == stable.sum() < len(once)
    assert set(whole["starts"]) == {runs["start"].nunique()}
    halves = [ends(half, synthetic.OWN_RATES) for _, half in runs.groupby(runs["start"] % 2)]
    pd.testing.assert_frame_equal(added_ends(halves), ended)


# --- Files in parts -----------------------------------------------------------------------------------------


def shards(runs, folder, number):
    """Spread data sets over shards as a plan might."""
    paths = []
    for shard in range(number):
        rows = runs[runs["data"] % number == shard]
        paths.append(folder / f"{shard}.parquet")
        store.write_parts((part for _, part in rows.groupby("data")), TABLES["runs"], paths[-1])
    return paths


@pytest.mark.parametrize("number", [1, 3, 7])
def test_merged_shards_are_the_bytes_of_the_whole(number, frames, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "ROW_GROUP", 1000)  # several per file
    monkeypatch.setattr(store, "_OPEN_FILES", 2)
    store.write(frames["runs"], TABLES["runs"], tmp_path / "whole.parquet")
    store.merge(TABLES["runs"], shards(frames["runs"], tmp_path, number)[::-1], tmp_path / "merged.parquet")
    assert digest(tmp_path / "merged.parquet") == digest(tmp_path / "whole.parquet")
    metadata = pq.read_metadata(tmp_path / "merged.parquet")
    sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert set(sizes[:-1]) == {1000}


def test_shards_that_overlap_are_refused(frames, tmp_path):
    paths = shards(frames["runs"], tmp_path, 2)
    with pytest.raises(ValueError, match="overlap"):
        store.merge(TABLES["runs"], [*paths, paths[0]], tmp_path / "merged.parquet")
    with pytest.raises(ValueError, match="does not fit"):
        store.merge(TABLES["curves"], paths, tmp_path / "merged.parquet")
    assert not (tmp_path / "merged.parquet").exists()


def test_parts_out_of_order_are_refused(frames, tmp_path):
    halves = [frames["runs"].iloc[3000:], frames["runs"].iloc[:3000]]
    with pytest.raises(ValueError, match="overlap"):
        store.write_parts(halves, TABLES["runs"], tmp_path / "runs.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_table_without_rows_is_written_and_merged(frames, tmp_path):
    empty = frames["curves"].iloc[:0]
    store.write(empty, TABLES["curves"], tmp_path / "a.parquet")
    store.merge(TABLES["curves"], [tmp_path / "a.parquet"], tmp_path / "b.parquet")
    pd.testing.assert_frame_equal(
        store.read(TABLES["curves"], tmp_path / "b.parquet"), conform(empty, TABLES["curves"])
    )


VALUES = {
    "dataset": ["gaussian", "breast_cancer", "none"],
    "separability": [1.0, np.nan],
    "loss": ["mse", "bce"],
}


@given(
    st.lists(
        st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in VALUES.items()}), max_size=3
    )
)
@settings(deadline=None, max_examples=30)
def test_scan_reads_what_a_filter_would_keep(folder, frames, where):
    where = [entry for entry in where if entry]
    runs = frames["runs"]
    keep = np.full(len(runs), not where)
    for entry in where:
        same = [runs[k].isna() if pd.isna(v) else runs[k] == v for k, v in entry.items()]
        keep |= np.logical_and.reduce(same)
    found = store.scan(TABLES["runs"], folder / "runs.parquet", ["step", "run", "dataset"], where)
    pd.testing.assert_frame_equal(found, runs.loc[keep, ["step", "run", "dataset"]].reset_index(drop=True))
