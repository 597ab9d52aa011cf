"""Indexing with integer arrays and boolean masks (floor B).

`x[i, :, mask, None, 2:5]` is taken apart: slices and None are basic indexing, a mask becomes the positions of its true
elements, and what remains is `AdvancedSubtensor`: some axes indexed by arrays that are stretched to one shape. As in
NumPy that shape takes the place of the indexed axes where these are neighbours, and comes first where they are not.

Read next: `sort`, `repeating`.
"""

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..constants import as_tensor_variable, constant
from ..errors import message
from ..graph import Apply, Constant, Variable
from ..op import Op, call, public, register
from ..source import here
from ..types import DISCRETE, INTEGERS, TensorType, upcast
from ..variable import TensorVariable
from .indexing import IncSubtensor, Subtensor
from .library import LibraryCall
from .shape import DimShuffle, Reshape, known_size, normalize_axis, row_of, size_of, sizes_of

Size = int | None


def result_shape(shape: Sequence[Any], axes: Sequence[int], indices: Sequence[Any]) -> list[Any]:
    """Sizes of a tensor of the given sizes, indexed along `axes` by arrays whose common sizes are `indices`."""
    rest = [size for axis, size in enumerate(shape) if axis not in axes]
    place = first_place(axes)
    return [*rest[:place], *indices, *rest[place:]]


def first_place(axes: Sequence[int]) -> int:
    """Which dimension of the result is the first of the index arrays."""
    return axes[0] if list(axes) == list(range(axes[0], axes[0] + len(axes))) else 0


def _common_shape(indices: Sequence[Any], where: Any) -> list[Size]:
    """The static shape that index arrays are stretched to. IndexError where known sizes differ."""
    ndim = max(len(index.type.shape) for index in indices)
    common: list[Size] = [1] * ndim
    for index in indices:
        for axis, size in enumerate(index.type.shape, ndim - len(index.type.shape)):
            mine = common[axis]
            if size == 1 or (size is None and mine != 1):
                continue
            if mine not in (None, 1) and mine != size:
                raise _shapes_differ(indices, [i.type.form for i in indices], axis, mine, size, where)
            common[axis] = size
    return common


def _shapes_differ(
    indices: Sequence[Any], forms: Sequence[str], axis: int, left: Any, right: Any, where: Any
) -> IndexError:
    return IndexError(
        message(
            f"index arrays differ along axis {axis}: {left} against {right}",
            where,
            [(str(index)[:30], "index", form) for index, form in zip(indices, forms, strict=True)],
            cure="index arrays are stretched like operands: i[:, None] and j give every pair",
        )
    )


def _as_index(value: Any) -> Any:
    """An int64 tensor from integers: an array, nested lists, a variable. IndexError for anything else."""
    if _holds_bool(value):
        raise IndexError(
            message(
                f"{value!r:.40} is no index: a Python bool is not a mask",
                here()[0],
                cure="numpy.array([True, False]), or a comparison such as x > 0, is a mask",
            )
        )
    if isinstance(value, (list, tuple)) and not len(value):
        value = np.zeros(0, dtype="int64")
    index = as_tensor_variable(value)
    if index.type.dtype not in INTEGERS:
        raise IndexError(message(f"{index} of {index.type} is no index: an index array holds integers", here()[0]))
    if isinstance(index, Constant):
        return constant(index.data.astype("int64"))
    return call("cast", index, "int64")


def _holds_bool(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_holds_bool(item) for item in value)
    return isinstance(value, (bool, np.bool_))


