"""Products with some blocks of a matrix of blocks.

Read next: `core.ops.blocksparse`.
"""

from typing import Any

from ...core.constants import as_tensor_variable
from ...core.op import call
from ...core.ops.advanced import take
from ...core.ops.blocksparse import SparseBlockGemv
from ...core.types import upcast

__all__ = ["sparse_block_dot"]


def sparse_block_dot(W: Any, h: Any, inputIdx: Any, b: Any, outputIdx: Any) -> Any:
    """`b[out] + Σ over i of h[n, i] W[in_i, out]` for some input blocks and some output blocks of each row.

    Args:
        W: blocks `(in_blocks, out_blocks, in_size, out_size)`.
        h: what is multiplied `(n, used, in_size)`.
        inputIdx: which input blocks these are, integers `(n, used)`.
        b: a bias for each output block `(out_blocks, out_size)`.
        outputIdx: which output blocks are wanted, integers `(n, wanted)`.

    Returns:
        `(n, wanted, out_size)`.

    Raises:
        IndexError: there is no block of a number, when called.
        ValueError: sizes do not go together, when called.

    Example:
        >>> import interactive_sym.tensor as T
        >>> W, h, b = T.ftensor4("W"), T.ftensor3("h"), T.fmatrix("b")
        >>> T.nnet.blocksparse.sparse_block_dot(W, h, T.lmatrix("i"), b, T.lmatrix("o")).type
        TensorType(float32, tensor3)
    """
    W, h, b = map(as_tensor_variable, (W, h, b))
    dtype = upcast("float32", W.type.dtype, h.type.dtype, b.type.dtype)
    W, h, b = (call("cast", x, dtype) for x in (W, h, b))
    return SparseBlockGemv(dtype)(take(b, outputIdx, axis=0), W, h, inputIdx, outputIdx)
