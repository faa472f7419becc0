"""How many runs a study has and how long it will take, before it is started."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import kernels
from kernels import checks
from study.data.samples import Sample, sample
from study.data.starts import start
from study.data.streams import Stream
from study.machine import cores as allowed_cores
from study.runs.plan import Grid, thresholds

if TYPE_CHECKING:
    from study.config.model import Config


__all__ = ["TRIAL_SECONDS", "describe", "fullest_shard"]

TRIAL_SECONDS = 10.0
"""The most that `describe` spends on trial runs, on one core."""


def fullest_shard(config: Config, table: pd.DataFrame, price: NDArray[np.float64]) -> float:
    """Return the seconds that the longest shard takes if every run uses its whole budget.

    Parameters
    ----------
    config, table
        As for `expand`; of the table, `dataset`, `n` and `d` are read.
    price
        Seconds that a step of one run takes, by data set, shape (data,).
    """
    grid = Grid(config, table)
    return float(np.bincount(grid.shards, price * grid.steps).max())


def describe(
    config: Config, table: pd.DataFrame, arrays: Mapping[str, NDArray[Any]], threads: int | None = None
) -> str:
    """Say how large a study is and how long its sweep will take, before it runs.

    The time of a sample-step (one sample, one step, one run) is measured on this machine by a short descent.
    All runs on the first data set of each setting are then tried, with a smaller budget if the config's would
    take long; runs that do not finish count with the whole budget. The expected time is scaled up from these.

    Parameters
    ----------
    config, table
        As for `expand`.
    arrays : mapping
        The arrays of `study.runs.draw.build`.
    threads : int, optional
        Number of cores to assume; default: all that this process may use.

    Returns
    -------
    str
        Some lines of text, without a line break at the end.
    """
    grid = Grid(config, table)
    runs, last, most = int(grid.sizes.sum()), _last_step(config), int(grid.steps.sum())
    cores = checks.thread_count(threads or allowed_cores())
    price = (table["n"] * _price(table["d"].to_numpy())).to_numpy()  # seconds a step of one run, by data set
    upper = float((price * grid.steps).sum()) / cores
    settings = table.groupby(["dataset", "separability"], dropna=False, sort=False)["data"]
    first = settings.transform("first").to_numpy()
    trials = np.unique(first)
    budget = int(min(last, max(100.0, TRIAL_SECONDS / (grid.sizes * price)[trials].sum())))
    rows = grid.rows(trials)
    steps = {
        data: _trial_steps(config, rows[rows["data"] == data], sample(arrays, data), budget)
        for data in trials
    }
    typical = float((price * grid.sizes * np.array([steps[data] for data in first])).sum()) / cores
    share = sum(steps[data] * grid.sizes[data] for data in trials) / grid.steps[trials].sum()
    count = int(grid.shards.max()) + 1
    defined = table[[f"target_{target}" for target in config.targets]].notna().sum(axis=1).to_numpy()
    losses = ", ".join(f"{grid.count(loss):,} {loss}" for loss in config.losses)
    trial = f"trials of {len(rows):,} runs over {budget:,} steps"
    cut = "" if budget == last else ", longer ones counted in full"
    machine = f"{cores} core{'s' * (cores > 1)} of this machine"
    lines = [
        f"data sets   {len(table):,} ({len(trials)} settings, {len(config.seeds)} seeds)",
        f"starts      {int(grid.starts.sum()):,}",
        f"runs        {runs:,} ({losses})",
        f"rows        {int((grid.sizes * defined).sum()):,} (a row per run and target)",
        f"steps       at most {most:,} ({last:,} a run at most)",
        f"shards      {count:,} ({_duration(typical * cores / count)} of one core each)",
        f"sweep time  {_duration(typical)} expected, {_duration(upper)} at most, on {machine}",
        f"            ({trial}{cut}: a run takes {share:.0%} of its budget)",
    ]
    return "\n".join(lines)


def _last_step(config: Config) -> int:
    """Steps of a run that never arrives: a target met at the last step of the budget has yet to hold."""
    return config.max_steps + config.hold - 1


def _trial_steps(config: Config, rows: pd.DataFrame, data: Sample, budget: int) -> float:
    """Mean number of steps of the runs on one data set; one that `budget` cuts short counts in full."""
    starts = rows.drop_duplicates("start")
    columns = (starts[name] for name in ("start", "initialisation", "scale", "seed"))
    thetas = {
        number: start(name, scale, data.aim, int(seed), config.seed)
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
            targets=thresholds(config, group) or None,
            hold=config.hold,
        )
        last = group["max_steps"].to_numpy() + config.hold - 1
        censored = np.any(
            [run.steps_run == budget, *(ends == "censored" for ends in run.status.values())], axis=0
        )
        total += float(np.where(censored, last, np.minimum(run.steps_run, last)).sum())
    return total / len(rows)


def _price(dimensions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Seconds a sample-step takes on one core, by number of columns: linear, so two numbers are timed."""
    ends = sorted({int(dimensions.min()), int(dimensions.max())})
    return np.interp(dimensions, ends, [_timed(d) for d in ends])


def _timed(d: int) -> float:
    """Seconds that a sample-step with targets takes on one core with d columns: the best of five descents."""
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
    """Write a time to two digits: ``45 s``, ``3.2 min``, ``7.5 h``, ``12 days``."""
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= size:
            return f"{seconds / size:.2g} {unit}" if seconds < 100 * size else f"{seconds / size:,.0f} {unit}"
    return f"{max(seconds, 1.0):.2g} s"
