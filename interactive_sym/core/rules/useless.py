"""Operations that change nothing, or whose result is known, go away (floor D).

These rules run in every pass: whatever other rules leave behind is cleaned up at once.

Read next: `canonical`.
"""

from typing import Any

import numpy as np

from ..graph import Apply, Constant, Variable
from ..op import call
from ..ops.marks import MARKS, holds_always
from ..pattern import Any_, Bindings, Number, head
from ..rule import rewrites, rule
from ..types import DISCRETE, FLOATS, TensorType, upcast
from .algebra import dtype_of, is_real, number, op_name, scalar_value

a, b, c = Any_("a"), Any_("b"), Any_("c")
add, sub, mul, neg, absolute, sqr, power = map(head, ("add", "sub", "mul", "neg", "abs", "sqr", "pow"))
identity, invert, and_, or_, xor = map(head, ("identity", "invert", "and", "or", "xor"))
maximum, minimum, switch, lt, gt, le, ge, eq, neq = map(
    head, ("maximum", "minimum", "switch", "lt", "gt", "le", "ge", "eq", "neq")
)
STAGE = "useless"

#: Constants of more elements are not computed ahead of time: they would weigh on the program.
LARGEST_CONSTANT = 10_000


def discrete(bindings: Bindings) -> bool:
    """Whether every pattern variable stands for booleans or integers (no NaN, no rounding, no signed zeros)."""
    return all(dtype_of(x) in DISCRETE for x in bindings.values())


def booleans(bindings: Bindings) -> bool:
    """Whether every pattern variable stands for booleans."""
    return all(dtype_of(x) == "bool" for x in bindings.values())


# -- constants -------------------------------------------------------------------------------------------------------


@rewrites(
    "*",
    name="constant_folding",
    stage=STAGE,
    operands=("constant",),
    why="An operation on constants gives a constant: it is computed once, here, instead of at every call.",
    aliases=("fold", "ConstantFolding"),
)
def constant_folding(node: Apply) -> list[Variable] | None:
    inputs = node.inputs
    if not inputs or node.op.effect or node.op.family == "random" or node.op.name in ("alloc", "fill"):
        return None
    for x in inputs:
        if not isinstance(x, Constant) or not isinstance(x.type, TensorType) or x.data.size > LARGEST_CONSTANT:
            return None
    size = 1
    for output in node.outputs:
        if not isinstance(output.type, TensorType):
            return None
        for length in output.type.shape:
            if length is None and node.op.family == "create":
                return None
            size *= length or 1
    if size > LARGEST_CONSTANT:
        return None
    storage: list[list[Any]] = [[None] for _ in node.outputs]
    try:
        node.op.perform(node, [x.data for x in inputs], storage)  # type: ignore[attr-defined]
    except (ArithmeticError, ValueError, TypeError, IndexError):
        return None  # the error belongs to the call, where it names the user's line
    results = []
    for (value,), output in zip(storage, node.outputs):
        value = np.asarray(value)
        declared = output.type.shape
        if value.size > LARGEST_CONSTANT or value.dtype != output.type.dtype or value.ndim != len(declared):
            return None
        if any(length is None and actual == 1 for length, actual in zip(declared, value.shape)):
            return None  # a size that was not declared 1 must not begin to stretch
        results.append(call("constant", value))
    return results


# -- signs -----------------------------------------------------------------------------------------------------------

