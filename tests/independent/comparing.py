"""A number as it was printed beside the same number computed anew, and whether they agree."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

SLACK = 1e-9
"""Share of a unit of the last printed digit by which sums in another order may differ at a tie."""


@dataclass(frozen=True)
class Check:
    """One number.

    Attributes
    ----------
    name
        What it is.
    place
        The file that prints it, relative to `results`.
    printed
        As it stands there: a number, a bool or a text.
    value
        The same, computed anew.
    agrees
        Whether they are equal to the last printed digit, or within what the check allows.
    """

    name: str
    place: str
    printed: Any
    value: Any
    agrees: bool


def exact(name: str, place: str, printed: Any, value: Any) -> Check:
    """Compare counts, texts, and floats that are written in full; JSON has null for inf and nan."""
    if isinstance(value, float) and printed is None:
        return Check(name, place, printed, value, not math.isfinite(value))
    if isinstance(value, float):
        return Check(name, place, printed, value, _close(float(printed), value, 1e-12))
    return Check(name, place, printed, value, bool(printed == value))


def digits(name: str, place: str, printed: float | None, value: float, count: int = 9) -> Check:
    """Compare a number that is printed with so many significant digits."""
    if printed is None or not math.isfinite(value) or not math.isfinite(printed):
        return exact(name, place, printed, float(value))
    return Check(name, place, printed, value, abs(printed - value) <= _half_unit(value, count))


def within(name: str, place: str, printed: float, value: float, low: float, high: float) -> Check:
    """Compare a number that may lie between two values."""
    return Check(name, place, printed, value, bool(low <= printed <= high))


def quoted(name: str, place: str, text: str | None, value: float, *, bound: bool = False) -> Check:
    """Compare a number of the page: three digits, a lower bound marked by `>` and rounded down.

    `text` is None where the page has no such number.
    """
    if text is None:
        return Check(name, place, "not found", value, agrees=False)
    said = re.fullmatch(r"(\\?> )?([\d.,]+)[x\N{MULTIPLICATION SIGN}]?", text.strip())
    if said is None or bool(said[1]) != bound:
        return Check(name, place, text, f"> {value:.6g}" if bound else value, agrees=False)
    number = float(said[2].replace(",", ""))
    shift = _half_unit(value, 3)
    if bound:
        return Check(name, place, text, f"> {value:.6g}", -SLACK <= value - number <= 2 * shift)
    return Check(name, place, text, value, abs(value - number) <= shift)


def counted(name: str, place: str, text: str | None, value: int) -> Check:
    """Compare a count of the page, which is written in full with commas."""
    return Check(name, place, text, value, text is not None and text.replace(",", "") == str(value))


def found(pattern: str, text: str, group: int = 1) -> str | None:
    """Return a group of the first match in a text, None without a match."""
    match = re.search(pattern, text)
    return match[group] if match else None


def _close(one: float, other: float, tolerance: float) -> bool:
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return math.isclose(one, other, rel_tol=tolerance)


def _half_unit(value: float, count: int) -> float:
    """Half a unit of the last of so many significant digits of a number."""
    if value == 0:
        return SLACK
    return float(0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - count + 1) * (1 + 1e-6))


Maker = Callable[[Any], Iterator[Check]]


def table(checks: list[Check]) -> str:
    """Write checks as a table of text, those that differ marked."""
    rows = [("", "number", "printed in", "printed", "anew")]
    rows += [("" if c.agrees else "!!", c.name, c.place, shown(c.printed), shown(c.value)) for c in checks]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def shown(value: Any) -> str:
    """Write a value in a cell of the table."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)
