"""Special functions: error functions and their inverses, incomplete gamma functions, Bessel functions (floor B).

The algorithms here are those of `cffi_backend/runtime/special.h`, one number at a time. Formulas are those of the
Digital Library of Mathematical Functions (DLMF, dlmf.nist.gov) and of Abramowitz and Stegun (A&S).

Read next: `reduce`.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..constants import as_tensor_variable, constant
from ..graph import Constant
from ..op import call, public
from ..types import CONTINUOUS, DISCRETE
from .elementwise import Elementwise as _Elementwise
from .elementwise import _psi as _digamma_anywhere
from .elementwise import _real_floating, define

ROOT_PI = math.sqrt(math.pi)
_SUPPORT = '#include "special.h"\n'


# -- one number at a time ----------------------------------------------------------------------------------------------


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


def _power(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except (OverflowError, ValueError):  # too large, or 0 to a negative power
        return math.inf


def _gamma(x: float) -> float:
    try:
        return math.gamma(x)
    except OverflowError:
        return math.inf


def _log_gamma(x: float) -> float:
    try:
        return math.lgamma(x)
    except (OverflowError, ValueError):
        return math.inf


def erfcx_(x: float) -> float:
    """exp(x²) erfc(x); DLMF 7.12.1 from 10 on."""
    if x < -26.7:
        return math.inf
    if x != x or x < 10:
        high = float(np.float32(x))
        return _exp(high * high) * _exp((x - high) * (x + high)) * math.erfc(x)
    w, total = -0.5 / (x * x), 1.0
    for m in range(14, 0, -1):
        total = 1 + (2 * m - 1) * w * total
    return total / (x * ROOT_PI)


def _erfinv_middle(y: float) -> float:
    """Halley's method on erf(x) = y, |y| <= 1/2, from the series of the inverse."""
    s = math.pi * y * y / 4
    x = ROOT_PI / 2 * y * (1 + s * (1 / 3 + s * (7 / 30 + s * 127 / 630)))
    for _ in range(3):
        u = (math.erf(x) - y) * ROOT_PI / 2 * _exp(x * x)
        x -= u / (1 + x * u)
    return x


def _erfcinv_tail(q: float) -> float:
    """Halley's method on erfc(x) = q, q < 1/2, from the approximation A&S 26.2.23."""
    t = math.sqrt(-2 * _log(q / 2)) if q > 1e-323 else math.sqrt(-2 * (_log(q) - math.log(2)))
    below = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
    x = (t - (2.515517 + t * (0.802853 + t * 0.010328)) / below) / math.sqrt(2)
    for _ in range(4):
        u = (q - math.erfc(x)) * ROOT_PI / 2 * _exp(x * x)
        x -= u / (1 + x * u)
    return x


def erfinv_(y: float) -> float:
    """The x for which erf(x) = y."""
    if not abs(y) <= 1:
        return math.nan
    if abs(y) == 1:
        return math.copysign(math.inf, y)
    return _erfinv_middle(y) if abs(y) <= 0.5 else math.copysign(_erfcinv_tail(1 - abs(y)), y)


def erfcinv_(q: float) -> float:
    """The x for which erfc(x) = q."""
    if not 0 <= q <= 2:
        return math.nan
    if q in (0, 2):
        return math.inf if q == 0 else -math.inf
    if q < 0.5:
        return _erfcinv_tail(q)
    return -_erfcinv_tail(2 - q) if q > 1.5 else _erfinv_middle(1 - q)


#: zeta(n) - 1 for n = 2, 3, ...
_ZETA = (
    6.449340668482264e-01,
    2.020569031595943e-01,
    8.232323371113819e-02,
    3.692775514336993e-02,
    1.734306198444914e-02,
    8.349277381922827e-03,
    4.077356197944339e-03,
    2.008392826082214e-03,
    9.945751278180853e-04,
    4.941886041194646e-04,
    2.460865533080483e-04,
    1.227133475784891e-04,
    6.124813505870483e-05,
    3.058823630702049e-05,
    1.528225940865187e-05,
    7.637197637899763e-06,
)


