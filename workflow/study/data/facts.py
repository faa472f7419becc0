"""Facts of a data set: the optimum of each score on it, and the direction of BCE's optimum.

Separation is decided by one linear program (Konis 2007, "Linear programming algorithms for detecting
separated data in binary logistic regression models"): it counts the samples that a hyperplane through the
others can put strictly on their own side. All of them: the data are linearly separable. None: BCE has one
finite optimum. Some (quasi-separation): BCE has no finite optimum either; its infimum is that of the other
samples alone.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # its parts are loaded at first use: most jobs import this module, but only one computes facts
from numpy.typing import NDArray

import kernels
from study.data.algebra import cholesky, column_sums, digits9, gram, matvec, solve_lower, solve_upper
from study.data.streams import Stream

__all__ = ["Facts", "facts"]

Array = NDArray[np.float64]

SHARE = 0.1
"""A Brier or log-loss target is the optimum plus this share of the way to the score of theta = 0."""

SLACK = 100
"""An accuracy target is the optimum's accuracy less one sample in this many."""


@dataclass(frozen=True)
class Facts:
    """Facts of one realised data set; all except counts are rounded to 9 significant digits."""

    n: int
    d: int  # bias column included
    positives: int
    fisher: float
    separable: bool
    smoothness: float
    bce_optimum: float
    bce_accuracy: float
    brier_optimum: float
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


