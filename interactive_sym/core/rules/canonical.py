"""One way to write each thing: sums, products, transposes, what is only spread out (floor D).

A sum or product is rewritten only where that makes it smaller, so that what people wrote stays as they wrote it.

Read next: `stable`.
"""

from collections.abc import Sequence
from typing import Any

from ..graph import Apply, Constant, Variable
from ..op import call
from ..pattern import Any_, head
from ..rule import rewrites, rule
from ..types import CONTINUOUS, DISCRETE, FLOATS
from .algebra import Product, collect_product, collect_sum, dtype_of, inputs_of, number, op_name, scalar_value, worth

a, b = Any_("a"), Any_("b")
neg, add, sub, mul, div = map(head, ("neg", "add", "sub", "mul", "true_div"))
STAGE = "canonicalise"


# -- signs go outwards -----------------------------------------------------------------------------------------------

rule(
    "sign_out_of_product", mul(a, neg(b)), neg(mul(a, b)), stage=STAGE,
    why="A minus sign inside a product is moved out, where it may meet another.", aliases=("local_neg_to_mul",),
)  # fmt: skip
rule(
    "sign_out_of_numerator", div(neg(a), b), neg(div(a, b)), stage=STAGE,
    why="A minus sign inside a quotient is moved out, where it may meet another.",
)  # fmt: skip
rule(
    "sign_out_of_denominator", div(a, neg(b)), neg(div(a, b)), stage=STAGE,
    why="A minus sign inside a quotient is moved out, where it may meet another.",
)  # fmt: skip
rule(
    "sign_out_of_difference", sub(neg(a), b), neg(add(a, b)), stage=STAGE,
    why="What is negative throughout is the negative of something: the sign is moved out, where it may meet another.",
)  # fmt: skip


@rewrites(
    "add", "sub",
    name="negative_coefficient",
    stage=STAGE,
    why="To add a negative multiple is to subtract the positive one, and the other way round.",
)  # fmt: skip
def negative_coefficient(node: Apply) -> Variable | None:
    root = node.outputs[0]
    if len(node.inputs) != 2 or dtype_of(root) not in FLOATS:
        return None
    left, right = node.inputs
    opposite_name = "sub" if node.op.name == "add" else "add"
    for kept, multiple in ((left, right), (right, left))[: 2 if node.op.name == "add" else 1]:
        factors = inputs_of(multiple, "mul")
        if len(factors) != 2 or dtype_of(multiple) != dtype_of(root):
            continue
        for factor, other in (factors, factors[::-1]):
            value = scalar_value(factor)
            if isinstance(value, (int, float)) and value < 0:
                positive = call("constant", -factor.data.astype(dtype_of(root)))  # type: ignore[attr-defined]
                result: Variable = call(opposite_name, kept, call("mul", positive, other))
                return result
    return None


# -- sums and products -----------------------------------------------------------------------------------------------


@rewrites(
    "add", "sub", "neg",
    name="canonical_sum",
    stage=STAGE,
    changes="nan",
    why="In a sum equal terms are counted together (2x + 3x is 5x, x - x is 0) and constants are added up.",
    aliases=("local_add_canonizer", "add_canonizer"),
)  # fmt: skip
def canonical_sum(node: Apply) -> Variable | None:
    root = node.outputs[0]
    if dtype_of(root) not in FLOATS and (dtype_of(root) not in DISCRETE or dtype_of(root) == "bool"):
        return None
    total = collect_sum(root)
    return total.build() if worth(root, total) else None


@rewrites(
    "mul", "true_div", "inv", "sqr", "pow",
    name="canonical_product",
    stage=STAGE,
    changes="nan",
    why="In a product equal factors are counted together, and what is multiplied and divided by cancels.",
    aliases=("local_mul_canonizer", "mul_canonizer", "local_inv_canon", "local_pow_canonicalize"),
)  # fmt: skip
def canonical_product(node: Apply) -> Variable | None:
    root = node.outputs[0]
    if dtype_of(root) == "bool" or (dtype_of(root) not in FLOATS and node.op.name not in ("mul", "sqr")):
        return None
    product = collect_product(root)
    return product.build() if worth(root, product) else None


