"""Dynamic libraries, and the table of library functions that kernels call by pointer (`ctx->lib`).

No system BLAS is needed: the OpenBLAS that came with NumPy is already in the process, and the `scipy-openblas64`
package is a second source. Where there is neither, the table holds NULLs and kernels use their own loops. The table's
order and the C types are in `runtime/blas.h`. Read next: `build.py`, which loads kernels through `Library`.
"""

import importlib.util
import os
import threading
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy

from ._abi import ffi

FUNCTIONS = (
    "dgemm", "sgemm", "zgemm", "cgemm",
    "dgemv", "sgemv", "zgemv", "cgemv",
    "dger", "sger",
    "ddot", "sdot",
    "daxpy", "saxpy",
    "dsyrk", "ssyrk",
    "dtrsm", "strsm",
    "dpotrf", "spotrf", "dgetrf", "sgetrf", "dgetrs", "sgetrs",
)  # fmt: skip
"""Names of the functions of `ctx->lib`, in order; entry k is `FUNCTIONS[k]`."""

_LAPACK = ("potrf", "getrf", "getrs")

INDEX = {name: number for number, name in enumerate(FUNCTIONS)}
"""Position of each function in `ctx->lib`: `INDEX["dgemm"]` is the value of `ISYM_DGEMM`."""


@lru_cache(maxsize=1)
def _loader() -> Any:
    """The C library's own dlopen, dlsym and dlclose."""
    return ffi.dlopen(None)


_loading = threading.Lock()  # dlerror's text belongs to the last failed call


class Library:
    """A loaded dynamic library, closed when the last reference to it goes.

    Args:
        path: file to load, as text or bytes.
        keep: never unload it, even when the object goes (`RTLD_NODELETE`).

    Raises:
        OSError: the file can't be loaded.

    Example:
        >>> import _cffi_backend
        >>> Library(_cffi_backend.__file__).address("no_such_function") is None
        True
    """

    __slots__ = ("__weakref__", "_close", "_handle")

    def __init__(self, path: str | bytes, keep: bool = False) -> None:
        self._handle = ffi.NULL
        flags = os.RTLD_NOW | os.RTLD_LOCAL | (getattr(os, "RTLD_NODELETE", 0) if keep else 0)
        loader = _loader()
        self._close, explain = loader.dlclose, loader.dlerror  # looked up first: a look-up clears the last error
        with _loading:
            self._handle = loader.dlopen(os.fsencode(path), flags)
            if not self._handle:
                message = explain()
                text: Any = ffi.string(message) if message else b"the library can't be loaded"
                raise OSError(text.decode(errors="replace"))

    def address(self, symbol: str) -> int | None:
        """Address of a function of the library, or None where it has none of that name."""
        pointer = _loader().dlsym(self._handle, symbol.encode("ascii"))
        return None if pointer == ffi.NULL else int(ffi.cast("uintptr_t", pointer))

    def __del__(self) -> None:
        if self._handle:
            self._close(self._handle)


class Blas:
    """The table of library functions.

    Attributes:
        address: address of the C array of pointers, for `ctx->lib`.
        description: where the functions come from, for people.
        found: names of the functions that are there.
    """

    def __init__(self, library: Library | None, pattern: str, description: str) -> None:
        self.library = library
        symbols = [
            (pattern.replace("cblas_{}64_", "{}_64_") if name[1:] in _LAPACK else pattern).format(name)
            for name in FUNCTIONS
        ]
        addresses = [library.address(symbol) if library else None for symbol in symbols]
        self.table = ffi.new("void *[]", [ffi.cast("void *", address or 0) for address in addresses])
        self.address = int(ffi.cast("uintptr_t", self.table))
        self.found = tuple(name for name, address in zip(FUNCTIONS, addresses, strict=True) if address)
        self.description = description


def _candidates() -> Iterator[tuple[Path, str]]:
    """Files that may be an OpenBLAS with 64-bit integers, and where each comes from, best first."""
    package = Path(numpy.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for path in sorted(folder.glob("*openblas64_*")):
            yield path, f"the OpenBLAS of NumPy {numpy.__version__}"
    spec = importlib.util.find_spec("scipy_openblas64")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(place, "lib").glob("*openblas64_*")):
            if path.suffix in (".so", ".dylib"):
                yield path, "the scipy-openblas64 package"


def find_blas() -> Blas:
    """Look for a BLAS with 64-bit integers; without one, the table is all NULL."""
    for path, origin in _candidates():
        try:
            library = Library(os.fspath(path), keep=True)
        except OSError:
            continue
        for pattern in ("scipy_cblas_{}64_", "cblas_{}64_"):
            if library.address(pattern.format("dgemm")) is not None:
                return Blas(library, pattern, f"{origin} ({path.name})")
    return Blas(None, "", "none found: matrix products use the kernels' own loops")


@lru_cache(maxsize=1)
def blas() -> Blas:
    """The process's table of library functions, found on first use."""
    return find_blas()


def blas_found() -> str:
    """Where the BLAS of this process comes from, in words."""
    return blas().description
