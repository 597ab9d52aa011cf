"""Views of compiled functions: signature, every rewrite, C text with its nodes, receipt (consumes `core.view`).

Read next: `display`, `passes`, `inspector`.
"""

from collections.abc import Iterable
from dataclasses import replace

from ..core.view import (
    ArgumentView,
    FunctionView,
    GraphView,
    NodeView,
    OutputView,
    ReceiptView,
    TraceView,
    graph_view,
    rewrites_of,
    trace_view,
    value_text,
)
from ..function import Function, In
from .inspector import code_view

#: The most work to follow rewrites: rewrites times nodes.
TRACE_LIMIT = 300_000


def given_name(function: Function) -> str:
    """The name the user gave, or "function"."""
    return "function" if function.name == function.where.label else function.name


def argument(given: In) -> ArgumentView:
    """An input as views show it."""
    variable = given.variable
    default = "" if given.value is None or given.implicit else value_text(given.value)
    return ArgumentView(given.name or str(variable), str(variable.type), default)


def output_names(function: Function) -> list[str]:
    """Names of the results, outputs then updates: dictionary keys, names of variables, or numbers."""
    initial = function.trace.initial
    keys = function._definition.keys
    count = len(initial.outputs)
    names = list(keys) if keys is not None else []
    if not names:
        names = [variable.name or ("out" if count == 1 else f"out {k}") for k, variable in enumerate(initial.outputs)]
    return names + [f"{target} ←" for target, _ in initial.updates]


def final_graph(function: Function) -> GraphView:
    """The graph of a function's program."""
    return graph_view(function.program.results, output_names(function), function.program.inputs)


def renumbered(trace: TraceView) -> TraceView:
    """The trace with display ids that run from 0 in its last graph, as `final_graph` has them, and then go on."""
    last = trace.steps[-1].order if trace.steps else [node.id for node in trace.start.nodes]
    number = {id: k for k, id in enumerate(last)}
    seen: dict[NodeView, NodeView] = {}

    def new(id: int) -> int:
        return number.setdefault(id, len(number))

    def ids(old: Iterable[int]) -> tuple[int, ...]:
        return tuple(map(new, old))

    def nodes(old: Iterable[NodeView]) -> tuple[NodeView, ...]:
        for node in old:
            if node not in seen:
                inputs = tuple((new(source), index) for source, index in node.inputs)
                seen[node] = replace(node, id=new(node.id), inputs=inputs)
        return tuple(seen[node] for node in old)

    def outputs(old: Iterable[OutputView]) -> tuple[OutputView, ...]:
        return tuple(replace(output, id=new(output.id)) for output in old)

    steps = tuple(
        replace(
            step,
            gone=tuple(sorted(ids(step.gone))),
            set=nodes(step.set),
            order=ids(step.order),
            outputs=outputs(step.outputs),
            removed=tuple(sorted(ids(step.removed))),
            added=tuple(sorted(ids(step.added))),
        )
        for step in trace.steps
    )
    return TraceView(GraphView(nodes(trace.start.nodes), outputs(trace.start.outputs)), steps)


def function_view(function: Function) -> FunctionView:
    """The records of a compiled function: signature, every rewrite, C text, receipt."""
    program, trace = function.program, function.trace
    names = output_names(function)
    followed = len(trace) * (len(trace.initial.nodes) + len(program.nodes)) <= TRACE_LIMIT
    if followed:
        rewrites = renumbered(trace_view(trace.initial.results, rewrites_of(trace), names, trace.initial.inputs))
    else:
        rewrites = TraceView(final_graph(function))
    receipt = function.receipt
    stages = (("rewrite", 1e3 * sum(record.seconds for record in trace.passes)),)
    cache = compiler = ""
    if receipt is not None:
        stages = receipt.stages
        cache = f"found {receipt.why}" if receipt.hit else f"compiled: {receipt.why}"
        compiler = " ".join(receipt.command)
    return FunctionView(
        name=given_name(function),
        inputs=tuple(argument(given) for given in function.inputs if not given.implicit),
        outputs=tuple(ArgumentView(name, str(variable.type)) for name, variable in zip(names, program.outputs)),
        updates=tuple(ArgumentView(str(target), str(target.type)) for target, _ in program.updates),
        trace=rewrites,
        source=function.c_source,
        receipt=ReceiptView(stages, cache, compiler),
        omitted=0 if followed else len(trace),
        code=code_view(function, rewrites.graph(len(rewrites.steps))),
    )