@rewrites(
    "add", "sub",
    name="common_factor",
    stage=STAGE,
    changes="nan",
    why="A factor of both terms is taken out: one multiplication instead of two.",
)  # fmt: skip
def common_factor(node: Apply) -> Variable | None:
    root = node.outputs[0]
    dtype = dtype_of(root)
    if len(node.inputs) != 2 or dtype not in FLOATS or any(dtype_of(x) != dtype for x in node.inputs):
        return None
    if not all(op_name(x) in ("mul", "true_div") for x in node.inputs):
        return None
    left, right = (collect_product(x) for x in node.inputs)
    shared = {
        x: min(p, q, key=abs)
        for x, p in left.powers.items()
        if (q := right.powers.get(x, 0)) * p > 0 and p == int(p) and q == int(q)
    }
    if not shared:
        return None
    rests = [
        Product(dtype, {x: r for x, p in part.powers.items() if (r := p - shared.get(x, 0)) != 0}, part.coefficient)
        for part in (left, right)
    ]
    # an empty product would add a lone number, which says less than the two terms do
    if not all(rest.powers for rest in rests):
        return None
    together = Product(dtype, dict(shared))
    multiplied = any(p > 0 for p in shared.values())
    if not multiplied:
        together.powers = {x: -p for x, p in shared.items()}
    if rests[0].cost + rests[1].cost + 1 + together.cost + 1 >= left.operations + right.operations + 1:
        return None
    rest = call(node.op.name, rests[0].build(), rests[1].build())
    if dtype_of(rest) != dtype:
        return None
    result: Variable = call("mul" if multiplied else "true_div", rest, together.build())
    return result


# -- what is only spread out -----------------------------------------------------------------------------------------


def spread_value(variable: Variable) -> Variable | None:
    """The value that `fill` or `alloc` only spreads out over a shape; None for others."""
    name = op_name(variable)
    if name == "fill":
        return variable.owner.inputs[1]  # type: ignore[union-attr]
    if name == "alloc":
        return variable.owner.inputs[0]  # type: ignore[union-attr]
    return None


@rewrites(
    "*",
    name="fill_cut",
    stage=STAGE,
    operands=("fill", "alloc"),
    why="Under an elementwise operation values stretch by themselves: spreading them out before is of no use.",
    aliases=("local_fill_cut", "local_fill_sink", "local_alloc_elemwise"),
)
def fill_cut(node: Apply) -> Variable | None:
    if node.op.family != "elementwise" or node.op.name == "fill" or len(node.inputs) < 2:
        return None
    inputs = list(node.inputs)
    wanted = node.outputs[0].type
    changed = False
    for k, x in enumerate(inputs):
        value = spread_value(x)
        if value is None:
            continue
        attempt = [*inputs[:k], value, *inputs[k + 1 :]]
        if _covers(attempt, wanted.shape):
            inputs, changed = attempt, True
    if not changed:
        return None
    result: Variable = node.op(*inputs)
    return result if result.type == wanted else None


def _covers(operands: Sequence[Variable], shape: Sequence[int | None]) -> bool:
    """Whether for each dimension an operand is known to have it: the same static size, or one that does not stretch."""
    for axis, size in enumerate(shape):
        found = size == 1
        for x in operands:
            position = axis - len(shape) + len(x.type.shape)
            found = found or (position >= 0 and x.type.shape[position] == size)
        if not found:
            return False
    return True


@rewrites(
    "*",
    name="useless_leading_dimensions",
    stage=STAGE,
    operands=("dimshuffle", "constant"),
    why="Elementwise operations align their operands at the last dimension: leading dimensions of size 1 say nothing.",
    aliases=("local_tensor_scalar_tensor",),
)
def useless_leading_dimensions(node: Apply) -> Variable | None:
    if node.op.family != "elementwise":
        return None
    inputs = list(node.inputs)
    for k, x in enumerate(inputs):
        if op_name(x) == "dimshuffle":
            source, order = x.owner.inputs[0], x.owner.op.new_order  # type: ignore[union-attr]
            leading = next((n for n, axis in enumerate(order) if axis != "x"), len(order))
            if leading:
                inputs[k] = call("dimshuffle", source, order[leading:])
        elif isinstance(x, Constant) and len(x.type.shape) and x.data.shape[0] == 1:
            sizes = x.data.shape
            leading = next((n for n, length in enumerate(sizes) if length != 1), len(sizes))
            inputs[k] = call("constant", x.data.reshape(sizes[leading:]))
    if inputs == list(node.inputs):
        return None
    result: Variable = node.op(*inputs)
    return result if result.type == node.outputs[0].type else None


