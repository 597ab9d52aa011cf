"""Patterns: graphs over pattern variables, matched against nodes (floor C).

A pattern is written like an expression, `log(1 + a)`, can be printed and drawn, and serves on both sides of a rule:
matched on the left, built on the right through the public functions of the same names.

Read next: `rule`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .graph import Apply, Constant, Variable
from .op import call

Bindings = dict[str, Variable]

#: Operations whose two operands may stand in either order.
COMMUTATIVE = frozenset(("add", "mul", "maximum", "minimum", "eq", "neq", "and", "or", "xor"))

_INFIX = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "true_div": "/",
    "pow": "**",
    "lt": "<",
    "gt": ">",
    "le": "<=",
    "ge": ">=",
}


class Pattern:
    """Base of pattern parts; operators build bigger patterns."""

    def __add__(self, other: Any) -> "Head":
        return Head("add", self, other)

    def __radd__(self, other: Any) -> "Head":
        return Head("add", other, self)

    def __sub__(self, other: Any) -> "Head":
        return Head("sub", self, other)

    def __rsub__(self, other: Any) -> "Head":
        return Head("sub", other, self)

    def __mul__(self, other: Any) -> "Head":
        return Head("mul", self, other)

    def __rmul__(self, other: Any) -> "Head":
        return Head("mul", other, self)

    def __truediv__(self, other: Any) -> "Head":
        return Head("true_div", self, other)

    def __rtruediv__(self, other: Any) -> "Head":
        return Head("true_div", other, self)

    def __pow__(self, other: Any) -> "Head":
        return Head("pow", self, other)

    def __neg__(self) -> "Head":
        return Head("neg", self)


class Any_(Pattern):
    """A pattern variable: matches anything; the same one matches the same thing everywhere.

    With `constant=True` it matches constants only.
    """

    def __init__(self, name: str, constant: bool = False) -> None:
        self.name = name
        self.constant = constant

    def __str__(self) -> str:
        return self.name

    __repr__ = __str__


class Number(Pattern):
    """Matches a constant all of whose elements are this number."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __str__(self) -> str:
        return repr(self.value)

    __repr__ = __str__


class Head(Pattern):
    """An operation applied to patterns."""

    def __init__(self, name: str, *operands: Any) -> None:
        self.name = name
        self.operands = tuple(x if isinstance(x, Pattern) else Number(x) for x in operands)

    def __str__(self) -> str:
        if self.name in _INFIX and len(self.operands) == 2:
            return f"({f' {_INFIX[self.name]} '.join(map(str, self.operands))})"
        if self.name == "neg":
            return f"(-{self.operands[0]})"
        return f"{self.name}({', '.join(map(str, self.operands))})"

    __repr__ = __str__


def head(name: str) -> Any:
    """A function that builds patterns of the operation `name`.

    Example:
        >>> log, a = head("log"), Any_("a")
        >>> log(1 + a)
        log((1 + a))
    """

    def build(*operands: Any) -> Head:
        return Head(name, *operands)

    build.__name__ = name
    return build


def uniform_value(variable: Variable) -> Any:
    """The NumPy scalar that all elements of a constant equal, or None where there is none."""
    if not isinstance(variable, Constant):
        return None
    data = variable.data
    if not isinstance(data, np.ndarray) or data.size == 0:
        return None
    first = data.reshape(-1)[0]
    if data.size == 1 or bool((data == first).all()):
        return first
    return None


def _hides_cast(operand: Pattern, actual: Variable, outer: Apply) -> bool:
    """Whether an operation inside a pattern has another element type than the one around it, so that a conversion lies
    between the two: what holds for numbers need not hold then (an int8 wraps before it becomes an int64). Truth values,
    and conditions of `switch`, are of their own type by nature."""
    if not isinstance(operand, Head) or outer.op.name == "switch":
        return False
    inside, around = (getattr(x.type, "dtype", None) for x in (actual, outer.outputs[0]))
    return inside != around and around != "bool"


def match(pattern: Pattern, variable: Variable, bindings: Bindings) -> Iterator[Bindings]:
    """All ways to match `pattern` at `variable`, as bindings of the pattern variables.

    An operation inside a pattern matches only where its element type is that of the operation around it.
    """
    if isinstance(pattern, Any_):
        bound = bindings.get(pattern.name)
        if bound is None:
            if not pattern.constant or isinstance(variable, Constant):
                yield {**bindings, pattern.name: variable}
        elif bound is variable:
            yield bindings
        return
    if isinstance(pattern, Number):
        value = uniform_value(variable)
        if value is not None and value == pattern.value:
            yield bindings
        return
    assert isinstance(pattern, Head)
    node = variable.owner
    if node is None or node.op.name != pattern.name or len(node.inputs) != len(pattern.operands):
        return
    if len(node.inputs) == 1:
        if not _hides_cast(pattern.operands[0], node.inputs[0], node):
            yield from match(pattern.operands[0], node.inputs[0], bindings)
        return
    orders = [node.inputs]
    if len(node.inputs) == 2 and pattern.name in COMMUTATIVE:
        orders.append(node.inputs[::-1])
    for order in orders:
        partial = [bindings]
        for operand, actual in zip(pattern.operands, order):
            if _hides_cast(operand, actual, node):
                partial = []
            partial = [new for old in partial for new in match(operand, actual, old)]
            if not partial:
                break
        yield from partial


def mismatch(pattern: Pattern, variable: Variable) -> str:
    """Why `pattern` does not match at `variable`, as a sentence; empty where it does."""
    if any(True for _ in match(pattern, variable, {})):
        return ""
    if isinstance(pattern, Head):
        node = variable.owner
        if node is None:
            return f"{variable} is a leaf, the pattern wants {pattern}"
        if node.op.name != pattern.name:
            return f"{variable} is made by {node.op.name}, the pattern wants {pattern.name} in {pattern}"
        if len(node.inputs) != len(pattern.operands):
            return f"{node.op.name} has {len(node.inputs)} operands here, the pattern wants {len(pattern.operands)}"
        orders = [node.inputs]
        if len(node.inputs) == 2 and pattern.name in COMMUTATIVE:
            orders.append(node.inputs[::-1])
        reasons = [
            [reason for operand, actual in zip(pattern.operands, order) if (reason := mismatch(operand, actual))]
            for order in orders
        ]
        best = min(reasons, key=len)
        if not best and any(_hides_cast(p, x, node) for order in orders for p, x in zip(pattern.operands, order)):
            return f"operands of {node.op.name} have another element type than its result {node.outputs[0].type.dtype}"
        return best[0] if best else f"a pattern variable of {pattern} would have to be two different things"
    if isinstance(pattern, Number):
        return f"{variable} is not the constant {pattern}"
    return f"{variable} is not a constant"


def build(pattern: Pattern, bindings: Bindings) -> Variable:
    """The expression `pattern` stands for, with the pattern variables replaced by what they are bound to."""
    result: Variable
    if isinstance(pattern, Any_):
        return bindings[pattern.name]
    if isinstance(pattern, Number):
        result = call("constant", pattern.value)
        return result
    assert isinstance(pattern, Head)
    result = call(pattern.name, *[build(operand, bindings) for operand in pattern.operands])
    return result


def variables(pattern: Pattern) -> list[str]:
    """Names of the pattern variables, in order of appearance."""
    if isinstance(pattern, Any_):
        return [pattern.name]
    if isinstance(pattern, Head):
        found: dict[str, None] = {}
        for operand in pattern.operands:
            found.update(dict.fromkeys(variables(operand)))
        return list(found)
    return []
