"""Sizes inferred without values equal the sizes of the values."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from interactive_sym.core.ops.shape import sizes_of
from tests.core.ops.evaluation import interpreted

x, y, row, v, n = T.dmatrix("x"), T.dmatrix("y"), T.drow("row"), T.dvector("v"), T.lscalar("n")
INPUTS = [x, y, row, v, n]
VALUES = [np.ones((3, 4)), np.ones((3, 4)), np.ones((1, 4)), np.ones(4), np.array(2)]
EXPRESSIONS: list[Any] = [
    x + y,
    row + x,
    x * v,
    v + row,
    n * v,
    T.switch(x > 0, row, 1.0),
    T.fill(x, n),
    T.cast(x, "int8"),
    x.sum(axis=0),
    x.argmax(axis=1),
    x.prod(),
    x.T,
    x.dimshuffle(1, "x", 0),
    x.reshape((n, -1)),
    x.reshape((6, 2)),
    x.reshape((3, n, -1)),
    x.reshape(x.shape[::-1]),
    T.specify_shape(x, (3, None)),
    T.unbroadcast(row, 0),
    T.concatenate([x, y, x]),
    T.concatenate([x, y], axis=1),
    T.stack([v, v], axis=1),
    T.stack([n, n]),
    x.shape,
    x.shape[0],
    T.alloc(1.0, n, 3),
    T.eye(n, 5),
    T.arange(n),
    T.arange(1, n),
    T.arange(n, -5, -3),
    T.arange(0.0, n, 0.3),
    x[0],
    x[n],
    x[1:],
    x[:n],
    x[-n:],
    x[n:n],
    x[:, 3:0:-2],
    x[::-1, ::3],
    x[:, -1:-4:-1],
    x[5:, n:],
    x[..., None],
    T.set_subtensor(x[1:], 0.0),
    T.dot(x, v),
    T.dot(v, v),
    T.dot(v, x.T),
    T.dot(x, y.T),
]


@pytest.mark.parametrize("output", EXPRESSIONS, ids=str)
def test_inferred_sizes_are_the_sizes(output: Any) -> None:
    node = output.owner
    (inferred,) = node.op.infer_shape(node, [tuple(sizes_of(operand)) for operand in node.inputs])
    (value,) = interpreted(INPUTS, [output], VALUES)
    sizes = [T.as_tensor_variable(size) for size in inferred]
    assert all(size.dtype in ("int64", "int8") and size.ndim == 0 for size in sizes)
    assert tuple(int(size) for size in interpreted(INPUTS, sizes, VALUES)) == value.shape
    for known, actual in zip(output.type.shape, value.shape, strict=True):
        assert known in (None, actual)
