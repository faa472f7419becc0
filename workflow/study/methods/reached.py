"""What two methods reach, on samples that they were not trained on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from study.config.model import TARGETS
from study.methods.runs import common_rate

if TYPE_CHECKING:
    from study.config.methods import MethodOptions
    from study.config.model import Config

__all__ = ["median_interval", "reached"]

_RUN = ("dataset", "separability", "start")
_START = ["initialisation", "scale"]
_COLUMNS = (
    *("pairs", "sets", "contender_median", "baseline_median"),
    *("difference", "difference_low", "difference_high"),
)


def median_interval(values: npt.NDArray[np.float64], level: float) -> tuple[float, float]:
    """Confidence interval of a median, from the order of the values alone.

    Parameters
    ----------
    values
        Shape (n,), float64, independent draws of any one distribution.
    level
        Confidence level; the interval has at least that.

    Returns
    -------
    tuple of float
        The k-th smallest and the k-th largest value, k the largest for which Binomial(n, 1/2) is below k with
        a probability of (1 - level) / 2 at most; nan where there is none. Source: Conover (1999), Practical
        Nonparametric Statistics, section 3.2.
    """
    n = len(values)
    below = special.bdtr(np.arange(n), n, 0.5) <= (1.0 - level) / 2.0
    rank = int(below.sum())
    if rank == 0 or 2 * rank > n:
        return math.nan, math.nan
    ordered = np.sort(values)
    return float(ordered[rank - 1]), float(ordered[n - rank])


def reached(
    config: Config, runs: pd.DataFrame, contender: MethodOptions, baseline: MethodOptions
) -> pd.DataFrame:
    """Compare what two methods reach from each start, at the common rate of each.

    Parameters
    ----------
    config
        Its confidence level is read.
    runs
        The table `method_runs`.
    contender, baseline
        Two of its methods.

    Returns
    -------
    DataFrame
        The columns of `REACHED` but those that name the comparison.
    """
    sides = [_ends(config, runs, method) for method in (contender, baseline)]
    both = sides[0].merge(sides[1], on=[*_RUN, *_START], suffixes=("_contender", "_baseline"))
    rows = [
        {"initialisation": name, "scale": scale, "score": score, **_row(group, score, config)}
        for (name, scale), group in both.groupby(_START, sort=True)
        for score in TARGETS
    ]
    return pd.DataFrame(rows, columns=[*_START, "score", *_COLUMNS])


def _ends(config: Config, runs: pd.DataFrame, method: MethodOptions) -> pd.DataFrame:
    """The ends of a method's runs at the common rate, a row each."""
    rate = common_rate(config, method.scale_free)
    here = runs[(runs["method"] == method.name) & np.isclose(runs["rate"], rate, rtol=1e-9)]
    return here.drop_duplicates("start")[[*_RUN, *_START, *(f"test_{score}" for score in TARGETS)]]


def _row(pairs: pd.DataFrame, score: str, config: Config) -> dict[str, Any]:
    """Medians, their difference and its interval over data sets, of the pairs from one start."""
    mine, other = pairs[f"test_{score}_contender"], pairs[f"test_{score}_baseline"]
    scores = pairs.assign(contender=mine, baseline=other, difference=mine - other).dropna(subset="difference")
    names = ["contender", "baseline", "difference"]
    of_sets = scores.groupby(["dataset", "separability"], dropna=False)[names].median()
    low, high = median_interval(of_sets["difference"].to_numpy(float), config.statistics.confidence)
    return {
        "pairs": len(scores),
        "sets": len(of_sets),
        "contender_median": of_sets["contender"].median(),
        "baseline_median": of_sets["baseline"].median(),
        "difference": of_sets["difference"].median(),
        "difference_low": low,
        "difference_high": high,
    }
