"""Elements chosen by a condition, repeated, and moved along (floor B).

Read next: `diagonals`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..constants import as_tensor_variable, constant
from ..errors import message
from ..graph import Apply, Constant
from ..op import Op, call, public
from ..source import here
from ..types import DISCRETE, TensorType
from ..variable import TensorVariable
from .advanced import AdvancedSubtensor, flatnonzero
from .library import LibraryCall
from .shape import as_size, as_sizes, known_size, normalize_axis, part_of, product_of_sizes, size_of, sizes_of


@public
def compress(condition: Any, x: Any, axis: int | None = None) -> Any:
    """The parts of `x` along an axis where a condition is true.

    Args:
        condition: a vector; it may be shorter than the axis.
        x: a tensor.
        axis: which axis; None takes from `x` flattened.

    Raises:
        TypeError: the condition is not a vector.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.compress([1, 0, 1], x).eval({x: [1.0, 2.0, 3.0]}).tolist()
        [1.0, 3.0]
    """
    condition = as_tensor_variable(condition)
    if len(condition.type.shape) != 1:
        raise TypeError(message(f"compress wants a vector for the condition, got {condition.type}", here()[0]))
    return call("take", x, flatnonzero(condition), axis)


class Repeated(Op):
    """0 as often as the first count says, 1 as often as the second, ...

    Inputs are the counts, their sum, and how many counts are wanted, int64.
    """

    family = "indexing"
    name = "repeated"
    gradient_stops = "integer positions"
    library_c = LibraryCall(
        "arrays.h",
        "isym_repeated",
        (
            "repeat: a count is negative",
            "repeat: the counts do not sum up to the total",
            "repeat: as many counts as elements are wanted",
        ),
    )

    def make_node(self, counts: Any, total: Any, size: Any) -> Apply:
        counts, total, size = as_tensor_variable(counts), as_size(total, "repeat"), as_size(size, "repeat")
        if counts.type.dtype != "int64" or counts.type.ndim != 1:
            raise TypeError(message(f"repeated wants an int64 vector, got {counts.type}", here()[0]))
        return Apply(self, [counts, total, size], [TensorVariable(TensorType("int64", None, (known_size(total),)))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        counts, _, size = inputs
        if np.any(counts < 0):
            raise ValueError(message(f"repeat: a count is negative: {counts.min()}", node.where))
        if len(counts) != size:
            raise ValueError(message(f"repeat: {len(counts)} counts for {int(size)} elements", node.where))
        output_storage[0][0] = np.repeat(np.arange(len(counts)), counts)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False], [False], [False]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        known = known_size(node.inputs[1])
        return [(node.inputs[1] if known is None else known,)]


@public
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element along an axis several times.

    Args:
        x: a tensor.
        repeats: how often: an integer, or a vector with a number for each element along the axis.
        axis: which axis; None repeats the elements of `x` flattened.

    Raises:
        TypeError: `repeats` is not of integers, or has more than 1 dimension.
        ValueError: a number is negative; a vector of another length than the axis.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.repeat(x, [0, 1, 2]).eval({x: [1.0, 2.0, 3.0]}).tolist()
        [2.0, 3.0, 3.0]
    """
    x, repeats = as_tensor_variable(x), as_tensor_variable(repeats)
    if repeats.type.dtype not in DISCRETE or len(repeats.type.shape) > 1:
        raise TypeError(
            message(f"repeat: repeats are an integer or a vector of integers, got {repeats.type}", here()[0])
        )
    if isinstance(repeats, Constant) and np.any(repeats.data < 0):
        raise ValueError(message(f"repeat: a count is negative: {repeats.data.min()}", here()[0]))
    if axis is None or not len(x.type.shape):
        x, axis = call("flatten", x), 0
    axis = normalize_axis(axis, len(x.type.shape), "repeat")
    if len(repeats.type.shape) == 0 or repeats.type.shape[0] == 1:
        count, sizes = as_size(repeats, "repeat"), sizes_of(x)
        ndim = len(sizes)
        order: list[Any] = [*range(axis + 1), "x", *range(axis + 1, ndim)]
        wide = call("alloc", call("dimshuffle", x, order), *sizes[: axis + 1], count, *sizes[axis + 1 :])
        return call("reshape", wide, [*sizes[:axis], product_of_sizes(sizes[axis], count), *sizes[axis + 1 :]])
    mine, its = repeats.type.shape[0], x.type.shape[axis]
    if mine is not None and its is not None and mine != its:
        raise ValueError(message(f"repeat: {mine} counts for {its} elements along axis {axis}", here()[0]))
    if isinstance(repeats, Constant) and its is not None:
        positions: Any = constant(np.repeat(np.arange(its), repeats.data))
    else:
        counts = call("cast", repeats, "int64")
        positions = Repeated()(counts, call("sum", counts), size_of(x, axis))
    return AdvancedSubtensor((axis,))(x, positions)


