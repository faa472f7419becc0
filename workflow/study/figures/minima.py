"""The figure of the local minima: a cut through both loss surfaces."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import wording
from study.figures.style import COLOURS, NAMES, WIDTH, Entry, loss_style
from study.theory import minima

_DATASET = "two_scales"


def _found(frames: Mapping[str, pd.DataFrame], loss: str) -> pd.DataFrame:
    """Rows of the table `minima` that the figure shows."""
    table = frames["minima"]
    return table[(table["dataset"] == _DATASET) & (table["loss"] == loss)]


def _draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    weights, risks = minima.surface()
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    panels = figure.subplots(2, 1, sharex=True)
    for axes, loss in zip(panels, minima.LOSSES, strict=True):
        rows = _found(frames, loss)
        axes.plot(weights, risks[loss], **loss_style(loss))
        axes.plot(rows["theta_0"], rows["value"], "o", color=COLOURS[loss], markersize=7)
        for weight, value, number in zip(rows["theta_0"], rows["value"], rows["minimum"], strict=True):
            axes.annotate(f"{number + 1}", (weight, value), (0, -13), textcoords="offset points", ha="center")
        low, high = float(np.min(risks[loss])), float(np.max(risks[loss]))
        axes.set_ylim(low - 0.25 * (high - low), high + 0.05 * (high - low))
        axes.set_ylabel(f"mean {NAMES[loss]}")
    panels[-1].set_xlabel("weight (bias 0)")
    return figure


def _describe(frames: Mapping[str, pd.DataFrame]) -> str:
    sentences = []
    for loss in minima.LOSSES:
        rows = _found(frames, loss)
        places = " and ".join(_signed(weight) for weight in rows["theta_0"])
        plural = "minimum" if len(rows) == 1 else "minima"
        sentences.append(f"{NAMES[loss]} has {len(rows)} local {plural}, at weight {places}.")
    return "Two curves of the mean loss against the weight. " + " ".join(sentences)


def _signed(value: float) -> str:
    return ("\N{MINUS SIGN}" if value < 0 else "") + wording.number(abs(value))


def _lacking(frames: Mapping[str, pd.DataFrame]) -> str:
    empty = all(_found(frames, loss).empty for loss in minima.LOSSES)
    return "no local minima in this study" if empty else ""


MINIMA = Entry(
    "minima",
    "Local minima on data that no plane separates",
    "Mean loss of both losses on a small data set made for the purpose, along the weight at bias 0, where "
    "all minima lie. Near samples favour a positive weight, far ones a negative weight; MSE can settle at "
    "either. Dots: minima proven by interval arithmetic, numbered by value.",
    ("minima",),
    _draw,
    _describe,
    _lacking,
)
