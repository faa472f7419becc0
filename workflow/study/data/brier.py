"""The smallest mean squared error of a data set: the best that descents from several starts find.

The error is not convex, and its optimum may lie at infinity. Every operation is exact IEEE arithmetic in a
fixed order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

import kernels
from kernels.brier import descend_to_minimum, search_lines
from study.data.algebra import cholesky, column_sums, gram, matvec, solve_lower, solve_upper, weighted_sum
from study.data.frame import Frame
from study.data.separation import null_space, separated
from study.data.streams import Stream

__all__ = ["mse_margins"]

Array = NDArray[np.float64]
Marks = NDArray[np.bool_]

SPREADS: Final = (3.0, 10.0) * 5
"""Root mean square of the margins at the random starts of the search."""

SEARCHED: Final = 5000
"""Samples that are searched on: of more, so many are drawn, and the best ends descend on all of them."""

WORTHWHILE: Final = 1e7
"""Products that a descent may take for each step if others from random starts are to follow."""

LINES: Final = 20
"""Lines that a search for few wrong samples looks along: it is to end near a minimum, not in it."""

SEARCHES: Final = 20
"""Such searches on few samples."""

PARTS: Final = 80
"""Descents that begin with a part of few samples."""

PART: Final = 0.7
SIZE: Final = 10.0
"""Share of the samples that they begin with, and median modulus of the margins where they go on with all."""

LOOKED_AT: Final = 20_000
"""Samples that all searches or descents of a kind may take at once: if more, there are fewer, but one."""

SIZES: Final = (3.0, 10.0, 30.0)
"""Median modulus of the margins where a descent from the end of such a search begins."""

FAR: Final = 40.0
"""Margin from which a sample counts as done: its squared error is below 2e-35."""

RIGHT: Final = 15.0
WRONG: Final = -30.0
"""Margins beyond which a search finds no slope: the squared error is within 1e-13 of its limit, 0 or 1."""


def mse_margins(
    signed: Array, frame: Frame, finite_optimum: Array, limit: Array | None, separable: Marks
) -> Array:
    """Margins of the samples, shape (n,), at the smallest mean squared error that was found; inf in a limit.

    Descents begin at the BCE optimum and elsewhere, and the best end is finished by Newton's method. An end
    that few wrong samples have led to, or the BCE optimum itself, is taken where it is better by more than
    rounding.

    Parameters
    ----------
    signed : array (n, d)
        Rows of features times +1 (positive) or -1 (negative).
    frame : Frame
        That of `signed`.
    finite_optimum : array (d,)
        BCE optimum of the samples that cannot be separated.
    limit : array (d,) or None
        Direction that separates the `separable` samples from the others, if any.
    """
    rows, of_bce = frame.rows, matvec(signed, finite_optimum)
    optimum = frame.place(of_bce)
    if limit is not None:
        along = matvec(signed, limit)
        reach = of_bce[separable].min(), along[separable].min()
        optimum = frame.place(of_bce + along * ((FAR - reach[0]) / reach[1]))
    best, far = _searched(rows, optimum)
    found = _finished(rows, best)
    others = [
        np.where(separable, np.inf, of_bce),
        matvec(rows, best),  # rounding can spoil it where columns span many powers of ten
        found if far is best else _finished(rows, far),
    ]
    better = [other for other in others if _squared_error(other) < (1.0 - 1e-6) * _squared_error(found)]
    return min(better, key=_squared_error, default=found)


def _searched(rows: Array, optimum: Array) -> tuple[Array, Array]:
    """Find the best places from ordinary starts, and from those with few wrong samples."""
    few = rows if len(rows) <= SEARCHED else np.ascontiguousarray(rows[_chosen(len(rows))])
    own = [optimum, *(_descended(few, start) for start in _starts(few, optimum))]
    far = _best(few, (_descended(few, start) for start in _far_starts(few, _best(few, own))))
    if few is rows:
        return _best(rows, own), far
    best = _best(rows, [optimum, *(_descended(rows, place) for place in _leading(few, own, 2))])
    here, there = (_squared_error(matvec(few, place)) for place in (_best(few, own), far))
    return best, _descended(rows, far) if there < (1.0 - 1e-6) * here else best


def _chosen(n: int) -> NDArray[np.int64]:
    """Draw the samples that are searched on."""
    return np.sort(Stream(0, "searched", n).permutation(n)[:SEARCHED])


def _descended(rows: Array, start: Array) -> Array:
    """Descend on the squared error from a start."""
    place = start.copy()
    descend_to_minimum(rows, place)
    return place


def _leading(rows: Array, places: Iterable[Array], most: int) -> list[Array]:
    """Return the places of least squared error, best first, those alike once."""
    errors = [(_squared_error(matvec(rows, place)), place) for place in places]
    leading: list[tuple[float, Array]] = []
    for error, place in sorted(errors, key=lambda found: found[0]):
        if not leading or error > (1.0 + 1e-9) * leading[-1][0]:
            leading.append((error, place))
    return [place for _, place in leading[:most]]


def _best(rows: Array, places: Iterable[Array]) -> Array:
    """Return the place of least squared error."""
    return _leading(rows, places, 1)[0]


def _starts(rows: Array, optimum: Array) -> Iterator[Array]:
    """Yield where the search begins.

    That is near the BCE optimum, where margins are spread at random, and by minima of parts of the samples.
    """
    n, r = rows.shape
    yield from (optimum, np.zeros(r), 0.3 * optimum, 3.0 * optimum, 10.0 * optimum)
    if n * r * r > WORTHWHILE:
        return
    stream = Stream(0, "brier", r)
    yield from (size * stream.normals(r) for size in SPREADS)
    for number in range(_affordable(PARTS, rows)):
        part = Stream(0, "part", number, n).uniforms(n) < PART
        yield _sized(rows, _descended(np.ascontiguousarray(rows[part]), np.zeros(r)), SIZE)


def _sized(rows: Array, place: Array, size: float) -> Array:
    """Scale a place so that the median modulus of the margins is `size`, if it is not 0."""
    middle = float(np.median(np.abs(matvec(rows, place))))
    return place * (size / middle if middle > 0.0 else size)


def _affordable(most: int, rows: Array) -> int:
    """How many searches or descents are made, one at least."""
    n, r = rows.shape
    return min(most, max(LOOKED_AT // n, 1)) if n * r * r <= WORTHWHILE else 1


def _far_starts(rows: Array, place: Array) -> Iterator[Array]:
    """Yield places with few margins below 0; one at least."""
    for direction in _few_wrong(rows, place):
        for size in SIZES:
            yield _sized(rows, direction, size)


def _few_wrong(rows: Array, place: Array) -> Iterator[Array]:
    """Search for directions with few margins below 0, each of unit length.

    Where the optimum lies at infinity, it counts wrong samples and hardly anything else, and descents from
    near the BCE optimum stop at a finite minimum. Here the count itself is made smaller, along one line after
    another, on each of which its best place is found exactly (Nguyen and Sanner 2013, "Algorithms for direct
    0-1 loss optimization in binary classification", search the same steps with other means).
    """
    r = rows.shape[1]
    for search in range(_affordable(SEARCHES, rows)):
        direction = place.copy()
        search_lines(rows, direction, Stream(0, "wrong", search, r).normals(LINES * r).reshape(LINES, r))
        yield direction


def _finished(rows: Array, theta: Array) -> Array:
    """Margins at the minimum that a descent stopped near; inf where they grow for ever."""
    margins = matvec(rows, theta)
    escaping = _escaping(rows, theta)
    if escaping.any():
        finite, rows = np.ascontiguousarray(margins[~escaping]), np.ascontiguousarray(rows[~escaping])
        margins = np.copysign(np.inf, margins)
        rows, theta = _least_squares(rows, finite)
    if not escaping.all():
        margins[~escaping] = matvec(rows, _mse_newton(rows, theta))
    return margins


def _escaping(rows: Array, theta: Array) -> Marks:
    """Mark the samples whose margins grow for ever on the way to an optimum at infinity; shape (n,).

    `theta` is where the search for it stopped. Of the samples that are done there, those are marked that some
    direction takes further, each to its own side, without moving any other.
    """
    margins = matvec(rows, theta)
    done = (margins > RIGHT) | (margins < WRONG)
    if not done.any():
        return done
    basis = null_space(np.ascontiguousarray(rows[~done]))
    if len(basis) == 0:
        return np.zeros_like(done)
    sides = rows[done] * np.sign(margins[done])[:, None]
    moved = np.transpose([matvec(sides, vector) for vector in basis])
    lengths = np.sqrt(column_sums(np.ascontiguousarray((sides * sides).T)))
    moved[np.abs(moved) < 1e-9 * lengths[:, None]] = 0.0
    done[done], _ = separated(np.ascontiguousarray(moved))
    return done


def _least_squares(rows: Array, margins: Array) -> tuple[Array, Array]:
    """Give the independent columns of `rows`, and the theta that gives their margins on these."""
    lower, kept = cholesky(gram(rows))
    columns = np.ascontiguousarray(rows[:, kept])
    cross = weighted_sum(columns, margins)
    return columns, solve_upper(lower, solve_lower(lower, cross))


def _squared_error(margins: Array) -> float:
    wrong = kernels.expit(-margins)
    return float(column_sums((wrong * wrong)[:, None])[0]) / len(margins)


def _mse_newton(rows: Array, theta: Array) -> Array:
    """Finish a descent on ``mean(sigmoid(-rows @ theta)^2)`` near its minimum; shape (d,).

    With w = sigmoid(-m) the derivatives in a margin m are -2 w^2 (1 - w) and 2 w^2 (1 - w) (2 - 3 w). Where
    the curvature is not positive, on the way to a minimum at infinity, `theta` stays as it is.
    """
    for _ in range(50):
        margins = matvec(rows, theta)
        wrong, right = kernels.expit(-margins), kernels.expit(margins)
        slope = wrong * wrong * right
        gradient = -weighted_sum(rows, slope)
        curvature = gram(rows, slope * (2.0 - 3.0 * wrong))
        if (np.diag(curvature) <= 0.0).any():
            break
        lower, kept = cholesky(curvature)
        if not kept.all():
            break
        step = solve_upper(lower, solve_lower(lower, gradient))
        # Where the optimum is flat, the last steps change the error by less than its rounding.
        if _squared_error(matvec(rows, theta - step)) > _squared_error(margins) * (1.0 + 1e-14):
            break
        theta = theta - step
        if np.abs(step).max() <= 1e-14 * np.abs(theta).max():
            break
    return theta
