"""The numbers of the first screen: the slowdown from each of its starts, over all pairs, by policy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from study.statistics.cells import summarise
from study.statistics.pairs import pairs
from study.statistics.tables import ANSWERS, SUMMARY
from study.tables.table import conform

if TYPE_CHECKING:
    from study.statistics.headline import Headline

ALL, REAL, HEADLINE = "all data sets", "real data", "headline setting"
"""Which data the pairs of an answer are from."""


@dataclass(frozen=True)
class Start:
    """A start of the first screen: its name and scale, and the data whose pairs are pooled."""

    initialisation: str
    scale: float
    data: str

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Keep the cells or pairs from this start, on real data alone where those are its data."""
        here = (frame["initialisation"] == self.initialisation) & (frame["scale"] == self.scale)
        if self.data == REAL:
            here &= frame["separability"].isna()
        return frame[here]

    def where(self, target: str) -> dict[str, str | float]:
        """Say which rows of `runs` it needs, in the form `store.scan` takes."""
        real = {"separability": math.nan} if self.data == REAL else {}
        return {"target": target, "initialisation": self.initialisation, "scale": self.scale, **real}


_EVERYWHERE: Final = ("zero", "sure_wrong", "sure_right")


def pooled_starts(cells: pd.DataFrame) -> list[Start]:
    """List the starts that are pooled over data sets.

    Over all data sets: zero, and every `sure_wrong` and `sure_right`. On real data: the smallest `normal`.
    """
    everywhere = cells.loc[cells["initialisation"].isin(_EVERYWHERE), ["initialisation", "scale"]]
    kinds = everywhere.drop_duplicates().sort_values(["initialisation", "scale"], ascending=[False, True])
    out = [Start(str(name), float(scale), ALL) for name, scale in kinds.itertuples(index=False)]
    ordinary = cells[(cells["initialisation"] == "normal") & cells["separability"].isna()]
    return out if ordinary.empty else [*out, Start("normal", float(ordinary["scale"].min()), REAL)]


def pooled(
    runs: pd.DataFrame,
    starts: Sequence[Start],
    stable_rates: Mapping[str, float],
    chosen: Headline,
    *,
    folds: int,
    resamples: int,
    level: float,
) -> pd.DataFrame:
    """Summarise the pairs of each pooled start, by policy and target.

    Parameters
    ----------
    runs
        At least the rows of the runs table that `Start.where` names; of a target, all such rows.
    starts
        As `pooled_starts` lists them.
    stable_rates
        L_BCE / L_loss of `mse` and `bce`; see `pairs`.
    chosen
        The headline cells.
    folds, resamples, level
        Folds of the choice of the best rates, bootstrap resamples and confidence level.

    Returns
    -------
    pandas.DataFrame
        Columns initialisation, scale, data, policy, target and the summary columns of the table `slowdown`.
    """
    paired = chosen.side_by_side(pairs(runs, stable_rates, folds=folds))
    found = [
        summarise(start.of(paired), ["target", "policy"], resamples=resamples, level=level).assign(
            initialisation=start.initialisation, scale=start.scale, data=start.data
        )
        for start in starts
    ]
    return pd.concat(found, ignore_index=True)


def answers(cells: pd.DataFrame, chosen: Headline, summaries: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Compute the table `answers`.

    Parameters
    ----------
    cells
        The table `slowdown`.
    chosen
        Its headline cells.
    summaries
        As `pooled` returns them, of all targets.

    Returns
    -------
    pandas.DataFrame
        In the schema `ANSWERS`: the pooled starts, and every wrong start of the headline setting.
    """
    compared = chosen.side_by_side(cells)
    wrong = chosen.in_setting(compared[compared["initialisation"] == "wrong"])
    rows = [part[[*_KEY, "data", *_SUMMARY]] for part in (*summaries, wrong.assign(data=HEADLINE))]
    out = pd.concat([part for part in rows if len(part)] or rows, ignore_index=True)
    details = [_details(compared, row, chosen) for row in out.to_dict("records")]
    names = [name for name in ANSWERS.dtypes if name not in out.columns]
    return conform(out.assign(**{name: [row[name] for row in details] for name in names}), ANSWERS)


_KEY = ANSWERS.key
_SUMMARY = [column.name for column in SUMMARY]


def _details(cells: pd.DataFrame, row: Mapping[Any, Any], chosen: Headline) -> dict[str, Any]:
    """Return the rates and the least and greatest slowdown of the cells behind a row of the table."""
    data = ALL if row["data"] == HEADLINE else row["data"]
    rows = Start(row["initialisation"], row["scale"], data).of(cells)
    rows = rows[(rows["policy"] == row["policy"]) & (rows["target"] == row["target"])]
    same = chosen.in_setting(rows) if row["data"] == HEADLINE else rows
    return {
        "rate": _only(same["rate"]),
        "rate_mse": _only(same["rate_mse"]),
        "rate_bce": _only(same["rate_bce"]),
        "at_largest_rate": int(chosen.at_largest_rate(rows).sum()),
        **spread(rows),
    }


def _only(values: pd.Series[float]) -> float:
    """Return the one value that all cells share; nan where they differ."""
    distinct = np.unique(values.to_numpy(float))
    return float(distinct[0]) if distinct.size == 1 else math.nan


def spread(rows: pd.DataFrame) -> dict[str, Any]:
    """Return the least and the greatest slowdown of some cells, and whether each is a lower bound."""
    rows = rows[(rows["slowdown"] > 0) & rows["slowdown"].notna()].sort_values(["slowdown", "slowdown_bound"])
    if rows.empty:
        nothing = {"lowest": math.nan, "lowest_bound": False, "highest": math.nan, "highest_bound": False}
        return {"cells": 0, **nothing}
    least, greatest = rows.iloc[0], rows.iloc[-1]
    return {
        "cells": len(rows),
        "lowest": least["slowdown"],
        "lowest_bound": least["slowdown_bound"],
        "highest": greatest["slowdown"],
        "highest_bound": greatest["slowdown_bound"],
    }
