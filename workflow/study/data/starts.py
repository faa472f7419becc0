"""Initialisations by name: where a descent starts.

To add one: one more entry in `INITIALISATIONS`. The config, the plan and the reference page learn of it from
there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator

from study.data.streams import Stream
from study.prose import Prose
from study.schema import Section, distinct, key, nearest, one_of

__all__ = ["INITIALISATIONS", "Initialisation", "InitialisationOptions", "every_start", "start"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Initialisation:
    """An initialisation.

    Attributes
    ----------
    summary : str
        What it is, for the reference page.
    make : callable
        From (scale, direction (d,), stream) to theta_0 (d,). The direction is the data set's: see
        `study.data.facts`.
    scaled : bool
        Whether it has a scale.
    directed : bool
        Whether it uses the direction, so that a data set must have one.
    """

    summary: Prose
    make: Callable[[float, Array, Stream], Array]
    scaled: bool = True
    directed: bool = False


INITIALISATIONS: dict[str, Initialisation] = {
    "zero": Initialisation(
        "theta = 0; takes no scale.",
        lambda scale, direction, stream: np.zeros_like(direction),  # noqa: ARG005
        scaled=False,
    ),
    "normal": Initialisation(
        "theta = a times independent standard normal numbers, the same for every scale a.",
        lambda scale, direction, stream: scale * stream.normals(len(direction)),
    ),
    "wrong": Initialisation(
        "theta = -a times the BCE optimum's unit direction (max-margin if separable): confidently wrong.",
        lambda scale, direction, stream: -scale * direction,  # noqa: ARG005
        directed=True,
    ),
    "right": Initialisation(
        "theta = +a times the same direction: confidently right.",
        lambda scale, direction, stream: scale * direction,  # noqa: ARG005
        directed=True,
    ),
}
"""Initialisations by name."""


class InitialisationOptions(Section):
    """One initialisation and its scales."""

    name: Annotated[str, one_of(INITIALISATIONS)] = key(..., "Name of the initialisation.")
    scales: Annotated[tuple[Annotated[float, Field(gt=0, le=10_000)], ...], Field(strict=False)] = key(
        (),
        "The scales a; each makes cells of its own in the results.",
        allowed="a list of one or more different numbers, each > 0 and <= 10000; none for zero",
        validate_default=True,
    )

    @field_validator("name")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in INITIALISATIONS:
            raise ValueError(f"{value!r} is unknown{nearest(value, INITIALISATIONS)}")
        return value

    @field_validator("scales")
    @classmethod
    def _scaled(cls, value: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
        name = info.data.get("name")
        if name is not None and INITIALISATIONS[name].scaled == (not value):
            raise ValueError(f"{name} takes {'no scales' if value else 'one scale or more'}")
        return distinct(value)


def start(name: str, scale: float, direction: Array, seed: int, root: int) -> Array:
    """Make theta_0.

    Parameters
    ----------
    name : str
        One of `INITIALISATIONS`.
    scale : float
        The scale a; not used by ``zero``.
    direction : float64 array (d,)
        The data set's unit direction, rounded to 9 significant digits as `study.data.facts` gives it.
    seed, root : int
        Seed of the run and root seed of the study. The stream depends on (name, seed, d) only.

    Returns
    -------
    theta : float64 array (d,)
    """
    stream = Stream(root, "start", name, seed, len(direction))
    return INITIALISATIONS[name].make(scale, direction, stream)


def every_start(options: Iterable[InitialisationOptions], direction: Array, seed: int, root: int) -> Array:
    """Make the theta_0 of every initialisation and scale of a config, in its order: (starts, d)."""
    return np.array(
        [
            start(entry.name, scale, direction, seed, root)
            for entry in options
            for scale in entry.scales or (0.0,)
        ]
    )
