"""Lowering: from a program's nodes to kernels over index spaces.

Two things are worked out for every node: its sizes, and its value. Sizes need no values, so asking for the shape of an
intermediate result does not compute it. Sizes that must be equal are merged into classes, with one check each, at the
first place where both are known. Transposes, slices, added and dropped dimensions, and fills are index maps on the value
below (`View`); everything else is a `Kernel`.

Read next: `schedule`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.graph import Apply, Constant, Variable
from ..core.ops.elementwise import C_TYPES, Elementwise
from ..core.program import Program
from ..core.types import TensorType
from .loopir import Access, Axis, Dim, Index, Kernel, Size, Text, Value, cast, literal

#: What `error[1]` stands for where a kernel returns ISYM_VALUE.
MESSAGES = (
    "",
    "zero-size array to a reduction that has no identity",
    "negative dimensions are not allowed",
    "slice step cannot be zero",
    "cannot reshape: the numbers of elements differ",
    "arange: the step is zero",
    "arange: the range is not finite",
)
SIZE, INDEX, DIVIDE, MEMORY, PYTHON, VALUE = 1, 2, 3, 4, 5, 6
TABLE_LIMIT = 64  # constants of up to so many elements are written out in the text; larger ones are passed in


@dataclass(frozen=True, slots=True)
class View:
    """A variable as an index map: per axis of `base` an `Index` over the variable's own axes. `base` None: sizes only."""

    base: Value | None
    index: tuple[Index, ...]
    dims: tuple[Dim, ...]
    needs: tuple[Kernel, ...] = ()


@dataclass(frozen=True)
class Step:
    """A Python step: the node, and for each input a slot's value or a constant."""

    node: Apply
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]


@dataclass(frozen=True)
class Object:
    """A value that C never sees, kept in a slot."""

    key: int


