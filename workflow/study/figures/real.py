"""Slowdown on real data."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study.figures.choice import chosen, lacking, named, target_name
from study.figures.style import (
    MUTED,
    RATIO,
    WIDTH,
    Entry,
    Frames,
    at_least,
    bound_key,
    bound_note,
    escaped,
    interval_ends,
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
    figure = Figure(figsize=(WIDTH, 1.3 + 0.5 * len(names)), layout="constrained")
    axes = figure.subplots()
    for index, (label, rows) in enumerate(groups):
        style = series_style(index)
        y = (
            np.array([names.index(name) for name in rows["dataset"]])
            + 0.2 * (len(groups) - 1 - 2 * index) / 2
        )
        value, bound = rows["slowdown"].to_numpy(float), rows["slowdown_bound"].to_numpy(bool)
        low, high = rows["slowdown_low"].to_numpy(float), rows["slowdown_high"].to_numpy(float)
        axes.plot(value[~bound], y[~bound], linestyle="none", label=label, **style)
        axes.plot(value[bound], y[bound], **at_least(style, turned=True))
        low, high = interval_ends(value, low, high)
        axes.hlines(y[~bound], low[~bound], high[~bound], color=style["color"], linewidth=1)
    bound_key(axes, _bounds(groups), turned=True)
    axes.set(xscale="log", xlabel=RATIO.replace("\n", " "), ylim=(-0.6, len(names) - 0.4))
    axes.set_yticks(range(len(names)), [escaped(name) for name in names])
    axes.axvline(1, color=MUTED, linewidth=1, label="1: as many steps")
    log_axis(axes.xaxis)
    figure.legend(loc="outside upper left", ncols=2)
    return figure


def _describe_real(frames: Frames) -> str:
    groups = real_rows(frames)
    series = "; ".join(
        f"{label}: " + ", ".join(f"{d} {t}" for d, t in zip(rows["dataset"], rows["text"], strict=True))
        for label, rows in groups
    )
    return (
        "Steps with MSE divided by steps with BCE on real data at equal rates, target: "
        f"{target_name(frames)}, logarithmic. {series}. A line at 1 marks equal numbers of steps."
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
    "({target}).{bounds}",
    ("slowdown", "headline"),
    _draw_real,
    _describe_real,
    _lacking,
    _named,
)
