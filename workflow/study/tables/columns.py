"""Columns that several tables share."""

from __future__ import annotations

from typing import Final

from study.tables.table import Column

__all__ = ["BUDGET", "LOSS", "PLANNED", "RATE", "SEED", "SETTING", "START", "TARGET"]

SETTING: Final = (
    Column("dataset", "str", "", "Name of the data set as the config gives it."),
    Column(
        "separability",
        "float64",
        "see data set",
        "How far apart the classes are: d' of `gaussian`, the margin of `separable`; nan for real data.",
    ),
)
SEED: Final = Column(
    "seed",
    "int64",
    "",
    "Seed of the start and of the data set's draw; for real data and your own, of the share of samples.",
)
START: Final = (
    Column(
        "initialisation",
        "str",
        "",
        "How the first parameters were made: `zero`, `normal`, `sure_wrong`, `sure_right`, `wrong` or "
        "`right`.",
    ),
    Column(
        "scale",
        "float64",
        "",
        "Length of the first parameters, or, of the `sure_` ones, the median sample's probability; 0 for "
        "`zero`.",
    ),
)
LOSS: Final = Column("loss", "str", "", "Name of the loss that was minimised.")
RATE: Final = Column(
    "rate", "float64", "1/L_BCE", "Learning rate in units of the largest safe rate of BCE on these data."
)

PLANNED: Final = (
    Column("run", "int64", "", "Number of the run, from 0."),
    Column(
        "start", "int64", "", "Number shared by all runs from the same first parameters on the same data."
    ),
    Column("data", "int64", "", "Number of the realised data set, as in `datasets`."),
    *SETTING,
    SEED,
    *START,
    LOSS,
    RATE,
    Column(
        "learning_rate",
        "float64",
        "",
        "Learning rate as the descent used it (loss MSE carries the factor 1/2).",
    ),
)
BUDGET: Final = (
    Column("max_steps", "int64", "steps", "Budget: the last step at which the run could arrive."),
    Column("traced", "bool", "", "Whether the learning curve of the run was recorded."),
)
TARGET: Final = Column(
    "target", "str", "", "`accuracy`, `brier` or `logloss`: the score whose threshold had to be reached."
)
