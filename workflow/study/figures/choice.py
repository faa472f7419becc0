"""Which rows of the tables the figures show, and what those are called."""

from __future__ import annotations

import numpy as np
import pandas as pd

from study import wording
from study.figures.style import COLOURS, TARGETS, Frames, escaped
from study.statistics import estimates as statistics

DISTANCE = "d\N{PRIME}"
"""The symbol of the distance between two class means in standard deviations."""


def separability_name(dataset: str) -> str:
    """Return the symbol by which a data set's separability is known."""
    return {"gaussian": DISTANCE, "separable": "margin"}.get(dataset, "separability")


def target_name(frames: Frames) -> str:
    """Name the target of the headline figures."""
    target = statistics.headline_target(frames["slowdown"])
    return TARGETS.get(target, target)


def lacking(cells: pd.DataFrame, *, setting: bool = True) -> str:
    """Say what the table `slowdown` lacks for a figure, of the headline setting where `setting` is true."""
    if cells.empty:
        return "no start was run with both losses in this study"
    if setting and statistics.focus(cells) is None:
        return "no data set with a separability in this study"
    return ""


def level_name(setting: tuple[str, float] | None) -> str:
    """Name a data set with its separability; nothing for None."""
    return "" if setting is None else f"{setting[0]}, {separability_name(setting[0])} = {wording.number(setting[1])}"


def named(frames: Frames) -> dict[str, str]:
    """Name the target and the setting of the headline figures, for their captions."""
    return {"target": target_name(frames), "setting": setting_name(frames)}


def setting_name(frames: Frames) -> str:
    """Name the data set and separability of the headline figures."""
    return level_name(statistics.focus(frames["slowdown"]))


def wrong_cells(cells: pd.DataFrame, *, policy: str | None = "equal") -> pd.DataFrame:
    """Headline cells from wrong starts at the headline target, by separability and scale."""
    rows = statistics.headline(cells)
    rows = rows[
        (rows["initialisation"] == "wrong")
        & (rows["target"] == statistics.headline_target(cells))
        & (rows["slowdown"] > 0)
    ]
    return rows if policy is None else rows[rows["policy"] == policy]


def focus_family(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells of the data set that is drawn at several separabilities."""
    setting = statistics.focus(cells)
    rows = wrong_cells(cells)
    return rows if setting is None else rows[rows["dataset"] == setting[0]]


def focus_wrong(frame: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Rows of both losses from wrong starts in the headline setting at the reference rate."""
    setting = statistics.focus(cells)
    if setting is None:
        return frame.iloc[:0]
    here = (
        (frame["dataset"] == setting[0]) & (frame["separability"] == setting[1]) & (frame["initialisation"] == "wrong")
    )
    return frame[here & (frame["rate"] == statistics.reference_rate(cells)) & frame["loss"].isin(COLOURS)]


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


def told(rows: pd.DataFrame, x: str = "scale") -> str:
    """Say a series in words: first and last value with where they stand."""
    rows = rows.sort_values(x)
    parts = [f"{text} at {x} {wording.number(at)}" for at, text in zip(rows[x], rows["text"], strict=True)]
    return parts[0] if len(parts) == 1 else f"{parts[0]}, {parts[-1]}"
