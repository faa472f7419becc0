"""Values and derivatives of the losses, far into saturation; and how a third loss is added."""

from __future__ import annotations

import math

import mpmath
import naive
import numpy as np
import pytest

import kernels
from kernels.jit import lanewise
from kernels.losses import Loss, register

LOGITS = [0.0, 1.0, -1.0, 5.0, -5.0, 37.0, -37.0, 100.0, -100.0, 350.0, -350.0, 700.0, -700.0]


def right(margin: mpmath.mpf) -> mpmath.mpf:
    return 1 / (1 + mpmath.exp(-margin))


EXACT = {  # of the margin, and of the loss's parameter
    "bce": lambda margin: mpmath.log1p(mpmath.exp(-margin)),
    "mse": lambda margin: right(-margin) ** 2 / 2,
    "squared": lambda margin: right(-margin) ** 2,
    "mse_offset": lambda margin, c: right(-margin) ** 2 / 2 + c * mpmath.log1p(mpmath.exp(-margin)),
    "gce": lambda margin, q: -mpmath.expm1(-q * mpmath.log1p(mpmath.exp(-margin))) / q,
    "focal": lambda margin, g: right(-margin) ** g * mpmath.log1p(mpmath.exp(-margin)),
}
EVERY = [*kernels.LOSSES, "mse_offset(0.1)", "gce(0.7)", "gce(0.05)", "gce(1)", "focal(2)", "focal(0.5)"]


def exact_value(loss: str, z: mpmath.mpf, y: int) -> mpmath.mpf:
    name, _, parameter = loss.rstrip(")").partition("(")
    return EXACT[name](z if y else -z, *([mpmath.mpf(float(parameter))] if parameter else []))


def sigmoid_polynomial(s: np.ndarray) -> np.ndarray:
    """Second derivative of MSE in the logit for y = 0, as a polynomial of s = sigmoid(z)."""
    return s**2 * (1 - s) * (2 - 3 * s)


def test_every_registered_loss_is_compared_with_mpmath() -> None:
    assert {*kernels.LOSSES, *kernels.LOSSES._families} == {loss.partition("(")[0] for loss in EVERY}


@pytest.mark.parametrize("loss", EVERY)
@pytest.mark.parametrize("y", [0, 1])
@pytest.mark.parametrize("z", LOGITS)
def test_value_and_derivative_are_relatively_accurate(loss: str, y: int, z: float) -> None:
    features, thetas = np.array([[1.0]]), np.array([[z]])
    value = kernels.risk(features, [y], thetas, loss=loss)[0]
    slope = kernels.gradient(features, [y], thetas, loss=loss)[0, 0]
    with mpmath.workdps(700):
        exact = exact_value(loss, mpmath.mpf(z), y)
        derivative = mpmath.diff(lambda t: exact_value(loss, t, y), mpmath.mpf(z), h=mpmath.mpf("1e-340"))
    assert value == pytest.approx(float(exact), rel=1e-15, abs=1e-307)
    assert slope == pytest.approx(float(derivative), rel=2e-15, abs=1e-307)


@pytest.mark.parametrize("loss", EVERY)
@pytest.mark.parametrize("z", [1e4, -1e4, 745.0, 1e300])
def test_extreme_logits_give_finite_numbers(loss: str, z: float) -> None:
    for y in (0, 1):
        assert np.isfinite(kernels.risk([[1.0]], [y], [[z]], loss=loss)).all()
        assert np.isfinite(kernels.gradient([[1.0]], [y], [[z]], loss=loss)).all()


def test_gradient_matches_central_differences_of_the_risk() -> None:
    rng = np.random.default_rng(1)
    features, labels = rng.normal(size=(30, 4)), np.arange(30) % 2
    theta = rng.normal(size=(1, 4))
    for loss in EVERY:
        slope = kernels.gradient(features, labels, theta, loss=loss)[0]
        for j in range(4):
            h = 1e-6 * np.eye(4)[j]
            up, down = kernels.risk(features, labels, np.stack([theta[0] + h, theta[0] - h]), loss=loss)
            assert slope[j] == pytest.approx((up - down) / 2e-6, rel=1e-7, abs=1e-9)


def test_at_zero_the_gradients_are_parallel_and_mse_has_a_quarter_of_the_length() -> None:
    rng = np.random.default_rng(2)
    features, labels = rng.normal(size=(101, 5)), rng.integers(0, 2, 101)
    zero = np.zeros((1, 5))
    bce, mse = (kernels.gradient(features, labels, zero, loss=loss) for loss in ("bce", "mse"))
    np.testing.assert_array_equal(mse, bce / 4)


