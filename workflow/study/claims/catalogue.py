"""The claims under test: what each says, its precise meaning, its test, and the verdict of a study.

A claim is one entry of `CLAIMS`. Its verdict is computed from the evidence and never written by hand.
``python -m study.claims.catalogue > docs/claims.md`` writes the page that explains them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import pandas as pd

from study.claims.claim import Claim
from study.claims.introduction import INTRODUCTION
from study.claims.judges import (
    ALGEBRA,
    NUMBERS,
    assumptions,
    both_classes,
    gradient,
    lost_mean,
    null_in_the_limit_only,
    null_when_right,
    one_square,
    parallel,
    proves_nothing,
    replacement,
    same_direction,
    swapped,
    to_its_label,
    vanishes,
)
from study.claims.speed import boundary, cannot_train, not_properly, poor_choice, wrong_saturation
from study.claims.tables import CLAIMS as CLAIMS_TABLE
from study.tables.table import conform
from study.wrapping import wrapped

if TYPE_CHECKING:
    from study.claims.evidence import Evidence


__all__ = ["CLAIMS", "page", "table"]

_ENTRIES: Final = (
    Claim(
        "A1",
        "article",
        "In the case headed by 1, the mean squared error becomes the mean of sigma squared. (As printed, the "
        "last expression has lost its 1/m, which is A7.)",
        "For the class y = 1: (1 - p)^2 = p^2 at every logit z, with p = sigma(z); the 1/m is put back.",
        ALGEBRA,
        one_square(1),
    ),
    Claim(
        "A2",
        "article",
        "In the case headed by 0, it becomes the mean of sigma squared as well. (Its last expression has "
        "lost the 1/m, too.)",
        "For the class y = 0: (0 - p)^2 = p^2 at every logit z; the 1/m is put back. (The result is judged, "
        "not the way to it.)",
        ALGEBRA,
        one_square(0),
    ),
    Claim(
        "A3",
        "article",
        "Both cases push the gradients in the same direction.",
        "At the same input x, MSE's gradients for y = 0 and y = 1 have an inner product above 0.",
        "No logit gives an inner product below 0, neither in algebra nor in the kernels at logits up to 700.",
        same_direction,
    ),
    Claim(
        "A4",
        "article",
        "So training with MSE cannot form a decision boundary.",
        "No descent on MSE reaches the accuracy target, nine tenths of the way from the accuracy of the "
        "larger class to what both losses attain, and holds it.",
        "One of the study's MSE runs that reaches the accuracy target refutes it. If none does, it is left "
        "open: a run that ends at its budget proves nothing either way. Runs from theta = 0, where there is "
        "no boundary, are counted by themselves, too.",
        boundary,
    ),
    Claim(
        "A5",
        "article",
        "Gradients push the model's weights in the same direction for both classes.",
        "On a whole data set, the gradient of the samples of class 0 and that of the samples of class 1 have "
        "an inner product above 0 in the weights, the bias apart. Two other readings are in the evidence: by "
        "logits (each class's mean derivative in its own logits, which is its gradient in the bias), and "
        "weight by weight.",
        "It holds if the inner product is above 0 on every realised data set of the study at every start, "
        "fails if it is below 0 at each, and holds in part if some are and some are not. BCE's gradients "
        "stand beside, since a fault of MSE would have to be MSE's alone.",
        both_classes,
    ),
    Claim(
        "A6",
        "article",
        "MSE is a poor choice for binary classification.",
        "From the same start on the same data, MSE needs more steps than BCE to the same target, under each "
        "of four learning-rate policies: equal rates, equal rates with MSE without its factor 1/2, each loss "
        "at its own 1/L, each at its best rate. (Speed is what this study measures; nothing is said about "
        "the final model.)",
        "For each start that the table answers pools over data sets, each policy and each target: MSE is "
        "slower if the interval of the slowdown lies above 1, no slower if it lies nowhere above 1, else it "
        "is undecided. So it is, too, where MSE's best rate is the largest tried on more than half of the "
        "data sets, since a larger one might do better. A target that most starts meet at step 0 is not "
        "judged. The slowdown is a median over pairs, so where it is 1 MSE can still be slower in some: the "
        "counts are given. The claim holds if MSE is slower in all of them, in "
        "part if in some, and fails if in none while it is no slower in some. There is no vote: the evidence "
        "says which. Intervals are not corrected for their number.",
        poor_choice,
    ),
    Claim(
        "A7",
        "article",
        "The last expressions, sums without the 1/m, are still the mean squared error.",
        "For m samples whose squares add up to S > 0: S = S/m.",
        "The difference of both sides, factored by computer algebra, is 0 for every m.",
        lost_mean,
    ),
    Claim(
        "A8",
        "article",
        "No learning happens without assumptions and design choices.",
        "An opinion about method; no statement about MSE follows from it.",
        "There is none: every run there could be has a model, a loss, a rate and a start, so none could "
        "contradict it. It is left open whatever is found.",
        assumptions,
    ),
    Claim(
        "R1",
        "review",
        "The article's two headings are swapped.",
        "Before anything is replaced, the expressions are the squared distance of p from 0 and from 1. The "
        "first is the squared error of class 0, which the article heads by 1; the second that of class 1, "
        "headed by 0.",
        "Each expression minus the squared error of the class that the review assigns to it is 0, and minus "
        "that of the other class is not.",
        swapped,
    ),
    Claim(
        "R2",
        "review",
        "There is no reason to replace the same symbol, y, by sigma in one case and by 1 - sigma in the "
        "other.",
        "One symbol cannot stand for p in one case and for 1 - p in the other: p = 1 - p at one logit at "
        "most.",
        "Computer algebra finds no more than one real z with p = 1 - p. (That y, if it is the label, is "
        "neither at any finite logit, is in the evidence.)",
        replacement,
    ),
    Claim(
        "R3",
        "review",
        "The article's equations prove nothing; the squared error is sigma squared for the negative class "
        "and (1 - sigma) squared for the positive one.",
        "(0 - p)^2 = p^2 and (1 - p)^2 = (1 - p)^2 are identities; one of the article's two equations is "
        "not, the 1/m aside, and the conclusion from them (A3) is false.",
        "The remainders of the two correct forms are 0, that of A1 is not, and the gradients of A3 are "
        "opposite at some logit.",
        proves_nothing,
    ),
    Claim(
        "R4",
        "review",
        "MSE's gradient is -(y - p) p (1 - p) x.",
        "The gradient in theta of (y - sigma(theta . x))^2 / 2 is -(y - p) p (1 - p) x for all theta, x and "
        "y.",
        NUMBERS,
        gradient("mse"),
    ),
    Claim(
        "R5",
        "review",
        "It vanishes where sigma is close to 0 or 1.",
        "The factor of x tends to 0 as sigma(z) tends to 0 and to 1, for either class. (Close, not equal: "
        "these words state a limit.)",
        "Its four limits, found by computer algebra, are 0.",
        vanishes,
    ),
    Claim(
        "R6",
        "review",
        "So the network cannot train with MSE where it is saturated. (First version; for the later one see "
        "R11.)",
        "From the surest wrong starts no descent on MSE reaches its targets. The review's network is the "
        "linear model, sigma(theta . x); one with a hidden layer is looked at, too, and both in float32.",
        "One MSE run that arrives, of the linear model or of the network, refutes it in real numbers; if "
        "none does it is left open. It holds in part if, besides, there are logits from which on no update "
        "in float32 moves a parameter, neither of one wrong sample at the rate 1/L nor of the network: a "
        "descent that begins there stays for ever. Else it fails.",
        cannot_train,
    ),
    Claim(
        "R7",
        "review",
        "For y = 0, BCE's gradient is p x.",
        "The gradient in theta of -log(1 - sigma(theta . x)) is p x for all theta and x.",
        NUMBERS,
        gradient("bce, y = 0"),
    ),
    Claim(
        "R8",
        "review",
        "For y = 1, BCE's gradient is -(1 - p) x.",
        "The gradient in theta of -log sigma(theta . x) is -(1 - p) x for all theta and x.",
        NUMBERS,
        gradient("bce, y = 1"),
    ),
    Claim(
        "R9",
        "review",
        "Where the network is right, BCE's gradient is null.",
        "The factor of x is 0 where p = y.",
        "It holds if there is a finite logit with p = y, in the limit if only the limits for growing "
        "margins are 0.",
        null_when_right,
    ),
    Claim(
        "R10",
        "review",
        "If properly trained, the weights push sigma to output 0 or 1, depending on the input.",
        "Along a descent that minimises the loss, the p of every sample tends to its label.",
        "On data that a hyperplane separates it holds in the limit, since the loss tends to 0 only so. On "
        "other data it fails, since every theta leaves some sample on the wrong side or on the plane. In "
        "part if the study has both.",
        to_its_label,
    ),
    Claim(
        "R11",
        "review",
        "A saturated network cannot train properly with MSE. (The later version of R6.)",
        "From a saturated start, confidently wrong or confidently right, MSE needs more steps than BCE to "
        "the same target, under each of the four policies of A6.",
        "As A6, for the starts sure_wrong and sure_right alone.",
        not_properly,
    ),
    Claim(
        "N1",
        "neither",
        "MSE's gradient vanishes where the network is right, too. That can cost time where classes overlap, "
        "and does not on separable data; being confidently wrong costs time on both.",
        "The limits of MSE's gradient are 0 on both sides. Against the run from theta = 0 at the same data, "
        "rate and target: on separable data a run from a confidently right start comes no later; where "
        "classes overlap it can come later, since the samples on the far side of the plane are then "
        "confidently wrong; from a confidently wrong start it comes later on both. (This is about starts "
        "alone: a target that demands confidence takes MSE longer from any start; docs/laws.md has this "
        "tail.)",
        "The limits are 0; and of the pairs of MSE runs at rates up to 1/L of BCE, to each target: on "
        "separable data those from sure_right are later in at most one of a hundred; those from every "
        "sure_wrong are later in more than half, on both kinds of data; and on overlapping data at least one "
        "from sure_right is later (if none is, it is left open). A pair in which neither arrived is not "
        "compared.",
        wrong_saturation,
    ),
    Claim(
        "N2",
        "neither",
        "R9 holds only in the limit: a network is never so right that BCE's gradient is null.",
        "There is no finite logit with p = 0 or p = 1, and the limits for growing margins are 0.",
        "Computer algebra finds no such logit, and both limits are 0.",
        null_in_the_limit_only,
    ),
    Claim(
        "N3",
        "neither",
        "At theta = 0 the gradients of the two losses are parallel: MSE's is a quarter of BCE's.",
        "At theta = 0: grad MSE = grad BCE / 4 for any data.",
        "The difference is 0 in algebra, and to the last bit on every realised data set of the study.",
        parallel,
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
    return conform(pd.DataFrame(rows), CLAIMS_TABLE)


def page() -> str:
    """Render the claims as the Markdown page `docs/claims.md`."""
    titles = {
        "article": "The article's claims",
        "review": "The review's claims",
        "neither": "Stated by neither",
    }
    lines = [INTRODUCTION]
    for source, title in titles.items():
        lines += [f"## {title}", ""]
        for entry in CLAIMS.values():
            if entry.source == source:
                texts = (entry.statement, f"- Formally: {entry.formal}", f"- Test: {entry.test}")
                statement, *points = (wrapped(text) for text in texts)
                lines += [f"### {entry.claim}", "", statement, "", *points, ""]
    return "\n".join(lines).rstrip("\n") + "\n"


if __name__ == "__main__":
    print(page(), end="")
