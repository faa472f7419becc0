"""The recomputation uses nothing of the project, and its own parts agree with SciPy and with examples."""

from __future__ import annotations

import ast
import itertools
import math
import sys
from pathlib import Path

import comparing
import numpy as np
import pairing
import pytest
import samples
from scipy import stats

HERE = Path(__file__).parent
PROGRAM = [path for path in sorted(HERE.glob("*.py")) if path.stem not in {"conftest", Path(__file__).stem}]


@pytest.mark.parametrize("path", PROGRAM, ids=lambda path: path.stem)
def test_nothing_of_the_project_is_imported(path: Path) -> None:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(node.module)
        elif isinstance(node, ast.Name):
            assert node.id not in {"__import__", "exec", "eval"}
    own = {part.stem for part in PROGRAM}
    outside = {name.split(".")[0] for name in names} - sys.stdlib_module_names - own
    assert outside <= {"numpy", "pandas", "scipy"}
    assert "importlib" not in names


@pytest.mark.parametrize("seed", range(20))
def test_medians_are_those_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    time = rng.integers(1, 12, size=rng.integers(1, 30)).astype(float)
    seen = rng.random(time.size) < rng.random()
    ecdf = stats.ecdf(stats.CensoredData.right_censored(time, ~seen)).sf
    at_most_half = ecdf.quantiles[ecdf.probabilities <= 0.5 + 1e-9]
    assert pairing.median(time, seen) == (at_most_half[0] if at_most_half.size else math.inf)


def test_a_half_is_enough_for_the_median() -> None:
    assert pairing.median(np.array([4.0, 1.0, 3.0, 2.0]), np.ones(4, dtype=bool)) == 2.0
    assert pairing.median(np.array([4.0, 1.0, 3.0, 2.0]), np.array([True, True, True, False])) == 3.0


@pytest.mark.parametrize("seed", range(10))
def test_the_best_rate_has_the_smallest_geometric_mean(seed: int) -> None:
    rng = np.random.default_rng(seed)
    seen = rng.random((7, 4)) < 0.8
    time = np.where(seen, rng.integers(0, 50, size=(7, 4)), 50.0)
    runs = pairing.Runs(np.arange(1.0, 5.0), time, seen, time, 50)
    means = stats.gmean(np.where(seen, np.maximum(time, 1.0), 100.0), axis=0)
    assert pairing.best(runs, range(7)) == int(np.argmin(means.round(9)))


def test_of_equally_good_rates_the_smaller_is_chosen() -> None:
    time = np.array([[2.0, 3.0, 1.0], [3.0, 2.0, 6.0]])
    runs = pairing.Runs(np.array([1.0, 2.0, 4.0]), time, np.ones((2, 3), dtype=bool), time, 20)
    assert pairing.best(runs, range(2)) == 0
    # Each seed is evaluated at the rate that is best for the other.
    assert pairing.cross_fitted(runs, 5).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("text", "value", "bound", "agrees"),
    [
        ("6.5x", 6.5, False, True),
        ("6.5x", 6.504, False, True),
        ("6.5x", 6.506, False, False),
        ("12,500x", 12_522.6, False, True),
        ("12,500x", 12_560.0, False, False),
        ("> 117x", 117.9, True, True),
        ("\\> 117x", 118.1, True, False),
        ("> 117x", 116.9, True, False),
        ("117x", 117.0, True, False),
        ("> 117x", 117.0, False, False),
        (None, 1.0, False, False),
    ],
)
def test_a_number_of_the_page_is_compared_to_its_last_digit(text, value, bound, agrees) -> None:
    assert comparing.quoted("", "", text, value, bound=bound).agrees is agrees


@pytest.mark.parametrize("seed", range(5))
def test_the_bound_of_the_margin_is_tight_at_the_best_direction_only(seed: int) -> None:
    signed = np.random.default_rng(seed).normal(loc=[4.0, 0.0], size=(30, 2))
    angles = np.linspace(-1.5, 1.5, 400_001)
    directions = np.array([np.cos(angles), np.sin(angles)])
    margins = (signed @ directions).min(axis=0)
    best, other = directions[:, margins.argmax()], directions[:, margins.argmax() - 2_000]
    assert samples.largest_margin(signed, best) == pytest.approx(margins.max(), rel=1e-4)
    assert samples.largest_margin(signed, other) > (signed @ other).min() * (1 + 1e-4)


def test_optima_are_better_than_a_grid() -> None:
    rng = np.random.default_rng(1)
    signed = rng.normal(loc=[0.7, 0.2], size=(40, 2))
    optimum = samples.bce_optimum(signed)
    grid = np.array(list(itertools.product(np.linspace(-6, 6, 121), repeat=2))).T
    log_loss = np.logaddexp(0, -signed @ grid).mean(axis=0).min()
    assert np.logaddexp(0, -signed @ optimum).mean() <= log_loss
    squared = (1 / (1 + np.exp(signed @ grid)) ** 2).mean(axis=0).min()
    margins = samples.mse_margins(signed, optimum)
    assert (1 / (1 + np.exp(margins)) ** 2).mean() <= squared
