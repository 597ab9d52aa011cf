"""Test values: computed as expressions are written, by every setting."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.configuration import config
from interactive_sym.core.shared import shared
from interactive_sym.core.testvalue import get_test_value
from interactive_sym.function import function
from interactive_sym.scan import scan


def test_off_computes_nothing() -> None:
    x = T.dvector("x")
    x.tag.test_value = np.ones(3)
    assert not hasattr((x + 1).tag, "test_value")


def test_values_follow_expressions() -> None:
    w = shared(np.array([1.0, 2.0]), name="w")
    with config.change_flags(compute_test_value="raise"):
        x = T.dvector("x")
        x.tag.test_value = [3.0, 4.0]
        y = T.dot(x * 2, w) + 1
        np.testing.assert_array_equal(get_test_value(y), 23)
        gradient = T.grad(y, x)
        np.testing.assert_array_equal(gradient.tag.test_value, [2, 4])
        f = function([x], y)  # compilation makes nodes of its own, which need no test values
    assert float(f([0.0, 1.0])) == 5.0


def test_mistakes_show_where_they_are_made() -> None:
    with config.change_flags(compute_test_value="raise"):
        x, y = T.dvector("x"), T.dvector("y")
        x.tag.test_value, y.tag.test_value = np.ones(2), np.ones(3)
        with pytest.raises(ValueError, match=r"(?s)mis-match.*test_testvalue.py.*x \+ y"):
            x + y


def test_inputs_without_test_values() -> None:
    with config.change_flags(compute_test_value="raise"), pytest.raises(AttributeError, match="x, has no test value"):
        T.dvector("x") + 1
    with config.change_flags(compute_test_value="warn"), pytest.warns(UserWarning, match="no test value"):
        T.dvector("x") + 1
    with config.change_flags(compute_test_value="ignore"):
        assert not hasattr((T.dvector("x") + 1).tag, "test_value")


def test_test_values_are_of_the_type() -> None:
    x = T.fvector("x")
    x.tag.test_value = np.ones((2, 2))
    with pytest.raises(TypeError, match="the test value of x"):
        get_test_value(x)
    with pytest.raises(AttributeError, match="no test value"):
        get_test_value(T.dscalar("y"))
    np.testing.assert_array_equal(get_test_value(T.constant([1, 2])), [1, 2])
    assert get_test_value(3) == 3


def test_shown_with_variables() -> None:
    x = T.dvector("x")
    x.tag.test_value = np.ones(2)
    assert repr(x) == "x"
    with config.change_flags(print_test_value=True):
        assert repr(x) == "x\n[1. 1.]"


def test_steps_of_loops_see_values() -> None:
    seen: list[object] = []

    def step(row: Any, before: Any, last: Any, weights: Any) -> Any:
        seen.append([get_test_value(x) for x in (row, before, last)])
        return T.tanh(row + before * last + T.sum(weights))

    with config.change_flags(compute_test_value="raise"):
        rows, start, weights = T.dvector("rows"), T.dvector("start"), T.dvector("weights")
        rows.tag.test_value, start.tag.test_value = np.array([5.0, 6.0]), np.array([1.0, 2.0])
        weights.tag.test_value = np.zeros(2)
        outputs, _ = scan(step, rows, [{"initial": start, "taps": [-2, -1]}], weights)
        gradient = T.grad(T.sum(outputs), rows)
        f = function([rows, start, weights], [outputs, gradient])
    assert seen == [[5.0, 1.0, 2.0]]
    for found, want in zip(f([5.0, 6.0], [1.0, 2.0], [0.0, 0.0]), (outputs, gradient)):
        np.testing.assert_allclose(get_test_value(want), found)
