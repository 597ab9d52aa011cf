"""Functions made of others that belong to no other subject: covariances, constants, small questions (floor B).

Read next: `interactive_sym.tensor`.
"""

from typing import Any

import numpy as np

from ..constants import as_tensor_variable
from ..constants import get_scalar_constant_value as _scalar_value
from ..errors import NotScalarConstantError, message
from ..op import call, public
from ..source import here
from ..types import DISCRETE
from .positions import dimensions
from .shape import known_size, normalize_axis, row_of, size_of


@public
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
) -> Any:
    """The covariance matrix of variables observed several times.

    Args:
        m: a matrix `(variables, observations)`, or a vector of observations of one variable.
        y: more variables, in the form of `m`.
        rowvar: each row is a variable; else each column.
        bias: divide by the number n of observations instead of n - 1.
        ddof: divide by n - ddof; overrides `bias`.
        fweights: how often each observation counts, integers.
        aweights: weights of the observations.

    Returns:
        A matrix `(variables, variables)`; a scalar for one variable given as a vector.

    Raises:
        ValueError: more than 2 dimensions; `ddof` is not an integer.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dmatrix("x")
        >>> T.cov(x).eval({x: [[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]}).tolist()
        [[1.0, -1.0], [-1.0, 1.0]]
    """
    if ddof is not None and ddof != int(ddof):
        raise ValueError(message(f"cov: ddof is an integer, not {ddof!r}", here()[0]))
    given = [as_tensor_variable(x) for x in (m, y) if x is not None]
    if any(len(x.type.shape) not in (1, 2) for x in given):
        raise ValueError(message("cov wants vectors and matrices", here()[0], [row_of(x) for x in given]))
    single = all(len(x.type.shape) == 1 for x in given) and len(given) == 1
    rows = []
    for x in given:
        if len(x.type.shape) == 1:
            x = call("shape_padleft", x)
        elif not rowvar:
            x = call("transpose", x)
        rows.append(call("cast", x, "float64") if x.type.dtype in DISCRETE else x)
    x = rows[0] if len(rows) == 1 else call("join", 0, *rows)
    taken = ddof if ddof is not None else 0 if bias else 1
    weights = None
    for more in (fweights, aweights):
        if more is not None:
            more = call("cast", as_tensor_variable(more), x.type.dtype)
            weights = more if weights is None else weights * more
    if weights is None:
        mean: Any = call("mean", x, axis=1, keepdims=True)
        factor = call("cast", size_of(x, 1) - taken, x.type.dtype)
        weighted = x - mean
    else:
        total = call("sum", weights)
        mean = call("sum", x * weights, axis=1, keepdims=True) / total
        if taken == 0:
            factor = total
        elif aweights is None:
            factor = total - taken
        else:
            second = call("cast", as_tensor_variable(aweights), x.type.dtype)
            factor = total - taken * call("sum", weights * second) / total
        weighted = (x - mean) * weights
    product = call("dot", x - mean, call("transpose", call("conj", weighted)))
    found = product / factor
    return call("getitem", found, (0, 0)) if single else found


@public
def complex_from_polar(abs: Any, angle: Any) -> Any:
    """The complex number of an absolute value and an angle: `abs (cos angle + i sin angle)`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> complex(T.complex_from_polar(2.0, 0.0).eval())
        (2+0j)
    """
    length, angle = as_tensor_variable(abs), as_tensor_variable(angle)
    return call("complex", length * call("cos", angle), length * call("sin", angle))


@public
def is_flat(var: Any, ndim: int | None = None, outdim: int | None = None) -> bool:
    """Whether a tensor has `ndim` dimensions, by default 1.

    Args:
        var: a tensor.
        ndim: how many dimensions.
        outdim: an older name of `ndim`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.is_flat(T.dvector("v")), T.is_flat(T.dtensor3("t"), ndim=2)
        (True, False)
    """
    wanted = ndim if ndim is not None else outdim if outdim is not None else 1
    return len(as_tensor_variable(var).type.shape) == wanted


@public
def default(a: Any, default: Any) -> Any:
    """`a`, or `default` where `a` is None.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dscalar("x")
        >>> T.default(None, x), T.default(x, 1.0)
        (x, x)
    """
    return as_tensor_variable(default if a is None else a)


@public
def transfer(var: Any, target: str) -> Any:
    """`var` on a device; the only one is "cpu", where it is already.

    Args:
        var: a tensor.
        target: `"cpu"`.

    Raises:
        ValueError: another device.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.transfer(T.dscalar("x"), "cpu")
        x
    """
    if target != "cpu":
        raise ValueError(message(f"there is no device {target!r}: all values are in the computer's memory", here()[0]))
    return as_tensor_variable(var)


@public
def extract_constant(x: Any, elemwise: bool = True, only_process_constants: bool = False) -> Any:
    """The value of a variable that is a constant with one element, else the variable; see `get_scalar_constant_value`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> int(T.extract_constant(T.constant(3))), T.extract_constant(T.dscalar("x"))
        (3, x)
    """
    try:
        return _scalar_value(x)
    except NotScalarConstantError:
        return x


@public
def makeKeepDims(x: Any, y: Any, axis: Any = None) -> Any:
    """`y`, a reduction of `x` along `axis`, with the reduced dimensions put back with size 1.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x = T.dmatrix("x")
        >>> T.makeKeepDims(x, x.sum(axis=0), 0).type
        TensorType(float64, row)
    """
    x, y = as_tensor_variable(x), as_tensor_variable(y)
    ndim = len(x.type.shape)
    given = range(ndim) if axis is None else axis if isinstance(axis, (list, tuple)) else [axis]
    axes = {normalize_axis(entry, ndim, "makeKeepDims") for entry in given}
    kept = iter(range(ndim))
    return call("dimshuffle", y, ["x" if k in axes else next(kept) for k in range(ndim)])


@public
def numpy_scalar(data: Any) -> Any:
    """The number that is all an array holds.

    Args:
        data: an array or a number.

    Raises:
        EmptyConstantError: the array has no element.
        NotScalarConstantError: it has several, or is not numeric.

    Example:
        >>> import interactive_sym.tensor as T
        >>> int(T.numpy_scalar([3]))
        3
    """
    array = np.asarray(data)
    if array.size == 0:
        raise EmptyConstantError(message("an array without elements is no number"))
    if array.size > 1 or array.dtype.kind not in "biufc":
        raise NotScalarConstantError(message(f"{data!r:.40} is no number"))
    return array.reshape(())[()]


@public
def alloc_validate_shape(shape: Any) -> tuple[list[Any], list[bool]]:
    """The sizes of a shape as int64 scalars, and for each whether it is known to be 1.

    Raises:
        TypeError: a size is not an integer.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.alloc_validate_shape((1, 3))[1]
        [True, False]
    """
    sizes = dimensions(shape, None, "alloc")
    return sizes, [known_size(size) == 1 for size in sizes]


class EmptyConstantError(NotScalarConstantError):
    """A constant without elements where a number is wanted.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.numpy_scalar([])
        Traceback (most recent call last):
            ...
        interactive_sym.core.ops.extra.EmptyConstantError: an array without elements is no number...
    """
