"""The registered optimisers: how each turns a gradient into a step.

To add an optimiser, add one entry here, or call `register` from elsewhere: everything else finds it in
`OPTIMISERS`.  `docs/add-an-optimiser.md` has a worked example.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from kernels.jit import lanewise
from kernels.registry import Family, Parameter, Registry
from kernels.vectors import fma, load, select, sqrt, store

__all__ = ["OPTIMISERS", "Optimiser", "register"]


@dataclass(frozen=True, eq=False)
class Optimiser:
    """A rule that moves parameters along a gradient, row by row; a row is a vector with a run in each lane.

    Memory and clocks are 0 when a run starts.  The gradient comes as a sum over samples together with their
    number, so that descent without memory rounds once less; a rule that remembers gradients, or is not linear
    in them, needs their mean, since batches differ in size.

    Parameters
    ----------
    name
        The name by which the optimiser is chosen.
    slots
        Numbers that it keeps for each parameter.
    clocks
        Numbers that it keeps for each run.
    tick
        `lanewise` function ``(rate, count, gradient, clocks) -> pace``, called once a step: `rate` is the
        learning rate of each run, `count` how many samples the `gradient` (rows, lanes) is the sum of,
        `clocks` an array (clocks, lanes) to read and write.  The `pace` is handed on to every `move`, and may
        be a tuple.
    move
        `lanewise` function ``(pace, theta, gradient, memory, row) -> theta``, called for each parameter: its
        memory is the rows from `row` on, `slots` of them, to read and write.  A rate of 0 must not move a
        parameter that is 0.
    scale_free
        Whether a multiple of all gradients gives the same steps, so that a rate is a length and not a
        multiple of the gradient.
    """

    name: str
    slots: int
    clocks: int
    tick: Callable[..., Any]
    move: Callable[..., Any]
    scale_free: bool = False


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
def _gd_tick(rate: Any, count: Any, gradient: Any, clocks: Any) -> Any:  # noqa: ARG001
    return -(rate / count)


@lanewise
def _gd_move(pace: Any, theta: Any, gradient: Any, memory: Any, row: Any) -> Any:  # noqa: ARG001
    return fma(pace, gradient, theta)


# Plain gradient descent: theta - rate * mean gradient.
register(Optimiser("gd", slots=0, clocks=0, tick=_gd_tick, move=_gd_move))


@lanewise
def _mean_tick(rate: Any, count: Any, gradient: Any, clocks: Any) -> Any:  # noqa: ARG001
    """What a step multiplies by, and what turns the sum over samples into their mean."""
    return -rate, 1.0 / count


_SHARE: Final = "a number from 0 to below 1"


def _is_share(value: float) -> bool:
    return 0.0 <= value < 1.0


_BETA: Final = Parameter("beta", _SHARE, _is_share, default=0.9)


def _momentum(name: str, beta: float) -> Optimiser:
    """The velocity is a running sum of gradients in which each counts `beta` times as much a step later."""

    @lanewise
    def move(pace: Any, theta: Any, gradient: Any, memory: Any, row: Any) -> Any:
        rate, share = pace
        velocity = fma(beta, load(memory, row), gradient * share)
        store(memory, row, velocity)
        return fma(rate, velocity, theta)

    return Optimiser(name, slots=1, clocks=0, tick=_mean_tick, move=move)


# v <- beta v + g; theta <- theta - rate v, as torch.optim.SGD(momentum=beta): Polyak (1964) with PyTorch's
# scale, in which a constant gradient is in the end followed at rate / (1 - beta).
register(Family("momentum", (_BETA,), _momentum))


def _nesterov(name: str, beta: float) -> Optimiser:
    """Momentum that looks ahead: the parameters kept are those at which the gradient is taken."""

    @lanewise
    def move(pace: Any, theta: Any, gradient: Any, memory: Any, row: Any) -> Any:
        rate, share = pace
        mean = gradient * share
        velocity = fma(beta, load(memory, row), mean)
        store(memory, row, velocity)
        return fma(rate, fma(beta, velocity, mean), theta)

    return Optimiser(name, slots=1, clocks=0, tick=_mean_tick, move=move)


# v <- beta v + g; theta <- theta - rate (g + beta v), as torch.optim.SGD(momentum=beta, nesterov=True).
register(Family("nesterov", (_BETA,), _nesterov))


def _adam(name: str, beta1: float, beta2: float, eps: float) -> Optimiser:
    """Steps along the mean gradient of late over the root of the mean square of late, both unbiased."""

    @lanewise
    def tick(rate: Any, count: Any, gradient: Any, clocks: Any) -> Any:  # noqa: ARG001
        # 1 - beta^t, which is 0 before the first step, as memory and clocks must be.
        store(clocks, 0, fma(beta1, load(clocks, 0), 1.0 - beta1))
        store(clocks, 1, fma(beta2, load(clocks, 1), 1.0 - beta2))
        return -(rate / load(clocks, 0)), 1.0 / count, 1.0 / load(clocks, 1)

    @lanewise
    def move(pace: Any, theta: Any, gradient: Any, memory: Any, row: Any) -> Any:
        rate, share, unbiased = pace
        mean = gradient * share
        first = fma(beta1, load(memory, row), (1.0 - beta1) * mean)
        second = fma(beta2, load(memory, row + 1), (1.0 - beta2) * (mean * mean))
        store(memory, row, first)
        store(memory, row + 1, second)
        return fma(rate, first / (sqrt(second * unbiased) + eps), theta)

    return Optimiser(name, slots=2, clocks=2, tick=tick, move=move, scale_free=True)


# Kingma and Ba (2015), algorithm 1, as torch.optim.Adam: eps is added to the unbiased root.
register(
    Family(
        "adam",
        (
            Parameter("beta1", _SHARE, _is_share, default=0.9),
            Parameter("beta2", _SHARE, _is_share, default=0.999),
            Parameter("eps", "a number above 0, at most 1", lambda value: 0.0 < value <= 1.0, default=1e-8),
        ),
        _adam,
    )
)


@lanewise
def _unit_tick(rate: Any, count: Any, gradient: Any, clocks: Any) -> Any:  # noqa: ARG001
    # The largest entry is divided out first: squares of a saturated gradient, 1e-300, would vanish.
    largest = 0.0 * rate
    for j in range(gradient.shape[0]):
        entry = load(gradient, j)
        size = select(entry < 0.0, -entry, entry)
        largest = select(size > largest, size, largest)
    divisor = select(largest > 0.0, largest, 1.0)
    squares = 0.0 * rate
    for j in range(gradient.shape[0]):
        share = load(gradient, j) / divisor
        squares = fma(share, share, squares)
    length = sqrt(squares)
    return -(rate / select(length > 0.0, length, 1.0)), divisor


@lanewise
def _unit_move(pace: Any, theta: Any, gradient: Any, memory: Any, row: Any) -> Any:  # noqa: ARG001
    rate, divisor = pace
    return fma(rate, gradient / divisor, theta)


# theta - rate * g / |g|; no step where the gradient is 0.
register(Optimiser("normalised", slots=0, clocks=0, tick=_unit_tick, move=_unit_move, scale_free=True))
