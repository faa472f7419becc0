"""What a job requests from a cluster: time as an upper bound, and memory.

A job that requests too little is killed.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from study.data.kinds import Contiguity, DatasetOptions, File
from study.data.tables import DATASETS
from study.experiments.views import views
from study.runs.draw import every_data_set, processes_of
from study.runs.plan import Grid
from study.tables import store

if TYPE_CHECKING:
    from study.config.model import Config

__all__ = [
    "data_memory",
    "experiment_memory",
    "experiment_minutes",
    "fullest_shard",
    "method_memory",
    "method_minutes",
    "sweep_memory",
    "sweep_minutes",
]

NANOSECONDS: Final = (3.0, 0.25)
"""Of one sample-step on a slow core: fixed, and for each column. (A fast core takes a quarter of it.)"""

START: Final = 3
"""Minutes that a job may take to start on a cold node and to compile."""

TOGETHER: Final = 16
"""Runs that may take as long as one alone."""

HIDDEN: Final = 20
"""Times as long a step of a network may take as one of a linear model: for each hidden unit a sigmoid."""

LIBRARIES: Final = 300.0
"""MB of a job that has hardly any data: Python, the libraries and the compiled code; measured 251 to 269."""

FACTS: Final = 5.2
"""Times the memory of a data set that drawing it and finding its facts takes, the data set included."""

PRODUCTS: Final = 2.6
"""The same for the matrix of the products of its columns, or of its samples if these are fewer."""

READING: Final = 4.5
"""Times its size that reading a data file takes."""

DESCENT: Final = {"sweep": 4.2, "method": 5.3, "experiment": 5.4}
"""Times the memory of the largest data set that a job takes beside all that it reads, by kind of job."""

A_ROW: Final = 0.0007
"""MB of a run and target."""


class Shape(NamedTuple):
    """Samples and columns of a data set, the bias among them."""

    n: int
    d: int

    @property
    def memory(self) -> float:
        """MB of its features."""
        return 8.0 * self.n * self.d / 2**20

    @property
    def saved(self) -> float:
        """MB of its arrays in the file of the data."""
        return 8.0 * self.n * (self.d + 1) / 2**20

    @property
    def facts(self) -> float:
        """MB that drawing it and finding its facts takes."""
        return FACTS * self.memory + PRODUCTS * 8.0 * min(self.n, self.d) ** 2 / 2**20


def shape_of(options: DatasetOptions) -> Shape:
    """Return the shape of a data set, from its options alone; of a file and of bundled data, at most.

    A number in a file is taken to have eight bytes: the file is not read.
    """
    if isinstance(options, File):
        file = Path(options.file)
        return Shape(round(options.fraction * (file.stat().st_size if file.exists() else 0) / 80), 10)
    if isinstance(options, Contiguity):
        return Shape(2**options.bits, options.bits + 1)
    n = getattr(options, "n", None)
    return Shape(600, 65) if n is None else Shape(n, getattr(options, "d", 2) + 1)


def _reading(datasets: Iterable[DatasetOptions]) -> float:
    """MB that reading the user's files takes."""
    files = {options.file for options in datasets if isinstance(options, File)}
    return READING * sum(Path(file).stat().st_size for file in files if Path(file).exists()) / 2**20


def data_memory(config: Config, threads: int) -> int:
    """MB of the job that draws the data sets and finds their facts, on so many cores."""
    processes = processes_of(config, threads)
    shapes = [shape_of(options) for options in config.datasets]
    largest = max(shape.facts for shape in shapes)
    handed = max(shape.saved for shape in shapes) * 4 if processes > 1 else 0.0  # data sets at a time
    held = 0.001 * config.number_of_data_sets  # a row of the table each
    return math.ceil(LIBRARIES + _reading(config.datasets) + held + processes * (largest + handed))


def experiment_memory(config: Config, name: str) -> int:
    """MB of the job of a part of an experiment, one of `study.experiments.views.views`."""
    view = views(config)[name].config
    shapes = [shape_of(options) for options, _, _ in every_data_set(view)]
    largest = max(max(shape.facts, DESCENT["experiment"] * shape.memory) for shape in shapes)
    read = sum(shape.saved for shape in shapes)
    rows = _rows(view, len(shapes)) * len(view.methods)
    return math.ceil(LIBRARIES + _reading(view.datasets) + read + largest + A_ROW * rows)


def _rows(config: Config, data_sets: int) -> int:
    """Rows of the table of runs of one method, about at most."""
    chosen = config.method_runs
    starts = sum(max(len(entry.scales), 1) for entry in chosen.initialisations)
    rates = max(len(chosen.learning_rates) + 1, len(chosen.lengths))
    return data_sets * starts * rates * len(config.targets)


