"""How far the answer moves: against plain-Python twins, and on cases made to be stable or chaotic."""

from __future__ import annotations

import itertools
import math
import statistics

import naive
import numpy as np
import pandas as pd
import pytest
from study.catalogue import TABLES
from study.config import model as config
from study.data import samples
from study.data.facts import threshold
from study.data.starts import start
from study.runs import draw, plan, sweep
from study.sensitivity import choices, perturbation, screen
from study.sensitivity.perturbation import Move
from study.statistics import aggregation
from study.statistics.headline import Headline
from study.tables import store
from study.tables.table import conform

SMALL = {
    "seeds": 4,
    "datasets": [
        {"name": "gaussian", "separability": [1, 3], "n": 20, "d": 1},
        {"name": "iris_versicolor_virginica"},
    ],
    "initialisations": [
        {"name": "zero"},
        {"name": "normal", "scales": [0.5]},
        {"name": "sure_wrong", "scales": [0.9]},
    ],
    "learning_rates": [0.125, 0.5, 1, 4, 64],
    "max_steps": 400,
    "hold": 3,
    "statistics": {"resamples": 199, "folds": 2},
}
CHANGES = {
    *(("nothing", "as on the first screen"), ("target", "accuracy"), ("target", "logloss")),
    *(("threshold", choice) for choice in choices.SHARES),
    *(("rate", "0.125/L for both losses"), ("rate", "4/L for both losses")),
    ("convention", "MSE without its factor 1/2"),
    *(("policy", "each loss at its own 1/L"), ("policy", "each loss at its best rate")),
}


class Study:
    """A small study, with the tables that its statistics make."""

    def __init__(self, folder, change=None):
        self.config = config.load(SMALL | (change or {}))
        self.datasets, self.arrays = draw.build(self.config)
        rows = plan.expand(self.config, self.datasets)
        runs, _ = sweep.run_shard(self.config, rows, self.arrays, sweep.Progress("s", len(rows), quiet))
        self.runs, self.path = conform(runs, TABLES["runs"]), folder / "runs.parquet"
        store.write(self.runs, TABLES["runs"], self.path)
        chosen = self.config.statistics
        self.frames = aggregation.summary_tables(
            self.path, plan.stable_rates(), folds=chosen.folds, resamples=chosen.resamples, level=0.95
        ) | {"datasets": self.datasets}
        self.chosen = Headline.read(self.frames["headline"])

    def unmoved(self, rows, drawn):
        return sweep.first_parameters(rows, drawn, self.config.seed)

    def moved(self, rows, drawn):
        return perturbation.perturbed(rows, drawn, self.config.seed)

    def rerun(self, rows, first):
        return screen.rerun(rows, self.arrays, first, self.config.hold, sweep.Progress("s", len(rows), quiet))

    def sensitivity(self, runs=None):
        runs = screen.read_runs(self.path, choices.needed(self.frames)) if runs is None else runs
        return choices.sensitivity(self.config, self.frames, runs, self.arrays, quiet)

    def needed(self):
        return screen.read_runs(self.path, perturbation.needed(self.frames, self.config.seed))

    def perturbation(self, runs=None):
        runs = self.needed() if runs is None else runs
        return perturbation.perturbation(self.config, self.frames, runs, self.arrays, quiet)


