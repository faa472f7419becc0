"""The table of the data sets."""

from __future__ import annotations

from typing import Final

from study.tables.columns import ROLE, SEED, SETTING
from study.tables.table import Column, Table

__all__ = ["DATASETS"]

DATASETS: Final = Table(
    "datasets",
    "tables/datasets",
    (".csv", ".parquet"),
    "One realised data set: (dataset, separability, seed).",
    ("data",),
    (
        Column("data", "int64", "", "Number of the realised data set, from 0."),
        *SETTING,
        SEED,
        ROLE,
        Column("n", "int64", "samples", "Number of samples."),
        Column("d", "int64", "columns", "Number of columns, the constant 1 of the bias included."),
        Column("positives", "int64", "samples", "Samples of class 1."),
        Column("fisher", "float64", "", "Fisher separability of the two classes in these samples."),
        Column(
            "separable",
            "bool",
            "",
            "Whether a hyperplane separates the classes without error, decided by a linear program.",
        ),
        Column(
            "bayes_error",
            "float64",
            "",
            "Least error of any classifier on the population; nan where unknown.",
        ),
        Column(
            "smoothness",
            "float64",
            "",
            "Largest eigenvalue of X'X/n; L of a loss is the loss's smoothness constant times this.",
        ),
        Column("bce_optimum", "float64", "nats", "Smallest mean log loss of the model on these samples."),
        Column("bce_accuracy", "float64", "", "Training accuracy at the BCE optimum; 1 where separable."),
        Column("brier_optimum", "float64", "", "Smallest mean of (p - y)^2 found; 0 where separable."),
        Column("target_accuracy", "float64", "", "Accuracy to be reached."),
        Column("target_brier", "float64", "", "Brier score to be reached."),
        Column("target_logloss", "float64", "nats", "Log loss to be reached."),
    ),
)
