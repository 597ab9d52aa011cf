"""Functions made of others: running sums, repetition, diagonals, grids, one-hot rows, counts (floor B).

Read next: `interactive_sym.tensor`.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..constants import as_tensor_variable, constant
from ..constants import get_scalar_constant_value as _scalar_value
from ..errors import NotScalarConstantError, message
from ..graph import Apply, Constant, Variable
from ..op import Op, call, public
from ..source import here
from ..types import COMPLEXES, CONTINUOUS, DISCRETE, INTEGERS, TensorType, upcast
from ..variable import TensorVariable
from .advanced import AdvancedIncSubtensor, AdvancedSubtensor, InRange, flatnonzero
from .elementwise import C_TYPES
from .library import LibraryCall
from .shape import as_size, as_sizes, known_size, normalize_axis, size_of, sizes_of
from .sort import argsort


def _row(x: Any) -> tuple[str, str, str]:
    return (str(x)[:30], x.type.dtype, x.type.form)


def _along(x: Any, axis: int, part: Any) -> Any:
    """`x[:, ..., part]`, the part of axis `axis`."""
    return call("getitem", x, (*[slice(None)] * axis, part))


def _reversed(x: Any, axis: int) -> Any:
    return _along(x, axis, slice(None, None, -1))


def _known(name: str, *sizes: Any) -> Any:
    """A function of sizes, worked out where all are known."""
    known = [known_size(size) for size in sizes]
    if None in known:
        return call(name, *sizes)
    a, b = (int(size) for size in known if size is not None)
    worked = {"minimum": min(a, b), "maximum": max(a, b), "add": a + b, "sub": a - b}
    return constant(worked[name], dtype="int64")


# -- running sums and products -----------------------------------------------------------------------------------------


class Cumulative(Op):
    """Running sums ("sum") or products ("prod") along an axis.

    Args:
        kind: "sum" or "prod".
        axis: which axis, non-negative.
        dtype: element type of the operand.
        out_dtype: element type of the result.

    Example:
        >>> import interactive_sym.tensor as T
        >>> Cumulative("sum", 0, "float64", "float64")(T.constant([1.0, 2.0, 3.0], dtype="float64")).eval()
        array([1., 3., 6.])
    """

    __props__ = ("kind", "axis", "dtype", "out_dtype")
    family = "reduce"

    def __init__(self, kind: str, axis: int, dtype: str, out_dtype: str) -> None:
        self.kind = kind
        self.axis = axis
        self.dtype = dtype
        self.out_dtype = out_dtype

    @property
    def name(self) -> str:
        return f"cum{self.kind}"

    @property
    def library_c(self) -> LibraryCall:
        function = f"isym_cum{self.kind}_{self.dtype}_{self.out_dtype}"
        sign = "+" if self.kind == "sum" else "*"
        made = f"ISYM_RUNNING({function}, {C_TYPES[self.dtype]}, {C_TYPES[self.out_dtype]}, {sign})"
        sizes = ((0, self.axis, self.axis + 1), (0, self.axis + 1, 99))
        return LibraryCall("arrays.h", function, (), sizes, made)

    def make_node(self, x: Any) -> Apply:
        x = as_tensor_variable(x)
        if x.type.dtype != self.dtype or not 0 <= self.axis < len(x.type.shape):
            raise TypeError(
                message(f"{self.name} of {self.dtype} along axis {self.axis} was given {x.type}", here()[0])
            )
        return Apply(self, [x], [TensorVariable(TensorType(self.out_dtype, None, x.type.shape))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        function = np.cumsum if self.kind == "sum" else np.cumprod
        with np.errstate(all="ignore"):
            output_storage[0][0] = function(inputs[0], axis=self.axis, dtype=self.out_dtype)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        """Sums: the running sum of the cotangent from the end.

        Products: with s[k] = g[k] + x[k+1] s[k+1], the product of the elements before x[k] times s[k]. There is no
        division, so that zeros are no exception.
        """
        (x,), g, axis = inputs, output_grads[0], self.axis
        if self.dtype in DISCRETE:
            return [None]
        if self.kind == "sum":
            op = Cumulative("sum", axis, g.type.dtype, g.type.dtype)
            return [_reversed(op(_reversed(g, axis)), axis)]
        first, last = _along(x, axis, slice(None, 1)), slice(None, -1)
        before = call("join", axis, call("ones_like", first), _along(self(x), axis, last))
        after = call("join", axis, _along(x, axis, slice(1, None)), call("zeros_like", first))
        sums = Recurrence(axis, self.dtype)(_reversed(after, axis), _reversed(g, axis))
        return [before * _reversed(sums, axis)]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(input_shapes[0])]


class Recurrence(Op):
    """s[k] = a[k] s[k-1] + b[k] along an axis, from s[-1] = 0.

    Args:
        axis: which axis, non-negative.
        dtype: element type.
    """

    __props__ = ("axis", "dtype")
    family = "reduce"
    name = "recurrence"

    def __init__(self, axis: int, dtype: str) -> None:
        self.axis = axis
        self.dtype = dtype

    @property
    def library_c(self) -> LibraryCall:
        function = f"isym_recurrence_{self.dtype}"
        made = f"ISYM_RECURRENCE({function}, {C_TYPES[self.dtype]})"
        sizes = ((0, self.axis, self.axis + 1), (0, self.axis + 1, 99))
        return LibraryCall("arrays.h", function, ("recurrence: the operands differ in size",), sizes, made)

    def make_node(self, a: Any, b: Any) -> Apply:
        a, b = as_tensor_variable(a), as_tensor_variable(b)
        if a.type.dtype != self.dtype or b.type.dtype != self.dtype or a.type.ndim != b.type.ndim:
            raise TypeError(message(f"{self} was given {a.type} and {b.type}", here()[0]))
        return Apply(self, [a, b], [TensorVariable(b.type)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        if inputs[0].shape != inputs[1].shape:
            raise ValueError(message("recurrence: the operands differ in size", node.where))
        a, b = (np.moveaxis(x, self.axis, 0) for x in inputs)
        out = np.array(b, order="C")
        with np.errstate(all="ignore"):
            for k in range(1, len(out)):
                out[k] += a[k] * out[k - 1]
        output_storage[0][0] = np.ascontiguousarray(np.moveaxis(out, 0, self.axis))

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        """The same recurrence from the end: h[k] = g[k] + a[k+1] h[k+1]; db = h, da[k] = h[k] s[k-1]."""
        a, b = inputs
        g: Any = output_grads[0]
        first = _along(a, self.axis, slice(None, 1))
        after = call("join", self.axis, _along(a, self.axis, slice(1, None)), call("zeros_like", first))
        back = _reversed(self(_reversed(after, self.axis), _reversed(g, self.axis)), self.axis)
        s = self(a, b)
        before = call("join", self.axis, call("zeros_like", first), _along(s, self.axis, slice(None, -1)))
        return [back * before, back]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(input_shapes[1])]


def _cumulative(kind: str, x: Any, axis: int | None) -> Any:
    x = as_tensor_variable(x)
    if axis is None or not len(x.type.shape):
        x, axis = call("flatten", x), 0
    axis = normalize_axis(axis, len(x.type.shape), f"cum{kind}")
    dtype = x.type.dtype
    out = ("uint64" if dtype.startswith("uint") else "int64") if dtype in DISCRETE else dtype
    return Cumulative(kind, axis, dtype, out)(x)


@public
def cumsum(x: Any, axis: int | None = None) -> Any:
    """Running sums along an axis: `y[k] = x[0] + ... + x[k]`.

    Args:
        x: a tensor.
        axis: which axis; None sums the elements flattened.

    Returns:
        A tensor of the shape of `x`; int64 for bool and signed, uint64 for unsigned integers.

    Raises:
        AxisError: there is no such axis.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.cumsum(x).eval({x: [1.0, 2.0, 3.0]}).tolist()
        [1.0, 3.0, 6.0]
    """
    return _cumulative("sum", x, axis)


@public
def cumprod(x: Any, axis: int | None = None) -> Any:
    """Running products along an axis: `y[k] = x[0] · ... · x[k]`; see `cumsum`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.cumprod(x).eval({x: [1.0, 2.0, 3.0]}).tolist()
        [1.0, 2.0, 6.0]
    """
    return _cumulative("prod", x, axis)


@public
def diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    """Differences of neighbours along an axis, `n` times: `y[k] = x[k+1] - x[k]`; for booleans whether they differ.

    Raises:
        ValueError: `n` is negative, or `x` has no dimension.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.diff(x, n=2).eval({x: [1.0, 4.0, 9.0, 16.0]}).tolist()
        [2.0, 2.0]
    """
    x = as_tensor_variable(x)
    if n < 0 or not len(x.type.shape):
        raise ValueError(message(f"diff: n = {n} differences of {x.type}", here()[0]))
    axis = normalize_axis(axis, len(x.type.shape), "diff")
    for _ in range(n):
        upper, lower = _along(x, axis, slice(1, None)), _along(x, axis, slice(None, -1))
        x = call("neq" if x.type.dtype == "bool" else "sub", upper, lower)
    return x


# -- counting ----------------------------------------------------------------------------------------------------------


class BinCount(Op):
    """How often each of 0, 1, ... comes in an int64 vector, or the sum of weights there.

    Inputs are the numbers, the size of the result, and weights where there are any.

    Args:
        dtype: element type of the weights, empty without weights.

    Example:
        >>> import interactive_sym.tensor as T
        >>> BinCount()(T.constant([2, 0, 2], dtype="int64"), 4).eval()
        array([1, 0, 2, 0])
    """

    __props__ = ("dtype",)
    family = "reduce"
    name = "bincount"

    def __init__(self, dtype: str = "") -> None:
        self.dtype = dtype

    @property
    def library_c(self) -> LibraryCall:
        errors = ("bincount: a number is negative", "bincount: a number is too large", "bincount: too few weights")
        if not self.dtype:
            return LibraryCall("arrays.h", "isym_bincount", errors)
        function = f"isym_bincount_{self.dtype}"
        made = f"ISYM_BINCOUNT_WEIGHTED({function}, {C_TYPES[self.dtype]})"
        return LibraryCall("arrays.h", function, errors, (), made)

    def make_node(self, x: Any, size: Any, *weights: Any) -> Apply:
        x, size = as_tensor_variable(x), as_size(size, "bincount")
        given = [as_tensor_variable(weight) for weight in weights]
        if x.type.dtype != "int64" or x.type.ndim != 1 or any(w.type.ndim != 1 for w in given):
            raise TypeError(message(f"bincount wants an integer vector, got {x.type}", here()[0]))
        return Apply(
            self, [x, size, *given], [TensorVariable(TensorType(self.dtype or "int64", None, (known_size(size),)))]
        )

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, size, *weights = inputs
        if x.size and (x.min() < 0 or x.max() >= size):
            raise ValueError(message(f"bincount: numbers are from 0 to {int(size) - 1}, one is {x.min()}", node.where))
        if weights and weights[0].shape != x.shape:
            raise ValueError(
                message(f"bincount: {len(weights[0])} weights for {len(x)} numbers", node.where, [_row(node.inputs[0])])
            )
        out = np.zeros(int(size), dtype=self.dtype or "int64")
        np.add.at(out, x, weights[0] if weights else 1)
        output_storage[0][0] = out

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        """Each weight gets the cotangent of its bin."""
        return [None, None, *[AdvancedSubtensor((0,))(output_grads[0], inputs[0]) for _ in inputs[2:]]]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False], [False], *[[True] for _ in node.inputs[2:]]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        known = known_size(node.inputs[1])
        return [(node.inputs[1] if known is None else known,)]


@public
def bincount(x: Any, weights: Any = None, minlength: Any = None, assert_nonneg: bool = False) -> Any:
    """How often each of 0, 1, ..., max x comes in `x`, or the sum of the weights there.

    Args:
        x: a vector of integers that are not negative.
        weights: numbers `(n,)` to be summed instead of ones.
        minlength: the least length of the result.
        assert_nonneg: accepted for Theano's sake: negative numbers are an error in any case.

    Returns:
        A vector: int64, or the element type of the weights.

    Raises:
        TypeError: `x` is not an integer vector.
        ValueError: a number is negative, when called.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.bincount(T.constant([1, 3, 1]), minlength=5).eval().tolist()
        [0, 2, 0, 1, 0]
    """
    x = as_tensor_variable(x)
    if x.type.dtype not in INTEGERS or x.type.dtype == "uint64" or len(x.type.shape) != 1:
        raise TypeError(message(f"bincount wants an integer vector (not uint64), got {x.type}", here()[0]))
    x = call("cast", x, "int64")
    largest = call("max", call("join", 0, x, constant(np.array([-1]))))
    size = call("maximum", largest + 1, as_size(0 if minlength is None else minlength, "bincount"))
    if weights is None:
        return BinCount()(x, size)
    weights = as_tensor_variable(weights)
    return BinCount(weights.type.dtype)(x, size, weights)


class Unique:
    """The different elements of a tensor, from small to large.

    Args:
        return_index: also return where each comes first, in `x` flattened.
        return_inverse: also return for each element of `x`, flattened, which of the different elements it is.
        return_counts: also return how often each comes.
        axis: compare the parts of `x` along this axis as wholes; None compares single elements.

    Called with a tensor it returns a vector, or a list of it and what else was asked for.

    Example:
        >>> import interactive_sym.tensor as T
        >>> values, counts = T.Unique(return_counts=True)(T.constant([2, 0, 2]))
        >>> values.eval().tolist(), counts.eval().tolist()
        ([0, 2], [1, 2])
    """

    def __init__(
        self,
        return_index: bool = False,
        return_inverse: bool = False,
        return_counts: bool = False,
        axis: int | None = None,
    ) -> None:
        self.wanted = (bool(return_index), bool(return_inverse), bool(return_counts))
        self.axis = axis

    def __call__(self, x: Any) -> Any:
        x = as_tensor_variable(x)
        if self.axis is not None:
            axis = normalize_axis(self.axis, len(x.type.shape), "Unique")
            return UniqueParts(axis, self.wanted)(x)
        x = call("flatten", x)
        order = argsort(x)
        ordered = AdvancedSubtensor((0,))(x, order)
        positions = call("arange", size_of(x, 0))
        previous = AdvancedSubtensor((0,))(ordered, call("maximum", positions - 1, constant(0, dtype="int64")))
        differs = call("neq", ordered, previous)
        if x.type.dtype in CONTINUOUS and x.type.dtype not in COMPLEXES:
            differs = call("and", differs, call("invert", call("isnan", previous)))
        is_first = call("or", differs, call("eq", positions, 0))
        first = flatnonzero(is_first)
        results = [AdvancedSubtensor((0,))(ordered, first)]
        if self.wanted[0]:
            results.append(AdvancedSubtensor((0,))(order, first))
        if self.wanted[1]:
            number = cumsum(is_first) - 1
            results.append(AdvancedIncSubtensor((0,), True)(call("zeros_like", order), number, order))
        if self.wanted[2]:
            ends = _along(call("join", 0, first, call("shape", x)), 0, slice(1, None))
            results.append(call("sub", ends, first))
        return results if len(results) > 1 else results[0]


class UniqueParts(Op):
    """The different parts of a tensor along an axis, in order; perhaps with positions, inverse and counts."""

    __props__ = ("axis", "also")
    family = "indexing"
    name = "unique"
    python_only = "compares parts of many elements as wholes, with NumPy"
    gradient_stops = "a choice of parts"

    def __init__(self, axis: int, also: tuple[bool, bool, bool]) -> None:
        self.axis = axis
        self.also = also

    def make_node(self, x: Any) -> Apply:
        x = as_tensor_variable(x)
        shape = [None if axis == self.axis else size for axis, size in enumerate(x.type.shape)]
        lengths = [None, x.type.shape[self.axis], None]
        more = [
            TensorVariable(TensorType("int64", None, (length,)))
            for length, wanted in zip(lengths, self.also, strict=True)
            if wanted
        ]
        return Apply(self, [x], [TensorVariable(TensorType(x.type.dtype, None, shape)), *more])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        index, inverse, counts = self.also
        unique: Any = np.unique
        found = unique(inputs[0], index, inverse, counts, axis=self.axis)
        for cell, value in zip(output_storage, found if any(self.also) else [found], strict=True):
            cell[0] = value if cell is output_storage[0] else np.asarray(value, dtype="int64").reshape(-1)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        return [None]


# -- choosing and repeating --------------------------------------------------------------------------------------------


@public
def compress(condition: Any, x: Any, axis: int | None = None) -> Any:
    """The parts of `x` along an axis where a condition is true.

    Args:
        condition: a vector; it may be shorter than the axis.
        x: a tensor.
        axis: which axis; None takes from `x` flattened.

    Raises:
        TypeError: the condition is not a vector.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.compress([1, 0, 1], x).eval({x: [1.0, 2.0, 3.0]}).tolist()
        [1.0, 3.0]
    """
    condition = as_tensor_variable(condition)
    if len(condition.type.shape) != 1:
        raise TypeError(message(f"compress wants a vector for the condition, got {condition.type}", here()[0]))
    return call("take", x, flatnonzero(condition), axis)


class Repeated(Op):
    """0 as often as the first count says, 1 as often as the second, ...

    Inputs are the counts, their sum, and how many counts are wanted, int64.
    """

    family = "indexing"
    name = "repeated"
    gradient_stops = "integer positions"
    library_c = LibraryCall(
        "arrays.h",
        "isym_repeated",
        (
            "repeat: a count is negative",
            "repeat: the counts do not sum up to the total",
            "repeat: as many counts as elements are wanted",
        ),
    )

    def make_node(self, counts: Any, total: Any, size: Any) -> Apply:
        counts, total, size = as_tensor_variable(counts), as_size(total, "repeat"), as_size(size, "repeat")
        if counts.type.dtype != "int64" or counts.type.ndim != 1:
            raise TypeError(message(f"repeated wants an int64 vector, got {counts.type}", here()[0]))
        return Apply(self, [counts, total, size], [TensorVariable(TensorType("int64", None, (known_size(total),)))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        counts, _, size = inputs
        if np.any(counts < 0):
            raise ValueError(message(f"repeat: a count is negative: {counts.min()}", node.where))
        if len(counts) != size:
            raise ValueError(message(f"repeat: {len(counts)} counts for {int(size)} elements", node.where))
        output_storage[0][0] = np.repeat(np.arange(len(counts)), counts)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False], [False], [False]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        known = known_size(node.inputs[1])
        return [(node.inputs[1] if known is None else known,)]


@public
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element along an axis several times.

    Args:
        x: a tensor.
        repeats: how often: an integer, or a vector with a number for each element along the axis.
        axis: which axis; None repeats the elements of `x` flattened.

    Raises:
        TypeError: `repeats` is not of integers, or has more than 1 dimension.
        ValueError: a number is negative; a vector of another length than the axis.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.repeat(x, [0, 1, 2]).eval({x: [1.0, 2.0, 3.0]}).tolist()
        [2.0, 3.0, 3.0]
    """
    x, repeats = as_tensor_variable(x), as_tensor_variable(repeats)
    if repeats.type.dtype not in DISCRETE or len(repeats.type.shape) > 1:
        raise TypeError(
            message(f"repeat: repeats are an integer or a vector of integers, got {repeats.type}", here()[0])
        )
    if isinstance(repeats, Constant) and np.any(repeats.data < 0):
        raise ValueError(message(f"repeat: a count is negative: {repeats.data.min()}", here()[0]))
    if axis is None or not len(x.type.shape):
        x, axis = call("flatten", x), 0
    axis = normalize_axis(axis, len(x.type.shape), "repeat")
    if len(repeats.type.shape) == 0 or repeats.type.shape[0] == 1:
        count, sizes = as_size(repeats, "repeat"), sizes_of(x)
        ndim = len(sizes)
        order: list[Any] = [*range(axis + 1), "x", *range(axis + 1, ndim)]
        wide = call("alloc", call("dimshuffle", x, order), *sizes[: axis + 1], count, *sizes[axis + 1 :])
        return call("reshape", wide, [*sizes[:axis], _product(sizes[axis], count), *sizes[axis + 1 :]])
    mine, its = repeats.type.shape[0], x.type.shape[axis]
    if mine is not None and its is not None and mine != its:
        raise ValueError(message(f"repeat: {mine} counts for {its} elements along axis {axis}", here()[0]))
    if isinstance(repeats, Constant) and its is not None:
        positions: Any = constant(np.repeat(np.arange(its), repeats.data))
    else:
        counts = call("cast", repeats, "int64")
        positions = Repeated()(counts, call("sum", counts), size_of(x, axis))
    return AdvancedSubtensor((axis,))(x, positions)


