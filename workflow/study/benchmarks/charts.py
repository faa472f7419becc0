"""Charts of the history: lines over runs, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from study import wording

__all__ = ["Line", "chart"]

Floats = npt.NDArray[np.float64]

WIDTH, HEIGHT = 440, 180  # small, so that the letters stay legible on a phone
_LEFT, _RIGHT, _TOP, _BOTTOM = 42, 6, 8, 22
_FEW = 60  # runs whose dots can be large


@dataclass(frozen=True)
class Line:
    """One line of a chart: a value a run, with its interval, and the level of each run (nan for none)."""

    name: str
    order: Floats
    value: Floats
    low: Floats
    high: Floats
    level: Floats


def chart(lines: Sequence[Line], *, label: str, commits: tuple[str, str]) -> Markup:
    """Draw lines over runs as SVG, on a logarithmic scale.

    Parameters
    ----------
    lines
        At least one, of at least one run; they share the axes, and are coloured by the page in their order.
    label
        The text alternative.
    commits
        Written at the left and the right end of the axis of runs.
    """
    first, last = min(line.order.min() for line in lines), max(line.order.max() for line in lines)
    values = np.concatenate([np.concatenate([line.low, line.high]) for line in lines])
    # A burst in a single run must not squash all the others; what is beyond is drawn at the edge.
    middle = np.concatenate([line.value for line in lines])
    low = math.log(max(values.min(), np.median(middle) / 20)) - 0.02
    high = math.log(min(values.max(), 2 * np.quantile(middle, 0.99))) + 0.02

    def x(order: Floats) -> Floats:
        if first == last:
            return np.full(len(order), (_LEFT + WIDTH - _RIGHT) / 2)
        place: Floats = _LEFT + 6 + (order - first) / (last - first) * (WIDTH - _LEFT - _RIGHT - 12)
        return place

    def y(value: Floats) -> Floats:
        share = (np.clip(np.log(value), low, high) - low) / (high - low)
        place: Floats = HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)
        return place

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{Markup.escape(label)}">']
    for tick in _ticks(math.exp(low), math.exp(high)):
        at = float(y(np.array([tick]))[0])
        parts.append(f'<path class="grid" d="M{_LEFT} {at:.1f}H{WIDTH - _RIGHT}"/>')
        parts.append(
            f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{wording.number(tick)}</text>'
        )
    for text, place, anchor in ((commits[0], _LEFT, "start"), (commits[1], WIDTH - _RIGHT, "end")):
        parts.append(
            f'<text x="{place}" y="{HEIGHT - 4}" text-anchor="{anchor}">{Markup.escape(text)}</text>'
        )
    for number, line in enumerate(lines):
        parts += _drawn(line, f"s{number % 6}", x, y)
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704  numbers and escaped text


def _drawn(line: Line, style: str, x: Any, y: Any) -> list[str]:
    """Draw one line: intervals, dots, levels, and a mark where the level changes."""
    across, value = x(line.order), y(line.value)
    bars = "".join(
        f"M{a:.1f} {b:.1f}V{c:.1f}"
        for a, b, c in zip(across, y(line.low), y(line.high), strict=True)
        if b - c >= 0.5
    )
    dots = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(across, value, strict=True))
    style += " few" if len(across) <= _FEW else ""
    out = [f'<path class="bars {style}" d="{bars}"/>', f'<path class="dots {style}" d="{dots}"/>']
    known = ~np.isnan(line.level)
    if known.any():
        a, b = across[known], y(line.level[known])
        turns = np.flatnonzero(np.diff(line.level[known])) + 1
        edges = [0, *turns.tolist(), len(a)]
        level = "".join(f"M{a[i]:.1f} {b[i]:.1f}H{a[j - 1]:.1f}" for i, j in pairwise(edges))
        out.append(f'<path class="level {style}" d="{level}"/>')
        out += [f'<path class="mark" d="M{a[i]:.1f} {_TOP}V{HEIGHT - _BOTTOM}"/>' for i in turns]
    return out


def _ticks(low: float, high: float) -> list[float]:
    """Choose up to about six round numbers between two positive ones."""
    step = 10 ** math.floor(math.log10(high - low))
    for factor in (1.0, 0.5, 0.2, 0.1):
        found = (
            np.arange(math.ceil(low / (step * factor)), math.floor(high / (step * factor)) + 1)
            * step
            * factor
        )
        if len(found) >= 3:
            return [float(tick) for tick in found]
    return [low, high]
