"""The first screen: the answer in three numbers, and in a few sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from study import statistics, wording
from study.figures.style import NAMES
from study.report.words import interval, place, ratio, spread


@dataclass(frozen=True)
class Card:
    """One of the numbers of the first screen: the number, its interval or what bounds it, what it is, and where."""

    value: str
    interval: str
    label: str
    detail: str


def cards(found: Mapping[str, Any], level: float = statistics.LEVEL) -> list[Card]:
    """Make the cards of the first screen from `study.statistics.answer`: those of the three that the study can fill."""
    out = []
    rate = wording.number(found["rate"])
    if (zero := found["zero"]) is not None:
        where = (
            f"All parameters zero, same learning rate ({rate}/L), {zero['starts']} paired starts on all data sets, "
            f"{spread(found['zero_spread'])}. The law: 4 while logits are small, more as they grow."
        )
        out.append(Card(ratio(zero), interval(zero, level), "as many steps as BCE, from a neutral start", where))
    if found["featured"] is not None:
        entry = found["wrong"][found["featured"]]
        scale = wording.number(entry["scale"])
        where = (
            f"{place(found['setting'])}, wrong start of size {scale}, same learning rate. "
            f"Over all data sets at this size, {spread(found['wrong_spread'])}."
        )
        out.append(
            Card(
                ratio(entry["equal"]), interval(entry["equal"], level), "as many, from a confidently wrong start", where
            )
        )
        if (tuned := entry["tuned"]) is not None:
            rates = f"MSE at {_rate(tuned, 'mse')}/L, BCE at {_rate(tuned, 'bce')}/L, chosen on seeds of their own."
            out.append(Card(ratio(tuned), interval(tuned, level), "from that start, each loss at its best rate", rates))
    return out


def _rate(record: Mapping[str, Any], loss: str) -> str:
    return wording.number(float(record[f"rate_{loss}"]))


def lede(found: Mapping[str, Any]) -> list[str]:
    """Answer the question in two or three sentences, from the numbers alone."""
    out = []
    first = []
    if found["zero"] is not None:
        first.append(f"from a neutral start, MSE takes {ratio(found['zero'])} as many steps as BCE")
    if found["featured"] is not None:
        sizes = [f"{ratio(entry['equal'])} at size {wording.number(entry['scale'])}" for entry in _told(found)]
        listed = sizes[0] if len(sizes) == 1 else f"{', '.join(sizes[:-1])} and {sizes[-1]}"
        first.append(
            f"from one that is confidently wrong, {listed} ({place(found['setting'])}; size is the "
            "length of the wrong parameters)"
        )
    if first:
        text = "; ".join(first)
        out.append(f"At the same learning rate: {text}.")
        out.append(
            "The reason: MSE's gradient carries a factor p (1 \N{MINUS SIGN} p) that vanishes where the model is sure, "
            "even where it is wrong."
        )
    if (ordinary := found["ordinary"]) is not None and ordinary["equal"] is not None:
        out.append(
            f"On real data from an ordinary small random start: {ratio(ordinary['equal'])} at equal rates"
            + (f", {ratio(ordinary['tuned'])} with the best rate for each." if ordinary["tuned"] is not None else ".")
        )
    ends = found["unfinished"]
    missed = {loss: ends[loss] for loss in statistics.LOSSES if loss in ends and ends[loss][0]}
    if missed:
        shares = [f"{wording.percent(*share)} of the {NAMES[loss]} runs" for loss, share in missed.items()]
        out.append(f"Over all starts and learning rates, {' and '.join(shares)} did not arrive within the budget.")
    elif ends:
        out.append("Every run arrived within the budget.")
    return out


def _told(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Choose at most three wrong starts whose slowdown is known: the smallest, a middle one and the largest."""
    known = [e for e in found["wrong"] if e["equal"] is not None and e["equal"]["slowdown"] > 0]
    return [known[i] for i in sorted({0, len(known) // 2, len(known) - 1})]
