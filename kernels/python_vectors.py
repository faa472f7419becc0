"""The operations of `vectors` in plain Python: a vector is an array of float64, a scalar is a float64.

They are used if the compiler is switched off, and give the same bits: see `jit`.
"""

from __future__ import annotations

import math
import threading
from typing import Any, Final

import numpy as np

__all__ = [
    "add_to_exponent",
    "all_true",
    "any_true",
    "exponent",
    "fetch_add",
    "fma",
    "load",
    "mantissa",
    "select",
    "sqrt",
    "store",
]

_FRACTION_BITS: Final = 52
_FRACTION_MASK: Final = (1 << _FRACTION_BITS) - 1
_ALL_BITS: Final = (1 << 64) - 1
_BIAS: Final = 1023

_lock = threading.Lock()


def _fma(a: float, b: float, c: float) -> float:
    """``a * b + c`` with one rounding, by whole numbers (`math.fma` is in Python from 3.13 on)."""
    if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
        return a * b + c
    (p, q), (r, s), (t, u) = a.as_integer_ratio(), b.as_integer_ratio(), c.as_integer_ratio()
    above, below = p * r * u + t * q * s, q * s * u
    if above == 0:
        return a * b + c  # exact; what is left to find is the sign of 0
    try:
        return above / below  # Python rounds the quotient of two whole numbers correctly
    except OverflowError:
        return math.inf if above > 0 else -math.inf


def _each(function: Any, *operands: Any) -> Any:
    """`function` of each lane, or of scalars."""
    if not any(isinstance(operand, np.ndarray) for operand in operands):
        return np.float64(function(*map(float, operands)))
    lanes = np.broadcast_arrays(*operands)
    return np.array([function(*values) for values in zip(*(lane.tolist() for lane in lanes), strict=True)])


def _bits(x: float) -> int:
    return int(np.float64(x).view(np.uint64))


def _from_bits(bits: int) -> float:
    return float(np.uint64(bits & _ALL_BITS).view(np.float64))


def fma(a: Any, b: Any, c: Any) -> Any:
    """``a * b + c`` with one rounding."""
    return _each(_fma, a, b, c)


def sqrt(x: Any) -> Any:
    """The square root, correctly rounded; nan of a negative number."""
    return _each(lambda value: math.nan if value < 0.0 else math.sqrt(value), x)


def select(condition: Any, a: Any, b: Any) -> Any:
    """`a` where `condition` holds, else `b`."""
    if isinstance(condition, np.ndarray):
        return np.where(condition, a, b)
    return a if condition else b


def any_true(mask: Any) -> bool:
    """Whether `mask` holds in at least one lane."""
    return bool(np.any(mask))


def all_true(mask: Any) -> bool:
    """Whether `mask` holds in every lane."""
    return bool(np.all(mask))


def add_to_exponent(x: Any, shifter: Any) -> Any:
    """``x * 2**k`` for an integer ``k`` in the lowest bits of `shifter`."""
    return _each(
        lambda value, amount: _from_bits(_bits(value) + (_bits(amount) << _FRACTION_BITS)), x, shifter
    )


def exponent(x: Any) -> Any:
    """The integer ``k`` of ``x = m * 2**k``, ``1 <= m < 2``, as a float64, for a positive normal `x`."""
    return _each(lambda value: float((_bits(value) >> _FRACTION_BITS & 0xFFF) - _BIAS), x)


def mantissa(x: Any) -> Any:
    """The ``m`` of ``x = m * 2**k``, ``1 <= m < 2``; `x` must be positive and normal."""
    return _each(lambda value: _from_bits(_bits(value) & _FRACTION_MASK | _BIAS << _FRACTION_BITS), x)


def load(rows: Any, row: int) -> Any:
    """Row `row` of `rows`, as a copy."""
    return rows[row].copy()


def store(rows: Any, row: int, value: Any) -> None:
    """Write `value` to row `row` of `rows`."""
    rows[row] = value


def fetch_add(counter: Any, amount: int) -> int:
    """Add `amount` to ``counter[0]`` in one indivisible step; return the old value."""
    with _lock:
        before = int(counter[0])
        counter[0] += amount
    return before
