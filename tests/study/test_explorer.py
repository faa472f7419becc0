from __future__ import annotations

import base64
import itertools
import json

import numpy as np
import pandas as pd
import pytest
from study import wording
from study.catalogue import TABLES
from study.figures.style import POLICY_NAMES
from study.report import explorer, packing, words
from study.statistics.cells import slowdown
from study.statistics.ends import arrival_steps, arrivals
from study.statistics.headline import Headline
from study.statistics.pairs import POLICIES
from study.statistics.survival import survival
from study.statistics.tuning import LEAST_SEEDS
from study.tables.table import conform
from synthetic import OWN_RATES, subset, summaries

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def data(frames):
    return explorer.build(frames, 0.95)


def find(data, dataset, separability, start, scale):
    setting = next(
        i
        for i, s in enumerate(data["settings"])
        if s["name"] == dataset and s["separability"] == separability
    )
    return setting, next(i for i, s in enumerate(data["starts"]) if (s["name"], s["scale"]) == (start, scale))


def test_every_cell_is_there_in_the_words_of_the_page(data, frames):
    shown = [c for starts in data["cells"] for cells in starts for targets in cells for c in targets if c]
    assert len(shown) == len(frames["slowdown"])
    row = (
        frames["slowdown"]
        .query(
            "dataset == 'gaussian' and separability == 4 and initialisation == 'wrong' and scale == 2 "
            "and policy == 'tuned' and target == 'logloss'"
        )
        .iloc[0]
    )
    setting, start = find(data, "gaussian", "4", "wrong", "2")
    policy = next(i for i, p in enumerate(data["policies"]) if p["policy"] == "tuned")
    target = next(i for i, t in enumerate(data["targets"]) if t["key"] == "logloss")
    cell = data["cells"][setting][start][policy][target]
    assert cell[0] == words.ratio(row)
    assert cell[1] == words.interval(row, 0.95)
    assert [data["rates"][cell[i]] for i in (2, 3)] == [
        wording.number(row[f"rate_{loss}"]) for loss in ("mse", "bce")
    ]
    assert cell[4:6] == [wording.steps(row[f"{loss}_median"], row["budget"]) for loss in ("mse", "bce")]
    assert cell[6:9] == [row["mse_reached"], row["bce_reached"], row["starts"]]
    assert cell[9:] == ["100%", "0%", "25.0%", "", row["text"]]
    assert (row["mse_reached"], row["bce_reached"], row["starts"]) == (8, 6, 8)


def worst(data, policy, rate, target):
    """The places that the explorer lists for a policy, its rate and a target: names and the printed ratio."""
    p = next(i for i, o in enumerate(data["policies"]) if (o["policy"], o.get("rate")) == (policy, rate))
    t = next(i for i, one in enumerate(data["targets"]) if one["key"] == target)
    out = []
    for setting, start in data["worst"][p][t]:
        place, begun = data["settings"][setting], data["starts"][start]
        text = data["cells"][setting][start][p][t][0]
        out.append((place["name"], place["separability"], begun["name"], begun["scale"], text))
    return out


@pytest.mark.parametrize("policy", POLICIES)
def test_where_it_is_worst_is_the_largest_slowdown_of_the_table(data, frames, policy):
    """Of all rows of the table `slowdown` with that policy, rate and target, bounds marked as bounds."""
    cells = frames["slowdown"]
    rates = {o.get("rate") for o in data["policies"] if o["policy"] == policy}
    for rate, target in itertools.product(rates, ("accuracy", "brier", "logloss")):
        here = cells[(cells["policy"] == policy) & (cells["target"] == target)]
        here = here[here["rate"] == float(rate)] if rate else here
        ranked = here[here["slowdown"] > 0].sort_values("slowdown", ascending=False)
        found = worst(data, policy, rate, target)
        assert len(found) == min(explorer.WORST, len(ranked))
        for (name, separability, start, scale, text), value in zip(found, ranked["slowdown"], strict=False):
            mine = here[(here["dataset"] == name) & (here["initialisation"] == start)]
            level = mine["separability"].map(lambda v: None if np.isnan(v) else wording.number(v))
            mine = mine[(level == separability) | (level.isna() & (separability is None))]
            (row,) = mine[mine["scale"] == float(scale)].to_dict("records")
            assert row["slowdown"] == value
            assert text == words.ratio(row)
            assert text.startswith(">") == row["slowdown_bound"]


