"""The tables of a study, collected from the packages that make them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from study.claims.tables import CLAIMS
from study.data.tables import DATASETS
from study.experiments.tables import (
    DEMONSTRATED,
    EXPERIMENT_CELLS,
    EXPERIMENT_DATA,
    EXPERIMENT_ENDS,
    EXPERIMENT_RUNS,
    EXPERIMENTS,
)
from study.methods.tables import COMPARED, COMPARISONS, METHOD_RUNS, REACHED
from study.runs.tables import CURVES, PLAN, RUNS
from study.sensitivity.tables import PERTURBATION, SENSITIVITY
from study.statistics.tables import ANSWERS, ARRIVALS, DECOMPOSITION, ENDS, HEADLINE, SLOWDOWN
from study.theory.tables import FLOW, MINIMA, PHASE

__all__ = ["OF_A_STUDY", "TABLES"]

_OF_A_STUDY: Final = (
    *(DATASETS, RUNS, CURVES, SLOWDOWN, HEADLINE, ANSWERS, DECOMPOSITION, ENDS, ARRIVALS),
    *(FLOW, PHASE, MINIMA, SENSITIVITY, PERTURBATION, CLAIMS),
    *(METHOD_RUNS, COMPARISONS, COMPARED, REACHED),
    *(EXPERIMENT_DATA, EXPERIMENT_RUNS, EXPERIMENTS, EXPERIMENT_CELLS, EXPERIMENT_ENDS),
    DEMONSTRATED,
)

TABLES: Final = MappingProxyType({table.name: table for table in (PLAN, *_OF_A_STUDY)})
"""Every table of a study by name. A new one is an entry in the list above."""

OF_A_STUDY: Final = tuple(table.name for table in _OF_A_STUDY)
"""Names of the tables that the report is written from: all but the plan."""
