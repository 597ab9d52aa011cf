"""The libraries: for each the words that formulas use, and how its users would compile and call the works.

`PEERS[name]()` imports a library and returns its `Peer`. `Peer.build(work)` gives a callable without arguments that
does one unit of the work; building includes compilation and the first call, so that it can be timed as well.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from . import scalar
from .works import CHAINS, NUMBERS, RATE, WORKS, Training, Work, chain, uniform

Unit = Callable[[], Any]
LIMIT = "one read"


class NotOffered(Exception):
    """A library has no such function, or its users would not do this with it."""


class Vocabulary:
    """Functions by NumPy's names; a name that is missing means that the work is not offered."""

    def __init__(self, **words: Any) -> None:
        self.__dict__.update(words)

    def __getattr__(self, name: str) -> Any:
        raise NotOffered(name)


@dataclass(frozen=True)
class Peer:
    """A library's version and its way to build a work."""

    version: str
    build: Callable[[str], Unit]


def arrays(given: Any) -> list[np.ndarray]:
    """The results of a unit, flat, as NumPy arrays."""
    if isinstance(given, list | tuple):
        return [part for value in given for part in arrays(value)]
    return [np.asarray(given)]


def first_call(call: Unit) -> Unit:
    """The callable, after it has run once."""
    call()
    return call


def stepping(step: Callable[..., Any], state: tuple[Any, ...], data: tuple[Any, ...]) -> Unit:
    """Calls `step(state, *data)` and keeps the new state."""
    kept = [state]

    def once() -> Any:
        outputs, kept[0] = step(kept[0], *data)
        return outputs

    return first_call(once)


# ---- libraries with symbols: interactive_sym, PyTensor


def symbolic(package: Any, tensor: Any, words: dict[str, Any], trusted: bool, **options: Any) -> Callable[[str], Unit]:
    """`build` for the libraries that speak in symbolic variables, `function` and `shared`."""

    def vocabulary(dtype: str) -> Vocabulary:
        return Vocabulary(
            number=np.dtype(dtype).type,
            exp=tensor.exp,
            log=tensor.log,
            sqrt=tensor.sqrt,
            tanh=tensor.tanh,
            erf=tensor.erf,
            dot=tensor.dot,
            sum=lambda x, axis: x.sum(axis=axis),
            mean=lambda x, axis: x.mean(axis=axis),
            var=lambda x, axis: x.var(axis=axis),
            pick=lambda x, index: x[tensor.arange(x.shape[0]), index],
            add_at=lambda x, index, y: tensor.inc_subtensor(x[index], y),
            **words,
        )

    def symbol(value: Any) -> Any:
        value = np.asarray(value)
        return tensor.TensorType(value.dtype.name, tuple(1 if size == 1 else None for size in value.shape))()

    def compiled(inputs: list[Any], outputs: Any, trust: bool = trusted, **more: Any) -> Any:
        f = package.function(inputs, outputs, **options, **more)
        if trust:
            f.trust_input = True
        return f

    def build(name: str) -> Unit:
        if name in CHAINS:
            x = tensor.dvector("x")
            f, value = compiled([x], chain(vocabulary("float64"), CHAINS[name])(x)), uniform(100)
            return first_call(lambda: f(value))
        work = WORKS[name]
        data = work.data()
        if name == NUMBERS:
            x, y = tensor.dscalars("x", "y")
            f = compiled([x, y], x + y, trust=False)
            return first_call(lambda: f(33, 2))
        m, inputs = vocabulary(data[0].dtype.name), [symbol(value) for value in data]
        if isinstance(work, Training):
            state = [package.shared(value) for value in work.state()]
            cost, outputs = work.loss(m)(state, *inputs)
            rate = m.number(RATE)
            updates = [(p, p - rate * g) for p, g in zip(state, tensor.grad(cost, state), strict=True)]
            f = compiled(inputs, list(outputs), updates=updates)
        elif work.loss is not None:
            cost = work.loss(m)(*inputs)
            f = compiled(inputs, [cost, tensor.grad(cost, inputs[0])])
        else:
            f = compiled(inputs, work.formula(m)(*inputs))
        return first_call(lambda: f(*data))

    return build


