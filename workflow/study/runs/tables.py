"""The tables of the plan and of the runs."""

from __future__ import annotations

from typing import Final

from study.tables.columns import BUDGET, LOSS, PLANNED, RATE, SEED, SETTING, START, TARGET
from study.tables.table import Column, Table

__all__ = ["CURVES", "PLAN", "RUNS"]

PLAN: Final = Table(
    "plan",
    "plan",
    (".parquet",),
    "One run to be made.",
    ("shard", "run"),  # a job reads its own row groups alone
    (
        *PLANNED,
        Column("target_accuracy", "float64", "", "Accuracy to be reached."),
        Column("target_brier", "float64", "", "Brier score to be reached."),
        Column("target_logloss", "float64", "nats", "Log loss to be reached."),
        *BUDGET,
        Column("shard", "int64", "", "Number of the job that makes the run."),
    ),
)

RUNS: Final = Table(
    "runs",
    "tables/runs",
    (".parquet",),
    "One run and target that is defined on its data, whatever happened.",
    ("run", "target"),
    (
        *PLANNED,
        *BUDGET,
        TARGET,
        Column("threshold", "float64", "see target", "Value at which the target holds."),
        Column(
            "status",
            "str",
            "",
            "`reached`, `censored` (budget ran out) or `diverged` (parameters not finite).",
        ),
        Column(
            "step",
            "int64",
            "steps",
            "First step, step 0 included, from which the target held for `hold` steps in a row; -1 unless "
            "reached.",
        ),
        Column("steps_run", "int64", "steps", "Steps the run made until all its targets were decided."),
    ),
)

CURVES: Final = Table(
    "curves",
    "tables/curves",
    (".parquet",),
    "One recorded step of a traced run.",
    ("run", "step"),
    (
        Column("run", "int64", "", "Number of the run, as in `runs`."),
        *SETTING,
        SEED,
        *START,
        LOSS,
        RATE,
        Column("step", "int64", "steps", "Step at which the values held."),
        Column("brier", "float64", "", "Brier score, the mean of (p - y)^2 (without the factor 1/2)."),
        Column("logloss", "float64", "nats", "Mean log loss."),
        Column("accuracy", "float64", "", "Share of samples with margin > 0."),
    ),
)
