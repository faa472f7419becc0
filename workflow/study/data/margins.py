"""The direction of largest margin of samples that can be separated."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import scipy  # its parts are loaded at their first use: most jobs read facts, and only one finds them
from numpy.typing import NDArray

from study.data.algebra import cholesky, gram, matvec, solve_lower, solve_upper, weighted_sum
from study.data.separation import UndecidedError, null_space, unit

__all__ = ["max_margin", "max_margin_of_independent"]

Array = NDArray[np.float64]
Marks = NDArray[np.bool_]

TOLERANCE: Final = 1e-10
"""By how much a margin may fall short of the least one, as a share of it."""


def max_margin(signed: Array, hyperplane: Array, separable: Marks) -> Array | None:
    """Find the unit theta of largest margin on the separable samples, orthogonal to the others; or None.

    Least-distance programming (Lawson and Hanson 1974, chapter 23): the shortest theta with
    ``signed @ theta >= 1``, from non-negative least squares. The samples found in contact fix theta, which is
    solved for again from them. `hyperplane` is any theta that separates: it sets the scale, so that a tiny
    margin does not drown in rounding.
    """
    basis, rows, start = None, signed, hyperplane
    if not separable.all():
        basis = null_space(np.ascontiguousarray(signed[~separable]))
        turned = [matvec(np.ascontiguousarray(signed[separable]), vector) for vector in basis]
        rows, start = np.ascontiguousarray(np.transpose(turned)), matvec(basis, hyperplane)
    margins = matvec(rows, start) if rows.size else np.zeros(1)
    if not margins.min() > 0.0:
        return None
    scale = math.sqrt(float((start * start).sum())) / float(margins.min())
    contact, multipliers = _contact(rows, margins, scale)
    bound = math.inf
    for solve in (_by_products, _by_projections, lambda _: (weighted_sum(contact, multipliers), multipliers)):
        theta, weights = solve(contact)
        bound = min(bound, _bound(contact, weights))
        direction = theta / math.sqrt(float((theta * theta).sum()))
        if float(matvec(rows, direction).min()) * scale >= (1.0 - 1e-6) * bound:
            return direction if basis is None else unit(weighted_sum(basis, direction))
    raise UndecidedError("the direction of largest margin is lost in rounding")


def _by_products(contact: Array) -> tuple[Array, Array]:
    """Find the shortest theta with ``contact @ theta == 1``, and the weights of the rows in it."""
    lower, kept = cholesky(gram(np.ascontiguousarray(contact.T)))
    weights = np.zeros(len(contact))
    weights[kept] = solve_upper(lower, solve_lower(lower, np.ones(len(lower))))
    return weighted_sum(contact, weights), weights


def _by_projections(contact: Array) -> tuple[Array, Array]:
    """Find the same from orthonormal rows, which tell apart samples that inner products do not."""
    lengths, basis = np.zeros((len(contact), len(contact))), np.zeros((0, contact.shape[1]))
    kept: list[int] = []
    for i, row in enumerate(contact):
        rest, along = row.copy(), np.zeros(len(basis))
        for _ in range(2):  # once leaves what rounding has left of the others
            parts = matvec(basis, rest)
            rest, along = rest - weighted_sum(basis, parts), along + parts
        length = math.sqrt(float((rest * rest).sum()))
        if length > 1e-14 * math.sqrt(float((row * row).sum())):
            lengths[len(kept), : len(kept) + 1] = [*along, length]
            basis = np.vstack([basis, rest / length])
            kept.append(i)
    lower = np.ascontiguousarray(lengths[: len(kept), : len(kept)])
    solved, weights = solve_lower(lower, np.ones(len(kept))), np.zeros(len(contact))
    weights[kept] = solve_upper(lower, solved)
    return weighted_sum(basis, solved), weights


def _bound(rows: Array, weights: Array) -> float:
    """Bound the margin of any direction: by the length of an average of the samples."""
    shares = np.maximum(weights, 0.0)
    total = weighted_sum(rows, shares)
    return math.sqrt(float((total * total).sum())) / float(shares.sum())


def _contact(rows: Array, margins: Array, scale: float) -> tuple[Array, Array]:
    """Find the rows, times `scale`, that hold the shortest theta with ``scale * rows @ theta >= 1``.

    Their multipliers are the weights of the rows in theta, up to a factor.

    Those that are nearest at `margins` are solved for first, then with them all that they leave behind.
    """
    more = 10 * rows.shape[1] + 100
    chosen = np.sort(np.argsort(margins, kind="stable")[:more])
    while True:
        own = rows[chosen] * scale
        target = np.zeros(rows.shape[1] + 1)
        target[-1] = 1.0
        multipliers, _ = scipy.optimize.nnls(np.vstack([own.T, np.ones(len(own))]), target)
        behind = matvec(rows, weighted_sum(own, multipliers)) * scale
        # At the solution every row in contact has the same product, the least of all.
        least = float(behind[chosen[multipliers > 0.0]].min())
        behind[chosen] = np.inf
        left = np.flatnonzero(behind < (1.0 - TOLERANCE) * least)
        if len(left) == 0:
            holding = multipliers > 0.0
            return np.ascontiguousarray(own[holding]), multipliers[holding]
        worst = left[np.argsort(behind[left], kind="stable")[:more]]
        chosen = np.sort(np.concatenate([chosen, worst]))


def max_margin_of_independent(products: Array) -> Array | None:
    """Weights of the samples in the direction of largest margin, if none depends on others; or None.

    All of them can be separated. The weights a solve ``a >= 0, K a >= 1, a (K a - 1) = 0`` with the matrix K
    of their inner products, (n, n); whole blocks of samples change sides at once, one at a time where that
    goes round in circles (Portugal, Judice and Vicente 1994, "A comparison of block pivoting and interior
    point algorithms for linear least squares problems with nonnegative variables").
    """
    n = len(products)
    inside, fewest, patience = np.ones(n, dtype=bool), n + 1, 3
    for _ in range(20 * n):
        weights = np.zeros(n)
        lower, kept = cholesky(np.ascontiguousarray(products[np.ix_(inside, inside)]))
        if not kept.all():
            return None
        weights[inside] = solve_upper(lower, solve_lower(lower, np.ones(len(lower))))
        short = matvec(products, weights) - 1.0
        amiss = np.where(inside, weights < 0.0, short < -TOLERANCE)
        if not amiss.any():
            return weights
        if (count := int(amiss.sum())) < fewest:
            fewest, patience = count, 3
        else:
            patience -= 1
        inside = inside ^ amiss if patience >= 0 else inside ^ _last_of(amiss)
    return None


def _last_of(marks: Marks) -> Marks:
    """Mark the last one alone."""
    last: Marks = np.arange(len(marks)) == np.flatnonzero(marks)[-1]
    return last
