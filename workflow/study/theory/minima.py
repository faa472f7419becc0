"""Local minima: data on which MSE has several and BCE one, each proven; and none on separable data.

The samples lie at two distances from the origin, and the far ones contradict the near ones: seven of eight
near samples have the label that a positive weight predicts, three of four far ones that of a negative weight.
A weight that suits the near ones gives far ones a large logit. There MSE, which is bounded, is flat, so it
has a minimum that gives up the far samples, and another that gives up the near ones. BCE is not bounded: it
cannot give up the far ones. Each sample has a mirror image with the other label, so that the bias plays no
part. With several features of this kind, each with its own samples, the choices multiply: 2 to the power of
the number of features.

Source of the idea: Auer, Herbster and Warmuth (1995), "Exponentially many local minima for single neurons",
NIPS 8.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import mpmath
import numpy as np
import pandas as pd
from numpy.typing import NDArray

import kernels
from study.data.algebra import digits9, gram, matvec
from study.data.samples import sample, with_bias
from study.data.starts import every_start
from study.runs.sweep import recorded_steps
from study.tables.table import conform
from study.theory.tables import MINIMA

if TYPE_CHECKING:
    from study.config.model import Config

__all__ = ["DATASETS", "LOSSES", "Minimum", "Slopes", "find", "slopes", "surface", "table", "two_scales"]

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

LOSSES: Final = ("mse", "bce")
NEAR: Final = 1.0
FAR: Final = 10.0
REACH: Final = 3.0  # starts lie on a lattice from -REACH to REACH in every parameter
DIGITS: Final = 50
RADIUS: Final = 1e-6
"""Half width of the box around a minimum in which it is proven to be the only stationary point."""

DATASETS: Final[Mapping[str, int]] = {"two_scales": 1, "two_scales_twice": 2}
"""Data sets by name: how many features."""


def two_scales(features: int) -> tuple[Array, Labels]:
    """Construct the samples.

    Parameters
    ----------
    features
        Number of features, at least 1; the bias is added to them.

    Returns
    -------
    features : float64 array (24 features, features + 1)
        The bias column last.
    labels : int array (24 features,)
    """
    places = np.repeat([NEAR, -NEAR, FAR, -FAR], [8, 8, 4, 4])
    # The last labels of each group are the exceptions.
    labels = np.repeat([1, 0, 0, 1, 0, 1, 1, 0], [7, 1, 7, 1, 3, 1, 3, 1])
    rows = np.zeros((len(places) * features, features))
    for axis in range(features):
        rows[axis * len(places) : (axis + 1) * len(places), axis] = places
    return with_bias(rows), np.tile(labels, features)


# --- Minima, found and proven -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Minimum:
    """A local minimum.

    Attributes
    ----------
    theta
        (d,) the float64 vector nearest to the minimum.
    value
        Mean loss there (MSE with its factor 1/2).
    gradient_norm, curvature
        Length of the gradient and smallest eigenvalue of the Hessian at `theta`, from 50 digits.
    proven
        Whether interval arithmetic proves that there is exactly one stationary point within `RADIUS` of
        `theta` in every coordinate, and that it is a minimum.
    starts
        How many of the descents ended there.
    """

    theta: Array
    value: float
    gradient_norm: float
    curvature: float
    proven: bool
    starts: int


def find(features: Array, labels: Labels, loss: str, *, per_axis: int, steps: int = 40_000) -> list[Minimum]:
    """Find minima by gradient descent from a lattice of starts, polished by Newton's method in 50 digits.

    Parameters
    ----------
    features, labels
        (n, d) with the bias column, and (n,).
    loss
        `mse` or `bce`.
    per_axis
        Starts per parameter: per_axis ** d in all, evenly from -3 to 3.
    steps
        Steps of the descent, at the largest safe rate 1/L.

    Returns
    -------
    list of Minimum
        By value. A start is not counted if Newton's method leads from its end to no minimum nearby.
    """
    n, d = features.shape
    signed = features * (2.0 * labels - 1.0)[:, None]
    # The trace bounds the largest eigenvalue, and is the same to the bit everywhere.
    rate = n / (kernels.LOSSES[loss].smoothness * float(np.trace(gram(features))))
    starts = np.array(list(itertools.product(np.linspace(-REACH, REACH, per_axis), repeat=d)))
    ends = kernels.descend(
        features, labels, starts, loss=loss, learning_rate=rate, max_steps=steps, threads=1
    ).theta
    found: dict[tuple[float, ...], int] = {}
    for end, count in zip(*np.unique(np.round(ends, 6), axis=0, return_counts=True), strict=True):
        theta = _polished(signed, end, loss)
        if theta is not None and float(np.abs(theta - end).max()) < 1e-3:
            found[tuple(theta.tolist())] = found.get(tuple(theta.tolist()), 0) + int(count)
    minima = [_certified(signed, np.array(theta), loss, count) for theta, count in found.items()]
    return sorted((m for m in minima if m.curvature > 0), key=lambda m: (m.value, *m.theta.tolist()))


class _Derivatives(NamedTuple):
    value: Any
    gradient: list[Any]  # (d,)
    hessian: list[list[Any]]  # (d, d)


def _derivatives(ctx: Any, signed: Array, theta: list[Any], loss: str) -> _Derivatives:
    """Mean loss, gradient and Hessian in the arithmetic of `ctx`: numbers (`mpmath.mp`) or intervals (`iv`).

    With w = sigmoid(-m) and r = sigmoid(m) of the margin m: MSE is w^2 / 2, its derivatives are -w^2 r and
    w^2 r (2 r - w); BCE is -log r, its derivatives are -w and w r.
    """
    n, d = signed.shape
    value, gradient = ctx.mpf(0), [ctx.mpf(0) for _ in range(d)]
    hessian = [[ctx.mpf(0) for _ in range(d)] for _ in range(d)]
    rows, counts = np.unique(signed, axis=0, return_counts=True)
    for row, count in zip(rows.tolist(), counts.tolist(), strict=True):
        margin = sum((x * t for x, t in zip(row, theta, strict=True)), ctx.mpf(0))
        w, r = 1 / (1 + ctx.exp(margin)), 1 / (1 + ctx.exp(-margin))
        if loss == "mse":
            v, first, second = w * w / 2, -w * w * r, w * w * r * (2 * r - w)
        else:
            v, first, second = -ctx.log(r), -w, w * r
        share = ctx.mpf(count) / n
        value += share * v
        for i in range(d):
            gradient[i] += share * first * row[i]
            for j in range(d):
                hessian[i][j] += share * second * row[i] * row[j]
    return _Derivatives(value, gradient, hessian)


def _polished(signed: Array, end: Array, loss: str) -> Array | None:
    """Return the stationary point that Newton's method finds from `end`, as float64; None if none."""
    with mpmath.workdps(DIGITS):
        theta = mpmath.matrix(end.tolist())
        for _ in range(30):
            at = _derivatives(mpmath.mp, signed, list(theta), loss)
            try:
                step = mpmath.lu_solve(mpmath.matrix(at.hessian), mpmath.matrix(at.gradient))
            except ZeroDivisionError:
                return None
            theta = theta - step
            if mpmath.norm(step) < mpmath.mpf(10) ** (5 - DIGITS):
                # What is zero by symmetry is computed as a few units of the last of the fifty digits.
                return np.array([float(t) if abs(t) > 1e-30 else 0.0 for t in theta])
    return None