def _log_gamma_1p(k: float) -> float:
    """log Γ(1 + k) for 0 <= k < 0.2, A&S 6.1.33."""
    total, power = 0.0, k
    for n in range(2, 18):
        power *= -k
        total -= power * _ZETA[n - 2] / n
    return k * (1 - 0.57721566490153286061) - math.log1p(k) + total


def _log1p(m: float) -> float:
    return math.log1p(m) if m > -1 else -math.inf


def _poisson(k: float, x: float) -> float:
    """xᵏ e⁻ˣ / Γ(k + 1); from 10 on with the remainder of Stirling's formula, DLMF 5.11.1."""
    if k < 10:
        return 0.0 if x > 1000 else _power(x, k) * _exp(-x) / _gamma(k + 1)
    m, w = (x - k) / k, 1 / (k * k)
    rest = 1 / 1680 - w * (1 / 1188 - w * 691 / 360360)
    stirling = (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * rest))) / k
    logarithm = _log(x / k) if m < -0.5 else math.log1p(m)  # near -1 the sum 1 + m has lost digits
    return _exp(-k * (m - logarithm) - stirling) / math.sqrt(2 * math.pi * k)


def _gamma_part(k: float, x: float, upper: bool) -> float:
    """P(k, x), or with `upper` Q(k, x) = 1 - P(k, x)."""
    if not (k >= 0 and x >= 0) or (k == 0 and x == 0) or (math.isinf(k) and math.isinf(x)):
        return math.nan
    if k == 0 or math.isinf(x):
        return 0.0 if upper else 1.0
    if x == 0 or math.isinf(k):
        return 1.0 if upper else 0.0
    if k >= 1e6:
        return _gamma_uniform(k, x, upper)
    if k < 0.2 and x < 1:  # DLMF 8.7.1, so that a small Q is not a difference
        u, term, total = k * math.log(x) - _log_gamma_1p(k), 1.0, 0.0
        for n in range(1, 30):
            term *= -x / n
            total += term * k / (k + n)
        return -math.expm1(u) - _exp(u) * total if upper else _exp(u) * (1 + total)
    if x < k + 1 and k >= 0.2:  # DLMF 8.11.4
        term = total = 1.0
        n = 1
        while n < 20000 and term > total * 1e-17:
            term *= x / (k + n)
            total += term
            n += 1
        lower = _poisson(k, x) * total
        return 1 - lower if upper else lower
    higher = _poisson(k, x) * k * _gamma_fraction(k, x)
    return higher if upper else 1 - higher


def _gamma_uniform(k: float, x: float, upper: bool) -> float:
    """DLMF 8.12.3, with the first coefficients."""
    m = (x - k) / k
    if m > 1e6:
        return 0.0 if upper else 1.0
    half, sign = m - _log1p(m), 1 if upper else -1
    eta = math.copysign(math.sqrt(2 * half), m)
    first = -1 / 3 + eta / 12 - eta * eta * 2 / 135 if abs(eta) < 1e-3 else 1 / m - 1 / eta
    rest = _exp(-k * half) / math.sqrt(2 * math.pi * k) * (first - 1 / 540 / k)
    return math.erfc(sign * eta * math.sqrt(k / 2)) / 2 + sign * rest


def _gamma_fraction(k: float, x: float) -> float:
    """The continued fraction DLMF 8.9.2 by Lentz's method."""
    b = x + 1 - k
    c, d = 1e300, 1 / b
    h = d
    for n in range(1, 20000):
        a = n * (k - n)
        b += 2
        d = a * d + b
        d = 1 / (1e-300 if abs(d) < 1e-300 else d)
        c = b + a / c
        if abs(c) < 1e-300:
            c = 1e-300
        h *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return h


def gammainc_(k: float, x: float) -> float:
    """P(k, x)."""
    return _gamma_part(k, x, False)


def gammaincc_(k: float, x: float) -> float:
    """Q(k, x)."""
    return _gamma_part(k, x, True)