class _AlongAxes(Op):
    """What reading and writing by index arrays have alike.

    Args:
        axes: the indexed axes, ascending.
        negative: whether negative indices count from the end; else they are out of range.
    """

    family = "indexing"

    axes: tuple[int, ...]
    negative: bool

    def _checked(self, x: Any, indices: Sequence[Any]) -> tuple[Any, list[Any], list[Size]]:
        """The operands as variables and the static shape of the indexed part."""
        x, found = as_tensor_variable(x), [_as_index(index) for index in indices]
        if len(found) != len(self.axes) or max(self.axes, default=0) >= len(x.type.shape):
            raise IndexError(message(f"{len(found)} index arrays for axes {self.axes} of {x.type}", here()[0]))
        for axis, index in zip(self.axes, found, strict=True):
            if isinstance(index, Constant) and x.type.shape[axis] is not None:
                self._in_range(x, axis, x.type.shape[axis], index, index.data, here()[0])
        return x, found, result_shape(x.type.shape, self.axes, _common_shape(found, here()[0]))

    def _in_range(self, x: Any, axis: int, size: int, index: Any, values: Any, where: Any) -> None:
        low = -size if self.negative else 0
        wrong = (values < low) | (values >= size)
        if np.any(wrong):
            first = int(values[wrong].reshape(-1)[0])
            raise IndexError(
                message(
                    f"index {first} is out of range for axis {axis} of size {size}",
                    where,
                    [(*row_of(x), "indexed"), (*row_of(index), "index")],
                    cure="" if self.negative or first >= 0 else "indices are not negative here",
                )
            )

    def _index(self, node: Apply, x: Any, variables: Sequence[Any], values: Sequence[Any]) -> tuple[Any, ...]:
        """The NumPy index, checked: sizes that are not declared to be 1 do not stretch."""
        ndim = max(value.ndim for value in values)
        for axis in range(ndim):
            sizes = [
                value.shape[axis - ndim + value.ndim]
                for variable, value in zip(variables, values, strict=True)
                if axis - ndim + value.ndim >= 0 and variable.type.shape[axis - ndim + value.ndim] != 1
            ]
            if any(size != sizes[0] for size in sizes):
                shapes = [str(value.shape) for value in values]
                other = next(size for size in sizes if size != sizes[0])
                raise _shapes_differ(variables, shapes, axis, sizes[0], other, node.where)
        index: list[Any] = [slice(None)] * x.ndim
        for axis, variable, value in zip(self.axes, variables, values, strict=True):
            self._in_range(node.inputs[0], axis, x.shape[axis], variable, value, node.where)
        for axis, value in zip(self.axes, np.broadcast_arrays(*values), strict=True):
            index[axis] = value
        return tuple(index)

    def __str__(self) -> str:
        return f"{self.name}{{axes={', '.join(map(str, self.axes))}}}"


