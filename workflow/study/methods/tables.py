"""The tables of the methods and their comparisons."""

from __future__ import annotations

from typing import Final

from study.statistics.tables import SUMMARY
from study.tables.columns import SEED, SETTING, START, TARGET
from study.tables.table import Column, Table

__all__ = ["COMPARED", "COMPARISONS", "METHOD_RUNS", "REACHED", "of_sides"]

_METHOD: Final = (
    Column("method", "str", "", "Name of the method as the config gives it."),
    Column("loss", "str", "", "Name of the loss that it minimises."),
    Column("optimiser", "str", "", "What moves the parameters, with its parameters in parentheses."),
    Column("batch_size", "int64", "samples", "Samples in a batch; 0 where a step takes all of them."),
)

_RATE: Final = Column(
    "rate",
    "float64",
    "see scale_free",
    "Learning rate: in units of 1/L_BCE, or as it is where the optimiser is scale-free.",
)
_FREE: Final = Column(
    "scale_free", "bool", "", "Whether a rate is a length, whatever the size of the gradient, as with Adam."
)

METHOD_RUNS: Final = Table(
    "method_runs",
    "tables/method_runs",
    (".parquet",),
    "One run of a method and target that is defined on its data, whatever happened.",
    ("method", "start", "rate", "target"),
    (
        *_METHOD,
        _FREE,
        Column("start", "int64", "", "Number shared by all methods' runs from the same first parameters."),
        Column("data", "int64", "", "Number of the realised data set, as in `datasets`."),
        *SETTING,
        SEED,
        *START,
        _RATE,
        Column("learning_rate", "float64", "", "Learning rate as the descent used it."),
        Column("max_steps", "int64", "steps", "Budget: the last step at which the run could arrive."),
        TARGET,
        Column("status", "str", "", "`reached`, `censored` (budget ran out) or `diverged`."),
        Column(
            "step",
            "int64",
            "steps",
            "First step from which the target held at `hold` checks in a row; -1 unless reached. It is "
            "checked on all samples, at every step or, with mini-batches, once an epoch.",
        ),
        Column("steps_run", "int64", "steps", "Steps the run made until all its targets were decided."),
        Column(
            "passes",
            "float64",
            "passes",
            "What these steps cost in passes over the data, a pass being the gradient of every sample.",
        ),
        *(
            Column(
                f"test_{score}",
                "float64",
                unit,
                f"{name} at the run's end, on samples that it was not trained on; nan without such samples.",
            )
            for score, unit, name in (
                ("accuracy", "", "Accuracy"),
                ("brier", "", "Brier score"),
                ("logloss", "nats", "Log loss"),
            )
        ),
    ),
)


def _renamed(column: Column) -> Column:
    """A column of the pairs of MSE and BCE as one of a contender and a baseline."""
    meaning = column.meaning
    for name, side in (("BCE's", "the baseline's"), ("BCE", "the baseline")):
        meaning = meaning.replace(name, side)
    for name, side in (("MSE's", "the contender's"), ("MSE", "the contender")):
        meaning = meaning.replace(name, side)
    meaning = meaning.replace("losses", "methods")
    return Column(of_sides(column.name), column.dtype, column.unit, meaning[0].upper() + meaning[1:])


def of_sides(name: str) -> str:
    """The name of a column of pairs of MSE and BCE, for a contender and a baseline."""
    return name.replace("mse_", "contender_").replace("bce_", "baseline_")


_SUMMARISED: Final = tuple(_renamed(column) for column in SUMMARY)

_COMPARED: Final = (
    Column("contender", "str", "", "Name of the method whose steps are counted in those of the other."),
    Column("baseline", "str", "", "Name of the other method."),
    Column("label", "str", "", "What moves the parameters of the two, in words."),
    Column("place", "int64", "", "Place of the comparison in the config, from 0."),
    *START,
    Column(
        "policy",
        "str",
        "",
        "`equal` rates; equal rates with MSE without the factor 1/2 (`equal_no_half`); or each at its best "
        "(`tuned`).",
    ),
    Column(
        "rate",
        "float64",
        "see scale_free",
        "The common rate under the equal policies, in units of 1/L_BCE or as it is; nan under `tuned`.",
    ),
    TARGET,
    _FREE,
)

_KEY: Final = ("contender", "baseline", "initialisation", "scale", "policy", "rate", "target")

COMPARISONS: Final = Table(
    "comparisons",
    "tables/comparisons",
    (".csv", ".parquet"),
    "A comparison of two methods from one start, to one target: all pairs of runs on all its data sets.",
    _KEY,
    (
        *_COMPARED,
        Column("common", "bool", "", "Whether `rate` is the one that the page shows equal rates at."),
        *_SUMMARISED,
        Column("cells", "int64", "cells", "Data sets with a slowdown, each at its separabilities."),
        Column("lowest", "float64", "ratio", "The least slowdown of these; nan without one."),
        Column("lowest_bound", "bool", "", "Whether it is a lower bound."),
        Column("highest", "float64", "ratio", "The greatest slowdown of these; nan without one."),
        Column("highest_bound", "bool", "", "Whether it is a lower bound."),
    ),
)

COMPARED: Final = Table(
    "compared",
    "tables/compared",
    (".csv", ".parquet"),
    "A comparison of two methods on one data set: the pairs of runs that share all of the key.",
    ("dataset", "separability", *_KEY),
    (
        *SETTING,
        *_COMPARED,
        Column(
            "rate_contender",
            "float64",
            "see scale_free",
            "Rate of the contender; under `tuned`, the one chosen on all seeds.",
        ),
        Column("rate_baseline", "float64", "see scale_free", "The same of the baseline."),
        Column(
            "regret_contender",
            "float64",
            "ratio",
            "Geometric mean steps of the contender at the cross-fitted rates over those at the best single "
            "rate in hindsight; nan except under `tuned`.",
        ),
        Column("regret_baseline", "float64", "ratio", "The same of the baseline."),
        Column("edge_contender", "bool", "", "Whether that is the smallest or largest tried."),
        Column("edge_baseline", "bool", "", "The same of the baseline."),
        *_SUMMARISED,
    ),
)

REACHED: Final = Table(
    "reached",
    "tables/reached",
    (".csv", ".parquet"),
    "What two methods reach from one start at the common rate, in one score on samples that were not trained "
    "on: when all targets hold, or the budget ends.",
    ("contender", "baseline", "initialisation", "scale", "score"),
    (
        Column("contender", "str", "", "Name of the one method."),
        Column("baseline", "str", "", "Name of the other."),
        Column("label", "str", "", "What moves the parameters of the two, in words."),
        Column("place", "int64", "", "Place of the comparison in the config, from 0."),
        *START,
        Column("score", "str", "", "`accuracy`, `brier` (Brier score) or `logloss` (log loss)."),
        Column("pairs", "int64", "pairs", "Pairs of runs from the same start at the common rate."),
        Column("sets", "int64", "data sets", "Data sets of these pairs, each at its separabilities."),
        Column(
            "contender_median", "float64", "see score", "Median over data sets of the contender's medians."
        ),
        Column("baseline_median", "float64", "see score", "The same of the baseline."),
        Column(
            "difference",
            "float64",
            "see score",
            "Contender less baseline: median over data sets of the median over pairs.",
        ),
        Column(
            "difference_low",
            "float64",
            "see score",
            "Lower end of its interval, from the order of the data sets' medians; nan of too few data sets.",
        ),
        Column("difference_high", "float64", "see score", "Upper end likewise."),
    ),
)
