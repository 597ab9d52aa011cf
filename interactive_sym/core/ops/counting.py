"""How often values come, which values there are, and numbers of classes as rows (floor B).

Read next: `repeating`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..constants import as_tensor_variable, constant
from ..errors import message
from ..graph import Apply, Variable
from ..op import Op, call, public
from ..source import here
from ..types import COMPLEXES, CONTINUOUS, INTEGERS, TensorType
from ..variable import TensorVariable
from .advanced import AdvancedIncSubtensor, AdvancedSubtensor, flatnonzero
from .cumulative import cumsum
from .elementwise import C_TYPES
from .library import LibraryCall
from .shape import as_size, known_size, normalize_axis, part_of, row_of, size_of
from .sort import argsort


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
                message(
                    f"bincount: {len(weights[0])} weights for {len(x)} numbers",
                    node.where,
                    [row_of(node.inputs[0])],
                )
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
            ends = part_of(call("join", 0, first, call("shape", x)), 0, slice(1, None))
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
