"""Sentences made from numbers, so that none can contradict a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from study import wording
from study.figures.phase import phase_rows
from study.figures.real import real_rows
from study.figures.style import NAMES, POLICY_NAMES, TARGETS
from study.report.grids import zero_cells
from study.report.words import MARKS, SOURCES, ratio, times
from study.statistics.headline import Headline
from study.statistics.pairs import LOSSES

NEAR: Final = 0.3
"""A sample should follow the law where `spread` and `path_deviation` of `phase` are at most this."""


def target_prose(target: str) -> str:
    """Say which target the figures use, and why."""
    if target == "brier":
        return (
            "Figures use the Brier score as the target, the score that MSE minimises. Other targets give "
            "other numbers: see how far the answer moves."
        )
    return f"Figures use {TARGETS.get(target, target)} as the target."


def law_prose(cells: pd.DataFrame) -> list[str]:
    """Compare the zero starts with the law of 4, and say why some deviate."""
    rows = zero_cells(cells)
    if rows.empty:
        return ["This study has no zero start at equal rates, so the law is not tested here."]
    return [
        *_law_of_scores(rows[(rows["target"] != "accuracy") & (rows["slowdown"] > 0)]),
        *_law_of_accuracy(rows),
    ]


def _law_of_scores(cells: pd.DataFrame) -> list[str]:
    """Say which cell comes nearest to 4, and how many lie above."""
    if cells.empty:
        return []
    rate = wording.number(float(cells["rate"].iloc[0]))
    gap = np.abs(np.log(cells["slowdown"] / 4))
    nearest = _end(cells.loc[gap.sort_values(kind="stable").index[0]])
    out = []
    out.append(
        f"At the smallest rate of this study, {rate}/L, where whole steps blur the ratio least, the nearest "
        f"to 4 of the cells with a score as the target (there are {len(cells)}) is {nearest}."
    )
    above = cells[cells["slowdown"] > 4.4].sort_values(["slowdown", "slowdown_bound"])
    if len(above):
        out.append(
            f"More than a tenth above 4 {'lies' if len(above) == 1 else 'lie'} {len(above)}, up to "
            f"{_end(above.iloc[-1])}: there the target needs large logits, and the larger a logit the "
            "smaller is p (1 \N{MINUS SIGN} p), which is 1/4 at its largest."
        )
    return out


def _law_of_accuracy(cells: pd.DataFrame) -> list[str]:
    """Say in how many cells both losses reach the accuracy with their first step."""
    cells = cells[cells["target"] == "accuracy"]
    at_once = int(((cells["mse_median"] == 1) & (cells["bce_median"] == 1)).sum())
    if not at_once:
        return []
    sentence = (
        "Accuracy is different: it depends on the direction of the parameters alone, and both losses "
        f"take their first step in the same one. In {at_once} of {len(cells)} cells that step is enough, and "
        "the ratio is 1."
    )
    return [sentence]


def _end(row: pd.Series[Any]) -> str:
    """Name a cell with its slowdown."""
    level = "" if math.isnan(row["separability"]) else f" {wording.number(row['separability'])}"
    slow = times(row["slowdown"], bound=bool(row["slowdown_bound"]))
    return f"{slow} ({row['dataset']}{level}, {TARGETS.get(row['target'], row['target'])})"


def policy_prose(found: Mapping[str, Any]) -> list[str]:
    """Say how much of the slowdown other learning rates remove, from the first screen's sure wrong start."""
    entry = found["sure_wrong"]
    if entry is None or entry["equal"] is None:
        return ["This study has no sure wrong start at equal rates, so there is nothing to decompose here."]
    where = f"From the start that is wrong with probability {entry['scale']:g}, all data sets together: "
    policies = [f"{name}: {ratio(entry[policy])}" for policy, name in POLICY_NAMES.items() if entry[policy]]
    out = [f"{where}{', '.join(policies)}."]
    equal, tuned = entry["equal"], entry["tuned"]
    if tuned and equal["slowdown_bound"]:
        out.append("At equal rates only a bound is known, so what the best rates save is unknown.")
    elif tuned and not tuned["slowdown_bound"] and tuned["slowdown"] > 0:
        bought, left = equal["slowdown"] / tuned["slowdown"], times(tuned["slowdown"])
        saved = f"buy back a factor of {wording.number(bought)}" if bought > 1 else "buy nothing back"
        out.append(f"So the best rates {saved}, and {left} remains.")
    if entry["edges"]:
        out.append(
            f"In {entry['edges']} of the data sets MSE's best rate is the largest tried, so a larger one "
            f"might buy back "
            "more."
        )
    return out


