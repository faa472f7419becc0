"""How many times as many steps a contender takes as a baseline, from each start and at each rate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from study.methods.reached import reached
from study.methods.runs import common_rate
from study.methods.tables import COMPARED, COMPARISONS, METHOD_RUNS, REACHED, of_sides
from study.methods.words import label
from study.statistics.answers import spread
from study.statistics.cells import rate_columns, summarise
from study.statistics.pairs import pairs
from study.tables.table import conform

if TYPE_CHECKING:
    from study.config.methods import MethodOptions
    from study.config.model import Config

__all__ = ["compare", "gathered"]

_SIDES: Final = ("mse", "bce")
"""The names that the statistics of pairs have for the two sides: contender and baseline."""

_POOL: Final = ("initialisation", "scale", "policy", "rate", "target")


def gathered(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """The runs of all methods as one table."""
    return conform(pd.concat([pd.DataFrame(columns=list(METHOD_RUNS.dtypes)), *parts]), METHOD_RUNS)


def compare(config: Config, runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Compute the tables of the comparisons.

    Parameters
    ----------
    config
        Its methods, comparisons and statistics are read.
    runs
        The table `method_runs`.

    Returns
    -------
    dict of str to DataFrame
        `comparisons`, `compared` and `reached`, in their schemas.
    """
    methods = {method.name: method for method in config.methods}
    pooled, cells, ends = [], [], []
    for place, (contender, baseline) in enumerate(config.comparisons):
        found = _compare(config, runs, methods[contender], methods[baseline])
        pooled.append(found["comparisons"].assign(place=place))
        cells.append(found["compared"].assign(place=place))
        ends.append(reached(config, runs, methods[contender], methods[baseline]).assign(place=place))
    return {
        table.name: conform(
            pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(table.dtypes)), table
        )
        for table, parts in ((COMPARISONS, pooled), (COMPARED, cells), (REACHED, ends))
    }


def _compare(
    config: Config, runs: pd.DataFrame, contender: MethodOptions, baseline: MethodOptions
) -> dict[str, pd.DataFrame]:
    """The two tables of one comparison."""
    resamples, level = config.statistics.resamples, config.statistics.confidence
    paired = _paired(runs, contender, baseline, config.statistics.folds)
    named: dict[str, Any] = {
        "contender": contender.name,
        "baseline": baseline.name,
        "label": label(contender, baseline),
        "scale_free": contender.scale_free,
    }
    of_data = summarise(paired, resamples=resamples, level=level)
    cells = _of_sides(of_data.assign(**rate_columns(paired))).assign(**named)
    pooled = summarise(paired, _POOL, resamples=resamples, level=level)
    spreads = [spread(_alike(of_data, row)) for row in pooled[list(_POOL)].to_dict("records")]
    columns = {name: [one[name] for one in spreads] for name in _SPREAD}
    common = np.isclose(pooled["rate"].to_numpy(float), common_rate(config, contender.scale_free), rtol=1e-9)
    return {
        "comparisons": _of_sides(pooled.assign(**columns, common=common)).assign(**named),
        "compared": cells,
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


def _alike(cells: pd.DataFrame, row: Mapping[Any, Any]) -> pd.DataFrame:
    """The cells of all data sets behind a row of pooled pairs."""
    here = np.ones(len(cells), dtype=np.bool_)
    for name in _POOL:
        values = cells[name].to_numpy()
        same = values == row[name]
        here &= same | np.isnan(values) if isinstance(row[name], float) and math.isnan(row[name]) else same
    return cells[here]


def _of_sides(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns named after contender and baseline in place of MSE and BCE."""
    names = {name: of_sides(name) for name in frame.columns}
    ends = {f"{part}_{side}": f"{part}_{new}" for part in ("rate", "regret", "edge")
            for side, new in zip(_SIDES, ("contender", "baseline"), strict=True)}  # fmt: skip
    return frame.rename(columns=names | ends)
