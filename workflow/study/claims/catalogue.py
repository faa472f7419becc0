"""The claims under test: what each says, what is taken as its meaning, how it is tested, and the verdict of a study.

A claim is one entry of `CLAIMS`. Its verdict is computed from the evidence and never written by hand.
``python -m study.claims.catalogue > docs/claims.md`` writes the page that explains them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import pandas as pd

from study import wording
from study.tables import tables

if TYPE_CHECKING:
    from study.claims.evidence import Arrivals, Cells, Evidence, Order

__all__ = ["CLAIMS", "FAILS", "HOLDS", "LIMIT", "OPEN", "VERDICTS", "Claim", "page", "table"]

HOLDS: Final = "holds"
LIMIT: Final = "holds in the limit"
FAILS: Final = "fails"
OPEN: Final = "left open"
VERDICTS: Final = (HOLDS, LIMIT, FAILS, OPEN)

DIFFERENCE: Final = 1e-30
"""Largest relative error of a formula against difference quotients: they are good to their step squared, 1e-80."""

KERNEL: Final = 1e-14
"""Largest relative error of the kernels against a formula: some tens of units in the last place of float64."""

_POLICIES: Final = {
    "equal": "at equal rates",
    "smoothness": "with each loss at its own 1/L",
    "tuned": "with each loss at its best rate",
}

Judgement = tuple[str, str]
"""The evidence in words, and the verdict."""


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes
    ----------
    claim
        A and number: the article's; R: the review's; N: stated by neither.
    source
        `article`, `review` or `neither`.
    statement
        What it says, in our words.
    formal
        What is taken as its precise meaning.
    test
        What would make it true, and how that is looked at.
    judge
        From the evidence to its words and the verdict.
    """

    claim: str
    source: str
    statement: str
    formal: str
    test: str
    judge: Callable[[Evidence], Judgement]


# --- Words for numbers ------------------------------------------------------------------------------------------------


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


# --- Judges -----------------------------------------------------------------------------------------------------------


def _one_square(label: int) -> Callable[[Evidence], Judgement]:
    """Judge whether the squared error of a class is p^2."""

    def judge(found: Evidence) -> Judgement:
        rest = found.identities.remainders[f"class {label} squared error, p^2"]
        other = found.identities.remainders[f"class {1 - label} squared error, p^2"]
        text = f"({label} - p)^2 - p^2 = {rest}; for the other class, ({1 - label} - p)^2 - p^2 = {other}."
        return text, HOLDS if rest == "0" else FAILS

    return judge


def _same_direction(found: Evidence) -> Judgement:
    mse, bce = found.inputs["mse"], found.inputs["bce"]
    rest = found.identities.remainders["opposed mse"]
    text = (
        f"Algebra: the inner product is -(p (1 - p))^3 x.x (what remains: {rest}), never above 0. Numbers: opposite "
        f"at {_of(mse.opposite, mse.cases)} logits with MSE, at {_of(bce.opposite, bce.cases)} with BCE, so the two "
        "losses do not differ in this. (A logit at which a gradient is too small for float64 is left out.)"
    )
    return text, OPEN if mse.cases == 0 else HOLDS if mse.opposite == 0 else FAILS


def _boundary(found: Evidence) -> Judgement:
    runs = found.boundary
    if runs.runs == 0:
        return "No MSE run of this study had an accuracy target to reach.", OPEN
    text = f"The accuracy target was reached by {_arrived(runs)}; runs that met it at step 0 are not counted."
    return text, FAILS if runs.reached else OPEN


def _both_classes(found: Evidence) -> Judgement:
    own, other, inner = found.outputs["mse"], found.outputs["bce"], found.parameters["mse"]
    if own.cases == 0:
        return "No data set and start to look at.", OPEN
    text = (
        f"The two classes pull their own outputs in opposite directions in {_of(own.opposite, own.cases)} pairs of "
        f"data set and start with MSE, in {_of(other.opposite, other.cases)} with BCE. In the space of parameters the "
        f"gradients of the two classes agree (inner product above 0) in {_of(inner.cases - inner.opposite, inner.cases)}"
        ": classes on either side of a plane turn it the same way, which is no fault."
    )
    return text, FAILS if own.opposite else HOLDS


