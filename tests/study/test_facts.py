"""Facts of data sets, against scipy, scikit-learn and closed forms; the hard edges."""

from __future__ import annotations

import functools
import itertools
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import check_grad, linprog, minimize, nnls
from scipy.special import expit
from study.config.model import load
from study.data import optima, separation
from study.data.brier import SEARCHED
from study.data.facts import Facts, facts
from study.data.frame import frame_of
from study.data.kinds import DatasetOptions, realise
from study.data.samples import with_bias
from study.data.separation import UndecidedError, overlap, separated, separates
from study.data.spread import largest_eigenvalue
from study.errors import UserError
from study.runs.draw import build

import kernels
from kernels.brier import best_place

LOSSES = ("bce", "mse")
BEST = {"accuracy": 1.0, "brier": 0.0, "logloss": 0.0}
"""Scores beyond which nothing can be reached."""


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
    assert found.bce_logloss > 0
    swapped = _facts(x, np.repeat([0, 1, 1, 0], [20, 20, 1, 1]))  # the two at the gap
    assert not swapped.separable
    # The loss of the pair is at least two ln 2; theta = log(1/gap) loses little more.
    least = 2 * math.log(2) / 42
    assert least - 1e-9 <= swapped.bce_logloss <= least + gap * (1 - math.log(gap)) + 1e-9


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
    assert found.bce_logloss == pytest.approx(optimum, rel=1e-8)
    assert found.direction == pytest.approx(theta / np.linalg.norm(theta), abs=1e-5)
    assert found.bce_accuracy == ((2 * labels - 1) * (features @ theta) > 0).mean()
    assert found.median_margin == pytest.approx(
        np.median((2 * labels - 1) * (features @ theta)) / np.linalg.norm(theta), rel=1e-5
    )


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
    found = facts(features, labels).mse_brier
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
    assert [getattr(found, f"{loss}_{score}") for loss in LOSSES for score in BEST] == [*BEST.values()] * 2
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
    assert found.bce_logloss == pytest.approx(alone.bce_logloss * 58 / 60, rel=1e-8)
    assert found.bce_accuracy == pytest.approx((alone.bce_accuracy * 58 + 2) / 60)
    assert found.mse_brier <= alone.mse_brier * 58 / 60 + 1e-8
    assert found.direction == pytest.approx([0, 0, 1, 0])  # the limit of BCE's descent


def test_xor_has_no_direction_and_nothing_to_reach() -> None:
    found = _facts([[0, 0], [1, 1], [0, 1], [1, 0]], [0, 0, 1, 1])
    assert (found.bce_logloss, found.mse_brier) == (pytest.approx(math.log(2), rel=1e-8), 0.25)
    assert found.bce_accuracy == 0.0  # a logit of exactly 0 is wrong
    assert np.isnan([found.target_accuracy, found.target_brier, found.target_logloss]).all()
    assert not found.direction.any()
    assert found.median_margin == 0.0


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
    for name in ("bce_logloss", "bce_accuracy", "mse_brier", "mse_logloss", "separable"):
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


# --- targets, by a twin that shares nothing with the code: both optima from SciPy, all scores in plain NumPy

Scores = dict[str, float]


def _scores(margins: np.ndarray, n: int) -> Scores:
    """Scores of n samples, those without a margin being right beyond doubt."""
    return {
        "accuracy": (n - (margins <= 0).sum()) / n,
        "brier": float((expit(-margins) ** 2).sum() / n),
        "logloss": float(np.logaddexp(0.0, -margins).sum() / n),
    }


def _base(labels: np.ndarray) -> Scores:
    share = float(labels.mean())
    return {
        "accuracy": max(share, 1 - share),
        "brier": float(((share - labels) ** 2).mean()),
        "logloss": float(-np.log(np.where(labels == 1, share, 1 - share)).mean()),
    }


def _descended(signed: np.ndarray, loss: str, starts: int = 12) -> np.ndarray:
    """Margins at the smallest risk that SciPy's BFGS finds."""

    def risk(theta: np.ndarray) -> float:
        margins = signed @ theta
        return float((np.logaddexp(0, -margins) if loss == "bce" else expit(-margins) ** 2).mean())

    def slope(theta: np.ndarray) -> np.ndarray:
        wrong = expit(-signed @ theta)
        pull = wrong if loss == "bce" else 2 * wrong**2 * (1 - wrong)
        return -(signed * pull[:, None]).mean(axis=0)

    rng = np.random.default_rng(3)
    first = [np.zeros(signed.shape[1])]
    if loss == "mse":
        first += list(rng.normal(size=(starts, signed.shape[1])) * 3)
    ends = [minimize(risk, start, jac=slope, options={"gtol": 1e-11}) for start in first]
    return signed @ min(ends, key=lambda end: end.fun).x


