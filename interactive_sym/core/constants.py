"""From Python and NumPy values to symbolic tensors (floor A).

Read next: `shared`, `ops.elementwise`.
"""

from typing import Any

import numpy as np

from .configuration import config
from .errors import AsTensorError, NotScalarConstantError, message
from .graph import Apply, Constant, Variable
from .op import call, public
from .source import here
from .types import INTEGERS, TensorType, as_dtype
from .variable import TensorConstant, TensorVariable

_INT_LADDER = ("int8", "int16", "int32", "int64", "uint64")


def autocast(value: int | float) -> np.ndarray[Any, Any]:
    """The 0-d array a Python number becomes in an expression.

    An int takes the smallest of int8, int16, int32, int64, uint64 that holds it. A float takes float32 where floatX is
    float32 or float32 holds it exactly, else float64 (`config.cast_policy` "custom"; "numpy" gives int64 and float64,
    "numpy+floatX" int64 and floatX).

    Example:
        >>> autocast(1).dtype, autocast(300).dtype, autocast(0.5).dtype, autocast(0.1).dtype
        (dtype('int8'), dtype('int16'), dtype('float32'), dtype('float64'))
    """
    if isinstance(value, int):
        ladder = _INT_LADDER if config.cast_policy == "custom" else ("int64", "uint64")
        for dtype in ladder:
            info = np.iinfo(dtype)
            if info.min <= value <= info.max:
                return np.asarray(value, dtype=dtype)
        raise OverflowError(message(f"{value} does not fit in 64 bits", here()[0]))
    if config.cast_policy == "numpy":
        return np.asarray(value, dtype="float64")
    if config.cast_policy == "numpy+floatX" or config.floatX == "float32":
        return np.asarray(value, dtype=config.floatX)
    with np.errstate(over="ignore"):
        narrow = np.asarray(value, dtype="float32")
    return narrow if float(narrow) == value else np.asarray(value, dtype="float64")


@public
def constant(x: Any, name: str | None = None, ndim: int | None = None, dtype: Any = None) -> TensorConstant:
    """A symbolic constant of value `x`.

    Args:
        x: a number, an array or nested lists of numbers.
        name: a name for it.
        ndim: dimensions of size 1 are added on the left up to this many.
        dtype: its element type; by default that of an array, `autocast`'s for a Python number.

    Raises:
        AsTensorError: `x` is not numeric.
        ValueError: `ndim` is less than the value has.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.constant([1.0, 2.0]).type
        TensorType(float64, (2,))
    """
    if isinstance(x, TensorConstant) and name is None and ndim in (None, x.ndim) and dtype in (None, x.dtype):
        return x
    if isinstance(x, Constant):
        x = x.data
    if dtype is not None:
        data = np.array(x, dtype=as_dtype(dtype))
    elif isinstance(x, (int, float)) and not isinstance(x, bool) and not isinstance(x, np.generic):
        data = autocast(x)
    else:
        try:
            data = np.array(x)
        except ValueError as error:
            raise AsTensorError(message(f"{x!r:.60} can't be made a tensor: {error}", here()[0])) from None
    if data.dtype.kind not in "biufc":
        raise AsTensorError(message(f"{x!r:.60} can't be made a tensor: it is not numeric", here()[0]))
    if not data.dtype.isnative:
        data = data.astype(data.dtype.newbyteorder("="))
    if ndim is not None and data.ndim != ndim:
        if data.ndim > ndim:
            raise ValueError(message(f"an array of {data.ndim} dimensions can't be given {ndim}", here()[0]))
        data = data.reshape((1,) * (ndim - data.ndim) + data.shape)
    data = np.ascontiguousarray(data).reshape(data.shape)
    data.setflags(write=False)
    return TensorConstant(TensorType(data.dtype.name, data.shape), data, name)


