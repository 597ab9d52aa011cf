"""Forms that lose digits, overflow or divide by zero become stable ones (floor D).

Read next: `special`.
"""

from typing import Any

from ..graph import Apply, Variable
from ..op import call
from ..pattern import Any_, Bindings, head
from ..rule import rewrites, rule
from ..types import FLOATS
from .algebra import LIMIT, Product, collect_product, dtype_of, inputs_of, is_float, negative, number, op_name, opposite

a, b = Any_("a"), Any_("b")
exp, expm1, log, log1p, sigmoid, softplus, inv = map(
    head, ("exp", "expm1", "log", "log1p", "sigmoid", "softplus", "inv")
)
add, sub, mul, neg, maximum, absolute = map(head, ("add", "sub", "mul", "neg", "maximum", "abs"))
erf, erfc, erfcx, switch, gt, sqr = map(head, ("erf", "erfc", "erfcx", "switch", "gt", "sqr"))
STAGE = "stabilise"


def floats(bindings: Bindings) -> bool:
    """Whether every pattern variable stands for floats."""
    return all(is_float(x) for x in bindings.values())


# -- near one --------------------------------------------------------------------------------------------------------

rule(
    "log_one_plus", log(1 + a), log1p(a), stage=STAGE, changes="last digits", when=floats, samples={"a": (-0.9, 4.0)},
    aliases=("local_log1p",),
    why="For small a, 1 + a rounds to 1 and the logarithm loses all digits; log1p keeps them.",
)  # fmt: skip
rule(
    "log_one_minus", log(1 - a), log1p(neg(a)), stage=STAGE, changes="last digits", when=floats,
    samples={"a": (-4.0, 0.9)},
    why="For small a, 1 - a rounds to 1 and the logarithm loses all digits; log1p keeps them.",
)  # fmt: skip
rule(
    "exp_minus_one", sub(exp(a), 1), expm1(a), stage=STAGE, changes="last digits", when=floats,
    why="For small a, exp(a) is close to 1 and the difference loses all digits; expm1 keeps them.",
    aliases=("local_expm1",),
)  # fmt: skip
rule(
    "one_minus_exp", sub(1, exp(a)), neg(expm1(a)), stage=STAGE, changes="last digits", when=floats,
    why="For small a, exp(a) is close to 1 and the difference loses all digits; expm1 keeps them.",
)  # fmt: skip

# -- the tail of the error function ------------------------------------------------------------------------------------

rule(
    "log_of_erfc", log(erfc(a)), switch(gt(a, 0.5), sub(log(erfcx(a)), sqr(a)), log1p(neg(erf(a)))), stage=STAGE,
    changes="nan", when=floats, aliases=("local_log_erfc",), samples={"a": (-4.0, 4.0)},
    why="Beyond 27 erfc rounds to 0 and its logarithm is -inf; erfc(a) is erfcx(a) exp(-a²), which has one.",
)  # fmt: skip

# -- inverse functions -----------------------------------------------------------------------------------------------

rule(
    "log_of_exp", log(exp(a)), a, stage=STAGE, changes="nan", when=floats, aliases=("local_func_inv",),
    why="The logarithm undoes the exponential, without overflow on the way.",
)  # fmt: skip
rule(
    "exp_of_log", exp(log(a)), a, stage=STAGE, changes="nan", when=floats, samples={"a": (0.1, 4.0)},
    why="The exponential undoes the logarithm (of positive numbers).",
)  # fmt: skip
rule(
    "log1p_of_expm1", log1p(expm1(a)), a, stage=STAGE, changes="nan", when=floats,
    why="One undoes the other, without overflow on the way.",
)  # fmt: skip
rule(
    "expm1_of_log1p", expm1(log1p(a)), a, stage=STAGE, changes="nan", when=floats, samples={"a": (-0.9, 4.0)},
    why="One undoes the other.",
)  # fmt: skip

# -- the logistic function -------------------------------------------------------------------------------------------