def _twin(optima: dict[str, Scores], labels: np.ndarray) -> Scores:
    """A tenth of the way from the worse optimum to the base rate, accuracy up to a whole sample; or nan."""
    base, n, targets = _base(labels), len(labels), {}
    for score in BEST:
        scores = [optima[loss][score] for loss in LOSSES]
        worse = min(scores) if score == "accuracy" else max(scores)
        gain = worse - base[score] if score == "accuracy" else base[score] - worse
        targets[score] = 0.9 * worse + 0.1 * base[score] if gain > 1e-6 else math.nan
    if not math.isnan(targets["accuracy"]):
        targets["accuracy"] = math.ceil(n * targets["accuracy"] - 1e-7) / n
    return targets


def _found(found: Facts, prefix: str) -> Scores:
    return {score: getattr(found, f"{prefix}_{score}") for score in BEST}


@pytest.mark.parametrize(
    ("separability", "options"),
    [
        (0.5, {"n": 300}),
        (1.0, {}),
        (2.0, {"d": 5, "n": 400}),
        (2.0, {"imbalance": 0.1, "n": 500}),
        (3.0, {"label_noise": 0.1}),
        (1.0, {"imbalance": 0.03, "n": 1000}),
    ],
)
def test_targets_on_overlapping_data_are_the_twin_s(separability: float, options: dict[str, Any]) -> None:
    features, labels = realise(_options("gaussian", **options), separability, 1, 0)
    signed = features * (2.0 * labels - 1.0)[:, None]
    found = facts(features, labels)
    assert not found.separable
    optima = {loss: _scores(_descended(signed, loss), len(labels)) for loss in LOSSES}
    for loss in LOSSES:
        assert _found(found, loss) == pytest.approx(optima[loss], rel=2e-5)
    assert _found(found, "base") == pytest.approx(_base(labels), rel=1e-8)
    assert _found(found, "target") == pytest.approx(_twin(optima, labels), rel=2e-5, nan_ok=True)


@pytest.mark.parametrize("name", ["separable", "breast_cancer", "wine_0_1"])
def test_targets_on_separable_data_lie_a_tenth_of_the_way_from_perfection(name: str) -> None:
    features, labels = realise(_options(name), 1.0 if name == "separable" else None, 0, 0)
    found = facts(features, labels)
    assert _found(found, "target") == pytest.approx(_twin(dict.fromkeys(LOSSES, BEST), labels), rel=1e-8)


