"""Costs of classifiers: the probability of the true class alone, taken out of a softmax by its index (floor D).

With p = softmax(x) the cost `-log(p[i, y[i]])` is `log Σ exp(x[i]) - x[i, y[i]]`, and its gradient p less 1 at the true
class. As written, both go through p[i, y[i]], which may round to 0.

Read next: `special`.
"""

from ..graph import Apply, Variable
from ..op import call
from ..rule import rewrites
from ..types import FLOATS
from .algebra import Product, collect_product, dtype_of, inputs_of, is_float, op_name, scalar_value

STAGE = "stabilise"


@rewrites(
    "log",
    name="log_of_chosen_probability",
    stage=STAGE,
    changes="nan",
    why="log(softmax(x)[i, y]) is log(softmax(x))[i, y], which needs no probability that may round to 0.",
    aliases=("crossentropy_to_crossentropy_with_softmax",),
)
def log_of_chosen_probability(node: Apply) -> Variable | None:
    chosen = node.inputs[0].owner
    if chosen is None or chosen.op.name != "advanced_subtensor":
        return None
    p, *indices = chosen.inputs
    quotient = inputs_of(p, "true_div")
    if not quotient or op_name(quotient[0]) != "exp" or not is_float(p):
        return None
    return chosen.op(call("log", p), *indices)  # type: ignore[no-any-return]


@rewrites(
    "mul",
    name="softmax_residual",
    stage=STAGE,
    changes="nan",
    why="The gradient of the cross-entropy of a softmax is the probabilities less 1 at the true class.",
    aliases=("crossentropy_to_crossentropy_with_softmax_grad",),
)
def softmax_residual(node: Apply) -> Variable | None:
    # e (G / s - Σ(G e) / s²), G being v / p[i, y] at [i, y], 0 elsewhere, p = e / s, is V - p Σ V, V being v at [i, y]
    root = node.outputs[0]
    if dtype_of(root) not in FLOATS:
        return None
    for e, difference in (node.inputs, node.inputs[::-1]):
        terms = inputs_of(difference, "sub")
        if op_name(e) != "exp" or not terms:
            continue
        first, second = map(collect_product, terms)
        scattered = [x for x in first.powers if op_name(x) == "advanced_inc_subtensor"]
        if len(scattered) != 1 or first.coefficient != 1 or second.coefficient != 1:
            continue
        s = next((x for x, power in first.powers.items() if power == -1), None)
        if s is None or len(first.powers) != 2 or first.powers[scattered[0]] != 1:
            continue
        if not _is_weighted_sum(second, scattered[0], e, s):
            continue
        found = _without_probability(scattered[0], e, s)
        if found is None:
            continue
        value, p = found
        total = _rows(call("sum", value, axis=_reduced(s)), s)
        return call("sub", value, call("mul", p, total))  # type: ignore[no-any-return]
    return None


def _without_probability(scattered: Variable, e: Variable, s: Variable) -> tuple[Variable, Variable] | None:
    """V from G, what is scattered times the probability that it is divided by, and all probabilities."""
    zeros, value, *indices = scattered.owner.inputs  # type: ignore[union-attr]
    op = scattered.owner.op  # type: ignore[union-attr]
    filled = inputs_of(zeros, "alloc", "fill")
    if not (scalar_value(zeros) == 0 or (filled and scalar_value(filled[0 if op_name(zeros) == "alloc" else 1]) == 0)):
        return None
    factors = collect_product(value)
    for x, power in factors.powers.items():
        chosen = x.owner
        if (
            power != -1
            or chosen is None
            or chosen.op.name != "advanced_subtensor"
            or chosen.inputs[1:] != tuple(indices)
        ):
            continue
        if chosen.op.axes != op.axes or not _is_softmax(chosen.inputs[0], e, s):
            continue
        rest = Product(factors.dtype, {y: p for y, p in factors.powers.items() if y is not x}, factors.coefficient)
        return op(zeros, rest.build(), *indices), chosen.inputs[0]
    return None


def _is_softmax(p: Variable, e: Variable, s: Variable) -> bool:
    """Whether p is `e / s`, perhaps with a number for each row taken off the exponents of both."""
    quotient = inputs_of(p, "true_div")
    if quotient == (e, s):
        return True
    if not quotient or op_name(quotient[0]) != "exp":
        return False
    lowered = inputs_of(quotient[0].owner.inputs[0], "sub")  # type: ignore[union-attr]
    if not lowered or lowered[0] is not e.owner.inputs[0]:  # type: ignore[union-attr]
        return False
    total, mine = quotient[1].owner, s.owner
    if total is None or mine is None or total.op != mine.op or total.inputs[0].owner is None:
        return False
    if total.inputs[0].owner.op != mine.inputs[0].owner.op or total.inputs[0].owner.inputs[0] is not quotient[0]:  # type: ignore[union-attr]
        return False
    top = lowered[1].type.shape
    return len(top) == len(p.type.shape) and all(top[axis] == 1 for axis in _reduced(s))


def _plain(x: Variable) -> Variable:
    """x without reorderings that leave a column a column."""
    while op_name(x) == "dimshuffle":
        inner = x.owner.inputs[0]  # type: ignore[union-attr]
        order = x.owner.op.new_order  # type: ignore[union-attr]
        if len(order) != len(inner.type.shape) or any(k not in ("x", axis) for axis, k in enumerate(order)):
            break
        x = inner
    return x


def _is_weighted_sum(product: Product, g: Variable, e: Variable, s: Variable) -> bool:
    """Whether the product is `Σ(g e) / s²`, summed as s is."""
    rest = dict(product.powers)
    power = 0
    for x, its in product.powers.items():
        inner = {s: 1} if x is s else collect_product(_plain(x)).powers
        if list(inner) == [s]:
            power += its * inner[s]
            del rest[x]
    if power != -2 or len(rest) != 1:
        return False
    ((total, its),) = rest.items()
    if its != 1 or op_name(s) != "dimshuffle" or op_name(total) != "dimshuffle":
        return False
    terms, reduced = inputs_of(total.owner.inputs[0], "sum"), s.owner.inputs[0]  # type: ignore[union-attr]
    if not terms or op_name(reduced) != "sum" or total.owner.inputs[0].owner.op != reduced.owner.op:  # type: ignore[union-attr]
        return False
    if total.owner.op.new_order != s.owner.op.new_order or reduced.owner.inputs[0] is not e:  # type: ignore[union-attr]
        return False
    return collect_product(terms[0]).powers == {g: 1, e: 1} and collect_product(terms[0]).coefficient == 1


def _reduced(s: Variable) -> tuple[int, ...]:
    """The axes that s, a sum in its place, was summed over."""
    return s.owner.inputs[0].owner.op.axis  # type: ignore[union-attr, no-any-return]


def _rows(total: Variable, s: Variable) -> Variable:
    return call("dimshuffle", total, s.owner.op.new_order)  # type: ignore[union-attr, no-any-return]
