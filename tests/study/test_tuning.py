"""The best rates by cross-fitting, and the intervals that choose again, against plain-Python twins."""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import synthetic
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from study.statistics.answers import pooled_starts
from study.statistics.bootstrap import Pairs, _resamples, _uniform, bootstrap, interval, medians
from study.statistics.cells import slowdown, summarise
from study.statistics.headline import Headline, confident
from study.statistics.pairs import LOSSES, SETTING, pairs
from study.statistics.survival import median
from study.statistics.tuning import Choice, Trials, choices, costs

BUDGET = 100
RATES = (0.5, 1.0, 4.0)

steps = st.one_of(st.none(), st.integers(0, BUDGET))
"""A step of arrival; None for a run that never arrived."""


def tables(seeds):
    """A table of steps by seed and rate for each loss."""
    row = st.lists(steps, min_size=len(RATES), max_size=len(RATES))
    of_loss = st.lists(row, min_size=seeds, max_size=seeds)
    return st.fixed_dictionaries({"mse": of_loss, "bce": of_loss})


some_tables = st.integers(2, 9).flatmap(tables)


def trials(table):
    times = np.array([[BUDGET if step is None else step for step in row] for row in table], dtype=float)
    return Trials(
        np.array(RATES), times, np.array([[step is not None for step in row] for row in table]), BUDGET
    )


def choice_of(table, folds):
    size = len(table["mse"])
    sides = {loss: trials(rows) for loss, rows in table.items()}
    return Choice("brier", np.arange(size), sides, min(folds, size))


# --- The twin -----------------------------------------------------------------------------------------------


def worth(step):
    return 2 * BUDGET if step is None else max(step, 1)


def best(rows):
    """Position of the rate with the least product of steps, that is the least geometric mean; exact."""
    products = [math.prod(worth(row[rate]) for row in rows) for rate in range(len(RATES))]
    return products.index(min(products))


def cross_fitted(table, drawn, folds):
    """Of each drawn seed, its position and the position of its rate."""
    folds = min(folds, len(table))
    out = []
    for seed in drawn:
        others = [table[other] for other in drawn if other % folds != seed % folds]
        out.append(best(others or [table[other] for other in drawn]))
    return out


def ratio_of(mse, bce):
    """(ratio, known) of a pair of steps; None where the target was met at the start."""
    if mse == 0 or bce == 0:
        return None
    if mse is None:
        return (Fraction(BUDGET, bce), False) if bce is not None else (Fraction(0), False)
    return (Fraction(mse, bce), True) if bce is not None else (Fraction(0), True)


