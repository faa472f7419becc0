"""The first screen: the answer in three numbers, and in a few sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from study import wording
from study.figures.style import NAMES, TARGETS
from study.report.words import interval, ratio, spread
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
    others
        The slowdown from there otherwise, each with what differs and its interval: at equal rates with MSE
        without its factor 1/2, and with the best rate for each loss.
    detail
        Of which runs.
    """

    value: str
    interval: str
    label: str
    others: tuple[tuple[str, str], ...]
    detail: str


def cards(found: Mapping[str, Any], level: float = LEVEL) -> list[Card]:
    """Make the cards of the first screen from `study.report.answers.answer`: at most three."""
    out: list[Card] = []
    for start, label, what in _entries(found):
        value = start["equal"]
        of = "as many" if out else "as many steps as BCE"
        detail = f"{what}; {_paired(value)}{spread(start['spread'])}.{_steps(value)}"
        out.append(
            Card(ratio(value), interval(value, level), f"{of} {label}", tuple(_others(start, level)), detail)
        )
    return out


def _entries(found: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str, str]]:
    """Yield each start of the first screen, its label, and what it is."""
    if _known(found["zero"]):
        yield found["zero"], "from a neutral start", "All parameters zero"
    if _known(found["ordinary"]):
        size = wording.number(found["ordinary"]["scale"])
        label = "from an ordinary small random start, on real data"
        yield found["ordinary"], label, f"Normal parameters of size {size}"
    if _known(found["sure_wrong"]):
        what = f"The median sample is given its wrong class with probability {found['confidence']:g}"
        yield found["sure_wrong"], "from a confidently wrong start", what


def _known(start: Mapping[str, Any] | None) -> bool:
    """Whether a slowdown at equal rates, or a bound of it, is known from a kind of start."""
    return start is not None and start["equal"] is not None and bool(start["equal"]["slowdown"] > 0)


def _paired(summary: Mapping[str, Any]) -> str:
    count = summary["starts"]
    text = f"{wording.count(count)} paired {'start' if count == 1 else 'starts'}"
    if summary["at_start"]:
        text += f", in {wording.count(summary['at_start'])} of which the target held before the first step"
    return text


def _steps(summary: Mapping[str, Any]) -> str:
    """Say how many steps there are behind a ratio, and how often MSE was slower or faster."""
    mse, bce = (wording.steps(summary[f"{loss}_median"], summary["budget"]) for loss in LOSSES)
    compared = wording.count(summary["starts"] - summary["at_start"])
    counts = f"slower in {wording.count(summary['slower'])} and faster in {wording.count(summary['faster'])}"
    return f" Median steps: MSE {mse}, BCE {bce}. MSE was {counts} of {compared} pairs."


def _others(start: Mapping[str, Any], level: float) -> Iterator[tuple[str, str]]:
    """Yield the slowdown under the other policies of the first screen, and what is to be said of each."""
    without, tuned = start["equal_no_half"], start["tuned"]
    if without is not None:
        said = interval(without, level)
        yield ratio(without), f"at the same rate with MSE without its \N{VULGAR FRACTION ONE HALF} ({said})"
    if tuned is not None:
        edge = f"; {_edge(start['edges'])}" if start["edges"] else ""
        yield ratio(tuned), f"with the best rate for each loss ({interval(tuned, level)}{edge})"


def _edge(cells: int) -> str:
    return f"in {cells} of the data sets MSE's is the largest tried, a larger one might do better"


def lede(found: Mapping[str, Any]) -> list[str]:
    """Answer the question in a few sentences, from the numbers alone."""
    starts = [(label, start) for start, label, _ in _entries(found)]
    starts = [starts[0], starts[-1]] if len(starts) > 2 else starts
    if not starts:
        return []
    listed = _listed(starts, "equal")
    out = [
        f"By plain gradient descent on a linear model, at the same learning rate, MSE takes {listed}.",
        (
            "The reason: MSE's gradient carries a factor p (1 \N{MINUS SIGN} p), a quarter where the model "
            "is unsure, that vanishes where the model is sure, even where it is wrong."
        ),
    ]
    clauses = [
        f"{text}, {_values(starts, policy)}"
        for policy, text in _POLICIES.items()
        if all(start[policy] for _, start in starts)
    ]
    if clauses:
        out.insert(1, f"{'; '.join(clauses)}.")
    return out


_POLICIES: Final = {
    "equal_no_half": "Without its factor \N{VULGAR FRACTION ONE HALF}, as MSE is in PyTorch and Keras",
    "tuned": "with the best rate for each loss",
}


def _listed(starts: list[tuple[str, Mapping[str, Any]]], policy: str) -> str:
    """Write the slowdown from each start with the start's name."""
    (label, first), *more = starts
    text = f"{ratio(first[policy])} as many steps as BCE {label}"
    return text + "".join(f", and {ratio(start[policy])} as many {where}" for where, start in more)


def _values(starts: list[tuple[str, Mapping[str, Any]]], policy: str) -> str:
    """Write the slowdown from each start, in the order of the first sentence."""
    return " and ".join(ratio(start[policy]) for _, start in starts)


_TARGETS: Final = {
    "accuracy": "its accuracy has come nine tenths of the way from that of always naming the larger class",
    "brier": (
        "its Brier score, the mean squared error of its probabilities, has come nine tenths of the way from "
        "that of the "
        "base rate"
    ),
    "logloss": "its log loss has come nine tenths of the way from that of the base rate",
}


def counting(found: Mapping[str, Any], hold: int) -> list[str]:
    """Say when a run has arrived, at which rate, what the intervals are, and how many did not arrive.

    Parameters
    ----------
    found
        From `study.report.answers.answer`.
    hold
        Steps in a row for which a target has to hold.
    """
    target, rate = found["target"], wording.number(found["rate"])
    score = _TARGETS.get(target, TARGETS.get(target, target))
    stays = f" and stays there for {hold} steps" if hold > 1 else ""
    out = [
        (
            f"A run has arrived when {score} to what the optima of both losses attain{stays}. Both losses "
            "start from the same parameters. The same learning rate is "
            f"{rate}/L, L being BCE's largest curvature on the data. "
            f"Intervals are over {_drawn(found)}."
        )
    ]
    out += [text for part, where in _RATES.items() if (text := _missing(found["unfinished"], part, where))]
    if len(out) == 1 and found["unfinished"]:
        out.append("Every run arrived within the budget.")
    elif len(out) > 1:
        out.append("They count as later than the budget; by how much is not known.")
    return out


def _drawn(found: Mapping[str, Any]) -> str:
    """Say what the bootstrap draws: data sets where there are several."""
    several = any(start["spread"] and start["spread"]["cells"] > 1 for start, _, _ in _entries(found))
    return "data sets and seeds" if several else "seeds"


_RATES: Final = {
    "stable": "At learning rates up to each loss's own 1/L, where every step lowers the loss",
    "above": "At the larger rates, where the loss can rise",
}


def _missing(ends: Mapping[str, Mapping[str, tuple[int, int]]], part: str, where: str) -> str:
    """Say which share of the runs had not arrived at some of the rates; nothing where all had."""
    shares = {loss: ends[loss][part] for loss in LOSSES if part in ends.get(loss, {})}
    if not any(missed for missed, _ in shares.values()):
        return ""
    said = [f"{wording.percent(*share)} of the {NAMES[loss]} runs" for loss, share in shares.items()]
    return f"{where}, {' and '.join(said)} had not arrived when their budget ended."
