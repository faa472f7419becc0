"""The evidence for the claims, computed again by plain loops and NumPy from the tables and the data."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
import synthetic
from study.claims import catalogue as claims
from study.claims import claim, counts, evidence, pulls
from study.config import model as config
from study.data.samples import sample
from study.data.starts import start, starts_of
from study.runs import draw
from study.theory import identities

import kernels

LOSSES = ("mse", "bce")


@pytest.fixture(scope="module")
def small():
    """A config with its data."""
    checked = config.load(
        {
            "seeds": 2,
            "datasets": [
                {"name": "gaussian", "separability": [1, 2], "n": 30},
                {"name": "separable", "separability": [1], "n": 30},
            ],
            "initialisations": [
                {"name": "zero"},
                {"name": "normal", "scales": [2]},
                *({"name": n, "scales": [0.9, 0.999]} for n in ("sure_wrong", "sure_right")),
            ],
            "max_steps": 100,
        }
    )
    return checked, *draw.build(checked)


def minima_rows():
    rows = [("two_scales", "mse", 0, 1e-6), ("two_scales", "mse", 1, np.nan), ("two_scales", "bce", 0, 1e-6)]
    frame = pd.DataFrame(rows, columns=["dataset", "loss", "minimum", "radius"])
    return frame.assign(
        theta_0=0.0, theta_1=0.0, theta_2=np.nan, value=0.1, gradient_norm=0.0, curvature=0.1, starts=1
    )


@pytest.fixture(scope="module")
def found(small, frames):
    checked, table, arrays = small
    return evidence.gather(checked, frames | {"datasets": table, "minima": minima_rows()}, arrays)


# --- Runs ---------------------------------------------------------------------------------------------------


def test_the_boundary_is_counted_from_the_runs(found, frames):
    rows = frames["runs"]
    rows = rows[(rows["loss"] == "mse") & (rows["target"] == "accuracy") & (rows["step"] != 0)]
    for part, name in ((rows, "boundary"), (rows[rows["initialisation"] == "zero"], "from_zero")):
        reached = int((part["status"] == "reached").sum())
        assert getattr(found, name) == counts.Arrivals(len(part), reached, 5000)
        assert 0 < reached < len(part) or name == "from_zero"


def test_escapes_count_each_run_once_by_its_worst_end(found, frames):
    ends: dict[tuple[str, bool, int], list[tuple[str, int]]] = {}
    for row in frames["runs"].itertuples():
        if row.initialisation == "sure_wrong" and row.scale == 0.999:
            own = 0.25 / kernels.LOSSES[row.loss].smoothness
            key = row.loss, row.rate < own or np.isclose(row.rate, own), row.run
            ends.setdefault(key, []).append((row.status, row.step))
    assert found.surest == 0.999
    runs = Counter((loss, bool(safe)) for loss, safe, _ in ends)
    met = Counter(
        (loss, bool(safe))
        for (loss, safe, _), all_of in ends.items()
        if {s for s, _ in all_of} == {"reached"}
    )
    assert all(len(all_of) == 3 for all_of in ends.values())
    for key, each in found.escapes.items():
        assert each == counts.Arrivals(runs[key], met[key], 5000)
    assert any(each.reached < each.runs for each in found.escapes.values())


def test_a_run_that_was_there_is_no_escape():
    rows = [(0, "brier", 0), (0, "accuracy", 0), (1, "brier", 3), (1, "accuracy", 0), (2, "brier", -1)]
    frame = pd.DataFrame(rows, columns=["run", "target", "step"]).assign(
        initialisation="sure_wrong", scale=0.9, loss="mse", rate=1.0, max_steps=50
    )
    frame["status"] = np.where(frame["step"] >= 0, "reached", "censored")
    scale, ends = counts.escapes(frame, {"mse": 1.0, "bce": 1.0})
    assert scale == 0.9
    assert ends["mse", True] == counts.Arrivals(2, 1, 50)
    assert ends["mse", False] == ends["bce", True] == counts.Arrivals(0, 0, 0)
    scale, ends = counts.escapes(frame[:0], {"mse": 1.0, "bce": 1.0})
    assert np.isnan(scale)
    assert set(ends.values()) == {counts.Arrivals(0, 0, 0)}


def test_pairs_are_compared_with_the_run_from_zero(frames):
    runs, data = frames["runs"], frames["datasets"]
    separable = dict(zip(data["data"], data["separable"], strict=True))
    steps = {
        (r.data, r.rate, r.target, r.initialisation, r.scale): r.step if r.status == "reached" else np.inf
        for r in runs[runs["loss"] == "mse"].itertuples()
    }
    tally: Counter = Counter()
    for (number, rate, target, name, scale), own in steps.items():
        if name in {"sure_wrong", "sure_right"} and rate <= 1:
            zero = steps[number, rate, target, "zero", 0.0]
            neither = np.isinf(own) and np.isinf(zero)
            order = "unknown" if neither else "earlier" if own < zero else "later" if own > zero else "same"
            tally[separable[number], name, scale, target, order] += 1
    rows = counts.against_zero(runs, data)
    assert len(rows) == 2 * 3 * 3
    for row in rows:
        key = row.separable, row.initialisation, row.scale, row.target
        expected = [tally[(*key, order)] for order in ("earlier", "same", "later", "unknown")]
        assert row.order == counts.Order(*expected)
        assert row.order.total + row.order.unknown == sum(expected) > 0


def test_a_run_that_never_arrives_is_later_than_one_that_does():
    def run(name, data, step, rate=1.0, loss="mse"):
        return (name, 0.9 * (name != "zero"), data, "reached" if step >= 0 else "censored", step, rate, loss)

    rows = [
        *(run("zero", data, 10) for data in (0, 1, 3)),
        run("zero", 2, -1),
        *(run("sure_right", data, step) for data, step in ((0, 0), (1, 10), (2, -1))),
        *(run("sure_wrong", data, step) for data, step in ((0, 11), (1, -1), (2, 5), (3, 12))),
        run("sure_wrong", 0, 1, rate=3.0),  # beyond 1/L
        run("sure_wrong", 0, 1, loss="bce"),
    ]
    columns = ["initialisation", "scale", "data", "status", "step", "rate", "loss"]
    frame = pd.DataFrame(rows, columns=columns).assign(target="brier")
    table = pd.DataFrame({"data": [0, 1, 2, 3], "separable": [True, True, True, False]})
    assert set(counts.against_zero(frame, table)) == {
        counts.Against(True, "sure_right", 0.9, "brier", counts.Order(1, 1, 0, 1)),
        counts.Against(True, "sure_wrong", 0.9, "brier", counts.Order(1, 0, 2, 0)),
        counts.Against(False, "sure_wrong", 0.9, "brier", counts.Order(0, 0, 1, 0)),
    }


def test_answers_are_read_row_by_row(found, frames):
    rows = frames["answers"]
    rows = rows[rows["data"] != "headline setting"]
    assert "headline setting" in set(frames["answers"]["data"])
    assert len(found.answers) == len(rows) > 40
    names = [a.initialisation for a in found.answers]
    assert list(dict.fromkeys(names)) == ["zero", "normal", "sure_wrong", "sure_right"]
    for a in found.answers:
        keys = ("initialisation", "scale", "policy", "target")
        (row,) = rows[np.logical_and.reduce([rows[key] == getattr(a, key) for key in keys])].itertuples()
        assert (a.text, a.slower, a.faster) == (row.text, row.slower, row.faster)
        assert a.pairs == row.starts - row.at_start
        clear = row.slowdown_low > 1
        edge = row.policy == "tuned" and row.at_largest_rate > row.cells / 2
        if row.at_start > row.starts / 2:
            assert a.outcome == "at start"
        elif clear:
            assert a.outcome == ("edge" if edge else "slower")
        else:
            assert a.outcome in {"no slower", "undecided", "vague"}
    assert len({a.outcome for a in found.answers}) > 1


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "slower"),
        ({"slowdown_low": 1.0}, "undecided"),
        ({"slowdown_low": 0.5, "slowdown_high": 1.0}, "no slower"),
        ({"slowdown_low": 0.0, "slowdown_high": np.inf}, "vague"),
        ({"slowdown_high": np.inf}, "slower"),
        ({"at_start": 15}, "slower"),
        ({"at_start": 16}, "at start"),
        ({"at_largest_rate": 3, "policy": "tuned"}, "edge"),
        ({"at_largest_rate": 2, "policy": "tuned"}, "slower"),
        ({"at_largest_rate": 3, "policy": "tuned", "slowdown_low": 0.9}, "undecided"),
    ],
)
def test_the_outcome_of_an_answer(frames, changes, outcome):
    row = frames["answers"].query("initialisation == 'zero'").iloc[:1]
    plain = {
        "policy": "equal", "slowdown_low": 1.5, "slowdown_high": 3.0, "starts": 30, "at_start": 0,
        "at_largest_rate": 0, "cells": 5,
    }  # fmt: skip
    (answer,) = counts.answered(row.assign(**plain | changes))
    assert answer.outcome == outcome


# --- Gradients ----------------------------------------------------------------------------------------------


def slope(loss, p, y):
    return p - y if loss == "bce" else (p - y) * p * (1 - p)


def test_the_pulls_of_the_classes_on_every_data_set(small, found):
    checked, table, arrays = small
    expected = {
        name: {loss: Counter() for loss in LOSSES} for name in ("logits", "weights", "parameters", "each")
    }
    losses, cases = Counter(), 0
    for row in table.itertuples():
        drawn = sample(arrays, row.data)
        for name, scale in starts_of(checked.initialisations, row.dataset):
            theta = start(name, scale, drawn.aim, row.seed, checked.seed)
            cases += 1
            inner = []
            for loss in LOSSES:
                both = []
                for y in (0, 1):
                    x = drawn.features[drawn.labels == y]
                    p = 1 / (1 + np.exp(-(x @ theta)))
                    both.append(x.T @ slope(loss, p, y) / len(x))
                product = both[0] * both[1]
                inner.append(np.sign(product[:-1].sum()))
                expected["logits"][loss][np.sign(product[-1])] += 1
                expected["weights"][loss][inner[-1]] += 1
                expected["parameters"][loss][np.sign(product.sum())] += 1
                expected["each"][loss].update(np.sign(product[:-1]))
            losses[inner[0] * inner[1]] += 1
    assert found.pulls.data == len(table) == 6
    assert found.pulls.starts == cases == 36
    assert found.pulls.losses == pulls.Signs(losses[1] + losses[-1], losses[-1])
    for name, of in expected.items():
        for loss, signs in of.items():
            assert getattr(found.pulls, name)[loss] == pulls.Signs(signs[1] + signs[-1], signs[-1])
    assert found.pulls.logits["mse"] == pulls.Signs(36, 36)
    assert found.pulls.weights["mse"].opposite + found.pulls.parameters["mse"].opposite > 0


def test_saturated_gradients_do_not_count_as_agreement():
    # A gradient that underflows to 0 has no direction.
    slopes = kernels.gradient(np.ones((1, 1)), [0], [[-700.0]], loss="mse")
    assert slopes[0, 0] == 0.0
    assert pulls.same_input("mse").cases < len(identities.LOGITS)
    assert pulls.same_input("mse").opposite == pulls.same_input("mse").cases > 10


def test_every_data_set_is_looked_at_from_zero(small, found, monkeypatch):
    _, table, arrays = small
    assert found.parallel == pulls.Signs(len(table), 0)
    for number in table["data"]:
        drawn = sample(arrays, number)
        mse, bce = (drawn.features.T @ slope(loss, 0.5, drawn.labels) for loss in LOSSES)
        assert mse == pytest.approx(bce / 4, rel=1e-12)
    true = kernels.gradient
    last = sample(arrays, int(table["data"].max())).features

    def off_by_a_bit(x, y, thetas, *, loss):
        off = np.array_equal(x, last) and loss == "mse"
        return true(x, y, thetas, loss=loss) * (1 + 2.0**-52 * off)

    monkeypatch.setattr(kernels, "gradient", off_by_a_bit)
    assert pulls.parallel(table, arrays) == pulls.Signs(len(table), 1)


def test_classes_are_counted_from_the_data(small, found):
    _, table, arrays = small
    overlapping = []
    for row in table.itertuples():
        drawn = sample(arrays, row.data)
        margins = (2 * drawn.labels - 1) * (drawn.features @ drawn.direction)
        if margins.min() <= 0:
            overlapping.append(row.bce_brier)
    assert found.classes.separable == len(table) - len(overlapping) >= 2
    assert found.classes.overlapping == len(overlapping) > 0
    assert (found.classes.least, found.classes.most) == (min(overlapping), max(overlapping))


@pytest.mark.parametrize("loss", LOSSES)
def test_a_descent_in_float32_stays_where_its_update_rounds_away(loss, found):
    stall, rate = found.stalls[loss], np.float32(1 / kernels.LOSSES[loss].smoothness)
    assert stall.moved == 0.0
    assert stall.float32 < stall.float64
    wrong = np.float64(1.0)  # p - y of a wrong sample this far out, to all digits but a few
    factor = 1.0 if loss == "bce" else np.exp(-stall.float32)
    logit = np.float32(stall.float32)
    assert logit - rate * np.float32(wrong * factor) == logit
    assert evidence._descent(loss, float(rate), 0.9 * stall.float32) > 0.0
    if loss == "mse":
        assert evidence._descent(loss, float(rate), stall.float32 - 0.01) > 0.0


# --- All together -------------------------------------------------------------------------------------------


def test_the_rest_is_passed_on(found):
    assert found.minima == {("two_scales", "bce"): (1, True), ("two_scales", "mse"): (2, False)}
    assert found.slopes.complete


def test_the_rows_that_are_read_are_all_that_is_needed(small, frames, found):
    checked, table, arrays = small
    runs = frames["runs"]
    wanted = np.logical_or.reduce(
        [np.logical_and.reduce([runs[k] == v for k, v in row.items()]) for row in evidence.compared()]
    )
    assert 0 < wanted.sum() < len(runs)
    known = frames | {"datasets": table, "minima": minima_rows(), "runs": runs[wanted]}
    assert evidence.gather(checked, known, arrays) == found


@pytest.mark.integration
@pytest.mark.parametrize("name", synthetic.TRIED)
def test_poor_studies_give_verdicts_all_the_same(name, small, extreme, found, monkeypatch):
    checked, table, arrays = small
    monkeypatch.setattr(identities, "check", lambda: found.identities)
    poor = evidence.gather(checked, extreme(name) | {"datasets": table, "minima": minima_rows()}, arrays)
    judged = dict(zip(claims.table(poor)["claim"], claims.table(poor)["verdict"], strict=True))
    assert set(judged.values()) <= set(claim.VERDICTS)
    if name in {"nothing", "one loss"}:
        assert judged["A4"] == judged["A6"] == judged["R11"] == claim.OPEN
    if name in {"nothing", "one scale"}:
        assert "no start that is sure of the wrong class" in claims.CLAIMS["R6"].judge(poor)[0]
        assert judged["N1"] == judged["R11"] == claim.OPEN
