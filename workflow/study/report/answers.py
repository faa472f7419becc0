"""The numbers of the answer, and where they come from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from study.report import first
from study.statistics.bootstrap import RESAMPLES
from study.statistics.ends import EVERY, of_targets
from study.statistics.headline import Headline
from study.statistics.pairs import CELL, LOSSES, SETTING
from study.statistics.survival import LEVEL
from study.statistics.tables import SUMMARY


@dataclass(frozen=True)
class Provenance:
    """Where the numbers come from.

    Attributes
    ----------
    commit
        Of the code, `unknown` where there is none.
    config
        The config as YAML text.
    level, resamples
        Confidence level and bootstrap resamples that the tables were made with.
    versions
        Package name to version, Python among them.
    digests
        File, relative to the page, to SHA-256.
    """

    commit: str = "unknown"
    config: str = ""
    level: float = LEVEL
    resamples: int = RESAMPLES
    versions: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)


def answer(frames: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Gather the numbers of the first screen.

    Parameters
    ----------
    frames
        The tables `headline`, `answers` and `ends` by name.

    Returns
    -------
    dict
        `target`, `rate` (the common one), `largest_rate` (the largest tried with MSE) and `setting`: see
        `study.statistics.headline.Headline`; and what follows. A summary is a dict of the summary columns of
        the table `answers`, or None where the study holds no pair with a ratio. A spread is {`cells`,
        `lowest`, `highest`}, the last two as (value, whether a lower bound), or None.

        - `zero`: {`equal`, `smoothness`, `tuned`}: summaries of all zero starts, pooled over the data sets,
          or None; `zero_spread` over the cells, equal rates;
        - `wrong`: by ascending scale {`scale`, `equal`, `smoothness`, `tuned`}: wrong starts in the setting;
        - `featured`: index in `wrong` of the scale that the first screen speaks of, or None; `wrong_spread`:
          over all cells at that scale, equal rates;
        - `ordinary`: {`scale`, `equal`, `smoothness`, `tuned`} at the smallest scale of `normal` on real
          data, pooled, or None; `ordinary_spread`: over those cells, equal rates;
        - `edges`: {`zero`, `ordinary`}: in how many of their cells MSE's best rate is the largest tried;
        - `unfinished`: {loss: (runs not finished, runs)} at that target, all rates.
    """
    chosen = Headline.read(frames["headline"])
    rows = frames["answers"][frames["answers"]["target"] == chosen.target]
    zero, ordinary, wrong = (rows[rows["initialisation"] == name] for name in ("zero", "normal", "wrong"))
    scales = np.unique(wrong["scale"]).tolist()
    cell = dict(zip(SETTING, (*(chosen.setting or ()), "wrong"), strict=False))
    return {
        "target": chosen.target,
        "rate": chosen.rate,
        "largest_rate": chosen.largest_rate["mse"],
        "setting": chosen.setting,
        "zero": _by_policy(zero) if len(zero) else None,
        "zero_spread": _spread(zero),
        "wrong": [{"scale": scale, **_by_policy(wrong[wrong["scale"] == scale], cell)} for scale in scales],
        "featured": scales.index(chosen.wrong_scale) if chosen.wrong_scale in scales else None,
        "wrong_spread": _spread(wrong[wrong["scale"] == chosen.wrong_scale]),
        "ordinary": {"scale": float(ordinary["scale"].iloc[0]), **_by_policy(ordinary)}
        if len(ordinary)
        else None,
        "ordinary_spread": _spread(ordinary),
        "edges": {"zero": _edges(zero), "ordinary": _edges(ordinary)},
        "unfinished": _unfinished(frames["ends"], chosen.target),
    }


_SUMMARY = tuple(column.name for column in SUMMARY)
_CELL = (*CELL[len(SETTING) - 1 :], "rate_mse", "rate_bce")


