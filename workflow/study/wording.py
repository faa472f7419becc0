"""Numbers as readers see them: three digits, thousands marked, and bounds never rounded to stronger ones.

Tables, figures and the page use these functions, so they print the same number in the same way.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Literal

_MODES = {"down": ROUND_FLOOR, "nearest": ROUND_HALF_EVEN, "up": ROUND_CEILING}


def number(value: float, *, digits: int = 3, rounding: Literal["down", "nearest", "up"] = "nearest") -> str:
    """Write a non-negative number with a few significant digits.

    Parameters
    ----------
    value
        The number, at least 0; `inf` and `nan` are allowed.
    digits
        Significant digits. Digits before the decimal point are rounded too: 12,522 becomes 12,500.
    rounding
        `down` for a lower bound and `up` for an upper one: what is printed is never stronger than what is
        known.

    Returns
    -------
    str
        Such as ``4.02``, ``13.9``, ``12,500``, ``0.0031``, ``inf`` or ``nan``.

    Examples
    --------
    >>> number(5.4016), number(12522.6), number(812.9, rounding="down"), number(4.0)
    ('5.4', '12,500', '812', '4')
    """
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf"
    if value == 0:
        return "0"
    exact = Decimal(repr(float(value)))  # the shortest form: a 0.04 is not rounded up to 0.0401
    last = exact.adjusted() - digits + 1
    rounded = exact.quantize(Decimal((0, (1,), last)), rounding=_MODES[rounding])
    plain = f"{rounded:,f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def count(value: int) -> str:
    """Write a count in full, thousands marked: ``180,000``."""
    return f"{value:,d}"


def percent(part: int, whole: int) -> str:
    """Write a share in per cent so that "none" and "all" are only said when they are exact.

    Parameters
    ----------
    part, whole
        Counts, 0 <= part <= whole.

    Returns
    -------
    str
        Such as ``0%``, ``< 0.1%``, ``12.3%``, ``> 99.9%`` or ``100%``; ``none`` where there is nothing to
        share.
    """
    if whole == 0:
        return "none"
    if part in {0, whole}:
        return "100%" if part else "0%"
    share = 100 * part / whole
    if share < 0.1:
        return "< 0.1%"
    return "> 99.9%" if share > 99.9 else f"{share:.1f}%"


def ratio(value: float, low: float, high: float, *, bound: bool, ceiling: float = math.nan) -> str:
    """Write a slowdown with its interval, or as the bound that it is.

    Parameters
    ----------
    value
        The median ratio, or what it is known to exceed where `bound` is true.
    low, high
        Ends of its interval; `high` is `inf` if unbounded.
    bound
        Whether `value` is a lower bound.
    ceiling
        Where the median is only known to lie below a value (`value` is 0), that value.

    Returns
    -------
    str
        ``5.4x [4.9, 6.1]``, ``5.4x [4.9, inf)``, ``> 812x``, ``< 0.3x``, ``unknown`` or ``none`` (no pair at
        all).
    """
    if math.isnan(value):
        return "none"
    if bound:
        return f"> {number(value, rounding='down')}x" if value > 0 else "unknown"
    if value == 0:
        return f"< {number(ceiling, rounding='up')}x" if math.isfinite(ceiling) else "unknown"
    end = f"{number(high)}]" if math.isfinite(high) else "inf)"
    return f"{number(value)}x [{number(low)}, {end}"


def met_at_start(part: int, whole: int) -> str:
    """Say how many starts met their target before the first step: ``met at the start by 25 of 30``."""
    return f"met at the start by {count(int(part))} of {count(int(whole))}"


def steps(median: float, budget: int) -> str:
    """Write a median number of steps; one that was not reached is written as exceeding the budget."""
    if math.isnan(median):
        return "none"
    return number(median) if math.isfinite(median) else f"> {count(budget)}"
