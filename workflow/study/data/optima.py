"""Where descent ends on each of the two losses: the optimum, or the limit of its path where there is none.

The optimum of BCE comes from Newton's method. That of MSE, which is not convex, is the best that descents
from several starts find, finished by Newton's method. All but the search for it is exact IEEE arithmetic in a
fixed order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import scipy  # its parts are loaded at their first use: most jobs read facts, and only one finds them
from numpy.typing import NDArray

import kernels
from study.data.algebra import cholesky, column_sums, gram, matvec, solve_lower, solve_upper
from study.data.counting import few_wrong
from study.data.separation import max_margin, null_space, separated
from study.data.streams import Stream

__all__ = ["bce_limit", "mse_margins"]

Array = NDArray[np.float64]

SPREADS: Final = (3.0, 10.0) * 5
"""Root mean square of the margins at the random starts of the search for MSE's optimum."""

FAR: Final = 40.0
"""Margin from which a sample counts as done: its squared error is below 2e-35."""

RIGHT: Final = 15.0
WRONG: Final = -30.0
"""Margins beyond which the search finds no slope: the squared error is within 1e-13 of its limit, 0 or 1."""


def bce_limit(signed: Array) -> tuple[NDArray[np.bool_], Array | None, Array]:
    """Find where descent on BCE goes: to ``finite_optimum``, plus ever more of ``limit``.

    Parameters
    ----------
    signed : array (n, d)
        Rows of features times +1 (positive) or -1 (negative).

    Returns
    -------
    separable : bool array (n,)
        The samples that can be separated.
    limit : array (d,) or None
        Their max-margin direction; None where no sample can be separated.
    finite_optimum : array (d,)
        BCE optimum of the other samples; zero where there are none.
    """
    separable, hyperplane = separated(signed)
    limit = max_margin(signed, hyperplane, separable) if separable.any() else None
    if limit is None:
        finite_optimum = _bce_optimum(signed)
        if matvec(signed, finite_optimum).min() <= 1.0:
            return np.zeros_like(separable), None, finite_optimum
        # The gap was too small for the program's tolerance, but this hyperplane proves that there is one.
        separable = np.ones_like(separable)
        limit = max_margin(signed, finite_optimum, separable)
    finite_optimum = np.zeros(signed.shape[1]) if separable.all() else _bce_optimum(signed[~separable])
    return separable, limit, finite_optimum


def _bce_optimum(signed: Array) -> Array:
    """Find the theta of least mean log loss on samples that cannot be separated, by Newton; shape (d,).

    The columns are made orthonormal first (so conditioning is that of the weights alone). Where some depend
    on others there are many such theta: the shortest is taken, which does not depend on the columns' order.
    Every operation is exact IEEE arithmetic in a fixed order.
    """
    n = len(signed)
    lower, kept = cholesky(gram(signed) / n)
    theta = np.zeros(signed.shape[1])
    if not kept.any():
        return theta
    rows = np.ascontiguousarray(solve_lower(lower, np.ascontiguousarray(signed[:, kept].T)).T)
    theta[kept] = solve_upper(lower, _newton(rows))
    for vector in [] if kept.all() else null_space(signed):
        theta -= vector * float(column_sums((vector * theta)[:, None])[0])
    return theta


def _newton(rows: Array) -> Array:
    """Minimise ``mean(softplus(-rows @ phi))`` from zero; shape (r,)."""
    n = len(rows)
    phi = np.zeros(rows.shape[1])
    margins = np.zeros(n)
    for _ in range(1000):
        wrong = kernels.expit(-margins)
        gradient = -column_sums(rows * wrong[:, None]) / n
        lower, kept = cholesky(gram(rows, wrong * kernels.expit(margins)) / n)
        step = np.zeros_like(phi)
        step[kept] = solve_upper(lower, solve_lower(lower, gradient[kept]))
        along = matvec(rows, step)
        decrement = float((gradient * step).sum())
        rate = 1.0
        while rate > 1e-12 and _rise(margins, rate * along) > -1e-4 * rate * decrement and decrement > 1e-20:
            rate /= 2.0
        phi, margins = phi - rate * step, matvec(rows, phi - rate * step)
        if decrement <= 1e-26 or float(np.abs(step).max()) <= 1e-15 * float(np.abs(phi).max()):
            break
    return phi


def _rise(margins: Array, change: Array) -> float:
    """Change of the mean log loss as margins fall by `change`, without cancellation of the losses themselves.

    softplus(-(m - c)) - softplus(-m) = log(1 + sigmoid(-m) (e^c - 1)).
    """
    wrong = kernels.expit(-margins)
    safe = np.clip(change, -30.0, 30.0)
    small = kernels.log1p(wrong * (kernels.exp(safe) - 1.0))
    plain = kernels.softplus(change - margins) - kernels.softplus(-margins)
    return float(column_sums(np.where(np.abs(change) < 30.0, small, plain)[:, None])[0]) / len(margins)


