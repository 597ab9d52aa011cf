"""Indexing with integers, slices, None and Ellipsis; tensors with some elements changed (floor B).

Arrays and masks as indices are in `advanced`.

Index values are inputs of the node, int64 scalars, so that a function compiled once serves every index.

Read next: `advanced`, `linalg`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..constants import as_tensor_variable, constant
from ..errors import message
from ..graph import Apply, Constant, Variable
from ..op import Op, call, public
from ..source import here
from ..types import DISCRETE, INTEGERS, TensorType, upcast
from ..variable import TensorVariable
from .shape import DimShuffle, known_size

#: One entry for each leading axis: `("i",)` takes one index value; `("s", start, stop, step)` one for each True.
Entry = tuple[Any, ...]
FULL: Entry = ("s", False, False, False)


def _slots(entries: Sequence[Entry]) -> int:
    return sum(1 if entry[0] == "i" else sum(entry[1:]) for entry in entries)


def _index(entries: Sequence[Entry], values: Sequence[Any]) -> list[Any]:
    """The ints and slices meant by entries and their values (None stands for a value not known)."""
    remaining, index = iter(values), []
    for entry in entries:
        if entry[0] == "i":
            index.append(next(remaining))
        else:
            index.append(slice(*[next(remaining) if given else None for given in entry[1:]]))
    return index


def _out_of_range(x: Any, axis: int, index: int, size: int, where: Any, index_variable: Any) -> IndexError:
    made = getattr(index_variable.owner, "where", None)
    return IndexError(
        message(
            f"index {index} is out of range for axis {axis} of size {size}",
            where,
            operands=[
                (str(x)[:30], x.type.dtype, x.type.form, "indexed"),
                (str(index_variable)[:30], "index", str(index), f"made at {made.label}" if made is not None else ""),
            ],
        )
    )


def _checked_index(node: Apply, entries: Sequence[Entry], x: Any, values: Sequence[Any], first: int) -> tuple[Any, ...]:
    """The NumPy index, its integers checked against the sizes of the array `x`."""
    index = _index(entries, [int(value) for value in values])
    position = first
    for axis, entry in enumerate(index):
        if isinstance(entry, int):
            if not -x.shape[axis] <= entry < x.shape[axis]:
                raise _out_of_range(node.inputs[0], axis, entry, x.shape[axis], node.where, node.inputs[position])
            position += 1
        else:
            position += sum(entries[axis][1:])
            if entry.step == 0:
                raise ValueError(message("a slice's step can't be 0", node.where))
    return tuple(index)


def _known_values(values: Sequence[Any]) -> list[Any]:
    """Index values where they are known, else `Ellipsis`."""
    return [... if (known := known_size(value)) is None else known for value in values]


def _indexed_shape(x: Any, entries: Sequence[Entry], values: Sequence[Any]) -> list[int | None]:
    """The static shape of `x` indexed; IndexError where an index is known to be out of range."""
    index = _index(entries, _known_values(values))
    shape: list[int | None] = []
    position = 0
    for axis, (entry, size) in enumerate(zip(index, x.type.shape)):
        if entries[axis][0] == "i":
            if size is not None and entry is not ... and not -size <= entry < size:
                raise _out_of_range(x, axis, entry, size, here()[0], values[position])
            position += 1
            continue
        position += sum(entries[axis][1:])
        if entry.step == 0:
            raise ValueError(message("a slice's step can't be 0", here()[0]))
        unknown = size is None or ... in (entry.start, entry.stop, entry.step)
        shape.append(None if unknown else len(range(*entry.indices(size))))
    return shape + list(x.type.shape[len(entries) :])


def _length(entry: Entry, values: Sequence[Any], size: Any) -> Any:
    """The symbolic length of a slice of an axis of length `size`. TypeError where the step is not known."""
    cut = _index([entry], values)[0]
    start, stop, step = cut.start, cut.stop, cut.step
    by = 1 if step is None else known_size(step)
    if not by:
        raise TypeError("the length of a slice with a symbolic step is not inferred")
    size = as_tensor_variable(size)
    low, high = (0, size) if by > 0 else (-1, size - 1)

    def placed(value: Any, default: Any) -> Any:
        if value is None:
            return default
        known = known_size(value)
        if known is not None and known >= 0:
            return call("minimum", value, high)
        from_end = call("maximum", value + size, low)
        return from_end if known is not None else call("switch", value < 0, from_end, call("minimum", value, high))

    if by > 0:
        distance = placed(stop, size) - placed(start, 0)
    else:
        distance = placed(start, size - 1) - placed(stop, -1)
    covered = call("maximum", distance, 0)
    length = covered if abs(by) == 1 else call("int_div", covered + (abs(by) - 1), abs(by))
    return call("cast", length, "int64")


class Subtensor(Op):
    """Part of a tensor, given by integers and slices.

    Args:
        entries: see `Entry`; axes after them are taken whole.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.dmatrix("x")[1:, 0].owner.op.entries
        (('s', True, False, False), ('i',))
    """

    __props__ = ("entries",)
    family = "indexing"
    name = "subtensor"

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = tuple(entries)

    def __str__(self) -> str:
        return f"subtensor{{{entries_text(self.entries)}}}"

    def make_node(self, x: Any, *values: Any) -> Apply:
        x = as_tensor_variable(x)
        values = tuple(_index_value(value) for value in values)
        _check_entries(x, self.entries, values)
        shape = _indexed_shape(x, self.entries, values)
        return Apply(self, [x, *values], [TensorVariable(TensorType(x.type.dtype, None, shape))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, *values = inputs
        output_storage[0][0] = np.asarray(x[_checked_index(node, self.entries, x, values, 1)])

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        """Zeros, with the cotangent at the indexed place."""
        x, *values = inputs
        zeros = call("zeros_like", x, output_grads[0].type.dtype)
        return [IncSubtensor(self.entries, False)(zeros, output_grads[0], *values), *[None] * len(values)]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], *[[False] for _ in node.inputs[1:]]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        static = node.outputs[0].type.shape
        sizes: list[Any] = []
        position = 1
        for axis, entry in enumerate(self.entries):
            if entry[0] == "i":
                position += 1
                continue
            used = sum(entry[1:])
            known = static[len(sizes)]
            values = node.inputs[position : position + used]
            sizes.append(
                known
                if known is not None
                else input_shapes[0][axis]
                if entry == FULL
                else _length(entry, values, input_shapes[0][axis])
            )
            position += used
        return [(*sizes, *input_shapes[0][len(self.entries) :])]


class IncSubtensor(Op):
    """A tensor with a part replaced by, or increased by, another.

    Args:
        entries: which part; see `Subtensor`.
        set: replace; else add.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.inc_subtensor(T.zeros(4)[1:3], 5.0).owner.op
        inc_subtensor{i:i}
    """

    __props__ = ("entries", "set")
    family = "indexing"

    def __init__(self, entries: Sequence[Entry], set: bool) -> None:
        self.entries = tuple(entries)
        self.set = set

    @property
    def name(self) -> str:
        return "set_subtensor" if self.set else "inc_subtensor"

    @property
    def set_instead_of_inc(self) -> bool:
        """`set`, under the name programs know."""
        return self.set

    def __str__(self) -> str:
        return f"{self.name}{{{entries_text(self.entries)}}}"

    def make_node(self, x: Any, y: Any, *values: Any) -> Apply:
        x = as_tensor_variable(x)
        values = tuple(_index_value(value) for value in values)
        _check_entries(x, self.entries, values)
        target = _indexed_shape(x, self.entries, values)
        if isinstance(y, (int, float)) and not isinstance(y, bool) and x.type.dtype not in DISCRETE:
            y = constant(y, dtype=x.type.dtype)
        y = as_tensor_variable(y)
        rows = [(str(v)[:30], v.type.dtype, v.type.form) for v in (x, y)]
        if upcast(x.type.dtype, y.type.dtype) != x.type.dtype:
            raise TypeError(
                message(
                    f"{self.name}: a tensor of {x.type.dtype} does not hold {y.type.dtype}",
                    here()[0],
                    rows,
                    cure=f"T.cast(value, '{x.type.dtype}')",
                )
            )
        if len(y.type.shape) > len(target):
            raise ValueError(
                message(f"{self.name}: a value of {len(y.type.shape)} dimensions for {len(target)}", here()[0], rows)
            )
        for axis, size in enumerate(y.type.shape):
            wanted = target[len(target) - len(y.type.shape) + axis]
            if size not in (None, 1) and wanted is not None and size != wanted:
                raise ValueError(
                    message(f"{self.name}: the value has size {size} along axis {axis}, not {wanted}", here()[0], rows)
                )
        return Apply(self, [x, call("cast", y, x.type.dtype), *values], [TensorVariable(x.type)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, y, *values = inputs
        result = np.array(x, order="C")
        index = _checked_index(node, self.entries, result, values, 2)
        target = result[index] if index else result[...]
        declared = node.inputs[1].type.shape
        for axis, (static, mine, its) in enumerate(
            zip(declared, y.shape, np.shape(target)[np.ndim(target) - len(declared) :])
        ):
            if static != 1 and mine != its:
                raise ValueError(
                    message(f"{self.name}: the value has size {mine} along axis {axis}, not {its}", node.where)
                )
        with np.errstate(all="ignore"):
            if self.set:
                result[index] = y
            else:
                result[index] += y
        output_storage[0][0] = result

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        """The value gets its part of the cotangent; where that was replaced, the tensor gets none of it."""
        values = inputs[2:]
        g: Any = output_grads[0]
        part = Subtensor(self.entries)(g, *values)
        zero = constant(np.asarray(0, dtype=g.type.dtype))
        whole = IncSubtensor(self.entries, True)(g, zero, *values) if self.set else g
        return [whole, part, *[None] * len(values)]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [True], *[[False] for _ in node.inputs[2:]]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(input_shapes[0])]


def entries_text(entries: Sequence[Entry]) -> str:
    """Entries as people write an index: `i, i:, ::i`, where `i` is an index value."""
    texts = []
    for entry in entries:
        if entry[0] == "i":
            texts.append("i")
        else:
            start, stop, step = ("i" if given else "" for given in entry[1:])
            texts.append(f"{start}:{stop}" + (f":{step}" if step else ""))
    return ", ".join(texts) or "..."


def _check_entries(x: Any, entries: Sequence[Entry], values: Sequence[Any]) -> None:
    if len(entries) > len(x.type.shape):
        sentence = f"{len(entries)} indices for a tensor of {len(x.type.shape)} dimensions"
        raise IndexError(message(sentence, here()[0], [(str(x), x.type)]))
    if _slots(entries) != len(values):
        raise ValueError(f"{_slots(entries)} index values are wanted, got {len(values)}")


_ACCEPTED = "an index is made of integers, slices, None, Ellipsis, integer arrays and boolean masks"


def _index_value(value: Any) -> Any:
    """An int64 scalar from an int or a symbolic integer scalar; IndexError for anything else."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_)):
        return constant(int(value), dtype="int64")
    if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iu":
        return constant(int(value), dtype="int64")
    if isinstance(value, Variable) and isinstance(value.type, TensorType):
        if value.type.dtype in INTEGERS and len(value.type.shape) == 0:
            if isinstance(value, Constant):
                return constant(int(value.data), dtype="int64")
            return call("cast", value, "int64")
        raise IndexError(message(f"{value} of {value.type} is no index: {_ACCEPTED}", here()[0]))
    raise IndexError(message(f"{value!r:.60} is no index: {_ACCEPTED}", here()[0]))


