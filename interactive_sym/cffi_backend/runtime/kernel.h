/* What generated kernels use: vector mathematics, reductions that pass NaN on, sizes of slices, matrix products.
 *
 * Included by units after isym.h; each function is small and static, so that a unit holds only what it uses.
 */
#ifndef ISYM_KERNEL_H
#define ISYM_KERNEL_H

#include "isym.h"
#include "vector.h"

/* Vector variants of the mathematical functions, in glibc's libmvec: at most 4 ulp, special values as in the scalar ones. */
#ifdef ISYM_LIBMVEC
#define ISYM_VECTOR_1(name)                                            \
  __attribute__((simd("notinbranch"))) double name(double);            \
  __attribute__((simd("notinbranch"))) float name##f(float);
#define ISYM_VECTOR_2(name)                                            \
  __attribute__((simd("notinbranch"))) double name(double, double);    \
  __attribute__((simd("notinbranch"))) float name##f(float, float);
ISYM_VECTOR_1(exp) ISYM_VECTOR_1(log) ISYM_VECTOR_1(sin) ISYM_VECTOR_1(cos) ISYM_VECTOR_1(tan)
ISYM_VECTOR_1(exp2) ISYM_VECTOR_1(expm1) ISYM_VECTOR_1(log2) ISYM_VECTOR_1(log10) ISYM_VECTOR_1(log1p)
ISYM_VECTOR_1(sinh) ISYM_VECTOR_1(cosh) ISYM_VECTOR_1(tanh) ISYM_VECTOR_1(asin) ISYM_VECTOR_1(acos) ISYM_VECTOR_1(atan)
ISYM_VECTOR_1(asinh) ISYM_VECTOR_1(acosh) ISYM_VECTOR_1(atanh) ISYM_VECTOR_1(erf) ISYM_VECTOR_1(erfc) ISYM_VECTOR_1(cbrt)
ISYM_VECTOR_2(pow) ISYM_VECTOR_2(atan2) ISYM_VECTOR_2(hypot)
#endif

/* Reports an error: the node, the axis or message number, and two sizes. */
static inline int isym_fail(isym_ctx *ctx, int code, int64_t node, int64_t axis, int64_t left, int64_t right) {
  ctx->error[0] = node;
  ctx->error[1] = axis;
  ctx->error[2] = left;
  ctx->error[3] = right;
  return code;
}

/* A function of its own in machine code too: copied into its callers it would take the compiler twice the time. */
#if defined(__GNUC__) && !defined(__clang__)
#define ISYM_APART static __attribute__((noinline, noclone, unused))
#else
#define ISYM_APART static __attribute__((noinline, unused))
#endif

/* A long unit may be compiled in pieces: each time with the functions of one, the others being declared only. */
#ifdef ISYM_PIECE_NUMBER
#define ISYM_PIECE(number) ((number) == ISYM_PIECE_NUMBER)
#define ISYM_PART __attribute__((noinline, visibility("hidden")))
#else
#define ISYM_PIECE(number) 1
#define ISYM_PART ISYM_APART
#endif

/* Scratch memory for an array; NULL where there is not so much. */
ISYM_APART void *isym_temporary(isym_ctx *ctx, int64_t bytes, int ndim, const int64_t *dim) {
  int none = 0;
  for (int k = 0; k < ndim; k++) none |= dim[k] == 0;
  if (none) return ctx->scratch(ctx, 64);
  for (int k = 0; k < ndim; k++)
    if (__builtin_mul_overflow(bytes, dim[k], &bytes)) return 0;
  return ctx->scratch(ctx, bytes);
}

/* How a loop is cut into parts.  It depends on sizes only, so that results are the same whoever computes which part. */
typedef struct {
  int64_t count, length; /* parts, and iterations of each but the last */
} isym_cut;

#define ISYM_PART_WORK 65536.0 /* operations of a part at least: some 5 us */
#define ISYM_PART_ROOM 8388608.0 /* elements of memory for all parts' own arrays at most */