class Lowering:
    """A program as kernels.

    Attributes:
        kernels: in program order.
        sizes: sizes known at entry.
        entry_checks: C lines that compare them.
        values: every value that has memory, or is a scalar.
        extra: constants passed in beside the shared values.
        steps: Python steps.
        support: C definitions that expressions need.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.numbers = program.numbers
        self.kernels: list[Kernel] = []
        self.sizes: list[Size] = []
        self.entry_checks: list[Text] = []
        self.values: list[Value] = []
        self.extra: list[Value] = []
        self.steps: list[Step] = []
        self.support: dict[str, None] = {}
        self.views: dict[Variable, View] = {}
        self.objects: dict[Variable, int] = {}
        self.slot_of_object: dict[Variable, int] = {}
        self._parent: dict[Size, Dim] = {}
        self._order = 0
        self._names: dict[str, int] = {}
        self._node = -1
        self._constants: dict[Variable, View] = {}

        self._slots()
        wanted, shaped = self._needed()
        for number, node in enumerate(program.nodes):
            if any(x in wanted or x in shaped for x in node.outputs):
                self._node = number
                self._lower(node, any(x in wanted for x in node.outputs))
        self._node = -1
        self._results()
        self.kernels = self._live()

    # -- sizes ---------------------------------------------------------------------------------------------------

    def find(self, dim: Dim) -> Dim:
        """The size that stands for all that are equal to `dim`."""
        if isinstance(dim, tuple):
            return dim
        root = dim
        while isinstance(root, Size) and root in self._parent:
            root = self._parent[root]
        while isinstance(dim, Size) and dim in self._parent:
            self._parent[dim], dim = root, self._parent[dim]
        return root

    def text(self, dim: Dim) -> str:
        """C text of a size."""
        found = self.find(dim)
        if isinstance(found, tuple):
            return " * ".join(self.text(part) for part in found)
        return str(found) if isinstance(found, int) else found.name

    def same(self, left: Dim, right: Dim) -> bool:
        """Whether two sizes are known to be equal."""
        a, b = self.find(left), self.find(right)
        if isinstance(a, tuple) or isinstance(b, tuple):
            return isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b) and all(map(self.same, a, b))
        return a is b or (isinstance(a, int) and a == b)

    def new_size(self, text: str = "", maker: Kernel | None = None) -> Size:
        self._order += 1
        size = Size(f"n{self._order}", text, maker, self._order)
        if maker is None:
            self.sizes.append(size)
        return size

    def unify(self, left: Dim, right: Dim, axis: int) -> Dim:
        """Say that two sizes are equal; checked when the function runs, at the first place where both are known."""
        a, b = self.find(left), self.find(right)
        if a is b or a == b:
            return a
        rank_a, rank_b = _rank(a), _rank(b)
        old, young = (a, b) if rank_a <= rank_b else (b, a)
        left_name, right_name = _name(a), _name(b)
        node = self._node

        def check() -> str:
            return f"if ({left_name} != {right_name}) return isym_fail(ctx, {SIZE}, {node}, {axis}, {left_name}, {right_name});"

        maker = young.maker if isinstance(young, Size) else None
        if maker is None:
            self.entry_checks.append(check)
        else:
            maker.checks.append(check)
            if isinstance(old, Size) and old.maker is not None and old.maker is not maker:
                maker.after.append(old.maker)
        if isinstance(young, Size):
            self._parent[young] = old
        return old

    # -- slots, constants ----------------------------------------------------------------------------------------

    def _slots(self) -> None:
        program = self.program
        for number, variable in enumerate((*program.inputs, *program.shared)):
            if not isinstance(variable.type, TensorType):
                self.objects[variable] = number
                self.slot_of_object[variable] = number
                continue
            kind = "in" if number < len(program.inputs) else "shared"
            position = number if kind == "in" else number - len(program.inputs)
            dims = tuple(
                size if size is not None else self.new_size(f"ctx->slot[{number}].dim[{axis}]")
                for axis, size in enumerate(variable.type.shape)
            )
            value = Value(f"{kind}{position}", variable.type.dtype, dims, "slot", slot=number)
            self.values.append(value)
            self.views[variable] = whole(value)

    def view(self, variable: Variable) -> View:
        """The index map of a variable that is lowered already, or of a constant."""
        found = self.views.get(variable)
        if found is not None:
            return found
        if not isinstance(variable, Constant):
            raise KeyError(f"node {self._node} reads {variable}, which nothing computes")
        data = np.asarray(variable.data)
        if data.size and (data.ndim == 0 or (data == data.reshape(-1)[0]).all() and _no_minus_zero(data)):
            scalar = Value(
                literal(data.reshape(-1)[0]), data.dtype.name, (), "literal", constant=data.reshape(-1)[:1].reshape(())
            )
            view = View(scalar, (), tuple(data.shape))
        else:
            table = data.size <= TABLE_LIMIT
            value = Value(
                self.name("c"), data.dtype.name, tuple(data.shape), "table" if table else "slot", constant=data
            )
            if not table:
                self.extra.append(value)
                value.slot = len(self.program.inputs) + len(self.program.shared) + len(self.extra) - 1
            self.values.append(value)
            view = whole(value)
        self.views[variable] = view
        return view

    def name(self, prefix: str) -> str:
        """A fresh C name."""
        number = self._names[prefix] = self._names.get(prefix, -1) + 1
        return f"{prefix}{number}"

    # -- what is needed ------------------------------------------------------------------------------------------

    def _needed(self) -> tuple[set[Variable], set[Variable]]:
        """Variables whose values are needed, and those whose sizes are."""
        wanted: set[Variable] = set(self.program.results)
        shaped: set[Variable] = set()
        for node in reversed(self.program.nodes):
            value = any(x in wanted for x in node.outputs)
            if not value and not any(x in shaped for x in node.outputs):
                continue
            for position, x in enumerate(node.inputs):
                need = _need(node, position, value)
                if need == "value":
                    wanted.add(x)
                elif need == "shape":
                    shaped.add(x)
            if not value and not _has_shape_rule(node):
                wanted.update(node.outputs)
        return wanted, shaped

    # -- kernels -------------------------------------------------------------------------------------------------

    def kernel(self, op: str, kind: str, **fields: Any) -> Kernel:
        made = Kernel(len(self.kernels), self._node, op, kind, **fields)
        self.kernels.append(made)
        return made

    def new_value(self, dtype: str, dims: Sequence[Dim], index: int = 0, stem: str = "") -> Value:
        stem = stem or f"v{self._node}" + (f"_{index}" if index else "")
        number = self._names[stem] = self._names.get(stem, -1) + 1
        value = Value(
            stem
            if number == 0
            else f"{stem}_{'abcdefghijklmnopqrstuvwxyz'[(number - 1) % 26]}{(number - 1) // 26 or ''}",
            dtype,
            tuple(dims),
            "kernel",
        )
        self.values.append(value)
        return value

    def map(
        self,
        op: str,
        dtype: str,
        dims: Sequence[Dim],
        operands: Sequence[View],
        expression: Callable[[Sequence[str], Sequence[str]], str],
        into: Value | None = None,
        place: Sequence[Index] = (),
        after: Sequence[Kernel] = (),
        stem: str = "",
    ) -> Value:
        """A kernel that computes each element of an array of `dims` from aligned elements of `operands`.

        `into` and `place` write the elements to a part of another value instead of a new one.
        """
        value = into if into is not None else self.new_value(dtype, dims, stem=stem)
        loops = [k for k, dim in enumerate(dims) if dim != 1]
        position = {k: depth for depth, k in enumerate(loops)}
        axes = tuple(Axis(dims[k], k) for k in loops)
        reads = tuple(self.access(view, [Index(position.get(k)) for k in range(len(dims))]) for view in operands)
        target = tuple(place) if place else tuple(Index(k) for k in range(len(dims)))
        store = Access(
            value,
            tuple(_compose(index, [Index(position.get(k)) for k in range(len(dims))]) for index in target),
            value.dims,
        )
        names = list(range(len(dims)))

        def text(texts: Sequence[str], indices: Sequence[str]) -> str:
            return expression(texts, [indices[position[k]] if k in position else "0" for k in names])

        made = self.kernel(
            op,
            "map",
            axes=axes,
            reads=reads,
            expression=text,
            value=value,
            store=store,
            after=[*after, *(k for view in operands for k in view.needs)],
            dims=tuple(dims),
        )
        value.writers.append(made)
        return value

    def reduce(
        self,
        op: str,
        kind: str,
        dtype: str,
        space: Sequence[Dim],
        reduced: Sequence[bool],
        order: Sequence[int],
        operands: Sequence[tuple[View, Sequence[int]]],
        expression: Callable[[Sequence[str]], str],
    ) -> Value:
        """A kernel that combines, over the reduced axes of `space`, an expression of operands.

        Args:
            order: the axes of `space`, outermost loop first.
            operands: views, and for each of their axes the axis of `space` it runs along.
        """
        kept = [k for k in range(len(space)) if not reduced[k]]
        out_position = {k: p for p, k in enumerate(kept)}
        loops = [k for k in order if space[k] != 1]
        position = {k: depth for depth, k in enumerate(loops)}
        axes = tuple(Axis(space[k], out_position.get(k)) for k in loops)
        reads = tuple(self.access(view, [Index(position.get(k)) for k in along]) for view, along in operands)
        value = self.new_value(dtype, [space[k] for k in kept])
        store = Access(value, tuple(Index(position.get(k)) for k in kept), value.dims)
        after = [k for view, _ in operands for k in view.needs]
        arg = kind.startswith("arg")
        reduced_axes = [k for k in range(len(space)) if reduced[k]]

        def text(texts: Sequence[str], indices: Sequence[str]) -> str:
            return expression(texts)

        def arg_text(texts: Sequence[str], indices: Sequence[str]) -> str:
            flat = ""
            for k in reduced_axes:
                if k in position:
                    flat = (
                        f"({flat}) * {self.text(space[k])} + {indices[position[k]]}" if flat else indices[position[k]]
                    )
            return f"{expression(texts)}\0{flat or '0'}"

        if all(axis.out is not None for axis in axes):
            made = self.kernel(
                op,
                "map",
                axes=axes,
                reads=reads,
                value=value,
                store=store,
                after=after,
                dims=tuple(space),
                expression=(lambda texts, indices: "0") if arg else text,
            )
        else:
            made = self.kernel(
                op,
                "reduce",
                axes=axes,
                reads=reads,
                value=value,
                store=store,
                after=after,
                dims=tuple(space),
                expression=arg_text if arg else text,
                reduction=kind,
                uses_index=arg,
            )
            made.operand_dtype = operands[0][0].base.dtype if operands[0][0].base else dtype
        value.writers.append(made)
        return value

    def access(self, view: View, place: Sequence[Index]) -> Access:
        """Element of `view` at `place`."""
        assert view.base is not None
        return Access(view.base, tuple(_compose(index, place) for index in view.index), view.base.dims)

    def define(
        self,
        op: str,
        operands: Sequence[View],
        lines: Callable[[Sequence[str]], Sequence[str]],
        dims: Sequence[Dim] = (),
        after: Sequence[Kernel] = (),
    ) -> Kernel:
        """Straight lines of C that compute sizes and positions from scalars."""
        reads = tuple(self.access(view, []) for view in operands)
        needs = [k for view in operands for k in view.needs]
        return self.kernel(op, "call", reads=reads, lines=lines, dims=tuple(dims), after=[*after, *needs])

    def materialised(self, variable: Variable) -> Value:
        """A variable as a value with all its elements in memory, in C order."""
        view = self.view(variable)
        if is_whole(view):
            assert view.base is not None
            return view.base
        return self.copy(view, variable.type.dtype)

    def copy(self, view: View, dtype: str, stem: str = "") -> Value:
        return self.map("copy", dtype, view.dims, [view], lambda texts, indices: texts[0], stem=stem)

    # -- nodes ---------------------------------------------------------------------------------------------------

    def _lower(self, node: Apply, value: bool) -> None:
        op = node.op
        if isinstance(op, Elementwise) and not op.python_only:
            self._elementwise(node, value)
            return
        method = _METHODS.get(_kind(node))
        if method is None or not method(self, node, value):
            self._python(node)

    def _elementwise(self, node: Apply, value: bool) -> None:
        op, out = node.op, node.outputs[0].type
        ndim = len(out.shape)
        views = [self.views[x] if x in self.views else self.view(x) for x in node.inputs]
        dims: list[Dim] = [1] * ndim
        known = [False] * ndim
        for x, view in zip(node.inputs, views):
            shape = x.type.shape
            shift = ndim - len(shape)
            for k, static in enumerate(shape):
                if static == 1:
                    continue
                axis = k + shift
                dims[axis] = self.unify(dims[axis], view.dims[k], axis) if known[axis] else view.dims[k]
                known[axis] = True
        if not value:
            self.views[node.outputs[0]] = View(None, (), tuple(dims))
            return
        if op.name == "fill":
            source = views[1]
            self.views[node.outputs[0]] = _stretched(source, node.inputs[1].type.shape, dims)
            return
        if op.name == "identity":
            self.views[node.outputs[0]] = views[0]
            return
        in_dtypes = [x.type.dtype for x in node.inputs]
        compute = op.compute_dtypes(in_dtypes, out.dtype)
        if op.support and (
            not op.support.startswith("#include <complex.h>") or any("complex" in t for t in (out.dtype, *in_dtypes))
        ):
            self.support.setdefault(op.support)
        expression = _Applied(op, in_dtypes, compute, out.dtype, views)
        stretched = [_stretched(view, x.type.shape, dims) for x, view in zip(node.inputs, views)]
        self.views[node.outputs[0]] = whole(self.map(op.name, out.dtype, dims, stretched, expression))

    def _reduce(self, node: Apply, value: bool) -> bool:
        op = node.op
        x, out = node.inputs[0], node.outputs[0].type
        view = self.view(x)
        axes = tuple(op.axis)
        ndim = len(view.dims)
        reduced = [k in axes for k in range(ndim)]
        kept = tuple(view.dims[k] for k in range(ndim) if not reduced[k])
        if not value:
            self.views[node.outputs[0]] = View(None, (), kept)
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
        if (
            accumulate.startswith("complex")
            and kind in ("max", "min")
            or source.startswith("complex")
            and kind.startswith("arg")
        ):
            return False
        if kind in ("max", "min", "argmax", "argmin") and any(reduced):
            self._not_empty(view.dims, reduced)
        if kind.startswith("arg"):
            order = [k for k in range(ndim) if not reduced[k]] + [k for k in range(ndim) if reduced[k]]
        else:
            order = _memory_order(view)
        literal_source = view.base is not None and view.base.origin == "literal"

        def expression(texts: Sequence[str]) -> str:
            if kind.startswith("arg"):
                return texts[0]
            if literal_source and view.base is not None and view.base.constant is not None:
                return literal(view.base.constant.astype(accumulate)[()])
            return cast(texts[0], source, accumulate)

        made = self.reduce(
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
                self.map("cast", out.dtype, made.dims, [result], lambda texts, i: cast(texts[0], accumulate, out.dtype))
            )
        self.views[node.outputs[0]] = result
        return True

    def _not_empty(self, dims: Sequence[Dim], reduced: Sequence[bool]) -> None:
        """A reduction without identity fails on no elements."""
        over = [dim for dim, gone in zip(dims, reduced) if gone]
        if all(isinstance(self.find(dim), int) and self.find(dim) != 0 for dim in over):
            return
        node = self._node

        def lines(texts: Sequence[str]) -> list[str]:
            none = " || ".join(f"{self.text(dim)} == 0" for dim in over)
            return [f"if ({none}) return isym_fail(ctx, {VALUE}, {node}, 1, 0, 0);"]

        self.define("check", [], lines, dims)

    def _dot(self, node: Apply, value: bool) -> bool:
        a, b = (self.view(x) for x in node.inputs)
        dtype = node.outputs[0].type.dtype
        if any(x.type.dtype != dtype for x in node.inputs):
            return False
        inner = self.unify(a.dims[-1], b.dims[0 if len(b.dims) == 1 else -2], 0)
        rows, columns = a.dims[:-1], b.dims[1:] if len(b.dims) > 1 else ()
        if not value:
            self.views[node.outputs[0]] = View(None, (), (*rows, *columns))
            return True
        if rows and columns and dtype in ("float32", "float64"):
            self.views[node.outputs[0]] = whole(self._gemm(node, a, b, inner, dtype))
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
            order = [along[axis] for axis in _memory_order(wide)]

        def expression(texts: Sequence[str]) -> str:
            if dtype == "bool":
                return f"({texts[0]} & {texts[1]})"
            return (
                f"({C_TYPES[dtype]})({texts[0]} * {texts[1]})"
                if dtype.startswith(("int", "uint"))
                else f"{texts[0]} * {texts[1]}"
            )

        kind = "any" if dtype == "bool" else "sum"
        made = self.reduce("dot", kind, dtype, space, reduced, order, [(a, along_a), (b, along_b)], expression)
        self.views[node.outputs[0]] = whole(made)
        return True

    def _gemm(self, node: Apply, a: View, b: View, inner: Dim, dtype: str) -> Value:
        """A matrix product by the BLAS: operands that are transposes are passed as such."""
        sides = []
        for view in (a, b):
            plan = _blas_layout(view)
            if plan is None:
                view = whole(self.copy(view, dtype))
                plan = False
            sides.append((view, plan))
        dims = (a.dims[0], b.dims[1])
        value = self.new_value(dtype, dims)
        operands = [view.base for view, _ in sides]
        assert all(base is not None for base in operands)

        def lines(texts: Sequence[str]) -> list[str]:
            arguments = []
            for (view, transposed), base in zip(sides, operands):
                assert base is not None
                arguments.append(
                    f"{'ISYM_TRANS' if transposed else 'ISYM_NO_TRANS'}, {base.storage.buffer}, {self.text(base.dims[-1])}"
                )
            m, n, k = self.text(dims[0]), self.text(dims[1]), self.text(inner)
            return [
                f"isym_gemm{'f' if dtype == 'float32' else ''}(ctx, {m}, {n}, {k}, {', '.join(arguments)}, {value.storage.buffer});"
            ]

        made = self.kernel(
            "dot",
            "call",
            value=value,
            lines=lines,
            dims=(*dims, inner),
            whole=tuple(base for base in operands if base is not None),
            after=[k for view, _ in sides for k in view.needs],
        )
        value.writers.append(made)
        return value

    def _dimshuffle(self, node: Apply, value: bool) -> bool:
        view = self.view(node.inputs[0])
        order = node.op.new_order
        dims = tuple(1 if entry == "x" else view.dims[entry] for entry in order)
        where = {entry: k for k, entry in enumerate(order) if entry != "x"}
        place = [Index(where.get(axis)) for axis in range(len(view.dims))]
        self.views[node.outputs[0]] = _moved(view, place, dims, value)
        return True

    def _alloc(self, node: Apply, value: bool) -> bool:
        source = self.view(node.inputs[0])
        dims = [self._scalar_size(x, "alloc") for x in node.inputs[1:]]
        shape = node.inputs[0].type.shape
        for k, static in enumerate(shape):
            if static != 1:
                axis = k + len(dims) - len(shape)
                self.unify(dims[axis], source.dims[k], axis)
        self.views[node.outputs[0]] = _stretched(source, shape, dims) if value else View(None, (), tuple(dims))
        return True

    def _scalar_size(self, x: Variable, op: str) -> Dim:
        """The size that a 0-d integer is."""
        if isinstance(x, Constant):
            size = int(x.data)
            if size >= 0:
                return size
        owner = x.owner
        if owner is not None and _kind(owner) == "ShapeI":
            return self.view(owner.inputs[0]).dims[owner.op.axis]
        maker = self.define(op, [self.view(x)], lambda texts: [])
        size_ = self.new_size(maker=maker)
        node = self._node
        maker.lines = lambda texts: [
            f"const int64_t {size_.name} = {texts[0]};",
            f"if ({size_.name} < 0) return isym_fail(ctx, {VALUE}, {node}, 2, {size_.name}, 0);",
        ]
        return size_

    def _shape_i(self, node: Apply, value: bool) -> bool:
        if not value:
            self.views[node.outputs[0]] = View(None, (), ())
            return True
        dim = self.view(node.inputs[0]).dims[node.op.axis]
        made = self.map("shape_i", "int64", (), [], lambda texts, indices: self.text(dim))
        made.writers[0].dims = (dim,)
        self.views[node.outputs[0]] = whole(made)
        return True

    def _shape(self, node: Apply, value: bool) -> bool:
        dims = self.view(node.inputs[0]).dims
        if not value:
            self.views[node.outputs[0]] = View(None, (), (len(dims),))
            return True
        result = self.new_value("int64", (len(dims),))
        for k, dim in enumerate(dims):
            self.map(
                "shape",
                "int64",
                (),
                [],
                lambda texts, indices, dim=dim: self.text(dim),
                into=result,
                place=[Index(None, str(k))],
            )
            result.writers[-1].dims = (dim,)
        self.views[node.outputs[0]] = whole(result)
        return True

    def _make_vector(self, node: Apply, value: bool) -> bool:
        dtype = node.outputs[0].type.dtype
        if not value:
            self.views[node.outputs[0]] = View(None, (), (len(node.inputs),))
            return True
        result = self.new_value(dtype, (len(node.inputs),))
        for k, x in enumerate(node.inputs):
            source = x.type.dtype
            self.map(
                "make_vector",
                dtype,
                (),
                [self.view(x)],
                lambda texts, indices, source=source: cast(texts[0], source, dtype),
                into=result,
                place=[Index(None, str(k))],
            )
        self.views[node.outputs[0]] = whole(result)
        return True

    def _specify_shape(self, node: Apply, value: bool) -> bool:
        view = self.view(node.inputs[0])
        dims = tuple(
            dim if size is None else self.unify(dim, int(size), axis)
            for axis, (dim, size) in enumerate(zip(view.dims, node.op.sizes))
        )
        self.views[node.outputs[0]] = View(view.base, view.index, dims, view.needs)
        return True

    def _unbroadcast(self, node: Apply, value: bool) -> bool:
        self.views[node.outputs[0]] = self.view(node.inputs[0])
        return True

    def _reshape(self, node: Apply, value: bool) -> bool:
        source, shape = node.inputs
        view = self.view(source)
        wanted = self._vector_entries(shape, node.op.ndim)
        number = self._node
        known = [x if isinstance(x, int) else None for x in wanted]
        dims: list[Dim]
        total = [self.find(dim) for dim in view.dims]
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
            maker = self.define("reshape", operands, lambda texts: [], view.dims)
            made = [self.new_size(maker=maker) for _ in wanted]
            name = f"shape{number}"

            def lines(texts: Sequence[str]) -> list[str]:
                remaining = iter(texts)
                entries = ", ".join(
                    str(x) if isinstance(x, int) else next(remaining) if isinstance(x, View) else self.text(x)
                    for x in wanted
                )
                sizes = " * ".join(self.text(dim) for dim in view.dims) or "1"
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
                dims.append(self.unify(size, static, axis) if static is not None else size)
            for size, x in zip(made, wanted):
                if isinstance(x, Size):
                    # the entry was the size of an array, so it is not -1 and the check above has seen it
                    old, young = self.find(x), self.find(size)
                    if isinstance(young, Size) and old is not young and _rank(old) < _rank(young):
                        self._parent[young] = old
            needs = [maker]
        if not value:
            self.views[node.outputs[0]] = View(None, (), tuple(dims), tuple(needs))
            return True
        if [self.find(d) for d in view.dims if d != 1] == [self.find(d) for d in dims if d != 1] and not needs:
            # only dimensions of size 1 come or go
            targets = iter([k for k, dim in enumerate(dims) if dim != 1])
            place = [Index(next(targets)) if dim != 1 else Index() for dim in view.dims]
            self.views[node.outputs[0]] = _moved(view, place, tuple(dims), True)
            return True
        base = self.materialised(source)
        if base.origin == "literal":
            self.views[node.outputs[0]] = View(base, (), tuple(dims), tuple(needs))
            return True
        alias = Value(
            f"{base.name}_shaped{number}", base.dtype, tuple(dims), "kernel", root=base, writers=list(base.writers)
        )
        self.values.append(alias)
        result = whole(alias)
        self.views[node.outputs[0]] = View(alias, result.index, result.dims, tuple(needs))
        return True

    def _vector_entries(self, shape: Variable, count: int) -> list[Any]:
        """The entries of a vector of sizes: ints, sizes, or 0-d views."""
        if isinstance(shape, Constant):
            return [int(x) for x in np.asarray(shape.data).reshape(-1)]
        owner = shape.owner
        if owner is not None and _kind(owner) == "MakeVector":
            entries: list[Any] = []
            for x in owner.inputs:
                if isinstance(x, Constant):
                    entries.append(int(x.data))
                elif x.owner is not None and _kind(x.owner) == "ShapeI":
                    entries.append(self.find(self.view(x.owner.inputs[0]).dims[x.owner.op.axis]))
                else:
                    entries.append(self.view(x))
            return entries
        if owner is not None and _kind(owner) == "Shape":
            return [self.find(dim) for dim in self.view(owner.inputs[0]).dims]
        view = self.view(shape)
        self.unify(view.dims[0], count, 0)
        return [_moved(view, [Index(None, str(k))], (), True) for k in range(count)]

    def _arange(self, node: Apply, value: bool) -> bool:
        dtype = node.outputs[0].type.dtype
        views = [self.view(x) for x in node.inputs]
        number = self._node
        exact = not any(x.type.dtype.startswith("float") for x in node.inputs)
        maker = self.define("arange", views, lambda texts: [])
        size = self.new_size(maker=maker)
        scalar = "int64_t" if exact else "double"

        def lines(texts: Sequence[str]) -> list[str]:
            start, stop, step = texts
            return [
                f"const {scalar} start{number} = {start}, step{number} = {step};",
                f"if (step{number} == 0) return isym_fail(ctx, {VALUE}, {number}, 5, 0, 0);",
                f"const int64_t {size.name} = isym_range{'' if exact else 'f'}(start{number}, {stop}, step{number});",
                f"if ({size.name} < 0) return isym_fail(ctx, {VALUE}, {number}, 6, 0, 0);",
            ]

        maker.lines = lines
        static = node.outputs[0].type.shape[0]
        dim = self.unify(size, static, 0) if static is not None else size
        if not value:
            self.views[node.outputs[0]] = View(None, (), (dim,), (maker,))
            return True
        # NumPy computes start + i * (second - start) in the element type
        made = self.map(
            "arange",
            dtype,
            (dim,),
            [],
            lambda texts, indices: cast(
                f"(start{number} + {_wide(indices[0], exact)} * step{number})", "int64" if exact else "float64", dtype
            ),
            after=[maker],
        )
        made.writers[0].uses_index = True
        self.views[node.outputs[0]] = whole(made)
        return True

    def _eye(self, node: Apply, value: bool) -> bool:
        dtype = node.outputs[0].type.dtype
        dims = [self._scalar_size(x, "eye") for x in node.inputs[:2]]
        if not value:
            self.views[node.outputs[0]] = View(None, (), tuple(dims))
            return True
        diagonal = self.view(node.inputs[2])
        scalar = View(diagonal.base, diagonal.index, tuple(dims), diagonal.needs)
        made = self.map(
            "eye",
            dtype,
            dims,
            [scalar],
            lambda texts, indices: cast(f"({indices[1]} == {indices[0]} + {texts[0]})", "int32", dtype),
        )
        made.writers[0].uses_index = True
        self.views[node.outputs[0]] = whole(made)
        return True

    def _join(self, node: Apply, value: bool) -> bool:
        inputs = node.inputs
        dtype, axis = node.outputs[0].type.dtype, node.op.axis
        views = [self.view(x) for x in inputs]
        axis %= len(views[0].dims)
        dims = list(views[0].dims)
        for view in views[1:]:
            for k, dim in enumerate(view.dims):
                if k != axis:
                    dims[k] = self.unify(dims[k], dim, k)
        along = [view.dims[axis] for view in views]
        names: list[str] = []
        if all(isinstance(self.find(dim), int) for dim in along):
            starts = np.cumsum([0, *(int(self.find(dim)) for dim in along)])  # type: ignore[arg-type]
            names = [str(int(start)) for start in starts[:-1]]
            dims[axis] = int(starts[-1])
            maker: list[Kernel] = []
        else:
            number = self._node
            made = self.define("join", [], lambda texts: [], along)
            size = self.new_size(maker=made)
            names = ["0", *(f"start{number}_{k}" for k in range(1, len(along)))]

            def lines(texts: Sequence[str]) -> list[str]:
                result = []
                for k in range(1, len(along)):
                    before = self.text(along[k - 1])
                    result.append(f"const int64_t {names[k]} = {before if k == 1 else f'{names[k - 1]} + {before}'};")
                last = self.text(along[-1])
                result.append(f"const int64_t {size.name} = {last if len(along) == 1 else f'{names[-1]} + {last}'};")
                return result

            made.lines = lines
            dims[axis] = size
            maker = [made]
            static = node.outputs[0].type.shape[axis]
            if static is not None:
                dims[axis] = self.unify(size, static, axis)
        if not value:
            self.views[node.outputs[0]] = View(None, (), tuple(dims), tuple(maker))
            return True
        result = self.new_value(dtype, dims)
        for view, start, x in zip(views, names, inputs):
            place = [Index(k) if k != axis else Index(k, start) for k in range(len(dims))]
            source = x.type.dtype
            self.map(
                "join",
                dtype,
                view.dims,
                [view],
                lambda texts, indices, source=source: cast(texts[0], source, dtype),
                into=result,
                place=place,
                after=maker,
            )
        self.views[node.outputs[0]] = whole(result)
        return True

    # -- indexing ------------------------------------------------------------------------------------------------

    def _entries(
        self, dims: Sequence[Dim], entries: Sequence[tuple[Any, ...]], scalars: Sequence[Variable]
    ) -> tuple[list[Index], list[Dim], list[Kernel]]:
        """The index map of a basic subscript: an `Index` per axis of the array, the sizes of the result, what computes them."""
        number = self._node
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
                known = self.find(dim)
                if isinstance(x, Constant) and isinstance(known, int) and -known <= int(x.data) < known:
                    place.append(Index(None, str(int(x.data) % known)))
                    continue
                name = self.name(f"at{number}_")

                def index_lines(texts: Sequence[str], name: str = name, dim: Dim = dim, axis: int = axis) -> list[str]:
                    size = self.text(dim)
                    return [
                        f"const int64_t {name} = isym_index({texts[0]}, {size});",
                        f"if ({name} < 0) return isym_fail(ctx, {INDEX}, {number}, {axis}, {texts[0]}, {size});",
                    ]

                makers.append(self.define("subtensor", [self.view(x)], index_lines, [dim]))
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
            known = self.find(dim)
            if isinstance(known, int) and all(
                part is None or isinstance(part, Constant) for part in (start, stop, step)
            ):
                chosen = range(known)[
                    slice(*(None if part is None else int(part.data) for part in (start, stop, step)))
                ]
                place.append(Index(len(sizes), str(chosen.start), str(chosen.step)))
                sizes.append(len(chosen))
                continue
            present = [part for part in (start, stop, step) if part is not None]
            name = self.name(f"at{number}_")
            maker = self.define("subtensor", [self.view(part) for part in present], lambda texts: [], [dim])
            size = self.new_size(maker=maker)
            constant_step = (
                1 if step is None else int(step.data) if isinstance(step, Constant) and int(step.data) else None
            )

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
                    f"const int64_t {size.name} = isym_slice({self.text(dim)}, {int(has[0])}, {texts3[0]}, {int(has[1])}, "
                    f"{texts3[1]}, {step_text}, &{name});"
                )
                return lines

            maker.lines = slice_lines
            makers.append(maker)
            place.append(Index(len(sizes), name, str(constant_step) if constant_step is not None else f"{name}_step"))
            sizes.append(size)
        return place, sizes, makers

    def _subtensor(self, node: Apply, value: bool) -> bool:
        view = self.view(node.inputs[0])
        place, sizes, makers = self._entries(view.dims, node.op.entries, node.inputs[1:])
        dims = [
            dim if static is None else self.unify(dim, static, axis)
            for axis, (dim, static) in enumerate(zip(sizes, node.outputs[0].type.shape))
        ]
        moved = _moved(view, place, tuple(dims), value)
        self.views[node.outputs[0]] = View(moved.base, moved.index, moved.dims, (*moved.needs, *makers))
        return True

    def _inc_subtensor(self, node: Apply, value: bool) -> bool:
        x, y = (self.view(v) for v in node.inputs[:2])
        if not value:
            self.views[node.outputs[0]] = View(None, (), x.dims)
            return True
        dtype = node.outputs[0].type.dtype
        place, sizes, makers = self._entries(x.dims, node.op.entries, node.inputs[2:])
        shape = node.inputs[1].type.shape
        dims = list(sizes)
        for k, static in enumerate(shape):
            axis = k + len(dims) - len(shape)
            if static != 1:
                dims[axis] = self.unify(dims[axis], y.dims[k], axis)
        before = self.copy(x, dtype)
        after = Value(f"{before.name}_changed", dtype, before.dims, "kernel", root=before, changed=True)
        self.values.append(after)
        operand = _stretched(y, shape, dims)
        operand_dtype = node.inputs[1].type.dtype
        whole_before = whole(before)
        if node.op.set:
            self.map(
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
            old = View(before, tuple(_compose(index, place) for index in whole_before.index), tuple(dims))
            sign = "|" if dtype == "bool" else "+"
            self.map(
                "inc_subtensor",
                dtype,
                dims,
                [old, operand],
                lambda texts, i: f"{texts[0]} {sign} {cast(texts[1], operand_dtype, dtype)}",
                into=after,
                place=place,
                after=[*makers, *before.writers],
            )
        self.views[node.outputs[0]] = whole(after)
        return True

    # -- Python steps --------------------------------------------------------------------------------------------

    def _python(self, node: Apply) -> None:
        inputs: list[Any] = []
        reads: list[Value] = []
        after: list[Kernel] = []
        for x in node.inputs:
            if isinstance(x, Constant):
                inputs.append(x.data)
            elif not isinstance(x.type, TensorType):
                inputs.append(Object(self.objects[x]))
                if x.owner is not None:
                    after.extend(k for k in self.kernels if k.step is not None and x in self.steps[k.step].node.outputs)
            else:
                view = self.view(x)
                base = view.base
                if not (
                    is_whole(view) and base is not None and base.origin in ("slot", "kernel") and base.root is None
                ):
                    base = self.copy(view, x.type.dtype)
                assert base is not None
                if base.slot is None:
                    base.wants_slot = True
                inputs.append(base)
                reads.append(base)
                after.extend(view.needs)
        outputs: list[Any] = []
        number = len(self.steps)
        kernel = self.kernel(_op_text(node.op), "call", whole=tuple(reads), after=after, step=number)
        kernel.lines = lambda texts: [
            f"if (ctx->python(ctx, {number})) return isym_fail(ctx, {PYTHON}, {kernel.node}, 0, 0, 0);"
        ]
        for index, x in enumerate(node.outputs):
            if not isinstance(x.type, TensorType):
                self.objects[x] = -1 - len(self.objects)
                outputs.append(Object(self.objects[x]))
                continue
            sizes = [self.new_size(maker=kernel) for _ in x.type.shape]
            value = self.new_value(x.type.dtype, sizes, index)
            value.wants_slot = True
            value.writers.append(kernel)
            dims = tuple(
                size if static is None else self.unify(size, static, axis)
                for axis, (size, static) in enumerate(zip(sizes, x.type.shape))
            )
            value.dims = dims
            outputs.append(value)
            self.views[x] = whole(value)
            kernel.step_sizes.extend((size, value, axis) for axis, size in enumerate(sizes))
        self.steps.append(Step(node, tuple(inputs), tuple(outputs)))

    def _live(self) -> list[Kernel]:
        """The kernels that something needs."""
        read: set[int] = set()
        live: list[Kernel] = []
        for kernel in reversed(self.kernels):
            value = kernel.value
            if value is None or value.storage.slot is not None or id(value) in read or id(value.storage) in read:
                live.append(kernel)
                for used in (*(access.value for access in kernel.reads), *kernel.whole):
                    read.add(id(used))
                    read.add(id(used.storage))
        live.reverse()
        return live

    def needs(self, kernel: Kernel) -> dict[Kernel, Access | None]:
        """The kernels that must have run before `kernel`, and the one access by which it reads the result, if only that."""
        found: dict[Kernel, Access | None] = {}
        for access in kernel.reads:
            for writer in access.value.writers:
                if writer is not kernel:
                    known = found.get(writer, access)
                    found[writer] = access if known is access or (known is not None and known == access) else None
        others = [*kernel.after, *(writer for value in kernel.whole for writer in value.writers)]
        for dim in kernel.dims:
            for size in (dim, self.find(dim)):
                if isinstance(size, Size) and size.maker is not None:
                    others.append(size.maker)
        for other in others:
            if other is not kernel:
                found[other] = None
        return found

    # -- results -------------------------------------------------------------------------------------------------

    def _results(self) -> None:
        """Give outputs and updates their slots; what has a home already is copied."""
        for x in self.program.results:
            if isinstance(x.type, TensorType):
                self.view(x)  # a large constant takes a slot before the outputs
        first = len(self.program.inputs) + len(self.program.shared) + len(self.extra)
        for position, x in enumerate(self.program.results):
            slot = first + position
            if not isinstance(x.type, TensorType):
                self._object_result(x, slot)
                continue
            view = self.view(x)
            base = view.base
            assert base is not None
            owner = base.storage
            if not (
                is_whole(view)
                and base.origin == "kernel"
                and owner.slot is None
                and owner.origin == "kernel"
                and (base is owner or base.changed)
            ):
                base = self.copy(view, x.type.dtype, stem=f"result{position}")
                owner = base
            owner.slot = slot
        self.first_temporary = first + len(self.program.results)
        self.temporaries: list[Any] = []
        for value in self.values:
            if value.wants_slot and value.slot is None:
                value.slot = self.first_temporary + len(self.temporaries)
                self.temporaries.append(value)
        self.object_slots: dict[int, int] = {}
        for variable, key in self.objects.items():
            slot_ = self.slot_of_object.get(variable)
            if slot_ is None:
                slot_ = self.first_temporary + len(self.temporaries)
                self.temporaries.append(variable)
            self.object_slots[key] = slot_

    def _object_result(self, x: Variable, slot: int) -> None:
        if x.owner is not None and x not in self.slot_of_object:
            self.slot_of_object[x] = slot
            return
        # the object is in a slot already: a step hands it on
        number = len(self.steps)
        after = [k for k in self.kernels if k.step is not None and x in self.steps[k.step].node.outputs]
        kernel = self.kernel("copy", "call", after=after, step=number)
        kernel.lines = lambda texts: [
            f"if (ctx->python(ctx, {number})) return isym_fail(ctx, {PYTHON}, {kernel.node}, 0, 0, 0);"
        ]
        target = Variable(x.type)
        self.objects[target] = -1 - len(self.objects)
        self.slot_of_object[target] = slot
        self.steps.append(Step(Handed(x, target), (Object(self.objects[x]),), (Object(self.objects[target]),)))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Handed:
    """Stands for a node where a step passes an object on as it is."""

    source: Variable
    target: Variable

    @property
    def outputs(self) -> tuple[Variable, ...]:
        return (self.target,)


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


# -- index maps ----------------------------------------------------------------------------------------------------------


def whole(value: Value) -> View:
    """A value as it is."""
    return View(value, tuple(Index(k) if dim != 1 else Index() for k, dim in enumerate(value.dims)), value.dims)


def is_whole(view: View) -> bool:
    """Whether a view is its base, element for element."""
    base = view.base
    return (
        base is not None
        and base.origin != "literal"
        and len(view.index) == len(view.dims)
        and all(
            (index.plain and index.axis == k) or (dim == 1 and index == Index())
            for k, (index, dim) in enumerate(zip(view.index, base.dims))
        )
        and len(view.dims) == len(base.dims)
    )


def _compose(outer: Index, place: Sequence[Index]) -> Index:
    """The position `outer` speaks of, where its axis is itself at `place`."""
    if outer.axis is None:
        return outer
    inner = place[outer.axis]
    if outer.plain:
        return inner
    start = outer.start
    if inner.start != "0":
        offset = inner.start if outer.step == "1" else f"{outer.step} * {_bracket(inner.start)}"
        start = offset if start == "0" else f"{start} + {offset}"
    if inner.axis is None:
        return Index(None, start)
    step = (
        outer.step
        if inner.step == "1"
        else inner.step
        if outer.step == "1"
        else f"{_bracket(outer.step)} * {_bracket(inner.step)}"
    )
    return Index(inner.axis, start, step)


def _bracket(text: str) -> str:
    return text if text.replace("_", "").isalnum() else f"({text})"


def _moved(view: View, place: Sequence[Index], dims: tuple[Dim, ...], value: bool) -> View:
    """`view` where its own axes are at `place`."""
    if not value or view.base is None:
        return View(None, (), dims, view.needs)
    return View(view.base, tuple(_compose(index, place) for index in view.index), dims, view.needs)


def _stretched(view: View, shape: Sequence[int | None], dims: Sequence[Dim]) -> View:
    """`view`, of static `shape`, stretched to `dims`: aligned at the last dimensions."""
    shift = len(dims) - len(shape)
    place = [Index(k + shift) if static != 1 else Index() for k, static in enumerate(shape)]
    return _moved(view, place, tuple(dims), True)


def _memory_order(view: View) -> list[int]:
    """The axes of a view in the order of its base's axes, so that loops walk along memory."""
    position = {index.axis: k for k, index in enumerate(view.index) if index.axis is not None}
    return sorted(range(len(view.dims)), key=lambda axis: position.get(axis, axis))


