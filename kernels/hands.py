"""The runs a worker has in hand, one a lane: taken from a queue, recorded, settled, and replaced by the next."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from kernels.arithmetic import _expit, _softplus, lanewise
from kernels.passes import aligned_rows
from kernels.vectors import WIDTH, all_true, any_true, fetch_add, fma, load, store

__all__ = [
    "Hand",
    "Outcome",
    "Task",
    "any_spent",
    "empty_hand",
    "record",
    "replace_diverged",
    "replace_spent",
    "settle",
    "take_runs",
    "update",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

bookkeeping = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""Decorator for what a worker does now and then: compiled apart from its loop."""

# Rows of a hand's state. The first three thresholds keep the order of `checks.TARGETS`; steps are exact up to 2**53.
_ACCURACY, _BRIER, _LOGLOSS, _STEP, _NEXT_TRACE, _STEP_SIZE = range(6)
_STATE_ROWS: Final = 6


class Task(NamedTuple):
    """What all workers share and none changes, but for the queue.

    Attributes
    ----------
    features, positives_from, padding
        The samples as `passes.arrange` gives them, and how many it added.
    raw_features, raw_labels
        The same samples as they came, for the recorded scores.
    starts
        (runs, d) parameters at step 0.
    step_sizes
        (runs,) learning rate divided by the number of samples.
    thresholds
        (3, runs), out of reach where a target is not asked for.
    max_steps
        The budget.
    trace_steps
        (k,) increasing steps to record.
    queue
        (1,) the next run that nobody has taken.
    """

    features: Floats
    positives_from: int
    padding: float
    raw_features: Floats
    raw_labels: Floats
    starts: Floats
    step_sizes: Floats
    thresholds: Floats
    max_steps: int
    trace_steps: Ints
    queue: Ints


class Outcome(NamedTuple):
    """What the workers fill in: (runs, d), (runs,), (3, runs) with -1 for never, and (3, runs, k)."""

    theta: Floats
    steps_run: Ints
    first_passage: Ints
    trace: Floats


class Hand(NamedTuple):
    """The runs of one worker, a column each: their numbers, -1 for an empty lane, parameters, gradients, state and scores."""

    run: Ints
    theta: Floats
    gradient: Floats
    state: Floats
    scores: Floats


def empty_hand(d: int) -> Hand:
    """A hand for runs of `d` parameters."""
    return Hand(np.full(WIDTH, -1), aligned_rows(d), aligned_rows(d), aligned_rows(_STATE_ROWS), aligned_rows(3))


@bookkeeping
def _take_run(task: Task, hand: Hand, lane: int, first_step: float) -> int:
    """Put the next run of the queue into `lane`, or leave it empty where there is none; return how many were put in."""
    run = fetch_add(task.queue, 1)
    found = run < task.starts.shape[0]
    state = hand.state
    for j in range(hand.theta.shape[0]):
        hand.theta[j, lane] = task.starts[run, j] if found else 0.0
        # What is left of the run before must not move this one.
        hand.gradient[j, lane] = 0.0
    hand.run[lane] = run if found else -1
    state[_STEP, lane] = first_step if found else -np.inf
    state[_STEP_SIZE, lane] = task.step_sizes[run] if found else 0.0
    state[_NEXT_TRACE, lane] = task.trace_steps[0] if found and task.trace_steps.size else np.inf
    state[_ACCURACY, lane] = task.thresholds[_ACCURACY, run] if found else np.inf
    state[_BRIER, lane] = task.thresholds[_BRIER, run] if found else -np.inf
    state[_LOGLOSS, lane] = task.thresholds[_LOGLOSS, run] if found else -np.inf
    return 1 if found else 0


@bookkeeping
def take_runs(task: Task, hand: Hand) -> int:
    """Fill the hand from the queue; return how many runs it holds."""
    held = 0
    for lane in range(WIDTH):
        held += _take_run(task, hand, lane, 0.0)
    return held


@bookkeeping
def _replace(task: Task, outcome: Outcome, hand: Hand, lane: int, first_step: float) -> Any:
    """Write down where the run in `lane` ended and take the next; return the change in runs held."""
    run = hand.run[lane]
    for j in range(hand.theta.shape[0]):
        outcome.theta[run, j] = hand.theta[j, lane]
    outcome.steps_run[run] = np.int64(hand.state[_STEP, lane])
    return _take_run(task, hand, lane, first_step) - 1


@lanewise
def any_spent(task: Task, hand: Hand) -> Any:
    """Whether a run has used its budget."""
    return any_true(load(hand.state, _STEP) >= float(task.max_steps))


@bookkeeping
def replace_spent(task: Task, outcome: Outcome, hand: Hand) -> int:
    """Replace the runs that have used their budget; return the change in runs held."""
    change = 0
    for lane in range(WIDTH):
        if hand.state[_STEP, lane] >= task.max_steps:
            change += _replace(task, outcome, hand, lane, 0.0)
    return change