def _parsed(x: Any, index: Any) -> tuple[list[Entry], list[Any], list[int]]:
    """Entries and index values of a user's index, and at which dimensions of the result None adds one."""
    items = list(index) if isinstance(index, tuple) else [index]
    ellipses = sum(1 for item in items if item is ...)
    if ellipses > 1:
        raise IndexError(message("an index can have one Ellipsis only", here()[0]))
    ndim = len(x.type.shape)
    used = sum(1 for item in items if item is not None and item is not ...)
    if used > ndim:
        raise IndexError(message(f"{used} indices for a tensor of {ndim} dimensions", here()[0], [(str(x), x.type)]))
    if ellipses:
        place = next(k for k, item in enumerate(items) if item is ...)
        items[place : place + 1] = [slice(None)] * (ndim - used)
    entries: list[Entry] = []
    values: list[Any] = []
    added: list[int] = []
    dimensions = 0
    for item in items:
        if item is None:
            added.append(dimensions)
            dimensions += 1
        elif isinstance(item, slice):
            parts = [_none_if_constant_none(part) for part in (item.start, item.stop, item.step)]
            entries.append(("s", *[part is not None for part in parts]))
            values.extend(_index_value(part) for part in parts if part is not None)
            dimensions += 1
        else:
            entries.append(("i",))
            values.append(_index_value(item))
    while entries and entries[-1] == FULL:
        entries.pop()
    return entries, values, added


