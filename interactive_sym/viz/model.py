"""What travels to a browser: compact messages made from views (consumes `core.view`).

A trace is sent once, as a table of nodes, a table of strings and, per rewrite, differences between node numbers; the
browser replays it both ways. Layouts follow in blocks, on request, as whole pixels. Nothing here knows of widgets.

Read next: `widgets` (who answers requests), `frontend/src/records.ts` (the other end).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..core.view import FunctionView, GraphView, NodeView, OutputView, StateView, TraceView, to_json
from . import theme
from .gradient import GradientView
from .layout import Layout, layout

BLOCK = 16
#: The most nodes a browser is asked to draw.
NODE_LIMIT = 2500


def visible(graph: GraphView, limit: int) -> tuple[list[NodeView], int]:
    """The nodes nearest to the results, at most `limit`, in the graph's order, and how many are left out."""
    nodes = {node.id: node for node in graph.nodes}
    queue = list(dict.fromkeys(output.id for output in graph.outputs))[:limit]
    chosen = set(queue)
    for id in queue:
        for source, _ in nodes[id].inputs:
            if source not in chosen and len(chosen) < limit:
                chosen.add(source)
                queue.append(source)
    return [node for node in graph.nodes if node.id in chosen], len(nodes) - len(chosen)


def cropped(graph: GraphView, limit: int = NODE_LIMIT) -> tuple[GraphView, str]:
    """The part of a graph nearest to its results, and a note of how much is hidden; small graphs are unchanged."""
    nodes, hidden = visible(graph, limit)
    if not hidden:
        return graph, ""
    shown = {node.id for node in nodes}
    cut = tuple(replace(node, inputs=tuple(pair for pair in node.inputs if pair[0] in shown)) for node in nodes)
    outputs = tuple(output for output in graph.outputs if output.id in shown)
    return GraphView(cut, outputs), f"+{hidden} hidden"


class Strings:
    """A table of strings, each sent once."""

    def __init__(self) -> None:
        self.table: list[str] = []
        self._index: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        index = self._index.setdefault(text, len(self.table))
        if index == len(self.table):
            self.table.append(text)
        return index


def _node_row(node: NodeView, strings: Strings) -> list[Any]:
    """The order of fields is that of `Node` in `records.ts`."""
    width, height = theme.size(theme.label(node), theme.sublabel(node))
    return [
        node.id,
        strings(theme.family(node)),
        strings(theme.label(node)),
        strings(theme.sublabel(node)),
        width,
        height,
        strings(node.kind),
        strings(node.op),
        strings(node.doc),
        [strings(text) for text in node.types],
        [strings(text) for text in node.names],
        strings(node.where),
        strings(node.line),
        strings(node.origin),
        strings(node.value),
        [number for pair in node.inputs for number in pair],
    ]


def _outputs(outputs: Iterable[OutputView], strings: Strings) -> list[list[int]]:
    rows = []
    for output in outputs:
        width, height = theme.size(theme.clean(output.label)[: theme.LABEL_LIMIT], "")
        rows.append([output.id, output.index, strings(theme.clean(output.label)[: theme.LABEL_LIMIT]), width, height])
    return rows


def trace_message(trace: TraceView) -> dict[str, Any]:
    """A trace as tables: rows of nodes, differences between steps, strings."""
    strings = Strings()
    rows: list[list[Any]] = []

    def add(node: NodeView) -> int:
        rows.append(_node_row(node, strings))
        return len(rows) - 1

    start = {"set": [add(node) for node in trace.start.nodes], "outputs": _outputs(trace.start.outputs, strings)}
    steps = [
        {
            "rule": strings(step.rule),
            "why": strings(step.why),
            "changes": strings(step.changes),
            "pass": strings(step.pass_name),
            "before": strings(step.before),
            "after": strings(step.after),
            "gone": list(step.gone),
            "set": [add(node) for node in step.set],
            "order": list(step.order),
            "outputs": _outputs(step.outputs, strings),
            "removed": list(step.removed),
            "added": list(step.added),
        }
        for step in trace.steps
    ]
    return {"nodes": rows, "start": start, "steps": steps, "strings": strings.table}


