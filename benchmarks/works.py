"""The pieces of work that are measured: their data, and their formulas, each written once for all libraries.

A formula is made for the vocabulary `m` of a library (`peers.py`): functions with NumPy's names on that library's
arrays or symbols. Shapes and dtypes stand in the names of the works.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Arrays = tuple[Any, ...]
Formula = Callable[..., Any]

RATE, DECAY = 0.1, 0.01


@dataclass(frozen=True)
class Work:
    """Arrays in, arrays out.

    Attributes:
        data: makes the arguments.
        formula: for a vocabulary, the function of the arguments; a gradient in it is written by hand.
        loss: the function whose value and gradient by the first argument `formula` gives, for libraries that
            differentiate.
        elementwise: one line of numexpr over the arguments' names `a`, `b`, ..., where the work is elementwise.
        compared: whether results are compared with NumPy's (random ones are not).
    """

    data: Callable[[], Arrays]
    formula: Callable[[Any], Formula]
    loss: Callable[[Any], Formula] | None = None
    elementwise: str | None = None
    compared: bool = True


@dataclass(frozen=True)
class Training:
    """Steps of gradient descent.

    Attributes:
        data: makes the arguments of a step.
        state: makes the parameters.
        loss: for a vocabulary, (parameters, *arguments) -> (cost, outputs).
        step: the same by hand, (parameters, *arguments) -> (outputs, new parameters), for libraries without gradients.
    """

    data: Callable[[], Arrays]
    state: Callable[[], Arrays]
    loss: Callable[[Any], Formula]
    step: Callable[[Any], Formula]
    compared: bool = field(default=True, init=False)


def uniform(*shape: int, dtype: str = "float64", low: float = -3, high: float = 3, seed: int = 1) -> np.ndarray:
    """Numbers between the bounds."""
    return np.random.RandomState(seed).uniform(low, high, shape).astype(dtype)


# ---- elementwise chains


def logistic(m: Any) -> Formula:
    """1 / (1 + exp(-x))."""

    def formula(x: Any) -> Any:
        return 1 / (1 + m.exp(-x))

    return formula


def polynomial(m: Any) -> Formula:
    """A polynomial of degree six by Horner's scheme."""

    def formula(x: Any) -> Any:
        return 1 + x * (2 + x * (3 + x * (4 + x * (5 + x * (6 + x * 7)))))

    return formula


def black_scholes(m: Any) -> Formula:
    """Price of a European call: S N(d1) - K exp(-r t) N(d2), rate 1/32, volatility 1/4."""
    rate, volatility, root = m.number(1 / 32), m.number(0.25), m.number(math.sqrt(0.5))
    half, drift = m.number(0.5), m.number(1 / 32 + 0.25**2 / 2)

    def formula(price: Any, strike: Any, years: Any) -> Any:
        spread = volatility * m.sqrt(years)
        d1 = (m.log(price / strike) + drift * years) / spread
        d2 = d1 - spread
        n1, n2 = half * (1 + m.erf(d1 * root)), half * (1 + m.erf(d2 * root))
        return price * n1 - strike * m.exp(-rate * years) * n2

    return formula


def options(n: int) -> Arrays:
    """Prices, strikes and years of n options."""
    bounds = ((5.0, 30.0), (1.0, 100.0), (0.25, 10.0))
    return tuple(uniform(n, low=low, high=high, seed=seed) for seed, (low, high) in enumerate(bounds))


def broadcast(m: Any) -> Formula:
    """A matrix scaled by a column and moved by a row."""

    def formula(x: Any, column: Any, row: Any) -> Any:
        return x * column + row

    return formula


# ---- reductions, products, indexing, loops, convolution


def reduction(kind: str, axis: int | None) -> Callable[[Any], Formula]:
    """`sum`, `mean` or `var` along an axis."""

    def made(m: Any) -> Formula:
        function = getattr(m, kind)

        def formula(x: Any) -> Any:
            return function(x, axis)

        return formula

    return made


