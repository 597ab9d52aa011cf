"""Neighbourhoods and back, by their public names."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from tests.core.ops.evaluation import RUNNERS, check_gradient

X = np.random.RandomState(1).normal(size=(2, 3, 6, 9))


@pytest.mark.parametrize("way", RUNNERS)
def test_there_and_back(way: str) -> None:
    x = T.dtensor4("x")
    there = T.nnet.images2neibs(x, (2, 3))
    cut = T.nnet.images2neibs(x, (4, 4), mode="ignore_borders")
    outputs = [
        there,
        T.nnet.neibs2images(there, (2, 3), X.shape),
        T.nnet.neibs2images(there, T.constant([2, 3]), x.shape),
        T.nnet.neibs2images(cut, (4, 4), x.shape, mode="ignore_borders"),
        T.nnet.images2neibs(x, (3, 3), (1, 1), mode="half"),
    ]
    got = RUNNERS[way]([x], outputs, [X])
    assert got[0].shape == (2 * 3 * 3 * 3, 6)
    np.testing.assert_array_equal(got[0][1], X[0, 0, :2, 3:6].reshape(-1))
    np.testing.assert_array_equal(got[1], X)
    np.testing.assert_array_equal(got[2], X)
    inside = np.zeros_like(X)
    inside[:, :, :4, :8] = X[:, :, :4, :8]
    np.testing.assert_array_equal(got[3], inside)
    assert got[4].shape == (2 * 3 * 6 * 9, 9)


def test_gradients_and_types() -> None:
    check_gradient(
        lambda x: T.nnet.neibs2images(T.nnet.images2neibs(x, (2, 3)) ** 2, (2, 3), (1, 1, 4, 6)), X[:1, :1, :4, :6]
    )
    assert T.nnet.images2neibs(T.ftensor4(), (2, 2)).type.dtype == "float32"
    with pytest.raises(ValueError, match="mode is one of"):
        T.nnet.images2neibs(T.ftensor4(), (2, 2), mode="same")
    with pytest.raises(ValueError, match="'valid' or 'ignore_borders'"):
        T.nnet.neibs2images(T.fmatrix(), (2, 2), (1, 1, 4, 4), mode="half")
    with pytest.raises(ValueError, match="wants 4 sizes"):
        T.nnet.neibs2images(T.fmatrix(), (2, 2), (4, 4))
