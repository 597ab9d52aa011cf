"""Operations on shapes: reorder dimensions, reshape, join, ask for sizes (floor B).

Sizes are int64. Where a size is known when the graph is built it is part of the output's type, and a clash is an error
at the user's line; else it is checked when the function is called.

Read next: `create`, `indexing`.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..constants import as_tensor_variable, constant
from ..errors import NotScalarConstantError, ShapeError, message
from ..graph import Apply, Constant, Variable
from ..op import Op, call, public
from ..source import here
from ..types import DISCRETE, TensorType, upcast
from ..variable import TensorVariable


def normalize_axis(axis: Any, ndim: int, what: str) -> int:
    """A non-negative axis from a (negative) one.

    Raises:
        TypeError: it is not an integer.
        AxisError: it is out of range (a ValueError and an IndexError, as in NumPy).
    """
    if isinstance(axis, Constant) and axis.data.ndim == 0 and axis.data.dtype.kind in "iu":
        axis = axis.data.item()
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(message(f"{what}: an axis is an integer, got {axis!r:.40}", here()[0]))
    if not -ndim <= axis < ndim:
        error = message(f"{what}: axis {axis} is out of range for a tensor of {ndim} dimensions", here()[0])
        raise np.exceptions.AxisError(error)
    return int(axis) % ndim


def size_of(x: Any, axis: int) -> Any:
    """The size of `x` along `axis`, int64: a constant where it is known."""
    static = x.type.shape[axis]
    return ShapeI(axis)(x) if static is None else constant(static, dtype="int64")


def sizes_of(x: Any) -> list[Any]:
    """The sizes of `x`, int64 scalars: constants where known."""
    return [size_of(x, axis) for axis in range(len(x.type.shape))]


def known_size(size: Any) -> int | None:
    """The value of an int64 scalar where it can be told when the graph is built, else None."""
    if isinstance(size, (int, np.integer)):
        return int(size)
    if isinstance(size, Constant):
        return int(size.data.reshape(()))
    owner = size.owner
    if owner is not None:
        if isinstance(owner.op, ShapeI):
            static: int | None = owner.inputs[0].type.shape[owner.op.axis]
            return static
        if owner.op.name == "subtensor" and isinstance(owner.inputs[0].owner, Apply):
            source, index = owner.inputs[0].owner, owner.inputs[1]
            if (
                source.op.name in ("shape", "make_vector")
                and owner.op.entries == (("i",),)
                and isinstance(index, Constant)
            ):
                known = known_sizes(owner.inputs[0])
                position = int(index.data)
                return known[position] if known is not None and -len(known) <= position < len(known) else None
        if owner.op.name == "cast":
            return known_size(owner.inputs[0])
    return None


def known_sizes(shape: Any) -> list[int | None] | None:
    """What is known of the entries of an int64 vector; None where not even its length is."""
    if isinstance(shape, Constant):
        return [int(size) for size in shape.data]
    owner = shape.owner
    if owner is not None:
        if isinstance(owner.op, Shape):
            return list(owner.inputs[0].type.shape)
        if owner.op.name == "make_vector":
            return [known_size(entry) for entry in owner.inputs]
        if owner.op.name == "cast":
            return known_sizes(owner.inputs[0])
    length = shape.type.shape[0]
    return None if length is None else [None] * length


def _shaped(x: Any, sizes: Sequence[int | None], dtype: str | None = None) -> TensorVariable:
    return TensorVariable(TensorType(dtype or x.type.dtype, None, sizes))


def row_of(x: Any) -> tuple[str, str, str]:
    """A row of an error's table of operands."""
    return (str(x)[:30], x.type.dtype, x.type.form)


def part_of(x: Any, axis: int, part: Any) -> Any:
    """`x[:, ..., part]`, the part of axis `axis`."""
    return call("getitem", x, (*[slice(None)] * axis, part))


def worked_out(name: str, *sizes: Any) -> Any:
    """A function of sizes, worked out where all are known."""
    known = [known_size(size) for size in sizes]
    if None in known:
        return call(name, *sizes)
    a, b = (int(size) for size in known if size is not None)
    worked = {"minimum": min(a, b), "maximum": max(a, b), "add": a + b, "sub": a - b}
    return constant(worked[name], dtype="int64")


