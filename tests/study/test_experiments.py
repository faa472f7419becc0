"""Experiments: data that no line separates, starts of networks, losses one after another, demonstrations."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import synthetic
import yaml
from hypothesis import given
from hypothesis import strategies as st
from study.config.methods import Leg, MethodOptions
from study.config.model import load
from study.data.kinds import KINDS, held_out, realise
from study.data.network_starts import CONFIDENCE, NETWORK_STARTS, logits, network_start
from study.data.samples import Sample
from study.data.streams import Stream
from study.errors import UserError
from study.experiments import demonstrations, networks, runs
from study.experiments.tables import EXPERIMENT_DATA, EXPERIMENT_RUNS
from study.experiments.views import views
from study.methods.legs import descend_legs
from study.methods.words import contenders, label
from study.report import experiments as words
from study.tables.table import gathered

import kernels

PAGE = Path(__file__).parents[2] / "docs" / "add-a-demonstration.md"
BENT = ("xor", "moons", "circles")
STUDY = {
    "seeds": 4,
    "max_steps": 60,
    "hold": 2,
    "remedies": {
        "methods": [{"name": "mse", "loss": "mse"}, {"name": "bce", "loss": "bce"},
                    {"name": "first", "loss": "bce for 5, mse"}],
        "comparisons": [["mse", "bce"], ["first", "bce"]],
        "datasets": [{"name": "gaussian", "separability": [2], "n": 40}],
        "seeds": 4, "learning_rates": [0.5, 1], "max_steps": 40, "flipped": [0, 0.25],
    },
    "networks": {
        "methods": [{"name": f"{loss}_{model[:4]}", "loss": loss, "model": model}
                    for loss in ("mse", "bce") for model in ("tanh(3)", "relu(5)")],
        "comparisons": [["mse_tanh", "bce_tanh"]],
        "datasets": [{"name": "xor", "n": 24}],
        "seeds": 4, "learning_rates": [1], "max_steps": 40, "reference_steps": 60, "reference_starts": 2,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def config():
    return load(STUDY)


@pytest.fixture(scope="module")
def made(config):
    return {name: runs.run(config, name, lambda line: None) for name in views(config)}


@pytest.mark.parametrize("kind", BENT)
@pytest.mark.parametrize("n", [4, 7, 60])
def test_data_that_no_line_separates_lie_where_they_should(kind: str, n: int) -> None:
    """Without noise: on the corners, half circles and circles of their definition."""
    features, labels = realise(KINDS[kind](name=kind, n=n, noise=0.0), None, 3, 0)
    x, y = features[:, 0], features[:, 1]
    assert features.shape == (n, 3)
    assert abs(2 * labels.sum() - n) <= 1 + (n == 7)
    if kind == "xor":
        np.testing.assert_array_equal((x * y < 0).astype(int), labels)
        assert set(np.abs(features[:, :2]).ravel()) == {1.0}
    elif kind == "circles":
        np.testing.assert_allclose(np.hypot(x, y), np.where(labels == 1, 1.0, 2.0), rtol=1e-14)
    else:
        center = np.where(labels[:, None] == 1, [1.0, 0.5], [0.0, 0.0])
        np.testing.assert_allclose(np.hypot(*(features[:, :2] - center).T), 1.0, rtol=1e-14)
        assert ((y - center[:, 1]) * np.where(labels == 1, -1.0, 1.0) >= 0).all()


@pytest.mark.parametrize("kind", BENT)
def test_a_linear_model_does_little_and_a_hidden_layer_much(kind: str) -> None:
    features, labels = realise(KINDS[kind](name=kind, noise=0.1), None, 0, 0)
    common = {
        "loss": "bce",
        "optimiser": "adam",
        "learning_rate": 0.05,
        "trace_steps": [1500],
        "max_steps": 1500,
    }
    linear = kernels.descend(features, labels, np.zeros((1, 3)), **common)
    starts = np.stack(
        [network_start("glorot", 0, "tanh(8)", features, labels, Stream(0, "s", i)) for i in range(5)]
    )
    hidden = kernels.descend(features, labels, starts, model="tanh(8)", **common)
    assert linear.trace["accuracy"][0, 0] < 0.95
    assert hidden.trace["accuracy"].max() > 0.98


@pytest.mark.parametrize(("bits", "two", "three"), [(10, 330, 462), (7, math.comb(8, 4), math.comb(8, 6))])
def test_contiguity_has_the_published_number_of_strings(bits: int, two: int, three: int) -> None:
    """Of n bits, C(n + 1, 2 k) have k blocks: Solla, Levin and Fleisher (1988) have 330 and 462 of 10."""
    features, labels = KINDS["contiguity"](name="contiguity", bits=bits).everything()
    assert [int((labels == kind).sum()) for kind in (0, 1)] == [two, three]
    for string, kind in zip(features[::17], labels[::17], strict=True):
        text = "".join("1" if bit > 0 else "0" for bit in string)
        assert len([block for block in text.split("0") if block]) == 2 + kind


def test_what_is_held_out_of_contiguity_was_not_drawn() -> None:
    options = KINDS["contiguity"](name="contiguity")
    parts = [{tuple(row) for row in part(options, None, 2, 0)[0]} for part in (realise, held_out)]
    assert not parts[0] & parts[1]
    assert len(parts[0] | parts[1]) == 792


@given(st.sampled_from([0.1, 0.25, 0.4]), st.integers(0, 50))
def test_flips_are_a_share_of_each_class_and_grow_with_it(share: float, seed: int) -> None:
    options = KINDS["gaussian"](name="gaussian", n=60, imbalance=0.3)
    plain, few, many = (realise(options, 2.0, seed, 0, flipped) for flipped in (0.0, share / 2, share))
    np.testing.assert_array_equal(plain[0], many[0])
    for kind in (0, 1):
        members = plain[1] == kind
        assert (many[1] != plain[1])[members].sum() == round(share * members.sum())
    assert ((few[1] != plain[1]) <= (many[1] != plain[1])).all()


@pytest.mark.parametrize("model", ["tanh(4)", "relu(6)", "sigmoid(3)"])
def test_logits_of_a_start_are_those_of_the_kernels(model: str) -> None:
    """The risk under BCE of a positive sample is log(1 + exp(-z))."""
    features, labels = realise(KINDS["circles"](name="circles", n=8), None, 0, 0)
    theta = network_start("he", 0.0, model, features, labels, Stream(0, "x"))
    found = logits(model, theta, features)
    for row, z in zip(features, found, strict=True):
        risk = kernels.risk(row[None], [1], theta[None], loss="bce", model=model)[0]
        assert risk == pytest.approx(math.log1p(math.exp(-z)), rel=1e-12)


def test_weights_of_a_network_have_their_spread_and_biases_are_zero() -> None:
    """Variance 2 / (inputs + outputs) after Glorot, 2 / inputs after He; over many units."""
    features, labels = realise(KINDS["contiguity"](name="contiguity"), None, 0, 0)
    units, inputs = 2000, 10
    for name, inner, outer in (
        ("glorot", 2 / (inputs + units), 2 / (units + 1)),
        ("he", 2 / inputs, 2 / units),
    ):
        theta = network_start(name, 0.0, f"tanh({units})", features, labels, Stream(0, name))
        weights = theta[: units * 11].reshape(units, 11)
        assert not weights[:, -1].any()
        assert theta[-1] == 0.0
        assert weights[:, :-1].var() == pytest.approx(inner, rel=0.05)
        assert theta[units * 11 : -1].var() == pytest.approx(outer, rel=0.15)
    bound = math.sqrt(6 / (inputs + units))
    glorot = network_start("glorot", 0.0, f"tanh({units})", features, labels, Stream(0, "glorot"))
    assert np.abs(glorot[: units * 11]).max() <= bound


@pytest.mark.parametrize("model", ["tanh(4)", "relu(16)"])
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_saturated_start_is_confidently_wrong_on_its_share(model: str, share: float) -> None:
    for seed in range(8):
        features, labels = realise(KINDS["xor"](name="xor", n=40), None, seed, 0)
        theta = network_start("saturated", share, model, features, labels, Stream(0, "start", seed))
        wrong = kernels.expit((1 - 2 * labels) * logits(model, theta, features))
        assert (wrong >= CONFIDENCE - 1e-9).sum() == math.ceil(share * 40)


@pytest.mark.parametrize("name", NETWORK_STARTS)
def test_a_network_start_depends_on_its_stream_alone(name: str) -> None:
    features, labels = realise(KINDS["xor"](name="xor", n=20), None, 0, 0)
    one, same, other = (
        network_start(name, 0.5, "tanh(4)", features, labels, Stream(0, part)) for part in ("a", "a", "b")
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def plan_rows(count: int, budget: int) -> pd.DataFrame:
    return pd.DataFrame({"learning_rate": np.linspace(0.5, 2.0, count), "max_steps": budget})


def test_losses_one_after_another_are_descents_one_after_another() -> None:
    """With targets that nothing meets: parameters after 7 steps of one loss and 13 of the other."""
    features, labels = realise(KINDS["gaussian"](name="gaussian", n=30), 2.0, 0, 0)
    drawn = Sample(features, labels, np.zeros(3), np.array(0.0))
    thetas, rows = np.random.default_rng(0).normal(size=(5, 3)), plan_rows(5, 20)
    found = descend_legs(
        drawn, rows, thetas, [Leg("bce", 7), Leg("mse", None)], 1, 1, targets={"brier": -1.0}
    )
    middle, rates = thetas, rows["learning_rate"].to_numpy()
    for loss, steps in (("bce", 7), ("mse", 13)):
        middle = kernels.descend(
            features, labels, middle, loss=loss, learning_rate=rates, max_steps=steps
        ).theta
    np.testing.assert_array_equal(found.theta, middle)
    assert (found.steps_run == 20).all()
    assert (found.status["brier"] == "censored").all()


@pytest.mark.parametrize("hold", [1, 4])
def test_arrivals_are_counted_from_the_first_loss_on(hold: int) -> None:
    """Against a loop that takes single steps; held checks are counted anew from the switch."""
    features, labels = realise(KINDS["gaussian"](name="gaussian", n=30), 2.0, 1, 0)
    drawn = Sample(features, labels, np.zeros(3), np.array(0.0))
    thetas, rows = 2.0 * np.random.default_rng(1).normal(size=(12, 3)), plan_rows(12, 40)
    targets, legs = {"brier": 0.16, "accuracy": 0.8}, [Leg("bce", 6), Leg("mse", None)]
    found = descend_legs(drawn, rows, thetas, legs, hold, 1, targets=targets)
    for run, theta in enumerate(thetas):
        expected = by_steps(features, labels, theta, float(rows["learning_rate"][run]), targets, hold)
        for name, step in expected.items():
            assert found.arrival[name][run] == step, (run, name)
            assert found.status[name][run] == ("reached" if step >= 0 else "censored")
    assert len({*found.arrival["brier"]}) > 3


def by_steps(features, labels, theta, rate, targets, hold) -> dict[str, int]:
    """Arrivals of one run under BCE for 6 steps and then MSE, up to step 40, a step at a time."""
    holds = {name: [] for name in targets}
    for step in range(40 + hold):
        p = 1 / (1 + np.exp(-(features @ theta)))
        holds["brier"].append(np.mean((p - labels) ** 2) <= targets["brier"])
        holds["accuracy"].append(np.mean((p > 0.5) == labels) >= targets["accuracy"])
        slope = (p - labels) * (1.0 if step < 6 else p * (1 - p))
        theta = theta - rate * slope @ features / len(labels)
    # At step 6 both are asked: the first loss for the last time, the second for the first.
    return {
        name: next(
            (
                begin + k
                for begin, end in ((0, 7), (6, 40 + hold))
                for k in range(end - begin - hold + 1)
                if all(found[begin + k : begin + k + hold])
            ),
            -1,
        )
        for name, found in holds.items()
    }


def test_a_switch_is_written_in_one_way() -> None:
    assert MethodOptions(name="a", loss=" bce  for 50 ,  gce( .70 )").loss == "bce for 50, gce(0.7)"
    assert MethodOptions(name="a", loss="mse").legs == [Leg("mse", None)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"methods": [{"name": "a", "loss": "bce for 5"}]}, ["every loss but the last needs a number"]),
        ({"methods": [{"name": "a", "loss": "bce, mse"}]}, ["every loss but the last needs a number"]),
        ({"methods": [{"name": "a", "loss": "bce for 0, mse"}]}, ["unknown", "bce for 50, mse"]),
        ({"methods": [{"name": "a", "loss": "mse", "model": "tan(4)"}]}, ["model", "tan(4)", "is tanh"]),
        ({"datasets": [{"name": "xo"}]}, ["networks.datasets[0].name", "did you mean 'xor'"]),
        ({"comparisons": [["mse_tanh4", "nothing"]]}, ["networks.comparisons", "'nothing' is no method"]),
        ({"initialisations": [{"name": "zero"}]}, ["networks.initialisations[0].name", "'zero' is unknown"]),
        ({"initialisations": [{"name": "saturated", "scales": [0.7]}]}, ["0.7", "> 0 and <= 0.5"]),
    ],
)  # fmt: skip
def test_a_bad_experiment_is_said_in_a_line(changes: dict, words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        load({"networks": changes})
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_each_part_has_its_runs_and_data_in_their_schemas(config, made) -> None:
    assert list(made) == ["remedies_0", "remedies_0.25", "networks"]
    for part in made.values():
        assert list(part.runs.columns) == list(EXPERIMENT_RUNS.dtypes)
        assert list(part.data.columns) == list(EXPERIMENT_DATA.dtypes)
    whole = made["remedies_0"].runs.merge(
        made["remedies_0.25"].runs, on=["method", "start", "rate", "target"]
    )
    assert len(whole) == len(made["remedies_0"].runs)  # the same starts, whatever is flipped
    assert set(made["networks"].data["model"]) == {"tanh(3)", "relu(5)"}


def test_an_experiment_without_methods_is_left_out() -> None:
    assert views(load({"remedies": {"methods": [], "comparisons": []},
                       "networks": {"methods": [], "comparisons": []}})) == {}  # fmt: skip


def test_targets_of_a_network_lie_a_tenth_of_the_way_to_the_base_rate(made) -> None:
    for row in made["networks"].data.to_dict("records"):
        attained = max(row["bce_brier"], row["mse_brier"])
        if attained < row["base_brier"] - 1e-6:
            expected = attained + 0.1 * (row["base_brier"] - attained)
            assert row["target_brier"] == pytest.approx(expected, rel=1e-8)
        assert row["base_brier"] == pytest.approx(0.25)


def test_what_long_descents_find_is_met_by_one_of_them(config) -> None:
    table, arrays = networks.build(views(config)["networks"].config, 60, 2)
    row = table[(table["model"] == "tanh(3)") & (table["data"] == 1)].iloc[0]
    drawn = Sample(*(arrays[f"1/{part}"] for part in Sample._fields))
    starts = np.stack(
        [
            network_start(
                "glorot", 0.0, "tanh(3)", drawn.features, drawn.labels, Stream(0, "reference", "xor", 1, i)
            )
            for i in range(2)
        ]
    )
    ends = kernels.descend(
        drawn.features, drawn.labels, starts, loss="bce", model="tanh(3)", optimiser="adam",
        learning_rate=0.02, max_steps=60,
    ).theta  # fmt: skip
    brier = [
        np.mean((1 / (1 + np.exp(-logits("tanh(3)", theta, drawn.features))) - drawn.labels) ** 2)
        for theta in ends
    ]
    assert row["bce_brier"] == pytest.approx(min(brier), rel=1e-8)


def test_comparisons_are_of_the_runs(config, made) -> None:
    tables = runs.compare(config, gathered((part.runs for part in made.values()), EXPERIMENT_RUNS))
    rows = tables["experiments"]
    assert set(rows["experiment"]) == {"remedies", "networks"}
    plain = rows[(rows["contender"] == "first") & (rows["policy"] == "equal") & (rows["target"] == "brier")]
    for row in plain.to_dict("records"):
        sides = {}
        for name in ("first", "bce"):
            here = made[f"remedies_{row['flipped']:g}"].runs
            here = here[
                (here["method"] == name) & (here["rate"] == row["rate"]) & (here["target"] == "brier")
            ]
            here = here[(here["initialisation"] == row["initialisation"]) & (here["scale"] == row["scale"])]
            sides[name] = here.set_index("start")
        both = sides["first"].merge(sides["bce"], left_index=True, right_index=True, suffixes=("_a", "_b"))
        reached = both[
            (both["status_a"] == "reached") & (both["status_b"] == "reached") & (both["step_b"] > 0)
        ]
        if len(reached) == len(both) == row["starts"]:
            assert row["slowdown"] == pytest.approx(np.median(reached["step_a"] / reached["step_b"]))


def neuron(w: float, b: float, slope, rate: float, updates: int) -> float:
    for _ in range(updates):
        a = 1 / (1 + math.exp(-(w + b)))
        w, b = w - rate * slope(a), b - rate * slope(a)
    return 1 / (1 + math.exp(-(w + b)))


def test_nielsens_neuron_gives_the_published_digits() -> None:
    found = {one.quantity: one for one in demonstrations.DEMONSTRATIONS["nielsen"].run(0)}
    published = [one for one in found.values() if not math.isnan(one.published)]
    assert [one.published for one in published] == [0.82, 0.09, 0.98, 0.20]
    assert all(one.agrees for one in published)
    for start in ((0.6, 0.9), (2.0, 2.0)):
        place = f"from weight {start[0]:g}, bias {start[1]:g}"
        mse = found[f"output after 300 updates with MSE, {place}"].ours
        bce = found[f"the same with BCE at the same rate, {place}"].ours
        assert mse == pytest.approx(neuron(*start, lambda a: a * a * (1 - a), 0.15, 300), rel=1e-11)
        assert bce == pytest.approx(neuron(*start, lambda a: a, 0.15, 300), rel=1e-11)


def test_the_demonstrations_have_a_verdict_each() -> None:
    table = demonstrations.table(0)
    verdicts = table.groupby("demonstration")["verdict"].first().to_dict()
    assert set(verdicts) == set(demonstrations.DEMONSTRATIONS)
    assert verdicts["nielsen"] == "reproduced"
    lab = table[table["demonstration"] == "lab"]["ours"].tolist()
    assert lab == [441.0, 441.0, 441.0]


def test_a_demonstration_with_another_number_is_not_reproduced() -> None:
    found = [demonstrations.Finding("a", 0.094, 0.09), demonstrations.Finding("b", 0.3, 0.2)]
    assert demonstrations.DEMONSTRATIONS["nielsen"].judge(found) == "1 of 2 digits reproduced"


def test_the_worked_example_adds_a_demonstration(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the table with the numbers of the formulas: sigmoid(4), and that times its slope there."""
    monkeypatch.setattr(demonstrations, "DEMONSTRATIONS", dict(demonstrations.DEMONSTRATIONS))
    (code,) = re.findall(
        r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    exec(compile(code, str(PAGE), "exec"), {"__name__": "page"})
    rows = demonstrations.table(0).query("demonstration == 'first_step'")
    wrong = 1 / (1 + math.exp(-4))
    np.testing.assert_allclose(rows["ours"], [wrong, wrong * wrong * (1 - wrong)], rtol=1e-12)
    assert (rows["verdict"] == "reproduced").all()


def test_the_worked_example_adds_a_remedy() -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    config = load(yaml.safe_load(text))
    assert [method.loss for method in config.remedies.methods][2:] == ["mse_offset(0.5)", "bce for 10, mse"]


def test_labels_name_losses_models_and_what_differs() -> None:
    named = {
        "a": MethodOptions(name="a", loss="mse", model="tanh(4)"),
        "b": MethodOptions(name="b", loss="bce", model="tanh(4)"),
        "c": MethodOptions(name="c", loss="bce for 50, mse"),
        "d": MethodOptions(name="d", loss="mse"),
        "e": MethodOptions(name="e", loss="gce(0.7)", optimiser="adam"),
    }
    assert label(named["a"], named["b"]) == "gradient descent, tanh(4)"
    assert label(named["c"], named["d"]) == "BCE for 50 steps, then MSE against MSE"
    assert label(named["e"], named["d"]) == "generalised cross-entropy, q = 0.7, Adam against MSE"


def test_the_advice_orders_remedies_by_their_numbers() -> None:
    table, ends = synthetic.experiments(), synthetic.experiment_ends()
    sentences = words.advice(table, ends, "brier")
    assert "plain MSE takes" in sentences[0]
    assert "MSE + 0.1 BCE" in sentences[1]
    assert sentences[2].startswith("No nearer than plain MSE: MSE, Adam")
    assert "flipped" in sentences[3]
    assert contenders(table[table["experiment"] == "remedies"])["offset"] == "MSE + 0.1 BCE"
    assert words.advice(table.iloc[:0], ends.iloc[:0], "brier") == []


def test_what_is_not_known_of_a_network_is_said_so() -> None:
    table = synthetic.experiments()
    known = words.network_sentences(table, "brier")
    unknown = words.network_sentences(table.assign(slowdown=0.0), "brier")
    assert any("as many steps as BCE" in sentence for sentence in known)
    assert all("not known" in sentence for sentence in unknown)
    assert words.network_sentences(table.iloc[:0], "brier") == []
