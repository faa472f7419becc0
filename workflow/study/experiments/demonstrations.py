"""Published demonstrations, run again: the source's number beside ours.

To add one: one more entry in `DEMONSTRATIONS`.  The table and the page learn of it from there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import kernels
from study.data.network_starts import network_start
from study.data.streams import Stream
from study.experiments.tables import DEMONSTRATED
from study.prose import Prose
from study.runs.sweep import NEVER
from study.tables.table import conform

__all__ = ["DEMONSTRATIONS", "Demonstration", "Finding", "table"]

Array = NDArray[np.float64]


class Finding(NamedTuple):
    """One number of a demonstration.

    Attributes
    ----------
    quantity
        What it is of.
    ours
        The number.
    published
        That of the source, nan where it gives none.
    decimals
        Of the source's number.
    """

    quantity: Prose
    ours: float
    published: float = math.nan
    decimals: int = 2

    @property
    def agrees(self) -> bool:
        """Whether our number, rounded as the source's, is that of the source."""
        return bool(round(self.ours, self.decimals) == self.published)


@dataclass(frozen=True)
class Demonstration:
    """A published demonstration.

    Attributes
    ----------
    title, source, says
        Its heading, where it is from, and what is said there, in our words.
    run
        From the root seed of the study to its numbers.
    judge
        From these to a verdict in a few words.
    """

    title: Prose
    source: Prose
    says: Prose
    run: Callable[[int], list[Finding]]
    judge: Callable[[list[Finding]], str]


def _digits(found: list[Finding]) -> str:
    """Whether all published digits come out again."""
    published = [one for one in found if not math.isnan(one.published)]
    again = sum(one.agrees for one in published)
    return "reproduced" if again == len(published) else f"{again} of {len(published)} digits reproduced"


def _neuron(start: tuple[float, float], loss: str, rate: float, updates: int) -> float:
    """The output of a neuron with weight, bias and the input 1, whose output should be 0, after updates."""
    features = [[1.0, 1.0]]
    found = kernels.descend(
        features, [0], [start], loss=loss, learning_rate=rate, max_steps=updates, targets=NEVER
    )
    return float(kernels.expit(found.theta[0].sum()))


def _nielsen(root: int) -> list[Finding]:
    del root
    out = []
    for start, before, after in (((0.6, 0.9), 0.82, 0.09), ((2.0, 2.0), 0.98, 0.20)):
        place = f"from weight {start[0]:g}, bias {start[1]:g}"
        out += [
            Finding(f"output before training, {place}", _neuron(start, "mse", 0.15, 0), before),
            Finding(f"output after 300 updates with MSE, {place}", _neuron(start, "mse", 0.15, 300), after),
            Finding(f"the same with BCE at the same rate, {place}", _neuron(start, "bce", 0.15, 300)),
        ]
    return out


_LAB: Final = (np.column_stack([np.arange(6.0), np.ones(6)]), np.repeat([0, 1], 3))
"""The six samples of the lab, x = 0 to 5, the last three positive."""


def _lab(root: int) -> list[Finding]:
    """From a lattice of starts, follow gradient flow, which a local minimum would stop."""
    del root
    grid = np.linspace(-20.0, 20.0, 21)
    starts = np.array([(w, b) for w in grid for b in grid])
    out = [Finding("starts, on a lattice from -20 to 20 in weight and bias", float(len(starts)))]
    for loss in ("mse", "bce"):
        flow = kernels.gradient_flow(*_LAB, starts, loss=loss, targets={"accuracy": 1.0}, max_time=1e300)
        right = float(np.isfinite(flow.first_passage["accuracy"]).sum())
        out.append(Finding(f"of these, all six samples right in the end, {loss.upper()}", right))
    return out


def _none_caught(found: list[Finding]) -> str:
    starts, mse, _ = (one.ours for one in found)
    return "not borne out by its own data" if mse == starts else f"{starts - mse:g} starts stay behind"


