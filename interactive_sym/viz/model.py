"""What travels to a browser: compact messages made from views (consumes `core.view`).

A trace is sent once, as tables of strings, of faces (what many nodes have in common) and of nodes, and, per rewrite,
what changes; the browser replays it both ways. Layouts follow on request, as whole pixels, edges as short as they can
be told: about 40 bytes of JSON a node in all. Nothing here knows of widgets.

Read next: `widgets` (who answers requests), `frontend/src/records.ts` (the other end).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from ..core.view import FunctionView, GraphView, NodeView, OutputView, StateView, TraceView, to_json
from . import theme
from .gradient import GradientView
from .layout import STRAIGHT_REACH, Layout, Point, layout

BLOCK = 16
#: The most nodes a browser is asked to draw.
NODE_LIMIT = 20_000
#: In an overlay, a node that a rewrite took away or changed stands beside its successor: its number plus this.
OLD = 1_000_000


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


class Rows:
    """Nodes as one list of numbers; what many of them share is sent once, as a face.

    A row is: the number of the node less that of the row before, its face, how many inputs, and for each input by how
    much its number is less than the node's own. A negative count says that each is followed by an output's index.
    """

    def __init__(self, strings: Strings) -> None:
        self.numbers: list[int] = []
        self.faces: list[list[Any]] = []
        self._strings = strings
        self._index: dict[tuple[Any, ...], int] = {}
        self._last = 0

    def add(self, nodes: Iterable[NodeView]) -> int:
        """Appends nodes; how many they are."""
        count = 0
        for node in nodes:
            count += 1
            self.numbers += (node.id - self._last, self._face(node))
            self._last = node.id
            if any(index for _, index in node.inputs):
                self.numbers.append(-len(node.inputs))
                self.numbers += (n for source, index in node.inputs for n in (node.id - source, index))
            else:
                self.numbers.append(len(node.inputs))
                self.numbers += (node.id - source for source, _ in node.inputs)
        return count

    def _face(self, node: NodeView) -> int:
        """The order of fields is that of `Face` in `records.ts`."""
        common = (node.kind, node.label, node.op, node.family, node.doc, node.types, node.names, node.where, node.line)
        key = (*common, node.origin, node.value)
        index = self._index.setdefault(key, len(self.faces))
        if index == len(self.faces):
            strings = self._strings
            label, sublabel = theme.label(node), theme.sublabel(node)
            texts = (node.kind, node.op, node.doc)
            self.faces.append(
                [
                    *map(strings, (theme.family(node), label, sublabel)),
                    *theme.size(label, sublabel),
                    *map(strings, texts),
                    [strings(text) for text in node.types],
                    [strings(text) for text in node.names],
                    *map(strings, (node.where, node.line, node.origin, node.value)),
                ]
            )
        return index


def _order(order: Sequence[int], before: Sequence[int]) -> list[int]:
    """A graph's order told by the one before: `place, length` of pieces that stay, `-1 - id` for nodes between them."""
    place = {id: k for k, id in enumerate(before)}
    told: list[int] = []
    follows = -1
    for id in order:
        at = place.get(id)
        if at is None:
            told.append(-1 - id)
            follows = -1
        elif at == follows:
            told[-1] += 1
            follows += 1
        else:
            told += (at, 1)
            follows = at + 1
    return told


def _outputs(outputs: Iterable[OutputView], strings: Strings) -> list[list[int]]:
    rows = []
    for output in outputs:
        width, height = theme.size(theme.clean(output.label)[: theme.LABEL_LIMIT], "")
        rows.append([output.id, output.index, strings(theme.clean(output.label)[: theme.LABEL_LIMIT]), width, height])
    return rows


def trace_message(trace: TraceView) -> dict[str, Any]:
    """A trace as tables: faces, rows of nodes, strings, and what each step changes."""
    strings = Strings()
    rows = Rows(strings)
    start = {"set": rows.add(trace.start.nodes), "outputs": _outputs(trace.start.outputs, strings)}
    order: Sequence[int] = [node.id for node in trace.start.nodes]
    steps = []
    for step in trace.steps:
        steps.append(
            {
                "rule": strings(step.rule),
                "why": strings(step.why),
                "changes": strings(step.changes),
                "pass": strings(step.pass_name),
                "before": strings(step.before),
                "after": strings(step.after),
                "set": rows.add(step.set),
                "order": _order(step.order, order),
                "outputs": _outputs(step.outputs, strings),
                "removed": list(step.removed),
                "added": list(step.added),
            }
        )
        order = step.order
    return {"nodes": rows.numbers, "faces": rows.faces, "start": start, "steps": steps, "strings": strings.table}


