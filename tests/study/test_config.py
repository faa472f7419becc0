"""The config: defaults, messages for every kind of bad input, pages and files that must be up to date."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from study.config.methods import MethodOptions, MethodRuns
from study.config.model import Config, load
from study.config.page import reference
from study.config.sections import Benchmarks, Curves, Phase, Statistics
from study.data.kinds import KINDS, REAL, File
from study.data.starts import INITIALISATIONS, InitialisationOptions
from study.errors import UserError
from study.schema import Section, allowed, kind

from kernels import LOSSES as LOSSES_BY_NAME

ROOT = Path(__file__).parents[2]
SECTIONS: list[type[Section]] = [
    Benchmarks,
    Config,
    Curves,
    MethodOptions,
    MethodRuns,
    Phase,
    Statistics,
    InitialisationOptions,
    *dict.fromkeys(KINDS.values()),
]


def _problems(mapping: dict[str, Any]) -> list[str]:
    with pytest.raises(UserError) as error:
        load(mapping)
    return str(error.value).splitlines()


# --- what is accepted


def test_an_empty_mapping_is_the_default_study() -> None:
    config = load({})
    assert config == Config()
    assert config.seeds == tuple(range(20))
    assert config.hold == 10
    assert config.statistics.folds == 5
    names = ["zero", "normal", "sure_wrong", "sure_right", "wrong"]
    assert [entry.name for entry in config.initialisations] == names
    assert [entry.datasets for entry in config.initialisations] == [()] * 4 + [("gaussian",)]


def _yaml(name: str) -> dict[str, Any]:
    mapping = yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text())
    assert isinstance(mapping, dict)
    return mapping


def test_the_default_file_lists_the_defaults() -> None:
    mapping = _yaml("default")
    assert load(mapping) == load({})
    assert set(mapping) == set(Config.model_fields)


def _runs(config: Config) -> int:
    """Number of runs, counted by hand."""
    own = {"bce": 1.0, "mse": 0.25 / LOSSES_BY_NAME["mse"].smoothness}
    whole = {"bce": config.learning_rates, "mse": [2.0 * rate for rate in config.learning_rates]}
    rates = sum(len({*config.learning_rates, *whole[loss], own[loss]}) for loss in config.losses)
    starts = sum(
        len(entry.separabilities) * max(1, len(initialisation.scales))
        for entry in config.datasets
        for initialisation in config.initialisations
        if not initialisation.datasets or entry.name in initialisation.datasets
    )
    return len(config.seeds) * starts * rates


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("default", 50_000, 100_000), ("smoke", 1_000, 3_000), ("full", 1_000_000, 5_000_000)],
)
def test_each_file_is_a_study_of_its_size(name: str, least: int, most: int) -> None:
    assert least <= _runs(load(_yaml(name))) <= most


def test_a_file_merged_into_the_default_file_by_snakemake_means_the_same() -> None:
    """Snakemake merges mappings key by key and replaces lists, so a file must state all keys of a mapping."""

    def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
        return base | {
            k: merge(base[k], v) if isinstance(v, dict) and isinstance(base.get(k), dict) else v
            for k, v in over.items()
        }

    for name in ("smoke", "full"):
        assert load(merge(_yaml("default"), _yaml(name))) == load(_yaml(name))


def test_one_key_can_be_changed() -> None:
    config = load({"max_steps": 1000})
    assert config.max_steps == 1000
    assert config.model_copy(update={"max_steps": Config().max_steps}) == Config()


@given(st.integers(1, 50))
def test_a_number_of_seeds_means_the_first_ones(count: int) -> None:
    assert load({"seeds": count}).seeds == tuple(range(count))


def test_seeds_can_be_listed() -> None:
    assert load({"seeds": [5, 3]}).seeds == (5, 3)


@pytest.mark.parametrize(("name", "scale"), [("sure_wrong", 0.5001), ("sure_right", 1 - 1e-15)])
def test_a_sure_start_takes_a_probability(name: str, scale: float) -> None:
    assert load({"initialisations": [{"name": name, "scales": [scale]}]}).initialisations[0].scales == (
        scale,
    )


def test_the_default_starts_serve_other_data_sets_than_the_default_ones() -> None:
    """Snakemake gives them with the user's data sets, though one of them is limited to `gaussian`."""
    mapping = _yaml("default") | {"datasets": [{"name": "mine", "file": "mine.csv"}]}
    config = load(mapping)
    assert config.initialisations == load({}).initialisations
    assert load(config.identity()).identity() == config.identity()


