"""The registered models: how each turns features and parameters into logits, and slopes back into a gradient.

``linear`` is the product of features and parameters.  ``tanh(H)``, ``relu(H)`` and ``sigmoid(H)`` have one
hidden layer of H units, whose outputs and a bias are summed up to the logit.

To add a model, add one entry here, or call `register` from elsewhere: everything else finds it in
`MODELS`.  `docs/add-a-model.md` has a worked example.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from kernels.arithmetic import sigmoid_pair, tanh_pair
from kernels.jit import lanewise
from kernels.registry import Family, Parameter, Registry
from kernels.vectors import fma, load, select, store

__all__ = ["GROUP", "MODELS", "Model", "register"]

GROUP: Final = 4
"""Samples taken at a time, so that as many chains of dependent operations are under way together."""


@dataclass(frozen=True, eq=False)
class Model:
    """A model with one logit, as functions of four samples at a time.

    A row is a vector that has a run in each lane; parameters, their gradient and the scratch memory are
    arrays (rows, lanes).  Samples whose features are all 0 fill up the last group of four.

    Parameters
    ----------
    name
        The name by which the model is chosen.
    rows
        Number of features -> number of parameters.
    scratch
        Number of features -> rows that `logits` may leave for the `pull` on the same four samples.
    logits
        `lanewise` function ``(features, i, theta, scratch) -> (z0, z1, z2, z3)``: the logits of samples i to
        i + 3 of `features` (n, d) at `theta` (rows, lanes).
    pull
        `lanewise` function ``(features, i, theta, scratch, slopes, gradient)``: adds to `gradient` (rows,
        lanes) the derivatives of those logits in the parameters, each times its one of four `slopes`.
    masked
        Whether the passes set logits and slopes of the filling samples to 0.  False where a sample whose
        features are all 0 has the logit 0 and adds nothing to the gradient: it costs a linear model 3 to 6%.
    """

    name: str
    rows: Callable[[int], int]
    scratch: Callable[[int], int]
    logits: Callable[..., Any]
    pull: Callable[..., None]
    masked: bool = False


MODELS: Final[Registry[Model]] = Registry("model")
"""The registered models by name."""


def register(model: Model | Family[Model]) -> None:
    """Make a model, or a family of them, known under its name.

    Raises
    ------
    ValueError
        If the name is taken, or is not made of letters, digits and underscores.
    """
    MODELS.register(model)


@lanewise
def _products(features: Any, i: Any, theta: Any, first: Any) -> Any:
    """Products of the samples i to i + 3 with the parameters from row `first` on, one a feature."""
    column = load(theta, first)
    z0 = features[i, 0] * column
    z1 = features[i + 1, 0] * column
    z2 = features[i + 2, 0] * column
    z3 = features[i + 3, 0] * column
    for j in range(1, features.shape[1]):
        column = load(theta, first + j)
        z0 = fma(features[i, j], column, z0)
        z1 = fma(features[i + 1, j], column, z1)
        z2 = fma(features[i + 2, j], column, z2)
        z3 = fma(features[i + 3, j], column, z3)
    return z0, z1, z2, z3


@lanewise
def _add_products(features: Any, i: Any, slopes: Any, gradient: Any, first: Any) -> None:
    """Add these samples, each times its slope, to the gradient from row `first` on."""
    for j in range(features.shape[1]):
        total = load(gradient, first + j)
        total = fma(features[i, j], slopes[0], total)
        total = fma(features[i + 1, j], slopes[1], total)
        total = fma(features[i + 2, j], slopes[2], total)
        total = fma(features[i + 3, j], slopes[3], total)
        store(gradient, first + j, total)


@lanewise
def _linear_logits(features: Any, i: Any, theta: Any, scratch: Any) -> Any:  # noqa: ARG001
    return _products(features, i, theta, 0)


@lanewise
def _linear_pull(  # the parameters of every model, used or not
    features: Any,
    i: Any,
    theta: Any,  # noqa: ARG001
    scratch: Any,  # noqa: ARG001
    slopes: Any,
    gradient: Any,
) -> None:
    _add_products(features, i, slopes, gradient, 0)


register(
    Model(
        "linear",
        rows=lambda d: d,
        scratch=lambda d: 0,  # noqa: ARG005
        logits=_linear_logits,
        pull=_linear_pull,
    )
)


@lanewise
def _units(features: Any, theta: Any) -> Any:
    """The number of hidden units, from the number of parameters."""
    return (theta.shape[0] - 1) // (features.shape[1] + 1)


def _logits_of(rows: int, activate: Any) -> Any:
    """The logits of a hidden layer; see `_hidden`."""

    @lanewise
    def logits(features: Any, i: Any, theta: Any, scratch: Any) -> Any:
        d, units = features.shape[1], _units(features, theta)
        z0 = load(theta, theta.shape[0] - 1)
        z1, z2, z3 = z0, z0, z0
        for h in range(units):
            x0, x1, x2, x3 = _products(features, i, theta, h * d)
            weight, row = load(theta, units * d + h), GROUP * rows * h
            z0 = fma(weight, activate(x0, scratch, row), z0)
            z1 = fma(weight, activate(x1, scratch, row + rows), z1)
            z2 = fma(weight, activate(x2, scratch, row + 2 * rows), z2)
            z3 = fma(weight, activate(x3, scratch, row + 3 * rows), z3)
        return z0, z1, z2, z3

    return logits


def _pull_of(rows: int, slope: Any) -> Any:
    """What turns slopes of the logits into a gradient; see `_hidden`."""

    @lanewise
    def pull(features: Any, i: Any, theta: Any, scratch: Any, slopes: Any, gradient: Any) -> None:
        d, units = features.shape[1], _units(features, theta)
        s0, s1, s2, s3 = slopes
        last = theta.shape[0] - 1
        # One after the other, as everywhere: a sum by groups would depend on where groups begin.
        store(gradient, last, load(gradient, last) + s0 + s1 + s2 + s3)
        for h in range(units):
            row = GROUP * rows * h
            h0, g0 = slope(scratch, row)
            h1, g1 = slope(scratch, row + rows)
            h2, g2 = slope(scratch, row + 2 * rows)
            h3, g3 = slope(scratch, row + 3 * rows)
            total = load(gradient, units * d + h)
            total = fma(s0, h0, total)
            total = fma(s1, h1, total)
            total = fma(s2, h2, total)
            total = fma(s3, h3, total)
            store(gradient, units * d + h, total)
            weight = load(theta, units * d + h)
            slopes_in = (s0 * weight * g0, s1 * weight * g1, s2 * weight * g2, s3 * weight * g3)
            _add_products(features, i, slopes_in, gradient, h * d)

    return pull


def _hidden(name: str, units: int, rows: int, activate: Any, slope: Any) -> Model:
    """A hidden layer of `units`.

    `activate` is ``(x, scratch, row) -> output``, and may leave `rows` rows from `row` on; `slope` is
    ``(scratch, row) -> (output, its derivative in x)``, from them.  The compiled code takes the number of
    units from the shapes, so that layers of all sizes share it.
    """
    return Model(
        name,
        rows=lambda d: units * (d + 1) + 1,
        scratch=lambda d: GROUP * rows * units,  # noqa: ARG005
        logits=_logits_of(rows, activate),
        pull=_pull_of(rows, slope),
        masked=True,
    )


@lanewise
def _tanh(x: Any, scratch: Any, row: Any) -> Any:
    output, slope = tanh_pair(x)
    store(scratch, row, output)
    store(scratch, row + 1, slope)
    return output


@lanewise
def _kept_slope(scratch: Any, row: Any) -> Any:
    return load(scratch, row), load(scratch, row + 1)


@lanewise
def _sigmoid(x: Any, scratch: Any, row: Any) -> Any:
    output, rest = sigmoid_pair(x)
    store(scratch, row, output)
    store(scratch, row + 1, rest)
    return output


@lanewise
def _sigmoid_slope(scratch: Any, row: Any) -> Any:
    output = load(scratch, row)
    return output, output * load(scratch, row + 1)


@lanewise
def _relu(x: Any, scratch: Any, row: Any) -> Any:
    output = select(x < 0.0, 0.0, x)  # a nan stays one
    store(scratch, row, output)
    return output


@lanewise
def _relu_slope(scratch: Any, row: Any) -> Any:
    output = load(scratch, row)
    return output, select(output > 0.0, 1.0, 0.0 * output)  # the subgradient 0 at 0


_UNITS: Final = (
    Parameter("units", "a whole number from 1 to 4096", lambda size: 1 <= size <= 4096, int, default=16),
)

register(Family("tanh", _UNITS, lambda name, units: _hidden(name, units, 2, _tanh, _kept_slope)))
register(Family("relu", _UNITS, lambda name, units: _hidden(name, units, 1, _relu, _relu_slope)))
register(Family("sigmoid", _UNITS, lambda name, units: _hidden(name, units, 2, _sigmoid, _sigmoid_slope)))
