"""Linear systems, Cholesky decomposition, Kronecker product, matrix exponential.

Read next: `nlinalg`, `core.ops.solving`.
"""

from typing import Any

from ..core.constants import as_tensor_variable
from ..core.op import call
from ..core.ops.decompositions import Eigvalsh, Expm, eigvalsh, expm
from ..core.ops.shape import sizes_of
from ..core.ops.solving import (
    Cholesky,
    Solve,
    cholesky,
    solve,
    solve_lower_triangular,
    solve_symmetric,
    solve_upper_triangular,
)

__all__ = [
    "Cholesky",
    "Eigvalsh",
    "Expm",
    "Solve",
    "cholesky",
    "eigvalsh",
    "expm",
    "kron",
    "solve",
    "solve_lower_triangular",
    "solve_symmetric",
    "solve_upper_triangular",
]


def kron(a: Any, b: Any) -> Any:
    """The Kronecker product: each element of `a` in turn times the whole of `b`.

    Args:
        a, b: tensors; the one of fewer dimensions gets more of size 1 on the left.

    Returns:
        A tensor whose sizes are the products of theirs: `(m, n), (p, q) -> (m·p, n·q)`.

    Example:
        >>> from interactive_sym.tensor import slinalg
        >>> slinalg.kron([[1, 2]], [[1], [10]]).eval().tolist()
        [[1, 2], [10, 20]]
    """
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    ndim = max(len(a.type.shape), len(b.type.shape))
    a, b = (call("shape_padleft", x, ndim - len(x.type.shape)) for x in (a, b))
    left: list[Any] = [entry for k in range(ndim) for entry in (k, "x")]
    right: list[Any] = [entry for k in range(ndim) for entry in ("x", k)]
    product = call("dimshuffle", a, left) * call("dimshuffle", b, right)
    if ndim == 0:
        return product
    return call("reshape", product, [call("mul", x, y) for x, y in zip(sizes_of(a), sizes_of(b))])
