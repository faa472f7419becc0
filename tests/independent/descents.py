"""Runs made again: gradient descent in plain NumPy."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from comparing import Check, exact
from finished import Finished
from scipy import special

Array = npt.NDArray[np.float64]

MOST_STEPS = {True: 600, False: 100}
"""Steps of the runs that are made again, at rates up to the loss's own 1/L, and above.

Above, descent can be chaotic: from a start that differs by 1e-12 a run of 260 steps at 128 / L arrived at
another step.
"""

MOST_RUNS = 60
LONG_RUNS = 2
"""How many such runs are made again, at most, and how many of each loss that did not arrive."""


def arrivals(study: Finished) -> Iterator[Check]:
    """Steps of arrival of runs whose start follows from the direction and the median margin."""
    runs = study.runs[~study.runs["initialisation"].eq("normal")]
    calm = runs["rate"] <= runs["loss"].map(study.own_rate) * (1 + 1e-9)
    short = runs[runs["steps_run"] <= calm.map(MOST_STEPS)].drop_duplicates("run").set_index("run")
    every = max(1, len(short) // MOST_RUNS)
    picked = [*short.index[::every][:MOST_RUNS]]
    late = runs[calm & (runs["status"] == "censored")].drop_duplicates("run")
    picked += [run for _, part in late.groupby("loss") for run in part["run"].iloc[:LONG_RUNS]]
    rows = runs[runs["run"].isin(picked)]
    for run, targets in rows.groupby("run"):
        head = targets.iloc[0]
        start = f"{head['initialisation']} {head['scale']:g}"
        name = f"run {run}: {head['loss']} from {start} at {head['rate']:g}"
        steps = descend(study, head, targets)
        for row in targets.itertuples():
            yield exact(f"{name}, {row.target}", "tables/runs", row.step, steps[row.target])


def start_of(study: Finished, head: Any) -> Array:
    """First parameters: along the direction, by length, or so that the median sample has a probability."""
    direction = study.array(head["data"], "direction")
    kind, scale = head["initialisation"], float(head["scale"])
    if kind == "zero":
        return np.zeros_like(direction)
    side = -1.0 if kind.endswith("wrong") else 1.0
    if not kind.startswith("sure"):
        return side * scale * direction
    # The median margin is one of the facts that are computed anew. Both are rounded to nine digits.
    logit = float(f"{math.log(scale / (1 - scale)):.8e}")
    return side * direction * (logit / float(study.array(head["data"], "median_margin")))


def descend(study: Finished, head: Any, targets: pd.DataFrame) -> dict[str, int]:
    """First step from which each target held for `hold` steps in a row within the budget; -1 without one."""
    features, labels = study.array(head["data"], "features"), study.array(head["data"], "labels")
    n, sides, theta = len(labels), 2 * labels - 1, start_of(study, head)
    hold = int(study.config["hold"])
    thresholds = dict(zip(targets["target"], targets["threshold"], strict=True))
    held, arrived = dict.fromkeys(thresholds, 0), dict.fromkeys(thresholds, -1)
    for step in range(int(head["max_steps"]) + 1):
        logits = features @ theta
        wrong = special.expit(-sides * logits)
        holds = {
            "accuracy": (sides * logits > 0).sum() >= round(thresholds.get("accuracy", 2.0) * n),
            "brier": (wrong**2).mean() <= thresholds.get("brier", -1.0),
            "logloss": np.logaddexp(0, -sides * logits).mean() <= thresholds.get("logloss", -1.0),
        }
        for target in thresholds:
            held[target] = held[target] + 1 if holds[target] else 0
            if held[target] == hold and arrived[target] < 0:
                arrived[target] = step - hold + 1
        if min(arrived.values()) >= 0:
            break
        probability = special.expit(logits)
        pull = probability - labels
        if head["loss"] == "mse":
            pull = pull * probability * special.expit(-logits)
        theta = theta - head["learning_rate"] * (features.T @ pull) / n
    return arrived
