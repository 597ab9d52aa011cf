"""Memory: which values need some, where it comes from, and how long it is in use.

A value that is only read where it was computed is a C local. Other values get memory: outputs and updates from the
caller, the rest from scratch memory. Where writer and readers are in the same outer loop the memory serves one
iteration (or one block of rows) at a time. Scratch memory is used again by a later value of the same size and type.

Read next: `emit`.
"""

import re
from dataclasses import dataclass

import numpy as np

from .loopir import Dim, Kernel, Loop, Value
from .lower import Lowering
from .schedule import Schedule


@dataclass(eq=False)
class Buffer:
    """Memory of a value.

    Attributes:
        name: C name.
        dtype, dims: element type and sizes.
        rows: number of copies, one per row of a block.
        first, last: numbers of the outermost items that use it first and last.
        slot: the slot it belongs to, None for scratch memory.
        values: names of the values it holds, one after the other.
    """

    name: str
    dtype: str
    c_type: str
    dims: tuple[Dim, ...]
    rows: int
    first: int
    last: int
    slot: int | None
    values: list[str]


class Memory:
    """The memory of a scheduled program.

    Attributes:
        buffers: in the order of first use.
    """

    def __init__(self, lowering: Lowering, schedule: Schedule) -> None:
        self.lowering = lowering
        self.buffers: list[Buffer] = []
        self._first_result = len(lowering.program.inputs) + len(lowering.program.shared) + len(lowering.extra)
        readers: dict[int, list[tuple[Kernel, Value]]] = {}
        wholly: set[int] = set()
        last: dict[int, int] = {}
        for kernel in lowering.kernels:
            for value in (*(access.value for access in kernel.reads), *kernel.whole):
                readers.setdefault(id(value.storage), []).append((kernel, value))
                last[id(value.storage)] = max(last.get(id(value.storage), 0), kernel.top)
            wholly.update(id(value.storage) for value in kernel.whole)
        first: dict[int, int] = {}
        written: dict[int, Value] = {}
        for kernel in lowering.kernels:
            for value in [kernel.value] if kernel.value else [*kernel.results, *self._step_values(kernel)]:
                storage = value.storage
                written[id(storage)] = storage
                first[id(storage)] = min(first.get(id(storage), kernel.top), kernel.top)
                last[id(storage)] = max(last.get(id(storage), 0), kernel.top)
        free: dict[object, list[Buffer]] = {}
        for key in sorted(written, key=lambda key: first[key]):
            value = written[key]
            if self._place(value, readers.get(key, []), key in wholly):
                self._allocate(value, first[key], last[key], free)

    def bytes_in_all(self) -> str:
        """The bytes of all buffers, as a sum of products of sizes, such as `8 * x.shape[0] * x.shape[1] + 16`."""
        names = self._size_names()
        terms: dict[tuple[str, ...], int] = {}
        for buffer in self.buffers:
            factor, sizes = np.dtype(buffer.dtype).itemsize * buffer.rows, []
            for text in (part for dim in buffer.dims for part in self.lowering.text(dim).split(" * ")):
                if text.isdecimal():
                    factor *= int(text)
                else:
                    sizes.append(names.get(text, text))
            key = tuple(sorted(sizes))
            terms[key] = terms.get(key, 0) + factor
        keys = sorted((key for key in terms if terms[key]), key=lambda key: (-len(key), key))
        return " + ".join(" * ".join((str(terms[key]), *key)) for key in keys) or "0"

    def _size_names(self) -> dict[str, str]:
        """For sizes of arguments and shared values: what people call them."""
        program, names = self.lowering.program, {}
        for size in self.lowering.sizes:
            found = re.fullmatch(r"ctx->slot\[(\d+)\]\.dim\[(\d+)\]", size.text)
            if found is not None:
                slot, axis = map(int, found.groups())
                variable = (*program.inputs, *program.shared)[slot]
                kind = f"input{slot}" if slot < len(program.inputs) else f"shared{slot - len(program.inputs)}"
                names[size.name] = f"{variable.name or kind}.shape[{axis}]"
        return names

    def _step_values(self, kernel: Kernel) -> list[Value]:
        if kernel.step is None:
            return []
        return [value for value in self.lowering.steps[kernel.step].outputs if isinstance(value, Value)]

    def _place(self, value: Value, readers: list[tuple[Kernel, Value]], wholly: bool) -> bool:
        """Decide who reads it as a local, and how many loops its memory is inside of; whether it needs any."""
        writers = value.writers
        writer = writers[0]
        simple = (
            len(writers) == 1
            and writer.kind != "call"
            and not any(read is not value for _, read in readers)
            and _in_place(writer)
        )
        if not simple:
            return True
        needs = value.slot is not None or wholly or writer.scalar_depth is None
        elided = len(writer.path)
        for reader, _ in readers:
            if not wholly and is_local(value, reader):
                value.local = True
            else:
                needs = True
                elided = min(elided, _common(writer.path, reader.path))
        if not readers or value.slot is not None or wholly:
            elided = 0
        if writer.scalar_depth is None:
            elided = min(elided, writer.first_reduced)
        value.elided = elided if needs else 0
        return needs

    def _allocate(self, value: Value, first: int, last: int, free: dict[object, list[Buffer]]) -> None:
        writer = value.writers[0]
        dims: tuple[Dim, ...] = value.dims
        rows = 1
        if value.elided:
            assert writer.store is not None
            dims = tuple(
                dim
                for dim, index in zip(writer.store.dims, writer.store.index)
                if index.axis is None or index.axis >= value.elided
            )
            rows = writer.path[value.elided - 1].rows
        find = self.lowering.find
        key = (
            value.dtype,
            rows,
            tuple(find(dim) if isinstance(find(dim), (int, tuple)) else id(find(dim)) for dim in dims if dim != 1),
        )
        if value.slot is None:
            for buffer in free.get(key, []):
                if buffer.last < first:
                    buffer.last = last
                    buffer.values.append(value.name)
                    value.buffer = buffer.name
                    return
        value.buffer = self._name(value)
        buffer = Buffer(value.buffer, value.dtype, value.c_type, dims, rows, first, last, value.slot, [value.name])
        self.buffers.append(buffer)
        if value.slot is None:
            free.setdefault(key, []).append(buffer)

    def _name(self, value: Value) -> str:
        if value.slot is None:
            return f"t{value.name.lstrip('v')}"
        position = value.slot - self._first_result
        outputs, results = len(self.lowering.program.outputs), len(self.lowering.program.results)
        if position < outputs:
            return f"out{position}"
        return f"new{position - outputs}" if position < results else f"slot{value.slot}"


def is_local(value: Value, reader: Kernel) -> bool:
    """Whether `reader` is in the loop body where `value` is one number, so that a C local carries it."""
    writer = value.writers[0]
    depth = writer.scalar_depth
    if depth is None or len(value.writers) != 1 or writer.kind == "call" or not _in_place(writer):
        return False
    return reader.path[:depth] == writer.path[:depth]


def _in_place(writer: Kernel) -> bool:
    """Whether a kernel writes the elements of its value one by one, each at its own place."""
    store = writer.store
    return (
        store is not None
        and all(
            index.plain or dim == 1 or (index.axis is None and index.start == "0")
            for index, dim in zip(store.index, store.dims)
        )
        and store.value.root is None
    )


def _common(left: tuple[Loop, ...], right: tuple[Loop, ...]) -> int:
    count = 0
    for a, b in zip(left, right):
        if a is not b:
            break
        count += 1
    return count
