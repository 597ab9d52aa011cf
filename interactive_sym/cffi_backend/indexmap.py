"""Index maps: variables as affine views of values, and how views compose.

Read next: `lower`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .loopir import Dim, Index, Kernel, Value


@dataclass(frozen=True, slots=True)
class View:
    """A variable as an index map: per axis of `base` an `Index` over the variable's axes. `base` None: sizes only."""

    base: Value | None
    index: tuple[Index, ...]
    dims: tuple[Dim, ...]
    needs: tuple[Kernel, ...] = ()


def whole(value: Value) -> View:
    """A value as it is."""
    return View(value, tuple(Index(k) if dim != 1 else Index() for k, dim in enumerate(value.dims)), value.dims)


def is_whole(view: View) -> bool:
    """Whether a view is its base, element for element."""
    base = view.base
    return (
        base is not None
        and base.origin != "literal"
        and len(view.index) == len(view.dims)
        and all(
            (index.plain and index.axis == k and not _differ(dim, mine)) or (dim == mine == 1 and index == Index())
            for k, (index, dim, mine) in enumerate(zip(view.index, base.dims, view.dims))
        )
        and len(view.dims) == len(base.dims)
    )


def _differ(left: Dim, right: Dim) -> bool:
    """Whether two sizes are known to differ: a slice from the start reads at the same positions, but fewer."""
    return isinstance(left, int) and isinstance(right, int) and left != right


def compose(outer: Index, place: Sequence[Index]) -> Index:
    """The position `outer` speaks of, where its axis is itself at `place`."""
    if outer.axis is None:
        return outer
    inner = place[outer.axis]
    if outer.plain:
        return inner
    start = outer.start
    if inner.start != "0":
        offset = inner.start if outer.step == "1" else f"{outer.step} * {_bracket(inner.start)}"
        start = offset if start == "0" else f"{start} + {offset}"
    if inner.axis is None:
        return Index(None, start)
    step = (
        outer.step
        if inner.step == "1"
        else inner.step
        if outer.step == "1"
        else f"{_bracket(outer.step)} * {_bracket(inner.step)}"
    )
    return Index(inner.axis, start, step)


def _bracket(text: str) -> str:
    return text if text.replace("_", "").isalnum() else f"({text})"


def moved(view: View, place: Sequence[Index], dims: tuple[Dim, ...], value: bool) -> View:
    """`view` where its own axes are at `place`."""
    if not value or view.base is None:
        return View(None, (), dims, view.needs)
    return View(view.base, tuple(compose(index, place) for index in view.index), dims, view.needs)


def stretched(view: View, shape: Sequence[int | None], dims: Sequence[Dim]) -> View:
    """`view`, of static `shape`, stretched to `dims`: aligned at the last dimensions."""
    shift = len(dims) - len(shape)
    place = [Index(k + shift) if static != 1 else Index() for k, static in enumerate(shape)]
    return moved(view, place, tuple(dims), True)


def memory_order(view: View) -> list[int]:
    """The axes of a view in the order of its base's axes, so that loops walk along memory."""
    position = {index.axis: k for k, index in enumerate(view.index) if index.axis is not None}
    return sorted(range(len(view.dims)), key=lambda axis: position.get(axis, axis))


@dataclass(frozen=True, slots=True)
class Layout:
    """How a matrix lies in a matrix in C order: transposed or not, from which row and column on."""

    transposed: bool
    row: str
    column: str


def blas_layout(view: View) -> Layout | None:
    """How a matrix lies in its base, None where the BLAS can't be told."""
    base = view.base
    if base is None or base.origin == "literal" or len(base.dims) != 2:
        return None
    if any(index.step != "1" for index in view.index):
        return None
    axes = [index.axis for index in view.index]
    if any(dim != 1 for k, dim in enumerate(view.dims) if k not in axes):
        return None
    rows, columns = (index.start for index in view.index)
    if axes in ([0, 1], [0, None], [None, 1]):
        return Layout(False, rows, columns)
    return Layout(True, rows, columns) if axes in ([1, 0], [1, None], [None, 0]) else None


def uniform_bits(data: Any) -> bool:
    """Whether equal elements are equal in their bits too."""
    first = data.reshape(-1)[:1].tobytes()
    return bool(data.tobytes() == first * data.size)
