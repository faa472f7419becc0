"""Descent with one loss after another: the end of one is the start of the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import kernels
from study.data.samples import Sample
from study.runs.sweep import descend

if TYPE_CHECKING:
    from study.config.methods import Leg

__all__ = ["descend_legs"]


def descend_legs(
    drawn: Sample,
    rows: pd.DataFrame,
    thetas: NDArray[np.float64],
    legs: Sequence[Leg],
    hold: int,
    check_every: int,
    **given: Any,
) -> kernels.Descent:
    """Descend on one data set with one loss after the other.

    Parameters
    ----------
    drawn, rows, thetas, hold, check_every, given
        As for `study.runs.sweep.descend`; `given` holds `targets`.
    legs
        The losses, each but the last with its number of steps.

    Returns
    -------
    kernels.Descent
        Steps and arrivals are counted from the first step of the first loss. Whether a target has held for
        `hold` checks is counted anew from a switch on, and an optimiser forgets what it remembered.
    """
    *first, last = legs
    budgets = rows["max_steps"].to_numpy()
    done = np.zeros_like(budgets)
    parts: list[tuple[NDArray[np.int64], kernels.Descent]] = []
    for leg in first:
        steps = np.minimum(int(leg.steps or 0), budgets - done)
        found = kernels.descend(
            drawn.features,
            drawn.labels,
            thetas,
            loss=leg.loss,
            learning_rate=rows["learning_rate"].to_numpy(),
            max_steps=steps,
            hold=hold,
            check_every=check_every,
            threads=1,
            **given,
        )
        parts.append((done, found))
        thetas, done = np.where(np.isfinite(found.theta), found.theta, 0.0), done + steps
    rest = rows.assign(max_steps=budgets - done)
    parts.append((done, descend(drawn, rest, thetas, last.loss, hold, check_every, **given)))
    return _joined(parts)


def _joined(parts: Sequence[tuple[NDArray[np.int64], kernels.Descent]]) -> kernels.Descent:
    """One descent from its parts, each with the steps before it; a run ends in the part that it ends in."""
    found = parts[0][1]
    for before, following in parts[1:]:
        # A run goes on that has neither met all targets nor diverged.
        met = np.all([steps >= 0 for steps in found.arrival.values()], axis=0)
        on = ~met & ~found.diverged
        arrival, status = {}, {}
        for name, steps in found.arrival.items():
            later = following.arrival[name]
            arrival[name] = np.where(on & (steps < 0) & (later >= 0), before + later, steps)
            otherwise = np.where(on, following.status[name], found.status[name])
            status[name] = np.where(arrival[name] >= 0, "reached", otherwise)
        found = replace(
            found,
            theta=np.where(on[:, None], following.theta, found.theta),
            steps_run=np.where(on, before + following.steps_run, found.steps_run),
            arrival=arrival,
            status=status,
        )
    return found
