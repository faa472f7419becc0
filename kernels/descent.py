"""Descent of many runs at once, with the step at which each arrives at its targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kernels import checks
from kernels.epochs import Epochs, shuffled_epochs, whole_epochs
from kernels.few_runs import FEW, suits, tiles
from kernels.full_batch import full_batch_worker
from kernels.jit import compile_for
from kernels.lanes import Outcome, Task, empty_lanes, empty_stack
from kernels.losses import Loss
from kernels.mini_batch import STACK, mini_batch_worker
from kernels.models import MODELS, Model
from kernels.optimisers import Optimiser
from kernels.samples import arrange, pad
from kernels.targets import TARGETS
from kernels.vectors import WIDTH

__all__ = ["Descent", "descend"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# What a worker is compiled for: the last two are whether targets are checked, and scores are recorded.
_Parts = tuple[Model, Loss, Optimiser, bool, bool]


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
        For each target asked for, (runs,) int64: the first step from which it held at `hold` checks in a row,
        -1 if there was none within the budget.
    status
        For each target asked for, (runs,) of ``"reached"``, ``"censored"`` (the budget ran out) or
        ``"diverged"``.
    trace
        None, or the recorded ``"steps"`` (k,) int64 and ``"accuracy"``, ``"brier"``, ``"logloss"``, (runs, k)
        float64 each; nan from the step on at which a run has ended.
    hold
        At how many checks in a row a target had to hold.
    check_every
        Steps from one check to the next.
    """

    theta: Floats
    steps_run: Ints
    arrival: dict[str, Ints]
    status: dict[str, npt.NDArray[np.str_]]
    trace: dict[str, npt.NDArray[Any]] | None
    hold: int
    check_every: int

    @property
    def first_passage(self) -> dict[str, Ints]:
        """`arrival` under the name that it has where `hold` and `check_every` are 1.

        Raises
        ------
        AttributeError
            One of them is more than 1, so that these are no first passages.
        """
        if self.hold > 1 or self.check_every > 1:
            given = f"hold={self.hold} and check_every={self.check_every}"
            raise AttributeError(f"first_passage: with {given} there is `arrival` alone")
        return self.arrival

    @property
    def diverged(self) -> npt.NDArray[np.bool_]:
        """Whether a parameter of a run became infinite or nan, (runs,)."""
        return np.logical_not(np.isfinite(self.theta).all(axis=1))


@dataclass(frozen=True)
class _Cadence:
    """How many samples a step takes, and how often targets are checked.

    `size` is None where a step takes all samples.
    """

    size: int | None
    seed: int
    check_every: int

    @property
    def fused(self) -> bool:
        """Whether the pass of a step can also tell whether targets are met: it takes all samples."""
        return self.size is None and self.check_every == 1

    def epochs(self, task: Task) -> Epochs:
        """Room for an epoch's samples, one for each worker."""
        n, d = task.raw_labels.size, task.features.shape[1]
        if self.size is None:
            return whole_epochs(task.raw_features[:n], task.raw_labels)
        return shuffled_epochs(n, d, self.size, self.seed)


def _run_workers(work: Any, arguments: list[tuple[Any, ...]]) -> None:
    """Run a thread for each worker's arguments until the queue is empty."""
    # Compiled here, once: threads that met an uncompiled function would each compile it.
    compile_for(work, *arguments[0])
    with ThreadPoolExecutor(len(arguments)) as pool:
        for done in [pool.submit(work, *one) for one in arguments]:
            done.result()


