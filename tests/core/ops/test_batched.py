"""Products of stacks of matrices against NumPy."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.cffi_backend.unit import generate
from interactive_sym.core.program import make_program
from interactive_sym.function import function
from tests.core.ops.evaluation import RUNNERS, check_gradient

SHAPES: list[tuple[tuple[int, ...], tuple[int, ...], str]] = [
    ((3, 2, 4), (3, 4, 5), "bij,bjk->bik"),
    ((3, 4), (3, 4, 5), "bj,bjk->bk"),
    ((3, 2, 4), (3, 4), "bij,bj->bi"),
    ((3, 4), (3, 4), "bj,bj->b"),
    ((3,), (3, 4), "b,bj->bj"),
    ((3, 2, 4), (3,), "bij,b->bij"),
    ((3,), (3,), "b,b->b"),
    ((3, 2, 2, 4), (3, 4, 5), "bhij,bjk->bhik"),
    ((0, 2, 4), (0, 4, 5), "bij,bjk->bik"),
    ((3, 2, 0), (3, 0, 5), "bij,bjk->bik"),
]


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int32", "complex128"])
def test_batched_dot(dtype: str, way: str) -> None:
    for left, right, rule in SHAPES:
        x, y = T.tensor(dtype, (False,) * len(left)), T.tensor(dtype, (False,) * len(right))
        values: list[Any] = [
            np.random.RandomState(k).uniform(-5, 5, size=shape).astype(dtype) for k, shape in enumerate((left, right))
        ]
        (got,) = RUNNERS[way]([x, y], [T.batched_dot(x, y)], values)
        want = np.einsum(rule, *values)
        assert got.dtype == dtype and got.shape == want.shape, rule
        np.testing.assert_allclose(got, want, rtol=2e-5 if dtype == "float32" else 1e-12, atol=1e-5, err_msg=rule)


@pytest.mark.parametrize("way", RUNNERS)
def test_batched_tensordot(way: str) -> None:
    x, y = T.dtensor4("x"), T.dtensor3("y")
    a, b = np.random.RandomState(0).uniform(size=(2, 3, 4, 5)), np.random.RandomState(1).uniform(size=(2, 5, 3))
    c = np.random.RandomState(2).uniform(size=(2, 4, 5))
    z = T.dtensor3("z")
    outputs = [T.batched_tensordot(x, y, [[3, 1], [1, 2]]), T.batched_tensordot(x, z), T.batched_tensordot(x, y, 1)]
    got = RUNNERS[way]([x, y, z], outputs, [a, b, c])
    wanted = [np.einsum("bijk,bki->bj", a, b), np.einsum("bijk,bjk->bi", a, c), np.einsum("bijk,bkl->bijl", a, b)]
    for result, want in zip(got, wanted, strict=True):
        np.testing.assert_allclose(result, want, rtol=1e-13)
    for axes in ([[3], [1, 2]], [[0], [0]], [[9], [1]], 7):
        with pytest.raises(ValueError, match="batched_tensordot"):
            T.batched_tensordot(x, y, axes)


def test_gradients() -> None:
    random = np.random.RandomState(4)
    for left, right, _ in SHAPES[:5]:
        check_gradient(T.batched_dot, random.uniform(size=left), random.uniform(size=right))
    check_gradient(
        lambda x, y: T.grad(T.sqr(T.batched_dot(x, y)).sum(), x), random.uniform(size=(2, 1, 2)), np.ones((2, 2, 1))
    )


def test_errors() -> None:
    x, y = T.dtensor3("x"), T.dtensor3("y")
    f = function([x, y], T.batched_dot(x, y))
    with pytest.raises(ValueError, match="axis 2 of the left operand has size 4, axis 1 of the right"):
        f(np.ones((2, 3, 4)), np.ones((2, 3, 4)))
    with pytest.raises(ValueError, match="axis 0 of the left operand has size 2, axis 0 of the right"):
        f(np.ones((2, 3, 4)), np.ones((1, 4, 4)))
    with pytest.raises(TypeError, match="at least 1 dimension"):
        T.batched_dot(T.dscalar(), x)
    assert generate(make_program([x, y], [T.batched_dot(x, y)], [])).spec.steps == ()
