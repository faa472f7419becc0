"""Which rows of the tables the figures show, and what those are called."""

from __future__ import annotations

import numpy as np
import pandas as pd

from study import wording
from study.figures.style import COLOURS, TARGETS, Frames, escaped
from study.statistics.headline import Headline

DISTANCE = "d\N{PRIME}"
"""The symbol of the distance between two class means in standard deviations."""


def separability_name(dataset: str) -> str:
    """Return the symbol of a data set's separability."""
    return {"gaussian": DISTANCE, "separable": "margin"}.get(dataset, "separability")


def chosen(frames: Frames) -> Headline:
    """Return the headline cells, as the table `headline` names them."""
    return Headline.read(frames["headline"])


def target_name(frames: Frames) -> str:
    """Name the target of the headline figures."""
    target = chosen(frames).target
    return TARGETS.get(target, target)


def lacking(frames: Frames, *, setting: bool = True) -> str:
    """Say what the table `slowdown` lacks for a figure, of the headline setting where `setting` is true."""
    if frames["slowdown"].empty:
        return "no start was run with both losses in this study"
    if setting and chosen(frames).setting is None:
        return "no data set with a separability in this study"
    return ""


def level_name(setting: tuple[str, float] | None) -> str:
    """Name a data set with its separability; nothing for None."""
    return (
        ""
        if setting is None
        else f"{setting[0]}, {separability_name(setting[0])} = {wording.number(setting[1])}"
    )


def named(frames: Frames) -> dict[str, str]:
    """Name the target and the setting of the headline figures, for their captions."""
    return {"target": target_name(frames), "setting": setting_name(frames)}


def setting_name(frames: Frames) -> str:
    """Name the data set and separability of the headline figures."""
    return level_name(chosen(frames).setting)


def wrong_cells(frames: Frames, *, policy: str | None = "equal") -> pd.DataFrame:
    """Headline cells from wrong starts at the headline target, by separability and scale."""
    headline = chosen(frames)
    rows = headline.side_by_side(frames["slowdown"])
    rows = rows[
        (rows["initialisation"] == "wrong") & (rows["target"] == headline.target) & (rows["slowdown"] > 0)
    ]
    return rows if policy is None else rows[rows["policy"] == policy]


def wrong_cells_of_setting(frames: Frames) -> pd.DataFrame:
    """Cells of the data set that is drawn at several separabilities."""
    setting = chosen(frames).setting
    rows = wrong_cells(frames)
    return rows if setting is None else rows[rows["dataset"] == setting[0]]


def wrong_runs(frame: pd.DataFrame, headline: Headline) -> pd.DataFrame:
    """Rows of both losses from wrong starts in the headline setting at the common rate."""
    here = headline.in_setting(frame)
    wrong = (here["initialisation"] == "wrong") & (here["rate"] == headline.rate)
    return here[wrong & here["loss"].isin(COLOURS)]


def groups_of(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Split rows into labelled series: by separability within one data set, else by data set."""
    if rows["separability"].notna().all() and len(set(rows["dataset"])) == 1:
        name = separability_name(str(rows["dataset"].iloc[0]))
        values = np.unique(rows["separability"])
        return [(f"{name} = {wording.number(v)}", rows[rows["separability"] == v]) for v in values.tolist()]
    return [(escaped(str(name)), group) for name, group in rows.groupby("dataset", sort=True)]


def panel_scales(rows: pd.DataFrame) -> list[float]:
    """Choose at most three scales: the smallest, the middle and the largest."""
    scales = np.unique(rows["scale"]).tolist()
    return sorted({scales[0], scales[len(scales) // 2], scales[-1]})


def first_and_last(rows: pd.DataFrame, x: str = "scale") -> str:
    """Describe a series by its first and last value and where they are."""
    rows = rows.sort_values(x)
    parts = [f"{text} at {x} {at:g}" for at, text in zip(rows[x], rows["text"], strict=True)]
    return parts[0] if len(parts) == 1 else f"{parts[0]}, {parts[-1]}"