@rewrites(
    "*",
    name="leading_dimensions_later",
    stage=STAGE,
    operands=("dimshuffle",),
    why="Leading dimensions of size 1 are added after an elementwise operation, not before: there they may go away.",
)
def leading_dimensions_later(node: Apply) -> Variable | None:
    if node.op.family != "elementwise" or len(node.outputs) != 1:
        return None
    ndim = len(node.outputs[0].type.shape)
    leading = ndim
    stripped: list[tuple[Variable, Variable, tuple[Any, ...]]] = []
    for x in node.inputs:
        mine = len(x.type.shape)
        if op_name(x) == "dimshuffle":
            order = x.owner.op.new_order  # type: ignore[union-attr]
            own = next((n for n, axis in enumerate(order) if axis != "x"), mine)
            stripped.append((x, x.owner.inputs[0], order))  # type: ignore[union-attr]
        else:
            own = 0
        leading = min(leading, ndim - mine + own)
    if leading == 0 or not stripped:
        return None
    inputs = []
    for x in node.inputs:
        drop = leading - (ndim - len(x.type.shape))
        if drop > 0:
            maker = x.owner
            assert maker is not None
            x = call("dimshuffle", maker.inputs[0], maker.op.new_order[drop:])
        inputs.append(x)
    inner = node.op(*inputs)
    order = ("x",) * leading + tuple(range(ndim - leading))
    result: Variable = call("dimshuffle", inner, order)
    return result if result.type == node.outputs[0].type else None


@rewrites(
    "dimshuffle",
    name="dimshuffle_of_product",
    stage=STAGE,
    why="Dimensions are added to the factors instead of the product, so that the factors may cancel with others.",
    aliases=("local_dimshuffle_lift",),
)
def dimshuffle_of_product(node: Apply) -> Variable | None:
    order = node.op.new_order
    factors = inputs_of(node.inputs[0], "mul", "true_div", "neg")
    kept = [axis for axis in order if axis != "x"]
    ndim = len(node.inputs[0].type.shape)
    if not factors or order[:1] == ("x",) or kept != list(range(ndim)) or not kept or len(kept) == len(order):
        return None
    if any(len(x.type.shape) not in (0, ndim) for x in factors):
        return None
    lifted = [call("dimshuffle", x, order) if len(x.type.shape) else x for x in factors]
    result: Variable = node.inputs[0].owner.op(*lifted)  # type: ignore[union-attr]
    return result if result.type == node.outputs[0].type else None


@rewrites(
    "*",
    name="spread_later",
    stage=STAGE,
    operands=("fill", "alloc"),
    why="Computed once and then spread out, instead of spread out and computed for every element.",
    aliases=("local_alloc_unary", "local_fill_lift"),
)
def spread_later(node: Apply) -> Variable | None:
    if node.op.family != "elementwise" or node.op.name == "fill" or len(node.outputs) != 1:
        return None
    spread = None
    operands: list[Variable] = []
    for x in node.inputs:
        value = spread_value(x)
        if value is not None and len(value.type.shape) == 0:
            if spread is None and x.type.shape == node.outputs[0].type.shape:
                spread = x
            operands.append(value)
        elif len(x.type.shape) == 0:
            operands.append(x)
        else:
            return None
    if spread is None:
        return None
    inner = node.op(*operands)
    maker = spread.owner
    assert maker is not None
    if maker.op.name == "fill":
        return call("fill", maker.inputs[0], inner)  # type: ignore[no-any-return]
    return call("alloc", inner, *maker.inputs[1:])  # type: ignore[no-any-return]


