"""Older names of pooling.

Read next: `pool`.
"""

from typing import Any

from .pool import max_pool_2d_same_size, pool_2d

__all__ = ["max_pool_2d", "max_pool_2d_same_size"]


def max_pool_2d(
    input: Any,
    ds: Any,
    ignore_border: bool | None = None,
    st: Any = None,
    padding: Any = (0, 0),
    mode: str = "max",
) -> Any:
    """`pool.pool_2d` with the older names of its arguments.

    Args:
        input, ignore_border, padding, mode: as for `pool.pool_2d`.
        ds: its `ws`.
        st: its `stride`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> from interactive_sym.tensor.signal import downsample
        >>> downsample.max_pool_2d(T.fmatrix("x"), (2, 2), ignore_border=True).type
        TensorType(float32, matrix)
    """
    return pool_2d(input, ds, ignore_border, st, padding, mode)