def test_a_bound_is_listed_before_a_slowdown_of_the_same_value(frames):
    cells = frames["slowdown"].copy()
    here = cells[(cells["policy"] == "tuned") & (cells["target"] == "brier")].index[:3]
    cells.loc[here, "slowdown"] = 1e6
    cells.loc[here, "slowdown_bound"] = [False, True, False]
    changed = explorer.build(frames | {"slowdown": cells}, 0.95)
    listed = worst(changed, "tuned", None, "brier")
    assert [place[-1][0] for place in listed[:3]] == [">", "1", "1"]


def late(frames, **seeds):
    """Let runs of gaussian 1, zero start, rate 1, miss the Brier score: for each loss those of its seeds."""
    runs = frames["runs"].copy()
    here = (runs["dataset"] == "gaussian") & (runs["separability"] == 1) & (runs["initialisation"] == "zero")
    here &= (runs["rate"] == 1) & (runs["target"] == "brier")
    for loss, missed in seeds.items():
        runs.loc[here & (runs["loss"] == loss) & runs["seed"].isin(missed), ["status", "step"]] = [
            "censored",
            -1,
        ]
    # A setting's cells depend on its runs alone (tests/study/test_aggregation.py), so the others stay.
    own = runs[(runs["dataset"] == "gaussian") & (runs["separability"] == 1)]
    kept = frames["slowdown"].query("not (dataset == 'gaussian' and separability == 1)")
    cells = conform(pd.concat([kept, slowdown(own, OWN_RATES)]), TABLES["slowdown"])
    made = {"slowdown": cells, "arrivals": arrivals(runs)}
    return frames | made | {"runs": runs, "arrival_steps": arrival_steps(runs, 40)}


def late_cell(data):
    setting, start = find(data, "gaussian", "1", "zero", "0")
    policy = next(i for i, p in enumerate(data["policies"]) if p.get("rate") == "1")
    return data["cells"][setting][start][policy][
        next(i for i, t in enumerate(data["targets"]) if t["key"] == "brier")
    ]


UPPER = {"bce": (0, 1, 2, 3)}
UNKNOWN = {"mse": (0, 1, 2, 3, 4), "bce": (0, 1, 2, 3, 4, 5)}


def test_what_is_not_known_is_never_printed_as_a_number(frames):
    value, interval, *_ = late_cell(explorer.build(late(frames, **UPPER), 0.95))
    assert value.startswith("< 0.")
    assert interval == "an upper limit: in 4 of 8 pairs BCE had not arrived after 5,000 steps, MSE had"
    value, interval, *_ = late_cell(explorer.build(late(frames, **UNKNOWN), 0.95))
    assert value is None
    assert interval == "in 5 of 8 pairs neither loss had arrived after 5,000 steps, in 1 only MSE had"
    value, interval, *_ = late_cell(explorer.build(late(frames, mse=range(8), bce=range(8)), 0.95))
    assert (value, interval) == (None, "in 8 of 8 pairs neither loss had arrived after 5,000 steps")
    value, interval, *_ = late_cell(explorer.build(late(frames, bce=(0,)), 0.95))
    assert value[0] in "3456"
    assert interval.startswith("95% interval up to ")
    assert interval.endswith(", no lower limit")


def test_a_cell_whose_target_held_at_the_start_says_so(frames, data):
    setting, start = find(data, "gaussian", "4", "right", "2")
    target = next(i for i, t in enumerate(data["targets"]) if t["key"] == "accuracy")
    cells = [policy[target] for policy in data["cells"][setting][start]]
    assert [cell[:2] for cell in cells] == [
        [None, "the target held before the first step in 8 of 8 pairs"]
    ] * len(cells)


