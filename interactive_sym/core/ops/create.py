"""Operations that make tensors: from scalars, filled, ranges, unit matrices (floor B).

Read next: `indexing`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..configuration import config
from ..constants import as_tensor_variable, constant
from ..errors import message
from ..graph import Apply, Constant, Variable
from ..op import Op, call, public
from ..source import Where, here
from ..types import CONTINUOUS, DISCRETE, TensorType, as_dtype, upcast
from ..variable import TensorVariable
from .shape import as_size, as_sizes, known_size, sizes_of


def _size_inputs(sizes: Sequence[Any], what: str) -> list[Any]:
    variables = [as_size(size, what) for size in sizes]
    for size in variables:
        known = known_size(size)
        if known is not None and known < 0:
            raise ValueError(message(f"{what}: a size can't be negative, got {known}", here()[0]))
    return variables


def _of_dtype(x: Any, dtype: str) -> Any:
    """`x` cast; a constant stays one, so that what it says is known when the graph is built."""
    x = as_tensor_variable(x)
    if isinstance(x, Constant) and x.type.dtype != dtype:
        return constant(x.data.astype(dtype))
    return call("cast", x, dtype)


class MakeVector(Op):
    """A vector of scalars.

    Args:
        dtype: element type of the result; the inputs are cast to it.

    Example:
        >>> import interactive_sym.tensor as T
        >>> n = T.lscalar("n")
        >>> MakeVector("int64")(n, n + 1).eval({n: 3})
        array([3, 4])
    """

    __props__ = ("dtype",)
    family = "create"
    name = "make_vector"

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    def make_node(self, *entries: Any) -> Apply:
        scalars = [_of_dtype(x, self.dtype) for x in entries]
        for x in scalars:
            if len(x.type.shape) != 0:
                raise TypeError(message(f"make_vector wants scalars, got {x} of {x.type}", here()[0]))
        return Apply(self, scalars, [TensorVariable(TensorType(self.dtype, None, (len(scalars),)))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        output_storage[0][0] = np.array([np.asarray(x).reshape(()) for x in inputs], dtype=self.dtype)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        return [call("getitem", output_grads[0], k) for k in range(len(inputs))]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [(len(node.inputs),)]


@public
def make_vector(*entries: Any, dtype: Any = None) -> Any:
    """A vector of the given scalars, of their common element type or `dtype`; a constant where all are constants.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.stack([T.iscalar("i"), T.fscalar("x")]).type
        TensorType(float64, (2,))
    """
    scalars = [as_tensor_variable(x) for x in entries]
    element = as_dtype(dtype) if dtype is not None else upcast(*[x.type.dtype for x in scalars]) if scalars else "int64"
    if all(isinstance(x, Constant) for x in scalars):
        return constant(np.array([x.data for x in scalars], dtype=element))
    return MakeVector(element)(*scalars)


class Alloc(Op):
    """A value in each element of a tensor of the given sizes; its dimensions declared of size 1 stretch to them.

    Example:
        >>> import interactive_sym.tensor as T
        >>> Alloc()(T.constant([1.0, 2.0]), 2, 2).eval()
        array([[1., 2.],
               [1., 2.]])
    """

    family = "create"
    name = "alloc"

    def make_node(self, value: Any, *sizes: Any) -> Apply:
        value = as_tensor_variable(value)
        variables = _size_inputs(sizes, "alloc")
        shape = [known_size(size) for size in variables]
        extra = len(shape) - len(value.type.shape)
        if extra < 0:
            raise TypeError(
                message(f"alloc: a value of {len(value.type.shape)} dimensions for {len(shape)} sizes", here()[0])
            )
        for axis, mine in enumerate(value.type.shape):
            if mine not in (None, 1) and shape[extra + axis] is not None and mine != shape[extra + axis]:
                raise ValueError(
                    message(f"alloc: axis {axis} of the value has size {mine}, not {shape[extra + axis]}", here()[0])
                )
        return Apply(self, [value, *variables], [TensorVariable(TensorType(value.type.dtype, None, shape))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        value, *sizes = inputs
        shape = tuple(int(size) for size in sizes)
        if any(size < 0 for size in shape):
            raise ValueError(message(f"alloc: a size can't be negative, got {shape}", node.where))
        declared = node.inputs[0].type.shape
        for axis, (static, mine, its) in enumerate(zip(declared, np.shape(value), shape[len(shape) - len(declared) :])):
            if static != 1 and mine != its:
                raise ValueError(message(f"alloc: axis {axis} of the value has size {mine}, not {its}", node.where))
        output_storage[0][0] = np.array(np.broadcast_to(value, shape), order="C")

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        return [output_grads[0], *[None] * (len(inputs) - 1)]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], *[[False] for _ in node.inputs[1:]]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(known if (known := known_size(size)) is not None else size for size in node.inputs[1:])]


@public
def alloc(value: Any, *shape: Any) -> Any:
    """A tensor of the given sizes with `value` in each element; a value with dimensions stretches.

    Args:
        value: a scalar, or a tensor aligned at the last dimension.
        shape: the sizes, ints or integer scalars.

    Raises:
        ValueError: the value does not stretch to the sizes, or one is negative.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.alloc(1.5, 2, T.lscalar("n")).type
        TensorType(float32, (2, ?))
    """
    if len(shape) == 1 and isinstance(shape[0], (list, tuple)):
        shape = tuple(shape[0])
    return Alloc()(value, *shape)


def _filled(value: int, shape: Any, dtype: Any, what: str) -> Any:
    element = constant(np.asarray(value, dtype=as_dtype(dtype or "floatX")))
    sizes = as_sizes(shape, what)
    if not isinstance(sizes, list):
        length = call("get_vector_length", sizes)
        sizes = [call("getitem", sizes, k) for k in range(length)]
    return Alloc()(element, *sizes)


@public
def zeros(shape: Any, dtype: Any = None) -> Any:
    """Zeros.

    Args:
        shape: an int, a list of ints and integer scalars, or an integer vector of known length.
        dtype: element type, by default floatX.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.zeros((2, 3)).type
        TensorType(float64, (2, 3))
    """
    return _filled(0, shape, dtype, "zeros")


@public
def ones(shape: Any, dtype: Any = None) -> Any:
    """Ones; see `zeros`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.ones(3, dtype="int32").type
        TensorType(int32, (3,))
    """
    return _filled(1, shape, dtype, "ones")


def _filled_like(value: int, x: Any, dtype: Any) -> Any:
    x = as_tensor_variable(x)
    element = constant(np.asarray(value, dtype=x.type.dtype if dtype is None else as_dtype(dtype)))
    return element if len(x.type.shape) == 0 else call("fill", x, element)


@public
def zeros_like(model: Any, dtype: Any = None, opt: bool = False) -> Any:
    """Zeros in the shape of `model`, of its element type or `dtype`.

    Args:
        model: a tensor.
        dtype: another element type.
        opt: accepted for old programs.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.zeros_like(T.fmatrix("m")).type
        TensorType(float32, matrix)
    """
    return _filled_like(0, model, dtype)


@public
def ones_like(model: Any, dtype: Any = None, opt: bool = False) -> Any:
    """Ones in the shape of `model`, of its element type or `dtype`.

    Args:
        model: a tensor.
        dtype: another element type.
        opt: accepted for old programs.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.ones_like(T.fmatrix("m"), dtype="int8").type
        TensorType(int8, matrix)
    """
    return _filled_like(1, model, dtype)


class ARange(Op):
    """Numbers from a start up to a stop (exclusive) in equal steps.

    Args:
        dtype: element type of the result; inputs are start, stop and step of this type.

    Example:
        >>> import interactive_sym.tensor as T
        >>> node = T.arange(0, 6, T.lscalar("step")).owner
        >>> node.op == ARange("int64"), node.inputs
        (True, (TensorConstant{0}, TensorConstant{6}, step))
    """

    __props__ = ("dtype",)
    family = "create"
    name = "arange"
    gradient_stops = "a range: its length does not vary smoothly"

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    def make_node(self, start: Any, stop: Any, step: Any) -> Apply:
        operands = [_of_dtype(x, self.dtype) for x in (start, stop, step)]
        if any(len(x.type.shape) for x in operands):
            raise TypeError(message("arange wants scalars", here()[0], [(str(x), x.type) for x in operands]))
        length = None
        if all(isinstance(x, Constant) for x in operands):
            length = len(self._values([x.data for x in operands], here()[0]))
        return Apply(self, operands, [TensorVariable(TensorType(self.dtype, None, (length,)))])

    def _values(self, operands: Sequence[Any], where: Where) -> Any:
        start, stop, step = operands
        if step == 0:
            raise ValueError(message("arange: the step can't be 0", where))
        return np.arange(start.item(), stop.item(), step.item(), dtype=self.dtype)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        output_storage[0][0] = self._values([np.asarray(x) for x in inputs], node.where)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        """With r = start + k step: the sum of the cotangent for the start, its sum weighted by k for the step."""
        g: Any = output_grads[0]
        if self.dtype in DISCRETE:
            return [None, None, None]
        positions = call("arange", call("getitem", call("shape", g), 0), dtype="int64")
        return [call("sum", g), None, call("sum", g * call("cast", positions, self.dtype))]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [False], [True]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        static = node.outputs[0].type.shape[0]
        if static is not None:
            return [(static,)]
        start, stop, step = node.inputs
        if self.dtype in CONTINUOUS:
            length = call("ceil", (stop - start) / step)  # type: ignore[operator]
        elif isinstance(step, Constant) and int(step.data) == 1:
            length = stop - start if not (isinstance(start, Constant) and int(start.data) == 0) else stop  # type: ignore[operator]
        else:
            length = -call("int_div", start - stop, step)  # type: ignore[operator]
        return [(call("maximum", call("cast", length, "int64"), constant(0, dtype="int64")),)]


def _range_dtype(operands: Sequence[Any]) -> str:
    """Element type of a range: constants only count where they don't fit that of the others."""
    common = upcast(*[x.type.dtype for x in operands])
    free = [x.type.dtype for x in operands if not isinstance(x, Constant)]
    if common in DISCRETE:
        unsigned = free and all(dtype.startswith("uint") for dtype in free)
        natural = all(x.data >= 0 for x in operands if isinstance(x, Constant))
        return "uint64" if unsigned and natural else "int64"
    if common == "float32" and "float32" not in free and config.floatX == "float64":
        return "float64"
    return common