def _digamma(x: float) -> float:
    """The digamma function of a positive number: recurrence, then DLMF 5.11.2."""
    result = 0.0
    while x < 10:
        result -= 1 / x
        x += 1
    w = 1 / (x * x)
    rest = 1 / 240 - w * (1 / 132 - w * (691 / 32760 - w / 12))
    return result + math.log(x) - 0.5 / x - w * (1 / 12 - w * (1 / 120 - w * (1 / 252 - w * rest)))


def _factorial_over(q: float, n: int) -> float:
    """(n - 1)! / qⁿ."""
    result = 1 / q
    for j in range(1, n):
        result *= j / q
    return result


#: B[2j] / (2j)! for j = 1, 2, ..., B[2j] being Bernoulli's numbers.
_BERNOULLI = (
    1 / 12,
    -1 / 720,
    1 / 30240,
    -1 / 1209600,
    1 / 47900160,
    -691 / 1307674368000,
    1 / 74724249600,
    -3617 / 10670622842880000,
    43867 / 5109094217170944000,
    -174611 / 802857662698291200000,
    77683 / 14101100039391805440000,
)


def _hurwitz(n: int, q: float) -> float:
    """n! times Hurwitz's zeta function of n + 1 and q > 0, n > 0: Euler and Maclaurin's formula, DLMF 25.11.28."""
    s, a, total = n + 1, q, 0.0
    while a < s + 12:
        part = math.pow(q / a, s)
        total += part
        if part < 1e-17 * total:
            return _factorial_over(q, n) * (n / q) * total
        a += 1
    tail, rising = a / n + 0.5, s / a
    for j, number in enumerate(_BERNOULLI):
        tail += number * rising
        rising *= (s + 2 * j + 1) / a * ((s + 2 * j + 2) / a)
    return _factorial_over(q, n) * (n / q * total + math.pow(q / a, s) * (n / q * tail))


def polygamma_(order: float, x: float) -> float:
    """The polygamma function: for x > 0 DLMF 25.11.12; below, the terms on both sides of the nearest pole."""
    if not 0 <= order <= 10000 or order != math.floor(order) or x != x or x == -math.inf:
        return math.nan
    n = int(order)
    if n == 0:
        return float(_digamma_anywhere(np.float64(x)))
    odd = n % 2 == 1
    if x <= 0 and x == math.floor(x):
        return math.inf if odd else math.nan
    if x > 0:
        value = 0.0 if math.isinf(x) else _hurwitz(n, x)
        return value if odd else -value
    pole = math.floor(x + 0.5)
    d = x - pole
    pole_part = _factorial_over(d, n) * (n / d)
    value = pole_part + _hurwitz(n, 1 + d)
    left = _hurwitz(n, 1 - d) - _hurwitz(n, 1 - d - pole)
    return value + left if odd else left - value


#: The greatest order of a derivative of incomplete gamma functions by their order.
_HIGHEST = 12


def _growth(m: int, slopes: list[float]) -> float:
    """The m-th derivative of f over f, from those of log f: complete Bell polynomials."""
    bell = [1.0]
    for n in range(m):
        total, choose = 0.0, 1.0
        for i in range(n + 1):
            total += choose * bell[n - i] * slopes[i]
            choose *= (n - i) / (i + 1)
        bell.append(total)
    return bell[m]


def gammainc_by_order_(order: float, k: float, x: float) -> float:
    """dᵐP/dkᵐ: P is the sum over n of t[n] = xᵏ⁺ⁿ e⁻ˣ / Γ(k+n+1), of which only those near n = x - k count."""
    if not (k > 0 and x >= 0) or k > 1e7 or x > 1e7 or not 0 <= order <= _HIGHEST or order != math.floor(order):
        return math.nan
    if x == 0:
        return 0.0
    if order == 0:
        return gammainc_(k, x)
    m = int(order)
    reach = 12 * math.sqrt(x) + 40
    first = max(math.floor(x - k - reach), 0)
    a, t, total = k + first + 1, _poisson(k + first, x), 0.0
    slopes, n = [math.log(x) - _digamma(a), *[-polygamma_(j, a) for j in range(1, m)]], first
    while n <= first + 40 or n < x - k + reach:
        total += t * _growth(m, slopes)
        t *= x / a
        step = -1 / a
        for j in range(m):
            slopes[j] += step
            step *= -(j + 1) / a
        a += 1
        n += 1
    return total


