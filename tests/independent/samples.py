"""Facts of the data sets, from their arrays: base rates, smoothness, separability, optima, targets."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from comparing import Check, digits, exact, within
from finished import Finished
from scipy import optimize, special

Array = npt.NDArray[np.float64]

EACH = 2
"""Of each setting, the optima of so many data sets that no plane separates, and of as many others."""

PLACE = "tables/datasets"


def simple_facts(study: Finished) -> Iterator[Check]:
    """What follows from the arrays in a line."""
    for data, row in study.datasets.iterrows():
        features, labels = study.array(data, "features"), study.array(data, "labels")
        name, n = f"data {data}", len(labels)
        yield exact(f"{name}: n", PLACE, int(row["n"]), n)
        yield exact(f"{name}: positives", PLACE, int(row["positives"]), int(labels.sum()))
        share = labels.mean()
        yield exact(f"{name}: base accuracy", PLACE, row["base_accuracy"], float(max(share, 1 - share)))
        yield digits(f"{name}: base Brier score", PLACE, row["base_brier"], float(share * (1 - share)))
        yield digits(f"{name}: base log loss", PLACE, row["base_logloss"], _entropy(share))
        largest = float(np.linalg.norm(features, 2) ** 2 / n)
        # It is rounded up, so that it remains an upper bound.
        low, high = largest * (1 - 1e-12), largest * (1 + 2.1e-8)
        yield within(f"{name}: smoothness", PLACE, row["smoothness"], largest, low, high)
        margins = study.signed(data) @ study.array(data, "direction")
        yield digits(f"{name}: median margin", PLACE, row["median_margin"], float(np.median(margins)))
        yield exact(f"{name}: separable", PLACE, bool(row["separable"]), bool(apart(study, data).all()))
    for _, row in study.datasets.groupby(["dataset", "separability"]).first().reset_index().iterrows():
        options = next(one for one in study.config["datasets"] if one["name"] == row["dataset"])
        if options["kind"] == "gaussian" and (options["imbalance"], options["label_noise"]) == (0.5, 0.0):
            name, error = f"gaussian {row['separability']:g}", float(special.ndtr(-row["separability"] / 2))
            yield digits(f"{name}: Bayes error", PLACE, row["bayes_error"], error)


def _entropy(share: float) -> float:
    return float(special.entr(share) + special.entr(1 - share))


def apart(study: Finished, data: int) -> npt.NDArray[np.bool_]:
    """Mark the samples that a plane through the others puts on their own side, by a linear program.

    Maximise the sum of s with 0 <= s <= 1 and margins of at least s.
    """
    signed = study.signed(data)
    n, d = signed.shape
    gain = np.concatenate([np.zeros(d), -np.ones(n)])
    bounds = [(None, None)] * d + [(0, 1)] * n
    found = optimize.linprog(
        gain, A_ub=np.hstack([-signed, np.eye(n)]), b_ub=np.zeros(n), bounds=bounds, method="highs"
    )
    return np.asarray(found.x[d:] > 0.5)


def chosen(study: Finished) -> list[int]:
    """Choose data sets for the expensive checks: the first ones of each setting."""
    groups = study.datasets.groupby(["dataset", "separability", "separable"], dropna=False)
    return sorted(data for _, part in groups for data in part.index[:EACH])


def optima(study: Finished) -> Iterator[Check]:
    """Scores at the optima, the direction of BCE's, and the targets that follow."""
    for data in chosen(study):
        row, signed, separable = study.datasets.loc[data], study.signed(data), apart(study, data)
        name, n = f"data {data}", len(signed)
        if separable.all():
            scores = mse = (1.0, 0.0, 0.0)
        else:
            theta = bce_optimum(signed[~separable])
            scores = _scores(signed[~separable] @ theta, n)
            margins = mse_margins(signed, theta)
            mse = _scores(margins, n)
        yield exact(f"{name}: accuracy at BCE's optimum", PLACE, row["bce_accuracy"], scores[0])
        yield digits(f"{name}: Brier score at BCE's optimum", PLACE, row["bce_brier"], scores[1], 8)
        yield digits(f"{name}: log loss at BCE's optimum", PLACE, row["bce_logloss"], scores[2])
        yield exact(f"{name}: accuracy at MSE's optimum", PLACE, row["mse_accuracy"], mse[0])
        # Where it lies at infinity the search stops before it, and it is printed in the limit.
        best = mse[1]
        yield within(f"{name}: Brier score at MSE's optimum", PLACE, row["mse_brier"], best, *_near(best))
        yield from _direction(study, data, separable)
        yield from _targets(name, row, max(scores[1], best))


def _direction(study: Finished, data: int, separable: npt.NDArray[np.bool_]) -> Iterator[Check]:
    """The direction of BCE's optimum, or of the largest margin where all samples can be separated."""
    signed, place = study.signed(data), "data/arrays.npz"
    direction = study.array(data, "direction")
    direction = direction / np.linalg.norm(direction)
    if separable.all():
        most, margin = largest_margin(signed, direction), float((signed @ direction).min())
        yield within(
            f"data {data}: largest margin", place, margin, most, most * (1 - 1e-7), most * (1 + 1e-7)
        )
    elif not separable.any():
        optimum = bce_optimum(signed)
        for column, value in enumerate(optimum / np.linalg.norm(optimum)):
            printed, name = float(direction[column]), f"data {data}: direction, column {column}"
            yield within(name, place, printed, value, value - 2e-9, value + 2e-9)