def _product(*sizes: Any) -> Any:
    known = [known_size(size) for size in sizes]
    if None in known:
        return call("mul", *sizes)
    return constant(math.prod(size for size in known if size is not None), dtype="int64")


@public
def tile(x: Any, reps: Any, ndim: int | None = None) -> Any:
    """`x` put side by side with itself.

    Args:
        x: a tensor.
        reps: how often along each of the last axes: an integer, a list of integers and integer scalars, or an integer
            vector. Where it is longer than `x` has dimensions, `x` gets more on the left.
        ndim: the number of dimensions of the result, where more are wanted; needed where `reps` is a vector of unknown
            length.

    Raises:
        TypeError: `reps` is not of integers.
        ValueError: a number is negative; `ndim` is too small, or not given where it is needed.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.tile(x, (2, 2)).eval({x: [1.0, 2.0]}).tolist()
        [[1.0, 2.0, 1.0, 2.0], [1.0, 2.0, 1.0, 2.0]]
    """
    x = as_tensor_variable(x)
    counts: Any = as_sizes(reps, "tile")
    if not isinstance(counts, list):
        length = counts.type.shape[0] if counts.type.shape[0] is not None else ndim
        if length is None:
            raise ValueError(
                message(
                    f"tile: the length of {reps} is not known", here()[0], cure="tile(x, reps, ndim=2) gives the number"
                )
            )
        counts = [call("getitem", counts, k) for k in range(length)]
    if any((known := known_size(count)) is not None and known < 0 for count in counts):
        raise ValueError(message(f"tile: a count is negative: {reps}", here()[0]))
    dims = max(len(counts), len(x.type.shape), 0 if ndim is None else ndim)
    if ndim is not None and ndim < dims:
        raise ValueError(message(f"tile: ndim is {ndim}, and {dims} dimensions come out", here()[0]))
    counts = [constant(1, dtype="int64")] * (dims - len(counts)) + counts
    x = call("shape_padleft", x, dims - len(x.type.shape)) if dims > len(x.type.shape) else x
    sizes = sizes_of(x)
    order = [entry for axis in range(dims) for entry in ("x", axis)]
    pairs = [entry for count, size in zip(counts, sizes, strict=True) for entry in (count, size)]
    if not pairs:
        return x
    wide = call("alloc", call("dimshuffle", x, order), *pairs)
    return call("reshape", wide, [_product(count, size) for count, size in zip(counts, sizes, strict=True)])


