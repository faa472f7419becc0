"""Gradient descent of many runs at once, with the step at which each arrives at its targets.

A worker holds a vector of runs, one a lane, and loads the next run from the queue whenever one of them ends:
so a run costs only its own steps, and no run waits for the slowest of a block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from kernels import checks
from kernels.jit import compile_for, compiled, lanewise
from kernels.lanes import (
    RATE,
    STEP,
    Lanes,
    Outcome,
    Task,
    any_spent,
    empty_lanes,
    refill,
    retire_diverged,
    retire_spent,
)
from kernels.losses import Loss
from kernels.models import Model
from kernels.optimisers import Optimiser
from kernels.passes import full_pass
from kernels.samples import arrange, pad
from kernels.targets import TARGETS, any_met, check_targets
from kernels.traces import any_due, recorder
from kernels.vectors import WIDTH, all_true, fma, load, store

__all__ = ["Descent", "descend"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Descent:
    """Where the runs of `descend` ended, and when they met their targets.

    Attributes
    ----------
    theta
        Last parameters, (runs, rows) float64; not finite where a run diverged.
    steps_run
        Steps taken, (runs,) int64.
    arrival
        For each target asked for, (runs,) int64: the first step from which it held for `hold` steps in a row,
        -1 if there was none within the budget.
    status
        For each target asked for, (runs,) of ``"reached"``, ``"censored"`` (the budget ran out) or
        ``"diverged"``.
    trace
        None, or the recorded ``"steps"`` (k,) int64 and ``"accuracy"``, ``"brier"``, ``"logloss"``, (runs, k)
        float64 each; nan from the step on at which a run has ended.
    """

    theta: Floats
    steps_run: Ints
    arrival: dict[str, Ints]
    status: dict[str, npt.NDArray[np.str_]]
    trace: dict[str, npt.NDArray[Any]] | None
    hold: int

    @property
    def first_passage(self) -> dict[str, Ints]:
        """`arrival` under the name that it has where `hold` is 1.

        Raises
        ------
        AttributeError
            `hold` is more than 1, so that these are no first passages.
        """
        if self.hold > 1:
            raise AttributeError(f"first_passage: with hold={self.hold} there is `arrival` alone")
        return self.arrival

    @property
    def diverged(self) -> npt.NDArray[np.bool_]:
        """Whether a parameter of a run became infinite or nan, (runs,)."""
        return np.logical_not(np.isfinite(self.theta).all(axis=1))


def _stepper(optimiser: Optimiser) -> Any:
    """The function ``(lanes, count)`` that moves every lane; it returns whether all stay finite."""
    tick, move, slots = optimiser.tick, optimiser.move, optimiser.slots

    @lanewise
    def step(lanes: Lanes, count: Any) -> Any:
        rate = load(lanes.state, RATE)
        pace = tick(rate, count, lanes.clocks)
        zero = 0.0 * rate
        check = zero
        for j in range(lanes.theta.shape[0]):
            moved = move(pace, load(lanes.theta, j), load(lanes.gradient, j), lanes.memory, slots * j)
            store(lanes.theta, j, moved)
            # 0 times inf or nan is nan, and stays.
            check = fma(moved, zero, check)
        store(lanes.state, STEP, load(lanes.state, STEP) + 1.0)
        return all_true(check <= 0.0)

    return step


@cache
def _worker(model: Model, loss: Loss, optimiser: Optimiser, scored: bool, traced: bool) -> Any:
    """The loop of one thread with what it needs: `scored` against targets, `traced` at given steps."""
    one_pass = full_pass(model, loss.derivative, scored)
    step = _stepper(optimiser)
    record = recorder(model)

    @compiled
    def work(task: Task, outcome: Outcome, lanes: Lanes) -> None:
        count = task.features.shape[0] - task.padding
        active = refill(task, lanes)
        passes, vacant = 0, False
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
                    task.positives_from,
                    task.padding,
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
                passes += 1
            vacant = vacant or ended
            if vacant and passes % task.period == 0:
                active = refill(task, lanes)
                vacant = False

    return work


def _run_workers(work: Any, task: Task, outcome: Outcome, workers: list[Lanes]) -> None:
    """Run a thread for each worker's lanes until the queue is empty."""
    # Compiled here, once: threads that met an uncompiled function would each compile it.
    compile_for(work, task, outcome, workers[0])
    with ThreadPoolExecutor(len(workers)) as pool:
        for done in [pool.submit(work, task, outcome, lanes) for lanes in workers]:
            done.result()


