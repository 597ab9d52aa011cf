"""Products with some blocks of a matrix of blocks (floor B).

`W[i, o]` is block (i, o), a matrix `(size_i, size_o)`. Each row of a batch uses some input blocks and wants some output
blocks, both given by number.

Read next: `tensor.nnet.blocksparse`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..constants import as_tensor_variable
from ..errors import message
from ..graph import Apply, Variable
from ..op import Op, call
from ..source import here
from ..types import FLOATS, INTEGERS, TensorType
from ..variable import TensorVariable
from .elementwise import C_TYPES
from .library import LibraryCall

Array = np.ndarray[Any, Any]

_ERRORS = (
    "sparse_block_dot: the sizes of blocks, batch and indices do not go together",
    "sparse_block_dot: there is no block of that number",
)


class _Blocks(Op):
    """What the two operations have alike: what is added to, two factors, and two int64 matrices of block numbers.

    Args:
        dtype: element type, float32 or float64.
    """

    __props__ = ("dtype",)
    family = "linalg"
    dims = (3, 4, 3)
    function = ""
    places: tuple[tuple[int, int, int], ...] = ()

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    @property
    def library_c(self) -> LibraryCall:
        made = f"{self.function}_{self.dtype}"
        return LibraryCall(
            "blocksparse.h", made, _ERRORS, self.places, f"{self.function.upper()}({made}, {C_TYPES[self.dtype]})"
        )

    def make_node(self, o: Any, a: Any, b: Any, first: Any, second: Any) -> Apply:
        operands = [as_tensor_variable(x) for x in (o, a, b)]
        for x, ndim in zip(operands, self.dims, strict=True):
            if len(x.type.shape) != ndim or x.type.dtype != self.dtype or self.dtype not in FLOATS:
                raise TypeError(
                    message(f"{self.name} wants {ndim} dimensions of {self.dtype}, got {x.type}", here()[0])
                )
        indices = [as_tensor_variable(x) for x in (first, second)]
        for x in indices:
            if len(x.type.shape) != 2 or x.type.dtype not in INTEGERS:
                raise TypeError(message(f"{self.name}: block numbers are an integer matrix, got {x.type}", here()[0]))
        cast = [call("cast", x, "int64") for x in indices]
        return Apply(self, [*operands, *cast], [TensorVariable(TensorType(self.dtype, None, operands[0].type.shape))])

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [True], [True], [False], [False]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(input_shapes[0])]

    def _agree(self, node: Apply, inputs: Sequence[Any], pairs: Sequence[tuple[int, int]]) -> None:
        if any(left != right for left, right in pairs):
            rows = [(str(x)[:30], value.dtype.name, str(value.shape)) for x, value in zip(node.inputs, inputs)]
            raise ValueError(message(f"{self.name}: the sizes do not go together", node.where, rows))

    def _numbered(self, node: Apply, indices: Array, count: int) -> None:
        if indices.size and (indices.min() < 0 or indices.max() >= count):
            wrong = int(indices[(indices < 0) | (indices >= count)][0])
            raise IndexError(message(f"{self.name}: there is no block {wrong} of {count}", node.where))


class SparseBlockGemv(_Blocks):
    """`o[b, j] + sum over i of h[b, i] W[inputs[b, i], outputs[b, j]]`: inputs o, W, h, inputs, outputs."""

    name = "sparse_block_gemv"
    function = "isym_sparse_block_gemv"
    # batch, wanted blocks, their size; blocks of W along both axes, and their sizes; used blocks
    places = ((0, 0, 1), (0, 1, 2), (0, 2, 3), (1, 0, 1), (1, 1, 2), (1, 2, 3), (1, 3, 4), (2, 1, 2))

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        o, w, h, first, second = inputs
        pairs = [(h.shape[0], o.shape[0]), (first.shape[0], o.shape[0]), (second.shape[0], o.shape[0])]
        pairs += [(first.shape[1], h.shape[1]), (second.shape[1], o.shape[1])]
        self._agree(node, inputs, [*pairs, (w.shape[2], h.shape[2]), (w.shape[3], o.shape[2])])
        self._numbered(node, first, w.shape[0])
        self._numbered(node, second, w.shape[1])
        out = o.copy()
        for b in range(o.shape[0]):
            for i, block in enumerate(first[b]):
                out[b] += np.einsum("x,jxy->jy", h[b, i], w[block, second[b]])
        output_storage[0][0] = out

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        _, w, h, first, second = inputs
        g, turned = output_grads[0], call("dimshuffle", w, (1, 0, 3, 2))
        back_w = SparseBlockOuter(self.dtype)(call("zeros_like", w), h, g, first, second)
        back_h = SparseBlockGemv(self.dtype)(call("zeros_like", h), turned, g, second, first)
        return [g, back_w, back_h, None, None]


class SparseBlockOuter(_Blocks):
    """`o` with the outer product `x[b, i] y[b, j]` added to block (first[b, i], second[b, j])."""

    name = "sparse_block_outer"
    function = "isym_sparse_block_outer"
    dims = (4, 3, 3)
    # blocks along both axes, and their sizes; batch, blocks of x, blocks of y
    places = ((0, 0, 1), (0, 1, 2), (0, 2, 3), (0, 3, 4), (1, 0, 1), (1, 1, 2), (2, 1, 2))

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        o, x, y, first, second = inputs
        pairs = [(y.shape[0], x.shape[0]), (first.shape[0], x.shape[0]), (second.shape[0], x.shape[0])]
        pairs += [(first.shape[1], x.shape[1]), (second.shape[1], y.shape[1])]
        self._agree(node, inputs, [*pairs, (o.shape[2], x.shape[2]), (o.shape[3], y.shape[2])])
        self._numbered(node, first, o.shape[0])
        self._numbered(node, second, o.shape[1])
        out = o.copy()
        for b in range(x.shape[0]):
            for i, block in enumerate(first[b]):
                for j, other in enumerate(second[b]):
                    out[block, other] += np.outer(x[b, i], y[b, j])
        output_storage[0][0] = out

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        _, x, y, first, second = inputs
        g = output_grads[0]
        turned = call("dimshuffle", g, (1, 0, 3, 2))
        back_x = SparseBlockGemv(self.dtype)(call("zeros_like", x), turned, y, second, first)
        back_y = SparseBlockGemv(self.dtype)(call("zeros_like", y), g, x, first, second)
        return [g, back_x, back_y, None, None]
