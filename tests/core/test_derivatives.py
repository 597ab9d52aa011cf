"""Derivatives: forward, back and twice, of every elementwise operation and of the structured ones."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.derivatives import Lop, Rop, format_as, hessian_vector_product, subgraph_grad
from interactive_sym.core.errors import DisconnectedInputError, NullTypeGradError
from interactive_sym.core.grad import DisconnectedType, grad
from interactive_sym.core.graph import Apply, toposort
from interactive_sym.core.op import Op
from interactive_sym.core.ops.elementwise import ELEMENTWISE, Elementwise
from interactive_sym.core.types import COMPLEXES
from interactive_sym.function import function
from interactive_sym.gradient import (
    consider_constant,
    disconnected_grad,
    grad_clip,
    grad_not_implemented,
    grad_scale,
    grad_undefined,
    undefined_grad,
    zero_grad,
)
from tests.core.ops.evaluation import interpreted

SMOOTH = [op for op in ELEMENTWISE.values() if op.gradient is not None]


def float_result(op: Elementwise) -> bool:
    try:
        return op.out_dtype(*["float64"] * (op.nin or 2)) == "float64"
    except TypeError:
        return False


REAL = [op for op in SMOOTH if float_result(op)]


def analytic(op: Elementwise) -> bool:
    try:
        return op.out_dtype(*["complex128"] * (op.nin or 2)) in COMPLEXES and op.name not in ("conj", "sgn", "switch")
    except TypeError:
        return False


def drawn(op: Elementwise, count: int, seed: int = 0) -> list[np.ndarray]:
    """Points of the sampled ranges, away from their ends."""
    rng = np.random.RandomState(seed)
    return [
        low + (high - low) * rng.uniform(0.1, 0.9, size=count) for low, high in op.samples[: op.nin or 2]
    ]  # fmt: skip


def differentiable(op: Elementwise, x: list[Any]) -> list[int]:
    """Operands with respect to which the operation has a derivative."""
    found = grad(T.sum(op(*x)), x, disconnected_inputs="ignore", null_gradients="return")
    return [k for k, gradient in enumerate(found) if gradient is not None]


@pytest.mark.parametrize("op", REAL, ids=lambda op: op.name)
def test_forward_and_back_agree(op: Elementwise) -> None:
    """<u, J v> = <J' u, v>, and J v is the difference quotient along v."""
    points = drawn(op, 5)
    x = [T.dvector() for _ in points]
    wrt = differentiable(op, x)
    v = [T.dvector() for _ in wrt]
    u = T.dvector()
    y = op(*x)
    forward = Rop(y, [x[k] for k in wrt], v, disconnected_outputs="ignore")
    back = Lop(y, [x[k] for k in wrt], u, disconnected_inputs="ignore")
    rng = np.random.RandomState(3)
    vs, us = [rng.normal(size=5) for _ in wrt], rng.normal(size=5)
    jv, *ju = interpreted([*x, *v, u], [forward, *back], [*points, *vs, us])
    np.testing.assert_allclose(us @ jv, sum(a @ b for a, b in zip(ju, vs)), rtol=1e-12, atol=1e-12)
    for k in set(range(len(x))) - set(wrt):
        with pytest.raises(NullTypeGradError):
            Rop(y, x[k], u)


