"""Minima: confirmed by another optimiser and another certificate, and none where classes are separable."""

from __future__ import annotations

import math

import mpmath
import naive
import numpy as np
import pytest
from scipy.optimize import minimize
from study.config import model as config
from study.data import samples
from study.runs import draw
from study.theory import minima

import kernels


@pytest.fixture(scope="module")
def table():
    return minima.table()


def thetas(table, name, loss):
    d = minima.DATASETS[name] + 1
    rows = table[(table["dataset"] == name) & (table["loss"] == loss)]
    return rows, rows[[f"theta_{j}" for j in range(d)]].to_numpy()


def test_the_data_are_as_described():
    features, labels = minima.two_scales(1)
    assert features.shape == (24, 2)
    assert list(np.unique(np.abs(features[:, 0]))) == [1.0, 10.0]
    # Seven of eight near samples have the label of their sign, three of four far ones the other one.
    agrees = (features[:, 0] > 0) == (labels == 1)
    assert agrees[np.abs(features[:, 0]) == 1.0].mean() == 0.875
    assert agrees[np.abs(features[:, 0]) == 10.0].mean() == 0.25
    # Every sample has its mirror image with the other label.
    kinds = sorted((x, y) for x, y in zip(features[:, 0], labels, strict=True))
    assert kinds == sorted((-x, 1 - y) for x, y in kinds)


@pytest.mark.parametrize(("name", "count"), [("two_scales", 2), ("two_scales_twice", 4)])
def test_mse_has_several_minima_and_bce_one(table, name, count):
    found = {loss: thetas(table, name, loss)[0] for loss in minima.LOSSES}
    assert {loss: len(rows) for loss, rows in found.items()} == {"mse": count, "bce": 1}
    for rows in found.values():
        assert (rows["radius"] == minima.RADIUS).all()
        assert (rows["gradient_norm"] < 1e-15).all()
        assert (rows["curvature"] > 1e-3).all()
        assert rows["starts"].sum() == minima._PER_AXIS[minima.DATASETS[name]] ** (minima.DATASETS[name] + 1)


@pytest.mark.integration
@pytest.mark.parametrize("name", minima.DATASETS)
@pytest.mark.parametrize("loss", minima.LOSSES)
def test_scipy_finds_the_same_minima(table, name, loss):
    features, labels = minima.two_scales(minima.DATASETS[name])
    _, known = thetas(table, name, loss)
    rng = np.random.default_rng(7)

    def fun(theta):
        return naive.risk(features, labels, theta, loss), np.array(
            naive.gradient(features, labels, theta, loss)
        )

    ends = []
    for _ in range(60):
        end = minimize(
            fun, rng.uniform(-2, 2, features.shape[1]), jac=True, method="BFGS", options={"gtol": 1e-10}
        )
        if (
            np.abs(end.jac).max() < 1e-8
            and np.linalg.eigvalsh(hessian(features, labels, end.x, loss)).min() > 1e-6
        ):
            ends.append(end.x)
    assert len(ends) > 20
    nearest = [int(np.argmin(np.abs(known - end).max(axis=1))) for end in ends]
    assert all(np.abs(known[k] - end).max() < 1e-5 for k, end in zip(nearest, ends, strict=True))
    assert set(nearest) == set(range(len(known)))


def hessian(features, labels, theta, loss):
    """By mpmath's own numerical differentiation of the risk."""
    with mpmath.workdps(40):

        def value(*t):
            total = mpmath.mpf(0)
            for x, y in zip(features.tolist(), labels.tolist(), strict=True):
                p = 1 / (1 + mpmath.exp(-sum(a * b for a, b in zip(x, t, strict=True))))
                total += (y - p) ** 2 / 2 if loss == "mse" else -mpmath.log(p if y else 1 - p)
            return total / len(labels)

        d = len(theta)
        out = np.empty((d, d))
        for i in range(d):
            for j in range(d):
                order = tuple(int(i == k) + int(j == k) for k in range(d))
                out[i, j] = float(mpmath.diff(value, tuple(float(t) for t in theta), order))
    return out


def test_curvature_is_that_of_an_independent_hessian(table):
    for loss in minima.LOSSES:
        features, labels = minima.two_scales(1)
        rows, known = thetas(table, "two_scales", loss)
        for theta, curvature, value in zip(known, rows["curvature"], rows["value"], strict=True):
            assert curvature == pytest.approx(
                np.linalg.eigvalsh(hessian(features, labels, theta, loss))[0], rel=1e-8
            )
            assert value == pytest.approx(naive.risk(features, labels, theta, loss), rel=1e-8)