rule(
    "double_negative", neg(neg(a)), a, stage=STAGE, why="Two minus signs cancel.", aliases=("local_neg_neg", "neg_neg")
)
rule(
    "add_negative", add(a, neg(b)), sub(a, b), stage=STAGE,
    why="To add the negative is to subtract: one operation instead of two.",
)  # fmt: skip
rule(
    "subtract_negative", sub(a, neg(b)), add(a, b), stage=STAGE,
    why="To subtract the negative is to add: one operation instead of two.",
)  # fmt: skip
rule(
    "product_of_negatives", mul(neg(a), neg(b)), mul(a, b), stage=STAGE,
    why="In a product two minus signs cancel.", aliases=("local_mul_specialize",),
)  # fmt: skip
rule(
    "quotient_of_negatives", neg(a) / neg(b), a / b, stage=STAGE,
    why="In a quotient two minus signs cancel.", aliases=("local_neg_div_neg", "neg_div_neg"),
)  # fmt: skip
rule(
    "negative_of_difference", neg(sub(a, b)), sub(b, a), stage=STAGE, changes="last digits",
    why="The negative of a difference is the difference the other way round (but for the sign of zero).",
)  # fmt: skip
rule(
    "absolute_of_negative", absolute(neg(a)), absolute(a), stage=STAGE,
    why="The absolute value has no sign.", when=lambda found: not dtype_of(found["a"]).startswith("uint"),
)  # fmt: skip
rule(
    "absolute_of_absolute", absolute(absolute(a)), absolute(a), stage=STAGE, aliases=("local_abs_merge",),
    why="An absolute value is positive already.",
)  # fmt: skip
rule("square_of_negative", sqr(neg(a)), sqr(a), stage=STAGE, why="A square does not see the sign.")
rule(
    "square_of_absolute", sqr(absolute(a)), sqr(a), stage=STAGE, why="A square does not see the sign.",
    when=lambda found: is_real(found["a"]),
)  # fmt: skip
for _name in ("cos", "cosh"):
    rule(
        f"{_name}_of_negative", head(_name)(neg(a)), head(_name)(a), stage=STAGE,
        why=f"{_name} is even: it does not see the sign.",
    )  # fmt: skip

# -- neutral elements ------------------------------------------------------------------------------------------------

rule(
    "plus_zero", add(a, 0), a, stage=STAGE, changes="last digits", aliases=("local_add_specialize",),
    why="Adding zero changes nothing (but for the sign of zero).", when=lambda found: dtype_of(found["a"]) != "bool",
)  # fmt: skip
rule(
    "minus_zero", sub(a, 0), a, stage=STAGE, aliases=("local_elemwise_sub_zeros",),
    why="Subtracting zero changes nothing.",
)  # fmt: skip
rule(
    "zero_minus", sub(0, a), neg(a), stage=STAGE, changes="last digits",
    why="Zero less a number is its negative (but for the sign of zero).",
)  # fmt: skip
rule("times_one", mul(a, 1), a, stage=STAGE, why="Multiplying by one changes nothing.")
rule("over_one", a / 1, a, stage=STAGE, why="Dividing by one changes nothing.")
rule("times_minus_one", mul(a, -1), neg(a), stage=STAGE, why="Multiplying by minus one is taking the negative.")
rule("over_minus_one", a / -1, neg(a), stage=STAGE, why="Dividing by minus one is taking the negative.")
rule("power_one", power(a, 1), a, stage=STAGE, why="The first power is the number itself.")
rule("power_zero", power(a, 0), Number(1), stage=STAGE, why="Any number to the power zero is one, NaN too.")
rule("one_to_power", power(Number(1), a), Number(1), stage=STAGE, why="One to any power is one, NaN too.")
rule(
    "floor_over_one", head("int_div")(a, 1), a, stage=STAGE, why="A whole number divided by one is itself.",
    when=discrete, aliases=("local_intdiv_by_one",),
)  # fmt: skip
rule(
    "times_zero", mul(a, 0), Number(0), stage=STAGE, when=discrete, aliases=("local_mul_zero",),
    why="A whole number times zero is zero. (Of floats that is not said: zero times infinity is NaN.)",
)  # fmt: skip

# -- equal operands --------------------------------------------------------------------------------------------------

rule("maximum_of_equal", maximum(a, a), a, stage=STAGE, why="The larger of a number and itself is the number.")
rule("minimum_of_equal", minimum(a, a), a, stage=STAGE, why="The smaller of a number and itself is the number.")
rule("and_of_equal", and_(a, a), a, stage=STAGE, why="And of a value with itself is the value.")
rule("or_of_equal", or_(a, a), a, stage=STAGE, why="Or of a value with itself is the value.")
rule("xor_of_equal", xor(a, a), Number(0), stage=STAGE, why="A value never differs from itself.")
rule("less_than_itself", lt(a, a), Number(0), stage=STAGE, why="Nothing is less than itself, NaN neither.")
rule("greater_than_itself", gt(a, a), Number(0), stage=STAGE, why="Nothing is greater than itself, NaN neither.")
for _name, _head, _truth in (("at_most", le, 1), ("at_least", ge, 1), ("equals", eq, 1), ("differs_from", neq, 0)):
    rule(
        f"{_name}_itself", _head(a, a), Number(_truth), stage=STAGE, when=discrete,
        aliases=("local_useless_elemwise_comparison",) * (_name == "equals"),
        why="A whole number equals itself. (Of floats that is not said: NaN does not.)",
    )  # fmt: skip
