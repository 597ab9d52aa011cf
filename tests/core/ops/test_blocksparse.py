"""Products of blocks against dense indexing; derivatives; C against NumPy."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.ops.blocksparse import SparseBlockGemv, SparseBlockOuter
from tests.core.ops.evaluation import RUNNERS, check_gradient, compiled, interpreted

RNG = np.random.RandomState(4)
FIRST, SECOND = np.array([[0, 4], [4, 4]]), np.array([[0, 5, 1], [2, 2, 5]])
START, W, H = (RNG.normal(size=size) for size in ((2, 3, 4), (5, 6, 2, 4), (2, 2, 2)))


def expected(o: Any, w: Any, h: Any) -> Any:
    return o + np.einsum("nix,nijxy->njy", h, w[FIRST[:, :, None], SECOND[:, None, :]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_and_derivatives(dtype: str) -> None:
    o, h = (T.tensor3(dtype=dtype) for _ in range(2))
    w, i, j = T.tensor4(dtype=dtype), T.lmatrix("i"), T.imatrix("j")
    y = SparseBlockGemv(dtype)(o, w, h, i, j)
    first = T.grad((y**2).sum(), [o, w, h])
    outputs = [y, *first, *T.grad(sum((g**2).sum() for g in first), [o, w, h])]
    arguments = [*(v.astype(dtype) for v in (START, W, H)), FIRST, SECOND.astype("int32")]
    want = interpreted([o, w, h, i, j], outputs, arguments)
    tolerance = 1e-12 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(want[0], expected(START, W, H), rtol=tolerance, atol=tolerance)
    for got, its in zip(compiled([o, w, h, i, j], outputs, arguments), want, strict=True):
        assert got.dtype == dtype
        np.testing.assert_allclose(got, its, rtol=tolerance, atol=tolerance)


def test_gradients() -> None:
    check_gradient(lambda o, w, h: SparseBlockGemv("float64")(o, w, h, FIRST, SECOND), START, W, H)
    x, y = RNG.normal(size=(2, 2, 2)), RNG.normal(size=(2, 3, 4))
    check_gradient(lambda o, x, y: SparseBlockOuter("float64")(o, x, y, FIRST, SECOND), W, x, y)


@pytest.mark.parametrize("way", RUNNERS)
def test_no_rows_and_errors(way: str) -> None:
    o, h, w, i, j = T.dtensor3(), T.dtensor3(), T.dtensor4(), T.lmatrix(), T.lmatrix()
    y = SparseBlockGemv("float64")(o, w, h, i, j)
    run = lambda *values: RUNNERS[way]([o, w, h, i, j], [y], values)[0]  # noqa: E731
    assert run(START[:0], W, H[:0], FIRST[:0], SECOND[:0]).shape == (0, 3, 4)
    with pytest.raises(IndexError, match="no block 6 of 6"):
        run(START, W, H, FIRST, SECOND + 1)
    with pytest.raises(IndexError, match="no block -1 of 5"):
        run(START, W, H, FIRST - 1, SECOND)
    with pytest.raises(ValueError, match="do not go together"):
        run(START, W, H[:, :, :1], FIRST, SECOND)
    back = T.grad(y.sum(), w)
    with pytest.raises(ValueError, match="do not go together"):
        RUNNERS[way]([o, w, h, i, j], [back], [START, W, H, FIRST[:1], SECOND])


def test_types() -> None:
    with pytest.raises(TypeError, match="4 dimensions"):
        SparseBlockGemv("float64")(T.dtensor3(), T.dmatrix(), T.dtensor3(), T.lmatrix(), T.lmatrix())
    with pytest.raises(TypeError, match="integer matrix"):
        SparseBlockGemv("float64")(T.dtensor3(), T.dtensor4(), T.dtensor3(), T.dmatrix(), T.lmatrix())
