"""The project's own exponential, logarithm, sigmoid and softplus.

IEEE operations and explicit fused multiply-adds only: no libm, no fast-math.  So the same bits come out on
every processor and in every vector width, and `tests/kernels/test_arithmetic.py` checks them against mpmath,
to a stated number of ulps.

Functions marked `lanewise` compile for a float64 and for a vector of lanes alike, and losses are written with
these. The array functions `exp`, `expit`, `expit_slope`, `log1p`, `softplus` and `tanh` are the same
arithmetic for arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kernels.jit import compiled, lanewise
from kernels.vectors import add_to_exponent, exponent, fma, mantissa, select

__all__ = [
    "exp",
    "exp_clamped",
    "expit",
    "expit_slope",
    "expm1_pair",
    "log1p",
    "log_normal",
    "sigmoid",
    "sigmoid_pair",
    "softplus",
    "softplus_pair",
    "tanh",
    "tanh_pair",
]

Floats = npt.NDArray[np.float64]

# ln 2 in two parts. The first has 11 trailing zero bits, so that its product with any exponent of a float64
# is exact.
_LN2_HIGH: Final = float.fromhex("0x1.62e42fefa3800p-1")
_LN2_LOW: Final = float.fromhex("0x1.ef35793c76730p-45")
_LOG2_E: Final = float.fromhex("0x1.71547652b82fep+0")
_SQRT_2: Final = float.fromhex("0x1.6a09e667f3bcdp+0")

# Adding 1.5 * 2**52 leaves the nearest integer in the lowest bits of the sum.
_SHIFTER: Final = 1.5 * 2.0**52

# exp(r) = 1 + r + r**2 (E2 + E3 r + ... + E11 r**9) on |r| <= ln(2) / 2: the polynomial of least
# relative error, 3.7e-18, found by Remez exchange in 60 digits and rounded.
_E2: Final = 0.5000000000000011
_E3: Final = 0.16666666666666413
_E4: Final = 0.041666666666530155
_E5: Final = 0.008333333333494461
_E6: Final = 0.0013888888943630114
_E7: Final = 0.00019841269506578688
_E8: Final = 2.480149309890655e-05
_E9: Final = 2.7557586373840165e-06
_E10: Final = 2.763024837921144e-07
_E11: Final = 2.5000061602835666e-08

# log(1 + f) = 2 s + s**3 (L0 + L1 s**2 + ... + L6 s**12), s = f / (2 + f), on 1/sqrt(2) <= 1 + f <= sqrt(2);
# found likewise, with an absolute error below 2.5e-18 in the bracket times s**2.
_L0: Final = 0.6666666666666734
_L1: Final = 0.3999999999941396
_L2: Final = 0.2857142874256241
_L3: Final = 0.2222219855376378
_L4: Final = 0.18183565408179383
_L5: Final = 0.15314021098791508
_L6: Final = 0.14796261336110894

# exp(-708) is the smallest power of e with a whole exponent that is a normal float64, as is its reciprocal.
_LARGEST_EXPONENT: Final = 708.0
_TINY: Final = 2.0**-54


@lanewise
def _remainder(x: Any, shifted: Any) -> Any:
    """``x - k ln 2``, within +-ln(2) / 2; `shifted` is `_SHIFTER` + k, k next to x / ln 2."""
    k = shifted - _SHIFTER
    return fma(k, -_LN2_LOW, fma(k, -_LN2_HIGH, x))


@lanewise
def _exp_tail(r: Any) -> Any:
    """``(exp(r) - 1 - r) / r**2`` for a remainder."""
    p = fma(_E11, r, _E10)
    p = fma(p, r, _E9)
    p = fma(p, r, _E8)
    p = fma(p, r, _E7)
    p = fma(p, r, _E6)
    p = fma(p, r, _E5)
    p = fma(p, r, _E4)
    p = fma(p, r, _E3)
    return fma(p, r, _E2)


@lanewise
def _exp_of_remainder(x: Any, shifted: Any) -> Any:
    """``exp(x - k ln 2)`` in [1/sqrt(2), sqrt(2)]; `shifted` is `_SHIFTER` + k, k next to x / ln 2."""
    r = _remainder(x, shifted)
    p = fma(_exp_tail(r), r, 1.0)
    return fma(p, r, 1.0)


@lanewise
def exp_clamped(x: Any) -> Any:
    """``exp(x)`` within 1 ulp; beyond +-708, that of +-708: neither 0, inf nor a subnormal ever comes out.

    A nan that an operation made stays a nan; it has no payload that could disturb the exponent.
    """
    x = select(x > _LARGEST_EXPONENT, _LARGEST_EXPONENT, x)
    x = select(x < -_LARGEST_EXPONENT, -_LARGEST_EXPONENT, x)
    shifted = fma(x, _LOG2_E, _SHIFTER)
    return add_to_exponent(_exp_of_remainder(x, shifted), shifted)


@lanewise
def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))``, relatively accurate in both tails; an x beyond +-708 counts as +-708."""
    return 1.0 / (1.0 + exp_clamped(-x))


