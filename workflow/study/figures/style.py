"""What all figures look like, and what each consists of.

Each loss has a colour, which follows the page, and a line of its own, as in the page's explorer: MSE solid,
BCE dashed. Series have other colours, which a dark page brightens; colour-blind readers can distinguish them,
and markers differ as well. A median that was not reached is an open marker at
its lower bound with an arrow towards larger values, never a dot.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import style as mpl_style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter, NullFormatter

from study import wording
from study.prose import Prose

INK: Final = "#24292f"
MUTED: Final = "#6e7781"
GRID: Final = "#d8dee4"
COLOURS: Final = MappingProxyType({"mse": "#d55e00", "bce": "#0072b2"})
LINES: Final[Mapping[str, Any]] = MappingProxyType({"mse": "solid", "bce": (0, (4, 2))})
SERIES: Final = ("#009e00", "#4f46ff", "#ff468d", "#b900b0", "#6a6a3e", "#9e7be5")
MARKERS: Final = ("o", "s", "D", "P", "X", "*")  # no triangle: it would point somewhere
NAMES: Final = MappingProxyType({"mse": "MSE", "bce": "BCE"})
TARGETS: Final = MappingProxyType({"accuracy": "accuracy", "brier": "Brier score", "logloss": "log loss"})

POLICY_NAMES: Final = MappingProxyType(
    {
        "equal": "equal rates",
        "equal_no_half": "equal rates, MSE without \N{VULGAR FRACTION ONE HALF}",
        "smoothness": "each at its own 1/L",
        "tuned": "each at its best rate",
    }
)
"""Learning-rate policies, in the words of figures and pages."""

RATIO: Final = "times as many steps\nwith MSE as with BCE"
SIZE: Final = "size of the wrong start (scale a)\nboth axes are logarithmic"

WIDTH: Final = 5.2  # inches; on a screen that is narrower the page keeps it legible and scrolls
STYLE: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        "svg.hashsalt": "mse-versus-bce",
        "svg.fonttype": "path",  # text is drawn as shapes and looks the same everywhere
        "pdf.fonttype": 42,  # TrueType, which journals take; they refuse the default, Type 3
        "pdf.compression": 0,  # compressed bytes depend on the library's version
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "axes.labelsize": 10,
        "legend.fontsize": 9,
        "legend.frameon": False,
        "legend.handlelength": 2.4,  # long enough for more than one dash
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


def styled() -> AbstractContextManager[None]:
    """Apply `STYLE` over matplotlib's defaults, so that a user's matplotlibrc has no effect."""
    return mpl_style.context(["default", dict(STYLE)])


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
    text
        The caption: what is drawn, in a few sentences that hold whatever the numbers are; a `{name}` stands
        for what `named` returns.
    tables
        Names of the tables it reads; the first has its numbers. Empty for a formula.
    picture
        Tables to figure, where nothing is lacking.
    words
        Tables to the text alternative, where nothing is lacking: what a reader would see, in numbers.
    lacking
        Tables to what the figure lacks, as "no ..."; empty if nothing.
    named
        Tables to what the caption quotes, by name.
    """

    name: str
    title: str
    text: Prose
    tables: tuple[str, ...]
    picture: Callable[[Frames], Figure]
    words: Callable[[Frames], str]
    lacking: Callable[[Frames], str] = lambda _frames: ""
    named: Callable[[Frames], Mapping[str, str]] = lambda _frames: {}

    def draw(self, frames: Frames) -> Figure:
        """Draw the figure, or say in its place why there is none."""
        reason = self.lacking(frames)
        return nothing(reason) if reason else self.picture(frames)

    def describe(self, frames: Frames) -> str:
        """Return the text alternative."""
        reason = self.lacking(frames)
        return f"No figure: {reason}." if reason else self.words(frames)

    def caption(self, frames: Frames) -> str:
        """Return the caption, which describes no mark that is not there."""
        return self.describe(frames) if self.lacking(frames) else self.text.format(**self.named(frames))


def _plain(value: float, _position: int | None = None) -> str:
    return wording.number(value)


def log_axis(axis: Any, ticks: Any = None) -> None:
    """Write the numbers of a logarithmic axis in plain digits; only at `ticks` if given."""
    if ticks is not None:
        axis.set_ticks(list(ticks))
        axis.set_minor_locator(mpl.ticker.NullLocator())
    axis.set_major_formatter(FuncFormatter(_plain))
    axis.set_minor_formatter(NullFormatter())


def escaped(dataset: str) -> str:
    """Write a data set's name so that matplotlib neither sets it as a formula nor hides it from a legend."""
    return ("\N{ZERO WIDTH SPACE}" if dataset.startswith("_") else "") + dataset.replace("$", r"\$")


def nothing(reason: str) -> Figure:
    """Make the figure that says why there is none."""
    figure = Figure(figsize=(WIDTH, 1.4))
    text = textwrap.fill(f"Nothing to draw: {reason}", 56)
    figure.text(0.5, 0.5, text, ha="center", va="center", color=MUTED)
    return figure


def legend(axes: Axes, title: str | None = None, columns: int = 3) -> None:
    """Put the legend above the axes, where it covers nothing."""
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles,
        labels,
        title=title,
        ncols=columns,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        borderaxespad=0.3,
    )


def loss_style(loss: str) -> dict[str, Any]:
    """Return colour and line of a loss, and its name for the legend."""
    return {"color": COLOURS[loss], "linestyle": LINES[loss], "label": NAMES[loss]}


def series_style(index: int) -> dict[str, Any]:
    """Return colour and marker of the series with that index."""
    return {"color": SERIES[index % len(SERIES)], "marker": MARKERS[index % len(MARKERS)]}


