"""How loops and branches become C: an inner graph is lowered, scheduled and written like a program, inside a block.

What surrounds the block declares the inputs: pointers, numbers and sizes with a prefix of their own, so that the inner
text may use any names. A loop's block is the body of a `for`: states are read where earlier steps wrote them, so
nothing is copied, and states that are numbers stay in C locals. Memory that a step needs for itself is taken once,
before the loop. A branch's block is one side of an `if`.

An inner graph with an operation that has no C makes the whole loop, or the two branches, a Python step.

Read next: `schedule`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..core.graph import Apply, Variable
from ..core.ops.body import Body
from ..core.ops.control import Branches, IfElse
from ..core.ops.scan import Scan
from ..core.program import make_program
from ..core.types import TensorType
from .emit import Emitter
from .indexmap import View, whole
from .loopir import Dim, Index, Kernel, Size, Value
from .lower import Lowering, lowers
from .memory import Buffer, Memory
from .schedule import Schedule

_KEEP = """\
/* Memory that is kept from step to step, and grows where a step needs more. */
static inline void *isym_keep(isym_ctx *ctx, void **kept, int64_t *room, int64_t bytes, int ndim, const int64_t *dim) {
  for (int k = 0; k < ndim; k++)
    if (__builtin_mul_overflow(bytes, dim[k], &bytes)) return 0;
  if (!*kept || bytes > *room) {
    *room = bytes > 64 ? bytes : 64;
    *kept = ctx->scratch(ctx, *room);
  }
  return *kept;
}
"""
#: Between two looks at whether the user interrupts: so many steps, of numbers only or with loops; powers of two.
POLL_STEPS, POLL_LOOPS = 256, 16
#: Steps that leave so many elements ask each time.
POLLED_SIZE = 1024
#: Text of a step that may take long: a loop, or a call of a library function.
_LOOPS = re.compile(r"\bfor \(|\b(isym|ISYM)_\w+\(ctx\b")


class NeedsPython(Exception):
    """An inner graph has an operation without C, or sizes that are known too late."""


class Inner(Lowering):
    """The lowering of an inner graph.

    Args:
        body: the inner graph.
        outer: the lowering of what is around it.
        prefix: what the names that the surroundings declare begin with.
        same: pairs (output, input) whose sizes are equal.
        alike: inputs that have the sizes of another input before them.

    Attributes:
        hoisted: large constants, which the surroundings pass in: the value here, and the variable.
        sources: for each size known at entry the input and the axis it is of.
    """

    def __init__(
        self,
        body: Body,
        outer: Lowering,
        prefix: str,
        same: Sequence[tuple[int, int]] = (),
        alike: Mapping[int, int] | None = None,
    ) -> None:
        self.body, self.outer, self.prefix, self.same_sizes, self.alike = body, outer, prefix, same, alike or {}
        self.hoisted: list[tuple[Value, Variable]] = []
        self.sources: dict[Size, tuple[int, int]] = {}
        if not all(isinstance(x.type, TensorType) for x in (*body.inputs, *body.outputs)):
            raise NeedsPython
        super().__init__(make_program(body.inputs, body.outputs, []))
        schedule = Schedule(self)
        self.emitter = InnerEmitter(self, schedule, Memory(self, schedule))

    def _slots(self) -> None:
        self.messages, self.support, self.headers = self.outer.messages, self.outer.support, self.outer.headers
        for number, x in enumerate(self.body.inputs):
            dims: list[Dim] = []
            for axis, size in enumerate(x.type.shape):
                if number in self.alike:
                    dims.append(self.values[self.alike[number]].dims[axis])
                elif size is None:
                    made = self.new_size(f"{self.prefix}size{number}_{axis}")
                    self.sources[made] = (number, axis)
                    dims.append(made)
                else:
                    dims.append(size)
            value = Value(f"in{number}", x.type.dtype, tuple(dims), "slot", slot=number)
            value.buffer = value.name
            self.values.append(value)
            self.views[x] = whole(value)

    def view(self, variable: Variable) -> View:
        found = super().view(variable)
        if self.extra:
            value = self.extra.pop()
            value.slot = None
            value.name = value.buffer = f"{self.prefix}constant{len(self.hoisted)}"
            self.hoisted.append((value, variable))
        return found

    def _python(self, node: Apply) -> None:
        raise NeedsPython

    def _results(self) -> None:
        for output, given in self.same_sizes:
            made, before = self.view(self.body.outputs[output]).dims, self.view(self.body.inputs[given]).dims
            for axis, (a, b) in enumerate(zip(made, before, strict=True)):
                self.unify(a, b, axis)
        super()._results()

    def result_sizes(self, output: int) -> list[int | tuple[int, int]]:
        """The sizes of an output: numbers, or (input, axis) of which it is the size."""
        sizes: list[int | tuple[int, int]] = []
        for dim in self.view(self.body.outputs[output]).dims:
            found = self.find(dim)
            if isinstance(found, Size) and found in self.sources:
                sizes.append(self.sources[found])
            elif isinstance(found, int):
                sizes.append(found)
            else:
                raise NeedsPython
        return sizes


class InnerEmitter(Emitter):
    """Writes the block of an inner graph.

    Attributes:
        before: what comes before the loop: sizes, tables, checks, memory.
    """

    lowering: Inner
    splits = False

    def __init__(self, lowering: Inner, schedule: Schedule, memory: Memory) -> None:
        self.before: list[str] = []
        super().__init__(lowering, schedule, memory)
        known = self.lowering.values
        self.lowering.values = [x for x in known if x.origin != "slot"]
        self.before = [line.text.strip() for line in self.entry()] + self.before
        self.lowering.values = known

    def _allocate(self, buffer: Buffer) -> None:
        if buffer.slot is not None:
            return  # an output: the surroundings say where it goes
        low = self.lowering
        late = any(
            isinstance(size, Size) and size.maker is not None
            for dim in buffer.dims
            for size in (dim if isinstance(dim, tuple) else (dim,))
            for size in (low.find(size),)
        )
        dims = [self.size(dim) for dim in buffer.dims]
        if buffer.rows > 1:
            dims = [str(buffer.rows), *dims]
        shape = f"{max(len(dims), 1)}, (const int64_t[]){{{', '.join(dims) or '1'}}}"
        pointer = f"{buffer.c_type} *restrict {buffer.name} = ({buffer.c_type} *)"
        if late:
            low.support.setdefault(_KEEP)
            kept = f"kept_{buffer.name}"
            self.before += [f"void *{kept} = 0;", f"int64_t room_{buffer.name} = 0;"]
            call = f"isym_keep(ctx, &{kept}, &room_{buffer.name}, sizeof({buffer.c_type}), {shape})"
            self.write(f"{pointer}{call};")
            self.write(f"if (!{buffer.name}) return ISYM_MEMORY;")
        else:
            call = f"isym_temporary(ctx, sizeof({buffer.c_type}), {shape})"
            self.before += [f"{pointer}{call};", f"if (!{buffer.name}) return ISYM_MEMORY;"]

    def body_lines(self, node: int) -> list[str]:
        """The text of one run, its errors reported as those of the outer node `node`."""
        return [_reported(line.text[2:] if line.text.startswith("  ") else line.text, node) for line in self.lines]


def _reported(text: str, node: int) -> str:
    return re.sub(r"isym_fail\(ctx, (\d+), -?\d+,", rf"isym_fail(ctx, \1, {node},", text)


# -- what the surroundings pass in -----------------------------------------------------------------------------------


class Interface:
    """Inputs of an inner graph as the surroundings declare them.

    Collects what the outer kernel reads, and gives C texts once these are known.
    """

    def __init__(self, low: Lowering, prefix: str) -> None:
        self.low, self.prefix = low, prefix
        self.views: list[View] = []  # numbers, read as operands
        self.arrays: list[Value] = []
        self.dims: list[Dim] = []
        self.needs: list[Kernel] = []
        self.texts: Sequence[str] = ()

    def number(self, view: View) -> Callable[[], str]:
        """The text of a 0-d value."""
        position = len(self.views)
        self.views.append(view)
        return lambda: self.texts[position]

    def array(self, x: Variable) -> Value:
        """An array that is read as a whole, in C order."""
        view = self.low.view(x)
        base = self.low.materialised(x)
        self.arrays.append(base)
        self.dims += view.dims
        self.needs += view.needs
        return base

    def rows(self, x: Variable) -> "Rows":
        """An array that is read row by row, without a copy where its rows lie in C order."""
        view = self.low.view(x)
        self.dims += view.dims
        self.needs += view.needs
        base = view.base
        if len(view.dims) == 1 and base is not None:  # rows are numbers: any place will do
            if base.dims and base.origin != "literal":
                self.arrays.append(base)
            return Rows(self.low, view)
        if not _rows_in_order(self.low, view):
            view = whole(self.low.copy(view, x.type.dtype))
        assert view.base is not None
        self.arrays.append(view.base)
        return Rows(self.low, view)


def _rows_in_order(low: Lowering, view: View) -> bool:
    """Whether the rows of a view (all but its first dimension) lie in C order in its base."""
    base = view.base
    if base is None or base.origin == "literal":
        return False
    count = len(view.dims) - 1
    if count > len(base.dims):
        return False
    lead = len(base.dims) - count
    for k, index in enumerate(view.index):
        if k < lead:
            if index.axis not in (None, 0):
                return False
            continue
        axis = k - lead + 1
        plain = index.plain and index.axis == axis and low.same(base.dims[k], view.dims[axis])
        if not plain and not (base.dims[k] == 1 and view.dims[axis] == 1):
            return False
    return True


@dataclass(frozen=True)
class Rows:
    """An array of which rows are read.

    The step's text speaks of it by names of the surroundings' own, since outer names may mean something else there.
    """

    low: Lowering
    view: View

    @property
    def number(self) -> bool:
        """Whether a row is one number."""
        return len(self.view.dims) == 1

    def declared(self, name: str) -> Iterator[str]:
        """Pointer, first offset and distance of rows, as `name`, `name_start` and `name_step`."""
        base = self.view.base
        assert base is not None
        if not self._stored:
            yield f"const {base.c_type} {name} = {base.name};"
            return
        start, second = self._address(0), self._address(1)
        yield f"const {base.c_type} *restrict {name} = {base.storage.buffer};"
        step = second if start == "0" else f"{second} - ({start})"
        yield f"const int64_t {name}_start = {start}, {name}_step = {step};"

    @property
    def _stored(self) -> bool:
        base = self.view.base
        return base is not None and base.origin != "literal" and not (base.origin == "slot" and not base.dims)

    def pointer(self, name: str, row: str) -> str:
        """C text of a pointer to a row."""
        return f"{name} + ({name}_start + {name}_step * {row})"

    def element(self, name: str, row: str) -> str:
        """C text of a row that is one number."""
        return f"{name}[{name}_start + {name}_step * {row}]" if self._stored else name

    def _address(self, row: int) -> str:
        """The offset of a row in the base, in elements."""
        base = self.view.base
        assert base is not None
        lead = len(base.dims) - (len(self.view.dims) - 1)
        text = "0"
        for k, (index, dim) in enumerate(zip(self.view.index, base.dims)):
            place = "0"
            if k < lead:
                place = index.start
                if index.axis == 0 and row:
                    place = index.step if index.start == "0" else f"{index.start} + {index.step}"
            if text == "0":
                text = place
            else:
                text = f"({text}) * ({self.low.text(dim)})" + ("" if place == "0" else f" + {place}")
        return text


# -- loops -----------------------------------------------------------------------------------------------------------


@lowers(Scan)
def _scan(low: Lowering, node: Apply, value: bool) -> bool:
    try:
        _Loop(low, node).build()
    except NeedsPython:
        return False
    return True


def _prefix(low: Lowering) -> str:
    return f"{getattr(low, 'prefix', '')}s{low.node}_"


class _Loop:
    """A `Scan` node on the way to C."""

    def __init__(self, low: Lowering, node: Apply) -> None:
        self.low, self.node, self.op = low, node, node.op
        self.layout = self.op.layout
        self.number = low.node
        self.prefix = _prefix(low)
        layout = self.layout
        taps = [sum(map(len, layout.taps[:k])) + layout.first_tap for k in range(layout.states)]
        same = [(k, taps[k]) for k in range(layout.states)]
        same += [(layout.stored + k, layout.first_carried + k) for k in range(layout.carried)]
        self.first_of = taps
        alike = {first + j: first for k, first in enumerate(taps) for j in range(1, len(layout.taps[k]))}
        self.inner = Inner(self.op.body, low, self.prefix, same, alike)
        self.row_sizes = [self.inner.result_sizes(k) for k in range(layout.stored)]

    def build(self) -> None:
        low, layout, node = self.low, self.layout, self.node
        parts = self.op.split(node.inputs)
        interface = self.interface = Interface(low, self.prefix)
        self.steps = low.scalar_size(parts.steps, "scan")
        interface.dims.append(self.steps)
        inner = self.op.body.inputs

        # what the step reads
        self.sequences = [interface.rows(x) for x in parts.sequences]
        for rows in self.sequences:
            low.unify(rows.view.dims[0], self.steps, 0)
        self.initial = [interface.rows(x) for x in parts.initial]
        for k, rows in enumerate(self.initial):
            low.unify(rows.view.dims[0], layout.depth(k), 0)
        self.carried = [_Given(interface, x) for x in parts.carried]
        self.fixed = [_Given(interface, x) for x in parts.fixed]
        self.hoisted = [(mine, interface.array(variable)) for mine, variable in self.inner.hoisted]
        self.outer_dims: list[Sequence[Dim]] = [rows.view.dims[1:] for rows in self.sequences]
        for k, rows in enumerate(self.initial):
            self.outer_dims += [rows.view.dims[1:]] * len(layout.taps[k])
        self.outer_dims += [given.dims for given in (*self.carried, *self.fixed)]
        for x, dims in zip(inner, self.outer_dims, strict=True):
            for axis, (static, dim) in enumerate(zip(x.type.shape, dims)):
                if static is not None:
                    low.unify(dim, static, axis)

        # what it leaves
        self.results: list[Value] = []
        self.rings: dict[int, Value] = {}
        self.counted = low.new_value("int64", ()) if layout.until else None
        made: list[tuple[Value, Dim]] = []
        for k in range(layout.stored):
            row = [dim if isinstance(dim, int) else self.outer_dims[dim[0]][dim[1]] for dim in self.row_sizes[k]]
            kept = layout.kept[k]
            count = self.steps if kept is None else self._smaller(self.steps, kept)
            dtype = node.outputs[k].type.dtype
            value = low.new_value(dtype, (count, *row), k)
            made.append((value, count))
            self.results.append(value)
            ring = self._ring_rows(k)
            if ring:
                self.rings[k] = low.new_value(dtype, (ring, *row), k, f"ring{self.number}_{k}")
        for c, given in enumerate(self.carried):
            k = layout.stored + c
            dtype = node.outputs[k].type.dtype
            self.results.append(low.new_value(dtype, given.dims, k))
            if given.dims:
                self.rings[k] = low.new_value(dtype, (2, *given.dims), k, f"ring{self.number}_{k}")
        results = [*self.results, *self.rings.values(), *([self.counted] if self.counted is not None else [])]
        kernel = low.kernel(
            "scan",
            "call",
            reads=tuple(low.access(view, []) for view in interface.views),
            whole=tuple(dict.fromkeys(interface.arrays)),
            after=interface.needs,
            dims=tuple(dim for dims in (interface.dims, *(x.dims for x in results)) for dim in dims),
            results=tuple(results),
        )
        kernel.lines = self.lines
        for result in results:
            result.writers.append(kernel)
        for k, x in enumerate(node.outputs):
            view = whole(self.results[k])
            if self.counted is not None and k < layout.stored:
                view = self._counted_rows(view, layout.kept[k])
            for axis, (dim, static) in enumerate(zip(view.dims, x.type.shape)):
                if static is not None:
                    low.unify(dim, static, axis)
            low.views[x] = view

    def _smaller(self, steps: Dim, kept: int) -> Dim:
        found = self.low.find(steps)
        if isinstance(found, int):
            return min(found, kept)
        maker = self.low.define("scan", [], lambda texts: [], [steps])
        size = self.low.new_size(maker=maker)
        maker.lines = lambda texts: [
            f"const int64_t {size.name} = {self.low.text(steps)} < {kept} ? {self.low.text(steps)} : {kept};"
        ]
        return size

    def _counted_rows(self, view: View, kept: int | None) -> View:
        """The rows of a result that steps before the end of the loop have written."""
        assert self.counted is not None
        maker = self.low.define("scan", [whole(self.counted)], lambda texts: [])
        size = self.low.new_size(maker=maker)
        first = f"{size.name}_first"
        maker.lines = lambda texts: [
            f"const int64_t {first} = 0;",
            f"const int64_t {size.name} = {texts[0]};"
            if kept is None
            else f"const int64_t {size.name} = {texts[0]} < {kept} ? {texts[0]} : {kept};",
        ]
        return View(view.base, (Index(0, first), *view.index[1:]), (size, *view.dims[1:]), (*view.needs, maker))

    def _ring_rows(self, k: int) -> int:
        """Rows of the ring that a result's last rows are kept in; 0 where there is none."""
        kept, number = self.layout.kept[k], not self.row_sizes[k]
        if kept is None:
            return 0
        if k < self.layout.states:
            return (0 if kept == 1 else kept) if number else max(kept, self.layout.depth(k) + 1)
        return 0 if kept == 1 else kept

    # -- text ----------------------------------------------------------------------------------------------------------

    def lines(self, texts: Sequence[str]) -> list[str]:
        self.interface.texts = texts
        p, steps, emitter = self.prefix, self.low.text(self.steps), self.inner.emitter
        work = [
            f"const {given.c_type} {'*restrict ' if given.dims else ''}{name} = {p}{name};"
            for k, given in enumerate(self.fixed)
            for name in (f"in{self.layout.first_fixed + k}",)
        ]
        work += _reported_all(emitter.before, self.number)
        work.append(f"for (int64_t {p}t = 0; {p}t < {p}steps; {p}t++) {{")
        body = emitter.body_lines(self.number)
        step = [f"if (({p}t & {self._poll_mask(body)}) == 0 && ISYM_INTERRUPTED(ctx)) return ISYM_PYTHON;"]
        step += [*self._step_inputs(), *self._step_outputs(), *body, *self._step_end()]
        work += [*_indented(step), "}"]
        block = [f"const int64_t {p}steps = {steps};", f"int64_t {p}done = {'0' if self.layout.until else steps};"]
        block += [*self._declared(), "{", *_indented(work), "}", *self._after()]
        return ["{", *_indented(block), "}"]

    def _poll_mask(self, body: Sequence[str]) -> str:
        """Which bits of a step's number are 0 when it asks whether the user interrupts."""
        if not any(_LOOPS.search(line) for line in body):
            return str(POLL_STEPS - 1)
        rows = [k for k, x in enumerate(self.op.body.outputs[: len(self.results)]) if x.type.shape]
        long = " || ".join(f"{self.prefix}row{k} >= {POLLED_SIZE}" for k in rows)
        return f"({long} ? 0 : {POLL_LOOPS - 1})" if rows else "3"

    def _declared(self) -> Iterator[str]:
        """Sizes, pointers and first states, before the loop; the only text that speaks of outer names."""
        p, low, layout = self.prefix, self.low, self.layout
        for size, (number, axis) in self.inner.sources.items():
            yield f"const int64_t {size.text} = {low.text(self.outer_dims[number][axis])};"
        for value, array in self.hoisted:
            yield f"const {value.c_type} *restrict {value.name} = {array.storage.buffer};"
        for k, given in enumerate(self.fixed):
            yield given.declared(f"{p}in{layout.first_fixed + k}")
        for k, given in enumerate(self.carried):
            if given.dims:
                yield f"const {given.c_type} *restrict {p}first{layout.stored + k} = {given.text()};"
            else:
                yield f"{given.c_type} {p}x{layout.stored + k} = {given.text()};"
        for k, rows in enumerate(self.sequences):
            yield from rows.declared(f"{p}in{k}")
        for k, rows in enumerate(self.initial):
            yield from rows.declared(f"{p}first{k}")
            if rows.number:
                for back in range(1, layout.depth(k) + 1):
                    element = rows.element(f"{p}first{k}", str(layout.depth(k) - back))
                    yield f"{self.results[k].c_type} {p}x{k}_{back} = {element};"
        for k, result in enumerate(self.results):
            dims = result.dims[1:] if k < layout.stored else result.dims
            yield f"{result.c_type} *restrict {p}result{k} = {result.storage.buffer};"
            if dims:
                yield f"const int64_t {p}row{k} = {' * '.join(low.text(dim) for dim in dims)};"
        for k, ring in self.rings.items():
            yield f"{ring.c_type} *restrict {p}ring{k} = {ring.storage.buffer};"
        if self.counted is not None:
            yield f"int64_t *restrict {p}counted = {self.counted.storage.buffer};"
        for k, kept in enumerate(layout.kept):
            if kept == 1 and not self.row_sizes[k] and k >= layout.states:
                yield f"{self.results[k].c_type} {p}last{k} = 0;"

    def _step_inputs(self) -> Iterator[str]:
        p, layout = self.prefix, self.layout
        t = f"{p}t"
        for k, rows in enumerate(self.sequences):
            c_type = _c_type(self.op.body.inputs[k].type.dtype)
            if rows.number:
                yield f"const {c_type} in{k} = {rows.element(f'{p}in{k}', t)};"
            else:
                yield f"const {c_type} *restrict in{k} = {rows.pointer(f'{p}in{k}', t)};"
        for k, rows in enumerate(self.initial):
            c_type = self.results[k].c_type
            for j, tap in enumerate(layout.taps[k]):
                name, back = f"in{self.first_of[k] + j}", -tap
                if not self.row_sizes[k]:
                    yield f"const {c_type} {name} = {p}x{k}_{back};"
                    continue
                if k in self.rings:
                    ring = self._ring_rows(k)
                    earlier = f"{p}ring{k} + ({t} - {back}) % {ring} * {p}row{k}"
                else:
                    earlier = f"{p}result{k} + ({t} - {back}) * {p}row{k}"
                first = rows.pointer(f"{p}first{k}", f"({t} + {layout.depth(k) - back})")
                yield f"const {c_type} *restrict {name} = {t} >= {back} ? {earlier} : {first};"
        for c, given in enumerate(self.carried):
            k, name = layout.stored + c, f"in{layout.first_carried + c}"
            if given.dims:
                earlier = f"{p}ring{k} + (({t} - 1) & 1) * {p}row{k}"
                yield f"const {given.c_type} *restrict {name} = {t} ? {earlier} : {p}first{k};"
            else:
                yield f"const {given.c_type} {name} = {p}x{k};"

    def _step_outputs(self) -> Iterator[str]:
        p, layout = self.prefix, self.layout
        for k, x in enumerate(self.op.body.outputs):
            c_type = _c_type(x.type.dtype)
            is_number = not x.type.shape
            if is_number:
                yield f"{c_type} {p}cell{k};"
                yield f"{c_type} *restrict out{k} = &{p}cell{k};"
                continue
            if k in self.rings:
                rows = "2" if k >= layout.stored else str(self._ring_rows(k))
                target = f"{p}ring{k} + {p}t % {rows} * {p}row{k}"
            elif layout.kept[k] == 1:
                target = f"{p}result{k}"
            else:
                target = f"{p}result{k} + {p}t * {p}row{k}"
            yield f"{c_type} *restrict out{k} = {target};"

    def _step_end(self) -> Iterator[str]:
        """What is done with numbers: stored, handed to the next step; and the end of the loop."""
        p, layout = self.prefix, self.layout
        for k, x in enumerate(self.op.body.outputs[: layout.stored + layout.carried]):
            if x.type.shape:
                continue
            cell = f"{p}cell{k}"
            if k >= layout.stored:
                yield f"{p}x{k} = {cell};"
                continue
            if layout.kept[k] is None:
                yield f"{p}result{k}[{p}t] = {cell};"
            elif k in self.rings:
                yield f"{p}ring{k}[{p}t % {self._ring_rows(k)}] = {cell};"
            elif k >= layout.states:
                yield f"{p}last{k} = {cell};"
            if k < layout.states:
                for back in range(layout.depth(k), 1, -1):
                    yield f"{p}x{k}_{back} = {p}x{k}_{back - 1};"
                yield f"{p}x{k}_1 = {cell};"
        if layout.until:
            yield f"{p}done = {p}t + 1;"
            yield f"if ({p}cell{len(self.op.body.outputs) - 1}) break;"

    def _after(self) -> Iterator[str]:
        """The last rows of results of which not all are stored, and the last carried values."""
        p, layout = self.prefix, self.layout
        for k in range(layout.stored):
            kept = layout.kept[k]
            if kept is None:
                continue
            if k not in self.rings:
                if not self.row_sizes[k]:
                    last = f"{p}x{k}_1" if k < layout.states else f"{p}last{k}"
                    yield f"if ({p}done > 0) {p}result{k}[0] = {last};"
                continue
            rows = self._ring_rows(k)
            yield f"const int64_t {p}first_kept{k} = {p}done > {kept} ? {p}done - {kept} : 0;"
            yield f"for (int64_t {p}t = {p}first_kept{k}; {p}t < {p}done; {p}t++)"
            place = f"{p}t - {p}first_kept{k}"
            if not self.row_sizes[k]:
                yield f"  {p}result{k}[{place}] = {p}ring{k}[{p}t % {rows}];"
            else:
                size = f"sizeof(*{p}result{k}) * (size_t){p}row{k}"
                yield (
                    f"  memcpy({p}result{k} + ({place}) * {p}row{k}, {p}ring{k} + {p}t % {rows} * {p}row{k}, {size});"
                )
        for c, given in enumerate(self.carried):
            k = layout.stored + c
            if given.dims:
                last = f"{p}done > 0 ? {p}ring{k} + (({p}done - 1) & 1) * {p}row{k} : {p}first{k}"
                yield f"memcpy({p}result{k}, {last}, sizeof(*{p}result{k}) * (size_t){p}row{k});"
            else:
                yield f"{p}result{k}[0] = {p}x{k};"
        if self.counted is not None:
            yield f"{p}counted[0] = {p}done;"