def test_a_job_can_read_starts_without_the_data_sets_they_are_limited_to() -> None:
    start = {"name": "wrong", "scales": [1], "datasets": ["mine"]}
    assert load({"initialisations": [start]}).initialisations[0].datasets == ("mine",)


def test_a_kind_can_be_there_twice_under_two_names() -> None:
    entries = [{"name": "gaussian"}, {"name": "noisy", "kind": "gaussian", "label_noise": 0.1}]
    first, second = load({"datasets": entries}).datasets
    assert (first.kind, second.kind, second.name) == ("gaussian", "gaussian", "noisy")


def test_an_entry_with_a_file_is_the_users_data() -> None:
    config = load(
        {"datasets": [{"name": "mine", "file": "some/where.csv", "label": "y"}, {"name": "gaussian"}]}
    )
    assert isinstance(config.datasets[0], File)
    assert config.files == ["some/where.csv"]


def test_a_whole_number_serves_as_a_number() -> None:
    rates = load({"learning_rates": [1, 3]}).learning_rates
    assert rates == (1.0, 3.0)
    assert all(isinstance(rate, float) for rate in rates)


@pytest.mark.parametrize("name", [*KINDS])
def test_every_kind_is_found_by_its_name(name: str) -> None:
    entry = {"name": name} | ({"file": "x.csv"} if name == "file" else {})
    assert type(load({"datasets": [entry]}).datasets[0]) is KINDS[name]


def test_the_mapping_is_left_as_it_is() -> None:
    mapping = _yaml("default")
    before = copy.deepcopy(mapping)
    load(mapping)
    assert mapping == before


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Config().seeds = (1,)  # type: ignore[misc]


# --- what is refused

WHOLE = "a whole number from 1 to 1000000000"
RATES = "a list of one or more different numbers, each > 0 and <= 1000000"
SCALES = (
    "a list of one or more different numbers, each > 0 and <= 10000, of the sure ones between 0.5 and 1; "
    "none for zero"
)
SEEDS = "a whole number k from 1 to 100000, which means 0 to k - 1, or a list of different whole numbers >= 0"
LOSSES = "a list of different names, mse and bce among them, out of"

