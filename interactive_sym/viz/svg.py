"""Static pictures: a graph as one self-contained SVG (consumes views).

Only presentation attributes are used, so that viewers which drop styles and scripts still show it; every text is
escaped; the background is its own, so that it reads on light and dark pages. The same view gives the same bytes on
every machine.

Read next: `layout`, `theme`, `display`.
"""

import textwrap
from collections.abc import Sequence
from html import escape

from ..core.view import GraphView, StateView, shorten
from . import theme
from .layout import Layout, Point, layered
from .model import visible

NODE_LIMIT = 60
BYTE_LIMIT = 64 * 1024
MARGIN = 14.0


def graph_svg(graph: GraphView, title: str, results: bool = False, limit: int = NODE_LIMIT) -> str:
    """Draw a graph: at most `limit` nodes, those nearest to its results, and at most 64 KB.

    Args:
        graph: what to draw.
        title: name of the picture, for screen readers and tooltips.
        results: whether to draw the results' names as nodes of their own.
        limit: how many nodes at most.
    """
    while True:
        picture = _draw(graph, title, results, limit)
        if len(picture.encode()) <= BYTE_LIMIT or limit <= 4:
            return picture
        limit = limit * 3 // 4


def _draw(graph: GraphView, title: str, results: bool, limit: int) -> str:
    nodes, hidden = visible(graph, limit)
    shown = {node.id for node in nodes}
    sizes = {node.id: theme.size(theme.label(node), theme.sublabel(node)) for node in nodes}
    edges = [(edge.source, edge.target) for edge in graph.edges if edge.source in shown and edge.target in shown]
    pills = [(-1 - k, output) for k, output in enumerate(graph.outputs) if results and output.id in shown]
    for id, output in pills:
        sizes[id] = theme.size(theme.clean(shorten(output.label, theme.LABEL_LIMIT)), "")
        edges.append((output.id, id))
    placed = layered(sizes, edges)
    parts = _curves(placed.edges)
    parts += [
        _box(theme.family(node), theme.label(node), theme.sublabel(node), placed.nodes[node.id], sizes[node.id])
        for node in nodes
    ]
    for id, output in pills:
        name = theme.clean(shorten(output.label, theme.LABEL_LIMIT))
        parts.append(_box("result", name, "", placed.nodes[id], sizes[id]))
    note = f"+{hidden} hidden" if hidden else ""
    return _page(title, placed, parts, note)


def _page(title: str, placed: Layout, parts: Sequence[str], note: str) -> str:
    width = max(placed.width, theme.CHARACTER * len(note)) + 2 * MARGIN
    height = placed.height + 2 * MARGIN + (18 if note else 0)
    name = escape(theme.clean(shorten(title, 200)))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(width)}" height="{_n(height)}" '
        f'viewBox="0 0 {_n(width)} {_n(height)}" role="img" aria-label="{name}" font-family="{theme.FONT}">'
        f"<title>{name}</title>"
        f'<rect width="{_n(width)}" height="{_n(height)}" rx="6" fill="#FFFFFF"/>'
        f'<g transform="translate({_n(MARGIN)} {_n(MARGIN)})" font-size="12" fill="#111">'
    )
    foot = "</g>"
    if note:
        foot += f'<text x="{_n(MARGIN)}" y="{_n(height - 8)}" font-size="12" fill="#555555">{escape(note)}</text>'
    return head + "".join(parts) + foot + "</svg>"


def _curves(edges: Sequence[Sequence[Point]]) -> list[str]:
    """All curves as one path, and their arrow heads, which point down as all edges arrive from above."""
    lines, heads = [], []
    for points in edges:
        (x, y), (end_x, end_y) = points[0], points[-1]
        body = " ".join(f"{px:.0f},{py:.0f}" for px, py in points[1:-1])
        lines.append(f"M{x:.0f},{y:.0f}C{body} {end_x:.0f},{end_y - 4:.0f}")
        heads.append(f"M{end_x - 3.5:.1f},{end_y - 6:.1f}h7l-3.5,6z")
    if not lines:
        return []
    return [f'<path d="{"".join(lines)}" fill="none" stroke="#6B6B6B"/><path d="{"".join(heads)}" fill="#6B6B6B"/>']


