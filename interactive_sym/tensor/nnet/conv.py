"""The older interface of two-dimensional convolution.

Read next: `abstract_conv`.
"""

import warnings
from typing import Any

from . import abstract_conv

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
    """`nnet.conv2d` with `image_shape` for `input_shape`.

    Other keyword arguments once tuned how it was computed; they are ignored, with a warning.

    Args:
        input, filters, image_shape, filter_shape, border_mode, subsample: as for `nnet.conv2d`.
        kargs: ignored.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.tensor.nnet.conv import conv2d
        >>> conv2d(T.ftensor4("x"), T.ftensor4("w"), (8, 1, 28, 28), (20, 1, 5, 5)).type.shape
        (8, 20, 24, 24)
    """
    if kargs:
        warnings.warn(f"conv2d ignores {', '.join(sorted(kargs))}", stacklevel=2)
    return abstract_conv.conv2d(input, filters, image_shape, filter_shape, border_mode, subsample)
