"""Loops as users write them: values against plain Python, numbers of the tutorial, errors at the user's lines."""

import importlib
import pickle
import resource
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import Mode, OrderedUpdates, clone, foldl, foldr, function, grad, map, reduce, scan, shared
from interactive_sym.tensor.shared_randomstreams import RandomStreams

module = importlib.import_module("interactive_sym.scan")
until = module.until
MODES = {"reference": Mode("py", None), "compiled": Mode("c", "fast_run"), "plain C": Mode("c", "merge")}
ZERO = T.constant(0.0, dtype="float64")


@pytest.fixture(params=list(MODES))
def mode(request: pytest.FixtureRequest) -> Mode:
    return MODES[request.param]


def test_power(mode: Mode) -> None:
    base, exponent = T.dvector("base"), T.iscalar("exponent")
    powers, updates = scan(
        lambda before, base: before * base, outputs_info=T.ones_like(base), non_sequences=base, n_steps=exponent
    )
    f = function([base, exponent], powers[-1], updates=updates, mode=mode)
    assert f([0.0, 1.0, 2.0, 3.0], 4).tolist() == [0.0, 1.0, 16.0, 81.0]
    with pytest.raises(IndexError):
        f([1.0], 0)
    with pytest.raises(ValueError, match="negative"):
        f([1.0], -1)


def test_polynomial(mode: Mode) -> None:
    coefficients, x = T.dvector("coefficients"), T.dscalar("x")
    terms, updates = map(lambda c, k, x: c * x**k, [coefficients, T.arange(1000)], non_sequences=x)
    assert not updates
    f = function([coefficients, x], [terms, terms.sum()], mode=mode)
    terms_, value = f([1.0, 0.0, 2.0], 3.0)
    assert terms_.tolist() == [1.0, 0.0, 18.0]
    assert float(value) == 19.0
    horner, _ = foldr(lambda c, sum, x: sum * x + c, coefficients, ZERO, non_sequences=x)
    assert float(function([coefficients, x], horner, mode=mode)([1.0, 0.0, 2.0], 3.0)) == 19.0


def test_rows(mode: Mode) -> None:
    x, w, b = T.dmatrix("x"), T.dmatrix("w"), T.dvector("b")
    rows, _ = scan(lambda row: T.tanh(T.dot(row, w) + b), sequences=x)
    rng = np.random.default_rng(0)
    values = [rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=4)]
    got = function([x, w, b], rows, mode=mode)(*values)
    np.testing.assert_allclose(got, np.tanh(values[0] @ values[1] + values[2]), rtol=1e-12)
    assert function([x, w, b], rows, mode=mode)(values[0][:0], values[1], values[2]).shape == (0, 4)


def test_trace_of_a_matrix(mode: Mode) -> None:
    m = T.fmatrix("m")
    sums, _ = scan(
        lambda i, j, sum: m[i, j] + sum,
        sequences=[T.arange(m.shape[0]), T.arange(m.shape[1])],
        outputs_info=T.as_tensor_variable(np.asarray(0, "float32")),
    )
    values = np.arange(12, dtype="float32").reshape(3, 4)
    got = function([m], [sums, sums[-1]], mode=mode)(values)
    assert got[0].tolist() == [0.0, 5.0, 15.0]
    assert got[1].dtype == np.float32
    assert float(got[1]) == np.trace(values)


def test_fibonacci(mode: Mode) -> None:
    first = T.lvector("first")
    numbers, _ = scan(lambda a, b: a + b, outputs_info={"initial": first, "taps": [-2, -1]}, n_steps=8)
    assert function([first], numbers, mode=mode)([1, 1]).tolist() == [2, 3, 5, 8, 13, 21, 34, 55]
    assert function([first], numbers[-1], mode=mode)([1, 1]).tolist() == 55
    assert function([first], numbers[-3:], mode=mode)([1, 1]).tolist() == [21, 34, 55]


