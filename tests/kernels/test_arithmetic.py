"""The project's arithmetic against mpmath, in ulps, over the whole range and at its edges."""

from __future__ import annotations

import math
import warnings

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

import kernels
from kernels.arithmetic import exp_clamped, log_normal, sigmoid, sigmoid_pair
from kernels.vectors import WIDTH, exponent, fma, load, mantissa, select, store

mpmath.mp.prec = 160

EDGES = [
    0.0,
    -0.0,
    1.0,
    37.0,
    36.74,
    708.0,
    709.78,
    710.0,
    744.44,
    745.0,
    745.2,
    1e4,
    5e-324,
    2.2e-308,
    1e-300,
    1e-17,
    1e-8,
]
EDGES += [-x for x in EDGES]

EXACT = {
    "exp": mpmath.exp,
    "expit": lambda x: 1 / (1 + mpmath.exp(-x)),
    "expit_slope": lambda x: 1 / (2 + mpmath.exp(x) + mpmath.exp(-x)),
    "log1p": mpmath.log1p,
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "tanh": mpmath.tanh,
}
LIMIT = {"exp": 1.0, "expit": 2.0, "expit_slope": 2.0, "log1p": 2.0, "softplus": 2.0, "tanh": 3.0}


def ulps(value: float, exact: mpmath.mpf) -> float:
    """Distance of `value` from `exact` in units of the last place of the float64 nearest to `exact`."""
    nearest = float(exact)
    if math.isinf(value) or math.isinf(nearest):
        return 0.0 if value == nearest else math.inf
    return float(abs(mpmath.mpf(value) - exact) / mpmath.mpf(math.ulp(nearest)))


def points(name: str) -> np.ndarray:
    rng = np.random.default_rng(20)
    if name == "log1p":
        tiny = 10.0 ** rng.uniform(-320, 308, 10_000)
        return np.concatenate(
            [rng.uniform(-1, 2, 5_000), tiny, -np.minimum(tiny, 0.999), [x for x in EDGES if x > -1.0]]
        )
    spread = rng.choice([-1, 1], 5_000) * 10.0 ** rng.uniform(-20, 3, 5_000)
    return np.concatenate([rng.uniform(-750, 750, 12_000), rng.uniform(-40, 40, 8_000), spread, EDGES])


@pytest.mark.parametrize("name", EXACT)
def test_function_is_within_its_ulps_of_mpmath(name: str) -> None:
    x = points(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = getattr(kernels, name)(x)
    worst, where = max(
        (ulps(float(b), EXACT[name](mpmath.mpf(float(a)))), a) for a, b in zip(x, y, strict=True)
    )
    assert worst <= LIMIT[name], f"{name}({where!r}) is off by {worst:.3f} ulp"


@pytest.mark.slow
@pytest.mark.parametrize("name", EXACT)
def test_function_is_within_its_ulps_on_many_points(name: str) -> None:
    rng = np.random.default_rng(7)
    x = rng.uniform(-1, 60, 100_000) if name == "log1p" else rng.uniform(-746, 746, 100_000)
    y = getattr(kernels, name)(x)
    worst = max(ulps(float(b), EXACT[name](mpmath.mpf(float(a)))) for a, b in zip(x, y, strict=True))
    assert worst <= LIMIT[name]


@pytest.mark.parametrize(
    ("name", "at_minus_inf", "at_inf"),
    [
        ("exp", 0.0, np.inf),
        ("expit", 0.0, 1.0),
        ("expit_slope", 0.0, 0.0),
        ("softplus", 0.0, np.inf),
        ("tanh", -1.0, 1.0),
        ("log1p", np.nan, np.inf),
    ],
)
def test_limits_and_nan(name: str, at_minus_inf: float, at_inf: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = getattr(kernels, name)([-np.inf, np.inf, np.nan])
    np.testing.assert_array_equal(values, [at_minus_inf, at_inf, np.nan])


def test_log1p_at_and_below_its_pole() -> None:
    np.testing.assert_array_equal(kernels.log1p([-1.0, -1.5, -1e4]), [-np.inf, np.nan, np.nan])


def test_shape_is_kept_and_input_is_not_modified() -> None:
    x = np.arange(12.0).reshape(3, 4)[:, ::2]
    before = x.copy()
    assert kernels.expit(x).shape == (3, 2)
    assert np.ndim(kernels.expit(0.0)) == 0
    np.testing.assert_array_equal(x, before)


def test_the_slope_stays_positive_where_the_naive_product_is_zero() -> None:
    z = np.array([36.74, 37.0, 100.0, 700.0])
    p = kernels.expit(z)
    assert (p * (1.0 - p))[1:].max() == 0.0
    assert (kernels.expit_slope(z) > 0.0).all()
    np.testing.assert_array_equal(kernels.expit_slope(z), kernels.expit_slope(-z))


@given(st.floats(allow_nan=False))
def test_symmetry_and_range(z: float) -> None:
    p, q = kernels.expit(z), kernels.expit(-z)
    assert 0.0 <= p <= 1.0
    assert abs(p + q - 1.0) <= 2.3e-16
    assert 0.0 <= kernels.expit_slope(z) <= 0.25
    assert kernels.softplus(z) >= max(z, 0.0)


@given(st.floats(-700, 700), st.floats(-700, 700))
def test_exp_never_decreases(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    assert kernels.exp(low) <= kernels.exp(high) * (1 + 2**-52)


@njit(error_model="numpy")
def _in_lanes(rows: np.ndarray, out: np.ndarray) -> None:
    x = load(rows, 0)
    store(out, 0, exp_clamped(x))
    store(out, 1, sigmoid(x))
    upper, lower = sigmoid_pair(x)
    store(out, 2, upper)
    store(out, 3, lower)
    positive = select(x < 0.0, -x, x) + 1e-300
    store(out, 4, log_normal(positive))
    store(out, 5, exponent(positive))
    store(out, 6, mantissa(positive))
    store(out, 7, fma(x, x, 1.0) / (2.0 - x))


@njit(error_model="numpy")
def _alone(x: float, out: np.ndarray) -> None:
    upper, lower = sigmoid_pair(x)
    positive = select(x < 0.0, -x, x) + 1e-300
    values = (
        exp_clamped(x),
        sigmoid(x),
        upper,
        lower,
        log_normal(positive),
        exponent(positive),
        mantissa(positive),
    )
    for i in range(7):
        out[i] = values[i]
    out[7] = fma(x, x, 1.0) / (2.0 - x)


def test_a_lane_has_the_bits_of_a_scalar() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        x = rng.choice([1e-3, 1.0, 50.0, 1000.0]) * rng.normal(size=WIDTH)
        lanes, scalar = np.empty((8, WIDTH)), np.empty(8)
        _in_lanes(x[None, :].copy(), lanes)
        for lane in range(WIDTH):
            _alone(x[lane], scalar)
            np.testing.assert_array_equal(lanes[:, lane], scalar)


def test_the_parts_that_losses_are_written_with() -> None:
    out = np.empty(8)
    for x in (-708.0, -40.0, -1.0, 0.5, 30.0, 707.0):
        _alone(x, out)
        exact = mpmath.mpf(x)
        assert ulps(out[0], mpmath.exp(exact)) <= 1.0
        assert ulps(out[1], EXACT["expit"](exact)) <= 3.0
        assert ulps(out[3], EXACT["expit"](-exact)) <= 4.0
        assert ulps(out[4], mpmath.log(abs(exact))) <= 1.0
        assert out[6] * 2.0 ** out[5] == abs(x)
