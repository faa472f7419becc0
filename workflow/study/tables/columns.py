"""Columns that several tables share."""

from __future__ import annotations

from typing import Final

from study.tables.table import Column

__all__ = ["BUDGET", "LOSS", "PLANNED", "RATE", "ROLE", "SEED", "SETTING", "START", "TARGET"]

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
ROLE: Final = Column(
    "role", "str", "", "`evaluation`, or `tuning` where the seed only serves to choose learning rates."
)
START: Final = (
    Column(
        "initialisation",
        "str",
        "",
        "How the first parameters were made: `zero`, `normal`, `wrong` or `right`.",
    ),
    Column("scale", "float64", "", "Size a of the first parameters; 0 for `zero`."),
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
    ROLE,
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
    Column("max_steps", "int64", "steps", "Budget: the step at which the run is stopped."),
    Column("traced", "bool", "", "Whether the learning curve of the run was recorded."),
)
TARGET: Final = Column(
    "target", "str", "", "`accuracy`, `brier` or `logloss`: the score whose threshold had to be reached."
)
