"""Inverses, determinants, decompositions, norms and powers of matrices.

Read next: `slinalg`, `core.ops.decompositions`.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.constants import as_tensor_variable
from ..core.errors import message
from ..core.op import call
from ..core.ops.decompositions import QR, SVD, Eig, Eigh, Lstsq, Pinv, eig, eigh, lstsq, pinv, qr, svd
from ..core.ops.shape import sizes_of
from ..core.ops.solving import Det, MatrixInverse, det, matrix_inverse, solve
from ..core.source import here

__all__ = [
    "QR",
    "SVD",
    "Det",
    "Eig",
    "Eigh",
    "Lstsq",
    "MatrixInverse",
    "Pinv",
    "alloc_diag",
    "det",
    "diag",
    "eig",
    "eigh",
    "extract_diag",
    "lstsq",
    "matrix_dot",
    "matrix_inverse",
    "matrix_power",
    "norm",
    "pinv",
    "qr",
    "svd",
    "tensorinv",
    "tensorsolve",
    "trace",
]


def matrix_dot(*args: Any) -> Any:
    """The product of matrices, from the left: `matrix_dot(a, b, c)` is `dot(dot(a, b), c)`.

    Raises:
        TypeError: no matrix is given.

    Example:
        >>> from interactive_sym.tensor import nlinalg
        >>> nlinalg.matrix_dot([[1, 2]], [[3], [4]], [[2]]).eval().tolist()
        [[22]]
    """
    if not args:
        raise TypeError(message("matrix_dot wants at least one matrix", here()[0]))
    product = as_tensor_variable(args[0])
    for factor in args[1:]:
        product = call("dot", product, factor)
    return product


def alloc_diag(x: Any) -> Any:
    """A square matrix `(n, n)` with the vector `x` on its diagonal and zeros elsewhere.

    Raises:
        TypeError: `x` is not a vector.

    Example:
        >>> from interactive_sym.tensor import nlinalg
        >>> nlinalg.alloc_diag([1, 2]).eval().tolist()
        [[1, 0], [0, 2]]
    """
    x = as_tensor_variable(x)
    if len(x.type.shape) != 1:
        raise TypeError(message(f"alloc_diag wants a vector, got {x.type}", here()[0]))
    return call("diag", x)


def extract_diag(x: Any) -> Any:
    """The main diagonal `(min(m, n),)` of a matrix `(m, n)`.

    Raises:
        TypeError: `x` is not a matrix.

    Example:
        >>> from interactive_sym.tensor import nlinalg
        >>> nlinalg.extract_diag([[1, 2], [3, 4]]).eval().tolist()
        [1, 4]
    """
    x = as_tensor_variable(x)
    if len(x.type.shape) != 2:
        raise TypeError(message(f"extract_diag wants a matrix, got {x.type}", here()[0]))
    return call("diagonal", x)


def diag(x: Any) -> Any:
    """Of a vector the matrix with it on its diagonal; of a matrix its diagonal.

    Raises:
        TypeError: neither a vector nor a matrix.

    Example:
        >>> from interactive_sym.tensor import nlinalg
        >>> nlinalg.diag(nlinalg.diag([1, 2])).eval().tolist()
        [1, 2]
    """
    x = as_tensor_variable(x)
    if len(x.type.shape) not in (1, 2):
        raise TypeError(message(f"diag wants a vector or a matrix, got {x.type}", here()[0]))
    return alloc_diag(x) if len(x.type.shape) == 1 else extract_diag(x)


def trace(X: Any) -> Any:
    """The sum of the main diagonal of a matrix.

    Raises:
        TypeError: `X` is not a matrix.

    Example:
        >>> from interactive_sym.tensor import nlinalg
        >>> int(nlinalg.trace([[1, 2], [3, 4]]).eval())
        5
    """
    return call("sum", extract_diag(X))


def matrix_power(M: Any, n: int) -> Any:
    """The product of `n` factors `M`; for negative `n` of inverses, for 0 the identity.

    Args:
        M: a square matrix `(m, m)`.
        n: a Python int; the graph has about 2·log2(n) products.

    Raises:
        TypeError: `M` is not a matrix, or `n` not an int.

    Example:
        >>> from interactive_sym.tensor import nlinalg
        >>> nlinalg.matrix_power([[1, 1], [0, 1]], 5).eval().tolist()
        [[1, 5], [0, 1]]
    """
    M = as_tensor_variable(M)
    if len(M.type.shape) != 2:
        raise TypeError(message(f"matrix_power wants a matrix, got {M.type}", here()[0]))
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
        raise TypeError(message(f"matrix_power wants an integer power, got {n!r}", here()[0]))
    if n == 0:
        return call("eye", M.shape[0], M.shape[1], dtype=M.type.dtype)
    square, left, result = (matrix_inverse(M) if n < 0 else M), abs(int(n)), None
    while left:
        if left & 1:
            result = square if result is None else call("dot", result, square)
        left >>= 1
        if left:
            square = call("dot", square, square)
    return result


_VECTOR_NORMS = "None, 'inf', '-inf', 0 or a number"
_MATRIX_NORMS = "None, 'fro', 'nuc', 'inf', '-inf', 1, -1, 2 or -2"


def norm(x: Any, ord: Any) -> Any:
    """The norm of a vector or matrix.

    Args:
        x: a vector or a matrix.
        ord: for vectors None (as 2), "inf" (largest magnitude), "-inf" (smallest), 0 (number of elements that are not
            0), or p: `(Σ|x|ᵖ)^(1/p)`. For matrices None or "fro" (`√Σ|x|²`), "inf" or "-inf" (largest, smallest sum
            of magnitudes of a row), 1 or -1 (of a column), 2 or -2 (largest, smallest singular value), "nuc" (their
            sum).

    Returns:
        A scalar.

    Raises:
        ValueError: another `ord`, a scalar, or more than 2 dimensions.

    Example:
        >>> from interactive_sym.tensor import nlinalg
        >>> float(nlinalg.norm([3.0, 4.0], None).eval())
        5.0
    """
    x = as_tensor_variable(x)
    ndim = len(x.type.shape)
    if ndim == 0:
        raise ValueError(message("norm wants a vector or a matrix, got a scalar", here()[0]))
    if ndim > 2:
        raise ValueError(message(f"norm wants a vector or a matrix, got {x.type}", here()[0]))
    if isinstance(ord, float) and math.isinf(ord):
        ord = "inf" if ord > 0 else "-inf"
    size = call("abs", x)
    if ord is None or (ndim == 2 and ord == "fro"):
        return call("sqrt", call("sum", call("sqr", size)))
    wrong = ValueError(
        message(
            f"norm: of a {'vector' if ndim == 1 else 'matrix'} ord is "
            f"{_VECTOR_NORMS if ndim == 1 else _MATRIX_NORMS}, not {ord!r}",
            here()[0],
        )
    )
    if ndim == 1:
        if ord in ("inf", "-inf"):
            return call("max" if ord == "inf" else "min", size)
        if isinstance(ord, str):
            raise wrong
        if ord == 0:
            return call("sum", call("neq", x, 0))
        return call("pow", call("sum", call("pow", size, ord)), 1.0 / ord)
    if ord in ("inf", "-inf", 1, -1):
        sums = call("sum", size, axis=1 if isinstance(ord, str) else 0)
        return call("max" if ord in ("inf", 1) else "min", sums)
    if ord in (2, -2, "nuc"):
        values = svd(x, compute_uv=False)
        return call("sum", values) if ord == "nuc" else values[0 if ord == 2 else -1]
    raise wrong


def _product(sizes: Sequence[Any]) -> Any:
    return 1 if not sizes else sizes[0] if len(sizes) == 1 else call("mul", *sizes)


def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse of a tensor with respect to `tensordot(a, b, ind)`.

    Args:
        a: a tensor of which the first `ind` sizes have the product of the others.
        ind: how many, at least 1.

    Returns:
        A tensor of the last sizes of `a`, then the first ones.

    Raises:
        ValueError: `ind` is below 1.
        LinAlgError: the products of sizes differ, or there is no inverse.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.nlinalg.tensorinv(T.dtensor4("a")).type
        TensorType(float64, tensor4)
    """
    a = as_tensor_variable(a)
    if ind < 1:
        raise ValueError(message(f"tensorinv: ind is at least 1, not {ind}", here()[0]))
    sizes = sizes_of(a)
    inverse = matrix_inverse(call("reshape", a, [_product(sizes[:ind]), _product(sizes[ind:])]))
    return call("reshape", inverse, [*sizes[ind:], *sizes[:ind]])


def tensorsolve(a: Any, b: Any, axes: Sequence[int] | None = None) -> Any:
    """The x with `tensordot(a, x, x.ndim) = b`.

    Args:
        a: a tensor of the sizes of `b`, then those of x; their products must agree.
        b: a tensor.
        axes: axes of `a` to move to the right first.

    Raises:
        LinAlgError: the products of sizes differ, or there is no solution.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.nlinalg.tensorsolve(T.dtensor4("a"), T.dmatrix("b")).type
        TensorType(float64, matrix)
    """
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    ndim = len(a.type.shape)
    if axes is not None:
        moved = [axis % ndim for axis in axes]
        a = call("dimshuffle", a, [*[k for k in range(ndim) if k not in moved], *moved])
    sizes, first = sizes_of(a), len(b.type.shape)
    matrix = call("reshape", a, [_product(sizes[:first]), _product(sizes[first:])])
    return call("reshape", solve(matrix, call("flatten", b)), sizes[first:])
