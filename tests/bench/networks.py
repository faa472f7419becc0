"""Print the speed of hidden layers: share of the measured fma peak, and next to JAX and PyTorch, in one run.

Run it on a quiet machine: ``python tests/bench/networks.py``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import ceiling
import numpy as np

import kernels

SHAPES = ((256, 2, 4, 1024), (256, 2, 16, 1024), (256, 8, 16, 512), (569, 30, 32, 256))
"""(samples, features, hidden units, runs)."""

UNIT_OPERATIONS = {"tanh": 32, "sigmoid": 22, "relu": 4}
"""Multiply-adds, sums, products and comparisons of a unit and sample, next to the 2 d + 2 of its weights."""

LOSS_OPERATIONS = ceiling.OPERATIONS["bce"]
RATE = 0.05


def problem(n: int, d: int, units: int, runs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng([n, d, units])
    labels = (np.arange(n) % 2).astype(float)
    features = rng.normal(size=(n, d)) + np.outer(2.0 * labels - 1.0, np.eye(d)[0])
    return features, labels, rng.normal(size=(runs, kernels.parameters(f"tanh({units})", d)))


def split(theta, d: int):
    """Input weights (runs, H, d), output weights (runs, H), output bias (runs, 1)."""
    units = (theta.shape[1] - 1) // (d + 1)
    return theta[:, : units * d].reshape(-1, units, d), theta[:, units * d : -1], theta[:, -1:]


def ours(name: str, x: np.ndarray, y: np.ndarray, starts: np.ndarray, steps: int, threads: int) -> np.ndarray:
    units = (starts.shape[1] - 1) // (x.shape[1] + 1)
    common = {"loss": "bce", "learning_rate": RATE, "max_steps": steps, "threads": threads}
    return kernels.descend(x, y, starts, model=f"{name}({units})", **common).theta


def of_jax(name: str, x: np.ndarray, y: np.ndarray, starts: np.ndarray) -> Callable[[int], np.ndarray] | None:
    """Descent of so many steps by JAX: vmap over the runs, one compiled loop; None without JAX."""
    try:
        import jax
    except ImportError:
        return None
    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    activation = {"tanh": jnp.tanh, "relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid}[name]

    def risk(theta, x, y):
        inner, outer, bias = (part[0] for part in split(theta[None], x.shape[1]))
        z = activation(x @ inner.T) @ outer + bias[0]
        return jnp.mean(jnp.logaddexp(0.0, z) - y * z)

    slope = jax.vmap(jax.grad(risk), in_axes=(0, None, None))

    @jax.jit
    def descend(theta, x, y, steps):
        return jax.lax.fori_loop(0, steps, lambda _, one: one - RATE * slope(one, x, y), theta)

    arrays = [jnp.asarray(part) for part in (starts, x, y)]
    return lambda steps: np.asarray(descend(*arrays, steps).block_until_ready())


def of_torch(
    name: str, x: np.ndarray, y: np.ndarray, starts: np.ndarray
) -> Callable[[int], np.ndarray] | None:
    """Descent of so many steps by PyTorch: batched products, gradient by hand; None without PyTorch."""
    try:
        import torch
    except ImportError:
        return None
    activation = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}[name]
    derivative = {
        "tanh": lambda h: 1.0 - h * h,
        "relu": lambda h: (h > 0).to(h.dtype),
        "sigmoid": lambda h: h * (1.0 - h),
    }[name]
    features, labels = torch.tensor(x), torch.tensor(y)[None]

    def descend(steps: int) -> np.ndarray:
        theta = torch.tensor(starts)
        inner, outer, bias = split(theta, x.shape[1])
        for _ in range(steps):
            h = activation(features @ inner.transpose(1, 2))
            slopes = (torch.sigmoid((h @ outer[:, :, None])[:, :, 0] + bias) - labels) / len(x)
            back = slopes[:, :, None] * derivative(h)
            step = torch.cat(
                [
                    (outer[:, :, None] * (back.transpose(1, 2) @ features)).flatten(1),
                    (slopes[:, None, :] @ h)[:, 0],
                    slopes.sum(1, keepdim=True),
                ],
                1,
            )
            theta -= RATE * step
        return theta.numpy()

    return torch.no_grad()(descend)


def seconds(call: Callable[..., object], *arguments: object) -> float:
    begun = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - begun


def sized(name: str, n: int, d: int, units: int, runs: int) -> tuple[float, int]:
    """Operations of a step of all runs, and how many steps make some tenths of a second."""
    operations = n * runs * ((2 * d + 2 + UNIT_OPERATIONS[name]) * units + LOSS_OPERATIONS)
    return operations, max(3, round(2e8 / operations))


def share(name: str, shape: tuple[int, int, int, int], repeats: int) -> str:
    """A line of the first table, of one thread."""
    problems, (operations, steps) = problem(*shape), sized(name, *shape)
    ours(name, *problems, steps, 1)
    shares = []
    for _ in range(repeats):
        least = steps * operations * ceiling._seconds_each(ceiling._multiply_add, 1)
        shares.append(least / seconds(ours, name, *problems, steps, 1))
    return f"{median(shares):.0%} of the fma peak"


def ratio(name: str, shape: tuple[int, int, int, int], repeats: int) -> str:
    """A line of the second table, of two threads."""
    problems, (_, steps) = problem(*shape), sized(name, *shape)
    peers = {"JAX": of_jax(name, *problems), "PyTorch": of_torch(name, *problems)}
    peers = {peer: run for peer, run in peers.items() if run is not None}
    for run in peers.values():
        np.testing.assert_allclose(run(3), ours(name, *problems, 3, 2), rtol=1e-9, atol=1e-11)
        run(steps)
    times = {one: [] for one in ("ours", *peers)}
    for _ in range(repeats):
        for peer, run in peers.items():
            times[peer].append(seconds(run, steps))
        times["ours"].append(seconds(ours, name, *problems, steps, 2))
    middle = {one: median(values) for one, values in times.items()}
    ratios = [f"{peer} {middle[peer] / middle['ours']:.1f}x" for peer in peers]
    return ", ".join(ratios) or "neither JAX nor PyTorch is here"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7, help="interleaved repeats of each (default 7)")
    parser.add_argument("--models", nargs="*", default=list(UNIT_OPERATIONS))
    given = parser.parse_args()
    # The shares first: threads of the other libraries go on spinning once they are loaded.
    for table in (share, ratio):
        for name in given.models:
            for shape in SHAPES:
                n, d, units, runs = shape
                found = table(name, shape, given.repeats)
                print(f"{name}({units}), n = {n}, d = {d}, runs = {runs}: {found}", flush=True)


if __name__ == "__main__":
    main()
