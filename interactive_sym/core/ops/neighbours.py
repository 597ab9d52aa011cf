"""Neighbourhoods of images as rows of a matrix, and the adjoint (floor B).

A neighbourhood of `h * w` elements is laid on images `(n, c, rows, columns)` at every step. Neighbourhood (a, b) of
image n, channel c, is row `((n * channels + c) * grid_rows + a) * grid_columns + b` of the result, its elements in C
order.

Read next: `tensor.nnet.neighbours`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..constants import as_tensor_variable, constant
from ..errors import message
from ..graph import Apply, Constant, Variable
from ..op import Op, call
from ..source import here
from ..types import COMPLEXES, DISCRETE, TensorType
from ..variable import TensorVariable
from .convolution import plain
from .elementwise import C_TYPES
from .library import LibraryCall
from .shape import known_sizes, sizes_of

Array = np.ndarray[Any, Any]
Size = int | None

MODES = ("valid", "ignore_borders", "half", "full", "wrap_centered")

_ERRORS = (
    "images2neibs: neighbourhoods and steps have 1 element or more",
    "images2neibs: the steps do not divide what the neighbourhoods leave of the images",
    "images2neibs: the mode wrap_centered wants neighbourhoods of odd sizes, not larger than the images",
    "images2neibs: the matrix does not have the size that images and neighbourhoods give",
)


def _grid(mode: str, size: Any, width: Any, step: Any) -> Any:
    """The number of neighbourhoods along an axis, of ints or of int64 scalars."""
    if mode == "wrap_centered":
        return (size + step - 1) // step
    pad = {"half": width // 2, "full": width - 1}.get(mode, 0)
    return (size + 2 * pad - width) // step + 1


class _Neighbourhoods(Op):
    """What the two operations have alike.

    Args:
        mode: one of `MODES`.
        dtype: element type.
    """

    __props__ = ("mode", "dtype")
    family = "indexing"
    function = ""

    def __init__(self, mode: str, dtype: str) -> None:
        self.mode = mode
        self.dtype = dtype

    def _library(self, sizes: tuple[tuple[int, int, int], ...]) -> LibraryCall:
        made = f"{self.function}_{self.mode}_{self.dtype}"
        macro = f"{self.function.upper()}({made}, {C_TYPES[self.dtype]}, {MODES.index(self.mode)})"
        return LibraryCall("neighbours.h", made, _ERRORS, sizes, macro)

    def _numbers(self, shape: Any, step: Any) -> list[Any]:
        """The sizes and steps of neighbourhoods as int64 vectors of two entries."""
        found = []
        for x, what in ((shape, "neib_shape"), (step, "neib_step")):
            v = as_tensor_variable(x)
            if len(v.type.shape) != 1 or v.type.dtype not in DISCRETE or v.type.shape[0] not in (None, 2):
                raise TypeError(message(f"{self.name}: {what} wants two integers, got {v.type}", here()[0]))
            found.append(constant(v.data.astype("int64")) if isinstance(v, Constant) else call("cast", v, "int64"))
        return found

    def _check(self, sizes: Sequence[Size], width: Sequence[Size], step: Sequence[Size], where: Any) -> None:
        for axis, (size, w, s) in enumerate(zip(sizes, width, step, strict=True), 2):
            if w is None or s is None:
                continue
            if w < 1 or s < 1:
                raise ValueError(message(f"images2neibs: neighbourhoods of {w} elements, {s} apart", where))
            if size is None:
                continue
            if self.mode == "wrap_centered":
                if w % 2 == 0 or w > size:
                    raise ValueError(
                        message(
                            f"images2neibs: wrap_centered wants odd sizes up to {size} along axis {axis}, got {w}",
                            where,
                        )
                    )
                continue
            pad = {"half": w // 2, "full": w - 1}.get(self.mode, 0)
            rest = size + 2 * pad - w
            if rest < 0 or (self.mode != "ignore_borders" and rest % s):
                raise ValueError(
                    message(
                        f"images2neibs: along axis {axis} of size {size + 2 * pad}, neighbourhoods of {w} and steps of "
                        f"{s} do not come out even",
                        where,
                        cure="mode='ignore_borders'" if rest >= 0 and self.mode == "valid" else "",
                    )
                )

    def _places(
        self, sizes: Sequence[int], width: Sequence[int], step: Sequence[int]
    ) -> tuple[list[Array], list[Array]]:
        """Along rows and columns: the position `[neighbourhood, place in it]`, and whether it is in the image."""
        places, inside = [], []
        for size, w, s in zip(sizes, width, step, strict=True):
            pad = {"half": w // 2, "full": w - 1, "wrap_centered": w // 2}.get(self.mode, 0)
            place = np.arange(_grid(self.mode, size, w, s))[:, None] * s + np.arange(w)[None, :] - pad
            if self.mode == "wrap_centered":
                place = place % max(size, 1)
            inside.append((place >= 0) & (place < size))
            places.append(np.clip(place, 0, max(size - 1, 0)))
        return places, inside

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[position == 0] for position in range(len(node.inputs))]


class ImagesToNeighbours(_Neighbourhoods):
    """Neighbourhoods of images as rows: `(n, c, rows, columns) -> (n * c * grid, h * w)`."""

    name = "images2neibs"
    function = "isym_images2neibs"

    @property
    def library_c(self) -> LibraryCall:
        return self._library(((0, 0, 2), (0, 2, 3), (0, 3, 4)))

    def make_node(self, images: Any, shape: Any, step: Any) -> Apply:
        x, numbers = as_tensor_variable(images), self._numbers(shape, step)
        if len(x.type.shape) != 4 or x.type.dtype != self.dtype or self.dtype in COMPLEXES:
            raise TypeError(message(f"images2neibs wants images (n, c, rows, columns), got {x.type}", here()[0]))
        width, steps = (known_sizes(v) or [None, None] for v in numbers)
        self._check(x.type.shape[2:], width, steps, here()[0])
        parts: list[Size] = list(x.type.shape[:2])
        for size, w, s in zip(x.type.shape[2:], width, steps, strict=True):
            parts.append(None if size is None or w is None or s is None else _grid(self.mode, size, w, s))
        known = [None if None in sizes else int(np.prod(sizes)) for sizes in (parts, width)]  # type: ignore[arg-type]
        return Apply(self, [x, *numbers], [TensorVariable(TensorType(self.dtype, None, known))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        x, shape, step = inputs
        width, steps = [int(n) for n in shape], [int(n) for n in step]
        self._check(x.shape[2:], width, steps, node.where)
        (rows, columns), inside = self._places(x.shape[2:], width, steps)
        seen = np.zeros((*x.shape[:2], len(rows), len(columns), *width), dtype=x.dtype)
        if x.size:
            seen = x[:, :, rows[:, None, :, None], columns[None, :, None, :]]
            seen = np.where(inside[0][:, None, :, None] & inside[1][None, :, None, :], seen, np.zeros((), x.dtype))
        output_storage[0][0] = np.ascontiguousarray(seen.reshape(int(np.prod(seen.shape[:4])), width[0] * width[1]))

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        x, shape, step = inputs
        back = NeighboursToImages(self.mode, self.dtype)(output_grads[0], shape, step, *sizes_of(x))
        return [back, None, None]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        x, shape, step = node.inputs
        known = node.outputs[0].type.shape
        width, steps = ([_entry(v, axis) for axis in range(2)] for v in (shape, step))
        rows, columns = known
        if columns is None:
            columns = width[0] * width[1]
        if rows is None:
            sizes = sizes_of(x)
            counts = [_grid(self.mode, sizes[2 + axis], width[axis], steps[axis]) for axis in range(2)]
            rows = sizes[0] * sizes[1] * call("maximum", counts[0], 0) * call("maximum", counts[1], 0)
        return [(rows, columns)]


def _entry(v: Any, position: int) -> Any:
    """An entry of an int64 vector, a constant where the vector is one."""
    return constant(v.data[position]) if isinstance(v, Constant) else call("getitem", v, position)


class NeighboursToImages(_Neighbourhoods):
    """The adjoint: each element of the images gets the sum of its copies. Further inputs are the images' four sizes."""

    name = "neibs2images_sum"
    function = "isym_neibs2images"

    @property
    def library_c(self) -> LibraryCall:
        return self._library(())

    def make_node(self, rows: Any, shape: Any, step: Any, *sizes: Any) -> Apply:
        g, numbers = as_tensor_variable(rows), self._numbers(shape, step)
        if len(g.type.shape) != 2 or g.type.dtype != self.dtype or len(sizes) != 4:
            raise TypeError(message(f"{self.name} wants a matrix and four sizes, got {g.type}", here()[0]))
        wanted = [call("cast", size, "int64") for size in sizes]
        known = known_sizes(call("make_vector", *wanted))
        return Apply(self, [g, *numbers, *wanted], [TensorVariable(TensorType(self.dtype, None, known))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        g, shape, step, *sizes = inputs
        width, steps, images = [int(n) for n in shape], [int(n) for n in step], tuple(int(n) for n in sizes)
        self._check(images[2:], width, steps, node.where)
        (rows, columns), inside = self._places(images[2:], width, steps)
        wanted = (images[0] * images[1] * len(rows) * len(columns), width[0] * width[1])
        if g.shape != wanted:
            raise ValueError(message(f"neighbourhoods of shape {g.shape}, {wanted} is wanted", node.where))
        out = np.zeros(images, dtype=g.dtype)
        if out.size:
            parts = g.reshape(*images[:2], len(rows), len(columns), *width)
            parts = np.where(inside[0][:, None, :, None] & inside[1][None, :, None, :], parts, np.zeros((), g.dtype))
            place: Any = (slice(None), slice(None), rows[:, None, :, None], columns[None, :, None, :])
            np.add.at(out, place, parts)
        output_storage[0][0] = out

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> Sequence[Variable | None]:
        _, shape, step, *sizes = inputs
        forward = ImagesToNeighbours(self.mode, self.dtype)(output_grads[0], shape, step)
        return [forward, None, None, *[None] * len(sizes)]

    def infer_shape(self, node: Apply, input_shapes: Sequence[Any]) -> list[Any]:
        return [tuple(plain(size) for size in node.inputs[3:])]
