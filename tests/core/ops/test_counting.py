"""Counts, distinct values and one-hot rows against NumPy."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from tests.core.ops.evaluation import RUNNERS, check_gradient, compare


@pytest.mark.parametrize("way", RUNNERS)
def test_bincount(way: str) -> None:
    x, w, n = T.ivector("x"), T.fvector("w"), T.lscalar("n")
    numbers, weights = np.array([3, 1, 1, 0], "int32"), np.array([0.5, 2, 3, 4], "float32")
    pairs = [
        (T.bincount(x), np.bincount(numbers)),
        (T.bincount(x, minlength=7), np.bincount(numbers, minlength=7)),
        (T.bincount(x, minlength=n), np.bincount(numbers, minlength=6)),
        (T.bincount(x, w), np.bincount(numbers, weights).astype("float32")),
    ]
    compare(way, [x, w, n], [numbers, weights, np.array(6)], pairs)
    compare(way, [x], [numbers[:0]], [(T.bincount(x, minlength=2), np.zeros(2, "int64"))])
    with pytest.raises(ValueError, match="one is -1"):
        RUNNERS[way]([x], [T.bincount(x)], [np.array([2, -1], "int32")])
    with pytest.raises(ValueError, match="4 weights for 2 numbers"):
        RUNNERS[way]([x, w], [T.bincount(x, w)], [numbers[:2], weights])
    with pytest.raises(TypeError, match="integer vector"):
        T.bincount(w)
    check_gradient(lambda w: T.sqr(T.bincount(T.constant([0, 2, 0]), w)), np.array([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtype", ["int16", "float64", "bool"])
def test_unique(dtype: str, way: str) -> None:
    x = T.tensor(dtype, (False, False))
    value = np.array([[3, 1, 3], [0, 1, 3]]).astype(dtype)
    if dtype == "float64":
        value[0, 0] = value[1, 1] = np.nan
    for given in (value, value[:0]):
        found = T.Unique(True, True, True)(x)
        wanted = np.unique(given, True, True, True)
        pairs = [(got, np.asarray(want).reshape(-1)) for got, want in zip(found, wanted, strict=True)]
        compare(way, [x], [given], [*pairs, (T.Unique()(x), wanted[0])])
    rows = np.array([[1, 2], [0, 1], [1, 2]]).astype(dtype)
    found = T.Unique(True, True, True, axis=0)(x)
    wanted = np.unique(rows, True, True, True, axis=0)
    pairs = [
        (got, want if k == 0 else np.asarray(want).reshape(-1)) for k, (got, want) in enumerate(zip(found, wanted))
    ]
    compare(way, [x], [rows], pairs)


@pytest.mark.parametrize("way", RUNNERS)
def test_one_hot(way: str) -> None:
    y, n = T.bvector("y"), T.lscalar("n")
    classes = np.array([2, 0, 2], "int8")
    pairs = [
        (T.to_one_hot(y, 3), np.eye(3)[classes]),
        (T.to_one_hot(y, n, "int8"), np.eye(4, dtype="int8")[classes]),
    ]
    compare(way, [y, n], [classes, np.array(4)], pairs)
    for wrong in (3, -1):
        with pytest.raises(IndexError, match=f"index {wrong} is out of range"):
            RUNNERS[way]([y], [T.to_one_hot(y, 3)], [np.array([0, wrong], "int8")])
    with pytest.raises(TypeError, match="integer vector"):
        T.to_one_hot(T.dvector(), 3)
