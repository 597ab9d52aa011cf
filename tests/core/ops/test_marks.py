"""`Print` and `Assert`, compiled and interpreted; gradients' marks are tested with derivatives."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.function import function
from interactive_sym.mode import Mode
from interactive_sym.printing import Print
from tests.core.ops.evaluation import check_gradient

MODES = [Mode("c"), Mode("c", "None"), Mode("py")]


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_print(mode: Mode, capsys: pytest.CaptureFixture[str]) -> None:
    x = T.dvector("x")
    f = function([x], T.sum(Print("x is", attrs=("__str__", "shape"))(x)), mode=mode)
    assert float(f([1.0, 2.0])) == 3.0
    assert capsys.readouterr().out == "x is __str__ = [1. 2.]\nx is shape = (2,)\n"


def test_print_of_constants_prints_at_every_call(capsys: pytest.CaptureFixture[str]) -> None:
    f = function([], Print("here")(T.constant(2.0)) * 3)
    assert capsys.readouterr().out == ""
    assert float(f()) == float(f()) == 6.0
    assert capsys.readouterr().out.count("here") == 2


def test_print_calls_what_it_is_given() -> None:
    seen: list[Any] = []
    x = T.lscalar("x")
    op = Print("m", global_fn=lambda op, value: seen.append((op.message, int(value))))
    assert int(function([x], op(x) + 1)(4)) == 5
    assert seen == [("m", 4)]


def test_derivatives_pass() -> None:
    check_gradient(lambda x: Print(global_fn=lambda op, value: None)(x) ** 2, np.array([1.0, 2.0]))
    check_gradient(lambda x: T.opt.Assert("never")(x, T.all(x > 0)) ** 2, np.array([1.0, 2.0]))


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_assert(mode: Mode) -> None:
    x, y = T.dvectors("x", "y")
    check = T.opt.Assert("x must lie below y")
    f = function([x, y], [check(x, T.all(x < y), T.sum(x) > 0) * 2, T.exp(y)], mode=mode)
    np.testing.assert_array_equal(f([1.0, 2.0], [3.0, 3.0])[0], [2, 4])
    with pytest.raises(AssertionError, match=r"(?s)x must lie below y.*test_marks.py.*condition"):
        f([1.0, 4.0], [3.0, 3.0])
    with pytest.raises(AssertionError, match="gt"):
        f([-1.0, -4.0], [3.0, 3.0])


def test_assertions_stay_when_nothing_uses_their_value_but_its_shape() -> None:
    x = T.dvector("x")
    f = function([x], T.opt.assert_op(x, T.sum(x) > 0) + 1)
    assert "assert" in [node.op.name for node in f.program.nodes]


def test_conditions_that_always_hold_vanish() -> None:
    x = T.dvector("x")
    f = function([x], T.opt.Assert()(x, True, np.bool_(True)) * 2)
    assert [node.op.name for node in f.program.nodes] == ["mul"]
    assert "useless_assert" in [firing.rule for firing in f.trace]


def test_conditions_are_scalars() -> None:
    x = T.dvector("x")
    with pytest.raises(TypeError, match=r"T.all\(condition\)"):
        T.opt.Assert()(x, x > 0)
