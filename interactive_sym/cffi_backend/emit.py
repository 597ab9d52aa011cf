"""Emission: from loops to C text.

One statement per operation, each into a C local of its own, so that expressions stay short however deep the graph is.
The loops over rows of a block (`Loop.rows`) are written with numbers per row: `v5[4]` where a number belongs to a row,
`v5_0` to `v5_3` inside the inner loop; in blocks of many rows, sums along rows go one row after the other. Reductions
of floats sum in partial sums that the vector unit keeps, in an order that depends on the sizes only.

An outermost loop with much work is cut into parts, each a call of a function of its own, which threads share
(`isym_parts` in `runtime/kernel.h`). How it is cut depends on the sizes only. What the loop sums up across its
iterations is summed in each part, and the parts' sums are added in order: the same bits
for any number of threads.

Read next: `unit`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..core.ops.elementwise import C_TYPES
from .loopir import Access, Dim, Index, Item, Kernel, Loop, Value, literal
from .lower import Lowering
from .memory import Buffer, Memory, is_local
from .schedule import MANY_ROWS, Schedule, is_costly, row_by_row

LOOP_NAMES = "ijklmpqrstuwxyz"
LANES = 4
"""Parts of the range of a loop that is only a sum, which are summed side by side."""
LANE_LIMIT = 12
POLL_MASK = 63
"""Outermost loops ask every 64 iterations whether the user interrupts."""
POLLED_SIZE = 1024  # iterations that are this long ask each time whether the user interrupts
COSTLY = 8
"""What an operation counts for that calls a mathematical function, plain arithmetic being 1."""
LITTLE_WORK = 131_072
"""Operations below which a loop is never cut: two parts of `ISYM_PART_WORK`."""
MANY_NESTS = 40
"""Loops of a program beyond which the call of a loop's parts is a function of its own."""
FLAT_UNIT = 1024
"""Iterations that parts of a loop without inner loops are a multiple of, so that vectors begin at the same elements."""
DECLARATION = re.compile(r"  (?!return )((?:[A-Za-z_]\w* )+(?:\*(?:restrict )?)?)(\w+)(\[\w*\])?(?: = |;)")
"""A declaration in straight text."""
SIMPLE = {"sum": "+", "prod": "*", "any": "|", "all": "&"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of C, and the nodes it computes."""

    text: str
    nodes: tuple[int, ...] = ()
    note: str = ""


class Emitter:
    """Writes the body of `isym_kernel`.

    Attributes:
        lines: what was written, without what belongs at the entry.
        functions: functions that compute parts of loops, to stand before `isym_kernel`.
        splits: whether loops may be cut into parts.
    """

    splits = True

    def __init__(self, lowering: Lowering, schedule: Schedule, memory: Memory) -> None:
        self.lowering, self.schedule, self.memory = lowering, schedule, memory
        self.lines: list[Line] = []
        self.functions: list[Line] = []
        self.indent = 1
        self.block: Loop | None = None  # the loop whose rows are being written side by side
        self._chunk: set[int] = set()  # values that are plain locals of the loop over the rows
        self._single = False  # whether an inner loop is being written for one row of the block
        self._quarter = ""  # the length of a quarter of the range, where quarters are written side by side
        self._many = len(schedule.items) > MANY_NESTS
        self._joining: set[str] = set()  # functions written that add up parts
        self._allocated = 0
        self._declared: dict[str, str] = {}  # C type of each name that parts of loops may be given
        self._known = 0, 0, 0  # sizes, values and lines whose names are among them
        order = sorted(memory.buffers, key=lambda buffer: buffer.first)
        for position, item in enumerate(schedule.items):
            while self._allocated < len(order) and order[self._allocated].first <= position:
                self._allocate(order[self._allocated])
                self._allocated += 1
            if isinstance(item, Loop):
                self._title(item)
            self._items([item], ())

    # -- texts -----------------------------------------------------------------------------------------------------

    def write(self, text: str, kernel: Kernel | None = None) -> None:
        if kernel is None or kernel.node < 0:
            self.lines.append(Line("  " * self.indent + text))
            return
        # one comment for the lines of a node that follow each other
        repeated = bool(self.lines) and self.lines[-1].nodes == (kernel.node,)
        note = "" if repeated else f"node {kernel.node}: {kernel.op}"
        self.lines.append(Line("  " * self.indent + text, (kernel.node,), note))

    def open(self, text: str) -> None:
        self.write(text)
        self.indent += 1

    def close(self) -> None:
        self.indent -= 1
        self.write("}")

    def size(self, dim: Dim) -> str:
        return self.lowering.text(dim)

    def address(self, access: Access, path: Sequence[Loop], row: str | None) -> str:
        """The offset of an element, in elements."""
        value = access.value.storage
        elided = value.elided
        text = ""
        for index, dim in zip(access.index, access.dims):
            if index.axis is not None and index.axis < elided:
                continue
            position = self.position(index, path, row)
            if text:
                size = self.size(dim)
                if size != "1":
                    text = f"{_atom(text)} * {_atom(size)}" if text != "0" else "0"
                    text = position if text == "0" else text if position == "0" else f"{text} + {position}"
                elif position != "0":
                    text = f"{text} + {position}"
            else:
                text = position
        if elided and self.block is not None and path[elided - 1] is self.block and row is not None:
            sizes = " * ".join(
                _atom(self.size(dim))
                for index, dim in zip(access.index, access.dims)
                if not (index.axis is not None and index.axis < elided)
            )
            text = f"{row} * {sizes} + {text}" if sizes else row
        if text.startswith("(") and _closed(text):
            return text[1:-1]
        return text or "0"

    def position(self, index: Index, path: Sequence[Loop], row: str | None) -> str:
        if index.axis is None:
            return index.start
        variable = self.variable(index.axis, path, row)
        text = variable
        if index.step == "-1":
            return f"{_sum(index.start)} - {_atom(variable)}"
        if index.step != "1":
            text = f"{_atom(index.step)} * {_atom(variable)}"
        return text if index.start == "0" else f"{_sum(index.start)} + {text}"

    def variable(self, depth: int, path: Sequence[Loop], row: str | None) -> str:
        name = LOOP_NAMES[depth]
        if row is not None and path[depth] is self.block and row != "0":
            if not self._quarter:
                return f"({name} + {row})"
            return f"({name} + {self._quarter})" if row == "1" else f"({name} + {row} * {self._quarter})"
        return name

    def local(self, value: Value, row: str | None) -> str:
        """The name of a value that a C local carries, as seen for one row of the block."""
        if row is None or self.block is None or value.origin != "kernel":
            return value.name
        depth = value.writers[0].scalar_depth
        path = value.writers[0].path
        assert depth is not None
        if len(path) <= self.block.depth or path[self.block.depth] is not self.block or depth <= self.block.depth:
            return value.name
        if depth == self.block.depth + 1 and not self._quarter:
            return value.name if id(value) in self._chunk else f"{value.name}[{row}]"
        return f"{value.name}_{row}"

    def operand(self, access: Access, reader: Kernel, row: str | None) -> str:
        value = access.value
        if value.origin == "literal":
            return value.name
        if value.origin in ("slot", "table"):
            if not value.dims and value.origin == "slot":
                return value.name
            return f"{value.name}[{self.address(access, reader.path, row)}]"
        if value.root is None and value.local and is_local(value, reader):
            return self.local(value, row)
        return f"{value.storage.buffer}[{self.address(access, reader.path, row)}]"

    def expression(self, kernel: Kernel, row: str | None) -> str:
        assert kernel.expression is not None
        texts = [self.operand(access, kernel, row) for access in kernel.reads]
        return kernel.expression(texts, [self.variable(depth, kernel.path, row) for depth in range(len(kernel.axes))])

    def target(self, kernel: Kernel, row: str | None) -> str:
        """The element of memory a kernel writes."""
        assert kernel.store is not None
        return f"{kernel.store.value.storage.buffer}[{self.address(kernel.store, kernel.path, row)}]"

    # -- structure -------------------------------------------------------------------------------------------------

    def _title(self, loop: Loop) -> None:
        nodes = list(dict.fromkeys(kernel.node for kernel in loop.members if kernel.node >= 0))
        shown = ", ".join(map(str, nodes[:12])) + (", ..." if len(nodes) > 12 else "")
        text = f"nodes {shown}" if nodes else "results"
        self.write("")
        loop.threads = self._sharing(loop)
        self.write(f"/* loop of {self.size(loop.dim)}: {text}; {loop.reason}; {loop.threads} */")

    def _allocate(self, buffer: Buffer) -> None:
        pointer, dims = buffer.name, [self.size(dim) for dim in buffer.dims]
        if buffer.slot is not None:
            if any(
                step.outputs and any(getattr(v, "buffer", "") == pointer for v in step.outputs)
                for step in self.lowering.steps
            ):
                return  # a Python step fills it
            shape = f"(const int64_t[]){{{', '.join(dims)}}}" if dims else "0"
            call = f"ctx->output(ctx, {buffer.slot}, {len(dims)}, {shape})"
        else:
            if buffer.rows > 1:
                dims = [str(buffer.rows), *dims]
            shape = f"(const int64_t[]){{{', '.join(dims) or '1'}}}"
            call = f"isym_temporary(ctx, sizeof({buffer.c_type}), {max(len(dims), 1)}, {shape})"
        self.write(f"{buffer.c_type} *restrict {pointer} = ({buffer.c_type} *){call};")
        self.write(f"if (!{pointer}) return ISYM_MEMORY;")

    def _items(self, items: Sequence[Item], path: tuple[Loop, ...]) -> None:
        for item in items:
            if isinstance(item, Kernel):
                self._statement(item)
            else:
                self._loop(item, (*path, item))

    def _loop(self, loop: Loop, path: tuple[Loop, ...]) -> None:
        if loop.depth == 0 and not loop.threads.startswith("one thread"):
            self._split(loop, path)
            return
        self._before(loop, path)
        self._iterate(loop, path, "0", self.size(loop.dim))
        self._after(loop)

    def _iterate(self, loop: Loop, path: tuple[Loop, ...], start: str, size: str) -> None:
        """The iterations from `start`, a multiple of the rows taken at a time, to `size`."""
        name = LOOP_NAMES[loop.depth]
        if loop.rows > 1:
            first, start = start, f"whole{loop.members[0].number}"
            self.write(f"const int64_t {start} = {_atom(size)} - {_atom(size)} % {loop.rows};")
            self.open(f"for (int64_t {name} = {first}; {name} < {start}; {name} += {loop.rows}) {{")
            self._poll(loop)
            self.block = loop
            self._rows(loop, path)
            self.block = None
            self.close()
        elif self._in_lanes(loop):
            start = self._lanes(loop, start, size)
        search = self._search(loop)
        if search is not None:
            self._find(search, loop, start, size)
            return
        self._pragma(loop, None)
        self.open(f"for (int64_t {name} = {start}; {name} < {size}; {name}++) {{")
        if loop.rows == 1:
            self._poll(loop)
        self._items(loop.items, path)
        self.close()

    def _search(self, loop: Loop) -> Kernel | None:
        """The argmax or argmin that a loop along contiguous memory is all about."""
        if len(loop.items) != 1 or not isinstance(kernel := loop.items[0], Kernel):
            return None
        if not kernel.reduction.startswith("arg") or len(kernel.reads) != 1 or not kernel.reads[0].index:
            return None
        *outer, last = kernel.reads[0].index
        contiguous = last.axis == loop.depth and last.step == "1"
        return kernel if contiguous and all(index.axis != loop.depth for index in outer) else None

    def _find(self, kernel: Kernel, loop: Loop, start: str, size: str) -> None:
        """Search a range of contiguous memory, and compare the best element there with the best so far."""
        variable = LOOP_NAMES[loop.depth]
        item = self.expression(kernel, None).partition("\0")[0]
        self.open(f"if ({start} < {size}) {{")
        self.write(f"int64_t {variable} = {start};", kernel)
        function = f"isym_{kernel.reduction}_{kernel.operand_dtype}"
        self.write(f"{variable} += {function}(&{item}, {_atom(size)} - {variable});", kernel)
        self._accumulate(kernel, loop)
        self.close()

    def _poll(self, loop: Loop) -> None:
        """In outermost loops around others: stop where the user interrupts; short iterations ask now and then."""
        if loop.depth == 0 and not loop.innermost:
            inner = self.size(next(item.dim for item in loop.items if isinstance(item, Loop)))
            if inner.isdecimal():
                mask = str(POLL_MASK if int(inner) < POLLED_SIZE else 0)
            else:
                mask = f"({_atom(inner)} < {POLLED_SIZE} ? {POLL_MASK} : 0)"
            self.write(f"if (({LOOP_NAMES[0]} & {mask}) == 0 && ISYM_INTERRUPTED(ctx)) return ISYM_PYTHON;")

    def _in_lanes(self, loop: Loop) -> bool:
        """Whether a loop is nothing but a sum too short to hide that each addition waits for the one before."""
        sums = [kernel for kernel in loop.members if kernel.kind == "reduce"]
        return (
            loop.depth == 0
            and loop.innermost
            and bool(sums)
            and len(loop.members) <= LANE_LIMIT
            and not any(kernel.reduction.startswith("arg") for kernel in sums)
        )

    def _lanes(self, loop: Loop, begin: str, size: str) -> str:
        """Sum each quarter of the range by itself, side by side; returns where the rest begins."""
        name = LOOP_NAMES[loop.depth]
        count = _atom(size) if begin == "0" else f"({size} - {begin})"
        self._quarter = f"quarter{loop.members[0].number}"
        self.write(f"const int64_t {self._quarter} = {count} / {LANES};")
        sums = [kernel for kernel in loop.members if kernel.kind == "reduce"]
        for kernel in sums:
            value = kernel.value
            assert value is not None
            first = identity(kernel.reduction, value.dtype)
            parts = ", ".join(f"{self._accumulator(kernel, loop)}_{row} = {first}" for row in range(LANES))
            self.write(f"{value.c_type} {parts};", kernel)
        self.block, rows, loop.rows = loop, loop.rows, LANES
        self._pragma(loop, LANES)
        end = self._quarter if begin == "0" else f"{begin} + {self._quarter}"
        self.open(f"for (int64_t {name} = {begin}; {name} < {end}; {name}++) {{")
        for kernel in loop.members:
            self._row_statements(kernel, loop, [str(row) for row in range(LANES)])
        self.close()
        self.block, loop.rows = None, rows
        for kernel in sums:
            total = self._accumulator(kernel, loop)
            for row in range(LANES):
                self.write(combine(kernel, total, f"{total}_{row}"), kernel)
        start = f"{LANES} * {self._quarter}" if begin == "0" else f"{begin} + {LANES} * {self._quarter}"
        self._quarter = ""
        return start

    def _pragma(self, loop: Loop, rows: int | None) -> None:
        """Permit the vector unit to take iterations side by side: in innermost loops all are independent."""
        if not loop.innermost or any(
            kernel.reduction.startswith("arg") or kernel.kind == "call" for kernel in loop.members
        ):
            return
        sums: dict[str, list[str]] = {}
        for kernel in loop.members:
            if kernel.kind == "reduce" and kernel.trailing < len(kernel.axes):
                names = [self._accumulator(kernel, loop)]
                if rows is not None:
                    names = [f"{names[0]}_{row}" for row in range(rows)]
                sums.setdefault(_operator(kernel), []).extend(names)
        clauses = "".join(f" reduction({operator}:{', '.join(names)})" for operator, names in sums.items())
        self.write(f"#pragma omp simd{clauses}")

    # -- parts that threads share ----------------------------------------------------------------------------------

    def _sharing(self, loop: Loop) -> str:
        """How threads share an outermost loop, or why one thread runs it."""
        if not self.splits:
            return "one thread: inside another loop"
        work = self._work(loop)
        if work.isdigit() and int(work) < LITTLE_WORK:
            return "one thread: little work"
        for kernel in loop.members:
            what = f"node {kernel.node} ({kernel.op})"
            value, store = kernel.value, kernel.store
            if kernel.kind == "call" or value is None or store is None:
                return f"one thread: {what} is a step of its own"
            if kernel.reduction.startswith("arg") and kernel.first_reduced == 0:
                return f"one thread: {what} compares all iterations"
            if value.root is not None or store.value.root is not None or value.changed:
                return f"one thread: {what} changes memory in place"
            own = any(index.axis == 0 and index.step != "0" for index in store.index)
            if kernel.first_reduced > 0 and value.storage.buffer and not value.storage.elided and not own:
                return f"one thread: {what} writes one place in all iterations"
        sums = [kernel.node for kernel in self._carried(loop)]
        if not sums:
            return f"threads share its {self.size(loop.dim)} iterations"
        nodes = ", ".join(map(str, dict.fromkeys(sums)))
        return f"threads share its {self.size(loop.dim)} iterations, sums of parts (nodes {nodes}) are added in order"

    def _carried(self, loop: Loop) -> list[Kernel]:
        """Reductions across the iterations of an outermost loop."""
        return [kernel for kernel in loop.members if kernel.kind == "reduce" and kernel.first_reduced == 0]

    def _work(self, loop: Loop) -> str:
        """The operations of a loop, as C text; digits where they are known."""
        weights: dict[tuple[str, ...], int] = {}
        for kernel in loop.members:
            sizes = tuple(text for axis in kernel.axes for text in self._factors(axis.dim))
            weights[sizes] = weights.get(sizes, 0) + (COSTLY if is_costly(kernel) else 1)
        known = 0
        texts = []
        for sizes, weight in weights.items():
            number = weight
            for size in sizes:
                number *= int(size) if size.isdigit() else 1
            names = [size for size in sizes if not size.isdigit()]
            if names:
                texts.append(" * ".join([f"{number}.0", *(_atom(name) for name in names)]))
            else:
                known += number
        return " + ".join([*texts, *([f"{known}.0"] if known else [])]) if texts else str(known)

    def _factors(self, dim: Dim) -> list[str]:
        return [text for part in dim for text in self._factors(part)] if isinstance(dim, tuple) else [self.size(dim)]

    def _split(self, loop: Loop, path: tuple[Loop, ...]) -> None:
        """Write a loop as a function that computes a part of it, and the call of all parts."""
        number = loop.members[0].number
        size, work = self.size(loop.dim), self._work(loop)
        carried = self._carried(loop)
        scalars = [kernel for kernel in carried if kernel.scalar_depth is not None]
        held = {kernel.value.storage.buffer for kernel in carried if kernel.value is not None and kernel not in scalars}
        for value in (kernel.value for kernel in loop.members):
            if value is not None and value.storage.elided:
                held.add(value.storage.buffer)
        own = [buffer for buffer in self.memory.buffers if buffer.name in held]
        outer, indent, self.lines, self.indent = self.lines, self.indent, [], 1
        self._before(loop, path)
        self._iterate(loop, path, "low", "high")
        for kernel in scalars:
            name = self._accumulator(kernel, loop)
            self.write(f"shared->{name}[number] = {name};", kernel)
        body, self.lines, self.indent = self.lines, outer, indent
        made = {self._accumulator(kernel, loop) for kernel in scalars}
        passed = self._passed(body, {buffer.name for buffer in own} | made)

        # the call
        first = len(self.lines)
        room = " + ".join(" * ".join(f"{text}" for text in self._extent(buffer, "double")) for buffer in own) or "0"
        unit = FLAT_UNIT if loop.innermost else loop.rows
        self.write(f"const double work{number} = {work};")
        self.write(f"const isym_cut cut{number} = isym_parts(work{number}, {size}, {unit}, {room});")
        for buffer in own:
            extent = " * ".join(self._extent(buffer, "int64_t"))
            dims = ", ".join([f"cut{number}.count", *self._extent(buffer, "")])
            self.write(f"const int64_t each{number}_{buffer.name} = {extent};")
            self.write(f"{buffer.c_type} *own{number}_{buffer.name} = {buffer.name};")
            self.open(f"if (cut{number}.count > 1) {{")
            shape = f"(const int64_t[]){{{dims}}}"
            arguments = f"ctx, sizeof({buffer.c_type}), {1 + len(self._extent(buffer, ''))}, {shape}"
            self.write(f"own{number}_{buffer.name} = ({buffer.c_type} *)isym_temporary({arguments});")
            self.write(f"if (!own{number}_{buffer.name}) return ISYM_MEMORY;")
            self.close()
        for kernel in scalars:
            assert kernel.value is not None
            self.write(f"{kernel.value.c_type} parts_{self._accumulator(kernel, loop)}[ISYM_PARTS];")
        fields = [("const int64_t ", "size", size), ("const int64_t ", "length", f"cut{number}.length")]
        fields += [(text, name, name) for name, text in passed]
        for buffer in own:
            fields.append((f"{buffer.c_type} *", f"own{number}_{buffer.name}", f"own{number}_{buffer.name}"))
            fields.append(("const int64_t ", f"each{number}_{buffer.name}", f"each{number}_{buffer.name}"))
        for kernel in scalars:
            assert kernel.value is not None
            name = self._accumulator(kernel, loop)
            fields.append((f"{kernel.value.c_type} *", name, f"parts_{name}"))
        self.write(f"const struct loop{number} given{number} = {{{', '.join(value for _, _, value in fields)}}};")
        self.write(
            f"const int code{number} = isym_run(ctx, part{number}, &given{number}, cut{number}.count, work{number});"
        )
        self.write(f"if (code{number}) return code{number};")
        self._join(loop, number, carried, scalars)
        apart = self._apart(number, first, scalars) if self._many else []
        self._after(loop)

        # the function
        head = [f"struct loop{number} {{", *(f"  {text}{name};" for text, name, _ in fields), "};", ""]
        head += [f"ISYM_APART int part{number}(isym_ctx *ctx, const void *given, int64_t number)", "{"]
        head += [f"  const struct loop{number} *const shared = (const struct loop{number} *)given;"]
        head += [f"  {text}{name} = shared->{name};" for name, text in passed]
        for buffer in own:
            pointer = f"{buffer.c_type} *restrict {buffer.name}"
            head.append(
                f"  {pointer} = shared->own{number}_{buffer.name} + number * shared->each{number}_{buffer.name};"
            )
        head.append("  const int64_t low = number * shared->length;")
        head.append("  const int64_t high = shared->size - low < shared->length ? shared->size : low + shared->length;")
        if not any("ctx" in line.text for line in body):
            head.append("  (void)ctx;")
        self.functions += [Line(""), *map(Line, head), *body, Line("  return ISYM_OK;"), Line("}"), *apart]

    def _apart(self, number: int, first: int, scalars: Sequence[Kernel]) -> list[Line]:
        """Make the call of a loop's parts, written from line `first` on, a function: returns its text.

        Compilers take more than linear time on long functions, and calls of equal loops are equal functions.
        """
        body, self.lines[first:] = self.lines[first:], []
        totals = [kernel.value for kernel in scalars if kernel.value is not None]
        passed = self._passed(body, set())
        head = ", ".join(
            ["isym_ctx *ctx", *(text + name for name, text in passed), *(f"{x.c_type} *to_{x.name}" for x in totals)]
        )
        for value in totals:
            self.write(f"{value.c_type} {value.name};")
        given = ", ".join(["ctx", *(name for name, _ in passed), *(f"&{x.name}" for x in totals)])
        self.write(f"const int code{number} = run{number}({given});")
        self.write(f"if (code{number}) return code{number};")
        results = [Line(f"  *to_{x.name} = {x.name};") for x in totals]
        end = [Line("  return ISYM_OK;"), Line("}")]
        return [Line(""), Line(f"ISYM_APART int run{number}({head})"), Line("{"), *body, *results, *end]

    def _extent(self, buffer: Buffer, c_type: str) -> list[str]:
        """The sizes of what a part has of a buffer."""
        sizes = [*([str(buffer.rows)] if buffer.rows > 1 else []), *(self.size(dim) for dim in buffer.dims)] or ["1"]
        return [f"({c_type}){_atom(size)}" if c_type else size for size in sizes]

    def _passed(self, body: Sequence[Line], but: set[str]) -> list[tuple[str, str]]:
        """What the text of a part speaks of and does not declare itself: names and C types."""
        declared = self._declared
        for size in self.lowering.sizes[self._known[0] :]:
            declared[size.name] = "const int64_t "
        for value in self.lowering.values[self._known[1] :]:
            if value.origin == "slot" and not value.dims:
                declared[value.name] = f"const {value.c_type} "
            elif value.origin in ("slot", "table"):
                declared[value.name] = f"const {value.c_type} *restrict "
        for line in self.lines[self._known[2] :]:
            found = DECLARATION.match(line.text)
            if found:
                declared[found[2]] = found[1] + ("*" if found[3] else "")
        self._known = len(self.lowering.sizes), len(self.lowering.values), len(self.lines)
        words: dict[str, None] = {}
        for line in body:
            words.update(dict.fromkeys(re.findall(r"[A-Za-z_]\w*", line.text)))
        return [(word, declared[word]) for word in words if word in declared and word not in but]

    def _join(self, loop: Loop, number: int, carried: Sequence[Kernel], scalars: Sequence[Kernel]) -> None:
        """Add up what the parts have summed, in their order."""
        for kernel in scalars:
            value = kernel.value
            assert value is not None
            name = self._accumulator(kernel, loop)
            self.write(f"{value.c_type} {name} = {identity(kernel.reduction, value.dtype)};", kernel)
            statement = combine(kernel, name, f"parts_{name}[k]")
            self.write(f"for (int64_t k = 0; k < cut{number}.count; k++) {statement}", kernel)
        arrays = [kernel for kernel in carried if kernel not in scalars]
        if not arrays:
            return
        self.open(f"if (cut{number}.count > 1) {{")
        for kernel in arrays:
            value = kernel.value
            assert value is not None
            name = value.storage.buffer
            if self._many:
                arguments = f"{name}, own{number}_{name}, cut{number}.count, each{number}_{name}"
                self.write(f"{self._joiner(kernel)}({arguments});", kernel)
                continue
            loop_text = f"for (int64_t j = 0; j < each{number}_{name}; j++)"
            self.write(f"{loop_text} {name}[j] = {identity(kernel.reduction, value.dtype)};", kernel)
            self.write(f"for (int64_t k = 0; k < cut{number}.count; k++)", kernel)
            statement = combine(kernel, f"{name}[j]", f"own{number}_{name}[k * each{number}_{name} + j]")
            self.write(f"  {loop_text} {statement}", kernel)
        self.close()

    def _joiner(self, kernel: Kernel) -> str:
        """The function that adds up arrays of parts, written where it is new."""
        value = kernel.value
        assert value is not None
        name, c_type = f"isym_join_{kernel.reduction}_{value.dtype}", value.c_type
        if name not in self._joining:
            self._joining.add(name)
            each = "for (int64_t j = 0; j < each; j++)"
            parameters = f"{c_type} *restrict to, const {c_type} *restrict own, int64_t count, int64_t each"
            text = (
                f"ISYM_APART void {name}({parameters})",
                "{",
                f"  {each} to[j] = {identity(kernel.reduction, value.dtype)};",
                "  for (int64_t k = 0; k < count; k++)",
                f"    {each} {combine(kernel, 'to[j]', 'own[k * each + j]')}",
                "}",
            )
            self.functions[:0] = [Line(""), *map(Line, text)]
        return name

    # -- reductions ------------------------------------------------------------------------------------------------

    def _accumulator(self, kernel: Kernel, loop: Loop) -> str:
        """The local that a reduction along `loop` is summed in."""
        assert kernel.value is not None
        if kernel.reduction.startswith("arg"):
            return kernel.value.name
        if kernel.trailing == loop.depth:
            own = f"row_{kernel.value.name}" if self._single else kernel.value.name
            return own if kernel.scalar_depth is not None else f"so_far_{kernel.value.name}"
        return f"part_{kernel.value.name}"

    def _before(self, loop: Loop, path: tuple[Loop, ...], rows: int | None = None) -> None:
        """What reductions along a loop start from."""
        for kernel in loop.members:
            if kernel.kind != "reduce":
                continue
            value = kernel.value
            assert value is not None
            start = identity(kernel.reduction, value.dtype)
            if kernel.first_reduced == loop.depth and kernel.scalar_depth is None:
                self._fill(kernel, start, loop.depth)
            is_arg = kernel.reduction.startswith("arg")
            if kernel.trailing == loop.depth or (kernel.trailing < loop.depth == len(kernel.axes) - 1 and not is_arg):
                name = self._accumulator(kernel, loop)
                if is_arg:
                    self.write(f"{value.c_type} {name} = -1;", kernel)
                    self.write(f"{C_TYPES[kernel.operand_dtype]} best_{name} = 0;", kernel)
                else:
                    names = [f"{name}_{row}" for row in range(rows)] if rows is not None else [name]
                    self.write(f"{value.c_type} {', '.join(f'{each} = {start}' for each in names)};", kernel)

    def _fill(self, kernel: Kernel, start: str, depth: int) -> None:
        """Set an array of sums to what they start from."""
        loops = [k for k in range(depth + 1, len(kernel.axes)) if kernel.axes[k].out is not None]
        for k in loops:
            name = LOOP_NAMES[k]
            self.open(f"for (int64_t {name} = 0; {name} < {self.size(kernel.axes[k].dim)}; {name}++) {{")
        self.write(f"{self.target(kernel, None)} = {start};", kernel)
        for _ in loops:
            self.close()

    def _after(self, loop: Loop, rows: int | None = None) -> None:
        """What happens with reductions once a loop is through."""
        for kernel in loop.members:
            value = kernel.value
            if kernel.kind != "reduce" or value is None:
                continue
            depth = loop.depth
            is_arg = kernel.reduction.startswith("arg")
            name = self._accumulator(kernel, loop)
            each = [(name, "r" if self._single else None)]
            if rows is not None:
                each = [(f"{name}_{row}", str(row)) for row in range(rows)]
            if kernel.trailing < depth == len(kernel.axes) - 1 and not is_arg:
                outer = value.name if kernel.scalar_depth is not None else f"so_far_{value.name}"
                for part, _ in each:
                    self.write(combine(kernel, outer, part), kernel)
            if kernel.trailing != depth:
                continue
            if kernel.scalar_depth is None:
                for part, row in each:
                    self.write(combine(kernel, self.target(kernel, row), part), kernel)
                continue
            if self._single and value.local:
                self.write(f"{value.name}[r] = {name};", kernel)
            elif rows is not None and value.local:
                self.write(
                    f"const {value.c_type} {value.name}[{rows}] = {{{', '.join(part for part, _ in each)}}};", kernel
                )
            if value.buffer:
                for part, row in each:
                    self.write(f"{self.target(kernel, row)} = {part};", kernel)

    # -- statements ------------------------------------------------------------------------------------------------

    def _statement(self, kernel: Kernel) -> None:
        if kernel.kind == "call":
            self._call(kernel)
            return
        value = kernel.value
        assert value is not None
        if kernel.kind == "reduce":
            self._accumulate(kernel, kernel.path[-1])
            return
        text = self.expression(kernel, None)
        buffered = bool(value.storage.buffer)
        if value.local:
            self.write(f"const {value.c_type} {value.name} = {text};", kernel)
            text = value.name
        if buffered:
            self.write(f"{self.target(kernel, None)} = {text};", kernel)
        for check in kernel.checks:
            self.write(check(), kernel)

    def _accumulate(self, kernel: Kernel, loop: Loop) -> None:
        text = self.expression(kernel, None)
        if kernel.reduction.startswith("arg"):
            text, _, flat = text.partition("\0")
            name = self._accumulator(kernel, loop)
            sign = ">" if kernel.reduction == "argmax" else "<"
            item = f"item_{name}"
            self.write(f"const {C_TYPES[kernel.operand_dtype]} {item} = {text};", kernel)
            nan = f" || ({item} != {item} && best_{name} == best_{name})" if "float" in kernel.operand_dtype else ""
            self.write(
                f"if ({name} < 0 || {item} {sign} best_{name}{nan}) {{ best_{name} = {item}; {name} = {flat}; }}",
                kernel,
            )
            return
        if kernel.trailing == len(kernel.axes):
            self.write(combine(kernel, self.target(kernel, None), text), kernel)
        else:
            self.write(combine(kernel, self._accumulator(kernel, loop), text), kernel)

    def _call(self, kernel: Kernel) -> None:
        assert kernel.lines is not None
        for line in kernel.lines([self.operand(access, kernel, None) for access in kernel.reads]):
            self.write(line, kernel)
        if kernel.step is not None:
            for value in dict.fromkeys(v for v in self.lowering.steps[kernel.step].outputs if isinstance(v, Value)):
                pointer = f"const {value.c_type} *restrict"
                self.write(f"{pointer} {value.buffer} = (const {value.c_type} *)ctx->slot[{value.slot}].data;", kernel)
                for size, owner, axis in kernel.step_sizes:
                    if owner is value:
                        self.write(f"const int64_t {size.name} = ctx->slot[{value.slot}].dim[{axis}];", kernel)
        for check in kernel.checks:
            self.write(check(), kernel)

    # -- rows side by side -----------------------------------------------------------------------------------------

    def _rows(self, loop: Loop, path: tuple[Loop, ...]) -> None:
        waiting: list[Kernel] = []
        for item in loop.items:
            if isinstance(item, Kernel):
                waiting.append(item)
                continue
            self._row_chunks(waiting, loop)
            waiting = []
            if loop.rows == MANY_ROWS and row_by_row(item):
                self._row_by_row(item, (*path, item), loop)
                continue
            self._before(item, (*path, item), loop.rows)
            self._pragma(item, loop.rows)
            name = LOOP_NAMES[item.depth]
            self.open(f"for (int64_t {name} = 0; {name} < {self.size(item.dim)}; {name}++) {{")
            for inner in item.items:
                assert isinstance(inner, Kernel)
                self._row_statements(inner, item, [str(row) for row in range(loop.rows)])
            self.close()
            self._after(item, loop.rows)
        self._row_chunks(waiting, loop)

    def _row_by_row(self, item: Loop, path: tuple[Loop, ...], loop: Loop) -> None:
        """An inner loop for one row of the block after the other: memory is read in its order, which it is made for."""
        for kernel in item.members:
            value = kernel.value
            if kernel.kind == "reduce" and value is not None and value.local and kernel.trailing == item.depth:
                self.write(f"{value.c_type} {value.name}[{loop.rows}];", kernel)
        self.open(f"for (int r = 0; r < {loop.rows}; r++) {{")
        self._single = True
        self._before(item, path)
        self._pragma(item, None)
        name = LOOP_NAMES[item.depth]
        self.open(f"for (int64_t {name} = 0; {name} < {self.size(item.dim)}; {name}++) {{")
        for inner in item.items:
            assert isinstance(inner, Kernel)
            self._row_statements(inner, item, ["r"])
        self.close()
        self._after(item)
        self._single = False
        self.close()

    def _row_chunks(self, kernels: list[Kernel], loop: Loop) -> None:
        """Numbers per row, those of another width than the rest apart.

        A loop of four doubles and four truth values does not fit vectors of one width, and would not be vectorised.
        """
        read = {id(access.value) for kernel in kernels for access in kernel.reads}
        apart = {k for k in kernels if k.value is not None and id(k.value) not in read and len(_widths(k)) > 1}
        self._row_scalars([kernel for kernel in kernels if kernel not in apart], loop)
        self._row_scalars([kernel for kernel in kernels if kernel in apart], loop)

    def _row_scalars(self, kernels: list[Kernel], loop: Loop) -> None:
        """Operations on one number per row: a short loop over the rows."""
        if not kernels:
            return
        chunk = set(map(id, kernels))
        declared: dict[str, list[str]] = {}
        self._chunk = set()
        for kernel in kernels:
            value = kernel.value
            assert value is not None
            if kernel.kind == "reduce":
                if kernel.trailing < len(kernel.axes):
                    declared.setdefault(value.c_type, []).append(f"rows_{value.name}[{loop.rows}]")
            elif value.local:
                readers = self._readers().get(id(value), [])
                if all(id(reader) in chunk for reader in readers):
                    self._chunk.add(id(value))
                else:
                    declared.setdefault(value.c_type, []).append(f"{value.name}[{loop.rows}]")
        for c_type, names in declared.items():
            self.write(f"{c_type} {', '.join(names)};")
        self.write("#pragma omp simd")
        self.open(f"for (int r = 0; r < {loop.rows}; r++) {{")
        totals: list[Kernel] = []
        for kernel in kernels:
            value = kernel.value
            assert value is not None
            text = self.expression(kernel, "r")
            if kernel.kind == "reduce":
                if kernel.trailing < len(kernel.axes):
                    self.write(f"rows_{value.name}[r] = {text};", kernel)
                    totals.append(kernel)
                else:
                    self.write(combine(kernel, self.target(kernel, "r"), text), kernel)
                continue
            if value.local:
                name = self.local(value, "r")
                self.write(
                    f"const {value.c_type} {name} = {text};" if id(value) in self._chunk else f"{name} = {text};",
                    kernel,
                )
                text = name
            if value.storage.buffer:
                self.write(f"{self.target(kernel, 'r')} = {text};", kernel)
        self.close()
        self._chunk = set()
        for kernel in totals:
            assert kernel.value is not None
            outer = self._accumulator(kernel, loop)
            statement = combine(kernel, outer, f"rows_{kernel.value.name}[r]")
            self.write(f"for (int r = 0; r < {loop.rows}; r++) {statement}", kernel)

    def _row_statements(self, kernel: Kernel, inner: Loop, rows: Sequence[str]) -> None:
        """One operation of an inner loop, for each of these rows of the block."""
        value = kernel.value
        assert value is not None
        if kernel.kind == "reduce":
            if kernel.trailing < len(kernel.axes):
                name = self._accumulator(kernel, inner)
                for row in rows:
                    each = name if self._single else f"{name}_{row}"
                    self.write(combine(kernel, each, self.expression(kernel, row)), kernel)
                return
            targets = [self.target(kernel, row) for row in rows]
            if len(set(targets)) == 1:
                name = f"so_far_{value.name}"
                self.write(f"{value.c_type} {name} = {targets[0]};", kernel)
                for row in rows:
                    self.write(combine(kernel, name, self.expression(kernel, row)), kernel)
                self.write(f"{targets[0]} = {name};", kernel)
            else:
                for row, target in zip(rows, targets):
                    self.write(combine(kernel, target, self.expression(kernel, row)), kernel)
            return
        for row in rows:
            text = self.expression(kernel, row)
            if value.local:
                name = f"{value.name}_{row}"
                self.write(f"const {value.c_type} {name} = {text};", kernel)
                text = name
            if value.storage.buffer:
                self.write(f"{self.target(kernel, row)} = {text};", kernel)

    def _readers(self) -> dict[int, list[Kernel]]:
        found: dict[int, list[Kernel]] | None = getattr(self, "_readers_of", None)
        if found is None:
            found = {}
            for kernel in self.lowering.kernels:
                for access in kernel.reads:
                    if access.value.local and is_local(access.value, kernel):
                        found.setdefault(id(access.value), []).append(kernel)
            self._readers_of = found
        return found

    # -- entry -----------------------------------------------------------------------------------------------------

    def entry(self) -> list[Line]:
        """Sizes, pointers and checks that come first; only what the rest speaks of."""
        checks = [check() for check in self.lowering.entry_checks]
        words: set[str] = set()
        for text in (*(line.text for line in self.lines), *checks):
            words.update(re.findall(r"[A-Za-z_]\w*", text))
        lines = []
        for value in self.lowering.values:
            if value.name not in words:
                continue
            if value.origin == "slot" and not value.dims:
                lines.append(
                    Line(
                        f"  const {value.c_type} {value.name} = *(const {value.c_type} *)ctx->slot[{value.slot}].data;"
                    )
                )
            elif value.origin == "slot":
                pointer = f"const {value.c_type} *restrict"
                lines.append(Line(f"  {pointer} {value.name} = (const {value.c_type} *)ctx->slot[{value.slot}].data;"))
            elif value.origin == "table" and value.constant is not None:
                items = ", ".join(literal(item) for item in value.constant.reshape(-1)) or "0"
                lines.append(Line(f"  static const {value.c_type} {value.name}[] = {{{items}}};"))
        sizes = [
            Line(f"  const int64_t {size.name} = {size.text};") for size in self.lowering.sizes if size.name in words
        ]
        return [*sizes, *lines, *(Line(f"  {text}") for text in checks)]


def _widths(kernel: Kernel) -> set[int]:
    """The sizes in bytes of the elements a kernel reads and writes."""
    assert kernel.value is not None
    dtypes = [kernel.value.dtype, *(access.value.dtype for access in kernel.reads if access.value.origin != "literal")]
    return {np.dtype(dtype).itemsize for dtype in dtypes}


def _operator(kernel: Kernel) -> str:
    assert kernel.value is not None
    return SIMPLE.get(kernel.reduction) or f"isym_{kernel.reduction}_{kernel.value.dtype}"


def combine(kernel: Kernel, target: str, text: str) -> str:
    """The C statement that takes one more element into a reduction."""
    assert kernel.value is not None
    operator = SIMPLE.get(kernel.reduction)
    if operator is not None:
        return f"{target} {operator}= {text};"
    return f"{target} = isym_{kernel.reduction}_{kernel.value.dtype}({target}, {text});"


def identity(reduction: str, dtype: str) -> str:
    """What a reduction starts from, as C text."""
    if reduction in ("sum", "any"):
        return "0"
    if reduction in ("prod", "all"):
        return "1"
    if dtype.startswith("float"):
        return "-INFINITY" if reduction == "max" else "INFINITY"
    if dtype == "bool":
        return "0" if reduction == "max" else "1"
    info = np.iinfo(dtype)
    return literal(np.dtype(dtype).type(info.min if reduction == "max" else info.max))


def _atom(text: str) -> str:
    """Text that may be multiplied."""
    return text if re.fullmatch(r"\w+|\(.*\)", text) and _closed(text) else f"({text})"


def _closed(text: str) -> bool:
    if not text.startswith("("):
        return True
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position == len(text) - 1
    return False


def _sum(text: str) -> str:
    return text