def ours() -> Peer:
    import interactive_sym
    import interactive_sym.tensor as tensor
    from interactive_sym.tensor.rng_mrg import MRG_RandomStreams
    from interactive_sym.tensor.shared_randomstreams import RandomStreams

    words = {
        "log_softmax": tensor.nnet.logsoftmax,
        "conv2d": lambda x, w: tensor.nnet.conv2d(x, w, filter_flip=False),
        "coins": lambda x: MRG_RandomStreams(1).binomial(size=x.shape, p=0.5, dtype=x.dtype),
        "uniforms": lambda x: RandomStreams(1).uniform(x.shape),
        "normals": lambda x: RandomStreams(1).normal(x.shape),
        "scan": lambda step, xs, first: interactive_sym.scan(step, sequences=xs, outputs_info=first)[0],
    }
    return Peer(version("interactive-sym"), symbolic(interactive_sym, tensor, words, trusted=False))


def pytensor(mode: str) -> Peer:
    import pytensor as package
    import pytensor.tensor as tensor
    from pytensor.tensor.random.utils import RandomStream
    from pytensor.tensor.special import log_softmax

    words = {
        "log_softmax": lambda x: log_softmax(x, axis=-1),
        "coins": lambda x: RandomStream(1).binomial(1, 0.5, size=x.shape).astype(x.dtype),
        "uniforms": lambda x: RandomStream(1).uniform(0, 1, size=x.shape),
        "normals": lambda x: RandomStream(1).normal(0, 1, size=x.shape),
        "scan": lambda step, xs, first: package.scan(step, sequences=xs, outputs_info=first, return_updates=False),
    }
    return Peer(package.__version__, symbolic(package, tensor, words, trusted=True, mode=mode))


# ---- libraries with arrays