@public
def as_tensor_variable(x: Any, name: str | None = None, ndim: int | None = None) -> Any:
    """`x` as a symbolic tensor: a variable as it is, a number or array as a constant, a list of variables stacked.

    Args:
        x: a variable, number, array, or (nested) list that may hold variables.
        name: a name for a new constant.
        ndim: dimensions of size 1 are added on the left, or dropped there, up to this many.

    Raises:
        AsTensorError: `x` is a bool, not numeric, or a variable that is not a tensor.
        ValueError: `ndim` is less than the dimensions that are not of size 1.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.as_tensor_variable(3).type
        TensorType(int8, scalar)
    """
    if isinstance(x, Variable):
        if not isinstance(x.type, TensorType):
            raise AsTensorError(message(f"{x} is not a tensor: it is of type {x.type}", here()[0]))
        if ndim is None or len(x.type.shape) == ndim:
            return x
        if len(x.type.shape) > ndim:
            drop = len(x.type.shape) - ndim
            if not all(x.type.broadcastable[:drop]):
                raise ValueError(message(f"{x} of {x.type} can't be given {ndim} dimensions", here()[0]))
            return call("dimshuffle", x, tuple(range(drop, len(x.type.shape))))
        return call("shape_padleft", x, ndim - len(x.type.shape))
    if isinstance(x, Apply):
        return as_tensor_variable(x.out, name, ndim)
    if isinstance(x, bool):
        raise AsTensorError(
            message(
                f"{x} is a Python bool, and a comparison of variables with == gives one",
                here()[0],
                cure="T.eq(a, b) compares elements; numpy.bool_(True) is a boolean constant",
            )
        )
    if isinstance(x, (list, tuple)) and _holds_variables(x):
        return as_tensor_variable(call("stack", list(x)), name, ndim)
    return constant(x, name=name, ndim=ndim)


def _holds_variables(x: Any) -> bool:
    return any(isinstance(item, Variable) or (isinstance(item, (list, tuple)) and _holds_variables(item)) for item in x)


@public
def get_scalar_constant_value(
    orig_v: Any, elemwise: bool = True, only_process_constants: bool = False, max_recur: int = 10
) -> np.ndarray[Any, Any]:
    """The value of a variable that is a constant with one element, looked up through casts, fills and dimshuffles.

    Args:
        orig_v: a variable, or a number.
        elemwise: look through casts too.
        only_process_constants: take constants alone, and look through nothing.
        max_recur: how many nodes are looked through.

    Raises:
        NotScalarConstantError: it is not one.

    Example:
        >>> import interactive_sym.tensor as T
        >>> print(T.get_scalar_constant_value(T.cast(T.constant(2.5), "float64")))
        2.5
    """
    v = orig_v
    for steps in range(max_recur, -1, -1):
        if isinstance(v, (int, float, complex, np.generic)):
            return np.asarray(v)
        if isinstance(v, np.ndarray) and v.size == 1:
            return v.reshape(())
        if isinstance(v, Constant) and isinstance(v.type, TensorType):
            if v.data.size == 1:
                return v.data.reshape(())  # type: ignore[no-any-return]
            if v.data.size > 1 and bool(np.all(v.data == v.data.flat[0])):
                return v.data.reshape(-1)[0].reshape(())  # type: ignore[no-any-return]
        owner = getattr(v, "owner", None)
        if owner is not None and not only_process_constants:
            name = owner.op.name
            if name in ("dimshuffle", "identity", "alloc"):
                v = owner.inputs[0]
                continue
            if name == "fill":
                v = owner.inputs[1]
                continue
            if name == "cast" and elemwise and steps:
                inner = get_scalar_constant_value(owner.inputs[0], max_recur=steps - 1)
                converted: np.ndarray[Any, Any] = inner.astype(v.type.dtype)
                return converted
        break
    raise NotScalarConstantError(f"{orig_v} is not a constant scalar")


def is_integer_type(variable: TensorVariable) -> bool:
    """Whether the variable's elements are integers (bool is not)."""
    return variable.type.dtype in INTEGERS
