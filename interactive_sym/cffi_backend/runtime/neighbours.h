/* Neighbourhoods of images as rows of a matrix, and the adjoint: the arithmetic of core/ops/neighbours.py. */
#ifndef ISYM_NEIGHBOURS_H
#define ISYM_NEIGHBOURS_H

#include "isym.h"

enum { ISYM_NEIBS_VALID, ISYM_NEIBS_IGNORE, ISYM_NEIBS_HALF, ISYM_NEIBS_FULL, ISYM_NEIBS_WRAP };

#define ISYM_NEIBS_NUMBERS 1
#define ISYM_NEIBS_UNEVEN 2
#define ISYM_NEIBS_ODD 3
#define ISYM_NEIBS_SIZES 4

/* The number of neighbourhoods along one axis, and how far the first reaches over the border. */
static inline int isym_neibs_axis(int mode, int64_t size, int64_t width, int64_t step, int64_t *grid, int64_t *pad) {
  if (width < 1 || step < 1) return ISYM_NEIBS_NUMBERS;
  *pad = mode == ISYM_NEIBS_HALF || mode == ISYM_NEIBS_WRAP ? width / 2 : mode == ISYM_NEIBS_FULL ? width - 1 : 0;
  if (mode == ISYM_NEIBS_WRAP) {
    if (width % 2 == 0 || width > size) return ISYM_NEIBS_ODD;
    *grid = (size + step - 1) / step;
    return 0;
  }
  const int64_t rest = size + 2 * *pad - width;
  if (rest < 0 || (mode != ISYM_NEIBS_IGNORE && rest % step)) return ISYM_NEIBS_UNEVEN;
  *grid = rest / step + 1;
  return 0;
}

/* The element that is `place` from the start of an axis, or -1 where there is none. */
static inline int64_t isym_neibs_place(int mode, int64_t place, int64_t size) {
  if (mode == ISYM_NEIBS_WRAP) return place < 0 ? place + size : place >= size ? place - size : place;
  return place >= 0 && place < size ? place : -1;
}

/* For each element of each neighbourhood of each image: `k` is its number in the matrix, `i` in the images, -1 in the padding. */
#define ISYM_NEIBS_LOOP(MODE, images, rows, columns, DO)                                                              \
  int64_t grid0, grid1, pad0, pad1;                                                                                    \
  int wrong = isym_neibs_axis(MODE, rows, shape[0], step[0], &grid0, &pad0);                                           \
  if (!wrong) wrong = isym_neibs_axis(MODE, columns, shape[1], step[1], &grid1, &pad1);                                \
  if (wrong) return wrong;                                                                                             \
  if ((images) * grid0 * grid1 * shape[0] * shape[1] != matrix_count) return ISYM_NEIBS_SIZES;                         \
  int64_t k = 0;                                                                                                       \
  for (int64_t n = 0; n < (images); n++)                                                                               \
    for (int64_t a = 0; a < grid0; a++)                                                                                \
      for (int64_t b = 0; b < grid1; b++)                                                                              \
        for (int64_t y = 0; y < shape[0]; y++) {                                                                       \
          const int64_t row = isym_neibs_place(MODE, a * step[0] + y - pad0, rows);                                    \
          for (int64_t x = 0; x < shape[1]; x++, k++) {                                                                \
            const int64_t column = isym_neibs_place(MODE, b * step[1] + x - pad1, columns);                            \
            const int64_t i = row < 0 || column < 0 ? -1 : (n * (rows) + row) * (columns) + column;                    \
            DO;                                                                                                        \
          }                                                                                                            \
        }                                                                                                              \
  return 0

#define ISYM_IMAGES2NEIBS(NAME, T, MODE)                                                                               \
  static int NAME(const T *image, int64_t image_count, const int64_t *shape, int64_t shape_count, const int64_t *step, \
                  int64_t step_count, T *matrix, int64_t matrix_count, int64_t images, int64_t rows, int64_t columns) { \
    (void)image_count, (void)shape_count, (void)step_count;                                                            \
    ISYM_NEIBS_LOOP(MODE, images, rows, columns, matrix[k] = i < 0 ? 0 : image[i]);                                    \
  }

#define ISYM_NEIBS2IMAGES(NAME, T, MODE)                                                                               \
  static int NAME(const T *matrix, int64_t matrix_count, const int64_t *shape, int64_t shape_count, const int64_t *step, \
                  int64_t step_count, const int64_t *d0, int64_t n0, const int64_t *d1, int64_t n1, const int64_t *d2, \
                  int64_t n2, const int64_t *d3, int64_t n3, T *image, int64_t image_count) {                          \
    (void)shape_count, (void)step_count, (void)n0, (void)n1, (void)n2, (void)n3;                                       \
    memset(image, 0, (size_t)image_count * sizeof(T));                                                                 \
    ISYM_NEIBS_LOOP(MODE, *d0 * *d1, *d2, *d3, if (i >= 0) image[i] += matrix[k]);                                     \
  }

#endif
