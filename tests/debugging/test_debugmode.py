"""DebugMode: programs of all kinds pass; rules, compiled nodes and operations that are wrong are found and named."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.cffi_backend import build
from interactive_sym.core.graph import Apply
from interactive_sym.core.op import Op
from interactive_sym.core.ops.elementwise import ELEMENTWISE
from interactive_sym.core.rule import RULES, Rule, rewrites
from interactive_sym.core.shared import shared
from interactive_sym.debugging import (
    BadDestroyMap,
    BadOptimization,
    BadThunkOutput,
    BadViewMap,
    DebugMode,
    InvalidValueError,
    StochasticOrder,
)
from interactive_sym.function import function
from interactive_sym.scan import scan
from interactive_sym.tensor.shared_randomstreams import RandomStreams


def test_logistic_regression_passes() -> None:
    rng = np.random.RandomState(0)
    x, y = T.dmatrix("x"), T.dvector("y")
    w, b = shared(rng.normal(size=4), name="w"), shared(0.0, name="b")
    p = 1 / (1 + T.exp(-T.dot(x, w) - b))
    cost = (-y * T.log(p) - (1 - y) * T.log(1 - p)).mean() + 0.01 * (w**2).sum()
    gw, gb = T.grad(cost, [w, b])
    start = w.get_value()
    train = function([x, y], [p > 0.5, cost], updates=[(w, w - 0.1 * gw), (b, b - 0.1 * gb)], mode="DebugMode")
    data = rng.normal(size=(8, 4)), rng.randint(0, 2, size=8).astype("float64")
    checked = [train(*data)[1] for _ in range(3)]
    w.set_value(start)
    b.set_value(0.0)
    plain = function([x, y], cost, updates=[(w, w - 0.1 * gw), (b, b - 0.1 * gb)])
    np.testing.assert_allclose(checked, [plain(*data) for _ in range(3)])
    assert checked[2] < checked[0]


def test_streams_and_loops_pass() -> None:
    draws = RandomStreams(7).normal((3,))
    x = T.dvector("x")
    f = function([x], draws + x, mode=DebugMode(stability_patience=2))
    g = function([x], draws + x)
    first, second = f(np.zeros(3)), g(np.zeros(3))
    assert not np.array_equal(first, second)  # both moved the one stream on
    third = RandomStreams(7).normal((3,)).eval()
    np.testing.assert_array_equal(first, third)


def test_interpreted_functions_are_checked_too() -> None:
    x = T.dvector("x")
    f = function([x], T.exp(x) * 2, mode=DebugMode(linker="py"))
    np.testing.assert_allclose(f([0.0, 1.0]), [2, 2 * np.e])


@pytest.fixture
def wrong_rule() -> Iterator[str]:
    @rewrites("tanh", name="wrong_on_purpose", stage="useless", why="It is not.")
    def rule(node: Apply) -> Any:
        return T.sin(node.inputs[0])

    yield "wrong_on_purpose"
    RULES.remove("wrong_on_purpose")


def test_a_wrong_rule_is_named(wrong_rule: str) -> None:
    x = T.dvector("x")
    state = shared(np.zeros(2), name="state")
    f = function([x], T.tanh(x) + 1, updates=[(state, x)], mode="DebugMode")
    with pytest.raises(BadOptimization, match=r"(?s)wrong_on_purpose.*test_debugmode.py.*excluding") as caught:
        f([0.5, 1.0])
    assert caught.value.rule == wrong_rule and caught.value.node.op.name == "tanh"
    np.testing.assert_allclose(caught.value.old, np.tanh([0.5, 1.0]))
    np.testing.assert_array_equal(state.get_value(), [0, 0])
    g = function([x], T.tanh(x) + 1, mode=DebugMode().excluding(wrong_rule))
    np.testing.assert_allclose(g([0.5, 1.0]), np.tanh([0.5, 1.0]) + 1)


@pytest.mark.skipif(build.compiler() is None, reason="compares compiled code")
def test_wrong_c_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    x = T.dvector("x")
    monkeypatch.setattr(ELEMENTWISE["exp"], "c", "exp{f}({0} + 0.001)")
    f = function([x], T.exp(x) * 2, mode="DebugMode")
    with pytest.raises(BadThunkOutput, match=r"(?s)node 0, exp.*test_debugmode.py.*reference.*compiled") as caught:
        f([1.0])
    np.testing.assert_allclose(caught.value.expected, [np.e])
    np.testing.assert_allclose(caught.value.got, [np.exp(1.001)])
    relaxed = function([x], T.exp(x) * 2, mode=DebugMode(check_c_code=False))
    np.testing.assert_allclose(relaxed([1.0]), [2 * np.exp(1.001)])


def test_rewriting_that_varies_is_found() -> None:
    count = [0]

    @rewrites("sinh", name="varies", stage="useless", why="It does not know what it wants.")
    def rule(node: Apply) -> Any:
        count[0] += 1
        return T.cosh(node.inputs[0]) if count[0] == 1 else None

    try:
        with pytest.raises(StochasticOrder, match="another result"):
            function([x := T.dscalar("x")], T.sinh(x), mode="DebugMode")
    finally:
        RULES.remove("varies")


class Sloppy(Op):
    """x + 1, in several wrong ways."""

    __props__ = ("how",)

    def __init__(self, how: str) -> None:
        self.how = how

    def make_node(self, x: Any) -> Apply:
        x = T.as_tensor_variable(x)
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: Any, outputs: Any) -> None:
        (x,) = inputs
        if self.how == "destroys":
            x += 1
            outputs[0][0] = x.copy()
        elif self.how == "view":
            outputs[0][0] = x[::-1]
        elif self.how == "dtype":
            outputs[0][0] = (x + 1).astype("float32")
        else:
            outputs[0][0] = x + np.inf


@pytest.mark.parametrize(
    ("how", "error", "text"),
    [
        ("destroys", BadDestroyMap, "changes its input 0"),
        ("view", BadViewMap, "view of input 0"),
        ("dtype", InvalidValueError, "float32"),
        ("infinite", InvalidValueError, "not finite"),
    ],
)
def test_sloppy_operations(how: str, error: type[Exception], text: str) -> None:
    x = T.dvector("x")
    f = function([x], Sloppy(how)(x) * 1.5, mode="DebugMode")
    value = np.array([1.0, 2.0])
    with pytest.raises(error, match=text):
        f(value)
    np.testing.assert_array_equal(value, [1, 2])


def test_errors_of_the_user_stay_what_they_are() -> None:
    x, y = T.dvectors("x", "y")
    f = function([x, y], x + y, mode="DebugMode")
    with pytest.raises(ValueError, match="mis-match"):
        f([1.0], [1.0, 2.0])


def test_fields_and_names() -> None:
    mode = DebugMode(check_isfinite=False).including("sizes").excluding("canonicalise")
    assert isinstance(mode, DebugMode) and mode.check_finite is False and "canonicalise" in mode.excluded
    from interactive_sym.core.configuration import config
    from interactive_sym.mode import get_mode

    with config.change_flags({"DebugMode.patience": 3}):
        assert get_mode("DEBUG_MODE").patience == 3
    with config.change_flags(mode="DebugMode"):
        assert isinstance(get_mode(), DebugMode)


def test_every_rule_that_is_data_holds_where_it_fires() -> None:
    """A check of the checker: it sees the rules of the house fire and agrees with each of them."""
    x, y = T.dvectors("x", "y")
    outputs = [
        T.log(1 + T.exp(x)),
        T.sum(x * 2),
        (x * y) / y,
        T.log(T.nnet.sigmoid(x)),
        x**2 * 1.0,
        T.neg(T.neg(x)),
        T.exp(T.log(y)),
    ]
    f = function([x, y], outputs, mode="DebugMode")
    f([0.5, -1.0], [2.0, 3.0])
    fired = {firing.rule for firing in f.trace}
    assert any(isinstance(RULES[name], Rule) for name in fired if name != "merge") and len(fired) > 4


def test_rules_that_see_the_whole_program_are_checked_by_its_results() -> None:
    x = T.dvector("x")
    states, _ = scan(lambda row, before: T.tanh(row + before), x, T.constant(0.5, dtype="float64"))
    f = function([x], [states[-1], T.constant([[1.0, 2.0]]).T], mode="DebugMode")
    assert "keep_last_rows" in {firing.rule for firing in f.trace}
    last, constant = f([0.1, 0.2, 0.3])
    np.testing.assert_allclose(last, np.tanh(0.3 + np.tanh(0.2 + np.tanh(0.6))))
    np.testing.assert_array_equal(constant, [[1], [2]])
