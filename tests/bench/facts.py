"""Print how long the facts of one data set take, by shape, beside scikit-learn's logistic regression.

``python tests/bench/facts.py`` takes each shape in a process of its own: the facts, then an unpenalised
`LogisticRegression` fit of the same data, with its default solver. ``--study default`` prints the processor
time of the facts of a study's data sets instead. Run nothing else at the same time.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import yaml
from study.config import model as config
from study.data.facts import facts
from study.data.kinds import realise
from study.data.samples import with_bias

ROOT = Path(__file__).parents[2]
SHAPES = {"1000000x10": 2.0, "100000x30": 2.0, "1000000x10 separable": 14.0, "2000x2000": 2.0, "32x2308": 2.0}
"""Samples and features, and by how many standard deviations the classes lie apart."""


def drawn(shape: str) -> tuple[np.ndarray, np.ndarray]:
    """Features with the bias column last, and labels."""
    n, d = map(int, shape.partition(" ")[0].split("x"))
    labels = np.arange(n) % 2
    features = np.random.default_rng(0).standard_normal((n, d))
    features[:, 0] += SHAPES[shape] * (labels - 0.5)
    return with_bias(features), labels


def timed(function: Callable[[], Any], repeats: int) -> str:
    """Median seconds by the clock, and of the processor."""
    clock, processor = [], []
    for _ in range(repeats):
        begun, used = time.perf_counter(), time.process_time()
        function()
        clock.append(time.perf_counter() - begun)
        processor.append(time.process_time() - used)
    return f"{median(clock):8.2f} {median(processor):9.2f}"


def measure(shape: str, repeats: int) -> None:
    """Print the line of a shape."""
    from sklearn.linear_model import LogisticRegression

    warnings.simplefilter("ignore")  # on separable data it does not converge
    facts(*drawn("32x2308"))  # compiles, or loads what was compiled
    facts(np.column_stack([np.arange(8.0), np.ones(8)]), np.array([0, 1, 0, 1, 1, 0, 1, 1]))
    features, labels = drawn(shape)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    own = timed(lambda: facts(features, labels), repeats)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    model = LogisticRegression(C=np.inf, fit_intercept=False, max_iter=1000)
    peer = timed(lambda: model.fit(features, labels), repeats)
    sys.stdout.write(
        f"{shape:20} {own} {peer}   {peak / 1024:8.0f} MB of which {before / 1024:.0f} before the facts\n"
    )


def study(name: str) -> None:
    """Print the processor time of the facts of a study's data sets."""
    checked = config.load(yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text(encoding="utf-8")))
    facts(*drawn("32x2308"))
    number, used = 0, 0.0
    for options in checked.datasets:
        for level in options.separabilities:
            for seed in checked.seeds:
                features, labels = realise(options, level, seed, checked.seed)
                begun = time.process_time()
                facts(features, labels)
                used += time.process_time() - begun
                number += 1
    sys.stdout.write(f"{name}: facts of {number} data sets in {used:.1f} s of a processor\n")


def main() -> None:
    """Measure, and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shapes", nargs="*", help=f"of {', '.join(SHAPES)}; default: all")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--study", choices=("smoke", "default", "full"))
    parser.add_argument("--here", action="store_true", help="measure one shape in this process")
    given = parser.parse_args()
    if given.study:
        study(given.study)
    elif given.here:
        measure(given.shapes[0], given.repeats)
    else:
        sys.stdout.write(f"{'':20} {'facts: s':>8} {'CPU s':>9} {'sklearn':>8} {'CPU s':>9}   peak memory\n")
        sys.stdout.flush()
        for shape in given.shapes or SHAPES:
            command = [sys.executable, __file__, shape, "--repeats", str(given.repeats), "--here"]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