@public
def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """The elements moved along an axis; those that leave at the end come in at the start.

    Args:
        x: a tensor.
        shift: by how many places, an integer or integer scalar; negative to the start. Several of them for several
            axes.
        axis: which axis, or several; None moves the elements flattened, and keeps the shape.

    Raises:
        ValueError: as many shifts as axes are wanted.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.roll(x, 1).eval({x: [1.0, 2.0, 3.0]}).tolist()
        [3.0, 1.0, 2.0]
    """
    x = as_tensor_variable(x)
    if axis is None:
        return call("reshape", roll(call("flatten", x), shift, 0), call("shape", x), ndim=len(x.type.shape))
    if isinstance(axis, (list, tuple)) or isinstance(shift, (list, tuple)):
        axes = list(axis) if isinstance(axis, (list, tuple)) else [axis] * len(shift)
        shifts = list(shift) if isinstance(shift, (list, tuple)) else [shift] * len(axes)
        if len(axes) != len(shifts):
            raise ValueError(message(f"roll: {len(shifts)} shifts for {len(axes)} axes", here()[0]))
        for one, its in zip(shifts, axes, strict=True):
            x = roll(x, one, its)
        return x
    axis = normalize_axis(axis, len(x.type.shape), "roll")
    places, size = as_size(shift, "roll"), size_of(x, axis)
    known = known_size(places), known_size(size)
    if None not in known:
        start: Any = constant(-known[0] % max(known[1], 1), dtype="int64")  # type: ignore[operator, type-var]
    else:
        start = call("mod", -places, call("maximum", size, constant(1, dtype="int64")))
    rolled = call("join", axis, _along(x, axis, slice(start, None)), _along(x, axis, slice(None, start)))
    return call("specify_shape", rolled, x.type.shape)


