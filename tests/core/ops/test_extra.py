"""Covariances and small things; no step of these modules runs in Python."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.cffi_backend.unit import generate
from interactive_sym.core.program import make_program
from interactive_sym.function import function
from tests.core.ops.evaluation import RUNNERS, check_gradient


@pytest.mark.parametrize("way", RUNNERS)
def test_cov(way: str) -> None:
    m, v, w = T.dmatrix("m"), T.dvector("v"), T.lvector("w")
    x, y, f, a = (
        np.random.RandomState(1).uniform(size=(3, 5)),
        np.arange(5.0) ** 2,
        np.array([1, 2, 1, 3, 1]),
        np.arange(1, 6) / 5,
    )
    cases: list[dict[str, Any]] = [{}, {"bias": True}, {"ddof": 2}, {"rowvar": False}, {"aweights": a}, {"fweights": f}]
    cases += [{"aweights": a, "fweights": f}, {"aweights": a, "ddof": 0}]
    outputs = [T.cov(m, **{**case, **({"fweights": w} if "fweights" in case else {})}) for case in cases]
    outputs += [T.cov(m, v), T.cov(v)]
    got = RUNNERS[way]([m, v, w], outputs, [x, y, f])
    for result, want in zip(got, [*[np.cov(x, **case) for case in cases], np.cov(x, y), np.cov(y)], strict=True):
        assert result.shape == want.shape
        np.testing.assert_allclose(result, want, rtol=1e-12)
    check_gradient(lambda v: T.cov(v), x)
    with pytest.raises(ValueError, match="ddof is an integer"):
        T.cov(m, ddof=0.5)  # type: ignore[arg-type]


def test_small_things() -> None:
    x, s = T.dmatrix("x"), T.dscalar("s")
    assert T.is_flat(T.dvector()) and not T.is_flat(x) and T.is_flat(x, ndim=2) and T.is_flat(x, outdim=2)
    assert T.default(None, x) is x and T.default(s, x) is s
    assert x.transfer("cpu") is x
    with pytest.raises(ValueError, match="no device 'gpu'"):
        x.transfer("gpu")
    assert T.extract_constant(T.constant(2.5)) == 2.5 and T.extract_constant(s) is s
    assert T.constant(3).get_scalar_constant_value() == 3
    assert T.makeKeepDims(x, x.sum(0), 0).broadcastable == (True, False)
    assert T.makeKeepDims(x, x.sum()).broadcastable == (True, True)
    assert T.numpy_scalar(np.array([[2]])) == 2
    with pytest.raises(T.EmptyConstantError):
        T.numpy_scalar([])
    with pytest.raises(T.NotScalarConstantError):
        T.numpy_scalar([1, 2])
    sizes, ones = T.alloc_validate_shape((1, T.lscalar("n")))
    assert len(sizes) == 2 and ones == [True, False]
    polar = function([s], T.complex_from_polar(s, np.pi / 2))(2.0)
    np.testing.assert_allclose(polar, 2j, atol=1e-15)


def test_no_step_runs_in_python() -> None:
    x, i = T.dmatrix("x"), T.lvector("i")
    outputs = [
        T.cumsum(x, 0),
        T.cumprod(x),
        T.grad(T.cumprod(x).sum(), x),
        T.diff(x),
        T.bincount(i),
        T.bincount(i, x[0]),
        *T.Unique(True, True, True)(x),
        T.compress(i, x, 1),
        T.repeat(x, 2),
        T.repeat(x, i, 0),
        T.tile(x, (2, 3)),
        T.roll(x, i[0]),
        T.diagonal(x),
        T.diag(x[0]),
        T.fill_diagonal(x, 0),
        T.to_one_hot(i, 3),
        T.bartlett(i[0]),
        *T.unravel_index(i, (3, 4)),
        T.ravel_multi_index((i, i), (3, 4)),
        T.cov(x),
        *T.mgrid[0 : i[0], 0:2],
    ]
    assert generate(make_program([x, i], outputs, [])).spec.steps == ()
