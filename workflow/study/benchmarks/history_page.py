"""The page of the benchmark history, made of its table."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from study import git, pages, wording
from study.benchmarks import ancestry
from study.benchmarks import runs as benchmarks
from study.benchmarks.changepoints import fewest_runs
from study.benchmarks.charts import Line, chart
from study.benchmarks.history import ALL, OURS, Standing, found_changes, is_ours, series, standing, table
from study.benchmarks.tables import HISTORY
from study.files import replacing
from study.tables import store

__all__ = ["page", "summary", "write"]


def summary(history: pd.DataFrame) -> list[str]:
    """Say in a few sentences what the tables of the page hold."""
    if history.empty:
        return ["Nothing is recorded yet."]
    return [_levels_found(history), *_latest_runs([row for row in standing(history) if row.ours])]


def _levels_found(history: pd.DataFrame) -> str:
    """Say how many changes there are, or why there may be none."""
    found = found_changes(history)
    if found:
        calibrated = sum(change.machine == ALL for change in found)
        return f"{_plural(len(found), 'change')} of level found, {calibrated} of them in calibrated times."
    lengths = [len(part.rows) for part in series(history)]
    long = sum(length >= fewest_runs() for length in lengths)
    if not long:
        return (
            f"Whether a level changed cannot be said yet: that takes {fewest_runs()} runs of a benchmark, "
            f"and there are at most {max(lengths)}."
        )
    return (
        f"No change of level found in the {long} of {len(lengths)} series that have the {fewest_runs()} runs "
        "needed to find one."
    )


def _latest_runs(rows: Sequence[Standing]) -> Iterator[str]:
    """Say how the latest runs differ from those before, and which levels are not the best."""
    ratios = [row.before for row in rows if not math.isnan(row.before)]
    if ratios:
        ranked = [row for row in rows if row.size > 1]
        slowest, fastest = sum(row.rank == row.size for row in ranked), sum(row.rank == 1 for row in ranked)
        low, high = _change(min(ratios)), _change(max(ratios))
        yield f"The latest runs of the kernels differ from the runs before them by {low} to {high}."
        yield (
            f"Of the {len(ranked)} whose level has other runs, {fastest} are the fastest run of their level "
            f"and {slowest} the slowest."
        )
    behind = [row.behind for row in rows if row.behind > 1]
    if behind:
        most = _change(max(behind))
        yield f"{len(behind)} of {len(rows)} are slower than their best level, by up to {most}."


def names(history: pd.DataFrame) -> dict[str, str]:
    """Name each benchmark in words: what is timed and, where it is not by the kernels alone, by what.

    Two benchmarks of which the same is known keep their own names behind the words.
    """
    last = history.drop_duplicates("benchmark", keep="last")
    words = {
        str(name): _worded(str(name), str(group), str(solver))
        for name, group, solver in zip(last["benchmark"], last["group"], last["solver"], strict=True)
    }
    seen = Counter(words.values())
    return {name: text if seen[text] == 1 else f"{text} ({name})" for name, text in words.items()}


def _worded(name: str, group: str, solver: str) -> str:
    """Write a benchmark's group and solver, the losses by their names; its own name if it has no group."""
    if not group:
        return name
    text = re.sub(r"^(mse|bce)\b", lambda loss: loss[0].upper(), group)
    return text if solver in {"", OURS} else f"{text}: {solver}"


def natural(text: str) -> list[tuple[float, str]]:
    """Return a sort key that puts d = 8 before d = 30."""
    return [(float(part), "") if part.isdigit() else (0.0, part) for part in re.split(r"(\d+)", text)]


@dataclass(frozen=True)
class First:
    """The number that a maintainer looks for first, what it counts, and whether something is slower."""

    value: str
    label: str
    slower: bool


