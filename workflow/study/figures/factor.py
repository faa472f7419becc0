"""The factor that MSE's gradient carries, from the formulas."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from scipy import special

from study import wording
from study.figures.style import GRID, MUTED, WIDTH, Entry, Frames, legend, loss_style


def _draw_factor(_frames: Frames) -> Figure:
    margin = np.linspace(-12, 12, 481)
    bce = special.expit(-margin)
    figure = Figure(figsize=(WIDTH, 3.3), layout="constrained")
    axes = figure.subplots()
    axes.set(yscale="log", ylim=(1e-6, 8), xlabel="margin m (below 0 the sample is classified wrongly)")
    axes.set_ylabel("pull on the logit, |dL/dz|")
    mse = bce * bce * special.expit(margin)
    axes.plot(margin, bce, **loss_style("bce") | {"label": "BCE: |y \N{MINUS SIGN} p|"})
    axes.plot(
        margin, mse, **loss_style("mse") | {"label": "MSE: |y \N{MINUS SIGN} p| p (1 \N{MINUS SIGN} p)"}
    )
    axes.axvspan(-12, 0, color=GRID, alpha=0.45, linewidth=0)
    axes.text(-11.6, 3, "wrong", color=MUTED, va="center")
    axes.text(11.6, 3, "right", color=MUTED, va="center", ha="right")
    axes.set_xlim(-12, 12)
    legend(axes, columns=2)
    return figure


def _describe_factor(_frames: Frames) -> str:
    return (
        "Pull of one sample on its logit against its margin, logarithmic. BCE's stays near 1 on the wrong "
        "side and falls like exp(-m) on the right side. MSE's is a quarter of it at margin 0 and falls on "
        f"both sides: at margin -8 it is {wording.number(1 / (special.expit(8.0) * special.expit(-8.0)))} "
        "times smaller than BCE's."
    )


FACTOR = Entry(
    "factor",
    "The factor that MSE carries and BCE does not",
    "Size of the loss's derivative with respect to the logit for one sample, against its margin. The two "
    "lines differ by the factor p (1 - p). Drawn from the formulas.",
    (),
    _draw_factor,
    _describe_factor,
)
