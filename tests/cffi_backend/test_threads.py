"""Threads that share loops: the same bits for any number, errors and interruptions as on one, forks."""

import itertools
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import config, function, shared
from interactive_sym.cffi_backend import build, call, threads
from interactive_sym.cffi_backend.call import ArgSpec, UnitSpec

ROWS, COLUMNS = 403, 517
X = np.random.default_rng(5).standard_normal((ROWS, COLUMNS))


def with_threads(number: int, make: Callable[[], Any]) -> Any:
    """What `make` gives where functions may use so many threads, for loops of any size that is cut at all."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = str(number)
    try:
        with config.change_flags(openmp=number > 1, openmp_elemwise_minsize=0):
            return make()
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


def softmax(x: Any) -> Any:
    shifted = T.exp(x - x.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "logistic": lambda x: 1 / (1 + T.exp(-x)),
    "sum": lambda x: x.sum(),
    "sum of a chain": lambda x: T.tanh(x * 2 + 1).sum(),
    "sums of rows": lambda x: x.sum(axis=1),
    "sums of columns": lambda x: T.exp(x).sum(axis=0),
    "product": lambda x: (1 + x * 1e-3).prod(),
    "products of columns": lambda x: (1 + x * 1e-3).prod(axis=0),
    "largest": lambda x: x.max(),
    "smallest of columns": lambda x: x.min(axis=0),
    "where the largest of rows is": lambda x: T.argmax(x, axis=1),
    "where the largest is": lambda x: T.argmax(x),
    "where the smallest of columns is": lambda x: T.argmin(x, axis=0),
    "where the largest of a chain along rows is": lambda x: T.argmax(T.exp(x) / T.exp(x).sum(axis=1)[:, None], axis=1),
    "any of columns": lambda x: (x > 3).any(axis=0),
    "all": lambda x: (x < 9).all(),
    "count": lambda x: (x > 0).sum(),
    "variance": lambda x: x.var(axis=0),
    "softmax": softmax,
    "softmax, summed over rows": lambda x: (softmax(x) * x).sum(axis=0),
    "gradient": lambda x: T.grad((T.tanh(x) ** 2).sum(), x),
    "two products with a matrix": lambda x: T.dot(x.T, T.tanh(T.dot(x, x[0]))),
    "transposed": lambda x: T.exp(x.T) + 1,
    "reversed": lambda x: T.sqr(x[::-1, ::2]),
    "joined": lambda x: T.concatenate([x, 2 * x, T.exp(x)], axis=0),
    "joined sideways": lambda x: T.concatenate([T.sin(x), x], axis=1),
    "assigned": lambda x: T.set_subtensor(T.exp(x)[3:9], 1.5) + 1,
    "broadcast": lambda x: x * x.mean(axis=0) + x[:, 0][:, None],
    "layers": lambda x: T.nnet.relu(x * T.arange(COLUMNS) + x.sum()).sum(axis=0) / T.nnet.softplus(x).sum(axis=0),
    "cast": lambda x: T.cast(x * 100, "int8"),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_same_bits_for_any_number_of_threads(name: str, dtype: str) -> None:
    x = T.matrix("x", dtype=dtype)
    y = PROGRAMS[name](x)
    value = X.astype(dtype)
    alone, two, three = (with_threads(number, lambda: function([x], y)) for number in (1, 2, 3))
    assert [f.receipt.threads for f in (alone, two, three)] == [1, 2, 3]
    first = np.asarray(alone(value))
    for f in (two, three, two):
        np.testing.assert_array_equal(np.asarray(f(value)), first)
    with config.change_flags(linker="py"):
        expected = np.asarray(function([x], y)(value))
    np.testing.assert_allclose(first, expected, rtol=1e-9 if dtype == "float64" else 2e-3, atol=1e-4)


@pytest.mark.parametrize("rows", [0, 1, 3, 255, 1001])
def test_same_bits_for_sizes_that_do_not_divide(rows: int) -> None:
    x = T.dmatrix("x")
    outputs = [x.sum(axis=0), T.exp(x), T.exp(x).sum(axis=1), x.sum()]
    alone, three = (with_threads(number, lambda: function([x], outputs)) for number in (1, 3))
    value = np.resize(X, (rows, 301))
    for a, b in zip(alone(value), three(value)):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(three(value)[0], value.sum(axis=0), atol=1e-11)


def train() -> tuple[Any, Any]:
    x, y = T.dmatrix("x"), T.dvector("y")
    w, b = shared(np.zeros(COLUMNS), name="w"), shared(0.0, name="b")
    p = 1 / (1 + T.exp(-T.dot(x, w) - b))
    cost = (-y * T.log(p) - (1 - y) * T.log(1 - p)).mean() + 0.01 * (w**2).sum()
    gw, gb = T.grad(cost, [w, b])
    return function([x, y], [p > 0.5, cost], updates=[(w, w - 0.1 * gw), (b, b - 0.1 * gb)]), w


def test_training_gives_the_same_weights() -> None:
    target = (X[:, 0] > 0).astype("float64")
    results = []
    for number in (1, 2, 3):
        step, w = with_threads(number, train)
        for _ in range(20):
            _, cost = step(X, target)
        results.append((w.get_value().tobytes(), float(cost)))
    assert results[0] == results[1] == results[2]
    assert results[0][1] < 0.5


def test_the_plan_says_how_loops_are_shared() -> None:
    x = T.dmatrix("x")
    nests = [group.threads for group in function([x], T.exp(x)).plan.groups if group.domain]
    assert nests == ["threads share its n1 * n2 iterations"]
    step, _ = train()
    assert any("sums of parts (nodes" in group.threads for group in step.plan.groups)
    (largest,) = [g.threads for g in function([x], T.argmax(x[::-1])).plan.groups if g.domain]
    assert largest.startswith("one thread: node") and largest.endswith("compares all iterations")
    small = T.TensorType("float64", shape=(3, 4))("small")
    (group,) = [g for g in function([small], T.exp(small)).plan.groups if g.domain]
    assert group.threads == "one thread: little work"


def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3,2")
    assert threads.thread_count() == 3
    for nonsense in ("", "0", "many", "-1"):
        monkeypatch.setenv("OMP_NUM_THREADS", nonsense)
        assert threads.thread_count() == threads.processors()
    with config.change_flags(openmp=False, openmp_elemwise_minsize=7):
        assert (threads.thread_count(), threads.enough()) == (1, 7)


# Units written by hand, whose parts show who computes them.

HEAD = """#include "kernel.h"
#include <pthread.h>
#include <time.h>
typedef struct { int64_t *out; int64_t input; int64_t arrived; } state;
static void nap(void) { const struct timespec t = {0, 1000000}; nanosleep(&t, 0); }
"""
BODY = """
int isym_kernel(isym_ctx *ctx) {
  const int64_t n = 8;
  state given = {(int64_t *)ctx->output(ctx, 1, 1, &n), *(const int64_t *)ctx->slot[0].data, 0};
  if (!given.out) return ISYM_MEMORY;
  memset(given.out, 0, 64);
  return isym_run(ctx, part, &given, n, 1000);
}
"""
MEETING = f"""{HEAD}
/* Parts wait till `input` of them run at the same time, some seconds at most. */
static int part(isym_ctx *ctx, const void *given, int64_t number) {{
  state *s = (state *)given;
  (void)ctx;
  __atomic_add_fetch(&s->arrived, 1, __ATOMIC_SEQ_CST);
  for (int k = 0; k < 5000 && __atomic_load_n(&s->arrived, __ATOMIC_SEQ_CST) < s->input; k++) nap();
  s->out[number] = (int64_t)pthread_self();
  return ISYM_OK;
}}
{BODY}"""
FAILING = f"""{HEAD}
/* Parts from `input` on fail, the later the sooner. */
static int part(isym_ctx *ctx, const void *given, int64_t number) {{
  const state *s = (const state *)given;
  if (number == s->input) nap();
  if (number >= s->input) return isym_fail(ctx, ISYM_INDEX, 7, number, 0, 0);
  s->out[number] = 1;
  return ISYM_OK;
}}
{BODY}"""
ENDLESS = f"""{HEAD}
static int part(isym_ctx *ctx, const void *given, int64_t number) {{
  (void)given;
  if (number < 2) return ISYM_OK; /* the caller's own parts may be over sooner than the workers' */
  for (int k = 0; k < 20000; k++) {{
    if (ISYM_INTERRUPTED(ctx)) return ISYM_PYTHON;
    nap();
  }}
  return isym_fail(ctx, ISYM_VALUE, 1, 0, 0, 0);
}}
{BODY}"""
NUMBER, IDS = ArgSpec("x", "int64"), ArgSpec("ids", "int64", (None,))


def unit(source: str, number: int, enough: int = 0, backend: str = "c") -> Any:
    spec = UnitSpec(source, inputs=(NUMBER,), outputs=(IDS,))
    loaded = build.load(source)
    return call.make(spec, loaded, filters=(np.asarray,), single=True, threads=number, enough=enough, backend=backend)


def test_parts_run_on_as_many_threads_as_allowed() -> None:
    assert len(set(unit(MEETING, 2)(2))) == 2
    assert len(set(unit(MEETING, 3)(3))) == 3
    assert set(unit(MEETING, 1)(0)) == {threading.get_ident()}
    assert set(unit(MEETING, 3, enough=1001)(0)) == {threading.get_ident()}
    assert set(unit(MEETING, 3, backend="python")(0)) == {threading.get_ident()}


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_first_error_in_the_order_of_the_loop_is_reported(number: int) -> None:
    f = unit(FAILING, number)
    assert list(f(8)) == [1] * 8
    for first in list(range(8)) * 5:
        with pytest.raises(IndexError, match=f"node 7: index 0 is out of range for axis {first} "):
            f(first)
    assert list(f(8)) == [1] * 8


@pytest.mark.parametrize("number", [1, 2, 3])
def test_interruption_stops_all_parts(number: int) -> None:
    class Stop(Exception):
        pass

    def stop(*_: Any) -> None:
        raise Stop

    f = unit(ENDLESS, number)
    before = signal.signal(signal.SIGALRM, stop)
    try:
        for _ in range(3):
            began = time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, 0.03)
            with pytest.raises(Stop):
                f(0)
            assert time.monotonic() - began < 10  # the parts by themselves take much longer
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(set(unit(MEETING, 2)(2))) == 2


def test_calls_at_the_same_time_get_the_same_bits() -> None:
    x = T.dmatrix("x")
    f = with_threads(3, lambda: function([x], [x.sum(axis=0), T.exp(x)]))
    expected = [a.tobytes() for a in f(X)]
    wrong = itertools.count()

    def work() -> None:
        for _ in range(30):
            if [a.tobytes() for a in f(X)] != expected:
                next(wrong)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert not worker.is_alive()
    assert next(wrong) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forked_children_have_workers_of_their_own() -> None:
    meeting = unit(MEETING, 2)
    assert len(set(meeting(2))) == 2
    for _ in range(5):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of forks where there are threads
            child = os.fork()
        if child == 0:
            code = 1
            try:
                signal.alarm(30)
                code = 0 if len(set(meeting(2))) == 2 else 2
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
    assert len(set(meeting(2))) == 2
