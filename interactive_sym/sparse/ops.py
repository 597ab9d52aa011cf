"""Operations on sparse matrices; SciPy computes them.

A gradient with respect to a sparse matrix is a sparse matrix that stores elements at the same places: those are the
ones a program can change. Operations on stored values alone are no operations of their own: `csm_properties` takes a
matrix apart, tensor operations (in C) work on the values, `CSM` puts it together again.

Read next: `basic`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.constants import as_tensor_variable
from ..core.errors import message
from ..core.graph import Apply, Variable
from ..core.op import Op, call, public
from ..core.source import here
from ..core.types import TensorType, upcast
from ..core.variable import TensorVariable
from .scipy_formats import as_format, is_sparse, matrix_class, places, same_places, sampled, scipy_sparse, with_values
from .type import SparseType, as_sparse_or_tensor_variable, as_sparse_variable, is_sparse_variable

REASON = "SciPy's formats"
Gradients = Sequence[Variable | None]


def dense(dtype: str, *sizes: int | None) -> TensorVariable:
    return TensorVariable(TensorType(dtype, None, sizes))


class SparseOp(Op):
    """What operations on sparse matrices have alike."""

    family = "linalg"
    python_only = REASON


def _ndim(format: str) -> int:
    return 3 if format == "bsr" else 1


class CSM(SparseOp):
    """A sparse matrix from its stored values, their indices, the starts of rows or columns, and its shape.

    Args:
        format: "csc", "csr" or "bsr".

    Example:
        >>> CSM("csr")([1.0, 2.0], [0, 1], [0, 1, 2], [2, 2]).eval().toarray()
        array([[1., 0.],
               [0., 2.]])
    """

    __props__ = ("format",)

    def __init__(self, format: str) -> None:
        self.format = format

    @property
    def name(self) -> str:
        return self.format

    def make_node(self, data: Any, indices: Any, indptr: Any, shape: Any) -> Apply:
        parts = [as_tensor_variable(x) for x in (data, indices, indptr, shape)]
        if len(parts[0].type.shape) != _ndim(self.format):
            raise TypeError(
                message(f"{self.name}: the data have {_ndim(self.format)} dimensions, got {parts[0].type}", here()[0])
            )
        for word, x in zip(("indices", "indptr", "shape"), parts[1:]):
            if len(x.type.shape) != 1 or not x.type.dtype.startswith(("int", "uint")):
                raise TypeError(message(f"{self.name}: {word} is a vector of integers, got {x.type}", here()[0]))
        return Apply(self, parts, [SparseType(self.format, parts[0].type.dtype).make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        data, indices, indptr, shape = inputs
        try:
            output_storage[0][0] = matrix_class(self.format)(
                (data, indices, indptr), shape=tuple(int(n) for n in shape), copy=True
            )
        except ValueError as error:
            raise ValueError(message(f"{self.name}: {error}", node.where)) from None

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> Gradients:
        """The cotangent's elements at the stored places, in the order of the data."""
        return [csm_properties(Sampled()(output_grads[0], outputs[0]))[0], None, None, None]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [False], [False], [False]]


class CSMProperties(SparseOp):
    """Stored values, their indices, the starts of rows or columns, and the shape of a sparse matrix."""

    name = "csm_properties"

    def make_node(self, x: Any) -> Apply:
        x = as_sparse_variable(x)
        data = dense(x.type.dtype, *[None] * _ndim(x.type.format))
        return Apply(self, [x], [data, dense("int32", None), dense("int32", None), dense("int32", 2)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        (x,) = inputs
        for cell, value in zip(output_storage, (x.data, x.indices, x.indptr, x.shape)):
            cell[0] = np.array(value, dtype=None if cell is output_storage[0] else "int32", order="C")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True, False, False, False]]

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> Gradients:
        """The matrix that stores the cotangent of the values."""
        x: Any = inputs[0]
        return [CSM(x.type.format)(output_grads[0], *outputs[1:])]


