"""What is timed: samples, starts and a number of steps, the same arrays for every solver."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SHAPES = ((256, 2, 1024), (256, 8, 1024), (569, 30, 1024))
"""(samples, features, runs) of the workloads."""

# Thresholds that no run of these workloads meets: all targets are checked at every step, no run ends early.
UNMET = {"accuracy": 1.0, "brier": 1e-6, "logloss": 1e-6}


class Workload(NamedTuple):
    """One shape, filled: two overlapping Gaussian classes and normal starts."""

    features: Floats
    labels: Floats
    starts: Floats
    learning_rate: float
    steps: int

    @property
    def sample_steps(self) -> int:
        """Samples x runs x steps: what a time is divided by."""
        return len(self.features) * len(self.starts) * self.steps


def workload(n: int, d: int, runs: int, *, seconds: float = 0.1) -> Workload:
    """A workload that takes a solver at 0.5 ns per sample, run and step about `seconds`."""
    rng = np.random.default_rng([n, d, runs])
    labels = (np.arange(n) % 2).astype(float)
    features = rng.normal(size=(n, d)) + np.outer(2.0 * labels - 1.0, np.eye(d)[0])
    features[:, -1] = 1.0
    steps = max(2, round(seconds / (0.5e-9 * n * runs)))
    return Workload(features, labels, rng.normal(size=(runs, d)), 0.05, steps)
