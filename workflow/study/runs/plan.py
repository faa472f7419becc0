"""The plan: the grid of the study, expanded once, a row per run; and what it will cost.

Nothing downstream derives again what a row says: which data, which start, which loss, which rate, which shard.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import kernels
from kernels import checks
from study.data.kinds import Sample, sample
from study.data.starts import start
from study.data.streams import Stream
from study.tables.tables import ROW_GROUP, TABLES

if TYPE_CHECKING:
    from study.config.model import Config

__all__ = ["blocks", "describe", "expand", "fullest_shard", "thresholds"]

TRIAL_SECONDS = 10.0
"""What `describe` may spend on trial runs, at most, on one core."""


def expand(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """Expand the grid.

    Parameters
    ----------
    config : Config
    table : DataFrame
        The data sets, as `study.data.kinds.build` gives them.

    Returns
    -------
    DataFrame
        One row per run, the columns of ``plan.parquet``, in the order data set, start, loss, rate. `run` and `start`
        count from 0. A start is shared by every loss and rate. The rates of a loss are those of the config and its own
        smoothness rate, L_BCE/L_loss.
    """
    return _expanded(config, table, _shards(table, config.shards), _pattern(config))


def blocks(config: Config, table: pd.DataFrame, rows: int = ROW_GROUP) -> Iterator[pd.DataFrame]:
    """Expand the grid a block at a time, so that a plan of any size is never held.

    Parameters
    ----------
    config, table
        As for `expand`.
    rows
        Rows of a block, roughly at most; one data set is never cut.

    Yields
    ------
    DataFrame
        The rows of `expand`, in the order of ``plan.parquet``: shard by shard, none in two blocks.
    """
    runs, shards = _pattern(config), _shards(table, config.shards)
    each = max(1, rows // len(runs))
    order = np.argsort(shards, kind="stable")
    for shard in np.split(order, np.flatnonzero(np.diff(shards[order])) + 1):
        for begin in range(0, len(shard), each):
            chosen = shard[begin : begin + each]
            yield _expanded(config, table.iloc[chosen], shards[chosen], runs)


def _expanded(config: Config, table: pd.DataFrame, shards: NDArray[np.int64], runs: pd.DataFrame) -> pd.DataFrame:
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
    return plan[list(TABLES["plan"].dtypes)]


_OF_DATA = ("data", "separability", "seed", "smoothness", "target_accuracy", "target_brier", "target_logloss")


def _words(words: pd.Series[Any], rows: NDArray[np.int64]) -> pd.Series[Any]:
    """Take words row by row, by way of a categorical: a million strings are not made one at a time."""
    return pd.Series(words.astype("category").array.take(rows)).astype("str")


def _pattern(config: Config) -> pd.DataFrame:
    """List the runs on one data set, by start (from 0); `nearest` marks the rate that curves are recorded at."""
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


def _shards(table: pd.DataFrame, shards: int) -> NDArray[np.int64]:
    """Give each data set a shard, the largest (n times d) first, to the shard with least so far; shape (data,)."""
    work = (table["n"] * table["d"]).to_numpy()
    loads = [(0, shard) for shard in range(min(shards, len(table)))]
    result = np.empty(len(table), dtype=np.int64)
    for row in np.argsort(-work, kind="stable"):
        load, shard = loads[0]
        heapq.heapreplace(loads, (load + int(work[row]), shard))
        result[row] = shard
    return result


def fullest_shard(config: Config, table: pd.DataFrame, price: NDArray[np.float64]) -> float:
    """Return the seconds that the longest shard takes if every run goes on to its budget.

    Parameters
    ----------
    config, table
        As for `expand`; of the table, `n` and `d` are read.
    price
        Seconds that a step of one run takes, by data set, shape (data,).
    """
    loads = np.bincount(_shards(table, config.shards), price)
    return float(loads.max()) * len(_pattern(config)) * config.max_steps


def thresholds(config: Config, rows: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Thresholds by target, a value per row of the plan, as `kernels.descend` takes them."""
    return {target: rows[f"target_{target}"].to_numpy() for target in config.targets}