# -- diagonals ---------------------------------------------------------------------------------------------------------


def _diagonal_positions(rows: Any, columns: Any, offset: int) -> tuple[Any, Any]:
    """Rows and columns of the elements of a diagonal."""
    length = _known("minimum", _known("add", rows, min(offset, 0)), _known("sub", columns, max(offset, 0)))
    along = call("arange", _known("maximum", length, 0))
    return along + max(-offset, 0) if offset < 0 else along, along + offset if offset > 0 else along


@public
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements of a diagonal of two axes, as a last axis: `y[..., k] = a[k, k + offset, ...]`.

    Args:
        a: a tensor of at least 2 dimensions.
        offset: which diagonal; 0 is the main one, positive ones lie above it.
        axis1, axis2: the two axes.

    Raises:
        ValueError: fewer than 2 dimensions, or the same axis twice.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.diagonal(T.constant([[1, 2], [3, 4]]), 1).eval().tolist()
        [2]
    """
    a = as_tensor_variable(a)
    ndim = len(a.type.shape)
    if ndim < 2:
        raise ValueError(message(f"diagonal wants at least 2 dimensions, got {ndim}", here()[0], [_row(a)]))
    first, second = (normalize_axis(axis, ndim, "diagonal") for axis in (axis1, axis2))
    if first == second:
        raise ValueError(message(f"diagonal: axis1 and axis2 are the same, {first}", here()[0]))
    moved = call("dimshuffle", a, [*[k for k in range(ndim) if k not in (first, second)], first, second])
    sizes = sizes_of(moved)
    rows, columns = _diagonal_positions(sizes[-2], sizes[-1], int(offset))
    return AdvancedSubtensor((ndim - 2, ndim - 1))(moved, rows, columns)


@public
def diag(v: Any, k: int = 0) -> Any:
    """A matrix with the vector `v` on diagonal `k` and zeros elsewhere; of a matrix its diagonal `k`.

    Raises:
        ValueError: neither a vector nor a matrix.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.diag([1, 2]).eval().tolist()
        [[1, 0], [0, 2]]
    """
    v = as_tensor_variable(v)
    if len(v.type.shape) == 2:
        return diagonal(v, k)
    if len(v.type.shape) != 1:
        raise ValueError(message(f"diag wants a vector or a matrix, got {v.type}", here()[0]))
    size = _known("add", size_of(v, 0), abs(k))
    zeros = call("zeros", [size, size], dtype=v.type.dtype)
    return AdvancedIncSubtensor((0, 1), True)(zeros, v, *_diagonal_positions(size, size, int(k)))


@public
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of the elements of a diagonal; arguments as for `diagonal`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> int(T.trace(T.constant([[1, 2], [3, 4]])).eval())
        5
    """
    return call("sum", diagonal(a, offset, axis1, axis2), axis=-1)


