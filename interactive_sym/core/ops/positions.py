"""Positions in an array counted in one number or in one for each axis (floor B).

Read next: `grids`.
"""

from typing import Any

from ..constants import as_tensor_variable, constant
from ..errors import message
from ..op import call, public
from ..source import here
from ..types import INTEGERS
from .advanced import InRange
from .shape import as_sizes, product_of_sizes


def dimensions(dims: Any, ndim: int | None, what: str) -> list[Any]:
    """The sizes that are given as a list, or as a vector of known length (or of length `ndim`)."""
    sizes = as_sizes(dims, what)
    if isinstance(sizes, list):
        return sizes
    length = sizes.type.shape[0] if sizes.type.shape[0] is not None else ndim
    if length is None:
        raise ValueError(message(f"{what}: the length of {dims} is not known", here()[0], cure="ndim=2"))
    return [call("getitem", sizes, k) for k in range(length)]


def _order(order: str, what: str) -> None:
    if order not in ("C", "F"):
        raise ValueError(message(f"{what}: order is 'C' or 'F', not {order!r}", here()[0]))


@public
def unravel_index(indices: Any, dims: Any, order: str = "C", ndim: int | None = None) -> tuple[Any, ...]:
    """For positions in a flattened tensor of sizes `dims` the index along each axis.

    Args:
        indices: integers of any shape.
        dims: the sizes: a list of integers and integer scalars, or an integer vector.
        order: "C", last axis fastest, or "F", first axis fastest.
        ndim: how many sizes there are; needed where `dims` is a vector of unknown length.

    Returns:
        A tuple of int64 tensors in the shape of `indices`.

    Raises:
        TypeError: `indices` are not integers.
        ValueError: an index is out of range; another order.

    Example:
        >>> import interactive_sym.tensor as T
        >>> [index.eval().tolist() for index in T.unravel_index([5, 7], (2, 4))]
        [[1, 1], [1, 3]]
    """
    _order(order, "unravel_index")
    indices, sizes = as_tensor_variable(indices), dimensions(dims, ndim, "unravel_index")
    if indices.type.dtype not in INTEGERS:
        raise TypeError(message(f"unravel_index wants integers, got {indices.type}", here()[0]))
    rest = InRange("unravel_index")(indices, product_of_sizes(*sizes))
    found = []
    for size in reversed(sizes[1:]) if order == "C" else sizes[:-1]:
        found.append(call("mod", rest, size))
        rest = call("int_div", rest, size)
    found.append(rest)
    return tuple(reversed(found)) if order == "C" else tuple(found)


@public
def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: str = "C") -> Any:
    """For an index along each axis of a tensor of sizes `dims` the position in the tensor flattened.

    Args:
        multi_index: a tuple of integer tensors, one for each axis; or a tensor whose first axis numbers the axes.
        dims: the sizes: a list of integers and integer scalars, or an integer vector.
        mode: "raise", "wrap" or "clip" indices out of range; or one of them for each axis.
        order: "C", last axis fastest, or "F", first axis fastest.

    Returns:
        int64 positions.

    Raises:
        TypeError: an index is not of integers.
        ValueError: an index is out of range in mode "raise"; another mode or order; more or fewer indices than sizes.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.ravel_multi_index(([1, 1], [1, 3]), (2, 4)).eval().tolist()
        [5, 7]
    """
    _order(order, "ravel_multi_index")
    if isinstance(multi_index, (list, tuple)):
        indices = [as_tensor_variable(index) for index in multi_index]
        sizes = dimensions(dims, len(indices), "ravel_multi_index")
    else:
        multi_index = as_tensor_variable(multi_index)
        sizes = dimensions(dims, multi_index.type.shape[0], "ravel_multi_index")
        indices = [call("getitem", multi_index, k) for k in range(len(sizes))]
    modes = [mode] * len(sizes) if isinstance(mode, str) else list(mode)
    if len(indices) != len(sizes) or len(modes) != len(sizes):
        raise ValueError(message(f"ravel_multi_index: {len(indices)} indices for {len(sizes)} sizes", here()[0]))
    position: Any = constant(0, dtype="int64")
    parts = list(zip(indices, sizes, modes, strict=True))
    for index, size, how in parts if order == "C" else reversed(parts):
        if index.type.dtype not in INTEGERS:
            raise TypeError(message(f"ravel_multi_index wants integers, got {index.type}", here()[0]))
        if how == "raise":
            index = InRange("ravel_multi_index")(index, size)
        elif how == "wrap":
            index = call("mod", index, size)
        elif how == "clip":
            index = call("maximum", call("minimum", index, size - 1), constant(0, dtype="int64"))
        else:
            raise ValueError(message(f"ravel_multi_index: mode is 'raise', 'wrap' or 'clip', not {how!r}", here()[0]))
        position = position * size + index
    return position
