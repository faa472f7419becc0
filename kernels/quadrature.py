"""Integrals over two Gaussian classes, and the quadrature rules for them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple

from kernels.arithmetic import _exp, _expit, _softplus, exp
from kernels.jit import compiled
from kernels.losses import Loss

__all__ = ["LONGEST", "Moments", "mean_squares", "means", "panel", "right_share", "scores"]

LONGEST: Final = 1e290
"""Times beyond this are returned as inf: the gradients behind them are too small for float64."""

# A pull below this is taken as 0: a loss counts margins beyond +-708 as +-708, which adds up to 1e-304 to it,
# of either sign.
_LEAST_PULL: Final = 1.0 / LONGEST


class _Rule(NamedTuple):
    """The trapezoidal rule for a population integral: points x = first + k step."""

    first: float
    step: float
    points: int


# The Gaussian factor is below e^(-37) of its largest value this far from it, and points lie so close to each
# other; see `_rule`.
_REACH: Final = 9.0
_STEP: Final = 0.4
_INVERSE_ROOT_2_PI: Final = 0.3989422804014327


def _rule(c: float, mu: float) -> _Rule:
    """The rule for integrals of ``phi(x - mu) f(c x)``.

    Here f is a polynomial times a function that has its poles at odd multiples of i pi.

    For an integrand that is analytic in the strip ``|Im x| < w`` the trapezoidal rule errs by about ``exp(-2
    pi w / step)`` (Trefethen and Weideman 2014, "The exponentially convergent trapezoidal rule", theorem
    5.1).  The poles leave w = pi / |c|: e^-49 from |c| = 1 on, where the step shrinks with 1 / |c|; nearer to
    0 they are farther away.  The order of the poles and the Gaussian density there cost some decades of that.
    At |c| = 1, the worst place, the rule is off by 2e-15 of MSE's pull (poles of order 3) and by 1e-12 of its
    mean square (order 6); with a step of 0.5 it would be 2e-11 and 6e-9.

    Apart from polynomials the integrand is the exponential of a function at least as concave as ``-x^2 / 2``
    with its top between -1 and mu + 1, so what lies more than `_REACH` beyond 0 and mu is negligible.
    """
    step = _STEP / max(abs(c), 1.0)
    return _Rule(-_REACH, step, math.ceil((mu + 2.0 * _REACH) / step) + 1)


@cache
def _mean_loop(loss: Loss) -> Any:
    """The loop that integrates over both classes: ``-dL/dc`` and ``-dL/dm``."""
    derivative = loss.derivative

    @compiled
    def integrate(c: float, mu: float, first: float, step: float, points: int) -> Any:
        pull, push = 0.0, 0.0
        for k in range(points):
            x = first + k * step
            weight = _exp(-0.5 * (x - mu) * (x - mu))
            # A sample of class 1 has the feature x, its mirror image of class 0 has -x.
            one, zero = -derivative(c * x, 1.0), derivative(-c * x, 0.0)
            pull += weight * 0.5 * (x * (one + zero))
            push += weight * 0.5 * (one + zero)
        return pull * step, push * step

    return integrate


@cache
def _square_loop(loss: Loss) -> Any:
    """The loop that integrates their squares, in units of that of `unit`."""
    derivative = loss.derivative

    @compiled
    def integrate(c: float, mu: float, unit: float, first: float, step: float, points: int) -> Any:
        pull, push = 0.0, 0.0
        for k in range(points):
            x = first + k * step
            # The root of the weight: the weight itself may underflow where its product with the squares is
            # large.
            root = _exp(-0.25 * (x - mu) * (x - mu))
            one, zero = root * (derivative(c * x, 1.0) / unit), root * (derivative(-c * x, 0.0) / unit)
            pull += 0.5 * (x * x) * (one * one + zero * zero)
            push += 0.5 * (one * one + zero * zero)
        return pull * step, push * step

    return integrate


class Moments(NamedTuple):
    """Means over the population of a sample's pull ``-dL/dc`` and push ``-dL/dm``, or of their squares."""

    pull: float
    push: float


def means(loss: Loss, c: float, mu: float) -> Moments:
    """The means; a pull that float64 cannot distinguish from 0 is 0."""
    pull, push = (total * _INVERSE_ROOT_2_PI for total in _mean_loop(loss)(c, mu, *_rule(c, mu)))
    return Moments(pull if abs(pull) >= _LEAST_PULL else 0.0, push)


def mean_squares(loss: Loss, c: float, mu: float, unit: float) -> Moments:
    """The mean squares, in units of that of `unit`: in others they may be too small for float64."""
    return Moments(*(total * _INVERSE_ROOT_2_PI for total in _square_loop(loss)(c, mu, unit, *_rule(c, mu))))


@compiled
def _score_integrals(c: float, mu: float, first: float, step: float, points: int) -> Any:
    brier, logloss = 0.0, 0.0
    for k in range(points):
        x = first + k * step
        weight = _exp(-0.5 * (x - mu) * (x - mu))
        wrong = _expit(-c * x)
        brier += weight * (wrong * wrong)
        logloss += weight * _softplus(-c * x)
    return brier * step, logloss * step


@cache
def right_share(mu: float) -> float:
    """Phi(mu), the share of margins above 0 for c > 0: a half and the integral of the density, by panels."""
    end = min(mu, _REACH)
    count = math.ceil(2.0 * end)
    density: Callable[[float], float] = lambda x: float(exp(-0.5 * x * x))  # noqa: E731
    total = 0.0
    for k in range(count):
        total += panel(density, end * k / count, end * (k + 1) / count)
    return 0.5 + total * _INVERSE_ROOT_2_PI


# Gauss and Legendre's rule with 16 points on [-1, 1]: half of it, the other is its mirror image.
_NODES: Final = (
    0.09501250983763744,
    0.2816035507792589,
    0.45801677765722737,
    0.6178762444026438,
    0.755404408355003,
    0.8656312023878318,
    0.9445750230732326,
    0.9894009349916499,
)
_WEIGHTS: Final = (
    0.1894506104550685,
    0.18260341504492358,
    0.16915651939500254,
    0.14959598881657674,
    0.12462897125553388,
    0.09515851168249279,
    0.062253523938647894,
    0.027152459411754096,
)


def panel(f: Callable[[float], float], low: float, high: float) -> float:
    """The integral of f by one application of the rule."""
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    total = 0.0
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        total += weight * (f(middle - half * node) + f(middle + half * node))
    return half * total


def scores(c: float, mu: float) -> tuple[float, float, float]:
    """Accuracy, Brier score and log loss at c times the true direction."""
    brier, logloss = _score_integrals(c, mu, *_rule(c, mu))
    accuracy = right_share(mu) if c > 0.0 else 1.0 - right_share(mu) if c < 0.0 else 0.0
    return accuracy, brier * _INVERSE_ROOT_2_PI, logloss * _INVERSE_ROOT_2_PI
