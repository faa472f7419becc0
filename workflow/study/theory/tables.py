"""The tables of gradient flow, the phase diagram and local minima."""

from __future__ import annotations

from typing import Final

from study.tables.columns import LOSS, SEED, SETTING, START, TARGET
from study.tables.table import Column, Table

__all__ = ["FLOW", "MINIMA", "PHASE"]

_LARGE = Column(
    "large",
    "bool",
    "",
    "True for a large draw of `phase.large_n` samples, false for the study's own data.",
)

FLOW: Final = Table(
    "flow",
    "tables/flow",
    (".parquet",),
    "One gradient flow (data, start, loss) and target, reached or not.",
    ("data", "initialisation", "scale", "loss", "target"),
    (
        Column(
            "data",
            "int64",
            "",
            "Number of the realised data set, as in `datasets`; the large draws have the next numbers.",
        ),
        *SETTING,
        SEED,
        _LARGE,
        Column("n", "int64", "samples", "Number of samples."),
        *START,
        LOSS,
        TARGET,
        Column("threshold", "float64", "see target", "Value at which the target holds."),
        Column("status", "str", "", "`reached`, or `censored`: it did not hold up to `time`."),
        Column(
            "time",
            "float64",
            "time",
            "First passage (the flow has no steps to hold for); a step at learning rate eta advances the "
            "time by eta.",
        ),
    ),
)


def _measured(name: str, how: str) -> tuple[Column, ...]:
    return (
        Column(name, "float64", "ratio", f"Median paired slowdown {how}, or a lower bound of it."),
        Column(f"{name}_low", "float64", "ratio", "Lower end of its bootstrap interval over draws."),
        Column(f"{name}_high", "float64", "ratio", "Upper end of that interval; inf if unbounded."),
        Column(f"{name}_bound", "bool", "", f"Whether `{name}` is a lower bound."),
    )


PHASE: Final = Table(
    "phase",
    "tables/phase",
    (".csv", ".parquet"),
    "One point of the phase diagram: wrong starts of one scale on Gaussian data of one separability.",
    ("dataset", "separability", "large", "scale", "target"),
    (
        *SETTING,
        _LARGE,
        Column("n", "int64", "samples", "Number of samples."),
        START[1],
        TARGET,
        Column("mu", "float64", "", "Half the separability: distance of a class mean from the boundary."),
        *_measured("stepped", "of the sweep at the equal rate nearest to 1/L; nan where it was not run"),
        *_measured("flow", "of gradient flow"),
        Column(
            "starts",
            "int64",
            "pairs",
            "Pairs of flows behind `flow`, without those at the target from the start.",
        ),
        Column(
            "predicted",
            "float64",
            "ratio",
            "Slowdown that the population's law predicts; nan if none, or beyond float64.",
        ),
        Column(
            "spread",
            "float64",
            "ratio",
            "Predicted relative standard error of MSE's gradient at the start in a sample of `n`; "
            "nan where there is no prediction.",
        ),
        Column(
            "path_deviation",
            "float64",
            "theta",
            "Predicted bound on how far MSE's path in such a sample deviates from the straight one "
            "on its way to 0.",
        ),
        Column(
            "regime",
            "str",
            "",
            "Where the start lies: `small` logits; `plateau`, where the slowdown is exponential in the "
            "scale; `ceiling`, where it is a power of it.",
        ),
    ),
)

MINIMA: Final = Table(
    "minima",
    "tables/minima",
    (".csv", ".parquet"),
    "One local minimum of a loss on a constructed data set; see [claims.md](claims.md).",
    ("dataset", "loss", "minimum"),
    (
        Column("dataset", "str", "", "Name of the constructed data set: `two_scales` or `two_scales_twice`."),
        LOSS,
        Column("minimum", "int64", "", "Number of the minimum, from 0, by value."),
        Column("theta_0", "float64", "", "First weight."),
        Column("theta_1", "float64", "", "Second weight, or the bias where there is one weight."),
        Column("theta_2", "float64", "", "Bias where there are two weights, else nan."),
        Column("value", "float64", "", "Mean loss at the minimum (MSE with its factor 1/2)."),
        Column(
            "gradient_norm",
            "float64",
            "",
            "Length of the gradient at these parameters, computed in 50 digits.",
        ),
        Column("curvature", "float64", "", "Smallest eigenvalue of the Hessian, computed in 50 digits."),
        Column(
            "radius",
            "float64",
            "",
            "Proven by interval arithmetic: within this of each parameter lies exactly one stationary point, "
            "a minimum.",
        ),
        Column("starts", "int64", "", "How many descents from a lattice of starts ended there."),
    ),
)
