"""Tensor variables: operators and methods (floor A).

Each operator is one line that calls the public function of that name, so this module needs no op.

Read next: `types`.
"""

from typing import Any

from .errors import message
from .graph import Constant, Variable
from .op import call
from .source import here

#: Holds an entry where variables count as true, as programs mean that say `W = W or shared(...)`.
_truthful: list[bool] = []


def count_as_true(wanted: bool) -> None:
    """Whether variables have a truth value, True (those of type bool never have one); by default they have none.

    Example:
        >>> import interactive_sym.tensor as T
        >>> count_as_true(True)
        >>> bool(T.dvector("x"))
        True
        >>> count_as_true(False)
    """
    _truthful[:] = [True] * wanted


class _TensorOperators:
    """Operators and methods that tensor variables, constants and shared variables have alike."""

    __slots__ = ()

    type: Any
    name: str | None

    # -- what is known without computing -------------------------------------------------------------------------

    @property
    def ndim(self) -> int:
        """Number of dimensions.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.dmatrix("x").ndim
            2
        """
        return len(self.type.shape)

    @property
    def dtype(self) -> str:
        """Name of the element type, such as `'float64'`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.fmatrix("x").dtype
            'float32'
        """
        dtype: str = self.type.dtype
        return dtype

    @property
    def broadcastable(self) -> tuple[bool, ...]:
        """For each dimension whether its size is known to be 1, so that it stretches in elementwise operations.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.drow("r").broadcastable
            (True, False)
        """
        flags: tuple[bool, ...] = self.type.broadcastable
        return flags

    # -- Python's protocols --------------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        if _truthful and self.type.dtype != "bool":
            return True
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
        """The sizes, an int64 vector `(ndim,)`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.dmatrix("x").shape.type, T.zeros((2, 3)).shape.eval()
            (TensorType(int64, (2,)), array([2, 3]))
        """
        return call("shape", self)

    @property
    def size(self) -> Any:
        """The number of elements, int64.

        Example:
            >>> import interactive_sym.tensor as T
            >>> int(T.zeros((2, 3)).size.eval())
            6
        """
        return call("size", self)

    @property
    def T(self) -> Any:
        """The dimensions reversed: `(m, n) -> (n, m)`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([[1, 2, 3]]).T.eval()
            array([[1],
                   [2],
                   [3]])
        """
        return call("transpose", self)

    @property
    def real(self) -> Any:
        """The real part: `T.real`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([1 + 2j]).real.eval()
            array([1.])
        """
        return call("real", self)

    @property
    def imag(self) -> Any:
        """The imaginary part: `T.imag`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([1 + 2j]).imag.eval()
            array([2.])
        """
        return call("imag", self)

    def transpose(self, *axes: Any) -> Any:
        """The dimensions in another order, by default reversed: `T.transpose`. Axes come one by one, or as a list.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.zeros((2, 3, 4)).transpose(2, 0, 1).shape.eval()
            array([4, 2, 3])
        """
        if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], (list, tuple))):
            return call("transpose", self, axes[0])
        return call("transpose", self, axes or None)

    def reshape(self, shape: Any, *more: Any, ndim: int | None = None) -> Any:
        """The same elements in another shape; one size may be -1: `T.reshape`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.arange(6).reshape((2, -1)).eval()
            array([[0, 1, 2],
                   [3, 4, 5]])
        """
        return call("reshape", self, (shape, *more) if more else shape, ndim=ndim)

    def dimshuffle(self, *pattern: Any) -> Any:
        """Reorder, drop and add dimensions: `x.dimshuffle(1, 'x', 0)`; `'x'` adds one of size 1.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.zeros((2, 3)).dimshuffle(1, "x", 0).shape.eval()
            array([3, 1, 2])
        """
        if len(pattern) == 1 and isinstance(pattern[0], (list, tuple)):
            pattern = tuple(pattern[0])
        return call("dimshuffle", self, pattern)

    def flatten(self, ndim: int = 1) -> Any:
        """The last dimensions made one, so that `ndim` remain: `T.flatten`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.zeros((2, 3, 4)).flatten(2).shape.eval()
            array([ 2, 12])
        """
        return call("flatten", self, ndim)

    def ravel(self) -> Any:
        """All elements in one dimension, in C order.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([[1, 2], [3, 4]]).ravel().eval()
            array([1, 2, 3, 4])
        """
        return call("flatten", self, 1)

    # -- reductions ------------------------------------------------------------------------------------------------

    def sum(self, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None) -> Any:
        """The sum over one axis, several, or all: `T.sum`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([[1, 2], [3, 4]]).sum(axis=0).eval()
            array([4, 6])
        """
        return call("sum", self, axis=axis, dtype=dtype, keepdims=keepdims, acc_dtype=acc_dtype)

    def prod(self, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None) -> Any:
        """The product over one axis, several, or all: `T.prod`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([[1, 2], [3, 4]]).prod(axis=0).eval()
            array([3, 8])
        """
        return call("prod", self, axis=axis, dtype=dtype, keepdims=keepdims, acc_dtype=acc_dtype)

    def mean(self, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None) -> Any:
        """The mean over one axis, several, or all: `T.mean`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([[1, 2], [3, 4]]).mean(axis=0).eval()
            array([2., 3.])
        """
        return call("mean", self, axis=axis, dtype=dtype, keepdims=keepdims, acc_dtype=acc_dtype)

    def var(self, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False) -> Any:
        """The variance over one axis, several, or all: `T.var`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([[1, 2], [3, 6]]).var(axis=0).eval()
            array([1., 4.])
        """
        return call("var", self, axis=axis, ddof=ddof, keepdims=keepdims, corrected=corrected)

    def std(self, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False) -> Any:
        """The standard deviation over one axis, several, or all: `T.std`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([[1, 2], [3, 6]]).std(axis=0).eval()
            array([1., 2.])
        """
        return call("std", self, axis=axis, ddof=ddof, keepdims=keepdims, corrected=corrected)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The smallest element along one axis, several, or all: `T.min`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([[1, 2], [3, 0]]).min(axis=0).eval()
            array([1, 0])
        """
        return call("min", self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The largest element along one axis, several, or all: `T.max`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([[1, 2], [3, 0]]).max(axis=0).eval()
            array([3, 2])
        """
        return call("max", self, axis=axis, keepdims=keepdims)

    def argmin(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Where the smallest element is, along an axis or among all: `T.argmin`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([[1, 2], [3, 0]]).argmin(axis=1).eval()
            array([0, 1])
        """
        return call("argmin", self, axis=axis, keepdims=keepdims)

    def argmax(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Where the largest element is, along an axis or among all: `T.argmax`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([[1, 2], [3, 0]]).argmax(axis=1).eval()
            array([1, 0])
        """
        return call("argmax", self, axis=axis, keepdims=keepdims)

    def any(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Whether any element is not 0, along one axis, several, or of all: `T.any`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([[1, 0], [0, 0]]).any(axis=1).eval()
            array([ True, False])
        """
        return call("any", self, axis=axis, keepdims=keepdims)

    def all(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Whether no element is 0, along one axis, several, or of all: `T.all`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([[1, 1], [1, 0]]).all(axis=1).eval()
            array([ True, False])
        """
        return call("all", self, axis=axis, keepdims=keepdims)

    # -- elementwise and the rest ------------------------------------------------------------------------------------

    def astype(self, dtype: Any) -> Any:
        """The same numbers in another element type: `T.cast`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([1.5, -1.5]).astype("int32").eval()
            array([ 1, -1], dtype=int32)
        """
        return call("cast", self, dtype)

    def clip(self, a_min: Any, a_max: Any) -> Any:
        """Each element, but not below `a_min` nor above `a_max`: `T.clip`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([-2.0, 0.5, 2.0]).clip(-1, 1).eval()
            array([-1. ,  0.5,  1. ])
        """
        return call("clip", self, a_min, a_max)

    def dot(self, other: Any) -> Any:
        """The product of vectors and matrices: `T.dot`; also `x @ y`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([[1, 2], [3, 4]]).dot([1, 10]).eval()
            array([21, 43])
        """
        return call("dot", self, other)

    def round(self, mode: Any = None) -> Any:
        """The nearest integers, of floats; halves to even unless `mode` says otherwise: `T.round`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([0.5, 1.5, 1.6]).round().eval()
            array([0., 2., 2.])
        """
        return call("round", self, mode)

    def fill(self, value: Any) -> Any:
        """A tensor of this one's shape with `value` in each element: `T.fill`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.zeros((2, 2)).fill(7).eval()
            array([[7, 7],
                   [7, 7]], dtype=int8)
        """
        return call("fill", self, value)

    def zeros_like(self, dtype: Any = None) -> Any:
        """Zeros in this tensor's shape: `T.zeros_like`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([1.5, 2.5]).zeros_like(dtype="int64").eval()
            array([0, 0])
        """
        return call("zeros_like", self, dtype)

    def ones_like(self, dtype: Any = None) -> Any:
        """Ones in this tensor's shape: `T.ones_like`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([1.5, 2.5]).ones_like(dtype="int64").eval()
            array([1, 1])
        """
        return call("ones_like", self, dtype)

    def conj(self) -> Any:
        """The complex conjugate: `T.conj`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([1 + 2j]).conj().eval()
            array([1.-2.j])
        """
        return call("conj", self)

    def copy(self, name: str | None = None) -> Any:
        """A node that gives the same values.

        Example:
            >>> import interactive_sym.tensor as T
            >>> x = T.dvector("x")
            >>> x.copy(name="y")
            y
        """
        copied = call("identity", self)
        copied.name = name
        return copied

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """The diagonals of the matrices along two axes: `T.diagonal`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([[1, 2], [3, 4]]).diagonal().eval()
            array([1, 4])
        """
        return call("diagonal", self, offset, axis1, axis2)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """The sums of the diagonals of the matrices along two axes: `T.trace`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> int(T.constant([[1, 2], [3, 4]]).trace().eval())
            5
        """
        return call("trace", self, offset, axis1, axis2)

    def take(self, indices: Any, axis: Any = None, mode: str = "raise") -> Any:
        """The elements at `indices` along an axis, or of all in C order: `T.take`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([[1, 2], [3, 4]]).take([1, 1, 0], axis=0).eval()
            array([[3, 4],
                   [3, 4],
                   [1, 2]])
        """
        return call("take", self, indices, axis=axis, mode=mode)

    def nonzero(self, return_matrix: bool = False) -> Any:
        """Where elements are not 0: an index vector for each axis, or one matrix of them: `T.nonzero`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> [index.eval().tolist() for index in T.constant([[0, 2], [3, 0]]).nonzero()]
            [[0, 1], [1, 0]]
        """
        return call("nonzero", self, return_matrix)

    def nonzero_values(self) -> Any:
        """The elements that are not 0, in C order: `T.nonzero_values`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([[0, 2], [3, 0]]).nonzero_values().eval()
            array([2, 3])
        """
        return call("nonzero_values", self)

    def sort(self, axis: Any = -1, kind: str = "quicksort", order: Any = None) -> Any:
        """The elements in ascending order along an axis, or all: `T.sort`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([3, 1, 2]).sort().eval()
            array([1, 2, 3])
        """
        return call("sort", self, axis, kind, order)

    def argsort(self, axis: Any = -1, kind: str = "quicksort", order: Any = None) -> Any:
        """The positions that put the elements in ascending order along an axis, or all: `T.argsort`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([3, 1, 2]).argsort().eval()
            array([1, 2, 0])
        """
        return call("argsort", self, axis, kind, order)

    def searchsorted(self, v: Any, side: str = "left", sorter: Any = None) -> Any:
        """Where the values `v` are to be put into this sorted vector to keep it sorted: `T.searchsorted`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([1, 3, 5]).searchsorted([2, 5]).eval()
            array([1, 2])
        """
        return call("searchsorted", self, v, side, sorter)

    def choose(self, choices: Any, out: Any = None, mode: str = "raise") -> Any:
        """From `choices` the one whose number each element says: `T.choose`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([1, 0]).choose([[1, 2], [10, 20]]).eval()
            array([10,  2])
        """
        return call("choose", self, choices, out, mode)

    def compress(self, condition: Any, axis: Any = None) -> Any:
        """The parts along an axis where `condition` holds: `T.compress`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([5, 6, 7]).compress([1, 0, 1], axis=0).eval()
            array([5, 7])
        """
        return call("compress", condition, self, axis)

    def repeat(self, repeats: Any, axis: Any = None) -> Any:
        """Each element several times, along an axis or of all: `T.repeat`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([5, 6]).repeat(2).eval()
            array([5, 5, 6, 6])
        """
        return call("repeat", self, repeats, axis)

    def cumsum(self, axis: Any = None) -> Any:
        """Running sums along an axis, or over all: `T.cumsum`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([1, 2, 3]).cumsum().eval()
            array([1, 3, 6])
        """
        return call("cumsum", self, axis)

    def cumprod(self, axis: Any = None) -> Any:
        """Running products along an axis, or over all: `T.cumprod`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([1, 2, 3]).cumprod().eval()
            array([1, 2, 6])
        """
        return call("cumprod", self, axis)

    def ptp(self, axis: Any = None) -> Any:
        """The largest element less the smallest, along an axis or of all: `T.ptp`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([[1, 5], [3, 4]]).ptp(axis=1).eval()
            array([4, 1])
        """
        return call("ptp", self, axis)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """Two dimensions in each other's place: `T.swapaxes`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.zeros((2, 3, 4)).swapaxes(0, 2).shape.eval()
            array([4, 3, 2])
        """
        return call("swapaxes", self, axis1, axis2)

    def squeeze(self) -> Any:
        """Without the dimensions that are known to be of size 1: `T.squeeze`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.drow("r").squeeze().type
            TensorType(float64, vector)
        """
        return call("squeeze", self)

    def transfer(self, target: str) -> Any:
        """The same values on a device: `T.transfer`; there is one, `"cpu"`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([1.5]).transfer("cpu").eval()
            array([1.5])
        """
        return call("transfer", self, target)

    def get_scalar_constant_value(self) -> Any:
        """Its value, where it is a constant with one element.

        Raises:
            NotScalarConstantError: it is not.

        Example:
            >>> import interactive_sym.tensor as T
            >>> int(T.constant(3).get_scalar_constant_value())
            3
        """
        return call("get_scalar_constant_value", self)

    def norm(self, L: Any, axis: Any = None, keepdims: bool = False) -> Any:
        """The L-norm over one axis, several, or all: `(sum |x|**L)**(1/L)`.

        Example:
            >>> import interactive_sym.tensor as T
            >>> float(T.constant([3.0, 4.0]).norm(2).eval())
            5.0
        """
        return call("norm", self, L, axis=axis, keepdims=keepdims)


def _elementwise_method(name: str) -> Any:
    def method(self: Any) -> Any:
        return call(name, self)

    method.__name__ = name
    method.__doc__ = f"""`T.{name}` of each element.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.dvector("x").{name}()
        {name}.0
    """
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
    """A symbolic array of a `TensorType`.

    Operators and methods are those of NumPy's arrays; each makes a new variable, and nothing is computed until a
    function is called. A method `x.m(...)` is the function `T.m(x, ...)`, which says more.

    Constructors such as `T.dmatrix` and operations make them; for the arguments see `Variable`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dmatrix("x")
        >>> y = (2 * x + 1).T.sum(axis=0)
        >>> y.type, y.eval({x: [[1.0, 2.0], [3.0, 4.0]]})
        (TensorType(float64, vector), array([ 8., 16.]))
    """

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
    """A symbolic array whose value is known: `data`. It has the operators and methods of `TensorVariable`.

    `T.constant` makes them; for the arguments see `Constant`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> one_to_three = T.constant([1, 2, 3])
        >>> one_to_three.data, one_to_three.type
        (array([1, 2, 3]), TensorType(int64, (3,)))
    """

    __slots__ = ()

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        data = self.data
        if data.size == 1:
            return f"TensorConstant{{{data.reshape(-1)[0]}}}"
        return f"TensorConstant{{of shape {data.shape}}}"

    def eval(self, inputs_to_values: dict[Any, Any] | None = None) -> Any:
        """Its value, a copy.

        Example:
            >>> import interactive_sym.tensor as T
            >>> T.constant([1, 2, 3]).eval()
            array([1, 2, 3])
        """
        return self.data.copy()
