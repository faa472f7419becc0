"""Show how often a step in a history is found, how well it is dated, and how often there are false alarms.

``python tests/bench/check_changepoints.py`` makes up histories of 200 runs with noise of 15% and a step of
20% at a random place (and as many without), and prints, for kinds of noise, what
`study.benchmarks.changepoints` finds. Next to it: how often the best possible method, which knows that there
is one step, that the noise is normal, and how large both are, dates it within 3 runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from study.benchmarks.changepoints import changes

RUNS, NOISE, STEP, EDGE = 200, 0.15, 1.20, 20
ROUNDS = 15  # of a recorded run


def _rounds(rng: np.random.Generator) -> np.ndarray:
    """Every round has the noise; a run is the median of its rounds, as in the history."""
    return np.median(rng.normal(0, NOISE, (RUNS, ROUNDS)), axis=1)


def _bursts(rng: np.random.Generator) -> np.ndarray:
    """One-sided, as from a machine that others use: half of the runs have none, the rest more."""
    noise = rng.exponential(1.0, RUNS) * (rng.random(RUNS) < 0.5)
    return noise * NOISE / np.sqrt(0.75)  # standard deviation of NOISE


KINDS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "15% on every round, 15 rounds a run": _rounds,
    "15% on every run, one-sided bursts": _bursts,
    "within 15% on every run, uniform": lambda rng: rng.uniform(-NOISE, NOISE, RUNS),
    "15% on every run, normal": lambda rng: rng.normal(0, NOISE, RUNS),
}


def best_possible(values: np.ndarray) -> int:
    """The most likely place of one step of known size in normal noise."""
    cost = (values - np.where(np.arange(RUNS) < np.arange(1, RUNS)[:, None], 0.0, np.log(STEP))) ** 2
    return int(cost.sum(axis=1).argmin()) + 1


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--histories", type=int, default=1000, help="of each kind, with and without a step (default 1000)"
    )
    count = parser.parse_args().histories
    print(
        f"{RUNS} runs, step of {STEP - 1:.0%}, {count} histories of each kind with a step and as many without"
    )
    print(
        f"{'noise':38} {'found':>7} {'within 3':>9} {'best possible':>14} "
        f"{'more than one':>14} {'false alarms':>13}"
    )
    for kind, noise in KINDS.items():
        rng = np.random.default_rng(0)
        found = near = possible = more = false = 0
        for _ in range(count):
            place = int(rng.integers(EDGE, RUNS - EDGE))
            values = noise(rng) + np.where(np.arange(RUNS) < place, 0.0, np.log(STEP))
            steps = changes(values)
            found += bool(steps)
            near += any(abs(step - place) <= 3 for step in steps)
            possible += abs(best_possible(values) - place) <= 3
            more += len(steps) > 1
            false += bool(changes(noise(rng)))
        shares = [f"{k / count:.1%}" for k in (found, near, possible, more, false)]
        print(
            f"{kind:38} {shares[0]:>7} {shares[1]:>9} {shares[2]:>14} {shares[3]:>14} {shares[4]:>13}",
            flush=True,
        )


if __name__ == "__main__":
    main()
