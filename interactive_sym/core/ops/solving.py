"""Cholesky decomposition, inverse, determinant and linear systems (floor B).

Real matrices go through C (`runtime/linalg.h`: LAPACK where the process has one, else loops), complex ones through
NumPy.
Derivatives follow M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008), and for Cholesky I. Murray, "Differentiation of the Cholesky decomposition" (2016).

Read next: `decompositions`.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.linalg import LinAlgError

from ..constants import as_tensor_variable
from ..errors import message
from ..graph import Apply, Variable
from ..op import Op, UndefinedDerivative, call, public
from ..source import here
from ..types import COMPLEXES, DISCRETE, TensorType, upcast
from ..variable import TensorVariable
from .elementwise import C_TYPES
from .library import LibraryCall
from .linalg import made

COMPLEX_ONLY = "complex matrices go to LAPACK through NumPy"
_LETTER = {"float64": "D", "float32": "S"}
_FUNCTION = {"float64": "", "float32": "f"}


def _row(x: Any, shape: Any = None) -> tuple[str, ...]:
    return (str(x)[:30], x.type.dtype, x.type.form if shape is None else str(tuple(shape)), made(x))


def float_of(*dtypes: str) -> str:
    """The element type linear algebra computes in: the common one, float64 for integers and booleans."""
    dtype = upcast(*dtypes)
    return "float64" if dtype in DISCRETE else dtype


def as_matrix(x: Any, what: str, square: bool = False) -> Any:
    """`x` as a matrix of floats or complex numbers.

    Raises:
        TypeError: it is not a matrix.
        LinAlgError: it is known not to be square, and must be.
    """
    x = as_tensor_variable(x)
    if len(x.type.shape) != 2:
        raise TypeError(message(f"{what} wants a matrix, got {x.type}", here()[0], [_row(x)]))
    rows, columns = x.type.shape
    if square and rows is not None and columns is not None and rows != columns:
        raise not_square(x, (rows, columns), what, here()[0])
    return call("cast", x, float_of(x.type.dtype))


def not_square(x: Any, shape: Sequence[int], what: str, where: Any) -> LinAlgError:
    return LinAlgError(
        message(f"{what} wants a square matrix, got {shape[0]} rows and {shape[1]} columns", where, [_row(x, shape)])
    )


def failed(x: Any, shape: Sequence[int], sentence: str, where: Any, cure: str = "") -> LinAlgError:
    return LinAlgError(message(sentence, where, [_row(x, shape)], cure))


def T(x: Any) -> Any:
    return call("transpose", x)


def times(*factors: Any) -> Any:
    """The product of matrices, from the left."""
    product = factors[0]
    for factor in factors[1:]:
        product = call("dot", product, factor)
    return product


def half_lower(x: Any) -> Any:
    """The lower triangle of a square matrix with its diagonal halved."""
    n, dtype = call("shape_i", x, 0), x.type.dtype
    return x * ((call("tri", n, n, 0, dtype) + call("tri", n, n, -1, dtype)) * np.asarray(0.5, dtype))


def folded(g: Any, lower: bool) -> Any:
    """The cotangent of the one triangle that is read, from that of a symmetric matrix as a whole."""
    both = half_lower(g + T(g))
    return both if lower else T(both)


def refuse_complex(op: Op, dtype: str) -> None:
    if dtype in COMPLEXES:
        raise UndefinedDerivative(f"the derivative of {op.name} is defined here for real matrices only")


class MatrixOp(Op):
    """What operations on matrices have alike.

    Args:
        dtype: the operands' element type; `make_node` takes the operands' own.
    """

    __props__: ClassVar[tuple[str, ...]] = ("dtype",)
    family = "linalg"
    dtype: str

    def of(self, dtype: str) -> Any:
        """The same operation for another element type."""
        if dtype == self.dtype:
            return self
        twin = type(self).__new__(type(self))
        twin.__dict__.update({k: v for k, v in self.__dict__.items() if k != "_hash"}, dtype=dtype)
        return twin

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        return self.L_op(inputs, self.make_node(*inputs).outputs, output_grads)


class _InC(MatrixOp):
    """Operations that C computes for real matrices."""

    @property
    def python_only(self) -> str:  # type: ignore[override]
        return COMPLEX_ONLY if self.dtype in COMPLEXES else ""


class Cholesky(_InC):
    """The triangular L with L·Lᵀ = x, of a symmetric positive definite matrix `(n, n)`.

    Args:
        lower: read the lower triangle and give L; else read the upper one and give Lᵀ.
        on_error: "raise", or "nan": a matrix that is not positive definite gives NaN everywhere.
        dtype: the operand's element type, a float or complex one.

    Example:
        >>> import interactive_sym.tensor as T
        >>> Cholesky()(T.constant([[4.0, 2.0], [2.0, 5.0]])).eval()
        array([[2., 0.],
               [1., 2.]])
    """

    __props__ = ("lower", "on_error", "dtype")
    name = "cholesky"

    def __init__(self, lower: bool = True, on_error: str = "raise", dtype: str = "float64") -> None:
        if on_error not in ("raise", "nan"):
            raise ValueError(message(f"cholesky: on_error is 'raise' or 'nan', not {on_error!r}", here()[0]))
        self.lower = bool(lower)
        self.on_error = on_error
        self.dtype = dtype

    @property
    def library_c(self) -> LibraryCall | None:
        if self.dtype in COMPLEXES:
            return None
        nan = self.on_error == "nan"
        name = f"isym_cholesky_{'lower' if self.lower else 'upper'}{'_nan' * nan}_{self.dtype}"
        potrf = f"ISYM_{_LETTER[self.dtype]}POTRF"
        text = (
            f"ISYM_CHOLESKY({name}, {C_TYPES[self.dtype]}, sqrt{_FUNCTION[self.dtype]}, {potrf}, "
            f"{int(self.lower)}, {int(nan)})"
        )
        errors = ("cholesky wants a square matrix", "cholesky: the matrix is not positive definite")
        return LibraryCall("linalg.h", name, errors, ((0, 0, 1), (0, 1, 2)), text, context=True)

    def make_node(self, x: Any) -> Apply:
        x = as_matrix(x, "cholesky", square=True)
        return Apply(self.of(x.type.dtype), [x], [TensorVariable(x.type)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        (x,) = inputs
        if x.shape[0] != x.shape[1]:
            raise not_square(node.inputs[0], x.shape, "cholesky", node.where)
        try:
            root = np.linalg.cholesky(x if self.lower else x.conj().T)
            if np.isnan(root).any():
                raise LinAlgError
        except LinAlgError:
            if self.on_error == "nan":
                output_storage[0][0] = np.full_like(x, np.nan)
                return
            raise failed(
                node.inputs[0],
                x.shape,
                "cholesky: the matrix is not positive definite",
                node.where,
                "add a small multiple of the identity: x + 1e-6 * T.eye(x.shape[0])",
            ) from None
        output_storage[0][0] = np.ascontiguousarray(root if self.lower else root.conj().T)

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> Sequence[Variable | None]:
        """With Φ the lower triangle whose diagonal is halved: S = L⁻ᵀ·Φ(Lᵀ·g)·L⁻¹, dx = Φ(S + Sᵀ) (Murray 2016)."""
        refuse_complex(self, self.dtype)
        root, g = outputs[0], output_grads[0]
        if not self.lower:
            root, g = T(root), T(g)
        inner = solve_upper_triangular(T(root), half_lower(times(T(root), g)))
        s = T(solve_upper_triangular(T(root), T(inner)))
        return [folded(s, self.lower)]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(input_shapes[0])]


class MatrixInverse(_InC):
    """The inverse of a square matrix `(n, n)`.

    Args:
        dtype: the operand's element type, a float or complex one.

    Example:
        >>> import interactive_sym.tensor as T
        >>> MatrixInverse()(T.constant([[2.0, 0.0], [0.0, 4.0]])).eval()
        array([[0.5 , 0.  ],
               [0.  , 0.25]])
    """

    name = "matrix_inverse"

    def __init__(self, dtype: str = "float64") -> None:
        self.dtype = dtype

    @property
    def library_c(self) -> LibraryCall | None:
        if self.dtype in COMPLEXES:
            return None
        name = f"isym_inverse_{self.dtype}"
        text = f"ISYM_INVERSE({name}, {C_TYPES[self.dtype]}, isym_lu_solve_{self.dtype})"
        errors = ("matrix_inverse wants a square matrix", "", "matrix_inverse: the matrix is singular")
        return LibraryCall("linalg.h", name, errors, ((0, 0, 1), (0, 1, 2)), text, context=True)

    def make_node(self, x: Any) -> Apply:
        x = as_matrix(x, "matrix_inverse", square=True)
        return Apply(self.of(x.type.dtype), [x], [TensorVariable(x.type)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        (x,) = inputs
        if x.shape[0] != x.shape[1]:
            raise not_square(node.inputs[0], x.shape, "matrix_inverse", node.where)
        try:
            output_storage[0][0] = np.linalg.inv(x)
        except LinAlgError:
            raise failed(
                node.inputs[0], x.shape, "matrix_inverse: the matrix is singular", node.where, "pinv(x)"
            ) from None

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> Sequence[Variable | None]:
        """With z = x⁻¹: dx = -zᵀ·g·zᵀ (Giles 2008, 2.2.3)."""
        refuse_complex(self, self.dtype)
        z = T(outputs[0])
        return [-times(z, output_grads[0], z)]

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Variable | None]) -> Sequence[Variable | None]:
        """dz = -z·dx·z."""
        z: Any = self(*inputs)
        return [-times(z, eval_points[0], z)]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(input_shapes[0])]


class Det(_InC):
    """The determinant of a square matrix `(n, n)`, a scalar.

    Args:
        dtype: the operand's element type, a float or complex one.

    Example:
        >>> import interactive_sym.tensor as T
        >>> float(Det()(T.constant([[2.0, 0.0], [0.0, 3.0]])).eval())
        6.0
    """

    name = "det"

    def __init__(self, dtype: str = "float64") -> None:
        self.dtype = dtype

    @property
    def library_c(self) -> LibraryCall | None:
        if self.dtype in COMPLEXES:
            return None
        name = f"isym_det_{self.dtype}"
        text = f"ISYM_DET({name}, {C_TYPES[self.dtype]}, isym_lu_{self.dtype})"
        errors = ("det wants a square matrix",)
        return LibraryCall("linalg.h", name, errors, ((0, 0, 1), (0, 1, 2)), text, context=True)

    def make_node(self, x: Any) -> Apply:
        x = as_matrix(x, "det", square=True)
        return Apply(self.of(x.type.dtype), [x], [TensorVariable(TensorType(x.type.dtype, ()))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        (x,) = inputs
        if x.shape[0] != x.shape[1]:
            raise not_square(node.inputs[0], x.shape, "det", node.where)
        with np.errstate(all="ignore"):
            output_storage[0][0] = np.asarray(np.linalg.det(x), dtype=x.dtype)

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> Sequence[Variable | None]:
        """Jacobi's formula: dx = g·det(x)·x⁻ᵀ (Giles 2008, 2.2.4); a singular matrix raises."""
        refuse_complex(self, self.dtype)
        g: Any = output_grads[0]
        return [g * outputs[0] * T(matrix_inverse(inputs[0]))]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [()]


