"""The tables of how far the answer moves."""

from __future__ import annotations

from typing import Final

from study.statistics.tables import SUMMARY
from study.tables.columns import SETTING, START, TARGET
from study.tables.table import Column, Table

__all__ = ["NOTHING", "PERTURBATION", "SENSITIVITY"]

NOTHING: Final = "nothing"
"""What is `changed` in the row that the others are compared with."""

_POLICY: Final = Column(
    "policy",
    "str",
    "",
    "Learning rates of the two losses, as in `slowdown`; `none` for the runs of one cell alone.",
)

_SUMMARISED: Final = (
    *("starts", "at_start", "mse_median", "bce_median", "slower", "faster"),
    *("slowdown", "slowdown_low", "slowdown_high", "slowdown_bound", "text"),
)

SENSITIVITY: Final = Table(
    "sensitivity",
    "tables/sensitivity",
    (".csv", ".parquet"),
    "A number of the first screen with one choice made differently: the pairs of one start.",
    ("initialisation", "scale", "changed", "choice"),
    (
        *START,
        Column("data", "str", "", "Where the pairs are from: `all data sets` or `real data`."),
        Column(
            "changed",
            "str",
            "",
            "What was chosen differently: `nothing`, `target`, `threshold`, `rate`, `convention` (MSE "
            "without its factor 1/2) or `policy` (each loss at a rate of its own).",
        ),
        Column(
            "choice",
            "str",
            "",
            "To what it was changed, in words; runs to another threshold are from the first ten seeds.",
        ),
        TARGET,
        Column(
            "share",
            "float64",
            "",
            "How far the target lies from what both losses attain, as a share of the way to what the base "
            "rate scores.",
        ),
        _POLICY,
        Column(
            "rate",
            "float64",
            "1/L_BCE",
            "The common rate under the two equal policies; nan under the others.",
        ),
        *(column for column in SUMMARY if column.name in _SUMMARISED),
    ),
)

PERTURBATION: Final = Table(
    "perturbation",
    "tables/perturbation",
    (".csv", ".parquet"),
    "Runs made again after their start was moved by one part in 1e14: those of one loss behind a number of "
    "the first screen, the pairs behind that number, or those of one cell.",
    ("policy", "initialisation", "scale", "dataset", "separability", "loss", "rate", "target"),
    (
        _POLICY,
        *START,
        Column(
            "data",
            "str",
            "",
            "Where the runs are from: `all data sets`, `real data`, or `one setting`, that of the cell.",
        ),
        *SETTING,
        Column("loss", "str", "", "Name of the loss that was minimised; `both` for the pairs of a number."),
        Column("rate", "float64", "1/L_BCE", "Rate of the runs; nan where they differ in it."),
        TARGET,
        Column("runs", "int64", "runs", "Number of runs, or of pairs, that were made again."),
        Column(
            "moved", "int64", "runs", "Those that arrived at another step, or of which one alone arrived."
        ),
        Column("moved_far", "int64", "runs", "Those whose step of arrival moved by more than a tenth."),
        Column(
            "largest_move",
            "float64",
            "ratio",
            "Largest ratio of the two steps of arrival, step 0 counting as 1; inf where one alone arrived.",
        ),
        Column("chaotic", "bool", "", "Whether more than one in twenty of the runs are in `moved_far`."),
        Column(
            "median_before",
            "float64",
            "steps",
            "Kaplan-Meier median of the step of arrival as in `runs`; inf if not reached; nan for pairs.",
        ),
        Column("median_after", "float64", "steps", "The same of the runs made again."),
        Column("slowdown_before", "float64", "ratio", "Slowdown of the pairs as in `answers`; else nan."),
        Column("slowdown_after", "float64", "ratio", "The same of the pairs made again."),
        Column("text_before", "str", "", "The median, or the slowdown, as it is printed."),
        Column("text_after", "str", "", "The same of the runs made again."),
        Column("same_text", "bool", "", "Whether the two texts are the same: no printed digit moved."),
        Column(
            "rises",
            "float64",
            "",
            "Share of the first 200 steps at which the loss that is minimised is larger than a step before, "
            "over the runs of the first ten seeds; nan for pairs.",
        ),
    ),
)
