"""With the compiler switched off, plain Python computes the same bits."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numba import njit

import kernels
from kernels import python_vectors, vectors

pytestmark = pytest.mark.processes

FOLDER = Path(kernels.__file__).parent
EVERYTHING = Path(__file__).with_name("everything.py")


def everything(**environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EVERYTHING)],
        env=os.environ | {"PYTHONPATH": str(FOLDER.parent)} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_everything_public_has_the_same_bits_without_the_compiler() -> None:
    compiled, interpreted = everything(), everything(NUMBA_DISABLE_JIT="1")
    assert interpreted[-1] == "compilations: 0"
    assert interpreted[:-1] == compiled[:-1]
    assert len(compiled) > 20


def test_all_functions_are_compiled_by_the_decorators_of_one_file() -> None:
    for path in FOLDER.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        named |= {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
        }
        numba = {"njit", "jit", "vectorize", "guvectorize", "cfunc", "extending"} & named
        assert not numba or path.name == "jit.py", (path, numba)


number = (
    st.floats(width=64)
    | st.floats(-2.0, 2.0)
    | st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 1e308, 2.0**-537])
)
normal = st.floats(1e-300, 1e300)


@njit(error_model="numpy")
def _scalar(a, b, c):
    return vectors.fma(a, b, c), vectors.sqrt(a), vectors.select(a < b, b, c)


@njit(error_model="numpy")
def _in_lanes(rows, out):
    a, b, c = vectors.load(rows, 0), vectors.load(rows, 1), vectors.load(rows, 2)
    vectors.store(out, 0, vectors.fma(a, b, c))
    vectors.store(out, 1, vectors.sqrt(a))
    vectors.store(out, 2, vectors.select(a < b, b, c))


def _twin(a, b, c):
    return python_vectors.fma(a, b, c), python_vectors.sqrt(a), python_vectors.select(a < b, b, c)


def same_bits(one: object, other: object) -> None:
    one, other = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(np.signbit(one[~np.isnan(one)]), np.signbit(other[~np.isnan(other)]))


@settings(deadline=None)  # the first compiles
@given(number, number, number)
@example(2.0**-537, 2.0**-537, -5e-324)  # an exact product smaller than every float64
@example(1.0 + 2.0**-52, 1.0 - 2.0**-53, -1.0)  # all but the last bits cancel
@example(1.5, 2.0**-1074, 2.0**-1074)  # a tie among subnormals
@example(1e308, 10.0, -1e308)
@example(0.0, -1.0, 0.0)
def test_each_operation_has_the_bits_of_its_twin(a: float, b: float, c: float) -> None:
    with np.errstate(all="ignore"):
        same_bits(_scalar(a, b, c), _twin(np.float64(a), np.float64(b), np.float64(c)))
        rows, out = np.full((3, vectors.WIDTH), 1.25), np.empty((3, vectors.WIDTH))
        rows[:, 1] = a, b, c
        rows[:, 2] = c, a, b
        _in_lanes(rows, out)
        same_bits(out, _twin(*rows))


@settings(deadline=None)
@given(st.floats(-1e100, 1e100), st.floats(-1e100, 1e100), st.floats(-1e100, 1e100))
def test_the_twin_of_fma_rounds_once(a: float, b: float, c: float) -> None:
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    assert python_vectors.fma(a, b, c) == float(exact)


@settings(deadline=None)
@given(normal)
def test_the_parts_of_a_number_make_it_up(x: float) -> None:
    m, k = python_vectors.mantissa(x), python_vectors.exponent(x)
    assert 1.0 <= m < 2.0
    assert float(m) * 2.0 ** float(k) == x
    shifter = 1.5 * 2.0**52
    assert python_vectors.add_to_exponent(m, shifter + k) == x


def test_a_loaded_row_is_a_copy() -> None:
    rows = np.zeros((2, 3))
    before = python_vectors.load(rows, 0)
    python_vectors.store(rows, 0, 1.0)
    assert before.max() == 0.0
    assert rows[0].min() == 1.0


def test_the_counter_gives_each_number_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    counter = np.zeros(1, dtype=np.int64)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: python_vectors.fetch_add(counter, 1), range(400)))
    assert sorted(found) == list(range(400))
    assert counter[0] == 400


@pytest.mark.parametrize("name", python_vectors.__all__)
def test_every_operation_has_a_twin(name: str) -> None:
    assert name in vectors.__all__
