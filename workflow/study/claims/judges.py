"""The judge of each claim: from the evidence to what was found and a verdict."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from study import wording
from study.claims.claim import FAILS, HOLDS, LIMIT, OPEN, Judgement

if TYPE_CHECKING:
    from study.claims.evidence import Arrivals, Cells, Evidence, Order


__all__ = ["DIFFERENCE", "KERNEL"]

DIFFERENCE: Final = 1e-30
"""Largest relative error of a formula against difference quotients; theirs is 1e-80, the step squared."""

KERNEL: Final = 1e-14
"""Largest relative error of the kernels against a formula: tens of units in the last place of float64."""

_POLICIES: Final = {
    "equal": "at equal rates",
    "smoothness": "with each loss at its own 1/L",
    "tuned": "with each loss at its best rate",
}


def _below(error: float) -> str:
    """Write a tiny number as the power of ten it lies below."""
    if not math.isfinite(error):
        return "without limit"
    return "0" if error == 0 else f"below 1e{math.floor(math.log10(error)) + 1}"


def _size(value: float) -> str:
    return wording.number(value) if value < 1e6 else f"{value:.1e}"


def _of(part: int, whole: int) -> str:
    return f"{wording.count(part)} of {wording.count(whole)}"


def _arrived(found: Arrivals) -> str:
    share = wording.percent(found.reached, found.runs)
    return f"{_of(found.reached, found.runs)} runs ({share}) within {wording.count(found.budget)} steps"


def _compared(found: Order) -> str:
    text = f"earlier in {wording.count(found.earlier)}, at the same step in {wording.count(found.same)}"
    return f"{text}, later in {wording.count(found.later)} of {wording.count(found.total)} pairs"


def one_square(label: int) -> Callable[[Evidence], Judgement]:
    """Judge whether the squared error of a class is p^2."""

    def judge(found: Evidence) -> Judgement:
        rest = found.identities.remainders[f"class {label} squared error, p^2"]
        other = found.identities.remainders[f"class {1 - label} squared error, p^2"]
        text = f"({label} - p)^2 - p^2 = {rest}; for the other class, ({1 - label} - p)^2 - p^2 = {other}."
        return text, HOLDS if rest == "0" else FAILS

    return judge


def same_direction(found: Evidence) -> Judgement:
    mse, bce = found.inputs["mse"], found.inputs["bce"]
    rest = found.identities.remainders["opposed mse"]
    text = (
        f"Algebra: the inner product is -(p (1 - p))^3 x.x (what remains: {rest}), never above 0. Numbers: "
        f"opposite at {_of(mse.opposite, mse.cases)} logits with MSE, at {_of(bce.opposite, bce.cases)} "
        "with BCE, so the two losses do not differ in this. (A logit at which a gradient is too small for "
        "float64 is left out.)"
    )
    return text, OPEN if mse.cases == 0 else HOLDS if mse.opposite == 0 else FAILS


def boundary(found: Evidence) -> Judgement:
    runs = found.boundary
    if runs.runs == 0:
        return "No MSE run of this study had an accuracy target to reach.", OPEN
    text = f"The accuracy target was reached by {_arrived(runs)}; runs that met it at step 0 are not counted."
    return text, FAILS if runs.reached else OPEN


def both_classes(found: Evidence) -> Judgement:
    own, other, inner = found.outputs["mse"], found.outputs["bce"], found.parameters["mse"]
    if own.cases == 0:
        return "This study has no data set with a start.", OPEN
    text = (
        f"The two classes pull their own outputs in opposite directions in {_of(own.opposite, own.cases)} "
        f"pairs of data set and start with MSE, in {_of(other.opposite, other.cases)} with BCE. In the "
        "space of parameters the gradients of the two classes agree (inner product above 0) in "
        f"{_of(inner.cases - inner.opposite, inner.cases)}: classes on either side of a plane turn it the "
        "same way, which is no fault."
    )
    return text, FAILS if own.opposite else HOLDS


_SAID: Final = {"slower": "holds", "open": "is left open", "not slower": "fails"}


def _leaning(cells: Cells) -> str:
    """Say what most cells of a policy show: `slower`, `open`, or `not slower`."""
    if 2 * cells.slower > cells.total:
        return "slower"
    return "not slower" if 2 * cells.no_slower > cells.total else "open"


def poor_choice(found: Evidence) -> Judgement:
    cells = {policy: found.cells[policy] for policy in _POLICIES if found.cells[policy].total}
    if not cells:
        return "No pair of runs in this study gives a ratio.", OPEN
    sentences = [
        f"{_POLICIES[policy]} in {_of(each.slower, each.total)} cells (no slower in "
        f"{wording.count(each.no_slower)})"
        for policy, each in cells.items()
    ]
    if found.at_the_edge:
        sentences[-1] += (
            f", where {wording.count(found.at_the_edge)} cells in which MSE's best rate is the largest "
            "tried count as undecided"
        )
    counts = [
        f"{count} for {loss.upper()} on {name}{'' if proven else ' (not all proven)'}"
        for (name, loss), (count, proven) in found.minima.items()
    ]
    text = (
        f"MSE is slower, its interval above 1, {'; '.join(sentences)}. "
        f"Local minima found: {', '.join(counts) or 'none'}."
    )
    leanings = {_leaning(each) for each in cells.values()}
    return text, HOLDS if leanings == {"slower"} else FAILS if "not slower" in leanings else OPEN


def swapped(found: Evidence) -> Judgement:
    rest = found.identities.remainders
    text = (
        f"(0 - p)^2 minus the squared error of class 0: {rest['class 0 squared error, p^2']}, of class 1: "
        f"{_negated(rest['class 1 squared error, p^2'])}. (1 - p)^2 minus that of class 1: "
        f"{rest['class 1 squared error, (1 - p)^2']}, of class 0: "
        f"{_negated(rest['class 0 squared error, (1 - p)^2'])}."
    )
    own = {rest["class 0 squared error, p^2"], rest["class 1 squared error, (1 - p)^2"]} == {"0"}
    crossed = "0" in {rest["class 1 squared error, p^2"], rest["class 0 squared error, (1 - p)^2"]}
    return text, HOLDS if own and not crossed else FAILS


def _negated(rest: str) -> str:
    """Write a remainder with its sign reversed."""
    return rest if rest == "0" else f"-({rest})"


def replacement(found: Evidence) -> Judgement:
    sets = found.identities.solutions
    text = (
        f"Logits with p = 0: {sets['p = 0']}; with p = 1: {sets['p = 1']}; with p = 1 - p: "
        f"{sets['p = 1 - p']}. So a label is p or 1 - p at no finite logit, and p and 1 - p are "
        "interchangeable at one logit at most."
    )
    return text, HOLDS if sets["p = 0"] == sets["p = 1"] == "none" else FAILS


def proves_nothing(found: Evidence) -> Judgement:
    rest, mse = found.identities.remainders, found.inputs["mse"]
    zero, one = rest["class 0 squared error, p^2"], rest["class 1 squared error, (1 - p)^2"]
    premise = rest["class 1 squared error, p^2"]
    text = (
        f"Correct forms: remainders {zero} and {one}. The article's form for class 1 is off by {premise}, "
        "and what is concluded is refuted: the classes push opposite ways at "
        f"{_of(mse.opposite, mse.cases)} logits."
    )
    return text, HOLDS if zero == one == "0" and premise != "0" and mse.opposite > 0 else FAILS


def gradient(name: str) -> Callable[[Evidence], Judgement]:
    """Judge a formula of `identities.FORMULAS`."""

    def judge(found: Evidence) -> Judgement:
        rest = found.identities.remainders[f"gradient {name}"]
        difference, kernel = found.identities.differences[name], found.identities.kernels[name]
        text = (
            f"Algebra: what remains is {rest}. Numbers, at logits from -700 to 700: relative error "
            f"{_below(difference)} against difference quotients in 700 digits, {_below(kernel)} against "
            "this project's kernels."
        )
        return text, HOLDS if rest == "0" and difference < DIFFERENCE and kernel < KERNEL else FAILS

    return judge


def vanishes(found: Evidence) -> Judgement:
    names = [f"mse, y = {y}, {side}" for y in (0, 1) for side in ("right", "wrong")]
    limits = [found.identities.limits[name] for name in names]
    roots = [found.identities.solutions[f"mse gradient = 0, y = {y}"] for y in (0, 1)]
    text = (
        f"Limits of MSE's gradient, class 0 right and wrong, class 1 right and wrong: {', '.join(limits)}. "
        f"Logits at which it is 0: {roots[0]} for class 0, {roots[1]} for class 1."
    )
    if set(limits) != {"0"}:
        return text, FAILS
    return text, LIMIT if set(roots) == {"none"} else HOLDS


def cannot_train(found: Evidence) -> Judgement:
    runs, other, slopes, cells = found.escapes["mse"], found.escapes["bce"], found.slopes, found.wrong_cells
    sentences = []
    if runs.runs:
        sentences.append(
            f"From wrong starts of size {_size(found.largest)}, the largest, {_arrived(runs)} reached their "
            f"target with MSE, and {_arrived(other)} with BCE."
        )
    else:
        sentences.append("This study has no confidently wrong start.")
    if cells.total:
        sentences.append(
            f"The later version, about training properly, {_SAID[_leaning(cells)]}: from wrong starts of "
            f"all sizes MSE is slower, its interval above 1, in {_of(cells.slower, cells.total)} cells at "
            "equal rates."
        )
    if slopes.points:
        sentences.append(
            "On separable data there is no point to get stuck at: along a separating direction MSE went "
            f"downhill at {_of(slopes.downhill, slopes.points)} points of {wording.count(slopes.runs)} "
            "runs. Only rounding can stop a run there."
        )
    stalls = {key: _size(value) for key, value in found.stalls.items()}
    sentences.append(
        "The update for one wrong sample is lost to rounding from a logit of "
        f"-{stalls['mse', 'float32']} (float32) or -{stalls['mse', 'float64']} (float64) on with MSE, from "
        f"-{stalls['bce', 'float32']} or -{stalls['bce', 'float64']} on with BCE."
    )
    return " ".join(sentences), FAILS if runs.reached else OPEN


def _null_gradient(found: Evidence) -> tuple[str, bool, bool]:
    """Describe BCE's gradient where the network is right.

    Return also whether its limit is 0, and whether the gradient ever is.
    """
    limits = [found.identities.limits[f"bce, y = {y}, right"] for y in (0, 1)]
    roots = [found.identities.solutions[f"p = {y}"] for y in (0, 1)]
    text = (
        f"Limits of BCE's gradient where the margin grows: {limits[0]} for class 0, {limits[1]} for class "
        f"1. Logits at which it is 0: {roots[0]} for class 0, {roots[1]} for class 1."
    )
    return text, set(limits) == {"0"}, set(roots) != {"none"}


def null_when_right(found: Evidence) -> Judgement:
    text, limit, reached = _null_gradient(found)
    return text, FAILS if not limit else HOLDS if reached else LIMIT


def null_in_the_limit_only(found: Evidence) -> Judgement:
    text, limit, reached = _null_gradient(found)
    return text, HOLDS if limit and not reached else FAILS


def wrong_saturation(found: Evidence) -> Judgement:
    limits = [found.identities.limits[f"mse, y = {y}, {side}"] for side in ("right", "wrong") for y in (0, 1)]
    right, wrong = found.against_zero["right"], found.against_zero["wrong"]
    text = f"Limits of MSE's gradient, both classes right, both wrong: {', '.join(limits)}."
    if not right.total or not wrong.total:
        return f"{text} This study lacks runs on separable data from zero, right and wrong starts.", OPEN
    text += (
        " On separable data, against the run from zero parameters, MSE reached its target from right starts "
        f"{_compared(right)}; from wrong starts {_compared(wrong)}."
    )
    costs = 100 * right.later <= right.total and 2 * wrong.later > wrong.total
    return text, HOLDS if set(limits) == {"0"} and costs else FAILS


def parallel(found: Evidence) -> Judgement:
    rest, data = found.identities.remainders["quarter at zero"], found.parallel
    text = (
        f"Algebra: MSE's gradient minus a quarter of BCE's is {rest} at theta = 0. On the data: equal to the "
        f"last bit on {_of(data.cases - data.opposite, data.cases)} data sets."
    )
    return text, HOLDS if rest == "0" and data.opposite == 0 else FAILS


ALGEBRA: Final = "The difference of both sides, simplified by computer algebra, is 0."

NUMBERS: Final = (
    "The difference of both sides, simplified by computer algebra, is 0; and the formula agrees with "
    "difference quotients and with the kernels at logits up to 700 on either side."
)
