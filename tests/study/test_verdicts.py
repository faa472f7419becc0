"""Verdicts on made-up times with drift, bursts and differences between processes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy import stats
from study.benchmarks import verdicts

MARGIN = 0.02


def times(
    rng: np.random.Generator, shift: float, *, processes: int = 7, noise: float = 0.03, own: float = 0.003
):
    """(base, head) seconds of 15 rounds: a shared random walk, heavy-tailed rounds, levels of processes."""
    drift = np.cumsum(rng.normal(0, 0.2, 15))[:, None]
    logs = drift + rng.normal(0, own, 2 * processes) + noise * rng.standard_t(3, (15, 2 * processes))
    logs[:, processes:] += shift
    return np.exp(logs[:, :processes]), np.exp(logs[:, processes:])


def found(shift: float, count: int = 60, **options) -> Counter:
    rng = np.random.default_rng(5)
    return Counter(
        verdicts.verdicts({"a": times(rng, shift, **options)}, margin=MARGIN)["a"].verdict
        for _ in range(count)
    )


def test_the_same_is_neither_slower_nor_faster() -> None:
    counts = found(0.0)
    assert counts["slower"] + counts["faster"] <= 2


def test_ten_per_cent_are_found_either_way() -> None:
    assert found(np.log(1.1))["slower"] >= 57
    assert found(-np.log(1.1))["faster"] >= 57


def test_three_per_cent_are_never_no_difference() -> None:
    assert found(np.log(1.03), noise=0.02)["no difference"] == 0


def test_no_difference_is_said_only_with_the_data_for_it() -> None:
    assert found(0.0, noise=0.005, own=0.001)["no difference"] == 60
    assert found(0.0, noise=0.3)["no difference"] == 0


def test_the_interval_covers_what_it_says() -> None:
    rng = np.random.default_rng(6)
    covered = 0
    for _ in range(300):
        _, low, high = verdicts.shift_interval(*times(rng, 0.05))
        covered += low <= 0.05 <= high
    assert covered >= 276  # 92% of 300; at a true 95% fewer have a chance of 1%


def test_drift_common_to_all_changes_nothing() -> None:
    base, head = times(np.random.default_rng(7), 0.05)
    scale = np.exp(np.linspace(0, 2, 15))[:, None]
    once = verdicts.verdicts({"a": (base, head)}, margin=MARGIN)["a"]
    again = verdicts.verdicts({"a": (base * scale, head * scale)}, margin=MARGIN)["a"]
    assert (again.ratio, again.low, again.p) == pytest.approx((once.ratio, once.low, once.p))


def test_p_values_are_those_of_scipy_corrected_by_holm() -> None:
    rng = np.random.default_rng(8)
    given = {name: times(rng, shift) for name, shift in (("a", 0.0), ("b", 0.01), ("c", 0.2))}
    raw = []
    for base, head in given.values():
        levels = verdicts.process_levels(np.concatenate([base, head], axis=1))
        raw.append(stats.mannwhitneyu(levels[:7], levels[7:]).pvalue)
    ordered = sorted(raw)
    expected = {p: min(1.0, max(ordered[j] * (3 - j) for j in range(i + 1))) for i, p in enumerate(ordered)}
    judged = verdicts.verdicts(given, margin=MARGIN)
    assert [f.p for f in judged.values()] == pytest.approx([expected[p] for p in raw])


def test_two_processes_a_side_can_call_nothing() -> None:
    assert verdicts.least_p(2) == pytest.approx(1 / 3)
    counts = found(np.log(1.5), count=10, processes=2)
    assert set(counts) <= {"inconclusive"}
