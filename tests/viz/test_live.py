"""Live panels of shared variables and random streams: looking changes nothing, edits are checked and taken back."""

import json
import sys

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import function, shared
from interactive_sym.tensor.rng_mrg import MRG_RandomStreams
from interactive_sym.tensor.shared_randomstreams import RandomStreams
from interactive_sym.viz.live import Live, figures, heat, live_of


def test_samples_history_and_going_back():
    w = shared(np.zeros(3), name="w")
    step = function([], w.sum(), updates=[(w, w + 1)])
    live = Live([w])
    first = live.sample()["rows"][0]
    assert first["changes"] == 0 and first["shape"] == [3] and first["spark"] == [0.0]
    for _ in range(3):
        step()
        row = live.sample()["rows"][0]
    json.dumps(live.sample())
    assert row["changes"] == 3 and len(row["spark"]) == 4
    assert live.at(0, 1)["sample"] == "[1., 1., 1.]"
    live.back(0, 1)
    assert w.get_value().tolist() == [1, 1, 1]
    live.undo(0)
    assert w.get_value().tolist() == [3, 3, 3]


def test_edits_are_checked_by_the_type():
    w = shared(np.zeros((2, 2), "float32"), name="w")
    n = shared(np.array([1, 2]), name="n")
    live = Live([w, n])
    live.edit(0, "[[1, 2.5], [3, 4]]")
    assert w.get_value().dtype == "float32" and w.get_value()[0, 1] == 2.5
    live.edit(0, "7")
    assert (w.get_value() == 7).all()
    for text in ("[1, 2]", "__import__('os')", "'a'", "[[1, 2], [3]]", ""):
        with pytest.raises(ValueError):
            live.edit(0, text)
    with pytest.raises(TypeError):
        live.edit(1, "[1.5, 2]")
    with pytest.raises(ValueError, match="no such row"):
        live.edit(2, "1")
    assert n.get_value().tolist() == [1, 2]
    live.undo(0)
    live.undo(0)
    assert (w.get_value() == 0).all()
    with pytest.raises(ValueError, match="no edit"):
        live.undo(0)


def test_what_writes_a_variable(monkeypatch):
    w = shared(np.zeros(3), name="w")
    train = function([], w.sum(), updates=[(w, w * 2 + 1)])
    monkeypatch.setattr(sys.modules["__main__"], "train", train, raising=False)
    (writer,) = Live([w]).sample()["rows"][0]["writers"]
    assert writer["function"] == "train" and "w ←" in writer["what"]
    assert "updates=[(w, w * 2 + 1)]" in writer["line"]


def test_figures_and_heat_of_odd_values():
    assert ["nan", "1"] in figures(np.array([np.nan, 1.0, np.inf]))["statistics"]
    assert heat(np.array([0.0, 1.0, np.nan])) == [[0, 100, -1]]
    assert heat(np.array(1.0)) == [] and heat(np.zeros((0, 3))) == []
    wide = heat(np.arange(200 * 100.0).reshape(200, 100))
    assert len(wide) <= 32 and len(wide[0]) <= 32
    assert figures(np.array([-1e308, 1e308]))["statistics"][0] == ["min", "-1e+308"]


@pytest.mark.parametrize("make", [RandomStreams, MRG_RandomStreams])
def test_draws_are_counted_and_looking_changes_nothing(make):
    srng = make(234)
    rv_u, rv_n = srng.uniform((2, 2)), srng.uniform((3,))
    f, g = function([], rv_u), function([], rv_n)
    live = live_of(srng)
    for _ in range(5):
        f()
    g()
    before = srng.fingerprint()
    counts = [row["count"] for row in live.sample(True)["streams"][0]["rows"]]
    assert counts == ["5 since seed 234", "1 since seed 234"]
    shown = live.preview(0, 0)
    assert srng.fingerprint() == before
    assert shown["count"] >= 2000 and sum(shown["histogram"]) >= 2000
    drawn = f()
    assert shown["next"].startswith(f"[{drawn.reshape(-1)[0]:.4f}"[:6])
    assert live.sample(True)["streams"][0]["rows"][0]["count"] == "6 since seed 234"


def test_seed_save_restore_and_transfer(monkeypatch):
    srng, other = RandomStreams(1), RandomStreams(2)
    f, g = function([], srng.normal((3,))), function([], other.normal((3,)))
    live = live_of(srng)
    live.save(0)
    first = f()
    live.restore(0)
    assert (f() == first).all()
    live.seed(0, "902340")
    row = live.sample()["streams"][0]
    assert row["seed"] == "902340" and row["rows"][0]["count"] == "0 since seed 902340"
    with pytest.raises(ValueError, match="whole number"):
        live.seed(0, "one")
    monkeypatch.setattr(sys.modules["__main__"], "other", other, raising=False)
    assert live.transfer(0, "other", False) == {"lines": ["0: random_normal → random_normal"], "applied": False}
    live.transfer(0, "other", True)
    assert (g() == f()).all()
    with pytest.raises(ValueError, match="no RandomStreams"):
        live.transfer(0, "nothing", True)


def test_streams_set_by_hand_are_counted_from_the_first_look():
    srng = RandomStreams(None)
    f = function([], srng.uniform((2,)))
    live = live_of(srng)
    live.sample()
    f()
    assert live.sample(True)["streams"][0]["rows"][0]["count"] == "1 since the first look"


def test_draws_that_depend_on_inputs_are_not_counted():
    srng = RandomStreams(3)
    low = T.dscalar("low")
    draw = srng.uniform((2,), low=low)
    f = function([low], draw)
    live = live_of(srng)
    f(0.5)
    assert "depends on inputs" in live.sample()["streams"][0]["rows"][0]["count"]


def test_requests_are_validated():
    widgets = pytest.importorskip("interactive_sym.viz.widgets", reason="live views need anywidget")
    w = shared(np.zeros(2), name="w")
    form = widgets.Content("w", lambda: None, subject=w)
    view = widgets.keep(form)

    def ask(**fields):
        return widgets.answer({"id": 1, "view": view, **fields})[0]

    assert ask(verb="sample")["answer"]["rows"][0]["name"] == "w"
    assert "whole number" in ask(verb="edit", row="0", text="1")["error"]
    assert "short text" in ask(verb="edit", row=0, text=[1])["error"]
    assert "answer" in ask(verb="edit", row=0, text="1") and w.get_value().tolist() == [1, 1]
    assert "no such row" in ask(verb="seed", stream=0, text="1")["error"]