@public
def fill_diagonal(a: Any, val: Any) -> Any:
    """`a` with a scalar on its main diagonal.

    Args:
        a: a matrix, or a tensor of more dimensions, all of one size.
        val: a scalar that the element type of `a` holds.

    Raises:
        TypeError: `val` is not a scalar, or `a` does not hold it.
        ValueError: `a` has fewer than 2 dimensions.
        IndexError: the sizes of 3 and more dimensions differ.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.fill_diagonal(T.constant([[1, 2], [3, 4]]), 0).eval().tolist()
        [[0, 2], [3, 0]]
    """
    a = as_tensor_variable(a)
    ndim = len(a.type.shape)
    if ndim < 2:
        raise ValueError(message(f"fill_diagonal wants at least 2 dimensions, got {ndim}", here()[0], [_row(a)]))
    if ndim == 2:
        return fill_diagonal_offset(a, val, 0)
    along = [call("arange", size) for size in sizes_of(a)]
    return AdvancedIncSubtensor(range(ndim), True)(a, _scalar(val, "fill_diagonal"), *along)


def _scalar(val: Any, what: str) -> Any:
    if isinstance(val, (int, float)):
        return val
    val = as_tensor_variable(val)
    if len(val.type.shape):
        raise TypeError(message(f"{what}: the value is a scalar, got {val.type}", here()[0]))
    return val