def test_taps_of_sequences_and_outputs(mode: Mode) -> None:
    x, y0 = T.dvector("x"), T.dvector("y0")
    outputs, _ = scan(
        lambda x_back, x_on, y3, y1: (2 * x_back - x_on + y3 - 0.5 * y1, x_back),
        sequences={"input": x, "taps": [-2, 1]},
        outputs_info=[{"initial": y0, "taps": [-3, -1]}, None],
    )
    values, start = np.arange(9.0) ** 2, np.array([1.0, -2.0, 3.0])
    got = function([x, y0], outputs, mode=mode)(values, start)
    y = list(start)
    for t in range(len(values) - 3):
        y.append(2 * values[t] - values[t + 3] + y[-3] - 0.5 * y[-1])
    np.testing.assert_allclose(got[0], y[3:])
    np.testing.assert_allclose(got[1], values[:6])


def test_backwards_and_steps(mode: Mode) -> None:
    x, n = T.lvector("x"), T.lscalar("n")
    step: Any = lambda x, s: 10 * s + x  # noqa: E731
    zero = T.constant(0, dtype="int64")
    digits, _ = scan(step, x, zero, go_backwards=True)
    some, _ = scan(step, x, zero, n_steps=n)
    last, _ = scan(step, x, zero, n_steps=2, go_backwards=True)
    negative, _ = scan(step, x, zero, n_steps=-2)
    f = function([x, n], [digits[-1], some[-1], last, negative], mode=mode)
    assert [r.tolist() for r in f([1, 2, 3], 2)] == [321, 12, [3, 32], [3, 32]]
    with pytest.raises(ValueError, match="4 steps are wanted, and x has elements for 3"):
        f([1, 2, 3], 4)


def test_until(mode: Mode) -> None:
    limit = T.dscalar("limit")
    powers, _ = scan(
        lambda x: (2 * x, until(2 * x > limit)), outputs_info=T.constant(1.0, dtype="float64"), n_steps=1024
    )
    f = function([limit], [powers, powers[-1], powers.shape[0], powers.sum()], mode=mode)
    assert [r.tolist() for r in f(40.0)] == [[2.0, 4.0, 8.0, 16.0, 32.0, 64.0], 64.0, 6, 126.0]
    assert f(-1.0)[0].tolist() == [2.0]


def test_updates_of_shared_variables(mode: Mode) -> None:
    count, x = shared(np.int64(5), name="count"), T.dvector("x")
    outputs, updates = scan(lambda x: (x * count, {count: count + 2}), x)
    assert isinstance(updates, OrderedUpdates)
    assert list(updates) == [count]
    f = function([x], outputs, updates=updates, mode=mode)
    assert f([1.0, 1.0, 1.0]).tolist() == [5.0, 7.0, 9.0]
    assert int(count.get_value()) == 11
    only, updates = scan(lambda: {count: count + 1}, n_steps=10)
    assert only is None
    function([], updates=updates, mode=mode)()
    assert int(count.get_value()) == 21


def test_random_draws_are_the_tutorials(mode: Mode) -> None:
    x, w, b = T.dmatrix("x"), T.dmatrix("w"), T.dvector("b")
    draws = RandomStreams(1234).binomial(size=w[1].shape)
    rows, updates = scan(lambda row: T.tanh(T.dot(row, w) + b) * draws, sequences=x)
    f = function([x, w, b], rows, updates=updates, mode=mode)
    got = f(np.eye(10, 2), np.ones((2, 2)), np.ones(2))
    mask = [[1, 0], [0, 1], [0, 0], [1, 1], [1, 0], [0, 1], [0, 1], [0, 1], [0, 0], [1, 1]]
    np.testing.assert_allclose(got, np.tanh(np.eye(10, 2) @ np.ones((2, 2)) + 1) * mask, rtol=1e-12)
    again = f(np.eye(10, 2), np.ones((2, 2)), np.ones(2))
    assert (again != got).any(), "the next call goes on with the stream"


