"""Live panels of shared variables and random streams: looking changes nothing, edits are checked and taken back."""

import json
import sys
import threading
import time

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import function, shared
from interactive_sym.tensor.rng_mrg import MRG_RandomStreams
from interactive_sym.tensor.shared_randomstreams import RandomStreams
from interactive_sym.viz.live import Live, figures, heat, live_of
from interactive_sym.viz.sampler import Channel
from interactive_sym.viz.views import NodeWatch
from tests.waiting import waiting_step


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


def test_all_variables_go_back_to_one_moment():
    w, b = shared(np.zeros(2), name="w"), shared(0.0, name="b")
    step = function([], updates=[(w, w + 1), (b, b + w.sum())])
    live = Live([w, b])
    live.sample()
    for _ in range(4):
        before = live.version()
        step()
        news = live.news(before)
    assert news["moments"] == 5 and live.sample()["moments"] == 5
    assert live.moment(2)["values"] == [["w", 2, "[2., 2.]"], ["b", 2, "2.0"]]
    live.back_all(2)
    assert w.get_value().tolist() == [2, 2] and b.get_value() == 2
    step()
    assert w.get_value().tolist() == [3, 3] and b.get_value() == 6
    live.undo(0), live.undo(1)
    assert w.get_value().tolist() == [4, 4] and b.get_value() == 12
    with pytest.raises(ValueError, match="no such row"):
        live.back_all(99)
    assert Live([w]).sample()["moments"] == 0


def test_values_of_one_moment_are_those_between_two_calls():
    w, b = shared(np.zeros(2000), name="w"), shared(0.0, name="b")
    step, stop = function([], updates=[(w, w + 1), (b, b + 1)]), threading.Event()

    def loop():
        while not stop.is_set():
            step()

    live, thread = Live([w, b]), threading.Thread(target=loop)
    thread.start()
    try:
        for _ in range(50):
            live.sample()
    finally:
        stop.set()
        thread.join(20)
    assert len(live._moments) > 2
    for versions, (kept_w, kept_b) in live._moments:
        assert versions[0] == versions[1] == kept_b and (kept_w == kept_b).all()


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


@pytest.fixture
def long_call():
    """A variable, the function that is storing to it and waits in a Python step, and how to let it end."""
    wait, entered, go = waiting_step()
    w = shared(np.zeros(2), name="w")
    call = threading.Thread(target=function([], updates=[(w, wait(w))]))
    call.start()
    assert entered.wait(20)

    def end():
        go.set()
        call.join(20)

    yield w, end
    end()


def caught_up(live):
    """The next sample in which no change waits."""
    end = time.monotonic() + 20
    while (sample := live.sample())["queued"] and time.monotonic() < end:
        time.sleep(0.01)
    return sample


def test_edits_wait_for_a_running_call_in_their_order(long_call):
    w, end = long_call
    live = Live([w])
    assert live.edit(0, "5")["queued"] == ["set w"]
    assert live.edit(0, "[7, 8]")["queued"] == ["set w", "set w"]
    with pytest.raises(ValueError, match="shape"):  # what is wrong is said at once
        live.edit(0, "[1, 2, 3]")
    assert w.get_value().tolist() == [0, 0]
    end()
    row = caught_up(live)["rows"][0]
    assert w.get_value().tolist() == [7, 8] and row["undo"] == 2
    live.undo(0)
    live.undo(0)
    assert w.get_value().tolist() == [1, 1]  # what the call had stored


def test_a_queued_change_that_fails_says_so(long_call):
    w, end = long_call
    live = Live([w])
    assert live._change("set w", [w], lambda: w.set_value("no"))["queued"] == ["set w"]
    live.edit(0, "[5, 6]")
    end()
    assert caught_up(live)["failed"].startswith("set w: ") and w.get_value().tolist() == [5, 6]
    assert live.edit(0, "1")["failed"] == ""


