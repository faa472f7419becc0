"""Quantiles of rows of which some have gaps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["of_rows"]


def of_rows(values: npt.NDArray[np.float64], levels: Sequence[float]) -> npt.NDArray[np.float64]:
    """Return ``np.nanquantile(values, levels, axis=1)``, whole rows at once.

    NumPy's function takes every row by itself, also where nothing is missing, as it mostly is.

    Parameters
    ----------
    values
        Array of float64 of shape (rows, columns); nan where nothing is known.
    levels
        Shares between 0 and 1.

    Returns
    -------
    numpy.ndarray
        Shape (levels, rows), float64.
    """
    gaps = np.isnan(values).any(axis=1)
    out = np.empty((len(levels), len(values)))
    out[:, ~gaps] = np.quantile(values[~gaps], levels, axis=1)
    if gaps.any():
        out[:, gaps] = np.nanquantile(values[gaps], levels, axis=1)
    return out
