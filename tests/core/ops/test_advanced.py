"""Indexing by arrays and masks against NumPy: values, changed tensors, gradients, errors; no step in Python."""

import re
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.cffi_backend.unit import generate
from interactive_sym.core.program import make_program
from interactive_sym.core.types import DTYPES
from interactive_sym.function import function
from tests.core.ops.evaluation import RUNNERS, assert_same, check_gradient

VALUE = np.arange(60.0).reshape(3, 4, 5)
ROWS, J = np.array([[2, 0], [-1, 1]]), np.array([1, -4])
K = np.array([4, 0, -5, 4])
INDICES: list[Any] = [
    ROWS,
    K[:2] * 0,
    [2, 0, 2],
    (ROWS, J),
    (ROWS, J, 3),
    (slice(None), J),
    (slice(None), J, slice(1, 4)),
    (slice(1, None), slice(None), K),
    (J[:1], slice(None), K),
    (ROWS, slice(None), J),
    (0, slice(None), K),
    (Ellipsis, K),
    (Ellipsis, J, J),
    (None, J[1:] * 0, None, J),
    (J[:1], None, J),
    (ROWS[:, :, None], J),
    (slice(None, None, -1), [[1], [3]], [0, 4]),
    np.zeros((0,), dtype="int64"),
    (slice(None), np.zeros((2, 0), dtype="int64")),
    VALUE[:, 0, 0] > 10,
    VALUE > 17,
    VALUE[:, :, 0] % 2 == 0,
    (slice(None), VALUE[0] % 3 == 0),
    (slice(None), VALUE[0, :, 0] > 4, slice(None, 2)),
    (1, VALUE[0] % 3 == 0),
    (np.array([True, False, True]), slice(None), [3, 1]),
    (Ellipsis, np.array([False] * 5)),
]


def symbolic(index: Any) -> tuple[Any, list[Any], list[Any]]:
    """The index with its arrays replaced by variables; the variables; their values."""
    items = index if isinstance(index, tuple) else (index,)
    replaced, variables, values = [], [], []
    for item in items:
        if isinstance(item, (list, np.ndarray)):
            array = np.asarray(item)
            variable = T.TensorType(array.dtype.name, [size == 1 for size in array.shape])()
            variables.append(variable)
            values.append(array)
            item = variable
        replaced.append(item)
    return tuple(replaced), variables, values


@pytest.mark.parametrize("way", RUNNERS)
def test_reading_equals_numpy(way: str) -> None:
    x, fixed = T.dtensor3("x"), T.TensorType("float64", VALUE.shape)("fixed")
    inputs: list[Any] = [x, fixed]
    values: list[Any] = [VALUE, VALUE]
    outputs = [x[index] for index in INDICES] + [fixed[index] for index in INDICES]
    for index in INDICES:
        replaced, variables, given = symbolic(index)
        outputs.append(x[replaced])
        inputs += variables
        values += given
    results = RUNNERS[way](inputs, outputs, values)
    for index, got, output in zip(INDICES * 3, results, outputs, strict=True):
        assert_same(got, VALUE[index], str(index))
        assert all(size in (None, actual) for size, actual in zip(output.type.shape, got.shape, strict=True)), index


@pytest.mark.parametrize("way", RUNNERS)
def test_changing_equals_numpy(way: str) -> None:
    x, y = T.dtensor3("x"), T.dscalar("y")
    outputs, wanted = [], []
    for index in INDICES:
        part = x[index]
        new = np.arange(VALUE[index].size, dtype="float64").reshape(VALUE[index].shape) + 0.5
        for value, number in ((T.constant(new), new), (y, 7.0), (3, 3.0)):
            outputs += [T.set_subtensor(part, value), T.inc_subtensor(part, value)]
            changed, increased = VALUE.copy(), VALUE.copy()
            changed[index] = number
            np.add.at(increased, index, number)
            wanted += [changed, increased]
    results = RUNNERS[way]([x, y], outputs, [VALUE, np.array(7.0)])
    for got, want, output in zip(results, wanted, outputs, strict=True):
        assert_same(got, want, str(output.owner))


