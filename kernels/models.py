"""The registered models: how each turns features and parameters into logits, and slopes back into a gradient.

To add a model, add one entry here, or call `register` from elsewhere: everything else finds it in
`MODELS`.  `docs/add-a-model.md` has a worked example.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from kernels.jit import lanewise
from kernels.registry import Family, Registry
from kernels.vectors import fma, load, store

__all__ = ["GROUP", "MODELS", "Model", "register"]

GROUP: Final = 4
"""Samples taken at a time, so that as many chains of dependent operations are under way together."""


@dataclass(frozen=True, eq=False)
class Model:
    """A model with one logit, as functions of four samples at a time.

    A row is a vector that has a run in each lane; parameters, their gradient and the scratch memory are
    arrays (rows, lanes).  A sample whose features are all 0 must have the logit 0 and add nothing to the
    gradient: such samples fill up the last group of four.

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
    """

    name: str
    rows: Callable[[int], int]
    scratch: Callable[[int], int]
    logits: Callable[..., Any]
    pull: Callable[..., None]


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
def _linear_logits(features: Any, i: Any, theta: Any, scratch: Any) -> Any:  # noqa: ARG001
    column = load(theta, 0)
    z0 = features[i, 0] * column
    z1 = features[i + 1, 0] * column
    z2 = features[i + 2, 0] * column
    z3 = features[i + 3, 0] * column
    for j in range(1, features.shape[1]):
        column = load(theta, j)
        z0 = fma(features[i, j], column, z0)
        z1 = fma(features[i + 1, j], column, z1)
        z2 = fma(features[i + 2, j], column, z2)
        z3 = fma(features[i + 3, j], column, z3)
    return z0, z1, z2, z3


@lanewise
def _linear_pull(  # the parameters of every model, used or not
    features: Any,
    i: Any,
    theta: Any,  # noqa: ARG001
    scratch: Any,  # noqa: ARG001
    slopes: Any,
    gradient: Any,
) -> None:
    for j in range(features.shape[1]):
        total = load(gradient, j)
        total = fma(features[i, j], slopes[0], total)
        total = fma(features[i + 1, j], slopes[1], total)
        total = fma(features[i + 2, j], slopes[2], total)
        total = fma(features[i + 3, j], slopes[3], total)
        store(gradient, j, total)


register(
    Model(
        "linear",
        rows=lambda d: d,
        scratch=lambda d: 0,  # noqa: ARG005
        logits=_linear_logits,
        pull=_linear_pull,
    )
)