_CORNERS: Final = np.array([[a, b, 1.0] for a in (-1.0, 1.0) for b in (-1.0, 1.0)])
_XOR: Final = np.array([0, 1, 1, 0])
_STARTS: Final = 20


def _arrivals(thetas: Array, loss: str, steps: int) -> NDArray[np.int64]:
    """The first steps from which a tenth of the base rate's Brier score holds for 10 steps, at the rate 1."""
    found = kernels.descend(
        _CORNERS, _XOR, thetas, loss=loss, model="tanh(4)", learning_rate=1.0, max_steps=steps + 9,
        targets={"brier": 0.025}, hold=10,
    )  # fmt: skip
    return found.arrival["brier"]


def _exclusive_or(root: int) -> list[Finding]:
    """Glorot starts of `tanh(4)` with output weights ten times as long."""
    thetas = np.stack(
        [
            network_start("glorot", 0.0, "tanh(4)", _CORNERS, _XOR, Stream(root, "exclusive or", run))
            for run in range(_STARTS)
        ]
    )
    thetas[:, 12:16] *= 10.0
    first = kernels.descend(
        _CORNERS, _XOR, thetas, loss="bce", model="tanh(4)", learning_rate=1.0, max_steps=50, targets=NEVER
    )
    steps = {
        "MSE": _arrivals(thetas, "mse", 30_000),
        "BCE": _arrivals(thetas, "bce", 30_000),
        "MSE after 50 steps of BCE": _arrivals(first.theta, "mse", 29_950),
    }
    out = [Finding("starts with output weights ten times as long", float(_STARTS))]
    out += [
        Finding(f"of these, arrived within 30,000 steps with {name}", float((found >= 0).sum()))
        for name, found in steps.items()
    ]
    arrived = steps["BCE"][steps["BCE"] >= 0]
    middle = float(np.median(arrived)) if arrived.size else math.nan
    return [*out, Finding("median steps of those that arrived with BCE", middle)]


def _same_shape(found: list[Finding]) -> str:
    _, mse, bce, pretrained, _ = (one.ours for one in found)
    return "same shape" if mse < pretrained and mse < bce else "another shape here"


DEMONSTRATIONS: Final = {
    "nielsen": Demonstration(
        "A neuron that learns slowly",
        "Nielsen (2015), Neural Networks and Deep Learning, chapter 3",
        "One neuron that should turn 1 into 0, trained on the quadratic cost at the rate 0.15: begun badly "
        "wrong, it learns slowly at first.",
        _nielsen,
        _digits,
    ),
    "lab": Demonstration(
        "Local minima in a course's lab",
        "DeepLearning.AI (2022), Supervised Machine Learning, week 3, lab on logistic loss",
        "Squared error of a logistic regression on six samples has many local minima, which stop gradient "
        "descent.",
        _lab,
        _none_caught,
    ),
    "pretraining": Demonstration(
        "Cross-entropy first, then squared error",
        "Golik, Doetsch and Ney (2013), Cross-entropy vs. squared error training",
        "From random weights squared error reaches no good optimum; after some training with cross-entropy "
        "it goes on well. (Word error rates of speech and handwriting there; an exclusive or here.)",
        _exclusive_or,
        _same_shape,
    ),
}
"""Published demonstrations by name, in the order of the page."""


def table(root: int) -> pd.DataFrame:
    """Run all demonstrations.

    Parameters
    ----------
    root
        Root seed of the study.

    Returns
    -------
    DataFrame
        In the schema `DEMONSTRATED`.
    """
    rows: list[dict[str, Any]] = []
    for place, (name, entry) in enumerate(DEMONSTRATIONS.items()):
        found = entry.run(root)
        rows += [
            {
                "demonstration": name,
                "place": 100 * place + line,
                "quantity": one.quantity,
                "published": one.published,
                "ours": one.ours,
                "verdict": entry.judge(found),
            }
            for line, one in enumerate(found)
        ]
    return conform(pd.DataFrame(rows), DEMONSTRATED)