_SAID: Final = {"slower": "holds", "open": "is left open", "not slower": "fails"}


def _leaning(cells: Cells) -> str:
    """Say what most cells of a policy show: `slower`, `open`, or `not slower`."""
    if 2 * cells.slower > cells.total:
        return "slower"
    return "not slower" if 2 * cells.no_slower > cells.total else "open"


def _poor_choice(found: Evidence) -> Judgement:
    cells = {policy: found.cells[policy] for policy in _POLICIES if found.cells[policy].total}
    if not cells:
        return "No pair of runs in this study gives a ratio.", OPEN
    told = [
        f"{_POLICIES[policy]} in {_of(each.slower, each.total)} cells (no slower in {wording.count(each.no_slower)})"
        for policy, each in cells.items()
    ]
    if found.at_the_edge:
        told[-1] += (
            f", where {wording.count(found.at_the_edge)} cells in which MSE's best rate is the largest tried count as undecided"
        )
    counts = [
        f"{count} for {loss.upper()} on {name}{'' if proven else ' (not all proven)'}"
        for (name, loss), (count, proven) in found.minima.items()
    ]
    text = f"MSE is slower, its interval above 1, {'; '.join(told)}. Local minima found: {', '.join(counts) or 'none'}."
    leanings = {_leaning(each) for each in cells.values()}
    return text, HOLDS if leanings == {"slower"} else FAILS if "not slower" in leanings else OPEN


def _swapped(found: Evidence) -> Judgement:
    rest = found.identities.remainders
    text = (
        f"(0 - p)^2 less the squared error of class 0: {rest['class 0 squared error, p^2']}, of class 1: "
        f"{_negated(rest['class 1 squared error, p^2'])}. (1 - p)^2 less that of class 1: "
        f"{rest['class 1 squared error, (1 - p)^2']}, of class 0: "
        f"{_negated(rest['class 0 squared error, (1 - p)^2'])}."
    )
    own = {rest["class 0 squared error, p^2"], rest["class 1 squared error, (1 - p)^2"]} == {"0"}
    crossed = "0" in {rest["class 1 squared error, p^2"], rest["class 0 squared error, (1 - p)^2"]}
    return text, HOLDS if own and not crossed else FAILS


def _negated(rest: str) -> str:
    """Write a remainder with its sign turned round."""
    return rest if rest == "0" else f"-({rest})"


def _replacement(found: Evidence) -> Judgement:
    sets = found.identities.solutions
    text = (
        f"Logits with p = 0: {sets['p = 0']}; with p = 1: {sets['p = 1']}; with p = 1 - p: {sets['p = 1 - p']}. So a "
        "label is p or 1 - p at no finite logit, and p and 1 - p are interchangeable at most at one."
    )
    return text, HOLDS if sets["p = 0"] == sets["p = 1"] == "none" else FAILS


def _proves_nothing(found: Evidence) -> Judgement:
    rest, mse = found.identities.remainders, found.inputs["mse"]
    zero, one = rest["class 0 squared error, p^2"], rest["class 1 squared error, (1 - p)^2"]
    premise = rest["class 1 squared error, p^2"]
    text = (
        f"Correct forms: remainders {zero} and {one}. The article's form for class 1 is off by {premise}, and what is "
        f"concluded is refuted: the classes push opposite ways at {_of(mse.opposite, mse.cases)} logits."
    )
    return text, HOLDS if zero == one == "0" and premise != "0" and mse.opposite > 0 else FAILS


def _gradient(name: str) -> Callable[[Evidence], Judgement]:
    """Judge a formula of `identities.FORMULAS`."""

    def judge(found: Evidence) -> Judgement:
        rest = found.identities.remainders[f"gradient {name}"]
        difference, kernel = found.identities.differences[name], found.identities.kernels[name]
        text = (
            f"Algebra: what remains is {rest}. Numbers, at logits from -700 to 700: relative error {_below(difference)} "
            f"against difference quotients in 700 digits, {_below(kernel)} against this project's kernels."
        )
        return text, HOLDS if rest == "0" and difference < DIFFERENCE and kernel < KERNEL else FAILS

    return judge