def _blas_layout(view: View) -> bool | None:
    """Whether a matrix is the transpose of a matrix in C order; None where it is neither that nor such a matrix."""
    base = view.base
    if base is None or base.origin == "literal" or len(base.dims) != 2:
        return None
    plain = [index.plain or (dim == 1 and index == Index()) for index, dim in zip(view.index, base.dims)]
    if not all(plain):
        return None
    axes = [index.axis for index in view.index]
    if axes in ([0, 1], [0, None], [None, 1]):
        return False
    return True if axes in ([1, 0], [1, None], [None, 0]) else None


def _no_minus_zero(data: Any) -> bool:
    """Whether equal elements are equal in their bits too."""
    first = data.reshape(-1)[:1].tobytes()
    return bool(data.tobytes() == first * data.size)


def _rank(dim: Dim) -> tuple[int, int]:
    if isinstance(dim, int):
        return (0, 0)
    return (1, dim.order) if dim.maker is None else (2, dim.order)


def _name(dim: Dim) -> str:
    return str(dim) if isinstance(dim, int) else dim.name


def _wide(index: str, exact: bool) -> str:
    return f"({index})" if exact else f"(double)({index})"


def _op_text(op: Any) -> str:
    """An operation's name, as far as it is a plain word: other people's names do not get into C."""
    name = str(op.name)
    return name if len(name) <= 40 and name.isascii() and name.replace("_", "").isalnum() else "operation"


