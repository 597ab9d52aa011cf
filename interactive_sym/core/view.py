"""Views: frozen, JSON-ready records of graphs, rewrites, functions and states, and their builders (floor D).

A view is a read-only picture of a core object, made of strings, numbers and tuples only, so that widgets, static
pictures and text need nothing else. Every top record carries `version`.

Nodes have **display ids**: when a rewrite replaces a node, its successor inherits the identity; nodes that the
rewrite did not touch keep theirs, also where the graph was rebuilt around the replaced one. Highlighting, animation
and selection rest on that.

Read next: `text` (the same as plain text), `interactive_sym.viz.model` (how views travel to a browser).
"""

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy

from .graph import Apply, Constant, Variable, toposort
from .rule import RULES
from .text import brief
from .trace import Trace

VERSION = 1
KINDS = ("input", "constant", "shared", "random", "op")


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node of a graph: an application of an operation, or a leaf.

    Attributes:
        id: display id.
        kind: one of `KINDS`.
        label: short text to draw: the op's name, the variable's name, or the constant's value.
        op: the operation with its parameters, empty for leaves.
        family: the op's family, empty for leaves.
        doc: the op's first paragraph of documentation.
        types: the type of each output.
        names: the user's name of each output, empty where he gave none.
        where: the user's place, such as `cell 3 line 5`.
        line: the text of that line.
        origin: how a node came to be that the user did not write.
        value: a constant's value, shortened.
        inputs: `(id, output index)` per input, in order.
    """

    id: int
    kind: str
    label: str
    op: str = ""
    family: str = ""
    doc: str = ""
    types: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    where: str = ""
    line: str = ""
    origin: str = ""
    value: str = ""
    inputs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class EdgeView:
    """Output `output` of node `source` is input `input` of node `target`."""

    source: int
    target: int
    output: int
    input: int


@dataclass(frozen=True, slots=True)
class OutputView:
    """A result of a graph: output `index` of node `id`, shown as `label`."""

    id: int
    index: int
    label: str


@dataclass(frozen=True, slots=True)
class GraphView:
    """A graph: nodes with inputs before users, and the results."""

    nodes: tuple[NodeView, ...]
    outputs: tuple[OutputView, ...]
    version: int = VERSION

    @property
    def edges(self) -> tuple[EdgeView, ...]:
        """All edges, by target, then by input."""
        return tuple(
            EdgeView(source, node.id, output, position)
            for node in self.nodes
            for position, (source, output) in enumerate(node.inputs)
        )


@dataclass(frozen=True, slots=True)
class StepView:
    """One recorded rewrite, as a difference between the graph before and after.

    Attributes:
        index: 1 for the first rewrite.
        rule, why, changes, pass_name: the rule's name, its reason, what it may change in values, the pass it ran in.
        before, after: short text of the replaced and of the new expression.
        gone: ids that are no longer in the graph.
        set: nodes that are new, or whose inputs or operation changed.
        order: ids of the graph after the step, inputs before users.
        outputs: results after the step.
        removed: ids to mark in the graph before the step.
        added: ids to mark in the graph after the step.
        firing: which of the compilation's firings it is, counted from 1; 0 where there is none.
    """

    index: int
    rule: str
    why: str
    changes: str
    pass_name: str
    before: str
    after: str
    gone: tuple[int, ...]
    set: tuple[NodeView, ...]
    order: tuple[int, ...]
    outputs: tuple[OutputView, ...]
    removed: tuple[int, ...]
    added: tuple[int, ...]
    firing: int = 0


@dataclass(frozen=True, slots=True)
class TraceView:
    """A graph and the rewrites it went through."""

    start: GraphView
    steps: tuple[StepView, ...] = ()
    version: int = VERSION

    def graph(self, index: int) -> GraphView:
        """The graph after `index` rewrites; 0 is the start.

        Raises:
            IndexError: if there is no such step.
        """
        if not 0 <= index <= len(self.steps):
            raise IndexError(f"step {index} of a trace of {len(self.steps)} rewrites")
        nodes = {node.id: node for node in self.start.nodes}
        order: Iterable[int] = [node.id for node in self.start.nodes]
        outputs = self.start.outputs
        for step in self.steps[:index]:
            for gone in step.gone:
                nodes.pop(gone, None)
            nodes.update({node.id: node for node in step.set})
            order, outputs = step.order, step.outputs
        return GraphView(tuple(nodes[id] for id in order), outputs)


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """What compiling cost: milliseconds per stage, and whether the kernel came from the cache."""

    stages: tuple[tuple[str, float], ...] = ()
    cache: str = ""
    compiler: str = ""


@dataclass(frozen=True, slots=True)
class ArgumentView:
    """An input, output or update of a compiled function."""

    name: str
    type: str
    default: str = ""


@dataclass(frozen=True, slots=True)
class NestView:
    """A loop nest of compiled code: ids of its nodes, sizes of its loops, why it is one, rows taken at a time.

    `threads` says how threads share it, or why one thread runs it.
    """

    nodes: tuple[int, ...]
    domain: str
    reason: str
    rows: int
    operations: tuple[str, ...]
    threads: str = ""


@dataclass(frozen=True, slots=True)
class BufferView:
    """Memory beside inputs: shape as C text, kind, first and last nest that uses it, what it holds in turn."""

    name: str
    shape: str
    dtype: str
    kind: str
    first: int
    last: int
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CodeView:
    """How a function is computed: for each line of its C text the ids of the nodes it computes, nests, memory."""

    lines: tuple[tuple[int, ...], ...] = ()
    nests: tuple[NestView, ...] = ()
    buffers: tuple[BufferView, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionView:
    """A compiled function: signature, rewrites, C text, receipt; `omitted` rewrites were too many to follow."""

    name: str
    inputs: tuple[ArgumentView, ...]
    outputs: tuple[ArgumentView, ...]
    updates: tuple[ArgumentView, ...]
    trace: TraceView
    source: str = ""
    receipt: ReceiptView = ReceiptView()
    omitted: int = 0
    code: CodeView = CodeView()
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class StateRow:
    """One shared variable or random stream, as it is now.

    `statistics` holds `(name, value)` pairs, `sample` a shortened value, `used_by` names of functions.
    """

    name: str
    kind: str
    type: str
    shape: tuple[int, ...] | None
    statistics: tuple[tuple[str, str], ...] = ()
    sample: str = ""


@dataclass(frozen=True, slots=True)
class StateView:
    """Values of shared variables or states of random streams at one moment."""

    title: str
    rows: tuple[StateRow, ...]
    version: int = VERSION


def to_json(record: Any) -> Any:
    """A view as dictionaries, lists, strings and numbers, ready for `json.dumps`."""
    if is_dataclass(record) and not isinstance(record, type):
        return {field.name: to_json(getattr(record, field.name)) for field in fields(record)}
    if isinstance(record, tuple | list):
        return [to_json(item) for item in record]
    return record


# ---------------------------------------------------------------------------------------------------------------------
# Builders.


def shorten(text: str, length: int) -> str:
    """`text` on one line, at most `length` characters, with an ellipsis where something was left out."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: max(0, length - 1)] + "…"