def first(rows: Sequence[Standing], words: Mapping[str, str]) -> First | None:
    """Say how many of the kernels' benchmarks are slower than they were; None where nothing can be said.

    Before there are runs enough to find a change of level, that is the largest change from the run before.
    """
    ours = [row for row in rows if row.ours]
    judged = [row for row in ours if row.levels > 1 or row.runs >= fewest_runs()]
    if judged:
        slower = [row for row in judged if row.behind > 1]
        label = "benchmarks of the kernels are on a level slower than their best"
        if slower:
            worst = max(slower, key=lambda row: row.behind)
            label += f", by up to {_change(worst.behind)} ({words[worst.benchmark]})"
        return First(f"{len(slower)} of {len(judged)}", label, bool(slower))
    known = [row for row in ours if not math.isnan(row.before)]
    if not known:
        return None
    worst = max(known, key=lambda row: row.before)
    label = f"in time since the run before: the worst of {_plural(len(known), 'benchmark')} of the kernels"
    return First(_change(worst.before), f"{label} ({words[worst.benchmark]})", worst.before > 1)


def _plural(count: int, noun: str) -> str:
    """Write a count with its noun."""
    return f"{wording.count(count)} {noun}{'s' * (count != 1)}"


LATEST: Final = (
    *("benchmark", "commit", "time in ns [interval]", "to the run before", "rank on its level, 1: fastest"),
    *("its level to the best level", "time over reference loop", "runs", "machine"),
)
"""Heads of the table of the latest runs."""


def _latest(row: Standing, words: Mapping[str, str]) -> list[str]:
    """Write a row of that table."""
    time, low, high = map(wording.number, (row.time, row.low, row.high))
    return [
        words[row.benchmark],
        row.commit,
        f"{time} [{low}, {high}]",
        "no run before" if math.isnan(row.before) else _change(row.before),
        f"{row.rank} of {row.size}",
        "one level only" if row.levels == 1 else _change(row.behind),
        "unknown" if math.isnan(row.calibrated) else wording.number(row.calibrated),
        str(row.runs),
        row.machine,
    ]


def _change(ratio: float) -> str:
    """Write a ratio as a change in per cent."""
    return f"{100 * (ratio - 1):+.1f}%"


def _line(name: str, rows: pd.DataFrame, value: str, level: str) -> Line:
    """Make a line of a chart from rows of the table."""
    columns = ("order", value, f"{value}_low", f"{value}_high", level)
    return Line(name, *(rows[column].to_numpy(dtype=np.float64) for column in columns))


def _legend(lines: Sequence[Line]) -> list[tuple[str, str]]:
    """Name the lines of a chart with their style; one alone needs no legend."""
    return [(line.name, f"s{number % 6}") for number, line in enumerate(lines)] if len(lines) > 1 else []


def _ends(rows: pd.DataFrame) -> tuple[str, str]:
    """Return the commits at the ends of a chart."""
    return str(rows["commit"].iloc[0]), str(rows["commit"].iloc[-1])


def _described(rows: pd.DataFrame, value: str, unit: str) -> str:
    """Say what a chart shows."""
    steps = int(rows["changed" if value == "time" else "calibrated_changed"].sum())
    none = "no change" if len(rows) >= fewest_runs() else "too few runs to detect a change"
    first, last = wording.number(rows[value].iloc[0]), wording.number(rows[value].iloc[-1])
    low, high = wording.number(rows[value].min()), wording.number(rows[value].max())
    return (
        f"{len(rows)} runs, first {first} {unit}, last {last} {unit}, between {low} and {high}; "
        f"{_plural(steps, 'change') if steps else none} of level"
    )


