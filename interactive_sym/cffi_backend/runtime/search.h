/* Where the largest or the smallest element is: the first of equal ones; the first NaN, where there is one.
 *
 * Units define the searches they need: ISYM_SEARCH(isym_argmax_float64, double, int64_t, >), and ISYM_SEARCH_OVER for axes that
 * are not the last.
 */
#ifndef ISYM_SEARCH_H
#define ISYM_SEARCH_H

#include "kernel.h"

#define ISYM_SEARCH_BLOCK 4096 /* bytes that are searched again, where they hold what is best so far */
#define ISYM_SEARCH_BYTES 128  /* bytes that are compared side by side */

#define ISYM_SEARCH_FOLD(HALF, BETTER)                                                                                       \
  if (LANES > HALF) {                                                                                                        \
    _Pragma("omp simd") for (int k = 0; k < HALF; k++) {                                                                     \
      most[k] = most[k + HALF] BETTER most[k] ? most[k + HALF] : most[k];                                                    \
      strange[k] |= strange[k + HALF];                                                                                       \
    }                                                                                                                        \
  }

/* NAME: the position in `size` > 0 elements that follow each other. FLAG is an integer as wide as T. */
#define ISYM_SEARCH(NAME, T, FLAG, BETTER)                                                                                   \
  static inline int64_t NAME(const T *x, int64_t size) {                                                                     \
    enum { LANES = ISYM_SEARCH_BYTES / sizeof(T), BLOCK = ISYM_SEARCH_BLOCK / sizeof(T) };                                   \
    T best = x[0];                                                                                                           \
    int64_t found = 0;                                                                                                       \
    if (size < LANES) {                                                                                                      \
      for (int64_t i = 0; i < size; i++) {                                                                                   \
        if (x[i] != x[i]) return i;                                                                                          \
        const int better = x[i] BETTER best;                                                                                 \
        best = better ? x[i] : best;                                                                                         \
        found = better ? i : found;                                                                                          \
      }                                                                                                                      \
      return found;                                                                                                          \
    }                                                                                                                        \
    for (int64_t first = 0; first < size; first += BLOCK) {                                                                  \
      const int64_t last = size - first < BLOCK ? size : first + BLOCK, end = last - LANES;                                  \
      T most[LANES];                                                                                                         \
      FLAG strange[LANES]; /* which lanes have met NaN */                                                                    \
      for (int k = 0; k < LANES; k++) {                                                                                      \
        most[k] = x[end + k]; /* where the block is short, some of the block before is compared once more */                 \
        strange[k] = x[end + k] != x[end + k];                                                                               \
      }                                                                                                                      \
      for (int64_t i = first; i < end; i += LANES) {                                                                         \
        _Pragma("omp simd") for (int k = 0; k < LANES; k++) {                                                                \
          const T item = x[i + k];                                                                                           \
          most[k] = item BETTER most[k] ? item : most[k];                                                                    \
          strange[k] |= item != item;                                                                                        \
        }                                                                                                                    \
      }                                                                                                                      \
      ISYM_SEARCH_FOLD(64, BETTER) ISYM_SEARCH_FOLD(32, BETTER) ISYM_SEARCH_FOLD(16, BETTER) ISYM_SEARCH_FOLD(8, BETTER)     \
      ISYM_SEARCH_FOLD(4, BETTER) ISYM_SEARCH_FOLD(2, BETTER) ISYM_SEARCH_FOLD(1, BETTER)                                    \
      if (strange[0])                                                                                                        \
        for (int64_t i = first;; i++)                                                                                        \
          if (x[i] != x[i]) return i;                                                                                        \
      if (first == 0 || most[0] BETTER best) {                                                                               \
        best = most[0];                                                                                                      \
        found = first;                                                                                                       \
      }                                                                                                                      \
    }                                                                                                                        \
    for (; size - found > LANES; found += LANES) {                                                                           \
      FLAG here = 0;                                                                                                         \
      _Pragma("omp simd reduction(|:here)") for (int k = 0; k < LANES; k++) here |= x[found + k] == best;                    \
      if (here) break;                                                                                                       \
    }                                                                                                                        \
    while (x[found] != best) found++;                                                                                        \
    return found;                                                                                                            \
  }

typedef struct {
  const void *x;
  int64_t *out;
  int64_t size, inner, strips, count, length;
} isym_search;

#define ISYM_SEARCH_STRIP 512       /* columns that are searched side by side */
#define ISYM_SEARCH_NARROW 32       /* columns too few for that: rows are taken several at a time */
#define ISYM_SEARCH_ROWS 1073741824 /* rows that a position of 32 bits counts */

/* NAME: positions along the middle one of three axes, `outer`, `size` > 0 and `inner`; gives a result code.  Rows are read in
 * the order of memory, with the best of each column so far.  FLAG holds a position of 31 bits; LINE is an ISYM_SEARCH. */
