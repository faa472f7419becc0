"""The tables of medians, slowdowns and how runs ended."""

from __future__ import annotations

from typing import Final

from study.tables.columns import LOSS, RATE, SETTING, START, TARGET
from study.tables.table import Column, Table

__all__ = ["ANSWERS", "ARRIVALS", "DECOMPOSITION", "ENDS", "HEADLINE", "SLOWDOWN", "SUMMARY"]


def _of_loss(loss: str) -> tuple[Column, ...]:
    name = loss.upper()
    return (
        Column(f"{loss}_reached", "int64", "runs", f"Runs with {name} that reached the target."),
        Column(f"{loss}_censored", "int64", "runs", f"Runs with {name} whose budget ran out first."),
        Column(
            f"{loss}_diverged", "int64", "runs", f"Runs with {name} whose parameters became infinite or nan."
        ),
        Column(
            f"{loss}_median",
            "float64",
            "steps",
            f"Kaplan-Meier median of {name}'s step of arrival; inf if not reached.",
        ),
        Column(
            f"{loss}_median_low", "float64", "steps", "Lower end of its interval; inf if beyond the budget."
        ),
        Column(f"{loss}_median_high", "float64", "steps", "Upper end of its interval; inf if unbounded."),
        Column(
            f"{loss}_art",
            "float64",
            "steps",
            "Average running time: all steps spent per success; inf without a success.",
        ),
    )


SUMMARY: Final = (
    Column("starts", "int64", "pairs", "Starts from which both losses were run."),
    Column("at_start", "int64", "pairs", "Starts where the target held at step 0: they have no ratio."),
    Column(
        "bce_missed",
        "int64",
        "pairs",
        "Only BCE missed the target: the ratio is known to be below a value; enters as 0.",
    ),
    Column("both_missed", "int64", "pairs", "Both missed the target: nothing is known; censored at 0."),
    Column(
        "slower",
        "int64",
        "pairs",
        "MSE certainly took more steps than BCE; without the starts where the target held at step 0.",
    ),
    Column("faster", "int64", "pairs", "MSE certainly took fewer steps, likewise."),
    Column("budget", "int64", "steps", "Smallest budget among the runs."),
    *_of_loss("mse"),
    *_of_loss("bce"),
    Column(
        "logrank_p",
        "float64",
        "",
        "Log-rank test of equal arrival times; nan where no arrival distinguishes the losses.",
    ),
    Column(
        "slowdown",
        "float64",
        "ratio",
        "Kaplan-Meier median of T_MSE / T_BCE over pairs, or a lower bound of it.",
    ),
    Column("slowdown_low", "float64", "ratio", "Lower end of its bootstrap interval."),
    Column("slowdown_high", "float64", "ratio", "Upper end of this interval; inf if unbounded."),
    Column(
        "slowdown_bound",
        "bool",
        "",
        "Whether `slowdown` is a lower bound because the median was not reached.",
    ),
    Column(
        "text",
        "str",
        "",
        "The slowdown as it may be quoted: a bound as a bound, a target mostly met at the start as such.",
    ),
)
"""What is recorded of a group of pairs."""

_POLICY = (
    Column(
        "policy",
        "str",
        "",
        "`equal` rates; equal rates with MSE without the factor 1/2 (`equal_no_half`); each at its own 1/L "
        "(`smoothness`); or each at its best (`tuned`).",
    ),
    Column(
        "rate", "float64", "1/L_BCE", "The common rate under the two equal policies; nan under the others."
    ),
)


def _rates_of(loss: str) -> tuple[Column, ...]:
    name = loss.upper()
    return (
        Column(
            f"rate_{loss}",
            "float64",
            "1/L_BCE",
            f"Rate of the {name} runs as in the table `runs`; under `tuned`, the one chosen on all seeds.",
        ),
        Column(
            f"regret_{loss}",
            "float64",
            "ratio",
            f"Geometric mean steps of {name} at the cross-fitted rates over those at the best single rate in "
            "hindsight; a run that missed counts as twice the largest budget; nan except under `tuned`.",
        ),
        Column(
            f"edge_{loss}",
            "bool",
            "",
            f"Whether `rate_{loss}` is the smallest or the largest rate that was run; False unless `tuned`.",
        ),
    )


_SLOWDOWN = (
    *SETTING,
    *START,
    *_POLICY,
    TARGET,
    *(column for loss in ("mse", "bce") for column in _rates_of(loss)),
    *SUMMARY,
)


SLOWDOWN: Final = Table(
    "slowdown",
    "tables/slowdown",
    (".csv", ".parquet"),
    "One cell: the pairs of runs that share all of the key.",
    ("dataset", "separability", "initialisation", "scale", "policy", "rate", "target"),
    _SLOWDOWN,
)

HEADLINE: Final = Table(
    "headline",
    "tables/headline",
    (".csv", ".parquet"),
    "What the first screen and the figures show: one row.",
    ("target",),
    (
        Column("target", "str", "", "The target that they show."),
        Column(
            "rate",
            "float64",
            "1/L_BCE",
            "The common rate at which equal rates are shown; nan where none was run.",
        ),
        Column(
            "dataset", "str", "", "The data set of the figures; empty where every data set is a real one."
        ),
        Column(
            "separability", "float64", "see data set", "Its separability; nan where every data set is real."
        ),
        Column(
            "wrong_scale",
            "float64",
            "",
            "Size of the wrong start of the figures by length; nan where there is none.",
        ),
        Column(
            "confidence",
            "float64",
            "",
            "Scale of the `sure_wrong` start of the first screen; nan where there is none.",
        ),
        Column("largest_rate_mse", "float64", "1/L_BCE", "The largest rate that MSE was compared at."),
        Column("largest_rate_bce", "float64", "1/L_BCE", "The largest rate that BCE was compared at."),
    ),
)

