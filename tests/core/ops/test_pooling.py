"""Pooling against windows written out, finite differences; C against NumPy."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.ops.pooling import MODES, AveragePoolGrad, MaxPoolGrad, MaxPoolTangent, Pool, window_count
from interactive_sym.core.ops.shape import sizes_of
from tests.core.ops.evaluation import RUNNERS, assert_same, check_gradient, compiled, interpreted

RNG = np.random.RandomState(5)
# ignore_border, ws, stride, pad
FORMS: list[Any] = [
    (True, (2, 3), (2, 3), (0, 0)),
    (True, (3, 3), (2, 1), (1, 2)),
    (True, (2, 2), (3, 5), (1, 0)),
    (False, (3, 2), (2, 3), (0, 0)),
    (False, (2, 4), (1, 1), (0, 0)),
    (False, (9, 9), (4, 9), (0, 0)),
]


def vectors(*numbers: Any) -> list[Any]:
    return [T.constant(np.array(v, dtype="int64")) for v in numbers]


def pooled(mode: str, form: Any, x: Any) -> Any:
    ignore_border, ws, stride, pad = form
    return Pool(mode, ignore_border, len(ws), x.type.ndim, x.type.dtype)(x, *vectors(ws, stride, pad))


def written_out(mode: str, form: Any, x: Any) -> Any:
    ignore_border, ws, stride, pad = form
    n = len(ws)
    lead, sizes = x.shape[:-n], x.shape[-n:]
    counts = [window_count(ignore_border, *numbers) for numbers in zip(sizes, ws, stride, pad, strict=True)]
    out = np.zeros((*lead, *counts), dtype=x.dtype)
    for p in np.ndindex(*counts):
        starts = [k * s - q for k, s, q in zip(p, stride, pad, strict=True)]
        stops = [min(a + w, size + q) for a, w, size, q in zip(starts, ws, sizes, pad, strict=True)]
        inside = tuple(slice(max(a, 0), min(b, size)) for a, b, size in zip(starts, stops, sizes, strict=True))
        part = x[(..., *inside)].reshape(*lead, -1)
        total = part.max(axis=-1) if mode == "max" else part.sum(axis=-1)
        if mode == "average_inc_pad":
            total = total / np.prod([b - a for a, b in zip(starts, stops, strict=True)])
        elif mode == "average_exc_pad":
            total = total / part.shape[-1]
        out[(..., *p)] = total
    return out


@pytest.mark.parametrize("mode", MODES)
def test_values_and_derivatives(mode: str) -> None:
    """The reference is the definition; C is the reference, with ties and up to second derivatives."""
    x = T.dtensor4("x")
    value = RNG.randint(0, 6, size=(2, 1, 7, 8)).astype("float64")
    outputs = []
    for form in FORMS:
        y = pooled(mode, form, x)
        first = T.grad((y**2).sum(), x)
        outputs += [y, first, T.grad((first**3).sum(), x)]
    want = interpreted([x], outputs, [value])
    for form, y in zip(FORMS, want[::3], strict=True):
        np.testing.assert_allclose(y, written_out(mode, form, value), rtol=1e-14)
    for got, its in zip(compiled([x], outputs, [value]), want, strict=True):
        np.testing.assert_allclose(got, its, rtol=1e-12)


def test_numbers_of_windows() -> None:
    """Without the border windows are whole; with it every element that can be seen is, and none is added in vain."""
    for size in range(1, 9):
        for ws in range(1, 5):
            for stride in range(1, 5):
                whole = [p for p in range(20) if p * stride + ws <= size]
                assert window_count(True, size, ws, stride, 0) == len(whole)
                seen: set[int] = set()
                count = 0
                for p in range(20):
                    new = {i for i in range(p * stride, p * stride + ws) if i < size} - seen
                    if new and (stride < ws or p * stride < size):
                        count, seen = p + 1, seen | new
                assert window_count(False, size, ws, stride, 0) == count


@pytest.mark.parametrize("way", RUNNERS)
def test_one_and_three_axes(way: str) -> None:
    x, v = T.dtensor5("x"), T.dvector("v")
    value, line = RNG.normal(size=(2, 1, 4, 5, 6)), RNG.normal(size=7)
    form = (True, (2, 3, 2), (1, 2, 3), (1, 0, 1))
    for mode in MODES:
        got = RUNNERS[way]([x, v], [pooled(mode, form, x), pooled(mode, (False, (3,), (2,), (0,)), v)], [value, line])
        np.testing.assert_allclose(got[0], written_out(mode, form, value), rtol=1e-13)
        np.testing.assert_allclose(got[1], written_out(mode, (False, (3,), (2,), (0,)), line), rtol=1e-13)


def test_gradients() -> None:
    x = RNG.permutation(30).reshape(1, 5, 6) * 0.1  # no ties
    for mode in MODES:
        for form in FORMS[:4]:
            check_gradient(lambda v, mode=mode, form=form: pooled(mode, form, v), x)
    y = np.asarray(written_out("max", FORMS[0], x))
    g = RNG.normal(size=y.shape)
    ignore_border, *numbers = FORMS[0]
    props = ("max", ignore_border, 2, 3, "float64")
    check_gradient(lambda g: MaxPoolGrad(*props)(T.constant(x), T.constant(y), g, *vectors(*numbers)), g)
    check_gradient(lambda t: MaxPoolTangent(*props)(T.constant(x), T.constant(y), t, *vectors(*numbers)), x)
    check_gradient(lambda g: AveragePoolGrad("sum", *props[1:])(T.constant(x), g, *vectors(*numbers)), g)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "float32"])
def test_element_types(dtype: str) -> None:
    x = T.matrix("x", dtype=dtype)
    value = RNG.randint(0, 9, size=(5, 6)).astype(dtype)
    if dtype != "uint8":
        value = -value
    outputs = [pooled(mode, form, x) for mode in ("max", "sum") for form in FORMS]
    for got, want in zip(compiled([x], outputs, [value]), interpreted([x], outputs, [value]), strict=True):
        assert got.dtype == dtype
        assert_same(got, want)


@pytest.mark.parametrize("way", RUNNERS)
def test_special_values_and_no_elements(way: str) -> None:
    x = T.dmatrix("x")
    y = pooled("max", (True, (1, 2), (1, 2), (0, 0)), x)
    value = np.array([[np.nan, 1, 2, np.inf, -np.inf, -np.inf]])
    got = RUNNERS[way]([x], [y, T.grad(y.sum(), x)], [value])
    np.testing.assert_array_equal(got[0], [[np.nan, np.inf, -np.inf]])
    np.testing.assert_array_equal(got[1], [[0, 0, 0, 1, 1, 1]])
    for shape, wanted in (((0, 4), (0, 2)), ((3, 1), (3, 0))):
        got = RUNNERS[way]([x], [y, T.grad(y.sum(), x)], [np.ones(shape)])
        assert [v.shape for v in got] == [wanted, shape] and not got[1].any()


def test_symbolic_windows_and_sizes() -> None:
    x, ws, stride, pad = T.dtensor3("x"), T.lvector("ws"), T.lvector("stride"), T.lvector("pad")
    value = RNG.normal(size=(2, 7, 8))
    for ignore_border in (True, False):
        y = Pool("max", ignore_border, 2, 3, "float64")(x, ws, stride, pad)
        outputs = [y, *sizes_of(y), *sizes_of(T.grad(y.sum(), x))]
        for form in FORMS:
            if form[0] == ignore_border:
                arguments = [value, *(np.array(v) for v in form[1:])]
                for way in RUNNERS.values():
                    got = way([x, ws, stride, pad], outputs, arguments)
                    want = written_out("max", form, value)
                    np.testing.assert_array_equal(got[0], want)
                    assert [int(n) for n in got[1:]] == [*want.shape, *value.shape]
    known = pooled("max", FORMS[0], T.TensorType("float64", (None, 7, 8))())
    assert known.type.shape == (None, 3, 2)


def test_errors() -> None:
    x = T.dmatrix("x")
    for form, words in (
        ((True, (0, 1), (1, 1), (0, 0)), "windows of 0"),
        ((True, (1, 1), (1, 0), (0, 0)), "0 apart"),
        ((True, (2, 2), (1, 1), (2, 0)), "padding of 2"),
        ((False, (2, 2), (1, 1), (1, 0)), "ignore_border=True"),
    ):
        with pytest.raises(ValueError, match=words):
            pooled("max", form, x)
    with pytest.raises(TypeError, match="float64"):
        Pool("max", True, 2, 2, "float64")(T.fmatrix(), *vectors((1, 1), (1, 1), (0, 0)))
    with pytest.raises(TypeError, match="average"):
        Pool("average_inc_pad", True, 2, 2, "int64")(T.lmatrix(), *vectors((1, 1), (1, 1), (0, 0)))
    with pytest.raises(TypeError, match="2 integers"):
        Pool("max", True, 2, 2, "float64")(x, *vectors((1, 1, 1), (1, 1), (0, 0)))


@pytest.mark.parametrize("way", RUNNERS)
def test_errors_in_a_call(way: str) -> None:
    x, ws, stride, pad = T.dmatrix("x"), T.lvector("ws"), T.lvector("stride"), T.lvector("pad")
    inside, border = (Pool("sum", flag, 2, 2, "float64")(x, ws, stride, pad) for flag in (True, False))
    for output, numbers, words in (
        (inside, ((0, 1), (1, 1), (0, 0)), "windows of 0"),
        (inside, ((2, 2), (1, 1), (0, -1)), "padding of -1"),
        (border, ((2, 2), (1, 1), (0, 1)), "ignore_border=True"),
    ):
        with pytest.raises(ValueError, match=words):
            RUNNERS[way]([x, ws, stride, pad], [output], [np.ones((4, 4)), *map(np.array, numbers)])
    g = T.dmatrix("g")
    back = AveragePoolGrad("sum", True, 2, 2, "float64")(x, g, ws, stride, pad)
    with pytest.raises(ValueError, match="wanted of an operand"):
        RUNNERS[way](
            [x, g, ws, stride, pad],
            [back],
            [np.ones((4, 4)), np.ones((3, 2)), *[np.array([2, 2])] * 2, np.zeros(2, int)],
        )