def product_of_sizes(*sizes: Any) -> Any:
    """The product of sizes, worked out where all are known."""
    known = [known_size(size) for size in sizes]
    if None in known:
        return call("mul", *sizes)
    return constant(math.prod(size for size in known if size is not None), dtype="int64")


# -- reordering --------------------------------------------------------------------------------------------------------


class DimShuffle(Op):
    """Reorder, drop and add dimensions.

    Args:
        new_order: for each dimension of the result which of the operand's it is, or "x" for a new one of size 1.

    Example:
        >>> import interactive_sym.tensor as T
        >>> DimShuffle(("x", 1, 0))(T.zeros((2, 3))).eval().shape
        (1, 3, 2)
    """

    __props__ = ("new_order",)
    family = "shape"
    name = "dimshuffle"

    def __init__(self, new_order: Sequence[int | str]) -> None:
        self.new_order = tuple(new_order)

    def make_node(self, x: Any) -> Apply:
        x = as_tensor_variable(x)
        shape = x.type.shape
        kept = [d for d in self.new_order if d != "x"]
        for d in kept:
            if not isinstance(d, int) or not 0 <= d < len(shape):
                raise ValueError(
                    message(f"dimshuffle: there is no dimension {d!r} in {x.type}", here()[0], [row_of(x)])
                )
        if len(set(kept)) != len(kept):
            raise ValueError(
                message(f"dimshuffle: a dimension appears twice in {self.new_order}", here()[0], [row_of(x)])
            )
        for d, size in enumerate(shape):
            if d not in kept and size != 1:
                raise ValueError(
                    message(
                        f"dimshuffle: dimension {d} can't be dropped: its size is not known to be 1",
                        here()[0],
                        [row_of(x)],
                        cure="x[:, 0] or a reduction removes a dimension; T.addbroadcast(x, axis) declares its size 1",
                    )
                )
        return Apply(self, [x], [_shaped(x, [1 if d == "x" else shape[d] for d in self.new_order])])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        (x,) = inputs
        kept = [d for d in self.new_order if d != "x"]
        dropped = [d for d in range(x.ndim) if d not in kept]
        moved = x.transpose(kept + dropped)
        output_storage[0][0] = moved.reshape([1 if d == "x" else x.shape[d] for d in self.new_order])

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        """The dimensions go back to where they were."""
        g = output_grads[0]
        back = [self.new_order.index(d) if d in self.new_order else "x" for d in range(len(inputs[0].type.shape))]
        return [call("dimshuffle", g, back)]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(1 if d == "x" else input_shapes[0][d] for d in self.new_order)]


@public
def dimshuffle(x: Any, *pattern: Any) -> Any:
    """Reorder, drop and add dimensions.

    Args:
        x: a tensor of any shape.
        pattern: for each dimension of the result the number of the dimension of `x` that becomes it, or `"x"` for a
            new one of size 1; as separate arguments or one sequence. A dimension that is left out must be known to have
            size 1.

    Raises:
        ValueError: a dimension is named twice, does not exist, or is left out without being known to have size 1.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.dimshuffle(T.dmatrix("m"), (1, "x", 0)).type
        TensorType(float64, (?, 1, ?))
    """
    x = as_tensor_variable(x)
    if len(pattern) == 1 and isinstance(pattern[0], (list, tuple)):
        pattern = tuple(pattern[0])
    order = tuple(
        d if d == "x" else normalize_axis(d, len(x.type.shape), "dimshuffle") if x.type.shape else d for d in pattern
    )
    return x if order == tuple(range(len(x.type.shape))) else DimShuffle(order)(x)


@public
def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """The dimensions reversed, or in the order `axes`.

    Args:
        x: a tensor.
        axes: for each dimension of the result which of `x` it is.

    Raises:
        ValueError: `axes` does not name each dimension once.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.transpose(T.col("c")).type.broadcastable
        (True, False)
    """
    x = as_tensor_variable(x)
    ndim = len(x.type.shape)
    if axes is None:
        return dimshuffle(x, tuple(reversed(range(ndim))))
    if len(axes) != ndim:
        raise ValueError(
            message(f"transpose: {len(axes)} axes for a tensor of {ndim} dimensions", here()[0], [row_of(x)])
        )
    return dimshuffle(x, tuple(axes))


