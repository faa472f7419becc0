"""Slowdown against the size of a wrong start."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from study.figures.choice import focus_family, groups_of, lacking, named, target_name, told
from study.figures.style import (
    INK,
    MUTED,
    WIDTH,
    Entry,
    Frames,
    at_least,
    bound_note,
    draw_medians,
    legend,
    log_axis,
    series_style,
)


def _draw_slowdown(frames: Frames) -> Figure:
    rows = focus_family(frames["slowdown"])
    figure = Figure(figsize=(WIDTH, 3.9), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", xlabel="size of the wrong start (scale a)", ylabel="times slower with MSE")
    groups = groups_of(rows)
    for index, (label, group) in enumerate(groups):
        draw_medians(axes, group, "scale", series_style(index), label, beside=index - (len(groups) - 1) / 2)
    axes.axhline(4, color=MUTED, linewidth=1, linestyle="--", label="4, the law at 0")
    if rows["slowdown_bound"].any():
        axes.plot([], [], label="at least", **at_least({"marker": "o", "color": INK}, 5))
    log_axis(axes.xaxis, np.unique(rows["scale"]))
    log_axis(axes.yaxis)
    legend(axes, title="how far apart the classes are" if rows["separability"].notna().all() else None)
    return figure


def _describe_slowdown(frames: Frames) -> str:
    rows = focus_family(frames["slowdown"])
    series = "; ".join(f"{label}: {told(group)}" for label, group in groups_of(rows))
    return (
        f"Slowdown of MSE against the scale of a confidently wrong start, target: {target_name(frames)}, equal rates. "
        f"{series}."
    )


def _lacking(frames: Frames) -> str:
    cells = frames["slowdown"]
    wrong = "no wrong start at equal rates in this study" if focus_family(cells).empty else ""
    return lacking(cells, setting=False) or wrong


def _named(frames: Frames) -> dict[str, str]:
    bounds = focus_family(frames["slowdown"])["slowdown_bound"]
    note = bound_note(bounds, "is a lower bound: most MSE runs had not arrived when the budget ended")
    return named(frames) | {"bounds": note}


SLOWDOWN = Entry(
    "slowdown",
    "How much slower, by the size of the wrong start",
    "Median of T_MSE / T_BCE over paired starts with its interval, at equal learning rates, until the target "
    "({target}).{bounds}",
    ("slowdown",),
    _draw_slowdown,
    _describe_slowdown,
    _lacking,
    _named,
)
