"""Views: JSON-ready records, and display ids that survive rewrites."""

import json

import numpy
import pytest

import interactive_sym.tensor as T
from interactive_sym.core import view
from interactive_sym.core.graph import rebuild
from interactive_sym.core.view import Rewrite, array_row, graph_view, to_json, trace_view


def rewrite(start, old, new, name="rule"):
    outputs = tuple(rebuild(list(start), {old: new}))
    return Rewrite(name, "because", "nothing", "pass", ((old, new),), outputs), outputs


def test_graph_view_is_json_and_ordered():
    x = T.dmatrix("x")
    s = 1 / (1 + T.exp(-x))
    s.name = "s"
    graph = graph_view(s)
    assert json.loads(json.dumps(to_json(graph)))["version"] == view.VERSION
    seen = set()
    for node in graph.nodes:
        assert all(source in seen for source, _ in node.inputs)
        seen.add(node.id)
    last = graph.nodes[-1]
    assert (last.label, last.names, last.kind, last.family) == ("true_div", ("s",), "op", "elementwise")
    assert last.where.startswith("test_view.py:") and last.line == "s = 1 / (1 + T.exp(-x))"
    assert last.doc and graph.outputs[0].label == "s"
    assert [node.value for node in graph.nodes if node.kind == "constant"] == ["1", "1"]
    assert len(graph.edges) == sum(len(node.inputs) for node in graph.nodes)


def test_successor_inherits_and_the_rest_keep_their_identity():
    x = T.dvector("x")
    inner = T.log(1 + x)
    outer = T.exp(inner) * x
    step, _ = rewrite([outer], inner, T.log1p(x))
    trace = trace_view([outer], [step])
    before, after = trace.graph(0), trace.graph(1)
    ids = {node.label: node.id for node in before.nodes}
    new = {node.label: node.id for node in after.nodes}
    assert new["log1p"] == ids["log"]
    assert {name: new[name] for name in ("x", "exp", "mul")} == {name: ids[name] for name in ("x", "exp", "mul")}
    assert trace.steps[0].added == (ids["log"],)
    assert set(trace.steps[0].removed) == {ids["log"], ids["add"], ids["1"]}
    assert [node.label for node in trace.steps[0].set] == ["log1p"]


def test_a_node_replaced_by_its_own_input_goes():
    x = T.dvector("x")
    useless = x * 1
    outer = T.exp(useless)
    step, _ = rewrite([outer], useless, x)
    trace = trace_view([outer], [step])
    ids = {node.label: node.id for node in trace.start.nodes}
    assert {node.label: node.id for node in trace.graph(1).nodes} == {"x": ids["x"], "exp": ids["exp"]}
    assert trace.steps[0].added == () and ids["mul"] in trace.steps[0].removed


def test_identities_do_not_come_back():
    x = T.dvector("x")
    first = T.exp(x)
    outer = -first
    one, outputs = rewrite([outer], first, T.sqrt(x), "one")
    middle = outputs[0].owner.inputs[0]
    two, _ = rewrite(outputs, middle, T.sin(T.cos(x)), "two")
    trace = trace_view([outer], [one, two])
    for k in range(3):
        graph = trace.graph(k)
        assert len({node.id for node in graph.nodes}) == len(graph.nodes)
    assert len(trace.graph(2).nodes) == 4
    with pytest.raises(IndexError):
        trace.graph(3)


def test_array_rows():
    row = array_row("w", "shared", "t", numpy.array([1.0, numpy.nan, numpy.inf]))
    assert row.shape == (3,) and ("nan", "1") in row.statistics and ("inf", "1") in row.statistics
    assert array_row("w", "shared", "t", numpy.zeros((0, 2))).statistics == ()
    assert array_row("w", "shared", "t", "text").shape is None
