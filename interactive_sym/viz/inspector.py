"""The kernel's side of the function inspector: from C lines to nodes and back, loop nests, memory, measured times.

Read next: `cffi_backend.unit` (the plan), `cffi_backend.profiled` (units that measure), `frontend/src/code.ts`.
"""

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import numpy as np

from ..core.graph import Constant, Variable
from ..core.ops.body import run_lazily
from ..core.view import BufferView, CodeView, GraphView, Identities, NestView
from ..function import Function
from .passes import Explorer, apart

#: A measurement ends after so many calls, or so many seconds.
CALLS = 200
SECONDS = 0.5


def code_view(function: Function, final: GraphView) -> CodeView:
    """What is known of a function's C text: nodes of each line, loop nests with reasons, memory.

    Args:
        function: the compiled function.
        final: the view of its program, from which the display ids come.
    """
    plan = function.plan
    if plan is None:
        return CodeView()
    trace = function.trace
    keys = Identities(trace.initial.inputs).keys(trace.graph_at(len(trace)))
    ids: dict[Any, int] = dict(zip(keys, (node.id for node in final.nodes)))
    nodes = function.program.nodes

    def shown(numbers: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(ids[nodes[number]] for number in numbers if nodes[number] in ids)

    return CodeView(
        tuple(shown(line) for line in plan.lines),
        tuple(
            NestView(
                shown(group.nodes),
                group.domain,
                group.reason,
                group.rows,
                tuple(dict.fromkeys(nodes[k].op.name for k in group.nodes)),
                group.threads,
            )
            for group in plan.groups
        ),
        tuple(BufferView(b.name, b.shape, b.dtype, b.kind, b.first, b.last, b.values) for b in plan.buffers),
    )


def measured(explorer: Explorer) -> dict[str, Any]:
    """Time and bytes of each loop nest, measured on sample values by a copy of the function that measures itself.

    The copy has its own shared variables: nothing of the user's changes.

    Raises:
        ValueError: there is no compiled code, or no sample values fit.
    """
    function = explorer.function
    if function.plan is None:
        raise ValueError("the function is interpreted: it has no loop nests")
    values = explorer.samples()
    twin = apart(function, profile=True)
    part = twin.profile.parts[0] if twin.profile is not None else None
    if part is None or part.measured is None or len(part.plan.groups) != len(function.plan.groups):
        raise ValueError("the function could not be compiled with measurements")
    given = [values[x] for x in function.trace.initial.inputs]
    twin(*given)
    part.clear()
    calls, end = 0, perf_counter() + SECONDS
    while calls < CALLS and perf_counter() < end:
        twin(*given)
        calls += 1
    table = dict(values)
    with np.errstate(all="ignore"):
        run_lazily(function.program.results, table)
    nests = [
        {
            "ns": float(part.measured[2 * k]) / calls,
            "runs": int(part.measured[2 * k + 1]) // calls,
            "bytes": traffic(function, group.nodes, table),
        }
        for k, group in enumerate(part.plan.groups)
    ]
    first = 2 * len(part.plan.groups)
    sizes = [int(part.measured[first + k]) for k in range(len(part.plan.buffers))]
    return {"nests": nests, "buffers": sizes, "calls": calls, "inputs": explorer.described()}


def traffic(function: Function, numbers: tuple[int, ...], table: Mapping[Variable, Any]) -> int:
    """Bytes that a nest reads and writes: values that come from outside it, and those that are used outside."""
    program = function.program
    inside = {program.nodes[k] for k in numbers}
    made = {x for node in inside for x in node.outputs}
    read = {x for node in inside for x in node.inputs if x not in made and not _number(x)}
    used: set[Variable] = {x for x in program.results if x in made}
    used.update(x for node in program.nodes if node not in inside for x in node.inputs if x in made)
    return sum(int(getattr(table.get(x), "nbytes", 0)) for x in read | used)


def _number(variable: Variable) -> bool:
    return isinstance(variable, Constant) and np.size(variable.data) <= 1