def _box(family: str, first: str, second: str, centre: Point, size: tuple[float, float]) -> str:
    style = theme.STYLES[family]
    width, height = size
    left, top = centre[0] - width / 2, centre[1] - height / 2
    round_ = 4 if family not in ("input", "shared", "random", "result") else 10
    dash = ' stroke-dasharray="4 3"' if family == "constant" else ""
    text_x = theme.BAND + 6
    lines = f'<text x="{text_x}" y="{16 if second else 16.5}">{escape(first)}</text>'
    if second:
        lines += f'<text x="{text_x}" y="30" font-size="10.3" fill="#555">{escape(second)}</text>'
    return (
        f'<g transform="translate({_n(left)} {_n(top)})">'
        f'<rect width="{width}" height="{height}" rx="{round_}" fill="#FFF" stroke="{style.colour}" '
        f'stroke-width="1.5"{dash}/>'
        f'<path d="M{theme.BAND},0V{height}H{round_}a{round_},{round_} 0 0 1 -{round_},-{round_}V{round_}'
        f'a{round_},{round_} 0 0 1 {round_},-{round_}z" fill="{style.colour}"/>'
        f'<text x="{theme.BAND / 2}" y="{height / 2 + 4.5}" font-size="13" text-anchor="middle" '
        f'fill="{theme.ink(style.colour)}">{escape(style.glyph)}</text>{lines}</g>'
    )


def _n(value: float) -> str:
    """A coordinate, to a tenth of a pixel, without a useless zero."""
    return f"{value:.1f}".removesuffix(".0")


def text_svg(title: str, sections: Sequence[tuple[str, Sequence[str]]], columns: int = 100, limit: int = 120) -> str:
    """Draw sentences under headings, in lines of so many columns; at most `limit` lines."""
    lines: list[tuple[str, int, bool]] = [(title, 0, True)]
    for heading, sentences in sections:
        lines.append((heading, 0, True))
        for sentence in sentences:
            wrapped = textwrap.wrap(sentence, columns - 4) or [""]
            lines += [(text, 2 if k == 0 else 4, False) for k, text in enumerate(wrapped)]
    parts = []
    y = 0.0
    for number, (text, indent, strong) in enumerate(lines[:limit]):
        y += 24 if strong and number else 17
        mark = "• " if indent == 2 else ""
        weight = ' font-weight="bold"' if strong else ""
        line = escape(theme.clean(mark + text))
        parts.append(f'<text x="{_n(theme.CHARACTER * max(0, indent - 2))}" y="{_n(y - 4)}"{weight}>{line}</text>')
    hidden = len(lines) - limit
    drawing = Layout(theme.CHARACTER * (columns + 2), y, {}, (), "text")
    return _page(title, drawing, parts, f"+{hidden} lines hidden" if hidden > 0 else "")


def state_svg(state: StateView, limit: int = 20) -> str:
    """Draw values or stream states as a table."""
    rows = state.rows[:limit]
    cells = [("name", "type", "shape", "value")]
    for row in rows:
        figures = " ".join(f"{name}={value}" for name, value in row.statistics)
        shape = "" if row.shape is None else str(row.shape)
        cells.append((row.name, theme.short_type(row.type), shape, figures or row.sample))
    limits = (24, 26, 18, 72)
    table = [tuple(theme.clean(shorten(cell, wide)) for cell, wide in zip(line, limits)) for line in cells]
    widths = [max(theme.columns(line[k]) for line in table) * theme.CHARACTER + 18 for k in range(4)]
    parts = []
    for number, line in enumerate(table):
        x = 0.0
        colour, weight = ("#555555", "bold") if number == 0 else ("#111111", "normal")
        for cell, width in zip(line, widths):
            y = _n(14 + 22 * number)
            parts.append(f'<text x="{_n(x)}" y="{y}" font-size="12" font-weight="{weight}" fill="{colour}">')
            parts.append(f"{escape(cell)}</text>")
            x += width
        parts.append(f'<path d="M0,{_n(20.5 + 22 * number)}h{_n(sum(widths))}" stroke="#CCCCCC" fill="none"/>')
    hidden = len(state.rows) - len(rows)
    drawing = Layout(sum(widths), 22.0 * len(table), {}, (), "table")
    return _page(state.title, drawing, parts, f"+{hidden} hidden" if hidden else "")
