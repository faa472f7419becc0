"""How large a study is and how long it will take, before it is started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kernels import checks
from study.estimate.parts import Drawn, Part, first_data_sets, flow_part, run_parts
from study.estimate.trials import Expected, clock, expect
from study.machine import cores as allowed_cores
from study.runs.plan import Grid, assign_shards

if TYPE_CHECKING:
    from study.config.model import Config

__all__ = ["TRIAL_SECONDS", "describe"]

TRIAL_SECONDS: Final = 1.5
"""About what `describe` spends on the trials of a part, on one core, beside drawing the first data sets."""

JOBS: Final = 16
"""Jobs of a study that make no runs of its config: tables, figures, the report."""

FIXED: Final = 40.0
"""Core-seconds of these that hardly depend on the config, measured on the machine of docs/benchmarks.md."""

A_CELL: Final = 0.002
"""Core-seconds of the statistics of runs that differ in their seed alone, for each target, measured there; in
proportion to the resamples, here the default's."""

AGAIN: Final = 0.12
"""Time of the runs that are made again to see how sure the answer is, as a share of that of the sweep."""


def describe(config: Config, threads: int | None = None) -> str:
    """Say how large a study is and how long it will take, before it runs.

    The first data set of each setting is drawn. On these, some runs of each part are tried, most over a part
    of their budget. Nothing is written.

    Parameters
    ----------
    config
    threads
        Number of cores to assume; default: all that this process may use.

    Returns
    -------
    str
        Some lines of text, without a line break at the end.
    """
    begun = clock()  # what a job takes to start: this one did the same
    cores = checks.thread_count(threads or allowed_cores())
    drawn = first_data_sets(config)
    parts = [*run_parts(config, drawn), flow_part(config, drawn)]
    found = [_expected(part) for part in parts]
    facts = Part("data sets, with their facts", 0, 1)
    rest = Part("tables, figures, report", 0, JOBS)
    fixed = [Expected(drawn.seconds, drawn.seconds, 0), *found, _rest(config, parts, found)]
    return "\n".join([*_size(config, drawn, found), "", *_table([facts, *parts, rest], fixed, begun, cores)])


def _expected(part: Part) -> Expected:
    """What a part takes on one core."""
    one = expect(part.groups, TRIAL_SECONDS)
    seconds, most = (part.copies * (part.seconds + each) for each in (one.seconds, one.most))
    return Expected(seconds, most, one.tried)


def _rest(config: Config, parts: list[Part], found: list[Expected]) -> Expected:
    """What follows the runs."""
    cells = sum(part.copies * part.runs / part.seeds for part in parts if part.groups)
    seconds = FIXED + A_CELL * cells * len(config.targets) * config.statistics.resamples / 999
    return Expected(seconds + AGAIN * found[0].seconds, seconds + AGAIN * found[0].most, 0)


def _size(config: Config, drawn: Drawn, found: list[Expected]) -> list[str]:
    """How large the sweep is, and how long a shard takes."""
    grid, seeds, count = Grid(config, drawn.table), len(config.seeds), config.number_of_shards
    losses = ", ".join(f"{grid.count(loss) * seeds:,} {loss}" for loss in config.losses)
    last = config.max_steps + config.hold - 1
    return [
        f"data sets   {config.number_of_data_sets:,} ({len(drawn.table)} settings, {seeds} seeds)",
        f"starts      {int(grid.starts.sum()) * seeds:,}",
        f"runs        {int(grid.sizes.sum()) * seeds:,} ({losses})",
        f"steps       at most {int(grid.steps.sum()) * seeds:,} ({last:,} a run at most)",
        f"shards      {count:,} ({_duration(found[0].seconds / count)} of one core each)",
    ]


def _table(parts: list[Part], found: list[Expected], start: float, cores: int) -> list[str]:
    """A line for each part, and their total on so many cores."""
    lines = [f"{'time on one core':<28}{'runs':>12}{'jobs':>7}{'expected':>11}{'at most':>11}"]
    for part, one in zip(parts, found, strict=True):
        runs = f"{part.copies * part.runs:,}" if part.runs else ""
        times = f"{_duration(one.seconds):>11}{_duration(one.most):>11}"
        lines.append(f"{part.name:<28}{runs:>12}{part.copies * part.jobs:>7,}{times}")
    jobs = sum(part.copies * part.jobs for part in parts)
    begin = f"{_duration(start * jobs):>11}"
    lines.append(f"{'starting the jobs':<28}{'':>12}{jobs:>7,}{begin}{begin}")
    machine = f"{cores} core{'s' * (cores > 1)} of this machine"
    typical, upper = (
        _duration(_total(parts, times, start, cores))
        for times in ([one.seconds for one in found], [one.most for one in found])
    )
    tried = sum(one.tried for one in found)
    return [
        *lines,
        "",
        f"total time  {typical} expected, {upper} at most, on {machine} if nothing else runs",
        f"            (from trials of {tried:,} runs; runs that never arrive take the most)",
    ]


def _total(parts: list[Part], seconds: list[float], start: float, cores: int) -> float:
    """How long all jobs take on so many cores: the data, then all runs, then what follows them.

    A job has one core, but for that of the data. What follows the runs waits for one another: two at a time.
    """
    facts, *made, rest = seconds
    jobs = [
        start + time / (part.copies * part.jobs)
        for part, time in zip(parts[1:-1], made, strict=True)
        for _ in range(part.copies * part.jobs)
    ]
    work = np.array([round(1000 * job) for job in jobs], dtype=np.int64)
    runs = float(np.bincount(assign_shards(work, cores), work).max()) / 1000
    return start + facts / cores + runs + (rest + start * JOBS) / min(cores, 2)


def _duration(seconds: float) -> str:
    """Write a time to two digits: ``45 s``, ``3.2 min``, ``7.5 h``, ``12 days``."""
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= size:
            return f"{seconds / size:.2g} {unit}" if seconds < 100 * size else f"{seconds / size:,.0f} {unit}"
    return f"{max(seconds, 1.0):.2g} s"
