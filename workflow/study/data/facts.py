"""Facts of a data set: what each loss attains on it, what a run is to reach, and the way there.

All samples can be separated: the data are linearly separable. None can: BCE has one finite optimum. Some can
(quasi-separation): BCE has no finite optimum either; its infimum is that of the other samples alone.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

import kernels
from study.data.algebra import column_sums, digits9, gram, matvec, weighted_sum
from study.data.brier import mse_margins
from study.data.frame import frame_of, row_space
from study.data.margins import max_margin_of_independent
from study.data.optima import bce_limit
from study.data.separation import unit
from study.data.spread import fisher, largest_eigenvalue
from study.data.steps import Step, silent

__all__ = ["SHARE", "Facts", "base_rate_scores", "facts", "named_scores", "target", "threshold"]

Array = NDArray[np.float64]

_SCORES: Final = ("accuracy", "brier", "logloss")

SHARE: Final = 0.1
"""A target lies this share of the way from what both losses attain to what the base rate scores."""


@dataclass(frozen=True)
class Facts:
    """Facts of one realised data set; all except counts are rounded to 9 significant digits."""

    n: int
    d: int  # bias column included
    positives: int
    fisher: float
    separable: bool
    smoothness: float
    median_margin: float  # of the samples under the unit direction
    bce_accuracy: float
    bce_brier: float
    bce_logloss: float
    mse_accuracy: float
    mse_brier: float
    mse_logloss: float
    base_accuracy: float
    base_brier: float
    base_logloss: float
    target_accuracy: float
    target_brier: float
    target_logloss: float
    direction: Array  # (d,), unit; zero where BCE's optimum is theta = 0

    def row(self) -> dict[str, Any]:
        """All except the direction, by name: a row of the table of data sets."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name != "direction"
        }


@dataclass(frozen=True)
class _Scores:
    """Scores of a model on the samples."""

    accuracy: float
    brier: float
    logloss: float


def facts(features: Array, labels: NDArray[np.int64], step: Step = silent) -> Facts:
    """Facts of a data set.

    Parameters
    ----------
    features : float64 array (n, d)
        With the bias column last.
    labels : int array (n,)
        0 or 1, both present.
    step
        Is told each step as it begins.

    Notes
    -----
    `bce_*` and `mse_*` are the scores at the optimum of each loss, in the limit where it lies at infinity:
    accuracy 1 and both others 0 on separable data. The optimum of MSE is the best that was found; where it
    lies at infinity and is wrong about a sample, its log loss is infinite. `base_*` are the scores of the
    share of positives as everybody's probability. The targets are those of `target`;
    that of accuracy is the least multiple of 1/n that is as good. `direction` is that of the BCE optimum;
    where there is none, the limit of its path: the max-margin direction of the samples that can be separated,
    in the space orthogonal to the others (Ji and Telgarsky 2018, "Risk and parameter convergence of logistic
    regression").
    """
    n, d = features.shape
    optima = _optima(features * (2.0 * labels - 1.0)[:, None], step)
    step("measuring the distance between the classes")
    direction = digits9(np.where(np.abs(optima.direction) < 1e-13, 0.0, optima.direction))
    base = base_rate_scores(int(labels.sum()), n)
    scores = named_scores("bce", optima.bce) | named_scores("mse", optima.mse) | named_scores("base", base)
    return Facts(
        n=n,
        d=d,
        positives=int(labels.sum()),
        fisher=float(digits9(fisher(features[:, :-1], labels))),
        separable=optima.separable,
        smoothness=float(digits9(optima.largest / n * (1.0 + 1e-8))),  # rounded up: an upper bound
        median_margin=float(digits9(np.median((2.0 * labels - 1.0) * matvec(features, direction)))),
        **scores,
        **{f"target_{score}": threshold({"n": n, **scores}, score) for score in _SCORES},
        direction=direction,
    )


class _Optima(NamedTuple):
    """What is found with the losses' optima."""

    separable: bool
    direction: Array  # (d,), unit
    bce: _Scores
    mse: _Scores
    largest: float  # eigenvalue of X'X


