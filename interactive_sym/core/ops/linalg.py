"""Products of vectors and matrices (floor B).

Read next: `interactive_sym.tensor`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..constants import as_tensor_variable
from ..errors import message
from ..graph import Apply, Variable
from ..op import Op, call, public
from ..source import here
from ..types import TensorType, upcast
from ..variable import TensorVariable
from .shape import sizes_of


class Dot(Op):
    """The product of vectors and matrices of one element type.

    Example:
        >>> import interactive_sym.tensor as T
        >>> Dot()(T.ones((2, 3)), T.ones(3)).eval()
        array([3., 3.])
    """

    family = "linalg"
    name = "dot"

    def make_node(self, x: Any, y: Any) -> Apply:
        x, y = as_tensor_variable(x), as_tensor_variable(y)
        if len(x.type.shape) not in (1, 2) or len(y.type.shape) not in (1, 2):
            raise TypeError(message(f"dot takes vectors and matrices, got {x.type} and {y.type}", here()[0]))
        if x.type.dtype != y.type.dtype:
            raise TypeError(message(f"dot takes operands of one element type, got {x.type} and {y.type}", here()[0]))
        inner, outer = x.type.shape[-1], y.type.shape[0]
        if inner is not None and outer is not None and inner != outer:
            raise _mismatch(x, y, x.type.shape, y.type.shape, here()[0])
        return Apply(
            self, [x, y], [TensorVariable(TensorType(x.type.dtype, None, x.type.shape[:-1] + y.type.shape[1:]))]
        )

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, y = inputs
        if x.shape[-1] != y.shape[0]:
            left, right = node.inputs
            raise _mismatch(left, right, x.shape, y.shape, node.where)
        with np.errstate(all="ignore"):
            output_storage[0][0] = np.asarray(np.dot(x, y), dtype=x.dtype)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        """With z = x·y: dx = g·yᵀ, dy = xᵀ·g."""
        x, y = inputs
        g: Any = output_grads[0]
        dims = len(x.type.shape), len(y.type.shape)
        if dims == (1, 1):
            return [g * y, g * x]
        if dims == (2, 1):
            return [_outer(g, y), call("dot", _T(x), g)]
        if dims == (1, 2):
            return [call("dot", y, g), _outer(x, g)]
        return [call("dot", g, _T(y)), call("dot", _T(x), g)]

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Variable | None]) -> Sequence[Variable | None]:
        """The rule of products: dz = dx·y + x·dy."""
        (x, y), (dx, dy) = inputs, eval_points
        parts = ([call("dot", dx, y)] if dx is not None else []) + ([call("dot", x, dy)] if dy is not None else [])
        return [call("add", *parts) if len(parts) == 2 else parts[0]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(input_shapes[0][:-1]) + tuple(input_shapes[1][1:])]


def _T(x: Any) -> Any:
    return call("transpose", x)


def _outer(x: Any, y: Any) -> Any:
    """x yᵀ, elementwise, so that it fuses with what uses it."""
    return call("dimshuffle", x, (0, "x")) * call("dimshuffle", y, ("x", 0))


def _mismatch(x: Any, y: Any, left: Sequence[int | None], right: Sequence[int | None], where: Any) -> ValueError:
    """The error for operands of shapes `left` and `right`, of which the inner sizes differ."""

    def part(shape: Sequence[int | None], word: str) -> str:
        return "elements" if len(shape) == 1 else word

    names = [str(v)[:30] if v.name else word for v, word in ((x, "the left operand"), (y, "the right operand"))]
    if left[-1] == right[-1] and len(right) == 2:
        cure = f"T.dot({str(x)[:20]}, {str(y)[:20]}.T)"
    elif left[0] == right[0] and len(left) == 2:
        cure = f"T.dot({str(x)[:20]}.T, {str(y)[:20]})"
    else:
        cure = "the left operand must have as many columns as the right one has rows"
    return ValueError(
        message(
            f"dot: {names[0]} has {left[-1]} {part(left, 'columns')}, {names[1]} has {right[0]} {part(right, 'rows')}",
            where,
            operands=[
                (
                    str(v)[:30],
                    v.type.dtype,
                    str(tuple("?" if n is None else n for n in shape)).replace("'", ""),
                    made(v),
                )
                for v, shape in ((x, left), (y, right))
            ],
            cure=cure,
        )
    )


def made(variable: Any) -> str:
    """Where a variable comes from, in a few words for a table of operands."""
    where = getattr(variable, "where", None) or getattr(variable.owner, "where", None)
    return f"made at {where.label}" if where is not None else "input" if variable.owner is None else ""


@public
def dot(a: Any, b: Any) -> Any:
    """The product of scalars, vectors and matrices.

    Args:
        a, b: tensors. Vectors `(n,), (n,) -> ()`; matrices `(m, n), (n, k) -> (m, k)`; `(m, n), (n,) -> (m,)`;
            `(n,), (n, k) -> (k,)`; with a scalar the elementwise product. With more dimensions: over the last axis of
            `a` and the last but one of `b`. Either may be a sparse matrix; the product is dense.

    Returns:
        A tensor of the common element type.

    Raises:
        ValueError: the sizes that must agree differ (at once where known, else when called).

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.dot(T.dmatrix("x"), T.dvector("w")).type
        TensorType(float64, vector)
    """
    if any(hasattr(z, "tocsr") or hasattr(getattr(z, "type", None), "format") for z in (a, b)):
        return call("sparse_dot", a, b)
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    left, right = len(a.type.shape), len(b.type.shape)
    if left == 0 or right == 0:
        return a * b
    if left > 2 or right > 2:
        return tensordot(a, b, [[left - 1], [max(0, right - 2)]])
    dtype = upcast(a.type.dtype, b.type.dtype)
    return Dot()(call("cast", a, dtype), call("cast", b, dtype))


@public
def outer(x: Any, y: Any) -> Any:
    """The outer product of two tensors, flattened: `(n,), (m,) -> (n, m)`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.outer(T.dvector("x"), T.dvector("y")).type
        TensorType(float64, matrix)
    """
    x, y = call("flatten", as_tensor_variable(x)), call("flatten", as_tensor_variable(y))
    return _outer(x, y)


@public
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The sum of products over pairs of axes.

    Args:
        a, b: tensors.
        axes: how many last axes of `a` are paired with first ones of `b`; or two sequences, of axes of `a` and of `b`.

    Returns:
        A tensor of the other axes of `a`, then those of `b`.

    Raises:
        ValueError: the axes don't pair up, or their sizes differ.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.tensordot(T.dtensor3("a"), T.dtensor3("b"), [[2, 1], [0, 1]]).type
        TensorType(float64, matrix)
    """
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    left, right = len(a.type.shape), len(b.type.shape)
    if isinstance(axes, (int, np.integer)):
        if not 0 <= axes <= min(left, right):
            raise ValueError(message(f"tensordot: {axes} axes of tensors of {left} and {right} dimensions", here()[0]))
        pairs = list(range(left - int(axes), left)), list(range(int(axes)))
    else:
        first, second = ([entry] if isinstance(entry, int) else list(entry) for entry in axes)
        pairs = [k % left for k in first], [k % right for k in second]
        if (
            len(first) != len(second)
            or any(not -left <= k < left for k in first)
            or any(not -right <= k < right for k in second)
        ):
            raise ValueError(message(f"tensordot: axes {axes} of tensors of {left} and {right} dimensions", here()[0]))
    free = [k for k in range(left) if k not in pairs[0]], [k for k in range(right) if k not in pairs[1]]
    sizes = sizes_of(a), sizes_of(b)
    inner = [sizes[0][k] for k in pairs[0]]
    matrix_a = _matrix(call("dimshuffle", a, free[0] + pairs[0]), [sizes[0][k] for k in free[0]], inner)
    inner = [sizes[1][k] for k in pairs[1]]
    matrix_b = _matrix(call("dimshuffle", b, pairs[1] + free[1]), inner, [sizes[1][k] for k in free[1]])
    out_sizes = [sizes[0][k] for k in free[0]] + [sizes[1][k] for k in free[1]]
    return call("reshape", dot(matrix_a, matrix_b), out_sizes)


def _matrix(x: Any, rows: list[Any], columns: list[Any]) -> Any:
    def product(sizes: list[Any]) -> Any:
        return 1 if not sizes else sizes[0] if len(sizes) == 1 else call("mul", *sizes)

    return call("reshape", x, [product(rows), product(columns)])
