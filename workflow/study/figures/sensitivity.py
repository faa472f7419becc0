"""How the answer moves with the choices behind it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.figures.style import (
    MUTED,
    RATIO,
    TARGETS,
    WIDTH,
    Entry,
    Frames,
    bound_key,
    bound_note,
    draw_across,
    log_axis,
    series_style,
)
from study.sensitivity.tables import NOTHING

_STARTS = {
    "zero": "undecided start: all parameters zero",
    "normal": "ordinary start on real data: normal, size {}",
    "sure_wrong": "confidently wrong start: {}% sure",
}
"""Names of the starts, in the order of the first screen."""

_LABELS = {NOTHING: "{}", "target": "target: {}", "threshold": "threshold: {}", "rate": "rate: {}"}
"""What stands at a line, by what is changed; the others say it themselves."""

_ORDER = (NOTHING, "target", "threshold", "rate", "convention", "policy")


def _lines(rows: pd.DataFrame) -> pd.DataFrame:
    """List the choices, a line each, in the order of the figure: `changed`, `choice`, `label`."""
    lines = rows.drop_duplicates(["changed", "choice"]).copy()
    lines["group"] = lines["changed"].map(_ORDER.index)
    lines["within"] = np.where(lines["changed"] == "rate", lines["rate"], -lines["share"])
    lines = lines.sort_values(["group", "within", "policy", "choice"], kind="stable", ignore_index=True)
    lines["label"] = [
        _LABELS.get(changed, "{}").format(TARGETS.get(choice, choice))
        for changed, choice in zip(lines["changed"], lines["choice"], strict=True)
    ]
    return lines


def _series(frames: Frames) -> list[tuple[str, pd.DataFrame]]:
    """Return the rows with a slowdown by start, each with a name, in the order of the first screen."""
    table = frames["sensitivity"]
    out = []
    for start, name in _STARTS.items():
        rows = table[(table["initialisation"] == start) & (table["slowdown"] > 0)]
        if len(rows):
            scale = float(rows["scale"].iloc[0])
            out.append((name.format(f"{100 * scale if start == 'sure_wrong' else scale:.6g}"), rows))
    return out


def _draw(frames: Frames) -> Figure:
    series = _series(frames)
    lines = _lines(frames["sensitivity"])
    heights = -(np.arange(len(lines)) + 0.5 * lines["group"].rank(method="dense").to_numpy(float))
    place = dict(zip(zip(lines["changed"], lines["choice"], strict=True), heights, strict=True))
    figure = Figure(figsize=(WIDTH, 1.9 + 0.25 * -heights[-1]), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", xlabel=RATIO, ylim=(heights[-1] - 0.6, heights[0] + 0.6))
    axes.grid(visible=False, axis="y")
    for index, (name, rows) in enumerate(series):
        keys = zip(rows["changed"], rows["choice"], strict=True)
        y = np.array([place[key] for key in keys]) + 0.2 * ((len(series) - 1) / 2 - index)
        _draw_start(axes, rows, y, index, name)
    axes.axvline(1, color=MUTED, linewidth=1, label="1: as many steps")
    bound_key(axes, _bounds(series), turned=True)
    axes.set_yticks(heights, list(lines["label"]), fontsize=9)
    log_axis(axes.xaxis)
    figure.legend(loc="outside upper left", ncols=1)
    return figure


def _draw_start(axes: Axes, rows: pd.DataFrame, y: np.ndarray, index: int, name: str) -> None:
    """Draw the slowdowns of a start with their intervals, and its base case as a line from top to bottom."""
    style = series_style(index)
    base = rows.loc[rows["changed"] == NOTHING, "slowdown"]
    if len(base):
        axes.axvline(float(base.iloc[0]), color=style["color"], linewidth=0.9, linestyle=":")
    draw_across(axes, rows, y, style, name)


def _describe(frames: Frames) -> str:
    parts = []
    for name, rows in _series(frames):
        ordered = rows.merge(_lines(rows)[["changed", "choice", "label"]], on=["changed", "choice"])
        ordered = ordered.set_index("label").loc[_lines(rows)["label"]]
        parts.append(f"{name}: " + ", ".join(f"{label} {text}" for label, text in ordered["text"].items()))
    return (
        "Steps with MSE divided by steps with BCE from the starts of the first screen, with one choice made "
        f"differently on each line, logarithmic. {'. '.join(parts)}. A line at 1 marks equal numbers of "
        "steps."
    )


def _bounds(series: list[tuple[str, pd.DataFrame]]) -> list[bool]:
    return [bool(rows["slowdown_bound"].any()) for _, rows in series]


def _lacking(frames: Frames) -> str:
    return "" if _series(frames) else "no start of the first screen in this study"


def _named(frames: Frames) -> dict[str, str]:
    return {"bounds": bound_note(_bounds(_series(frames)), "is a lower bound")}


SENSITIVITY = Entry(
    "sensitivity",
    "How the answer moves with the choices behind it",
    "Steps with MSE divided by steps with BCE, median over paired starts with its interval, from the starts "
    "of the first screen. On the top line everything is as there, and the dotted lines carry that down; on "
    "each other line one choice is made differently. A threshold is how far a run may still be from what "
    "both losses attain, as a share of the way from there to the base rate's score; elsewhere it is a "
    "tenth.{bounds}",
    ("sensitivity",),
    _draw,
    _describe,
    _lacking,
    _named,
)
