"""What stands before the claims on the page `docs/claims.md`."""

from __future__ import annotations

from typing import Final

__all__ = ["INTRODUCTION"]

INTRODUCTION: Final = """\
# Claims

What is said about MSE on binary classification, claim by claim: what it means, and how it is tested. This
page is generated from `workflow/study/claims/catalogue.py`
(`python -m study.claims.catalogue > docs/claims.md`); a test fails when the two differ. What a study finds is
in `results/tables/claims.csv`, with a verdict that is computed from the evidence:

- `holds`;
- `holds in the limit`: true as a limit, at no finite point;
- `holds in part`: true of some starts, targets or data and not of others; the evidence says of which;
- `fails`: a counterexample was found, or it is true nowhere that was looked at;
- `left open`: nothing in the study could decide it, or what is in it does not.

No verdict is a vote over whatever cells a config happens to have: those about speed (A6, R11, N1) go by start
and by target.

Two texts are under test, and three more claims are stated by neither.

- **The article**: N. Adaloglou, "Understanding Maximum Likelihood Estimation in Supervised Learning", AI
  Summer, bonus section "What would happen if we use MSE on binary classification?"
  (<https://theaisummer.com/mle/>), as it first appeared. It was changed after the review, which has a picture
  of the first form.
- **The review**: "What would happen if we use MSE on binary classification?"
  (<https://github.com/Jonas1312/mse-for-binary-classification>), which was changed, too: R6 and R11 are two
  forms of one sentence.

The statements below are ours and short; read the texts for their own words. Throughout, y is the label (0 or
1), z the logit, p = sigma(z) the prediction, the margin is z for y = 1 and -z for y = 0, and MSE carries the
factor 1/2.

Some claims can be read in more than one way. The reading that is judged is the formal one given here. A claim
that something *cannot* happen is refuted by one case in which it does; a run that ended at its budget is
never taken as proof that it would not have arrived.

Starts have the names of the config: `zero` is theta = 0, `normal` a small random theta, and `sure_wrong c`
and `sure_right c` give the median sample's wrong or right class the probability c ([config.md](config.md)).

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
local minimum there is slowness, or rounding. R6 checks this along descents from the study's starts.

## A network with a hidden layer

The review speaks of a neural network; its formulas are those of the linear model. R6 looks at one with a
hidden layer, too: eight tanh units and a sigmoid output, on the four corners of the exclusive or. Its hidden
weights are random, its output weights the shortest that give every corner its wrong class with the same
probability. Gradient descent at one rate, the same for both losses, then has to bring the Brier score to
0.025, a tenth of what the base rate scores, and hold it for ten steps. It is one network from one draw: that
it arrives refutes that none can, and its step counts say nothing about other networks. Its gradient is
written out in `workflow/study/claims/network.py` and tested against difference quotients.

## Floating point

A parameter of -a, one sample at x = 1 of class 1 and the largest safe rate 1/L: once the update is less than
half the distance to the next number, the parameter never changes again. The evidence of R6 gives the a
at which this begins, found by bisection, and what became of a descent in float32 that began there. With
MSE a larger rate moves it only by its logarithm. The network is looked at in the same way, at every whole
logit to 100. In both the gradient is the true one, rounded to the type: a p (1 - p) that is computed
carelessly in float32 is lost earlier.

The claims about limits (R5, R9, R10, N2) are about real numbers. In float64, 1 - sigma(z) rounds to 0 from
about log 2^53 = 36.7 on when computed as written, so there R9 holds, by rounding. The kernels of this project
compute it as sigma(-z), which does not round to 0 there.
"""
