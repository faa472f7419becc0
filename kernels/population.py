"""Gradient flow on two Gaussian classes with infinitely many samples: its speed, times and limits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final, NamedTuple

from kernels import checks
from kernels.arithmetic import exp, expit
from kernels.errors import failure
from kernels.losses import Loss, slope_of
from kernels.quadrature import LONGEST, mean_squares, means, panel, right_share, scores
from kernels.targets import TARGETS

__all__ = [
    "LEAST_MU",
    "Scores",
    "population_deviation",
    "population_gradient",
    "population_optimum",
    "population_passage",
    "population_scores",
    "population_spread",
    "population_target",
    "population_time",
    "regime",
]

LEAST_MU: Final = 1e-6
"""Below this the laws of Gaussian pairs are not evaluated: the two classes are practically one."""


class Scores(NamedTuple):
    """What targets are checked against, named as they are."""

    accuracy: float
    brier: float
    logloss: float


def _checked(c: float, mu: float, argument: str = "c") -> tuple[float, float]:
    return checks.number_between(argument, c, -1e4, 1e4), checks.number_between("mu", mu, LEAST_MU, 1e3)


def population_gradient(c: float, mu: float, *, loss: str) -> float:
    """Derivative in c of the risk on two Gaussian classes, where theta is c times the true direction.

    The classes have means at +-mu and unit covariance.

    Parameters
    ----------
    c
        From -1e4 to 1e4; negative is wrong.
    mu
        Half the distance between the class means, from 1e-6 to 1e3.
    loss
        A name from `kernels.LOSSES`.

    Returns
    -------
    float
        Within 1e-13 of itself (1e-12 where |c| exceeds 1000), but within 1e-15 near the optimum, where it
        vanishes; 0 where it
        is below 1e-290, too small for its sign to be known in float64.

    Raises
    ------
    ValueError
        Naming the argument, the value and what is allowed.
    """
    chosen = checks.known_loss(loss)
    return 0.0 - means(chosen, *_checked(c, mu)).pull


def population_spread(c: float, mu: float, *, loss: str) -> float:
    """Standard deviation of one sample's share in the population gradient, relative to the gradient.

    Divided by the root of the number of samples it is the relative standard error of a finite sample's
    gradient: where that is not small, hardly a point lies where the gradient comes from, and the sample
    deviates from the population's law.

    Parameters and errors are those of `population_gradient`.
    """
    chosen = checks.known_loss(loss)
    c, mu = _checked(c, mu)
    mean = means(chosen, c, mu).pull
    return math.sqrt(max(mean_squares(chosen, c, mu, mean).pull - 1.0, 0.0)) if mean else math.inf


def population_scores(c: float, mu: float) -> Scores:
    """Accuracy, Brier score and log loss (nats) of the population; see `population_gradient`.

    The errors are about 1e-15.  At c = 0 every logit is 0, which counts as wrong.
    """
    c, mu = _checked(c, mu)
    return Scores(*scores(c, mu))


def population_optimum(mu: float, *, loss: str) -> float:
    """The c at which the flow of the population ends: 2 mu for BCE, MSE and every other proper loss.

    That of another loss is found where its gradient changes sign, to 1e-12 of itself; see
    `population_gradient`.
    """
    chosen = checks.known_loss(loss)
    _, mu = _checked(0.0, mu)
    return _optimum(chosen, mu)


@cache
def _proper(loss: Loss) -> bool:
    """Whether a loss is least, on average, at the true p: ``p L'(z, 1) + (1 - p) L'(z, 0) = 0`` at some z."""
    slope = slope_of(loss)
    for z in range(-16, 17):
        up, down = expit(z) * slope(float(z), 1.0), expit(-z) * slope(float(z), 0.0)
        if not abs(up + down) <= 1e-13 * abs(down):
            return False
    return True


@cache
def _optimum(loss: Loss, mu: float) -> float:
    if _proper(loss):
        # The true logit of a sample at x along the direction is 2 mu x.  No search: for a large mu the sign
        # of the pull near there is unknown.
        return 2.0 * mu
    low, high = 0.0, 4.0 * mu
    while means(loss, high, mu).pull > 0.0 and high < 1e4:
        low, high = high, 2.0 * high
    return _crossing(lambda c: means(loss, c, mu).pull <= 0.0, low, high)


def _crossing(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where a condition that is false at `low` becomes true, by halving to the last bits."""
    while high - low > 1e-13 * max(abs(low), abs(high)):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def population_time(start: float, end: float, mu: float, *, loss: str) -> float:
    """Time in which the flow of the population goes from one multiple of the true direction to a better one.

    Parameters
    ----------
    start, end
        Multiples c, from -1e4 to 1e4, `start` not above `end`.
    mu
        Half the distance between the class means, from 1e-6 to 1e3.
    loss
        A name from `kernels.LOSSES`.

    Returns
    -------
    float
        Within 1e-12 of itself, but at a distance d below 1e-3 from the optimum only 1e-15 / d; inf where
        `end` is not before the optimum, or the time exceeds 1e290.

    Raises
    ------
    ValueError
        Naming the argument, the value and what is allowed.
    """
    chosen = checks.known_loss(loss)
    begin, mu = _checked(start, mu, "start")
    stop, _ = _checked(end, mu, "end")
    if begin > stop:
        raise failure("start", start, f"at most end = {end:g}")
    return _time(chosen, begin, stop, mu)


def _time(loss: Loss, start: float, end: float, mu: float) -> float:
    """Integrate ``dt = dc / pull``."""
    optimum = _optimum(loss, mu)
    if start < end >= optimum:
        return math.inf
    total = 0.0
    for low, high in _grid(start, end, optimum):
        total += _panel_time(loss, low, high, mu)
        if total > LONGEST:
            return math.inf
    return total


