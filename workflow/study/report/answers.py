"""The numbers of the answer, and where they come from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from study.report import first, matrix, methods
from study.statistics.answers import REAL, spread
from study.statistics.bootstrap import RESAMPLES
from study.statistics.ends import EVERY, of_targets
from study.statistics.headline import Headline
from study.statistics.pairs import LOSSES, POLICIES
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
    hold
        Steps in a row for which a target had to hold.
    versions
        Package name to version, Python among them.
    digests
        File, relative to the page, to SHA-256.
    """

    commit: str = "unknown"
    config: str = ""
    level: float = LEVEL
    resamples: int = RESAMPLES
    hold: int = 1
    versions: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)


def answer(frames: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Gather the numbers of the first screen.

    Parameters
    ----------
    frames
        The tables `headline`, `answers`, `slowdown` and `ends` by name.

    Returns
    -------
    dict
        `target`, `rate` (the common one), `confidence`, `largest_rate` (the largest tried with MSE) and
        `setting`: see `study.statistics.headline.Headline`; and what follows. A start is {`initialisation`,
        `scale`, `data`, a summary for each policy, `spread`, `edges`}. A summary is a dict of the summary
        columns of the table `answers`, or None where there is no pair with a ratio. `spread` is {`cells`,
        `lowest`, `highest`} over its cells at equal rates, the last two as (value, whether a lower bound), or
        None; `edges` says in how many cells MSE's best rate is the largest tried.

        - `zero`, `ordinary` (the smallest scale of `normal`, on real data), `sure_wrong` (at `confidence`),
          `sure_right` (at the smallest scale): starts, pooled over data sets; None where the study has none;
          The first three have `real` as well: like `spread`, over the cells on real data, None where these
          are all;
        - `others`: summaries at equal rates to the other targets, by target and start of the first screen;
        - `confident`: all sure wrong starts, by ascending confidence;
        - `unfinished`: {loss: {`stable` or `above`: (runs that had not arrived, runs)}} at that target, at
          rates up to the loss's own 1/L and above.
    """
    chosen = Headline.read(frames["headline"])
    rows = frames["answers"][frames["answers"]["target"] == chosen.target]
    confident = _starts(rows, "sure_wrong")
    screen = {
        "zero": _first(_starts(rows, "zero")),
        "ordinary": _first(_starts(rows, "normal")),
        "sure_wrong": _first([start for start in confident if start["scale"] == chosen.confidence]),
    }
    return {
        "target": chosen.target,
        "rate": chosen.rate,
        "confidence": chosen.confidence,
        "largest_rate": chosen.largest_rate["mse"],
        "setting": chosen.setting,
        **{
            name: start and start | {"real": _real(frames["slowdown"], start, chosen)}
            for name, start in screen.items()
        },
        "others": _other_targets(frames["answers"], chosen.target, screen),
        "sure_right": _first(_starts(rows, "sure_right")),
        "confident": confident,
        "unfinished": _unfinished(frames["ends"], chosen.target),
    }


_SUMMARY = tuple(column.name for column in SUMMARY)


def _real(cells: pd.DataFrame, start: Mapping[str, Any], chosen: Headline) -> dict[str, Any] | None:
    """Least and greatest slowdown of a start on real data, at the common rate; None where that is all."""
    rows = chosen.side_by_side(cells[(cells["policy"] == "equal") & (cells["target"] == chosen.target)])
    rows = rows[(rows["initialisation"] == start["initialisation"]) & (rows["scale"] == start["scale"])]
    real = rows[rows["separability"].isna()]
    found = spread(real)
    return None if start["data"] == REAL or found["cells"] in {0, len(rows)} else _ends(found)


def _other_targets(
    answers: pd.DataFrame, target: str, screen: Mapping[str, Mapping[str, Any] | None]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Gather the slowdown at equal rates to the other targets: by target, by start of the first screen."""
    rows = answers[(answers["policy"] == "equal") & (answers["starts"] > answers["at_start"])]
    out: dict[str, dict[str, dict[str, Any]]] = {}
    for other in sorted(set(rows["target"]) - {target}):
        for name, start in screen.items():
            here = rows[rows["target"] == other]
            if start is not None:
                here = here[
                    (here["initialisation"] == start["initialisation"]) & (here["scale"] == start["scale"])
                ]
                for row in here.to_dict("records"):
                    out.setdefault(other, {})[name] = {column: row[column] for column in _SUMMARY}
    return out


def _first(starts: list[dict[str, Any]]) -> dict[str, Any] | None:
    return starts[0] if starts else None


def _starts(rows: pd.DataFrame, initialisation: str) -> list[dict[str, Any]]:
    """Gather the starts of one initialisation, by ascending scale, from rows of the table `answers`."""
    rows = rows[rows["initialisation"] == initialisation]
    return [_start(group) for _, group in rows.groupby("scale", sort=True)]


def _start(rows: pd.DataFrame) -> dict[str, Any]:
    """Gather one start from its rows of the table `answers`, one for each policy."""
    first = rows.iloc[0]
    counted = rows[rows["starts"] > rows["at_start"]].to_dict("records")
    found = {
        row["policy"]: {name: row[name] for name in (*_SUMMARY, "rate_mse", "rate_bce")} for row in counted
    }
    tuned = rows.loc[rows["policy"] == "tuned", "at_largest_rate"]
    return {
        **{name: first[name] for name in ("initialisation", "scale", "data")},
        **{policy: found.get(policy) for policy in POLICIES},
        "spread": _spread(rows),
        "edges": int(tuned.sum()),
    }


def _spread(rows: pd.DataFrame) -> dict[str, Any] | None:
    """Least and greatest slowdown of the cells behind some rows of the table `answers`, at equal rates."""
    rows = rows[(rows["policy"] == "equal") & (rows["cells"] > 0)]
    if rows.empty:
        return None
    (row,) = rows.to_dict("records")
    return _ends(row)


def _ends(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Lay out the columns of a spread as the first screen takes them: each end with whether it is a bound."""
    return {"cells": row["cells"]} | {end: (row[end], row[f"{end}_bound"]) for end in ("lowest", "highest")}


def _unfinished(ended: pd.DataFrame, target: str) -> dict[str, dict[str, tuple[int, int]]]:
    """Count the runs of each of the two losses that did not reach a target, and all of them, by rate."""
    ended = ended[(ended["target"] == target) & ended["loss"].isin(LOSSES)]
    out: dict[str, dict[str, tuple[int, int]]] = {}
    for row in ended.to_dict("records"):
        part = "stable" if row["stable"] else "above"
        out.setdefault(row["loss"], {})[part] = (int(row["runs"] - row["reached"]), int(row["runs"]))
    return out


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


def lede(frames: Mapping[str, pd.DataFrame], found: Mapping[str, Any], level: float) -> list[str]:
    """Answer the question in two sentences, for plain descent and for Adam, from the table of methods."""
    compared, target = frames["comparisons"], found["target"]
    plain = matrix.lead(compared, target, level)
    return [*(plain or first.lede(found)), *methods.lead(compared, target)]


def counting(frames: Mapping[str, pd.DataFrame], found: Mapping[str, Any]) -> list[str]:
    """Say what is reached, and what the numbers of the first screen are of."""
    return [*methods.reached_sentences(frames["reached"]), *first.counting(found)]


def summary(frames: Mapping[str, pd.DataFrame], provenance: Provenance) -> dict[str, Any]:
    """Return what `summary.json` holds: headline numbers, counts, versions and digests.

    Parameters
    ----------
    frames
        The tables `slowdown`, `headline`, `answers`, `ends`, `datasets`, `comparisons` and `reached`.
    provenance
        Commit, config, versions and digests.

    Returns
    -------
    dict
        Plain values only; null for nan and inf. `first_screen` has its sentences and numbers as printed;
        `answer` is `answer`; `methods` and `reached` have rows of the tables `comparisons` and `reached`;
        `ends` has a row per loss and target; `counts` has the numbers of runs, cells and data sets, and of
        cells that are lower bounds.
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
    compared, target = frames["comparisons"], found["target"]
    grid = methods.first_grid(compared, target)
    out = {
        "first_screen": {
            "lede": lede(frames, found, provenance.level),
            "unit": first.unit(target, provenance.hold),
            "counting": counting(frames, found),
            "cards": [asdict(card) for card in first.cards(found, provenance.level)],
            "methods": [dict(zip(grid.head, row, strict=True)) for row in grid.rows],
        },
        "answer": found,
        "methods": methods.shown(compared, target).to_dict("records"),
        "reached": frames["reached"].to_dict("records"),
        "counts": counts,
        "ends": of_targets(ended).to_dict("records"),
        "commit": provenance.commit,
        "versions": dict(provenance.versions),
        "digests": dict(provenance.digests),
    }
    return _jsonable(out)  # type: ignore[no-any-return]