def gamma_density_by_order_(order: float, k: float, x: float) -> float:
    """The m-th derivative by k of xᵏ⁻¹ e⁻ˣ / Γ(k)."""
    if not (k > 0 and x >= 0) or not -1 <= order <= _HIGHEST or order != math.floor(order):
        return math.nan
    if order < 0 or math.isinf(x):
        return 0.0
    m = int(order)
    if x == 0:
        return 0.0 if k > 1 else math.nan if m > 0 else 1.0 if k == 1 else math.inf
    slopes = [math.log(x) - _digamma(k), *[-polygamma_(j, k) for j in range(1, m)]]
    return _poisson(k, x) * (k / x) * _growth(m, slopes)


def _gamma_sign(x: float) -> float:
    return -1.0 if x < 0 and math.fmod(math.floor(x), 2) != 0 else 1.0


def _bessel_series(v: float, x: float, sign: float) -> float:
    """DLMF 10.2.2 (sign -1) and 10.25.2 (sign 1); large sums are kept small by powers of ten."""
    h = x / 2
    square, term, total, shift = sign * h * h, 1.0, 1.0, 0.0
    for k in range(1, 1000000):
        term *= square / (k * (k + v))
        total += term
        if abs(term) < 1e-17 * abs(total) and k + v > 0:
            break
        if abs(total) > 1e250:
            total, term, shift = total * 1e-250, term * 1e-250, shift + 250 * math.log(10)
    if abs(v) < 170 and shift == 0:
        below = _gamma(v + 1)
        factor = 0.0 if math.isinf(below) else _power(h, v) / below
        if factor != 0 and not math.isinf(factor):
            return factor * total
    magnitude = _exp(v * _log(h) - _log_gamma(v + 1) + shift + _log(abs(total)))
    return math.copysign(1.0, total * _gamma_sign(v + 1)) * magnitude


def _jv_far(v: float, x: float) -> float:
    """DLMF 10.17.3, for x large against v²."""
    square, turn = 4 * v * v, math.fmod(v / 2 + 0.25, 2) * math.pi
    a, even, odd = 1.0, 1.0, 0.0
    for k in range(1, 100):
        following = a * ((square - (2 * k - 1) ** 2) / (k * 8 * x))
        if abs(following) < 1e-17 or (abs(following) > abs(a) and k > abs(v)):
            break
        a = following
        signed = -a if k & 2 else a
        if k & 1:
            odd += signed
        else:
            even += signed
    c = math.cos(x) * math.cos(turn) + math.sin(x) * math.sin(turn)
    s = math.sin(x) * math.cos(turn) - math.cos(x) * math.sin(turn)
    return math.sqrt(2 / (math.pi * x)) * (even * c - odd * s)


