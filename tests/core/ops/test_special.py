"""Special functions against SciPy, in C and in the NumPy interpreter; derivatives of derivatives; limits."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.cffi_backend.unit import generate
from interactive_sym.core.errors import NullTypeGradError
from interactive_sym.core.program import make_program
from tests.core.ops.evaluation import RUNNERS, check_gradient

scipy = pytest.importorskip("scipy.special")

WIDE = np.concatenate([np.geomspace(1e-300, 1e-3, 25), np.linspace(0.01, 30, 120), np.geomspace(31, 600, 20)])
TAILS = np.concatenate([np.geomspace(1e-300, 0.4, 60), np.linspace(0.41, 1.59, 40), 2 - np.geomspace(1e-15, 0.4, 20)])
INNER = np.concatenate([-np.geomspace(1e-300, 0.999999, 40), np.linspace(-0.99, 0.99, 67)])
ORDERS = np.array([0.01, 0.1, 0.3, 0.7, 1.0, 2.5, 9.9, 10.0, 33.0, 150.0, 2000.0, 1e5])


def pairs(left: Any, right: Any) -> tuple[Any, Any]:
    a, b = np.meshgrid(left, right, indexing="ij")
    return a.ravel(), b.ravel()


GAMMA = tuple(
    np.concatenate(parts)
    for parts in zip(
        pairs(ORDERS, np.geomspace(1e-5, 0.9, 8)),
        *[pairs([k], k * np.linspace(0.3, 2.5, 12)) for k in ORDERS],
        pairs(ORDERS[:9], np.linspace(1, 60, 15)),
        strict=True,
    )
)
BESSEL = pairs([0.0, 1.0, 2.0, 7.0, 0.25, 0.5, 3.7, 12.3, 40.0, -0.5, -1.3, -2.0, -3.0], np.linspace(0.05, 60, 80))
CASES: list[tuple[str, tuple[Any, ...], float, float]] = [
    ("erfcx", (np.concatenate([np.linspace(-26, 30, 200), [1e3, 1e8, 1e200]]),), 1e-13, 0.0),
    ("erfinv", (INNER,), 1e-13, 0.0),
    ("erfcinv", (TAILS,), 1e-12, 0.0),
    ("gammainc", GAMMA, 1e-11, 1e-300),
    ("gammaincc", GAMMA, 1e-11, 1e-300),
    ("j0", (np.concatenate([-WIDE, WIDE]),), 1e-12, 1e-14),
    ("j1", (np.concatenate([-WIDE, WIDE]),), 1e-12, 1e-14),
    ("i0", (np.concatenate([-WIDE, WIDE]),), 1e-12, 0.0),
    ("i1", (np.concatenate([-WIDE, WIDE]),), 1e-12, 0.0),
    ("jv", BESSEL, 1e-11, 1e-13),
    ("iv", BESSEL, 1e-12, 0.0),
    ("gammau", (np.linspace(0.5, 5, 10), np.linspace(0.1, 9, 10)), 1e-12, 0.0),
    ("gammal", (np.linspace(0.5, 5, 10), np.linspace(0.1, 9, 10)), 1e-12, 0.0),
    ("chi2sf", (np.linspace(0.1, 9, 10), np.linspace(1, 8, 10)), 1e-12, 0.0),
]
SCIPY: dict[str, Callable[..., Any]] = {
    "gammau": lambda k, x: scipy.gammaincc(k, x) * scipy.gamma(k),
    "gammal": lambda k, x: scipy.gammainc(k, x) * scipy.gamma(k),
    "chi2sf": lambda x, k: scipy.gammaincc(k / 2, x / 2),
}


@pytest.mark.parametrize("way", RUNNERS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_equals_scipy(case: tuple[str, tuple[Any, ...], float, float], way: str) -> None:
    name, values, relative, absolute = case
    variables = [T.dvector() for _ in values]
    (got,) = RUNNERS[way](variables, [getattr(T, name)(*variables)], values)
    want = SCIPY.get(name, getattr(scipy, name, None))(*values)
    np.testing.assert_allclose(got, want, rtol=relative, atol=absolute)


@pytest.mark.parametrize("way", RUNNERS)
def test_limits(way: str) -> None:
    inf, nan = np.inf, np.nan
    x, y = T.dvectors("x", "y")
    one: dict[str, list[tuple[float, float]]] = {
        "erfcx": [(-30, inf), (inf, 0), (-inf, inf), (nan, nan), (0, 1)],
        "erfinv": [(1, inf), (-1, -inf), (1.5, nan), (nan, nan), (0, 0)],
        "erfcinv": [(0, inf), (2, -inf), (-0.1, nan), (nan, nan), (1, 0)],
        "j0": [(inf, 0), (0, 1), (nan, nan)],
        "j1": [(inf, 0), (0, 0), (nan, nan)],
        "i0": [(inf, inf), (0, 1), (-inf, inf), (nan, nan)],
        "i1": [(inf, inf), (0, 0), (-inf, -inf), (nan, nan)],
    }
    two: dict[str, list[tuple[float, float, float]]] = {
        "gammainc": [(1, 0, 0), (1, inf, 1), (inf, 1, 0), (0, 1, 1), (0, 0, nan), (-1, 1, nan), (1, -1, nan)],
        "gammaincc": [(1, 0, 1), (1, inf, 0), (inf, 1, 1), (0, 1, 0), (0, 0, nan), (-1, 1, nan), (1, nan, nan)],
        "jv": [(0, 0, 1), (2, 0, 0), (-0.5, 0, inf), (0.5, -1, nan), (inf, 1, nan), (1, inf, 0), (nan, 1, nan)],
        "iv": [(0, 0, 1), (2, 0, 0), (-0.5, 0, inf), (0.5, -1, nan), (inf, 1, nan), (1, inf, inf), (nan, 1, nan)],
    }
    for name, rows in one.items():
        (got,) = RUNNERS[way]([x], [getattr(T, name)(x)], [[float(row[0]) for row in rows]])
        np.testing.assert_array_equal(got, [row[1] for row in rows], err_msg=name)
    for name, points in two.items():
        given = [[float(row[k]) for row in points] for k in range(2)]
        (got,) = RUNNERS[way]([x, y], [getattr(T, name)(x, y)], given)
        np.testing.assert_array_equal(got, [row[2] for row in points], err_msg=name)


@pytest.mark.parametrize("way", RUNNERS)
def test_very_large_parameters(way: str) -> None:
    k = np.array([1e7, 1e7, 1e9, 1e9])
    x = np.array([1e7, 1.0005e7, 1e9, 0.99999e9])
    a, b = T.dvectors("a", "b")
    lower, upper = RUNNERS[way]([a, b], [T.gammainc(a, b), T.gammaincc(a, b)], [k, x])
    np.testing.assert_allclose(lower, scipy.gammainc(k, x), rtol=1e-9)
    np.testing.assert_allclose(upper, scipy.gammaincc(k, x), rtol=1e-9)
    np.testing.assert_allclose(lower + upper, 1, rtol=1e-15)


@pytest.mark.parametrize("way", RUNNERS)
def test_small_values_are_exact(way: str) -> None:
    """P(n, x) = 1 - e⁻ˣ (1 + x + ... + xⁿ⁻¹/(n-1)!), summed from n on in exact fractions."""
    k, x = T.dvectors("k", "x")
    orders, points = [3.0, 10.0, 33.0, 40.0], [1e-5, 1e-3, 0.25]
    a, b = pairs(orders, points)
    (got,) = RUNNERS[way]([k, x], [T.gammainc(k, x)], [a, b])
    for value, order, point in zip(got, a, b, strict=True):
        exact = Fraction(point)
        term = exact ** int(order) / math.factorial(int(order))
        series, inverse, power = Fraction(0), Fraction(0), Fraction(1)
        for n in range(1, 40):
            series += term
            term *= exact / (int(order) + n)
            inverse += power
            power *= -exact / n
        np.testing.assert_allclose(value, float(series * inverse), rtol=1e-13)


@pytest.mark.parametrize("way", RUNNERS)
def test_float32(way: str) -> None:
    x = T.fvector("x")
    value = np.array([0.1, 0.5, 0.9], "float32")
    outputs = [T.erfinv(x), T.erfcx(x), T.j0(x), T.i1(x), T.gammainc(x, x), T.jv(x, x)]
    wanted: list[Any] = [f(value) for f in (scipy.erfinv, scipy.erfcx, scipy.j0, scipy.i1)]
    wanted += [scipy.gammainc(value, value), scipy.jv(value, value)]
    for got, want in zip(RUNNERS[way]([x], outputs, [value]), wanted, strict=True):
        assert got.dtype == "float32"
        np.testing.assert_allclose(got, want, rtol=3e-7)


def test_second_derivatives() -> None:
    x = np.array([0.3, 0.6])
    for name in ("erfcx", "erfinv", "erfcinv", "j0", "j1", "i0", "i1"):
        function = getattr(T, name)
        check_gradient(lambda v, f=function: T.grad(f(v).sum(), v), x)
    check_gradient(lambda v: T.grad(T.gammainc(2.5, v).sum(), v), x)
    check_gradient(lambda v: T.grad(T.jv(1.5, v).sum() + T.iv(0.5, v).sum(), v), x)
    check_gradient(lambda k, v: T.chi2sf(v, k) * T.gammau(k, v), x + 1, x)


@pytest.mark.parametrize("way", RUNNERS)
def test_derivative_by_the_parameter(way: str) -> None:
    k, x = pairs([0.05, 0.5, 3.0, 40.0, 900.0], np.array([0.01, 0.4, 3.0, 35.0, 950.0]))
    a, b = T.dvectors("a", "b")
    (got,) = RUNNERS[way]([a, b], [T.grad(T.gammainc(a, b).sum(), a)], [k, x])
    step = 1e-5 * k
    want = (scipy.gammainc(k + step, x) - scipy.gammainc(k - step, x)) / (2 * step)
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-9)


def test_orders_have_no_derivative() -> None:
    v, x, n = T.dscalar("v"), T.dscalar("x"), T.lscalar("n")
    for function in (T.jv, T.iv):
        assert T.grad(function(v, x), x).dtype == "float64"
        assert T.grad(function(n, x), x).dtype == "float64"
        with pytest.raises(NullTypeGradError, match="with respect to its order"):
            T.grad(function(v, x), v)


def test_no_step_runs_in_python() -> None:
    x, y = T.dvectors("x", "y")
    outputs = [getattr(T, name)(*[x, y][: len(values)]) for name, values, _, _ in CASES]
    assert generate(make_program([x, y], outputs, [])).spec.steps == ()
