"""Profiles: of the compiled program, with times by loop nest, and of the interpreted one, node by node."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.configuration import config
from interactive_sym.core.shared import shared
from interactive_sym.debugging import ProfileStats
from interactive_sym.function import function
from interactive_sym.mode import Mode


def heavy_and_light() -> tuple[Any, Any]:
    x = T.dmatrix("x")
    return x, [T.dot(x, x.T), T.sum(x[0])]


def test_times_by_loop_nest() -> None:
    x, outputs = heavy_and_light()
    f = function([x], outputs, profile=True, name="heavy and light")
    value = np.random.RandomState(0).normal(size=(300, 300))
    for _ in range(3):
        got = f(value)
    np.testing.assert_allclose(got[0], value @ value.T)
    np.testing.assert_allclose(got[1], value[0].sum())
    stats = f.profile
    (part,) = stats.parts
    assert stats.fct_callcount == part.calls == 3
    assert 0 < stats.vm_call_time <= stats.fct_call_time
    assert part.fastest <= part.seconds / 3 <= part.slowest
    rows = part.rows()
    assert rows[0].what == "dot" and rows[0].calls == 3 and rows[0].seconds > rows[-1].seconds
    assert "test_profiling.py" in rows[0].where
    sizes = [row.size for row in part.buffers()]
    assert max(sizes) == 300 * 300 * 8
    assert sum(stats.apply_time.values()) == pytest.approx(stats.vm_call_time)


def test_profiled_functions_compute_the_same() -> None:
    x = T.dvector("x")
    total = shared(0.0)
    output = T.exp(x) / T.sum(T.exp(x))
    plain = function([x], output)
    measured = function([x], output, updates=[(total, total + T.sum(x))], profile=True)
    for _ in range(2):
        np.testing.assert_array_equal(measured([1.0, 2.0]), plain([1.0, 2.0]))
    assert float(total.get_value()) == 6.0
    with pytest.raises(TypeError):
        measured()


def test_interpreted() -> None:
    x, outputs = heavy_and_light()
    f = function([x], outputs, mode=Mode("py"), profile="by NumPy")
    f(np.ones((200, 200)))
    stats = f.profile
    rows = stats.parts[0].rows()
    assert {row.nodes[0] for row in rows} == set(f.program.nodes)
    assert "Nodes" in stats.lines() and stats.lines()[0] == "Profile of by NumPy"
    assert stats.parts[0].buffers()[0].size == 200 * 200 * 8


def test_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x, outputs = heavy_and_light()
    f = function([x], outputs, profile=True, name="f")
    f(np.ones((50, 50)))
    text = io.StringIO()
    with config.change_flags(profile_memory=True, profile_optimizer=True):
        f.profile.summary(text)
    found = text.getvalue()
    for piece in ("Profile of f", "1 calls", "Loop nests", "dot", "Passes of rewriting", "Memory of the last call"):
        assert piece in found
    assert all(len(line) < 140 for line in found.splitlines())
    with config.change_flags({"profiling.destination": "stdout", "profiling.n_apply": 1}):
        f.profile.summary()
    assert "more," in capsys.readouterr().out
    path = tmp_path / "profile.txt"
    with config.change_flags({"profiling.destination": str(path)}):
        f.profile.summary()
    assert path.read_text().startswith("Profile of f")


def test_shared_profiles_and_flags() -> None:
    x = T.dscalar("x")
    stats = ProfileStats("both")
    f, g = function([x], x + 1, profile=stats), function([x], x * 2, profile=stats)
    f(1.0), f(1.0), g(1.0)
    assert stats.fct_callcount == 3 and len(stats.parts) == 2
    stats.reset()
    assert stats.fct_callcount == 0 and stats.vm_call_time == 0
    assert function([x], x + 1).profile is None
    with config.change_flags({"profiling.ignore_first_call": True}):
        h = function([x], x + 1, profile=True)
        h(1.0), h(1.0)
    assert h.profile.fct_callcount == 1
    with pytest.raises(TypeError, match="profile is"):
        function([x], x, profile=3.5)
