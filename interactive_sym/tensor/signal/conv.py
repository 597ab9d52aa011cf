"""Convolution of images without channels.

Read next: `tensor.nnet.abstract_conv`.
"""

import warnings
from typing import Any

from ...core.constants import as_tensor_variable
from ...core.errors import message
from ...core.op import call
from ...core.source import here
from ..nnet import abstract_conv

__all__ = ["conv2d"]


def conv2d(
    input: Any,
    filters: Any,
    image_shape: Any = None,
    filter_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1),
    **kargs: Any,
) -> Any:
    """One image or several, convolved with one filter or several.

    Args:
        input: `(rows, columns)` or `(n, rows, columns)`.
        filters: `(h, w)` or `(k, h, w)`.
        image_shape, filter_shape: what is known of their sizes.
        border_mode, subsample: as for `nnet.conv2d`.

    Returns:
        `(..., out_rows, out_columns)`, before them n and k where they are.

    Raises:
        TypeError: other numbers of dimensions.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.tensor.signal.conv import conv2d
        >>> conv2d(T.dtensor3("images"), T.dmatrix("filter")).type
        TensorType(float64, tensor3)
    """
    if kargs:
        warnings.warn(f"conv2d ignores {', '.join(sorted(kargs))}", stacklevel=2)
    x, w = as_tensor_variable(input), as_tensor_variable(filters)
    dims = len(x.type.shape), len(w.type.shape)
    if not set(dims) <= {2, 3}:
        raise TypeError(message(f"conv2d wants 2 or 3 dimensions, got {x.type} and {w.type}", here()[0]))
    images, stack = (
        call("dimshuffle", v, (0, "x", 1, 2) if ndim == 3 else ("x", "x", 0, 1)) for v, ndim in zip((x, w), dims)
    )
    x_shape, w_shape = (
        None if sizes is None else (sizes[0] if ndim == 3 else 1, 1, *list(sizes)[-2:])
        for sizes, ndim in zip((image_shape, filter_shape), dims)
    )
    out = abstract_conv.conv2d(images, stack, x_shape, w_shape, border_mode, subsample)
    return call("getitem", out, tuple(slice(None) if ndim == 3 else 0 for ndim in dims))
