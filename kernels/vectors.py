"""Lanes: a Numba type whose value is one LLVM vector of float64, and its operations.

A function written with ``+ - * /``, unary minus, comparisons and the helpers of this module compiles for a
``float64`` and for a vector of `WIDTH` of them alike, and gives the same bits in both: each operation is one
IEEE operation per lane, and LLVM may not fuse, reorder or approximate. Nothing in here depends on what is
being computed.
"""

from __future__ import annotations

import operator
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.extending import lower_builtin, register_model
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature

from kernels import python_vectors
from kernels.jit import intrinsic
from kernels.width import WIDTH

__all__ = [
    "WIDTH",
    "add_to_exponent",
    "all_true",
    "any_true",
    "exponent",
    "fetch_add",
    "fma",
    "load",
    "mantissa",
    "select",
    "sqrt",
    "store",
]

_FRACTION_BITS: Final = 52
_FRACTION_MASK: Final = (1 << _FRACTION_BITS) - 1
_BITS_OF_ONE: Final = 1023 << _FRACTION_BITS
_BITS_OF_2_52: Final = (1023 + 52) << _FRACTION_BITS
_2_52_PLUS_BIAS: Final = 2.0**52 + 1023.0

_DOUBLE: Final = ir.DoubleType()
_INT64: Final = ir.IntType(64)


class _VectorType(types.Type):  # type: ignore[misc]
    """The Numba type of a vector of `WIDTH` elements, of float64 (`_LANES`) or of truth values (`_MASK`)."""


_LANES: Final = _VectorType("lanes")
_MASK: Final = _VectorType("mask")
_ELEMENT: Final = {_LANES: _DOUBLE, _MASK: ir.IntType(1)}


@register_model(_VectorType)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, fe_type: _VectorType) -> None:
        super().__init__(manager, fe_type, ir.VectorType(_ELEMENT[fe_type], WIDTH))


def _is_vector(value: ir.Value) -> bool:
    return isinstance(value.type, ir.VectorType)