class AdvancedSubtensor(_AlongAxes):
    """The elements of a tensor at given positions along some axes.

    Args:
        axes, negative: as for `AdvancedIncSubtensor`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> AdvancedSubtensor((0,))(T.constant([5, 6, 7]), T.constant([2, 0, 2])).eval()
        array([7, 5, 7])
    """

    __props__ = ("axes", "negative")
    name = "advanced_subtensor"

    def __init__(self, axes: Sequence[int], negative: bool = True) -> None:
        self.axes = tuple(axes)
        self.negative = negative

    def make_node(self, x: Any, *indices: Any) -> Apply:
        x, found, shape = self._checked(x, indices)
        return Apply(self, [x, *found], [TensorVariable(TensorType(x.type.dtype, None, shape))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, *values = inputs
        output_storage[0][0] = np.array(x[self._index(node, x, node.inputs[1:], values)], order="C")

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        """Zeros, to which the cotangent is added at the positions, once for each time a position is given."""
        x, *indices = inputs
        zeros = call("zeros_like", x, output_grads[0].type.dtype)
        back = AdvancedIncSubtensor(self.axes, False, self.negative)(zeros, output_grads[0], *indices)
        return [back, *[None] * len(indices)]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], *[[False] for _ in node.inputs[1:]]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        indices = node.inputs[1:]
        ndim = max(len(index.type.shape) for index in indices)
        common: list[Any] = [1] * ndim
        for index, shape in zip(indices, input_shapes[1:], strict=True):
            for axis, size in enumerate(index.type.shape):
                if size != 1:
                    common[axis + ndim - len(index.type.shape)] = shape[axis]
        return [tuple(result_shape(tuple(input_shapes[0]), self.axes, common))]


class AdvancedIncSubtensor(_AlongAxes):
    """A tensor with the elements at given positions replaced by, or increased by, others.

    A position given several times is increased as often, or keeps the last value it is set to.

    Args:
        axes: the indexed axes, ascending.
        set: replace; else add.
        negative: whether negative indices count from the end.

    Example:
        >>> import interactive_sym.tensor as T
        >>> increase = AdvancedIncSubtensor((0,), set=False)
        >>> increase(T.zeros(3), T.ones(3), T.constant([0, 2, 2])).eval()
        array([1., 0., 2.])
    """

    __props__ = ("axes", "set", "negative")

    def __init__(self, axes: Sequence[int], set: bool, negative: bool = True) -> None:
        self.axes = tuple(axes)
        self.set = set
        self.negative = negative

    @property
    def name(self) -> str:
        return "advanced_set_subtensor" if self.set else "advanced_inc_subtensor"

    def make_node(self, x: Any, y: Any, *indices: Any) -> Apply:
        x, found, target = self._checked(x, indices)
        if isinstance(y, (int, float)) and not isinstance(y, bool) and x.type.dtype not in DISCRETE:
            y = constant(y, dtype=x.type.dtype)
        y = as_tensor_variable(y)
        rows = [row_of(x), row_of(y)]
        what = "set_subtensor" if self.set else "inc_subtensor"
        if upcast(x.type.dtype, y.type.dtype) != x.type.dtype:
            raise TypeError(
                message(
                    f"{what}: a tensor of {x.type.dtype} does not hold {y.type.dtype}",
                    here()[0],
                    rows,
                    cure=f"T.cast(value, '{x.type.dtype}')",
                )
            )
        if len(y.type.shape) > len(target):
            raise ValueError(
                message(f"{what}: a value of {len(y.type.shape)} dimensions for {len(target)}", here()[0], rows)
            )
        for axis, size in enumerate(y.type.shape):
            wanted = target[len(target) - len(y.type.shape) + axis]
            if size not in (None, 1) and wanted is not None and size != wanted:
                raise ValueError(
                    message(f"{what}: the value has size {size} along axis {axis}, not {wanted}", here()[0], rows)
                )
        return Apply(self, [x, call("cast", y, x.type.dtype), *found], [TensorVariable(x.type)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, y, *values = inputs
        result = np.array(x, order="C")
        index = self._index(node, x, node.inputs[2:], values)
        common = np.broadcast_shapes(*[value.shape for value in values])
        target = result_shape(x.shape, self.axes, common)
        declared = node.inputs[1].type.shape
        what = "set_subtensor" if self.set else "inc_subtensor"
        for axis, (static, mine, its) in enumerate(
            zip(declared, y.shape, target[len(target) - len(declared) :], strict=True)
        ):
            if static != 1 and mine != its:
                raise ValueError(message(f"{what}: the value has size {mine} along axis {axis}, not {its}", node.where))
        with np.errstate(all="ignore"):
            if self.set:
                result[index] = y
            else:
                np.add.at(result, index, y)
        output_storage[0][0] = result

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        """The value gets its part of the cotangent; where that was replaced, the tensor gets none of it."""
        indices = inputs[2:]
        g: Any = output_grads[0]
        part = AdvancedSubtensor(self.axes, self.negative)(g, *indices)
        zero = constant(np.asarray(0, dtype=g.type.dtype))
        whole = AdvancedIncSubtensor(self.axes, True, self.negative)(g, zero, *indices) if self.set else g
        return [whole, part, *[None] * len(indices)]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [True], *[[False] for _ in node.inputs[2:]]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(input_shapes[0])]


# -- masks -------------------------------------------------------------------------------------------------------------


class Mask(Op):
    """A boolean tensor whose sizes are checked against those of the axes it indexes."""

    family = "indexing"
    name = "mask"
    gradient_stops = "a choice of elements"

    def make_node(self, mask: Any, *sizes: Any) -> Apply:
        mask = as_tensor_variable(mask)
        wanted = [as_tensor_variable(size) for size in sizes]
        if mask.type.dtype != "bool" or len(wanted) != len(mask.type.shape):
            raise TypeError(message(f"mask wants booleans and a size for each dimension, got {mask.type}", here()[0]))
        for axis, (mine, size) in enumerate(zip(mask.type.shape, wanted, strict=True)):
            known = known_size(size)
            if mine is not None and known is not None and mine != known:
                raise _mask_differs(mask, axis, mine, known, here()[0])
        return Apply(self, [mask, *wanted], [TensorVariable(mask.type)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        mask, *sizes = inputs
        for axis, (mine, size) in enumerate(zip(mask.shape, sizes, strict=True)):
            if mine != size:
                raise _mask_differs(node.inputs[0], axis, mine, int(size), node.where)
        output_storage[0][0] = mask.copy()

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False] for _ in node.inputs]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(input_shapes[0])]


def _mask_differs(mask: Any, axis: int, mine: int, size: int, where: Any) -> IndexError:
    return IndexError(
        message(f"a mask of size {mine} along axis {axis} indexes an axis of size {size}", where, [row_of(mask)])
    )


class FlatNonzero(Op):
    """Where a boolean vector is true: int64 positions, ascending. Its second input is how many there are."""

    family = "indexing"
    name = "flatnonzero"
    gradient_stops = "integer positions"
    library_c = LibraryCall(
        "arrays.h", "isym_flatnonzero", ("flatnonzero: the number of true elements is not the one given",)
    )

    def make_node(self, mask: Any, count: Any) -> Apply:
        mask, count = as_tensor_variable(mask), as_tensor_variable(count)
        if mask.type.dtype != "bool" or len(mask.type.shape) != 1 or count.type.dtype != "int64":
            raise TypeError(message(f"flatnonzero wants a boolean vector, got {mask.type}", here()[0]))
        length = int(count.data) if isinstance(count, Constant) else None
        return Apply(self, [mask, count], [TensorVariable(TensorType("int64", None, (length,)))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        output_storage[0][0] = np.flatnonzero(inputs[0])

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False], [False]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        count = node.inputs[1]
        return [(int(count.data) if isinstance(count, Constant) else count,)]


def _positions(mask: Any) -> Any:
    """Where a boolean tensor, flattened, is true."""
    flat = call("flatten", mask)
    if isinstance(flat, Constant) or isinstance(mask, Constant):
        return constant(np.flatnonzero(mask.data))
    return FlatNonzero()(flat, call("sum", flat, dtype="int64"))


@public
def flatnonzero(a: Any) -> Any:
    """Where the elements of `a`, flattened in C order, are not 0: an int64 vector.

    Args:
        a: a tensor of any shape and element type.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.flatnonzero(T.constant([[0, 3], [4, 0]])).eval().tolist()
        [1, 2]
    """
    a = as_tensor_variable(a)
    return _positions(a if a.type.dtype == "bool" else call("neq", a, 0))


@public
def nonzero(a: Any, return_matrix: bool = False) -> Any:
    """Where the elements of `a` are not 0.

    Args:
        a: a tensor of at least 1 dimension.
        return_matrix: return one matrix `(ndim, count)` instead of a tuple of vectors.

    Returns:
        For each dimension an int64 vector `(count,)` of indices, in C order of the elements.

    Raises:
        ValueError: `a` has no dimension.

    Example:
        >>> import interactive_sym.tensor as T
        >>> rows, columns = T.nonzero(T.constant([[0, 3], [4, 0]]))
        >>> rows.eval().tolist(), columns.eval().tolist()
        ([0, 1], [1, 0])
    """
    a = as_tensor_variable(a)
    ndim = len(a.type.shape)
    if ndim == 0:
        raise ValueError(message("nonzero wants at least 1 dimension, got 0", here()[0]))
    flat = flatnonzero(a)
    found, rest = [], flat
    for size in reversed(sizes_of(a)[1:]):
        found.append(call("mod", rest, size))
        rest = call("int_div", rest, size)
    indices = (rest, *reversed(found))
    return call("stack", list(indices)) if return_matrix else indices


@public
def nonzero_values(a: Any) -> Any:
    """The elements of `a` that are not 0: a vector, in C order.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.nonzero_values(T.constant([[0, 3], [4, 0]])).eval().tolist()
        [3, 4]
    """
    a = as_tensor_variable(a)
    return AdvancedSubtensor((0,))(call("flatten", a), flatnonzero(a))


# -- from a user's index -----------------------------------------------------------------------------------------------


def is_advanced(index: Any) -> bool:
    """Whether a user's index holds an array, a list, a mask or a bool."""
    items = index if isinstance(index, tuple) else (index,)
    for item in items:
        if isinstance(item, (list, tuple, bool, np.bool_)):
            return True
        if isinstance(item, np.ndarray) and (item.ndim > 0 or item.dtype == bool):
            return True
        if not isinstance(item, Variable) or not isinstance(item.type, TensorType):
            continue
        if len(item.type.shape) > 0 or item.type.dtype == "bool":
            return True
    return False


def _as_items(index: Any) -> list[tuple[str, Any]]:
    """The entries of a user's index: ("basic", slice, None or Ellipsis), ("mask", tensor) or ("index", tensor)."""
    items: list[tuple[str, Any]] = []
    for item in index if isinstance(index, tuple) else (index,):
        if item is None or item is ... or isinstance(item, slice):
            items.append(("basic", item))
            continue
        if not _holds_bool(item):
            found = item if isinstance(item, Variable) else np.asarray(item) if isinstance(item, np.ndarray) else None
            if found is not None:
                found = as_tensor_variable(found)
                if found.type.dtype == "bool":
                    if not len(found.type.shape):
                        raise IndexError(message("a mask has at least 1 dimension, got 0", here()[0]))
                    items.append(("mask", found))
                    continue
        items.append(("index", _as_index(item)))
    return items


def _uses(kind: str, item: Any) -> int:
    """How many axes an entry indexes."""
    if kind == "basic":
        return 0 if item is None or item is ... else 1
    return len(item.type.shape) if kind == "mask" else 1


def advanced_getitem(x: Any, index: Any) -> Any:
    """`x[index]`, where the index holds arrays or masks; see `getitem`."""
    x = as_tensor_variable(x)
    items = _as_items(index)
    ndim = len(x.type.shape)
    used = sum(_uses(kind, item) for kind, item in items)
    ellipses = [k for k, (kind, item) in enumerate(items) if kind == "basic" and item is ...]
    if len(ellipses) > 1:
        raise IndexError(message("an index can have one Ellipsis only", here()[0]))
    if used > ndim:
        raise IndexError(message(f"{used} indices for a tensor of {ndim} dimensions", here()[0], [row_of(x)]))
    if ellipses:
        items[ellipses[0] : ellipses[0] + 1] = [("basic", slice(None))] * (ndim - used)
    basic: list[Any] = []
    groups: list[int] = []  # how many neighbouring axes of the basic part become one axis
    axes: list[int] = []
    indices: list[Any] = []
    for kind, item in items:
        if kind == "basic":
            basic.append(item)
            groups.append(1)
            continue
        axes.append(len(groups))
        groups.append(_uses(kind, item))
        basic += [slice(None)] * _uses(kind, item)
        indices.append(item)
    plain = all(isinstance(item, slice) and item == slice(None) for item in basic)
    part = x if plain else call("getitem", x, tuple(basic))
    groups += [1] * (len(part.type.shape) - sum(groups))
    starts = [sum(groups[:k]) for k in range(len(groups))]
    for k, (axis, (kind, item)) in enumerate(zip(axes, [e for e in items if e[0] != "basic"], strict=True)):
        if kind == "mask":
            indices[k] = _positions(_fitted(item, part, starts[axis]))
    if any(count > 1 for count in groups):
        sizes = sizes_of(part)
        merged = [_product(sizes[start : start + count]) for start, count in zip(starts, groups, strict=True)]
        part = call("reshape", part, merged)
    result = AdvancedSubtensor(axes)(part, *indices)
    result.tag.indexed = x
    return result


def _fitted(mask: Any, x: Any, first: int) -> Any:
    """A mask of the axes of `x` from `first` on, checked where sizes are not known to agree."""
    shape = x.type.shape[first : first + len(mask.type.shape)]
    if shape == mask.type.shape and None not in shape:
        return mask
    return Mask()(mask, *[size_of(x, first + k) for k in range(len(shape))])


def _product(sizes: Sequence[Any]) -> Any:
    known = [known_size(size) for size in sizes]
    if None not in known:
        return constant(math.prod(size for size in known if size is not None), dtype="int64")
    return sizes[0] if len(sizes) == 1 else call("mul", *sizes)


def advanced_changed(part: Any, y: Any, set_: bool) -> Any:
    """`part` is x[index] by arrays or masks; the x whose elements there are set or increased."""
    node = part.owner
    inner, *indices = node.inputs
    origin = getattr(part.tag, "indexed", inner)
    mask = _mask_of(node, origin)
    y_scalar = isinstance(y, (int, float)) or (isinstance(y, Variable) and y.type.ndim == 0)
    if mask is not None and y_scalar and not isinstance(y, bool):
        value = AdvancedIncSubtensor(node.op.axes, set_)(inner, y, *indices).owner.inputs[1]  # checked and cast
        kept: Any = origin
        return call("switch", mask, value if set_ else kept + value, kept)
    changed = AdvancedIncSubtensor(node.op.axes, set_, node.op.negative)(inner, y, *indices)
    current = inner
    while current is not origin:
        made = current.owner
        below = made.inputs[0]
        if isinstance(made.op, Reshape):
            changed = call("reshape", changed, call("shape", below), ndim=len(below.type.shape))
        elif isinstance(made.op, DimShuffle):
            order = made.op.new_order
            changed = DimShuffle([order.index(d) for d in range(len(below.type.shape))])(changed)
        elif isinstance(made.op, Subtensor):
            changed = IncSubtensor(made.op.entries, True)(below, changed, *made.inputs[1:])
        current = below
    return changed


def _mask_of(node: Apply, x: Any) -> Any:
    """The mask, where `node` indexes all of `x` by one mask, else None."""
    if len(node.inputs) != 2:
        return None
    made = node.inputs[1].owner
    if made is None or not isinstance(made.op, FlatNonzero):
        return None
    mask = made.inputs[0]
    if mask.owner is not None and isinstance(mask.owner.op, Reshape):
        mask = mask.owner.inputs[0]
    if len(mask.type.shape) != len(x.type.shape) or (x.type.shape != mask.type.shape and None not in x.type.shape):
        return None
    return mask


register("is_advanced", is_advanced)
register("advanced_getitem", advanced_getitem)
register("advanced_changed", advanced_changed)


# -- functions ---------------------------------------------------------------------------------------------------------


class InRange(Op):
    """Integers, checked to be at least 0 and below a size.

    Args:
        what: whose they are, for the error message.
    """

    __props__ = ("what",)
    family = "indexing"
    name = "in_range"
    gradient_stops = "integers"

    def __init__(self, what: str) -> None:
        self.what = what

    def make_node(self, x: Any, size: Any) -> Apply:
        x, size = _as_index(x), _as_index(size)
        known = known_size(size)
        if isinstance(x, Constant) and known is not None:
            self._check(x, x.data, known, here()[0])
        return Apply(self, [x, size], [TensorVariable(x.type)])

    def _check(self, x: Any, values: Any, size: int, where: Any) -> None:
        wrong = (values < 0) | (values >= size)
        if np.any(wrong):
            first = int(values[wrong].reshape(-1)[0])
            raise ValueError(message(f"{self.what}: {first} is not from 0 to {size - 1}", where, [row_of(x)]))

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, size = inputs
        self._check(node.inputs[0], x, int(size), node.where)
        output_storage[0][0] = np.array(x)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False], [False]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(input_shapes[0])]