def _none_if_constant_none(part: Any) -> Any:
    return None if isinstance(part, Constant) and part.data is None else part


@public
def getitem(x: Any, index: Any) -> Any:
    """`x[index]`.

    Args:
        x: a tensor.
        index: integers, symbolic integer scalars, slices of them, None (adds a dimension of size 1) and Ellipsis;
            integer arrays and boolean masks, symbolic or not, as in NumPy.

    Raises:
        IndexError: too many indices, an index that is none of these, or out of range (at once where the size is known,
            else when called).

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, k = T.dmatrix("x"), T.lscalar("k")
        >>> x[k].type, x[1:, None].type, x[..., -1].type
        (TensorType(float64, vector), TensorType(float64, (?, 1, ?)), TensorType(float64, vector))
    """
    x = as_tensor_variable(x)
    if call("is_advanced", index):
        return call("advanced_getitem", x, index)
    entries, values, added = _parsed(x, index)
    part = x if added and not entries else Subtensor(entries)(x, *values)
    if not added:
        return part
    order: list[Any] = list(range(len(part.type.shape)))
    for position in added:
        order.insert(position, "x")
    return DimShuffle(order)(part)


def _changed(part: Any, y: Any, set_: bool, name: str) -> Any:
    """`part` is x[index], perhaps with dimensions shuffled after; the x whose elements there are set or increased."""
    owner = part.owner if isinstance(part, Variable) else None
    if owner is not None and owner.op.name == "advanced_subtensor":
        return call("advanced_changed", part, y, set_)
    if owner is not None and isinstance(owner.op, Subtensor):
        x, *values = owner.inputs
        return IncSubtensor(owner.op.entries, set_)(x, y, *values)
    if owner is not None and isinstance(owner.op, DimShuffle):
        inner, order = owner.inputs[0], owner.op.new_order
        if not (isinstance(y, (int, float)) and not isinstance(y, bool)):
            y = as_tensor_variable(y)
            if len(y.type.shape) > len(order):
                raise ValueError(
                    message(f"{name}: a value of {len(y.type.shape)} dimensions for {len(order)}", here()[0])
                )
            y = call("shape_padleft", y, len(order) - len(y.type.shape))
            y = DimShuffle([order.index(d) if d in order else "x" for d in range(len(inner.type.shape))])(y)
        if inner.owner is not None and inner.owner.op.name in ("subtensor", "advanced_subtensor", "dimshuffle"):
            return _changed(inner, y, set_, name)
        return IncSubtensor((), set_)(inner, y)
    raise TypeError(
        message(
            f"{name} wants an indexed tensor, got {part}", here()[0], cure=f"T.{name}(x[2:5], value); x[:] is all of x"
        )
    )


