"""How many times as many steps MSE takes as BCE, by what moves the parameters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study.figures.choice import chosen, target_name
from study.figures.style import (
    MUTED,
    POLICY_NAMES,
    RATIO,
    WIDTH,
    Entry,
    Frames,
    bound_key,
    bound_note,
    draw_across,
    log_axis,
    panel_name,
    series_style,
)

_STARTS = {
    "zero": "neutral start: all parameters zero",
    "normal": "ordinary start: normal, standard deviation {}",
    "sure_wrong": "confidently wrong start: {}% sure",
}


def _rows(frames: Frames) -> pd.DataFrame:
    """Comparisons of MSE with BCE to the headline target: at the common rate, and at best rates."""
    rows = frames["comparisons"]
    shown = rows["common"] & (rows["policy"] == "equal") | (rows["policy"] == "tuned")
    rows = rows[shown & (rows["target"] == chosen(frames).target) & (rows["slowdown"] > 0)]
    return rows.sort_values("place", kind="stable")


def _panels(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Split by start, each with its name, from the ordinary to the surest."""
    for start, name in _STARTS.items():
        here = rows[rows["initialisation"] == start]
        for scale, group in here.groupby("scale", sort=True):
            value = 100 * float(str(scale)) if start == "sure_wrong" else float(str(scale))
            yield name.format(f"{value:.6g}"), group


def _draw(frames: Frames) -> Figure:
    rows = _rows(frames)
    labels, panels = list(dict.fromkeys(rows["label"])), list(_panels(rows))
    height = 0.5 + 0.36 * len(labels)
    figure = Figure(figsize=(WIDTH, 0.9 + height * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0].tolist()
    for one, (name, group) in zip(axes, panels, strict=True):
        one.set(xscale="log", ylim=(len(labels) - 0.5, -0.5))
        one.grid(visible=False, axis="y")
        one.axvline(1, color=MUTED, linewidth=1)
        for index, policy in enumerate(("equal", "tuned")):
            drawn = group[group["policy"] == policy]
            y = drawn["label"].map(labels.index).to_numpy(float) + (0.28 * index - 0.14)
            draw_across(one, drawn, y, series_style(index), POLICY_NAMES[policy])
        one.set_yticks(range(len(labels)), labels, fontsize=9)
        panel_name(one, name)
        log_axis(one.xaxis)
    bound_key(axes[0], rows["slowdown_bound"], turned=True)
    axes[-1].set_xlabel(RATIO)
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=3)
    return figure


def _describe(frames: Frames) -> str:
    parts = []
    for name, group in _panels(_rows(frames)):
        said = [
            f"{row['label']}, {POLICY_NAMES[row['policy']]}: {row['text']}"
            for row in group.sort_values(["place", "policy"]).to_dict("records")
        ]
        parts.append(f"{name}: {'; '.join(said)}")
    return f"Steps with MSE divided by steps with BCE, logarithmic, by start. {'. '.join(parts)}."


def _lacking(frames: Frames) -> str:
    return "no comparison of methods in this study" if _rows(frames).empty else ""


def _named(frames: Frames) -> dict[str, str]:
    rows = _rows(frames)
    return {
        "target": target_name(frames),
        "sets": f"{np.nanmax(rows['cells'].to_numpy(float), initial=0):.0f}",
        "bounds": bound_note(rows["slowdown_bound"], "is a lower bound"),
    }


METHODS = Entry(
    "methods",
    "What the optimiser makes of it",
    "Steps with MSE divided by steps with BCE until the target ({target}), median over paired runs on "
    "{sets} data sets with its interval, by what moves the parameters and where they start. Equal rates: "
    "1/L where a step is a multiple of the gradient, 0.01 where it has a length of its own (Adam). Left of "
    "the line at 1, MSE is the faster.{bounds}",
    ("comparisons", "headline"),
    _draw,
    _describe,
    _lacking,
    _named,
)