def overlay(before: GraphView, after: GraphView, removed: Iterable[int], joined: bool = True) -> GraphView:
    """Two neighbouring graphs in one: what the rewrite took away or changed beside what it brought.

    `overlaid` in `replay.ts` makes the same from the same graphs, so that only coordinates travel.

    Args:
        before, after: the graphs on both sides of a rewrite.
        removed: the nodes it took away or changed, drawn a second time under their number plus `OLD`.
        joined: whether edges lead from these to the nodes that used them and stay.
    """
    gone = set(removed)

    def named(pair: tuple[int, int]) -> tuple[int, int]:
        return (pair[0] + OLD, pair[1]) if pair[0] in gone else pair

    old = [
        replace(node, id=node.id + OLD, inputs=tuple(map(named, node.inputs)))
        for node in before.nodes
        if node.id in gone
    ]
    used = {node.id: [named(pair) for pair in node.inputs if pair[0] in gone] for node in before.nodes}
    new = [
        replace(node, inputs=(*node.inputs, *used[node.id]))
        if joined and node.id not in gone and used.get(node.id)
        else node
        for node in after.nodes
    ]
    return GraphView((*old, *new), after.outputs)


@dataclass(frozen=True)
class Arranged:
    """Where the nodes of a graph are, and the message that says so."""

    message: dict[str, Any]
    across: Mapping[int, float]
    width: float


def arranged(
    graph: GraphView, results: bool, engine: str = "auto", near: Arranged | None = None, most: int | None = None
) -> Arranged:
    """Coordinates of one graph in whole pixels: of each node, then of each result, then of each edge.

    The message holds `at`, for each the distance from the one before across and down, and `edges`, for each a count of
    numbers that follow: 0 is a straight curve from side to side, 2 a curve between two points of these sides, given
    by their distances from the middles, more are points, each after the first by its distance from the one before.

    Args:
        graph: what to lay out.
        results: whether results are drawn as nodes of their own.
        engine, most: as for `layout`.
        near: where the nodes of a similar graph are; they stay near, as far as layers permit.

    Raises:
        LayoutError: the graph has a cycle.
    """
    sizes = {node.id: theme.size(theme.label(node), theme.sublabel(node)) for node in graph.nodes}
    edges = [(source, node.id) for node in graph.nodes for source, _ in node.inputs]
    if results:
        for k, output in enumerate(graph.outputs):
            sizes[-1 - k] = theme.size(theme.clean(output.label)[: theme.LABEL_LIMIT], "")
            edges.append((output.id, -1 - k))
    known = {} if near is None else near.across
    placed = layout(_from_left(sizes, edges, known) if known else sizes, edges, engine, most)
    if near is not None and _mirrored(placed, known, near.width):
        placed = _turned(placed)
    at: list[int] = []
    last = (0, 0)
    centres = {id: (round(placed.nodes[id][0]), round(placed.nodes[id][1])) for id in sizes}
    for x, y in centres.values():
        at += (x - last[0], y - last[1])
        last = x, y
    told: list[int] = []
    for (source, target), points in zip(edges, placed.edges):
        (sx, sy), (tx, ty) = centres[source], centres[target]
        numbers = _curve_numbers(points, (sx, sy + sizes[source][1] // 2), (tx, ty - sizes[target][1] // 2))
        told.append(len(numbers))
        told += numbers
    message = {
        "width": round(placed.width),
        "height": round(placed.height),
        "at": at,
        "edges": told,
        "engine": placed.engine,
    }
    return Arranged(message, {id: x for id, (x, _) in placed.nodes.items()}, placed.width)


def _curve_numbers(points: Sequence[Point], start: tuple[int, int], end: tuple[int, int]) -> list[int]:
    """An edge's numbers, as few as tell it to a pixel."""
    if len(points) == 4:
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points
        upright = abs(x0 - x1) <= 1 and abs(x2 - x3) <= 1 and abs(y0 - start[1]) <= 1 and abs(y3 - end[1]) <= 1
        middle = (y0 + y3) / 2
        if upright and abs(y1 - middle) <= 1 and abs(y2 - middle) <= 1:
            return [round(x0 - start[0]), round(x3 - end[0])]
        if upright and abs(x0 - start[0]) <= 1 and abs(x3 - end[0]) <= 1:
            reach = min(STRAIGHT_REACH, abs(y3 - y0) / 2)
            if abs(y1 - y0 - reach) <= 1 and abs(y3 - y2 - reach) <= 1:
                return []
    rounded = [(round(x), round(y)) for x, y in points]
    told = [*rounded[0]] if rounded else []
    for (x0, y0), (x1, y1) in pairwise(rounded):
        told += (x1 - x0, y1 - y0)
    return told


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