def _jv_miller(v: float, x: float) -> float:
    """Recurrence from high orders down (Miller's method), scaled by the sum A&S 9.1.87."""
    whole = math.floor(v)
    part, top = v - whole, max(float(whole), x)
    if not top < 1e6:
        return math.nan
    start = 2 * int((top + 12 * math.cbrt(top) + 42) / 2)
    above, here, found, total = 0.0, 1e-300, 0.0, 0.0
    weight = math.exp(math.lgamma(part + start // 2) - math.lgamma(start // 2 + 1))
    for j in range(start, 0, -1):
        if j == whole:
            found = here
        if j % 2 == 0:
            k = j // 2
            total += (part + j) * weight * here
            if j > 2:
                weight *= k / (part + k - 1)
        above, here = here, 2 * (part + j) / x * here - above
        if abs(here) > 1e200:
            here, above, total, found = here * 1e-200, above * 1e-200, total * 1e-200, found * 1e-200
    if whole == 0:
        found = here
    total += math.gamma(1 + part) * here
    scale = math.pow(x / 2, part) / total
    if whole >= 0:
        return found * scale
    order = part
    for _ in range(-whole):
        above, here = here, 2 * order / x * here - above
        order -= 1
    return here * scale


def _parity(v: float, x: float, modified: bool) -> tuple[float, float, float]:
    """What parity makes of integer orders and negative x: order, x and the sign, 0 where there is no value."""
    if v != math.floor(v):
        return v, x, 0.0 if x < 0 else 1.0
    odd = math.fmod(abs(v), 2) != 0
    sign = -1.0 if odd and ((v < 0 and not modified) != (x < 0)) else 1.0
    return abs(v), abs(x), sign


def jv_(v: float, x: float) -> float:
    """J of order v."""
    if v != v or x != x or math.isinf(v):
        return math.nan
    v, x, sign = _parity(v, x, False)
    if sign == 0:
        return math.nan
    if x == 0:
        return 1.0 if v == 0 else 0.0 if v > 0 else _gamma_sign(v + 1) * math.inf
    if math.isinf(x):
        return 0.0
    if x <= 5 or x * x < 4 * (v + 1):
        return sign * _bessel_series(v, x, -1)
    return sign * (_jv_far(v, x) if x > v * v / 2 + 25 else _jv_miller(v, x))


def iv_(v: float, x: float) -> float:
    """I of order v."""
    if v != v or x != x or math.isinf(v):
        return math.nan
    v, x, sign = _parity(v, x, True)
    if sign == 0:
        return math.nan
    if x == 0:
        return 1.0 if v == 0 else 0.0 if v > 0 else _gamma_sign(v + 1) * math.inf
    if math.isinf(x):
        return sign * math.inf
    if not x > v * v / 2 + 50:
        return sign * _bessel_series(v, x, 1) if x < 1e5 else math.nan
    a = total = 1.0  # DLMF 10.40.1
    for k in range(1, 200):
        following = -a * ((4 * v * v - (2 * k - 1) ** 2) / (k * 8 * x))
        if abs(following) < 1e-17 or (abs(following) > abs(a) and k > abs(v)):
            break
        a = following
        total += a
    return sign * _exp(x / 2) * (_exp(x / 2) / math.sqrt(2 * math.pi * x) * total)


# -- operations --------------------------------------------------------------------------------------------------------


def _over_elements(function: Callable[..., float], nin: int) -> Callable[..., Any]:
    """A reference that computes in float64, one element after the other."""
    over = np.frompyfunc(lambda *xs: function(*map(float, xs)), nin, 1)
    return lambda *xs: np.asarray(over(*xs)).astype(xs[0].dtype)


def _special(
    name: str,
    nin: int,
    function: Callable[..., float],
    gradient: Callable[[Any, Any, Any], list[Any]] | None,
    doc: str,
    formula: str,
    *samples: tuple[float, float],
) -> _Elementwise:
    operands = ", ".join(f"{{{k}}}" for k in range(nin))
    return define(
        _Elementwise(
            name,
            nin,
            _over_elements(function, nin),
            f"isym_{name}{{f}}({operands})",
            _real_floating,
            gradient,
            doc=doc,
            formula=formula,
            samples=samples,
            support=_SUPPORT,
        )
    )


def _number(value: float, like: Any) -> Any:
    return constant(np.asarray(value, dtype=like.type.dtype))


def _floats(x: Any) -> bool:
    return x.type.dtype in CONTINUOUS


erfcx = _special(
    "erfcx",
    1,
    erfcx_,
    lambda inputs, y, g: [g * (_number(2, y) * inputs[0] * y - _number(2 / ROOT_PI, y))],
    "The complementary error function scaled by exp(x²), so that it does not vanish for large x.",
    "exp(x²) erfc(x)",
    (-2.0, 12.0),
)
erfinv = _special(
    "erfinv",
    1,
    erfinv_,
    lambda inputs, y, g: [g * _number(ROOT_PI / 2, y) * call("exp", call("sqr", y))],
    "The inverse of the error function, on [-1, 1].",
    "erf⁻¹(x)",
    (-0.9, 0.9),
)
erfcinv = _special(
    "erfcinv",
    1,
    erfcinv_,
    lambda inputs, y, g: [g * _number(-ROOT_PI / 2, y) * call("exp", call("sqr", y))],
    "The inverse of the complementary error function, on [0, 2].",
    "erfc⁻¹(x)",
    (0.1, 1.9),
)


def _density(k: Any, x: Any, y: Any) -> Any:
    """dP/dx = xᵏ⁻¹ e⁻ˣ / Γ(k)."""
    return call("exp", (k - _number(1, y)) * call("log", x) - x - call("gammaln", k))


def _by_order(x: Any, name: str) -> Any:
    """The cotangent of an order: there is no derivative; none is needed for constants and integers."""
    if isinstance(x, Constant) or x.type.dtype in DISCRETE:
        return None
    return call("undefined", f"the derivative of {name} with respect to its order is not among the operations")


polygamma: _Elementwise = _special(
    "polygamma",
    2,
    polygamma_,
    lambda inputs, y, g: [
        _by_order(inputs[0], "polygamma"),
        g * polygamma(inputs[0] + 1, inputs[1]),
    ],
    "The derivative of `psi` of the order that the first operand says; NaN where that is no integer from 0 to 10000.",
    "dˣ⁺¹ log Γ(y) / dyˣ⁺¹",
    (2.0, 2.0),
    (0.5, 4.0),
)
gamma_density_by_order: _Elementwise = _special(
    "gamma_density_by_order",
    3,
    gamma_density_by_order_,
    lambda inputs, y, g: [
        _by_order(inputs[0], "gamma_density_by_order"),
        g * gamma_density_by_order(inputs[0] + 1, inputs[1], inputs[2]),
        g
        * (
            ((inputs[1] - 1) / inputs[2] - 1) * y
            + inputs[0] / inputs[2] * gamma_density_by_order(inputs[0] - 1, inputs[1], inputs[2])
        ),
    ],
    "The derivative of the gamma distribution's density by its parameter, of the order that the first operand says.",
    "∂ˣ (zʸ⁻¹ e⁻ᶻ / Γ(y)) / ∂yˣ",
    (2.0, 2.0),
    (0.5, 4.0),
    (0.5, 6.0),
)
gammainc_by_order: _Elementwise = _special(
    "gammainc_by_order",
    3,
    gammainc_by_order_,
    lambda inputs, y, g: [
        _by_order(inputs[0], "gammainc_by_order"),
        g * gammainc_by_order(inputs[0] + 1, inputs[1], inputs[2]),
        g * gamma_density_by_order(inputs[0], inputs[1], inputs[2]),
    ],
    f"The derivative of `gammainc` by its order, of the order that the first operand says, at most {_HIGHEST}; NaN "
    "where another operand exceeds 10⁷.",
    "∂ˣ P(y, z) / ∂yˣ",
    (2.0, 2.0),
    (0.5, 4.0),
    (0.5, 6.0),
)
gammainc_der = _special(
    "gammainc_der",
    2,
    lambda k, x: gammainc_by_order_(1.0, k, x),
    lambda inputs, y, g: [
        g * gammainc_by_order(2, *inputs) if _floats(inputs[0]) else None,
        g * gamma_density_by_order(1, *inputs),
    ],
    "The derivative of `gammainc` with respect to its first operand; NaN where an operand exceeds 10⁷.",
    "∂P(x, y)/∂x",
    (0.5, 4.0),
    (0.5, 6.0),
)
gammainc = _special(
    "gammainc",
    2,
    gammainc_,
    lambda inputs, y, g: [
        g * gammainc_der(*inputs) if _floats(inputs[0]) else None,
        g * _density(inputs[0], inputs[1], y),
    ],
    "The regularised lower incomplete gamma function.",
    "1/Γ(x) ∫₀ʸ tˣ⁻¹ e⁻ᵗ dt",
    (0.5, 4.0),
    (0.5, 6.0),
)
gammaincc = _special(
    "gammaincc",
    2,
    gammaincc_,
    lambda inputs, y, g: [
        -g * gammainc_der(*inputs) if _floats(inputs[0]) else None,
        -g * _density(inputs[0], inputs[1], y),
    ],
    "The regularised upper incomplete gamma function.",
    "1/Γ(x) ∫ᵧ^∞ tˣ⁻¹ e⁻ᵗ dt",
    (0.5, 4.0),
    (0.5, 6.0),
)


jv: _Elementwise = _special(
    "jv",
    2,
    jv_,
    lambda inputs, y, g: [
        _by_order(inputs[0], "jv"),
        g * _number(0.5, y) * (jv(inputs[0] - 1, inputs[1]) - jv(inputs[0] + 1, inputs[1])),
    ],
    "The Bessel function of the first kind; the first operand is the order.",
    "Jₓ(y)",
    (0.5, 4.0),
    (0.5, 9.0),
)
iv: _Elementwise = _special(
    "iv",
    2,
    iv_,
    lambda inputs, y, g: [
        _by_order(inputs[0], "iv"),
        g * _number(0.5, y) * (iv(inputs[0] - 1, inputs[1]) + iv(inputs[0] + 1, inputs[1])),
    ],
    "The modified Bessel function of the first kind; the first operand is the order.",
    "Iₓ(y)",
    (0.5, 4.0),
    (0.5, 9.0),
)
j1: _Elementwise = _special(
    "j1",
    1,
    lambda x: jv_(1.0, x),
    lambda inputs, y, g: [g * _number(0.5, y) * (j0(inputs[0]) - jv(constant(2), inputs[0]))],
    "The Bessel function of the first kind of order 1.",
    "J₁(x)",
    (-9.0, 9.0),
)
j0: _Elementwise = _special(
    "j0",
    1,
    lambda x: jv_(0.0, x),
    lambda inputs, y, g: [-g * j1(inputs[0])],
    "The Bessel function of the first kind of order 0.",
    "J₀(x)",
    (-9.0, 9.0),
)
i1: _Elementwise = _special(
    "i1",
    1,
    lambda x: iv_(1.0, x),
    lambda inputs, y, g: [g * _number(0.5, y) * (i0(inputs[0]) + iv(constant(2), inputs[0]))],
    "The modified Bessel function of the first kind of order 1.",
    "I₁(x)",
    (-9.0, 9.0),
)
i0: _Elementwise = _special(
    "i0",
    1,
    lambda x: iv_(0.0, x),
    lambda inputs, y, g: [g * i1(inputs[0])],
    "The modified Bessel function of the first kind of order 0.",
    "I₀(x)",
    (-9.0, 9.0),
)


@public
def gammau(k: Any, x: Any) -> Any:
    """The upper incomplete gamma function `∫ₓ^∞ tᵏ⁻¹ e⁻ᵗ dt`.

    Args:
        k, x: tensors or numbers above 0; `gammaincc` is this divided by `gamma(k)`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> round(float(T.gammau(1.0, 2.0).eval()), 4)
        0.1353
    """
    return gammaincc(k, x) * call("gamma", k)


@public
def gammal(k: Any, x: Any) -> Any:
    """The lower incomplete gamma function `∫₀ˣ tᵏ⁻¹ e⁻ᵗ dt`.

    Args:
        k, x: tensors or numbers above 0; `gammainc` is this divided by `gamma(k)`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> round(float(T.gammal(1.0, 2.0).eval()), 4)
        0.8647
    """
    return gammainc(k, x) * call("gamma", k)


@public
def chi2sf(x: Any, k: Any) -> Any:
    """The probability that a chi-squared variable of `k` degrees of freedom exceeds `x`: `Q(k/2, x/2)`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> round(float(T.chi2sf(2.0, 2.0).eval()), 4)
        0.3679
    """
    x, k = as_tensor_variable(x), as_tensor_variable(k)
    return gammaincc(call("true_div", k, 2), call("true_div", x, 2))