def test_jacobian(mode: Mode) -> None:
    x, a = T.dvector("x"), T.dmatrix("a")
    y = T.tanh(T.dot(a, x)) ** 2
    jacobian, _ = scan(lambda i, y, x: grad(y[i], x), sequences=T.arange(y.shape[0]), non_sequences=[y, x])
    rng = np.random.default_rng(1)
    x_, a_ = rng.normal(size=3), rng.normal(size=(4, 3))
    z = np.tanh(a_ @ x_)
    np.testing.assert_allclose(
        function([x, a], jacobian, mode=mode)(x_, a_), (2 * z * (1 - z**2))[:, None] * a_, rtol=1e-10
    )


def test_a_loop_in_a_loop(mode: Mode) -> None:
    m = T.dmatrix("m")
    sums, _ = map(lambda row: foldl(lambda x, s: s + x, row, ZERO)[0], m)
    f = function([m], [sums, grad((sums**2).sum(), m)], mode=mode)
    value, gradient = f([[1.0, 2.0], [3.0, 4.0]])
    assert value.tolist() == [3.0, 7.0]
    assert gradient.tolist() == [[6.0, 6.0], [14.0, 14.0]]


def test_reduce_and_folds() -> None:
    x = T.dvector("x")
    minus: Any = lambda x, s: s - x  # noqa: E731
    left, _ = foldl(minus, x, T.constant(100.0, dtype="float64"))
    largest, _ = reduce(T.maximum, x, x[0])
    pair, _ = reduce(lambda x, low, high: [T.minimum(x, low), T.maximum(x, high)], x, [x[0], x[0]])
    got = function([x], [left, largest, *pair])([3.0, 1.0, 2.0])
    assert [float(r) for r in got] == [94.0, 3.0, 1.0, 3.0]


def test_checkpoints(mode: Mode) -> None:
    x, w = T.dvector("x"), T.dscalar("w")
    step: Any = lambda x, s, w: T.tanh(w * s + x)  # noqa: E731
    plain, _ = scan(step, [x], [ZERO], [w])
    sparse, _ = module.scan_checkpoints(step, [x], [ZERO], [w], save_every_N=3)
    f = function([x, w], [plain, sparse, grad(plain[-1], w), grad(sparse[-1], w)], mode=mode)
    values = np.linspace(-1, 1, 10)
    all_, some, one, other = f(values, 0.7)
    np.testing.assert_allclose(some, all_[[2, 5, 8, 9]])
    np.testing.assert_allclose(other, one, rtol=1e-10)


def test_outputs_as_given() -> None:
    x = T.dvector("x")
    assert scan(lambda x: None, x)[0] is None
    assert isinstance(scan(lambda x: x, x, return_list=True)[0], list)
    one, updates = scan(lambda x: [x], x)
    assert one.type == x.type
    assert updates == {}
    both, _ = scan(lambda x, s: ([x + s, s], {}), x, [ZERO, None])
    assert len(both) == 2
    assert [y.name for y in scan(lambda x: [x, 2 * x], x, name="loop")[0]] == ["loop[0]", "loop[1]"]


def test_a_number_starts_as_what_the_step_gives() -> None:
    x = T.dvector("x")
    sums, _ = scan(lambda x, s: s + x, x, outputs_info=0)
    assert sums.type.dtype == "float64"
    assert function([x], sums)([1.5, 2.0]).tolist() == [1.5, 3.5]


def test_strict() -> None:
    x, w = T.dvector("x"), shared(2.0, name="w")
    with pytest.raises(ValueError, match="the step uses w") as found:
        scan(lambda x: x * w, x, strict=True)
    assert "non_sequences=[..., w]" in str(found.value)
    scan(lambda x, w: x * w, x, non_sequences=w, strict=True)


def test_clone() -> None:
    x, y = T.dvector("x"), T.fvector("y")
    with pytest.raises(TypeError, match="can't stand for"):
        clone(x * 2, {x: y})
    assert clone([x * 2], [(x, y)], strict=False)[0].eval({y: [1.0]}).tolist() == [2.0]
    fresh = clone(x + 1, share_inputs=False)
    assert fresh.owner.inputs[0] is not x


def test_functions_with_loops_are_saved() -> None:
    x = T.dvector("x")
    sums, _ = scan(lambda x, s: s + x, x, ZERO)
    f = pickle.loads(pickle.dumps(function([x], sums)))
    assert f([1.0, 2.0]).tolist() == [1.0, 3.0]


