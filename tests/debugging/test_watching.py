"""MonitorMode and NanGuardMode: what they show is what the compiled program computes."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.configuration import config
from interactive_sym.core.shared import shared
from interactive_sym.debugging import MonitorMode, NanGuardMode, contains_inf, contains_nan, detect_nan
from interactive_sym.function import function
from interactive_sym.mode import get_mode
from interactive_sym.tensor.shared_randomstreams import RandomStreams


@pytest.mark.parametrize("linker", ["c", "py"])
def test_hooks_see_every_node_in_order(linker: str) -> None:
    seen: list[tuple[str, int, str, list[Any]]] = []

    def before(i: int, node: Any, run: Any) -> None:
        seen.append(("before", i, node.op.name, [cell[0].copy() for cell in run.inputs]))

    def after(i: int, node: Any, run: Any) -> None:
        seen.append(("after", i, node.op.name, [cell[0].copy() for cell in run.outputs]))

    x, y = T.dvector("x"), T.dvector("y")
    total = shared(0.0, name="total")
    mode = MonitorMode(before, after, linker=linker)
    f = function([x, y], [T.exp(x) + y, T.sum(T.exp(x))], updates=[(total, total + T.sum(y))], mode=mode)
    outputs = f([0.0, 1.0], [1.0, 1.0])
    np.testing.assert_allclose(outputs[0], [2, np.e + 1])
    np.testing.assert_allclose(outputs[1], 1 + np.e)
    assert float(total.get_value()) == 2.0
    nodes = [node.op.name for node in f.program.nodes]
    assert [(when, name) for when, _, name, _ in seen] == [
        pair for n in nodes for pair in (("before", n), ("after", n))
    ]
    by_name = {name: values for when, _, name, values in seen if when == "after"}
    np.testing.assert_allclose(by_name["exp"][0], [1, np.e])


def test_nodes_before_an_error_are_shown() -> None:
    seen = []
    mode = MonitorMode(
        lambda i, node, run: seen.append(("before", node.op.name)),
        lambda i, node, run: seen.append(("after", node.op.name)),
    )
    x, y = T.dvectors("x", "y")
    state = shared(np.zeros(2), name="state")
    f = function([x, y], T.exp(x) + y, updates=[(state, x)], mode=mode)
    with pytest.raises(ValueError, match="mis-match"):
        f([1.0, 2.0], [1.0, 2.0, 3.0])
    assert seen == [("before", "exp"), ("after", "exp"), ("before", "add")]
    np.testing.assert_array_equal(state.get_value(), [0, 0])


def test_random_states_are_values_too() -> None:
    kinds: list[str] = []
    mode = MonitorMode(post_func=lambda i, node, run: kinds.extend(type(cell[0]).__name__ for cell in run.outputs))
    f = function([], RandomStreams(3).uniform((2,)), mode=mode)
    first = f()
    assert "RandomState" in kinds and "ndarray" in kinds
    assert not np.array_equal(first, f())


def test_detect_nan(capsys: pytest.CaptureFixture[str]) -> None:
    x = T.dscalar("x")
    f = function([x], T.log(x) * 2 + 1, mode=MonitorMode(post_func=detect_nan))
    assert np.isnan(f(-1.0))
    text = capsys.readouterr().out
    assert text.count("*** NaN detected ***") == 1 and "log [id A]" in text and "Outputs: [array(nan)]" in text
    f(1.0)
    assert capsys.readouterr().out == ""


def test_fields_survive_changes() -> None:
    mode = MonitorMode(post_func=detect_nan).excluding("canonicalise").including("sizes")
    assert isinstance(mode, MonitorMode) and mode.post_func is detect_nan and mode.pre_func is None
    guard = NanGuardMode(big_is_error=False).excluding("canonicalise")
    assert isinstance(guard, NanGuardMode) and not guard.big_is_error and guard.nan_is_error


# -- NanGuardMode ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("linker", ["c", "py"])
@pytest.mark.parametrize(
    ("build", "value", "text"),
    [
        (lambda x: T.log(x), -1.0, "log, makes NaN"),
        (lambda x: 1 / x, 0.0, "makes infinity"),
        (lambda x: T.exp(x) * 2, 30.0, "exp, makes a number beyond 1e10"),
    ],
)
def test_bad_numbers_are_named(build: Any, value: float, text: str, linker: str) -> None:
    x = T.dvector("x")
    state = shared(np.zeros(1), name="state")
    f = function([x], build(x) + 1, updates=[(state, x)], mode=NanGuardMode(linker=linker))
    np.testing.assert_allclose(f([2.0]), function([x], build(x) + 1)([2.0]))
    with pytest.raises(AssertionError, match=rf"(?s){text}.*test_watching.py"):
        f([value])
    np.testing.assert_array_equal(state.get_value(), [2.0])


def test_inputs_are_looked_at() -> None:
    x = T.dvector("x")
    f = function([x], T.switch(T.isnan(x), 0.0, x), mode="NanGuardMode")
    with pytest.raises(AssertionError, match="NaN in input x"):
        f([np.nan])
    x.tag.nan_guard_mode_check = False
    np.testing.assert_array_equal(f([np.nan]), [0])


def test_what_is_an_error_can_be_chosen() -> None:
    x = T.dvector("x")
    f = function([x], T.log(x), mode=NanGuardMode(inf_is_error=False))
    assert f([0.0])[0] == -np.inf
    with config.change_flags({"NanGuardMode.nan_is_error": False}):
        assert not get_mode("NanGuardMode").nan_is_error
    with config.change_flags({"NanGuardMode.action": "warn"}), pytest.warns(RuntimeWarning, match="makes NaN"):
        f([-1.0])


def test_looking_at_arrays() -> None:
    assert contains_nan(np.array([np.nan], "float32")) and not contains_nan(np.zeros(0)) and not contains_nan(3)
    assert contains_inf(np.array([1j * np.inf])) and not contains_inf(np.array([1, 2]))