def _shapes(table: pd.DataFrame) -> list[Shape]:
    return [Shape(n, d) for n, d in zip(table["n"].tolist(), table["d"].tolist(), strict=True)]


def method_memory(config: Config, datasets: str | Path) -> int:
    """MB of the job of a method.

    Parameters
    ----------
    config, datasets
        As for `sweep_minutes`; so are the errors.
    """
    table = _of_methods(config, _table(Path(datasets)))
    shapes = _shapes(table)
    largest = max((DESCENT["method"] * shape.memory for shape in shapes), default=0.0)
    read = sum(shape.saved for shape in shapes)
    return math.ceil(LIBRARIES + read + largest + A_ROW * _rows(config, len(shapes)))


def _of_methods(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """The data sets on which methods are compared."""
    chosen = config.method_runs
    return table[table["dataset"].isin(chosen.datasets) & table["seed"].isin(config.seeds[: chosen.seeds])]


def sweep_memory(config: Config, datasets: str | Path) -> int:
    """MB of the job of the shard that needs most.

    Parameters
    ----------
    config, datasets
        As for `sweep_minutes`; so are the errors.
    """
    table = _table(Path(datasets))
    grid, shapes = Grid(config, table), _shapes(table)
    read = np.bincount(grid.shards, [shape.saved for shape in shapes])
    rows = np.bincount(grid.shards, grid.sizes) * len(config.targets)
    largest = np.zeros(len(read))
    np.maximum.at(largest, grid.shards, [DESCENT["sweep"] * shape.memory for shape in shapes])
    return math.ceil(LIBRARIES + float((read + largest + A_ROW * rows).max()))


def fullest_shard(config: Config, table: pd.DataFrame, price: NDArray[np.float64]) -> float:
    """Return the seconds that the longest shard takes if every run uses its whole budget.

    Parameters
    ----------
    config, table
        As for `study.runs.plan.expand`; of the table, `dataset`, `n` and `d` are read.
    price
        Seconds that a step of one run takes, by data set, shape (data,).
    """
    grid = Grid(config, table)
    return float(np.bincount(grid.shards, price * grid.steps).max())


def sweep_minutes(config: Config, datasets: str | Path) -> int:
    """Minutes in which the fullest shard is done if no run ends before its budget.

    Parameters
    ----------
    config : Config
    datasets
        The table ``datasets.parquet``.

    Raises
    ------
    FileNotFoundError
        The table does not exist yet; Snakemake calls again when it does.
    """
    table = _table(Path(datasets))
    return START + math.ceil(fullest_shard(config, table, _slow(table["n"], table["d"])) / 60)


def _slow(n: pd.Series[int], d: pd.Series[int]) -> NDArray[np.float64]:
    """Seconds of a step of one run on a slow core."""
    return np.asarray(1e-9 * n * (NANOSECONDS[0] + NANOSECONDS[1] * d), dtype=np.float64)


def method_minutes(config: Config, datasets: str | Path) -> int:
    """Minutes in which a method is done if no run ends before its budget.

    Parameters
    ----------
    config, datasets
        As for `sweep_minutes`; so are the errors.
    """
    table = _of_methods(config, _table(Path(datasets)))
    return START + math.ceil(_descents(config, _slow(table["n"], table["d"])) / 60)


def experiment_minutes(config: Config, name: str) -> int:
    """Minutes in which a part of an experiment is done if no run ends before its budget."""
    view = views(config)[name]
    shapes = pd.DataFrame([shape_of(options) for options, _, _ in every_data_set(view.config)])
    once = _slow(shapes["n"], shapes["d"])
    each = HIDDEN if view.experiment == "networks" else 1
    seconds = each * len(view.config.methods) * _descents(view.config, once)
    if view.experiment == "networks":
        models, options = len({method.model for method in view.config.methods}), config.networks
        most = max(options.reference_starts, TOGETHER) * options.reference_steps
        seconds += each * models * 2 * most * float(once.sum())
    return START + 10 + math.ceil(seconds / 60)


def _descents(config: Config, price: NDArray[np.float64]) -> float:
    """Seconds of the runs of one method, from those of a step by data set."""
    runs = max(_rows(config, 1) // len(config.targets), TOGETHER)
    return float(price.sum()) * runs * (config.max_steps + config.hold - 1)


def _table(path: Path) -> pd.DataFrame:
    """The columns of the data sets that are needed here."""
    return _read(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=4)
def _read(path: Path, _changed: int) -> pd.DataFrame:
    return store.scan(DATASETS, path, ["dataset", "seed", "n", "d"])
