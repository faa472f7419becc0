"""What got slower and stayed so: benchmarks of the kernels whose level is slower than their best one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from study.benchmarks.history import is_ours, software_change
from study.errors import UserError
from study.schema import nearest

__all__ = ["Regression", "regressions", "report"]


@dataclass(frozen=True)
class Regression:
    """A benchmark whose level is slower than its best one.

    Attributes
    ----------
    benchmark, machine
        Of its latest run.
    before, commit
        The last commit on a level within the threshold, and the first one beyond.
    ratio
        Level of the latest run over the best level; above 1 is slower.
    calibrated
        The same of the calibrated time on all machines; nan where that is unknown.
    confirmed
        Whether the calibrated time says so too, or is unknown. If it does not, the machine may have changed.
    also
        What else changed between the two commits, such as a package; empty for nothing known.
    """

    benchmark: str
    machine: str
    before: str
    commit: str
    ratio: float
    calibrated: float
    confirmed: bool
    also: str

    def __str__(self) -> str:
        """Describe it in a line."""
        slower = f"+{100 * (self.ratio - 1):.1f}% since {self.commit} (after {self.before})"
        also = f"; changed with it: {self.also}" if self.also else ""
        return f"{self.benchmark}: {slower}, {self.machine}{also}"


def regressions(history: pd.DataFrame, threshold: float, accepted: str = "") -> list[Regression]:
    """Find the benchmarks of the kernels whose latest level is beyond a threshold.

    Parameters
    ----------
    history
        The table `history`.
    threshold
        How much slower than its best level a level may be, such as 0.05.
    accepted
        A commit of the history, or how it begins: what got slower up to its last run is accepted, because
        levels count from that run on. Empty for none.

    Returns
    -------
    list
        By benchmark. Peers are left out.

    Raises
    ------
    UserError
        No run of the history is of the commit `accepted`.
    """
    kept = history[history["order"] >= _last_run(history, accepted)]
    limit = 1 + threshold
    out = []
    for name, rows in kept.groupby("benchmark", sort=True):
        last = rows.iloc[-1]
        own = rows[rows["machine"] == last["machine"]]
        ratio = own["level"] / own["level"].min()
        if ratio.iloc[-1] <= limit or not is_ours(str(last["solver"])):
            continue
        begin = int(np.flatnonzero(ratio <= limit)[-1]) + 1
        calibrated = float(last["calibrated_level"] / rows["calibrated_level"].min())
        out.append(
            Regression(
                str(name),
                str(last["machine"]),
                str(own["commit"].iloc[begin - 1]),
                str(own["commit"].iloc[begin]),
                float(ratio.iloc[-1]),
                calibrated,
                not calibrated <= limit,
                software_change(*own["software"].iloc[begin - 1 : begin + 1]),
            )
        )
    return out


def report(found: Sequence[Regression], threshold: float) -> str:
    """Say what got slower, and how to accept that it did."""
    lines = [f"slower than the best level by more than {100 * threshold:g}%:", *map(str, found)]
    accept = f"--config 'benchmarks={{accepted: \"{found[-1].commit}\"}}'"
    return "\n".join(
        [*lines, f"to accept an intended slowdown, name its commit or a later one, such as {accept}"]
    )


def _last_run(history: pd.DataFrame, commit: str) -> int:
    """Return the number of the last run of a commit; 0 for none."""
    if not commit:
        return 0
    begin = commit if commit.endswith("+") else commit[:12]
    found = history["order"][history["commit"].str.startswith(begin)]
    if found.empty:
        raise UserError(
            f"benchmarks.accepted: no recorded run is of {commit!r}"
            f"{nearest(commit, history['commit'].unique())}; "
            "allowed: a commit of the history, or how it begins"
        )
    return int(found.max())
