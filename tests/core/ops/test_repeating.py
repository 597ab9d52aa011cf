"""Choosing, repetition and rolling against NumPy."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from tests.core.ops.evaluation import CUBE, RUNNERS, check_gradient, compare


@pytest.mark.parametrize("way", RUNNERS)
def test_repeat_tile_roll(way: str) -> None:
    x, k, counts = T.dtensor3("x"), T.lscalar("k"), T.bvector("c")
    each = np.array([2, 0, 1], "int8")
    pairs = [(T.repeat(x, n, axis), np.repeat(CUBE, 2, axis)) for n in (2, k, [2]) for axis in (0, 1, -1, None)]
    pairs += [(T.repeat(x, c, 1), np.repeat(CUBE, each, 1)) for c in (each, counts)]
    pairs.append((x.repeat(0, 1), np.repeat(CUBE, 0, 1)))
    pairs += [
        (T.tile(x, r), np.tile(CUBE, s)) for r, s in ((2, 2), ((2, 1), (2, 1)), ((k, 3, 1, 2), (2, 3, 1, 2)), (0, 0))
    ]
    pairs += [(T.tile(x, counts, ndim=3), np.tile(CUBE, each)), (T.tile(x, 2, ndim=4), np.tile(CUBE, (1, 1, 1, 2)))]
    pairs += [(T.roll(x, n, axis), np.roll(CUBE, n, axis)) for n in (0, 1, -1, 5, -9) for axis in (0, 1, -1, None)]
    pairs += [(T.roll(x, k, 1), np.roll(CUBE, 2, 1)), (T.roll(x, (1, k), (0, 2)), np.roll(CUBE, (1, 2), (0, 2)))]
    compare(way, [x, k, counts], [CUBE, np.array(2), each], pairs)
    empty = CUBE[:, :0]
    compare(way, [x, k], [empty, np.array(2)], [(T.roll(x, k, 1), empty), (T.tile(x, 2), np.tile(empty, 2))])
    for wrong, text in ((np.array([1, -1, 0], "int8"), "a count is negative"), (each[:2], "2 counts for 3 elements")):
        with pytest.raises(ValueError, match=text):
            RUNNERS[way]([x, counts], [T.repeat(x, counts, 1)], [CUBE, wrong])


def test_repetition_rejects_and_has_gradients() -> None:
    x = T.dvector("x")
    for call, kind, text in [
        (lambda: T.repeat(x, -1), ValueError, "count is negative"),
        (lambda: T.repeat(x, 0.5), TypeError, "repeats are an integer"),
        (lambda: T.repeat(T.TensorType("float64", (3,))(), [1, 2]), ValueError, "2 counts for 3 elements"),
        (lambda: T.tile(x, -1), ValueError, "count is negative"),
        (lambda: T.tile(x, T.lvector("r")), ValueError, "is not known"),
        (lambda: T.tile(x, (1, 2), ndim=1), ValueError, "2 dimensions come out"),
        (lambda: T.roll(T.dmatrix(), (1, 2), (0,)), ValueError, "2 shifts for 1 axes"),
    ]:
        with pytest.raises(kind, match=text):
            call()
    value = np.arange(6.0).reshape(2, 3)
    for build in (
        lambda v: T.sqr(T.repeat(v, 2, 1)),
        lambda v: T.sqr(T.repeat(v, [1, 2], 0)),
        lambda v: T.sqr(T.tile(v, (2, 2))),
        lambda v: T.roll(v, 1, 1) * v,
        lambda v: T.compress([1, 0, 1], v, 1) ** 2,
    ):
        check_gradient(build, value)


@pytest.mark.parametrize("way", RUNNERS)
def test_compress(way: str) -> None:
    x, c = T.dtensor3("x"), T.tensor("bool", (False,))
    flags = np.array([True, False, True])
    pairs = [
        (x.compress(c, 1), np.compress(flags, CUBE, 1)),
        (T.compress([0, 1], x), np.compress([0, 1], CUBE)),
        (T.compress(c[:1], x, 2), np.compress(flags[:1], CUBE, 2)),
    ]
    compare(way, [x, c], [CUBE, flags], pairs)
