"""Facts of data sets, against scipy, scikit-learn and closed forms; the hard edges."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import check_grad, linprog, minimize
from scipy.special import expit
from study.config.model import load
from study.data.facts import Facts, facts
from study.data.kinds import DatasetOptions, realise
from study.data.samples import with_bias

import kernels


def _options(name: str, **options: Any) -> DatasetOptions:
    return load({"datasets": [{"name": name, **options}]}).datasets[0]


def _facts(features: Any, labels: Any) -> Facts:
    columns = np.asarray(features, dtype=np.float64).reshape(len(labels), -1)
    return facts(with_bias(columns), np.asarray(labels, dtype=np.int64))


def _strictly_separable(features: np.ndarray, labels: np.ndarray) -> bool:
    """Another linear program than the code's: is there a theta with every margin at least 1?"""
    signed = features * (2 * labels - 1)[:, None]
    result = linprog(np.zeros(signed.shape[1]), A_ub=-signed, b_ub=-np.ones(len(signed)), bounds=(None, None))
    return bool(result.status == 0)


@settings(deadline=None, max_examples=60)
@given(st.integers(4, 14), st.integers(1, 3), st.integers(0, 10_000))
def test_separability_agrees_with_a_feasibility_program(n: int, d: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    features, labels = rng.normal(size=(n, d)), np.arange(n) % 2
    assert _facts(features, labels).separable == _strictly_separable(with_bias(features), labels)


@pytest.mark.parametrize("gap", [1.0, 1e-3, 1e-6, 1e-9, 1e-12])
def test_a_hair_decides_between_separable_and_not(gap: float) -> None:
    x = np.concatenate([-np.linspace(1, 3, 20), np.linspace(1, 3, 20), [-gap / 2, gap / 2]])
    labels = np.repeat([0, 1, 0, 1], [20, 20, 1, 1])
    assert _facts(x, labels).separable
    mixed = np.concatenate([x, [-2, 2]])  # now two samples are on the wrong side
    found = _facts(mixed, np.concatenate([labels, [1, 0]]))
    assert not found.separable
    assert found.bce_optimum > 0
    swapped = _facts(x, np.repeat([0, 1, 1, 0], [20, 20, 1, 1]))  # the two at the gap
    assert not swapped.separable
    # The loss of the pair is at least two ln 2; theta = log(1/gap) loses little more.
    least = 2 * math.log(2) / 42
    assert least - 1e-9 <= swapped.bce_optimum <= least + gap * (1 - math.log(gap)) + 1e-9


def _oracle_optimum(features: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        C=np.inf, fit_intercept=False, solver="newton-cholesky", tol=1e-13, max_iter=1000
    )
    theta = model.fit(features, labels).coef_[0]
    return theta, float(np.logaddexp(0.0, -(2 * labels - 1) * (features @ theta)).mean())


@pytest.mark.parametrize(
    ("name", "separability", "options"),
    [
        ("gaussian", 1.0, {}),
        ("gaussian", 2.0, {"d": 8}),
        ("gaussian", 4.0, {"label_noise": 0.1}),
        ("gaussian", 3.0, {"imbalance": 0.1, "n": 500}),
        ("breast_cancer_means", None, {}),
    ],
)
def test_the_bce_optimum_is_scikit_learn_s(
    name: str, separability: float | None, options: dict[str, Any]
) -> None:
    features, labels = realise(_options(name, **options), separability, 0, 0)
    found = facts(features, labels)
    theta, optimum = _oracle_optimum(features, labels)
    assert not found.separable
    assert found.bce_optimum == pytest.approx(optimum, rel=1e-8)
    assert found.direction == pytest.approx(theta / np.linalg.norm(theta), abs=1e-5)
    assert found.bce_accuracy == ((2 * labels - 1) * (features @ theta) > 0).mean()
    assert found.target_logloss == pytest.approx(0.9 * optimum + 0.1 * math.log(2), rel=1e-7)


@pytest.mark.parametrize(("separability", "seed"), [(1.0, 0), (2.0, 1), (4.0, 2)])
def test_the_gradient_vanishes_along_the_direction(separability: float, seed: int) -> None:
    features, labels = realise(_options("gaussian"), separability, seed, 0)
    direction = facts(features, labels).direction
    length = minimize(
        lambda a: kernels.risk(features, labels, a * direction[None], loss="bce")[0], [1.0], tol=1e-14
    ).x
    gradient = kernels.gradient(features, labels, length * direction[None], loss="bce")[0]
    assert np.abs(gradient).max() < 1e-6


@pytest.mark.parametrize(("separability", "seed"), [(1.0, 0), (2.0, 0), (4.0, 0), (4.0, 1)])
def test_no_other_descent_finds_a_smaller_brier_score(separability: float, seed: int) -> None:
    features, labels = realise(_options("gaussian"), separability, seed, 0)
    found = facts(features, labels).brier_optimum
    rng = np.random.default_rng(0)

    def brier(theta: np.ndarray) -> float:
        return float(((expit(features @ theta) - labels) ** 2).mean())

    def slope(theta: np.ndarray) -> np.ndarray:
        p = expit(features @ theta)
        return 2 * ((p - labels) * p * expit(-features @ theta)) @ features / len(labels)

    assert check_grad(brier, slope, np.ones(3)) < 1e-6
    others = [minimize(brier, start, jac=slope, tol=1e-10).fun for start in rng.normal(size=(30, 3)) * 3]
    assert found <= min(others) + 1e-9
    assert found >= 0.0
    assert found <= brier(_oracle_optimum(features, labels)[0]) + 1e-9


@pytest.mark.parametrize(
    ("name", "separability"),
    [
        ("separable", 1.0),
        ("separable", 0.01),
        ("breast_cancer", None),
        ("wine_0_1", None),
        ("digits_1_8", None),
    ],
)
def test_separable_data_have_trivial_optima_and_the_max_margin_direction(
    name: str, separability: float | None
) -> None:
    from sklearn.svm import LinearSVC

    features, labels = realise(_options(name), separability, 0, 0)
    found = facts(features, labels)
    assert found.separable
    assert (found.bce_optimum, found.bce_accuracy, found.brier_optimum) == (0.0, 1.0, 0.0)
    assert found.target_brier == 0.025
    assert found.target_logloss == pytest.approx(0.1 * math.log(2), rel=1e-8)
    margins = (2 * labels - 1) * (features @ found.direction)
    # A hard-margin machine in the augmented space (no intercept of its own), solved in the dual.
    scale = 1.0 / margins.min()
    machine = LinearSVC(
        C=1e6, loss="hinge", fit_intercept=False, tol=1e-9, max_iter=3_000_000, random_state=0
    )
    theta = machine.fit(features * scale, labels).coef_[0]
    theta = theta / np.linalg.norm(theta)
    assert ((2 * labels - 1) * (features @ theta)).min() <= margins.min() * (1 + 1e-6)
    assert found.direction == pytest.approx(theta, abs=2e-3)
    # Certificate (Karush, Kuhn, Tucker): the direction is a non-negative combination of the support vectors.
    contact = (features * (2 * labels - 1)[:, None])[margins < margins.min() * (1 + 1e-6)]
    weights = linprog(
        np.zeros(len(contact)),
        A_eq=contact.T,
        b_eq=found.direction,
        options={"primal_feasibility_tolerance": 1e-7},
    )
    assert weights.status == 0


def test_descent_on_bce_turns_to_the_direction_on_separable_data() -> None:
    features, labels = realise(_options("separable", n=20), 2.0, 0, 0)
    direction = facts(features, labels).direction
    run = kernels.descend(
        features, labels, np.zeros((1, 3)), loss="bce", learning_rate=1.0, max_steps=300_000
    )
    assert run.theta[0] @ direction / np.linalg.norm(run.theta[0]) > 0.999


def test_quasi_separated_samples_count_as_met_and_the_rest_decide() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    features = rng.normal(size=(60, 2))
    flag = np.zeros(60)
    flag[[1, 5]] = 1.0, 2.0  # a feature that only two positives have
    found = _facts(np.column_stack([features, flag]), labels)
    rest = np.setdiff1d(np.arange(60), [1, 5])
    alone = _facts(features[rest], labels[rest])
    assert not found.separable
    assert found.bce_optimum == pytest.approx(alone.bce_optimum * 58 / 60, rel=1e-8)
    assert found.bce_accuracy == pytest.approx((alone.bce_accuracy * 58 + 2) / 60)
    assert found.brier_optimum <= alone.brier_optimum * 58 / 60 + 1e-8
    assert found.direction == pytest.approx([0, 0, 1, 0])  # the limit of BCE's descent


def test_xor_has_no_direction_and_no_accuracy() -> None:
    found = _facts([[0, 0], [1, 1], [0, 1], [1, 0]], [0, 0, 1, 1])
    assert (found.bce_optimum, found.brier_optimum) == (pytest.approx(math.log(2), rel=1e-8), 0.25)
    assert (found.bce_accuracy, found.target_accuracy) == (0.0, 0.0)  # a logit of exactly 0 is wrong
    assert not found.direction.any()


@pytest.mark.parametrize(("n", "d"), [(2, 1), (2, 5), (3, 2), (4, 1), (10, 9), (10, 30)])
def test_few_samples_have_facts(n: int, d: int) -> None:
    rng = np.random.default_rng(1)
    found = _facts(rng.normal(size=(n, d)), np.arange(n) % 2)
    assert found.separable or n > d + 1
    assert np.linalg.norm(found.direction) == pytest.approx(1.0, abs=1e-8)
    assert found.fisher > 0


def test_a_repeated_column_changes_no_optimum() -> None:
    features, labels = realise(_options("gaussian"), 1.0, 0, 0)
    doubled = with_bias(np.column_stack([features[:, :-1], 2 * features[:, 0] + 1]))
    once, twice = facts(features, labels), facts(doubled, labels)
    for name in ("bce_optimum", "bce_accuracy", "brier_optimum", "separable"):
        assert getattr(once, name) == pytest.approx(getattr(twice, name), rel=1e-8)


def test_fisher_is_the_mahalanobis_distance_of_the_means() -> None:
    features, labels = realise(_options("gaussian", n=100_000, d=3), 2.0, 0, 0)
    assert facts(features, labels).fisher == pytest.approx(2.0, abs=0.03)
    small, labels = realise(_options("gaussian", n=40, d=3), 2.0, 0, 0)
    groups = [small[labels == label, :-1] for label in (0, 1)]
    pooled = sum(np.cov(group.T) * (len(group) - 1) for group in groups) / 38
    gap = groups[1].mean(axis=0) - groups[0].mean(axis=0)
    assert facts(small, labels).fisher == pytest.approx(
        math.sqrt(gap @ np.linalg.solve(pooled, gap)), rel=1e-8
    )


def test_smoothness_bounds_the_largest_eigenvalue_from_above() -> None:
    features, labels = realise(_options("breast_cancer"), None, 0, 0)
    largest = np.linalg.norm(features, 2) ** 2 / len(labels)
    assert largest < facts(features, labels).smoothness < largest * (1 + 3e-8)


@pytest.mark.parametrize("n", [10, 99, 100, 101, 199, 200, 250, 600])
def test_the_accuracy_target_is_the_least_share_within_a_hundredth(n: int) -> None:
    labels = np.arange(n) % 2
    for wrong in (0, 1, n // 10, n // 3):
        # All lie at +1 or -1: a direction is right about those on their own side, the better one about most.
        sides = 2.0 * labels - 1.0
        sides[:wrong] *= -1.0
        found = _facts(sides, labels)
        right = n - wrong
        assert found.bce_accuracy == right / n
        shares = (Fraction(count, n) for count in range(n + 1))
        assert found.target_accuracy == float(
            next(t for t in shares if t >= Fraction(right, n) - Fraction(1, 100))
        )


def test_an_accuracy_target_is_not_below_0() -> None:
    # Half of each class lies on either side: every logit of the optimum is 0, which counts as wrong.
    sides = np.tile([1.0, 1.0, -1.0, -1.0], 50)
    found = _facts(sides, np.arange(200) % 2)
    assert (found.bce_accuracy, found.target_accuracy) == (0.0, 0.0)
