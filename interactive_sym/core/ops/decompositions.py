"""Eigenvalues, singular values, QR, pseudo-inverse, least squares, exponential (floor B).

LAPACK computes these through NumPy; the exponential is our own. Each class names the source of its derivative.

Read next: `fft`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from ..constants import as_tensor_variable, get_scalar_constant_value
from ..errors import NotScalarConstantError, message
from ..graph import Apply, Variable
from ..op import UndefinedDerivative, call, public
from ..source import here
from ..types import COMPLEXES, TensorType
from ..variable import TensorVariable
from .solving import (
    MatrixOp,
    T,
    as_matrix,
    failed,
    float_of,
    folded,
    matrix_inverse,
    not_square,
    refuse_complex,
    solve_upper_triangular,
    times,
)

_REASON = "LAPACK through NumPy"
_REAL = {"complex64": "float32", "complex128": "float64"}


def _is_zero(x: Any) -> bool:
    """Whether a cotangent is known to be zero everywhere."""
    try:
        return bool(get_scalar_constant_value(x) == 0)
    except NotScalarConstantError:
        return False


def _tensor(dtype: str, *sizes: int | None) -> TensorVariable:
    return TensorVariable(TensorType(dtype, None, sizes))


def _columns(values: Any) -> Any:
    """A vector as a row, so that it scales columns."""
    return call("dimshuffle", values, ("x", 0))


def _rows(values: Any) -> Any:
    return call("dimshuffle", values, (0, "x"))


def _identity(n: Any, dtype: str) -> Any:
    return call("eye", n, dtype=dtype)


def _inverse_gaps(values: Any) -> Any:
    """F with F[i, j] = 1 / (values[j] - values[i]), and 0 on the diagonal."""
    one = _identity(call("shape_i", values, 0), values.type.dtype)
    return (np.asarray(1, values.type.dtype) - one) / (_columns(values) - _rows(values) + one)


def _sum(terms: list[Any], like: Any) -> Any:
    if not terms:
        return call("zeros_like", like)
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


class _Decomposition(MatrixOp):
    """Operations that NumPy hands to LAPACK."""

    python_only = _REASON

    def __init__(self, dtype: str = "float64") -> None:
        self.dtype = dtype


class Eig(_Decomposition):
    """Eigenvalues `(n,)` and, as columns, eigenvectors `(n, n)` of length 1 of a square matrix.

    Args:
        dtype: the operand's element type, a float or complex one.

    Example:
        >>> import interactive_sym.tensor as T
        >>> values, vectors = Eig()(T.constant([[2.0, 0.0], [0.0, 3.0]]))
        >>> values.eval()
        array([2., 3.])
    """

    name = "eig"

    def make_node(self, x: Any) -> Apply:
        x = as_matrix(x, "eig", square=True)
        n, dtype = x.type.shape[0], x.type.dtype
        return Apply(self.of(dtype), [x], [_tensor(dtype, n), _tensor(dtype, *x.type.shape)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        (x,) = inputs
        if x.shape[0] != x.shape[1]:
            raise not_square(node.inputs[0], x.shape, "eig", node.where)
        try:
            values, vectors = np.linalg.eig(x)
        except LinAlgError as error:
            raise failed(node.inputs[0], x.shape, f"eig: {error}", node.where) from None
        if values.dtype.kind == "c" and x.dtype.kind != "c":
            if np.any(values.imag != 0):
                raise failed(
                    node.inputs[0],
                    x.shape,
                    "eig: a real matrix has complex eigenvalues",
                    node.where,
                    "eig(x.astype('complex128'))",
                )
            values, vectors = values.real, vectors.real
        output_storage[0][0], output_storage[1][0] = values.astype(x.dtype), vectors.astype(x.dtype)

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> Sequence[Variable | None]:
        """With x·V = V·diag(w): dx = V⁻ᵀ·(diag(dw) + F∘(Vᵀ·dV'))·Vᵀ, F[i, j] = 1/(w[j] - w[i]) (Giles 2008, 3.1).

        dV' is dV without its part along each eigenvector, whose length is fixed.
        """
        refuse_complex(self, self.dtype)
        w, V = outputs
        dw: Any
        dV: Any
        dw, dV = output_grads
        terms: list[Any] = [] if _is_zero(dw) else [_rows(dw) * _identity(call("shape_i", w, 0), self.dtype)]
        if not _is_zero(dV):
            across: Any = dV - V * _columns(call("sum", V * dV, axis=0))
            terms.append(_inverse_gaps(w) * times(T(V), across))
        return [times(T(matrix_inverse(V)), _sum(terms, inputs[0]), T(V))]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        n, m = input_shapes[0]
        return [(n,), (n, m)]


def _check_triangle(UPLO: str, what: str) -> str:
    if UPLO not in ("L", "U"):
        raise ValueError(message(f"{what}: UPLO is 'L' or 'U', not {UPLO!r}", here()[0]))
    return UPLO


class Eigh(_Decomposition):
    """Eigenvalues `(n,)`, ascending, and orthonormal eigenvectors `(n, n)` of a symmetric or Hermitian matrix.

    Args:
        UPLO: which triangle is read, "L" or "U".
        dtype: the operand's element type, a float or complex one.

    Example:
        >>> import interactive_sym.tensor as T
        >>> values, vectors = Eigh()(T.constant([[2.0, 1.0], [1.0, 2.0]]))
        >>> values.eval().round(6)
        array([1., 3.])
    """

    __props__ = ("UPLO", "dtype")
    name = "eigh"

    def __init__(self, UPLO: str = "L", dtype: str = "float64") -> None:
        self.UPLO = _check_triangle(UPLO, "eigh")
        self.dtype = dtype

    def make_node(self, x: Any) -> Apply:
        x = as_matrix(x, "eigh", square=True)
        n, dtype = x.type.shape[0], x.type.dtype
        return Apply(self.of(dtype), [x], [_tensor(_REAL.get(dtype, dtype), n), _tensor(dtype, *x.type.shape)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        (x,) = inputs
        triangle: Any = self.UPLO
        if x.shape[0] != x.shape[1]:
            raise not_square(node.inputs[0], x.shape, "eigh", node.where)
        try:
            output_storage[0][0], output_storage[1][0] = np.linalg.eigh(x, triangle)
        except LinAlgError as error:
            raise failed(node.inputs[0], x.shape, f"eigh: {error}", node.where) from None

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> Sequence[Variable | None]:
        """dx = V·(diag(dw) + F∘(Vᵀ·dV))·Vᵀ, F[i, j] = 1/(w[j] - w[i]) (Giles 2008, 3.1), folded to the triangle read.

        Equal eigenvalues have no derivative of their eigenvectors: it is infinite or NaN there.
        """
        refuse_complex(self, self.dtype)
        V: Any
        w, V = outputs
        dw, dV = output_grads
        terms = [] if _is_zero(dw) else [times(V * _columns(dw), T(V))]
        if not _is_zero(dV):
            terms.append(times(V, _inverse_gaps(w) * times(T(V), dV), T(V)))
        return [folded(_sum(terms, inputs[0]), self.UPLO == "L")]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        n, m = input_shapes[0]
        return [(n,), (n, m)]


class Eigvalsh(_Decomposition):
    """Eigenvalues `(n,)`, ascending, of a symmetric or Hermitian matrix `(n, n)`.

    Args:
        lower: which triangle is read.
        dtype: the operand's element type, a float or complex one.

    Example:
        >>> import interactive_sym.tensor as T
        >>> Eigvalsh()(T.constant([[2.0, 1.0], [1.0, 2.0]])).eval().round(6)
        array([1., 3.])
    """

    __props__ = ("lower", "dtype")
    name = "eigvalsh"

    def __init__(self, lower: bool = True, dtype: str = "float64") -> None:
        self.lower = bool(lower)
        self.dtype = dtype

    def make_node(self, x: Any) -> Apply:
        x = as_matrix(x, "eigvalsh", square=True)
        dtype = x.type.dtype
        return Apply(self.of(dtype), [x], [_tensor(_REAL.get(dtype, dtype), x.type.shape[0])])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        (x,) = inputs
        if x.shape[0] != x.shape[1]:
            raise not_square(node.inputs[0], x.shape, "eigvalsh", node.where)
        try:
            output_storage[0][0] = np.linalg.eigvalsh(x, "L" if self.lower else "U")
        except LinAlgError as error:
            raise failed(node.inputs[0], x.shape, f"eigvalsh: {error}", node.where) from None

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> Sequence[Variable | None]:
        """dx = V·diag(dw)·Vᵀ (Giles 2008, 3.1), folded to the triangle read."""
        refuse_complex(self, self.dtype)
        _, V = Eigh("L" if self.lower else "U")(inputs[0])
        return [folded(times(V * _columns(output_grads[0]), T(V)), self.lower)]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [(input_shapes[0][0],)]


_QR_MODES = {"full": "reduced", "economic": "raw", "reduced": "reduced", "complete": "complete", "r": "r", "raw": "raw"}


class QR(_Decomposition):
    """Q with orthonormal columns and upper triangular R with Q·R = x.

    Args:
        mode: "reduced": Q `(m, k)`, R `(k, n)` with k = min(m, n); "complete": Q `(m, m)`, R `(m, n)`; "r": R `(k, n)`
            alone; "raw": LAPACK's reflectors `(n, m)` and their factors `(k,)`.
        dtype: the operand's element type, a float or complex one.

    Example:
        >>> import interactive_sym.tensor as T
        >>> q, r = QR()(T.eye(3)[:, :2])
        >>> q.eval().shape, r.eval().shape
        ((3, 2), (2, 2))
    """

    __props__ = ("mode", "dtype")
    name = "qr"

    def __init__(self, mode: str = "reduced", dtype: str = "float64") -> None:
        if mode not in _QR_MODES:
            raise ValueError(message(f"qr: mode is one of {', '.join(_QR_MODES)}, not {mode!r}", here()[0]))
        self.mode = _QR_MODES[mode]
        self.dtype = dtype

    def _shapes(self, m: Any, n: Any, k: Any) -> list[Any]:
        return {
            "reduced": [(m, k), (k, n)],
            "complete": [(m, m), (m, n)],
            "r": [(k, n)],
            "raw": [(n, m), (k,)],
        }[self.mode]

    def make_node(self, x: Any) -> Apply:
        x = as_matrix(x, "qr")
        m, n = x.type.shape
        k = min(m, n) if m is not None and n is not None else None
        dtype = x.type.dtype
        return Apply(self.of(dtype), [x], [_tensor(dtype, *shape) for shape in self._shapes(m, n, k)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        mode: Any = self.mode
        found: Any = np.linalg.qr(inputs[0], mode)
        for cell, value in zip(output_storage, (found,) if self.mode == "r" else found):
            cell[0] = np.ascontiguousarray(value)

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> Sequence[Variable | None]:
        """dx = (dQ + Q·copyltu(R·dRᵀ - dQᵀ·Q))·R⁻ᵀ (Walter, Lehmann, Lamour 2012); copyltu mirrors the lower triangle.

        More columns than rows are split into x = [X | Y], R = [U | V] with X = Q·U (Roberts and Roberts 2020).
        """
        refuse_complex(self, self.dtype)
        x: Any = inputs[0]
        if self.mode == "raw":
            raise UndefinedDerivative("qr in mode 'raw' has no derivative here; mode 'reduced' has")
        if self.mode == "complete" and (x.type.shape[0] is None or x.type.shape[0] > (x.type.shape[1] or 0)):
            raise UndefinedDerivative("qr in mode 'complete' has none for more rows than columns; mode 'reduced' has")
        Q: Any
        R: Any
        dQ: Any
        dR: Any
        if self.mode == "r":
            Q, R = QR("reduced")(x)
            dQ, dR = call("zeros_like", Q), output_grads[0]
        else:
            (Q, R), (dQ, dR) = outputs, output_grads
        k = call("shape_i", Q, 1)
        Y, U, dU, dV = x[:, k:], R[:, :k], dR[:, :k], dR[:, k:]
        dQ = dQ + times(Y, T(dV))
        M = call("tril", times(U, T(dU)) - times(T(dQ), Q))
        mirrored = M + T(call("tril", M, -1))
        dX = T(solve_upper_triangular(U, T(dQ + times(Q, mirrored))))
        return [call("join", 1, dX, times(Q, dV))]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        m, n = input_shapes[0]
        return self._shapes(m, n, _smaller(m, n))


def _smaller(m: Any, n: Any) -> Any:
    return min(m, n) if isinstance(m, int) and isinstance(n, int) else call("minimum", m, n)


class SVD(_Decomposition):
    """U, s, V with U·diag(s)·V = x: orthonormal columns and rows, s descending.

    Args:
        full_matrices: U `(m, m)` and V `(n, n)`, else U `(m, k)` and V `(k, n)` with k = min(m, n).
        compute_uv: False: s `(k,)` alone.
        dtype: the operand's element type, a float or complex one.

    Example:
        >>> import interactive_sym.tensor as T
        >>> SVD(compute_uv=False)(T.constant([[3.0, 0.0], [0.0, 4.0]])).eval()
        array([4., 3.])
    """

    __props__ = ("full_matrices", "compute_uv", "dtype")
    name = "svd"

    def __init__(self, full_matrices: bool = True, compute_uv: bool = True, dtype: str = "float64") -> None:
        self.full_matrices = bool(full_matrices)
        self.compute_uv = bool(compute_uv)
        self.dtype = dtype

    def _shapes(self, m: Any, n: Any, k: Any) -> list[Any]:
        if not self.compute_uv:
            return [(k,)]
        return [(m, m), (k,), (n, n)] if self.full_matrices else [(m, k), (k,), (k, n)]

    def make_node(self, x: Any) -> Apply:
        x = as_matrix(x, "svd")
        m, n = x.type.shape
        k = min(m, n) if m is not None and n is not None else None
        dtype = x.type.dtype
        made = [
            _tensor(_REAL.get(dtype, dtype) if len(shape) == 1 else dtype, *shape) for shape in self._shapes(m, n, k)
        ]
        return Apply(self.of(dtype), [x], made)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        (x,) = inputs
        try:
            compute: Any = self.compute_uv
            found: Any = np.linalg.svd(x, full_matrices=self.full_matrices, compute_uv=compute)
        except LinAlgError as error:
            raise failed(node.inputs[0], x.shape, f"svd: {error}", node.where) from None
        for cell, value in zip(output_storage, found if self.compute_uv else (found,)):
            cell[0] = np.ascontiguousarray(value)

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> Sequence[Variable | None]:
        """With S = diag(s), W = Vᵀ, F[i, j] = 1/(s[j]² - s[i]²) (Townsend 2016; Giles 2008, 3.2):

        dx = (U·(F∘(Uᵀ·dU - dUᵀ·U))·S + (I - U·Uᵀ)·dU·S⁻¹)·V + U·diag(ds)·V
             + U·(S·(F∘(Wᵀ·dW - dWᵀ·W))·V + S⁻¹·dWᵀ·(I - W·V)).
        """
        refuse_complex(self, self.dtype)
        x: Any = inputs[0]
        if not self.compute_uv:
            vectors, _, others = SVD(False)(x)
            return [times(vectors * _columns(output_grads[0]), others)]
        U: Any
        s: Any
        dU: Any
        dV: Any
        dU, ds, dV = output_grads
        plain = _is_zero(dU) and _is_zero(dV)
        if self.full_matrices and not plain:
            raise UndefinedDerivative("svd with full_matrices has no derivative of U and V; full_matrices=False has")
        U, s, V = SVD(False)(x) if self.full_matrices else outputs
        terms = [] if _is_zero(ds) else [times(U * _columns(ds), V)]
        if not plain:
            F = _inverse_gaps(s * s)
        if not _is_zero(dU):
            turn = times(T(U), dU)
            along = times(U, F * (turn - T(turn))) * _columns(s)
            across = (dU - times(U, turn)) / _columns(s)
            terms.append(times(along + across, V))
        if not _is_zero(dV):
            turn = times(V, T(dV))
            along = _rows(s) * times(F * (turn - T(turn)), V)
            across = (dV - times(dV, T(V), V)) / _rows(s)
            terms.append(times(U, along + across))
        return [_sum(terms, x)]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        m, n = input_shapes[0]
        return self._shapes(m, n, _smaller(m, n))


def _pinv_cotangent(x: Any, p: Any, g: Any) -> Any:
    """-pᵀ·g·pᵀ + (I - x·p)·gᵀ·p·pᵀ + pᵀ·p·gᵀ·(I - p·x), where the rank stays (Golub and Pereyra 1973)."""
    h = T(g)
    left = times(h, p, T(p))
    right = times(T(p), p, h)
    return left - times(x, times(p, left)) + right - times(times(right, p), x) - times(T(p), g, T(p))


class Pinv(_Decomposition):
    """The Moore-Penrose pseudo-inverse `(n, m)` of a matrix `(m, n)`.

    Args:
        dtype: the operand's element type, a float or complex one.

    Example:
        >>> import interactive_sym.tensor as T
        >>> Pinv()(T.constant([[2.0], [0.0]])).eval()
        array([[0.5, 0. ]])
    """

    name = "pinv"

    def make_node(self, x: Any) -> Apply:
        x = as_matrix(x, "pinv")
        return Apply(self.of(x.type.dtype), [x], [_tensor(x.type.dtype, *reversed(x.type.shape))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        try:
            output_storage[0][0] = np.ascontiguousarray(np.linalg.pinv(inputs[0]))
        except LinAlgError as error:
            raise failed(node.inputs[0], inputs[0].shape, f"pinv: {error}", node.where) from None

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> Sequence[Variable | None]:
        """Golub and Pereyra's formula, where the rank of x stays: see `_pinv_cotangent`."""
        refuse_complex(self, self.dtype)
        return [_pinv_cotangent(inputs[0], outputs[0], output_grads[0])]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(reversed(input_shapes[0]))]


class Lstsq(_Decomposition):
    """The x of least `|A·x - b|`, with the sums of squared residuals, the rank and the singular values of A.

    Args:
        dtype: the operands' element type, a float or complex one.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, residuals, rank, singular = Lstsq()(T.constant([[1.0], [1.0]]), T.constant([2.0, 4.0]), -1.0)
        >>> x.eval().round(6)
        array([3.])
    """

    name = "lstsq"

    def make_node(self, A: Any, b: Any, rcond: Any = None) -> Apply:
        A, b = as_matrix(A, "lstsq"), as_tensor_variable(b)
        if len(b.type.shape) not in (1, 2):
            raise TypeError(message(f"lstsq wants a vector or a matrix to the right, got {b.type}", here()[0]))
        dtype = float_of(A.type.dtype, b.type.dtype)
        A, b = call("cast", A, dtype), call("cast", b, dtype)
        # NaN stands for the machine precision times the larger size
        rcond = call("cast", as_tensor_variable(np.nan if rcond is None else rcond), "float64")
        if len(rcond.type.shape):
            raise TypeError(message(f"lstsq: rcond is a scalar, got {rcond.type}", here()[0]))
        solution = _tensor(dtype, A.type.shape[1], *b.type.shape[1:])
        real = _REAL.get(dtype, dtype)
        outputs = [solution, _tensor(real, None), _tensor("int64"), _tensor(real, None)]
        return Apply(self.of(dtype), [A, b, rcond], outputs)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        A, b, rcond = inputs
        if A.shape[0] != b.shape[0]:
            raise ValueError(
                message(f"lstsq: the matrix has {A.shape[0]} rows, the right side {b.shape[0]}", node.where)
            )
        limit = np.finfo(A.dtype).eps * max(A.shape) if np.isnan(rcond) else float(rcond)
        try:
            x, residuals, rank, s = np.linalg.lstsq(A, b, limit)
        except LinAlgError as error:
            raise failed(node.inputs[0], A.shape, f"lstsq: {error}", node.where) from None
        for cell, value in zip(output_storage, (x, residuals, np.asarray(rank, dtype="int64"), s)):
            cell[0] = value

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True, True, False, True], [True, True, False, False], [False] * 4]

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> Sequence[Variable | None]:
        """x = A⁺·b: db = (A⁺)ᵀ·g, and dA that of the pseudo-inverse for the cotangent g·bᵀ."""
        refuse_complex(self, self.dtype)
        A, b = inputs[:2]
        if not (_is_zero(output_grads[1]) and _is_zero(output_grads[3])):
            raise UndefinedDerivative("lstsq has derivatives of the solution only; svd has those of singular values")
        p, g = pinv(A), output_grads[0]
        product = call("outer", g, b) if len(b.type.shape) == 1 else times(g, T(b))
        return [_pinv_cotangent(A, p, product), times(T(p), g), None]


