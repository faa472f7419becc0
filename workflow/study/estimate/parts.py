"""The parts of a study: how many jobs and runs each has, and how long it is expected to take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import kernels
from kernels.few_runs import FEW
from kernels.width import WIDTH
from study.data.samples import Sample, sample
from study.data.steps import silent
from study.estimate.trials import Group, clock, thinned
from study.experiments import networks
from study.experiments.views import View, views
from study.methods import runs as method_runs
from study.runs import draw
from study.runs.plan import Grid, thresholds
from study.runs.sweep import NEVER, Progress, descend, first_parameters, suited_lanes
from study.theory import phase

if TYPE_CHECKING:
    from study.config.methods import MethodOptions
    from study.config.model import Config

__all__ = ["Drawn", "Part", "first_data_sets", "flow_part", "run_parts"]

REFERENCE: Final = 2000
"""Steps at most of a descent for the targets of a network, in a trial."""

SHORT: Final = 5.0
"""Seconds: what is done sooner is timed again, without what is only loaded or compiled once."""

SAMPLES: Final = 5000
"""Samples at most on which the gradient flow of large draws is tried."""


@dataclass(frozen=True)
class Drawn:
    """The first data set of each setting.

    Attributes
    ----------
    table
        A row each (of networks, each with each model), as of `study.runs.draw.build`.
    arrays
        Their arrays.
    seconds
        Processor seconds that drawing all data sets of all seeds and their facts are expected to take.
    """

    table: pd.DataFrame
    arrays: dict[str, NDArray[Any]]
    seconds: float


@dataclass
class Part:
    """A part of a study.

    Attributes
    ----------
    name
        For the reader.
    runs
        How many there are.
    jobs
        Into how many jobs it is cut.
    groups
        The runs that are to be tried.
    seconds
        Of one core, of what is no run in `groups`.
    copies
        Parts that are like this one, itself among them.
    seeds
        Seeds that its runs differ in.
    """

    name: str
    runs: int
    jobs: int
    groups: Sequence[Group] = ()
    seconds: float = 0.0
    copies: int = 1
    seeds: int = 1


def first_data_sets(config: Config, flipped: float = 0.0) -> Drawn:
    """Draw the first data set of each setting, and find its facts.

    Parameters
    ----------
    config
        A study, or the view of an experiment on linear models.
    flipped
        As for `study.runs.draw.draw`.
    """
    begun = clock()
    draw.described(config)  # reads the user's files, once
    read = clock() - begun
    begun = clock()
    table, arrays = draw.build(_of_first_seed(config), flipped)
    used = clock() - begun
    if used < SHORT:  # much of it was spent on loading
        begun = clock()
        draw.build(_of_first_seed(config), flipped)
        used = clock() - begun
    return Drawn(table.assign(model="linear"), arrays, read + used * len(config.seeds))


def _of_networks(view: View, steps: int, starts: int) -> Drawn:
    """The same for an experiment on networks, where the targets come from long descents."""
    begun, tried = clock(), min(steps, REFERENCE)
    table, arrays = networks.build(_of_first_seed(view.config), tried, starts)
    return Drawn(table, arrays, (clock() - begun) * len(view.config.seeds) * steps / tried)


def _of_first_seed(config: Config) -> Config:
    return config.model_copy(update={"seeds": config.seeds[:1]})


def run_parts(config: Config, drawn: Drawn) -> Iterator[Part]:
    """Yield the parts of a study that make runs.

    Parameters
    ----------
    config
    drawn
        The first data sets of its settings.
    """
    yield _sweep(config, drawn)
    if config.methods:
        yield _methods(config, drawn, "methods")
    every = views(config)
    remedies = [view for view in every.values() if view.experiment == "remedies"]
    if remedies:
        view = remedies[len(remedies) // 2]  # a middle share of flipped labels stands for the others
        found = first_data_sets(view.config, view.flipped)
        part = _methods(view.config, found, "remedies")
        part.jobs, part.seconds, part.copies = 1, found.seconds, len(remedies)
        yield part
    if "networks" in every:
        options, view = config.networks, every["networks"]
        found = _of_networks(view, options.reference_steps, options.reference_starts)
        part = _methods(view.config, found, "networks")
        part.jobs, part.seconds = 1, found.seconds
        yield part


def _sweep(config: Config, drawn: Drawn) -> Part:
    grid = Grid(config, drawn.table)
    groups = []
    seeds = len(config.seeds)
    every: Any = grid.rows(np.arange(len(drawn.table))).groupby(["data", "loss"], sort=True)
    for (data, loss), rows in every:
        of_data = sample(drawn.arrays, data)
        lanes = suited_lanes(of_data, len(rows))
        descends = _to_targets(config, str(loss), lanes)
        curves = min(config.curves.seeds, seeds)
        together = FEW if lanes == "samples" else WIDTH
        groups.append(Group(of_data, rows, descends, seeds, config.hold - 1, together, curves))
    return Part("sweep", int(grid.sizes.sum()) * seeds, config.number_of_shards, groups, seeds=seeds)


def _to_targets(config: Config, loss: str, lanes: str) -> Callable[[Sample, pd.DataFrame], kernels.Descent]:
    """What makes runs of the sweep."""

    def descends(drawn: Sample, rows: pd.DataFrame) -> kernels.Descent:
        thetas = first_parameters(rows, drawn, config.seed)
        asked = thresholds(config, rows) or NEVER
        return descend(drawn, rows, thetas, loss, hold=config.hold, targets=asked, lanes=lanes)

    return descends


def _methods(config: Config, drawn: Drawn, name: str) -> Part:
    """The runs of the methods of a study or of the view of an experiment, a job each."""
    groups, runs = [], 0
    copies = min(config.method_runs.seeds, len(config.seeds))
    for method in config.methods:
        of_model = drawn.table[drawn.table["model"] == method.model]
        plan = method_runs.plan(config, method, of_model)
        runs += len(plan) * copies
        every: Any = plan.groupby(["data"], sort=True)
        for (data,), rows in every:
            of_data = sample(drawn.arrays, data)
            if thresholds(config, rows):
                beyond = (config.hold - 1) * method_runs.in_epoch(method, of_data)
                groups.append(Group(of_data, rows, _of_method(config, method), copies, beyond))
    return Part(name, runs, len(config.methods), groups, seeds=copies)


def _of_method(config: Config, method: MethodOptions) -> Callable[[Sample, pd.DataFrame], kernels.Descent]:
    """What makes runs of a method."""

    def descends(drawn: Sample, rows: pd.DataFrame) -> kernels.Descent:
        return method_runs.descend_on(config, method, rows, drawn, thresholds(config, rows))

    return descends


def flow_part(config: Config, drawn: Drawn) -> Part:
    """The gradient flow, solved on the first data set of each setting and one large draw, on few samples.

    Parameters
    ----------
    config, drawn
        As for `run_parts`.
    """
    own = drawn.table[drawn.table["separability"].notna()]
    no_data, options, seconds = own.iloc[:0], config.phase, 0.0
    _solved(config, own.iloc[:1], drawn.arrays, {"scales": options.scales[:1], "large_draws": 0})  # compiles
    for place, data in enumerate(own["data"]):
        few = thinned(sample(drawn.arrays, data))
        used = _solved(config, own.iloc[place : place + 1], few.arrays(data), {"large_draws": 0})
        seconds += used * own["n"].iloc[place] / len(few.labels) * len(config.seeds)
    large = phase.number_of_runs(config, no_data)
    if large:
        n = min(options.large_n, SAMPLES)
        used = _solved(config, no_data, {}, {"large_n": n, "large_draws": 1})
        seconds += used * options.large_n / n * options.large_draws
    runs = (phase.number_of_runs(config, own) - large) * len(config.seeds) + large
    return Part("gradient flow", runs, 1, (), seconds)


def _solved(
    config: Config, table: pd.DataFrame, arrays: dict[str, NDArray[Any]], changes: dict[str, Any]
) -> float:
    """Seconds that some of the flows take."""
    some = config.model_copy(update={"phase": config.phase.model_copy(update=changes)})
    begun = clock()
    phase.flow(some, table, arrays, Progress("flow", 1, silent))
    return clock() - begun