def describe(
    config: Config, table: pd.DataFrame, arrays: Mapping[str, NDArray[Any]], threads: int | None = None
) -> str:
    """Say how large a study is and how long its sweep will take, before it runs.

    The price of a sample-step (one sample, one step, one run) is measured here, on this machine, by a short descent.
    All runs on the first data set of each setting are then tried, with a smaller budget if the config's would take
    long; what that leaves unfinished counts as if it went on to the budget. The expected time is scaled up from these.

    Parameters
    ----------
    config, table
        As for `expand`.
    arrays : mapping
        The arrays of `study.data.kinds.build`.
    threads : int, optional
        Cores to reckon with; default: all that this process may use.

    Returns
    -------
    str
        Some lines of text, without a line break at the end.
    """
    pattern, shards = _pattern(config), _shards(table, config.shards)
    each = len(pattern)
    runs = each * len(table)
    cores = checks.thread_count(threads)
    price = (table["n"] * _price(table["d"].to_numpy())).to_numpy()  # seconds a step of one run, by data set
    upper = float(price.sum()) * each * config.max_steps / cores
    settings = table.groupby(["dataset", "separability"], dropna=False, sort=False)["data"]
    first = settings.transform("first").to_numpy()
    trials = np.unique(first)
    budget = int(min(config.max_steps, max(100.0, TRIAL_SECONDS / (each * price[trials].sum()))))
    rows = _expanded(config, table.iloc[trials], shards[trials], pattern)
    steps = {data: _trial_steps(config, rows[rows["data"] == data], sample(arrays, data), budget) for data in trials}
    typical = float((price * np.array([steps[data] for data in first])).sum()) * each / cores
    share = float(np.mean([steps[data] for data in trials])) / config.max_steps
    count = int(shards.max()) + 1
    of_loss = pattern["loss"].value_counts(sort=False) * len(table)
    losses = ", ".join(f"{number:,} {loss}" for loss, number in of_loss.items())
    seeds = f"{len(config.seeds.evaluation)} evaluation and {len(config.seeds.tuning)} tuning seeds"
    trial = f"trials of {each * len(trials):,} runs over {budget:,} steps"
    cut = "" if budget == config.max_steps else ", longer ones counted in full"
    machine = f"{cores} core{'s' * (cores > 1)} of this machine"
    lines = [
        f"data sets   {len(table):,} ({len(trials)} settings, {seeds})",
        f"starts      {pattern['start'].nunique() * len(table):,}",
        f"runs        {runs:,} ({losses})",
        f"rows        {runs * len(config.targets):,} (a row per run and target)",
        f"steps       at most {runs * config.max_steps:,} ({config.max_steps:,} a run)",
        f"shards      {count:,} ({_duration(typical * cores / count)} of one core each)",
        f"sweep time  {_duration(typical)} expected, {_duration(upper)} at most, on {machine}",
        f"            ({trial}{cut}: a run takes {share:.0%} of its budget)",
    ]
    return "\n".join(lines)


def _trial_steps(config: Config, rows: pd.DataFrame, data: Sample, budget: int) -> float:
    """Mean number of steps of the runs on one data set; a run that `budget` does not suffice for counts in full."""
    starts = rows.drop_duplicates("start")
    columns = (starts[name] for name in ("start", "initialisation", "scale", "seed"))
    thetas = {
        number: start(name, scale, data.direction, int(seed), config.seed)
        for number, name, scale, seed in zip(*columns, strict=True)
    }
    total = 0.0
    for loss, group in rows.groupby("loss"):
        run = kernels.descend(
            data.features,
            data.labels,
            np.stack([thetas[number] for number in group["start"]]),
            loss=str(loss),
            learning_rate=group["learning_rate"].to_numpy(),
            max_steps=budget,
            targets=thresholds(config, group),
        )
        censored = np.any([status == "censored" for status in run.status.values()], axis=0)
        total += float(np.where(censored, config.max_steps, run.steps_run).sum())
    return total / len(rows)


def _price(dimensions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Seconds a sample-step takes on one core, by number of columns: linear in it, so two are timed."""
    ends = sorted({int(dimensions.min()), int(dimensions.max())})
    return np.interp(dimensions, ends, [_timed(d) for d in ends])


def _timed(d: int) -> float:
    """Seconds that a sample-step takes on one core with d columns: the best of five short descents, targets checked."""
    samples, runs, steps = 256, 64, max(20, 2000 // d)
    features = Stream(0, "price", d).normals(samples * d).reshape(samples, d)
    labels = np.arange(samples) % 2
    times = []
    for _ in range(6):  # the first one compiles
        begun = time.perf_counter()
        kernels.descend(
            features,
            labels,
            np.zeros((runs, d)),
            loss="mse",
            learning_rate=1e-3,
            max_steps=steps,
            targets={"brier": 0.0, "logloss": 0.0, "accuracy": 1.0},
            threads=1,
        )
        times.append(time.perf_counter() - begun)
    return min(times) / (samples * runs * steps)


def _duration(seconds: float) -> str:
    """Put a time in words, to two digits: ``45 s``, ``3.2 min``, ``7.5 h``, ``12 days``."""
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= size:
            return f"{seconds / size:.2g} {unit}" if seconds < 100 * size else f"{seconds / size:,.0f} {unit}"
    return f"{max(seconds, 1.0):.2g} s"