class _Given:
    """An array or number that is the same in every step."""

    def __init__(self, interface: Interface, x: Variable) -> None:
        view = interface.low.view(x)
        self.dims = view.dims
        self.value = interface.array(x) if view.dims else None
        self.number = None if view.dims else interface.number(view)
        self.c_type = _c_type(x.type.dtype)

    def text(self) -> str:
        if self.value is not None:
            return self.value.storage.buffer
        assert self.number is not None
        return self.number()

    def declared(self, name: str) -> str:
        pointer = "*restrict " if self.value is not None else ""
        return f"const {self.c_type} {pointer}{name} = {self.text()};"


def _c_type(dtype: str) -> str:
    return Value("", dtype, (), "slot").c_type


def _indented(lines: Sequence[str]) -> list[str]:
    return ["  " + line for line in lines]


def _reported_all(lines: Sequence[str], node: int) -> list[str]:
    return [_reported(line, node) for line in lines]


# -- branches --------------------------------------------------------------------------------------------------------


@lowers(IfElse)
def _ifelse(low: Lowering, node: Apply, value: bool) -> bool:
    values = node.inputs[1:]
    bodies = []
    for group in (values[: node.op.count], values[node.op.count :]):
        inner = [x.type.make_variable() for x in group]
        bodies.append(Body(inner, inner))
    return _either(low, node, Branches(*bodies))


