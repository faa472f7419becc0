"""One step of every run of a worker: what the optimiser makes of the gradient."""

from __future__ import annotations

from typing import Any

from kernels.jit import lanewise
from kernels.lanes import RATE, STEP, Lanes
from kernels.optimisers import Optimiser
from kernels.vectors import all_true, fma, load, store

__all__ = ["stepper"]


def stepper(optimiser: Optimiser) -> Any:
    """The function ``(lanes, count)`` that moves every lane; it returns whether all stay finite.

    `count` is the number of samples that the gradient is the sum of.
    """
    tick, move, slots = optimiser.tick, optimiser.move, optimiser.slots

    @lanewise
    def step(lanes: Lanes, count: Any) -> Any:
        rate = load(lanes.state, RATE)
        pace = tick(rate, count, lanes.gradient, lanes.clocks)
        zero = 0.0 * rate
        check = zero
        for j in range(lanes.theta.shape[0]):
            moved = move(pace, load(lanes.theta, j), load(lanes.gradient, j), lanes.memory, slots * j)
            store(lanes.theta, j, moved)
            # 0 times inf or nan is nan, and stays.
            check = fma(moved, zero, check)
        store(lanes.state, STEP, load(lanes.state, STEP) + 1.0)
        return all_true(check <= 0.0)

    return step