@pytest.mark.parametrize("loss", minima.LOSSES)
def test_nothing_is_proven_that_is_not_a_minimum(table, loss):
    features, labels = minima.two_scales(1)
    signed = features * (2.0 * labels - 1.0)[:, None]
    for theta in thetas(table, "two_scales", loss)[1]:
        assert minima._proven(signed, theta, loss)
        assert not minima._proven(signed, theta + 3 * minima.RADIUS, loss)
    # Between two minima of MSE lies a saddle: stationary, but not a minimum.
    weights, risks = minima.surface(4001)
    between = (weights > 0) & (weights < 1)
    top = weights[between][np.argmax(risks["mse"][between])]
    saddle = minima._polished(signed, np.array([top, 0.0]), "mse")
    if loss == "mse":
        assert 0.1 < saddle[0] < 0.9
        assert not minima._proven(signed, saddle, "mse")


@pytest.mark.parametrize(
    ("matrix", "positive"),
    [
        ([[2.0, 1.0], [1.0, 2.0]], True),
        ([[1.0, 2.0], [2.0, 1.0]], False),
        ([[-1.0, 0.0], [0.0, 1.0]], False),
        ([[1.0, 0.0], [0.0, 0.0]], False),
        ([[4.0, 2.0, 0.0], [2.0, 3.0, 1.0], [0.0, 1.0, 0.4]], False),
        ([[4.0, 2.0, 0.0], [2.0, 3.0, 1.0], [0.0, 1.0, 0.6]], True),
    ],
)
def test_definiteness_agrees_with_eigenvalues(matrix, positive):
    assert (np.linalg.eigvalsh(matrix)[0] > 1e-12) == positive
    assert minima._positive_definite([[mpmath.iv.mpf(x) for x in row] for row in matrix]) == positive
    wide = [[mpmath.iv.mpf([x - 5, x + 5]) for x in row] for row in matrix]
    assert not minima._positive_definite(wide)


def test_the_surface_shows_two_valleys_of_mse_and_one_of_bce():
    weights, risks = minima.surface()
    for loss, count in (("mse", 2), ("bce", 1)):
        inner = risks[loss][1:-1]
        valleys = weights[1:-1][(inner < risks[loss][:-2]) & (inner < risks[loss][2:])]
        assert len(valleys) == count
        features, labels = minima.two_scales(1)
        assert risks[loss][123] == naive.risk(features, labels, [weights[123], 0.0], loss) or math.isclose(
            risks[loss][123], naive.risk(features, labels, [weights[123], 0.0], loss), rel_tol=1e-13
        )


# --- Separable data -----------------------------------------------------------------------------------------


def study(kind, separability):
    checked = config.load(
        {
            "seeds": 1,
            "datasets": [{"name": kind, "separability": [separability], "n": 40}],
            "initialisations": [{"name": "zero"}, {"name": "wrong", "scales": [1, 8]}],
            "max_steps": 300,
        }
    )
    return checked, *draw.build(checked)


def test_mse_goes_downhill_along_a_separating_direction():
    checked, table, arrays = study("separable", 1.0)
    found = minima.slopes(checked, table, arrays)
    assert found.runs == 3
    assert found.complete
    assert found.points == 3 * len(minima.recorded_steps(60, 300))
    assert found.steepness > 0
    drawn = samples.sample(arrays, 0)
    theta = -8.0 * drawn.direction
    slope = -sum(
        g * u
        for g, u in zip(
            naive.gradient(drawn.features, drawn.labels, theta, "mse"), drawn.direction, strict=True
        )
    )
    own = -kernels.gradient(drawn.features, drawn.labels, theta[None, :], loss="mse")[0] @ drawn.direction
    assert own == pytest.approx(slope, rel=1e-9)
    assert found.steepness <= own * (1 + 1e-9)


def test_data_that_cannot_be_separated_are_left_out():
    found = minima.slopes(*study("gaussian", 1.0))
    assert (found.runs, found.points, found.complete) == (0, 0, False)
    assert math.isnan(found.steepness)


def test_an_uphill_point_would_be_seen(monkeypatch):
    checked, table, arrays = study("separable", 1.0)
    true = kernels.gradient
    monkeypatch.setattr(kernels, "gradient", lambda *a, **k: -true(*a, **k))
    found = minima.slopes(checked, table, arrays)
    assert found.downhill == 0
    assert not found.complete
