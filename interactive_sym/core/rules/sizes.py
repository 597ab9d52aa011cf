"""Sizes come from the inputs, without computing values (floor D).

`shape(x)` is a vector of sizes, one entry of it is `shape_i(x, axis)`, and that is known, or the size of something
nearer to the inputs: whatever was only computed for its shape is computed no more.

Read next: `interactive_sym.core.grad`.
"""

from collections.abc import Iterator
from typing import Any

from ..graph import Apply, Variable
from ..op import call
from ..rule import rewrites
from ..types import TensorType
from .algebra import dtype_of, inputs_of, number, op_name, scalar_value

STAGE = "sizes"


class _Sizes:
    """The shape of a variable, each size asked for only when needed: what `infer_shape` of operations is given."""

    def __init__(self, variable: Variable) -> None:
        self.variable = variable

    def __len__(self) -> int:
        return len(self.variable.type.shape)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return [self[axis] for axis in range(*key.indices(len(self)))]
        axis = range(len(self))[key]
        static = self.variable.type.shape[axis]
        return call("shape_i", self.variable, axis) if static is None else static

    def __iter__(self) -> Iterator[Any]:
        return (self[axis] for axis in range(len(self)))

    def __add__(self, other: Any) -> list[Any]:
        return [*self, *other]


def size(variable: Variable, axis: int) -> Any:
    """The size of `variable` along `axis` from sizes of what it is computed from: an int or a scalar variable."""
    while True:
        static = variable.type.shape[axis]
        node = variable.owner
        if static is not None or node is None:
            break
        try:
            shapes = node.op.infer_shape(node, [_Sizes(x) for x in node.inputs])
        except TypeError:
            break
        found = shapes[variable.index or 0][axis]
        if not isinstance(found, Variable):
            return int(found)
        source = found.owner
        if source is None or source.op.name != "shape_i":
            return found
        if source.inputs[0] is variable:
            break
        variable, axis = source.inputs[0], source.op.axis
    return call("shape_i", variable, axis) if static is None else static


@rewrites(
    "shape",
    name="shape_from_sizes",
    stage=STAGE,
    why="A shape is the vector of the sizes, each of which may be known or come from elsewhere.",
    aliases=("local_shape_to_shape_i", "ShapeOpt"),
)
def shape_from_sizes(node: Apply) -> Variable | None:
    x = node.inputs[0]
    if not isinstance(x.type, TensorType):
        return None
    sizes = [_as_scalar(size(x, axis)) for axis in range(len(x.type.shape))]
    result: Variable = call("make_vector", *sizes, dtype="int64")
    return result


def _as_scalar(value: Any) -> Variable:
    return value if isinstance(value, Variable) else number(value, "int64")


@rewrites(
    "shape_i",
    name="size_from_inputs",
    stage=STAGE,
    why="The size of a result follows from the sizes of what it is computed from: the result itself is not needed.",
    aliases=("shape_promotion", "local_track_shape_i", "local_shape_i_lift"),
)
def size_from_inputs(node: Apply) -> Variable | None:
    x = node.inputs[0]
    found = size(x, node.op.axis)
    if isinstance(found, Variable) and op_name(found) == "shape_i" and found.owner.inputs[0] is x:  # type: ignore[union-attr]
        return None
    return _as_scalar(found)


@rewrites(
    "fill",
    name="fill_to_alloc",
    stage=STAGE,
    why="To fill a shape only the sizes are needed, not the values of what has that shape.",
    aliases=("local_fill_to_alloc",),
)
def fill_to_alloc(node: Apply) -> Variable | None:
    shape, value = node.inputs
    if len(shape.type.shape) < len(value.type.shape):
        return None
    sizes = [_as_scalar(size(shape, axis)) for axis in range(len(shape.type.shape))]
    result: Variable = call("alloc", value, *sizes)
    return result if result.type == node.outputs[0].type else None


@rewrites(
    "subtensor",
    name="entry_of_shape",
    stage=STAGE,
    why="One entry of a shape is the size along that axis.",
    aliases=("local_shape_to_shape_i_entry",),
)
def entry_of_shape(node: Apply) -> Variable | None:
    position = _constant_position(node)
    inner = inputs_of(node.inputs[0], "shape")
    if position is None or not inner:
        return None
    ndim = len(inner[0].type.shape)
    return _as_scalar(size(inner[0], position % ndim)) if -ndim <= position < ndim else None


@rewrites(
    "subtensor",
    name="entry_of_vector",
    stage=STAGE,
    why="One entry of a vector made of scalars is that scalar.",
    aliases=("local_subtensor_make_vector",),
)
def entry_of_vector(node: Apply) -> Variable | None:
    if op_name(node.inputs[0]) != "make_vector":
        return None
    entries = node.inputs[0].owner.inputs  # type: ignore[union-attr]
    position = _constant_position(node)
    if position is not None:
        return entries[position] if -len(entries) <= position < len(entries) else None
    if len(node.op.entries) != 1:
        return None
    bounds = [scalar_value(x) for x in node.inputs[1:]]
    if None in bounds:
        return None
    values = iter(bounds)
    start, stop, step = (next(values) if given else None for given in node.op.entries[0][1:])
    chosen = entries[slice(start, stop, step)]
    result: Variable = call("make_vector", *chosen, dtype=dtype_of(node.outputs[0]))
    return result


def _constant_position(node: Apply) -> int | None:
    """The index of a `x[k]` with constant k; None for other indexing."""
    if tuple(node.op.entries) != (("i",),):
        return None
    value = scalar_value(node.inputs[1])
    return None if value is None else int(value)


@rewrites(
    "subtensor",
    name="subtensor_of_set_subtensor",
    stage=STAGE,
    why="What was just set is what is read.",
    aliases=("local_subtensor_inc_subtensor",),
)
def subtensor_of_set_subtensor(node: Apply) -> Variable | None:
    if op_name(node.inputs[0]) != "set_subtensor":
        return None
    maker = node.inputs[0].owner
    assert maker is not None
    value = maker.inputs[1]
    alike = maker.op.entries == node.op.entries and maker.inputs[2:] == node.inputs[1:]
    return value if alike and value.type == node.outputs[0].type else None
