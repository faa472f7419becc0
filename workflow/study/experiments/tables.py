"""The tables of the experiments: those of the methods, with the experiment in front."""

from __future__ import annotations

from typing import Final

from study.data.tables import DATASETS
from study.methods.tables import COMPARED, COMPARISONS, METHOD_RUNS, REACHED
from study.tables.columns import SEED, SETTING
from study.tables.table import Column, Table

__all__ = [
    "DEMONSTRATED",
    "EXPERIMENTS",
    "EXPERIMENT_CELLS",
    "EXPERIMENT_DATA",
    "EXPERIMENT_ENDS",
    "EXPERIMENT_RUNS",
    "FRONT",
]

FRONT: Final = (
    Column("experiment", "str", "", "Key of the config: `remedies` or `networks`."),
    Column("flipped", "float64", "", "Share of each class whose label was flipped before training."),
)

_KEY: Final = tuple(column.name for column in FRONT)


def _of(table: Table, name: str, row: str, suffixes: tuple[str, ...] = (".csv", ".parquet")) -> Table:
    """A table of the methods as one of the experiments."""
    return Table(name, f"tables/{name}", suffixes, row, (*_KEY, *table.key), (*FRONT, *table.columns))


EXPERIMENT_RUNS: Final = _of(
    METHOD_RUNS,
    "experiment_runs",
    "One run of an experiment and target that is defined on its data, whatever happened.",
    (".parquet",),
)
EXPERIMENTS: Final = _of(
    COMPARISONS,
    "experiments",
    "A comparison of two methods of an experiment from one start, to one target: all pairs of runs on all "
    "its data sets.",
)
EXPERIMENT_CELLS: Final = _of(
    COMPARED, "experiment_cells", "A comparison of two methods of an experiment on one data set."
)
EXPERIMENT_ENDS: Final = _of(
    REACHED,
    "experiment_ends",
    "What two methods of an experiment reach from one start at the common rate, in one score on samples that "
    "were not trained on.",
)

_SCORES: Final = ("accuracy", "brier", "logloss")
_KEPT: Final = {column.name: column for column in DATASETS.columns}

EXPERIMENT_DATA: Final = Table(
    "experiment_data",
    "tables/experiment_data",
    (".csv", ".parquet"),
    "One realised data set of an experiment, for one model: what its targets are made from.",
    (*_KEY, "model", "data"),
    (
        *FRONT,
        Column(
            "model",
            "str",
            "",
            "What turns features into a logit. The scores of a linear model are those at the optimum of each "
            "loss; those of a hidden layer, whose risk is not convex, are the best that long descents with "
            "that loss have found.",
        ),
        _KEPT["data"],
        *SETTING,
        SEED,
        *(_KEPT[name] for name in ("n", "d", "positives")),
        Column(
            "smoothness",
            "float64",
            "",
            "Largest eigenvalue of X'X/n, in which rates of linear models are counted; nan for a hidden "
            "layer.",
        ),
        *(
            Column(
                f"{loss}_{score}",
                _KEPT[f"{loss}_{score}"].dtype,
                _KEPT[f"{loss}_{score}"].unit,
                f"{score} with {loss.upper()}; see `model`.",
            )
            for loss in ("bce", "mse")
            for score in _SCORES
        ),
        *(_KEPT[f"{part}_{score}"] for part in ("base", "target") for score in _SCORES),
    ),
)

DEMONSTRATED: Final = Table(
    "demonstrations",
    "tables/demonstrations",
    (".csv", ".parquet"),
    "One number of a published demonstration that was run again.",
    ("demonstration", "place"),
    (
        Column("demonstration", "str", "", "Name of the demonstration."),
        Column("place", "int64", "", "Order of the rows."),
        Column("quantity", "str", "", "What the number is of."),
        Column("published", "float64", "see quantity", "The number in the source; nan where it gives none."),
        Column("ours", "float64", "see quantity", "The number here."),
        Column("verdict", "str", "", "Of the whole demonstration, in a few words."),
    ),
)
