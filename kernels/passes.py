"""One pass over the samples, or a batch of them, for a vector of runs: the gradient, and the targets' scores.

The lanes of every vector are runs, so a sum over samples is sequential within its lane: neither the vector
width nor the other runs change a bit of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from kernels.jit import lanewise
from kernels.models import GROUP, Model
from kernels.samples import Classes
from kernels.targets import add_to_sums, begin_sums, mean_scores, rescale_sums
from kernels.vectors import load, select, store

__all__ = ["batch_pass", "full_pass"]

# The running product of the log loss has factors from 1/2 to 1: this many of them stay far from underflow.
_PRODUCT_LENGTH: Final = 256


@lanewise
def _masked(group: Any, i: Any, last: Any) -> Any:
    """Numbers of the samples i to i + 3: 0 for those that are not before `last`."""
    first, second, third, fourth = group
    return (
        select(i < last, first, 0.0),
        select(i + 1 < last, second, 0.0),
        select(i + 2 < last, third, 0.0),
        select(i + 3 < last, fourth, 0.0),
    )


def _class_pass(model: Model, derivative: Callable[[Any, Any], Any] | None, scored: bool) -> Any:
    """The loop over the samples of one class, compiled for one loss or for the scores alone."""
    graded, masked = derivative is not None, model.masked
    slope: Any = derivative
    logits, pull = model.logits, model.pull

    @lanewise
    def add_class(
        features: Any,
        begin: Any,
        last: Any,
        end: Any,
        y: Any,
        theta: Any,
        scratch: Any,
        gradient: Any,
        sums: Any,
    ) -> Any:
        for block in range(begin, end, _PRODUCT_LENGTH):
            for i in range(block, min(block + _PRODUCT_LENGTH, end), GROUP):
                z0, z1, z2, z3 = logits(features, i, theta, scratch)
                if masked:
                    z0, z1, z2, z3 = _masked((z0, z1, z2, z3), i, last)
                if graded:
                    slopes = (slope(z0, y), slope(z1, y), slope(z2, y), slope(z3, y))
                    if masked:
                        slopes = _masked(slopes, i, last)
                    pull(features, i, theta, scratch, slopes, gradient)
                if scored:
                    sums = add_to_sums(z0, y, sums)
                    sums = add_to_sums(z1, y, sums)
                    sums = add_to_sums(z2, y, sums)
                    sums = add_to_sums(z3, y, sums)
            if scored:
                sums = rescale_sums(sums)
        return sums

    return add_class


def full_pass(model: Model, derivative: Callable[[Any, Any], Any] | None, scored: bool) -> Any:
    """The function of one pass over all samples, compiled for one model and loss.

    Parameters
    ----------
    model
        Gives the logits, and turns slopes back into a gradient.
    derivative
        `lanewise` derivative of the loss in the logit, ``(z, y) -> slope``; None for the scores alone, and a
        gradient of 0.
    scored
        Whether accuracy, Brier score and log loss are computed on the way.

    Returns
    -------
    function
        ``(features, classes, theta, scratch, gradient) -> (accuracy, brier, logloss)``: it overwrites
        `gradient`, (rows, WIDTH), with the sum over the samples at `theta`, (rows, WIDTH), and returns the
        mean scores, which mean nothing unless `scored`.  `features` and `classes` come from
        `samples.arrange`.
    """
    add_class = _class_pass(model, derivative, scored)

    @lanewise
    def one_pass(features: Any, classes: Classes, theta: Any, scratch: Any, gradient: Any) -> Any:
        for j in range(gradient.shape[0]):
            store(gradient, j, 0.0)
        begin, end = classes.positives_from, features.shape[0]
        sums = begin_sums(load(gradient, 0), end - classes.total)
        sums = add_class(features, 0, classes.negatives_to, begin, 0.0, theta, scratch, gradient, sums)
        sums = add_class(features, begin, classes.positives_to, end, 1.0, theta, scratch, gradient, sums)
        return mean_scores(sums, classes.total)

    return one_pass


def batch_pass(model: Model, derivative: Callable[[Any, Any], Any]) -> Any:
    """The function of one pass over some of the samples, compiled for one model and loss.

    Parameters
    ----------
    model, derivative
        As for `full_pass`.

    Returns
    -------
    function
        ``(features, begin, positives_from, last, end, theta, scratch, gradient)``: it overwrites `gradient`,
        (rows, WIDTH), with the sum over the rows `begin` to `last` of `features`, of which those before
        `positives_from` are of the negative class.  The rows from `last` to `end` fill up the last group; a
        group may hold both classes.
    """
    logits, pull, masked = model.logits, model.pull, model.masked

    @lanewise
    def one_pass(
        features: Any,
        begin: Any,
        positives_from: Any,
        last: Any,
        end: Any,
        theta: Any,
        scratch: Any,
        gradient: Any,
    ) -> None:
        for j in range(gradient.shape[0]):
            store(gradient, j, 0.0)
        for i in range(begin, end, GROUP):
            z0, z1, z2, z3 = logits(features, i, theta, scratch)
            if masked:
                z0, z1, z2, z3 = _masked((z0, z1, z2, z3), i, last)
            # A loop for each class would save these, and cost more where its length is guessed wrong.
            y0 = 0.0 if i < positives_from else 1.0
            y1 = 0.0 if i + 1 < positives_from else 1.0
            y2 = 0.0 if i + 2 < positives_from else 1.0
            y3 = 0.0 if i + 3 < positives_from else 1.0
            slopes = (derivative(z0, y0), derivative(z1, y1), derivative(z2, y2), derivative(z3, y3))
            if masked:
                slopes = _masked(slopes, i, last)
            pull(features, i, theta, scratch, slopes, gradient)

    return one_pass
