"""The sweep: makes the runs of a shard, a row per run and target, and learning curves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import kernels
from kernels.few_runs import suits
from study.data.network_starts import network_start
from study.data.samples import Sample, sample
from study.data.starts import start
from study.data.streams import Stream
from study.runs.plan import thresholds
from study.runs.tables import CURVES, RUNS

if TYPE_CHECKING:
    from study.config.model import Config

__all__ = [
    "NEVER",
    "Progress",
    "by_data",
    "descend",
    "first_parameters",
    "outcomes",
    "prepare",
    "recorded_steps",
    "run_shard",
    "suited_lanes",
]

NEVER: Final = {"brier": -1.0}
"""A target that no run meets, as a Brier score is never negative: each uses its whole budget."""

Note = Callable[[str], None]


class Progress:
    """Reports the progress of a shard: at most a line every few seconds, and one at the end.

    Parameters
    ----------
    label
        What the lines begin with.
    runs
        How many runs there are to be made.
    note
        Takes a line of text.
    every
        Seconds between lines.
    """

    def __init__(self, label: str, runs: int, note: Note, every: float = 5.0) -> None:
        self._label, self._runs, self._note, self._every = label, runs, note, every
        self._begun = self._last = time.perf_counter()
        self._done = 0
        self._in_kernels = 0.0

    def begin(self) -> None:
        """Say how long the preparation took, and start the clock anew."""
        now = time.perf_counter()
        self._note(f"{self._label}: ready after {now - self._begun:.1f} s")
        self._begun = self._last = now

    def add(self, runs: int, seconds: float) -> None:
        """Count `runs` as done, which took the kernels `seconds`."""
        self._done += runs
        self._in_kernels += seconds
        now = time.perf_counter()
        if now - self._last >= self._every:
            self._last = now
            left = (now - self._begun) * (self._runs - self._done) / self._done
            share = self._done / self._runs
            self._note(
                f"{self._label}: {self._done:,} of {self._runs:,} runs ({share:.0%}), {left:.0f} s left"
            )

    def end(self) -> None:
        """Say how long it took, and how much of that was spent inside the kernels."""
        total = time.perf_counter() - self._begun
        share = self._in_kernels / total if total else 0.0
        self._note(
            f"{self._label}: all {self._runs:,} runs done in {total:.1f} s, {share:.0%} of it in the kernels"
        )


def recorded_steps(points: int, max_steps: int) -> NDArray[np.int64]:
    """Return the steps at which a learning curve is recorded: 0, and about `points` more, log-spaced."""
    return np.unique(np.concatenate([[0], np.geomspace(1, max_steps, points).round()]).astype(np.int64))


def run_shard(
    config: Config, plan: pd.DataFrame, arrays: Mapping[str, NDArray[Any]], progress: Progress
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the runs of a shard.

    Parameters
    ----------
    config
        Its root seed, targets, `hold` and curves are read.
    plan
        The rows of the shard.
    arrays
        The arrays of `study.runs.draw.build`.
    progress
        Counts every batch.

    Returns
    -------
    runs, curves : DataFrame
        The columns of ``runs.parquet`` and ``curves.parquet``.
    """
    prepare(plan["loss"].unique())
    progress.begin()
    runs, curves = [], []
    groups: Any = plan.groupby(["data", "loss"], sort=True)
    for (data, loss), rows in groups:
        drawn = sample(arrays, data)
        thetas = first_parameters(rows, drawn, config.seed)
        begun = time.perf_counter()
        asked = thresholds(config, rows)
        lanes = suited_lanes(drawn, len(rows))
        descent = descend(
            drawn, rows, thetas, str(loss), targets=asked or NEVER, hold=config.hold, lanes=lanes
        )
        progress.add(len(rows), time.perf_counter() - begun)
        runs.append(_run_rows(rows, descent, list(asked)))
        traced = rows["traced"].to_numpy()
        if traced.any():
            begun = time.perf_counter()
            steps = recorded_steps(config.curves.points, int(rows.loc[traced, "max_steps"].max()))
            descent = descend(
                drawn, rows[traced], thetas[traced], str(loss), targets=NEVER, trace_steps=steps, lanes=lanes
            )
            progress.add(0, time.perf_counter() - begun)
            curves.append(_curve_rows(rows[traced], descent))
    progress.end()
    empty = pd.DataFrame(columns=list(CURVES.dtypes)).astype(dict(CURVES.dtypes))
    return pd.concat(runs, ignore_index=True), pd.concat(curves, ignore_index=True) if curves else empty


