"""The samples in coordinates in which their columns are orthonormal, where all is solved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import kernels
from study.data.algebra import cholesky, divide_rows, gram, solve_lower, solve_upper, weighted_sum

__all__ = ["Frame", "frame_of", "row_space"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """Samples in such coordinates."""

    rows: Array
    """Shape (n, r): ``rows.T @ rows / n`` is the identity, up to the conditioning of the columns."""
    gram: Array
    """Mean of the outer products of the samples, (d, d)."""
    lower: Array
    """Cholesky factor of the columns that are kept, (r, r)."""
    kept: NDArray[np.bool_]
    """The columns that do not depend on earlier ones, (d,)."""

    def theta(self, place: Array) -> Array:
        """Parameters of the columns, (d,), at coordinates (r,); 0 where a column depends on others."""
        theta = np.zeros(len(self.kept))
        if len(place):
            theta[self.kept] = solve_upper(self.lower, place)
        return theta

    def place(self, margins: Array) -> Array:
        """Coordinates, (r,), at which the samples have these margins, (n,)."""
        return weighted_sum(self.rows, margins) / len(self.rows)

    @staticmethod
    def wrong(margins: Array) -> Array:
        """Weights of the samples in the gradient of BCE."""
        found: Array = kernels.expit(-margins)
        return found


def frame_of(signed: Array) -> Frame:
    """Make the columns of (n, d) orthonormal."""
    products = gram(signed) / len(signed)
    lower, kept = cholesky(products)
    own = signed if kept.all() else np.ascontiguousarray(signed[:, kept])
    return Frame(divide_rows(own, lower), products, lower, kept)


def row_space(signed: Array, products: Array) -> tuple[Array, Array]:
    """Coordinates of few samples of many columns in the space that they span, and its basis.

    Parameters
    ----------
    signed : array (n, d)
    products : array (n, n)
        The inner products of the samples.

    Returns
    -------
    rows : array (n, r)
        Of the same lengths and angles as `signed`.
    basis : array (r, d)
        Orthonormal; ``rows @ basis == signed``.
    """
    lower, kept = cholesky(products)
    basis = solve_lower(lower, signed[kept])
    return divide_rows(np.ascontiguousarray(products[:, kept]), lower), basis
