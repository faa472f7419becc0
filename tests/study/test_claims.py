"""Claims: verdicts follow the evidence. Each claim is judged on a true study and on altered evidence."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from study.catalogue import TABLES
from study.claims import catalogue as claims
from study.claims import claim, network, phrases
from study.claims.counts import Against, Answer, Arrivals, Order
from study.claims.evidence import Classes, Evidence, Stall
from study.claims.pulls import Pulls, Signs
from study.statistics.pairs import POLICIES
from study.tables import store
from study.theory import identities, minima

ROOT = Path(__file__).parents[2]
ORDER = [
    *(f"A{i}" for i in range(1, 9)),
    *(f"R{i}" for i in range(1, 12)),
    *("N1", "N2", "N3"),
]
STARTS = [("zero", 0.0), ("normal", 0.5), ("sure_wrong", 0.9), ("sure_wrong", 0.999), ("sure_right", 0.99)]


def answer(outcome, start, policy, target):
    return Answer(*start, policy, target, outcome, "1.5x [1, 2]", 17, 3, 30)


def every_answer(outcome="slower"):
    return tuple(answer(outcome, s, p, t) for s in STARTS for p in POLICIES for t in ("accuracy", "brier"))


def changed(found, outcome, where):
    """Evidence with another outcome in the answers that `where` marks."""
    return replace(
        found, answers=tuple(replace(a, outcome=outcome) if where(a) else a for a in found.answers)
    )


def neutral(a):
    return a.initialisation in {"zero", "normal"} and a.policy == "tuned"


@pytest.fixture(scope="session")
def found():
    """Evidence as a study would find it: real identities, plausible numbers."""
    sure, mixed = Signs(20, 20), Signs(20, 8)
    both = dict.fromkeys(("mse", "bce"), mixed)
    study = Evidence(
        identities=identities.check(),
        stalls={"mse": Stall(16.4, 35.8, 0.0), "bce": Stall(1e8, 1e16, 0.0)},
        network=network.Findings(
            {(loss, c): step for c in network.CONFIDENCES for loss, step in (("mse", 100), ("bce", 4))},
            {"mse": 19.0, "bce": math.inf},
        ),
        inputs={"mse": sure, "bce": sure},
        pulls=Pulls(4, 20, dict.fromkeys(("mse", "bce"), sure), both, both, both, losses=Signs(20, 2)),
        parallel=Signs(3, 0),
        classes=Classes(3, 5, 0.02, 0.2),
        boundary=Arrivals(280, 225, 2000),
        from_zero=Arrivals(40, 40, 2000),
        surest=0.999,
        escapes={
            ("mse", True): Arrivals(100, 70, 2000),
            ("mse", False): Arrivals(50, 40, 2000),
            ("bce", True): Arrivals(100, 99, 2000),
            ("bce", False): Arrivals(50, 45, 2000),
        },
        answers=every_answer(),
        against_zero=tuple(
            Against(separable, name, scale, target, order)
            for separable in (True, False)
            for name, scale, order in (
                ("sure_right", 0.99, Order(29, 0, 0 if separable else 7, 1)),
                ("sure_wrong", 0.9, Order(1, 2, 60, 9)),
            )
            for target in ("accuracy", "brier")
        ),
        slopes=minima.Slopes(14, 728, 728, 3e-4),
        minima={("two_scales", "bce"): (1, True), ("two_scales", "mse"): (2, True)},
    )
    return changed(study, "undecided", neutral)


def verdicts(found) -> dict[str, str]:
    table = claims.table(found)
    return dict(zip(table["claim"], table["verdict"], strict=True))


def words(found, name) -> str:
    return claims.CLAIMS[name].judge(found)[0]


def test_a_row_per_claim_in_order(found):
    table = claims.table(found)
    assert list(table["claim"]) == ORDER
    assert list(claims.CLAIMS) == ORDER
    assert dict(zip(table["claim"].str[0], table["source"], strict=True)) == {
        "A": "article",
        "R": "review",
        "N": "neither",
    }
    assert set(table["verdict"]) <= set(claim.VERDICTS)
    assert not table.drop(columns="number").eq("").any().any()
    text = table.drop(columns="number").agg(" ".join, axis=1)
    assert list(text[text.str.contains(r"\b(?:nan|inf)\b")]) == []
    assert list(text[text.str.contains(r"diverge")]) == []  # it cannot: nothing may rest on it


def test_verdicts_of_a_true_study(found):
    fails = dict.fromkeys(("A1", "A3", "A4", "A7"), claim.FAILS)
    in_part = dict.fromkeys(("A5", "A6", "R6", "R10"), claim.PART)
    others = {"R9": claim.LIMIT, "A8": claim.OPEN}
    assert verdicts(found) == dict.fromkeys(ORDER, claim.HOLDS) | fails | in_part | others


def doctored(found, part, **changes):
    """Evidence with some entries of one of its mappings changed."""
    if hasattr(found.identities, part):
        new = dict(getattr(found.identities, part)) | changes.pop("entries")
        return replace(found, identities=replace(found.identities, **{part: new}))
    return replace(found, **{part: dict(getattr(found, part)) | changes.pop("entries")})


def pulling(found, signs):
    return replace(found, pulls=replace(found.pulls, weights={"mse": signs, "bce": Signs(20, 8)}))


def ordered(found, order, *, separable, name):
    return replace(
        found,
        against_zero=tuple(
            replace(row, order=order) if (row.separable, row.initialisation) == (separable, name) else row
            for row in found.against_zero
        ),
    )


def nothing_arrives(found):
    steps = dict.fromkeys(found.network.steps, -1)
    none = {key: replace(each, reached=0) for key, each in found.escapes.items()}
    return replace(found, network=replace(found.network, steps=steps), escapes=none)


SQUARES = "sum of squares, their mean"
DOCTORED = [
    ("A1", "holds", lambda e: doctored(e, "remainders", entries={"class 1 squared error, p^2": "0"})),
    ("A2", "fails", lambda e: doctored(e, "remainders", entries={"class 0 squared error, p^2": "p"})),
    ("A3", "holds", lambda e: doctored(e, "inputs", entries={"mse": Signs(20, 0)})),
    ("A3", "left open", lambda e: doctored(e, "inputs", entries={"mse": Signs(0, 0)})),
    ("A4", "left open", lambda e: replace(e, boundary=Arrivals(280, 0, 2000))),
    ("A4", "left open", lambda e: replace(e, boundary=Arrivals(0, 0, 0))),
    ("A5", "holds", lambda e: pulling(e, Signs(20, 0))),
    ("A5", "fails", lambda e: pulling(e, Signs(20, 20))),
    ("A5", "left open", lambda e: pulling(e, Signs(0, 0))),
    ("A6", "holds", lambda e: replace(e, answers=every_answer())),
    ("A6", "fails", lambda e: changed(changed(e, "undecided", lambda _: True), "no slower", neutral)),
    ("A6", "left open", lambda e: changed(e, "undecided", lambda _: True)),
    ("A6", "left open", lambda e: changed(e, "edge", lambda _: True)),
    ("A6", "left open", lambda e: changed(e, "vague", lambda _: True)),
    ("A6", "left open", lambda e: changed(e, "at start", lambda _: True)),
    ("A6", "left open", lambda e: replace(e, answers=())),
    ("A7", "holds", lambda e: doctored(e, "remainders", entries={SQUARES: "0"})),
    ("R1", "fails", lambda e: doctored(e, "remainders", entries={"class 1 squared error, p^2": "0"})),
    ("R1", "fails", lambda e: doctored(e, "remainders", entries={"class 1 squared error, (1 - p)^2": "p"})),
    ("R2", "fails", lambda e: doctored(e, "solutions", entries={"p = 1 - p": "Reals"})),
    ("R3", "fails", lambda e: doctored(e, "inputs", entries={"mse": Signs(20, 0)})),
    ("R3", "fails", lambda e: doctored(e, "remainders", entries={"class 1 squared error, p^2": "0"})),
    ("R4", "fails", lambda e: doctored(e, "remainders", entries={"gradient mse": "p*x1"})),
    ("R4", "fails", lambda e: doctored(e, "differences", entries={"mse": 1e-20})),
    ("R4", "fails", lambda e: doctored(e, "kernels", entries={"mse": 1e-9})),
    ("R5", "fails", lambda e: doctored(e, "limits", entries={"mse, y = 0, wrong": "1"})),
    ("R6", "left open", nothing_arrives),
    ("R6", "fails", lambda e: doctored(e, "stalls", entries={"mse": Stall(16.4, 35.8, 0.5)})),
    (
        "R6",
        "fails",
        lambda e: replace(e, network=replace(e.network, still=dict.fromkeys(e.network.still, math.inf))),
    ),
    ("R7", "fails", lambda e: doctored(e, "remainders", entries={"gradient bce, y = 0": "x1"})),
    ("R7", "fails", lambda e: doctored(e, "kernels", entries={"bce, y = 0": math.inf})),
    ("R8", "fails", lambda e: doctored(e, "differences", entries={"bce, y = 1": 1.0})),
    ("R9", "fails", lambda e: doctored(e, "limits", entries={"bce, y = 1, right": "-1"})),
    ("R9", "holds", lambda e: doctored(e, "solutions", entries={"p = 1": "{40}"})),
    ("R10", "holds in the limit", lambda e: replace(e, classes=Classes(8, 0, math.nan, math.nan))),
    ("R10", "fails", lambda e: replace(e, classes=Classes(0, 8, 0.02, 0.2))),
    ("R10", "left open", lambda e: replace(e, classes=Classes(0, 0, math.nan, math.nan))),
    ("R11", "holds in part", lambda e: changed(e, "no slower", lambda a: a.scale == 0.9)),
    ("R11", "fails", lambda e: changed(e, "no slower", lambda _: True)),
    ("R11", "left open", lambda e: changed(e, "undecided", lambda _: True)),
    ("R11", "left open", lambda e: replace(e, answers=())),
    ("N1", "fails", lambda e: doctored(e, "limits", entries={"mse, y = 0, right": "1"})),
    ("N1", "fails", lambda e: ordered(e, Order(90, 8, 2, 0), separable=True, name="sure_right")),
    ("N1", "fails", lambda e: ordered(e, Order(30, 0, 30, 0), separable=True, name="sure_wrong")),
    ("N1", "fails", lambda e: ordered(e, Order(0, 30, 30, 0), separable=False, name="sure_wrong")),
    ("N1", "left open", lambda e: ordered(e, Order(30, 0, 0, 0), separable=False, name="sure_right")),
    ("N1", "left open", lambda e: ordered(e, Order(0, 0, 0, 9), separable=True, name="sure_right")),
    ("N1", "left open", lambda e: replace(e, against_zero=())),
    ("N2", "fails", lambda e: doctored(e, "solutions", entries={"p = 1": "{40}"})),
    ("N2", "fails", lambda e: doctored(e, "limits", entries={"bce, y = 0, right": "1"})),
    ("N3", "fails", lambda e: doctored(e, "remainders", entries={"quarter at zero": "1/8"})),
    ("N3", "fails", lambda e: replace(e, parallel=Signs(3, 1))),
]


@pytest.mark.parametrize(
    ("claim", "verdict", "change"), DOCTORED, ids=[f"{c}-{v}-{i}" for i, (c, v, _) in enumerate(DOCTORED)]
)
def test_a_verdict_follows_the_evidence(found, claim, verdict, change):
    assert verdicts(found)[claim] != verdict
    altered = change(found)
    assert verdicts(altered)[claim] == verdict
    before, after = (words(e, claim) for e in (found, altered))
    assert before != after  # the words follow it, too


def test_every_claim_is_doctored_but_the_one_that_nothing_could_decide():
    assert set(claims.CLAIMS) - {claim for claim, _, _ in DOCTORED} == {"A8"}
    assert claims.CLAIMS["A8"].judge(None)[1] == claim.OPEN


@pytest.mark.parametrize("name", ["A1", "A2", "A7"])
def test_the_lost_mean_is_said(found, name):
    assert "S*(m - 1)/m" in words(found, name)
    assert "1/m" in claims.CLAIMS[name].statement


def test_speed_is_said_by_policy_start_and_target(found):
    text = words(found, "A6")
    always = "from sure_wrong 0.9, sure_wrong 0.999 and sure_right 0.99 to every target"
    everywhere = "from zero, normal 0.5 (real data), sure_wrong 0.9, sure_wrong 0.999 and sure_right 0.99"
    assert f"MSE is slower under all of the 4 policies {always}." in text
    for policy in ("equal", "equal_no_half", "smoothness"):
        assert f"{phrases.POLICIES[policy]}: slower {everywhere} to every target." in text
    assert (
        f"{phrases.POLICIES['tuned']}: slower {always}. Undecided from zero to accuracy 1.5x [1, 2] "
        "(slower in 17, faster in 3 of 30 pairs); from zero to brier" in text
    )
    assert set(phrases.POLICIES) == set(POLICIES)
    assert not any(name in words(found, "R11") for name in ("from zero", "normal"))


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("no slower", "No slower in the median from zero to accuracy 1.5x [1, 2] (slower in 17"),
        ("edge", "Undecided, since MSE's best rate is mostly the largest tried, from zero and normal"),
        ("vague", "Undecided, with too little data for an interval, from zero and normal"),
        (
            "at start",
            "Mostly met at step 0, and so not judged: from zero and normal 0.5 (real data) to every",
        ),
    ],
)
def test_answers_that_are_not_slower_say_why(found, outcome, said):
    assert said in words(changed(found, outcome, neutral), "A6")


def test_starts_with_the_same_targets_are_listed_together():
    keys = [("zero", 0.0, "brier"), ("normal", 0.5, "accuracy"), ("normal", 0.5, "brier")]
    keys += [
        ("sure_wrong", 0.9, "brier"),
        ("sure_wrong", 0.9999, "accuracy"),
        ("sure_wrong", 0.9999, "brier"),
    ]
    assert phrases.starts(keys, ["brier", "accuracy"]) == (
        "from zero and sure_wrong 0.9 to brier; "
        "from normal 0.5 (real data) and sure_wrong 0.9999 to every target"
    )
    assert phrases.starts(keys[:1], ["brier"]) == "from zero to brier"


def test_runs_that_arrive_are_counted_by_rate(found):
    text = words(found, "R6")
    assert (
        "with MSE 70 of 100 (70.0%) at rates up to its own 1/L, 40 of 50 (80.0%) at rates above that;" in text
    )
    only = {key: each if key[1] else Arrivals(0, 0, 0) for key, each in found.escapes.items()}
    assert "above that" not in words(replace(found, escapes=only), "R6")
    none = dict.fromkeys(found.escapes, Arrivals(0, 0, 0))
    assert "no start that is sure of the wrong class" in words(replace(found, escapes=none), "R6")
    uphill = replace(found, slopes=minima.Slopes(14, 728, 700, 3e-4))
    assert "700 of 728 points" in words(uphill, "R6")


def test_what_the_network_did_is_said(found):
    steps = dict(found.network.steps) | {("mse", 0.9999): -1}
    text = words(replace(found, network=replace(found.network, steps=steps)), "R6")
    assert "0.999: 100 and 4; 0.9999: more than 100,000 and 4." in text
    assert "from a logit of -19 on with MSE, at no logit to -100 with BCE." in text


def test_what_is_not_proven_is_said(found):
    assert "not all proven" not in words(found, "A6")
    doubtful = replace(found, minima={("two_scales", "mse"): (2, False)})
    assert "2 for MSE on two_scales (not all proven)" in words(doubtful, "A6")


# --- The page -----------------------------------------------------------------------------------------------


def test_the_page_of_the_docs_is_what_the_claims_say():
    page = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    assert page == claims.page(), "run: python -m study.claims.catalogue > docs/claims.md"
    unwrapped = " ".join(page.split())
    for entry in claims.CLAIMS.values():
        assert entry.formal in unwrapped
        assert entry.test in unwrapped


def test_the_table_survives_both_forms(found, tmp_path):
    table = claims.table(found)
    for suffix in (".csv", ".parquet"):
        store.write(table, TABLES["claims"], tmp_path / f"claims{suffix}")
        pd.testing.assert_frame_equal(store.read(TABLES["claims"], tmp_path / f"claims{suffix}"), table)
    json.dumps(table.to_dict("records"))
