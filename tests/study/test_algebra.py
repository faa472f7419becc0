"""Deterministic linear algebra against NumPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study.data import algebra


@settings(deadline=None)  # the first compiles
@given(st.integers(1, 12), st.integers(0, 1000))
def test_a_factor_solves_what_numpy_solves(d: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(d + 5, d))
    lower, kept = algebra.cholesky(algebra.gram(rows))
    assert kept.all()
    assert lower == pytest.approx(np.linalg.cholesky(rows.T @ rows))
    b = rng.normal(size=d)
    x = algebra.solve_upper(lower, algebra.solve_lower(lower, b))
    assert x == pytest.approx(np.linalg.solve(rows.T @ rows, b), rel=1e-6, abs=1e-9)


def test_a_factor_leaves_out_what_depends_on_what_came_before() -> None:
    a = np.random.default_rng(0).normal(size=(9, 3))
    rows = np.column_stack([a[:, 0], np.zeros(9), a[:, 1], a[:, 0] - 2 * a[:, 1], a[:, 2]])
    lower, kept = algebra.cholesky(algebra.gram(rows))
    assert kept.tolist() == [True, False, True, False, True]
    assert lower @ lower.T == pytest.approx(rows[:, kept].T @ rows[:, kept])


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
def test_nine_digits_are_kept_and_no_more(x: float) -> None:
    rounded = float(algebra.digits9(x))
    assert rounded == float(f"{x:.8e}")
    assert abs(rounded - x) <= 5.001e-9 * abs(x) + 5e-324
    assert float(algebra.digits9(rounded)) == rounded
