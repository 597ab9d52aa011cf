"""Patterns: written like expressions, matched against nodes, built anew."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.pattern import Any_, build, head, match, mismatch, uniform_value, variables

a, b, c = Any_("a"), Any_("b"), Any_("c", constant=True)
log, log1p, exp, switch, lt = map(head, ("log", "log1p", "exp", "switch", "lt"))
x, y = T.dvectors("x", "y")


def bindings(pattern, expression):
    return list(match(pattern, expression, {}))


def test_patterns_print_as_people_write_them():
    assert str(log(1 + a)) == "log((1 + a))"
    assert str(-(a - b) / (2 * a) ** b) == "((-(a - b)) / ((2 * a) ** b))"
    assert repr(switch(lt(a, b), a, 0)) == "switch((a < b), a, 0)"


def test_variables_in_order_of_appearance():
    assert variables(b * (a + b)) == ["b", "a"]
    assert variables(a) == ["a"]


def test_a_variable_matches_anything_and_stays_the_same():
    assert bindings(a * b, x * y)[0] == {"a": x, "b": y}
    assert bindings(a - a, x - x) == [{"a": x}]
    assert bindings(a - a, x - y) == []


def test_commutative_operands_match_in_either_order():
    assert bindings(log(1 + a), T.log(x + 1)) == [{"a": x}]
    assert len(bindings(a * b, x * y)) == 2
    assert bindings(a - exp(b), T.exp(x) - y) == []


def test_numbers_match_constants_of_any_shape_and_type():
    for one in (1, 1.0, np.ones(3), np.float32(1)):
        assert bindings(a + 1, x + one)
    assert not bindings(a + 1, x + np.array([1.0, 2.0, 1.0]))
    assert not bindings(a + 1, x + y)


def test_constant_variables_match_constants_only():
    assert bindings(a * c, x * 2.5) and not bindings(a * c, x * y)


def test_an_operation_of_another_element_type_inside_does_not_match():
    k, m = T.bvector("k"), T.lvector("m")
    assert bindings(a - (-b), m - (-m)) and not bindings(a - (-b), m - (-k))
    assert "element type" in mismatch(a - (-b), m - (-k))


def test_conditions_have_their_own_type():
    assert bindings(switch(lt(a, b), a, b), T.switch(x < y, x, y))


def test_building_is_the_inverse_of_matching():
    pattern = log1p(-(a * b))
    expression = T.log1p(-(x * y))
    again = build(pattern, bindings(pattern, expression)[0])
    assert again.type == expression.type
    assert bindings(pattern, again)


def test_uniform_value():
    assert uniform_value(T.constant(np.full((2, 3), 7))) == 7
    assert uniform_value(T.constant([1.0, 2.0])) is None
    assert uniform_value(T.constant(np.zeros((0,)))) is None
    assert uniform_value(x) is None


@pytest.mark.parametrize(
    ("pattern", "expression", "reason"),
    [
        (log(1 + a), x, "x is a leaf, the pattern wants log((1 + a))"),
        (log(1 + a), T.exp(x), "is made by exp, the pattern wants log"),
        (log(1 + a), T.log(x * 1.5), "is made by mul, the pattern wants add"),
        (log(1 + a), T.log(x + 2), "is not the constant 1"),
        (a - a, x - y, "two different things"),
        (a * c, x * y, "is not a constant"),
        (log(1 + a), T.log(1 + x), ""),
    ],
    ids=str,
)
def test_why_a_pattern_does_not_match(pattern, expression, reason):
    found = mismatch(pattern, expression)
    assert reason in found and bool(reason) == bool(found)