_STRUCTURES = ("general", "symmetric", "lower_triangular", "upper_triangular")


class Solve(_InC):
    """The x with A·x = b, for a vector or for each column of a matrix b.

    Args:
        A_structure: "general"; "symmetric"; "lower_triangular" or "upper_triangular": the other triangle is not read.
        lower, overwrite_A, overwrite_b: accepted for Theano's sake; nothing that is given is overwritten.
        dtype: the operands' element type, a float or complex one.

    Example:
        >>> import interactive_sym.tensor as T
        >>> Solve()(T.constant([[2.0, 0.0], [0.0, 4.0]]), T.constant([2.0, 2.0])).eval()
        array([1. , 0.5])
    """

    __props__ = ("A_structure", "dtype")
    name = "solve"

    def __init__(
        self,
        A_structure: str = "general",
        lower: bool = False,
        overwrite_A: bool = False,
        overwrite_b: bool = False,
        dtype: str = "float64",
    ) -> None:
        if A_structure not in _STRUCTURES:
            raise ValueError(
                message(f"solve: A_structure is one of {', '.join(_STRUCTURES)}, not {A_structure!r}", here()[0])
            )
        # elimination reads a symmetric matrix whole, so that every element has its derivative
        self.A_structure = "general" if A_structure == "symmetric" else A_structure
        self.dtype = dtype

    @property
    def library_c(self) -> LibraryCall | None:
        if self.dtype in COMPLEXES:
            return None
        name, c, letter = f"isym_solve_{self.A_structure}_{self.dtype}", C_TYPES[self.dtype], _LETTER[self.dtype]
        if self.A_structure == "general":
            text = f"ISYM_SOLVE({name}, {c}, isym_lu_solve_{self.dtype})"
        else:
            lower = int(self.A_structure == "lower_triangular")
            text = f"ISYM_TRIANGULAR({name}, {c}, {lower}, ISYM_{letter}TRSM, isym_trsm_{letter.lower()})"
        errors = (
            "solve wants a square matrix",
            "solve: the matrix and the right side have different numbers of rows",
            "solve: the matrix is singular",
        )
        sizes = ((0, 0, 1), (0, 1, 2), (1, 0, 1), (1, 1, 2))
        return LibraryCall("linalg.h", name, errors, sizes, text, context=True)

    def make_node(self, A: Any, b: Any) -> Apply:
        A, b = as_matrix(A, "solve", square=True), as_tensor_variable(b)
        if len(b.type.shape) not in (1, 2):
            raise TypeError(
                message(f"solve wants a vector or a matrix to the right, got {b.type}", here()[0], [_row(b)])
            )
        dtype = float_of(A.type.dtype, b.type.dtype)
        A, b = call("cast", A, dtype), call("cast", b, dtype)
        rows, its = A.type.shape[0], b.type.shape[0]
        if rows is not None and its is not None and rows != its:
            raise self._differ(A, b, A.type.shape, b.type.shape, here()[0])
        return Apply(self.of(dtype), [A, b], [TensorVariable(TensorType(dtype, None, b.type.shape))])

    def _differ(self, A: Any, b: Any, left: Any, right: Any, where: Any) -> ValueError:
        return ValueError(
            message(
                f"solve: the matrix has {left[0]} rows, the right side {right[0]}",
                where,
                [_row(A, left), _row(b, right)],
            )
        )

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        A, b = inputs
        if A.shape[0] != A.shape[1]:
            raise not_square(node.inputs[0], A.shape, "solve", node.where)
        if A.shape[0] != b.shape[0]:
            raise self._differ(node.inputs[0], node.inputs[1], A.shape, b.shape, node.where)
        if self.A_structure != "general":
            A = np.tril(A) if self.A_structure == "lower_triangular" else np.triu(A)
        try:
            x = np.linalg.solve(A, b[:, None] if b.ndim == 1 else b)
        except LinAlgError:
            raise failed(
                node.inputs[0], A.shape, "solve: the matrix is singular", node.where, "lstsq(A, b)[0]"
            ) from None
        output_storage[0][0] = np.ascontiguousarray(x[:, 0] if b.ndim == 1 else x)

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> Sequence[Variable | None]:
        """db = A⁻ᵀ·g, dA = -db·xᵀ (Giles 2008, 2.3.1), of the triangle that is read."""
        refuse_complex(self, self.dtype)
        other = {"lower_triangular": "upper_triangular", "upper_triangular": "lower_triangular"}
        db = Solve(other.get(self.A_structure, "general"))(T(inputs[0]), output_grads[0])
        x = outputs[0]
        dA = -(call("outer", db, x) if len(x.type.shape) == 1 else times(db, T(x)))
        if self.A_structure != "general":
            dA = call("tril" if self.A_structure == "lower_triangular" else "triu", dA)
        return [dA, db]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(input_shapes[1])]


