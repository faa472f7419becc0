"""What the report is made of: the answer's numbers, and where they come from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from study.report import first
from study.statistics import estimates as statistics


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
    level: float = statistics.LEVEL
    resamples: int = statistics.RESAMPLES
    versions: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)


def own_rates(cells: pd.DataFrame) -> dict[str, float]:
    """Read off the slowdown table at which rate each loss runs under `smoothness`; nan where it has no such cell."""
    rows = cells[cells["policy"] == "smoothness"]
    return {loss: float(rows[f"rate_{loss}"].iloc[0]) if len(rows) else math.nan for loss in statistics.LOSSES}


def answer(frames: Mapping[str, pd.DataFrame], provenance: Provenance) -> dict[str, Any]:
    """Compute the numbers of the first screen; see `study.statistics.estimates.answer`."""
    cells = frames["slowdown"]
    return statistics.answer(
        frames["runs"],
        cells,
        own_rates(cells),
        ended=frames["ends"],
        resamples=provenance.resamples,
        level=provenance.level,
    )


def whole(ended: pd.DataFrame) -> pd.DataFrame:
    """Keep of the table `ends` the rows that count each run once."""
    return ended[ended["target"] == statistics.EVERY]


def starts(ended: pd.DataFrame) -> int:
    """Count the starts of a study: every loss has all of them."""
    return int(ended.groupby("role")["starts"].max().sum())


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
        The tables `runs`, `slowdown`, `ends` and `datasets` by name.
    provenance
        Commit, config, versions and digests.

    Returns
    -------
    dict
        Plain values only; null for nan and inf. `first_screen` has its sentences and numbers as printed; `answer` is
        `study.statistics.estimates.answer`; `ends` has a row per loss and target; `counts` tells how many runs, cells and data
        sets there are, and how many cells are lower bounds.
    """
    cells, ended, found = frames["slowdown"], frames["ends"], answer(frames, provenance)
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
        "ends": statistics.of_targets(ended).to_dict("records"),
        "commit": provenance.commit,
        "versions": dict(provenance.versions),
        "digests": dict(provenance.digests),
    }
    return _jsonable(out)  # type: ignore[no-any-return]
