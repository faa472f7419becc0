"""Print how fast the kernels are compared with their peers: medians of interleaved repeats, all in one run.

Run it on a quiet machine: ``python tests/bench/table.py``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from ceiling import least_time
from solvers import installed_peers, numpy_batch, numpy_single, ours
from workloads import SHAPES, Workload, workload

COLD = """
import time
begun = time.perf_counter()
import kernels
kernels.descend([[0.0], [1.0]], [0, 1], [[0.0]], loss="mse", learning_rate=1.0, max_steps=9)
print(time.perf_counter() - begun)
"""


def interleaved(work: Workload, solvers: dict[str, Callable], repeats: int) -> dict[str, float]:
    """Median nanoseconds for one sample, run and step, of each solver."""
    reference = next(iter(solvers.values()))(work)
    for name, solve in solvers.items():
        if not np.allclose(solve(work), reference, rtol=1e-8, atol=1e-10):
            sys.exit(f"{name} gives other parameters than kernels.descend")
    times: dict[str, list[float]] = {name: [] for name in solvers}
    for _ in range(repeats):
        for name, solve in solvers.items():
            begun = time.perf_counter()
            solve(work)
            times[name].append((time.perf_counter() - begun) / work.sample_steps * 1e9)
    return {name: median(values) for name, values in times.items()}


def single_loop_ratio(loss: str, repeats: int) -> float:
    """How many times longer a loop over single runs takes, at d = 2, on a few of the runs."""
    full = workload(*SHAPES[0])
    part = full._replace(starts=full.starts[:64], steps=20)
    slow, fast = numpy_single(loss), ours(loss)
    ratios = []
    for _ in range(repeats):
        times = []
        for solve, work in ((slow, part), (fast, full)):
            begun = time.perf_counter()
            solve(work)
            times.append((time.perf_counter() - begun) / work.sample_steps)
        ratios.append(times[0] / times[1])
    return median(ratios)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=11, help="interleaved repeats of each (default 11)")
    repeats = parser.parse_args().repeats
    head = ("n", "d", "runs", "loss", "ns", "of ceiling", "2 thr./1", "3 targets", "NumPy", "JAX", "torch")
    print(" | ".join(f"{word:>10}" for word in head))
    for shape in SHAPES:
        work = workload(*shape)
        for loss in ("bce", "mse"):
            solvers = {
                "ours": ours(loss),
                "1 thread": ours(loss, threads=1),
                "targets": ours(loss, targets=True),
            }
            solvers |= {"NumPy": numpy_batch(loss)} | installed_peers(loss)
            ns = interleaved(work, solvers, repeats)
            ceiling = median(least_time(loss, shape[1], 2) for _ in range(repeats)) * 1e9
            jax = min((v for k, v in ns.items() if k.startswith("JAX")), default=float("nan"))
            cells = (
                *shape,
                loss,
                f"{ns['ours']:.3f}",
                f"{ceiling / ns['ours']:.0%}",
                f"{ns['1 thread'] / ns['ours']:.2f}x",
                f"{ns['targets'] / ns['ours'] - 1:+.0%}",
                f"{ns['NumPy'] / ns['ours']:.1f}x",
                f"{jax / ns['ours']:.2f}x",
                f"{ns.get('torch.compile', float('nan')) / ns['ours']:.2f}x",
            )
            print(" | ".join(f"{cell!s:>10}" for cell in cells), flush=True)
    for loss in ("bce", "mse"):
        print(f"loop over single runs, d = 2, {loss}: {single_loop_ratio(loss, 5):.0f}x our time")
    cold = [
        float(subprocess.run([sys.executable, "-c", COLD], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    print(f"import and first call, cold: {median(cold):.2f} s")
    print("ns: nanoseconds for one sample, run and step, 2 threads, float64. Peers: their time over ours.")


if __name__ == "__main__":
    main()
