"""The config: every key of the study, checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError, ValidationInfo, field_validator

from kernels import LOSSES
from study.config.experiments import Networks, Remedies
from study.config.methods import (
    COMPARISONS,
    METHODS,
    Compared,
    Datasets,
    Initialisations,
    MethodRuns,
    Methods,
    Pairs,
)
from study.config.sections import Benchmarks, Curves, Phase, Seeds, Statistics
from study.config.written import read_otherwise
from study.data.kinds import KINDS, DatasetOptions, File
from study.data.starts import InitialisationOptions, starts_of
from study.errors import UserError
from study.schema import (
    Grid,
    allowed,
    key,
    nearest,
    one_of,
    problems,
    shown,
)

__all__ = ["TARGETS", "Config", "load", "typed"]

TARGETS = ("accuracy", "brier", "logloss")
"""Targets a run can reach; `study.data.facts` sets their thresholds."""

_DATASETS = (
    *("gaussian", "separable", "breast_cancer", "breast_cancer_means", "digits_0_1", "digits_1_8"),
    *("iris_versicolor_virginica", "wine_0_1", "wine_1_2"),
)

_NAMED = (
    "text; if it looks like a number, such as an all-digit commit, in two pairs of quotes: base='\"1234567\"'"
)


class Config(Compared):
    """A study. The defaults are those of the default study."""

    seed: int = key(0, "Root of every random stream of the study.", ge=0, lt=2**31)
    seeds: Seeds = key(
        tuple(range(20)),
        "Seeds of the draws and starts.",
        allowed="a whole number k from 1 to 100000, which means 0 to k - 1, or a list of different whole "
        "numbers >= 0",
    )
    datasets: Datasets = key(
        tuple(KINDS[name](name=name, kind=name) for name in _DATASETS),
        "The data sets: see below.",
        allowed="a list of one or more data sets, each a mapping with a name of its own",
    )
    initialisations: Initialisations = key(
        (
            InitialisationOptions(name="zero"),
            InitialisationOptions(name="normal", scales=(0.5, 2.0)),
            InitialisationOptions(name="sure_wrong", scales=(0.9, 0.99, 0.999, 0.9999)),
            InitialisationOptions(name="sure_right", scales=(0.99,)),
            InitialisationOptions(
                name="wrong", scales=(0.5, 1.0, 2.0, 4.0, 8.0, 16.0), datasets=("gaussian",)
            ),
        ),
        "Where the descents start: see below.",
        allowed="a list of one or more initialisations, each a mapping with a name of its own",
    )
    learning_rates: Grid[Annotated[float, Field(gt=0, le=1_000_000)]] = key(
        (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0),
        "Learning rates in units of 1/L_BCE, L_BCE being the smoothness of the data set's BCE risk. Each "
        "loss's own "
        "1/L is added to them, and twice each of them for `mse`: without its factor 1/2, MSE takes those "
        "steps.",
    )
    losses: Grid[Annotated[str, one_of(LOSSES)]] = key(
        ("mse", "bce"),
        "The losses.",
        allowed=f"a list of different names, mse and bce among them, out of {', '.join(LOSSES)}",
    )
    methods: Methods = key(
        METHODS,
        "Methods that are compared beyond plain descent: see below.",
        allowed="a list of methods, each a mapping with a name of its own; none to leave them out",
    )
    comparisons: Pairs = key(
        COMPARISONS,
        "Pairs of names of methods, contender and baseline: how many times as many steps the first takes.",
        allowed="a list of pairs of different names from `methods`, such as [mse_adam, bce_adam]",
    )
    method_runs: MethodRuns = key(MethodRuns(), "Where methods are compared: see below.")
    remedies: Remedies = key(Remedies(), "Methods that may help against MSE's slowness: see below.")
    networks: Networks = key(Networks(), "The same question for a hidden layer: see below.")
    targets: Grid[Annotated[str, one_of(TARGETS)]] = key(
        TARGETS,
        "What a run is to reach. Each lies a tenth of the way from what both losses can attain (the worse of "
        "their two "
        "optima in that score) to what the base rate scores.",
    )
    hold: int = key(
        10,
        "Steps in a row for which a target has to hold; a run arrives at the first of them. 1: its first "
        "passage.",
        ge=1,
        le=1_000_000,
    )
    max_steps: int = key(
        20_000, "The last step at which a run can arrive: later, it is censored.", ge=1, le=1_000_000_000
    )
    max_steps_above: int = key(
        5_000,
        "The same, where it is smaller, for rates above a loss's own 1/L, and for lengths of Adam above "
        "the one of its equal rates. A step can raise the loss there, and most runs that arrive do so early: "
        "without this, runs that never arrive take most of the study's time.",
        ge=1,
        le=1_000_000_000,
    )
    shards: int = key(8, "Jobs the sweep is cut into. The results do not depend on it.", ge=1, le=10_000)
    curves: Curves = key(Curves(), "Learning curves: see below.")
    statistics: Statistics = key(Statistics(), "Intervals: see below.")
    phase: Phase = key(Phase(), "The phase diagram: see below.")
    base: str = key(
        "",
        "What `snakemake compare` and `compare_studies` compare with: a revision or a folder.",
        allowed=_NAMED,
    )
    head: str = key(
        "",
        "What is measured by `benchmark`, or compared with `base`: a revision or a folder; none for this "
        "folder as it is.",
        allowed=_NAMED,
    )
    benchmarks: Benchmarks = key(Benchmarks(), "Benchmarks: see below.")

    @property
    def number_of_shards(self) -> int:
        """Number of shards: a shard holds whole data sets, so there are at most as many."""
        return min(self.shards, self.number_of_data_sets)

    @property
    def number_of_data_sets(self) -> int:
        """Realised data sets: one per (dataset, separability, seed)."""
        return len(self.seeds) * sum(len(entry.separabilities) for entry in self.datasets)

    def identity(self) -> dict[str, Any]:
        """All that the results depend on, with every default: neither `shards` nor what is compared."""
        return self.model_dump(mode="json", exclude={"shards", "base", "head", "benchmarks"})

    def as_yaml(self) -> str:
        """All that the results depend on, as YAML text."""
        return yaml.safe_dump(self.identity(), sort_keys=False, default_flow_style=None, width=100)

    @property
    def files(self) -> list[str]:
        """Paths of the user's own data files."""
        every = (*self.datasets, *self.remedies.datasets, *self.networks.datasets)
        return list(dict.fromkeys(entry.file for entry in every if isinstance(entry, File)))

    @field_validator("losses")
    @classmethod
    def _losses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        missing = [name for name in ("mse", "bce") if name not in value]
        if missing:
            raise ValueError(
                f"{' and '.join(missing)} missing from {shown(list(value))}: "
                "mse and bce are the pair compared"
            )
        return known(value, LOSSES)

    @field_validator("targets")
    @classmethod
    def _targets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return known(value, TARGETS)

    @field_validator("initialisations")
    @classmethod
    def _limits(
        cls, value: tuple[InitialisationOptions, ...], info: ValidationInfo
    ) -> tuple[InitialisationOptions, ...]:
        if "datasets" not in info.data or (info.context or {}).get("incomplete"):
            return value  # which data sets there are is not known
        names = [entry.name for entry in info.data["datasets"]]
        for entry in value:
            for name in entry.datasets:
                # A kind that this study leaves out is no slip: the default starts name one.
                if name not in names and name not in KINDS:
                    raise ValueError(
                        f"{entry.name} is limited to {name!r}, which is no data set of this study"
                        f"{nearest(name, names)}"
                    )
        for name in names:
            if not starts_of(value, name):
                raise ValueError(f"data set {name!r} has no start: each initialisation is limited to others")
        return value


