"""Pooling by its public names, old and new."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.tensor.signal import downsample, pool
from tests.core.ops.evaluation import RUNNERS, compiled, interpreted

X = np.random.RandomState(0).normal(size=(2, 5, 6))


@pytest.mark.parametrize("way", RUNNERS)
def test_forms_of_arguments(way: str) -> None:
    x, n = T.dtensor3("x"), T.lscalar("n")
    same = [
        pool.pool_2d(x, (2, 2), ignore_border=True),
        pool.pool_2d(x, 2, True),
        pool.pool_2d(x, np.array([2, 2]), True, (2, 2), (0, 0), "max"),
        pool.pool_2d(x, T.constant([2, 2]), True, stride=T.constant([2, 2])),
        pool.pool_2d(x, (n, 2), True, stride=(2, n), pad=(0, n - 2)),
        pool.pool_2d(x, ds=(2, 2), ignore_border=True, st=(2, 2), padding=(0, 0)),
        downsample.max_pool_2d(x, (2, 2), True),
    ]
    got = RUNNERS[way]([x, n], same, [X, np.array(2)])
    want = X[:, :4].reshape(2, 2, 2, 3, 2).max(axis=(2, 4))
    for mine in got:
        np.testing.assert_array_equal(mine, want)
    kept = [pool.pool_2d(x, (2, 2)), pool.pool_2d(x, (2, 2), ignore_border=False), downsample.max_pool_2d(x, (2, 2))]
    for mine in RUNNERS[way]([x], kept, [X]):
        assert mine.shape == (2, 3, 3)
        np.testing.assert_array_equal(mine[:, 2], X[:, 4].reshape(2, 3, 2).max(axis=2))


@pytest.mark.parametrize("way", RUNNERS)
def test_largest_of_each_patch(way: str) -> None:
    x = T.dtensor3("x")
    (got,) = RUNNERS[way]([x], [pool.max_pool_2d_same_size(x, (2, 3))], [X])
    want = np.zeros_like(X)
    for n in range(2):
        for a in (0, 2):
            for b in (0, 3):
                part = X[n, a : a + 2, b : b + 3]
                place = np.unravel_index(part.argmax(), part.shape)
                want[n, a + place[0], b + place[1]] = part.max()
    np.testing.assert_array_equal(got, want)


def test_three_axes_and_element_types() -> None:
    x = T.ftensor4("x")
    value = np.random.RandomState(1).normal(size=(2, 4, 4, 6)).astype("float32")
    y = pool.pool_3d(x, (2, 2, 3), True, mode="average_exc_pad")
    want = value.reshape(2, 2, 2, 2, 2, 2, 3).mean(axis=(2, 4, 6))
    for way in (compiled, interpreted):
        np.testing.assert_allclose(way([x], [y], [value])[0], want, rtol=1e-5, atol=1e-6)
    assert pool.pool_2d(T.bmatrix(), (2, 2), True).type.dtype == "int8"
    assert pool.pool_2d(T.bmatrix(), (2, 2), True, mode="average_inc_pad").type.dtype == "float64"
    assert pool.pool_2d(T.matrix(dtype="bool"), (2, 2), True).type.dtype == "int8"


def test_errors() -> None:
    x = T.dmatrix("x")
    wrong: list[Any] = [
        (TypeError, {}, "missing"),
        (TypeError, {"ws": (2, 2), "ds": (2, 2)}, "older name"),
        (TypeError, {"ws": (2, 2), "stride": 1, "st": 1}, "older name"),
        (TypeError, {"ws": (2, 2), "pad": (1, 1), "padding": (1, 1)}, "older name"),
        (ValueError, {"ws": (2, 2), "mode": "min"}, "mode is one of"),
        (ValueError, {"ws": (2, 2, 2)}, "wants 2 integers"),
        (ValueError, {"ws": (2, 2), "pad": (1, 1)}, "ignore_border=True"),
    ]
    for error, arguments, words in wrong:
        with pytest.raises(error, match=words):
            pool.pool_2d(x, **arguments)
    with pytest.raises(TypeError, match="as many dimensions"):
        pool.pool_3d(x, (2, 2, 2))
