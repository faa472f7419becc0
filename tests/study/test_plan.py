"""The plan: no run lost or repeated, true pairs, and shards that change nothing."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study.catalogue import TABLES
from study.config.model import load
from study.runs.draw import build
from study.runs.plan import Grid, blocks, expand, rates, thresholds
from study.tables.table import conform

import kernels

SMALL: dict[str, Any] = {
    "seeds": [0, 1, 2, 7, 5],
    "datasets": [
        {"name": "gaussian", "separability": [2, 4], "n": 30},
        {"name": "iris_versicolor_virginica"},
    ],
    "initialisations": [
        {"name": "zero"},
        {"name": "normal", "scales": [1, 4]},
        {"name": "wrong", "scales": [2]},
    ],
    "learning_rates": [0.3, 1, 3],
    "max_steps": 500,
    "shards": 3,
    "curves": {"seeds": 2},
}
OWN = 0.25 / kernels.LOSSES["mse"].smoothness
APART: dict[str, Any] = SMALL | {
    "initialisations": [
        {"name": "wrong", "scales": [2, 1], "datasets": ["gaussian"]},
        {"name": "zero"},
        {"name": "sure_wrong", "scales": [0.9], "datasets": ["iris_versicolor_virginica"]},
    ]
}
"""Other starts on each data set: 3 on the ten Gaussian ones, 2 on the five of irises."""


@functools.cache
def _built() -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    return build(load(SMALL))


def _plan(**changes: Any) -> pd.DataFrame:
    return expand(load(SMALL | changes), _built()[0])


def test_columns_and_types_are_those_of_the_schema() -> None:
    plan = _plan()
    assert list(plan) == list(TABLES["plan"].dtypes)
    assert {name: str(dtype) for name, dtype in plan.dtypes.items()} == TABLES["plan"].dtypes
    pd.testing.assert_frame_equal(conform(plan, TABLES["plan"]).sort_values("run", ignore_index=True), plan)


GRIDS = st.lists(st.sampled_from([0.01, 0.1, 0.5, 1.0, 2.0, 10.0]), min_size=1, max_size=4, unique=True)
INITS = st.dictionaries(st.sampled_from(["normal", "wrong", "right"]), GRIDS, min_size=1).map(
    lambda chosen: [{"name": name, "scales": scales} for name, scales in chosen.items()]
)


@pytest.mark.integration
@settings(deadline=None)
@given(GRIDS, INITS, st.integers(1, 40))
def test_every_combination_is_there_exactly_once(
    rates: list[float], inits: list[dict[str, Any]], shards: int
) -> None:
    plan = _plan(learning_rates=rates, initialisations=[{"name": "zero"}, *inits], shards=shards)
    expected = {
        (data, name, scale, loss, rate)
        for data in range(15)
        for name, scale in [
            ("zero", 0.0),
            *((entry["name"], scale) for entry in inits for scale in entry["scales"]),
        ]
        for loss, all_rates in (
            ("mse", {*rates, *(2 * rate for rate in rates), OWN}),
            ("bce", {*rates, 1.0}),
        )
        for rate in all_rates
    }
    found = list(
        zip(*(plan[name] for name in ("data", "initialisation", "scale", "loss", "rate")), strict=True)
    )
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert plan["run"].tolist() == list(range(len(plan)))


def test_a_start_is_one_theta_on_one_data_set_for_all_losses_and_rates() -> None:
    plan = _plan()
    identity = ["data", "initialisation", "scale"]
    assert plan.groupby("start")[identity].nunique().eq(1).all(axis=None)
    assert plan.groupby(identity)["start"].nunique().eq(1).all()
    assert plan.groupby("start")["loss"].nunique().eq(2).all()
    assert sorted(plan["start"].unique()) == list(range(15 * 4))


def test_each_loss_has_its_own_smoothness_rate() -> None:
    plan, table = _plan(), _built()[0]
    smoothness = plan["data"].map(table.set_index("data")["smoothness"])
    for loss, constant in (("mse", kernels.LOSSES["mse"].smoothness), ("bce", 0.25)):
        rows = plan[plan["loss"] == loss]
        bound = 1.0 / (constant * smoothness[rows.index])
        assert np.isclose(rows["learning_rate"], bound, rtol=1e-12).sum() == rows["start"].nunique()
    assert (plan["learning_rate"] / plan["rate"] * 0.25 * smoothness).to_numpy() == pytest.approx(1.0)


def test_every_seed_of_the_config_is_there_in_its_order() -> None:
    for _, rows in _plan().groupby(["dataset", "separability"], dropna=False):
        assert rows["seed"].drop_duplicates().tolist() == [0, 1, 2, 7, 5]


def test_mse_takes_each_rate_and_its_double_as_it_would_without_its_half() -> None:
    config = load(SMALL | {"learning_rates": [4, 0.5, 1, 2]})
    assert rates(config, "mse") == sorted([0.5, 1, 2, 4, 8, OWN])
    assert rates(config, "bce") == [0.5, 1, 2, 4]
    # One step from zero on one sample: without its half, MSE moves by r dL/dz = r (p - y) p (1 - p) 2.
    moved = {
        rate: kernels.descend(
            np.array([[1.0], [1.0]]), np.array([1, 1]), np.zeros((1, 1)), loss="mse",
            learning_rate=rate, max_steps=1, targets={"brier": -1.0},
        ).theta[0, 0]
        for rate in (0.5, 1.0)
    }  # fmt: skip
    assert moved[1.0] == pytest.approx(0.5 * (0.5 * 0.5 * 0.5) * 2)
    assert moved[1.0] == pytest.approx(2 * moved[0.5])


def test_data_sets_with_other_starts_are_numbered_and_cut_as_one_grid() -> None:
    config, table = load(APART), _built()[0]
    plan = expand(config, table)
    rate_count = {"mse": 7, "bce": 3}
    starts = {"gaussian": [("wrong", 2.0), ("wrong", 1.0), ("zero", 0.0)]}
    starts["iris_versicolor_virginica"] = [("zero", 0.0), ("sure_wrong", 0.9)]
    assert plan["run"].tolist() == list(range((10 * 3 + 5 * 2) * 10))
    number = 0
    for data, name in zip(table["data"], table["dataset"], strict=True):
        rows = plan[plan["data"] == data]
        found = rows.drop_duplicates("start")
        pairs = list(zip(found["initialisation"], found["scale"], strict=True))
        assert pairs == starts[name]
        assert found["start"].tolist() == list(range(number, number + len(pairs)))
        number += len(pairs)
        assert all(part["loss"].value_counts().to_dict() == rate_count for _, part in rows.groupby("start"))
    grid = Grid(config, table)
    assert grid.sizes.tolist() == [30] * 10 + [20] * 5
    assert grid.starts.tolist() == [3] * 10 + [2] * 5
    assert grid.count("mse") + grid.count("bce") == grid.sizes.sum() == len(plan)
    assert grid.count("mse") == (plan["loss"] == "mse").sum()
    chosen = np.array([12, 0, 3, 14])
    pd.testing.assert_frame_equal(
        grid.rows(chosen), pd.concat([plan[plan["data"] == data] for data in chosen], ignore_index=True)
    )


@pytest.mark.parametrize(
    ("rates", "nearest"), [([0.3, 1, 3], 1.0), ([0.1, 3, 20], 3.0), ([0.2, 50], 0.2), ([0.5, 2], 0.5)]
)
def test_traced_are_the_first_seeds_at_the_rate_nearest_to_one(rates: list[float], nearest: float) -> None:
    plan = _plan(learning_rates=rates)
    traced = plan[plan["traced"]]
    assert set(traced["seed"]) == {0, 1}
    assert set(traced["rate"]) == {nearest}
    assert len(traced) == 3 * 2 * 4 * 2  # settings, seeds, starts, losses
    assert traced.groupby("start")["loss"].nunique().eq(2).all()


def test_no_curves_are_traced_when_none_are_asked_for() -> None:
    assert not _plan(curves={"seeds": 0})["traced"].any()


@given(st.integers(1, 40))
def test_shards_are_a_partition_by_data_set_and_nothing_else_changes(shards: int) -> None:
    plan = _plan(shards=shards)
    assert plan.groupby("data")["shard"].nunique().eq(1).all()
    assert sorted(plan["shard"].unique()) == list(range(min(shards, 15)))
    pd.testing.assert_frame_equal(plan.drop(columns="shard"), _plan(shards=1).drop(columns="shard"))


def test_shards_are_even_in_samples_times_columns() -> None:
    table = _built()[0]
    for config in (SMALL, APART):
        plan = expand(load(config), table)
        cost = table["n"] * table["d"] * plan.groupby("data").size()
        work = cost.groupby(plan.groupby("data")["shard"].first()).sum()
        # Largest first, each to the least loaded, is within 4/3 of the best there is (Graham 1969).
        assert work.max() <= 4 / 3 * max(work.mean(), cost.max())


@pytest.mark.integration
@given(st.sampled_from([SMALL, APART]), st.integers(1, 40), st.sampled_from([1, 40, 100, 10**6]))
@settings(deadline=None, max_examples=30)
def test_blocks_are_the_plan_shard_by_shard(study: dict[str, Any], shards: int, rows: int) -> None:
    config = load(study | {"shards": shards})
    parts = list(blocks(config, _built()[0], rows))
    assert all(len(set(part["shard"])) == 1 for part in parts)
    assert max(map(len, parts)) <= max(rows, 40)  # at most 40 runs on one data set
    pd.testing.assert_frame_equal(
        pd.concat(parts, ignore_index=True), conform(expand(config, _built()[0]), TABLES["plan"])
    )


def test_thresholds_are_those_of_the_targets_asked_for() -> None:
    config = load(SMALL | {"targets": ["brier", "accuracy"]})
    plan = expand(config, _built()[0])
    rows = plan[plan["data"] == 3]
    found = thresholds(config, rows)
    assert list(found) == ["brier", "accuracy"]
    assert (found["brier"] == rows["target_brier"]).all()


def test_a_target_that_a_data_set_does_not_have_is_left_out() -> None:
    table = _built()[0].assign(target_accuracy=math.nan)
    plan = expand(load(SMALL), table)
    assert list(thresholds(load(SMALL), plan[plan["data"] == 3])) == ["brier", "logloss"]
    assert thresholds(load(SMALL | {"targets": ["accuracy"]}), plan[plan["data"] == 3]) == {}


@pytest.mark.parametrize("above", [20, 1_000])
def test_above_their_own_smoothness_rate_runs_have_the_smaller_budget(above: int) -> None:
    config = load(SMALL | {"max_steps": 500, "max_steps_above": above})
    plan = expand(config, _built()[0])
    large = plan["rate"] > plan["loss"].map({"mse": 3.246, "bce": 1.001})
    assert large.any()
    assert not large.all()
    assert set(plan.loc[large, "max_steps"]) == {min(above, 500)}
    assert set(plan.loc[~large, "max_steps"]) == {500}


def test_the_same_config_gives_the_same_plan() -> None:
    pd.testing.assert_frame_equal(_plan(), _plan())


def test_a_million_runs_have_a_start_and_a_number_each() -> None:
    table = _built()[0]
    many = pd.concat([table] * 2000).sort_values("dataset", kind="stable", ignore_index=True)
    plan = expand(load(SMALL), many.assign(data=range(30_000)))
    assert plan["run"].tolist() == list(range(30_000 * 4 * 10))
    assert plan["start"].nunique() == 120_000
