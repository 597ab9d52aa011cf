"""Vector mathematics in compiled loops: within 4 units in the last place, and right where there is no number.

References are computed with wider numbers: float64 for float32, x87's 80 bits for float64 where the machine has them.
"""

import math

import numpy as np
import pytest

import interactive_sym as isym
import interactive_sym.tensor as T

WIDE = {"float32": np.float64, "float64": np.longdouble}
ULPS = 4


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def softplus(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0) + np.log1p(np.exp(-abs(x)))


def erf(x: np.ndarray) -> np.ndarray:
    """The C library's, good to a unit in float64's last place."""
    return np.array([math.erf(value) for value in x.astype(float)], dtype=x.dtype)


# name: (T's function, reference, lowest and highest argument)
UNARY = {
    "exp": (T.exp, np.exp, -80, 80),
    "log": (T.log, np.log, 1e-30, 1e30),
    "log1p": (T.log1p, np.log1p, -0.999, 1e4),
    "expm1": (T.expm1, np.expm1, -40, 80),
    "tanh": (T.tanh, np.tanh, -12, 12),
    "sin": (T.sin, np.sin, -1000, 1000),
    "cos": (T.cos, np.cos, -1000, 1000),
    "erf": (T.erf, erf, -4, 4),
    # beyond these both give their limits, as the operation's documentation says
    "sigmoid": (T.nnet.sigmoid, sigmoid, -80, 14.9),
    "softplus": (T.nnet.softplus, softplus, -80, 13.9),
}


def samples(low: float, high: float, dtype: str) -> np.ndarray:
    """Arguments over the whole range, dense at zero, and of any exponent where both signs are allowed."""
    rng = np.random.RandomState(3)
    even = rng.uniform(low, high, 6000)
    around = rng.normal(0, 1, 3000)
    tiny = rng.normal(0, 1, 1000) * 10.0 ** rng.uniform(-30, 0, 1000)
    drawn = np.concatenate([even, around, tiny])
    return drawn[(drawn >= low) & (drawn <= high)].astype(dtype)


def distance(got: np.ndarray, wanted: np.ndarray) -> float:
    """The largest error in units of the last place of the results."""
    unit = np.spacing(np.abs(wanted.astype(got.dtype)))
    return float(np.max(np.abs(got.astype(wanted.dtype) - wanted) / unit))


@pytest.mark.parametrize("dtype", WIDE)
def test_functions_of_one_argument(dtype: str) -> None:
    names = list(UNARY)
    arguments = [T.vector(name, dtype=dtype) for name in names]
    f = isym.function(arguments, [UNARY[name][0](v) for name, v in zip(names, arguments)])
    given = [samples(low, high, dtype) for _, _, low, high in UNARY.values()]
    for name, value, got in zip(names, given, f(*given)):
        wanted = UNARY[name][1](value.astype(WIDE[dtype]))
        assert got.dtype == dtype and distance(got, wanted) <= ULPS, name


@pytest.mark.parametrize("dtype", WIDE)
def test_powers(dtype: str) -> None:
    x, y = T.vector("x", dtype=dtype), T.vector("y", dtype=dtype)
    rng = np.random.RandomState(4)
    base, exponent = rng.uniform(1e-3, 1e3, 8000).astype(dtype), rng.uniform(-8, 8, 8000).astype(dtype)
    wide = WIDE[dtype]
    assert distance(isym.function([x, y], x**y)(base, exponent), base.astype(wide) ** exponent.astype(wide)) <= ULPS


@pytest.mark.parametrize("dtype", WIDE)
def test_infinities_nan_zeros_and_denormals(dtype: str) -> None:
    """In a loop long enough for vectors, each among ordinary numbers."""
    tiny = np.finfo(dtype).smallest_subnormal
    special = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, tiny, -tiny, np.finfo(dtype).tiny], dtype)
    value = np.full(64, 0.5, dtype)
    value[::8] = special
    x = T.vector("x", dtype=dtype)
    for name, (function, reference, _, _) in UNARY.items():
        got = isym.function([x], function(x))(value)
        with np.errstate(all="ignore"):
            wanted = reference(value.astype(WIDE[dtype])).astype(dtype)
        if name == "softplus":
            wanted[8:9] = 0  # log1p(exp(-inf)); the reference above forms inf - inf
        np.testing.assert_array_equal(np.isnan(got), np.isnan(wanted), err_msg=name)
        np.testing.assert_array_equal(np.signbit(got[got == 0]), np.signbit(wanted[got == 0]), err_msg=name)
        finite = np.isfinite(wanted)
        np.testing.assert_array_equal(
            got[~finite & ~np.isnan(wanted)], wanted[~finite & ~np.isnan(wanted)], err_msg=name
        )
        unit = np.maximum(np.spacing(np.abs(wanted[finite])), tiny)
        assert np.max(np.abs(got[finite] - wanted[finite]) / unit) <= ULPS, name


@pytest.mark.parametrize("dtype", WIDE)
def test_exp_from_nothing_to_overflow(dtype: str) -> None:
    """Every exponent of the result, denormal ones too, and the arguments next to where it vanishes or overflows."""
    numbers = np.finfo(dtype)
    low, high = np.log(float(numbers.smallest_subnormal)), np.log(float(numbers.max))
    edges = np.array([low - np.log(2), low, np.log(float(numbers.tiny)), high], dtype)
    near = np.concatenate([edges + step * np.spacing(edges) for step in range(-4, 5)])
    far = np.array([-1e5, -3e3, 3e3, 1e5, numbers.min, numbers.max], dtype)
    value = np.concatenate([np.linspace(low - 2, high + 1, 40_000), near, far]).astype(dtype)
    x = T.vector("x", dtype=dtype)
    got = isym.function([x], T.exp(x))(value)
    with np.errstate(all="ignore"):
        wanted = np.exp(value.astype(WIDE[dtype]))
        rounded = wanted.astype(dtype)
    finite = np.isfinite(rounded) & np.isfinite(got)
    np.testing.assert_array_less(numbers.max * (1 - numbers.eps * ULPS), np.maximum(got, rounded)[~finite])
    unit = np.maximum(np.spacing(rounded[finite]), numbers.smallest_subnormal).astype(WIDE[dtype])
    assert np.max(np.abs(got[finite].astype(WIDE[dtype]) - wanted[finite]) / unit) <= 2
    np.testing.assert_array_equal(got[-6:], rounded[-6:])


@pytest.mark.parametrize("dtype", WIDE)
def test_one_number_is_computed_as_in_a_loop(dtype: str) -> None:
    x, y = T.vector("x", dtype=dtype), T.scalar("y", dtype=dtype)
    value = np.linspace(-20, 20, 64).astype(dtype)
    many, one = isym.function([x], T.exp(x)), isym.function([y], T.exp(y))
    np.testing.assert_array_equal(many(value), [one(v) for v in value])