@public
def matrix_inverse(x: Any) -> Any:
    """The inverse of a square matrix `(n, n)`; integers are taken as float64.

    Raises:
        TypeError: `x` is not a matrix.
        LinAlgError: it is not square, or singular.

    Example:
        >>> from interactive_sym.tensor import nlinalg
        >>> nlinalg.matrix_inverse([[2.0, 0.0], [0.0, 4.0]]).eval().tolist()
        [[0.5, 0.0], [0.0, 0.25]]
    """
    return MatrixInverse()(x)


@public
def det(x: Any) -> Any:
    """The determinant of a square matrix `(n, n)`, a scalar.

    Raises:
        TypeError: `x` is not a matrix.
        LinAlgError: it is not square; for the derivative also: it is singular.

    Example:
        >>> from interactive_sym.tensor import nlinalg
        >>> round(float(nlinalg.det([[1.0, 2.0], [0.0, 3.0]]).eval()), 12)
        3.0
    """
    return Det()(x)


@public
def cholesky(x: Any, lower: bool = True, on_error: str = "raise") -> Any:
    """The lower triangular L with L·Lᵀ = x, of a symmetric positive definite matrix `(n, n)`.

    Args:
        x: a matrix of which one triangle is read; the derivative is that of this triangle.
        lower: read the lower triangle and give L; else read the upper one and give Lᵀ.
        on_error: "raise", or "nan": a matrix that is not positive definite gives NaN everywhere.

    Raises:
        LinAlgError: the matrix is not square, or not positive definite.

    Example:
        >>> from interactive_sym.tensor import slinalg
        >>> slinalg.cholesky([[4.0, 2.0], [2.0, 5.0]]).eval().tolist()
        [[2.0, 0.0], [1.0, 2.0]]
    """
    return Cholesky(lower, on_error)(x)


