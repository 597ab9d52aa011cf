"""Sparse matrices against SciPy: values by both ways of computing, gradients, types, errors."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import interactive_sym as isym
import interactive_sym.tensor as T
from interactive_sym import function, shared, sparse
from interactive_sym.sparse.type import SparseConstant, SparseSharedVariable
from tests.core.ops.evaluation import RUNNERS, numeric_gradient

RANDOM = np.random.RandomState(3)
FORMATS = ("csc", "csr", "bsr")
KINDS = {"csc": scipy.sparse.csc_matrix, "csr": scipy.sparse.csr_matrix, "bsr": scipy.sparse.bsr_matrix}


def draw(m: int, n: int, format: str = "csr", dtype: str = "float64") -> Any:
    """A matrix of which about half the elements are stored."""
    dense = RANDOM.uniform(0.5, 1.5, size=(m, n)) * (RANDOM.uniform(size=(m, n)) < 0.5)
    return KINDS[format](dense.astype(dtype))


def same(got: Any, want: Any, format: str = "") -> None:
    """Equal as dense arrays; sparse results are of the format."""
    if format:
        assert scipy.sparse.issparse(got) and got.format == format
        got = got.toarray()
    want = want.toarray() if scipy.sparse.issparse(want) else np.asarray(want)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)


def values(runner: str, inputs: list[Any], outputs: list[Any], given: list[Any]) -> list[Any]:
    return RUNNERS[runner](inputs, outputs, given)


def check_gradient(build: Callable[..., Any], *point: Any) -> None:
    """The gradient of `sum(weights * build(...))`, of stored and of dense elements, against central differences."""
    variables = [
        sparse.matrix(x.format) if scipy.sparse.issparse(x) else T.TensorType("float64", (False,) * x.ndim)()
        for x in point
    ]
    output = build(*variables)
    made = output.toarray() if isinstance(output.type, sparse.SparseType) else output
    weights = np.random.RandomState(7).uniform(0.5, 1.5, size=values("numpy", variables, [made], list(point))[0].shape)
    cost = (made * weights).sum()
    gradients = T.grad(cost, variables, disconnected_inputs="ignore")

    def rebuilt(arrays: list[Any]) -> list[Any]:
        return [
            type(x)((new.reshape(x.data.shape), x.indices, x.indptr), shape=x.shape)
            if scipy.sparse.issparse(x)
            else new
            for x, new in zip(point, arrays, strict=True)
        ]

    want = numeric_gradient(
        lambda arrays: float(values("numpy", variables, [cost], rebuilt(arrays))[0]),
        [x.data.reshape(-1) if scipy.sparse.issparse(x) else x for x in point],
    )
    for runner in RUNNERS:
        for got, expected, x in zip(values(runner, variables, gradients, list(point)), want, point, strict=True):
            if scipy.sparse.issparse(x):
                assert got.format == x.format and np.array_equal(got.indices, x.indices)
                got = got.data.reshape(-1)
            np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)


# -- types, constants, shared variables --------------------------------------------------------------------------------


def test_types() -> None:
    x = sparse.csr_matrix("x")
    assert x.type == sparse.SparseType("csr", "float64") and str(x.type) == "SparseType(csr, float64)"
    assert x.type != sparse.SparseType("csc", "float64") and hash(x.type) == hash(sparse.csr_matrix().type)
    assert (x.dtype, x.format, x.ndim, x.broadcastable) == ("float64", "csr", 2, (False, False))
    assert sparse.bsr_matrix(dtype="float32").type == sparse.SparseType("bsr", "float32")
    with pytest.raises(ValueError, match="csc, csr, bsr"):
        sparse.matrix("coo")
    for use in (bool, len, iter):
        with pytest.raises(TypeError, match="symbolic"):
            use(x)


def test_values_a_function_takes() -> None:
    x = sparse.csr_matrix("x")
    f = function([x], x.toarray())
    value = draw(3, 4)
    same(f(value), value)
    same(f(value.astype("float32")), value.astype("float32"))
    same(f(value.tocsc()), value)
    same(f(scipy.sparse.csr_array(value)), value)
    for bad in (value.toarray(), value.astype("complex128"), 3.0):
        with pytest.raises(TypeError, match="input 'x'"):
            f(bad)
    narrow = sparse.csr_matrix("x", dtype="float32")
    same(function([narrow], narrow.toarray(), allow_input_downcast=True)(value), value.astype("float32").toarray())


def test_constants() -> None:
    value = draw(3, 3, "csc")
    constant = sparse.as_sparse_variable(value)
    assert isinstance(constant, SparseConstant) and constant.type == sparse.SparseType("csc", "float64")
    assert constant.signature() == sparse.constant(value).signature()
    assert constant.signature() != sparse.constant(value * 2).signature()
    value.data[:] = 0
    assert constant.data.data.any()
    x = sparse.csc_matrix("x")
    same(function([x], x + constant)(constant.data), constant.data * 2, "csc")
    for bad in (np.eye(2), scipy.sparse.eye(2, format="coo"), T.dmatrix()):
        with pytest.raises(TypeError):
            sparse.as_sparse_variable(bad)


def test_shared_variables() -> None:
    value = draw(3, 3)
    state = shared(value, name="state")
    assert isinstance(state, SparseSharedVariable) and state.type == sparse.SparseType("csr", "float64")
    step = function([], sparse.sp_sum(state), updates=[(state, state * 2.0)])
    total = value.sum()
    assert [float(step()), float(step())] == pytest.approx([total, 2 * total])
    same(state.get_value(), value * 4, "csr")
    state.set_value(value)
    same(state.get_value(), value, "csr")
    with pytest.raises(TypeError, match="sparse matrix"):
        state.set_value(value.toarray())


def test_a_gradient_step_on_a_shared_sparse_matrix() -> None:
    target = np.array([1.0, 2.0, 3.0])
    weights = shared(draw(3, 3))
    x = T.dvector("x")
    cost = T.sqr(sparse.dot(weights, x) - target).sum()
    slope = T.grad(cost, weights)
    step = function([x], cost, updates=[(weights, weights - 0.05 * slope)])
    costs = [float(step([1.0, 1.0, 1.0])) for _ in range(60)]
    assert costs[-1] < 0.05 * costs[0]
    assert weights.get_value().nnz > 0


def test_pickling() -> None:
    x = sparse.csr_matrix("x")
    value = draw(3, 3)
    f = pickle.loads(pickle.dumps(function([x], sparse.structured_exp(x))))
    same(f(value), value._with_data(np.exp(value.data)), "csr")
    assert pickle.loads(pickle.dumps(x.type)) == x.type


def test_printing() -> None:
    x = sparse.csr_matrix("x")
    assert "sparse_dot" in isym.debugprint(sparse.dot(x, T.dvector("w")), file="str")
    f = function([x], sparse.structured_exp(x * 2.0))
    assert "csm_properties" in isym.debugprint(f, file="str")


# -- values ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("format", FORMATS)
def test_structure(runner: str, format: str) -> None:
    x, value = sparse.matrix(format, "x"), draw(4, 6, format)
    outputs = [
        x.T,
        x.shape,
        x.toarray(),
        -x,
        sparse.cast(x, "float32"),
        sparse.sp_ones_like(x),
        sparse.sp_zeros_like(x),
    ]
    turned, shape, dense, negative, narrow, ones, zeros = values(runner, [x], outputs, [value])
    same(turned, value.T, {"csc": "csr", "csr": "csc", "bsr": "bsr"}[format])
    assert shape.tolist() == [4, 6] and shape.dtype == "int64"
    same(dense, value)
    same(negative, -value, format)
    assert narrow.dtype == "float32" and narrow.format == format
    same(ones, value != 0, format)
    assert zeros.nnz == 0 and zeros.shape == (4, 6) and zeros.format == format
    parts = values(runner, [x], list(sparse.csm_properties(x)), [value])
    for got, want in zip(parts, (value.data, value.indices, value.indptr, value.shape), strict=True):
        np.testing.assert_array_equal(got, want)
    assert [part.dtype.name for part in parts] == ["float64", "int32", "int32", "int32"]
    single = [sparse.csm_data(x), sparse.csm_indices(x), sparse.csm_indptr(x), sparse.csm_shape(x)]
    for got, want in zip(values(runner, [x], single, [value]), parts, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("runner", RUNNERS)
def test_made_from_parts(runner: str) -> None:
    data, indices, indptr, shape = T.dvector(), T.ivector(), T.ivector(), T.ivector()
    for make, format in ((sparse.CSC, "csc"), (sparse.CSR, "csr")):
        value = draw(3, 5, format)
        parts = [value.data, value.indices, value.indptr, np.array(value.shape, "int32")]
        inputs = [data, indices, indptr, shape]
        same(values(runner, inputs, [make(data, indices, indptr, shape)], parts)[0], value, format)
        with pytest.raises(ValueError, match=format):
            values(runner, inputs, [make(data, indices, indptr, shape)], [*parts[:3], np.array([1, 1], "int32")])
    with pytest.raises(TypeError, match="dimensions"):
        sparse.CSC(T.dmatrix(), indices, indptr, shape)
    with pytest.raises(TypeError, match="indices"):
        sparse.CSC(data, T.dvector(), indptr, shape)


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("format", FORMATS)
def test_arithmetic(runner: str, format: str) -> None:
    x, y, d = sparse.matrix(format, "x"), sparse.csr_matrix("y"), T.dmatrix("d")
    v, s = T.dvector("v"), T.dscalar("s")
    a, b, dense, vector = draw(4, 6, format), draw(4, 6), RANDOM.normal(size=(4, 6)), RANDOM.normal(size=6)
    outputs = [x + y, x - y, x + d, d + x, x - d, d - x, x * y, x * d, d * x, x * v, x * s, 2.0 * x]
    wanted = [a + b, a - b, a + dense, a + dense, a - dense, dense - a, a.multiply(b), a.multiply(dense)]
    wanted += [a.multiply(dense), a.multiply(vector), a * 3.0, a * 2.0]
    kinds = [format, format, *[""] * 4, *[format] * 6]
    for got, want, kind in zip(
        values(runner, [x, y, d, v, s], outputs, [a, b, dense, vector, 3.0]), wanted, kinds, strict=True
    ):
        same(got, want, kind)
    scaled = [sparse.col_scale(x, v), sparse.row_scale(x, v[:4])]
    columns, rows = values(runner, [x, v], scaled, [a, vector])
    same(columns, a.toarray() * vector, format)
    same(rows, a.toarray() * vector[:4, None], format)


@pytest.mark.parametrize("runner", RUNNERS)
def test_comparisons(runner: str) -> None:
    x, y, d = sparse.csr_matrix("x"), sparse.csr_matrix("y"), T.dmatrix("d")
    a = KINDS["csr"](np.array([[0.0, 1.0, -2.0], [3.0, 0.0, 0.0]]))
    b = KINDS["csr"](np.array([[0.0, 1.0, 2.0], [0.0, -1.0, 0.0]]))
    for name, ufunc in (
        ("eq", np.equal),
        ("neq", np.not_equal),
        ("gt", np.greater),
        ("ge", np.greater_equal),
        ("lt", np.less),
        ("le", np.less_equal),
    ):
        compare = getattr(sparse, name)
        both, right, left = values(
            runner, [x, y, d], [compare(x, y), compare(x, d), compare(d, x)], [a, b, b.toarray()]
        )
        assert both.dtype == right.dtype == bool
        same(both, ufunc(a.toarray(), b.toarray()), "csr")
        same(right, ufunc(a.toarray(), b.toarray()))
        same(left, ufunc(b.toarray(), a.toarray()))
    same(values(runner, [x, d], [x > d], [a, b.toarray()])[0], a.toarray() > b.toarray())


UNARY = (
    "sin tan arcsin arctan sinh arcsinh tanh arctanh rint sgn ceil floor log1p expm1 deg2rad rad2deg trunc sqr sqrt "
    "conj"
)


@pytest.mark.parametrize("runner", RUNNERS)
def test_operations_on_stored_values(runner: str) -> None:
    x, value = sparse.csr_matrix("x"), draw(4, 5) * 0.6
    names = {"sgn": "sign", "sqr": "square"}
    outputs = [getattr(sparse, name)(x) for name in UNARY.split()]
    for name, got in zip(UNARY.split(), values(runner, [x], outputs, [value]), strict=True):
        same(got, value._with_data(getattr(np, names.get(name, name))(value.data)), "csr")
    functions: list[tuple[Any, Any]] = [
        (sparse.structured_sigmoid(x), lambda v: 1 / (1 + np.exp(-v))),
        (sparse.structured_exp(x), np.exp),
        (sparse.structured_log(x), np.log),
        (sparse.structured_pow(x, 3), lambda v: v**3),
        (sparse.structured_minimum(x, 0.5), lambda v: np.minimum(v, 0.5)),
        (sparse.structured_maximum(x, 0.5), lambda v: np.maximum(v, 0.5)),
        (sparse.structured_add(x, 2.0), lambda v: v + 2.0),
        (sparse.structured_monoid(T.cosh)(lambda x: None)(x), np.cosh),
    ]
    for got, (_, want) in zip(values(runner, [x], [row[0] for row in functions], [value]), functions, strict=True):
        same(got, value._with_data(want(value.data)), "csr")
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        sparse.structured_pow(x)
    with pytest.raises(TypeError, match="scalar"):
        sparse.structured_add(x, T.dvector())


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("format", FORMATS)
def test_sums_and_diagonals(runner: str, format: str) -> None:
    x, value = sparse.matrix(format, "x"), draw(4, 6, format)
    for axis, got in zip(
        (None, 0, 1, -1), values(runner, [x], [sparse.sp_sum(x, k) for k in (None, 0, 1, -1)], [value]), strict=True
    ):
        same(got, value.toarray().sum(axis=axis))
    square, v = draw(5, 5, format), T.dvector("v")
    same(values(runner, [x], [sparse.diag(x)], [square])[0], square.diagonal())
    same(values(runner, [v], [sparse.square_diagonal(v)], [np.arange(3.0)])[0], np.diag(np.arange(3.0)), "csc")
    with pytest.raises(ValueError, match="square"):
        values(runner, [x], [sparse.diag(x)], [value])
    with pytest.raises(ValueError, match="axis"):
        sparse.sp_sum(x, 2)


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("format", FORMATS)
def test_products(runner: str, format: str) -> None:
    x, y, d, e = sparse.matrix(format, "x"), sparse.csc_matrix("y"), T.dmatrix("d"), T.dmatrix("e")
    v, w = T.dvector("v"), T.dvector("w")
    a, b = draw(4, 6, format), draw(6, 3, "csc")
    dense, other = RANDOM.normal(size=(6, 3)), RANDOM.normal(size=(2, 4))
    vector, left = RANDOM.normal(size=6), RANDOM.normal(size=4)
    outputs = [
        sparse.dot(x, d),
        sparse.dot(e, x),
        sparse.dot(x, v),
        sparse.dot(w, x),
        sparse.dot(x, y),
        x @ d,
        e @ x,
        x.dot(v),
        sparse.true_dot(x, y),
        sparse.structured_dot(x, y),
        sparse.structured_dot(x, d),
        sparse.usmm(0.5, x, d, e.dot(x.toarray()).sum() + d[:4]),
    ]
    A, B = a.toarray(), b.toarray()
    wanted = [
        A @ dense,
        other @ A,
        A @ vector,
        left @ A,
        A @ B,
        A @ dense,
        other @ A,
        A @ vector,
        A @ B,
        A @ B,
        A @ dense,
    ]
    wanted.append(0.5 * A @ dense + ((other @ A).sum() + dense[:4]))
    kinds = ["", "", "", "", "", "", "", "", format, format, "", ""]
    given = [a, b, dense, other, vector, left]
    for got, want, kind in zip(values(runner, [x, y, d, e, v, w], outputs, given), wanted, kinds, strict=True):
        same(got, want, kind)
    with pytest.raises(ValueError, match="6 columns"):
        values(runner, [x, d], [sparse.dot(x, d)], [a, other])


@pytest.mark.parametrize("runner", RUNNERS)
def test_sampled_products(runner: str) -> None:
    x, y, p = T.dmatrix("x"), T.dmatrix("y"), sparse.csr_matrix("p")
    a, b, pattern = RANDOM.normal(size=(4, 3)), RANDOM.normal(size=(6, 3)), draw(4, 6)
    got = values(runner, [x, y, p], [sparse.sampling_dot(x, y, p)], [a, b, pattern])[0]
    same(got, pattern.toarray() * (a @ b.T), "csr")
    assert got.nnz == pattern.nnz
    g = RANDOM.normal(size=(4, 2))
    B = RANDOM.normal(size=(6, 2))
    slope = values(runner, [p, x, y], [sparse.structured_dot_grad(p, x, y)], [pattern, B, g])[0]
    np.testing.assert_allclose(slope, (g @ B.T)[pattern.tocoo().row, pattern.tocoo().col])
    with pytest.raises(ValueError, match="do not fit"):
        values(runner, [x, y, p], [sparse.sampling_dot(x, y, p)], [b, a, pattern])


@pytest.mark.parametrize("runner", RUNNERS)
def test_stacking_and_indexing(runner: str) -> None:
    x, y, i = sparse.csr_matrix("x"), sparse.csc_matrix("y"), T.lscalar("i")
    a, b, c = draw(3, 4), draw(3, 2, "csc"), draw(2, 4, "csc")
    beside, above = values(runner, [x, y], [sparse.hstack([x, y]), sparse.hstack([x, y], "csr", "complex64")], [a, b])
    same(beside, np.hstack([a.toarray(), b.toarray()]), "csc")
    assert above.format == "csr" and above.dtype == "complex64"
    same(values(runner, [x, y], [sparse.vstack([x, y])], [a, c])[0], np.vstack([a.toarray(), c.toarray()]), "csc")
    with pytest.raises(ValueError, match="differ along axis 1"):
        values(runner, [x, y], [sparse.vstack([x, y])], [a, b])
    with pytest.raises(ValueError, match="at least one"):
        sparse.hstack([])
    outputs = [x[i, 2], x[-1, -1], x[i:, 1:3], x[i], x[:, i], x[::-1]]
    dense = a.toarray()
    wanted = [dense[1, 2], dense[-1, -1], dense[1:, 1:3], dense[1:2], dense[:, 1:2], dense[::-1]]
    kinds = ["", "", "csr", "csr", "csr", "csr"]
    for got, want, kind in zip(values(runner, [x, i], outputs, [a, 1]), wanted, kinds, strict=True):
        same(got, want, kind)
    with pytest.raises(IndexError, match="out of range"):
        values(runner, [x, i], [x[i, 0]], [a, 3])
    for index in (None, (0, 0, 0), ...):
        with pytest.raises(IndexError):
            x[index]
    with pytest.raises(TypeError, match="integers and slices"):
        x[1.5, 0]


@pytest.mark.parametrize("runner", RUNNERS)
def test_tidying_and_construction(runner: str) -> None:
    x, d, rows, numbers = sparse.csr_matrix("x"), T.dmatrix("d"), T.dmatrix("rows"), T.lvector("numbers")
    loose = scipy.sparse.csr_matrix((np.array([1.0, 0.0, 2.0]), np.array([2, 0, 1]), np.array([0, 2, 3])), shape=(2, 3))
    outputs = [sparse.ensure_sorted_indices(x), sparse.remove0(x), sparse.clean(x)]
    sorted_, smaller, clean = values(runner, [x], outputs, [loose])
    assert sorted_.indices.tolist() == [0, 2, 1] and smaller.nnz == 2 and clean.indices.tolist() == [2, 1]
    assert loose.nnz == 3 and loose.indices.tolist() == [2, 0, 1]
    for make, format in ((sparse.csr_from_dense, "csr"), (sparse.csc_from_dense, "csc")):
        same(values(runner, [d], [make(d)], [loose.toarray()])[0], loose, format)
    got = values(
        runner,
        [d, rows, numbers],
        [sparse.construct_sparse_from_list(d, rows, numbers)],
        [np.ones((3, 2)), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([2, 0, 2])],
    )[0]
    same(got, [[3.0, 4.0], [0.0, 0.0], [6.0, 8.0]], "csc")
    with pytest.raises(IndexError):
        sparse.construct_sparse_from_list(d, rows, numbers).eval(
            {d: np.ones((1, 2)), rows: np.ones((1, 2)), numbers: np.array([1])}
        )


def test_empty_matrices() -> None:
    x, y, d = sparse.csr_matrix("x"), sparse.csc_matrix("y"), T.dmatrix("d")
    for shape in ((0, 0), (0, 3), (3, 0), (3, 3)):
        nothing = scipy.sparse.csr_matrix(shape)
        outputs = [sparse.sp_sum(x), sparse.sp_sum(x, 0), x + y, x * 2.0, sparse.dot(x, d), sparse.structured_exp(x)]
        got = function([x, y, d], outputs)(nothing, nothing.tocsc(), np.ones((shape[1], 2)))
        assert float(got[0]) == 0 and got[1].shape == shape[1:]
        assert got[2].shape == got[3].shape == got[5].shape == shape
        assert got[4].shape == (shape[0], 2)


# -- gradients ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_gradients_of_arithmetic(format: str) -> None:
    x, y = draw(4, 6, format), draw(4, 6)
    dense, row = RANDOM.normal(size=(4, 6)), RANDOM.normal(size=6)
    check_gradient(lambda a, b: a + b * b, x, y)
    check_gradient(lambda a, d: d - a, x, dense)
    check_gradient(lambda a, d: a * d, x, dense)
    check_gradient(lambda a, v: sparse.col_scale(a, v), x, row)
    check_gradient(lambda a, v: sparse.row_scale(a, v), x, row[:4])
    check_gradient(lambda a, s: a * s, x, np.array(1.5))
    check_gradient(lambda a: sparse.cast(a * a, "float64").T, x)
    for axis in (None, 0, 1):
        check_gradient(lambda a, axis=axis: sparse.sp_sum(a * a, axis), x)
    check_gradient(lambda a: sparse.structured_exp(a) + sparse.structured_log(a), x)
    check_gradient(lambda a: sparse.structured_pow(a, 3.0) + sparse.structured_sigmoid(a), x)
    check_gradient(lambda a: sparse.clean(a * 2.0), x)


def test_dot_of_tensors_takes_sparse_operands() -> None:
    x, y = sparse.csr_matrix("x"), T.dmatrix("y")
    a, b = draw(3, 4), RANDOM.uniform(size=(4, 2))
    same(function([x, y], T.dot(x, y))(a, b), a @ b)
    same(T.dot(a, y).eval({y: b}), a @ b)
    same(y.T.dot(a.T).eval({y: b}), b.T @ a.T.toarray())


@pytest.mark.parametrize("format", FORMATS)
def test_gradients_of_products(format: str) -> None:
    x, y = draw(4, 6, format), draw(6, 3, "csc")
    check_gradient(sparse.dot, x, RANDOM.normal(size=(6, 3)))
    check_gradient(lambda d, a: sparse.dot(d, a), RANDOM.normal(size=(3, 4)), x)
    check_gradient(sparse.dot, x, RANDOM.normal(size=6))
    check_gradient(lambda v, a: sparse.dot(v, a), RANDOM.normal(size=4), x)
    for product in (sparse.dot, sparse.true_dot, sparse.structured_dot):
        check_gradient(product, x, y)
    check_gradient(
        lambda s, a, d, z: sparse.usmm(s, a, d, z),
        np.array(0.5),
        x,
        RANDOM.normal(size=(6, 3)),
        RANDOM.normal(size=(4, 3)),
    )
    check_gradient(sparse.sampling_dot, RANDOM.normal(size=(4, 2)), RANDOM.normal(size=(6, 2)), x)


def test_gradients_of_structure() -> None:
    x, y, square = draw(3, 4), draw(3, 2, "csc"), draw(4, 4)
    check_gradient(lambda a, b: sparse.hstack([a * a, b]), x, y)
    check_gradient(lambda a, b: sparse.vstack([a, b.T * 2.0]), x, draw(4, 2))
    check_gradient(lambda a: sparse.diag(a * a), square)
    check_gradient(lambda v: sparse.square_diagonal(v * v), RANDOM.normal(size=3))
    check_gradient(lambda a: (a * a)[1:, :3], x)
    check_gradient(lambda a: (a * a)[1, 2], x)
    check_gradient(lambda d: sparse.csr_from_dense(d), RANDOM.normal(size=(3, 2)))
    check_gradient(lambda v: sparse.construct_sparse_from_list(T.zeros((4, 2)), v, [2, 0]), RANDOM.normal(size=(2, 2)))
    data = draw(3, 4)
    check_gradient(lambda v: sparse.CSR(v, data.indices, data.indptr, [3, 4]), data.data)
    check_gradient(lambda a: sparse.csm_data(a) ** 2, data)


def test_second_derivatives() -> None:
    x, d = draw(3, 4), RANDOM.normal(size=(4, 2))
    check_gradient(lambda a, e: T.grad((sparse.dot(a, e) ** 3).sum(), a), x, d)
    check_gradient(lambda a, e: T.grad((sparse.dot(a, e) ** 3).sum(), e), x, d)


def test_a_gradient_that_does_not_reach_a_sparse_matrix() -> None:
    x, y = sparse.csr_matrix("x"), sparse.csr_matrix("y")
    with pytest.raises(isym.DisconnectedInputError):
        T.grad(sparse.sp_sum(x), y)
    zeros = T.grad(sparse.sp_sum(x), y, disconnected_inputs="ignore")
    assert function([y], zeros)(draw(2, 3)).nnz == 0
    with pytest.raises(isym.DisconnectedInputError):
        T.grad(T.cast(sparse.gt(x, T.dmatrix("d")), "float64").sum(), x)


# -- errors ------------------------------------------------------------------------------------------------------------


def test_shapes_that_differ() -> None:
    x, y, d = sparse.csr_matrix("x"), sparse.csr_matrix("y"), T.dmatrix("d")
    for output in (x + y, x * y, sparse.eq(x, y)):
        with pytest.raises(ValueError, match="differ") as caught:
            function([x, y], output)(draw(3, 4), draw(4, 3))
        assert "test_sparse.py" in str(caught.value)
    for output in (x + d, x * d):
        with pytest.raises(ValueError, match="differ"):
            function([x, d], output)(draw(3, 4), np.ones((1, 4)))


def test_operands_that_are_refused() -> None:
    x, d = sparse.csr_matrix("x"), T.dmatrix("d")
    for refused in (
        lambda: sparse.add(d, d),
        lambda: sparse.mul(d, 2.0),
        lambda: sparse.dot(d, d),
        lambda: x + T.dvector(),
        lambda: x * T.dtensor3(),
        lambda: sparse.col_scale(x, d),
        lambda: sparse.dot(x, T.dtensor3()),
        lambda: sparse.dense_from_sparse(d),
        lambda: sparse.csr_from_dense(T.dtensor3()),
        lambda: sparse.square_diagonal(d),
        lambda: sparse.usmm(T.dvector(), x, d, d),
        lambda: T.exp(x),
    ):
        with pytest.raises(TypeError):
            refused()
    with pytest.raises(TypeError, match="unsupported operand"):
        d + T.TensorType("float64", ()).make_variable() + isym.shared(object())


def test_without_scipy_the_cure_is_named() -> None:
    program = """
import sys
sys.modules["scipy"] = sys.modules["scipy.sparse"] = None
from interactive_sym import function, sparse
import interactive_sym.tensor as T
x = sparse.csr_matrix("x")
try:
    sparse.csr_from_dense([[1.0]]).eval()
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install interactive-sym[sparse]" in done.stdout


def test_equal_and_nearly_equal_values() -> None:
    type_ = sparse.csr_matrix("x").type
    one = scipy.sparse.csr_matrix(np.eye(2))
    assert type_.values_eq(one, one.copy()) and not type_.values_eq(one, one * (1 + 1e-9))
    assert type_.values_eq_approx(one, one * (1 + 1e-9)) and not type_.values_eq_approx(one, one * 2)
    for other in (one.tocsc(), scipy.sparse.csr_matrix(np.eye(3)), one.astype("float32"), np.eye(2)):
        assert not type_.values_eq(one, other) and not type_.values_eq_approx(one, other)
    assert type_.values_eq_approx(scipy.sparse.csr_matrix((2, 2)), scipy.sparse.csr_matrix((2, 2)))
