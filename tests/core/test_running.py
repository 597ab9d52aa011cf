"""Changes from another thread wait for running calls; versions count what is stored."""

import pickle
import threading
import time

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import function, shared
from interactive_sym.core.running import Writing, between_calls
from tests.waiting import waiting_step


@pytest.fixture
def slow():
    """A function that adds 1 to w through a step in Python which waits until it is let go."""
    wait, entered, go = waiting_step()
    w = shared(np.zeros(2), name="w")
    return w, wait, entered, go


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE", "DebugMode"])
def test_a_change_waits_for_the_call_and_is_not_lost(slow, mode):
    w, wait, entered, go = slow
    step = function([], updates=[(w, wait(w))], mode=mode)
    call = threading.Thread(target=step)
    call.start()
    assert entered.wait(20)
    assert not between_calls([w.container], lambda: w.set_value([5, 5]), patience=0.05)
    assert w.get_value().tolist() == [0, 0]
    made = []
    change = threading.Thread(
        target=lambda: made.append(between_calls([w.container], lambda: w.set_value([5, 5]), patience=20))
    )
    change.start()
    go.set()
    call.join(20)
    change.join(20)
    assert made == [True] and w.get_value().tolist() == [5, 5]
    step()
    assert w.get_value().tolist() == [6, 6]


def test_changes_of_other_variables_do_not_wait(slow):
    w, wait, entered, go = slow
    other = shared(0.0)
    call = threading.Thread(target=function([], updates=[(w, wait(w))]))
    call.start()
    assert entered.wait(20)
    assert between_calls([other.container], lambda: other.set_value(1.0), patience=0)
    go.set()
    call.join(20)


def test_a_change_gets_its_turn_between_calls_in_a_row(slow):
    w, wait, _, go = slow
    go.set()
    step, stop = function([], updates=[(w, wait(w))]), threading.Event()

    def loop():
        while not stop.is_set():
            step()

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        for _ in range(20):
            assert between_calls([w.container], lambda: w.set_value([-1e9, 0]), patience=20)
    finally:
        stop.set()
        thread.join(20)
    assert w.get_value()[0] < 0


def test_calls_inside_calls_do_not_wait_for_a_change():
    w = shared(0.0)
    outer, inner = Writing([w.container]), Writing([w.container])
    done = []
    with outer:
        change = threading.Thread(target=lambda: done.append(between_calls([w.container], lambda: None, 20)))
        change.start()
        time.sleep(0.02)
        with inner:
            assert not done
    change.join(20)
    assert done == [True]


def test_an_error_of_the_change_is_raised_and_nothing_waits_after_it():
    w = shared(0.0)
    with pytest.raises(TypeError):
        between_calls([w.container], lambda: w.set_value("a"))
    with Writing([w.container]):
        pass
    assert w.get_value() == 0


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE", "DebugMode"])
def test_versions_count_what_is_stored(mode):
    w, b = shared(np.zeros(2), name="w"), shared(0.0, name="b")
    f = function([], w.sum(), updates=[(w, w + 1)], mode=mode)
    assert (w.container.version, b.container.version) == (0, 0)
    f(), f()
    w.set_value([3, 3])
    w.zero()
    assert (w.container.version, b.container.version) == (4, 0)
    with pytest.raises(TypeError):
        w.set_value("no")
    assert w.container.version == 4
    assert pickle.loads(pickle.dumps(w)).container.version == 0


def test_a_failed_call_counts_nothing():
    w, x = shared(np.zeros(2)), T.dvector("x")
    f = function([x], updates=[(w, w + x)])
    with pytest.raises(ValueError):
        f([1, 2, 3])
    assert w.container.version == 0