BAD: list[tuple[str, dict[str, Any], str]] = [
    (
        "unknown key",
        {"learnig_rates": [1]},
        "learnig_rates: unknown key (did you mean 'learning_rates'?); allowed: seed, seeds, ",
    ),
    (
        "unknown inner key",
        {"curves": {"seed": 3}},
        "curves.seed: unknown key (did you mean 'seeds'?); allowed: seeds, points",
    ),
    ("number as key", {1: 2}, "[1]: unknown key; allowed: seed, "),
    ("budget 0", {"max_steps": 0}, f"max_steps: 0 is not allowed; allowed: {WHOLE}"),
    ("negative budget", {"max_steps": -5}, f"max_steps: -5 is not allowed; allowed: {WHOLE}"),
    (
        "text for int",
        {"max_steps": "1000"},
        f"max_steps: '1000' is not allowed; allowed: {WHOLE} (this is text: write 1000, without",
    ),
    (
        "exponent in a text for int",
        {"max_steps": "1e4"},
        f"max_steps: '1e4' is not allowed; allowed: {WHOLE} (this is text: write 10000, without quotes)",
    ),
    ("words for int", {"max_steps": "many"}, f"max_steps: 'many' is not allowed; allowed: {WHOLE}"),
    ("bool for int", {"max_steps": True}, f"max_steps: True is not allowed; allowed: {WHOLE}"),
    ("float for int", {"max_steps": 1.5}, f"max_steps: 1.5 is not allowed; allowed: {WHOLE}"),
    (
        "whole float for int",
        {"max_steps": 1e3},
        f"max_steps: 1000.0 is not allowed; allowed: {WHOLE} (write 1000, without a point or an exponent)",
    ),
    ("huge float for int", {"max_steps": "1e300"}, f"max_steps: '1e300' is not allowed; allowed: {WHOLE}"),
    ("null", {"max_steps": None}, f"max_steps: None is not allowed; allowed: {WHOLE}"),
    ("root seed", {"seed": -1}, "seed: -1 is not allowed; allowed: a whole number from 0 to 2147483647"),
    ("shards", {"shards": 0}, "shards: 0 is not allowed; allowed: a whole number from 1 to 10000"),
    ("empty grid", {"learning_rates": []}, f"learning_rates: [] is not allowed; allowed: {RATES}"),
    ("scalar for grid", {"learning_rates": 3}, f"learning_rates: 3 is not allowed; allowed: {RATES}"),
    ("negative rate", {"learning_rates": [1, -1]}, f"learning_rates[1]: -1 is not allowed; allowed: {RATES}"),
    (
        "nan rate",
        {"learning_rates": [float("nan")]},
        f"learning_rates[0]: nan is not allowed; allowed: {RATES}",
    ),
    (
        "inf rate",
        {"learning_rates": [float("inf")]},
        f"learning_rates[0]: inf is not allowed; allowed: {RATES}",
    ),
    ("bool rate", {"learning_rates": [True]}, f"learning_rates[0]: True is not allowed; allowed: {RATES}"),
    (
        "YAML text",
        {"learning_rates": ["1e-3"]},
        f"learning_rates[0]: '1e-3' is not allowed; allowed: {RATES} (this is text: write 0.001, without",
    ),
    (
        "double rate",
        {"learning_rates": [1, 1.0]},
        f"learning_rates: 1.0 is given more than once; allowed: {RATES}",
    ),
    ("double seed", {"seeds": [1, 1]}, f"seeds: 1 is given more than once; allowed: {SEEDS}"),
    ("too many seeds", {"seeds": 100_001}, f"seeds: 100001 is not allowed; allowed: {SEEDS}"),
    ("no seeds", {"seeds": 0}, f"seeds: 0 is not allowed; allowed: {SEEDS}"),
    ("no seed in a list", {"seeds": []}, f"seeds: [] is not allowed; allowed: {SEEDS}"),
    ("negative seed", {"seeds": [-1]}, f"seeds[0]: -1 is not allowed; allowed: {SEEDS}"),
    ("text for seeds", {"seeds": "3"}, f"seeds: '3' is not allowed; allowed: {SEEDS}"),
    ("bool for seeds", {"seeds": True}, f"seeds: True is not allowed; allowed: {SEEDS}"),
    (
        "seeds of old",
        {"seeds": {"evaluation": 3, "tuning": 1}},
        "seeds: {'evaluation': 3, 'tuning': 1} is a mapping, but all seeds serve alike: write `seeds: 3`; ",
    ),
    (
        "listed seeds of old",
        {"seeds": {"evaluation": [4, 7]}},
        "seeds: {'evaluation': [4, 7]} is a mapping, but all seeds serve alike: write `seeds: [4, 7]`; ",
    ),
    (
        "tuning seeds of old",
        {"seeds": {"tuning": 5}},
        "seeds: {'tuning': 5} is a mapping, but all seeds serve alike: write `seeds: 30`; ",
    ),
    ("scalar for section", {"curves": 3}, "curves: 3 is not a mapping; allowed keys: seeds, points"),
    ("hold 0", {"hold": 0}, "hold: 0 is not allowed; allowed: a whole number from 1 to 1000000"),
    ("one fold", {"statistics": {"folds": 1}}, "statistics.folds: 1 is not allowed; allowed: a whole number"),
    (
        "curves",
        {"curves": {"points": 1}},
        "curves.points: 1 is not allowed; allowed: a whole number from 2 to 1000",
    ),
    (
        "confidence",
        {"statistics": {"confidence": 1}},
        "statistics.confidence: 1 is not allowed; allowed: a number >= 0.5 and < 1",
    ),
    (
        "unknown data set",
        {"datasets": [{"name": "gausian"}]},
        (
            "datasets[0].name: 'gausian' is not a kind of data set (did you mean 'gaussian'?); "
            "allowed: gaussian, "
        ),
    ),
    (
        "unknown kind",
        {"datasets": [{"name": "x", "kind": "iris"}]},
        "datasets[0].kind: 'iris' is not a kind of data set",
    ),
    (
        "the name of another kind",
        {"datasets": [{"name": "gaussian", "kind": "separable"}]},
        "datasets[0].name: 'gaussian' is the name of another kind than separable; allowed: a name of its own",
    ),
    (
        "nameless",
        {"datasets": [{"separability": [1]}]},
        "datasets[0].name: missing; allowed: 1 to 64 of the characters",
    ),
    (
        "nameless file",
        {"datasets": [{"file": "x.csv"}]},
        "datasets[0].name: missing; allowed: 1 to 64 of the characters",
    ),
    (
        "path as name",
        {"datasets": [{"name": "../x", "kind": "gaussian"}]},
        "datasets[0].name: '../x' is not allowed; allowed: 1 to 64 of",
    ),
    (
        "newline in name",
        {"datasets": [{"name": "x\n", "kind": "gaussian"}]},
        "datasets[0].name: 'x\\n' is not allowed; allowed: 1 to 64 of",
    ),
    (
        "empty name",
        {"datasets": [{"name": "", "kind": "gaussian"}]},
        "datasets[0].name: '' is not allowed; allowed: 1 to 64 of",
    ),
    (
        "separability",
        {"datasets": [{"name": "gaussian", "separability": [1, -1]}]},
        "datasets[0].separability[1]: -1 is not allowed; allowed: a list",
    ),
    (
        "no separability",
        {"datasets": [{"name": "gaussian", "separability": []}]},
        "datasets[0].separability: [] is not allowed; allowed: a list",
    ),
    (
        "label noise",
        {"datasets": [{"name": "gaussian", "label_noise": 0.5}]},
        "datasets[0].label_noise: 0.5 is not allowed; allowed: a number >= 0 and < 0.5",
    ),
    (
        "imbalance",
        {"datasets": [{"name": "gaussian", "imbalance": 0}]},
        "datasets[0].imbalance: 0 is not allowed; allowed: a number > 0 and < 1",
    ),
    (
        "few samples",
        {"datasets": [{"name": "gaussian", "n": 3}]},
        "datasets[0].n: 3 is not allowed; allowed: a whole number from 4",
    ),
    (
        "fraction",
        {"datasets": [{"name": "wine_0_1", "fraction": 0}]},
        "datasets[0].fraction: 0 is not allowed; allowed: a number > 0 and <= 1",
    ),
    (
        "option of another",
        {"datasets": [{"name": "wine_0_1", "n": 9}]},
        "datasets[0].n: unknown key; allowed: name, kind, fraction",
    ),
    (
        "file not a path",
        {"datasets": [{"name": "m", "file": 3}]},
        "datasets[0].file: 3 is not allowed; allowed: path of a .csv, .tsv",
    ),
    (
        "file that Snakemake would change",
        {"datasets": [{"name": "m", "file": "<results>.csv"}]},
        (
            "datasets[0].file: '<results>.csv' has <results>, which Snakemake takes for a variable; "
            "allowed: path of a"
        ),
    ),
    (
        "file without file",
        {"datasets": [{"name": "file"}]},
        "datasets[0].file: missing; allowed: path of a .csv, .tsv, .txt,",
    ),
    (
        "data set not a mapping",
        {"datasets": ["gaussian"]},
        "datasets[0]: 'gaussian' is not a mapping; allowed: a mapping with a name",
    ),
    (
        "data sets not a list",
        {"datasets": "gaussian"},
        "datasets: 'gaussian' is not allowed; allowed: a list of one or more data",
    ),
    (
        "no data sets",
        {"datasets": []},
        "datasets: [] is not allowed; allowed: a list of one or more data sets",
    ),
    (
        "null data sets",
        {"datasets": None},
        "datasets: None is not allowed; allowed: a list of one or more data sets",
    ),
    (
        "double data set",
        {"datasets": [{"name": "gaussian"}] * 2},
        "datasets: 'gaussian' is given more than once; allowed: a list",
    ),
    (
        "unknown start",
        {"initialisations": [{"name": "wrnog", "scales": [1]}]},
        "initialisations[0].name: 'wrnog' is unknown (did you mean 'wrong'?); allowed: one of zero",
    ),
    (
        "negative scale",
        {"initialisations": [{"name": "wrong", "scales": [1, -1]}]},
        f"initialisations[0].scales[1]: -1 is not allowed; allowed: {SCALES}",
    ),
    (
        "text scale",
        {"initialisations": [{"name": "wrong", "scales": ["a"]}]},
        f"initialisations[0].scales[0]: 'a' is not allowed; allowed: {SCALES}",
    ),
    (
        "double scale",
        {"initialisations": [{"name": "wrong", "scales": [2, 2]}]},
        f"initialisations[0].scales: 2.0 is given more than once; allowed: {SCALES}",
    ),
    (
        "scale of zero",
        {"initialisations": [{"name": "zero", "scales": [1]}]},
        f"initialisations[0].scales: zero takes no scales; allowed: {SCALES}",
    ),
    (
        "no scale",
        {"initialisations": [{"name": "normal"}]},
        f"initialisations[0].scales: normal takes one scale or more; allowed: {SCALES}",
    ),
    (
        "sure of nothing",
        {"initialisations": [{"name": "sure_wrong", "scales": [0.9, 0.5]}]},
        "initialisations[0].scales: 0.5 is no scale of sure_wrong: it takes > 0.5 and < 1; allowed: a l",
    ),
    (
        "certain",
        {"initialisations": [{"name": "sure_right", "scales": [1]}]},
        "initialisations[0].scales: 1.0 is no scale of sure_right: it takes > 0.5 and < 1; allowed: ",
    ),
    (
        "start on a data set that is not there",
        {"datasets": [{"name": "wine_0_1"}], "initialisations": [{"name": "zero", "datasets": ["wine_01"]}]},
        "initialisations: zero is limited to 'wine_01', which is no data set of this study (did you mean '",
    ),
    (
        "start on nothing like a data set",
        {
            "datasets": [{"name": "wine_0_1"}],
            "initialisations": [{"name": "zero"}, {"name": "wrong", "scales": [1], "datasets": ["b", "a"]}],
        },
        "initialisations: wrong is limited to 'b', which is no data set of this study; allowed: a list of",
    ),
    (
        "limited twice to a data set",
        {"initialisations": [{"name": "zero", "datasets": ["gaussian", "gaussian"]}]},
        "initialisations[0].datasets: 'gaussian' is given more than once; allowed: a list of different names",
    ),
    (
        "data set without a start",
        {
            "datasets": [{"name": "gaussian"}, {"name": "wine_0_1"}],
            "initialisations": [{"name": "zero", "datasets": ["gaussian"]}],
        },
        "initialisations: data set 'wine_0_1' has no start: each initialisation is limited to others; ",
    ),
    (
        "bad data set with a start of its own",
        {
            "datasets": [{"name": "gaussian", "n": 1}, {"name": "wine_0_1"}],
            "initialisations": [{"name": "zero", "datasets": ["gaussian"]}],
        },
        "datasets[0].n: 1 is not allowed; allowed: a whole number from 4",
    ),
    (
        "double start",
        {"initialisations": [{"name": "zero"}] * 2},
        "initialisations: 'zero' is given more than once; allowed: ",
    ),
    (
        "start not a mapping",
        {"initialisations": ["zero"]},
        "initialisations[0]: 'zero' is not a mapping; allowed keys: name, scales, datasets",
    ),
    (
        "no starts",
        {"initialisations": []},
        "initialisations: [] is not allowed; allowed: a list of one or more initialisations",
    ),
    ("unknown loss", {"losses": ["mse", "bce", "hinge"]}, f"losses: 'hinge' is unknown; allowed: {LOSSES}"),
    (
        "one loss",
        {"losses": ["mse"]},
        f"losses: bce missing from ['mse']: mse and bce are the pair compared; allowed: {LOSSES}",
    ),
    ("losses not a list", {"losses": "mse"}, f"losses: 'mse' is not allowed; allowed: {LOSSES}"),
    (
        "unknown target",
        {"targets": ["acuracy"]},
        "targets: 'acuracy' is unknown (did you mean 'accuracy'?); allowed: a list of one or more",
    ),
    (
        "no target",
        {"targets": []},
        "targets: [] is not allowed; allowed: a list of one or more different names",
    ),
]