@pytest.mark.parametrize("way", RUNNERS)
def test_element_types(way: str) -> None:
    for dtype in DTYPES if way == "numpy" else [d for d in DTYPES if "complex" not in d] + ["complex128"]:
        x = T.tensor(dtype, (False, False))
        value = np.arange(12).reshape(3, 4).astype(dtype)
        index = T.tensor("uint8", (False,))
        outputs = [x[index], T.set_subtensor(x[:, index], x[:, :2]), T.inc_subtensor(x[index], x[:2])]
        places = np.array([1, 1], dtype="uint8")
        got = RUNNERS[way]([x, index], outputs, [value, places])
        assert_same(got[0], value[places], dtype)
        changed, increased = value.copy(), value.copy()
        changed[:, places] = value[:, :2]
        np.add.at(increased, places, value[:2])
        assert_same(got[1], changed, dtype)
        assert_same(got[2], increased, dtype)


@pytest.mark.parametrize("way", RUNNERS)
def test_views_are_read_without_copies_of_them(way: str) -> None:
    x, index = T.dtensor3("x"), T.lvector("i")
    parts = [x.T[index], x[1][:, ::-1][index], x[:, 1:][:, :, index].sum(axis=0), x.dimshuffle(2, 0, "x", 1)[index]]
    got = RUNNERS[way]([x, index], parts, [VALUE, np.array([2, 0])])
    i = np.array([2, 0])
    for result, want in zip(
        got,
        [VALUE.T[i], VALUE[1][:, ::-1][i], VALUE[:, 1:][:, :, i].sum(0), VALUE.transpose(2, 0, 1)[:, :, None][i]],
        strict=True,
    ):
        assert_same(result, want)


@pytest.mark.parametrize("way", RUNNERS)
def test_take(way: str) -> None:
    x, index = T.dtensor3("x"), T.lmatrix("i")
    places = np.array([[0, 2], [-7, 9]])
    outputs, wanted = [], []
    for mode in ("clip", "wrap"):
        for axis in (None, 0, 1, -1):
            outputs += [T.take(x, index, axis=axis, mode=mode), x.take([5, -9], axis, mode), T.take(x, 6, axis, mode)]
            for where in (places, [5, -9], 6):
                wanted.append(np.asarray(np.take(VALUE, where, axis=axis, mode=mode)))
    outputs += [T.take(x, [2, -1], axis=1), T.take(x, 3), T.take(x, [59, 0])]
    wanted += [np.take(VALUE, [2, -1], 1), np.asarray(VALUE.take(3)), VALUE.take([59, 0])]
    for got, want in zip(RUNNERS[way]([x, index], outputs, [VALUE, places]), wanted, strict=True):
        assert_same(got, want)
    with pytest.raises(ValueError, match="mode is"):
        T.take(x, 0, mode="nearest")


@pytest.mark.parametrize("way", RUNNERS)
def test_nonzero(way: str) -> None:
    x = T.dtensor3("x")
    value = np.where(VALUE % 7 < 3, 0, VALUE)
    outputs = [*x.nonzero(), x.nonzero(return_matrix=True), T.flatnonzero(x), x.nonzero_values(), T.flatnonzero(x > 20)]
    wanted = [*value.nonzero(), np.stack(value.nonzero()), np.flatnonzero(value), value[value.nonzero()]]
    for got, want in zip(RUNNERS[way]([x], outputs, [value]), [*wanted, np.flatnonzero(value > 20)], strict=True):
        assert_same(got, want)
    assert [got.tolist() for got in RUNNERS[way]([x], outputs[:3], [value[:0]])] == [[], [], []]
    with pytest.raises(ValueError, match="at least 1 dimension"):
        T.nonzero(T.dscalar())


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("mode", ["raise", "wrap", "clip"])
def test_choose(mode: str, way: str) -> None:
    a, b, c, stacked = T.lmatrix("a"), T.dvector("b"), T.dmatrix("c"), T.dtensor3("s")
    fixed = T.TensorType("float64", (2, None, 1))("fixed")
    numbers = np.array([[0, 1, 1], [1, 0, 0]]) + (3 if mode == "clip" else -2 if mode == "wrap" else 0)
    values: list[Any] = [
        numbers,
        np.arange(3.0),
        10 + np.arange(6.0).reshape(2, 3),
        VALUE[:2, :2, :3],
        VALUE[:2, :2, :1],
    ]
    outputs = [
        T.choose(a, [b, c], mode=mode),
        a.choose([1, c], mode=mode),
        T.choose(a, stacked, mode=mode),
        T.choose(a, fixed, mode=mode),
    ]
    wanted: list[Any] = [
        np.choose(numbers, choices, mode=mode)  # type: ignore[call-overload]
        for choices in ([values[1], values[2]], [1, values[2]], list(values[3]), list(values[4]))
    ]
    for got, want in zip(RUNNERS[way]([a, b, c, stacked, fixed], outputs, values), wanted, strict=True):
        assert_same(got, want.astype("float64"))


