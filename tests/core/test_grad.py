"""Symbolic gradients: against finite differences, and what happens where there is none."""

import warnings

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import shared
from interactive_sym.core.errors import DisconnectedInputError, NullTypeGradError
from interactive_sym.core.graph import Apply
from interactive_sym.core.op import Op
from tests.core.ops.evaluation import check_gradient

x, y = T.dvectors("x", "y")
m, s = T.dmatrix("m"), T.dscalar("s")
POINT = np.array([0.5, -1.25, 2.0])
MATRIX = np.array([[0.5, -1.0, 0.25], [1.5, 2.0, -0.75]])


@pytest.mark.parametrize(
    ("build", "point"),
    [
        (lambda a: T.exp(a) * a + a**3, (POINT,)),
        (lambda a, b: a * b.sum() - b / (1 + a * a), (POINT, POINT[::-1] + 3)),
        (lambda a, b: T.dot(a, b), (MATRIX, POINT)),
        (lambda a, b: T.dot(a, b.T), (MATRIX, MATRIX + 1)),
        (lambda a, b: a + b, (MATRIX, POINT)),
        (lambda a, b: a * b, (MATRIX, np.array(1.5))),
        (lambda a, b: a * b, (MATRIX, MATRIX[:1])),
        (lambda a: a.mean(axis=0) * a.var(), (MATRIX,)),
        (lambda a: T.exp(a) / T.exp(a).sum(axis=1, keepdims=True), (MATRIX,)),
        (lambda a: T.log(T.exp(a).sum(axis=0)), (MATRIX,)),
        (lambda a: T.switch(a > 0, a * a, -a), (POINT,)),
        (lambda a: a[1:] * a[:-1], (POINT,)),
        (lambda a: a.reshape((3, 2)).T * 2, (MATRIX,)),
        (lambda a: a.max(axis=1) - a.min(), (MATRIX,)),
        (lambda a: -T.log(1 / (1 + T.exp(-a))) - T.log(1 - 1 / (1 + T.exp(-a))), (POINT,)),
    ],
)
def test_against_finite_differences(build, point):
    check_gradient(build, *point, tolerance=1e-5)


def test_one_variable_a_list_or_a_tuple():
    cost = (x * y).sum()
    assert T.grad(cost, x).type == x.type
    assert isinstance(T.grad(cost, [x, y]), list) and isinstance(T.grad(cost, (x, y)), tuple)
    with pytest.raises(TypeError, match="wants a variable, or a list"):
        T.grad(cost, {x, y})
    with pytest.raises(TypeError, match="wrt wants variables"):
        T.grad(cost, [x, 3])


def test_with_respect_to_what_is_not_an_input():
    h = T.exp(x)
    np.testing.assert_allclose(T.grad((h**2).sum(), h).eval({x: [0.0, 1.0]}), 2 * np.exp([0.0, 1.0]))


def test_with_respect_to_the_cost_and_shared_variables():
    w = shared(np.array([1.0, 2.0]), name="w")
    cost = (w**2).sum()
    assert T.grad(cost, cost).eval() == 1.0
    np.testing.assert_array_equal(T.grad(cost, w).eval(), [2.0, 4.0])


def test_used_several_times():
    z = s * s
    assert T.grad(z * z + z, s).eval({s: 3.0}) == 4 * 27 + 6


@pytest.mark.parametrize(
    ("cost", "sentence"), [(x, "1 dimension"), (m, "2 dimensions"), (3.0, "symbolic scalar, got float")], ids=str
)
def test_the_cost_is_a_scalar(cost, sentence):
    with pytest.raises(TypeError, match=sentence):
        T.grad(cost, x)


def test_nothing_to_start_from():
    with pytest.raises(ValueError, match="cost, or known_grads"):
        T.grad(None, x)


def test_what_is_considered_constant():
    h = T.exp(x)
    gradient = T.grad((h * x).sum(), x, consider_constant=[h])
    np.testing.assert_allclose(gradient.eval({x: [0.0, 1.0]}), np.exp([0.0, 1.0]))