def _vanishes(found: Evidence) -> Judgement:
    names = [f"mse, y = {y}, {side}" for y in (0, 1) for side in ("right", "wrong")]
    limits = [found.identities.limits[name] for name in names]
    roots = [found.identities.solutions[f"mse gradient = 0, y = {y}"] for y in (0, 1)]
    text = (
        f"Limits of MSE's gradient, class 0 right and wrong, class 1 right and wrong: {', '.join(limits)}. Logits at "
        f"which it is 0: {roots[0]} for class 0, {roots[1]} for class 1."
    )
    if set(limits) != {"0"}:
        return text, FAILS
    return text, LIMIT if set(roots) == {"none"} else HOLDS


def _cannot_train(found: Evidence) -> Judgement:
    runs, other, slopes, cells = found.escapes["mse"], found.escapes["bce"], found.slopes, found.wrong_cells
    told = []
    if runs.runs:
        told.append(
            f"From wrong starts of size {_size(found.largest)}, the largest, {_arrived(runs)} reached their target with MSE, "
            f"and {_arrived(other)} with BCE."
        )
    else:
        told.append("This study has no confidently wrong start.")
    if cells.total:
        told.append(
            f"The later version, about training properly, {_SAID[_leaning(cells)]}: from wrong starts of all sizes MSE is "
            f"slower, its interval above 1, in {_of(cells.slower, cells.total)} cells at equal rates."
        )
    if slopes.points:
        told.append(
            f"On separable data there is no point to be stuck at: along a separating direction MSE went downhill at "
            f"{_of(slopes.downhill, slopes.points)} points of {wording.count(slopes.runs)} runs. Only rounding can stop a "
            "run there."
        )
    stalls = {key: _size(value) for key, value in found.stalls.items()}
    told.append(
        "The update for one wrong sample is lost to rounding from a logit of "
        f"-{stalls['mse', 'float32']} (float32) or -{stalls['mse', 'float64']} (float64) on with MSE, from "
        f"-{stalls['bce', 'float32']} or -{stalls['bce', 'float64']} on with BCE."
    )
    return " ".join(told), FAILS if runs.reached else OPEN


def _null_gradient(found: Evidence) -> tuple[str, bool, bool]:
    """Put BCE's gradient where the network is right in words; tell whether its limit is 0 and whether it ever is 0."""
    limits = [found.identities.limits[f"bce, y = {y}, right"] for y in (0, 1)]
    roots = [found.identities.solutions[f"p = {y}"] for y in (0, 1)]
    text = (
        f"Limits of BCE's gradient where the margin grows: {limits[0]} for class 0, {limits[1]} for class 1. Logits at "
        f"which it is 0: {roots[0]} for class 0, {roots[1]} for class 1."
    )
    return text, set(limits) == {"0"}, set(roots) != {"none"}


def _null_when_right(found: Evidence) -> Judgement:
    text, limit, reached = _null_gradient(found)
    return text, FAILS if not limit else HOLDS if reached else LIMIT


def _null_in_the_limit_only(found: Evidence) -> Judgement:
    text, limit, reached = _null_gradient(found)
    return text, HOLDS if limit and not reached else FAILS


def _wrong_saturation(found: Evidence) -> Judgement:
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


def _parallel(found: Evidence) -> Judgement:
    rest, data = found.identities.remainders["quarter at zero"], found.parallel
    text = (
        f"Algebra: MSE's gradient less a quarter of BCE's is {rest} at theta = 0. On the data: equal to the last bit "
        f"on {_of(data.cases - data.opposite, data.cases)} data sets."
    )
    return text, HOLDS if rest == "0" and data.opposite == 0 else FAILS


# --- The claims -------------------------------------------------------------------------------------------------------

