"""The history of the benchmarks: recorded runs to one table, and the table to a page.

Machines are kept apart. What puts them on one scale is the calibrated time: the time over the machine's ceiling, measured
before the same round, so that a slow machine and a bad moment mostly cancel.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup
from scipy import stats

from study import pages, wording
from study.benchmarks import runs as benchmarks
from study.benchmarks.changepoints import changes
from study.benchmarks.tables import HISTORY
from study.files import replacing
from study.tables import store
from study.tables.table import conform

__all__ = ["Change", "found_changes", "page", "standing", "table", "write"]

Floats = npt.NDArray[np.float64]

OURS: Final = "kernels"
"""The solver that peers are compared with."""


# --- The table --------------------------------------------------------------------------------------------------------


def median_interval(values: Floats) -> tuple[float, float, float]:
    """Return the median and an interval of at least 95% from order statistics, by the binomial; the range for a few."""
    ordered = np.sort(values)
    low = _outside(len(values))
    return float(np.median(ordered)), float(ordered[low]), float(ordered[len(values) - 1 - low])


@cache
def _outside(size: int) -> int:
    """How many of so many values can be left out on each side of a 95% interval of the median."""
    return max(int(stats.binom.ppf(0.025, size, 0.5)) - 1, 0)


def table(runs: Sequence[benchmarks.Run]) -> pd.DataFrame:
    """Make the table `history` of recorded runs.

    Parameters
    ----------
    runs
        In order, as `study.benchmarks.runs.read` gives them.
    """
    rows = []
    for order, run in enumerate(runs):
        ours = {m.group: float(np.median(m.seconds)) for m in run.benchmarks.values() if m.solver == OURS}
        for name, measured in run.benchmarks.items():
            time = median_interval(measured.seconds * 1e9)
            known = len(measured.ceiling) > 0
            calibrated = median_interval(measured.seconds / measured.ceiling) if known else (math.nan,) * 3
            rows.append(
                {
                    "benchmark": name,
                    "order": order,
                    "file": run.file,
                    "commit": run.label,
                    "committed": run.committed,
                    "recorded": run.recorded,
                    "machine": run.machine,
                    "load": run.load[0],
                    "solver": measured.solver,
                    "group": measured.group,
                    "rounds": len(measured.seconds),
                    **dict(zip(("time", "time_low", "time_high"), time, strict=True)),
                    **dict(zip(("calibrated", "calibrated_low", "calibrated_high"), calibrated, strict=True)),
                    "peer_ratio": time[0] * 1e-9 / ours[measured.group] if measured.group in ours else math.nan,
                }
            )
    columns = [c for c in HISTORY.dtypes if c not in {"level", "changed"} and "calibrated_c" not in c]
    frame = pd.DataFrame(rows, columns=[c for c in columns if c != "calibrated_level"])
    return conform(_with_levels(frame), HISTORY)


def _with_levels(frame: pd.DataFrame) -> pd.DataFrame:
    """Add where the levels change: of the time on each machine, of the calibrated time on all together."""
    out = frame.assign(level=math.nan, changed=False, calibrated_level=math.nan, calibrated_changed=False)
    for value, level, changed, keys in (
        ("time", "level", "changed", ["benchmark", "machine"]),
        ("calibrated", "calibrated_level", "calibrated_changed", ["benchmark"]),
    ):
        for _, rows in out[out[value].notna()].groupby(keys, sort=False):
            steps = changes(rows[value].to_numpy())
            edges = [0, *steps, len(rows)]
            for begin, end in pairwise(edges):
                out.loc[rows.index[begin:end], level] = rows[value].iloc[begin:end].median()
            out.loc[rows.index[steps], changed] = True
    return out


# --- What the page says -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """A step of a benchmark.

    Attributes
    ----------
    benchmark, machine
        Where; the machine is `all, calibrated` for a step of the calibrated time.
    before, commit, committed
        The last commit of the old level, the first of the new one, and its time.
    ratio
        New level over old level; above 1 is slower.
    runs
        On the new level.
    """

    benchmark: str
    machine: str
    before: str
    commit: str
    committed: str
    ratio: float
    runs: int


def found_changes(history: pd.DataFrame) -> list[Change]:
    """List the steps of a history, the latest first."""
    out = []
    for level, changed, keys in (
        ("level", "changed", ["benchmark", "machine"]),
        ("calibrated_level", "calibrated_changed", ["benchmark"]),
    ):
        for key, rows in history[history[level].notna()].groupby(keys, sort=True):
            places = [*np.flatnonzero(rows[changed]), len(rows)]
            for place, following in pairwise(places):
                new, old = rows.iloc[place], rows.iloc[place - 1]
                where = str(key[1]) if len(keys) == 2 else "all, calibrated"
                out.append(
                    Change(
                        str(key[0]),
                        where,
                        str(old["commit"]),
                        str(new["commit"]),
                        str(new["committed"]),
                        float(new[level] / old[level]),
                        int(following - place),
                    )
                )
    return sorted(out, key=lambda change: change.committed, reverse=True)


def standing(history: pd.DataFrame) -> list[list[str]]:
    """Say of each benchmark and machine how the latest run stands next to the one before and to the best level."""
    body = []
    for (name, machine), rows in sorted(
        history.groupby(["benchmark", "machine"]), key=lambda part: (_peer(part[1]), part[0])
    ):
        last = rows.iloc[-1]
        before = rows.iloc[-2] if len(rows) > 1 else None
        apart = before is not None and (
            last["time_low"] > before["time_high"] or last["time_high"] < before["time_low"]
        )
        body.append(
            [
                str(name),
                str(last["commit"]),
                f"{wording.number(last['time'])} [{wording.number(last['time_low'])}, {wording.number(last['time_high'])}]",
                "none"
                if before is None
                else _change(last["time"] / before["time"]) + ("" if apart else ", in the noise"),
                _change(last["level"] / rows["level"].min()),
                "unknown" if math.isnan(last["calibrated"]) else f"{wording.number(last['calibrated'])}",
                str(len(rows)),
                str(machine),
            ]
        )
    return body


def _peer(rows: pd.DataFrame) -> bool:
    """Whether rows are of a peer: these come after our own."""
    return not str(rows["solver"].iloc[-1]).startswith(OURS)


def _change(ratio: float) -> str:
    """Write a ratio as a change in per cent."""
    return f"{100 * (ratio - 1):+.1f}%"


# --- Drawing ----------------------------------------------------------------------------------------------------------

WIDTH, HEIGHT = 440, 180  # small, so that the letters stay legible on a phone
_LEFT, _RIGHT, _TOP, _BOTTOM = 42, 6, 8, 22
_FEW = 60  # runs whose dots can be large


@dataclass(frozen=True)
class Line:
    """One line of a chart: a value a run, with its interval, and the level of each run (nan for none)."""

    name: str
    order: Floats
    value: Floats
    low: Floats
    high: Floats
    level: Floats


def chart(lines: Sequence[Line], *, label: str, commits: tuple[str, str]) -> Markup:
    """Draw lines over runs as SVG, on a logarithmic scale.

    Parameters
    ----------
    lines
        At least one, of at least one run; they share the axes, and are coloured by the page in their order.
    label
        The text alternative.
    commits
        Written at the left and the right end of the axis of runs.
    """
    first, last = min(line.order.min() for line in lines), max(line.order.max() for line in lines)
    values = np.concatenate([np.concatenate([line.low, line.high]) for line in lines])
    # A burst in a single run must not squash all the others; what is beyond is drawn at the edge.
    middle = np.concatenate([line.value for line in lines])
    low = math.log(max(values.min(), np.median(middle) / 20)) - 0.02
    high = math.log(min(values.max(), 2 * np.quantile(middle, 0.99))) + 0.02

    def x(order: Floats) -> Floats:
        if first == last:
            return np.full(len(order), (_LEFT + WIDTH - _RIGHT) / 2)
        place: Floats = _LEFT + 6 + (order - first) / (last - first) * (WIDTH - _LEFT - _RIGHT - 12)
        return place

    def y(value: Floats) -> Floats:
        share = (np.clip(np.log(value), low, high) - low) / (high - low)
        place: Floats = HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)
        return place

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{Markup.escape(label)}">']
    for tick in _ticks(math.exp(low), math.exp(high)):
        at = float(y(np.array([tick]))[0])
        parts.append(f'<path class="grid" d="M{_LEFT} {at:.1f}H{WIDTH - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{wording.number(tick)}</text>')
    for text, place, anchor in ((commits[0], _LEFT, "start"), (commits[1], WIDTH - _RIGHT, "end")):
        parts.append(f'<text x="{place}" y="{HEIGHT - 4}" text-anchor="{anchor}">{Markup.escape(text)}</text>')
    for number, line in enumerate(lines):
        parts += _drawn(line, f"s{number % 6}", x, y)
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704  numbers and escaped text


def _drawn(line: Line, style: str, x: Any, y: Any) -> list[str]:
    """Draw one line: intervals, dots, levels, and a mark where the level changes."""
    across, value = x(line.order), y(line.value)
    bars = "".join(
        f"M{a:.1f} {b:.1f}V{c:.1f}" for a, b, c in zip(across, y(line.low), y(line.high), strict=True) if b - c >= 0.5
    )
    dots = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(across, value, strict=True))
    style += " few" if len(across) <= _FEW else ""
    out = [f'<path class="bars {style}" d="{bars}"/>', f'<path class="dots {style}" d="{dots}"/>']
    known = ~np.isnan(line.level)
    if known.any():
        a, b = across[known], y(line.level[known])
        turns = np.flatnonzero(np.diff(line.level[known])) + 1
        edges = [0, *turns.tolist(), len(a)]
        level = "".join(f"M{a[i]:.1f} {b[i]:.1f}H{a[j - 1]:.1f}" for i, j in pairwise(edges))
        out.append(f'<path class="level {style}" d="{level}"/>')
        out += [f'<path class="mark" d="M{a[i]:.1f} {_TOP}V{HEIGHT - _BOTTOM}"/>' for i in turns]
    return out


def _ticks(low: float, high: float) -> list[float]:
    """Choose up to some six round numbers between two positive ones."""
    step = 10 ** math.floor(math.log10(high - low))
    for factor in (1.0, 0.5, 0.2, 0.1):
        found = np.arange(math.ceil(low / (step * factor)), math.floor(high / (step * factor)) + 1) * step * factor
        if len(found) >= 3:
            return [float(tick) for tick in found]
    return [low, high]


def _line(name: str, rows: pd.DataFrame, value: str, level: str) -> Line:
    """Make a line of rows of the table."""
    columns = ("order", value, f"{value}_low", f"{value}_high", level)
    return Line(name, *(rows[column].to_numpy(dtype=np.float64) for column in columns))


def _legend(lines: Sequence[Line]) -> list[tuple[str, str]]:
    """Name the lines of a chart with their style; one alone needs no legend."""
    return [(line.name, f"s{number % 6}") for number, line in enumerate(lines)] if len(lines) > 1 else []


def _ends(rows: pd.DataFrame) -> tuple[str, str]:
    """Return the commits at the ends of a chart."""
    return str(rows["commit"].iloc[0]), str(rows["commit"].iloc[-1])


def _told(rows: pd.DataFrame, value: str, unit: str) -> str:
    """Say what a chart shows."""
    steps = int(rows["changed" if value == "time" else "calibrated_changed"].sum())
    first, last = wording.number(rows[value].iloc[0]), wording.number(rows[value].iloc[-1])
    low, high = wording.number(rows[value].min()), wording.number(rows[value].max())
    return (
        f"{len(rows)} runs, first {first} {unit}, last {last} {unit}, between {low} and {high}; "
        f"{'no change of level' if not steps else f'{steps} change' + 's' * (steps > 1) + ' of level'}"
    )


def sections(history: pd.DataFrame) -> list[dict[str, Any]]:
    """Prepare a section for each benchmark: its charts with their legends and captions."""
    out = []
    for name, rows in sorted(history.groupby("benchmark"), key=lambda part: (_peer(part[1]), part[0])):
        charts = list[dict[str, Any]]()
        for machine, own in rows.groupby("machine", sort=True):
            lines = [_line(str(machine), own, "time", "level")]
            told = _told(own, "time", "ns")
            label = f"{name} on {machine}: {told}"
            charts.append(
                {
                    "svg": chart(lines, label=label, commits=_ends(own)),
                    "title": f"Time in ns on {machine}",
                    "told": told,
                    "legend": [],
                }
            )
        known = rows[rows["calibrated"].notna()]
        if len(known):
            lines = [_line(str(m), own, "calibrated", "calibrated_level") for m, own in known.groupby("machine")]
            told = _told(known, "calibrated", "times the ceiling")
            charts.append(
                {
                    "svg": chart(lines, label=f"{name}, calibrated: {told}", commits=_ends(known)),
                    "title": "Calibrated: time over the machine's ceiling, all machines",
                    "told": told,
                    "legend": _legend(lines),
                }
            )
        steps = int(rows["changed"].sum() + rows["calibrated_changed"].sum())
        out.append({"name": str(name), "charts": charts, "changes": steps, "ours": rows["solver"].iloc[-1] == OURS})
    return out


def peers(history: pd.DataFrame) -> list[dict[str, Any]]:
    """Prepare a chart for each group: how many times longer the peers take than the kernels, run by run."""
    known = history[history["peer_ratio"].notna() & ~history["solver"].str.startswith(OURS)]
    out = []
    for group, rows in known.groupby("group", sort=True):
        lines = []
        for solver, own in rows.groupby("solver", sort=True):
            order, ratio = (own[c].to_numpy(dtype=np.float64) for c in ("order", "peer_ratio"))
            lines.append(Line(str(solver), order, ratio, ratio, ratio, np.full(len(own), math.nan)))
        told = "; ".join(f"{line.name}: {wording.number(line.value[-1])} times in the latest run" for line in lines)
        svg = chart(lines, label=f"{group}, time over that of the kernels. {told}", commits=_ends(rows))
        legend = [(line.name, f"s{number % 6}") for number, line in enumerate(lines)]
        out.append({"svg": svg, "title": str(group), "told": told, "legend": legend})
    return out


def page(history: pd.DataFrame, problems: Sequence[str]) -> str:
    """Render the history as one HTML page that needs nothing but itself.

    Parameters
    ----------
    history
        The table `history`; may be empty.
    problems
        What could not be read, a line each.
    """
    dirty = history.drop_duplicates("order")["commit"].str.endswith("+").sum()
    return pages.render(
        "history.html",
        ("report.css", "history.css"),
        runs=wording.count(history["order"].nunique()),
        commits=wording.count(history["commit"].nunique()),
        machines=sorted(history["machine"].unique()),
        dirty=int(dirty),
        problems=problems,
        absent=_absent(history),
        changes=found_changes(history),
        change=_change,
        standing=standing(history),
        sections=sections(history),
        peers=peers(history),
    )


def _absent(history: pd.DataFrame) -> list[str]:
    """Name the benchmarks that the latest run lacks, which were renamed, removed or skipped."""
    if history.empty:
        return []
    latest = history[history["order"] == history["order"].max()]
    gone = history[~history["benchmark"].isin(latest["benchmark"])]
    last = gone.groupby("benchmark")["commit"].last()
    return [f"{name}, last measured at {commit}" for name, commit in last.items()]


def write(storages: Iterable[Path], csv: str | Path, html: str | Path) -> list[str]:
    """Write the table and the page of all runs of some storages; return what could not be read, a line each."""
    runs, problems = benchmarks.read(storages)
    history = table(runs)
    store.write(history, HISTORY, csv)
    with replacing(Path(html)) as temporary:
        temporary.write_text(page(history, problems), encoding="utf-8")
    return problems