def test_what_the_study_has_not_is_null(frames, extreme):
    few = explorer.build(extreme("one seed"), 0.95)
    assert [p["policy"] for p in few["policies"] if p.get("rate") in {None, "1"}] == list(POLICIES[:-1])
    two = explorer.build(extreme("two seeds"), 0.95)  # too few to choose a rate from
    assert [p["policy"] for p in two["policies"] if p.get("rate") in {None, "1"}] == list(POLICIES[:-1])
    enough = explorer.build(subset(frames, lambda r: r["seed"] < LEAST_SEEDS), 0.95)
    assert [p["policy"] for p in enough["policies"] if p.get("rate") in {None, "1"}] == list(POLICIES)
    assert explorer.build(extreme("one loss"), 0.95) is None
    no_doubles = subset(frames, lambda r: r["rate"].isin([0.25, 1.0, 4.0, OWN_RATES["mse"]]))
    assert {p["policy"] for p in explorer.build(no_doubles, 0.95)["policies"]} == set(POLICIES) - {
        "equal_no_half"
    }


def test_a_start_that_a_data_set_has_not_is_null(frames):
    """Starts limited to some data sets: nothing stands where there is no cell."""
    frames = subset(frames, lambda r: (r["initialisation"] != "wrong") | (r["dataset"] == "gaussian"))
    data = explorer.build(frames, 0.95)
    for s, setting in enumerate(data["settings"]):
        for i, start in enumerate(data["starts"]):
            cells = [cell for targets in data["cells"][s][i] for cell in targets if cell]
            limited = start["name"] == "wrong" and setting["name"] != "gaussian"
            assert (len(cells) == 0) == limited, (setting, start)
            assert (data["survival"][s][i][0][0][data["rates"].index("1")] is None) == limited


@pytest.mark.parametrize("rate", [0.25, 1.0, 4.0])
def test_the_equal_policies_share_their_rates(data, frames, rate):
    """MSE without its half at a rate r is MSE at 2r, and takes half the steps: in the table and in words."""
    name = wording.number(rate)
    equal, without = (
        next(i for i, p in enumerate(data["policies"]) if p["policy"] == policy and p.get("rate") == name)
        for policy in ("equal", "equal_no_half")
    )
    assert data["policies"][without]["name"] == POLICY_NAMES["equal_no_half"]
    assert data["policies"][equal]["remarks"] == ["", ""]
    assert data["policies"][without]["remarks"] == [
        f" ({name}/L without its \N{VULGAR FRACTION ONE HALF})",
        "",
    ]
    setting, start = find(data, "gaussian", "4", "wrong", "2")
    for k, target in enumerate(data["targets"]):
        cells = data["cells"][setting][start]
        half, whole = cells[equal][k], cells[without][k]
        assert [data["rates"][i] for i in half[2:4]] == [name, name]
        assert [data["rates"][i] for i in whole[2:4]] == [wording.number(2 * rate), name]
        row = frames["slowdown"].query(
            "dataset == 'gaussian' and separability == 4 and initialisation == 'wrong' and scale == 2 "
            f"and policy == 'equal_no_half' and rate == {rate} and target == '{target['key']}'"
        )
        assert whole[0] == words.ratio(row.iloc[0])
        assert whole[5] == half[5]  # BCE is the same in both
        if half[6] == half[8]:
            assert float(whole[4].replace(",", "")) < float(half[4].replace(",", ""))


def test_a_sure_start_has_a_probability_and_a_name_with_a_space(data):
    sure = [start for start in data["starts"] if start["name"] == "sure_wrong"]
    assert [start["scale"] for start in sure] == ["0.9", "0.999"]
    assert {(start["title"], start["unit"]) for start in sure} == {("sure wrong", "Probability")}
    assert sure[0]["words"] == "sure wrong start with probability 0.9"
    others = {start["name"]: (start["unit"], start["words"]) for start in data["starts"]}
    assert others["sure_right"] == ("Probability", "sure right start with probability 0.9")
    assert others["wrong"] == ("Scale", "wrong start of size 8")
    assert others["zero"] == ("Scale", "zero start")


