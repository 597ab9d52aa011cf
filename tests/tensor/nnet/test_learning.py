"""Networks that learn: a perceptron with a hidden layer, and a small convolutional network."""

from typing import Any

import numpy as np

import interactive_sym
import interactive_sym.tensor as T
from interactive_sym.tensor.nnet import bn
from interactive_sym.tensor.signal import pool


def shared(random: np.random.RandomState, *shape: int) -> Any:
    scale = 1 / np.sqrt(np.prod(shape[1:]) if len(shape) > 2 else shape[0])
    return interactive_sym.shared(random.normal(0, scale, size=shape).astype("float32"))


def trainer(inputs: Any, cost: Any, parameters: Any, rate: float) -> Any:
    gradients = T.grad(cost, parameters)
    updates = [(p, p - np.float32(rate) * g) for p, g in zip(parameters, gradients, strict=True)]
    return interactive_sym.function(inputs, cost, updates=updates)


def test_a_perceptron_learns() -> None:
    """784 inputs, 500 hidden units, 10 classes: the parts of a digit recogniser, on noisy patterns."""
    random = np.random.RandomState(0)
    patterns = random.normal(size=(10, 784)).astype("float32")
    labels = random.randint(0, 10, size=100).astype("int32")
    images = patterns[labels] + random.normal(size=(100, 784)).astype("float32")
    w1, b1 = shared(random, 784, 500), interactive_sym.shared(np.zeros(500, "float32"))
    w2, b2 = shared(random, 500, 10), interactive_sym.shared(np.zeros(10, "float32"))
    x, y = T.fmatrix("x"), T.ivector("y")
    p = T.nnet.softmax(T.dot(T.tanh(T.dot(x, w1) + b1), w2) + b2)
    step = trainer([x, y], T.nnet.categorical_crossentropy(p, y).mean(), [w1, b1, w2, b2], 0.1)
    costs = [float(step(images, labels)) for _ in range(30)]
    assert 2 < costs[0] < 3.5 and costs[-1] < 0.05
    predict = interactive_sym.function([x], T.argmax(p, axis=1))
    assert (predict(images) == labels).all()


def test_a_perceptron_step_is_the_formula() -> None:
    """One step in float64 against the gradient written out with NumPy."""
    random = np.random.RandomState(1)
    a, b, w, v = (random.normal(size=shape) for shape in ((5, 4), (3,), (4, 3), (3, 2)))
    y = np.array([0, 1, 1, 0, 1])
    ws, vs, bs = (interactive_sym.shared(value) for value in (w, v, b))
    x = T.dmatrix("x")
    p = T.nnet.softmax(T.dot(T.nnet.sigmoid(T.dot(x, ws) + bs), vs))
    cost = -T.mean(T.log(p)[T.arange(5), y])
    grads = T.grad(cost, [ws, bs, vs])
    interactive_sym.function([x], [], updates=[(s, s - 0.5 * g) for s, g in zip([ws, bs, vs], grads)])(a)
    hidden = 1 / (1 + np.exp(-(a @ w + b)))
    logits = hidden @ v
    error = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    error[range(5), y] -= 1
    error /= 5
    back = error @ v.T * hidden * (1 - hidden)
    np.testing.assert_allclose(vs.get_value(), v - 0.5 * hidden.T @ error, rtol=1e-12)
    np.testing.assert_allclose(ws.get_value(), w - 0.5 * a.T @ back, rtol=1e-12)
    np.testing.assert_allclose(bs.get_value(), b - 0.5 * back.sum(axis=0), rtol=1e-12)


def test_a_convolutional_network_learns() -> None:
    """Horizontal against vertical strokes, wherever they are: convolution, normalisation, pooling, two classes."""
    random = np.random.RandomState(2)
    images = random.normal(0, 0.3, size=(60, 1, 12, 12)).astype("float32")
    labels = (np.arange(60) % 2).astype("int32")
    for image, label in zip(images[:, 0], labels):
        row, column = random.randint(0, 7, size=2)
        image[row, column : column + 6] += 2 * (label == 0)
        image[row : row + 6, column] += 2 * (label == 1)
    filters, mix = shared(random, 4, 1, 3, 3), shared(random, 4 * 5 * 5, 2)
    gamma, beta = interactive_sym.shared(np.ones(4, "float32")), interactive_sym.shared(np.zeros(4, "float32"))
    x, y = T.ftensor4("x"), T.ivector("y")
    seen = T.nnet.conv2d(x, filters, input_shape=(None, 1, 12, 12), filter_shape=(4, 1, 3, 3))
    normal, _, _ = bn.batch_normalization_train(seen, gamma, beta, "spatial")
    pooled = pool.pool_2d(T.nnet.relu(normal), (2, 2), ignore_border=True)
    logits = T.dot(pooled.flatten(2), mix)
    cost = T.nnet.crossentropy_softmax_1hot(logits, y)[0].mean()
    step = trainer([x, y], cost, [filters, gamma, beta, mix], 0.2)
    costs = [float(step(images, labels)) for _ in range(60)]
    assert costs[-1] < 0.1 < costs[0]
    predict = interactive_sym.function([x], T.argmax(logits, axis=1))
    assert (predict(images) == labels).mean() > 0.95
