"""Convolution of images without channels, against SciPy."""

import numpy as np
import pytest
from scipy import signal

import interactive_sym.tensor as T
from interactive_sym.tensor.signal import conv
from tests.core.ops.evaluation import RUNNERS

RNG = np.random.RandomState(0)


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("mode", ["valid", "full"])
def test_images_and_filters(way: str, mode: str) -> None:
    images, filters = RNG.normal(size=(3, 6, 7)), RNG.normal(size=(2, 3, 2))
    xs, ws, x, w = T.dtensor3(), T.dtensor3(), T.dmatrix(), T.dmatrix()
    outputs = [conv.conv2d(a, b, border_mode=mode) for a in (xs, x) for b in (ws, w)]
    outputs.append(conv.conv2d(x, ws, (6, 7), (2, 3, 2), mode, (2, 1)))
    got = RUNNERS[way]([xs, ws, x, w], outputs, [images, filters, images[0], filters[0]])
    want = np.array([[signal.convolve2d(i, f, mode) for f in filters] for i in images])
    for mine, its in zip(got, [want, want[:, 0], want[0], want[0, 0], want[0, :, ::2]], strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-11, atol=1e-12)


def test_errors() -> None:
    with pytest.raises(TypeError, match="2 or 3 dimensions"):
        conv.conv2d(T.dtensor4(), T.dmatrix())
    with pytest.warns(UserWarning, match="ignores unroll_kern"):
        conv.conv2d(T.dmatrix(), T.dmatrix(), unroll_kern=2)
