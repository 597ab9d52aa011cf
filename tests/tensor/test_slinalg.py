"""Linear systems, Cholesky, Kronecker products and exponentials against NumPy and SciPy, their gradients and errors."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import interactive_sym.tensor as T
from interactive_sym.core.ops.decompositions import matrix_exponential
from interactive_sym.tensor import slinalg
from tests.core.ops.evaluation import RUNNERS, check_gradient

RANDOM = np.random.RandomState(1)
SIZES = (0, 1, 3, 16, 17, 40)  # both sides of where LAPACK takes over
SQUARE = RANDOM.normal(size=(3, 3)) + 3 * np.eye(3)
SYMMETRIC = SQUARE @ SQUARE.T + np.diag([1.0, 2.0, 4.0])


def well(n: int, dtype: str = "float64") -> Any:
    return (RANDOM.normal(size=(n, n)) + n * np.eye(n)).astype(dtype)


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "complex128"])
def test_systems(way: str, dtype: str) -> None:
    A, b, B = T.matrix("A", dtype=dtype), T.vector("b", dtype=dtype), T.matrix("B", dtype=dtype)
    solvers = (slinalg.solve, slinalg.solve_symmetric, slinalg.solve_lower_triangular, slinalg.solve_upper_triangular)
    for n in SIZES[: 3 if dtype == "complex128" else None]:
        matrix = well(n, dtype)
        symmetric = matrix + matrix.T
        for columns in (0, 1, 5):
            vector, several = RANDOM.normal(size=n).astype(dtype), RANDOM.normal(size=(n, columns)).astype(dtype)
            for solver, reads in zip(
                solvers, (symmetric, symmetric, np.tril(symmetric), np.triu(symmetric)), strict=True
            ):
                got = RUNNERS[way]([A, b, B], [solver(A, b), solver(A, B)], [symmetric, vector, several])
                tolerance = 1e-4 if dtype == "float32" else 1e-10
                for mine, right in zip(got, (vector[:, None], several), strict=True):
                    assert mine.dtype == dtype
                    its = np.linalg.solve(reads, right).reshape(mine.shape)
                    np.testing.assert_allclose(mine, its, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "complex128"])
def test_cholesky(way: str, dtype: str) -> None:
    x = T.matrix("x", dtype=dtype)
    for n in SIZES[: 3 if dtype == "complex128" else None]:
        matrix = well(n, dtype)
        positive = (matrix @ matrix.T + np.eye(n)).astype(dtype)
        lower = RUNNERS[way]([x], [slinalg.cholesky(x)], [np.tril(positive) + np.triu(np.ones_like(positive), 1)])[0]
        upper = RUNNERS[way]([x], [slinalg.Cholesky(lower=False)(x)], [np.triu(positive) - np.tril(positive, -1)])[0]
        tolerance = 1e-3 if dtype == "float32" else 1e-10
        np.testing.assert_allclose(lower, np.linalg.cholesky(positive), rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(upper, lower.T.conj(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("way", RUNNERS)
def test_matrices_that_have_no_root(way: str) -> None:
    x = T.dmatrix("x")
    for value in (-np.eye(3), np.diag([1.0, 0.0]), np.full((2, 2), np.nan), -np.eye(20)):
        with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
            RUNNERS[way]([x], [slinalg.cholesky(x)], [value])
        got = RUNNERS[way]([x], [slinalg.cholesky(x, on_error="nan")], [value])[0]
        assert np.isnan(got).all()
    with pytest.raises(np.linalg.LinAlgError, match="2 rows and 3 columns"):
        RUNNERS[way]([x], [slinalg.cholesky(x)], [np.ones((2, 3))])


@pytest.mark.parametrize("way", RUNNERS)
def test_systems_that_have_no_solution(way: str) -> None:
    A, b = T.dmatrix("A"), T.dvector("b")
    for n in (2, 20):
        singular = np.zeros((n, n))
        for solver in (slinalg.solve, slinalg.solve_lower_triangular, slinalg.solve_upper_triangular):
            with pytest.raises(np.linalg.LinAlgError, match="singular"):
                RUNNERS[way]([A, b], [solver(A, b)], [singular, np.ones(n)])
            with pytest.raises(ValueError, match="rows, the right side 3"):
                RUNNERS[way]([A, b], [solver(A, b)], [singular, np.ones(3)])
            with pytest.raises(np.linalg.LinAlgError, match="square"):
                RUNNERS[way]([A, b], [solver(A, b)], [np.ones((2, 3)), np.ones(2)])


def test_the_error_names_the_line_and_a_cure() -> None:
    x = T.dmatrix("x")
    with pytest.raises(np.linalg.LinAlgError) as caught:
        slinalg.cholesky(x).eval({x: -np.eye(2)})
    text = str(caught.value)
    assert "test_slinalg.py" in text and "Cure: add a small multiple" in text


@pytest.mark.parametrize("way", RUNNERS)
def test_integers_are_taken_as_floats(way: str) -> None:
    A, b = T.imatrix("A"), T.lvector("b")
    got = RUNNERS[way]([A, b], [slinalg.solve(A, b)], [np.array([[2, 0], [0, 4]], dtype="int32"), np.array([1, 1])])[0]
    assert got.dtype == "float64" and got.tolist() == [0.5, 0.25]


@pytest.mark.parametrize("way", RUNNERS)
def test_generalised_eigenvalues_equal_scipy(way: str) -> None:
    a, b = T.dmatrix("a"), T.dmatrix("b")
    indefinite = SYMMETRIC - 3 * np.eye(3)
    for lower in (True, False):
        got = RUNNERS[way](
            [a, b], [slinalg.eigvalsh(a, b, lower), slinalg.eigvalsh(a, None, lower)], [indefinite, SYMMETRIC]
        )
        np.testing.assert_allclose(got[0], scipy.linalg.eigvalsh(indefinite, SYMMETRIC), rtol=1e-10)
        np.testing.assert_allclose(got[1], np.linalg.eigvalsh(indefinite), rtol=1e-10)


@pytest.mark.parametrize("way", RUNNERS)
def test_kron_equals_numpy(way: str) -> None:
    for left, right in (
        ((2, 3), (3, 2)),
        ((2,), (3,)),
        ((2, 3), (2,)),
        ((), (2, 2)),
        ((2, 1, 2), (3, 2)),
        ((0, 2), (2, 2)),
    ):
        a, b = T.TensorType("float64", (False,) * len(left))(), T.TensorType("float64", (False,) * len(right))()
        values = [RANDOM.normal(size=left), RANDOM.normal(size=right)]
        np.testing.assert_allclose(RUNNERS[way]([a, b], [slinalg.kron(a, b)], values)[0], np.kron(*values))


def test_expm_equals_scipy() -> None:
    x = T.dmatrix("x")
    for scale in (0.0, 1e-3, 0.1, 0.5, 1.5, 3.0, 30.0):
        value = SQUARE * scale
        np.testing.assert_allclose(slinalg.expm(x).eval({x: value}), scipy.linalg.expm(value), rtol=1e-11, atol=1e-14)
    assert matrix_exponential(np.ones((0, 0))).shape == (0, 0)
    assert np.isnan(matrix_exponential(np.full((2, 2), np.inf))).all()
    turn = np.array([[0, -1j], [-1j, 0]])
    np.testing.assert_allclose(matrix_exponential(turn), scipy.linalg.expm(turn), rtol=1e-12)


GRADIENTS: list[tuple[str, Callable[..., Any], list[Any]]] = [
    ("lower", slinalg.cholesky, [SYMMETRIC]),
    ("upper", lambda x: slinalg.cholesky(x, lower=False), [SYMMETRIC]),
    ("of a product", lambda x: slinalg.cholesky(x.dot(x.T)), [SQUARE]),
    ("solve", slinalg.solve, [SQUARE, RANDOM.normal(size=3)]),
    ("solve several", slinalg.solve, [SQUARE, RANDOM.normal(size=(3, 2))]),
    ("solve symmetric", slinalg.solve_symmetric, [SYMMETRIC, RANDOM.normal(size=(3, 2))]),
    ("solve lower", slinalg.solve_lower_triangular, [SQUARE, RANDOM.normal(size=(3, 2))]),
    ("solve upper", slinalg.solve_upper_triangular, [SQUARE, RANDOM.normal(size=3)]),
    ("eigvalsh", lambda x: slinalg.eigvalsh(x, None), [SYMMETRIC]),
    ("generalised", slinalg.eigvalsh, [SYMMETRIC, SYMMETRIC + np.diag([2.0, 3.0, 4.0])]),
    (
        "generalised upper",
        lambda x, y: slinalg.eigvalsh(x, y, False),
        [SYMMETRIC, SYMMETRIC + np.diag([2.0, 3.0, 4.0])],
    ),
    ("expm", slinalg.expm, [SQUARE]),
    ("kron", slinalg.kron, [SQUARE, RANDOM.normal(size=(2, 2))]),
]


@pytest.mark.parametrize(("build", "point"), [row[1:] for row in GRADIENTS], ids=[row[0] for row in GRADIENTS])
def test_gradients(build: Callable[..., Any], point: list[Any]) -> None:
    check_gradient(build, *point)


def test_second_derivatives() -> None:
    check_gradient(lambda x: T.grad((slinalg.cholesky(x) ** 2).sum(), x), SYMMETRIC, tolerance=1e-5)
    check_gradient(lambda x: T.grad((slinalg.expm(x) ** 2).sum(), x), 0.3 * SQUARE, tolerance=1e-5)


def test_refused_arguments() -> None:
    with pytest.raises(ValueError, match="A_structure"):
        slinalg.Solve("diagonal")
    with pytest.raises(ValueError, match="on_error"):
        slinalg.cholesky(T.dmatrix(), on_error="ignore")
    with pytest.raises(TypeError, match="vector or a matrix"):
        slinalg.solve(T.dmatrix(), T.dtensor3())
