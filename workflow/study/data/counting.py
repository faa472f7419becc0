"""Hyperplanes with few samples on their wrong side: starts for the search of MSE's optimum.

Where that optimum lies at infinity, it counts wrong samples and hardly anything else, and descents from near
the BCE optimum stop at a finite minimum. Here the count itself is made smaller, along one line after another,
on each of which its best place is found exactly (Nguyen and Sanner 2013, "Algorithms for direct 0-1 loss
optimization in binary classification", search the same steps with other means).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from study.data.algebra import column_sums, matvec
from study.data.streams import Stream

__all__ = ["few_wrong"]

Array = NDArray[np.float64]

LINES: Final = 200
"""Lines that a search looks along, one after another."""

SEARCHES: Final = 20
"""Searches on few samples; on many, as many as look at `LOOKED_AT` samples on each line, but one at least."""

LOOKED_AT: Final = 4000


def few_wrong(rows: Array, start: Array) -> list[Array]:
    """Search from `start` for theta with few margins below 0; return the best found, each of unit length.

    Parameters
    ----------
    rows : array (n, d)
        Rows of features times +1 (positive) or -1 (negative).
    start : array (d,)
    """
    n, d = rows.shape
    found = []
    for search in range(min(SEARCHES, max(LOOKED_AT // n, 1))):
        lines = Stream(0, "wrong", search, d).normals(LINES * d).reshape(LINES, d)
        found.append(_searched(rows, _unit(start), lines))
    least = min(wrong for wrong, _ in found)
    return [theta for wrong, theta in found if wrong == least]


def _searched(rows: Array, theta: Array, lines: Array) -> tuple[int, Array]:
    """Go to the best place on each line in turn; return the number of wrong samples, and theta."""
    margins = matvec(rows, theta)
    wrong = int((margins <= 0.0).sum())
    for line in lines:
        count, step = _best_place(margins, matvec(rows, line))
        if count <= wrong:
            wrong, theta = count, _unit(theta + step * line)
            margins = matvec(rows, theta)
    return wrong, theta


def _best_place(margins: Array, slopes: Array) -> tuple[int, float]:
    """Find the fewest wrong samples on the line ``margins + step * slopes``, and the nearest such step."""
    turning = np.abs(slopes) > 1e-12
    steps = -margins[turning] / slopes[turning]
    if len(steps) == 0:
        return int((margins <= 0.0).sum()), 0.0
    order = np.argsort(steps, kind="stable")
    steps, rising = steps[order], slopes[turning][order] > 0.0
    # At the far end of the line all rising margins are negative; at its step, each changes side.
    changes = np.cumsum(np.where(rising, -1, 1))
    wrong = int((margins[~turning] <= 0.0).sum()) + int(rising.sum()) + np.concatenate([[0], changes])
    middles = np.concatenate([[steps[0] - 1.0], (steps[:-1] + steps[1:]) / 2.0, [steps[-1] + 1.0]])
    wide = np.concatenate([[True], np.diff(steps) > 1e-9, [True]])
    best = np.flatnonzero(wide & (wrong == wrong[wide].min()))
    nearest = best[np.argmin(np.abs(middles[best]))]
    return int(wrong[nearest]), float(middles[nearest])


def _unit(theta: Array) -> Array:
    length = float(np.sqrt(column_sums((theta * theta)[:, None])[0]))
    return theta / length if length > 0.0 else theta