@rewrites(
    "inv", "true_div", "mul",
    name="logistic",
    stage=STAGE,
    changes="nan",
    why="1 / (1 + exp(-x)) is the logistic function; written as one it does not overflow, nor does its gradient.",
    aliases=("local_inv_1_plus_exp", "local_exp_over_1_plus_exp", "local_sigm_times_exp"),
)  # fmt: skip
def logistic(node: Apply) -> Variable | None:
    root = node.outputs[0]
    if dtype_of(root) not in FLOATS:
        return None
    product = collect_product(root).copy()
    changed = False
    for factor, power in list(product.powers.items()):
        exponent = _one_plus_exp(factor)
        if exponent is not None and power < 0 and power == int(power) and dtype_of(exponent) == product.dtype:
            _multiply(product, factor, -power)
            _multiply(product, call("sigmoid", negative(exponent)), -power)
            changed = True
    for factor, power in list(product.powers.items()):
        exponent = _one_plus_exp(factor)
        if exponent is None or power < 1:
            continue
        # (1 + exp(-t)) sigmoid(t) = 1
        for other, its in list(product.powers.items()):
            if op_name(other) == "sigmoid" and its >= 1 and opposite(other.owner.inputs[0], exponent):  # type: ignore[union-attr]
                common = min(power, its)
                _multiply(product, factor, -common)
                _multiply(product, other, -common)
                changed = True
                break
    for factor, power in list(product.powers.items()):
        exponent = next(iter(inputs_of(factor, "exp")), None)
        if exponent is None or dtype_of(exponent) != product.dtype or power not in (1, -1):
            continue
        # exp(a) sigmoid(-a) = sigmoid(a), and sigmoid(a) / exp(a) = sigmoid(-a)
        for other, its in list(product.powers.items()):
            argument = next(iter(inputs_of(other, "sigmoid")), None)
            if argument is None or its < 1:
                continue
            if opposite(argument, exponent) if power == 1 else argument is exponent:
                _multiply(product, factor, -power)
                _multiply(product, other, -1)
                _multiply(product, call("sigmoid", exponent if power == 1 else negative(exponent)), 1)
                changed = True
                break
    return product.build() if changed else None


def _one_plus_exp(variable: Variable) -> Variable | None:
    """`a` where the variable is `1 + exp(a)`."""
    operands = inputs_of(variable, "add")
    if len(operands) == 2:
        for one, other in (operands, operands[::-1]):
            if _is_one(one) and op_name(other) == "exp" and dtype_of(other) == dtype_of(variable):
                return other.owner.inputs[0]  # type: ignore[union-attr]
    return None


def _is_one(variable: Variable) -> bool:
    data = getattr(variable, "data", None)
    return data is not None and data.size > 0 and len(data.shape) == 0 and bool((data == 1).all())


def _multiply(product: Product, factor: Variable, power: Any) -> None:
    """Change a product in place; a factor equal to one that is there (by identity or structure) joins it."""
    if factor not in product.powers and op_name(factor) == "sigmoid":
        mine = factor.owner.inputs[0]  # type: ignore[union-attr]
        for other in product.powers:
            its = next(iter(inputs_of(other, "sigmoid")), None)
            if its is not None and (its is mine or same(its, mine)):
                factor = other
                break
    total = product.powers.get(factor, 0) + power
    if total == 0:
        product.powers.pop(factor, None)
    else:
        product.powers[factor] = total


def same(left: Variable, right: Variable) -> bool:
    """Whether two variables are written alike: a fresh node and its interned twin."""
    pairs = [(left, right)]
    steps = 0
    while pairs:
        x, y = pairs.pop()
        steps += 1
        if x is y:
            continue
        if steps > 4 * LIMIT:
            return False
        if x.owner is None or y.owner is None:
            mine, its = getattr(x, "signature", None), getattr(y, "signature", None)
            if mine is None or its is None or mine() != its():
                return False
            continue
        if x.owner.op != y.owner.op or x.index != y.index or len(x.owner.inputs) != len(y.owner.inputs):
            return False
        pairs.extend(zip(x.owner.inputs, y.owner.inputs))
    return True


