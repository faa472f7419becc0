"""The phase diagram: slowdown by initial scale and separability, measured, by gradient flow and by theory.

`flow` solves the gradient flow on the study's drawn data and on large samples of the plain Gaussian pair;
`phase` compares the results with what the sweep measured and what `kernels.laws` predicts. `docs/laws.md`
derives the laws.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import kernels
from kernels import laws
from study.data.facts import target
from study.data.kinds import Gaussian
from study.data.samples import sample, with_bias
from study.data.streams import Stream
from study.statistics.cells import slowdown_columns
from study.statistics.pairs import LOSSES, with_ratio
from study.tables.table import conform
from study.theory.tables import FLOW, PHASE

if TYPE_CHECKING:
    from study.config.model import Config
    from study.runs.sweep import Progress

__all__ = ["flow", "number_of_runs", "phase"]

Array = NDArray[np.float64]

TOLERANCE: Final = 1e-8
"""Of a step of the flow: times have a relative error of about 1e-7, far less than draws differ."""

MOST_EVALUATIONS: Final = 20_000
"""Gradients after which a flow is stopped: plateaus take hundreds, bent narrow valleys tens of thousands."""

_CELL: Final = ("dataset", "separability", "large", "n", "scale", "target")


class _Problem(NamedTuple):
    """Data to solve the flow on: what its rows say about it, its samples, and the targets by name."""

    row: dict[str, Any]
    features: Array
    labels: NDArray[np.int64]
    direction: Array
    thresholds: dict[str, float]


def number_of_runs(config: Config, table: pd.DataFrame) -> int:
    """Number of flows that `flow` is going to solve."""
    drawn = int(_of_own_data(table).sum()) * (1 + len(config.phase.scales))
    large = len(config.phase.large_separability) * config.phase.large_draws * len(config.phase.large_scales)
    return (drawn + large) * len(config.losses)


def flow(
    config: Config, table: pd.DataFrame, arrays: Mapping[str, NDArray[Any]], progress: Progress
) -> pd.DataFrame:
    """Solve the gradient flow of every loss from the zero start and from wrong starts.

    Parameters
    ----------
    config
        Its root seed, targets, losses and `phase` are read.
    table
        The table of data sets. Those that have a separability are solved.
    arrays
        The arrays of `study.runs.draw.build`.
    progress
        Counts every batch.

    Returns
    -------
    DataFrame
        The columns of ``flow.parquet``.
    """
    parts = []
    problems = [*_own_problems(config, table, arrays), *_large_problems(config, len(table))]
    for problem in filter(lambda problem: problem.thresholds, problems):
        starts = _starts(config, problem)
        for loss in config.losses:
            begun = time.perf_counter()
            solved = kernels.gradient_flow(
                problem.features,
                problem.labels,
                np.stack([theta for _, _, theta in starts]),
                loss=loss,
                targets=problem.thresholds,
                tolerance=TOLERANCE,
                max_evaluations=MOST_EVALUATIONS,
            )
            progress.add(len(starts), time.perf_counter() - begun)
            parts += [_rows(problem, starts, loss, target, solved) for target in problem.thresholds]
    progress.end()
    empty = pd.DataFrame(columns=list(FLOW.dtypes))
    return conform(pd.concat(parts, ignore_index=True) if parts else empty, FLOW)


def _of_own_data(table: pd.DataFrame) -> pd.Series[bool]:
    """Mark the data sets that the flow is solved on: those with a separability."""
    return table["separability"].notna()


def _own_problems(
    config: Config, table: pd.DataFrame, arrays: Mapping[str, NDArray[Any]]
) -> Iterator[_Problem]:
    """Yield the study's own data sets, each with the targets that are defined on it."""
    for record in table[_of_own_data(table)].to_dict("records"):
        row = {name: record[name] for name in ("data", "dataset", "separability", "seed", "n")}
        row["large"] = False
        drawn = sample(arrays, record["data"])
        asked = {target: float(record[f"target_{target}"]) for target in config.targets}
        thresholds = {target: value for target, value in asked.items() if not math.isnan(value)}
        yield _Problem(row, drawn.features, drawn.labels, drawn.direction, thresholds)


def _large_problems(config: Config, first: int) -> Iterator[_Problem]:
    """Yield large samples of the plain Gaussian pair, with the population's direction and targets.

    They are numbered from `first`.
    """
    n, data = config.phase.large_n, first
    for separability in config.phase.large_separability:
        thresholds = _population_targets(separability / 2)
        for seed in range(config.phase.large_draws):
            drawn = Gaussian(name="gaussian", kind="gaussian", n=n)
            features, labels = drawn.draw(separability, Stream(config.seed, "large", separability, seed))
            features = with_bias(features)
            row = {"data": data, "dataset": "gaussian", "separability": separability, "seed": seed}
            row |= {"large": True, "n": n}
            direction = np.eye(features.shape[1])[0]
            yield _Problem(
                row, features, labels, direction, {name: thresholds[name] for name in config.targets}
            )
            data += 1


def _population_targets(mu: float) -> dict[str, float]:
    """Targets of the population, set as in `study.data.facts`; its optimum is 2 mu times the direction."""
    best = laws.population_scores(2.0 * mu, mu)
    return {
        "accuracy": target(best.accuracy, 0.5, larger=True),
        "brier": target(best.brier, 0.25),
        "logloss": target(best.logloss, math.log(2.0)),
    }


def _starts(config: Config, problem: _Problem) -> list[tuple[str, float, Array]]:
    """List the starts as (initialisation, scale, theta): wrong ones, and zero on the study's own data."""
    large = problem.row["large"]
    scales = config.phase.large_scales if large else config.phase.scales
    wrong = [("wrong", a, -a * problem.direction) for a in scales if problem.direction.any()]
    return wrong if large else [("zero", 0.0, np.zeros_like(problem.direction)), *wrong]