def _run_all(task: Task, outcome: Outcome, parts: _Parts, cadence: _Cadence, threads: int, few: bool) -> None:
    """Run the queue of a task on so many threads."""
    model, _, optimiser, *_ = parts
    runs, rows = task.starts.shape
    sizes = (
        rows,
        optimiser.slots * rows,
        optimiser.clocks,
        0 if few else model.scratch(task.features.shape[1]),
    )
    vectors = -(-runs // WIDTH)
    workers = max(1, min(threads, -(-runs // FEW) if few else vectors))
    if cadence.fused:
        work = full_batch_worker(*parts, few)
        _run_workers(work, [(task, outcome, empty_lanes(*sizes)) for _ in range(workers)])
        return
    work, stack = mini_batch_worker(*parts), max(1, min(STACK, -(-vectors // workers)))
    _run_workers(
        work,
        [(task, cadence.epochs(task), outcome, empty_stack(stack, *sizes)) for _ in range(workers)],
    )


def descend(
    features: npt.ArrayLike,
    labels: npt.ArrayLike,
    starts: npt.ArrayLike,
    *,
    loss: str,
    learning_rate: npt.ArrayLike,
    max_steps: npt.ArrayLike,
    model: str = "linear",
    optimiser: str = "gd",
    targets: Mapping[str, npt.ArrayLike] | None = None,
    hold: int = 1,
    batch_size: int | None = None,
    batch_seed: int = 0,
    check_every: int | None = None,
    trace_steps: Sequence[int] | npt.ArrayLike | None = None,
    threads: int | None = None,
    lanes: str | None = None,
) -> Descent:
    """Descent of many runs on the same samples, in full batches or in mini-batches.

    With the optimiser ``gd`` every step is ``theta <- theta - learning_rate * gradient``, the gradient being
    that of the mean loss over all samples, or over those of a batch.

    A run ends when all its targets have been met, when its budget is spent, or when a parameter is no longer
    finite.  The results are the same to the bit for any number of threads, any order of the runs and any
    processor; and for any other runs beside one, as long as `lanes` is the same.

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
        The budget, one for all or (runs,), from 0 to 2**53 steps.
    model
        A name from `kernels.MODELS`.
    optimiser
        A name from `kernels.OPTIMISERS`, with its parameters in parentheses or with its defaults: ``"adam"``,
        ``"momentum(0.8)"``.
    targets
        Thresholds by name, each one for all or (runs,): ``accuracy`` (share of samples with a margin above 0)
        is met from its threshold on, ``brier`` (mean squared error, without a half) and ``logloss`` (mean, in
        nats) down from theirs.  They are checked on all samples, from step 0 on.  None: every run uses its
        whole budget.
    hold
        A target is met by holding at this many checks in a row, 1 or more; a run arrives at the first of
        them.  1: the first passage, where every step is checked.  All of them must lie within the budget, so
        a run that is ``"censored"`` has not arrived by step ``max_steps - (hold - 1) * check_every``.
    batch_size
        Samples in a batch, 1 or more, shuffled anew in every epoch; the last batch of an epoch holds what is
        left (see `kernels.batches`).  Every run sees the same batches.  None: a step takes all samples.
    batch_seed
        What the shuffles depend on, from 0 to 2**63 - 1.
    check_every
        Steps from one check of the targets to the next, 1 or more; an arrival is a multiple of it.  None: an
        epoch, which for full batches is 1 step.
    trace_steps
        Increasing steps at which accuracy, Brier score and log loss are recorded; those after a run's end
        stay nan.
    threads
        Number of threads, by default one for each core this process may use.
    lanes
        What the lanes of a vector are: ``"runs"``, or ``"samples"``, which is faster for few runs on many
        samples (of a linear model, in full batches, checked at every step) and gives other last digits.
        None: the faster, by the numbers of samples, columns and runs alone (`few_runs.suits`).

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
    runs = len(theta)
    rates = checks.rates_of(learning_rate, runs)
    budgets = checks.step_budgets(max_steps, runs)
    asked, thresholds = checks.thresholds_of(targets, y, runs)
    held = checks.hold_of(hold)
    cadence = _cadence_of(batch_size, batch_seed, check_every, len(x))
    recorded = checks.trace_steps_of(trace_steps, int(np.max(max_steps, initial=0)))
    thread_count = checks.thread_count(threads)

    few = _samples_in_lanes(lanes, chosen_model, cadence, x.shape, runs)
    arranged, classes = tiles(x, y) if few else arrange(x, y)
    task = Task(
        features=arranged,
        classes=classes,
        # A copy of large data is made only where something reads it: recorded scores, and batches.
        raw_features=pad(x) if recorded.size or not cadence.fused else pad(x[:0]),
        raw_labels=y,
        starts=theta,
        rates=rates,
        thresholds=thresholds,
        hold=float(held),
        check_every=float(cadence.check_every),
        max_steps=budgets,
        trace_steps=recorded,
        # Those that are likely to run longest come first, so that few lanes are empty at the end.
        order=np.lexsort((rates, -budgets)),
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
    parts = (chosen_model, chosen_loss, chosen_optimiser, scored, scored or recorded.size > 0)
    _run_all(task, outcome, parts, cadence, thread_count, few)
    return _descent_of(outcome, asked, None if trace_steps is None else recorded, held, cadence.check_every)


def _samples_in_lanes(
    lanes: object, model: Model, cadence: _Cadence, shape: tuple[int, ...], runs: int
) -> bool:
    """Whether the lanes of a vector are samples."""
    possible = model is MODELS["linear"] and cadence.fused
    allowed = ("runs", "samples") if possible else ("runs",)
    if lanes is None:
        return possible and suits(shape[0], shape[1], runs)
    if lanes not in allowed:
        raise ValueError(f"lanes: {lanes!r}; allowed here: None, {', '.join(allowed)}")
    return lanes == "samples"


def _cadence_of(batch_size: object, batch_seed: object, check_every: object, n: int) -> _Cadence:
    size = None if batch_size is None else checks.whole_number("batch_size", batch_size, 1, 2**53)
    seed = checks.whole_number("batch_seed", batch_seed, 0, 2**63 - 1)
    steps = 1 if size is None else -(-n // size)
    if check_every is not None:
        steps = checks.whole_number("check_every", check_every, 1, 2**53)
    return _Cadence(size, seed, steps)


def _descent_of(
    outcome: Outcome, asked: tuple[str, ...], recorded: Ints | None, hold: int, check_every: int
) -> Descent:
    finite = np.isfinite(outcome.theta).all(axis=1)
    arrival = {name: outcome.arrival[TARGETS.index(name)] for name in asked}
    status = {
        name: np.where(steps >= 0, "reached", np.where(finite, "censored", "diverged"))
        for name, steps in arrival.items()
    }
    trace: dict[str, npt.NDArray[Any]] | None = None
    if recorded is not None:
        trace = {"steps": recorded, **dict(zip(TARGETS, outcome.trace, strict=True))}
    return Descent(outcome.theta, outcome.steps_run, arrival, status, trace, hold, check_every)
