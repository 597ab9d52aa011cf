"""Tensor variables: operators and methods (floor A).

Each operator is one line that calls the public function of that name, so this module needs no op.

Read next: `types`.
"""

from typing import Any

from .errors import message
from .graph import Constant, Variable
from .op import call
from .source import here


class _TensorOperators:
    """Operators and methods that tensor variables, constants and shared variables have alike."""

    __slots__ = ()

    type: Any
    name: str | None

    # -- what is known without computing -------------------------------------------------------------------------

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.type.shape)

    @property
    def dtype(self) -> str:
        """Name of the element type, such as `'float64'`."""
        dtype: str = self.type.dtype
        return dtype

    @property
    def broadcastable(self) -> tuple[bool, ...]:
        """For each dimension whether its size is known to be 1, so that it stretches in elementwise operations."""
        flags: tuple[bool, ...] = self.type.broadcastable
        return flags

    # -- Python's protocols --------------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        raise TypeError(
            message(
                f"{self!s} is a symbolic value: it has no truth value until a function is called",
                here()[0],
                cure="T.switch(condition, a, b) chooses between two symbolic values, element by element",
            )
        )

    def __iter__(self) -> Any:
        if self.ndim == 0:
            raise TypeError(message(f"{self!s} has 0 dimensions: it can't be iterated over", here()[0]))
        length = self.type.shape[0]
        if length is None:
            raise TypeError(
                message(
                    f"the length of {self!s} is not known until a function is called: it can't be iterated over",
                    here()[0],
                    cure="index it, or loop with scan",
                )
            )
        return (self[k] for k in range(length))

    def __len__(self) -> int:
        raise TypeError(
            message(
                f"the length of {self!s} is symbolic: len() can't tell it",
                here()[0],
                cure=f"{self!s}.shape[0] is the symbolic length",
            )
        )

    def __float__(self) -> float:
        raise TypeError(message(f"{self!s} is symbolic: it has no number until a function is called", here()[0]))

    __int__ = __index__ = __complex__ = __float__

    # NumPy arrays and scalars on the left of an operator give way to ours
    __array_priority__ = 1000
    __array_ufunc__ = None

    # -- operators -------------------------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Any:
        return _operate("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return _operate("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return _operate("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _operate("sub", other, self)

    def __mul__(self, other: Any) -> Any:
        return _operate("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _operate("mul", other, self)

    def __truediv__(self, other: Any) -> Any:
        return _operate("div_proxy", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _operate("div_proxy", other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _operate("int_div", self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _operate("int_div", other, self)

    def __mod__(self, other: Any) -> Any:
        return _operate("mod", self, other)

    def __rmod__(self, other: Any) -> Any:
        return _operate("mod", other, self)

    def __divmod__(self, other: Any) -> Any:
        return _operate("divmod", self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return _operate("divmod", other, self)

    def __pow__(self, other: Any) -> Any:
        return _operate("pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        return _operate("pow", other, self)

    def __and__(self, other: Any) -> Any:
        return _operate("and", self, other)

    def __rand__(self, other: Any) -> Any:
        return _operate("and", other, self)

    def __or__(self, other: Any) -> Any:
        return _operate("or", self, other)

    def __ror__(self, other: Any) -> Any:
        return _operate("or", other, self)

    def __xor__(self, other: Any) -> Any:
        return _operate("xor", self, other)

    def __rxor__(self, other: Any) -> Any:
        return _operate("xor", other, self)

    def __matmul__(self, other: Any) -> Any:
        return _operate("dot", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _operate("dot", other, self)

    def __neg__(self) -> Any:
        return call("neg", self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return call("abs", self)

    def __invert__(self) -> Any:
        return call("invert", self)

    def __lt__(self, other: Any) -> Any:
        return _operate("lt", self, other)

    def __le__(self, other: Any) -> Any:
        return _operate("le", self, other)

    def __gt__(self, other: Any) -> Any:
        return _operate("gt", self, other)

    def __ge__(self, other: Any) -> Any:
        return _operate("ge", self, other)

    # `==` and `!=` stay identity (T.eq compares elements), so that variables are keys of dictionaries

    def __getitem__(self, index: Any) -> Any:
        return call("getitem", self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            message(
                f"{self!s} is symbolic and never changes: items can't be assigned",
                here()[0],
                cure="T.set_subtensor(x[index], value) gives a new variable with the items changed",
            )
        )

    # -- shape -----------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> Any:
        """The sizes, an int64 vector `(ndim,)`."""
        return call("shape", self)

    @property
    def size(self) -> Any:
        """The number of elements, int64."""
        return call("size", self)

    @property
    def T(self) -> Any:
        """The dimensions reversed."""
        return call("transpose", self)

    @property
    def real(self) -> Any:
        return call("real", self)

    @property
    def imag(self) -> Any:
        return call("imag", self)

    def transpose(self, *axes: Any) -> Any:
        if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], (list, tuple))):
            return call("transpose", self, axes[0])
        return call("transpose", self, axes or None)

    def reshape(self, shape: Any, *more: Any, ndim: int | None = None) -> Any:
        """The same elements in another shape; one size may be -1."""
        return call("reshape", self, (shape, *more) if more else shape, ndim=ndim)

    def dimshuffle(self, *pattern: Any) -> Any:
        """Reorder, drop and add dimensions: `x.dimshuffle(1, 'x', 0)`; `'x'` adds one of size 1."""
        if len(pattern) == 1 and isinstance(pattern[0], (list, tuple)):
            pattern = tuple(pattern[0])
        return call("dimshuffle", self, pattern)

    def flatten(self, ndim: int = 1) -> Any:
        return call("flatten", self, ndim)

    def ravel(self) -> Any:
        return call("flatten", self, 1)

    # -- reductions ------------------------------------------------------------------------------------------------

    def sum(self, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None) -> Any:
        return call("sum", self, axis=axis, dtype=dtype, keepdims=keepdims, acc_dtype=acc_dtype)

    def prod(self, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None) -> Any:
        return call("prod", self, axis=axis, dtype=dtype, keepdims=keepdims, acc_dtype=acc_dtype)

    def mean(self, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None) -> Any:
        return call("mean", self, axis=axis, dtype=dtype, keepdims=keepdims, acc_dtype=acc_dtype)

    def var(self, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False) -> Any:
        return call("var", self, axis=axis, ddof=ddof, keepdims=keepdims, corrected=corrected)

    def std(self, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False) -> Any:
        return call("std", self, axis=axis, ddof=ddof, keepdims=keepdims, corrected=corrected)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        return call("min", self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        return call("max", self, axis=axis, keepdims=keepdims)

    def argmin(self, axis: Any = None, keepdims: bool = False) -> Any:
        return call("argmin", self, axis=axis, keepdims=keepdims)

    def argmax(self, axis: Any = None, keepdims: bool = False) -> Any:
        return call("argmax", self, axis=axis, keepdims=keepdims)

    def any(self, axis: Any = None, keepdims: bool = False) -> Any:
        return call("any", self, axis=axis, keepdims=keepdims)

    def all(self, axis: Any = None, keepdims: bool = False) -> Any:
        return call("all", self, axis=axis, keepdims=keepdims)

    # -- elementwise and the rest ------------------------------------------------------------------------------------

    def astype(self, dtype: Any) -> Any:
        return call("cast", self, dtype)

    def clip(self, a_min: Any, a_max: Any) -> Any:
        return call("clip", self, a_min, a_max)

    def dot(self, other: Any) -> Any:
        return call("dot", self, other)

    def round(self, mode: Any = None) -> Any:
        return call("round", self, mode)

    def fill(self, value: Any) -> Any:
        return call("fill", self, value)

    def zeros_like(self, dtype: Any = None) -> Any:
        return call("zeros_like", self, dtype)

    def ones_like(self, dtype: Any = None) -> Any:
        return call("ones_like", self, dtype)

    def conj(self) -> Any:
        return call("conj", self)

    def copy(self, name: str | None = None) -> Any:
        """A node that gives the same values."""
        copied = call("identity", self)
        copied.name = name
        return copied

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        return call("diagonal", self, offset, axis1, axis2)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        return call("trace", self, offset, axis1, axis2)

    def take(self, indices: Any, axis: Any = None, mode: str = "raise") -> Any:
        return call("take", self, indices, axis=axis, mode=mode)

    def nonzero(self, return_matrix: bool = False) -> Any:
        return call("nonzero", self, return_matrix)

    def nonzero_values(self) -> Any:
        return call("nonzero_values", self)

    def sort(self, axis: Any = -1, kind: str = "quicksort", order: Any = None) -> Any:
        return call("sort", self, axis, kind, order)

    def argsort(self, axis: Any = -1, kind: str = "quicksort", order: Any = None) -> Any:
        return call("argsort", self, axis, kind, order)

    def searchsorted(self, v: Any, side: str = "left", sorter: Any = None) -> Any:
        return call("searchsorted", self, v, side, sorter)

    def choose(self, choices: Any, out: Any = None, mode: str = "raise") -> Any:
        return call("choose", self, choices, out, mode)

    def compress(self, condition: Any, axis: Any = None) -> Any:
        return call("compress", condition, self, axis)

    def repeat(self, repeats: Any, axis: Any = None) -> Any:
        return call("repeat", self, repeats, axis)

    def cumsum(self, axis: Any = None) -> Any:
        return call("cumsum", self, axis)

    def cumprod(self, axis: Any = None) -> Any:
        return call("cumprod", self, axis)

    def ptp(self, axis: Any = None) -> Any:
        return call("ptp", self, axis)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        return call("swapaxes", self, axis1, axis2)

    def squeeze(self) -> Any:
        return call("squeeze", self)

    def transfer(self, target: str) -> Any:
        return call("transfer", self, target)

    def get_scalar_constant_value(self) -> Any:
        """Its value, where it is a constant with one element."""
        return call("get_scalar_constant_value", self)

    def norm(self, L: Any, axis: Any = None, keepdims: bool = False) -> Any:
        """The L-norm: `(sum |x|**L)**(1/L)`."""
        return call("norm", self, L, axis=axis, keepdims=keepdims)


def _elementwise_method(name: str) -> Any:
    def method(self: Any) -> Any:
        return call(name, self)

    method.__name__ = name
    method.__doc__ = f"`T.{name}` of this variable."
    return method


_METHODS = (
    "exp exp2 expm1 log log2 log10 log1p sqrt ceil floor trunc sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh "
    "arccosh arctanh deg2rad rad2deg"
)
for _name in _METHODS.split():
    setattr(_TensorOperators, _name, _elementwise_method(_name))


def _operate(name: str, left: Any, right: Any) -> Any:
    """A binary operator; what can't be a tensor is left to the other operand, then to Python's own TypeError."""
    for operand in (left, right):
        if isinstance(operand, Variable):
            if not isinstance(operand, _TensorOperators):  # a sparse matrix, a list: they have operators of their own
                return NotImplemented
        elif operand is None or isinstance(operand, (str, bytes, dict, set)):
            return NotImplemented
    return call(name, left, right)


class TensorVariable(_TensorOperators, Variable):
    """A symbolic array of a `TensorType`."""

    __slots__ = ()

    def eval(self, inputs_to_values: dict[Any, Any] | None = None) -> Any:
        """Its value for the given inputs: compiles a function (kept for the next time) and calls it.

        Example:
            >>> import interactive_sym.tensor as T
            >>> x, y = T.dscalars("x", "y")
            >>> float((x + y).eval({x: 16.3, y: 12.1}))
            28.4
        """
        return call("eval", self, inputs_to_values or {})

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return call("mimebundle", self, include, exclude)


class TensorConstant(_TensorOperators, Constant):
    """A symbolic array whose value is known."""

    __slots__ = ()

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        data = self.data
        if data.size == 1:
            return f"TensorConstant{{{data.reshape(-1)[0]}}}"
        return f"TensorConstant{{of shape {data.shape}}}"

    def eval(self, inputs_to_values: dict[Any, Any] | None = None) -> Any:
        """Its value."""
        return self.data.copy()
