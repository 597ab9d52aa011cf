"""Reductions against NumPy, by both ways of computing, and their gradients."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym import function
from interactive_sym.core.types import COMPLEXES, DTYPES
from tests.core.ops.evaluation import RUNNERS, assert_same, check_gradient, interpreted

REALS = [dtype for dtype in DTYPES if dtype not in COMPLEXES]
AXES = [None, 0, 1, -1, (0, 2), (1,), (2, 0, 1), ()]


def sample(dtype: str, shape: tuple[int, ...]) -> Any:
    random = np.random.RandomState(11)
    values = random.randint(0 if dtype.startswith(("u", "b")) else -4, 5, size=shape)
    return (values / 2 if dtype.startswith("float") else values).astype(dtype)


def numpy_sum_dtype(dtype: str) -> str:
    return {"b": "int64", "i": "int64", "u": "uint64"}.get(np.dtype(dtype).kind, dtype)


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtype", REALS)
def test_reductions_equal_numpy(dtype: str, way: str) -> None:
    value = sample(dtype, (2, 3, 4))
    x = T.tensor3(dtype=dtype)
    outputs, wanted = [], []
    for axis in AXES:
        for keepdims in (False, True):
            options = {"axis": axis, "keepdims": keepdims}
            exact = numpy_sum_dtype(dtype)
            outputs += [T.sum(x, **options), T.prod(x, **options), T.max(x, **options), T.min(x, **options)]
            wanted += [value.sum(**options, dtype=exact), value.prod(**options, dtype=exact)]
            wanted += [value.max(**options), value.min(**options)]
            outputs += [T.any(x, **options), T.all(x, **options)]
            wanted += [value.any(**options), value.all(**options)]
            if axis is None or isinstance(axis, int):
                outputs += [T.argmax(x, **options), T.argmin(x, **options)]
                wanted += [value.argmax(**options), value.argmin(**options)]
    for got, want, output in zip(RUNNERS[way]([x], outputs, [value]), wanted, outputs, strict=True):
        assert_same(got, want, str(output.owner))
        assert output.type.dtype == got.dtype.name and output.type.ndim == got.ndim


@pytest.mark.parametrize("way", RUNNERS)
def test_means_and_variances(way: str) -> None:
    values = np.random.RandomState(0).normal(loc=1e4, size=(5, 7))
    x = T.dmatrix()
    outputs = [
        *[T.mean(x, axis=axis) for axis in (None, 0, (0, 1))],
        *[T.var(x, axis=axis, ddof=ddof) for axis in (None, 1) for ddof in (0, 1)],
        T.std(x, axis=0, keepdims=True),
        T.var(x, axis=1, corrected=True),
        T.ptp(x, axis=0),
        x.norm(2),
        x.norm(1, axis=0),
    ]
    wanted = [
        *[values.mean(axis=axis) for axis in (None, 0, (0, 1))],
        *[values.var(axis=axis, ddof=ddof) for axis in (None, 1) for ddof in (0, 1)],
        values.std(axis=0, keepdims=True),
        values.var(axis=1),
        np.ptp(values, axis=0),
        np.linalg.norm(values),
        np.linalg.norm(values, 1, axis=0),
    ]
    for got, want in zip(RUNNERS[way]([x], outputs, [values]), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9)


def test_element_types() -> None:
    assert T.mean(T.lvector()).dtype == "float64"
    assert T.mean(T.bvector()).dtype == "float64"
    assert T.mean(T.fvector()).dtype == T.sum(T.fvector()).dtype == T.var(T.fvector()).dtype == "float32"
    assert T.sum(T.fvector(), dtype="float64").dtype == "float64"
    assert T.sum(T.bvector(), dtype="int8").dtype == "int8"
    assert T.sum(T.fvector()).owner.op.acc_dtype == "float64"
    assert T.sum(T.fvector(), acc_dtype="float32").owner.op.acc_dtype == "float32"
    assert T.prod(T.vector(dtype="uint8")).dtype == "uint64"
    assert T.argmax(T.fmatrix(), axis=0).dtype == "int64"
    with pytest.raises(TypeError, match="mean"):
        T.mean(T.dvector(), dtype="int32")


@pytest.mark.parametrize("way", RUNNERS)
def test_float32_sums_are_accumulated_in_float64(way: str) -> None:
    x = T.fvector()
    value = np.array([1e8] + [1.0] * 64 + [-1e8], "float32")
    (got,) = RUNNERS[way]([x], [x.sum()], [value])
    assert_same(got, np.float32(64))


@pytest.mark.parametrize("way", RUNNERS)
def test_nan_and_empty(way: str) -> None:
    x = T.dmatrix()
    value = np.array([[1.0, np.nan, 3.0], [2.0, 0.0, 5.0]])
    got = RUNNERS[way]([x], [x.max(axis=1), x.min(axis=1), x.argmax(axis=1), x.argmin(axis=1), x.sum()], [value])
    for mine, want in zip(
        got, [value.max(1), value.min(1), value.argmax(1), value.argmin(1), value.sum()], strict=True
    ):
        assert_same(mine, want)
    got = RUNNERS[way]([x], [x.sum(axis=0), x.prod(axis=1), x.all(axis=0), x.sum()], [np.zeros((0, 2))])
    for mine, want in zip(got, [np.zeros(2), np.ones(0), np.ones(2, bool), np.float64(0)], strict=True):
        assert_same(mine, want)
    for reduction in (T.max, T.argmax, T.argmin):
        got = RUNNERS[way]([x], [reduction(x, axis=1)], [np.zeros((0, 2))])
        assert got[0].shape == (0,)
        with pytest.raises(ValueError, match=r"no identity|no elements"):
            RUNNERS[way]([x], [reduction(x, axis=0)], [np.zeros((0, 2))])


@pytest.mark.parametrize("way", RUNNERS)
def test_argmax_over_several_axes(way: str) -> None:
    x = T.tensor3()
    value = sample("float64", (2, 3, 4))
    got = RUNNERS[way]([x], [x.argmax(axis=(0, 2)), x.argmin(axis=(1, 2))], [value])
    assert_same(got[0], value.transpose(1, 0, 2).reshape(3, -1).argmax(axis=1))
    assert_same(got[1], value.reshape(2, -1).argmin(axis=1))


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtype", REALS)
def test_argmax_of_long_rows(dtype: str, way: str) -> None:
    """Rows of several blocks and a rest: ties, ascending rows, and the first NaN of several, at each place."""
    rows = np.concatenate([sample(dtype, (3, 300)), np.sort(sample(dtype, (2, 300)))])
    if dtype.startswith("float"):
        places = np.full((300, 300), 1, dtype=dtype)
        for k in range(300):
            places[k, k:] = [np.inf if k % 2 else np.nan, *[np.nan] * (k % 3), *[2] * 300][: 300 - k]
        rows = np.concatenate([rows, places, -places, np.full((1, 300), -np.inf, dtype=dtype)])
    x = T.matrix(dtype=dtype)
    for given in (rows, rows.T, rows[:, :3], rows[:40].reshape(-1, 2), rows[:1]):
        rows = np.ascontiguousarray(given)
        outputs = [x.argmax(axis=1), x.argmin(axis=1), x.argmax(), x.argmin(), x[:, ::-1].argmax(axis=1)]
        outputs += [x.argmax(axis=0), x.argmin(axis=0), (x * 1).argmax(axis=1), x.T.argmin(axis=0)]
        wanted = [rows.argmax(1), rows.argmin(1), rows.argmax(), rows.argmin(), rows[:, ::-1].argmax(1)]
        wanted += [rows.argmax(0), rows.argmin(0), rows.argmax(1), rows.argmin(1)]
        for mine, want in zip(RUNNERS[way]([x], outputs, [rows]), wanted, strict=True):
            assert_same(mine, np.asarray(want))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "uint16"])
def test_argmax_along_any_axis(dtype: str) -> None:
    """Three axes, of which one or two that follow each other are searched; long enough for threads."""
    x = T.tensor3(dtype=dtype)
    for shape in ((40, 50, 60), (3, 700, 40), (2, 5, 1), (500, 3, 7), (90_000, 1, 2), (1, 1, 200_000)):
        value = sample(dtype, shape)
        search = function([x], [x.argmax(axis=k) for k in range(3)] + [T.argmin(x, axis=(0, 1)), T.argmax(x)])
        *along, over, everything = search(value)
        for k, got in enumerate(along):
            assert_same(got, value.argmax(axis=k))
        assert_same(over, value.reshape(-1, shape[2]).argmin(axis=0))
        assert everything == value.argmax()


def test_axes_are_checked() -> None:
    x = T.dmatrix("x")
    with pytest.raises(np.exceptions.AxisError, match="axis 2"):
        x.sum(axis=2)
    with pytest.raises(ValueError, match="twice"):
        x.sum(axis=(0, -2))
    with pytest.raises(TypeError, match="axis is an integer"):
        x.sum(axis=0.5)
    with pytest.raises(TypeError, match="complex"):
        T.max(T.zvector())


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "mean"])
@pytest.mark.parametrize("inner", [(0,), (1,), (2,), (0, 2), (1, 2)])
def test_reductions_of_reductions(inner: tuple[int, ...], name: str) -> None:
    """Loops taken four rows at a time, the sum of the rows in a sum themselves."""
    value = np.random.RandomState(5).normal(size=(5, 6, 7)) / 10
    x = T.dtensor3()
    rows = T.exp(x.sum(axis=inner))
    wanted = np.exp(value.sum(axis=inner))
    axes = [None, *range(wanted.ndim)]
    results = function([x], [getattr(T, name)(rows, axis=axis) for axis in axes])(value)
    for axis, result in zip(axes, results):
        np.testing.assert_allclose(result, getattr(np, name)(wanted, axis=axis), rtol=1e-13)
        np.testing.assert_allclose(
            function([x], getattr(T, name)(rows, axis=axis))(value), getattr(np, name)(wanted, axis=axis), rtol=1e-13
        )


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
def test_gradients(axis: Any) -> None:
    value = np.random.RandomState(4).uniform(0.5, 2, size=(3, 4))
    for reduction in (T.sum, T.prod, T.mean, T.max, T.min, T.var, T.std):
        check_gradient(lambda x, reduction=reduction: reduction(x, axis=axis), value)


def test_gradient_of_products_with_zeros() -> None:
    for row in ([2.0, 0.0, 3.0], [0.0, 0.0, 3.0], [1.0, 2.0, 3.0]):
        check_gradient(lambda x: T.prod(x, axis=1), [row])


def test_gradient_of_ties() -> None:
    x = T.dvector()
    gradient = T.grad(3 * x.max(), x)
    assert interpreted([x], [gradient], [[1.0, 5.0, 5.0]])[0].tolist() == [0, 3, 3]


def test_gradient_keeps_dims() -> None:
    value = np.random.RandomState(4).uniform(0.5, 2, size=(3, 4))
    check_gradient(lambda x: x / x.sum(axis=0, keepdims=True), value)
    check_gradient(lambda x: T.nnet.softmax(x), value)
    check_gradient(lambda x: T.nnet.logsoftmax(x), value)


def test_names_are_short() -> None:
    x = T.dmatrix("x")
    assert [str(v.owner.op) for v in (x.sum(axis=0), x.argmax(axis=-1), x.max())] == [
        "sum{axis=(0,)}",
        "argmax{axis=(1,)}",
        "max{axis=(0, 1)}",
    ]
