"""The samples in the form that the loops take: in groups, negative class first; and rows of vectors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kernels.models import GROUP
from kernels.width import WIDTH

__all__ = ["aligned_rows", "arrange", "pad"]

Floats = npt.NDArray[np.float64]


def pad(features: Floats) -> Floats:
    """The features (n, d) with rows of 0 added up to whole groups, as a C-contiguous copy."""
    return np.concatenate([features, np.zeros((-len(features) % GROUP, features.shape[1]))])


def arrange(features: Floats, labels: Floats) -> tuple[Floats, int]:
    """The samples in the order of a pass, and where the positive class begins.

    The negative class comes first, and each class is padded to whole groups by samples of features 0, which
    add exactly nothing to a gradient.
    """
    negative, positive = (pad(features[labels == label]) for label in (0.0, 1.0))
    return np.concatenate([negative, positive]), len(negative)


def aligned_rows(rows: int) -> Floats:
    """Zeros (rows, WIDTH) on a cache line's boundary, so that no vector straddles two lines."""
    line = 64
    buffer = np.zeros(rows * WIDTH + line // 8)
    offset = -buffer.ctypes.data % line // 8
    return buffer[offset : offset + rows * WIDTH].reshape(rows, WIDTH)
