"""The registered optimisers: how each turns a gradient into a step.

To add an optimiser, add one entry here, or call `register` from elsewhere: everything else finds it in
`OPTIMISERS`.  `docs/add-an-optimiser.md` has a worked example.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from kernels.jit import lanewise
from kernels.registry import Family, Registry
from kernels.vectors import fma

__all__ = ["OPTIMISERS", "Optimiser", "register"]


@dataclass(frozen=True, eq=False)
class Optimiser:
    """A rule that moves parameters along a gradient, row by row; a row is a vector with a run in each lane.

    Memory and clocks are 0 when a run starts.  The gradient comes as a sum over samples together with their
    number, so that descent without memory rounds once less; divide where a rule needs the mean.

    Parameters
    ----------
    name
        The name by which the optimiser is chosen.
    slots
        Numbers that it keeps for each parameter.
    clocks
        Numbers that it keeps for each run.
    tick
        `lanewise` function ``(rate, count, clocks) -> pace``, called once a step: `rate` is the learning rate
        of each run, `count` how many samples the gradient is the sum of, `clocks` an array (clocks, lanes) to
        read and write.  The `pace` is handed on to every `move`, and may be a tuple.
    move
        `lanewise` function ``(pace, theta, gradient, memory, row) -> theta``, called for each parameter: its
        memory is the rows from `row` on, `slots` of them, to read and write.  A rate of 0 must not move a
        parameter that is 0.
    """

    name: str
    slots: int
    clocks: int
    tick: Callable[..., Any]
    move: Callable[..., Any]


OPTIMISERS: Final[Registry[Optimiser]] = Registry("optimiser")
"""The registered optimisers by name."""


def register(optimiser: Optimiser | Family[Optimiser]) -> None:
    """Make an optimiser, or a family of them, known under its name.

    Raises
    ------
    ValueError
        If the name is taken, or is not made of letters, digits and underscores.
    """
    OPTIMISERS.register(optimiser)


@lanewise
def _gd_tick(rate: Any, count: Any, clocks: Any) -> Any:  # noqa: ARG001
    return -(rate / count)


@lanewise
def _gd_move(pace: Any, theta: Any, gradient: Any, memory: Any, row: Any) -> Any:  # noqa: ARG001
    return fma(pace, gradient, theta)


# Plain gradient descent: theta - rate * mean gradient.
register(Optimiser("gd", slots=0, clocks=0, tick=_gd_tick, move=_gd_move))