@lanewise
def sigmoid_pair(x: Any) -> Any:
    """``sigmoid(x), sigmoid(-x)``, relatively accurate in both tails, by one exponential and division."""
    e = exp_clamped(-x)
    upper = 1.0 / (1.0 + e)
    return upper, upper * e


@lanewise
def expm1_pair(x: Any) -> Any:
    """``exp(x) - 1, exp(x)`` for an x from -708 to 0, both relatively accurate; below, those of -708."""
    x = select(x < -_LARGEST_EXPONENT, -_LARGEST_EXPONENT, x)
    shifted = fma(x, _LOG2_E, _SHIFTER)
    r = _remainder(x, shifted)
    q = fma(_exp_tail(r) * r, r, r)  # exp(r) - 1
    power = add_to_exponent(1.0, shifted)
    return fma(power, q, power - 1.0), fma(power, q, power)


@lanewise
def tanh_pair(x: Any) -> Any:
    """``tanh(x)`` within 3 ulp and its slope ``1 - tanh(x)**2`` within 4; the slope of +-354 beyond these.

    By ``e = exp(-2 |x|)``: the absolute value h is ``(1 - e) / (1 + e)``, and the slope, ``(1 - h) (1 + h)``,
    has ``1 - h = 2 e / (1 + e)``.  The usual ``1 - h * h`` is exactly 0 from x = 19.06 on.
    """
    m, e = expm1_pair(select(x > 0.0, -2.0 * x, 2.0 * x))
    total = 2.0 + m
    share = 1.0 / total
    # What rounding has added to the total is taken back: without this, slopes are off by up to 4.3 ulp.
    share = fma((total - 2.0 - m) * share, share, share)
    minus_h = m * share
    rest = 2.0 * e * share
    return select(x > 0.0, -minus_h, minus_h), fma(-minus_h, rest, rest)


@lanewise
def _log_of_sum(high: Any, low: Any) -> Any:
    """``log(high + low)`` for a positive normal `high` and a `low` below half its ulp."""
    m = mantissa(high)
    k = exponent(high)
    upper_half = m > _SQRT_2
    m = select(upper_half, 0.5 * m, m)
    k = select(upper_half, k + 1.0, k)
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    p = fma(_L6, z, _L5)
    p = fma(p, z, _L4)
    p = fma(p, z, _L3)
    p = fma(p, z, _L2)
    p = fma(p, z, _L1)
    p = fma(p, z, _L0)
    # 2 s = f - f**2/2 + s f**2/2: f is exact, so the parts are summed from the smallest to the largest.
    half_square = 0.5 * f * f
    small = fma(s, fma(p, z, half_square), fma(k, _LN2_LOW, low / high))
    return fma(k, _LN2_HIGH, f - (half_square - small))


@lanewise
def log_normal(x: Any) -> Any:
    """``log(x)`` within 1 ulp, for a positive and normal `x`."""
    return _log_of_sum(x, 0.0)


@lanewise
def _exp(x: Any) -> Any:
    """``exp(x)`` for every `x`, subnormal results, inf and nan included."""
    bounded = select(x > 1e3, 1e3, select(x < -1e3, -1e3, x))
    shifted = fma(bounded, _LOG2_E, _SHIFTER)
    p = _exp_of_remainder(bounded, shifted)
    # Two factors, as 2**k itself may not be a normal number; only the product with the second one rounds.
    k = shifted - _SHIFTER
    first = fma(k, 0.5, _SHIFTER)
    second = (k - (first - _SHIFTER)) + _SHIFTER
    result = add_to_exponent(p, first) * add_to_exponent(1.0, second)
    return select(x >= -np.inf, result, x)


@lanewise
def _log1p(x: Any) -> Any:
    """``log(1 + x)`` for every `x`: -inf at -1, nan below."""
    total = 1.0 + x
    part = total - 1.0
    rest = (1.0 - (total - part)) + (x - part)
    result = select(x < np.inf, _log_of_sum(total, rest), x)
    result = select(x > -1.0, result, select(x >= -1.0, -np.inf, np.nan))
    return select(abs(x) < _TINY, x, result)


@lanewise
def _tail(x: Any) -> Any:
    """``exp(-|x|)``."""
    return _exp(-abs(x))


