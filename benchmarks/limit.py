"""The limit of memory: how long one read of a work's largest array takes, on all processors, just adding.

What reads its data once cannot be faster.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cffi
import numpy as np

from interactive_sym.cffi_backend import build
from interactive_sym.cffi_backend.threads import thread_count

DECLARATION = "double read_once(const double *x, int64_t size, int threads);"
SOURCE = r"""
#include "kernel.h"
#include "threads.h"

typedef struct {
  const double *x;
  double *sums;
  int64_t size, parts;
} reading;

/* Four streams side by side, so that no addition waits. */
static int read_part(isym_ctx *ctx, const void *given, int64_t number) {
  const reading *const r = (const reading *)given;
  const int64_t first = r->size * number / r->parts, count = r->size * (number + 1) / r->parts - first;
  const int64_t quarter = count / 4;
  const double *const a = r->x + first, *const b = a + quarter, *const c = b + quarter, *const d = c + quarter;
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  (void)ctx;
  #pragma omp simd reduction(+:s0, s1, s2, s3)
  for (int64_t i = 0; i < quarter; i++) {
    s0 += a[i];
    s1 += b[i];
    s2 += c[i];
    s3 += d[i];
  }
  for (int64_t i = 4 * quarter; i < count; i++) s0 += a[i];
  r->sums[number] = s0 + s1 + s2 + s3;
  return ISYM_OK;
}

static int quiet(isym_ctx *ctx) {
  (void)ctx;
  return 0;
}

double read_once(const double *x, int64_t size, int threads) {
  isym_ctx ctx = {0};
  double sums[ISYM_PARTS], sum = 0;
  const reading given = {x, sums, size, threads > 1 ? ISYM_PARTS / 2 : 1};
  ctx.poll = quiet;
  if (threads > 1) isym_share_parts(&ctx, read_part, &given, given.parts, threads);
  else read_part(&ctx, &given, 0);
  for (int64_t k = 0; k < given.parts; k++) sum += sums[k];
  return sum;
}
"""


def reader() -> Callable[[np.ndarray[Any, Any]], float]:
    """A function that reads an array once.

    Raises:
        ImportError: there is no C compiler.
    """
    found = build.compiler()
    if found is None:
        raise ImportError("a C compiler")
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "read.c"), os.path.join(folder, "read.so")
        source.write_text(SOURCE)
        command = [*found.command, *build.flags(found), "-pthread", f"-I{build.RUNTIME}"]
        command += [str(source), "-o", library, "-lm"]
        subprocess.run(command, check=True, capture_output=True)
        ffi = cffi.FFI()
        ffi.cdef(DECLARATION)
        loaded = ffi.dlopen(library)
    threads = thread_count()

    def read(array: np.ndarray[Any, Any]) -> float:
        words = array.reshape(-1).view(np.float64)
        return float(loaded.read_once(ffi.from_buffer("double[]", words), words.size, threads))

    return read
