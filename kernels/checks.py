"""Validation of the arguments of the public functions.

Each check returns its argument in the form the loops take, or raises a `ValueError` that says what is wrong.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kernels.errors import failure
from kernels.losses import LOSSES, Loss
from kernels.models import MODELS, Model
from kernels.optimisers import OPTIMISERS, Optimiser
from kernels.targets import TARGETS

__all__ = [
    "evaluation_budget",
    "feature_count",
    "finite_array",
    "float_type",
    "known_loss",
    "known_model",
    "known_optimiser",
    "number_between",
    "rates_of",
    "samples",
    "step_budgets",
    "thread_count",
    "thresholds_of",
    "trace_steps_of",
    "vectors",
    "whole_number",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def _real_array(argument: str, value: npt.ArrayLike, allowed: str) -> Floats:
    """A real array of any shape, as a float64 copy."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise failure(argument, f"an array of dtype {array.dtype}", allowed)
    return array.astype(np.float64)


def _finite(argument: str, array: Floats, allowed: str, most: float = np.inf) -> Floats:
    wild = ~np.isfinite(array) | (np.abs(array) > most)
    if wild.any():
        where = tuple(int(i) for i in np.argwhere(wild)[0])
        place = f" at {list(where)}" if where else ""
        raise failure(argument, f"{array[where]}{place}", allowed)
    return array


def finite_array(argument: str, value: npt.ArrayLike) -> Floats:
    """A finite real array of any shape, as a float64 copy."""
    allowed = "finite real numbers"
    return _finite(argument, _real_array(argument, value, allowed), allowed)


def samples(features: npt.ArrayLike, labels: npt.ArrayLike, most: float = np.inf) -> tuple[Floats, Floats]:
    """Features (n, d), none beyond +-`most`, and labels (n,), both float64 copies, n and d at least 1."""
    allowed = "a finite real array of shape (n, d), n and d at least 1" + (
        f", within +-{most:g}" if most < np.inf else ""
    )
    x = _real_array("features", features, allowed)
    if x.ndim != 2 or 0 in x.shape:
        raise failure("features", f"shape {x.shape}", allowed)
    _finite("features", x, allowed, most)
    allowed = f"0 or 1 for each of the {len(x)} samples, shape ({len(x)},)"
    y = _real_array("labels", labels, allowed)
    if y.shape != (len(x),):
        raise failure("labels", f"shape {y.shape}", allowed)
    wrong = y[(y != 0.0) & (y != 1.0)]
    if wrong.size:
        raise failure("labels", wrong[0], allowed)
    return x, y


def vectors(argument: str, value: npt.ArrayLike, model: Model, d: int) -> Floats:
    """Parameter vectors (runs, rows) of a model on `d` features, as a C-contiguous float64 copy."""
    rows = model.rows(d)
    allowed = (
        f"a finite real array of shape (runs, {rows}), the parameters of model {model.name} on {d} features"
    )
    array = _real_array(argument, value, allowed)
    if array.ndim != 2 or array.shape[1] != rows:
        raise failure(argument, f"shape {array.shape}", allowed)
    return _finite(argument, np.ascontiguousarray(array), allowed)


def known_loss(name: object) -> Loss:
    """The registered loss of that name."""
    return LOSSES.find(name)


def known_model(name: object) -> Model:
    """The registered model of that name."""
    return MODELS.find(name)


def known_optimiser(name: object) -> Optimiser:
    """The registered optimiser of that name."""
    return OPTIMISERS.find(name)


def _per_run(argument: str, value: npt.ArrayLike, runs: int, allowed: str) -> Floats:
    array = _real_array(argument, value, allowed)
    if array.shape not in ((), (runs,)):
        raise failure(argument, f"shape {array.shape}", allowed)
    return np.broadcast_to(_finite(argument, array, allowed), (runs,)).copy()


def rates_of(value: npt.ArrayLike, runs: int) -> Floats:
    """Learning rates (runs,), all positive."""
    allowed = f"a positive number, or {runs} of them, one for each run"
    rates = _per_run("learning_rate", value, runs, allowed)
    if (rates <= 0.0).any():
        raise failure("learning_rate", rates[rates <= 0.0][0], allowed)
    return rates


