"""Fourier transforms of real signals (floor B).

A complex number is a pair (real, imaginary) in a last axis of size 2, so that every value is real and differentiates as
such. The first axis counts signals; the transform runs over all others.

Read next: `interactive_sym.tensor.fft`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..constants import as_tensor_variable, constant
from ..errors import message
from ..graph import Apply, Variable
from ..op import Op, call, public
from ..source import here
from ..types import FLOATS, TensorType, as_dtype
from ..variable import TensorVariable
from .shape import known_size

_REASON = "NumPy's Fourier transform"


class RFFT(Op):
    """The transform of real signals, not scaled: `(b, n1, ..., n)` to `(b, n1, ..., n//2 + 1, 2)`."""

    family = "linalg"
    name = "rfft"
    python_only = _REASON

    def make_node(self, x: Any) -> Apply:
        x = as_tensor_variable(x)
        if len(x.type.shape) < 2 or x.type.dtype not in FLOATS:
            raise TypeError(
                message(f"rfft wants real floats, the first axis counting signals, got {x.type}", here()[0])
            )
        *rest, n = x.type.shape
        return Apply(
            self, [x], [TensorVariable(TensorType(x.type.dtype, None, (*rest, None if n is None else n // 2 + 1, 2)))]
        )

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        (x,) = inputs
        if 0 in x.shape[1:]:
            raise ValueError(message(f"rfft: a signal of shape {x.shape[1:]} has no elements", node.where))
        found = np.fft.rfftn(x, axes=tuple(range(1, x.ndim)))
        output_storage[0][0] = np.stack([found.real, found.imag], axis=-1).astype(x.dtype)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        """The adjoint: the unscaled inverse transform of g, in which frequencies that count twice are halved."""
        n = call("shape_i", inputs[0], len(inputs[0].type.shape) - 1)
        g: Any = output_grads[0]
        return [IRFFT()(g * _weights(n, g, 0.5), n)]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        *rest, n = input_shapes[0]
        half = n // 2 + 1 if isinstance(n, int) else call("add", call("int_div", n, constant(2, dtype="int64")), 1)
        return [(*rest, half, 2)]


class IRFFT(Op):
    """Real signals from their transform, not scaled: `(b, n1, ..., m, 2)` to `(b, n1, ..., n)`; n is an input."""

    family = "linalg"
    name = "irfft"
    python_only = _REASON

    def make_node(self, x: Any, n: Any) -> Apply:
        x, n = as_tensor_variable(x), as_tensor_variable(n)
        if len(x.type.shape) < 3 or x.type.dtype not in FLOATS or x.type.shape[-1] not in (None, 2):
            raise TypeError(
                message(f"irfft wants pairs of real floats in a last axis of size 2, got {x.type}", here()[0])
            )
        n = call("cast", n, "int64")
        shape = (*x.type.shape[:-2], known_size(n))
        return Apply(self, [x, n], [TensorVariable(TensorType(x.type.dtype, None, shape))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, n = inputs
        if x.shape[-1] != 2:
            raise ValueError(message(f"irfft wants a last axis of size 2, got shape {x.shape}", node.where))
        sizes = (*x.shape[1:-2], int(n))
        if 0 in x.shape[1:] or n < 1:
            raise ValueError(message(f"irfft: a transform of shape {x.shape[1:-1]} gives no signal", node.where))
        whole = x[..., 0] + 1j * x[..., 1].astype(np.result_type(x.dtype, "complex64"))
        found = np.fft.irfftn(whole, s=sizes, axes=tuple(range(1, len(sizes) + 1)), norm="forward")
        output_storage[0][0] = found.astype(x.dtype)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        """The adjoint: the transform of g, in which frequencies that count twice are doubled."""
        made: Any = RFFT()(output_grads[0])
        return [made * _weights(inputs[1], made, 2.0), None]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [False]]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        size = known_size(node.inputs[1])
        return [(*input_shapes[0][:-2], node.inputs[1] if size is None else size)]


def _weights(n: Any, like: Any, middle: float) -> Any:
    """1 for frequency 0 and, where n is even, for n/2, else `middle`; along the last but one axis of `like`."""
    ndim = len(like.type.shape)
    k = call("arange", call("shape_i", like, ndim - 2))
    once = call("or", call("eq", k, 0), call("eq", k * 2, n))
    dtype = like.type.dtype
    weights = call("switch", once, np.asarray(1.0, dtype), np.asarray(middle, dtype))
    return call("dimshuffle", weights, (*["x"] * (ndim - 2), 0, "x"))


def _scaled(x: Any, sizes: Sequence[Any], norm: str | None, inverse: bool, what: str) -> Any:
    if norm not in (None, "ortho", "no_norm"):
        raise ValueError(message(f"{what}: norm is None, 'ortho' or 'no_norm', not {norm!r}", here()[0]))
    if norm == "no_norm" or (norm is None and not inverse):
        return x
    total: Any = call("mul", *sizes) if len(sizes) > 1 else sizes[0]
    total = call("cast", total, x.type.dtype)
    return x / (total if norm is None else call("sqrt", total))


def _floats(x: Any) -> Any:
    x = as_tensor_variable(x)
    if x.type.dtype.startswith("complex"):
        raise TypeError(message(f"complex numbers are pairs of reals here, got {x.type}", here()[0]))
    return x if x.type.dtype in FLOATS else call("cast", x, as_dtype("floatX"))


@public
def rfft(inp: Any, norm: str | None = None) -> Any:
    """The discrete Fourier transform of real signals over all axes but the first.

    Args:
        inp: `(b, n1, ..., n)`, b signals; integers are taken as floatX.
        norm: None: not scaled; "ortho": divided by √(n1·…·n); "no_norm": not scaled.

    Returns:
        `(b, n1, ..., n//2 + 1, 2)`: frequencies that are not negative along the last transformed axis, as (real,
        imaginary) pairs.

    Raises:
        TypeError: complex input, or fewer than 2 dimensions.
        ValueError: another `norm`.

    Example:
        >>> from interactive_sym.tensor import fft
        >>> fft.rfft([[1.0, 0.0, 0.0, 0.0]]).eval().tolist()
        [[[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]]
    """
    inp = _floats(inp)
    ndim = len(inp.type.shape)
    sizes = [call("shape_i", inp, k) for k in range(1, ndim)]
    return _scaled(RFFT()(inp), sizes, norm, False, "rfft")


@public
def irfft(inp: Any, norm: str | None = None, is_odd: bool = False) -> Any:
    """The real signals of which `inp` is the Fourier transform, as `rfft` gives it.

    Args:
        inp: `(b, n1, ..., m, 2)`: (real, imaginary) pairs; integers are taken as floatX.
        norm: None: divided by n1·…·n; "ortho": by its square root; "no_norm": not scaled.
        is_odd: whether the signal's last size n is odd: n = 2·(m - 1) + is_odd.

    Returns:
        `(b, n1, ..., n)`.

    Raises:
        TypeError: complex input, fewer than 3 dimensions, or a last axis that is not of size 2.
        ValueError: another `norm` or `is_odd`.

    Example:
        >>> from interactive_sym.tensor import fft
        >>> fft.irfft(fft.rfft([[1.0, 2.0, 3.0]]), is_odd=True).eval().round(12).tolist()
        [[1.0, 2.0, 3.0]]
    """
    if is_odd not in (True, False):
        raise ValueError(message(f"irfft: is_odd is True or False, not {is_odd!r}", here()[0]))
    inp = _floats(inp)
    ndim = len(inp.type.shape)
    if ndim < 3:
        raise TypeError(message(f"irfft wants at least 3 dimensions, got {inp.type}", here()[0]))
    half = call("shape_i", inp, ndim - 2)
    known = inp.type.shape[-2]
    n = constant(2 * (known - 1) + int(is_odd), dtype="int64") if known is not None else (half - 1) * 2 + int(is_odd)
    sizes = [*(call("shape_i", inp, k) for k in range(1, ndim - 2)), n]
    return _scaled(IRFFT()(inp, n), sizes, norm, True, "irfft")
