"""One program, one C unit: the whole way from a `Program` to a `UnitSpec`, and the plan that views show.

Read next: `build`, `call`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.collecting import uncollected
from ..core.graph import Variable
from ..core.op import annotate, performed
from ..core.program import Program
from ..core.types import RandomStateType, TensorType
from . import (
    foreign,
    lower_arrays,  # noqa: F401  fills the table of rules, as do the next ones
    lower_loops,  # noqa: F401
    lower_marks,  # noqa: F401
    lower_nodes,  # noqa: F401
    lower_random,
)
from .call import OBJECT, STATE, ArgSpec, PythonStep, UnitSpec
from .emit import Emitter, Line
from .loopir import Loop, Value
from .lower import MESSAGES, Handed, Lowering, Object, Step
from .memory import Memory
from .pieces import in_pieces
from .profiled import ProfiledEmitter, ProfiledLowering
from .repeats import once
from .schedule import Schedule

__all__ = ["MESSAGES", "BufferPlan", "Generated", "Group", "Plan", "generate"]


@dataclass(frozen=True)
class Group:
    """A loop nest, or straight text between them.

    Attributes:
        nodes: numbers of the program's nodes in it.
        domain: sizes of the outer loop and those within, as text; empty for straight text.
        reason: why it is a nest of its own.
        rows: rows taken at a time.
        kernels: `(node number, operation)` of each step.
        threads: how threads share it, or why one thread runs it.
    """

    nodes: tuple[int, ...]
    domain: str
    reason: str
    rows: int
    kernels: tuple[tuple[int, str], ...]
    threads: str = ""


@dataclass(frozen=True)
class BufferPlan:
    """Memory: its C name, shape and element type, the groups that use it first and last, and what it holds in turn."""

    name: str
    shape: str
    dtype: str
    kind: str
    first: int
    last: int
    values: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """How a program is computed.

    Attributes:
        groups: in the order they run.
        buffers: memory beside inputs.
        lines: for each line of `source` (from 0) the nodes it computes.
        labels: the user's place of each node, such as `cell 3 line 5`.
        source: the C text with the user's places in its comments; the compiled text has node numbers only, so that
            moving a line of the notebook does not compile anything again.
        peak_bytes: the bytes of all buffers, as a formula, such as `8 * x.shape[0] + 8`; sizes worked out by a call
            have their names in `source`. What a loop of steps or a library function needs for itself is not in it; the
            function's `peak_bytes` is what calls have taken.
    """

    groups: tuple[Group, ...]
    buffers: tuple[BufferPlan, ...]
    lines: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]
    source: str
    peak_bytes: str = "0"

    def __repr__(self) -> str:
        nests = sum(group.domain != "" for group in self.groups)
        counts = f"{nests} loop nest{'s' * (nests != 1)}, {len(self.buffers)} buffer{'s' * (len(self.buffers) != 1)}"
        return f"<Plan: {counts}, {self.peak_bytes} bytes>"


@dataclass(frozen=True)
class Generated:
    """A C unit.

    Attributes:
        spec: what `call.make` wants.
        plan: how it computes, for views.
        constants: arrays to pass as the last shared values, one storage `[array]` each.
        messages: what `error[1]` stands for where the result is 6 (a value error).
        measured: where a profiled unit leaves its measurements: for each group nanoseconds and how often it ran, then
            for each buffer its bytes; None for other units.
    """

    spec: UnitSpec
    plan: Plan
    constants: tuple[np.ndarray[Any, Any], ...]
    messages: tuple[str, ...]
    measured: np.ndarray[Any, Any] | None = None


@uncollected()
def generate(program: Program, profile: bool = False) -> Generated:
    """The C unit of a program.

    Args:
        program: what to compute.
        profile: whether the unit measures its loop nests.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.core.program import make_program
        >>> x = T.dvector("x")
        >>> source = generate(make_program([x], [T.exp(x).sum()], [])).spec.source
        >>> [line for line in source.splitlines() if line.startswith("int")]
        ['int isym_kernel(isym_ctx *ctx)']
    """
    lowered = lower_random.with_states_as_arrays(program)
    lowering = ProfiledLowering(lowered) if profile else Lowering(lowered)
    schedule = Schedule(lowering)
    memory = Memory(lowering, schedule)
    emitter = (
        ProfiledEmitter(lowering, schedule, memory)
        if isinstance(lowering, ProfiledLowering)
        else Emitter(lowering, schedule, memory)
    )
    lines = _unit(lowering, emitter)
    labels = tuple(node.where.label if node.where is not None else "" for node in program.nodes)
    places = [f"line {node.where.line}" if node.where is not None else "" for node in program.nodes]
    plan = Plan(
        _groups(lowering, schedule),
        tuple(
            BufferPlan(
                buffer.name,
                " x ".join(
                    ([str(buffer.rows)] if buffer.rows > 1 else []) + [lowering.text(dim) for dim in buffer.dims]
                )
                or "1",
                buffer.dtype,
                "scratch"
                if buffer.slot is None
                else "result"
                if buffer.slot < lowering.first_temporary
                else "temporary",
                buffer.first,
                buffer.last,
                tuple(buffer.values),
            )
            for buffer in memory.buffers
        ),
        tuple(line.nodes for line in lines),
        labels,
        _text(lines, lambda node: _place(program.nodes[node].where, places[node])),
        memory.bytes_in_all(),
    )
    return Generated(
        _spec(program, lowered is not program, lowering, _text(lines, lambda node: "")),
        plan,
        tuple(_constants(lowering)),
        tuple(lowering.messages),
        lowering.measured.constant if isinstance(lowering, ProfiledLowering) else None,
    )


def _place(where: Any, line: str) -> str:
    cell = where.cell if where is not None else None
    return f"cell {int(cell)} {line}" if cell is not None else line


def _constants(lowering: Lowering) -> list[np.ndarray[Any, Any]]:
    return [value.constant for value in lowering.extra if value.constant is not None]


def _unit(lowering: Lowering, emitter: Emitter) -> list[Line]:
    entry = emitter.entry()
    functions, body = once(emitter.functions, emitter.lines)
    headers = [*(["blas.h"] if _uses_blas(emitter) else []), "kernel.h", *lowering.headers]
    lines = [Line(f'#include "{name}"') for name in headers]
    for text in lowering.support:
        lines.append(Line(""))
        lines.extend(Line(line) for line in text.rstrip("\n").split("\n"))
    kernel = [
        Line(""),
        Line("int isym_kernel(isym_ctx *ctx)"),
        Line("{"),
        *entry,
        *body,
        Line("  return ISYM_OK;"),
        Line("}"),
    ]
    return lines + in_pieces(functions, kernel, [*lowering.support])


def _uses_blas(emitter: Emitter) -> bool:
    return any("isym_gemm" in line.text for line in (*emitter.functions, *emitter.lines))


def _text(lines: Sequence[Line], place: Callable[[int], str]) -> str:
    written = []
    for line in lines:
        text = line.text.rstrip()
        if line.note and line.nodes:
            where = place(line.nodes[0])
            text = f"{text} /* {line.note}{', ' if where else ''}{where} */"
        written.append(text)
    return "\n".join(written) + "\n"


def _groups(lowering: Lowering, schedule: Schedule) -> tuple[Group, ...]:
    groups = []
    for item in schedule.items:
        members = item.members if isinstance(item, Loop) else [item]
        groups.append(
            Group(
                tuple(dict.fromkeys(kernel.node for kernel in members if kernel.node >= 0)),
                _domain(lowering, item) if isinstance(item, Loop) else "",
                item.reason if isinstance(item, Loop) else "no loop",
                item.rows if isinstance(item, Loop) else 1,
                tuple((kernel.node, kernel.op) for kernel in members),
                item.threads if isinstance(item, Loop) else "one thread: no loop",
            )
        )
    return tuple(groups)


def _domain(lowering: Lowering, loop: Loop) -> str:
    inner = [_domain(lowering, item) for item in loop.items if isinstance(item, Loop)]
    size = lowering.text(loop.dim)
    return size if not inner else f"{size} x {inner[0]}" if len(inner) == 1 else f"{size} x ({', '.join(inner)})"


# -- slots and steps --------------------------------------------------------------------------------------------------


def _spec(program: Program, words: bool, lowering: Lowering, source: str) -> UnitSpec:
    """The meaning of the slots; `words` where C sees states of random streams, as arrays of words."""

    def argument(x: Variable, default: str = "input") -> ArgSpec:
        if isinstance(x.type, TensorType):
            return ArgSpec(x.name or default, x.type.dtype, x.type.shape)
        return ArgSpec(x.name or default, STATE if words and isinstance(x.type, RandomStateType) else OBJECT)

    shared = [argument(x) for x in program.shared]
    shared += [
        ArgSpec(value.name, value.dtype, tuple(int(d) for d in value.constant.shape))
        for value in lowering.extra
        if value.constant is not None
    ]
    position = {x: k for k, x in enumerate(program.shared)}
    return UnitSpec(
        source=source,
        inputs=tuple(argument(x) for x in program.inputs),
        shared=tuple(shared),
        outputs=tuple(argument(x, f"output {k}") for k, x in enumerate(program.outputs)),
        updates=tuple(argument(x, str(target)) for target, x in program.updates),
        update_targets=tuple(position[target] for target, _ in program.updates),
        temporaries=tuple(
            ArgSpec(x.name, x.dtype, (None,) * len(x.dims)) if isinstance(x, Value) else ArgSpec("state", OBJECT)
            for x in lowering.temporaries
        ),
        steps=tuple(_step(lowering, step) for step in lowering.steps),
    )


def _step(lowering: Lowering, step: Step) -> PythonStep:
    slots: list[int] = []
    fixed: list[Any] = []  # per input: a position in the slots' values, or a constant
    for x in step.inputs:
        if isinstance(x, (Value, Object)):
            slot = x.slot if isinstance(x, Value) else lowering.object_slots[x.key]
            assert slot is not None
            fixed.append((len(slots), None))
            slots.append(slot)
        else:
            fixed.append((None, x))
    outputs = tuple(
        int(x.slot) if isinstance(x, Value) and x.slot is not None else lowering.object_slots[x.key]
        for x in step.outputs
    )
    return PythonStep(_Perform(step.node, tuple(fixed)), tuple(slots), outputs)


class _Perform:
    """Runs a node's own C, or its NumPy implementation, on the values of slots."""

    def __init__(self, node: Any, fixed: tuple[tuple[int | None, Any], ...]) -> None:
        self.node, self.fixed = node, fixed
        self.own = None if isinstance(node, Handed) else foreign.step_of(node)

    def __call__(self, values: list[Any]) -> list[Any]:
        inputs = [constant if position is None else values[position] for position, constant in self.fixed]
        if isinstance(self.node, Handed):
            return inputs
        return [
            _own(np.asarray(value, dtype=x.type.dtype, order="C"), inputs) if isinstance(x.type, TensorType) else value
            for value, x in zip(self._results(inputs), self.node.outputs)
        ]

    def _results(self, inputs: list[Any]) -> Sequence[Any]:
        if self.own is None:
            return performed(self.node, inputs)
        try:
            return self.own(inputs)
        except Exception as error:
            annotate(error, self.node, inputs)
            raise


def _own(result: np.ndarray[Any, Any], inputs: Sequence[Any]) -> np.ndarray[Any, Any]:
    """A result that shares no memory with an input: what a step hands on may become an output or an update."""
    shared = any(isinstance(x, np.ndarray) and np.may_share_memory(result, x) for x in inputs)
    return result.copy() if shared else result
