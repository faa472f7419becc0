"""Small dense linear algebra whose result is the same to the bit on every machine.

BLAS sums in an order that depends on the processor. Here every sum runs over the rows of a C-ordered array,
one row at a time, and everything else is elementwise. For the few columns of a data set (some tens) this
costs milliseconds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["cholesky", "column_sums", "digits9", "gram", "matvec", "solve_lower", "solve_upper"]

Array = NDArray[np.float64]

DEPENDENT = 1e-12
"""A column counts as dependent on earlier ones where its pivot falls below this share of its square."""


def column_sums(a: Array) -> Array:
    """Sum over axis 0 of an array (n, ...), row by row."""
    total: Array = np.add.reduce(np.ascontiguousarray(a), axis=0)
    return total


def matvec(a: Array, x: Array) -> Array:
    """Product of a matrix (n, d) and a vector (d,), shape (n,)."""
    return column_sums(np.ascontiguousarray(a.T) * x[:, None]) if a.shape[1] else np.zeros(len(a))


def gram(a: Array, weights: Array | None = None) -> Array:
    """Weighted sum of outer products of the rows of (n, d), shape (d, d): ``a.T @ diag(weights) @ a``."""
    d = a.shape[1]
    result = np.empty((d, d))
    for j in range(d):
        column = a[:, j] if weights is None else a[:, j] * weights
        result[j, j:] = column_sums(a[:, j:] * column[:, None])
        result[j:, j] = result[j, j:]
    return result


def cholesky(a: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Lower Cholesky factor of a positive semidefinite matrix, without columns that depend on earlier ones.

    Parameters
    ----------
    a : array (d, d)
        Symmetric, positive semidefinite.

    Returns
    -------
    lower : array (r, r)
        Factor of the rows and columns that are kept: ``lower @ lower.T == a[kept][:, kept]``.
    kept : bool array (d,)
        False where a column is a combination of earlier ones (pivot below 1e-12 of its diagonal entry).
    """
    d = len(a)
    rest, lower, kept = a.copy(), np.zeros((d, d)), np.zeros(d, dtype=bool)
    for j in range(d):
        if rest[j, j] > DEPENDENT * a[j, j]:
            kept[j] = True
            lower[j:, j] = rest[j:, j] / np.sqrt(rest[j, j])
            rest[j:, j:] -= lower[j:, j, None] * lower[None, j:, j]
    return lower[np.ix_(kept, kept)], kept


def solve_lower(lower: Array, b: Array) -> Array:
    """Solve ``lower @ x = b`` for b of shape (r,) or (r, k), by forward substitution."""
    x = b.copy()
    for j in range(len(lower)):
        x[j] = x[j] / lower[j, j]
        x[j + 1 :] -= np.multiply.outer(lower[j + 1 :, j], x[j])
    return x


def solve_upper(lower: Array, b: Array) -> Array:
    """Solve ``lower.T @ x = b`` for b of shape (r,) or (r, k), by back substitution."""
    x = b.copy()
    for j in range(len(lower) - 1, -1, -1):
        x[j] = x[j] / lower[j, j]
        x[:j] -= np.multiply.outer(lower[j, :j], x[j])
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