def load(mapping: Mapping[str, Any]) -> Config:
    """Check a config and give it its type.

    Parameters
    ----------
    mapping : mapping
        As Snakemake gives it: mappings, lists, strings and numbers. Keys left out have their defaults.

    Returns
    -------
    Config
        Frozen.

    Raises
    ------
    UserError
        With every problem found, a line each: path of the key, the value given, what is allowed.
    """
    lines = list[str]()
    given = _with_datasets(mapping, "", lines)
    for name in ("remedies", "networks"):
        if isinstance(given.get(name), Mapping):
            given[name] = _with_datasets(given[name], f"{name}.", lines)
    incomplete = bool(lines) or "datasets" not in mapping  # a job is given only the keys it reads
    try:
        config = Config.model_validate(given, context={"incomplete": incomplete})
    except ValidationError as error:
        lines += problems(error, Config)
    if lines:
        raise UserError("\n".join(lines))
    return config


def _with_datasets(mapping: Mapping[str, Any], prefix: str, lines: list[str]) -> dict[str, Any]:
    """Give the entries of `datasets` in a section the types of their kinds; problems go to `lines`."""
    given = dict(mapping)
    if isinstance(given.get("datasets"), list) and given["datasets"]:
        parsed = [
            _dataset(entry, f"{prefix}datasets[{i}]", lines) for i, entry in enumerate(given["datasets"])
        ]
        given["datasets"] = tuple(entry for entry in parsed if entry is not None)
        if not given["datasets"]:  # all are bad, and reported: look at the other keys
            del given["datasets"]
    return given


def typed(value: Any) -> Any:
    """Restore the types of values inside a list or mapping of Snakemake's ``--config``, which come as text.

    Text that YAML reads as a number, true, false or null becomes that; other text stays, and so does a number
    that YAML would read to another base.
    """
    if isinstance(value, Mapping):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    if not isinstance(value, str):
        return value
    try:
        plain = yaml.safe_load(value)
        meant = read_otherwise(value) is None
    except (yaml.YAMLError, ValueError):
        return value
    return plain if (isinstance(plain, int | float) and meant) or value in {"null", "~"} else value


def _dataset(entry: Any, path: str, lines: list[str]) -> DatasetOptions | None:
    """Give an entry of `datasets` the type of its kind; problems go to `lines`."""
    if not isinstance(entry, Mapping):
        lines.append(
            f"{path}: {shown(entry)} is not a mapping; "
            "allowed: a mapping with a name, such as {name: gaussian}"
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
            f"allowed: {', '.join(_kind_names())}, or any name together with kind or file"
        )
        return None
    if (called := entry.get("name")) != name and isinstance(called, str) and called in KINDS:
        # Tables identify data by name: under that of another kind they would be mistaken for it.
        lines.append(
            f"{path}.name: {shown(called)} is the name of another kind than {name}; "
            "allowed: a name of its own"
        )
        return None
    try:
        return KINDS[name].model_validate({**entry, "kind": name})
    except ValidationError as error:
        lines.extend(problems(error, KINDS[name], path))
        return None


def known(value: tuple[str, ...], names: Any) -> tuple[str, ...]:
    """Pass names on if all are known."""
    for name in value:
        if name not in names:
            raise ValueError(f"{name!r} is unknown{nearest(name, names)}")
    return value


def _kind_names() -> list[str]:
    """Kinds as a message lists them: the 45 pairs of digits in one entry."""
    names = [name for name in KINDS if not name.startswith("digits_")]
    return [*names, "digits_0_1 to digits_8_9"]