def quiet(line):
    pass


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return Study(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def moves(small):
    return small.sensitivity()


@pytest.fixture(scope="module")
def nudged(small):
    return small.perturbation()


def test_every_start_of_the_first_screen_has_a_row_for_every_change(moves) -> None:
    assert set(moves["initialisation"]) == {"zero", "normal", "sure_wrong"}
    for _, rows in moves.groupby("initialisation"):
        assert set(zip(rows["changed"], rows["choice"], strict=True)) == CHANGES
    assert set(moves.loc[moves["changed"] != "threshold", "share"]) == {0.1}
    pd.testing.assert_frame_equal(moves, conform(moves, TABLES["sensitivity"]))


def test_the_base_case_is_the_number_of_the_first_screen(small, moves) -> None:
    answers = small.frames["answers"]
    for row in moves[moves["changed"] == "nothing"].itertuples():
        [same] = answers[
            (answers["initialisation"] == row.initialisation)
            & (answers["scale"] == row.scale)
            & (answers["policy"] == "equal")
            & (answers["target"] == "brier")
            & (answers["rate"] == small.chosen.rate)
        ].itertuples()
        assert (row.text, row.slowdown, row.mse_median, row.starts) == (
            same.text,
            same.slowdown,
            same.mse_median,
            same.starts,
        )


def twin(small, run, share, root=0):
    """Step of arrival, or None, by the plain twin: the target from the formula, the descent step by step."""
    facts = small.datasets.set_index("data").loc[run.data]
    attained = max(facts["mse_brier"], facts["bce_brier"])
    data = samples.sample(small.arrays, run.data)
    theta = start(run.initialisation, run.scale, data.aim, run.seed, root)
    found = naive.descend(
        data.features,
        data.labels,
        theta,
        run.loss,
        run.learning_rate,
        run.max_steps + small.config.hold - 1,
        {"brier": attained + share * (facts["base_brier"] - attained)},
        hold=small.config.hold,
    )
    step = found["arrival"]["brier"]
    return None if step < 0 else step


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_other_thresholds_are_those_of_the_plain_twin(small, moves, share) -> None:
    runs = small.runs
    here = (runs["initialisation"] == "zero") & (runs["rate"] == 1.0) & (runs["target"] == "brier")
    steps = {loss: [] for loss in ("mse", "bce")}
    for run in runs[here].sort_values(["loss", "start"]).itertuples():
        steps[run.loss].append(twin(small, run, share))
    assert all(None not in of_loss for of_loss in steps.values())
    [row] = moves[(moves["initialisation"] == "zero") & (moves["share"] == share)].itertuples()
    assert row.mse_median == statistics.median_low(steps["mse"])
    assert row.bce_median == statistics.median_low(steps["bce"])
    ratios = [mse / bce for mse, bce in zip(steps["mse"], steps["bce"], strict=True) if mse and bce]
    assert row.at_start == len(steps["mse"]) - len(ratios)
    assert row.slowdown == statistics.median_low(ratios)


def test_other_rates_are_pairs_of_the_runs(small, moves) -> None:
    runs = small.runs[(small.runs["target"] == "brier") & (small.runs["initialisation"] == "zero")]
    for rate in (0.125, 4.0):
        at = runs[runs["rate"] == rate].set_index(["loss", "start"])
        steps = at["step"].where(at["status"] == "reached", math.inf)
        ratios = steps.loc["mse"] / steps.loc["bce"]
        [row] = moves[(moves["initialisation"] == "zero") & (moves["rate"] == rate)].itertuples()
        assert row.starts == len(ratios) == 12
        assert row.mse_median == statistics.median_low(steps.loc["mse"])
        assert row.bce_median == statistics.median_low(steps.loc["bce"])
        if np.isfinite(steps).all():
            assert row.slowdown == statistics.median_low(ratios)
    assert (moves["changed"] == "rate").sum() == 6


@pytest.mark.parametrize(
    ("rates", "found"),
    [
        ([0.125, 0.5, 1, 4, 8, 64], [0.125, 8]),
        ([1, 64], [64]),
        ([0.25, 1], [0.25]),
        ([0.03, 0.3, 1, 4, 16], [0.3, 4]),
        ([1], []),
    ],
)
def test_the_other_rates_are_the_nearest_to_a_factor_of_eight(rates, found) -> None:
    runs = pd.DataFrame(list(itertools.product(["mse", "bce"], rates)), columns=["loss", "rate"])
    alone = pd.DataFrame({"loss": ["mse", "mse"], "rate": [8.1, 0.126]})
    assert choices.other_rates(pd.concat([runs, alone]), 1.0) == found


def test_a_threshold_at_a_tenth_is_the_target_of_the_table(small) -> None:
    for row, score in itertools.product(small.datasets.to_dict("records"), ("accuracy", "brier", "logloss")):
        known = row[f"target_{score}"]
        assert threshold(row, score) == known or (math.isnan(known) and math.isnan(threshold(row, score)))
        if score != "accuracy" and not math.isnan(known):
            harder = [threshold(row, score, share) for share in (0.5, 0.2, 0.1, 0.05, 0.01)]
            assert harder == sorted(harder, reverse=True)
            share = (harder[1] - harder[2]) / (harder[0] - harder[2])
            assert share == pytest.approx((0.2 - 0.1) / (0.5 - 0.1), rel=1e-6)


def test_runs_made_again_from_the_same_start_are_the_same(small) -> None:
    for target in ("brier", "accuracy"):
        rows = small.runs[small.runs["target"] == target].sample(frac=1, random_state=3)
        again = small.rerun(rows, small.unmoved)
        pd.testing.assert_frame_equal(again[["run", "step", "status"]], rows[["run", "step", "status"]])


def test_a_start_moves_by_one_part_in_1e14_alike_for_both_losses_and_all_rates(small) -> None:
    rows = small.runs[small.runs["target"] == "brier"]
    signs = set()
    for data, group in rows.groupby("data"):
        drawn = samples.sample(small.arrays, data)
        was, now = small.unmoved(group, drawn), small.moved(group, drawn)
        move = np.where(was == 0, now, (now - was) / np.where(was == 0, 1, was))
        assert np.allclose(np.abs(move), 1e-14, rtol=0.02, atol=0)
        for _, places in group.reset_index(drop=True).groupby("start"):
            assert (now[places.index] == now[places.index[0]]).all()
            signs.add(tuple(np.sign(move[places.index[0]])))
    assert len(signs) > 6


def test_below_1_over_l_nothing_moves_and_the_loss_never_rises(small) -> None:
    rows = small.runs[small.runs["target"] == "brier"]
    rows = rows[rows["rate"] <= rows["loss"].map(plan.stable_rates()) * (1 + 1e-9)]
    assert len(rows) > 200
    again = small.rerun(rows, small.moved)
    assert (again["status"] == rows["status"]).all()
    assert ((again["step"] - rows["step"]).abs() <= 1).all()
    assert perturbation.rising(rows, small.arrays, 0)["rises"].eq(0).all()


def test_rises_are_those_of_the_plain_twin(small) -> None:
    rows = small.runs[(small.runs["target"] == "brier") & (small.runs["rate"] == 64)]
    rows = rows[(rows["dataset"] == "gaussian") & (rows["seed"] == 1)]
    counted = perturbation.rising(rows, small.arrays, 0)
    for run in rows.itertuples():
        data = samples.sample(small.arrays, run.data)
        theta = [float(t) for t in start(run.initialisation, run.scale, data.aim, run.seed, 0)]
        rises, before = 0, math.inf
        for _ in range(201):
            risk = naive.risk(data.features, data.labels, theta, run.loss)
            rises, before = rises + (risk > before * (1 + 1e-12)), risk
            slope = naive.gradient(data.features, data.labels, theta, run.loss)
            theta = [t - run.learning_rate * g for t, g in zip(theta, slope, strict=True)]
        assert counted.loc[run.Index, "looked"] == 200
        # A chaotic way is another one after some steps: the last bits of the twin differ.
        assert counted.loc[run.Index, "rises"] == pytest.approx(rises, abs=0.1 * 200)
    assert counted["rises"].max() > 20
    assert counted["rises"].min() < counted["rises"].max()


def test_a_number_of_the_first_screen_is_compared_with_itself(small, nudged) -> None:
    answers = small.chosen.side_by_side(small.frames["answers"])
    numbers = nudged[nudged["loss"] == "both"]
    assert len(numbers) == 3 * 4
    for row in numbers.itertuples():
        [same] = answers[
            (answers["initialisation"] == row.initialisation)
            & (answers["scale"] == row.scale)
            & (answers["policy"] == row.policy)
            & (answers["target"] == "brier")
        ].itertuples()
        assert row.slowdown_before == same.slowdown
        assert same.text.startswith(row.text_before)
        assert row.runs == same.starts
        assert row.same_text == (row.text_before == row.text_after)
        for loss in ("mse", "bce"):
            of_loss = (nudged["policy"] == row.policy) & (nudged["initialisation"] == row.initialisation)
            [single] = nudged[of_loss & (nudged["loss"] == loss)].itertuples()
            assert single.median_before == getattr(same, f"{loss}_median")
            assert single.moved <= row.moved <= row.runs
    pd.testing.assert_frame_equal(nudged, conform(nudged, TABLES["perturbation"]))


def test_the_slowdown_after_is_that_of_the_moved_runs(small, monkeypatch) -> None:
    monkeypatch.setattr(perturbation, "NUDGE", 0.4)  # so far that it shows
    table = small.perturbation()
    runs = small.runs[(small.runs["initialisation"] == "zero") & (small.runs["target"] == "brier")]
    rows = runs[runs["rate"] == small.chosen.rate]
    again = small.rerun(rows, small.moved).set_index(["loss", "start"])
    steps = again["step"].where(again["status"] == "reached", math.inf)
    ratios = (steps.loc["mse"] / steps.loc["bce"]).dropna()  # where both missed, nothing is known
    assert len(ratios) > 9
    zero = table[(table["initialisation"] == "zero") & (table["policy"] == "equal")].set_index("loss")
    assert zero.loc["both", "slowdown_after"] == statistics.median_low(ratios)
    assert zero.loc["both", "slowdown_after"] != zero.loc["both", "slowdown_before"]
    assert not zero.loc["both", "same_text"]
    for loss in ("mse", "bce"):
        assert zero.loc[loss, "median_after"] == statistics.median_low(steps.loc[loss])


def test_moved_runs_are_those_of_a_plain_comparison(small, nudged) -> None:
    for row in nudged[nudged["policy"] == "none"].itertuples():
        rows = small.runs[
            (small.runs["dataset"] == row.dataset)
            & ((small.runs["separability"] == row.separability) | small.runs["separability"].isna())
            & (small.runs["initialisation"] == row.initialisation)
            & (small.runs["loss"] == row.loss)
            & (small.runs["rate"] == row.rate)
            & (small.runs["target"] == "brier")
        ]
        again = small.rerun(rows, small.moved)
        steps = list(zip(rows["step"], again["step"], strict=True))
        assert row.runs == len(steps) == 4
        assert row.moved == sum(a != b for a, b in steps)
        far = [math.inf if (a < 0) != (b < 0) else max(a, b, 1) / max(min(a, b), 1) for a, b in steps]
        assert row.largest_move == max(1, *far)
        assert row.moved_far == sum(ratio > 1.1 for ratio in far)
        assert row.rate >= plan.stable_rates()[row.loss] * (1 - 1e-9)


def test_a_move_between_runs_that_arrive_and_runs_that_do_not() -> None:
    def frame(*steps):
        return pd.DataFrame({"step": steps, "status": ["censored" if s < 0 else "reached" for s in steps]})

    found = Move.between(frame(10, 0, 0, 100, -1, -1, 7), frame(10, 0, 3, 80, -1, 5, -1))
    assert found.moved.tolist() == [False, False, True, True, False, True, True]
    assert found.ratio.tolist() == [1, 1, 3, 1.25, 1, math.inf, math.inf]
    assert found.columns() == {
        "runs": 7, "moved": 4, "moved_far": 4, "largest_move": math.inf, "chaotic": True,
    }  # fmt: skip


@pytest.mark.parametrize(("far", "chaotic"), [(0, False), (1, False), (2, True)])
def test_chaotic_is_more_than_one_run_in_twenty(far, chaotic) -> None:
    moved = np.arange(20) < far
    assert Move(moved, np.where(moved, 1.2, 1.0)).columns()["chaotic"] is chaotic
    assert not Move(np.ones(20, dtype=bool), np.full(20, 1.05)).columns()["chaotic"]


def test_a_chaotic_cell_is_flagged(tmp_path) -> None:
    # At 16 times the largest safe rate BCE jumps about on overlapping classes; where a touch is enough, it
    # arrives by chance.
    made = Study(
        tmp_path,
        {
            "seeds": 12,
            "datasets": [{"name": "gaussian", "separability": [1], "n": 40, "d": 2}],
            "initialisations": [{"name": "normal", "scales": [4]}],
            "learning_rates": [1, 16],
            "targets": ["brier"],
            "max_steps": 4000,
            "hold": 1,
        },
    )
    table = made.perturbation()
    wild = table[(table["loss"] == "bce") & (table["rate"] == 16)].iloc[0]
    calm = table[(table["loss"] == "bce") & (table["rate"] == 1)].iloc[0]
    assert wild["chaotic"]
    assert wild["largest_move"] > 2
    assert wild["rises"] > 0.1
    assert not calm["chaotic"]
    assert calm["moved"] == calm["rises"] == 0
    assert perturbation.facts(table)["chaotic"] >= 1


@pytest.mark.integration
def test_the_order_of_the_runs_changes_nothing(small, moves, nudged) -> None:
    mixed = screen.read_runs(small.path, choices.needed(small.frames)).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(small.sensitivity(mixed), moves)
    pd.testing.assert_frame_equal(small.perturbation(small.needed().sample(frac=1, random_state=2)), nudged)


def test_another_data_set_changes_the_sample_of_cells_by_its_own_cells_alone(frames) -> None:
    arrivals = frames["arrivals"].assign(reached=frames["arrivals"]["runs"], at_start=0)
    less = arrivals[arrivals["dataset"] != "separable"]
    whole = [tuple(map(str, cell.values())) for cell in perturbation.cells(arrivals, "brier", 0)]
    part = [tuple(map(str, cell.values())) for cell in perturbation.cells(less, "brier", 0)]
    assert len(whole) == len(set(whole)) == len(part) == perturbation.CELLS
    kept = [cell for cell in whole if cell[0] != "separable"]
    assert kept == part[: len(kept)]
    assert len(kept) < len(whole)
    assert perturbation.cells(arrivals, "brier", 1) != perturbation.cells(arrivals, "brier", 0)


def test_a_cell_of_the_sample_has_an_arrival_to_move(frames) -> None:
    arrivals = frames["arrivals"]
    for cell in perturbation.cells(arrivals, "brier", 0):
        here = (arrivals["target"] == "brier") & (arrivals["rate"] == cell["rate"])
        for name in ("dataset", "initialisation", "scale", "loss"):
            here &= arrivals[name] == cell[name]
        level = arrivals["separability"]
        here &= level.isna() if math.isnan(cell["separability"]) else level == cell["separability"]
        [row] = arrivals[here].itertuples()
        assert 2 * row.reached >= row.runs
        assert 2 * row.at_start <= row.runs


def test_facts_for_the_prose(moves, nudged) -> None:
    found = choices.facts(moves)
    assert set(found) == {"zero", "normal", "sure_wrong"}
    for start_name, rows in moves[moves["slowdown"] > 0].groupby("initialisation"):
        of_start = found[start_name]
        assert of_start["base"]["changed"] == "nothing"
        assert of_start["least"]["slowdown"] == rows["slowdown"].min()
        assert of_start["greatest"]["slowdown"] == rows["slowdown"].max()
    said = perturbation.facts(nudged)
    assert said["numbers"] == 12
    assert said["same"] + len(said["moved"]) == 12
    assert said["cells"] == (nudged["policy"] == "none").sum() > 10
    assert 0 <= said["rises"]["bce"][0] <= said["rises"]["bce"][1] <= 1


def test_a_study_without_such_a_start_has_empty_tables(small) -> None:
    none = {name: frame.iloc[:0] for name, frame in small.frames.items() if name != "headline"}
    none["headline"] = small.frames["headline"]
    no_runs = screen.read_runs(small.path, choices.needed(none))
    assert len(no_runs) == 0
    assert len(choices.sensitivity(small.config, none, no_runs, small.arrays, quiet)) == 0
    assert len(perturbation.perturbation(small.config, none, no_runs, small.arrays, quiet)) == 0
    assert (
        choices.facts(
            conform(pd.DataFrame(columns=list(TABLES["sensitivity"].dtypes)), TABLES["sensitivity"])
        )
        == {}
    )
