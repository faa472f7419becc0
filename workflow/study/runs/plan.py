"""The plan: the grid of the study, expanded once, a row per run.

Nothing downstream derives again what a row says: which data, which start, which loss, which rate, which
shard.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import kernels
from study.data.starts import starts_of
from study.runs.tables import PLAN
from study.tables.table import ROW_GROUP

if TYPE_CHECKING:
    from study.config.model import Config


__all__ = [
    "WITHOUT_HALF",
    "Grid",
    "assign_shards",
    "blocks",
    "budget",
    "expand",
    "grid_of_one",
    "nearest_rate",
    "rates",
    "stable_rate",
    "stable_rates",
    "thresholds",
]


WITHOUT_HALF: Final = {"mse": 2.0}
"""Losses with a factor 1/2 here and not elsewhere: without it, rate r makes the steps of this times r."""


def expand(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """Expand the grid.

    Parameters
    ----------
    config : Config
    table : DataFrame
        The data sets, as `study.runs.draw.build` gives them.

    Returns
    -------
    DataFrame
        One row per run, the columns of ``plan.parquet``, in the order data set, start, loss, rate. `run` and
        `start` count from 0. A start is shared by every loss and rate. The rates of a loss are those of
        `rates`.
    """
    return Grid(config, table).rows(np.arange(len(table)))


def blocks(config: Config, table: pd.DataFrame, rows: int = ROW_GROUP) -> Iterator[pd.DataFrame]:
    """Expand the grid a block at a time, so that the whole plan is never in memory.

    Parameters
    ----------
    config, table
        As for `expand`.
    rows
        Rows of a block, about at most; the runs of a data set stay together.

    Yields
    ------
    DataFrame
        The rows of `expand`, in the order of ``plan.parquet``: shard by shard, none in two blocks.
    """
    grid = Grid(config, table)
    order = np.argsort(grid.shards, kind="stable")
    for shard in np.split(order, np.flatnonzero(np.diff(grid.shards[order])) + 1):
        for part in np.split(shard, _cuts(grid.sizes[shard], rows)):
            yield grid.rows(part)


def _cuts(sizes: NDArray[np.int64], rows: int) -> list[int]:
    """Where to cut a list of data sets so that no part has more than `rows` runs, unless one alone has."""
    cuts, held = [], 0
    for place, size in enumerate(sizes.tolist()):
        if held and held + size > rows:
            cuts.append(place)
            held = 0
        held += size
    return cuts


class Grid:
    """The runs on each data set of a study, and how they are numbered and cut into shards.

    Attributes
    ----------
    sizes : int array (data,)
        Runs on each data set.
    steps : int array (data,)
        Steps that all of these take if none arrives.
    shards : int array (data,)
        Shard of each data set.
    """

    def __init__(self, config: Config, table: pd.DataFrame) -> None:
        self._config, self._table = config, table
        self._runs = {name: grid_of_one(config, str(name)) for name in table["dataset"].unique()}
        starts = {name: int(runs["start"].max()) + 1 for name, runs in self._runs.items()}
        self.sizes = table["dataset"].map({name: len(runs) for name, runs in self._runs.items()}).to_numpy()
        steps = {name: int((runs["max_steps"] + config.hold - 1).sum()) for name, runs in self._runs.items()}
        self.steps = table["dataset"].map(steps).to_numpy()
        self.starts = table["dataset"].map(starts).to_numpy()
        self._first_run = np.cumsum(self.sizes) - self.sizes
        self._first_start = np.cumsum(self.starts) - self.starts
        work = (table["n"] * table["d"]).to_numpy() * self.sizes
        self.shards = assign_shards(work, config.shards)

    def count(self, loss: str) -> int:
        """Runs with a loss."""
        of_one = {name: int((runs["loss"] == loss).sum()) for name, runs in self._runs.items()}
        return int(self._table["dataset"].map(of_one).sum())

    def rows(self, chosen: NDArray[np.int64]) -> pd.DataFrame:
        """Rows of the plan for the data sets at these places of the table, in their order."""
        names = self._table["dataset"].to_numpy()[chosen]
        same = np.split(chosen, np.flatnonzero(names[1:] != names[:-1]) + 1)
        return pd.concat([self._of_one_name(part) for part in same], ignore_index=True)

    def _of_one_name(self, chosen: NDArray[np.int64]) -> pd.DataFrame:
        """Rows of the plan for data sets of one name, which have the same runs."""
        table = self._table.iloc[chosen]
        runs = self._runs[table["dataset"].iloc[0]]
        repeated, tiled = len(runs), len(table)
        data = {name: np.repeat(table[name].to_numpy(), repeated) for name in _OF_DATA}
        run = {name: np.tile(runs[name].to_numpy(), tiled) for name in ("scale", "rate", "nearest")}
        traced = np.isin(data["seed"], self._config.seeds[: self._config.curves.seeds]) & run["nearest"]
        first_run, first_start = (
            np.repeat(first[chosen], repeated) for first in (self._first_run, self._first_start)
        )
        plan = pd.DataFrame(
            data
            | {"run": first_run + np.tile(np.arange(repeated), tiled)}
            | {"scale": run["scale"], "rate": run["rate"], "traced": traced}
            | {"start": first_start + np.tile(runs["start"].to_numpy(), tiled)}
            | {"learning_rate": run["rate"] / (kernels.LOSSES["bce"].smoothness * data.pop("smoothness"))}
            | {"max_steps": np.tile(runs["max_steps"].to_numpy(), tiled)}
            | {"shard": np.repeat(self.shards[chosen], repeated)}
        )
        plan["dataset"] = _words(table["dataset"], np.repeat(np.arange(tiled), repeated))
        for name in ("initialisation", "loss"):
            plan[name] = _words(runs[name], np.tile(np.arange(repeated), tiled))
        return plan[list(PLAN.dtypes)]


_OF_DATA = (
    "data",
    "separability",
    "seed",
    "smoothness",
    "target_accuracy",
    "target_brier",
    "target_logloss",
)


def _words(words: pd.Series[Any], rows: NDArray[np.int64]) -> pd.Series[Any]:
    """Take words row by row through a categorical, which avoids making a million strings one at a time."""
    return pd.Series(words.astype("category").array.take(rows)).astype("str")


def grid_of_one(config: Config, dataset: str) -> pd.DataFrame:
    """List the runs on one data set, by start (from 0); `nearest` marks the rate of the recorded curves."""
    nearest = nearest_rate(config.learning_rates, 1.0)
    rows = [
        (i, name, scale, loss, rate, rate == nearest, budget(config, rate, stable_rate(loss)))
        for i, (name, scale) in enumerate(starts_of(config.initialisations, dataset))
        for loss in config.losses
        for rate in rates(config, loss)
    ]
    columns = ["start", "initialisation", "scale", "loss", "rate", "nearest", "max_steps"]
    return pd.DataFrame(rows, columns=columns)


def budget(config: Config, rate: float, stable: float) -> int:
    """Budget of a run in steps: smaller above the rate up to which every step lowers the loss.

    Parameters
    ----------
    config
        Its budgets are read.
    rate, stable
        The rate of the run and the largest that has the whole budget, in the same units.
    """
    whole = rate <= stable * (1 + 1e-9)
    return config.max_steps if whole else min(config.max_steps, config.max_steps_above)


def nearest_rate(rates: Iterable[float], wanted: float) -> float:
    """Return the rate nearest to another one, by the logarithm of their ratio; on a tie, the smaller."""
    return min(rates, key=lambda rate: (abs(math.log(rate / wanted)), rate))


def stable_rate(loss: str) -> float:
    """L_BCE / L_loss: the own 1/L of a loss, in units of 1/L_BCE."""
    return kernels.LOSSES["bce"].smoothness / kernels.LOSSES[loss].smoothness


def stable_rates() -> dict[str, float]:
    """The same of each loss without parameters, by name."""
    return {name: stable_rate(name) for name in kernels.LOSSES}


def rates(config: Config, loss: str) -> list[float]:
    """Rates of a loss, ascending: those of the config, these without its factor 1/2, and its own 1/L."""
    whole = [WITHOUT_HALF.get(loss, 1.0) * rate for rate in config.learning_rates]
    return sorted({*config.learning_rates, *whole, stable_rate(loss)})


def assign_shards(work: NDArray[np.int64], shards: int) -> NDArray[np.int64]:
    """Give each data set a shard, that of most work first, to the shard with least so far; shape (data,)."""
    loads = [(0, shard) for shard in range(min(shards, len(work)))]
    result = np.empty(len(work), dtype=np.int64)
    for row in np.argsort(-work, kind="stable"):
        load, shard = loads[0]
        heapq.heapreplace(loads, (load + int(work[row]), shard))
        result[row] = shard
    return result


def thresholds(config: Config, rows: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Thresholds by target, a value per row of the plan, as `kernels.descend` takes them.

    The rows are of one data set; a target that is not defined on it is left out.
    """
    found = {target: rows[f"target_{target}"].to_numpy() for target in config.targets}
    return {target: values for target, values in found.items() if not np.isnan(values).any()}
