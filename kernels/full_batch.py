"""The loop of one thread where every step and every check of the targets takes all samples.

A worker holds a vector of runs, one a lane, and loads the next run from the queue whenever one of them ends:
so a run costs only its own steps, and no run waits for the slowest of a block.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from kernels.jit import compiled
from kernels.lanes import Lanes, Outcome, Task, any_spent, refill, retire_diverged, retire_spent
from kernels.losses import Loss
from kernels.models import Model
from kernels.optimisers import Optimiser
from kernels.passes import full_pass
from kernels.step import stepper
from kernels.targets import any_met, check_targets
from kernels.traces import any_due, recorder

__all__ = ["full_batch_worker"]


@cache
def full_batch_worker(model: Model, loss: Loss, optimiser: Optimiser, scored: bool, traced: bool) -> Any:
    """The function ``(task, outcome, lanes)`` that runs the queue until it is empty.

    It is compiled for what it needs: `scored` against targets at every step, `traced` at given steps.
    """
    one_pass = full_pass(model, loss.derivative, scored)
    step = stepper(optimiser)
    record = recorder(model)

    @compiled
    def work(task: Task, outcome: Outcome, lanes: Lanes) -> None:
        count = task.classes.total
        active = refill(task, lanes)
        while active > 0:
            # Whether something rare is due is checked here and not in the function that does it: with such a
            # branch there, Numba counts references to every array at every step, some 100 ns.
            if traced and any_due(lanes):
                record(task, outcome, lanes)
            ended = False
            if not scored and any_spent(task, lanes):
                retire_spent(task, outcome, lanes)
                ended = True
            if not ended:  # else no pass is due before the lane is refilled
                scores = one_pass(
                    task.features,
                    task.classes,
                    lanes.theta,
                    lanes.scratch,
                    lanes.gradient,
                )
                if scored and (any_met(task, lanes, scores) or any_spent(task, lanes)):
                    ended = check_targets(task, outcome, lanes)
                # Every lane moves; in a lane whose run has just ended, the move is thrown away.
                if not step(lanes, count):
                    retire_diverged(outcome, lanes)
                    ended = True
            if ended:
                active = refill(task, lanes)

    return work
