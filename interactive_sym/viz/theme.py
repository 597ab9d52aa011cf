"""Colours, glyphs and sizes of drawings, the same in static pictures and in the browser.

Colours are those of Okabe and Ito, which stay apart under colour blindness; every colour comes with a glyph, so
nothing is said by colour alone.
"""

import unicodedata
from dataclasses import dataclass

from ..core.view import NodeView, shorten

CHARACTER = 7.25
NODE_HEIGHT = 38
RESULT_HEIGHT = 24
BAND = 24
LABEL_LIMIT = 22
FONT = "DejaVu Sans Mono, Menlo, Consolas, monospace"


@dataclass(frozen=True, slots=True)
class Style:
    """How one family of nodes is drawn."""

    colour: str
    glyph: str
    title: str


STYLES: dict[str, Style] = {
    "input": Style("#009E73", "▸", "input"),
    "constant": Style("#8A8A8A", "#", "constant"),
    "shared": Style("#56B4E9", "◆", "shared variable"),
    "random": Style("#CC79A7", "≈", "random state or draw"),
    "elementwise": Style("#0072B2", "ƒ", "elementwise"),
    "reduce": Style("#E69F00", "Σ", "reduction"),
    "linalg": Style("#D55E00", "×", "linear algebra"),
    "shape": Style("#6A6FB0", "▭", "shape"),
    "indexing": Style("#B8A800", "[", "indexing"),
    "create": Style("#3C8D5A", "✚", "creation"),
    "control": Style("#8B4A2B", "◇", "control"),
    "other": Style("#666666", "•", "other"),
    "result": Style("#767676", "◂", "result"),
}


def family(node: NodeView) -> str:
    """The key of `STYLES` for a node."""
    name = node.family if node.kind == "op" else node.kind
    return name if name in STYLES else "other"


def clean(text: str) -> str:
    """`text` with control characters and marks that turn the writing direction shown as a replacement sign."""
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") else c for c in text)


def label(node: NodeView) -> str:
    """The node's first line."""
    text = node.label
    if node.kind == "op" and len(node.names) == 1 and node.names[0]:
        text = f"{node.names[0]} = {text}"
    return clean(shorten(text, LABEL_LIMIT))


def sublabel(node: NodeView) -> str:
    """The node's second line: its type in short form, such as `float64 matrix`; none for numbers, to save room."""
    if not node.types or (node.kind == "constant" and node.types[0].endswith(", scalar)")):
        return ""
    text = short_type(node.types[0]) + (f" +{len(node.types) - 1}" if len(node.types) > 1 else "")
    return clean(shorten(text, LABEL_LIMIT))


def short_type(text: str) -> str:
    """`TensorType(float64, matrix)` as `float64 matrix`."""
    if text.startswith("TensorType(") and text.endswith(")"):
        dtype, _, rest = text[len("TensorType(") : -1].partition(",")
        return f"{dtype} {rest.strip()}"
    return text


def columns(text: str) -> int:
    """How many character cells a text takes in a fixed-width font; wide scripts take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def size(first: str, second: str) -> tuple[int, int]:
    """Width and height of a box with two lines of text and the band with the glyph."""
    wide = max(columns(first), 0.86 * columns(second), 2)
    return round(wide * CHARACTER + BAND + 13), NODE_HEIGHT if second else RESULT_HEIGHT


def ink(colour: str) -> str:
    """Black or white, whichever is easier to read on `colour` (relative luminance, WCAG 2)."""
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.18 else "#FFFFFF"
