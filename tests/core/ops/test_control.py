"""Branches: which one is taken, that the other is not computed, gradients, errors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import Mode, Op, function, grad
from interactive_sym.core.graph import Apply
from interactive_sym.core.ops.body import Body
from interactive_sym.core.ops.control import Branches
from interactive_sym.ifelse import ifelse
from tests.core.ops.evaluation import RUNNERS, assert_same, check_gradient


class Counted(Op):
    """Twice its input; counts how often it is computed."""

    __props__ = ("which",)
    calls: dict[str, int] = {}  # noqa: RUF012 - a tally of the test's own

    def __init__(self, which: str) -> None:
        self.which = which

    def make_node(self, x: Any) -> Apply:
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        self.calls[self.which] = self.calls.get(self.which, 0) + 1
        output_storage[0][0] = 2 * inputs[0]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return list(input_shapes)

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> Sequence[Any]:
        return [2 * output_grads[0]]


def counts(run: Any) -> dict[str, int]:
    Counted.calls.clear()
    run()
    return dict(Counted.calls)


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int32", "bool", "complex128"])
def test_takes_one_of_two(way: str, dtype: str) -> None:
    condition = T.iscalar("condition")
    x, y = (T.TensorType(dtype, (False, False))(name) for name in "xy")
    values = [np.ones((2, 3), dtype), np.zeros((4, 0), dtype)]
    for flag in (0, 1, -7):
        (got,) = RUNNERS[way]([condition, x, y], [ifelse(condition, x, y)], [flag, *values])
        assert_same(got, values[0] if flag else values[1])


@pytest.mark.parametrize("way", RUNNERS)
def test_several_values(way: str) -> None:
    a, b = T.dscalars("a", "b")
    low, high = ifelse(T.lt(a, b), [a, b], [b, a])
    assert [float(x) for x in RUNNERS[way]([a, b], [low, high], [5.0, 2.0])] == [2.0, 5.0]


@pytest.mark.parametrize("mode", [Mode("py", "fast_run"), Mode("c", "fast_run"), Mode("c", "fast_compile")])
def test_the_other_branch_is_not_computed(mode: Mode) -> None:
    condition, x = T.dscalar("condition"), T.dvector("x")
    common = Counted("common")(x)
    one, two = Counted("one")(common).sum(), Counted("two")(common + 1).sum()
    chosen = ifelse(condition, one, two)
    f = function([condition, x], [chosen, grad(chosen, x)], mode=mode)
    for flag, taken in ((1.0, "one"), (0.0, "two")):
        found = counts(lambda flag=flag: f(flag, [1.0, 2.0]))
        assert set(found) == {"common", taken}, found
    value, gradient = f(0.0, [1.0, 2.0])
    assert float(value) == 2 * (3 + 5)
    assert gradient.tolist() == [4.0, 4.0]


@pytest.mark.parametrize("mode", [Mode("py", None), Mode("c", "fast_run")])
def test_nested_branches(mode: Mode) -> None:
    x = T.dscalar("x")
    sign = ifelse(T.gt(x, 0), Counted("plus")(x), ifelse(T.lt(x, 0), Counted("minus")(-x), Counted("zero")(x + 7)))
    f = function([x], sign, mode=mode)
    for value, which, want in ((3.0, "plus", 6.0), (-2.0, "minus", 4.0), (0.0, "zero", 14.0)):
        results: list[Any] = []
        found = counts(lambda value=value, results=results: results.append(f(value)))
        assert found == {which: 1}
        assert float(results[0]) == want


def test_sizes_may_differ_and_are_known_without_values() -> None:
    condition, x = T.iscalar("condition"), T.dvector("x")
    chosen = ifelse(condition, x[1:], T.concatenate([x, x]))
    f = function([condition, x], [chosen.shape, chosen.sum(), T.zeros_like(chosen)])
    assert [np.asarray(r).tolist() for r in f(1, [1.0, 2.0])] == [[1], 2.0, [0.0]]
    assert [np.asarray(r).tolist() for r in f(0, [1.0, 2.0])] == [[4], 6.0, [0.0] * 4]


def test_gradient() -> None:
    check_gradient(lambda x, y: ifelse(T.gt(x.sum(), 1.0), (x * y).sum(), T.exp(y).sum()), [0.5, 1.5], [2.0, 3.0])
    check_gradient(lambda x, y: ifelse(T.gt(x.sum(), 9.0), (x * y).sum(), T.exp(y).sum()), [0.5, 1.5], [2.0, 3.0])


def test_element_types_meet() -> None:
    condition, x, y = T.iscalar("condition"), T.fvector("x"), T.dvector("y")
    assert ifelse(condition, x, y).type.dtype == "float64"
    assert ifelse(condition, x, np.zeros(3, "float32")).type == x.type
    assert ifelse(condition, x, x, name="same").name == "same"


def test_errors_name_the_line() -> None:
    condition, x, m = T.iscalar("condition"), T.dvector("x"), T.dmatrix("m")
    with pytest.raises(TypeError, match="number of dimensions") as found:
        ifelse(condition, x, m)
    assert "test_control.py" in str(found.value)
    with pytest.raises(TypeError, match="element type"):
        ifelse(condition, T.ivector("i"), T.fvector("f"))
    with pytest.raises(TypeError, match="must be a scalar") as found:
        ifelse(T.gt(x, 0), x, x)
    assert "T.switch" in str(found.value)
    with pytest.raises(ValueError, match="2 values where the condition holds, 1 where"):
        ifelse(condition, [x, x], [x])


def test_the_work_of_a_branch_goes_inside() -> None:
    condition, x = T.iscalar("condition"), T.dvector("x")
    f = function([condition, x], ifelse(condition, T.exp(x).sum(), T.log(x).sum()))
    (node,) = (node for node in f.program.nodes if isinstance(node.op, Branches))
    assert [n.op.name for n in node.op.then.nodes] == ["exp", "sum"]
    assert "log" not in [n.op.name for n in f.program.nodes]
    assert [firing.rule for firing in f.trace.firings if firing.pass_name == "loops"] == ["work_into_branches"]


def test_bodies_are_equal_by_structure() -> None:
    x, y = T.dvector("x"), T.dvector("y")
    assert Body([x], [T.exp(x) + 1]) == Body([y], [T.exp(y) + 1])
    assert Body([x], [T.exp(x) + 1]) != Body([y], [T.exp(y) + 2])
    with pytest.raises(ValueError, match="an inner graph needs y"):
        Body([x], [x + y])
