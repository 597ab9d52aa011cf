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
 * Every function takes for each input a pointer and the number of its elements, then the same for each output, and returns 0, or
 * the number of what is wrong.  Outputs may not overlap inputs.  Results are those of core/ops/mrg.py, bit for bit.
 */
#ifndef ISYM_MRG_H
#define ISYM_MRG_H

#include <stdint.h>
#include <string.h>

#define ISYM_MRG_M1 2147483647
#define ISYM_MRG_M2 2147462579

#define ISYM_MRG_NO_STREAM 1 /* numbers are wanted from a state without rows */
#define ISYM_MRG_SIZES 2     /* the numbers of elements do not fit each other */

/* The next number of a stream, from 1 to m1; moves the stream on. */
static inline int32_t isym_mrg_next(int32_t *s) {
  const int64_t x = ((int64_t)s[1] * 4194304 + (int64_t)s[2] * 129) % ISYM_MRG_M1;
  const int64_t y = ((int64_t)s[3] * 32768 + (int64_t)s[5] * 32769) % ISYM_MRG_M2;
  const int64_t d = x - y;
  s[2] = s[1];
  s[1] = s[0];
  s[0] = (int32_t)x;
  s[5] = s[4];
  s[4] = s[3];
  s[3] = (int32_t)y;
  return (int32_t)(d <= 0 ? d + ISYM_MRG_M1 : d);
}

/* Uniform numbers in (0, 1): element i comes from stream i mod rows.  `size` only says the shape of `out`. */
#define ISYM_MRG_UNIFORM(NAME, T, NORM)                                                                                      \
  static inline int NAME(const int32_t *state, int64_t state_count, const int64_t *size, int64_t size_count, int32_t *after,        \
                  int64_t after_count, T *out, int64_t out_count) {                                                          \
    const int64_t rows = state_count / 6;                                                                                    \
    (void)size;                                                                                                              \
    (void)size_count;                                                                                                        \
    if (rows == 0 && out_count > 0) return ISYM_MRG_NO_STREAM;                                                               \
    memcpy(after, state, (size_t)after_count * sizeof(int32_t));                                                             \
    for (int64_t first = 0; first < out_count; first += rows) {                                                              \
      const int64_t count = out_count - first < rows ? out_count - first : rows;                                             \
      for (int64_t i = 0; i < count; i++) out[first + i] = (T)isym_mrg_next(after + 6 * i) * NORM;                           \
    }                                                                                                                        \
    return 0;                                                                                                                \
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
