"""Optimisers against their definitions: in NumPy, and in PyTorch where it is installed (extra ``peers``)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import kernels

STEPS = 200


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-z))


def problem(n: int = 13, d: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, d)), np.arange(n) % 2, rng.normal(size=(37, d))


def velocity(beta: float, ahead: bool) -> Callable:
    def descend(gradient: Callable, theta: np.ndarray, rate: float, steps: int) -> np.ndarray:
        v = np.zeros_like(theta)
        for _ in range(steps):
            g = gradient(theta)
            v = beta * v + g
            theta = theta - rate * (g + beta * v if ahead else v)
        return theta

    return descend


def adam(beta1: float, beta2: float, eps: float) -> Callable:
    def descend(gradient: Callable, theta: np.ndarray, rate: float, steps: int) -> np.ndarray:
        """Kingma and Ba (2015), algorithm 1."""
        m, v = np.zeros_like(theta), np.zeros_like(theta)
        for t in range(1, steps + 1):
            g = gradient(theta)
            m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
            theta = theta - rate * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
        return theta

    return descend


def normalised(gradient: Callable, theta: np.ndarray, rate: float, steps: int) -> np.ndarray:
    for _ in range(steps):
        g = gradient(theta)
        theta = theta - rate * g / np.linalg.norm(g)
    return theta


TWINS = {
    "gd": velocity(0.0, ahead=False),
    "momentum": velocity(0.9, ahead=False),
    "momentum(0.5)": velocity(0.5, ahead=False),
    "nesterov": velocity(0.9, ahead=True),
    "nesterov(0.99)": velocity(0.99, ahead=True),
    "adam": adam(0.9, 0.999, 1e-8),
    "adam(0.5, 0.9, 0.001)": adam(0.5, 0.9, 1e-3),
    "normalised": normalised,
}


def test_every_optimiser_has_a_twin_here() -> None:
    assert set(kernels.OPTIMISERS) <= set(TWINS)


@pytest.mark.parametrize("loss", kernels.LOSSES)
@pytest.mark.parametrize("optimiser", TWINS)
def test_an_optimiser_takes_the_steps_of_its_definition(loss: str, optimiser: str) -> None:
    features, labels, starts = problem()
    rates = np.geomspace(0.001, 0.3, len(starts))
    # Steps that do not shorten jump over the optimum in the end, where each rounding error grows.
    steps = 7 if optimiser == "normalised" else 70
    found = kernels.descend(
        features, labels, starts, loss=loss, learning_rate=rates, max_steps=steps, optimiser=optimiser
    )
    for run, (start, rate) in enumerate(zip(starts, rates, strict=True)):
        twin = TWINS[optimiser](
            lambda theta: kernels.gradient(features, labels, theta[None], loss=loss)[0], start, rate, steps
        )
        np.testing.assert_allclose(found.theta[run], twin, rtol=1e-9, atol=1e-11)


TORCH = {
    "gd": ("SGD", {}),
    "momentum(0.8)": ("SGD", {"momentum": 0.8}),
    "nesterov(0.9)": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adam": ("Adam", {}),
    "adam(0.8, 0.99, 1e-4)": ("Adam", {"betas": (0.8, 0.99), "eps": 1e-4}),
}


@pytest.mark.integration
@pytest.mark.parametrize("size", [None, 5])
@pytest.mark.parametrize("loss", ["bce", "mse"])
@pytest.mark.parametrize("optimiser", TORCH)
def test_an_optimiser_takes_the_steps_of_pytorch(loss: str, optimiser: str, size: int | None) -> None:
    torch = pytest.importorskip("torch")
    name, options = TORCH[optimiser]
    features, labels, starts = problem()
    starts = starts[:5]
    rates = np.geomspace(0.01, 0.1, 5)
    found = kernels.descend(
        features, labels, starts, loss=loss, learning_rate=rates, max_steps=STEPS, optimiser=optimiser,
        batch_size=size, batch_seed=3,
    )  # fmt: skip
    x, y = torch.tensor(features), torch.tensor(labels, dtype=torch.float64)
    for run, (start, rate) in enumerate(zip(starts, rates, strict=True)):
        theta = torch.tensor(start, requires_grad=True)
        moving = getattr(torch.optim, name)([theta], lr=rate, **options)
        for batch in order(len(y), size, seed=3)[:STEPS]:
            moving.zero_grad()
            value, part = x[batch] @ theta, y[batch]
            if loss == "bce":
                risk = torch.nn.functional.binary_cross_entropy_with_logits(value, part)
            else:
                risk = 0.5 * torch.nn.functional.mse_loss(torch.sigmoid(value), part)
            risk.backward()
            moving.step()
        np.testing.assert_allclose(found.theta[run], theta.detach().numpy(), rtol=1e-12)


def order(n: int, size: int | None, seed: int) -> list[np.ndarray]:
    """Samples of each step, `STEPS` or a few more."""
    if size is None:
        return [np.arange(n)] * STEPS
    epochs = -(-STEPS // (-(-n // size)))
    return [batch for epoch in range(epochs) for batch in kernels.batches(n, size, seed, epoch)]


@pytest.mark.parametrize("optimiser", kernels.OPTIMISERS)
@pytest.mark.parametrize(("size", "every"), [(None, None), (4, None), (4, 3), (None, 5)])
def test_a_run_is_the_same_alone_and_in_any_company(
    optimiser: str, size: int | None, every: int | None
) -> None:
    """Runs that end early free their lane for others, which remember nothing of them."""
    features, labels, starts = problem()
    rates = np.geomspace(0.05, 5.0, len(starts))
    rates[3] = 1e300
    common = {"loss": "mse", "max_steps": 60, "targets": {"brier": 0.21}, "optimiser": optimiser}
    common |= {"batch_size": size, "check_every": every, "trace_steps": [0, 7, 40]}
    whole = kernels.descend(features, labels, starts, learning_rate=rates, threads=1, **common)
    assert len(set(whole.steps_run)) > 3
    turned = np.random.default_rng(1).permutation(len(starts))
    mixed = kernels.descend(
        features, labels, starts[turned], learning_rate=rates[turned], threads=2, **common
    )
    same_runs(mixed, whole, slice(None), turned)
    for run in range(0, len(starts), 5):
        alone = kernels.descend(features, labels, starts[run : run + 1], learning_rate=rates[run], **common)
        same_runs(alone, whole, slice(None), [run])


def same_runs(one: kernels.Descent, other: kernels.Descent, these, those) -> None:
    np.testing.assert_array_equal(one.theta[these], other.theta[those])
    np.testing.assert_array_equal(one.steps_run[these], other.steps_run[those])
    np.testing.assert_array_equal(one.arrival["brier"][these], other.arrival["brier"][those])
    for score in ("accuracy", "brier", "logloss"):
        np.testing.assert_array_equal(one.trace[score][these], other.trace[score][those])


def test_a_normalised_step_has_the_length_of_its_rate_however_small_the_gradient() -> None:
    features, labels = np.array([[1.0, 2.0], [-1.0, 0.5]]), [1, 0]
    starts = np.array([[-300.0, -1.0], [-600.0, 0.0], [0.3, 0.1]])
    assert 0.0 < np.abs(kernels.gradient(features, labels, starts, loss="mse")[1]).max() < 1e-200
    found = kernels.descend(
        features, labels, starts, loss="mse", learning_rate=0.25, max_steps=1, optimiser="normalised"
    )
    np.testing.assert_allclose(np.linalg.norm(found.theta - starts, axis=1), 0.25, rtol=1e-12)


def test_a_normalised_step_is_none_where_the_gradient_is_0() -> None:
    features, labels, starts = [[1.0], [1.0]], [0, 1], [[0.0]]
    found = kernels.descend(
        features, labels, starts, loss="bce", learning_rate=0.25, max_steps=9, optimiser="normalised"
    )
    assert found.theta[0, 0] == 0.0
    assert found.steps_run[0] == 9


def test_plain_descent_divides_the_rate_and_not_the_gradient() -> None:
    """One rounding less: a step is ``fma(-(rate / n), sum, theta)`` to the bit."""
    features, labels, start = np.array([[0.3], [0.7], [-1.1]]), [1, 0, 1], np.array([[0.25]])
    found = kernels.descend(features, labels, start, loss="bce", learning_rate=0.7, max_steps=1).theta[0, 0]
    total = 3.0 * kernels.gradient(features, labels, start, loss="bce")[0, 0]
    from fractions import Fraction

    near = [
        float(Fraction(0.25) - Fraction(0.7 / 3.0) * Fraction(x)) for x in np.nextafter(total, [-9, total, 9])
    ]
    assert found in near
