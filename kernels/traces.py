"""The scores of runs at given steps, every term to full relative accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels.arithmetic import _expit, _softplus
from kernels.jit import lanewise, subroutine
from kernels.lanes import NEXT_TRACE, STEP, Lanes, Outcome, Task
from kernels.models import GROUP, Model
from kernels.vectors import WIDTH, any_true, load, store

__all__ = ["any_due", "recorder"]


@subroutine
def _add_scores(z: float, y: float, sums: Any) -> None:
    """Add a sample's accuracy, squared error and log loss to `sums` (3,)."""
    margin = (2.0 * y - 1.0) * z
    wrong = _expit(-margin)
    sums[0] += 1.0 if margin > 0.0 else 0.0
    sums[1] += wrong * wrong
    sums[2] += _softplus(-margin)


@subroutine
def _write(task: Task, outcome: Outcome, lanes: Lanes, lane: int, sums: Any) -> None:
    """Record the scores of the run in `lane`, and set its next step to record."""
    k = 0
    while task.trace_steps[k] < lanes.state[STEP, lane]:
        k += 1
    for score in range(3):
        outcome.trace[score, lanes.run[lane], k] = sums[score] / task.raw_labels.size
    lanes.state[NEXT_TRACE, lane] = task.trace_steps[k + 1] if k + 1 < task.trace_steps.size else np.inf


@lanewise
def any_due(lanes: Lanes) -> Any:
    """Whether a run is at a step to be recorded."""
    return any_true(load(lanes.state, STEP) >= load(lanes.state, NEXT_TRACE))


def recorder(model: Model) -> Any:
    """The function ``(task, outcome, lanes)`` that records the runs that are at a step to be recorded."""
    logits = model.logits

    @subroutine
    def record_due(task: Task, outcome: Outcome, lanes: Lanes) -> None:
        group, sums = np.empty((GROUP, WIDTH)), np.zeros((WIDTH, 3))
        for i in range(0, task.raw_labels.size, GROUP):
            z0, z1, z2, z3 = logits(task.raw_features, i, lanes.theta, lanes.scratch)
            store(group, 0, z0)
            store(group, 1, z1)
            store(group, 2, z2)
            store(group, 3, z3)
            for k in range(min(GROUP, task.raw_labels.size - i)):
                for lane in range(WIDTH):
                    if lanes.state[STEP, lane] >= lanes.state[NEXT_TRACE, lane]:
                        _add_scores(group[k, lane], task.raw_labels[i + k], sums[lane])
        for lane in range(WIDTH):
            if lanes.state[STEP, lane] >= lanes.state[NEXT_TRACE, lane]:
                _write(task, outcome, lanes, lane, sums[lane])

    return record_due