# -- errors ---------------------------------------------------------------------------------------------------------


def message_of(call: Any, kind: type[Exception]) -> str:
    with pytest.raises(kind) as found:
        call()
    text = str(found.value)
    assert all(len(line) <= 80 for line in text.splitlines()[1:])  # the first sentence stays on one line
    assert "test_scan.py" in text
    return " ".join(text.split())


def test_another_number_of_outputs() -> None:
    x = T.dvector("x")
    text = message_of(lambda: scan(lambda x, s: [s + x, s], x, ZERO), ValueError)
    assert "the step gives 2 outputs, outputs_info is for 1 output" in text
    assert "scan was called at" in text


def test_another_element_type() -> None:
    x = T.dvector("x")
    start = T.zeros((), dtype="float32")

    def add(x: Any, s: Any) -> Any:
        return s + x

    text = message_of(lambda: scan(add, x, start), TypeError)
    assert "output 0 of the step has element type float64, its initial state float32" in text
    assert "return s + x" in text
    assert text.count("test_scan.py:") >= 3, "the output's line, the initial state's and the call's"
    assert "T.cast(initial, 'float64')" in text
    assert "T.cast(output, 'float32')" in " ".join(text.split())


def test_other_dimensions() -> None:
    x = T.dmatrix("x")
    text = message_of(lambda: scan(lambda row, s: s + row, x, ZERO), TypeError)
    assert "output 0 of the step has 1 dimensions, its initial state 0" in text


def test_what_makes_no_sense() -> None:
    x, s = T.dvector("x"), T.dscalar("s")
    assert "how many steps" in message_of(lambda: scan(lambda s: s, outputs_info=s), ValueError)
    assert "nothing to go through" in message_of(lambda: scan(lambda s: s, sequences=s), TypeError)
    assert "taps of an output are negative" in message_of(
        lambda: scan(lambda x, y: y, x, {"initial": x, "taps": [1]}), ValueError
    )
    assert "wants an initial value" in message_of(lambda: scan(lambda x, y: y, x, {"taps": [-2]}), ValueError)
    assert "wants a first dimension with 2 rows" in message_of(
        lambda: scan(lambda x, y: y, x, {"initial": s, "taps": [-2]}), ValueError
    )
    assert "n_steps must be an integer scalar" in message_of(lambda: scan(lambda: s, n_steps=x), TypeError)
    assert "condition of until must be a scalar" in message_of(lambda: scan(lambda v: until(x > v), x), TypeError)
    assert "updates go to shared variables" in message_of(lambda: scan(lambda v: {s: v}, x), TypeError)
    w = shared(np.float32(1), name="w")
    assert "the update of w" in message_of(lambda: scan(lambda v: {w: w + v}, x), TypeError)


def test_a_shape_that_changes(mode: Mode) -> None:
    start = T.dvector("start")
    grown, _ = scan(lambda s: T.concatenate([s, s]), outputs_info=start, n_steps=2)
    f = function([start], grown, mode=mode)
    text = message_of(lambda: f([1.0]), ValueError)
    assert "output 0 has shape (2,) at step 0, and (1,) before" in text


def test_memory_does_not_grow_with_the_steps() -> None:
    """Two million steps of 16 numbers would be 244 MiB: the last state needs one row, checkpoints a few thousand."""
    start, a, n = T.dvector("start"), T.dscalar("a"), T.lscalar("n")
    states, _ = scan(lambda s, a: T.sin(s * a), outputs_info=start, non_sequences=a, n_steps=n)
    last = function([start, a, n], states[-1])
    few, _ = module.scan_checkpoints(
        lambda s, a: s * a, outputs_info=[start], non_sequences=[a], n_steps=2_000_000, save_every_N=1500
    )
    slope = function([start, a], grad(few[-1].sum(), a))
    last(np.ones(16), 0.5, 10)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert last(np.ones(16), 0.5, 2_000_000).shape == (16,)
    np.testing.assert_allclose(slope(np.ones(16), 1.0), 16 * 2_000_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000, "KiB"