@public
def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    """The numbers start, start + step, ... up to but without stop: a vector.

    Args:
        start: the first number; the stop, where only one argument is given (then the start is 0).
        stop: where to end, exclusive.
        step: may be negative, not 0.
        dtype: element type; by default int64 (uint64) for integers, else the common float type.

    Raises:
        ValueError: the step is 0.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.arange(3).type, T.arange(0.0, T.dscalar("end"), 0.5).type
        (TensorType(int64, (3,)), TensorType(float64, vector))
    """
    if stop is None:
        start, stop = 0, start
    operands = [as_tensor_variable(x) for x in (start, stop, step)]
    if dtype is None:
        common = _range_dtype(operands)
        dtype = common
    return ARange(as_dtype(dtype))(*operands)


class Eye(Op):
    """Ones on a diagonal, zeros elsewhere.

    Example:
        >>> Eye("int8")(2, 3, 1).eval()
        array([[0, 1, 0],
               [0, 0, 1]], dtype=int8)
    """

    __props__ = ("dtype",)
    family = "create"
    name = "eye"

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    def make_node(self, n: Any, m: Any, k: Any) -> Apply:
        n, m = _size_inputs((n, m), "eye")
        return Apply(
            self,
            [n, m, as_size(k, "eye")],
            [TensorVariable(TensorType(self.dtype, None, (known_size(n), known_size(m))))],
        )

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        n, m, k = (int(x) for x in inputs)
        if n < 0 or m < 0:
            raise ValueError(message(f"eye: a size can't be negative, got {(n, m)}", node.where))
        output_storage[0][0] = np.eye(n, m, k, dtype=self.dtype)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        return [None, None, None]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False], [False], [False]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(known if (known := known_size(size)) is not None else size for size in node.inputs[:2])]


