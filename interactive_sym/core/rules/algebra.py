"""Sums of terms and products of factors: what the canonical rules compute with (floor D).

A tree of `add`, `sub` and `neg` is a list of terms, each a coefficient times a variable; a tree of `mul`, `true_div`,
`inv`, `sqr`, ... is a list of factors, each a variable to a power. Trees are followed to a bounded size only, so that
rewriting stays linear in the size of a graph.

Read next: `canonical`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ..graph import Constant, Variable
from ..op import call
from ..types import COMPLEXES, CONTINUOUS, FLOATS, TensorType

#: Operations of a tree that are followed; what lies further away counts as one term or factor.
LIMIT = 16


def dtype_of(variable: Variable) -> str:
    """The element type of a tensor; empty for other types."""
    return variable.type.dtype if isinstance(variable.type, TensorType) else ""


def is_float(variable: Variable) -> bool:
    """Whether the elements are float32 or float64."""
    return dtype_of(variable) in FLOATS


def is_real(variable: Variable) -> bool:
    """Whether it is a tensor of anything but complex numbers."""
    return dtype_of(variable) not in ("", *COMPLEXES)


def number(value: Any, dtype: str) -> Variable:
    """A 0-d constant of a given element type; integers wrap."""
    if dtype not in CONTINUOUS and dtype != "bool":
        bits = np.dtype(dtype).itemsize * 8
        wrapped = int(value) % (1 << bits)
        if np.dtype(dtype).kind == "i" and wrapped >= 1 << (bits - 1):
            wrapped -= 1 << bits
        value = wrapped
    result: Variable = call("constant", np.asarray(value, dtype=dtype))
    return result


def scalar_value(variable: Variable) -> Any:
    """The Python number a constant is, where it is finite and holds one element; else None."""
    if not isinstance(variable, Constant) or not isinstance(variable.type, TensorType) or variable.data.size != 1:
        return None
    value = variable.data.reshape(-1)[0].item()
    return value if np.isfinite(value) else None


def op_name(variable: Variable) -> str:
    """The name of the operation that makes the variable; empty for leaves."""
    return variable.owner.op.name if variable.owner is not None else ""


def inputs_of(variable: Variable, *names: str) -> tuple[Variable, ...]:
    """The inputs of the node behind `variable` where its operation is one of `names`; else nothing."""
    node = variable.owner
    return node.inputs if node is not None and node.op.name in names else ()


# -- sums ------------------------------------------------------------------------------------------------------------


@dataclass
class Sum:
    """A sum: coefficients by term, a constant; operations of the tree it came from, and terms met there again."""

    dtype: str
    terms: dict[Variable, Any] = field(default_factory=dict)
    constant: Any = 0
    operations: int = 0
    repeated: int = 0

    @property
    def cost(self) -> int:
        """How many operations it takes to compute it as `build` writes it."""
        operands = [c for c in self.terms.values() if c != 0]
        total = len(operands) + (self.constant != 0)
        if total == 0:
            return 0
        products = sum(abs(c) != 1 for c in operands)
        positive = self.constant > 0 or any(c > 0 for c in operands)
        lone = total == 1 and products == 1
        return int(total - 1 + products + (0 if positive or lone or not operands else 1))

    def build(self) -> Variable:
        """The sum as an expression: positive terms first, then what is subtracted, the constant last."""
        pieces = [(c, x) for x, c in self.terms.items() if c != 0]
        if len(pieces) == 1 and self.constant == 0 and abs(pieces[0][0]) != 1:
            coefficient, only = pieces[0]
            return _times(number(coefficient, self.dtype), only)
        positive = [_scaled(c, x, self.dtype) for c, x in pieces if c > 0]
        negative = [_scaled(-c, x, self.dtype) for c, x in pieces if c < 0]
        if self.constant > 0:
            positive.append(number(self.constant, self.dtype))
        elif self.constant < 0 and (positive or negative):
            negative.append(number(-self.constant, self.dtype))
        elif self.constant < 0 or not (positive or negative):
            return number(self.constant, self.dtype)
        if not positive:
            total = negative[0]
            for term in negative[1:]:
                total = call("add", total, term)
            negated: Variable = call("neg", total)
            return negated
        total = positive[0]
        for term in positive[1:]:
            total = call("add", total, term)
        for term in negative:
            total = call("sub", total, term)
        return total


def _scaled(coefficient: Any, variable: Variable, dtype: str) -> Variable:
    return variable if coefficient == 1 else _times(number(coefficient, dtype), variable)


def _times(coefficient: Variable, variable: Variable) -> Variable:
    result: Variable = call("mul", coefficient, variable)
    return result


_sums: WeakKeyDictionary[Variable, Sum] = WeakKeyDictionary()
_products: "WeakKeyDictionary[Variable, Product]" = WeakKeyDictionary()


def clear() -> None:
    """Forget the sums and products of trees, which are kept as long as the trees live."""
    _sums.clear()
    _products.clear()


def collect_sum(root: Variable) -> Sum:
    """The terms of the tree of `add`, `sub`, `neg` and constant multiples that ends in `root`; not to be changed."""
    known = _sums.get(root)
    if known is not None:
        return known
    dtype = dtype_of(root)
    found = Sum(dtype)
    terms = found.terms
    budget = LIMIT
    stack: list[tuple[Variable, Any]] = [(root, 1)]
    while stack:
        variable, coefficient = stack.pop()
        node = variable.owner
        if node is not None and budget and variable.type.dtype == dtype:
            name, inputs = node.op.name, node.inputs
            if name == "add":
                budget -= 1
                found.operations += len(inputs) - 1
                stack.extend((x, coefficient) for x in reversed(inputs))
                continue
            if name == "sub":
                budget -= 1
                found.operations += 1
                stack += [(inputs[1], -coefficient), (inputs[0], coefficient)]
                continue
            if name == "neg":
                budget -= 1
                found.operations += 1
                stack.append((inputs[0], -coefficient))
                continue
            if name == "mul" and len(inputs) == 2:
                for factor, rest in (inputs, inputs[::-1]):
                    value = scalar_value(factor)
                    if value is not None and value != 0 and len(factor.type.shape) <= len(rest.type.shape):
                        found.operations += 1
                        variable, coefficient = rest, coefficient * value
                        break
        else:
            value = scalar_value(variable)
            if value is not None and len(variable.type.shape) == 0:
                found.constant += coefficient * value
                continue
        found.repeated += variable in terms
        terms[variable] = terms.get(variable, 0) + coefficient
    if root not in terms:
        _sums[root] = found
    return found


def worth(root: Variable, tree: "Sum | Product") -> bool:
    """Whether a tree is smaller when written anew from its terms or factors.

    Parts of it may be used elsewhere and stay. So where nothing is met twice and only constants or signs come together,
    these must be near the root.
    """
    if tree.cost >= tree.operations:
        return False
    if tree.repeated or tree.operations <= 3:
        return True
    near = 0
    for x in root.owner.inputs if root.owner is not None else ():
        near += scalar_value(x) is not None
        if x.owner is not None and x.owner.op.name in ("add", "sub", "mul", "true_div"):
            near += any(scalar_value(y) is not None for y in x.owner.inputs)
    return near >= 2


def opposite(left: Variable, right: Variable) -> bool:
    """Whether one is written as the negative of the other (`a - b` and `b - a`, `x` and `-x`, ...)."""
    if inputs_of(left, "neg") == (right,) or inputs_of(right, "neg") == (left,):
        return True
    a, b = collect_sum(left), collect_sum(right)
    if a.dtype != b.dtype or a.constant != -b.constant:
        return False
    return {x: c for x, c in a.terms.items() if c != 0} == {x: -c for x, c in b.terms.items() if c != 0}


def negative(variable: Variable) -> Variable:
    """`-variable`, written in the shortest way."""
    if op_name(variable) in ("neg", "add", "sub", "mul"):
        total = collect_sum(variable)
        flipped = Sum(total.dtype, {x: -c for x, c in total.terms.items()}, -total.constant)
        if flipped.cost <= total.operations:
            return flipped.build()
    value = scalar_value(variable)
    if value is not None and len(variable.type.shape) == 0:
        return number(-value, dtype_of(variable))
    result: Variable = call("neg", variable)
    return result


# -- products --------------------------------------------------------------------------------------------------------


@dataclass
class Product:
    """A product: powers by factor, a coefficient; operations of the tree it came from, and factors met there again."""

    dtype: str
    powers: dict[Variable, Any] = field(default_factory=dict)
    coefficient: Any = 1
    operations: int = 0
    repeated: int = 0
    divided: bool = False

    def copy(self) -> "Product":
        return replace(self, powers=dict(self.powers))

    @property
    def cost(self) -> int:
        """How many operations it takes to compute it as `build` writes it; a general power counts as three."""
        upper = [p for p in self.powers.values() if p > 0]
        lower = [-p for p in self.powers.values() if p < 0]
        total = sum(map(_power_cost, upper)) + sum(map(_power_cost, lower))
        total += max(len(upper) - 1, 0) + len(lower)
        return total + (self.coefficient != 1 and bool(upper))

    def times(self, other: "Product", power: int = 1) -> "Product":
        """The product of the two, the other to a power."""
        powers = dict(self.powers)
        for x, p in other.powers.items():
            powers[x] = powers.get(x, 0) + p * power
        return Product(self.dtype, powers, self.coefficient * other.coefficient**power, divided=True)

    def build(self) -> Variable:
        """The product as an expression: `coefficient * factors / factors`."""
        upper = [_power(x, p) for x, p in self.powers.items() if p > 0]
        lower = [_power(x, -p) for x, p in self.powers.items() if p < 0]
        result = _multiplied(upper) if upper else None
        coefficient = self.coefficient
        if coefficient not in (1, -1) and result is not None:
            result = call("mul", number(coefficient, self.dtype), result)
        if lower:
            top = result if result is not None else number(coefficient, self.dtype)
            result = call("true_div", top, _multiplied(lower))
        elif result is None:
            result = number(coefficient, self.dtype)
        if coefficient == -1 and upper:
            result = call("neg", result)
        return result


def _power_cost(power: Any) -> int:
    return {1: 0, 2: 1, 0.5: 1}.get(power, 3)


def _power(variable: Variable, power: Any) -> Variable:
    result: Variable
    if power == 1:
        return variable
    if power == 2:
        result = call("sqr", variable)
    elif power == 0.5:
        result = call("sqrt", variable)
    else:
        dtype = dtype_of(variable)
        result = call("pow", variable, number(power, dtype if dtype in FLOATS else "int8"))
    return result


def _multiplied(factors: Sequence[Variable]) -> Variable:
    result = factors[0]
    for factor in factors[1:]:
        result = call("mul", result, factor)
    return result


def _scale(coefficient: Any, value: Any, power: Any, continuous: bool) -> Any:
    """`coefficient * value ** power`, or None where that overflows or vanishes."""
    if not continuous:
        return coefficient * value ** int(power)
    try:
        scaled = coefficient * (value if isinstance(value, complex) else float(value)) ** power
    except OverflowError:
        return None
    return scaled if np.isfinite(scaled) and scaled != 0 else None


def collect_product(root: Variable) -> Product:
    """The factors of the tree of `mul`, `true_div`, `inv`, `neg`, roots and constant powers that ends in `root`.

    A reciprocal inside the tree counts as no operation: it is often computed once and used many times. Change only a
    copy of the result.
    """
    known = _products.get(root)
    if known is not None:
        return known
    dtype = dtype_of(root)
    found = Product(dtype)
    continuous = dtype in CONTINUOUS
    budget = LIMIT
    stack: list[tuple[Variable, Any]] = [(root, 1)]
    while stack:
        variable, power = stack.pop()
        node = variable.owner
        whole = power == int(power)
        if node is not None and whole and budget and variable.type.dtype == dtype:
            name, inputs = node.op.name, node.inputs
            if name == "mul":
                budget -= 1
                found.operations += len(inputs) - 1
                stack.extend((x, power) for x in reversed(inputs))
                continue
            if name == "neg":
                budget -= 1
                found.operations += 1
                found.coefficient *= -1 if power % 2 else 1
                stack.append((inputs[0], power))
                continue
            if continuous and name == "true_div":
                budget -= 1
                found.operations += scalar_value(inputs[0]) not in (1, -1)
                found.divided = True
                stack += [(inputs[1], -power), (inputs[0], power)]
                continue
            if continuous and name == "inv":
                budget -= 1
                found.divided = True
                stack.append((inputs[0], -power))
                continue
            exponent = _exponent(name, inputs, dtype)
            if exponent is not None:
                budget -= 1
                found.operations += _power_cost(abs(exponent))
                stack.append((inputs[0], power * exponent))
                continue
        elif whole and len(variable.type.shape) == 0:
            value = scalar_value(variable)
            if value:
                scaled = _scale(found.coefficient, value, power, continuous)
                if scaled is not None:
                    found.coefficient = scaled
                    continue
        found.repeated += variable in found.powers
        found.powers[variable] = found.powers.get(variable, 0) + power
    found.powers = {x: int(p) if p == int(p) else p for x, p in found.powers.items() if p != 0}
    if root not in found.powers:
        _products[root] = found
    return found


def _exponent(name: str, inputs: Sequence[Variable], dtype: str) -> Any:
    """The constant power that an operation raises its first operand to; None for other operations."""
    if name not in ("sqr", "sqrt", "pow") or dtype_of(inputs[0]) != dtype:
        return None
    if name == "sqr":
        return 2
    if dtype not in CONTINUOUS:
        return None
    if name == "sqrt":
        return 0.5
    exponent = scalar_value(inputs[1])
    usable = isinstance(exponent, (int, float)) and exponent != 0 and len(inputs[1].type.shape) == 0
    return exponent if usable else None