@pytest.mark.parametrize("op", [op for op in REAL if analytic(op)], ids=lambda op: op.name)
def test_complex_step(op: Elementwise) -> None:
    """Where an operation is analytic, its imaginary part along `i h` is the derivative, to the last digits."""
    points = drawn(op, 7)
    x = [T.dvector() for _ in points]
    gradients = interpreted(x, grad(T.sum(op(*x)), x, disconnected_inputs="ignore"), points)
    z = [T.zvector() for _ in points]
    for k, gradient in enumerate(gradients):
        moved = [p + (1e-30j if k == position else 0) for position, p in enumerate(points)]
        (value,) = interpreted(z, [op(*z)], moved)
        np.testing.assert_allclose(gradient, value.imag / 1e-30, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("op", REAL, ids=lambda op: op.name)
def test_second_derivatives(op: Elementwise) -> None:
    points = drawn(op, 4)
    x = [T.dvector() for _ in points]
    weights = np.random.RandomState(9).uniform(0.5, 1.5, size=4)
    cost = T.sum(T.constant(weights) * op(*x))
    step = 1e-5
    for i in differentiable(op, x):
        (first,) = grad(cost, [x[i]], disconnected_inputs="ignore")
        for j in differentiable(op, x):
            second = grad(T.sum(first), x[j], disconnected_inputs="ignore")
            ahead = [p + (step if j == k else 0) for k, p in enumerate(points)]
            behind = [p - (step if j == k else 0) for k, p in enumerate(points)]
            difference = (interpreted(x, [first], ahead)[0] - interpreted(x, [first], behind)[0]) / (2 * step)
            np.testing.assert_allclose(interpreted(x, [second], points)[0], difference, rtol=5e-5, atol=5e-6)


def _tall(x: Any) -> Any:
    return T.concatenate([x, x * 2], axis=0)


STRUCTURED: dict[str, tuple[Callable[..., Any], tuple[tuple[int, ...], ...]]] = {
    "sum": (lambda x: T.sum(x**2, axis=0), ((3, 2),)),
    "prod": (lambda x: T.prod(x, axis=1), ((3, 2),)),
    "mean": (lambda x: T.mean(x**3), ((3, 2),)),
    "var": (lambda x: T.var(x, axis=0), ((3, 2),)),
    "max": (lambda x: T.max(x**2, axis=1), ((3, 2),)),
    "min": (lambda x: T.min(x**2, axis=1), ((3, 2),)),
    "dot vector": (lambda x, y: T.dot(x, y) ** 2, ((3,), (3,))),
    "dot matrix vector": (lambda x, y: T.tanh(T.dot(x, y)), ((2, 3), (3,))),
    "dot vector matrix": (lambda x, y: T.tanh(T.dot(x, y)), ((3,), (3, 2))),
    "dot matrix": (lambda x, y: T.tanh(T.dot(x, y)), ((2, 3), (3, 2))),
    "transpose": (lambda x: T.dot(x.T, x), ((2, 3),)),
    "reshape": (lambda x: x.reshape((3, 2)) ** 3, ((2, 3),)),
    "dimshuffle": (lambda x: x.dimshuffle(1, "x", 0) ** 3, ((2, 3),)),
    "join": (lambda x: _tall(x) ** 3, ((2, 3),)),
    "index": (lambda x: x[1] ** 3, ((2, 3),)),
    "slice": (lambda x: x[:, ::2] ** 3, ((2, 3),)),
    "inc_subtensor": (lambda x, y: T.inc_subtensor(x[0], y**2) ** 2, ((2, 3), (3,))),
    "set_subtensor": (lambda x, y: T.set_subtensor(x[0], y**2) ** 2, ((2, 3), (3,))),
    "stretched": (lambda x, y: T.exp(x * y[None, :] / 3), ((2, 3), (3,))),
    "alloc": (lambda x: T.alloc(x**2, 2, 3) ** 2, ((3,),)),
    "softmax": (lambda x: T.nnet.softmax(x), ((2, 3),)),
    "tril": (lambda x: T.tril(x) ** 3, ((3, 3),)),
    "switch": (lambda x, y: T.switch(x > 0, x**2 * y, y**3), ((4,), (4,))),
    "specify_shape": (lambda x: T.specify_shape(x, (2, 3)) ** 3, ((2, 3),)),
}


@pytest.mark.parametrize("name", STRUCTURED)
def test_structured(name: str) -> None:
    """Forward mode against differences, forward against back, and the Hessian times a vector against differences."""
    build, shapes = STRUCTURED[name]
    rng = np.random.RandomState(5)
    points = [rng.uniform(0.3, 1.7, size=shape) * rng.choice([-1, 1], size=shape) for shape in shapes]
    vs = [rng.normal(size=shape) for shape in shapes]
    x = [T.TensorType("float64", (None,) * len(shape))() for shape in shapes]
    v = [a.clone() for a in x]
    y = build(*x)
    jv = Rop(y, x, v)
    us = rng.normal(size=interpreted(x, [y], points)[0].shape)
    u = T.TensorType("float64", (None,) * us.ndim)()
    ju = Lop(y, x, u)
    cost = T.sum(y * T.constant(us))
    gradients = grad(cost, x)
    hv = hessian_vector_product(cost, x, v)
    f = function([*x, *v, u], [jv, *ju, *hv], on_unused_input="ignore")
    forward, *rest = f(*points, *vs, us)
    back, curved = rest[: len(x)], rest[len(x) :]
    step = 1e-6

    def along(outputs: list[Any]) -> list[Any]:
        ahead = interpreted(x, outputs, [p + step * d for p, d in zip(points, vs)])
        behind = interpreted(x, outputs, [p - step * d for p, d in zip(points, vs)])
        return [(a - b) / (2 * step) for a, b in zip(ahead, behind)]

    np.testing.assert_allclose(forward, along([y])[0], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(np.sum(us * forward), sum(np.sum(a * b) for a, b in zip(back, vs)), rtol=1e-10)
    for got, expected in zip(curved, along(list(gradients))):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_forward_mode_is_one_walk() -> None:
    """A chain of n operations has some constant times n nodes in its tangent, however deep."""
    x, v = T.dvectors("x", "v")
    y = x
    for _ in range(3000):
        y = T.tanh(y) + x
    assert len(toposort([Rop(y, x, v)])) < 40_000


def test_wrong_points() -> None:
    x, v = T.dvectors("x", "v")
    with pytest.raises(ValueError, match="as many evaluation points"):
        Rop(x**2, [x], [v, v])
    with pytest.raises(ValueError, match="dimensions"):
        Rop(x**2, x, T.dmatrix())
    with pytest.raises(ValueError, match="as many evaluation points"):
        Lop([x, x], x, v)
    with pytest.raises(ValueError, match="one of"):
        Rop(x, x, v, disconnected_outputs="perhaps")


def test_disconnected_outputs() -> None:
    x, v, w = T.dvectors("x", "v", "w")
    with pytest.raises(DisconnectedInputError, match="does not depend"):
        Rop(w**2, x, v)
    with pytest.warns(UserWarning, match="does not depend"):
        zeros = Rop(w**2, x, v, disconnected_outputs="warn")
    np.testing.assert_array_equal(zeros.eval({w: [1.0, 2.0]}), [0, 0])
    assert Rop(w**2, x, v, disconnected_outputs="ignore", return_disconnected="none") is None


def test_containers_are_kept() -> None:
    x, v = T.dvectors("x", "v")
    assert isinstance(Rop([x], x, v), list) and isinstance(Rop((x,), x, v), tuple)
    assert isinstance(Lop(x, [x], v), list) and isinstance(Lop(x, (x,), v), tuple)
    with pytest.raises(AssertionError):
        format_as(False, False, [1, 2])


def test_outputs_that_depend_on_each_other() -> None:
    x, v = T.dscalar("x"), T.dscalar("v")
    y = x**2
    z = y * 3
    np.testing.assert_allclose(Lop([y, z], x, [v, v]).eval({x: 2.0, v: 1.0}), 16.0)
    np.testing.assert_allclose(Lop([y, y], x, [v, v]).eval({x: 2.0, v: 1.0}), 8.0)
    # what is known of a gradient is all of it
    np.testing.assert_allclose(grad(None, x, known_grads={y: v, z: v}).eval({x: 2.0, v: 1.0}), 4.0)


def test_subgraphs_chain() -> None:
    x, t = T.dvectors("x", "t")
    w1, w2 = T.dmatrix("w1"), T.dmatrix("w2")
    hidden = T.tanh(T.dot(x, w1))
    hidden.name = "hidden"
    cost = T.sum((T.dot(hidden, w2) - t) ** 2)
    decay = T.sum(w1**2)
    (dw2,), (dhidden,) = subgraph_grad([w2], [hidden], cost=cost)
    (dw1,), (dx,), begun, costs = subgraph_grad([w1], [x], start={hidden: dhidden}, cost=decay, details=True)
    whole = grad(cost + decay, [w1, w2, x])
    rng = np.random.RandomState(2)
    values = [rng.normal(size=3), rng.normal(size=2), rng.normal(size=(3, 4)), rng.normal(size=(4, 2))]
    got = function([x, t, w1, w2], [dw1, dw2, dx, *whole])(*values)
    for mine, its in zip(got[:3], got[3:]):
        np.testing.assert_allclose(mine, its)
    assert len(begun) == len(costs) == 2
    with pytest.raises(ValueError, match="cost"):
        subgraph_grad([w1], [x])


# -- marks -------------------------------------------------------------------------------------------------------------


def test_marks() -> None:
    x = T.dvector("x")
    point = np.array([0.5, -3.0])

    def at(cost: Any) -> Any:
        return T.grad(cost, x).eval({x: point})

    np.testing.assert_array_equal(at(T.sum(x * zero_grad(x))), point)
    np.testing.assert_array_equal(at(T.sum(x * disconnected_grad(x))), point)
    np.testing.assert_array_equal(at(T.sum(grad_clip(x, -1, 2) ** 2)), [1.0, -1.0])
    np.testing.assert_array_equal(at(T.sum(grad_scale(x, 3) ** 2)), 6 * point)
    with pytest.warns(DeprecationWarning):
        np.testing.assert_array_equal(at(T.sum(x * consider_constant(x))), point)
    np.testing.assert_array_equal(at(T.sum(zero_grad(x))), [0, 0])
    with pytest.raises(DisconnectedInputError, match="disconnected_grad"):
        T.grad(T.sum(disconnected_grad(x)), x)
    with pytest.raises(NullTypeGradError, match="undefined_grad"):
        T.grad(T.sum(undefined_grad(x)) + T.sum(x), x)
    assert T.grad(T.sum(undefined_grad(x) * x), x, null_gradients="return") is None
    with pytest.raises(ValueError, match="above"):
        grad_clip(x, 2, 1)


@pytest.mark.parametrize("mark", [zero_grad, disconnected_grad, undefined_grad])
def test_marks_keep_values_and_vanish(mark: Callable[..., Any]) -> None:
    x = T.dvector("x")
    f = function([x], [mark(x) * 2, mark(x)])
    np.testing.assert_array_equal(f([1.0, 2.0])[0], [2, 4])
    assert [node.op.name for node in f.program.nodes] == ["mul"]
    assert "gradient_mark" in [firing.rule for firing in f.trace]
    g = function([x], mark(x) * 2, mode=None if mark is None else T_mode())
    np.testing.assert_array_equal(g([1.0, 2.0]), [2, 4])


def T_mode() -> Any:
    from interactive_sym.mode import Mode

    return Mode("c", "None")


# -- operations of users ----------------------------------------------------------------------------------------------


class Halved(Op):
    """x / 2, with a forward derivative of its own."""

    def make_node(self, x: Any) -> Apply:
        x = T.as_tensor_variable(x)
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: Any, outputs: Any) -> None:
        outputs[0][0] = inputs[0] / 2

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        return [eval_points[0] / 2]


class Odd(Op):
    """Two inputs: the gradient of the second is what `second` says."""

    __props__ = ("second",)

    def __init__(self, second: str) -> None:
        self.second = second

    def make_node(self, x: Any, y: Any) -> Apply:
        return Apply(self, [x, y], [x.type()])

    def perform(self, node: Apply, inputs: Any, outputs: Any) -> None:
        outputs[0][0] = inputs[0] + inputs[1]

    def grad(self, inputs: Any, output_grads: Any) -> Any:
        second = {
            "disconnected": lambda: DisconnectedType()(),
            "undefined": lambda: grad_undefined(self, 1, inputs[1], "it jumps"),
            "missing": lambda: grad_not_implemented(self, 1, inputs[1]),
        }[self.second]()
        return [output_grads[0], second]


def test_forward_derivative_of_a_user() -> None:
    x, v = T.dvectors("x", "v")
    np.testing.assert_array_equal(
        Rop(Halved()(x) * 3, x, v).eval(
            {v: [2.0, 4.0], x: [1.0, 1.0]},
        ),
        [3, 6],
    )
    with pytest.raises(NullTypeGradError, match="no gradient"):
        grad(T.sum(Halved()(x)), x)


def test_gradients_that_do_not_exist() -> None:
    x, y, v = T.dvectors("x", "y", "v")
    for kind, text in (("undefined", "no derivative"), ("missing", r"not\s+implemented")):
        z = T.sum(Odd(kind)(x, y**2))
        np.testing.assert_array_equal(grad(z, x).eval({x: [1.0], y: [1.0]}), [1])
        for attempt in (lambda z=z: grad(z, y), lambda z=z: Rop(z, y, v)):
            with pytest.raises(NullTypeGradError, match=text):
                attempt()
    z = T.sum(Odd("disconnected")(x, y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = grad(z, [x, y], disconnected_inputs="ignore")
    np.testing.assert_array_equal(found[1].eval({y: [1.0, 2.0]}), [0, 0])
