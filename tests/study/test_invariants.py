"""From any config to its tables: no run lost or counted twice, pairs intact, shards and order irrelevant."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from study.catalogue import TABLES
from study.config import model as config
from study.data import samples
from study.data.starts import start
from study.errors import UserError
from study.runs import draw, plan, sweep
from study.tables.table import conform

scales = st.lists(st.sampled_from([0.5, 1, 3.5, 20, 1e3]), min_size=1, max_size=2, unique=True)
levels = st.lists(st.sampled_from([0.5, 2, 6.25]), min_size=1, max_size=2, unique=True)
entries = st.one_of(
    st.builds(
        lambda n, d, level, share: {
            "name": "gaussian",
            "n": n,
            "d": d,
            "separability": level,
            "imbalance": share,
        },
        st.integers(4, 14),
        st.integers(1, 3),
        levels,
        st.sampled_from([0.2, 0.5]),
    ),
    st.builds(
        lambda n, level: {"name": "separable", "n": n, "separability": level}, st.integers(4, 10), levels
    ),
    st.just({"name": "iris_versicolor_virginica", "fraction": 0.1}),
)
starts = st.one_of(
    st.just({"name": "zero"}),
    st.builds(
        lambda name, scale: {"name": name, "scales": scale},
        st.sampled_from(["normal", "wrong", "right"]),
        scales,
    ),
    st.builds(
        lambda name, scale: {"name": name, "scales": scale},
        st.sampled_from(["sure_wrong", "sure_right"]),
        st.lists(st.sampled_from([0.6, 0.99, 1 - 1e-9]), min_size=1, max_size=2, unique=True),
    ),
)


def _named(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(strategy, min_size=1, max_size=3, unique_by=lambda entry: entry["name"])


configs = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 5),
        "seeds": st.integers(1, 4),
        "hold": st.integers(1, 4),
        "datasets": _named(entries),
        "initialisations": _named(starts),
        "learning_rates": st.lists(st.sampled_from([0.3, 1, 3.25, 1e6]), min_size=1, max_size=2, unique=True),
        "losses": st.permutations(["mse", "bce"]),
        "targets": st.lists(st.sampled_from(config.TARGETS), min_size=1, unique=True),
        "max_steps": st.integers(1, 12),
        "shards": st.integers(1, 6),
        "curves": st.fixed_dictionaries({"seeds": st.integers(0, 2), "points": st.just(4)}),
    }
)


def _quiet(rows: pd.DataFrame) -> sweep.Progress:
    return sweep.Progress("", len(rows), lambda line: None)


def _pieces(
    chosen: config.Config, rows: pd.DataFrame, drawn: Any, shards: Any
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Runs and curves made shard by shard, in the order given, and put together."""
    made = [sweep.run_shard(chosen, rows[rows["shard"] == shard], drawn, _quiet(rows)) for shard in shards]
    runs, curves = (pd.concat(part, ignore_index=True) for part in zip(*made, strict=True))
    return conform(runs, TABLES["runs"]), conform(curves, TABLES["curves"])


@pytest.mark.integration
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(configs, st.randoms(use_true_random=False))
def test_no_run_is_lost_or_counted_twice_and_pairs_stay_pairs(mapping: dict[str, Any], chance: Any) -> None:
    chosen = config.load(mapping)
    try:
        table, drawn = draw.build(chosen)
    except UserError:
        assume(False)  # a data set without a direction
    rows = plan.expand(chosen, table)
    shards = sorted(rows["shard"].unique())
    runs, curves = _pieces(chosen, rows, drawn, shards)

    # Every combination of the config once, counted without the plan's help.
    own = {"mse": 0.25 / 0.0770293, "bce": 1.0}
    doubled = {"mse": [2 * rate for rate in chosen.learning_rates], "bce": []}
    asked = {
        (row.dataset, -1.0 if np.isnan(row.separability) else row.separability, row.seed, target)
        for row in table.itertuples()
        for target in chosen.targets
        if not np.isnan(getattr(row, f"target_{target}"))
    }
    expected = sorted(
        (
            entry.name,
            -1.0 if level is None else level,
            seed,
            initial.name,
            scale,
            loss,
            round(rate, 3),
            target,
        )
        for entry, initial, loss, target in itertools.product(
            chosen.datasets, chosen.initialisations, chosen.losses, chosen.targets
        )
        for level, scale in itertools.product(entry.separabilities, initial.scales or (0.0,))
        for seed in chosen.seeds
        if (entry.name, -1.0 if level is None else level, seed, target) in asked
        for rate in {*chosen.learning_rates, *doubled[loss], own[loss]}
    )
    axes = ["dataset", "separability", "seed", "initialisation", "scale", "loss", "rate", "target"]
    found = runs[axes].fillna({"separability": -1.0}).assign(rate=runs["rate"].round(3))
    assert sorted(found.itertuples(index=False, name=None)) == expected

    # A pair: one start, one data set, every loss; and theta_0 depends on neither loss nor rate.
    pairs = runs.groupby("start")
    assert pairs[["data", "seed", "initialisation", "scale"]].nunique().eq(1).all(axis=None)
    assert pairs["loss"].nunique().eq(2).all()
    for data in rows["data"].unique():
        aim = samples.sample(drawn, int(data)).aim
        for _, pair in rows[rows["data"] == data].groupby("start"):
            first = {
                start(r.initialisation, r.scale, aim, r.seed, chosen.seed).tobytes()
                for r in pair.itertuples()
            }
            assert len(first) == 1

    # A status for every row, and its step.
    assert ((runs["status"] == "reached") == runs["step"].between(0, chosen.max_steps)).all()
    assert runs["status"].isin(["reached", "censored", "diverged"]).all()
    assert set(curves["run"]) == set(rows.loc[rows["traced"], "run"])

    # Other shards, in another order.
    other = rows.assign(
        shard=np.array([chance.randrange(3) for _ in range(int(rows["data"].max()) + 1)])[rows["data"]]
    )
    order = list(other["shard"].unique())
    chance.shuffle(order)
    for mine, again in zip((runs, curves), _pieces(chosen, other, drawn, order), strict=True):
        pd.testing.assert_frame_equal(mine, again, check_exact=True)
