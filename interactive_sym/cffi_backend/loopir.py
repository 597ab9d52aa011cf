"""The intermediate form between a program and C text: sizes, values, accesses, kernels, loops.

A `Kernel` computes one `Value` at each point of a space of loop axes, from elements of other values. All access is
affine: along each axis of the value, `start + step * (one loop axis)`. Views of the program (transposes, slices,
broadcasts) are such index maps and cost nothing. `Loop` and its items are the schedule: a tree of loops with kernels at
the leaves.

Read next: `lower` (program -> kernels), `schedule` (kernels -> loops), `memory`, `emit`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Union

import numpy as np

from ..core.ops.elementwise import C_TYPES
from ..core.types import FLOATS

Text = Callable[[], str]


@dataclass(eq=False, slots=True)
class Size:
    """A size known only when the function is called.

    Attributes:
        name: its C name.
        text: C expression of its value, where it is known at entry.
        maker: the kernel that computes it, None where it is known at entry.
        order: place in the order of creation; a size never depends on a younger one.
    """

    name: str
    text: str
    maker: "Kernel | None"
    order: int


Dim = Union[int, Size, tuple["Dim", ...]]  # noqa: UP007  a type that speaks of itself
"""A size; a tuple is the product of its entries (loops that were joined into one)."""


@dataclass(frozen=True, slots=True)
class Index:
    """Position along one axis of a value: `start + step * axis`; `axis` None is `start` alone."""

    axis: int | None = None
    start: str = "0"
    step: str = "1"

    @property
    def plain(self) -> bool:
        """Whether it is an axis as it is, from 0 in steps of 1."""
        return self.axis is not None and self.start == "0" and self.step == "1"


@dataclass(eq=False, slots=True)
class Value:
    """An array, or a scalar, that C sees.

    Attributes:
        name: its C name.
        dtype: element type.
        dims: sizes; empty for a scalar.
        origin: "slot" for inputs and shared values, "table" for constants in the text, "literal" for scalar constants,
            "kernel" for what is computed.
        slot: the slot it lives in, if any.
        constant: the array of a constant.
        root: the value whose memory it has (a reshape, an array changed in place).
        writers: kernels that must have run before it is read.
        wants_slot: it must live in a slot, because Python reads or writes it.
        changed: it is `root` with some elements changed in place.
        buffer: the C name of its memory, where it has any (set by `memory`).
        local: whether some reader takes it from a C local (set by `memory`).
        elided: how many outer loops its memory serves one iteration of at a time (set by `memory`).
    """

    name: str
    dtype: str
    dims: tuple[Dim, ...]
    origin: str
    slot: int | None = None
    constant: "np.ndarray | None" = None
    root: "Value | None" = None
    writers: "list[Kernel]" = field(default_factory=list)
    wants_slot: bool = False
    changed: bool = False
    buffer: str = ""
    local: bool = False
    elided: int = 0

    @property
    def storage(self) -> "Value":
        """The value whose memory holds it."""
        value = self
        while value.root is not None:
            value = value.root
        return value

    @property
    def c_type(self) -> str:
        return C_TYPES[self.dtype]


@dataclass(frozen=True, slots=True)
class Access:
    """An element of `value`: one `Index` per axis; `dims` are the sizes by which its address is computed."""

    value: Value
    index: tuple[Index, ...]
    dims: tuple[Dim, ...]

    @property
    def aliased(self) -> bool:
        """Whether it reads memory that another value was computed into."""
        return self.value.root is not None


@dataclass(frozen=True, slots=True)
class Axis:
    """One loop of a kernel: its size, and the axis of the result it runs along (None: reduced away)."""

    dim: Dim
    out: int | None


Expression = Callable[[Sequence[str], Sequence[str]], str]


@dataclass(eq=False)
class Kernel:
    """A computation at each point of a loop space.

    Attributes:
        number: place in program order.
        node: number of the program's node.
        op: what to call it in comments.
        kind: "map", "reduce", or "call": straight text (sizes, library calls, Python steps).
        axes: loops, outer first.
        reads: elements it reads at each point.
        expression: C text from texts of the operands and of the loop variables.
        value: what it computes, None where it computes only sizes.
        results: for "call": all that it computes, where that is several values.
        store: where in the value it writes.
        reduction: "sum", "prod", "max", "min", "any", "all", "argmax" or "argmin".
        after: kernels that must have run before, whatever they compute.
        dims: sizes its text speaks of.
        lines: for "call": the C lines, from texts of the operands.
        checks: C lines to run right after it.
        whole: values that it reads all of.
        step: number of the Python step it runs.
        step_sizes: sizes known once the step has run: which axis of which value each is.
        operand_dtype: element type of what an argmax compares.
        uses_index: whether its expression speaks of the loop variables themselves.
        path: the loops around it, outermost first (set by `schedule`).
        top: number of the outermost item it is in (set by `schedule`).
    """

    number: int
    node: int
    op: str
    kind: str
    axes: tuple[Axis, ...] = ()
    reads: tuple[Access, ...] = ()
    expression: Expression | None = None
    value: Value | None = None
    results: tuple[Value, ...] = ()
    store: Access | None = None
    reduction: str = ""
    after: "list[Kernel]" = field(default_factory=list)
    dims: tuple[Dim, ...] = ()
    lines: Callable[[Sequence[str]], Sequence[str]] | None = None
    checks: list[Text] = field(default_factory=list)
    whole: tuple[Value, ...] = ()
    step: int | None = None
    step_sizes: "list[tuple[Size, Value, int]]" = field(default_factory=list)
    operand_dtype: str = ""
    uses_index: bool = False
    path: "tuple[Loop, ...]" = ()
    top: int = 0

    @property
    def first_reduced(self) -> int:
        """Depth of its outermost reduced loop; the number of loops where there is none."""
        for depth, axis in enumerate(self.axes):
            if axis.out is None:
                return depth
        return len(self.axes)

    @property
    def trailing(self) -> int:
        """Depth from which on all its loops are reduced ones."""
        depth = len(self.axes)
        while depth and self.axes[depth - 1].out is None:
            depth -= 1
        return depth

    @property
    def scalar_depth(self) -> int | None:
        """The depth of the loop body in which its result is one number, None where it is an array there."""
        return self.first_reduced if self.first_reduced == self.trailing else None


@dataclass(eq=False)
class Loop:
    """A loop and what it does, in order.

    Attributes:
        dim: number of iterations.
        depth: 0 for an outermost loop.
        members: kernels in it, at any depth.
        items: loops and kernels inside.
        reason: why it is a loop of its own.
        rows: how many iterations run side by side in its inner loops.
        threads: how threads share it, or why they do not (set by `emit`).
    """

    dim: Dim
    depth: int
    members: list[Kernel]
    items: "list[Item]" = field(default_factory=list)
    reason: str = ""
    rows: int = 1
    threads: str = ""

    @property
    def innermost(self) -> bool:
        """Whether no loop is inside."""
        return all(isinstance(item, Kernel) for item in self.items)


Item = Loop | Kernel


def cast(text: str, source: str, target: str) -> str:
    """The C expression `text` of element type `source`, converted to `target` as NumPy converts."""
    if source == target:
        return text
    if target == "bool":
        return f"({text} != 0)"
    if source.startswith("complex") and not target.startswith("complex"):
        return f"({C_TYPES[target]})creal({text})"
    if source == "bool" and target in FLOATS:  # as in `Cast`
        return f"({text} ? ({C_TYPES[target]})1 : 0)"
    return f"({C_TYPES[target]})({text})" if not text.replace("_", "").isalnum() else f"({C_TYPES[target]}){text}"


def literal(value: Any) -> str:
    """A C expression that is exactly `value`.

    Decimal text is the shortest that reads back as the same number, which C compilers read with correct rounding.

    Example:
        >>> literal(np.float64(0.1)), literal(np.int64(-(2**63))), literal(np.float32("inf"))
        ('0.1', 'INT64_MIN', '(float)INFINITY')
    """
    name = value.dtype.name
    if name == "bool":
        return "1" if value else "0"
    if value.dtype.kind in "iu":
        number = int(value)
        if value.dtype.kind == "i" and number == np.iinfo(value.dtype).min:
            return f"INT{value.dtype.itemsize * 8}_MIN"
        if name == "int64":
            return f"INT64_C({number})"
        if name in ("uint64", "uint32"):
            return f"UINT{value.dtype.itemsize * 8}_C({number})"
        return str(number)
    if value.dtype.kind == "c":
        part = "f" if name == "complex64" else ""
        real, imaginary = literal(value.real), literal(value.imag)
        return f"__builtin_complex(({C_TYPES['float32' if part else 'float64']}){real}, " + (
            f"({C_TYPES['float32' if part else 'float64']}){imaginary})"
        )
    if not np.isfinite(value):
        text = "NAN" if np.isnan(value) else "-INFINITY" if value < 0 else "INFINITY"
        return text if name == "float64" else f"(float){text}"
    text = repr(float(value)) if name == "float64" else f"{np.float32(value)!s}f"
    return text if any(mark in text for mark in ".e") else f"{text}.0"
