"""The judges of what algebra and the gradients show: from the evidence to what was found and a verdict."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from study import wording
from study.claims.claim import FAILS, HOLDS, LIMIT, OPEN, PART, Judgement
from study.claims.phrases import of

if TYPE_CHECKING:
    from study.claims.evidence import Evidence
    from study.claims.pulls import Signs


__all__ = ["DIFFERENCE", "KERNEL"]

DIFFERENCE: Final = 1e-30
"""Largest relative error of a formula against difference quotients; theirs is 1e-80, the step squared."""

KERNEL: Final = 1e-14
"""Largest relative error of the kernels against a formula: tens of units in the last place of float64."""

ALGEBRA: Final = "The difference of both sides, simplified by computer algebra, is 0."

NUMBERS: Final = (
    "The difference of both sides, simplified by computer algebra, is 0; and the formula agrees with "
    "difference quotients and with the kernels at logits up to 700 on either side."
)


def _below(error: float) -> str:
    """Write a tiny number as the power of ten it lies below."""
    if not math.isfinite(error):
        return "without limit"
    return "0" if error == 0 else f"below 1e{math.floor(math.log10(error)) + 1}"


def one_square(label: int) -> Callable[[Evidence], Judgement]:
    """Judge whether the squared error of a class is p^2."""

    def judge(found: Evidence) -> Judgement:
        rest = found.identities.remainders[f"class {label} squared error, p^2"]
        other = found.identities.remainders[f"class {1 - label} squared error, p^2"]
        text = (
            f"({label} - p)^2 - p^2 = {rest}; for the other class, ({1 - label} - p)^2 - p^2 = {other}. As "
            f"printed, without the 1/m, the last expression exceeds the mean by "
            f"{found.identities.remainders['sum of squares, their mean']}: see A7."
        )
        return text, HOLDS if rest == "0" else FAILS

    return judge


def lost_mean(found: Evidence) -> Judgement:
    rest = found.identities.remainders["sum of squares, their mean"]
    text = (
        f"With S the sum of the m squares, S - S/m = {rest}. A factor m changes the length of the gradient "
        "and with it the learning rate that suits it, but not its direction: nothing else in the article "
        "rests on it."
    )
    return text, HOLDS if rest == "0" else FAILS


def same_direction(found: Evidence) -> Judgement:
    mse, bce = found.inputs["mse"], found.inputs["bce"]
    rest = found.identities.remainders["opposed mse"]
    text = (
        f"Algebra: the inner product is -(p (1 - p))^3 x.x (what remains: {rest}), never above 0. Numbers: "
        f"opposite at {of(mse.opposite, mse.cases)} logits with MSE, at {of(bce.opposite, bce.cases)} "
        "with BCE, so the two losses do not differ in this. (A logit at which a gradient is too small for "
        "float64 is left out.)"
    )
    return text, OPEN if mse.cases == 0 else HOLDS if mse.opposite == 0 else FAILS


def both_classes(found: Evidence) -> Judgement:
    pulls = found.pulls
    mse, bce = pulls.weights["mse"], pulls.weights["bce"]
    if mse.cases == 0:
        return "This study has no data set with a start.", OPEN
    text = (
        f"Looked at: all {wording.count(pulls.data)} data sets, at {wording.count(pulls.starts)} pairs of "
        f"data set and start. In the weights, the bias apart, the gradients of the two classes agree (inner "
        f"product above 0) in {_agreeing(mse)} with MSE and in {_agreeing(bce)} with BCE; the two losses "
        f"differ in this in {of(pulls.losses.opposite, pulls.losses.cases)}. Weight by weight the signs "
        f"agree in {_agreeing(pulls.each['mse'])} with MSE. With the bias among the weights the inner "
        f"product is above 0 in {_agreeing(pulls.parameters['mse'])}. In the logits, whose derivative is "
        f"the gradient of the bias, the classes pull opposite ways in "
        f"{of(pulls.logits['mse'].opposite, pulls.logits['mse'].cases)} with MSE and in "
        f"{of(pulls.logits['bce'].opposite, pulls.logits['bce'].cases)} with BCE. So where weights do move "
        "the same way for both classes, that is how a boundary is turned, with either loss."
    )
    return text, HOLDS if mse.opposite == 0 else FAILS if mse.opposite == mse.cases else PART


def _agreeing(signs: Signs) -> str:
    return of(signs.cases - signs.opposite, signs.cases)


def assumptions(found: Evidence) -> Judgement:  # noqa: ARG001
    text = (
        "No run can contradict it: each has a model, a loss, a learning rate and a start that somebody "
        "chose, and without them there is nothing to run. It is a view of method, shared by theorems about "
        "learning (no free lunch) and not by a test of MSE. That a choice changes the answer is seen in A6."
    )
    return text, OPEN


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
        f"Logits at which p = 1 - p: {sets['p = 1 - p']}. Nor is a label ever either of them: logits with "
        f"p = 0: {sets['p = 0']}; with p = 1: {sets['p = 1']}."
    )
    return text, HOLDS if sets["p = 1 - p"] in {"{0}", "none"} else FAILS


def proves_nothing(found: Evidence) -> Judgement:
    rest, mse = found.identities.remainders, found.inputs["mse"]
    zero, one = rest["class 0 squared error, p^2"], rest["class 1 squared error, (1 - p)^2"]
    premise = rest["class 1 squared error, p^2"]
    text = (
        f"Correct forms: remainders {zero} and {one}. The article's form for class 1 is off by {premise}, "
        "and what is concluded is refuted: the classes push opposite ways at "
        f"{of(mse.opposite, mse.cases)} logits."
    )
    return text, HOLDS if zero == one == "0" and premise != "0" and mse.opposite > 0 else FAILS


def to_its_label(found: Evidence) -> Judgement:
    classes = found.classes
    if classes.separable + classes.overlapping == 0:
        return "This study has no data set.", OPEN
    text = (
        f"A hyperplane separates the classes of {wording.count(classes.separable)} of this study's data "
        "sets: there a longer and longer theta brings every p as near to its label as one likes, and no "
        f"finite theta all the way. On the other {wording.count(classes.overlapping)} no theta has every "
        "sample on its own side, so at each some sample's own class is given 1/2 at most."
    )
    if classes.overlapping:
        text += (
            " At BCE's optimum there, which training is meant to find, the mean of (p - y)^2 is "
            f"{wording.number(classes.least, rounding='down')} to "
            f"{wording.number(classes.most, rounding='up')}."
        )
    return text, PART if classes.separable and classes.overlapping else LIMIT if classes.separable else FAILS


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
        f"Being close is not being there: logits at which it is 0: {roots[0]} for class 0, {roots[1]} for "
        "class 1."
    )
    return text, HOLDS if set(limits) == {"0"} else FAILS


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


def parallel(found: Evidence) -> Judgement:
    rest, data = found.identities.remainders["quarter at zero"], found.parallel
    text = (
        f"Algebra: MSE's gradient minus a quarter of BCE's is {rest} at theta = 0. On the data: equal to the "
        f"last bit on {of(data.cases - data.opposite, data.cases)} data sets, all of this study's. Without "
        "the factor 1/2 of MSE it is half of BCE's."
    )
    return text, HOLDS if rest == "0" and data.opposite == 0 else FAILS
