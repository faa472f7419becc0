"""Steps in made-up histories, where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from study.benchmarks.changepoints import changes

NOISE, STEP, RUNS = 0.15, np.log(1.2), 200


def history(rng: np.random.Generator, *steps: int, rounds: int = 15) -> np.ndarray:
    """Log times of runs, medians of rounds with 15% noise each, that step up and down by 20% in turn."""
    level = np.zeros(RUNS)
    for k, step in enumerate(steps):
        level[step:] += STEP if k % 2 == 0 else -STEP
    return level + np.median(rng.normal(0, NOISE, (RUNS, rounds)), axis=1)


def test_a_step_is_found_within_three_runs() -> None:
    rng = np.random.default_rng(1)
    near = 0
    for place in (int(p) for p in rng.integers(20, 180, 60)):
        near += any(abs(step - place) <= 3 for step in changes(history(rng, place)))
    assert near >= 57  # 95%


@pytest.mark.parametrize("kind", ["normal", "bursts", "cauchy"])
def test_false_alarms_are_rare_whatever_the_noise(kind: str) -> None:
    rng = np.random.default_rng(2)
    draw = {
        "normal": lambda: rng.normal(size=RUNS),
        "bursts": lambda: rng.exponential(size=RUNS) * (rng.random(RUNS) < 0.2),
        "cauchy": lambda: rng.standard_cauchy(RUNS),
    }[kind]
    assert sum(bool(changes(draw())) for _ in range(100)) <= 4  # 1 is expected; 5 have a chance of 0.3%


def test_up_and_down_again_is_found() -> None:
    found = changes(history(np.random.default_rng(3), 80, 110))
    assert len(found) == 2
    assert abs(found[0] - 80) <= 3
    assert abs(found[1] - 110) <= 3


def test_a_step_of_the_latest_runs_is_found_and_a_single_outlier_is_not() -> None:
    rng = np.random.default_rng(4)
    quiet = rng.normal(0, 0.01, RUNS)
    late, outlier = quiet.copy(), quiet.copy()
    late[-5:] += 0.2
    outlier[100] += 5.0
    assert changes(late) == [195]
    assert changes(outlier) == []


@pytest.mark.parametrize("size", range(6))
def test_a_short_history_has_no_steps(size: int) -> None:
    assert changes(np.arange(size) * 10.0) == []


def test_equal_times_have_no_steps() -> None:
    assert changes(np.ones(50)) == []


@example(1205, 17)  # two splits are alike
@given(st.integers(0, 2**32 - 1), st.integers(6, 60))
@settings(max_examples=30, deadline=None)
def test_only_the_order_of_the_values_matters(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=size) + 3.0 * (np.arange(size) > size / 2)
    found = changes(values)
    assert changes(np.exp(values)) == found
    assert changes(-values) == found
    assert sorted(found) == found
    assert all(0 < step < size for step in found)
