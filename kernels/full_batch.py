"""The loop of one thread where every step and every check of the targets takes all samples.

A worker holds a vector of runs, one a lane, and loads the next run from the queue whenever one of them ends:
so a run costs only its own steps, and no run waits for the slowest of a block.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from kernels.few_runs import FEW, sample_pass
from kernels.jit import compiled, lanewise
from kernels.lanes import (
    Lanes,
    Outcome,
    Task,
    any_spent,
    refill,
    rest_empty,
    retire_diverged,
    retire_spent,
)
from kernels.losses import Loss
from kernels.models import Model
from kernels.optimisers import Optimiser
from kernels.passes import full_pass
from kernels.step import stepper
from kernels.targets import any_met, check_targets
from kernels.traces import any_due, recorder
from kernels.vectors import WIDTH

__all__ = ["full_batch_worker"]


def _run_pass(model: Model, loss: Loss, scored: bool) -> Any:
    """The pass with a run in each lane, as a function of task and lanes."""
    over_samples = full_pass(model, loss.derivative, scored)

    @lanewise
    def one_pass(task: Task, lanes: Lanes, scores: Any) -> Any:  # noqa: ARG001
        return over_samples(task.features, task.classes, lanes.theta, lanes.scratch, lanes.gradient)

    return one_pass


@cache
def full_batch_worker(
    model: Model, loss: Loss, optimiser: Optimiser, scored: bool, traced: bool, few: bool = False
) -> Any:
    """The function ``(task, outcome, lanes)`` that runs the queue until it is empty.

    It is compiled for what it needs: `scored` against targets at every step, `traced` at given steps, `few`
    runs on many samples, which are in the lanes of the pass.
    """
    one_pass = sample_pass(loss.derivative, scored) if few else _run_pass(model, loss, scored)
    width = FEW if few else WIDTH
    step = stepper(optimiser)
    record = recorder(model)

    @compiled
    def work(task: Task, outcome: Outcome, lanes: Lanes) -> None:
        count = task.classes.total
        scores_of_few = np.zeros((3, WIDTH))
        if few:
            rest_empty(task, lanes)
        active = refill(task, lanes, width)
        while active > 0:
            # Whether something rare is due is checked here and not in the function that does it: with such a
            # branch there, Numba counts references to every array at every step, some 100 ns.
            if traced and any_due(lanes):
                record(task, outcome, lanes)
            ended = False
            if not scored and any_spent(lanes):
                retire_spent(outcome, lanes)
                ended = True
            if not ended:  # else no pass is due before the lane is refilled
                scores = one_pass(task, lanes, scores_of_few)
                if scored and (any_met(task, lanes, scores) or any_spent(lanes)):
                    ended = check_targets(task, outcome, lanes)
                # Every lane moves; in a lane whose run has just ended, the move is thrown away.
                if not step(lanes, count):
                    retire_diverged(outcome, lanes)
                    ended = True
            if ended:
                active = refill(task, lanes, width)

    return work
