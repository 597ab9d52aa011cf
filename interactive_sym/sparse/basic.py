"""Functions of sparse matrices, under the names of `theano.sparse`.

Read next: `ops`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from ..core.constants import as_tensor_variable
from ..core.errors import message
from ..core.graph import Constant, Variable
from ..core.op import call, public, register
from ..core.source import here
from ..core.types import as_dtype, upcast
from .ops import (
    CSM,
    Add,
    Compare,
    DenseFromSparse,
    Diagonal,
    FromRows,
    Mul,
    Product,
    SampledProduct,
    SparseFromDense,
    SparseSubtensor,
    SpSum,
    SquareDiagonal,
    Stack,
    Tidy,
    Transpose,
    cast_any,
    csm_properties,
)
from .type import SparseType, as_sparse_or_tensor_variable, as_sparse_variable, is_sparse_variable

# -- constructors ------------------------------------------------------------------------------------------------------


def matrix(format: str, name: str | None = None, dtype: Any = None) -> Any:
    """A symbolic sparse matrix.

    Args:
        format: "csc", "csr" or "bsr".
        name: a name for it.
        dtype: element type, by default floatX.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.matrix("csr", "x", "float32").type
        SparseType(csr, float32)
    """
    return SparseType(format, as_dtype("floatX" if dtype is None else dtype)).make_variable(name)


def csc_matrix(name: str | None = None, dtype: Any = None) -> Any:
    """A symbolic sparse matrix in SciPy's format csc.

    Args:
        name: its name.
        dtype: its element type, by default floatX.

    Example:
        >>> import scipy.sparse
        >>> from interactive_sym import function, sparse
        >>> x = sparse.csc_matrix("x")
        >>> function([x], sparse.sp_sum(x, axis=0))(scipy.sparse.csc_matrix([[1.0, 0.0], [2.0, 3.0]])).tolist()
        [3.0, 3.0]
    """
    return matrix("csc", name, dtype)


def csr_matrix(name: str | None = None, dtype: Any = None) -> Any:
    """A symbolic sparse matrix in SciPy's format csr.

    Args:
        name: its name.
        dtype: its element type, by default floatX.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.csr_matrix("x").type
        SparseType(csr, float64)
    """
    return matrix("csr", name, dtype)


def bsr_matrix(name: str | None = None, dtype: Any = None) -> Any:
    """A symbolic sparse matrix in SciPy's format bsr.

    Args:
        name: its name.
        dtype: its element type, by default floatX.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.bsr_matrix("x").type
        SparseType(bsr, float64)
    """
    return matrix("bsr", name, dtype)


def CSC(data: Any, indices: Any, indptr: Any, shape: Any) -> Any:
    """A csc matrix from what it stores.

    Args:
        data: the values `(k,)`.
        indices: int `(k,)`: the row of each.
        indptr: int `(n + 1,)`: where each column starts in `data`.
        shape: int `(2,)`.

    Raises:
        TypeError: wrong dimensions or element types.
        ValueError: the parts do not fit, when called.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.dense_from_sparse(sparse.CSC([1.0, 2.0], [0, 1], [0, 1, 2], [2, 2])).eval().tolist()
        [[1.0, 0.0], [0.0, 2.0]]
    """
    return CSM("csc")(data, indices, indptr, shape)


def CSR(data: Any, indices: Any, indptr: Any, shape: Any) -> Any:
    """A csr matrix from what it stores: as `CSC`, with rows and columns exchanged.

    Args:
        data, indices, indptr, shape: the stored values, their columns, where each row starts among them, and `(m, n)`.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.dense_from_sparse(sparse.CSR([1.0, 2.0], [1, 1], [0, 1, 2], [2, 2])).eval().tolist()
        [[0.0, 1.0], [0.0, 2.0]]
    """
    return CSM("csr")(data, indices, indptr, shape)


# -- parts -------------------------------------------------------------------------------------------------------------


@public
def csm_data(csm: Any) -> Any:
    """The stored values of a sparse matrix; see `csm_properties`.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.csm_data(sparse.csr_from_dense([[0.0, 2.0]])).eval().tolist()
        [2.0]
    """
    return csm_properties(csm)[0]


@public
def csm_indices(csm: Any) -> Any:
    """The column (csr) or row (csc) of each stored value; see `csm_properties`.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.csm_indices(sparse.csr_from_dense([[0.0, 2.0]])).eval().tolist()
        [1]
    """
    return csm_properties(csm)[1]


@public
def csm_indptr(csm: Any) -> Any:
    """Where each row (csr) or column (csc) starts among the stored values; see `csm_properties`.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.csm_indptr(sparse.csr_from_dense([[0.0, 2.0]])).eval().tolist()
        [0, 1]
    """
    return csm_properties(csm)[2]


@public
def csm_shape(csm: Any) -> Any:
    """The numbers of rows and columns, int32 `(2,)`; see `csm_properties`.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.csm_shape(sparse.csr_from_dense([[0.0, 2.0]])).eval().tolist()
        [1, 2]
    """
    return csm_properties(csm)[3]


def on_values(x: Any, function: Callable[[Any], Any]) -> Any:
    """The matrix that stores `function` of the values `x` stores."""
    x = as_sparse_variable(x)
    data, *structure = csm_properties(x)
    return CSM(x.type.format)(function(data), *structure)


# -- between sparse and dense ------------------------------------------------------------------------------------------


@public
def dense_from_sparse(x: Any) -> Any:
    """A sparse matrix as a dense one. The gradient is that of the stored elements.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.dense_from_sparse(sparse.csc_from_dense([[0.0, 2.0]])).eval().tolist()
        [[0.0, 2.0]]
    """
    return DenseFromSparse()(x)


def csr_from_dense(x: Any) -> Any:
    """A dense matrix as a csr matrix that stores the elements that are not 0. Only those have a gradient.

    Raises:
        TypeError: more than 2 dimensions.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.csr_from_dense([[0.0, 2.0]]).eval().nnz
        1
    """
    return SparseFromDense("csr")(x)


def csc_from_dense(x: Any) -> Any:
    """A dense matrix as a csc matrix that stores the elements that are not 0. Only those have a gradient.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.csc_from_dense([[0.0, 2.0]]).eval().format
        'csc'
    """
    return SparseFromDense("csc")(x)


def sp_ones_like(x: Any) -> Any:
    """The matrix that stores a 1 wherever `x` stores an element.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.sp_ones_like(sparse.csr_from_dense([[0.0, 2.0]])).toarray().eval().tolist()
        [[0.0, 1.0]]
    """
    return on_values(x, lambda data: call("ones_like", data))


def sp_zeros_like(x: Any) -> Any:
    """A matrix of the shape and type of `x` that stores nothing.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.sp_zeros_like(sparse.csr_from_dense([[0.0, 2.0]])).eval().nnz
        0
    """
    x = as_sparse_variable(x)
    data, indices, indptr, shape = csm_properties(x)
    return CSM(x.type.format)(data[:0], indices[:0], call("zeros_like", indptr), shape)


register("sparse_zeros_like", sp_zeros_like)


def construct_sparse_from_list(x: Any, values: Any, ilist: Any) -> Any:
    """A csc matrix of the shape of `x` with given rows, 0 elsewhere.

    Args:
        x: a dense matrix `(m, n)`; only its shape counts.
        values: rows `(k, n)`.
        ilist: int `(k,)`: their numbers; rows of one number are added.

    Raises:
        IndexError: there is no such row, when called.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import sparse
        >>> sparse.construct_sparse_from_list(T.zeros((2, 2)), [[3.0, 4.0]], [1]).toarray().eval().tolist()
        [[0.0, 0.0], [3.0, 4.0]]
    """
    return FromRows()(x, values, ilist)


# -- structure ---------------------------------------------------------------------------------------------------------


def cast(variable: Any, dtype: Any) -> Any:
    """A sparse matrix in another element type.

    Args:
        variable: a sparse matrix.
        dtype: the element type.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.cast(sparse.csr_matrix("x"), "float32").type
        SparseType(csr, float32)
    """
    variable, dtype = as_sparse_variable(variable), as_dtype(dtype)
    if variable.type.dtype == dtype:
        return variable
    return on_values(variable, lambda data: call("cast", data, dtype))


register("sparse_cast", cast)


def transpose(x: Any) -> Any:
    """Rows and columns exchanged; csc becomes csr, csr becomes csc.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.transpose(sparse.csr_from_dense([[0.0, 2.0]])).toarray().eval().tolist()
        [[0.0], [2.0]]
    """
    return Transpose()(x)


def neg(x: Any) -> Any:
    """The matrix with the signs of its elements changed.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.neg(sparse.csr_from_dense([[0.0, 2.0]])).toarray().eval().tolist()
        [[0.0, -2.0]]
    """
    return on_values(x, lambda data: call("neg", data))


register("sparse_neg", neg)


def ensure_sorted_indices(x: Any) -> Any:
    """The same matrix with the indices of each row (csr) or column (csc) ascending.

    Example:
        >>> from interactive_sym import sparse
        >>> x = sparse.CSR([1.0, 2.0], [1, 0], [0, 2], [1, 2])
        >>> sparse.ensure_sorted_indices(x).indices.eval().tolist()
        [0, 1]
    """
    return Tidy("sort")(x)


def remove0(x: Any) -> Any:
    """The same matrix without the zeros that it stores.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.remove0(sparse.CSR([1.0, 0.0], [0, 1], [0, 2], [1, 2])).eval().nnz
        1
    """
    return Tidy("remove0")(x)


def clean(x: Any) -> Any:
    """The same matrix without stored zeros and with its indices in order.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.clean(sparse.CSR([0.0, 1.0], [1, 0], [0, 2], [1, 2])).indices.eval().tolist()
        [0]
    """
    return ensure_sorted_indices(remove0(x))


def hstack(blocks: Sequence[Any], format: str | None = None, dtype: Any = None) -> Any:
    """Sparse matrices `(m, n1), (m, n2), ...` side by side: `(m, n1 + n2 + ...)`.

    Args:
        blocks: sparse matrices.
        format: of the result; csc by default.
        dtype: of the result; the common element type by default.

    Raises:
        ValueError: their numbers of rows differ, when called.

    Example:
        >>> from interactive_sym import sparse
        >>> x = sparse.csr_from_dense([[0.0, 2.0]])
        >>> sparse.hstack([x, x]).toarray().eval().tolist()
        [[0.0, 2.0, 0.0, 2.0]]
    """
    return _stacked(1, blocks, format, dtype)


def vstack(blocks: Sequence[Any], format: str | None = None, dtype: Any = None) -> Any:
    """Sparse matrices `(m1, n), (m2, n), ...` one above the other; arguments as for `hstack`.

    Example:
        >>> from interactive_sym import sparse
        >>> x = sparse.csr_from_dense([[0.0, 2.0]])
        >>> sparse.vstack([x, x]).toarray().eval().tolist()
        [[0.0, 2.0], [0.0, 2.0]]
    """
    return _stacked(0, blocks, format, dtype)


def _stacked(axis: int, blocks: Sequence[Any], format: str | None, dtype: Any) -> Any:
    parts = [as_sparse_variable(block) for block in blocks]
    if dtype is not None:
        parts = [cast(part, dtype) for part in parts]
    return Stack(axis, "csc" if format is None else format)(*parts)


@public
def sparse_getitem(x: Any, index: Any) -> Any:
    """An element `x[i, j]`, a scalar, or a block `x[a:b, c:d]`, sparse; a row or column stays a matrix."""
    parts = list(index) if isinstance(index, tuple) else [index]
    if len(parts) > 2 or any(part is None or part is Ellipsis for part in parts):
        raise IndexError(message(f"a sparse matrix takes an integer or slice for each axis, not {index!r}", here()[0]))
    entries, values = [], []
    for part in [*parts, *[slice(None)] * (2 - len(parts))]:
        if isinstance(part, slice):
            given = [part.start, part.stop, part.step]
            if any(isinstance(bound, Constant) and bound.data is None for bound in given):
                raise IndexError(message("a slice's bounds are integers", here()[0]))
            entries.append(("s", *(bound is not None for bound in given)))
            values += [bound for bound in given if bound is not None]
        else:
            entries.append(("i",))
            values.append(part)
    return SparseSubtensor(tuple(entries))(x, *values)


# -- elementwise -------------------------------------------------------------------------------------------------------


def _pair(x: Any, y: Any, what: str) -> tuple[Any, Any]:
    x, y = as_sparse_or_tensor_variable(x), as_sparse_or_tensor_variable(y)
    if not is_sparse_variable(x) and not is_sparse_variable(y):
        raise TypeError(message(f"{what} wants a sparse matrix, got {x.type} and {y.type}", here()[0]))
    dtype = upcast(x.type.dtype, y.type.dtype)
    return cast_any(x, dtype), cast_any(y, dtype)


def _as_matrix(y: Any, what: str) -> Any:
    """A dense operand as a matrix, of which added dimensions stretch."""
    ndim = len(y.type.shape)
    if ndim > 2:
        raise TypeError(message(f"{what}: a sparse matrix has 2 dimensions, got {y.type}", here()[0]))
    return call("shape_padleft", y, 2 - ndim) if ndim < 2 else y


def add(x: Any, y: Any) -> Any:
    """The sum of two matrices of one shape, at least one of them sparse.

    Returns:
        A sparse matrix of the format of `x` where both are sparse, else a dense one.

    Raises:
        TypeError: neither is sparse, or a dense one is not a matrix.
        ValueError: the shapes differ, when called.

    Example:
        >>> from interactive_sym import sparse
        >>> x = sparse.csr_from_dense([[0.0, 2.0]])
        >>> sparse.add(x, x).toarray().eval().tolist(), sparse.add(x, [[1.0, 1.0]]).eval().tolist()
        ([[0.0, 4.0]], [[1.0, 3.0]])
    """
    x, y = _pair(x, y, "add")
    first, second = (x, y) if is_sparse_variable(x) else (y, x)
    if not is_sparse_variable(second) and len(second.type.shape) != 2:
        raise TypeError(
            message(f"add: a dense operand must be a matrix, got {second.type}", here()[0], cure="structured_add(x, y)")
        )
    return Add()(first, second)


def sub(x: Any, y: Any) -> Any:
    """The difference of two matrices; see `add`.

    Example:
        >>> from interactive_sym import sparse
        >>> x = sparse.csr_from_dense([[0.0, 2.0]])
        >>> sparse.sub([[1.0, 1.0]], x).eval().tolist()
        [[1.0, -1.0]]
    """
    y = as_sparse_or_tensor_variable(y)
    return add(x, neg(y) if is_sparse_variable(y) else call("neg", y))


def mul(x: Any, y: Any) -> Any:
    """The elementwise product of a sparse matrix with another, a row, a column, a vector (one row) or a scalar.

    Returns:
        A sparse matrix of the format of the (first) sparse operand. Elements that are not stored count as 0 whatever
        they are multiplied with.

    Raises:
        TypeError: neither is sparse.
        ValueError: sizes differ, when called.

    Example:
        >>> from interactive_sym import sparse
        >>> x = sparse.csr_from_dense([[0.0, 2.0]])
        >>> sparse.mul(x, 3.0).toarray().eval().tolist()
        [[0.0, 6.0]]
    """
    x, y = _pair(x, y, "mul")
    first, second = (x, y) if is_sparse_variable(x) else (y, x)
    return Mul()(first, second if is_sparse_variable(second) else _as_matrix(second, "mul"))


def col_scale(x: Any, s: Any) -> Any:
    """Each column of a sparse matrix `(m, n)` times an element of a vector `(n,)`.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.col_scale(sparse.csr_from_dense([[1.0, 2.0]]), [3.0, 4.0]).toarray().eval().tolist()
        [[3.0, 8.0]]
    """
    return mul(as_sparse_variable(x), call("dimshuffle", _vector(s, "col_scale"), ("x", 0)))


def row_scale(x: Any, s: Any) -> Any:
    """Each row of a sparse matrix `(m, n)` times an element of a vector `(m,)`.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.row_scale(sparse.csr_from_dense([[1.0, 2.0]]), [3.0]).toarray().eval().tolist()
        [[3.0, 6.0]]
    """
    return mul(as_sparse_variable(x), call("dimshuffle", _vector(s, "row_scale"), (0, "x")))


def _vector(s: Any, what: str) -> Any:
    s = as_tensor_variable(s)
    if len(s.type.shape) != 1:
        raise TypeError(message(f"{what} wants a vector, got {s.type}", here()[0]))
    return s


def _comparison(kind: str, words: str, mirrored: str) -> Callable[[Any, Any], Any]:
    def compare(x: Any, y: Any) -> Any:
        x, y = _pair(x, y, kind)
        if not is_sparse_variable(x):
            return Compare(mirrored)(y, x)
        return Compare(kind)(x, y)

    compare.__name__ = compare.__qualname__ = kind
    compare.__doc__ = f"""Whether elements of `x` are {words} those of `y`: bool; sparse for two sparse matrices.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.{kind}(sparse.csr_from_dense([[1.0, 2.0]]), [[1.0, 1.0]]).eval().tolist()
        [[{kind in ("eq", "ge", "le")}, {kind in ("neq", "gt", "ge")}]]
    """
    register(f"sparse_{kind}", compare)
    return compare


eq = _comparison("eq", "equal to", "eq")
neq = _comparison("neq", "not equal to", "neq")
gt = _comparison("gt", "greater than", "lt")
ge = _comparison("ge", "greater than or equal to", "le")
lt = _comparison("lt", "less than", "gt")
le = _comparison("le", "less than or equal to", "ge")
for _name, _function in (("add", add), ("sub", sub), ("mul", mul)):
    register(f"sparse_{_name}", _function)


# -- reductions, diagonals ---------------------------------------------------------------------------------------------


@public
def sp_sum(x: Any, axis: int | None = None, sparse_grad: bool = False) -> Any:
    """The sum of all elements of a sparse matrix `(m, n)`, of each column `(n,)` (axis 0) or row `(m,)` (axis 1).

    Args:
        x: a sparse matrix.
        axis: None, 0 or 1 (or -2, -1).
        sparse_grad: accepted for Theano's sake: a gradient is always that of the stored elements.

    Raises:
        ValueError: another axis.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.sp_sum(sparse.csr_from_dense([[1.0, 2.0]]), axis=1).eval().tolist()
        [3.0]
    """
    if axis not in (None, 0, 1, -1, -2):
        raise ValueError(message(f"sp_sum: axis is None, 0 or 1, not {axis!r}", here()[0]))
    return SpSum(None if axis is None else axis % 2)(x)


def square_diagonal(diag: Any) -> Any:
    """A square csc matrix `(n, n)` that stores a vector `(n,)` on its diagonal.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.square_diagonal([1.0, 2.0]).toarray().eval().tolist()
        [[1.0, 0.0], [0.0, 2.0]]
    """
    return SquareDiagonal()(diag)


def diag(x: Any) -> Any:
    """The diagonal `(n,)` of a square sparse matrix, dense.

    Raises:
        ValueError: the matrix is not square, when called.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.diag(sparse.square_diagonal([1.0, 2.0])).eval().tolist()
        [1.0, 2.0]
    """
    return Diagonal()(x)


# -- on stored values alone --------------------------------------------------------------------------------------------


def structured_monoid(tensor_op: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: a function of a sparse matrix that applies `tensor_op` to the values it stores.

    Further arguments are passed on; the result has the same places.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import sparse
        >>> @structured_monoid(T.exp)
        ... def structured_exp(x):
        ...     "The exponential of the stored values."
        >>> structured_exp(sparse.csr_matrix("x", dtype="float64")).type
        SparseType(csr, float64)
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def on_stored(x: Any, *arguments: Any) -> Any:
            return on_values(x, lambda data: tensor_op(data, *arguments))

        on_stored.__name__ = on_stored.__qualname__ = function.__name__
        on_stored.__doc__ = function.__doc__
        return on_stored

    return decorate


def _structured(name: str, tensor_op: str, formula: str, scalar: bool = False) -> Callable[..., Any]:
    def of_values(x: Any) -> Any:
        return on_values(x, lambda data: call(tensor_op, data))

    def with_scalar(x: Any, y: Any) -> Any:
        y = as_tensor_variable(y)
        if len(y.type.shape):
            raise TypeError(message(f"{name}: the second operand is a scalar, got {y.type}", here()[0]))
        return on_values(x, lambda data: call(tensor_op, data, y))

    function: Callable[..., Any] = with_scalar if scalar else of_values
    function.__name__ = function.__qualname__ = name
    taken = "x: a sparse matrix `(m, n)`."
    if scalar:
        taken = "x, y: a sparse matrix `(m, n)` and a scalar; any other y is a TypeError."
    function.__doc__ = f"""{formula} of each stored element of a sparse matrix; elements that are not stored stay 0.

    Args:
        {taken}

    Example:
        >>> from interactive_sym import sparse
        >>> x = sparse.csr_matrix("x")
        >>> sparse.{name}(x{", 2.0" if scalar else ""}).type
        SparseType(csr, float64)
    """
    return function


structured_sigmoid = _structured("structured_sigmoid", "sigmoid", "1 / (1 + exp(-x))")
structured_exp = _structured("structured_exp", "exp", "exp(x)")
structured_log = _structured("structured_log", "log", "The natural logarithm")
structured_pow = _structured("structured_pow", "pow", "x to the power y", True)
structured_minimum = _structured("structured_minimum", "minimum", "The smaller one, of x and y,", True)
structured_maximum = _structured("structured_maximum", "maximum", "The larger one, of x and y,", True)
structured_add = _structured("structured_add", "add", "x + y", True)
sin = _structured("sin", "sin", "The sine")
tan = _structured("tan", "tan", "The tangent")
arcsin = _structured("arcsin", "arcsin", "The arc sine")
arctan = _structured("arctan", "arctan", "The arc tangent")
sinh = _structured("sinh", "sinh", "The hyperbolic sine")
arcsinh = _structured("arcsinh", "arcsinh", "The inverse hyperbolic sine")
tanh = _structured("tanh", "tanh", "The hyperbolic tangent")
arctanh = _structured("arctanh", "arctanh", "The inverse hyperbolic tangent")
rint = _structured("rint", "round_half_to_even", "The nearest integer")
sgn = _structured("sgn", "sgn", "The sign")
ceil = _structured("ceil", "ceil", "The next integer above")
floor = _structured("floor", "floor", "The next integer below")
log1p = _structured("log1p", "log1p", "log(1 + x)")
expm1 = _structured("expm1", "expm1", "exp(x) - 1")
deg2rad = _structured("deg2rad", "deg2rad", "The radians of degrees")
rad2deg = _structured("rad2deg", "rad2deg", "The degrees of radians")
trunc = _structured("trunc", "trunc", "The integer part")
sqr = _structured("sqr", "sqr", "The square")
sqrt = _structured("sqrt", "sqrt", "The square root")
conj = _structured("conj", "conj", "The complex conjugate")


# -- products ----------------------------------------------------------------------------------------------------------


def dot(x: Any, y: Any) -> Any:
    """The matrix product, dense, of operands of which at least one is sparse.

    Args:
        x: `(m, n)`, or a dense vector `(n,)`.
        y: `(n, k)`, or a dense vector `(n,)`.

    Returns:
        A dense matrix `(m, k)`; a vector where an operand is one.

    Raises:
        TypeError: neither is sparse.
        ValueError: sizes that must agree differ, when called.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.dot(sparse.csr_from_dense([[0.0, 2.0]]), [[1.0], [3.0]]).eval().tolist()
        [[6.0]]
    """
    return _product(x, y, True)


register("sparse_dot", dot)


def _product(x: Any, y: Any, dense: bool) -> Any:
    x, y = _pair(x, y, "dot")
    for operand in (x, y):
        if not is_sparse_variable(operand) and len(operand.type.shape) not in (1, 2):
            raise TypeError(message(f"dot wants vectors and matrices, got {operand.type}", here()[0]))
    left = not is_sparse_variable(x) and len(x.type.shape) == 1
    right = not is_sparse_variable(y) and len(y.type.shape) == 1
    x = call("dimshuffle", x, ("x", 0)) if left else x
    y = call("dimshuffle", y, (0, "x")) if right else y
    made: Variable = Product(dense)(x, y)
    return call("flatten", made) if left or right else made


def true_dot(x: Any, y: Any, grad_preserves_dense: bool = True) -> Any:
    """The matrix product: sparse where both operands are, else dense; see `dot`.

    Args:
        x, y: matrices, at least one of them sparse.
        grad_preserves_dense: accepted for Theano's sake: gradients of dense operands are dense.

    Example:
        >>> from interactive_sym import sparse
        >>> x = sparse.csr_matrix("x")
        >>> sparse.true_dot(x, x).type
        SparseType(csr, float64)
    """
    return _product(x, y, False)


def structured_dot(x: Any, y: Any) -> Any:
    """The matrix product: sparse where both operands are, else dense; its gradient is that of the stored elements.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym import sparse
        >>> sparse.structured_dot(sparse.csc_matrix("x"), T.dmatrix("y")).type
        TensorType(float64, matrix)
    """
    return _product(x, y, False)


def structured_dot_grad(sparse_A: Any, dense_B: Any, ga: Any) -> Any:
    """The values of ga·Bᵀ where A stores elements, in their order: the gradient of `structured_dot(A, B)`.

    Args:
        sparse_A: a sparse matrix `(m, n)`.
        dense_B: a dense matrix `(n, k)`.
        ga: the cotangent of the product, `(m, k)`.

    Example:
        >>> from interactive_sym import sparse
        >>> A = sparse.csr_from_dense([[0.0, 2.0]])
        >>> sparse.structured_dot_grad(A, [[1.0], [3.0]], [[10.0]]).eval().tolist()
        [30.0]
    """
    return csm_data(SampledProduct()(ga, dense_B, sparse_A))


def sampling_dot(x: Any, y: Any, p: Any) -> Any:
    """p∘(x·yᵀ), where only elements that `p` stores are computed.

    Args:
        x: a dense matrix `(m, k)`.
        y: a dense matrix `(n, k)`.
        p: a sparse matrix `(m, n)`.

    Returns:
        A sparse matrix of the format of `p`.

    Raises:
        ValueError: the shapes do not fit, when called.

    Example:
        >>> from interactive_sym import sparse
        >>> p = sparse.csr_from_dense([[0.0, 2.0]])
        >>> sparse.sampling_dot([[1.0]], [[3.0], [4.0]], p).toarray().eval().tolist()
        [[0.0, 8.0]]
    """
    p = as_sparse_variable(p)
    return mul(p, SampledProduct()(x, y, p))


def usmm(alpha: Any, x: Any, y: Any, z: Any) -> Any:
    """alpha·(x·y) + z, dense.

    Args:
        alpha: a scalar.
        x, y: matrices `(m, n)` and `(n, k)`, at least one of them sparse.
        z: a dense matrix `(m, k)`.

    Raises:
        TypeError: `alpha` is not a scalar, or neither x nor y is sparse.

    Example:
        >>> from interactive_sym import sparse
        >>> sparse.usmm(2.0, sparse.csr_from_dense([[0.0, 2.0]]), [[1.0], [3.0]], [[1.0]]).eval().tolist()
        [[13.0]]
    """
    alpha = as_tensor_variable(alpha)
    if any(size != 1 for size in alpha.type.shape):
        raise TypeError(message(f"usmm: alpha is a scalar, got {alpha.type}", here()[0]))
    return alpha * dot(x, y) + as_tensor_variable(z)