def _certified(signed: Array, theta: Array, loss: str, starts: int) -> Minimum:
    """Evaluate a minimum in extended precision, and try to prove it."""
    with mpmath.workdps(DIGITS):
        at = _derivatives(mpmath.mp, signed, [mpmath.mpf(t) for t in theta.tolist()], loss)
        curvature = min(mpmath.eigsy(mpmath.matrix(at.hessian), eigvals_only=True))
        numbers = [digits9(float(x)) for x in (at.value, mpmath.norm(mpmath.matrix(at.gradient)), curvature)]
    value, gradient_norm, smallest = (float(x) for x in numbers)
    return Minimum(theta, value, gradient_norm, smallest, _proven(signed, theta, loss), starts)


def _proven(signed: Array, theta: Array, loss: str) -> bool:
    """Prove by Krawczyk's test that the box within `RADIUS` of theta holds one stationary point, a minimum.

    With midpoint c, gradient g, Hessian H over the box X and any matrix Y (here the inverse of H(c),
    rounded): if K = c - Y g(c) + (1 - Y H(X)) (X - c) lies inside X, then X holds exactly one zero of g
    (Krawczyk 1969; Moore, Kearfott and Cloud 2009, "Introduction to interval analysis", theorem 8.2). It is a
    minimum if every symmetric matrix in H(X) is positive definite, as its elimination with positive pivots
    shows. Interval arithmetic rounds outwards, so this is a proof and not an estimate.
    """
    d = len(theta)
    iv = mpmath.iv
    before, iv.dps = iv.dps, DIGITS
    try:
        middle = [iv.mpf(t) for t in theta.tolist()]
        box = [iv.mpf([t - RADIUS, t + RADIUS]) for t in theta.tolist()]
        at, over = _derivatives(iv, signed, middle, loss), _derivatives(iv, signed, box, loss)
        with mpmath.workdps(DIGITS):
            inverse = mpmath.inverse(mpmath.matrix([[h.mid for h in row] for row in at.hessian]))
        y = [[iv.mpf(inverse[i, j]) for j in range(d)] for i in range(d)]
        for i in range(d):
            image = middle[i] - sum(y[i][k] * at.gradient[k] for k in range(d))
            for j in range(d):
                slope = (1 if i == j else 0) - sum(y[i][k] * over.hessian[k][j] for k in range(d))
                image += slope * (box[j] - middle[j])
            if not (box[i].a < image.a and image.b < box[i].b):
                return False
        return _positive_definite(over.hessian)
    finally:
        iv.dps = before


