"""The same few pieces of work, written for each library as its users would, in float64.

`PEERS[name]()` imports a library and returns its `Peer`. Each entry of `Peer.work` builds a callable without arguments
that does one unit of the work named by its key; building includes compilation and the first call, so that it can be
timed as well.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

Unit = Callable[[], object]

TRAIN = "train step, 400 x 784"
LOGISTIC = "logistic, 1000 x 1000"
NUMBERS = "f(33, 2), Python numbers"
ARRAYS = "f(a, b), 0-d arrays"
SMALL = "logistic, 2 x 2"
WORKS = (TRAIN, LOGISTIC, NUMBERS, ARRAYS, SMALL)

RATE, DECAY = 0.1, 0.01


@dataclass(frozen=True)
class Peer:
    """A library's version and its way to do each piece of work."""

    version: str
    work: dict[str, Callable[[], Unit]]


def training_data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs (400, 784), targets (400,) of 0 and 1, first weights (784,), small enough for formulas that overflow."""
    rng = np.random.RandomState(0)
    return rng.randn(400, 784), rng.randint(size=400, low=0, high=2).astype("float64"), 0.01 * rng.randn(784)


def square(n: int) -> np.ndarray:
    """Numbers between -3 and 3, (n, n)."""
    return np.random.RandomState(1).uniform(-3, 3, (n, n))


def first_call(call: Unit) -> Unit:
    """The callable, after it has run once."""
    call()
    return call


def graphs(package: Any, tensor: Any, trusted: bool, **options: Any) -> dict[str, Callable[[], Unit]]:
    """The work for the libraries that speak in symbolic variables, `function` and `shared`."""

    def compiled(inputs: list[Any], outputs: Any, **more: Any) -> Any:
        f = package.function(inputs, outputs, **options, **more)
        if trusted:
            f.trust_input = True
        return f

    def train() -> Unit:
        data, targets, weights = training_data()
        x, y = tensor.dmatrix("x"), tensor.dvector("y")
        w, b = package.shared(weights, name="w"), package.shared(0.0, name="b")
        p = 1 / (1 + tensor.exp(-tensor.dot(x, w) - b))
        xent = -y * tensor.log(p) - (1 - y) * tensor.log(1 - p)
        cost = xent.mean() + DECAY * (w**2).sum()
        gw, gb = tensor.grad(cost, [w, b])
        f = compiled([x, y], [p > 0.5, xent], updates=[(w, w - RATE * gw), (b, b - RATE * gb)])
        return first_call(lambda: f(data, targets))

    def logistic(n: int) -> Callable[[], Unit]:
        def build() -> Unit:
            value = square(n)
            x = tensor.dmatrix("x")
            f = compiled([x], 1 / (1 + tensor.exp(-x)))
            return first_call(lambda: f(value))

        return build

    def add(first: Any, second: Any, arrays: bool) -> Callable[[], Unit]:
        def build() -> Unit:
            x, y = tensor.dscalar("x"), tensor.dscalar("y")
            f = compiled([x, y], x + y) if arrays else package.function([x, y], x + y, **options)
            return first_call(lambda: f(first, second))

        return build

    return {
        TRAIN: train,
        LOGISTIC: logistic(1000),
        NUMBERS: add(33, 2, arrays=False),
        ARRAYS: add(np.array(33.0), np.array(2.0), arrays=True),
        SMALL: logistic(2),
    }


def numpy_step(x: Any, y: Any, w: Any, b: Any) -> tuple[Any, ...]:
    """The train step with its gradient by hand: prediction, cross-entropy, new weights, new bias."""
    p = 1 / (1 + np.exp(-np.dot(x, w) - b))
    xent = -y * np.log(p) - (1 - y) * np.log(1 - p)
    g = (p - y) / x.shape[0]
    return p > 0.5, xent, w - RATE * (np.dot(g, x) + 2 * DECAY * w), b - RATE * g.sum()


def numpy_logistic(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def sum_of_two(a: Any, b: Any) -> Any:
    """a + b."""
    return a + b


def array_functions(
    step: Callable[..., Any], logistic: Callable[..., Any], add: Callable[..., Any] | None
) -> dict[str, Callable[[], Unit]]:
    """The work for libraries whose compiled functions take and give NumPy arrays."""

    def train() -> Unit:
        x, y, w = training_data()
        state = [w, 0.0]

        def once() -> object:
            prediction, xent, state[0], state[1] = step(x, y, *state)
            return prediction, xent

        return first_call(once)

    def on(function: Callable[..., Any], *values: Any) -> Callable[[], Unit]:
        return lambda: first_call(lambda: function(*values))

    work = {TRAIN: train, LOGISTIC: on(logistic, square(1000)), SMALL: on(logistic, square(2))}
    if add is not None:
        work |= {NUMBERS: on(add, 33, 2), ARRAYS: on(add, np.array(33.0), np.array(2.0))}
    return work


def ours() -> Peer:
    import interactive_sym
    import interactive_sym.tensor

    return Peer(version("interactive-sym"), graphs(interactive_sym, interactive_sym.tensor, trusted=False))


def numpy() -> Peer:
    return Peer(np.__version__, array_functions(numpy_step, numpy_logistic, np.add))


def pytensor(mode: str) -> Peer:
    import pytensor as package
    import pytensor.tensor

    return Peer(package.__version__, graphs(package, pytensor.tensor, trusted=True, mode=mode))


def jax() -> Peer:
    import jax as package
    import jax.numpy as jnp

    package.config.update("jax_enable_x64", True)

    def loss(parameters: Any, x: Any, y: Any) -> Any:
        w, b = parameters
        p = 1 / (1 + jnp.exp(-jnp.dot(x, w) - b))
        xent = -y * jnp.log(p) - (1 - y) * jnp.log(1 - p)
        return xent.mean() + DECAY * (w**2).sum(), (p > 0.5, xent)

    @package.jit
    def step(parameters: Any, x: Any, y: Any) -> Any:
        (w, b), (gw, gb) = parameters, (gradients := package.grad(loss, has_aux=True)(parameters, x, y))[0]
        return (w - RATE * gw, b - RATE * gb), gradients[1]

    def train() -> Unit:
        x, y, w = (package.device_put(value) for value in training_data())
        state = [(w, package.device_put(0.0))]

        def once() -> object:
            state[0], outputs = step(state[0], x, y)
            return package.block_until_ready(outputs)

        return first_call(once)

    logistic = package.jit(lambda x: 1 / (1 + jnp.exp(-x)))
    add = package.jit(sum_of_two)
    work = array_functions(numpy_step, lambda x: np.asarray(logistic(x)), lambda a, b: np.asarray(add(a, b)))
    return Peer(package.__version__, work | {TRAIN: train})


def torch() -> Peer:
    import torch as package

    def step(x: Any, y: Any, w: Any, b: Any) -> Any:
        p = 1 / (1 + package.exp(-package.mv(x, w) - b))
        xent = -y * package.log(p) - (1 - y) * package.log(1 - p)
        g = (p - y) / x.shape[0]
        return p > 0.5, xent, w - RATE * (package.mv(x.T, g) + 2 * DECAY * w), b - RATE * g.sum()

    def train() -> Unit:
        x, y, w = (package.from_numpy(value) for value in training_data())
        state = [w, package.tensor(0.0, dtype=package.float64)]
        compiled = package.compile(step)

        def once() -> object:
            prediction, xent, state[0], state[1] = compiled(x, y, *state)
            return prediction, xent

        return first_call(once)

    logistic = package.compile(lambda x: 1 / (1 + package.exp(-x)))
    work = array_functions(numpy_step, lambda x: logistic(package.from_numpy(x)).numpy(), None)
    return Peer(package.__version__, work | {TRAIN: train})


def numba() -> Peer:
    import numba as package

    @package.njit(parallel=True)
    def logistic(x: Any) -> Any:
        out = np.empty_like(x)
        for row in package.prange(x.shape[0]):
            for column in range(x.shape[1]):
                out[row, column] = 1 / (1 + np.exp(-x[row, column]))
        return out

    return Peer(package.__version__, array_functions(package.njit(numpy_step), logistic, package.njit(sum_of_two)))


def numexpr() -> Peer:
    import numexpr as package

    def logistic(x: Any) -> Any:
        return package.evaluate("1 / (1 + exp(-x))", {"x": x})

    def step(x: Any, y: Any, w: Any, b: Any) -> tuple[Any, ...]:
        z = np.dot(x, w)
        p = package.evaluate("1 / (1 + exp(-z - b))", {"z": z, "b": b})
        xent = package.evaluate("-y * log(p) - (1 - y) * log(1 - p)", {"y": y, "p": p})
        g = (p - y) / x.shape[0]
        return p > 0.5, xent, w - RATE * (np.dot(g, x) + 2 * DECAY * w), b - RATE * g.sum()

    return Peer(package.__version__, array_functions(step, logistic, None))


PEERS: dict[str, Callable[[], Peer]] = {
    "interactive_sym": ours,
    "NumPy": numpy,
    "PyTensor (C)": lambda: pytensor("CVM"),
    "PyTensor (numba)": lambda: pytensor("NUMBA"),
    "JAX": jax,
    "torch.compile": torch,
    "numba": numba,
    "numexpr": numexpr,
}

MODULES = {
    "interactive_sym": "interactive_sym",
    "NumPy": "numpy",
    "PyTensor (C)": "pytensor",
    "PyTensor (numba)": "pytensor",
    "JAX": "jax",
    "torch.compile": "torch",
    "numba": "numba",
    "numexpr": "numexpr",
}
"""The module each peer imports."""
