"""Diagonals taken, made, summed and filled, against NumPy."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from tests.core.ops.evaluation import CUBE, RUNNERS, check_gradient, compare


@pytest.mark.parametrize("way", RUNNERS)
def test_diagonals(way: str) -> None:
    x, m, v, s, o = T.dtensor3("x"), T.dmatrix("m"), T.fvector("v"), T.dscalar("s"), T.lscalar("o")
    matrix, vector = CUBE[0], np.array([1, 2, 3], "float32")
    pairs = [
        (x.diagonal(k, a, b), np.diagonal(CUBE, k, a, b))
        for k in (-5, -1, 0, 1, 3)
        for a, b in ((0, 1), (1, 0), (2, 0), (-1, 1))
    ]
    pairs += [(T.diag(v, k), np.diag(vector, k)) for k in (-2, 0, 1)]
    pairs += [(T.diag(m, k), np.diag(matrix, k)) for k in (-2, 0, 1)]
    pairs += [(x.trace(k, 1, 2), np.trace(CUBE, k, 1, 2)) for k in (-1, 0)]
    for given in (matrix, matrix.T):
        filled = given.copy()
        np.fill_diagonal(filled[: len(filled.T)], 9.0)
        off = given.copy()
        rows = np.arange(min(given.shape[0], given.shape[1] - 1))
        off[rows, rows + 1] = 9.0
        mine = [
            (T.fill_diagonal(m, s), filled),
            (T.fill_diagonal_offset(m, 9, 1), off),
            (T.fill_diagonal_offset(m, s, o), off),
        ]
        compare(way, [m, s, o], [given, np.array(9.0), np.array(1)], mine)
    compare(way, [x, m, v], [CUBE, matrix, vector], pairs)
    cube = CUBE[:2, :2, :2].copy()
    filled = cube.copy()
    np.fill_diagonal(filled, 0)
    compare(way, [x], [cube], [(T.fill_diagonal(x, 0), filled)])
    with pytest.raises(IndexError, match="index arrays differ"):
        RUNNERS[way]([x], [T.fill_diagonal(x, 0)], [CUBE])


def test_diagonals_reject_and_have_gradients() -> None:
    for call, kind, text in [
        (lambda: T.diagonal(T.dvector()), ValueError, "at least 2 dimensions"),
        (lambda: T.diagonal(T.dmatrix(), 0, 1, 1), ValueError, "are the same"),
        (lambda: T.diag(T.dtensor3()), ValueError, "a vector or a matrix"),
        (lambda: T.fill_diagonal(T.dvector(), 0), ValueError, "at least 2 dimensions"),
        (lambda: T.fill_diagonal(T.dmatrix(), T.dvector()), TypeError, "the value is a scalar"),
        (lambda: T.fill_diagonal_offset(T.dtensor3(), 0, 0), TypeError, "wants a matrix"),
    ]:
        with pytest.raises(kind, match=text):
            call()
    value = np.arange(6.0).reshape(2, 3)
    check_gradient(lambda x: T.sqr(T.diagonal(x, 1)), value)
    check_gradient(lambda v: T.sqr(T.diag(v, -1)), np.arange(3.0))
    check_gradient(lambda x, s: T.sqr(T.fill_diagonal(x, s)), value, 2.0)
    check_gradient(lambda x, s: T.sqr(T.fill_diagonal_offset(x, s, -1)), value, 2.0)