_PADE_LIMITS = ((3, 1.495585217958292e-2), (5, 2.539398330063230e-1), (7, 9.504178996162932e-1), (9, 2.097847961257068))


def _pade(order: int) -> list[float]:
    """Coefficients of the numerator of the diagonal Padé approximant of exp."""
    coefficients = [1.0]
    for k in range(1, order + 1):
        coefficients.append(coefficients[-1] * (order - k + 1) / (k * (2 * order - k + 1)))
    return coefficients


def matrix_exponential(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """exp(x) by scaling and squaring with Padé approximants.

    Source: N. Higham, "The scaling and squaring method for the matrix exponential revisited" (2005).

    Example:
        >>> matrix_exponential(np.zeros((2, 2))).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    work = x.astype("complex128" if x.dtype.kind == "c" else "float64")
    size = float(np.linalg.norm(work, 1)) if work.size else 0.0
    if not np.isfinite(size):
        return np.full_like(x, np.nan)
    order, squarings = next(((order, 0) for order, limit in _PADE_LIMITS if size <= limit), (13, 0))
    if order == 13:
        squarings = max(0, int(np.ceil(np.log2(size / 5.371920351148152))))
        work = work / 2.0**squarings
    one = np.eye(len(work), dtype=work.dtype)
    even, odd, power = np.zeros_like(work), np.zeros_like(work), one
    square = work @ work
    coefficients = _pade(order)
    for k in range(0, order, 2):
        even, odd = even + coefficients[k] * power, odd + coefficients[k + 1] * power
        power = power @ square
    odd = work @ odd
    result = np.linalg.solve(even - odd, even + odd) if work.size else work
    with np.errstate(all="ignore"):
        for _ in range(squarings):
            result = result @ result
    return result.astype(x.dtype)


class Expm(_Decomposition):
    """The exponential `(n, n)` of a square matrix: the sum of xᵏ/k!.

    Args:
        dtype: the operand's element type, a float or complex one.

    Example:
        >>> import interactive_sym.tensor as T
        >>> Expm()(T.constant([[0.0, 1.0], [0.0, 0.0]])).eval()
        array([[1., 1.],
               [0., 1.]])
    """

    name = "expm"
    python_only = "a Padé approximant through NumPy's products and solutions"

    def make_node(self, x: Any) -> Apply:
        x = as_matrix(x, "expm", square=True)
        return Apply(self.of(x.type.dtype), [x], [TensorVariable(x.type)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        (x,) = inputs
        if x.shape[0] != x.shape[1]:
            raise not_square(node.inputs[0], x.shape, "expm", node.where)
        output_storage[0][0] = matrix_exponential(x)

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> Sequence[Variable | None]:
        """The upper right block of exp([[xᵀ, g], [0, xᵀ]]) (Al-Mohy and Higham 2009, "... Fréchet derivative ...")."""
        refuse_complex(self, self.dtype)
        x, g = T(inputs[0]), output_grads[0]
        n = call("shape_i", inputs[0], 0)
        above = call("join", 1, x, g)
        below = call("join", 1, call("zeros_like", x), x)
        return [Expm()(call("join", 0, above, below))[:n, n:]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(input_shapes[0])]


@public
def eig(a: Any) -> Any:
    """Eigenvalues and eigenvectors of a square matrix.

    Args:
        a: `(n, n)`; integers are taken as float64.

    Returns:
        Eigenvalues `(n,)` and, as columns, eigenvectors `(n, n)` of length 1, of the element type of `a`.

    Raises:
        LinAlgError: `a` is not square; or it is real and has complex eigenvalues: give it as complex.

    Example:
        >>> from interactive_sym.tensor import nlinalg
        >>> values, vectors = nlinalg.eig([[2.0, 0.0], [0.0, 3.0]])
        >>> values.eval().tolist()
        [2.0, 3.0]
    """
    return Eig()(a)


@public
def eigh(a: Any, UPLO: str = "L") -> Any:
    """Eigenvalues and eigenvectors of a symmetric or Hermitian matrix.

    Args:
        a: `(n, n)`, of which one triangle is read.
        UPLO: which, "L" or "U".

    Returns:
        Eigenvalues `(n,)`, real and ascending, and orthonormal eigenvectors `(n, n)` as columns.

    Raises:
        LinAlgError: `a` is not square.

    Example:
        >>> from interactive_sym.tensor import nlinalg
        >>> values, vectors = nlinalg.eigh([[3.0, 0.0], [0.0, 2.0]])
        >>> values.eval().tolist()
        [2.0, 3.0]
    """
    return Eigh(UPLO)(a)


@public
def qr(a: Any, mode: str = "reduced") -> Any:
    """The QR decomposition of a matrix `(m, n)`.

    Args:
        a: a matrix.
        mode: "reduced" (or "full"): Q `(m, k)`, R `(k, n)` with k = min(m, n); "complete": Q `(m, m)`, R `(m, n)`;
            "r": R alone; "raw": LAPACK's reflectors and their factors.

    Returns:
        Q and R as a list; R in mode "r".

    Raises:
        ValueError: another mode.

    Example:
        >>> from interactive_sym.tensor import nlinalg
        >>> q, r = nlinalg.qr([[2.0, 0.0], [0.0, 3.0]])
        >>> abs(r).eval().tolist()
        [[2.0, 0.0], [0.0, 3.0]]
    """
    return QR(mode)(a)


@public
def svd(a: Any, full_matrices: Any = 1, compute_uv: Any = 1) -> Any:
    """The singular value decomposition of a matrix `(m, n)`: U·diag(s)·V = a.

    Args:
        a: a matrix.
        full_matrices: U `(m, m)` and V `(n, n)`, else U `(m, k)` and V `(k, n)` with k = min(m, n).
        compute_uv: False: s alone.

    Returns:
        U, s `(k,)` descending, V as a list; or s.

    Example:
        >>> from interactive_sym.tensor import nlinalg
        >>> nlinalg.svd([[2.0, 0.0], [0.0, 3.0]], compute_uv=False).eval().round(12).tolist()
        [3.0, 2.0]
    """
    return SVD(bool(full_matrices), bool(compute_uv))(a)


@public
def pinv(a: Any) -> Any:
    """The Moore-Penrose pseudo-inverse `(n, m)` of a matrix `(m, n)`.

    Example:
        >>> from interactive_sym.tensor import nlinalg
        >>> nlinalg.pinv([[2.0, 0.0], [0.0, 0.0]]).eval().tolist()
        [[0.5, 0.0], [0.0, 0.0]]
    """
    return Pinv()(a)


@public
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """The x of least `|a·x - b|`.

    Args:
        a: a matrix `(m, n)`.
        b: a vector `(m,)` or a matrix `(m, k)`.
        rcond: singular values below `rcond` times the largest count as 0; None: the machine precision times max(m, n).

    Returns:
        x `(n,)` or `(n, k)`; sums of squared residuals `(1,)` or `(k,)`, empty where the rank is below n or m <= n; the
        rank, int64; the singular values.

    Raises:
        ValueError: `b` has another number of rows.

    Example:
        >>> from interactive_sym.tensor import nlinalg
        >>> x, residuals, rank, s = nlinalg.lstsq([[1.0], [1.0]], [1.0, 3.0])
        >>> round(float(x.eval()[0]), 12)
        2.0
    """
    return Lstsq()(a, b, rcond)


@public
def expm(a: Any) -> Any:
    """The exponential of a square matrix `(n, n)`: the sum of aᵏ/k!.

    Raises:
        LinAlgError: `a` is not square.

    Example:
        >>> from interactive_sym.tensor import slinalg
        >>> slinalg.expm([[0.0, 1.0], [0.0, 0.0]]).eval().tolist()
        [[1.0, 1.0], [0.0, 1.0]]
    """
    return Expm()(a)


@public
def eigvalsh(a: Any, b: Any = None, lower: bool = True) -> Any:
    """Eigenvalues w `(n,)`, ascending, of a symmetric matrix: a·v = w·v, or with `b` the generalised a·v = w·b·v.

    Args:
        a: `(n, n)`, of which one triangle is read.
        b: None, or a symmetric positive definite matrix `(n, n)`, of which the same triangle is read.
        lower: which triangle.

    Raises:
        LinAlgError: a matrix is not square, or `b` not positive definite.
        TypeError: `a` or `b` is no matrix.

    Example:
        >>> from interactive_sym.tensor import slinalg
        >>> slinalg.eigvalsh([[3.0, 0.0], [0.0, 2.0]], None).eval().tolist()
        [2.0, 3.0]
    """
    if b is None:
        return Eigvalsh(lower)(a)
    a = as_matrix(a, "eigvalsh", square=True)
    if a.type.dtype in COMPLEXES:
        raise TypeError(message("eigvalsh with b takes real matrices", here()[0]))
    read = call("tril" if lower else "triu", a)
    whole = read + T(call("tril" if lower else "triu", a, -1 if lower else 1))
    root = call("cholesky", b, lower)
    L = root if lower else T(root)
    half = call("solve_lower_triangular", L, whole)
    return Eigvalsh()(call("solve_lower_triangular", L, T(half)))