@rewrites(
    "sum", "prod", "max", "min",
    name="reduction_of_spread",
    stage=STAGE,
    changes="last digits",
    why="Where all elements are one number, their sum is that number times how many there are.",
    aliases=("local_opt_alloc", "local_sum_alloc"),
)  # fmt: skip
def reduction_of_spread(node: Apply) -> Variable | None:
    x = node.inputs[0]
    value = spread_value(x)
    dtype = dtype_of(node.outputs[0])
    if value is None or len(value.type.shape) != 0 or (dtype_of(value) in DISCRETE and dtype in CONTINUOUS):
        return None
    if len(node.op.axis) != len(x.type.shape):
        return None
    if node.op.kind in ("max", "min"):
        if any(size is None for size in x.type.shape):
            return None  # it might be empty, which is an error
        return value
    maker = x.owner
    assert maker is not None
    sizes = (
        maker.inputs[1:]
        if maker.op.name == "alloc"
        else [call("shape_i", maker.inputs[0], k) for k in range(x.type.ndim)]
    )
    count: Any = None
    for static, size in zip(x.type.shape, sizes):
        known = number(static, "int64") if static is not None else size
        count = known if count is None else call("mul", count, known)
    if count is None:
        return value
    if node.op.kind == "prod":
        if dtype not in FLOATS:
            return None
        powered: Variable = call("pow", value, call("cast", count, dtype))
        return powered if dtype_of(powered) == dtype else None
    wide = call("cast", value, dtype)
    total: Variable = call("mul", wide, call("cast", count, dtype))
    return total


@rewrites(
    "dimshuffle",
    name="dimshuffle_of_spread",
    stage=STAGE,
    why="A number spread out over a shape is spread out over the reordered shape directly.",
    aliases=("local_dimshuffle_alloc", "local_alloc_dimshuffle"),
)
def dimshuffle_of_spread(node: Apply) -> Variable | None:
    x = node.inputs[0]
    if op_name(x) != "alloc":
        return None
    value, *sizes = x.owner.inputs  # type: ignore[union-attr]
    if len(value.type.shape) != 0:
        return None
    result: Variable = call("alloc", value, *[number(1, "int64") if k == "x" else sizes[k] for k in node.op.new_order])
    return result


# -- reductions ------------------------------------------------------------------------------------------------------


@rewrites(
    "sum",
    name="sum_of_product",
    stage=STAGE,
    changes="last digits",
    why="A factor that all terms have is taken out of the sum: one multiplication instead of one for each term.",
    aliases=("sum_scalar_mul", "local_sum_prod_mul_by_scalar", "local_sum_prod_div_dimshuffle"),
)
def sum_of_product(node: Apply) -> Variable | None:
    x = node.inputs[0]
    dtype = dtype_of(x)
    if dtype not in FLOATS or dtype_of(node.outputs[0]) != dtype or not node.op.axis:
        return None
    factors = inputs_of(x, "mul", "true_div")
    if len(factors) != 2:
        return None
    for outer, inner in ((1, 0), (0, 1)):
        if op_name(x) == "true_div" and outer == 0:
            break
        pulled = _same_along(factors[outer], len(x.type.shape), node.op.axis)
        if pulled is None or factors[inner].type != x.type:
            continue
        total = node.op(factors[inner])
        left, right = (total, pulled) if outer == 1 else (pulled, total)
        result: Variable = call(op_name(x), left, right)
        return result if dtype_of(result) == dtype else None
    return None


def _same_along(factor: Variable, ndim: int, axes: Sequence[int]) -> Variable | None:
    """The factor without the reduced axes, where it has size 1 along all of them; else None."""
    shape = factor.type.shape
    offset = ndim - len(shape)
    kept: list[int | str] = []
    for axis in range(ndim):
        if axis in axes:
            if axis >= offset and shape[axis - offset] != 1:
                return None
        elif axis >= offset:
            kept.append(axis - offset)
        elif kept:
            kept.append("x")
    result: Variable = call("dimshuffle", factor, tuple(kept))
    return result


