"""Operations that users write: classes, Python functions, graphs, C; and their own rules."""

import pickle
import shutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.builders import OpFromGraph, as_op
from interactive_sym.cffi_backend import build
from interactive_sym.core.errors import DisconnectedInputError, NullTypeGradError
from interactive_sym.core.grad import DisconnectedType
from interactive_sym.core.graph import Apply
from interactive_sym.core.op import Op
from interactive_sym.core.pattern import Any_, head
from interactive_sym.core.rule import RULES, rule
from interactive_sym.core.shared import shared
from interactive_sym.function import function
from interactive_sym.gradient import Rop, grad_undefined, verify_grad
from interactive_sym.mode import Mode

compiled = pytest.mark.skipif(build.compiler() is None, reason="compiles C")
LINKERS = ["c", "py"]


# -- classes -----------------------------------------------------------------------------------------------------------


class Affine(Op):
    """a * x + b, with everything that an operation may define."""

    __props__ = ("a", "b")

    def __init__(self, a: float, b: float) -> None:
        self.a, self.b = a, b

    def make_node(self, x: Any) -> Apply:
        x = T.as_tensor_variable(x)
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0] = self.a * inputs[0] + self.b

    def infer_shape(self, node: Apply, input_shapes: Any) -> Any:
        return input_shapes

    def grad(self, inputs: Any, output_grads: Any) -> Any:
        return [self.a * output_grads[0]]

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        return [self.a * eval_points[0]]


@pytest.mark.parametrize("linker", LINKERS)
def test_class(linker: str) -> None:
    x, v = T.dmatrix("x"), T.dmatrix("v")
    y = Affine(2.0, 1.0)(x)
    f = function([x, v], [T.exp(y), y.shape, T.grad(T.sum(y**2), x), Rop(y, x, v)], mode=Mode(linker))
    a, b = np.array([[0.5, 1.0]]), np.array([[1.0, -1.0]])
    e, shape, g, r = f(a, b)
    np.testing.assert_allclose(e, np.exp(2 * a + 1))
    np.testing.assert_array_equal(shape, [1, 2])
    np.testing.assert_allclose(g, 4 * (2 * a + 1))
    np.testing.assert_allclose(r, 2 * b)
    verify_grad(Affine(3.0, 2.0), [a])


def test_shapes_are_told_without_computing() -> None:
    x = T.dmatrix("x")
    f = function([x], Affine(2.0, 1.0)(x).shape)
    assert "Affine" not in [node.op.name for node in f.program.nodes]


def test_equal_operations_become_one() -> None:
    x = T.dvector("x")
    f = function([x], Affine(2.0, 1.0)(x) * Affine(2.0, 1.0)(x) + Affine(2.0, 5.0)(x))
    assert [node.op.name for node in f.program.nodes].count("Affine") == 2


class Counter(Op):
    """Has a state and names no __props__."""

    itypes = (T.dvector,)
    otypes = (T.dvector,)

    def __init__(self, step: float) -> None:
        self.step = step

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0] = inputs[0] + self.step


def test_types_in_place_of_make_node() -> None:
    x = T.dvector("x")
    assert Counter(1.0) != Counter(1.0)  # what makes them equal is not said
    f = function([x], [Counter(1.0)(x), Counter(2.0)(x)])
    np.testing.assert_array_equal(f([0.0]), [[1], [2]])
    with pytest.raises(TypeError, match="takes 1 inputs"):
        Counter(1.0)(x, x)
    with pytest.raises(TypeError, match="must be of"):
        Counter(1.0)(T.dmatrix())


class Careless(Op):
    """Overwrites its input, as it says, or hands it on."""

    __props__ = ("overwrites",)

    def __init__(self, overwrites: bool) -> None:
        self.overwrites = overwrites
        if overwrites:
            self.destroy_map = {0: [0]}

    def make_node(self, x: Any) -> Apply:
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        if self.overwrites:
            inputs[0][:] = 7
        output_storage[0][0] = inputs[0]


