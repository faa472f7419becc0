"""What an optimiser may need: slots, clocks, the mean gradient and the square root, tried with Adam."""

from __future__ import annotations

import numpy as np
import pytest

import kernels
from kernels.jit import lanewise
from kernels.optimisers import Optimiser, register
from kernels.vectors import fma, load, sqrt, store

FIRST, SECOND, SMALL = 0.9, 0.999, 1e-8


@lanewise
def _tick(rate, count, clocks):
    store(clocks, 0, fma(FIRST, load(clocks, 0), 1.0 - FIRST))
    store(clocks, 1, fma(SECOND, load(clocks, 1), 1.0 - SECOND))
    return rate, 1.0 / count, 1.0 / load(clocks, 0), 1.0 / load(clocks, 1)


@lanewise
def _move(pace, theta, gradient, memory, row):
    rate, share, first_scale, second_scale = pace
    mean = gradient * share
    first = fma(FIRST, load(memory, row), (1.0 - FIRST) * mean)
    second = fma(SECOND, load(memory, row + 1), (1.0 - SECOND) * (mean * mean))
    store(memory, row, first)
    store(memory, row + 1, second)
    return theta - rate * (first * first_scale) / (sqrt(second * second_scale) + SMALL)


def adam(gradient, start: np.ndarray, rate: float, steps: int) -> np.ndarray:
    """Kingma and Ba (2015), algorithm 1."""
    theta, m, v = start.copy(), np.zeros_like(start), np.zeros_like(start)
    for t in range(1, steps + 1):
        g = gradient(theta)
        m, v = FIRST * m + (1 - FIRST) * g, SECOND * v + (1 - SECOND) * g * g
        theta = theta - rate * (m / (1 - FIRST**t)) / (np.sqrt(v / (1 - SECOND**t)) + SMALL)
    return theta


@pytest.mark.usefixtures("registries")
@pytest.mark.parametrize("loss", kernels.LOSSES)
def test_adam_takes_the_steps_of_its_paper(loss: str) -> None:
    register(Optimiser("adam", slots=2, clocks=2, tick=_tick, move=_move))
    rng = np.random.default_rng(0)
    features, labels, starts = rng.normal(size=(13, 3)), np.arange(13) % 2, rng.normal(size=(37, 3))
    rates = np.geomspace(0.001, 0.3, 37)
    found = kernels.descend(
        features, labels, starts, loss=loss, learning_rate=rates, max_steps=70, optimiser="adam"
    )
    for run, (start, rate) in enumerate(zip(starts, rates, strict=True)):
        twin = adam(
            lambda theta: kernels.gradient(features, labels, theta[None], loss=loss)[0], start, rate, 70
        )
        np.testing.assert_allclose(found.theta[run], twin, rtol=1e-9, atol=1e-11)


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
