"""Methods against each other from each start: by optimiser, in networks, and what helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

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
from study.methods.words import AGAINST, contenders
from study.prose import Prose

_STARTS = {
    "zero": "undecided start: all parameters zero",
    "base_rate": "undecided start: the bias at the base rate",
    "normal": "ordinary start: normal, standard deviation {}",
    "glorot": "Glorot's start",
    "he": "He's start",
    "sure_wrong": "confidently wrong start: {}% sure",
    "saturated": "saturated start: {}% of the samples confidently wrong",
}
_SHARES = {"sure_wrong", "saturated"}


class _Source(NamedTuple):
    """What a figure of this family shows: rows of comparisons, and what their ratio is of."""

    rows: Callable[[Frames], pd.DataFrame]
    axis: str


def _networks(frames: Frames) -> pd.DataFrame:
    """MSE against BCE in networks."""
    rows = frames["experiments"]
    return rows[(rows["experiment"] == "networks") & ~rows["label"].str.contains(AGAINST)]


def _remedies(frames: Frames) -> pd.DataFrame:
    """Every remedy, and plain MSE, against BCE, with the labels as they are."""
    rows = frames["experiments"]
    rows = rows[(rows["experiment"] == "remedies") & (rows["flipped"] == 0.0)]
    against = rows[rows["baseline"] == "bce"]
    return against.assign(label=against["contender"].map(contenders(rows)))


def _rows(source: _Source, frames: Frames) -> pd.DataFrame:
    """Comparisons to the headline target: at the common rate, and at best rates."""
    rows = source.rows(frames)
    shown = rows["common"] & (rows["policy"] == "equal") | (rows["policy"] == "tuned")
    rows = rows[shown & (rows["target"] == chosen(frames).target) & (rows["slowdown"] > 0)]
    return rows.sort_values("place", kind="stable")


def _panels(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Split by start, each with its name, from the ordinary to the surest."""
    for start, name in _STARTS.items():
        here = rows[rows["initialisation"] == start]
        for scale, group in here.groupby("scale", sort=True):
            value = 100 * float(str(scale)) if start in _SHARES else float(str(scale))
            yield name.format(f"{value:.6g}"), group


def _draw(source: _Source, frames: Frames) -> Figure:
    rows = _rows(source, frames)
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
    axes[-1].set_xlabel(source.axis)
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=3)
    return figure


def _describe(source: _Source, frames: Frames) -> str:
    parts = []
    for name, group in _panels(_rows(source, frames)):
        said = [
            f"{row['label']}, {POLICY_NAMES[row['policy']]}: {row['text']}"
            for row in group.sort_values(["place", "policy"]).to_dict("records")
        ]
        parts.append(f"{name}: {'; '.join(said)}")
    return f"{source.axis}, logarithmic, by start. {'. '.join(parts)}."


def _named(source: _Source, frames: Frames) -> dict[str, str]:
    rows = _rows(source, frames)
    return {
        "target": target_name(frames),
        "sets": f"{np.nanmax(rows['cells'].to_numpy(float), initial=0):.0f}",
        "bounds": bound_note(rows["slowdown_bound"], "is a lower bound"),
    }


def _entry(
    name: str, title: Prose, caption: Prose, tables: tuple[str, ...], source: _Source, none: Prose
) -> Entry:
    """A figure of this family."""
    return Entry(
        name,
        title,
        caption,
        tables,
        lambda frames: _draw(source, frames),
        lambda frames: _describe(source, frames),
        lambda frames: none if _rows(source, frames).empty else "",
        lambda frames: _named(source, frames),
    )


METHODS = _entry(
    "methods",
    "What the optimiser makes of it",
    "Steps with MSE divided by steps with BCE until the target ({target}), median over paired runs on "
    "{sets} data sets with its interval, by what moves the parameters and where they start. Equal rates: "
    "1/L where a step is a multiple of the gradient, 0.01 where it has a length of its own (Adam). Left of "
    "the line at 1, MSE is the faster.{bounds}",
    ("comparisons", "headline"),
    _Source(lambda frames: frames["comparisons"], RATIO),
    "no comparison of methods in this study",
)

NETWORKS = _entry(
    "networks",
    "The same in a network",
    "Steps with MSE divided by steps with BCE until the target ({target}), median over paired runs on "
    "{sets} data sets with its interval, by optimiser and hidden layer, from each start. Left of the line at "
    "1, MSE is the faster.{bounds}",
    ("experiments", "headline"),
    _Source(_networks, RATIO),
    "no network in this study",
)

REMEDIES = _entry(
    "remedies",
    "What helps",
    "Steps divided by steps with BCE until the target ({target}), median over paired runs on {sets} data "
    "sets with its interval, for plain MSE and for what may replace it. Left of the line at 1, it is faster "
    "than BCE. Remedies whose steps have a length of their own share no rate with BCE.{bounds}",
    ("experiments", "headline"),
    _Source(_remedies, "Steps divided by steps with BCE"),
    "no remedy in this study",
)