@lowers(Branches)
def _branches(low: Lowering, node: Apply, value: bool) -> bool:
    return _either(low, node, node.op)


def _either(low: Lowering, node: Apply, op: Branches) -> bool:
    prefix = _prefix(low)
    try:
        sides = [Inner(op.then, low, prefix + "a_"), Inner(op.otherwise, low, prefix + "b_")]
        sizes = [[side.result_sizes(k) for k in range(len(node.outputs))] for side in sides]
    except NeedsPython:
        return False
    condition, *values = node.inputs
    number = low.node
    interface = Interface(low, prefix)
    chosen = interface.number(low.view(condition))
    count = len(op.then.inputs)
    given = [[_Given(interface, x) for x in group] for group in (values[:count], values[count:])]
    hoisted = [[(mine, interface.array(x)) for mine, x in side.hoisted] for side in sides]
    for side, group in zip(sides, given):
        for x, mine in zip(side.body.inputs, group):
            for axis, (static, dim) in enumerate(zip(x.type.shape, mine.dims)):
                if static is not None:
                    low.unify(dim, static, axis)

    def outer(side: int, size: int | tuple[int, int]) -> Dim:
        return size if isinstance(size, int) else given[side][size[0]].dims[size[1]]

    results = []
    for k, x in enumerate(node.outputs):
        dims: list[Dim] = []
        for axis, pair in enumerate(zip(sizes[0][k], sizes[1][k], strict=True)):
            a, b = (outer(side, size) for side, size in enumerate(pair))
            dims.append(a if low.same(a, b) else _either_size(low, condition, a, b))
            static = x.type.shape[axis]
            if static is not None:
                low.unify(dims[-1], static, axis)
        results.append(low.new_value(x.type.dtype, dims, k))

    def lines(texts: Sequence[str]) -> list[str]:
        interface.texts = texts
        written = []
        for side, opening in enumerate((f"if ({chosen()}) {{", "} else {")):
            inner = sides[side]
            block = [
                f"const int64_t {size.text} = {low.text(given[side][place].dims[axis])};"
                for size, (place, axis) in inner.sources.items()
            ]
            p = inner.prefix
            block += [f"const {v.c_type} *restrict {v.name} = {array.storage.buffer};" for v, array in hoisted[side]]
            block += [
                f"{result.c_type} *restrict {p}out{k} = {result.storage.buffer};" for k, result in enumerate(results)
            ]
            block += [mine.declared(f"{p}in{k}") for k, mine in enumerate(given[side])]
            work = [
                f"const {mine.c_type} {'*restrict ' if mine.dims else ''}in{k} = {p}in{k};"
                for k, mine in enumerate(given[side])
            ]
            work += [f"{result.c_type} *restrict out{k} = {p}out{k};" for k, result in enumerate(results)]
            work += _reported_all(inner.emitter.before, number)
            work += inner.emitter.body_lines(number)
            written += [opening, *_indented([*block, "{", *_indented(work), "}"])]
        return [*written, "}"]

    made = low.kernel(
        "branches",
        "call",
        reads=tuple(low.access(view, []) for view in interface.views),
        whole=tuple(dict.fromkeys(interface.arrays)),
        after=interface.needs,
        dims=tuple(dim for dims in (interface.dims, *(x.dims for x in results)) for dim in dims),
        results=tuple(results),
        lines=lines,
    )
    for x, result in zip(node.outputs, results):
        result.writers.append(made)
        low.views[x] = whole(result)
    return True


def _either_size(low: Lowering, condition: Variable, a: Dim, b: Dim) -> Dim:
    maker = low.define("branches", [low.view(condition)], lambda texts: [], [a, b])
    size = low.new_size(maker=maker)
    maker.lines = lambda texts: [f"const int64_t {size.name} = {texts[0]} ? {low.text(a)} : {low.text(b)};"]
    return size