@public
def take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
    """The elements of `a` at `indices` along an axis.

    Args:
        a: a tensor.
        indices: integers of any shape.
        axis: along which axis; None takes from `a` flattened.
        mode: what happens with an index out of range: "raise" an error (negative ones count from the end), "clip" it to
            the first or last element, "wrap" it around.

    Returns:
        `a` with axis `axis` replaced by the dimensions of `indices`.

    Raises:
        IndexError: an index is no integer, or out of range in mode "raise".
        ValueError: another mode.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.take(x, [0, 0, 7], mode="clip").eval({x: [1.0, 2.0, 3.0]}).tolist()
        [1.0, 1.0, 3.0]
    """
    a, index = as_tensor_variable(a), _as_index(indices)
    if mode not in ("raise", "clip", "wrap"):
        raise ValueError(message(f"take: mode is 'raise', 'clip' or 'wrap', not {mode!r}", here()[0]))
    if axis is None:
        a, axis = call("flatten", a), 0
    axis = normalize_axis(axis, len(a.type.shape), "take")
    index = _placed(index, size_of(a, axis), mode)
    if len(index.type.shape) == 0:
        return call("getitem", a, (*[slice(None)] * axis, index))
    return AdvancedSubtensor((axis,))(a, index)


def _placed(index: Any, size: Any, mode: str) -> Any:
    """An index clipped or wrapped to a size."""
    known = known_size(size)
    if mode == "raise":
        return index
    if isinstance(index, Constant) and known:
        return constant(np.clip(index.data, 0, known - 1) if mode == "clip" else index.data % known)
    if mode == "wrap":
        return call("mod", index, size)
    return call("maximum", call("minimum", index, size - 1), constant(0, dtype="int64"))


