"""What the pass explorer and the function inspector are told: nodes, checks, histories, compilations, times."""

import json

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import function, scan, shared
from interactive_sym.core.view import Identities
from interactive_sym.ifelse import ifelse
from interactive_sym.viz import compiled, display, model, views
from interactive_sym.viz.inspector import measured
from interactive_sym.viz.passes import Explorer, inner_graph
from interactive_sym.viz.samples import samples

widgets = pytest.importorskip("interactive_sym.viz.widgets", reason="live views need anywidget")


def regression():
    x, y = T.dmatrix("x"), T.dvector("y")
    w = shared(np.zeros(5), name="w")
    b = shared(0.0, name="b")
    p = 1 / (1 + T.exp(-T.dot(x, w) - b))
    cost = (-y * T.log(p) - (1 - y) * T.log(1 - p)).mean() + 0.01 * (w**2).sum()
    gw, gb = T.grad(cost, [w, b])
    train = function([x, y], [p > 0.5, cost], updates=[(w, w - 0.1 * gw), (b, b - 0.1 * gb)], name="train")
    return train, w


@pytest.fixture(scope="module")
def explorer():
    train, _ = regression()
    return Explorer(train, compiled.function_view(train).trace)


@pytest.fixture
def view(explorer):
    shown = display.form(explorer.function)
    name = widgets.keep(widgets.Content(shown.title, shown.build, shown.results, shown.subject))
    yield name
    widgets._contents.pop(name, None)


def ask(view, verb, **fields):
    reply, _ = widgets.answer({"id": 1, "verb": verb, "view": view, **fields})
    json.dumps(reply)
    return reply


def test_samples_fit_the_shared_variables(explorer):
    values = samples(explorer.function)
    x, y = (values[v] for v in explorer.function.trace.initial.inputs)
    assert x.shape == (3, 5) and y.shape == (3,)
    assert x.dtype == np.float64 and x.min() > 0 and x.max() < 1


def test_samples_that_can_not_be_found():
    x = T.dmatrix("x")
    with pytest.raises(ValueError, match="no sample values fit"):
        samples(function([x], T.dot(x, np.ones((11, 2)))))


def test_ids_stand_for_nodes_at_every_step(explorer):
    for step in range(explorer.steps + 1):
        graph = explorer.trace.graph(step)
        nodes = explorer.nodes(step)
        assert [node.id for node in graph.nodes] == list(nodes)
        assert all(str(nodes[node.id].op) == node.op for node in graph.nodes if node.kind == "op")


def test_every_rewrite_is_checked_on_samples(explorer):
    states = [explorer.about(step)["check"]["state"] for step in range(1, explorer.steps + 1)]
    assert set(states) == {"equal", "digits"}
    made = next(k for k, step in enumerate(explorer.trace.steps, 1) if step.rule == "square")
    about = explorer.about(made)
    assert "->" in about["pattern"] and about["bindings"][0][0] == "a" and ".py" in about["source"]
    with pytest.raises(ValueError, match="no rewrite"):
        explorer.about(0)


def test_figures_along_the_trace(explorer):
    figures = explorer.figures()
    assert len(figures["nodes"]) == len(figures["flops"]) == len(figures["bytes"]) == explorer.steps + 1
    assert figures["nodes"][-1] == len(explorer.trace.graph(explorer.steps).nodes)
    assert 0 < figures["bytes"][-1] < figures["bytes"][0]
    assert figures["note"] == "" and "(3, 5)" in figures["inputs"]


def test_who_made_a_node_and_why_a_rule_did_not_fire(explorer):
    last = explorer.steps
    final = explorer.trace.graph(last)
    node = next(n for n in final.nodes if n.label.endswith("sigmoid"))
    history = explorer.history(last, node.id)
    assert history["rows"] and all(row["what"] == "made by" for row in history["rows"])
    assert history["rows"][-1]["rule"] == "logistic"
    assert 1 <= history["rows"][-1]["step"] <= last
    exp = next(n for n in explorer.trace.start.nodes if n.label.endswith("exp"))
    assert any(row["what"] == "replaced by" for row in explorer.history(0, exp.id)["rows"])
    assert explorer.why_not(last, node.id, "log_one_plus")
    with pytest.raises(ValueError, match="no rule"):
        explorer.why_not(last, node.id, "nothing_like_it")


def test_bisection_over_samples(explorer):
    found = explorer.bisect("digits")
    assert found["step"] > 0 and explorer.trace.steps[found["step"] - 1].rule == found["rule"]


