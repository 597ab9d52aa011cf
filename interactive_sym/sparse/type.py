"""Types, variables, constants and shared values of sparse matrices.

Read next: `ops`, `basic`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.constants import as_tensor_variable
from ..core.errors import message
from ..core.graph import Apply, Constant, Variable
from ..core.op import call
from ..core.shared import SharedVariable, shared_constructor
from ..core.source import here
from ..core.types import DISCRETE, GenericType, as_dtype
from .scipy_formats import FORMATS, as_format, is_sparse


@dataclass(frozen=True)
class SparseType(GenericType):
    """Matrices in one of SciPy's sparse formats, of one element type.

    Args:
        format: "csc" (columns one after the other), "csr" (rows) or "bsr" (rows of blocks).
        dtype: element type.

    Raises:
        ValueError: another format.

    Example:
        >>> SparseType("csr", "float32")
        SparseType(csr, float32)
    """

    format: str
    dtype: str

    ndim = 2
    broadcastable = (False, False)

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise ValueError(message(f"a sparse format is one of {', '.join(FORMATS)}, not {self.format!r}", here()[0]))
        object.__setattr__(self, "dtype", as_dtype(self.dtype))

    def __hash__(self) -> int:
        return hash((SparseType, self.format, self.dtype))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SparseType) and (self.format, self.dtype) == (other.format, other.dtype)

    def __str__(self) -> str:
        return f"SparseType({self.format}, {self.dtype})"

    __repr__ = __str__

    @property
    def form(self) -> str:
        """The format, as views name a type's shape."""
        return self.format

    @property
    def differentiable(self) -> bool:  # type: ignore[override]
        return self.dtype not in DISCRETE

    def accepts(self, value: Any) -> bool:
        return is_sparse(value) and value.format == self.format and value.dtype == self.dtype

    def filter(
        self, value: Any, strict: bool = False, allow_downcast: bool | None = None, name: str = "the value"
    ) -> Any:
        """`value` as a sparse matrix of this type.

        Args:
            value: a sparse matrix or array of SciPy, of 2 dimensions.
            strict: accept only this format and element type.
            allow_downcast: cast to any element type; else only where nothing is lost.
            name: what to call the value in an error message.

        Raises:
            TypeError: not a sparse matrix, or of another type.
        """
        if not is_sparse(value) or value.ndim != 2:
            raise TypeError(
                message(
                    f"{name} wants a sparse matrix ({self}), got {type(value).__name__}",
                    cure=f"scipy.sparse.{self.format}_matrix(x)",
                )
            )
        if strict and not self.accepts(value):
            raise TypeError(message(f"{name} wants {self} (strict), got {value.format}, {value.dtype}"))
        dtype = value.dtype.newbyteorder("=")
        if not allow_downcast and np.promote_types(dtype, self.dtype) != self.dtype:
            raise TypeError(
                message(
                    f"{name} wants {self.dtype}, got {value.dtype}: conversion loses precision",
                    cure=f"x.astype('{self.dtype}'), or allow_input_downcast=True for the function",
                )
            )
        return as_format(value, self.format, self.dtype)

    @staticmethod
    def values_eq(a: Any, b: Any) -> bool:
        """Whether two sparse matrices have the same shape, format, element type and elements.

        Example:
            >>> import scipy.sparse
            >>> one = scipy.sparse.csr_matrix([[0.0, 1.0]])
            >>> SparseType.values_eq(one, one.copy()), SparseType.values_eq(one, 2 * one)
            (True, False)
        """
        return _alike(a, b) and abs(a - b).nnz == 0

    def values_eq_approx(self, a: Any, b: Any, eps: float = 1e-6) -> bool:
        """As `values_eq`, where elements may differ by `eps`.

        Example:
            >>> import scipy.sparse
            >>> one = scipy.sparse.csr_matrix([[0.0, 1.0]])
            >>> SparseType("csr", "float64").values_eq_approx(one, one * (1 + 1e-9))
            True
        """
        return _alike(a, b) and bool(abs(a - b).max() <= eps if a.nnz or b.nnz else True)

    def make_variable(self, name: str | None = None) -> "SparseVariable":
        return SparseVariable(self, None, None, name)

    __call__ = make_variable

    def make_constant(self, value: Any, name: str | None = None) -> "SparseConstant":
        return SparseConstant(self, self.filter(value), name)

    def fit_cotangent(self, cotangent: Any, variable: Variable) -> Variable:
        """The elements of a cotangent, sparse or dense, where the variable's value stores elements."""
        fitted: Variable = call("sparse_sampled", cotangent, variable)
        return fitted

    def zeros_like(self, variable: Variable) -> Variable:
        made: Variable = call("sparse_zeros_like", variable)
        return made


