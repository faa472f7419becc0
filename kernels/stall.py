"""The logit at which an update is lost to rounding, found by trying."""

from __future__ import annotations

import math
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kernels import checks
from kernels.losses import Loss, slope_of

__all__ = ["stall_logit"]


# A gradient is evaluated up to this logit, where a sigmoid's tail is still a normal float64.
_FARTHEST: Final = 700.0


@cache
def _steepest(loss: Loss) -> float:
    """The logit, from 0 on, at which a wrong sample's gradient is largest; inf if it never falls."""
    slope = slope_of(loss)
    low, high = 0.0, _FARTHEST
    while high - low > 1e-9:
        third = (high - low) / 3.0
        if slope(low + third, 0.0) > slope(high - third, 0.0):
            high -= third
        else:
            low += third
    return math.inf if high == _FARTHEST else low


def stall_logit(*, loss: str, learning_rate: float, dtype: npt.DTypeLike) -> float:
    """The logit of a confidently wrong sample from which on an update no longer changes it.

    It is found by trying, in that arithmetic.
    The sample has the feature 1 and label 0, so its logit z is its one parameter.  The update is
    ``z - learning_rate * gradient`` in `dtype`, the gradient being the true one, rounded to `dtype`.

    Parameters
    ----------
    loss
        A name from `kernels.LOSSES`.
    learning_rate
        Positive.
    dtype
        ``float32`` or ``float64``.

    Returns
    -------
    float
        The smallest number of `dtype` at which, and from which on up to 1e30, the update leaves the logit as
        it is; inf where the update still moves 1e30.

    Raises
    ------
    ValueError
        Naming the argument, the value and what is allowed.

    Notes
    -----
    Between two powers of 2 numbers are evenly spaced, so there the update with the largest gradient
    decides.  The gradient of BCE grows with z, that of MSE grows up to z = ln 2 and falls from there; that of
    any loss is assumed to have one peak at most. So the powers of 2 are tried downwards until such an update
    moves its number, and halving finds the last one that moves.  An update of just half the spacing moves
    every other number (round half to even), so a number counts as stalled where the next one is, too.

    The gradient is found in float64, to some ulps.  For `dtype` float64 that leaves the last digits of the
    place open where the gradient hardly changes: hundreds of ulps near the largest one of MSE.
    """
    chosen = checks.known_loss(loss)
    slope = slope_of(chosen)
    kind = checks.float_type("dtype", dtype)
    rate = kind.type(checks.number_between("learning_rate", learning_rate, 1e-30, 1e30))

    # Positive floating-point numbers are in the order of their bits.
    whole: Any = np.dtype(f"i{kind.itemsize}")

    def bits(z: float) -> int:
        return int(kind.type(z).view(whole))

    def number(place: int) -> Any:
        return np.array(place, dtype=whole).view(kind)[()]

    def unmoved(place: int) -> bool:
        z = number(place)
        with np.errstate(under="ignore", over="ignore"):
            return bool(z - rate * kind.type(slope(float(z), 0.0)) == z)

    def stalls(place: int) -> bool:
        return unmoved(place) and unmoved(place + 1)

    low, end, steepest = 0, bits(1e30), bits(_steepest(chosen))
    if not stalls(end):
        return math.inf
    while low == 0 and end > 0:
        # A power of 2 is the end of those below it: it moves down, by their spacing.
        begin = (end - 1) >> np.finfo(kind).nmant << np.finfo(kind).nmant
        first = min(max(steepest, begin + 1), end - 1)
        low, end = (0, begin) if stalls(first) else (first, end)
    high = end + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if stalls(middle) else (middle, high)
    return float(number(high))
