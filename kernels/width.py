"""How many runs a vector holds on this processor."""

from __future__ import annotations

from typing import Final

import llvmlite.binding as llvm
from numba import config

__all__ = ["WIDTH"]


def _compiles_for_avx512() -> bool:
    """Whether Numba compiles for this processor (and not for a `NUMBA_CPU_NAME`), and it has AVX-512."""
    named = config.CPU_NAME not in (None, "", "host", llvm.get_host_cpu_name())
    return not named and bool(llvm.get_host_cpu_features().get("avx512f", False))


WIDTH: Final = 16 if _compiles_for_avx512() else 8
"""Lanes in a vector: they affect speed alone; two registers' worth with AVX-512 and with AVX2."""
