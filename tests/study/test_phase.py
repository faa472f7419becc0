"""The phase diagram: its rows agree with the flow, the sweep and the law; the law agrees with measurement."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from study.catalogue import TABLES
from study.config import model as config
from study.data import samples
from study.errors import UserError
from study.report import prose
from study.runs import draw, sweep
from study.statistics.survival import lower_median
from study.tables.table import conform
from study.theory import phase

import kernels
from kernels import laws

SMALL = {
    "seeds": 3,
    "datasets": [
        {"name": "gaussian", "separability": [2, 6], "n": 40},
        {"name": "noisy", "kind": "gaussian", "separability": [2], "n": 30, "label_noise": 0.1},
        {"name": "separable", "separability": [1], "n": 20},
        {"name": "iris_versicolor_virginica"},
    ],
    "initialisations": [{"name": "wrong", "scales": [1, 4]}],
    "learning_rates": [1, 3],
    "max_steps": 400,
    "curves": {"seeds": 0},
    "statistics": {"resamples": 199},
    "phase": {"scales": [1, 4, 16], "large_n": 400, "large_separability": [2], "large_scales": [1, 2]},
}


@pytest.fixture(scope="module")
def small():
    chosen = config.load(SMALL)
    table, drawn = draw.build(chosen)
    flows = phase.flow(chosen, table, drawn, sweep.Progress("flow", 1, lambda line: None))
    return chosen, table, drawn, flows


def cells_of(flows: pd.DataFrame) -> pd.DataFrame:
    """A slowdown table with one known row per wrong start of the sweep."""
    rows = []
    for a, slowdown in ((1.0, 5.5), (4.0, 99.0)):
        for rate, more in ((1.0, 0.0), (3.0, 1000.0)):
            row = dict.fromkeys(TABLES["slowdown"].dtypes, 0)
            row |= {
                "dataset": "gaussian",
                "separability": 2.0,
                "initialisation": "wrong",
                "scale": a,
                "text": "",
            }
            row |= {"policy": "equal", "rate": rate, "target": "brier", "slowdown": slowdown + more}
            rows.append(row | {"slowdown_low": 5.0, "slowdown_high": math.inf, "slowdown_bound": a == 4.0})
    return conform(pd.DataFrame(rows), TABLES["slowdown"])


def test_every_flow_has_its_row_and_its_time(small) -> None:
    chosen, table, drawn, flows = small
    pd.testing.assert_frame_equal(flows, conform(flows, TABLES["flow"]))
    own = flows[~flows["large"]]
    for name in chosen.targets:  # where a target is not defined, there is nothing to solve for
        defined = set(table.loc[table[f"target_{name}"].notna() & table["separability"].notna(), "data"])
        assert set(own.loc[own["target"] == name, "data"]) == defined
    every = phase.number_of_runs(chosen, table) * 3
    asked = table[table["separability"].notna()][[f"target_{name}" for name in chosen.targets]]
    assert len(flows) == every - int(asked.isna().sum(axis=None)) * len(flows[flows["data"] == 0]) // (
        flows.loc[flows["data"] == 0, "target"].nunique()
    )
    assert set(flows["dataset"]) == {"gaussian", "noisy", "separable"}
    rows = flows[(flows["data"] == 0) & (flows["loss"] == "mse") & (flows["target"] == "brier")]
    data = samples.sample(drawn, 0)
    for row in rows.itertuples():
        again = kernels.gradient_flow(
            data.features,
            data.labels,
            [-row.scale * data.direction],
            loss="mse",
            targets={"brier": row.threshold},
        )
        assert row.time == pytest.approx(again.first_passage["brier"][0], rel=1e-6)
        assert row.status == "reached"
    assert rows["initialisation"].tolist() == ["wrong"] * 3 + ["zero"]


def test_the_large_draws_are_numbered_on_and_aim_at_the_population(small) -> None:
    _, table, _, flows = small
    large = flows[flows["large"]]
    assert set(large["n"]) == {400}
    assert set(large["data"]) == {len(table)}
    assert set(large["scale"]) == {1.0, 2.0}
    best = laws.population_scores(2.0, 1.0)
    thresholds = large.set_index("target")["threshold"]
    assert thresholds["brier"].to_numpy() == pytest.approx(best.brier + 0.1 * (0.25 - best.brier), rel=1e-8)
    assert thresholds["accuracy"].to_numpy() == pytest.approx(0.9 * best.accuracy + 0.05, rel=1e-8)


def test_the_points_hold_what_was_stepped_flowed_and_predicted(small) -> None:
    chosen, _, _, flows = small
    points = phase.phase(chosen, flows, cells_of(flows), rate=1.0)
    pd.testing.assert_frame_equal(points, conform(points, TABLES["phase"]))
    assert set(points["dataset"]) == {"gaussian", "noisy"}
    keyed = points.set_index(["dataset", "separability", "n", "scale", "target"])
    point = keyed.loc[("gaussian", 2.0, 40, 4.0, "brier")]
    assert point["stepped"] == 99.0
    assert point["stepped_bound"]
    assert point["mu"] == 1.0
    assert point["regime"] == "ceiling"
    rows = flows[(flows["initialisation"] == "wrong") & (flows["separability"] == 2.0) & (flows["n"] == 40)]
    times = rows[(rows["scale"] == 4.0) & (rows["target"] == "brier")].pivot_table(
        index="data", columns="loss", values="time"
    )
    assert point["flow"] == lower_median([times["mse"] / times["bce"]])[0]
    assert point["starts"] == 3
    threshold = laws.population_scores(2.0, 1.0).brier * 0.9 + 0.025
    law = [
        laws.population_passage(-4.0, 1.0, loss=loss, target="brier", threshold=threshold)
        for loss in ("mse", "bce")
    ]
    assert point["predicted"] == pytest.approx(law[0] / law[1], rel=1e-6)  # a threshold has nine digits
    assert point["spread"] == laws.population_spread(-4.0, 1.0, loss="mse") / math.sqrt(40)
    assert point["path_deviation"] == laws.population_deviation(-4.0, 0.0, 1.0, loss="mse") / math.sqrt(40)
    # What was not stepped is nan, what has no law is nan, what is unknown is not a bound.
    assert math.isnan(keyed.loc[("gaussian", 6.0, 40, 4.0, "brier"), "stepped"])
    assert not keyed.loc[("gaussian", 6.0, 40, 4.0, "brier"), "stepped_bound"]
    assert keyed.loc["noisy", ["predicted", "spread", "path_deviation"]].isna().all(axis=None)
    assert keyed.loc[("gaussian", 2.0, 400, 2.0, "brier"), "predicted"] > 1
    assert keyed.loc[("gaussian", 2.0, 400), "stepped"].isna().all()


def test_data_of_the_study_are_distinguished_from_large_draws_of_their_name_and_size() -> None:
    wrong = {"name": "wrong", "scales": [1, 2]}
    own = [
        {"name": "gaussian", "separability": [2], "n": 60, "imbalance": 0.2},
        {"name": "plain", "kind": "gaussian", "separability": [2], "n": 60},
    ]
    large = {"scales": [1, 2], "large_n": 60, "large_separability": [2], "large_scales": [1, 2]}
    chosen = config.load(SMALL | {"datasets": own, "initialisations": [wrong], "phase": large})
    flows = phase.flow(chosen, *draw.build(chosen), sweep.Progress("flow", 1, lambda line: None))
    points = (
        phase.phase(chosen, flows, cells_of(flows).iloc[:0], rate=1.0)
        .set_index(["dataset", "large"])
        .sort_index()
    )
    assert set(points.loc[("gaussian", False)].query("target == 'brier'")["starts"]) == {3}
    assert points.loc[("gaussian", False), "predicted"].isna().all()
    assert set(points.loc[("gaussian", True), "starts"]) == {1}
    assert points.loc[("gaussian", True), "predicted"].gt(0).any()
    assert points.loc[("plain", False), "predicted"].gt(0).any()


def test_no_gaussian_data_leave_an_empty_diagram(small) -> None:
    _, _, _, flows = small
    chosen = config.load({"datasets": [{"name": "iris_versicolor_virginica"}], "phase": {"large_draws": 0}})
    points = phase.phase(chosen, flows.iloc[:0], cells_of(flows).iloc[:0], rate=1.0)
    assert len(points) == 0


def test_flows_that_are_not_finished_give_a_bound(small) -> None:
    chosen, _, _, flows = small
    late = (flows["loss"] == "mse") & (flows["scale"] == 16.0)
    cut = flows.assign(
        status=flows["status"].where(~late, "censored"),
        time=flows["time"].where(~late, 10 * flows["time"].max()),
    )
    points = phase.phase(chosen, cut, cells_of(flows), rate=1.0)
    bound = points[points["scale"] == 16.0]
    assert bound["flow_bound"].all()
    assert np.isinf(bound["flow_high"]).all()
    assert not points[points["scale"] == 4.0]["flow_bound"].any()


def test_classes_closer_than_the_law_allows_or_without_a_target_have_no_prediction() -> None:
    near = {"name": "gaussian", "separability": [1e-6, 3e-6, 0.1], "n": 20}
    chosen = config.load(
        SMALL | {"datasets": [near], "phase": {"scales": [1], "large_draws": 0}, "targets": ["brier"]}
    )
    flows = phase.flow(chosen, *draw.build(chosen), sweep.Progress("flow", 1, lambda line: None))
    points = phase.phase(chosen, flows, cells_of(flows).iloc[:0], rate=1.0).set_index("separability")
    assert math.isnan(points.loc[1e-6, "predicted"])
    assert math.isnan(points.loc[3e-6, "predicted"])  # nothing is better than the base rate by 1e-6
    assert points.loc[0.1, "predicted"] > 0


def test_large_draws_are_no_closer_than_the_law_allows() -> None:
    config.load({"phase": {"large_separability": [2 * laws.LEAST_MU]}})
    with pytest.raises(UserError, match=r"phase.large_separability\[0\]: 1.9e-06 is not allowed"):
        config.load({"phase": {"large_separability": [1.9e-6]}})


@pytest.mark.slow
def test_the_population_meets_measurement_at_100_000_samples(capsys) -> None:
    """Predicted slowdown within a draw's 95% interval, and within 3% for mu <= 2, if a sample obeys the law.

    Left out are points where the gradient's relative standard error or the bound of the path's deviation is
    above 0.3: there a finite sample departs from the law, as docs/laws.md derives. The numbers are printed.
    """
    n, draws, scales = 100_000, 6, (0.5, 1.0, 2.0, 4.0, 6.0)
    lines, misses = [], []
    for separability in (1.0, 2.0, 4.0, 6.0, 9.0, 12.0):
        mu = separability / 2
        chosen = config.load(
            {
                "datasets": [{"name": "iris_versicolor_virginica"}],
                "targets": ["brier"],
                "phase": {
                    "large_draws": draws,
                    "large_n": n,
                    "large_separability": [separability],
                    "large_scales": [*scales],
                },
            }
        )
        none = conform(pd.DataFrame(columns=list(TABLES["datasets"].dtypes)), TABLES["datasets"])
        flows = phase.flow(chosen, none, {}, sweep.Progress("flow", 1, lambda line: None))
        for a in scales:
            rows = flows[flows["scale"] == a].pivot_table(index="data", columns="loss", values="time")
            ratio = (rows["mse"] / rows["bce"]).to_numpy()
            law, spread, path_deviation = (
                phase._predicted(mu, a, "brier"),
                phase._spread(mu, a, n),
                phase._path_deviation(mu, a, n),
            )
            follows = max(spread, path_deviation) <= prose.NEAR
            reach = 2.571 * ratio.std(ddof=1) * math.sqrt(1 + 1 / draws)  # Student's t, 5 degrees of freedom
            off = float(np.median(ratio)) / law - 1
            inside = abs(ratio.mean() - law) <= reach
            lines.append(
                f"mu {mu:<4g} a {a:<4g} law {law:<10.5g} draws {ratio.min():.5g} to {ratio.max():.5g}  "
                f"median {off:+.2%}  {'inside' if inside else 'outside'}  "
                f"spread {spread:.2g}  path_deviation {path_deviation:.2g}"
                f"{'' if follows else '  (leaves the law)'}"
            )
            if follows and (not inside or (mu <= 2 and abs(off) > 0.03)):
                misses.append(lines[-1])
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert misses == []
    assert sum("leaves" not in line for line in lines) >= 20
