"""Neighbourhoods of images against slices; the adjoint; C against NumPy."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.ops.neighbours import ImagesToNeighbours, NeighboursToImages
from interactive_sym.core.ops.shape import sizes_of
from tests.core.ops.evaluation import RUNNERS, assert_same, check_gradient, compiled, interpreted

RNG = np.random.RandomState(2)
# mode, sizes of the images, neighbourhood, step
FORMS: list[Any] = [
    ("valid", (6, 8), (2, 3), (2, 1)),
    ("ignore_borders", (6, 8), (2, 3), (3, 2)),
    ("half", (7, 8), (3, 3), (2, 1)),
    ("full", (6, 8), (3, 2), (1, 2)),
    ("wrap_centered", (6, 8), (3, 5), (2, 3)),
]


def written_out(mode: str, x: Any, width: Any, step: Any) -> Any:
    pads = {"half": [w // 2 for w in width], "full": [w - 1 for w in width], "wrap_centered": [w // 2 for w in width]}
    before = pads.get(mode, [0, 0])
    how = {"mode": "wrap"} if mode == "wrap_centered" else {}
    padded = np.pad(x, [(0, 0), (0, 0), *((n, n) for n in before)], **how)
    rows = []
    for image in padded.reshape(-1, *padded.shape[2:]):
        for a in range(0, image.shape[0] - width[0] + 1, step[0]):
            for b in range(0, image.shape[1] - width[1] + 1, step[1]):
                rows.append(image[a : a + width[0], b : b + width[1]].reshape(-1))
    return np.array(rows)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: str(form[0]))
def test_values_sizes_and_derivatives(form: Any) -> None:
    mode, sizes, width, step = form
    value = RNG.normal(size=(2, 3, *sizes))
    x, w, s = T.dtensor4("x"), T.lvector("w"), T.lvector("s")
    y = ImagesToNeighbours(mode, "float64")(x, w, s)
    first = T.grad((y**3).sum(), x)
    outputs = [y, first, T.grad((first**2).sum(), x), *sizes_of(y), *sizes_of(first)]
    arguments = [value, np.array(width), np.array(step)]
    want = interpreted([x, w, s], outputs, arguments)
    np.testing.assert_array_equal(want[0], written_out(mode, value, width, step))
    assert [int(n) for n in want[3:]] == [*want[0].shape, *value.shape]
    for got, its in zip(compiled([x, w, s], outputs, arguments), want, strict=True):
        np.testing.assert_allclose(got, its, rtol=1e-12)
    numbers = [T.constant(np.array(v)) for v in (width, step)]
    check_gradient(lambda v: ImagesToNeighbours(mode, "float64")(v, *numbers), value[:1, :1])
    known = ImagesToNeighbours(mode, "float64")(T.TensorType("float64", value.shape)(), *numbers)
    assert known.type.shape == want[0].shape


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "float32"])
def test_element_types(dtype: str) -> None:
    x = T.tensor4("x", dtype=dtype)
    value = (RNG.normal(size=(1, 2, 4, 4)) * 5).astype(dtype)
    y = ImagesToNeighbours("full", dtype)(x, [3, 3], [1, 1])
    (got,), (want,) = compiled([x], [y], [value]), interpreted([x], [y], [value])
    assert_same(got, want)


@pytest.mark.parametrize("way", RUNNERS)
def test_no_images(way: str) -> None:
    x = T.dtensor4("x")
    y = ImagesToNeighbours("valid", "float64")(x, [2, 2], [2, 2])
    got = RUNNERS[way]([x], [y, T.grad(y.sum(), x)], [np.ones((0, 3, 4, 4))])
    assert [v.shape for v in got] == [(0, 4), (0, 3, 4, 4)]


def test_errors() -> None:
    x = T.TensorType("float64", (1, 1, 5, 6))()
    for mode, width, step, words in (
        ("valid", [2, 2], [2, 2], r"not\s+come out even"),
        ("valid", [6, 2], [1, 1], r"not\s+come out even"),
        ("valid", [0, 2], [1, 1], "neighbourhoods of 0"),
        ("wrap_centered", [2, 3], [1, 1], "odd sizes"),
    ):
        with pytest.raises(ValueError, match=words):
            ImagesToNeighbours(mode, "float64")(x, width, step)
    with pytest.raises(TypeError, match="images"):
        ImagesToNeighbours("valid", "float64")(T.dmatrix(), [2, 2], [2, 2])
    with pytest.raises(TypeError, match="two integers"):
        ImagesToNeighbours("valid", "float64")(x, [2, 2, 2], [2, 2])


@pytest.mark.parametrize("way", RUNNERS)
def test_errors_in_a_call(way: str) -> None:
    x, g = T.dtensor4("x"), T.dmatrix("g")
    there = ImagesToNeighbours("valid", "float64")(x, [2, 2], [2, 2])
    with pytest.raises(ValueError, match=r"not\s+come out even"):
        RUNNERS[way]([x], [there], [np.ones((1, 1, 5, 4))])
    back = NeighboursToImages("valid", "float64")(g, [2, 2], [2, 2], 1, 1, 4, 4)
    with pytest.raises(ValueError, match="wanted"):
        RUNNERS[way]([g], [back], [np.ones((3, 4))])
