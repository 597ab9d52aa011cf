"""Positions in one number and in one for each axis, against NumPy."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from tests.core.ops.evaluation import RUNNERS, compare


@pytest.mark.parametrize("way", RUNNERS)
def test_flat_and_multiple_indices(way: str) -> None:
    flat, rows, columns, dims = T.lmatrix("f"), T.lvector("r"), T.lvector("c"), T.lvector("d")
    places, r, c = np.array([[0, 5], [11, 7]]), np.array([0, 2, 1]), np.array([3, 0, 1])
    pairs: list[tuple[Any, Any]] = []
    for order in ("C", "F"):
        pairs += zip(T.unravel_index(flat, (3, 4), order), np.unravel_index(places, (3, 4), order))  # type: ignore[call-overload]
        pairs += zip(T.unravel_index(flat, dims, order, ndim=2), np.unravel_index(places, (3, 4), order))  # type: ignore[call-overload]
        pairs.append(
            (
                T.ravel_multi_index((rows, columns), (3, 4), order=order),
                np.ravel_multi_index((r, c), (3, 4), order=order),
            )
        )  # type: ignore[call-overload]
        pairs.append(
            (
                T.ravel_multi_index(T.stack([rows, columns]), dims, order=order),
                np.ravel_multi_index((r, c), (3, 4), order=order),
            )
        )  # type: ignore[call-overload]
    for mode in ("wrap", "clip", ("wrap", "clip")):
        wild = T.ravel_multi_index((rows - 4, columns + 9), (3, 4), mode=mode)
        pairs.append((wild, np.ravel_multi_index((r - 4, c + 9), (3, 4), mode=mode)))  # type: ignore[call-overload]
    compare(way, [flat, rows, columns, dims], [places, r, c, np.array([3, 4])], pairs)
    for output, values in (
        (T.unravel_index(flat, (3, 4))[0], [places + 1]),
        (T.unravel_index(flat, (3, 4))[1], [-places]),
    ):
        with pytest.raises(ValueError, match="is not from 0 to 11"):
            RUNNERS[way]([flat], [output], values)
    with pytest.raises(ValueError, match="ravel_multi_index: 3 is not from 0 to 2"):
        RUNNERS[way]([rows, columns], [T.ravel_multi_index((rows, columns), (3, 4))], [r + 1, c])
    for call, kind in [
        (lambda: T.unravel_index(flat, (3, 4), "K"), ValueError),
        (lambda: T.unravel_index(T.dvector(), (3, 4)), TypeError),
        (lambda: T.unravel_index(flat, dims), ValueError),
        (lambda: T.ravel_multi_index((rows,), (3, 4)), ValueError),
        (lambda: T.ravel_multi_index((rows, columns), (3, 4), mode="x"), ValueError),
    ]:
        with pytest.raises(kind):
            call()