def _spread(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """`value` in every lane; a vector is returned as it is."""
    if _is_vector(value):
        return value
    vector = ir.VectorType(value.type, WIDTH)
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    lane_zero = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(first, undefined, lane_zero)


def _alike(builder: ir.IRBuilder, values: Any) -> list[ir.Value]:
    """`values` as they are where all are scalars, else each as a vector."""
    return [_spread(builder, value) for value in values] if any(map(_is_vector, values)) else list(values)


def _constant_like(value: ir.Value, number: float) -> ir.Constant:
    """`number` as a constant of the type of `value`."""
    if _is_vector(value):
        return ir.Constant(value.type, [ir.Constant(value.type.element, number)] * WIDTH)
    return ir.Constant(value.type, number)


def _to_bits(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    return builder.bitcast(value, ir.VectorType(_INT64, WIDTH) if _is_vector(value) else _INT64)


def _from_bits(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    return builder.bitcast(value, ir.VectorType(_DOUBLE, WIDTH) if _is_vector(value) else _DOUBLE)


def _common(*operands: types.Type) -> types.Type | None:
    """The type that an operation on `operands` gives, None if one of them is not a number of this module."""
    if any(operand is not _LANES and operand is not types.float64 for operand in operands):
        return None
    return _LANES if _LANES in operands else types.float64


def _register_operator(
    operation: Any, result: types.Type, operands: list[tuple[types.Type, ...]], build: Any
) -> None:
    """Give `operation` a meaning for each tuple of operand types: `build` makes the instruction."""
    cases = [signature(result, *types_) for types_ in operands]
    infer_global(operation)(type("_Operator", (ConcreteTemplate,), {"cases": cases}))

    def lower(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        return build(builder, *_alike(builder, args))

    for types_ in operands:
        lower_builtin(operation, *types_)(lower)


def _compare(symbol: str) -> Any:
    """An ordered comparison: false wherever a nan takes part."""
    return lambda builder, left, right: builder.fcmp_ordered(symbol, left, right)


_BINARY = [(_LANES, _LANES), (_LANES, types.float64), (types.float64, _LANES)]
for _operation, _build in (
    (operator.add, ir.IRBuilder.fadd),
    (operator.sub, ir.IRBuilder.fsub),
    (operator.mul, ir.IRBuilder.fmul),
    (operator.truediv, ir.IRBuilder.fdiv),
):
    _register_operator(_operation, _LANES, _BINARY, _build)
for _operation, _symbol in ((operator.lt, "<"), (operator.le, "<="), (operator.gt, ">"), (operator.ge, ">=")):
    _register_operator(_operation, _MASK, _BINARY, _compare(_symbol))
_register_operator(operator.neg, _LANES, [(_LANES,)], ir.IRBuilder.fneg)


def _call_llvm(builder: ir.IRBuilder, name: str, values: list[ir.Value]) -> ir.Value:
    """The LLVM function `name` for float64 or vectors, whichever `values` are."""
    kind = values[0].type
    suffix = f"v{WIDTH}f64" if _is_vector(values[0]) else "f64"
    declared = ir.FunctionType(kind, [kind] * len(values))
    return builder.call(
        cgutils.get_or_insert_function(builder.module, declared, f"llvm.{name}.{suffix}"), values
    )


@intrinsic(python_vectors.fma)
def fma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """``a * b + c`` with one rounding."""
    result = _common(a, b, c)
    if result is None:
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        return _call_llvm(builder, "fma", _alike(builder, args))

    return signature(result, a, b, c), codegen


@intrinsic(python_vectors.sqrt)
def sqrt(typingctx: Any, x: Any) -> Any:
    """The square root, correctly rounded; nan of a negative number."""
    result = _common(x)
    if result is None:
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        return _call_llvm(builder, "sqrt", list(args))

    return signature(result, x), codegen


@intrinsic(python_vectors.select)
def select(typingctx: Any, condition: Any, a: Any, b: Any) -> Any:
    """`a` where `condition` holds, else `b`; without a branch, so both are computed."""
    result = _common(a, b)
    if result is None or condition not in (_MASK, types.boolean):
        return None
    if condition is _MASK:
        result = _LANES

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        chosen, left, right = args
        if condition is types.boolean:
            return builder.select(cgutils.is_true(builder, chosen), *_alike(builder, (left, right)))
        return builder.select(chosen, _spread(builder, left), _spread(builder, right))

    return signature(result, condition, a, b), codegen


@intrinsic(python_vectors.any_true)
def any_true(typingctx: Any, mask: Any) -> Any:
    """Whether `mask` holds in at least one lane, as a bool."""

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        bits = builder.bitcast(args[0], ir.IntType(WIDTH))
        return cgutils.is_not_null(builder, bits)

    return signature(types.boolean, _MASK), codegen


@intrinsic(python_vectors.all_true)
def all_true(typingctx: Any, mask: Any) -> Any:
    """Whether `mask` holds in every lane, as a bool."""

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        bits = builder.bitcast(args[0], ir.IntType(WIDTH))
        return builder.icmp_unsigned("==", bits, ir.Constant(bits.type, -1))

    return signature(types.boolean, _MASK), codegen


@intrinsic(python_vectors.add_to_exponent)
def add_to_exponent(typingctx: Any, x: Any, shifter: Any) -> Any:
    """``x * 2**k`` for an integer ``k`` in the lowest bits of `shifter`; `x` and result must be normal."""
    result = _common(x, shifter)
    if result is None:
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        value, amount = (_to_bits(builder, arg) for arg in _alike(builder, args))
        amount = builder.shl(amount, _constant_like(amount, _FRACTION_BITS))
        return _from_bits(builder, builder.add(value, amount))

    return signature(result, x, shifter), codegen


@intrinsic(python_vectors.exponent)
def exponent(typingctx: Any, x: Any) -> Any:
    """The integer ``k`` of ``x = m * 2**k``, ``1 <= m < 2``, as a float64, for a positive normal `x`."""
    result = _common(x)
    if result is None:
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        # k as the last bits of 2**52 + k is exact, and needs no conversion instruction, which older vector
        # units lack.
        bits = _to_bits(builder, args[0])
        biased = builder.lshr(bits, _constant_like(bits, _FRACTION_BITS))
        number = _from_bits(builder, builder.or_(biased, _constant_like(bits, _BITS_OF_2_52)))
        return builder.fsub(number, _constant_like(number, _2_52_PLUS_BIAS))

    return signature(result, x), codegen


@intrinsic(python_vectors.mantissa)
def mantissa(typingctx: Any, x: Any) -> Any:
    """The ``m`` of ``x = m * 2**k``, ``1 <= m < 2``; `x` must be positive and normal."""
    result = _common(x)
    if result is None:
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        bits = _to_bits(builder, args[0])
        fraction = builder.and_(bits, _constant_like(bits, _FRACTION_MASK))
        return _from_bits(builder, builder.or_(fraction, _constant_like(bits, _BITS_OF_ONE)))

    return signature(result, x), codegen


def _row_pointer(
    context: Any, builder: ir.IRBuilder, array_type: Any, array: ir.Value, row: ir.Value
) -> ir.Value:
    struct = context.make_array(array_type)(context, builder, array)
    return builder.gep(struct.data, [builder.mul(row, ir.Constant(_INT64, WIDTH))])


def _is_rows(array: Any) -> bool:
    return (
        isinstance(array, types.Array)
        and array.ndim == 2
        and array.layout == "C"
        and array.dtype is types.float64
    )


@intrinsic(python_vectors.load)
def load(typingctx: Any, rows: Any, row: Any) -> Any:
    """Row `row` of `rows`, a C-contiguous (any, `WIDTH`) float64 array; no bounds are checked."""
    if not _is_rows(rows):
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        pointer = _row_pointer(context, builder, rows, *args)
        vector = ir.VectorType(_DOUBLE, WIDTH)
        return builder.load(builder.bitcast(pointer, vector.as_pointer()), align=8, typ=vector)

    return signature(_LANES, rows, types.intp), codegen


@intrinsic(python_vectors.store)
def store(typingctx: Any, rows: Any, row: Any, value: Any) -> Any:
    """Write `value` to row `row` of `rows`, a C-contiguous (any, `WIDTH`) float64 array, unchecked."""
    if not _is_rows(rows) or _common(value) is None:
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        pointer = _row_pointer(context, builder, rows, *args[:2])
        vector = ir.VectorType(_DOUBLE, WIDTH)
        builder.store(_spread(builder, args[2]), builder.bitcast(pointer, vector.as_pointer()), align=8)
        return context.get_dummy_value()

    return signature(types.none, rows, types.intp, value), codegen


@intrinsic(python_vectors.fetch_add)
def fetch_add(typingctx: Any, counter: Any, amount: Any) -> Any:
    """Add `amount` to ``counter[0]`` (int64) in one indivisible step, and return the old value."""
    if not isinstance(counter, types.Array) or counter.dtype is not types.int64:
        return None

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        struct = context.make_array(counter)(context, builder, args[0])
        return builder.atomic_rmw("add", struct.data, args[1], "monotonic")

    return signature(types.int64, counter, types.int64), codegen