def value_text(value: Any, length: int = 40) -> str:
    """A short, deterministic text of a constant's or a shared variable's value."""
    if isinstance(value, numpy.ndarray | numpy.generic):
        if value.ndim == 0:
            return shorten(str(value.item()), length)
        if value.size <= 12:
            return shorten(numpy.array2string(numpy.asarray(value), precision=4, separator=", "), length)
        return f"{value.dtype} array {value.shape}"
    if isinstance(value, bool | int | float | complex | str) or value is None:
        return shorten(repr(value), length)
    if isinstance(value, slice):
        parts = ("" if part is None else str(part) for part in (value.start, value.stop, value.step))
        return shorten(":".join(parts), length)
    return type(value).__name__


def is_shared(variable: Variable) -> bool:
    """Whether the variable holds a value between calls."""
    return hasattr(variable, "get_value") and not isinstance(variable, Constant)


def is_random_state(type_: Any) -> bool:
    """Whether values of this type are states of a random number generator."""
    name = f"{type(type_).__name__} {type_}".lower()
    return "random" in name or "generator" in name


def leaf_kind(variable: Variable) -> str:
    """Which of `KINDS` a variable without owner is."""
    if isinstance(variable, Constant):
        return "constant"
    if is_random_state(variable.type):
        return "random"
    return "shared" if is_shared(variable) else "input"


