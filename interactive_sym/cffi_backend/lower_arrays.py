"""How indexing by arrays becomes kernels, and products of stacks of matrices.

Reading is a map whose expression computes the address, so it is one loop nest with what reads the result. Indices are
checked before, all at once. Writing goes through the positions in C order, since positions may come several times.

Read next: `schedule`.
"""

from collections.abc import Sequence

from ..core.graph import Apply, Constant, Variable
from ..core.ops.advanced import AdvancedIncSubtensor, AdvancedSubtensor, InRange, Mask, first_place, result_shape
from ..core.ops.batched import BatchedDot
from .indexmap import View, stretched, whole
from .loopir import Dim, Index, Kernel, Value, cast
from .lower import INDEX, Lowering, lowers

_AT = """\
static inline int64_t isym_at(int64_t index, int64_t size) { return index < 0 ? index + size : index; }
"""


def _common(low: Lowering, indices: Sequence[Variable], views: Sequence[View]) -> list[Dim]:
    """The sizes index arrays are stretched to."""
    ndim = max(len(view.dims) for view in views)
    common: list[Dim] = [1] * ndim
    known = [False] * ndim
    for x, view in zip(indices, views, strict=True):
        for k, static in enumerate(x.type.shape):
            axis = k + ndim - len(view.dims)
            if static != 1:
                common[axis] = low.unify(common[axis], view.dims[k], axis) if known[axis] else view.dims[k]
                known[axis] = True
    return common


def _check(low: Lowering, axis: int, size: Dim, x: Variable, view: View, negative: bool) -> list[Kernel]:
    """What fails where an index is out of range; nothing where none can be."""
    known = low.find(size)
    if isinstance(x, Constant) and isinstance(known, int):
        low_ = -known if negative else 0
        if ((x.data >= low_) & (x.data < known)).all():
            return []
    node = low.node

    def wrong(texts: Sequence[str]) -> str:
        least = f"-{low.text(size)}" if negative else "0"
        return f"(({texts[0]} < {least}) | ({texts[0]} >= {low.text(size)}))"

    ndim = len(view.dims)
    found = low.reduce(
        "index check", "any", "bool", view.dims, [True] * ndim, range(ndim), [(view, range(ndim))], wrong
    )
    found.writers[0].dims = (*found.writers[0].dims, size)

    def lines(texts: Sequence[str]) -> list[str]:
        return [f"if ({texts[0]}) return isym_fail(ctx, {INDEX}, {node}, {axis}, 0, {low.text(size)});"]

    return [low.define("index check", [whole(found)], lines, [size])]


def _position(low: Lowering, x: Variable, text: str, size: Dim, negative: bool) -> str:
    """The C text of an index that counts from the start."""
    if not negative or (isinstance(x, Constant) and (x.data >= 0).all()):
        return text
    low.support.setdefault(_AT)
    return f"isym_at({text}, {low.text(size)})"


def _address(low: Lowering, positions: Sequence[str], index: Sequence[Index], dims: Sequence[Dim]) -> str:
    """The offset of an element of a value at `positions` of a view of it."""
    text = ""
    for entry, dim in zip(index, dims, strict=True):
        place = entry.start
        if entry.axis is not None:
            place = positions[entry.axis] if entry.step == "1" else f"({entry.step}) * ({positions[entry.axis]})"
            place = place if entry.start == "0" else f"{entry.start} + {place}"
        if not text or text == "0":
            text = place
        else:
            text = f"({text}) * ({low.text(dim)}) + {place}"
    return text or "0"


