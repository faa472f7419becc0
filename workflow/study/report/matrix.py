"""The table of the first screen: methods by starts, each cell a ratio on a bar, its interval, its steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from study import wording
from study.report import methods
from study.report.words import ends_of_interval, times

SWITCH: Final = {
    "equal": "same rate for both",
    "equal_no_half": "same rate, MSE without its \N{VULGAR FRACTION ONE HALF} (PyTorch, Keras)",
    "tuned": "best rate for each",
}
"""What the reader can choose between, by policy, in this order."""

WIDTH: Final = 100.0
"""Of a bar's picture, in its own units."""


@dataclass(frozen=True)
class Cell:
    """A cell under one policy.

    Attributes
    ----------
    policy
        A key of `SWITCH`.
    value, interval, steps
        The ratio, its interval or that it is a bound, and the median steps with MSE and with BCE, as text.
    css
        `slower` where MSE takes more steps by the whole interval, `faster` where fewer, else `same`.
    bar, whisker
        Left end and length on the logarithmic scale, from 0 to `WIDTH`; None where there is none to draw.
    """

    policy: str
    value: str
    interval: str
    steps: str
    css: str
    bar: tuple[float, float] | None
    whisker: tuple[float, float] | None


@dataclass(frozen=True)
class Matrix:
    """The table: its starts, a row of cells by start for each method, the policies that have any cell.

    A start has a name and what it is made of; `one` is where a bar of ratio 1 would end; `runs` says how many
    pairs are behind a cell, and `rates` which rates are the same.
    """

    starts: list[tuple[str, str]]
    rows: list[tuple[str, list[list[Cell]]]]
    policies: dict[str, str]
    one: float
    runs: str
    rates: str


def matrix(table: pd.DataFrame, target: str) -> Matrix:
    """Lay out the table `comparisons` for the first screen; without rows where the study has no method."""
    rows = methods.shown(table, target)
    rows = rows[rows["policy"].isin(list(SWITCH))]
    starts = methods.starts_of_rows(rows)
    scale = _Scale(rows)
    body = []
    for label in dict.fromkeys(rows["label"]):
        of_method = rows[rows["label"] == label]
        body.append((_method(label), [_cells(methods.from_start(of_method, s), scale) for s in starts]))
    there = {policy: name for policy, name in SWITCH.items() if (rows["policy"] == policy).any()}
    named = [(methods.start_name(*start), methods.start_detail(*start)) for start in starts]
    return Matrix(named, body, there, scale.at(1.0), _runs(rows), methods.common_rates(rows))


class _Scale:
    """The logarithmic scale of all bars: it holds 1, every ratio and every end of an interval."""

    def __init__(self, rows: pd.DataFrame) -> None:
        known = rows[rows["slowdown"] > 0]
        values = [1.0, *known["slowdown"], *known["slowdown_low"], *known["slowdown_high"]]
        logs = [math.log(value) for value in values if 0 < value < math.inf]
        self._low, self._high = min(logs), max(*logs, min(logs) + 1.0)

    def at(self, value: float) -> float:
        """Place of a ratio, within the scale."""
        share = (math.log(max(value, 1e-9)) - self._low) / (self._high - self._low)
        return round(WIDTH * min(max(share, 0.0), 1.0), 1)


def _cells(rows: pd.DataFrame, scale: _Scale) -> list[Cell]:
    found = {row["policy"]: row for row in rows.to_dict("records")}
    return [_cell(found[policy], scale) for policy in SWITCH if policy in found]


def _cell(row: Mapping[Any, Any], scale: _Scale) -> Cell:
    ratio, bound, policy = float(row["slowdown"]), bool(row["slowdown_bound"]), str(row["policy"])
    steps = [wording.steps(row[f"{side}_median"], row["budget"]) for side in ("contender", "baseline")]
    said = f"{steps[0]} : {steps[1]}"
    if not ratio > 0:
        words = str(row["text"]).replace("x", "\N{MULTIPLICATION SIGN}")
        return Cell(policy, words, "", said, "same", None, None)
    left, right = sorted((scale.at(1.0), scale.at(ratio)))
    # What is known of a bound is that the ratio is at least as large.
    low, high = (ratio, math.inf) if bound else (float(row["slowdown_low"]), float(row["slowdown_high"]))
    css = "slower" if low > 1 else "faster" if high < 1 else "same"
    whisker = None if bound else (scale.at(low), round(scale.at(high) - scale.at(low), 1))
    interval = "at least" if bound else ends_of_interval(low, high)
    bar = (left, round(right - left, 1))
    return Cell(policy, times(ratio, bound=bound), interval, said, css, bar, whisker)


def _method(label: str) -> str:
    """Name a method as readers do: the momentum's default needs no number."""
    return f"{label[0].upper()}{label[1:]}".replace("(", " (")


def _runs(rows: pd.DataFrame) -> str:
    """Say how many pairs are behind a cell, and on how many data sets, those without a ratio among them."""
    if rows.empty:
        return ""
    least, most = (wording.count(int(end)) for end in (rows["starts"].min(), rows["starts"].max()))
    pairs = most if least == most else f"{least} to {most}"
    return f"{pairs} pairs of runs on {wording.count(int(rows['cells'].max()))} data sets"


def lead(table: pd.DataFrame, target: str, level: float) -> list[str]:
    """Answer the question for gradient descent in a sentence, from rows of the table; none without them."""
    found = methods.ends(table, target, "gradient descent")
    if not found:
        return []
    plain, wrong = found["equal"]
    start = methods.start_name(plain["initialisation"], plain["scale"])
    text = (
        "Trained by gradient descent at the same learning rate, mean squared error (MSE) takes "
        f"{methods.said(plain)}{methods.remark(plain, level)} as many steps as binary cross-entropy (BCE) "
        f"from an {start} and {methods.said(wrong)}{methods.remark(wrong, level)} from one that is "
        f"{methods.start_name(wrong['initialisation'], wrong['scale'])}"
    )
    return [f"{text}{methods.at_best(found)}."]