_ALGEBRA: Final = "The difference of both sides, simplified by computer algebra, is 0."
_NUMBERS: Final = (
    "The difference of both sides, simplified by computer algebra, is 0; and the formula agrees with difference "
    "quotients and with the kernels at logits up to 700 on either side."
)

_ENTRIES: Final = (
    Claim(
        "A1",
        "article",
        "In the case headed by 1, the mean squared error becomes the mean of sigma squared.",
        "For the class y = 1: (1 - p)^2 = p^2 at every logit z, with p = sigma(z).",
        _ALGEBRA,
        _one_square(1),
    ),
    Claim(
        "A2",
        "article",
        "In the case headed by 0, it becomes the mean of sigma squared as well.",
        "For the class y = 0: (0 - p)^2 = p^2 at every logit z. (The result is judged, not the way to it.)",
        _ALGEBRA,
        _one_square(0),
    ),
    Claim(
        "A3",
        "article",
        "Both cases push the gradients in the same direction.",
        "At the same input x, MSE's gradients for y = 0 and y = 1 have an inner product above 0.",
        "No logit gives an inner product below 0, neither in algebra nor in the kernels at logits up to 700.",
        _same_direction,
    ),
    Claim(
        "A4",
        "article",
        "So training with MSE cannot form a decision boundary.",
        "No descent on MSE gets within 0.01 of the training accuracy of the BCE optimum.",
        "One of the study's MSE runs that reaches the accuracy target refutes it. If none does it is left open: a run that "
        "ends at its budget proves nothing either way.",
        _boundary,
    ),
    Claim(
        "A5",
        "article",
        "It does so for both classes.",
        "On a whole data set, the samples of class 0 and those of class 1 pull their own outputs the same way: the mean "
        "derivatives of their losses in their logits have the same sign.",
        "They have the same sign on every data set of the study at every start.",
        _both_classes,
    ),
    Claim(
        "A6",
        "article",
        "MSE is a poor choice for binary classification.",
        "From the same start on the same data, MSE needs more steps than BCE to the same target, under each of three "
        "learning-rate policies. (Speed is what this study measures; nothing is said of the model at the end.)",
        "Under every policy the interval of the slowdown lies above 1 in more than half of the cells. It fails if under "
        "some policy MSE is no slower, the interval nowhere above 1, in more than half; else it is left open. Where MSE's best "
        "rate is the largest tried, a larger one might do better: such a cell counts as undecided.",
        _poor_choice,
    ),
    Claim(
        "R1",
        "review",
        "The article's two headings are swapped.",
        "Before anything is replaced, the expressions are the squared distance of p from 0 and from 1. The first is the "
        "squared error of class 0, which the article heads by 1; the second that of class 1, headed by 0.",
        "Each expression less the squared error of the class that the review gives it is 0, and less that of the other "
        "class is not.",
        _swapped,
    ),
    Claim(
        "R2",
        "review",
        "There is no reason to replace the label by sigma, or by 1 - sigma.",
        "A label is the constant 0 or 1; sigma(z) equals it at no finite z. Nor can one symbol stand for p in one "
        "class and for 1 - p in the other: they are equal at z = 0 alone.",
        "Computer algebra finds no real z with p = 0 and none with p = 1.",
        _replacement,
    ),
    Claim(
        "R3",
        "review",
        "The article's equations prove nothing; the squared error is sigma squared for the negative class and "
        "(1 - sigma) squared for the positive one.",
        "(0 - p)^2 = p^2 and (1 - p)^2 = (1 - p)^2 are identities; of the article's two equations one is none, and what "
        "is concluded from them (A3) is false.",
        "The remainders of the two correct forms are 0, that of A1 is not, and the gradients of A3 are opposite somewhere.",
        _proves_nothing,
    ),
    Claim(
        "R4",
        "review",
        "MSE's gradient is -(y - p) p (1 - p) x.",
        "The gradient in theta of (y - sigma(theta . x))^2 / 2 is -(y - p) p (1 - p) x for all theta, x and y.",
        _NUMBERS,
        _gradient("mse"),
    ),
    Claim(
        "R5",
        "review",
        "It vanishes where sigma is close to 0 or 1.",
        "The factor of x is 0 where the logit is large on either side, for either class.",
        "It holds if it is 0 at finite logits, in the limit if only its limits are 0.",
        _vanishes,
    ),
    Claim(
        "R6",
        "review",
        "So a saturated network cannot train with MSE. (A later version: cannot train properly.)",
        "First version, judged here: from the most confidently wrong starts no descent on MSE reaches its target. Later "
        "version, judged in the evidence: it needs more steps than BCE.",
        "First version: one MSE run from the largest wrong starts that reaches its target refutes it; if none does it is "
        "left open. Later version: the interval of the slowdown lies above 1 in more than half of the cells of wrong starts "
        "at equal rates. Beside them: the slope of MSE along its runs on separable data, and the logits from which an "
        "update rounds away.",
        _cannot_train,
    ),
    Claim(
        "R7",
        "review",
        "For y = 0, BCE's gradient is p x.",
        "The gradient in theta of -log(1 - sigma(theta . x)) is p x for all theta and x.",
        _NUMBERS,
        _gradient("bce, y = 0"),
    ),
    Claim(
        "R8",
        "review",
        "For y = 1, BCE's gradient is -(1 - p) x.",
        "The gradient in theta of -log sigma(theta . x) is -(1 - p) x for all theta and x.",
        _NUMBERS,
        _gradient("bce, y = 1"),
    ),
    Claim(
        "R9",
        "review",
        "Where the network is right, BCE's gradient is null.",
        "The factor of x is 0 where p = y.",
        "It holds if there is a finite logit with p = y, in the limit if only the limits for growing margins are 0.",
        _null_when_right,
    ),
    Claim(
        "N1",
        "neither",
        "MSE's gradient vanishes where the network is right, too, but only a start that is saturated and wrong costs time.",
        "The limits of MSE's gradient are 0 on both sides. On separable data, where a right start has every sample right, "
        "it reaches the target no later than a start from zero; a wrong start later. (Of starts alone: a target that asks "
        "for confidence, such as a small log loss, takes MSE longer from any start. That is the tail of docs/laws.md.)",
        "The limits are 0; of the pairs of MSE runs at rates up to 1/L of BCE, right starts are later than zero in at "
        "most one of a hundred, wrong starts in more than half.",
        _wrong_saturation,
    ),
    Claim(
        "N2",
        "neither",
        "R9 holds only in the limit: a network is never so right that BCE's gradient is null.",
        "There is no finite logit with p = 0 or p = 1, and the limits for growing margins are 0.",
        "Computer algebra finds no such logit, and both limits are 0.",
        _null_in_the_limit_only,
    ),
    Claim(
        "N3",
        "neither",
        "At theta = 0 the gradients of the two losses are parallel: MSE's is a quarter of BCE's.",
        "At theta = 0: grad MSE = grad BCE / 4 for any data.",
        "The difference is 0 in algebra, and to the last bit on each of the study's data sets.",
        _parallel,
    ),
)

