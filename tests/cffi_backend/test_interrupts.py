"""Ctrl-C stops long kernels and changes nothing; other threads run meanwhile; calls that update the same are serial."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import function, scan, shared
from interactive_sym.core.running import between_calls
from interactive_sym.tensor.shared_randomstreams import RandomStreams

START = T.as_tensor_variable(np.float64(3.0))


@pytest.fixture(autouse=True)
def alarms() -> Iterator[None]:
    """An alarm is a KeyboardInterrupt."""
    former = signal.signal(signal.SIGALRM, signal.default_int_handler)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, former)


def interrupted(call: Callable[[], Any], after: float = 0.05) -> float:
    """How long a call goes on after the user has interrupted it; it would take minutes."""
    signal.setitimer(signal.ITIMER_REAL, after)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        call()
    return time.monotonic() - began - after


def loop_of_numbers(n: Any, streams: RandomStreams) -> tuple[Any, Any]:
    values, updates = scan(lambda x: T.sin(x) + 3 + streams.uniform(), outputs_info=START, n_steps=n)
    return values[-1], updates


def loop_of_arrays(n: Any, streams: RandomStreams) -> tuple[Any, Any]:
    values, updates = scan(lambda x: T.sin(x) + streams.normal(), outputs_info=T.zeros(300), n_steps=n)
    return values[-1].sum(), updates


def outer_sums(n: Any, streams: RandomStreams) -> tuple[Any, Any]:
    x = T.arange(n // 10**4 + 3).astype("float64")
    return (T.gammaln(T.outer(x, x) + 1) * streams.uniform()).sum(), {}


@pytest.mark.parametrize("make", [loop_of_numbers, loop_of_arrays, outer_sums])
def test_an_interrupted_call_changes_nothing(make: Any) -> None:
    streams, total, n = RandomStreams(1), shared(1.5), T.lscalar("n")
    result, updates = make(n, streams)
    f = function([n], result, updates=[*dict(updates).items(), (total, total + result)])
    f(10**5)
    before = [total.get_value(), *(state.get_value().get_state()[1] for state, _ in streams.state_updates)]
    for after in (0.02, 0.1):
        interrupted(lambda: f(10**10), after)
        now = [total.get_value(), *(state.get_value().get_state()[1] for state, _ in streams.state_updates)]
        assert all(np.array_equal(a, b) for a, b in zip(before, now, strict=True))
    f(10**5)
    assert total.get_value() != before[0]


def test_an_interrupted_compilation_changes_nothing() -> None:
    x, w, streams = T.dmatrix("x"), shared(np.ones(4), name="w"), RandomStreams(1)
    before = streams.fingerprint()
    for k in range(12):
        factor = 1 + time.time() % 1  # a kernel that no cache has
        cost = (T.exp(factor * x).sum(axis=0) * w).sum()
        updates = [(w, w - T.grad(cost, w))]
        signal.setitimer(signal.ITIMER_REAL, 0.004 * (k + 1))
        try:
            function([x], cost, updates=updates)
            time.sleep(1)
        except KeyboardInterrupt:
            pass
        assert w.get_value().tolist() == [1] * 4 and streams.fingerprint() == before
    f = function([x], cost, updates=updates)
    assert f(np.zeros((3, 4))) == 12 and w.get_value().tolist() == [-2] * 4


def test_long_elementwise_loops_stop_between_their_parts() -> None:
    x, total = T.dvector("x"), shared(0.0)
    f = function([x], T.gammaln(x), updates=[(total, total + 1)])
    g = function([x], T.gammaln(x).sum(), updates=[(total, total + 1)])
    values = np.full(20_000_000, 0.3)
    for call in (f, g):
        interrupted(lambda call=call: call(values))
    assert total.get_value() == 0


def test_sorting_stops() -> None:
    x = T.dvector("x")
    values = np.random.default_rng(0).random(8_000_000)
    for sorted_ in (T.sort(x), T.argsort(x)):
        f = function([x], sorted_)
        interrupted(lambda f=f: f(values))


@pytest.mark.parametrize("updating", [False, True])
def test_other_threads_run_during_a_long_loop(updating: bool) -> None:
    streams, total, n = RandomStreams(1), shared(0.0), T.lscalar("n")
    result, updates = loop_of_numbers(n, streams)
    pairs = [*dict(updates).items(), (total, total + result)] if updating else []
    f = function([n], result, updates=pairs, no_default_updates=not updating)
    seen, done = [0], threading.Event()

    def count() -> None:
        while not done.is_set():
            seen[0] += 1
            time.sleep(0)

    other = threading.Thread(target=count)
    former = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    try:
        other.start()
        before = seen[0]
        signal.setitimer(signal.ITIMER_REAL, 0.4)
        with pytest.raises(KeyboardInterrupt):
            f(10**10)
        assert seen[0] - before > 50
    finally:
        done.set()
        other.join()
        sys.setswitchinterval(former)


def test_a_change_from_elsewhere_waits_for_a_loop_that_gave_up_the_gil() -> None:
    n, total = T.lscalar("n"), shared(1.0)
    values, _ = scan(lambda x: T.sin(x) + 3, outputs_info=START, n_steps=n)
    f = function([n], [], updates=[(total, total + 0 * values[-1] + 1)])
    f(10)
    order: list[str] = []

    def change() -> None:
        order.append("changed")
        total.set_value(100.0)

    def elsewhere() -> None:
        assert between_calls([total.container], change)

    other = threading.Thread(target=elsewhere)
    other.start()
    other.join()
    assert order == ["changed"] and total.get_value() == 100
    began = threading.Event()

    def late() -> None:
        began.wait()
        time.sleep(0.05)
        between_calls([total.container], lambda: (order.append("again"), total.set_value(total.get_value() + 1000)))

    other = threading.Thread(target=late)
    other.start()
    began.set()
    f(3 * 10**7)
    other.join()
    assert total.get_value() == 1101


def test_calls_that_share_what_they_update_are_serial() -> None:
    x, a, b = T.dmatrix("x"), shared(0.0, name="a"), shared(0.0, name="b")
    large = np.ones((300, 300))  # so large that kernels give up the GIL
    first = function([x], [], updates=[(a, a + x[0, 0]), (b, b + T.exp(x).sum() * 0 + 1)])
    second = function([x], [], updates=[(b, b + x.max())])
    third = function([x], T.exp(x).sum() + a)  # only reads: waits for nobody

    def work(f: Any, times: int) -> None:
        for _ in range(times):
            f(large)

    threads = [threading.Thread(target=work, args=(f, 30)) for f in (first, second, third, first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (a.get_value(), b.get_value()) == (60, 120)


def test_who_waits_for_another_call_can_be_interrupted() -> None:
    n, total = T.lscalar("n"), shared(0.0)
    values, _ = scan(lambda x: T.sin(x) + 3, outputs_info=START, n_steps=n)
    f = function([n], [], updates=[(total, total + 0 * values[-1] + 1)])
    f(1)
    other = threading.Thread(target=f, args=(4 * 10**7,))
    other.start()
    time.sleep(0.1)
    interrupted(lambda: [f(10**10) for _ in range(10**6)])
    other.join()
    assert total.get_value() == 2
