"""Pooling: one number for each window of the last axes of a tensor (floor B).

Window p of an axis starts at element `p * stride - pad` and has `ws` elements. `max` takes the largest of the window's
elements that are in the tensor, `sum` and `average_exc_pad` count only these, `average_inc_pad` divides by the number
of elements of the window with the padding (but never beyond the padding).

With `ignore_border` only windows that lie wholly in the padded tensor count. Without it there are as many as it takes
to see every element that any window can see, the last one cut off at the end: the smaller of
`ceil((n - ws) / stride) + 1` and `ceil(n / stride)`.

Every element tied for the largest of its window gets the window's full cotangent, as with `max`.

In C (`runtime/pool.h`) over up to three axes. Read next: `tensor.signal.pool`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..constants import as_tensor_variable, constant
from ..errors import message
from ..graph import Apply, Constant, Variable
from ..op import Op, call
from ..source import here
from ..types import COMPLEXES, FLOATS, TensorType
from ..variable import TensorVariable
from .convolution import plain
from .elementwise import C_TYPES
from .library import LibraryCall
from .shape import known_sizes, sizes_of

Array = np.ndarray[Any, Any]
Size = int | None

MODES = ("max", "sum", "average_inc_pad", "average_exc_pad")

_ERRORS = (
    "pooling: windows and strides have 1 element or more, and the padding is 0 or more and less than the window",
    "pooling: padding wants ignore_border=True",
    "pooling: the pooled tensor does not have the size that windows and strides give",
)


def window_count(ignore_border: bool, size: int, ws: int, stride: int, pad: int) -> int:
    """The number of windows along an axis.

    Example:
        >>> window_count(True, 5, 2, 2, 0), window_count(False, 5, 2, 2, 0)
        (2, 3)
    """
    if ignore_border:
        return max(0, (size + 2 * pad - ws) // stride + 1)
    return min(-(-max(size - ws, 0) // stride) + 1, -(-size // stride))


def _symbolic_count(ignore_border: bool, size: Any, ws: Any, stride: Any, pad: Any) -> Any:
    """The same of int64 scalars."""
    if ignore_border:
        return call("maximum", (size + 2 * pad - ws) // stride + 1, 0)
    rest = call("maximum", size - ws, 0)
    return call("minimum", (rest + stride - 1) // stride + 1, (size + stride - 1) // stride)


class _Pooling(Op):
    """What pooling and its derivatives have alike.

    Inputs are some tensors, the first of which is what is pooled, then int64 vectors of window sizes, strides and
    paddings, one entry for each pooled axis.

    Args:
        mode: one of `MODES`.
        ignore_border: whether windows that reach over the border are left out.
        pooled: how many of the last axes are pooled, 1 to 3.
        ndim: the number of dimensions of the tensors.
        dtype: their element type.
    """

    __props__ = ("mode", "ignore_border", "pooled", "ndim", "dtype")
    family = "reduce"
    function = ""
    #: For each tensor operand whether it has one element per window (else it is shaped like what is pooled).
    per_window: tuple[bool, ...] = (False,)
    #: The same of the result.
    result_per_window = True

    def __init__(self, mode: str, ignore_border: bool, pooled: int, ndim: int, dtype: str) -> None:
        self.mode = mode
        self.ignore_border = ignore_border
        self.pooled = pooled
        self.ndim = ndim
        self.dtype = dtype

    def __str__(self) -> str:
        return f"{self.name}{{{self.mode}{'' if self.ignore_border else ', with border'}}}"

    def _with(self, other: "type[_Pooling]") -> "_Pooling":
        return other(self.mode, self.ignore_border, self.pooled, self.ndim, self.dtype)

    @property
    def library_c(self) -> LibraryCall:
        """The call of a function of `pool.h`, with the product of the leading sizes and the pooled sizes."""
        border = "inside" if self.ignore_border else "border"
        made = f"{self.function}_{self.mode}_{border}_{self.pooled}_of_{self.ndim}_{self.dtype}"
        names = "xyz"[: len(self.per_window)]
        sizes = [f"d{k}" for k in range(self.pooled)]
        element = C_TYPES[self.dtype]
        declared = [f"const {element} *{name}, int64_t {name}n" for name in names]
        declared += [f"const int64_t *{name}, int64_t {name}n" for name in ("ws", "stride", "pad")]
        declared += [f"{element} *out, int64_t outn, int64_t rows", *(f"int64_t {size}" for size in sizes)]
        unused = " ".join(f"(void){name}n;" for name in (*names, "ws", "stride", "pad", "out"))
        expected = "outn" if self.result_per_window else f"{names[self.per_window.index(True)]}n"
        definition = (
            f"#ifndef ISYM_POOL_{self.dtype}\n"
            f"#define ISYM_POOL_{self.dtype}\n"
            f"#define ISYM_POOL_T {element}\n"
            f"#define ISYM_POOL_NAME(name) name##_{self.dtype}\n"
            f'#include "pool_typed.h"\n'
            "#endif\n"
            f"static int {made}({', '.join(declared)})\n"
            "{\n"
            f"  isym_pool_form form = {{{MODES.index(self.mode)}, {int(self.ignore_border)}, {self.pooled}}};\n"
            f"  {unused}\n"
            f"  const int64_t sizes[] = {{{', '.join(sizes)}}};\n"
            f"  const int wrong = isym_pool_measure(&form, sizes, ws, stride, pad, rows, {expected});\n"
            "  if (wrong) return wrong;\n"
            f"  {self.function}_{self.dtype}(&form, rows, {', '.join(names)}, out);\n"
            "  return 0;\n"
            "}\n"
        )
        first = self.ndim - self.pooled
        places = [(0, 0, first), *((0, axis, axis + 1) for axis in range(first, self.ndim))]
        return LibraryCall("pool.h", made, _ERRORS, tuple(places), definition)

    def make_node(self, *inputs: Any) -> Apply:
        count = len(self.per_window)
        tensors = [as_tensor_variable(x) for x in inputs[:count]]
        for x in tensors:
            if len(x.type.shape) != self.ndim or x.type.dtype != self.dtype or self.dtype in (*COMPLEXES, "bool"):
                wanted = f"{self.ndim} dimensions of {self.dtype}"
                raise TypeError(message(f"{self.name} wants {wanted}, got {x} of {x.type}", here()[0]))
        if self.mode.startswith("average") and self.dtype not in FLOATS:
            raise TypeError(message(f"{self.name}: an average is of floats, got {self.dtype}", here()[0]))
        numbers = [self._vector(x, what) for x, what in zip(inputs[count:], ("ws", "stride", "pad"), strict=True)]
        x = tensors[0]
        known = [known_sizes(v) or [None] * self.pooled for v in numbers]
        self._check(known, x, here()[0])
        windows = self._static_windows(x.type.shape, known)
        for tensor, per_window in zip(tensors, self.per_window, strict=True):
            self._same(windows if per_window else x.type.shape, tensor.type.shape, tensor, here()[0])
        shape = windows if self.result_per_window else x.type.shape
        return Apply(self, [*tensors, *numbers], [TensorVariable(TensorType(self.dtype, None, shape))])

    def _vector(self, x: Any, what: str) -> Any:
        v = as_tensor_variable(x)
        if (
            len(v.type.shape) != 1
            or v.type.dtype in (*FLOATS, *COMPLEXES)
            or v.type.shape[0] not in (None, self.pooled)
        ):
            raise TypeError(message(f"{self.name}: {what} wants {self.pooled} integers, got {v.type}", here()[0]))
        return constant(v.data.astype("int64")) if isinstance(v, Constant) else call("cast", v, "int64")

    def _static_windows(self, shape: Sequence[Size], known: Sequence[Sequence[Size]]) -> list[Size]:
        first = self.ndim - self.pooled
        sizes = list(shape[:first])
        for size, *numbers in zip(shape[first:], *known, strict=True):
            unknown = size is None or None in numbers
            sizes.append(None if unknown else window_count(self.ignore_border, size, *numbers))
        return sizes

    def _check(self, known: Sequence[Sequence[Size]], x: Any, where: Any) -> None:
        for ws, stride, pad in zip(*known, strict=True):
            if (ws is not None and ws < 1) or (stride is not None and stride < 1):
                raise ValueError(message(f"{self.name}: windows of {ws} elements, {stride} apart", where))
            if pad is not None and (pad < 0 or (ws is not None and pad >= ws)):
                raise ValueError(message(f"{self.name}: a padding of {pad} for windows of {ws} elements", where))
            if pad and not self.ignore_border:
                raise ValueError(
                    message(f"{self.name}: padding wants ignore_border=True", where, cure="ignore_border=True")
                )

    def _same(self, wanted: Sequence[Size], found: Sequence[Size], x: Any, where: Any) -> None:
        if any(a != b for a, b in zip(wanted, found, strict=True) if a is not None and b is not None):
            shapes = [str(tuple("?" if n is None else n for n in sizes)) for sizes in (found, wanted)]
            row = (str(x)[:30], x.type.dtype, shapes[0])
            raise ValueError(message(f"{self.name}: {shapes[1]} is wanted of an operand", where, [row]))

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[position < len(self.per_window)] for position in range(len(node.inputs))]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        sizes = [plain(size) for size in sizes_of(node.inputs[0])]
        if self.result_per_window:
            first = self.ndim - self.pooled
            for axis in range(first, self.ndim):
                static = node.outputs[0].type.shape[axis]
                numbers = [
                    constant(v.data[axis - first]) if isinstance(v, Constant) else call("getitem", v, axis - first)
                    for v in node.inputs[-3:]
                ]
                sizes[axis] = (
                    _symbolic_count(self.ignore_border, as_tensor_variable(sizes[axis]), *numbers)
                    if static is None
                    else static
                )
        return [tuple(sizes)]

    # -- the reference, with NumPy ------------------------------------------------------------------------------------

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        count = len(self.per_window)
        tensors, numbers = inputs[:count], [[int(n) for n in v] for v in inputs[count:]]
        if any(len(v) != self.pooled for v in numbers):
            raise ValueError(message(f"{self.name}: windows, strides and padding of {self.pooled} axes", node.where))
        self._check(numbers, node.inputs[0], node.where)
        shape = tensors[0].shape
        windows = self._static_windows(shape, numbers)
        for variable, x, per_window in zip(node.inputs, tensors, self.per_window):
            self._same(windows if per_window else shape, x.shape, variable, node.where)
        with np.errstate(all="ignore"):
            result = self._compute(tensors, tuple(map(int, windows)), numbers)  # type: ignore[arg-type]
        output_storage[0][0] = np.ascontiguousarray(result, dtype=self.dtype)

    def _compute(self, tensors: Sequence[Array], windows: tuple[int, ...], numbers: Sequence[Sequence[int]]) -> Array:
        raise TypeError(f"{self.name} does not compute")

    def _taps(
        self, shape: Sequence[int], windows: Sequence[int], numbers: Sequence[Sequence[int]]
    ) -> Iterator[tuple[Any, Any]]:
        """For each place in a window: which elements windows see there, and which windows these are."""
        for tap in np.ndindex(*numbers[0]):
            elements: list[Any] = [Ellipsis]
            seen: list[Any] = [Ellipsis]
            for t, stride, pad, size, count in zip(
                tap, numbers[1], numbers[2], shape[-self.pooled :], windows[-self.pooled :], strict=True
            ):
                start = t - pad
                first = min(count, -(start // stride) if start < 0 else 0)
                stop = max(first, min(count, (size - 1 - start) // stride + 1))
                seen.append(slice(first, stop))
                low = start + first * stride
                elements.append(slice(low, low + (stop - first - 1) * stride + 1, stride) if stop > first else slice(0))
            yield tuple(elements), tuple(seen)

    def _counts(self, shape: Sequence[int], windows: Sequence[int], numbers: Sequence[Sequence[int]]) -> Array:
        """What each window is divided by."""
        total = np.ones((), dtype=self.dtype)
        for ws, stride, pad, size, count in zip(*numbers, shape[-self.pooled :], windows[-self.pooled :], strict=True):
            start = np.arange(count) * stride - pad
            if self.mode == "average_inc_pad":
                length = np.minimum(start + ws, size + pad) - start
            else:
                length = np.minimum(start + ws, size) - np.maximum(start, 0)
            total = total[..., None] * length.astype(self.dtype)
        return total


class Pool(_Pooling):
    """One number for each window of the last axes: `(*rows, *sizes) -> (*rows, *windows)`."""

    name = "pool"
    function = "isym_pool"

    def _compute(self, tensors: Sequence[Array], windows: tuple[int, ...], numbers: Sequence[Sequence[int]]) -> Array:
        (x,) = tensors
        out = np.full(windows, _lowest(self.dtype) if self.mode == "max" else 0, dtype=self.dtype)
        for elements, seen in self._taps(x.shape, windows, numbers):
            if self.mode == "max":
                out[seen] = np.maximum(out[seen], x[elements])
            else:
                out[seen] += x[elements]
        return out / self._counts(x.shape, windows, numbers) if self.mode.startswith("average") else out

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        x, *numbers = inputs
        if self.mode == "max":
            return [self._with(MaxPoolGrad)(x, self(*inputs), output_grads[0], *numbers), None, None, None]
        return [self._with(AveragePoolGrad)(x, output_grads[0], *numbers), None, None, None]


class MaxPoolGrad(_Pooling):
    """The cotangent of what is pooled, from itself, the largest elements, and their cotangents."""

    name = "max_pool_grad"
    function = "isym_max_pool_grad"
    per_window = (False, True, True)
    result_per_window = False

    def _compute(self, tensors: Sequence[Array], windows: tuple[int, ...], numbers: Sequence[Sequence[int]]) -> Array:
        x, y, g = tensors
        out = np.zeros_like(x)
        for elements, seen in self._taps(x.shape, windows, numbers):
            out[elements] += np.where(x[elements] == y[seen], g[seen], 0)
        return out

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        x, y, _, *numbers = inputs
        back = self._with(MaxPoolTangent)(x, y, output_grads[0], *numbers)
        return [call("zeros_like", x), call("zeros_like", y), back, None, None, None]


class MaxPoolTangent(_Pooling):
    """For each window the sum of a tensor's elements where another's are largest."""

    name = "max_pool_tangent"
    function = "isym_max_pool_tangent"
    per_window = (False, True, False)

    def _compute(self, tensors: Sequence[Array], windows: tuple[int, ...], numbers: Sequence[Sequence[int]]) -> Array:
        x, y, t = tensors
        out = np.zeros(windows, dtype=self.dtype)
        for elements, seen in self._taps(x.shape, windows, numbers):
            out[seen] += np.where(x[elements] == y[seen], t[elements], 0)
        return out

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        x, y, _, *numbers = inputs
        back = self._with(MaxPoolGrad)(x, y, output_grads[0], *numbers)
        return [call("zeros_like", x), call("zeros_like", y), back, None, None, None]


class AveragePoolGrad(_Pooling):
    """The cotangent of what is summed or averaged, of which only the sizes matter, from that of the windows."""

    name = "average_pool_grad"
    function = "isym_average_pool_grad"
    per_window = (False, True)
    result_per_window = False

    def _compute(self, tensors: Sequence[Array], windows: tuple[int, ...], numbers: Sequence[Sequence[int]]) -> Array:
        x, g = tensors
        share = g / self._counts(x.shape, windows, numbers) if self.mode.startswith("average") else g
        out = np.zeros_like(x)
        for elements, seen in self._taps(x.shape, windows, numbers):
            out[elements] += share[seen]
        return out

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        x, _, *numbers = inputs
        return [call("zeros_like", x), self._with(Pool)(output_grads[0], *numbers), None, None, None]


def _lowest(dtype: str) -> Any:
    if dtype in FLOATS:
        return -np.inf
    return False if dtype == "bool" else np.iinfo(dtype).min
