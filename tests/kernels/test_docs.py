"""The worked examples of the docs run unchanged, and do what NumPy does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import kernels

pytestmark = pytest.mark.integration

DOCS = Path(__file__).parents[2] / "docs"

PAGES = ("add-a-loss.md", "add-an-optimiser.md", "add-a-model.md")


@pytest.fixture(scope="module", autouse=True)
def examples() -> Iterator[None]:
    """Run all Python code of the pages; what it registers is known to this file alone."""
    with pytest.MonkeyPatch.context() as patch:
        for registry in (kernels.LOSSES, kernels.MODELS, kernels.OPTIMISERS):
            for table in ("_plain", "_families", "_made"):
                patch.setattr(registry, table, dict(getattr(registry, table)))
        for page in PAGES:
            text = (DOCS / page).read_text(encoding="utf-8")
            blocks = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
            assert blocks
            exec(compile("\n".join(blocks), page, "exec"), {"__name__": page})
        yield


def problem(n: int = 50) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    labels = np.arange(n) % 2
    return np.column_stack([rng.normal(size=n) + labels, np.ones(n)]), labels


@pytest.mark.parametrize(("name", "size"), [("squared_logit", 1.0), ("margin(2)", 2.0), ("margin(0.5)", 0.5)])
def test_the_losses_descend_to_the_least_squares_solution(name: str, size: float) -> None:
    features, labels = problem()
    goals = size * (2.0 * labels - 1.0)
    solution = np.linalg.lstsq(features, goals, rcond=None)[0]
    rate = 1.0 / np.linalg.eigvalsh(features.T @ features / 50)[-1]
    common = {"loss": name, "learning_rate": rate, "max_steps": 2000}
    result = kernels.descend(features, labels, np.zeros((3, 2)), **common)
    np.testing.assert_allclose(result.theta, np.tile(solution, (3, 1)), rtol=1e-10)
    risk = kernels.risk(features, labels, solution[None, :], loss=name)[0]
    assert risk == pytest.approx(np.mean((features @ solution - goals) ** 2) / 2, rel=1e-12)


def logistic(z: np.ndarray, y: np.ndarray, loss: str) -> np.ndarray:
    """Slopes of a loss in the logit."""
    p = 1.0 / (1.0 + np.exp(-z))
    return (p - y) * (p * (1.0 - p) if loss == "mse" else 1.0)


def descend(gradient: Callable, start: np.ndarray, rate: float, steps: int, beta: float) -> np.ndarray:
    """Descent with momentum in NumPy."""
    theta, velocity = start.copy(), np.zeros_like(start)
    for _ in range(steps):
        velocity = beta * velocity + gradient(theta)
        theta = theta - rate * velocity
    return theta


@pytest.mark.parametrize("loss", ["bce", "mse"])
@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
def test_the_optimiser_takes_the_steps_of_numpy(loss: str, beta: float) -> None:
    features, labels = problem(13)
    starts, rates = np.random.default_rng(2).normal(size=(37, 2)), np.geomspace(0.05, 1.0, 37)
    common = {"loss": loss, "learning_rate": rates, "max_steps": 80}
    found = kernels.descend(features, labels, starts, optimiser=f"heavy_ball({beta})", **common)

    def gradient(theta: np.ndarray) -> np.ndarray:
        return logistic(features @ theta, labels, loss) @ features / len(features)

    for run, (start, rate) in enumerate(zip(starts, rates, strict=True)):
        expected = descend(gradient, start, rate, 80, beta)
        np.testing.assert_allclose(found.theta[run], expected, rtol=1e-10, atol=1e-12)
    if beta == 0.0:
        plain = kernels.descend(features, labels, starts, **common)
        np.testing.assert_allclose(found.theta, plain.theta, rtol=1e-12)


def test_the_next_run_of_a_lane_remembers_nothing() -> None:
    """Runs that end early free their lane for others: alone or among others, a run has the same bits."""
    features, labels = problem(13)
    starts, rates = np.random.default_rng(2).normal(size=(40, 2)), np.geomspace(0.05, 5.0, 40)
    common = {"loss": "mse", "max_steps": 60, "targets": {"brier": 0.23}, "optimiser": "heavy_ball(0.9)"}
    whole = kernels.descend(features, labels, starts, learning_rate=rates, threads=1, **common)
    assert len(set(whole.steps_run)) > 5
    for one in range(40):
        alone = kernels.descend(features, labels, starts[one : one + 1], learning_rate=rates[one], **common)
        np.testing.assert_array_equal(alone.theta[0], whole.theta[one])
        assert alone.steps_run[0] == whole.steps_run[one]


def product_gradient(features: np.ndarray, labels: np.ndarray, theta: np.ndarray, loss: str) -> np.ndarray:
    u, v = np.split(theta, 2)
    slopes = logistic((features @ u) * (features @ v), labels, loss)
    parts = [(slopes * (features @ v)) @ features, (slopes * (features @ u)) @ features]
    return np.concatenate(parts) / len(features)


@pytest.mark.parametrize("loss", ["bce", "mse"])
@pytest.mark.parametrize("n", [4, 13])
def test_the_model_has_the_risk_and_gradient_of_numpy(loss: str, n: int) -> None:
    rng = np.random.default_rng(n)
    features, labels, thetas = rng.normal(size=(n, 3)), np.arange(n) % 2, rng.normal(size=(19, 6))
    risks = kernels.risk(features, labels, thetas, loss=loss, model="product")
    gradients = kernels.gradient(features, labels, thetas, loss=loss, model="product")
    for theta, risk, gradient in zip(thetas, risks, gradients, strict=True):
        z = (features @ theta[:3]) * (features @ theta[3:])
        margins = (2 * labels - 1) * z
        wrong = 1.0 / (1.0 + np.exp(margins))
        expected = np.mean(wrong**2) / 2 if loss == "mse" else np.mean(np.logaddexp(0.0, -margins))
        assert risk == pytest.approx(expected, rel=1e-12)
        expected = product_gradient(features, labels, theta, loss)
        np.testing.assert_allclose(gradient, expected, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("loss", ["bce", "mse"])
def test_the_model_learns_an_exclusive_or(loss: str) -> None:
    features = np.array([[a, b] for a in (-1.0, 1.0) for b in (-1.0, 1.0)])
    labels = (features[:, 0] * features[:, 1] > 0).astype(float)
    starts = np.random.default_rng(0).normal(size=(21, 4))
    common = {"loss": loss, "learning_rate": 1.0, "max_steps": 300, "model": "product"}
    found = kernels.descend(features, labels, starts, trace_steps=[0, 300], **common)
    for run, start in enumerate(starts):
        twin = descend(lambda theta: product_gradient(features, labels, theta, loss), start, 1.0, 300, 0.0)
        np.testing.assert_allclose(found.theta[run], twin, rtol=1e-7, atol=1e-9)
    assert (found.trace["accuracy"][:, 1] == 1.0).all()
    linear = kernels.descend(
        features, labels, starts[:, :2], trace_steps=[300], **common | {"model": "linear"}
    )
    assert (linear.trace["accuracy"] <= 0.75).all()


@pytest.mark.parametrize("page", PAGES)
def test_a_worked_example_is_the_only_file_to_touch(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    assert len(set(re.findall(r"at the end of\s+`(kernels/\w+\.py)`", text))) == 1
