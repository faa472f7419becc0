"""Every way in which this package compiles a function, each with its reason.

None of them lets LLVM fuse, reorder or approximate floating-point operations (no ``fastmath``), and in all of
them a division by 0 gives inf or nan as in IEEE arithmetic (``error_model="numpy"``) and not an exception.

With ``NUMBA_DISABLE_JIT=1`` in the environment nothing is compiled: every function stays plain Python, in
which breakpoints and prints work, and gives the same bits, some ten thousand times slower.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba import config
from numba.core import extending

from kernels.code_cache import keep_code

__all__ = ["compile_for", "compiled", "intrinsic", "lanewise", "subroutine"]

_uncompiled = bool(config.DISABLE_JIT)


def _inner(**options: Any) -> Any:
    """Decorator for a function that compiled code calls, itself compiled and kept on disk.

    Each process compiles some loops of its own, and finds there what they share. Python never calls such a
    function, so the wrappers for that are left out, which halves the time to compile.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        if _uncompiled:
            return function
        made = numba.njit(
            function, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, **options
        )
        return keep_code(made, function)

    return decorate


lanewise: Any = _inner(forceinline=True)
"""Decorator for a function of a few numbers, or vectors of them, that is part of an inner loop.

It is compiled into the functions that call it (``forceinline``): as a call of its own it would cost more than
what it computes, and vectors would go through memory.
"""

subroutine: Any = _inner()
"""Decorator for a function that a compiled loop calls now and then.

It is compiled apart from that loop, which leaves the loop's registers and instruction cache to what runs all
the time.
"""


def compiled(function: Callable[..., Any]) -> Any:
    """Decorator for a function that Python calls, compiled when it is first called and then kept on disk.

    It runs without Python's global lock (``nogil``), so that threads run side by side.
    """
    if _uncompiled:

        @functools.wraps(function)
        def interpreted(*arguments: Any) -> Any:
            with np.errstate(all="ignore"):  # compiled code does not warn either
                return function(*arguments)

        return interpreted
    return keep_code(numba.njit(function, error_model="numpy", nogil=True), function)


def compile_for(function: Any, *arguments: Any) -> None:
    """Compile a `compiled` function for arguments of these types, without calling it."""
    if not _uncompiled:
        function.compile(tuple(numba.typeof(argument) for argument in arguments))


def intrinsic(plain: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Decorator for a function that writes LLVM instructions; `plain` is the same in Python.

    It is for what neither Python's operators nor NumPy's functions can express: fused multiply-adds, choices
    without a branch, the bits of a float64, vectors in memory.
    """
    return lambda function: plain if _uncompiled else extending.intrinsic(function)
