"""The largest curvatures of losses that have no short formula for them.

In decimal arithmetic, whose every operation is defined to the digit, so that learning rates in units of such
a curvature are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Final

__all__ = ["focal", "gce", "largest", "mse_offset"]

_DIGITS: Final = 40
_GOLDEN: Final = (Decimal(5).sqrt() - 1) / 2
_MARGINS: Final = [Decimal(k) / 4 for k in range(-160, 161)]
_ROUNDS: Final = 120  # narrow an interval of 1/2 to 1e-25


def _probabilities(margin: Decimal) -> tuple[Decimal, Decimal]:
    """The probabilities of the right class and of the wrong one."""
    right, wrong = 1 / (1 + (-margin).exp()), 1 / (1 + margin.exp())
    return right, wrong


def mse_offset(margin: Decimal, offset: Decimal) -> Decimal:
    """Second derivative of MSE + `offset` BCE."""
    right, wrong = _probabilities(margin)
    return right * wrong * (wrong * (2 * right - wrong) + offset)


def gce(margin: Decimal, q: Decimal) -> Decimal:
    """Second derivative of ``(1 - r**q) / q``."""
    right, wrong = _probabilities(margin)
    return (q * right.ln()).exp() * wrong * (right - q * wrong)


def focal(margin: Decimal, gamma: Decimal) -> Decimal:
    """Second derivative of ``-w**gamma log(r)``."""
    right, wrong = _probabilities(margin)
    surprise = -right.ln()
    slope = (1 + 2 * gamma) * wrong + gamma * surprise * (gamma * right - wrong)
    return right * (gamma * wrong.ln()).exp() * slope


def largest(curvature: Callable[[Decimal, Decimal], Decimal], parameter: float) -> float:
    """The largest absolute value of a curvature over all margins, to the last bit of a float64.

    Parameters
    ----------
    curvature
        ``(margin, parameter) -> second derivative of the loss in the margin``; it vanishes beyond +-40, and
        its largest absolute value is further than 1/4 from any other maximum.
    parameter
        That of the loss.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        size = {m: abs(curvature(m, Decimal(parameter))) for m in _MARGINS}
        middle = max(size, key=lambda margin: size[margin])
        low, high = middle - Decimal("0.25"), middle + Decimal("0.25")
        for _ in range(_ROUNDS):  # golden-section search
            width = _GOLDEN * (high - low)
            left, right = high - width, low + width
            if abs(curvature(left, Decimal(parameter))) > abs(curvature(right, Decimal(parameter))):
                high = right
            else:
                low = left
        return float(abs(curvature((low + high) / 2, Decimal(parameter))))
