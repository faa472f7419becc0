"""Initialisations of a hidden layer by name.

To add one: one more entry in `NETWORK_STARTS`.  The config, the plan and the reference page learn of it from
there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

import kernels
from study.data.algebra import digits9
from study.data.starts import InitialisationOptions
from study.data.streams import Stream
from study.prose import Prose
from study.schema import key, one_of

__all__ = [
    "CONFIDENCE",
    "NETWORK_STARTS",
    "NetworkInitialisation",
    "NetworkStartOptions",
    "logits",
    "network_start",
]

Array = NDArray[np.float64]

CONFIDENCE: Final = 0.99
"""A sample is confidently wrong where its wrong class is given this probability or a larger one."""

_Activation = Callable[[Array], Array]

_ACTIVATIONS: Final[dict[str, _Activation]] = {
    "tanh": kernels.tanh,
    "relu": lambda x: np.maximum(x, 0.0),
    "sigmoid": kernels.expit,
}


def logits(model: str, theta: Array, features: Array) -> Array:
    """Logits (n,) of a hidden layer, in a fixed order of operations: the same bits on every machine.

    Parameters
    ----------
    model
        A name from `kernels.MODELS` other than ``linear``.
    theta
        Its parameters, (rows,).
    features
        (n, d).
    """
    d = features.shape[1]
    units = (len(theta) - 1) // (d + 1)
    total = np.full(len(features), theta[-1])
    for unit in range(units):
        weights = theta[unit * d : (unit + 1) * d]
        before = np.zeros(len(features))
        for column, weight in zip(features.T, weights, strict=True):
            before = before + column * weight
        total = total + theta[units * d + unit] * _ACTIVATIONS[model.partition("(")[0]](before)
    return total


def _shape(model: str, features: Array) -> tuple[int, int]:
    """Number of hidden units, and of their inputs without the bias column."""
    d = features.shape[1]
    return (kernels.parameters(model, d) - 1) // (d + 1), d - 1


def _layers(inner: Array, outer: Array) -> Array:
    """Parameters from input weights (H, d - 1) and output weights (H,): all biases are 0."""
    with_bias = np.column_stack([inner, np.zeros(len(inner))])
    return np.concatenate([with_bias.ravel(), outer, [0.0]])


def _glorot(units: int, inputs: int, stream: Stream) -> Array:
    """Uniform weights of variance 2 / (inputs + outputs) of each layer; Glorot and Bengio (2010)."""
    uniform = 2.0 * stream.uniforms(units * (inputs + 1)) - 1.0
    inner = math.sqrt(6.0 / (inputs + units)) * uniform[: units * inputs].reshape(units, inputs)
    return _layers(inner, math.sqrt(6.0 / (units + 1)) * uniform[units * inputs :])


def _he(units: int, inputs: int, stream: Stream) -> Array:
    """Normal weights of variance 2 / inputs of each layer; He et al. (2015)."""
    normal = stream.normals(units * (inputs + 1))
    inner = math.sqrt(2.0 / inputs) * normal[: units * inputs].reshape(units, inputs)
    return _layers(inner, math.sqrt(2.0 / units) * normal[units * inputs :])


def _saturated(share: float, model: str, features: Array, labels: NDArray[np.int64], stream: Stream) -> Array:
    """A Glorot start with longer output weights, so that a share of samples is confidently wrong."""
    count = math.ceil(share * len(labels))
    logit = float(digits9(math.log(CONFIDENCE / (1.0 - CONFIDENCE))))
    units, inputs = _shape(model, features)
    while True:
        theta = _glorot(units, inputs, stream)
        margins = np.sort((2 * labels - 1) * logits(model, theta, features))
        # At least half of the samples are wrong, or are so with the signs of all output weights changed.
        sign, reached = max((1.0, -margins[count - 1]), (-1.0, margins[-count]), key=lambda pair: pair[1])
        if reached > 1e-6:  # units of relu may be 0 for nearly all samples
            theta[units * (inputs + 1) :] *= sign * (logit / reached)
            return theta


@dataclass(frozen=True)
class NetworkInitialisation:
    """An initialisation of a hidden layer.

    Attributes
    ----------
    summary : str
        What it is, for the reference page.
    make : callable
        From (scale, model, features, labels, stream) to theta_0, as `network_start`.
    scaled : bool
        Whether it has a scale, a share of the samples from above 0 to 1/2.
    """

    summary: Prose
    make: Callable[[float, str, Array, NDArray[np.int64], Stream], Array]
    scaled: bool = False
    scales: ClassVar[str] = "> 0 and <= 0.5"

    def takes(self, scale: float) -> bool:
        """Whether a number can be its scale."""
        return 0.0 < scale <= 0.5


NETWORK_STARTS: Final[dict[str, NetworkInitialisation]] = {
    "glorot": NetworkInitialisation(
        "uniform weights between plus and minus the root of 6 over inputs and outputs of the layer together, "
        "biases 0 (Glorot and Bengio 2010); takes no scale.",
        lambda scale, model, features, labels, stream: (  # noqa: ARG005
            _glorot(*_shape(model, features), stream)
        ),
    ),
    "he": NetworkInitialisation(
        "normal weights of variance 2 over the inputs of the layer, biases 0 (He et al. 2015); takes no "
        "scale.",
        lambda scale, model, features, labels, stream: _he(*_shape(model, features), stream),  # noqa: ARG005
    ),
    "saturated": NetworkInitialisation(
        "a Glorot start whose output weights are longer, so that a share a of the samples is given its wrong "
        "class with a probability of 0.99 or more.",
        _saturated,
        scaled=True,
    ),
}
"""Initialisations of a hidden layer by name."""


class NetworkStartOptions(InitialisationOptions):
    """One initialisation of a hidden layer and its scales."""

    known: ClassVar = NETWORK_STARTS
    name: Annotated[str, one_of(NETWORK_STARTS)] = key(..., "Name of the initialisation.")


def network_start(
    name: str, scale: float, model: str, features: Array, labels: NDArray[np.int64], stream: Stream
) -> Array:
    """Make theta_0 of a hidden layer.

    Parameters
    ----------
    name
        One of `NETWORK_STARTS`.
    scale
        The scale a; used by ``saturated`` alone.
    model
        A name from `kernels.MODELS` other than ``linear``.
    features, labels
        The data set: (n, d), the bias column last, and (n,).
    stream
        Where random numbers come from.

    Returns
    -------
    float64 array (rows,)
    """
    return NETWORK_STARTS[name].make(scale, model, features, labels, stream)
