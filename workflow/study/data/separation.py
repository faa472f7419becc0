"""Which samples of a data set can be separated by a hyperplane, and which directions do it.

Separation is decided by one linear program (Konis 2007, "Linear programming algorithms for detecting
separated data in binary logistic regression models"): it counts the samples that a hyperplane through the
others can put strictly on their own side. Mostly a proof either way is at hand before: see `separates` and
`overlap`.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import scipy  # its parts are loaded at their first use: most jobs read facts, and only one finds them
from numpy.typing import NDArray

from study.data.algebra import cholesky, column_sums, gram, matvec, solve_lower, solve_upper, weighted_sum
from study.data.frame import Frame

__all__ = ["UndecidedError", "lies_along", "null_space", "overlap", "separated", "separates", "unit"]

Array = NDArray[np.float64]

EPSILON: Final = float(np.finfo(np.float64).eps)

_METHODS: Final[tuple[tuple[Any, Any], ...]] = (
    ("highs", {"presolve": True}),
    ("highs", {"presolve": False}),
    ("highs-ipm", {"maxiter": 1000}),  # it can go round in circles
)
"""Methods of the linear program and their options, in the order they are tried."""


MANY: Final = 20_000
"""Rows up to which the linear program takes all of them at once: it needs seconds and gigabytes for more."""

_PART: Final = 10_000  # rows that the program begins with, or gets at a time, where there are more
_BEYOND: Final = 0.5  # a margin beyond this is one of 1 and more, and not 0
_NOISE: Final = 1e-5  # of the solver, in a margin that is 0
_SPANNED: Final = 1e-9  # noise of a row that is a combination of others


class UndecidedError(ArithmeticError):
    """The linear program could not be solved: the numbers of a column span too many powers of ten."""


def separates(signed: Array, theta: Array, margins: Array) -> bool:
    """Whether all margins at theta are above 0, rounding or not.

    `margins` are what was computed of ``signed @ theta``, in any way.
    """
    if not margins.min() > 0.0:
        return False
    lengths = np.sqrt(_squares(signed))
    noise = (signed.shape[1] + 4) * EPSILON * math.sqrt(float((theta * theta).sum())) * lengths
    return bool((matvec(signed, theta) > noise).all())


def overlap(signed: Array, frame: Frame, margins: Array) -> bool:
    """Whether no sample can be put strictly on its own side without another on the wrong one: a proof.

    That is so if some combination of the rows of `signed` with positive weights is 0 (Stiemke 1915). At the
    optimum of BCE ``expit(-margins)`` are such weights. Nearby, the shift of the weights that makes the sum 0
    is bounded, rounding included: the proof holds if it is small beside all of them.
    """
    n = len(signed)
    wrong = frame.wrong(margins)
    pull = np.abs(weighted_sum(signed, wrong))
    # Rounding of the sum is at most n epsilon times the sum of moduli, which Cauchy and Schwarz bound.
    noise = 2.0 * n * EPSILON * np.sqrt(np.diag(frame.gram) * n * float((wrong * wrong).sum()))
    inverse = np.abs(solve_lower(frame.lower, np.eye(len(frame.lower))))
    shift = matvec(inverse, (pull + noise)[frame.kept]) / n
    longest = math.sqrt(float((shift * shift).sum()))
    if not (wrong > 2.0 * longest * np.sqrt(_squares(frame.rows))).all():
        return False
    return bool(frame.kept.all()) or _depend(signed, frame)


def _depend(signed: Array, frame: Frame) -> bool:
    """Whether the columns that are left out depend on the others as far as rounding lets one see."""
    for column in np.flatnonzero(~frame.kept):
        own = np.ascontiguousarray(signed[:, column])
        rest = own - matvec(frame.rows, weighted_sum(frame.rows, own) / len(own))
        if np.abs(rest).max() > 1e-10 * np.abs(own).max():
            return False
    return True


def lies_along(direction: Array, rows: Array) -> bool:
    """Whether all rows are orthogonal to a unit direction, but for rounding."""
    return bool((np.abs(matvec(rows, direction)) <= 1e-9 * np.sqrt(_squares(rows))).all())


def _squares(rows: Array) -> Array:
    """Squared lengths of the rows of (n, d), shape (n,)."""
    total = np.zeros(len(rows))
    for column in rows.T:
        total += column * column
    return total


def separated(signed: Array) -> tuple[NDArray[np.bool_], Array]:
    """Find the samples that can be put strictly on their own side, none being on the wrong one; and theta.

    The program is: maximise the sum of t over theta and t, subject to ``t <= signed @ theta`` and
    ``0 <= t <= 1``. Any solution can be scaled up, so each t is 0 or 1 at the optimum: the answer is a whole
    number, far from rounding. Its dual is solved instead, with d rows where this has n.

    Parameters
    ----------
    signed : array (n, d)
        Rows of features times +1 (positive) or -1 (negative).

    Returns
    -------
    separable : bool array (n,)
    theta : array (d,)
        With ``signed @ theta >= 1`` where `separable`, 0 elsewhere, up to the solver's tolerance.
    """
    scale = np.sqrt(column_sums(signed * signed) / len(signed))
    scale = np.where(scale > 0.0, scale, 1.0)
    scaled = signed / scale
    theta = _hyperplane(scaled) if len(signed) <= MANY else _hyperplane_of_many(scaled)
    return scaled @ theta > _BEYOND, theta / scale


def _hyperplane(scaled: Array) -> Array:
    """Solve the linear program: theta with margins of 1 and more, or 0; zero where the solver finds none."""
    result = _solved(scaled)
    for theta in (-result.eqlin.marginals, result.eqlin.marginals):
        margins = scaled @ theta
        if margins.min() > -_NOISE and margins.max() > _BEYOND:
            return np.asarray(theta)
    return np.zeros(scaled.shape[1])


def _hyperplane_of_many(scaled: Array) -> Array:
    """Solve the program for a part of the rows, and add rows to it until it is solved for all.

    The solution of a part is one of all rows if no row has a margin below 1 but those that have 0 at every
    theta which no row of the part has on the wrong side: the others that it has at 0 span them.
    """
    inside = np.zeros(len(scaled), dtype=bool)
    inside[:: len(scaled) // _PART + 1] = True
    while inside.sum() < len(scaled) // 2:
        theta = _hyperplane(scaled[inside])
        missing = _unsolved(scaled, inside, theta)
        if not missing.size:
            return theta
        inside[missing] = True
    return _hyperplane(scaled)


def _unsolved(scaled: Array, inside: NDArray[np.bool_], theta: Array) -> NDArray[np.int64]:
    """Some of the rows for which the solution of those `inside` is none, those farthest from it."""
    margins = scaled @ theta
    short = margins < 1.0 - _NOISE
    off = ~inside & short
    amiss = np.flatnonzero(off & (np.abs(margins) > _NOISE))
    if amiss.size:
        return amiss[np.argsort(margins[amiss], kind="stable")[:_PART]]
    free = null_space(np.ascontiguousarray(scaled[inside & short]))
    at_zero = np.flatnonzero(off)
    apart = np.abs(scaled[at_zero] @ free.T).max(axis=1, initial=0.0)
    return at_zero[np.argsort(-apart, kind="stable")[:_PART]][: np.count_nonzero(apart > _SPANNED)]


def _solved(scaled: Array) -> Any:
    """Solve the dual program of `separated`; another method is tried where one gives up."""
    n, d = scaled.shape
    for method, options in _METHODS:
        result = scipy.optimize.linprog(
            np.concatenate([-np.ones(n), np.zeros(n)]),
            A_eq=np.hstack([scaled.T, scaled.T]),
            b_eq=np.zeros(d),
            bounds=[*[(0.0, 1.0)] * n, *[(0.0, None)] * n],
            method=method,
            options=options,
        )
        if result.success:
            return result
    raise UndecidedError(result.message)


def null_space(rows: Array) -> Array:
    """Orthonormal basis, as rows, of the vectors orthogonal to all rows of (m, d)."""
    products = gram(rows)
    lower, kept = cholesky(products)
    columns, free = np.flatnonzero(kept), np.flatnonzero(~kept)
    vectors = np.zeros((len(free), rows.shape[1]))
    vectors[np.arange(len(free)), free] = 1.0
    if len(columns) == 0 or len(free) == 0:
        return vectors
    cross = products[np.ix_(columns, free)]
    vectors[:, columns] = -solve_upper(lower, solve_lower(lower, cross)).T
    inner, _ = cholesky(gram(np.ascontiguousarray(vectors.T)))
    return np.ascontiguousarray(solve_lower(inner, vectors))


def unit(theta: Array) -> Array:
    """Divide a vector by its length; zero where it is no longer than rounding."""
    length = math.sqrt(float(column_sums((theta * theta)[:, None])[0]))
    return theta / length if length > 1e-9 else np.zeros_like(theta)
