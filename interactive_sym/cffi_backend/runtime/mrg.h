/* The random number generator MRG31k3p and draws made from its numbers.
 *
 * L'Ecuyer and Touzin, "Fast combined multiple recursive generators with multipliers of the form a = 2^q +/- 2^r", 2000:
 *
 *   x[n] = (2^22 x[n-2] + 129 x[n-3])     mod m1,  m1 = 2^31 - 1
 *   y[n] = (2^15 y[n-1] + 32769 y[n-3])   mod m2,  m2 = 2^31 - 21069
 *   d[n] = x[n] - y[n], plus m1 where that is not positive;   u[n] = d[n] 2^-31
 *
 * A state is a matrix of int32, one stream a row: x[n-1], x[n-2], x[n-3], y[n-1], y[n-2], y[n-3].
 *
 * Every function takes for each input a pointer and the number of its elements, then the same for each output, and returns 0, the
 * number of what is wrong, or a negated result code.  Outputs may not overlap inputs.  Results are those of core/ops/mrg.py, bit for bit.
 */
#ifndef ISYM_MRG_H
#define ISYM_MRG_H

#include "kernel.h"

#define ISYM_MRG_M1 2147483647
#define ISYM_MRG_M2 2147462579

#define ISYM_MRG_NO_STREAM 1 /* numbers are wanted from a state without rows */
#define ISYM_MRG_SIZES 2     /* the numbers of elements do not fit each other */

#define ISYM_MRG_STREAMS 256 /* streams that move on side by side */

typedef struct {
  uint32_t x[3][ISYM_MRG_STREAMS], y[3][ISYM_MRG_STREAMS]; /* the newest numbers first */
} isym_mrg_streams;

typedef struct {
  int32_t *after;
  void *out;
  int64_t rows, count, length;
} isym_mrg_draw;

/* y less m, where it is not below m */
static inline uint32_t isym_mrg_less(uint32_t y, uint32_t m) { return y < y - m ? y : y - m; }

/* 2^31 is 1 modulo m1 and 21069 modulo m2, so what a shift moves beyond 31 bits comes back there.  Everything fits 32 bits. */
static inline uint32_t isym_mrg_x(uint32_t x2, uint32_t x3) {
  const uint32_t sum = ((x2 & 511) << 22) + (x2 >> 9) + ((x3 & 16777215) << 7) + (x3 >> 24);
  return isym_mrg_less(isym_mrg_less(sum, ISYM_MRG_M1) + x3, ISYM_MRG_M1);
}

static inline uint32_t isym_mrg_shift(uint32_t y) {
  return isym_mrg_less(((y & 65535) << 15) + 21069 * (y >> 16), ISYM_MRG_M2);
}

static inline uint32_t isym_mrg_y(uint32_t y1, uint32_t y3) {
  const uint32_t sum = isym_mrg_less(isym_mrg_shift(y3) + y3, ISYM_MRG_M2);
  return isym_mrg_less(sum + isym_mrg_shift(y1), ISYM_MRG_M2);
}

/* Uniform numbers in (0, 1): element i comes from stream i mod rows.  `size` only says the shape of `out`.  Parts are streams, so
 * threads share them. */
