"""Convolutions of stacks of images in two and three dimensions, and what is made of them.

    y[n, k, p] = Σ over c, t of  w[k, c, f - 1 - t] x[n, c, p stride - pad + t dilation]

Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016, explains padding, strides, dilation and
transposed convolution in pictures.

Read next: `core.ops.convolution`, `conv3d2d`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.configuration import config
from ...core.constants import as_tensor_variable, constant
from ...core.errors import message
from ...core.op import call
from ...core.ops.convolution import Border, Convolution, ConvolutionGradInputs, ConvolutionGradWeights, Form
from ...core.ops.linalg import tensordot
from ...core.ops.shape import known_size, size_of
from ...core.source import here
from ...core.types import COMPLEXES, DISCRETE, upcast

__all__ = [
    "bilinear_kernel_1D",
    "bilinear_kernel_2D",
    "bilinear_upsampling",
    "causal_conv1d",
    "conv2d",
    "conv2d_grad_wrt_inputs",
    "conv2d_grad_wrt_weights",
    "conv2d_transpose",
    "conv3d",
    "conv3d_grad_wrt_inputs",
    "conv3d_grad_wrt_weights",
    "frac_bilinear_upsampling",
    "get_conv_gradinputs_shape",
    "get_conv_gradweights_shape",
    "get_conv_output_shape",
    "separable_conv2d",
    "separable_conv3d",
]


# -- arguments ---------------------------------------------------------------------------------------------------------


def _numbers(value: Any, ndim: int, what: str, least: int = 1) -> tuple[int, ...]:
    """One int per axis, from one for all or a sequence."""
    numbers = [value] * ndim if isinstance(value, (int, np.integer)) else list(value)
    if len(numbers) != ndim or not all(isinstance(n, (int, np.integer)) and n >= least for n in numbers):
        raise ValueError(message(f"{what} wants {ndim} integers of {least} or more, got {value!r}", here()[0]))
    return tuple(int(n) for n in numbers)


def _border(border_mode: Any, ndim: int) -> Border:
    """What `border_mode` means: a word, or zeros before and after along each axis."""
    words = ("valid", "half", "full")
    if isinstance(border_mode, str):
        if border_mode not in words:
            raise ValueError(
                message(f"border_mode is 'valid', 'half', 'full', numbers or pairs, not {border_mode!r}", here()[0])
            )
        return border_mode
    entries = [border_mode] * ndim if isinstance(border_mode, (int, np.integer)) else list(border_mode)
    if len(entries) != ndim:
        raise ValueError(message(f"border_mode wants {ndim} entries, got {border_mode!r}", here()[0]))
    found: list[str | tuple[int, int]] = []
    for entry in entries:
        pair = (entry, entry) if isinstance(entry, (int, np.integer)) else entry
        if pair in words:
            found.append(pair)
        elif len(pair) == 2 and all(isinstance(n, (int, np.integer)) and n >= 0 for n in pair):
            found.append((int(pair[0]), int(pair[1])))
        else:
            raise ValueError(
                message(f"border_mode: paddings are integers of 0 or more, got {border_mode!r}", here()[0])
            )
    return tuple(found)


def _form(
    ndim: int, border_mode: Any, subsample: Any, filter_flip: Any, filter_dilation: Any, num_groups: Any, unshared: Any
) -> Form:
    if not isinstance(num_groups, (int, np.integer)) or num_groups < 1:
        raise ValueError(message(f"num_groups is an integer of 1 or more, not {num_groups!r}", here()[0]))
    return Form(
        _border(border_mode, ndim),
        _numbers(subsample, ndim, "subsample"),
        _numbers(filter_dilation, ndim, "filter_dilation"),
        bool(filter_flip),
        int(num_groups),
        bool(unshared),
    )


def _operands(x: Any, y: Any, what: str, dims: Sequence[int]) -> tuple[Any, Any, str]:
    """Two tensors of one float or complex type."""
    x, y = as_tensor_variable(x), as_tensor_variable(y)
    for v, ndim in zip((x, y), dims, strict=True):
        if len(v.type.shape) != ndim:
            raise TypeError(
                message(
                    f"{what} wants {ndim} dimensions, got {v} of {v.type}",
                    here()[0],
                    cure="x[None, None] adds a batch and a channel" if len(v.type.shape) == ndim - 2 else "",
                )
            )
    dtype = upcast(x.type.dtype, y.type.dtype)
    dtype = config.floatX if dtype in DISCRETE else dtype
    return call("cast", x, dtype), call("cast", y, dtype), dtype


def _by_parts(convolution: type[Any], form: Form, dtype: str, x: Any, y: Any, *sizes: Any) -> Any:
    """A convolution of two tensors; of complex ones by those of their real and imaginary parts."""
    if dtype not in COMPLEXES:
        return convolution(form, dtype)(x, y, *sizes)
    op = convolution(form, "float32" if dtype == "complex64" else "float64")
    (xr, xi), (yr, yi) = ((call("real", z), call("imag", z)) for z in (x, y))
    real = op(xr, yr, *sizes) - op(xi, yi, *sizes)
    return call("complex", real, op(xr, yi, *sizes) + op(xi, yr, *sizes))


def _promised(x: Any, shape: Any, what: str) -> Any:
    """x with the sizes of `shape` that are known; None and symbolic ones say nothing."""
    if shape is None or hasattr(shape, "owner"):
        return x
    sizes = [None if size is None else known_size(size) for size in shape]
    if len(sizes) != len(x.type.shape):
        raise ValueError(message(f"{what} wants {len(x.type.shape)} sizes, got {shape!r}", here()[0]))
    return x if all(size is None for size in sizes) else call("specify_shape", x, sizes)


def _last(shape: Any, count: int, what: str) -> list[Any]:
    """The last `count` entries of a shape: ints, int64 scalars, or a vector of sizes."""
    if hasattr(shape, "owner"):
        return [call("getitem", shape, k - count) for k in range(count)]
    sizes = list(shape)[-count:]
    if len(sizes) != count or any(size is None for size in sizes):
        raise ValueError(message(f"{what}: the last {count} sizes are wanted, got {shape!r}", here()[0]))
    return sizes


def _forward(
    ndim: int, x: Any, w: Any, x_shape: Any, w_shape: Any, border_mode: Any, subsample: Any, filter_flip: Any,
    dilation: Any, groups: Any, unshared: Any,
) -> Any:  # fmt: skip
    form = _form(ndim, border_mode, subsample, filter_flip, dilation, groups, unshared)
    x, w, dtype = _operands(x, w, f"conv{ndim}d", (2 + ndim, 2 + (2 if unshared else 1) * ndim))
    x, w = _promised(x, x_shape, "input_shape"), _promised(w, w_shape, "filter_shape")
    return _by_parts(Convolution, form, dtype, x, w)


def _wrt_inputs(
    ndim: int, g: Any, w: Any, x_shape: Any, w_shape: Any, border_mode: Any, subsample: Any, filter_flip: Any,
    dilation: Any, groups: Any, unshared: Any,
) -> Any:  # fmt: skip
    form = _form(ndim, border_mode, subsample, filter_flip, dilation, groups, unshared)
    dims = (2 + ndim, 2 + (2 if unshared else 1) * ndim)
    g, w, dtype = _operands(g, w, f"conv{ndim}d_grad_wrt_inputs", dims)
    w = _promised(w, w_shape, "filter_shape")
    x = _by_parts(ConvolutionGradInputs, form, dtype, w, g, *_last(x_shape, ndim, "input_shape"))
    return _promised(x, x_shape, "input_shape")


def _wrt_weights(
    ndim: int, x: Any, g: Any, w_shape: Any, x_shape: Any, border_mode: Any, subsample: Any, filter_flip: Any,
    dilation: Any, groups: Any, unshared: Any,
) -> Any:  # fmt: skip
    form = _form(ndim, border_mode, subsample, filter_flip, dilation, groups, unshared)
    x, g, dtype = _operands(x, g, f"conv{ndim}d_grad_wrt_weights", (2 + ndim, 2 + ndim))
    x = _promised(x, x_shape, "input_shape")
    w = _by_parts(ConvolutionGradWeights, form, dtype, x, g, *_last(w_shape, ndim, "filter_shape"))
    return _promised(w, w_shape, "filter_shape")


# -- two dimensions ----------------------------------------------------------------------------------------------------


def conv2d(
    input: Any,
    filters: Any,
    input_shape: Any = None,
    filter_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1),
    filter_flip: bool = True,
    image_shape: Any = None,
    filter_dilation: Any = (1, 1),
    num_groups: int = 1,
    unshared: bool = False,
) -> Any:
    """Stacks of images convolved with stacks of filters.

    Args:
        input: `(n, c, rows, columns)`.
        filters: `(k, c / num_groups, h, w)`; unshared `(k, out_rows, out_columns, c / num_groups, h, w)`.
        input_shape, filter_shape: what is known of their sizes, None for each that is not; checked when called.
        border_mode: how the images are padded with zeros: "valid" not at all, "half" with half a filter on each side
            (odd filters keep the size), "full" with all of a filter but one, a number for all sides, a tuple of one
            number for each axis, of pairs (before, after), or of words.
        subsample: the stride along each axis.
        filter_flip: mirror the filters (convolution); False is cross-correlation.
        image_shape: an older name of `input_shape`.
        filter_dilation: how far apart the elements of the filters are laid.
        num_groups: channels and filters in so many groups, each by itself.
        unshared: each output position has filters of its own.

    Returns:
        `(n, k, out_rows, out_columns)`, with `out = (size + padding - dilation (f - 1) - 1) // stride + 1`.

    Raises:
        TypeError: operands of other dimensions.
        ValueError: sizes that do not go together, at once where known, else when called.

    Example:
        >>> import numpy as np
        >>> import interactive_sym.tensor as T
        >>> image, edge = T.constant(np.arange(9.0).reshape(1, 1, 3, 3)), T.constant(np.array([[[[1.0, -1.0]]]]))
        >>> T.nnet.conv2d(image, edge).eval()[0, 0].tolist()
        [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]
    """
    if image_shape is not None and input_shape is not None:
        raise ValueError(message("conv2d: image_shape is an older name of input_shape; give one", here()[0]))
    shape = image_shape if input_shape is None else input_shape
    return _forward(
        2, input, filters, shape, filter_shape, border_mode, subsample, filter_flip, filter_dilation, num_groups,
        unshared,
    )  # fmt: skip


def conv2d_grad_wrt_inputs(
    output_grad: Any,
    filters: Any,
    input_shape: Any,
    filter_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1),
    filter_flip: bool = True,
    filter_dilation: Any = (1, 1),
    num_groups: int = 1,
    unshared: bool = False,
) -> Any:
    """The cotangent of the images of `conv2d` from that of its output.

    Args:
        output_grad: `(n, k, out_rows, out_columns)`.
        filters: as for `conv2d`.
        input_shape: the sizes of the images, of which the last two are needed: integers or integer scalars, or a
            vector.
        filter_shape, border_mode, subsample, filter_flip, filter_dilation, num_groups, unshared: as for `conv2d`.

    Returns:
        `(n, c, rows, columns)`.

    Raises:
        ValueError: sizes that do not go together.

    Example:
        >>> import interactive_sym.tensor as T
        >>> g, w = T.ftensor4("g"), T.ftensor4("w")
        >>> T.nnet.conv2d_grad_wrt_inputs(g, w, (None, 3, 8, 8)).type
        TensorType(float32, (?, 3, 8, 8))
    """
    return _wrt_inputs(
        2, output_grad, filters, input_shape, filter_shape, border_mode, subsample, filter_flip, filter_dilation,
        num_groups, unshared,
    )  # fmt: skip


def conv2d_grad_wrt_weights(
    input: Any,
    output_grad: Any,
    filter_shape: Any,
    input_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1),
    filter_flip: bool = True,
    filter_dilation: Any = (1, 1),
    num_groups: int = 1,
    unshared: bool = False,
) -> Any:
    """The cotangent of the filters of `conv2d` from that of its output.

    Args:
        input: the images `(n, c, rows, columns)`.
        output_grad: `(n, k, out_rows, out_columns)`.
        filter_shape: the sizes of the filters, of which the last two are needed: integers or integer scalars, or a
            vector.
        input_shape, border_mode, subsample, filter_flip, filter_dilation, num_groups, unshared: as for `conv2d`.

    Returns:
        Filters, shaped as for `conv2d`.

    Raises:
        ValueError: sizes that do not go together.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, g = T.ftensor4("x"), T.ftensor4("g")
        >>> T.nnet.conv2d_grad_wrt_weights(x, g, (16, 3, 5, 5)).type
        TensorType(float32, (16, 3, 5, 5))
    """
    return _wrt_weights(
        2, input, output_grad, filter_shape, input_shape, border_mode, subsample, filter_flip, filter_dilation,
        num_groups, unshared,
    )  # fmt: skip


def conv2d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    filter_shape: Any = None,
    border_mode: Any = "valid",
    input_dilation: Any = (1, 1),
    filter_flip: bool = True,
    filter_dilation: Any = (1, 1),
    num_groups: int = 1,
    unshared: bool = False,
) -> Any:
    """Transposed convolution: what takes the output of `conv2d` to images of its input's shape.

    Args:
        input: `(n, k, rows, columns)`.
        filters: `(k, c / num_groups, h, w)`, as for the `conv2d` it is the transpose of.
        output_shape: the sizes of the result, of which the last two are needed.
        input_dilation: the stride of that `conv2d`: how far apart elements of `input` are laid.
        filter_shape, border_mode, filter_flip, filter_dilation, num_groups, unshared: as for that `conv2d`.

    Returns:
        `(n, c, out_rows, out_columns)`.

    Example:
        >>> import numpy as np
        >>> import interactive_sym.tensor as T
        >>> small, ones = T.constant(np.array([[[[1.0, 2.0]]]])), T.constant(np.ones((1, 1, 1, 2)))
        >>> T.nnet.conv2d_transpose(small, ones, (1, 1, 1, 4), input_dilation=(1, 2)).eval()[0, 0].tolist()
        [[1.0, 1.0, 2.0, 2.0]]
    """
    return conv2d_grad_wrt_inputs(
        input, filters, output_shape, filter_shape, border_mode, input_dilation, filter_flip, filter_dilation,
        num_groups, unshared,
    )  # fmt: skip


def separable_conv2d(
    input: Any,
    depthwise_filters: Any,
    pointwise_filters: Any,
    num_channels: int,
    input_shape: Any = None,
    depthwise_filter_shape: Any = None,
    pointwise_filter_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1),
    filter_flip: bool = True,
    filter_dilation: Any = (1, 1),
) -> Any:
    """Each channel convolved by itself, then mixed at each position: few parameters.

    Chollet, "Xception: deep learning with depthwise separable convolutions", 2017.

    Args:
        input: `(n, c, rows, columns)`.
        depthwise_filters: `(m c, 1, h, w)`: m for each channel.
        pointwise_filters: `(k, m c, 1, 1)`.
        num_channels: c.
        input_shape, depthwise_filter_shape, pointwise_filter_shape: what is known of the sizes.
        border_mode, subsample, filter_flip, filter_dilation: of the first convolution, as for `conv2d`.

    Returns:
        `(n, k, out_rows, out_columns)`.

    Raises:
        TypeError, ValueError: as `conv2d`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, d, p = T.ftensor4("x"), T.ftensor4("d"), T.ftensor4("p")
        >>> T.nnet.separable_conv2d(x, d, p, 3).type
        TensorType(float32, tensor4)
    """
    each = conv2d(
        input, depthwise_filters, input_shape, depthwise_filter_shape, border_mode, subsample, filter_flip,
        filter_dilation=filter_dilation, num_groups=num_channels,
    )  # fmt: skip
    return conv2d(each, pointwise_filters, filter_shape=pointwise_filter_shape, filter_flip=filter_flip)


# -- three dimensions --------------------------------------------------------------------------------------------------


def conv3d(
    input: Any,
    filters: Any,
    input_shape: Any = None,
    filter_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1, 1),
    filter_flip: bool = True,
    filter_dilation: Any = (1, 1, 1),
    num_groups: int = 1,
) -> Any:
    """`conv2d` in three dimensions: `(n, c, depth, rows, columns)` with filters `(k, c / num_groups, d, h, w)`.

    Arguments, result and errors are those of `conv2d`, with a third axis.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, w = T.ftensor5("x"), T.ftensor5("w")
        >>> T.nnet.conv3d(x, w, (2, 1, 8, 8, 8), (4, 1, 3, 3, 3), subsample=(2, 2, 2)).type.shape
        (2, 4, 3, 3, 3)
    """
    return _forward(
        3, input, filters, input_shape, filter_shape, border_mode, subsample, filter_flip, filter_dilation, num_groups,
        False,
    )  # fmt: skip


def conv3d_grad_wrt_inputs(
    output_grad: Any,
    filters: Any,
    input_shape: Any,
    filter_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1, 1),
    filter_flip: bool = True,
    filter_dilation: Any = (1, 1, 1),
    num_groups: int = 1,
) -> Any:
    """The cotangent of the images of `conv3d` from that of its output; the last three of `input_shape` are needed.

    Args:
        output_grad, filters, input_shape: as for `conv2d_grad_wrt_inputs`, with a third axis; the last three of
            `input_shape` are needed.
        filter_shape, border_mode, subsample, filter_flip, filter_dilation, num_groups: as for `conv3d`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> g, w = T.ftensor5("g"), T.ftensor5("w")
        >>> T.nnet.conv3d_grad_wrt_inputs(g, w, (None, 1, 8, 8, 8)).type.shape
        (None, 1, 8, 8, 8)
    """
    return _wrt_inputs(
        3, output_grad, filters, input_shape, filter_shape, border_mode, subsample, filter_flip, filter_dilation,
        num_groups, False,
    )  # fmt: skip


def conv3d_grad_wrt_weights(
    input: Any,
    output_grad: Any,
    filter_shape: Any,
    input_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1, 1),
    filter_flip: bool = True,
    filter_dilation: Any = (1, 1, 1),
    num_groups: int = 1,
) -> Any:
    """The cotangent of the filters of `conv3d` from that of its output; the last three of `filter_shape` are needed.

    Args:
        input, output_grad, filter_shape: as for `conv2d_grad_wrt_weights`, with a third axis; the last three of
            `filter_shape` are needed.
        input_shape, border_mode, subsample, filter_flip, filter_dilation, num_groups: as for `conv3d`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, g = T.ftensor5("x"), T.ftensor5("g")
        >>> T.nnet.conv3d_grad_wrt_weights(x, g, (4, 1, 3, 3, 3)).type.shape
        (4, 1, 3, 3, 3)
    """
    return _wrt_weights(
        3, input, output_grad, filter_shape, input_shape, border_mode, subsample, filter_flip, filter_dilation,
        num_groups, False,
    )  # fmt: skip


def separable_conv3d(
    input: Any,
    depthwise_filters: Any,
    pointwise_filters: Any,
    num_channels: int,
    input_shape: Any = None,
    depthwise_filter_shape: Any = None,
    pointwise_filter_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1, 1),
    filter_flip: bool = True,
    filter_dilation: Any = (1, 1, 1),
) -> Any:
    """`separable_conv2d` in three dimensions.

    Args:
        input, depthwise_filters, pointwise_filters: with a third axis; all arguments are those of `separable_conv2d`.

    Example:
        >>> import interactive_sym.tensor as T
        >>> x, d, p = T.ftensor5("x"), T.ftensor5("d"), T.ftensor5("p")
        >>> T.nnet.abstract_conv.separable_conv3d(x, d, p, 3).ndim
        5
    """
    each = conv3d(
        input, depthwise_filters, input_shape, depthwise_filter_shape, border_mode, subsample, filter_flip,
        filter_dilation, num_channels,
    )  # fmt: skip
    return conv3d(each, pointwise_filters, filter_shape=pointwise_filter_shape, filter_flip=filter_flip)


# -- one dimension -----------------------------------------------------------------------------------------------------


def causal_conv1d(
    input: Any,
    filters: Any,
    filter_shape: Any,
    input_shape: Any = None,
    subsample: int = 1,
    filter_flip: bool = True,
    filter_dilation: int = 1,
    num_groups: int = 1,
    unshared: bool = False,
) -> Any:
    """Convolution along time in which no output sees what comes later: zeros are put before the first element.

    Args:
        input: `(n, c, time)`.
        filters: `(k, c / num_groups, width)`; unshared `(k, out, c / num_groups, width)`.
        filter_shape: the sizes of the filters, of which the last, an int, is needed.
        input_shape: what is known of the sizes of the input.
        subsample, filter_flip, filter_dilation, num_groups, unshared: as for `conv2d`, of one axis.

    Returns:
        `(n, k, out)`, as long as the input for a stride of 1.

    Raises:
        ValueError: the width of the filters is not given.

    Example:
        >>> import numpy as np
        >>> import interactive_sym.tensor as T
        >>> x, w = T.constant(np.array([[[1.0, 2.0, 3.0]]])), T.constant(np.array([[[1.0, 1.0]]]))
        >>> T.nnet.abstract_conv.causal_conv1d(x, w, (1, 1, 2)).eval().tolist()
        [[[1.0, 3.0, 5.0]]]
    """
    x, w = as_tensor_variable(input), as_tensor_variable(filters)
    width = known_size(_last(filter_shape, 1, "filter_shape")[0])
    if width is None:
        raise ValueError(message("causal_conv1d: the width of the filters is wanted as an int", here()[0]))
    x, w = _promised(x, input_shape, "input_shape"), _promised(w, filter_shape, "filter_shape")
    order: list[Any] = [0, "x", 1, 2, "x", 3] if unshared else [0, 1, "x", 2]
    border = ((0, 0), ((width - 1) * filter_dilation, 0))
    out = conv2d(
        call("dimshuffle", x, (0, 1, "x", 2)), call("dimshuffle", w, order), None, None, border, (1, subsample),
        filter_flip, filter_dilation=(1, filter_dilation), num_groups=num_groups, unshared=unshared,
    )  # fmt: skip
    return call("getitem", out, (slice(None), slice(None), 0))


# -- sizes -------------------------------------------------------------------------------------------------------------


def get_conv_output_shape(
    image_shape: Any, kernel_shape: Any, border_mode: Any, subsample: Any, filter_dilation: Any = None
) -> tuple[Any, ...]:
    """The shape of a convolution's output; None where a size is not known.

    Args:
        image_shape: `(n, c, *sizes)`: ints, None, or int64 scalars.
        kernel_shape: `(k, c, *sizes)`.
        border_mode, subsample, filter_dilation: as for `conv2d`.

    Example:
        >>> get_conv_output_shape((8, 3, 32, None), (16, 3, 5, 5), "half", (2, 2))
        (8, 16, 16, None)
    """
    form, image, kernel = _shaped(image_shape, kernel_shape, border_mode, subsample, filter_dilation)
    sizes = [
        None if size is None or f is None else form.output_size(axis, size, f)
        for axis, (size, f) in enumerate(zip(image, kernel, strict=True))
    ]
    return (image_shape[0], kernel_shape[0], *sizes)


def get_conv_gradweights_shape(
    image_shape: Any,
    top_shape: Any,
    border_mode: Any,
    subsample: Any,
    filter_dilation: Any = None,
    num_groups: int = 1,
    unshared: bool = False,
) -> tuple[Any, ...]:
    """The shape of the filters of a convolution, from those of its images and output, as far as it can be told.

    With a stride, or with padding given by the filters' own size ("half"), more than one size fits: None.

    Args:
        image_shape, top_shape: of the images `(n, c, *sizes)` and of the output `(n, k, *sizes)`.
        border_mode, subsample, filter_dilation, num_groups, unshared: as for `conv2d`.

    Example:
        >>> get_conv_gradweights_shape((8, 3, 32, 32), (8, 16, 28, 28), "valid", (1, 1))
        (16, 3, 5, 5)
    """
    form, image, top = _shaped(image_shape, top_shape, border_mode, subsample, filter_dilation)
    sizes: list[Any] = []
    for axis, (size, out) in enumerate(zip(image, top, strict=True)):
        if size is None or out is None or form.stride[axis] != 1 or form.border == "half":
            sizes.append(None)
        elif form.border == "full":
            sizes.append((out - size) // form.dilation[axis] + 1)
        else:
            sizes.append((size + sum(form.padding(axis, 1)) - out) // form.dilation[axis] + 1)
    channels = None if image_shape[1] is None else image_shape[1] // num_groups
    return (top_shape[1], *(top if unshared else ()), channels, *sizes)


def get_conv_gradinputs_shape(
    kernel_shape: Any,
    top_shape: Any,
    border_mode: Any,
    subsample: Any,
    filter_dilation: Any = None,
    num_groups: int = 1,
) -> tuple[Any, ...]:
    """The shape of the images of a convolution, from those of its filters and output; None where several fit.

    Args:
        kernel_shape, top_shape: of the filters `(k, c, *sizes)` and of the output `(n, k, *sizes)`.
        border_mode, subsample, filter_dilation, num_groups: as for `conv2d`.

    Example:
        >>> get_conv_gradinputs_shape((16, 3, 5, 5), (8, 16, 28, 28), "valid", (1, 1))
        (8, 3, 32, 32)
    """
    form, kernel, top = _shaped(kernel_shape, top_shape, border_mode, subsample, filter_dilation)
    sizes: list[Any] = []
    for axis, (f, out) in enumerate(zip(kernel, top, strict=True)):
        if f is None or out is None or form.stride[axis] != 1:
            sizes.append(None)
        else:
            sizes.append(out - 1 - sum(form.padding(axis, f)) + (f - 1) * form.dilation[axis] + 1)
    channels = None if kernel_shape[1] is None else kernel_shape[1] * num_groups
    return (top_shape[0], channels, *sizes)


def _shaped(
    first: Any, second: Any, border_mode: Any, subsample: Any, filter_dilation: Any
) -> tuple[Form, list[Any], list[Any]]:
    """The form of a convolution, and the last sizes of two shapes."""
    ndim = len(subsample)
    form = _form(ndim, border_mode, subsample, True, filter_dilation or (1,) * ndim, 1, False)
    return form, list(first)[-ndim:], list(second)[-ndim:]


# -- upsampling --------------------------------------------------------------------------------------------------------


def bilinear_kernel_1D(ratio: Any, normalize: bool = True) -> Any:
    """The weights of linear interpolation, `(2 ratio - 1,)`: from 1 / ratio up to 1 and down, over ratio if normalised.

    Example:
        >>> bilinear_kernel_1D(2, normalize=False).eval().tolist()
        [0.5, 1.0, 0.5]
    """
    ratio = as_tensor_variable(ratio)
    places = call("arange", 1, 2 * ratio)
    up = call("cast", ratio - abs(places - ratio), config.floatX) / call("cast", ratio, config.floatX)
    return up / call("cast", ratio, config.floatX) if normalize else up


def bilinear_kernel_2D(ratio: Any, normalize: bool = True) -> Any:
    """The outer product of two `bilinear_kernel_1D`.

    Args:
        ratio, normalize: as for `bilinear_kernel_1D`.

    Example:
        >>> bilinear_kernel_2D(2, normalize=False).eval().tolist()
        [[0.25, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 0.25]]
    """
    line = bilinear_kernel_1D(ratio, normalize)
    return call("outer", line, line)


def bilinear_upsampling(
    input: Any,
    ratio: Any = None,
    frac_ratio: Any = None,
    batch_size: Any = None,
    num_input_channels: Any = None,
    use_1D_kernel: bool = True,
) -> Any:
    """Images made larger, with linear interpolation along rows and columns.

    Element o of the result is taken at `(o - (ratio - 1) // 2) / ratio`, between two elements of the image; places over
    the border are taken at the border.

    Args:
        input: `(n, c, rows, columns)`.
        ratio: an integer: how many times larger. Or:
        frac_ratio: a fraction `(p, q)`, or one for each axis, `((p, q), (p, q))`: p / q times larger.
        batch_size, num_input_channels: what is known of the first two sizes.
        use_1D_kernel: has no influence: rows and columns are always interpolated one after the other.

    Returns:
        `(n, c, rows ratio, columns ratio)`.

    Raises:
        ValueError: not exactly one of `ratio` and `frac_ratio`.

    Example:
        >>> import numpy as np
        >>> import interactive_sym.tensor as T
        >>> image = T.constant(np.array([[[[0.0, 2.0]]]]))
        >>> T.nnet.abstract_conv.bilinear_upsampling(image, 2).eval()[0, 0].tolist()
        [[0.0, 1.0, 2.0, 2.0], [0.0, 1.0, 2.0, 2.0]]
    """
    if (ratio is None) == (frac_ratio is None):
        raise ValueError(message("bilinear_upsampling wants ratio or frac_ratio, one of them", here()[0]))
    x = _promised(as_tensor_variable(input), (batch_size, num_input_channels, None, None), "input")
    if frac_ratio is not None:
        return frac_bilinear_upsampling(x, frac_ratio)
    ratio = as_tensor_variable(ratio)
    return _interpolated(x, [(ratio, 1, (ratio - 1) // 2)] * 2)


def frac_bilinear_upsampling(input: Any, frac_ratio: Any) -> Any:
    """Images made p / q times larger, with linear interpolation along rows and columns.

    Element o of the result is taken at `(o q - (p - 1) // 2) / p`; the result has `ceil(size p / q)` elements.

    Args:
        input: `(n, c, rows, columns)`.
        frac_ratio: `(p, q)`, or one for each axis, `((p, q), (p, q))`.

    Raises:
        ValueError: `frac_ratio` is not one or two pairs of integers of 1 or more.

    Example:
        >>> import numpy as np
        >>> import interactive_sym.tensor as T
        >>> image = T.constant(np.arange(4.0).reshape(1, 1, 1, 4))
        >>> T.nnet.abstract_conv.frac_bilinear_upsampling(image, ((1, 1), (3, 2))).eval().round(3)[0, 0].tolist()
        [[0.0, 0.333, 1.0, 1.667, 2.333, 3.0]]
    """
    pairs = list(frac_ratio) if isinstance(frac_ratio[0], (tuple, list)) else [frac_ratio, frac_ratio]
    if len(pairs) != 2 or any(len(pair) != 2 or min(pair) < 1 for pair in pairs):
        raise ValueError(message(f"frac_bilinear_upsampling: not a ratio: {frac_ratio!r}", here()[0]))
    steps = []
    for p, q in pairs:
        common = int(np.gcd(p, q))
        p, q = p // common, q // common
        steps.append((p, q, (p - 1) // 2))
    return _interpolated(as_tensor_variable(input), steps)


def _interpolated(x: Any, steps: Sequence[tuple[Any, Any, Any]]) -> Any:
    """Images interpolated at `(o q - shift) / p` along rows and columns, as products with matrices of weights."""
    if len(x.type.shape) != 4:
        raise TypeError(message(f"upsampling wants images (n, c, rows, columns), got {x.type}", here()[0]))
    dtype = upcast("float32", x.type.dtype)
    for p, q, shift in steps:
        size = size_of(x, 2)
        p, q, shift = (call("cast", as_tensor_variable(n), "int64") for n in (p, q, shift))
        count = (size * p + q - 1) // q
        places = call("clip", call("arange", count) * q - shift, constant(0, dtype="int64"), (size - 1) * p)
        apart = call("abs", call("shape_padright", places) - call("shape_padleft", call("arange", size)) * p)
        weights = call("cast", call("maximum", p - apart, 0), dtype) / call("cast", p, dtype)
        x = tensordot(x, weights, [[2], [1]])  # the axis goes last: twice brings rows and columns back in order
    return x