CLAIMS: Final = MappingProxyType({entry.claim: entry for entry in _ENTRIES})
"""Every claim by name, in the order of the table."""


def table(found: Evidence) -> pd.DataFrame:
    """Judge every claim: the table `claims`.

    Parameters
    ----------
    found
        From `study.claims.evidence.gather`.
    """
    rows = []
    for number, entry in enumerate(CLAIMS.values()):
        evidence, verdict = entry.judge(found)
        texts = {name: getattr(entry, name) for name in ("claim", "source", "statement", "formal", "test")}
        rows.append({"number": number} | texts | {"evidence": evidence, "verdict": verdict})
    return tables.conform(pd.DataFrame(rows), "claims")


_INTRODUCTION: Final = """\
# Claims

What is said about MSE on binary classification, claim by claim: what it means, and how it is tested. This page is
generated from `workflow/study/claims/catalogue.py` (`python -m study.claims.catalogue > docs/claims.md`); a test fails when
the two drift.
What a study finds stands in `results/tables/claims.csv`, with a verdict that is computed from the evidence:

- `holds`;
- `holds in the limit`: true as a limit, at no finite point;
- `fails`: a counterexample was found, or most of the evidence is against it;
- `left open`: the study at hand has no runs that could tell, or they leave it open.

Two texts are under test, and three claims stand in neither.

- **The article**: N. Adaloglou, "Understanding Maximum Likelihood Estimation in Supervised Learning", AI Summer, bonus
  section "What would happen if we use MSE on binary classification?" (<https://theaisummer.com/mle/>), as it first
  appeared. It was changed after the review.
- **The review**: "What would happen if we use MSE on binary classification?"
  (<https://github.com/Jonas1312/mse-for-binary-classification>).

The statements below are ours and short; read the texts for their own words. Throughout, y is the label (0 or 1), z the
logit, p = sigma(z) the prediction, the margin is z for y = 1 and -z for y = 0, and MSE carries the factor 1/2.

Some claims can be read in more than one way. The reading that is judged is the formal one given here. A claim that
something *cannot* happen is refuted by one case in which it does; a run that its budget ended is never taken as proof
that it would not have arrived.

## Local minima

MSE is not convex, so on data that no plane parts it can have several local minima (Auer, Herbster and Warmuth 1995,
"Exponentially many local minima for single neurons": up to floor(n/d)^d for n samples and d parameters). BCE is convex.
If the columns of the features are independent its Hessian is positive definite everywhere, so it has one minimum at most.

`two_scales` is a data set on which this can be seen. It has one feature and a bias. Near samples, at x = 1 and x = -1,
say that the weight is positive: seven of eight have the label that a positive weight predicts. Far samples, at x = 10
and x = -10, half as many, say the opposite, three of four. A weight that suits the near samples, about log 7, gives the
far ones a logit of about 19. There the loss of a far sample has reached its largest value, 1/2, and hardly changes any more: MSE
gives the far samples up, and a minimum remains. Another minimum suits the far samples. BCE has no largest value, so no
sample can be given up, and the far ones win. `two_scales_twice` has two such features, each with samples of its own, and
four minima, one for each pair of choices.

The table `minima` lists what was found from a lattice of starts, by gradient descent and then Newton's method in 50
digits. Each minimum is *proven*: Krawczyk's test in interval arithmetic shows that the box of half width `radius` around
it holds exactly one stationary point, and elimination with interval pivots shows that the Hessian is positive definite
in all of the box.

On separable data there is no such minimum, for MSE either. Let u be a direction that separates, so that every margin m_u
under it is positive. A sample adds -w^2 (1 - w) m_u / n to the inner product of gradient and u, with w = sigma(-m) of its
margin m. Each of these is negative, so the gradient is nowhere 0: what looks like a local minimum there is slowness, or
rounding. R6 checks this along the study's own runs.

## Floating point

A parameter of -a, one sample at x = 1 of class 1 and the largest safe rate 1/L: once the update is less than half the
distance to the next number, the parameter stays where it is for good. The evidence of R6 gives the a at which this
begins, found by bisection.

The claims about limits (R5, R9, N2) are about real numbers. In float64, 1 - sigma(z) rounds to 0 from about log 2^53 = 36.7
on when it is computed as it is written, so there R9 comes true, by rounding. The kernels of this project compute it as
sigma(-z), which does not.
"""


def page() -> str:
    """Render the claims as the Markdown page `docs/claims.md`."""
    titles = {"article": "The article's claims", "review": "The review's claims", "neither": "Stated by neither"}
    lines = [_INTRODUCTION]
    for source, title in titles.items():
        lines += [f"## {title}", ""]
        for entry in CLAIMS.values():
            if entry.source == source:
                lines += [f"### {entry.claim}", "", entry.statement, ""]
                lines += [f"- Formally: {entry.formal}", f"- Test: {entry.test}", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


if __name__ == "__main__":
    print(page(), end="")
