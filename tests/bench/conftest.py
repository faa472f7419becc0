"""What the benchmarks share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ceiling import least_time
from workloads import Workload


@pytest.fixture
def calibration(request: pytest.FixtureRequest, benchmark) -> Callable[[str, int, Workload], Callable | None]:
    """Make the `setup` of a recorded benchmark: it measures its workload's ceiling before every round.

    A comparison runs without pytest-benchmark, and needs no ceiling: both sides are measured together.
    """

    def make(loss: str, threads: int, work: Workload) -> Callable | None:
        ceilings = benchmark.extra_info["ceiling"] = []

        def measure() -> None:
            ceilings.append(least_time(loss, work.features.shape[1], threads) * work.sample_steps)

        return measure if request.config.pluginmanager.hasplugin("benchmark") else None

    return make
