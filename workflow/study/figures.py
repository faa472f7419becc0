"""The figures: tables in, matplotlib figures and SVG out.

A figure is one entry of `FIGURES`: what it is called, which tables it reads, a function that draws it and one that says
in words what it shows. Colours are those of Okabe and Ito, told apart by the colour-blind; markers differ as well.
A median that was not reached is an open triangle at its lower bound, never a dot.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from scipy import special

from study import statistics, tables, wording

INK: Final = "#24292f"
MUTED: Final = "#6e7781"
GRID: Final = "#d8dee4"
COLOURS: Final = MappingProxyType({"mse": "#d55e00", "bce": "#0072b2"})
SERIES: Final = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9")
MARKERS: Final = ("o", "s", "D", "v", "P", "X")
NAMES: Final = MappingProxyType({"mse": "MSE", "bce": "BCE"})
TARGETS: Final = MappingProxyType({"accuracy": "accuracy", "brier": "Brier score", "logloss": "log loss"})

WIDTH: Final = 5.2  # inches; at 10 points the letters stay legible when the figure is as narrow as a phone
STYLE: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        "svg.hashsalt": "mse-versus-bce",
        "svg.fonttype": "path",  # the letters travel with the file and look the same everywhere
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "axes.labelsize": 10,
        "legend.fontsize": 9,
        "legend.frameon": False,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": MUTED,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": GRID,
        "grid.linewidth": 0.7,
        "lines.linewidth": 1.8,
        "hatch.linewidth": 0.6,
        "hatch.color": MUTED,
    }
)

Frames = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Entry:
    """A figure of the study.

    Attributes
    ----------
    name
        Of the file, without suffix.
    title
        What it is, in a few words.
    caption
        What is drawn, in a sentence or two that hold whatever the numbers are; `{target}` stands for the target's name.
    tables
        Names of the tables it reads; the first is where its numbers stand. Empty for a formula.
    draw
        Tables to figure.
    describe
        Tables to the text alternative: what a reader would see, in numbers.
    """

    name: str
    title: str
    caption: str
    tables: tuple[str, ...]
    draw: Callable[[Frames], Figure]
    describe: Callable[[Frames], str]


# --- What all share ---------------------------------------------------------------------------------------------------


def _plain(value: float, _position: int | None = None) -> str:
    return wording.number(value)


def _log_axis(axis: Any, ticks: Any = None) -> None:
    """Write the numbers of a logarithmic axis in plain digits; at `ticks` alone where they are given."""
    if ticks is not None:
        axis.set_ticks(list(ticks))
        axis.set_minor_locator(mpl.ticker.NullLocator())
    axis.set_major_formatter(FuncFormatter(_plain))
    axis.set_minor_formatter(NullFormatter())


def _name(dataset: str) -> str:
    """Write a data set's name so that matplotlib neither sets it as a formula nor hides it from a legend."""
    return ("\N{ZERO WIDTH SPACE}" if dataset.startswith("_") else "") + dataset.replace("$", r"\$")


def _nothing(reason: str) -> Figure:
    """Say in a figure's place why there is none."""
    figure = Figure(figsize=(WIDTH, 1.4))
    figure.text(0.5, 0.5, f"Nothing to draw: {reason}", ha="center", va="center", color=MUTED)
    return figure


def _legend(axes: Axes, title: str | None = None, columns: int = 3) -> None:
    """Put the legend above the axes, where it covers nothing."""
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles, labels, title=title, ncols=columns, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.3)


def separability_name(dataset: str) -> str:
    """Return the symbol by which a data set's separability is known."""
    return {"gaussian": "d\N{PRIME}", "separable": "margin"}.get(dataset, "separability")


def _target(frames: Frames) -> str:
    """Name the target of the headline figures."""
    target = statistics.headline_target(frames["slowdown"])
    return TARGETS.get(target, target)


def _level(setting: tuple[str, float] | None) -> str:
    return "" if setting is None else f"{setting[0]}, {separability_name(setting[0])} = {wording.number(setting[1])}"