def _by_policy(rows: pd.DataFrame, cell: Mapping[str, Any] | None = None) -> dict[str, dict[str, Any] | None]:
    """Index rows of the table `answers` by policy; a policy without a pair that has a ratio is None.

    Parameters
    ----------
    rows
        Of one start and target.
    cell
        If each row is of one cell: the columns of the cell that the rows lack. They are added to the dicts.
    """
    columns = ("policy",) if cell is None else _CELL
    found = {
        row["policy"]: {**(cell or {}), **{name: row[name] for name in (*columns, *_SUMMARY)}}
        for row in rows[rows["starts"] > rows["at_start"]].to_dict("records")
    }
    return {policy: found.get(policy) for policy in ("equal", "smoothness", "tuned")}


def _spread(rows: pd.DataFrame) -> dict[str, Any] | None:
    """Least and greatest slowdown of the cells behind some rows of the table `answers`, at equal rates."""
    rows = rows[(rows["policy"] == "equal") & (rows["cells"] > 0)]
    if rows.empty:
        return None
    (row,) = rows.to_dict("records")
    return {"cells": row["cells"]} | {end: (row[end], row[f"{end}_bound"]) for end in ("lowest", "highest")}


def _edges(rows: pd.DataFrame) -> int:
    """Count the cells in which MSE's best rate is the largest tried, from rows of the table `answers`."""
    return int(rows.loc[rows["policy"] == "tuned", "at_largest_rate"].sum())


def _unfinished(ended: pd.DataFrame, target: str) -> dict[str, tuple[int, int]]:
    """Count the runs of each of the two losses that did not reach a target, and all of them."""
    ended = of_targets(ended)
    ended = ended[(ended["target"] == target) & ended["loss"].isin(LOSSES)]
    counts = zip(ended["loss"], ended["runs"], ended["reached"], strict=True)
    return {loss: (int(runs - reached), int(runs)) for loss, runs, reached in counts}


def whole(ended: pd.DataFrame) -> pd.DataFrame:
    """Keep of the table `ends` the rows that count each run once."""
    return ended[ended["target"] == EVERY]


def starts(ended: pd.DataFrame) -> int:
    """Count the starts of a study: every loss has all of them."""
    return int(whole(ended)["starts"].max()) if len(ended) else 0


def _jsonable(value: Any) -> Any:
    """Turn numpy scalars into plain ones, tuples into lists, and nan and inf, which JSON lacks, into null."""
    if isinstance(value, Mapping):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def summary(frames: Mapping[str, pd.DataFrame], provenance: Provenance) -> dict[str, Any]:
    """Return what `summary.json` holds: headline numbers, counts, versions and digests.

    Parameters
    ----------
    frames
        The tables `slowdown`, `headline`, `answers`, `ends` and `datasets` by name.
    provenance
        Commit, config, versions and digests.

    Returns
    -------
    dict
        Plain values only; null for nan and inf. `first_screen` has its sentences and numbers as printed;
        `answer` is `answer`; `ends` has a row per loss and target; `counts` has the numbers of runs, cells
        and data sets, and of cells that are lower bounds.
    """
    cells, ended, found = frames["slowdown"], frames["ends"], answer(frames)
    counts = {
        "runs": int(whole(ended)["runs"].sum()),
        "starts": starts(ended),
        "data_sets": len(frames["datasets"]),
        "cells": len(cells),
        "bounds": int(cells["slowdown_bound"].sum()),
        "diverged": int(whole(ended)["diverged"].sum()),
    }
    out = {
        "first_screen": {
            "lede": first.lede(found),
            "counting": first.counting(found),
            "cards": [asdict(card) for card in first.cards(found, provenance.level)],
        },
        "answer": found,
        "counts": counts,
        "ends": of_targets(ended).to_dict("records"),
        "commit": provenance.commit,
        "versions": dict(provenance.versions),
        "digests": dict(provenance.digests),
    }
    return _jsonable(out)  # type: ignore[no-any-return]