def sections(history: pd.DataFrame) -> list[dict[str, Any]]:
    """Prepare a section for each benchmark, in natural order: its charts with their legends and captions."""
    out, words = list[dict[str, Any]](), names(history)
    for name, rows in sorted(history.groupby("benchmark"), key=lambda part: natural(words[str(part[0])])):
        charts = list[dict[str, Any]]()
        for machine, own in rows.groupby("machine", sort=True):
            lines = [_line(str(machine), own, "time", "level")]
            text = _described(own, "time", "ns")
            label = f"{words[str(name)]}, on {machine}"
            charts.append(
                {
                    "svg": chart(lines, label=f"{label}: {text}", commits=_ends(own)),
                    "label": label,
                    "title": f"Time in ns on {machine}",
                    "told": text,
                    "legend": [],
                }
            )
        known = rows[rows["calibrated"].notna()]
        if len(known):
            lines = [
                _line(str(m), own, "calibrated", "calibrated_level") for m, own in known.groupby("machine")
            ]
            text = _described(known, "calibrated", "times the reference loop")
            label = f"{words[str(name)]}, calibrated"
            charts.append(
                {
                    "svg": chart(lines, label=f"{label}: {text}", commits=_ends(known)),
                    "label": label,
                    "title": "Calibrated: time over that of a reference loop, all machines",
                    "told": text,
                    "legend": _legend(lines),
                }
            )
        steps = int(rows["changed"].sum() + rows["calibrated_changed"].sum())
        solver = str(rows["solver"].iloc[-1])
        out.append(
            {
                "name": words[str(name)],
                "test": str(name),
                "charts": charts,
                "changes": steps,
                "open": solver == OURS,
                "ours": is_ours(solver),
            }
        )
    return out


def peers(history: pd.DataFrame) -> list[dict[str, Any]]:
    """Prepare a chart for each group: how many times longer the peers take than the kernels, run by run."""
    known = history[
        history["peer_ratio"].notna() & np.array([not is_ours(s) for s in history["solver"]], dtype=bool)
    ]
    out = []
    for group, rows in sorted(known.groupby("group"), key=lambda part: natural(str(part[0]))):
        lines = []
        for solver, own in rows.groupby("solver", sort=True):
            order, ratio = (own[c].to_numpy(dtype=np.float64) for c in ("order", "peer_ratio"))
            lines.append(Line(str(solver), order, ratio, ratio, ratio, np.full(len(own), math.nan)))
        text = "; ".join(
            f"{line.name}: {wording.number(line.value[-1])} times in the latest run" for line in lines
        )
        title = _worded("", str(group), "")
        label = f"{title}, time over that of the kernels"
        svg = chart(lines, label=f"{label}. {text}", commits=_ends(rows))
        legend = [(line.name, f"s{number % 6}") for number, line in enumerate(lines)]
        out.append({"svg": svg, "label": label, "title": title, "told": text, "legend": legend})
    return out


def page(history: pd.DataFrame, problems: Sequence[str], notes: Sequence[str] = ()) -> str:
    """Render the history as one self-contained HTML page.

    Parameters
    ----------
    history
        The table `history`; may be empty.
    problems
        What was left out, a line each.
    notes
        What else a reader must know, a line each.
    """
    words = names(history)
    rows = sorted(standing(history), key=lambda row: (natural(words[row.benchmark]), row.machine))
    each = history.drop_duplicates("order")["commit"]
    commits = set(each.str.rstrip("+")) - {git.UNKNOWN}
    return pages.render(
        "history.html",
        ("report.css", "history.css"),
        runs=_plural(len(each), "recorded run"),
        commits=_plural(len(commits), "commit"),
        machines=sorted(history["machine"].unique()),
        dirty=int(each.str.endswith("+").sum()),
        problems=problems,
        notes=notes,
        absent=_absent(history),
        summary=" ".join(summary(history)),
        fewest=fewest_runs(),
        first=first(rows, words),
        names=words,
        changes=found_changes(history),
        change=_change,
        heads=list(LATEST),
        latest=[_latest(row, words) for row in rows if row.ours],
        others=[_latest(row, words) for row in rows if not row.ours],
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


def write(storages: Iterable[Path], csv: str | Path, html: str | Path, repository: Path) -> list[str]:
    """Write the table and the page of all runs of some storages.

    Parameters
    ----------
    storages
        Folders of pytest-benchmark's file storage.
    csv, html
        Files to write.
    repository
        The project's folder; its commits give the order.

    Returns
    -------
    list of str
        What was left out and what else a user must know, a line each; the page says it too.
    """
    runs, problems = benchmarks.read(storages)
    runs, notes = ancestry.ordered(runs, repository)
    history = table(runs)
    store.write(history, HISTORY, csv)
    with replacing(Path(html)) as temporary:
        temporary.write_text(page(history, problems, notes), encoding="utf-8")
    return [*problems, *notes]
