"""Memory: planned, counted, used again, given back; nothing is copied that is right already."""

import gc
import resource
import sys
import weakref
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import function, scan, shared
from interactive_sym.cffi_backend import call
from interactive_sym.tensor.shared_randomstreams import RandomStreams

ALIGNED = 64  # scratch memory is counted in pieces of so many bytes


def resident() -> int:
    """The most memory this process had so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.parametrize("backend", ["c", "python"])
def test_calls_take_what_was_planned(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = call.make
    monkeypatch.setattr(call, "make", lambda *args, **rest: made(*args, **{**rest, "backend": backend}))
    x, w = T.dmatrix("x"), shared(np.ones((40, 30)), name="w")
    f = function([x], T.dot(T.tanh(T.dot(x, w)), w.T), updates=[(w, w + T.dot(x.T, T.dot(x, w)))])
    assert f.peak_bytes == 0
    for rows in (50, 20, 7):
        value = np.full((rows, 40), 0.01)
        f(value)
        if rows == 50:
            w_value = w.get_value()
            planned = eval(f.plan.peak_bytes, {"x": value, "w": w_value})
    assert planned >= 8 * (50 * 40 + 40 * 30)
    assert planned <= f.peak_bytes <= planned + ALIGNED * len(f.plan.buffers)


def test_short_forms_of_records() -> None:
    x = T.dvector("x")
    f = function([x], T.exp(x) / T.exp(x).sum())
    assert repr(f.plan) == "<Plan: 3 loop nests, 2 buffers, 16 * x.shape[0] bytes>"
    assert repr(f.trace).startswith("<Trace: 3 rewrites in ")
    g = function([], 2.0)
    assert repr(g.plan) == "<Plan: 0 loop nests, 1 buffer, 4 bytes>"


def test_profiles_and_explanations_tell_the_memory() -> None:
    x = T.dvector("x")
    f = function([x], T.cumsum(x) / T.exp(x).sum(), profile=True)
    f(np.ones(10_000))
    assert f.peak_bytes >= 80_000
    assert f.profile is not None and f.profile.parts[0].peak_bytes == f.peak_bytes
    f.free()


def test_arguments_that_are_right_are_not_copied() -> None:
    x, n = T.dmatrix("x"), T.lscalar("n")
    value = np.random.default_rng(0).normal(size=(300, 500))
    f = function([x], [x.sum(), T.dot(x, x.T).sum(), x[::2].max(), T.exp(x).mean(axis=0).sum()])
    f(value)
    assert f.peak_bytes < value.nbytes + 8 * 300 * 300 + 10_000  # the product, and parts of sums; no second x
    states, _ = scan(lambda row, total: total + row.sum(), sequences=x, outputs_info=T.zeros(()))
    g = function([x], states[-1])
    g(value)
    assert g.peak_bytes < 1000
    w = shared(value, borrow=True)
    h = function([n], w.sum() * n)
    h(3)
    assert h.peak_bytes < 10_000 and w.get_value(borrow=True) is value


def test_many_calls_take_no_more_memory() -> None:
    x, w, streams = T.dvector("x"), shared(np.zeros(1000)), RandomStreams(1)
    f = function([x], [(x * w).sum(), x + 1], updates=[(w, w + x)])
    g = function([], streams.normal((3,)))
    h = function([x], T.exp(x))
    values, large = np.ones(1000), np.ones(20_000)

    def calls(number: int) -> None:
        for _ in range(number):
            f(values)
            g()
            h(large)

    calls(300)
    gc.collect()
    before = resident()
    calls(30_000)
    assert resident() - before < 1 << 20


def test_dropped_functions_give_their_memory_back() -> None:
    x = T.dvector("x")

    def made(k: int) -> Any:
        w = shared(np.zeros(50_000))
        f = function([x], T.exp(x).sum() + w.sum(), updates=[(w, w + k)])
        f(np.ones(10))
        return weakref.ref(w.container.changes), weakref.ref(f)

    first = [made(k) for k in range(10)]
    gc.collect()
    gc.collect()  # finalisers have run
    assert [k for k, (a, b) in enumerate(first) if a() is not None or b() is not None] == []
    before = resident()
    for k in range(100):
        made(k)
        if k % 10 == 0:
            gc.collect()
    gc.collect()
    assert resident() - before < 24 << 20  # 100 shared values would take 40 MB, with their successors 80
