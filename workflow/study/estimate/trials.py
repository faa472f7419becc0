"""How long descents take, by short trials: the price of a step, and how many steps runs make."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import kernels
from kernels.width import WIDTH
from study.data.files import stratified
from study.data.samples import Sample
from study.data.streams import Stream

__all__ = ["Expected", "Group", "clock", "expect", "thinned"]

FEW: Final = 2000
"""Samples on which steps are counted: of more, so many are drawn. How many steps runs make hardly depends on
the number of samples; what a step costs is timed on all of them."""

FIRST: Final = 64
"""Steps of the first trial of a group of runs; each further one has `LONGER` times as many."""

LONGER: Final = 4

MOST: Final = 32
"""Groups of a part of a study that are tried, at most."""

ENOUGH: Final = 0.004
"""Seconds after which a timing is good enough."""

LARGE: Final = 200_000
"""Numbers in a data set from which no more runs are timed than go together."""

clock = time.process_time
"""Seconds of the processor: what a trial takes does not depend on what else the machine does."""


@dataclass(frozen=True)
class Group:
    """Runs on one data set that go together, and those on the other data sets of its setting.

    Attributes
    ----------
    drawn
        The data set.
    rows
        A row per run on it, with `max_steps`.
    descend
        Makes runs on a data set: from these and from rows.
    copies
        Data sets that have such runs.
    beyond
        Steps beyond `max_steps` in which a target that is met at the last one has to hold.
    together
        Runs that take as long as one alone: the next begins as soon as one of them has ended.
    curves
        Data sets of them on which the runs marked `traced` are made again, to the end of the budget.
    """

    drawn: Sample
    rows: pd.DataFrame
    descend: Callable[[Sample, pd.DataFrame], kernels.Descent]
    copies: int
    beyond: int
    together: int = WIDTH
    curves: int = 0

    @property
    def work(self) -> float:
        """About what all its runs take if none arrives, in any unit."""
        n, d = self.drawn.features.shape
        return float(self.copies * n * (10 + d) * (self.rows["max_steps"] + self.beyond).sum())


@dataclass(frozen=True)
class Expected:
    """Seconds of one core.

    Attributes
    ----------
    seconds
        That runs are expected to take.
    most
        That they take if none arrives before its budget ends.
    tried
        Runs that were tried.
    """

    seconds: float
    most: float
    tried: int


def expect(groups: Sequence[Group], seconds: float) -> Expected:
    """Expect how long groups of runs take.

    Of many groups some are tried, drawn in proportion to their work (systematic sampling), and stand for the
    others.

    Parameters
    ----------
    groups
    seconds
        About what the trials together may take, without what is compiled or loaded. Cheap groups are tried
        first, so that what they leave is there for the others.
    """
    if not groups:
        return Expected(0.0, 0.0, 0)
    ends = np.cumsum([group.work for group in groups])
    marks = np.searchsorted(ends, (np.arange(MOST) + 0.5) / MOST * ends[-1])
    chosen, weights = np.unique(marks, return_counts=True)
    order = sorted(zip(chosen, weights, strict=True), key=lambda one: groups[one[0]].work)
    expected, most, tried = 0.0, 0.0, 0
    for done, (place, weight) in enumerate(order):
        group, few = groups[place], thinned(groups[place].drawn)
        group.descend(few, group.rows.iloc[:1].assign(max_steps=1))  # compiles, or loads what was compiled
        begun = clock()
        found = _expected(group, few, seconds / (len(order) - done))
        seconds = max(seconds - (clock() - begun), 0.0)
        share = weight / MOST * ends[-1] / group.work
        expected, most, tried = (
            expected + share * found.seconds, most + share * found.most, tried + found.tried
        )  # fmt: skip
    return Expected(expected, most, tried)


def _expected(group: Group, few: Sample, seconds: float) -> Expected:
    """Expect how long a group takes, from trials of about so many seconds."""
    end = clock() + seconds
    call, price = _price(group)
    rows = group.rows
    first = FIRST * price * len(few.labels) / len(group.drawn.labels)  # of a trial of runs that go together
    some = rows
    if len(rows) * first > group.together * seconds / 2:
        some = _part(rows, max(group.together, int(group.together * seconds / 2 / first)))
    passes = _passes(np.resize(_steps(group, few, some, FIRST, end), len(rows)), group.together)
    most = _passes((rows["max_steps"] + group.beyond).to_numpy(), group.together)
    traced = rows.loc[rows["traced"], "max_steps"].to_numpy() if group.curves else np.zeros(0, dtype=np.int64)
    curves = price * group.curves * _passes(traced, group.together)
    return Expected(
        group.copies * (call + price * passes) + curves,
        group.copies * (call + price * most) + curves,
        len(some),
    )


def _passes(steps: NDArray[Any], together: int) -> float:
    """Passes over the samples that runs of so many steps take, if so many go together."""
    ends = [0.0] * together
    for made in steps.tolist():
        heapq.heapreplace(ends, ends[0] + made)
    return max(ends)


def _price(group: Group) -> tuple[float, float]:
    """Seconds that a call with few steps takes, and a pass over the whole data set more."""
    most = group.together * (1 if group.drawn.features.size > LARGE else 4)
    rows, steps = group.rows.iloc[:: -(-len(group.rows) // most)], 1
    rows = rows.assign(learning_rate=1e-9 * rows["learning_rate"])  # so that none ends early
    before, made = _timed(group, group.drawn, rows, steps)
    while True:
        steps *= LONGER
        used, now = _timed(group, group.drawn, rows, steps)
        if used - before >= ENOUGH:  # or was it something else that took so long?
            used = min(used, _timed(group, group.drawn, rows, steps)[0])
        longer = _passes(now, group.together) - _passes(made, group.together)
        if longer <= 0:  # all have ended
            return used, 0.0
        if used - before >= ENOUGH or steps >= int(rows["max_steps"].max()):
            return before, max(used - before, 0.1 * used) / longer


def _timed(group: Group, drawn: Sample, rows: pd.DataFrame, steps: int) -> tuple[float, NDArray[np.int64]]:
    """Seconds that runs take with another budget, and the steps that each makes."""
    begun = clock()
    made = group.descend(drawn, rows.assign(max_steps=np.minimum(steps, rows["max_steps"]))).steps_run
    return clock() - begun, made


def _steps(group: Group, drawn: Sample, rows: pd.DataFrame, steps: int, end: float) -> NDArray[np.float64]:
    """How many steps runs are expected to make: whole numbers for those that were seen to end.

    All are tried with a small budget; a part of those that have not ended by then, from the start again, with
    a larger one, and so on to the whole budget or to the end of the time. What is still under way then is
    taken to end as the last ones did: of those that are left at any step, the same share is left at
    `LONGER` times as many.
    """
    limit = float(group.rows["max_steps"].max()) + group.beyond
    used, made = _timed(group, drawn, rows, steps)
    reached = min(steps + group.beyond, limit)
    left = made >= reached
    if reached >= limit or not left.any():
        return made.astype(np.float64)
    out, rest = made.astype(np.float64), rows[left]
    kept = min(max(group.together, len(rest) // LONGER), len(rest))
    cost = used * LONGER * -(-kept // group.together) / -(-len(rows) // group.together)
    if cost > end - clock():
        out[left] = _longer(float(left.mean()), reached, limit, len(rest))
    else:
        out[left] = np.resize(_steps(group, drawn, _part(rest, kept), LONGER * steps, end), len(rest))
    return out


def _part(rows: pd.DataFrame, size: int) -> pd.DataFrame:
    """Draw so many rows, or all, in an order by chance."""
    return rows.iloc[Stream(0, "trial", len(rows)).permutation(len(rows))[:size]]


def _longer(stays: float, done: float, limit: float, runs: int) -> NDArray[np.float64]:
    """Steps up to `limit` of runs that have made `done`.

    Of those that are left at any step the share `stays` is left at `LONGER` times as many.
    """
    left = (np.arange(runs) + 0.5) / runs
    if stays == 1.0:
        return np.full(runs, limit)
    with np.errstate(over="ignore"):
        return np.minimum(done * left ** (math.log(LONGER) / math.log(stays)), limit)


def thinned(drawn: Sample) -> Sample:
    """Draw `FEW` samples of a data set that has more, twice its columns at least, of each class alike."""
    n, d = drawn.features.shape
    few = max(FEW, 2 * d)
    if n <= few:
        return drawn
    rows = stratified(drawn.labels, few / n, Stream(0, "thinned", n))
    return drawn._replace(features=np.ascontiguousarray(drawn.features[rows]), labels=drawn.labels[rows])
