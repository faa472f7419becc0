"""One neuron from several starts: the page's demonstration as a picture, for paper and without scripts."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

import kernels
from study import wording
from study.figures.style import NAMES, WIDTH, Entry, Frames, loss_style
from study.statistics.pairs import LOSSES

UPDATES: Final = 300
STARTS: Final = ((0.6, 0.9), (2.0, 2.0), (4.6, 4.6))
"""Weights and biases: Nielsen's two, and one that is 99.99% sure."""

RATES: Final = {"gd": (0.15, "gradient descent, rate 0.15"), "adam": (0.05, "Adam, rate 0.05")}


@cache
def _outputs() -> dict[tuple[str, str], npt.NDArray[np.float64]]:
    """Outputs after 0, 1, ... updates, (starts, updates + 1), by optimiser and loss."""
    out = {}
    for optimiser, (rate, _) in RATES.items():
        for loss in LOSSES:
            run = kernels.descend(
                [[1.0, 1.0]],
                [0],
                STARTS,
                loss=loss,
                learning_rate=rate,
                max_steps=UPDATES,
                optimiser=optimiser,
                trace_steps=range(UPDATES + 1),
            )
            assert run.trace is not None  # it was asked for
            out[optimiser, loss] = np.sqrt(run.trace["brier"])  # of one sample with y = 0: the output squared
    return out


def _draw(_frames: Frames) -> Figure:
    figure = Figure(figsize=(WIDTH, 4.0), layout="constrained")
    panels = figure.subplots(len(RATES), len(STARTS), sharex=True, sharey=True)
    found = _outputs()
    for row, (optimiser, (_, words)) in enumerate(RATES.items()):
        for column, (w, b) in enumerate(STARTS):
            axes = panels[row, column]
            for loss in LOSSES:
                axes.plot(found[optimiser, loss][column], **loss_style(loss))
            axes.set(xlim=(0, UPDATES), ylim=(-0.03, 1.03), xticks=[0, 150, 300], yticks=[0, 0.5, 1])
            axes.text(0.97, 0.95, f"w = {w:g}\nb = {b:g}", transform=axes.transAxes, ha="right", va="top")
            if column == 0:
                axes.set_title(words, loc="left", fontsize=10)
    first: Any = panels[0, 0]
    at = {"mse": (95, 0.45), "bce": (45, 0.17)}
    for loss in LOSSES:
        first.text(*at[loss], NAMES[loss], color=loss_style(loss)["color"])
    figure.supylabel("output (it should be 0)", fontsize=10)
    figure.supxlabel("update", fontsize=10)
    return figure


def _describe(_frames: Frames) -> str:
    found = _outputs()
    parts = [
        f"{words}, w = {w:g} and b = {b:g}: MSE {wording.number(found[optimiser, 'mse'][i, -1], digits=2)}, "
        f"BCE {wording.number(found[optimiser, 'bce'][i, -1], digits=2)}"
        for optimiser, (_, words) in RATES.items()
        for i, (w, b) in enumerate(STARTS)
    ]
    return f"Output of one neuron by update. After {UPDATES} updates: {'; '.join(parts)}."


NEURON: Entry = Entry(
    "neuron",
    "One neuron learns that its output should be 0",
    "One sample, x = 1 and y = 0; the same rate for both losses. The first two starts are those of Nielsen's "
    "book (chapter 3), the third is 99.99% sure.",
    (),
    _draw,
    _describe,
)