def _rows(
    problem: _Problem, starts: list[tuple[str, float, Array]], loss: str, target: str, solved: kernels.Flow
) -> pd.DataFrame:
    """A row per start, for one loss and target; a censored one has the time up to which it did not hold."""
    reached = solved.status[target] == "reached"
    return pd.DataFrame(
        {
            "initialisation": [name for name, _, _ in starts],
            "scale": [scale for _, scale, _ in starts],
            "status": solved.status[target].astype(object),
            "time": np.where(reached, solved.first_passage[target], solved.time),
        }
    ).assign(**problem.row, loss=loss, target=target, threshold=problem.thresholds[target])


def phase(config: Config, flows: pd.DataFrame, cells: pd.DataFrame, rate: float) -> pd.DataFrame:
    """Put the slowdowns from wrong starts on Gaussian data side by side: measured, by flow, predicted.

    Parameters
    ----------
    config
        Its data sets, `phase` and `statistics` are read.
    flows
        The table `flow`.
    cells
        The table `slowdown`.
    rate
        The common learning rate whose cells are taken: that of the table `headline`.

    Returns
    -------
    DataFrame
        In the schema `PHASE`.
    """
    options = {entry.name: entry for entry in config.datasets if isinstance(entry, Gaussian)}
    out = _measured(config, flows[flows["large"] | flows["dataset"].isin(options)])
    out = out.merge(
        _stepped(cells[cells["rate"] == rate], options), on=list(_CELL), how="left", validate="one_to_one"
    )
    out["stepped_bound"] = out["stepped_bound"].eq(True)
    out["mu"] = out["separability"] / 2
    plain = {name for name, entry in options.items() if entry.imbalance == 0.5 and entry.label_noise == 0}
    lawful = (out["large"] | out["dataset"].isin(plain)) & (out["mu"] >= laws.LEAST_MU)
    for name, law, what in (
        ("predicted", _predicted, "target"),
        ("spread", _spread, "n"),
        ("path_deviation", _path_deviation, "n"),
    ):
        where = zip(out["mu"], out["scale"], out[what], lawful, strict=True)
        out[name] = [law(mu, scale, of) if known else math.nan for mu, scale, of, known in where]
    out["regime"] = [laws.regime(scale, mu) for scale, mu in zip(out["scale"], out["mu"], strict=True)]
    return conform(out, PHASE)


def _measured(config: Config, flows: pd.DataFrame) -> pd.DataFrame:
    """Slowdown of the flow by cell, with the study's statistics: `flow`, its interval, and its pairs."""
    rows = flows[flows["initialisation"] == "wrong"].assign(observed=flows["status"] == "reached")
    keys = [*_CELL, "data"]
    mse, bce = (rows.loc[rows["loss"] == loss, [*keys, "time", "observed"]] for loss in LOSSES)
    both = with_ratio(mse.merge(bce, on=keys, suffixes=("_mse", "_bce"), validate="one_to_one"))
    both = both.sort_values(keys, kind="stable", ignore_index=True)
    codes = np.asarray(both.groupby(list(_CELL), sort=True).ngroup(), dtype=np.int64)
    out = both.drop_duplicates(list(_CELL))[list(_CELL)].reset_index(drop=True)
    columns = ("slowdown", "slowdown_low", "slowdown_high", "slowdown_bound")
    if both.empty:
        return out.assign(**{name.replace("slowdown", "flow"): [] for name in columns}, starts=[])
    how = config.statistics
    found = slowdown_columns(both, codes, how.resamples, how.confidence)
    starts = np.bincount(codes, ~both["at_start"].to_numpy(bool)).astype(np.int64)
    return out.assign(**{name.replace("slowdown", "flow"): found[name] for name in columns}, starts=starts)


def _stepped(cells: pd.DataFrame, options: Mapping[str, Gaussian]) -> pd.DataFrame:
    """Slowdown of the sweep from wrong starts at equal rates, by cell."""
    rows = cells[
        (cells["policy"] == "equal") & (cells["initialisation"] == "wrong") & cells["dataset"].isin(options)
    ]
    columns = ("slowdown", "slowdown_low", "slowdown_high", "slowdown_bound")
    renamed = rows.rename(columns={name: name.replace("slowdown", "stepped") for name in columns})
    renamed["n"] = renamed["dataset"].map({name: entry.n for name, entry in options.items()}).astype(np.int64)
    renamed["large"] = False
    return renamed[[*_CELL, *(name.replace("slowdown", "stepped") for name in columns)]]


def _predicted(mu: float, scale: float, target: str) -> float:
    """Ratio of the population's flow times from -`scale` times the true direction; nan where undefined."""
    threshold = _population_targets(mu)[target]
    if math.isnan(threshold):
        return math.nan
    mse, bce = (
        laws.population_passage(-scale, mu, loss=loss, target=target, threshold=threshold) for loss in LOSSES
    )
    return mse / bce if 0.0 < bce < math.inf else math.nan


# These two do not depend on the target, so each is computed once for all targets.
@cache
def _spread(mu: float, scale: float, n: int) -> float:
    """Relative standard error of MSE's gradient at the start in a sample of `n`."""
    return laws.population_spread(-scale, mu, loss="mse") / math.sqrt(n)


@cache
def _path_deviation(mu: float, scale: float, n: int) -> float:
    """Bound on how far MSE's path in a sample of `n` deviates from the straight one on its way to 0."""
    return laws.population_deviation(-scale, 0.0, mu, loss="mse") / math.sqrt(n)
