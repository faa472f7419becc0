"""Slowdown by scale of the wrong start and separability: measured and predicted."""

from __future__ import annotations

import math
from typing import Any

import matplotlib as mpl
import matplotlib.patheffects
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study import wording
from study.figures.choice import chosen, separability_name
from study.figures.style import (
    INK,
    MUTED,
    RATIO,
    SIZE,
    TARGETS,
    WIDTH,
    Entry,
    Frames,
    at_least,
    bars,
    bound_note,
    escaped,
    interval_ends,
    log_axis,
    series_style,
)

REGIMES = {
    "small": "small logits at the start",
    "plateau": "exponential growth with the scale",
    "ceiling": "growth like a power of the scale",
}
"""What the regimes of the table `phase` mean for the slowdown; `docs/laws.md` derives it."""

_BOUNDARY = "a = \N{GREEK SMALL LETTER MU}"
_FACTOR = "e^(\N{GREEK SMALL LETTER MU}\N{SUPERSCRIPT TWO}/2)"
_GROWTH = (
    f"By the law the slowdown grows exponentially with the scale before {_BOUNDARY}. Beyond, it grows like "
    f"a power of the scale, far beyond like its square, times a factor {_FACTOR} set by the separability. A "
    "sample with hardly a point near the boundary deviates from the law."
)


def phase_rows(frames: Frames) -> pd.DataFrame:
    """Rows of the table `phase` at the headline target, of the first data set by name."""
    rows = frames["phase"]
    rows = rows[rows["target"] == chosen(frames).target]
    rows = rows[rows["dataset"] == rows["dataset"].min()]
    ordered: pd.DataFrame = rows.sort_values(["separability", "large", "scale"], ignore_index=True)
    return ordered


def own_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the study's own data; those of the large draws where there are no others."""
    return rows if rows["large"].all() else rows[~rows["large"]]


def large_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the large draws; those of the study's own data where there are no others."""
    return rows[rows["large"]] if rows["large"].any() else rows


def _size(rows: pd.DataFrame) -> str:
    """Write the number of samples behind some rows."""
    return wording.count(int(rows["n"].iloc[0]))


def measured(row: pd.Series[Any]) -> tuple[float, bool, str]:
    """Return a row's measurement: value, whether it is a lower bound, and `flow`, `stepping` or nothing.

    The flow where it gave a number, so that fields differ by no more than their starts; else stepping; else a
    bound; nan without any.
    """
    ways = {"flow": "flow", "stepped": "stepping"}
    for bounded in (False, True):
        for column, way in ways.items():
            if not math.isnan(row[column]) and bool(row[f"{column}_bound"]) == bounded:
                return float(row[column]), bounded, way
    return math.nan, False, ""


def _text(value: float, *, bound: bool = False) -> str:
    """Write a slowdown briefly: as a power of ten from ten thousand on."""
    if math.isnan(value):
        return ""
    mark = ">" if bound else ""
    if value >= 1e4:
        power = math.floor(math.log10(value))
        digits = wording.number(value / 10**power, digits=2, rounding="down" if bound else "nearest")
        return f"{mark}{digits}e{power}"
    return mark + wording.number(value, digits=2, rounding="down" if bound else "nearest")


def _draw_phase(frames: Frames) -> Figure:
    rows = own_rows(phase_rows(frames))
    scales, levels = np.unique(rows["scale"]), np.unique(rows["separability"])
    figure = Figure(figsize=(WIDTH, 1.4 + 0.36 * len(scales)), layout="constrained")
    axes = figure.subplots()
    values = [measured(row)[0] for _, row in rows.iterrows()]
    known = [value for value in values if value > 0] or [1.0]
    norm = LogNorm(min(known), max(*known, min(known) * 1.001))
    for _, row in rows.iterrows():
        place = (
            float(np.searchsorted(levels, row["separability"])),
            float(np.searchsorted(scales, row["scale"])),
        )
        _field(axes, place, row, norm, 10 if len(levels) <= 6 else 7)
    _boundary(axes, scales, levels)
    axes.set(
        xlim=(-0.5, len(levels) - 0.5),
        ylim=(-0.5, len(scales) - 0.5),
        ylabel="size of the wrong start (scale a)",
    )
    axes.set_xlabel(
        f"separability ({separability_name(str(rows['dataset'].iloc[0]))} = 2\N{GREEK SMALL LETTER MU})"
    )
    axes.set_xticks(range(len(levels)), [wording.number(s) for s in levels.tolist()])
    axes.set_yticks(range(len(scales)), [wording.number(s) for s in scales.tolist()])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure


