"""How far arrivals move when a start moves by one part in 1e14, and how often the loss rises on the way.

Where gradient descent is stable, a change of the last digits stays one. At large learning rates the way is
chaotic: the change grows until it is as large as the way itself, and the step of arrival is one draw of many.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from study import wording
from study.data.samples import Sample, sample
from study.data.streams import Stream
from study.runs.plan import stable_rates
from study.runs.sweep import NEVER, Progress, descend, first_parameters
from study.sensitivity.screen import SEEDS, first_screen, rerun
from study.sensitivity.tables import PERTURBATION
from study.statistics.answers import Start
from study.statistics.cells import summarise
from study.statistics.headline import Headline
from study.statistics.pairs import LOSSES, SETTING, pairs, with_ratio, with_times
from study.statistics.survival import Bools, Floats, median
from study.tables.table import conform

if TYPE_CHECKING:
    from study.config.model import Config
    from study.runs.sweep import Note

__all__ = ["CELLS", "NUDGE", "Move", "cells", "facts", "needed", "perturbation", "perturbed", "rising"]

NUDGE: Final = 1e-14
"""By what part of itself a parameter of a start is moved; a parameter of 0 is moved by this much."""

CELLS: Final = 40
"""Cells (a setting, a loss and a rate) whose runs are made again besides those of the first screen."""

STEPS: Final = 200
"""First steps at which it is looked whether the loss rises."""

_FAR: Final = 1.1
_ROUNDING: Final = 1e-12  # of a loss: the sums over samples are off by less, and a rise by less is none
_CELL: Final = ("dataset", "separability", "initialisation", "scale", "loss", "rate")
_ONE: Final = "one setting"


def cells(arrivals: pd.DataFrame, target: str, root: int) -> list[dict[str, str | float]]:
    """Draw the cells whose runs are made again, each as `store.scan` takes it.

    Parameters
    ----------
    arrivals
        The table `arrivals`.
    target
        The target they are made to.
    root
        Root seed of the study.

    Returns
    -------
    list of dict
        Of the cells at rates from the own 1/L of their loss on in which at least half of the runs arrived,
        and not most at the start, so that there is an arrival to move: the `CELLS` whose own streams begin
        with the smallest numbers. Another data set in the study leaves those numbers alone.
    """
    own = stable_rates()
    rows = arrivals[(arrivals["target"] == target) & arrivals["loss"].isin(LOSSES)]
    rows = rows[rows["rate"] >= rows["loss"].map(own).astype(float) * (1 - 1e-9)]
    rows = rows[(2 * rows["reached"] >= rows["runs"]) & (2 * rows["at_start"] <= rows["runs"])]
    found = rows[list(_CELL)].to_dict("records")
    draws = [Stream(root, "cell", *map(_part, cell.values())).uniforms(1)[0] for cell in found]
    return [{str(k): v for k, v in found[i].items()} | {"target": target} for i in np.argsort(draws)[:CELLS]]


def _part(value: str | float) -> str | float | None:
    """Return a value as a part of a stream's name, which cannot be nan."""
    return None if isinstance(value, float) and math.isnan(value) else value


def perturbed(rows: pd.DataFrame, drawn: Sample, root: int) -> Floats:
    """Make the parameters at step 0 of runs on one data set, moved by `NUDGE`: (rows, d).

    Every parameter is multiplied by 1 + 1e-14 s; one that is 0 becomes 1e-14 s. The sign s is +1 or -1 by a
    stream of (setting, seed), so that both losses and all rates start from the same moved parameters.
    """
    thetas = first_parameters(rows, drawn, root)
    names = zip(*(rows[name] for name in (*SETTING, "seed")), strict=True)
    signs: dict[tuple[Any, ...], Floats] = {}
    keys = [tuple(map(_part, (*name[:-1], int(name[-1])))) for name in names]
    for key in set(keys):
        uniforms = Stream(root, "perturbation", *key).uniforms(thetas.shape[1])
        signs[key] = np.where(uniforms < 0.5, 1.0, -1.0)
    moves = NUDGE * np.stack([signs[key] for key in keys])
    return np.where(thetas == 0.0, moves, thetas * (1.0 + moves))