@pytest.mark.parametrize("linker", LINKERS)
@pytest.mark.parametrize("overwrites", [True, False])
def test_inputs_are_safe(overwrites: bool, linker: str) -> None:
    x = T.dvector("x")
    state = shared(np.ones(2), name="state")
    f = function([x], Careless(overwrites)(x), updates=[(state, Careless(overwrites)(x))], mode=Mode(linker))
    given = np.array([1.0, 2.0])
    got = f(given)
    np.testing.assert_array_equal(given, [1, 2])
    got[0] = 99
    np.testing.assert_array_equal(given, [1, 2])
    assert state.get_value()[0] == (7 if overwrites else 1)


class Failing(Op):
    """Raises."""

    def make_node(self, x: Any) -> Apply:
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        raise KeyError("nothing there")


@pytest.mark.parametrize("linker", LINKERS)
def test_exceptions_name_the_line(linker: str) -> None:
    x = T.dvector("x")
    f = function([x], Failing()(x * 2), mode=Mode(linker))
    with pytest.raises(KeyError, match="nothing there") as caught:
        f([1.0])
    (note,) = caught.value.__notes__
    assert "Failing" in note and "test_builders.py" in note and "float64 (1,) [2.0]" in note


def test_operations_are_saved() -> None:
    op = pickle.loads(pickle.dumps(Affine(2.0, 1.0)))
    assert op == Affine(2.0, 1.0) and hash(op) == hash(Affine(2.0, 1.0))
    x = T.dvector("x")
    f = pickle.loads(pickle.dumps(function([x], Affine(2.0, 1.0)(x))))
    np.testing.assert_array_equal(f([1.0]), [3])


# -- C -----------------------------------------------------------------------------------------------------------------


class InC(Op):
    """x * factor in C, with no `perform`."""

    __props__ = ("factor", "cpp")

    def __init__(self, factor: int, cpp: bool = False) -> None:
        self.factor, self.cpp = factor, cpp

    def make_node(self, x: Any) -> Apply:
        x = T.as_tensor_variable(x)
        return Apply(self, [x], [x.type()])

    def c_headers(self) -> list[str]:
        return ["<vector>"] if self.cpp else ["<stdio.h>"]

    def c_support_code(self) -> str:
        return f"static double scaled(double x) {{ return {self.factor} * x; }}"

    def c_code(self, node: Apply, name: str, inputs: Any, outputs: Any, sub: Any) -> str:
        (x,), (z,), fail = inputs, outputs, sub["fail"]
        temporary = "std::vector<double> t(n);" if self.cpp else "double *t = (double *)malloc(n * sizeof(double));"
        free = "" if self.cpp else "free(t);"
        return f"""
        npy_intp n = PyArray_SIZE({x});
        if (n == 3) {{ PyErr_SetString(PyExc_ValueError, "three elements"); {fail} }}
        Py_XDECREF({z});
        {z} = (PyArrayObject *)PyArray_EMPTY(PyArray_NDIM({x}), PyArray_DIMS({x}), PyArray_TYPE({x}), 0);
        if (!{z}) {fail}
        {temporary}
        for (npy_intp i = 0; i < n; i++) t[i] = scaled(((dtype_{x} *)PyArray_DATA({x}))[i]);
        for (npy_intp i = 0; i < n; i++) ((dtype_{z} *)PyArray_DATA({z}))[i] = (dtype_{z})t[i];
        {free}
        """

    def grad(self, inputs: Any, output_grads: Any) -> Any:
        return [InC(self.factor)(output_grads[0])]


@compiled
@pytest.mark.parametrize("dtype", ["float64", "float32", "int32"])
def test_c_code(dtype: str) -> None:
    x = T.matrix("x", dtype=dtype)
    f = function([x], InC(3)(x) + 1)
    value = np.arange(4, dtype=dtype).reshape(2, 2)
    got = f(value)
    np.testing.assert_array_equal(got, 3 * value + 1)
    assert got.dtype == f.outputs[0].dtype