def op_name(op: Any) -> str:
    """The name to draw for an operation."""
    name = getattr(op, "name", None)
    return str(name) if name else type(op).__name__


def op_label(op: Any) -> str:
    """The name to draw, with the parameter that tells most: `sum axis=0`, `dimshuffle 1,0`, `cast float64`."""
    name = op_name(op)
    axis = getattr(op, "axis", None)
    if axis is not None:
        axes = axis if isinstance(axis, tuple) else (axis,)
        return f"{name} axis={','.join(map(str, axes))}"
    order = getattr(op, "new_order", None)
    if order is not None:
        return f"{name} {','.join(map(str, order))}"
    parameters = str(op).removeprefix(name)
    return f"{name} {parameters[1:-1]}" if 2 < len(parameters) <= 12 and parameters[0] == "{" else name


def op_doc(op: Any) -> str:
    """The first paragraph of an operation's documentation, on one line."""
    doc = getattr(op, "doc", None) or inspect.getdoc(type(op)) or ""
    return shorten(str(doc).strip().split("\n\n")[0], 300)


class Identities:
    """Display ids of the nodes of a graph, followed through rewrites; `stop` are variables taken for leaves."""

    def __init__(self, stop: Iterable[Variable] = ()) -> None:
        self._stop = frozenset(stop)
        self._ids: dict[Apply | Variable, int] = {}
        self._next = 0
        self._structures: dict[Any, int] = {}
        self._views: dict[tuple[Apply | Variable, int, tuple[tuple[int, int], ...]], NodeView] = {}

    def start(self, outputs: Sequence[Variable]) -> list[NodeView]:
        """Number the nodes of a graph from 0, inputs before users, and show them."""
        keys = self.keys(outputs)
        self._ids = {}
        for key in keys:
            self._ids[key] = self._fresh()
        return [self._show(key) for key in keys]

    def step(
        self, outputs: Sequence[Variable], replaced: Sequence[tuple[Variable, Variable]]
    ) -> tuple[list[NodeView], set[int], set[int]]:
        """Follow one rewrite that put the second of each pair in the place of the first.

        Returns:
            the nodes of the new graph, the ids that the rewrite took away or changed, the ids it brought or changed.
        """
        before, keys = self._ids, self.keys(outputs)
        present = set(keys)
        after = {key: before[key] for key in keys if key in before}
        stale = {key: id for key, id in before.items() if key not in present}
        marked: set[int] = set()
        for old, new in replaced:
            old_key, new_key = self.key(old), self.key(new)
            if old_key in stale and new_key in present and new_key not in after:
                after[new_key] = stale.pop(old_key)
                marked.add(after[new_key])
        classes = self._classes(keys, {})
        instead = {old: self._class_of(new, classes, {}) for old, new in replaced if self.key(new) in present}
        rebuilt = self._classes(before, instead)
        waiting: dict[int, list[Apply | Variable]] = {}
        for key in keys:
            if key not in after:
                waiting.setdefault(classes[key], []).append(key)
        for key in list(stale):
            twins = waiting.get(rebuilt[key])
            if twins:
                after[twins.pop(0)] = stale.pop(key)
        fresh: set[int] = set()
        for key in keys:
            if key not in after:
                after[key] = self._fresh()
                fresh.add(after[key])
        self._ids = {key: after[key] for key in keys}
        return [self._show(key) for key in keys], set(stale.values()) | marked, fresh | marked

    def outputs(self, outputs: Sequence[Variable], labels: Sequence[str]) -> tuple[OutputView, ...]:
        """Where the results of the present graph are."""
        return tuple(
            OutputView(self._ids[self.key(variable)], variable.index or 0, label)
            for variable, label in zip(outputs, labels, strict=True)
        )

    def key(self, variable: Variable) -> Apply | Variable:
        """What is drawn for a variable: the node that computes it, or the leaf itself."""
        return variable if variable.owner is None or variable in self._stop else variable.owner

    def _fresh(self) -> int:
        self._next += 1
        return self._next - 1

    def keys(self, outputs: Sequence[Variable]) -> list[Apply | Variable]:
        """What is drawn for a graph, in the order of its view."""
        keys: dict[Apply | Variable, None] = {}
        for node in toposort(outputs, self._stop):
            for variable in node.inputs:
                keys.setdefault(self.key(variable))
            keys.setdefault(node)
        for variable in outputs:
            keys.setdefault(self.key(variable))
        return list(keys)

    def _classes(
        self, keys: Iterable[Apply | Variable], instead: Mapping[Variable, Any]
    ) -> dict[Apply | Variable, int]:
        """Numbers that are equal for nodes of equal structure, read with `instead` in the place of some variables."""
        classes: dict[Apply | Variable, int] = {}
        for key in keys:
            structure: Any = key
            if isinstance(key, Constant):
                structure = ("constant", key.signature())
            elif isinstance(key, Apply):
                structure = (key.op, *(self._class_of(variable, classes, instead) for variable in key.inputs))
            classes[key] = self._structures.setdefault(structure, len(self._structures))
        return classes

    def _class_of(
        self, variable: Variable, classes: Mapping[Apply | Variable, int], instead: Mapping[Variable, Any]
    ) -> Any:
        return instead[variable] if variable in instead else (classes[self.key(variable)], variable.index or 0)

    def _show(self, key: Apply | Variable) -> NodeView:
        ids = self._ids
        inputs: tuple[tuple[int, int], ...] = ()
        if isinstance(key, Apply):
            inputs = tuple((ids[self.key(variable)], variable.index or 0) for variable in key.inputs)
        memo = (key, ids[key], inputs)
        if memo not in self._views:
            self._views[memo] = _apply_view(key, *memo[1:]) if isinstance(key, Apply) else _leaf_view(key, ids[key])
        return self._views[memo]