ANSWERS: Final = Table(
    "answers",
    "tables/answers",
    (".csv", ".parquet"),
    "A start of the first screen, under one policy, to one target: all its pairs together.",
    ("initialisation", "scale", "policy", "target"),
    (
        *START,
        Column(
            "data",
            "str",
            "",
            "Where the pairs are from: `all data sets`, `real data`, or the `headline setting`.",
        ),
        *_POLICY,
        TARGET,
        Column(
            "rate_mse", "float64", "1/L_BCE", "Rate of the MSE runs; nan where it differs from cell to cell."
        ),
        Column(
            "rate_bce", "float64", "1/L_BCE", "Rate of the BCE runs; nan where it differs from cell to cell."
        ),
        *SUMMARY,
        Column(
            "cells",
            "int64",
            "cells",
            "Cells of such starts with a slowdown; for wrong starts, those on all data sets.",
        ),
        Column("lowest", "float64", "ratio", "The least slowdown of these cells; nan without one."),
        Column("lowest_bound", "bool", "", "Whether it is a lower bound."),
        Column("highest", "float64", "ratio", "The greatest slowdown of these cells; nan without one."),
        Column("highest_bound", "bool", "", "Whether it is a lower bound."),
        Column(
            "at_largest_rate",
            "int64",
            "cells",
            "Cells of such starts in which MSE ran at the largest rate tried.",
        ),
    ),
)

DECOMPOSITION: Final = Table(
    "decomposition",
    "tables/decomposition",
    (".csv", ".parquet"),
    "One setting and target: what each learning-rate policy leaves of the slowdown.",
    ("dataset", "separability", "initialisation", "scale", "target"),
    (
        *SETTING,
        *START,
        TARGET,
        Column(
            "rate",
            "float64",
            "1/L_BCE",
            "The common rate at which equal rates are shown: the one nearest to 1.",
        ),
        Column("equal", "float64", "ratio", "Slowdown at that common rate; nan where there is none."),
        Column(
            "equal_no_half",
            "float64",
            "ratio",
            "Slowdown there with MSE without the factor 1/2; nan likewise.",
        ),
        Column("smoothness", "float64", "ratio", "Slowdown with each loss at its own 1/L."),
        Column("tuned", "float64", "ratio", "Slowdown with each loss at its best rate."),
        Column("equal_bound", "bool", "", "Whether `equal` is a lower bound."),
        Column("equal_no_half_bound", "bool", "", "Whether `equal_no_half` is a lower bound."),
        Column("smoothness_bound", "bool", "", "Whether `smoothness` is a lower bound."),
        Column("tuned_bound", "bool", "", "Whether `tuned` is a lower bound."),
        Column("equal_text", "str", "", "`equal` as it may be quoted."),
        Column("equal_no_half_text", "str", "", "`equal_no_half` as it may be quoted."),
        Column("smoothness_text", "str", "", "`smoothness` as it may be quoted."),
        Column("tuned_text", "str", "", "`tuned` as it may be quoted."),
        Column("smoothness_buys", "float64", "ratio", "equal / smoothness; nan where either is a bound."),
        Column("tuning_buys", "float64", "ratio", "equal / tuned; nan where either is a bound."),
    ),
)

ENDS: Final = Table(
    "ends",
    "tables/ends",
    (".csv", ".parquet"),
    "How the runs of one loss ended at one target, at learning rates up to its own 1/L or above.",
    ("loss", "stable", "target"),
    (
        LOSS,
        Column(
            "stable",
            "bool",
            "",
            "Whether at rates up to the loss's own 1/L, L being its smoothness; else above.",
        ),
        Column(
            "target",
            "str",
            "",
            "As in `runs`; `every` counts each run once, by the worst end among its targets.",
        ),
        Column("runs", "int64", "runs", "Number of runs."),
        Column("starts", "int64", "starts", "Number of starts they were made from."),
        Column("reached", "int64", "runs", "Runs that reached the target."),
        Column("censored", "int64", "runs", "Runs whose budget ran out first."),
        Column("diverged", "int64", "runs", "Runs whose parameters became infinite or nan first."),
        Column("budget", "int64", "steps", "Largest budget among them."),
    ),
)

ARRIVALS: Final = Table(
    "arrivals",
    "tables/arrivals",
    (".csv", ".parquet"),
    "How the runs of one setting, loss, rate and target ended.",
    ("dataset", "separability", "initialisation", "scale", "loss", "rate", "target"),
    (
        *SETTING,
        *START,
        LOSS,
        RATE,
        TARGET,
        Column("runs", "int64", "runs", "Number of runs."),
        Column("at_start", "int64", "runs", "Runs whose target held before the first step."),
        Column("reached", "int64", "runs", "Runs that reached the target, those at the start included."),
        Column("censored", "int64", "runs", "Runs whose budget ran out first."),
        Column("diverged", "int64", "runs", "Runs whose parameters became infinite or nan first."),
        Column("budget", "int64", "steps", "Largest budget among them."),
    ),
)