@compiled
def test_c_code_fails_and_has_gradients() -> None:
    x = T.dvector("x")
    f = function([x], [InC(3)(x), T.grad(T.sum(InC(3)(x) ** 2), x)])
    np.testing.assert_array_equal(f([1.0, 2.0])[1], [18, 36])
    with pytest.raises(ValueError, match="three elements") as caught:
        f([1.0, 2.0, 3.0])
    assert "test_builders.py" in caught.value.__notes__[0]


@compiled
@pytest.mark.skipif(not (shutil.which("c++") or shutil.which("g++")), reason="compiles C++")
def test_cpp() -> None:
    x = T.dvector("x")
    f = function([x], InC(3, cpp=True)(x))
    np.testing.assert_array_equal(f([1.0, 2.0]), [3, 6])


# -- Python functions --------------------------------------------------------------------------------------------------


@as_op(itypes=[T.dmatrix, T.dmatrix], otypes=[T.dmatrix, T.dscalar], infer_shape=lambda node, shapes: [shapes[0], ()])
def summed(a: Any, b: Any) -> Any:
    """The sum, and the sum of that."""
    return a + b, np.asarray((a + b).sum())


@as_op(itypes=T.dvector, otypes=T.dvector)
def wrong(a: Any) -> Any:
    return a.astype("float32")


@pytest.mark.parametrize("linker", LINKERS)
def test_as_op(linker: str) -> None:
    x, y = T.dmatrices("x", "y")
    both, total = summed(x * 2, y)
    f = function([x, y], [both / total, both.shape], mode=Mode(linker))
    value, shape = f(np.ones((2, 2)), np.ones((2, 2)))
    np.testing.assert_allclose(value, np.full((2, 2), 0.25))
    np.testing.assert_array_equal(shape, [2, 2])
    assert summed.name == "summed" and summed.doc == "The sum, and the sum of that."
    assert pickle.loads(pickle.dumps(summed)) is summed


def test_as_op_errors() -> None:
    x = T.dvector("x")
    with pytest.raises(TypeError, match="float32"):
        function([x], wrong(x))([1.0])
    with pytest.raises(NullTypeGradError):
        T.grad(T.sum(wrong(x)), x)
    with pytest.raises(TypeError, match="wants types"):
        as_op(itypes=[float], otypes=[T.dscalar])
    local = as_op([T.dscalar], [T.dscalar])(lambda a: [a, a])
    with pytest.raises(ValueError, match="gave 2 results"):
        function([y := T.dscalar()], local(y))(1.0)


# -- graphs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [Mode("c"), Mode("c", "None"), Mode("py", "None")], ids=str)
def test_op_from_graph(mode: Mode) -> None:
    w = shared(np.array([1.0, 2.0]), name="w")
    x, y = T.dvectors("x", "y")
    op = OpFromGraph([x, y], [T.tanh(x * w) + y, T.sum(x)], name="cell")
    a, b = T.dvectors("a", "b")
    first, total = op(a, b)
    second, _ = op(first, a)
    cost = T.sum(second) + total
    f = function([a, b], [second, *T.grad(cost, [a, b, w])], mode=mode)
    plain = T.tanh((T.tanh(a * w) + b) * w) + a
    g = function([a, b], [plain, *T.grad(T.sum(plain) + T.sum(a), [a, b, w])])
    values = np.array([0.3, -0.4]), np.array([1.0, 0.5])
    for got, want in zip(f(*values), g(*values)):
        np.testing.assert_allclose(got, want)
    w.set_value(np.zeros(2))
    np.testing.assert_allclose(f(*values)[0], values[0])


def test_graphs_are_inlined_and_fused() -> None:
    x = T.dvector("x")
    op = OpFromGraph([x], [T.exp(x)])
    f = function([x], T.log(op(x)))
    assert not f.program.nodes  # log and exp meet only once the graph is in its place
    assert "inline_graph" in [firing.rule for firing in f.trace]


