/* Cholesky and LU decompositions, and what is solved with them. Matrices lie in C order.
 *
 * Small matrices, and all where the library table has no LAPACK, go through the loops here; larger ones through LAPACK, which
 * reads our rows as columns: what it calls A is our A'. Macros make the functions of `LibraryCall` (core/ops/library.py).
 */
#ifndef ISYM_LINALG_H
#define ISYM_LINALG_H

#include "blas.h"
#include "kernel.h"

enum { ISYM_SMALL_MATRIX = 16 };

/* LAPACK's own interface: everything by address, and the length of each text at the end. */
typedef void isym_potrf(const char *uplo, const isym_int *n, void *a, const isym_int *lda, isym_int *info, size_t);
typedef void isym_getrf(const isym_int *m, const isym_int *n, void *a, const isym_int *lda, isym_int *pivots, isym_int *info);
typedef void isym_getrs(const char *trans, const isym_int *n, const isym_int *columns, const void *a, const isym_int *lda,
                        const isym_int *pivots, void *b, const isym_int *ldb, isym_int *info, size_t);

/* l <- the lower triangular l with l l' = a, of the lower triangle of a. 1: not square; 2: not positive definite. */
#define ISYM_CHOLESKY(name, type, root, entry, lower, nan)                                                                    \
  static int name(isym_ctx *ctx, const type *a, int64_t na, type *restrict l, int64_t nl, int64_t n, int64_t columns) {       \
    (void)na, (void)nl;                                                                                                       \
    if (n != columns) return 1;                                                                                               \
    isym_int info = 0;                                                                                                        \
    isym_potrf *potrf = n > ISYM_SMALL_MATRIX ? (isym_potrf *)ctx->lib[entry] : 0;                                            \
    for (int64_t i = 0; i < n; i++)                                                                                           \
      for (int64_t j = 0; j < n; j++) l[i * n + j] = j > i ? 0 : lower ? a[i * n + j] : a[j * n + i];                         \
    if (potrf) potrf("U", &n, l, &n, &info, 1);                                                                               \
    else                                                                                                                      \
      for (int64_t i = 0; i < n && !info; i++)                                                                                \
        for (int64_t j = 0; j <= i; j++) {                                                                                    \
          type sum = l[i * n + j];                                                                                            \
          for (int64_t k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];                                                 \
          if (j < i) l[i * n + j] = sum / l[j * n + j];                                                                       \
          else if (sum > 0) l[i * n + i] = root(sum);                                                                         \
          else info = i + 1;                                                                                                  \
        }                                                                                                                     \
    if (info && !nan) return 2;                                                                                               \
    if (info)                                                                                                                 \
      for (int64_t i = 0; i < n * n; i++) l[i] = (type)NAN;                                                                   \
    if (!lower)                                                                                                               \
      for (int64_t i = 0; i < n; i++)                                                                                         \
        for (int64_t j = 0; j < i; j++) {                                                                                     \
          const type kept = l[i * n + j];                                                                                     \
          l[i * n + j] = l[j * n + i];                                                                                        \
          l[j * n + i] = kept;                                                                                                \
        }                                                                                                                     \
    return 0;                                                                                                                 \
  }

/* lu <- the triangular parts of a (or, through LAPACK, of a'), with the pivots; the number of the first zero pivot, or 0. */
#define ISYM_LU(name, type, absolute, entry)                                                                                  \
  static inline isym_int name(isym_ctx *ctx, int64_t n, type *lu, isym_int *pivots) {                                         \
    isym_int info = 0;                                                                                                        \
    isym_getrf *getrf = n > ISYM_SMALL_MATRIX ? (isym_getrf *)ctx->lib[entry] : 0;                                            \
    if (getrf) {                                                                                                              \
      getrf(&n, &n, lu, &n, pivots, &info);                                                                                   \
      return info;                                                                                                            \
    }                                                                                                                         \
    for (int64_t k = 0; k < n; k++) {                                                                                         \
      int64_t best = k;                                                                                                       \
      for (int64_t i = k + 1; i < n; i++)                                                                                     \
        if (absolute(lu[i * n + k]) > absolute(lu[best * n + k])) best = i;                                                   \
      pivots[k] = best + 1;                                                                                                   \
      if (best != k)                                                                                                          \
        for (int64_t j = 0; j < n; j++) {                                                                                     \
          const type kept = lu[k * n + j];                                                                                    \
          lu[k * n + j] = lu[best * n + j];                                                                                   \
          lu[best * n + j] = kept;                                                                                            \
        }                                                                                                                     \
      if (lu[k * n + k] == 0) {                                                                                               \
        if (!info) info = k + 1;                                                                                              \
        continue;                                                                                                             \
      }                                                                                                                       \
      for (int64_t i = k + 1; i < n; i++) {                                                                                   \
        const type factor = lu[i * n + k] /= lu[k * n + k];                                                                   \
        for (int64_t j = k + 1; j < n; j++) lu[i * n + j] -= factor * lu[k * n + j];                                          \
      }                                                                                                                       \
    }                                                                                                                         \
    return info;                                                                                                              \
  }

