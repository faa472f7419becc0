"""The evidence for the claims: counts and numbers from the tables of a study, and the identities.

`gather` computes all of it. `study.claims.catalogue` turns it into words and verdicts, and reads nothing
else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import kernels
from kernels import laws
from study.claims import network
from study.claims.counts import (
    SHOWN,
    Against,
    Answer,
    Arrivals,
    against_zero,
    answered,
    arrived,
    escapes,
)
from study.claims.pulls import Pulls, Signs, parallel, pulls, same_input
from study.runs.plan import stable_rates
from study.theory import identities, minima

if TYPE_CHECKING:
    from study.config.model import Config

__all__ = ["DESCENT", "Classes", "Evidence", "Stall", "compared", "gather"]

LOSSES: Final = ("mse", "bce")

DESCENT: Final = 1_000
"""Steps of the descent in float32 that begins where an update rounds away."""


@dataclass(frozen=True)
class Stall:
    """Where an update at the rate 1/L rounds away.

    Attributes
    ----------
    float32, float64
        The logit of one wrong sample from which on it does.
    moved
        How far the logit came in `DESCENT` steps in float32 that began there.
    """

    float32: float
    float64: float
    moved: float


@dataclass(frozen=True)
class Classes:
    """Realised data sets by whether a hyperplane separates the classes.

    Attributes
    ----------
    separable, overlapping
        How many there are of each.
    least, most
        Of the overlapping ones, the least and the greatest mean of (p - y)^2 at BCE's optimum; nan if none.
    """

    separable: int
    overlapping: int
    least: float
    most: float


@dataclass(frozen=True)
class Evidence:
    """All that the verdicts rest on.

    Attributes
    ----------
    identities
        See `study.theory.identities`.
    stalls
        By loss.
    network
        See `study.claims.network`.
    inputs
        By loss: the gradients of the two classes at the same input.
    pulls
        Those of the two classes of a data set, over every data set and start.
    parallel
        Every data set at theta = 0: `opposite` counts those on which MSE's gradient is not exactly a quarter
        of BCE's.
    classes
        How many data sets are separable.
    boundary, from_zero
        MSE runs that had to reach the accuracy target: all, and those from theta = 0.
    surest
        Scale of the surest wrong starts, nan if there are none.
    escapes
        Runs from those, each counted once; see `study.claims.counts.escapes`.
    answers
        Whether MSE is slower, by start, policy and target.
    against_zero
        MSE runs from sure starts against those from theta = 0.
    slopes
        See `study.theory.minima.slopes`.
    minima
        (data set, loss) to the number of local minima, and whether all of them are proven.
    """

    identities: identities.Identities
    stalls: Mapping[str, Stall]
    network: network.Findings
    inputs: Mapping[str, Signs]
    pulls: Pulls
    parallel: Signs
    classes: Classes
    boundary: Arrivals
    from_zero: Arrivals
    surest: float
    escapes: Mapping[tuple[str, bool], Arrivals]
    answers: tuple[Answer, ...]
    against_zero: tuple[Against, ...]
    slopes: minima.Slopes
    minima: Mapping[tuple[str, str], tuple[int, bool]]


def gather(
    config: Config, frames: Mapping[str, pd.DataFrame], arrays: Mapping[str, NDArray[Any]]
) -> Evidence:
    """Compute the evidence of a study.

    Parameters
    ----------
    config
        Its root seed, initialisations and budget are read.
    frames
        The tables `datasets`, `arrivals`, `answers` and `minima`, and of `runs` at least the rows of
        `compared`.
    arrays
        The arrays of `study.runs.draw.build`.
    """
    runs, arrivals, data = frames["runs"], frames["arrivals"], frames["datasets"]
    bound = arrivals[(arrivals["loss"] == "mse") & (arrivals["target"] == "accuracy")]
    own = stable_rates()
    surest, found = escapes(runs, own)
    return Evidence(
        identities=identities.check(),
        stalls={loss: _stall(loss) for loss in LOSSES},
        network=network.findings(),
        inputs={loss: same_input(loss) for loss in LOSSES},
        pulls=pulls(config, data, arrays),
        parallel=parallel(data, arrays),
        classes=_classes(data),
        boundary=arrived(bound),
        from_zero=arrived(bound[bound["initialisation"] == "zero"]),
        surest=surest,
        escapes=found,
        answers=answered(frames["answers"]),
        against_zero=against_zero(runs, data),
        slopes=minima.slopes(config, data, arrays),
        minima={
            (str(name), str(loss)): (len(rows), bool(rows["radius"].notna().all()))
            for (name, loss), rows in frames["minima"].groupby(["dataset", "loss"])
        },
    )


def compared() -> list[dict[str, str | float]]:
    """Rows of `runs` that are looked at one by one, as `store.scan` takes them."""
    mse: list[dict[str, str | float]] = [
        {"loss": "mse", "initialisation": name} for name in SHOWN if name != "normal"
    ]
    return [*mse, {"loss": "bce", "initialisation": "sure_wrong"}]


def _stall(loss: str) -> Stall:
    rate = 1.0 / kernels.LOSSES[loss].smoothness
    logits = {
        name: laws.stall_logit(loss=loss, learning_rate=rate, dtype=name) for name in ("float32", "float64")
    }
    return Stall(**logits, moved=_descent(loss, rate, logits["float32"]))


def _descent(loss: str, rate: float, start: float) -> float:
    """How far a descent in float32 comes: one sample of class 0 with the feature 1, from a wrong logit.

    Its gradient is the true one, rounded to float32.
    """
    one, logit = np.ones((1, 1)), np.float32(start)
    for _ in range(DESCENT):
        slope = kernels.gradient(one, [0], np.array([[float(logit)]]), loss=loss).item()
        logit = logit - np.float32(rate) * np.float32(slope)
    return abs(float(logit) - start)


def _classes(data: pd.DataFrame) -> Classes:
    others = data[~data["separable"]]
    scores = others["bce_brier"]
    return Classes(int(data["separable"].sum()), len(others), float(scores.min()), float(scores.max()))
