"""The same bytes for every processor that the kernels can be compiled for: each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import kernels

pytestmark = pytest.mark.processes

PROGRAM = """
import hashlib, sys
import numpy as np
import kernels
from kernels import brier, dense
rng = np.random.default_rng(0)
labels = np.arange(61) % 2
features = rng.normal(size=(61, 5)) + labels[:, None]
starts = 4 * rng.normal(size=(70, 5))
digest = hashlib.sha256()
for loss in kernels.LOSSES:
    for targets in (None, {"accuracy": 0.85, "brier": 0.12, "logloss": 0.4}):
        result = kernels.descend(features, labels, starts, loss=loss, learning_rate=rng.uniform(0.1, 2.0, 70),
                                 max_steps=120, targets=targets, trace_steps=[0, 10, 120],
                                 threads=int(sys.argv[1]))
        parts = [result.theta, result.steps_run, *result.arrival.values(), *result.trace.values()]
        for part in parts:
            digest.update(np.ascontiguousarray(part).tobytes())
        result = kernels.descend(features, labels, starts[:9], loss=loss, learning_rate=0.7, max_steps=120,
                                 targets=targets, threads=int(sys.argv[1]), lanes="samples")
        for part in (result.theta, result.steps_run, *result.arrival.values()):
            digest.update(np.ascontiguousarray(part).tobytes())
    for function in (kernels.risk, kernels.gradient):
        digest.update(function(features, labels, starts, loss=loss).tobytes())
products, lower, kept = np.empty((5, 5)), np.empty((5, 5)), np.zeros(5, dtype=bool)
dense.gram(features, labels + 0.5, products)
dense.cholesky(products, 1e-12, lower, kept)
wide = np.empty((61, 61))
dense.gram(np.ascontiguousarray(features.T), np.ones(5), wide)
dense.divide_rows(lower, features.copy())
place, line = np.zeros(5), starts[0].copy()
brier.descend_to_minimum(features * (2.0 * labels - 1.0)[:, None], place)
brier.search_lines(features * (2.0 * labels - 1.0)[:, None], line, starts)
for part in (products, lower, wide, place, line):
    digest.update(part.tobytes())
for optimiser in kernels.OPTIMISERS:
    for size, every in ((None, None), (16, 3)) if optimiser in {"gd", "adam"} else ((None, None),):
        result = kernels.descend(features, labels, starts, loss="mse", max_steps=60, optimiser=optimiser,
                                 learning_rate=rng.uniform(0.01, 2.0, 70), batch_size=size, check_every=every,
                                 targets={"brier": 0.12}, trace_steps=[7], threads=int(sys.argv[1]))
        parts = [result.theta, result.steps_run, *result.arrival.values(), *result.trace.values()]
        for part in parts:
            digest.update(np.ascontiguousarray(part).tobytes())
for model in kernels.MODELS:
    starts = rng.normal(size=(70, kernels.parameters(model, 5)))
    for size in (None, 16):
        result = kernels.descend(features, labels, starts, loss="bce", max_steps=40, model=model,
                                 learning_rate=0.3, batch_size=size, targets={"brier": 0.12}, trace_steps=[7],
                                 threads=int(sys.argv[1]))
        parts = [result.theta, result.steps_run, *result.arrival.values(), *result.trace.values()]
        for part in parts:
            digest.update(np.ascontiguousarray(part).tobytes())
x = np.concatenate([rng.uniform(-760, 760, 5000), 10.0 ** rng.uniform(-310, 5, 5000)])
for function in (kernels.exp, kernels.expit, kernels.expit_slope, kernels.log1p, kernels.softplus,
                 kernels.tanh):
    digest.update(function(x).tobytes())
print(digest.hexdigest())
"""


def digest(threads: int = 1, **environment: str) -> str:
    root = str(Path(kernels.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(threads)],
        env=os.environ | {"PYTHONPATH": root} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def native() -> str:
    return digest()


@pytest.mark.slow  # everything is compiled for another processor
@pytest.mark.parametrize("cpu", ["haswell", "x86-64"])
def test_other_processors_give_the_same_bytes(native: str, cpu: str) -> None:
    features = {"haswell": "+avx2,+fma", "x86-64": ""}[cpu]
    assert digest(NUMBA_CPU_NAME=cpu, NUMBA_CPU_FEATURES=features) == native


def test_two_threads_give_the_same_bytes(native: str) -> None:
    assert digest(threads=2) == native


def test_this_is_our_package_and_not_another_of_its_name() -> None:
    assert Path(kernels.__file__).parents[1] == Path(__file__).parents[2]
