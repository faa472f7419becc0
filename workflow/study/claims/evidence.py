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
from study.data.algebra import matvec
from study.data.samples import sample
from study.data.starts import every_start
from study.statistics.headline import Headline
from study.theory import identities, minima

if TYPE_CHECKING:
    from study.config.model import Config

__all__ = ["Arrivals", "Cells", "Evidence", "Order", "Signs", "compared", "gather"]

LOSSES: Final = ("mse", "bce")


@dataclass(frozen=True)
class Arrivals:
    """Runs of a kind that did not meet their target at step 0.

    How many there were, how many reached it, and the largest budget in steps.
    """

    runs: int
    reached: int
    budget: int


@dataclass(frozen=True)
class Cells:
    """Cells of the slowdown table by interval: MSE slower, no slower (faster or the same), or undecided."""

    slower: int
    no_slower: int
    undecided: int

    @property
    def total(self) -> int:
        """How many cells there are."""
        return self.slower + self.no_slower + self.undecided


@dataclass(frozen=True)
class Signs:
    """Cases in which two gradients were compared, and in how many of them they are opposite."""

    cases: int
    opposite: int

    def __add__(self, other: Signs) -> Signs:
        return Signs(self.cases + other.cases, self.opposite + other.opposite)


@dataclass(frozen=True)
class Order:
    """Pairs of runs by which arrived first; `unknown` where neither arrived."""

    earlier: int
    same: int
    later: int
    unknown: int

    @property
    def total(self) -> int:
        """How many pairs can be compared."""
        return self.earlier + self.same + self.later


@dataclass(frozen=True)
class Evidence:
    """All that the verdicts rest on.

    Attributes
    ----------
    identities
        See `study.theory.identities`.
    stalls
        (loss, floating-point type) to the logit beyond which an update at the largest safe rate, 1/L, rounds
        away.
    inputs
        By loss: the gradients of the two classes at the same input.
    outputs
        By loss: the pull of each class of a data set on its own logits, over data sets and starts.
    parameters
        By loss: the gradients of the two classes of a data set, in the space of parameters.
    parallel
        Data sets at theta = 0: `opposite` counts those on which MSE's gradient is not exactly a quarter of
        BCE's.
    boundary
        MSE runs that had to reach the accuracy target.
    largest
        Size of the largest wrong starts, nan if there are none.
    escapes
        By loss: runs from those, all targets.
    cells
        By policy: all cells with a ratio, `equal` at the reference rate only. Under `tuned` a cell in which
        MSE's best rate is the largest tried is undecided unless MSE is no slower.
    at_the_edge
        How many cells that left undecided.
    wrong_cells
        Those of wrong starts under `equal`.
    against_zero
        By initialisation (`right`, `wrong`): MSE runs on separable data, at rates up to 1/L_BCE, against the
        run from theta = 0 at the same data, rate and target.
    slopes
        See `study.theory.minima.slopes`.
    minima
        (data set, loss) to the number of local minima, and whether all of them are proven.
    """

    identities: identities.Identities
    stalls: Mapping[tuple[str, str], float]
    inputs: Mapping[str, Signs]
    outputs: Mapping[str, Signs]
    parameters: Mapping[str, Signs]
    parallel: Signs
    boundary: Arrivals
    largest: float
    escapes: Mapping[str, Arrivals]
    cells: Mapping[str, Cells]
    at_the_edge: int
    wrong_cells: Cells
    against_zero: Mapping[str, Order]
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
        The tables `datasets`, `arrivals`, `slowdown`, `headline` and `minima`, and of `runs` at least the
        rows of `compared`.
    arrays
        The arrays of `study.runs.draw.build`.
    """
    runs, arrivals = frames["runs"], frames["arrivals"]
    pairs = runs[runs["loss"] == "mse"]
    wrong = arrivals[arrivals["initialisation"] == "wrong"]
    largest = wrong[wrong["scale"] == wrong["scale"].max()]
    mse = arrivals[arrivals["loss"] == "mse"]
    headline = Headline.read(frames["headline"])
    cells = headline.side_by_side(frames["slowdown"])
    judged = {policy: cells[cells["policy"] == policy] for policy in ("equal", "smoothness", "tuned")}
    tuned = judged["tuned"]
    edge = headline.at_largest_rate(tuned) & (tuned["slowdown_low"] > 1)
    judged["tuned"] = tuned.assign(slowdown_low=tuned["slowdown_low"].mask(edge, 0.0))
    outputs, parameters = _class_pulls(config, frames["datasets"], arrays)
    return Evidence(
        identities=identities.check(),
        stalls={
            (loss, dtype): laws.stall_logit(
                loss=loss, learning_rate=1.0 / kernels.LOSSES[loss].smoothness, dtype=dtype
            )
            for loss in LOSSES
            for dtype in ("float32", "float64")
        },
        inputs={loss: _same_input(loss) for loss in LOSSES},
        outputs=outputs,
        parameters=parameters,
        parallel=_parallel(frames["datasets"], arrays),
        boundary=_arrivals(mse[mse["target"] == "accuracy"]),
        largest=float(largest["scale"].max()),
        escapes={loss: _arrivals(largest[largest["loss"] == loss]) for loss in LOSSES},
        cells={policy: _cells(rows) for policy, rows in judged.items()},
        at_the_edge=int(edge.sum()),
        wrong_cells=_cells(cells[(cells["policy"] == "equal") & (cells["initialisation"] == "wrong")]),
        against_zero=_against_zero(pairs, frames["datasets"]),
        slopes=minima.slopes(config, frames["datasets"], arrays),
        minima={
            (str(name), str(loss)): (len(rows), bool(rows["radius"].notna().all()))
            for (name, loss), rows in frames["minima"].groupby(["dataset", "loss"])
        },
    )


def compared() -> list[dict[str, str | float]]:
    """Rows of `runs` that are compared one by one, as `store.scan` takes them."""
    same: dict[str, str | float] = {"loss": "mse"}
    return [same | {"initialisation": name} for name in ("zero", "right", "wrong")]


def _arrivals(rows: pd.DataFrame) -> Arrivals:
    there = int(rows["at_start"].sum())
    budget = int(rows["budget"].max()) if len(rows) else 0
    return Arrivals(int(rows["runs"].sum()) - there, int(rows["reached"].sum()) - there, budget)


def _cells(rows: pd.DataFrame) -> Cells:
    rows = rows[rows["starts"] > rows["at_start"]]
    slower = int((rows["slowdown_low"] > 1).sum())
    no_slower = int((rows["slowdown_high"] <= 1).sum())
    return Cells(slower, no_slower, len(rows) - slower - no_slower)


def _against_zero(mse: pd.DataFrame, table: pd.DataFrame) -> dict[str, Order]:
    """Compare runs from right and wrong starts with the run from zero, on separable data.

    There a right start classifies every sample correctly.
    """
    rows = mse[(mse["rate"] <= 1.0) & mse["data"].isin(table.loc[table["separable"], "data"])]
    rows = rows.assign(time=rows["step"].astype(np.float64).where(rows["status"] == "reached", np.inf))
    shared = ["data", "rate", "target"]
    zero = rows.loc[rows["initialisation"] == "zero", [*shared, "time"]]
    out = {}
    for name in ("right", "wrong"):
        pairs = rows[rows["initialisation"] == name].merge(zero, on=shared, suffixes=("", "_zero"))
        own, other = pairs["time"].to_numpy(), pairs["time_zero"].to_numpy()
        neither = int((np.isinf(own) & np.isinf(other)).sum())
        earlier, later = int((own < other).sum()), int((own > other).sum())
        out[name] = Order(earlier, len(pairs) - earlier - later - neither, later, neither)
    return out


def _same_input(loss: str) -> Signs:
    """Compare the gradients of the two classes at the same input, at every logit of `identities.LOGITS`."""
    one, thetas = np.ones((1, 1)), np.array([[z] for z in identities.LOGITS])
    zero, positive = (kernels.gradient(one, [label], thetas, loss=loss)[:, 0] for label in (0, 1))
    return _signs(np.sign(zero) * np.sign(positive))


def _settings(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the first data set of each setting."""
    return table.drop_duplicates(["dataset", "separability"])