def layout_message(
    graph: GraphView, results: bool, engine: str = "auto", near: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Coordinates of one graph: `x, y` per node then per result, and points per edge, whole pixels.

    Args:
        graph: what to lay out.
        results: whether results are drawn as nodes of their own.
        engine: as for `layout`.
        near: the coordinates of a similar graph; nodes stay near where they are there, as far as layers permit.
    """
    sizes = {node.id: theme.size(theme.label(node), theme.sublabel(node)) for node in graph.nodes}
    edges = [(edge.source, edge.target) for edge in graph.edges]
    ids = list(sizes)
    if results:
        for k, output in enumerate(graph.outputs):
            sizes[-1 - k] = theme.size(theme.clean(output.label)[: theme.LABEL_LIMIT], "")
            edges.append((output.id, -1 - k))
            ids.append(-1 - k)
    known = {} if near is None else dict(zip(near["ids"], near["at"][::2]))
    placed = layout(_from_left(sizes, edges, known) if known else sizes, edges, engine)
    if known and _mirrored(placed, known, near["width"] if near is not None else 0):
        placed = _turned(placed)
    return {
        "width": round(placed.width),
        "height": round(placed.height),
        "ids": ids,
        "at": [round(value) for id in ids for value in placed.nodes[id]],
        "edges": [[round(value) for point in points for value in point] for points in placed.edges],
        "engine": placed.engine,
    }


def _from_left(
    sizes: dict[int, tuple[int, int]], edges: Sequence[tuple[int, int]], known: Mapping[int, float]
) -> dict[int, tuple[int, int]]:
    """The nodes in the order they had from left to right, new ones beside their inputs: engines keep such orders."""
    at = dict(known)
    for source, target in edges:
        if target not in at and source in at:
            at[target] = at[source]
    return {id: sizes[id] for id in sorted(sizes, key=lambda id: at.get(id, 0.0))}


def _mirrored(placed: Layout, known: Mapping[int, float], width: float) -> bool:
    """Whether nodes move less when left and right are exchanged."""
    shared = [(placed.nodes[id][0] - placed.width / 2, x - width / 2) for id, x in known.items() if id in placed.nodes]
    return sum(abs(new + old) for new, old in shared) < sum(abs(new - old) for new, old in shared)


def _turned(placed: Layout) -> Layout:
    nodes = {id: (placed.width - x, y) for id, (x, y) in placed.nodes.items()}
    edges = tuple(tuple((placed.width - x, y) for x, y in points) for points in placed.edges)
    return replace(placed, nodes=nodes, edges=edges)


def styles_message() -> dict[str, list[str]]:
    """Colour, ink, glyph and title of each family."""
    return {
        name: [style.colour, theme.ink(style.colour), style.glyph, style.title] for name, style in theme.STYLES.items()
    }


def view_message(
    view: GraphView | FunctionView | StateView | GradientView, title: str, results: bool, note: str = ""
) -> dict[str, Any]:
    """All of a view but its layouts; `note` says what is not shown."""
    message: dict[str, Any] = {"version": view.version, "title": title, "results": results, "note": note}
    message["styles"] = styles_message()
    if isinstance(view, StateView):
        return {**message, "kind": "state", "state": to_json(view)}
    if isinstance(view, GradientView):
        return {**message, "kind": "gradient", "rows": to_json(view.rows)}
    if isinstance(view, GraphView):
        return {**message, "kind": "graph", "trace": trace_message(TraceView(view))}
    function = {
        key: value for key, value in to_json(view).items() if key in ("name", "inputs", "outputs", "updates", "receipt")
    }
    return {
        **message,
        "kind": "function",
        "trace": trace_message(view.trace),
        "function": function,
        "source": view.source,
        "code": to_json(view.code),
    }