@public
def set_subtensor(x: Any, y: Any, inplace: bool = False, tolerate_inplace_aliasing: bool = False) -> Any:
    """A tensor with some elements replaced: `set_subtensor(x[index], y)` is x with `x[index]` set to `y`.

    Args:
        x: an indexed tensor, as `x[1:3]`.
        y: the new elements; stretches to the shape of `x[index]`, and is of an element type that `x` holds.
        inplace, tolerate_inplace_aliasing: accepted for old programs; memory is reused where that is safe.

    Raises:
        TypeError: the first argument is not indexed, or `x` does not hold the element type of `y`.
        ValueError: `y` does not stretch to the indexed shape.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.set_subtensor(x[1:], 0.0).eval({x: [1.0, 2.0, 3.0]})
        array([1., 0., 0.])
    """
    return _changed(x, y, True, "set_subtensor")


@public
def inc_subtensor(
    x: Any, y: Any, inplace: bool = False, set_instead_of_inc: bool = False, tolerate_inplace_aliasing: bool = False
) -> Any:
    """A tensor with some elements increased: `inc_subtensor(x[index], y)` is x with `y` added to `x[index]`.

    Arguments and errors as for `set_subtensor`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.inc_subtensor(x[0], 10).eval({x: [1.0, 2.0]})
        array([11.,  2.])
    """
    return _changed(x, y, set_instead_of_inc, "inc_subtensor")
