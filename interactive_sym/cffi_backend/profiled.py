"""Units that measure themselves: the same loops, with the clock read between them.

The measurements are an int64 array that the unit gets beside the shared values: for each loop nest its nanoseconds and
how often it ran, then for each buffer the bytes it took.

Read next: `unit`, `interactive_sym.debugging.profiling`.
"""

from collections.abc import Sequence

import numpy as np

from .emit import Emitter, Line
from .loopir import Item, Loop, Value
from .lower import Lowering
from .memory import Buffer, Memory
from .schedule import Schedule


class ProfiledLowering(Lowering):
    """A program as kernels, and an array for measurements among the constants."""

    measured: Value

    def _results(self) -> None:
        self.measured = Value("measured", "int64", (0,), "slot", constant=np.zeros(0, "int64"))
        self.extra.append(self.measured)
        self.measured.slot = len(self.program.inputs) + len(self.program.shared) + len(self.extra) - 1
        super()._results()


class ProfiledEmitter(Emitter):
    """Writes the body of `isym_kernel` with measurements."""

    def __init__(self, lowering: ProfiledLowering, schedule: Schedule, memory: Memory) -> None:
        self._written = 0
        self._nests = len(schedule.items)
        lowering.measured.constant = np.zeros(2 * self._nests + len(memory.buffers), "int64")
        lowering.headers.setdefault("clock.h")
        super().__init__(lowering, schedule, memory)
        self.lines[:0] = [
            Line(f"  int64_t *const measured = (int64_t *)ctx->slot[{lowering.measured.slot}].data;"),
            Line("  int64_t began;"),
        ]

    def _items(self, items: Sequence[Item], path: tuple[Loop, ...]) -> None:
        if path:
            super()._items(items, path)
            return
        number, self._written = self._written, self._written + 1
        self.write("began = isym_clock();")
        super()._items(items, path)
        self.write(f"measured[{2 * number}] += isym_clock() - began;")
        self.write(f"measured[{2 * number + 1}]++;")

    def _allocate(self, buffer: Buffer) -> None:
        position = 2 * self._nests + self.memory.buffers.index(buffer)
        sizes = [str(buffer.rows), *(self.size(dim) for dim in buffer.dims)]
        product = " * ".join(f"(int64_t)({size})" for size in sizes)
        super()._allocate(buffer)
        self.write(f"measured[{position}] = (int64_t)sizeof({buffer.c_type}) * {product};")
