"""Which cells the first screen and the figures show: chosen once, and written as the table `headline`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from study.statistics.ends import of_targets
from study.statistics.pairs import EQUAL, LOSSES
from study.statistics.tables import HEADLINE
from study.tables.table import conform


@dataclass(frozen=True)
class Headline:
    """The choice of a study's headline cells.

    Attributes
    ----------
    target
        The target of the headline numbers and figures.
    rate
        The common learning rate at which the policy `equal` is shown, in units of 1/L_BCE; nan where none was
        run.
    setting
        Data set and separability of the headline figures; None where every data set is a real one.
    wrong_scale
        Scale of the wrong start of the figures by length; nan where there is none.
    confidence
        Scale of `sure_wrong` that the first screen speaks of; nan where there is none.
    largest_rate
        The largest learning rate that each loss was compared at, in units of 1/L_BCE; nan where none was.
    """

    target: str
    rate: float
    setting: tuple[str, float] | None
    wrong_scale: float
    confidence: float
    largest_rate: Mapping[str, float]

    def side_by_side(self, cells: pd.DataFrame) -> pd.DataFrame:
        """Keep the rows that the policies are compared by: those at equal rates at the common rate only."""
        return cells[~cells["policy"].isin(EQUAL) | (cells["rate"] == self.rate)]

    def in_setting(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Keep the rows of the headline setting."""
        if self.setting is None:
            return frame.iloc[:0]
        dataset, separability = self.setting
        return frame[(frame["dataset"] == dataset) & (frame["separability"] == separability)]

    def at_largest_rate(self, rows: pd.DataFrame, loss: str = "mse") -> pd.Series[bool]:
        """Mark the rows in which a loss runs at its largest rate: a larger one might do better."""
        marked: pd.Series[bool] = rows[f"rate_{loss}"] == self.largest_rate[loss]
        return marked

    def drawn(self) -> dict[str, list[dict[str, str | float]]]:
        """Say which rows of `runs` and `curves` the figures draw, in the form `store.scan` takes.

        Those are wrong starts in the headline setting at the common rate.
        """
        dataset, separability = self.setting or ("", math.nan)
        curves: dict[str, str | float] = {"dataset": dataset, "separability": separability, "rate": self.rate}
        curves["initialisation"] = "wrong"
        return {"runs": [curves | {"target": self.target}], "curves": [curves]}

    def table(self) -> pd.DataFrame:
        """Write the choice as the table `headline`, in its schema."""
        dataset, separability = self.setting or ("", math.nan)
        row = {
            "target": self.target,
            "rate": self.rate,
            "dataset": dataset,
            "separability": separability,
            "wrong_scale": self.wrong_scale,
            "confidence": self.confidence,
            **{f"largest_rate_{loss}": self.largest_rate[loss] for loss in LOSSES},
        }
        return conform(pd.DataFrame([row]), HEADLINE)

    @classmethod
    def read(cls, table: pd.DataFrame) -> Headline:
        """Read the choice from the table `headline`."""
        (row,) = table.to_dict("records")
        setting = (
            None if math.isnan(row["separability"]) else (str(row["dataset"]), float(row["separability"]))
        )
        largest = {loss: float(row[f"largest_rate_{loss}"]) for loss in LOSSES}
        scale, confidence = float(row["wrong_scale"]), float(row["confidence"])
        return cls(str(row["target"]), float(row["rate"]), setting, scale, confidence, largest)


def choose(cells: pd.DataFrame, ended: pd.DataFrame) -> Headline:
    """Choose the headline cells of a study, all but the confidence: see `confident`.

    Parameters
    ----------
    cells
        The table `slowdown`.
    ended
        The table `ends`.
    """
    target, rate, setting = headline_target(ended), common_rate(cells), middle_setting(cells)
    largest = {loss: float(cells[f"rate_{loss}"].max()) for loss in LOSSES}
    scaleless = Headline(target, rate, setting, math.nan, math.nan, largest)
    here = scaleless.in_setting(cells[(cells["target"] == target) & (cells["policy"] == "equal")])
    return replace(scaleless, wrong_scale=_wrong_scale(here[here["rate"] == rate]))


def confident(chosen: Headline, summaries: pd.DataFrame) -> Headline:
    """Add the confidence that the first screen speaks of.

    It is the largest scale of `sure_wrong` whose pooled slowdown at the common rate, to the headline target,
    is no bound; the smallest where each is one.

    Parameters
    ----------
    chosen
        As `choose` returns it.
    summaries
        As `study.statistics.answers.pooled` returns them.
    """
    rows = summaries[
        (summaries["initialisation"] == "sure_wrong")
        & (summaries["policy"] == "equal")
        & (summaries["target"] == chosen.target)
        & (summaries["starts"] > summaries["at_start"])
    ]
    clear = rows[~rows["slowdown_bound"].astype(bool)]
    scale = rows["scale"].min() if clear.empty else clear["scale"].max()
    return replace(chosen, confidence=float(scale))


def headline_target(ended: pd.DataFrame) -> str:
    """Choose the target among those that a study was run to.

    The Brier score where there is one: it is what MSE minimises, so it does not favour BCE. Else the first by
    name.
    """
    targets = sorted(of_targets(ended)["target"].unique())
    return "brier" if "brier" in targets or not targets else str(targets[0])


def common_rate(cells: pd.DataFrame) -> float:
    """Return the rate of `equal` nearest to 1/L_BCE, by its logarithm (on a tie, the smaller).

    nan where no common rate was run.
    """
    rates = np.unique(cells.loc[cells["policy"] == "equal", "rate"].to_numpy(float))
    if rates.size == 0:
        return math.nan
    return float(rates[np.argmin(np.round(np.abs(np.log2(rates)), 9))])


def middle_setting(cells: pd.DataFrame) -> tuple[str, float] | None:
    """Choose the data set drawn at most separabilities (on a tie, the first by name), at the middle one.

    Of an even number of separabilities it is the upper middle one. None where every data set is a real one,
    without a separability.
    """
    drawn = cells[cells["separability"].notna()]
    if drawn.empty:
        return None
    levels = drawn.groupby("dataset", sort=True)["separability"].unique()
    dataset = str(levels.map(len).idxmax())
    values = np.sort(levels[dataset])
    return dataset, float(values[len(values) // 2])


def _wrong_scale(cells: pd.DataFrame) -> float:
    """Return the largest scale of a wrong start with a measured slowdown, else with a bound."""
    wrong = cells[
        (cells["initialisation"] == "wrong") & (cells["starts"] > cells["at_start"]) & (cells["slowdown"] > 0)
    ]
    clear = wrong[~wrong["slowdown_bound"]]
    return float((wrong if clear.empty else clear)["scale"].max())