def product(m: Any) -> Formula:
    """Matrix product."""

    def formula(x: Any, y: Any) -> Any:
        return m.dot(x, y)

    return formula


def total(m: Any) -> Formula:
    """a + b."""

    def formula(a: Any, b: Any) -> Any:
        return a + b

    return formula


def gather(m: Any) -> Formula:
    """Rows of a table."""

    def formula(table: Any, index: Any) -> Any:
        return table[index]

    return formula


def scatter(m: Any) -> Formula:
    """Rows added to a table; a row chosen twice grows twice."""

    def formula(table: Any, index: Any, rows: Any) -> Any:
        return m.add_at(table, index, rows)

    return formula


def recurrence(m: Any) -> Formula:
    """h[t] = tanh(dot(W, h[t - 1]) + u[t]), all h."""

    def formula(u: Any, first: Any, weights: Any) -> Any:
        return m.scan(lambda x, h: m.tanh(m.dot(weights, h) + x), u, first)

    return formula


def filtered(m: Any) -> Formula:
    """h[t] = 0.9 h[t - 1] + u[t], all h."""
    kept = m.number(0.9)

    def formula(u: Any, first: Any) -> Any:
        return m.scan(lambda x, h: kept * h + x, u, first)

    return formula


def convolution(m: Any) -> Formula:
    """Correlation of images with filters, without padding."""

    def formula(images: Any, filters: Any) -> Any:
        return m.conv2d(images, filters)

    return formula


def dropout(m: Any) -> Formula:
    """Half of the entries set to zero, the others doubled."""

    def formula(x: Any) -> Any:
        return x * m.coins(x) * 2

    return formula


def uniforms(m: Any) -> Formula:
    """Numbers of a stream in [0, 1), as many as `x` has."""
    return lambda x: m.uniforms(x)  # type: ignore[no-any-return]


def normals(m: Any) -> Formula:
    """Normal numbers of a stream, as many as `x` has."""
    return lambda x: m.normals(x)  # type: ignore[no-any-return]


def softmax_cost(m: Any) -> Formula:
    """Mean cross-entropy of softmax(z) with classes t."""

    def formula(z: Any, t: Any) -> Any:
        return -m.mean(m.pick(m.log_softmax(z), t), None)

    return formula


def softmax_cost_and_gradient(m: Any) -> Formula:
    """`softmax_cost` and its gradient by z: (softmax(z) - one_hot(t)) / n."""

    def formula(z: Any, t: Any) -> Any:
        logs = m.log_softmax(z)
        return -m.mean(m.pick(logs, t), None), (m.exp(logs) - m.one_hot(t, z)) / z.shape[0]

    return formula


# ---- training


def regression_data(n: int, features: int, dtype: str) -> Arrays:
    """Inputs (n, features) and targets (n,) of 0 and 1."""
    rng = np.random.RandomState(0)
    return rng.randn(n, features).astype(dtype), rng.randint(size=n, low=0, high=2).astype(dtype)


def regression_state(features: int, dtype: str) -> Arrays:
    """Weights small enough for formulas that overflow, and a bias."""
    return (0.01 * np.random.RandomState(2).randn(features)).astype(dtype), np.zeros((), dtype)


def regression_loss(m: Any) -> Formula:
    """Logistic regression's cost; outputs prediction and cross-entropy."""
    decay, half = m.number(DECAY), m.number(0.5)

    def loss(state: Any, x: Any, y: Any) -> Any:
        w, b = state
        p = 1 / (1 + m.exp(-m.dot(x, w) - b))
        xent = -y * m.log(p) - (1 - y) * m.log(1 - p)
        return m.mean(xent, None) + decay * m.sum(w**2, None), (p > half, xent)

    return loss


