"""SciPy's sparse formats, loaded when first asked for: SciPy is an optional dependency.

Read next: `type`.
"""

import importlib
import sys
from functools import lru_cache
from typing import Any

import numpy as np

from ..core.errors import message

FORMATS = ("csc", "csr", "bsr")


@lru_cache(maxsize=1)
def scipy_sparse() -> Any:
    """The module `scipy.sparse`.

    Raises:
        ImportError: SciPy is not installed.
    """
    try:
        return importlib.import_module("scipy.sparse")
    except ImportError as error:
        raise ImportError(
            message(
                "sparse matrices are kept in SciPy's formats, and SciPy is not installed",
                cure="pip install interactive-sym[sparse]",
            )
        ) from error


def is_sparse(value: Any) -> bool:
    """Whether a value is a sparse matrix of SciPy; SciPy is not loaded to find out."""
    loaded = sys.modules.get("scipy.sparse")
    return loaded is not None and bool(loaded.issparse(value))


def matrix_class(format: str) -> Any:
    """SciPy's matrix class of a format."""
    return getattr(scipy_sparse(), f"{format}_matrix")


def as_format(value: Any, format: str, dtype: str | None = None) -> Any:
    """A sparse matrix in a format and element type; itself where it already is."""
    made = matrix_class(format)(value, copy=False)
    return made if dtype is None or made.dtype == dtype else made.astype(dtype)


def places(x: Any) -> tuple[Any, Any]:
    """Row and column of each stored element of `x`, in the order of its data."""
    listed = x.tocoo(copy=False)
    return listed.row, listed.col


def with_values(x: Any, values: Any) -> Any:
    """A matrix that stores other values at the places where `x` stores elements."""
    return type(x)((values.reshape(x.data.shape), x.indices, x.indptr), shape=x.shape, copy=True)


def same_places(x: Any, y: Any) -> bool:
    """Whether two matrices store elements at the same places in the same order."""
    return bool(
        x.format == y.format
        and x.data.shape == y.data.shape
        and np.array_equal(x.indptr, y.indptr)
        and np.array_equal(x.indices, y.indices)
    )


def sampled(g: Any, x: Any) -> Any:
    """The elements of `g`, sparse or dense, at the places where `x` stores elements, in that order."""
    if is_sparse(g) and same_places(g, x) and g.has_canonical_format:
        return with_values(x, g.data)
    rows, columns = places(x)
    if not len(rows):
        return with_values(x, np.zeros(x.data.shape, dtype=g.dtype))
    found = g.tocsr()[rows, columns] if is_sparse(g) else g[rows, columns]
    return with_values(x, np.asarray(found).reshape(-1))
