"""Print what optimisers, mini-batches and checks cost a sample, next to plain descent: all in one run.

Run it on a quiet machine: ``python tests/bench/optimisers.py``.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import numpy as np
from workloads import SHAPES, UNMET, Workload, workload

import kernels

OPTIMISERS = ("momentum", "nesterov", "adam", "normalised")
CASES = {
    "gd": {},
    **{name: {"optimiser": name} for name in OPTIMISERS},
    "gd, targets": {"targets": UNMET},
    **{f"{name}, targets": {"optimiser": name, "targets": UNMET} for name in OPTIMISERS},
    "gd, batches": {"batch_size": 32},
    "adam, batches": {"batch_size": 32, "optimiser": "adam"},
    "gd, batches, checks": {"batch_size": 32, "check_every": 32, "targets": UNMET},
}
"""What is timed, by name: those with targets in every step are divided by plain descent with targets."""


def seconds_a_sample(work: Workload, loss: str, options: dict) -> float:
    """Seconds for a sample of a step of a run, on two threads."""
    size = options.get("batch_size", len(work.features))
    steps = work.steps * len(work.features) // size
    begun = time.perf_counter()
    kernels.descend(
        work.features,
        work.labels,
        work.starts,
        loss=loss,
        learning_rate=work.learning_rate,
        max_steps=steps,
        threads=2,
        **options,
    )
    return (time.perf_counter() - begun) / (len(work.starts) * steps * size)


def adam_of_jax(loss: str, work: Workload) -> float | None:
    """Seconds a sample of Adam in JAX, the whole descent one compiled loop, the faster of two layouts."""
    try:
        import jax
    except ImportError:
        return None
    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    def descend(forward, back, x, y, theta, rate, steps):
        def step(t, state):
            theta, m, v = state
            p = jax.nn.sigmoid(forward(theta, x))
            slope = p - y
            if loss == "mse":
                slope = slope * p * (1.0 - p)
            g = back(slope, x) / x.shape[0]
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            first, second = m / (1 - 0.9 ** (t + 1.0)), v / (1 - 0.999 ** (t + 1.0))
            return theta - rate * first / (jnp.sqrt(second) + 1e-8), m, v

        return jax.lax.fori_loop(0, steps, step, (theta, jnp.zeros_like(theta), jnp.zeros_like(theta)))[0]

    times = []
    for fast in (False, True):
        forward, back = (
            (lambda theta, x: x @ theta, lambda slope, x: x.T @ slope)
            if fast
            else (lambda theta, x: theta @ x.T, lambda slope, x: slope @ x)
        )
        compiled = jax.jit(lambda *arguments, f=forward, b=back: descend(f, b, *arguments))
        x, y, theta = (jnp.asarray(part) for part in (work.features, work.labels, work.starts))
        y, theta = (y[:, None], theta.T) if fast else (y, theta)
        arguments = (x, y, theta, work.learning_rate, work.steps)
        found = np.asarray(compiled(*arguments).block_until_ready())
        ours = kernels.descend(
            work.features, work.labels, work.starts, loss=loss, learning_rate=work.learning_rate,
            max_steps=work.steps, optimiser="adam",
        ).theta  # fmt: skip
        np.testing.assert_allclose(found.T if fast else found, ours, rtol=1e-8, atol=1e-10)
        begun = time.perf_counter()
        compiled(*arguments).block_until_ready()
        times.append((time.perf_counter() - begun) / work.sample_steps)
    return min(times)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=11, help="interleaved repeats of each (default 11)")
    repeats = parser.parse_args().repeats
    for shape in SHAPES:
        work = workload(*shape, seconds=0.05)
        for loss in ("bce", "mse"):
            for options in CASES.values():
                seconds_a_sample(work, loss, options)  # compiles
            times: dict[str, list[float]] = {name: [] for name in CASES}
            for _ in range(repeats):
                for name, options in CASES.items():
                    times[name].append(seconds_a_sample(work, loss, options))
            middle = {name: median(values) for name, values in times.items()}
            print(f"n = {shape[0]}, d = {shape[1]}, {loss}: gd {1e9 * middle['gd']:.3f} ns")
            for name, value in middle.items():
                base = middle["gd, targets"] if name.endswith(", targets") else middle["gd"]
                print(f"    {name:<22} {value / base:.3f}")
            jax = adam_of_jax(loss, work)
            if jax is not None:
                print(f"    {'JAX over ours, adam':<22} {jax / middle['adam']:.2f}", flush=True)


if __name__ == "__main__":
    main()
