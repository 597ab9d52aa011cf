"""Neighbourhoods of images as rows of a matrix, and back.

Read next: `core.ops.neighbours`.
"""

from typing import Any

from ...core.constants import as_tensor_variable
from ...core.errors import message
from ...core.op import call
from ...core.ops.neighbours import MODES, ImagesToNeighbours
from ...core.ops.shape import as_size, known_size
from ...core.source import here

__all__ = ["images2neibs", "neibs2images"]


def images2neibs(ten4: Any, neib_shape: Any, neib_step: Any = None, mode: str = "valid") -> Any:
    """Neighbourhoods of images as rows of a matrix.

    Args:
        ten4: images `(n, c, rows, columns)`.
        neib_shape: the size `(h, w)` of a neighbourhood, two integers or an integer vector.
        neib_step: how far apart they start; by default `neib_shape`, side by side.
        mode: "valid": they must come out even; "ignore_borders": what is left at the end is not used; "half", "full":
            the images are padded with zeros, half of a neighbourhood or all of it but one, and must then come out even;
            "wrap_centered": each is centred on its element, and goes on at the other side (odd sizes only).

    Returns:
        A matrix `(n * c * grid, h * w)`: images, channels, places from left to right and top to bottom.

    Raises:
        ValueError: another mode; neighbourhoods that do not come out even (when called, where sizes are not known).

    Example:
        >>> import numpy as np
        >>> import interactive_sym.tensor as T
        >>> images = T.constant(np.arange(8.0).reshape(1, 1, 2, 4))
        >>> T.nnet.images2neibs(images, (2, 2)).eval().tolist()
        [[0.0, 1.0, 4.0, 5.0], [2.0, 3.0, 6.0, 7.0]]
    """
    x = as_tensor_variable(ten4)
    if mode not in MODES:
        raise ValueError(message(f"images2neibs: mode is one of {', '.join(MODES)}, not {mode!r}", here()[0]))
    step = neib_shape if neib_step is None else neib_step
    return ImagesToNeighbours(mode, x.type.dtype)(x, neib_shape, step)


def neibs2images(neibs: Any, neib_shape: Any, original_shape: Any, mode: str = "valid") -> Any:
    """Images put together from neighbourhoods that lie side by side: the inverse of `images2neibs`.

    Args:
        neibs: what `images2neibs(images, neib_shape, mode=mode)` gives, `(n * c * grid, h * w)`.
        neib_shape: the size `(h, w)` of a neighbourhood.
        original_shape: the four sizes of the images.
        mode: "valid" or "ignore_borders"; with the second, elements that are in no neighbourhood are 0.

    Raises:
        ValueError: another mode; sizes that do not go together, when called.

    Example:
        >>> import numpy as np
        >>> import interactive_sym.tensor as T
        >>> images = T.constant(np.arange(8.0).reshape(1, 1, 2, 4))
        >>> again = T.nnet.neibs2images(T.nnet.images2neibs(images, (2, 2)), (2, 2), (1, 1, 2, 4))
        >>> again.eval().tolist()
        [[[[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0]]]]
    """
    neibs = as_tensor_variable(neibs)
    if mode not in ("valid", "ignore_borders"):
        raise ValueError(message(f"neibs2images: mode is 'valid' or 'ignore_borders', not {mode!r}", here()[0]))
    sizes = _entries(original_shape, 4, "original_shape")
    h, w = _entries(neib_shape, 2, "neib_shape")
    rows, columns = sizes[2] // h, sizes[3] // w
    parts = call("reshape", neibs, [sizes[0], sizes[1], rows, columns, h, w])
    whole = call("dimshuffle", parts, (0, 1, 2, 4, 3, 5))
    if mode == "valid":
        return call("reshape", whole, sizes)
    inside = call("reshape", whole, [sizes[0], sizes[1], rows * h, columns * w])
    known = [known_size(size) for size in sizes]
    images = call("zeros", sizes if None in known else known, dtype=neibs.type.dtype)
    place = (slice(None), slice(None), slice(None, rows * h), slice(None, columns * w))
    return call("set_subtensor", call("getitem", images, place), inside)


def _entries(sizes: Any, count: int, what: str) -> list[Any]:
    """Sizes as int64 scalars, from a list of them or a vector."""
    if hasattr(sizes, "owner"):
        return [as_size(call("getitem", sizes, k), what) for k in range(count)]
    if len(sizes) != count:
        raise ValueError(message(f"{what} wants {count} sizes, got {len(sizes)}", here()[0]))
    return [as_size(size, what) for size in sizes]