#define ISYM_MRG_UNIFORM(NAME, T, NORM)                                                                                      \
  static inline void NAME##_step(isym_mrg_streams *s, int64_t streams, T *restrict out) {                                    \
    _Pragma("omp simd") for (int64_t k = 0; k < streams; k++) {                                                              \
      const uint32_t x = isym_mrg_x(s->x[1][k], s->x[2][k]), y = isym_mrg_y(s->y[0][k], s->y[2][k]);                         \
      s->x[2][k] = s->x[1][k];                                                                                               \
      s->x[1][k] = s->x[0][k];                                                                                               \
      s->x[0][k] = x;                                                                                                        \
      s->y[2][k] = s->y[1][k];                                                                                               \
      s->y[1][k] = s->y[0][k];                                                                                               \
      s->y[0][k] = y;                                                                                                        \
      const int32_t d = (int32_t)(x - y);                                                                                    \
      out[k] = (T)(d <= 0 ? d + ISYM_MRG_M1 : d) * NORM;                                                                     \
    }                                                                                                                        \
  }                                                                                                                          \
  ISYM_APART int NAME##_part(isym_ctx *ctx, const void *given, int64_t number) {                                             \
    const isym_mrg_draw *const draw = (const isym_mrg_draw *)given;                                                          \
    const int64_t rows = draw->rows, low = number * draw->length;                                                            \
    const int64_t high = rows - low < draw->length ? rows : low + draw->length;                                              \
    T *const out = (T *)draw->out;                                                                                           \
    isym_mrg_streams s;                                                                                                      \
    for (int64_t i = low; i < high; i += ISYM_MRG_STREAMS) {                                                                 \
      if (ISYM_INTERRUPTED(ctx)) return ISYM_PYTHON;                                                                         \
      const int64_t streams = high - i < ISYM_MRG_STREAMS ? high - i : ISYM_MRG_STREAMS;                                     \
      int32_t *const state = draw->after + 6 * i;                                                                            \
      for (int64_t k = 0; k < streams; k++)                                                                                  \
        for (int j = 0; j < 3; j++) {                                                                                        \
          s.x[j][k] = (uint32_t)state[6 * k + j];                                                                            \
          s.y[j][k] = (uint32_t)state[6 * k + 3 + j];                                                                        \
        }                                                                                                                    \
      for (int64_t first = i; first < draw->count; first += rows)                                                            \
        NAME##_step(&s, draw->count - first < streams ? draw->count - first : streams, out + first);                         \
      for (int64_t k = 0; k < streams; k++)                                                                                  \
        for (int j = 0; j < 3; j++) {                                                                                        \
          state[6 * k + j] = (int32_t)s.x[j][k];                                                                             \
          state[6 * k + 3 + j] = (int32_t)s.y[j][k];                                                                         \
        }                                                                                                                    \
    }                                                                                                                        \
    return ISYM_OK;                                                                                                          \
  }                                                                                                                          \
  static inline int NAME(isym_ctx *ctx, const int32_t *state, int64_t state_count, const int64_t *size, int64_t size_count,  \
                         int32_t *after, int64_t after_count, T *out, int64_t out_count) {                                   \
    const int64_t rows = state_count / 6;                                                                                    \
    (void)size;                                                                                                              \
    (void)size_count;                                                                                                        \
    if (rows == 0 && out_count > 0) return ISYM_MRG_NO_STREAM;                                                               \
    memcpy(after, state, (size_t)after_count * sizeof(int32_t));                                                             \
    const int64_t moved = rows < out_count ? rows : out_count;                                                               \
    const double work = 8.0 * (double)out_count;                                                                             \
    const isym_cut cut = isym_parts(work, moved, ISYM_MRG_STREAMS, 0);                                                       \
    const isym_mrg_draw draw = {after, out, rows, out_count, cut.length};                                                    \
    return moved ? -isym_run(ctx, NAME##_part, &draw, cut.count, work) : 0;                                                  \
  }

ISYM_MRG_UNIFORM(isym_mrg_uniform_f64, double, 4.656612873077392578125e-10)
ISYM_MRG_UNIFORM(isym_mrg_uniform_f32, float, 4.6566126e-10f)

/* Outcomes of draws, one distribution a row of `p`, (rows, k): draw c of row i takes the first outcome whose summed probability
 * exceeds u[c rows + i]; a draw whose u no sum exceeds counts nowhere.  `out`, (rows, k), counts them. */
#define ISYM_MULTINOMIAL(NAME, P, U)                                                                                         \
  static inline int NAME(const P *p, int64_t p_count, const U *u, int64_t u_count, const int64_t *draws, int64_t draws_count,       \
                  int64_t *out, int64_t out_count) {                                                                         \
    const int64_t rows = *draws > 0 ? u_count / *draws : 0;                                                                  \
    const int64_t k = rows > 0 ? p_count / rows : 0;                                                                         \
    (void)draws_count;                                                                                                       \
    if (*draws < 0 || u_count != *draws * rows || (rows > 0 && p_count != rows * k) || out_count != p_count)                 \
      return ISYM_MRG_SIZES;                                                                                                 \
    for (int64_t i = 0; i < out_count; i++) out[i] = 0;                                                                      \
    for (int64_t c = 0; c < *draws; c++) {                                                                                   \
      for (int64_t i = 0; i < rows; i++) {                                                                                   \
        P sum = 0;                                                                                                           \
        for (int64_t j = 0; j < k; j++) {                                                                                    \
          sum += p[i * k + j];                                                                                               \
          if (sum > u[c * rows + i]) {                                                                                       \
            out[i * k + j] += 1;                                                                                             \
            break;                                                                                                           \
          }                                                                                                                  \
        }                                                                                                                    \
      }                                                                                                                      \
    }                                                                                                                        \
    return 0;                                                                                                                \
  }

ISYM_MULTINOMIAL(isym_multinomial_f64_f64, double, double)
ISYM_MULTINOMIAL(isym_multinomial_f64_f32, double, float)
ISYM_MULTINOMIAL(isym_multinomial_f32_f64, float, double)
ISYM_MULTINOMIAL(isym_multinomial_f32_f32, float, float)

#endif