def test_lines_of_c_know_their_nodes(explorer):
    view = compiled.function_view(explorer.function)
    lines = view.source.rstrip("\n").split("\n")
    assert len(view.code.lines) == len(lines)
    final = {node.id: node for node in view.trace.graph(len(view.trace.steps)).nodes}
    assert all(id in final for line in view.code.lines for id in line)
    sigmoid = next(id for id, node in final.items() if node.label.endswith("sigmoid"))
    assert any("exp" in text for text, ids in zip(lines, view.code.lines) if sigmoid in ids)
    nests = view.code.nests
    assert {id for nest in nests for id in nest.nodes} <= set(final) and all(nest.reason for nest in nests)
    assert all(0 <= b.first <= b.last < len(nests) for b in view.code.buffers)


def test_measuring_changes_nothing(explorer):
    w = explorer.function.get_shared()[0]
    before = w.get_value().copy()
    found = measured(explorer)
    assert found["calls"] > 0 and len(found["nests"]) == len(explorer.function.plan.groups)
    assert len(found["buffers"]) == len(explorer.function.plan.buffers)
    assert any(nest["ns"] > 0 for nest in found["nests"]) and any(nest["bytes"] > 0 for nest in found["nests"])
    assert w.get_value().tolist() == before.tolist()


def test_a_function_is_checked_on_the_users_inputs(explorer):
    train = explorer.function
    x, y = np.full((7, 5), 0.25), np.zeros(7)
    for inputs in ([x, y], {"x": x, "y": y}):
        shown = display.content(views.view(train, inputs).shown)
        name = widgets.keep(shown)
        assert shown.explorer().samples()[train.trace.initial.inputs[0]].shape == (7, 5)
        found = ask(name, "bisect", what="digits")["answer"]
        assert found["inputs"].startswith("your inputs: x (7, 5), y (7,)")
        assert ask(name, "rewrite", step=1)["answer"]["check"]["kind"] == "your inputs"
        assert "7" in ask(name, "measure")["answer"]["inputs"]
        again = ask(name, "compile", excluded=["logistic"], optimizer="")["answer"]["view"]
        assert ask(again, "bisect", what="digits")["answer"]["inputs"].startswith("your inputs: x (7, 5)")
        for key in (name, again):
            widgets._contents.pop(key)
    with pytest.raises(TypeError):
        views.view(train, [x])
    with pytest.raises(TypeError, match="inputs are values of a function's arguments"):
        views.view(T.exp(T.dscalar("z")), [1.0])


def test_one_result_can_be_bisected(view, explorer):
    steps = [ask(view, "bisect", what="digits", result=k)["answer"]["step"] for k in range(4)]
    first = ask(view, "bisect", what="digits")["answer"]["step"]
    assert first == min(step for step in steps if step)
    assert "no result 9" in ask(view, "bisect", what="digits", result=9)["error"]
    assert "whole number" in ask(view, "bisect", what="digits", result="1")["error"]


def test_inputs_that_show_what_samples_do_not():
    x = T.dvector("x")
    f = function([x], T.log(1 + T.exp(x)))
    for inputs, step in ((None, 0), ([[800.0]], 1)):
        name = widgets.keep(display.content(views.view(f, inputs).shown))
        found = ask(name, "bisect", what="nan")["answer"]
        assert (found["step"] > 0) == bool(step)
        widgets._contents.pop(name)


def test_compiled_without_a_rule(view, explorer):
    reply = ask(view, "compile", excluded=["logistic"], optimizer="")["answer"]
    assert reply["kind"] == "function" and reply["view"] != view
    rows = {row[0]: row[1:] for row in reply["compared"]["rows"]}
    assert rows["rewrites"][0] == str(len(explorer.function.trace)) and rows["rewrites"][0] != rows["rewrites"][1]
    assert "µs" in rows["time of a call"][0] and reply["compared"]["note"].startswith("results")
    strings = reply["trace"]["strings"]
    assert "logistic" not in [strings[step["rule"]] for step in reply["trace"]["steps"]]
    again = ask(reply["view"], "layouts", first=0)["answer"]["layouts"]
    assert "0" in again
    assert "no rule of that name" in ask(view, "compile", excluded=["<b>"])["error"]
    plain = ask(view, "compile", excluded=[], optimizer="fast_compile")["answer"]
    assert len(plain["trace"]["steps"]) < explorer.steps


def test_requests_are_checked(view):
    assert "whole number" in ask(view, "rewrite", step="1")["error"]
    assert "whole number" in ask(view, "history", step=0, node=True)["error"]
    assert "steps 0 to" in ask(view, "rewrite", step=10**9)["error"]
    assert "short text" in ask(view, "why_not", step=0, node=0, rule=["x"])["error"]
    assert "list of rules" in ask(view, "compile", excluded="logistic")["error"]


