"""Methods and their comparisons: what minimises which loss, in which batches, and where it is tried."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, NamedTuple

from pydantic import Field, SerializeAsAny, ValidationInfo, field_validator

from kernels import LOSSES, MODELS, OPTIMISERS
from study.data.kinds import DatasetOptions
from study.data.starts import InitialisationOptions
from study.schema import Grid, Section, Slug, distinct, key, nearest

__all__ = [
    "COMPARISONS",
    "METHODS",
    "Compared",
    "Datasets",
    "Initialisations",
    "Leg",
    "MethodOptions",
    "MethodRuns",
    "Methods",
    "Pairs",
    "Rate",
]

Rate = Annotated[float, Field(gt=0, le=1_000_000)]
"""A learning rate."""


class Leg(NamedTuple):
    """A part of a method's way: a loss, and for how many steps it is minimised; None to the end."""

    loss: str
    steps: int | None


class MethodOptions(Section):
    """A loss and what minimises it."""

    name: Slug = key(
        ..., "Name of the method in every table.", allowed="1 to 64 of the characters A-Z a-z 0-9 _ -"
    )
    loss: str = key(
        ...,
        "The loss that it minimises; or losses one after the other, each but the last for a number of steps. "
        "What an optimiser remembers is forgotten at the switch, and a target is counted as held from there "
        "on.",
        allowed="one of bce, mse, squared, mse_offset(offset), gce(q), focal(gamma); or a switch, such as "
        "`bce for 50, mse`",
    )
    model: str = key(
        "linear",
        "What turns features into a logit; H is the number of hidden units.",
        allowed="one of linear, tanh(H), relu(H), sigmoid(H)",
    )
    optimiser: str = key(
        "gd",
        "What moves the parameters, as PyTorch defines it; its parameters in parentheses, or its defaults.",
        allowed="one of gd, momentum(beta), nesterov(beta), adam(beta1, beta2, eps), normalised",
    )
    batch_size: int = key(
        0,
        "Samples in a batch, shuffled anew in every epoch; 0: every step takes all samples.",
        ge=0,
        le=10**9,
    )

    @field_validator("loss")
    @classmethod
    def _known(cls, value: str) -> str:
        return ", ".join(
            leg.loss if leg.steps is None else f"{leg.loss} for {leg.steps}" for leg in _legs(value)
        )

    @field_validator("model")
    @classmethod
    def _model(cls, value: str) -> str:
        return MODELS.canonical(value)

    @field_validator("optimiser")
    @classmethod
    def _canonical(cls, value: str) -> str:
        return OPTIMISERS.canonical(value)

    @property
    def legs(self) -> list[Leg]:
        """The losses that it minimises one after the other."""
        return _legs(self.loss)

    @property
    def scale_free(self) -> bool:
        """Whether its rate is a length, whatever the size of the gradient."""
        return OPTIMISERS[self.optimiser].scale_free


def _legs(text: str) -> list[Leg]:
    """The losses of a text such as ``bce for 50, mse``."""
    parts = [part.strip() for part in re.split(r",(?![^()]*\))", text)]
    legs = [_leg(part) for part in parts]
    if [leg.steps is None for leg in legs] != [place == len(legs) - 1 for place in range(len(legs))]:
        raise ValueError(f"{text!r}: every loss but the last needs a number of steps, and the last has none")
    return legs


def _leg(part: str) -> Leg:
    found = re.fullmatch(r"(?P<loss>.+?)\s+for\s+(?P<steps>[1-9][0-9]{0,8})", part)
    loss = found["loss"] if found else part
    if loss not in LOSSES:
        raise ValueError(f"{loss!r} is unknown{nearest(loss, LOSSES)}")
    return Leg(LOSSES.canonical(loss), int(found["steps"]) if found else None)


def _checked_pairs(pairs: tuple[tuple[str, str], ...], names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Pairs of names of methods, each of two different ones; raise `ValueError` where one is not."""
    known = list(names)
    for pair in pairs:
        for name in pair:
            if name not in known:
                raise ValueError(f"{name!r} is no method of this study{nearest(name, known)}")
        if pair[0] == pair[1]:
            raise ValueError(f"{list(pair)!r} compares a method with itself")
    return distinct(pairs)


Methods = Annotated[tuple[MethodOptions, ...], Field(strict=False)]

Pairs = Annotated[tuple[Annotated[tuple[str, str], Field(strict=False)], ...], Field(strict=False)]
"""Pairs of names of methods, contender and baseline."""

Datasets = Annotated[tuple[SerializeAsAny[DatasetOptions], ...], Field(min_length=1, strict=False)]

Initialisations = Annotated[tuple[InitialisationOptions, ...], Field(min_length=1, strict=False)]


class Compared(Section):
    """What holds wherever methods are compared on data sets of their own: in a study, in an experiment."""

    @field_validator("datasets", "initialisations", "methods", check_fields=False)
    @classmethod
    def _names(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        distinct(tuple(entry.name for entry in value))
        return value

    @field_validator("comparisons", check_fields=False)
    @classmethod
    def _comparisons(
        cls, value: tuple[tuple[str, str], ...], info: ValidationInfo
    ) -> tuple[tuple[str, str], ...]:
        if "methods" not in info.data:
            return value
        return _checked_pairs(value, [method.name for method in info.data["methods"]])


def _pair(suffix: str, **options: Any) -> tuple[MethodOptions, MethodOptions]:
    mse, bce = (MethodOptions(name=f"{loss}{suffix}", loss=loss, **options) for loss in ("mse", "bce"))
    return mse, bce


_PAIRS = (
    _pair(""),
    _pair("_momentum", optimiser="momentum(0.9)"),
    _pair("_adam", optimiser="adam"),
    _pair("_batches", batch_size=32),
    _pair("_adam_batches", optimiser="adam", batch_size=32),
)

METHODS = tuple(method for pair in _PAIRS for method in pair)
"""The methods of the default study."""

COMPARISONS = tuple((mse.name, bce.name) for mse, bce in _PAIRS)
"""Its comparisons, each a contender and a baseline."""


class MethodRuns(Section):
    """Where methods are compared: fewer data sets, seeds and rates than plain descent is."""

    datasets: Annotated[tuple[str, ...], Field(strict=False)] = key(
        ("gaussian", "breast_cancer", "digits_0_1", "iris_versicolor_virginica", "wine_1_2"),
        "Names of the data sets; those that the study leaves out may be among them.",
        allowed="a list of different names of data sets",
    )
    seeds: int = key(10, "Number of seeds, the first ones.", ge=1, le=100_000)
    initialisations: Annotated[
        tuple[SerializeAsAny[InitialisationOptions], ...], Field(min_length=1, strict=False)
    ] = key(
        (
            InitialisationOptions(name="zero"),
            InitialisationOptions(name="normal", scales=(0.5,)),
            InitialisationOptions(name="sure_wrong", scales=(0.99, 0.9999)),
        ),
        "Where they start: entries as under `initialisations`.",
        allowed="a list of one or more initialisations, each a mapping with a name of its own",
    )
    learning_rates: Grid[Rate] = key(
        (0.0625, 0.25, 1.0, 4.0, 16.0, 64.0, 256.0),
        "Learning rates of the methods whose step is a multiple of the gradient, in units of 1/L_BCE.",
    )
    lengths: Grid[Rate] = key(
        (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
        "Learning rates of the methods whose step has a length of its own (`adam`, `normalised`), as they "
        "are.",
    )

    @field_validator("datasets", "initialisations")
    @classmethod
    def _different(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        distinct(tuple(getattr(entry, "name", entry) for entry in value))
        return value