def _quasi_separated() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, labels, and the samples that no flag separates from the others."""
    rng = np.random.default_rng(5)
    labels = (rng.random(80) < 0.3).astype(np.int64)
    features = rng.normal(size=(80, 2)) + labels[:, None]
    flags = np.zeros(80)
    flags[np.flatnonzero(labels)[:3]] = 1.0, 2.0, 0.5
    return with_bias(np.column_stack([features, features[:, 0] - flags])), labels, np.flatnonzero(flags == 0)


def test_targets_on_quasi_separated_data_are_the_twin_s() -> None:
    features, labels, rest = _quasi_separated()
    found = facts(features, labels)
    # On the rest, the third column repeats the first: without it, both optima are finite.
    signed = (features * (2.0 * labels - 1.0)[:, None])[np.ix_(rest, [0, 1, 3])]
    optima = {loss: _scores(_descended(signed, loss), len(labels)) for loss in LOSSES}
    for loss in LOSSES:
        assert _found(found, loss) == pytest.approx(optima[loss], rel=1e-6)
    assert _found(found, "target") == pytest.approx(_twin(optima, labels), rel=1e-6)


def test_an_optimum_at_infinity_that_gives_a_sample_up_has_no_log_loss() -> None:
    # An outlier more than twice as far out as the nearest right sample: MSE pays 1/n for it and goes on.
    x = np.concatenate([-np.linspace(1, 3, 20), np.linspace(1, 3, 20), [-100.0]])
    found = _facts(x, np.repeat([0, 1, 1], [20, 20, 1]))
    assert _found(found, "mse") == pytest.approx({"accuracy": 40 / 41, "brier": 1 / 41, "logloss": math.inf})
    assert math.isnan(found.target_logloss)
    assert found.bce_logloss < found.base_logloss


def _of_many_columns(d: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return realise(_options("gaussian", n=200, d=d), 1.0, seed, 0)


def _rare() -> tuple[np.ndarray, np.ndarray]:
    """One positive in 33 whose features tell little: the base rate alone is right about 97%."""
    rng = np.random.default_rng(8)
    labels = (np.arange(1000) < 30).astype(np.int64)
    return with_bias(rng.normal(size=(1000, 2)).round(2) + 0.6 * labels[:, None]), labels


@pytest.mark.parametrize(
    "draw",
    [
        *(functools.partial(_of_many_columns, d, seed) for d in (20, 40) for seed in range(3)),
        _rare,
        lambda: _quasi_separated()[:2],
        lambda: realise(_options("gaussian", n=200, imbalance=0.03), 2.0, 0, 0),
        lambda: realise(_options("breast_cancer"), None, 0, 0),
    ],
)
def test_both_losses_can_attain_a_target_and_the_base_rate_misses_it(draw: Any) -> None:
    features, labels = draw()
    found = facts(features, labels)
    signed = features * (2.0 * labels - 1.0)[:, None]
    base = _base(labels)
    if found.separable:
        reached = [BEST, BEST]
    else:
        theta = minimize(
            lambda theta: np.logaddexp(0, -signed @ theta).mean(),
            np.zeros(signed.shape[1]),
            jac=lambda theta: -(signed * expit(-signed @ theta)[:, None]).mean(axis=0),
            method="L-BFGS-B",
            options={"maxiter": 5000, "ftol": 1e-15, "gtol": 1e-9},
        ).x
        # Of MSE, only what was found can be looked at: nothing that SciPy finds is better.
        reached = [_scores(signed @ theta, len(labels)), _found(found, "mse")]
        assert found.mse_brier <= reached[0]["brier"] + 1e-7
        assert found.mse_brier <= _scores(_descended(signed, "mse", 3), len(labels))["brier"] + 1e-7
    for score, target in _found(found, "target").items():
        for attained in reached:
            if score == "accuracy":
                assert math.isnan(target) or base[score] < target <= attained[score] + 1e-12
            else:
                assert math.isnan(target) or base[score] > target > attained[score]
    worse = [min(r["accuracy"] for r in reached), *(max(r[s] for r in reached) for s in ("brier", "logloss"))]
    missing = [worse[0] <= base["accuracy"], worse[1] >= base["brier"], worse[2] >= base["logloss"]]
    assert np.isnan([*_found(found, "target").values()]).tolist() == missing


def test_a_start_at_the_base_rate_has_met_no_target_of_rare_positives() -> None:
    features, labels = _rare()
    found = facts(features, labels)
    logit = math.log(30 / 970)
    run = kernels.descend(
        features,
        labels,
        np.array([[0.0, 0.0, logit]]),
        loss="bce",
        learning_rate=1.0,
        max_steps=0,
        targets={name: t for name, t in _found(found, "target").items() if not math.isnan(t)},
    )
    assert run.status
    assert all((ends == "censored").all() for ends in run.status.values())
    assert math.isnan(found.target_accuracy)  # no line is right about more samples than the base rate


@pytest.mark.parametrize("n", [10, 99, 100, 101, 199, 200, 250, 600, 2103])
def test_the_accuracy_target_is_the_least_share_a_tenth_of_the_way(n: int) -> None:
    labels = np.arange(n) % 2
    for wrong in (0, 1, n // 10, n // 3):
        # All lie at +1 or -1: a direction is right about those on their own side, the better one about most.
        sides = 2.0 * labels - 1.0
        sides[:wrong] *= -1.0
        found = _facts(sides, labels)
        right, majority = n - wrong, n - n // 2
        assert (found.bce_accuracy, found.mse_accuracy) == (right / n, right / n)
        exact = right - Fraction(right - majority, 10)
        assert found.target_accuracy == float(Fraction(math.ceil(exact), n))


def test_no_accuracy_is_asked_for_where_none_is_above_the_majority_s() -> None:
    # Half of each class lies on either side: every logit of the optimum is 0, which counts as wrong.
    sides = np.tile([1.0, 1.0, -1.0, -1.0], 50)
    found = _facts(sides, np.arange(200) % 2)
    assert found.bce_accuracy == 0.0
    assert math.isnan(found.target_accuracy)


# --- shapes, and proofs that spare the linear program


def _signed(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(features * (2.0 * labels - 1.0)[:, None])


@settings(deadline=None, max_examples=80)
@given(st.integers(4, 40), st.integers(1, 3), st.integers(0, 10_000), st.booleans())
def test_no_proof_contradicts_the_linear_program(n: int, d: int, seed: int, whole: bool) -> None:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, d)) + np.arange(n)[:, None] % 2
    if whole:  # ties, and samples on the hyperplane
        features = features.round()
    signed = _signed(with_bias(features), np.arange(n) % 2)
    frame = frame_of(signed)
    marked, theta = separated(signed)
    place = minimize(lambda p: np.logaddexp(0, -frame.rows @ p).mean(), np.zeros(frame.rows.shape[1])).x
    if overlap(signed, frame, frame.rows @ place):
        assert not marked.any()
    assert separates(signed, theta, signed @ theta) <= marked.all()
    assert not separates(signed, -theta, -signed @ theta)


@settings(deadline=None, max_examples=150)
@given(
    st.integers(30, 200),
    st.integers(1, 4),
    st.integers(0, 10_000),
    st.sampled_from(["gap", "ties", "flags", "overlap", "outlier", "dependent"]),
)
def test_a_program_that_begins_with_a_part_of_the_rows_ends_as_that_of_all(
    n: int, d: int, seed: int, kind: str
) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % 3 == 0).astype(np.int64)
    features = rng.normal(size=(n, d))
    if kind in {"gap", "ties"}:
        features[:, 0] += 8.0 * labels - 4.0
    if kind in {"ties", "dependent"}:  # many samples on the hyperplane
        features = features.round()
        features[:, 0] = np.clip(features[:, 0], -2, 2) + 2.0 * labels
    if kind in {"flags", "dependent"}:  # columns that a few positives alone have
        flags = (rng.random((n, 2)) < 0.05) * labels[:, None]
        features = np.column_stack([features, flags, flags[:, 0] + features[:, -1]])
    if kind == "outlier":
        features[-1] *= 1e3
    signed = _signed(with_bias(features), labels)
    expected, _ = separated(signed)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(separation, "MANY", 20)
        patched.setattr(separation, "_PART", 8)
        marked, theta = separated(signed)
    assert marked.tolist() == expected.tolist()
    margins = signed @ theta
    assert margins[marked].min(initial=1.0) > 1.0 - 1e-4  # up to the noise of the solver
    assert np.abs(margins[~marked]).max(initial=0.0) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["indicator", "ties"])
def test_many_samples_that_some_columns_separate_in_part_take_seconds(kind: str) -> None:
    """By counts of what was done, not by time: the rows that the solver saw, the steps of Newton's method."""
    rng = np.random.default_rng(1)
    n = 400_000
    labels = (rng.random(n) < 0.5).astype(np.int64)
    features = rng.normal(size=(n, 4))
    if kind == "indicator":
        features[:, 0] = (rng.random(n) < 0.05) & (labels == 1)
    else:
        features[:, 0] = np.where(rng.random(n) < 0.4, 0.0, 2.0 * labels - 1.0)
    seen: list[int] = []
    with pytest.MonkeyPatch.context() as patched:
        solve = separation._solved
        patched.setattr(separation, "_solved", lambda rows: (seen.append(len(rows)), solve(rows))[1])
        newton = optima._rise
        rises: list[int] = []
        patched.setattr(optima, "_rise", lambda *given: (rises.append(1), newton(*given))[1])
        found = facts(with_bias(features), labels)
    assert not found.separable
    assert sum(seen) < 100_000
    assert len(rises) < 150
    assert np.abs(found.direction).argmax() == 0