#define ISYM_SEARCH_OVER(NAME, LINE, T, FLAG, BETTER)                                                                        \
  static inline void NAME##_strip(const T *x, int64_t size, int64_t inner, int64_t count, int64_t *restrict out) {           \
    T best[ISYM_SEARCH_STRIP];                                                                                               \
    FLAG place[ISYM_SEARCH_STRIP];                                                                                           \
    for (int64_t k = 0; k < count; k++) {                                                                                    \
      best[k] = x[k];                                                                                                        \
      out[k] = 0;                                                                                                            \
    }                                                                                                                        \
    for (int64_t first = 0; first < size; first += ISYM_SEARCH_ROWS) {                                                       \
      const int64_t rows = size - first < ISYM_SEARCH_ROWS ? size - first : ISYM_SEARCH_ROWS;                                \
      for (int64_t k = 0; k < count; k++) place[k] = -1;                                                                     \
      for (int64_t i = 0; i < rows; i++) {                                                                                   \
        const T *const row = x + (first + i) * inner;                                                                        \
        _Pragma("omp simd") for (int64_t k = 0; k < count; k++) {                                                            \
          const T item = row[k], old = best[k];                                                                              \
          const int better = (item BETTER old) | ((item != item) & (old == old));                                            \
          best[k] = better ? item : old;                                                                                     \
          place[k] = better ? (FLAG)i : place[k];                                                                            \
        }                                                                                                                    \
      }                                                                                                                      \
      for (int64_t k = 0; k < count; k++)                                                                                    \
        if (place[k] >= 0) out[k] = first + place[k];                                                                        \
    }                                                                                                                        \
  }                                                                                                                          \
  /* the better one of two positions in a column, the first of equal ones */                                                 \
  static inline int64_t NAME##_best(const T *x, int64_t inner, int64_t one, int64_t other) {                                 \
    const T a = x[one * inner], b = x[other * inner];                                                                        \
    if (b BETTER a || (b != b && a == a)) return other;                                                                      \
    return other < one && (a == b || (a != a && b != b)) ? other : one;                                                      \
  }                                                                                                                          \
  static inline void NAME##_columns(const T *x, int64_t size, int64_t inner, int64_t count, int64_t *restrict out) {         \
    const int64_t many = inner < ISYM_SEARCH_NARROW ? ISYM_SEARCH_STRIP / inner : 1, rows = size / many;                     \
    if (many == 1 || rows < 2) {                                                                                             \
      NAME##_strip(x, size, inner, count, out);                                                                              \
      return;                                                                                                                \
    }                                                                                                                        \
    int64_t place[ISYM_SEARCH_STRIP];                                                                                        \
    NAME##_strip(x, rows, many * inner, many * inner, place);                                                                \
    for (int64_t c = 0; c < inner; c++) {                                                                                    \
      int64_t best = place[c] * many;                                                                                        \
      for (int64_t k = 1; k < many; k++) best = NAME##_best(x + c, inner, best, place[k * inner + c] * many + k);            \
      for (int64_t i = rows * many; i < size; i++) best = NAME##_best(x + c, inner, best, i);                                \
      out[c] = best;                                                                                                         \
    }                                                                                                                        \
  }                                                                                                                          \
  ISYM_APART int NAME##_part(isym_ctx *ctx, const void *given, int64_t number) {                                             \
    const isym_search *const s = (const isym_search *)given;                                                                 \
    for (int64_t k = number * s->length; k < (number + 1) * s->length && k < s->count; k++) {                                \
      if (ISYM_INTERRUPTED(ctx)) return ISYM_PYTHON;                                                                         \
      const int64_t o = k / s->strips, c = k % s->strips * ISYM_SEARCH_STRIP;                                                \
      const int64_t count = s->inner - c < ISYM_SEARCH_STRIP ? s->inner - c : ISYM_SEARCH_STRIP;                             \
      const T *const x = (const T *)s->x + o * s->size * s->inner + c;                                                       \
      if (s->inner == 1) s->out[o] = LINE(x, s->size);                                                                       \
      else NAME##_columns(x, s->size, s->inner, count, s->out + o * s->inner + c);                                           \
    }                                                                                                                        \
    return ISYM_OK;                                                                                                          \
  }                                                                                                                          \
  /* one long line: each part searches its piece */                                                                          \
  ISYM_APART int NAME##_piece(isym_ctx *ctx, const void *given, int64_t number) {                                            \
    const isym_search *const s = (const isym_search *)given;                                                                 \
    const int64_t first = number * s->length, left = s->size - first;                                                        \
    (void)ctx;                                                                                                               \
    s->out[number] = first + LINE((const T *)s->x + first, left < s->length ? left : s->length);                             \
    return ISYM_OK;                                                                                                          \
  }                                                                                                                          \
  static inline int NAME(isym_ctx *ctx, const T *x, int64_t outer, int64_t size, int64_t inner, int64_t *out) {              \
    const int64_t strips = (inner + ISYM_SEARCH_STRIP - 1) / ISYM_SEARCH_STRIP, count = outer * strips;                      \
    const double work = 2.0 * (double)outer * (double)size * (double)inner;                                                  \
    if (count == 1 && inner == 1) {                                                                                          \
      int64_t place[ISYM_PARTS];                                                                                             \
      const isym_cut cut = isym_parts(work, size, ISYM_SEARCH_BLOCK, 0);                                                     \
      const isym_search given = {x, place, size, inner, strips, count, cut.length};                                          \
      const int code = isym_run(ctx, NAME##_piece, &given, cut.count, work);                                                 \
      if (code) return code;                                                                                                 \
      out[0] = place[0];                                                                                                     \
      for (int64_t k = 1; k < cut.count; k++) out[0] = NAME##_best(x, 1, out[0], place[k]);                                  \
      return ISYM_OK;                                                                                                        \
    }                                                                                                                        \
    const isym_cut cut = isym_parts(work, count, 1, 0);                                                                      \
    const isym_search given = {x, out, size, inner, strips, count, cut.length};                                              \
    return isym_run(ctx, NAME##_part, &given, cut.count, work);                                                              \
  }

#endif
