"""Reductions: sum, product, extremes, all and any, and what is composed of them (floor B).

Sums of float32 are accumulated in float64 and returned as float32. Integers and booleans are summed in int64 (unsigned
ones in uint64).

Read next: `linalg`.
"""

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..constants import as_tensor_variable, constant
from ..errors import message
from ..graph import Apply, Constant, Variable
from ..op import Op, call, public
from ..source import here
from ..types import COMPLEXES, DISCRETE, TensorType, as_dtype, upcast
from ..variable import TensorVariable
from .shape import known_size, normalize_axis, sizes_of

KINDS = ("sum", "prod", "max", "min", "all", "any", "argmax", "argmin")
_ACCUMULATE_IN = {"float32": "float64", "complex64": "complex128"}


class Reduce(Op):
    """Combine the elements along some axes.

    Args:
        kind: one of `KINDS`.
        axis: the axes, non-negative; none of them makes a copy (or cast).
        dtype: the output's element type.
        acc_dtype: the element type in which it is computed.

    Example:
        >>> import interactive_sym.tensor as T
        >>> largest = Reduce("max", (1,), "float64", "float64")
        >>> largest(T.constant([[1.5, 2.0], [4.0, 3.0]], dtype="float64")).eval()
        array([2., 4.])
    """

    __props__ = ("kind", "axis", "dtype", "acc_dtype")
    family = "reduce"

    def __init__(self, kind: str, axis: Sequence[int], dtype: str, acc_dtype: str) -> None:
        self.kind = kind
        self.axis = tuple(sorted(axis))
        self.dtype = dtype
        self.acc_dtype = acc_dtype
        self.gradient_stops = "an integer position" if kind in ("argmax", "argmin") else ""

    @property
    def name(self) -> str:
        return self.kind

    def __str__(self) -> str:
        axes = f"{{axis={self.axis}}}" if self.axis else ""
        return f"{self.kind}{axes}"

    @property
    def doc(self) -> str:
        return f"{self.kind} of the elements along axes {self.axis}."

    def make_node(self, x: Any) -> Apply:
        x = as_tensor_variable(x)
        ndim = len(x.type.shape)
        if builtins.any(not 0 <= axis < ndim for axis in self.axis):
            raise np.exceptions.AxisError(message(f"{self.kind}: there is no axis {self.axis} in {x.type}", here()[0]))
        if self.kind not in ("sum", "prod") and x.type.dtype in COMPLEXES:
            raise TypeError(message(f"{self.kind} has no meaning for complex numbers", here()[0]))
        sizes = [size for axis, size in enumerate(x.type.shape) if axis not in self.axis]
        if self.kind not in ("sum", "prod", "all", "any") and builtins.any(
            x.type.shape[axis] == 0 for axis in self.axis
        ):
            raise ValueError(message(f"{self.kind} of no elements: {x.type}", here()[0]))
        return Apply(self, [x], [TensorVariable(TensorType(self.dtype, None, sizes))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x = np.asarray(inputs[0])
        if self.kind in ("max", "min", "argmax", "argmin"):
            for axis in self.axis:
                if x.shape[axis] == 0:
                    raise ValueError(
                        message(
                            f"{self.kind} of no elements: axis {axis} has size 0",
                            node.where,
                            [(str(node.inputs[0])[:30], str(x.dtype), str(x.shape))],
                        )
                    )
        output_storage[0][0] = np.asarray(self._compute(x)).astype(self.dtype)

    def _compute(self, x: Any) -> Any:
        with np.errstate(all="ignore"):
            if self.kind == "sum":
                return np.sum(x, axis=self.axis, dtype=self.acc_dtype)
            if self.kind == "prod":
                return np.prod(x, axis=self.axis, dtype=self.acc_dtype)
            if self.kind in ("argmax", "argmin"):
                kept = [axis for axis in range(x.ndim) if axis not in self.axis]
                sizes = [*(x.shape[axis] for axis in kept), math.prod(x.shape[axis] for axis in self.axis)]
                last = x.transpose(kept + list(self.axis)).reshape(sizes)
                return getattr(np, self.kind)(last, axis=-1)
            return getattr(np, self.kind)(x, axis=self.axis)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        x, g = inputs[0], self._stretched(output_grads[0], inputs[0])
        if self.kind == "sum":
            return [call("fill", x, g)]
        if self.kind in ("max", "min"):
            extreme = self._stretched(self(x), x)
            return [call("switch", call("eq", x, extreme), g, 0)]
        if self.kind == "prod":
            return [g * self._others(x)]
        return [None]

    def _stretched(self, reduced: Any, x: Any) -> Any:
        """A value without the reduced axes, given them again with size 1."""
        position, order = 0, []
        for axis in range(len(x.type.shape)):
            order.append("x" if axis in self.axis else position)
            position += axis not in self.axis
        return call("dimshuffle", reduced, order)

    def _others(self, x: Any) -> Any:
        """For each element the product of all others: exact also where elements are zero."""
        is_zero = call("eq", x, 0)
        filled = call("switch", is_zero, 1, x)
        product = self._stretched(Reduce("prod", self.axis, self.dtype, self.acc_dtype)(filled), x)
        zeros = self._stretched(Reduce("sum", self.axis, "int64", "int64")(is_zero), x)
        return call("switch", call("eq", zeros, is_zero), product / filled, 0)

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(size for axis, size in enumerate(input_shapes[0]) if axis not in self.axis)]


def normalize_axes(axis: Any, ndim: int, what: str) -> tuple[int, ...]:
    """The axes meant by None (all), an int or several ints, as sorted non-negative ints.

    Raises:
        AxisError: one is out of range.
        ValueError: one appears twice.
    """
    if axis is None or (isinstance(axis, Constant) and axis.data.dtype == object):
        return tuple(range(ndim))
    if isinstance(axis, Constant) and axis.data.ndim == 1:
        axis = axis.data.tolist()
    elif isinstance(axis, np.ndarray):
        axis = axis.tolist()
    chosen = [normalize_axis(a, ndim, what) for a in (axis if isinstance(axis, (list, tuple)) else [axis])]
    if len(set(chosen)) != len(chosen):
        raise ValueError(message(f"{what}: an axis appears twice in {axis}", here()[0]))
    return tuple(sorted(chosen))


def _reduced(
    kind: str, x: Any, axis: Any, keepdims: bool, dtype: str | None = None, acc_dtype: str | None = None
) -> Any:
    x = as_tensor_variable(x)
    axes = normalize_axes(axis, len(x.type.shape), kind)
    op = Reduce(kind, axes, dtype or x.type.dtype, acc_dtype or dtype or x.type.dtype)
    result = op(x)
    return op._stretched(result, x) if keepdims else result


def _wide(x: Any, dtype: Any, acc_dtype: Any) -> tuple[str, str]:
    """Element types of a sum's output and accumulator."""
    mine: str = x.type.dtype
    natural = ("uint64" if mine.startswith("uint") else "int64") if mine in DISCRETE else mine
    out = natural if dtype is None else as_dtype(dtype)
    if acc_dtype is not None:
        return out, as_dtype(acc_dtype)
    common = natural if out in DISCRETE else upcast(natural, out)
    return out, _ACCUMULATE_IN.get(common, common)


@public
def sum(input: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None) -> Any:
    """The sum of the elements along some axes.

    Args:
        input: a tensor `(n, ...)`.
        axis: an axis, several, or None for all.
        dtype: element type of the result; by default that of `input`, int64 for bool and signed, uint64 for unsigned
            integers.
        keepdims: keep the summed dimensions, with size 1.
        acc_dtype: element type of the accumulator; by default float64 for float32.

    Raises:
        AxisError: an axis is out of range.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.sum(T.imatrix("m"), axis=0).type
        TensorType(int64, vector)
    """
    input = as_tensor_variable(input)
    return _reduced("sum", input, axis, keepdims, *_wide(input, dtype, acc_dtype))


@public
def prod(
    input: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    acc_dtype: Any = None,
    no_zeros_in_input: bool = False,
) -> Any:
    """The product of the elements along some axes; arguments as for `sum`.

    `no_zeros_in_input` is a promise of the caller's; the gradient is right with and without it.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.prod(T.fmatrix("m"), axis=1, keepdims=True).type
        TensorType(float32, col)
    """
    input = as_tensor_variable(input)
    return _reduced("prod", input, axis, keepdims, *_wide(input, dtype, acc_dtype))


@public
def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest element along some axes; NaN where there is one. Every element tied for it gets the full gradient.

    Args:
        x: a tensor.
        axis: an axis, several, or None for all.
        keepdims: keep the axes, with size 1.

    Raises:
        ValueError: no elements.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.max(T.dmatrix("m"), axis=-1).type
        TensorType(float64, vector)
    """
    return _reduced("max", x, axis, keepdims)


@public
def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The smallest element along some axes; NaN where there is one.

    Args:
        x, axis, keepdims: as for `max`.

    Raises:
        ValueError: no elements.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.min(T.dmatrix("m")).type
        TensorType(float64, scalar)
    """
    return _reduced("min", x, axis, keepdims)


@public
def argmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The position of the first largest element along some axes, int64.

    Over several axes (None is all) it is the position in these axes flattened, in C order.

    Args:
        x: a tensor.
        axis: an axis, several, or None for all.
        keepdims: keep the axes, with size 1.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.argmax(T.dmatrix("m"), axis=0).type
        TensorType(int64, vector)
    """
    return _reduced("argmax", x, axis, keepdims, "int64")


@public
def argmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The position of the first smallest element along some axes, int64; see `argmax`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.argmin(T.dmatrix("m")).type
        TensorType(int64, scalar)
    """
    return _reduced("argmin", x, axis, keepdims, "int64")


@public
def max_and_argmax(a: Any, axis: Any = None, keepdims: bool = False) -> list[Any]:
    """The largest element along some axes, and its position.

    Args:
        a: a tensor.
        axis, keepdims: as for `max`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> [v.dtype for v in T.max_and_argmax(T.dmatrix("m"), axis=1)]
        ['float64', 'int64']
    """
    return [max(a, axis, keepdims), argmax(a, axis, keepdims)]


@public
def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether all elements along some axes are true (not 0), bool.

    Args:
        x: a tensor.
        axis: an axis, several, or None for all.
        keepdims: keep the axes, with size 1.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.all(T.matrix("m") > 0, axis=1).type
        TensorType(bool, vector)
    """
    return _reduced("all", x, axis, keepdims, "bool")


@public
def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether any element along some axes is true (not 0), bool.

    Args:
        x, axis, keepdims: as for `all`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.any(T.matrix("m") > 0).type
        TensorType(bool, scalar)
    """
    return _reduced("any", x, axis, keepdims, "bool")


def _count(x: Any, axes: Sequence[int], dtype: str) -> Any:
    """The number of elements along the axes, in a float type."""
    if not axes:
        return constant(1, dtype=dtype)
    sizes = [sizes_of(x)[axis] for axis in axes]
    known = [size for size in map(known_size, sizes) if size is not None]
    if len(known) == len(sizes):
        return constant(math.prod(known), dtype=dtype)
    return call("cast", sizes[0] if len(sizes) == 1 else call("mul", *sizes), dtype)


@public
def mean(
    input: Any, axis: Any = None, dtype: Any = None, op: bool = False, keepdims: bool = False, acc_dtype: Any = None
) -> Any:
    """The mean of the elements along some axes: their sum over their number.

    Args:
        input: a tensor `(n, ...)`.
        axis: an axis, several, or None for all.
        dtype: element type of the result; by default that of `input`, float64 for bool and integers.
        op: accepted for old programs; there is one way to compute a mean.
        keepdims: keep the reduced dimensions, with size 1.
        acc_dtype: element type of the accumulator; by default float64 for float32.

    Raises:
        TypeError: `dtype` is an integer type.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.mean(T.bmatrix("m"), axis=0).type
        TensorType(float64, vector)
    """
    input = as_tensor_variable(input)
    out = as_dtype(dtype) if dtype is not None else "float64" if input.type.dtype in DISCRETE else input.type.dtype
    if out in DISCRETE:
        raise TypeError(message(f"mean: the element type of a mean is a float, not {out}", here()[0]))
    axes = normalize_axes(axis, len(input.type.shape), "mean")
    total = sum(input, axis=axes, dtype=out, keepdims=keepdims, acc_dtype=acc_dtype)
    return call("true_div", total, _count(input, axes, out))


@public
def var(input: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False) -> Any:
    """The variance of the elements along some axes, in two passes: `sum((input - mean)²) / (n - ddof)`.

    Args:
        input: a tensor `(n, ...)`.
        axis: an axis, several, or None for all.
        ddof: what is taken off the number of elements.
        keepdims: keep the reduced dimensions, with size 1.
        corrected: take off the squared mean of what the first pass left, which is rounding error.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.var(T.dmatrix("m"), axis=0).type
        TensorType(float64, vector)
    """
    input = as_tensor_variable(input)
    axes = normalize_axes(axis, len(input.type.shape), "var")
    centered = input - mean(input, axis=axes, keepdims=True)
    squares = call("sqr", call("abs", centered) if centered.type.dtype in COMPLEXES else centered)
    total = sum(squares, axis=axes, keepdims=keepdims)
    variance = call(
        "true_div", total, _count(input, axes, total.type.dtype) - ddof if ddof else _count(input, axes, total.dtype)
    )
    if corrected:
        variance = variance - call("sqr", mean(centered, axis=axes, keepdims=keepdims))
    return variance


@public
def std(input: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False) -> Any:
    """The standard deviation, the square root of `var`.

    Args:
        input, axis, ddof, keepdims, corrected: as for `var`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.std(T.dmatrix("m"), axis=0, keepdims=True).type
        TensorType(float64, row)
    """
    return call("sqrt", var(input, axis=axis, ddof=ddof, keepdims=keepdims, corrected=corrected))


@public
def ptp(a: Any, axis: Any = None) -> Any:
    """The difference between the largest and the smallest element along some axes.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.ptp(T.dmatrix("m"), axis=0).type
        TensorType(float64, vector)
    """
    return max(a, axis) - min(a, axis)


@public
def norm(x: Any, L: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The L-norm along some axes: `(sum |x|ᴸ)^(1/L)`; for L = 0 the number of elements that are not 0.

    Args:
        x: a tensor.
        L: the exponent; infinite for the largest `|x|`.
        axis, keepdims: as for `max`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.norm(T.dmatrix("m"), 2, axis=1).type
        TensorType(float64, vector)
    """
    x = as_tensor_variable(x)
    if isinstance(L, (int, float)) and L == 0:
        return sum(call("neq", x, 0), axis=axis, keepdims=keepdims)
    if isinstance(L, (int, float)) and math.isinf(L):
        return max(call("abs", x), axis=axis, keepdims=keepdims)
    powers = call("pow", call("abs", x), L)
    return call("pow", sum(powers, axis=axis, keepdims=keepdims), call("true_div", 1.0, L))
