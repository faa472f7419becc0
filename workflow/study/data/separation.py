"""Which samples of a data set can be separated by a hyperplane, and the direction of largest margin.

Separation is decided by one linear program (Konis 2007, "Linear programming algorithms for detecting
separated data in binary logistic regression models"): it counts the samples that a hyperplane through the
others can put strictly on their own side.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import scipy  # its parts are loaded at their first use: most jobs read facts, and only one finds them
from numpy.typing import NDArray

from study.data.algebra import cholesky, column_sums, gram, matvec, solve_lower, solve_upper

__all__ = ["UndecidedError", "max_margin", "null_space", "separated", "unit"]

Array = NDArray[np.float64]


_METHODS: Final[tuple[tuple[Any, Any], ...]] = (
    ("highs", {"presolve": True}),
    ("highs", {"presolve": False}),
    ("highs-ipm", {"maxiter": 1000}),  # it can go round in circles
)
"""Methods of the linear program and their options, in the order they are tried."""


class UndecidedError(ArithmeticError):
    """The linear program could not be solved: the numbers of a column span too many powers of ten."""


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
    n = len(signed)
    scale = np.sqrt(column_sums(signed * signed) / n)
    scaled = signed / np.where(scale > 0.0, scale, 1.0)
    result = _solved(scaled)
    for theta in (-result.eqlin.marginals, result.eqlin.marginals):
        margins = scaled @ theta
        if margins.min() > -1e-5 and margins.max() > 0.5:
            return margins > 0.5, theta / np.where(scale > 0.0, scale, 1.0)
    return np.zeros(n, dtype=bool), np.zeros(signed.shape[1])


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


def max_margin(signed: Array, hyperplane: Array, separable: NDArray[np.bool_]) -> Array | None:
    """Find the unit theta of largest margin on the separable samples, orthogonal to the others; or None.

    Least-distance programming (Lawson and Hanson 1974, chapter 23): the shortest theta with
    ``signed @ theta >= 1``, from non-negative least squares. The samples found in contact fix theta, which is
    solved for again from them. `hyperplane` is any theta that separates: it sets the scale, so that a tiny
    margin does not drown in rounding.
    """
    basis = null_space(signed[~separable])
    rows = np.ascontiguousarray(np.transpose([matvec(signed[separable], vector) for vector in basis]))
    start = matvec(basis, hyperplane)
    margin = float(matvec(rows, start).min()) if len(basis) else 0.0
    if margin <= 0.0:
        return None
    rows *= math.sqrt(float((start * start).sum())) / margin
    target = np.zeros(rows.shape[1] + 1)
    target[-1] = 1.0
    multipliers, _ = scipy.optimize.nnls(np.vstack([rows.T, np.ones(len(rows))]), target)
    contact = np.ascontiguousarray(rows[multipliers > 0.0])
    lower, kept = cholesky(gram(np.ascontiguousarray(contact.T)))
    contact = contact[kept]
    theta = matvec(
        np.ascontiguousarray(contact.T), solve_upper(lower, solve_lower(lower, np.ones(len(contact))))
    )
    return unit(matvec(np.ascontiguousarray(basis.T), theta))


def null_space(rows: Array) -> Array:
    """Orthonormal basis, as rows, of the vectors orthogonal to all rows of (m, d)."""
    d = rows.shape[1]
    lower, kept = cholesky(gram(rows))
    columns, free = np.flatnonzero(kept), np.flatnonzero(~kept)
    cross = gram(rows)[np.ix_(columns, free)]
    vectors = np.zeros((len(free), d))
    vectors[:, columns] = -solve_upper(lower, solve_lower(lower, cross)).T
    vectors[np.arange(len(free)), free] = 1.0
    inner, _ = cholesky(gram(np.ascontiguousarray(vectors.T)))
    return np.ascontiguousarray(solve_lower(inner, vectors))


def unit(theta: Array) -> Array:
    """Divide a vector by its length; zero where it is no longer than rounding."""
    length = math.sqrt(float(column_sums((theta * theta)[:, None])[0]))
    return theta / length if length > 1e-9 else np.zeros_like(theta)
