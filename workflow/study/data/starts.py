"""Initialisations by name: where a descent starts.

To add one: one more entry in `INITIALISATIONS`. The config, the plan and the reference page learn of it from
there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator

from study.data.algebra import digits9
from study.data.streams import Stream
from study.prose import Prose
from study.schema import Section, distinct, key, nearest, one_of, shown

__all__ = [
    "INITIALISATIONS",
    "Aim",
    "Initialisation",
    "InitialisationOptions",
    "Scaled",
    "every_start",
    "start",
    "starts_of",
]

Array = NDArray[np.float64]


class Aim(NamedTuple):
    """The direction of a data set's BCE optimum, and how its samples lie along it; see `study.data.facts`."""

    direction: Array  # (d,), unit
    median_margin: float
    positives: float = 0.5  # share of class 1


class Scaled(Protocol):
    """What the options of an initialisation have to know of it."""

    @property
    def scaled(self) -> bool:
        """Whether it has a scale."""

    @property
    def scales(self) -> str:
        """What its scales are, for a message."""

    def takes(self, scale: float) -> bool:
        """Whether a number can be its scale."""


@dataclass(frozen=True)
class Initialisation:
    """An initialisation.

    Attributes
    ----------
    summary : str
        What it is, for the reference page.
    make : callable
        From (scale, `Aim`, stream) to theta_0 (d,).
    scaled : bool
        Whether it has a scale.
    directed : bool
        Whether it uses the direction, so that a data set must have one.
    sure : bool
        Whether its scale is a probability above 1/2, so that the median margin of a data set must be above 0.
    """

    summary: Prose
    make: Callable[[float, Aim, Stream], Array]
    scaled: bool = True
    directed: bool = False
    sure: bool = False

    @property
    def scales(self) -> str:
        """What its scales are, for a message."""
        return "> 0.5 and < 1" if self.sure else "> 0 and <= 10000"

    def takes(self, scale: float) -> bool:
        """Whether a number can be its scale."""
        return 0.5 < scale < 1.0 if self.sure else 0.0 < scale <= 10_000.0


def _base_rate(aim: Aim) -> Array:
    """Theta with which every sample is given the share of class 1: a bias alone."""
    theta = np.zeros_like(aim.direction)
    theta[-1] = float(digits9(math.log(aim.positives / (1.0 - aim.positives))))
    return theta


def _sure(confidence: float, aim: Aim) -> Array:
    """Theta along the direction that gives the median sample's true class the probability `confidence`."""
    logit = float(digits9(math.log(confidence / (1.0 - confidence))))
    return aim.direction * (logit / aim.median_margin)


INITIALISATIONS: dict[str, Initialisation] = {
    "zero": Initialisation(
        "theta = 0; takes no scale.",
        lambda scale, aim, stream: np.zeros_like(aim.direction),  # noqa: ARG005
        scaled=False,
    ),
    "normal": Initialisation(
        "theta = a times independent standard normal numbers, the same for every scale a.",
        lambda scale, aim, stream: scale * stream.normals(len(aim.direction)),
    ),
    "base_rate": Initialisation(
        "the bias at the log odds of class 1, all else 0: every sample is given the share of class 1; takes "
        "no scale.",
        lambda scale, aim, stream: _base_rate(aim),  # noqa: ARG005
        scaled=False,
    ),
    "sure_wrong": Initialisation(
        "theta along minus the direction of the BCE optimum (max-margin where separable), so long that the "
        "sample of "
        "median margin is given its wrong class with the probability a: confidently wrong.",
        lambda scale, aim, stream: -_sure(scale, aim),  # noqa: ARG005
        directed=True,
        sure=True,
    ),
    "sure_right": Initialisation(
        "theta along that direction, so long that the same sample is given its true class with the "
        "probability a: "
        "confidently right.",
        lambda scale, aim, stream: _sure(scale, aim),  # noqa: ARG005
        directed=True,
        sure=True,
    ),
    "wrong": Initialisation(
        "theta = -a times the unit direction: wrong, and as sure of it as the data are far apart.",
        lambda scale, aim, stream: -scale * aim.direction,  # noqa: ARG005
        directed=True,
    ),
    "right": Initialisation(
        "theta = +a times the same direction.",
        lambda scale, aim, stream: scale * aim.direction,  # noqa: ARG005
        directed=True,
    ),
}
"""Initialisations by name."""


class InitialisationOptions(Section):
    """One initialisation and its scales."""

    known: ClassVar[Mapping[str, Scaled]] = INITIALISATIONS
    name: Annotated[str, one_of(INITIALISATIONS)] = key(..., "Name of the initialisation.")
    scales: Annotated[tuple[Annotated[float, Field(gt=0, le=10_000)], ...], Field(strict=False)] = key(
        (),
        "The scales a, a cell of the results each.",
        allowed="a list of one or more different numbers, each > 0 and <= 10000, of the sure ones between "
        "0.5 and 1; none for zero",
        validate_default=True,
    )
    datasets: Annotated[tuple[str, ...], Field(strict=False)] = key(
        (),
        "The data sets that are started so; kinds that the study leaves out may be among them.",
        allowed="a list of different names of data sets; none for all",
    )

    @field_validator("name")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in cls.known:
            raise ValueError(f"{value!r} is unknown{nearest(value, cls.known)}")
        return value

    @field_validator("scales")
    @classmethod
    def _scaled(cls, value: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
        name = info.data.get("name")
        if name is not None and cls.known[name].scaled == (not value):
            raise ValueError(f"{name} takes {'no scales' if value else 'one scale or more'}")
        for scale in value:
            if name is not None and not cls.known[name].takes(scale):
                raise ValueError(f"{shown(scale)} is no scale of {name}: it takes {cls.known[name].scales}")
        return distinct(value)

    @field_validator("datasets")
    @classmethod
    def _different(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return distinct(value)


def starts_of(options: Iterable[InitialisationOptions], dataset: str) -> list[tuple[str, float]]:
    """List initialisation and scale (0 for none) of every start on a data set, in the order of the config."""
    here = [entry for entry in options if not entry.datasets or dataset in entry.datasets]
    return [(entry.name, scale) for entry in here for scale in entry.scales or (0.0,)]


def start(name: str, scale: float, aim: Aim, seed: int, root: int) -> Array:
    """Make theta_0.

    Parameters
    ----------
    name : str
        One of `INITIALISATIONS`.
    scale : float
        The scale a; not used by ``zero``.
    aim : Aim
        The data set's unit direction and median margin, rounded to 9 significant digits as `study.data.facts`
        gives them.
    seed, root : int
        Seed of the run and root seed of the study. The stream depends on (name, seed, d) only.

    Returns
    -------
    theta : float64 array (d,)
    """
    stream = Stream(root, "start", name, seed, len(aim.direction))
    return INITIALISATIONS[name].make(scale, aim, stream)


def every_start(
    options: Iterable[InitialisationOptions], dataset: str, aim: Aim, seed: int, root: int
) -> Array:
    """Make the theta_0 of every start on a data set, in the order of `starts_of`: (starts, d)."""
    return np.array([start(name, scale, aim, seed, root) for name, scale in starts_of(options, dataset)])