@lowers(AdvancedSubtensor)
def _advanced_subtensor(low: Lowering, node: Apply, value: bool) -> bool:
    x, *indices = node.inputs
    op, view = node.op, low.view(x)
    views = [low.view(index) for index in indices]
    common = _common(low, indices, views)
    out = node.outputs[0].type
    dims = [
        dim if static is None else low.unify(dim, static, axis)
        for axis, (dim, static) in enumerate(zip(result_shape(view.dims, op.axes, common), out.shape, strict=True))
    ]
    if not value:
        low.views[node.outputs[0]] = View(None, (), tuple(dims))
        return True
    base = view.base
    assert base is not None
    checks: list[Kernel] = []
    for axis, index, its in zip(op.axes, indices, views, strict=True):
        checks += _check(low, axis, view.dims[axis], index, its, op.negative)
    if base.origin == "literal":
        low.views[node.outputs[0]] = View(base, (), tuple(dims), (*view.needs, *checks))
        return True
    place = first_place(op.axes)
    placed = []
    for index, its in zip(indices, views, strict=True):
        extra = len(common) - len(its.dims)
        where = [Index(place + extra + k) if static != 1 else Index() for k, static in enumerate(index.type.shape)]
        placed.append(View(its.base, tuple(_moved(i, where) for i in its.index), tuple(dims), its.needs))
    rest = [axis for axis in range(len(view.dims)) if axis not in op.axes]

    def expression(texts: Sequence[str], loops: Sequence[str]) -> str:
        positions = [""] * len(view.dims)
        for k, axis in enumerate(rest):
            positions[axis] = loops[k if k < place else k + len(common)]
        for text, axis, index in zip(texts, op.axes, indices, strict=True):
            positions[axis] = _position(low, index, text, view.dims[axis], op.negative)
        return f"{base.storage.buffer}[{_address(low, positions, view.index, base.dims)}]"

    result = low.map(op.name, out.dtype, dims, placed, expression, after=[*checks, *view.needs])
    made = result.writers[0]
    made.whole, made.uses_index = (base,), True
    made.dims = (*made.dims, *view.dims, *base.dims)
    low.views[node.outputs[0]] = whole(result)
    return True


def _moved(index: Index, place: Sequence[Index]) -> Index:
    if index.axis is None:
        return index
    axis = place[index.axis].axis
    return Index(axis, index.start, index.step) if axis is not None else Index(None, index.start)


@lowers(AdvancedIncSubtensor)
def _advanced_inc_subtensor(low: Lowering, node: Apply, value: bool) -> bool:
    x, y, *indices = node.inputs
    op, view = node.op, low.view(x)
    if not value:
        low.views[node.outputs[0]] = View(None, (), view.dims)
        return True
    dtype = node.outputs[0].type.dtype
    views = [low.view(index) for index in indices]
    common = _common(low, indices, views)
    dims = result_shape(view.dims, op.axes, common)
    given = low.view(y)
    for k, static in enumerate(y.type.shape):
        axis = k + len(dims) - len(y.type.shape)
        if static != 1:
            dims[axis] = low.unify(dims[axis], given.dims[k], axis)
    operand = stretched(given, y.type.shape, dims)
    scalar = operand.base is not None and all(index.axis is None for index in operand.index)
    values = None if scalar else low.copy(operand, dtype) if operand.dims != given.dims else low.materialised(y)
    arrays = [low.materialised(index) if its.dims else None for index, its in zip(indices, views, strict=True)]
    before = low.copy(view, dtype)
    after = Value(f"{before.name}_changed", dtype, before.dims, "kernel", root=before, changed=True)
    low.values.append(after)
    place, number = first_place(op.axes), low.node
    rest = [axis for axis in range(len(view.dims)) if axis not in op.axes]
    scalars = [View(operand.base, operand.index, (), operand.needs)] if scalar else []
    scalars += [its for its in views if not its.dims]

    def lines(texts: Sequence[str]) -> list[str]:
        remaining = iter(texts)
        item = next(remaining) if scalar else ""
        written, pad = [], ""
        loops = [f"b{k}" for k in range(len(common))]
        for name, dim in zip(loops, common, strict=True):
            written.append(f"{pad}for (int64_t {name} = 0; {name} < {low.text(dim)}; {name}++) {{")
            pad += "  "
        positions = [""] * len(view.dims)
        for k, (axis, index, array) in enumerate(zip(op.axes, indices, arrays, strict=True)):
            text = next(remaining) if array is None else ""
            if array is not None:
                extra = len(common) - len(array.dims)
                own = ["0" if static == 1 else loops[extra + d] for d, static in enumerate(index.type.shape)]
                text = f"{array.storage.buffer}[{_address(low, own, whole(array).index, array.dims)}]"
            size, name = low.text(view.dims[axis]), f"at{k}"
            least = f"-{size}" if op.negative else "0"
            written.append(f"{pad}int64_t {name} = {text};")
            written.append(
                f"{pad}if ({name} < {least} || {name} >= {size}) "
                f"return isym_fail(ctx, {INDEX}, {number}, {axis}, {name}, {size});"
            )
            if op.negative:
                written.append(f"{pad}if ({name} < 0) {name} += {size};")
            positions[axis] = name
        inner = [f"r{k}" for k in range(len(rest))]
        for name, axis in zip(inner, rest, strict=True):
            written.append(f"{pad}for (int64_t {name} = 0; {name} < {low.text(view.dims[axis])}; {name}++) {{")
            pad += "  "
            positions[axis] = name
        target = _address(low, positions, whole(before).index, before.dims)
        if values is not None:
            source = _address(low, [*inner[:place], *loops, *inner[place:]], whole(values).index, values.dims)
            item = f"{values.storage.buffer}[{source}]"
        sign = "=" if op.set else "|=" if dtype == "bool" else "+="
        written.append(f"{pad}{before.buffer}[{target}] {sign} {cast(item, y.type.dtype, dtype)};")
        written += ["  " * k + "}" for k in reversed(range(len(loops) + len(inner)))]
        return ["{", *(f"  {line}" for line in written), "}"]

    made = low.kernel(
        op.name,
        "call",
        reads=tuple(low.access(its, []) for its in scalars),
        lines=lines,
        value=after,
        whole=tuple(array for array in (values, *arrays) if array is not None),
        dims=(*dims, *common, *view.dims),
        after=[*before.writers, *(k for its in (*views, operand) for k in its.needs)],
    )
    after.writers.append(made)
    low.views[node.outputs[0]] = whole(after)
    return True