def rising(rows: pd.DataFrame, arrays: Mapping[str, npt.NDArray[Any]], root: int) -> pd.DataFrame:
    """Count at how many of the first steps of runs the loss that they minimise rises.

    Parameters
    ----------
    rows
        Rows of `runs`, one per run.
    arrays
        The arrays of `study.runs.draw.build`.
    root
        Root seed of the study.

    Returns
    -------
    DataFrame
        Columns `rises` and `looked`, int64, with the index of `rows`: steps at which the loss is larger than
        a step before by more than rounding, and steps looked at, fewer than `STEPS` if the run diverged or
        the budget is smaller.
    """
    parts = []
    groups: Any = rows.groupby(["data", "loss"], sort=True)
    for (data, loss), group in groups:
        drawn = sample(arrays, data)
        first = group.assign(max_steps=np.minimum(group["max_steps"], STEPS))
        thetas, steps = first_parameters(group, drawn, root), np.arange(int(first["max_steps"].max()) + 1)
        trace = descend(drawn, first, thetas, loss, targets=NEVER, trace_steps=steps).trace
        assert trace is not None
        risk = trace["logloss" if loss == "bce" else "brier"]  # half the Brier score rises where it does
        before, after = risk[:, :-1], risk[:, 1:]
        up = (after > before * (1.0 + _ROUNDING)).sum(axis=1)
        looked = (~np.isnan(after)).sum(axis=1)
        parts.append(pd.DataFrame({"rises": up, "looked": looked}, index=group.index))
    empty = pd.DataFrame({"rises": [], "looked": []}, dtype=np.int64)
    return pd.concat(parts).loc[rows.index] if parts else empty


class Move(NamedTuple):
    """How far the steps of arrival of runs moved, a value per run.

    Attributes
    ----------
    moved
        bool: whether the run arrived at another step, or only one of the two arrived.
    ratio
        float64, at least 1: the larger step of arrival over the smaller, step 0 counting as 1; inf where only
        one arrived, 1 where neither did.
    """

    moved: Bools
    ratio: Floats

    @classmethod
    def between(cls, before: pd.DataFrame, after: pd.DataFrame) -> Move:
        """Compare rows of `runs`, the same ones in the same order."""
        was, now = (np.asarray(rows["status"] == "reached", dtype=np.bool_) for rows in (before, after))
        first, second = (rows["step"].to_numpy(np.float64) for rows in (before, after))
        low, high = np.minimum(first, second), np.maximum(first, second)
        ratio = np.where(was & now, np.maximum(high, 1.0) / np.maximum(low, 1.0), 1.0)
        return cls((was != now) | (was & now & (first != second)), np.where(was != now, np.inf, ratio))

    def columns(self) -> dict[str, Any]:
        """Return the columns of the table that say how far these runs moved."""
        far = int((self.ratio > _FAR).sum())
        return {
            "runs": len(self.ratio),
            "moved": int(self.moved.sum()),
            "moved_far": far,
            "largest_move": float(self.ratio.max(initial=1.0)),
            "chaotic": 20 * far > len(self.ratio),
        }


def perturbation(
    config: Config,
    frames: Mapping[str, pd.DataFrame],
    runs: pd.DataFrame,
    arrays: Mapping[str, npt.NDArray[Any]],
    note: Note,
) -> pd.DataFrame:
    """Compute the table `perturbation`.

    Parameters
    ----------
    config
        Its root seed, `hold` and statistics are read.
    frames
        The tables `answers`, `headline` and `arrivals`, by name.
    runs
        The rows of `runs` that `needed` names, all columns.
    arrays
        The arrays of `study.runs.draw.build`.
    note
        Takes lines on the progress of the runs.

    Returns
    -------
    DataFrame
        In the schema `PERTURBATION`.
    """
    chosen, runs = Headline.read(frames["headline"]), runs.reset_index(drop=True)
    starts = first_screen(frames["answers"], chosen)
    paired = _pairs(config, runs, starts, chosen)
    groups = [*_of_pairs(paired, starts), *_of_cells(runs, frames["arrivals"], chosen, config.seed)]
    needed = np.unique(np.concatenate([at for _, at in groups] or [np.zeros(0, dtype=np.int64)]))
    before = runs.loc[needed]
    progress = Progress("perturbation", len(needed), note)
    after = rerun(
        before, arrays, lambda rows, drawn: perturbed(rows, drawn, config.seed), config.hold, progress
    )
    few = before[before["seed"].isin(np.unique(before["seed"])[:SEEDS])]
    rises = rising(few, arrays, config.seed).reindex(before.index, fill_value=0)
    progress.end()
    rows = [
        row | _of_runs(before.loc[at], after.loc[at], rises.loc[at], config.statistics.confidence)
        for row, at in groups
    ]
    rows += [_of_number(part, start, policy, runs, after) for start, policy, part in _numbers(paired, starts)]
    return conform(pd.DataFrame(rows, columns=list(PERTURBATION.dtypes)), PERTURBATION)


