"""How many times as many steps a contender takes as a baseline, from each start and at each rate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from study.methods.reached import reached
from study.methods.runs import common_rate
from study.methods.tables import COMPARED, COMPARISONS, REACHED, of_sides
from study.methods.words import label
from study.statistics.answers import spread
from study.statistics.cells import rate_columns, summarise
from study.statistics.pairs import pairs
from study.tables.table import gathered

if TYPE_CHECKING:
    from study.config.methods import MethodOptions
    from study.config.model import Config

__all__ = ["compare"]

_SIDES: Final = ("mse", "bce")
"""The names that the statistics of pairs have for the two sides: contender and baseline."""

_POOL: Final = ("initialisation", "scale", "policy", "rate", "target")


def compare(config: Config, runs: pd.DataFrame, *, every_rate: bool = True) -> dict[str, pd.DataFrame]:
    """Compute the tables of the comparisons.

    Parameters
    ----------
    config
        Its methods, comparisons and statistics are read.
    runs
        The table `method_runs`.
    every_rate
        Whether equal rates are compared at every rate, and not at the common one alone.

    Returns
    -------
    dict of str to DataFrame
        `comparisons`, `compared` and `reached`, in their schemas.
    """
    methods = {method.name: method for method in config.methods}
    found = [
        _compare(config, runs, place, *(methods[name] for name in pair), every_rate=every_rate)
        for place, pair in enumerate(config.comparisons)
    ]
    return {
        table.name: gathered((one[table.name] for one in found), table)
        for table in (COMPARISONS, COMPARED, REACHED)
    }


def _compare(
    config: Config,
    runs: pd.DataFrame,
    place: int,
    contender: MethodOptions,
    baseline: MethodOptions,
    *,
    every_rate: bool,
) -> dict[str, pd.DataFrame]:
    """The rows of one comparison in each of the tables."""
    resamples, level = config.statistics.resamples, config.statistics.confidence
    paired = _paired(runs, contender, baseline, config.statistics.folds)
    shared = common_rate(config, contender.scale_free)
    if not every_rate:
        paired = paired[(paired["policy"] == "tuned") | np.isclose(paired["rate"], shared, rtol=1e-9)]
    named: dict[str, Any] = {
        "contender": contender.name,
        "baseline": baseline.name,
        "label": label(contender, baseline),
        "place": place,
    }
    units = {"scale_free": contender.scale_free}
    cells = summarise(paired, resamples=resamples, level=level)
    pooled = summarise(paired, _POOL, resamples=resamples, level=level)
    # In the order of `pooled`: that of the keys, nan last.
    spreads = [spread(rows) for _, rows in cells.groupby(list(_POOL), dropna=False, sort=True)]
    columns = {name: [one[name] for one in spreads] for name in _SPREAD}
    common = np.isclose(pooled["rate"].to_numpy(float), shared, rtol=1e-9)
    return {
        "comparisons": _of_sides(pooled.assign(**columns, common=common)).assign(**named, **units),
        "compared": _of_sides(cells.assign(**rate_columns(paired))).assign(**named, **units),
        "reached": reached(config, runs, contender, baseline).assign(**named),
    }


_SPREAD: Final = ("cells", "lowest", "lowest_bound", "highest", "highest_bound")


def _paired(
    runs: pd.DataFrame, contender: MethodOptions, baseline: MethodOptions, folds: int
) -> pd.DataFrame:
    """Runs of the two methods from the same starts, side by side; without a rate both share, tuned alone."""
    sides = {contender.name: _SIDES[0], baseline.name: _SIDES[1]}
    rows = runs[runs["method"].isin(sides)]
    rows = rows.assign(loss=rows["method"].map(sides).astype(runs["loss"].dtype))
    found = pairs(rows, dict.fromkeys(_SIDES, math.nan), folds=folds)
    left_out = set[str]()
    if contender.scale_free != baseline.scale_free:
        left_out |= {"equal", "equal_no_half"}
    if contender.scale_free or contender.loss != "mse" or baseline.loss == "mse":
        left_out.add("equal_no_half")
    return found[~found["policy"].isin(left_out)]


def _of_sides(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns named after contender and baseline in place of MSE and BCE."""
    names = {name: of_sides(name) for name in frame.columns}
    ends = {f"{part}_{side}": f"{part}_{new}" for part in ("rate", "regret", "edge")
            for side, new in zip(_SIDES, ("contender", "baseline"), strict=True)}  # fmt: skip
    return frame.rename(columns=names | ends)