def real_prose(frames: Mapping[str, pd.DataFrame]) -> list[str]:
    """Say for each kind of start between which values the slowdown on real data lies at equal rates."""
    out = []
    for label, rows in real_rows(frames):
        ordered = rows.sort_values(["slowdown", "slowdown_bound", "dataset"])
        low, high = ordered.iloc[0], ordered.iloc[-1]
        ends = [
            f"{times(row['slowdown'], bound=bool(row['slowdown_bound']))} ({row['dataset']})"
            for row in (low, high)
        ]
        reach = f"{ends[0]}" if len(rows) == 1 else f"from {ends[0]} to {ends[1]}"
        out.append(
            f"{label[0].upper()}{label[1:]}, {len(rows)} data {'set' if len(rows) == 1 else 'sets'}: {reach}."
        )
    return out


def edge_prose(cells: pd.DataFrame, headline: Headline) -> str:
    """Say how often the best rate is the largest tried, where a larger one might have done better."""
    tuned = cells[cells["policy"] == "tuned"]
    shares = []
    for loss in LOSSES:
        edge = int(headline.at_largest_rate(tuned, loss).sum())
        shares.append(f"{NAMES[loss]}'s in {wording.count(edge)}")
    return (
        f"Of {wording.count(len(tuned))} tuned cells the best rate is the largest tried: {', '.join(shares)}."
    )


def phase_prose(frames: Mapping[str, pd.DataFrame]) -> list[str]:
    """Say what the phase diagram covers, how near the law is, and where finite samples deviate from it."""
    rows = phase_rows(frames)
    if rows.empty:
        return [
            (
                "This study has no phase diagram, which needs wrong starts on Gaussian data: the law is not "
                "tested here."
            )
        ]
    known = rows[(rows["stepped"] > 0) & ~rows["stepped_bound"] | (rows["flow"] > 0) & ~rows["flow_bound"]]
    if known.empty:
        return ["No slowdown from wrong starts on Gaussian data could be measured in this study."]
    out = _stepped(known) + _flowed(known[known["starts"] > 1]) + _flowed(known[known["starts"] == 1])
    for _, group in rows.groupby("large", sort=True):
        out += _nearness(group)
    return out


def _stepped(rows: pd.DataFrame) -> list[str]:
    """Say between which values the medians lie that runs reached."""
    values = rows.loc[(rows["stepped"] > 0) & ~rows["stepped_bound"], "stepped"]
    if values.empty:
        return []
    low, high = times(float(values.min())), times(float(values.max()))
    return [
        f"From wrong starts on Gaussian data the steps of whole runs give slowdowns from {low} to {high}."
    ]


def _flowed(rows: pd.DataFrame) -> list[str]:
    """Say how far gradient flow goes on the study's draws, with its interval, or on single ones, without."""
    rows = rows[(rows["flow"] > 0) & ~rows["flow_bound"]]
    if rows.empty:
        return []
    last = rows.sort_values("flow", kind="stable").iloc[-1]
    value = times(float(last["flow"]))
    if last["starts"] == 1:
        samples = wording.count(int(last["n"]))
        return [f"On single draws of {samples} samples, which have no interval, it goes up to {value}."]
    low, high = (float(last[f"flow_{end}"]) for end in ("low", "high"))
    limits = f"{wording.number(low)} to {wording.number(high)}" if math.isfinite(high) else "without limits"
    how = "descent with arbitrarily small steps, whose cost does not grow with the time on a plateau"
    draws = f"over {last['starts']} draws, up to {value} (interval {limits})"
    return [f"Beyond the budget of steps, gradient flow ({how}) goes on, {draws}."]


def _nearness(rows: pd.DataFrame) -> list[str]:
    """Compare the flow on samples of one size with the law, where it should follow it and elsewhere."""
    rows = rows[~rows["flow_bound"] & (rows["flow"] > 0) & (rows["predicted"] > 0)]
    if rows.empty:
        return []
    share = rows["flow"] / rows["predicted"]
    follows = rows[["spread", "path_deviation"]].max(axis=1) <= NEAR
    sentence = (
        f"On {wording.count(int(rows['n'].iloc[0]))} samples the law for infinitely many is expected to "
        f"hold, up to chance, at {int(follows.sum())} of {len(rows)} points"
    )
    if follows.any():
        sentence += f": there the flow is {_between(share[follows])} times the law"
    if not follows.all():
        few, bent = (rows.loc[~follows, name] > NEAR for name in ("spread", "path_deviation"))
        sentence += (
            f". At the other {int((~follows).sum())} it is {_between(share[~follows])} times: at "
            f"{int(few.sum())} too few samples lie near the boundary, where MSE's gradient comes from, and "
            f"at {int(bent.sum())} their chance deviations bend the path"
        )
    return [f"{sentence}."]


def _between(values: pd.Series[float]) -> str:
    """Say between which values some numbers lie."""
    low, high = wording.number(float(values.min())), wording.number(float(values.max()))
    return low if low == high else f"between {low} and {high}"


