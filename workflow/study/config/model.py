"""The config: every key of the study, checked before anything runs, and the page that documents it.

``python -m study.config.model > docs/config.md`` writes the page again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationError, ValidationInfo, field_validator

from kernels import LOSSES
from study.data.kinds import KINDS, REAL, DatasetOptions, File
from study.data.starts import INITIALISATIONS
from study.errors import UserError
from study.schema import (
    Grid,
    Section,
    WholeNumbers,
    allowed,
    distinct,
    key,
    kind,
    nearest,
    problems,
    section,
    shown,
)

__all__ = [
    "TARGETS",
    "Benchmarks",
    "Config",
    "Curves",
    "InitialisationOptions",
    "Phase",
    "Seeds",
    "Statistics",
    "load",
    "reference",
    "typed",
]

TARGETS = ("accuracy", "brier", "logloss")
"""Targets a run can reach; `study.data.facts` sets their thresholds."""


def _count_from(first: int) -> BeforeValidator:
    """Let a whole number k stand for the k seeds from `first` on."""

    def seeds(value: Any) -> Any:
        counts = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 100_000
        return tuple(range(first, first + value)) if counts else value

    return BeforeValidator(seeds)


_Scale = Annotated[float, Field(gt=0, le=1000)]
Words = Annotated[tuple[str, ...], Field(strict=False)]


class Seeds(Section):
    """Which seeds are run."""

    evaluation: Annotated[WholeNumbers, _count_from(0)] = key(
        tuple(range(30)),
        "a whole number k from 1 to 100000, which stands for 0 to k - 1, or a list of different whole numbers >= 0",
        "Seeds that every statistic is made from.",
    )
    tuning: Annotated[WholeNumbers, _count_from(1000)] = key(
        tuple(range(1000, 1005)),
        "a whole number k from 1 to 100000, which stands for 1000 to 999 + k, or a list of different whole numbers "
        ">= 0; none of them an evaluation seed",
        "Seeds that the best learning rate of each loss is chosen on; never used for evaluation.",
        validate_default=True,
    )

    @field_validator("tuning")
    @classmethod
    def _apart(cls, value: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        both = sorted(set(value) & set(info.data.get("evaluation", ())))
        if both:
            raise ValueError(f"{', '.join(map(str, both[:5]))} is among the evaluation seeds")
        return value


class InitialisationOptions(Section):
    """One initialisation and its scales."""

    name: str = key(..., f"one of {', '.join(INITIALISATIONS)}", "Name of the initialisation.")
    scales: Annotated[tuple[Annotated[float, Field(gt=0, le=10_000)], ...], Field(strict=False)] = key(
        (),
        "a list of one or more different numbers, each > 0 and <= 10000; none for zero",
        "The scales a, a cell of the results each.",
        validate_default=True,
    )

    @field_validator("name")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in INITIALISATIONS:
            raise ValueError(f"{value!r} is unknown{nearest(value, INITIALISATIONS)}")
        return value

    @field_validator("scales")
    @classmethod
    def _scaled(cls, value: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
        name = info.data.get("name")
        if name is not None and INITIALISATIONS[name].scaled == (not value):
            raise ValueError(f"{name} takes {'no scales' if value else 'one scale or more'}")
        return distinct(value)


class Curves(Section):
    """Which learning curves are recorded."""

    seeds: int = key(
        5, "a whole number from 0 to 1000", "Number of evaluation seeds whose curves are recorded.", ge=0, le=1000
    )
    points: int = key(
        60, "a whole number from 2 to 1000", "Number of log-spaced steps a curve has, at most.", ge=2, le=1000
    )


class Statistics(Section):
    """How intervals are made."""

    confidence: float = key(0.95, "a number >= 0.5 and < 1", "Confidence level of the intervals.", ge=0.5, lt=1)
    resamples: int = key(
        999, "a whole number from 100 to 100000", "Number of bootstrap resamples of an interval.", ge=100, le=100_000
    )


class Phase(Section):
    """What the phase diagram spans beyond the sweep."""

    scales: Grid[_Scale] = key(
        (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 32.0),
        "a list of one or more different numbers, each > 0 and <= 1000",
        "Scales a of the wrong starts that the gradient flow is solved from, on every evaluation draw of the data sets "
        "that have a separability.",
    )
    large_n: int = key(
        100_000,
        "a whole number from 4 to 10000000",
        "Number of samples of the large draws: Gaussian pairs as of `gaussian`, started along the true direction.",
        ge=4,
        le=10_000_000,
    )
    large_draws: int = key(
        1, "a whole number from 0 to 1000", "Number of large draws at each separability; 0 for none.", ge=0, le=1000
    )
    # From 2 * laws.LEAST_MU; not imported, or every job that reads the config would depend on the laws.
    large_separability: Grid[Annotated[float, Field(ge=2e-6, le=100)]] = key(
        (1.0, 2.0, 4.0, 6.0, 12.0),
        "a list of one or more different numbers, each >= 0.000002 and <= 100",
        "Values of d' = 2 mu of the large draws.",
    )
    large_scales: Grid[_Scale] = key(
        (0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0),
        "a list of one or more different numbers, each > 0 and <= 1000",
        "Scales a on the large draws.",
    )


class Benchmarks(Section):
    """What is timed, and when two revisions count as different."""

    record: Words = key(
        (), "a list of text; none for all", "`snakemake benchmark` runs the benchmarks with one of these in their name."
    )
    compare: Words = key(
        ("[kernels-",),
        "a list of text; none for all",
        "`snakemake compare` runs the benchmarks with one of these in their name.",
    )
    processes: int = key(
        7, "a whole number from 2 to 50", "Processes of each side of a comparison: its sample size.", ge=2, le=50
    )
    rounds: int = key(15, "a whole number from 1 to 1000", "Rounds of a comparison.", ge=1, le=1000)
    margin: float = key(
        0.02,
        "a number > 0 and <= 1",
        "Largest difference between two revisions that counts as none; 0.02 is 2%.",
        gt=0,
        le=1,
    )
    threshold: float = key(
        0.05,
        "a number from 0 to 10",
        "`snakemake compare` fails (exit code 1) if a benchmark is `slower` by more than this.",
        ge=0,
        le=10,
    )


_DATASETS = (
    *("gaussian", "separable", "breast_cancer", "breast_cancer_means", "digits_0_1", "digits_1_8"),
    *("iris_versicolor_virginica", "wine_0_1", "wine_1_2"),
)
_NAMED = "text; one that reads as a number, such as an all-digit commit, in two pairs of quotes: base='\"1234567\"'"


class Config(Section):
    """A study. The defaults are those of the default study."""

    seed: int = key(
        0, "a whole number from 0 to 2147483647", "Root of every random stream of the study.", ge=0, lt=2**31
    )
    seeds: Seeds = key(Seeds(), "a mapping with evaluation and tuning", "Seeds: see below.")
    datasets: Annotated[tuple[SerializeAsAny[DatasetOptions], ...], Field(min_length=1, strict=False)] = key(
        tuple(KINDS[name](name=name, kind=name) for name in _DATASETS),
        "a list of one or more data sets, each a mapping with a name of its own",
        "The data sets: see below.",
    )
    initialisations: Annotated[tuple[InitialisationOptions, ...], Field(min_length=1, strict=False)] = key(
        (
            InitialisationOptions(name="zero"),
            InitialisationOptions(name="normal", scales=(0.5, 2.0, 16.0)),
            InitialisationOptions(name="wrong", scales=(0.5, 1.0, 2.0, 4.0, 8.0, 16.0)),
            InitialisationOptions(name="right", scales=(4.0,)),
        ),
        "a list of one or more initialisations, each a mapping with a name of its own",
        "Where the descents start: see below.",
    )
    learning_rates: Grid[Annotated[float, Field(gt=0, le=1_000_000)]] = key(
        (0.1, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0),
        "a list of one or more different numbers, each > 0 and <= 1000000",
        "Learning rates in units of 1/L_BCE, L_BCE being the smoothness of the data set's BCE risk. Each loss's own "
        "1/L is added to them.",
    )
    losses: Grid[str] = key(
        ("mse", "bce"), f"a list of different names, mse and bce among them, out of {', '.join(LOSSES)}", "The losses."
    )
    targets: Grid[str] = key(
        TARGETS,
        f"a list of one or more different names out of {', '.join(TARGETS)}",
        "What a run is to reach. `accuracy` is within 0.01 of the BCE optimum's; `brier` and `logloss` within a tenth "
        "of the way from the optimum to theta = 0.",
    )
    max_steps: int = key(
        20_000, "a whole number from 1 to 1000000000", "Steps after which a run is censored.", ge=1, le=1_000_000_000
    )
    shards: int = key(
        8,
        "a whole number from 1 to 10000",
        "Jobs the sweep is cut into. The results do not depend on it.",
        ge=1,
        le=10_000,
    )
    curves: Curves = key(Curves(), "a mapping with seeds and points", "Learning curves: see below.")
    statistics: Statistics = key(Statistics(), "a mapping with confidence and resamples", "Intervals: see below.")
    phase: Phase = key(Phase(), "a mapping with scales and large_*", "The phase diagram: see below.")
    base: str = key("", _NAMED, "What `snakemake compare` and `compare_studies` start from: a revision, a folder.")
    head: str = key(
        "",
        _NAMED,
        "What is measured by `benchmark`, or compared with `base`: a revision, a folder; none for this folder as it is.",
    )
    benchmarks: Benchmarks = key(
        Benchmarks(),
        "a mapping with record, compare, processes, rounds, margin and threshold",
        "Benchmarks: see below.",
    )

    @property
    def number_of_shards(self) -> int:
        """Shards there are: a shard holds whole data sets, so there are no more than those."""
        return min(self.shards, self.number_of_data_sets)

    @property
    def number_of_data_sets(self) -> int:
        """Realised data sets: one per (dataset, separability, seed)."""
        seeds = len(self.seeds.evaluation) + len(self.seeds.tuning)
        return seeds * sum(len(entry.separabilities) for entry in self.datasets)

    def identity(self) -> dict[str, Any]:
        """All that the results depend on, with every default filled in: neither how they are cut nor what is compared."""
        return self.model_dump(mode="json", exclude={"shards", "base", "head", "benchmarks"})

    def as_yaml(self) -> str:
        """The config as YAML text: what the results depend on."""
        return yaml.safe_dump(self.identity(), sort_keys=False, default_flow_style=None, width=100)

    @property
    def files(self) -> list[str]:
        """Paths of the user's own data files."""
        return [entry.file for entry in self.datasets if isinstance(entry, File)]

    @field_validator("losses")
    @classmethod
    def _losses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        missing = [name for name in ("mse", "bce") if name not in value]
        if missing:
            raise ValueError(
                f"{' and '.join(missing)} missing from {shown(list(value))}: mse and bce are the pair compared"
            )
        return _known(value, LOSSES)

    @field_validator("targets")
    @classmethod
    def _targets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _known(value, TARGETS)

    @field_validator("datasets", "initialisations")
    @classmethod
    def _names(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        distinct(tuple(entry.name for entry in value))
        return value


def load(mapping: Mapping[str, Any]) -> Config:
    """Check a config and give it its type.

    Parameters
    ----------
    mapping : mapping
        As Snakemake hands it over: mappings, lists, strings and numbers. Keys left out take their defaults.

    Returns
    -------
    Config
        Frozen.

    Raises
    ------
    UserError
        With every problem found, a line each: path of the key, the value given, what is allowed.
    """
    given, lines = dict(mapping), list[str]()
    if isinstance(given.get("datasets"), list) and given["datasets"]:
        parsed = [_dataset(entry, f"datasets[{i}]", lines) for i, entry in enumerate(given["datasets"])]
        given["datasets"] = tuple(entry for entry in parsed if entry is not None)
        if not given["datasets"]:  # all are bad, and told so: look at the other keys
            del given["datasets"]
    try:
        config = Config.model_validate(given)
    except ValidationError as error:
        lines += problems(error, Config)
    if lines:
        raise UserError("\n".join(lines))
    return config


def typed(value: Any) -> Any:
    """Give back their types to the values inside a list or mapping of Snakemake's ``--config``, which come as text.

    Text that YAML takes for a number, true, false or null becomes that; other text stays.
    """
    if isinstance(value, Mapping):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    if not isinstance(value, str):
        return value
    try:
        plain = yaml.safe_load(value)
    except (yaml.YAMLError, ValueError):
        return value
    return plain if isinstance(plain, int | float) or value in {"null", "~"} else value


def _dataset(entry: Any, path: str, lines: list[str]) -> DatasetOptions | None:
    """Give an entry of `datasets` the type of its kind; problems go to `lines`."""
    if not isinstance(entry, Mapping):
        lines.append(
            f"{path}: {shown(entry)} is not a mapping; allowed: a mapping with a name, such as {{name: gaussian}}"
        )
        return None
    given = "kind" if "kind" in entry else "name"
    name = entry.get("kind", "file" if "file" in entry else entry.get("name"))
    if name is None:
        lines.append(f"{path}.name: missing; allowed: {allowed(DatasetOptions.model_fields['name'])}")
        return None
    if not isinstance(name, str) or name not in KINDS:
        lines.append(
            f"{path}.{given}: {shown(name)} is not a kind of data set{nearest(name, KINDS)}; "
            f"allowed: {', '.join(_kind_names())}, or any name beside kind or file"
        )
        return None
    if (called := entry.get("name")) != name and isinstance(called, str) and called in KINDS:
        # Tables know data by their name: under that of another kind they would be taken for what they are not.
        lines.append(
            f"{path}.name: {shown(called)} is the name of another kind than {name}; allowed: a name of its own"
        )
        return None
    try:
        return KINDS[name].model_validate({**entry, "kind": name})
    except ValidationError as error:
        lines.extend(problems(error, KINDS[name], path))
        return None


def _known(value: tuple[str, ...], names: Any) -> tuple[str, ...]:
    """Pass names on if all are known."""
    for name in value:
        if name not in names:
            raise ValueError(f"{name!r} is unknown{nearest(name, names)}")
    return value


def _kind_names() -> list[str]:
    """Kinds as a message lists them: the 45 pairs of digits in one word."""
    names = [name for name in KINDS if not name.startswith("digits_")]
    return [*names, "digits_0_1 to digits_8_9"]


def reference() -> str:
    """Render the reference page of the config, in Markdown, ``docs/config.md``."""
    given = sorted({KINDS[name] for name in REAL}, key=lambda cls: cls.__name__)
    kinds = [(name, cls) for name, cls in KINDS.items() if cls not in given]
    parts = [
        _INTRODUCTION,
        "## Top level\n\n" + _table(Config),
        "## `seeds`\n\n" + _table(Seeds),
        "## `datasets`\n\n" + _DATASETS_TEXT + "\n\n" + _table(DatasetOptions),
        *(f"### `{name}`\n\n{cls.summary}\n\n{_table(cls, DatasetOptions)}" for name, cls in kinds),
        *(f"### Real data\n\n{cls.summary} By name: {_listed(cls)}.\n\n{_table(cls, DatasetOptions)}" for cls in given),
        "## `initialisations`\n\nA list; each entry names an initialisation and its scales.\n\n"
        + "\n".join(f"- `{name}`: {entry.summary}" for name, entry in INITIALISATIONS.items())
        + "\n\n"
        + _table(InitialisationOptions),
        "## `curves`\n\n" + _table(Curves),
        "## `statistics`\n\n" + _table(Statistics),
        "## `phase`\n\n" + _table(Phase),
        "## `benchmarks`\n\n" + _table(Benchmarks),
    ]
    return "\n\n".join(parts) + "\n"


_INTRODUCTION = """\
# The config

Every key has a default: an empty file is the default study. To change one key, give it on the command line,

    snakemake --config max_steps=1000

or write a file with the keys that differ and name it: `snakemake --configfile mine.yaml`. A list replaces the default
list as a whole. Everything is checked before anything runs; an unknown key is an error. In YAML, write `1.0e-3`:
without the point it is text.

This page is made from the code: `python -m study.config.model > docs/config.md`."""

_DATASETS_TEXT = """\
A list; each entry is a mapping with a `name` and the options of its kind. The kind is the name, unless `kind` says
otherwise; an entry with a `file` is your own data. So one kind can be there twice, with other options:

    datasets:
      - {name: gaussian, separability: [2, 4]}
      - {name: noisy, kind: gaussian, separability: [2], label_noise: 0.1}
      - {name: mine, file: data/mine.csv, label: outcome}

Every data set has these keys:"""


def _listed(cls: type[DatasetOptions]) -> str:
    names = [name for name in KINDS if KINDS[name] is cls and not name.startswith("digits_")]
    return (
        ", ".join(f"`{name}`" for name in names)
        + ", and the digit pairs `digits_0_1` to `digits_8_9` (lower digit first)"
    )


def _table(model: type[Section], base: type[Section] = Section) -> str:
    """Table of the keys of a section that its base does not have, in Markdown."""
    lines = ["| key | type | allowed | default | meaning |", "|---|---|---|---|---|"]
    for name, field in model.model_fields.items():
        if name not in base.model_fields:
            cells = [
                f"`{name}`",
                kind(field.annotation),
                allowed(field),
                _default(name, field),
                field.description or "",
            ]
            # A bar would end the cell, a word in angle brackets would vanish as a tag.
            lines.append("| " + " | ".join(re.sub(r"\||<(?=\w)", r"\\\g<0>", cell) for cell in cells) + " |")
    return "\n".join(lines)


def _default(name: str, field: Any) -> str:
    """Default of a key, as YAML has it."""
    if field.is_required():
        return "none: must be given"
    if isinstance(field.default, Section):
        return "see below"
    if name in {"evaluation", "tuning"}:
        return f"`{len(field.default)}`"
    value = list(field.default) if isinstance(field.default, tuple) else field.default
    if value in ("", []):
        return "none"
    if isinstance(value, list):
        return (
            ", ".join(f"`{entry.name}`" for entry in value)
            if section(field.annotation)
            else f"`[{', '.join(map(str, value))}]`"
        )
    return f"`{value}`"


if __name__ == "__main__":
    print(reference(), end="")
