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
    ("polygamma", pairs([0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 20.0], np.geomspace(1e-9, 1e9, 60)), 1e-12, 1e-300),
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
    want = (SCIPY[name] if name in SCIPY else getattr(scipy, name))(*values)
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


#: Order of the derivative, k, x, its value for P(k, x), and for the density: by differences in 50 digits.
BY_ORDER = [
    (1, 0.05, 0.4, -0.7252752100347849, 1.609920836852867),
    (1, 0.5, 0.01, -0.522514337797483, -14.75567446148542),
    (1, 40, 35, -0.04800119641480184, -0.006186897180187054),
    (2, 0.05, 0.4, -0.3957544381399847, -1.487709415437171),
    (2, 0.5, 0.01, 2.323190073248072, 11.41486632072329),
    (2, 3, 3, 0.002246768328176751, -0.08155538462463217),
    (2, 3, 35, -2.736113618098538e-12, 2.523917965191942e-12),
    (2, 40, 35, 0.006425566137503976, -0.0005461310101546313),
    (2, 900, 950, -0.0001833458905496228, 6.177593979838004e-6),
    (3, 0.05, 0.4, 2.43306719511921, -6.369873456279502),
    (3, 0.5, 0.01, -9.731183449250305, 209.4800580724715),
    (3, 3, 3, 0.07966681367284222, -0.01092690796188435),
    (3, 40, 35, 0.0003419300539052273, 0.0004120860721913063),
    (3, 900, 950, -6.146017891226728e-6, -5.928819957750455e-8),
]


@pytest.mark.parametrize("way", RUNNERS)
def test_higher_derivatives_by_the_parameter(way: str) -> None:
    m, k, x = T.dvectors("m", "k", "x")
    rows = np.array(BY_ORDER)
    outputs = [T.gammainc_by_order(m, k, x), T.gamma_density_by_order(m, k, x)]
    lower, density = RUNNERS[way]([m, k, x], outputs, list(rows[:, :3].T))
    np.testing.assert_allclose(lower, rows[:, 3], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(density, rows[:, 4], rtol=1e-11)
    edges: list[tuple[float, float, float, float, float]] = [
        (0, 2, 3, scipy.gammainc(2, 3), 3 * np.exp(-3)),
        (13, 2, 3, np.nan, np.nan),
        (0.5, 2, 3, np.nan, np.nan),
        (1, 2, 0, 0, 0),
        (1, 2, np.inf, np.nan, 0),
        (1, -1, 1, np.nan, np.nan),
        (-1, 2, 3, np.nan, 0),
    ]
    given = np.array(edges)
    lower, density = RUNNERS[way]([m, k, x], outputs, list(given[:, :3].T))
    np.testing.assert_allclose(lower, given[:, 3])
    np.testing.assert_allclose(density, given[:, 4])


@pytest.mark.parametrize("way", RUNNERS)
def test_polygamma(way: str) -> None:
    """Below 0 by recurrence: ψₙ(x) = ψₙ(x + 1) - (-1)ⁿ n! / xⁿ⁺¹; against psi and tri_gamma; poles and limits."""
    n, x = T.dvectors("n", "x")
    orders, points = pairs([1.0, 2.0, 3.0, 4.0], [-0.3, -1.25, -7.6, -30.7])
    got, shifted = RUNNERS[way]([n, x], [T.polygamma(n, x), T.polygamma(n, x + 1)], [orders, points])
    step = (-1) ** orders * scipy.gamma(orders + 1) / points ** (orders + 1)
    np.testing.assert_allclose(got, shifted - step, rtol=1e-11)
    both = RUNNERS[way]([x], [T.polygamma(0, x), T.psi(x), T.polygamma(1, x), T.tri_gamma(x)], [points])
    np.testing.assert_allclose(both[0], both[1], rtol=1e-12)
    np.testing.assert_allclose(both[2], both[3], rtol=1e-12)
    inf, nan = np.inf, np.nan
    edges = [(1, 0, inf), (2, 0, nan), (1, -3, inf), (2, inf, 0), (2, -inf, nan), (-1, 1, nan), (0.5, 1, nan)]
    (got,) = RUNNERS[way]([n, x], [T.polygamma(n, x)], [[float(row[k]) for row in edges] for k in range(2)])
    np.testing.assert_array_equal(got, [row[2] for row in edges])


def test_many_derivatives() -> None:
    x = T.dscalar("x")
    derivative = T.gammaln(x)
    for order in range(-1, 4):
        derivative = T.grad(derivative, x)
        want = float(scipy.polygamma(order + 1, 1.7))
        np.testing.assert_allclose(derivative.eval({x: 1.7}), want, rtol=1e-12)
    at = np.array([0.7, 2.5])
    check_gradient(lambda v: T.grad(T.grad(T.tri_gamma(v).sum(), v).sum(), v), at)
    for function in (T.gammainc, T.gammaincc, T.gammau, T.gammal):
        check_gradient(lambda k, v, f=function: sum(T.grad(f(k, v).sum(), [k, v])), at, at + 0.4)
        check_gradient(
            lambda k, v, f=function: sum(T.grad(sum(T.grad(f(k, v).sum(), [k, v])).sum(), [k, v])), at, at + 0.4
        )
    check_gradient(lambda k, v: sum(T.grad(T.chi2sf(v, k).sum(), [k, v])), at, at + 0.4)


def test_orders_have_no_derivative() -> None:
    v, x, n = T.dscalar("v"), T.dscalar("x"), T.lscalar("n")
    with pytest.raises(NullTypeGradError, match="with respect to its order"):
        T.grad(T.polygamma(v, x), v)
    for function in (T.jv, T.iv):
        assert T.grad(function(v, x), x).dtype == "float64"
        assert T.grad(function(n, x), x).dtype == "float64"
        with pytest.raises(NullTypeGradError, match="with respect to its order"):
            T.grad(function(v, x), v)


def test_no_step_runs_in_python() -> None:
    x, y = T.dvectors("x", "y")
    outputs = [getattr(T, name)(*[x, y][: len(values)]) for name, values, _, _ in CASES]
    assert generate(make_program([x, y], outputs, [])).spec.steps == ()