@public
def solve(A: Any, b: Any) -> Any:
    """The x with A·x = b.

    Args:
        A: a square matrix `(n, n)`.
        b: a vector `(n,)` or a matrix `(n, k)`.

    Returns:
        `(n,)` or `(n, k)`, of the common element type, float64 for integers.

    Raises:
        LinAlgError: A is not square, or singular.
        ValueError: b has another number of rows.

    Example:
        >>> from interactive_sym.tensor import slinalg
        >>> slinalg.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0]).eval().tolist()
        [1.0, 0.5]
    """
    return Solve()(A, b)


@public
def solve_lower_triangular(A: Any, b: Any) -> Any:
    """The x with L·x = b, where L is the lower triangle of A; see `solve`.

    Example:
        >>> from interactive_sym.tensor import slinalg
        >>> slinalg.solve_lower_triangular([[2.0, 9.0], [2.0, 4.0]], [2.0, 6.0]).eval().tolist()
        [1.0, 1.0]
    """
    return Solve("lower_triangular")(A, b)


@public
def solve_upper_triangular(A: Any, b: Any) -> Any:
    """The x with U·x = b, where U is the upper triangle of A; see `solve`.

    Example:
        >>> from interactive_sym.tensor import slinalg
        >>> slinalg.solve_upper_triangular([[2.0, 2.0], [9.0, 4.0]], [4.0, 4.0]).eval().tolist()
        [1.0, 1.0]
    """
    return Solve("upper_triangular")(A, b)


@public
def solve_symmetric(A: Any, b: Any) -> Any:
    """The x with A·x = b for a symmetric A, of which every element is read; see `solve`.

    Example:
        >>> from interactive_sym.tensor import slinalg
        >>> slinalg.solve_symmetric([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0]).eval().tolist()
        [1.0, 0.5]
    """
    return Solve("symmetric")(A, b)
