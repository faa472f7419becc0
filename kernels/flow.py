"""Gradient flow of many runs on the same samples: descent with infinitely small steps, across plateaus that no stepping crosses.

The path is followed by its arc length s: ``d theta / d s = -g / |g|`` and ``d t / d s = 1 / |g|``, `g` being the gradient.  A
plateau on which t grows by ten decades is then a short way: the cost grows with the length of the path and not with the time.

A block holds a vector of runs, one a lane.  All lanes go through the stages of a step together, each at a step size of its own.
Nothing is summed across lanes, so the company a run is in changes no bit of it.  What is done at every stage is compiled, the
rest is elementwise numpy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from kernels import checks
from kernels.dop853 import ERROR_3, ERROR_5, INTERPOLANT, STAGES, STAGES_EXTENDED, WEIGHTS
from kernels.jit import compiled, subroutine
from kernels.losses import Loss
from kernels.models import MODELS
from kernels.passes import full_pass
from kernels.samples import aligned_rows, arrange
from kernels.targets import TARGETS
from kernels.vectors import WIDTH, store

__all__ = ["Flow", "gradient_flow"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# A run stops as stationary where no component of its gradient (a sum over the samples) is larger than this.
_FLAT: Final = 1e-300
# ... or where error control asks for steps that move the logits by less than this many tolerances.
_STANDSTILL: Final = 10.0
# Times go like 1 / |x|^2: with larger features than this they, or what they may err by, are too short for float64.
_LARGEST_FEATURE: Final = 1e140
# The first step moves the logits by about this much; from there on error control has its way.
_FIRST_STEP: Final = 0.1
_LEAST_FACTOR, _LARGEST_FACTOR, _SAFETY = 0.2, 10.0, 0.9
# Targets are looked for at this many points of each step, then between two of them by halving.
_LOOKS: Final = 8
_HALVINGS: Final = 40

_LIVE, _ALL_MET, _OUT_OF_TIME, _STATIONARY, _OUT_OF_WORK = range(5)
_ENDS: Final = ("", "reached", "time", "stationary", "work")


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
        Why a run ended, (runs,): ``"reached"`` (all targets met), ``"time"`` (`max_time` is up), ``"stationary"`` (the path ends,
        or the gradient is too small for float64) or ``"work"`` (`max_evaluations` are used).
    evaluations
        Gradients evaluated, (runs,) int64.
    """

    theta: Floats
    time: Floats
    first_passage: dict[str, Floats]
    status: dict[str, npt.NDArray[np.str_]]
    ended: npt.NDArray[np.str_]
    evaluations: Ints


class _Samples(NamedTuple):
    """The samples as `passes.arrange` gives them, how many it added, how many there are, and their root mean square length."""

    features: Floats
    positives_from: int
    padding: float
    total: float
    length: float


class _Limits(NamedTuple):
    """What ends a run, and how exactly it is followed."""

    max_time: float
    max_evaluations: int
    tolerance: float


class _Step(NamedTuple):
    """A step of a block on trial; the last axis is the lane.

    The state has a row for each parameter, and the time as its last row.
    """

    state: Floats  # (d + 1, lanes), at its begin
    ahead: Floats  # (d + 1, lanes), at its end
    size: Floats  # (lanes,), its arc length
    slopes: Floats  # (STAGES_EXTENDED, d + 1, lanes), derivatives of the state in s at the stages
    error: Floats  # (lanes,), in units of what is allowed; nan where the step left the finite numbers
    bends: Floats  # (7, d + 1, lanes), coefficients of the interpolant
    place: Floats  # (d, lanes), where a pass is made
    gradient: Floats  # (d, lanes), what it gives: a sum over the samples
    scratch: Floats  # (0, lanes): a linear model keeps nothing


@subroutine
def _place_stage(step: _Step, stage: int) -> None:
    """Find the parameters at a stage from the slopes before it, and at the last one of the step proper the state ahead."""
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
def _turn(samples: _Samples, step: _Step, stage: int) -> None:
    """Write the slope of a stage, ``-g / |g|`` and ``1 / |g|``; scaled, so that no square leaves float64."""
    d = step.place.shape[0]
    for lane in range(WIDTH):
        scale = _FLAT
        for j in range(d):
            scale = max(scale, abs(step.gradient[j, lane]))
        squares = 0.0
        for j in range(d):
            part = step.gradient[j, lane] / scale
            squares += part * part
        # Below `_FLAT` the scale is too large, and the run is about to end.
        length = max(math.sqrt(squares), 1.0)
        for j in range(d):
            step.slopes[stage, j, lane] = -(step.gradient[j, lane] / scale) / length
        step.slopes[stage, d, lane] = samples.total / (scale * length)


