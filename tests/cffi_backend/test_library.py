"""The table of library functions against `blas.h`, the declarations against `isym.h`, a product through the table."""

import re
from pathlib import Path

import numpy as np
import pytest

from interactive_sym.cffi_backend import _abi, _abi_cdef, build, call, library

PRODUCT = """
#include "isym.h"
#include "blas.h"
int isym_kernel(isym_ctx *c) {
  const int64_t m = c->slot[0].dim[0], k = c->slot[0].dim[1], n = c->slot[1].dim[1], dim[2] = {m, n};
  const double *a = (double *)c->slot[0].data, *b = (double *)c->slot[1].data;
  double *out = c->output(c, 2, 2, dim);
  if (!out) return ISYM_MEMORY;
  isym_gemm_d *gemm = (isym_gemm_d *)c->lib[ISYM_DGEMM];
  if (gemm) {
    gemm(ISYM_ROW_MAJOR, ISYM_NO_TRANS, ISYM_NO_TRANS, m, n, k, 1.0, a, k, b, n, 0.0, out, n);
    return ISYM_OK;
  }
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      double sum = 0.0;
      for (int64_t l = 0; l < k; l++) sum += a[i * k + l] * b[l * n + j];
      out[i * n + j] = sum;
    }
  return ISYM_OK;
}
"""
LAYOUT = """
#include "isym.h"
#include <stddef.h>
int isym_kernel(isym_ctx *c) {
  const int64_t dim[1] = {10};
  int64_t *out = c->output(c, 0, 1, dim);
  if (!out) return ISYM_MEMORY;
  out[0] = sizeof(isym_array), out[1] = sizeof(isym_ctx), out[2] = offsetof(isym_ctx, output);
  out[3] = offsetof(isym_ctx, python), out[4] = offsetof(isym_ctx, scratch), out[5] = offsetof(isym_ctx, lib);
  out[6] = offsetof(isym_ctx, error), out[7] = offsetof(isym_ctx, owner), out[8] = offsetof(isym_ctx, poll);
  out[9] = ISYM_MAXDIM;
  return ISYM_OK;
}
"""
MATRIX = call.ArgSpec("a", "float64", (None, None))


@pytest.mark.parametrize("backend", ["c", "python"])
@pytest.mark.parametrize("found", [True, False])
def test_product_with_and_without_a_library(monkeypatch, backend, found):
    if not found:
        monkeypatch.setattr(library, "_candidates", lambda: iter(()))
    table = library.find_blas()
    monkeypatch.setattr(call, "blas", lambda: table)
    unit = call.UnitSpec(PRODUCT, inputs=(MATRIX, MATRIX), outputs=(MATRIX,))
    product = call.make(unit, build.load(PRODUCT), filters=(None, None), single=True, backend=backend)
    draw = np.random.default_rng(1)
    a, b = draw.normal(size=(5, 7)), draw.normal(size=(7, 3))
    np.testing.assert_allclose(product(a, b), a @ b, rtol=1e-13)
    if not found:
        assert not table.found
        assert "none found" in table.description


def test_a_library_that_cannot_be_loaded_is_passed_over(monkeypatch, tmp_path):
    bad = tmp_path / "libopenblas64_.so"
    bad.write_bytes(b"not a library")
    monkeypatch.setattr(library, "_candidates", lambda: iter([(bad, "a bad file")]))
    assert library.find_blas().found == ()


def test_order_is_that_of_the_header():
    header = (build.RUNTIME / "blas.h").read_text()
    names = re.search(r"enum \{([^}]*)ISYM_LIB_COUNT\s*\}", header).group(1)
    assert tuple(re.findall(r"ISYM_(\w+)", names.lower().replace("isym", "ISYM"))) == library.FUNCTIONS


def test_description_names_the_source():
    assert library.blas_found() == library.blas().description
    assert library.blas().address != 0


def test_missing_library_is_an_oserror(tmp_path):
    with pytest.raises(OSError, match="nothing"):
        library.Library(str(tmp_path / "nothing.so"))


def test_stored_declarations_are_those_cffi_makes(capsys):
    assert Path(_abi.__file__).read_text(encoding="utf-8") == _abi_cdef.generate()


def test_declarations_match_the_header():
    unit = call.UnitSpec(LAYOUT, inputs=(), outputs=(call.ArgSpec("layout", "int64", (10,)),))
    ffi = _abi.ffi
    offsets = [
        ffi.offsetof("isym_ctx", name) for name in ("output", "python", "scratch", "lib", "error", "owner", "poll")
    ]
    expected = [ffi.sizeof("isym_array"), ffi.sizeof("isym_ctx"), *offsets, call.MAXDIM]
    assert call.make(unit, build.load(LAYOUT), single=True)().tolist() == expected
