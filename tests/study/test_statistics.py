from __future__ import annotations

import math
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import synthetic
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from study.catalogue import TABLES
from study.report.answers import answer
from study.statistics import quantiles
from study.statistics.bootstrap import bootstrap
from study.statistics.cells import slowdown
from study.statistics.ends import ends, of_targets
from study.statistics.headline import Headline, choose, common_rate, headline_target, middle_setting
from study.statistics.pairs import EQUAL, POLICIES, with_ratio
from study.statistics.survival import average_running_time, log_rank, lower_median, median, survival
from study.tables.table import conform
from synthetic import EXTREMES, summaries

samples = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=25)


def split(sample):
    return np.array([t for t, _ in sample], dtype=float), np.array([o for _, o in sample])


def by_scipy(times, observed):
    """Median and interval ends by inverting SciPy's curve and band; nan in the band is returned as nan."""
    data = scipy.stats.CensoredData(uncensored=times[observed], right=times[~observed])
    sf = scipy.stats.ecdf(data).sf
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        band = sf.confidence_interval(0.95, method="log-log")

    def first(holds):
        return sf.quantiles[holds][0] if holds.any() else np.inf

    ends = first(sf.probabilities <= 0.5 + 1e-12), first(band.low.probabilities <= 0.5)
    return (*ends, first(band.high.probabilities <= 0.5), sf)


# --- Medians ------------------------------------------------------------------------------------------------


@given(samples)
@settings(max_examples=300, deadline=None)
def test_median_and_interval_are_those_of_scipy(sample):
    times, observed = split(sample)
    middle, low, high, sf = by_scipy(times, observed)
    ours = [end[0] for end in median([times], [observed])]
    assert ours[0] == middle
    # Where the curve is 0 SciPy's band is nan; the lower end is then there at the latest.
    gone = sf.quantiles[sf.probabilities == 0]
    assert ours[1] == min([low, *gone])
    exact = gone if observed.sum() >= 6 else []
    assert ours[2] == min([high, *exact])