@cache
def _stages(loss: Loss) -> Any:
    """The function that goes through the stages ``begin <= stage < end`` of a step, compiled for one loss."""
    one_pass = full_pass(MODELS["linear"], loss.derivative, scored=False)

    @compiled
    def stages(samples: _Samples, step: _Step, begin: int, end: int) -> None:
        for stage in range(begin, end):
            _place_stage(step, stage)
            one_pass(samples.features, samples.positives_from, samples.padding, step.place, step.scratch, step.gradient)
            _turn(samples, step, stage)

    return stages


@subroutine
def _weigh(step: _Step, weights: Floats, j: int, total: Floats) -> None:
    """Sum the slopes of row `j` with weights into `total` (lanes,), stage by stage."""
    for lane in range(WIDTH):
        total[lane] = 0.0
    for stage in range(STAGES_EXTENDED):
        if weights[stage] != 0.0:
            for lane in range(WIDTH):
                total[lane] += weights[stage] * step.slopes[stage, j, lane]


@compiled
def _judge(samples: _Samples, tolerance: float, step: _Step) -> None:
    """Estimate the error of the step on trial: Hairer, Norsett and Wanner (1993), equation II.10.17.

    A parameter may err by what moves the logits by a tolerance (or by what rounding does), the time by a tolerance of itself.
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
            allowed = max(tolerance / samples.length, 16.0 * 2.0**-52 * size) if j < rows - 1 else tolerance * ahead
            fifth[lane] += (low[lane] / allowed) * (low[lane] / allowed)
            third[lane] += (high[lane] / allowed) * (high[lane] / allowed)
    for lane in range(WIDTH):
        both = (fifth[lane] + 0.01 * third[lane]) * rows
        error = step.size[lane] * fifth[lane] / math.sqrt(both) if both > 0.0 else both
        step.error[lane] = error if step.ahead[rows - 1, lane] > 0.0 else np.nan


@compiled
def _bend(step: _Step) -> None:
    """Find the interpolant over the step: Hairer, Norsett and Wanner (1993), section II.6."""
    total = np.empty(WIDTH)
    for j in range(step.state.shape[0]):
        for lane in range(WIDTH):
            moved = step.ahead[j, lane] - step.state[j, lane]
            first, last = step.size[lane] * step.slopes[0, j, lane], step.size[lane] * step.slopes[STAGES, j, lane]
            step.bends[0, j, lane] = moved
            step.bends[1, j, lane] = first - moved
            step.bends[2, j, lane] = 2.0 * moved - (first + last)
        for k in range(4):
            _weigh(step, INTERPOLANT[k], j, total)
            for lane in range(WIDTH):
                step.bends[3 + k, j, lane] = step.size[lane] * total[lane]


@subroutine
def _between(step: _Step, j: int, lane: int, share: float) -> float:
    """Row `j` of the state where a share of the step is done: order 7."""
    total = 0.0
    for k in range(6, -1, -1):
        total = (total + step.bends[k, j, lane]) * (share if k % 2 == 0 else 1.0 - share)
    return float(step.state[j, lane] + total)


@compiled
def _times(step: _Step, shares: Floats, out: Floats) -> None:
    """Write the times (lanes,) where shares (lanes,) of the step are done."""
    for lane in range(WIDTH):
        out[lane] = _between(step, step.state.shape[0] - 1, lane, shares[lane])


_score_pass = full_pass(MODELS["linear"], None, scored=True)


@compiled
def _score(samples: _Samples, step: _Step, shares: Floats, scores: Floats) -> None:
    """Take the scores (k, 3, lanes) where shares (k, lanes) of the step are done."""
    for k in range(shares.shape[0]):
        for j in range(step.place.shape[0]):
            for lane in range(WIDTH):
                step.place[j, lane] = _between(step, j, lane, shares[k, lane])
        found = _score_pass(
            samples.features, samples.positives_from, samples.padding, step.place, step.scratch, step.gradient
        )
        store(scores[k], 0, found[0])
        store(scores[k], 1, found[1])
        store(scores[k], 2, found[2])


class _Block:
    """A vector of runs under way.

    Attributes
    ----------
    step
        The step on trial.
    thresholds, passage
        Per target, (3, lanes): the threshold, out of reach where it is not asked for, and the time at which it was met, else inf.
    end
        Why a run has ended, (lanes,); `_LIVE` while it has not.
    evaluations
        Gradients evaluated, (lanes,).
    """

    def __init__(self, samples: _Samples, limits: _Limits, stages: Any, starts: Floats, thresholds: Floats) -> None:
        lanes, d = starts.shape
        self.samples, self.limits, self.stages = samples, limits, stages
        state, slopes = np.zeros((d + 1, WIDTH)), np.zeros((STAGES_EXTENDED, d + 1, WIDTH))
        state[:d, :lanes] = starts.T
        size = np.full(WIDTH, _FIRST_STEP / samples.length)
        bends = np.zeros((7, d + 1, WIDTH))
        self.step = _Step(
            state, state.copy(), size, slopes, np.zeros(WIDTH), bends, aligned_rows(d), aligned_rows(d), aligned_rows(0)
        )
        self.thresholds = np.full((len(TARGETS), WIDTH), np.nan)
        self.thresholds[:, :lanes] = thresholds
        self.passage = np.full((3, WIDTH), np.inf)
        self.end = np.where(np.arange(WIDTH) < lanes, _LIVE, _ALL_MET)
        self.evaluations = np.ones(WIDTH, dtype=np.int64)
        self.refused = np.zeros(WIDTH, dtype=np.bool_)

    def follow(self) -> None:
        """Follow all runs to their ends."""
        # Lanes that have ended go through the motions, and what comes out of them is not used.
        with np.errstate(all="ignore"):
            self.stages(self.samples, self.step, 0, 1)
            self._begin()
            while (live := self.end == _LIVE).any():
                self.stages(self.samples, self.step, 1, STAGES_EXTENDED)
                self.evaluations[live] += STAGES_EXTENDED - 1
                _judge(self.samples, self.limits.tolerance, self.step)
                self._watch(live & (self.step.error <= 1.0))
                self._advance()

    # The path

    def _advance(self) -> None:
        """Move the runs whose step was exact enough, choose the next steps, and end the runs that cannot go on."""
        step, live = self.step, self.end == _LIVE
        accepted = live & (step.error <= 1.0)
        step.state[:, accepted] = step.ahead[:, accepted]
        step.slopes[0][:, accepted] = step.slopes[STAGES][:, accepted]
        # err**(-1/8) by square roots, which are exact operations. A nan gives the least factor.
        factor = np.fmax(_SAFETY / np.sqrt(np.sqrt(np.sqrt(step.error))), _LEAST_FACTOR)
        step.size[:] *= np.minimum(factor, np.where(accepted & ~self.refused, _LARGEST_FACTOR, 1.0))
        self.refused = live & ~accepted
        stuck = step.size * self.samples.length < _STANDSTILL * self.limits.tolerance
        self._stop(live & (self.evaluations >= self.limits.max_evaluations), _OUT_OF_WORK)
        self._stop(live & (self._flat() | stuck), _STATIONARY)

    def _flat(self) -> Bools:
        """Whether the gradient is too small for float64 where the runs stand; see `_turn`."""
        return np.asarray(self.step.slopes[0, -1] >= self.samples.total / _FLAT, dtype=np.bool_)

    def _stop(self, which: Bools, why: int) -> None:
        self.end[which] = why
        self.step.size[which] = 0.0

    # The targets

    def _begin(self) -> None:
        """Note the targets that hold at the start; a run may end there."""
        self.passage[self._hold(self._scores(np.zeros((1, WIDTH)))[0])] = 0.0
        live = self.end == _LIVE
        self._stop(live & self._flat(), _STATIONARY)
        self._stop(live & np.full(WIDTH, self.limits.max_time <= 0.0), _OUT_OF_TIME)
        self._stop(live & self._all_met(), _ALL_MET)

    def _scores(self, shares: Floats) -> Floats:
        """Scores (k, 3, lanes) where shares (k, lanes) of the step are done."""
        scores = np.empty((len(shares), 3, WIDTH))
        _score(self.samples, self.step, shares, scores)
        return scores

    def _time_at(self, shares: Floats) -> Floats:
        """Times (lanes,) where shares (lanes,) of the step are done."""
        times = np.empty(WIDTH)
        _times(self.step, shares, times)
        return times

    def _hold(self, scores: Floats) -> Any:
        """Whether targets hold, (..., lanes) of scores (..., 3, lanes): accuracy upwards, the others downwards."""
        sign = np.array([[1.0], [-1.0], [-1.0]])
        return sign * (scores - self.thresholds) >= 0.0

    @property
    def _asked(self) -> Bools:
        return np.asarray(np.isfinite(self.thresholds), dtype=np.bool_)

    def _all_met(self) -> Bools:
        """Whether a run has met all targets asked for, of which there is one at least."""
        left = self._asked & (self.passage == np.inf)
        return np.asarray(self._asked.any(axis=0) & ~left.any(axis=0))

    def _watch(self, accepted: Bools) -> None:
        """Note the targets met within the accepted steps, and end the runs that have met all or have no time left."""
        if not accepted.any():
            return
        _bend(self.step)
        out_of_time = accepted & (self.step.ahead[-1] >= self.limits.max_time)
        last = np.where(out_of_time, self._time_share(), 1.0) if out_of_time.any() else np.ones(WIDTH)
        begin, share = self._search(accepted & self._asked & (self.passage == np.inf), last)
        met = share <= last
        for target in np.flatnonzero(met.any(axis=1)):
            time = np.where((begin[target] == 0.0) & (self.step.state[-1] == 0.0), 0.0, self._time_at(share[target]))
            met[target] &= time <= self.limits.max_time
            self.passage[target] = np.where(met[target], time, self.passage[target])
        through = met.any(axis=0) & self._all_met()
        self._finish(through, _ALL_MET, np.where(met, share, 0.0).max(axis=0))
        self._finish(out_of_time & ~through, _OUT_OF_TIME, last)

    def _search(self, sought: Bools, last: Floats) -> tuple[Floats, Floats]:
        """Find the share of the step, (3, lanes), at which a target sought first holds, inf where none does; and one before.

        The step counts up to its share `last`, (lanes,).
        """
        begin = end = np.full((3, WIDTH), np.inf)
        if sought.any():
            looks = np.arange(_LOOKS + 1)[:, None] / _LOOKS * last
            holds = self._hold(self._scores(looks[1:])) & sought
            found, first = holds.any(axis=0), holds.argmax(axis=0)
            begin, end = (np.where(found, np.take_along_axis(looks, first + k, axis=0), np.inf) for k in (0, 1))
            for target in np.flatnonzero(found.any(axis=1)):
                begin[target], end[target] = self._halve(target, begin[target], end[target])
        return begin, end

    def _halve(self, target: np.intp, begin: Floats, end: Floats) -> tuple[Floats, Floats]:
        """Close in on where a target begins to hold: it does not at `begin`, it does at `end`."""
        for _ in range(_HALVINGS):
            middle = 0.5 * (begin + end)
            holds = self._hold(self._scores(middle[None])[0])[target]
            begin, end = np.where(holds, begin, middle), np.where(holds, middle, end)
        return begin, end

    def _time_share(self) -> Floats:
        """The largest share of the step, (lanes,), up to which `max_time` is not exceeded; time only grows."""
        begin, end = np.zeros(WIDTH), np.ones(WIDTH)
        while True:
            middle = 0.5 * (begin + end)
            inside = (begin < middle) & (middle < end)
            if not inside.any():
                return begin
            late = self._time_at(middle) > self.limits.max_time
            begin, end = np.where(inside & ~late, middle, begin), np.where(inside & late, middle, end)

    def _finish(self, which: Bools, why: int, share: Floats) -> None:
        """End runs where a share of the step is done."""
        if which.any():
            self._scores(share[None])
            time = self._time_at(share)
            self.step.state[:-1, which] = self.step.place[:, which]
            self.step.state[-1, which] = time[which]
            self._stop(which, why)


# --- The public function ----------------------------------------------------------------------------------------------


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

    It is what `descend` tends to as the rate goes to 0: a step at rate eta advances the time by eta.  A run ends when all its
    targets have been met, when its time is up, when its path ends, or when its work is spent.  The results are the same to the
    bit for any company and order of the runs and on any processor.

    Parameters
    ----------
    features
        (n, d) real numbers within +-1e140, the bias column included.  (`descend`, whose times are numbers of steps, has no such
        limit.)
    labels
        (n,) of 0 and 1.
    starts
        (runs, d) finite real numbers, the parameters at time 0.
    loss
        A name from `kernels.LOSSES`.
    targets
        Thresholds by name as for `descend`, each one for all or (runs,): ``accuracy``, ``brier``, ``logloss``.  A target met from
        the first instant on, but not at the start itself, is met at time 0.  None: every run uses its whole time.
    max_time
        The time after which a run is censored, at least 0 and at most 1e300.
    tolerance
        Allowed error of one step, from 1e-13 to 1e-3: of a logit (root mean square over the samples), and of the time relative to
        itself.
    max_evaluations
        Gradients that a run may evaluate, at least 1; checked after each step.

    Returns
    -------
    Flow

    Raises
    ------
    ValueError
        Naming the argument, the value and what is allowed.  ``accuracy`` as a target needs samples of both classes.

    Notes
    -----
    The method is Dormand and Prince's of order 8 with an interpolant of order 7.  Targets are looked for at eight points of each
    step, or of its part before `max_time`, and the crossing between two of them by halving.  So a target that holds for less
    than an eighth of a step and then no longer may be missed; the score that a loss itself descends cannot do that.

    A path ends at a stationary point.  That is taken to be reached where error control asks for steps which move the logits by
    less than ten tolerances: near such a point the direction of the gradient turns within the distance to it.  A run also ends
    where no component of the gradient, summed over the samples, exceeds 1e-300.  A margin beyond +-708 counts as +-708 in a
    gradient.

    See Also
    --------
    scipy.integrate.solve_ivp : the same method (``DOP853``) for one run at a time; its sums are those of BLAS.
    """
    chosen = checks.known_loss(loss)
    x, y = checks.samples(features, labels, _LARGEST_FEATURE)
    theta = checks.vectors("starts", starts, MODELS["linear"], x.shape[1])
    asked, thresholds = checks.thresholds_of(targets, y, len(theta))
    limits = _Limits(
        max_time=checks.number_between("max_time", max_time, 0.0, 1e300),
        max_evaluations=checks.evaluation_budget(max_evaluations),
        tolerance=checks.number_between("tolerance", tolerance, 1e-13, 1e-3),
    )
    arranged, positives_from = arrange(x, y)
    # Row by row, then column by column: the order of the sum is the same on every machine.
    squares = sum(np.add.reduce(np.ascontiguousarray(x * x), axis=0).tolist())
    samples = _Samples(
        features=arranged,
        positives_from=positives_from,
        padding=float(len(arranged) - len(x)),
        total=float(len(x)),
        length=math.sqrt(squares / len(x)) or 1.0,
    )
    return _follow(chosen, samples, limits, theta, thresholds, asked)


def _follow(
    loss: Loss, samples: _Samples, limits: _Limits, starts: Floats, thresholds: Floats, asked: tuple[str, ...]
) -> Flow:
    """Follow all runs, a block at a time."""
    stages = _stages(loss)
    runs, d = starts.shape
    states, passages = np.empty((d + 1, runs)), np.empty((3, runs))
    ends, evaluations = np.zeros(runs, dtype=np.int64), np.zeros(runs, dtype=np.int64)
    for first in range(0, runs, WIDTH):
        part = slice(first, min(first + WIDTH, runs))
        lanes = part.stop - part.start
        block = _Block(samples, limits, stages, starts[part], thresholds[:, part])
        block.follow()
        states[:, part], passages[:, part] = block.step.state[:, :lanes], block.passage[:, :lanes]
        ends[part], evaluations[part] = block.end[:lanes], block.evaluations[:lanes]
    first_passage = {name: passages[TARGETS.index(name)] for name in asked}
    return Flow(
        theta=np.ascontiguousarray(states[:d].T),
        time=states[d],
        first_passage=first_passage,
        status={name: np.where(times < np.inf, "reached", "censored") for name, times in first_passage.items()},
        ended=np.array(_ENDS)[ends],
        evaluations=evaluations,
    )
