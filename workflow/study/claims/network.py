"""A saturated network with a hidden layer, and whether plain descent brings it back.

One tanh hidden layer, a sigmoid output, and the four corners of the exclusive or, which no linear model
separates. It starts confidently wrong: the hidden weights are random, and the output weights give every
corner its wrong class with the same probability. This is one network from one draw. It can refute that no
network arrives; it measures nothing about networks in general.

It is trained in float64, and looked at in float32. The gradient is written out below. Sums run over a leading
axis, one row at a time, so the bits are the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

import kernels
from study.data.algebra import cholesky, column_sums, digits9, gram, solve_lower, solve_upper
from study.data.streams import Stream

__all__ = [
    "BUDGET", "CONFIDENCES", "CORNERS", "FARTHEST", "HOLD", "RATE", "TARGET", "UNITS", "Findings", "Weights",
    "arrivals", "findings", "gradients", "margins", "saturated", "still_from",
]  # fmt: skip

Array = NDArray[np.float64]

UNITS: Final = 8
CONFIDENCES: Final = (0.9, 0.99, 0.999, 0.9999)
"""Probabilities of the wrong class, the same for every corner, from which it is trained."""
RATE: Final = 0.0625
BUDGET: Final = 100_000
HOLD: Final = 10
TARGET: Final = 0.025
"""Brier score to be reached: a tenth of 1/4, that of the base rate; both losses can attain 0."""
FARTHEST: Final = 100
"""The largest whole logit that is tried in float32."""

CORNERS: Final = np.array([[a, b, 1.0] for a in (-1.0, 1.0) for b in (-1.0, 1.0)])
"""Features (4, 3), the bias column last."""
_LABELS: Final = np.array([0.0, 1.0, 1.0, 0.0])
_SIGNS: Final = 2.0 * _LABELS - 1.0


class Weights(NamedTuple):
    """Parameters of several networks: `hidden` (3, units, runs) and `output` (units + 1, runs), bias last."""

    hidden: Array
    output: Array


@dataclass(frozen=True)
class Findings:
    """What became of the network.

    Attributes
    ----------
    steps
        (loss, confidence) to the first step from which the target held for `HOLD` steps; -1 if not within
        `BUDGET`.
    still
        By loss: the least whole logit from which on, up to `FARTHEST`, an update in float32 changes no
        parameter, so that none ever will; inf if there is none.
    """

    steps: Mapping[tuple[str, float], int]
    still: Mapping[str, float]


def _tanh(a: Array) -> Array:
    out: Array = 2.0 * kernels.expit(2.0 * a) - 1.0
    return out


def _layers(weights: Weights) -> Array:
    """Outputs of the hidden units and a row of ones, (units + 1, 4, runs)."""
    pre = column_sums(weights.hidden[:, :, None, :] * CORNERS.T[:, None, :, None])
    return np.concatenate([_tanh(pre), np.ones((1, *pre.shape[1:]))])


def _margins(layers: Array, weights: Weights) -> Array:
    out: Array = _SIGNS[:, None] * column_sums(layers * weights.output[:, None, :])
    return out


def margins(weights: Weights) -> Array:
    """Margins of the corners, (4, runs)."""
    return _margins(_layers(weights), weights)


def saturated(logits: Array) -> Weights:
    """Make networks that give every corner the margin minus a logit.

    Parameters
    ----------
    logits
        (runs,), positive.

    Returns
    -------
    Weights
        Standard normal hidden weights, the same for all, and the shortest output weights that do it.
    """
    drawn = Stream(0, "network", UNITS).normals(3 * UNITS).reshape(3, UNITS, 1)
    layer = _layers(Weights(drawn, np.zeros((UNITS + 1, 1))))[:, :, 0]
    lower, _ = cholesky(gram(layer))
    solved = solve_upper(lower, solve_lower(lower, _SIGNS))
    shortest = column_sums(np.ascontiguousarray(layer.T) * solved[:, None])
    return Weights(np.repeat(drawn, len(logits), axis=2), -shortest[:, None] * logits)


def _backwards(layers: Array, found: Array, weights: Weights, loss: str) -> Weights:
    wrong, right = kernels.expit(-found), kernels.expit(found)
    slope = wrong if loss == "bce" else wrong * wrong * right
    output = -_SIGNS[:, None] * slope / len(_SIGNS)  # d mean loss / d logit
    units = layers[:-1]
    hidden = weights.output[:-1, None, :] * (1.0 - units * units) * output
    by_corner = np.ascontiguousarray(hidden.transpose(1, 0, 2))[:, None] * CORNERS[:, :, None, None]
    return Weights(column_sums(by_corner), column_sums((layers * output).transpose(1, 0, 2)))


def gradients(weights: Weights, loss: str) -> Weights:
    """Gradient of the mean loss over the corners, in the shape of the weights.

    Parameters
    ----------
    weights
        Of several networks.
    loss
        `mse` or `bce`.
    """
    layers = _layers(weights)
    return _backwards(layers, _margins(layers, weights), weights, loss)


def arrivals(loss: str) -> list[int]:
    """Train by gradient descent from each of `CONFIDENCES`: the steps of `Findings.steps`."""
    weights = saturated(np.array([_logit(confidence) for confidence in CONFIDENCES]))
    held = np.zeros(len(CONFIDENCES), dtype=np.int64)
    arrived = np.full(len(CONFIDENCES), -1, dtype=np.int64)
    for step in range(BUDGET + HOLD):
        layers = _layers(weights)
        found = _margins(layers, weights)
        wrong = kernels.expit(-found)
        held = np.where(column_sums(wrong * wrong) / len(_SIGNS) <= TARGET, held + 1, 0)
        arrived = np.where((arrived < 0) & (held == HOLD), step - HOLD + 1, arrived)
        if (arrived >= 0).all():
            break
        slopes = _backwards(layers, found, weights, loss)
        weights = Weights(weights.hidden - RATE * slopes.hidden, weights.output - RATE * slopes.output)
    return [int(step) for step in arrived]


def _logit(confidence: float) -> float:
    return float(digits9(math.log(confidence / (1.0 - confidence))))


def still_from(loss: str) -> float:
    """Find the logit of `Findings.still`.

    Parameters and update are float32; the gradient is the true one, rounded to float32, so that no careless
    p (1 - p) is to blame.
    """
    logits = np.arange(1.0, FARTHEST + 1.0)
    weights = Weights(*(part.astype(np.float32).astype(np.float64) for part in saturated(logits)))
    moved = np.zeros(FARTHEST, dtype=bool)
    for part, slope in zip(weights, gradients(weights, loss), strict=True):
        own: NDArray[Any] = part.astype(np.float32)
        changed = own - np.float32(RATE) * slope.astype(np.float32) != own
        moved |= changed.reshape(-1, FARTHEST).any(axis=0)
    last = int(np.flatnonzero(moved)[-1]) if moved.any() else -1
    return math.inf if last == FARTHEST - 1 else float(logits[last + 1])


@cache
def findings() -> Findings:
    """Train the network with both losses, and look where float32 holds it."""
    steps = {
        (loss, confidence): step
        for loss in ("mse", "bce")
        for confidence, step in zip(CONFIDENCES, arrivals(loss), strict=True)
    }
    return Findings(steps, {loss: still_from(loss) for loss in ("mse", "bce")})
