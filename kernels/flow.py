"""Gradient flow of many runs on the same samples: descent with infinitely small steps, across any plateau.

A block holds a vector of runs, one a lane.  All lanes go through the stages of a step together, each at a
step size of its own.  Nothing is summed across lanes, so the other runs of a block change no bit of a run.
What is done at every stage is compiled (`flow_step`), the rest is elementwise numpy (`flow_block`).  The
model is the linear one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kernels import checks
from kernels.flow_block import ENDS, Block, Limits
from kernels.flow_step import Samples, stages_of
from kernels.losses import Loss
from kernels.models import MODELS
from kernels.samples import arrange
from kernels.targets import TARGETS
from kernels.vectors import WIDTH

__all__ = ["Flow", "gradient_flow"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Times go like 1 / |x|^2: with larger features they, or their tolerances, are too small for float64.
_LARGEST_FEATURE: Final = 1e140


@dataclass(frozen=True)
class Flow:
    """Where the runs of `gradient_flow` ended, and when they met their targets.

    Attributes
    ----------
    theta
        Last parameters, (runs, d) float64: those at `time`.
    time
        Time at the end, (runs,) float64, never beyond `max_time`.
    first_passage
        For each target asked for, the time at which it first held, (runs,) float64, inf if it never did.
    status
        For each target asked for, (runs,) of ``"reached"`` or ``"censored"`` (it did not hold up to `time`).
    ended
        Why a run ended, (runs,): ``"reached"`` (all targets met), ``"time"`` (`max_time` is up),
        ``"stationary"`` (the path ends, or the gradient is too small for float64) or ``"work"``
        (`max_evaluations` are used).
    evaluations
        Gradients evaluated, (runs,) int64.
    """

    theta: Floats
    time: Floats
    first_passage: dict[str, Floats]
    status: dict[str, npt.NDArray[np.str_]]
    ended: npt.NDArray[np.str_]
    evaluations: Ints


def gradient_flow(
    features: npt.ArrayLike,
    labels: npt.ArrayLike,
    starts: npt.ArrayLike,
    *,
    loss: str,
    targets: Mapping[str, npt.ArrayLike] | None = None,
    max_time: float = 1e300,
    tolerance: float = 1e-10,
    max_evaluations: int = 1_000_000,
) -> Flow:
    """Gradient flow, ``d theta / d t = -gradient``, of many runs on the same samples.

    It is what `descend` tends to as the rate goes to 0: a step at rate eta advances the time by eta.  A run
    ends when all its targets have been met, when its time is up, when its path ends, or when its evaluations
    are used up.  The results are the same to the bit for any set and order of runs and on any processor.

    Parameters
    ----------
    features
        (n, d) real numbers within +-1e140, the bias column included.  (`descend`, whose times are numbers of
        steps, has no such limit.)
    labels
        (n,) of 0 and 1.
    starts
        (runs, d) finite real numbers, the parameters at time 0.
    loss
        A name from `kernels.LOSSES`.
    targets
        Thresholds by name as for `descend`, each one for all or (runs,): ``accuracy``, ``brier``,
        ``logloss``.  A target met from the first instant on, but not at the start itself, is met at time 0.
        None: every run uses its whole time.
    max_time
        The time after which a run is censored, at least 0 and at most 1e300.
    tolerance
        Allowed error of one step, from 1e-13 to 1e-3: of a logit (root mean square over the samples), and of
        the time relative to itself.
    max_evaluations
        Gradients that a run may evaluate, at least 1; checked after each step.

    Returns
    -------
    Flow

    Raises
    ------
    ValueError
        Naming the argument, the value and what is allowed.  ``accuracy`` as a target needs samples of both
        classes.

    Notes
    -----
    The method is Dormand and Prince's of order 8 with an interpolant of order 7.  Targets are
    looked for at eight points of each step, or of its part before `max_time`, and the crossing between two of
    them by halving.  So a target that holds for less than an eighth of a step and then no longer may be
    missed; a score that the loss itself decreases cannot do that.

    A path ends at a stationary point.  It counts as reached where error control requires steps that move the
    logits by less than ten tolerances: near such a point the direction of the gradient turns within the
    distance to it.  A run also ends where no component of the gradient, summed over the samples, exceeds
    1e-300.  A margin beyond +-708 counts as +-708 in a gradient.

    See Also
    --------
    scipy.integrate.solve_ivp : the same method (``DOP853``) for one run at a time; its sums
    are those of BLAS.
    """
    chosen = checks.known_loss(loss)
    x, y = checks.samples(features, labels, _LARGEST_FEATURE)
    theta = checks.vectors("starts", starts, MODELS["linear"], x.shape[1])
    asked, thresholds = checks.thresholds_of(targets, y, len(theta))
    limits = Limits(
        max_time=checks.number_between("max_time", max_time, 0.0, 1e300),
        max_evaluations=checks.evaluation_budget(max_evaluations),
        tolerance=checks.number_between("tolerance", tolerance, 1e-13, 1e-3),
    )
    arranged, classes = arrange(x, y)
    # Row by row, then column by column: the order of the sum is the same on every machine.
    squares = sum(np.add.reduce(np.ascontiguousarray(x * x), axis=0).tolist())
    samples = Samples(arranged, classes, length=math.sqrt(squares / len(x)) or 1.0)
    return _follow(chosen, samples, limits, theta, thresholds, asked)


def _follow(
    loss: Loss, samples: Samples, limits: Limits, starts: Floats, thresholds: Floats, asked: tuple[str, ...]
) -> Flow:
    """Follow all runs, a block at a time."""
    stages = stages_of(loss)
    runs, d = starts.shape
    states, passages = np.empty((d + 1, runs)), np.empty((3, runs))
    ends, evaluations = np.zeros(runs, dtype=np.int64), np.zeros(runs, dtype=np.int64)
    for first in range(0, runs, WIDTH):
        part = slice(first, min(first + WIDTH, runs))
        lanes = part.stop - part.start
        block = Block(samples, limits, stages, starts[part], thresholds[:, part])
        block.follow()
        states[:, part], passages[:, part] = block.step.state[:, :lanes], block.passage[:, :lanes]
        ends[part], evaluations[part] = block.end[:lanes], block.evaluations[:lanes]
    first_passage = {name: passages[TARGETS.index(name)] for name in asked}
    return Flow(
        theta=np.ascontiguousarray(states[:d].T),
        time=states[d],
        first_passage=first_passage,
        status={
            name: np.where(times < np.inf, "reached", "censored") for name, times in first_passage.items()
        },
        ended=np.array(ENDS)[ends],
        evaluations=evaluations,
    )