def test_too_many_changes_do_not_pile_up(long_call, monkeypatch):
    w, _ = long_call
    monkeypatch.setattr("interactive_sym.viz.live.QUEUED", 2)
    monkeypatch.setattr("interactive_sym.viz.live.PATIENCE", 0)
    live = Live([w])
    live.edit(0, "1")
    live.edit(0, "2")
    with pytest.raises(ValueError, match="too many"):
        live.edit(0, "3")


def test_other_variables_are_changed_at_once(long_call):
    b = shared(0.0, name="b")
    assert Live([b]).edit(0, "2")["queued"] == [] and b.get_value() == 2


def test_news_are_of_what_was_stored_since():
    w, b = shared(np.zeros(2), name="w"), shared(1.0, name="b")
    srng = RandomStreams(1)
    f = function([], srng.uniform((2,)))
    live = Live([w, b], [srng])
    live.sample()
    before = live.version()
    assert live.news(before) == {"moved": [], "streams_moved": []}
    assert live.sample()["moments"] == 1
    b.set_value(2.0)
    news = live.news(before)
    assert [row["k"] for row in news["moved"]] == [1] and news["streams_moved"] == []
    assert news["moved"][0]["version"] == 1 and "writers" not in news["moved"][0]
    before = live.version()
    f()
    (stream,) = live.news(before)["streams_moved"]
    assert stream["rows"][0]["count"] == "about 1 since seed 1" and stream["state"] == srng.fingerprint()
    assert "used" not in stream["rows"][0]  # the browser keeps what it knows
    assert live.news(None)["streams"][0]["rows"][0]["count"] == "1 since seed 1"
    late = srng.normal((2,))  # a stream more
    assert len(live.news(before)["streams_moved"][0]["rows"]) == 2 and late is not None


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


@pytest.mark.parametrize("make", [RandomStreams, MRG_RandomStreams])
def test_save_draw_restore_draw_is_equal_and_so_is_one_seed(make):
    srng = make(1)
    f, g = function([], srng.uniform((3,))), function([], srng.uniform((3,)))
    live = live_of(srng)
    live.save(0)
    first = f()
    live.restore(0)
    assert (f() == first).all()
    live.save(0)
    f(), g()
    live.seed(0, "77", row=1)
    second = g()
    live.seed(0, "77", row=1)
    assert (g() == second).all()
    rows = live.sample(True)["streams"][0]["rows"]
    assert rows[1]["count"] == "1 since seed 77 of 1" and rows[0]["count"] == "2 since seed 1"
    with pytest.raises(ValueError, match="no such row"):
        live.seed(0, "77", row=2)
    with pytest.raises(ValueError):
        live.seed(0, "-1")
    assert (f() != first).any()


def test_a_function_that_does_not_advance_its_stream_is_marked(monkeypatch):
    srng = RandomStreams(1)
    draw = srng.uniform((2,))
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "moving", function([], draw), raising=False)
    monkeypatch.setattr(main, "still", function([], draw, no_default_updates=True), raising=False)
    row = live_of(srng).sample()["streams"][0]["rows"][0]
    assert row["used"] == ["moving", "still"] and row["still"] == ["still"]


def test_a_transfer_says_what_is_left_out(monkeypatch):
    srng, other = MRG_RandomStreams(1), MRG_RandomStreams(2)
    srng.uniform((3,)), srng.uniform((3,)), srng.uniform((2,))
    other.uniform((3,)), other.uniform((100,))
    monkeypatch.setattr(sys.modules["__main__"], "other", other, raising=False)
    lines = live_of(srng).transfer(0, "other", True)["lines"]
    assert ["left out" in line for line in lines] == [False, True, True]
    assert (srng.updates()[0][0].get_value() == other.updates()[0][0].get_value()).all()


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
    assert "whole number" in ask(verb="seed", stream=0, text="1", row=True)["error"]
    assert "nobody" in ask(verb="watch", on=True)["error"]
    assert "write a number" in ask(verb="edit", row=0, text="[1," * 30_000)["error"]
    assert "short text" in ask(verb="edit", row=0, text="1" * 100_001)["error"]
    wrong = ["[1, 2, 3]", "[[1, 2]]", "'12'", "1j", "[1, None]", "{1: 2}", "open('x')", "[" * 5000, "9" * 5000, "w"]
    for text in wrong:
        assert "error" in ask(verb="edit", row=0, text=text), text
    for row in (-1, 1, 10**30):
        assert "no such row" in ask(verb="edit", row=row, text="1")["error"]
    assert w.get_value().tolist() == [1, 1] and w.get_value().dtype == "float64"


