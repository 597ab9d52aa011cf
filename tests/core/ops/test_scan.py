"""The loop operation: values in both ways of running, layouts, sizes without values, gradients of all kinds."""

import pickle
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import Mode, function, grad, scan, shared
from interactive_sym.core.errors import DisconnectedInputError
from interactive_sym.core.ops.body import Body
from interactive_sym.core.ops.scan import Layout, Scan
from interactive_sym.scan import until
from interactive_sym.tensor.rng_mrg import MRG_RandomStreams
from interactive_sym.tensor.shared_randomstreams import RandomStreams
from tests.core.ops.evaluation import RUNNERS, assert_same, check_gradient

ZERO = T.constant(0.0, dtype="float64")


def rolled(step: Callable[..., Any], rows: int, *starts: Any) -> list[Any]:
    """A loop in plain Python: the rows a step makes, one list for each state."""
    states = [np.asarray(start) for start in starts]
    made: list[list[Any]] = [[] for _ in starts]
    for t in range(rows):
        states = [np.asarray(x) for x in step(t, *states)]
        for kept, state in zip(made, states, strict=True):
            kept.append(state)
    return [np.array(kept) for kept in made]


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int32", "uint8", "complex128", "bool"])
@pytest.mark.parametrize("steps", [0, 1, 2, 5, 300])
def test_states_of_every_element_type(dtype: str, steps: int, way: str) -> None:
    x, s = T.TensorType(dtype, (False, False))("x"), T.TensorType(dtype, (False,))("s")
    states, _ = scan(lambda x, s: x + s if dtype != "bool" else T.xor(x, s), x, s)
    values = (np.random.default_rng(0).random((steps, 3)) * 3).astype(dtype)
    start = np.array([1, 0, 1], dtype)
    (got,) = RUNNERS[way]([x, s], [states], [values, start])
    (want,) = rolled(lambda t, s: [np.bitwise_xor(values[t], s) if dtype == "bool" else values[t] + s], steps, start)
    assert_same(got, want.astype(dtype).reshape(steps, 3))


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("steps", [0, 1, 2, 3, 7])
def test_taps(steps: int, way: str) -> None:
    s, v, n = T.dvector("s"), T.dmatrix("v"), T.lscalar("n")
    numbers, _ = scan(lambda a, c: 0.5 * a - c, outputs_info={"initial": s, "taps": [-3, -1]}, n_steps=n)
    rows, _ = scan(lambda b, c: b + 2 * c, outputs_info={"initial": v, "taps": [-1, -2]}, n_steps=n)
    outputs = [numbers, rows, numbers[-2:], rows[-1:], numbers[-4:], rows[-5:]]
    start, first = np.array([1.0, 2.0, 3.0]), np.arange(6.0).reshape(2, 3)
    x, y = list(start), list(first)
    for _ in range(steps):
        x.append(0.5 * x[-3] - x[-1])
        y.append(y[-1] + 2 * y[-2])
    want_x, want_y = np.array(x[3:]), np.array(y[2:]).reshape(steps, 3)
    want = [want_x, want_y, want_x[-2:], want_y[-1:], want_x[-4:], want_y[-5:]]
    for got, expected in zip(RUNNERS[way]([s, v, n], outputs, [start, first, steps]), want, strict=True):
        assert_same(got, expected)
    # only the last rows are stored where nothing else is read
    for k in (2, 3, 4, 5):
        assert_same(RUNNERS[way]([s, v, n], [outputs[k]], [start, first, steps])[0], want[k])


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "as it is": lambda x: x,
    "reversed": lambda x: x[::-1],
    "transposed": lambda x: x.T,
    "columns reversed": lambda x: x[:, ::-1],
    "every other": lambda x: x[1::2],
    "one column at a time": lambda x: x[:, 1:2],
    "shifted": lambda x: T.tanh(x)[2:],
}


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_sequences(layout: str, way: str) -> None:
    x = T.dmatrix("x")
    part = LAYOUTS[layout](x)
    sums, _ = scan(lambda row, total: [row.sum(), total + 2 * row[0]], part, [None, ZERO])
    columns, _ = scan(lambda entry: entry * 3, part[:, 0])
    values = np.random.default_rng(1).normal(size=(5, 4))
    seen = RUNNERS["numpy"]([x], [part], [values])[0]
    got = RUNNERS[way]([x], [*sums, columns], [values])
    np.testing.assert_allclose(got[0], seen.sum(axis=1), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(got[1], np.cumsum(2 * seen[:, 0]), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(got[2], 3 * seen[:, 0], rtol=1e-12)


@pytest.mark.parametrize("way", RUNNERS)
def test_what_stays_and_constants(way: str) -> None:
    x, a, m = T.dvector("x"), T.dscalar("a"), T.dmatrix("m")
    big, small = np.arange(100.0).reshape(10, 10), np.array([1.0, -1.0, 2.0])
    outputs, _ = scan(
        lambda v: [(T.constant(big) * v).sum() + a, T.dot(m.T, T.constant(small)) * v, T.constant(7.0), small], x
    )
    values = [np.array([1.0, 2.0]), 0.5, np.arange(6.0).reshape(3, 2)]
    got = RUNNERS[way]([x, a, m], outputs, values)
    assert_same(got[0], np.array([big.sum() + 0.5, 2 * big.sum() + 0.5]))
    assert_same(got[1], np.outer(values[0], values[2].T @ small))
    assert got[2].tolist() == [7.0, 7.0]
    assert_same(got[3], np.stack([small, small]))


@pytest.mark.parametrize("way", RUNNERS)
def test_products_of_matrices_and_late_sizes(way: str) -> None:
    x, w, k = T.dtensor3("x"), T.dmatrix("w"), T.lscalar("k")
    states, _ = scan(lambda m, s: T.tanh(T.dot(s, w) + m) + T.concatenate([m, s])[k : k + 3], x, T.zeros((3, 4)))
    rng = np.random.default_rng(2)
    x_, w_ = rng.normal(size=(6, 3, 4)), rng.normal(size=(4, 4)) / 3
    (want,) = rolled(lambda t, s: [np.tanh(s @ w_ + x_[t]) + np.concatenate([x_[t], s])[1:4]], 6, np.zeros((3, 4)))
    (got,) = RUNNERS[way]([x, w, k], [states], [x_, w_, 1])
    np.testing.assert_allclose(got, want, rtol=1e-10)


@pytest.mark.parametrize("way", RUNNERS)
def test_until_keeps_the_last_step(way: str) -> None:
    x, limit = T.dmatrix("x"), T.dscalar("limit")
    states, _ = scan(lambda row, s: ([s + row, row.sum()], until((s + row).sum() > limit)), x, [T.zeros(2), None])
    values = np.ones((9, 2))
    for bound, done in ((5.0, 3), (-1.0, 1), (1e9, 9)):
        full = RUNNERS[way]([x, limit], states, [values, bound])
        assert_same(full[0], np.cumsum(values, axis=0)[:done])
        assert_same(full[1], np.full(done, 2.0))
        last = RUNNERS[way]([x, limit], [states[0][-1], states[1][-2:]], [values, bound])
        assert_same(last[0], np.full(2, float(done)))
        assert_same(last[1], np.full(min(2, done), 2.0))
    empty = RUNNERS[way]([x, limit], states, [values[:0], 5.0])
    assert [e.shape for e in empty] == [(0, 2), (0,)]


@pytest.mark.parametrize("mode", [Mode("py", None), Mode("c", "fast_run")])
def test_carried_arrays(mode: Mode) -> None:
    memory = shared(np.arange(3.0), name="memory")
    x = T.dvector("x")
    outputs, updates = scan(lambda v: (memory.sum() * v, {memory: memory * 2 + v}), x)
    f = function([x], outputs, updates=updates, mode=mode)
    for _ in range(2):
        before = memory.get_value()
        got = f([1.0, -1.0, 2.0])
        want = []
        for v in (1.0, -1.0, 2.0):
            want.append(before.sum() * v)
            before = before * 2 + v
        assert got.tolist() == want
        assert memory.get_value().tolist() == before.tolist()
    kept = memory.get_value()
    f([])
    assert memory.get_value().tolist() == kept.tolist()


@pytest.mark.parametrize("streams", [RandomStreams, MRG_RandomStreams])
def test_streams_go_on_as_in_calls_one_after_the_other(streams: Any) -> None:
    """Draws in a loop are those of as many calls of a function, and the state afterwards is the same."""
    one, many = streams(77), streams(77)
    single = one.uniform((2,))
    f = function([], single)
    rows, updates = scan(lambda: many.uniform((2,)), n_steps=5)
    g = function([], rows, updates=updates)
    got = g()
    assert_same(got, np.array([f() for _ in range(5)]))
    assert_same(g(), np.array([f() for _ in range(5)]))


def test_sizes_are_known_without_values() -> None:
    x, w, n = T.dmatrix("x"), T.dmatrix("w"), T.lscalar("n")
    outputs, _ = scan(lambda row, s: [s + 1, T.dot(row, w)], x, [T.zeros((2, 3)), None], n_steps=n)
    f = function([x, w, n], [y.shape for y in outputs])
    assert not [node for node in f.program.nodes if isinstance(node.op, Scan)], "no loop is left"
    assert [s.tolist() for s in f(np.zeros((5, 4)), np.zeros((4, 6)), 5)] == [[5, 2, 3], [5, 6]]


# -- gradients -------------------------------------------------------------------------------------------------------


def last(step: Any, **options: Any) -> Any:
    return scan(step, **options)[0][-1]


def test_gradient_of_a_recurrence() -> None:
    def cost(x: Any, s: Any, w: Any) -> Any:
        states, _ = scan(lambda x, s, w: T.tanh(x + T.dot(s, w)), x, s, w)
        return (states**2).sum() + states[-1].sum()

    rng = np.random.default_rng(3)
    check_gradient(cost, rng.normal(size=(4, 3)), rng.normal(size=3), rng.normal(size=(3, 3)) / 2)


def test_gradient_with_taps_and_several_outputs() -> None:
    def cost(x: Any, y: Any, z: Any) -> Any:
        outputs, _ = scan(
            lambda before, after, y3, y1, z: [T.sin(before * y3) + after * y1, z * y1 + before, y3 * z],
            {"input": x, "taps": [-1, 1]},
            [{"initial": y, "taps": [-3, -1]}, z, None],
        )
        return outputs[0].sum() + (outputs[1] * outputs[2]).sum()

    check_gradient(cost, np.linspace(0.2, 1.0, 7), [0.3, -0.2, 0.9], 0.5)


def test_gradient_backwards_and_of_some_steps() -> None:
    def cost(x: Any, w: Any) -> Any:
        there, _ = scan(lambda x, s: s * w + x**2, x, ZERO, n_steps=3)
        back, _ = scan(lambda x, s: s * w + x**2, x, ZERO, go_backwards=True, n_steps=4)
        return there[-1] * back[0] + back[-1]

    check_gradient(cost, [0.5, 1.0, -2.0, 0.3, 0.8], 0.7)


def test_gradient_of_no_steps() -> None:
    x, s = T.dvector("x"), T.dscalar("s")
    states, _ = scan(lambda x, s: x * s, x, s)
    f = function([x, s], grad(states.sum() + s, [x, s]))
    gx, gs = f([], 2.0)
    assert gx.shape == (0,)
    assert float(gs) == 1.0


def test_gradient_where_the_loop_ends_early() -> None:
    def cost(x: Any, w: Any) -> Any:
        states, _ = scan(lambda x, s: (s * w + x, until(s * w + x > 3.0)), x, ZERO)
        return (states**2).sum()

    check_gradient(cost, [1.0, 1.5, 2.0, 4.0, 5.0], 0.9)


def test_gradient_of_a_loop_in_a_loop() -> None:
    def cost(m: Any, w: Any) -> Any:
        rows, _ = scan(lambda row, s: T.tanh(last(lambda x, t: t * w + x, sequences=row, outputs_info=s)), m, ZERO)
        return (rows**2).sum()

    check_gradient(cost, np.linspace(-1, 1, 6).reshape(2, 3), 0.6)


def test_gradient_of_powers() -> None:
    check_gradient(
        lambda a: last(lambda p, a: p * a, outputs_info=T.ones_like(a), non_sequences=a, n_steps=5).sum(), [0.5, 1.5]
    )


def test_second_derivatives() -> None:
    x, w = T.dvector("x"), T.dscalar("w")
    states, _ = scan(lambda x, s: T.sin(w * s) + x, x, ZERO)
    first = grad((states**2).sum(), w)
    check_gradient(lambda x, w: _first(x, w), [0.3, -0.4, 0.5], 0.8)
    assert first.ndim == 0


def _first(x: Any, w: Any) -> Any:
    states, _ = scan(lambda x, s: T.sin(w * s) + x, x, ZERO)
    return grad((states**2).sum(), w) + (grad((states**2).sum(), x) ** 2).sum()


def test_hessian_by_loops() -> None:
    x, a = T.dvector("x"), T.dmatrix("a")
    cost = T.dot(x, T.dot(a, x)) ** 2
    g = grad(cost, x)
    hessian, _ = scan(lambda i: grad(g[i], x), T.arange(x.shape[0]))
    rng = np.random.default_rng(4)
    x_, a_ = rng.normal(size=3), rng.normal(size=(3, 3))
    s, q = a_ + a_.T, x_ @ a_ @ x_
    np.testing.assert_allclose(function([x, a], hessian)(x_, a_), 2 * q * s + 2 * np.outer(s @ x_, s @ x_), rtol=1e-9)


def test_truncated_gradient() -> None:
    x, w, s = T.dvector("x"), T.dscalar("w"), T.dscalar("s")
    values, factor = np.array([0.3, 0.8, -0.5, 0.9]), 0.7

    def gradients(steps: int) -> Sequence[Any]:
        states, _ = scan(lambda x, s: w * s + x, x, s, truncate_gradient=steps)
        return function([x, w, s], grad(states[-1], [x, w, s]))(values, factor, 0.2)

    states = [0.2]
    for v in values:
        states.append(factor * states[-1] + v)
    for steps in (1, 2, 3, 4, 9, -1):
        reach = 4 if steps < 0 else min(steps, 4)
        gx, gw, gs = gradients(steps)
        powers = factor ** np.arange(4)[::-1]
        np.testing.assert_allclose(gx, np.where(np.arange(4) >= 4 - reach, powers, 0))
        np.testing.assert_allclose(gw, sum(factor**k * states[3 - k] for k in range(reach)))
        np.testing.assert_allclose(gs, factor**4 if reach == 4 else 0.0)


@pytest.mark.parametrize("streams", [RandomStreams, MRG_RandomStreams])
def test_gradient_keeps_the_draws(streams: Any) -> None:
    """The derivative is that of the very sample drawn, which the forward loop keeps for it."""
    x, w, s = T.dvector("x"), T.dscalar("w"), streams(5)
    rows, updates = scan(lambda x: s.uniform(()) * x * w**2, x)
    f = function([x, w], [rows.sum(), grad(rows.sum(), w)], updates=updates)
    for _ in range(3):
        value, gradient = f([1.0, -2.0, 3.0], 1.5)
        np.testing.assert_allclose(gradient, 2 * value / 1.5, rtol=1e-12)
    draws = [node for node in f.program.nodes if isinstance(node.op, Scan)]
    assert len(draws) <= 2, "one loop forward, at most one back"


def test_gradient_through_a_carried_value() -> None:
    memory = shared(0.5, name="memory")
    w = T.dscalar("w")
    outputs, updates = scan(lambda: (T.sin(memory), {memory: memory * w}), n_steps=4)
    (final,) = updates.values()
    value = lambda w: sum(np.sin(0.5 * w**k) for k in range(4)) + (0.5 * w**4) ** 2  # noqa: E731
    got = function([w], grad(outputs.sum() + final**2, w))(1.3)
    np.testing.assert_allclose(got, (value(1.3 + 1e-6) - value(1.3 - 1e-6)) / 2e-6, rtol=1e-7)


def test_forward_mode() -> None:
    x, w, v = T.dvector("x"), T.dscalar("w"), T.dvector("v")
    states, _ = scan(lambda x, s: T.tanh(w * s + x), x, ZERO)
    along = T.Rop(states, x, v)
    values, direction = np.array([0.1, -0.4, 0.7]), np.array([1.0, 0.5, -2.0])
    f = function([x, w], states)
    want = (f(values + 1e-6 * direction, 0.8) - f(values - 1e-6 * direction, 0.8)) / 2e-6
    np.testing.assert_allclose(function([x, w, v], along)(values, 0.8, direction), want, rtol=1e-7)


def test_what_a_gradient_does_not_reach() -> None:
    x, y, n = T.dvector("x"), T.dvector("y"), T.lscalar("n")
    (a, b), _ = scan(lambda x, y, s: [s + x, y * 2], [x, y], [ZERO, None], n_steps=n)
    with pytest.raises(DisconnectedInputError, match="does not depend on y"):
        grad(a.sum(), y)
    assert grad(b.sum(), y, disconnected_inputs="raise").ndim == 1
    counted, _ = scan(lambda i, c: c + i, T.arange(3), T.constant(0, dtype="int64"))
    with pytest.raises(DisconnectedInputError):
        grad(T.cast(counted[-1], "float64") * x.sum(), y)


# -- the operation itself --------------------------------------------------------------------------------------------


def test_loops_are_equal_by_structure_and_saved() -> None:
    def made() -> Scan:
        x, s = T.dscalars("x", "s")
        return Scan(Body([x, s], [x + s]), Layout(1, ((-1,),), 0, 0))

    op = made()
    assert op == made()
    assert hash(op) == hash(made())
    assert pickle.loads(pickle.dumps(op)) == op
    assert [x.name for x in op.inner_inputs] == ["x", "s"]
    assert op.inner_outputs[0].owner.op.name == "add"


def test_inputs_are_checked() -> None:
    x, s = T.dscalars("x", "s")
    op = Scan(Body([x, s], [x + s]), Layout(1, ((-1,),), 0, 0))
    rows, start = T.dvector("rows"), T.dvector("start")
    with pytest.raises(ValueError, match="scan wants 3 inputs, got 2"):
        op(3, rows)
    with pytest.raises(TypeError, match="can't be a sequence"):
        op(3, T.fvector("f"), start)
    with pytest.raises(TypeError, match="must be an integer scalar"):
        op(1.5, rows, start)
    loop = function([rows, start], op(rows.shape[0], rows, start))
    assert loop([1.0, 2.0], [3.0]).tolist() == [4.0, 6.0]
    with pytest.raises(ValueError, match="2 initial rows"):
        loop([1.0, 2.0], [3.0, 4.0])
