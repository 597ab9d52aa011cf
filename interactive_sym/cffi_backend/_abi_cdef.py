"""Declarations behind `_abi.py`, and how to make it again: `python -m interactive_sym.cffi_backend._abi_cdef`.

cffi's out-of-line ABI mode: the parsed declarations are stored as a Python module, so that loading a kernel needs
neither cffi's parser (50 ms on its first use) nor a compiled extension. The structures are those of `runtime/isym.h`.
"""

import contextlib
import io
import tempfile
from pathlib import Path

import cffi

CDEF = """
typedef struct { char *data; int64_t dim[16]; } isym_array;
typedef struct isym_ctx isym_ctx;
struct isym_ctx {
  isym_array *slot;
  void *(*output)(isym_ctx *, int, int, const int64_t *);
  int (*python)(isym_ctx *, int);
  void *(*scratch)(isym_ctx *, int64_t);
  const void *const *lib;
  int64_t error[4];
  void *owner;
  int (*poll)(isym_ctx *);
  int (*share)(isym_ctx *, int (*)(isym_ctx *, const void *, int64_t), const void *, int64_t);
  int64_t enough;
};
void *dlopen(const char *, int);
void *dlsym(void *, const char *);
char *dlerror(void);
int dlclose(void *);
"""


def generate() -> str:
    """The text of `_abi.py`."""
    ffi = cffi.FFI()
    ffi.cdef(CDEF)
    ffi.set_source("interactive_sym.cffi_backend._abi", None)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "_abi.py")
        with contextlib.redirect_stdout(io.StringIO()):  # cffi tells what it does
            ffi.emit_python_code(str(path))
        return "# ruff: noqa\n# mypy: ignore-errors\n" + path.read_text(encoding="utf-8")


if __name__ == "__main__":
    Path(__file__).with_name("_abi.py").write_text(generate(), encoding="utf-8")
