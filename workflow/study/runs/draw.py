"""The data sets of a study: drawn, checked against the config, and put into a table with their facts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from numpy.typing import NDArray

from study.data.algebra import digits9
from study.data.facts import facts
from study.data.kinds import File, realise
from study.data.samples import Array, Sample
from study.data.starts import INITIALISATIONS
from study.data.tables import DATASETS
from study.errors import UserError
from study.tables.table import conform

if TYPE_CHECKING:
    from study.config.model import Config


__all__ = ["build", "check", "draw"]


def build(config: Config) -> tuple[pd.DataFrame, dict[str, NDArray[Any]]]:
    """Realise every data set of a study and find its facts.

    Returns
    -------
    table : DataFrame
        One row per (dataset, separability, seed), the columns of ``datasets.csv``; `data` counts the rows.
    arrays : dict
        ``<data>/features``, ``<data>/labels``, ``<data>/direction``: what `sample` reads back (from
        `numpy.savez`).

    Raises
    ------
    UserError
        If a file is missing or malformed, or an initialisation needs a direction that a data set does not
        have.
    """
    rows: list[dict[str, Any]] = []
    arrays: dict[str, NDArray[Any]] = {}
    for row, parts in draw(config):
        rows.append(row)
        arrays |= parts
    return conform(pd.DataFrame(rows), DATASETS), arrays


def draw(config: Config) -> Iterator[tuple[dict[str, Any], dict[str, NDArray[Any]]]]:
    """Realise the data sets of a study one by one; yield the row and arrays of each as `build` has them."""
    seeds = [("evaluation", seed) for seed in config.seeds.evaluation] + [
        ("tuning", s) for s in config.seeds.tuning
    ]
    settings = ((options, level) for options in config.datasets for level in options.separabilities)
    every = ((options, level, role, seed) for options, level in settings for role, seed in seeds)
    for data, (options, separability, role, seed) in enumerate(every):
        features, labels = realise(options, separability, seed, config.seed)
        found = facts(features, labels)
        _check_direction(config, options.name, seed, found.direction)
        row = (
            {"data": data, "dataset": options.name}
            | {"separability": math.nan if separability is None else separability, "seed": seed, "role": role}
            | {"bayes_error": float(digits9(options.bayes_error(separability)))}
            | found.row()
        )
        parts = Sample(features, labels, found.direction)
        yield row, {f"{data}/{name}": array for name, array in parts._asdict().items()}


def check(config: Config) -> None:
    """Read the user's data files; raise `UserError` if one is missing, malformed or made by the study."""
    for options in config.datasets:
        if isinstance(options, File):
            if Path(options.file).resolve().is_relative_to(Path("results").resolve()):
                raise UserError(
                    f"{options.file}: lies in results/, which the study writes; allowed: a file elsewhere"
                )
            options.everything()


def _check_direction(config: Config, name: str, seed: int, direction: Array) -> None:
    """Raise `UserError` if an initialisation of the study needs a direction and the data set has none."""
    directed = [entry.name for entry in config.initialisations if INITIALISATIONS[entry.name].directed]
    if directed and not direction.any():
        others = ", ".join(name for name, entry in INITIALISATIONS.items() if not entry.directed)
        raise UserError(
            f"initialisations: {' and '.join(directed)} need a direction, but data set {name!r} "
            f"(seed {seed}) has none (its BCE optimum is theta = 0); allowed there: {others}"
        )