def needed(frames: Mapping[str, pd.DataFrame], root: int) -> list[dict[str, str | float]]:
    """Say which rows of `runs` the function `perturbation` needs, in the form `store.scan` takes.

    Those are all from the starts of the first screen to the headline target, and those of `cells`.

    Parameters
    ----------
    frames
        The tables `answers`, `headline` and `arrivals`, by name.
    root
        Root seed of the study.
    """
    chosen = Headline.read(frames["headline"])
    starts = first_screen(frames["answers"], chosen)
    sampled = cells(frames["arrivals"], chosen.target, root)
    return [start.where(chosen.target) for start in starts] + sampled


def _pairs(config: Config, runs: pd.DataFrame, starts: Sequence[Start], chosen: Headline) -> pd.DataFrame:
    """Pair the runs of the first screen's starts, with the rows `at_mse` and `at_bce` of `runs` of each."""
    here = runs[runs["target"] == chosen.target]
    rows = pd.concat([start.of(here) for start in starts] or [here.iloc[:0]])
    paired = chosen.side_by_side(pairs(rows, stable_rates(), folds=config.statistics.folds))
    for loss in LOSSES:
        of_loss = rows[rows["loss"] == loss]
        places = of_loss[["start", "rate"]].assign(**{f"at_{loss}": of_loss.index})
        places = places.rename(columns={"rate": f"rate_{loss}"})
        paired = paired.merge(places, on=["start", f"rate_{loss}"], validate="many_to_one")
    return paired


def _numbers(paired: pd.DataFrame, starts: Sequence[Start]) -> list[tuple[Start, str, pd.DataFrame]]:
    """Split the pairs into those behind each number of the first screen: by start and policy."""
    out = []
    for start in starts:
        for policy, part in start.of(paired).groupby("policy", sort=True):
            out.append((start, str(policy), part))
    return out


Group = tuple[dict[str, Any], npt.NDArray[np.int64]]
"""The key columns of a row of the table, and the places of its runs in `runs`."""


def _of_pairs(paired: pd.DataFrame, starts: Sequence[Start]) -> list[Group]:
    """List the runs of one loss behind each number of the first screen."""
    return [
        (
            _key(start, policy, loss, part[f"rate_{loss}"].to_numpy(float), part["target"].iloc[0]),
            part[f"at_{loss}"].to_numpy(np.int64),
        )
        for start, policy, part in _numbers(paired, starts)
        for loss in LOSSES
    ]


def _key(start: Start, policy: str, loss: str, rates: Floats, target: str) -> dict[str, Any]:
    """Return the key columns of a row behind a number of the first screen; `rates` are those of its runs."""
    return {
        "policy": policy,
        "initialisation": start.initialisation,
        "scale": start.scale,
        "data": start.data,
        "dataset": "",
        "separability": np.nan,
        "loss": loss,
        "rate": float(rates[0]) if (rates == rates[:1]).all() and rates.size else np.nan,
        "target": target,
    }


