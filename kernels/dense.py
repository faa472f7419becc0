"""Dense linear algebra with the same bits on every machine: every sum runs over one index, in order.

BLAS sums in an order that depends on the processor. Here the lanes of a vector are different sums, never
parts of one, and a product is rounded before it is added; so each function gives the bits of its plain loop.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from kernels.jit import compiled, subroutine
from kernels.vectors import WIDTH, load, store

__all__ = [
    "add_scaled_rows",
    "cholesky",
    "divide_rows",
    "dot_rows",
    "gram",
    "solve_lower",
    "solve_upper",
]

Floats = npt.NDArray[np.float64]

_BLOCK: Final = 64
"""Rows of a product that are taken at a time, so that they stay in the cache."""

_ROWS: Final = 4
"""Rows of the result that a loop keeps in registers."""


@subroutine
def _vectors_of(d: int) -> int:
    """Vectors that hold `d` numbers."""
    return (d + WIDTH - 1) // WIDTH


@subroutine
def _add_products(left: Floats, right: Floats, out: Floats, first: int, m: int, sign: float) -> None:
    """Add ``sign * left[i, j] * right[i, k]`` to ``out[j, k]`` for i from 0 on, j and k from `first` on.

    `left` is (d / _ROWS, m, _ROWS), `right` (vectors of d, m, WIDTH) as rows of vectors, `out` (d, vectors of
    d) likewise. Of the result only the upper triangle is meant; some more of it is computed.
    """
    vectors = out.shape[0] // (left.shape[0] * _ROWS)
    for block in range(first // _ROWS, left.shape[0]):
        for v in range(block * _ROWS // WIDTH, vectors):
            row = block * _ROWS * vectors + v
            sum0, sum1 = load(out, row), load(out, row + vectors)
            sum2, sum3 = load(out, row + 2 * vectors), load(out, row + 3 * vectors)
            for i in range(m):
                value = sign * load(right, v * m + i)
                sum0 = sum0 + left[block, i, 0] * value
                sum1 = sum1 + left[block, i, 1] * value
                sum2 = sum2 + left[block, i, 2] * value
                sum3 = sum3 + left[block, i, 3] * value
            store(out, row, sum0)
            store(out, row + vectors, sum1)
            store(out, row + 2 * vectors, sum2)
            store(out, row + 3 * vectors, sum3)


@subroutine
def add_gram(a: Floats, weights: Floats, out: Floats) -> None:
    """Write the sum of ``weights[i] * outer(a[i], a[i])`` to `out`, (d, d)."""
    n, d = a.shape
    vectors, blocks = _vectors_of(d), (d + _ROWS - 1) // _ROWS
    sums = np.zeros((blocks * _ROWS * vectors, WIDTH))
    for begin in range(0, n, _BLOCK):
        m = min(_BLOCK, n - begin)
        left, right = np.zeros((blocks, m, _ROWS)), np.zeros((vectors * m, WIDTH))
        for i in range(m):
            for j in range(d):
                value = a[begin + i, j]
                right[j // WIDTH * m + i, j % WIDTH] = value
                left[j // _ROWS, i, j % _ROWS] = value * weights[begin + i]
        _add_products(left, right, sums, 0, m, 1.0)
    for j in range(d):
        for k in range(j, d):
            out[j, k] = out[k, j] = sums[j * vectors + k // WIDTH, k % WIDTH]


@compiled
def gram(a: Floats, weights: Floats, out: Floats) -> None:
    """Write ``a.T @ diag(weights) @ a`` to `out`, for C-ordered (n, d), (n,) and (d, d)."""
    add_gram(a, weights, out)


@subroutine
def _factor_rows(
    rest: Floats, diagonal: Floats, tolerance: float, kept: npt.NDArray[np.bool_], begin: int
) -> int:
    """Turn the rows of a block, from `begin` on, into those of the factor; return how many are kept."""
    d, found = diagonal.size, 0
    for j in range(begin, min(begin + _BLOCK, d)):
        kept[j] = rest[j, j] > tolerance * diagonal[j]
        if kept[j]:
            found += 1
            root = np.sqrt(rest[j, j])
            for k in range(j, d):
                rest[j, k] /= root
            for i in range(j + 1, min(begin + _BLOCK, d)):
                scale = rest[j, i]
                for k in range(i, d):
                    rest[i, k] -= scale * rest[j, k]
    return found


@subroutine
def factor(a: Floats, tolerance: float, rest: Floats, kept: npt.NDArray[np.bool_]) -> None:
    """Write the upper factor of `a`, (d, d), to `rest`, at least (d + 3, vectors of d * WIDTH)."""
    d, width = len(a), rest.shape[1]
    diagonal = np.empty(d)
    for i in range(d):
        diagonal[i] = a[i, i]
        for j in range(d):
            rest[i, j] = a[i, j]
    vectors, blocks = width // WIDTH, rest.shape[0] // _ROWS
    for begin in range(0, d, _BLOCK):
        m = _factor_rows(rest, diagonal, tolerance, kept, begin)
        if begin + _BLOCK >= d:
            break
        left, right = np.zeros((blocks, m, _ROWS)), np.zeros((vectors * m, WIDTH))
        i = 0
        for row in range(begin, begin + _BLOCK):
            if kept[row]:
                for j in range(begin + _BLOCK, d):
                    right[j // WIDTH * m + i, j % WIDTH] = rest[row, j]
                    left[j // _ROWS, i, j % _ROWS] = rest[row, j]
                i += 1
        _add_products(left, right, rest.reshape(-1, WIDTH), begin + _BLOCK, m, -1.0)


@subroutine
def padded(d: int) -> Floats:
    """Zeros of the shape that `factor` takes for (d, d)."""
    return np.zeros(((d + _ROWS - 1) // _ROWS * _ROWS, _vectors_of(d) * WIDTH))


@compiled
def cholesky(a: Floats, tolerance: float, lower: Floats, kept: npt.NDArray[np.bool_]) -> None:
    """Write the Cholesky factor of `a` to `lower`, (d, d), and which of its columns count to `kept`, (d,).

    A column whose pivot falls to `tolerance` times its diagonal entry depends on earlier ones: it and its row
    mean nothing.
    """
    rest = padded(len(a))
    factor(a, tolerance, rest, kept)
    for i in range(len(a)):
        for j in range(len(a)):
            lower[i, j] = rest[j, i] if j <= i else 0.0


@compiled
def dot_rows(a: Floats, x: Floats, out: Floats) -> None:
    """Write ``a @ x`` to `out`, for C-ordered (n, d), (d,) and (n,)."""
    for i in range(a.shape[0]):
        total = a[i, 0] * x[0]
        for j in range(1, a.shape[1]):
            total += a[i, j] * x[j]
        out[i] = total


@compiled
def add_scaled_rows(a: Floats, x: Floats, out: Floats) -> None:
    """Add ``x @ a`` to `out`, for C-ordered (n, d), (n,) and (d,)."""
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[j] += a[i, j] * x[i]


@compiled
def solve_lower(lower: Floats, x: Floats) -> None:
    """Solve ``lower @ y = x`` in place, for `x` of shape (r, k), C-ordered."""
    for j in range(lower.shape[0]):
        for column in range(x.shape[1]):
            x[j, column] /= lower[j, j]
        for i in range(j + 1, lower.shape[0]):
            for column in range(x.shape[1]):
                x[i, column] -= lower[i, j] * x[j, column]


@compiled
def solve_upper(lower: Floats, x: Floats) -> None:
    """Solve ``lower.T @ y = x`` in place, for `x` of shape (r, k), C-ordered."""
    for j in range(lower.shape[0] - 1, -1, -1):
        for column in range(x.shape[1]):
            x[j, column] /= lower[j, j]
        for i in range(j):
            for column in range(x.shape[1]):
                x[i, column] -= lower[j, i] * x[j, column]


@subroutine
def _finish_rows(factor: Floats, block: Floats, begin: int) -> None:
    """Solve for the columns of `block` from `begin` on, as many as a block has, by an upper factor."""
    end = min(begin + _BLOCK, factor.shape[0])
    for i in range(block.shape[0]):
        for j in range(begin, end):
            block[i, j] /= factor[j, j]
            for k in range(j + 1, end):
                block[i, k] -= block[i, j] * factor[j, k]


@subroutine
def _subtract_products(factor: Floats, block: Floats, begin: int) -> None:
    """Subtract the columns of a block, from `begin` on, times the rows of the factor from all later ones."""
    vectors = block.shape[1] // WIDTH
    rows, right = block.reshape(-1, WIDTH), factor.reshape(-1, WIDTH)
    for v in range((begin + _BLOCK) // WIDTH, vectors):
        for i in range(0, block.shape[0], _ROWS):
            row = i * vectors + v
            sum0, sum1 = load(rows, row), load(rows, row + vectors)
            sum2, sum3 = load(rows, row + 2 * vectors), load(rows, row + 3 * vectors)
            for j in range(begin, begin + _BLOCK):
                value = load(right, j * vectors + v)
                sum0 = sum0 - block[i, j] * value
                sum1 = sum1 - block[i + 1, j] * value
                sum2 = sum2 - block[i + 2, j] * value
                sum3 = sum3 - block[i + 3, j] * value
            store(rows, row, sum0)
            store(rows, row + vectors, sum1)
            store(rows, row + 2 * vectors, sum2)
            store(rows, row + 3 * vectors, sum3)


@compiled
def divide_rows(lower: Floats, rows: Floats) -> None:
    """Multiply `rows`, (n, r), by the inverse of ``lower.T``, (r, r), in place."""
    r = lower.shape[0]
    factor, block = np.zeros((r, padded(r).shape[1])), np.zeros((_BLOCK, padded(r).shape[1]))
    for i in range(r):
        for j in range(i + 1):
            factor[j, i] = lower[i, j]
    for first in range(0, rows.shape[0], _BLOCK):
        m = min(_BLOCK, rows.shape[0] - first)
        for i in range(m):
            for j in range(r):
                block[i, j] = rows[first + i, j]
        for begin in range(0, r, _BLOCK):
            _finish_rows(factor, block, begin)
            if begin + _BLOCK < r:
                _subtract_products(factor, block, begin)
        for i in range(m):
            for j in range(r):
                rows[first + i, j] = block[i, j]
