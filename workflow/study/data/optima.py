"""Where descent on BCE ends: its optimum, or the limit of its path where there is none.

Every operation is exact IEEE arithmetic in a fixed order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

import kernels
from study.data.algebra import (
    cholesky,
    column_sums,
    gram,
    matvec,
    solve_lower,
    solve_upper,
    weighted_sum,
)
from study.data.frame import Frame, frame_of
from study.data.margins import max_margin
from study.data.separation import (
    UndecidedError,
    lies_along,
    null_space,
    overlap,
    separated,
    separates,
)

__all__ = ["bce_limit"]

Array = NDArray[np.float64]

HOPEFUL: Final = 30
"""Steps of Newton's method after which neither kind of proof is expected any more."""

_POLISHING: Final = 8
"""Steps of Newton's method that are made at the optimum, where each one before doubled the digits."""


def bce_limit(signed: Array, frame: Frame) -> tuple[NDArray[np.bool_], Array | None, Array]:
    """Find where descent on BCE goes: to ``finite_optimum``, plus ever more of ``limit``.

    Newton's method on all samples most often proves what is the case: by parameters that separate them all,
    or by a finite optimum. Otherwise the linear program decides.

    Parameters
    ----------
    signed : array (n, d)
        Rows of features times +1 (positive) or -1 (negative).
    frame : Frame
        That of `signed`.

    Returns
    -------
    separable : bool array (n,)
        The samples that can be separated.
    limit : array (d,) or None
        Their max-margin direction; None where no sample can be separated.
    finite_optimum : array (d,)
        BCE optimum of the other samples; zero where there are none.
    """
    every = np.ones(len(signed), dtype=bool)

    def proven(place: Array, margins: Array) -> bool:
        return separates(signed, frame.theta(place), margins)

    place, margins, settled = _newton(frame.rows, HOPEFUL, proven)
    if proven(place, margins):
        limit = max_margin(signed, frame.theta(place), every)
        if limit is not None:
            return every, limit, np.zeros(signed.shape[1])
    elif overlap(signed, frame, margins):
        return ~every, None, _shortest(signed, frame, place if settled else _newton(frame.rows)[0])
    return _by_program(signed, frame)


def _by_program(signed: Array, frame: Frame) -> tuple[NDArray[np.bool_], Array | None, Array]:
    """Find what `bce_limit` returns by the linear program."""
    separable, hyperplane = separated(signed)
    limit = max_margin(signed, hyperplane, separable) if separable.any() else None
    if limit is None:
        finite_optimum = _bce_optimum(signed, frame)
        if matvec(signed, finite_optimum).min() <= 1.0:
            return np.zeros_like(separable), None, finite_optimum
        # The gap was too small for the program's tolerance, but this hyperplane proves that there is one.
        separable = np.ones_like(separable)
        limit = max_margin(signed, finite_optimum, separable)
    if separable.all():
        return separable, limit, np.zeros(signed.shape[1])
    others = np.ascontiguousarray(signed[~separable])
    if limit is None or not lies_along(limit, others):
        raise UndecidedError("samples that lie near the hyperplane cannot be told from those on it")
    return separable, limit, _bce_optimum(others, frame_of(others))


def _bce_optimum(signed: Array, frame: Frame) -> Array:
    """Find the theta of least mean log loss on samples that cannot be separated, by Newton; shape (d,)."""
    return _shortest(signed, frame, _newton(frame.rows)[0])


def _shortest(signed: Array, frame: Frame, place: Array) -> Array:
    """Give the shortest theta at some coordinates, which does not depend on the order of columns."""
    theta = frame.theta(place)
    for vector in [] if frame.kept.all() else null_space(signed):
        theta -= vector * float(column_sums((vector * theta)[:, None])[0])
    return theta


def _newton(
    rows: Array, most: int = 1000, enough: Callable[[Array, Array], bool] = lambda *_: False
) -> tuple[Array, Array, bool]:
    """Minimise ``mean(softplus(-rows @ phi))`` from zero.

    At most so many steps are made, and none once `enough` holds of what is returned first: phi, (r,), and the
    margins there, (n,). The last is whether further steps would change nothing.
    """
    n = len(rows)
    phi, margins = np.zeros(rows.shape[1]), np.zeros(n)
    small, polished = len(phi) == 0, 0
    for _ in range(0 if small else most):
        wrong = kernels.expit(-margins)
        gradient = -weighted_sum(rows, wrong) / n
        # One sample far away leaves little of a column's weight to all others: hardly any is too little.
        lower, kept = cholesky(gram(rows, wrong * kernels.expit(margins)) / n, 1e-15)
        step = np.zeros_like(phi)
        step[kept] = solve_upper(lower, solve_lower(lower, gradient[kept]))
        along = matvec(rows, step)
        decrement = float((gradient * step).sum())
        rate = 1.0
        while rate > 1e-12 and _rise(margins, rate * along) > -1e-4 * rate * decrement and decrement > 1e-20:
            rate /= 2.0
        phi, margins = phi - rate * step, matvec(rows, phi - rate * step)
        polished += decrement <= 1e-20  # of many samples, rounding alone keeps it from getting smaller
        small = (
            decrement <= 1e-26
            or polished > _POLISHING
            or float(np.abs(step).max()) <= 1e-15 * float(np.abs(phi).max())
        )
        if small or enough(phi, margins):
            break
    return phi, margins, small


def _rise(margins: Array, change: Array) -> float:
    """Change of the mean log loss as margins fall by `change`, without cancellation of the losses themselves.

    softplus(-(m - c)) - softplus(-m) = log(1 + sigmoid(-m) (e^c - 1)).
    """
    wrong = kernels.expit(-margins)
    safe = np.clip(change, -30.0, 30.0)
    small = kernels.log1p(wrong * (kernels.exp(safe) - 1.0))
    plain = kernels.softplus(change - margins) - kernels.softplus(-margins)
    return float(column_sums(np.where(np.abs(change) < 30.0, small, plain)[:, None])[0]) / len(margins)