@bookkeeping
def _record_lane(task: Task, outcome: Outcome, hand: Hand, lane: int) -> None:
    """Record the scores of the run in `lane`, every term to full relative accuracy, and set its next step to record."""
    n, d = task.raw_features.shape
    correct, squares, logloss = 0.0, 0.0, 0.0
    for i in range(n):
        z = 0.0
        for j in range(d):
            z = fma(task.raw_features[i, j], hand.theta[j, lane], z)
        margin = (2.0 * task.raw_labels[i] - 1.0) * z
        wrong = _expit(-margin)
        correct += 1.0 if margin > 0.0 else 0.0
        squares += wrong * wrong
        logloss += _softplus(-margin)
    k = 0
    while task.trace_steps[k] < hand.state[_STEP, lane]:
        k += 1
    run = hand.run[lane]
    outcome.trace[_ACCURACY, run, k] = correct / n
    outcome.trace[_BRIER, run, k] = squares / n
    outcome.trace[_LOGLOSS, run, k] = logloss / n
    hand.state[_NEXT_TRACE, lane] = task.trace_steps[k + 1] if k + 1 < task.trace_steps.size else np.inf


@lanewise
def record(task: Task, outcome: Outcome, hand: Hand) -> None:
    """Record the scores of the runs that stand at a step to be recorded."""
    if any_true(load(hand.state, _STEP) >= load(hand.state, _NEXT_TRACE)):
        for lane in range(WIDTH):
            if hand.state[_STEP, lane] >= hand.state[_NEXT_TRACE, lane]:
                _record_lane(task, outcome, hand, lane)


@bookkeeping
def _settle_lanes(task: Task, outcome: Outcome, hand: Hand) -> int:
    """Note the targets that hold first at this step, and replace the runs that are through; return the change in runs held."""
    state, scores = hand.state, hand.scores
    change = 0
    for lane in range(WIDTH):
        run = hand.run[lane]
        if run < 0:
            continue
        step = state[_STEP, lane]
        # A threshold that has been met is put out of reach.
        if scores[_ACCURACY, lane] >= state[_ACCURACY, lane]:
            outcome.first_passage[_ACCURACY, run] = np.int64(step)
            state[_ACCURACY, lane] = np.inf
        if scores[_BRIER, lane] <= state[_BRIER, lane]:
            outcome.first_passage[_BRIER, run] = np.int64(step)
            state[_BRIER, lane] = -np.inf
        if scores[_LOGLOSS, lane] <= state[_LOGLOSS, lane]:
            outcome.first_passage[_LOGLOSS, run] = np.int64(step)
            state[_LOGLOSS, lane] = -np.inf
        decided = (
            state[_ACCURACY, lane] == np.inf and state[_BRIER, lane] == -np.inf and state[_LOGLOSS, lane] == -np.inf
        )
        if decided or step >= task.max_steps:
            # The update that comes next is not meant for the new run: its gradient is 0, and its step counts from -1.
            change += _replace(task, outcome, hand, lane, -1.0)
    return change


@lanewise
def settle(task: Task, outcome: Outcome, hand: Hand, scores: Any) -> Any:
    """Compare `scores` (accuracy, Brier score, log loss) with the thresholds, between a pass and its update.

    Returns the change in runs held: those that are decided or at their budget are replaced.
    """
    accuracy, brier, logloss = scores
    state = hand.state
    if (
        any_true(accuracy >= load(state, _ACCURACY))
        or any_true(brier <= load(state, _BRIER))
        or any_true(logloss <= load(state, _LOGLOSS))
        or any_spent(task, hand)
    ):
        store(hand.scores, _ACCURACY, accuracy)
        store(hand.scores, _BRIER, brier)
        store(hand.scores, _LOGLOSS, logloss)
        return _settle_lanes(task, outcome, hand)
    return 0


@lanewise
def update(hand: Hand) -> Any:
    """Take one step in every lane; return whether all parameters are still finite."""
    step_size = load(hand.state, _STEP_SIZE)
    zero = 0.0 * step_size
    check = zero
    for j in range(hand.theta.shape[0]):
        moved = fma(-step_size, load(hand.gradient, j), load(hand.theta, j))
        store(hand.theta, j, moved)
        # 0 times inf or nan is nan, and stays.
        check = fma(moved, zero, check)
    store(hand.state, _STEP, load(hand.state, _STEP) + 1.0)
    return all_true(check <= 0.0)


@bookkeeping
def replace_diverged(task: Task, outcome: Outcome, hand: Hand) -> int:
    """Replace the runs that have a parameter which is no longer finite; return the change in runs held."""
    change = 0
    for lane in range(WIDTH):
        check = 0.0
        for j in range(hand.theta.shape[0]):
            check += 0.0 * hand.theta[j, lane]
        if not check <= 0.0:
            change += _replace(task, outcome, hand, lane, 0.0)
    return change
