"""What is said of time before a study runs."""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from study.config.model import Config, load
from study.data.samples import Sample
from study.estimate import describe, parts, trials
from study.experiments.views import views
from study.methods import runs as method_runs
from study.runs.draw import build
from study.runs.plan import expand

SMALL: dict[str, Any] = {
    "seeds": 4,
    "datasets": [
        {"name": "gaussian", "separability": [2, 4], "n": 30},
        {"name": "iris_versicolor_virginica"},
    ],
    "initialisations": [{"name": "zero"}, {"name": "sure_wrong", "scales": [0.9]}],
    "learning_rates": [0.5, 2],
    "max_steps": 300,
    "shards": 3,
    "methods": [{"name": "mse", "loss": "mse"}, {"name": "bce", "loss": "bce"}],
    "comparisons": [["mse", "bce"]],
    "method_runs": {"seeds": 2, "learning_rates": [1], "datasets": ["gaussian"]},
    "phase": {"scales": [1], "large_n": 100, "large_separability": [2], "large_scales": [1]},
    "remedies": {
        "methods": [{"name": "mse", "loss": "mse"}],
        "comparisons": [],
        "datasets": [{"name": "gaussian", "separability": [2], "n": 30}],
        "seeds": 2,
        "flipped": [0, 0.1],
        "max_steps": 100,
    },
    "networks": {"methods": [], "comparisons": []},
}


@functools.cache
def _drawn() -> parts.Drawn:
    return parts.first_data_sets(load(SMALL))


def _group(ends: np.ndarray, samples: int = 40, copies: int = 1, budget: int = 10_000) -> trials.Group:
    """Runs that make the steps of `ends`, without a descent; `trials.clock` is what they are counted by."""
    rng = np.random.default_rng(0)
    drawn = Sample(rng.normal(size=(samples, 2)), np.arange(samples) % 2, np.ones(2), np.array(1.0))
    rows = pd.DataFrame({"ends": ends, "max_steps": budget, "learning_rate": 1.0})

    def descend(on: Sample, some: pd.DataFrame) -> Any:
        now = some["ends"].to_numpy() if (some["learning_rate"] == 1.0).all() else np.full(len(some), 10**9)
        made = np.minimum(now, some["max_steps"].to_numpy())
        Clock.now += 1e-9 * len(on.labels) * trials._passes(made, trials.WIDTH)
        return type("Descent", (), {"steps_run": made})

    return trials.Group(drawn, rows, descend, copies, 0)


class Clock:
    """Seconds that made-up descents have taken."""

    now = 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    Clock.now = 0.0
    monkeypatch.setattr(trials, "clock", lambda: Clock.now)


@pytest.mark.usefixtures("clock")
def test_descents_are_expected_to_take_what_they_take_if_all_can_be_tried() -> None:
    ends = np.random.default_rng(1).integers(1, 12_000, size=160)
    took = 1e-9 * 40 * trials._passes(np.minimum(ends, 10_000), trials.WIDTH)
    found = trials.expect([_group(ends, copies=7)], 1e9)
    assert found.seconds == pytest.approx(7 * took, rel=0.25)
    assert found.most == pytest.approx(7 * 1e-9 * 40 * 10_000 * np.ceil(160 / trials.WIDTH), rel=0.05)


@pytest.mark.usefixtures("clock")
def test_short_trials_of_large_data_come_within_a_factor_of_two() -> None:
    ends = np.round(np.exp(np.random.default_rng(2).uniform(0, np.log(10_000), size=160))).astype(int)
    took = 1e-9 * 1_000_000 * trials._passes(ends, trials.WIDTH)
    found = trials.expect([_group(ends, samples=1_000_000)], 0.05)
    assert 0.5 * took < found.seconds < 2 * took
    assert Clock.now < 0.05 * took


@pytest.mark.usefixtures("clock")
def test_some_of_many_groups_stand_for_all() -> None:
    groups = [_group(np.full(32, 100 * (1 + i % 9)), copies=1 + i % 3) for i in range(200)]
    took = sum(g.copies * 1e-9 * 40 * trials._passes(g.rows["ends"].to_numpy(), trials.WIDTH) for g in groups)
    assert trials.expect(groups, 1e9).seconds == pytest.approx(took, rel=0.4)


@pytest.mark.parametrize("stays", [0.1, 0.25, 0.9])
def test_runs_still_under_way_end_as_the_last_ones_did(stays: float) -> None:
    steps = trials._longer(stays, 64.0, 1e12, 10_000)
    assert (steps > 64 * trials.LONGER).mean() == pytest.approx(stays, abs=1e-3)
    assert (trials._longer(1.0, 64.0, 500.0, 3) == 500.0).all()


def test_every_run_of_the_study_is_counted() -> None:
    config = load(SMALL)
    table = build(config)[0]
    found = {part.name: part for part in parts.run_parts(config, _drawn())}
    assert found["sweep"].runs == len(expand(config, table))
    of_methods = [len(method_runs.plan(config, method, table)) for method in config.methods]
    assert found["methods"].runs == sum(of_methods)
    of_remedies = 0
    for view in views(config).values():
        drawn = build(view.config)[0]
        of_remedies += sum(len(method_runs.plan(view.config, one, drawn)) for one in view.config.methods)
    assert found["remedies"].copies * found["remedies"].runs == of_remedies
    assert "networks" not in found


@pytest.mark.integration
def test_the_description_is_a_table_of_all_parts() -> None:
    config: Config = load(SMALL)
    text = describe.describe(config, threads=2)
    assert "data sets   12 (3 settings, 4 seeds)" in text
    assert f"runs        {len(expand(config, build(config)[0])):,} (" in text
    for name in ("data sets, with their facts", "sweep", "methods", "remedies", "gradient flow"):
        assert re.search(rf"^{name} .*\d (s|min)$", text, re.MULTILINE), name
    assert re.search(
        r"total time  [\d.]+ (s|min) expected, [\d.]+ (s|min) at most, on 2 cores of this machine", text
    )


def test_jobs_are_shared_out_among_the_cores() -> None:
    some = [parts.Part("facts", 0, 1), parts.Part("sweep", 8, 4), parts.Part("rest", 0, 1)]
    start = 1.0
    alone, four, many = (describe._total(some, [8.0, 40.0, 10.0], start, cores) for cores in (1, 4, 400))
    assert alone == pytest.approx(1 + 8 + 4 * 11 + 10 + 16)
    assert four == pytest.approx(1 + 2 + 11 + 13)
    assert many == pytest.approx(1 + 0.02 + 11 + 13)  # a shard is the least


def test_a_trial_needs_no_more_samples_than_few() -> None:
    rng = np.random.default_rng(0)
    large = Sample(
        rng.normal(size=(9000, 3)), (np.arange(9000) % 3 == 0).astype(np.int64), np.ones(3), np.array(1.0)
    )
    few = trials.thinned(large)
    assert len(few.labels) == pytest.approx(trials.FEW, abs=2)
    assert few.labels.mean() == pytest.approx(1 / 3, abs=1e-3)
    assert trials.thinned(few) is few
