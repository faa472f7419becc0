"""The runs of one worker, one a lane: loaded from a queue, retired when they end, replaced by the next."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from kernels.jit import lanewise, subroutine
from kernels.samples import Classes, aligned_rows
from kernels.vectors import WIDTH, any_true, fetch_add, load

__all__ = [
    "BUDGET",
    "NEXT_TRACE",
    "RATE",
    "STEP",
    "Lanes",
    "Outcome",
    "Task",
    "any_spent",
    "close_gaps",
    "empty_lanes",
    "empty_stack",
    "lanes_of",
    "refill",
    "rest_empty",
    "retire",
    "retire_diverged",
    "retire_spent",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STEP: Final = 0
"""Row of `Lanes.state`: steps taken, exact up to 2**53; -inf in an empty lane."""

NEXT_TRACE: Final = 1
"""Row of `Lanes.state`: the next step to record; inf where there is none."""

RATE: Final = 2
"""Row of `Lanes.state`: the learning rate; 0 in an empty lane."""

BUDGET: Final = 3
"""Row of `Lanes.state`: the steps that the run may take; inf in an empty lane."""

_STATE_ROWS: Final = 4


class Task(NamedTuple):
    """What all workers share; none changes anything but the queue.

    Attributes
    ----------
    features, classes
        The samples as `samples.arrange` gives them, and where it puts each class.
    raw_features, raw_labels
        The same samples in the order they came in, for the recorded scores; the features as `samples.pad`
        gives them.
    starts
        (runs, rows) parameters at step 0.
    rates
        (runs,) learning rates.
    thresholds
        (3, runs), in the order of `targets.TARGETS`; nan where a target is not requested.
    hold
        A target is met by holding at this many checks in a row.
    check_every
        Steps from one check of the targets to the next.
    max_steps
        (runs,) budgets, whole numbers.
    trace_steps
        (k,) increasing steps to record.
    order
        (runs,) the runs in the order in which they are loaded.
    queue
        (1,) the next place in that order that no worker has taken.
    """

    features: Floats
    classes: Classes
    raw_features: Floats
    raw_labels: Floats
    starts: Floats
    rates: Floats
    thresholds: Floats
    hold: float
    check_every: float
    max_steps: Floats
    trace_steps: Ints
    order: Ints
    queue: Ints


class Outcome(NamedTuple):
    """What the workers fill in: (runs, rows), (runs,), (3, runs) with -1 for never, and (3, runs, k)."""

    theta: Floats
    steps_run: Ints
    arrival: Ints
    trace: Floats


class Lanes(NamedTuple):
    """A vector of runs, a column each; or a stack of such vectors, with one dimension more in front.

    Attributes
    ----------
    run
        (lanes,) numbers of the runs, -1 in an empty lane.
    theta, gradient
        (rows, lanes) parameters, and the sum of the gradient over the samples.
    memory, clocks
        What the optimiser remembers for each parameter and for each run; 0 at a run's start.
    scratch
        What the model keeps from the logits of four samples for their gradient.
    state
        Rows `STEP`, `NEXT_TRACE`, `RATE` and `BUDGET`.
    thresholds
        (3, lanes), nan from the moment on at which a target is met.
    missed
        (3, lanes), the step of the last check at which a target did not hold; at a run's start that of the
        check that would have been next before step 0.
    """

    run: Ints
    theta: Floats
    gradient: Floats
    memory: Floats
    clocks: Floats
    scratch: Floats
    state: Floats
    thresholds: Floats
    missed: Floats


def empty_lanes(rows: int, memory: int, clocks: int, scratch: int) -> Lanes:
    """Lanes without runs, with the given numbers of rows of parameters, memory, clocks and scratch."""
    return Lanes(
        run=np.full(WIDTH, -1),
        theta=aligned_rows(rows),
        gradient=aligned_rows(rows),
        memory=aligned_rows(memory),
        clocks=aligned_rows(clocks),
        scratch=aligned_rows(scratch),
        state=aligned_rows(_STATE_ROWS),
        thresholds=aligned_rows(3),
        missed=aligned_rows(3),
    )


def empty_stack(vectors: int, rows: int, memory: int, clocks: int, scratch: int) -> Lanes:
    """A stack of `vectors` lanes without runs."""
    one = empty_lanes(rows, memory, clocks, scratch)
    parts = [aligned_rows(vectors * len(part)).reshape(vectors, -1, WIDTH) for part in one[1:]]
    return Lanes(np.full((vectors, WIDTH), -1), *parts)


@subroutine
def lanes_of(stack: Lanes, vector: int) -> Lanes:
    """One vector of a stack."""
    return Lanes(
        stack.run[vector],
        stack.theta[vector],
        stack.gradient[vector],
        stack.memory[vector],
        stack.clocks[vector],
        stack.scratch[vector],
        stack.state[vector],
        stack.thresholds[vector],
        stack.missed[vector],
    )


@subroutine
def _load(task: Task, lanes: Lanes, lane: int, place: int) -> None:
    """Put the run at a place of the order into `lane`; if there is none, it is left empty and at rest."""
    found = place < task.order.shape[0]
    run = task.order[place] if found else -1
    lanes.run[lane] = run
    for j in range(lanes.theta.shape[0]):
        lanes.theta[j, lane] = task.starts[run, j] if found else 0.0
    lanes.memory[:, lane] = 0.0
    lanes.clocks[:, lane] = 0.0
    for k in range(lanes.thresholds.shape[0]):
        lanes.thresholds[k, lane] = task.thresholds[k, run] if found else np.nan
        lanes.missed[k, lane] = -task.check_every
    lanes.state[STEP, lane] = 0.0 if found else -np.inf
    lanes.state[RATE, lane] = task.rates[run] if found else 0.0
    lanes.state[BUDGET, lane] = task.max_steps[run] if found else np.inf
    lanes.state[NEXT_TRACE, lane] = task.trace_steps[0] if found and task.trace_steps.size else np.inf


@subroutine
def retire(outcome: Outcome, lanes: Lanes, lane: int) -> None:
    """Write down where the run in `lane` ended, and leave the lane empty."""
    run = lanes.run[lane]
    for j in range(lanes.theta.shape[0]):
        outcome.theta[run, j] = lanes.theta[j, lane]
    outcome.steps_run[run] = np.int64(lanes.state[STEP, lane])
    lanes.run[lane] = -1
    for k in range(lanes.thresholds.shape[0]):
        lanes.thresholds[k, lane] = np.nan
    lanes.state[STEP, lane] = -np.inf


@subroutine
def refill(task: Task, lanes: Lanes, width: int) -> int:
    """Load runs from the queue into the empty ones of the first lanes; return how many runs these hold."""
    active = 0
    for lane in range(width):
        if lanes.run[lane] < 0:
            _load(task, lanes, lane, fetch_add(task.queue, 1))
        if lanes.run[lane] >= 0:
            active += 1
    return active


@lanewise
def any_spent(lanes: Lanes) -> Any:
    """Whether a run has used its budget."""
    return any_true(load(lanes.state, STEP) >= load(lanes.state, BUDGET))


@subroutine
def retire_spent(outcome: Outcome, lanes: Lanes) -> bool:
    """Retire the runs that have used their budget; return whether others are left."""
    left = False
    for lane in range(WIDTH):
        if lanes.state[STEP, lane] >= lanes.state[BUDGET, lane]:
            retire(outcome, lanes, lane)
        left = left or lanes.run[lane] >= 0
    return left


@subroutine
def retire_diverged(outcome: Outcome, lanes: Lanes) -> None:
    """Retire the runs that have a parameter which is no longer finite."""
    for lane in range(WIDTH):
        if lanes.run[lane] >= 0:
            for j in range(lanes.theta.shape[0]):
                if not np.isfinite(lanes.theta[j, lane]):
                    retire(outcome, lanes, lane)
                    break


@subroutine
def rest_empty(task: Task, lanes: Lanes) -> None:
    """Put empty lanes at rest, where a step does not move them: nothing refills them soon."""
    for lane in range(WIDTH):
        if lanes.run[lane] < 0:
            _load(task, lanes, lane, task.order.shape[0])


@subroutine
def _move(stack: Lanes, source: int, goal: int) -> None:
    """Move a run to an empty lane; both are counted through the stack."""
    (a, i), (b, j) = (source // WIDTH, source % WIDTH), (goal // WIDTH, goal % WIDTH)
    stack.run[b, j] = stack.run[a, i]
    for rows in (stack.theta, stack.memory, stack.clocks, stack.state, stack.thresholds, stack.missed):
        rows[b, :, j] = rows[a, :, i]
    stack.run[a, i] = -1


@subroutine
def close_gaps(task: Task, stack: Lanes, occupied: int) -> int:
    """Move the last runs of the first `occupied` vectors into empty lanes before them.

    Returns how many vectors still hold a run.
    """
    last = occupied * WIDTH - 1
    for goal in range(occupied * WIDTH):
        while last > goal and stack.run[last // WIDTH, last % WIDTH] < 0:
            last -= 1
        if last <= goal:
            break
        if stack.run[goal // WIDTH, goal % WIDTH] < 0:
            _move(stack, last, goal)
    active = 0
    for vector in range(occupied):
        rest_empty(task, lanes_of(stack, vector))
        active += (stack.run[vector] >= 0).any()
    return active
