"""Functions of neural networks against their formulas."""

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