def test_no_chosen_number_is_rounded_to_another(frames):
    """Three digits would make 0.9999 a certainty, 1024 another rate, and 2.001 the scale 2."""
    new = {"sure_wrong": {0.999: 0.9999}, "normal": {8.0: 2.001}, "wrong": {8.0: 1024.0}}
    runs = frames["runs"].copy()
    for name, scales in new.items():
        here = runs["initialisation"] == name
        runs.loc[here, "scale"] = runs.loc[here, "scale"].replace(scales)
    runs["rate"] = runs["rate"].replace({4.0: 512.0, 8.0: 1024.0})
    changed = frames | {"runs": runs, **summaries(runs, resamples=19)}
    data = explorer.build(changed, 0.95)
    scales = {n: [s["scale"] for s in data["starts"] if s["name"] == n] for n in new}
    assert scales == {
        "sure_wrong": ["0.9", "0.9999"],
        "normal": ["0.5", "2", "2.001"],
        "wrong": ["0.5", "2", "1024"],
    }
    assert data["rates"] == ["0.25", "0.5", "1", "2", wording.number(OWN_RATES["mse"]), "512", "1024"]
    shown = [c for starts in data["cells"] for cells in starts for targets in cells for c in targets if c]
    assert len(shown) == len(changed["slowdown"])


def first(data):
    setting, start, policy, target = data["first"]
    kept = data["settings"][setting], data["starts"][start], data["policies"][policy]
    assert data["cells"][setting][start][policy][target]
    return (
        (kept[0]["name"], kept[0]["separability"]),
        (kept[1]["name"], kept[1]["scale"]),
        (kept[2]["policy"], kept[2]["rate"]),
        data["targets"][target]["key"],
    )


def test_what_is_shown_first_is_what_the_first_screen_speaks_of(data, frames):
    """Its start, in the headline setting; else where there is such a start; else a wrong one."""
    headline = Headline.read(frames["headline"])
    sure, rate = ("sure_wrong", f"{headline.confidence:g}"), ("equal", wording.number(headline.rate))
    assert first(data) == ((headline.setting[0], "4"), sure, rate, headline.target)

    def without(drop):
        cells = frames["slowdown"]
        return first(explorer.build(frames | {"slowdown": cells[~drop(cells)]}, 0.95))

    elsewhere = without(lambda c: (c["initialisation"] == "sure_wrong") & (c["dataset"] == "gaussian"))
    assert elsewhere == (("breast_cancer", None), sure, rate, headline.target)
    wrong = without(lambda c: c["initialisation"] == "sure_wrong")
    assert wrong == ((headline.setting[0], "4"), ("wrong", "2"), rate, headline.target)
    neither = without(lambda c: c["initialisation"].isin(["sure_wrong", "wrong", "zero"]))
    assert neither == ((headline.setting[0], "4"), ("normal", "0.5"), rate, headline.target)


def test_what_most_starts_held_at_the_start_is_no_ratio_without_one(frames):
    """All but one start held, and of that one nothing is known: no word of the table stands as a ratio."""
    runs = frames["runs"].copy()
    here = (runs["dataset"] == "gaussian") & (runs["separability"] == 1) & (runs["initialisation"] == "zero")
    here &= (runs["rate"] == 1) & (runs["target"] == "brier")
    runs.loc[here & (runs["seed"] > 0), "step"] = 0
    runs.loc[here & (runs["seed"] == 0), ["status", "step"]] = ["censored", -1]
    cells = slowdown(runs, OWN_RATES, resamples=19)
    made = {
        "runs": runs,
        "slowdown": cells,
        "arrivals": arrivals(runs),
        "arrival_steps": arrival_steps(runs, 40),
    }
    value, interval, *_, sentence, text = late_cell(explorer.build(frames | made, 0.95))
    assert text == "met at the start by 7 of 8"
    assert (value, interval) == (None, "in 1 of 1 pairs neither loss had arrived after 5,000 steps")
    assert sentence.startswith("In 7 of 8 pairs the target held before the first step")


