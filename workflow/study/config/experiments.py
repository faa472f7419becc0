"""Experiments: methods on data of their own, with what they are compared for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from study.config.methods import Compared, Datasets, Initialisations, MethodOptions, Methods, Pairs, Rate
from study.data.kinds import KINDS, DatasetOptions
from study.data.network_starts import NetworkStartOptions
from study.data.starts import InitialisationOptions
from study.schema import Grid, key

__all__ = ["Experiment", "Networks", "Remedies"]

_METHODS = "a list of methods, each a mapping with a name of its own; none to leave the experiment out"
_DATASETS = "a list of one or more data sets, each a mapping with a name of its own"
_PAIRS = "a list of pairs of different names of these methods, contender and baseline"


def _made(*entries: Mapping[str, Any]) -> tuple[DatasetOptions, ...]:
    """Data sets of the default, whose kind is their name unless another is given."""
    return tuple(KINDS[kind](**{**one, "kind": kind}) for one in entries
                 for kind in [one.get("kind", one["name"])])  # fmt: skip


class Experiment(Compared):
    """What every experiment has; the first keys are those of the study, for this experiment alone."""

    methods: Methods = key((), "The methods, as under `methods`.", allowed=_METHODS)
    comparisons: Pairs = key((), "Pairs of their names, contender and baseline.", allowed=_PAIRS)
    datasets: Datasets = key((), "The data sets, as under `datasets`.", allowed=_DATASETS)
    seeds: int = key(4, "Number of seeds of the study, the first ones.", ge=1, le=100_000)
    learning_rates: Grid[Rate] = key((0.25, 1.0, 8.0, 64.0), "Learning rates; see `method_runs`.")
    lengths: Grid[Rate] = key((0.01, 0.1, 1.0), "Learning rates of scale-free methods; see `method_runs`.")
    max_steps: int = key(5000, "The last step at which a run can arrive.", ge=1, le=1_000_000_000)


_REMEDIES = (
    MethodOptions(name="mse", loss="mse"),
    MethodOptions(name="bce", loss="bce"),
    MethodOptions(name="offset", loss="mse_offset(0.1)"),
    MethodOptions(name="gce", loss="gce(0.7)"),
    MethodOptions(name="bce_first", loss="bce for 50, mse"),
    MethodOptions(name="normalised", loss="mse", optimiser="normalised"),
    MethodOptions(name="adam", loss="mse", optimiser="adam"),
)


class Remedies(Experiment):
    """What helps if it has to be squared error, on linear models."""

    methods: Methods = key(_REMEDIES, "The methods, as under `methods`.", allowed=_METHODS)
    comparisons: Pairs = key(
        tuple(
            (one.name, other)
            for one in _REMEDIES
            for other in ("mse", "bce")
            if one.name not in {"bce", other}
        ),
        "Pairs of their names, contender and baseline.",
        allowed=_PAIRS,
    )
    datasets: Datasets = key(
        _made(
            {"name": "gaussian", "separability": (2.0, 4.0)},
            {"name": "imbalanced", "kind": "gaussian", "separability": (2.0,), "imbalance": 0.1},
            {"name": "breast_cancer_means"},
            {"name": "iris_versicolor_virginica"},
            {"name": "wine_1_2"},
        ),
        "The data sets, as under `datasets`.",
        allowed=_DATASETS,
    )
    initialisations: Initialisations = key(
        (
            InitialisationOptions(name="normal", scales=(0.5,)),
            InitialisationOptions(name="base_rate"),
            InitialisationOptions(name="sure_wrong", scales=(0.9999,)),
        ),
        "Where they start: entries as under `initialisations`.",
        allowed="a list of one or more initialisations, each a mapping with a name of its own",
    )
    flipped: Grid[Annotated[float, Field(ge=0, lt=0.5)]] = key(
        (0.0, 0.1, 0.3),
        "Shares of each class whose label is flipped before training; what is reached is judged on samples "
        "with their true labels.",
    )


def _on(model: str, suffix: str) -> tuple[MethodOptions, ...]:
    """MSE and BCE on a hidden layer, by plain descent and by Adam."""
    return tuple(
        MethodOptions(name=f"{loss}{by}_{suffix}", loss=loss, model=model, optimiser=optimiser)
        for by, optimiser in (("", "gd"), ("_adam", "adam"))
        for loss in ("mse", "bce")
    )


_NETWORKS = (
    *_on("tanh(4)", "tanh4"),
    *_on("relu(16)", "relu16"),
    MethodOptions(name="bce_first_tanh4", loss="bce for 50, mse", model="tanh(4)"),
)


class Networks(Experiment):
    """MSE against BCE with a hidden layer."""

    methods: Methods = key(_NETWORKS, "The methods, as under `methods`.", allowed=_METHODS)
    comparisons: Pairs = key(
        (
            *(
                (f"mse{by}_{model}", f"bce{by}_{model}")
                for model in ("tanh4", "relu16")
                for by in ("", "_adam")
            ),
            ("bce_first_tanh4", "mse_tanh4"),
            ("bce_first_tanh4", "bce_tanh4"),
        ),
        "Pairs of their names, contender and baseline.",
        allowed=_PAIRS,
    )
    datasets: Datasets = key(
        _made(
            {"name": "xor"},
            {"name": "moons", "noise": 0.2},
            {"name": "circles"},
            {"name": "contiguity", "fraction": 0.25},
            {"name": "iris_versicolor_virginica"},
            {"name": "wine_1_2"},
        ),
        "The data sets, as under `datasets`.",
        allowed=_DATASETS,
    )
    initialisations: Annotated[tuple[NetworkStartOptions, ...], Field(min_length=1, strict=False)] = key(
        (
            NetworkStartOptions(name="glorot"),
            NetworkStartOptions(name="he"),
            NetworkStartOptions(name="saturated", scales=(0.5,)),
        ),
        "Where they start: see below.",
        allowed="a list of one or more initialisations, each a mapping with a name of its own",
    )
    learning_rates: Grid[Rate] = key(
        (0.25, 1.0, 4.0),
        "Learning rates, as they are: a hidden layer has no largest curvature to measure them in.",
    )
    lengths: Grid[Rate] = key((0.01, 0.03, 0.1), "Learning rates of scale-free methods.")
    max_steps: int = key(2000, "The last step at which a run can arrive.", ge=1, le=1_000_000_000)
    reference_steps: int = key(
        1000,
        "Steps of the long descents (by Adam, at the rate 0.02, with both losses) whose best scores the "
        "targets are made from.",
        ge=1,
        le=1_000_000_000,
    )
    reference_starts: int = key(4, "Starts of the long descents with each loss.", ge=1, le=1000)
