"""The runs of a method: its starts, its rates, its batches."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import kernels
from study.config.model import TARGETS
from study.data.kinds import held_out
from study.data.samples import Sample, sample
from study.data.starts import starts_of
from study.data.streams import Stream
from study.methods.legs import descend_legs
from study.methods.tables import METHOD_RUNS
from study.runs.plan import WITHOUT_HALF, budget, nearest_rate, stable_rate, thresholds
from study.runs.sweep import Progress, first_parameters, outcomes
from study.tables.table import conform

if TYPE_CHECKING:
    from study.config.methods import MethodOptions
    from study.config.model import Config

__all__ = ["COMMON", "common_rate", "descend_on", "in_epoch", "plan", "run"]

COMMON: Final = {False: 1.0, True: 0.01}
"""Near which rate equal rates are shown, by `scale_free`: 1/L_BCE, and ten times PyTorch's default for Adam.

At that default itself a start far away is a budget away: it is a rate to refine with."""


def common_rate(config: Config, scale_free: bool) -> float:
    """The rate, of those of the config, at which equal rates are shown."""
    rates = config.method_runs.lengths if scale_free else config.method_runs.learning_rates
    return nearest_rate(rates, COMMON[scale_free])


def without_half(method: MethodOptions) -> float:
    """By what a rate is multiplied to take the steps of the loss without its factor 1/2."""
    return max(WITHOUT_HALF.get(leg.loss, 1.0) for leg in method.legs)


def rates_of(config: Config, method: MethodOptions) -> list[float]:
    """Rates of a method, ascending: those of the config, and the common one without a factor 1/2."""
    if method.scale_free:
        return sorted(config.method_runs.lengths)
    without = without_half(method) * common_rate(config, False)
    return sorted({*config.method_runs.learning_rates, without})


def plan(config: Config, method: MethodOptions, table: pd.DataFrame) -> pd.DataFrame:
    """Lay out the runs of a method, a row each.

    Parameters
    ----------
    config
        Its seeds and `method_runs` are read.
    method
        One of its methods.
    table
        The data sets, as `study.runs.draw.build` gives them.

    Returns
    -------
    DataFrame
        The columns of `method_runs` that are known before, and the targets of the data. `start` numbers data
        sets and initialisations, so that every method has the same.
    """
    chosen = config.method_runs
    inside = table["dataset"].isin(chosen.datasets) & table["seed"].isin(config.seeds[: chosen.seeds])
    starts = pd.DataFrame(
        [
            {"dataset": name, "place": place, "initialisation": one, "scale": scale}
            for name in dict.fromkeys(table.loc[inside, "dataset"])
            for place, (one, scale) in enumerate(starts_of(chosen.initialisations, name))
        ],
        columns=["dataset", "place", "initialisation", "scale"],
    )
    rates = pd.DataFrame({"rate": rates_of(config, method)})
    stable = _stable(config, method)
    rates["max_steps"] = [budget(config, rate, stable) for rate in rates["rate"]]
    rows = table[inside].merge(starts, on="dataset").merge(rates, how="cross")
    as_it_is = method.scale_free or method.model != "linear"
    unit = 1.0 if as_it_is else 1.0 / (kernels.LOSSES["bce"].smoothness * rows["smoothness"])
    return rows.assign(
        method=method.name,
        loss=method.loss,
        optimiser=method.optimiser,
        batch_size=method.batch_size,
        scale_free=method.scale_free,
        start=rows["data"] * (len(starts) + 1) + rows["place"],
        learning_rate=rows["rate"] * unit,
    )


def _stable(config: Config, method: MethodOptions) -> float:
    """The largest rate of a method whose runs have the whole budget."""
    if method.scale_free:
        return common_rate(config, True)
    if method.model != "linear":
        return math.inf  # what is stable is not known
    return min(stable_rate(leg.loss) for leg in method.legs)


def run(
    config: Config,
    method: MethodOptions,
    rows: pd.DataFrame,
    arrays: Mapping[str, NDArray[Any]],
    progress: Progress,
) -> pd.DataFrame:
    """Make the runs of a method.

    Parameters
    ----------
    config, method
        As for `plan`.
    rows
        What `plan` returns.
    arrays
        The arrays of `study.runs.draw.build`.
    progress
        Counts every batch of runs.

    Returns
    -------
    DataFrame
        In the schema `METHOD_RUNS`.
    """
    progress.begin()
    made = []
    for data, group in rows.groupby("data", sort=True):
        begun = time.perf_counter()
        asked = thresholds(config, group)
        if asked:
            made.append(_run_on(config, method, group, sample(arrays, int(str(data))), asked))
        progress.add(len(group), time.perf_counter() - begun)
    progress.end()
    return conform(pd.concat(made) if made else pd.DataFrame(columns=list(METHOD_RUNS.dtypes)), METHOD_RUNS)


def in_epoch(method: MethodOptions, drawn: Sample) -> int:
    """Steps in which a method sees every sample of a data set once."""
    return math.ceil(len(drawn.labels) / method.batch_size) if method.batch_size else 1


def descend_on(
    config: Config,
    method: MethodOptions,
    rows: pd.DataFrame,
    drawn: Sample,
    asked: Mapping[str, NDArray[np.float64]],
) -> kernels.Descent:
    """Descend from the starts of runs on one data set.

    Parameters
    ----------
    config, method
        As for `plan`.
    rows
        Rows of what `plan` returns.
    drawn
        The data set.
    asked
        Thresholds by target, a value per row.
    """
    return descend_legs(
        drawn,
        rows,
        first_parameters(rows, drawn, config.seed, method.model),
        method.legs,
        config.hold,
        in_epoch(method, drawn),
        model=method.model,
        optimiser=method.optimiser,
        targets=asked,
        batch_size=method.batch_size or None,
        batch_seed=_batch_seed(config, rows.iloc[0]),
    )


def _run_on(
    config: Config,
    method: MethodOptions,
    rows: pd.DataFrame,
    drawn: Sample,
    asked: Mapping[str, NDArray[np.float64]],
) -> pd.DataFrame:
    """The runs of a method on one data set: a row for each run and target."""
    found = descend_on(config, method, rows, drawn, asked)
    scores = _scores(config, rows.iloc[0], found.theta, method.model)
    scored = rows.assign(passes=found.steps_run / in_epoch(method, drawn), **scores)
    return outcomes(scored, found, asked)[list(METHOD_RUNS.dtypes)]


def _scores(config: Config, row: pd.Series[Any], thetas: NDArray[np.float64], model: str) -> dict[str, Any]:
    """Scores of parameters on the samples of a data set that were not drawn, by column."""
    (options,) = (entry for entry in config.datasets if entry.name == row["dataset"])
    features, labels = held_out(options, _separability(row), int(row["seed"]), config.seed)
    finite = np.isfinite(thetas).all(axis=1)
    out = {score: np.full(len(thetas), np.nan) for score in TARGETS}
    if len(labels) and finite.any():
        # A descent of no step scores its start, to the same bits on every processor.
        found = kernels.descend(
            features, labels, thetas[finite], loss="bce", learning_rate=1.0, max_steps=0, trace_steps=[0],
            threads=1, model=model,
        )  # fmt: skip
        assert found.trace is not None
        for score in TARGETS:
            out[score][finite] = found.trace[score][:, 0]
    return {f"test_{score}": values for score, values in out.items()}


def _separability(row: pd.Series[Any]) -> float | None:
    return None if math.isnan(row["separability"]) else float(row["separability"])


def _batch_seed(config: Config, row: pd.Series[Any]) -> int:
    """What the shuffles depend on: the data set and its seed, so that all methods see the same batches."""
    stream = Stream(config.seed, "batches", str(row["dataset"]), _separability(row), int(row["seed"]))
    return int(stream.uniforms(1)[0] * 2.0**53)
