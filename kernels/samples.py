"""The samples in the form that the loops take: in groups, negative class first; and rows of vectors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kernels.models import GROUP
from kernels.width import WIDTH

__all__ = ["Classes", "aligned_rows", "arrange", "in_one_piece", "pad"]

Floats = npt.NDArray[np.float64]


class Classes(NamedTuple):
    """Where the samples of each class are among the rows that `arrange` gives.

    Attributes
    ----------
    negatives_to
        The negative class is before this row; what fills its last group follows.
    positives_from, positives_to
        The positive class is from the first row on, before the second.
    total
        Number of samples, those that fill up groups not counted.
    """

    negatives_to: int
    positives_from: int
    positives_to: int
    total: float


def pad(features: Floats) -> Floats:
    """The features (n, d) with rows of 0 added up to whole groups, as a C-contiguous copy."""
    return np.concatenate([features, np.zeros((-len(features) % GROUP, features.shape[1]))])


def arrange(features: Floats, labels: Floats) -> tuple[Floats, Classes]:
    """The samples in the order of a pass, and where the classes are.

    The negative class comes first, and each class is padded to whole groups by samples of features 0.
    """
    negative, positive = (features[labels == label] for label in (0.0, 1.0))
    arranged = [pad(negative), pad(positive)]
    begin = len(arranged[0])
    classes = Classes(len(negative), begin, begin + len(positive), float(len(features)))
    return np.concatenate(arranged), classes


def in_one_piece(features: Floats, labels: Floats) -> Floats:
    """The samples in that order, with nothing between the classes: all that is padded is at the end."""
    return pad(np.concatenate([features[labels == label] for label in (0.0, 1.0)]))


def aligned_rows(rows: int) -> Floats:
    """Zeros (rows, WIDTH) on a cache line's boundary, so that no vector straddles two lines."""
    line = 64
    buffer = np.zeros(rows * WIDTH + line // 8)
    offset = -buffer.ctypes.data % line // 8
    return buffer[offset : offset + rows * WIDTH].reshape(rows, WIDTH)