def _apply_view(node: Apply, id: int, inputs: tuple[tuple[int, int], ...]) -> NodeView:
    where = getattr(node, "where", None)
    return NodeView(
        id=id,
        kind="op",
        label=op_label(node.op),
        op=str(node.op),
        family=str(getattr(node.op, "family", "") or ""),
        doc=op_doc(node.op),
        types=tuple(str(variable.type) for variable in node.outputs),
        names=tuple(variable.name or "" for variable in node.outputs),
        where=where.label if where is not None else "",
        line=shorten(where.text, 200) if where is not None else "",
        origin=repr(node.origin) if node.origin is not None else "",
        inputs=inputs,
    )


def _leaf_view(variable: Variable, id: int) -> NodeView:
    kind = leaf_kind(variable)
    where = getattr(variable, "where", None)
    value = value_text(variable.data, 200) if isinstance(variable, Constant) else ""
    label = variable.name or (shorten(value, 24) if kind == "constant" else "") or f"<{variable.type}>"
    return NodeView(
        id=id,
        kind=kind,
        label=label,
        types=(str(variable.type),),
        names=(variable.name or "",),
        where=where.label if where is not None else "",
        line=shorten(where.text, 200) if where is not None else "",
        value=value,
    )


def output_label(variable: Variable, position: int, count: int) -> str:
    """How a result is called: by its name, else `out`, numbered where there are several."""
    return variable.name or ("out" if count == 1 else f"out {position}")