def test_graphs_inside_loops_and_branches():
    x = T.dvector("x")
    values, _ = scan(lambda a, b: a * T.exp(b), sequences=[x], outputs_info=[np.float64(1)])
    shown = display.form(function([x], values))
    name = widgets.keep(widgets.Content(shown.title, shown.build, shown.results, shown.subject))
    message = ask(name, "open")["answer"]
    strings = message["trace"]["strings"]
    assert any("scan" in strings[face[1]] for face in message["trace"]["faces"])
    steps = len(message["trace"]["steps"])
    final = widgets._contents[name].trace().graph(steps)
    loop = next(node.id for node in final.nodes if "scan" in node.label)
    inner = ask(name, "inside", step=steps, node=loop)["answer"]
    labels = [inner["trace"]["strings"][face[1]] for face in inner["trace"]["faces"]]
    assert inner["kind"] == "graph" and "mul" in labels and inner["title"].startswith("inside scan")
    assert "no graph inside" in ask(inner["view"], "inside", step=0, node=0)["error"]
    assert "not of a compiled function" in ask(inner["view"], "figures")["error"]
    choice = ifelse(x.sum() > 0, T.exp(x), x * 2)
    f = function([x], choice)
    branch = next(node for node in f.program.nodes if node.op.name == "branches")
    assert inner_graph(branch)[2] == ["then 0", "else 0"]


def test_nodes_stay_near_where_they_were(explorer):
    def moved(first, second):
        return np.mean([abs(x - first.across[id]) for id, x in second.across.items() if id in first.across])

    free, near = 0.0, 0.0
    before = model.arranged(explorer.trace.graph(0), True)
    for step in range(1, explorer.steps + 1):
        graph = explorer.trace.graph(step)
        alone, after = model.arranged(graph, True), model.arranged(graph, True, near=before)
        free, near = free + moved(before, alone), near + moved(before, after)
        assert sorted(after.across) == sorted(alone.across)
        before = after
    assert near <= free


def test_the_last_graph_is_numbered_from_zero_as_the_first_look_is(explorer):
    function = explorer.function
    last = explorer.trace.graph(explorer.steps)
    first = compiled.final_graph(function)
    assert [node.id for node in last.nodes] == list(range(len(last.nodes)))
    assert [(node.id, node.op, node.inputs) for node in last.nodes] == [(n.id, n.op, n.inputs) for n in first.nodes]


def test_overlays_hold_what_went_beside_what_came(view, explorer):
    for step in range(1, explorer.steps + 1):
        before, after = explorer.trace.graph(step - 1), explorer.trace.graph(step)
        record = explorer.trace.steps[step - 1]
        both = model.overlay(before, after, record.removed)
        old = {node.id - model.OLD for node in both.nodes if node.id >= model.OLD}
        assert old == set(record.removed)
        assert {node.id for node in both.nodes if node.id < model.OLD} == {node.id for node in after.nodes}
        ids = {node.id for node in both.nodes}
        assert all(source in ids for node in both.nodes for source, _ in node.inputs)
        message = ask(view, "overlays", first=step, count=1)["answer"]["layouts"][str(step)]
        count = len(both.nodes) + len(both.outputs)
        assert len(message["at"]) == 2 * count and message["joined"]
        edges = sum(len(node.inputs) for node in both.nodes) + len(both.outputs)
        assert _edges(message["edges"]) == edges
    assert ask(view, "overlays", first=0)["answer"]["layouts"].keys() >= {"1"}


def _edges(numbers):
    at = count = 0
    while at < len(numbers):
        at, count = at + 1 + numbers[at], count + 1
    assert at == len(numbers)
    return count


def test_an_overlay_without_the_edges_that_would_close_a_cycle(view, explorer, monkeypatch):
    content = widgets._contents[view]
    calls = []

    def fails(graph, results, engine="auto", near=None, most=None):
        calls.append(graph)
        if len(calls) == 1:
            raise widgets.LayoutError("the graph has a cycle")
        return real(graph, results, engine, near, most)

    real = model.arranged
    monkeypatch.setattr(widgets, "arranged", fails)
    content._overlays.clear()
    message = content.overlays(1, 1)["1"]
    content._overlays.clear()
    assert message["joined"] is False
    assert len(calls[1].edges) <= len(calls[0].edges)


def test_ids_in_order(explorer):
    trace = explorer.function.trace
    assert len(Identities(trace.initial.inputs).keys(trace.graph_at(0))) == len(explorer.trace.start.nodes)