@rewrites(
    "sub",
    name="one_minus_logistic",
    stage=STAGE,
    changes="last digits",
    why="1 - sigmoid(x) is sigmoid(-x), which keeps its digits where sigmoid(x) is close to 1.",
    aliases=("local_1msigmoid",),
)
def one_minus_logistic(node: Apply) -> Variable | None:
    one, other = node.inputs
    if not _is_one(one) or op_name(other) != "sigmoid" or dtype_of(other) != dtype_of(node.outputs[0]):
        return None
    result: Variable = call("sigmoid", negative(other.owner.inputs[0]))  # type: ignore[union-attr]
    return result if dtype_of(result) == dtype_of(other) else None


@rewrites(
    "log",
    name="log_of_logistic",
    stage=STAGE,
    changes="nan",
    why="log(sigmoid(x)) is -softplus(-x), which is finite where sigmoid(x) rounds to 0.",
    aliases=("logsigm_to_softplus", "log1msigm_to_softplus"),
)
def log_of_logistic(node: Apply) -> Variable | None:
    argument = inputs_of(node.inputs[0], "sigmoid")
    if not argument or not is_float(argument[0]):
        return None
    result: Variable = call("neg", call("softplus", negative(argument[0])))
    return result


rule(
    "log1p_of_minus_logistic", log1p(neg(sigmoid(a))), neg(softplus(a)), stage=STAGE, changes="nan", when=floats,
    why="log(1 - sigmoid(x)) is -softplus(x), which is finite where sigmoid(x) rounds to 1.",
)  # fmt: skip
rule(
    "log1p_of_exp", log1p(exp(a)), softplus(a), stage=STAGE, changes="nan", when=floats,
    why="log(1 + exp(x)) is softplus, which does not overflow.", aliases=("log1pexp_to_softplus",),
)  # fmt: skip


@rewrites(
    "sub",
    name="logistic_residual",
    stage=STAGE,
    changes="last digits",
    why="The gradient of the cross-entropy of a logistic model is simply what it says less what is true.",
)
def logistic_residual(node: Apply) -> Variable | None:
    root = node.outputs[0]
    dtype = dtype_of(root)
    if dtype not in FLOATS or any(dtype_of(x) != dtype for x in node.inputs):
        return None
    left, right = (_weighted_logistic(x) for x in node.inputs)
    for argument, weight in left:
        for its_argument, its_weight in right:
            if not opposite(argument, its_argument):
                continue
            # (1 - y) s(t) - y s(-t) = s(t) - y;   y s(t) - (1 - y) s(-t) = y - s(-t)
            if _complement(weight) is its_weight:
                return call("sub", call("sigmoid", argument), its_weight)  # type: ignore[no-any-return]
            if _complement(its_weight) is weight:
                return call("sub", weight, call("sigmoid", its_argument))  # type: ignore[no-any-return]
    return None


def _weighted_logistic(variable: Variable) -> list[tuple[Variable, Variable]]:
    """Pairs `(t, y)` for which the variable is `y sigmoid(t)`."""
    factors = inputs_of(variable, "mul")
    if len(factors) != 2:
        return []
    return [
        (other.owner.inputs[0], weight)  # type: ignore[union-attr]
        for weight, other in (factors, factors[::-1])
        if op_name(other) == "sigmoid" and other.type == variable.type
    ]


def _complement(variable: Variable) -> Variable | None:
    """`y` where the variable is `1 - y`."""
    operands = inputs_of(variable, "sub")
    return operands[1] if operands and _is_one(operands[0]) else None


