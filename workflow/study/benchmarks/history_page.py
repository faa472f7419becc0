"""The page of the benchmark history, made of its table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from study import pages, wording
from study.benchmarks import runs as benchmarks
from study.benchmarks.charts import Line, chart
from study.benchmarks.history import OURS, found_changes, table
from study.tables import tables

__all__ = ["page", "standing", "write"]


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
    tables.write(history, "history", csv)
    with tables.replacing(Path(html)) as temporary:
        temporary.write_text(page(history, problems), encoding="utf-8")
    return problems
