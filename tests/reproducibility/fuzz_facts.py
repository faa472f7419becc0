"""Compare the facts of small random data sets with an independent linear program and independent optima.

    python tests/reproducibility/fuzz_facts.py              10,000 data sets
    python tests/reproducibility/fuzz_facts.py --sets 500 --first 20000

Among them are ties, indicator columns, repeated and dependent columns, heavy tails, and columns of very
different size. A data set may be refused (`UndecidedError`); one whose facts are wrong is printed with its
number, from which it is drawn. Warnings count as errors. Exit code 1 if a fact is wrong.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections import Counter

import numpy as np
from scipy.optimize import linprog, minimize
from scipy.special import expit
from study.data.facts import Facts, facts
from study.data.samples import with_bias
from study.data.separation import UndecidedError

KINDS = ("normal", "whole", "flags", "dependent", "wide", "tails", "sizes")


def drawn(number: int) -> tuple[str, np.ndarray, np.ndarray]:
    """Kind, features with the bias column last, and labels."""
    rng = np.random.default_rng(number)
    kind = KINDS[number % len(KINDS)]
    n, p = int(rng.integers(4, 40)), int(rng.integers(1, 5))
    labels = rng.permutation(n) % 2
    columns = rng.normal(size=(n, p)) + rng.choice([0.0, 1.0, 3.0]) * labels[:, None]
    if kind == "whole":
        columns = columns.round()
    elif kind == "flags":
        columns = (columns > rng.choice([0.0, 1.5, 2.5])).astype(float)
    elif kind == "dependent":
        columns = np.column_stack([columns, columns[:, 0], 1.0 - 2.0 * columns[:, -1]])
    elif kind == "wide":
        columns = np.column_stack([columns.round(), rng.integers(0, 2, (n, n))])
    elif kind == "tails":
        columns = rng.standard_cauchy((n, p)) ** rng.choice([1, 3])
    elif kind == "sizes":
        columns = columns * 10.0 ** rng.integers(-4, 5, p)
    if kind in {"tails", "sizes"} or rng.random() < 0.5:  # as a file's columns are standardised
        spread = columns.std(axis=0)
        if not spread.any():
            columns, spread = rng.normal(size=(n, p)), np.ones(p)
        columns = (columns - columns.mean(axis=0))[:, spread > 0.0] / spread[spread > 0.0]
    return kind, with_bias(columns), labels


def risk(signed: np.ndarray, theta: np.ndarray, loss: str) -> tuple[float, np.ndarray]:
    """Mean loss and its gradient."""
    margins = signed @ theta
    wrong = expit(-margins)
    if loss == "bce":
        return float(np.logaddexp(0.0, -margins).mean()), -(signed * wrong[:, None]).mean(axis=0)
    slope = 2.0 * wrong**2 * expit(margins)
    return float((wrong**2).mean()), -(signed * slope[:, None]).mean(axis=0)


def least(signed: np.ndarray, loss: str, starts: np.ndarray) -> float:
    """Smallest mean loss that SciPy finds."""
    found = [
        minimize(lambda theta: risk(signed, theta, loss), start, jac=True, options={"gtol": 1e-10}).fun
        for start in starts
    ]
    return float(min(found))


def wrongs(number: int, features: np.ndarray, labels: np.ndarray, found: Facts) -> list[str]:
    """What is wrong with the facts."""
    signed = features * (2.0 * labels - 1.0)[:, None]
    d = features.shape[1]
    program = linprog(np.zeros(d), A_ub=-signed, b_ub=-np.ones(len(signed)), bounds=(None, None))
    errors = []
    if found.separable != (program.status == 0):
        errors.append(f"separable {found.separable}, but the program ends with {program.message}")
    if found.separable:
        margins = signed @ found.direction
        other = program.x / np.linalg.norm(program.x) if program.status == 0 else np.zeros(d)
        # The direction is rounded to nine digits.
        rounding = 1e-8 * float(np.sqrt((signed * signed).sum(axis=1)).max())
        if margins.min() < (signed @ other).min() * (1.0 - 1e-6) - rounding:
            errors.append(f"least margin {margins.min()} where {(signed @ other).min()} is possible")
        return errors
    rng = np.random.default_rng(number)
    starts = np.vstack([np.zeros(d), 3.0 * rng.normal(size=(4, d))])
    bce, mse = least(signed, "bce", starts[:1]), least(signed, "mse", starts)
    if found.bce_logloss > bce + 1e-7:
        errors.append(f"bce_logloss {found.bce_logloss}, but {bce} is found")
    if found.mse_brier > mse + 1e-7:
        errors.append(f"mse_brier {found.mse_brier}, but {mse} is found")
    pulled = np.abs(risk(signed, np.zeros(d), "bce")[1]).max() > 0.0
    if found.direction.any() != bool(pulled) and abs(found.bce_logloss - np.log(2.0)) > 1e-9:
        errors.append("no direction")
    tails = KINDS[number % len(KINDS)] == "tails"
    # Where the optimum lies at infinity, SciPy stops before it; or where it is far away.
    if found.bce_logloss < bce - 1e-2 and not tails:
        errors.append(f"bce_logloss {found.bce_logloss}, but only {bce} is found")
    if found.mse_brier > found.bce_brier * (1.0 + 1e-8):
        errors.append(f"mse_brier {found.mse_brier} above bce_brier {found.bce_brier}")
    return errors


def main() -> None:
    """Draw, compare, and print how the data sets of each kind ended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    warnings.simplefilter("error")
    ends: Counter[tuple[str, str]] = Counter()
    for number in range(given.first, given.first + given.sets):
        kind, features, labels = drawn(number)
        try:
            found = facts(features, labels)
        except UndecidedError as error:
            ends[kind, "refused"] += 1
            sys.stdout.write(f"{number} ({kind}) is refused: {error}\n")
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SciPy's own, on the way to infinity
            errors = wrongs(number, features, labels, found)
        ends[kind, "wrong" if errors else "right"] += 1
        for error in errors:
            sys.stdout.write(f"{number} ({kind}): {error}\n")
    for (kind, end), count in sorted(ends.items()):
        sys.stdout.write(f"{kind:10} {end:8} {count}\n")
    sys.exit(any(end == "wrong" for _, end in ends))


if __name__ == "__main__":
    main()
