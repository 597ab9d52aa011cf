"""`theano.tensor.opt`: the names in it that programs use.

Read next: `core.ops.marks`.
"""

from ..core.ops.marks import Assert, assert_op

__all__ = ["Assert", "assert_op"]