@public
def eye(n: Any, m: Any = None, k: Any = 0, dtype: Any = None) -> Any:
    """A matrix `(n, m)` with ones on diagonal `k` and zeros elsewhere.

    Args:
        n: rows.
        m: columns, by default `n`.
        k: 0 is the main diagonal, positive ones lie above it.
        dtype: element type, by default floatX.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.eye(2, 3).type
        TensorType(float64, (2, 3))
    """
    return Eye(as_dtype(dtype or "floatX"))(n, n if m is None else m, k)


@public
def identity_like(x: Any) -> Any:
    """The unit matrix in the shape and element type of the matrix `x`.

    Raises:
        TypeError: `x` is no matrix.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.identity_like(T.fmatrix("m")).type
        TensorType(float32, matrix)
    """
    x = as_tensor_variable(x)
    if len(x.type.shape) != 2:
        raise TypeError(message(f"identity_like wants a matrix, got {x.type}", here()[0]))
    rows, columns = sizes_of(x)
    return eye(rows, columns, dtype=x.type.dtype)


@public
def tri(N: Any, M: Any = None, k: int = 0, dtype: Any = None) -> Any:
    """A matrix `(N, M)` with ones on and below diagonal `k`, zeros above it.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.tri(3, dtype="int8").type
        TensorType(int8, (3, 3))
    """
    rows = call("dimshuffle", arange(N), (0, "x"))
    columns = call("dimshuffle", arange(N if M is None else M), ("x", 0))
    return call("cast", call("ge", rows + k, columns), as_dtype(dtype or "floatX"))


@public
def tril(m: Any, k: int = 0) -> Any:
    """The matrix `m` with zeros above diagonal `k`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.tril(T.dmatrix("m")).type
        TensorType(float64, matrix)
    """
    m = as_tensor_variable(m)
    rows, columns = sizes_of(m)
    return m * tri(rows, columns, k, m.type.dtype)


@public
def triu(m: Any, k: int = 0) -> Any:
    """The matrix `m` with zeros below diagonal `k`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.triu(T.dmatrix("m")).type
        TensorType(float64, matrix)
    """
    m = as_tensor_variable(m)
    rows, columns = sizes_of(m)
    return m * (constant(1, dtype=m.type.dtype) - tri(rows, columns, k - 1, m.type.dtype))
