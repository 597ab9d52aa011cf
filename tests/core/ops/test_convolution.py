"""Convolution against loops written out, SciPy, finite differences; C against NumPy."""

import itertools
from typing import Any

import numpy as np
import pytest
from scipy import signal

import interactive_sym.tensor as T
from interactive_sym.cffi_backend import call
from interactive_sym.cffi_backend.library import Blas
from interactive_sym.core.graph import Variable
from interactive_sym.core.ops.convolution import Convolution, ConvolutionGradInputs, ConvolutionGradWeights, Form
from interactive_sym.core.ops.shape import sizes_of
from tests.core.ops.evaluation import RUNNERS, check_gradient, compiled, interpreted

RNG = np.random.RandomState(3)
BORDERS: list[Any] = ["valid", "half", "full", ((1, 2), (0, 1)), ("full", (2, 0))]


def form(border: Any = "valid", stride: Any = (1, 1), dilation: Any = (1, 1), flip: bool = True, groups: int = 1,
         unshared: bool = False) -> Form:  # fmt: skip
    return Form(border, stride, dilation, flip, groups, unshared)


def written_out(f: Form, x: Any, w: Any) -> Any:
    """The definition, one product at a time."""
    n = f.ndim
    taps = w.shape[-n:]
    out = [f.output_size(axis, x.shape[2 + axis], taps[axis]) for axis in range(n)]
    y = np.zeros((x.shape[0], w.shape[0], *out))
    depth, width = w.shape[-n - 1], w.shape[0] // f.groups
    for image, k in np.ndindex(y.shape[:2]):
        for p in np.ndindex(*out):
            for c, *t in np.ndindex(depth, *taps):
                place = []
                for axis in range(n):
                    step = taps[axis] - 1 - t[axis] if f.flip else t[axis]
                    before = f.padding(axis, taps[axis])[0]
                    place.append(p[axis] * f.stride[axis] - before + step * f.dilation[axis])
                if all(0 <= i < size for i, size in zip(place, x.shape[2:], strict=True)):
                    weight = w[(k, *p, c, *t)] if f.unshared else w[(k, c, *t)]
                    y[(image, k, *p)] += weight * x[(image, (k // width) * depth + c, *place)]
    return y


def operands(f: Form, sizes: Any = (5, 6), taps: Any = (3, 2), images: int = 2) -> tuple[Any, Any]:
    x = RNG.normal(size=(images, 2 * f.groups, *sizes))
    out = [f.output_size(axis, sizes[axis], taps[axis]) for axis in range(f.ndim)] if f.unshared else []
    return x, RNG.normal(size=(2 * f.groups, *out, 2, *taps))


def variables(*values: Any) -> list[Any]:
    return [T.TensorType(str(v.dtype), (False,) * v.ndim)() for v in values]


@pytest.mark.parametrize("border", BORDERS, ids=str)
def test_the_reference_is_the_definition(border: Any) -> None:
    cases = itertools.product([(1, 1), (2, 3)], [(1, 1), (2, 1)], [True, False], [1, 2], [False, True])
    for stride, dilation, flip, groups, unshared in cases:
        f = form(border, stride, dilation, flip, groups, unshared)
        x, w = operands(f)
        a, b = variables(x, w)
        (got,) = interpreted([a, b], [Convolution(f, "float64")(a, b)], [x, w])
        np.testing.assert_allclose(got, written_out(f, x, w), rtol=1e-12, atol=1e-12)


def test_three_dimensions() -> None:
    f = Form(((1, 0), (0, 2), (1, 1)), (1, 2, 1), (2, 1, 1), True, 2, False)
    x, w = operands(f, (5, 4, 6), (2, 3, 2))
    a, b = variables(x, w)
    y = Convolution(f, "float64")(a, b)
    outputs = [y, *T.grad((y**3).sum(), [a, b])]
    got, want = compiled([a, b], outputs, [x, w]), interpreted([a, b], outputs, [x, w])
    np.testing.assert_allclose(want[0], written_out(f, x, w), rtol=1e-12, atol=1e-12)
    for mine, its in zip(got, want, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("mode", ["valid", "full", "half"])
def test_scipy_agrees(way: str, mode: str) -> None:
    x, w = RNG.normal(size=(1, 1, 8, 7)), RNG.normal(size=(1, 1, 3, 5))
    a, b = variables(x, w)
    got = RUNNERS[way]([a, b], [Convolution(form(mode), "float64")(a, b)], [x, w])[0]
    want = signal.convolve2d(x[0, 0], w[0, 0], mode={"half": "same"}.get(mode, mode))
    np.testing.assert_allclose(got[0, 0], want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("border", BORDERS, ids=str)
def test_c_is_the_reference(border: Any, dtype: str) -> None:
    """Values, both gradients and second derivatives, over strides, dilation, mirroring, groups and unshared filters."""
    forms = [
        form(border),
        form(border, (2, 1), (1, 2), False, 2),
        form(border, (1, 3), (2, 2), True, 2, True),
        form(border, (2, 2), (1, 1), False, 1, True),
    ]
    inputs: list[Any] = []
    outputs: list[Variable] = []
    values: list[Any] = []
    for f in forms:
        x, w = (v.astype(dtype) for v in operands(f, (7, 8)))
        a, b = variables(x, w)
        y = Convolution(f, dtype)(a, b)
        first = T.grad((y**2).sum(), [a, b])
        second = T.grad(sum((g**2).sum() for g in first), [a, b])
        inputs += [a, b]
        outputs += [y, *first, *second]
        values += [x, w]
    tolerance = 1e-10 if dtype == "float64" else 2e-3
    for got, want in zip(compiled(inputs, outputs, values), interpreted(inputs, outputs, values), strict=True):
        assert got.dtype == want.dtype == dtype
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * (np.abs(want).max() + 1))


def test_gradients() -> None:
    for f in (form(((1, 0), (2, 1)), (2, 1), (1, 2), True, 2), form("half", (1, 2), (1, 1), False, 1, True)):
        x, w = operands(f, (4, 5), (2, 3), images=1)
        check_gradient(lambda a, b, f=f: Convolution(f, "float64")(a, b), x, w)
        g = RNG.normal(size=Convolution(f, "float64")(*variables(x, w)).type.ndim * (1,))
        out = [f.output_size(axis, x.shape[2 + axis], w.shape[axis - 2]) for axis in range(2)]
        g = RNG.normal(size=(1, w.shape[0], *out))
        check_gradient(lambda b, g, f=f, x=x: ConvolutionGradInputs(f, "float64")(b, g, *x.shape[2:]), w, g)
        check_gradient(lambda a, g, f=f, w=w: ConvolutionGradWeights(f, "float64")(a, g, *w.shape[-2:]), x, g)


def test_filters_of_one_element() -> None:
    """These need no matrix of windows."""
    f = form(groups=2)
    x, w = operands(f, (4, 3), (1, 1))
    a, b = variables(x, w)
    y = Convolution(f, "float64")(a, b)
    outputs = [y, *T.grad((y**2).sum(), [a, b])]
    for got, want in zip(compiled([a, b], outputs, [x, w]), interpreted([a, b], outputs, [x, w]), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)


def test_nothing_to_convolve() -> None:
    f = form("half")
    a, b = T.dtensor4(), T.dtensor4()
    y = Convolution(f, "float64")(a, b)
    outputs = [y, *T.grad(y.sum(), [a, b])]
    for images, channels, filters in ((0, 2, 3), (2, 0, 3), (2, 2, 0)):
        x, w = np.ones((images, channels, 4, 4)), np.ones((filters, channels, 3, 3))
        for way in RUNNERS.values():
            got = way([a, b], outputs, [x, w])
            assert [v.shape for v in got] == [(images, filters, 4, 4), x.shape, w.shape]
            assert got[0].sum() == 0 if channels == 0 or not images or not filters else True


def test_layouts() -> None:
    """Operands that are views: mirrored, transposed, every other element."""
    f = form("full", (1, 2))
    x, w = RNG.normal(size=(2, 7, 2, 6)), RNG.normal(size=(3, 2, 4, 3))
    a, b = T.dtensor4(), T.dtensor4()
    y = Convolution(f, "float64")(a.dimshuffle(0, 2, 1, 3)[:, :, ::-1], b[:, :, ::2])
    outputs = [y, *T.grad((y**2).sum(), [a, b])]
    for got, want in zip(compiled([a, b], outputs, [x, w]), interpreted([a, b], outputs, [x, w]), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("border", BORDERS, ids=str)
def test_sizes(border: Any) -> None:
    """Sizes are those of the values, known or not, and need no values."""
    for f in (form(border, (2, 1), (1, 2), groups=2), form(border, unshared=True)):
        x, w = operands(f)
        a, b = variables(x, w)
        y = Convolution(f, "float64")(a, b)
        outputs = [y, *T.grad((y**2).sum(), [a, b])]
        wanted = [v.shape for v in interpreted([a, b], outputs, [x, w])]
        got = compiled([a, b], [size for v in outputs for size in sizes_of(v)], [x, w])
        assert [int(n) for n in got] == [n for shape in wanted for n in shape]
        known = Convolution(f, "float64")(T.TensorType("float64", x.shape)(), T.TensorType("float64", w.shape)())
        assert known.type.shape == wanted[0]


def test_sizes_known_before_the_call_must_agree() -> None:
    def tensor(*shape: Any) -> Any:
        return T.TensorType("float64", shape)()

    def convolve(x: Any, w: Any, **options: Any) -> Any:
        return Convolution(form(**options), "float64")(x, w)

    for x, w, options, words in (
        (tensor(1, 3, 5, 5), tensor(4, 2, 3, 3), {}, "3 channels, the filters take 2"),
        (tensor(1, 4, 5, 5), tensor(3, 2, 3, 3), {"groups": 2}, "3 filters do not divide"),
        (tensor(1, 2, 2, 5), tensor(4, 2, 3, 3), {}, "reach over 3 elements"),
        (tensor(1, 2, 5, 5), tensor(4, 2, 2, 2, 3, 3), {"unshared": True}, "filters for 2 positions of 3"),
    ):
        with pytest.raises(ValueError, match=words):
            convolve(x, w, **options)
    with pytest.raises(TypeError, match="4 dimensions"):
        convolve(T.dmatrix(), T.dtensor4())
    with pytest.raises(TypeError, match="float64"):
        convolve(T.ftensor4(), T.dtensor4())
    with pytest.raises(ValueError, match="size 2"):
        ConvolutionGradInputs(form(), "float64")(tensor(4, 2, 3, 3), tensor(1, 4, 2, 3), 5, 5)
    with pytest.raises(ValueError, match="2 sizes"):
        ConvolutionGradInputs(form(), "float64")(T.dtensor4(), T.dtensor4(), 5)


@pytest.mark.parametrize("way", RUNNERS)
def test_sizes_that_clash_in_a_call(way: str) -> None:
    a, b = T.dtensor4(), T.dtensor4()
    y = Convolution(form(), "float64")(a, b)
    back = ConvolutionGradInputs(form(), "float64")(b, a, 5, 5)
    for output, x, w, words in (
        (y, (1, 3, 5, 5), (4, 2, 3, 3), "3 channels"),
        (y, (1, 2, 2, 5), (4, 2, 3, 3), "reach over 3 elements"),
        (y, (1, 2, 5, 5), (4, 2, 0, 3), "size 0"),
        (back, (1, 4, 2, 3), (4, 2, 3, 3), "output has size 2"),
        (back, (1, 3, 3, 3), (4, 2, 3, 3), "3 channels, and there are 4"),
    ):
        with pytest.raises(ValueError, match=words):
            RUNNERS[way]([a, b], [output], [np.ones(x), np.ones(w)])


def test_without_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loops that stand in for the library's matrix product."""
    nothing = Blas(None, "", "none")
    monkeypatch.setattr(call, "blas", lambda: nothing)
    f = form("half", groups=2)
    x, w = operands(f)
    a, b = variables(x, w)
    y = Convolution(f, "float64")(a, b)
    outputs = [y, *T.grad((y**2).sum(), [a, b])]
    for got, want in zip(compiled([a, b], outputs, [x, w]), interpreted([a, b], outputs, [x, w]), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)
