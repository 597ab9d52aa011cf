"""Activations and simple costs against their formulas."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from tests.core.ops.evaluation import RUNNERS, check_gradient

X = np.random.RandomState(0).normal(size=(4, 3)) * 3
P = np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)


@pytest.mark.parametrize("way", RUNNERS)
def test_values(way: str) -> None:
    x, t, c = T.dmatrix("x"), T.dmatrix("t"), T.lvector("c")
    target, classes = (X > 0).astype("float64"), np.array([0, 2, 1, 1])
    p = T.nnet.softmax(x)
    outputs = [
        p,
        T.nnet.logsoftmax(x),
        T.nnet.relu(x),
        T.nnet.relu(x, 0.1),
        T.nnet.elu(x),
        T.nnet.softsign(x),
        T.nnet.hard_sigmoid(x),
        T.nnet.binary_crossentropy(T.nnet.sigmoid(x), t),
        T.nnet.sigmoid_binary_crossentropy(x, t),
        T.nnet.categorical_crossentropy(p, t),
        T.nnet.categorical_crossentropy(p, c),
    ]
    s = 1 / (1 + np.exp(-X))
    cross = -(target * np.log(s) + (1 - target) * np.log(1 - s))
    wanted = [
        P,
        np.log(P),
        np.maximum(X, 0),
        np.where(X > 0, X, 0.1 * X),
        np.where(X > 0, X, np.expm1(X)),
        X / (1 + abs(X)),
        np.clip(0.2 * X + 0.5, 0, 1),
        cross,
        cross,
        -(target * np.log(P)).sum(axis=1),
        -np.log(P[np.arange(4), classes]),
    ]
    for got, want in zip(RUNNERS[way]([x, t, c], outputs, [X, target, classes]), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("way", RUNNERS)
def test_large_numbers(way: str) -> None:
    x = T.dvector("x")
    got = RUNNERS[way]([x], [T.nnet.softmax(x), T.nnet.logsoftmax(x)], [np.array([1000.0, 0.0])])
    assert got[0].tolist() == [[1, 0]] and got[1].tolist() == [[0, -1000]]


def test_gradients() -> None:
    for function in (T.nnet.softmax, T.nnet.logsoftmax, T.nnet.relu, T.nnet.elu, T.nnet.softsign):
        check_gradient(function, X)
    check_gradient(lambda x: T.nnet.sigmoid_binary_crossentropy(x, 0.25), X)
    check_gradient(lambda x: T.nnet.binary_crossentropy(T.nnet.sigmoid(x), 0.25), X)


def test_errors() -> None:
    with pytest.raises(ValueError, match="scalar"):
        T.nnet.softmax(T.dscalar())
    with pytest.raises(TypeError, match="true_dist"):
        T.nnet.categorical_crossentropy(T.dmatrix(), T.dscalar())


@pytest.mark.parametrize("way", RUNNERS)
def test_other_activations(way: str) -> None:
    x, b = T.dmatrix("x"), T.dvector("b")
    outputs = [
        T.nnet.selu(x),
        T.nnet.ultra_fast_sigmoid(x),
        T.nnet.softmax_with_bias(x, b),
        T.nnet.softmax_graph(x),
        T.nnet.relu(T.cast(x, "float32"), 0.5),
    ]
    bias = np.array([0.5, -1.0, 2.0])
    got = RUNNERS[way]([x, b], outputs, [X, bias])
    shifted = np.exp(X + bias)
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    np.testing.assert_allclose(got[0], scale * np.where(X > 0, X, alpha * np.expm1(X)), rtol=1e-14)
    assert np.abs(got[1] - 1 / (1 + np.exp(-X))).max() < 0.028
    np.testing.assert_allclose(got[2], shifted / shifted.sum(axis=1, keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(got[3], P, rtol=1e-12)
    assert got[4].dtype == "float32"


def test_ultra_fast_sigmoid_is_near_everywhere() -> None:
    x = np.linspace(-12, 12, 4001)
    got = T.nnet.ultra_fast_sigmoid(T.constant(x)).eval()
    assert np.abs(got - 1 / (1 + np.exp(-x))).max() < 0.028
    assert (np.diff(got) > -0.005).all() and got[0] > 0 and got[-1] < 1
    np.testing.assert_allclose(got + got[::-1], 1, rtol=1e-14)


def test_element_types_stay() -> None:
    x = T.fmatrix("x")
    names = ("softmax", "logsoftmax", "relu", "elu", "selu", "softsign", "hard_sigmoid", "ultra_fast_sigmoid")
    for name in (*names, "sigmoid", "softplus"):
        assert getattr(T.nnet, name)(x).type.dtype == "float32", name


def test_more_gradients() -> None:
    check_gradient(T.nnet.selu, X)
    check_gradient(T.nnet.ultra_fast_sigmoid, X)
    check_gradient(T.nnet.softmax_with_bias, X, X[0])