def claims_prose(claims: pd.DataFrame) -> list[str]:
    """Count the verdicts by source."""
    if claims.empty:
        return ["This study tests no claim."]
    out = []
    for source, name in SOURCES.items():
        verdicts = claims.loc[claims["source"] == source, "verdict"]
        counts = [f"{v}: {int((verdicts == v).sum())}" for v in MARKS if (verdicts == v).any()]
        if counts:
            out.append(f"Claims of {name} ({len(verdicts)}) \N{EN DASH} {', '.join(counts)}.")
    return out


def minima_prose(minima: pd.DataFrame) -> list[str]:
    """Say how many minima each loss has on the data made for it."""
    if minima.empty:
        return ["This study looked for no local minima."]
    out = []
    for name, rows in minima.groupby("dataset", sort=True):
        counts = rows.groupby("loss").size()
        found = [f"{int(counts[loss])} of {NAMES[loss]}" for loss in LOSSES if loss in counts]
        out.append(f"On the data set {name}: {' and '.join(found)}.")
    mse = minima[minima["loss"] == "mse"].groupby("dataset").size()
    if len(mse) and mse.max() > 1:
        out.append(
            "So on data that no plane separates MSE can have several basins, and the start decides which is "
            "found."
        )
    return out


def guilt_prose(frames: Mapping[str, pd.DataFrame]) -> list[str]:
    """List what MSE is not to blame for, each with its numbers."""
    arrivals, cells = frames["arrivals"], frames["slowdown"]
    if cells.empty:
        return ["There is nothing to compare."]
    headline = Headline.read(frames["headline"])
    target, rate = headline.target, headline.rate
    here = _ordinary(arrivals[arrivals["rate"] == rate])
    name = TARGETS.get(target, target)
    out = []
    small = wording.number(float(here.loc[here["initialisation"] == "normal", "scale"].min()))
    starts = {"zero": "a zero start", "normal": f"ordinary small starts (size {small})"}
    for start, said in starts.items():
        rows = here[(here["initialisation"] == start) & (here["target"] == target)]
        shares = {loss: _arrived(rows[rows["loss"] == loss]) for loss in LOSSES}
        if all(whole for _, whole in shares.values()):
            mse, bce = (
                f"{wording.percent(*share)} of {wording.count(share[1])} runs" for share in shares.values()
            )
            out.append(
                f"Learning: from {said} at {wording.number(rate)}/L, MSE reached the target for the {name} "
                f"in {mse}, BCE in {bce}."
            )
    out += _boundary(here, rate)
    tuned = cells[(cells["policy"] == "tuned") & (cells["target"] == target) & (cells["slowdown"] > 0)]
    return out + _parity(_ordinary(tuned[tuned["initialisation"].isin(["zero", "normal"])]))


def _parity(tuned: pd.DataFrame) -> list[str]:
    """Sort tuned cells by which loss is slower; where both need a single step, neither can be."""
    if tuned.empty:
        return []
    floor = (tuned["mse_median"] <= 1) & (tuned["bce_median"] <= 1)
    slower = ~floor & (tuned["slowdown_low"] > 1)
    faster = ~floor & (tuned["slowdown_high"] < 1)
    open_ = ~(floor | slower | faster)
    counts = [int(marked.sum()) for marked in (slower, faster, floor, open_)]
    return [
        (
            "Slowness from every start: with the best rate for each loss, of "
            f"{len(tuned)} cells with a zero or an ordinary small start MSE is slower in "
            "{} and faster in {}; in {} both losses need a single step, and {} are undecided."
        ).format(*counts)
    ]


def _ordinary(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out all but the smallest scale of normal starts: large ones are saturated, and often wrong."""
    normal = rows["initialisation"] == "normal"
    kept: pd.DataFrame = rows[~normal | (rows["scale"] == rows.loc[normal, "scale"].min())]
    return kept


def _arrived(rows: pd.DataFrame) -> tuple[int, int]:
    """Count the runs that arrived, and all, without those whose target held at the start."""
    there = int(rows["at_start"].sum())
    return int(rows["reached"].sum()) - there, int(rows["runs"].sum()) - there


def _boundary(here: pd.DataFrame, rate: float) -> list[str]:
    """Say how often MSE found as good a decision boundary as BCE's from a zero start."""
    rows = here[(here["initialisation"] == "zero") & (here["target"] == "accuracy")]
    mse, bce = (_arrived(rows[rows["loss"] == loss]) for loss in LOSSES)
    if not mse[1] or not bce[1]:
        return []
    return [
        (
            f"The decision boundary: from a zero start at {wording.number(rate)}/L, {wording.percent(*mse)} "
            f"of {wording.count(mse[1])} MSE runs reached the target for accuracy, and "
            f"{wording.percent(*bce)} of those with BCE."
        )
    ]
