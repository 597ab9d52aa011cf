"""Running sums, counts, repetition, diagonals, grids, indices and covariances against NumPy."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.cffi_backend.unit import generate
from interactive_sym.core.program import make_program
from interactive_sym.core.types import DTYPES
from interactive_sym.function import function
from tests.core.ops.evaluation import RUNNERS, assert_same, check_gradient

VALUE = np.arange(24.0).reshape(2, 3, 4) - 7


def compare(way: str, inputs: list[Any], values: list[Any], pairs: list[tuple[Any, Any]]) -> None:
    results = RUNNERS[way](inputs, [output for output, _ in pairs], values)
    for k, (got, (output, want)) in enumerate(zip(results, pairs, strict=True)):
        assert_same(got, want, f"{k}: {output.owner}")
        assert all(size in (None, actual) for size, actual in zip(output.type.shape, got.shape, strict=True))


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_running_sums_and_products(dtype: str, way: str) -> None:
    x = T.tensor(dtype, (False,) * 3)
    value = (np.abs(VALUE) % 3 + 1).astype(dtype)
    kind = np.dtype(dtype).kind
    out = "int64" if kind in "bi" else "uint64" if kind == "u" else dtype
    pairs = [
        (f(x, axis), g(value, axis=axis, dtype=out))
        for f, g in ((T.cumsum, np.cumsum), (T.cumprod, np.cumprod))
        for axis in (0, 1, -1, None)
    ]
    compare(way, [x], [value], pairs)
    compare(way, [x], [value[:, :0]], [(x.cumsum(1), np.zeros((2, 0, 4), out)), (x.cumprod(), np.zeros(0, out))])


def test_gradients_of_running_sums_and_products() -> None:
    value = np.array([[2.0, 0.0, -1.5, 0.0], [1.0, 3.0, 0.5, -2.0]])
    for axis in (0, 1, None):
        check_gradient(lambda x, axis=axis: T.sqr(T.cumsum(x, axis)), value)
        check_gradient(lambda x, axis=axis: T.cumprod(x, axis), value)
    check_gradient(lambda x: T.grad(T.sqr(T.cumprod(x, 1)).sum(), x), value)


@pytest.mark.parametrize("way", RUNNERS)
def test_diff(way: str) -> None:
    x, flags = T.dtensor3("x"), T.tensor("bool", (False,))
    pairs = [(T.diff(x, n, axis), np.diff(VALUE**2, n, axis)) for n in (0, 1, 2, 3) for axis in (0, 1, -1)]
    marks = np.array([True, True, False])
    compare(way, [x, flags], [VALUE**2, marks], [*pairs, (T.diff(flags), np.diff(marks))])
    check_gradient(lambda v: T.sqr(T.diff(v, 2)), np.arange(5.0))
    with pytest.raises(ValueError, match="n = -1"):
        T.diff(x, -1)


@pytest.mark.parametrize("way", RUNNERS)
def test_bincount(way: str) -> None:
    x, w, n = T.ivector("x"), T.fvector("w"), T.lscalar("n")
    numbers, weights = np.array([3, 1, 1, 0], "int32"), np.array([0.5, 2, 3, 4], "float32")
    pairs = [
        (T.bincount(x), np.bincount(numbers)),
        (T.bincount(x, minlength=7), np.bincount(numbers, minlength=7)),
        (T.bincount(x, minlength=n), np.bincount(numbers, minlength=6)),
        (T.bincount(x, w), np.bincount(numbers, weights).astype("float32")),
    ]
    compare(way, [x, w, n], [numbers, weights, np.array(6)], pairs)
    compare(way, [x], [numbers[:0]], [(T.bincount(x, minlength=2), np.zeros(2, "int64"))])
    with pytest.raises(ValueError, match="one is -1"):
        RUNNERS[way]([x], [T.bincount(x)], [np.array([2, -1], "int32")])
    with pytest.raises(ValueError, match="4 weights for 2 numbers"):
        RUNNERS[way]([x, w], [T.bincount(x, w)], [numbers[:2], weights])
    with pytest.raises(TypeError, match="integer vector"):
        T.bincount(w)
    check_gradient(lambda w: T.sqr(T.bincount(T.constant([0, 2, 0]), w)), np.array([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtype", ["int16", "float64", "bool"])
def test_unique(dtype: str, way: str) -> None:
    x = T.tensor(dtype, (False, False))
    value = np.array([[3, 1, 3], [0, 1, 3]]).astype(dtype)
    if dtype == "float64":
        value[0, 0] = value[1, 1] = np.nan
    for given in (value, value[:0]):
        found = T.Unique(True, True, True)(x)
        wanted = np.unique(given, True, True, True)
        pairs = [(got, np.asarray(want).reshape(-1)) for got, want in zip(found, wanted, strict=True)]
        compare(way, [x], [given], [*pairs, (T.Unique()(x), wanted[0])])
    rows = np.array([[1, 2], [0, 1], [1, 2]]).astype(dtype)
    found = T.Unique(True, True, True, axis=0)(x)
    wanted = np.unique(rows, True, True, True, axis=0)
    pairs = [
        (got, want if k == 0 else np.asarray(want).reshape(-1)) for k, (got, want) in enumerate(zip(found, wanted))
    ]
    compare(way, [x], [rows], pairs)


@pytest.mark.parametrize("way", RUNNERS)
def test_repeat_tile_roll(way: str) -> None:
    x, k, counts = T.dtensor3("x"), T.lscalar("k"), T.bvector("c")
    each = np.array([2, 0, 1], "int8")
    pairs = [(T.repeat(x, n, axis), np.repeat(VALUE, 2, axis)) for n in (2, k, [2]) for axis in (0, 1, -1, None)]
    pairs += [(T.repeat(x, c, 1), np.repeat(VALUE, each, 1)) for c in (each, counts)]
    pairs.append((x.repeat(0, 1), np.repeat(VALUE, 0, 1)))
    pairs += [
        (T.tile(x, r), np.tile(VALUE, s)) for r, s in ((2, 2), ((2, 1), (2, 1)), ((k, 3, 1, 2), (2, 3, 1, 2)), (0, 0))
    ]
    pairs += [(T.tile(x, counts, ndim=3), np.tile(VALUE, each)), (T.tile(x, 2, ndim=4), np.tile(VALUE, (1, 1, 1, 2)))]
    pairs += [(T.roll(x, n, axis), np.roll(VALUE, n, axis)) for n in (0, 1, -1, 5, -9) for axis in (0, 1, -1, None)]
    pairs += [(T.roll(x, k, 1), np.roll(VALUE, 2, 1)), (T.roll(x, (1, k), (0, 2)), np.roll(VALUE, (1, 2), (0, 2)))]
    compare(way, [x, k, counts], [VALUE, np.array(2), each], pairs)
    empty = VALUE[:, :0]
    compare(way, [x, k], [empty, np.array(2)], [(T.roll(x, k, 1), empty), (T.tile(x, 2), np.tile(empty, 2))])
    for wrong, text in ((np.array([1, -1, 0], "int8"), "a count is negative"), (each[:2], "2 counts for 3 elements")):
        with pytest.raises(ValueError, match=text):
            RUNNERS[way]([x, counts], [T.repeat(x, counts, 1)], [VALUE, wrong])


def test_repetition_rejects_and_has_gradients() -> None:
    x = T.dvector("x")
    for call, kind, text in [
        (lambda: T.repeat(x, -1), ValueError, "count is negative"),
        (lambda: T.repeat(x, 0.5), TypeError, "repeats are an integer"),
        (lambda: T.repeat(T.TensorType("float64", (3,))(), [1, 2]), ValueError, "2 counts for 3 elements"),
        (lambda: T.tile(x, -1), ValueError, "count is negative"),
        (lambda: T.tile(x, T.lvector("r")), ValueError, "is not known"),
        (lambda: T.tile(x, (1, 2), ndim=1), ValueError, "2 dimensions come out"),
        (lambda: T.roll(T.dmatrix(), (1, 2), (0,)), ValueError, "2 shifts for 1 axes"),
    ]:
        with pytest.raises(kind, match=text):
            call()
    value = np.arange(6.0).reshape(2, 3)
    for build in (
        lambda v: T.sqr(T.repeat(v, 2, 1)),
        lambda v: T.sqr(T.repeat(v, [1, 2], 0)),
        lambda v: T.sqr(T.tile(v, (2, 2))),
        lambda v: T.roll(v, 1, 1) * v,
        lambda v: T.compress([1, 0, 1], v, 1) ** 2,
    ):
        check_gradient(build, value)


@pytest.mark.parametrize("way", RUNNERS)
def test_diagonals(way: str) -> None:
    x, m, v, s, o = T.dtensor3("x"), T.dmatrix("m"), T.fvector("v"), T.dscalar("s"), T.lscalar("o")
    matrix, vector = VALUE[0], np.array([1, 2, 3], "float32")
    pairs = [
        (x.diagonal(k, a, b), np.diagonal(VALUE, k, a, b))
        for k in (-5, -1, 0, 1, 3)
        for a, b in ((0, 1), (1, 0), (2, 0), (-1, 1))
    ]
    pairs += [(T.diag(v, k), np.diag(vector, k)) for k in (-2, 0, 1)]
    pairs += [(T.diag(m, k), np.diag(matrix, k)) for k in (-2, 0, 1)]
    pairs += [(x.trace(k, 1, 2), np.trace(VALUE, k, 1, 2)) for k in (-1, 0)]
    for given in (matrix, matrix.T):
        filled = given.copy()
        np.fill_diagonal(filled[: len(filled.T)], 9.0)
        off = given.copy()
        rows = np.arange(min(given.shape[0], given.shape[1] - 1))
        off[rows, rows + 1] = 9.0
        mine = [
            (T.fill_diagonal(m, s), filled),
            (T.fill_diagonal_offset(m, 9, 1), off),
            (T.fill_diagonal_offset(m, s, o), off),
        ]
        compare(way, [m, s, o], [given, np.array(9.0), np.array(1)], mine)
    compare(way, [x, m, v], [VALUE, matrix, vector], pairs)
    cube = VALUE[:2, :2, :2].copy()
    filled = cube.copy()
    np.fill_diagonal(filled, 0)
    compare(way, [x], [cube], [(T.fill_diagonal(x, 0), filled)])
    with pytest.raises(IndexError, match="index arrays differ"):
        RUNNERS[way]([x], [T.fill_diagonal(x, 0)], [VALUE])


def test_diagonals_reject_and_have_gradients() -> None:
    for call, kind, text in [
        (lambda: T.diagonal(T.dvector()), ValueError, "at least 2 dimensions"),
        (lambda: T.diagonal(T.dmatrix(), 0, 1, 1), ValueError, "are the same"),
        (lambda: T.diag(T.dtensor3()), ValueError, "a vector or a matrix"),
        (lambda: T.fill_diagonal(T.dvector(), 0), ValueError, "at least 2 dimensions"),
        (lambda: T.fill_diagonal(T.dmatrix(), T.dvector()), TypeError, "the value is a scalar"),
        (lambda: T.fill_diagonal_offset(T.dtensor3(), 0, 0), TypeError, "wants a matrix"),
    ]:
        with pytest.raises(kind, match=text):
            call()
    value = np.arange(6.0).reshape(2, 3)
    check_gradient(lambda x: T.sqr(T.diagonal(x, 1)), value)
    check_gradient(lambda v: T.sqr(T.diag(v, -1)), np.arange(3.0))
    check_gradient(lambda x, s: T.sqr(T.fill_diagonal(x, s)), value, 2.0)
    check_gradient(lambda x, s: T.sqr(T.fill_diagonal_offset(x, s, -1)), value, 2.0)


@pytest.mark.parametrize("way", RUNNERS)
def test_compress_and_one_hot(way: str) -> None:
    x, c, y, n = T.dtensor3("x"), T.tensor("bool", (False,)), T.bvector("y"), T.lscalar("n")
    flags, classes = np.array([True, False, True]), np.array([2, 0, 2], "int8")
    pairs = [
        (x.compress(c, 1), np.compress(flags, VALUE, 1)),
        (T.compress([0, 1], x), np.compress([0, 1], VALUE)),
        (T.compress(c[:1], x, 2), np.compress(flags[:1], VALUE, 2)),
        (T.to_one_hot(y, 3), np.eye(3)[classes]),
        (T.to_one_hot(y, n, "int8"), np.eye(4, dtype="int8")[classes]),
    ]
    compare(way, [x, c, y, n], [VALUE, flags, classes, np.array(4)], pairs)
    for wrong in (3, -1):
        with pytest.raises(IndexError, match=f"index {wrong} is out of range"):
            RUNNERS[way]([y], [T.to_one_hot(y, 3)], [np.array([0, wrong], "int8")])
    with pytest.raises(TypeError, match="integer vector"):
        T.to_one_hot(T.dvector(), 3)


@pytest.mark.parametrize("way", RUNNERS)
def test_flat_and_multiple_indices(way: str) -> None:
    flat, rows, columns, dims = T.lmatrix("f"), T.lvector("r"), T.lvector("c"), T.lvector("d")
    places, r, c = np.array([[0, 5], [11, 7]]), np.array([0, 2, 1]), np.array([3, 0, 1])
    pairs: list[tuple[Any, Any]] = []
    for order in ("C", "F"):
        pairs += zip(T.unravel_index(flat, (3, 4), order), np.unravel_index(places, (3, 4), order))  # type: ignore[call-overload]
        pairs += zip(T.unravel_index(flat, dims, order, ndim=2), np.unravel_index(places, (3, 4), order))  # type: ignore[call-overload]
        pairs.append(
            (
                T.ravel_multi_index((rows, columns), (3, 4), order=order),
                np.ravel_multi_index((r, c), (3, 4), order=order),
            )
        )  # type: ignore[call-overload]
        pairs.append(
            (
                T.ravel_multi_index(T.stack([rows, columns]), dims, order=order),
                np.ravel_multi_index((r, c), (3, 4), order=order),
            )
        )  # type: ignore[call-overload]
    for mode in ("wrap", "clip", ("wrap", "clip")):
        wild = T.ravel_multi_index((rows - 4, columns + 9), (3, 4), mode=mode)
        pairs.append((wild, np.ravel_multi_index((r - 4, c + 9), (3, 4), mode=mode)))  # type: ignore[call-overload]
    compare(way, [flat, rows, columns, dims], [places, r, c, np.array([3, 4])], pairs)
    for output, values in (
        (T.unravel_index(flat, (3, 4))[0], [places + 1]),
        (T.unravel_index(flat, (3, 4))[1], [-places]),
    ):
        with pytest.raises(ValueError, match="is not from 0 to 11"):
            RUNNERS[way]([flat], [output], values)
    with pytest.raises(ValueError, match="ravel_multi_index: 3 is not from 0 to 2"):
        RUNNERS[way]([rows, columns], [T.ravel_multi_index((rows, columns), (3, 4))], [r + 1, c])
    for call, kind in [
        (lambda: T.unravel_index(flat, (3, 4), "K"), ValueError),
        (lambda: T.unravel_index(T.dvector(), (3, 4)), TypeError),
        (lambda: T.unravel_index(flat, dims), ValueError),
        (lambda: T.ravel_multi_index((rows,), (3, 4)), ValueError),
        (lambda: T.ravel_multi_index((rows, columns), (3, 4), mode="x"), ValueError),
    ]:
        with pytest.raises(kind):
            call()


@pytest.mark.parametrize("way", RUNNERS)
def test_grids_and_windows(way: str) -> None:
    n, a, b = T.lscalar("n"), T.dscalar("a"), T.dvector("b")
    pairs: list[tuple[Any, Any]] = []
    for mine, numpy in ((T.mgrid, np.mgrid), (T.ogrid, np.ogrid)):
        pairs += zip(mine[0:2, 1:7:2], numpy[0:2, 1:7:2], strict=True)
        pairs += zip(
            mine[0:n, 0.5:2:0.5, :2],
            [axis.astype("float64") for axis in numpy[0:3, 0.5:2:0.5, :2]],
            strict=True,
        )
        pairs += [(mine[2:5], numpy[2:5]), (mine[0:1:5j], numpy[0:1:5j])]
    pairs += [(T.bartlett(k), np.bartlett(k)) for k in (0, 1, 2, 5, 8)]
    pairs += [(T.bartlett(n), np.bartlett(3)), (T.stacklists([[a, 1.0], [2.0, a]]), np.array([[4.0, 1], [2, 4.0]]))]
    pairs.append((T.stacklists([[b, b]]), np.ones((1, 2, 3))))
    compare(way, [n, a, b], [np.array(3), np.array(4.0), np.ones(3)], pairs)
    with pytest.raises(TypeError, match="indexed with slices"):
        T.mgrid[3]


@pytest.mark.parametrize("way", RUNNERS)
def test_cov(way: str) -> None:
    m, v, w = T.dmatrix("m"), T.dvector("v"), T.lvector("w")
    x, y, f, a = (
        np.random.RandomState(1).uniform(size=(3, 5)),
        np.arange(5.0) ** 2,
        np.array([1, 2, 1, 3, 1]),
        np.arange(1, 6) / 5,
    )
    cases: list[dict[str, Any]] = [{}, {"bias": True}, {"ddof": 2}, {"rowvar": False}, {"aweights": a}, {"fweights": f}]
    cases += [{"aweights": a, "fweights": f}, {"aweights": a, "ddof": 0}]
    outputs = [T.cov(m, **{**case, **({"fweights": w} if "fweights" in case else {})}) for case in cases]
    outputs += [T.cov(m, v), T.cov(v)]
    got = RUNNERS[way]([m, v, w], outputs, [x, y, f])
    for result, want in zip(got, [*[np.cov(x, **case) for case in cases], np.cov(x, y), np.cov(y)], strict=True):
        assert result.shape == want.shape
        np.testing.assert_allclose(result, want, rtol=1e-12)
    check_gradient(lambda v: T.cov(v), x)
    with pytest.raises(ValueError, match="ddof is an integer"):
        T.cov(m, ddof=0.5)  # type: ignore[arg-type]


def test_small_things() -> None:
    x, s = T.dmatrix("x"), T.dscalar("s")
    assert T.is_flat(T.dvector()) and not T.is_flat(x) and T.is_flat(x, ndim=2) and T.is_flat(x, outdim=2)
    assert T.default(None, x) is x and T.default(s, x) is s
    assert x.transfer("cpu") is x
    with pytest.raises(ValueError, match="no device 'gpu'"):
        x.transfer("gpu")
    assert T.extract_constant(T.constant(2.5)) == 2.5 and T.extract_constant(s) is s
    assert T.constant(3).get_scalar_constant_value() == 3
    assert T.makeKeepDims(x, x.sum(0), 0).broadcastable == (True, False)
    assert T.makeKeepDims(x, x.sum()).broadcastable == (True, True)
    assert T.numpy_scalar(np.array([[2]])) == 2
    with pytest.raises(T.EmptyConstantError):
        T.numpy_scalar([])
    with pytest.raises(T.NotScalarConstantError):
        T.numpy_scalar([1, 2])
    sizes, ones = T.alloc_validate_shape((1, T.lscalar("n")))
    assert len(sizes) == 2 and ones == [True, False]
    polar = function([s], T.complex_from_polar(s, np.pi / 2))(2.0)
    np.testing.assert_allclose(polar, 2j, atol=1e-15)


def test_no_step_runs_in_python() -> None:
    x, i = T.dmatrix("x"), T.lvector("i")
    outputs = [
        T.cumsum(x, 0),
        T.cumprod(x),
        T.grad(T.cumprod(x).sum(), x),
        T.diff(x),
        T.bincount(i),
        T.bincount(i, x[0]),
        *T.Unique(True, True, True)(x),
        T.compress(i, x, 1),
        T.repeat(x, 2),
        T.repeat(x, i, 0),
        T.tile(x, (2, 3)),
        T.roll(x, i[0]),
        T.diagonal(x),
        T.diag(x[0]),
        T.fill_diagonal(x, 0),
        T.to_one_hot(i, 3),
        T.bartlett(i[0]),
        *T.unravel_index(i, (3, 4)),
        T.ravel_multi_index((i, i), (3, 4)),
        T.cov(x),
        *T.mgrid[0 : i[0], 0:2],
    ]
    assert generate(make_program([x, i], outputs, [])).spec.steps == ()
