"""The plan: the grid of the study, expanded once, a row per run.

Nothing downstream derives again what a row says: which data, which start, which loss, which rate, which
shard.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import kernels
from study.runs.tables import PLAN
from study.tables.table import ROW_GROUP

if TYPE_CHECKING:
    from study.config.model import Config


__all__ = ["blocks", "expand", "thresholds"]


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
        `start` count from 0. A start is shared by every loss and rate. The rates of a loss are those of the
        config and its own smoothness rate, L_BCE/L_loss.
    """
    return expanded(config, table, assign_shards(table, config.shards), grid_of_one(config))


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
    runs, shards = grid_of_one(config), assign_shards(table, config.shards)
    each = max(1, rows // len(runs))
    order = np.argsort(shards, kind="stable")
    for shard in np.split(order, np.flatnonzero(np.diff(shards[order])) + 1):
        for begin in range(0, len(shard), each):
            chosen = shard[begin : begin + each]
            yield expanded(config, table.iloc[chosen], shards[chosen], runs)


def expanded(
    config: Config, table: pd.DataFrame, shards: NDArray[np.int64], runs: pd.DataFrame
) -> pd.DataFrame:
    """Rows of the plan for some data sets, with their shards and the runs on each."""
    repeated, tiled = len(runs), len(table)
    data = {name: np.repeat(table[name].to_numpy(), repeated) for name in _OF_DATA}
    run = {name: np.tile(runs[name].to_numpy(), tiled) for name in ("scale", "rate", "nearest")}
    traced = np.isin(data["seed"], config.seeds.evaluation[: config.curves.seeds]) & run["nearest"]
    starts = int(runs["start"].max()) + 1
    plan = pd.DataFrame(
        data
        | {"run": data["data"] * repeated + np.tile(np.arange(repeated), tiled)}
        | {"scale": run["scale"], "rate": run["rate"], "traced": traced}
        | {"start": data["data"] * starts + np.tile(runs["start"].to_numpy(), tiled)}
        | {"learning_rate": run["rate"] / (kernels.LOSSES["bce"].smoothness * data.pop("smoothness"))}
        | {"max_steps": np.full(tiled * repeated, config.max_steps)}
        | {"shard": np.repeat(shards, repeated)}
    )
    for name in ("dataset", "role"):
        plan[name] = _words(table[name], np.repeat(np.arange(tiled), repeated))
    for name in ("initialisation", "loss"):
        plan[name] = _words(runs[name], np.tile(np.arange(repeated), tiled))
    return plan[list(PLAN.dtypes)]


_OF_DATA = ("data", "separability", "seed", "smoothness", "target_accuracy", "target_brier", "target_logloss")


def _words(words: pd.Series[Any], rows: NDArray[np.int64]) -> pd.Series[Any]:
    """Take words row by row through a categorical, which avoids making a million strings one at a time."""
    return pd.Series(words.astype("category").array.take(rows)).astype("str")


def grid_of_one(config: Config) -> pd.DataFrame:
    """List the runs on one data set, by start (from 0); `nearest` marks the rate of recorded curves."""
    starts = [(entry.name, scale) for entry in config.initialisations for scale in entry.scales or (0.0,)]
    nearest = min(config.learning_rates, key=lambda rate: (abs(np.log(rate)), rate))
    rows = [
        (i, name, scale, loss, rate, rate == nearest)
        for i, (name, scale) in enumerate(starts)
        for loss in config.losses
        for rate in _rates(config, loss)
    ]
    return pd.DataFrame(rows, columns=["start", "initialisation", "scale", "loss", "rate", "nearest"])


def _rates(config: Config, loss: str) -> list[float]:
    """Rates of a loss, ascending: those of the config and its own smoothness rate."""
    own = kernels.LOSSES["bce"].smoothness / kernels.LOSSES[loss].smoothness
    return sorted({*config.learning_rates, own})


def assign_shards(table: pd.DataFrame, shards: int) -> NDArray[np.int64]:
    """Assign data sets to shards, the largest (n times d) first, each to the least full; shape (data,)."""
    work = (table["n"] * table["d"]).to_numpy()
    loads = [(0, shard) for shard in range(min(shards, len(table)))]
    result = np.empty(len(table), dtype=np.int64)
    for row in np.argsort(-work, kind="stable"):
        load, shard = loads[0]
        heapq.heapreplace(loads, (load + int(work[row]), shard))
        result[row] = shard
    return result


def thresholds(config: Config, rows: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Thresholds by target, a value per row of the plan, as `kernels.descend` takes them."""
    return {target: rows[f"target_{target}"].to_numpy() for target in config.targets}
