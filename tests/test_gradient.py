"""Whole Jacobians and Hessians; numeric checks of gradients."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.graph import Apply
from interactive_sym.core.op import Op
from interactive_sym.function import function
from interactive_sym.gradient import GradientError, hessian, jacobian, numeric_grad, verify_grad


def test_jacobian() -> None:
    x, W = T.dvector("x"), T.dmatrix("W")
    y = T.tanh(T.dot(x, W))
    f = function([x, W], [y, *jacobian(y, [x, W])])
    rng = np.random.RandomState(0)
    a, b = rng.normal(size=3), rng.normal(size=(3, 2))
    value, jx, jw = f(a, b)
    slope = 1 - value**2
    np.testing.assert_allclose(jx, slope[:, None] * b.T)
    wanted = np.zeros((2, 3, 2))
    for k in range(2):
        wanted[k, :, k] = slope[k] * a
    np.testing.assert_allclose(jw, wanted)


def test_jacobian_of_scalars_and_of_parts() -> None:
    x = T.dvector("x")
    np.testing.assert_allclose(jacobian(T.sum(x**2), x).eval({x: [1.0, 2.0]}), [2, 4])
    middle = x**2  # not an input
    (found,) = jacobian(T.exp(middle), (middle,))
    np.testing.assert_allclose(found.eval({x: [0.5, 1.0]}), np.diag(np.exp([0.25, 1.0])))
    assert jacobian(x * 2, x).eval({x: np.zeros(0)}).shape == (0, 0)


def test_jacobian_wants_vectors() -> None:
    m = T.dmatrix("m")
    with pytest.raises(ValueError, match="jacobian wants a vector"):
        jacobian(m, m)
    with pytest.raises(TypeError, match="list of them"):
        jacobian(m[0], {m})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="hessian wants vectors"):
        hessian(T.sum(m), m)


def test_hessian() -> None:
    x, y = T.dvectors("x", "y")
    cost = T.sum(x**3) + x[0] * x[1] * y[0] + T.sum(T.exp(y))
    hx, hy = hessian(cost, [x, y])
    a, b = function([x, y], [hx, hy])([4.0, 5.0], [1.0, 2.0])
    np.testing.assert_allclose(a, [[24, 1], [1, 30]])
    np.testing.assert_allclose(b, np.diag(np.exp([1.0, 2.0])))


# -- numeric checks ----------------------------------------------------------------------------------------------------


class Wrong(Op):
    """The square, with a gradient that is wrong in one place."""

    __props__ = ("factor",)

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def make_node(self, x: Any) -> Apply:
        x = T.as_tensor_variable(x)
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: Any, outputs: Any) -> None:
        outputs[0][0] = inputs[0] ** 2

    def grad(self, inputs: Any, output_grads: Any) -> Any:
        (x,), (g,) = inputs, output_grads
        return [T.set_subtensor((2 * x * g)[1], self.factor * x[1] * g[1])]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_verify_grad(dtype: str) -> None:
    rng = np.random.RandomState(3)
    x, W = rng.normal(size=(2, 3)).astype(dtype), rng.normal(size=(3, 2)).astype(dtype)
    verify_grad(lambda x, W: T.tanh(T.dot(x, W)), [x, W], rng=rng)
    verify_grad(Wrong(2.0), [x[0]], rng=rng)
    with pytest.raises(GradientError, match=r"argument 0 is wrong at \(1,\)") as caught:
        verify_grad(Wrong(3.0), [x[0]], rng=rng)
    error = caught.value
    assert (error.arg, error.err_pos, error.shape) == (0, 1, (3,))
    assert error.val1 == pytest.approx(1.5 * error.val2, rel=1e-1) and error.abs_err > error.abs_tol


def test_verify_grad_wants_floats() -> None:
    with pytest.raises(TypeError, match="floats"):
        verify_grad(lambda x: x**2, [np.array([1, 2])])
    with pytest.raises(ValueError, match="one tensor"):
        verify_grad(lambda x: [x, x], [np.array([1.0, 2.0])])


def test_numeric_grad() -> None:
    found = numeric_grad(lambda x, y: float((x**2 * y).sum()), [np.array([1.0, 2.0]), np.array([3.0, 4.0])])
    np.testing.assert_allclose(found.gf[0], [6, 16], rtol=1e-5)
    np.testing.assert_allclose(found.gf[1], [1, 4], rtol=1e-5)
    assert found.max_err([np.array([6.0, 16.0]), np.array([1.0, 5.0])], 1e-4, 1e-4)[:2] == (1, 1)
    with pytest.raises(ValueError, match="shape"):
        found.abs_rel_errors([np.zeros(3), np.zeros(2)])