def _whole(argument: str, value: object, least: int, allowed: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise failure(argument, repr(value), allowed)
    return int(value)


def whole_number(argument: str, value: object, least: int, most: int) -> int:
    """A whole number from `least` to `most`."""
    allowed = f"a whole number from {least} to {most}"
    number = _whole(argument, value, least, allowed)
    if number > most:
        raise failure(argument, number, allowed)
    return number


def step_budgets(value: object, runs: int) -> Floats:
    """The number of steps that each run may take, (runs,), whole numbers in float64."""
    # Steps are counted in float64 lanes, which hold every whole number up to here.
    most = 2**53
    if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str):
        return np.full(runs, float(whole_number("max_steps", value, 0, most)))
    allowed = f"a whole number from 0 to {most}, or {runs} of them"
    given: Any = np.asarray(value)
    if given.shape != (runs,) or given.dtype.kind not in "iu":
        raise failure("max_steps", f"an array of dtype {given.dtype} and shape {given.shape}", allowed)
    wrong = given[(given < 0) | (given > most)]
    if wrong.size:
        raise failure("max_steps", wrong[0], allowed)
    return np.asarray(given, dtype=np.float64)


def hold_of(value: object) -> int:
    """The number of steps in a row for which a target has to hold."""
    return _whole("hold", value, 1, "a whole number from 1 on")


def feature_count(value: object) -> int:
    """The number of features, the bias column included."""
    return _whole("d", value, 1, "a whole number from 1 on")


def evaluation_budget(value: object) -> int:
    """The number of gradients a run may evaluate."""
    return _whole("max_evaluations", value, 1, "a whole number from 1 on")


def number_between(argument: str, value: object, least: float, most: float) -> float:
    """A real number from `least` to `most`."""
    allowed = f"a number from {least:g} to {most:g}"
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise failure(argument, repr(value), allowed)
    if not least <= float(value) <= most:
        raise failure(argument, value, allowed)
    return float(value)


def float_type(argument: str, value: npt.DTypeLike) -> Any:
    """The dtype float32 or float64."""
    allowed = "float32 or float64"
    try:
        kind: Any = np.dtype(value)
    except TypeError:
        raise failure(argument, repr(value), allowed) from None
    if kind not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise failure(argument, kind, allowed)
    return kind


def thread_count(value: object) -> int:
    """The number of threads, by default as many as there are cores for this process."""
    if value is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return _whole("threads", value, 1, "a whole number from 1 on, or None for all cores")


def thresholds_of(
    targets: Mapping[str, npt.ArrayLike] | None, labels: Floats, runs: int
) -> tuple[tuple[str, ...], Floats]:
    """The names of the requested targets, and the thresholds of all (3, runs): nan if not requested."""
    table = np.full((len(TARGETS), runs), np.nan)
    asked = {} if targets is None else targets
    allowed = f"a mapping from {', '.join(TARGETS)} to thresholds"
    if not isinstance(asked, Mapping):
        raise failure("targets", repr(asked), allowed)
    for name, threshold in asked.items():
        if name not in TARGETS:
            raise failure("targets", repr(name), allowed)
        table[TARGETS.index(name)] = _per_run(
            f"targets[{name!r}]", threshold, runs, f"a finite number, or {runs} of them"
        )
    if "accuracy" in asked and labels.min() == labels.max():
        raise failure(
            "targets['accuracy']", f"labels of class {int(labels[0])} only", "labels of both classes"
        )
    return tuple(name for name in TARGETS if name in asked), table


def trace_steps_of(value: Sequence[int] | npt.ArrayLike | None, max_steps: int) -> Ints:
    """The steps to record (k,), increasing, none where None is given."""
    if value is None:
        return np.empty(0, dtype=np.int64)
    allowed = f"increasing whole numbers from 0 to max_steps = {max_steps}"
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise failure("trace_steps", repr(value), allowed)
    steps: Any = np.asarray(value)
    if steps.size == 0:
        return np.empty(0, dtype=np.int64)
    if steps.ndim != 1 or steps.dtype.kind not in "iu":
        raise failure("trace_steps", f"an array of dtype {steps.dtype} and shape {steps.shape}", allowed)
    for i, step in enumerate(steps):
        if not (steps[i - 1] if i else -1) < step <= max_steps:
            raise failure("trace_steps", f"{step} at [{i}]", allowed)
    return np.asarray(steps, dtype=np.int64)