def _setting(frames: Frames) -> str:
    """Name the data set and separability of the headline figures."""
    return _level(statistics.focus(frames["slowdown"]))


def _wrong_cells(cells: pd.DataFrame, *, policy: str | None = "equal") -> pd.DataFrame:
    """Headline cells from wrong starts at the headline target, by separability and scale."""
    rows = statistics.headline(cells)
    rows = rows[
        (rows["initialisation"] == "wrong")
        & (rows["target"] == statistics.headline_target(cells))
        & (rows["slowdown"] > 0)
    ]
    return rows if policy is None else rows[rows["policy"] == policy]


def _focus_family(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells of the data set that is drawn at several separabilities."""
    setting = statistics.focus(cells)
    rows = _wrong_cells(cells)
    return rows if setting is None else rows[rows["dataset"] == setting[0]]


def _draw_medians(axes: Axes, rows: pd.DataFrame, x: str, style: Mapping[str, Any], label: str) -> None:
    """Draw medians with their intervals, joined; lower bounds as open triangles, led to by a dotted line."""
    rows = rows.sort_values(x)
    at, value = rows[x].to_numpy(float), rows["slowdown"].to_numpy(float)
    bound = rows["slowdown_bound"].to_numpy(bool)
    low, high = rows["slowdown_low"].to_numpy(float), rows["slowdown_high"].to_numpy(float)
    axes.plot(at, value, color=style["color"], linewidth=1, linestyle=":")
    axes.plot(at[~bound], value[~bound], color=style["color"], linewidth=1.4)
    axes.plot(at[~bound], value[~bound], linestyle="none", marker=style["marker"], color=style["color"], label=label)
    if bound.all():  # then the triangles stand for the series in the legend
        axes.plot([], [], linestyle="none", marker=style["marker"], color=style["color"], label=label)
    axes.plot(
        at[bound],
        value[bound],
        linestyle="none",
        marker="^",
        markersize=8,
        markerfacecolor="none",
        color=style["color"],
    )
    ends = np.where(np.isfinite(high), high, value * 2)
    axes.vlines(at[~bound], np.maximum(low, value / 20)[~bound], ends[~bound], color=style["color"], linewidth=1)


def _style(index: int) -> dict[str, Any]:
    return {"color": SERIES[index % len(SERIES)], "marker": MARKERS[index % len(MARKERS)]}


def _groups(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Split rows into labelled series: by separability within one data set, else by data set."""
    if rows["separability"].notna().all() and len(set(rows["dataset"])) == 1:
        name = separability_name(str(rows["dataset"].iloc[0]))
        values = np.unique(rows["separability"])
        return [(f"{name} = {wording.number(v)}", rows[rows["separability"] == v]) for v in values.tolist()]
    return [(_name(str(name)), group) for name, group in rows.groupby("dataset", sort=True)]


def _told(rows: pd.DataFrame, x: str = "scale") -> str:
    """Say a series in words: first and last value with where they stand."""
    rows = rows.sort_values(x)
    parts = [f"{text} at {x} {wording.number(at)}" for at, text in zip(rows[x], rows["text"], strict=True)]
    return parts[0] if len(parts) == 1 else f"{parts[0]}, {parts[-1]}"


# --- The figures ------------------------------------------------------------------------------------------------------


def _draw_slowdown(frames: Frames) -> Figure:
    rows = _focus_family(frames["slowdown"])
    if rows.empty:
        return _nothing("no wrong start at equal rates in this study")
    figure = Figure(figsize=(WIDTH, 3.9), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", xlabel="size of the wrong start (scale a)", ylabel="times slower with MSE")
    groups = _groups(rows)
    for index, (label, group) in enumerate(groups):
        _draw_medians(axes, group, "scale", _style(index), label)
    if rows["slowdown_bound"].any():
        axes.plot(
            [], [], linestyle="none", marker="^", markersize=8, markerfacecolor="none", color=INK, label="at least"
        )
    axes.axhline(4, color=MUTED, linewidth=1, linestyle="--", label="4, the law at 0")
    _log_axis(axes.xaxis, np.unique(rows["scale"]))
    _log_axis(axes.yaxis)
    _legend(axes)
    return figure


def _describe_slowdown(frames: Frames) -> str:
    rows = _focus_family(frames["slowdown"])
    if rows.empty:
        return "No figure: no wrong start at equal rates in this study."
    series = "; ".join(f"{label}: {_told(group)}" for label, group in _groups(rows))
    return (
        f"Slowdown of MSE against the scale of a confidently wrong start, target: {_target(frames)}, equal rates. "
        f"{series}."
    )


def _draw_factor(_frames: Frames) -> Figure:
    margin = np.linspace(-12, 12, 481)
    bce = special.expit(-margin)
    figure = Figure(figsize=(WIDTH, 3.3), layout="constrained")
    axes = figure.subplots()
    axes.set(yscale="log", ylim=(1e-6, 8), xlabel="margin m (below 0 the sample is classified wrongly)")
    axes.set_ylabel("pull on the logit, |dL/dz|")
    axes.plot(margin, bce, color=COLOURS["bce"], label="BCE: |y \N{MINUS SIGN} p|")
    axes.plot(
        margin,
        bce * bce * special.expit(margin),
        color=COLOURS["mse"],
        label="MSE: |y \N{MINUS SIGN} p| p (1 \N{MINUS SIGN} p)",
    )
    axes.axvspan(-12, 0, color=GRID, alpha=0.45, linewidth=0)
    axes.text(-11.6, 3, "wrong", color=MUTED, va="center")
    axes.text(11.6, 3, "right", color=MUTED, va="center", ha="right")
    axes.set_xlim(-12, 12)
    _legend(axes, columns=2)
    return figure


def _describe_factor(_frames: Frames) -> str:
    return (
        "Pull of one sample on its logit against its margin, logarithmic. BCE's stays near 1 on the wrong side and "
        "falls like exp(-m) on the right side. MSE's is a quarter of it at margin 0 and falls on both sides: at margin "
        "-8 it is "
        f"{wording.number(1 / (special.expit(8.0) * special.expit(-8.0)))} times smaller than BCE's."
    )


def _panels(rows: pd.DataFrame) -> list[float]:
    """Choose at most three scales: the smallest, the middle and the largest."""
    scales = np.unique(rows["scale"]).tolist()
    return sorted({scales[0], scales[len(scales) // 2], scales[-1]})


def _focus_wrong(frame: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Rows of both losses from wrong starts in the headline setting at the reference rate."""
    setting = statistics.focus(cells)
    if setting is None:
        return frame.iloc[:0]
    here = (
        (frame["dataset"] == setting[0]) & (frame["separability"] == setting[1]) & (frame["initialisation"] == "wrong")
    )
    return frame[here & (frame["rate"] == statistics.reference_rate(cells)) & frame["loss"].isin(COLOURS)]


def _stack(scales: list[float], height: float) -> tuple[Figure, list[Axes]]:
    """Make one panel per scale, one below the other, on one step axis."""
    figure = Figure(figsize=(WIDTH, 0.9 + height * len(scales)), layout="constrained")
    panels = figure.subplots(len(scales), sharex=True, sharey=True, squeeze=False)[:, 0].tolist()
    for axes, scale in zip(panels, scales, strict=True):
        axes.set_xscale("log")
        axes.annotate(
            f"a = {wording.number(scale)}",
            (0, 0),
            (6, 6),
            "axes fraction",
            textcoords="offset points",
            color=INK,
        )
        _log_axis(axes.xaxis)
    panels[-1].set_xlabel("step of gradient descent")
    return figure, panels


def _survival_rows(frames: Frames) -> pd.DataFrame:
    rows = _focus_wrong(frames["runs"], frames["slowdown"])
    return rows[(rows["target"] == statistics.headline_target(frames["slowdown"])) & (rows["role"] == "evaluation")]


def _draw_survival(frames: Frames) -> Figure:
    rows = _survival_rows(frames)
    if rows.empty:
        return _nothing("no wrong start at equal rates in this study")
    figure, panels = _stack(scales := _panels(rows), 1.6)
    for axes, scale in zip(panels, scales, strict=True):
        for loss, colour in COLOURS.items():
            runs = rows[(rows["scale"] == scale) & (rows["loss"] == loss)]
            if runs.empty:
                continue
            reached = (runs["status"] == "reached").to_numpy()
            steps, share = statistics.survival(np.where(reached, runs["step"], runs["max_steps"]), reached)
            x = np.concatenate([[0.8], np.maximum(steps, 0.8), [runs["max_steps"].max()]])
            axes.step(x, np.concatenate([[1.0], share, share[-1:]]), where="post", color=colour, label=NAMES[loss])
        axes.set_ylim(-0.03, 1.05)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:.0f}%"))
    figure.supylabel("runs not yet there", fontsize=10)
    _legend(panels[0])
    return figure


def _describe_survival(frames: Frames) -> str:
    rows = _survival_rows(frames)
    if rows.empty:
        return "No figure: no wrong start at equal rates in this study."
    parts = []
    for scale in _panels(rows):
        for loss in COLOURS:
            runs = rows[(rows["scale"] == scale) & (rows["loss"] == loss)]
            left = int((runs["status"] != "reached").sum())
            parts.append(f"{NAMES[loss]} at scale {wording.number(scale)}: {left} of {len(runs)} runs never arrived")
    return (
        f"Share of runs not yet at the target ({_target(frames)}) against the step, {_setting(frames)}. "
        + "; ".join(parts)
        + "."
    )


def _bands(rows: pd.DataFrame) -> pd.DataFrame:
    """Quantiles of the Brier score over runs, step by step; a run that ended keeps its last value."""
    wide = rows.pivot_table(index="step", columns="run", values="brier", aggfunc="first").sort_index().ffill()
    wide = wide[wide.index > 0]
    levels = np.nanquantile(wide.to_numpy(float), (0.1, 0.5, 0.9), axis=1)
    return pd.DataFrame(levels.T, index=wide.index, columns=["low", "middle", "high"])


def _draw_curves(frames: Frames) -> Figure:
    rows = _focus_wrong(frames["curves"], frames["slowdown"])
    if rows.empty or not (rows["step"] > 0).any():
        return _nothing("no learning curve from a wrong start was recorded")
    figure, panels = _stack(scales := _panels(rows), 1.6)
    for axes, scale in zip(panels, scales, strict=True):
        for loss, colour in COLOURS.items():
            runs = rows[(rows["scale"] == scale) & (rows["loss"] == loss)]
            if not (runs["step"] > 0).any():
                continue
            band = _bands(runs)
            axes.fill_between(band.index, band["low"], band["high"], color=colour, alpha=0.22, linewidth=0)
            axes.plot(band.index, band["middle"], color=colour, label=NAMES[loss])
    panels[0].set_ylim(0, 1.05 * float(rows.loc[rows["step"] > 0, "brier"].max()))
    figure.supylabel("Brier score", fontsize=10)
    _legend(panels[0])
    return figure


def _describe_curves(frames: Frames) -> str:
    rows = _focus_wrong(frames["curves"], frames["slowdown"])
    if rows.empty or not (rows["step"] > 0).any():
        return "No figure: no learning curve from a wrong start was recorded."
    parts = []
    for scale in _panels(rows):
        for loss in COLOURS:
            runs = rows[(rows["scale"] == scale) & (rows["loss"] == loss)]
            if (runs["step"] > 0).any():
                middle = _bands(runs)["middle"]
                first, last = (wording.number(float(middle.iloc[end]), digits=2) for end in (0, -1))
                parts.append(
                    f"{NAMES[loss]} at scale {wording.number(scale)}: {first} to {last} "
                    f"by step {wording.count(int(middle.index[-1]))}"
                )
    return f"Median Brier score against the step, {_setting(frames)}. " + "; ".join(parts) + "."


def _rate_cells(frames: Frames) -> list[tuple[str, pd.DataFrame]]:
    """Choose the cells of the rate figure: zero and wrong starts of the middle scale in the headline setting."""
    cells = frames["slowdown"]
    setting = statistics.focus(cells)
    if setting is None:
        return []
    here = (cells["dataset"] == setting[0]) & (cells["separability"] == setting[1])
    rows = cells[here & (cells["policy"] == "equal") & (cells["target"] == statistics.headline_target(cells))]
    out = [("zero start", rows[rows["initialisation"] == "zero"])]
    wrong = rows[rows["initialisation"] == "wrong"]
    if len(wrong):
        scales = np.unique(wrong["scale"])
        scale = float(scales[len(scales) // 2])
        out.append((f"wrong start, a = {wording.number(scale)}", wrong[wrong["scale"] == scale]))
    return [(label, group.sort_values("rate")) for label, group in out if len(group)]


def _draw_rates(frames: Frames) -> Figure:
    groups = _rate_cells(frames)
    if not groups:
        return _nothing("no drawn data set at equal rates in this study")
    figure = Figure(figsize=(WIDTH, 0.9 + 2 * len(groups)), layout="constrained")
    panels = figure.subplots(len(groups), sharex=True, squeeze=False)[:, 0].tolist()
    for axes, (label, cells) in zip(panels, groups, strict=True):
        axes.set(xscale="log", yscale="log")
        for (loss, colour), marker in zip(COLOURS.items(), MARKERS, strict=False):
            rate, middle = cells["rate"].to_numpy(float), cells[f"{loss}_median"].to_numpy(float)
            there = np.isfinite(middle) & (middle > 0)
            low, high = (cells[f"{loss}_median_{end}"].to_numpy(float) for end in ("low", "high"))
            budget = cells["budget"].to_numpy(float)
            axes.plot(rate[there], middle[there], color=colour, marker=marker, label=NAMES[loss])
            axes.vlines(rate[there], low[there], np.minimum(high, budget)[there], color=colour, linewidth=1)
            missed = np.isinf(middle)
            axes.plot(
                rate[missed],
                budget[missed],
                linestyle="none",
                marker="^",
                markersize=8,
                markerfacecolor="none",
                color=colour,
            )
        axes.annotate(
            label, (1, 1), (-4, -4), "axes fraction", textcoords="offset points", ha="right", va="top", color=INK
        )
        _log_axis(axes.xaxis, np.unique(cells["rate"]))
        _log_axis(axes.yaxis)
    panels[-1].set_xlabel("learning rate, in units of 1/L of BCE")
    figure.supylabel("median steps to the target", fontsize=10)
    _legend(panels[0])
    return figure


def _describe_rates(frames: Frames) -> str:
    parts = []
    for label, cells in _rate_cells(frames):
        for loss in COLOURS:
            best = cells.sort_values([f"{loss}_median", "rate"]).iloc[0]
            steps = wording.steps(float(best[f"{loss}_median"]), int(best["budget"]))
            parts.append(f"{label}, {NAMES[loss]}: fewest at rate {wording.number(float(best['rate']))}, {steps} steps")
    if not parts:
        return "No figure: no drawn data set at equal rates in this study."
    return (
        f"Median steps to the target ({_target(frames)}) against the learning rate, {_setting(frames)}. "
        + "; ".join(parts)
        + "."
    )


def _draw_policies(frames: Frames) -> Figure:
    rows = _policy_rows(frames)
    if rows.empty:
        return _nothing("no wrong start on a drawn data set in this study")
    figure = Figure(figsize=(WIDTH, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", xlabel="size of the wrong start (scale a)", ylabel="times slower with MSE")
    names = {"equal": "equal rates", "smoothness": "each at its 1/L", "tuned": "each at its best"}
    for index, (policy, label) in enumerate(names.items()):
        group = rows[rows["policy"] == policy]
        if len(group):
            _draw_medians(axes, group, "scale", _style(index), label)
    axes.axhline(1, color=MUTED, linewidth=1)
    _log_axis(axes.xaxis, np.unique(rows["scale"]))
    _log_axis(axes.yaxis)
    _legend(axes)
    return figure


def _policy_rows(frames: Frames) -> pd.DataFrame:
    setting = statistics.focus(frames["slowdown"])
    rows = _wrong_cells(frames["slowdown"], policy=None)
    if setting is None:
        return rows.iloc[:0]
    return rows[(rows["dataset"] == setting[0]) & (rows["separability"] == setting[1])]


def _describe_policies(frames: Frames) -> str:
    rows = _policy_rows(frames)
    if rows.empty:
        return "No figure: no wrong start on a drawn data set in this study."
    series = "; ".join(f"{policy}: {_told(group)}" for policy, group in rows.groupby("policy", sort=True))
    return f"Slowdown of MSE against the scale of a wrong start under each learning-rate policy. {series}."


def _draw_phase(frames: Frames) -> Figure:
    rows = _focus_family(frames["slowdown"])
    rows = rows[rows["separability"].notna()]
    if rows.empty:
        return _nothing("no wrong start on a drawn data set in this study")
    scales, levels = np.unique(rows["scale"]), np.unique(rows["separability"])
    figure = Figure(figsize=(WIDTH, 1.6 + 0.42 * len(levels)), layout="constrained")
    axes = figure.subplots()
    norm = LogNorm(max(float(rows["slowdown"].min()), 0.1), max(float(rows["slowdown"].max()), 1.0) * 1.001)
    colours = mpl.colormaps["cividis_r"]
    size = 10 if len(scales) <= 8 else 8
    for x, y, value, bound in zip(
        np.searchsorted(scales, rows["scale"]),
        np.searchsorted(levels, rows["separability"]),
        rows["slowdown"],
        rows["slowdown_bound"],
        strict=True,
    ):
        face = colours(norm(max(value, norm.vmin or value)))
        axes.add_patch(
            mpl.patches.Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=face, edgecolor="white", linewidth=1.5)
        )
        ink = "#ffffff" if 0.299 * face[0] + 0.587 * face[1] + 0.114 * face[2] < 0.5 else "#000000"
        text = f">{wording.number(value, digits=2, rounding='down')}" if bound else wording.number(value, digits=2)
        axes.text(
            x, y, text, ha="center", va="center", fontsize=size, color=ink, fontstyle="italic" if bound else "normal"
        )
        if bound:
            axes.add_patch(
                mpl.patches.Rectangle(
                    (x - 0.44, y - 0.44), 0.88, 0.88, fill=False, edgecolor=ink, linewidth=0.8, linestyle=":"
                )
            )
    axes.set(xlim=(-0.5, len(scales) - 0.5), ylim=(-0.5, len(levels) - 0.5), xlabel="size of the wrong start (scale a)")
    axes.set_ylabel(f"separability ({separability_name(str(rows['dataset'].iloc[0]))})")
    axes.set_xticks(range(len(scales)), [wording.number(s) for s in scales.tolist()])
    axes.set_yticks(range(len(levels)), [wording.number(s) for s in levels.tolist()])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure


def _describe_phase(frames: Frames) -> str:
    rows = _focus_family(frames["slowdown"])
    rows = rows[rows["separability"].notna()].sort_values("slowdown")
    if rows.empty:
        return "No figure: no wrong start on a drawn data set in this study."
    ends = [
        f"{row['text']} at {separability_name(row['dataset'])} {wording.number(row['separability'])} "
        f"and scale {wording.number(row['scale'])}"
        for _, row in rows.iloc[[0, -1]].iterrows()
    ]
    bounds = int(rows["slowdown_bound"].sum())
    return (
        f"Slowdown by separability and scale of a wrong start. Smallest: {ends[0]}. Largest: {ends[1]}. "
        f"{bounds} of {len(rows)} cells are lower bounds."
    )


def _real_rows(frames: Frames) -> list[tuple[str, pd.DataFrame]]:
    """Real data at equal rates: zero starts, ordinary ones of the smallest scale, wrong ones of the middle scale."""
    cells = statistics.headline(frames["slowdown"])
    cells = cells[
        cells["separability"].isna()
        & (cells["policy"] == "equal")
        & (cells["target"] == statistics.headline_target(cells))
        & (cells["slowdown"] > 0)
    ]
    out = []
    for start in ("zero", "normal", "wrong"):
        rows = cells[cells["initialisation"] == start]
        if rows.empty:
            continue
        scales = np.unique(rows["scale"])
        scale = float(scales[len(scales) // 2] if start == "wrong" else scales[0])
        label = "zero start" if start == "zero" else f"{start} start, a = {wording.number(scale)}"
        out.append((label, rows[rows["scale"] == scale]))
    return out


def _draw_real(frames: Frames) -> Figure:
    groups = _real_rows(frames)
    if not groups:
        return _nothing("no real data in this study")
    names = sorted({name for _, rows in groups for name in rows["dataset"]}, reverse=True)
    figure = Figure(figsize=(WIDTH, 1.3 + 0.5 * len(names)), layout="constrained")
    axes = figure.subplots()
    for index, (label, rows) in enumerate(groups):
        style = _style(index)
        y = np.array([names.index(name) for name in rows["dataset"]]) + 0.2 * (len(groups) - 1 - 2 * index) / 2
        value, bound = rows["slowdown"].to_numpy(float), rows["slowdown_bound"].to_numpy(bool)
        low, high = rows["slowdown_low"].to_numpy(float), rows["slowdown_high"].to_numpy(float)
        axes.plot(value[~bound], y[~bound], linestyle="none", label=label, **style)
        axes.plot(
            value[bound],
            y[bound],
            linestyle="none",
            marker=">",
            markersize=8,
            markerfacecolor="none",
            color=style["color"],
        )
        ends = np.where(np.isfinite(high), high, value * 2)
        axes.hlines(y[~bound], np.maximum(low, value / 20)[~bound], ends[~bound], color=style["color"], linewidth=1)
    axes.set(xscale="log", xlabel="times slower with MSE", ylim=(-0.6, len(names) - 0.4))
    axes.set_yticks(range(len(names)), [_name(name) for name in names])
    axes.axvline(1, color=MUTED, linewidth=1)
    _log_axis(axes.xaxis)
    figure.legend(loc="outside upper left", ncols=2)
    return figure


def _describe_real(frames: Frames) -> str:
    groups = _real_rows(frames)
    if not groups:
        return "No figure: no real data in this study."
    series = "; ".join(
        f"{label}: " + ", ".join(f"{d} {t}" for d, t in zip(rows["dataset"], rows["text"], strict=True))
        for label, rows in groups
    )
    return f"Slowdown of MSE on real data at equal rates, target: {_target(frames)}. {series}."


_ENTRIES = (
    Entry(
        "slowdown",
        "How much slower, by the size of the wrong start",
        "Median of T_MSE / T_BCE over paired starts with its interval, at equal learning rates, until the target "
        "({target}). Open triangles are lower bounds: most MSE runs had not arrived when the budget ended.",
        ("slowdown",),
        _draw_slowdown,
        _describe_slowdown,
    ),
    Entry(
        "factor",
        "The factor that MSE carries and BCE does not",
        "Size of the loss's derivative with respect to the logit for one sample, against its margin. The two lines "
        "differ by the factor p (1 - p). Drawn from the formulas.",
        (),
        _draw_factor,
        _describe_factor,
    ),
    Entry(
        "phase",
        "Slowdown by start and separability",
        "Each field is the median slowdown from a confidently wrong start at equal rates, until the target ({target}). "
        "Dotted fields with > are lower bounds.",
        ("slowdown",),
        _draw_phase,
        _describe_phase,
    ),
    Entry(
        "survival",
        "Runs that have not arrived yet",
        "Kaplan-Meier share of runs that have not met the target ({target}) after each step, confidently wrong "
        "starts of three sizes, equal rates. A line that does not come down stands for runs that "
        "never arrived within the budget.",
        ("runs", "slowdown"),
        _draw_survival,
        _describe_survival,
    ),
    Entry(
        "curves",
        "Learning curves",
        "Brier score on the training data, median over starts and the band from the 10% to the 90% quantile, "
        "confidently wrong starts of three sizes, equal rates. A run that ended keeps its last value.",
        ("curves", "slowdown"),
        _draw_curves,
        _describe_curves,
    ),
    Entry(
        "rates",
        "Steps against the learning rate",
        "Kaplan-Meier median of the steps to the target ({target}) with its interval, both losses at the same rate. "
        "Open triangles: the median was not reached within the budget.",
        ("slowdown",),
        _draw_rates,
        _describe_rates,
    ),
    Entry(
        "policies",
        "What a better learning rate buys back",
        "Median slowdown from a confidently wrong start under three policies: the same rate for both losses, each "
        "at its own 1/L, each at the rate that was best on separate tuning seeds.",
        ("slowdown",),
        _draw_policies,
        _describe_policies,
    ),
    Entry(
        "real",
        "Real data",
        "Median slowdown with its interval on data sets that ship with scikit-learn, or that the config names, at "
        "equal rates, until the target ({target}). Open triangles are lower bounds.",
        ("slowdown",),
        _draw_real,
        _describe_real,
    ),
)

FIGURES: Final = MappingProxyType({entry.name: entry for entry in _ENTRIES})
"""Every figure by name, in the order of the report. A new one is one entry."""


# --- Figures as files -------------------------------------------------------------------------------------------------


def draw(name: str, frames: Frames) -> Figure:
    """Draw the figure `name` of `FIGURES` from the tables it names."""
    with mpl.rc_context(dict(STYLE)):
        return FIGURES[name].draw(frames)


def caption(name: str, frames: Frames) -> str:
    """Return a figure's caption, with the target it is drawn for."""
    target = _target(frames) if "slowdown" in frames else ""
    return FIGURES[name].caption.format(target=target)


def svg(name: str, frames: Frames) -> str:
    """Render a figure as SVG text with its title and its text alternative inside.

    Parameters
    ----------
    name
        Key of `FIGURES`.
    frames
        Tables by name; those in the figure's `tables` are read.

    Returns
    -------
    str
        One `<svg>` element, without XML declaration; the same text for the same tables. Every id begins with the
        figure's name, so that several figures can stand in one page.
    """
    entry = FIGURES[name]
    with mpl.rc_context(dict(STYLE)):
        buffer = io.StringIO()
        entry.draw(frames).savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(href="|url\()#', rf"\1#{name}-", text)
    head, body = text.split(">", 1)
    label = f'role="img" aria-labelledby="{name}-title {name}-text"'
    title = f'<title id="{name}-title">{escape(entry.title)}</title>'
    words = f'{title}\n <desc id="{name}-text">{escape(entry.describe(frames))}</desc>'
    return f"{head} {label}>\n {words}{body}"


def write(name: str, frames: Frames, svg_path: str | Path, png_path: str | Path) -> None:
    """Draw a figure into an SVG file and a PNG file.

    Parameters
    ----------
    name
        Key of `FIGURES`.
    frames
        Tables by name; those in the figure's `tables` are read.
    svg_path, png_path
        The files to write. The PNG is for documents that take no SVG: white behind, 200 dots per inch.
    """
    with tables.replacing(Path(svg_path)) as temporary:
        temporary.write_text('<?xml version="1.0" encoding="utf-8"?>\n' + svg(name, frames), encoding="utf-8")
    with tables.replacing(Path(png_path)) as temporary, mpl.rc_context(dict(STYLE)):
        figure = FIGURES[name].draw(frames)
        figure.savefig(temporary, format="png", dpi=200, facecolor="white", metadata={"Software": None})
