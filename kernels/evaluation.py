"""Risk and gradient of many parameter vectors on the same samples."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from kernels import checks
from kernels.compiled import compiled
from kernels.losses import Loss
from kernels.passes import aligned_rows, arrange, full_pass
from kernels.vectors import WIDTH, fma

__all__ = ["gradient", "risk"]

Floats = npt.NDArray[np.float64]


@cache
def _risk_loop(loss: Loss) -> Any:
    value = loss.value

    @compiled
    def loop(features: Floats, labels: Floats, thetas: Floats, out: Floats) -> None:
        n, d = features.shape
        for run in range(thetas.shape[0]):
            total = 0.0
            for i in range(n):
                z = 0.0
                for j in range(d):
                    z = fma(features[i, j], thetas[run, j], z)
                total += value(z, labels[i])
            out[run] = total / n

    return loop


def risk(features: npt.ArrayLike, labels: npt.ArrayLike, thetas: npt.ArrayLike, *, loss: str) -> Floats:
    """Mean loss over the samples.

    Parameters
    ----------
    features
        (n, d) finite real numbers, the bias column included.
    labels
        (n,) of 0 and 1.
    thetas
        (runs, d) finite real numbers.
    loss
        A name from `kernels.LOSSES`.

    Returns
    -------
    (runs,) float64

    Raises
    ------
    ValueError
        Naming the argument, the value and what is allowed.
    """
    chosen = checks.known_loss(loss)
    x, y = checks.samples(features, labels)
    theta = checks.vectors("thetas", thetas, x.shape[1])
    out = np.empty(len(theta))
    _risk_loop(chosen)(np.ascontiguousarray(x), y, theta, out)
    return out


@cache
def _gradient_loop(loss: Loss) -> Any:
    one_pass = full_pass(loss.derivative, scored=False)

    @compiled
    def loop(features: Floats, positives_from: int, padding: float, theta: Floats, gradient: Floats) -> None:
        one_pass(features, positives_from, padding, theta, gradient)

    return loop


def gradient(features: npt.ArrayLike, labels: npt.ArrayLike, thetas: npt.ArrayLike, *, loss: str) -> Floats:
    """Gradient of the mean loss: the very sums that `descend` takes its steps along.

    Parameters
    ----------
    features
        (n, d) finite real numbers, the bias column included.
    labels
        (n,) of 0 and 1.
    thetas
        (runs, d) finite real numbers.
    loss
        A name from `kernels.LOSSES`.

    Returns
    -------
    (runs, d) float64

    Raises
    ------
    ValueError
        Naming the argument, the value and what is allowed.
    """
    chosen = checks.known_loss(loss)
    x, y = checks.samples(features, labels)
    theta = checks.vectors("thetas", thetas, x.shape[1])
    arranged, positives_from = arrange(x, y)
    loop = _gradient_loop(chosen)
    lanes, sums = aligned_rows(x.shape[1]), aligned_rows(x.shape[1])
    out = np.empty_like(theta)
    for first in range(0, len(theta), WIDTH):
        block = theta[first : first + WIDTH]
        lanes[:, : len(block)] = block.T
        loop(arranged, positives_from, float(len(arranged) - len(x)), lanes, sums)
        out[first : first + WIDTH] = sums[:, : len(block)].T / len(x)
    return out