def median_of(ratios):
    """(at least, at most) of the median of pairs: Kaplan-Meier by exact fractions."""
    ratios = sorted((r for r in ratios if r is not None), key=lambda pair: (pair[0], not pair[1]))
    if not ratios:
        return 0, math.inf
    share, left = Fraction(1), len(ratios)
    if 2 * sum(known for _, known in ratios) >= len(ratios):
        for ratio, known in ratios:
            share *= Fraction(left - 1, left) if known else 1
            left -= 1
            if share <= Fraction(1, 2):
                return ratio, ratio
    return ratios[(len(ratios) + 1) // 2 - 1][0], math.inf


def resample(table, drawn, folds):
    at = {loss: cross_fitted(table[loss], drawn, folds) for loss in LOSSES}
    return [
        ratio_of(table["mse"][seed][mse], table["bce"][seed][bce])
        for seed, mse, bce in zip(drawn, at["mse"], at["bce"], strict=True)
    ]


# --- The choice ---------------------------------------------------------------------------------------------


@given(some_tables, st.integers(2, 6))
@settings(deadline=None, max_examples=200)
def test_each_seed_is_evaluated_at_the_rate_that_the_other_folds_choose(table, folds):
    choice = choice_of(table, folds)
    everyone = list(range(choice.size))
    for loss in LOSSES:
        assert choice.position(loss).tolist() == cross_fitted(table[loss], everyone, folds)
        assert choice.rate(loss) == RATES[best(table[loss])]
        assert choice.at_edge(loss) == (best(table[loss]) in {0, len(RATES) - 1})


@given(some_tables, st.integers(2, 6))
@settings(deadline=None, max_examples=100)
def test_regret_is_against_the_best_single_rate_in_hindsight(table, folds):
    choice = choice_of(table, folds)
    for loss in LOSSES:
        rows = table[loss]
        at = cross_fitted(rows, list(range(len(rows))), folds)
        spent = math.prod(worth(row[rate]) for row, rate in zip(rows, at, strict=True))
        least = math.prod(worth(row[best(rows)]) for row in rows)
        assert choice.regret(loss) == pytest.approx((spent / least) ** (1 / len(rows)), rel=1e-7)


def test_products_that_are_equal_are_a_tie():
    # 2 * 32 = 8 * 8 = 64: the logarithms, each rounded, do not add up alike.
    table = {loss: [[8, 2, 64], [8, 32, 1], [8, 2, 64], [8, 32, 1]] for loss in LOSSES}
    choice = choice_of(table, 2)
    assert choice.rate("mse") == 0.5
    cost = choice.trials["mse"].cost.sum(axis=0)
    assert len(set(cost.tolist())) > 1


def test_a_run_that_never_arrives_counts_twice_the_largest_budget_and_step_0_as_one():
    times, arrived = (
        np.array([[BUDGET, BUDGET / 4, BUDGET, 0.0, 1.0]]),
        np.array([[False, False, True, True, True]]),
    )
    missed = round(1e9 * math.log(2 * BUDGET))
    assert costs(times, arrived, BUDGET).tolist() == [[missed, missed, round(1e9 * math.log(BUDGET)), 0, 0]]


@given(some_tables.filter(lambda t: len(t["mse"]) > 2), st.integers(2, 6), st.data())
@settings(deadline=None, max_examples=100)
def test_no_seed_takes_part_in_the_choice_of_its_own_rate(table, folds, data):
    choice = choice_of(table, folds)
    seed = data.draw(st.integers(0, choice.size - 1))
    row = data.draw(st.lists(steps, min_size=len(RATES), max_size=len(RATES)))
    changed = {loss: [row if i == seed else r for i, r in enumerate(rows)] for loss, rows in table.items()}
    again = choice_of(changed, folds)
    same = np.arange(choice.size) % choice.folds == seed % choice.folds
    for loss in LOSSES:
        np.testing.assert_array_equal(choice.position(loss)[same], again.position(loss)[same])


# --- One resample, and all of them --------------------------------------------------------------------------


@given(some_tables, st.integers(2, 6), st.data())
@settings(deadline=None, max_examples=200)
def test_a_resample_chooses_again_with_the_seeds_it_drew(table, folds, data):
    choice = choice_of(table, folds)
    every = st.lists(st.integers(0, choice.size - 1), min_size=choice.size, max_size=choice.size)
    picked = [data.draw(every) for _ in range(3)]
    drawn = choice.drawn(np.array(picked))
    ends = medians(drawn)
    for row, seeds in enumerate(picked):
        pairs_of_row = resample(table, seeds, folds)
        expected = [(math.nan, False) if pair is None else (float(pair[0]), pair[1]) for pair in pairs_of_row]
        np.testing.assert_equal(drawn.ratio[drawn.which[row]], [ratio for ratio, _ in expected])
        assert drawn.known[drawn.which[row]].tolist() == [known for _, known in expected]
        assert tuple(end[row] for end in ends) == tuple(map(float, median_of(pairs_of_row)))


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=20))
@settings(deadline=None, max_examples=100)
def test_the_median_of_a_resample_is_that_of_a_cell(sample):
    ratio, known = np.array([float(r) for r, _ in sample]), np.array([k for _, k in sample])
    low, high = medians(Pairs.of(ratio, known).drawn(np.arange(len(sample))[np.newaxis]))
    middle = median([ratio], [known])[0][0]
    if math.isfinite(middle) and 2 * known.sum() >= known.size:
        assert low[0] == high[0] == middle
    else:
        assert (low[0], high[0]) == (np.sort(ratio)[(ratio.size + 1) // 2 - 1], math.inf)


def tail(size, level=0.95):
    return special.ndtr(-math.sqrt(size / (size - 1)) * special.stdtrit(size - 1, (1 + level) / 2))


def test_the_interval_is_that_of_the_twin():
    """The same random words, every resample by hand."""
    rng, resamples = np.random.default_rng(4), 199
    table = {loss: rng.integers(1, 150, (12, len(RATES))).tolist() for loss in LOSSES}
    table = {loss: [[None if s > BUDGET else s for s in row] for row in rows] for loss, rows in table.items()}
    choice = choice_of(table, 5)
    bits = np.random.PCG64(int.from_bytes(hashlib.sha256(choice.data()).digest(), "little"))
    ends = []
    for _ in range(resamples):
        seeds = [((int(word) >> 32) * 12) >> 32 for word in bits.random_raw(12)]
        ends.append(median_of(resample(table, seeds, 5)))
    cut = max(round((resamples + 1) * tail(12)) - 1, 0)
    expected = sorted(e[0] for e in ends)[cut], sorted(e[1] for e in ends)[resamples - 1 - cut]
    assert interval([choice], 12, resamples=resamples) == tuple(map(float, expected))


def test_an_interval_with_the_choice_is_wider_where_the_best_rate_is_in_doubt():
    rng = np.random.default_rng(1)
    # Two rates that are equally good on average; each seed likes one of them ten times better.
    good = rng.random((30, 1)) < 0.5
    mse = np.where(good == np.array([[True, False]]), 20.0, 200.0)
    sure = np.ones((30, 2), dtype=bool)
    sides = {
        "mse": Trials(np.array([1.0, 2.0]), mse, sure, BUDGET),
        "bce": Trials(np.array([1.0, 2.0]), np.full((30, 2), 10.0), sure, BUDGET),
    }
    choice = Choice("brier", np.arange(30), sides, 5)
    kept = mse[np.arange(30), choice.position("mse")] / 10
    fixed = bootstrap(kept, np.ones(30, bool))
    again = interval([choice], 30)
    assert again[0] <= fixed[0]
    assert again[1] >= fixed[1]


# --- Two levels ---------------------------------------------------------------------------------------------


def test_two_levels_draw_data_sets_then_pairs_of_each():
    groups = [Pairs.of(100.0 * g + np.arange(3.0 + g), np.ones(3 + g, bool)) for g in range(7)]
    (drawn,) = _resamples(groups, 2000)
    ratio = drawn.ratio[drawn.which].reshape(2000, 7, -1)
    assert ratio.shape[-1] == 9
    sizes = (~np.isnan(ratio)).sum(axis=-1)
    group = np.nanmin(ratio, axis=-1) // 100
    assert (np.nanmax(ratio, axis=-1) // 100 == group).all()  # a slot holds one data set
    np.testing.assert_array_equal(sizes, 3 + group)
    counts = np.bincount(group.astype(int).ravel(), minlength=7)
    assert np.abs(counts - 2000).max() < 5 * math.sqrt(2000)
    first = (ratio[..., 0][group == 6] - 600).astype(int)
    assert np.abs(np.bincount(first, minlength=9) - first.size / 9).max() < 5 * math.sqrt(first.size)


def test_the_two_level_interval_is_that_of_the_exact_distribution():
    """If all pairs of a data set are alike, the median is that of the drawn data sets (Efron 1982)."""
    values = np.arange(1.0, 14)
    groups = [Pairs.of(np.full(4, value), np.ones(4, bool)) for value in values]
    at_most = special.bdtrc(6, 13, values / 13)
    expected = values[at_most >= tail(13)][0], values[at_most >= 1 - tail(13)][0]
    assert interval(groups, 13, resamples=99_999) == expected


@pytest.mark.parametrize("held", [1, 100, 1000])
def test_intervals_do_not_depend_on_the_order_of_data_sets_or_on_how_many_resamples_are_held(
    held, monkeypatch
):
    rng = np.random.default_rng(3)
    groups = [Pairs.of(rng.exponential(10, 5 + g), rng.random(5 + g) < 0.8) for g in range(8)]
    table = {loss: rng.integers(1, 99, (9, 3)).tolist() for loss in LOSSES}
    samples = [*groups, choice_of(table, 3)]
    whole = interval(samples, 9, resamples=199)
    assert interval(samples[::-1], 9, resamples=199) == whole
    monkeypatch.setattr("study.statistics.bootstrap._HELD", held)
    assert interval(samples, 9, resamples=199) == whole


def test_random_words_become_numbers_below_a_size():
    words = np.array([0, 2**32 - 1, 2**32, 2**63, 2**64 - 1], dtype=np.uint64)
    assert _uniform(words, 10).tolist() == [0, 0, 0, 5, 9]


# --- In the tables ------------------------------------------------------------------------------------------


def test_tuned_pairs_are_those_of_the_choice(frames):
    runs = frames["runs"]
    paired = pairs(runs, synthetic.OWN_RATES)
    tuned = paired[paired["policy"] == "tuned"].set_index(["start", "target"])
    for loss in LOSSES:
        rows = runs[runs["loss"] == loss].set_index(["start", "target", "rate"])
        at = [(*key, rate) for key, rate in tuned[f"rate_{loss}"].items()]
        assert tuned[f"status_{loss}"].tolist() == rows.loc[at, "status"].tolist()
    cell = tuned.query("dataset == 'gaussian' and separability == 1 and scale == 0 and target == 'brier'")
    table = {}
    for loss in LOSSES:
        rows = runs[runs["start"].isin(cell.index.get_level_values("start")) & (runs["loss"] == loss)]
        rows = rows[rows["target"] == "brier"]
        wide = rows.assign(step=rows["step"].where(rows["status"] == "reached", 2 * rows["max_steps"]))
        table[loss] = wide.pivot_table(index="seed", columns="rate", values="step")
        for fold in range(5):
            others = np.log(table[loss][table[loss].index % 5 != fold]).mean()
            own = cell[(np.arange(len(cell)) % 5) == fold]
            assert set(own[f"rate_{loss}"]) == {others.idxmin()}


def test_every_tuned_cell_holds_its_regret_and_edge(frames):
    cells = frames["slowdown"]
    tuned = cells["policy"] == "tuned"
    found = {
        (*(None if pd.isna(k) else k for k in key), choice.target): choice
        for key, part in frames["runs"].groupby(list(SETTING), dropna=False)
        for choice in choices(
            part.assign(
                observed=part["status"] == "reached",
                time=part["step"].where(part["status"] == "reached", part["max_steps"]).astype(float),
            ),
            5,
        )
    }
    assert len(found) == tuned.sum()
    for row in cells[tuned].to_dict("records"):
        key = (*(None if pd.isna(row[k]) else row[k] for k in SETTING), row["target"])
        for loss in LOSSES:
            choice = found[key]
            assert row[f"rate_{loss}"] == choice.rate(loss)
            assert row[f"regret_{loss}"] == choice.regret(loss)
            assert row[f"edge_{loss}"] == choice.at_edge(loss)
    assert cells.loc[~tuned, ["regret_mse", "regret_bce"]].isna().all(axis=None)
    assert not cells.loc[~tuned, ["edge_mse", "edge_bce"]].any(axis=None)
    assert set(cells.loc[tuned, "edge_mse"]) | set(cells.loc[tuned, "edge_bce"]) == {True, False}


def test_a_single_seed_has_no_tuned_pair(frames):
    one = frames["runs"][frames["runs"]["seed"] == 3]
    assert "tuned" not in set(slowdown(one, synthetic.OWN_RATES)["policy"])


def test_without_its_half_mse_runs_at_twice_the_rate(frames):
    runs = frames["runs"].query("target == 'brier'")
    cells = frames["slowdown"].query("target == 'brier'")
    both = {
        policy: cells[cells["policy"] == policy].set_index([*SETTING, "rate"])
        for policy in ("equal", "equal_no_half")
    }
    assert both["equal"].index.equals(both["equal_no_half"].index)
    np.testing.assert_array_equal(both["equal_no_half"]["rate_mse"], 2 * both["equal"]["rate_mse"])
    np.testing.assert_array_equal(both["equal_no_half"]["rate_bce"], both["equal"]["rate_bce"])
    sides = {
        (loss, rate): part.set_index("start")["step"] for (loss, rate), part in runs.groupby(["loss", "rate"])
    }
    zero = runs.query("initialisation == 'zero' and dataset == 'gaussian' and separability == 2")
    ratio = (sides["mse", 2.0] / sides["bce", 1.0]).loc[zero["start"].unique()]
    row = both["equal_no_half"].loc[("gaussian", 2.0, "zero", 0.0, 1.0)]
    assert row["slowdown"] == np.sort(ratio)[(len(ratio) + 1) // 2 - 1]


def test_more_data_sets_leave_the_cells_of_others_alone(frames):
    runs = frames["runs"]
    gaussian = runs[runs["dataset"] == "gaussian"]
    some = slowdown(gaussian, synthetic.OWN_RATES, resamples=synthetic.RESAMPLES)
    whole = frames["slowdown"]
    kept = whole[whole["dataset"] == "gaussian"].reset_index(drop=True)
    pd.testing.assert_frame_equal(some, kept, check_exact=True)


def test_pooled_intervals_resample_the_data_sets(frames):
    runs = frames["runs"].query("initialisation == 'zero' and target == 'brier'")
    paired = pairs(runs, synthetic.OWN_RATES)
    equal = paired.query("policy == 'equal' and rate == 1")
    groups = [
        Pairs.of(part["ratio"], part["known"])
        for _, part in equal.groupby(["dataset", "separability"], dropna=False)
    ]
    assert len(groups) == len(synthetic.SETTINGS)
    (row,) = summarise(equal, ["target"]).to_dict("records")
    assert (row["slowdown_low"], row["slowdown_high"]) == interval(groups, len(groups))
    tuned = paired.query("policy == 'tuned'")
    chosen = tuned.drop_duplicates(["dataset", "separability"])["choice"].tolist()
    (row,) = summarise(tuned, ["target"]).to_dict("records")
    assert (row["slowdown_low"], row["slowdown_high"]) == interval(chosen, len(chosen))
    few = equal[equal["dataset"] == "separable"]
    (row,) = summarise(few, ["target"]).to_dict("records")
    assert (row["slowdown_low"], row["slowdown_high"]) == (0.0, math.inf)  # two data sets are too few
    one = few[few["separability"] == 0.5]
    (row,) = summarise(one, ["target"]).to_dict("records")
    assert (row["slowdown_low"], row["slowdown_high"]) == bootstrap(one["ratio"], one["known"])


def test_every_confidence_is_pooled(frames):
    found = [(start.initialisation, start.scale, start.data) for start in pooled_starts(frames["slowdown"])]
    assert found == [
        ("zero", 0.0, "all data sets"),
        ("sure_wrong", 0.9, "all data sets"),
        ("sure_wrong", 0.999, "all data sets"),
        ("sure_right", 0.9, "all data sets"),
        ("normal", 0.5, "real data"),
    ]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({0.9: False, 0.99: False, 0.999: True}, 0.99),
        ({0.9: True, 0.99: True}, 0.9),
        ({}, math.nan),
    ],
)
def test_the_confidence_is_the_largest_that_was_measured(bounds, expected):
    rows = pd.DataFrame(
        [
            {"initialisation": name, "scale": scale, "policy": policy, "target": target,
             "slowdown_bound": bound ^ (name != "sure_wrong" or policy != "equal" or target != "brier"),
             "starts": 8, "at_start": 0}
            for name in ("sure_wrong", "sure_right")
            for policy in ("equal", "tuned")
            for target in ("brier", "accuracy")
            for scale, bound in bounds.items()
        ],
        columns=["initialisation", "scale", "policy", "target", "slowdown_bound", "starts", "at_start"],
    )  # fmt: skip
    chosen = Headline("brier", 1.0, None, math.nan, math.nan, {})
    np.testing.assert_equal(confident(chosen, rows).confidence, expected)