def test_a_node_watch_is_live_and_changes_wait_for_its_calls():
    x, w = T.dvector("x"), shared(1.0, name="w")
    watch = NodeWatch(function([x], T.log(x) * w, updates=[(w, w + 1)]))
    live = Live([w], nodes=watch)
    assert live.sample()["nodes"] == {"calls": 0, "rows": []}
    before = live.version()
    watch([1.0, 0.0, -1.0])
    nodes = json.loads(json.dumps(live.news(before)))["nodes"]
    (log,) = (row for row in nodes["rows"] if row["name"] == "log(x)")
    assert nodes["calls"] == 1 and log["shape"] == "(3,)" and log["where"].startswith("test_live.py:")
    assert ["nan", "1"] in log["statistics"] and ["inf", "1"] in log["statistics"]
    assert live.version() != before and w.get_value() == 2


def test_a_change_waits_for_a_watched_call():
    entered, go, w = threading.Event(), threading.Event(), shared(0.0, name="w")

    def stop(node):
        entered.set()
        return go.wait(20)

    watch = NodeWatch(function([], updates=[(w, w + 1)]), only=stop)
    call = threading.Thread(target=watch)
    call.start()
    assert entered.wait(20)
    live = Live([w], nodes=watch)
    assert live.edit(0, "5")["queued"] == ["set w"]
    go.set()
    call.join(20)
    caught_up(live)
    assert w.get_value() == 5


def test_whatever_a_browser_sends_is_answered_and_harms_nothing():
    widgets = pytest.importorskip("interactive_sym.viz.widgets", reason="live views need anywidget")
    w, n = shared(np.zeros((2, 3), "float32"), name="w"), shared(np.array([1, 2]), name="n")
    srng = RandomStreams(1)
    srng.uniform((2,)), srng.normal((3,))
    view = widgets.keep(widgets.Content("all", lambda: None, subject=Live([w, n], [srng])))
    plain = widgets.keep(widgets.Content("plain", lambda: None))
    sent = []
    channel = Channel(lambda content, buffers: sent.append(content))
    odd = [
        None,
        True,
        -1,
        0,
        1,
        2**70,
        1.5,
        float("nan"),
        "",
        "0",
        "1",
        "[1, 2]",
        "[[1, 2, 3], [4, 5, 6]]",
        [],
        [0],
        {},
    ]
    odd += ["__import__('os').system('true')", "../../etc/passwd", "<script>", "w", "x" * 200_000, [[[]]], {"a": 1}]
    verbs = [*widgets.VERBS, "watch", "front", "eval", "__class__", "", None, 3, [], {}]
    fields = [
        "row",
        "stream",
        "text",
        "change",
        "saved",
        "name",
        "apply",
        "long",
        "on",
        "first",
        "step",
        "node",
        "rule",
    ]
    random = np.random.RandomState(0)

    def some(values):
        return values[random.randint(len(values))]

    for _ in range(600):
        request = {"id": some([1, 1, 1, *odd]), "verb": some(verbs), "view": some([view, view, view, plain, *odd])}
        request.update({some(fields): some(odd) for _ in range(random.randint(4))})
        reply, buffers = widgets.answer(request, channel)
        assert ("answer" in reply) != ("error" in reply) and isinstance(reply["id"], int)
        if not buffers:
            json.dumps(reply)
    for request in odd:
        assert "error" in widgets.answer(request, channel)[0]
    channel.close()
    for variable, shape, dtype in ((w, (2, 3), "float32"), (n, (2,), "int64")):
        assert variable.get_value().shape == shape and variable.get_value().dtype == dtype
    assert all(isinstance(state.get_value(), np.random.RandomState) for state, _ in srng.updates())