def test_a_proof_needs_more_than_the_signs_of_margins() -> None:
    signed = np.array([[1.0, 1.0], [1.0, -1.0]])
    assert separates(signed, np.array([1.0, 0.5]), np.array([1.5, 0.5]))
    nearly = np.array([1.0, 1.0 - 2.0**-53])
    assert not separates(signed, nearly, signed @ nearly)  # 1.1e-16 is what rounding could have made
    frame = frame_of(np.vstack([np.eye(2), -np.eye(2)]))
    assert overlap(np.vstack([np.eye(2), -np.eye(2)]), frame, np.zeros(4))
    assert not overlap(np.vstack([np.eye(2), -np.eye(2)]), frame, np.array([50.0, 0.0, 0.0, 0.0]))


@pytest.mark.parametrize("name", ["separable", "gaussian", "wide"])
def test_ordinary_data_need_no_linear_program(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(optima, "separated")
    if name == "wide":
        features, labels = np.random.default_rng(0).normal(size=(20, 50)), np.arange(20) % 2
    else:
        features, labels = realise(_options(name), 1.0, 0, 0)
    assert facts(features, labels).separable == (name != "gaussian")


@pytest.mark.parametrize(("n", "d"), [(60, 60), (30, 200), (90, 60), (260, 260)])
def test_few_samples_of_many_columns_have_the_facts_of_their_definitions(n: int, d: int) -> None:
    rng = np.random.default_rng(3)
    labels = rng.permutation(n) % 2
    columns = rng.normal(size=(n, d)) + 0.8 * labels[:, None]
    found = _facts(columns, labels)
    features = with_bias(columns)
    signed = _signed(features, labels)
    assert found.separable
    multipliers, _ = nnls(np.vstack([signed.T, np.ones(n)]), np.append(np.zeros(d + 1), 1.0))
    theta = signed.T @ multipliers
    assert found.direction == pytest.approx(theta / np.linalg.norm(theta), abs=1e-7)
    assert found.smoothness == pytest.approx(np.linalg.norm(features, 2) ** 2 / n, rel=3e-8)
    pooled = sum(np.cov(columns[labels == k].T) * ((labels == k).sum() - 1) for k in (0, 1)) / (n - 2)
    values, vectors = np.linalg.eigh(pooled)
    gap = columns[labels == 1].mean(axis=0) - columns[labels == 0].mean(axis=0)
    lifted = np.maximum(values, 1e-6 * values.mean())
    assert found.fisher == pytest.approx(math.sqrt(((vectors.T @ gap) ** 2 / lifted).sum()), rel=1e-7)


def test_a_sample_of_both_classes_among_many_columns_is_left_to_decide() -> None:
    rng = np.random.default_rng(0)
    columns, labels = rng.normal(size=(30, 100)), np.arange(30) % 2
    columns[1] = columns[3] = columns[0]  # one against two
    columns[5] = columns[2]  # one against one
    found = _facts(columns, labels)
    assert not found.separable
    least = 3 * math.log(3) - 2 * math.log(2)
    assert found.bce_logloss == pytest.approx((2 * math.log(2) + least) / 30, rel=1e-8)
    assert found.mse_brier == pytest.approx((2 / 4 + 2 / 3) / 30, rel=1e-8)
    assert with_bias(columns)[[0, 1, 2, 3, 5]] @ found.direction == pytest.approx(np.zeros(5), abs=1e-8)


def test_the_largest_eigenvalue_of_a_large_matrix_is_numpy_s() -> None:
    rows = np.random.default_rng(0).normal(size=(500, 300))
    products = rows.T @ rows
    assert largest_eigenvalue(products) == pytest.approx(np.linalg.eigvalsh(products)[-1], rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_the_optimum_of_more_samples_than_are_searched_is_scipy_s(seed: int) -> None:
    features, labels = realise(_options("gaussian", n=12_000, d=4, imbalance=0.2), 1.5, seed, 0)
    assert len(labels) > 2 * SEARCHED
    signed = _signed(features, labels)
    found = facts(features, labels)
    assert found.mse_brier == pytest.approx(_scores(_descended(signed, "mse", 3), 12_000)["brier"], rel=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_the_direction_of_many_samples_is_that_of_a_program_with_all_of_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = rng.standard_t(3, size=(3000, 3))
    labels = (columns @ [1.0, 0.5, -2.0] > 0.3).astype(np.int64)
    signed = _signed(with_bias(columns), labels)
    found = _facts(columns, labels)
    scale = 1.0 / (signed @ found.direction).min()
    multipliers, _ = nnls(np.vstack([scale * signed.T, np.ones(3000)]), np.append(np.zeros(4), 1.0))
    theta = signed.T @ multipliers
    assert found.separable
    assert found.direction == pytest.approx(theta / np.linalg.norm(theta), abs=1e-7)


# --- optima that are easily missed, and columns that depend on each other


def _fewest_wrong_of_all_lines(features: np.ndarray, labels: np.ndarray) -> int:
    """The fewest wrong samples of any line in the plane: it can be moved until it touches two of them."""
    points, fewest = features[:, :2], len(labels)
    for i, j in itertools.combinations(range(len(points)), 2):
        normal = np.array([-1.0, 1.0]) * (points[j] - points[i])[::-1]
        sides = (points - points[i]) @ normal
        for signs in itertools.product([-1, 1], repeat=2):  # the two can be put on any side by turning it
            sides[[i, j]] = signs
            wrong = (np.sign(sides) != 2 * labels - 1).sum()
            fewest = min(fewest, wrong, len(labels) - wrong)
    return fewest


@pytest.mark.parametrize("seed", [2, 21])
def test_an_optimum_that_counts_wrong_samples_is_found(seed: int) -> None:
    features, labels = realise(_options("gaussian"), 4.0, seed, 0)
    fewest = _fewest_wrong_of_all_lines(features, labels)
    signed = features * (2.0 * labels - 1.0)[:, None]
    assert fewest / 200 == pytest.approx(_scores(_descended(signed, "mse"), 200)["brier"], abs=1e-8)
    found = facts(features, labels)
    assert found.mse_brier == fewest / 200
    assert found.mse_accuracy == 1 - fewest / 200
    assert found.mse_logloss == math.inf


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(0, 3))
def test_the_best_place_on_a_line_has_the_fewest_wrong_samples(seed: int, ties: int) -> None:
    rng = np.random.default_rng(seed)
    margins, slopes = rng.normal(size=30), rng.normal(size=30)
    slopes[:ties] = 0.0
    count, step = best_place(margins, slopes)
    assert count == (margins + step * slopes <= 0.0).sum()
    assert all(count <= (margins + other * slopes <= 0.0).sum() for other in rng.standard_cauchy(2000))


def test_dependent_columns_give_the_same_facts_in_any_order() -> None:
    rng = np.random.default_rng(7)
    level, x = rng.integers(0, 3, 60), rng.normal(size=60).round(2)
    labels = (rng.random(60) < 0.3 + 0.2 * level / 2).astype(np.int64)
    flags = [(level == k).astype(float) for k in range(3)]
    columns = np.column_stack([x, *flags])
    columns = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    first = _facts(columns, labels)
    signed = with_bias(columns) * (2 * labels - 1)[:, None]
    # The shortest of all optima lies in the span of the samples.
    shortest = np.linalg.pinv(signed) @ (signed @ first.direction)
    assert first.direction == pytest.approx(shortest, abs=1e-8)
    for order in itertools.permutations(range(4)):
        other = _facts(columns[:, order], labels)
        assert repr(other.row()) == repr(first.row())  # to the digit
        assert (other.direction == first.direction[[*order, 4]]).all()


def test_numbers_too_far_apart_are_refused_by_name(tmp_path: Path) -> None:
    rows = [
        (3e7, 0.13, 1),
        (3e-4, 0.24, 0),
        (5e-7, 21.0, 0),
        (4e-5, 9e5, 1),
        (2e-4, 0.18, 1),
        (1.7e-3, 2e-3, 1),
    ]
    path = tmp_path / "tails.csv"
    pd.DataFrame(rows, columns=["f0", "f1", "y"]).to_csv(path, index=False)
    entry = {"name": "tails", "file": str(path), "label": "y", "fraction": 1.0}
    with pytest.raises(UserError) as error:
        build(load({"seeds": 1, "datasets": [entry]}))
    assert str(error.value).startswith(
        "data set 'tails' (seed 0), column 'f0': its numbers span too many powers"
    )
    assert "write `drop: [f0]`" in str(error.value)
    table, _ = build(
        load({"seeds": 1, "datasets": [entry | {"drop": ["f0"]}], "initialisations": [{"name": "zero"}]})
    )
    assert np.isfinite(table["bce_logloss"]).all()


@pytest.mark.parametrize("seed", range(6))
def test_heavy_tails_keep_the_order_of_the_optima(seed: int) -> None:
    rng = np.random.default_rng(seed)
    features = rng.standard_cauchy((30, 3)) ** 5
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    try:
        found = _facts(features, rng.permutation(30) % 2)
    except UndecidedError:  # refused by name; at such numbers the solver does not always end alike
        return
    assert found.mse_brier <= found.bce_brier * (1 + 1e-9)
    assert found.bce_logloss <= found.base_logloss * (1 + 1e-9)
