"""A vector of runs that follow gradient flow: their steps, and the events at which they meet targets."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from kernels.dop853 import STAGES, STAGES_EXTENDED
from kernels.flow_step import LEAST_GRADIENT, Samples, Step, dense_output, error_norm, scores_at, times_at
from kernels.samples import aligned_rows
from kernels.targets import TARGETS
from kernels.vectors import WIDTH

__all__ = ["ENDS", "Block", "Limits"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# A run stops as stationary where error control requires steps that move the logits by less than this many
# tolerances.
_STANDSTILL: Final = 10.0
# The first step moves the logits by about this much; from there on error control decides.
_FIRST_STEP: Final = 0.1
_LEAST_FACTOR, _LARGEST_FACTOR, _SAFETY = 0.2, 10.0, 0.9
# Targets are looked for at this many points of each step, then between two of them by halving.
_LOOKS: Final = 8
_HALVINGS: Final = 40

_LIVE, _ALL_MET, _OUT_OF_TIME, _STATIONARY, _OUT_OF_WORK = range(5)
ENDS: Final = ("", "reached", "time", "stationary", "work")


class Limits(NamedTuple):
    """What ends a run, and how accurately it is followed."""

    max_time: float
    max_evaluations: int
    tolerance: float


class Block:
    """A vector of runs under way.

    Attributes
    ----------
    step
        The step on trial.
    thresholds, passage
        Per target, (3, lanes): the threshold, unreachable if not requested, and the time at which
        it was met, else inf.
    end
        Why a run has ended, (lanes,); `_LIVE` while it has not.
    evaluations
        Gradients evaluated, (lanes,).
    """

    def __init__(
        self, samples: Samples, limits: Limits, stages: Any, starts: Floats, thresholds: Floats
    ) -> None:
        lanes, d = starts.shape
        self.samples, self.limits, self.stages = samples, limits, stages
        state, slopes = np.zeros((d + 1, WIDTH)), np.zeros((STAGES_EXTENDED, d + 1, WIDTH))
        state[:d, :lanes] = starts.T
        size = np.full(WIDTH, _FIRST_STEP / samples.length)
        dense = np.zeros((7, d + 1, WIDTH))
        self.step = Step(
            state,
            state.copy(),
            size,
            slopes,
            np.zeros(WIDTH),
            dense,
            aligned_rows(d),
            aligned_rows(d),
            aligned_rows(0),
        )
        self.thresholds = np.full((len(TARGETS), WIDTH), np.nan)
        self.thresholds[:, :lanes] = thresholds
        self.passage = np.full((3, WIDTH), np.inf)
        self.end = np.where(np.arange(WIDTH) < lanes, _LIVE, _ALL_MET)
        self.evaluations = np.ones(WIDTH, dtype=np.int64)
        self.refused = np.zeros(WIDTH, dtype=np.bool_)

    def follow(self) -> None:
        """Follow all runs to their ends."""
        # Lanes that have ended are still computed, and ignored.
        with np.errstate(all="ignore"):
            self.stages(self.samples, self.step, 0, 1)
            self._begin()
            while (live := self.end == _LIVE).any():
                self.stages(self.samples, self.step, 1, STAGES_EXTENDED)
                self.evaluations[live] += STAGES_EXTENDED - 1
                error_norm(self.samples, self.limits.tolerance, self.step)
                self._find_events(live & (self.step.error <= 1.0))
                self._advance()

    # The path

    def _advance(self) -> None:
        """Move the runs whose step was exact enough, choose the next steps, end runs that cannot go on."""
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
        self._stop(live & (self._without_gradient() | stuck), _STATIONARY)

    def _without_gradient(self) -> Bools:
        """Whether the gradient is too small for float64 where the runs are; see `_rhs`."""
        return np.asarray(
            self.step.slopes[0, -1] >= self.samples.classes.total / LEAST_GRADIENT, dtype=np.bool_
        )

    def _stop(self, which: Bools, why: int) -> None:
        self.end[which] = why
        self.step.size[which] = 0.0

    # The targets

    def _begin(self) -> None:
        """Note the targets that hold at the start; a run may end there."""
        self.passage[self._hold(self._scores(np.zeros((1, WIDTH)))[0])] = 0.0
        live = self.end == _LIVE
        self._stop(live & self._without_gradient(), _STATIONARY)
        self._stop(live & np.full(WIDTH, self.limits.max_time <= 0.0), _OUT_OF_TIME)
        self._stop(live & self._all_met(), _ALL_MET)

    def _scores(self, shares: Floats) -> Floats:
        """Scores (k, 3, lanes) where shares (k, lanes) of the step are done."""
        scores = np.empty((len(shares), 3, WIDTH))
        scores_at(self.samples, self.step, shares, scores)
        return scores

    def _time_at(self, shares: Floats) -> Floats:
        """Times (lanes,) where shares (lanes,) of the step are done."""
        times = np.empty(WIDTH)
        times_at(self.step, shares, times)
        return times

    def _hold(self, scores: Floats) -> Any:
        """Whether targets hold, (..., lanes), of scores (..., 3, lanes); accuracy upwards, others down."""
        sign = np.array([[1.0], [-1.0], [-1.0]])
        return sign * (scores - self.thresholds) >= 0.0

    @property
    def _asked(self) -> Bools:
        return np.asarray(np.isfinite(self.thresholds), dtype=np.bool_)

    def _all_met(self) -> Bools:
        """Whether a run has met all targets asked for, of which there is one at least."""
        left = self._asked & (self.passage == np.inf)
        return np.asarray(self._asked.any(axis=0) & ~left.any(axis=0))

    def _find_events(self, accepted: Bools) -> None:
        """Note targets met within the accepted steps; end runs that have met all, or have no time left."""
        if not accepted.any():
            return
        dense_output(self.step)
        out_of_time = accepted & (self.step.ahead[-1] >= self.limits.max_time)
        last = np.where(out_of_time, self._time_share(), 1.0) if out_of_time.any() else np.ones(WIDTH)
        begin, share = self._search(accepted & self._asked & (self.passage == np.inf), last)
        met = share <= last
        for target in np.flatnonzero(met.any(axis=1)):
            time = np.where(
                (begin[target] == 0.0) & (self.step.state[-1] == 0.0), 0.0, self._time_at(share[target])
            )
            met[target] &= time <= self.limits.max_time
            self.passage[target] = np.where(met[target], time, self.passage[target])
        through = met.any(axis=0) & self._all_met()
        self._finish(through, _ALL_MET, np.where(met, share, 0.0).max(axis=0))
        self._finish(out_of_time & ~through, _OUT_OF_TIME, last)

    def _search(self, sought: Bools, last: Floats) -> tuple[Floats, Floats]:
        """Find the share of the step at which a target sought first holds, and one just before it.

        Both are (3, lanes), inf where the target holds nowhere in the step.
        The step counts up to its share `last`, (lanes,).
        """
        begin = end = np.full((3, WIDTH), np.inf)
        if sought.any():
            looks = np.arange(_LOOKS + 1)[:, None] / _LOOKS * last
            holds = self._hold(self._scores(looks[1:])) & sought
            found, first = holds.any(axis=0), holds.argmax(axis=0)
            begin, end = (
                np.where(found, np.take_along_axis(looks, first + k, axis=0), np.inf) for k in (0, 1)
            )
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
        """The largest share of the step, (lanes,), that does not exceed `max_time`; time only grows."""
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