def test_forward_mode_and_second_derivatives_through_graphs() -> None:
    x, v = T.dvectors("x", "v")
    cube = OpFromGraph([x], [x**3])
    np.testing.assert_allclose(Rop(cube(x), x, v).eval({x: [2.0], v: [1.0]}), [12])
    second = T.grad(T.sum(T.grad(T.sum(cube(x)), x)), x)
    np.testing.assert_allclose(second.eval({x: [2.0]}), [12])
    verify_grad(cube, [np.array([1.5, 0.5])])


def test_gradient_overrides() -> None:
    x, y = T.dvectors("x", "y")

    def at(op: Any) -> Any:
        found = T.grad(T.sum(op(x, y)), [x, y], disconnected_inputs="ignore")
        return [float(g[0]) for g in function([x, y], found, on_unused_input="ignore")([2.0], [3.0])]

    def built(**overrides: Any) -> Any:
        return OpFromGraph([x, y], [x * y], **overrides)

    assert at(built()) == [3.0, 2.0]
    assert at(built(grad_overrides=lambda inputs, grads: [grads[0] * 10, grads[0] * 20])) == [10, 20]
    assert at(built(lop_overrides=lambda inputs, outputs, grads: [outputs[0], inputs[1]])) == [6, 3]
    assert at(built(grad_overrides=["default", None])) == [3.0, 0.0]
    assert at(built(grad_overrides=[lambda inputs, grads: inputs[0] * 7, DisconnectedType()()])) == [14.0, 0.0]
    a, b, g = T.dvectors("a", "b", "g")
    assert at(built(grad_overrides=OpFromGraph([a, b, g], [g * a, g * b]))) == [2.0, 3.0]
    undefined = built(grad_overrides=["default", grad_undefined(built(), 1, y)])
    with pytest.raises(NullTypeGradError):
        T.grad(T.sum(undefined(x, y)), y)
    with pytest.raises(DisconnectedInputError):
        T.grad(T.sum(built(connection_pattern=[[True], [False]])(x, y)), y)
    v = T.dvector("v")
    forward = built(rop_overrides=lambda inputs, points: [points[0] * 100])
    np.testing.assert_array_equal(Rop(forward(x, y), x, v).eval({x: [1.0], y: [1.0], v: [2.0]}), [200])


def test_op_from_graph_wants_inputs() -> None:
    x, y = T.dvectors("x", "y")
    s = shared(np.ones(2), name="s")
    with pytest.raises(TypeError, match="shared"):
        OpFromGraph([x, s], [x + s])
    with pytest.raises(TypeError, match="constant"):
        OpFromGraph([x, T.constant(1.0)], [x])
    with pytest.raises(ValueError, match="needs y"):
        OpFromGraph([x], [x + y])
    with pytest.raises(TypeError, match="takes 1 inputs"):
        OpFromGraph([x], [x])(x, y)
    with pytest.raises(TypeError, match="wants"):
        OpFromGraph([x], [x * 2])(T.dmatrix())
    with pytest.raises(TypeError, match="not both"):
        OpFromGraph([x], [x * 2], lop_overrides=lambda *a: a, grad_overrides=lambda *a: a)
    assert pickle.loads(pickle.dumps(OpFromGraph([x], [x * 2], name="twice"))).name == "twice"


# -- rules of users ----------------------------------------------------------------------------------------------------


@pytest.fixture
def own_rule() -> Iterator[str]:
    a = Any_("a")
    rule("mine_sin_of_arcsin", head("sin")(head("arcsin")(a)), a, stage="canonicalise", why="They undo each other.")
    yield "mine_sin_of_arcsin"
    RULES.remove("mine_sin_of_arcsin")


def test_rules_of_users_fire_and_show(own_rule: str) -> None:
    x = T.dvector("x")
    y = T.sin(T.arcsin(x)) + 1
    f = function([x], y)
    assert own_rule in [firing.rule for firing in f.trace]
    assert [node.op.name for node in f.program.nodes] == ["add"]
    assert RULES[own_rule].where.label.startswith("test_builders.py")
    g = function([x], y, mode=Mode().excluding(own_rule))
    assert own_rule not in [firing.rule for firing in g.trace]
    np.testing.assert_allclose(f([0.5]), g([0.5]))