def _optima(signed: Array, step: Step) -> _Optima:
    """Find the optima, in the space of the samples if they are not more than the columns."""
    n, d = signed.shape
    if n > d:
        return _optima_of_many(signed, step)
    step("finding the direction of largest margin")
    products = gram(np.ascontiguousarray(signed.T))
    largest, weights = largest_eigenvalue(products), max_margin_of_independent(products)
    if weights is not None:
        perfect = _Scores(1.0, 0.0, 0.0)
        return _Optima(True, unit(weighted_sum(signed, weights)), perfect, perfect, largest)
    rows, basis = row_space(signed, products)
    found = _optima_of_many(rows, step)
    return found._replace(direction=weighted_sum(basis, found.direction), largest=largest)


def _optima_of_many(signed: Array, step: Step) -> _Optima:
    """Find the optima of any samples; fast if they are many."""
    step("making the columns orthonormal")
    n, frame = len(signed), frame_of(signed)
    step("finding where descent on BCE ends")
    separable, limit, finite_optimum = bce_limit(signed, frame)
    direction = unit(finite_optimum) if limit is None else limit
    bce = mse = _Scores(1.0, 0.0, 0.0)
    if not separable.all():
        bce = _scores(matvec(signed[~separable], finite_optimum), n)
        step("searching the least squared error")
        mse = _scores(mse_margins(signed, frame, finite_optimum, limit, separable), n)
    return _Optima(bool(separable.all()), direction, bce, mse, n * largest_eigenvalue(frame.gram))


def threshold(row: Mapping[str, Any], score: str, share: float = SHARE) -> float:
    """What a run on a data set is to reach in a score.

    Parameters
    ----------
    row
        `n` and the scores `bce_*`, `mse_*` and `base_*` of the data set, by name, as in its row of the table.
    score
        `accuracy`, `brier` or `logloss`.
    share
        As for `target`.

    Returns
    -------
    float
        That of `target`, of accuracy the least multiple of 1/n that is as good; nan where there is none.
    """
    bce, mse, base = (row[f"{name}_{score}"] for name in ("bce", "mse", "base"))
    if score == "accuracy":
        return _accuracy_target(min(bce, mse), base, row["n"], share)
    return target(max(bce, mse), base, share)


def target(attained: float, base: float, share: float = SHARE, *, larger: bool = False) -> float:
    """What a run is to reach in a score, part of the way from what is attained to the base rate's.

    Parameters
    ----------
    attained
        The score that both losses attain: the worse of their two optima.
    base
        The score of the base rate.
    share
        How far from what is attained, as a share of the way.
    larger
        Whether a larger score is better.

    Returns
    -------
    float
        Between the two, rounded to 9 significant digits; nan where the base rate is as good, and no such
        target exists.
    """
    gain = attained - base if larger else base - attained
    return float(digits9(attained + share * (base - attained))) if gain > 1e-6 else math.nan


def _accuracy_target(attained: float, base: float, n: int, share: float) -> float:
    """The least multiple of 1/n that is as good as `target`, from whole numbers of samples; nan for none."""
    right, majority = round(n * attained), round(n * base)
    return (right - math.floor(share * (right - majority))) / n if right > majority else math.nan


def _scores(margins: Array, n: int) -> _Scores:
    """Scores of `n` samples, those left out of `margins` being right beyond doubt."""
    # A logit of exactly 0 is wrong, rounding or not.
    accurate = n - len(margins) + int((margins > 1e-9).sum())
    wrong = kernels.expit(-margins)
    terms = np.column_stack([wrong * wrong, kernels.softplus(-margins)])
    brier, logloss = column_sums(terms) / n
    return _Scores(accurate / n, float(digits9(brier)), float(digits9(logloss)))


def base_rate_scores(positives: int, n: int) -> _Scores:
    """Scores of the share of positives, as everybody's probability."""
    share = positives / n
    entropy = -(share * math.log(share) + (1.0 - share) * math.log(1.0 - share))
    return _Scores(
        max(positives, n - positives) / n, float(digits9(share * (1.0 - share))), float(digits9(entropy))
    )


def named_scores(prefix: str, scores: _Scores) -> dict[str, float]:
    """Scores by the names of their columns."""
    return {f"{prefix}_{name}": value for name, value in dataclasses.asdict(scores).items()}
