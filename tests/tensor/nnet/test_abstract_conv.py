"""The public convolutions: arguments, sizes, what is made of them."""

import warnings
from typing import Any

import numpy as np
import pytest
from scipy import signal

import interactive_sym.tensor as T
from interactive_sym.core.errors import ShapeError
from interactive_sym.tensor.nnet import abstract_conv, conv, conv3d2d
from tests.core.ops.evaluation import RUNNERS, check_gradient, compiled, interpreted

RNG = np.random.RandomState(11)
X, W = RNG.normal(size=(2, 3, 6, 7)), RNG.normal(size=(4, 3, 3, 2))


def correlated(x: Any, w: Any, mode: str = "valid") -> Any:
    """Images `(n, c, ...)` with filters `(k, c, ...)`, by SciPy."""
    return np.array([[sum(signal.correlate(i, f, mode) for i, f in zip(image, w_)) for w_ in w] for image in x])


@pytest.mark.parametrize("way", RUNNERS)
def test_border_modes(way: str) -> None:
    x, w = T.dtensor4("x"), T.dtensor4("w")
    borders: list[Any] = ["valid", "half", "full", 1, (2, 0), ((1, 0), (0, 2))]
    pads = [(0, 0, 0, 0), (1, 1, 1, 1), (2, 2, 1, 1), (1, 1, 1, 1), (2, 2, 0, 0), (1, 0, 0, 2)]
    outputs = [T.nnet.conv2d(x, w, border_mode=border, filter_flip=False) for border in borders]
    outputs.append(T.nnet.conv2d(x, w))
    got = RUNNERS[way]([x, w], outputs, [X, W])
    for mine, (top, bottom, left, right) in zip(got, pads):
        padded = np.pad(X, [(0, 0), (0, 0), (top, bottom), (left, right)])
        np.testing.assert_allclose(mine, correlated(padded, W), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(got[-1], correlated(X, W[:, :, ::-1, ::-1]), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_numbers(dtype: str, way: str) -> None:
    draw = np.random.RandomState(3)
    x, w = (draw.normal(size=s) + 1j * draw.normal(size=s) for s in ((2, 2, 4, 5), (3, 2, 2, 3)))
    a, b = T.tensor4("a", dtype), T.tensor4("b", dtype)
    out = T.nnet.conv2d(a, b, border_mode=(1, 0))
    back = T.nnet.abstract_conv.conv2d_grad_wrt_inputs(out, b, (None, None, 4, 5), border_mode=(1, 0))
    got, again = RUNNERS[way]([a, b], [out, back], [x.astype(dtype), w.astype(dtype)])
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (0, 0)])
    want = np.array([[sum(signal.convolve(i, f, "valid") for i, f in zip(image, k)) for k in w] for image in padded])
    assert got.dtype == again.dtype == dtype and again.shape == x.shape
    np.testing.assert_allclose(got, want, rtol=1e-4 if dtype == "complex64" else 1e-12, atol=1e-4)


def test_complex_gradients() -> None:
    """Of a real cost of complex numbers: the same as by the real and imaginary parts."""
    draw = np.random.RandomState(4)
    parts = [draw.normal(size=(1, 1, 3, 3)) for _ in range(4)]

    def cost(a: Any, b: Any, c: Any, d: Any) -> Any:
        y = T.nnet.conv2d(T.complex(a, b), T.complex(c, d), border_mode="full")
        return T.sqr(T.real(y)) + T.imag(y) ** 3

    check_gradient(cost, *parts)