def mse_margins(
    signed: Array, finite_optimum: Array, limit: Array | None, separable: NDArray[np.bool_]
) -> Array:
    """Margins of the samples, shape (n,), at the smallest mean squared error that was found; inf in a limit.

    Levenberg-Marquardt from the BCE optimum and other starts, the best end rounded (its last digits depend on
    the processor) and finished by Newton's method. An end that `few_wrong` has led to, or the BCE optimum
    itself, is taken where it is better by more than rounding.

    Parameters
    ----------
    signed : array (n, d)
        Rows of features times +1 (positive) or -1 (negative).
    finite_optimum : array (d,)
        BCE optimum of the samples that cannot be separated.
    limit : array (d,) or None
        Direction that separates the `separable` samples from the others, if any.
    """
    optimum = finite_optimum
    if limit is not None:
        reach = matvec(signed[separable], finite_optimum).min(), matvec(signed[separable], limit).min()
        optimum = finite_optimum + limit * ((FAR - reach[0]) / reach[1])
    _, kept = cholesky(gram(signed))
    rows, optimum = np.ascontiguousarray(signed[:, kept]), optimum[kept]
    ends = [_levenberg_marquardt(rows, start) for start in _mse_starts(rows, optimum)]
    best = _best(rows, [optimum, *ends])
    far = _best(rows, [_levenberg_marquardt(rows, start) for start in _far_starts(rows, best)])
    found = _finished(rows, best)
    others = [
        np.where(separable, np.inf, matvec(signed, finite_optimum)),
        matvec(rows, best),  # rounding can spoil it where columns span many powers of ten
        _finished(rows, far),
    ]
    better = [other for other in others if _squared_error(other) < (1.0 - 1e-6) * _squared_error(found)]
    return min(better, key=_squared_error, default=found)


def _best(rows: Array, thetas: Iterable[Array]) -> Array:
    """Return the theta of least squared error."""
    return min(thetas, key=lambda theta: _squared_error(matvec(rows, theta)))


def _far_starts(rows: Array, theta: Array) -> Iterator[Array]:
    """Yield thetas with few margins below 0 and most of them far from it; one at least."""
    for direction in few_wrong(rows, theta)[:5]:
        middle = float(np.median(np.abs(matvec(rows, direction))))
        for size in (10.0, 1000.0):
            yield direction * (size / middle if middle > 0.0 else size)


def _finished(rows: Array, theta: Array) -> Array:
    """Margins at the minimum that a descent stopped near; inf where they grow for ever."""
    margins = matvec(rows, theta)
    escaping = _escaping(rows, theta)
    if escaping.any():
        finite, rows = np.ascontiguousarray(margins[~escaping]), np.ascontiguousarray(rows[~escaping])
        margins = np.copysign(np.inf, margins)
        rows, theta = _least_squares(rows, finite)
    if not escaping.all():
        rounded = np.array([float(f"{value:.7e}") for value in theta])
        margins[~escaping] = matvec(rows, _mse_newton(rows, rounded))
    return margins


def _escaping(rows: Array, theta: Array) -> NDArray[np.bool_]:
    """Mark the samples whose margins grow for ever on the way to an optimum at infinity; shape (n,).

    `theta` is where the search for it stopped. Of the samples that are done there, those are marked that some
    direction takes further, each to its own side, without moving any other.
    """
    margins = matvec(rows, theta)
    done = (margins > RIGHT) | (margins < WRONG)
    basis = null_space(np.ascontiguousarray(rows[~done]))
    if not (done.any() and len(basis)):
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
    cross = column_sums(columns * margins[:, None])
    return columns, solve_upper(lower, solve_lower(lower, cross))


def _mse_starts(rows: Array, optimum: Array) -> Iterator[Array]:
    """Yield where the search for MSE's optimum begins; the random ones spread the margins alike."""
    yield from (optimum, np.zeros_like(optimum), 0.3 * optimum, 3.0 * optimum, 10.0 * optimum)
    stream = Stream(0, "brier", len(optimum))
    lower, _ = cholesky(gram(rows) / len(rows))
    for size in SPREADS:
        yield size * solve_upper(lower, stream.normals(len(optimum)))


def _levenberg_marquardt(rows: Array, start: Array) -> Array:
    """Descend on the squared error from `start`; shape (d,)."""

    def residuals(theta: Array) -> Array:
        wrong: Array = kernels.expit(-(rows @ theta))
        return wrong

    def jacobian(theta: Array) -> Array:
        margins = rows @ theta
        slope: Array = kernels.expit(margins) * kernels.expit(-margins)
        return -rows * slope[:, None]

    end: Array = scipy.optimize.least_squares(
        residuals, start, jacobian, method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15
    ).x
    return end


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
        gradient = -column_sums(rows * slope[:, None])
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
