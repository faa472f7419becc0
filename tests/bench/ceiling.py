"""The machine's own ceiling: how fast it can multiply, add and divide when nothing else limits it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit

from kernels.vectors import WIDTH, fma, load, store

# Operations of one sample in one run, next to the 2 d multiply-adds of its logit and gradient: exponential,
# sigmoid, slope.
OPERATIONS = {"bce": 18, "mse": 20}
DIVISIONS = 1

_ROUNDS = 500_000  # some 10 ms: starting the threads does not matter


@njit(error_model="numpy", nogil=True)
def _multiply_add(rows: np.ndarray, rounds: int) -> None:
    a, b, c, d = load(rows, 0), load(rows, 1), load(rows, 2), load(rows, 3)
    factor, summand = load(rows, 4), load(rows, 5)
    for _ in range(rounds):
        for _ in range(8):
            a = fma(a, factor, summand)
            b = fma(b, factor, summand)
            c = fma(c, factor, summand)
            d = fma(d, factor, summand)
    store(rows, 0, a + b + c + d)


@njit(error_model="numpy", nogil=True)
def _divide(rows: np.ndarray, rounds: int) -> None:
    a, b, c, d = load(rows, 0), load(rows, 1), load(rows, 2), load(rows, 3)
    dividend = load(rows, 4)
    for _ in range(rounds):
        for _ in range(8):
            a = dividend / a
            b = dividend / b
            c = dividend / c
            d = dividend / d
    store(rows, 0, a + b + c + d)


def _seconds_each(loop, threads: int) -> float:
    """Seconds for one operation on one float64, on `threads` threads."""
    workers = [np.full((6, WIDTH), 0.5) for _ in range(threads)]
    loop(workers[0].copy(), 1)
    with ThreadPoolExecutor(threads) as pool:
        begun = time.perf_counter()
        list(pool.map(lambda rows: loop(rows, _ROUNDS), workers))
        return (time.perf_counter() - begun) / (_ROUNDS * 32 * WIDTH * threads)


def least_time(loss: str, d: int, threads: int) -> float:
    """Least seconds for one sample, run and step.

    The multiply-adds (an addition or a comparison counts as one) at their measured peak, or the division at
    its own, whichever takes longer: as if the two overlapped perfectly, and loads, stores and loops cost
    nothing.
    """
    arithmetic = (2 * d + OPERATIONS[loss]) * _seconds_each(_multiply_add, threads)
    return max(arithmetic, DIVISIONS * _seconds_each(_divide, threads))
