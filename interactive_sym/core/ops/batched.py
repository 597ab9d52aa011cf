"""Products of stacks of matrices (floor B).

Read next: `extra`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..constants import as_tensor_variable
from ..errors import message
from ..graph import Apply, Variable
from ..op import Op, call, public
from ..source import here
from ..types import FLOATS, TensorType, upcast
from ..variable import TensorVariable
from .shape import sizes_of


class BatchedDot(Op):
    """The products of two stacks of matrices of one float type: `(b, m, n), (b, n, k) -> (b, m, k)`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> BatchedDot()(T.ones((2, 1, 3)), T.ones((2, 3, 1))).eval().ravel()
        array([3., 3.])
    """

    family = "linalg"
    name = "batched_dot"

    def make_node(self, x: Any, y: Any) -> Apply:
        x, y = as_tensor_variable(x), as_tensor_variable(y)
        if len(x.type.shape) != 3 or len(y.type.shape) != 3:
            raise TypeError(message(f"batched_dot takes stacks of matrices, got {x.type} and {y.type}", here()[0]))
        if x.type.dtype != y.type.dtype or x.type.dtype not in FLOATS:
            raise TypeError(
                message(f"batched_dot takes operands of one float type, got {x.type} and {y.type}", here()[0])
            )
        for left, right in ((0, 0), (2, 1)):
            mine, its = x.type.shape[left], y.type.shape[right]
            if mine is not None and its is not None and mine != its:
                raise _differ(x, y, left, right, mine, its, here()[0])
        stack = x.type.shape[0] if x.type.shape[0] is not None else y.type.shape[0]
        shape = (stack, x.type.shape[1], y.type.shape[2])
        return Apply(self, [x, y], [TensorVariable(TensorType(x.type.dtype, None, shape))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, y = inputs
        for left, right in ((0, 0), (2, 1)):
            if x.shape[left] != y.shape[right]:
                raise _differ(node.inputs[0], node.inputs[1], left, right, x.shape[left], y.shape[right], node.where)
        with np.errstate(all="ignore"):
            output_storage[0][0] = np.matmul(x, y)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        """With z = x·y for each matrix: dx = g·yᵀ, dy = xᵀ·g."""
        x, y = inputs
        g = output_grads[0]
        return [BatchedDot()(g, _transposed(y)), BatchedDot()(_transposed(x), g)]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [(input_shapes[0][0], input_shapes[0][1], input_shapes[1][2])]


def _transposed(x: Any) -> Any:
    return call("dimshuffle", x, (0, 2, 1))


def _differ(x: Any, y: Any, left: int, right: int, mine: Any, its: Any, where: Any) -> ValueError:
    return ValueError(
        message(
            f"batched_dot: axis {left} of the left operand has size {mine}, axis {right} of the right {its}",
            where,
            [(str(v)[:30], v.type.dtype, v.type.form) for v in (x, y)],
        )
    )


@public
def batched_dot(a: Any, b: Any) -> Any:
    """For each entry of the first axis the product of the matrices or vectors there.

    Args:
        a, b: tensors with a first axis of one size: `(b, m, n), (b, n, k) -> (b, m, k)`; `(b, n), (b, n, k) -> (b, k)`;
            `(b, m, n), (b, n) -> (b, m)`; `(b, n), (b, n) -> (b,)`; with `(b,)` each entry scales. With more
            dimensions the last axis of `a` is summed with the second of `b`.

    Returns:
        A tensor of the common element type.

    Raises:
        TypeError: an operand has no dimension.
        ValueError: sizes that must agree differ.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.batched_dot(T.dtensor3("a"), T.dtensor3("b")).type
        TensorType(float64, tensor3)
    """
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    left, right = len(a.type.shape), len(b.type.shape)
    if left == 0 or right == 0:
        raise TypeError(message(f"batched_dot wants at least 1 dimension, got {a.type} and {b.type}", here()[0]))
    dtype = upcast(a.type.dtype, b.type.dtype)
    a, b = call("cast", a, dtype), call("cast", b, dtype)
    if left == 1 or right == 1:
        ndim = max(left, right)
        return call("shape_padright", a, ndim - left) * call("shape_padright", b, ndim - right)
    if left > 3 or right > 3:
        return batched_tensordot(a, b, [[left - 1], [1]])
    if left == 2 and right == 2:
        return call("sum", a * b, axis=1, dtype=dtype)
    x = a if left == 3 else call("dimshuffle", a, (0, "x", 1))
    y = b if right == 3 else call("dimshuffle", b, (0, 1, "x"))
    if dtype in FLOATS:
        product = BatchedDot()(x, y)
    else:  # integers and complex numbers: the sum of products, in one loop nest
        terms = call("dimshuffle", x, (0, 1, 2, "x")) * call("dimshuffle", y, (0, "x", 1, 2))
        product = call("any", terms, axis=2) if dtype == "bool" else call("sum", terms, axis=2, dtype=dtype)
    if left == 2:
        return call("dimshuffle", product, (0, 2))
    return call("dimshuffle", product, (0, 1)) if right == 2 else product


@public
def batched_tensordot(x: Any, y: Any, axes: Any = 2) -> Any:
    """For each entry of the first axis the sum of products over pairs of the other axes.

    Args:
        x, y: tensors with a first axis of one size.
        axes: how many last axes of `x` are paired with the ones after the first of `y`; or two sequences, of axes of
            `x` and of `y`, without the first axis.

    Returns:
        A tensor of the first axis, the other axes of `x`, then those of `y`.

    Raises:
        ValueError: the axes don't pair up, or their sizes differ.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.batched_tensordot(T.dtensor4("a"), T.dtensor3("b"), [[3, 1], [1, 2]]).type
        TensorType(float64, matrix)
    """
    x, y = as_tensor_variable(x), as_tensor_variable(y)
    left, right = len(x.type.shape), len(y.type.shape)
    pairs: tuple[list[int], list[int]]
    if isinstance(axes, (int, np.integer)):
        pairs = list(range(left - int(axes), left)), list(range(1, int(axes) + 1))
    else:
        first, second = ([entry] if isinstance(entry, int) else list(entry) for entry in axes)
        pairs = [k + left * (k < 0) for k in first], [k + right * (k < 0) for k in second]
    if len(pairs[0]) != len(pairs[1]) or min(left, right) < 1:
        raise ValueError(message(f"batched_tensordot: axes {axes} do not pair up", here()[0]))
    for mine, ndim in zip(pairs, (left, right), strict=True):
        if any(not 0 < k < ndim for k in mine) or len(set(mine)) != len(mine):
            raise ValueError(
                message(f"batched_tensordot: axes {axes} of tensors of {left} and {right} dimensions", here()[0])
            )
    free = [k for k in range(1, left) if k not in pairs[0]], [k for k in range(1, right) if k not in pairs[1]]
    sizes = sizes_of(x), sizes_of(y)

    def stacked(v: Any, its: list[Any], rows: list[int], columns: list[int]) -> Any:
        shape = [its[0], _product([its[k] for k in rows]), _product([its[k] for k in columns])]
        return call("reshape", call("dimshuffle", v, [0, *rows, *columns]), shape)

    product = batched_dot(stacked(x, sizes[0], free[0], pairs[0]), stacked(y, sizes[1], pairs[1], free[1]))
    out = [sizes[0][0], *[sizes[0][k] for k in free[0]], *[sizes[1][k] for k in free[1]]]
    return call("reshape", product, out)


def _product(sizes: list[Any]) -> Any:
    return 1 if not sizes else sizes[0] if len(sizes) == 1 else call("mul", *sizes)
