"""Numbers, intervals and places in the words of the report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from study import wording
from study.figures.choice import separability_name
from study.statistics.bootstrap import enough

MARKS: Final = {
    "holds": "\N{CHECK MARK}",
    "holds in the limit": "\N{ALMOST EQUAL TO}",
    "holds in part": "\N{CIRCLE WITH LEFT HALF BLACK}",
    "fails": "\N{MULTIPLICATION X}",
    "left open": "?",
}
"""A mark for each verdict, each of a different shape; the word is always next to it."""


SOURCES: Final = {"article": "the article", "review": "the review of it", "neither": "neither text"}
"""Who makes a claim, in the order of the report."""


def verdict_text(verdict: str) -> str:
    """Write a verdict: its mark and its word."""
    return f"{MARKS.get(verdict, '')} {verdict}".strip()


def times(value: float, *, bound: bool = False) -> str:
    """Write a ratio as the page does: ``13.9\N{MULTIPLICATION SIGN}``, ``> 812\N{MULTIPLICATION SIGN}``."""
    digits = wording.number(value, rounding="down" if bound else "nearest")
    return f"{'> ' if bound else ''}{digits}\N{MULTIPLICATION SIGN}"


def ratio(record: Mapping[str, Any] | None) -> str:
    """Write the slowdown of a summary; a bound as a bound, `unknown` where nothing is known."""
    if record is None or math.isnan(record["slowdown"]):
        return "none"
    if record["slowdown"] == 0:
        return str(record["text"]).replace("x", "\N{MULTIPLICATION SIGN}")
    return times(record["slowdown"], bound=bool(record["slowdown_bound"]))


def interval(record: Mapping[str, Any], level: float) -> str:
    """Write the interval of a slowdown at a confidence level, what makes it a bound, or why there is none.

    A 0 in the record means not known (see `study.statistics.pairs.pairs`); it is never printed
    as a number.
    """
    if math.isnan(record["slowdown"]):
        return f"the target held before the first step in {record['at_start']} of {record['starts']} pairs"
    if record["slowdown"] == 0:
        return _missed_by_bce(record)
    if record["slowdown_bound"]:
        missed = int(record["mse_censored"] + record["mse_diverged"])
        return (
            f"a lower bound: {missed} of {record['starts']} MSE runs had not arrived "
            f"after {wording.count(int(record['budget']))} steps"
        )
    share, pairs = f"{100 * level:g}% interval", int(record["starts"] - record["at_start"])
    if not enough(pairs, level):
        return f"no {share}: {pairs} {'pair is' if pairs == 1 else 'pairs are'} too few"
    return f"{share} {_limits(float(record['slowdown_low']), float(record['slowdown_high']))}"


def ends_of_interval(low: float, high: float) -> str:
    """Write an interval; 0 and inf are open ends."""
    if low > 0 and math.isfinite(high):
        return f"{wording.number(low)} to {wording.number(high)}"
    if math.isfinite(high):
        return f"up to {wording.number(high)}"
    return f"from {wording.number(low)}" if low > 0 else "no interval"


def _limits(low: float, high: float) -> str:
    """Write the ends of an interval; 0 and inf mean unbounded."""
    if math.isinf(high):
        return f"from {wording.number(low)}, no upper limit" if low else "without limits"
    return (
        f"{wording.number(low)} to {wording.number(high)}"
        if low
        else f"up to {wording.number(high)}, no lower limit"
    )


def _missed_by_bce(record: Mapping[str, Any]) -> str:
    """Say in how many pairs BCE had not arrived: at least half, so at most an upper limit is known."""
    pairs = int(record["starts"] - record["at_start"])
    late = f"arrived after {wording.count(int(record['budget']))} steps"
    if not record["slowdown_bound"]:
        return f"an upper limit: in {record['bce_missed']} of {pairs} pairs BCE had not {late}, MSE had"
    alone = f", in {record['bce_missed']} only MSE had" if record["bce_missed"] else ""
    return f"in {record['both_missed']} of {pairs} pairs neither loss had {late}{alone}"


def spread(ends: Mapping[str, Any] | None) -> str:
    """Say, as the end of a sentence, between which values cells lie, one per data set."""
    if ends is None:
        return ""
    low, high = (times(value, bound=bound) for value, bound in (ends["lowest"], ends["highest"]))
    if ends["cells"] == 1:
        return f": {low} on one data set"
    return f": {low if low == high else f'from {low} to {high}'} over {ends['cells']} data sets"


def data_name(dataset: str) -> str:
    """Name a data set in a sentence."""
    return "two Gaussian classes" if dataset == "gaussian" else f"{dataset} data"


def place(setting: tuple[str, float] | None) -> str:
    """Name the data and how far apart its classes are; nothing for None."""
    if setting is None:
        return ""
    name, symbol, apart = data_name(setting[0]), separability_name(setting[0]), wording.number(setting[1])
    if setting[0] == "gaussian":
        return f"{name} {apart} standard deviations apart ({symbol} = {apart})"
    return f"{name}, {symbol} = {apart}"


def level_text(value: float) -> str:
    """Write a separability; of data that come as they are there is none."""
    return "as it is" if math.isnan(value) else wording.number(value)


def start_text(initialisation: str, scale: float) -> str:
    """Name a start with its size."""
    if initialisation.startswith("sure_"):
        return f"{initialisation.replace('_', ' ')} {scale:g}"
    return initialisation if initialisation == "zero" else f"{initialisation} {wording.number(scale)}"


def range_text(values: pd.Series[Any]) -> str:
    """Say between which values a column lies."""
    if values.empty:
        return "none"
    low, high = wording.number(float(values.min())), wording.number(float(values.max()))
    return low if low == high else f"{low} to {high}"
