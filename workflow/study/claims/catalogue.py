"""The claims under test: what each says, its precise meaning, its test, and the verdict of a study.

A claim is one entry of `CLAIMS`. Its verdict is computed from the evidence and never written by hand.
``python -m study.claims.catalogue > docs/claims.md`` writes the page that explains them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import pandas as pd

from study.claims.claim import Claim
from study.claims.judges import (
    ALGEBRA,
    NUMBERS,
    both_classes,
    boundary,
    cannot_train,
    gradient,
    null_in_the_limit_only,
    null_when_right,
    one_square,
    parallel,
    poor_choice,
    proves_nothing,
    replacement,
    same_direction,
    swapped,
    vanishes,
    wrong_saturation,
)
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
        "In the case headed by 1, the mean squared error becomes the mean of sigma squared.",
        "For the class y = 1: (1 - p)^2 = p^2 at every logit z, with p = sigma(z).",
        ALGEBRA,
        one_square(1),
    ),
    Claim(
        "A2",
        "article",
        "In the case headed by 0, it becomes the mean of sigma squared as well.",
        "For the class y = 0: (0 - p)^2 = p^2 at every logit z. (The result is judged, not the way to it.)",
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
        "No descent on MSE gets within 0.01 of the training accuracy of the BCE optimum.",
        "One of the study's MSE runs that reaches the accuracy target refutes it. If none does, it is left "
        "open: a run that ends at its budget proves nothing either way.",
        boundary,
    ),
    Claim(
        "A5",
        "article",
        "It does so for both classes.",
        "On a whole data set, the samples of class 0 and those of class 1 pull their own outputs the same "
        "way: the mean derivatives of their losses in their logits have the same sign.",
        "They have the same sign on every data set of the study at every start.",
        both_classes,
    ),
    Claim(
        "A6",
        "article",
        "MSE is a poor choice for binary classification.",
        "From the same start on the same data, MSE needs more steps than BCE to the same target, under each "
        "of three learning-rate policies. (Speed is what this study measures; nothing is said about the "
        "final model.)",
        "Under every policy the interval of the slowdown lies above 1 in more than half of the cells. It "
        "fails if under some policy MSE is no slower, the interval nowhere above 1, in more than half; else "
        "it is left open. Where MSE's best rate is the largest tried, a larger one might do better: such a "
        "cell counts as undecided.",
        poor_choice,
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
        "There is no reason to replace the label by sigma, or by 1 - sigma.",
        "A label is the constant 0 or 1; sigma(z) equals it at no finite z. Nor can one symbol stand for p "
        "in one class and for 1 - p in the other: they are equal at z = 0 alone.",
        "Computer algebra finds no real z with p = 0 and none with p = 1.",
        replacement,
    ),
    Claim(
        "R3",
        "review",
        "The article's equations prove nothing; the squared error is sigma squared for the negative class "
        "and (1 - sigma) squared for the positive one.",
        "(0 - p)^2 = p^2 and (1 - p)^2 = (1 - p)^2 are identities; one of the article's two equations is "
        "not, and the conclusion from them (A3) is false.",
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
        "The factor of x is 0 where the logit is large on either side, for either class.",
        "It holds if it is 0 at finite logits, in the limit if only its limits are 0.",
        vanishes,
    ),
    Claim(
        "R6",
        "review",
        "So a saturated network cannot train with MSE. (A later version: cannot train properly.)",
        "First version, judged here: from the most confidently wrong starts no descent on MSE reaches its "
        "target. Later version, judged in the evidence: it needs more steps than BCE.",
        "First version: one MSE run from the largest wrong starts that reaches its target refutes it; if "
        "none does it is left open. Later version: the interval of the slowdown lies above 1 in more than "
        "half of the cells of wrong starts at equal rates. Also given: the slope of MSE along its runs on "
        "separable data, and the logits from which an update is lost to rounding.",
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
        "N1",
        "neither",
        "MSE's gradient vanishes where the network is right, too, but only a start that is saturated and "
        "wrong costs time.",
        "The limits of MSE's gradient are 0 on both sides. On separable data, where a right start has every "
        "sample right, it reaches the target no later than from zero; from a wrong start it does so later. "
        "(This is about starts alone: a target that demands confidence, such as a small log loss, takes MSE "
        "longer from any start; docs/laws.md has this tail.)",
        "The limits are 0; of the pairs of MSE runs at rates up to 1/L of BCE, right starts are later than "
        "zero in at most one of a hundred, wrong starts in more than half.",
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
        "The difference is 0 in algebra, and to the last bit on each of the study's data sets.",
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


_INTRODUCTION: Final = """\
# Claims

