"""Gradient views, explanations, node watches, and views saved as files."""

import base64
import re
from xml.etree import ElementTree

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import function, shared
from interactive_sym.tensor.shared_randomstreams import RandomStreams
from interactive_sym.viz import gradient
from interactive_sym.viz.display import picture
from interactive_sym.viz.explaining import explain
from interactive_sym.viz.gradient import gradient_rows

views = pytest.importorskip("interactive_sym.viz.views", reason="live views need anywidget")


def model():
    x, y = T.dmatrix("x"), T.dvector("y")
    w, b = shared(np.zeros(3), name="w"), shared(0.0, name="b")
    p_1 = 1 / (1 + T.exp(-T.dot(x, w) - b))
    cost = (-y * T.log(p_1) - (1 - y) * T.log(1 - p_1)).mean()
    return x, y, w, b, p_1, cost


def test_each_variable_has_its_derivative_rule_and_line():
    x, _, w, b, _, cost = model()
    found = gradient_rows(cost, [w, b])
    by_name = {row.name: row for row in found.rows}
    assert by_name["w"].wanted and by_name["w"].status == "reached"
    assert by_name["w"].rules[0].startswith("dot.grad of x")
    dot = next(row for row in found.rows if row.op == "dot")
    assert "T.dot(x, w)" in dot.line and dot.gradient
    assert found.rows[-1].gradient.endswith(", 1.0)")
    for k, row in enumerate(found.rows):
        assert all(source < k for source in row.inputs)
    other = T.dvector("other")
    (row, *_) = gradient_rows(cost, [other]).rows
    assert row.status == "disconnected" and "does not depend on other" in row.why
    with pytest.raises(TypeError, match="scalar"):
        gradient_rows(x, [x])


def test_with_values_each_derivative_has_a_size():
    x, y, w, b, _, cost = model()
    values = {x: [[1.0, 2.0, 3.0], [0.0, -1.0, 4.0]], "y": [1.0, 0.0]}
    found = gradient_rows(cost, [w, b], values)
    gw, gb = T.grad(cost, [w, b])
    f = function([x, y], [gw, gb])
    want_w, want_b = f(np.array(values[x]), np.array(values["y"]))
    by_name = {row.name: row for row in found.rows}
    assert float(by_name["w"].size) == pytest.approx(np.abs(want_w).max(), rel=1e-2)
    assert by_name["b"].size == ("0" if want_b == 0 else f"{abs(want_b):.3g}")
    assert by_name["b"].heat is None or 0 <= by_name["b"].heat <= 1
    heats = [row.heat for row in found.rows if row.heat is not None]
    assert min(heats) >= 0 and max(heats) == 1 and len(set(heats)) > 1
    assert gradient._heat(1e-3, [1.0, 1e-3]) == 0.5 and gradient._heat(1e-9, [1.0]) == 0.0
    assert "|grad| = " in str(views.gradient_view(cost, w, values))
    assert all(row.size == "" and row.heat is None for row in gradient_rows(cost, [w, b]).rows)
    big = T.dscalar("big")
    (row, *_) = gradient_rows(T.exp(big), [big], {big: 1e4}).rows
    assert row.size == "inf" and row.heat is None


def test_values_that_do_not_fit_say_so():
    x, y, w, _, _, cost = model()
    with pytest.raises(ValueError, match="no value of y"):
        views.gradient_view(cost, w, {x: np.ones((2, 3))})
    with pytest.raises(ValueError, match="is called z; inputs: "):
        views.gradient_view(cost, w, {"z": 1.0})
    with pytest.raises(TypeError):
        views.gradient_view(cost, w, {x: "text", y: [1.0]})


def test_an_explanation_is_stored_as_text_html_and_picture():
    x, y, w, _, p_1, cost = model()
    train = function([x, y], [p_1 > 0.5, cost], updates=[(w, w - 0.1 * T.grad(cost, w))], name="train")
    found = explain(train)
    drawn = found._repr_svg_()
    ElementTree.fromstring(drawn)
    assert len(drawn) < 64 * 1024 and "logistic fired" in drawn and "train, explained" in drawn
    assert "<li>" in found._repr_html_() and str(found) == repr(found)
    long = views.Explanation("<f>", [("<h>", ["word " * 60] * 60)])
    drawn = long._repr_svg_()
    ElementTree.fromstring(drawn)
    assert "lines hidden" in drawn and "<h>" not in drawn


def test_an_explanation_names_rules_reads_and_writers():
    x, y, w, _, p_1, cost = model()
    gw = T.grad(cost, w)
    train = function([x, y], [p_1 > 0.5, cost], updates=[(w, w - 0.1 * gw)], name="train")
    text = str(explain(train))
    assert "train takes x (float64 matrix) and y (float64 vector)" in text
    assert "logistic fired" in text and "is the logistic function" in text
    assert "After each call w becomes w - " in text and "updates=[(w, w - 0.1 * gw)]" in text
    assert "x is read once" in text
    with pytest.raises(TypeError, match="compiled function"):
        explain(cost)


def test_markup_in_names_is_escaped_everywhere(tmp_path):
    bad = T.dvector("</script><img src=x onerror=alert(1)>")
    f = function([bad], T.exp(bad))
    assert "<img" not in explain(f)._repr_html_()
    views.view(f).save(tmp_path / "f.html")
    assert "<img" not in (tmp_path / "f.html").read_text()


def test_pages_hold_all_and_ask_for_nothing(tmp_path):
    x, y, w, b, _, cost = model()
    f = function([x, y], cost)
    srng = RandomStreams(234)
    srng.uniform((2,))
    shown = [views.view(f), views.view(cost), views.SharedStatePanel(w, b), views.RNGPanel(srng)]
    shown.append(views.gradient_view(cost, [w, b]))
    for number, each in enumerate(shown):
        each.save(tmp_path / f"{number}.html")
        page = (tmp_path / f"{number}.html").read_text()
        code = re.search(r"base64,([^\"]+)", page)[1]
        assert b"isym" in base64.b64decode(code)
        assert not re.findall(r"(?:src|href)=[\"']?http", page)
        each.save(tmp_path / f"{number}.svg")
        assert len(picture(each.shown).encode()) <= 64 * 1024
        data, _ = each._repr_mimebundle_()
        assert data["text/plain"] and data["image/svg+xml"].startswith("<svg")
    with pytest.raises(ValueError, match="button 'png'"):
        shown[0].save(tmp_path / "x.png")


def test_watched_nodes():
    x = T.dvector("x")
    watch = views.NodeWatch(function([x], T.exp(x).sum()), only="exp")
    assert repr(watch) == "NodeWatch: not called yet"
    assert float(watch([0.0, 0.0])) == 2.0
    watch([np.nan, 1.0])
    (row,) = watch.history[-1]
    assert ("nan", "1") in row.statistics and watch.calls == 2 and len(watch.history) == 2
    assert "exp(x)" in repr(watch)


def test_panels_want_their_kind():
    with pytest.raises(TypeError, match="SharedStatePanel wants"):
        views.SharedStatePanel(T.dscalar("x"))
    with pytest.raises(TypeError, match="RNGPanel wants"):
        views.RNGPanel()
    with pytest.raises(TypeError, match="has no view"):
        views.view(3)
