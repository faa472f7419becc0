"""Exact laws of the slowdown: what must come out, known from formulas and integrals and not from descending.

`docs/laws.md` derives every one of them.  All but `margin_time`, which needs a closed form, hold for any registered loss.  Times
are those of gradient flow: a step at learning rate eta advances the time by eta.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from kernels import checks
from kernels.arithmetic import _exp, _expit, _softplus, exp, expit, log1p
from kernels.errors import failure
from kernels.jit import compiled
from kernels.losses import Loss
from kernels.targets import TARGETS

__all__ = [
    "CLOSED_FORMS",
    "LEAST_MU",
    "Scores",
    "margin_time",
    "population_deviation",
    "population_gradient",
    "population_optimum",
    "population_passage",
    "population_scores",
    "population_spread",
    "population_target",
    "population_time",
    "regime",
    "stall_logit",
]

Floats = npt.NDArray[np.float64]

LONGEST: Final = 1e290
"""Times beyond this are returned as inf: the gradients behind them are too small for float64."""

# A pull below this is taken as 0: a loss counts margins beyond +-708 as +-708, which adds up to 1e-304 to it, of either sign.
_LEAST_PULL: Final = 1.0 / LONGEST

LEAST_MU: Final = 1e-6
"""Below this the laws of Gaussian pairs are not told: two classes nearer than that are one."""


# --- One sample -------------------------------------------------------------------------------------------------------


def _fall(x: Floats) -> Floats:
    """``1 - exp(-x)`` of non-negative numbers, to some ulps (Kahan's way: the rounding of the exponential divides out)."""
    power = exp(-x)
    near = x < 0.5
    small = np.where(near & (power < 1.0), power, 0.5)
    return np.where(near, np.where(power < 1.0, (1.0 - small) * x / -log1p(small - 1.0), x), 1.0 - power)


def _bce_time(low: Floats, high: Floats) -> Floats:
    """``[m + e^m]`` between the margins, with ``e^high - e^low = e^high (1 - e^-(high - low))``."""
    way = high - low
    return np.asarray(way + exp(high) * _fall(way))


def _mse_time(low: Floats, high: Floats) -> Floats:
    """``[3 m + 3 e^m + e^(2 m) / 2 - e^-m]`` between the margins, term by term: all are positive."""
    way = high - low
    right = 3.0 * exp(high) * _fall(way) + 0.5 * exp(2.0 * high) * _fall(2.0 * way)
    return np.asarray(3.0 * way + right + exp(-low) * _fall(way))


CLOSED_FORMS: Final[Mapping[str, Callable[[Floats, Floats], Floats]]] = MappingProxyType(
    {"bce": _bce_time, "mse": _mse_time}
)
"""By loss: the time from a margin to a larger one, for ``|x| = 1``."""


def margin_time(start: npt.ArrayLike, end: npt.ArrayLike, *, loss: str) -> Any:
    """Time that gradient flow takes to move the margin of one sample, in units of ``1 / |x|^2``.

    Parameters
    ----------
    start, end
        Finite margins ``(2 y - 1) theta . x``, of shapes that broadcast.
    loss
        A name from `CLOSED_FORMS`.

    Returns
    -------
    float64 or array of float64
        Relatively accurate for all margins within +-700, close ones too; negative where `end` lies below `start`, and infinite
        where the time exceeds float64.

    Raises
    ------
    ValueError
        Naming the argument, the value and what is allowed.

    Notes
    -----
    ``dm / dt = -|x|^2 dL/dm``, so the time is the integral of ``1 / (-dL/dm)`` over the margin.
    """
    if not isinstance(loss, str) or loss not in CLOSED_FORMS:
        raise failure("loss", repr(loss), f"one with a closed form: {', '.join(CLOSED_FORMS)}")
    first, last = np.broadcast_arrays(checks.finite_array("start", start), checks.finite_array("end", end))
    with np.errstate(over="ignore", invalid="ignore"):
        time = CLOSED_FORMS[loss](np.minimum(first, last), np.maximum(first, last))
    return np.where(last > first, time, np.where(last < first, -time, 0.0))[()]


# --- Gaussian classes, infinitely many samples ------------------------------------------------------------------------


class Scores(NamedTuple):
    """What targets are checked against, named as they are."""

    accuracy: float
    brier: float
    logloss: float


class _Rule(NamedTuple):
    """The trapezoidal rule that a population integral is taken with: points x = first + k step."""

    first: float
    step: float
    points: int


# The Gaussian factor is below e^(-37) of its largest value this far from it, and points lie so close to each other; see `_rule`.
_REACH: Final = 9.0
_STEP: Final = 0.4
_INVERSE_ROOT_2_PI: Final = 0.3989422804014327


def _rule(c: float, mu: float) -> _Rule:
    """The rule for integrals of ``phi(x - mu) f(c x)``, f a polynomial times what has its poles at odd multiples of i pi.

    For an integrand that is analytic in the strip ``|Im x| < w`` the trapezoidal rule errs by about ``exp(-2 pi w / step)``
    (Trefethen and Weideman 2014, "The exponentially convergent trapezoidal rule", theorem 5.1).  The poles leave w = pi / |c|:
    e^-49 from |c| = 1 on, where the step shrinks with 1 / |c|; nearer to 0 they are farther away.  The order of the poles and
    the Gaussian density there cost some decades of that.  At |c| = 1, the worst place, the rule is off by 2e-15 of MSE's pull
    (poles of order 3) and by 1e-12 of its mean square (order 6); with a step of 0.5 it would be 2e-11 and 6e-9.

    Apart from polynomials the integrand is the exponential of a function at least as concave as ``-x^2 / 2`` with its top
    between -1 and mu + 1, so what lies more than `_REACH` beyond 0 and mu is negligible.
    """
    step = _STEP / max(abs(c), 1.0)
    return _Rule(-_REACH, step, math.ceil((mu + 2.0 * _REACH) / step) + 1)


@cache
def _mean_loop(loss: Loss) -> Any:
    """The loop that integrates over both classes: ``-dL/dc`` and ``-dL/dm``."""
    derivative = loss.derivative

    @compiled
    def integrate(c: float, mu: float, first: float, step: float, points: int) -> Any:
        pull, push = 0.0, 0.0
        for k in range(points):
            x = first + k * step
            weight = _exp(-0.5 * (x - mu) * (x - mu))
            # A sample of class 1 has the feature x, its mirror image of class 0 has -x.
            one, zero = -derivative(c * x, 1.0), derivative(-c * x, 0.0)
            pull += weight * 0.5 * (x * (one + zero))
            push += weight * 0.5 * (one + zero)
        return pull * step, push * step

    return integrate


@cache
def _square_loop(loss: Loss) -> Any:
    """The loop that integrates their squares, in units of that of `unit`."""
    derivative = loss.derivative

    @compiled
    def integrate(c: float, mu: float, unit: float, first: float, step: float, points: int) -> Any:
        pull, push = 0.0, 0.0
        for k in range(points):
            x = first + k * step
            # The root of the weight: the weight itself may underflow where its product with the squares is large.
            root = _exp(-0.25 * (x - mu) * (x - mu))
            one, zero = root * (derivative(c * x, 1.0) / unit), root * (derivative(-c * x, 0.0) / unit)
            pull += 0.5 * (x * x) * (one * one + zero * zero)
            push += 0.5 * (one * one + zero * zero)
        return pull * step, push * step

    return integrate


class _Moments(NamedTuple):
    """Over the population: the mean of a sample's pull ``-dL/dc`` and of its push ``-dL/dm``, or the means of their squares."""

    pull: float
    push: float


def _population(loss: Loss, c: float, mu: float) -> _Moments:
    """The means; a pull that float64 cannot tell from 0 is 0."""
    pull, push = (total * _INVERSE_ROOT_2_PI for total in _mean_loop(loss)(c, mu, *_rule(c, mu)))
    return _Moments(pull if abs(pull) >= _LEAST_PULL else 0.0, push)


def _squares(loss: Loss, c: float, mu: float, unit: float) -> _Moments:
    """The mean squares, in units of that of `unit`: in others they may be too small for float64."""
    return _Moments(*(total * _INVERSE_ROOT_2_PI for total in _square_loop(loss)(c, mu, unit, *_rule(c, mu))))


@compiled
def _score_integrals(c: float, mu: float, first: float, step: float, points: int) -> Any:
    brier, logloss = 0.0, 0.0
    for k in range(points):
        x = first + k * step
        weight = _exp(-0.5 * (x - mu) * (x - mu))
        wrong = _expit(-c * x)
        brier += weight * (wrong * wrong)
        logloss += weight * _softplus(-c * x)
    return brier * step, logloss * step


def _checked(c: float, mu: float, argument: str = "c") -> tuple[float, float]:
    return checks.number_between(argument, c, -1e4, 1e4), checks.number_between("mu", mu, LEAST_MU, 1e3)


def population_gradient(c: float, mu: float, *, loss: str) -> float:
    """Derivative in c of the risk on two Gaussian classes at +-mu, unit covariance, where theta is c times the true direction.

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
        Within 1e-13 of itself (1e-12 where |c| exceeds 1000), but within 1e-15 near the optimum, where it vanishes; 0 where it
        is below 1e-290, too small for float64 to tell its sign.

    Raises
    ------
    ValueError
        Naming the argument, the value and what is allowed.
    """
    chosen = checks.known_loss(loss)
    return 0.0 - _population(chosen, *_checked(c, mu)).pull


def population_spread(c: float, mu: float, *, loss: str) -> float:
    """Standard deviation of one sample's share in the population gradient, relative to their mean, the gradient.

    Divided by the root of the number of samples it is the relative standard error of a finite sample's gradient: where that is
    not small, no sample to speak of lies where the gradient comes from, and the sample leaves the population's law.

    Parameters and errors are those of `population_gradient`.
    """
    chosen = checks.known_loss(loss)
    c, mu = _checked(c, mu)
    mean = _population(chosen, c, mu).pull
    return math.sqrt(max(_squares(chosen, c, mu, mean).pull - 1.0, 0.0)) if mean else math.inf


def population_scores(c: float, mu: float) -> Scores:
    """Accuracy, Brier score and log loss (nats) of the population at c times the true direction; see `population_gradient`.

    The errors are about 1e-15.  At c = 0 every logit is 0, which counts as wrong.
    """
    c, mu = _checked(c, mu)
    brier, logloss = _score_integrals(c, mu, *_rule(c, mu))
    accuracy = _right(mu) if c > 0.0 else 1.0 - _right(mu) if c < 0.0 else 0.0
    return Scores(accuracy, brier * _INVERSE_ROOT_2_PI, logloss * _INVERSE_ROOT_2_PI)


@cache
def _right(mu: float) -> float:
    """Phi(mu), the share of margins above 0 for c > 0: one half and the integral of the density, by panels."""
    end = min(mu, _REACH)
    count = math.ceil(2.0 * end)
    density: Callable[[float], float] = lambda x: float(exp(-0.5 * x * x))  # noqa: E731
    total = 0.0
    for k in range(count):
        total += _panel(density, end * k / count, end * (k + 1) / count)
    return 0.5 + total * _INVERSE_ROOT_2_PI


def population_optimum(mu: float, *, loss: str) -> float:
    """The c at which the flow of the population comes to rest: 2 mu for BCE, MSE and every other proper loss.

    That of another loss is found where its gradient changes sign, to 1e-12 of itself; see `population_gradient`.
    """
    chosen = checks.known_loss(loss)
    _, mu = _checked(0.0, mu)
    return _optimum(chosen, mu)


@cache
def _proper(loss: Loss) -> bool:
    """Whether a loss wants p where the truth is p: at its logit z, ``p L'(z, 1) + (1 - p) L'(z, 0) = 0``, tried at some z."""
    slope = _slope(loss)
    for z in range(-16, 17):
        up, down = expit(z) * slope(float(z), 1.0), expit(-z) * slope(float(z), 0.0)
        if not abs(up + down) <= 1e-13 * abs(down):
            return False
    return True


@cache
def _optimum(loss: Loss, mu: float) -> float:
    if _proper(loss):
        # The true logit of a sample at x along the direction is 2 mu x.  No search: for a large mu no pull near there has a sign.
        return 2.0 * mu
    low, high = 0.0, 4.0 * mu
    while _population(loss, high, mu).pull > 0.0 and high < 1e4:
        low, high = high, 2.0 * high
    return _crossing(lambda c: _population(loss, c, mu).pull <= 0.0, low, high)


def _crossing(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where a condition that is false at `low` becomes true, by halving to the last bits."""
    while high - low > 1e-13 * max(abs(low), abs(high)):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


# Gauss and Legendre's rule with 16 points on [-1, 1]: half of it, the other is its mirror image.
_NODES: Final = (
    0.09501250983763744,
    0.2816035507792589,
    0.45801677765722737,
    0.6178762444026438,
    0.755404408355003,
    0.8656312023878318,
    0.9445750230732326,
    0.9894009349916499,
)
_WEIGHTS: Final = (
    0.1894506104550685,
    0.18260341504492358,
    0.16915651939500254,
    0.14959598881657674,
    0.12462897125553388,
    0.09515851168249279,
    0.062253523938647894,
    0.027152459411754096,
)


def _panel(f: Callable[[float], float], low: float, high: float) -> float:
    """The integral of f by one application of the rule."""
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    total = 0.0
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        total += weight * (f(middle - half * node) + f(middle + half * node))
    return half * total


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
        Within 1e-12 of itself, but at a distance d below 1e-3 from the optimum only 1e-15 / d; inf where `end` is not before the
        optimum, or the time exceeds 1e290.

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
    """Panels of c: from the end backwards, none wider than its distance to the optimum, where the pull vanishes.

    The rule's error is below 5.8^-32 of a panel then: the pole lies outside the ellipse of sum of half axes 3 + sqrt(8).  They
    break at 0, so that integrals from many starts share those below.
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
        pull = _population(loss, c, mu).pull
        return 1.0 / pull if pull > 0.0 else math.inf

    return _panel(slowness, low, high)


def population_deviation(start: float, end: float, mu: float, *, loss: str) -> float:
    """How far a finite sample's path strays from the true direction until `end`: at most this much over ``sqrt(n)``, rms.

    Where that is not small beside 1 the path turns away from the line on which the population's flow runs, and the slowdown
    leaves its law.  It is the same for the bias and for every feature across.

    Parameters and errors are those of `population_time`, `end` lying before the optimum.

    Returns
    -------
    float
        To some per cent: what it is for is its order of magnitude.

    Notes
    -----
    With ``w = -dL/dm``, a deviation obeys ``d delta / dt = E[w'] delta + noise``, noise of variance ``E[w^2] / n``, while
    ``dc / dt = E[x w]``.  By Stein's lemma ``E[x w] = mu E[w] + c E[w']``.  Noise at one c is taken to push the same way as that
    at another.
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
        found = _population(chosen, middle, mu)
        if found.pull <= 0.0:
            return math.inf
        # The rate (1 - mu push / pull) / c times half the panel. The middle c of the tiniest panel is 0, but not twice of it.
        grown = float(exp((1.0 - mu * found.push / found.pull) * (high - low) / (low + high)))
        noise = math.sqrt(_squares(chosen, middle, mu, found.pull).push)
        deviation = (deviation * grown + (high - low) * noise) * grown
    return deviation


def population_target(mu: float, *, target: str, threshold: float) -> float:
    """The multiple of the true direction from which on, up to the best one, a target holds for the population.

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
        For the accuracy 0, where it jumps (the target holds above, not at 0).  inf where the target never holds, -inf where it
        always does, or does from below -1e4 on.

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
        return math.inf if limit > _right(mu) else 0.0 if limit > 1.0 - _right(mu) else -math.inf
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
    """Time at which the flow of the population first meets a target; arguments as above, `start` below the optimum.

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
        ``small`` where the logits of the start are at most 1 (root mean square, ``a sqrt(1 + mu^2)``), else ``plateau`` where
        a < mu (it grows exponentially with the scale), else ``ceiling`` (like a power of the scale).
    """
    if scale * math.sqrt(1.0 + mu * mu) <= 1.0:
        return "small"
    return "plateau" if scale < mu else "ceiling"


# --- Where an update rounds away --------------------------------------------------------------------------------------


@cache
def _slope(loss: Loss) -> Any:
    """The derivative of a loss in its logit as a function of one sample, compiled."""
    derivative = loss.derivative

    @compiled
    def slope(z: float, y: float) -> float:
        return derivative(z, y)  # type: ignore[no-any-return]

    return slope


# A gradient is looked at up to this logit, where a sigmoid's tail is still a normal float64.
_FARTHEST: Final = 700.0


@cache
def _steepest(loss: Loss) -> float:
    """The logit, from 0 on, at which a wrong sample's gradient is largest: it falls from there on; inf if it never does."""
    slope = _slope(loss)
    low, high = 0.0, _FARTHEST
    while high - low > 1e-9:
        third = (high - low) / 3.0
        if slope(low + third, 0.0) > slope(high - third, 0.0):
            high -= third
        else:
            low += third
    return math.inf if high == _FARTHEST else low


def stall_logit(*, loss: str, learning_rate: float, dtype: npt.DTypeLike) -> float:
    """The logit of a confidently wrong sample from which on an update no longer changes it: found by trying, in that arithmetic.

    The sample has the feature 1 and label 0, so its logit z is its one parameter.  The update is
    ``z - learning_rate * gradient`` in `dtype`, the gradient being the true one, rounded to `dtype`.

    Parameters
    ----------
    loss
        A name from `kernels.LOSSES`.
    learning_rate
        Positive.
    dtype
        ``float32`` or ``float64``.

    Returns
    -------
    float
        The smallest number of `dtype` at which, and from which on up to 1e30, the update leaves the logit as it is; inf where the
        update still moves 1e30.

    Raises
    ------
    ValueError
        Naming the argument, the value and what is allowed.

    Notes
    -----
    Between two powers of 2 numbers are evenly spaced, so there the update with the largest gradient decides.  The gradient of BCE
    grows with z, that of MSE grows up to z = ln 2 and falls from there; that of any loss is taken to have one peak at most.  So
    the powers of 2 are gone through downwards until such an update moves its number, and halving finds the last one that moves.
    An update of just half the spacing moves every other number (round half to even), so a number counts as stalled where the
    next one is, too.

    The gradient is found in float64, to some ulps.  For `dtype` float64 that leaves the last digits of the place open where the
    gradient hardly changes: hundreds of ulps near the largest one of MSE.
    """
    chosen = checks.known_loss(loss)
    slope = _slope(chosen)
    kind = checks.float_type("dtype", dtype)
    rate = kind.type(checks.number_between("learning_rate", learning_rate, 1e-30, 1e30))

    # Positive floating-point numbers are in the order of their bits.
    whole: Any = np.dtype(f"i{kind.itemsize}")

    def bits(z: float) -> int:
        return int(kind.type(z).view(whole))

    def number(place: int) -> Any:
        return np.array(place, dtype=whole).view(kind)[()]

    def unmoved(place: int) -> bool:
        z = number(place)
        with np.errstate(under="ignore", over="ignore"):
            return bool(z - rate * kind.type(slope(float(z), 0.0)) == z)

    def stalls(place: int) -> bool:
        return unmoved(place) and unmoved(place + 1)

    low, end, steepest = 0, bits(1e30), bits(_steepest(chosen))
    if not stalls(end):
        return math.inf
    while low == 0 and end > 0:
        # A power of 2 is the end of those below it: it moves down, by their spacing.
        begin = (end - 1) >> np.finfo(kind).nmant << np.finfo(kind).nmant
        first = min(max(steepest, begin + 1), end - 1)
        low, end = (0, begin) if stalls(first) else (first, end)
    high = end + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if stalls(middle) else (middle, high)
    return float(number(high))
