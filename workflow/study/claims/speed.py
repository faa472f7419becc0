"""The judges of what descents show: whether MSE arrives, and whether it is slower, start by start."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from study import wording
from study.claims import network
from study.claims.claim import FAILS, HOLDS, OPEN, PART, Judgement
from study.claims.counts import Answer
from study.claims.evidence import DESCENT
from study.claims.phrases import (
    POLICIES,
    answers_to,
    escaped,
    later,
    met,
    of,
    size,
    start,
    starts,
)

if TYPE_CHECKING:
    from study.claims.evidence import Evidence

__all__ = ["boundary", "cannot_train", "not_properly", "poor_choice", "wrong_saturation"]

SATURATED: Final = ("sure_wrong", "sure_right")


def boundary(found: Evidence) -> Judgement:
    """Judge whether MSE never forms a decision boundary."""
    runs, zero = found.boundary, found.from_zero
    if runs.runs == 0:
        return "No MSE run of this study had an accuracy target to reach.", OPEN
    text = (
        f"The accuracy target was reached by {met(runs)} MSE runs within at most "
        f"{wording.count(runs.budget)} steps, those that met it at step 0 left out"
    )
    text += f"; of those from theta = 0, where there is no boundary, by {met(zero)}." if zero.runs else "."
    return text, FAILS if runs.reached else OPEN


def poor_choice(found: Evidence) -> Judgement:
    """Judge whether MSE is slower, from every start."""
    text, verdict = _slower(found.answers)
    counts = [
        f"{count} for {loss.upper()} on {name}{'' if proven else ' (not all proven)'}"
        for (name, loss), (count, proven) in found.minima.items()
    ]
    return f"{text} Local minima found on constructed data: {', '.join(counts) or 'none'}.", verdict


def not_properly(found: Evidence) -> Judgement:
    """Judge whether MSE is slower from saturated starts."""
    return _slower([a for a in found.answers if a.initialisation in SATURATED])


def _slower(answers: Sequence[Answer]) -> Judgement:
    """Say under which starts and targets MSE is slower, under every policy and under each."""
    judged = [a for a in answers if a.outcome != "at start"]
    if not judged:
        return "No start of this study that is pooled over data sets has a target still to reach.", OPEN
    policies = [policy for policy in POLICIES if any(a.policy == policy for a in judged)]
    targets = {a.target for a in answers}
    slower = {(*_key(a), a.policy) for a in judged if a.outcome == "slower"}
    keys = dict.fromkeys(_key(a) for a in judged)
    always = [key for key in keys if all((*key, policy) in slower for policy in policies)]
    under = f"under all of the {len(policies)} policies" if len(policies) > 1 else "under the one policy"
    sentences = [
        f"MSE is slower {under} {starts(always, targets)}."
        if always
        else f"From no start and to no target is MSE slower {under}."
    ]
    sentences += [_under(policy, [a for a in judged if a.policy == policy], targets) for policy in policies]
    met_at_once = dict.fromkeys(_key(a) for a in answers if a.outcome == "at start")
    if met_at_once:
        sentences.append(f"Mostly met at step 0, and so not judged: {starts(met_at_once, targets)}.")
    verdict = PART if slower else OPEN
    if len(slower) == len(judged):
        verdict = HOLDS
    elif not slower and any(a.outcome == "no slower" for a in judged):
        verdict = FAILS
    return " ".join(sentences), verdict


def _key(answer: Answer) -> tuple[str, float, str]:
    return answer.initialisation, answer.scale, answer.target


_OUTCOMES: Final = {
    "slower": "slower",
    "no slower": "no slower in the median",
    "undecided": "undecided",
    "edge": "undecided, since MSE's best rate is mostly the largest tried,",
    "vague": "undecided, with too little data for an interval,",
}
"""How an outcome is written; those of the second and third kind are listed one by one."""


def _under(policy: str, answers: Sequence[Answer], targets: Collection[str]) -> str:
    parts = []
    for outcome, words in _OUTCOMES.items():
        rows = [a for a in answers if a.outcome == outcome]
        one_by_one = outcome in {"no slower", "undecided"}
        if rows:
            what = answers_to(rows) if one_by_one else starts([_key(a) for a in rows], targets)
            parts.append(f"{words} {what}")
    return (
        f"{POLICIES[policy]}: {'. '.join([parts[0], *(part[0].upper() + part[1:] for part in parts[1:])])}."
    )


def cannot_train(found: Evidence) -> Judgement:
    """Judge whether MSE never arrives from saturated starts."""
    runs = [found.escapes["mse", safe] for safe in (True, False)]
    trained = {c: step for (loss, c), step in found.network.steps.items() if loss == "mse"}
    sentences = [_from_surest(found), _network(found.network)]
    if found.slopes.points:
        sentences.append(
            "On separable data there is no point to get stuck at: along a separating direction MSE went "
            f"downhill at {of(found.slopes.downhill, found.slopes.points)} points of "
            f"{wording.count(found.slopes.runs)} descents, on the first data set of each such setting. Only "
            "rounding can stop a run there."
        )
    sentences.append(_rounding(found))
    arrives = any(each.reached for each in runs) or any(step >= 0 for step in trained.values())
    stuck = found.stalls["mse"].moved == 0.0 and math.isfinite(found.network.still["mse"])
    return " ".join(sentences), OPEN if not arrives else PART if stuck else FAILS


def _from_surest(found: Evidence) -> str:
    ends = found.escapes
    if not any(each.runs for each in ends.values()):
        return "This study has no start that is sure of the wrong class."
    each = [escaped(loss, ends[loss, True], ends[loss, False]) for loss in ("mse", "bce")]
    budget = wording.count(max(each.budget for each in ends.values()))
    return (
        f"Linear model: of the runs from {start('sure_wrong', found.surest)}, the surest, each counted once, "
        f"these met all of their targets within their budgets, at most {budget} steps: {'; '.join(each)}."
    )


def _network(found: network.Findings) -> str:
    def took(loss: str, confidence: float) -> str:
        step = found.steps[loss, confidence]
        return f"{wording.count(step)}" if step >= 0 else f"more than {wording.count(network.BUDGET)}"

    each = [f"{c:g}: {took('mse', c)} and {took('bce', c)}" for c in network.CONFIDENCES]
    return (
        f"One small network ({network.UNITS} tanh units, exclusive or, one draw) that gives each of the four "
        "corners its wrong class with the same probability, by plain descent at one rate: steps of MSE and "
        f"of BCE to a Brier score of {network.TARGET:g} are, from {'; '.join(each)}."
    )


def _rounding(found: Evidence) -> str:
    mse, bce, still = found.stalls["mse"], found.stalls["bce"], found.network.still
    network_text = {
        loss: f"from a logit of -{value:g} on"
        if math.isfinite(value)
        else f"at no logit to -{network.FARTHEST}"
        for loss, value in still.items()
    }
    return (
        "In floating point an update can be lost. At the rate 1/L, for one wrong sample, it is from a logit "
        f"of -{size(mse.float32)} (float32) or -{size(mse.float64)} (float64) on with MSE, and from "
        f"-{size(bce.float32)} or -{size(bce.float64)} on with BCE. A descent of "
        f"{wording.count(DESCENT)} steps in float32 that begins there "
        f"moved by {size(mse.moved)} with MSE. No parameter of the network changes in float32, at its rate, "
        f"{network_text['mse']} with MSE, {network_text['bce']} with BCE."
    )


def wrong_saturation(found: Evidence) -> Judgement:
    """Judge which saturated starts cost time, against theta = 0."""
    limits = [found.identities.limits[f"mse, y = {y}, {side}"] for side in ("right", "wrong") for y in (0, 1)]
    text = f"Limits of MSE's gradient, both classes right, both wrong: {', '.join(limits)}."
    rows = [row for row in found.against_zero if row.order.total]
    right = {
        separable: [r for r in rows if r.initialisation == "sure_right" and r.separable == separable]
        for separable in (True, False)
    }
    wrong = {
        separable: [r for r in rows if r.initialisation == "sure_wrong" and r.separable == separable]
        for separable in (True, False)
    }
    if not all((*right.values(), *wrong.values())):
        missing = "This study lacks runs from zero, sure_right and sure_wrong on separable or on other data."
        return f"{text} {missing}", OPEN
    text += " Pairs of MSE runs in which the one from such a start came later than the one from theta = 0."
    for separable, where in ((True, "On separable data"), (False, "Where classes overlap")):
        groups = groupby((*right[separable], *wrong[separable]), key=lambda r: (r.initialisation, r.scale))
        text += f" {where}: {'; '.join(later(list(group)) for _, group in groups)}."
    free = all(100 * row.order.later <= row.order.total for row in right[True])
    paid = all(2 * row.order.later > row.order.total for rows in wrong.values() for row in rows)
    if set(limits) != {"0"} or not free or not paid:
        return text, FAILS
    return text, HOLDS if any(row.order.later for row in right[False]) else OPEN
