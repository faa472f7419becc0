"""Hidden layers against NumPy, autograd of PyTorch (extra ``peers``), differences and mpmath."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest

import kernels

pytestmark = pytest.mark.integration

Array = np.ndarray[Any, Any]
HIDDEN = [name for name in kernels.MODELS if name != "linear"]
ACTIVATIONS = {
    "tanh": (np.tanh, lambda a: 1.0 / np.cosh(a) ** 2),
    "relu": (lambda a: np.maximum(a, 0.0), lambda a: (a > 0.0).astype(float)),
    "sigmoid": (lambda a: 1.0 / (1.0 + np.exp(-a)), lambda a: 1.0 / (2.0 + np.exp(a) + np.exp(-a))),
}
UNITS = 3


def problem(n: int, d: int = 2, name: str = "tanh", runs: int = 19) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(n)
    labels = (rng.random(n) < 0.4).astype(float)
    labels[: min(n, 2)] = [0.0, 1.0][: min(n, 2)]
    size = kernels.parameters(f"{name}({UNITS})", d)
    return rng.normal(size=(n, d)), labels, 1.5 * rng.normal(size=(runs, size))


def split(theta: Any, d: int) -> tuple[Any, Any, Any]:
    """Input weights (H, d), output weights (H,) and output bias."""
    units = (len(theta) - 1) // (d + 1)
    return theta[: units * d].reshape(units, d), theta[units * d : -1], theta[-1]


def twin(name: str, loss: str, features: Array, labels: Array, theta: Array) -> tuple[float, Array]:
    """Risk and gradient in NumPy, by the chain rule."""
    activation, derivative = ACTIVATIONS[name]
    inner, outer, bias = split(theta, features.shape[1])
    before = features @ inner.T
    hidden = activation(before)
    z = hidden @ outer + bias
    p = 1.0 / (1.0 + np.exp(-z))
    risk = np.mean((p - labels) ** 2) / 2 if loss == "mse" else np.mean(np.logaddexp(0, z) - labels * z)
    slope = (p - labels) * (p * (1.0 - p) if loss == "mse" else 1.0) / len(labels)
    back = slope[:, None] * outer * derivative(before)
    return float(risk), np.concatenate([(back.T @ features).ravel(), slope @ hidden, [slope.sum()]])


@pytest.mark.parametrize("loss", ["bce", "mse"])
@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("n", [1, 4, 6, 13])
def test_risk_and_gradient_are_those_of_numpy(name: str, loss: str, n: int) -> None:
    """Whatever fills up the last group of four samples."""
    features, labels, thetas = problem(n, name=name)
    model = f"{name}({UNITS})"
    risks = kernels.risk(features, labels, thetas, loss=loss, model=model)
    gradients = kernels.gradient(features, labels, thetas, loss=loss, model=model)
    for theta, risk, gradient in zip(thetas, risks, gradients, strict=True):
        expected = twin(name, loss, features, labels, theta)
        assert risk == pytest.approx(expected[0], rel=1e-12)
        np.testing.assert_allclose(gradient, expected[1], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("loss", [*kernels.LOSSES, "mse_offset(0.1)", "gce(0.7)", "focal(2)"])
@pytest.mark.parametrize("name", HIDDEN)
def test_the_gradient_is_that_of_autograd(name: str, loss: str) -> None:
    torch = pytest.importorskip("torch")
    features, labels, thetas = problem(13, d=3, name=name)
    of_margin = {
        "bce": lambda m: torch.nn.functional.softplus(-m),
        "mse": lambda m: torch.sigmoid(-m) ** 2 / 2,
        "squared": lambda m: torch.sigmoid(-m) ** 2,
        "mse_offset(0.1)": lambda m: torch.sigmoid(-m) ** 2 / 2 + 0.1 * torch.nn.functional.softplus(-m),
        "gce(0.7)": lambda m: (1 - torch.sigmoid(m) ** 0.7) / 0.7,
        "focal(2)": lambda m: torch.sigmoid(-m) ** 2 * torch.nn.functional.softplus(-m),
    }[loss]
    found = kernels.gradient(features, labels, thetas, loss=loss, model=f"{name}({UNITS})")
    x, signs = torch.tensor(features), torch.tensor(2.0 * labels - 1.0)
    for theta, gradient in zip(thetas, found, strict=True):
        leaf = torch.tensor(theta, requires_grad=True)
        inner, outer, bias = split(leaf, features.shape[1])
        z = getattr(torch, name)(x @ inner.T) @ outer + bias
        of_margin(signs * z).mean().backward()
        np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", HIDDEN)
def test_the_gradient_is_that_of_differences(name: str) -> None:
    features, labels, thetas = problem(9, name=name, runs=3)
    common = {"loss": "mse", "model": f"{name}({UNITS})"}
    found = kernels.gradient(features, labels, thetas, **common)
    for theta, gradient in zip(thetas, found, strict=True):
        moved = 1e-6 * np.eye(len(theta))
        up, down = (kernels.risk(features, labels, theta + sign * moved, **common) for sign in (1, -1))
        np.testing.assert_allclose(gradient, (up - down) / 2e-6, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("loss", ["bce", "mse"])
@pytest.mark.parametrize("name", HIDDEN)
def test_a_descent_takes_the_steps_of_numpy(name: str, loss: str) -> None:
    features, labels, starts = problem(10, name=name)
    found = kernels.descend(
        features, labels, starts, loss=loss, learning_rate=0.4, max_steps=60, model=f"{name}({UNITS})"
    )
    for start, theta in zip(starts, found.theta, strict=True):
        expected = start.copy()
        for _ in range(60):
            expected = expected - 0.4 * twin(name, loss, features, labels, expected)[1]
        np.testing.assert_allclose(theta, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", HIDDEN)
def test_a_run_has_the_same_bits_however_it_is_made(name: str) -> None:
    """Alone, in company and on two threads; and whether targets are checked at every step or seldom."""
    features, labels, starts = problem(10, name=name, runs=40)
    rates = np.geomspace(0.1, 3.0, 40)
    common = {"loss": "mse", "max_steps": 50, "model": f"{name}({UNITS})"}
    whole = kernels.descend(features, labels, starts, learning_rate=rates, threads=1, **common)
    two = kernels.descend(features, labels, starts, learning_rate=rates, threads=2, **common)
    seldom = kernels.descend(
        features, labels, starts, learning_rate=rates, targets={"brier": -1.0}, check_every=7, **common
    )
    one_batch = kernels.descend(features, labels, starts, learning_rate=rates, batch_size=10, **common)
    np.testing.assert_array_equal(two.theta, whole.theta)
    np.testing.assert_array_equal(seldom.theta, whole.theta)
    np.testing.assert_allclose(one_batch.theta, whole.theta, rtol=1e-7, atol=1e-9)  # the sum's order differs
    for run in range(0, 40, 7):
        alone = kernels.descend(features, labels, starts[[run]], learning_rate=rates[run], **common)
        np.testing.assert_array_equal(alone.theta[0], whole.theta[run])


def test_scores_are_of_the_samples_alone() -> None:
    """Samples that fill up the last group have an output bias to feel, and do not count."""
    theta = np.array([[1.0, -2.0, 3.0, 4.0]])  # tanh(1) of two features: the output bias is 4
    features, labels = np.array([[0.5, 1.0], [2.0, 1.0], [-1.0, 1.0]]), np.array([0, 1, 1])
    z = 3.0 * np.tanh(features @ theta[0, :2]) + 4.0
    found = kernels.descend(
        features, labels, theta, loss="bce", learning_rate=1.0, max_steps=0, model="tanh(1)", trace_steps=[0],
        targets={"brier": 0.0},
    )  # fmt: skip
    p = 1.0 / (1.0 + np.exp(-z))
    assert found.trace["brier"][0, 0] == pytest.approx(np.mean((p - labels) ** 2), rel=1e-13)
    for share, status in ((1.0 + 1e-13, "reached"), (0.999, "censored")):
        met = kernels.descend(
            features, labels, theta, loss="bce", learning_rate=1.0, max_steps=0, model="tanh(1)",
            targets={"brier": share * np.mean((p - labels) ** 2)},
        )  # fmt: skip
        assert met.status["brier"][0] == status


@pytest.mark.parametrize("x", [0.0, 1.0, -3.0, 19.5, -30.0, 100.0, -300.0])
@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_a_saturated_unit_keeps_its_slope(name: str, x: float) -> None:
    """Where ``1 - h * h`` or ``h (1 - h)`` is 0 in float64: against mpmath."""
    found = kernels.gradient([[x]], [1], [[1.0, 1.0, 0.0]], loss="bce", model=f"{name}(1)")[0, 0]
    with mpmath.workdps(400):
        inner, slope = {
            "tanh": (mpmath.tanh, lambda a: 1 / mpmath.cosh(a) ** 2),
            "sigmoid": (
                lambda a: 1 / (1 + mpmath.exp(-a)),
                lambda a: 1 / (2 + mpmath.exp(a) + mpmath.exp(-a)),
            ),
        }[name]
        exact = -1 / (1 + mpmath.exp(inner(x))) * slope(x) * x
    assert found == pytest.approx(float(exact), rel=3e-15)


def test_the_slope_of_relu_at_zero_is_zero() -> None:
    found = kernels.gradient([[0.0, 1.0]], [1], [[5.0, 0.0, 2.0, 0.0]], loss="bce", model="relu(1)")[0]
    np.testing.assert_array_equal(found, [0.0, 0.0, 0.0, -0.5])


def test_the_order_and_number_of_parameters() -> None:
    assert kernels.parameters("linear", 5) == 5
    assert kernels.parameters("relu(7)", 5) == 7 * 5 + 7 + 1
    assert kernels.parameters("tanh", np.int64(2)) == kernels.parameters("tanh(16)", 2)
    theta = np.array([[0.1, 0.2, 0.3, 0.4, 5.0, 6.0, 7.0]])  # two units on two features
    risk = kernels.risk([[1.0, 10.0]], [0], theta, loss="bce", model="relu(2)")[0]
    z = 5.0 * (0.1 + 2.0) + 6.0 * (0.3 + 4.0) + 7.0
    assert risk == pytest.approx(math.log1p(math.exp(z)), rel=1e-14)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("tanh(0)", 2), ["tanh(0)", "1 to 4096"]),
        (("tanh(2.5)", 2), ["tanh(2.5)", "whole number"]),
        (("tanh(4)", 0), ["d", "0", "1 on"]),
        (("tan(4)", 2), ["tan(4)", "the nearest is tanh"]),
    ],
)
def test_what_is_not_allowed_is_said(arguments: tuple[str, int], words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"allowed") as caught:
        kernels.parameters(*arguments)
    assert all(word in str(caught.value) for word in words)
