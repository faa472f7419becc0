"""Risk and gradient of many parameter vectors on the same samples, and how long such a vector is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from kernels import checks
from kernels.jit import compiled
from kernels.losses import Loss
from kernels.models import GROUP, Model
from kernels.passes import full_pass
from kernels.samples import Classes, aligned_rows, arrange, pad
from kernels.vectors import WIDTH, store

__all__ = ["gradient", "parameters", "risk"]

Floats = npt.NDArray[np.float64]


def parameters(model: str, d: int) -> int:
    """Number of parameters of a run.

    A linear model has one a feature.  A hidden layer has its input weights (H, d) row by row, then H output
    weights, then the bias of the output; the hidden units have no bias but that of a feature of ones.

    Parameters
    ----------
    model
        A name from `kernels.MODELS`, with its parameters in parentheses: ``"tanh(4)"``.
    d
        Number of features, 1 or more, the bias column included.

    Raises
    ------
    ValueError
        Naming the argument, the value and what is allowed.

    Examples
    --------
    >>> parameters("tanh(4)", 3)
    17
    """
    return checks.known_model(model).rows(checks.feature_count(d))


@cache
def _risk_loop(model: Model, loss: Loss) -> Any:
    logits, value = model.logits, loss.value

    @compiled
    def loop(features: Floats, labels: Floats, theta: Floats, scratch: Floats, risks: Floats) -> None:
        group = np.empty((GROUP, WIDTH))
        risks[:] = 0.0
        for i in range(0, labels.size, GROUP):
            z0, z1, z2, z3 = logits(features, i, theta, scratch)
            store(group, 0, z0)
            store(group, 1, z1)
            store(group, 2, z2)
            store(group, 3, z3)
            for k in range(min(GROUP, labels.size - i)):
                for lane in range(risks.size):
                    risks[lane] += value(group[k, lane], labels[i + k])
        for lane in range(risks.size):
            risks[lane] /= labels.size

    return loop


def risk(
    features: npt.ArrayLike, labels: npt.ArrayLike, thetas: npt.ArrayLike, *, loss: str, model: str = "linear"
) -> Floats:
    """Mean loss over the samples.

    Parameters
    ----------
    features
        (n, d) finite real numbers, the bias column included.
    labels
        (n,) of 0 and 1.
    thetas
        (runs, rows) finite real numbers; a linear model has d rows.
    loss
        A name from `kernels.LOSSES`.
    model
        A name from `kernels.MODELS`.

    Returns
    -------
    (runs,) float64

    Raises
    ------
    ValueError
        Naming the argument, the value and what is allowed.
    """
    chosen_loss, chosen_model = checks.known_loss(loss), checks.known_model(model)
    x, y = checks.samples(features, labels)
    theta = checks.vectors("thetas", thetas, chosen_model, x.shape[1])
    loop = _risk_loop(chosen_model, chosen_loss)
    padded, scratch = pad(x), aligned_rows(chosen_model.scratch(x.shape[1]))
    out = np.empty(len(theta))
    for part, lanes in _blocks(theta):
        loop(padded, y, lanes, scratch, out[part])
    return out


@cache
def _gradient_loop(model: Model, loss: Loss) -> Any:
    one_pass = full_pass(model, loss.derivative, scored=False)

    @compiled
    def loop(
        features: Floats,
        classes: Classes,
        theta: Floats,
        scratch: Floats,
        gradient: Floats,
    ) -> None:
        one_pass(features, classes, theta, scratch, gradient)

    return loop


def gradient(
    features: npt.ArrayLike, labels: npt.ArrayLike, thetas: npt.ArrayLike, *, loss: str, model: str = "linear"
) -> Floats:
    """Gradient of the mean loss: the same sums that `descend` steps along.

    Parameters
    ----------
    features
        (n, d) finite real numbers, the bias column included.
    labels
        (n,) of 0 and 1.
    thetas
        (runs, rows) finite real numbers; a linear model has d rows.
    loss
        A name from `kernels.LOSSES`.
    model
        A name from `kernels.MODELS`.

    Returns
    -------
    (runs, rows) float64

    Raises
    ------
    ValueError
        Naming the argument, the value and what is allowed.
    """
    chosen_loss, chosen_model = checks.known_loss(loss), checks.known_model(model)
    x, y = checks.samples(features, labels)
    theta = checks.vectors("thetas", thetas, chosen_model, x.shape[1])
    arranged, classes = arrange(x, y)
    loop = _gradient_loop(chosen_model, chosen_loss)
    sums, scratch = aligned_rows(theta.shape[1]), aligned_rows(chosen_model.scratch(x.shape[1]))
    out = np.empty_like(theta)
    for part, lanes in _blocks(theta):
        loop(arranged, classes, lanes, scratch, sums)
        out[part] = sums[:, : part.stop - part.start].T / len(x)
    return out


def _blocks(theta: Floats) -> Iterator[tuple[slice, Floats]]:
    """Vectors of runs: their numbers, and their parameters (rows, lanes); unused lanes hold anything."""
    lanes = aligned_rows(theta.shape[1])
    for first in range(0, len(theta), WIDTH):
        part = slice(first, min(first + WIDTH, len(theta)))
        lanes[:, : part.stop - part.start] = theta[part].T
        yield part, lanes
