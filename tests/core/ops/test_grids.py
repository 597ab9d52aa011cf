"""Grids, windows and nested lists against NumPy."""

from typing import Any

import numpy as np
import pytest

import interactive_sym.tensor as T
from tests.core.ops.evaluation import RUNNERS, compare


@pytest.mark.parametrize("way", RUNNERS)
def test_grids_and_windows(way: str) -> None:
    n, a, b = T.lscalar("n"), T.dscalar("a"), T.dvector("b")
    pairs: list[tuple[Any, Any]] = []
    for mine, numpy in ((T.mgrid, np.mgrid), (T.ogrid, np.ogrid)):
        pairs += zip(mine[0:2, 1:7:2], numpy[0:2, 1:7:2], strict=True)
        pairs += zip(
            mine[0:n, 0.5:2:0.5, :2],
            [axis.astype("float64") for axis in numpy[0:3, 0.5:2:0.5, :2]],
            strict=True,
        )
        pairs += [(mine[2:5], numpy[2:5]), (mine[0:1:5j], numpy[0:1:5j])]
    pairs += [(T.bartlett(k), np.bartlett(k)) for k in (0, 1, 2, 5, 8)]
    pairs += [(T.bartlett(n), np.bartlett(3)), (T.stacklists([[a, 1.0], [2.0, a]]), np.array([[4.0, 1], [2, 4.0]]))]
    pairs.append((T.stacklists([[b, b]]), np.ones((1, 2, 3))))
    compare(way, [n, a, b], [np.array(3), np.array(4.0), np.ones(3)], pairs)
    with pytest.raises(TypeError, match="indexed with slices"):
        T.mgrid[3]
