"""How often the 95% intervals cover a known truth: `python tests/study/simulate_coverage.py [studies]`.

Three kinds of interval are tried on simulated studies:

- of the median ratio of pairs: those of Kaplan and Meier, and the bootstrap's;
- of the slowdown at the best rates, where each resample chooses the rates again;
- of pooled data sets, where each resample draws data sets and then pairs of each.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import numpy as np
from scipy import stats
from study.statistics.bootstrap import Pairs, bootstrap, interval
from study.statistics.ratios import ratios
from study.statistics.survival import median
from study.statistics.tuning import Choice, Trials, costs

MEDIAN_RATIO, SPREAD = 8.0, 0.8
MEDIAN_BCE, SPREAD_BCE = 50.0, 0.4


def coverage(starts: int, censored: float, studies: int, resamples: int = 999) -> dict[str, float]:
    """Shares of simulated studies: `censored` pairs, and how often the two intervals cover.

    A study is a cell of the real one: pairs of times, MSE's censored at the budget. BCE's time and the true
    ratio are log-normal and independent; the budget is set so that the requested share is censored. So a
    ratio is censored at budget / T_BCE, a different value for every pair.
    """
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


# --- The choice of the best rates ---------------------------------------------------------------------------

RATES = 2.0 ** np.arange(-3, 10)


@dataclass(frozen=True)
class Population:
    """Seeds whose steps to the target, at each of `RATES`, are log-normal.

    With the rate the steps fall as 1/rate, up to a rate `best`; beyond it, where the descent overshoots, they
    grow as rate^`steep` and their spread, in logarithms, is `rough` in place of `smooth`. A seed is as much
    slower at all rates as its `luck` says. No run takes fewer than one step or more than `budget`.
    """

    mse_best: float = 32.0
    bce_best: float = 4.0
    steep: float = 1.0
    smooth: float = 0.15
    rough: float = 0.6
    luck: float = 0.4
    budget: float = 20_000.0
    slow: float = 60.0

    def trials(self, loss: str, seeds: int, rng: np.random.Generator) -> Trials:
        """Runs of a loss from new seeds."""
        best, scale = (self.mse_best, self.slow) if loss == "mse" else (self.bce_best, 1.0)
        beyond = np.maximum(np.log(RATES / best), 0.0)
        curve = np.log(200.0 * scale) - np.log(np.minimum(RATES, best)) + self.steep * beyond
        luck = self.luck * rng.standard_normal((seeds, 1))
        noise = np.where(beyond > 0, self.rough, self.smooth) * rng.standard_normal((seeds, RATES.size))
        steps = np.maximum(np.ceil(np.exp(curve + luck + noise)), 1.0)
        return Trials(RATES, np.minimum(steps, self.budget), steps <= self.budget, self.budget)

    def truth(self, seeds: int = 10**5) -> tuple[float, float]:
        """Median ratio at the best rate of each loss, and how much worse the second best of MSE is."""
        rng = np.random.default_rng(12345)
        sides, worse = {}, 0.0
        for loss in ("mse", "bce"):
            trials = self.trials(loss, seeds, rng)
            mean = costs(trials.times, trials.observed, trials.budget).mean(axis=0) / 1e9
            at = int(mean.argmin())
            worse = worse or math.exp(np.sort(mean)[1] - mean[at])
            sides[loss] = trials.times[:, at], trials.observed[:, at]
        found = ratios(*sides["mse"], *sides["bce"])
        return float(median([found.ratio], [found.known])[0][0]), worse

    def choice(self, seeds: int, rng: np.random.Generator) -> Choice:
        """One simulated study of a cell."""
        sides = {loss: self.trials(loss, seeds, rng) for loss in ("mse", "bce")}
        return Choice("brier", np.arange(seeds), sides, 5)


POPULATIONS = {
    "alone": Population(steep=2.0, rough=1.0),
    "clear": Population(steep=0.5),
    "clear, 19% missed": Population(steep=0.5, budget=560.0),
    "tied, all alike": Population(steep=0.0, rough=0.15),
    "tied, the others unsteady": Population(steep=0.1),
}
"""By how the best rate of a loss compares with the next ones."""


def coverage_of_choice(
    population: Population, seeds: int, studies: int, resamples: int = 999
) -> dict[str, float]:
    """How often two intervals of the slowdown at the best rates cover, and the median of its estimates.

    `chosen` chooses again in each resample; `kept` resamples the pairs at the rates once chosen. `second` is
    how much more steps MSE takes at its second best rate.
    """
    truth, worse = population.truth()
    rng = np.random.default_rng([seeds, studies])
    rows = []
    for _ in range(studies):
        choice = population.choice(seeds, rng)
        sides = []
        for loss in ("mse", "bce"):
            at = np.arange(seeds), choice.position(loss)
            sides += [choice.trials[loss].times[at], choice.trials[loss].observed[at]]
        found = ratios(*sides)
        chosen = interval([choice], seeds, resamples=resamples)
        kept = bootstrap(found.ratio, found.known, resamples=resamples)
        rows.append((*chosen, *kept, median([found.ratio], [found.known])[0][0]))
    low, high, low_kept, high_kept, middle = np.array(rows).T
    return {
        "truth": truth,
        "second": worse,
        "bias": float(np.median(middle) / truth),
        "chosen": float(np.mean((low <= truth) & (truth <= high))),
        "kept": float(np.mean((low_kept <= truth) & (truth <= high_kept))),
    }


# --- Data sets, and pairs of each ---------------------------------------------------------------------------


WITHIN = 0.3


def coverage_of_pools(
    data_sets: int, between: float, censored: float, studies: int, seeds: int = 20, resamples: int = 999
) -> dict[str, float]:
    """How often the interval of pooled data sets covers the median over a population of data sets.

    The ratios of a data set spread by `WITHIN` in logarithms about a centre of its own, and these centres by
    `between` about the truth. `pairs` takes all pairs for one sample.
    """
    rng = np.random.default_rng([data_sets, round(100 * between), round(100 * censored), studies])
    covered = np.zeros((studies, 2), dtype=bool)
    missed, budget = 0.0, math.inf
    if censored:
        width = math.sqrt(between**2 + WITHIN**2 + SPREAD_BCE**2)
        budget = MEDIAN_RATIO * MEDIAN_BCE * math.exp(width * stats.norm.isf(censored))
    for study in range(studies):
        centre = MEDIAN_RATIO * np.exp(between * rng.standard_normal((data_sets, 1)))
        ratio = centre * np.exp(WITHIN * rng.standard_normal((data_sets, seeds)))
        bce = MEDIAN_BCE * np.exp(SPREAD_BCE * rng.standard_normal((data_sets, seeds)))
        known = ratio * bce <= budget
        seen = np.where(known, ratio, budget / bce)
        missed += 1.0 - known.mean()
        groups = [Pairs.of(r, k) for r, k in zip(seen, known, strict=True)]
        two = interval(groups, data_sets, resamples=resamples)
        one = bootstrap(seen.ravel(), known.ravel(), resamples=resamples)
        covered[study] = [low <= MEDIAN_RATIO <= high for low, high in (two, one)]
    two_levels, pairs = covered.mean(axis=0).tolist()
    return {"censored": missed / studies, "two_levels": two_levels, "pairs": pairs}


def main() -> None:
    """Print the tables."""
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    print(f"{studies} simulated studies, nominal 95%\n")
    print("| starts | censored | Kaplan-Meier | bootstrap |")
    print("|---|---|---|---|")
    for starts in (6, 15, 20, 30, 60, 120):
        for censored in (0.0, 0.3):
            found = coverage(starts, censored, studies)
            print(
                f"| {starts} | {found['censored']:.1%} | {found['kaplan_meier']:.1%} "
                f"| {found['bootstrap']:.1%} |",
                flush=True,
            )
    few = max(studies // 4, 1)
    print(f"\n{few} simulated studies\n")
    print("| best rate | next rate | seeds | estimate / truth | choosing again | rates kept |")
    print("|---|---|---|---|---|---|")
    for name, population in POPULATIONS.items():
        for seeds in (10, 20):
            found = coverage_of_choice(population, seeds, few)
            print(
                f"| {name} | {found['second']:.2f}x | {seeds} | {found['bias']:.2f} | {found['chosen']:.1%} "
                f"| {found['kept']:.1%} |",
                flush=True,
            )
    print(f"\n{few} simulated studies of 20 seeds for each data set\n")
    print("| data sets | spread between them | censored | two levels | pairs as one sample |")
    print("|---|---|---|---|---|")
    for data_sets, between, censored in ((13, 0.5, 0.0), (13, 0.5, 0.2), (13, 0.1, 0.0), (7, 0.5, 0.0)):
        found = coverage_of_pools(data_sets, between, censored, few)
        print(
            f"| {data_sets} | {between} | {found['censored']:.1%} | {found['two_levels']:.1%} "
            f"| {found['pairs']:.1%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
