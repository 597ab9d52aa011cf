"""Running sums and products along an axis, and differences (floor B).

Read next: `counting`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..constants import as_tensor_variable
from ..errors import message
from ..graph import Apply, Variable
from ..op import Op, call, public
from ..source import here
from ..types import DISCRETE, TensorType
from ..variable import TensorVariable
from .elementwise import C_TYPES
from .library import LibraryCall
from .shape import normalize_axis, part_of


def _reversed(x: Any, axis: int) -> Any:
    return part_of(x, axis, slice(None, None, -1))


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
        first, last = part_of(x, axis, slice(None, 1)), slice(None, -1)
        before = call("join", axis, call("ones_like", first), part_of(self(x), axis, last))
        after = call("join", axis, part_of(x, axis, slice(1, None)), call("zeros_like", first))
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
        first = part_of(a, self.axis, slice(None, 1))
        after = call("join", self.axis, part_of(a, self.axis, slice(1, None)), call("zeros_like", first))
        back = _reversed(self(_reversed(after, self.axis), _reversed(g, self.axis)), self.axis)
        s = self(a, b)
        before = call("join", self.axis, call("zeros_like", first), part_of(s, self.axis, slice(None, -1)))
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
        upper, lower = part_of(x, axis, slice(1, None)), part_of(x, axis, slice(None, -1))
        x = call("neq" if x.type.dtype == "bool" else "sub", upper, lower)
    return x