def _kind(node: Apply) -> str:
    return type(node.op).__name__


def _need(node: Apply, position: int, value: bool) -> str:
    """What a node needs of an input: "value", "shape" or nothing."""
    kind = _kind(node)
    if kind in ("Shape", "ShapeI"):
        return "shape"
    if isinstance(node.op, Elementwise) and node.op.name == "fill" and position == 0 and not node.op.python_only:
        return "shape"
    if value:
        return "value"
    if kind in ("Alloc", "Eye", "ARange"):
        return "shape" if kind == "Alloc" and position == 0 else "value"
    if kind in ("Reshape", "Subtensor") and position > 0:
        return "value"
    return "shape"


def _has_shape_rule(node: Apply) -> bool:
    return (isinstance(node.op, Elementwise) and not node.op.python_only) or _kind(node) in _METHODS


_METHODS: dict[str, Callable[[Lowering, Apply, bool], bool]] = {
    "Reduce": Lowering._reduce,
    "Dot": Lowering._dot,
    "DimShuffle": Lowering._dimshuffle,
    "Alloc": Lowering._alloc,
    "ShapeI": Lowering._shape_i,
    "Shape": Lowering._shape,
    "MakeVector": Lowering._make_vector,
    "SpecifyShape": Lowering._specify_shape,
    "Unbroadcast": Lowering._unbroadcast,
    "Reshape": Lowering._reshape,
    "ARange": Lowering._arange,
    "Eye": Lowering._eye,
    "Join": Lowering._join,
    "Subtensor": Lowering._subtensor,
    "IncSubtensor": Lowering._inc_subtensor,
}
