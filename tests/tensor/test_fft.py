"""Fourier transforms against NumPy, their gradients and errors."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.tensor import fft
from tests.core.ops.evaluation import RUNNERS, check_gradient

RANDOM = np.random.RandomState(2)
NORMS = {None: "backward", "ortho": "ortho"}


def pairs(x: Any) -> Any:
    return np.stack([x.real, x.imag], axis=-1)


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("shape", [(2, 5), (3, 8), (1, 1), (2, 3, 4), (2, 4, 3), (2, 3, 2, 5), (0, 4)])
def test_equal_numpy(way: str, shape: tuple[int, ...]) -> None:
    signal = RANDOM.normal(size=shape)
    axes = tuple(range(1, len(shape)))
    x, z = T.TensorType("float64", (False,) * len(shape))(), T.TensorType("float64", (False,) * (len(shape) + 1))()
    odd = bool(shape[-1] % 2)
    for norm, its in NORMS.items():
        want = np.fft.rfftn(signal, axes=axes, norm=its)  # type: ignore[call-overload]
        got, back = RUNNERS[way]([x, z], [fft.rfft(x, norm), fft.irfft(z, norm, odd)], [signal, pairs(want)])
        np.testing.assert_allclose(got, pairs(want), atol=1e-12)
        np.testing.assert_allclose(back, signal, atol=1e-12)
    plain, back = RUNNERS[way]([x], [fft.rfft(x, "no_norm"), fft.irfft(fft.rfft(x), "no_norm", odd)], [signal])
    np.testing.assert_allclose(plain, pairs(np.fft.rfftn(signal, axes=axes)), atol=1e-12)
    np.testing.assert_allclose(back, signal * np.prod(shape[1:]), atol=1e-10)


def test_types_and_inferred_shapes() -> None:
    x = T.fmatrix("x")
    assert fft.rfft(x).dtype == fft.irfft(fft.rfft(x)).dtype == "float32"
    assert fft.rfft(T.lmatrix()).dtype == "float64"
    assert fft.rfft(T.TensorType("float64", (2, 5))()).type.shape == (2, 3, 2)
    assert fft.irfft(T.TensorType("float64", (2, 3, 2))(), is_odd=True).type.shape == (2, 5)
    got = RUNNERS["c"]([x], [fft.rfft(x).shape, fft.irfft(fft.rfft(x)).shape], [np.ones((2, 7), "float32")])
    assert [tuple(shape) for shape in got] == [(2, 4, 2), (2, 6)]


@pytest.mark.parametrize("norm", [None, "ortho", "no_norm"])
def test_gradients(norm: str | None) -> None:
    for shape in ((2, 5), (2, 4), (1, 3, 4), (1, 2, 3)):
        check_gradient(lambda x: fft.rfft(x, norm), RANDOM.normal(size=shape))
    for shape in ((2, 3, 2), (1, 3, 3, 2)):
        for odd in (False, True):
            check_gradient(lambda x, odd=odd: fft.irfft(x, norm, odd), RANDOM.normal(size=shape))
    check_gradient(lambda x: T.grad((fft.rfft(x) ** 3).sum(), x), RANDOM.normal(size=(1, 4)), tolerance=1e-5)


def test_refused_arguments() -> None:
    with pytest.raises(ValueError, match="norm"):
        fft.rfft(T.dmatrix(), "forward")
    with pytest.raises(ValueError, match="is_odd"):
        fft.irfft(T.dtensor3(), is_odd=2)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="pairs of reals"):
        fft.rfft(T.zmatrix())
    with pytest.raises(TypeError, match="counting signals"):
        fft.rfft(T.dvector())
    with pytest.raises(TypeError, match="3 dimensions"):
        fft.irfft(T.dmatrix())
    x = T.dmatrix("x")
    with pytest.raises(ValueError, match="no elements"):
        fft.rfft(x).eval({x: np.ones((2, 0))})