def at_least(style: Mapping[str, Any], size: float = 7, *, turned: bool = False) -> dict[str, Any]:
    """Return the style of lower bounds: the series' marker, open, with an arrow up (`turned`: to the right).

    `size` is that of the marker in points. The arrow may extend beyond the axes.
    """
    own = MarkerStyle(style["marker"])
    body = own.get_path().transformed(own.get_transform())
    foot = float(body.get_extents().xmax if turned else body.get_extents().ymax)
    tip, back = foot + 1.2, foot + 0.8
    line = np.array([(0, foot), (0, tip), (-0.35, back), (0, tip), (0.35, back)])
    arrow = Path(
        line[:, ::-1] if turned else line, [Path.MOVETO, Path.LINETO, Path.MOVETO, Path.LINETO, Path.LINETO]
    )
    return {
        "linestyle": "none",
        "marker": Path.make_compound_path(body, arrow),
        "markersize": 2
        * tip
        * size,  # matplotlib shrinks a path until its farthest coordinate is half the size
        "markerfacecolor": "none",
        "color": style["color"],
        "markeredgewidth": 1.3,
        "clip_on": False,
        "in_layout": False,
    }


def bound_key(axes: Axes, bound: Any, *, turned: bool = False) -> None:
    """Add the mark of `at_least` to the legend, if any of `bound` is true."""
    if np.any(bound):
        axes.plot([], [], label="at least", **at_least({"marker": "o", "color": INK}, 5, turned=turned))


def bound_note(bound: Any, meaning: str) -> str:
    """Return the caption's sentence on the mark of `at_least`, if any of `bound` is true."""
    return f" An open mark with an arrow {meaning}." if np.any(bound) else ""


def draw_medians(
    axes: Axes, rows: pd.DataFrame, x: str, style: Mapping[str, Any], label: str, *, shift: float = 0
) -> None:
    """Draw medians with intervals, joined by a line; lower bounds without, since it would seem to fall.

    On a logarithmic axis a series is moved by `shift` places, so that marks of equal value do not hide each
    other.
    """
    rows = rows.sort_values(x)
    at, value = rows[x].to_numpy(float) * 1.05**shift, rows["slowdown"].to_numpy(float)
    bound = rows["slowdown_bound"].to_numpy(bool)
    low, high = rows["slowdown_low"].to_numpy(float), rows["slowdown_high"].to_numpy(float)
    axes.plot(at, np.where(bound, np.nan, value), color=style["color"], linewidth=1.4)
    axes.plot(
        at[~bound], value[~bound], linestyle="none", marker=style["marker"], color=style["color"], label=label
    )
    axes.plot(at[bound], value[bound], **at_least(style))
    low, high = interval_ends(value, low, high)
    bars(axes, at[~bound], low[~bound], high[~bound], style["color"])


def draw_across(
    axes: Axes,
    rows: pd.DataFrame,
    y: npt.NDArray[np.float64],
    style: Mapping[str, Any],
    label: str,
) -> None:
    """Draw medians with intervals along a horizontal axis, one at each height `y`; bounds as open marks."""
    value, bound = rows["slowdown"].to_numpy(float), rows["slowdown_bound"].to_numpy(bool)
    low, high = interval_ends(
        value, rows["slowdown_low"].to_numpy(float), rows["slowdown_high"].to_numpy(float)
    )
    # Not by `hlines`, for the reason given at `bars`.
    ends, at = np.vstack([low[~bound], high[~bound]]), np.vstack([y[~bound], y[~bound]])
    axes.plot(ends, at, color=style["color"], linewidth=1, solid_capstyle="butt")
    axes.plot(value[~bound], y[~bound], linestyle="none", markersize=5, label=label, **style)
    axes.plot(value[bound], y[bound], **at_least(style, 5, turned=True))


def panel_name(axes: Axes, name: str) -> None:
    """Write above a panel what it shows, clear of the lines."""
    axes.set_title(name, loc="right", fontsize=10)


def stack(scales: list[float], height: float) -> tuple[Figure, list[Axes]]:
    """Make one panel per scale of the wrong start, one below the other, with a common step axis."""
    figure = Figure(figsize=(WIDTH, 0.9 + height * len(scales)), layout="constrained")
    panels = figure.subplots(len(scales), sharex=True, sharey=True, squeeze=False)[:, 0].tolist()
    for axes, scale in zip(panels, scales, strict=True):
        axes.set_xscale("log")
        panel_name(axes, f"wrong start, a = {wording.number(scale)}")
        log_axis(axes.xaxis)
    panels[-1].set_xlabel("step of gradient descent")
    return figure, panels


def interval_ends(
    value: npt.NDArray[np.float64], low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the ends of intervals as drawn: an open end at a twentieth or twice the value.

    An interval with both ends open is not drawn.
    """
    none = (low <= 0) & np.isinf(high)
    ends = np.maximum(low, value / 20), np.where(np.isfinite(high), high, value * 2)
    return np.where(none, value, ends[0]), np.where(none, value, ends[1])


def bars(
    axes: Axes,
    at: npt.NDArray[np.float64],
    low: npt.NDArray[np.float64],
    high: npt.NDArray[np.float64],
    colour: str,
) -> None:
    """Draw intervals as upright lines.

    Not by `vlines`: on a logarithmic axis it widens the range of a single value to its last bit, which has no
    scale.
    """
    if at.size:
        axes.plot(
            np.vstack([at, at]), np.vstack([low, high]), color=colour, linewidth=1, solid_capstyle="butt"
        )