/* x <- a^-1 x for `columns` right sides; `lu` as above. 3: singular; negative: no memory. */
#define ISYM_LU_SOLVE(name, type, factor, entry, factor_entry)                                                                \
  static inline int name(isym_ctx *ctx, int64_t n, int64_t columns, const type *a, type *restrict x) {                        \
    if (n == 0) return 0;                                                                                                     \
    int64_t bytes;                                                                                                            \
    if (__builtin_mul_overflow(n * (int64_t)sizeof(type), n, &bytes)) return -ISYM_MEMORY;                                    \
    type *lu = ctx->scratch(ctx, bytes);                                                                                      \
    isym_int *pivots = ctx->scratch(ctx, n * (int64_t)sizeof(isym_int));                                                      \
    if (!lu || !pivots) return -ISYM_MEMORY;                                                                                  \
    memcpy(lu, a, (size_t)bytes);                                                                                             \
    if (factor(ctx, n, lu, pivots)) return 3;                                                                                 \
    if (n > ISYM_SMALL_MATRIX && ctx->lib[factor_entry]) {                                                                    \
      isym_getrs *getrs = (isym_getrs *)ctx->lib[entry];                                                                      \
      type *turned = columns == 1 ? x : ctx->scratch(ctx, (n * columns + 1) * (int64_t)sizeof(type));                         \
      isym_int info = 0;                                                                                                      \
      if (!turned || !getrs) return -ISYM_MEMORY;                                                                             \
      if (columns != 1)                                                                                                       \
        for (int64_t i = 0; i < n; i++)                                                                                       \
          for (int64_t j = 0; j < columns; j++) turned[j * n + i] = x[i * columns + j];                                       \
      if (columns) getrs("T", &n, &columns, lu, &n, pivots, turned, &n, &info, 1);                                            \
      if (columns != 1)                                                                                                       \
        for (int64_t i = 0; i < n; i++)                                                                                       \
          for (int64_t j = 0; j < columns; j++) x[i * columns + j] = turned[j * n + i];                                       \
      return 0;                                                                                                               \
    }                                                                                                                         \
    for (int64_t i = 0; i < n; i++) {                                                                                         \
      const int64_t other = pivots[i] - 1;                                                                                    \
      if (other != i)                                                                                                         \
        for (int64_t j = 0; j < columns; j++) {                                                                               \
          const type kept = x[i * columns + j];                                                                               \
          x[i * columns + j] = x[other * columns + j];                                                                        \
          x[other * columns + j] = kept;                                                                                      \
        }                                                                                                                     \
    }                                                                                                                         \
    for (int64_t i = 0; i < n; i++)                                                                                           \
      for (int64_t k = 0; k < i; k++)                                                                                         \
        for (int64_t j = 0; j < columns; j++) x[i * columns + j] -= lu[i * n + k] * x[k * columns + j];                       \
    for (int64_t i = n - 1; i >= 0; i--) {                                                                                    \
      for (int64_t k = i + 1; k < n; k++)                                                                                     \
        for (int64_t j = 0; j < columns; j++) x[i * columns + j] -= lu[i * n + k] * x[k * columns + j];                       \
      for (int64_t j = 0; j < columns; j++) x[i * columns + j] /= lu[i * n + i];                                              \
    }                                                                                                                         \
    return 0;                                                                                                                 \
  }

ISYM_LU(isym_lu_float64, double, fabs, ISYM_DGETRF)
ISYM_LU(isym_lu_float32, float, fabsf, ISYM_SGETRF)
ISYM_LU_SOLVE(isym_lu_solve_float64, double, isym_lu_float64, ISYM_DGETRS, ISYM_DGETRF)
ISYM_LU_SOLVE(isym_lu_solve_float32, float, isym_lu_float32, ISYM_SGETRS, ISYM_SGETRF)

