/* Products with some blocks of a matrix of blocks: the arithmetic of core/ops/blocksparse.py. */
#ifndef ISYM_BLOCKSPARSE_H
#define ISYM_BLOCKSPARSE_H

#include "isym.h"

#define ISYM_BLOCKS_SIZES 1
#define ISYM_BLOCKS_NUMBER 2

/* out[b, j] <- o[b, j] + sum over i of h[b, i] w[first[b, i], second[b, j]]; a block is (m, n). */
#define ISYM_SPARSE_BLOCK_GEMV(NAME, T)                                                                                   \
  static int NAME(const T *o, int64_t o_count, const T *w, int64_t w_count, const T *h, int64_t h_count,                  \
                  const int64_t *first, int64_t first_count, const int64_t *second, int64_t second_count, T *restrict out, \
                  int64_t out_count, int64_t batch, int64_t wanted, int64_t out_size, int64_t blocks0, int64_t blocks1,   \
                  int64_t m, int64_t n, int64_t used) {                                                                   \
    (void)w_count, (void)o_count;                                                                                         \
    if (out_size != n || h_count != batch * used * m || first_count != batch * used || second_count != batch * wanted)    \
      return ISYM_BLOCKS_SIZES;                                                                                           \
    if (out_count) memcpy(out, o, (size_t)out_count * sizeof(T));                                                         \
    for (int64_t b = 0; b < batch; b++)                                                                                   \
      for (int64_t j = 0; j < wanted; j++)                                                                                \
        for (int64_t i = 0; i < used; i++) {                                                                              \
          const int64_t from = first[b * used + i], to = second[b * wanted + j];                                          \
          if (from < 0 || from >= blocks0 || to < 0 || to >= blocks1) return ISYM_BLOCKS_NUMBER;                          \
          const T *block = w + (from * blocks1 + to) * m * n, *in = h + (b * used + i) * m;                               \
          T *sum = out + (b * wanted + j) * n;                                                                            \
          for (int64_t x = 0; x < m; x++)                                                                                 \
            for (int64_t y = 0; y < n; y++) sum[y] += in[x] * block[x * n + y];                                           \
        }                                                                                                                 \
    return 0;                                                                                                             \
  }

/* out <- o with x[b, i] y[b, j]' added to block (first[b, i], second[b, j]), a matrix (m, n). */
#define ISYM_SPARSE_BLOCK_OUTER(NAME, T)                                                                                  \
  static int NAME(const T *o, int64_t o_count, const T *x, int64_t x_count, const T *y, int64_t y_count,                  \
                  const int64_t *first, int64_t first_count, const int64_t *second, int64_t second_count, T *restrict out, \
                  int64_t out_count, int64_t blocks0, int64_t blocks1, int64_t m, int64_t n, int64_t batch, int64_t used, \
                  int64_t wanted) {                                                                                       \
    (void)o_count;                                                                                                        \
    if (x_count != batch * used * m || y_count != batch * wanted * n || first_count != batch * used ||                    \
        second_count != batch * wanted)                                                                                   \
      return ISYM_BLOCKS_SIZES;                                                                                           \
    if (out_count) memcpy(out, o, (size_t)out_count * sizeof(T));                                                         \
    for (int64_t b = 0; b < batch; b++)                                                                                   \
      for (int64_t i = 0; i < used; i++)                                                                                  \
        for (int64_t j = 0; j < wanted; j++) {                                                                            \
          const int64_t from = first[b * used + i], to = second[b * wanted + j];                                          \
          if (from < 0 || from >= blocks0 || to < 0 || to >= blocks1) return ISYM_BLOCKS_NUMBER;                          \
          T *block = out + (from * blocks1 + to) * m * n;                                                                 \
          const T *left = x + (b * used + i) * m, *right = y + (b * wanted + j) * n;                                      \
          for (int64_t k = 0; k < m; k++)                                                                                 \
            for (int64_t l = 0; l < n; l++) block[k * n + l] += left[k] * right[l];                                       \
        }                                                                                                                 \
    return 0;                                                                                                             \
  }

#endif
