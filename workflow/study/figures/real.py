"""Slowdown on real data."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study.figures.choice import chosen, lacking, named, target_name
from study.figures.style import (
    INK,
    RATIO,
    WIDTH,
    Entry,
    Frames,
    at_least,
    bound_note,
    draw_across,
    escaped,
    log_axis,
    series_style,
)

_STARTS = {
    "zero": "zero start",
    "normal": "normal start of size {scale}",
    "sure_wrong": "start that is wrong with probability {scale}",
}


def real_rows(frames: Frames) -> list[tuple[str, pd.DataFrame]]:
    """Real data at equal rates: zero starts, the smallest normal ones, the sure wrong ones shown first."""
    headline = chosen(frames)
    cells = headline.side_by_side(frames["slowdown"])
    cells = cells[
        cells["separability"].isna()
        & (cells["policy"] == "equal")
        & (cells["target"] == headline.target)
        & (cells["slowdown"] > 0)
    ]
    out = []
    for start, name in _STARTS.items():
        rows = cells[cells["initialisation"] == start]
        scale = headline.confidence if start == "sure_wrong" else rows["scale"].min()
        rows = rows[rows["scale"] == scale]
        if len(rows):
            out.append((name.format(scale=f"{scale:g}"), rows))
    return out


def _draw_real(frames: Frames) -> Figure:
    groups = real_rows(frames)
    names = sorted({name for _, rows in groups for name in rows["dataset"]}, reverse=True)
    figure = Figure(figsize=(WIDTH, 1.2 + 0.3 * len(names)), layout="constrained")
    panels = figure.subplots(1, len(groups), sharey=True, squeeze=False)[0].tolist()
    for index, (axes, (label, rows)) in enumerate(zip(panels, groups, strict=True)):
        y = np.array([names.index(name) for name in rows["dataset"]], dtype=float)
        axes.set(xscale="log", ylim=(-0.6, len(names) - 0.4))  # each kind of start on a scale of its own
        draw_across(axes, rows, y, series_style(index), label)
        axes.set_title(textwrap.fill(label, 16), fontsize=10)
        log_axis(axes.xaxis, _ticks(rows))
        axes.tick_params(axis="y", length=0)
    panels[0].set_yticks(range(len(names)), [escaped(name) for name in names])
    if any(_bounds(groups)):
        key = at_least({"marker": "o", "color": INK}, 5, turned=True)
        figure.legend(handles=[Line2D([], [], label="at least", **key)], loc="outside upper left")
    figure.supxlabel(RATIO.replace("\n", " "), fontsize=10)
    return figure


def _ticks(rows: pd.DataFrame) -> list[float]:
    """Numbers 1, 2 or 5 times a power of ten about the slowdowns: two to four of them."""
    low, high = float(rows["slowdown"].min()), float(rows["slowdown"].max())
    steps = [m * 10.0**k for k in range(-3, 12) for m in (1, 2, 5)]
    first = max(step for step in steps if step <= low)
    last = min(step for step in steps if step >= high)
    found = [step for step in steps if first <= step <= last]
    return found[:: -(-len(found) // 4)]


def _describe_real(frames: Frames) -> str:
    groups = real_rows(frames)
    series = "; ".join(
        f"{label}: " + ", ".join(f"{d} {t}" for d, t in zip(rows["dataset"], rows["text"], strict=True))
        for label, rows in groups
    )
    return (
        "Steps with MSE divided by steps with BCE on real data at equal rates, target: "
        f"{target_name(frames)}, logarithmic, a panel for each kind of start. {series}."
    )


def _lacking(frames: Frames) -> str:
    return lacking(frames, setting=False) or ("" if real_rows(frames) else "no real data in this study")


def _named(frames: Frames) -> dict[str, str]:
    return named(frames) | {"bounds": bound_note(_bounds(real_rows(frames)), "is a lower bound")}


def _bounds(groups: list[tuple[str, pd.DataFrame]]) -> list[bool]:
    return [bool(rows["slowdown_bound"].any()) for _, rows in groups]


REAL = Entry(
    "real",
    "Real data",
    "Steps with MSE divided by steps with BCE, median over paired starts with its interval, on data sets "
    "that ship with scikit-learn, or that the config names, at equal rates, until the target "
    "({target}). Each kind of start has a scale of its own.{bounds}",
    ("slowdown", "headline"),
    _draw_real,
    _describe_real,
    _lacking,
    _named,
)
