"""News of what somebody looks at: nothing without changes, within limits, and never to who has gone."""

import json
import threading
import time

import numpy as np
import pytest

from interactive_sym import function, shared
from interactive_sym.viz import sampler as module
from interactive_sym.viz.live import Live
from interactive_sym.viz.panel import Listed
from interactive_sym.viz.sampler import Channel, Sampler


class Browser:
    """What a browser has got."""

    def __init__(self):
        self.messages = []
        self.got = threading.Condition()

    def send(self, content, buffers):
        with self.got:
            self.messages.append((time.monotonic(), content, bytes(buffers[0])))
            self.got.notify_all()

    def wait(self, count):
        with self.got:
            assert self.got.wait_for(lambda: len(self.messages) >= count, 20), len(self.messages)

    def news(self):
        return [json.loads(data) for _, _, data in self.messages]


class Counter:
    """A subject that says how often it was asked."""

    def __init__(self, size=10):
        self.now = self.looks = self.reads = 0
        self.size = size

    def version(self):
        self.looks += 1
        return self.now

    def news(self, since):
        self.reads += 1
        return {"now": self.now, "filling": "x" * self.size}


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "SECONDS_A_SAMPLE", 0.01)
    monkeypatch.setattr(module, "SHARE", 1.0)
    made = Sampler()
    yield made
    for key in list(made._watches):
        made._watches.pop(key)
    made.look()


def test_nothing_is_read_or_sent_while_nothing_changes(quick):
    browser, subject = Browser(), Counter()
    quick.watch(browser, "1", subject, browser.send)
    while subject.looks < 5:
        time.sleep(0.01)
    assert subject.reads == 0 and browser.messages == []
    subject.now = 1
    browser.wait(1)
    assert browser.messages[0][1] == {"id": 0, "push": "1"} and browser.news()[0]["now"] == 1


def test_at_most_ten_messages_and_200_kb_a_second(quick):
    browser, subjects = Browser(), [Counter(30_000), Counter(30_000), Counter(10)]
    for k, subject in enumerate(subjects):
        quick.watch(browser, str(k), subject, browser.send)
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        for subject in subjects:
            subject.now += 1
        time.sleep(0.002)
    times = [when for when, _, _ in browser.messages]
    sizes = [len(data) for _, _, data in browser.messages]
    assert len(times) >= 4 and {content["push"] for _, content, _ in browser.messages} == {"0", "1", "2"}
    # no message comes sooner than the one before it allows; the clock of the test starts after that of the sender
    for before, after, size in zip(times, times[1:], sizes):
        assert after - before >= max(0.1, size / 200_000) - 0.03


def test_the_latest_value_wins(quick):
    w = shared(np.zeros(3), name="w")
    step = function([], updates=[(w, w + 1)])
    browser, live = Browser(), Live([w])
    live.sample()
    quick.watch(browser, "1", live, browser.send)
    for _ in range(2000):
        step()
    while w.container.version and not (browser.messages and browser.news()[-1]["moved"][0]["version"] == 2000):
        browser.wait(len(browser.messages) + 1)
    assert len(browser.messages) <= 10
    assert browser.news()[-1]["moved"][0]["statistics"][2] == ["mean", "2000"]


def test_who_leaves_gets_nothing_and_the_thread_ends(quick):
    browser, subject = Browser(), Counter()
    quick.watch(browser, "1", subject, browser.send)
    thread = quick._thread
    quick.forget(browser)
    thread.join(20)
    assert not thread.is_alive() and quick.count() == 0
    subject.now = 1
    quick.watch(browser, "1", subject, browser.send)
    subject.now = 2
    browser.wait(1)
    assert browser.news()[0]["now"] == 2


def test_a_lease_that_is_not_renewed_ends(quick, monkeypatch):
    monkeypatch.setattr(module, "LEASE", 0.05)
    browser, subject = Browser(), Counter()
    asked = threading.Thread(target=quick.watch, args=(browser, "1", subject, browser.send))
    asked.start()
    asked.join()
    end = time.monotonic() + 20
    while quick.count() and time.monotonic() < end:
        time.sleep(0.01)
    assert quick.count() == 0


def test_a_browser_or_a_value_that_fails_harms_nobody_else(quick):
    good, bad, subject, broken = Browser(), Browser(), Counter(), Counter()

    def closed(content, buffers):
        raise RuntimeError("the comm is closed")

    broken.version = lambda: 1 / 0
    first = Counter()
    quick.watch(bad, "1", first, closed)
    quick.watch(good, "2", subject, good.send)
    with pytest.raises(ZeroDivisionError):
        quick.watch(good, "3", broken, good.send)
    first.now = subject.now = 1
    good.wait(1)
    subject.now = 2
    good.wait(2)


def test_a_cells_end_looks_at_changes_in_place(quick, monkeypatch):
    monkeypatch.setattr(module, "SETTLED", 0.01)
    w = shared(np.zeros(3), name="w")
    live, browser = Live([w]), Browser()
    live.sample()
    quick.watch(browser, "1", live, browser.send)
    w.get_value(borrow=True)[0] = 5.0
    quick._ends()
    browser.wait(1)
    assert browser.news()[0]["rows"][0]["statistics"][1] == ["max", "5"]
    quick._ends()
    time.sleep(0.1)
    assert len(browser.messages) == 1


def test_the_panel_hears_of_names_whose_values_were_stored(quick):
    names = {"w": shared(0.0, name="w"), "b": shared(1.0, name="b"), "other": 3}
    browser = Browser()
    quick.watch(browser, "panel", Listed(lambda: names), browser.send)
    names["w"].set_value(7.0)
    browser.wait(1)
    (row,) = browser.news()[0]["moved"]
    assert row["name"] == "w" and row["value"] == "7.0"
    names["new"] = shared(2.0, name="new")
    quick.look()
    browser.wait(2)
    assert [row["name"] for row in browser.news()[1]["all"]] == ["w", "b", "new"]


def test_a_channel_ends_all_its_watches():
    browser, subject = Browser(), Counter()
    channel = Channel(browser.send)
    before = module.sampler.count()
    assert channel.watch("1", subject, True) == {"watched": True}
    channel.watch("2", subject, True)
    channel.watch("1", subject, False)
    assert module.sampler.count() == before + 1
    channel.close()
    assert module.sampler.count() == before
