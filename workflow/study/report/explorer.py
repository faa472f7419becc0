"""The data of the page's explorer: every cell in words, its survival and learning curves.

The page's script computes no number that it prints: all text is made here, by the code that makes the rest of
the page. Axes are lists; what belongs to a choice is in nested lists, one level per axis, null where the
study has none.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from study import wording
from study.data.starts import INITIALISATIONS
from study.figures.choice import separability_name
from study.figures.style import COLOURS, NAMES, POLICY_NAMES, TARGETS
from study.report import words
from study.report.packing import packed
from study.runs.plan import WITHOUT_HALF
from study.statistics import quantiles
from study.statistics.ends import GROUP, thinned
from study.statistics.headline import Headline
from study.statistics.pairs import EQUAL, LOSSES, POLICIES

LIMIT: Final = 2_000_000
"""Bytes that the data may take, so that the whole page stays below 3 MB."""

DETAIL: Final = ((40, 60), (15, 40), (6, 20), (0, 0))
"""Steps kept of each survival curve and points of each learning curve; the first pair that fits is taken."""

SCORES: Final = {"accuracy": "accuracy", "brier": "brier", "logloss": "logloss"}
"""The column of the table `curves` that shows how a run approaches a target."""

WORST: Final = 5
"""How many of the largest slowdowns the explorer lists."""

TUNED: Final = (
    "The results are of runs at the rates that the other seeds chose, in turn for each part of the seeds; "
    "the charts are of the runs at the rates named here, chosen on all seeds."
)
"""What a tuned comparison is of: its rates may differ from those that its charts can show."""

ARRIVED: Final = ("at_start", *(f"{loss}_reached" for loss in LOSSES))
"""Columns of `slowdown`: how many arrived before the first step, and in all with MSE and with BCE."""


def build(frames: Mapping[str, pd.DataFrame], level: float, *, limit: int = LIMIT) -> dict[str, Any] | None:
    """Gather what the explorer needs, in as much detail as fits.

    Parameters
    ----------
    frames
        The tables `slowdown`, `headline`, `arrivals`, `datasets` and `curves` by name, and `arrival_steps`:
        see `study.statistics.ends.arrival_steps`.
    level
        Confidence level of the intervals.
    limit
        Bytes that the JSON may take.

    Returns
    -------
    dict or None
        Plain values only; None where the study compares nothing.
    """
    cells = frames["slowdown"]
    if cells.empty:
        return None
    headline = Headline.read(frames["headline"])
    compared = headline.side_by_side(cells)
    for chosen in (cells, compared, compared[compared["target"] == headline.target]):
        for steps, points in DETAIL:
            out = _data(chosen, frames, level, steps, points)
            if len(dump(out)) <= limit:
                return out
    return None


def dump(data: Mapping[str, Any]) -> str:
    """Write the data, packed, as JSON for a script element: nothing in it can end the element."""
    text = json.dumps(packed(data), allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _data(
    cells: pd.DataFrame, frames: Mapping[str, pd.DataFrame], level: float, steps: int, points: int
) -> dict[str, Any]:
    arrivals = frames["arrivals"][frames["arrivals"]["loss"].isin(COLOURS)]
    axes = _Axes(cells, arrivals)
    headline = Headline.read(frames["headline"])
    last = int(arrivals["budget"].max())
    nested = _cells(axes, cells, level)
    return {
        "settings": axes.settings,
        "starts": axes.starts,
        "policies": axes.policies,
        "rates": [_chosen(rate) for rate in axes.rates],
        "targets": [{"key": target, "name": TARGETS.get(target, target)} for target in axes.targets],
        "losses": [NAMES[loss] for loss in LOSSES],
        "first": axes.first(headline, nested),
        "ticks": [[10**k, wording.count(10**k)] for k in range(math.floor(math.log10(last)) + 1)],
        "last": last,
        "cells": nested,
        "worst": _worst(axes, cells),
        "survival": _survivals(axes, arrivals, frames["arrival_steps"], steps) if steps else None,
        "thresholds": _thresholds(axes, frames["datasets"]),
        "curves": _curves(axes, frames["curves"], headline.rate, points) if points else None,
    }


class _Axes:
    """The lists to choose from, and the place of a table's row in them."""

    def __init__(self, cells: pd.DataFrame, arrivals: pd.DataFrame) -> None:
        settings = (
            cells[["dataset", "separability"]].drop_duplicates().sort_values(["dataset", "separability"])
        )
        starts = cells[["initialisation", "scale"]].drop_duplicates()
        order = {name: i for i, name in enumerate(INITIALISATIONS)}
        starts = starts.sort_values(
            ["initialisation", "scale"], key=lambda c: c.map(order) if c.name == "initialisation" else c
        )
        policies = _policies(cells)
        self.rates: list[float] = np.unique(arrivals["rate"]).tolist()
        self.targets: list[str] = sorted(cells["target"].unique())
        self.settings = [
            {
                "name": name,
                "symbol": separability_name(name),
                "separability": None if math.isnan(level) else _chosen(level),
            }
            for name, level in settings.itertuples(index=False)
        ]
        self.starts = [_start(name, scale) for name, scale in starts.itertuples(index=False)]
        self.policies = [_policy(*key) for key in policies]
        self._place = {
            "setting": {_key(*row): i for i, row in enumerate(settings.itertuples(index=False))},
            "start": {tuple(row): i for i, row in enumerate(starts.itertuples(index=False))},
            "policy": {key: i for i, key in enumerate(policies)},
        }

    def places(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add the columns `setting` and `start`: indices into the lists, -1 for what is not in them."""
        setting = [
            self._place["setting"].get(_key(n, s), -1)
            for n, s in zip(frame["dataset"], frame["separability"], strict=True)
        ]
        start = [
            self._place["start"].get(key, -1)
            for key in zip(frame["initialisation"], frame["scale"], strict=True)
        ]
        out = frame.assign(setting=setting, start=start)
        return out[(out["setting"] >= 0) & (out["start"] >= 0)]

    def setting(self, dataset: str, separability: float) -> int | None:
        """Index of a data set and separability, None for what is not in the list."""
        return self._place["setting"].get(_key(dataset, separability))

    def policy(self, row: Mapping[str, Any]) -> int:
        """Index of a cell's policy, which where a rate is shared includes it."""
        return self._place["policy"][row["policy"], row["rate"] if row["policy"] in EQUAL else None]

    def first(self, headline: Headline, cells: list[Any]) -> list[int]:
        """Return what is shown first: setting, start, policy, target.

        That is the sure wrong start of the first screen, in the headline setting or else in the first that
        has it; without one, the middle one of the wrong starts there, else the first start.
        """
        setting = self._place["setting"][_key(*headline.setting)] if headline.setting else 0
        policy = self._place["policy"].get(("equal", headline.rate), 0)
        target = self.targets.index(headline.target)
        sure = self._place["start"].get(("sure_wrong", headline.confidence))
        for place in (setting, *range(len(self.settings))):
            if sure is not None and cells[place][sure][policy][target]:
                return [place, sure, policy, target]
        there = [i for i, _ in enumerate(self.starts) if cells[setting][i][policy][target]] or [0]
        wrong = [i for i in there if self.starts[i]["name"] == "wrong"]
        return [setting, wrong[len(wrong) // 2] if wrong else there[0], policy, target]


def _policies(cells: pd.DataFrame) -> list[tuple[str, float | None]]:
    """List the policies of a study, each that shares a rate once for every rate that any of them shares."""
    shared: list[float] = np.unique(cells.loc[cells["policy"].isin(EQUAL), "rate"]).tolist()
    found = [policy for policy in POLICIES if (cells["policy"] == policy).any()]
    return [(policy, rate) for policy in found for rate in (shared if policy in EQUAL else [None])]


def _policy(policy: str, rate: float | None) -> dict[str, Any]:
    """Describe a policy: its name, the rate that it shares, a remark on each loss's rate, a note on all."""
    out: dict[str, Any] = {"policy": policy, "name": POLICY_NAMES[policy], "remarks": ["" for _ in LOSSES]}
    if rate is not None:
        out["rate"] = _chosen(rate)
    if policy == "equal_no_half":
        remark = f" ({_chosen(rate or 0)}/L without its \N{VULGAR FRACTION ONE HALF})"
        out["remarks"] = [remark if loss in WITHOUT_HALF else "" for loss in LOSSES]
    return out | {"note": TUNED if policy == "tuned" else ""}


def _start(name: str, scale: float) -> dict[str, str]:
    """Describe a start: what its scale is, and the start in words."""
    title, size = name.replace("_", " "), _chosen(scale)
    unit = "Probability" if INITIALISATIONS[name].sure else "Scale"
    how = f" with probability {size}" if INITIALISATIONS[name].sure else f" of size {size}"
    said = f"{title} start{how if INITIALISATIONS[name].scaled else ''}"
    return {"name": name, "title": title, "scale": size, "unit": unit, "words": said}


def _chosen(value: float) -> str:
    """Write a number that a config chose exactly, so that 0.9999 is not 1; one of many digits is rounded."""
    text = f"{value:.6g}"
    return text if float(text) == value else wording.number(value)


def _key(dataset: str, separability: float) -> tuple[str, float | None]:
    return dataset, None if math.isnan(separability) else separability


def _nested(*sizes: int) -> list[Any]:
    """Make nested lists of nulls."""
    return [None] * sizes[0] if len(sizes) == 1 else [_nested(*sizes[1:]) for _ in range(sizes[0])]


def _cells(axes: _Axes, cells: pd.DataFrame, level: float) -> list[Any]:
    """Words of each cell by setting, start, policy and target.

    They are: slowdown (null where the pairs give none), its interval or what bounds it, rates of MSE and BCE,
    their median steps, their arrivals, number of starts, share of them not at the target before the first
    step, the shares of MSE's and BCE's runs that never arrived, a sentence on pairs without a ratio,
    and the slowdown as the table `slowdown` quotes it.
    """
    out = _nested(len(axes.settings), len(axes.starts), len(axes.policies), len(axes.targets))
    rows: list[dict[str, Any]] = axes.places(cells).to_dict("records")  # type: ignore[assignment]
    for row in rows:
        out[row["setting"]][row["start"]][axes.policy(row)][axes.targets.index(row["target"])] = [
            words.ratio(row) if _known(row) else None,
            words.interval(row, level),
            *(axes.rates.index(row[f"rate_{loss}"]) for loss in LOSSES),
            *(wording.steps(row[f"{loss}_median"], row["budget"]) for loss in LOSSES),
            *(int(row[f"{loss}_reached"]) for loss in LOSSES),
            int(row["starts"]),
            *(wording.percent(row["starts"] - row[there], row["starts"]) for there in ARRIVED),
            _without_ratio(row),
            row["text"],
        ]
    return out


def _worst(axes: _Axes, cells: pd.DataFrame) -> list[Any]:
    """Setting and start of the largest slowdowns by policy and target, the largest first.

    A lower bound counts as its value, and goes before a slowdown of that value; what is unknown is left out.
    """
    out: list[list[Any]] = [[[] for _ in axes.targets] for _ in axes.policies]
    order = ["slowdown", "slowdown_bound"]
    known = axes.places(cells[cells["slowdown"] > 0]).sort_values(order, ascending=False, kind="stable")
    rows: list[dict[str, Any]] = known.to_dict("records")  # type: ignore[assignment]
    for row in rows:
        places = out[axes.policy(row)][axes.targets.index(row["target"])]
        if len(places) < WORST:
            places.append([row["setting"], row["start"]])
    return out


def _known(row: Mapping[str, Any]) -> bool:
    """Whether a slowdown or a bound of it is known: 0 stands for what is not, unless its text is a limit."""
    return bool(row["slowdown"] > 0) or (row["slowdown"] == 0 and row["text"].startswith("<"))


def _without_ratio(row: Mapping[str, Any]) -> str:
    """Say how many pairs have no ratio, where the others have one: medians of steps count them, as 0."""
    held, starts = int(row["at_start"]), int(row["starts"])
    if held in {0, starts}:
        return ""
    return (
        f"In {held} of {starts} pairs the target held before the first step: they count in these medians as "
        f"0 steps, and not in the ratio, which is that of the other {starts - held}."
    )


def _survivals(axes: _Axes, arrivals: pd.DataFrame, reached: pd.DataFrame, most: int) -> list[Any]:
    """Arrivals of each group of runs by setting, start, target, loss, rate: share arrived, budget, steps.

    The steps are those at which the share of runs not yet arrived falls, each by one run; with more than
    `most` of them, as many of their quantiles. As every run has the same budget, this is the Kaplan-Meier
    curve.
    """
    shape = len(axes.settings), len(axes.starts), len(axes.targets), len(LOSSES), len(axes.rates)
    out = _nested(*shape)
    groups = arrivals[arrivals["target"].isin(axes.targets)].merge(reached, how="left", on=list(GROUP))
    rows: list[dict[str, Any]] = axes.places(groups).to_dict("records")  # type: ignore[assignment]
    for row in rows:
        steps = row["steps"] if row["reached"] else np.empty(0, dtype=np.int64)
        place = out[row["setting"]][row["start"]][axes.targets.index(row["target"])]
        place[LOSSES.index(row["loss"])][axes.rates.index(row["rate"])] = [
            round(row["reached"] / row["runs"], 4),
            row["budget"],
            *thinned(steps, most).tolist(),
        ]
    return out


def _thresholds(axes: _Axes, datasets: pd.DataFrame) -> list[Any]:
    """Middle threshold of each setting and target, over its draws that have it; None where none has."""
    out = _nested(len(axes.settings), len(axes.targets))
    groups: Any = datasets.groupby(["dataset", "separability"], dropna=False)
    for (name, level), draws in groups:
        setting = axes.setting(name, level)
        for index, target in enumerate(axes.targets):
            defined = draws[f"target_{target}"].dropna()
            if setting is not None and len(defined):
                out[setting][index] = float(f"{defined.median():.4g}")
    return out


def _curves(axes: _Axes, curves: pd.DataFrame, rate: float, most: int) -> dict[str, Any] | None:
    """Learning curves: median and band from the 10% to the 90% quantile of every score, a byte a number.

    Returns
    -------
    dict or None
        `steps` (common to all); `ends`: the first and the last of them in words; `rate`: index of the rate
        they were recorded at; `values` by setting, start, target and loss: the number of runs; the first and
        the last median in words; the value that byte 255 stands for; the bytes as base64: all low ends, then
        all medians, then all high ends. A run that ended keeps its last value.
    """
    curves = curves[(curves["rate"] == rate) & (curves["step"] > 0) & curves["loss"].isin(COLOURS)]
    if curves.empty or rate not in axes.rates:
        return None
    named = axes.places(curves.drop_duplicates("run"))[["run", "setting", "start", "loss"]]
    out = _nested(len(axes.settings), len(axes.starts), len(axes.targets), len(LOSSES))
    groups: dict[Any, list[int]] = (
        named.groupby(["setting", "start", "loss"], sort=False)["run"].agg(list).to_dict()
    )
    steps = np.unique(curves["step"].to_numpy(np.int64))
    if steps.size > most:
        steps = np.unique(steps[np.linspace(0, steps.size - 1, most).round().astype(int)])
    for target in axes.targets:
        wide = (
            curves.pivot_table(index="step", columns="run", values=SCORES[target], aggfunc="first")
            .ffill()
            .loc[steps]
        )
        for (setting, start, loss), members in groups.items():
            band = quantiles.of_rows(wide[members].to_numpy(float), (0.1, 0.5, 0.9))
            packed = [len(members), *_packed(band)]
            out[setting][start][axes.targets.index(target)][LOSSES.index(loss)] = packed
    ends = [wording.count(int(step)) for step in steps[[0, -1]]]
    return {"steps": steps.tolist(), "ends": ends, "rate": axes.rates.index(rate), "values": out}


def _packed(band: npt.NDArray[np.float64]) -> list[Any]:
    """Pack a band: its first and last median in words, the value of byte 255, the bytes in base64.

    A gap takes the value before it.
    """
    filled = pd.DataFrame(band.T).ffill().bfill().to_numpy(float).T
    top = float(f"{filled.max() or 1.0:.4g}")
    scaled = np.clip(np.round(filled / top * 255), 0, 255).astype(np.uint8)
    ends = (wording.number(float(filled[1, end]), digits=2) for end in (0, -1))
    return [*ends, top, base64.b64encode(scaled.tobytes()).decode("ascii")]
