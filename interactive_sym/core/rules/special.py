"""General operations become cheaper special ones (floor D).

Read next: `indexing`.
"""

import math
from typing import Any

import numpy as np

from ..graph import Apply, Constant, Variable
from ..op import call
from ..pattern import Any_, Bindings, head
from ..rule import rewrites, rule
from ..types import FLOATS
from .algebra import collect_product, dtype_of, inputs_of, is_float, is_real, op_name, opposite
from .stable import floats

a, b = Any_("a"), Any_("b")
mul, sqr, sqrt, inv, power, absolute, exp, log, neg = map(
    head, ("mul", "sqr", "sqrt", "inv", "pow", "abs", "exp", "log", "neg")
)
maximum, minimum = head("maximum"), head("minimum")
STAGE = "specialise"
POSITIVE = {"a": (0.25, 4.0)}


def _real(bindings: Bindings) -> bool:
    return all(is_real(x) for x in bindings.values())


# -- powers ----------------------------------------------------------------------------------------------------------

rule(
    "square", power(a, 2), sqr(a), stage=STAGE, changes="last digits", aliases=("local_pow_specialize",),
    why="A square is one multiplication; a general power takes a logarithm and an exponential.",
)  # fmt: skip
rule(
    "square_of_product", mul(a, a), sqr(a), stage=STAGE, aliases=("local_mul_to_sqr",),
    why="A number times itself is a square: one operand to read.",
)  # fmt: skip
rule(
    "cube", power(a, 3), mul(a, sqr(a)), stage=STAGE, changes="last digits", when=floats,
    why="A cube is two multiplications; a general power takes a logarithm and an exponential.",
)  # fmt: skip
rule(
    "fourth_power", power(a, 4), sqr(sqr(a)), stage=STAGE, changes="last digits", when=floats,
    why="The fourth power is a square squared: two multiplications.",
)  # fmt: skip
rule(
    "square_root", power(a, 0.5), sqrt(a), stage=STAGE, changes="nan", when=floats, samples=POSITIVE,
    why="The power one half is the square root, which processors compute directly.",
)  # fmt: skip
rule(
    "reciprocal", power(a, -1), inv(a), stage=STAGE, changes="last digits", when=floats, samples=POSITIVE,
    why="The power minus one is the reciprocal: one division.",
)  # fmt: skip
rule(
    "reciprocal_square", power(a, -2), inv(sqr(a)), stage=STAGE, changes="nan", when=floats, samples=POSITIVE,
    why="The power minus two is the reciprocal of the square.",
)  # fmt: skip
rule(
    "reciprocal_square_root", power(a, -0.5), inv(sqrt(a)), stage=STAGE, changes="nan", when=floats, samples=POSITIVE,
    why="The power minus one half is the reciprocal of the square root.",
)  # fmt: skip
rule(
    "square_of_square_root", sqr(sqrt(a)), a, stage=STAGE, changes="nan", when=floats, samples=POSITIVE,
    why="The square undoes the square root (of numbers that have one).",
)  # fmt: skip
rule(
    "square_root_of_square", sqrt(sqr(a)), absolute(a), stage=STAGE, changes="nan", when=floats,
    why="The root of a square is the absolute value, without overflow on the way.",
)  # fmt: skip
rule("absolute_of_square", absolute(sqr(a)), sqr(a), stage=STAGE, when=floats, why="A square is positive already.")
rule(
    "reciprocal_of_reciprocal", inv(inv(a)), a, stage=STAGE, changes="nan", when=floats, samples=POSITIVE,
    why="The reciprocal of the reciprocal is the number.",
)  # fmt: skip
rule(
    "log_of_reciprocal", log(inv(a)), neg(log(a)), stage=STAGE, changes="nan", when=floats, samples=POSITIVE,
    why="The logarithm of a reciprocal is the negative logarithm: no division.",
)  # fmt: skip
rule(
    "exp_of_negative", inv(exp(a)), exp(neg(a)), stage=STAGE, changes="nan", when=floats,
    why="The reciprocal of an exponential is the exponential of the negative: no division.",
)  # fmt: skip
rule(
    "product_of_absolutes", mul(absolute(a), absolute(b)), absolute(mul(a, b)), stage=STAGE, when=floats,
    aliases=("local_abs_lift",), why="One absolute value instead of two.",
)  # fmt: skip
rule(
    "maximum_of_maximum", maximum(a, maximum(a, b)), maximum(a, b), stage=STAGE, when=_real,
    why="A number counts once in a maximum.",
)  # fmt: skip
rule(
    "minimum_of_minimum", minimum(a, minimum(a, b)), minimum(a, b), stage=STAGE, when=_real,
    why="A number counts once in a minimum.",
)  # fmt: skip


@rewrites(
    "true_div",
    name="reciprocal_of_constant",
    stage=STAGE,
    why="Division by a power of two is multiplication by its reciprocal, exactly, and faster.",
    aliases=("local_div_to_inv",),
)
def reciprocal_of_constant(node: Apply) -> Variable | None:
    x, divisor = node.inputs
    dtype = dtype_of(node.outputs[0])
    if dtype not in FLOATS or not isinstance(divisor, Constant) or divisor.data.size == 0 or isinstance(x, Constant):
        return None
    data = divisor.data.astype(dtype)
    values = np.abs(data.reshape(-1)[:4096])
    if data.size > values.size or not all(_reciprocal_is_exact(float(v), dtype) for v in values):
        return None
    result: Variable = call("mul", x, call("constant", np.asarray(1, dtype) / data))
    return result if dtype_of(result) == dtype else None


def _reciprocal_is_exact(value: float, dtype: str) -> bool:
    """Whether the value is a power of two whose reciprocal is a normal number."""
    return math.isfinite(value) and math.frexp(value)[0] == 0.5 and 1 / value >= float(np.finfo(dtype).tiny)


@rewrites(
    "true_div",
    name="one_over",
    stage=STAGE,
    why="One over a number is its reciprocal: one operand to read.",
)
def one_over(node: Apply) -> Variable | None:
    one, x = node.inputs
    data: Any = getattr(one, "data", None)
    dtype = dtype_of(node.outputs[0])
    if data is None or data.shape != () or data != 1 or not is_float(x) or dtype_of(x) != dtype:
        return None
    result: Variable = call("inv", x)
    return result


@rewrites(
    "mul",
    name="slope_of_logistic",
    stage=STAGE,
    changes="last digits",
    why="sigmoid(x) sigmoid(-x), the slope of sigmoid, takes one exponential instead of two.",
)
def slope_of_logistic(node: Apply) -> Variable | None:
    root = node.outputs[0]
    if dtype_of(root) not in FLOATS:
        return None
    product = collect_product(root)
    logistics = [x for x, power in product.powers.items() if op_name(x) == "sigmoid" and power >= 1]
    for mirrored in logistics:
        (argument,) = inputs_of(mirrored, "sigmoid")
        for other in logistics:
            (its,) = inputs_of(other, "sigmoid")
            if (
                op_name(argument) not in ("neg", "sub")
                or dtype_of(other) != product.dtype
                or not opposite(argument, its)
            ):
                continue
            rest = product.copy()
            shared = int(min(rest.powers[mirrored], rest.powers[other]))
            rest.powers[call("sigmoid_slope", its)] = shared
            rest.powers = {x: p - shared if x in (mirrored, other) else p for x, p in rest.powers.items()}
            rest.powers = {x: p for x, p in rest.powers.items() if p != 0}
            result = rest.build()
            return result if result.type == root.type else None
    return None
