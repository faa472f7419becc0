"""The plan: no run lost or repeated, true pairs, and shards that change nothing."""

from __future__ import annotations

import functools
import re
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study.catalogue import TABLES
from study.config.model import Config, load
from study.runs.draw import build
from study.runs.estimate import describe, fullest_shard
from study.runs.plan import blocks, expand, thresholds
from study.tables.table import conform

import kernels

SMALL: dict[str, Any] = {
    "seeds": {"evaluation": 3, "tuning": 2},
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
        for loss, own in (("mse", OWN), ("bce", 1.0))
        for rate in {*rates, own}
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


def test_roles_are_the_config_s() -> None:
    plan = _plan()
    assert set(plan.loc[plan["role"] == "evaluation", "seed"]) == {0, 1, 2}
    assert set(plan.loc[plan["role"] == "tuning", "seed"]) == {1000, 1001}


@pytest.mark.parametrize(
    ("rates", "nearest"), [([0.3, 1, 3], 1.0), ([0.1, 3, 20], 3.0), ([0.2, 50], 0.2), ([0.5, 2], 0.5)]
)
def test_traced_are_the_first_evaluation_seeds_at_the_rate_nearest_to_one(
    rates: list[float], nearest: float
) -> None:
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
    work = (table["n"] * table["d"]).groupby(_plan().groupby("data")["shard"].first().to_numpy()).sum()
    # Largest first, each to the least loaded, is within 4/3 of the best there is (Graham 1969).
    assert work.max() <= 4 / 3 * max(work.mean(), (table["n"] * table["d"]).max())


@given(st.integers(1, 40), st.sampled_from([1, 28, 100, 10**6]))
@settings(deadline=None, max_examples=20)
def test_blocks_are_the_plan_shard_by_shard(shards: int, rows: int) -> None:
    config = load(SMALL | {"shards": shards})
    parts = list(blocks(config, _built()[0], rows))
    assert all(len(set(part["shard"])) == 1 for part in parts)
    assert max(map(len, parts)) <= max(rows, 28)  # 28 runs on one data set
    pd.testing.assert_frame_equal(
        pd.concat(parts, ignore_index=True), conform(expand(config, _built()[0]), TABLES["plan"])
    )


def test_the_largest_shard_is_computed_from_the_plan() -> None:
    config, table = load(SMALL), _built()[0]
    price = np.arange(1.0, 16.0)
    plan = expand(config, table)
    spent = price[plan["data"]] * plan["max_steps"]
    assert fullest_shard(config, table, price) == pytest.approx(spent.groupby(plan["shard"]).sum().max())


def test_thresholds_are_those_of_the_targets_asked_for() -> None:
    config = load(SMALL | {"targets": ["brier", "accuracy"]})
    plan = expand(config, _built()[0])
    found = thresholds(config, plan)
    assert list(found) == ["brier", "accuracy"]
    assert (found["brier"] == plan["target_brier"]).all()


def test_the_same_config_gives_the_same_plan() -> None:
    pd.testing.assert_frame_equal(_plan(), _plan())


def test_a_million_runs_expand_in_seconds() -> None:
    table = _built()[0]
    many = pd.concat([table] * 2000, ignore_index=True).assign(data=range(30_000))
    begun = time.perf_counter()
    plan = expand(load(SMALL), many)
    assert time.perf_counter() - begun < 10
    assert len(plan) == 30_000 * 4 * 7
    assert plan["start"].nunique() == 120_000


def test_the_description_says_how_much_there_is_and_how_long_it_takes() -> None:
    config: Config = load(SMALL)
    text = describe(config, *_built())
    assert "data sets   15 (3 settings, 3 evaluation and 2 tuning seeds)" in text
    assert "starts      60" in text
    assert "runs        420 (240 mse, 180 bce)" in text
    assert "rows        1,260" in text
    assert "steps       at most 210,000 (500 a run)" in text
    assert re.search(
        r"sweep time  [\d.]+ (s|min|h|days) expected, [\d.]+ (s|min|h|days) at most, on \d+ cores?", text
    )


def test_the_upper_bound_grows_with_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("study.runs.estimate._timed", lambda d: d * 1e-6)
    monkeypatch.setattr("study.runs.estimate.TRIAL_SECONDS", 1e-9)
    _, table = load(SMALL), _built()[0]
    for steps in (1_000, 1_000_000):
        text = describe(load(SMALL | {"max_steps": steps}), *_built(), threads=1)
        seconds = float((table["n"] * table["d"]).sum()) * 1e-6 * 28 * steps
        assert f"{_said(seconds)} at most, on 1 core of" in text


def _said(seconds: float) -> str:
    """The same time in words, written independently, for the two magnitudes of the test above."""
    return (
        f"{seconds / 60:.2g} min"
        if seconds < 3600
        else f"{seconds / 3600:.2g} h"
        if seconds < 86400
        else f"{seconds / 86400:.2g} days"
    )
