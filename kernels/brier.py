"""Minima of the squared error of a sigmoid by second derivatives, and of the count of wrong samples.

A sample counts by its margin m, its logit times +1 or -1: w = sigmoid(-m) is how wrong it is. Half the
squared error has the derivatives -w^2 (1 - w) and w^2 (1 - w) (2 - 3 w) in m, and is not convex.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from kernels.arithmetic import _expit
from kernels.dense import add_gram, factor, padded
from kernels.jit import compiled, subroutine

__all__ = ["best_place", "descend_to_minimum", "search_lines"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_TRIALS: Final = 500
"""Steps that a descent tries at most."""

_NEGLIGIBLE: Final = 1e-16
"""A step is the last if it promises less than this share of the error."""


@subroutine
def _half_error(rows: Floats, theta: Floats, margins: Floats) -> float:
    """Half the sum of squared errors at `theta`; the margins are written down."""
    total = 0.0
    for i in range(rows.shape[0]):
        margin = 0.0
        for j in range(rows.shape[1]):
            margin += rows[i, j] * theta[j]
        margins[i] = margin
        wrong = _expit(-margin)
        total += 0.5 * wrong * wrong
    return total


@subroutine
def _derivatives(rows: Floats, margins: Floats, gradient: Floats, bends: Floats, curvature: Floats) -> float:
    """Write gradient and curvature of `_half_error`; return the scale of the curvature without its sign."""
    for j in range(rows.shape[1]):
        gradient[j] = 0.0
    scale = 0.0
    for i in range(rows.shape[0]):
        wrong, right = _expit(-margins[i]), _expit(margins[i])
        slope = wrong * wrong * right
        bends[i] = slope * (2.0 - 3.0 * wrong)
        scale += wrong * wrong * right * right
        for j in range(rows.shape[1]):
            gradient[j] -= slope * rows[i, j]
    add_gram(rows, bends, curvature)
    return scale


@subroutine
def _solve(upper: Floats, gradient: Floats, step: Floats) -> None:
    """Write minus the solution of ``upper.T @ upper @ x = gradient`` to `step`."""
    r = step.size
    for j in range(r):
        step[j] = -gradient[j]
    for j in range(r):
        step[j] /= upper[j, j]
        for k in range(j + 1, r):
            step[k] -= upper[j, k] * step[j]
    for j in range(r - 1, -1, -1):
        total = step[j]
        for k in range(j + 1, r):
            total -= upper[j, k] * step[k]
        step[j] = total / upper[j, j]


@subroutine
def _half_error_at(rows: Floats, theta: Floats, far: float, step: Floats, margins: Floats) -> float:
    """Half the sum of squared errors at ``theta + far * step``."""
    place = np.empty(theta.size)
    for j in range(theta.size):
        place[j] = theta[j] + far * step[j]
    error: float = _half_error(rows, place, margins)
    return error


@subroutine
def _damped_step(curvature: Floats, damping: float, gradient: Floats, step: Floats) -> float:
    """Write the damped step of Newton's method; return what it promises, nan where it is not downhill."""
    r = gradient.size
    damped, upper, kept = curvature.copy(), padded(r), np.zeros(r, dtype=np.bool_)
    for j in range(r):
        damped[j, j] += damping
    factor(damped, 1e-15, upper, kept)
    promised = 0.0
    for j in range(r):
        if not kept[j]:
            return np.nan
    _solve(upper, gradient, step)
    for j in range(r):
        promised += 0.5 * step[j] * (damping * step[j] - gradient[j])
    return promised


