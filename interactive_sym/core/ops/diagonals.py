"""Diagonals of matrices: taken, made, summed and filled (floor B).

Read next: `positions`.
"""

from typing import Any

from ..constants import as_tensor_variable, constant
from ..errors import message
from ..op import call, public
from ..source import here
from .advanced import AdvancedIncSubtensor, AdvancedSubtensor
from .shape import as_size, known_size, normalize_axis, row_of, size_of, sizes_of, worked_out


def _diagonal_positions(rows: Any, columns: Any, offset: int) -> tuple[Any, Any]:
    """Rows and columns of the elements of a diagonal."""
    length = worked_out("minimum", worked_out("add", rows, min(offset, 0)), worked_out("sub", columns, max(offset, 0)))
    along = call("arange", worked_out("maximum", length, 0))
    return along + max(-offset, 0) if offset < 0 else along, along + offset if offset > 0 else along


@public
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements of a diagonal of two axes, as a last axis: `y[..., k] = a[k, k + offset, ...]`.

    Args:
        a: a tensor of at least 2 dimensions.
        offset: which diagonal; 0 is the main one, positive ones lie above it.
        axis1, axis2: the two axes.

    Raises:
        ValueError: fewer than 2 dimensions, or the same axis twice.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.diagonal(T.constant([[1, 2], [3, 4]]), 1).eval().tolist()
        [2]
    """
    a = as_tensor_variable(a)
    ndim = len(a.type.shape)
    if ndim < 2:
        raise ValueError(message(f"diagonal wants at least 2 dimensions, got {ndim}", here()[0], [row_of(a)]))
    first, second = (normalize_axis(axis, ndim, "diagonal") for axis in (axis1, axis2))
    if first == second:
        raise ValueError(message(f"diagonal: axis1 and axis2 are the same, {first}", here()[0]))
    moved = call("dimshuffle", a, [*[k for k in range(ndim) if k not in (first, second)], first, second])
    sizes = sizes_of(moved)
    rows, columns = _diagonal_positions(sizes[-2], sizes[-1], int(offset))
    return AdvancedSubtensor((ndim - 2, ndim - 1))(moved, rows, columns)


@public
def diag(v: Any, k: int = 0) -> Any:
    """A matrix with the vector `v` on diagonal `k` and zeros elsewhere; of a matrix its diagonal `k`.

    Raises:
        ValueError: neither a vector nor a matrix.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.diag([1, 2]).eval().tolist()
        [[1, 0], [0, 2]]
    """
    v = as_tensor_variable(v)
    if len(v.type.shape) == 2:
        return diagonal(v, k)
    if len(v.type.shape) != 1:
        raise ValueError(message(f"diag wants a vector or a matrix, got {v.type}", here()[0]))
    size = worked_out("add", size_of(v, 0), abs(k))
    zeros = call("zeros", [size, size], dtype=v.type.dtype)
    return AdvancedIncSubtensor((0, 1), True)(zeros, v, *_diagonal_positions(size, size, int(k)))


@public
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of the elements of a diagonal; arguments as for `diagonal`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> int(T.trace(T.constant([[1, 2], [3, 4]])).eval())
        5
    """
    return call("sum", diagonal(a, offset, axis1, axis2), axis=-1)


@public
def fill_diagonal(a: Any, val: Any) -> Any:
    """`a` with a scalar on its main diagonal.

    Args:
        a: a matrix, or a tensor of more dimensions, all of one size.
        val: a scalar that the element type of `a` holds.

    Raises:
        TypeError: `val` is not a scalar, or `a` does not hold it.
        ValueError: `a` has fewer than 2 dimensions.
        IndexError: the sizes of 3 and more dimensions differ.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.fill_diagonal(T.constant([[1, 2], [3, 4]]), 0).eval().tolist()
        [[0, 2], [3, 0]]
    """
    a = as_tensor_variable(a)
    ndim = len(a.type.shape)
    if ndim < 2:
        raise ValueError(message(f"fill_diagonal wants at least 2 dimensions, got {ndim}", here()[0], [row_of(a)]))
    if ndim == 2:
        return fill_diagonal_offset(a, val, 0)
    along = [call("arange", size) for size in sizes_of(a)]
    return AdvancedIncSubtensor(range(ndim), True)(a, _scalar(val, "fill_diagonal"), *along)


def _scalar(val: Any, what: str) -> Any:
    if isinstance(val, (int, float)):
        return val
    val = as_tensor_variable(val)
    if len(val.type.shape):
        raise TypeError(message(f"{what}: the value is a scalar, got {val.type}", here()[0]))
    return val


@public
def fill_diagonal_offset(a: Any, val: Any, offset: Any) -> Any:
    """The matrix `a` with a scalar on diagonal `offset`.

    Args:
        a: a matrix.
        val: a scalar that the element type of `a` holds.
        offset: which diagonal, an integer or integer scalar; positive ones lie above the main one.

    Raises:
        TypeError: `a` is not a matrix, `val` not a scalar, or `a` does not hold it.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.fill_diagonal_offset(T.constant([[1, 2], [3, 4]]), 0, 1).eval().tolist()
        [[1, 0], [3, 4]]
    """
    a = as_tensor_variable(a)
    if len(a.type.shape) != 2:
        raise TypeError(message(f"fill_diagonal_offset wants a matrix, got {a.type}", here()[0], [row_of(a)]))
    places, zero = as_size(offset, "fill_diagonal_offset"), constant(0, dtype="int64")
    sizes = sizes_of(a)
    if (known := known_size(places)) is not None:
        rows, columns = _diagonal_positions(sizes[0], sizes[1], known)
    else:
        below, above = call("maximum", -places, zero), call("maximum", places, zero)
        length = call("minimum", sizes[0] - below, sizes[1] - above)
        along = call("arange", call("maximum", length, zero))
        rows, columns = along + below, along + above
    return AdvancedIncSubtensor((0, 1), True)(a, _scalar(val, "fill_diagonal_offset"), rows, columns)
