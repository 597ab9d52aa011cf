"""The side panel's kernel end: rows of the user's names, and views of them."""

import json
from pathlib import Path

import numpy as np
import pytest

import interactive_sym as isym
import interactive_sym.tensor as T
from interactive_sym import session
from interactive_sym.tensor.shared_randomstreams import RandomStreams
from interactive_sym.viz import panel, widgets


@pytest.fixture
def names():
    x = T.dvector("x")
    w = isym.shared(np.arange(3.0), name="w")
    srng = RandomStreams(seed=234)
    srng.uniform((2,))
    return {
        "srng": srng,
        "w": w,
        "f": isym.function([x], x * w, name="f"),
        "_hidden": w,
        "x": x,
        "number": 3,
    }


def test_rows_are_named_typed_and_in_order(names):
    rows = panel.rows(names)
    assert [(row["name"], row["kind"]) for row in rows] == [("f", "function"), ("w", "shared"), ("srng", "stream")]
    assert rows[0]["type"].startswith("(x: ") and rows[1]["type"] == "float64 vector (3,)"
    assert rows[1]["value"] and "1 expression" in rows[2]["type"]
    names["w"].set_value(np.full(3, 7.0))
    assert "7" in panel.rows(names)[1]["value"]


def test_large_values_are_told_by_their_figures():
    large = np.arange(100.0)
    assert panel.rows({"w": isym.shared(large)})[0]["value"] == "0 … 99, mean 49.5"
    large[:2] = np.nan, np.inf
    assert panel.rows({"w": isym.shared(large)})[0]["value"] == "2 … 99, mean 50.5, 1 nan, 1 inf"
    assert panel.rows({"w": isym.shared(np.array([np.nan, 1.0]))})[0]["value"] == "[nan, 1.], 1 nan"
    assert panel.rows({"w": isym.shared(np.zeros((0, 30)))})[0]["value"] == "[]"


def test_a_value_that_cannot_be_read_is_a_row(names, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("in the middle of a change")

    monkeypatch.setattr(type(names["w"]), "get_value", fail)
    assert panel.rows(names)[1]["value"] == "cannot be read: in the middle of a change"


def test_show_makes_a_view_that_opens(names):
    reply, buffers = panel.answer({"id": 5, "verb": "show", "name": "f"}, names)
    assert reply["id"] == 5 and buffers == []
    shown = reply["answer"]
    assert shown["front"] == widgets.front_end()[1]
    opened, _ = panel.answer({"id": 6, "verb": "open", "view": shown["view"]}, names)
    assert opened["answer"]["kind"] == "function"


def test_all_of_a_kind_in_one_view(names):
    names["b"] = isym.shared(0.0, name="b")
    names["again"] = names["b"]
    reply, _ = panel.answer({"id": 5, "verb": "show", "kind": "shared"}, names)
    sample, _ = panel.answer({"id": 6, "verb": "sample", "view": reply["answer"]["view"]}, names)
    assert [row["name"] for row in sample["answer"]["rows"]] == ["w", "b"]
    reply, _ = panel.answer({"id": 5, "verb": "show", "kind": "stream"}, names)
    assert panel.answer({"id": 6, "verb": "sample", "view": reply["answer"]["view"]}, names)[0]["answer"]["streams"]
    for kind in ("function", "other", 3, ["shared"], {}):
        assert "error" in panel.answer({"id": 5, "verb": "show", "kind": kind}, names)[0]
    assert "error" in panel.answer({"id": 5, "verb": "show", "kind": "shared"}, {})[0]


@pytest.mark.parametrize("name", ["x", "missing", "number", 3, None, ["f"]])
def test_what_has_no_view_is_refused(names, name):
    reply, _ = panel.answer({"id": 1, "verb": "show", "name": name}, names)
    assert "now" in reply["error"]


@pytest.mark.parametrize("request_", [None, 3, {}, {"id": "1", "verb": "list?"}, {"id": 1, "verb": "delete"}])
def test_bad_requests_get_an_error(names, request_):
    reply, _ = panel.answer(request_, names)
    assert reply["error"]


def test_outside_a_kernel_nobody_is_told():
    assert session.announce() is False


def test_the_extension_belongs_to_this_version():
    root = Path(__file__).parents[2]
    described = json.loads((root / "labextension/package.json").read_text(encoding="utf-8"))
    build = described["jupyterlab"]["_build"]
    assert described["version"] == isym.__version__
    script = (root / "labextension" / build["load"]).read_text(encoding="utf-8")
    assert session.HELLO in script and session.PANEL in script and len(script) < 16_000
