"""Identities: the check finds a false formula, and its numbers agree with mpmath and with closed forms."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import sympy
from study.theory import identities

import kernels

Z, Y = identities._Z, identities._Y
P = 1 / (1 + sympy.exp(-Z))


@pytest.fixture(scope="module")
def checked():
    return identities.check()


def test_algebra_leaves_nothing_of_the_true_identities(checked):
    rest = checked.remainders
    false = {"class 1 squared error, p^2", "class 0 squared error, (1 - p)^2", "sum of squares, their mean"}
    assert {name for name, left in rest.items() if left != "0"} == false
    p = sympy.Symbol("p", real=True)
    assert (
        sympy.expand(sympy.sympify(rest["class 1 squared error, p^2"], {"p": p}) - ((1 - p) ** 2 - p**2)) == 0
    )


@pytest.mark.parametrize("m", [1, 2, 7])
def test_a_sum_exceeds_the_mean_of_its_terms_unless_there_is_one(checked, m):
    squares = np.linspace(0.1, 0.9, m) ** 2
    rest = sympy.sympify(checked.remainders["sum of squares, their mean"], {"S": sympy.Symbol("S")})
    value = float(rest.subs({"m": m, "S": squares.sum()}))
    assert value == pytest.approx(squares.sum() - squares.mean(), abs=1e-15)


@pytest.mark.parametrize(
    "factor",
    [
        -(Y - P) * P,
        -(Y - P) * P * (1 - P) * 2,
        (Y - P) * P * (1 - P),
        -(Y - P) * P * (1 - P) + sympy.exp(-40),
    ],
)
def test_algebra_finds_a_false_gradient(factor):
    assert identities.gradient_remainder((Y - P) ** 2 / 2, factor) != "0"
    assert identities.gradient_remainder((Y - P) ** 2 / 2, -(Y - P) * P * (1 - P)) == "0"


@pytest.mark.parametrize("name", identities.FORMULAS)
def test_numbers_find_a_false_gradient(name, monkeypatch):
    assert identities.difference_error(name) < 1e-75
    assert identities.kernel_error(name) < 2e-15
    loss, label, factor = identities.FORMULAS[name]
    wrong = dict(identities.FORMULAS) | {
        name: (loss, label, lambda p, y: factor(p, y) * (1 + mpmath.mpf(10) ** -12))
    }
    monkeypatch.setattr(identities, "FORMULAS", wrong)
    assert identities.difference_error(name) > 1e-13
    assert identities.kernel_error(name) > 1e-13


def test_formulas_are_those_of_mpmaths_own_derivative():
    with mpmath.workdps(60):
        for loss, label, factor in identities.FORMULAS.values():
            for y in (0, 1) if label is None else (label,):
                for logit in (-20, -3, 0.25, 20):
                    slope = mpmath.diff(lambda z, loss=loss, y=y: identities._value(loss, z, y), logit)
                    assert mpmath.almosteq(slope, factor(1 / (1 + mpmath.exp(-mpmath.mpf(logit))), y), 1e-20)


def test_limits_and_solutions(checked):
    assert checked.limits == {
        **{f"mse, y = {y}, {side}": "0" for y in (0, 1) for side in ("right", "wrong")},
        "bce, y = 0, right": "0",
        "bce, y = 0, wrong": "1",
        "bce, y = 1, right": "0",
        "bce, y = 1, wrong": "-1",
    }
    assert checked.solutions.pop("p = 1 - p") == "{0}"
    assert set(checked.solutions.values()) == {"none"}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_kernel_that_is_not_finite_is_no_agreement(bad, monkeypatch):
    true = kernels.gradient
    monkeypatch.setattr(
        kernels, "gradient", lambda x, y, t, loss: np.where(t == -3.0, bad, true(x, y, t, loss=loss))
    )
    assert identities.kernel_error("mse") == np.inf
