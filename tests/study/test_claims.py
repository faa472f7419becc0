"""Claims: verdicts follow the evidence. Each claim is judged on a true study and on altered evidence."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import synthetic
from study.catalogue import TABLES
from study.claims import catalogue as claims
from study.claims import claim, evidence
from study.config import model as config
from study.runs import draw
from study.tables import store
from study.theory import identities, minima

import kernels

ROOT = Path(__file__).parents[2]
ORDER = [f"A{i}" for i in range(1, 7)] + [f"R{i}" for i in range(1, 10)] + ["N1", "N2", "N3"]


@pytest.fixture(scope="session")
def found():
    """Evidence as a study would find it: real identities, real numbers of the smoke study."""
    sure = evidence.Signs(20, 20)
    return evidence.Evidence(
        identities=identities.check(),
        stalls={
            (loss, kind): a for loss, a in (("mse", 16.0), ("bce", 1e8)) for kind in ("float32", "float64")
        },
        inputs={"mse": sure, "bce": sure},
        outputs={"mse": sure, "bce": sure},
        parameters={"mse": evidence.Signs(20, 8), "bce": evidence.Signs(20, 8)},
        parallel=evidence.Signs(3, 0),
        boundary=evidence.Arrivals(280, 225, 2000),
        largest=8.0,
        at_the_edge=5,
        escapes={"mse": evidence.Arrivals(432, 341, 2000), "bce": evidence.Arrivals(324, 315, 2000)},
        cells={
            "equal": evidence.Cells(55, 0, 4),
            "smoothness": evidence.Cells(47, 1, 11),
            "tuned": evidence.Cells(40, 3, 16),
        },
        wrong_cells=evidence.Cells(27, 0, 0),
        against_zero={"right": evidence.Order(29, 0, 0, 1), "wrong": evidence.Order(0, 0, 81, 9)},
        slopes=minima.Slopes(14, 728, 728, 3e-4),
        minima={("two_scales", "bce"): (1, True), ("two_scales", "mse"): (2, True)},
    )


def verdicts(found) -> dict[str, str]:
    table = claims.table(found)
    return dict(zip(table["claim"], table["verdict"], strict=True))


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
    words = table.drop(columns="number").agg(" ".join, axis=1)
    assert list(words[words.str.contains(r"\b(?:nan|inf)\b")]) == []


def test_verdicts_of_a_true_study(found):
    assert verdicts(found) == {
        "A1": "fails",
        "A2": "holds",
        "A3": "fails",
        "A4": "fails",
        "A5": "fails",
        "A6": "holds",
        "R1": "holds",
        "R2": "holds",
        "R3": "holds",
        "R4": "holds",
        "R5": "holds in the limit",
        "R6": "fails",
        "R7": "holds",
        "R8": "holds",
        "R9": "holds in the limit",
        "N1": "holds",
        "N2": "holds",
        "N3": "holds",
    }


def doctored(found, part, **changes):
    """Evidence with some entries of one of its mappings changed."""
    if hasattr(found.identities, part):
        new = dict(getattr(found.identities, part)) | changes.pop("entries")
        return replace(found, identities=replace(found.identities, **{part: new}))
    return replace(found, **{part: dict(getattr(found, part)) | changes.pop("entries")})


DOCTORED = [
    ("A1", "holds", lambda e: doctored(e, "remainders", entries={"class 1 squared error, p^2": "0"})),
    ("A2", "fails", lambda e: doctored(e, "remainders", entries={"class 0 squared error, p^2": "p"})),
    ("A3", "holds", lambda e: doctored(e, "inputs", entries={"mse": evidence.Signs(20, 0)})),
    ("A4", "left open", lambda e: replace(e, boundary=evidence.Arrivals(280, 0, 2000))),
    ("A4", "left open", lambda e: replace(e, boundary=evidence.Arrivals(0, 0, 0))),
    ("A5", "holds", lambda e: doctored(e, "outputs", entries={"mse": evidence.Signs(20, 0)})),
    ("A5", "left open", lambda e: doctored(e, "outputs", entries={"mse": evidence.Signs(0, 0)})),
    ("A6", "fails", lambda e: doctored(e, "cells", entries={"tuned": evidence.Cells(20, 30, 9)})),
    ("A6", "left open", lambda e: doctored(e, "cells", entries={"tuned": evidence.Cells(20, 0, 39)})),
    ("A6", "left open", lambda e: doctored(e, "cells", entries={"tuned": evidence.Cells(29, 29, 1)})),
    ("A6", "left open", lambda e: replace(e, cells=dict.fromkeys(e.cells, evidence.Cells(0, 0, 0)))),
    ("R1", "fails", lambda e: doctored(e, "remainders", entries={"class 1 squared error, p^2": "0"})),
    ("R1", "fails", lambda e: doctored(e, "remainders", entries={"class 1 squared error, (1 - p)^2": "p"})),
    ("R2", "fails", lambda e: doctored(e, "solutions", entries={"p = 0": "{-40}"})),
    ("R3", "fails", lambda e: doctored(e, "inputs", entries={"mse": evidence.Signs(20, 0)})),
    ("R3", "fails", lambda e: doctored(e, "remainders", entries={"class 1 squared error, p^2": "0"})),
    ("R4", "fails", lambda e: doctored(e, "remainders", entries={"gradient mse": "p*x1"})),
    ("R4", "fails", lambda e: doctored(e, "differences", entries={"mse": 1e-20})),
    ("R4", "fails", lambda e: doctored(e, "kernels", entries={"mse": 1e-9})),
    ("R5", "fails", lambda e: doctored(e, "limits", entries={"mse, y = 0, wrong": "1"})),
    ("R5", "holds", lambda e: doctored(e, "solutions", entries={"mse gradient = 0, y = 0": "{40}"})),
    ("R6", "left open", lambda e: doctored(e, "escapes", entries={"mse": evidence.Arrivals(432, 0, 2000)})),
    ("R6", "left open", lambda e: doctored(e, "escapes", entries={"mse": evidence.Arrivals(0, 0, 0)})),
    ("R7", "fails", lambda e: doctored(e, "remainders", entries={"gradient bce, y = 0": "x1"})),
    ("R7", "fails", lambda e: doctored(e, "kernels", entries={"bce, y = 0": math.inf})),
    ("R8", "fails", lambda e: doctored(e, "differences", entries={"bce, y = 1": 1.0})),
    ("R9", "fails", lambda e: doctored(e, "limits", entries={"bce, y = 1, right": "-1"})),
    ("R9", "holds", lambda e: doctored(e, "solutions", entries={"p = 1": "{40}"})),
    ("N1", "fails", lambda e: doctored(e, "limits", entries={"mse, y = 0, right": "1"})),
    ("N1", "fails", lambda e: doctored(e, "against_zero", entries={"right": evidence.Order(10, 0, 19, 1)})),
    ("N1", "fails", lambda e: doctored(e, "against_zero", entries={"wrong": evidence.Order(60, 0, 21, 9)})),
    ("N1", "left open", lambda e: doctored(e, "against_zero", entries={"right": evidence.Order(0, 0, 0, 0)})),
    ("N2", "fails", lambda e: doctored(e, "solutions", entries={"p = 1": "{40}"})),
    ("N2", "fails", lambda e: doctored(e, "limits", entries={"bce, y = 0, right": "1"})),
    ("N3", "fails", lambda e: doctored(e, "remainders", entries={"quarter at zero": "1/8"})),
    ("N3", "fails", lambda e: replace(e, parallel=evidence.Signs(3, 1))),
]


@pytest.mark.parametrize(("claim", "verdict", "change"), DOCTORED, ids=[f"{c}-{v}" for c, v, _ in DOCTORED])
def test_a_verdict_follows_the_evidence(found, claim, verdict, change):
    assert verdicts(found)[claim] != verdict
    changed = change(found)
    assert verdicts(changed)[claim] == verdict
    before, after = (claims.CLAIMS[claim].judge(e)[0] for e in (found, changed))
    assert before != after  # the words follow it, too


def test_every_claim_is_doctored():
    assert {claim for claim, _, _ in DOCTORED} == set(claims.CLAIMS)


def test_the_later_version_of_r6_is_judged_in_its_evidence(found):
    judge = claims.CLAIMS["R6"].judge
    assert "properly, holds:" in judge(found)[0]
    assert "properly, fails:" in judge(replace(found, wrong_cells=evidence.Cells(3, 20, 4)))[0]
    assert "properly, is left open:" in judge(replace(found, wrong_cells=evidence.Cells(3, 0, 20)))[0]
    uphill = replace(found, slopes=minima.Slopes(14, 728, 700, 3e-4))
    assert "700 of 728 points" in judge(uphill)[0]


def test_cells_whose_best_rate_is_the_largest_tried_are_reported(found):
    judge = claims.CLAIMS["A6"].judge
    assert (
        "(no slower in 3), where 5 cells in which MSE's best rate is the largest tried count as undecided."
        in judge(found)[0]
    )
    assert "largest tried" not in judge(replace(found, at_the_edge=0))[0]


def test_what_is_not_proven_is_said(found):
    assert "not all proven" not in claims.CLAIMS["A6"].judge(found)[0]
    doubtful = replace(found, minima={("two_scales", "mse"): (2, False)})
    assert "2 for MSE on two_scales (not all proven)" in claims.CLAIMS["A6"].judge(doubtful)[0]


# --- The evidence -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small():
    """A config with its data, and the frames of the synthetic study."""
    checked = config.load(
        {
            "seeds": 1,
            "datasets": [
                {"name": "gaussian", "separability": [2], "n": 30},
                {"name": "separable", "separability": [1], "n": 30},
            ],
            "initialisations": [
                {"name": "zero"},
                *({"name": n, "scales": [1, 8]} for n in ("wrong", "right")),
            ],
            "max_steps": 100,
        }
    )
    return checked, *draw.build(checked)


def test_evidence_counts_what_is_in_the_tables(small, frames):
    checked, table, arrays = small
    runs = frames["runs"]
    known = frames | {"datasets": table, "minima": minima_rows()}
    found = evidence.gather(checked, known, arrays)
    shown = runs[(runs["loss"] == "mse") & (runs["step"] != 0)]
    accuracy = shown[shown["target"] == "accuracy"]
    assert found.boundary == evidence.Arrivals(len(accuracy), (accuracy["status"] == "reached").sum(), 5000)
    wrong = shown[(shown["initialisation"] == "wrong") & (shown["scale"] == found.largest)]
    assert found.largest == runs.loc[runs["initialisation"] == "wrong", "scale"].max()
    assert found.escapes["mse"] == evidence.Arrivals(len(wrong), (wrong["status"] == "reached").sum(), 5000)
    assert found.inputs["mse"].opposite == found.inputs["mse"].cases > 10
    assert found.outputs["mse"] == evidence.Signs(10, 10)
    assert found.parameters["mse"].cases == 10
    assert found.parallel == evidence.Signs(2, 0)
    assert found.minima == {("two_scales", "bce"): (1, True), ("two_scales", "mse"): (2, False)}
    for policy, cells in found.cells.items():
        rows = frames["slowdown"]
        rows = rows[(rows["policy"] == policy) & (rows["starts"] > rows["at_start"])]
        rows = rows[(rows["policy"] != "equal") | (rows["rate"] == 1.0)]
        assert cells.total == len(rows)
        edge = (policy == "tuned") & (rows["rate_mse"] == frames["slowdown"]["rate_mse"].max())
        assert cells.slower == ((rows["slowdown_low"] > 1) & ~edge).sum()
        assert cells.no_slower == (rows["slowdown_high"] <= 1).sum()
        assert found.at_the_edge == ((rows["slowdown_low"] > 1) & edge).sum() or policy != "tuned"
    assert found.slopes.complete


def minima_rows():
    rows = [("two_scales", "mse", 0, 1e-6), ("two_scales", "mse", 1, np.nan), ("two_scales", "bce", 0, 1e-6)]
    frame = pd.DataFrame(rows, columns=["dataset", "loss", "minimum", "radius"])
    return frame.assign(
        theta_0=0.0, theta_1=0.0, theta_2=np.nan, value=0.1, gradient_norm=0.0, curvature=0.1, starts=1
    )


def test_pairs_are_compared_with_the_run_from_zero():
    def run(initialisation, data, status, step, rate=1.0):
        return {"initialisation": initialisation, "data": data, "status": status, "step": step} | {
            "rate": rate,
            "target": "brier",
        }

    mse = pd.DataFrame(
        [
            *(run("zero", data, "reached", 10) for data in (0, 1)),
            run("zero", 2, "censored", -1),
            run("right", 0, "reached", 0),
            run("right", 1, "reached", 10),
            run("right", 2, "censored", -1),
            run("wrong", 0, "reached", 11),
            run("wrong", 1, "censored", -1),
            run("wrong", 2, "reached", 5),
            run("wrong", 3, "reached", 5),  # not separable
            run("wrong", 0, "reached", 1, rate=3.0),  # beyond 1/L
        ]
    )
    table = pd.DataFrame({"data": [0, 1, 2, 3], "separable": [True, True, True, False]})
    assert evidence._against_zero(mse, table) == {
        "right": evidence.Order(earlier=1, same=1, later=0, unknown=1),
        "wrong": evidence.Order(earlier=1, same=0, later=2, unknown=0),
    }


@pytest.mark.parametrize("name", synthetic.EXTREMES)
def test_poor_studies_give_verdicts_all_the_same(name, small, frames):
    checked, table, arrays = small
    part = synthetic.subset(frames, synthetic.EXTREMES[name])
    found = evidence.gather(checked, part | {"datasets": table, "minima": minima_rows()}, arrays)
    judged = verdicts(found)
    assert set(judged.values()) <= set(claim.VERDICTS)
    if name in {"nothing", "no wrong start"}:
        assert judged["R6"] == "left open"
    if name in {"nothing", "one loss"}:
        assert judged["A4"] == judged["A6"] == "left open"


def test_saturated_gradients_do_not_count_as_agreement():
    # A gradient that underflows to 0 has no direction.
    slopes = kernels.gradient(np.ones((1, 1)), [0], [[-700.0]], loss="mse")
    assert slopes[0, 0] == 0.0
    assert evidence._same_input("mse").cases < len(identities.LOGITS)


# --- The page -----------------------------------------------------------------------------------------------


def test_the_page_of_the_docs_is_what_the_claims_say():
    page = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    assert page == claims.page(), "run: python -m study.claims.catalogue > docs/claims.md"
    for entry in claims.CLAIMS.values():
        assert entry.formal in page
        assert entry.test in page


def test_the_table_survives_both_forms(found, tmp_path):
    table = claims.table(found)
    for suffix in (".csv", ".parquet"):
        store.write(table, TABLES["claims"], tmp_path / f"claims{suffix}")
        pd.testing.assert_frame_equal(store.read(TABLES["claims"], tmp_path / f"claims{suffix}"), table)
    json.dumps(table.to_dict("records"))