def test_survival_is_that_of_kaplan_and_meier(data, frames):
    runs = frames["runs"].query(
        "dataset == 'gaussian' and separability == 4 and initialisation == 'wrong' and scale == 2 "
        "and loss == 'mse' and rate == 1 and target == 'brier'"
    )
    setting, start = find(data, "gaussian", "4", "wrong", "2")
    target = next(i for i, t in enumerate(data["targets"]) if t["key"] == "brier")
    share, last, *steps = data["survival"][setting][start][target][0][data["rates"].index("1")]
    assert last == 5000
    reached = (runs["status"] == "reached").to_numpy()
    expected, left = survival(np.where(reached, runs["step"], runs["max_steps"]), reached)
    arrived = expected[np.append(1, left[:-1]) > left]
    assert sorted(set(steps)) == arrived.tolist()
    assert 1 - share == pytest.approx(left[-1])


def test_curves_are_the_quantiles_to_a_byte(data, frames):
    setting, start = find(data, "gaussian", "2", "wrong", "8")
    rows = frames["curves"].query(
        "dataset == 'gaussian' and separability == 2 and initialisation == 'wrong' and scale == 8 "
        "and loss == 'bce' and rate == 1"
    )
    target = next(i for i, t in enumerate(data["targets"]) if t["key"] == "brier")
    runs, *ends, top, packed = data["curves"]["values"][setting][start][target][1]
    steps = data["curves"]["steps"]
    assert runs == rows["run"].nunique() == 4
    low, middle, high = np.frombuffer(base64.b64decode(packed), np.uint8).reshape(3, len(steps)) / 255 * top
    wide = (
        rows.pivot_table(index="step", columns="run", values="brier")
        .ffill()
        .reindex(steps, method="ffill")
        .bfill()
    )
    for found, quantile in ((low, 0.1), (middle, 0.5), (high, 0.9)):
        np.testing.assert_allclose(found[-1], np.quantile(wide.iloc[-1], quantile), atol=top / 255)
    assert [float(end.replace(",", "")) for end in ends] == pytest.approx(
        middle[[0, -1]], rel=0.06, abs=top / 255
    )
    assert data["curves"]["ends"] == [wording.count(step) for step in (steps[0], steps[-1])]
    assert np.all(low <= middle)
    assert np.all(middle <= high)


@pytest.mark.slow
def test_a_large_study_gives_up_detail_and_never_a_headline_number(frames):
    sizes = []
    for limit in (10**7, 300_000, 120_000, 60_000):
        data = explorer.build(frames, 0.95, limit=limit)
        sizes.append(len(explorer.dump(data)))
        assert sizes[-1] <= limit
    assert sizes == sorted(sizes, reverse=True)
    assert data["survival"] is None
    assert [t["key"] for t in data["targets"]] == ["brier"]
    assert [p["policy"] for p in data["policies"]] == list(POLICIES)
    assert first(data) == first(explorer.build(frames, 0.95))
    assert explorer.build(frames, 0.95, limit=10) is None


def test_nothing_in_the_data_can_end_its_element():
    name = "</script><!-- & \u2028"
    text = explorer.dump({"name": name, "cells": [[None, name, 3]], "survival": None})
    assert not set("<>&") & set(text)
    said = {"name": name, "cells": [[None, 0, -4]], "survival": None, "words": [name]}
    assert json.loads(text) == said


@pytest.mark.parametrize(
    ("steps", "text"),
    [([], ""), ([0, 0, 1], "AAB"), ([31], "f"), ([32, 33], "gBB"), ([20_000], "gxT"), ([5, 37], "FgB")],
)
def test_steps_are_packed_as_differences_in_five_bits_a_letter(steps, text):
    """By hand: 20,000 = 0 + 17 * 32 + 19 * 1024, letters 0 + 32, 17 + 32 and 19 of base 64."""
    assert packing.differences(steps) == text


def test_packing_makes_the_data_small(data):
    """Of what it packs; curves are bytes already."""
    parts = {"cells": data["cells"], "survival": data["survival"]}
    plain = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    assert len(explorer.dump(parts)) < 0.7 * len(plain)


def test_the_same_study_gives_the_same_bytes(data, frames):
    assert explorer.dump(data) == explorer.dump(explorer.build(frames, 0.95))