/* work: operations in all; size: iterations; unit: parts have multiples of it; own: elements of the arrays each part has for
 * itself, which must be few against the work, as they are added up in the end. */
ISYM_APART isym_cut isym_parts(double work, int64_t size, int64_t unit, double own) {
  double most = work / ISYM_PART_WORK;
  if (most < 2) return (isym_cut){1, size};
  if (most > ISYM_PARTS) most = ISYM_PARTS;
  if (most * own * 8 > work) most = work / (own * 8);
  if (most * own > ISYM_PART_ROOM) most = ISYM_PART_ROOM / own;
  const int64_t count = most < 1 ? 1 : (int64_t)most;
  int64_t length = size / count + (size % count != 0);
  if (length % unit) length += unit - length % unit;
  return length < size ? (isym_cut){size / length + (size % length != 0), length} : (isym_cut){1, size};
}

/* Computes all parts, on several threads where that pays. */
ISYM_APART int isym_run(isym_ctx *ctx, isym_part *part, const void *shared, int64_t count, double work) {
  if (count > 1 && ctx->share && work >= (double)ctx->enough) return ctx->share(ctx, part, shared, count);
  for (int64_t number = 0; number < count; number++) {
    if (number && ISYM_INTERRUPTED(ctx)) return ISYM_PYTHON;
    const int code = part(ctx, shared, number);
    if (code) return code;
  }
  return ISYM_OK;
}

/* An index counted from the front, or -1 where there is no such element. */
static inline int64_t isym_index(int64_t index, int64_t size) {
  if (index < 0) index += size;
  return index >= 0 && index < size ? index : -1;
}

/* The number of elements of the slice start:stop:step of `size` elements, and the first of them. step is not 0. */
static inline int64_t isym_slice(int64_t size, int has_start, int64_t start, int has_stop, int64_t stop, int64_t step,
                                 int64_t *first) {
  const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
  if (!has_start) start = step > 0 ? low : high;
  else {
    if (start < 0) start += size;
    start = start < low ? low : start > high ? high : start;
  }
  if (!has_stop) stop = step > 0 ? high : low;
  else {
    if (stop < 0) stop += size;
    stop = stop < low ? low : stop > high ? high : stop;
  }
  *first = start;
  /* unsigned, so that steps of any size do not overflow */
  if (step > 0) return stop > start ? (int64_t)((uint64_t)(stop - start - 1) / (uint64_t)step) + 1 : 0;
  return start > stop ? (int64_t)((uint64_t)(start - stop - 1) / (0 - (uint64_t)step)) + 1 : 0;
}

/* The number of elements of a range; step is not 0. */
static inline int64_t isym_range(int64_t start, int64_t stop, int64_t step) {
  if (step > 0) return stop > start ? (int64_t)(((uint64_t)stop - (uint64_t)start - 1) / (uint64_t)step) + 1 : 0;
  return start > stop ? (int64_t)(((uint64_t)start - (uint64_t)stop - 1) / (0 - (uint64_t)step)) + 1 : 0;
}

/* The same for floats; -1 where it is not a number that fits. */
static inline int64_t isym_rangef(double start, double stop, double step) {
  const double count = ceil((stop - start) / step);
  if (count <= 0) return 0;
  return count < 9e18 ? (int64_t)count : -1;
}

static inline int64_t isym_product(const int64_t *size, int count) {
  int64_t product = 1;
  for (int k = 0; k < count; k++) product *= size[k];
  return product;
}

/* Works out the one size that is -1; nonzero where the sizes do not make `total` elements. */
static inline int isym_reshape(int64_t *size, int count, int64_t total) {
  int64_t product = 1;
  int open = -1;
  for (int k = 0; k < count; k++) {
    if (size[k] == -1) {
      if (open >= 0) return 1;
      open = k;
    } else if (size[k] < 0 || __builtin_mul_overflow(product, size[k], &product)) return 1;
  }
  if (open < 0) return product != total;
  if (product == 0 || total % product) return 1;
  size[open] = total / product;
  return 0;
}