@rewrites(
    "mul", "true_div",
    name="distribute_over_quotients",
    stage=STAGE,
    changes="nan",
    why="A product with a sum of quotients is multiplied out where it cancels what the terms are divided by.",
    aliases=("local_greedy_distributor",),
)  # fmt: skip
def distribute_over_quotients(node: Apply) -> Variable | None:
    root = node.outputs[0]
    if dtype_of(root) not in FLOATS:
        return None
    whole = collect_product(root)
    for inner, power in whole.powers.items():
        terms = inputs_of(inner, "add", "sub")
        if power != 1 or len(terms) != 2 or any(dtype_of(x) != whole.dtype for x in (inner, *terms)):
            continue
        parts = [collect_product(x).copy() for x in terms]
        outside = Product(whole.dtype, {x: p for x, p in whole.powers.items() if x is not inner}, whole.coefficient)
        before = sum(part.cost for part in parts) + 1 + outside.cost + 1
        logistics = {x for p in (outside, *parts) for x in p.powers if op_name(x) == "sigmoid"}
        for product in (outside, *parts):
            _in_terms_of(product, logistics)
        cancelled = [x for x, p in outside.powers.items() if any(p * part.powers.get(x, 0) < 0 for part in parts)]
        if not cancelled:
            continue
        some = Product(whole.dtype, {x: outside.powers[x] for x in cancelled})
        rest = Product(
            whole.dtype, {x: p for x, p in outside.powers.items() if x not in cancelled}, outside.coefficient
        )
        for factor, left_over in ((outside, None), (some, rest)):
            products = [part.times(factor) for part in parts]
            for product in products:
                product.powers = {x: p for x, p in product.powers.items() if p != 0}
            after = sum(product.cost for product in products) + 1
            if left_over is not None:
                after += left_over.cost + 1
            if after >= before:
                continue
            result: Variable = call(op_name(inner), *(product.build() for product in products))
            if left_over is not None:
                result = call("mul", result, left_over.build())
            return result if dtype_of(result) == whole.dtype else None
    return None


def _in_terms_of(product: Product, logistics: set[Variable]) -> None:
    """Write factors `1 + exp(-t)` as powers of those `sigmoid(t)` that are given."""
    for factor, power in list(product.powers.items()):
        exponent = _one_plus_exp(factor)
        if exponent is None:
            continue
        for other in logistics:
            if opposite(other.owner.inputs[0], exponent):  # type: ignore[union-attr]
                _multiply(product, factor, -power)
                _multiply(product, other, -power)
                break


# -- sums of exponentials --------------------------------------------------------------------------------------------

rule(
    "log_of_sum_of_two_exponentials", log(add(exp(a), exp(b))),
    add(maximum(a, b), softplus(neg(absolute(sub(a, b))))), stage=STAGE, changes="nan", when=floats,
    why="With the larger exponent taken out nothing overflows.", aliases=("local_log_add",),
)  # fmt: skip


def _shifted(x: Variable) -> bool:
    """Whether the exponent is `x - max(x)` already."""
    operands = inputs_of(x, "sub")
    if not operands:
        return False
    top: Variable | None = operands[1]
    while top is not None and op_name(top) in ("dimshuffle", "switch"):
        top = top.owner.inputs[2 if op_name(top) == "switch" else 0]  # type: ignore[union-attr]
    return op_name(top) == "max" and same(inputs_of(top, "max")[0], operands[0])  # type: ignore[arg-type]


def _largest(x: Variable, axes: Any) -> Variable:
    """The largest element along the axes; 0 where it is infinite."""
    top = call("max", x, axis=axes)
    result: Variable = call("switch", call("isinf", top), number(0, dtype_of(x)), top)
    return result


def _kept(value: Variable, ndim: int, axes: Any) -> Variable:
    """A reduced value with the reduced axes again, of size 1."""
    remaining = iter(range(ndim))
    order = tuple("x" if axis in axes else next(remaining) for axis in range(ndim))
    result: Variable = call("dimshuffle", value, order)
    return result