rule(
    "switch_of_equal", switch(c, a, a), a, stage=STAGE,
    why="Both branches are the same: the condition does not matter.",
)  # fmt: skip

# -- truth values ----------------------------------------------------------------------------------------------------

rule("double_inversion", invert(invert(a)), a, stage=STAGE, why="Two inversions cancel.")
rule("and_true", and_(a, 1), a, stage=STAGE, when=booleans, why="And with true changes nothing.")
rule("and_false", and_(a, 0), Number(0), stage=STAGE, when=discrete, why="And with false is false.")
rule("or_true", or_(a, 1), Number(1), stage=STAGE, when=booleans, why="Or with true is true.")
rule("or_false", or_(a, 0), a, stage=STAGE, when=discrete, why="Or with false changes nothing.")
rule("xor_false", xor(a, 0), a, stage=STAGE, when=discrete, why="Exclusive or with false changes nothing.")
rule("not_equal_inverted", invert(neq(a, b)), eq(a, b), stage=STAGE, why="Not different is equal.")
rule("equal_inverted", invert(eq(a, b)), neq(a, b), stage=STAGE, why="Not equal is different.")


@rewrites(
    "switch",
    name="known_condition",
    stage=STAGE,
    why="The condition is a constant: only one branch can ever be taken.",
    aliases=("local_useless_switch", "local_remove_switch_const_cond"),
)
def known_condition(node: Apply) -> Variable | None:
    condition, yes, no = node.inputs
    if not isinstance(condition, Constant) or condition.data.size == 0:
        return None
    truth = condition.data != 0
    return yes if truth.all() else no if not truth.any() else None


@rewrites(
    "switch",
    name="same_condition",
    stage=STAGE,
    why="A switch inside a branch of a switch on the same condition always takes the same side.",
    aliases=("local_merge_switch_same_cond",),
)
def same_condition(node: Apply) -> Variable | None:
    condition, yes, no = node.inputs
    inner_yes, inner_no = yes, no
    if op_name(yes) == "switch" and yes.owner.inputs[0] is condition:  # type: ignore[union-attr]
        inner_yes = yes.owner.inputs[1]  # type: ignore[union-attr]
    if op_name(no) == "switch" and no.owner.inputs[0] is condition:  # type: ignore[union-attr]
        inner_no = no.owner.inputs[2]  # type: ignore[union-attr]
    if inner_yes is yes and inner_no is no:
        return None
    new: Variable = call("switch", condition, inner_yes, inner_no)
    return new if dtype_of(new) == dtype_of(node.outputs[0]) else None


# -- copies and casts ------------------------------------------------------------------------------------------------

rule("copy", identity(a), a, stage=STAGE, why="A copy has the same values.", aliases=("local_view_op",))


@rewrites(
    *MARKS,
    name="gradient_mark",
    stage=STAGE,
    why="A mark changes how derivatives pass a place; once they are taken it only hands on its input.",
)
def gradient_mark(node: Apply) -> Variable:
    return node.inputs[0]


@rewrites(
    "assert",
    name="useless_assert",
    stage=STAGE,
    why="Conditions known to hold need no check; without any other the value is handed on.",
    aliases=("local_remove_useless_assert",),
)
def useless_assert(node: Apply) -> Variable | None:
    checks = list(dict.fromkeys(x for x in node.inputs[1:] if not holds_always(x)))
    if len(checks) == len(node.inputs) - 1:
        return None
    found: Variable = node.op(node.inputs[0], *checks) if checks else node.inputs[0]
    return found


def _holds(wide: str, narrow: str) -> bool:
    """Whether every value of `narrow` is one of `wide`."""
    return upcast(wide, narrow) == wide


