"""`bisect`: the first rewrite after which a value differs, and how values are compared."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import function, shared
from interactive_sym.core.rule import RULES
from interactive_sym.core.trace import Trace
from interactive_sym.debugging import bisect
from interactive_sym.debugging.bisecting import difference


def softplus():
    x = T.dvector("x")
    return function([x], T.log(1 + T.exp(x * 1)), name="softplus")


def test_finds_the_rewrite_that_takes_infinity_away():
    f = softplus()
    found = bisect(f, [[1.0, 800.0]], "nan")
    assert found and found.firing.rule == "log1p_of_exp"
    assert np.isinf(found.before[1]) and found.after[1] == 800.0
    assert f.trace.firings[found.step - 1] is found.firing
    assert "T.log(1 + T.exp(x * 1))" in str(found) and "1 of 2 elements finite in one only" in str(found)


def test_nothing_changes_where_nothing_does():
    x = T.dvector("x")
    f = function([x], (x * 1 + 0) * 2)
    found = bisect(f, [[1.0, 2.0]])
    assert not found and found.step == 0 and str(found).startswith("no difference in")


def test_last_digits_and_tolerance():
    f = softplus()
    values = [np.linspace(-3, 3, 101)]
    found = bisect(f, values)
    assert found and 0 < found.difference.relative < 1e-12
    assert RULES[found.firing.rule].changes == "last digits"
    assert not bisect(f, {"x": values[0]}, tolerance=1e-9)


def test_updates_are_compared_and_nothing_is_stored():
    w = shared(np.array([1.0, 900.0]), name="w")
    f = function([], updates=[(w, T.log(1 + T.exp(w)))])
    found = bisect(f, difference_in="nan")
    assert found and found.output == 0
    assert w.get_value().tolist() == [1.0, 900.0]


def test_bad_requests():
    f = softplus()
    with pytest.raises(ValueError, match="digits, nan"):
        bisect(f, [[1.0]], "everything")
    with pytest.raises(TypeError, match="missing 1 required argument"):
        bisect(f)


def test_differences():
    a = np.array([0.0, np.nan, 1.0])
    assert difference(a, a.copy()).equal
    assert "sign of zero" in difference(np.array([0.0]), np.array([-0.0])).text
    assert difference(np.array([1, 2]), np.array([1, 3])).text == "1 of 2 elements differ"
    assert not difference(np.zeros(2), np.zeros(3)).finite


def test_graphs_on_the_way_are_the_same_in_any_order():
    x, y = T.dmatrix("x"), T.dvector("y")
    p = 1 / (1 + T.exp(-T.dot(x, y)))
    f = function([x, y], [T.log(p).sum() + T.log(1 - p).sum(), T.grad(T.log(p).sum(), y)])
    trace = f.trace

    def fresh():
        return Trace(
            trace.initial, trace.interner, trace.firings, trace.passes, trace.disabled, trace.final, trace.merged,
            trace.rebuilt, trace.tried, trace._apart,
        )  # fmt: skip

    forwards = [fresh().graph_at(k) for k in range(len(trace) + 1)]
    walking = fresh()
    assert [walking.graph_at(k) for k in range(len(trace) + 1)] == forwards
    assert [walking.graph_at(k) for k in range(len(trace), -1, -1)] == forwards[::-1]
    assert len(trace) > 5 and len(set(forwards)) > 5
