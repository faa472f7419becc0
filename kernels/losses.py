"""The registered losses: their values, derivatives in the logit, and largest curvatures.

To add a loss, add one entry here, or call `register` from elsewhere: everything else finds it in
`LOSSES`.  `docs/add-a-loss.md` has a worked example.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from kernels.arithmetic import _expit, _softplus, sigmoid, sigmoid_pair
from kernels.jit import compiled, lanewise
from kernels.registry import Family, Registry

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
