"""Costs of classifiers: values, extreme logits, hierarchical softmax, counts of confusions."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.function import function
from tests.core.ops.evaluation import RUNNERS, check_gradient

RNG = np.random.RandomState(8)
EXTREME = np.array([[1000.0, 0, -1000], [0, 1e4, -5], [-800, -800, 0.0], [0.3, -0.2, 0.1]])
CLASSES = np.array([1, 0, 0, 2])


def logsoftmax(x: Any) -> Any:
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def naive(x: Any) -> Any:
    return T.exp(x) / T.exp(x).sum(axis=1, keepdims=True)


WRITTEN: dict[str, Callable[[Any, Any], Any]] = {
    "log, then index": lambda x, y: -T.log(T.nnet.softmax(x))[T.arange(y.shape[0]), y],
    "index, then log": lambda x, y: -T.log(T.nnet.softmax(x)[T.arange(y.shape[0]), y]),
    "index, then log, of exponentials": lambda x, y: -T.log(naive(x)[T.arange(y.shape[0]), y]),
    "categorical_crossentropy": lambda x, y: T.nnet.categorical_crossentropy(T.nnet.softmax(x), y),
    "categorical_crossentropy of exponentials": lambda x, y: T.nnet.categorical_crossentropy(naive(x), y),
    "categorical_crossentropy of a distribution": lambda x, y: T.nnet.categorical_crossentropy(
        T.nnet.softmax(x), T.cast(T.eq(y.dimshuffle(0, "x"), T.arange(3)), "float64")
    ),
    "logsoftmax": lambda x, y: -T.nnet.logsoftmax(x)[T.arange(y.shape[0]), y],
    "crossentropy_softmax_1hot": lambda x, y: T.nnet.crossentropy_softmax_1hot(x, y)[0],
}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extreme_logits(written: str, dtype: str) -> None:
    """However it is written, the cost and its gradient are finite and right where probabilities round to 0."""
    x, y = T.matrix("x", dtype=dtype), T.ivector("y")
    costs = WRITTEN[written](x, y)
    cost = costs.mean() + 0.5 * costs[0]
    value, gradient = function([x, y], [cost, T.grad(cost, x)])(EXTREME.astype(dtype), CLASSES.astype("int32"))
    logs = logsoftmax(EXTREME)
    want = -logs[range(4), CLASSES]
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(value, want.mean() + 0.5 * want[0], rtol=tolerance)
    hot = np.exp(logs)
    hot[range(4), CLASSES] -= 1
    np.testing.assert_allclose(
        gradient, hot * (0.25 + 0.5 * (np.arange(4) == 0))[:, None], rtol=tolerance, atol=tolerance
    )


@pytest.mark.parametrize("written", WRITTEN)
def test_derivatives_twice(written: str) -> None:
    x = RNG.normal(size=(3, 3))
    y = T.constant(np.array([2, 0, 0]))
    check_gradient(lambda v: WRITTEN[written](v, y), x)
    check_gradient(lambda v: T.grad(T.sqr(WRITTEN[written](v, y)).sum(), v), x, tolerance=1e-5)


@pytest.mark.parametrize("way", RUNNERS)
def test_values_of_the_family(way: str) -> None:
    x, b, y = T.dmatrix("x"), T.dvector("b"), T.lvector("y")
    bias = np.array([0.1, -0.4, 0.2])
    with_bias = T.nnet.crossentropy_softmax_max_and_argmax_1hot_with_bias(x, b, y)
    outputs = [*with_bias, *T.nnet.crossentropy_softmax_argmax_1hot_with_bias(x, b, y)]
    outputs += T.nnet.crossentropy_softmax_1hot_with_bias(x, b, y)
    got = RUNNERS[way]([x, b, y], outputs, [EXTREME, bias, CLASSES])
    logs = logsoftmax(EXTREME + bias)
    p = np.exp(logs)
    cost = -logs[range(4), CLASSES]
    parts = {"costs": cost, "p": p, "largest": p.max(axis=1), "class": p.argmax(axis=1)}
    order = ["costs", "p", "largest", "class", "costs", "p", "class", "costs", "p"]
    for mine, name in zip(got, order, strict=True):
        np.testing.assert_allclose(mine, parts[name], rtol=1e-12, atol=1e-300, err_msg=name)


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("wrong", [-1, 3])
def test_a_class_that_is_not_there(way: str, wrong: int) -> None:
    x, y = T.dmatrix("x"), T.lvector("y")
    for cost in (T.nnet.categorical_crossentropy(T.nnet.softmax(x), y), T.nnet.crossentropy_softmax_1hot(x, y)[0]):
        with pytest.raises(ValueError, match=f"a class: {wrong} is not from 0 to 2"):
            RUNNERS[way]([x, y], [cost], [EXTREME, np.array([0, wrong, 0, 0])])


@pytest.mark.parametrize("way", RUNNERS)
def test_hierarchical_softmax(way: str) -> None:
    """Probabilities of all outputs sum to 1, and those of targets are among them."""
    x, w1, b1, w2, b2, y = T.dmatrix(), T.dmatrix(), T.dvector(), T.dtensor3(), T.dmatrix(), T.lvector()
    values = [RNG.normal(size=size) for size in ((4, 5), (5, 3), (3,), (3, 5, 2), (3, 2))]
    everything = T.nnet.h_softmax(x, x.shape[0], 6, 3, 2, w1, b1, w2, b2)
    chosen = T.nnet.h_softmax(x, 4, 6, 3, 2, w1, b1, w2, b2, y)
    targets = np.array([5, 0, 3, 2])
    cost = -T.log(chosen).mean()
    inputs = [x, w1, b1, w2, b2, y]
    got = RUNNERS[way](inputs, [everything, chosen, *T.grad(cost, [w1, w2])], [*values, targets])
    classes = np.exp(logsoftmax(values[0] @ values[1] + values[2]))
    logits = np.einsum("nd,kdo->nko", values[0], values[3]) + values[4]
    inside = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    want = (classes[:, :, None] * inside).reshape(4, 6)
    np.testing.assert_allclose(got[0], want, rtol=1e-12)
    np.testing.assert_allclose(got[0].sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(got[1], want[range(4), targets], rtol=1e-12)
    assert got[2].shape == (5, 3) and got[3].shape == (3, 5, 2) and np.isfinite(got[3]).all()
    fewer = T.nnet.h_softmax(x, 4, 5, 3, 2, w1, b1, w2, b2)
    assert RUNNERS[way]([x, w1, b1, w2, b2], [fewer], values)[0].shape == (4, 5)


def test_hierarchical_softmax_gradient() -> None:
    shapes = ((2, 3), (3, 2), (2,), (2, 3, 2), (2, 2))
    values = [RNG.normal(size=size) for size in shapes]
    y = T.constant(np.array([3, 0]))
    check_gradient(lambda *v: T.nnet.h_softmax(v[0], 2, 4, 2, 2, *v[1:], target=y), *values)


@pytest.mark.parametrize("way", RUNNERS)
def test_confusions(way: str) -> None:
    a, p = T.lvector("actual"), T.lvector("predicted")
    actual, predicted = np.array([3, 0, 3, 7, 0, 3]), np.array([3, 3, 0, 7, 0, 3])
    counts, order = RUNNERS[way]([a, p], T.nnet.confusion_matrix(a, p), [actual, predicted])
    assert order.tolist() == [0, 3, 7]
    assert counts.tolist() == [[1, 1, 0], [1, 2, 0], [0, 0, 1]]
    with pytest.raises(ValueError, match="actual is a vector"):
        T.nnet.confusion_matrix(T.lmatrix(), p)