@lowers(Mask)
def _mask(low: Lowering, node: Apply, value: bool) -> bool:
    view = low.view(node.inputs[0])
    if not value:
        low.views[node.outputs[0]] = View(None, (), view.dims)
        return True
    dims = tuple(
        low.unify(dim, low.scalar_size(size, "mask"), axis)
        for axis, (dim, size) in enumerate(zip(view.dims, node.inputs[1:], strict=True))
    )
    low.views[node.outputs[0]] = View(view.base, view.index, dims, view.needs)
    return True


@lowers(InRange)
def _in_range(low: Lowering, node: Apply, value: bool) -> bool:
    x, size = node.inputs
    view = low.view(x)
    if not value:
        low.views[node.outputs[0]] = View(None, (), view.dims)
        return True
    checks = _check(low, 0, low.scalar_size(size, "in_range"), x, view, False)
    low.views[node.outputs[0]] = View(view.base, view.index, view.dims, (*view.needs, *checks))
    return True


@lowers(BatchedDot)
def _batched_dot(low: Lowering, node: Apply, value: bool) -> bool:
    a, b = node.inputs
    views = [low.view(x) for x in (a, b)]
    dtype = node.outputs[0].type.dtype
    stack = low.unify(views[0].dims[0], views[1].dims[0], 0)
    inner = low.unify(views[0].dims[2], views[1].dims[1], 1)
    dims = (stack, views[0].dims[1], views[1].dims[2])
    if not value:
        low.views[node.outputs[0]] = View(None, (), dims)
        return True
    left, right = low.materialised(a), low.materialised(b)
    result = low.new_value(dtype, dims)

    def lines(texts: Sequence[str]) -> list[str]:
        count, m, n, k = low.text(stack), low.text(dims[1]), low.text(dims[2]), low.text(inner)
        gemm = "isym_gemmf" if dtype == "float32" else "isym_gemm"
        return [
            f"for (int64_t s = 0; s < {count}; s++)",
            f"  {gemm}(ctx, {m}, {n}, {k}, ISYM_NO_TRANS, {left.storage.buffer} + s * {m} * {k}, {k}, "
            f"ISYM_NO_TRANS, {right.storage.buffer} + s * {k} * {n}, {n}, {result.buffer} + s * {m} * {n});",
        ]

    made = low.kernel(
        "batched_dot",
        "call",
        value=result,
        lines=lines,
        dims=(*dims, inner),
        whole=(left, right),
        after=[k for view in views for k in view.needs],
    )
    result.writers.append(made)
    low.views[node.outputs[0]] = whole(result)
    return True
