"""Which way the two classes pull: signs of gradients at one input, and on every data set at every start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import kernels
from study.data.algebra import column_sums
from study.data.samples import Sample, sample
from study.data.starts import every_start
from study.theory import identities

if TYPE_CHECKING:
    from study.config.model import Config

__all__ = ["Pulls", "Signs", "parallel", "pulls", "same_input"]

Array = NDArray[np.float64]

LOSSES: Final = ("mse", "bce")


@dataclass(frozen=True)
class Signs:
    """Cases in which two things were compared, and in how many of them they are opposite."""

    cases: int
    opposite: int

    def __add__(self, other: Signs) -> Signs:
        return Signs(self.cases + other.cases, self.opposite + other.opposite)


@dataclass(frozen=True)
class Pulls:
    """How the gradients of the two classes compare, over every data set and start.

    Attributes
    ----------
    data, starts
        How many data sets, and pairs of data set and start, were looked at.
    logits
        By loss: the mean derivative of each class in its own logits, which is its gradient in the bias.
    weights
        By loss: the inner product of the two gradients in the weights, the bias apart.
    parameters
        By loss: the same with the bias.
    each
        By loss: each weight by itself, the bias apart.
    losses
        The signs that MSE and BCE give the inner product in the weights: `opposite` where they differ.
    """

    data: int
    starts: int
    logits: Mapping[str, Signs]
    weights: Mapping[str, Signs]
    parameters: Mapping[str, Signs]
    each: Mapping[str, Signs]
    losses: Signs


def same_input(loss: str) -> Signs:
    """Compare the gradients of the two classes at the same input, at every logit of `identities.LOGITS`.

    A logit at which a gradient underflows to 0 is no case.
    """
    one, thetas = np.ones((1, 1)), np.array([[z] for z in identities.LOGITS])
    zero, positive = (kernels.gradient(one, [label], thetas, loss=loss)[:, 0] for label in (0, 1))
    return _signs(np.sign(zero) * np.sign(positive))


def pulls(config: Config, table: pd.DataFrame, arrays: Mapping[str, NDArray[Any]]) -> Pulls:
    """Compare the gradients of the two classes of each data set of the study, at each of its starts.

    Parameters
    ----------
    config
        Its root seed and initialisations are read.
    table
        The table of data sets.
    arrays
        The arrays of `study.runs.draw.build`.

    Notes
    -----
    The last column of the features is 1, so the last component of a class's gradient is the mean derivative
    of its loss in its own logits: above 0 it pulls them down, below 0 up.
    """
    names = ("logits", "weights", "parameters", "each")
    found = {name: {loss: Signs(0, 0) for loss in LOSSES} for name in names}
    losses, starts = Signs(0, 0), 0
    for data, name, seed in zip(*(table[c].tolist() for c in ("data", "dataset", "seed")), strict=True):
        drawn = sample(arrays, data)
        thetas = every_start(config.initialisations, name, drawn.aim, seed, config.seed)
        starts += len(thetas)
        inner = {}
        for loss in LOSSES:
            products = _products(drawn, thetas, loss)
            inner[loss] = np.sign(column_sums(products[:-1]))
            found["logits"][loss] += _signs(products[-1])
            found["weights"][loss] += _signs(inner[loss])
            found["parameters"][loss] += _signs(column_sums(products))
            found["each"][loss] += _signs(products[:-1])
        losses += _signs(inner["mse"] * inner["bce"])
    return Pulls(len(table), starts, **found, losses=losses)


def _products(drawn: Sample, thetas: Array, loss: str) -> Array:
    """Products of the two classes' gradients, (d, starts), scaled so that none underflows by size alone."""
    both = []
    for label in (0, 1):
        members = drawn.labels == label
        gradient = kernels.gradient(drawn.features[members], drawn.labels[members], thetas, loss=loss)
        both.append(gradient / np.maximum(np.abs(gradient).max(axis=1, keepdims=True), np.finfo(float).tiny))
    return np.ascontiguousarray((both[0] * both[1]).T)


def _signs(products: Array) -> Signs:
    """Count the products below 0, among those that are not 0."""
    return Signs(int((products != 0.0).sum()), int((products < 0.0).sum()))


def parallel(table: pd.DataFrame, arrays: Mapping[str, NDArray[Any]]) -> Signs:
    """Count the data sets on which at theta = 0 MSE's gradient is not, to the last bit, BCE's / 4."""
    unequal = 0
    for data in table["data"].tolist():
        drawn = sample(arrays, data)
        zero = np.zeros((1, drawn.features.shape[1]))
        mse, bce = (kernels.gradient(drawn.features, drawn.labels, zero, loss=loss) for loss in LOSSES)
        unequal += int(not np.array_equal(mse, bce / 4.0))
    return Signs(len(table), unequal)
