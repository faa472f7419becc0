"""Runs step by step: the share that has not arrived yet, and how the score falls."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from study import wording
from study.figures.choice import chosen, lacking, named, panel_scales, setting_name, target_name, wrong_runs
from study.figures.style import COLOURS, NAMES, Entry, Frames, legend, loss_style, stack
from study.statistics import quantiles
from study.statistics.survival import median, survival


def _survival_rows(frames: Frames) -> pd.DataFrame:
    headline = chosen(frames)
    rows = wrong_runs(frames["runs"], headline)
    return rows[(rows["target"] == headline.target)]


def _arrivals(runs: pd.DataFrame) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return when runs arrived, or until when they were observed, and whether they arrived."""
    reached = (runs["status"] == "reached").to_numpy()
    return np.where(reached, runs["step"], runs["max_steps"]), reached


def _draw_survival(frames: Frames) -> Figure:
    rows = _survival_rows(frames)
    figure, panels = stack(scales := panel_scales(rows), 1.6)
    for axes, scale in zip(panels, scales, strict=True):
        for loss in COLOURS:
            runs = rows[(rows["scale"] == scale) & (rows["loss"] == loss)]
            if runs.empty:
                continue
            steps, share = survival(*_arrivals(runs))
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
            if runs.empty:
                continue
            times, reached = _arrivals(runs)
            half = wording.steps(float(median(times, reached)[0][0]), int(runs["max_steps"].max()))
            left = f"{int((~reached).sum())} of {len(runs)} never"
            parts.append(f"{NAMES[loss]} at scale {wording.number(scale)}: half there by step {half}, {left}")
    return (
        f"Share of runs not yet at the target ({target_name(frames)}) against the step, "
        f"{setting_name(frames)}, a panel per scale; MSE solid, BCE dashed. When they arrived within the "
        f"budget: {'; '.join(parts)}."
    )


def _no_survival(frames: Frames) -> str:
    rows = _survival_rows(frames)
    return lacking(frames) or ("no wrong start at equal rates in this study" if rows.empty else "")


def _bands(rows: pd.DataFrame) -> pd.DataFrame:
    """Quantiles of the Brier score over runs, step by step; a run that ended keeps its last value."""
    wide = rows.pivot_table(index="step", columns="run", values="brier", aggfunc="first").sort_index().ffill()
    wide = wide[wide.index > 0]
    levels = quantiles.of_rows(wide.to_numpy(float), (0.1, 0.5, 0.9))
    return pd.DataFrame(levels.T, index=wide.index, columns=["low", "middle", "high"])


def _draw_curves(frames: Frames) -> Figure:
    rows = wrong_runs(frames["curves"], chosen(frames))
    figure, panels = stack(scales := panel_scales(rows), 1.6)
    for axes, scale in zip(panels, scales, strict=True):
        for loss in COLOURS:
            runs = rows[(rows["scale"] == scale) & (rows["loss"] == loss)]
            if not (runs["step"] > 0).any():
                continue
            band = _bands(runs)
            axes.fill_between(
                band.index, band["low"], band["high"], color=COLOURS[loss], alpha=0.22, linewidth=0
            )
            axes.plot(band.index, band["middle"], **loss_style(loss))
    panels[0].set_ylim(0, 1.05 * float(rows.loc[rows["step"] > 0, "brier"].max()))
    figure.supylabel("Brier score", fontsize=10)
    legend(panels[0])
    return figure


def _describe_curves(frames: Frames) -> str:
    rows = wrong_runs(frames["curves"], chosen(frames))
    parts = []
    for scale in panel_scales(rows):
        for loss in COLOURS:
            runs = rows[(rows["scale"] == scale) & (rows["loss"] == loss)]
            if (runs["step"] > 0).any():
                middle = _bands(runs)["middle"]
                first, last = float(middle.iloc[0]), float(middle.iloc[-1])
                ends = f"{wording.number(first, digits=2)} to {wording.number(last, digits=2)}"
                half = int(middle.index.to_numpy()[np.argmax(middle <= (first + last) / 2)])
                way = f", half of the way by step {wording.count(half)}" if last < first else ""
                parts.append(f"{NAMES[loss]} at scale {wording.number(scale)}: {ends}{way}")
    return (
        f"Median Brier score against the step, {setting_name(frames)}, a panel per scale; MSE solid, BCE "
        f"dashed. {'; '.join(parts)}."
    )


def _no_curves(frames: Frames) -> str:
    rows = wrong_runs(frames["curves"], chosen(frames))
    recorded = (rows["step"] > 0).any()
    return lacking(frames) or ("" if recorded else "no learning curve from a wrong start was recorded")


def _curves_named(frames: Frames) -> dict[str, str]:
    rows = wrong_runs(frames["curves"], chosen(frames))
    counts = rows[rows["step"] > 0].groupby(["scale", "loss"])["run"].nunique()
    low, high = int(counts.min()), int(counts.max())
    return named(frames) | {"starts": str(high) if low == high else f"{low} to {high}"}


SURVIVAL = Entry(
    "survival",
    "Runs that have not arrived yet",
    "Share of runs that have not met the target ({target}) after each step (Kaplan-Meier), from confidently "
    "wrong starts, equal rates, {setting}. A line that ends above 0 shows the share of runs that did not "
    "arrive within the budget.",
    ("runs", "slowdown", "headline"),
    _draw_survival,
    _describe_survival,
    _no_survival,
    named,
)


CURVES = Entry(
    "curves",
    "Learning curves",
    "Brier score on the training data from confidently wrong starts at equal rates, {setting}: the median "
    "of {starts} starts of each size, and the band from their 10% to their 90% quantile. A run that ended "
    "keeps its last value.",
    ("curves", "slowdown", "headline"),
    _draw_curves,
    _describe_curves,
    _no_curves,
    _curves_named,
)
