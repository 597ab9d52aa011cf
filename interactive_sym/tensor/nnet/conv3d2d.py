"""Convolution of videos: `conv3d` with time before the channels.

Read next: `abstract_conv`.
"""

from typing import Any

from ...core.constants import as_tensor_variable
from ...core.op import call
from . import abstract_conv

__all__ = ["conv3d"]


def conv3d(
    signals: Any, filters: Any, signals_shape: Any = None, filters_shape: Any = None, border_mode: Any = "valid"
) -> Any:
    """Convolution over time, rows and columns.

    Args:
        signals: `(n, time, c, rows, columns)`.
        filters: `(k, time, c, h, w)`.
        signals_shape, filters_shape: what is known of their sizes.
        border_mode: "valid", "half", "full", or one entry for each of time, rows, columns.

    Returns:
        `(n, out_time, k, out_rows, out_columns)`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.tensor.nnet.conv3d2d import conv3d
        >>> conv3d(T.ftensor5("x"), T.ftensor5("w"), (2, 9, 3, 8, 8), (4, 3, 3, 5, 5)).type.shape
        (2, 7, 4, 4, 4)
    """
    order = (0, 2, 1, 3, 4)
    x, w = (call("dimshuffle", as_tensor_variable(v), order) for v in (signals, filters))
    x_shape, w_shape = (
        None if sizes is None else [sizes[axis] for axis in order] for sizes in (signals_shape, filters_shape)
    )
    return call("dimshuffle", abstract_conv.conv3d(x, w, x_shape, w_shape, border_mode), order)
