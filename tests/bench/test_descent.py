"""Benchmarks of the kernels and their peers, run and recorded by `snakemake benchmark` (pytest-benchmark)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from solvers import PEERS, numpy_batch, ours
from workloads import SHAPES, workload

SECONDS = 0.04  # of a workload: long compared with the overhead of a call, short enough for many rounds
ROUNDS = {"NumPy": 3}  # many times slower


def _solver(name: str, loss: str) -> Callable:
    """The solver of that name; a peer whose package is not installed skips the benchmark."""
    if name in PEERS:
        package, make = PEERS[name]
        pytest.importorskip(package, reason="needs the extra 'peers'")
        return make(loss)
    return {
        "kernels": ours(loss),
        "kernels, 1 thread": ours(loss, threads=1),
        "kernels, targets": ours(loss, targets=True),
        "NumPy": numpy_batch(loss),
    }[name]


@pytest.mark.parametrize("shape", SHAPES, ids=["d2", "d8", "d30"])
@pytest.mark.parametrize("loss", ["bce", "mse"])
@pytest.mark.parametrize(
    "solver", ["kernels", "kernels, 1 thread", "kernels, targets", "NumPy", "JAX jit", "torch.compile"]
)
def test_descent(benchmark, calibration, shape: tuple[int, int, int], loss: str, solver: str) -> None:
    solve = _solver(solver, loss)
    work = workload(*shape, seconds=SECONDS)
    threads = 1 if solver == "kernels, 1 thread" else 2
    benchmark.group = f"{loss}, n = {shape[0]}, d = {shape[1]}, {shape[2]} runs"
    benchmark.extra_info |= {"sample_steps": work.sample_steps, "threads": threads, "solver": solver}
    solve(work)  # compiles
    setup = calibration(loss, threads, work)
    benchmark.pedantic(
        solve, args=(work,), setup=setup, rounds=ROUNDS.get(solver, 11), iterations=1, warmup_rounds=1
    )
