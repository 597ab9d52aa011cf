"""Branches of which only one is computed (floor B).

`IfElse` is what a user writes: it hands on one of two groups of values, and whoever runs it computes only the group it
takes. `Branches` is the same with the work of each branch inside, as inner graphs: the pass "loops" makes it, and the C
back end writes it as an `if` with two blocks.

Read next: `scan`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..constants import as_tensor_variable, constant
from ..errors import message
from ..graph import Apply, Variable
from ..op import Gradient, Op, call, public
from ..source import here
from ..types import TensorType, upcast
from .body import Body


class IfElse(Op):
    """The first group of values where a condition holds, else the second; the other group is not computed.

    Inputs are the condition, a scalar, and the values of the two groups.

    Args:
        count: how many values a group has.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dscalar("x")
        >>> float(IfElse()(x > 0, x, -x).eval({x: -2.0}))
        2.0
    """

    __props__ = ("count",)
    family = "control"
    name = "ifelse"

    def __init__(self, count: int = 1) -> None:
        self.count = count

    def __str__(self) -> str:
        return "ifelse" if self.count == 1 else f"ifelse{{{self.count}}}"

    def make_node(self, condition: Any, *values: Any) -> Apply:
        if len(values) != 2 * self.count:
            raise ValueError(f"ifelse wants {2 * self.count} values, got {len(values)}")
        condition = _condition(condition)
        pairs = [_alike(a, b) for a, b in zip(values[: self.count], values[self.count :])]
        outputs = [_joint_type(a.type, b.type).make_variable() for a, b in pairs]
        return Apply(self, [condition, *(a for a, _ in pairs), *(b for _, b in pairs)], outputs)

    def wanted(self, node: Apply, table: Mapping[Variable, Any]) -> Sequence[Variable]:
        """The inputs it needs, as far as is known: first the condition, then one group."""
        condition, *values = node.inputs
        if condition not in table:
            return [condition]
        return [condition, *(values[: self.count] if bool(table[condition]) else values[self.count :])]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        condition, *values = inputs
        taken = values[: self.count] if bool(condition) else values[self.count :]
        for cell, value in zip(output_storage, taken):
            cell[0] = value

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Gradient]:
        """The group taken gets the cotangents, the other one zeros; chosen lazily too."""
        condition, *values = inputs
        zeros = [
            _zeros(x, g.type.dtype) if isinstance(x.type, TensorType) else x
            for x, g in zip(values, [*output_grads, *output_grads])
        ]
        first = self.make_node(condition, *output_grads, *zeros[: self.count]).outputs
        second = self.make_node(condition, *zeros[self.count :], *output_grads).outputs
        return [None, *first, *second]

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Variable | None]) -> Sequence[Variable | None]:
        """The branch taken along its own directions."""
        condition, *values = inputs
        points = [
            call("zeros_like", x) if point is None and isinstance(x.type, TensorType) else point
            for x, point in zip(values, eval_points[1:])
        ]
        return list(self.make_node(condition, *points).outputs)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        rows = [[k % self.count == j for j in range(self.count)] for k in range(2 * self.count)]
        return [[False] * self.count, *rows]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        condition = node.inputs[0]
        result: list[Any] = []
        for first, second in zip(input_shapes[1 : 1 + self.count], input_shapes[1 + self.count :]):
            sizes = []
            for a, b in zip(first, second):
                same = a is b or (not isinstance(a, Variable) and not isinstance(b, Variable) and a == b)
                sizes.append(a if same else call("switch", condition, _size(a), _size(b)))
            result.append(tuple(sizes))
        return result


class Branches(Op):
    """One of two inner graphs, chosen by a condition.

    Inputs are the condition, then the inputs of the first graph, then those of the second.

    Args:
        then: computed where the condition is not 0.
        otherwise: computed where it is 0; outputs of the same types.

    Attributes:
        traces: records of how the graphs were rewritten, where they were.
    """

    __props__ = ("otherwise", "then")
    family = "control"
    name = "branches"
    traces: tuple[Any, ...] = ()

    def __init__(self, then: Body, otherwise: Body) -> None:
        self.then = then
        self.otherwise = otherwise

    def __str__(self) -> str:
        return "branches"

    @property
    def inner_inputs(self) -> tuple[Variable, ...]:
        return (*self.then.inputs, *self.otherwise.inputs)

    @property
    def inner_outputs(self) -> tuple[Variable, ...]:
        return (*self.then.outputs, *self.otherwise.outputs)

    def make_node(self, condition: Any, *values: Any) -> Apply:
        wanted = self.inner_inputs
        if len(values) != len(wanted):
            raise ValueError(f"branches want {len(wanted)} values, got {len(values)}")
        types = [_joint_type(a.type, b.type) for a, b in zip(self.then.outputs, self.otherwise.outputs)]
        return Apply(self, [_condition(condition), *values], [type_.make_variable() for type_ in types])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        condition, *values = inputs
        count = len(self.then.inputs)
        results = self.then(values[:count]) if bool(condition) else self.otherwise(values[count:])
        for cell, value in zip(output_storage, results):
            cell[0] = value


def _zeros(x: Any, dtype: str) -> Any:
    """Zeros in the shape of `x`, whose value is not asked for where its sizes are known."""
    if None in x.type.shape:
        return call("zeros_like", x, dtype)
    return constant(np.zeros(x.type.shape, dtype))


def _size(size: Any) -> Any:
    return call("cast", as_tensor_variable(size), "int64")


def _condition(condition: Any) -> Any:
    if isinstance(condition, (bool, np.bool_)):
        condition = np.asarray(condition)
    condition = as_tensor_variable(condition)
    if len(condition.type.shape) != 0:
        raise TypeError(
            message(
                f"the condition must be a scalar, it has {len(condition.type.shape)} dimensions",
                here()[0],
                operands=[(str(condition)[:40], condition.type.dtype, condition.type.form)],
                cure="T.switch(condition, a, b) chooses element by element; condition.all() is one scalar",
            )
        )
    return condition


def _joint_type(a: Any, b: Any) -> Any:
    """The type of what may be of either type; they differ in known sizes only."""
    if a == b or not isinstance(a, TensorType):
        return a
    return TensorType(a.dtype, shape=[m if m == n else None for m, n in zip(a.shape, b.shape)])


def _alike(a: Any, b: Any) -> tuple[Any, Any]:
    """Both values as variables of one element type and number of dimensions."""
    a, b = (x if isinstance(x, Variable) else as_tensor_variable(x) for x in (a, b))
    if not isinstance(a.type, TensorType) or not isinstance(b.type, TensorType):
        if a.type != b.type:
            raise _differ(a, b, "are of different types")
        return a, b
    if len(a.type.shape) != len(b.type.shape):
        raise _differ(a, b, "differ in their number of dimensions")
    dtype = upcast(a.type.dtype, b.type.dtype)
    if dtype not in (a.type.dtype, b.type.dtype):
        raise _differ(a, b, "differ in their element type")
    return call("cast", a, dtype), call("cast", b, dtype)


def _differ(a: Any, b: Any, how: str) -> TypeError:
    rows = [
        (
            which,
            str(x)[:30],
            str(x.type),
            x.owner.where.label if x.owner is not None else "",
        )
        for which, x in (("then", a), ("else", b))
    ]
    wide = getattr(a.type, "dtype", "float64")
    return TypeError(
        message(
            f"ifelse: the values of the two branches {how}",
            here()[0],
            rows,
            cure=f"give both the same type, as with T.cast(value, '{wide}')",
        )
    )


@public
def ifelse(condition: Any, then_branch: Any, else_branch: Any, name: str | None = None) -> Any:
    """One of two values, of which only the one needed is computed.

    `T.switch` computes both and chooses element by element; `ifelse` looks at one scalar and computes one branch.

    Args:
        condition: a scalar; anything but 0 holds.
        then_branch: a value, or a list or tuple of them.
        else_branch: as many values, of the same types (known sizes may differ).
        name: a name for the result.

    Returns:
        A variable, or a list of them where lists were given (of one value: that value).

    Raises:
        TypeError: the condition is not a scalar, or the two sides differ in element type or dimensions.
        ValueError: the two sides have different numbers of values.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import function
        >>> from interactive_sym.ifelse import ifelse
        >>> a, b = T.dscalars("a", "b")
        >>> smaller = function([a, b], ifelse(a < b, a, b))
        >>> float(smaller(3.0, 2.0))
        2.0
    """
    first = list(then_branch) if isinstance(then_branch, (list, tuple)) else [then_branch]
    second = list(else_branch) if isinstance(else_branch, (list, tuple)) else [else_branch]
    if len(first) != len(second):
        raise ValueError(
            message(
                f"ifelse: {len(first)} values where the condition holds, {len(second)} where it does not", here()[0]
            )
        )
    outputs = IfElse(len(first)).make_node(condition, *first, *second).outputs
    if name is not None:
        for position, output in enumerate(outputs):
            output.name = name if len(outputs) == 1 else f"{name}{position}"
    return outputs[0] if len(outputs) == 1 else list(outputs)


__all__ = ["Branches", "IfElse", "ifelse"]
