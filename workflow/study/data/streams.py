"""Random streams by name: the numbers of a stream depend on its name only, never on what else is drawn.

A name is the root seed and the parts that the draw may depend on, such as
``(0, "data", "gaussian", 2.0, 7)``. Its SHA-256 digest is the key of a Philox counter. From there on only
integer shifts, IEEE operations and the project's own logarithm are used, so a stream is the same to the bit
on every machine. (NumPy's own normals call libm in their tails.)
"""

from __future__ import annotations

import hashlib
import json

import numpy as np
from numpy.typing import NDArray

import kernels

__all__ = ["Stream", "logarithm"]

LN2 = 0.6931471805599453


class Stream:
    """A stream of random numbers.

    Parameters
    ----------
    root : int
        The root seed of the study (config key ``seed``).
    *parts : str, int, float or None
        All that the stream depends on. ``2`` and ``2.0`` are different parts.

    Examples
    --------
    >>> Stream(0, "data", "gaussian", 2.0, 7).uniforms(2).shape
    (2,)
    """

    def __init__(self, root: int, *parts: str | int | float | None) -> None:
        name = json.dumps([root, *parts], allow_nan=False)
        digest = hashlib.sha256(name.encode()).digest()
        self._bits = np.random.Philox(key=int.from_bytes(digest[:16], "little"))

    def uniforms(self, size: int) -> NDArray[np.float64]:
        """Uniform numbers on the grid of multiples of 2**-53 in [0, 1), shape (size,)."""
        whole = self._bits.random_raw(size) >> np.uint64(11)
        return whole.astype(np.float64) * 2.0**-53

    def normals(self, size: int) -> NDArray[np.float64]:
        """Independent standard normal numbers, shape (size,), by Marsaglia's polar method.

        Two numbers come from each accepted point of the unit disc, in order, so a longer draw from a fresh
        stream begins with a shorter one. Source: Marsaglia and Bray (1964), SIAM Review 6, 260.
        """
        found, missing = [np.empty((0, 2))], size
        while missing > 0:
            points = 2.0 * self.uniforms(2 * (missing * 2 // 3 + 8)).reshape(-1, 2) - 1.0
            squares = points[:, 0] ** 2 + points[:, 1] ** 2
            inside = (squares < 1.0) & (squares > 0.0)
            points, squares = points[inside], squares[inside]
            found.append(points * np.sqrt(-2.0 * logarithm(squares) / squares)[:, None])
            missing -= 2 * len(points)
        return np.concatenate(found).ravel()[:size]

    def permutation(self, size: int) -> NDArray[np.int64]:
        """Give the numbers 0 to size - 1 in random order, shape (size,), by sorting uniform numbers."""
        return np.argsort(self.uniforms(size), kind="stable").astype(np.int64)


def logarithm(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Natural logarithm of numbers in (0, 1], from `kernels.log1p` of the mantissa and from the exponent.

    The mantissa lies in [0.5, 1), where subtracting 1 is exact, and both terms have the same sign: nothing
    cancels.
    """
    mantissa, exponent = np.frexp(x)
    fraction: NDArray[np.float64] = kernels.log1p(mantissa - 1.0)
    return fraction + exponent * LN2
