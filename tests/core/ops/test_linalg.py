"""Products against NumPy, their gradients and errors."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.types import COMPLEXES, DTYPES
from tests.core.ops.evaluation import RUNNERS, check_gradient

RANDOM = np.random.RandomState(0)
SHAPES = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3, 4)),
    ((), (3, 4)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 2)),
]


@pytest.mark.parametrize("way", RUNNERS)
def test_dot_equals_numpy(way: str) -> None:
    for dtype in ("float64", "float32", "int64", "int32"):
        inputs, values, outputs = [], [], []
        for left, right in SHAPES:
            pair = [T.tensor(dtype, (False,) * len(shape)) for shape in (left, right)]
            inputs += pair
            values += [(RANDOM.normal(size=shape) * 4).astype(dtype) for shape in (left, right)]
            outputs.append(T.dot(*pair))
        for k, got in enumerate(RUNNERS[way](inputs, outputs, values)):
            want = np.dot(values[2 * k], values[2 * k + 1])
            assert got.dtype == dtype
            np.testing.assert_allclose(
                got, want, rtol=1e-5 if dtype == "float32" else 1e-12, atol=1e-5 if dtype == "float32" else 1e-12
            )


@pytest.mark.parametrize("way", RUNNERS)
def test_layouts(way: str) -> None:
    a, b = RANDOM.normal(size=(6, 8)), RANDOM.normal(size=(8, 10))
    x, y = T.dmatrices("x", "y")
    for left, right in ((a[::2, ::-1], b[:, ::3]), (np.asfortranarray(a), b), (a, np.asfortranarray(b)[:, :0])):
        got, transposed = RUNNERS[way]([x, y], [x.dot(y), T.dot(y.T, x.T)], [left, right])
        np.testing.assert_allclose(got, left @ right, rtol=1e-12)
        np.testing.assert_allclose(transposed, (left @ right).T, rtol=1e-12)


@pytest.mark.parametrize("way", RUNNERS)
def test_outer_and_tensordot(way: str) -> None:
    v, w, a, b = T.dvector(), T.fvector(), T.dtensor3(), T.dtensor3()
    values = [
        np.arange(3.0),
        np.arange(4, dtype="float32"),
        RANDOM.normal(size=(2, 3, 4)),
        RANDOM.normal(size=(4, 3, 5)),
    ]
    V, W, A, B = values
    outputs = [
        T.outer(v, w),
        T.tensordot(a, b, [[2, 1], [0, 1]]),
        T.tensordot(a, b, 1),
        T.dot(a, b[:, :, 0]),
        T.tensordot(v, v, 0),
    ]
    wanted = [
        np.outer(V, W),
        np.tensordot(A, B, [[2, 1], [0, 1]]),
        np.tensordot(A, B, 1),
        np.dot(A, B[:, :, 0]),
        np.outer(V, V),
    ]
    for got, want in zip(RUNNERS[way]([v, w, a, b], outputs, values), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)


def test_element_types() -> None:
    for left in DTYPES:
        for right in DTYPES:
            if left not in COMPLEXES and right not in COMPLEXES:
                assert T.dot(T.vector(dtype=left), T.vector(dtype=right)).dtype == np.promote_types(left, right).name


@pytest.mark.parametrize("way", RUNNERS)
def test_sizes_that_differ(way: str) -> None:
    x, W = T.dmatrix("x"), T.dmatrix("W")
    product = T.dot(x, W)
    with pytest.raises(ValueError, match=r"784|columns"):
        RUNNERS[way]([x, W], [product], [np.ones((32, 784)), np.ones((100, 10))])


def test_the_message_names_operands_sizes_and_line() -> None:
    x, W = T.TensorType("float64", (32, 784))("x"), T.TensorType("float64", (100, 10))("W")
    with pytest.raises(ValueError) as caught:
        T.dot(x, W)
    text = str(caught.value)
    assert text.startswith("dot: x has 784 columns, W has 100 rows")
    assert "test_linalg.py" in text and "T.dot(x, W)" in text


def test_gradients() -> None:
    for left, right in SHAPES[:5]:
        check_gradient(T.dot, RANDOM.normal(size=left), RANDOM.normal(size=right))
    check_gradient(T.outer, RANDOM.normal(size=3), RANDOM.normal(size=2))
    check_gradient(
        lambda a, b: T.tensordot(a, b, [[2], [0]]), RANDOM.normal(size=(2, 2, 3)), RANDOM.normal(size=(3, 2))
    )