@rewrites(
    "cast",
    name="useless_cast",
    stage=STAGE,
    why="The elements already have this type.",
    aliases=("local_useless_elemwise",),
)
def useless_cast(node: Apply) -> Variable | None:
    x = node.inputs[0]
    return x if dtype_of(x) == dtype_of(node.outputs[0]) else None


@rewrites(
    "cast",
    name="cast_of_cast",
    stage=STAGE,
    why="The type between holds every value of the first: a cast through it is a cast.",
    aliases=("local_cast_cast",),
)
def cast_of_cast(node: Apply) -> Variable | None:
    between = node.inputs[0]
    if op_name(between) != "cast":
        return None
    x = between.owner.inputs[0]  # type: ignore[union-attr]
    if not _holds(dtype_of(between), dtype_of(x)) or (dtype_of(x) == "int64" and dtype_of(between) in FLOATS):
        return None
    if dtype_of(x) == "uint64" and dtype_of(between) in FLOATS:
        return None
    result: Variable = call("cast", x, dtype_of(node.outputs[0]))
    return result


# -- shapes ----------------------------------------------------------------------------------------------------------


@rewrites(
    "dimshuffle",
    name="useless_dimshuffle",
    stage=STAGE,
    why="The dimensions are in this order already.",
    aliases=("local_useless_dimshuffle",),
)
def useless_dimshuffle(node: Apply) -> Variable | None:
    x = node.inputs[0]
    return x if tuple(node.op.new_order) == tuple(range(len(x.type.shape))) else None


@rewrites(
    "dimshuffle",
    name="dimshuffle_of_dimshuffle",
    stage=STAGE,
    why="Two reorderings of dimensions are one; two transpositions are none.",
    aliases=("double_transpose",),
)
def dimshuffle_of_dimshuffle(node: Apply) -> Variable | None:
    inner = node.inputs[0].owner
    if inner is None or inner.op.name != "dimshuffle":
        return None
    order = tuple("x" if k == "x" else inner.op.new_order[k] for k in node.op.new_order)
    result: Variable = call("dimshuffle", inner.inputs[0], order)
    return result


@rewrites(
    "reshape",
    name="useless_reshape",
    stage=STAGE,
    why="A vector reshaped to a vector stays as it is, and so does what is reshaped to its own shape.",
    aliases=("local_useless_reshape",),
)
def useless_reshape(node: Apply) -> Variable | None:
    x, shape = node.inputs
    got, wanted = x.type.shape, node.outputs[0].type.shape
    if len(got) != len(wanted):
        return None
    if None not in got and got == wanted:
        return x
    if op_name(shape) == "shape" and shape.owner.inputs[0] is x:  # type: ignore[union-attr]
        return x
    if isinstance(shape, Constant):
        sizes = [int(k) for k in shape.data]
        if sum(size == -1 for size in sizes) == 1 and all(s == -1 or s == k != 0 for s, k in zip(sizes, got)):
            return x
    return None


@rewrites(
    "reshape",
    name="reshape_of_reshape",
    stage=STAGE,
    why="Only the last shape counts: the elements stay in the same order.",
    aliases=("reshape_chain", "local_reshape_chain"),
)
def reshape_of_reshape(node: Apply) -> Variable | None:
    inner = node.inputs[0].owner
    if inner is None or inner.op.name != "reshape":
        return None
    result: Variable = call("reshape", inner.inputs[0], node.inputs[1], ndim=len(node.outputs[0].type.shape))
    return result


@rewrites(
    "alloc",
    name="useless_alloc",
    stage=STAGE,
    why="The value has these sizes already.",
    aliases=("local_useless_alloc", "local_canonicalize_alloc"),
)
def useless_alloc(node: Apply) -> Variable | None:
    value, *sizes = node.inputs
    if len(value.type.shape) != len(sizes) or not all(
        (mine is not None and scalar_value(size) == mine) or _is_size(size, value, axis)
        for axis, (mine, size) in enumerate(zip(value.type.shape, sizes))
    ):
        return None
    return value


def _is_size(size: Variable, value: Variable, axis: int) -> bool:
    node = size.owner
    return node is not None and node.op.name == "shape_i" and node.inputs[0] is value and node.op.axis == axis


