"""Slowdown against how sure a wrong start is: the picture of the first screen."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from study import wording
from study.figures.choice import chosen, first_and_last, lacking, named, target_name
from study.figures.style import (
    MUTED,
    POLICY_NAMES,
    RATIO,
    WIDTH,
    Entry,
    Frames,
    bound_key,
    bound_note,
    draw_medians,
    legend,
    log_axis,
    series_style,
)


def _rows(frames: Frames) -> pd.DataFrame:
    """Pooled answers from sure wrong starts, and from the zero start, which gives everything 1/2."""
    rows = frames["answers"]
    rows = rows[(rows["target"] == chosen(frames).target) & (rows["slowdown"] > 0)]
    rows = rows[rows["initialisation"].isin(["zero", "sure_wrong"])]
    confidence = rows["scale"].where(rows["initialisation"] == "sure_wrong", 0.5)
    return rows.assign(confidence=confidence, odds=confidence / (1.0 - confidence))


def _series(frames: Frames) -> list[tuple[str, pd.DataFrame]]:
    rows = _rows(frames)
    groups = [(label, rows[rows["policy"] == policy]) for policy, label in POLICY_NAMES.items()]
    return [(label, group.sort_values("odds")) for label, group in groups if len(group)]


def _draw(frames: Frames) -> Figure:
    series, rows = _series(frames), _rows(frames)
    figure = Figure(figsize=(WIDTH, 4.1), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", ylabel=RATIO)
    axes.set_xlabel("probability of the wrong class at the start,\nof the median sample")
    for index, (label, group) in enumerate(series):
        shift = 1.5 * (index - (len(series) - 1) / 2)
        draw_medians(axes, group, "odds", series_style(index), label, shift=shift)
    bound_key(axes, rows["slowdown_bound"])
    axes.axhline(1, color=MUTED, linewidth=1, label="1: as many steps")
    places = rows.drop_duplicates("odds").sort_values("odds")
    log_axis(axes.yaxis)
    axes.set_xticks(places["odds"].tolist(), [f"{value:g}" for value in places["confidence"]])
    axes.xaxis.set_minor_locator(NullLocator())
    legend(axes, columns=2)
    return figure


def _describe(frames: Frames) -> str:
    series = "; ".join(f"{label}: {first_and_last(group, 'confidence')}" for label, group in _series(frames))
    return (
        "Steps with MSE divided by steps with BCE against the probability that a start gives the wrong class "
        f"of the median sample, all data sets together, target: {target_name(frames)}, logarithmic. "
        f"{series}. "
        "A line at 1 marks equal numbers of steps."
    )


def _lacking(frames: Frames) -> str:
    none = "no zero start and no sure wrong start in this study"
    return lacking(frames, setting=False) or (none if _rows(frames).empty else "")


def _named(frames: Frames) -> dict[str, str]:
    rows = _rows(frames)
    sets = frames["slowdown"][["dataset", "separability"]].drop_duplicates()
    return named(frames) | {
        "bounds": bound_note(rows["slowdown_bound"], "is a lower bound"),
        "rate": wording.number(chosen(frames).rate),
        "sets": wording.count(len(sets)),
        "zero": "" if np.all(rows["confidence"] > 0.5) else " At 0.5 all parameters are zero.",
    }


CONFIDENCE = Entry(
    "confidence",
    "How much slower, by how sure the wrong start is",
    "Steps with MSE divided by steps with BCE, median over all pairs of runs on all data sets ({sets}) with "
    "its "
    "interval, until the target ({target}). Equal rates are {rate}/L.{zero}{bounds}",
    ("answers", "slowdown", "headline"),
    _draw,
    _describe,
    _lacking,
    _named,
)