@pytest.mark.parametrize(("mapping", "line"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_bad_input_is_one_line_with_key_value_and_what_is_allowed(mapping: dict[str, Any], line: str) -> None:
    lines = _problems(mapping)
    assert len(lines) == 1
    assert lines[0].startswith(line)
    assert len(lines[0]) < 400


def test_all_problems_are_reported_at_once() -> None:
    bad: dict[str, Any] = {
        "max_steps": 0,
        "foo": 1,
        "losses": ["mse"],
        "seeds": [1, 1],
        "datasets": [{"name": "gaussian", "n": 1, "bar": 2}, {"name": "gausian"}, {"name": "wine_0_1"}],
        "initialisations": [{"name": "zero", "scales": [1]}, {"name": "wrong", "scales": [-1]}],
    }
    keys = [line.split(":")[0] for line in _problems(bad)]
    assert sorted(keys) == sorted(
        [
            *(
                "max_steps",
                "foo",
                "losses",
                "seeds",
                "datasets[0].n",
                "datasets[0].bar",
                "datasets[1].name",
            ),
            *("initialisations[0].scales", "initialisations[1].scales[0]"),
        ]
    )


WORTHLESS = st.one_of(
    st.none(), st.text(max_size=4), st.binary(max_size=2), st.just(object()), st.complex_numbers()
)


FREE_TEXT = {"base", "head"}  # a revision or a folder: it is looked for later, not when the config is read


@given(st.sampled_from(sorted(set(Config.model_fields) - FREE_TEXT)), WORTHLESS)
def test_no_key_takes_nonsense_and_every_message_names_it(name: str, value: object) -> None:
    lines = _problems({name: value})
    assert len(lines) == 1
    assert lines[0].startswith(f"{name}: ")
    assert "allowed" in lines[0]


# --- what must be up to date


def test_the_reference_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "config.md").read_text()
    assert page == reference(), "write it again: python -m study.config.page > docs/config.md"


def test_the_module_prints_the_page() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "study.config.page"],
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'workflow'}", "PATH": "", "HOME": str(Path.home())},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == reference()


