/* Functions on whole arrays: sorting, searching, counting, running sums.
 *
 * Every function takes for each input a pointer and the number of its elements, then the same for each output, then sizes, and
 * returns 0, or the number of what is wrong.  Outputs may not overlap inputs.  Macros make a function for an element type.
 */
#ifndef ISYM_ARRAYS_H
#define ISYM_ARRAYS_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "isym.h"

/* Whether a comes before b: from small to large with NaN last, or from large to small with NaN first. */
#define ISYM_LESS(a, b) ((a) < (b))
#define ISYM_MORE(a, b) ((a) > (b))
#define ISYM_LESS_NAN(a, b) ((a) < (b) || ((b) != (b) && (a) == (a)))
#define ISYM_MORE_NAN(a, b) ((a) > (b) || ((a) != (a) && (b) == (b)))

/* The first `run` elements are sorted by insertion, and so are all others, `run` at a time; then neighbours are merged, from one
 * buffer into the other and back.  Equal elements keep their order.  VALUE(e) is what is compared of an element e.  NULL: the user
 * interrupts. */
#define ISYM_RUN 16
#define ISYM_SORTED_LONG 65536 /* elements between two looks at whether the user interrupts */
#define ISYM_MERGE_SORT(NAME, E, KEYS, VALUE, BEFORE)                                                                         \
  static inline E *NAME(isym_ctx *ctx, E *a, E *b, int64_t n, KEYS) {                                                         \
    for (int64_t first = 0; first < n; first += ISYM_RUN) {                                                                   \
      if ((first & (ISYM_SORTED_LONG - 1)) == 0 && ISYM_INTERRUPTED(ctx)) return 0;                                           \
      const int64_t stop = n - first < ISYM_RUN ? n : first + ISYM_RUN;                                                       \
      for (int64_t i = first + 1; i < stop; i++) {                                                                            \
        const E item = a[i];                                                                                                  \
        int64_t j = i;                                                                                                        \
        for (; j > first && BEFORE(VALUE(item), VALUE(a[j - 1])); j--) a[j] = a[j - 1];                                       \
        a[j] = item;                                                                                                          \
      }                                                                                                                       \
    }                                                                                                                         \
    for (int64_t width = ISYM_RUN; width < n; width *= 2) {                                                                   \
      for (int64_t first = 0; first < n; first += 2 * width) {                                                                \
        if ((first & (ISYM_SORTED_LONG - 1)) == 0 && ISYM_INTERRUPTED(ctx)) return 0;                                         \
        const int64_t middle = n - first < width ? n : first + width;                                                         \
        const int64_t stop = n - middle < width ? n : middle + width;                                                         \
        int64_t i = first, j = middle, k = first;                                                                             \
        while (i < middle && j < stop) {                                                                                      \
          if (BEFORE(VALUE(a[j]), VALUE(a[i]))) b[k++] = a[j++];                                                              \
          else b[k++] = a[i++];                                                                                               \
        }                                                                                                                     \
        while (i < middle) b[k++] = a[i++];                                                                                   \
        while (j < stop) b[k++] = a[j++];                                                                                     \
      }                                                                                                                       \
      E *const other = a;                                                                                                     \
      a = b;                                                                                                                  \
      b = other;                                                                                                              \
    }                                                                                                                         \
    return a;                                                                                                                 \
  }

#define ISYM_ITSELF(e) (e)