@lanewise
def _expit(x: Any) -> Any:
    e = _tail(x)
    return select(x < 0.0, e, 1.0) / (1.0 + e)


@lanewise
def _expit_slope(x: Any) -> Any:
    e = _tail(x)
    return e / fma(e, 2.0 + e, 1.0)


@lanewise
def _softplus(x: Any) -> Any:
    return select(x > 0.0, x, 0.0) + _log1p(_tail(x))


def _elementwise(function: Callable[[Any], Any]) -> Callable[[npt.ArrayLike], Any]:
    """The function of a whole array that applies `function` to each element."""

    @compiled
    def loop(values: Floats, out: Floats) -> None:
        for i in range(values.size):
            out[i] = function(values[i])

    def apply(x: npt.ArrayLike) -> Any:
        values = np.asarray(x, dtype=np.float64)
        out = np.empty(values.shape)
        loop(np.ascontiguousarray(values).reshape(-1), out.reshape(-1))
        return out[()]

    return apply


@lanewise
def softplus_pair(x: Any) -> Any:
    """Two parts of ``log(1 + exp(x))``: ``max(x, 0)``, which is exact, and the rest, from 0 to log 2."""
    positive = select(x > 0.0, x, 0.0)
    e = exp_clamped(select(x > 0.0, -x, x))
    total = 1.0 + e
    return positive, _log_of_sum(total, e - (total - 1.0))


@lanewise
def _tanh(x: Any) -> Any:
    return tanh_pair(x)[0]


_exp_array = _elementwise(_exp)
_expit_array = _elementwise(_expit)
_expit_slope_array = _elementwise(_expit_slope)
_log1p_array = _elementwise(_log1p)
_softplus_array = _elementwise(_softplus)
_tanh_array = _elementwise(_tanh)


def exp(x: npt.ArrayLike) -> Any:
    """Exponential function, within 1 ulp.

    Parameters
    ----------
    x
        Real numbers of any shape, taken as float64.

    Returns
    -------
    float64 or array of float64
        ``exp(x)``, of the shape of `x`; 0 and inf beyond the range of float64, nan for nan, and no warning.

    See Also
    --------
    numpy.exp : the same through the C library, whose last bit depends on the machine.
    """
    return _exp_array(x)


def expit(x: npt.ArrayLike) -> Any:
    """Logistic sigmoid ``1 / (1 + exp(-x))``, within 2 ulp in both tails.

    Parameters
    ----------
    x
        Logits of any shape, taken as float64.

    Returns
    -------
    float64 or array of float64
        Probabilities in [0, 1], of the shape of `x`; nan for nan, and no warning.

    See Also
    --------
    scipy.special.expit
    """
    return _expit_array(x)


def expit_slope(x: npt.ArrayLike) -> Any:
    """Derivative of the sigmoid, ``sigmoid(x) sigmoid(-x)``, within 2 ulp in both tails.

    This is the factor that MSE's gradient carries and that of BCE does not.  The usual ``p * (1 - p)`` is
    exactly 0 from x = 36.74 on; this one is positive up to x = 745.

    Parameters
    ----------
    x
        Logits of any shape, taken as float64.

    Returns
    -------
    float64 or array of float64
        Numbers in [0, 1/4], of the shape of `x`; nan for nan, and no warning.
    """
    return _expit_slope_array(x)


def log1p(x: npt.ArrayLike) -> Any:
    """Logarithm of ``1 + x``, within 2 ulp.

    Parameters
    ----------
    x
        Real numbers of any shape, taken as float64.

    Returns
    -------
    float64 or array of float64
        ``log(1 + x)``, of the shape of `x`; -inf at -1, nan below -1 and for nan, and no warning.

    See Also
    --------
    numpy.log1p
    """
    return _log1p_array(x)


def softplus(x: npt.ArrayLike) -> Any:
    """``log(1 + exp(x))``, within 2 ulp: the binary cross-entropy of a sample whose margin is ``-x``.

    Parameters
    ----------
    x
        Real numbers of any shape, taken as float64.

    Returns
    -------
    float64 or array of float64
        Numbers from 0 on, in nats, of the shape of `x`; nan for nan, and no warning.

    See Also
    --------
    numpy.logaddexp : ``logaddexp(0, x)`` is the same.
    """
    return _softplus_array(x)


def tanh(x: npt.ArrayLike) -> Any:
    """Hyperbolic tangent, within 3 ulp.

    Parameters
    ----------
    x
        Real numbers of any shape, taken as float64.

    Returns
    -------
    float64 or array of float64
        Numbers in [-1, 1], of the shape of `x`; nan for nan, and no warning.

    See Also
    --------
    numpy.tanh
    """
    return _tanh_array(x)
