"""Counts of runs, pairs and answers that claims are judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from study.statistics.answers import HEADLINE

__all__ = [
    "SHOWN", "Against", "Answer", "Arrivals", "Order", "Outcome", "against_zero", "answered", "arrived",
    "escapes",
]  # fmt: skip

LOSSES: Final = ("mse", "bce")

SHOWN: Final = ("zero", "normal", "sure_wrong", "sure_right")
"""Initialisations whose answers are judged, in this order."""

Outcome = Literal["slower", "no slower", "undecided", "edge", "vague", "at start"]


@dataclass(frozen=True)
class Arrivals:
    """Runs that had not met their target at step 0, how many reached it, and the largest budget in steps."""

    runs: int
    reached: int
    budget: int


@dataclass(frozen=True)
class Answer:
    """A start of the table `answers` under one policy, to one target.

    Attributes
    ----------
    initialisation, scale, policy, target
        Its key.
    outcome
        `slower`: the interval of MSE's slowdown lies above 1; `no slower`: it lies nowhere above 1; else
        `undecided`. Undecided as well are `edge`: slower, but MSE's best rate is the largest tried on more
        than half of the data sets, so that a larger one might do better; and `vague`: the interval is 0 to
        inf. `at start`: most starts met the target at step 0; what is left is not typical and not judged.
    text
        The slowdown with its interval.
    slower, faster, pairs
        Of the pairs in which the target was not met at step 0, in how many MSE needed more steps, and fewer.
    """

    initialisation: str
    scale: float
    policy: str
    target: str
    outcome: Outcome
    text: str
    slower: int
    faster: int
    pairs: int


@dataclass(frozen=True)
class Order:
    """Pairs of runs by which arrived first; `unknown` where neither arrived."""

    earlier: int
    same: int
    later: int
    unknown: int

    @property
    def total(self) -> int:
        """How many pairs can be compared."""
        return self.earlier + self.same + self.later


@dataclass(frozen=True)
class Against:
    """Runs from a start compared with those from theta = 0: on separable data or on others, to one target."""

    separable: bool
    initialisation: str
    scale: float
    target: str
    order: Order


def arrived(rows: pd.DataFrame) -> Arrivals:
    """Add up rows of the table `arrivals`, all of one target."""
    there = int(rows["at_start"].sum())
    budget = int(rows["budget"].max()) if len(rows) else 0
    return Arrivals(int(rows["runs"].sum()) - there, int(rows["reached"].sum()) - there, budget)


def escapes(runs: pd.DataFrame, own: Mapping[str, float]) -> tuple[float, dict[tuple[str, bool], Arrivals]]:
    """Count the runs from the surest wrong starts, each once: it has arrived if it met all of its targets.

    Parameters
    ----------
    runs
        Rows of the table `runs`, those from `sure_wrong` among them.
    own
        Each loss's own 1/L in units of 1/L_BCE.

    Returns
    -------
    scale
        The largest of `sure_wrong`; nan if there is none.
    arrivals
        By loss, and whether the rate is at most the loss's own 1/L.
    """
    wrong = runs[runs["initialisation"] == "sure_wrong"]
    largest = wrong[wrong["scale"] == wrong["scale"].max()]
    each = largest.assign(
        met=largest["status"] == "reached",
        there=largest["step"] == 0,
        own=largest["loss"].map(own).astype(float),
    )
    once = each.groupby("run", as_index=False).agg(
        {"loss": "first", "rate": "first", "own": "first", "met": "all", "there": "all", "max_steps": "first"}
    )
    once = once[~once["there"].astype(bool)]
    stable = once["rate"] <= once["own"] * (1 + 1e-9)
    found = {}
    for loss in LOSSES:
        for safe in (True, False):
            rows = once[(once["loss"] == loss) & (stable == safe)]
            budget = int(rows["max_steps"].max()) if len(rows) else 0
            found[loss, safe] = Arrivals(len(rows), int(rows["met"].sum()), budget)
    return float(wrong["scale"].max()), found


def answered(answers: pd.DataFrame) -> tuple[Answer, ...]:
    """Read the table `answers`: of each start pooled over data sets whether MSE is slower.

    Rows of the headline setting alone are left out.
    """
    rows = answers[answers["data"] != HEADLINE]
    found = [
        Answer(
            initialisation=row["initialisation"],
            scale=float(row["scale"]),
            policy=row["policy"],
            target=row["target"],
            outcome=_outcome(row),
            text=row["text"],
            slower=int(row["slower"]),
            faster=int(row["faster"]),
            pairs=int(row["starts"] - row["at_start"]),
        )
        for row in rows.to_dict("records")
    ]
    return tuple(sorted(found, key=lambda a: (SHOWN.index(a.initialisation), a.scale, a.policy, a.target)))


def _outcome(row: Mapping[Any, Any]) -> Outcome:
    low, high = row["slowdown_low"], row["slowdown_high"]
    if 2 * row["at_start"] > row["starts"]:
        return "at start"
    if low > 1:
        at_edge = row["policy"] == "tuned" and 2 * row["at_largest_rate"] > row["cells"]
        return "edge" if at_edge else "slower"
    if high <= 1:
        return "no slower"
    return "vague" if low == 0 and np.isinf(high) else "undecided"


def against_zero(runs: pd.DataFrame, data: pd.DataFrame) -> tuple[Against, ...]:
    """Compare MSE runs from sure starts with those from zero at the same data, rate and target.

    Parameters
    ----------
    runs
        Rows of the table `runs`.
    data
        The table of data sets.

    Notes
    -----
    Rates are those up to 1/L_BCE. A run that did not arrive counts as later than one that did.
    """
    rows = runs[(runs["loss"] == "mse") & (runs["rate"] <= 1.0)]
    rows = rows.assign(time=rows["step"].astype(np.float64).where(rows["status"] == "reached", np.inf))
    shared = ["data", "rate", "target"]
    zero = rows.loc[rows["initialisation"] == "zero", [*shared, "time"]]
    pairs = rows[rows["initialisation"].isin(["sure_right", "sure_wrong"])]
    pairs = pairs.merge(zero, on=shared, suffixes=("", "_zero")).merge(data[["data", "separable"]], on="data")
    pairs["order"] = np.select(
        [
            np.isinf(pairs["time"]) & np.isinf(pairs["time_zero"]),
            pairs["time"] < pairs["time_zero"],
            pairs["time"] > pairs["time_zero"],
        ],
        ["unknown", "earlier", "later"],
        "same",
    )
    groups: Any = pairs.groupby(["separable", "initialisation", "scale", "target"])
    return tuple(
        Against(bool(separable), str(name), float(scale), str(target), _order(group["order"]))
        for (separable, name, scale, target), group in groups
    )


def _order(found: pd.Series[str]) -> Order:
    return Order(*(int((found == name).sum()) for name in ("earlier", "same", "later", "unknown")))
