"""How often the 95% intervals cover a known truth: `python tests/study/simulate_coverage.py [studies]`.

Each simulated study is like a cell of the real one: pairs of times, MSE's censored at the budget. BCE's
time and the true ratio are log-normal and independent; the budget is set so that the requested share is
censored. So a ratio is censored at budget / T_BCE, a different value for every pair. Both intervals of its
median are tried: Kaplan and Meier's, and the bootstrap's.
"""

from __future__ import annotations

import math
import sys

import numpy as np
from scipy import stats
from study.statistics.bootstrap import bootstrap
from study.statistics.survival import median

MEDIAN_RATIO, SPREAD = 8.0, 0.8
MEDIAN_BCE, SPREAD_BCE = 50.0, 0.4


def coverage(starts: int, censored: float, studies: int, resamples: int = 999) -> dict[str, float]:
    """Shares of simulated studies: `censored` pairs, and how often the two intervals cover."""
    rng = np.random.default_rng([starts, round(100 * censored), studies])
    shape = (studies, starts)
    ratio = MEDIAN_RATIO * np.exp(SPREAD * rng.standard_normal(shape))
    bce = MEDIAN_BCE * np.exp(SPREAD_BCE * rng.standard_normal(shape))
    mse = ratio * bce
    budget = math.inf
    if censored:
        width = math.hypot(SPREAD, SPREAD_BCE)
        budget = MEDIAN_RATIO * MEDIAN_BCE * math.exp(width * stats.norm.isf(censored))
    reached = mse <= budget
    known = np.where(reached, ratio, budget / bce)
    _, low, high = median(known, reached)
    inside = (low <= MEDIAN_RATIO) & (high >= MEDIAN_RATIO)
    ends = np.array([bootstrap(r, k, resamples=resamples) for r, k in zip(known, reached, strict=True)])
    covered = (ends[:, 0] <= MEDIAN_RATIO) & (ends[:, 1] >= MEDIAN_RATIO)
    return {"censored": 1.0 - reached.mean(), "kaplan_meier": inside.mean(), "bootstrap": covered.mean()}


def main() -> None:
    """Print the table."""
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    print(f"{studies} simulated studies, nominal 95%\n")
    print("| starts | censored | Kaplan-Meier | bootstrap |")
    print("|---|---|---|---|")
    for starts in (6, 15, 30, 60, 120):
        for censored in (0.0, 0.3):
            found = coverage(starts, censored, studies)
            print(
                f"| {starts} | {found['censored']:.1%} | {found['kaplan_meier']:.1%} "
                f"| {found['bootstrap']:.1%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