@given(samples)
@settings(deadline=None)
def test_median_agrees_with_lifelines(sample):
    lifelines = pytest.importorskip("lifelines")
    times, observed = split(sample)
    # Lifelines misses a curve that is 1/2 up to rounding: exp(sum of logs) may be an ulp above.
    assume(np.abs(survival(times, observed)[1] - 0.5).min() > 1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = lifelines.KaplanMeierFitter().fit(times, observed)
    assert median([times], [observed])[0][0] == fitted.median_survival_time_


@given(samples, samples)
@settings(deadline=None)
def test_cells_do_not_touch_each_other(one, two):
    width = max(len(one), len(two))
    times, observed = np.full((2, width), np.nan), np.zeros((2, width), dtype=bool)
    for row, sample in enumerate((one, two)):
        times[row, : len(sample)], observed[row, : len(sample)] = split(sample)
    together = median(times, observed)
    for row, sample in enumerate((one, two)):
        alone = median(*([part] for part in split(sample)))
        assert [end[row] for end in together] == [end[0] for end in alone]


@given(samples, st.randoms(use_true_random=False), st.integers(1, 50))
@settings(deadline=None)
def test_median_ignores_order_and_scales_with_time(sample, random, factor):
    shuffled = random.sample(sample, len(sample))
    ends = median(*([part] for part in split(sample)))
    times, observed = split(shuffled)
    assert [end[0] * factor for end in ends] == [end[0] for end in median([factor * times], [observed])]


@pytest.mark.parametrize(
    ("times", "observed", "expected"),
    [
        ([1, 2, 3, 4, 5], [1, 1, 1, 1, 1], 3),
        ([1, 2, 3, 4], [1, 1, 1, 1], 2),  # the smaller middle value
        ([5, 5, 5], [0, 0, 0], math.inf),
        ([1, 5, 5], [1, 0, 0], math.inf),
        ([0, 0, 9], [1, 1, 0], 0),  # arrival at step 0
        ([2, 3, 3, 9], [0, 1, 1, 0], 3),  # 1 * (1/3)
        ([np.nan, np.nan], [0, 0], math.nan),
    ],
)
def test_medians_by_hand(times, observed, expected):
    np.testing.assert_equal(median([times], [observed])[0], [expected])


def test_if_all_arrive_at_once_that_is_the_interval_from_six_on():
    assert [end[0] for end in median([[7.0] * 6], [[True] * 6])] == [7, 7, 7]
    assert [end[0] for end in median([[7.0] * 5], [[True] * 5])] == [7, 7, math.inf]


def test_survival_steps_down_to_the_share_left():
    steps, share = survival([3, 1, 3, 5], [True, True, True, False])
    np.testing.assert_allclose(steps, [1, 3, 5])
    np.testing.assert_allclose(share, [0.75, 0.25, 0.25])


def test_average_running_time_by_hand():
    art = average_running_time([[10, 100, 20, np.nan], [5, 5, 5, 5]], [[1, 0, 1, 0], [0, 0, 0, 0]])
    np.testing.assert_equal(art, [65, np.inf])


# --- Log-rank -----------------------------------------------------------------------------------------------


@given(samples, samples)
@settings(deadline=None)
def test_log_rank_is_that_of_scipy(one, two):
    (a, in_a), (b, in_b) = split(one), split(two)
    p = log_rank([a], [in_a], [b], [in_b])[0]
    data = [scipy.stats.CensoredData(uncensored=t[o], right=t[~o]) for t, o in ((a, in_a), (b, in_b))]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected = scipy.stats.logrank(*data).pvalue if in_a.any() or in_b.any() else np.nan
    if not math.isnan(p):
        assert p == pytest.approx(expected, rel=1e-7)
    else:
        assert math.isnan(expected) or expected == 1 or expected == pytest.approx(1)


def test_log_rank_takes_padded_rows():
    p = log_rank(
        [[1, 2, np.nan], [1, 2, 3]],
        [[1, 1, 0], [1, 1, 1]],
        [[3, 4, np.nan], [9, 9, 9]],
        [[1, 1, 0], [0, 0, 0]],
    )
    assert p[0] == log_rank([[1, 2]], [[1, 1]], [[3, 4]], [[1, 1]])[0]
    assert p[1] < 0.05


# --- Bootstrap ----------------------------------------------------------------------------------------------


def tail(n):
    """What the expanded percentile interval cuts off at each end: 1.9% for 30 pairs (Hesterberg 2015)."""
    return scipy.stats.norm.sf(math.sqrt(n / (n - 1)) * scipy.stats.t.isf(0.025, n - 1))


def test_bootstrap_has_the_exact_limits_of_the_uncensored_median():
    # P(resampled median <= x_(k)) = P(Binomial(n, k/n) >= (n+1)/2): its points are known (Efron 1982).
    n = 25
    values = np.arange(1, n + 1, dtype=float)
    at_most = scipy.stats.binom.sf(n // 2, n, values / n)
    low, high = bootstrap(values, np.ones(n, bool), resamples=99_999)
    assert (low, high) == (values[at_most >= tail(n)][0], values[at_most >= 1 - tail(n)][0])


def test_bootstrap_agrees_with_scipy_under_censoring():
    rng = np.random.default_rng(5)
    ratio, limit = rng.exponential(10, 30), rng.exponential(40, 30)
    known = ratio <= limit
    ratio = np.minimum(ratio, limit)

    def statistic(index):
        index = index.astype(int)
        return median([ratio[index]], [known[index]])[0][0]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = scipy.stats.bootstrap(
            (np.arange(30),),
            statistic,
            vectorized=False,
            n_resamples=3000,
            method="percentile",
            rng=rng,
        )
    low, high = bootstrap(ratio, known, resamples=3999)
    medians = result.bootstrap_distribution
    # Medians are a few values with jumps between: our ends must be where theirs cross the tail, up to chance.
    assert np.mean(medians < low) - 0.01 < tail(30) < np.mean(medians <= low) + 0.01
    assert np.mean(medians > high) - 0.01 < tail(30) < np.mean(medians >= high) + 0.01


@given(samples, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=50)
def test_bootstrap_does_not_depend_on_the_order_of_pairs(sample, random):
    one, two = split(sample), split(random.sample(sample, len(sample)))
    assert bootstrap(*one, resamples=199) == bootstrap(*two, resamples=199)
    low, high = bootstrap(*one, resamples=199)
    assert math.isfinite(low)
    assert low <= high


def test_bootstrap_does_not_depend_on_how_many_resamples_are_held(monkeypatch):
    rng = np.random.default_rng(2)
    ratio, known = rng.exponential(10, 40), rng.random(40) < 0.6
    whole = bootstrap(ratio, known)
    monkeypatch.setattr("study.statistics.bootstrap._HELD", 40 * 7)
    assert bootstrap(ratio, known) == whole


def test_bootstrap_takes_as_many_pairs_as_a_large_study_pools():
    size = 2**15 + 5
    low, high = bootstrap(np.arange(size, dtype=float), np.ones(size, bool), resamples=39, level=0.9)
    assert low < size / 2 < high
    assert high - low < 0.03 * size  # a few times sqrt(size)


@pytest.mark.parametrize(("level", "enough"), [(0.8, 4), (0.95, 6), (0.99, 8)])
def test_bootstrap_of_too_few_pairs_for_the_level_has_no_ends(level, enough):
    # All of n pairs lie on one side of the true median with probability 2^(1 - n).
    assert 0.5 ** (enough - 1) <= 1 - level < 0.5 ** (enough - 2)
    for size in range(1, enough):
        assert bootstrap(np.arange(1.0, size + 1), np.ones(size, bool), level=level) == (0.0, math.inf)
    low, high = bootstrap(np.arange(1.0, enough + 1), np.ones(enough, bool), level=level)
    assert 1 <= low < high <= enough


def test_bootstrap_of_nothing_is_nan():
    np.testing.assert_equal(bootstrap([], []), (math.nan, math.nan))


@given(st.lists(st.tuples(st.integers(1, 1000), st.floats(0, 1), st.booleans()), min_size=1, max_size=30))
def test_a_lower_bound_never_exceeds_the_median_without_censoring(pairs):
    full = np.array([r for r, _, _ in pairs], dtype=float)
    known = np.array([seen for _, _, seen in pairs])
    cut = np.where(known, full, full * [share for _, share, _ in pairs])
    assert lower_median([cut])[0] <= lower_median([full])[0]
    assert lower_median([full])[0] == median([full], [np.ones(len(full))])[0][0]


@pytest.mark.parametrize("censoring", [0.0, 0.3])
def test_intervals_cover_the_truth_about_as_often_as_they_say(censoring):
    """Exponential times of median ln 2, censored independently; the long version is `simulate_coverage`."""
    rng, studies, n = np.random.default_rng(11), 1000, 30
    times = rng.exponential(1, (studies, n))
    limit = (
        rng.exponential((1 - censoring) / censoring, (studies, n))
        if censoring
        else np.full((studies, n), np.inf)
    )
    observed = times <= limit
    assert 1 - observed.mean() == pytest.approx(censoring, abs=0.02)
    times = np.minimum(times, limit)
    _, low, high = median(times, observed)
    assert 0.92 < np.mean((low <= math.log(2)) & (math.log(2) < high)) < 0.98
    ends = np.array(
        [bootstrap(t, o, resamples=499) for t, o in zip(times[:400], observed[:400], strict=True)]
    )
    assert 0.91 < np.mean((ends[:, 0] <= math.log(2)) & (math.log(2) <= ends[:, 1])) < 0.985


# --- Pairs and cells ----------------------------------------------------------------------------------------


def runs_of(outcomes, *, rate=1.0, budget=1000, first=0):
    """Runs table of one cell from (MSE, BCE) outcomes: a step, None for censored, "diverged"."""
    rows = []
    for start, outcome in enumerate(outcomes, first):
        for loss, end in zip(("mse", "bce"), outcome, strict=True):
            status = "censored" if end is None else end if end == "diverged" else "reached"
            step = end if status == "reached" else -1
            spent = {"reached": step, "censored": budget, "diverged": 12}[status]
            rows.append((start, loss, rate, status, step, spent))
    frame = pd.DataFrame(rows, columns=["start", "loss", "rate", "status", "step", "steps_run"])
    fixed = {
        "dataset": "gaussian",
        "separability": 2.0,
        "initialisation": "wrong",
        "scale": 1.0,
        "target": "brier",
    }
    return frame.assign(run=range(len(frame)), seed=frame["start"], max_steps=budget, **fixed)


def cell_of(outcomes, **options):
    cells = slowdown(runs_of(outcomes, **options), synthetic.OWN_RATES)
    return cells[cells["policy"] == "equal"].iloc[0]


@pytest.mark.parametrize(
    ("outcomes", "text", "counts"),
    [
        ([(40, 10)] * 7, "4x [4, 4]", {"mse_reached": 7, "bce_reached": 7, "starts": 7}),
        ([(None, 10)] * 7, "> 100x", {"mse_censored": 7, "mse_median": math.inf, "mse_art": math.inf}),
        ([("diverged", 3)] * 7, "> 333x", {"mse_diverged": 7, "mse_censored": 0}),
        ([(40, None)] * 7, "< 0.04x", {"bce_missed": 7, "slowdown": 0.0, "slowdown_bound": False}),
        ([(40, "diverged")] * 7, "< 0.04x", {"bce_missed": 7, "bce_diverged": 7}),
        ([(None, None)] * 7, "unknown", {"both_missed": 7, "slowdown_bound": True}),
        ([(0, 0)] * 7, "met at the start by 7 of 7", {"at_start": 7, "mse_median": 0.0}),
        ([(40, 10)] * 4 + [(None, 10)] * 3, "4x [4, inf)", {"mse_censored": 3}),
        ([(40, 10)] * 6 + [(0, 0)], "4x [4, 4]", {"at_start": 1, "starts": 7}),
        ([(40, 10)] * 6 + [(0, 0)] * 6, "4x [4, 4]", {"at_start": 6, "starts": 12}),
        ([(40, 10)] * 6 + [(0, 0)] * 7, "met at the start by 7 of 13", {"at_start": 7, "slowdown": 4.0}),
        # With a target that must hold, one loss may lose it again after step 0.
        ([(0, 12)] * 7, "met at the start by 7 of 7", {"slower": 0, "faster": 0}),
        (
            [(40, 10), (10, 40), (7, 7), (None, 10), (40, None), (None, None), (0, 0)],
            "1x [0, inf)",
            {"slower": 2, "faster": 2},
        ),
        ([(None, 1000), (1000, None)], "< 1x", {"slower": 1, "faster": 1}),
        ([(40, 10)] * 3 + [(None, 10)] * 3 + [(None, 5)], "> 100x", {"mse_censored": 4}),
        # The Kaplan-Meier median is 4 in each; if under half of the ratios are known it is not printed.
        ([(40, 10)] * 6 + [(None, None)] * 6, "4x [0, inf)", {"both_missed": 6, "slowdown_bound": False}),
        ([(40, 10)] * 5 + [(None, None)] * 6, "unknown", {"both_missed": 6, "slowdown_bound": True}),
        ([(40, 10)] * 5 + [(None, 500)] * 6, "> 2x", {"mse_censored": 6, "slowdown_bound": True}),
        # So few pairs have no interval at 95%.
        ([(40, 10)] * 5, "4x [0, inf)", {"slowdown_low": 0.0, "slowdown_high": math.inf}),
        ([(40, 10)], "4x [0, inf)", {"starts": 1}),
    ],
)
def test_a_cell_says_what_is_known_and_no_more(outcomes, text, counts):
    cell = cell_of(outcomes)
    assert cell["text"] == text
    assert {name: cell[name] for name in counts} == counts


def test_what_only_bce_missed_cannot_raise_the_median():
    assert cell_of([(40, 10)] * 5 + [(900, None)] * 4)["slowdown"] <= cell_of([(40, 10)] * 5)["slowdown"]


def test_what_both_missed_leaves_the_risk_set_at_once():
    assert cell_of([(40, 10)] * 5 + [(None, None)] * 3)["slowdown"] == 4


def test_what_bce_missed_in_no_time_sets_no_upper_limit():
    both = pd.DataFrame(
        {"observed_mse": [True], "observed_bce": [False], "time_mse": [3.0], "time_bce": [0.0]}
    )
    assert with_ratio(both)["below"].tolist() == [math.inf]


@pytest.mark.integration
@given(
    st.lists(st.tuples(st.integers(1, 500), st.integers(1, 500)), min_size=1, max_size=12), st.integers(2, 5)
)
@settings(deadline=None, max_examples=25)
def test_time_of_one_loss_scales_the_ratio(outcomes, factor):
    once = cell_of(outcomes, budget=10_000)
    more = cell_of([(mse * factor, bce) for mse, bce in outcomes], budget=10_000)
    assert more["slowdown"] == pytest.approx(once["slowdown"] * factor)
    both = cell_of([(mse * factor, bce * factor) for mse, bce in outcomes], budget=10_000)
    assert both["slowdown"] == pytest.approx(once["slowdown"])


def test_smoothness_puts_each_loss_at_its_own_rate(frames):
    cells = frames["slowdown"]
    rows = cells[cells["policy"] == "smoothness"]
    assert len(rows)
    np.testing.assert_allclose(rows["rate_mse"], synthetic.OWN_RATES["mse"])
    assert set(rows["rate_bce"]) == {1.0}


@pytest.mark.integration
def test_slowdown_does_not_depend_on_the_order_of_runs(frames):
    shuffled = frames["runs"].sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(
        slowdown(shuffled, synthetic.OWN_RATES, resamples=synthetic.RESAMPLES),
        frames["slowdown"],
        check_exact=True,
    )


def test_every_cell_is_consistent(frames):
    cells = frames["slowdown"]
    for loss in ("mse", "bce"):
        assert (
            cells[[f"{loss}_{end}" for end in ("reached", "censored", "diverged")]].sum(axis=1)
            == cells["starts"]
        ).all()
    counted = cells[cells["starts"] > cells["at_start"]]
    assert counted["slowdown"].notna().all()
    assert (counted["slowdown_low"] <= counted["slowdown_high"]).all()
    assert (counted.loc[counted["slowdown_bound"], "slowdown_high"] == np.inf).all()
    assert (counted["text"].str.startswith((">", "unknown")) == counted["slowdown_bound"]).all()
    # The study holds the awkward cases that these tests are for.
    assert counted["slowdown_bound"].any()
    assert (cells["starts"] == cells["at_start"]).any()
    assert cells["separability"].isna().any()
    assert cells["bce_diverged"].any()


def test_two_data_sets_without_separability_are_two_cells(frames):
    cells = frames["slowdown"]
    assert set(cells.loc[cells["separability"].isna(), "dataset"]) == {"breast_cancer", "digits <3> & 8"}


def test_a_missing_loss_leaves_an_empty_table(frames):
    one = frames["runs"][frames["runs"]["loss"] == "bce"]
    made = summaries(one)
    assert len(made["slowdown"]) == len(made["decomposition"]) == len(made["answers"]) == 0
    found = answer(made)
    assert found["zero"] is found["ordinary"] is found["sure_wrong"] is None


@pytest.mark.integration
def test_a_third_loss_changes_nothing(frames):
    runs = frames["runs"]
    third = runs[runs["loss"] == "mse"].assign(loss="hinge")
    third["run"] += runs["run"].max() + 1
    cells = slowdown(pd.concat([runs, third]), synthetic.OWN_RATES, resamples=synthetic.RESAMPLES)
    pd.testing.assert_frame_equal(cells, frames["slowdown"])


def test_statuses_count_every_run(frames):
    counted = of_targets(ends(frames["runs"], synthetic.OWN_RATES))
    runs = frames["runs"]
    assert counted["runs"].sum() == len(runs)
    for status in ("reached", "censored", "diverged"):
        assert counted[status].sum() == (runs["status"] == status).sum() > 0


# --- What the cells say together ----------------------------------------------------------------------------


def test_decomposition_divides_the_policies(frames):
    parts = frames["decomposition"]
    clear = parts[parts["tuning_buys"].notna()]
    assert len(clear)
    np.testing.assert_allclose(clear["tuning_buys"] * clear["tuned"], clear["equal"])
    assert parts.loc[parts["equal_bound"] | parts["tuned_bound"], "tuning_buys"].isna().all()
    assert set(parts["rate"]) == {1.0}


def test_the_largest_rate_is_the_largest_tried_whether_any_cell_chose_it_or_not():
    cells = pd.DataFrame({"rate_mse": [1.0, 3.0, 10.0], "rate_bce": [1.0, 3.0, 3.0]})
    chosen = Headline("brier", 1.0, None, math.nan, math.nan, {"mse": 10.0, "bce": 3.0})
    assert chosen.at_largest_rate(cells.iloc[:2]).tolist() == [False, False]
    assert chosen.at_largest_rate(cells.iloc[1:], "bce").tolist() == [True, True]


def test_the_common_rate_is_the_nearest_to_one():
    def rates(*values):
        return pd.DataFrame({"policy": ["equal"] * len(values), "rate": values}, dtype=object)

    assert common_rate(rates(0.25, 1.0, 4.0)) == 1
    assert common_rate(rates(0.5, 2.0)) == 0.5
    assert common_rate(rates(0.1, 3.0)) == 3
    assert math.isnan(common_rate(rates()))


def test_the_setting_is_the_middle_of_the_most_drawn_data_set(frames):
    assert middle_setting(frames["slowdown"]) == ("gaussian", 4.0)
    assert middle_setting(frames["slowdown"].query("dataset == 'breast_cancer'")) is None


def test_the_target_is_the_brier_score_or_else_the_first_by_name(frames):
    ended = frames["ends"]
    assert headline_target(ended) == "brier"
    assert headline_target(ended[ended["target"] != "brier"]) == "accuracy"
    assert headline_target(ended[ended["target"] == "logloss"]) == "logloss"
    assert headline_target(ended.iloc[:0]) == "brier"


@pytest.mark.integration
@pytest.mark.parametrize("case", ["all", *EXTREMES])
def test_the_choice_is_the_same_read_back_from_its_table(case, frames, extreme):
    study = frames if case == "all" else extreme(case)
    chosen = choose(study["slowdown"], study["ends"])
    back = Headline.read(study["headline"])
    chosen = replace(chosen, confidence=back.confidence)  # which needs pooled answers
    assert repr(back) == repr(chosen)  # nan is not equal to nan
    assert chosen.setting == middle_setting(study["slowdown"])
    assert chosen.largest_rate["mse"] == study["runs"]["rate"].max() or study["slowdown"].empty


def test_pooled_answers_are_those_of_all_their_pairs_in_one_list(frames):
    """Every ratio of a start, from the runs themselves, against SciPy."""
    runs = frames["runs"].query("rate == 1 and target == 'brier'")
    everywhere = runs["separability"].notna() | runs["separability"].isna()
    for initialisation, scale, kept in (
        ("zero", 0.0, everywhere),
        ("sure_right", 0.9, everywhere),
        ("normal", 0.5, runs["separability"].isna()),
    ):
        rows = runs[kept & (runs["initialisation"] == initialisation) & (runs["scale"] == scale)]
        sides = rows.pivot_table(index="start", columns="loss", values="step")
        assert (sides > 0).all(axis=None)  # all arrived: the median is that of the sample
        ratio = (sides["mse"] / sides["bce"]).to_numpy()
        (found,) = (
            frames["answers"]
            .query(f"initialisation == '{initialisation}' and policy == 'equal' and target == 'brier'")
            .to_dict("records")
        )
        assert found["starts"] == len(ratio)
        assert found["slowdown"] == by_scipy(ratio, np.full(ratio.size, True))[0]
        assert found["slower"] == (ratio > 1).sum()
        assert found["faster"] == (ratio < 1).sum()
        assert found["rate"] == found["rate_mse"] == found["rate_bce"] == 1


def test_answers_are_in_the_rows_of_their_cells(frames):
    cells, found = frames["slowdown"], frames["answers"]
    largest = frames["runs"]["rate"].max()
    assert set(found["initialisation"]) == {"zero", "normal", "wrong", "sure_wrong", "sure_right"}
    assert set(found["policy"]) == set(POLICIES)
    for row in found.to_dict("records"):
        at = (cells["initialisation"] == row["initialisation"]) & (cells["scale"] == row["scale"])
        at &= (cells["policy"] == row["policy"]) & (cells["target"] == row["target"])
        if row["policy"] in EQUAL:
            at &= cells["rate"] == 1
        if row["initialisation"] == "normal":
            at &= cells["separability"].isna()
        rows = cells[at]
        known = rows[rows["slowdown"] > 0]
        assert row["cells"] == len(known)
        assert (row["lowest"], row["highest"]) == (known["slowdown"].min(), known["slowdown"].max())
        assert row["at_largest_rate"] == (rows["rate_mse"] == largest).sum()
        if row["initialisation"] == "wrong":
            (one,) = rows.query("dataset == 'gaussian' and separability == 4").to_dict("records")
            assert one["text"] == row["text"]
            assert one["rate_mse"] == row["rate_mse"]
        else:
            assert row["starts"] == rows["starts"].sum()


def test_the_first_screen_holds_the_numbers_of_the_tables(frames):
    found = answer(frames)
    cells = frames["slowdown"]
    entry = found["sure_wrong"]
    pooled = frames["answers"].set_index(["initialisation", "scale", "policy", "target"])
    at = ("sure_wrong", found["confidence"])
    assert entry["tuned"]["text"] == pooled.loc[(*at, "tuned", "brier"), "text"]
    zero = cells.query("initialisation == 'zero' and policy == 'equal' and rate == 1 and target == 'brier'")
    assert found["zero"]["equal"]["starts"] == zero["starts"].sum()
    lowest, highest = (found["zero"]["spread"][end][0] for end in ("lowest", "highest"))
    assert lowest == zero["slowdown"].min()
    assert lowest <= found["zero"]["equal"]["slowdown"] <= highest
    assert found["unfinished"]["mse"]["stable"][0] > 0
    tuned = cells.query("initialisation == 'zero' and policy == 'tuned' and target == 'brier'")
    assert found["zero"]["tuned"]["starts"] == tuned["starts"].sum()
    assert found["largest_rate"] == frames["runs"]["rate"].max()
    assert found["zero"]["edges"] == (tuned["rate_mse"] == found["largest_rate"]).sum()


@pytest.mark.integration
def test_the_first_screen_features_a_bound_only_where_no_median_was_reached(frames):
    runs = frames["runs"]
    late = runs["status"].where((runs["loss"] != "mse") | (runs["step"] < 3), "censored")
    hard = runs.assign(status=late, step=runs["step"].where(late == "reached", -1))
    found = answer(summaries(hard, resamples=199))
    assert found["sure_wrong"]["equal"]["slowdown_bound"]
    assert found["confidence"] == frames["answers"].query("initialisation == 'sure_wrong'")["scale"].min()


def test_the_result_fits_its_schema(frames):
    for name in ("slowdown", "headline", "answers", "decomposition"):
        pd.testing.assert_frame_equal(conform(frames[name], TABLES[name]), frames[name])


@pytest.mark.parametrize("share", [0.0, 0.2, 0.9])
def test_quantiles_of_rows_are_those_of_numpy_to_the_bit(share):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(200, 9))
    values[rng.random(values.shape) < share] = np.nan
    values[:, 4] = 0.5  # something in every row
    expected = np.nanquantile(values, (0.1, 0.5, 0.9), axis=1)
    assert quantiles.of_rows(values, (0.1, 0.5, 0.9)).tobytes() == expected.tobytes()
