"""Running sums and products, and differences, against NumPy."""

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.types import DTYPES
from tests.core.ops.evaluation import CUBE, RUNNERS, check_gradient, compare


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_running_sums_and_products(dtype: str, way: str) -> None:
    x = T.tensor(dtype, (False,) * 3)
    value = (np.abs(CUBE) % 3 + 1).astype(dtype)
    kind = np.dtype(dtype).kind
    out = "int64" if kind in "bi" else "uint64" if kind == "u" else dtype
    pairs = [
        (f(x, axis), g(value, axis=axis, dtype=out))
        for f, g in ((T.cumsum, np.cumsum), (T.cumprod, np.cumprod))
        for axis in (0, 1, -1, None)
    ]
    compare(way, [x], [value], pairs)
    compare(way, [x], [value[:, :0]], [(x.cumsum(1), np.zeros((2, 0, 4), out)), (x.cumprod(), np.zeros(0, out))])


def test_gradients_of_running_sums_and_products() -> None:
    value = np.array([[2.0, 0.0, -1.5, 0.0], [1.0, 3.0, 0.5, -2.0]])
    for axis in (0, 1, None):
        check_gradient(lambda x, axis=axis: T.sqr(T.cumsum(x, axis)), value)
        check_gradient(lambda x, axis=axis: T.cumprod(x, axis), value)
    check_gradient(lambda x: T.grad(T.sqr(T.cumprod(x, 1)).sum(), x), value)


@pytest.mark.parametrize("way", RUNNERS)
def test_diff(way: str) -> None:
    x, flags = T.dtensor3("x"), T.tensor("bool", (False,))
    pairs = [(T.diff(x, n, axis), np.diff(CUBE**2, n, axis)) for n in (0, 1, 2, 3) for axis in (0, 1, -1)]
    marks = np.array([True, True, False])
    compare(way, [x, flags], [CUBE**2, marks], [*pairs, (T.diff(flags), np.diff(marks))])
    check_gradient(lambda v: T.sqr(T.diff(v, 2)), np.arange(5.0))
    with pytest.raises(ValueError, match="n = -1"):
        T.diff(x, -1)