@public
def fill_diagonal_offset(a: Any, val: Any, offset: Any) -> Any:
    """The matrix `a` with a scalar on diagonal `offset`.

    Args:
        a: a matrix.
        val: a scalar that the element type of `a` holds.
        offset: which diagonal, an integer or integer scalar; positive ones lie above the main one.

    Raises:
        TypeError: `a` is not a matrix, `val` not a scalar, or `a` does not hold it.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.fill_diagonal_offset(T.constant([[1, 2], [3, 4]]), 0, 1).eval().tolist()
        [[1, 0], [3, 4]]
    """
    a = as_tensor_variable(a)
    if len(a.type.shape) != 2:
        raise TypeError(message(f"fill_diagonal_offset wants a matrix, got {a.type}", here()[0], [_row(a)]))
    places, zero = as_size(offset, "fill_diagonal_offset"), constant(0, dtype="int64")
    sizes = sizes_of(a)
    if (known := known_size(places)) is not None:
        rows, columns = _diagonal_positions(sizes[0], sizes[1], known)
    else:
        below, above = call("maximum", -places, zero), call("maximum", places, zero)
        length = call("minimum", sizes[0] - below, sizes[1] - above)
        along = call("arange", call("maximum", length, zero))
        rows, columns = along + below, along + above
    return AdvancedIncSubtensor((0, 1), True)(a, _scalar(val, "fill_diagonal_offset"), rows, columns)


# -- classes and indices -----------------------------------------------------------------------------------------------


@public
def to_one_hot(y: Any, nb_class: Any, dtype: Any = None) -> Any:
    """For each number of a class a row with 1 there and 0 elsewhere: `(n,) -> (n, nb_class)`.

    Args:
        y: a vector of integers from 0 to `nb_class - 1`.
        nb_class: the number of classes, an integer or integer scalar.
        dtype: element type of the result, by default floatX.

    Raises:
        TypeError: `y` is not an integer vector.
        IndexError: a number is out of range, when called.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.to_one_hot([1, 0], 3, dtype="int8").eval().tolist()
        [[0, 1, 0], [1, 0, 0]]
    """
    y = as_tensor_variable(y)
    if y.type.dtype not in INTEGERS or len(y.type.shape) != 1:
        raise TypeError(message(f"to_one_hot wants an integer vector, got {y.type}", here()[0]))
    size = size_of(y, 0)
    zeros = call("zeros", [size, as_size(nb_class, "to_one_hot")], dtype=dtype)
    one = constant(np.asarray(1, dtype=zeros.type.dtype))
    return AdvancedIncSubtensor((0, 1), True, negative=False)(zeros, one, call("arange", size), y)


def _dims(dims: Any, ndim: int | None, what: str) -> list[Any]:
    sizes = as_sizes(dims, what)
    if isinstance(sizes, list):
        return sizes
    length = sizes.type.shape[0] if sizes.type.shape[0] is not None else ndim
    if length is None:
        raise ValueError(message(f"{what}: the length of {dims} is not known", here()[0], cure="ndim=2"))
    return [call("getitem", sizes, k) for k in range(length)]


def _order(order: str, what: str) -> None:
    if order not in ("C", "F"):
        raise ValueError(message(f"{what}: order is 'C' or 'F', not {order!r}", here()[0]))


@public
def unravel_index(indices: Any, dims: Any, order: str = "C", ndim: int | None = None) -> tuple[Any, ...]:
    """For positions in a flattened tensor of sizes `dims` the index along each axis.

    Args:
        indices: integers of any shape.
        dims: the sizes: a list of integers and integer scalars, or an integer vector.
        order: "C", last axis fastest, or "F", first axis fastest.
        ndim: how many sizes there are; needed where `dims` is a vector of unknown length.

    Returns:
        A tuple of int64 tensors in the shape of `indices`.

    Raises:
        TypeError: `indices` are not integers.
        ValueError: an index is out of range; another order.

    Example:
        >>> import interactive_sym.tensor as T
        >>> [index.eval().tolist() for index in T.unravel_index([5, 7], (2, 4))]
        [[1, 1], [1, 3]]
    """
    _order(order, "unravel_index")
    indices, sizes = as_tensor_variable(indices), _dims(dims, ndim, "unravel_index")
    if indices.type.dtype not in INTEGERS:
        raise TypeError(message(f"unravel_index wants integers, got {indices.type}", here()[0]))
    rest = InRange("unravel_index")(indices, _product(*sizes))
    found = []
    for size in reversed(sizes[1:]) if order == "C" else sizes[:-1]:
        found.append(call("mod", rest, size))
        rest = call("int_div", rest, size)
    found.append(rest)
    return tuple(reversed(found)) if order == "C" else tuple(found)


