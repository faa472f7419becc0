"""What this code expects of private parts of Numba, each shown on Numba itself.

A new version that breaks one of these breaks other tests too; the one here shows which part has changed.
"""

from __future__ import annotations

import ctypes
import itertools
import operator
import pickle
import platform
from collections.abc import Callable
from typing import Any, ClassVar

import llvmlite.binding as llvm
import numba
import numpy as np
import pytest
from llvmlite import ir
from numba import types
from numba.core import cgutils, extending
from numba.core.bytecode import FunctionIdentity
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.datamodel import models
from numba.core.extending import lower_builtin, register_model
from numba.core.serialize import dumps
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature

compiler = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="the compiler is switched off")


# Numba: the store of compiled code.


def plus_one(x: float) -> float:
    return x + 1.0


class Noted(_Cache):
    """A cache that records what the dispatcher requests, and holds at most one entry."""

    cache_path = ""

    def __init__(self, has: bytes | None = None) -> None:
        self.has, self.asked, self.saved = has, [], []

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        self.asked.append(sig)
        target_context.refresh()
        return CompileResult._rebuild(target_context, *pickle.loads(self.has)) if self.has else None

    def save_overload(self, sig: Any, data: Any) -> None:
        self.saved.append(data)

    def enable(self) -> None: ...

    def disable(self) -> None: ...

    def flush(self) -> None: ...


@pytest.mark.contract("numba.core.caching._Cache")
def test_a_cache_has_these_abstract_methods() -> None:
    wanted = {"cache_path", "disable", "enable", "flush", "load_overload", "save_overload"}
    assert _Cache.__abstractmethods__ == wanted


@compiler
@pytest.mark.contract("_cache")
def test_a_dispatcher_looks_each_signature_up_once_and_saves_what_it_compiled() -> None:
    dispatcher = numba.njit(plus_one)
    assert isinstance(dispatcher._cache, _Cache), "a dispatcher no longer has its cache in `_cache`"
    dispatcher._cache = noted = Noted()
    assert [dispatcher(1.0), dispatcher(2.0), dispatcher(1)] == [2.0, 3.0, 2.0]
    assert len(noted.asked) == len(noted.saved) == 2
    assert [result.signature.args for result in noted.saved] == [(numba.float64,), (numba.int64,)]


@compiler
@pytest.mark.contract(
    "numba.core.compiler.CompileResult", "numba.core.serialize.dumps", "_reduce", "_rebuild"
)
def test_compiled_code_survives_being_written_down() -> None:
    first, second = numba.njit(plus_one), numba.njit(plus_one)
    first._cache = noted = Noted()
    first(1.0)
    second._cache = Noted(dumps(noted.saved[0]._reduce()))
    assert second(2.0) == 3.0
    assert second._cache.saved == [], "what the cache returned was compiled again"


def compiled(function: Callable[..., Any]) -> Any:
    """Numba's result of compiling a function of a float64."""
    dispatcher = numba.njit(function)
    dispatcher._cache = noted = Noted()
    dispatcher(1.0)
    return noted.saved[0]


@compiler
def test_code_with_addresses_of_the_process_is_marked() -> None:
    absolute = ctypes.CDLL(None).labs
    absolute.argtypes, absolute.restype = [ctypes.c_long], ctypes.c_long
    assert not compiled(plus_one).library.has_dynamic_globals
    assert compiled(lambda x: absolute(int(x))).library.has_dynamic_globals


@compiler
def test_the_processor_that_code_is_for_can_be_read() -> None:
    triple, name, features = compiled(plus_one).target_context.codegen().magic_tuple()
    assert triple == llvm.get_process_triple()
    assert name == (numba.config.CPU_NAME or llvm.get_host_cpu_name())
    assert set(features.split(",")) >= {"+sse2"} or platform.machine() != "x86_64"


@compiler
@pytest.mark.contract("numba.core.bytecode.FunctionIdentity", "_unique_ids")
def test_symbols_are_numbered_by_the_counter_of_function_identities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FunctionIdentity, "_unique_ids", itertools.count(123_456_789))
    assert "123456789" in compiled(plus_one).fndesc.mangled_name


# Numba: custom types and operations.


class PairType(types.Type):
    """Two float64 in one vector of LLVM."""


PAIR = PairType("pair")


@extending.intrinsic
def pair(typingctx: Any, low: Any, high: Any) -> Any:
    """Make a pair."""

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        vector = ir.Constant(ir.VectorType(ir.DoubleType(), 2), ir.Undefined)
        for i, arg in enumerate(args):
            vector = builder.insert_element(vector, arg, ir.Constant(ir.IntType(32), i))
        return vector

    return signature(PAIR, types.float64, types.float64), codegen


@extending.intrinsic
def fused(typingctx: Any, a: Any, array: Any) -> Any:
    """``a[0] * a[1] + array[0]`` with one rounding; adds 1 to the array."""

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        double, data = ir.DoubleType(), context.make_array(array)(context, builder, args[1]).data
        low, high = (builder.extract_element(args[0], ir.Constant(ir.IntType(32), i)) for i in range(2))
        fma = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(double, [double] * 3), "llvm.fma.f64"
        )
        first = builder.load(data, typ=double)
        builder.store(builder.fadd(first, ir.Constant(double, 1.0)), data)
        nothing = cgutils.is_true(builder, ir.Constant(ir.IntType(1), 0))
        return builder.select(nothing, first, builder.call(fma, [low, high, first]))

    return signature(types.float64, PAIR, array), codegen


@compiler
@pytest.mark.contract(
    "numba.core.cgutils",
    "numba.core.extending",
    "numba.core.datamodel.models",
    "numba.core.extending.lower_builtin",
    "numba.core.extending.register_model",
    "numba.core.typing.templates.ConcreteTemplate",
    "numba.core.typing.templates.infer_global",
    "numba.core.typing.templates.signature",
)
def test_a_custom_type_has_a_value_an_operator_and_operations() -> None:
    @register_model(PairType)
    class _Model(models.PrimitiveModel):
        def __init__(self, manager: Any, fe_type: Any) -> None:
            super().__init__(manager, fe_type, ir.VectorType(ir.DoubleType(), 2))

    @infer_global(operator.add)
    class _Add(ConcreteTemplate):
        cases: ClassVar = [signature(PAIR, PAIR, PAIR)]

    lower_builtin(operator.add, PAIR, PAIR)(lambda context, builder, sig, args: builder.fadd(*args))

    @numba.njit
    def compute(x: float, array: Any) -> float:
        return fused(pair(x, 2.0) + pair(1.0, 3.0), array)

    array = np.array([0.5])
    assert compute(2.0, array) == 3.0 * 5.0 + 0.5
    assert array[0] == 1.5