def _mesh(sizes: Sequence[Any], skip: int) -> list[Any]:
    """For each axis but `skip` the positions 0, 1, ... along it, as an array that is stretched along the others."""
    mesh: list[Any] = []
    for axis, size in enumerate(sizes):
        if axis == skip:
            mesh.append(None)
        else:
            order: list[Any] = ["x"] * len(sizes)
            order[axis] = 0
            mesh.append(call("dimshuffle", call("arange", size), order))
    return mesh


def take_along_axis(x: Any, indices: Any, axis: int) -> Any:
    """`y[..., k, ...] = x[..., indices[..., k, ...], ...]`: each line of `indices` takes from the same line of `x`."""
    mesh = _mesh(sizes_of(indices), axis)
    mesh[axis] = indices
    return AdvancedSubtensor(range(len(mesh)))(x, *mesh)


def put_along_axis(x: Any, indices: Any, values: Any, axis: int) -> Any:
    """`x` with `values` added at the elements that `take_along_axis` reads."""
    mesh = _mesh(sizes_of(indices), axis)
    mesh[axis] = indices
    return AdvancedIncSubtensor(range(len(mesh)), False)(x, values, *mesh)


@public
def choose(a: Any, choices: Any, out: None = None, mode: str = "raise") -> Any:
    """For each element of `a` the element at the same place of the choice it numbers.

    Args:
        a: integers.
        choices: a list of tensors, or a tensor whose first axis numbers them; they are stretched with `a` to one shape.
        out: must be None: results are new variables.
        mode: what happens with a number that is not that of a choice: "raise" an error, "clip" or "wrap" it.

    Raises:
        IndexError: `a` is not of integers.
        ValueError: another mode; or (mode "raise") a number is negative or too large, when called.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.choose([0, 1, 0], [[1, 2, 3], [10, 20, 30]]).eval().tolist()
        [1, 20, 3]
    """
    if out is not None:
        raise ValueError(message("choose: out must be None, the result is a new variable", here()[0]))
    if mode not in ("raise", "clip", "wrap"):
        raise ValueError(message(f"choose: mode is 'raise', 'clip' or 'wrap', not {mode!r}", here()[0]))
    a = _as_index(a)
    if not isinstance(choices, (list, tuple)):
        choices = as_tensor_variable(choices)
        if len(choices.type.shape) == 0:
            raise ValueError(message("choose: choices want at least 1 dimension, got 0", here()[0]))
        if choices.type.shape[0] is None:
            return _chosen_from(a, choices, mode)
        choices = [call("getitem", choices, k) for k in range(choices.type.shape[0])]
    tensors = [as_tensor_variable(choice) for choice in choices]
    if not tensors:
        raise ValueError(message("choose wants at least one choice", here()[0]))
    count = len(tensors)
    number = InRange("choose")(a, count) if mode == "raise" else _placed(a, count, mode)
    chosen = tensors[-1]
    for k in builtins.range(count - 2, -1, -1):
        chosen = call("switch", call("eq", number, k), tensors[k], chosen)
    return chosen if count > 1 else call("fill", number, chosen) if len(a.type.shape) else chosen


