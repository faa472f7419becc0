"""The exact time in which gradient flow moves the margin of one sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kernels import checks
from kernels.arithmetic import exp, log1p
from kernels.errors import failure

__all__ = ["CLOSED_FORMS", "margin_time"]

Floats = npt.NDArray[np.float64]


def _fall(x: Floats) -> Floats:
    """``1 - exp(-x)`` of non-negative numbers, to some ulps (Kahan: the rounding divides out)."""
    power = exp(-x)
    near = x < 0.5
    small = np.where(near & (power < 1.0), power, 0.5)
    return np.where(near, np.where(power < 1.0, (1.0 - small) * x / -log1p(small - 1.0), x), 1.0 - power)


def _bce_time(low: Floats, high: Floats) -> Floats:
    """``[m + e^m]`` between the margins, with ``e^high - e^low = e^high (1 - e^-(high - low))``."""
    way = high - low
    return np.asarray(way + exp(high) * _fall(way))


def _mse_time(low: Floats, high: Floats) -> Floats:
    """``[3 m + 3 e^m + e^(2 m) / 2 - e^-m]`` between the margins, term by term: all are positive."""
    way = high - low
    right = 3.0 * exp(high) * _fall(way) + 0.5 * exp(2.0 * high) * _fall(2.0 * way)
    return np.asarray(3.0 * way + right + exp(-low) * _fall(way))


CLOSED_FORMS: Final[Mapping[str, Callable[[Floats, Floats], Floats]]] = MappingProxyType(
    {"bce": _bce_time, "mse": _mse_time}
)
"""By loss: the time from a margin to a larger one, for ``|x| = 1``."""


def margin_time(start: npt.ArrayLike, end: npt.ArrayLike, *, loss: str) -> Any:
    """Time that gradient flow takes to move the margin of one sample, in units of ``1 / |x|^2``.

    Parameters
    ----------
    start, end
        Finite margins ``(2 y - 1) theta . x``, of shapes that broadcast.
    loss
        A name from `CLOSED_FORMS`.

    Returns
    -------
    float64 or array of float64
        Relatively accurate for all margins within +-700, close ones too; negative where `end` lies below
        `start`, and infinite where the time exceeds float64.

    Raises
    ------
    ValueError
        Naming the argument, the value and what is allowed.

    Notes
    -----
    ``dm / dt = -|x|^2 dL/dm``, so the time is the integral of ``1 / (-dL/dm)`` over the margin.
    """
    if not isinstance(loss, str) or loss not in CLOSED_FORMS:
        raise failure("loss", repr(loss), f"one with a closed form: {', '.join(CLOSED_FORMS)}")
    first, last = np.broadcast_arrays(checks.finite_array("start", start), checks.finite_array("end", end))
    with np.errstate(over="ignore", invalid="ignore"):
        time = CLOSED_FORMS[loss](np.minimum(first, last), np.maximum(first, last))
    return np.where(last > first, time, np.where(last < first, -time, 0.0))[()]