def csm_properties(x: Any) -> Any:
    """What a sparse matrix stores: values, indices, starts of rows or columns, shape.

    Args:
        x: a sparse matrix `(m, n)`.

    Returns:
        The values `(k,)` (for bsr blocks `(k, r, c)`); int32 indices `(k,)`; int32 starts; the shape, int32 `(2,)`.

    Raises:
        TypeError: `x` is not sparse.

    Example:
        >>> from interactive_sym import sparse
        >>> data, indices, indptr, shape = sparse.csm_properties(sparse.csr_from_dense([[0.0, 2.0], [0.0, 0.0]]))
        >>> data.eval().tolist(), indices.eval().tolist(), indptr.eval().tolist()
        ([2.0], [1], [0, 1, 1])
    """
    return CSMProperties()(x)


class Sampled(SparseOp):
    """The elements of a first operand, sparse or dense, at the places where a second, sparse, stores elements."""

    name = "sampled"

    def make_node(self, g: Any, x: Any) -> Apply:
        g, x = as_sparse_or_tensor_variable(g), as_sparse_variable(x)
        if not is_sparse_variable(g) and len(g.type.shape) != 2:
            raise TypeError(message(f"sampled wants a matrix, got {g.type}", here()[0]))
        return Apply(self, [g, x], [SparseType(x.type.format, g.type.dtype).make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        _same_shape("sampled", inputs[0], inputs[1], node)
        output_storage[0][0] = sampled(*inputs)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [False]]

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Gradients:
        """The cotangent itself."""
        g = output_grads[0]
        return [g if is_sparse_variable(inputs[0]) else DenseFromSparse()(g), None]


@public
def sparse_sampled(g: Any, x: Any) -> Any:
    """The elements of `g` where `x` stores elements, in the element type of `x`."""
    owner = getattr(g, "owner", None)
    fitted = g if owner is not None and owner.op == Sampled() and owner.inputs[1] is x else Sampled()(g, x)
    return fitted if fitted.type.dtype == x.type.dtype else call("sparse_cast", fitted, x.type.dtype)


def _same_shape(what: str, x: Any, y: Any, node: Apply) -> None:
    if x.shape != y.shape:
        rows = [(str(v)[:30], str(v.type), str(value.shape)) for v, value in zip(node.inputs, (x, y))]
        raise ValueError(message(f"{what}: the shapes {x.shape} and {y.shape} differ", node.where, rows))


class SparseShape(SparseOp):
    """The numbers of rows and columns, int64 `(2,)`."""

    name = "sparse_shape"
    gradient_stops = "integer sizes"

    def make_node(self, x: Any) -> Apply:
        return Apply(self, [as_sparse_variable(x)], [dense("int64", 2)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        output_storage[0][0] = np.asarray(inputs[0].shape, dtype="int64")


@public
def sparse_shape(x: Any) -> Any:
    return SparseShape()(x)


class DenseFromSparse(SparseOp):
    """A sparse matrix as a dense one."""

    name = "dense_from_sparse"

    def make_node(self, x: Any) -> Apply:
        x = as_sparse_or_tensor_variable(x)
        if not is_sparse_variable(x):
            raise TypeError(message(f"dense_from_sparse wants a sparse matrix, got {x.type}", here()[0]))
        return Apply(self, [x], [dense(x.type.dtype, None, None)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        output_storage[0][0] = inputs[0].toarray()

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Gradients:
        return [Sampled()(output_grads[0], inputs[0])]


class SparseFromDense(SparseOp):
    """A dense matrix as a sparse one, which stores the elements that are not 0.

    Args:
        format: "csc" or "csr".
    """

    __props__ = ("format",)

    def __init__(self, format: str) -> None:
        self.format = format

    @property
    def name(self) -> str:
        return f"{self.format}_from_dense"

    def make_node(self, x: Any) -> Apply:
        x = as_tensor_variable(x)
        if len(x.type.shape) > 2:
            raise TypeError(message(f"{self.name} wants a matrix, got {x.type}", here()[0]))
        if len(x.type.shape) < 2:
            x = call("shape_padleft", x, 2 - len(x.type.shape))
        return Apply(self, [x], [SparseType(self.format, x.type.dtype).make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        output_storage[0][0] = matrix_class(self.format)(inputs[0])

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> Gradients:
        """The cotangent of the elements that are stored; 0 for those that are not."""
        return [DenseFromSparse()(sparse_sampled(output_grads[0], outputs[0]))]


class Transpose(SparseOp):
    """Rows and columns exchanged; csc becomes csr and the other way round."""

    name = "sparse_transpose"

    def make_node(self, x: Any) -> Apply:
        x = as_sparse_variable(x)
        format = {"csc": "csr", "csr": "csc"}.get(x.type.format, x.type.format)
        return Apply(self, [x], [SparseType(format, x.type.dtype).make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        output_storage[0][0] = as_format(inputs[0].transpose(copy=True), node.outputs[0].type.format)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Gradients:
        return [Transpose()(output_grads[0])]


@public
def sparse_transpose(x: Any) -> Any:
    return Transpose()(x)


class Tidy(SparseOp):
    """The same matrix with its indices in order ("sort"), or without the zeros it stores ("remove0").

    Args:
        kind: "sort" or "remove0".
    """

    __props__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind

    @property
    def name(self) -> str:
        return "ensure_sorted_indices" if self.kind == "sort" else "remove0"

    def make_node(self, x: Any) -> Apply:
        x = as_sparse_variable(x)
        return Apply(self, [x], [x.type.make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        made = inputs[0].copy()
        if self.kind == "sort":
            made.sort_indices()
        else:
            made.eliminate_zeros()
        output_storage[0][0] = made

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Gradients:
        return [output_grads[0]]


class Add(SparseOp):
    """The sum of a sparse matrix and another, sparse (then sparse) or dense (then dense), of one element type."""

    name = "sparse_add"

    def make_node(self, x: Any, y: Any) -> Apply:
        x, y = as_sparse_variable(x), as_sparse_or_tensor_variable(y)
        dtype = x.type.dtype
        made = x.type.make_variable() if is_sparse_variable(y) else dense(dtype, None, None)
        return Apply(self, [x, y], [made])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, y = inputs
        _same_shape("add", x, y, node)
        if is_sparse(y) and same_places(x, y):  # SciPy's own sum would drop zeros, such as those of gradients
            output_storage[0][0] = with_values(x, x.data + y.data)
        elif is_sparse(y):
            output_storage[0][0] = as_format(x + y, x.format, x.dtype)
        else:
            output_storage[0][0] = np.asarray(x + y, dtype=x.dtype)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Gradients:
        g = output_grads[0]
        return [g, g]


class Mul(SparseOp):
    """The elementwise product of a sparse matrix and another of one element type; sparse.

    A dense operand is a matrix of which sizes known to be 1 stretch.
    """

    name = "sparse_mul"

    def make_node(self, x: Any, y: Any) -> Apply:
        x, y = as_sparse_variable(x), as_sparse_or_tensor_variable(y)
        return Apply(self, [x, y], [x.type.make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, y = inputs
        if is_sparse(y):
            _same_shape("mul", x, y, node)
            output_storage[0][0] = as_format(x.multiply(y), x.format, x.dtype)
            return
        stretched = node.inputs[1].type.broadcastable
        for axis in (0, 1):
            if not stretched[axis] and y.shape[axis] != x.shape[axis]:
                raise ValueError(
                    message(f"mul: the shapes {x.shape} and {y.shape} differ along axis {axis}", node.where)
                )
        rows, columns = places(x)
        values = np.broadcast_to(y, x.shape)[rows, columns]
        output_storage[0][0] = with_values(x, (x.data.reshape(-1) * values).astype(x.dtype))

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Gradients:
        """dx = g∘y; dy = g∘x, dense where y is, and then summed where y stretched."""
        x, y = inputs
        g = output_grads[0]
        dy = Mul()(g, x)
        if is_sparse_variable(y):
            return [Mul()(g, y), dy]
        total: Any = DenseFromSparse()(dy) if y.type.broadcastable == (False, False) else None
        if total is None:
            axes = [axis for axis in (0, 1) if y.type.broadcastable[axis]]
            if len(axes) == 2:
                total = call("shape_padleft", SpSum(None)(dy), 2)
            else:
                summed = SpSum(axes[0])(dy)
                total = call("dimshuffle", summed, ("x", 0) if axes[0] == 0 else (0, "x"))
        return [Mul()(g, y), total]


_COMPARISONS = {"eq": "==", "neq": "!=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}


class Compare(SparseOp):
    """Elementwise comparison: sparse for two sparse matrices, dense for a sparse and a dense one; bool.

    Args:
        kind: "eq", "neq", "gt", "ge", "lt" or "le".
    """

    __props__ = ("kind",)
    gradient_stops = "a comparison"

    def __init__(self, kind: str) -> None:
        self.kind = kind

    @property
    def name(self) -> str:
        return f"sparse_{self.kind}"

    def make_node(self, x: Any, y: Any) -> Apply:
        x, y = as_sparse_variable(x), as_sparse_or_tensor_variable(y)
        made = SparseType(x.type.format, "bool").make_variable() if is_sparse_variable(y) else dense("bool", None, None)
        return Apply(self, [x, y], [made])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, y = inputs
        if is_sparse(y) or y.ndim == 2:
            _same_shape(self.kind, x, y, node)
        function = {"neq": np.not_equal, "eq": np.equal, "gt": np.greater, "ge": np.greater_equal}.get(
            self.kind, np.less if self.kind == "lt" else np.less_equal
        )
        if not is_sparse(y):
            output_storage[0][0] = function(x.toarray(), y)
        elif self.kind in ("neq", "gt", "lt"):
            operator = {"neq": x.__ne__, "gt": x.__gt__, "lt": x.__lt__}[self.kind]
            output_storage[0][0] = as_format(operator(y), x.format, "bool")
        else:  # true where neither stores an element: SciPy, too, makes a matrix of nearly all elements
            output_storage[0][0] = matrix_class(x.format)(function(x.toarray(), y.toarray()))

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False], [False]]


class SpSum(SparseOp):
    """The sum of all elements (axis None), of each column (0) or of each row (1); dense.

    Args:
        axis: None, 0 or 1.
    """

    __props__ = ("axis",)
    family = "reduce"
    name = "sp_sum"

    def __init__(self, axis: int | None) -> None:
        self.axis = axis

    def make_node(self, x: Any) -> Apply:
        x = as_sparse_variable(x)
        dtype = {"b": "int64", "i": "int64", "u": "uint64"}.get(np.dtype(x.type.dtype).kind, x.type.dtype)
        return Apply(self, [x], [dense(dtype, *[] if self.axis is None else [None])])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        dtype = node.outputs[0].type.dtype
        found = inputs[0].sum(axis=self.axis, dtype="float64" if dtype == "float32" else dtype)
        output_storage[0][0] = np.asarray(found, dtype=dtype).reshape(() if self.axis is None else -1)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Gradients:
        """Each stored element gets the cotangent of the sum it went into."""
        x: Any = inputs[0]
        g: Any = call("cast", output_grads[0], x.type.dtype)
        pattern = {None: ("x", "x"), 0: ("x", 0), 1: (0, "x")}[self.axis]
        data, *structure = csm_properties(x)
        ones = CSM(x.type.format)(call("ones_like", data), *structure)
        return [Mul()(ones, call("dimshuffle", g, pattern))]


class Diagonal(SparseOp):
    """The diagonal `(n,)` of a square sparse matrix; dense."""

    name = "sparse_diag"

    def make_node(self, x: Any) -> Apply:
        x = as_sparse_variable(x)
        return Apply(self, [x], [dense(x.type.dtype, None)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        (x,) = inputs
        if x.shape[0] != x.shape[1]:
            raise ValueError(message(f"diag wants a square matrix, got shape {x.shape}", node.where))
        output_storage[0][0] = np.ascontiguousarray(x.diagonal())

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Gradients:
        return [SquareDiagonal()(output_grads[0])]


class SquareDiagonal(SparseOp):
    """A square csc matrix `(n, n)` that stores a vector `(n,)` on its diagonal."""

    name = "square_diagonal"

    def make_node(self, d: Any) -> Apply:
        d = as_tensor_variable(d)
        if len(d.type.shape) != 1:
            raise TypeError(message(f"square_diagonal wants a vector, got {d.type}", here()[0]))
        return Apply(self, [d], [SparseType("csc", d.type.dtype).make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        (d,) = inputs
        n = len(d)
        output_storage[0][0] = matrix_class("csc")((d, np.arange(n), np.arange(n + 1)), shape=(n, n), copy=True)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Gradients:
        return [Diagonal()(output_grads[0])]


class FromRows(SparseOp):
    """A csc matrix of the shape of a first operand whose rows named by a third are those of a second; others are 0."""

    name = "construct_sparse_from_list"

    def make_node(self, x: Any, values: Any, ilist: Any) -> Apply:
        x, values, ilist = as_tensor_variable(x), as_tensor_variable(values), as_tensor_variable(ilist)
        if len(x.type.shape) != 2 or len(values.type.shape) != 2:
            raise TypeError(
                message(f"{self.name} wants a matrix and a matrix of rows, got {x.type} and {values.type}", here()[0])
            )
        if len(ilist.type.shape) != 1 or not ilist.type.dtype.startswith(("int", "uint")):
            raise TypeError(
                message(f"{self.name}: the rows' numbers are a vector of integers, got {ilist.type}", here()[0])
            )
        return Apply(self, [x, values, ilist], [SparseType("csc", values.type.dtype).make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, values, ilist = inputs
        if values.shape != (len(ilist), x.shape[1]):
            raise ValueError(
                message(f"{self.name}: rows of shape {values.shape} for {len(ilist)} rows of {x.shape[1]}", node.where)
            )
        if len(ilist) and not (ilist.min() >= 0 and ilist.max() < x.shape[0]):
            raise IndexError(message(f"{self.name}: a row is not one of {x.shape[0]}", node.where))
        width = x.shape[1]
        rows, columns = np.repeat(ilist, width), np.tile(np.arange(width), len(ilist))
        listed = scipy_sparse().coo_matrix((values.reshape(-1), (rows, columns)), shape=x.shape)
        output_storage[0][0] = as_format(listed, "csc")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False], [True], [False]]

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Gradients:
        return [None, call("take", DenseFromSparse()(output_grads[0]), inputs[2], 0), None]


class Product(SparseOp):
    """The matrix product of two operands of one element type, of which at least one is sparse.

    Args:
        dense: whether the product of two sparse matrices is dense; with a dense operand it always is.
    """

    __props__ = ("dense",)
    name = "sparse_dot"

    def __init__(self, dense: bool) -> None:
        self.dense = dense

    def make_node(self, x: Any, y: Any) -> Apply:
        x, y = as_sparse_or_tensor_variable(x), as_sparse_or_tensor_variable(y)
        mine, its = is_sparse_variable(x), is_sparse_variable(y)
        if not (mine or its) or any(not is_sparse_variable(v) and len(v.type.shape) != 2 for v in (x, y)):
            raise TypeError(
                message(f"a sparse product takes matrices, one of them sparse: {x.type}, {y.type}", here()[0])
            )
        if x.type.dtype != y.type.dtype:
            raise TypeError(message(f"a sparse product takes one element type: {x.type}, {y.type}", here()[0]))
        both = mine and its and not self.dense
        made = SparseType(x.type.format, x.type.dtype).make_variable() if both else dense(x.type.dtype, None, None)
        return Apply(self, [x, y], [made])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, y = inputs
        if x.shape[1] != y.shape[0]:
            raise ValueError(
                message(
                    f"dot: the left operand has {x.shape[1]} columns, the right one {y.shape[0]} rows",
                    node.where,
                    [(str(v)[:30], str(v.type), str(value.shape)) for v, value in zip(node.inputs, inputs)],
                )
            )
        found = x @ y
        if isinstance(node.outputs[0].type, SparseType):
            output_storage[0][0] = as_format(found, x.format, x.dtype)
        else:
            output_storage[0][0] = found.toarray() if is_sparse(found) else np.asarray(found, dtype=x.dtype)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Gradients:
        """dx = g·yᵀ, dy = xᵀ·g; of a sparse operand only the elements it stores."""
        x, y = inputs
        g = output_grads[0]
        dx = SampledProduct()(g, y, x) if is_sparse_variable(x) else product(g, transposed(y))
        dy = SampledProduct()(transposed(x), transposed(g), y) if is_sparse_variable(y) else product(transposed(x), g)
        return [dx, dy]


class SampledProduct(SparseOp):
    """The elements of a·bᵀ at the places where a third, sparse, operand stores elements: `(m, k), (n, k), (m, n)`."""

    name = "sampled_product"

    def make_node(self, a: Any, b: Any, pattern: Any) -> Apply:
        a, b = as_sparse_or_tensor_variable(a), as_sparse_or_tensor_variable(b)
        pattern = as_sparse_variable(pattern)
        made = SparseType(pattern.type.format, upcast(a.type.dtype, b.type.dtype)).make_variable()
        return Apply(self, [a, b, pattern], [made])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        a, b, pattern = inputs
        if (a.shape[0], b.shape[0]) != pattern.shape or a.shape[1] != b.shape[1]:
            shapes = f"{a.shape}, {b.shape} and {pattern.shape}"
            raise ValueError(message(f"{self.name}: the shapes {shapes} do not fit", node.where))
        dtype = node.outputs[0].type.dtype
        if is_sparse(a) or is_sparse(b):
            product = a @ b.T
            output_storage[0][0] = sampled(product, pattern).astype(dtype, copy=False)
            return
        rows, columns = places(pattern)
        values = np.empty(len(rows), dtype=dtype)
        step = max(1, (1 << 20) // max(1, a.shape[1]))  # so many at a time that what is gathered stays in the cache
        for first in range(0, len(rows), step):
            part = slice(first, first + step)
            values[part] = np.einsum("ij,ij->i", a[rows[part]], b[columns[part]])
        output_storage[0][0] = with_values(pattern, values)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [True], [False]]

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Gradients:
        """da = g·b, db = gᵀ·a."""
        a, b, _ = inputs
        g = output_grads[0]
        left = SampledProduct()(g, transposed(b), a) if is_sparse_variable(a) else product(g, b)
        right = (
            SampledProduct()(transposed(g), transposed(a), b) if is_sparse_variable(b) else product(transposed(g), a)
        )
        return [left, right, None]


def transposed(x: Any) -> Any:
    return Transpose()(x) if is_sparse_variable(x) else call("transpose", x)


def product(x: Any, y: Any) -> Any:
    """A dense product of operands that are sparse or dense."""
    if not is_sparse_variable(x) and not is_sparse_variable(y):
        return call("dot", x, y)
    dtype = upcast(x.type.dtype, y.type.dtype)
    return Product(True)(*(cast_any(v, dtype) for v in (x, y)))


def cast_any(x: Any, dtype: str) -> Any:
    if x.type.dtype == dtype:
        return x
    return call("sparse_cast" if is_sparse_variable(x) else "cast", x, dtype)


class Stack(SparseOp):
    """Sparse matrices side by side (axis 1) or one above the other (axis 0).

    Args:
        axis: 0 or 1.
        format: of the result.
    """

    __props__ = ("axis", "format")
    family = "shape"

    def __init__(self, axis: int, format: str) -> None:
        self.axis = axis
        self.format = format

    @property
    def name(self) -> str:
        return "sparse_hstack" if self.axis else "sparse_vstack"

    def make_node(self, *blocks: Any) -> Apply:
        parts = [as_sparse_variable(block) for block in blocks]
        if not parts:
            raise ValueError(message(f"{self.name} wants at least one matrix", here()[0]))
        dtype = upcast(*(x.type.dtype for x in parts))
        return Apply(self, parts, [SparseType(self.format, dtype).make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        across = 1 - self.axis
        for x in inputs[1:]:
            if x.shape[across] != inputs[0].shape[across]:
                raise ValueError(
                    message(
                        f"{self.name}: the shapes {[y.shape for y in inputs]} differ along axis {across}", node.where
                    )
                )
        stack = scipy_sparse().hstack if self.axis else scipy_sparse().vstack
        output_storage[0][0] = as_format(stack(list(inputs)), self.format, node.outputs[0].type.dtype)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Gradients:
        return [StackPart(self.axis, k)(output_grads[0], *inputs) for k in range(len(inputs))]


class StackPart(SparseOp):
    """Of a matrix stacked like the other operands the part where operand `part` stood.

    Args:
        axis: 0 or 1.
        part: which.
    """

    __props__ = ("axis", "part")
    family = "shape"
    name = "sparse_part"

    def __init__(self, axis: int, part: int) -> None:
        self.axis = axis
        self.part = part

    def make_node(self, g: Any, *blocks: Any) -> Apply:
        parts = [as_sparse_variable(x) for x in (g, *blocks)]
        format = parts[1 + self.part].type.format
        return Apply(self, parts, [SparseType(format, parts[0].type.dtype).make_variable()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        g, *blocks = inputs
        first = sum(x.shape[self.axis] for x in blocks[: self.part])
        part = slice(first, first + blocks[self.part].shape[self.axis])
        taken = g.tocsc()[:, part] if self.axis else g.tocsr()[part]
        output_storage[0][0] = as_format(taken, node.outputs[0].type.format)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], *[[False] for _ in node.inputs[1:]]]

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Gradients:
        """Zeros around the cotangent."""
        g, *blocks = inputs
        dtype = output_grads[0].type.dtype
        around = [
            output_grads[0] if k == self.part else cast_any(call("sparse_zeros_like", x), dtype)
            for k, x in enumerate(blocks)
        ]
        return [Stack(self.axis, g.type.format)(*around), *[None] * len(blocks)]


class _Indexed(SparseOp):
    """What operations on an element or block have alike.

    Args:
        entries: for rows and for columns "i", or "s" and which of start, stop, step are given; as of `Subtensor`.
    """

    __props__ = ("entries",)
    family = "indexing"

    def __init__(self, entries: tuple[tuple[Any, ...], ...]) -> None:
        self.entries = entries

    def index(self, x: Any, values: Sequence[Any], where: Any) -> tuple[Any, Any]:
        remaining = iter(int(value) for value in values)
        found: list[Any] = []
        for axis, (kind, *given) in enumerate(self.entries):
            if kind == "s":
                found.append(slice(*(next(remaining) if has else None for has in given)))
                continue
            k = next(remaining)
            if not -x.shape[axis] <= k < x.shape[axis]:
                raise IndexError(message(f"index {k} is out of range for axis {axis} of size {x.shape[axis]}", where))
            k %= x.shape[axis]
            found.append(k if all(entry[0] == "i" for entry in self.entries) else slice(k, k + 1))
        return found[0], found[1]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], *[[False] for _ in node.inputs[1:]]]


class SparseSubtensor(_Indexed):
    """An element, or the block of two slices, of a sparse matrix."""

    name = "sparse_getitem"

    def make_node(self, x: Any, *values: Any) -> Apply:
        x, index = as_sparse_variable(x), [as_tensor_variable(value) for value in values]
        for value in index:
            if len(value.type.shape) or not value.type.dtype.startswith(("int", "uint")):
                raise TypeError(
                    message(f"a sparse matrix is indexed by integers and slices, got {value.type}", here()[0])
                )
        one = all(entry[0] == "i" for entry in self.entries)
        made = dense(x.type.dtype) if one else SparseType(x.type.format, x.type.dtype).make_variable()
        return Apply(self, [x, *index], [made])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, *values = inputs
        rows, columns = self.index(x, values, node.where)
        taken = (x.tocsr() if x.format == "bsr" else x)[rows, columns]
        dtype = x.dtype
        output_storage[0][0] = as_format(taken, x.format) if is_sparse(taken) else np.asarray(taken, dtype=dtype)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Gradients:
        return [SparsePut(self.entries)(output_grads[0], *inputs), *[None] * (len(inputs) - 1)]


class SparsePut(_Indexed):
    """A matrix that is 0 but for one element or block, of the shape of a second operand and storing where it does."""

    name = "sparse_put"

    def make_node(self, g: Any, x: Any, *values: Any) -> Apply:
        g, x = as_sparse_or_tensor_variable(g), as_sparse_variable(x)
        made = SparseType(x.type.format, g.type.dtype).make_variable()
        return Apply(self, [g, x, *(as_tensor_variable(value) for value in values)], [made])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        g, x, *values = inputs
        rows, columns = self.index(x, values, node.where)
        whole = scipy_sparse().lil_matrix(x.shape, dtype=g.dtype)
        whole[rows, columns] = g.toarray() if is_sparse(g) else g
        output_storage[0][0] = sampled(as_format(whole, "csr"), x)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Gradients:
        taken = SparseSubtensor(self.entries)(output_grads[0], *inputs[2:])
        return [taken, *[None] * (len(inputs) - 1)]
