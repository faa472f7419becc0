"""Dense linear algebra whose result is the same to the bit on every machine.

BLAS sums in an order that depends on the processor. Here every sum runs over the rows of a C-ordered array,
one row at a time, and everything else is elementwise; `kernels.dense` has the loops.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels import dense

__all__ = [
    "cholesky",
    "column_sums",
    "digits9",
    "divide_rows",
    "gram",
    "matvec",
    "solve_lower",
    "solve_upper",
    "weighted_sum",
]

Array = NDArray[np.float64]

DEPENDENT = 1e-12
"""A column counts as dependent on earlier ones where its pivot falls below this share of its square."""


def column_sums(a: Array) -> Array:
    """Sum over axis 0 of an array (n, ...), row by row."""
    total: Array = np.add.reduce(np.ascontiguousarray(a), axis=0)
    return total


def matvec(a: Array, x: Array) -> Array:
    """Product of a matrix (n, d) and a vector (d,), shape (n,)."""
    result = np.zeros(len(a))
    if a.shape[1]:
        dense.dot_rows(np.ascontiguousarray(a), x, result)
    return result


def weighted_sum(a: Array, weights: Array) -> Array:
    """Weighted sum of the rows of (n, d), shape (d,): ``weights @ a``."""
    result = np.zeros(a.shape[1])
    dense.add_scaled_rows(np.ascontiguousarray(a), weights, result)
    return result


def gram(a: Array, weights: Array | None = None) -> Array:
    """Weighted sum of outer products of the rows of (n, d), shape (d, d): ``a.T @ diag(weights) @ a``."""
    result = np.empty((a.shape[1], a.shape[1]))
    dense.gram(np.ascontiguousarray(a), np.ones(len(a)) if weights is None else weights, result)
    return result


def cholesky(a: Array, dependent: float = DEPENDENT) -> tuple[Array, NDArray[np.bool_]]:
    """Lower Cholesky factor of a positive semidefinite matrix, without columns that depend on earlier ones.

    Parameters
    ----------
    a : array (d, d)
        Symmetric, positive semidefinite.
    dependent : float
        Share of a diagonal entry from which its pivot counts as 0.

    Returns
    -------
    lower : array (r, r)
        Factor of the rows and columns that are kept: ``lower @ lower.T == a[kept][:, kept]``.
    kept : bool array (d,)
        False where a column is a combination of earlier ones (pivot below that share of its diagonal entry).
    """
    lower, kept = np.empty_like(a), np.zeros(len(a), dtype=bool)
    dense.cholesky(a, dependent, lower, kept)
    return lower[np.ix_(kept, kept)], kept


def solve_lower(lower: Array, b: Array) -> Array:
    """Solve ``lower @ x = b`` for b of shape (r,) or (r, k), by forward substitution."""
    x = np.array(b, dtype=np.float64, order="C")
    if x.size:
        dense.solve_lower(lower, x.reshape(len(lower), -1))
    return x


def solve_upper(lower: Array, b: Array) -> Array:
    """Solve ``lower.T @ x = b`` for b of shape (r,) or (r, k), by back substitution."""
    x = np.array(b, dtype=np.float64, order="C")
    if x.size:
        dense.solve_upper(lower, x.reshape(len(lower), -1))
    return x


def divide_rows(rows: Array, lower: Array) -> Array:
    """Solve ``x @ lower.T = rows`` for rows of shape (n, r)."""
    x = np.array(rows, dtype=np.float64, order="C")
    dense.divide_rows(lower, x)
    return x


def digits9(x: float | Array) -> Array:
    """Round to 9 significant digits, elementwise; shape of `x` kept.

    Results of an optimiser are converged far beyond this, so the digits left are the same everywhere. Decimal
    formatting is exact, which a multiplication by a power of ten is not.
    """
    values = np.asarray(x, dtype=np.float64)
    return np.array([float(f"{value:.8e}") for value in values.ravel()], dtype=np.float64).reshape(
        values.shape
    )
