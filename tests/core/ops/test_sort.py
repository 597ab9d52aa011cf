"""Sorting, its positions, the largest elements, and searching, against NumPy."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.cffi_backend.unit import generate
from interactive_sym.core.program import make_program
from interactive_sym.core.types import COMPLEXES, DTYPES
from tests.core.ops.evaluation import RUNNERS, assert_same, check_gradient


def sample(dtype: str, shape: tuple[int, ...]) -> Any:
    """Numbers with ties; floats with NaN, infinities and zeros of both signs."""
    random = np.random.RandomState(3)
    x = random.randint(-9, 9, size=shape).astype(dtype)
    if np.dtype(dtype).kind == "f" and x.size > 8:
        x.reshape(-1)[:5] = [np.nan, -np.inf, np.inf, -0.0, np.nan]
    return x


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_sort_and_argsort(dtype: str, way: str) -> None:
    x = T.tensor(dtype, (False,) * 3)
    value = sample(dtype, (3, 40, 2))
    axes = (0, 1, -1, None)
    outputs = [f(x, axis=axis) for f in (T.sort, T.argsort) for axis in axes]
    results = RUNNERS[way]([x], outputs, [value])
    wanted = [f(value, axis=axis, kind="stable") for f in (np.sort, np.argsort) for axis in axes]
    for got, want in zip(results, wanted, strict=True):
        assert_same(got, want)


@pytest.mark.parametrize("way", RUNNERS)
def test_lengths(way: str) -> None:
    x = T.dvector("x")
    for length in (0, 1, 2, 15, 16, 17, 33, 257):
        value = np.random.RandomState(length).uniform(size=length)
        got = RUNNERS[way]([x], [x.sort(), x.argsort(), x[::-1].sort()], [value])
        assert_same(got[0], np.sort(value))
        assert_same(got[1], np.argsort(value, kind="stable"))
        assert_same(got[2], np.sort(value))


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtype", ["float64", "int8", "uint64"])
def test_topk(dtype: str, way: str) -> None:
    x, k = T.tensor(dtype, (False, False)), T.lscalar("k")
    value = np.abs(sample(dtype, (7, 9))).astype(dtype)
    value[np.isnan(value)] = 3
    for axis in (0, 1, None):
        kept = value.ravel() if axis is None else value
        place = 0 if axis is None else axis
        up = np.argsort(kept, axis=place, kind="stable")
        down = kept.shape[place] - 1 - np.flip(np.argsort(np.flip(kept, place), axis=place, kind="stable"), place)
        for count in (3, -2, 1):
            want = np.take(down if count > 0 else up, np.arange(abs(count)), axis=place)
            outputs = [*T.topk_and_argtopk(x, count, axis), *T.topk_and_argtopk(x, k, axis)]
            outputs += [T.topk(x, count, axis), T.argtopk(x, count, axis, idx_dtype="int32")]
            got = RUNNERS[way]([x, k], outputs, [value, np.array(count)])
            chosen = np.take_along_axis(kept, want, axis=place)
            for values, positions in ((got[0], got[1]), (got[2], got[3]), (got[4], got[5].astype("int64"))):
                assert_same(values, chosen)
                assert_same(positions, want)
            assert got[5].dtype == "int32"
    with pytest.raises(ValueError, match="kth can't be 0"):
        T.topk(x, 0)
    with pytest.raises(TypeError, match="integer scalar"):
        T.topk(x, 1.5)


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_searchsorted(dtype: str, way: str) -> None:
    x, v, s = T.tensor(dtype, (False,)), T.tensor(dtype, (False, False)), T.ivector("s")
    value = sample(dtype, (30,))
    order = np.argsort(value, kind="stable").astype("int32")
    wanted = sample(dtype, (4, 5))
    for side in ("left", "right"):
        outputs = [T.searchsorted(x.sort(), v, side), x.searchsorted(v, side, sorter=s)]
        for got in RUNNERS[way]([x, v, s], outputs, [value, wanted, order]):
            assert_same(got, np.searchsorted(np.sort(value), wanted, side=side))  # type: ignore[call-overload]


def test_rejects() -> None:
    x = T.dvector("x")
    for f in (T.sort, T.argsort):
        with pytest.raises(np.exceptions.AxisError, match="axis 1 is out of range"):
            f(x, axis=1)
        with pytest.raises(ValueError, match="kind is"):
            f(x, kind="bogo")
        with pytest.raises(ValueError, match="order names fields"):
            f(x, order="a")
    with pytest.raises(ValueError, match="side is"):
        T.searchsorted(x, 1.0, side="middle")
    with pytest.raises(TypeError, match="wants a vector"):
        T.searchsorted(T.dmatrix(), 1.0)
    with pytest.raises(TypeError, match="the sorter is a vector of integers"):
        T.searchsorted(x, 1.0, sorter=x)


def test_gradients() -> None:
    value = np.array([[3.0, 1.0, 2.0], [0.5, 4.0, -1.0]])
    for axis in (0, 1, None):
        check_gradient(lambda x, axis=axis: T.sqr(T.sort(x, axis)), value)
    check_gradient(lambda x: T.topk(x, 2) ** 3, value)
    check_gradient(lambda x: T.grad((T.sort(x) ** 3 * T.arange(3)).sum(), x), value)
    with pytest.raises(T.grad.__globals__["DisconnectedInputError"], match="argsort"):
        x = T.dvector("x")
        T.grad(T.cast(T.argsort(x), "float64").sum(), x)


def test_no_step_runs_in_python() -> None:
    for dtype in DTYPES:
        x = T.tensor(dtype, (False, False))
        outputs = [T.sort(x), T.argsort(x, 0), T.searchsorted(x[0], x), *T.topk_and_argtopk(x, 1)]
        steps = generate(make_program([x], outputs, [])).spec.steps
        assert bool(steps) == (dtype in COMPLEXES), "complex numbers are put in order by NumPy"
