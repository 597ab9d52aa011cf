/* Memory of large results.
 *
 * Fresh memory costs a page fault each 4 KiB, which for large arrays takes longer than to fill them.  So the memory of large results
 * comes back here when the last reference to the array, or to a view of it, is gone: NumPy gives it to the array's memory handler.
 * Used under the GIL.
 */
#ifndef ISYM_RESULTS_H
#define ISYM_RESULTS_H

#include <sys/mman.h>

#include "frame.h"

#define POOLED_BYTES (1 << 16)         /* smaller arrays are NumPy's own affair */
#define POOL_BYTES (1LL << 28)         /* kept at most */
#define POOL_BLOCKS 32
#define HUGE_BYTES (1 << 22)           /* from here on pages of 2 MiB are asked for, as NumPy does */

typedef struct {
  void *data;
  size_t bytes;
} Block;

static struct {
  Block block[POOL_BLOCKS];            /* the one given back last is at the end */
  int count;
  int64_t bytes;
} pool;

static void pool_drop(int k) {
  free(pool.block[k].data);
  pool.bytes -= (int64_t)pool.block[k].bytes;
  memmove(&pool.block[k], &pool.block[k + 1], sizeof(Block) * (size_t)(--pool.count - k));
}

static void *pool_take(size_t bytes) {
  for (int k = pool.count; k-- > 0;)
    if (pool.block[k].bytes == bytes) {
      void *data = pool.block[k].data;
      pool.bytes -= (int64_t)bytes;
      memmove(&pool.block[k], &pool.block[k + 1], sizeof(Block) * (size_t)(--pool.count - k));
      return data;
    }
  void *data = NULL;
  if (posix_memalign(&data, bytes >= HUGE_BYTES ? 4096 : ALIGNMENT, bytes)) return NULL;
#ifdef MADV_HUGEPAGE
  if (bytes >= HUGE_BYTES) madvise(data, bytes, MADV_HUGEPAGE);
#endif
  return data;
}

static void pool_give(void *unused, void *data, size_t bytes) {
  (void)unused;
  if (bytes < POOLED_BYTES || (int64_t)bytes > POOL_BYTES) {
    free(data);
    return;
  }
  while (pool.count == POOL_BLOCKS || pool.bytes + (int64_t)bytes > POOL_BYTES) pool_drop(0);
  pool.block[pool.count++] = (Block){data, bytes};
  pool.bytes += (int64_t)bytes;
}

static void *plain_malloc(void *unused, size_t bytes) { return (void)unused, malloc(bytes ? bytes : 1); }
static void *plain_calloc(void *unused, size_t count, size_t bytes) { return (void)unused, calloc(count ? count : 1, bytes ? bytes : 1); }
static void *plain_realloc(void *unused, void *data, size_t bytes) { return (void)unused, realloc(data, bytes ? bytes : 1); }

static PyDataMem_Handler pool_handler = {"interactive_sym", 1, {NULL, plain_malloc, plain_calloc, plain_realloc, pool_give}};
static PyObject *pool_capsule;

#if NPY_ABI_VERSION < 0x02000000
#define PyDataType_ELSIZE(descr) ((descr)->elsize)
#endif

/* A new array; of a large one the memory may be that of an earlier one. */
static PyObject *new_array(PyArray_Descr *descr, int ndim, const npy_intp *shape) {
  npy_intp bytes = PyDataType_ELSIZE(descr);
  for (int d = 0; d < ndim; d++)
    if (__builtin_mul_overflow(bytes, shape[d], &bytes)) bytes = 0;
  void *data = bytes >= POOLED_BYTES ? pool_take((size_t)bytes) : NULL;
  Py_INCREF(descr);
  PyObject *array = PyArray_NewFromDescr(&PyArray_Type, descr, ndim, shape, NULL, data, data ? NPY_ARRAY_CARRAY : 0, NULL);
  if (!data) return array;
  if (!array) {
    free(data);
    return NULL;
  }
  Py_INCREF(pool_capsule);
  ((PyArrayObject_fields *)array)->mem_handler = pool_capsule;
  PyArray_ENABLEFLAGS((PyArrayObject *)array, NPY_ARRAY_OWNDATA);
  return array;
}

#endif