def test_choose_rejects() -> None:
    a, b = T.lvector("a"), T.dvector("b")
    for output in (T.choose(a, [b, 1]), T.choose(a, T.dmatrix("m"))):
        inputs = [a, b] if output.owner.op.name == "switch" else [a, output.owner.inputs[0]]
        f = function(inputs, output, on_unused_input="ignore")
        other = np.ones(1) if inputs[1] is b else np.ones((2, 1))
        with pytest.raises(ValueError, match="choose: -1 is not from 0 to 1"):
            f([-1], other)
        with pytest.raises(ValueError, match="choose: 2 is not from 0 to 1"):
            f([2], other)
    with pytest.raises(ValueError, match="choose: 5 is not from 0 to 1"):
        T.choose([5], [b, b])
    with pytest.raises(ValueError, match="out must be None"):
        T.choose(a, [b, b], out=b)


@pytest.mark.parametrize("way", RUNNERS)
def test_inverse_permutation(way: str) -> None:
    p, q = T.ivector("p"), T.lmatrix("q")
    one, rows = np.array([3, 0, 2, 1], "int32"), np.array([[0, 2, 1], [2, 0, 1]])
    got = RUNNERS[way]([p, q], [T.inverse_permutation(p), T.inverse_permutation(q)], [one, rows])
    assert_same(got[0], np.argsort(one).astype("int32"))
    assert_same(got[1], np.argsort(rows, axis=1))
    with pytest.raises(TypeError, match="integer vector or matrix"):
        T.inverse_permutation(T.dvector())


def test_gradients() -> None:
    for index in INDICES:
        if VALUE[index].size:
            check_gradient(lambda x, index=index: T.sqr(x[index]), VALUE / 60)
    y = np.arange(8.0).reshape(2, 4)
    for change in (T.set_subtensor, T.inc_subtensor):
        check_gradient(lambda x, y: T.sqr(change(x[:, [2, 0]], T.sqr(y))), np.ones((4, 3)), y.T)  # noqa: B023
        check_gradient(lambda x, s: T.sqr(change(x[x > 0.5], s)), VALUE[0] / 60, 2.0)  # noqa: B023
        check_gradient(lambda x, y: T.sqr(change(x[1:, [1], None], y)), VALUE[0] / 60, np.ones((3, 1, 1)))  # noqa: B023
    check_gradient(lambda x, y: T.inc_subtensor(x[[0, 0, 1]], T.sqr(y)) ** 2, np.ones((2, 4)), np.ones((3, 4)))
    check_gradient(lambda x: T.take(T.sqr(x), [0, 0, 5], mode="wrap"), np.arange(3.0))
    check_gradient(lambda b, c: T.choose([0, 1, 1], [T.sqr(b), c * 2]), np.arange(3.0), np.arange(3.0))


def test_second_derivatives() -> None:
    x = T.dvector("x")
    cost = (T.exp(x[[0, 0, 2]]) * x[1]).sum()
    first = T.grad(cost, x)
    check_gradient(lambda v: T.grad((T.exp(v[[0, 0, 2]]) * v[1]).sum(), v), np.array([0.1, 0.2, 0.3]))
    got = function([x], T.grad(T.sqr(first).sum(), x))([0.1, 0.2, 0.3])
    assert got.shape == (3,)


