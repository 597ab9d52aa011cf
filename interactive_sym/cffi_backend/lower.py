"""Lowering: from a program's nodes to kernels over index spaces.

Two things are worked out for every node: its sizes, and its value. Sizes need no values, so asking for the shape of an
intermediate result does not compute it. Sizes that must be equal are merged into classes, with one check each, at the
first place where both are known. Transposes, slices, added and dropped dimensions, and fills are index maps on the
value below (`View`); everything else is a `Kernel`.

Read next: `lower_nodes`, the rules of the operations; then `schedule`.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.graph import Apply, Constant, Variable, toposort
from ..core.ops.create import Alloc, ARange, Eye
from ..core.ops.elementwise import Elementwise
from ..core.ops.indexing import Subtensor
from ..core.ops.shape import Reshape, Shape, ShapeI
from ..core.program import Program
from ..core.types import TensorType
from .indexmap import View, compose, is_whole, uniform_bits, whole
from .loopir import Access, Axis, Dim, Index, Kernel, Size, Text, Value, literal

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
        support, headers: C definitions that expressions need, and headers.
        messages: what `error[1]` stands for in value errors.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.numbers = program.numbers
        self.uses = Counter(x for node in program.nodes for x in node.inputs)
        self.uses.update(program.results)
        self.kernels: list[Kernel] = []
        self.sizes: list[Size] = []
        self.entry_checks: list[Text] = []
        self.values: list[Value] = []
        self.extra: list[Value] = []
        self.steps: list[Step] = []
        self.support: dict[str, None] = {}
        self.headers: dict[str, None] = {}
        self.messages: list[str] = list(MESSAGES)
        self.views: dict[Variable, View] = {}
        self.objects: dict[Variable, int] = {}
        self.slot_of_object: dict[Variable, int] = {}
        self._parent: dict[Size, int | Size] = {}
        self._order = 0
        self._names: dict[str, int] = {}
        self.node = -1
        self._constants: dict[Any, Constant] = {}

        self._slots()
        wanted, shaped = self._needed()
        for number, node in enumerate(program.nodes):
            if any(x in wanted or x in shaped for x in node.outputs):
                self.node = number
                self._lower(node, any(x in wanted for x in node.outputs))
        self.node = -1
        self._results()
        self.kernels = self._live()

    # -- sizes ---------------------------------------------------------------------------------------------------

    def find(self, dim: Dim) -> Dim:
        """The size that stands for all that are equal to `dim`."""
        if isinstance(dim, tuple):
            return dim
        root: int | Size = dim
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

    def scalar_size(self, x: Variable, op: str) -> Dim:
        """The size that a 0-d integer is."""
        if isinstance(x, Constant):
            size = int(x.data)
            if size >= 0:
                return size
        owner = x.owner
        if owner is not None and isinstance(owner.op, ShapeI):
            return self.view(owner.inputs[0]).dims[owner.op.axis]
        maker = self.define(op, [self.view(x)], lambda texts: [])
        size_ = self.new_size(maker=maker)
        node = self.node
        maker.lines = lambda texts: [
            f"const int64_t {size_.name} = {texts[0]};",
            f"if ({size_.name} < 0) return isym_fail(ctx, {VALUE}, {node}, 2, {size_.name}, 0);",
        ]
        return size_

    def size_of(self, size: Any) -> Dim:
        """A size as an `infer_shape` says it: a number, a size, or a 0-d integer variable."""
        if isinstance(size, Variable):
            for node in toposort([size], self.views):
                self._lower(node, True)
            return self.scalar_size(size, "size")
        return size if isinstance(size, Size) else int(size)

    def unify(self, left: Dim, right: Dim, axis: int) -> Dim:
        """Say that two sizes are equal; checked when the function runs, at the first place where both are known."""
        a, b = self.find(left), self.find(right)
        if a is b or a == b:
            return a
        rank_a, rank_b = rank(a), rank(b)
        old, young = (a, b) if rank_a <= rank_b else (b, a)
        left_name, right_name = _name(a), _name(b)
        node = self.node

        def check() -> str:
            sizes = f"{left_name}, {right_name}"
            return f"if ({left_name} != {right_name}) return isym_fail(ctx, {SIZE}, {node}, {axis}, {sizes});"

        maker = young.maker if isinstance(young, Size) else None
        if maker is None:
            self.entry_checks.append(check)
        else:
            maker.checks.append(check)
            if isinstance(old, Size) and old.maker is not None and old.maker is not maker:
                maker.after.append(old.maker)
        if isinstance(young, Size) and not isinstance(old, tuple):
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
            value.buffer = value.name
            self.values.append(value)
            self.views[variable] = whole(value)

    def view(self, variable: Variable) -> View:
        """The index map of a variable that is lowered already, or of a constant."""
        found = self.views.get(variable)
        if found is not None:
            return found
        if not isinstance(variable, Constant):
            raise KeyError(f"node {self.node} reads {variable}, which nothing computes")
        equal = self._constants.setdefault(variable.signature(), variable)
        if equal is not variable and equal in self.views:
            self.views[variable] = self.views[equal]
            return self.views[equal]
        data = np.asarray(variable.data)
        if data.size and (data.ndim == 0 or uniform_bits(data)):
            scalar = Value(
                literal(data.reshape(-1)[0]), data.dtype.name, (), "literal", constant=data.reshape(-1)[:1].reshape(())
            )
            view = View(scalar, (), tuple(data.shape))
        else:
            table = data.size <= TABLE_LIMIT
            value = Value(
                self.name("c"), data.dtype.name, tuple(data.shape), "table" if table else "slot", constant=data
            )
            value.buffer = value.name
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
                need = "value" if rule_of(node.op) is None else _need(node, position, value)
                if need == "value":
                    wanted.add(x)
                elif need == "shape":
                    shaped.add(x)
            if not value and rule_of(node.op) is None:
                wanted.update(node.outputs)
        return wanted, shaped

    # -- kernels -------------------------------------------------------------------------------------------------

    def kernel(self, op: str, kind: str, **fields: Any) -> Kernel:
        made = Kernel(len(self.kernels), self.node, op, kind, **fields)
        self.kernels.append(made)
        return made

    def new_value(self, dtype: str, dims: Sequence[Dim], index: int = 0, stem: str = "") -> Value:
        stem = stem or f"v{self.node}" + (f"_{index}" if index else "")
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
            tuple(compose(index, [Index(position.get(k)) for k in range(len(dims))]) for index in target),
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

    def own(self, variable: Variable, view: View) -> bool:
        """Whether the node being lowered alone reads a computed array, so that it may change it in place."""
        base = view.base
        if base is None or base.origin != "kernel" or not is_whole(view):
            return False
        if base.root is not None and not base.changed:
            return False
        owner = variable.owner
        made_here = owner is not None and base.writers[-1].node == self.numbers.get(owner) and not base.wants_slot
        return made_here and self.uses[variable] == 1

    def access(self, view: View, place: Sequence[Index]) -> Access:
        """Element of `view` at `place`."""
        assert view.base is not None
        return Access(view.base, tuple(compose(index, place) for index in view.index), view.base.dims)

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
        rule = rule_of(node.op)
        if rule is None or not rule(self, node, value):
            self._python(node)

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
        kernel = self.kernel(op_text(node.op), "call", whole=tuple(reads), after=after, step=number)
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
            made = [kernel.value] if kernel.value is not None else list(kernel.results)
            if not made or any(
                value.storage.slot is not None or id(value) in read or id(value.storage) in read for value in made
            ):
                live.append(kernel)
                for used in (*(access.value for access in kernel.reads), *kernel.whole):
                    read.add(id(used))
                    read.add(id(used.storage))
        live.reverse()
        return live

    def needs(self, kernel: Kernel) -> dict[Kernel, Access | None]:
        """The kernels that must have run before `kernel`; for each the access that reads it, if there is just one."""
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


def rank(dim: Dim) -> tuple[int, int]:
    if isinstance(dim, int):
        return (0, 0)
    assert isinstance(dim, Size), "joined loops are not compared"
    return (1, dim.order) if dim.maker is None else (2, dim.order)


def _name(dim: Dim) -> str:
    assert not isinstance(dim, tuple), "joined loops have no name"
    return str(dim) if isinstance(dim, int) else dim.name


def op_text(op: Any) -> str:
    """An operation's name, as far as it is a plain word: other people's names do not get into C."""
    name = str(op.name)
    return name if len(name) <= 40 and name.isascii() and name.replace("_", "").isalnum() else "operation"


def _need(node: Apply, position: int, value: bool) -> str:
    """What a node needs of an input: its "value" or its "shape"."""
    op = node.op
    if getattr(op, "library_c", None) is not None or op.family == "control":
        return "value"
    if isinstance(op, (Shape, ShapeI)):
        return "shape"
    if isinstance(op, Elementwise) and op.name == "fill" and position == 0:
        return "shape"
    if value:
        return "value"
    if isinstance(op, Alloc):
        return "shape" if position == 0 else "value"
    if isinstance(op, (Eye, ARange)) or (isinstance(op, (Reshape, Subtensor)) and position > 0):
        return "value"
    return "shape"


Rule = Callable[[Lowering, Apply, bool], bool]

#: How to lower each class of operation; `lower_nodes` fills it. What is not here runs as a Python step.
RULES: dict[type, Rule] = {}


def rule_of(op: Any) -> Rule | None:
    """How to lower an operation, None where it runs in Python."""
    if op.python_only:
        return None
    if getattr(op, "library_c", None) is not None:
        return RULES[LibraryFunction]
    return RULES.get(type(op)) or (RULES[Elementwise] if isinstance(op, Elementwise) else None)


class LibraryFunction:
    """Stands in `RULES` for operations that one C function of a runtime header computes (`op.library_c`)."""


def lowers(*classes: type) -> Callable[[Rule], Rule]:
    """Decorator: the function lowers nodes of these classes of operation."""

    def decorate(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(classes, rule))
        return rule

    return decorate