@public
def swapaxes(y: Any, axis1: int, axis2: int) -> Any:
    """Two dimensions exchanged.

    Args:
        y: a tensor.
        axis1, axis2: which dimensions.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.swapaxes(T.row("r"), 0, 1).type.broadcastable
        (False, True)
    """
    y = as_tensor_variable(y)
    order = list(range(len(y.type.shape)))
    first, second = (normalize_axis(axis, len(order), "swapaxes") for axis in (axis1, axis2))
    order[first], order[second] = order[second], order[first]
    return dimshuffle(y, order)


@public
def shape_padleft(t: Any, n_ones: int = 1) -> Any:
    """`n_ones` dimensions of size 1 added on the left.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.shape_padleft(T.vector("v")).type.broadcastable
        (True, False)
    """
    t = as_tensor_variable(t)
    return dimshuffle(t, ("x",) * n_ones + tuple(range(len(t.type.shape))))


@public
def shape_padright(t: Any, n_ones: int = 1) -> Any:
    """`n_ones` dimensions of size 1 added on the right.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.shape_padright(T.vector("v")).type.broadcastable
        (False, True)
    """
    t = as_tensor_variable(t)
    return dimshuffle(t, tuple(range(len(t.type.shape))) + ("x",) * n_ones)


@public
def shape_padaxis(t: Any, axis: int) -> Any:
    """A dimension of size 1 added so that it becomes dimension `axis`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.shape_padaxis(T.matrix("m"), 1).type.broadcastable
        (False, True, False)
    """
    t = as_tensor_variable(t)
    order: list[Any] = list(range(len(t.type.shape)))
    order.insert(normalize_axis(axis, len(order) + 1, "shape_padaxis"), "x")
    return dimshuffle(t, order)


@public
def squeeze(x: Any) -> Any:
    """Without the dimensions known to have size 1.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.squeeze(T.row("r")).type
        TensorType(float64, vector)
    """
    x = as_tensor_variable(x)
    return dimshuffle(x, [d for d, size in enumerate(x.type.shape) if size != 1])


# -- sizes -------------------------------------------------------------------------------------------------------------


