"""The first screen: the answer in three numbers, and in a few sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from study import wording
from study.figures.style import NAMES, TARGETS
from study.report.words import interval, ratio, spread, times
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
        where = f"{spread(start['spread'])}{_on_real(start['real'])}"
        steps = _steps(value)
        detail = f"{what}; {_paired(value)}{where}. {steps[0].upper()}{steps[1:]}."
        others = tuple(_others(start, level))
        out.append(Card(ratio(value), interval(value, level), f"{of} {label}", others, detail))
    return out


def _entries(found: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str, str]]:
    """Yield each start of the first screen, its label, and what it is."""
    if _known(found["zero"]):
        yield found["zero"], "from an undecided start", "All parameters zero, every probability 1/2"
    if _known(found["ordinary"]):
        size = wording.number(found["ordinary"]["scale"])
        label = "from an ordinary small random start, on real data"
        yield found["ordinary"], label, f"Normally distributed parameters, standard deviation {size}"
    if _known(found["sure_wrong"]):
        several = len(found["confident"]) > 1
        surest = (
            max((start["scale"] for start in found["confident"]), default=math.nan) == found["confidence"]
        )
        chosen = f", the surest of the {len(found['confident'])} starts tried" if several and surest else ""
        what = (
            "Parameters against the direction of BCE's optimum, so long that the median sample is given "
            f"its wrong class with probability {found['confidence']:g}{chosen}"
        )
        yield found["sure_wrong"], "from a confidently wrong start", what


def _on_real(ends: Mapping[str, Any] | None) -> str:
    """Say, in brackets, between which values the real data lie."""
    if ends is None:
        return ""
    low, high = (times(value, bound=bound) for value, bound in (ends["lowest"], ends["highest"]))
    return f" ({low if low == high else f'{low} to {high}'} on the {ends['cells']} real ones)"


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
    """Say how many steps are behind a ratio, how often MSE was slower or faster, and what is missing."""
    mse, bce = (wording.steps(summary[f"{loss}_median"], summary["budget"]) for loss in LOSSES)
    compared = wording.count(summary["starts"] - summary["at_start"])
    text = (
        f"median steps MSE {mse}, BCE {bce}; MSE slower in {wording.count(summary['slower'])} and faster in "
    )
    text += f"{wording.count(summary['faster'])} of {compared} pairs"
    late = [
        f"{wording.count(missed)} of {NAMES[loss]}"
        for loss in LOSSES
        if (missed := int(summary[f"{loss}_censored"] + summary[f"{loss}_diverged"]))
    ]
    return f"{text}; not arrived within the budget: {' and '.join(late)}" if late else text


def _others(start: Mapping[str, Any], level: float) -> Iterator[tuple[str, str]]:
    """Yield the slowdown under the other policies of the first screen, and what is to be said of each."""
    without, tuned = start["equal_no_half"], start["tuned"]
    if without is not None:
        said = interval(without, level)
        yield ratio(without), f"at the same rate with MSE without its \N{VULGAR FRACTION ONE HALF} ({said})"
    if tuned is not None:
        edge = f"; {_edge(start['edges'])}" if start["edges"] else ""
        yield (
            ratio(tuned),
            f"with the best rate for each loss ({interval(tuned, level)}; {_steps(tuned)}{edge})",
        )


def _edge(cells: int) -> str:
    return f"in {cells} of the data sets MSE's is the largest tried, a larger one might do better"


def lede(found: Mapping[str, Any]) -> list[str]:
    """Answer the question in a few sentences, from the numbers alone."""
    starts = [(label, start) for start, label, _ in _entries(found)]
    starts = [starts[0], starts[-1]] if len(starts) > 2 else starts
    if not starts:
        return []
    listed, rate = _listed(starts, "equal"), wording.number(found["rate"])
    out = [
        f"By plain gradient descent on a linear model, at the learning rate {rate}/L, MSE takes {listed}.",
        (
            "The reason: MSE's gradient carries a factor p (1 \N{MINUS SIGN} p), twice that without the "
            "\N{VULGAR FRACTION ONE HALF}. It is at most a quarter, where the model is unsure, and vanishes "
            "where the model is sure, even where it is wrong."
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
    text = f"{ratio(first[policy])} as many steps as BCE {label}{_sure(first)}"
    return text + "".join(
        f", and {ratio(start[policy])} as many {where}{_sure(start)}" for where, start in more
    )


def _sure(start: Mapping[str, Any]) -> str:
    """Say how sure a sure start is."""
    return f" ({100 * start['scale']:g}% sure)" if start["initialisation"] == "sure_wrong" else ""


def _values(starts: list[tuple[str, Mapping[str, Any]]], policy: str) -> str:
    """Write the slowdown from each start, as in the first sentence; with the steps, where rates differ."""
    if policy != "tuned":
        return " and ".join(ratio(start[policy]) for _, start in starts)
    return " and ".join(f"{ratio(start[policy])} ({_medians(start[policy])})" for _, start in starts)


def _medians(summary: Mapping[str, Any]) -> str:
    mse, bce = (wording.steps(summary[f"{loss}_median"], summary["budget"]) for loss in LOSSES)
    return f"{mse} {'step' if mse == '1' else 'steps'} against {bce}"


_TARGETS: Final = {
    "accuracy": "accuracy has come nine tenths of the way from that of always naming the larger class",
    "brier": (
        "Brier score, the mean squared error of its probabilities, has come nine tenths of the way from that "
        "of the base rate"
    ),
    "logloss": "log loss has come nine tenths of the way from that of the base rate",
}


def unit(target: str, hold: int) -> list[str]:
    """Say what a number of steps counts, of which model and which MSE.

    Parameters
    ----------
    target
        The score whose target a run is to reach.
    hold
        Steps in a row for which it has to hold.
    """
    score = _TARGETS.get(target, TARGETS.get(target, target))
    stays = f", and stays there for {hold} steps" if hold > 1 else ""
    return [
        f"Steps are counted until a run's {score} to what both losses can attain{stays}.",
        "One sigmoid neuron, no hidden layer unless a row has one.",
        "MSE has its factor \N{VULGAR FRACTION ONE HALF} unless said otherwise.",
    ]


def counting(found: Mapping[str, Any]) -> list[str]:
    """Say at which rate the runs are, what the intervals are, and how many did not arrive.

    Parameters
    ----------
    found
        From `study.report.answers.answer`.
    """
    out = [
        (
            "Both losses start from the same parameters, on the same data, at "
            f"{wording.number(found['rate'])}/L unless said otherwise, L being BCE's largest curvature on "
            "the data. A ratio is the median over pairs of runs, not the ratio of median steps. Intervals "
            f"are over {_drawn(found)}."
        )
    ]
    out += _to_other_targets(found)
    missing = [text for part in ("stable", "above") if (text := _missing(found["unfinished"], part))]
    if missing:
        out += missing
        out.append(
            "A run that had not arrived counts as later than its budget; a pair in which only BCE had not, "
            "as a ratio of 0; one in which neither had, not at all."
        )
    elif found["unfinished"]:
        out.append("Every run arrived within the budget.")
    return out


def _to_other_targets(found: Mapping[str, Any]) -> list[str]:
    """Say what the numbers are to the other targets, in the order of the first sentence."""
    names = [name for name in ("zero", "sure_wrong") if _known(found[name])]
    clauses = [
        f"{' and '.join(ratio(rows[name]) for name in names)} to the {TARGETS.get(target, target)}"
        for target, rows in found["others"].items()
        if names and all(name in rows for name in names)
    ]
    return [f"To other targets the first sentence reads otherwise: {', '.join(clauses)}."] if clauses else []


def _drawn(found: Mapping[str, Any]) -> str:
    """Say what the bootstrap draws: data sets where there are several."""
    several = any(start["spread"] and start["spread"]["cells"] > 1 for start, _, _ in _entries(found))
    return "data sets and seeds" if several else "seeds"


def _missing(ends: Mapping[str, Mapping[str, tuple[int, int]]], part: str) -> str:
    """Say which share of the runs had not arrived at some of the rates; nothing where all had."""
    shares = {loss: ends[loss][part] for loss in LOSSES if part in ends.get(loss, {})}
    if not any(missed for missed, _ in shares.values()):
        return ""
    said = [f"{wording.percent(*share)} of the {NAMES[loss]} runs" for loss, share in shares.items()]
    return f"{_RATES[part]}, {' and '.join(said)} had not arrived when their budget ended."


_RATES: Final = {
    "stable": "Over all starts of the study, at rates up to each loss's own 1/L, where every step lowers it",
    "above": "At the larger rates, where the loss can rise",
}