def _chosen_from(a: Any, choices: Any, mode: str) -> Any:
    """`choose` where the number of choices is known only when the function is called."""
    count, sizes = size_of(choices, 0), sizes_of(choices)[1:]
    number = InRange("choose")(a, count) if mode == "raise" else _placed(a, count, mode)
    ndim = builtins.max(len(a.type.shape), len(sizes))
    index = [call("shape_padleft", number, ndim - len(a.type.shape)) if ndim > len(a.type.shape) else number]
    for axis, size in enumerate(sizes):
        order: list[Any] = ["x"] * ndim
        if choices.type.shape[axis + 1] != 1:
            order[ndim - len(sizes) + axis] = 0
            index.append(call("dimshuffle", call("arange", size), order))
        else:
            index.append(constant(np.zeros((1,) * ndim, dtype="int64")))
    return AdvancedSubtensor(range(len(index)), negative=False)(choices, *index)


@public
def inverse_permutation(perm: Any) -> Any:
    """The inverse of a permutation, or of each row of a matrix of permutations: `inverse[perm[k]] = k`.

    Args:
        perm: integers `(n,)` or `(m, n)`, each row a permutation of `0, ..., n - 1`.

    Returns:
        A tensor of the shape and element type of `perm`.

    Raises:
        TypeError: `perm` is not an integer vector or matrix.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.inverse_permutation(T.constant([2, 0, 1])).eval().tolist()
        [1, 2, 0]
    """
    perm = as_tensor_variable(perm)
    if perm.type.dtype not in INTEGERS or len(perm.type.shape) not in (1, 2):
        raise TypeError(message(f"inverse_permutation wants an integer vector or matrix, got {perm.type}", here()[0]))
    sizes = sizes_of(perm)
    mesh = _mesh(sizes, len(sizes) - 1)
    mesh[-1] = call("cast", perm, "int64")
    positions = call("cast", call("arange", sizes[-1]), perm.type.dtype)
    zeros = call("zeros_like", perm)
    return AdvancedIncSubtensor(range(len(mesh)), True, negative=False)(zeros, positions, *mesh)
