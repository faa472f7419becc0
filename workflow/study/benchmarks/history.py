"""The history of the benchmarks: recorded runs to one table, and where their levels change.

Machines are kept apart. What puts them on one scale is the calibrated time: the time over that of a reference
loop, measured before the same round, so that a slow machine and a bad moment mostly cancel.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from study.benchmarks import runs as benchmarks
from study.benchmarks.changepoints import changes
from study.benchmarks.tables import HISTORY
from study.tables.table import conform

__all__ = [
    "ALL",
    "OURS",
    "Change",
    "Series",
    "Standing",
    "found_changes",
    "is_ours",
    "median_interval",
    "series",
    "software_change",
    "standing",
    "table",
]

Floats = npt.NDArray[np.float64]

OURS: Final = "kernels"
"""The solver that peers are compared with."""

ALL: Final = "all, calibrated"
"""Name for all machines together, whose calibrated times can be compared."""


def median_interval(values: Floats) -> tuple[float, float, float]:
    """Return the median and its interval of 95% or more, from order statistics (of few values, the range)."""
    ordered = np.sort(values)
    low = _outside(len(values))
    return float(np.median(ordered)), float(ordered[low]), float(ordered[len(values) - 1 - low])


@cache
def _outside(size: int) -> int:
    """How many of `size` values a 95% interval of the median leaves out on each side."""
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
            known = len(measured.reference) > 0
            calibrated = median_interval(measured.seconds / measured.reference) if known else (math.nan,) * 3
            rows.append(
                {
                    "benchmark": name,
                    "order": order,
                    "file": run.file,
                    "commit": run.label,
                    "committed": run.committed,
                    "recorded": run.recorded,
                    "machine": run.machine,
                    "software": ", ".join(
                        f"{name} {version}" for name, version in sorted(run.software.items())
                    ),
                    "load": run.load[0],
                    "solver": measured.solver,
                    "group": measured.group,
                    "rounds": len(measured.seconds),
                    **dict(zip(("time", "time_low", "time_high"), time, strict=True)),
                    **dict(zip(("calibrated", "calibrated_low", "calibrated_high"), calibrated, strict=True)),
                    "peer_ratio": time[0] * 1e-9 / ours[measured.group]
                    if measured.group in ours
                    else math.nan,
                }
            )
    columns = [c for c in HISTORY.dtypes if c not in {"level", "changed"} and "calibrated_c" not in c]
    frame = pd.DataFrame(rows, columns=[c for c in columns if c != "calibrated_level"])
    return conform(_with_levels(frame), HISTORY)


def _with_levels(frame: pd.DataFrame) -> pd.DataFrame:
    """Add where the levels change: of the time on each machine, of the calibrated time on all together."""
    out = frame.assign(level=math.nan, changed=False, calibrated_level=math.nan, calibrated_changed=False)
    for part in series(frame):
        steps = changes(part.rows[part.value].to_numpy())
        edges = [0, *steps, len(part.rows)]
        for begin, end in pairwise(edges):
            out.loc[part.rows.index[begin:end], part.level] = part.rows[part.value].iloc[begin:end].median()
        out.loc[part.rows.index[steps], part.changed] = True
    return out


# --- Series and their levels --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Series:
    """The runs of a benchmark that can be compared: those on one machine, or the calibrated ones of all.

    Attributes
    ----------
    benchmark, machine
        What the runs are of; the machine is `ALL` for the calibrated times.
    value, level, changed
        Columns of the table `history`.
    rows
        Of the table, in order of runs.
    """

    benchmark: str
    machine: str
    value: str
    level: str
    changed: str
    rows: pd.DataFrame


def series(history: pd.DataFrame) -> Iterator[Series]:
    """Yield every series of a history: times machine by machine, then calibrated times."""
    for (name, machine), rows in history.groupby(["benchmark", "machine"], sort=True):
        yield Series(str(name), str(machine), "time", "level", "changed", rows)
    known = history[history["calibrated"].notna()]
    for name, rows in known.groupby("benchmark", sort=True):
        yield Series(str(name), ALL, "calibrated", "calibrated_level", "calibrated_changed", rows)


@dataclass(frozen=True)
class Change:
    """A step of a benchmark.

    Attributes
    ----------
    benchmark, machine
        Where the step is; the machine is `ALL` for a step of the calibrated time.
    before, commit, committed
        The last commit of the old level, the first of the new one, and its time.
    order
        Number of the first run of the new level.
    ratio
        New level over old level; above 1 is slower.
    runs
        Number of runs on the new level.
    also
        What else changed between the two runs: packages, Python, the benchmarks themselves; empty if nothing
        is known to have changed.
    """

    benchmark: str
    machine: str
    before: str
    commit: str
    committed: str
    order: int
    ratio: float
    runs: int
    also: str


def found_changes(history: pd.DataFrame) -> list[Change]:
    """List the steps of a history, the latest commit first."""
    out = []
    for part in series(history):
        places = [*np.flatnonzero(part.rows[part.changed]), len(part.rows)]
        for place, following in pairwise(places):
            new, old = part.rows.iloc[place], part.rows.iloc[place - 1]
            out.append(
                Change(
                    part.benchmark,
                    part.machine,
                    str(old["commit"]),
                    str(new["commit"]),
                    str(new["committed"]),
                    int(new["order"]),
                    float(new[part.level] / old[part.level]),
                    int(following - place),
                    software_change(str(old["software"]), str(new["software"])),
                )
            )
    return sorted(out, key=lambda change: change.order, reverse=True)


def software_change(before: str, after: str) -> str:
    """Say how the software of two runs differs; each is a text such as ``numba 0.68.1, numpy 2.4.6``."""
    old, new = (
        dict(part.rsplit(" ", 1) for part in text.split(", ") if " " in part) for text in (before, after)
    )
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return ", ".join(f"{name} {old.get(name, 'unknown')} to {new.get(name, 'unknown')}" for name in names)


@dataclass(frozen=True)
class Standing:
    """How the latest run of a benchmark on a machine compares with the earlier ones.

    Attributes
    ----------
    benchmark, machine, commit, ours
        Of the latest run; `ours` is false for a peer.
    time, low, high
        In ns, with the interval of the median of its rounds.
    before
        Its time over that of the run before; nan where there is none.
    rank, size
        Its place among the runs of its level, 1 being the fastest, and how many those are.
    levels
        How many levels there are.
    behind
        Its level over the lowest level; 1 on the best one.
    calibrated
        Its calibrated time; nan where unknown.
    runs
        Number of all runs of the benchmark on this machine.
    """

    benchmark: str
    machine: str
    commit: str
    ours: bool
    time: float
    low: float
    high: float
    before: float
    rank: int
    size: int
    levels: int
    behind: float
    calibrated: float
    runs: int


def standing(history: pd.DataFrame) -> list[Standing]:
    """Compare the latest run of each benchmark and machine with the earlier ones; the kernels' come first."""
    out = []
    for part in series(history):
        if part.machine == ALL:
            continue
        rows, last = part.rows, part.rows.iloc[-1]
        begins = np.flatnonzero(rows["changed"])
        own = rows["time"].to_numpy()[begins[-1] if len(begins) else 0 :]
        out.append(
            Standing(
                benchmark=part.benchmark,
                machine=part.machine,
                commit=str(last["commit"]),
                ours=is_ours(str(last["solver"])),
                time=float(last["time"]),
                low=float(last["time_low"]),
                high=float(last["time_high"]),
                before=float(last["time"] / rows["time"].iloc[-2]) if len(rows) > 1 else math.nan,
                rank=1 + int((own < own[-1]).sum()),
                size=len(own),
                levels=1 + len(begins),
                behind=float(last["level"] / rows["level"].min()),
                calibrated=float(last["calibrated"]),
                runs=len(rows),
            )
        )
    return sorted(out, key=lambda row: (not row.ours, row.benchmark, row.machine))


def is_ours(solver: str) -> bool:
    """Whether a solver is our own, not a peer."""
    return solver.startswith(OURS) or not solver
