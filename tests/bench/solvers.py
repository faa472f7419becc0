"""The solvers that are compared, each a function ``workload -> final parameters``, and their preparation."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special
from workloads import UNMET, Floats, Workload

import kernels

Solver = Callable[[Workload], Floats]


def ours(loss: str, *, threads: int = 2, targets: bool = False) -> Solver:
    """`kernels.descend`."""

    def solve(work: Workload) -> Floats:
        return kernels.descend(
            work.features,
            work.labels,
            work.starts,
            loss=loss,
            learning_rate=work.learning_rate,
            max_steps=work.steps,
            targets=UNMET if targets else None,
            threads=threads,
        ).theta

    return solve


def numpy_batch(loss: str) -> Solver:
    """All runs at once, by matrix product."""

    def solve(work: Workload) -> Floats:
        x, y, theta = work.features, work.labels, work.starts
        rate = work.learning_rate / len(x)
        for _ in range(work.steps):
            p = scipy.special.expit(theta @ x.T)
            slope = p - y
            if loss == "mse":
                slope *= p * (1.0 - p)
            theta = theta - rate * (slope @ x)
        return theta

    return solve


def numpy_single(loss: str) -> Solver:
    """One run after the other, as most people write it."""

    def solve(work: Workload) -> Floats:
        x, y = work.features, work.labels
        rate = work.learning_rate / len(x)
        result = np.empty_like(work.starts)
        for run, start in enumerate(work.starts):
            theta = start
            for _ in range(work.steps):
                p = 1.0 / (1.0 + np.exp(-(x @ theta)))
                slope = p - y
                if loss == "mse":
                    slope = slope * p * (1.0 - p)
                theta = theta - rate * (x.T @ slope)
            result[run] = theta
        return result

    return solve


def jax_jit(loss: str) -> Solver:
    """JAX in float64: the whole descent is one compiled loop."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    @jax.jit
    def descend(x: Any, y: Any, theta: Any, rate: Any, steps: Any) -> Any:
        def step(_: Any, theta: Any) -> Any:
            p = jax.nn.sigmoid(theta @ x.T)
            slope = p - y
            if loss == "mse":
                slope = slope * p * (1.0 - p)
            return theta - rate * (slope @ x)

        return jax.lax.fori_loop(0, steps, step, theta)

    def solve(work: Workload) -> Floats:
        x, y, theta = jnp.asarray(work.features), jnp.asarray(work.labels), jnp.asarray(work.starts)
        return np.asarray(descend(x, y, theta, work.learning_rate / len(x), work.steps).block_until_ready())

    return solve


def jax_lanes(loss: str) -> Solver:
    """JAX in float64 with the runs along the fast axis, as in our kernel."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    @jax.jit
    def descend(x: Any, y: Any, theta: Any, rate: Any, steps: Any) -> Any:
        def step(_: Any, theta: Any) -> Any:
            p = jax.nn.sigmoid(x @ theta)
            slope = p - y[:, None]
            if loss == "mse":
                slope = slope * p * (1.0 - p)
            return theta - rate * (x.T @ slope)

        return jax.lax.fori_loop(0, steps, step, theta)

    def solve(work: Workload) -> Floats:
        x, y, theta = jnp.asarray(work.features), jnp.asarray(work.labels), jnp.asarray(work.starts.T)
        return np.asarray(descend(x, y, theta, work.learning_rate / len(x), work.steps).block_until_ready()).T

    return solve


def torch_compile(loss: str) -> Solver:
    """torch.compile in float64: one compiled step, called in a loop."""
    import torch

    torch.set_num_threads(2)

    def step(x: Any, y: Any, theta: Any, rate: float) -> Any:
        p = torch.sigmoid(theta @ x.T)
        slope = p - y
        if loss == "mse":
            slope = slope * p * (1.0 - p)
        return theta - rate * (slope @ x)

    with warnings.catch_warnings(action="ignore"):  # of what PyTorch itself uses
        step = torch.compile(step)

    def solve(work: Workload) -> Floats:
        x, y, theta = (torch.from_numpy(a) for a in (work.features, work.labels, work.starts))
        with torch.no_grad():
            for _ in range(work.steps):
                theta = step(x, y, theta, work.learning_rate / len(x))
        return theta.numpy()

    return solve


PEERS = {
    "JAX jit": ("jax", jax_jit),
    "JAX jit, runs on the fast axis": ("jax", jax_lanes),
    "torch.compile": ("torch", torch_compile),
}
"""The compiled peers (extra ``peers``): the package of each, and a function that prepares it for a loss."""


def installed_peers(loss: str) -> dict[str, Solver]:
    """The compiled peers whose packages are installed."""
    return {name: make(loss) for name, (package, make) in PEERS.items() if importlib.util.find_spec(package)}
