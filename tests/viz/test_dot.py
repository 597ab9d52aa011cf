"""Graphviz drawings: what is in them, what is escaped, and pictures with and without the `dot` program."""

import graphviz
import pytest

import interactive_sym.tensor as T
from interactive_sym import function
from interactive_sym.printing import pydotprint
from interactive_sym.viz.dot import digraph, picture


def test_every_node_and_edge_is_drawn():
    x = T.dmatrix("x")
    source = digraph(1 / (1 + T.exp(-x))).source
    for text in ("exp", "neg", "add", "true_div", "x"):
        assert text in source
    assert source.count("->") == 7


def test_a_function_is_drawn_as_compiled():
    x = T.dmatrix("x")
    source = digraph(function([x], 1 / (1 + T.exp(-x)))).source
    assert "sigmoid" in source and "exp" not in source


def test_names_are_text():
    name = 'a"]; evil [label=<b>\\N'
    source = digraph(T.exp(T.dscalar(name))).source
    assert "evil" in source and graphviz.escape(name).replace('"', '\\"') in source


def test_pictures_need_no_dot(monkeypatch, tmp_path, capsys):
    def missing(*arguments, **options):
        raise graphviz.ExecutableNotFound(["dot"])

    monkeypatch.setattr(graphviz.Digraph, "pipe", missing)
    x = T.dscalar("x")
    pydotprint(T.exp(x), tmp_path / "graph.svg")
    assert b"<svg" in (tmp_path / "graph.svg").read_bytes()
    assert "graph.svg" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match="format='svg'"):
        picture(T.exp(x), "png")


def test_what_cannot_be_drawn():
    with pytest.raises(TypeError, match="int"):
        digraph(3)
