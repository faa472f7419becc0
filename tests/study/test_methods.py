"""Methods and their comparisons: starts and batches that all share, runs as `descend` makes them, ratios."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import synthetic
from study.config.model import load
from study.data import kinds
from study.data.samples import sample
from study.errors import UserError
from study.methods import runs as method_runs
from study.methods.compare import compare
from study.methods.reached import median_interval
from study.methods.tables import METHOD_RUNS
from study.methods.words import label
from study.report import methods as words
from study.runs import draw
from study.runs.sweep import Progress
from study.tables.table import conform, gathered

import kernels

STUDY = {
    "seeds": 4,
    "datasets": [
        {"name": "gaussian", "separability": [1, 4], "n": 40},
        {"name": "iris_versicolor_virginica"},
    ],
    "max_steps": 60,
    "hold": 3,
    "methods": [
        {"name": "mse", "loss": "mse"},
        {"name": "bce", "loss": "bce"},
        {"name": "mse_adam", "loss": "mse", "optimiser": "adam"},
        {"name": "bce_batches", "loss": "bce", "batch_size": 16},
    ],
    "comparisons": [["mse", "bce"], ["bce", "mse"], ["mse_adam", "bce_batches"]],
    "method_runs": {"seeds": 3, "datasets": ["gaussian"], "learning_rates": [0.5, 1.0], "lengths": [0.1]},
}


@pytest.fixture(scope="module")
def config():
    return load(STUDY)


@pytest.fixture(scope="module")
def drawn(config):
    return draw.build(config)


@pytest.fixture(scope="module")
def made(config, drawn):
    table, arrays = drawn
    parts = [
        method_runs.run(
            config,
            method,
            method_runs.plan(config, method, table),
            arrays,
            Progress("test", 1, lambda line: None),
        )
        for method in config.methods
    ]
    return gathered(parts, METHOD_RUNS)


def test_all_methods_start_alike(made: pd.DataFrame) -> None:
    keys = ["dataset", "separability", "seed", "initialisation", "scale"]
    starts = made.groupby(keys)["start"].unique()
    assert (starts.map(len) == 1).all()
    assert starts.map(lambda found: found[0]).is_unique
    by_method = made.groupby("method")["start"].unique().map(sorted)
    assert all(found == by_method.iloc[0] for found in by_method)


def test_only_the_chosen_data_sets_seeds_and_starts_are_run(made: pd.DataFrame) -> None:
    assert set(made["dataset"]) == {"gaussian"}
    assert set(made["seed"]) == {0, 1, 2}
    found = set(zip(made["initialisation"], made["scale"], strict=True))
    assert found == {("zero", 0.0), ("normal", 0.5), ("sure_wrong", 0.99), ("sure_wrong", 0.9999)}


def test_rates_are_multiples_of_1_over_l_or_lengths(config, made: pd.DataFrame, drawn) -> None:
    smoothness = made["data"].map(drawn[0].set_index("data")["smoothness"])
    unit = np.where(made["scale_free"], 1.0, 1.0 / (kernels.LOSSES["bce"].smoothness * smoothness))
    np.testing.assert_allclose(made["learning_rate"], made["rate"] * unit, rtol=1e-15)
    rates = made.groupby("method")["rate"].unique().map(sorted)
    # The common rate without the factor 1/2 comes on top for MSE.
    assert rates.to_dict() == {
        "mse": [0.5, 1.0, 2.0],
        "bce": [0.5, 1.0],
        "mse_adam": [0.1],
        "bce_batches": [0.5, 1.0],
    }


def test_each_run_is_that_of_descend_alone(config, made: pd.DataFrame, drawn) -> None:
    one_a_run = made[made["target"] == "brier"].sample(12, random_state=0)
    for row in one_a_run.to_dict("records"):
        data = sample(drawn[1], row["data"])
        theta = method_runs.first_parameters(pd.DataFrame([row]), data, config.seed)
        in_epoch = 3 if row["batch_size"] else 1
        facts = drawn[0].set_index("data").loc[row["data"]]
        found = kernels.descend(
            data.features,
            data.labels,
            theta,
            loss=row["loss"],
            optimiser=row["optimiser"],
            learning_rate=row["learning_rate"],
            max_steps=60 + 2 * in_epoch,
            targets={
                target: facts[f"target_{target}"]
                for target in ("accuracy", "brier", "logloss")
                if not np.isnan(facts[f"target_{target}"])
            },
            hold=3,
            batch_size=row["batch_size"] or None,
            batch_seed=method_runs._batch_seed(config, pd.Series(row)),
        )
        assert (found.arrival["brier"][0], found.status["brier"][0]) == (row["step"], row["status"])
        assert row["passes"] == found.steps_run[0] / in_epoch


def test_batches_depend_on_the_data_set_and_its_seed_alone(config, made: pd.DataFrame) -> None:
    seeds = {
        (row["separability"], row["seed"], row["dataset"]): method_runs._batch_seed(config, pd.Series(row))
        for row in made.drop_duplicates(["data", "method"]).to_dict("records")
    }
    assert len(set(seeds.values())) == len(seeds) == 6


def test_the_other_way_round_the_ratio_is_the_inverse(config, made: pd.DataFrame) -> None:
    tables = compare(config, made)
    cells = tables["compared"][tables["compared"]["policy"] == "equal"].set_index(
        ["contender", "dataset", "separability", "initialisation", "scale", "rate", "target"]
    )
    there, back = cells.loc["mse"], cells.loc["bce"]
    back = back.loc[there.index]
    np.testing.assert_array_equal(there["contender_median"], back["baseline_median"])
    np.testing.assert_array_equal(there["slower"], back["faster"])
    whole = (there["contender_reached"] == there["starts"]) & (there["baseline_reached"] == there["starts"])
    odd = whole & (there["starts"] - there["at_start"] == 3)
    assert odd.any()
    np.testing.assert_allclose(there.loc[odd, "slowdown"], 1.0 / back.loc[odd, "slowdown"], rtol=1e-12)


def test_methods_with_rates_of_different_kinds_are_compared_at_best_rates_alone(
    config, made: pd.DataFrame
) -> None:
    found = compare(config, made)["comparisons"].groupby("contender")["policy"].unique().map(set)
    assert found["mse"] == {"equal", "equal_no_half"}  # 3 seeds are too few to choose a rate from
    assert found["bce"] == {"equal"}
    assert "mse_adam" not in found


def test_a_known_ratio_is_found_and_its_cells_are_counted() -> None:
    table = synthetic.comparisons()
    adam = table[table["contender"] == "mse_adam"]
    np.testing.assert_allclose(adam["slowdown"], 0.75, rtol=1e-12)
    assert (adam["cells"] == len(synthetic.SETTINGS)).all()
    assert (adam["lowest"] == adam["highest"]).all()
    equal = table[table["policy"] == "equal"]
    assert equal.loc[equal["common"], "rate"].groupby(equal["scale_free"]).unique().map(list).to_dict() == {
        False: [1.0],
        True: [0.01],
    }


def test_no_comparison_gives_empty_tables(config) -> None:
    none = conform(pd.DataFrame(columns=list(METHOD_RUNS.dtypes)), METHOD_RUNS)
    for frame in compare(load(STUDY | {"comparisons": []}), none).values():
        assert frame.empty
    for frame in compare(config, none).values():
        assert frame.empty


def test_labels_say_what_differs() -> None:
    found = load(
        {
            "methods": [
                {"name": "a", "loss": "mse", "optimiser": "momentum"},
                {"name": "b", "loss": "bce", "optimiser": "momentum(0.9)"},
                {"name": "c", "loss": "bce", "optimiser": "adam", "batch_size": 8},
            ],
            "comparisons": [["a", "b"]],
        }
    ).methods
    assert label(found[0], found[1]) == "momentum(0.9)"
    assert label(found[0], found[2]) == "momentum(0.9) against Adam, batches of 8"
    assert label(found[1], found[2]) == "BCE, momentum(0.9) against BCE, Adam, batches of 8"


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (
            {"methods": [{"name": "a", "loss": "mse", "optimiser": "adm"}]},
            r"methods\[0\].optimiser: optimiser: got 'adm'; allowed is one of .*; the nearest is adam",
        ),
        ({"methods": [{"name": "a", "loss": "hinge"}]}, r"methods\[0\].loss: 'hinge' is unknown"),
        (
            {"methods": [{"name": "a", "loss": "mse", "batch_size": -1}]},
            r"methods\[0\].batch_size: -1 is not allowed",
        ),
        (
            {"comparisons": [["mse", "bce_adm"]]},
            r"comparisons: 'bce_adm' is no method of this study \(did you",
        ),
        ({"comparisons": [["mse", "mse"]]}, r"comparisons: \['mse', 'mse'\] compares a method with itself"),
        ({"comparisons": [["mse"]]}, "comparisons"),
        ({"method_runs": {"lengths": [0]}}, r"method_runs.lengths\[0\]: 0 is not allowed"),
    ],
)
def test_bad_input_is_named(mapping: dict, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        load(mapping)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("ratio", "low", "high", "said"),
    [
        (6.5, 6.0, 7.5, ""),
        (73.2, 21.0, 705.0, " (95% interval 21 to 705)"),
        (9.0, 4.0, 10.0, " (95% interval 4 to 10)"),
        (1.03, 0.98, 1.13, " (no clear difference)"),
        (0.73, 0.61, 0.86, " (fewer)"),
        (0.5, 0.1, 0.6, " (fewer; 95% interval 0.1 to 0.6)"),
        (3.0, 0.0, 6.2, " (no clear difference; 95% interval up to 6.2)"),
        (1.0, 0.8, 1.5, ""),
        (3.0, 0.0, np.inf, ""),
    ],
)
def test_the_first_sentences_add_what_a_ratio_alone_would_hide(ratio, low, high, said):
    row = {"slowdown": ratio, "slowdown_low": low, "slowdown_high": high, "slowdown_bound": False}
    assert words.remark(row, 0.95) == said
    assert words.remark(row | {"slowdown_bound": True}, 0.95) == ""


def test_the_page_says_what_the_table_says(frames) -> None:
    table = frames["comparisons"]
    grid = words.grid(table, "brier")
    assert grid.head[2:] == ["undecided start", "90% sure and wrong", "99.9% sure and wrong"]
    found = {(row[0], row[1]): row[2:] for row in grid.rows}
    adam = found["Adam", "equal rates, 0.01"]
    assert all(cell.startswith("0.75\N{MULTIPLICATION SIGN}") for cell in adam)
    plain = table[(table["contender"] == "mse") & (table["target"] == "brier") & table["common"]]
    for (_, rates), cells in ((key, cells) for key, cells in found.items() if key[0] == "gradient descent"):
        policy = {"equal rates, 1/L": "equal"}.get(rates)
        if policy:
            rows = plain[plain["policy"] == policy].sort_values("scale")
            texts = [text.replace("x", "\N{MULTIPLICATION SIGN}") for text in rows["text"]]
            assert [cell.rsplit(", ", 1)[0] for cell in cells] == texts
    (sentence,) = words.lead(table, "brier")
    assert sentence.count("0.75\N{MULTIPLICATION SIGN}") == 4
    assert words.lead(table[table["contender"] == "mse"], "brier") == []


@pytest.mark.parametrize(("n", "rank"), [(5, 0), (6, 1), (9, 2), (10, 2), (30, 10)])
def test_the_interval_of_a_median_has_the_ranks_of_the_binomial(n: int, rank: int) -> None:
    """Ranks as in the table of Conover (1999) for 95%: between the k-th smallest and the k-th largest."""
    values = np.random.default_rng(n).permutation(n).astype(float)
    low, high = median_interval(values, 0.95)
    if rank == 0:
        assert np.isnan([low, high]).all()
    else:
        assert (low, high) == (rank - 1, n - rank)


def test_the_interval_of_a_median_covers_it() -> None:
    rng = np.random.default_rng(3)
    inside = [
        low <= 0.0 <= high for low, high in (median_interval(rng.normal(size=9), 0.95) for _ in range(4000))
    ]
    assert 0.95 < np.mean(inside) < 0.97  # 0.9609 of nine


def test_what_is_reached_is_scored_on_samples_that_were_not_drawn(config, made: pd.DataFrame, drawn) -> None:
    row = made[(made["status"] == "reached")].iloc[0]
    options = config.datasets[0]
    features, labels = kinds.held_out(options, float(row["separability"]), int(row["seed"]), config.seed)
    mine = sample(drawn[1], int(row["data"]))
    assert features.shape == mine.features.shape
    assert not (features[:, None, :-1] == mine.features[None, :, :-1]).all(axis=2).any()
    assert ((made["test_accuracy"] >= 0) & (made["test_accuracy"] <= 1)).all()
    iris = config.datasets[1]
    rest, _ = kinds.held_out(iris, None, 1, config.seed)
    taken, _ = kinds.realise(iris, None, 1, config.seed)
    everything = np.concatenate([rest, taken])[:, :-1]
    np.testing.assert_array_equal(
        everything[np.lexsort(everything.T)], (whole := iris.everything()[0])[np.lexsort(whole.T)]
    )
    zero = kernels.descend(features, labels, np.zeros((1, 3)), loss="bce", learning_rate=1.0, max_steps=0,
                           trace_steps=[0])  # fmt: skip
    assert zero.trace["brier"][0, 0] == 0.25


def test_differences_are_the_contenders_less_the_baselines(frames) -> None:
    table = frames["reached"].set_index(["contender", "score"])
    np.testing.assert_allclose(table.loc[("mse", "accuracy"), "difference"], -0.01, rtol=1e-9)
    np.testing.assert_allclose(table.loc[("mse", "logloss"), "difference"], 0.02, rtol=1e-9)
    assert (table.loc[("mse", "brier"), "difference"] == 0).all()
    assert (table["sets"] == len(synthetic.SETTINGS)).all()
    (sentence,) = words.reached_sentences(frames["reached"])
    assert "clearly lower in 0 of 6 combinations" in sentence
    assert "clearly higher in 0" in sentence