def regression_step(m: Any) -> Formula:
    """One step of `regression_loss` with the gradient by hand."""
    rate, decay, half = m.number(RATE), m.number(2 * DECAY), m.number(0.5)

    def step(state: Any, x: Any, y: Any) -> Any:
        w, b = state
        p = 1 / (1 + m.exp(-m.dot(x, w) - b))
        xent = -y * m.log(p) - (1 - y) * m.log(1 - p)
        g = (p - y) / x.shape[0]
        return (p > half, xent), (w - rate * (m.dot(x.T, g) + decay * w), b - rate * m.sum(g, None))

    return step


def network_data(batch: int) -> Arrays:
    """Images (batch, 784) and classes (batch,)."""
    rng = np.random.RandomState(3)
    return rng.uniform(0, 1, (batch, 784)), rng.randint(0, 10, batch)


def network_state() -> Arrays:
    """Weights and biases of the layers 784-500-10."""
    rng = np.random.RandomState(4)
    return rng.uniform(-0.07, 0.07, (784, 500)), np.zeros(500), rng.uniform(-0.1, 0.1, (500, 10)), np.zeros(10)


def network_loss(m: Any) -> Formula:
    """Mean cross-entropy of softmax(tanh(x W1 + b1) W2 + b2)."""

    def loss(state: Any, x: Any, t: Any) -> Any:
        w1, b1, w2, b2 = state
        scores = m.dot(m.tanh(m.dot(x, w1) + b1), w2) + b2
        cost = -m.mean(m.pick(m.log_softmax(scores), t), None)
        return cost, (cost,)

    return loss


def network_step(m: Any) -> Formula:
    """One step of `network_loss` with the gradients by hand."""

    def step(state: Any, x: Any, t: Any) -> Any:
        w1, b1, w2, b2 = state
        h = m.tanh(m.dot(x, w1) + b1)
        logs = m.log_softmax(m.dot(h, w2) + b2)
        g2 = (m.exp(logs) - m.one_hot(t, logs)) / x.shape[0]
        g1 = m.dot(g2, w2.T) * (1 - h * h)
        gradients = (m.dot(x.T, g1), m.sum(g1, 0), m.dot(h.T, g2), m.sum(g2, 0))
        new = tuple(parameter - RATE * g for parameter, g in zip(state, gradients, strict=True))
        return (-m.mean(m.pick(logs, t), None),), new

    return step


# ---- the list

TRAIN = "train step, 400 x 784"
LOGISTIC = "logistic, 1000 x 1000"
NUMBERS = "f(33, 2), Python numbers"
COPY = "limit: copy of 10^6"
PRODUCT = "product, 1000 x 1000"

WORKS: dict[str, Work | Training] = {}


def _regression(name: str, n: int, features: int, dtype: str) -> None:
    WORKS[name] = Training(
        lambda: regression_data(n, features, dtype),
        lambda: regression_state(features, dtype),
        regression_loss,
        regression_step,
    )


def _network(batch: int) -> None:
    WORKS[f"network 784-500-10, batch {batch}"] = Training(
        lambda: network_data(batch), network_state, network_loss, network_step
    )


def _chains(n: int, label: str) -> None:
    poly = "1 + a * (2 + a * (3 + a * (4 + a * (5 + a * (6 + a * 7)))))"
    WORKS[f"logistic, {label}"] = Work(lambda: (uniform(n),), logistic, elementwise="1 / (1 + exp(-a))")
    WORKS[f"polynomial, {label}"] = Work(lambda: (uniform(n),), polynomial, elementwise=poly)
    WORKS[f"Black-Scholes, {label}"] = Work(lambda: options(n), black_scholes)


