"""Functions whose C is compiled in the background: the same results, errors and warnings, and no trace in streams."""

import os
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import NoCompilerWarning, config, function, shared
from interactive_sym.cffi_backend import background, build, cache
from interactive_sym.cffi_backend.cache import CacheWarning
from interactive_sym.function import Function
from tests.test_theano_names import python


@pytest.fixture(autouse=True)
def in_background(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The flag on, and a cache that has nothing."""
    monkeypatch.setenv("INTERACTIVE_SYM_CACHE", str(tmp_path / "cache"))
    with config.change_flags(background_compile=True):
        yield


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The compiler waits until it is set."""
    opened, compile_unit = threading.Event(), build.compile_unit

    def waiting(*arguments: Any) -> Any:
        assert opened.wait(60)
        return compile_unit(*arguments)

    monkeypatch.setattr(build, "compile_unit", waiting)
    yield opened
    opened.set()


def fresh(name: str = "x") -> tuple[Any, Any]:
    """An input and an expression of it that no other test compiles."""
    x = T.dvector(name)
    return x, T.tanh(x * (1 + time.time_ns() % 1_000_003 * 1e-9)) + 1


def test_calls_run_before_the_compiler_is_done(gate: threading.Event) -> None:
    x, y = fresh()
    f = function([x], y)
    data = np.linspace(-2, 2, 5)
    before = f(data)
    assert not f.ready(0)
    assert str(f.receipt).startswith("being compiled in the background; rewrite")
    assert "tanh" in f.c_source and f.plan.groups
    gate.set()
    assert f.ready()
    assert not f.receipt.hit and f.receipt.background and f.receipt.interpreted == 1
    assert "in the background, 1 call ran with NumPy meanwhile" in str(f.receipt)
    np.testing.assert_allclose(f(data), before, rtol=1e-14)
    assert f.receipt.interpreted == 1


def test_updates_go_on_where_they_were(gate: threading.Event) -> None:
    x, _ = fresh()
    total = shared(np.zeros(3), name="total")
    step = function([x], total.sum(), updates=[(total, total + x)])
    for turn in range(6):
        if turn == 3:
            gate.set()
            assert step.ready()
        assert step([1.0, 2.0, 3.0]) == 6.0 * turn
    np.testing.assert_array_equal(total.get_value(), [6.0, 12.0, 18.0])


def test_what_was_compiled_before_runs_at_once() -> None:
    x, y = fresh()
    with config.change_flags(background_compile=False):
        function([x], y)
    again = function([x], y)
    assert again.ready(0)
    assert again.receipt.hit and not again.receipt.background


def test_errors_of_calls_are_the_same(gate: threading.Event) -> None:
    x, z = T.dvector("x"), T.dvector("z")
    f = function([x, z], x * (2 + time.time_ns() % 1_000_003 * 1e-9) + z)
    said = []
    for _ in range(2):
        with pytest.raises(ValueError, match="dimension mis-match") as caught:
            f([1.0, 2.0], [1.0, 2.0, 3.0])
        with pytest.raises(TypeError, match="input 'x'") as wrong:
            f("text", [1.0])
        said.append((str(caught.value), str(wrong.value)))
        gate.set()
        assert f.ready()
    assert said[0] == said[1]


def test_a_compiler_that_fails_is_warned_of_by_the_next_call(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def failing(*arguments: Any) -> Any:
        raise build.CompileError(f"the compiler is not well today ({time.time_ns()})")

    monkeypatch.setattr(build, "compile_unit", failing)
    x, y = fresh()
    with warnings.catch_warnings(record=True) as early:
        warnings.simplefilter("always")
        f = function([x], y)
        assert f.ready()
    assert not early
    assert capfd.readouterr() == ("", "")
    with pytest.warns(NoCompilerWarning, match="not well today.*\nRunning with NumPy") as caught:
        first = f([1.0])
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f([1.0]) == first


def test_an_error_of_ours_is_raised_by_the_next_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*arguments: Any) -> Any:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(build, "compile_unit", failing)
    x, y = fresh()
    f = function([x], y)
    f.ready()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="a mistake"):
            f([1.0])


def test_warnings_of_the_cache_are_said_by_the_next_call(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = fresh()
    binary = build.binary

    def grumbling(*arguments: Any, **options: Any) -> Any:
        if options.get("compiling"):
            cache._warn_once(f"the disk is full ({time.time_ns()})")
        return binary(*arguments, **options)

    monkeypatch.setattr(build, "binary", grumbling)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        f = function([x], y)
        assert f.ready()
    with pytest.warns(CacheWarning, match="the disk is full"):
        first = f([0.5])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(f([0.5]), first)


def test_the_thread_leaves_streams_alone(gate: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    class Untouchable:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"{threading.current_thread().name} asked for {name}")

    x, y = fresh()
    f = function([x], y)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", Untouchable())
        patch.setattr(sys, "stderr", Untouchable())
        gate.set()
        done = f.ready()
        same = isinstance(sys.stdout, Untouchable) and isinstance(sys.stderr, Untouchable)
    assert done and same and f.receipt.name


def test_several_functions_are_compiled_in_turn() -> None:
    made: list[Function] = []
    for _ in range(3):
        x, y = fresh()
        made.append(function([x], y))
    assert all(f.ready() for f in made)
    assert all(f.receipt.name for f in made)
    for thread in threading.enumerate():
        if thread.name == "interactive_sym compilation":
            thread.join(10)
    assert background._state.thread is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_compiles_what_was_under_way(gate: threading.Event) -> None:
    x, y = fresh()
    f = function([x], y)
    data = np.array([0.5])
    before = f(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forking with threads
        child = os.fork()
    if child == 0:
        gate.set()
        good = np.allclose(f(data), before) and f.ready(60) and f.receipt.name and np.allclose(f(data), before)
        os._exit(0 if good else 1)
    gate.set()  # the two take turns with the compiler
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert f.ready()


def test_a_program_that_ends_waits_for_the_compiler_that_runs_only(tmp_path: Path) -> None:
    program = """
import interactive_sym.tensor as T
from interactive_sym import function
x = T.dvector("x")
made = [function([x], T.tanh(x * (1.5 + k))) for k in range(40)]
print(made[0]([0.0]))
"""
    done = python("-W", "error", "-c", program, INTERACTIVE_SYM_FLAGS="background_compile=True")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[0.]\n", "")


def test_profiled_and_watched_functions_are_compiled_at_once() -> None:
    x, y = fresh()
    assert function([x], y, profile=True).ready(0)
    assert function([x], y, mode="DebugMode").ready(0)
