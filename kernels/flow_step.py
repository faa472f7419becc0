"""One step of gradient flow for a vector of runs: Dormand and Prince's method of order 8, compiled.

The path is followed by its arc length s: ``d theta / d s = -g / |g|`` and ``d t / d s = 1 / |g|``, `g` being
the gradient.  A plateau on which t grows by ten decades is then a short path: the cost grows with the length
of the path and not with the time.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from kernels.dop853 import ERROR_3, ERROR_5, INTERPOLANT, STAGES, STAGES_EXTENDED, WEIGHTS
from kernels.jit import compiled, subroutine
from kernels.losses import Loss
from kernels.models import MODELS
from kernels.passes import full_pass
from kernels.samples import Classes
from kernels.vectors import WIDTH, store

__all__ = [
    "LEAST_GRADIENT",
    "Samples",
    "Step",
    "dense_output",
    "error_norm",
    "scores_at",
    "stages_of",
    "times_at",
]

Floats = npt.NDArray[np.float64]

LEAST_GRADIENT: Final = 1e-300
"""A run stops as stationary where no component of its gradient, a sum over the samples, is larger."""


class Samples(NamedTuple):
    """Samples as `samples.arrange` gives them, where it puts each class, and their rms length."""

    features: Floats
    classes: Classes
    length: float


class Step(NamedTuple):
    """A step of a block on trial; the last axis is the lane.

    The state has a row for each parameter, and the time as its last row.
    """

    state: Floats  # (d + 1, lanes), at its begin
    ahead: Floats  # (d + 1, lanes), at its end
    size: Floats  # (lanes,), its arc length
    slopes: Floats  # (STAGES_EXTENDED, d + 1, lanes), derivatives of the state in s at the stages
    error: Floats  # (lanes,), in units of what is allowed; nan where the step gave inf or nan
    dense: Floats  # (7, d + 1, lanes), coefficients of the interpolant
    place: Floats  # (d, lanes), where a pass is made
    gradient: Floats  # (d, lanes), what it gives: a sum over the samples
    scratch: Floats  # (0, lanes): a linear model keeps nothing


@subroutine
def _place_stage(step: Step, stage: int) -> None:
    """Find the parameters at a stage from the slopes before it; at the last one, the state ahead."""
    d = step.place.shape[0]
    for j in range(d + 1):
        total = np.zeros(WIDTH)
        for earlier in range(stage):
            weight = WEIGHTS[stage, earlier]
            if weight != 0.0:
                for lane in range(WIDTH):
                    total[lane] += weight * step.slopes[earlier, j, lane]
        for lane in range(WIDTH):
            moved = step.state[j, lane] + step.size[lane] * total[lane]
            if j < d:
                step.place[j, lane] = moved
            if stage == STAGES:
                step.ahead[j, lane] = moved


@subroutine
def _rhs(samples: Samples, step: Step, stage: int) -> None:
    """Write the slope of a stage, ``-g / |g|`` and ``1 / |g|``; scaled, so that no square leaves float64."""
    d = step.place.shape[0]
    for lane in range(WIDTH):
        scale = LEAST_GRADIENT
        for j in range(d):
            scale = max(scale, abs(step.gradient[j, lane]))
        squares = 0.0
        for j in range(d):
            part = step.gradient[j, lane] / scale
            squares += part * part
        # Below `LEAST_GRADIENT` the scale is too large, and the run is about to end.
        length = max(math.sqrt(squares), 1.0)
        for j in range(d):
            step.slopes[stage, j, lane] = -(step.gradient[j, lane] / scale) / length
        step.slopes[stage, d, lane] = samples.classes.total / (scale * length)


@cache
def stages_of(loss: Loss) -> Any:
    """The function that goes through the stages ``begin <= stage < end`` of a step, compiled for one loss."""
    one_pass = full_pass(MODELS["linear"], loss.derivative, scored=False)

    @compiled
    def stages(samples: Samples, step: Step, begin: int, end: int) -> None:
        for stage in range(begin, end):
            _place_stage(step, stage)
            one_pass(samples.features, samples.classes, step.place, step.scratch, step.gradient)
            _rhs(samples, step, stage)

    return stages


@subroutine
def _weigh(step: Step, weights: Floats, j: int, total: Floats) -> None:
    """Sum the slopes of row `j` with weights into `total` (lanes,), stage by stage."""
    for lane in range(WIDTH):
        total[lane] = 0.0
    for stage in range(STAGES_EXTENDED):
        if weights[stage] != 0.0:
            for lane in range(WIDTH):
                total[lane] += weights[stage] * step.slopes[stage, j, lane]


@compiled
def error_norm(samples: Samples, tolerance: float, step: Step) -> None:
    """Estimate the error of the step on trial: Hairer, Norsett and Wanner (1993), equation II.10.17.

    A parameter may have an error that moves the logits by a tolerance (or one from rounding), the time a
    relative error of a tolerance.
    """
    rows = step.state.shape[0]
    fifth, third = np.zeros(WIDTH), np.zeros(WIDTH)
    low, high = np.empty(WIDTH), np.empty(WIDTH)
    for j in range(rows):
        _weigh(step, ERROR_5, j, low)
        _weigh(step, ERROR_3, j, high)
        for lane in range(WIDTH):
            ahead = step.ahead[j, lane]
            size = max(abs(step.state[j, lane]), abs(ahead))
            allowed = (
                max(tolerance / samples.length, 16.0 * 2.0**-52 * size) if j < rows - 1 else tolerance * ahead
            )
            fifth[lane] += (low[lane] / allowed) * (low[lane] / allowed)
            third[lane] += (high[lane] / allowed) * (high[lane] / allowed)
    for lane in range(WIDTH):
        both = (fifth[lane] + 0.01 * third[lane]) * rows
        error = step.size[lane] * fifth[lane] / math.sqrt(both) if both > 0.0 else both
        step.error[lane] = error if step.ahead[rows - 1, lane] > 0.0 else np.nan


@compiled
def dense_output(step: Step) -> None:
    """Find the interpolant over the step: Hairer, Norsett and Wanner (1993), section II.6."""
    total = np.empty(WIDTH)
    for j in range(step.state.shape[0]):
        for lane in range(WIDTH):
            moved = step.ahead[j, lane] - step.state[j, lane]
            first, last = (
                step.size[lane] * step.slopes[0, j, lane],
                step.size[lane] * step.slopes[STAGES, j, lane],
            )
            step.dense[0, j, lane] = moved
            step.dense[1, j, lane] = first - moved
            step.dense[2, j, lane] = 2.0 * moved - (first + last)
        for k in range(4):
            _weigh(step, INTERPOLANT[k], j, total)
            for lane in range(WIDTH):
                step.dense[3 + k, j, lane] = step.size[lane] * total[lane]


@subroutine
def _between(step: Step, j: int, lane: int, share: float) -> float:
    """Row `j` of the state where a share of the step is done: order 7."""
    total = 0.0
    for k in range(6, -1, -1):
        total = (total + step.dense[k, j, lane]) * (share if k % 2 == 0 else 1.0 - share)
    return float(step.state[j, lane] + total)


@compiled
def times_at(step: Step, shares: Floats, out: Floats) -> None:
    """Write the times (lanes,) where shares (lanes,) of the step are done."""
    for lane in range(WIDTH):
        out[lane] = _between(step, step.state.shape[0] - 1, lane, shares[lane])


_score_pass = full_pass(MODELS["linear"], None, scored=True)


@compiled
def scores_at(samples: Samples, step: Step, shares: Floats, scores: Floats) -> None:
    """Compute the scores (k, 3, lanes) where shares (k, lanes) of the step are done."""
    for k in range(shares.shape[0]):
        for j in range(step.place.shape[0]):
            for lane in range(WIDTH):
                step.place[j, lane] = _between(step, j, lane, shares[k, lane])
        found = _score_pass(samples.features, samples.classes, step.place, step.scratch, step.gradient)
        store(scores[k], 0, found[0])
        store(scores[k], 1, found[1])
        store(scores[k], 2, found[2])