def _of_cells(runs: pd.DataFrame, arrivals: pd.DataFrame, chosen: Headline, root: int) -> list[Group]:
    """List the runs of each cell of the sample."""
    out = []
    for cell in cells(arrivals, chosen.target, root):
        here = np.ones(len(runs), dtype=np.bool_)
        for name, value in cell.items():
            here &= (runs[name].isna() if pd.isna(value) else runs[name] == value).to_numpy(bool)
        out.append(({**cell, "policy": "none", "data": _ONE}, runs.index.to_numpy(np.int64)[here]))
    return out


def _of_runs(before: pd.DataFrame, after: pd.DataFrame, rises: pd.DataFrame, level: float) -> dict[str, Any]:
    """Compare the runs of one loss before and after."""
    middles = [_median(rows, level) for rows in (before, after)]
    texts = [wording.steps(middle, int(before["max_steps"].max())) for middle in middles]
    looked = int(rises["looked"].sum())
    return {
        **Move.between(before, after).columns(),
        "median_before": middles[0],
        "median_after": middles[1],
        "slowdown_before": np.nan,
        "slowdown_after": np.nan,
        "text_before": texts[0],
        "text_after": texts[1],
        "same_text": texts[0] == texts[1],
        "rises": int(rises["rises"].sum()) / looked if looked else np.nan,
    }


def _median(rows: pd.DataFrame, level: float) -> float:
    timed = with_times(rows)
    return float(median(timed["time"], timed["observed"], level=level)[0][0])


def _of_number(
    part: pd.DataFrame, start: Start, policy: str, runs: pd.DataFrame, after: pd.DataFrame
) -> dict[str, Any]:
    """Compare a number of the first screen before and after."""
    moves = [Move.between(runs.loc[part[f"at_{loss}"]], after.loc[part[f"at_{loss}"]]) for loss in LOSSES]
    both = Move(moves[0].moved | moves[1].moved, np.maximum(moves[0].ratio, moves[1].ratio))
    again = part.drop(columns="choice")
    for loss in LOSSES:
        timed = with_times(after.loc[part[f"at_{loss}"]])
        again[f"time_{loss}"], again[f"observed_{loss}"] = (
            timed[name].to_numpy() for name in ("time", "observed")
        )
    (was, text_before), (now, text_after) = _slowdown(part.drop(columns="choice")), _slowdown(again)
    return {
        **_key(start, policy, "both", np.zeros(0), part["target"].iloc[0]),
        **both.columns(),
        "median_before": np.nan,
        "median_after": np.nan,
        "slowdown_before": was,
        "slowdown_after": now,
        "text_before": text_before,
        "text_after": text_after,
        "same_text": text_before == text_after,
        "rises": np.nan,
    }


def _slowdown(paired: pd.DataFrame) -> tuple[float, str]:
    """Return the slowdown of pairs, and its text without the interval, which is not asked for."""
    found = summarise(with_ratio(paired), ["policy"], resamples=1).iloc[0]
    return float(found["slowdown"]), str(found["text"]).partition(" [")[0]


def facts(table: pd.DataFrame) -> dict[str, Any]:
    """Return what prose can say of the table.

    Parameters
    ----------
    table
        The table `perturbation`.

    Returns
    -------
    dict
        `numbers`, `same`: numbers of the first screen, and those of which no printed digit moved; `moved`:
        the rows of the others. `cells`, `chaotic`: cells of the sample and those that are chaotic.
        `largest_move`: the largest finite one in the table, nan without one. `rises`: by loss, the least and
        the greatest `rises` of a cell of the sample.
    """
    numbers, sampled = table[table["loss"] == "both"], table[table["policy"] == "none"]
    moves = table["largest_move"].to_numpy(float)
    moves = moves[np.isfinite(moves)]
    shares = sampled[sampled["rises"].notna()].groupby("loss", sort=True)["rises"]
    return {
        "numbers": len(numbers),
        "same": int(numbers["same_text"].sum()),
        "moved": numbers[~numbers["same_text"].astype(bool)].to_dict("records"),
        "cells": len(sampled),
        "chaotic": int(sampled["chaotic"].sum()),
        "largest_move": float(moves.max()) if moves.size else math.nan,
        "rises": {str(loss): (float(part.min()), float(part.max())) for loss, part in shares},
    }
