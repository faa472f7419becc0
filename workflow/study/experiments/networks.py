"""The data sets of networks, with targets from the best that long descents find."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import kernels
from study.data.algebra import digits9
from study.data.facts import base_rate_scores, named_scores, threshold
from study.data.kinds import realise
from study.data.network_starts import network_start
from study.data.samples import Sample
from study.data.streams import Stream
from study.runs.draw import every_data_set, named
from study.runs.sweep import NEVER

if TYPE_CHECKING:
    from study.config.model import Config

__all__ = ["build"]

_LOSSES: Final = ("bce", "mse")
_SCORES: Final = {"accuracy": max, "brier": min, "logloss": min}
_RATE: Final = 0.02


def build(config: Config, steps: int, starts: int) -> tuple[pd.DataFrame, dict[str, NDArray[Any]]]:
    """Realise the data sets of an experiment, and find targets for each model of its methods.

    Parameters
    ----------
    config
        The view of the experiment.
    steps, starts
        Steps of a long descent, and from how many Glorot starts it is made with each loss.

    Returns
    -------
    table : DataFrame
        One row per data set and model: the columns of `EXPERIMENT_DATA` but those that name the experiment.
    arrays : dict
        As of `study.runs.draw.build`.
    """
    models = dict.fromkeys(method.model for method in config.methods)
    rows, arrays = [], dict[str, NDArray[Any]]()
    for data, (options, level, seed) in enumerate(every_data_set(config)):
        features, labels = realise(options, level, seed, config.seed)
        for model in models:
            found = _facts(model, features, labels, (config.seed, options.name, seed), steps, starts)
            rows.append({"data": data, "model": model} | named(options, level, seed) | found)
        no_direction = Sample(features, labels, np.zeros(features.shape[1]), np.array(math.nan))
        arrays |= no_direction.arrays(data)
    return pd.DataFrame(rows), arrays


def _facts(
    model: str,
    features: NDArray[np.float64],
    labels: NDArray[np.int64],
    name: tuple[int, str, int],
    steps: int,
    starts: int,
) -> dict[str, Any]:
    """The columns of one data set and model that are computed."""
    n, d = features.shape
    root, dataset, seed = name
    streams = [Stream(root, "reference", dataset, seed, one) for one in range(starts)]
    thetas = np.stack([network_start("glorot", 0.0, model, features, labels, one) for one in streams])
    scores = named_scores("base", base_rate_scores(int(labels.sum()), n))
    for loss in _LOSSES:
        found = _best(model, loss, features, labels, thetas, steps)
        scores |= {f"{loss}_{score}": value for score, value in found.items()}
    targets = {f"target_{score}": threshold({"n": n, **scores}, score) for score in _SCORES}
    counts = {"n": n, "d": d, "positives": int(labels.sum()), "smoothness": math.nan}
    return counts | scores | targets


def _best(
    model: str,
    loss: str,
    features: NDArray[np.float64],
    labels: NDArray[np.int64],
    thetas: NDArray[np.float64],
    steps: int,
) -> dict[str, float]:
    """The best of each score at the ends of long descents by Adam."""
    found = kernels.descend(
        features,
        labels,
        thetas,
        loss=loss,
        model=model,
        optimiser="adam",
        learning_rate=_RATE,
        max_steps=steps,
        trace_steps=[steps],
        targets=NEVER,  # the loop that the runs need too: one to compile
        threads=1,
    )
    assert found.trace is not None
    return {score: float(digits9(best(found.trace[score][:, 0].tolist()))) for score, best in _SCORES.items()}
