/* Pooling and its derivatives: the arithmetic of core/ops/pooling.py.
 *
 * Up to three axes are pooled; fewer are the last of three, the others have size 1.  What does not depend on the element type is
 * here, the rest in pool_typed.h.
 */
#ifndef ISYM_POOL_H
#define ISYM_POOL_H

#include "isym.h"

enum { ISYM_POOL_MAX, ISYM_POOL_SUM, ISYM_POOL_INC_PAD, ISYM_POOL_EXC_PAD };

#define ISYM_POOL_NUMBERS 1
#define ISYM_POOL_PADDING 2
#define ISYM_POOL_SIZES 3

typedef struct {
  int mode, ignore_border, ndim;
  int64_t in[3], ws[3], stride[3], pad[3], out[3];
  int64_t volume, windows;
} isym_pool_form;

/* Works out the numbers of windows; `expected` is the number of elements of a tensor with one element per window. */
static int isym_pool_measure(isym_pool_form *form, const int64_t *in, const int64_t *ws, const int64_t *stride, const int64_t *pad,
                             int64_t rows, int64_t expected) {
  form->volume = form->windows = 1;
  for (int axis = 0; axis < 3; axis++) {
    const int k = axis - (3 - form->ndim);
    const int64_t size = form->in[axis] = k < 0 ? 1 : in[k];
    const int64_t w = form->ws[axis] = k < 0 ? 1 : ws[k], s = form->stride[axis] = k < 0 ? 1 : stride[k];
    const int64_t p = form->pad[axis] = k < 0 ? 0 : pad[k];
    if (w < 1 || s < 1 || p < 0 || p >= w) return ISYM_POOL_NUMBERS;
    int64_t count;
    if (form->ignore_border) count = size + 2 * p >= w ? (size + 2 * p - w) / s + 1 : 0;
    else {
      if (p) return ISYM_POOL_PADDING;
      const int64_t inner = (size > w ? (size - w + s - 1) / s : 0) + 1, outer = (size + s - 1) / s;
      count = inner < outer ? inner : outer;
    }
    form->out[axis] = count;
    form->volume *= size;
    form->windows *= count;
  }
  return form->windows * rows == expected ? 0 : ISYM_POOL_SIZES;
}

/* The elements low[k] .. high[k]-1 along each axis that window `p` sees; how many elements it counts for an average. */
static inline int64_t isym_pool_window(const isym_pool_form *form, const int64_t *p, int64_t *low, int64_t *high) {
  int64_t count = 1;
  for (int axis = 0; axis < 3; axis++) {
    const int64_t start = p[axis] * form->stride[axis] - form->pad[axis], stop = start + form->ws[axis];
    const int64_t size = form->in[axis], padded = size + form->pad[axis];
    low[axis] = start < 0 ? 0 : start;
    high[axis] = stop > size ? size : stop;
    count *= form->mode == ISYM_POOL_INC_PAD ? (stop > padded ? padded : stop) - start : high[axis] - low[axis];
  }
  return count;
}

/* Windows first .. stop-1 along the last axis see an element of the tensor at a place; `start` is where window 0 would. */
static inline void isym_pool_span(int64_t start, int64_t stride, int64_t in, int64_t out, int64_t *first, int64_t *stop) {
  const int64_t a = start < 0 ? (-start + stride - 1) / stride : 0, b = start < in ? (in - 1 - start) / stride + 1 : 0;
  *first = a < out ? a : out;
  *stop = b < *first ? *first : b < out ? b : out;
}

/* For each window of each row: `w` is its number in the row, `count` what an average divides by. */
#define ISYM_POOL_WINDOWS                                                          \
  for (int64_t p0 = 0, w = 0; p0 < form->out[0]; p0++)                             \
    for (int64_t p1 = 0; p1 < form->out[1]; p1++)                                  \
      for (int64_t p2 = 0; p2 < form->out[2]; p2++, w++)

/* For each element of the window: `i` is its number in the row. */
#define ISYM_POOL_ELEMENTS                                                         \
  for (int64_t i0 = low[0]; i0 < high[0]; i0++)                                    \
    for (int64_t i1 = low[1]; i1 < high[1]; i1++)                                  \
      for (int64_t i = (i0 * form->in[1] + i1) * form->in[2] + low[2], last = i - low[2] + high[2]; i < last; i++)

#endif
