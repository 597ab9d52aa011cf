"""Products of some blocks, by their public name."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from tests.core.ops.evaluation import RUNNERS, check_gradient

RNG = np.random.RandomState(3)
W, H, B = RNG.normal(size=(3, 4, 2, 5)), RNG.normal(size=(2, 2, 2)), RNG.normal(size=(4, 5))
USED, WANTED = np.array([[0, 2], [1, 1]]), np.array([[3, 0, 1], [2, 3, 3]])


@pytest.mark.parametrize("way", RUNNERS)
def test_values(way: str) -> None:
    w, h, b, i, j = T.dtensor4(), T.dtensor3(), T.dmatrix(), T.lmatrix(), T.lmatrix()
    (got,) = RUNNERS[way]([w, h, b, i, j], [T.nnet.sparse_block_dot(w, h, i, b, j)], [W, H, B, USED, WANTED])
    for n in range(2):
        for k, out in enumerate(WANTED[n]):
            want = B[out] + sum(H[n, m] @ W[used, out] for m, used in enumerate(USED[n]))
            np.testing.assert_allclose(got[n, k], want, rtol=1e-12)


def test_gradients() -> None:
    check_gradient(lambda w, h, b: T.nnet.sparse_block_dot(w, h, USED, b, WANTED), W, H, B)