def by_data(frame: pd.DataFrame, plan: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Split runs or curves of a shard by data set, in the order of the plan, for `merge`."""
    numbers = frame["run"].map(plan.set_index("run")["data"])
    return (part for _, part in frame.groupby(numbers.to_numpy(), sort=True))


def suited_lanes(drawn: Sample, runs: int) -> str:
    """What the lanes of a vector are, as of `kernels.descend`, for the runs that the plan has of a loss.

    It is by all of them, so that the bits of a run do not depend on those that are made beside it.
    """
    n, d = drawn.features.shape
    return "samples" if suits(n, d, runs) else "runs"


def prepare(losses: Iterable[str]) -> None:
    """Compile the kernels of the sweep, or load them, so that a progress display counts the runs alone."""
    features, labels, thetas = np.ones((2, 1)), np.array([0, 1]), np.zeros((1, 1))
    for loss in losses:
        common: dict[str, Any] = {"loss": loss, "learning_rate": 1.0, "max_steps": 0, "threads": 1}
        kernels.descend(features, labels, thetas, targets=NEVER, **common)


def first_parameters(
    rows: pd.DataFrame, drawn: Sample, root: int, model: str = "linear"
) -> NDArray[np.float64]:
    """Make the parameters at step 0 of runs on one data set, (rows, parameters of the model).

    Parameters
    ----------
    rows
        Rows of the plan or of `runs`, one per run.
    drawn
        The data set.
    root
        Root seed of the study.
    model
        A name from `kernels.MODELS`.
    """

    def made_from(name: str, scale: float, seed: int) -> NDArray[np.float64]:
        if model == "linear":
            return start(name, scale, drawn.aim, seed, root)
        stream = Stream(root, "start", name, seed, model)
        return network_start(name, scale, model, drawn.features, drawn.labels, stream)

    keys = list(zip(rows["initialisation"], rows["scale"], rows["seed"], strict=True))
    made = {key: made_from(key[0], key[1], int(key[2])) for key in set(keys)}
    return np.stack([made[key] for key in keys])


def descend(
    drawn: Sample,
    rows: pd.DataFrame,
    thetas: NDArray[np.float64],
    loss: str,
    hold: int = 1,
    check_every: int = 1,
    lanes: str = "runs",
    **given: Any,
) -> kernels.Descent:
    """Descend on one data set at the rates of the plan, on the one thread that a job has.

    Parameters
    ----------
    drawn
        The data set.
    rows
        Rows of the plan or of `runs`, one per run; `learning_rate` and `max_steps` are read.
    thetas
        Shape (rows, d): the parameters at step 0.
    loss, hold, check_every, lanes, given
        As for `kernels.descend`. The budget of the study is the last step of an arrival: the checks that have
        to hold from there on come on top.
    """
    return kernels.descend(
        drawn.features,
        drawn.labels,
        thetas,
        loss=loss,
        learning_rate=rows["learning_rate"].to_numpy(),
        max_steps=rows["max_steps"].to_numpy() + (hold - 1) * check_every,
        hold=hold,
        check_every=check_every,
        lanes=lanes,
        threads=1,
        **given,
    )


def outcomes(rows: pd.DataFrame, descent: kernels.Descent, targets: Iterable[str]) -> pd.DataFrame:
    """Lay out how runs ended: a row per run and target, whatever happened.

    Parameters
    ----------
    rows
        Rows of the plan, one per run, with the thresholds of the targets.
    descent
        Those runs, in the same order.
    targets
        What they were to reach, one at least.
    """
    parts = [
        rows.assign(
            target=target,
            threshold=rows[f"target_{target}"],
            status=descent.status[target].astype(object),
            step=descent.arrival[target],
            steps_run=descent.steps_run,
        )
        for target in targets
    ]
    return pd.concat(parts, ignore_index=True)


def _run_rows(rows: pd.DataFrame, descent: kernels.Descent, targets: Sequence[str]) -> pd.DataFrame:
    """The columns of `runs`, a row per run and target."""
    if not targets:
        return pd.DataFrame(columns=list(RUNS.dtypes)).astype(dict(RUNS.dtypes))
    return outcomes(rows, descent, targets)[list(RUNS.dtypes)]


def _curve_rows(rows: pd.DataFrame, descent: kernels.Descent) -> pd.DataFrame:
    """A row per traced run and recorded step; none after the step at which a run diverged."""
    assert descent.trace is not None
    steps = descent.trace["steps"]
    curves = rows.loc[rows.index.repeat(len(steps))].reset_index(drop=True)
    curves["step"] = np.tile(steps, len(rows))
    for score in ("brier", "logloss", "accuracy"):
        curves[score] = descent.trace[score].reshape(-1)
    return curves[curves["brier"].notna()][list(CURVES.dtypes)]
