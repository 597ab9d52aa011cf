"""What the live view asks and gets: an allow-list of requests, compact answers, forgotten views."""

import json

import pytest

import interactive_sym.tensor as T
from interactive_sym import function, shared
from interactive_sym.core.view import graph_view
from interactive_sym.viz import compiled, display, model

widgets = pytest.importorskip("interactive_sym.viz.widgets", reason="live views need anywidget")


def content():
    x = T.dvector("x")
    f = function([x], T.log(1 + T.exp(x * 1)), name="f")
    form = display.form(f)
    return widgets.Content(form.title, form.build, form.results), f


@pytest.fixture
def view():
    made, f = content()
    name = "test-view"
    widgets._contents[name] = made
    yield name, f
    widgets._contents.pop(name, None)


def ask(**fields):
    reply, buffers = widgets.answer({"id": 7, **fields})
    assert reply["id"] == 7
    return reply, buffers


def test_front_end_is_sent_as_bytes():
    reply, (data,) = ask(verb="front")
    assert reply["answer"] == widgets.front_end()[1] and b"isym" in data


def test_open_then_layouts(view):
    name, _ = view
    message = json.loads(json.dumps(ask(verb="open", view=name)[0]["answer"]))
    steps = message["trace"]["steps"]
    assert message["kind"] == "function" and steps
    assert list(message["layouts"]) == [str(len(steps))]
    strings = message["trace"]["strings"]
    assert all(strings[step["rule"]] and strings[step["why"]] for step in steps)
    layouts = ask(verb="layouts", view=name, first=0)[0]["answer"]["layouts"]
    assert list(layouts) == [str(k) for k in range(min(len(steps) + 1, model.BLOCK))]
    for layout in layouts.values():
        assert len(layout["at"]) % 2 == 0 and layout["engine"]


def test_the_last_graph_is_the_compiled_one(view):
    name, f = view
    trace = widgets._contents[name].trace()
    last = trace.graph(len(trace.steps))
    final = graph_view(list(f.program.results))
    assert sorted(node.op for node in last.nodes) == sorted(node.op for node in final.nodes)


@pytest.mark.parametrize(
    "request_",
    [
        None,
        "open",
        {"verb": "open"},
        {"id": "7", "verb": "open"},
    ],
)
def test_what_is_no_request_is_refused(request_):
    reply, buffers = widgets.answer(request_)
    assert "error" in reply and not buffers


@pytest.mark.parametrize("verb", ["eval", "__class__", "import", None, 3, ["open"]])
def test_unknown_verbs_are_refused(view, verb):
    assert ask(verb=verb, view=view[0])[0]["error"] == "unknown request"


@pytest.mark.parametrize("first", ["0", None, True, 1.5, [1]])
def test_bad_fields_are_refused(view, first):
    assert "whole number" in ask(verb="layouts", view=view[0], first=first)[0]["error"]


def test_layouts_out_of_range_are_empty(view):
    assert ask(verb="layouts", view=view[0], first=10**9)[0]["answer"] == {"layouts": {}}


def test_forgotten_views_say_so():
    assert "run the cell again" in ask(verb="open", view="none")[0]["error"]


def test_what_a_notebook_would_store_is_small():
    made, f = content()
    widget = widgets.ViewWidget(made, display.picture(display.form(f)))
    state = {key: value for key, value in widget.get_state().items() if isinstance(value, str)}
    assert len(json.dumps(state)) < 64 * 1024
    assert len(state["_esm"]) < 4_000
    assert repr(widget) == "<view of f>"


def chain(count):
    x = T.dvector("x")
    y = x
    for k in range(count):
        y = T.tanh(y) if k % 3 == 0 else y * x if k % 3 == 1 else y + 0.5
    return x, y


def test_of_a_large_graph_a_part_comes_first(monkeypatch):
    x, y = chain(600)
    for shown in (display.form(y), display.form(function([x], y))):
        name = widgets.keep(widgets.Content(shown.title, shown.build, shown.results, shown.subject, look=shown.picture))
        part = ask(verb="open", view=name)[0]["answer"]
        assert part["later"] and part["trace"]["start"]["set"] == widgets.FIRST_LOOK
        assert part["note"].endswith("hidden, on their way")
        whole = ask(verb="whole", view=name)[0]["answer"]
        assert "later" not in whole and whole["note"] == "" and whole["kind"] == part["kind"]
        assert whole["trace"]["start"]["set"] > 600
        assert "later" not in ask(verb="open", view=name)[0]["answer"]
        widgets._contents.pop(name)


def test_what_travels_of_ten_thousand_nodes_is_small():
    _, y = chain(7500)
    shown = display.form(y)
    name = widgets.keep(widgets.Content(shown.title, shown.build, shown.results, shown.subject))
    message = ask(verb="whole", view=name)[0]["answer"]
    count = message["trace"]["start"]["set"]
    assert count > 10_000
    assert len(json.dumps(message, separators=(",", ":"))) < 600_000 * count / 10_000
    widgets._contents.pop(name)


def test_orders_are_told_by_the_one_before():
    before, after = [4, 7, 2, 9, 5], [4, 7, 30, 9, 5, 2]
    told = model._order(after, before)
    assert told == [0, 2, -31, 3, 2, 2, 1]
    assert model._order(before, before) == [0, 5]


def test_graphs_too_large_to_draw_say_so(monkeypatch):
    monkeypatch.setattr(widgets, "NODE_LIMIT", 5)
    monkeypatch.setattr(model.cropped, "__defaults__", (5,))
    x = T.dvector("x")
    y = x
    for _ in range(20):
        y = T.exp(y)
    made = widgets.Content("y", lambda: graph_view(y))
    assert len(made.view().nodes) == 5 and made.note == "+16 hidden"
    made, f = content()
    count = len(f.trace)
    view = made.view()
    assert view.trace.steps == () and f"{count} rewrites not shown" in made.note


def test_too_many_rewrites_are_not_followed(monkeypatch):
    monkeypatch.setattr(compiled, "TRACE_LIMIT", 0)
    made, f = content()
    assert made.view().trace.steps == () and made.note == f"{len(f.trace)} rewrites not shown"


def test_states_are_read_again():
    w = shared(1.0, name="w")
    form = display.form(w)
    widgets._contents["state"] = widgets.Content(form.title, form.build)
    w.set_value(2.0)
    rows = ask(verb="state", view="state")[0]["answer"]["state"]["rows"]
    assert rows[0]["sample"] == "2.0"
    assert "no graph" in ask(verb="layouts", view="state", first=0)[0]["error"]