def test_disconnected_inputs():
    cost = x.sum()
    with pytest.raises(DisconnectedInputError, match="the cost does not depend on y"):
        T.grad(cost, y)
    with pytest.warns(UserWarning, match="does not depend on y"):
        T.grad(cost, y, disconnected_inputs="warn")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        zeros = T.grad(cost, y, disconnected_inputs="ignore")
    np.testing.assert_array_equal(zeros.eval({y: [1.0, 2.0]}), [0.0, 0.0])
    assert T.grad(cost, y, disconnected_inputs="ignore", return_disconnected="none") is None


def test_a_shape_is_where_a_gradient_stops():
    with pytest.raises(DisconnectedInputError, match="x"):
        T.grad(T.cast(x.shape[0], "float64"), x)


@pytest.mark.parametrize("option", ["disconnected_inputs", "return_disconnected", "null_gradients"])
def test_options_have_names(option):
    with pytest.raises(ValueError, match=f"{option} is one of"):
        T.grad(x.sum(), x, **{option: "perhaps"})


def test_known_gradients():
    h = T.exp(x)
    gradient = T.grad(None, x, known_grads={h: y})
    np.testing.assert_allclose(gradient.eval({x: [0.0, 1.0], y: [2.0, 3.0]}), [2.0, 3.0 * np.e])
    with pytest.raises(ValueError, match="the cotangent of"):
        T.grad(None, x, known_grads={h: m})


def test_integers_get_zeros():
    k = T.lvector("k")
    gradient = T.grad((T.cast(k, "float64") * x).sum(), k, disconnected_inputs="ignore")
    assert gradient.type.dtype == "float64"
    np.testing.assert_array_equal(gradient.eval({k: [1, 2]}), [0.0, 0.0])


class Nowhere(Op):
    """An operation without a gradient."""

    __props__ = ()
    python_only = "for a test"

    def make_node(self, a):
        return Apply(self, [a], [a.type()])

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = inputs[0].copy()


def test_operations_without_a_gradient():
    cost = Nowhere()(x).sum()
    with pytest.raises(NullTypeGradError, match="Nowhere has no gradient"):
        T.grad(cost, x)
    assert T.grad(cost, x, null_gradients="return") is None
    both = T.grad(cost + y.sum(), [x, y], null_gradients="return")
    assert both[0] is None and both[1].type == y.type


def test_types_are_those_of_the_variables():
    f, row = T.fvector("f"), T.row("row", dtype="float64")
    for variable, cost in ((f, (f * x).sum()), (row, (row + m).sum()), (s, (s * m).sum()), (m, m.sum())):
        assert T.grad(cost, variable).type == variable.type


def test_gradients_say_what_they_are_of():
    cost = (x**2).sum()
    cost.name = "cost"
    gradient = T.grad(cost, x)
    assert gradient.name == "(dcost/dx)"
    assert gradient.owner.origin.kind == "gradient" and gradient.owner.where == cost.owner.inputs[0].owner.where
    assert T.grad(cost, x, add_names=False).name is None


def test_depth_is_no_limit():
    total = s
    for _ in range(3000):
        total = T.sin(total)
    assert np.isfinite(T.grad(total, s).eval({s: 0.5}))


def test_ties_and_corners():
    assert T.grad(abs(s), s).eval({s: 0.0}) == 0
    a, b = T.dscalars("a", "b")
    first, second = T.grad(T.maximum(a, b), [a, b])
    assert (first.eval({a: 1.0, b: 1.0}), second.eval({a: 1.0, b: 1.0})) == (1.0, 0.0)
    np.testing.assert_array_equal(T.grad(x.max(), x).eval({x: [2.0, 1.0, 2.0]}), [1.0, 0.0, 1.0])
    np.testing.assert_array_equal(T.grad(T.clip(x, 0.0, 1.0).sum(), x).eval({x: [-1.0, 0.0, 1.0, 2.0]}), [0, 1, 1, 0])