def _alike(a: Any, b: Any) -> bool:
    """Whether both are sparse, of one shape, format and element type."""
    if not is_sparse(a) or not is_sparse(b):
        return False
    return bool(a.shape == b.shape and a.format == b.format and a.dtype == b.dtype)


class _SparseOperators:
    """Operators and methods that sparse variables, constants and shared variables have alike."""

    __slots__ = ()
    __array_priority__ = 1000
    __array_ufunc__ = None

    type: Any

    @property
    def dtype(self) -> str:
        """Name of the element type."""
        dtype: str = self.type.dtype
        return dtype

    @property
    def format(self) -> str:
        """SciPy's name of the format."""
        format: str = self.type.format
        return format

    @property
    def ndim(self) -> int:
        return 2

    @property
    def broadcastable(self) -> tuple[bool, bool]:
        return (False, False)

    @property
    def shape(self) -> Any:
        """The numbers of rows and columns, an int64 vector `(2,)`."""
        return call("sparse_shape", self)

    @property
    def size(self) -> Any:
        """The number of stored elements."""
        return call("size", self.data)

    @property
    def data(self) -> Any:
        """The stored elements."""
        return call("csm_data", self)

    @property
    def indices(self) -> Any:
        return call("csm_indices", self)

    @property
    def indptr(self) -> Any:
        return call("csm_indptr", self)

    @property
    def T(self) -> Any:
        """Rows and columns exchanged."""
        return call("sparse_transpose", self)

    def transpose(self) -> Any:
        return call("sparse_transpose", self)

    def toarray(self) -> Any:
        """The matrix as a dense tensor."""
        return call("dense_from_sparse", self)

    def astype(self, dtype: Any) -> Any:
        return call("sparse_cast", self, dtype)

    def sum(self, axis: Any = None) -> Any:
        return call("sp_sum", self, axis)

    def dot(self, other: Any) -> Any:
        return call("sparse_dot", self, other)

    def zeros_like(self) -> Any:
        return call("sparse_zeros_like", self)

    def __bool__(self) -> bool:
        raise TypeError(message(f"{self!s} is a symbolic value: it has no truth value until called", here()[0]))

    def __len__(self) -> int:
        raise TypeError(message(f"the length of {self!s} is symbolic: .shape[0] has it", here()[0]))

    def __iter__(self) -> Any:
        raise TypeError(message(f"{self!s} is symbolic: it can't be iterated over", here()[0]))

    def __neg__(self) -> Any:
        return call("sparse_neg", self)

    def __add__(self, other: Any) -> Any:
        return call("sparse_add", self, other)

    def __radd__(self, other: Any) -> Any:
        return call("sparse_add", other, self)

    def __sub__(self, other: Any) -> Any:
        return call("sparse_sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return call("sparse_sub", other, self)

    def __mul__(self, other: Any) -> Any:
        return call("sparse_mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return call("sparse_mul", other, self)

    def __matmul__(self, other: Any) -> Any:
        return call("sparse_dot", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return call("sparse_dot", other, self)

    def __lt__(self, other: Any) -> Any:
        return call("sparse_lt", self, other)

    def __le__(self, other: Any) -> Any:
        return call("sparse_le", self, other)

    def __gt__(self, other: Any) -> Any:
        return call("sparse_gt", self, other)

    def __ge__(self, other: Any) -> Any:
        return call("sparse_ge", self, other)

    def __getitem__(self, index: Any) -> Any:
        return call("sparse_getitem", self, index)


class SparseVariable(_SparseOperators, Variable):
    """A symbolic sparse matrix.

    `csr_matrix` and operations make them; for the arguments see `Variable`.

    Example:
        >>> from interactive_sym import sparse
        >>> x = sparse.csr_matrix("x", dtype="float64")
        >>> x.type, x.format, sparse.structured_dot(x, [[1.0], [2.0]]).type
        (SparseType(csr, float64), 'csr', TensorType(float64, matrix))
    """

    __slots__ = ()

    def eval(self, inputs_to_values: dict[Any, Any] | None = None) -> Any:
        """Its value for the given inputs."""
        return call("eval", self, inputs_to_values or {})

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return call("mimebundle", self, include, exclude)


class SparseConstant(Constant, _SparseOperators):
    """A sparse matrix whose value is known: `data` is the matrix itself.

    Example:
        >>> from scipy.sparse import csr_matrix
        >>> from interactive_sym import sparse
        >>> eye = sparse.as_sparse_variable(csr_matrix([[1.0, 0.0], [0.0, 1.0]]))
        >>> type(eye).__name__, eye.data.nnz
        ('SparseConstant', 2)
    """

    __slots__ = ()

    def __str__(self) -> str:
        return self.name or f"SparseConstant{{{self.format}, {self.dtype}, {self.value.shape}}}"

    def signature(self) -> tuple[Any, ...]:
        value = self.value
        parts = (value.shape, value.data.shape, value.data.tobytes(), value.indices.tobytes(), value.indptr.tobytes())
        return (self.type, parts)


class SparseSharedVariable(SharedVariable, SparseVariable):
    """A shared sparse matrix.

    `shared` makes them of sparse matrices; for the arguments see `SharedVariable`.

    Example:
        >>> from scipy.sparse import csr_matrix
        >>> from interactive_sym import shared
        >>> shared(csr_matrix([[1.0, 0.0]]), name="s").type
        SparseType(csr, float64)
    """

    __slots__ = ()


@shared_constructor
def sparse_shared(
    value: Any, name: str | None, strict: bool, allow_downcast: bool | None, borrow: bool
) -> SparseSharedVariable | None:
    """The shared variable of a sparse matrix of SciPy in one of the formats here."""
    if not is_sparse(value) or value.format not in FORMATS:
        return None
    type_ = SparseType(value.format, value.dtype.name)
    kept = type_.filter(value if borrow else value.copy())
    return SparseSharedVariable(type_, kept, name, strict, allow_downcast)


def is_sparse_variable(x: Any) -> bool:
    """Whether `x` is a symbolic sparse matrix."""
    return isinstance(x, Variable) and isinstance(x.type, SparseType)


def constant(x: Any, name: str | None = None) -> SparseConstant:
    """A symbolic constant: the sparse matrix `x` of SciPy.

    Args:
        x: a sparse matrix of SciPy.
        name: a name for it.

    Raises:
        TypeError: `x` is not a sparse matrix in the format csc, csr or bsr.

    Example:
        >>> import scipy.sparse
        >>> from interactive_sym import sparse
        >>> sparse.constant(scipy.sparse.eye(2, format="csr")).type
        SparseType(csr, float64)
    """
    if not is_sparse(x) or x.format not in FORMATS:
        kind = f"format {x.format}" if is_sparse(x) else type(x).__name__
        raise TypeError(
            message(
                f"a sparse matrix in the format {', '.join(FORMATS)} is wanted, got {kind}", here()[0], cure="x.tocsr()"
            )
        )
    return SparseType(x.format, x.dtype.name).make_constant(x.copy(), name)


def as_sparse_variable(x: Any, name: str | None = None) -> Any:
    """`x` as a symbolic sparse matrix: a variable as it is, a sparse matrix of SciPy as a constant.

    Args:
        x: a symbolic sparse matrix, or a sparse matrix of SciPy.
        name: a name for a new constant.

    Raises:
        TypeError: it is neither.

    Example:
        >>> import scipy.sparse
        >>> from interactive_sym import sparse
        >>> sparse.as_sparse_variable(scipy.sparse.eye(2, format="csc")).type
        SparseType(csc, float64)
    """
    if isinstance(x, Apply):
        x = x.out
    if isinstance(x, Variable):
        if not is_sparse_variable(x):
            raise TypeError(
                message(f"{x} is not a sparse matrix: it is of type {x.type}", here()[0], cure="csr_from_dense(x)")
            )
        return x
    return constant(x, name)


def as_sparse_or_tensor_variable(x: Any, name: str | None = None) -> Any:
    """`x` as a symbolic sparse matrix where it is one, else as a tensor.

    Args:
        x: what `as_sparse_variable` or `as_tensor_variable` takes.
        name: a name for a new constant.

    Raises:
        AsTensorError: it is neither.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.as_sparse_or_tensor_variable([1.0, 2.0]).type
        TensorType(float64, (2,))
    """
    if is_sparse(x) or is_sparse_variable(x):
        return as_sparse_variable(x, name)
    return as_tensor_variable(x, name)