What is said about MSE on binary classification, claim by claim: what it means, and how it is tested. This
page is generated from `workflow/study/claims/catalogue.py`
(`python -m study.claims.catalogue > docs/claims.md`); a test fails when the two differ. What a study finds is
in `results/tables/claims.csv`, with a verdict that is computed from the evidence:

- `holds`;
- `holds in the limit`: true as a limit, at no finite point;
- `fails`: a counterexample was found, or most of the evidence is against it;
- `left open`: the study has no runs that could decide it, or its runs do not.

Two texts are under test, and three more claims are stated by neither.

- **The article**: N. Adaloglou, "Understanding Maximum Likelihood Estimation in Supervised Learning", AI
  Summer, bonus section "What would happen if we use MSE on binary classification?"
  (<https://theaisummer.com/mle/>), as it first appeared. It was changed after the review.
- **The review**: "What would happen if we use MSE on binary classification?"
  (<https://github.com/Jonas1312/mse-for-binary-classification>).

The statements below are ours and short; read the texts for their own words. Throughout, y is the label (0 or
1), z the logit, p = sigma(z) the prediction, the margin is z for y = 1 and -z for y = 0, and MSE carries the
factor 1/2.

Some claims can be read in more than one way. The reading that is judged is the formal one given here. A claim
that something *cannot* happen is refuted by one case in which it does; a run that ended at its budget is
never taken as proof that it would not have arrived.

## Local minima

MSE is not convex, so on data that no plane separates it can have several local minima (Auer, Herbster and
Warmuth 1995, "Exponentially many local minima for single neurons": up to floor(n/d)^d for n samples and d
parameters). BCE is convex. If the columns of the features are independent its Hessian is positive definite
everywhere, so it has one minimum at most.

`two_scales` is a data set on which this can be seen. It has one feature and a bias. Near samples, at x = 1
and x = -1, favour a positive weight: seven of eight have the label that it predicts. Far samples, at x = 10
and x = -10, half as many, favour a negative weight, three of four. A weight that suits the near samples,
about log 7, gives the far ones a logit of about 19. There the loss of a far sample is close to its largest
value, 1/2, and hardly changes any more: MSE gives up the far samples, and a minimum remains. Another minimum
suits the far samples. BCE has no largest value, so no sample can be given up, and the far ones win.
`two_scales_twice` has two such features, each with samples of its own, and four minima, one for each pair of
choices.

The table `minima` lists what was found from a lattice of starts, by gradient descent and then Newton's method
in 50 digits. Each minimum is *proven*: Krawczyk's test in interval arithmetic shows that the box of half
width `radius` around it holds exactly one stationary point, and elimination with interval pivots shows that
the Hessian is positive definite in all of the box.

On separable data there is no such minimum, for MSE either. Let u be a direction that separates, so that every
margin m_u under it is positive. A sample adds -w^2 (1 - w) m_u / n to the inner product of gradient and u,
with w = sigma(-m) of its margin m. Each of these is negative, so the gradient is nowhere 0: what looks like a
local minimum there is slowness, or rounding. R6 checks this along the study's own runs.

## Floating point

A parameter of -a, one sample at x = 1 of class 1 and the largest safe rate 1/L: once the update is less than
half the distance to the next number, the parameter never changes again. The evidence of R6 gives the a
at which this begins, found by bisection.

The claims about limits (R5, R9, N2) are about real numbers. In float64, 1 - sigma(z) rounds to 0 from about
log 2^53 = 36.7 on when computed as written, so there R9 holds, by rounding. The kernels of this project
compute it as sigma(-z), which does not round to 0 there.
"""


def page() -> str:
    """Render the claims as the Markdown page `docs/claims.md`."""
    titles = {
        "article": "The article's claims",
        "review": "The review's claims",
        "neither": "Stated by neither",
    }
    lines = [_INTRODUCTION]
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
