"""Slowdown against the size of a wrong start."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study.figures.choice import (
    DISTANCE,
    chosen,
    first_and_last,
    groups_of,
    lacking,
    named,
    separability_name,
    target_name,
    wrong_cells_of_setting,
)
from study.figures.style import (
    MUTED,
    RATIO,
    SIZE,
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


def _draw_slowdown(frames: Frames) -> Figure:
    rows = wrong_cells_of_setting(frames)
    figure = Figure(figsize=(WIDTH, 4.1), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", xlabel=SIZE, ylabel=RATIO)
    groups = groups_of(rows)
    for index, (label, group) in enumerate(groups):
        draw_medians(axes, group, "scale", series_style(index), label, shift=index - (len(groups) - 1) / 2)
    axes.axhline(4, color=MUTED, linewidth=1, linestyle="--", label="4: theory for small logits")
    bound_key(axes, rows["slowdown_bound"])
    log_axis(axes.xaxis, np.unique(rows["scale"]))
    log_axis(axes.yaxis)
    legend(axes, title=_title(rows))
    return figure


def _title(rows: pd.DataFrame) -> str | None:
    """Say in what the series differ, where that is a separability."""
    if rows["separability"].isna().any():
        return None
    name = separability_name(str(rows["dataset"].iloc[0]))
    unit = ", in standard deviations" if name == DISTANCE else ""
    return f"distance between the classes ({name}{unit})"


def _describe_slowdown(frames: Frames) -> str:
    rows = wrong_cells_of_setting(frames)
    series = "; ".join(f"{label}: {first_and_last(group)}" for label, group in groups_of(rows))
    return (
        "Steps with MSE divided by steps with BCE against the scale of a confidently wrong start, on "
        f"{_data(frames)}, target: {target_name(frames)}, equal rates, both axes logarithmic. {series}. A "
        "dashed line marks 4, the theory for small logits."
    )


def _lacking(frames: Frames) -> str:
    wrong = "no wrong start at equal rates in this study" if wrong_cells_of_setting(frames).empty else ""
    return lacking(frames, setting=False) or wrong


def _data(frames: Frames) -> str:
    setting = chosen(frames).setting
    return "real data" if setting is None else f"the data set {setting[0]}"


def _named(frames: Frames) -> dict[str, str]:
    bounds = wrong_cells_of_setting(frames)["slowdown_bound"]
    note = bound_note(bounds, "is a lower bound: most MSE runs had not arrived when the budget ended")
    return named(frames) | {"bounds": note, "data": _data(frames)}


SLOWDOWN = Entry(
    "slowdown",
    "How much slower, by the size of the wrong start",
    "Steps with MSE divided by steps with BCE, median over paired starts with its interval, on {data}, at "
    "equal learning rates, until the target ({target}). Marks for the same size are drawn side by "
    "side.{bounds}",
    ("slowdown", "headline"),
    _draw_slowdown,
    _describe_slowdown,
    _lacking,
    _named,
)