@rewrites(
    "sum",
    name="sum_of_negatives",
    stage=STAGE,
    why="The sum of the negatives is the negative of the sum.",
    changes="last digits",
    aliases=("local_sum_neg",),
)
def sum_of_negatives(node: Apply) -> Variable | None:
    inner = inputs_of(node.inputs[0], "neg")
    if not inner or dtype_of(inner[0]) not in FLOATS:
        return None
    result: Variable = call("neg", node.op(inner[0]))
    return result


@rewrites(
    "sum", "prod", "max", "min", "all", "any",
    name="reduction_of_reduction",
    stage=STAGE,
    changes="last digits",
    why="A reduction over some axes, then over others, is one reduction over all of them.",
    aliases=("local_op_of_op",),
)  # fmt: skip
def reduction_of_reduction(node: Apply) -> Variable | None:
    x = node.inputs[0]
    inner = x.owner
    if inner is None or inner.op.name != node.op.name or dtype_of(x) != dtype_of(node.outputs[0]):
        return None
    if inner.op.acc_dtype != node.op.acc_dtype or (node.op.kind in ("all", "any") and dtype_of(x) != "bool"):
        return None
    source = inner.inputs[0]
    left = [axis for axis in range(len(source.type.shape)) if axis not in inner.op.axis]
    axes = tuple(sorted((*inner.op.axis, *(left[axis] for axis in node.op.axis))))
    result: Variable = type(node.op)(node.op.kind, axes, node.op.dtype, node.op.acc_dtype)(source)
    return result


@rewrites(
    "sum", "prod", "max", "min", "all", "any",
    name="reduction_of_dimshuffle",
    stage=STAGE,
    changes="last digits",
    why="A reduction over all elements does not depend on the order of the dimensions.",
    aliases=("local_sum_prod_all_to_none",),
)  # fmt: skip
def reduction_of_dimshuffle(node: Apply) -> Variable | None:
    x = node.inputs[0]
    if op_name(x) != "dimshuffle" or len(node.op.axis) != len(x.type.shape):
        return None
    source = x.owner.inputs[0]  # type: ignore[union-attr]
    axes = tuple(range(len(source.type.shape)))
    result: Variable = type(node.op)(node.op.kind, axes, node.op.dtype, node.op.acc_dtype)(source)
    return result


# -- products of matrices --------------------------------------------------------------------------------------------


@rewrites(
    "dimshuffle",
    name="transpose_of_dot",
    stage=STAGE,
    changes="last digits",
    why="The transpose of a product is the product of the transposes the other way round: transposes meet and cancel.",
    aliases=("local_lift_transpose_through_dot",),
)
def transpose_of_dot(node: Apply) -> Variable | None:
    factors = inputs_of(node.inputs[0], "dot")
    if tuple(node.op.new_order) != (1, 0) or not factors:
        return None
    left, right = factors
    if len(left.type.shape) != 2 or len(right.type.shape) != 2:
        return None
    result: Variable = call("dot", call("transpose", right), call("transpose", left))
    return result


@rewrites(
    "dot",
    name="sign_out_of_dot",
    stage=STAGE,
    why="A minus sign inside a product of matrices is moved out, where it may meet another.",
)
def sign_out_of_dot(node: Apply) -> Variable | None:
    left, right = node.inputs
    if dtype_of(left) not in FLOATS:
        return None
    if op_name(left) == "neg":
        left = left.owner.inputs[0]  # type: ignore[union-attr]
    elif op_name(right) == "neg":
        right = right.owner.inputs[0]  # type: ignore[union-attr]
    else:
        return None
    result: Variable = call("neg", call("dot", left, right))
    return result


@rewrites(
    "dot",
    name="dot_with_zeros",
    stage=STAGE,
    changes="nan",
    why="A product with a matrix of zeros is zero (where the other factor has no NaN and is finite).",
    aliases=("local_0_dot_x",),
)
def dot_with_zeros(node: Apply) -> Variable | None:
    from_constant = any(_is_zero(x) for x in node.inputs)
    return number(0, dtype_of(node.outputs[0])) if from_constant else None


def _is_zero(variable: Variable) -> bool:
    value = spread_value(variable)
    data = getattr(variable if value is None else value, "data", None)
    return data is not None and getattr(data, "size", 0) > 0 and not data.any()