def descend(
    features: npt.ArrayLike,
    labels: npt.ArrayLike,
    starts: npt.ArrayLike,
    *,
    loss: str,
    learning_rate: npt.ArrayLike,
    max_steps: int,
    model: str = "linear",
    optimiser: str = "gd",
    targets: Mapping[str, npt.ArrayLike] | None = None,
    hold: int = 1,
    trace_steps: Sequence[int] | npt.ArrayLike | None = None,
    threads: int | None = None,
) -> Descent:
    """Full-batch gradient descent of many runs on the same samples.

    With the optimiser ``gd`` every step is ``theta <- theta - learning_rate * gradient``, the gradient being
    that of the mean loss.

    A run ends when all its targets have been met, when its budget is spent, or when a parameter is no longer
    finite.  The results are the same to the bit for any number of threads, any order of the runs and any
    processor.

    Parameters
    ----------
    features
        (n, d) finite real numbers, the bias column included.
    labels
        (n,) of 0 and 1.
    starts
        (runs, rows) finite real numbers, the parameters at step 0; a linear model has d rows.
    loss
        A name from `kernels.LOSSES`.
    learning_rate
        Positive, one for all or (runs,), in absolute units.
    max_steps
        The budget, from 0 to 2**53 steps.
    model
        A name from `kernels.MODELS`.
    optimiser
        A name from `kernels.OPTIMISERS`.
    targets
        Thresholds by name, each one for all or (runs,): ``accuracy`` (share of samples with a margin above 0)
        is met from its threshold on, ``brier`` (mean squared error, without a half) and ``logloss`` (mean, in
        nats) down from theirs.  They are checked at every step from 0 on.  None: every run uses its whole
        budget.
    hold
        A target is met by holding for this many steps in a row, 1 or more; a run arrives at the first of
        them.  1: the first passage.  All of them must lie within the budget, so a run that is ``"censored"``
        has not arrived by step ``max_steps - hold + 1``.
    trace_steps
        Increasing steps at which accuracy, Brier score and log loss are recorded; those after a run's end
        stay nan.
    threads
        Number of threads, by default one for each core this process may use.

    Returns
    -------
    Descent

    Raises
    ------
    ValueError
        Naming the argument, the value and what is allowed.  ``accuracy`` as a target needs samples of both
        classes.

    Notes
    -----
    The scores that targets are checked against are sums in float64, good to about n ulps of 1.  A
    margin beyond +-708 counts as +-708 in a gradient: the error is below 1e-307.
    """
    chosen_loss = checks.known_loss(loss)
    chosen_model = checks.known_model(model)
    chosen_optimiser = checks.known_optimiser(optimiser)
    x, y = checks.samples(features, labels)
    theta = checks.vectors("starts", starts, chosen_model, x.shape[1])
    runs, rows = theta.shape
    rates = checks.rates_of(learning_rate, runs)
    budget = checks.step_budget(max_steps)
    asked, thresholds = checks.thresholds_of(targets, y, runs)
    held = checks.hold_of(hold)
    recorded = checks.trace_steps_of(trace_steps, budget)
    thread_count = checks.thread_count(threads)

    arranged, positives_from = arrange(x, y)
    task = Task(
        features=arranged,
        positives_from=positives_from,
        padding=float(len(arranged) - len(x)),
        raw_features=pad(x),
        raw_labels=y,
        starts=theta,
        rates=rates,
        thresholds=thresholds,
        hold=float(held),
        max_steps=budget,
        trace_steps=recorded,
        period=1,
        queue=np.zeros(1, dtype=np.int64),
    )
    outcome = Outcome(
        theta=np.empty_like(theta),
        steps_run=np.zeros(runs, dtype=np.int64),
        arrival=np.full((len(TARGETS), runs), -1),
        trace=np.full((len(TARGETS), runs, len(recorded)), np.nan),
    )
    # A worker that scores can always record as well: one function fewer to compile for those who need both.
    scored = bool(asked)
    work = _worker(chosen_model, chosen_loss, chosen_optimiser, scored, scored or recorded.size > 0)
    memory, scratch = chosen_optimiser.slots * rows, chosen_model.scratch(x.shape[1])
    workers = max(1, min(thread_count, -(-runs // WIDTH)))
    lanes = [empty_lanes(rows, memory, chosen_optimiser.clocks, scratch) for _ in range(workers)]
    _run_workers(work, task, outcome, lanes)
    return _descent_of(outcome, asked, None if trace_steps is None else recorded, held)


def _descent_of(outcome: Outcome, asked: tuple[str, ...], recorded: Ints | None, hold: int) -> Descent:
    finite = np.isfinite(outcome.theta).all(axis=1)
    arrival = {name: outcome.arrival[TARGETS.index(name)] for name in asked}
    status = {
        name: np.where(steps >= 0, "reached", np.where(finite, "censored", "diverged"))
        for name, steps in arrival.items()
    }
    trace: dict[str, npt.NDArray[Any]] | None = None
    if recorded is not None:
        trace = {"steps": recorded, **dict(zip(TARGETS, outcome.trace, strict=True))}
    return Descent(outcome.theta, outcome.steps_run, arrival, status, trace, hold)