/* x <- a^-1 b. 1: not square; 2: b has another number of rows; 3: singular. */
#define ISYM_SOLVE(name, type, solve)                                                                                         \
  static int name(isym_ctx *ctx, const type *a, int64_t na, const type *b, int64_t nb, type *restrict x, int64_t nx,          \
                  int64_t n, int64_t width, int64_t rows, int64_t columns) {                                                  \
    (void)na, (void)nb;                                                                                                       \
    if (n != width) return 1;                                                                                                 \
    if (n != rows) return 2;                                                                                                  \
    if (nx) memcpy(x, b, (size_t)nx * sizeof(type));                                                                          \
    return solve(ctx, n, columns, a, x);                                                                                      \
  }

/* x <- a^-1. 1: not square; 3: singular. */
#define ISYM_INVERSE(name, type, solve)                                                                                       \
  static int name(isym_ctx *ctx, const type *a, int64_t na, type *restrict x, int64_t nx, int64_t n, int64_t width) {         \
    (void)na;                                                                                                                 \
    if (n != width) return 1;                                                                                                 \
    if (nx) memset(x, 0, (size_t)nx * sizeof(type));                                                                          \
    for (int64_t i = 0; i < n; i++) x[i * n + i] = 1;                                                                         \
    return solve(ctx, n, n, a, x);                                                                                            \
  }

/* *d <- the determinant of a. 1: not square. */
#define ISYM_DET(name, type, factor)                                                                                          \
  static int name(isym_ctx *ctx, const type *a, int64_t na, type *d, int64_t nd, int64_t n, int64_t width) {                  \
    (void)nd;                                                                                                                 \
    if (n != width) return 1;                                                                                                 \
    type product = 1;                                                                                                         \
    if (n) {                                                                                                                  \
      type *lu = ctx->scratch(ctx, na * (int64_t)sizeof(type));                                                               \
      isym_int *pivots = ctx->scratch(ctx, n * (int64_t)sizeof(isym_int));                                                    \
      if (!lu || !pivots) return -ISYM_MEMORY;                                                                                \
      memcpy(lu, a, (size_t)na * sizeof(type));                                                                               \
      if (factor(ctx, n, lu, pivots)) product = 0;                                                                            \
      else                                                                                                                    \
        for (int64_t i = 0; i < n; i++) product *= pivots[i] == i + 1 ? lu[i * n + i] : -lu[i * n + i];                       \
    }                                                                                                                         \
    *d = product;                                                                                                             \
    return 0;                                                                                                                 \
  }

/* x <- a^-1 b for the lower or upper triangle of a. Errors as for ISYM_SOLVE. */
#define ISYM_TRIANGULAR(name, type, lower, entry, trsm_type)                                                                  \
  static int name(isym_ctx *ctx, const type *a, int64_t na, const type *b, int64_t nb, type *restrict x, int64_t nx,          \
                  int64_t n, int64_t width, int64_t rows, int64_t columns) {                                                  \
    (void)na, (void)nb;                                                                                                       \
    if (n != width) return 1;                                                                                                 \
    if (n != rows) return 2;                                                                                                  \
    for (int64_t i = 0; i < n; i++)                                                                                           \
      if (a[i * n + i] == 0) return 3;                                                                                        \
    if (nx == 0) return 0;                                                                                                    \
    memcpy(x, b, (size_t)nx * sizeof(type));                                                                                  \
    trsm_type *trsm = n > ISYM_SMALL_MATRIX ? (trsm_type *)ctx->lib[entry] : 0;                                               \
    if (trsm) {                                                                                                               \
      trsm(ISYM_ROW_MAJOR, ISYM_LEFT, lower ? ISYM_LOWER : ISYM_UPPER, ISYM_NO_TRANS, ISYM_NON_UNIT, n, columns, 1, a, n, x,  \
           columns);                                                                                                          \
      return 0;                                                                                                               \
    }                                                                                                                         \
    for (int64_t step = 0; step < n; step++) {                                                                                \
      const int64_t i = lower ? step : n - 1 - step;                                                                          \
      const int64_t first = lower ? 0 : i + 1, stop = lower ? i : n;                                                          \
      for (int64_t k = first; k < stop; k++)                                                                                  \
        for (int64_t j = 0; j < columns; j++) x[i * columns + j] -= a[i * n + k] * x[k * columns + j];                        \
      for (int64_t j = 0; j < columns; j++) x[i * columns + j] /= a[i * n + i];                                               \
    }                                                                                                                         \
    return 0;                                                                                                                 \
  }

#endif