def conv2d_by_windows(images: Any, filters: Any) -> Any:
    """Correlation: windows as rows of a matrix, one matrix product."""
    windows = np.lib.stride_tricks.sliding_window_view(images, filters.shape[2:], axis=(2, 3))
    return np.tensordot(windows, filters, ((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)


def loop(step: Callable[..., Any], xs: Any, first: Any) -> Any:
    """A loop in Python over the first axis."""
    kept = np.empty((len(xs), *np.shape(first)))
    for k, x in enumerate(xs):
        kept[k] = first = step(x, first)
    return kept


def log_softmax(x: Any) -> Any:
    """x - log(sum(exp(x))) along rows, without overflow."""
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def add_at(x: Any, index: Any, rows: Any) -> Any:
    """x with rows added."""
    result = x.copy()
    np.add.at(result, index, rows)
    return result


def one_hot(index: Any, like: Any) -> Any:
    """Ones at the classes, in the shape of `like`."""
    hot = np.zeros_like(like)
    hot[np.arange(len(index)), index] = 1
    return hot


def numpy_words() -> dict[str, Any]:
    """NumPy's vocabulary; `erf` is SciPy's, where that is installed."""
    generator = np.random.default_rng(1)
    words = {
        "number": lambda value: value,
        "log_softmax": log_softmax,
        "pick": lambda x, index: x[np.arange(len(index)), index],
        "one_hot": one_hot,
        "add_at": add_at,
        "conv2d": conv2d_by_windows,
        "coins": lambda x: np.random.default_rng().random(x.shape) < 0.5,
        "uniforms": lambda x: generator.random(x.shape),
        "normals": lambda x: generator.standard_normal(x.shape),
        "scan": loop,
        "copy": np.copy,
    }
    words |= {name: getattr(np, name) for name in ("exp", "log", "sqrt", "tanh", "dot", "sum", "mean", "var")}
    try:
        from scipy.special import erf
    except ImportError:
        return words
    return words | {"erf": erf}


def numpy() -> Peer:
    m = Vocabulary(**numpy_words())

    def build(name: str) -> Unit:
        if name in CHAINS:
            raise NotOffered(name)
        work, data = WORKS[name], WORKS[name].data()
        if isinstance(work, Training):
            return stepping(work.step(m), work.state(), data)
        formula = np.add if name.startswith("f(") else work.formula(m)
        return first_call(lambda: formula(*data))

    return Peer(np.__version__, build)


def jax() -> Peer:
    import jax as package
    import jax.numpy as jnp

    package.config.update("jax_enable_x64", True)
    words = {name: getattr(jnp, name) for name in ("exp", "log", "sqrt", "tanh", "dot", "sum", "mean", "var")}
    m = Vocabulary(
        number=lambda value: value,
        erf=package.scipy.special.erf,
        log_softmax=package.nn.log_softmax,
        pick=lambda x, index: x[jnp.arange(x.shape[0]), index],
        add_at=lambda x, index, rows: x.at[index].add(rows),
        conv2d=lambda x, w: package.lax.conv(x, w, (1, 1), "VALID"),
        scan=lambda step, xs, first: package.lax.scan(lambda h, x: (step(x, h),) * 2, first, xs)[1],
        **words,
    )

    def training(work: Training) -> Unit:
        differentiated = package.value_and_grad(work.loss(m), has_aux=True)

        @package.jit
        def step(state: Any, *data: Any) -> Any:
            (_, outputs), gradients = differentiated(state, *data)
            return outputs, tuple(p - RATE * g for p, g in zip(state, gradients, strict=True))

        state, data = (tuple(map(package.device_put, values)) for values in (work.state(), work.data()))
        return stepping(lambda *given: package.block_until_ready(step(*given)), state, data)

    def dropout(x: Any) -> Unit:
        @package.jit
        def step(key: Any, x: Any) -> Any:
            key, used = package.random.split(key)
            return x * package.random.bernoulli(used, 0.5, x.shape) * 2, key

        return stepping(lambda *given: package.block_until_ready(step(*given)), package.random.key(0), (x,))

    def build(name: str) -> Unit:
        if name in CHAINS:
            f, value = package.jit(chain(m, CHAINS[name])), uniform(100)
            return first_call(lambda: package.block_until_ready(f(value)))
        work, data = WORKS[name], WORKS[name].data()
        if isinstance(work, Training):
            return training(work)
        if name.startswith("dropout"):
            return dropout(*data)
        f = package.jit(package.value_and_grad(work.loss(m)) if work.loss else work.formula(m))
        return first_call(lambda: arrays(f(*data)))

    return Peer(package.__version__, build)


def torch() -> Peer:
    import torch as package

    package.set_float32_matmul_precision("highest")

    def along(function: Any, **options: Any) -> Callable[..., Any]:
        return lambda x, axis: function(x, **options) if axis is None else function(x, dim=axis, **options)

    m = Vocabulary(
        number=lambda value: value,
        exp=package.exp,
        log=package.log,
        sqrt=package.sqrt,
        tanh=package.tanh,
        erf=package.erf,
        dot=package.matmul,
        sum=along(package.sum),
        mean=along(package.mean),
        var=along(package.var, correction=0),
        log_softmax=lambda x: package.log_softmax(x, dim=1),
        pick=lambda x, index: x.gather(1, index[:, None])[:, 0],
        one_hot=lambda index, like: package.nn.functional.one_hot(index, like.shape[1]),
        add_at=lambda x, index, rows: x.index_add(0, index, rows),
        conv2d=package.nn.functional.conv2d,
        coins=lambda x: package.rand_like(x) < 0.5,
        uniforms=package.rand_like,
        normals=package.randn_like,
    )

    def tensors(values: Any) -> tuple[Any, ...]:
        return tuple(map(package.from_numpy, map(np.asarray, values)))

    def build(name: str) -> Unit:
        if name in CHAINS or name == NUMBERS:
            raise NotOffered(name)
        work, data = WORKS[name], WORKS[name].data()
        if isinstance(work, Training):
            return stepping(package.compile(work.step(m)), tensors(work.state()), tensors(data))
        f = package.compile(work.formula(m))
        return first_call(lambda: arrays(f(*tensors(data))))

    return Peer(package.__version__, build)


def numba() -> Peer:
    import numba as package

    @package.njit
    def filtered(u: Any, first: Any) -> Any:
        kept, h = np.empty_like(u), first.item()
        for k in range(len(u)):
            h = 0.9 * h + u[k]
            kept[k] = h
        return kept

    @package.njit
    def recurrence(u: Any, first: Any, weights: Any) -> Any:
        kept, h = np.empty_like(u), first
        for k in range(len(u)):
            h = np.tanh(np.dot(weights, h) + u[k])
            kept[k] = h
        return kept

    @package.njit(parallel=True)
    def gather(table: Any, index: Any) -> Any:
        result = np.empty((len(index), table.shape[1]))
        for k in package.prange(len(index)):
            result[k] = table[index[k]]
        return result

    @package.njit
    def scatter(table: Any, index: Any, rows: Any) -> Any:
        result = table.copy()
        for k in range(len(index)):
            result[index[k]] += rows[k]
        return result

    @package.njit
    def step(w: Any, b: Any, x: Any, y: Any) -> Any:
        p = 1 / (1 + np.exp(-np.dot(x, w) - b))
        xent = -y * np.log(p) - (1 - y) * np.log(1 - p)
        g = (p - y) / x.shape[0]
        return p > 0.5, xent, w - 0.1 * (np.dot(g, x) + 0.02 * w), b - 0.1 * g.sum()

    def train(state: Any, x: Any, y: Any) -> Any:
        prediction, xent, *new = step(*state, x, y)
        return (prediction, xent), tuple(new)

    loops = {"scan, 10^4": filtered, "scan, 1000": recurrence, "rows[": gather, "rows added": scatter}
    chains = ("logistic", "polynomial", "Black-Scholes", "matrix *")

    def build(name: str) -> Unit:
        work, data = WORKS.get(name), WORKS[name].data() if name in WORKS else ()
        if isinstance(work, Training) and name.startswith("train step") and data[0].dtype == np.float64:
            w, b = work.state()
            return stepping(train, (w, float(b)), data)
        if isinstance(work, Work):
            f = next((function for start, function in loops.items() if name.startswith(start)), None)
            if name.startswith("f("):
                f = package.njit(work.formula(np))
            if name.startswith(chains):
                types = ", ".join(value.dtype.name for value in data)
                target = "parallel" if max(value.size for value in data) > 50_000 else "cpu"
                f = package.vectorize([f"{data[0].dtype.name}({types})"], target=target)(work.formula(scalar))
            if f is not None:
                return first_call(lambda: f(*data))
        raise NotOffered(name)

    return Peer(package.__version__, build)


def numexpr() -> Peer:
    import numexpr as package

    def build(name: str) -> Unit:
        work = WORKS.get(name)
        if not isinstance(work, Work) or work.elementwise is None:
            raise NotOffered(name)
        text, names = work.elementwise, dict(zip(itertools.islice("abcdef", 6), work.data(), strict=False))
        return first_call(lambda: package.evaluate(text, names))

    return Peer(package.__version__, build)


def one_read() -> Peer:
    """No library: what steps that read their data once are limited by."""
    from .limit import reader

    read = reader()

    def build(name: str) -> Unit:
        work = WORKS.get(name)
        if not isinstance(work, Training):
            raise NotOffered(name)
        data = max(work.data(), key=lambda array: array.nbytes)
        return first_call(lambda: read(data))

    return Peer("", build)


PEERS: dict[str, Callable[[], Peer]] = {
    "interactive_sym": ours,
    "NumPy": numpy,
    "PyTensor (C)": lambda: pytensor("CVM"),
    "PyTensor (numba)": lambda: pytensor("NUMBA"),
    "JAX": jax,
    "torch.compile": torch,
    "numba": numba,
    "numexpr": numexpr,
    LIMIT: one_read,
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
    LIMIT: "interactive_sym",
}
"""The module each peer imports."""
