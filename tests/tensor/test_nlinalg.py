"""Inverses, decompositions and norms against NumPy, their gradients and errors."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.errors import NullTypeGradError
from interactive_sym.tensor import nlinalg
from tests.core.ops.evaluation import RUNNERS, check_gradient

RANDOM = np.random.RandomState(0)
SIZES = (0, 1, 2, 3, 16, 17, 40)  # both sides of where LAPACK takes over
SQUARE = RANDOM.normal(size=(3, 3)) + 3 * np.eye(3)
SYMMETRIC = SQUARE @ SQUARE.T + np.diag([1.0, 2.0, 4.0])
TALL, WIDE = RANDOM.normal(size=(4, 3)), RANDOM.normal(size=(2, 4))


def well(n: int, dtype: str = "float64") -> Any:
    return (RANDOM.normal(size=(n, n)) + n * np.eye(n)).astype(dtype)


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "complex128"])
def test_inverse_and_determinant(way: str, dtype: str) -> None:
    x = T.matrix("x", dtype=dtype)
    outputs = [nlinalg.matrix_inverse(x), nlinalg.det(x), nlinalg.pinv(x)]
    for n in SIZES[: 3 if dtype == "complex128" else None]:
        value = well(n, dtype)
        inverse, det, pinv = RUNNERS[way]([x], outputs, [value])
        tolerance = 1e-4 if dtype == "float32" else 1e-10
        assert inverse.dtype == det.dtype == pinv.dtype == dtype
        np.testing.assert_allclose(inverse, np.linalg.inv(value), rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(det, np.linalg.det(value), rtol=tolerance)
        np.testing.assert_allclose(pinv, np.linalg.inv(value), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("way", RUNNERS)
def test_a_singular_matrix_has_determinant_0_and_no_inverse(way: str) -> None:
    x = T.dmatrix("x")
    for value in (np.zeros((3, 3)), np.array([[1.0, 2.0], [2.0, 4.0]]), np.zeros((20, 20))):
        assert float(RUNNERS[way]([x], [nlinalg.det(x)], [value])[0]) == 0
        with pytest.raises(np.linalg.LinAlgError, match="singular"):
            RUNNERS[way]([x], [nlinalg.matrix_inverse(x)], [value])


def _as_list(outputs: Any) -> list[Any]:
    return outputs if isinstance(outputs, list) else [outputs]


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("name", ["matrix_inverse", "det", "eig", "eigh"])
def test_a_matrix_that_is_not_square(way: str, name: str) -> None:
    x = T.dmatrix("x")
    with pytest.raises(np.linalg.LinAlgError, match="2 rows and 3 columns"):
        RUNNERS[way]([x], _as_list(getattr(nlinalg, name)(x)), [np.ones((2, 3))])
    with pytest.raises(np.linalg.LinAlgError, match="2 rows and 3 columns"):
        getattr(nlinalg, name)(np.ones((2, 3)))
    with pytest.raises(TypeError, match="matrix"):
        getattr(nlinalg, name)(T.dvector())


@pytest.mark.parametrize("way", RUNNERS)
def test_decompositions_multiply_to_what_they_decompose(way: str) -> None:
    x = T.dmatrix("x")
    for value in (SYMMETRIC, well(5)):
        symmetric = value + value.T
        w, v = nlinalg.eigh(x)
        for triangle, junk in (("L", np.triu), ("U", np.tril)):
            w, v = nlinalg.eigh(x, triangle)
            got_w, got_v = RUNNERS[way](
                [x], [w, v], [symmetric + junk(np.ones_like(value), 1 if triangle == "L" else -1)]
            )
            np.testing.assert_allclose(got_v * got_w @ got_v.T, symmetric, atol=1e-12)
        w, v = nlinalg.eig(x)
        got_w, got_v = RUNNERS[way]([x], [w, v], [symmetric])
        np.testing.assert_allclose(symmetric @ got_v, got_v * got_w, atol=1e-11)
    for value in (TALL, WIDE, SQUARE, np.ones((0, 3))):
        for full in (True, False):
            u, s, vt = RUNNERS[way]([x], nlinalg.svd(x, full_matrices=full), [value])
            k = len(s)
            np.testing.assert_allclose(u[:, :k] * s @ vt[:k], value, atol=1e-12)
            assert u.shape == np.linalg.svd(value, full_matrices=full)[0].shape
        np.testing.assert_allclose(RUNNERS[way]([x], [nlinalg.svd(x, 1, 0)], [value])[0], s, atol=1e-12)
        for mode in ("reduced", "complete", "full"):
            q, r = RUNNERS[way]([x], nlinalg.qr(x, mode), [value])
            np.testing.assert_allclose(q @ r, value, atol=1e-12)
        np.testing.assert_allclose(RUNNERS[way]([x], [nlinalg.qr(x, "r")], [value])[0], np.linalg.qr(value, "r"))
        h, tau = RUNNERS[way]([x], nlinalg.qr(x, "raw"), [value])
        np.testing.assert_allclose(h, np.linalg.qr(value, "raw")[0])
        assert tau.shape == (min(value.shape),)


def test_shapes_are_inferred() -> None:
    x = T.dmatrix("x")
    u, s, v = nlinalg.svd(x, full_matrices=False)
    q, r = nlinalg.qr(x)
    shapes = [y.shape for y in (u, s, v, q, r, nlinalg.pinv(x))]
    got = RUNNERS["c"]([x], shapes, [np.ones((5, 3))])
    assert [tuple(shape) for shape in got] == [(5, 3), (3,), (3, 3), (5, 3), (3, 3), (3, 5)]
    static = nlinalg.svd(T.TensorType("float32", (5, 3))())
    assert [y.type.shape for y in static] == [(5, 5), (3,), (3, 3)]


@pytest.mark.parametrize("way", RUNNERS)
def test_complex_eigenvalues(way: str) -> None:
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    x, z = T.dmatrix("x"), T.zmatrix("z")
    with pytest.raises(np.linalg.LinAlgError, match="complex eigenvalues"):
        RUNNERS[way]([x], [nlinalg.eig(x)[0]], [turn])
    got = RUNNERS[way]([z], [nlinalg.eig(z)[0]], [turn.astype("complex128")])[0]
    np.testing.assert_allclose(sorted(got, key=lambda value: value.imag), [-1j, 1j], atol=1e-12)
    hermitian = np.array([[2.0, 1j], [-1j, 2.0]])
    values = RUNNERS[way]([z], [nlinalg.eigh(z)[0]], [hermitian])[0]
    assert values.dtype == "float64"
    np.testing.assert_allclose(values, [1.0, 3.0])


@pytest.mark.parametrize("way", RUNNERS)
def test_least_squares(way: str) -> None:
    a, b, c = T.dmatrix("a"), T.dvector("b"), T.dmatrix("c")
    right, several = RANDOM.normal(size=4), RANDOM.normal(size=(4, 2))
    for y, value in ((b, right), (c, several)):
        got = RUNNERS[way]([a, y], nlinalg.lstsq(a, y), [TALL, value])
        for mine, its in zip(got, np.linalg.lstsq(TALL, value, None), strict=True):
            np.testing.assert_allclose(mine, its, rtol=1e-9)
    deficient = np.ones((3, 2))
    x, residuals, rank, _ = RUNNERS[way]([a, b], nlinalg.lstsq(a, b, 1e-10), [deficient, np.ones(3)])
    np.testing.assert_allclose(x, [0.5, 0.5])
    assert residuals.shape == (0,) and int(rank) == 1 and rank.dtype == "int64"
    with pytest.raises(ValueError, match="4 rows, the right side 3"):
        RUNNERS[way]([a, b], nlinalg.lstsq(a, b), [TALL, np.ones(3)])


@pytest.mark.parametrize("way", RUNNERS)
def test_norms_equal_numpy(way: str) -> None:
    v, m = T.dvector("v"), T.dmatrix("m")
    vector = np.array([3.0, -4.0, 0.0])
    for order in (None, np.inf, -np.inf, 0, 1, 2, 3, 2.5):
        got = RUNNERS[way]([v], [nlinalg.norm(v, order)], [vector])[0]
        np.testing.assert_allclose(got, np.linalg.norm(vector, order))
    for order in (None, "fro", "nuc", np.inf, -np.inf, 1, -1, 2, -2):
        got = RUNNERS[way]([m], [nlinalg.norm(m, order)], [TALL])[0]
        np.testing.assert_allclose(got, np.linalg.norm(TALL, order))
    np.testing.assert_allclose(RUNNERS[way]([v], [nlinalg.norm(v, "inf")], [vector])[0], 4.0)


def test_norm_refuses() -> None:
    for x, order in (
        (T.dscalar(), None),
        (T.dtensor3(), None),
        (T.dvector(), "fro"),
        (T.dmatrix(), 3),
        (T.dmatrix(), "x"),
    ):
        with pytest.raises(ValueError, match="norm"):
            nlinalg.norm(x, order)


@pytest.mark.parametrize("way", RUNNERS)
def test_compositions(way: str) -> None:
    x = T.dmatrix("x")
    for n in (-3, -1, 0, 1, 2, 7):
        got = RUNNERS[way]([x], [nlinalg.matrix_power(x, n)], [SQUARE])[0]
        np.testing.assert_allclose(got, np.linalg.matrix_power(SQUARE, n), rtol=1e-10, atol=1e-12)
    outputs = [nlinalg.matrix_dot(x, x, x), nlinalg.trace(x), nlinalg.diag(x), nlinalg.diag(nlinalg.diag(x))]
    wanted = [SQUARE @ SQUARE @ SQUARE, np.trace(SQUARE), np.diag(SQUARE), np.diag(np.diag(SQUARE))]
    for got, want in zip(RUNNERS[way]([x], outputs, [SQUARE]), wanted, strict=True):
        np.testing.assert_allclose(got, want)
    a, b = T.dtensor4("a"), T.dmatrix("b")
    four, right = RANDOM.normal(size=(2, 3, 3, 2)), RANDOM.normal(size=(2, 3))
    got = RUNNERS[way]([a], [nlinalg.tensorinv(a)], [four])[0]
    np.testing.assert_allclose(got, np.linalg.tensorinv(four), rtol=1e-10)
    got = RUNNERS[way]([a, b], [nlinalg.tensorsolve(a, b)], [four, right])[0]
    np.testing.assert_allclose(got, np.linalg.tensorsolve(four, right), rtol=1e-10)
    got = RUNNERS[way]([a, b], [nlinalg.tensorsolve(a, b, axes=(0, 2))], [four, np.ones((3, 2))])[0]
    np.testing.assert_allclose(got, np.linalg.tensorsolve(four, np.ones((3, 2)), axes=(0, 2)), rtol=1e-10)


def test_compositions_refuse() -> None:
    with pytest.raises(TypeError, match="integer power"):
        nlinalg.matrix_power(T.dmatrix(), 1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="matrix"):
        nlinalg.matrix_power(T.dvector(), 2)
    with pytest.raises(TypeError, match="at least one"):
        nlinalg.matrix_dot()
    for function in (nlinalg.diag, nlinalg.alloc_diag, nlinalg.extract_diag, nlinalg.trace):
        with pytest.raises(TypeError):
            function(T.dtensor3())
    with pytest.raises(ValueError, match="ind"):
        nlinalg.tensorinv(T.dtensor4(), 0)
    with pytest.raises(ValueError, match="mode"):
        nlinalg.qr(T.dmatrix(), "other")
    with pytest.raises(ValueError, match="UPLO"):
        nlinalg.eigh(T.dmatrix(), "X")


GRADIENTS: list[tuple[str, Callable[..., Any], list[Any]]] = [
    ("inverse", nlinalg.matrix_inverse, [SQUARE]),
    ("det", nlinalg.det, [SQUARE]),
    ("eigenvalues", lambda x: nlinalg.eigh(x)[0], [SYMMETRIC]),
    ("eigenvectors", lambda x: nlinalg.eigh(x, "U")[1] ** 2, [SYMMETRIC]),
    ("both", lambda x: nlinalg.eigh(x)[1] * nlinalg.eigh(x)[0], [SYMMETRIC]),
    ("eig values", lambda x: nlinalg.eig(x)[0], [SYMMETRIC + 0.1 * np.triu(SQUARE)]),
    ("eig vectors", lambda x: nlinalg.eig(x)[1], [SYMMETRIC + 0.1 * np.triu(SQUARE)]),
    ("q", lambda x: nlinalg.qr(x)[0], [TALL]),
    ("r", lambda x: nlinalg.qr(x)[1], [TALL]),
    ("wide qr", lambda x: nlinalg.qr(x)[0].dot(nlinalg.qr(x)[1] ** 2), [WIDE]),
    ("r alone", lambda x: nlinalg.qr(x, "r"), [WIDE]),
    ("complete", lambda x: nlinalg.qr(x, "complete")[1], [WIDE]),
    ("u", lambda x: nlinalg.svd(x, 0)[0], [TALL]),
    ("s", lambda x: nlinalg.svd(x)[1], [TALL]),
    ("v", lambda x: nlinalg.svd(x, 0)[2], [TALL]),
    ("wide u", lambda x: nlinalg.svd(x, 0)[0], [WIDE]),
    ("wide v", lambda x: nlinalg.svd(x, 0)[2], [WIDE]),
    ("s alone", lambda x: nlinalg.svd(x, 0, 0), [WIDE]),
    ("pinv", nlinalg.pinv, [TALL]),
    ("wide pinv", nlinalg.pinv, [WIDE]),
    ("lstsq", lambda a, b: nlinalg.lstsq(a, b)[0], [TALL, RANDOM.normal(size=(4, 2))]),
    ("lstsq of a vector", lambda a, b: nlinalg.lstsq(a, b)[0], [TALL, RANDOM.normal(size=4)]),
    ("power", lambda x: nlinalg.matrix_power(x, -3), [SQUARE]),
    ("norm", lambda x: nlinalg.norm(x, 3), [RANDOM.normal(size=4)]),
    ("nuclear norm", lambda x: nlinalg.norm(x, "nuc"), [SQUARE]),
    ("tensorinv", lambda x: nlinalg.tensorinv(x.reshape((3, 1, 1, 3))), [SQUARE]),
    ("tensorsolve", nlinalg.tensorsolve, [RANDOM.normal(size=(2, 2, 2, 2)), RANDOM.normal(size=(2, 2))]),
    ("trace", nlinalg.trace, [SQUARE]),
    ("diag", nlinalg.diag, [RANDOM.normal(size=3)]),
]


@pytest.mark.parametrize(("build", "point"), [row[1:] for row in GRADIENTS], ids=[row[0] for row in GRADIENTS])
def test_gradients(build: Callable[..., Any], point: list[Any]) -> None:
    check_gradient(build, *point)


def test_second_derivatives() -> None:
    for build in (nlinalg.matrix_inverse, nlinalg.det, lambda x: nlinalg.eigh(x)[0]):
        check_gradient(lambda x, build=build: T.grad((build(x) ** 2).sum(), x), SYMMETRIC, tolerance=1e-5)


def test_gradients_that_do_not_exist() -> None:
    x, z = T.dmatrix("x"), T.zmatrix("z")
    for cost in (
        nlinalg.svd(x)[0].sum(),
        nlinalg.qr(x, "raw")[0].sum(),
        nlinalg.qr(x, "complete")[0].sum(),
        nlinalg.lstsq(x, T.dvector())[1].sum(),
    ):
        with pytest.raises(NullTypeGradError):
            T.grad(cost, x)
    with pytest.raises(NullTypeGradError, match="real"):
        T.grad(abs(nlinalg.matrix_inverse(z)).sum(), z)
