"""Operations that make tensors, against NumPy."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.configuration import config
from tests.core.ops.evaluation import RUNNERS, assert_same, check_gradient, interpreted


@pytest.mark.parametrize("way", RUNNERS)
def test_filled_tensors(way: str) -> None:
    n, x = T.lscalar("n"), T.fmatrix("x")
    outputs = [
        T.zeros((2, n)),
        T.ones(n, dtype="int8"),
        T.zeros(x.shape),
        T.zeros_like(x),
        T.ones_like(x, dtype="int32"),
        T.alloc(1.5, n, 2),
        T.alloc(T.arange(3), n, 3),
        T.fill(x, 7),
        T.eye(n),
        T.eye(2, n, 1, dtype="int32"),
        T.identity_like(x),
        T.tri(n, 4, 1),
        T.tril(x),
        T.triu(x, 1),
    ]
    value = np.arange(6, dtype="float32").reshape(2, 3)
    wanted = [
        np.zeros((2, 3)),
        np.ones(3, "int8"),
        np.zeros((2, 3)),
        np.zeros((2, 3), "float32"),
        np.ones((2, 3), "int32"),
        np.full((3, 2), 1.5, "float32"),
        np.tile(np.arange(3), (3, 1)),
        np.full((2, 3), 7, "int8"),
        np.eye(3),
        np.eye(2, 3, 1, dtype="int32"),
        np.eye(2, 3, dtype="float32"),
        np.tri(3, 4, 1),
        np.tril(value),
        np.triu(value, 1),
    ]
    for got, want in zip(RUNNERS[way]([n, x], outputs, [np.array(3), value]), wanted, strict=True):
        assert_same(got, want)


@pytest.mark.parametrize("way", RUNNERS)
def test_ranges(way: str) -> None:
    n, x = T.iscalar("n"), T.dscalar("x")
    outputs = [
        T.arange(n),
        T.arange(2, n),
        T.arange(n, 0, -2),
        T.arange(0.0, x, 0.25),
        T.arange(5, 1),
        T.arange(n).shape,
    ]
    outputs += [T.arange(1, n, 2).shape, T.arange(n, 0, -2).shape, T.arange(0.0, x, 0.3).shape]
    wanted = [
        np.arange(7),
        np.arange(2, 7),
        np.arange(7, 0, -2),
        np.arange(0, 1.1, 0.25),
        np.arange(5, 1),
        np.array([7]),
    ]
    wanted += [np.array([3]), np.array([4]), np.array([4])]
    for got, want in zip(RUNNERS[way]([n, x], outputs, [np.array(7, "int32"), np.array(1.1)]), wanted, strict=True):
        assert_same(got, want)


def test_element_types() -> None:
    assert T.zeros(2).dtype == T.eye(2).dtype == config.floatX
    assert T.arange(T.bscalar()).dtype == "int64"
    assert T.arange(T.scalar(dtype="uint8")).dtype == "uint64"
    assert T.arange(0.5, 2.0).dtype == "float64"
    assert T.arange(3).type.shape == (3,)
    assert T.zeros((2, T.lscalar())).type.shape == (2, None)
    assert T.zeros((1, T.lscalar())).type.broadcastable == (True, False)


def test_errors() -> None:
    with pytest.raises(ValueError, match="step"):
        T.arange(0, 5, 0)
    with pytest.raises(ValueError, match="negative"):
        T.zeros((-1, 2))
    with pytest.raises(TypeError, match="integer"):
        T.zeros((2.5,))
    with pytest.raises(TypeError, match="dimensions"):
        T.alloc(T.matrix(), 3)
    n = T.lscalar("n")
    with pytest.raises(ValueError, match="negative"):
        interpreted([n], [T.zeros(n)], [np.array(-1)])


def test_gradients() -> None:
    check_gradient(lambda x: T.alloc(x, 2, 3) ** 2, np.array(1.5))
    check_gradient(lambda x: T.alloc(x, 2, 3) ** 2, np.array([1.5, 2.0, 3.0]))
    check_gradient(lambda x: T.tril(x) ** 2, np.random.RandomState(0).normal(size=(3, 3)))
    check_gradient(lambda start, step: T.arange(start, T.constant(3.1), step) ** 2, np.array(0.2), np.array(0.5))
