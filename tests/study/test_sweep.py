"""The sweep against the plain twin, and against itself in other shards."""

from __future__ import annotations

import naive
import numpy as np
import pandas as pd
import pytest
from study.catalogue import TABLES
from study.config import model as config
from study.data import arrays, samples
from study.data.starts import start
from study.runs import draw, plan, sweep
from study.tables import store
from study.tables.table import conform

SMALL = {
    "seeds": 3,
    "datasets": [
        {"name": "gaussian", "separability": [2], "n": 20, "d": 1},
        {"name": "iris_versicolor_virginica"},
    ],
    "initialisations": [
        {"name": "zero"},
        {"name": "wrong", "scales": [1, 4], "datasets": ["gaussian"]},
        {"name": "sure_wrong", "scales": [0.99]},
    ],
    "learning_rates": [1, 16],
    "max_steps": 40,
    "curves": {"seeds": 1, "points": 5},
}


@pytest.fixture(scope="module")
def small():
    chosen = config.load(SMALL)
    table, drawn = draw.build(chosen)
    return chosen, plan.expand(chosen, table), drawn


def quiet(rows: pd.DataFrame) -> sweep.Progress:
    return sweep.Progress("shard", len(rows), lambda line: None)


@pytest.mark.parametrize("hold", [1, 3, 10])
def test_every_run_has_a_row_per_target_and_matches_the_twin(small, hold) -> None:
    _, rows, drawn = small
    chosen = config.load(SMALL | {"hold": hold})
    runs, _ = sweep.run_shard(chosen, rows, drawn, quiet(rows))
    runs = conform(runs, TABLES["runs"])
    assert len(runs) == 3 * len(rows)
    assert runs.groupby("run")["target"].nunique().eq(3).all()
    for run in rows[(rows["dataset"] == "gaussian") & (rows["seed"] == 1)].itertuples():
        data = samples.sample(drawn, run.data)
        theta = start(run.initialisation, run.scale, data.aim, run.seed, chosen.seed)
        targets = {name: getattr(run, f"target_{name}") for name in chosen.targets}
        # A target met at the last step of the budget has yet to hold.
        steps = run.max_steps + hold - 1
        twin = naive.descend(
            data.features, data.labels, theta, run.loss, run.learning_rate, steps, targets, hold
        )
        made = runs[runs["run"] == run.run].set_index("target")
        assert made["step"].to_dict() == twin["arrival"]
        assert (made["steps_run"] == twin["steps_run"]).all()
        assert ((made["status"] == "reached") == (made["step"] >= 0)).all()


def test_holding_is_later_than_touching_and_never_later_than_the_budget(small) -> None:
    _, rows, drawn = small
    touch, hold = (
        conform(
            sweep.run_shard(config.load(SMALL | {"hold": k}), rows, drawn, quiet(rows))[0], TABLES["runs"]
        )
        for k in (1, 10)
    )
    never = touch["max_steps"] + 1
    first, settled = (table["step"].where(table["step"] >= 0, never) for table in (touch, hold))
    assert (first <= settled).all()
    assert (first < settled).any()  # at 16 times 1/L some pass a target and leave it
    assert (hold["step"] <= hold["max_steps"]).all()
    assert (hold["step"] > hold["max_steps"] - 9).any()  # held beyond the budget


def test_data_without_a_target_have_curves_and_no_rows(tmp_path) -> None:
    square = pd.DataFrame({"a": [0, 1, 0, 1] * 3, "b": [0, 1, 1, 0] * 3, "label": [0, 0, 1, 1] * 3})
    square.to_csv(tmp_path / "corners.csv", index=False)
    corners = {"name": "corners", "file": str(tmp_path / "corners.csv"), "fraction": 1.0}
    changes = {"seeds": 1, "initialisations": [{"name": "normal", "scales": [1]}]}
    gaussian = SMALL["datasets"][0]
    for datasets in ([corners], [corners, gaussian], [gaussian, corners]):
        chosen = config.load(SMALL | changes | {"datasets": datasets})
        table, drawn = draw.build(chosen)
        rows = plan.expand(chosen, table)
        made, curves = sweep.run_shard(chosen, rows, drawn, quiet(rows))
        store.write_parts(sweep.by_data(made, rows), TABLES["runs"], tmp_path / "runs.parquet")
        runs = store.read(TABLES["runs"], tmp_path / "runs.parquet")
        assert set(runs["dataset"]) == {entry["name"] for entry in datasets} - {"corners"}
        assert set(conform(curves, TABLES["curves"])["dataset"]) == {entry["name"] for entry in datasets}


def test_curves_are_those_of_the_traced_runs_and_go_to_the_budget(small) -> None:
    chosen, rows, drawn = small
    _, curves = sweep.run_shard(chosen, rows, drawn, quiet(rows))
    curves = conform(curves, TABLES["curves"])
    assert set(curves["run"]) == set(rows.loc[rows["traced"], "run"])
    steps = sweep.recorded_steps(5, 40)
    assert steps[0] == 0
    assert steps[-1] == 40
    for _, curve in curves.groupby("run"):
        np.testing.assert_array_equal(curve["step"], steps)
    zero = curves[(curves["initialisation"] == "zero") & (curves["step"] == 0)]
    np.testing.assert_allclose(zero["brier"], 0.25)
    np.testing.assert_allclose(zero["logloss"], np.log(2))


def test_shards_and_order_change_nothing(small) -> None:
    chosen, rows, drawn = small
    whole, _ = sweep.run_shard(chosen, rows, drawn, quiet(rows))
    parts = [sweep.run_shard(chosen, part, drawn, quiet(part))[0] for _, part in rows.groupby("data")]
    pd.testing.assert_frame_equal(
        conform(pd.concat(parts[::-1], ignore_index=True), TABLES["runs"]), conform(whole, TABLES["runs"])
    )


def test_both_losses_start_from_the_same_place(small) -> None:
    _, rows, _ = small
    pairs = rows.groupby("start")
    assert (pairs["loss"].nunique() == 2).all()
    assert pairs["data"].nunique().max() == 1
    assert pairs["scale"].nunique().max() == 1


def test_a_shard_is_split_by_data_set_for_the_merge(small) -> None:
    chosen, rows, drawn = small
    for made in sweep.run_shard(chosen, rows, drawn, quiet(rows)):
        parts = list(sweep.by_data(made, rows))
        of = rows.set_index("run")["data"]
        assert [part["run"].map(of).unique().tolist() for part in parts] == [
            [d] for d in sorted(set(made["run"].map(of)))
        ]
        assert sum(map(len, parts)) == len(made)


def test_arrays_survive_the_file_and_equal_arrays_are_equal_bytes(small, tmp_path) -> None:
    _, _, drawn = small
    for name in ("a.npz", "b.npz"):
        arrays.write(drawn, tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    few = arrays.read(tmp_path / "a.npz", [1, 4])
    assert set(few) == {f"{data}/{part}" for data in (1, 4) for part in samples.Sample._fields}
    back = arrays.read(tmp_path / "a.npz")
    assert back.keys() == drawn.keys()
    for name, array in drawn.items():
        np.testing.assert_array_equal(back[name], array)


def test_progress_says_how_far_and_how_long() -> None:
    lines: list[str] = []
    progress = sweep.Progress("shard 3", 10, lines.append, every=0.0)
    progress.begin()
    progress.add(4, 0.0)
    progress.add(6, 0.0)
    progress.end()
    assert lines[0].startswith("shard 3: ready after")
    assert lines[1].startswith("shard 3: 4 of 10 runs (40%)")
    assert lines[-1].startswith("shard 3: all 10 runs done in")
