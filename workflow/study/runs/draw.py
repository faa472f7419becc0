"""The data sets of a study: drawn, checked against the config, and put into a table with their facts."""

from __future__ import annotations

import functools
import math
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from study.data.algebra import digits9
from study.data.facts import Facts, facts
from study.data.kinds import DatasetOptions, File, realise
from study.data.samples import Array, Sample
from study.data.separation import UndecidedError
from study.data.starts import INITIALISATIONS, starts_of
from study.data.steps import Step, Steps, silent
from study.data.tables import DATASETS
from study.errors import UserError
from study.tables.table import conform

if TYPE_CHECKING:
    from study.config.model import Config


__all__ = ["build", "check", "described", "draw", "every_data_set", "named", "processes_of"]


def build(
    config: Config, flipped: float = 0.0, note: Callable[[str], None] = silent
) -> tuple[pd.DataFrame, dict[str, NDArray[Any]]]:
    """Realise every data set of a study and find its facts.

    Parameters
    ----------
    config, flipped, note
        As for `draw`.

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
    for row, parts in draw(config, flipped=flipped, note=note):
        rows.append(row)
        arrays |= parts
    return conform(pd.DataFrame(rows), DATASETS), arrays


def every_data_set(config: Config) -> Iterator[tuple[DatasetOptions, float | None, int]]:
    """Options, separability and seed of every data set of a study, in the order of their numbers."""
    for options in config.datasets:
        for level in options.separabilities:
            for seed in config.seeds:
                yield options, level, seed


def named(options: DatasetOptions, separability: float | None, seed: int) -> dict[str, Any]:
    """The columns that name a data set."""
    level = math.nan if separability is None else separability
    return {"dataset": options.name, "separability": level, "seed": seed}


def draw(
    config: Config, processes: int = 1, flipped: float = 0.0, note: Callable[[str], None] = silent
) -> Iterator[_Drawn]:
    """Realise the data sets of a study: yield of each, in order, its row and arrays.

    Parameters
    ----------
    config
    processes
        How many at most do it.
    flipped
        Share of each class that has the label of the other one.
    note
        Takes lines of text, on the steps of a data set that takes long; it is sent to the processes.
    """
    every = every_data_set(config)
    one = functools.partial(_draw_one, config, flipped, note)
    if processes_of(config, processes) == 1:
        yield from map(one, enumerate(every))
        return
    # Forked: a new process would run the script of the job again, as it imports the main module.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("fork")) as pool:
        yield from pool.map(one, enumerate(every), chunksize=4)


def processes_of(config: Config, cores: int) -> int:
    """In how many processes the data sets of a study are drawn on so many cores."""
    return cores if min(cores, config.number_of_data_sets // _WORTH_A_PROCESS) > 1 else 1


_Drawn = tuple[dict[str, Any], dict[str, NDArray[Any]]]
_Place = tuple[int, tuple[DatasetOptions, float | None, int]]

_WORTH_A_PROCESS: Final = 20  # data sets


def _draw_one(config: Config, flipped: float, note: Callable[[str], None], place: _Place) -> _Drawn:
    """Realise one data set: its row and its arrays."""
    data, (options, separability, seed) = place
    level = "" if separability is None else f", separability {separability:g}"
    with Steps(f"data set {options.name}{level}, seed {seed}", note) as step:
        step("drawing the samples")
        features, labels = realise(options, separability, seed, config.seed, flipped)
        found = _facts(options, seed, features, labels, step)
    _check_aim(config, options.name, seed, found)
    row = (
        {"data": data}
        | named(options, separability, seed)
        | {"bayes_error": float(digits9(options.bayes_error(separability)))}
        | found.row()
    )
    parts = Sample(features, labels, found.direction, np.array(found.median_margin))
    return row, parts.arrays(data)


def check(config: Config) -> None:
    """Read the user's data files; raise `UserError` with every problem of every data set, a line each."""
    problems = []
    for options in (entry for entry in config.datasets if isinstance(entry, File)):
        try:
            if Path(options.file).resolve().is_relative_to(Path("results").resolve()):
                raise UserError(
                    f"{options.file}: lies in results/, which the study writes; allowed: a file elsewhere"
                )
            options.read()
            _check_time(Path(options.file))
        except UserError as error:
            problems += [f"{options.name}: {line}" for line in str(error).splitlines()]
    if problems:
        raise UserError("\n".join(problems))


def _check_time(path: Path) -> None:
    """Raise `UserError` if a file is from the future: Snakemake would refuse all that is made from it."""
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    if changed > datetime.now(UTC):
        raise UserError(
            f"{path}: last changed on {changed:%Y-%m-%d at %H:%M:%S} UTC, which is in the future by this "
            "machine's clock; allowed: a time in the past; write `touch` and its name"
        )


def described(config: Config) -> list[str]:
    """Say of each of the user's data files, a line each, how it was read and what data set it gives."""
    lines = []
    for options in (entry for entry in config.datasets if isinstance(entry, File)):
        found = options.read()
        n, p = found.features.shape
        lines += [f"{options.name}: {options.file}: {line}" for line in found.said]
        lines.append(
            f"{options.name}: {n} samples, {found.labels.sum()} of them positive ({options.label} is "
            f"{found.positive}), {p} features"
        )
    return lines


def _facts(
    options: DatasetOptions, seed: int, features: Array, labels: NDArray[np.int64], step: Step
) -> Facts:
    """Find the facts; raise `UserError`, naming a column, if its numbers lie too far apart for them."""
    try:
        return facts(features, labels, step)
    except UndecidedError as error:
        apart = np.abs(features - np.median(features, axis=0))[:, :-1]
        # Few numbers lie far from all others, and these close together.
        widest = int(np.argmax(apart.max(axis=0) / (np.median(apart, axis=0) + np.finfo(float).tiny)))
        name = options.read().names[widest] if isinstance(options, File) else str(widest + 1)
        raise UserError(
            f"data set {options.name!r} (seed {seed}), column {name!r}: its numbers span too many powers of "
            "ten to tell how a hyperplane separates the classes; put its logarithm or its ranks into the "
            f"file, or write `drop: [{name}]`"
        ) from error


def _check_aim(config: Config, dataset: str, seed: int, found: Facts) -> None:
    """Raise `UserError` if an initialisation needs a direction and the data set has none that will do."""
    names = {name for name, _ in starts_of(config.initialisations, dataset)}
    directed = [name for name, entry in INITIALISATIONS.items() if name in names and entry.directed]
    if directed and not found.direction.any():
        others = ", ".join(name for name, entry in INITIALISATIONS.items() if not entry.directed)
        raise UserError(
            f"initialisations: {' and '.join(directed)} need a direction, but data set {dataset!r} (seed "
            f"{seed}) has "
            f"none (its BCE optimum is theta = 0); allowed there: {others}"
        )
    sure = [name for name in directed if INITIALISATIONS[name].sure]
    if sure and found.median_margin <= 0.0:
        raise UserError(
            f"initialisations: {' and '.join(sure)} need a direction that puts more than half of the samples "
            f"on their "
            f"own side, but data set {dataset!r} (seed {seed}) has none; allowed there: any other "
            f"initialisation "
            "(limit these to some data sets with their key `datasets`)"
        )
