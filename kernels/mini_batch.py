"""The loop of one thread where steps take batches, or where targets are checked now and then.

All runs that a worker has loaded take their first step together, and so see the same batch at any step: a
sample is read once for a vector of runs, and shuffled once for all of them.  Where runs have ended, others
move into their lanes after a few epochs, so that vectors stay full.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from kernels.epochs import Epochs, arrange_epochs
from kernels.jit import compiled, subroutine
from kernels.lanes import (
    Lanes,
    Outcome,
    Task,
    any_spent,
    close_gaps,
    lanes_of,
    refill,
    rest_empty,
    retire_diverged,
    retire_spent,
)
from kernels.losses import Loss
from kernels.models import Model
from kernels.optimisers import Optimiser
from kernels.passes import batch_pass, full_pass
from kernels.step import stepper
from kernels.targets import any_met, check_targets
from kernels.traces import any_due, recorder
from kernels.width import WIDTH

__all__ = ["STACK", "mini_batch_worker"]

STACK = 64
"""Vectors of runs that share a shuffle: more would not make it cheaper, and their memory leaves the cache."""


def _epochs_loop(model: Model, loss: Loss, optimiser: Optimiser, scored: bool, traced: bool) -> Any:
    """The function that takes a vector of runs through a few epochs; it returns whether one of them ended."""
    one_pass = batch_pass(model, loss.derivative)
    scores_of = full_pass(model, None, scored=True)
    step = stepper(optimiser)
    record = recorder(model)

    @subroutine
    def run_epochs(task: Task, epochs: Epochs, outcome: Outcome, lanes: Lanes, first: int) -> bool:
        ended = False
        for batch in range(epochs.counts.size):
            now = first + batch
            if traced and any_due(lanes):
                record(task, outcome, lanes)
            if scored and now % np.int64(task.check_every) == 0:
                scores = scores_of(
                    task.features,
                    task.classes,
                    lanes.theta,
                    lanes.scratch,
                    lanes.gradient,
                )
                if any_met(task, lanes, scores) and check_targets(task, outcome, lanes):
                    rest_empty(task, lanes)
                    ended = True
            if any_spent(lanes):
                ended = True
                left = retire_spent(outcome, lanes)
                rest_empty(task, lanes)
                if not left:
                    return True
            one_pass(
                epochs.features,
                epochs.begins[batch],
                epochs.positives_from[batch],
                epochs.begins[batch] + np.int64(epochs.counts[batch]),
                epochs.begins[batch] + epochs.stride,
                lanes.theta,
                lanes.scratch,
                lanes.gradient,
            )
            if not step(lanes, epochs.counts[batch]):
                retire_diverged(outcome, lanes)
                rest_empty(task, lanes)
                ended = True
        return ended

    return run_epochs


@cache
def mini_batch_worker(model: Model, loss: Loss, optimiser: Optimiser, scored: bool, traced: bool) -> Any:
    """The function ``(task, epochs, outcome, stack)`` that runs the queue until it is empty.

    `stack` is lanes with one dimension more: (vectors, rows, lanes).
    """
    run_epochs = _epochs_loop(model, loss, optimiser, scored, traced)

    @compiled
    def work(task: Task, epochs: Epochs, outcome: Outcome, stack: Lanes) -> None:
        while True:
            occupied = 0
            for vector in range(stack.run.shape[0]):
                if refill(task, lanes_of(stack, vector), WIDTH) > 0:
                    occupied += 1
            if occupied == 0:
                return
            rounds = 0
            while occupied > 0:
                arrange_epochs(epochs, rounds * epochs.number, task.raw_features, task.raw_labels)
                first, ended = rounds * epochs.counts.size, False
                for vector in range(occupied):
                    if run_epochs(task, epochs, outcome, lanes_of(stack, vector), first):
                        ended = True
                if ended:
                    occupied = close_gaps(task, stack, occupied)
                rounds += 1

    return work
