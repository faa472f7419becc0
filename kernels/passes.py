"""One pass over the samples, for a vector of runs: the gradient, and the scores that targets are checked against.

The lanes of every vector are runs, so a sum over samples is sequential within its lane: neither the vector width nor the company
a run is in changes a bit of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kernels.arithmetic import lanewise, log_normal, sigmoid_pair
from kernels.vectors import WIDTH, exponent, fma, load, mantissa, select, store

__all__ = ["aligned_rows", "arrange", "full_pass"]

Floats = npt.NDArray[np.float64]

# Samples are taken four at a time, so that four chains of dependent operations are under way together.
_GROUP: Final = 4
# The running product of the log loss has factors from 1/2 to 1: this many of them stay far from underflow.
_PRODUCT_LENGTH: Final = 256
_LN2: Final = float.fromhex("0x1.62e42fefa39efp-1")


def arrange(features: Floats, labels: Floats) -> tuple[Floats, int]:
    """The samples in the order of a pass, and where the positive class begins.

    The negative class comes first, and each class is padded to whole groups by samples of features 0, which add exactly nothing
    to a gradient.
    """
    parts = []
    for label in (0.0, 1.0):
        members = features[labels == label]
        parts += [members, np.zeros((-len(members) % _GROUP, features.shape[1]))]
    return np.ascontiguousarray(np.concatenate(parts)), len(parts[0]) + len(parts[1])


def aligned_rows(rows: int) -> Floats:
    """Zeros (rows, WIDTH) on a cache line's boundary, so that no vector straddles two lines."""
    line = 64
    buffer = np.zeros(rows * WIDTH + line // 8)
    offset = -buffer.ctypes.data % line // 8
    return buffer[offset : offset + rows * WIDTH].reshape(rows, WIDTH)


@lanewise
def _group_logits(features: Any, i: Any, theta: Any) -> Any:
    """Logits of samples i to i + 3."""
    column = load(theta, 0)
    z0 = features[i, 0] * column
    z1 = features[i + 1, 0] * column
    z2 = features[i + 2, 0] * column
    z3 = features[i + 3, 0] * column
    for j in range(1, features.shape[1]):
        column = load(theta, j)
        z0 = fma(features[i, j], column, z0)
        z1 = fma(features[i + 1, j], column, z1)
        z2 = fma(features[i + 2, j], column, z2)
        z3 = fma(features[i + 3, j], column, z3)
    return z0, z1, z2, z3


@lanewise
def _add_group(features: Any, i: Any, slopes: Any, gradient: Any) -> None:
    """Add ``slope * x`` of samples i to i + 3 to the gradient, in this order."""
    for j in range(features.shape[1]):
        total = load(gradient, j)
        total = fma(features[i, j], slopes[0], total)
        total = fma(features[i + 1, j], slopes[1], total)
        total = fma(features[i + 2, j], slopes[2], total)
        total = fma(features[i + 3, j], slopes[3], total)
        store(gradient, j, total)


@lanewise
def _add_scores(z: Any, y: Any, scores: Any) -> Any:
    """Add one sample to the running scores: squared errors, the parts of the log loss, and correct predictions.

    ``softplus(-m) = max(-m, 0) - log(max(sigmoid(m), sigmoid(-m)))``: the factors of the second part, from 1/2 to 1, are
    multiplied up, which costs one multiplication a sample in place of one logarithm.
    """
    squares, excess, product, powers, correct = scores
    margin = (2.0 * y - 1.0) * z
    wrong, right = sigmoid_pair(-margin)
    squares = fma(wrong, wrong, squares)
    excess = excess + select(margin < 0.0, -margin, 0.0)
    product = product * select(wrong > right, wrong, right)
    correct = select(margin > 0.0, correct + 1.0, correct)
    return squares, excess, product, powers, correct


def _class_pass(derivative: Callable[[Any, Any], Any] | None, scored: bool) -> Any:
    """The loop over the samples of one class, compiled for one loss or for the scores alone."""
    graded = derivative is not None
    slope: Any = derivative

    @lanewise
    def add_class(features: Any, begin: Any, end: Any, y: Any, theta: Any, gradient: Any, scores: Any) -> Any:
        for block in range(begin, end, _PRODUCT_LENGTH):
            for i in range(block, min(block + _PRODUCT_LENGTH, end), _GROUP):
                z0, z1, z2, z3 = _group_logits(features, i, theta)
                if graded:
                    slopes = (slope(z0, y), slope(z1, y), slope(z2, y), slope(z3, y))
                    _add_group(features, i, slopes, gradient)
                if scored:
                    scores = _add_scores(z0, y, scores)
                    scores = _add_scores(z1, y, scores)
                    scores = _add_scores(z2, y, scores)
                    scores = _add_scores(z3, y, scores)
            if scored:
                squares, excess, product, powers, correct = scores
                scores = (squares, excess, mantissa(product), powers + exponent(product), correct)
        return scores

    return add_class


def full_pass(derivative: Callable[[Any, Any], Any] | None, scored: bool) -> Any:
    """The function of one pass over all samples, compiled for one loss.

    Parameters
    ----------
    derivative
        `lanewise` derivative of the loss in the logit, ``(z, y) -> slope``; None for the scores alone, and a gradient of 0.
    scored
        Whether accuracy, Brier score and log loss are computed on the way.

    Returns
    -------
    function
        ``(features, positives_from, padding, theta, gradient) -> (accuracy, brier, logloss)``: it overwrites `gradient`, (d,
        WIDTH), with the sum over the samples at `theta`, (d, WIDTH), and returns the mean scores, which mean nothing unless
        `scored`.  `features` and `positives_from` come from `arrange`, and `padding` is how many samples it added.
    """
    add_class = _class_pass(derivative, scored)

    @lanewise
    def one_pass(features: Any, positives_from: Any, padding: Any, theta: Any, gradient: Any) -> Any:
        for j in range(features.shape[1]):
            store(gradient, j, 0.0)
        nothing = load(gradient, 0)
        # Each padded sample is going to add a square of 1/4 and a factor of 1/2, both exact.
        scores = (nothing - 0.25 * padding, nothing, nothing + 1.0, nothing + padding, nothing)
        scores = add_class(features, 0, positives_from, 0.0, theta, gradient, scores)
        scores = add_class(features, positives_from, features.shape[0], 1.0, theta, gradient, scores)
        squares, excess, product, powers, correct = scores
        logloss = excess - fma(powers, _LN2, log_normal(product))
        count = features.shape[0] - padding
        return correct / count, squares / count, logloss / count

    return one_pass