@rewrites(
    "alloc",
    name="alloc_of_alloc",
    stage=STAGE,
    why="A value spread out twice may be spread out once.",
    aliases=("local_merge_alloc",),
)
def alloc_of_alloc(node: Apply) -> Variable | None:
    value, *sizes = node.inputs
    if op_name(value) != "alloc":
        return None
    inner = value.owner.inputs[0]  # type: ignore[union-attr]
    if len(inner.type.shape) != 0:
        return None
    result: Variable = call("alloc", inner, *sizes)
    return result


@rewrites(
    "fill",
    name="useless_fill",
    stage=STAGE,
    why="The value has the shape it is to fill already.",
    aliases=("local_useless_fill",),
)
def useless_fill(node: Apply) -> Variable | None:
    shape, value = node.inputs
    if shape is value:
        return value
    wanted = node.outputs[0].type.shape
    if None not in wanted and value.type.shape == wanted:
        return value
    if op_name(value) == "fill" and value.owner.inputs[0] is shape:  # type: ignore[union-attr]
        return value
    return None


@rewrites(
    "subtensor",
    name="useless_subtensor",
    stage=STAGE,
    why="A slice without bounds takes everything.",
    aliases=("local_useless_subtensor", "local_useless_slice"),
)
def useless_subtensor(node: Apply) -> Variable | None:
    x, *values = node.inputs
    remaining = iter(values)
    for axis, entry in enumerate(node.op.entries):
        if entry[0] == "i":
            return None
        _, has_start, has_stop, has_step = entry
        start = scalar_value(next(remaining)) if has_start else 0
        stop = next(remaining) if has_stop else None
        step = scalar_value(next(remaining)) if has_step else 1
        length = x.type.shape[axis]
        whole = stop is None or (length is not None and (scalar_value(stop) or 0) >= length) or _is_size(stop, x, axis)
        if start != 0 or step != 1 or not whole:
            return None
    return x


@rewrites(
    "sum", "prod", "max", "min", "all", "any",
    name="reduction_over_size_one",
    stage=STAGE,
    why="Over a dimension of size 1 there is nothing to reduce: it is dropped.",
    aliases=("local_useless_reduce", "local_cut_useless_reduce", "local_reduce_broadcastable"),
)  # fmt: skip
def reduction_over_size_one(node: Apply) -> Variable | None:
    x = node.inputs[0]
    single = [axis for axis in node.op.axis if x.type.shape[axis] == 1]
    if len(single) != len(node.op.axis) or (node.op.kind in ("all", "any") and dtype_of(x) != "bool"):
        return None
    kept = tuple(axis for axis in range(len(x.type.shape)) if axis not in single)
    result: Variable = call("cast", x, dtype_of(node.outputs[0]))
    return call("dimshuffle", result, kept) if single else result


@rewrites(
    "join",
    name="join_of_one",
    stage=STAGE,
    why="Nothing is joined to the only operand.",
    aliases=("local_join_1",),
)
def join_of_one(node: Apply) -> Variable | None:
    return node.inputs[0] if len(node.inputs) == 1 else None


@rewrites(
    "specify_shape",
    name="known_shape",
    stage=STAGE,
    why="The sizes that are to be checked are known already.",
    aliases=("local_useless_rebroadcast",),
)
def known_shape(node: Apply) -> Variable | None:
    x = node.inputs[0]
    return x if all(want is None or want == have for want, have in zip(node.op.sizes, x.type.shape)) else None


@rewrites(
    "add", "mul",
    name="binary_chain",
    stage=STAGE,
    why="An operation on many operands is written as a chain of two at a time, so that every rule sees the same form.",
)  # fmt: skip
def binary_chain(node: Apply) -> Variable | None:
    first, *rest = node.inputs
    if len(rest) == 1:
        return None
    dtype = dtype_of(node.outputs[0])
    result = first if not rest or dtype_of(first) == dtype else call("cast", first, dtype)
    for operand in rest:
        result = call(node.op.name, result, operand)
    return result


@rewrites(
    "sub",
    name="difference_of_equal",
    stage=STAGE,
    why="A whole number less itself is zero.",
)
def difference_of_equal(node: Apply) -> Variable | None:
    left, right = node.inputs
    return number(0, dtype_of(left)) if left is right and dtype_of(left) in DISCRETE else None