def facts(features: Array, labels: NDArray[np.int64]) -> Facts:
    """Facts of a data set.

    Parameters
    ----------
    features : float64 array (n, d)
        With the bias column last.
    labels : int array (n,)
        0 or 1, both present.

    Notes
    -----
    `bce_optimum` and `brier_optimum` are infima: 0 on separable data. `brier_optimum` is the smallest found
    by descents from the BCE optimum and some other starts. `target_accuracy` is the least multiple of 1/n
    within 0.01 of `bce_accuracy`. `direction` is that of the BCE optimum; where there is none, the limit of
    its path: the max-margin direction of the samples that can be separated, in the space orthogonal to the
    others (Ji and Telgarsky 2018, "Risk and parameter convergence of logistic regression").
    """
    n, d = features.shape
    signed = features * (2.0 * labels - 1.0)[:, None]
    separable, limit, finite_optimum = _bce_limit(signed)
    margins = matvec(signed[~separable], finite_optimum)
    optimum = float(column_sums(kernels.softplus(-margins)[:, None])[0]) / n
    # In the limit every sample that can be separated is right. A logit of exactly 0 counts as wrong, also if
    # it is one only because of rounding.
    accurate = int(separable.sum()) + int((margins > 1e-9).sum())
    brier = 0.0 if separable.all() else _brier_optimum(signed, finite_optimum, limit, separable)
    direction = _unit(finite_optimum) if limit is None else limit
    optimum, brier = float(digits9(optimum)), float(digits9(brier))
    return Facts(
        n=n,
        d=d,
        positives=int(labels.sum()),
        fisher=_fisher(features[:, :-1], labels),
        separable=bool(separable.all()),
        smoothness=_smoothness(features),
        bce_optimum=optimum,
        bce_accuracy=accurate / n,
        brier_optimum=brier,
        target_accuracy=max(0, accurate - n // SLACK) / n,
        target_brier=float(digits9(brier + SHARE * (0.25 - brier))),
        target_logloss=float(digits9(optimum + SHARE * (math.log(2.0) - optimum))),
        direction=digits9(np.where(np.abs(direction) < 1e-13, 0.0, direction)),
    )


def _smoothness(features: Array) -> float:
    """Largest eigenvalue of X'X/n, rounded up at the ninth digit, so that it remains an upper bound."""
    largest = float(np.linalg.eigvalsh(gram(features) / len(features))[-1])
    return float(digits9(largest * (1.0 + 1e-8)))


def _fisher(features: Array, labels: NDArray[np.int64]) -> float:
    """Mahalanobis distance between the class means under the pooled covariance (an estimate of d' = 2 mu).

    Eigenvalues below a millionth of their mean are lifted to it, so that a singular covariance gives a large
    number and not an infinite one; with no scatter at all the distance is infinite (or 0, if the means
    agree).
    """
    classes = [np.ascontiguousarray(features[labels == label]) for label in (0, 1)]
    means = [column_sums(rows) / len(rows) for rows in classes]
    scatter = sum(gram(rows - mean) for rows, mean in zip(classes, means, strict=True))
    values, vectors = np.linalg.eigh(np.asarray(scatter) / max(len(labels) - 2, 1))
    gap = means[1] - means[0]
    floor = 1e-6 * float(values.mean())
    if floor <= 0.0:
        return math.inf if gap.any() else 0.0
    return float(digits9(math.sqrt(float(((vectors.T @ gap) ** 2 / np.maximum(values, floor)).sum()))))


def _bce_limit(signed: Array) -> tuple[NDArray[np.bool_], Array | None, Array]:
    """Find where descent on BCE goes: to `finite_optimum`, plus ever more of `limit` if any can be separated.

    Parameters
    ----------
    signed : array (n, d)
        Rows of features times +1 (positive) or -1 (negative).

    Returns
    -------
    separable : bool array (n,)
        The samples that can be separated.
    limit : array (d,) or None
        Their max-margin direction; None where no sample can be separated.
    finite_optimum : array (d,)
        BCE optimum of the other samples; zero where there are none.
    """
    separable, hyperplane = _separated(signed)
    limit = _max_margin(signed, hyperplane, separable) if separable.any() else None
    if limit is None:
        finite_optimum = _bce_optimum(signed)
        if matvec(signed, finite_optimum).min() <= 1.0:
            return np.zeros_like(separable), None, finite_optimum
        # The gap was too small for the program's tolerance, but this hyperplane proves that there is one.
        separable = np.ones_like(separable)
        limit = _max_margin(signed, finite_optimum, separable)
    finite_optimum = np.zeros(signed.shape[1]) if separable.all() else _bce_optimum(signed[~separable])
    return separable, limit, finite_optimum


def _separated(signed: Array) -> tuple[NDArray[np.bool_], Array]:
    """Which samples a plane can put strictly on their own side with none on the wrong one; and its theta.

    The program is: maximise the sum of t over theta and t, subject to ``t <= signed @ theta`` and
    ``0 <= t <= 1``. Any solution can be scaled up, so each t is 0 or 1 at the optimum: the answer is a whole
    number, far from rounding. Its dual is solved instead, with d rows where this has n.

    Parameters
    ----------
    signed : array (n, d)
        Rows of features times +1 (positive) or -1 (negative).

    Returns
    -------
    separable : bool array (n,)
    theta : array (d,)
        With ``signed @ theta >= 1`` where `separable`, 0 elsewhere, up to the solver's tolerance.
    """
    n = len(signed)
    scale = np.sqrt(column_sums(signed * signed) / n)
    scaled = signed / np.where(scale > 0.0, scale, 1.0)
    result = scipy.optimize.linprog(
        np.concatenate([-np.ones(n), np.zeros(n)]),
        A_eq=np.hstack([scaled.T, scaled.T]),
        b_eq=np.zeros(signed.shape[1]),
        bounds=[*[(0.0, 1.0)] * n, *[(0.0, None)] * n],
        method="highs",
    )
    assert result.success, result.message
    for theta in (-result.eqlin.marginals, result.eqlin.marginals):
        margins = scaled @ theta
        if margins.min() > -1e-5 and margins.max() > 0.5:
            return margins > 0.5, theta / np.where(scale > 0.0, scale, 1.0)
    return np.zeros(n, dtype=bool), np.zeros(signed.shape[1])


def _max_margin(signed: Array, hyperplane: Array, separable: NDArray[np.bool_]) -> Array | None:
    """Find the unit theta of largest margin on the separable samples, orthogonal to the others; None if none.

    Least-distance programming (Lawson and Hanson 1974, chapter 23): the shortest theta with
    ``signed @ theta >= 1``, from non-negative least squares. The samples found in contact fix theta, which is
    solved for again from them. `hyperplane` is any theta that separates: it sets the scale, so that a tiny
    margin does not drown in rounding.
    """
    basis = _null_space(signed[~separable])
    rows = np.ascontiguousarray(np.transpose([matvec(signed[separable], vector) for vector in basis]))
    start = matvec(basis, hyperplane)
    margin = float(matvec(rows, start).min()) if len(basis) else 0.0
    if margin <= 0.0:
        return None
    rows *= math.sqrt(float((start * start).sum())) / margin
    target = np.zeros(rows.shape[1] + 1)
    target[-1] = 1.0
    multipliers, _ = scipy.optimize.nnls(np.vstack([rows.T, np.ones(len(rows))]), target)
    contact = np.ascontiguousarray(rows[multipliers > 0.0])
    lower, kept = cholesky(gram(np.ascontiguousarray(contact.T)))
    contact = contact[kept]
    theta = matvec(
        np.ascontiguousarray(contact.T), solve_upper(lower, solve_lower(lower, np.ones(len(contact))))
    )
    return _unit(matvec(np.ascontiguousarray(basis.T), theta))


def _null_space(rows: Array) -> Array:
    """Orthonormal basis, as rows, of the vectors orthogonal to all rows of (m, d)."""
    d = rows.shape[1]
    lower, kept = cholesky(gram(rows))
    columns, free = np.flatnonzero(kept), np.flatnonzero(~kept)
    cross = gram(rows)[np.ix_(columns, free)]
    vectors = np.zeros((len(free), d))
    vectors[:, columns] = -solve_upper(lower, solve_lower(lower, cross)).T
    vectors[np.arange(len(free)), free] = 1.0
    inner, _ = cholesky(gram(np.ascontiguousarray(vectors.T)))
    return np.ascontiguousarray(solve_lower(inner, vectors))


def _bce_optimum(signed: Array) -> Array:
    """Find the theta of least mean log loss on inseparable samples, by damped Newton steps; shape (d,).

    The columns are made orthonormal first (so conditioning is that of the weights alone); a column that
    depends on earlier ones gets weight 0. Every operation is exact IEEE arithmetic in a fixed order.
    """
    n = len(signed)
    lower, kept = cholesky(gram(signed) / n)
    theta = np.zeros(signed.shape[1])
    if not kept.any():
        return theta
    rows = np.ascontiguousarray(solve_lower(lower, np.ascontiguousarray(signed[:, kept].T)).T)
    theta[kept] = solve_upper(lower, _newton(rows))
    return theta


def _newton(rows: Array) -> Array:
    """Minimise ``mean(softplus(-rows @ phi))`` from zero; shape (r,)."""
    n = len(rows)
    phi = np.zeros(rows.shape[1])
    margins = np.zeros(n)
    for _ in range(1000):
        wrong = kernels.expit(-margins)
        gradient = -column_sums(rows * wrong[:, None]) / n
        lower, kept = cholesky(gram(rows, wrong * kernels.expit(margins)) / n)
        step = np.zeros_like(phi)
        step[kept] = solve_upper(lower, solve_lower(lower, gradient[kept]))
        along = matvec(rows, step)
        decrement = float((gradient * step).sum())
        rate = 1.0
        while rate > 1e-12 and _rise(margins, rate * along) > -1e-4 * rate * decrement and decrement > 1e-20:
            rate /= 2.0
        phi, margins = phi - rate * step, matvec(rows, phi - rate * step)
        if decrement <= 1e-26 or float(np.abs(step).max()) <= 1e-15 * float(np.abs(phi).max()):
            break
    return phi


def _rise(margins: Array, change: Array) -> float:
    """Change of the mean log loss as margins fall by `change`, computed without cancellation of losses.

    softplus(-(m - c)) - softplus(-m) = log(1 + sigmoid(-m) (e^c - 1)).
    """
    wrong = kernels.expit(-margins)
    safe = np.clip(change, -30.0, 30.0)
    small = kernels.log1p(wrong * (kernels.exp(safe) - 1.0))
    plain = kernels.softplus(change - margins) - kernels.softplus(-margins)
    return float(column_sums(np.where(np.abs(change) < 30.0, small, plain)[:, None])[0]) / len(margins)


def _brier_optimum(
    signed: Array, finite_optimum: Array, limit: Array | None, separable: NDArray[np.bool_]
) -> float:
    """Smallest mean squared error found by Levenberg-Marquardt from the BCE optimum and six other starts.

    Parameters
    ----------
    signed : array (n, d)
    finite_optimum : array (d,)
        BCE optimum of the samples that cannot be separated.
    limit : array (d,) or None
        Direction that separates the `separable` samples from the others, if any.
    """
    optimum = finite_optimum
    if limit is not None:
        reach = matvec(signed[separable], finite_optimum).min(), matvec(signed[separable], limit).min()
        optimum = finite_optimum + limit * ((40.0 - reach[0]) / reach[1])
    _, kept = cholesky(gram(signed))
    rows, optimum = np.ascontiguousarray(signed[:, kept]), optimum[kept]
    size = max(1.0, float(np.abs(optimum).max()))
    stream = Stream(0, "brier", len(optimum))
    starts = [optimum, np.zeros_like(optimum), 0.3 * optimum, 3.0 * optimum, 10.0 * optimum]
    starts += [size * stream.normals(len(optimum)) for _ in range(2)]

    def residuals(theta: Array) -> Array:
        wrong: Array = kernels.expit(-(rows @ theta))
        return wrong

    def jacobian(theta: Array) -> Array:
        margins = rows @ theta
        slope: Array = kernels.expit(margins) * kernels.expit(-margins)
        return -rows * slope[:, None]

    ends = [
        scipy.optimize.least_squares(
            residuals, s, jacobian, method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15
        ).x
        for s in starts
    ]
    return min(
        float(column_sums(residuals(theta)[:, None] ** 2)[0]) / len(rows) for theta in [optimum, *ends]
    )


def _unit(theta: Array) -> Array:
    """Divide a vector by its length; zero where it is no longer than rounding."""
    length = math.sqrt(float(column_sums((theta * theta)[:, None])[0]))
    return theta / length if length > 1e-9 else np.zeros_like(theta)