@public
def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: str = "C") -> Any:
    """For an index along each axis of a tensor of sizes `dims` the position in the tensor flattened.

    Args:
        multi_index: a tuple of integer tensors, one for each axis; or a tensor whose first axis numbers the axes.
        dims: the sizes: a list of integers and integer scalars, or an integer vector.
        mode: "raise", "wrap" or "clip" indices out of range; or one of them for each axis.
        order: "C", last axis fastest, or "F", first axis fastest.

    Returns:
        int64 positions.

    Raises:
        TypeError: an index is not of integers.
        ValueError: an index is out of range in mode "raise"; another mode or order; more or fewer indices than sizes.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.ravel_multi_index(([1, 1], [1, 3]), (2, 4)).eval().tolist()
        [5, 7]
    """
    _order(order, "ravel_multi_index")
    if isinstance(multi_index, (list, tuple)):
        indices = [as_tensor_variable(index) for index in multi_index]
        sizes = _dims(dims, len(indices), "ravel_multi_index")
    else:
        multi_index = as_tensor_variable(multi_index)
        sizes = _dims(dims, multi_index.type.shape[0], "ravel_multi_index")
        indices = [call("getitem", multi_index, k) for k in range(len(sizes))]
    modes = [mode] * len(sizes) if isinstance(mode, str) else list(mode)
    if len(indices) != len(sizes) or len(modes) != len(sizes):
        raise ValueError(message(f"ravel_multi_index: {len(indices)} indices for {len(sizes)} sizes", here()[0]))
    position: Any = constant(0, dtype="int64")
    parts = list(zip(indices, sizes, modes, strict=True))
    for index, size, how in parts if order == "C" else reversed(parts):
        if index.type.dtype not in INTEGERS:
            raise TypeError(message(f"ravel_multi_index wants integers, got {index.type}", here()[0]))
        if how == "raise":
            index = InRange("ravel_multi_index")(index, size)
        elif how == "wrap":
            index = call("mod", index, size)
        elif how == "clip":
            index = call("maximum", call("minimum", index, size - 1), constant(0, dtype="int64"))
        else:
            raise ValueError(message(f"ravel_multi_index: mode is 'raise', 'wrap' or 'clip', not {how!r}", here()[0]))
        position = position * size + index
    return position


# -- making ------------------------------------------------------------------------------------------------------------


@public
def stacklists(arg: Any) -> Any:
    """Nested lists of tensors of one shape as one tensor: each level of nesting is an axis.

    Args:
        arg: a tensor, or a list of such or of lists of the same form.

    Example:
        >>> import interactive_sym.tensor as T
        >>> a, b = T.dscalars("a", "b")
        >>> T.stacklists([[a, b], [b, a]]).type
        TensorType(float64, (2, 2))
    """
    if isinstance(arg, (list, tuple)):
        return call("stack", [stacklists(entry) for entry in arg])
    return as_tensor_variable(arg)


class _Grid:
    """What `mgrid` and `ogrid` have alike."""

    def __init__(self, open_: bool) -> None:
        self._open = open_
        self.__name__ = "ogrid" if open_ else "mgrid"

    def __repr__(self) -> str:
        return f"<{self.__name__}: index it with slices>"

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, tuple):
            return self._axis(key)
        axes = [self._axis(part) for part in key]
        placed = []
        for k, axis in enumerate(axes):
            order: list[Any] = ["x"] * len(axes)
            order[k] = 0
            placed.append(call("dimshuffle", axis, order))
        dtype = upcast(*[axis.type.dtype for axis in axes])
        placed = [call("cast", axis, dtype) for axis in placed]
        if self._open:
            return placed
        sizes = [size_of(axis, 0) for axis in axes]
        return [call("alloc", axis, *sizes) for axis in placed]

    def _axis(self, part: Any) -> Any:
        if not isinstance(part, slice):
            raise TypeError(message(f"{self.__name__} is indexed with slices, got {part!r:.40}", here()[0]))
        start, step = 0 if part.start is None else part.start, 1 if part.step is None else part.step
        if isinstance(step, complex):
            count = int(abs(step))
            spacing = call("true_div", as_tensor_variable(part.stop) - start, float(max(count - 1, 1)))
            return call("arange", count) * call("cast", spacing, "float64") + start
        return call("arange", start, part.stop, step)


class MGrid(_Grid):
    """A dense grid: `mgrid[0:2, 0:3]` is the list of two tensors `(2, 3)`, the index along each axis.

    Slices hold numbers or symbolic scalars; a step of `5j` means 5 points, the stop among them.

    Example:
        >>> import interactive_sym.tensor as T
        >>> [axis.eval().tolist() for axis in T.mgrid[0:2, 0:3]]
        [[[0, 0, 0], [1, 1, 1]], [[0, 1, 2], [0, 1, 2]]]
    """


class OGrid(_Grid):
    """An open grid: `ogrid[0:2, 0:3]` is the list of a tensor `(2, 1)` and one `(1, 3)`, which stretch to the grid.

    Example:
        >>> import interactive_sym.tensor as T
        >>> [axis.eval().tolist() for axis in T.ogrid[0:2, 0:3]]
        [[[0], [1]], [[0, 1, 2]]]
    """


mgrid, ogrid = MGrid(False), OGrid(True)


