"""The first screen: the answer in three numbers, and in a few sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from study import wording
from study.figures.style import NAMES, TARGETS
from study.report.words import capped, data_name, interval, place, ratio, spread
from study.statistics.pairs import LOSSES
from study.statistics.survival import LEVEL


@dataclass(frozen=True)
class Card:
    """One of the numbers of the first screen.

    Attributes
    ----------
    value, interval
        The slowdown at equal rates, and its interval or what bounds it.
    label
        From which start.
    tuned, tuned_label
        The slowdown from there with the best rate for each loss, and what it is, with its interval; empty if
        not known.
    detail
        Which runs these are.
    """

    value: str
    interval: str
    label: str
    tuned: str
    tuned_label: str
    detail: str


def cards(found: Mapping[str, Any], level: float = LEVEL) -> list[Card]:
    """Make the cards of the first screen from `study.report.answers.answer`: at most three."""
    out: list[Card] = []
    for start, label, detail, edges in _entries(found):
        value, tuned = start["equal"], _tuned(start["tuned"], level, edges)
        of = "as many" if out else "as many steps as BCE"
        out.append(Card(ratio(value), interval(value, level), f"{of} {label}", *tuned, detail))
    return out


def _entries(found: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str, str, int]]:
    """Yield each start, its label, its detail, and in how many cells MSE's best rate is the largest tried."""
    zero, ordinary = found["zero"], found["ordinary"]
    if _known(zero):
        detail = (
            f"All parameters zero; {_paired(zero)}{spread(found['zero_spread'])}. "
            "In theory 4 while all logits are small, and more as they grow."
        )
        yield zero, "from a neutral start", detail, found["edges"]["zero"]
    if _known(ordinary):
        size = wording.number(ordinary["scale"])
        detail = f"Normal parameters of size {size}; {_paired(ordinary)}{spread(found['ordinary_spread'])}."
        yield (
            ordinary,
            "from an ordinary small random start, on real data",
            detail,
            found["edges"]["ordinary"],
        )
    if found["featured"] is not None:
        entry = found["wrong"][found["featured"]]
        detail = (
            f"Parameters of length {wording.number(entry['scale'])} that point the wrong way"
            f"{_sureness(found['setting'], entry)}; {place(found['setting'])}; {_paired(entry)}. "
            f"Starts of this size on all data{spread(found['wrong_spread'])}."
        )
        yield (
            entry,
            "from a confidently wrong start",
            detail,
            int(capped(entry["tuned"], found["largest_rate"])),
        )


def _paired(start: Mapping[str, Any]) -> str:
    count = start["equal"]["starts"]
    return f"{count} paired {'start' if count == 1 else 'starts'}"


def _known(start: Mapping[str, Any] | None) -> bool:
    """Whether a slowdown at equal rates, or a bound of it, is known from a kind of start."""
    return start is not None and start["equal"] is not None and bool(start["equal"]["slowdown"] > 0)


def _tuned(record: Mapping[str, Any] | None, level: float, edges: int) -> tuple[str, str]:
    """Write what remains with the best rate for each loss, and whether a larger one might do better."""
    if record is None:
        return "", ""
    rates = ""
    if "rate_mse" in record:
        mse, bce = (wording.number(float(record[f"rate_{loss}"])) for loss in LOSSES)
        rates = f"; MSE at {mse}/L, BCE at {bce}/L"
    edge = ""
    if edges:
        where = "this rate of MSE is" if rates else f"in {edges} of the data sets MSE's is"
        edge = f"; {where} the largest tried, a larger one might do better"
    return ratio(record), f"with the best rate for each loss ({interval(record, level)}{rates}{edge})"


def _sureness(setting: tuple[str, float], entry: Mapping[str, Any]) -> str:
    """Say how sure of the wrong class a start is: sigma(a d' / 2) in the middle of a Gaussian class."""
    if setting[0] != "gaussian":
        return ""
    sure = 1.0 / (1.0 + math.exp(-entry["scale"] * setting[1] / 2))
    share = "over 99.9%" if sure > 0.999 else f"{100 * sure:.3g}%"
    return f" (a sample in the middle of its class is taken for the other with {share} certainty)"


def lede(found: Mapping[str, Any]) -> list[str]:
    """Answer the question in two to four sentences, from the numbers alone."""
    starts = _starts(found)
    if not starts:
        return []
    (label, record), *more = starts
    sentence = f"MSE takes {ratio(record['equal'])} as many steps as BCE {label}"
    sentence += "".join(f", and {ratio(start['equal'])} as many {where}" for where, start in more)
    out = [
        f"At the same learning rate {sentence}.",
        (
            "The reason: MSE's gradient carries a factor p (1 \N{MINUS SIGN} p), a quarter where the model "
            "is unsure, that vanishes where the model is sure, even where it is wrong."
        ),
    ]
    tuned = [start["tuned"] for _, start in starts]
    if len(tuned) == 2 and all(tuned):
        out.insert(
            1, f"With the best rate for each loss the two are {ratio(tuned[0])} and {ratio(tuned[1])}."
        )
        if tuned[0]["slowdown"] < 2 < tuned[1]["slowdown"]:
            out.append("A larger rate makes up for a constant factor, but not for one that vanishes.")
    return out


def _starts(found: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """List the starts of the first sentence with their names: a mild one and a wrong one, if any."""
    mild = {
        "from a neutral start": found["zero"],
        "from an ordinary small start on real data": found["ordinary"],
    }
    out = [(label, start) for label, start in mild.items() if _known(start)][:1]
    if found["featured"] is not None:
        out.append(
            (
                f"from a confidently wrong start, on {data_name(found['setting'][0])}",
                found["wrong"][found["featured"]],
            )
        )
    return out


_TARGETS = {
    "accuracy": "its training accuracy is within 0.01 of the best that BCE reaches",
    "brier": (
        "its Brier score, the mean squared error of its probabilities, has come nine tenths of the way from "
        "that of predicting 1/2 throughout to the best possible"
    ),
    "logloss": (
        "its log loss has come nine tenths of the way from that of predicting 1/2 throughout to the best "
        "possible"
    ),
}


def counting(found: Mapping[str, Any]) -> list[str]:
    """Say when a run has arrived, at which rate, and how many did not."""
    target, rate = found["target"], wording.number(found["rate"])
    out = [
        (
            f"A run has arrived when {_TARGETS.get(target, TARGETS.get(target, target))}. Both losses start "
            f"from the same parameters. The same learning rate is {rate}/L, L being BCE's largest curvature "
            "on the data."
        )
    ]
    ends = found["unfinished"]
    missed = {loss: ends[loss] for loss in LOSSES if loss in ends and ends[loss][0]}
    if missed:
        shares = [f"{wording.percent(*share)} of the {NAMES[loss]} runs" for loss, share in missed.items()]
        out.append(
            f"Over all starts and learning rates, {' and '.join(shares)} had not arrived when their budget "
            "ended. None is left out: they count as later than that, by how much is not known."
        )
    elif ends:
        out.append("Every run arrived within the budget.")
    return out
