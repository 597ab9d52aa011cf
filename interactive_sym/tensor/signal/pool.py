"""Pooling: one number for each window of the last axes of a tensor.

Read next: `core.ops.pooling`.
"""

from typing import Any

from ...core.constants import as_tensor_variable, constant
from ...core.errors import message
from ...core.graph import Variable
from ...core.op import call
from ...core.ops.pooling import MODES, MaxPoolGrad, Pool
from ...core.source import here
from ...core.types import DISCRETE

__all__ = ["max_pool_2d_same_size", "pool_2d", "pool_3d"]


def pool_2d(
    input: Any,
    ws: Any = None,
    ignore_border: bool | None = None,
    stride: Any = None,
    pad: Any = (0, 0),
    mode: str = "max",
    ds: Any = None,
    st: Any = None,
    padding: Any = None,
) -> Any:
    """One number for each window of the last two axes.

    Args:
        input: `(..., rows, columns)`.
        ws: rows and columns of a window: two integers, or an integer vector.
        ignore_border: leave out windows that reach over the border; False (and None) cuts them off there.
        stride: how far apart windows start; by default `ws`, side by side.
        pad: how far the tensor is padded on each side, less than the window; wants `ignore_border=True`.
        mode: "max"; "sum"; "average_inc_pad", over the window with the padding in it; "average_exc_pad", over elements
            of the tensor alone. Padding is no candidate for the largest.
        ds, st, padding: older names of `ws`, `stride`, `pad`.

    Returns:
        `(..., windows, windows)`: with `ignore_border` `(size + 2 pad - ws) // stride + 1` of them along an axis, else
        as many as see every element.

    Raises:
        TypeError: fewer dimensions than windows; an argument and its older name.
        ValueError: another mode; windows, strides or padding out of range.

    Example:
        >>> import numpy as np
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.tensor.signal.pool import pool_2d
        >>> pool_2d(T.constant(np.arange(6.0).reshape(2, 3)), (2, 2), ignore_border=False).eval().tolist()
        [[4.0, 5.0]]
    """
    return _pool(2, input, ws, ignore_border, stride, pad, mode, ds, st, padding)


def pool_3d(
    input: Any,
    ws: Any = None,
    ignore_border: bool | None = None,
    stride: Any = None,
    pad: Any = (0, 0, 0),
    mode: str = "max",
    ds: Any = None,
    st: Any = None,
    padding: Any = None,
) -> Any:
    """`pool_2d` over the last three axes: `(..., depth, rows, columns)`.

    Args:
        input: `(..., depth, rows, columns)`; all arguments are those of `pool_2d`, with three numbers for two.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.tensor.signal.pool import pool_3d
        >>> pool_3d(T.ftensor5("x"), (2, 2, 2), ignore_border=True, mode="sum").type
        TensorType(float32, tensor5)
    """
    return _pool(3, input, ws, ignore_border, stride, pad, mode, ds, st, padding)


def max_pool_2d_same_size(input: Any, patch_size: Any) -> Any:
    """The tensor with all elements 0 but the largest of each patch; patches lie side by side over the last two axes.

    Elements in no whole patch are 0.

    Args:
        input: `(..., rows, columns)`.
        patch_size: rows and columns of a patch.

    Returns:
        A tensor of the same shape.

    Example:
        >>> import numpy as np
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.tensor.signal.pool import max_pool_2d_same_size
        >>> max_pool_2d_same_size(T.constant(np.array([[1.0, 4.0], [3.0, 2.0]])), (2, 2)).eval().tolist()
        [[0.0, 4.0], [0.0, 0.0]]
    """
    x = _tensor(input, 2)
    ws, stride, pad = _vector(patch_size, 2, "patch_size"), _vector(patch_size, 2, "patch_size"), _vector((0, 0), 2, "")
    ndim, dtype = len(x.type.shape), x.type.dtype
    largest = Pool("max", True, 2, ndim, dtype)(x, ws, stride, pad)
    return MaxPoolGrad("max", True, 2, ndim, dtype)(x, largest, largest, ws, stride, pad)


def _pool(
    count: int, input: Any, ws: Any, ignore_border: Any, stride: Any, pad: Any, mode: str, ds: Any, st: Any,
    padding: Any,
) -> Any:  # fmt: skip
    what = f"pool_{count}d"
    if padding is not None and any(n != 0 for n in (pad if isinstance(pad, (tuple, list)) else (1,))):
        raise TypeError(message(f"{what}: padding is an older name of pad; give one", here()[0]))
    pad = pad if padding is None else padding
    for new, old, name in ((ws, ds, "ds"), (stride, st, "st")):
        if new is not None and old is not None:
            raise TypeError(message(f"{what}: {name} is an older name of another argument; give one", here()[0]))
    ws, stride = (ds if ws is None else ws), (st if stride is None else stride)
    if ws is None:
        raise TypeError(message(f"{what}: ws, the sizes of a window, is missing", here()[0]))
    if mode not in MODES:
        raise ValueError(message(f"{what}: mode is one of {', '.join(MODES)}, not {mode!r}", here()[0]))
    x = _tensor(input, count)
    if mode.startswith("average") and x.type.dtype in DISCRETE:
        x = call("cast", x, "float64")
    numbers = [
        _vector(value, count, name) for value, name in ((ws, "ws"), (ws if stride is None else stride, "stride"))
    ]
    op = Pool(mode, bool(ignore_border), count, len(x.type.shape), x.type.dtype)
    return op(x, *numbers, _vector(pad, count, "pad"))


def _tensor(input: Any, count: int) -> Any:
    x = as_tensor_variable(input)
    if len(x.type.shape) < count:
        raise TypeError(message(f"pooling over {count} axes wants as many dimensions, got {x.type}", here()[0]))
    return call("cast", x, "int8") if x.type.dtype == "bool" else x


def _vector(value: Any, count: int, what: str) -> Any:
    """Integers as an int64 vector: one for all axes, one for each, or a vector."""
    if isinstance(value, Variable) and len(value.type.shape) == 1:
        return value
    entries = list(value) if isinstance(value, (tuple, list)) or getattr(value, "ndim", 0) == 1 else [value] * count
    if len(entries) != count:
        raise ValueError(message(f"pooling: {what} wants {count} integers, got {value!r}", here()[0]))
    if any(isinstance(entry, Variable) for entry in entries):
        return call("make_vector", *entries, dtype="int64")
    return constant([int(entry) for entry in entries], dtype="int64")