def graph_view(
    outputs: Variable | Sequence[Variable], labels: Sequence[str] | None = None, inputs: Iterable[Variable] = ()
) -> GraphView:
    """The view of the graph behind one or several variables; `inputs` are taken for leaves."""
    results = [outputs] if isinstance(outputs, Variable) else list(outputs)
    names = labels or [output_label(variable, k, len(results)) for k, variable in enumerate(results)]
    identities = Identities(inputs)
    nodes = identities.start(results)
    return GraphView(tuple(nodes), identities.outputs(results, names))


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What a trace view needs to know of one rewrite."""

    rule: str
    why: str
    changes: str
    pass_name: str
    replaced: tuple[tuple[Variable, Variable], ...]
    outputs: tuple[Variable, ...]
    before: str = ""
    after: str = ""
    firing: int = 0


def rewrites_of(trace: Trace) -> Iterator[Rewrite]:
    """The rewrites of a compilation that change the graph, with their rules' reasons."""
    rules = {rule.name: rule for rule in RULES}
    before = trace.graph_at(0)
    for k, firing in enumerate(trace, 1):
        outputs = trace.graph_at(k)
        if all(new is old for new, old in zip(outputs, before)):
            continue
        before = outputs
        rule = rules.get(firing.rule)
        yield Rewrite(
            rule=firing.rule,
            why=rule.why if rule is not None else "equal nodes become one",
            changes=rule.changes if rule is not None else "nothing",
            pass_name=firing.pass_name,
            replaced=tuple(zip(firing.old.outputs, firing.new)),
            outputs=outputs,
            before=brief(firing.old.outputs[0]) + (", computed twice" if rule is None else ""),
            after=brief(firing.new[0]) + (", computed once" if rule is None else ""),
            firing=k,
        )


def trace_view(
    start: Sequence[Variable],
    rewrites: Iterable[Rewrite],
    labels: Sequence[str] | None = None,
    inputs: Iterable[Variable] = (),
) -> TraceView:
    """Follow a graph through its rewrites.

    Args:
        start: results of the graph before the first rewrite.
        rewrites: each with the results of the graph after it.
        labels: names of the results.
        inputs: variables to take for leaves, also where they have an owner.
    """
    names = list(labels or [output_label(variable, k, len(start)) for k, variable in enumerate(start)])
    identities = Identities(inputs)
    nodes = {node.id: node for node in identities.start(start)}
    first = GraphView(tuple(nodes.values()), identities.outputs(start, names))
    steps = []
    for index, rewrite in enumerate(rewrites, 1):
        shown, removed, added = identities.step(rewrite.outputs, rewrite.replaced)
        current = {node.id: node for node in shown}
        steps.append(
            StepView(
                index=index,
                rule=rewrite.rule,
                why=rewrite.why,
                changes=rewrite.changes,
                pass_name=rewrite.pass_name,
                before=rewrite.before,
                after=rewrite.after,
                gone=tuple(sorted(set(nodes) - set(current))),
                set=tuple(node for id, node in current.items() if nodes.get(id) != node),
                order=tuple(current),
                outputs=identities.outputs(rewrite.outputs, names),
                removed=tuple(sorted(removed & set(nodes))),
                added=tuple(sorted(added & set(current))),
                firing=rewrite.firing,
            )
        )
        nodes = current
    return TraceView(first, tuple(steps))


def array_row(name: str, kind: str, type_: str, value: Any) -> StateRow:
    """A row for a shared variable that holds an array or any other value."""
    if not isinstance(value, numpy.ndarray | numpy.generic):
        return StateRow(name, kind, type_, None, (), value_text(value))
    array = numpy.asarray(value)
    statistics: list[tuple[str, str]] = []
    if array.size and array.dtype.kind in "fiub":
        real = array.astype(numpy.float64)
        finite = real[numpy.isfinite(real)]
        if finite.size:
            figures = (("min", finite.min()), ("max", finite.max()), ("mean", finite.mean()), ("std", finite.std()))
            statistics += [(key, f"{float(figure):.4g}") for key, figure in figures]
        if finite.size < real.size:
            statistics += [("nan", str(int(numpy.isnan(real).sum()))), ("inf", str(int(numpy.isinf(real).sum())))]
    return StateRow(name, kind, type_, tuple(array.shape), tuple(statistics), value_text(array, 120))