@pytest.mark.parametrize("model", SECTIONS, ids=lambda model: model.__name__)
def test_every_key_has_a_type_a_rule_and_a_meaning_on_the_page(model: type[Section]) -> None:
    page = reference()
    for name, field in model.model_fields.items():
        assert field.description
        assert allowed(field)
        assert kind(field.annotation)
        assert f"| `{name}` |" in page


def test_every_name_that_can_be_chosen_is_on_the_page() -> None:
    page = reference()
    for name in (*KINDS, *INITIALISATIONS):
        assert f"`{name}`" in page or (name in REAL and name.startswith("digits_"))


def test_ranges_on_the_page_are_those_that_are_checked() -> None:
    """The rule is in words, separate from the constraint: both ends are tried."""
    assert load({"max_steps": 1, "shards": 10_000, "seed": 2**31 - 1}).shards == 10_000
    assert load({"max_steps": 1_000_000_000, "learning_rates": [1_000_000]}).max_steps == 10**9
    assert load({"curves": {"seeds": 0, "points": 1000}, "statistics": {"confidence": 0.5, "resamples": 100}})
    assert load({"curves": {"seeds": 1000, "points": 2}, "statistics": {"resamples": 100_000}})
    edges = {"n": 4, "d": 1000, "separability": [100], "imbalance": 0.999, "label_noise": 0}
    assert load({"datasets": [{"name": "gaussian", **edges}, {"name": "wine_0_1", "fraction": 1}]})
    assert load({"initialisations": [{"name": "wrong", "scales": [10_000]}]})
    assert load({"hold": 1_000_000, "seeds": 100_000, "statistics": {"folds": 1000}}).hold == 1_000_000
    assert load({"hold": 1, "seeds": 1, "statistics": {"folds": 2}}).hold == 1
    beyond: list[dict[str, Any]] = [
        {"max_steps": 10**9 + 1},
        {"shards": 10_001},
        {"seed": 2**31},
        {"learning_rates": [1_000_001]},
        {"learning_rates": [0]},
        {"curves": {"seeds": 1001}},
        {"curves": {"points": 1001}},
        {"statistics": {"confidence": 0.49}},
        {"statistics": {"resamples": 99}},
        {"statistics": {"resamples": 100_001}},
        {"seeds": 100_001},
        {"hold": 1_000_001},
        {"statistics": {"folds": 1001}},
        {"datasets": [{"name": "gaussian", "n": 10_000_001}]},
        {"datasets": [{"name": "gaussian", "d": 1001}]},
        {"datasets": [{"name": "gaussian", "d": 0}]},
        {"datasets": [{"name": "gaussian", "separability": [101]}]},
        {"datasets": [{"name": "gaussian", "separability": [0]}]},
        {"datasets": [{"name": "gaussian", "imbalance": 1}]},
        {"datasets": [{"name": "wine_0_1", "fraction": 1.1}]},
        {"initialisations": [{"name": "wrong", "scales": [10_001]}]},
        {"initialisations": [{"name": "wrong", "scales": [0]}]},
    ]
    for mapping in beyond:
        assert len(_problems(mapping)) == 1