@rewrites(
    "log",
    name="log_sum_exp",
    stage=STAGE,
    changes="nan",
    why="With the largest exponent taken out of the sum, no exponential overflows and not all of them vanish.",
    aliases=("local_log_sum_exp",),
)
def log_sum_exp(node: Apply) -> Variable | None:
    total = node.inputs[0]
    order = None
    if op_name(total) == "dimshuffle":
        order, total = total.owner.op.new_order, total.owner.inputs[0]  # type: ignore[union-attr]
    terms = inputs_of(total, "sum")
    x = next(iter(inputs_of(terms[0], "exp")), None) if terms else None
    if x is None or not is_float(x) or _shifted(x) or dtype_of(total) != dtype_of(x):
        return None
    reduce = total.owner.op  # type: ignore[union-attr]
    if not reduce.axis or any(x.type.shape[axis] == 0 for axis in reduce.axis):
        return None
    top = _largest(x, reduce.axis)
    lowered = call("log", reduce(call("exp", call("sub", x, _kept(top, len(x.type.shape), reduce.axis)))))
    result: Variable = call("add", lowered, top)
    return result if order is None else call("dimshuffle", result, order)


@rewrites(
    "true_div", "mul",
    name="softmax",
    stage=STAGE,
    changes="nan",
    why="Exponentials over their sum stay when the largest exponent is taken off all of them; then none overflows.",
    aliases=("local_softmax", "local_softmax_with_bias"),
)  # fmt: skip
def softmax(node: Apply) -> Variable | None:
    root = node.outputs[0]
    if dtype_of(root) not in FLOATS:
        return None
    product = collect_product(root)
    if not product.divided:
        return None
    for factor, power in product.powers.items():
        x = next(iter(inputs_of(factor, "exp")), None)
        if x is None or power < 1 or dtype_of(x) != product.dtype or _shifted(x):
            continue
        for other, its in product.powers.items():
            if its > -1:
                continue
            inner = other.owner.inputs[0] if op_name(other) == "dimshuffle" else other  # type: ignore[union-attr]
            if op_name(inner) != "sum" or inner.owner.inputs[0] is not factor:  # type: ignore[union-attr]
                continue
            reduce = inner.owner.op  # type: ignore[union-attr]
            if not reduce.axis or dtype_of(inner) != product.dtype:
                continue
            top = _kept(_largest(x, reduce.axis), len(x.type.shape), reduce.axis)
            lowered = call("exp", call("sub", x, top))
            total = reduce(lowered)
            if inner is not other:
                total = call("dimshuffle", total, other.owner.op.new_order)  # type: ignore[union-attr]
            rest = {v: p for v, p in product.powers.items() if v is not factor and v is not other}
            if power != 1:
                rest[factor] = power - 1
            if its != -1:
                rest[other] = its + 1
            share = call("true_div", lowered, total)
            if not rest and product.coefficient == 1:
                return share  # type: ignore[no-any-return]
            remaining = Product(product.dtype, rest, product.coefficient)
            if any(p > 0 for p in rest.values()) or not rest:
                return call("mul", remaining.build(), share)  # type: ignore[no-any-return]
            return Product(product.dtype, {share: 1, **rest}, product.coefficient).build()
    return None


@rewrites(
    "log",
    name="log_of_softmax",
    stage=STAGE,
    changes="nan",
    why="log(exp(a) / b) is a - log(b): the exponential need not be computed, and does not vanish.",
    aliases=("local_log_softmax", "local_logsoftmax"),
)
def log_of_softmax(node: Apply) -> Variable | None:
    quotient = inputs_of(node.inputs[0], "true_div")
    x = next(iter(inputs_of(quotient[0], "exp")), None) if quotient else None
    dtype = dtype_of(node.outputs[0])
    if x is None or not is_float(x) or dtype_of(x) != dtype or dtype_of(quotient[1]) != dtype:
        return None
    result: Variable = call("sub", x, call("log", quotient[1]))
    return result
