"""MRG31k3p, a generator with many parallel streams, and draws made from its numbers (floor B).

The generator (L'Ecuyer and Touzin, 2000) is two recurrences of order 3:

    x[n] = (2**22 * x[n-2] + 129 * x[n-3])    mod m1,  m1 = 2**31 - 1
    y[n] = (2**15 * y[n-1] + 32769 * y[n-3])  mod m2,  m2 = 2**31 - 21069
    d[n] = x[n] - y[n], plus m1 where that is not positive;   u[n] = d[n] * 2**-31

The state of a stream is an int32 row `x[n-1], x[n-2], x[n-3], y[n-1], y[n-2], y[n-3]`. A stream is moved on by any
power of two with a matrix power, so streams are laid out at known distances: substreams 2**72 apart, draws 2**134
apart.

Each op has one algorithm in NumPy (here) and in C (`runtime/mrg.h`), whose results agree bit for bit.

Read next: `tensor.rng_mrg`, the public streams.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from ..constants import as_tensor_variable
from ..errors import message
from ..graph import Apply, Constant
from ..op import Op, call
from ..source import here
from ..types import FLOATS, TensorType
from .library import LibraryCall
from .random import Known, RandomVariable, integer_parameter, size_entry

Array = np.ndarray[Any, Any]

M1 = 2**31 - 1
M2 = 2**31 - 21069

_STEP_1 = ((0, 2**22, 129), (1, 0, 0), (0, 1, 0))
_STEP_2 = ((2**15, 0, 32769), (1, 0, 0), (0, 1, 0))

#: u = d * NORM[dtype], in that element type.
NORM = {"float64": np.float64(2.0**-31), "float32": np.float32(4.6566126e-10)}


# -- states ------------------------------------------------------------------------------------------------------------


@cache
def _step_power(which: int, exponent: int) -> Array:
    """The matrix of `2**exponent` steps of recurrence 1 or 2."""
    if exponent == 0:
        return np.array(_STEP_1 if which == 1 else _STEP_2, dtype=np.int64)
    half = _step_power(which, exponent - 1)
    return _product(half, half, M1 if which == 1 else M2)


def _product(a: Array, b: Array, modulus: int) -> Array:
    """`a @ b` modulo `modulus`, which is below 2**31: each product fits 62 bits."""
    terms = (a[:, :, None] * b[None, :, :]) % modulus
    result: Array = terms.sum(axis=1) % modulus
    return result


def jump(states: Array, exponent: int) -> Array:
    """States moved on by `2**exponent` numbers.

    Args:
        states: int32 `(6,)` or `(n, 6)`.
        exponent: 0 or more.

    Returns:
        int32 array of the same shape.

    Example:
        >>> jump(np.full(6, 12345, dtype="int32"), 72).dtype
        dtype('int32')
    """
    rows = np.atleast_2d(np.asarray(states, dtype=np.int64))
    x = _product(rows[:, :3], _step_power(1, exponent).T, M1)
    y = _product(rows[:, 3:], _step_power(2, exponent).T, M2)
    return np.concatenate([x, y], axis=1).astype(np.int32).reshape(np.shape(states))


def substreams(state: Array, count: int) -> Array:
    """`count` streams, the first of them `state`, 2**72 numbers apart: int32 `(count, 6)`.

    Made by doubling: rows n to 2n are rows 0 to n moved on by n * 2**72.
    """
    rows = np.asarray(state, dtype=np.int32).reshape(1, 6)
    exponent = 72
    while len(rows) < count:
        rows = np.concatenate([rows, jump(rows, exponent)])
        exponent += 1
    return rows[:count]


def numbers(states: Array, count: int) -> tuple[Array, Array]:
    """The next `count` numbers d, element i from stream `i mod len(states)`, and the states afterwards.

    Args:
        states: int32 `(nstreams, 6)`.
        count: how many.

    Returns:
        int32 states `(nstreams, 6)` and int64 numbers `(count,)` from 1 to m1.
    """
    after = np.asarray(states, dtype=np.int64).copy()
    out = np.empty(count, dtype=np.int64)
    streams = len(after)
    if count and not streams:
        raise ValueError("MRG31k3p: numbers are wanted from a state without streams")
    for first in range(0, count, streams or 1):
        here_ = min(streams, count - first)
        s = after[:here_]
        x = (s[:, 1] * 4194304 + s[:, 2] * 129) % M1
        y = (s[:, 3] * 32768 + s[:, 5] * 32769) % M2
        s[:, 2], s[:, 1], s[:, 0] = s[:, 1].copy(), s[:, 0].copy(), x
        s[:, 5], s[:, 4], s[:, 3] = s[:, 4].copy(), s[:, 3].copy(), y
        d = x - y
        d[d <= 0] += M1
        out[first : first + here_] = d
    return after.astype(np.int32), out


# -- ops ---------------------------------------------------------------------------------------------------------------


class MRGUniform(Op):
    """Uniform numbers in (0, 1) by MRG31k3p: the states after the draw, and the sample.

    Inputs are the states, int32 `(nstreams, 6)`, and the size, an int64 vector. Element i of the sample (C order) comes
    from stream `i mod nstreams`.

    Args:
        dtype: float32 or float64.
        shape: for each dimension of the sample its size where known, else None.
    """

    __props__ = ("dtype", "shape")
    family = "random"
    gradient_stops = "the sample is drawn at random: it has no derivative with respect to the state"

    def __init__(self, dtype: str, shape: Known) -> None:
        if dtype not in NORM:
            raise TypeError(message(f"MRG31k3p draws float32 or float64, not {dtype}", here()[0]))
        self.dtype = dtype
        self.shape = shape

    @property
    def name(self) -> str:
        return "mrg_uniform"

    def __str__(self) -> str:
        return "mrg_uniform"

    def __repr__(self) -> str:
        return f"mrg_uniform{{{self.dtype}, {self.shape}}}"

    @property
    def library_c(self) -> LibraryCall:
        suffix = {"float64": "f64", "float32": "f32"}[self.dtype]
        errors = ("mrg_uniform: numbers are wanted from a state without streams",)
        return LibraryCall("mrg.h", f"isym_mrg_uniform_{suffix}", errors, context=True)

    def make_node(self, states: Any, size: Any) -> Apply:
        rows, sizes = as_tensor_variable(states), as_tensor_variable(size)
        if rows.type.dtype != "int32" or rows.type.ndim != 2:
            raise TypeError(message(f"mrg_uniform: the state wants an int32 matrix, got {rows.type}", here()[0]))
        if sizes.type.dtype != "int64" or sizes.type.ndim != 1:
            raise TypeError(message(f"mrg_uniform: the size wants an int64 vector, got {sizes.type}", here()[0]))
        after = rows.type.make_variable()
        sample = RandomVariable(TensorType(self.dtype, shape=self.shape))
        sample.rstate, sample.update = rows, (rows, after)
        return Apply(self, [rows, sizes], [after, sample])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        states, size = inputs
        sizes = tuple(int(n) for n in size)
        if len(sizes) != len(self.shape) or min(sizes, default=0) < 0:
            wanted = f"{len(self.shape)} sizes of 0 or more"
            raise ValueError(message(f"mrg_uniform wants {wanted}, got {sizes}", node.where))
        after, d = numbers(states, int(np.prod(sizes, dtype=np.int64)))
        output_storage[0][0] = after
        output_storage[1][0] = (d.astype(self.dtype) * NORM[self.dtype]).reshape(sizes)

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        sizes = tuple(
            size_entry(node.inputs[1], axis) if known is None else known for axis, known in enumerate(self.shape)
        )
        return [tuple(input_shapes[0]), sizes]


class _FromUniform(Op):
    """What the two draws below have alike: probabilities `(rows, k)`, uniform numbers `(rows * n,)`, and n, int64.

    Draw c of row i uses number `c * rows + i`, and takes the first outcome whose summed probability exceeds it.
    """

    family = "random"
    gradient_stops = "the sample is drawn at random, and is of integers"

    def _inputs(self, pvals: Any, numbers: Any, n: Any) -> list[Any]:
        p, u = as_tensor_variable(pvals), as_tensor_variable(numbers)
        if p.type.ndim != 2 or p.type.dtype not in FLOATS:
            raise TypeError(message(f"{self.name}: probabilities want a matrix of floats, got {p.type}", here()[0]))
        if u.type.ndim != 1 or u.type.dtype not in FLOATS:
            raise TypeError(message(f"{self.name}: uniform numbers want a vector of floats, got {u.type}", here()[0]))
        return [p, u, call("cast", integer_parameter(self.name, "n", n, 0), "int64")]

    def _checked(self, node: Apply, inputs: Sequence[Any]) -> tuple[Array, Array, int]:
        p, u, n = inputs
        if int(n) < 0 or len(u) != len(p) * int(n):
            raise ValueError(
                message(f"{self.name}: {len(p)} rows and n = {int(n)} do not go with {len(u)} numbers", node.where)
            )
        return p, u.reshape(int(n), len(p)), int(n)


class MultinomialFromUniform(_FromUniform):
    """Counts of the outcomes of n draws: int64 `(rows, k)`. A draw whose number no sum exceeds counts nowhere."""

    __props__ = ("pvals_dtype", "numbers_dtype")

    def __init__(self, pvals_dtype: str, numbers_dtype: str) -> None:
        self.pvals_dtype = pvals_dtype
        self.numbers_dtype = numbers_dtype

    @property
    def name(self) -> str:
        return "multinomial_from_uniform"

    @property
    def library_c(self) -> LibraryCall:
        short = {"float64": "f64", "float32": "f32"}
        function = f"isym_multinomial_{short[self.pvals_dtype]}_{short[self.numbers_dtype]}"
        errors = ("", "multinomial_from_uniform: rows, n and the count of uniform numbers do not go together")
        return LibraryCall("mrg.h", function, errors)

    def make_node(self, pvals: Any, numbers: Any, n: Any) -> Apply:
        inputs = self._inputs(pvals, numbers, n)
        found = tuple(x.type.dtype for x in inputs[:2])
        if found != (self.pvals_dtype, self.numbers_dtype):
            raise TypeError(message(f"{self} was given {found[0]} and {found[1]}", here()[0]))
        return Apply(self, inputs, [TensorType("int64", shape=inputs[0].type.shape).make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        p, u, n = self._checked(node, inputs)
        counts = np.zeros(p.shape, dtype=np.int64)
        if p.shape[1]:
            sums = np.cumsum(p, axis=1, dtype=p.dtype)
            rows = np.arange(len(p))
            for draw in range(n):
                exceeds = sums > u[draw][:, None]
                hit = exceeds.any(axis=1)
                counts[rows[hit], exceeds.argmax(axis=1)[hit]] += 1
        output_storage[0][0] = counts

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(input_shapes[0])]


class ChoiceFromUniform(_FromUniform):
    """The outcomes of n draws, in the order drawn: int64 `(rows, n)`.

    Without replacement, an outcome drawn loses its probability and the rest of the row is scaled to sum to 1. Where
    no sum exceeds the number (probabilities that sum to less than 1), the last outcome with a probability is taken.
    """

    __props__ = ("replace",)
    python_only = "takes drawn outcomes out of their rows, with NumPy's array operations"

    def __init__(self, replace: bool = False) -> None:
        self.replace = replace

    @property
    def name(self) -> str:
        return "choice_from_uniform"

    def make_node(self, pvals: Any, numbers: Any, n: Any) -> Apply:
        inputs = self._inputs(pvals, numbers, n)
        draws = int(inputs[2].data) if isinstance(inputs[2], Constant) else None
        shape = (inputs[0].type.shape[0], draws)
        return Apply(self, inputs, [TensorType("int64", shape=shape).make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        p, u, n = self._checked(node, inputs)
        if n and not np.all((p > 0).sum(axis=1) >= (1 if self.replace else n)):
            raise ValueError(
                message(f"choice: {n} outcomes are wanted, and a row has fewer with a probability", node.where)
            )
        p = p.copy()
        rows = np.arange(len(p))
        out = np.empty((len(p), n), dtype=np.int64)
        for draw in range(n):
            exceeds = np.cumsum(p, axis=1, dtype=p.dtype) > u[draw][:, None]
            last = p.shape[1] - 1 - (p > 0)[:, ::-1].argmax(axis=1)
            chosen = np.where(exceeds.any(axis=1), exceeds.argmax(axis=1), last)
            out[:, draw] = chosen
            if not self.replace and draw < n - 1:
                p[rows, chosen] = 0
                p /= p.sum(axis=1, keepdims=True)
        output_storage[0][0] = out

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        n = node.inputs[2]
        return [(input_shapes[0][0], int(n.data) if isinstance(n, Constant) else n)]