def test_adjoints() -> None:
    """`conv2d_grad_wrt_inputs`, `_weights` and `conv2d_transpose` are what `grad` gives."""
    x, w, g = T.dtensor4("x"), T.dtensor4("w"), T.dtensor4("g")
    options = {"border_mode": "half", "filter_dilation": (2, 1)}
    y = T.nnet.conv2d(x, w, subsample=(2, 1), **options)
    outputs = [
        *T.grad((y * g).sum(), [x, w]),
        T.nnet.conv2d_grad_wrt_inputs(g, w, x.shape, subsample=(2, 1), **options),
        T.nnet.conv2d_grad_wrt_inputs(g, w, (2, 3, 6, 7), (4, 3, 3, 2), subsample=(2, 1), **options),
        T.nnet.conv2d_transpose(g, w, (None, None, x.shape[2], 7), input_dilation=(2, 1), **options),
        T.nnet.conv2d_grad_wrt_weights(x, g, (4, 3, 3, 2), subsample=(2, 1), **options),
        T.nnet.conv2d_grad_wrt_weights(x, g, w.shape, (2, 3, 6, 7), subsample=(2, 1), **options),
    ]
    shape = interpreted([x, w], [y], [X, W])[0].shape
    for way in RUNNERS.values():
        dx, dw, *others = way([x, w, g], outputs, [X, W, RNG.normal(size=shape)])
        for mine, want in zip(others, [dx, dx, dx, dw, dw], strict=True):
            np.testing.assert_allclose(mine, want, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("way", RUNNERS)
def test_three_dimensions(way: str) -> None:
    x, w, g = T.dtensor5("x"), T.dtensor5("w"), T.dtensor5("g")
    a, b = RNG.normal(size=(1, 2, 4, 5, 4)), RNG.normal(size=(3, 2, 2, 3, 2))
    y = T.nnet.conv3d(x, w, filter_flip=False)
    video = conv3d2d.conv3d(x.dimshuffle(0, 2, 1, 3, 4), w.dimshuffle(0, 2, 1, 3, 4), border_mode="valid")
    want = correlated(a, b)
    outputs = [
        y,
        video,
        *T.grad((y * g).sum(), [x, w]),
        T.nnet.conv3d_grad_wrt_inputs(g, w, x.shape, filter_flip=False),
        T.nnet.conv3d_grad_wrt_weights(x, g, w.shape, filter_flip=False),
    ]
    got = RUNNERS[way]([x, w, g], outputs, [a, b, RNG.normal(size=want.shape)])
    np.testing.assert_allclose(got[0], want, rtol=1e-11, atol=1e-12)
    mirrored = correlated(a, b[:, :, ::-1, ::-1, ::-1]).transpose(0, 2, 1, 3, 4)
    np.testing.assert_allclose(got[1], mirrored, rtol=1e-11, atol=1e-12)
    for mine, its in zip(got[4:], got[2:4], strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-11, atol=1e-12)
    padded = conv3d2d.conv3d(T.ftensor5(), T.ftensor5(), (2, 9, 3, 8, 8), (4, 3, 3, 5, 5), ("half", "valid", "full"))
    assert padded.type.shape == (2, 9, 4, 4, 12)


@pytest.mark.parametrize("way", RUNNERS)
def test_separable(way: str) -> None:
    x, d, p = T.dtensor4("x"), T.dtensor4("d"), T.dtensor4("p")
    depth, point = RNG.normal(size=(6, 1, 3, 2)), RNG.normal(size=(5, 6, 1, 1))
    y = T.nnet.separable_conv2d(x, d, p, 3, border_mode="half", filter_flip=False)
    (got,) = RUNNERS[way]([x, d, p], [y], [X, depth, point])
    padded = np.pad(X, [(0, 0), (0, 0), (1, 1), (1, 1)])
    each = np.concatenate(
        [correlated(padded[:, c : c + 1], depth[2 * c : 2 * c + 2]) for c in range(3)], axis=1
    )  # two filters a channel
    np.testing.assert_allclose(got, np.einsum("nchw,kc->nkhw", each, point[:, :, 0, 0]), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("way", RUNNERS)
def test_separable_in_three_dimensions_and_causal_convolution(way: str) -> None:
    x, d, p = T.dtensor5("x"), T.dtensor5("d"), T.dtensor5("p")
    a = RNG.normal(size=(1, 2, 3, 4, 5))
    y = T.nnet.separable_conv3d(x, d, p, 2)
    assert RUNNERS[way]([x, d, p], [y], [a, np.ones((2, 1, 2, 2, 2)), np.ones((3, 2, 1, 1, 1))])[0].shape == (
        1,
        3,
        2,
        3,
        4,
    )

    s, f, u = T.dtensor3("s"), T.dtensor3("f"), T.dtensor4("u")
    line, taps = RNG.normal(size=(2, 2, 9)), RNG.normal(size=(3, 2, 3))
    own = RNG.normal(size=(3, 9, 2, 3))
    causal = abstract_conv.causal_conv1d
    outputs = [
        causal(s, f, (3, 2, 3), filter_dilation=2),
        causal(s, f, (3, 2, 3), (2, 2, 9), subsample=2, filter_flip=False),
        causal(s, u, (3, 9, 2, 3), unshared=True, filter_flip=False),
    ]
    got = RUNNERS[way]([s, f, u], outputs, [line, taps, own])
    wide = np.zeros((3, 2, 5))
    wide[:, :, ::2] = taps
    full = np.array([[sum(np.convolve(c, t)[:9] for c, t in zip(i, k)) for k in wide] for i in line])
    np.testing.assert_allclose(got[0], full, rtol=1e-11, atol=1e-12)
    past = np.pad(line, [(0, 0), (0, 0), (2, 0)])
    np.testing.assert_allclose(got[1], correlated(past, taps)[:, :, ::2], rtol=1e-11, atol=1e-12)
    windows = np.lib.stride_tricks.sliding_window_view(past, 3, axis=2)
    np.testing.assert_allclose(got[2], np.einsum("nctw,ktcw->nkt", windows, own), rtol=1e-11, atol=1e-12)
    with pytest.raises(ValueError, match="filter_shape"):
        causal(s, f, (3, 2, None))


def test_promised_sizes() -> None:
    x, w = T.dtensor4("x"), T.dtensor4("w")
    y = T.nnet.conv2d(x, w, (None, 3, 6, 7), (4, None, 3, 2))
    assert y.type.shape == (None, 4, 4, 6)
    for way in RUNNERS.values():
        assert way([x, w], [y], [X, W])[0].shape == (2, 4, 4, 6)
        with pytest.raises(ShapeError, match=r"7|6"):
            way([x, w], [y], [X[:, :, :, :6], W])
    with pytest.raises(ValueError, match="wants 4 sizes"):
        T.nnet.conv2d(x, w, (3, 6, 7))
    with pytest.raises(ValueError, match="older name"):
        T.nnet.conv2d(x, w, (2, 3, 6, 7), image_shape=(2, 3, 6, 7))
    assert T.nnet.conv2d(x, w, image_shape=(2, 3, 6, 7)).type.shape == (2, None, None, None)


def test_element_types() -> None:
    assert T.nnet.conv2d(T.ftensor4(), T.ftensor4()).type.dtype == "float32"
    assert T.nnet.conv2d(T.ftensor4(), T.dtensor4()).type.dtype == "float64"
    assert T.nnet.conv2d(T.btensor4(), T.ftensor4()).type.dtype == "float32"
    assert T.nnet.conv2d(T.ltensor4(), T.itensor4()).type.dtype == T.scalar().type.dtype


def test_arguments() -> None:
    x, w = T.dtensor4("x"), T.dtensor4("w")
    wrong: list[Any] = [
        ({"border_mode": "same"}, "border_mode is"),
        ({"border_mode": (1, 2, 3)}, "2 entries"),
        ({"border_mode": (-1, 0)}, "0 or more"),
        ({"border_mode": ((1, 2, 3), (0, 0))}, "0 or more"),
        ({"subsample": (0, 1)}, "subsample wants 2"),
        ({"subsample": (1, 1, 1)}, "subsample wants 2"),
        ({"filter_dilation": (1.5, 1)}, "filter_dilation wants 2"),
        ({"num_groups": 0}, "num_groups"),
    ]
    for options, words in wrong:
        with pytest.raises(ValueError, match=words):
            T.nnet.conv2d(x, w, **options)
    with pytest.raises(TypeError, match=r"4 dimensions.*(\n.*)*x\[None, None\]"):
        T.nnet.conv2d(T.dmatrix("m"), w)
    with pytest.raises(ValueError, match="last 2 sizes"):
        T.nnet.conv2d_grad_wrt_inputs(x, w, (None, None, None, 3))


def test_older_interface() -> None:
    x, w = T.dtensor4("x"), T.dtensor4("w")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        y = conv.conv2d(x, w, (2, 3, 6, 7), None, "full", (2, 2), unroll_batch=4)
    assert [str(warning.message) for warning in caught] == ["conv2d ignores unroll_batch"]
    want = interpreted([x, w], [T.nnet.conv2d(x, w, border_mode="full", subsample=(2, 2))], [X, W])
    np.testing.assert_array_equal(compiled([x, w], [y], [X, W])[0].shape, want[0].shape)


def test_shapes_without_graphs() -> None:
    """The three functions of sizes undo each other, as far as sizes can be told."""
    image, kernel = (2, 6, 11, 9), (4, 3, 3, 2)
    for border in ("valid", "full", 1, ((1, 2), (0, 3))):
        for dilation in ((1, 1), (2, 1)):
            out = abstract_conv.get_conv_output_shape(image, kernel, border, (1, 1), dilation)
            x, w = T.TensorType("float64", image)(), T.TensorType("float64", kernel)()
            y = T.nnet.conv2d(x, w, border_mode=border, filter_dilation=dilation, num_groups=2)
            assert y.type.shape == out
            assert abstract_conv.get_conv_gradweights_shape(image, out, border, (1, 1), dilation, 2) == kernel
            assert abstract_conv.get_conv_gradinputs_shape(kernel, out, border, (1, 1), dilation, 2) == image
    out = abstract_conv.get_conv_output_shape(image, (4, 3, None, 2), "half", (2, 2))
    assert out == (2, 4, None, 5)
    assert abstract_conv.get_conv_gradweights_shape(image, (2, 4, 5, 5), "valid", (2, 1)) == (4, 6, None, 5)
    assert abstract_conv.get_conv_gradinputs_shape(kernel, (2, 4, 5, 5), "half", (2, 1)) == (2, 3, None, 4)


@pytest.mark.parametrize("way", RUNNERS)
def test_upsampling(way: str) -> None:
    x, r = T.dtensor4("x"), T.lscalar("r")
    value = RNG.normal(size=(2, 1, 4, 3))
    up = abstract_conv.bilinear_upsampling
    outputs = [
        up(x, 3),
        up(x, r),
        up(x, frac_ratio=(4, 2)),
        abstract_conv.frac_bilinear_upsampling(x, ((3, 2), (5, 4))),
    ]
    got = RUNNERS[way]([x, r], outputs, [value, np.array(3)])

    def interpolated(v: Any, p: int, q: int) -> Any:
        places = (np.arange(-(-v.shape[-1] * p // q)) * q - (p - 1) // 2) / p
        return np.apply_along_axis(lambda line: np.interp(places, np.arange(len(line)), line), -1, v)

    def both(p: Any, q: Any) -> Any:
        rows = interpolated(value.swapaxes(2, 3), p[0], q[0]).swapaxes(2, 3)
        return interpolated(rows, p[1], q[1])

    for mine, (p, q) in zip(got, [((3, 3), (1, 1)), ((3, 3), (1, 1)), ((2, 2), (1, 1)), ((3, 5), (2, 4))], strict=True):
        np.testing.assert_allclose(mine, both(p, q), rtol=1e-12, atol=1e-12)
    with pytest.raises(ValueError, match="one of them"):
        up(x)


def test_upsampling_is_a_transposed_convolution() -> None:
    """Inside, away from the border, it is what the interpolation kernel gives."""
    value = RNG.normal(size=(1, 1, 5, 5))
    x = T.dtensor4("x")
    kernel = abstract_conv.bilinear_kernel_2D(2, normalize=False).dimshuffle("x", "x", 0, 1)
    transposed = T.nnet.conv2d_transpose(x, kernel, (1, 1, 11, 11), input_dilation=(2, 2))
    mine, other = interpreted([x], [abstract_conv.bilinear_upsampling(x, 2), transposed], [value])
    np.testing.assert_allclose(mine[0, 0, :9, :9], other[0, 0, 1:10, 1:10], rtol=1e-12)
    check_gradient(lambda v: abstract_conv.bilinear_upsampling(v, 2), value[:, :, :2, :3])