@public
def tile(x: Any, reps: Any, ndim: int | None = None) -> Any:
    """`x` put side by side with itself.

    Args:
        x: a tensor.
        reps: how often along each of the last axes: an integer, a list of integers and integer scalars, or an integer
            vector. Where it is longer than `x` has dimensions, `x` gets more on the left.
        ndim: the number of dimensions of the result, where more are wanted; needed where `reps` is a vector of unknown
            length.

    Raises:
        TypeError: `reps` is not of integers.
        ValueError: a number is negative; `ndim` is too small, or not given where it is needed.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.tile(x, (2, 2)).eval({x: [1.0, 2.0]}).tolist()
        [[1.0, 2.0, 1.0, 2.0], [1.0, 2.0, 1.0, 2.0]]
    """
    x = as_tensor_variable(x)
    counts: Any = as_sizes(reps, "tile")
    if not isinstance(counts, list):
        length = counts.type.shape[0] if counts.type.shape[0] is not None else ndim
        if length is None:
            raise ValueError(
                message(
                    f"tile: the length of {reps} is not known", here()[0], cure="tile(x, reps, ndim=2) gives the number"
                )
            )
        counts = [call("getitem", counts, k) for k in range(length)]
    if any((known := known_size(count)) is not None and known < 0 for count in counts):
        raise ValueError(message(f"tile: a count is negative: {reps}", here()[0]))
    dims = max(len(counts), len(x.type.shape), 0 if ndim is None else ndim)
    if ndim is not None and ndim < dims:
        raise ValueError(message(f"tile: ndim is {ndim}, and {dims} dimensions come out", here()[0]))
    counts = [constant(1, dtype="int64")] * (dims - len(counts)) + counts
    x = call("shape_padleft", x, dims - len(x.type.shape)) if dims > len(x.type.shape) else x
    sizes = sizes_of(x)
    order = [entry for axis in range(dims) for entry in ("x", axis)]
    pairs = [entry for count, size in zip(counts, sizes, strict=True) for entry in (count, size)]
    if not pairs:
        return x
    wide = call("alloc", call("dimshuffle", x, order), *pairs)
    return call("reshape", wide, [product_of_sizes(count, size) for count, size in zip(counts, sizes, strict=True)])


@public
def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """The elements moved along an axis; those that leave at the end come in at the start.

    Args:
        x: a tensor.
        shift: by how many places, an integer or integer scalar; negative to the start. Several of them for several
            axes.
        axis: which axis, or several; None moves the elements flattened, and keeps the shape.

    Raises:
        ValueError: as many shifts as axes are wanted.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.roll(x, 1).eval({x: [1.0, 2.0, 3.0]}).tolist()
        [3.0, 1.0, 2.0]
    """
    x = as_tensor_variable(x)
    if axis is None:
        return call("reshape", roll(call("flatten", x), shift, 0), call("shape", x), ndim=len(x.type.shape))
    if isinstance(axis, (list, tuple)) or isinstance(shift, (list, tuple)):
        axes = list(axis) if isinstance(axis, (list, tuple)) else [axis] * len(shift)
        shifts = list(shift) if isinstance(shift, (list, tuple)) else [shift] * len(axes)
        if len(axes) != len(shifts):
            raise ValueError(message(f"roll: {len(shifts)} shifts for {len(axes)} axes", here()[0]))
        for one, its in zip(shifts, axes, strict=True):
            x = roll(x, one, its)
        return x
    axis = normalize_axis(axis, len(x.type.shape), "roll")
    places, size = as_size(shift, "roll"), size_of(x, axis)
    known = known_size(places), known_size(size)
    if None not in known:
        start: Any = constant(-known[0] % max(known[1], 1), dtype="int64")  # type: ignore[operator, type-var]
    else:
        start = call("mod", -places, call("maximum", size, constant(1, dtype="int64")))
    rolled = call("join", axis, part_of(x, axis, slice(start, None)), part_of(x, axis, slice(None, start)))
    return call("specify_shape", rolled, x.type.shape)