def _near(value: float) -> tuple[float, float]:
    return value - 1e-7 * max(value, 0.01), value + 1e-8 * max(value, 0.01)


def _targets(name: str, row: Any, brier: float) -> Iterator[Check]:
    """Targets: nine tenths of the way from the base rate's score to the worse of the two optima."""
    goal = brier + 0.1 * (row["base_brier"] - brier)
    if row["base_brier"] - brier > 1e-6:
        yield digits(f"{name}: target of the Brier score", PLACE, row["target_brier"], goal, 7)
    worse = max(row["bce_logloss"], row["mse_logloss"])
    goal = worse + 0.1 * (row["base_logloss"] - worse) if row["base_logloss"] > worse + 1e-6 else math.nan
    yield digits(f"{name}: target of the log loss", PLACE, row["target_logloss"], goal, 8)
    right, base = (
        round(row["n"] * share)
        for share in (min(row["bce_accuracy"], row["mse_accuracy"]), row["base_accuracy"])
    )
    # Of n samples at least 0.9 right + 0.1 base, in whole numbers.
    least = -(-(9 * right + base) // 10) / row["n"] if right > base else math.nan
    yield exact(f"{name}: target of the accuracy", PLACE, row["target_accuracy"], float(least))


def _scores(margins: Array, n: int) -> tuple[float, float, float]:
    """Accuracy, Brier score and log loss of n samples; those not in `margins` are right beyond doubt."""
    accurate = n - len(margins) + int((margins > 1e-9).sum())
    wrong = special.expit(-margins)
    return accurate / n, float((wrong**2).sum() / n), float(np.logaddexp(0, -margins).sum() / n)


def _basis(signed: Array) -> tuple[Array, Array]:
    """Rows in orthonormal coordinates, and what takes these back to parameters."""
    left, sizes, right = np.linalg.svd(signed, full_matrices=False)
    kept = sizes > 1e-10 * sizes[0]
    scale = math.sqrt(len(signed))
    return left[:, kept] * scale, right[kept].T * (scale / sizes[kept])


def bce_optimum(signed: Array) -> Array:
    """Minimise the mean log loss of samples that no plane separates."""
    rows, back = _basis(signed)

    def value(phi: Array) -> float:
        return float(np.logaddexp(0, -rows @ phi).mean())

    def gradient(phi: Array) -> Array:
        return np.asarray(-(rows * special.expit(-rows @ phi)[:, np.newaxis]).mean(axis=0))

    def hessian(phi: Array) -> Array:
        margins = rows @ phi
        return np.asarray((rows.T * (special.expit(margins) * special.expit(-margins))) @ rows / len(rows))

    start = np.zeros(rows.shape[1])
    near = optimize.minimize(value, start, jac=gradient, hess=hessian, method="trust-exact").x
    return np.asarray(back @ optimize.root(gradient, near, jac=hessian, options={"xtol": 1e-14}).x)


def mse_margins(signed: Array, optimum: Array) -> Array:
    """Margins at the least mean squared error that least squares finds from several starts."""
    rows, back = _basis(signed)
    first = np.linalg.lstsq(back, optimum, rcond=None)[0]
    rng = np.random.default_rng(0)
    reach = max(1.0, np.abs(first).max())
    starts = [factor * first for factor in (0.0, 0.3, 1.0, 3.0, 10.0)]
    starts += list(reach * rng.standard_normal((6, rows.shape[1])))

    def residuals(phi: Array) -> Array:
        return np.asarray(special.expit(-rows @ phi))

    def jacobian(phi: Array) -> Array:
        margins = rows @ phi
        return np.asarray(-rows * (special.expit(margins) * special.expit(-margins))[:, np.newaxis])

    tight = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
    ends = [optimize.least_squares(residuals, start, jacobian, method="lm", **tight).x for start in starts]
    return np.asarray(rows @ min(ends, key=lambda phi: float((residuals(phi) ** 2).sum())))


def largest_margin(signed: Array, direction: Array) -> float:
    """Bound the largest margin that a unit direction can have from above, tight if this direction has it.

    The length of any mean of the rows is a bound. At the optimum the rows in contact have one that points
    along the direction; non-negative least squares finds its weights.
    """
    margins = signed @ direction
    contact = signed[margins < margins.min() + 1e-6 * np.abs(margins).max()]
    aim = np.append(direction * margins.min(), 1.0)
    weights, _ = optimize.nnls(np.vstack([contact.T, np.ones(len(contact))]), aim)
    return float(np.linalg.norm(contact.T @ weights) / weights.sum())


def plan(study: Finished) -> Iterator[Check]:
    """Learning rates and thresholds of the runs: a run of every loss and rate on the chosen data sets."""
    for data in chosen(study):
        runs = study.runs[study.runs["data"] == data]
        row = study.datasets.loc[data]
        for (loss, rate), group in runs.groupby(["loss", "rate"]):
            value = rate / (row["smoothness"] / 4)  # L of BCE is a quarter of the smoothness
            name = f"data {data}, {loss} at {rate:g}"
            yield exact(f"{name}: learning rate", "tables/runs", group["learning_rate"].iloc[0], float(value))
        for target, group in runs.groupby("target"):
            thresholds = group["threshold"].unique()
            one = float(thresholds[0]) if len(thresholds) == 1 else math.nan
            yield exact(f"data {data}: {target}", "tables/runs", one, float(row[f"target_{target}"]))
