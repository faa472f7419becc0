"""The history of the benchmarks: recorded runs to one table, and where their levels change.

Machines are kept apart. What puts them on one scale is the calibrated time: the time over the machine's ceiling, measured
before the same round, so that a slow machine and a bad moment mostly cancel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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
from study.tables import tables

__all__ = ["OURS", "Change", "found_changes", "median_interval", "table"]

Floats = npt.NDArray[np.float64]

OURS: Final = "kernels"
"""The solver that peers are compared with."""


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
    columns = [c for c in tables.TABLES["history"].dtypes if c not in {"level", "changed"} and "calibrated_c" not in c]
    frame = pd.DataFrame(rows, columns=[c for c in columns if c != "calibrated_level"])
    return tables.conform(_with_levels(frame), "history")


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