/* Sorts along an axis of n elements, `inner` apart.  1: no memory. */
#define ISYM_SORT(NAME, T, BEFORE)                                                                                            \
  ISYM_MERGE_SORT(NAME##_line, T, int unused, ISYM_ITSELF, BEFORE)                                                            \
  static inline int NAME(isym_ctx *ctx, const T *x, int64_t x_count, T *out, int64_t out_count, int64_t n, int64_t inner) {   \
    (void)out_count;                                                                                                          \
    if (x_count == 0) return 0;                                                                                               \
    T *const line = (T *)malloc(2 * (size_t)n * sizeof(T));                                                                   \
    if (!line) return 1;                                                                                                      \
    for (int64_t first = 0; first < x_count; first += n * inner)                                                              \
      for (int64_t j = 0; j < inner; j++) {                                                                                   \
        for (int64_t k = 0; k < n; k++) line[k] = x[first + k * inner + j];                                                   \
        const int stop = (j & 63) == 0 && ISYM_INTERRUPTED(ctx);                                                              \
        const T *const sorted = stop ? 0 : NAME##_line(ctx, line, line + n, n, 0);                                            \
        if (!sorted) {                                                                                                        \
          free(line);                                                                                                         \
          return -ISYM_PYTHON;                                                                                                \
        }                                                                                                                     \
        for (int64_t k = 0; k < n; k++) out[first + k * inner + j] = sorted[k];                                               \
      }                                                                                                                       \
    free(line);                                                                                                               \
    return 0;                                                                                                                 \
  }

/* The positions that sort along an axis of n elements, `inner` apart; the first of equal elements first.  1: no memory. */
#define ISYM_ARGSORT(NAME, T, BEFORE)                                                                                         \
  ISYM_MERGE_SORT(NAME##_line, int64_t, const T *key, ISYM_ITSELF_KEY, BEFORE)                                                \
  static inline int NAME(isym_ctx *ctx, const T *x, int64_t x_count, int64_t *out, int64_t out_count, int64_t n, int64_t inner) {\
    (void)out_count;                                                                                                          \
    if (x_count == 0) return 0;                                                                                               \
    int64_t *const line = (int64_t *)malloc(2 * (size_t)n * sizeof(int64_t));                                                 \
    T *const key = (T *)malloc((size_t)n * sizeof(T));                                                                        \
    if (!line || !key) {                                                                                                      \
      free(line);                                                                                                             \
      free(key);                                                                                                              \
      return 1;                                                                                                               \
    }                                                                                                                         \
    for (int64_t first = 0; first < x_count; first += n * inner)                                                              \
      for (int64_t j = 0; j < inner; j++) {                                                                                   \
        for (int64_t k = 0; k < n; k++) {                                                                                     \
          line[k] = k;                                                                                                        \
          key[k] = x[first + k * inner + j];                                                                                  \
        }                                                                                                                     \
        const int stop = (j & 63) == 0 && ISYM_INTERRUPTED(ctx);                                                              \
        const int64_t *const sorted = stop ? 0 : NAME##_line(ctx, line, line + n, n, key);                                    \
        if (!sorted) {                                                                                                        \
          free(line);                                                                                                         \
          free(key);                                                                                                          \
          return -ISYM_PYTHON;                                                                                                \
        }                                                                                                                     \
        for (int64_t k = 0; k < n; k++) out[first + k * inner + j] = sorted[k];                                               \
      }                                                                                                                       \
    free(line);                                                                                                               \
    free(key);                                                                                                                \
    return 0;                                                                                                                 \
  }
#define ISYM_ITSELF_KEY(e) (key[e])

/* For each v the number of elements of the sorted x that come before it (left), or that do not come after it (right). */
#define ISYM_SEARCH_LEFT(NAME, T, BEFORE)                                                                                     \
  static inline int NAME(const T *x, int64_t x_count, const T *v, int64_t v_count, int64_t *out, int64_t out_count) {         \
    (void)out_count;                                                                                                          \
    for (int64_t i = 0; i < v_count; i++) {                                                                                   \
      int64_t low = 0, high = x_count;                                                                                        \
      while (low < high) {                                                                                                    \
        const int64_t middle = low + (high - low) / 2;                                                                        \
        if (BEFORE(x[middle], v[i])) low = middle + 1;                                                                        \
        else high = middle;                                                                                                   \
      }                                                                                                                       \
      out[i] = low;                                                                                                           \
    }                                                                                                                         \
    return 0;                                                                                                                 \
  }
#define ISYM_SEARCH_RIGHT(NAME, T, BEFORE)                                                                                    \
  static inline int NAME(const T *x, int64_t x_count, const T *v, int64_t v_count, int64_t *out, int64_t out_count) {         \
    (void)out_count;                                                                                                          \
    for (int64_t i = 0; i < v_count; i++) {                                                                                   \
      int64_t low = 0, high = x_count;                                                                                        \
      while (low < high) {                                                                                                    \
        const int64_t middle = low + (high - low) / 2;                                                                        \
        if (BEFORE(v[i], x[middle])) high = middle;                                                                           \
        else low = middle + 1;                                                                                                \
      }                                                                                                                       \
      out[i] = low;                                                                                                           \
    }                                                                                                                         \
    return 0;                                                                                                                 \
  }

/* Running sums or products along an axis of n elements, `inner` apart. */
#define ISYM_RUNNING(NAME, T, O, SIGN)                                                                                        \
  static inline int NAME(const T *x, int64_t x_count, O *out, int64_t out_count, int64_t n, int64_t inner) {                  \
    (void)out_count;                                                                                                          \
    for (int64_t first = 0; first < x_count; first += n * inner) {                                                            \
      for (int64_t j = 0; j < inner; j++) out[first + j] = (O)x[first + j];                                                   \
      for (int64_t k = first + inner; k < first + n * inner; k++) out[k] = out[k - inner] SIGN (O)x[k];                       \
    }                                                                                                                         \
    return 0;                                                                                                                 \
  }

/* s[k] = a[k] s[k-1] + b[k] along an axis of n elements, `inner` apart; s[-1] is 0. */
#define ISYM_RECURRENCE(NAME, T)                                                                                              \
  static inline int NAME(const T *a, int64_t a_count, const T *b, int64_t b_count, T *out, int64_t out_count, int64_t n,      \
                         int64_t inner) {                                                                                     \
    (void)out_count;                                                                                                          \
    if (a_count != b_count) return 1;                                                                                         \
    for (int64_t first = 0; first < a_count; first += n * inner) {                                                            \
      for (int64_t j = 0; j < inner; j++) out[first + j] = b[first + j];                                                      \
      for (int64_t k = first + inner; k < first + n * inner; k++) out[k] = a[k] * out[k - inner] + b[k];                      \
    }                                                                                                                         \
    return 0;                                                                                                                 \
  }

/* Positions of the elements that are not 0.  1: their number is not that of the elements of `out`. */
static inline int isym_flatnonzero(const uint8_t *x, int64_t x_count, const int64_t *count, int64_t count_count, int64_t *out,
                                   int64_t out_count) {
  int64_t found = 0;
  (void)count;
  (void)count_count;
  for (int64_t k = 0; k < x_count; k++)
    if (x[k]) {
      if (found >= out_count) return 1;
      out[found++] = k;
    }
  return found != out_count;
}

/* How often, or with which total weight, each of 0, 1, ... comes in x.  1: a negative number, 2: one that is too large. */
static inline int isym_bincount(const int64_t *x, int64_t x_count, const int64_t *size, int64_t size_count, int64_t *out,
                                int64_t out_count) {
  (void)size;
  (void)size_count;
  memset(out, 0, (size_t)out_count * sizeof(int64_t));
  for (int64_t k = 0; k < x_count; k++) {
    if (x[k] < 0) return 1;
    if (x[k] >= out_count) return 2;
    out[x[k]]++;
  }
  return 0;
}

#define ISYM_BINCOUNT_WEIGHTED(NAME, T)                                                                                       \
  static inline int NAME(const int64_t *x, int64_t x_count, const int64_t *size, int64_t size_count, const T *weight,         \
                         int64_t weight_count, T *out, int64_t out_count) {                                                   \
    (void)size;                                                                                                               \
    (void)size_count;                                                                                                         \
    if (weight_count != x_count) return 3;                                                                                    \
    memset(out, 0, (size_t)out_count * sizeof(T));                                                                            \
    for (int64_t k = 0; k < x_count; k++) {                                                                                   \
      if (x[k] < 0) return 1;                                                                                                 \
      if (x[k] >= out_count) return 2;                                                                                        \
      out[x[k]] += weight[k];                                                                                                 \
    }                                                                                                                         \
    return 0;                                                                                                                 \
  }

/* 0 count[0] times, 1 count[1] times, ...  1: a negative count, 2: they do not sum up to the elements of `out`, 3: they are not
 * as many as wanted. */
static inline int isym_repeated(const int64_t *count, int64_t count_count, const int64_t *total, int64_t total_count,
                                const int64_t *wanted, int64_t wanted_count, int64_t *out, int64_t out_count) {
  int64_t place = 0;
  (void)total;
  (void)total_count;
  (void)wanted_count;
  if (count_count != *wanted) return 3;
  for (int64_t k = 0; k < count_count; k++) {
    if (count[k] < 0) return 1;
    if (count[k] > out_count - place) return 2;
    for (int64_t r = 0; r < count[k]; r++) out[place++] = k;
  }
  return place == out_count ? 0 : 2;
}

#endif