/* Maximum and minimum that pass NaN on, and as reductions over the lanes of a vector. */
#define ISYM_EXTREMA(name, type)                                                                        \
  static inline type isym_max_##name(type a, type b) { return b > a || b != b ? b : a; }                           \
  static inline type isym_min_##name(type a, type b) { return b < a || b != b ? b : a; }
ISYM_EXTREMA(float64, double)
ISYM_EXTREMA(float32, float)
ISYM_EXTREMA(int8, int8_t)
ISYM_EXTREMA(int16, int16_t)
ISYM_EXTREMA(int32, int32_t)
ISYM_EXTREMA(int64, int64_t)
ISYM_EXTREMA(uint8, uint8_t)
ISYM_EXTREMA(uint16, uint16_t)
ISYM_EXTREMA(uint32, uint32_t)
ISYM_EXTREMA(uint64, uint64_t)
ISYM_EXTREMA(bool, uint8_t)

#pragma omp declare reduction(isym_max_float64 : double : omp_out = isym_max_float64(omp_out, omp_in)) initializer(omp_priv = -INFINITY)
#pragma omp declare reduction(isym_min_float64 : double : omp_out = isym_min_float64(omp_out, omp_in)) initializer(omp_priv = INFINITY)
#pragma omp declare reduction(isym_max_float32 : float : omp_out = isym_max_float32(omp_out, omp_in)) initializer(omp_priv = -INFINITY)
#pragma omp declare reduction(isym_min_float32 : float : omp_out = isym_min_float32(omp_out, omp_in)) initializer(omp_priv = INFINITY)
#pragma omp declare reduction(isym_max_int8 : int8_t : omp_out = isym_max_int8(omp_out, omp_in)) initializer(omp_priv = INT8_MIN)
#pragma omp declare reduction(isym_min_int8 : int8_t : omp_out = isym_min_int8(omp_out, omp_in)) initializer(omp_priv = INT8_MAX)
#pragma omp declare reduction(isym_max_int16 : int16_t : omp_out = isym_max_int16(omp_out, omp_in)) initializer(omp_priv = INT16_MIN)
#pragma omp declare reduction(isym_min_int16 : int16_t : omp_out = isym_min_int16(omp_out, omp_in)) initializer(omp_priv = INT16_MAX)
#pragma omp declare reduction(isym_max_int32 : int32_t : omp_out = isym_max_int32(omp_out, omp_in)) initializer(omp_priv = INT32_MIN)
#pragma omp declare reduction(isym_min_int32 : int32_t : omp_out = isym_min_int32(omp_out, omp_in)) initializer(omp_priv = INT32_MAX)
#pragma omp declare reduction(isym_max_int64 : int64_t : omp_out = isym_max_int64(omp_out, omp_in)) initializer(omp_priv = INT64_MIN)
#pragma omp declare reduction(isym_min_int64 : int64_t : omp_out = isym_min_int64(omp_out, omp_in)) initializer(omp_priv = INT64_MAX)
#pragma omp declare reduction(isym_max_uint8 : uint8_t : omp_out = isym_max_uint8(omp_out, omp_in)) initializer(omp_priv = 0)
#pragma omp declare reduction(isym_min_uint8 : uint8_t : omp_out = isym_min_uint8(omp_out, omp_in)) initializer(omp_priv = UINT8_MAX)
#pragma omp declare reduction(isym_max_uint16 : uint16_t : omp_out = isym_max_uint16(omp_out, omp_in)) initializer(omp_priv = 0)
#pragma omp declare reduction(isym_min_uint16 : uint16_t : omp_out = isym_min_uint16(omp_out, omp_in)) initializer(omp_priv = UINT16_MAX)
#pragma omp declare reduction(isym_max_uint32 : uint32_t : omp_out = isym_max_uint32(omp_out, omp_in)) initializer(omp_priv = 0)
#pragma omp declare reduction(isym_min_uint32 : uint32_t : omp_out = isym_min_uint32(omp_out, omp_in)) initializer(omp_priv = UINT32_MAX)
#pragma omp declare reduction(isym_max_uint64 : uint64_t : omp_out = isym_max_uint64(omp_out, omp_in)) initializer(omp_priv = 0)
#pragma omp declare reduction(isym_min_uint64 : uint64_t : omp_out = isym_min_uint64(omp_out, omp_in)) initializer(omp_priv = UINT64_MAX)
#pragma omp declare reduction(isym_max_bool : uint8_t : omp_out = isym_max_bool(omp_out, omp_in)) initializer(omp_priv = 0)
#pragma omp declare reduction(isym_min_bool : uint8_t : omp_out = isym_min_bool(omp_out, omp_in)) initializer(omp_priv = 1)

