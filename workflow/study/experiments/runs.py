"""The runs of an experiment, and what compares them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
from numpy.typing import NDArray

from study.experiments import networks
from study.experiments.tables import (
    EXPERIMENT_CELLS,
    EXPERIMENT_DATA,
    EXPERIMENT_ENDS,
    EXPERIMENT_RUNS,
    EXPERIMENTS,
)
from study.experiments.views import View, views
from study.methods import runs as method_runs
from study.methods.compare import compare as compare_methods
from study.runs import draw
from study.runs.sweep import Progress
from study.tables.table import Table, conform, gathered

if TYPE_CHECKING:
    from study.config.model import Config

__all__ = ["Made", "compare", "run"]


class Made(NamedTuple):
    """What an experiment gives: its data sets and its runs, in their schemas."""

    data: pd.DataFrame
    runs: pd.DataFrame


def run(config: Config, name: str, note: Callable[[str], None]) -> Made:
    """Draw the data sets of a part of an experiment, and make its runs.

    Parameters
    ----------
    config
        The config of the study.
    name
        One of `views`.
    note
        Takes lines of text, on the progress.
    """
    view = views(config)[name]
    table, arrays = _data(config, view, note)
    made = []
    for method in view.config.methods:
        rows = method_runs.plan(view.config, method, table[table["model"] == method.model])
        progress = Progress(f"{name}, method {method.name}", len(rows), note)
        made.append(method_runs.run(view.config, method, rows, arrays, progress))
    return Made(_named(table, view, EXPERIMENT_DATA), _named(pd.concat(made), view, EXPERIMENT_RUNS))


def _data(
    config: Config, view: View, note: Callable[[str], None]
) -> tuple[pd.DataFrame, dict[str, NDArray[Any]]]:
    """The data sets of an experiment, a row for each and model, and their arrays."""
    if view.experiment == "networks":
        return networks.build(view.config, config.networks.reference_steps, config.networks.reference_starts)
    table, arrays = draw.build(view.config, view.flipped, note)
    return table.assign(model="linear"), arrays


def _named(frame: pd.DataFrame, view: View, table: Table) -> pd.DataFrame:
    """A table with the experiment in front."""
    whole = frame.assign(experiment=view.experiment, flipped=view.flipped)
    return conform(whole[list(table.dtypes)], table)


def compare(config: Config, runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Compute the tables of the comparisons of all experiments.

    Parameters
    ----------
    config
        The config of the study.
    runs
        The table `experiment_runs`.

    Returns
    -------
    dict of str to DataFrame
        `experiments`, `experiment_cells` and `experiment_ends`, in their schemas.
    """
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in _TABLES}
    for view in views(config).values():
        here = runs[(runs["experiment"] == view.experiment) & (runs["flipped"] == view.flipped)]
        for name, found in compare_methods(view.config, here, every_rate=False).items():
            parts[name].append(_named(found, view, _TABLES[name]))
    return {table.name: gathered(parts[name], table) for name, table in _TABLES.items()}


_TABLES = {"comparisons": EXPERIMENTS, "compared": EXPERIMENT_CELLS, "reached": EXPERIMENT_ENDS}
"""Tables of the methods, and what they are called here."""
