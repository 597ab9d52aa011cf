"""How each operation becomes kernels: the rules of `lower`, one function per kind of operation.

Each takes the lowering, a node and whether its value is needed or only its sizes, and says by the result whether it
could; where it could not, the node runs as a Python step.

Read next: `schedule`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.graph import Apply, Constant, Variable
from ..core.ops.create import Alloc, ARange, Eye, MakeVector
from ..core.ops.elementwise import C_TYPES, Elementwise
from ..core.ops.indexing import IncSubtensor, Subtensor
from ..core.ops.linalg import Dot
from ..core.ops.reduce import Reduce
from ..core.ops.shape import DimShuffle, Join, Reshape, Shape, ShapeI, SpecifyShape, Unbroadcast
from .indexmap import Layout, View, blas_layout, compose, is_whole, memory_order, moved, stretched, whole
from .loopir import Dim, Expression, Index, Kernel, Size, Value, cast, literal
from .lower import INDEX, VALUE, LibraryFunction, Lowering, lowers, op_text, rank


def _size(low: Lowering, dim: Dim) -> Expression:
    """The expression of a size."""
    return lambda texts, indices: low.text(dim)


def _last(low: Lowering, name: str, dim: Dim) -> Callable[[Sequence[str]], list[str]]:
    """The statement that defines `name`, the last position along an axis."""
    return lambda texts: [f"const int64_t {name} = {low.text(dim)} - 1;"]


def _converted(source: str, target: str) -> Expression:
    """The expression of an operand as another element type."""
    return lambda texts, indices: cast(texts[0], source, target)


@lowers(Elementwise)
def _elementwise(low: Lowering, node: Apply, value: bool) -> bool:
    op, out = node.op, node.outputs[0].type
    ndim = len(out.shape)
    views = [low.views[x] if x in low.views else low.view(x) for x in node.inputs]
    dims: list[Dim] = [1] * ndim
    known = [False] * ndim
    for x, view in zip(node.inputs, views):
        shape = x.type.shape
        shift = ndim - len(shape)
        for k, static in enumerate(shape):
            if static == 1:
                continue
            axis = k + shift
            dims[axis] = low.unify(dims[axis], view.dims[k], axis) if known[axis] else view.dims[k]
            known[axis] = True
    if not value:
        low.views[node.outputs[0]] = View(None, (), tuple(dims))
        return True
    if op.name == "fill":
        source = views[1]
        low.views[node.outputs[0]] = stretched(source, node.inputs[1].type.shape, dims)
        return True
    if op.name == "identity":
        low.views[node.outputs[0]] = views[0]
        return True
    in_dtypes = [x.type.dtype for x in node.inputs]
    compute = op.compute_dtypes(in_dtypes, out.dtype)
    if op.support and (
        not op.support.startswith("#include <complex.h>") or any("complex" in t for t in (out.dtype, *in_dtypes))
    ):
        low.support.setdefault(op.support)
    expression = _Applied(op, in_dtypes, compute, out.dtype, views)
    operands = [stretched(view, x.type.shape, dims) for x, view in zip(node.inputs, views)]
    low.views[node.outputs[0]] = whole(low.map(op_text(op), out.dtype, dims, operands, expression))
    return True


@lowers(Reduce)
def _reduce(low: Lowering, node: Apply, value: bool) -> bool:
    op = node.op
    x, out = node.inputs[0], node.outputs[0].type
    view = low.view(x)
    axes = tuple(op.axis)
    ndim = len(view.dims)
    reduced = [k in axes for k in range(ndim)]
    kept = tuple(view.dims[k] for k in range(ndim) if not reduced[k])
    if not value:
        low.views[node.outputs[0]] = View(None, (), kept)
        return True
    kind = op.kind
    source = x.type.dtype
    if kind in ("argmax", "argmin"):
        accumulate = "int64"
    elif kind in ("max", "min"):
        accumulate = source
    elif kind in ("any", "all"):
        accumulate = "bool"
    else:
        accumulate = op.acc_dtype or out.dtype
    if source.startswith("complex") and kind in ("max", "min", "argmax", "argmin"):
        return False
    if kind in ("max", "min", "argmax", "argmin") and any(reduced):
        _not_empty(low, view.dims, reduced)
    if kind.startswith("arg"):
        _search(low, kind, source)
        found = _searched(low, node, view, reduced)
        if found is not None:
            low.views[node.outputs[0]] = whole(found)
            return True
        order = [k for k in range(ndim) if not reduced[k]] + [k for k in range(ndim) if reduced[k]]
    else:
        order = memory_order(view)
    literal_source = view.base is not None and view.base.origin == "literal"

    def expression(texts: Sequence[str]) -> str:
        if kind.startswith("arg"):
            return texts[0]
        if literal_source and view.base is not None and view.base.constant is not None:
            return literal(view.base.constant.astype(accumulate)[()])
        return cast(texts[0], source, accumulate)

    made = low.reduce(
        kind if not op.name else op.name,
        kind,
        accumulate,
        view.dims,
        reduced,
        order,
        [(view, range(ndim))],
        expression,
    )
    result = whole(made)
    if accumulate != out.dtype:
        result = whole(
            low.map("cast", out.dtype, made.dims, [result], lambda texts, i: cast(texts[0], accumulate, out.dtype))
        )
    low.views[node.outputs[0]] = result
    return True


def _search(low: Lowering, kind: str, dtype: str) -> str:
    """Define the C function that looks for the best of elements that follow each other; returns its name."""
    flag = {1: "int8_t", 2: "int16_t", 4: "int32_t", 8: "int64_t"}[np.dtype(dtype).itemsize]
    function = f"isym_{kind}_{dtype}"
    low.headers.setdefault("search.h")
    low.support.setdefault(f"ISYM_SEARCH({function}, {C_TYPES[dtype]}, {flag}, {_sign(kind)})")
    return function


def _sign(kind: str) -> str:
    return ">" if kind == "argmax" else "<"


def _searched(low: Lowering, node: Apply, view: View, reduced: Sequence[bool]) -> Value | None:
    """Positions of the best elements of an array in memory, along axes that follow each other; None in other cases.

    Along the last axis alone they are searched by the loop over the rows, which may do more for each of them.
    """
    base, kind = view.base, node.op.kind
    axes = [k for k, gone in enumerate(reduced) if gone and view.dims[k] != 1]
    if base is None or not axes or not is_whole(view) or not all(map(low.same, view.dims, base.dims)):
        return None
    first, last = axes[0], axes[-1] + 1
    parts = view.dims[:first], view.dims[first:last], view.dims[last:]
    if not all(reduced[k] or view.dims[k] == 1 for k in range(first, last)):
        return None
    if len(axes) == 1 and all(dim == 1 for dim in parts[2]) and any(dim != 1 for dim in parts[0]):
        return None
    line, function = _search(low, kind, base.dtype), f"isym_{kind}_over_{base.dtype}"
    flag = "int64_t" if np.dtype(base.dtype).itemsize == 8 else "int32_t"
    low.support.setdefault(f"ISYM_SEARCH_OVER({function}, {line}, {C_TYPES[base.dtype]}, {flag}, {_sign(kind)})")
    result = low.new_value("int64", [dim for dim, gone in zip(view.dims, reduced) if not gone])

    def lines(texts: Sequence[str]) -> list[str]:
        sizes = ", ".join(" * ".join(map(low.text, part)) or "1" for part in parts)
        code = f"code_{result.name}"
        return [
            f"const int {code} = {function}(ctx, {base.storage.buffer}, {sizes}, {result.storage.buffer});",
            f"if ({code}) return {code};",
        ]

    made = low.kernel(kind, "call", value=result, lines=lines, dims=view.dims, whole=(base,), after=list(view.needs))
    result.writers.append(made)
    return result


def _not_empty(low: Lowering, dims: Sequence[Dim], reduced: Sequence[bool]) -> None:
    """A reduction without identity fails on no elements."""
    over = [dim for dim, gone in zip(dims, reduced) if gone]
    if all(isinstance(low.find(dim), int) and low.find(dim) != 0 for dim in over):
        return
    node = low.node

    def lines(texts: Sequence[str]) -> list[str]:
        none = " || ".join(f"{low.text(dim)} == 0" for dim in over)
        return [f"if ({none}) return isym_fail(ctx, {VALUE}, {node}, 1, 0, 0);"]

    low.define("check", [], lines, dims)


@lowers(Dot)
def _dot(low: Lowering, node: Apply, value: bool) -> bool:
    a, b = (low.view(x) for x in node.inputs)
    dtype = node.outputs[0].type.dtype
    if any(x.type.dtype != dtype for x in node.inputs):
        return False
    inner = low.unify(a.dims[-1], b.dims[0 if len(b.dims) == 1 else -2], 0)
    rows, columns = a.dims[:-1], b.dims[1:] if len(b.dims) > 1 else ()
    if not value:
        low.views[node.outputs[0]] = View(None, (), (*rows, *columns))
        return True
    if rows and columns and dtype in ("float32", "float64"):
        low.views[node.outputs[0]] = whole(_gemm(low, node, a, b, inner, dtype))
        return True
    space = [*rows, inner, *columns]
    k = len(rows)
    reduced = [position == k for position in range(len(space))]
    along_a = list(range(len(a.dims)))
    along_b = [k] if not columns else [k, k + 1]
    if rows and columns:
        order = [0, 1, 2]
    else:
        wide, along = (a, along_a) if len(a.dims) >= len(b.dims) else (b, along_b)
        order = [along[axis] for axis in memory_order(wide)]

    def expression(texts: Sequence[str]) -> str:
        if dtype == "bool":
            return f"({texts[0]} & {texts[1]})"
        return (
            f"({C_TYPES[dtype]})({texts[0]} * {texts[1]})"
            if dtype.startswith(("int", "uint"))
            else f"{texts[0]} * {texts[1]}"
        )

    kind = "any" if dtype == "bool" else "sum"
    made = low.reduce("dot", kind, dtype, space, reduced, order, [(a, along_a), (b, along_b)], expression)
    low.views[node.outputs[0]] = whole(made)
    return True


def _gemm(low: Lowering, node: Apply, a: View, b: View, inner: Dim, dtype: str) -> Value:
    """A matrix product by the BLAS: operands that are transposes, or blocks of rows, are passed as such."""
    sides = []
    for view in (a, b):
        layout = blas_layout(view)
        if layout is None:
            view = whole(low.copy(view, dtype))
            layout = Layout(False, "0", "0")
        assert view.base is not None
        sides.append((view.base, layout))
    dims = (a.dims[0], b.dims[1])
    result = low.new_value(dtype, dims)
    function = "isym_gemmf" if dtype == "float32" else "isym_gemm"

    def lines(texts: Sequence[str]) -> list[str]:
        arguments = []
        for base, layout in sides:
            row = low.text(base.dims[-1])
            start = " + ".join(
                text
                for text in (f"{layout.row} * {row}" if layout.row != "0" else "", layout.column)
                if text not in ("", "0")
            )
            pointer = f"{base.storage.buffer} + {start}" if start else base.storage.buffer
            arguments.append(f"{'ISYM_TRANS' if layout.transposed else 'ISYM_NO_TRANS'}, {pointer}, {row}")
        sizes = ", ".join(map(low.text, (*dims, inner)))
        return [f"{function}(ctx, {sizes}, {', '.join(arguments)}, {result.storage.buffer});"]

    made = low.kernel(
        "dot",
        "call",
        value=result,
        lines=lines,
        dims=(*dims, inner, *(base.dims[-1] for base, _ in sides)),
        whole=tuple(base for base, _ in sides),
        after=[k for view in (a, b) for k in view.needs],
    )
    result.writers.append(made)
    return result


@lowers(DimShuffle)
def _dimshuffle(low: Lowering, node: Apply, value: bool) -> bool:
    view = low.view(node.inputs[0])
    order = node.op.new_order
    dims = tuple(1 if entry == "x" else view.dims[entry] for entry in order)
    where = {entry: k for k, entry in enumerate(order) if entry != "x"}
    place = [Index(where.get(axis)) for axis in range(len(view.dims))]
    low.views[node.outputs[0]] = moved(view, place, dims, value)
    return True


@lowers(Alloc)
def _alloc(low: Lowering, node: Apply, value: bool) -> bool:
    source = low.view(node.inputs[0])
    dims = [low.scalar_size(x, "alloc") for x in node.inputs[1:]]
    shape = node.inputs[0].type.shape
    for k, static in enumerate(shape):
        if static != 1:
            axis = k + len(dims) - len(shape)
            low.unify(dims[axis], source.dims[k], axis)
    low.views[node.outputs[0]] = stretched(source, shape, dims) if value else View(None, (), tuple(dims))
    return True


@lowers(ShapeI)
def _shape_i(low: Lowering, node: Apply, value: bool) -> bool:
    if not value:
        low.views[node.outputs[0]] = View(None, (), ())
        return True
    dim = low.view(node.inputs[0]).dims[node.op.axis]
    made = low.map("shape_i", "int64", (), [], lambda texts, indices: low.text(dim))
    made.writers[0].dims = (dim,)
    low.views[node.outputs[0]] = whole(made)
    return True


@lowers(Shape)
def _shape(low: Lowering, node: Apply, value: bool) -> bool:
    dims = low.view(node.inputs[0]).dims
    if not value:
        low.views[node.outputs[0]] = View(None, (), (len(dims),))
        return True
    result = low.new_value("int64", (len(dims),))
    for k, dim in enumerate(dims):
        low.map(
            "shape",
            "int64",
            (),
            [],
            _size(low, dim),
            into=result,
            place=[Index(None, str(k))],
        )
        result.writers[-1].dims = (dim,)
    low.views[node.outputs[0]] = whole(result)
    return True


@lowers(MakeVector)
def _make_vector(low: Lowering, node: Apply, value: bool) -> bool:
    dtype = node.outputs[0].type.dtype
    if not value:
        low.views[node.outputs[0]] = View(None, (), (len(node.inputs),))
        return True
    result = low.new_value(dtype, (len(node.inputs),))
    for k, x in enumerate(node.inputs):
        source = x.type.dtype
        low.map(
            "make_vector",
            dtype,
            (),
            [low.view(x)],
            _converted(source, dtype),
            into=result,
            place=[Index(None, str(k))],
        )
    low.views[node.outputs[0]] = whole(result)
    return True


@lowers(SpecifyShape)
def _specify_shape(low: Lowering, node: Apply, value: bool) -> bool:
    view = low.view(node.inputs[0])
    dims = tuple(
        dim if size is None else low.unify(dim, int(size), axis)
        for axis, (dim, size) in enumerate(zip(view.dims, node.op.sizes))
    )
    low.views[node.outputs[0]] = View(view.base, view.index, dims, view.needs)
    return True


@lowers(Unbroadcast)
def _unbroadcast(low: Lowering, node: Apply, value: bool) -> bool:
    low.views[node.outputs[0]] = low.view(node.inputs[0])
    return True


@lowers(Reshape)
def _reshape(low: Lowering, node: Apply, value: bool) -> bool:
    source, shape = node.inputs
    view = low.view(source)
    wanted = _vector_entries(low, shape, node.op.ndim)
    number = low.node
    known = [x if isinstance(x, int) else None for x in wanted]
    dims: list[Dim]
    total = [low.find(dim) for dim in view.dims]
    if (
        all(x is not None and x >= 0 for x in known)
        and all(isinstance(dim, int) for dim in total)
        and (
            int(np.prod([int(x) for x in known if x is not None]))
            == int(np.prod([int(d) for d in total if isinstance(d, int)]))
        )
    ):
        dims = [int(x) for x in known if x is not None]
        needs: list[Kernel] = []
    else:
        operands = [x for x in wanted if isinstance(x, View)]
        maker = low.define("reshape", operands, lambda texts: [], view.dims)
        made = [low.new_size(maker=maker) for _ in wanted]
        name = f"shape{number}"

        def lines(texts: Sequence[str]) -> list[str]:
            remaining = iter(texts)
            entries = ", ".join(
                str(x) if isinstance(x, int) else next(remaining) if isinstance(x, View) else low.text(x)
                for x in wanted
            )
            sizes = " * ".join(low.text(dim) for dim in view.dims) or "1"
            result = [f"int64_t {name}[] = {{{entries or '0'}}};"]
            result.append(
                f"if (isym_reshape({name}, {len(wanted)}, {sizes})) "
                f"return isym_fail(ctx, {VALUE}, {number}, 4, {sizes}, isym_product({name}, {len(wanted)}));"
            )
            result += [f"const int64_t {size.name} = {name}[{k}];" for k, size in enumerate(made)]
            return result

        maker.lines = lines
        maker.dims = (*view.dims, *(x for x in wanted if isinstance(x, Size)))
        dims = []
        for axis, (size, static) in enumerate(zip(made, node.outputs[0].type.shape)):
            dims.append(low.unify(size, static, axis) if static is not None else size)
        for size, x in zip(made, wanted):
            if isinstance(x, Size):
                # the entry was the size of an array, so it is not -1 and the check above has seen it
                old, young = low.find(x), low.find(size)
                if (
                    not isinstance(old, tuple)
                    and isinstance(young, Size)
                    and old is not young
                    and rank(old) < rank(young)
                ):
                    low._parent[young] = old
        needs = [maker]
    if not value:
        low.views[node.outputs[0]] = View(None, (), tuple(dims), tuple(needs))
        return True
    if [low.find(d) for d in view.dims if d != 1] == [low.find(d) for d in dims if d != 1] and not needs:
        # only dimensions of size 1 come or go
        targets = iter([k for k, dim in enumerate(dims) if dim != 1])
        place = [Index(next(targets)) if dim != 1 else Index() for dim in view.dims]
        low.views[node.outputs[0]] = moved(view, place, tuple(dims), True)
        return True
    if not view.dims or (view.base is not None and view.base.origin == "literal"):
        # every element is the same one
        low.views[node.outputs[0]] = View(view.base, view.index, tuple(dims), (*view.needs, *needs))
        return True
    base = low.materialised(source)
    alias = Value(
        f"{base.name}_shaped{number}", base.dtype, tuple(dims), "kernel", root=base, writers=list(base.writers)
    )
    low.values.append(alias)
    result = whole(alias)
    low.views[node.outputs[0]] = View(alias, result.index, result.dims, tuple(needs))
    return True


def _vector_entries(low: Lowering, shape: Variable, count: int) -> list[Any]:
    """The entries of a vector of sizes: ints, sizes, or 0-d views."""
    if isinstance(shape, Constant):
        return [int(x) for x in np.asarray(shape.data).reshape(-1)]
    owner = shape.owner
    if owner is not None and isinstance(owner.op, MakeVector):
        entries: list[Any] = []
        for x in owner.inputs:
            if isinstance(x, Constant):
                entries.append(int(x.data))
            elif x.owner is not None and isinstance(x.owner.op, ShapeI):
                entries.append(low.find(low.view(x.owner.inputs[0]).dims[x.owner.op.axis]))
            else:
                entries.append(low.view(x))
        return entries
    if owner is not None and isinstance(owner.op, Shape):
        return [low.find(dim) for dim in low.view(owner.inputs[0]).dims]
    view = low.view(shape)
    low.unify(view.dims[0], count, 0)
    return [moved(view, [Index(None, str(k))], (), True) for k in range(count)]


@lowers(ARange)
def _arange(low: Lowering, node: Apply, value: bool) -> bool:
    dtype = node.outputs[0].type.dtype
    views = [low.view(x) for x in node.inputs]
    number = low.node
    exact = not any(x.type.dtype.startswith("float") for x in node.inputs)
    maker = low.define("arange", views, lambda texts: [])
    size = low.new_size(maker=maker)
    scalar = "int64_t" if exact else "double"

    def lines(texts: Sequence[str]) -> list[str]:
        start, stop, step = texts
        return [
            f"const {scalar} start{number} = {start};",
            f"const {scalar} step{number} = {step};",
            f"if (step{number} == 0) return isym_fail(ctx, {VALUE}, {number}, 5, 0, 0);",
            f"const int64_t {size.name} = isym_range{'' if exact else 'f'}(start{number}, {stop}, step{number});",
            f"if ({size.name} < 0) return isym_fail(ctx, {VALUE}, {number}, 6, 0, 0);",
        ]

    maker.lines = lines
    static = node.outputs[0].type.shape[0]
    dim = low.unify(size, static, 0) if static is not None else size
    if not value:
        low.views[node.outputs[0]] = View(None, (), (dim,), (maker,))
        return True
    # NumPy computes start + i * (second - start) in the element type
    made = low.map(
        "arange",
        dtype,
        (dim,),
        [],
        lambda texts, indices: cast(
            f"(start{number} + {'' if exact else '(double)'}({indices[0]}) * step{number})",
            "int64" if exact else "float64",
            dtype,
        ),
        after=[maker],
    )
    made.writers[0].uses_index = True
    low.views[node.outputs[0]] = whole(made)
    return True


@lowers(Eye)
def _eye(low: Lowering, node: Apply, value: bool) -> bool:
    dtype = node.outputs[0].type.dtype
    dims = [low.scalar_size(x, "eye") for x in node.inputs[:2]]
    if not value:
        low.views[node.outputs[0]] = View(None, (), tuple(dims))
        return True
    diagonal = low.view(node.inputs[2])
    scalar = View(diagonal.base, diagonal.index, tuple(dims), diagonal.needs)
    made = low.map(
        "eye",
        dtype,
        dims,
        [scalar],
        lambda texts, indices: cast(f"({indices[1]} == {indices[0]} + {texts[0]})", "int32", dtype),
    )
    made.writers[0].uses_index = True
    low.views[node.outputs[0]] = whole(made)
    return True


@lowers(Join)
def _join(low: Lowering, node: Apply, value: bool) -> bool:
    inputs = node.inputs
    dtype, axis = node.outputs[0].type.dtype, node.op.axis
    views = [low.view(x) for x in inputs]
    axis %= len(views[0].dims)
    dims = list(views[0].dims)
    for view in views[1:]:
        for k, dim in enumerate(view.dims):
            if k != axis:
                dims[k] = low.unify(dims[k], dim, k)
    along = [view.dims[axis] for view in views]
    names: list[str] = []
    if all(isinstance(low.find(dim), int) for dim in along):
        starts = np.cumsum([0, *(int(low.find(dim)) for dim in along)])  # type: ignore[arg-type]
        names = [str(int(start)) for start in starts[:-1]]
        dims[axis] = int(starts[-1])
        maker: list[Kernel] = []
    else:
        number = low.node
        made = low.define("join", [], lambda texts: [], along)
        size = low.new_size(maker=made)
        names = ["0", *(f"start{number}_{k}" for k in range(1, len(along)))]

        def lines(texts: Sequence[str]) -> list[str]:
            result = []
            for k in range(1, len(along)):
                before = low.text(along[k - 1])
                result.append(f"const int64_t {names[k]} = {before if k == 1 else f'{names[k - 1]} + {before}'};")
            last = low.text(along[-1])
            result.append(f"const int64_t {size.name} = {last if len(along) == 1 else f'{names[-1]} + {last}'};")
            return result

        made.lines = lines
        dims[axis] = size
        maker = [made]
        static = node.outputs[0].type.shape[axis]
        if static is not None:
            dims[axis] = low.unify(size, static, axis)
    if not value:
        low.views[node.outputs[0]] = View(None, (), tuple(dims), tuple(maker))
        return True
    result = low.new_value(dtype, dims)
    for view, start, x in zip(views, names, inputs):
        place = [Index(k) if k != axis else Index(k, start) for k in range(len(dims))]
        source = x.type.dtype
        low.map(
            "join",
            dtype,
            view.dims,
            [view],
            _converted(source, dtype),
            into=result,
            place=place,
            after=maker,
        )
    low.views[node.outputs[0]] = whole(result)
    return True


# -- indexing ------------------------------------------------------------------------------------------------


def _entries(
    low: Lowering, dims: Sequence[Dim], entries: Sequence[tuple[Any, ...]], scalars: Sequence[Variable]
) -> tuple[list[Index], list[Dim], list[Kernel]]:
    """The index map of a basic subscript: an `Index` per axis, the sizes of the result, what computes them."""
    number = low.node
    remaining = iter(scalars)
    place: list[Index] = []
    sizes: list[Dim] = []
    makers: list[Kernel] = []
    for axis, dim in enumerate(dims):
        if axis >= len(entries):
            place.append(Index(len(sizes)))
            sizes.append(dim)
            continue
        entry = entries[axis]
        if entry[0] == "i":
            x = next(remaining)
            known = low.find(dim)
            if isinstance(x, Constant) and isinstance(known, int) and -known <= int(x.data) < known:
                place.append(Index(None, str(int(x.data) % known)))
                continue
            name = low.name(f"at{number}_")

            def index_lines(texts: Sequence[str], name: str = name, dim: Dim = dim, axis: int = axis) -> list[str]:
                size = low.text(dim)
                return [
                    f"const int64_t {name} = isym_index({texts[0]}, {size});",
                    f"if ({name} < 0) return isym_fail(ctx, {INDEX}, {number}, {axis}, {texts[0]}, {size});",
                ]

            makers.append(low.define("subtensor", [low.view(x)], index_lines, [dim]))
            place.append(Index(None, name))
            continue
        flags = entry[1:]
        parts = [next(remaining) if flag else None for flag in flags]
        start, stop, step = parts
        if step is not None and isinstance(step, Constant) and int(step.data) == 1:
            step = None
        if start is not None and isinstance(start, Constant) and int(start.data) == 0 and step is None:
            start = None
        if start is None and stop is None and step is None:
            place.append(Index(len(sizes)))
            sizes.append(dim)
            continue
        known = low.find(dim)
        if isinstance(known, int) and all(part is None or isinstance(part, Constant) for part in (start, stop, step)):
            first, end, stride = (
                int(part.data) if isinstance(part, Constant) else None for part in (start, stop, step)
            )
            chosen = range(known)[first:end:stride]
            place.append(Index(len(sizes), str(chosen.start), str(chosen.step)))
            sizes.append(len(chosen))
            continue
        if start is None and stop is None and isinstance(step, Constant) and int(step.data) == -1:
            name = low.name(f"at{number}_")
            last = low.define(
                "subtensor",
                [],
                _last(low, name, dim),
                [dim],
            )
            makers.append(last)
            place.append(Index(len(sizes), name, "-1"))
            sizes.append(dim)
            continue
        present = [part for part in (start, stop, step) if part is not None]
        name = low.name(f"at{number}_")
        maker = low.define("subtensor", [low.view(part) for part in present], lambda texts: [], [dim])
        size = low.new_size(maker=maker)
        constant_step = 1 if step is None else int(step.data) if isinstance(step, Constant) and int(step.data) else None

        def slice_lines(
            texts: Sequence[str],
            name: str = name,
            dim: Dim = dim,
            size: Size = size,
            constant_step: int | None = constant_step,
            has: tuple[bool, bool, bool] = (start is not None, stop is not None, step is not None),
        ) -> list[str]:
            given = iter(texts)
            texts3 = [next(given) if flag else "INT64_MIN" for flag in has]
            lines = []
            step_text = texts3[2] if has[2] else "1"
            if constant_step is None:
                lines.append(f"const int64_t {name}_step = {step_text};")
                lines.append(f"if ({name}_step == 0) return isym_fail(ctx, {VALUE}, {number}, 3, 0, 0);")
                step_text = f"{name}_step"
            lines.append(f"int64_t {name};")
            lines.append(
                f"const int64_t {size.name} = isym_slice({low.text(dim)}, {int(has[0])}, {texts3[0]}, {int(has[1])}, "
                f"{texts3[1]}, {step_text}, &{name});"
            )
            return lines

        maker.lines = slice_lines
        makers.append(maker)
        place.append(Index(len(sizes), name, str(constant_step) if constant_step is not None else f"{name}_step"))
        sizes.append(size)
    return place, sizes, makers


def _entry(low: Lowering, entry: Any, dtype: str) -> View:
    """An entry of a vector of sizes as a 0-d view."""
    if isinstance(entry, View):
        return entry
    made = low.map("shape", dtype, (), [], lambda texts, indices: low.text(entry))
    made.writers[0].dims = (entry,)
    return whole(made)


@lowers(Subtensor)
def _subtensor(low: Lowering, node: Apply, value: bool) -> bool:
    source = node.inputs[0].owner
    if source is not None and isinstance(source.op, (Shape, MakeVector)) and node.op.entries == (("i",),):
        position = node.inputs[1]
        count = len(source.inputs) if isinstance(source.op, MakeVector) else source.inputs[0].type.ndim
        if isinstance(position, Constant) and -count <= int(position.data) < count:
            entry = _vector_entries(low, node.inputs[0], count)[int(position.data)]
            low.views[node.outputs[0]] = _entry(low, entry, node.outputs[0].type.dtype)
            return True
    view = low.view(node.inputs[0])
    place, sizes, makers = _entries(low, view.dims, node.op.entries, node.inputs[1:])
    dims = [
        dim if static is None else low.unify(dim, static, axis)
        for axis, (dim, static) in enumerate(zip(sizes, node.outputs[0].type.shape))
    ]
    part = moved(view, place, tuple(dims), value)
    low.views[node.outputs[0]] = View(part.base, part.index, part.dims, (*part.needs, *makers))
    return True


@lowers(IncSubtensor)
def _inc_subtensor(low: Lowering, node: Apply, value: bool) -> bool:
    x, y = (low.view(v) for v in node.inputs[:2])
    if not value:
        low.views[node.outputs[0]] = View(None, (), x.dims)
        return True
    dtype = node.outputs[0].type.dtype
    place, sizes, makers = _entries(low, x.dims, node.op.entries, node.inputs[2:])
    shape = node.inputs[1].type.shape
    dims = list(sizes)
    for k, static in enumerate(shape):
        axis = k + len(dims) - len(shape)
        if static != 1:
            dims[axis] = low.unify(dims[axis], y.dims[k], axis)
    before = x.base if low.own(node.inputs[0], x) else low.copy(x, dtype)
    assert before is not None
    after = Value(f"{before.storage.name}_changed", dtype, before.dims, "kernel", root=before, changed=True)
    low.values.append(after)
    operand = stretched(y, shape, dims)
    operand_dtype = node.inputs[1].type.dtype
    whole_before = whole(before)
    if node.op.set:
        low.map(
            "set_subtensor",
            dtype,
            dims,
            [operand],
            lambda texts, i: cast(texts[0], operand_dtype, dtype),
            into=after,
            place=place,
            after=[*makers, *before.writers],
        )
    else:
        old = View(before, tuple(compose(index, place) for index in whole_before.index), tuple(dims))
        sign = "|" if dtype == "bool" else "+"
        low.map(
            "inc_subtensor",
            dtype,
            dims,
            [old, operand],
            lambda texts, i: f"{texts[0]} {sign} {cast(texts[1], operand_dtype, dtype)}",
            into=after,
            place=place,
            after=[*makers, *before.writers],
        )
    low.views[node.outputs[0]] = whole(after)
    return True


@lowers(LibraryFunction)
def _library(low: Lowering, node: Apply, value: bool) -> bool:
    """One call of a function in a header of the runtime."""
    called = node.op.library_c
    low.headers.setdefault(called.header)
    if called.definition:
        low.support.setdefault(called.definition)
    views = [low.view(x) for x in node.inputs]
    shapes = node.op.infer_shape(node, [view.dims for view in views])
    results: list[Value] = []
    for index, (x, shape) in enumerate(zip(node.outputs, shapes)):
        dims = []
        for axis, (size, static) in enumerate(zip(shape, x.type.shape)):
            dim = low.size_of(size)
            dims.append(dim if static is None else low.unify(dim, static, axis))
        results.append(low.new_value(x.type.dtype, dims, index))
    arrays = []
    for x, view in zip(node.inputs, views):
        arrays.append(low.materialised(x) if view.dims else None)
    scalars = [view for view in views if not view.dims]
    message = len(low.messages) - 1
    low.messages.extend(called.errors)
    number = low.node

    def count(dims: Sequence[Dim]) -> str:
        return " * ".join(low.text(dim) for dim in dims) or "1"

    def lines(texts: Sequence[str]) -> list[str]:
        remaining = iter(texts)
        written, arguments = [], []
        for position, (x, array) in enumerate(zip(node.inputs, arrays)):
            if array is None:
                name = f"argument{number}_{position}"
                written.append(f"const {C_TYPES[x.type.dtype]} {name} = {next(remaining)};")
                arguments.append(f"&{name}, 1")
            else:
                arguments.append(f"{array.storage.buffer}, {count(array.dims)}")
        arguments += [f"{result.buffer}, {count(result.dims)}" for result in results]
        arguments += [count(views[x].dims[first:stop]) for x, first, stop in called.sizes]
        if called.context:
            arguments.insert(0, "ctx")
        written.append(f"const int failed{number} = {called.function}({', '.join(arguments)});")
        if called.context:
            written.append(f"if (failed{number} < 0) return -failed{number};")
        written.append(
            f"if (failed{number}) return isym_fail(ctx, {VALUE}, {number}, {message} + failed{number}, 0, 0);"
        )
        return written

    made = low.kernel(
        op_text(node.op),
        "call",
        reads=tuple(low.access(view, []) for view in scalars),
        lines=lines,
        whole=tuple(array for array in arrays if array is not None),
        dims=tuple(dim for dims in (*(r.dims for r in results), *(v.dims for v in views)) for dim in dims),
        after=[k for view in views for k in view.needs],
        results=tuple(results),
    )
    for x, result in zip(node.outputs, results):
        result.writers.append(made)
        low.views[x] = whole(result)
    return True


class _Applied:
    """The C expression of an elementwise node, from texts of its operands."""

    def __init__(
        self, op: Elementwise, in_dtypes: list[str], compute: list[str], out_dtype: str, views: Sequence[View]
    ) -> None:
        self.op, self.in_dtypes, self.compute, self.out_dtype = op, in_dtypes, compute, out_dtype
        self.constants = [
            literal(view.base.constant.astype(dtype)[()])
            if view.base is not None
            and view.base.origin == "literal"
            and view.base.constant is not None
            and not (view.base.dtype.startswith("complex") and not dtype.startswith("complex"))
            else None
            for view, dtype in zip(views, compute)
        ]

    def __call__(self, texts: Sequence[str], indices: Sequence[str]) -> str:
        operands = [
            constant if constant is not None else cast(text, source, target)
            for constant, text, source, target in zip(self.constants, texts, self.in_dtypes, self.compute)
        ]
        text = self.op.c_expression(operands, self.in_dtypes, self.out_dtype)
        return text[1:-1] if text.startswith("(") and _matches(text) else text


def _matches(text: str) -> bool:
    """Whether the first bracket closes at the end."""
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position == len(text) - 1
    return False
