"""One realised data set: features with their bias column, labels, and the direction of its optimum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from study.data.starts import Aim

__all__ = ["Array", "Drawn", "Sample", "sample", "with_bias"]

Array = NDArray[np.float64]

Drawn = tuple[Array, NDArray[np.int64]]


class Sample(NamedTuple):
    """One realised data set, as the sweep takes it."""

    features: Array  # (n, d), bias column last
    labels: NDArray[np.int64]  # (n,)
    direction: Array  # (d,), unit; see `study.data.facts`
    median_margin: NDArray[np.float64]  # (), of the samples under it

    @property
    def aim(self) -> Aim:
        """What the starts are made from."""
        return Aim(self.direction, float(self.median_margin), float(self.labels.mean()))

    def arrays(self, data: int) -> dict[str, NDArray[Any]]:
        """Its arrays by the names under which `sample` finds them: number of the data set and part."""
        return {f"{data}/{part}": array for part, array in self._asdict().items()}


def with_bias(features: Array) -> Array:
    """Append the bias feature, a last column of ones: (n, p) to (n, p + 1), C-ordered."""
    return np.ascontiguousarray(np.column_stack([features, np.ones(len(features))]))


def sample(arrays: Mapping[str, NDArray[Any]], data: int) -> Sample:
    """Take one realised data set out of the arrays of `build` (or out of the file they were saved to)."""
    return Sample(*(arrays[f"{data}/{part}"] for part in Sample._fields))
