"""How the samples spread: the largest eigenvalue of their products, and the distance between classes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from study.data.algebra import cholesky, column_sums, gram, matvec, solve_lower, solve_upper, weighted_sum
from study.data.streams import Stream

__all__ = ["fisher", "largest_eigenvalue"]

Array = NDArray[np.float64]
Marks = NDArray[np.bool_]

SMALL: Final = 200
"""Columns up to which all eigenvalues of a matrix are found at once."""


def largest_eigenvalue(products: Array) -> float:
    """Largest eigenvalue of a positive semidefinite matrix (d, d).

    Of a large one by Lanczos' method, each vector made orthogonal to all earlier ones.
    """
    d = len(products)
    if d <= SMALL:
        return float(np.linalg.eigvalsh(products)[-1])
    for values, _, error in _lanczos(lambda x: matvec(products, x), Stream(0, "largest", d).normals(d)):
        if error <= 1e-9 * values[-1]:
            break
    return float(values[-1])


def _lanczos(apply: Callable[[Array], Array], start: Array) -> Iterator[tuple[Array, Array, float]]:
    """Yield ever better eigenvalues of a symmetric matrix (d, d), and the shares of `start` in their vectors.

    The last number bounds the error of the largest. What is yielded last is exact, but for rounding.
    """
    vectors, diagonal = [start / _length(start)], []
    beside: list[float] = []
    for k in range(len(start)):
        product = apply(vectors[k])
        diagonal.append(float(column_sums((product * vectors[k])[:, None])[0]))
        earlier = np.array(vectors)
        for _ in range(2):  # once leaves what rounding has left of the others
            product = product - weighted_sum(earlier, matvec(earlier, product))
        rest = _length(product)
        last = k == len(start) - 1 or rest <= 1e-14 * abs(diagonal[0])
        if last or k % 10 == 9:
            small = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
            values, ends = np.linalg.eigh(small)
            yield values, ends[0] ** 2, 0.0 if last else rest * abs(float(ends[-1, -1]))
        if last:
            return
        beside.append(rest)
        vectors.append(product / rest)


def _spectrum(matrix: Array, vector: Array, floor: float) -> tuple[Array, Array]:
    """Eigenvalues of a matrix (d, d), and squares of the parts of a vector (d,) in their eigenvectors.

    Of a large matrix, what gives the same sum of ``squares / np.maximum(values, floor)``: by the inverse, as
    small eigenvalues count most.
    """
    if len(matrix) <= SMALL or not vector.any():
        values, vectors = np.linalg.eigh(matrix)
        return values, (vectors.T @ vector) ** 2
    lower, _ = cholesky(matrix + floor * np.eye(len(matrix)), 0.0)
    square, before = float((vector * vector).sum()), math.inf
    for inverse, shares, _ in _lanczos(lambda x: solve_upper(lower, solve_lower(lower, x)), vector):
        values = 1.0 / inverse - floor
        found = float((shares / np.maximum(values, floor)).sum())
        if abs(found - before) <= 1e-13 * found:
            break
        before = found
    return values, square * shares


def _length(x: Array) -> float:
    return math.sqrt(float(column_sums((x * x)[:, None])[0]))


def fisher(features: Array, labels: NDArray[np.int64]) -> float:
    """Mahalanobis distance between the class means under the pooled covariance (an estimate of d' = 2 mu).

    Eigenvalues below a millionth of their mean are lifted to it, so that a singular covariance gives a large
    number and not an infinite one; with no scatter at all the distance is infinite (or 0, if the means
    agree).
    """
    n, d = features.shape
    positive = labels == 1
    means = [column_sums(features[own]) / own.sum() for own in (~positive, positive)]
    centred, gap = features - np.where(positive[:, None], means[1], means[0]), means[1] - means[0]
    wide = d >= n
    scatter = gram(np.ascontiguousarray(centred.T) if wide else centred) / max(n - 2, 1)
    floor = 1e-6 * float(np.trace(scatter)) / d
    if floor <= 0.0:
        return math.inf if gap.any() else 0.0
    square = _of_samples(scatter, centred, gap, floor, positive) if wide else _of_columns(scatter, gap, floor)
    return math.sqrt(square)


def _of_columns(scatter: Array, gap: Array, floor: float) -> float:
    """Squared distance by the covariance of the columns, (d, d)."""
    if _is_positive(scatter - floor * np.eye(len(gap))):
        scaled = solve_lower(cholesky(scatter)[0], gap)
        return float((scaled * scaled).sum())
    values, squares = _spectrum(scatter, gap, floor)
    return float((squares / np.maximum(values, floor)).sum())


def _of_samples(scatter: Array, centred: Array, gap: Array, floor: float, positive: Marks) -> float:
    """Squared distance by the inner products of the samples, (n, n), over n - 2.

    Of the eigenvalues of the columns' covariance, those that are not among them are 0, and lifted.
    """
    n, along = len(scatter), matvec(centred, gap)
    # Two are 0, as the samples of a class sum to 0: to add to them changes nothing.
    alike = positive[:, None] == positive[None, :]
    full = scatter + np.where(alike, float(np.trace(scatter)) / n, 0.0)
    if _is_positive(full - floor * np.eye(n)):
        lower, _ = cholesky(full)
        weights = solve_upper(lower, solve_lower(lower, along)) / (n - 2)
        square = float((weights * weights).sum()) * (n - 2)
    elif n <= SMALL:
        values, vectors = np.linalg.eigh(scatter)
        values, vectors = values[values > floor], vectors[:, values > floor]
        parts = (vectors.T @ along) / (values * (n - 2))
        weights, square = vectors @ parts, float((parts * parts).sum()) * (n - 2)
    else:
        values, squares = _spectrum(full, along, floor)
        seen = values > 1e-13 * values.max()  # in the others, `along` has no part but rounding
        squares = squares[seen] / (values[seen] * (n - 2))
        across = max(float((gap * gap).sum() - squares.sum()), 0.0)
        return float((squares / np.maximum(values[seen], floor)).sum()) + across / floor
    rest = gap - weighted_sum(centred, weights)  # across all samples
    return square + float((rest * rest).sum()) / floor


def _is_positive(a: Array) -> bool:
    """Whether a matrix is positive definite."""
    return bool((np.diag(a) > 0.0).all() and cholesky(a)[1].all())