def _class_pulls(
    config: Config, table: pd.DataFrame, arrays: Mapping[str, NDArray[Any]]
) -> tuple[dict[str, Signs], dict[str, Signs]]:
    """Compare the gradients of the two classes of each data set, at every start of the study.

    The last column of the features is 1, so the last component of a class's gradient is the mean derivative
    of its loss in its own logits: above 0 it pulls them down, below 0 up.
    """
    outputs, parameters = ({loss: Signs(0, 0) for loss in LOSSES} for _ in range(2))
    chosen = _settings(table)
    for data, name, seed in zip(*(chosen[c].tolist() for c in ("data", "dataset", "seed")), strict=True):
        drawn = sample(arrays, data)
        thetas = every_start(config.initialisations, name, drawn.aim, seed, config.seed)
        members = [drawn.labels == label for label in (0, 1)]
        for loss in LOSSES:
            zero, one = (
                kernels.gradient(drawn.features[m], drawn.labels[m], thetas, loss=loss) for m in members
            )
            outputs[loss] += _signs(np.sign(zero[:, -1]) * np.sign(one[:, -1]))
            # Scaled first: the product of two gradients can be smaller than any float64.
            scaled = [
                g / np.maximum(np.abs(g).max(axis=1, keepdims=True), np.finfo(float).tiny)
                for g in (zero, one)
            ]
            parameters[loss] += _signs(matvec(scaled[0] * scaled[1], np.ones(thetas.shape[1])))
    return outputs, parameters


def _signs(products: NDArray[np.float64]) -> Signs:
    """Count the products below 0, among those that are not 0."""
    return Signs(int((products != 0.0).sum()), int((products < 0.0).sum()))


def _parallel(table: pd.DataFrame, arrays: Mapping[str, NDArray[Any]]) -> Signs:
    unequal = 0
    chosen = _settings(table)
    for data in chosen["data"]:
        drawn = sample(arrays, int(data))
        zero = np.zeros((1, drawn.features.shape[1]))
        mse, bce = (kernels.gradient(drawn.features, drawn.labels, zero, loss=loss) for loss in LOSSES)
        unequal += int(not np.array_equal(mse, bce / 4.0))
    return Signs(len(chosen), unequal)