@compiled
def descend_to_minimum(rows: Floats, theta: Floats) -> None:
    """Move `theta`, (r,), to a local minimum of the squared error, or far on the way to one at infinity.

    Newton's method with a damping that grows until the step is downhill and lessens the error as foretold
    (Levenberg 1944, Marquardt 1963). On the way to a minimum at infinity a step moves margins by 1/2 alone,
    so steps are doubled as long as that pays. The columns of `rows`, (n, r), have to be orthogonal and alike
    in length.
    """
    n, r = rows.shape
    margins, bends = np.empty(n), np.empty(n)
    gradient, step, curvature = np.empty(r), np.empty(r), np.empty((r, r))
    error = _half_error(rows, theta, margins)
    scale = _derivatives(rows, margins, gradient, bends, curvature)
    damping = 1e-3
    for _ in range(_TRIALS):
        promised = _damped_step(curvature, damping * scale, gradient, step)
        last = promised <= _NEGLIGIBLE * error
        attained = np.inf if np.isnan(promised) else _half_error_at(rows, theta, 1.0, step, margins)
        if not last and not error - attained > 1e-4 * promised:
            if damping > 1e15:
                break
            damping = max(4.0 * damping, 1e-12)
            continue
        far, gain = 1.0, (error - attained) / promised if promised > 0.0 else 0.0
        while gain > 1.1 and far < 1e12:
            further = _half_error_at(rows, theta, 2.0 * far, step, margins)
            if not further < attained:
                break
            far, attained = 2.0 * far, further
        if attained <= error:
            for j in range(r):
                theta[j] += far * step[j]
        if last:
            break
        error = _half_error(rows, theta, margins)
        scale = _derivatives(rows, margins, gradient, bends, curvature)
        damping *= 0.1 if gain > 0.75 else 2.0 if gain < 0.25 else 1.0


@subroutine
def _best_place(margins: Floats, slopes: Floats, steps: Floats, order: Integers) -> tuple[int, float]:
    """Find the fewest wrong samples on the line ``margins + step * slopes``, and the nearest such step."""
    wrong, turning = 0, 0
    for i in range(margins.size):
        if abs(slopes[i]) > 1e-12:
            steps[turning] = -margins[i] / slopes[i]
            order[turning] = i
            turning += 1
            wrong += slopes[i] > 0.0  # at the line's far end all rising margins are negative
        else:
            wrong += margins[i] <= 0.0
    if turning == 0:
        return wrong, 0.0
    places = np.argsort(steps[:turning])  # samples at the same step are passed together: any order will do
    fewest, place = wrong, steps[places[0]] - 1.0
    for k in range(turning):
        here = steps[places[k]]
        wrong += -1 if slopes[order[places[k]]] > 0.0 else 1
        further = steps[places[k + 1]] if k + 1 < turning else here + 2.0
        if further - here > 1e-9:
            middle = (here + further) / 2.0
            if wrong < fewest or (wrong == fewest and abs(middle) < abs(place)):
                fewest, place = wrong, middle
    return fewest, place


@compiled
def best_place(margins: Floats, slopes: Floats) -> tuple[int, float]:
    """Find the fewest margins not above 0 on the line ``margins + step * slopes``, and such a step."""
    count, step = _best_place(margins, slopes, np.empty_like(margins), np.empty(margins.size, dtype=np.int64))
    return count, step


@subroutine
def _products(rows: Floats, x: Floats, out: Floats) -> None:
    for i in range(rows.shape[0]):
        total = 0.0
        for j in range(rows.shape[1]):
            total += rows[i, j] * x[j]
        out[i] = total


@compiled
def search_lines(rows: Floats, theta: Floats, lines: Floats) -> int:
    """Move `theta`, (r,), to the best place on each of `lines`, (any, r), in turn.

    Returns
    -------
    int
        Samples whose margin is not above 0.
    """
    n, r = rows.shape
    margins, slopes, steps, order = np.empty(n), np.empty(n), np.empty(n), np.empty(n, dtype=np.int64)
    _products(rows, theta, margins)
    wrong = 0
    for i in range(n):
        wrong += margins[i] <= 0.0
    for line in range(lines.shape[0]):
        _products(rows, lines[line], slopes)
        count, step = _best_place(margins, slopes, steps, order)
        if count <= wrong:
            wrong, square = count, 0.0
            for j in range(r):
                theta[j] += step * lines[line, j]
                square += theta[j] * theta[j]
            for j in range(r):
                theta[j] /= np.sqrt(square)
            _products(rows, theta, margins)
    return wrong
