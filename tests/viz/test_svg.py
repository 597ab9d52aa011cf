"""Static pictures: well formed, escaped, bounded, the same bytes each time."""

from xml.etree import ElementTree

import pytest

from interactive_sym.core.view import GraphView, NodeView, OutputView, StateRow, StateView
from interactive_sym.viz import svg, theme

BAD = [
    "<img src=x onerror=alert(1)>",
    "</svg><script>alert(1)</script>",
    "]]>",
    "a\x00b\x1b",
    "\u202egnp.exe",
    "javascript:x",
    "\"&'",
]


def chain(count, label="add", name="x"):
    nodes = [NodeView(0, "input", name, types=("TensorType(float64, matrix)",))]
    nodes += [
        NodeView(
            k, "op", label, family="elementwise", types=("TensorType(float64, matrix)",), inputs=((k - 1, 0), (0, 0))
        )
        for k in range(1, count)
    ]
    return GraphView(tuple(nodes), (OutputView(count - 1, 0, name),))


@pytest.mark.parametrize("text", BAD)
def test_names_are_text(text):
    picture = svg.graph_svg(chain(3, text, text), text, results=True)
    root = ElementTree.fromstring(picture)
    assert {element.tag.rpartition("}")[2] for element in root.iter()} == {"svg", "title", "rect", "g", "text", "path"}
    assert not any(name.startswith("on") or "href" in name for element in root.iter() for name in element.attrib)
    assert "\u202e" not in picture and "\x00" not in picture


def test_self_contained_and_deterministic():
    picture = svg.graph_svg(chain(12), "f")
    assert picture == svg.graph_svg(chain(12), "f")
    assert picture.count("http") == 1 and "style=" not in picture and "<style" not in picture


def test_large_graphs_say_what_is_hidden():
    picture = svg.graph_svg(chain(500), "f")
    assert "+440 hidden" in picture
    assert len(picture.encode()) <= svg.BYTE_LIMIT


def test_byte_limit_holds(monkeypatch):
    monkeypatch.setattr(svg, "BYTE_LIMIT", 9000)
    picture = svg.graph_svg(chain(60), "f")
    assert len(picture.encode()) <= 9000 and "hidden" in picture


def test_text_fits_its_box():
    for first, second in (("x", "float64 matrix"), ("a" * 22, "float64 scalar"), ("変数" * 8, "")):
        width, _ = theme.size(first, second)
        assert theme.BAND + 6 + theme.columns(first) * 12 * 0.602 <= width
        assert theme.BAND + 6 + theme.columns(second) * 10.3 * 0.602 <= width


def test_every_style_has_glyph_and_contrast():
    assert len({style.glyph for style in theme.STYLES.values()}) == len(theme.STYLES)
    assert theme.ink("#F0E442") == "#000000" and theme.ink("#0072B2") == "#FFFFFF"


def test_state_table():
    rows = tuple(
        StateRow(f"w{k}", "shared", "TensorType(float64, vector)", (3,), (("min", "0"),), "") for k in range(25)
    )
    picture = svg.state_svg(StateView("state <b>", rows))
    ElementTree.fromstring(picture)
    assert "+5 hidden" in picture and "&lt;b&gt;" in picture