def _field(axes: Axes, place: tuple[float, float], row: pd.Series[Any], norm: LogNorm, size: int) -> None:
    """Draw one field: the measured slowdown, and below it the predicted one."""
    (value, bound, way), (x, y) = measured(row), place
    face: Any = (1.0, 1.0, 1.0, 1.0) if math.isnan(value) else mpl.colormaps["cividis_r"](norm(value))
    axes.add_patch(
        mpl.patches.Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=face, edgecolor="white", linewidth=1.5)
    )
    ink = "#ffffff" if 0.299 * face[0] + 0.587 * face[1] + 0.114 * face[2] < 0.5 else "#000000"
    style = "italic" if way == "stepping" else "normal"
    text = _text(value, bound=bound)
    axes.text(
        x, y + 0.16, text, ha="center", va="center", fontsize=size, color=ink, fontstyle=style, weight="bold"
    )
    if not math.isnan(row["predicted"]):
        law = f"({_text(row['predicted'])})"
        axes.text(x, y - 0.22, law, ha="center", va="center", fontsize=size - 1, color=ink)
    if bound:
        outline: dict[str, Any] = {"fill": False, "edgecolor": ink, "linewidth": 0.8, "linestyle": ":"}
        axes.add_patch(mpl.patches.Rectangle((x - 0.44, y - 0.44), 0.88, 0.88, **outline))


def _boundary(axes: Axes, scales: np.ndarray[Any, Any], levels: np.ndarray[Any, Any]) -> None:
    """Draw the line a = mu between the fields, and say what holds on each side."""
    before = np.searchsorted(scales, levels / 2)  # fields of each column in which a is below mu
    line = [mpl.patheffects.Stroke(linewidth=4.5, foreground="#ffffff"), mpl.patheffects.Normal()]
    style: dict[str, Any] = {"color": "#c1121f", "linewidth": 2}
    axes.stairs(
        before - 0.5,
        np.arange(len(levels) + 1) - 0.5,
        baseline=None,
        path_effects=line,
        clip_on=False,
        **style,
    )
    handle = Line2D([], [], **style)
    label = (
        f"{_BOUNDARY}. Below it the slowdown grows exponentially with a,\n"
        f"above it like a power of a times {_FACTOR}"
    )
    axes.legend([handle], [label], loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.3)


def _describe_phase(frames: Frames) -> str:
    rows = own_rows(phase_rows(frames))
    found = rows.assign(best=[measured(row)[0] for _, row in rows.iterrows()]).dropna(subset=["best"])
    found = found.sort_values(["best", "scale"])
    ends = []
    for _, row in found.iloc[[0, -1]].iterrows():
        value, bound, way = measured(row)
        ends.append(
            f"{_text(value, bound=bound)} at {separability_name(row['dataset'])} "
            f"{wording.number(row['separability'])} and scale {wording.number(row['scale'])} by {way} "
            f"(law: {_text(row['predicted']) or 'none'})"
        )
    counts = ", ".join(
        f"{int((rows['regime'] == name).sum())} fields in the regime {name} ({meaning})"
        for name, meaning in REGIMES.items()
        if (rows["regime"] == name).any()
    )
    return (
        f"Slowdown by separability and scale of a wrong start, measured and predicted. Smallest: {ends[0]}. "
        f"Largest: {ends[1]}. By the law: {counts}. A line separates the fields with a scale a below mu, "
        "half the separability, from the others."
    )


# --- Against the scale, with the law ------------------------------------------------------------------------


