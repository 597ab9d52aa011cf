"""Operations on shapes against NumPy, their static sizes, errors and gradients."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.errors import ShapeError
from tests.core.ops.evaluation import RUNNERS, assert_same, check_gradient

VALUE = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize("way", RUNNERS)
def test_reordering_equals_numpy(way: str) -> None:
    x = T.dtensor3()
    outputs = [
        x.dimshuffle(2, 0, 1),
        x.dimshuffle("x", 1, 0, "x", 2),
        x.T,
        x.transpose(1, 0, 2),
        x.transpose((2, 1, 0)),
        T.swapaxes(x, 0, 2),
        T.shape_padleft(x, 2),
        T.shape_padright(x),
        T.shape_padaxis(x, -1),
        T.squeeze(T.shape_padaxis(x, 1)),
    ]
    wanted = [
        VALUE.transpose(2, 0, 1),
        VALUE.transpose(1, 0, 2)[None, :, :, None],
        VALUE.T,
        VALUE.transpose(1, 0, 2),
        VALUE.T,
        VALUE.swapaxes(0, 2),
        VALUE[None, None],
        VALUE[..., None],
        VALUE[..., None],
        VALUE,
    ]
    for got, want in zip(RUNNERS[way]([x], outputs, [VALUE]), wanted, strict=True):
        assert_same(got, want)
    assert T.squeeze(x) is x and x.dimshuffle(0, 1, 2) is x


def test_dimshuffle_drops_only_sizes_of_one() -> None:
    assert T.row().dimshuffle(1).type == T.vector().type
    with pytest.raises(ValueError, match="can't be dropped"):
        T.matrix().dimshuffle(0)
    with pytest.raises(ValueError, match="twice"):
        T.matrix().dimshuffle(0, 0, 1)
    with pytest.raises(ValueError, match="axis 2"):
        T.matrix().dimshuffle(0, 1, 2)


@pytest.mark.parametrize("way", RUNNERS)
def test_sizes(way: str) -> None:
    x = T.dtensor3()
    outputs = [x.shape, x.size, x.shape[1], x.shape[-1], x.shape[0] * 2, T.exp(x).shape, x.T.shape]
    wanted = [
        np.array([2, 3, 4]),
        np.int64(24),
        np.int64(3),
        np.int64(4),
        np.int64(4),
        np.array([2, 3, 4]),
        np.array([4, 3, 2]),
    ]
    for got, want in zip(RUNNERS[way]([x], outputs, [VALUE]), wanted, strict=True):
        assert_same(got, want)


@pytest.mark.parametrize("way", RUNNERS)
def test_reshape_equals_numpy(way: str) -> None:
    x, n, sizes = T.dtensor3(), T.lscalar(), T.lvector()
    outputs = [
        x.reshape((4, 6)),
        x.reshape(24),
        x.reshape((-1, 8)),
        x.reshape((n, -1)),
        x.reshape(sizes, ndim=2),
        x.reshape(x.shape[::-1]),
        x.reshape((x.shape[0], -1)),
        x.reshape([n, 2, 6], ndim=3),
        T.flatten(x),
        x.flatten(2),
        x.T.flatten(),
        x.ravel(),
    ]
    wanted = [
        VALUE.reshape(4, 6),
        VALUE.reshape(24),
        VALUE.reshape(-1, 8),
        VALUE.reshape(2, -1),
        VALUE.reshape(3, 8),
        VALUE.reshape(4, 3, 2),
        VALUE.reshape(2, -1),
        VALUE.reshape(2, 2, 6),
        VALUE.ravel(),
        VALUE.reshape(2, 12),
        VALUE.T.ravel(),
        VALUE.ravel(),
    ]
    values = [VALUE, np.array(2), np.array([3, 8])]
    for got, want in zip(RUNNERS[way]([x, n, sizes], outputs, values), wanted, strict=True):
        assert_same(got, want)


def test_static_sizes() -> None:
    x = T.TensorType("float64", (2, 3, 4))("x")
    assert x.reshape((4, -1)).type.shape == (4, 6)
    assert x.flatten(2).type.shape == (2, 12)
    assert x.T.type.shape == (4, 3, 2)
    assert x.reshape((x.shape[0], x.shape[1] * x.shape[2])).type.shape == (2, None)
    assert T.matrix().reshape((1, -1)).type.broadcastable == (True, False)
    assert T.concatenate([x, x], axis=1).type.shape == (2, 6, 4)
    assert T.stack([x, x]).type.shape == (2, 2, 3, 4)
    with pytest.raises(ValueError, match="24 elements"):
        x.reshape((5, 5))
    with pytest.raises(ValueError, match="sizes"):
        x.reshape((-1, -1))
    with pytest.raises(ValueError, match="length"):
        x.reshape(T.lvector("s"))
    with pytest.raises(TypeError, match="integer"):
        x.reshape((2.5, 2))
    with pytest.raises(ValueError, match="flatten"):
        x.flatten(4)


@pytest.mark.parametrize("way", RUNNERS)
def test_reshape_to_another_number_of_elements(way: str) -> None:
    x, n = T.dvector("x"), T.lscalar("n")
    with pytest.raises(ValueError, match="reshape"):
        RUNNERS[way]([x, n], [x.reshape((n, 2))], [np.ones(5), np.array(3)])


@pytest.mark.parametrize("way", RUNNERS)
def test_promises_about_sizes(way: str) -> None:
    x = T.dmatrix("x")
    row = T.addbroadcast(x, 0)
    assert row.type.broadcastable == (True, False)
    assert T.unbroadcast(row, 0).type.broadcastable == (False, False)
    assert T.patternbroadcast(row, (False, True)).type.broadcastable == (False, True)
    assert T.specify_shape(x, (2, None)).type.shape == (2, None)
    got = RUNNERS[way]([x], [row + np.ones((2, 3)), T.unbroadcast(row, 0)], [np.ones((1, 3))])
    assert_same(got[0], np.full((2, 3), 2.0))
    assert_same(got[1], np.ones((1, 3)))
    with pytest.raises(ValueError, match="size"):
        RUNNERS[way]([x], [T.specify_shape(x, (3, None)) * 2], [np.ones((2, 3))])
    with pytest.raises(ShapeError):
        T.specify_shape(T.row(), (2, None))


@pytest.mark.parametrize("way", RUNNERS)
def test_joining_equals_numpy(way: str) -> None:
    a, b, c, s = T.dmatrix("a"), T.dmatrix("b"), T.imatrix("c"), T.dscalar("s")
    values = [np.ones((2, 3)), np.zeros((2, 3)), np.full((2, 3), 7, "int32"), np.array(0.5)]
    A, B, C, S = values
    outputs = [
        T.concatenate([a, b]),
        T.concatenate([a, b, c], axis=-1),
        T.join(1, a, c),
        T.stack([a, b], axis=1),
        T.stack([a, b], -1),
        T.stack([s, s + 1, 3]),
        T.vertical_stack(a, b),
        T.horizontal_stack(a, b),
        T.as_tensor_variable([[s, 1.0], [2.0, s]]),
    ]
    wanted = [
        np.concatenate([A, B]),
        np.concatenate([A, B, C], axis=1),
        np.concatenate([A, C], axis=1),
        np.stack([A, B], axis=1),
        np.stack([A, B], axis=-1),
        np.array([S, S + 1, 3]),
        np.vstack([A, B]),
        np.hstack([A, B]),
        np.array([[0.5, 1], [2, 0.5]]),
    ]
    for got, want in zip(RUNNERS[way]([a, b, c, s], outputs, values), wanted, strict=True):
        assert_same(got, want)
    assert T.join(0, a) is a


@pytest.mark.parametrize("way", RUNNERS)
def test_split(way: str) -> None:
    x = T.dvector("x")
    parts = T.split(x, [1, 3], 2)
    got = RUNNERS[way]([x], parts, [np.arange(4.0)])
    assert [part.tolist() for part in got] == [[0], [1, 2, 3]]


@pytest.mark.parametrize("way", RUNNERS)
def test_joining_sizes_that_differ(way: str) -> None:
    a, b = T.dmatrices("a", "b")
    with pytest.raises(ValueError, match=r"2 against 3|axis 1"):
        RUNNERS[way]([a, b], [T.concatenate([a, b])], [np.ones((2, 2)), np.ones((2, 3))])
    with pytest.raises(ValueError, match="2 against 3"):
        T.concatenate([T.constant(np.ones((2, 2))), T.constant(np.ones((2, 3)))])
    with pytest.raises(TypeError, match="dimensions"):
        T.concatenate([a, T.vector()])
    with pytest.raises(TypeError, match="scalar"):
        T.concatenate([T.scalar(), T.scalar()])


def test_gradients() -> None:
    value = np.random.RandomState(0).normal(size=(2, 3))
    check_gradient(lambda x: x.T, value)
    check_gradient(lambda x: x.dimshuffle(1, "x", 0), value)
    check_gradient(lambda x: T.exp(x.reshape((3, 2))), value)
    check_gradient(lambda x: T.sin(x.flatten()), value)
    check_gradient(lambda x, y: T.concatenate([x, y * y], axis=1), value, value[:, :2])
    check_gradient(lambda x, y: T.stack([x, y * y], axis=1), value, value + 1)
    check_gradient(lambda x, y: T.stack([x, y * y]), np.array(1.5), np.array(2.0))
    check_gradient(lambda x: T.specify_shape(x, (2, 3)) ** 2, value)
    check_gradient(lambda x: T.unbroadcast(T.addbroadcast(x, 0), 0) ** 2, value[:1])
    check_gradient(lambda x: x * x.shape[0], value)


def test_vector_length() -> None:
    assert T.get_vector_length(T.stack([T.scalar(), T.scalar()])) == 2
    with pytest.raises(ValueError, match="length"):
        T.get_vector_length(T.vector("v"))
