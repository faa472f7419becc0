"""What runs do step by step: who has not arrived yet, and how the score falls."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from study import statistics, wording
from study.figures.choice import focus_wrong, lacking, named, panel_scales, setting_name, target_name
from study.figures.style import COLOURS, NAMES, Entry, Frames, legend, loss_style, stack


def _survival_rows(frames: Frames) -> pd.DataFrame:
    rows = focus_wrong(frames["runs"], frames["slowdown"])
    return rows[(rows["target"] == statistics.headline_target(frames["slowdown"])) & (rows["role"] == "evaluation")]


def _draw_survival(frames: Frames) -> Figure:
    rows = _survival_rows(frames)
    figure, panels = stack(scales := panel_scales(rows), 1.6)
    for axes, scale in zip(panels, scales, strict=True):
        for loss in COLOURS:
            runs = rows[(rows["scale"] == scale) & (rows["loss"] == loss)]
            if runs.empty:
                continue
            reached = (runs["status"] == "reached").to_numpy()
            steps, share = statistics.survival(np.where(reached, runs["step"], runs["max_steps"]), reached)
            x = np.concatenate([[0.8], np.maximum(steps, 0.8), [runs["max_steps"].max()]])
            axes.step(x, np.concatenate([[1.0], share, share[-1:]]), where="post", **loss_style(loss))
        axes.set_ylim(-0.03, 1.05)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:.0f}%"))
    figure.supylabel("runs not yet there", fontsize=10)
    legend(panels[0])
    return figure


def _describe_survival(frames: Frames) -> str:
    rows = _survival_rows(frames)
    parts = []
    for scale in panel_scales(rows):
        for loss in COLOURS:
            runs = rows[(rows["scale"] == scale) & (rows["loss"] == loss)]
            left = int((runs["status"] != "reached").sum())
            parts.append(f"{NAMES[loss]} at scale {wording.number(scale)}: {left} of {len(runs)} runs never arrived")
    return (
        f"Share of runs not yet at the target ({target_name(frames)}) against the step, {setting_name(frames)}. "
        + "; ".join(parts)
        + "."
    )


def _no_survival(frames: Frames) -> str:
    rows = _survival_rows(frames)
    return lacking(frames["slowdown"]) or ("no wrong start at equal rates in this study" if rows.empty else "")


def _bands(rows: pd.DataFrame) -> pd.DataFrame:
    """Quantiles of the Brier score over runs, step by step; a run that ended keeps its last value."""
    wide = rows.pivot_table(index="step", columns="run", values="brier", aggfunc="first").sort_index().ffill()
    wide = wide[wide.index > 0]
    levels = np.nanquantile(wide.to_numpy(float), (0.1, 0.5, 0.9), axis=1)
    return pd.DataFrame(levels.T, index=wide.index, columns=["low", "middle", "high"])


def _draw_curves(frames: Frames) -> Figure:
    rows = focus_wrong(frames["curves"], frames["slowdown"])
    figure, panels = stack(scales := panel_scales(rows), 1.6)
    for axes, scale in zip(panels, scales, strict=True):
        for loss in COLOURS:
            runs = rows[(rows["scale"] == scale) & (rows["loss"] == loss)]
            if not (runs["step"] > 0).any():
                continue
            band = _bands(runs)
            axes.fill_between(band.index, band["low"], band["high"], color=COLOURS[loss], alpha=0.22, linewidth=0)
            axes.plot(band.index, band["middle"], **loss_style(loss))
    panels[0].set_ylim(0, 1.05 * float(rows.loc[rows["step"] > 0, "brier"].max()))
    figure.supylabel("Brier score", fontsize=10)
    legend(panels[0])
    return figure


def _describe_curves(frames: Frames) -> str:
    rows = focus_wrong(frames["curves"], frames["slowdown"])
    parts = []
    for scale in panel_scales(rows):
        for loss in COLOURS:
            runs = rows[(rows["scale"] == scale) & (rows["loss"] == loss)]
            if (runs["step"] > 0).any():
                middle = _bands(runs)["middle"]
                first, last = (wording.number(float(middle.iloc[end]), digits=2) for end in (0, -1))
                parts.append(
                    f"{NAMES[loss]} at scale {wording.number(scale)}: {first} to {last} "
                    f"by step {wording.count(int(middle.index[-1]))}"
                )
    return f"Median Brier score against the step, {setting_name(frames)}. " + "; ".join(parts) + "."


def _no_curves(frames: Frames) -> str:
    rows = focus_wrong(frames["curves"], frames["slowdown"])
    recorded = (rows["step"] > 0).any()
    return lacking(frames["slowdown"]) or ("" if recorded else "no learning curve from a wrong start was recorded")


SURVIVAL = Entry(
    "survival",
    "Runs that have not arrived yet",
    "Kaplan-Meier share of runs that have not met the target ({target}) after each step, confidently wrong "
    "starts of three sizes, equal rates. A line that does not come down stands for runs that "
    "never arrived within the budget.",
    ("runs", "slowdown"),
    _draw_survival,
    _describe_survival,
    _no_survival,
    named,
)


CURVES = Entry(
    "curves",
    "Learning curves",
    "Brier score on the training data, median over starts and the band from the 10% to the 90% quantile, "
    "confidently wrong starts of three sizes, equal rates. A run that ended keeps its last value.",
    ("curves", "slowdown"),
    _draw_curves,
    _describe_curves,
    _no_curves,
    named,
)
