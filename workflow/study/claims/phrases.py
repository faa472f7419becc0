"""How the evidence of a claim writes counts, starts and answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from study import wording
from study.claims.counts import Against, Answer, Arrivals

__all__ = ["POLICIES", "answers_to", "escaped", "later", "listed", "met", "of", "size", "start", "starts"]

POLICIES: Final = {
    "equal": "At equal rates",
    "equal_no_half": "At equal rates, MSE without its 1/2",
    "smoothness": "With each loss at its own 1/L",
    "tuned": "With each loss at its best rate",
}

Key = tuple[str, float, str]
"""Initialisation, scale and target."""


def size(value: float) -> str:
    """Write a number that may be huge."""
    return wording.number(value) if value < 1e6 else f"{value:.1e}"


def of(part: int, whole: int) -> str:
    """Write a part of a whole: `12 of 1,300`."""
    return f"{wording.count(part)} of {wording.count(whole)}"


def met(found: Arrivals) -> str:
    """Say how many runs arrived, and of how many: `12 of 30 (40.0%)`."""
    return f"{of(found.reached, found.runs)} ({wording.percent(found.reached, found.runs)})"


def later(rows: Sequence[Against]) -> str:
    """Say in how many of the pairs the run from a sure start was later than that from zero, by target."""
    each = [f"{of(row.order.later, row.order.total)} to {row.target}" for row in rows]
    return f"from {start(rows[0].initialisation, rows[0].scale)} in {listed(each)}"


def listed(words: Sequence[str]) -> str:
    """Join words: `a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def start(initialisation: str, scale: float) -> str:
    """Write a start: `zero`, `normal 0.5 (real data)`, `sure_wrong 0.999`."""
    if initialisation == "zero":
        return "zero"
    return f"{initialisation} {scale:g}{' (real data)' if initialisation == 'normal' else ''}"


def starts(keys: Iterable[Key], targets: Iterable[str]) -> str:
    """List starts with the targets to which something is true of them.

    Parameters
    ----------
    keys
        Starts and targets, in the order of their listing, those of a start together.
    targets
        Every target that the study has.

    Returns
    -------
    str
        Such as `from zero and sure_wrong 0.9 to every target; from sure_wrong 0.99 to brier`.
    """
    every = sorted(set(targets))
    groups: dict[tuple[str, ...], list[str]] = {}
    for (name, scale), found in groupby(keys, key=lambda key: key[:2]):
        groups.setdefault(tuple(sorted(target for *_, target in found)), []).append(start(name, scale))
    return "; ".join(
        f"from {listed(names)} to {'every target' if list(aims) == every and len(aims) > 1 else listed(aims)}"
        for aims, names in groups.items()
    )


def answers_to(answers: Sequence[Answer]) -> str:
    """List answers one by one, each with its slowdown and how many pairs were slower and faster."""
    return "; ".join(
        f"from {start(a.initialisation, a.scale)} to {a.target} {a.text} (slower in "
        f"{wording.count(a.slower)}, faster in {wording.count(a.faster)} of {wording.count(a.pairs)} pairs)"
        for a in answers
    )


def escaped(loss: str, safe: Arrivals, above: Arrivals) -> str:
    """Say how many runs with a loss arrived, at rates up to its own 1/L and above."""
    parts = [
        f"{met(found)} at rates {where}"
        for found, where in ((safe, "up to its own 1/L"), (above, "above that"))
        if found.runs
    ]
    return f"with {loss.upper()} {', '.join(parts) or 'none was run'}"