def _draw_theory(frames: Frames) -> Figure:
    rows = phase_rows(frames)
    levels = np.unique(rows["separability"]).tolist()
    figure = Figure(figsize=(WIDTH, 5.4), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", xlabel=SIZE, ylabel=RATIO)
    many, mine = large_rows(rows), own_rows(rows)
    for index, level in enumerate(levels):
        here, own, large = (part[part["separability"] == level] for part in (rows, mine, many))
        style = series_style(index)
        _law(axes, here, style)
        _name_of_curve(axes, here, level, style)
        _stepped(axes, own, style)
        _flow(axes, large, style)
        if _both_sizes(rows):
            axes.plot(
                own["scale"], own["flow"].where(~own["flow_bound"]), "--", color=style["color"], linewidth=0.9
            )
    _crossings(axes, rows)
    log_axis(axes.xaxis, np.unique(rows["scale"]))
    axes.yaxis.set_major_locator(mpl.ticker.LogLocator(numticks=99))
    axes.yaxis.set_major_formatter(mpl.ticker.LogFormatterMathtext())
    axes.yaxis.set_minor_locator(mpl.ticker.NullLocator())
    _theory_legend(figure, rows)
    return figure


def _law(axes: Axes, group: pd.DataFrame, style: dict[str, Any]) -> None:
    """Draw the population law, which does not depend on the number of samples."""
    law = group[group["predicted"].notna()].sort_values("scale").drop_duplicates("scale")
    axes.plot(law["scale"], law["predicted"], color=style["color"], linewidth=1.4)


def _name_of_curve(axes: Axes, group: pd.DataFrame, level: float, style: dict[str, Any]) -> None:
    """Write the separability at the end of the law's curve."""
    ends = group[group["predicted"].notna()].sort_values("scale")
    if len(ends):
        at = tuple(ends.iloc[-1][["scale", "predicted"]])
        away: dict[str, Any] = {"xytext": (9, 0), "textcoords": "offset points", "annotation_clip": False}
        axes.annotate(wording.number(level), at, va="center", weight="bold", color=style["color"], **away)


def _stepped(axes: Axes, mine: pd.DataFrame, style: dict[str, Any]) -> None:
    """Draw stepping as filled marks with intervals, and its lower bounds."""
    clear = mine[mine["stepped"].notna() & ~mine["stepped_bound"]]
    axes.plot(
        clear["scale"], clear["stepped"], linestyle="none", marker=style["marker"], color=style["color"], ms=5
    )
    at, value, low, high = (
        clear[name].to_numpy(float) for name in ("scale", "stepped", "stepped_low", "stepped_high")
    )
    bars(axes, at, *interval_ends(value, low, high), style["color"])
    bound = mine[mine["stepped_bound"]]
    axes.plot(bound["scale"], bound["stepped"], **at_least(style, 5))


def _flow(axes: Axes, many: pd.DataFrame, style: dict[str, Any]) -> None:
    """Draw the flow of many samples as open marks."""
    many = many[many["flow"].notna() & ~many["flow_bound"]]
    open_ = {"markerfacecolor": "none", "linestyle": "none", "color": style["color"]}
    axes.plot(many["scale"], many["flow"], marker=style["marker"], ms=9, **open_)


def _both_sizes(rows: pd.DataFrame) -> bool:
    """Whether there are rows of the study's own data and of large draws."""
    return rows["large"].nunique() == 2


def crossings(rows: pd.DataFrame) -> pd.DataFrame:
    """Where a = mu on each curve of the law: scale and slowdown, interpolated on logarithmic axes."""
    out = []
    many = large_rows(rows)
    for _, group in many[many["predicted"] > 0].groupby("separability"):
        mu = float(group["mu"].iloc[0])
        scale = group["scale"].to_numpy(float)
        if scale.min() <= mu <= scale.max():
            log_at = np.interp(math.log(mu), np.log(scale), np.log(group["predicted"].to_numpy(float)))
            out.append((mu, math.exp(log_at)))
    return pd.DataFrame(out, columns=["scale", "slowdown"])


def _crossings(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the boundary a = mu across the curves and say what holds on each side."""
    found = crossings(rows)
    if found.empty:
        return
    axes.plot(
        found["scale"], found["slowdown"], color=MUTED, linestyle=(0, (1, 1.5)), linewidth=2.2, zorder=1
    )
    note: dict[str, Any] = {"transform": axes.transAxes, "color": MUTED}
    axes.text(0.02, 0.98, f"before {_BOUNDARY}:\nexponential in a", va="top", **note)
    axes.set_ylim(bottom=min(0.6, axes.get_ylim()[0]))  # room for the words below the curves
    beyond = f"beyond {_BOUNDARY}: a power of a,\nfar beyond a\N{SUPERSCRIPT TWO}"
    axes.text(0.98, 0.01, beyond, ha="right", va="bottom", **note)


def _theory_legend(figure: Figure, rows: pd.DataFrame) -> None:
    name = escaped(separability_name(str(rows["dataset"].iloc[0])))
    handles = [
        Line2D([], [], color=INK, linewidth=1.4),
        Line2D([], [], color=INK, linestyle="none", marker="o", ms=9, markerfacecolor="none"),
        Line2D([], [], color=INK, linestyle="none", marker="o", ms=5),
    ]
    labels = [
        f"population law, its {name} at its end",
        f"flow, n = {_size(large_rows(rows))}",
        f"stepping, n = {_size(own_rows(rows))}",
    ]
    if _both_sizes(rows):
        handles.append(Line2D([], [], color=INK, linewidth=0.9, linestyle="--"))
        labels.append(f"flow, n = {_size(own_rows(rows))}")
    if rows["stepped_bound"].any():
        handles.append(Line2D([], [], **at_least({"marker": "o", "color": INK}, 5)))
        labels.append("stepping: at least")
    if len(crossings(rows)):
        handles.append(Line2D([], [], color=MUTED, linestyle=(0, (1, 1.5)), linewidth=2.2))
        labels.append(_BOUNDARY)
    figure.legend(handles, labels, loc="outside upper left", ncols=2, handlelength=1.8, columnspacing=1.2)


def _describe_theory(frames: Frames) -> str:
    rows = phase_rows(frames)
    ends = large_rows(rows).groupby("separability").tail(1)
    parts = []
    for row in ends.to_dict("records"):
        flow = _text(row["flow"], bound=bool(row["flow_bound"])) or "none"
        parts.append(
            f"{separability_name(row['dataset'])} = {wording.number(row['separability'])} and scale "
            f"{wording.number(row['scale'])}: law {_text(row['predicted']) or 'none'}, flow {flow}"
        )
    dotted = " A dotted line across the curves marks a = mu." if len(crossings(rows)) else ""
    return (
        "Steps with MSE divided by steps with BCE against the scale of a wrong start, both axes "
        "logarithmic, a curve of the population law per separability with measurements on it: stepping on "
        f"{_size(own_rows(rows))} samples, gradient flow on {_size(large_rows(rows))}. At the largest scale "
        f"of the latter: {'; '.join(parts)}.{dotted}"
    )


def _lacking(frames: Frames) -> str:
    empty = phase_rows(frames).empty
    return "no phase diagram in this study, which needs wrong starts on Gaussian data" if empty else ""


def _named(frames: Frames) -> dict[str, str]:
    """Return what the captions of both figures say about the numbers."""
    rows = phase_rows(frames)
    target, mine = str(rows["target"].iloc[0]), own_rows(rows)
    found = [measured(row) for _, row in mine.iterrows()]
    both = mine[~mine["stepped_bound"] & ~mine["flow_bound"]]
    coarse = float((both["stepped"] / both["flow"]).max())  # nan where nothing was measured in both ways
    factor = wording.number(coarse, digits=2, rounding="up")
    steps = f"; whole steps of 1/L give up to {factor} times the flow's slowdown"
    dashed = " Dashed: gradient flow on the study's own samples."
    stepped = any(way == "stepping" for *_, way in found)
    return {
        "stepping": " In italics: by stepping, where the flow gave none." if stepped else "",
        "target": TARGETS.get(target, target),
        "fields": " Dotted fields with > are lower bounds." if any(one[1] for one in found) else "",
        "bounds": bound_note(rows["stepped_bound"], "is a lower bound"),
        "coarse": steps if coarse > 1 else "",
        "dashed": dashed if _both_sizes(rows) else "",
        "growth": _GROWTH,
    }


PHASE = Entry(
    "phase",
    "Slowdown by start and separability",
    "Each field is the median slowdown (steps with MSE divided by steps with BCE) from a confidently wrong "
    "start at equal rates, until the target ({target}). Above, what was measured by gradient flow, descent "
    "with arbitrarily small steps{coarse}; below, in brackets, what the law for infinitely many samples "
    "predicts.{stepping}{fields} {growth}",
    ("phase", "headline"),
    _draw_phase,
    _describe_phase,
    _lacking,
    _named,
)


THEORY = Entry(
    "theory",
    "Slowdown against the size of the wrong start, with the law",
    "Lines: the law for infinitely many samples, a curve per separability. Filled marks: gradient descent "
    "on the study's own samples, with intervals. Open marks: gradient flow on many "
    "samples.{dashed}{bounds} Target: {target}. {growth}",
    ("phase", "headline"),
    _draw_theory,
    _describe_theory,
    _lacking,
    _named,
)
