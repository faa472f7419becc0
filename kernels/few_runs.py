"""The pass for few runs on many samples: the lanes of a vector are samples, and four runs go together.

With a run in each lane, few runs leave most of a vector empty. Here a sum over samples is `PARTS` sums, then
a tree: the i-th is that of the samples whose place in their class is i modulo `PARTS`. So its bits depend
neither on the width of the vectors nor on the other runs, but they are not those of the other pass: which of
the two is taken is a function of the shape alone, see `suits`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kernels.arithmetic import log_normal
from kernels.jit import compiled, lanewise, subroutine
from kernels.lanes import Lanes, Task
from kernels.samples import Classes, aligned_rows
from kernels.targets import add_to_sums, rescale_sums
from kernels.vectors import WIDTH, fma, load, store

__all__ = ["FEW", "sample_pass", "suits", "tiles"]

Floats = npt.NDArray[np.float64]

FEW: Final = 4
"""Runs that a worker takes at a time."""

PARTS: Final = 16
"""Sums that a sum over samples consists of; a tile is as many samples."""

_VECTORS: Final = PARTS // WIDTH
_CHUNK: Final = 8  # tiles, so that a gradient is loaded and stored once for so many
_SUMS: Final = 5
_LN2: Final = float.fromhex("0x1.62e42fefa39efp-1")


def suits(n: int, d: int, runs: int) -> bool:
    """Whether this pass is to be taken for a linear model: many numbers, and fewer runs than pay in lanes."""
    return n * d >= 200_000 and n >= 1000 and runs < (12 if d <= 100 else 8)


@compiled
def _fill(features: Floats, labels: Floats, positives_from: int, rows: Floats) -> None:
    """Put sample after sample into the tile of its class."""
    d = features.shape[1]
    negative, positive = 0, positives_from
    for i in range(features.shape[0]):
        place = negative
        if labels[i] > 0.5:
            place = positive
            positive += 1
        else:
            negative += 1
        row, lane = place // PARTS * d * _VECTORS + place % PARTS // WIDTH, place % WIDTH
        for j in range(d):
            rows[row + j * _VECTORS, lane] = features[i, j]


def tiles(features: Floats, labels: Floats) -> tuple[Floats, Classes]:
    """The samples as rows of vectors, a column of a tile each, and where the classes are.

    The negative class comes first, and each class is filled up to whole tiles by samples of features 0.
    """
    n, d = features.shape
    positives = int(labels.sum())
    begin = -(-(n - positives) // PARTS) * PARTS
    end = begin + -(-positives // PARTS) * PARTS
    rows = aligned_rows(end * d // WIDTH)
    _fill(features, labels, begin, rows)
    return rows, Classes(n - positives, begin, begin + positives, float(n))


@lanewise
def _add_scores(z: Any, y: Any, sums: Floats, row: int) -> None:
    """Add logits of a tile to five rows of sums."""
    found = (
        load(sums, row),
        load(sums, row + 1),
        load(sums, row + 2),
        load(sums, row + 3),
        load(sums, row + 4),
    )
    squares, excess, product, powers, correct = add_to_sums(z, y, found)
    store(sums, row, squares)
    store(sums, row + 1, excess)
    store(sums, row + 2, product)
    store(sums, row + 3, powers)
    store(sums, row + 4, correct)


@subroutine
def _rescale(sums: Floats) -> None:
    """Keep the running products far from underflow."""
    for row in range(0, sums.shape[0], _SUMS):
        found = (
            load(sums, row),
            load(sums, row + 1),
            load(sums, row + 2),
            load(sums, row + 3),
            load(sums, row + 4),
        )
        _, _, product, powers, _ = rescale_sums(found)
        store(sums, row + 2, product)
        store(sums, row + 3, powers)


@subroutine
def _total(rows: Floats, first: int, stride: int) -> float:
    """The sum of `PARTS` numbers by a tree: those in rows `first`, `first + stride` and so on."""
    parts = np.empty(PARTS)
    for i in range(PARTS):
        parts[i] = rows[first + i // WIDTH * stride, i % WIDTH]
    half = PARTS // 2
    while half:
        for i in range(half):
            parts[i] += parts[i + half]
        half //= 2
    return parts[0]  # type: ignore[no-any-return]


@subroutine
def _mean_scores(sums: Floats, run: int, classes: Classes, filled: float, scores: Floats, lane: int) -> None:
    """Write the mean scores of a run to its lane of `scores`: what fills up tiles is taken off again."""
    first, stride = run * _VECTORS * _SUMS, _SUMS
    for vector in range(_VECTORS):
        row = first + vector * stride + 2
        for i in range(WIDTH):
            sums[row, i] = log_normal(sums[row, i])
    squares = _total(sums, first, stride) - 0.25 * filled
    powers = _total(sums, first + 3, stride) + filled
    logloss = _total(sums, first + 1, stride) - fma(powers, _LN2, _total(sums, first + 2, stride))
    scores[0, lane] = _total(sums, first + 4, stride) / classes.total
    scores[1, lane] = squares / classes.total
    scores[2, lane] = logloss / classes.total


def _four_at_once(derivative: Callable[[Any, Any], Any], scored: bool) -> Any:
    """The function that adds some tiles of one class to the gradients and sums of four runs."""

    @subroutine
    def add(
        rows: Floats, d: int, begin: int, end: int, y: float, theta: Floats, slopes: Floats, gradient: Floats,
        sums: Floats,
    ) -> None:  # fmt: skip
        for part in range((end - begin) * _VECTORS):
            first = (begin + part // _VECTORS) * d * _VECTORS + part % _VECTORS
            x = load(rows, first)
            z0, z1, z2, z3 = theta[0, 0] * x, theta[0, 1] * x, theta[0, 2] * x, theta[0, 3] * x
            for j in range(1, d):
                x = load(rows, first + j * _VECTORS)
                z0, z1 = fma(theta[j, 0], x, z0), fma(theta[j, 1], x, z1)
                z2, z3 = fma(theta[j, 2], x, z2), fma(theta[j, 3], x, z3)
            store(slopes, FEW * part, derivative(z0, y))
            store(slopes, FEW * part + 1, derivative(z1, y))
            store(slopes, FEW * part + 2, derivative(z2, y))
            store(slopes, FEW * part + 3, derivative(z3, y))
            if scored:
                row, run = part % _VECTORS * _SUMS, _VECTORS * _SUMS
                _add_scores(z0, y, sums, row)
                _add_scores(z1, y, sums, row + run)
                _add_scores(z2, y, sums, row + 2 * run)
                _add_scores(z3, y, sums, row + 3 * run)
        for column in range(d * _VECTORS):
            g0, g1 = load(gradient, FEW * column), load(gradient, FEW * column + 1)
            g2, g3 = load(gradient, FEW * column + 2), load(gradient, FEW * column + 3)
            for tile in range(end - begin):
                x, place = (
                    load(rows, (begin + tile) * d * _VECTORS + column),
                    tile * _VECTORS + column % _VECTORS,
                )
                g0, g1 = (
                    fma(load(slopes, FEW * place), x, g0),
                    fma(load(slopes, FEW * place + 1), x, g1),
                )
                g2, g3 = (
                    fma(load(slopes, FEW * place + 2), x, g2),
                    fma(load(slopes, FEW * place + 3), x, g3),
                )
            store(gradient, FEW * column, g0)
            store(gradient, FEW * column + 1, g1)
            store(gradient, FEW * column + 2, g2)
            store(gradient, FEW * column + 3, g3)

    return add


def _one_alone(derivative: Callable[[Any, Any], Any], scored: bool) -> Any:
    """The same for one run, in the same places: the first of four."""

    @subroutine
    def add(
        rows: Floats, d: int, begin: int, end: int, y: float, theta: Floats, slopes: Floats, gradient: Floats,
        sums: Floats,
    ) -> None:  # fmt: skip
        for part in range((end - begin) * _VECTORS):
            first = (begin + part // _VECTORS) * d * _VECTORS + part % _VECTORS
            z = theta[0, 0] * load(rows, first)
            for j in range(1, d):
                z = fma(theta[j, 0], load(rows, first + j * _VECTORS), z)
            store(slopes, FEW * part, derivative(z, y))
            if scored:
                _add_scores(z, y, sums, part % _VECTORS * _SUMS)
        for column in range(d * _VECTORS):
            g = load(gradient, FEW * column)
            for tile in range(end - begin):
                x, place = (
                    load(rows, (begin + tile) * d * _VECTORS + column),
                    tile * _VECTORS + column % _VECTORS,
                )
                g = fma(load(slopes, FEW * place), x, g)
            store(gradient, FEW * column, g)

    return add


def _all_tiles(four: Any, one: Any) -> Any:
    """The function that adds all tiles to the gradients and sums of the runs in the first lanes."""

    @subroutine
    def add_class(
        task: Task, d: int, first: int, last: int, y: float, alone: bool, theta: Floats, gradient: Floats,
        sums: Floats,
    ) -> None:  # fmt: skip
        slopes = np.empty((FEW * _CHUNK * _VECTORS, WIDTH))
        for begin in range(first, last, _CHUNK):
            end = min(begin + _CHUNK, last)
            if alone:
                one(task.features, d, begin, end, y, theta, slopes, gradient, sums)
            else:
                four(task.features, d, begin, end, y, theta, slopes, gradient, sums)
            _rescale(sums)

    @subroutine
    def add_all(task: Task, lanes: Lanes, gradient: Floats, sums: Floats) -> None:
        d, held = lanes.theta.shape[0], 0
        theta = np.zeros((d, FEW))
        for lane in range(FEW):
            if lanes.run[lane] >= 0:
                held += 1
                for j in range(d):
                    theta[j, lane] = lanes.theta[j, lane]
        alone = held == 1 and lanes.run[0] >= 0
        middle, last = task.classes.positives_from // PARTS, task.features.shape[0] // (d * _VECTORS)
        add_class(task, d, 0, middle, 0.0, alone, theta, gradient, sums)
        add_class(task, d, middle, last, 1.0, alone, theta, gradient, sums)

    return add_all


def sample_pass(derivative: Callable[[Any, Any], Any], scored: bool) -> Any:
    """The function of one pass over all samples for the runs in the first `FEW` lanes.

    Parameters
    ----------
    derivative
        `lanewise` derivative of the loss in the logit, ``(z, y) -> slope``.
    scored
        Whether accuracy, Brier score and log loss are computed on the way.

    Returns
    -------
    function
        ``(task, lanes, scores) -> (accuracy, brier, logloss)``: it overwrites those lanes of the gradient
        with the sum over the samples, and returns the mean scores, which mean nothing unless `scored`;
        `scores`, (3, WIDTH), is room for them. The features of the task are `tiles`.
    """
    add_all = _all_tiles(_four_at_once(derivative, scored), _one_alone(derivative, scored))

    @subroutine
    def whole_pass(task: Task, lanes: Lanes, scores: Floats) -> None:
        d = lanes.theta.shape[0]
        gradient = np.zeros((FEW * d * _VECTORS, WIDTH))
        sums = np.zeros((FEW * _VECTORS * _SUMS, WIDTH))
        for row in range(2, sums.shape[0], _SUMS):
            store(sums, row, 1.0)
        add_all(task, lanes, gradient, sums)
        filled = task.features.shape[0] // (d * _VECTORS) * PARTS - task.classes.total
        for lane in range(FEW):
            for j in range(d):
                lanes.gradient[j, lane] = _total(gradient, FEW * j * _VECTORS + lane, FEW)
            if scored:
                _mean_scores(sums, lane, task.classes, filled, scores, lane)

    @lanewise
    def one_pass(task: Task, lanes: Lanes, scores: Floats) -> Any:
        whole_pass(task, lanes, scores)
        return load(scores, 0), load(scores, 1), load(scores, 2)

    return one_pass