@public
def bartlett(M: Any) -> Any:
    """The triangular window of `M` points, float64: 0 at the ends and 1 in the middle.

    Formula: `w[n] = 2/(M-1) ((M-1)/2 - |n - (M-1)/2|)`; a single point is 1, and fewer are none.

    Args:
        M: the number of points, an integer or integer scalar.

    Raises:
        TypeError: `M` is not an integer scalar.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.bartlett(5).eval().tolist()
        [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    count = as_size(M, "bartlett")
    steps = call("cast", call("arange", 1 - count, count, 2), "float64")
    width = call("cast", call("maximum", count - 1, constant(1, dtype="int64")), "float64")
    return 1 - call("abs", steps) / width


@public
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
) -> Any:
    """The covariance matrix of variables observed several times.

    Args:
        m: a matrix `(variables, observations)`, or a vector of observations of one variable.
        y: more variables, in the form of `m`.
        rowvar: each row is a variable; else each column.
        bias: divide by the number n of observations instead of n - 1.
        ddof: divide by n - ddof; overrides `bias`.
        fweights: how often each observation counts, integers.
        aweights: weights of the observations.

    Returns:
        A matrix `(variables, variables)`; a scalar for one variable given as a vector.

    Raises:
        ValueError: more than 2 dimensions; `ddof` is not an integer.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dmatrix("x")
        >>> T.cov(x).eval({x: [[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]}).tolist()
        [[1.0, -1.0], [-1.0, 1.0]]
    """
    if ddof is not None and ddof != int(ddof):
        raise ValueError(message(f"cov: ddof is an integer, not {ddof!r}", here()[0]))
    given = [as_tensor_variable(x) for x in (m, y) if x is not None]
    if any(len(x.type.shape) not in (1, 2) for x in given):
        raise ValueError(message("cov wants vectors and matrices", here()[0], [_row(x) for x in given]))
    single = all(len(x.type.shape) == 1 for x in given) and len(given) == 1
    rows = []
    for x in given:
        if len(x.type.shape) == 1:
            x = call("shape_padleft", x)
        elif not rowvar:
            x = call("transpose", x)
        rows.append(call("cast", x, "float64") if x.type.dtype in DISCRETE else x)
    x = rows[0] if len(rows) == 1 else call("join", 0, *rows)
    taken = ddof if ddof is not None else 0 if bias else 1
    weights = None
    for more in (fweights, aweights):
        if more is not None:
            more = call("cast", as_tensor_variable(more), x.type.dtype)
            weights = more if weights is None else weights * more
    if weights is None:
        mean: Any = call("mean", x, axis=1, keepdims=True)
        factor = call("cast", size_of(x, 1) - taken, x.type.dtype)
        weighted = x - mean
    else:
        total = call("sum", weights)
        mean = call("sum", x * weights, axis=1, keepdims=True) / total
        if taken == 0:
            factor = total
        elif aweights is None:
            factor = total - taken
        else:
            second = call("cast", as_tensor_variable(aweights), x.type.dtype)
            factor = total - taken * call("sum", weights * second) / total
        weighted = (x - mean) * weights
    product = call("dot", x - mean, call("transpose", call("conj", weighted)))
    found = product / factor
    return call("getitem", found, (0, 0)) if single else found


@public
def complex_from_polar(abs: Any, angle: Any) -> Any:
    """The complex number of an absolute value and an angle: `abs (cos angle + i sin angle)`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> complex(T.complex_from_polar(2.0, 0.0).eval())
        (2+0j)
    """
    length, angle = as_tensor_variable(abs), as_tensor_variable(angle)
    return call("complex", length * call("cos", angle), length * call("sin", angle))


# -- small things ------------------------------------------------------------------------------------------------------


@public
def is_flat(var: Any, ndim: int | None = None, outdim: int | None = None) -> bool:
    """Whether a tensor has `ndim` dimensions, by default 1.

    Args:
        var: a tensor.
        ndim: how many dimensions.
        outdim: an older name of `ndim`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.is_flat(T.dvector("v")), T.is_flat(T.dtensor3("t"), ndim=2)
        (True, False)
    """
    wanted = ndim if ndim is not None else outdim if outdim is not None else 1
    return len(as_tensor_variable(var).type.shape) == wanted


@public
def default(a: Any, default: Any) -> Any:
    """`a`, or `default` where `a` is None.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dscalar("x")
        >>> T.default(None, x), T.default(x, 1.0)
        (x, x)
    """
    return as_tensor_variable(default if a is None else a)


@public
def transfer(var: Any, target: str) -> Any:
    """`var` on a device; the only one is "cpu", where it is already.

    Args:
        var: a tensor.
        target: `"cpu"`.

    Raises:
        ValueError: another device.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.transfer(T.dscalar("x"), "cpu")
        x
    """
    if target != "cpu":
        raise ValueError(message(f"there is no device {target!r}: all values are in the computer's memory", here()[0]))
    return as_tensor_variable(var)


@public
def extract_constant(x: Any, elemwise: bool = True, only_process_constants: bool = False) -> Any:
    """The value of a variable that is a constant with one element, else the variable; see `get_scalar_constant_value`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> int(T.extract_constant(T.constant(3))), T.extract_constant(T.dscalar("x"))
        (3, x)
    """
    try:
        return _scalar_value(x)
    except NotScalarConstantError:
        return x


@public
def makeKeepDims(x: Any, y: Any, axis: Any = None) -> Any:
    """`y`, a reduction of `x` along `axis`, with the reduced dimensions put back with size 1.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dmatrix("x")
        >>> T.makeKeepDims(x, x.sum(axis=0), 0).type
        TensorType(float64, row)
    """
    x, y = as_tensor_variable(x), as_tensor_variable(y)
    ndim = len(x.type.shape)
    given = range(ndim) if axis is None else axis if isinstance(axis, (list, tuple)) else [axis]
    axes = {normalize_axis(entry, ndim, "makeKeepDims") for entry in given}
    kept = iter(range(ndim))
    return call("dimshuffle", y, ["x" if k in axes else next(kept) for k in range(ndim)])


@public
def numpy_scalar(data: Any) -> Any:
    """The number that is all an array holds.

    Args:
        data: an array or a number.

    Raises:
        EmptyConstantError: the array has no element.
        NotScalarConstantError: it has several, or is not numeric.

    Example:
        >>> import interactive_sym.tensor as T
        >>> int(T.numpy_scalar([3]))
        3
    """
    array = np.asarray(data)
    if array.size == 0:
        raise EmptyConstantError(message("an array without elements is no number"))
    if array.size > 1 or array.dtype.kind not in "biufc":
        raise NotScalarConstantError(message(f"{data!r:.40} is no number"))
    return array.reshape(())[()]


@public
def alloc_validate_shape(shape: Any) -> tuple[list[Any], list[bool]]:
    """The sizes of a shape as int64 scalars, and for each whether it is known to be 1.

    Raises:
        TypeError: a size is not an integer.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.alloc_validate_shape((1, 3))[1]
        [True, False]
    """
    sizes = _dims(shape, None, "alloc")
    return sizes, [known_size(size) == 1 for size in sizes]


class EmptyConstantError(NotScalarConstantError):
    """A constant without elements where a number is wanted.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.numpy_scalar([])
        Traceback (most recent call last):
            ...
        interactive_sym.core.ops.extra.EmptyConstantError: an array without elements is no number...
    """
