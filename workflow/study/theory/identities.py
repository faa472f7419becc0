"""The claims that are identities, checked by computer algebra and by numbers far into saturation.

Algebra gives the difference of the two sides: ``0``, or what is wrong. Numbers check the same without
algebra: difference quotients in 700 digits against the formula, and the formula against the project's own
kernels, at logits where careless float64 arithmetic has lost all digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import mpmath
import numpy as np
import sympy

import kernels

__all__ = ["FORMULAS", "LOGITS", "Identities", "check", "difference_error", "kernel_error"]

LOGITS: Final = tuple(
    sign * z for z in (0.5, 1.0, 3.0, 10.0, 37.0, 100.0, 300.0, 700.0) for sign in (1.0, -1.0)
)
"""Logits at which numbers are compared."""

_DIGITS: Final = 700  # exp(-2 * 700) is about 1e-608
_STEP: Final = mpmath.mpf(10) ** -40


@dataclass(frozen=True)
class Identities:
    """What algebra and numbers show.

    Attributes
    ----------
    remainders
        By identity, the difference of its sides, as text; `0` where it holds. `p` is sigmoid(z).
    solutions
        By equation in z, the set of its real solutions, as text.
    limits
        By expression in z, its limit, as text.
    differences
        By gradient formula, its largest relative error against difference quotients.
    kernels
        The same against `kernels.risk` and `kernels.gradient`.
    """

    remainders: Mapping[str, str]
    solutions: Mapping[str, str]
    limits: Mapping[str, str]
    differences: Mapping[str, float]
    kernels: Mapping[str, float]


# --- Algebra ------------------------------------------------------------------------------------------------

_Z = sympy.Symbol("z", real=True)
_P, _Y = sympy.symbols("p y", real=True)
_M, _S = sympy.symbols("m S", positive=True)  # the number of samples, and the sum of their squares
_X = sympy.symbols("x1 x2 x3", real=True)
_THETA = sympy.symbols("theta1 theta2 theta3", real=True)
_SIGMOID = 1 / (1 + sympy.exp(-_Z))
_LOSSES: Final = {
    "mse": (_Y - _SIGMOID) ** 2 / 2,
    "bce": -_Y * sympy.log(_SIGMOID) - (1 - _Y) * sympy.log(1 - _SIGMOID),
}

FORMULAS: Final[Mapping[str, tuple[str, int | None, Callable[[Any, Any], Any]]]] = {
    "mse": ("mse", None, lambda p, y: -(y - p) * p * (1 - p)),
    "bce, y = 0": ("bce", 0, lambda p, y: p),  # noqa: ARG005
    "bce, y = 1": ("bce", 1, lambda p, y: -(1 - p)),  # noqa: ARG005
}
"""Gradients as the review gives them, by name: loss, label (None: both), and the factor of x from p and y."""


def gradient_remainder(loss: Any, factor: Any) -> str:
    """Subtract ``factor * x`` from the gradient of a loss in theta, with z = theta . x of three components.

    Parameters
    ----------
    loss, factor
        Expressions in the symbols z and y.

    Returns
    -------
    str
        `0`, or the components that are not.
    """
    logit = sum(t * x for t, x in zip(_THETA, _X, strict=True))
    rest = [
        sympy.simplify(sympy.diff(loss.subs(_Z, logit), t) - (factor * x).subs(_Z, logit))
        for t, x in zip(_THETA, _X, strict=True)
    ]
    return ", ".join(str(r) for r in rest if r != 0) or "0"


def _remainders() -> dict[str, str]:
    squared = {label: (label - _P) ** 2 for label in (0, 1)}  # the squared error of a prediction p
    out = {
        "class 0 squared error, p^2": squared[0] - _P**2,
        "class 1 squared error, p^2": squared[1] - _P**2,
        "class 1 squared error, (1 - p)^2": squared[1] - (1 - _P) ** 2,
        "class 0 squared error, (1 - p)^2": squared[0] - (1 - _P) ** 2,
    }
    text = {name: str(sympy.expand(rest)) for name, rest in out.items()}
    text["sum of squares, their mean"] = str(sympy.factor(_S - _S / _M))
    for name, (loss, label, factor) in FORMULAS.items():
        value = _LOSSES[loss] if label is None else _LOSSES[loss].subs(_Y, label)
        text[f"gradient {name}"] = gradient_remainder(value, factor(_SIGMOID, _Y if label is None else label))
    slopes = {name: sympy.diff(loss, _Z).subs(_Z, 0) for name, loss in _LOSSES.items()}
    text["quarter at zero"] = str(sympy.simplify(slopes["mse"] - slopes["bce"] / 4))
    # The two classes' gradients at the same input: their inner product is |x|^2 times this.
    mse, bce = (
        [sympy.diff(_LOSSES[name].subs(_Y, label), _Z) for label in (0, 1)] for name in ("mse", "bce")
    )
    slope = _SIGMOID * (1 - _SIGMOID)
    text["opposed mse"] = str(sympy.simplify(mse[0] * mse[1] + slope**3))
    text["opposed bce"] = str(sympy.simplify(bce[0] * bce[1] + slope))
    return text


def _solutions() -> dict[str, str]:
    equations = {
        "p = 0": _SIGMOID,
        "p = 1": 1 - _SIGMOID,
        "p = 1 - p": 2 * _SIGMOID - 1,
        "mse gradient = 0, y = 0": sympy.diff(_LOSSES["mse"].subs(_Y, 0), _Z),
        "mse gradient = 0, y = 1": sympy.diff(_LOSSES["mse"].subs(_Y, 1), _Z),
    }
    return {
        name: str(sympy.solveset(sympy.simplify(left), _Z, sympy.S.Reals)).replace("EmptySet", "none")
        for name, left in equations.items()
    }


def _limits() -> dict[str, str]:
    out = {}
    for loss, value in _LOSSES.items():
        for label in (0, 1):
            slope = sympy.simplify(sympy.diff(value.subs(_Y, label), _Z))
            for side, end in (("right", sympy.oo), ("wrong", -sympy.oo)):
                out[f"{loss}, y = {label}, {side}"] = str(sympy.limit(slope, _Z, end if label else -end))
    return out


# --- Numbers ------------------------------------------------------------------------------------------------


def _value(loss: str, z: Any, y: int) -> Any:
    p = 1 / (1 + mpmath.exp(-z))
    return (y - p) ** 2 / 2 if loss == "mse" else -mpmath.log(p if y else 1 - p)


def _cases(name: str) -> list[tuple[float, int]]:
    label = FORMULAS[name][1]
    return [(z, y) for z in LOGITS for y in ((0, 1) if label is None else (label,))]


def difference_error(name: str) -> float:
    """Largest relative error of a formula of `FORMULAS` against central differences in 700 digits."""
    loss, _, factor = FORMULAS[name]
    errors = []
    with mpmath.workdps(_DIGITS):
        for logit, y in _cases(name):
            z = mpmath.mpf(logit)
            quotient = (_value(loss, z + _STEP, y) - _value(loss, z - _STEP, y)) / (2 * _STEP)
            formula = factor(1 / (1 + mpmath.exp(-z)), y)
            errors.append(abs(quotient / formula - 1))
        return _largest(errors)


def kernel_error(name: str) -> float:
    """Largest relative error of `kernels.gradient` (against a formula) and `kernels.risk` (the loss)."""
    loss, _, factor = FORMULAS[name]
    errors = []
    with mpmath.workdps(_DIGITS):
        for logit, y in _cases(name):
            one, theta = np.ones((1, 1)), np.array([[logit]])
            pairs = (
                (
                    kernels.gradient(one, [y], theta, loss=loss),
                    factor(1 / (1 + mpmath.exp(-mpmath.mpf(logit))), y),
                ),
                (kernels.risk(one, [y], theta, loss=loss), _value(loss, mpmath.mpf(logit), y)),
            )
            # Below the normal numbers of float64 relative errors mean nothing.
            errors += [abs(float(own.item()) / exact - 1) for own, exact in pairs if abs(exact) > 1e-300]
        return _largest(errors)


def _largest(errors: list[Any]) -> float:
    """Return the largest error; inf where one is nan, which `max` may ignore."""
    return float(mpmath.inf if any(mpmath.isnan(error) for error in errors) else max(errors))


def check() -> Identities:
    """Check all identities."""
    return Identities(
        _remainders(),
        _solutions(),
        _limits(),
        {name: difference_error(name) for name in FORMULAS},
        {name: kernel_error(name) for name in FORMULAS},
    )
