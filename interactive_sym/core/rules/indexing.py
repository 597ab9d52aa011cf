"""Only the elements that are read are computed (floor D).

An index goes inwards: through elementwise operations, products of matrices, reductions and reordered dimensions, as
long as no one else reads what they compute; indices of indexed tensors become one.

Read next: `sizes`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from ..graph import Apply, Variable
from ..op import call
from ..ops.elementwise import Elementwise
from ..ops.indexing import FULL, Entry, Subtensor
from ..ops.reduce import Reduce
from ..ops.shape import DimShuffle, known_size
from ..rule import rewrites
from .algebra import inputs_of, number

STAGE = "indexing"

#: An entry of an index with its values: one for an integer, start, stop and step (None where not given) for a slice.
Part = tuple[Entry, tuple[Any, ...]]
WHOLE: Part = (FULL, ())


def parts_of(node: Apply) -> list[Part]:
    """The entries of a `subtensor` node, each with its own index values."""
    remaining = iter(node.inputs[1:])
    return [
        (entry, tuple(next(remaining) for _ in range(1 if entry[0] == "i" else sum(entry[1:]))))
        for entry in node.op.entries
    ]


def indexed(x: Variable, parts: Sequence[Part]) -> Variable:
    """`x` with the parts applied to its leading axes."""
    parts = list(parts)
    while parts and parts[-1] == WHOLE:
        parts.pop()
    if not parts:
        return x
    result: Variable = Subtensor([entry for entry, _ in parts])(x, *(value for _, values in parts for value in values))
    return result


def shrinks(parts: Sequence[Part]) -> bool:
    """Whether the parts may leave elements out; a mere reversal does not."""
    return any(entry[0] == "i" or entry[1] or entry[2] or (entry[3] and known_size(values[-1]) not in (1, -1))
               for entry, values in parts)  # fmt: skip


def _same_type(new: Variable, node: Apply) -> Variable | None:
    return new if new.type == node.outputs[0].type else None


@rewrites(
    "subtensor",
    name="subtensor_of_elementwise",
    stage=STAGE,
    alone=True,
    why="Of an elementwise result only what is read is computed: (x + y)[i] is x[i] + y[i].",
    aliases=("local_subtensor_lift",),
)
def subtensor_of_elementwise(node: Apply) -> Variable | None:
    whole = node.inputs[0]
    maker = whole.owner
    if maker is None or not isinstance(maker.op, Elementwise):
        return None
    parts = parts_of(node)
    if any(size == 1 and part != WHOLE for size, part in zip(whole.type.shape, parts)):
        return None  # no operand would be left to check the index
    ndim = len(whole.type.shape)
    operands = []
    for x in maker.inputs:
        mine = []
        for axis, part in enumerate(parts):
            own = axis - ndim + len(x.type.shape)
            if own < 0:
                continue
            stretched = x.type.shape[own] == 1
            mine.append(_first(part) if stretched else part)
        operands.append(indexed(x, mine))
    return _same_type(maker.op(*operands), node)


def _first(part: Part) -> Part:
    """What an index means for a dimension of size 1 that stretches."""
    return (("i",), (number(0, "int64"),)) if part[0] == ("i",) else WHOLE


@rewrites(
    "subtensor",
    name="subtensor_of_dot",
    stage=STAGE,
    operands=("dot",),
    alone=True,
    changes="last digits",
    why="Of a product of matrices only what is read is computed: dot(A, B)[i] is dot(A[i], B).",
    aliases=("local_subtensor_of_dot",),
)
def subtensor_of_dot(node: Apply) -> Variable | None:
    factors = inputs_of(node.inputs[0], "dot")
    parts = parts_of(node)
    if not factors or not shrinks(parts):
        return None
    left, right = factors
    rows = len(left.type.shape) - 1
    if any(size == 1 and part != WHOLE for size, part in zip(node.inputs[0].type.shape, parts)):
        return None
    result: Variable = call("dot", indexed(left, parts[:rows]), indexed(right, [WHOLE, *parts[rows:]]))
    return _same_type(result, node)


@rewrites(
    "subtensor",
    name="subtensor_of_reduction",
    stage=STAGE,
    alone=True,
    changes="last digits",
    why="Of sums over rows (or other reductions) only those that are read are computed.",
)
def subtensor_of_reduction(node: Apply) -> Variable | None:
    maker = node.inputs[0].owner
    parts = parts_of(node)
    if maker is None or not isinstance(maker.op, Reduce) or not shrinks(parts):
        return None
    op, (x,) = maker.op, maker.inputs
    kept = iter(parts)
    inner = [WHOLE if axis in op.axis else next(kept, WHOLE) for axis in range(len(x.type.shape))]
    gone = [axis for axis, part in enumerate(inner) if part[0] == ("i",)]
    axes = tuple(axis - sum(other < axis for other in gone) for axis in op.axis)
    return _same_type(Reduce(op.kind, axes, op.dtype, op.acc_dtype)(indexed(x, inner)), node)


@rewrites(
    "subtensor",
    name="subtensor_of_dimshuffle",
    stage=STAGE,
    operands=("dimshuffle",),
    why="An index into reordered dimensions is one into the original's, where it may go on inwards.",
    aliases=("local_subtensor_of_dimshuffle",),
)
def subtensor_of_dimshuffle(node: Apply) -> Variable | None:
    maker = node.inputs[0].owner
    if maker is None or maker.op.name != "dimshuffle" or not _computed(maker.inputs[0]):
        return None
    x = maker.inputs[0]
    inner: list[Part] = [WHOLE] * len(x.type.shape)
    order: list[Any] = []
    for place, part in zip(maker.op.new_order, _padded(parts_of(node), len(maker.op.new_order)), strict=True):
        if place == "x":
            if part != WHOLE:
                return None
            order.append("x")
        else:
            inner[place] = part
            if part[0] != ("i",):
                order.append(place)
    gone = [axis for axis, part in enumerate(inner) if part[0] == ("i",)]
    order = [place if place == "x" else place - sum(other < place for other in gone) for place in order]
    return _same_type(DimShuffle(order)(indexed(x, inner)), node)


def _computed(x: Variable) -> bool:
    """Whether an index may go through what makes `x`."""
    return x.owner is not None and (isinstance(x.owner.op, Elementwise | Reduce) or x.owner.op.name == "dot")


@rewrites(
    "subtensor",
    name="subtensor_of_subtensor",
    stage=STAGE,
    operands=("subtensor",),
    why="An index into an indexed tensor is one index: x[1:][2:] is x[3:], x[::-1][i] is x[-1 - i].",
    aliases=("local_subtensor_merge",),
)
def subtensor_of_subtensor(node: Apply) -> Variable | None:
    inner = node.inputs[0].owner
    if inner is None or inner.op.name != "subtensor":
        return None
    x = inner.inputs[0]
    outer = iter(parts_of(node))
    merged: list[Part] = []
    for axis, part in enumerate(_padded(parts_of(inner), len(x.type.shape))):
        if part[0] == ("i",):
            merged.append(part)
            continue
        found = _merged(part, next(outer, WHOLE), x.type.shape[axis])
        if found is None:
            return None
        merged.append(found)
    return _same_type(indexed(x, merged), node)


def _padded(parts: Sequence[Part], ndim: int) -> Iterator[Part]:
    yield from parts
    yield from [WHOLE] * (ndim - len(parts))


def _merged(first: Part, second: Part, size: int | None) -> Part | None:
    """The one index that means `[first][second]` along an axis; None where it depends on what is not known."""
    if first == WHOLE:
        return second
    if second == WHOLE:
        return first
    start, stop, step = _bounds(first)
    if (start, stop) == (None, None) and step is not None and known_size(step) == -1:
        return _mirrored(second)
    a, b = (_known(part) for part in (first, second))
    if a is None or b is None:
        return None
    return _part(merged_slices(a, b, size))


def _bounds(part: Part) -> tuple[Any, Any, Any]:
    """Start, stop and step of a slice, None where not given."""
    values = iter(part[1])
    start, stop, step = (next(values) if given else None for given in part[0][1:])
    return start, stop, step


def _mirrored(part: Part) -> Part | None:
    """What an index into a reversed axis is into the axis: position k from one end is -1 - k from the other."""
    if part[0] == ("i",):
        return ("i",), (_minus_one_less(part[1][0]),)
    start, stop, step = _bounds(part)
    by = 1 if step is None else known_size(step)
    if not by:
        return None
    bounds = [None if x is None else _minus_one_less(x) for x in (start, stop)]
    return _part_of([*bounds, None if by == -1 else number(-by, "int64")])


def _minus_one_less(value: Variable) -> Variable:
    known = known_size(value)
    if known is not None:
        return number(-1 - known, "int64")
    result: Variable = call("sub", number(-1, "int64"), value)
    return result


def _part_of(bounds: Sequence[Any]) -> Part:
    return ("s", *(x is not None for x in bounds)), tuple(x for x in bounds if x is not None)


def _known(part: Part) -> int | slice | None:
    """The Python index of known values; None where one is not known."""
    if part[0] == ("i",):
        return known_size(part[1][0])
    bounds = [None if x is None else known_size(x) for x in _bounds(part)]
    if any(x is not None and value is None for x, value in zip(_bounds(part), bounds)):
        return None
    return slice(*bounds)


def _part(index: int | slice | None) -> Part | None:
    if index is None:
        return None
    if isinstance(index, int):
        return ("i",), (number(index, "int64"),)
    return _part_of([None if x is None else number(x, "int64") for x in (index.start, index.stop, index.step)])


def merged_slices(a: slice | int, b: slice | int, size: int | None) -> slice | int | None:
    """The index that means `[a][b]` along an axis of the size, or of any size where it is None.

    Returns None where no one index does, or where it would not be out of range for the same sizes.

    Example:
        >>> merged_slices(slice(1, None), slice(2, None), None), merged_slices(slice(None, None, 2), 3, None)
        (slice(3, None, None), 6)
        >>> merged_slices(slice(1, None), -1, None) is None, merged_slices(slice(1, None), -1, 4)
        (True, 3)
    """
    assert isinstance(a, slice)
    if size is not None:
        return _of_known_size(range(size)[a], b)
    step = 1 if a.step is None else a.step
    if step > 0 and (a.start or 0) >= 0 and (a.stop is None or a.stop >= 0):
        return _counted_from_start(a.start or 0, a.stop, step, b)
    if step == 1 and not a.start and a.stop is not None and a.stop < 0:  # all but the last ones
        if isinstance(b, int):
            return a.stop + b if b < 0 else None
        if b.start is None and b.step in (None, 1) and b.stop is not None and b.stop < 0:
            return slice(None, a.stop + b.stop)
    if step == 1 and a.start is not None and a.start < 0 and a.stop is None:  # the last ones
        if isinstance(b, int):
            return b if a.start <= b < 0 else None
        if b.stop is None and b.step in (None, 1) and b.start is not None and b.start < 0:
            return slice(max(a.start, b.start), None)
    return None


def _of_known_size(chosen: range, b: slice | int) -> slice | int | None:
    if isinstance(b, int):
        return chosen[b] if -len(chosen) <= b < len(chosen) else None
    left = chosen[b]
    if not left:
        return slice(0, 0)
    if left.step == 1 or len(left) == 1:
        return slice(left[0], left[-1] + 1)
    stop = left[-1] + (1 if left.step > 0 else -1)
    return slice(left[0], None if stop < 0 else stop, left.step)


def _counted_from_start(start: int, stop: int | None, step: int, b: slice | int) -> slice | int | None:
    if isinstance(b, int):
        place = start + step * b
        return place if b >= 0 and (stop is None or place < stop) else None
    by, low, high = (1 if b.step is None else b.step), b.start or 0, b.stop
    if by <= 0 or low < 0 or (high is not None and high < 0):
        return None
    ends = [end for end in (stop, None if high is None else start + step * high) if end is not None]
    step *= by
    first = start + (step // by) * low
    return slice(first or None, min(ends) if ends else None, None if step == 1 else step)