_regression(TRAIN, 400, 784, "float64")
WORKS[LOGISTIC] = Work(lambda: (uniform(1000, 1000),), logistic, elementwise="1 / (1 + exp(-a))")
WORKS[NUMBERS] = Work(lambda: (33, 2), total)
WORKS["f(a, b), 0-d arrays"] = Work(lambda: (np.array(33.0), np.array(2.0)), total)
WORKS["logistic, 2 x 2"] = Work(lambda: (uniform(2, 2),), logistic, elementwise="1 / (1 + exp(-a))")
_regression("train step, 400 x 784, float32", 400, 784, "float32")
for _dtype in ("float64", "float32"):
    _regression(f"train step, 10^5 x 100, {_dtype}", 100_000, 100, _dtype)
    _regression(f"train step, 10^4 x 1000, {_dtype}", 10_000, 1000, _dtype)
WORKS["logistic, 1000 x 1000, float32"] = Work(
    lambda: (uniform(1000, 1000, dtype="float32"),), logistic, elementwise="1 / (1 + exp(-a))"
)
for _n, _label in ((100, "10^2"), (10_000, "10^4"), (1_000_000, "10^6"), (10_000_000, "10^7")):
    _chains(_n, _label)
for _kind in ("sum", "mean", "var"):
    for _axis in (0, 1, None):
        WORKS[f"{_kind}, axis {_axis}, 1000 x 1000"] = Work(lambda: (uniform(1000, 1000),), reduction(_kind, _axis))
WORKS["matrix * column + row, 1000 x 1000"] = Work(
    lambda: (uniform(1000, 1000), uniform(1000, 1, seed=2), uniform(1, 1000, seed=3)),
    broadcast,
    elementwise="a * b + c",
)
WORKS["softmax cross-entropy, gradient, 512 x 1000"] = Work(
    lambda: (uniform(512, 1000), np.random.RandomState(5).randint(0, 1000, 512)),
    softmax_cost_and_gradient,
    softmax_cost,
)
for _batch in (20, 128, 1024):
    _network(_batch)
WORKS["dropout, 1000 x 1000"] = Work(lambda: (uniform(1000, 1000),), dropout, compared=False)
for _n, _label in ((10, "10"), (1_000_000, "10^6")):
    WORKS[f"{_label} uniform numbers"] = Work(lambda n=_n: (uniform(n),), uniforms, compared=False)
    WORKS[f"{_label} normal numbers"] = Work(lambda n=_n: (uniform(n),), normals, compared=False)
WORKS["scan, 10^4 steps of a number"] = Work(lambda: (uniform(10_000), np.zeros(())), filtered)
WORKS["scan, 1000 steps of dot(32 x 32)"] = Work(
    lambda: (uniform(1000, 32), np.zeros(32), uniform(32, 32, low=-0.2, high=0.2)), recurrence
)
WORKS["rows[index], 10^5 of 10^4 x 64"] = Work(
    lambda: (uniform(10_000, 64), np.random.RandomState(6).randint(0, 10_000, 100_000)), gather
)
WORKS["rows added at index, 10^4 to 10^4 x 64"] = Work(
    lambda: (uniform(10_000, 64), np.random.RandomState(6).randint(0, 10_000, 10_000), uniform(10_000, 64, seed=7)),
    scatter,
)
WORKS["convolution, 16 x 8 x 32 x 32 with 16 filters 3 x 3"] = Work(
    lambda: (uniform(16, 8, 32, 32), uniform(16, 8, 3, 3, seed=8)), convolution
)
WORKS[PRODUCT] = Work(lambda: (uniform(1000, 1000), uniform(1000, 1000, seed=2)), product)
WORKS[COPY] = Work(lambda: (uniform(1_000_000),), lambda m: m.copy)

CHAINS = {f"chain of {n} operations": n for n in (10, 100, 1000, 10_000)}
"""Compilation alone: vectors of 100 through so many operations."""


def chain(m: Any, n: int) -> Formula:
    """n elementwise operations in turn; none can be left out."""
    turns = (m.tanh, lambda x: x * x, lambda x: x + 0.5, m.exp, lambda x: 1 / (1 + x))

    def formula(x: Any) -> Any:
        for k in range(n):
            x = turns[k % len(turns)](x)
        return x

    return formula
