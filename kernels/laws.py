"""Exact laws of the slowdown: what must come out, from formulas and integrals instead of descents.

`docs/laws.md` derives every one of them.  All but `margin_time`, which needs a closed form, hold for any
registered loss.  Times are those of gradient flow: a step at learning rate eta advances the time by eta.
"""

from __future__ import annotations

from kernels.margin_law import CLOSED_FORMS, margin_time
from kernels.population import (
    LEAST_MU,
    Scores,
    population_deviation,
    population_gradient,
    population_optimum,
    population_passage,
    population_scores,
    population_spread,
    population_target,
    population_time,
    regime,
)
from kernels.stall import stall_logit

__all__ = [
    "CLOSED_FORMS",
    "LEAST_MU",
    "Scores",
    "margin_time",
    "population_deviation",
    "population_gradient",
    "population_optimum",
    "population_passage",
    "population_scores",
    "population_spread",
    "population_target",
    "population_time",
    "regime",
    "stall_logit",
]