def _positive_definite(matrix: list[list[Any]]) -> bool:
    """Whether elimination has positive pivots for every symmetric matrix in a matrix of intervals."""
    rest = [row[:] for row in matrix]
    for k, pivots in enumerate(rest):
        if not pivots[k].a > 0:
            return False
        for row in rest[k + 1 :]:
            factor = row[k] / pivots[k]
            for j in range(k, len(rest)):
                row[j] = row[j] - factor * pivots[j]
    return True


_PER_AXIS: Final = {1: 21, 2: 7}  # by number of features: 441 and 343 starts


def table() -> pd.DataFrame:
    """Find the minima of both losses on every data set of `DATASETS`: the table `minima`."""
    rows: list[dict[str, Any]] = []
    for name, axes in DATASETS.items():
        features, labels = two_scales(axes)
        for loss in LOSSES:
            for number, found in enumerate(find(features, labels, loss, per_axis=_PER_AXIS[axes])):
                theta = dict.fromkeys(range(max(DATASETS.values()) + 1), math.nan) | dict(
                    enumerate(found.theta)
                )
                rows.append(
                    {"dataset": name, "loss": loss, "minimum": number}
                    | {f"theta_{j}": value for j, value in theta.items()}
                    | {
                        "value": found.value,
                        "gradient_norm": found.gradient_norm,
                        "curvature": found.curvature,
                    }
                    | {"radius": RADIUS if found.proven else math.nan, "starts": found.starts}
                )
    return conform(pd.DataFrame(rows), MINIMA)


def surface(points: int = 801) -> tuple[Array, dict[str, Array]]:
    """Evaluate the losses of `two_scales` along the weight, at bias 0, where all its minima lie.

    Parameters
    ----------
    points
        Number of weights.

    Returns
    -------
    weights : float64 array (points,)
        From -1 to 3.
    risks : dict
        Mean loss at each weight, by loss; each (points,).
    """
    features, labels = two_scales(1)
    weights = np.linspace(-1.0, 3.0, points)
    thetas = np.column_stack([weights, np.zeros(points)])
    return weights, {loss: kernels.risk(features, labels, thetas, loss=loss) for loss in LOSSES}


# --- Separable data: no stationary point --------------------------------------------------------------------

SLOPE_STEPS: Final = 10_000
"""Descents on separable data are followed this far, or to the budget of the study if that is smaller."""


@dataclass(frozen=True)
class Slopes:
    """Slope of MSE along a separating direction: runs, points checked on them, and how many go downhill."""

    runs: int
    points: int
    downhill: int
    steepness: float  # the smallest -gradient . direction found, nan if none

    @property
    def complete(self) -> bool:
        """Whether there were points, all of them downhill."""
        return 0 < self.points == self.downhill


def slopes(config: Config, table: pd.DataFrame, arrays: Mapping[str, NDArray[Any]]) -> Slopes:
    """Follow descents on MSE on the study's separable data, with the slope along a separating direction u.

    Every sample adds -sigmoid(-m)^2 sigmoid(m) (m_u / n) to the inner product of gradient and u, where m is
    its margin and m_u > 0 its margin under u. So the sum is negative at every finite theta: the gradient is
    nowhere zero.

    Parameters
    ----------
    config
        Its root seed, initialisations and budget are read.
    table
        The data sets; the first separable one of each setting is taken.
    arrays
        The arrays of `study.runs.draw.build`.

    Notes
    -----
    The rate is 1/L_BCE. Points are the steps at which learning curves are recorded.
    """
    chosen = table[table["separable"]].drop_duplicates(["dataset", "separability"])
    steps = recorded_steps(60, min(config.max_steps, SLOPE_STEPS))
    runs = points = downhill = 0
    steepness = math.inf
    for data, name, seed, smoothness in zip(
        *(chosen[column].tolist() for column in ("data", "dataset", "seed", "smoothness")), strict=True
    ):
        drawn = sample(arrays, data)
        signed = drawn.features * (2.0 * drawn.labels - 1.0)[:, None]
        if matvec(signed, drawn.direction).min() <= 0.0:  # the direction is rounded to nine digits
            continue
        rate = 1.0 / (kernels.LOSSES["bce"].smoothness * smoothness)
        theta = every_start(config.initialisations, name, drawn.aim, seed, config.seed)
        runs += len(theta)
        for ahead in np.diff(steps, prepend=0).tolist():
            theta = kernels.descend(
                drawn.features,
                drawn.labels,
                theta,
                loss="mse",
                learning_rate=rate,
                max_steps=ahead,
                threads=1,
            ).theta
            slope = -matvec(
                kernels.gradient(drawn.features, drawn.labels, theta, loss="mse"), drawn.direction
            )
            points += len(slope)
            downhill += int((slope > 0.0).sum())
            steepness = min(steepness, float(slope.min()))
    return Slopes(runs, points, downhill, steepness if points else math.nan)
