"""Convolution of stacks of images, and its two adjoints (floor B).

With images x `(n, c, *d)`, filters w `(k, c/groups, *f)` and one output position per stride step,

    y[n, k, p] = sum over c, t of  w[k, c, t] * x[n, c, p * stride - pad + t' * dilation]

where `t' = f - 1 - t` with `filter_flip` (convolution) and `t' = t` without (cross-correlation). The product is linear
in x and in w; what gives the cotangent of x from that of y, and the cotangent of w, are operations of their own. The
three are each other's derivatives, so that derivatives of every order exist.

In C (`runtime/conv.h`) the windows of an image are laid out as the columns of a matrix, and one matrix product
per image and group does the arithmetic (Chellapilla, Puri and Simard, "High performance convolutional neural networks
for document processing", 2006).

Read next: `pooling`, then `tensor.nnet.abstract_conv`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..constants import as_tensor_variable
from ..errors import message
from ..graph import Apply, Constant, Variable
from ..op import Op, call
from ..source import here
from ..types import FLOATS, TensorType
from ..variable import TensorVariable
from .library import LibraryCall
from .shape import as_size, known_size, sizes_of

Array = np.ndarray[Any, Any]
Size = int | None
Border = str | tuple[str | tuple[int, int], ...]

_WORDS = ("valid", "half", "full")


@dataclass(frozen=True)
class Form:
    """How filters are laid over images.

    Attributes:
        border: "valid" (no padding), "half" (half of the dilated filter on each side), "full" (all of it but one), or
            for each axis one of these words, or the zeros before and after.
        stride, dilation: one number per axis.
        flip: whether the filters are mirrored.
        groups: the channels, and the filters, are taken in so many groups, each by itself.
        unshared: each output position has filters of its own: `(k, *out, c/groups, *f)`.
    """

    border: Border
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    flip: bool
    groups: int
    unshared: bool

    @property
    def ndim(self) -> int:
        return len(self.stride)

    def padding(self, axis: int, filter_size: Any) -> tuple[Any, Any]:
        """Zeros before and after the image along an axis."""
        border = self.border if isinstance(self.border, str) else self.border[axis]
        if not isinstance(border, str):
            return border
        reach = (filter_size - 1) * self.dilation[axis]
        both = 0 if border == "valid" else reach if border == "full" else (reach + 1) // 2
        return both, both

    def output_size(self, axis: int, image_size: Any, filter_size: Any) -> Any:
        """The number of output positions along an axis, of ints or of symbolic sizes."""
        before, after = self.padding(axis, filter_size)
        room = image_size + (before + after) - (filter_size - 1) * self.dilation[axis] - 1
        return room // self.stride[axis] + 1

    @property
    def tag(self) -> str:
        """A word that tells it from other forms."""
        if isinstance(self.border, str):
            border = self.border
        else:
            border = "p" + "_".join(b if isinstance(b, str) else f"{b[0]}_{b[1]}" for b in self.border)
        parts = [border, "s" + "_".join(map(str, self.stride)), "d" + "_".join(map(str, self.dilation))]
        parts += [f"g{self.groups}", "flip" if self.flip else "plain", *(["unshared"] if self.unshared else [])]
        return "_".join(parts)

    @property
    def c_text(self) -> str:
        """Initial value of an `isym_conv_form`."""
        borders = [self.border] * self.ndim if isinstance(self.border, str) else self.border
        fill = 3 - self.ndim
        pads = [(0, 0)] * fill + [(-_WORDS.index(b),) * 2 if isinstance(b, str) else b for b in borders]
        stride, dilation = ([1] * fill + list(numbers) for numbers in (self.stride, self.dilation))
        rows = ", ".join(f"{{{a}, {b}}}" for a, b in pads)
        lists = [", ".join(map(str, numbers)) for numbers in (stride, dilation)]
        return (
            f"{{{int(self.flip)}, {int(self.unshared)}, {self.groups}, {self.ndim}, "
            f"{{{lists[0]}}}, {{{lists[1]}}}, {{{rows}}}}}"
        )


#: Messages for the result codes of `runtime/conv.h`.
_ERRORS = (
    "convolution: the channels of the images are not those of the filters times the groups",
    "convolution: the filters do not divide into the groups",
    "convolution: the filters reach over the padded image, or have no elements",
    "convolution: the output does not have the size that images and filters give",
)


class _Convolution(Op):
    """What the three operations have alike.

    Args:
        form: how filters are laid over images.
        dtype: element type of all operands, float32 or float64.
    """

    __props__ = ("form", "dtype")
    family = "linalg"
    suffix = ""
    function = ""

    def __init__(self, form: Form, dtype: str) -> None:
        self.form = form
        self.dtype = dtype

    @property
    def name(self) -> str:
        return f"conv{self.form.ndim}d{self.suffix}"

    def __str__(self) -> str:
        return f"{self.name}{{{self.form.tag}}}"

    @property
    def library_c(self) -> LibraryCall:
        """The call of a function of `conv.h`, with the sizes of both operands and the int64 scalars after them."""
        c_type = {"float64": "double", "float32": "float"}[self.dtype]
        made = f"isym_{self.name}_{self.dtype}_{self.form.tag}"
        counts = self.counts
        sizes = [f"d{k}" for k in range(counts[0] + counts[1])]
        scalars = [f"s{k}" for k in range(self.form.ndim if self.suffix else 0)]
        declared = [f"const {c_type} *a, int64_t an, const {c_type} *b, int64_t bn"]
        declared += [f"const int64_t *{name}, int64_t {name}n" for name in scalars]
        declared += [f"{c_type} *c, int64_t cn", *(f"int64_t {name}" for name in sizes)]
        unused = " ".join(f"(void){name};" for name in ("an", "bn", "cn", *(f"{name}n" for name in scalars)))
        lists = [sizes[: counts[0]], sizes[counts[0] :], *([["*" + name for name in scalars]] if scalars else [])]
        first, second, *last = (f"(const int64_t[]){{{', '.join(names)}}}" for names in lists)
        definition = (
            f"static int {made}(isym_ctx *ctx, {', '.join(declared)})\n"
            "{\n"
            f"  static const isym_conv_form form = {self.form.c_text};\n"
            f"  {unused}\n"
            f"  return {self.function}_{self.dtype}({', '.join(['ctx, &form, a', first, 'b', second, *last, 'c'])});\n"
            "}\n"
        )
        places = [(0, k, k + 1) for k in range(counts[0])] + [(1, k, k + 1) for k in range(counts[1])]
        return LibraryCall("conv.h", made, _ERRORS, tuple(places), definition, context=True)

    @property
    def counts(self) -> tuple[int, int]:
        """Numbers of dimensions of the two operands."""
        n = self.form.ndim
        filters = 2 + 2 * n if self.form.unshared else 2 + n
        return {"": (2 + n, filters), "_grad_wrt_inputs": (filters, 2 + n), "_grad_wrt_weights": (2 + n, 2 + n)}[
            self.suffix
        ]

    def _operands(self, first: Any, second: Any) -> tuple[Any, Any]:
        pair = as_tensor_variable(first), as_tensor_variable(second)
        for x, ndim in zip(pair, self.counts):
            if len(x.type.shape) != ndim:
                raise TypeError(message(f"{self.name} wants {ndim} dimensions, got {x} of {x.type}", here()[0]))
        if any(x.type.dtype != self.dtype for x in pair) or self.dtype not in FLOATS:
            found = f"{pair[0].type} and {pair[1].type}"
            raise TypeError(message(f"{self.name} of {self.dtype} wants two tensors of it, got {found}", here()[0]))
        return pair

    def _sizes(self, sizes: Sequence[Any]) -> list[Any]:
        if len(sizes) != self.form.ndim:
            raise ValueError(message(f"{self.name} wants {self.form.ndim} sizes, got {len(sizes)}", here()[0]))
        return [as_size(size, self.name) for size in sizes]

    def _check(
        self, images: Sequence[Size], filters: Sequence[Size], output: Sequence[Size] | None, node: Any, where: Any
    ) -> None:
        """Raise ValueError where known sizes do not go together; `node` holds the operands."""
        form, n = self.form, self.form.ndim

        def fail(sentence: str, cure: str = "") -> ValueError:
            names = {
                "": ("images", "filters"),
                "_grad_wrt_inputs": ("filters", "output"),
                "_grad_wrt_weights": ("images", "output"),
            }[self.suffix]
            shapes = {"images": images, "filters": filters, "output": output or ()}
            rows = [
                (str(x)[:30], x.type.dtype, str(tuple("?" if s is None else s for s in shapes[role])), role)
                for x, role in zip(node, names)
            ]
            return ValueError(message(f"{self.name}: {sentence}", where, rows, cure))

        channels, per_group = images[1], filters[-n - 1]
        if channels is not None and per_group is not None and channels != per_group * form.groups:
            groups = f" in each of {form.groups} groups" if form.groups > 1 else ""
            raise fail(f"the images have {channels} channels, the filters take {per_group}{groups}")
        if filters[0] is not None and filters[0] % form.groups:
            raise fail(f"{filters[0]} filters do not divide into {form.groups} groups")
        if channels is not None and channels % form.groups:
            raise fail(f"{channels} channels do not divide into {form.groups} groups")
        for axis in range(n):
            image, filter_ = images[2 + axis], filters[axis - n]
            if filter_ is not None and filter_ < 1:
                raise fail(f"the filters have size {filter_} along axis {axis - n}")
            if image is None or filter_ is None:
                continue
            size = form.output_size(axis, image, filter_)
            if size < 1:
                reach = (filter_ - 1) * form.dilation[axis] + 1
                before, after = form.padding(axis, filter_)
                room = f"{image} + {before + after}" if before + after else str(image)
                raise fail(
                    f"along axis {axis - n} the filters reach over {reach} elements, the images have {room}",
                    "border_mode='half' or 'full' pads the images",
                )
            seen = output[2 + axis] if output is not None else None
            if seen is not None and seen != size:
                raise fail(f"along axis {axis - n} the output has size {seen}, images and filters give {size}")
            if form.unshared and filters[1 + axis] not in (None, size):
                raise fail(f"along axis {axis - n} there are filters for {filters[1 + axis]} positions of {size}")
        if output is not None:
            if None not in (output[1], filters[0]) and output[1] != filters[0]:
                raise fail(f"the output has {output[1]} channels, and there are {filters[0]} filters")
            if None not in (output[0], images[0]) and output[0] != images[0]:
                raise fail(f"the output is of {output[0]} images, and there are {images[0]}")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[position < 2] for position in range(len(node.inputs))]

    # -- the reference, with NumPy ------------------------------------------------------------------------------------

    def _windows(self, x: Array, filters: Sequence[int]) -> Array:
        """The elements each output position sees: a view `(n, c, *out, *f)` of the padded images."""
        form, n = self.form, self.form.ndim
        pads = [form.padding(axis, filters[axis]) for axis in range(n)]
        padded = np.pad(x, [(0, 0), (0, 0), *pads])
        out = [form.output_size(axis, x.shape[2 + axis], filters[axis]) for axis in range(n)]
        steps = padded.strides[2:]
        view = np.lib.stride_tricks.as_strided(
            padded,
            (*x.shape[:2], *out, *filters),
            (
                *padded.strides[:2],
                *(step * s for step, s in zip(steps, form.stride)),
                *(step * d for step, d in zip(steps, form.dilation)),
            ),
            writeable=False,
        )
        return np.flip(view, tuple(range(2 + n, 2 + 2 * n))) if form.flip else view

    def _matrices(self, x: Array, filters: Sequence[int]) -> Array:
        """`_windows` as matrices `(n, groups, points, c/groups * taps)`."""
        n, groups = self.form.ndim, self.form.groups
        windows = self._windows(x, filters)
        out = windows.shape[2 : 2 + n]
        parts = windows.reshape(x.shape[0], groups, x.shape[1] // groups, *out, *filters)
        order = (0, 1, *range(3, 3 + n), 2, *range(3 + n, 3 + 2 * n))
        points, taps = int(np.prod(out)), x.shape[1] // groups * int(np.prod(filters))
        return parts.transpose(order).reshape(x.shape[0], groups, points, taps)

    def _rows(self, w: Array) -> Array:
        """Filters as `(groups, k/groups, taps)`, unshared ones as `(groups, k/groups, points, taps)`."""
        form, n = self.form, self.form.ndim
        taps = int(np.prod(w.shape[-n - 1 :]))
        points = (int(np.prod(w.shape[1 : 1 + n])),) if form.unshared else ()
        return w.reshape(form.groups, w.shape[0] // form.groups, *points, taps)


def plain(size: Any) -> Any:
    """A size as an int where it is a constant."""
    return int(size.data) if isinstance(size, Constant) else size


def _static(sizes: Sequence[Any]) -> list[Size]:
    return [known_size(size) for size in sizes]


class Convolution(_Convolution):
    """Images convolved with filters: `(n, c, *d), (k, c/groups, *f) -> (n, k, *out)`."""

    function = "isym_conv_forward"

    def make_node(self, x: Any, w: Any) -> Apply:
        x, w = self._operands(x, w)
        images, filters, n = x.type.shape, w.type.shape, self.form.ndim
        self._check(images, filters, None, (x, w), here()[0])
        out: list[Size] = []
        for axis in range(n):
            image, filter_ = images[2 + axis], filters[axis - n]
            known = None if image is None or filter_ is None else self.form.output_size(axis, image, filter_)
            out.append(filters[1 + axis] if known is None and self.form.unshared else known)
        return Apply(self, [x, w], [TensorVariable(TensorType(x.type.dtype, None, (images[0], filters[0], *out)))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, w = inputs
        n = self.form.ndim
        self._check(x.shape, w.shape, None, node.inputs, node.where)
        columns, rows = self._matrices(x, w.shape[-n:]), self._rows(w)
        pattern = "ngpt,gkpt->ngkp" if self.form.unshared else "ngpt,gkt->ngkp"
        y = np.einsum(pattern, columns, rows, optimize=True)
        out = [self.form.output_size(axis, x.shape[2 + axis], w.shape[axis - n]) for axis in range(n)]
        output_storage[0][0] = np.ascontiguousarray(y.reshape(x.shape[0], w.shape[0], *out), dtype=x.dtype)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        (x, w), g, n = inputs, output_grads[0], self.form.ndim
        return [
            ConvolutionGradInputs(self.form, self.dtype)(w, g, *sizes_of(x)[2:]),
            ConvolutionGradWeights(self.form, self.dtype)(x, g, *sizes_of(w)[-n:]),
        ]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        x, w = node.inputs
        images, filters, n = sizes_of(x), sizes_of(w), self.form.ndim
        if self.form.unshared:
            return [(plain(images[0]), *map(plain, filters[: 1 + n]))]
        out = []
        for axis in range(n):
            known: Any = node.outputs[0].type.shape[2 + axis]
            if known is None:
                sizes = (known_size(size) or size for size in (images[2 + axis], filters[axis - n]))
                known = call("maximum", self.form.output_size(axis, *sizes), 0)
            out.append(known)
        return [(plain(images[0]), plain(filters[0]), *out)]


class ConvolutionGradInputs(_Convolution):
    """The images' cotangent from that of the output: `(k, c/groups, *f), (n, k, *out) -> (n, c, *d)`.

    Further inputs are the images' sizes d, int64 scalars.
    """

    suffix = "_grad_wrt_inputs"
    function = "isym_conv_images"

    def make_node(self, w: Any, g: Any, *sizes: Any) -> Apply:
        w, g = self._operands(w, g)
        wanted, filters, n = self._sizes(sizes), w.type.shape, self.form.ndim
        channels = None if filters[-n - 1] is None else filters[-n - 1] * self.form.groups
        images = (g.type.shape[0], channels, *_static(wanted))
        self._check(images, filters, g.type.shape, (w, g), here()[0])
        return Apply(self, [w, g, *wanted], [TensorVariable(TensorType(w.type.dtype, None, images))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        w, g, *sizes = inputs
        form, n = self.form, self.form.ndim
        filters = w.shape[-n:]
        shape = (g.shape[0], w.shape[-n - 1] * form.groups, *map(int, sizes))
        self._check(shape, w.shape, g.shape, node.inputs, node.where)
        pads = [form.padding(axis, filters[axis]) for axis in range(n)]
        padded = np.zeros((*shape[:2], *(size + sum(pad) for size, pad in zip(shape[2:], pads))), dtype=g.dtype)
        out, rows = g.shape[2:], self._rows(w)
        grouped = g.reshape(g.shape[0], form.groups, g.shape[1] // form.groups, int(np.prod(out)))
        pattern = "ngkp,gkpt->ngtp" if form.unshared else "ngkp,gkt->ngtp"
        columns = np.einsum(pattern, grouped, rows, optimize=True).reshape(*shape[:2], *filters, *out)
        for tap in np.ndindex(*filters):
            first = [(f - 1 - t if form.flip else t) * d for t, f, d in zip(tap, filters, form.dilation, strict=True)]
            place = tuple(slice(a, a + (m - 1) * s + 1, s) for a, m, s in zip(first, out, form.stride, strict=True))
            padded[(slice(None), slice(None), *place)] += columns[(slice(None), slice(None), *tap)]
        inside = tuple(slice(before, before + size) for (before, _), size in zip(pads, shape[2:]))
        output_storage[0][0] = np.ascontiguousarray(padded[(slice(None), slice(None), *inside)])

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        w, g, *sizes = inputs
        back = ConvolutionGradWeights(self.form, self.dtype)(output_grads[0], g, *sizes_of(w)[-self.form.ndim :])
        return [back, Convolution(self.form, self.dtype)(output_grads[0], w), *[None] * len(sizes)]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        w, g, *sizes = node.inputs
        n = self.form.ndim
        channels: Any = node.outputs[0].type.shape[1]
        if channels is None:
            channels = sizes_of(w)[-n - 1] * self.form.groups
        return [(plain(sizes_of(g)[0]), channels, *map(plain, sizes))]


class ConvolutionGradWeights(_Convolution):
    """The filters' cotangent from that of the output: `(n, c, *d), (n, k, *out) -> (k, c/groups, *f)`.

    Further inputs are the filters' sizes f, int64 scalars.
    """

    suffix = "_grad_wrt_weights"
    function = "isym_conv_filters"

    def make_node(self, x: Any, g: Any, *sizes: Any) -> Apply:
        x, g = self._operands(x, g)
        wanted, images, output = self._sizes(sizes), x.type.shape, g.type.shape
        channels = None if images[1] is None else images[1] // self.form.groups
        points = output[2:] if self.form.unshared else ()
        filters = (output[1], *points, channels, *_static(wanted))
        self._check(images, filters, output, (x, g), here()[0])
        return Apply(self, [x, g, *wanted], [TensorVariable(TensorType(x.type.dtype, None, filters))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, g, *sizes = inputs
        form = self.form
        filters = tuple(map(int, sizes))
        points = g.shape[2:] if form.unshared else ()
        shape = (g.shape[1], *points, x.shape[1] // form.groups, *filters)
        self._check(x.shape, shape, g.shape, node.inputs, node.where)
        grouped = g.reshape(g.shape[0], form.groups, g.shape[1] // form.groups, int(np.prod(g.shape[2:])))
        pattern = "ngkp,ngpt->gkpt" if form.unshared else "ngkp,ngpt->gkt"
        rows = np.einsum(pattern, grouped, self._matrices(x, filters), optimize=True)
        output_storage[0][0] = np.ascontiguousarray(rows.reshape(shape), dtype=x.dtype)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        x, g, *sizes = inputs
        back = ConvolutionGradInputs(self.form, self.dtype)(output_grads[0], g, *sizes_of(x)[2:])
        return [back, Convolution(self.form, self.dtype)(x, output_grads[0]), *[None] * len(sizes)]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        x, g, *sizes = node.inputs
        n = self.form.ndim
        channels: Any = node.outputs[0].type.shape[-n - 1]
        if channels is None:
            channels = sizes_of(x)[1] // self.form.groups
        points = sizes_of(g)[2:] if self.form.unshared else []
        return [(plain(sizes_of(g)[1]), *map(plain, points), channels, *map(plain, sizes))]
