"""Draws from NumPy's `RandomState`: one op, one table of distributions (floor B).

A draw is pure: from a state and parameters it makes the state afterwards and a sample; the given state stays as it is.
The functions below (`uniform`, `normal`, ...) add such a draw to a graph and return the pair `(new state, sample)`;
`tensor.shared_randomstreams` keeps states in shared variables and updates them with each call.

Samples are NumPy's legacy ones, bit for bit: drawn by the method of the same name, then converted to the output's type.

Read next: `mrg` (streams for many parallel draws), `tensor.shared_randomstreams`.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence

from ..configuration import config
from ..constants import as_tensor_variable, constant
from ..errors import message
from ..graph import Apply, Constant, Variable
from ..op import Gradient, Op, call, public
from ..source import Where, here
from ..types import COMPLEXES, FLOATS, INTEGERS, RandomStateType, TensorType, as_dtype, random_state_type, upcast
from ..variable import TensorVariable

Array = np.ndarray[Any, Any]
Known = tuple[int | None, ...]


class RandomVariable(TensorVariable):
    """A tensor that was drawn.

    Attributes:
        rng: the state it is drawn from (`RandomStreams`): a shared variable, where the draw came from a stream.
        rstate: the same for `MRG_RandomStreams`, an int32 matrix `(nstreams, 6)`.
        update: the pair (state, state after the draw).
        permutation: the permutation used, for a shuffled tensor.
    """

    __slots__ = ("permutation", "rng", "rstate", "update")

    rng: Any
    rstate: Any
    update: Any
    permutation: Any


class _NoEntropy(ISeedSequence):
    """A seed for generators whose state is set at once: asking the operating system for entropy would cost 40 us."""

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> Array:
        return np.zeros(n_words, dtype)


def copied_state(state: np.random.RandomState) -> np.random.RandomState:
    """A state that gives the same draws, independent of `state`."""
    content = state.get_state(legacy=False)
    if type(state) is not np.random.RandomState or content["bit_generator"] != "MT19937":
        return copy.deepcopy(state)
    twin = np.random.RandomState(np.random.MT19937(_NoEntropy()))  # type: ignore[arg-type]
    twin.set_state(content)
    return twin


#: A packed state has so many words of 32 bits.
STATE_WORDS = 628


def pack_state(state: np.random.RandomState) -> bytes | None:
    """A state as `STATE_WORDS` words of native order; None for other generators than MT19937.

    They are 624 words of the generator, the place of the next one, whether a normal number is kept, and that number as
    a double.

    Example:
        >>> len(pack_state(np.random.RandomState(1)))
        2512
    """
    content: Any = state.get_state(legacy=False)
    if content["bit_generator"] != "MT19937":
        return None
    inner = content["state"]
    key: bytes = inner["key"].astype(np.uint32).tobytes()
    counts = np.array([inner["pos"], content["has_gauss"]], dtype=np.int32)
    return key + counts.tobytes() + np.float64(content["gauss"]).tobytes()


def unpack_state(packed: bytes) -> np.random.RandomState:
    """The state that `pack_state` has packed.

    Example:
        >>> unpack_state(pack_state(np.random.RandomState(1))).randint(100)
        37
    """
    state = np.random.RandomState(np.random.MT19937(_NoEntropy()))  # type: ignore[arg-type]
    place, has_gauss = np.frombuffer(packed, np.int32, 2, 624 * 4).tolist()
    state.set_state(
        {
            "bit_generator": "MT19937",
            "state": {"key": np.frombuffer(packed, np.uint32, 624).copy(), "pos": place},
            "has_gauss": has_gauss,
            "gauss": float(np.frombuffer(packed, np.float64, 1, 626 * 4)[0]),
        }
    )
    return state


# -- the distributions -------------------------------------------------------------------------------------------------


def _random_integers(state: np.random.RandomState, size: tuple[int, ...], low: Array, high: Array) -> Any:
    if low.size == 1 and high.size == 1:
        return state.randint(int(low.reshape(())), int(high.reshape(())) + 1, size, dtype=np.int64)
    out = np.empty(size, dtype=np.int64)
    lows, highs = np.broadcast_to(low, size), np.broadcast_to(high, size)
    for index in np.ndindex(*size):
        out[index] = state.randint(int(lows[index]), int(highs[index]) + 1, dtype=np.int64)
    return out


def _choice(state: np.random.RandomState, size: tuple[int, ...], a: Array, replace: Array, p: Any = None) -> Any:
    return state.choice(int(a) if a.ndim == 0 else a, size, bool(replace), p)


def _permutation(state: np.random.RandomState, size: tuple[int, ...], n: Array) -> Any:
    out = np.empty((*size, int(n)), dtype=np.int64)
    for index in np.ndindex(*size):
        out[index] = state.permutation(int(n))
    return out


def _multinomial(state: np.random.RandomState, size: tuple[int, ...], n: Array, pvals: Array) -> Any:
    trials = np.broadcast_to(n, size)
    rows = np.broadcast_to(pvals, (*size, pvals.shape[-1]))
    out = np.empty(rows.shape, dtype=np.int64)
    for index in np.ndindex(*size):
        row = rows[index]
        # NumPy refuses probabilities whose rounded sum exceeds 1 by the last digit
        if 1.0 < row.sum() < 1.0 + 1e-5 or (len(row) and row[-1] < 5e-5):
            row = row * (1.0 - 5e-5)
        out[index] = state.multinomial(int(trials[index]), row.astype(np.float64))
    return out


@dataclass(frozen=True)
class Distribution:
    """What is known of a distribution.

    Attributes:
        name: the name of NumPy's method.
        draw: `(state, size, *parameters) -> sample`.
        trailing: for each parameter the number of last dimensions that belong to one draw; None where the parameter
            does not broadcast with the others.
        event: dimensions of one draw.
        formula: how people write it.
        one_broadcasts: whether a size given as 1 stretches in elementwise operations.
    """

    name: str
    draw: Callable[..., Any]
    trailing: tuple[int | None, ...]
    event: int = 0
    formula: str = ""
    one_broadcasts: bool = True


DISTRIBUTIONS: dict[str, Distribution] = {
    d.name: d
    for d in (
        Distribution("uniform", lambda s, size, low, high: s.uniform(low, high, size), (0, 0), 0, "U[low, high)"),
        Distribution("normal", lambda s, size, avg, std: s.normal(avg, std, size), (0, 0), 0, "N(avg, std²)"),
        Distribution(
            "binomial",
            lambda s, size, n, p: s.binomial(n.astype(np.int64), p, size),
            (0, 0),
            0,
            "B(n, p)",
            one_broadcasts=False,
        ),
        Distribution("random_integers", _random_integers, (0, 0), 0, "low, low + 1, ... or high, equally likely"),
        Distribution("choice", _choice, (None, None, None), 0, "one of a, with probabilities p"),
        Distribution("poisson", lambda s, size, lam: s.poisson(lam, size), (0,), 0, "Poisson(lam)"),
        Distribution("permutation", _permutation, (None,), 1, "0, 1, ..., n - 1 in random order"),
        Distribution("multinomial", _multinomial, (0, 1), 1, "counts of n draws with probabilities pvals"),
    )
}


# -- sizes -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Size:
    """The size of a sample, as the user gave it.

    Attributes:
        vector: an int64 vector; None where the parameters alone say it.
        known: for each dimension its size where known.
        extents: the dimensions whose size is that of the parameters.
    """

    vector: Any
    known: Known
    extents: tuple[int, ...] = field(default=())


def _joined(shapes: Sequence[Known], ndim: int, axis: int, what: str) -> int | None:
    """The known size of `shapes`, aligned at their last dimensions, along `axis` of `ndim`; a known 1 stretches."""
    result: int | None = 1
    for shape in shapes:
        position = axis - ndim + len(shape)
        mine = shape[position] if position >= 0 else 1
        if mine == 1:
            continue
        if result == 1 or result is None:
            result = mine
        elif mine is not None and mine != result:
            raise _differ(what, axis, result, mine, here()[0])
    return result


def _joined_at_run_time(
    known: Sequence[Known], actual: Sequence[Any], ndim: int, axis: int, what: str, where: Where
) -> int:
    """The size of this call along `axis`: only dimensions whose size is known to be 1 stretch."""
    result: int | None = None
    for static, shape in zip(known, actual, strict=True):
        position = axis - ndim + len(static)
        if position < 0 or static[position] == 1:
            continue
        if result is None:
            result = shape[position]
        elif shape[position] != result:
            raise _differ(what, axis, result, shape[position], where)
    return 1 if result is None else result


def _differ(what: str, axis: int, left: int, right: int, where: Where) -> ValueError:
    return ValueError(message(f"{what}: the operands differ along axis {axis}: {left} against {right}", where))


def _integer(entry: Any) -> int | None:
    """The value of a size known now; None for a symbolic one."""
    if isinstance(entry, Constant) and isinstance(entry.type, TensorType) and entry.type.dtype in INTEGERS:
        entry = entry.data
    if isinstance(entry, np.ndarray) and entry.ndim == 0:
        entry = entry[()]
    if isinstance(entry, (int, np.integer)) and not isinstance(entry, bool):
        return int(entry)
    return None


def _bad_size(what: str, size: Any) -> TypeError:
    return TypeError(
        message(
            f"{what}: size wants None, an int, a tuple of integers, or an integer vector; got {size!r:.60}",
            here()[0],
            cure=f"{what}(size=(2, 3))",
        )
    )


def as_size(
    size: Any, ndim: int | None = None, shapes: Sequence[Known] = (), what: str = "a draw", extents: bool = True
) -> Size:
    """Work out what a `size` argument says.

    Args:
        size: None (the parameters' common shape), an int, a tuple of ints and symbolic integer scalars where -1 is the
            parameters' size, or an integer vector.
        ndim: the number of dimensions, needed for a symbolic vector of unknown length.
        shapes: known shapes of the parameters.
        what: the draw's name for messages.
        extents: whether -1 is allowed.

    Raises:
        TypeError: `size` is nothing of the above.
        ValueError: `ndim` contradicts `size`; parameters have more dimensions than the sample; a size below 0.
    """
    most = max(map(len, shapes), default=0)
    if size is None:
        if ndim not in (None, most):
            raise ValueError(
                message(
                    f"{what}: ndim is {ndim}, and the parameters have {most} dimensions", here()[0], cure="give size"
                )
            )
        known = tuple(_joined(shapes, most, axis, what) for axis in range(most))
        return Size(None, known, tuple(range(most)))
    if isinstance(size, Variable) and isinstance(size.type, TensorType) and size.type.ndim == 1:
        if size.type.dtype not in INTEGERS:
            raise _bad_size(what, size)
        if not isinstance(size, Constant):
            return _symbolic_size(size, ndim, most, what)
        size = size.data
    if isinstance(size, np.ndarray) and size.ndim == 1 and size.dtype.kind in "iu":
        size = size.tolist()
    if not isinstance(size, (list, tuple)):
        size = [size]
    entries, literal = [], []
    for entry in size:
        value = _integer(entry)
        if value is None:
            tensor = isinstance(entry, Variable) and isinstance(entry.type, TensorType)
            if not tensor or entry.type.ndim != 0 or entry.type.dtype not in INTEGERS:
                raise _bad_size(what, size if len(size) != 1 else size[0])
            entry = call("cast", entry, "int64")
        elif value < (-1 if extents else 0):
            raise ValueError(message(f"{what}: a size can't be {value}", here()[0]))
        entries.append(entry)
        literal.append(value)
    _check_ndim(len(entries), ndim, most, what)
    from_parameters = tuple(axis for axis, value in enumerate(literal) if value == -1)
    known = tuple(
        _joined(shapes, len(entries), axis, what) if value == -1 else value for axis, value in enumerate(literal)
    )
    if None in literal:
        vector = call(
            "stack",
            [
                entry if value is None else constant(value, dtype="int64")
                for entry, value in zip(entries, literal, strict=True)
            ],
        )
    else:
        vector = constant(np.array(literal, dtype=np.int64))
    return Size(vector, known, from_parameters)


def _symbolic_size(size: Any, ndim: int | None, most: int, what: str) -> Size:
    length = size.type.shape[0]
    if length is None and ndim is None:
        raise ValueError(
            message(
                f"{what}: the length of the size {size} is not known, so neither is the number of dimensions",
                here()[0],
                cure=f"{what}(size, ndim=2)",
            )
        )
    dimensions: int = length if length is not None else ndim  # type: ignore[assignment]
    _check_ndim(dimensions, ndim, most, what)
    return Size(call("cast", size, "int64"), (None,) * dimensions)


def _check_ndim(length: int, ndim: int | None, most: int, what: str) -> None:
    if ndim is not None and ndim != length:
        raise ValueError(message(f"{what}: ndim is {ndim}, and size has {length} entries", here()[0]))
    if most > length:
        raise ValueError(
            message(
                f"{what}: the parameters have {most} dimensions, and size has {length} entries",
                here()[0],
                cure="give a size for each dimension of the parameters; -1 takes theirs",
            )
        )


def size_entry(size: Any, axis: int) -> Any:
    """The symbolic or known entry of a size vector."""
    if isinstance(size, Constant):
        return int(size.data[axis])
    if size.owner is not None and size.owner.op.name == "make_vector":
        return size.owner.inputs[axis]
    return call("getitem", size, axis)


# -- the op ------------------------------------------------------------------------------------------------------------


class RandomFunction(Op):
    """Draws from a RandomState: the state after the draw, and the sample.

    Inputs are the state, the size (an int64 vector, absent where `sized` is False), and the distribution's parameters.
    The given state is not changed: the draw is made on a copy of it. Compiled code draws in C, with the same numbers
    (`cffi_backend.lower_random`).

    Args:
        distribution: a name of `DISTRIBUTIONS`.
        dtype: element type of the sample.
        shape: for each dimension of the sample its size where known, else None.
        sized: whether a size is among the inputs.
        extents: the dimensions whose size is that of the parameters.

    Example:
        >>> import interactive_sym.tensor as T
        >>> draw = T.raw_random.uniform(T.shared_randomstreams.RandomStreams(1).uniform().rng, (2,))[1]
        >>> draw.owner.op.distribution, draw.owner.op.shape
        ('uniform', (2,))
    """

    __props__ = ("distribution", "dtype", "shape", "sized", "extents")
    family = "random"
    python_only = "holds a RandomState object; where all states of a program can be arrays of words, it is drawn in C"
    gradient_stops = "the sample is drawn at random: it has no derivative with respect to its parameters"

    def __init__(
        self, distribution: str, dtype: str, shape: Known, sized: bool = True, extents: tuple[int, ...] = ()
    ) -> None:
        self.distribution = distribution
        self.dtype = dtype
        self.shape = shape
        self.sized = sized
        self.extents = extents

    @property
    def name(self) -> str:
        return f"random_{self.distribution}"

    @property
    def doc(self) -> str:
        return f"Draws {self.record.formula}, by NumPy's RandomState."

    @property
    def record(self) -> Distribution:
        return DISTRIBUTIONS[self.distribution]

    def __str__(self) -> str:
        return f"RandomFunction{{{self.distribution}}}"

    def __repr__(self) -> str:
        sized = "" if self.sized else ", size of the parameters"
        return f"RandomFunction{{{self.distribution}, {self.dtype}, {self.shape}{sized}, {self.extents}}}"

    def make_node(self, rng: Any, *inputs: Any) -> Apply:
        state = as_state(rng, self.distribution)
        operands = [as_tensor_variable(x) for x in inputs]
        if self.sized and (operands[0].type.ndim != 1 or operands[0].type.dtype != "int64"):
            raise _bad_size(self.distribution, operands[0])
        after = random_state_type.make_variable()
        sample = RandomVariable(TensorType(self.dtype, shape=self.shape))
        sample.rng, sample.update = state, (state, after)
        return Apply(self, [state, *operands], [after, sample])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        parameters = [np.asarray(x) for x in inputs[1 + self.sized :]]
        sizes = self._sizes(node, inputs[1] if self.sized else None, parameters)
        state = copied_state(inputs[0])
        sample = self.record.draw(state, sizes, *parameters)
        output_storage[0][0] = state
        output_storage[1][0] = np.asarray(sample, dtype=self.dtype)

    def _sizes(self, node: Apply, size: Any, parameters: Sequence[Array]) -> tuple[int, ...]:
        """The sizes of this call, without the dimensions of one draw."""
        ndim = len(self.shape) - self.record.event
        sizes = [0] * ndim if size is None else [int(n) for n in size]
        if len(sizes) != ndim:
            raise ValueError(
                message(f"{self.distribution}: ndim is {ndim}, and the size given has {len(sizes)} entries", node.where)
            )
        if self.extents:
            known = _batch(self.record, [x.type.shape for x in node.inputs[1 + self.sized :]])
            actual = _batch(self.record, [value.shape for value in parameters])
            for axis in self.extents:
                sizes[axis] = _joined_at_run_time(known, actual, ndim, axis, self.distribution, node.where)
        if min(sizes, default=0) < 0:
            raise ValueError(message(f"{self.distribution}: a size can't be {min(sizes)}", node.where))
        return tuple(sizes)

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        first = 1 + self.sized
        parameters = node.inputs[first:]
        batch = _batch(self.record, [x.type.shape for x in parameters])
        positions = [k for k, trailing in enumerate(self.record.trailing) if trailing is not None]
        ndim = len(self.shape) - self.record.event
        result: list[Any] = list(self.shape)
        for axis in range(ndim):
            if result[axis] is not None:
                continue
            if axis not in self.extents:
                result[axis] = size_entry(node.inputs[1], axis)
                continue
            result[axis] = 1
            for k, shape in zip(positions, batch, strict=True):
                position = axis - ndim + len(shape)
                if position >= 0 and shape[position] != 1:
                    result[axis] = input_shapes[first + k][position]
                    break
        if self.record.event and result[-1] is None:
            event = parameters[0] if self.distribution == "permutation" else input_shapes[first + 1][-1]
            result[-1] = call("cast", event, "int64") if self.distribution == "permutation" else event
        return [None, tuple(result)]


def _batch(record: Distribution, shapes: Sequence[Any]) -> list[Any]:
    """The parts of the parameters' shapes that broadcast with each other."""
    return [
        shape[: len(shape) - trailing]
        for shape, trailing in zip(shapes, record.trailing, strict=False)
        if trailing is not None
    ]


def as_state(rng: Any, what: str) -> Variable:
    """`rng` if it is a variable that holds a RandomState; TypeError for anything else."""
    if not isinstance(rng, Variable) or not isinstance(rng.type, RandomStateType):
        raise TypeError(
            message(
                f"{what} wants a variable that holds a RandomState, got {rng!r:.60}",
                here()[0],
                cure="shared(numpy.random.RandomState(123)), or draw with RandomStreams(123)",
            )
        )
    return rng


def draw(
    distribution: str, rng: Any, size: Any, parameters: Sequence[Any], ndim: int | None, dtype: str
) -> tuple[Variable, RandomVariable]:
    """Add a draw to the graph: the state afterwards, and the sample.

    Args:
        distribution: a name of `DISTRIBUTIONS`.
        rng: a variable that holds a RandomState.
        size: see `as_size`.
        parameters: the distribution's parameters, symbolic tensors.
        ndim: the number of dimensions (of the size, for distributions that draw vectors).
        dtype: element type of the sample.
    """
    record = DISTRIBUTIONS[distribution]
    shapes = _batch(record, [x.type.shape for x in parameters])
    given = as_size(size, ndim, shapes, distribution)
    known = given.known if record.one_broadcasts else tuple(None if n == 1 else n for n in given.known)
    if distribution == "permutation":
        n = parameters[0]
        known = (*known, max(0, int(n.data)) if isinstance(n, Constant) else None)
    elif distribution == "multinomial":
        known = (*known, parameters[1].type.shape[-1])
    op = RandomFunction(distribution, dtype, known, given.vector is not None, given.extents)
    inputs = parameters if given.vector is None else [given.vector, *parameters]
    after, sample = op.make_node(rng, *inputs).outputs
    return after, sample  # type: ignore[return-value]


def real_parameter(what: str, name: str, value: Any) -> Any:
    """`value` as a symbolic tensor of real numbers; TypeError for complex ones and for None."""
    if value is None:
        raise TypeError(message(f"{what} wants the parameter {name}", here()[0], cure=f"{what}(size, {name}=1.0)"))
    tensor = as_tensor_variable(value)
    if tensor.type.dtype in COMPLEXES:
        raise TypeError(message(f"{what}: {name} wants real numbers, got {tensor.type.dtype}", here()[0]))
    return tensor


def integer_parameter(what: str, name: str, value: Any, ndim: int | None = None) -> Any:
    """`value` as a symbolic tensor of integers, with `ndim` dimensions where that is given; TypeError for any other."""
    tensor = real_parameter(what, name, value)
    if tensor.type.dtype not in INTEGERS:
        raise TypeError(
            message(
                f"{what}: {name} wants integers, got {tensor.type.dtype}", here()[0], cure=f"T.cast({name}, 'int64')"
            )
        )
    if ndim is not None and tensor.type.ndim != ndim:
        raise TypeError(message(f"{what}: {name} wants {ndim} dimensions, got {tensor.type.ndim}", here()[0]))
    return tensor


def float_dtype(what: str, dtype: Any, *parameters: Any) -> str:
    """The element type of a continuous sample: the given one, else the one that holds floatX and the parameters."""
    name = upcast(config.floatX, *(x.type.dtype for x in parameters)) if dtype is None else as_dtype(dtype)
    if name not in FLOATS:
        raise TypeError(message(f"{what} draws float32 or float64, not {name}", here()[0], cure="dtype='float64'"))
    return name


Draw = tuple[Variable, RandomVariable]


def uniform(
    random_state: Any, size: Any = None, low: Any = 0.0, high: Any = 1.0, ndim: int | None = None, dtype: Any = None
) -> Draw:
    """Uniform numbers in `[low, high)`.

    Args:
        random_state: a variable that holds a RandomState.
        size: None (the parameters' common shape), an int, a tuple of ints and symbolic integers (-1: the parameters'
            size), or an integer vector.
        low, high: bounds; numbers or tensors, which broadcast with `size`.
        ndim: number of dimensions, needed where `size` is a vector of unknown length.
        dtype: float32 or float64; by default the type that holds floatX and the parameters.

    Returns:
        The state after the draw, and the sample.

    Raises:
        TypeError: `random_state`, `size`, a parameter or `dtype` is of a wrong kind.
        ValueError: `size`, `ndim` and the parameters' shapes contradict each other.

    Example:
        >>> import numpy
        >>> from interactive_sym import function, shared
        >>> state, sample = uniform(shared(numpy.random.RandomState(123)), size=(1,))
        >>> print(function([], sample)().round(8))
        [0.69646919]
    """
    low, high = real_parameter("uniform", "low", low), real_parameter("uniform", "high", high)
    return draw("uniform", random_state, size, [low, high], ndim, float_dtype("uniform", dtype, low, high))


def normal(
    random_state: Any, size: Any = None, avg: Any = 0.0, std: Any = 1.0, ndim: int | None = None, dtype: Any = None
) -> Draw:
    """Normal numbers of mean `avg` and standard deviation `std`. Other arguments, result and errors: see `uniform`.

    Example:
        >>> from interactive_sym import function, shared
        >>> import numpy
        >>> state, sample = normal(shared(numpy.random.RandomState(1)), size=(2, 3))
        >>> function([], sample)().shape
        (2, 3)
    """
    avg, std = real_parameter("normal", "avg", avg), real_parameter("normal", "std", std)
    return draw("normal", random_state, size, [avg, std], ndim, float_dtype("normal", dtype, avg, std))


def binomial(
    random_state: Any,
    size: Any = None,
    n: Any = 1,
    p: Any = 0.5,
    ndim: int | None = None,
    dtype: Any = "int64",
    prob: Any = None,
) -> Draw:
    """The number of successes in `n` trials of probability `p`. Other arguments, result and errors: see `uniform`.

    A size given as 1 does not make the sample stretch in elementwise operations. `prob` is an old name of `p`.

    Example:
        >>> from interactive_sym import function, shared
        >>> import numpy
        >>> state, sample = binomial(shared(numpy.random.RandomState(1)), size=(2, 3), n=10)
        >>> function([], sample)().shape
        (2, 3)
    """
    p = p if prob is None else prob
    n, p = integer_parameter("binomial", "n", n), real_parameter("binomial", "p", p)
    return draw("binomial", random_state, size, [n, p], ndim, as_dtype(dtype))


def random_integers(
    random_state: Any, size: Any = None, low: Any = 0, high: Any = 1, ndim: int | None = None, dtype: Any = "int64"
) -> Draw:
    """Integers from `low` to `high`, both included, equally likely. The rest: see `uniform`.

    Example:
        >>> from interactive_sym import function, shared
        >>> import numpy
        >>> state, sample = random_integers(shared(numpy.random.RandomState(1)), size=(2, 3), high=6)
        >>> function([], sample)().shape
        (2, 3)
    """
    low, high = integer_parameter("random_integers", "low", low), integer_parameter("random_integers", "high", high)
    return draw("random_integers", random_state, size, [low, high], ndim, as_dtype(dtype))


def choice(
    random_state: Any,
    size: Any = None,
    a: Any = 2,
    replace: Any = True,
    p: Any = None,
    ndim: int | None = None,
    dtype: Any = "int64",
) -> Draw:
    """Elements of `a`, or of `0, 1, ..., a - 1`, with or without replacement.

    Args:
        random_state: a variable that holds a RandomState.
        size: as for `uniform`; None draws one element.
        a: a number of elements, or a vector of them.
        replace: whether an element may be drawn twice: a bool or a symbolic scalar.
        p: probabilities `(n,)`; by default all equal.
        ndim: number of dimensions, needed where `size` is a vector of unknown length.
        dtype: element type of the sample.

    Raises:
        TypeError: an argument is of a wrong kind, or `a` holds floats that `dtype` does not.
        ValueError: when called: probabilities do not sum to 1; without replacement, more are wanted than there are.

    Example:
        >>> from interactive_sym import function, shared
        >>> import numpy
        >>> state, sample = choice(shared(numpy.random.RandomState(1)), size=(2, 3), a=5)
        >>> function([], sample)().shape
        (2, 3)
    """
    elements = real_parameter("choice", "a", a)
    if elements.type.ndim > 1:
        raise TypeError(message(f"choice: a wants 0 or 1 dimensions, got {elements.type.ndim}", here()[0]))
    dtype = as_dtype(dtype)
    if elements.type.ndim == 0:
        integer_parameter("choice", "a", elements)
    elif elements.type.dtype in FLOATS and dtype not in FLOATS:
        raise TypeError(
            message(
                f"choice: a holds {elements.type.dtype}, the sample {dtype}", here()[0], cure=f"dtype='{config.floatX}'"
            )
        )
    again = as_tensor_variable(np.bool_(replace) if isinstance(replace, (bool, int)) else replace)
    parameters = [elements, again]
    if p is not None:
        probabilities = real_parameter("choice", "p", p)
        if probabilities.type.ndim != 1:
            raise TypeError(message(f"choice: p wants 1 dimension, got {probabilities.type.ndim}", here()[0]))
        parameters.append(probabilities)
    return draw("choice", random_state, size, parameters, ndim, dtype)


def poisson(random_state: Any, size: Any = None, lam: Any = 1.0, ndim: int | None = None, dtype: Any = "int64") -> Draw:
    """Numbers of events where `lam` are expected. Other arguments, result and errors: see `uniform`.

    Example:
        >>> from interactive_sym import function, shared
        >>> import numpy
        >>> state, sample = poisson(shared(numpy.random.RandomState(1)), size=(2, 3), lam=4.0)
        >>> function([], sample)().shape
        (2, 3)
    """
    return draw("poisson", random_state, size, [real_parameter("poisson", "lam", lam)], ndim, as_dtype(dtype))


def permutation(random_state: Any, size: Any = None, n: Any = 1, ndim: int | None = None, dtype: Any = "int64") -> Draw:
    """Permutations of `0, 1, ..., n - 1`, as many as `size` says: the sample has the shape `(*size, n)`.

    Args:
        random_state: a variable that holds a RandomState.
        size: as for `uniform`; None draws one permutation.
        n: an integer scalar.
        ndim: number of dimensions of `size`, needed where it is a vector of unknown length.
        dtype: element type of the sample.

    Example:
        >>> from interactive_sym import function, shared
        >>> import numpy
        >>> state, sample = permutation(shared(numpy.random.RandomState(1)), size=(2,), n=5)
        >>> function([], sample)().shape
        (2, 5)
    """
    return draw("permutation", random_state, size, [integer_parameter("permutation", "n", n, 0)], ndim, as_dtype(dtype))


def multinomial(
    random_state: Any,
    size: Any = None,
    n: Any = 1,
    pvals: Any = (0.5, 0.5),
    ndim: int | None = None,
    dtype: Any = "int64",
) -> Draw:
    """How often each of `k` outcomes came in `n` trials: the sample has the shape `(*size, k)`.

    Args:
        random_state: a variable that holds a RandomState.
        size: as for `uniform`; None takes the common shape of `n` and of `pvals` without its last dimension.
        n: numbers of trials, integers.
        pvals: probabilities `(..., k)`, summing to 1 over the last dimension; sums up to 1.00001 are scaled down.
        ndim: number of dimensions of `size`, needed where it is a vector of unknown length.
        dtype: element type of the sample.

    Raises:
        TypeError: an argument is of a wrong kind.
        ValueError: sizes contradict each other; when called: probabilities are negative or sum to more than 1.

    Example:
        >>> from interactive_sym import function, shared
        >>> import numpy
        >>> state, sample = multinomial(shared(numpy.random.RandomState(1)), size=(2,), n=5)
        >>> function([], sample)().shape
        (2, 2)
    """
    n = integer_parameter("multinomial", "n", n)
    pvals = real_parameter("multinomial", "pvals", pvals)
    if pvals.type.ndim == 0:
        raise TypeError(
            message("multinomial: pvals wants at least 1 dimension, got 0", here()[0], cure="pvals=[.5, .5]")
        )
    return draw("multinomial", random_state, size, [n, pvals], ndim, as_dtype(dtype))


# -- shuffling ---------------------------------------------------------------------------------------------------------


class PermuteRowElements(Op):
    """Reorders each row (last dimension) by a permutation of its indices.

    `y[..., k] = x[..., p[..., k]]`, or with `inverse` `y[..., p[..., k]] = x[..., k]`. Leading dimensions broadcast.
    """

    __props__ = ("inverse",)
    family = "indexing"
    python_only = "gathers along the last dimension with NumPy's take_along_axis"

    def __init__(self, inverse: bool = False) -> None:
        self.inverse = inverse

    @property
    def name(self) -> str:
        return "permute_row_elements"

    def make_node(self, x: Any, permutation: Any) -> Apply:
        x = as_tensor_variable(x)
        p = integer_parameter("permute_row_elements", "the permutation", permutation)
        if x.type.ndim == 0 or p.type.ndim == 0:
            raise TypeError(message("permute_row_elements wants at least 1 dimension, got 0", here()[0]))
        ndim = max(x.type.ndim, p.type.ndim)
        shapes = [x.type.shape, p.type.shape]
        known = [_joined(shapes, ndim, axis, "permute_row_elements") for axis in range(ndim)]
        known[-1] = x.type.shape[-1] if x.type.shape[-1] is not None else p.type.shape[-1]
        result = RandomVariable(TensorType(x.type.dtype, shape=known))
        result.permutation = p
        return Apply(self, [x, p], [result])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, p = inputs
        if x.shape[-1] != p.shape[-1]:
            raise ValueError(
                message(
                    f"permute_row_elements: rows have {x.shape[-1]} elements, permutations {p.shape[-1]}",
                    node.where,
                )
            )
        if p.size and not np.array_equal(np.sort(p, axis=-1), np.broadcast_to(np.arange(p.shape[-1]), p.shape)):
            raise ValueError(message("permute_row_elements: an index is missing from a permutation", node.where))
        known, actual = [v.type.shape for v in node.inputs], [x.shape, p.shape]
        ndim = max(x.ndim, p.ndim)
        shape = tuple(_joined_at_run_time(known, actual, ndim, axis, self.name, node.where) for axis in range(ndim))
        if self.inverse:
            p = np.argsort(p, axis=-1)
        output_storage[0][0] = np.take_along_axis(np.broadcast_to(x, shape), np.broadcast_to(p, shape), axis=-1)

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        ndim = node.outputs[0].type.ndim
        result: list[Any] = [1] * ndim
        for x, shape in zip(node.inputs, input_shapes, strict=True):
            offset = ndim - len(shape)
            for axis, size in enumerate(shape):
                if x.type.shape[axis] != 1 and result[offset + axis] == 1:
                    result[offset + axis] = size
        return [tuple(result)]

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Gradient]:
        back = PermuteRowElements(not self.inverse).make_node(output_grads[0], inputs[1])
        return [back.out, None]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [False]]


@public
def permute_row_elements(x: Any, y: Any, inverse: Any = 0) -> Any:
    """Reorder each row (last dimension) of `x` by the permutation `y`: `z[..., k] = x[..., y[..., k]]`.

    Args:
        x: a tensor `(..., n)`.
        y: permutations of `0, ..., n - 1`, integers `(..., n)`; leading dimensions broadcast with those of `x`.
        inverse: true puts the elements back: `z[..., y[..., k]] = x[..., k]`.

    Raises:
        TypeError: `y` is not of integers, or a tensor has no dimension.
        ValueError: when called: lengths differ, or `y` holds no permutation.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.permute_row_elements(x, [2, 0, 1]).eval({x: [10, 20, 30]}).tolist()
        [30.0, 10.0, 20.0]
    """
    return PermuteRowElements(bool(inverse)).make_node(x, y).out