/* c <- op(a) op(b), all in C order, lda and ldb the row lengths of a and b as they lie in memory: the BLAS of the table, or a
 * loop over blocks that stay in the cache. */
#ifdef ISYM_BLAS_H
#define ISYM_GEMM_LONG 6e10 /* multiplications that take seconds */
#define ISYM_GEMM_WORK 1.6e10 /* of them between two looks at whether the user interrupts */

/* Rows and columns of a product to compute at a time: all, unless that takes long. */
static inline int64_t isym_gemm_block(int64_t m, int64_t n, int64_t k) {
  if ((double)m * (double)n * (double)k < ISYM_GEMM_LONG) return m > n ? m : n;
  const int64_t block = (int64_t)sqrt(ISYM_GEMM_WORK / (double)k);
  return block > 256 ? block - block % 64 : 256;
}

#define ISYM_GEMM(name, type, blas, entry)                                                                                    \
  static inline void name(isym_ctx *ctx, int64_t m, int64_t n, int64_t k, int ta, const type *a, int64_t lda, int tb,         \
                          const type *b, int64_t ldb, type *restrict c) {                                                     \
    if (m == 0 || n == 0) return;                                                                                             \
    blas *gemm = k ? (blas *)ctx->lib[entry] : 0;                                                                             \
    if (gemm) {                                                                                                               \
      const int64_t block = isym_gemm_block(m, n, k), i1 = ta == ISYM_TRANS ? 1 : lda, j1 = tb == ISYM_TRANS ? ldb : 1;       \
      for (int64_t i = 0; i < m; i += block)                                                                                  \
        for (int64_t j = 0; j < n; j += block) {                                                                              \
          if (i + j && ISYM_INTERRUPTED(ctx)) return; /* the call fails, whatever is computed from here on */                 \
          gemm(ISYM_ROW_MAJOR, ta, tb, m - i < block ? m - i : block, n - j < block ? n - j : block, k, 1, a + i * i1, lda,   \
               b + j * j1, ldb, 0, c + i * n + j, n);                                                                         \
        }                                                                                                                     \
      return;                                                                                                                 \
    }                                                                                                                         \
    memset(c, 0, (size_t)m * (size_t)n * sizeof(type));                                                                       \
    const int64_t ai = ta == ISYM_TRANS ? 1 : lda, ak = ta == ISYM_TRANS ? lda : 1;                                           \
    const int64_t bk = tb == ISYM_TRANS ? 1 : ldb, bj = tb == ISYM_TRANS ? ldb : 1;                                           \
    for (int64_t k0 = 0; k0 < k; k0 += 64)                                                                                    \
      for (int64_t i = 0; i < m; i++)                                                                                         \
        for (int64_t l = k0; l < k && l < k0 + 64; l++) {                                                                     \
          const type factor = a[i * ai + l * ak];                                                                             \
          for (int64_t j = 0; j < n; j++) c[i * n + j] += factor * b[l * bk + j * bj];                                        \
        }                                                                                                                     \
  }
ISYM_GEMM(isym_gemm, double, isym_gemm_d, ISYM_DGEMM)
ISYM_GEMM(isym_gemmf, float, isym_gemm_s, ISYM_SGEMM)
#endif

#endif
