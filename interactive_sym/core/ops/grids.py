"""Tensors from nested lists, grids of coordinates, windows (floor B).

Read next: `extra`.
"""

from typing import Any

from ..constants import as_tensor_variable, constant
from ..errors import message
from ..op import call, public
from ..source import here
from ..types import upcast
from .shape import as_size, size_of


@public
def stacklists(arg: Any) -> Any:
    """Nested lists of tensors of one shape as one tensor: each level of nesting is an axis.

    Args:
        arg: a tensor, or a list of such or of lists of the same form.

    Example:
        >>> import interactive_sym.tensor as T
        >>> a, b = T.dscalars("a", "b")
        >>> T.stacklists([[a, b], [b, a]]).type
        TensorType(float64, (2, 2))
    """
    if isinstance(arg, (list, tuple)):
        return call("stack", [stacklists(entry) for entry in arg])
    return as_tensor_variable(arg)


class _Grid:
    """What `mgrid` and `ogrid` have alike."""

    def __init__(self, open_: bool) -> None:
        self._open = open_
        self.__name__ = "ogrid" if open_ else "mgrid"

    def __repr__(self) -> str:
        return f"<{self.__name__}: index it with slices>"

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, tuple):
            return self._axis(key)
        axes = [self._axis(part) for part in key]
        placed = []
        for k, axis in enumerate(axes):
            order: list[Any] = ["x"] * len(axes)
            order[k] = 0
            placed.append(call("dimshuffle", axis, order))
        dtype = upcast(*[axis.type.dtype for axis in axes])
        placed = [call("cast", axis, dtype) for axis in placed]
        if self._open:
            return placed
        sizes = [size_of(axis, 0) for axis in axes]
        return [call("alloc", axis, *sizes) for axis in placed]

    def _axis(self, part: Any) -> Any:
        if not isinstance(part, slice):
            raise TypeError(message(f"{self.__name__} is indexed with slices, got {part!r:.40}", here()[0]))
        start, step = 0 if part.start is None else part.start, 1 if part.step is None else part.step
        if isinstance(step, complex):
            count = int(abs(step))
            spacing = call("true_div", as_tensor_variable(part.stop) - start, float(max(count - 1, 1)))
            return call("arange", count) * call("cast", spacing, "float64") + start
        return call("arange", start, part.stop, step)


class MGrid(_Grid):
    """A dense grid: `mgrid[0:2, 0:3]` is the list of two tensors `(2, 3)`, the index along each axis.

    Slices hold numbers or symbolic scalars; a step of `5j` means 5 points, the stop among them.

    Example:
        >>> import interactive_sym.tensor as T
        >>> [axis.eval().tolist() for axis in T.mgrid[0:2, 0:3]]
        [[[0, 0, 0], [1, 1, 1]], [[0, 1, 2], [0, 1, 2]]]
    """


class OGrid(_Grid):
    """An open grid: `ogrid[0:2, 0:3]` is the list of a tensor `(2, 1)` and one `(1, 3)`, which stretch to the grid.

    Example:
        >>> import interactive_sym.tensor as T
        >>> [axis.eval().tolist() for axis in T.ogrid[0:2, 0:3]]
        [[[0], [1]], [[0, 1, 2]]]
    """


mgrid, ogrid = MGrid(False), OGrid(True)


@public
def bartlett(M: Any) -> Any:
    """The triangular window of `M` points, float64: 0 at the ends and 1 in the middle.

    Formula: `w[n] = 2/(M-1) ((M-1)/2 - |n - (M-1)/2|)`; a single point is 1, and fewer are none.

    Args:
        M: the number of points, an integer or integer scalar.

    Raises:
        TypeError: `M` is not an integer scalar.

    Example:
        >>> import interactive_sym.tensor as T
        >>> T.bartlett(5).eval().tolist()
        [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    count = as_size(M, "bartlett")
    steps = call("cast", call("arange", 1 - count, count, 2), "float64")
    width = call("cast", call("maximum", count - 1, constant(1, dtype="int64")), "float64")
    return 1 - call("abs", steps) / width
