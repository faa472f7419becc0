"""The registered losses: their values, derivatives in the logit, and largest curvatures.

Below, ``m`` is the margin, the logit times the sign of the label; ``r = sigmoid(m)`` and ``w = sigmoid(-m)``
are the probabilities of the right class and of the wrong one.

To add a loss, add one entry here, or call `register` from elsewhere: everything else finds it in
`LOSSES`.  `docs/add-a-loss.md` has a worked example.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from kernels import curvature
from kernels.arithmetic import (
    _expit,
    _softplus,
    exp_clamped,
    expm1_pair,
    sigmoid,
    sigmoid_pair,
    softplus_pair,
)
from kernels.jit import compiled, lanewise
from kernels.registry import Family, Parameter, Registry
from kernels.vectors import fma

__all__ = ["LOSSES", "Loss", "register", "slope_of"]


@dataclass(frozen=True, eq=False)
class Loss:
    """A loss of one sample, as a function of its logit ``z`` and its label ``y`` (a float64, 0 or 1).

    Parameters
    ----------
    name
        The name by which the loss is chosen.
    value
        `lanewise` function ``(z, y) -> loss``.  It sees scalars only.
    derivative
        `lanewise` function ``(z, y) -> d loss / d z``, written with ``+ - * /``, comparisons and the
        functions of `kernels.arithmetic` and `kernels.vectors`.  It must be finite at ``z = 0``.
    smoothness
        Upper bound of ``|d^2 loss / d z^2|``: gradient descent is stable below a rate of
        ``2 / (smoothness * lambda_max(X'X / n))``.
    """

    name: str
    value: Callable[[Any, Any], Any]
    derivative: Callable[[Any, Any], Any]
    smoothness: float


LOSSES: Final[Registry[Loss]] = Registry("loss")
"""The registered losses by name."""


def register(loss: Loss | Family[Loss]) -> None:
    """Make a loss, or a family of them, known under its name.

    Raises
    ------
    ValueError
        If the name is taken, or is not made of letters, digits and underscores.
    """
    LOSSES.register(loss)


@cache
def slope_of(loss: Loss) -> Any:
    """The derivative of a loss in its logit as a function of one sample, compiled."""
    derivative = loss.derivative

    @compiled
    def slope(z: float, y: float) -> float:
        return derivative(z, y)  # type: ignore[no-any-return]

    return slope


@lanewise
def _sign(y: Any) -> Any:
    """+1 for the positive class, -1 for the negative one: ``_sign(y) * z`` is the margin."""
    return 2.0 * y - 1.0


@lanewise
def _power_of_sigmoid(x: Any, power: float) -> Any:
    """``sigmoid(x)**power`` for a positive power, relatively accurate in both tails down to 3e-308."""
    # The exponent in two parts: rounded to one, exp(-700) would be off by hundreds of ulps.
    excess, rest = softplus_pair(-x)
    high = power * excess
    low = fma(power, excess, -high) + power * rest
    total = high + low
    return exp_clamped(-total) * (1.0 - ((high - total) + low))


@lanewise
def _bce_value(z: Any, y: Any) -> Any:
    return _softplus(-_sign(y) * z)


@lanewise
def _bce_derivative(z: Any, y: Any) -> Any:
    # p - y, but without its cancellation where the prediction is right.
    return -_sign(y) * sigmoid(-_sign(y) * z)


@lanewise
def _mse_value(z: Any, y: Any) -> Any:
    wrong = _expit(-_sign(y) * z)
    return 0.5 * wrong * wrong


@lanewise
def _mse_derivative(z: Any, y: Any) -> Any:
    # (p - y) p (1 - p), with 1 - p as sigmoid(-z): p (1 - p) itself is exactly 0 from z = 36.74 on.
    wrong, right = sigmoid_pair(-_sign(y) * z)
    return -_sign(y) * (wrong * right * wrong)


register(Loss("bce", _bce_value, _bce_derivative, smoothness=0.25))

# max |s**2 (1 - s) (2 - 3 s)| over [0, 1], at s = (15 - sqrt(33)) / 24. The half in front of the square
# is our convention.
register(Loss("mse", _mse_value, _mse_derivative, smoothness=0.07702928506067526))


@lanewise
def _squared_value(z: Any, y: Any) -> Any:
    wrong = _expit(-_sign(y) * z)
    return wrong * wrong


@lanewise
def _squared_derivative(z: Any, y: Any) -> Any:
    return 2.0 * _mse_derivative(z, y)


# Squared error without the half, as PyTorch, Keras and the article define it.
register(Loss("squared", _squared_value, _squared_derivative, smoothness=2.0 * 0.07702928506067526))


def _mse_offset(name: str, offset: float) -> Loss:
    """The factor p (1 - p) of MSE's gradient with a constant added to it, which is MSE + offset BCE."""

    @lanewise
    def value(z: Any, y: Any) -> Any:
        return fma(offset, _bce_value(z, y), _mse_value(z, y))

    @lanewise
    def derivative(z: Any, y: Any) -> Any:
        wrong, right = sigmoid_pair(-_sign(y) * z)
        return -_sign(y) * (wrong * fma(right, wrong, offset))

    return Loss(name, value, derivative, curvature.largest(curvature.mse_offset, offset))


_POSITIVE: Final = ("a number from 0.001 to 1000", lambda value: 1e-3 <= value <= 1e3)

# Fahlman (1988), who adds 0.1 to the derivative of the sigmoid.
register(Family("mse_offset", (Parameter("offset", *_POSITIVE),), _mse_offset))


def _gce(name: str, q: float) -> Loss:
    """``(1 - r**q) / q``: cross-entropy as q goes to 0, ``1 - r`` at q = 1."""

    @lanewise
    def value(z: Any, y: Any) -> Any:
        return -expm1_pair(-q * _softplus(-_sign(y) * z))[0] / q

    @lanewise
    def derivative(z: Any, y: Any) -> Any:
        sign = _sign(y)
        return -sign * (_power_of_sigmoid(sign * z, q) * sigmoid(-sign * z))

    return Loss(name, value, derivative, curvature.largest(curvature.gce, q))


# Generalised cross-entropy: Zhang and Sabuncu (2018), who take q = 0.7.
_SHARE: Final = ("a number from 0.001 to 1", lambda value: 1e-3 <= value <= 1.0)
register(Family("gce", (Parameter("q", *_SHARE),), _gce))


def _focal(name: str, gamma: float) -> Loss:
    """``-w**gamma log(r)``: cross-entropy of samples that are right already counts less."""

    @lanewise
    def value(z: Any, y: Any) -> Any:
        margin = _sign(y) * z
        return exp_clamped(-gamma * _softplus(margin)) * _softplus(-margin)

    @lanewise
    def derivative(z: Any, y: Any) -> Any:
        sign = _sign(y)
        margin = sign * z
        wrong, right = sigmoid_pair(-margin)
        excess, rest = softplus_pair(-margin)
        slope = fma(gamma * right, excess + rest, wrong)
        return -sign * (_power_of_sigmoid(-margin, gamma) * slope)

    return Loss(name, value, derivative, curvature.largest(curvature.focal, gamma))


# Lin et al. (2017), who take gamma = 2.
_FOCUS: Final = ("a number from 0.001 to 10", lambda value: 1e-3 <= value <= 10.0)
register(Family("focal", (Parameter("gamma", *_FOCUS),), _focal))