class Shape(Op):
    """The sizes, an int64 vector.

    Example:
        >>> import interactive_sym.tensor as T
        >>> Shape()(T.zeros((2, 3))).eval()
        array([2, 3])
    """

    family = "shape"
    name = "shape"
    gradient_stops = "a shape"

    def make_node(self, x: Any) -> Apply:
        x = as_tensor_variable(x)
        return Apply(self, [x], [TensorVariable(TensorType("int64", None, (len(x.type.shape),)))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        output_storage[0][0] = np.asarray(np.shape(inputs[0]), dtype="int64")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [(len(input_shapes[0]),)]


class ShapeI(Op):
    """The size along one axis, an int64 scalar.

    Example:
        >>> import interactive_sym.tensor as T
        >>> int(ShapeI(1)(T.zeros((2, 3))).eval())
        3
    """

    __props__ = ("axis",)
    family = "shape"
    name = "shape_i"
    gradient_stops = "a shape"

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def make_node(self, x: Any) -> Apply:
        x = as_tensor_variable(x)
        if not 0 <= self.axis < len(x.type.shape):
            raise IndexError(message(f"shape_i: there is no axis {self.axis} in {x.type}", here()[0], [row_of(x)]))
        return Apply(self, [x], [TensorVariable(TensorType("int64", ()))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        output_storage[0][0] = np.asarray(inputs[0].shape[self.axis], dtype="int64")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [()]


@public
def shape_i(x: Any, axis: int) -> Any:
    """The size of `x` along one axis, an int64 scalar; a constant where it is known.

    Raises:
        AxisError: the axis is out of range.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.shape_i(T.matrix("m"), 0).type
        TensorType(int64, scalar)
    """
    x = as_tensor_variable(x)
    return size_of(x, normalize_axis(axis, len(x.type.shape), "shape_i"))


@public
def shape(x: Any) -> Any:
    """The sizes of `x`: an int64 vector `(ndim,)`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.shape(T.matrix("m")).type
        TensorType(int64, (2,))
    """
    return Shape()(x)


@public
def size(x: Any) -> Any:
    """The number of elements of `x`, an int64 scalar.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.size(T.matrix("m")).type
        TensorType(int64, scalar)
    """
    x = as_tensor_variable(x)
    sizes = sizes_of(x)
    if not sizes:
        return constant(1, dtype="int64")
    return sizes[0] if len(sizes) == 1 else call("mul", *sizes)


@public
def get_vector_length(v: Any) -> int:
    """The number of entries of a vector, where it is known when the graph is built.

    Raises:
        ValueError: it is not known, or `v` is not a vector.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.get_vector_length(T.matrix("m").shape)
        2
    """
    v = as_tensor_variable(v)
    if len(v.type.shape) != 1:
        raise ValueError(message(f"get_vector_length wants a vector, got {v.type}", here()[0]))
    if v.type.shape[0] is None:
        raise ValueError(message(f"the length of {v} is not known before the call", here()[0]))
    length: int = v.type.shape[0]
    return length


# -- reshaping ---------------------------------------------------------------------------------------------------------


class Reshape(Op):
    """The same elements, in C order, in another shape.

    Args:
        ndim: number of dimensions of the result; inputs are the operand and an int64 vector of so many sizes.

    Example:
        >>> import interactive_sym.tensor as T
        >>> Reshape(2)(T.arange(6), T.constant([2, -1])).eval()
        array([[0, 1, 2],
               [3, 4, 5]])
    """

    __props__ = ("ndim",)
    family = "shape"
    name = "reshape"

    def __init__(self, ndim: int) -> None:
        self.ndim = ndim

    def make_node(self, x: Any, shape: Any) -> Apply:
        x, shape = as_tensor_variable(x), as_tensor_variable(shape)
        if shape.type.dtype != "int64" or len(shape.type.shape) != 1:
            raise TypeError(message(f"reshape wants an int64 vector for the shape, got {shape.type}", here()[0]))
        sizes = known_sizes(shape)
        if sizes is None:
            sizes = [None] * self.ndim
        if len(sizes) != self.ndim:
            raise ValueError(message(f"reshape: {len(sizes)} sizes for {self.ndim} dimensions", here()[0], [row_of(x)]))
        return Apply(self, [x, shape], [_shaped(x, self._static(x, sizes))])

    def _static(self, x: Any, sizes: list[int | None]) -> list[int | None]:
        if sizes.count(-1) > 1 or any(size is not None and size < -1 for size in sizes):
            raise ValueError(message(f"reshape: sizes are >= 0, and one of them may be -1; got {sizes}", here()[0]))
        if None in sizes:
            return [None if size == -1 else size for size in sizes]
        rest = math.prod(size for size in sizes if size is not None and size != -1)
        if None in x.type.shape:
            return [None if size == -1 else size for size in sizes]
        total = math.prod(x.type.shape)
        if (-1 in sizes and (rest == 0 or total % rest)) or (-1 not in sizes and rest != total):
            raise ValueError(
                message(f"reshape: {total} elements can't take the shape {tuple(sizes)}", here()[0], [row_of(x)])
            )
        return [total // rest if size == -1 else size for size in sizes]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, shape = inputs
        if len(shape) != self.ndim:
            raise ValueError(message(f"reshape: {len(shape)} sizes for {self.ndim} dimensions", node.where))
        try:
            output_storage[0][0] = np.ascontiguousarray(x).reshape(tuple(shape))
        except ValueError:
            raise ValueError(
                message(
                    f"reshape: {x.size} elements can't take the shape {tuple(shape.tolist())}",
                    node.where,
                    [(str(node.inputs[0])[:30], x.dtype, x.shape)],
                )
            ) from None

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        x = inputs[0]
        return [call("reshape", output_grads[0], Shape()(x), ndim=len(x.type.shape)), None]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [False]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        static = node.outputs[0].type.shape
        known = known_sizes(node.inputs[1]) or [None] * self.ndim
        entries: list[Any] = []
        for axis in range(self.ndim):
            if static[axis] is not None:
                entries.append(static[axis])
            elif known[axis] == -1:
                entries.append(None)
            else:
                entries.append(call("getitem", node.inputs[1], axis))
        if None in entries:
            whole = call("mul", constant(1, dtype="int64"), *input_shapes[0])
            others = [size for size in entries if size is not None]
            position = entries.index(None)
            entries[position] = call("int_div", whole, call("mul", constant(1, dtype="int64"), *others))
            if None in entries:
                return super().infer_shape(node, input_shapes)
        return [tuple(entries)]


def as_sizes(shape: Any, what: str) -> list[Any] | Any:
    """A user's shape as a list of sizes (ints and int64 scalars), or as one int64 vector of unknown parts."""
    if isinstance(shape, Variable):
        shape = as_tensor_variable(shape)
        if shape.type.dtype not in DISCRETE:
            raise TypeError(message(f"{what}: sizes are integers, got {shape.type}", here()[0]))
        if len(shape.type.shape) == 0:
            return [as_size(shape, what)]
        if len(shape.type.shape) != 1:
            raise TypeError(message(f"{what}: a shape is a vector, got {shape.type}", here()[0]))
        return call("cast", shape, "int64")
    if isinstance(shape, np.ndarray) and shape.ndim:
        shape = shape.tolist()
    return [as_size(entry, what) for entry in shape] if isinstance(shape, (list, tuple)) else [as_size(shape, what)]


def as_size(entry: Any, what: str) -> Any:
    """One size: an int64 scalar, symbolic or constant. TypeError for anything else."""
    variable = as_tensor_variable(entry)
    if variable.type.dtype not in DISCRETE or any(size != 1 for size in variable.type.shape):
        raise TypeError(message(f"{what}: a size is an integer, got {entry} of {variable.type}", here()[0]))
    if isinstance(variable, Constant):
        return constant(int(variable.data.reshape(())), dtype="int64")
    return call("cast", call("dimshuffle", variable, ()), "int64")


@public
def reshape(x: Any, newshape: Any, ndim: int | None = None) -> Any:
    """The elements of `x`, in C order, in another shape.

    Args:
        x: a tensor of any shape.
        newshape: an int, a list or tuple of ints and integer scalars, or an integer vector. One size may be -1: what
            the number of elements leaves.
        ndim: the number of dimensions of the result; needed where `newshape` is a vector of unknown length.

    Raises:
        ValueError: the number of elements differs (at once where it is known, else when called).
        TypeError: a size is not an integer.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.reshape(T.dvector("v"), (-1, 4)).type
        TensorType(float64, (?, 4))
    """
    x = as_tensor_variable(x)
    sizes = as_sizes(newshape, "reshape")
    if isinstance(sizes, list):
        if ndim is not None and ndim != len(sizes):
            raise ValueError(message(f"reshape: {len(sizes)} sizes for {ndim} dimensions", here()[0]))
        ndim = len(sizes)
        sizes = call("make_vector", *sizes, dtype="int64")
    elif ndim is None:
        if sizes.type.shape[0] is None:
            raise ValueError(
                message(
                    f"reshape: the length of {newshape} is not known, so the number of dimensions isn't either",
                    here()[0],
                    cure="x.reshape(shape, ndim=2)",
                )
            )
        ndim = sizes.type.shape[0]
    return Reshape(ndim)(x, sizes)


@public
def flatten(x: Any, ndim: int | None = None, outdim: int | None = None) -> Any:
    """The first `ndim - 1` dimensions kept, all others made one.

    Args:
        x: a tensor.
        ndim: how many dimensions the result has, by default 1.
        outdim: an older name of `ndim`.

    Raises:
        ValueError: `ndim` is less than 1 or more than `x` has (at most 1 for a scalar).

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.flatten(T.tensor3("t"), 2).type
        TensorType(float64, matrix)
    """
    x = as_tensor_variable(x)
    ndim = outdim if outdim is not None else 1 if ndim is None else ndim
    have = len(x.type.shape)
    if ndim < 1 or (ndim > have and (ndim, have) != (1, 0)):
        raise ValueError(message(f"flatten: {ndim} dimensions from a tensor of {have}", here()[0], [row_of(x)]))
    if ndim == have:
        return x
    return reshape(x, [*sizes_of(x)[: ndim - 1], -1])


# -- promises about sizes ----------------------------------------------------------------------------------------------


class SpecifyShape(Op):
    """The operand, whose sizes are checked against known ones.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dmatrix("x")
        >>> SpecifyShape((None, 3))(x).type
        TensorType(float64, (?, 3))
    """

    __props__ = ("sizes",)
    family = "shape"
    name = "specify_shape"

    def __init__(self, sizes: Sequence[int | None]) -> None:
        self.sizes = tuple(sizes)

    def make_node(self, x: Any) -> Apply:
        x = as_tensor_variable(x)
        if len(self.sizes) != len(x.type.shape):
            raise ValueError(
                message(
                    f"specify_shape: {len(self.sizes)} sizes for {len(x.type.shape)} dimensions",
                    here()[0],
                    [row_of(x)],
                )
            )
        merged: list[int | None] = []
        for axis, (mine, its) in enumerate(zip(self.sizes, x.type.shape)):
            if mine is not None and its is not None and mine != its:
                raise ShapeError(
                    message(f"specify_shape: axis {axis} is wanted of size {mine}, it is {its}", here()[0], [row_of(x)])
                )
            merged.append(its if mine is None else mine)
        return Apply(self, [x], [_shaped(x, merged)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        (x,) = inputs
        for axis, (wanted, actual) in enumerate(zip(self.sizes, x.shape)):
            if wanted is not None and wanted != actual:
                raise ShapeError(
                    message(f"specify_shape: axis {axis} is wanted of size {wanted}, it is {actual}", node.where)
                )
        output_storage[0][0] = x

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        return [output_grads[0]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(its if mine is None else mine for mine, its in zip(self.sizes, input_shapes[0]))]


class Unbroadcast(Op):
    """The operand, with sizes along some axes forgotten: those dimensions don't stretch any more.

    Example:
        >>> import interactive_sym.tensor as T
        >>> Unbroadcast((0,))(T.drow("r")).broadcastable
        (False, False)
    """

    __props__ = ("axes",)
    family = "shape"
    name = "unbroadcast"

    def __init__(self, axes: Sequence[int]) -> None:
        self.axes = tuple(sorted(axes))

    def make_node(self, x: Any) -> Apply:
        x = as_tensor_variable(x)
        return Apply(self, [x], [_shaped(x, [None if d in self.axes else s for d, s in enumerate(x.type.shape)])])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        output_storage[0][0] = inputs[0]

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        return [call("specify_shape", output_grads[0], inputs[0].type.shape)]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(input_shapes[0])]


@public
def specify_shape(x: Any, shape: Any) -> Any:
    """`x`, with sizes promised; the promise is checked when the function is called.

    Args:
        x: a tensor.
        shape: for each dimension its size, or None for any.

    Raises:
        ShapeError: a size differs from the promise, when the graph is built where it is known, else when called.
        NotScalarConstantError: a size is symbolic and not constant.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.specify_shape(T.dmatrix("m"), (2, None)).type
        TensorType(float64, (2, ?))
    """
    x = as_tensor_variable(x)
    sizes: list[int | None] = []
    if isinstance(shape, Variable):
        known = known_sizes(as_tensor_variable(shape))
        shape = [None] * len(x.type.shape) if known is None else known
    for entry in shape if isinstance(shape, (list, tuple, np.ndarray)) else [shape]:
        known_entry = None if entry is None else known_size(entry)
        if entry is not None and known_entry is None:
            raise NotScalarConstantError(
                message(f"specify_shape wants sizes known before the call, got {entry}", here()[0])
            )
        sizes.append(known_entry)
    return x if tuple(sizes) == x.type.shape else SpecifyShape(sizes)(x)


@public
def addbroadcast(x: Any, *axes: int) -> Any:
    """`x`, with the dimensions `axes` promised to have size 1, so that they stretch.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.addbroadcast(T.matrix("m"), 0).type.broadcastable
        (True, False)
    """
    x = as_tensor_variable(x)
    chosen = {normalize_axis(axis, len(x.type.shape), "addbroadcast") for axis in axes}
    return specify_shape(x, [1 if d in chosen else size for d, size in enumerate(x.type.shape)])


@public
def unbroadcast(x: Any, *axes: int) -> Any:
    """`x`, with the sizes of the dimensions `axes` forgotten, so that they don't stretch.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.unbroadcast(T.row("r"), 0).type.broadcastable
        (False, False)
    """
    x = as_tensor_variable(x)
    chosen = {normalize_axis(axis, len(x.type.shape), "unbroadcast") for axis in axes}
    chosen = {axis for axis in chosen if x.type.shape[axis] is not None}
    return Unbroadcast(sorted(chosen))(x) if chosen else x


@public
def patternbroadcast(x: Any, broadcastable: Sequence[bool]) -> Any:
    """`x`, with for each dimension said whether it stretches.

    Args:
        x: a tensor.
        broadcastable: True where the size is 1, as many as dimensions.

    Raises:
        ValueError: another number of dimensions.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.patternbroadcast(T.row("r"), (False, True)).type.broadcastable
        (False, True)
    """
    x = as_tensor_variable(x)
    if len(broadcastable) != len(x.type.shape):
        raise ValueError(message(f"patternbroadcast: {len(broadcastable)} flags for {x.type}", here()[0]))
    gone = [d for d, (flag, size) in enumerate(zip(broadcastable, x.type.shape)) if size == 1 and not flag]
    return addbroadcast(unbroadcast(x, *gone), *[d for d, flag in enumerate(broadcastable) if flag])


# -- joining -----------------------------------------------------------------------------------------------------------


class Join(Op):
    """Tensors of one element type, one after the other along an axis.

    Example:
        >>> import interactive_sym.tensor as T
        >>> Join(0)(T.zeros(2), T.ones(1)).eval()
        array([0., 0., 1.])
    """

    __props__ = ("axis",)
    family = "shape"
    name = "join"

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def make_node(self, *tensors: Any) -> Apply:
        operands = [as_tensor_variable(x) for x in tensors]
        if not operands:
            raise ValueError(message("join wants at least one tensor", here()[0]))
        ndim = len(operands[0].type.shape)
        if any(len(x.type.shape) != ndim for x in operands):
            raise TypeError(
                message("join wants tensors of one number of dimensions", here()[0], [row_of(x) for x in operands])
            )
        if len({x.type.dtype for x in operands}) > 1:
            raise TypeError(message("join wants tensors of one element type", here()[0], [row_of(x) for x in operands]))
        sizes: list[int | None] = []
        for axis in range(ndim):
            mine = [x.type.shape[axis] for x in operands]
            if axis == self.axis:
                sizes.append(None if None in mine else sum(mine))
                continue
            known = sorted({size for size in mine if size is not None})
            if len(known) > 1:
                raise ValueError(
                    message(
                        f"join: the tensors differ along axis {axis}: {known[0]} against {known[-1]}",
                        here()[0],
                        [row_of(x) for x in operands],
                    )
                )
            sizes.append(known[0] if known else None)
        return Apply(self, operands, [_shaped(operands[0], sizes)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        for axis in range(inputs[0].ndim):
            for x in inputs[1:]:
                if axis != self.axis and x.shape[axis] != inputs[0].shape[axis]:
                    left, right = inputs[0].shape[axis], x.shape[axis]
                    raise ValueError(
                        message(
                            f"join: the tensors differ along axis {axis}: {left} against {right}",
                            node.where,
                            [(str(v)[:30], v.type.dtype, a.shape) for v, a in zip(node.inputs, inputs)],
                        )
                    )
        output_storage[0][0] = np.concatenate(inputs, axis=self.axis)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        """Each tensor gets its part of the cotangent."""
        g, start, parts = output_grads[0], constant(0, dtype="int64"), []
        for x in inputs:
            stop = _plus(start, size_of(x, self.axis))
            part = call("getitem", g, (*[slice(None)] * self.axis, slice(start, stop)))
            parts.append(call("specify_shape", part, x.type.shape))
            start = stop
        return parts

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        sizes = list(input_shapes[0])
        lengths = [shape[self.axis] for shape in input_shapes]
        sizes[self.axis] = lengths[0] if len(lengths) == 1 else call("add", *lengths)
        return [tuple(sizes)]


def _plus(start: Any, length: Any) -> Any:
    first, second = known_size(start), known_size(length)
    return call("add", start, length) if first is None or second is None else constant(first + second, dtype="int64")


@public
def join(axis: Any, *tensors: Any) -> Any:
    """Tensors one after the other along `axis`.

    Args:
        axis: an integer, negative from the end.
        tensors: of one number of dimensions; their other sizes agree.

    Returns:
        A tensor of the common element type.

    Raises:
        TypeError: the numbers of dimensions differ, or are 0.
        ValueError: sizes differ along another axis.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.join(0, T.lvector("i"), T.fvector("x")).type
        TensorType(float64, vector)
    """
    operands = [as_tensor_variable(x) for x in tensors]
    if not operands:
        raise ValueError(message("join wants at least one tensor", here()[0]))
    if any(len(x.type.shape) == 0 for x in operands):
        raise TypeError(message("join: a scalar has no axis to be joined along", here()[0], cure="T.stack([a, b])"))
    dtype = upcast(*[x.type.dtype for x in operands])
    position = normalize_axis(axis, len(operands[0].type.shape), "join")
    operands = [call("cast", x, dtype) for x in operands]
    return operands[0] if len(operands) == 1 else Join(position)(*operands)


@public
def concatenate(tensor_list: Sequence[Any], axis: Any = 0) -> Any:
    """The tensors of a list one after the other along `axis`; see `join`.

    Args:
        tensor_list: tensors of one number of dimensions.
        axis: along which axis, an int or an integer scalar.

    Raises:
        TypeError: it is no list or tuple.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.concatenate([T.dmatrix("a"), T.dmatrix("b")], axis=1).type
        TensorType(float64, matrix)
    """
    if not isinstance(tensor_list, (list, tuple)):
        raise TypeError(message(f"concatenate wants a list of tensors, got {tensor_list}", here()[0]))
    return join(axis, *tensor_list)


@public
def stack(*tensors: Any, axis: Any = 0) -> Any:
    """Tensors of one shape along a new axis.

    Args:
        tensors: a list of tensors (and, after it, the axis); several tensors as arguments are taken too.
        axis: where the new dimension comes.

    Raises:
        TypeError: the axis is no int.
        ValueError: there are no tensors, or the axis is not one of the result's.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.stack([T.dvector("a"), T.dvector("b")], axis=1).type
        TensorType(float64, (?, 2))
    """
    if tensors and isinstance(tensors[0], (list, tuple)):
        if len(tensors) > 2:
            raise TypeError(message("stack takes a list of tensors and an axis", here()[0]))
        if len(tensors) == 2:
            axis = tensors[1]
        tensors = tuple(tensors[0])
    if not tensors:
        raise ValueError(message("stack wants at least one tensor", here()[0]))
    operands = [as_tensor_variable(x) for x in tensors]
    ndim = len(operands[0].type.shape)
    if any(len(x.type.shape) != ndim for x in operands):
        raise TypeError(message("stack wants tensors of one shape", here()[0], [row_of(x) for x in operands]))
    position = normalize_axis(axis, ndim + 1, "stack")
    if ndim == 0:
        return call("make_vector", *operands)
    return join(position, *[shape_padaxis(x, position) for x in operands])


@public
def horizontal_stack(*matrices: Any) -> Any:
    """Matrices side by side.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.horizontal_stack(T.dmatrix("a"), T.dmatrix("b")).type
        TensorType(float64, matrix)
    """
    return join(1, *matrices)


@public
def vertical_stack(*matrices: Any) -> Any:
    """Matrices one below the other.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.vertical_stack(T.dmatrix("a"), T.dmatrix("b")).type
        TensorType(float64, matrix)
    """
    return join(0, *matrices)


@public
def split(x: Any, splits_size: Any, n_splits: int, axis: int = 0) -> list[Any]:
    """`x` in `n_splits` parts along `axis`.

    Args:
        x: a tensor.
        splits_size: the sizes of the parts, ints or integer scalars or an integer vector; they add up to the size of
            `x`.
        n_splits: how many parts.
        axis: along which axis.

    Raises:
        ValueError: the sizes are not as many as the parts, or do not add up, where that is known before the call.

    Example:
        >>> import interactive_sym.tensor as T
        >>> [part.type.shape for part in T.split(T.dvector("v"), [2, 3], 2)]
        [(2,), (3,)]
    """
    x = as_tensor_variable(x)
    position = normalize_axis(axis, len(x.type.shape), "split")
    sizes = as_sizes(splits_size, "split")
    if isinstance(sizes, list) and len(sizes) != n_splits:
        raise ValueError(message(f"split: {len(sizes)} sizes for {n_splits} parts", here()[0]))
    parts, start = [], constant(0, dtype="int64")
    for k in range(n_splits):
        entry = as_size(sizes[k], "split")
        stop = _plus(start, entry)
        part = call("getitem", x, (*[slice(None)] * position, slice(start, stop)))
        known = known_size(entry)
        shape = [known if d == position and known is not None else s for d, s in enumerate(part.type.shape)]
        parts.append(specify_shape(part, shape))
        start = stop
    return parts