@pytest.mark.parametrize("way", RUNNERS)
def test_errors_when_called(way: str) -> None:
    x, i, j, mask = T.dmatrix("x"), T.lvector("i"), T.lvector("j"), T.tensor("bool", (False, False))
    cases: list[tuple[Any, list[Any], type[Exception], str]] = [
        (x[i], [np.array([0, 3])], IndexError, "index 3 is out of range for axis 0 of size 3"),
        (x[:, i], [np.array([-5, 1])], IndexError, "index -5 is out of range for axis 1 of size 4"),
        (T.set_subtensor(x[i], 0.0), [np.array([3])], IndexError, "index 3 is out of range"),
        (T.inc_subtensor(x[:, i], 1.0), [np.array([0, -5])], IndexError, "index -5 is out of range"),
        (x[i, j], [np.array([0, 1]), np.array([0, 1, 2])], IndexError, "index arrays differ along axis 0: 2 against 3"),
        (x[mask], [np.ones((4, 3), bool)], IndexError, "a mask of size 4 along axis 0 indexes an axis of size 3"),
        (T.set_subtensor(x[i], x), [np.array([0, 1])], ValueError, "the value has size 3 along axis 0, not 2"),
    ]
    for output, values, kind, text in cases:
        inputs: list[Any] = [x, mask] if values[0].dtype == bool else [x, i, j][: 1 + len(values)]
        with pytest.raises(kind, match=re.escape(text)):
            RUNNERS[way](inputs, [output], [VALUE[0][:3, :4], *values])


def test_errors_when_built() -> None:
    x, fixed = T.dmatrix("x"), T.TensorType("float64", (3, 4))("fixed")
    for index, text in [
        ([True, False], "a Python bool is not a mask"),
        (True, "a Python bool is not a mask"),
        ((0, np.bool_(True)), "a Python bool is not a mask"),
        (np.array([0.5]), "is no index"),
        (T.dvector("d"), "is no index"),
        ((T.lvector(), 0, 1), "3 indices for a tensor of 2 dimensions"),
        (np.ones((2, 2, 2), bool), "3 indices for a tensor of 2 dimensions"),
        ((Ellipsis, T.lvector(), Ellipsis), "one Ellipsis only"),
        (np.bool_(True), "a Python bool is not a mask"),
        (T.tensor("bool", ()), "a mask has at least 1 dimension"),
    ]:
        with pytest.raises(IndexError, match=text):
            x[index]
    with pytest.raises(IndexError, match="index 3 is out of range for axis 0 of size 3"):
        fixed[[0, 3]]
    with pytest.raises(IndexError, match="a mask of size 4 along axis 0 indexes an axis of size 3"):
        fixed[np.ones((4, 4), bool)]
    with pytest.raises(IndexError, match="index arrays differ along axis 0: 2 against 3"):
        x[[0, 1], [0, 1, 2]]
    with pytest.raises(TypeError, match="float64 does not hold complex128"):
        T.set_subtensor(x[[0]], T.zscalar())
    with pytest.raises(ValueError, match="a value of 3 dimensions for 2"):
        T.inc_subtensor(x[[0]], T.dtensor3())


def test_no_step_runs_in_python() -> None:
    x, i = T.dmatrix("x"), T.lvector("i")
    outputs = [
        x[i],
        x[x > 0],
        T.set_subtensor(x[i], 1.0),
        T.inc_subtensor(x[:, i], x[:, :2]),
        *x.nonzero(),
        T.choose(i, [1.0, 2.0]),
        T.inverse_permutation(i),
        T.grad(x[i, i].sum(), x),
        x.take(i, 0, "clip"),
    ]
    assert generate(make_program([x, i], outputs, [])).spec.steps == ()


def test_sizes_are_inferred() -> None:
    x, i = T.dmatrix("x"), T.lmatrix("i")
    f = function([x, i], [x[:, i].shape, x[i].shape[2], T.set_subtensor(x[i], 0.0).shape])
    names = {node.op.name for node in f.maker.fgraph.nodes} if hasattr(f, "maker") else set()
    assert not names & {"advanced_subtensor", "advanced_set_subtensor"}
    got = f(np.ones((3, 4)), np.zeros((2, 2), dtype="int64"))
    assert [g.tolist() for g in got] == [[3, 2, 2], 4, [3, 4]]
