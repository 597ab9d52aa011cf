"""Sorting and searching (floor B).

NaN comes last, as in NumPy; complex numbers are ordered by their real, then their imaginary part.

Read next: `cumulative`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..constants import as_tensor_variable, constant
from ..errors import message
from ..graph import Apply, Constant, Variable
from ..op import Op, call, public
from ..source import here
from ..types import COMPLEXES, FLOATS, TensorType, as_dtype, upcast
from ..variable import TensorVariable
from .advanced import put_along_axis, take_along_axis
from .elementwise import C_TYPES
from .library import LibraryCall
from .shape import normalize_axis

_NO_MEMORY = "no memory for a line of the array"
_COMPLEX = "complex numbers are put in order by NumPy"


def _before(dtype: str, descending: bool = False) -> str:
    """The macro of `arrays.h` that says which of two elements comes first."""
    return f"ISYM_{'MORE' if descending else 'LESS'}{'_NAN' if dtype in FLOATS else ''}"


class _AlongAxis(Op):
    """What sorting and its positions have alike.

    Args:
        axis: which axis, non-negative.
        dtype: the operand's element type.
    """

    family = "indexing"
    axis: int
    dtype: str

    def _operand(self, x: Any) -> Any:
        x = as_tensor_variable(x)
        if x.type.dtype != self.dtype or not 0 <= self.axis < len(x.type.shape):
            raise TypeError(
                message(f"{self.name} of {self.dtype} along axis {self.axis} was given {x.type}", here()[0])
            )
        return x

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(input_shapes[0])]

    def _sizes(self) -> tuple[tuple[int, int, int], ...]:
        return ((0, self.axis, self.axis + 1), (0, self.axis + 1, 99))

    @property
    def python_only(self) -> str:  # type: ignore[override]
        return _COMPLEX if self.dtype in COMPLEXES else ""


class Sort(_AlongAxis):
    """The elements along an axis from small to large.

    Args:
        axis: which axis, non-negative.
        dtype: the operand's element type.

    Example:
        >>> import interactive_sym.tensor as T
        >>> Sort(0, "float64")(T.constant([3.0, 1.0, 2.0])).eval()
        array([1., 2., 3.])
    """

    __props__ = ("axis", "dtype")
    name = "sort"

    def __init__(self, axis: int, dtype: str) -> None:
        self.axis = axis
        self.dtype = dtype

    @property
    def library_c(self) -> LibraryCall:
        function = f"isym_sort_{self.dtype}"
        made = f"ISYM_SORT({function}, {C_TYPES[self.dtype]}, {_before(self.dtype)})"
        return LibraryCall("arrays.h", function, (_NO_MEMORY,), self._sizes(), made, context=True)

    def make_node(self, x: Any) -> Apply:
        x = self._operand(x)
        return Apply(self, [x], [TensorVariable(x.type)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        output_storage[0][0] = np.sort(inputs[0], axis=self.axis, kind="stable")

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        """The cotangent goes back to where each element came from."""
        x, g = inputs[0], output_grads[0]
        order = ArgSort(self.axis, self.dtype)(x)
        return [put_along_axis(call("zeros_like", x, g.type.dtype), order, g, self.axis)]


class ArgSort(_AlongAxis):
    """The positions that put the elements along an axis in order; equal elements keep theirs.

    Args:
        axis: which axis, non-negative.
        dtype: the operand's element type.
        descending: from large to small, NaN first.

    Example:
        >>> import interactive_sym.tensor as T
        >>> ArgSort(0, "float64")(T.constant([3.0, 1.0, 2.0])).eval()
        array([1, 2, 0])
    """

    __props__ = ("axis", "dtype", "descending")
    name = "argsort"
    gradient_stops = "integer positions"

    def __init__(self, axis: int, dtype: str, descending: bool = False) -> None:
        self.axis = axis
        self.dtype = dtype
        self.descending = descending

    @property
    def library_c(self) -> LibraryCall:
        function = f"isym_argsort{'_descending' * self.descending}_{self.dtype}"
        made = f"ISYM_ARGSORT({function}, {C_TYPES[self.dtype]}, {_before(self.dtype, self.descending)})"
        return LibraryCall("arrays.h", function, (_NO_MEMORY,), self._sizes(), made, context=True)

    def make_node(self, x: Any) -> Apply:
        x = self._operand(x)
        return Apply(self, [x], [TensorVariable(TensorType("int64", None, x.type.shape))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        (x,) = inputs
        if not self.descending:
            output_storage[0][0] = np.argsort(x, axis=self.axis, kind="stable").astype("int64")
            return
        back = np.argsort(np.flip(x, self.axis), axis=self.axis, kind="stable")
        output_storage[0][0] = (x.shape[self.axis] - 1 - np.flip(back, self.axis)).astype("int64")

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        return [None]


def _line(a: Any, axis: int | None, what: str) -> tuple[Any, int]:
    """The operand and a non-negative axis; without an axis the operand is flattened."""
    a = as_tensor_variable(a)
    if isinstance(axis, Constant):
        axis = None if axis.data.dtype == object else int(axis.data)
    if axis is None or not len(a.type.shape):
        return call("flatten", a), 0
    return a, normalize_axis(axis, len(a.type.shape), what)


def _plain(kind: Any, order: Any, what: str) -> None:
    if kind not in (None, "quicksort", "mergesort", "heapsort", "stable"):
        raise ValueError(
            message(f"{what}: kind is 'quicksort', 'mergesort', 'heapsort' or 'stable', not {kind!r}", here()[0])
        )
    if order is not None:
        raise ValueError(message(f"{what}: order names fields, and a tensor has none", here()[0]))


@public
def sort(a: Any, axis: int | None = -1, kind: str = "quicksort", order: None = None) -> Any:
    """The elements along an axis from small to large; NaN comes last.

    Args:
        a: a tensor.
        axis: which axis; None sorts all elements, flattened.
        kind: accepted for NumPy's sake: sorting is stable whatever it says.
        order: must be None.

    Raises:
        AxisError: there is no such axis.
        ValueError: another kind, or an order.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.sort(x).eval({x: [3.0, 1.0, 2.0]}).tolist()
        [1.0, 2.0, 3.0]
    """
    _plain(kind, order, "sort")
    a, position = _line(a, axis, "sort")
    return Sort(position, a.type.dtype)(a)


@public
def argsort(a: Any, axis: int | None = -1, kind: str = "quicksort", order: None = None) -> Any:
    """The positions that put the elements along an axis in order, int64; arguments as for `sort`.

    Equal elements keep their order.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.argsort(x).eval({x: [3.0, 1.0, 2.0]}).tolist()
        [1, 2, 0]
    """
    _plain(kind, order, "argsort")
    a, position = _line(a, axis, "argsort")
    return ArgSort(position, a.type.dtype)(a)


@public
def topk_and_argtopk(
    x: Any, kth: Any, axis: int | None = -1, sorted: bool = True, idx_dtype: Any = "int64"
) -> tuple[Any, Any]:
    """The `kth` largest elements along an axis, and their positions.

    Args:
        x: a tensor.
        kth: how many; negative for the smallest ones instead. An int or a symbolic integer scalar.
        axis: which axis; None takes from all elements, flattened.
        sorted: accepted for Theano's sake: the most extreme element always comes first.
        idx_dtype: element type of the positions.

    Raises:
        ValueError: `kth` is 0.
        TypeError: `kth` is not an integer scalar.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> values, positions = T.topk_and_argtopk(x, 2)
        >>> values.eval({x: [3.0, 1.0, 4.0]}).tolist(), positions.eval({x: [3.0, 1.0, 4.0]}).tolist()
        ([4.0, 3.0], [2, 0])
    """
    x, position = _line(x, axis, "topk")
    found = _argtopk(x, kth, position)
    values = take_along_axis(x, found, position)
    return values, call("cast", found, as_dtype(idx_dtype))


def _argtopk(x: Any, kth: Any, axis: int) -> Any:
    count = as_tensor_variable(kth)
    if count.type.ndim or not count.type.dtype.startswith(("int", "uint")):
        raise TypeError(message(f"topk: kth is an integer scalar, got {count.type}", here()[0]))
    whole: list[Any] = [slice(None)] * axis
    if isinstance(count, Constant):
        k = int(count.data)
        if k == 0:
            raise ValueError(message("topk: kth can't be 0", here()[0]))
        return call("getitem", ArgSort(axis, x.type.dtype, k > 0)(x), (*whole, slice(None, abs(k))))
    largest = ArgSort(axis, x.type.dtype, True)(x)
    smallest = ArgSort(axis, x.type.dtype, False)(x)
    chosen = call("switch", call("gt", count, 0), largest, smallest)
    return call("getitem", chosen, (*whole, slice(None, call("cast", call("abs", count), "int64"))))


@public
def topk(x: Any, kth: Any, axis: int | None = -1, sorted: bool = True, idx_dtype: Any = "int64") -> Any:
    """The `kth` largest elements along an axis; see `topk_and_argtopk`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.topk(x, -2).eval({x: [3.0, 1.0, 4.0]}).tolist()
        [1.0, 3.0]
    """
    return topk_and_argtopk(x, kth, axis, sorted, idx_dtype)[0]


@public
def argtopk(x: Any, kth: Any, axis: int | None = -1, sorted: bool = True, idx_dtype: Any = "int64") -> Any:
    """The positions of the `kth` largest elements along an axis; see `topk_and_argtopk`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dvector("x")
        >>> T.argtopk(x, 1).eval({x: [3.0, 1.0, 4.0]}).tolist()
        [2]
    """
    return topk_and_argtopk(x, kth, axis, sorted, idx_dtype)[1]


class SearchSorted(Op):
    """Where values are to be put into a sorted vector of the same element type to keep it sorted.

    Args:
        side: before ("left") or after ("right") equal elements.
        dtype: the operands' element type.

    Example:
        >>> import interactive_sym.tensor as T
        >>> SearchSorted("left", "int64")(T.arange(5), T.constant([3], dtype="int64")).eval()
        array([3])
    """

    __props__ = ("side", "dtype")
    family = "indexing"
    name = "searchsorted"
    gradient_stops = "integer positions"

    def __init__(self, side: str, dtype: str) -> None:
        self.side = side
        self.dtype = dtype

    @property
    def python_only(self) -> str:  # type: ignore[override]
        return _COMPLEX if self.dtype in COMPLEXES else ""

    @property
    def library_c(self) -> LibraryCall:
        function = f"isym_search_{self.side}_{self.dtype}"
        made = f"ISYM_SEARCH_{self.side.upper()}({function}, {C_TYPES[self.dtype]}, {_before(self.dtype)})"
        return LibraryCall("arrays.h", function, (), (), made)

    def make_node(self, x: Any, v: Any) -> Apply:
        x, v = as_tensor_variable(x), as_tensor_variable(v)
        if x.type.dtype != self.dtype or v.type.dtype != self.dtype or len(x.type.shape) != 1:
            raise TypeError(message(f"{self} was given {x.type} and {v.type}", here()[0]))
        return Apply(self, [x, v], [TensorVariable(TensorType("int64", None, v.type.shape))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, v = inputs
        side: Any = self.side
        output_storage[0][0] = np.asarray(np.searchsorted(x, v, side=side), dtype="int64")

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        return [None, None]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(input_shapes[1])]


@public
def searchsorted(x: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """Where values are to be put into a sorted vector to keep it sorted.

    Args:
        x: a vector `(n,)`, sorted from small to large, or sorted by `sorter`.
        v: values of any shape.
        side: "left": before elements equal to the value, "right": after them.
        sorter: integers `(n,)` such that `x[sorter]` is sorted.

    Returns:
        int64 positions from 0 to n, in the shape of `v`.

    Raises:
        TypeError: `x` is not a vector, or `sorter` is not of integers.
        ValueError: another side.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.searchsorted([1, 3, 3, 7], [3, 8], side="right").eval().tolist()
        [3, 4]
    """
    x, v = as_tensor_variable(x), as_tensor_variable(v)
    if side not in ("left", "right"):
        raise ValueError(message(f"searchsorted: side is 'left' or 'right', not {side!r}", here()[0]))
    if len(x.type.shape) != 1:
        raise TypeError(message(f"searchsorted wants a vector, got {x.type}", here()[0]))
    if sorter is not None:
        sorter = as_tensor_variable(sorter)
        if not sorter.type.dtype.startswith(("int", "uint")) or len(sorter.type.shape) != 1:
            raise TypeError(message(f"searchsorted: the sorter is a vector of integers, got {sorter.type}", here()[0]))
        x = call("take", x, sorter)
    dtype = upcast(x.type.dtype, v.type.dtype)
    return SearchSorted(side, dtype)(_cast(x, dtype), _cast(v, dtype))


def _cast(x: Any, dtype: str) -> Any:
    return constant(x.data.astype(dtype)) if isinstance(x, Constant) else call("cast", x, dtype)