# Panels of c are no wider than this.
_WIDTH: Final = 0.25


def _grid(start: float, end: float, optimum: float) -> Iterator[tuple[float, float]]:
    """Panels of c, from the end backwards, none wider than its distance to the optimum, where no pull is.

    The rule's error is below 5.8^-32 of a panel then: the pole lies outside the ellipse of sum of half axes 3
    + sqrt(8).  They break at 0, so that integrals from many starts share those below.
    """
    high = end
    while high > start:
        low = max(high - min(_WIDTH, optimum - high), start)
        low = 0.0 if low < 0.0 < high else low
        yield low, high
        high = low


@cache
def _panel_time(loss: Loss, low: float, high: float, mu: float) -> float:
    def slowness(c: float) -> float:
        pull = means(loss, c, mu).pull
        return 1.0 / pull if pull > 0.0 else math.inf

    return panel(slowness, low, high)


def population_deviation(start: float, end: float, mu: float, *, loss: str) -> float:
    """How far a finite sample's path may deviate from the true direction until `end`, times ``sqrt(n)``.

    The root mean square of the deviation is at most this much over ``sqrt(n)``. Where that is not small
    compared to 1 the path turns away from the line of the population's flow, and the slowdown deviates from
    its law. It is the same for the bias and for every feature orthogonal to the direction.

    Parameters and errors are those of `population_time`, `end` lying before the optimum.

    Returns
    -------
    float
        To some per cent: its order of magnitude is what counts.

    Notes
    -----
    With ``w = -dL/dm``, a deviation obeys ``d delta / dt = E[w'] delta + noise``, noise of
    variance ``E[w^2] / n``, while ``dc / dt = E[x w]``.  By Stein's lemma ``E[x w] = mu E[w] + c E[w']``.
    Noise at different c is assumed to push the same way.
    """
    chosen = checks.known_loss(loss)
    begin, mu = _checked(start, mu, "start")
    stop, _ = _checked(end, mu, "end")
    optimum = _optimum(chosen, mu)
    if not begin <= stop < optimum:
        raise failure("start, end", f"{start}, {end}", f"start <= end < the optimum, {optimum:g}")
    deviation = 0.0
    for low, high in reversed(list(_grid(begin, stop, optimum))):
        middle = 0.5 * (low + high)
        found = means(chosen, middle, mu)
        if found.pull <= 0.0:
            return math.inf
        # The rate (1 - mu push / pull) / c times half the panel. The middle c of the tiniest panel is 0, but
        # not twice of it.
        grown = float(exp((1.0 - mu * found.push / found.pull) * (high - low) / (low + high)))
        noise = math.sqrt(mean_squares(chosen, middle, mu, found.pull).push)
        deviation = (deviation * grown + (high - low) * noise) * grown
    return deviation


def population_target(mu: float, *, target: str, threshold: float) -> float:
    """The multiple of the true direction from which on, up to the best one, the population meets a target.

    Parameters
    ----------
    mu
        Half the distance between the class means, from 1e-6 to 1e3.
    target
        ``accuracy``, met from its threshold on, ``brier`` or ``logloss``, met down from theirs.
    threshold
        A finite number.

    Returns
    -------
    float
        For the accuracy 0, where it jumps (the target holds above, not at 0).  inf where the target never
        holds, -inf where it always does, or does from below -1e4 on.

    Raises
    ------
    ValueError
        Naming the argument, the value and what is allowed.
    """
    _, mu = _checked(0.0, mu)
    if target not in TARGETS:
        raise failure("target", repr(target), f"one of {', '.join(TARGETS)}")
    limit = checks.number_between("threshold", threshold, -1e300, 1e300)
    if target == "accuracy":
        return math.inf if limit > right_share(mu) else 0.0 if limit > 1.0 - right_share(mu) else -math.inf
    return _meeting(mu, target, limit)


@cache
def _meeting(mu: float, target: str, limit: float) -> float:
    """`population_target` of a score that falls all the way to 2 mu."""

    def holds(c: float) -> bool:
        return bool(getattr(population_scores(c, mu), target) <= limit)

    if not holds(2.0 * mu):
        return math.inf
    return -math.inf if holds(-1e4) else _crossing(holds, -1e4, 2.0 * mu)


def population_passage(start: float, mu: float, *, loss: str, target: str, threshold: float) -> float:
    """Time at which the flow of the population first meets a target.

    Arguments are those of `population_time` and `population_target`, `start` lying below the optimum.

    Returns
    -------
    float
        0 where the target holds at the start, inf where it is never met or the time exceeds 1e290.
    """
    c = population_target(mu, target=target, threshold=threshold)
    if start >= population_optimum(mu, loss=loss):
        raise failure("start", start, f"less than the optimum, {population_optimum(mu, loss=loss):g}")
    return 0.0 if c <= start else math.inf if c > 1e4 else population_time(start, c, mu, loss=loss)


def regime(scale: float, mu: float) -> str:
    """How the slowdown grows at a wrong start of that scale: see `docs/laws.md`.

    Parameters
    ----------
    scale
        The a of ``theta = -a`` times the true direction, at least 0.
    mu
        Half the distance between the class means, above 0.

    Returns
    -------
    str
        ``small`` where the logits of the start are at most 1 (root mean square, ``a sqrt(1 + mu^2)``), else
        ``plateau`` where a < mu (it grows exponentially with the scale), else ``ceiling`` (like a power of
        the scale).
    """
    if scale * math.sqrt(1.0 + mu * mu) <= 1.0:
        return "small"
    return "plateau" if scale < mu else "ceiling"
