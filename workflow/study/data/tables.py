"""The table of the data sets."""

from __future__ import annotations

from typing import Final

from study.tables.columns import SEED, SETTING
from study.tables.table import Column, Table

__all__ = ["DATASETS"]

_UNDEFINED: Final = "; nan: the base rate is as good as what both losses attain."


def _scores(prefix: str, where: str, limit: str) -> tuple[Column, ...]:
    return (
        Column(f"{prefix}_accuracy", "float64", "", f"Accuracy {where}{limit}."),
        Column(f"{prefix}_brier", "float64", "", f"Brier score, the mean of (p - y)^2, {where}{limit}."),
        Column(f"{prefix}_logloss", "float64", "nats", f"Mean log loss {where}{limit}."),
    )


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
        Column("n", "int64", "samples", "Number of samples."),
        Column("d", "int64", "columns", "Number of columns, the constant 1 of the bias included."),
        Column("positives", "int64", "samples", "Samples of class 1."),
        Column("fisher", "float64", "", "Fisher separability of the two classes in these samples."),
        Column(
            "separable",
            "bool",
            "",
            "Whether a hyperplane separates the classes without error, proven or by a linear program.",
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
        Column(
            "median_margin",
            "float64",
            "",
            "Median margin of the samples under the unit direction of the BCE optimum; sure starts use it.",
        ),
        *_scores("bce", "at the BCE optimum", "; in the limit where it lies at infinity"),
        *_scores(
            "mse",
            "at the best MSE optimum found",
            "; in the limit where it lies at infinity (a log loss of inf if a sample is wrong there)",
        ),
        *_scores("base", "of the base rate, the share of positives as everybody's probability", ""),
        Column("target_accuracy", "float64", "", f"Accuracy to be reached{_UNDEFINED}"),
        Column("target_brier", "float64", "", f"Brier score to be reached{_UNDEFINED}"),
        Column("target_logloss", "float64", "nats", f"Log loss to be reached{_UNDEFINED}"),
    ),
)