def test_smoothness_constants_bound_the_second_derivative() -> None:
    assert kernels.LOSSES["bce"].smoothness == 0.25
    s = (15 - math.sqrt(33)) / 24
    assert kernels.LOSSES["mse"].smoothness == pytest.approx(sigmoid_polynomial(s), rel=1e-14)
    grid = np.linspace(0, 1, 100_001)
    assert abs(sigmoid_polynomial(grid)).max() <= kernels.LOSSES["mse"].smoothness
    assert kernels.LOSSES["bce"].smoothness / kernels.LOSSES["mse"].smoothness == pytest.approx(
        3.2455, abs=5e-5
    )


@pytest.mark.parametrize("loss", EVERY)
def test_the_smoothness_is_the_largest_second_derivative(loss: str) -> None:
    """Among its values at margins 1/50 apart, it is met to 1e-4 and not exceeded."""
    with mpmath.workdps(40):
        curvatures = [
            abs(mpmath.diff(lambda z: exact_value(loss, z, 1), mpmath.mpf(k) / 50, 2))
            for k in range(-500, 501)
        ]
        largest = max(curvatures)
        assert largest <= kernels.LOSSES[loss].smoothness * (1 + mpmath.mpf("1e-15"))
        assert largest == pytest.approx(kernels.LOSSES[loss].smoothness, rel=1e-4)


@lanewise
def _squared_logit_value(z, y):
    return 0.5 * (z - (2.0 * y - 1.0)) * (z - (2.0 * y - 1.0))


@lanewise
def _squared_logit_derivative(z, y):
    return z - (2.0 * y - 1.0)


@pytest.fixture
def squared_logit(monkeypatch: pytest.MonkeyPatch) -> str:
    """A third loss: squared error on the raw logit, with targets of -1 and +1, which is least squares."""
    monkeypatch.setattr(kernels.LOSSES, "_plain", dict(kernels.LOSSES))
    register(Loss("squared_logit", _squared_logit_value, _squared_logit_derivative, smoothness=1.0))
    return "squared_logit"


@pytest.mark.integration
def test_a_third_loss_descends_to_the_least_squares_solution(squared_logit: str) -> None:
    rng = np.random.default_rng(5)
    labels = np.arange(50) % 2
    features = np.column_stack([rng.normal(size=50) + labels, np.ones(50)])
    signs = 2.0 * labels - 1.0
    solution = np.linalg.lstsq(features, signs, rcond=None)[0]
    rate = 1.0 / np.linalg.eigvalsh(features.T @ features / 50)[-1]
    result = kernels.descend(
        features, labels, np.zeros((3, 2)), loss=squared_logit, learning_rate=rate, max_steps=2000
    )
    np.testing.assert_allclose(result.theta, np.tile(solution, (3, 1)), rtol=1e-10)
    risk = kernels.risk(features, labels, solution[None, :], loss=squared_logit)[0]
    assert risk == pytest.approx(np.mean((features @ solution - signs) ** 2) / 2, rel=1e-12)


@pytest.mark.integration
def test_a_third_loss_can_diverge_and_is_marked_diverged(squared_logit: str) -> None:
    result = kernels.descend(
        [[1.0], [2.0]],
        [0, 1],
        [[0.0], [0.1]],
        loss=squared_logit,
        learning_rate=[1e3, 0.1],
        max_steps=5000,
        targets={"brier": 0.0},
    )
    assert list(result.status["brier"]) == ["diverged", "censored"]
    assert list(result.diverged) == [True, False]
    assert 0 < result.steps_run[0] < 5000
    assert result.steps_run[1] == 5000


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="'mse' is registered already"):
        register(Loss("mse", _squared_logit_value, _squared_logit_derivative, smoothness=1.0))


def test_naive_twin_agrees() -> None:
    rng = np.random.default_rng(8)
    features, labels, thetas = rng.normal(size=(17, 3)), rng.integers(0, 2, 17), 3 * rng.normal(size=(5, 3))
    for loss in kernels.LOSSES:
        np.testing.assert_allclose(
            kernels.risk(features, labels, thetas, loss=loss),
            [naive.risk(features, labels, t, loss) for t in thetas],
            rtol=1e-13,
        )
        np.testing.assert_allclose(
            kernels.gradient(features, labels, thetas, loss=loss),
            [naive.gradient(features, labels, t, loss) for t in thetas],
            rtol=1e-12,
            atol=1e-16,
        )
