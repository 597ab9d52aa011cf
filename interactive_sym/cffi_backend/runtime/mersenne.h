/* The generator MT19937 and NumPy's legacy draws from it, bit for bit.
 *
 * Matsumoto and Nishimura, "Mersenne twister: a 623-dimensionally equidistributed uniform pseudo-random number generator", 1998.
 * What RandomState draws is fixed for good by NumPy's policy (NEP 19), so the algorithms below are too:
 *
 *   uniform    u = (a 2^26 + b) 2^-53 from 27 bits a and 26 bits b of two words
 *   normal     Marsaglia's polar method; the second of a pair is kept for the next draw
 *   integers   words under a mask, those above the range rejected
 *   binomial   n p <= 30: inversion; else BTPE (Kachitvichyanukul and Schmeiser, 1988)
 *   poisson    mean < 10: products of uniforms; else PTRS (Hoermann, 1993)
 *
 * A state is 628 words: 624 of the generator, the place of the next one, whether a normal number is kept, and that number.
 * Parameters of draws are doubles or int64; `step` is 0 where one value is for all elements, else 1.  Every draw moves the state
 * on and returns 0, or 1 where a parameter is out of its range; outputs may not overlap inputs.
 */
#ifndef ISYM_MERSENNE_H
#define ISYM_MERSENNE_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define ISYM_MT_LENGTH 624
#define ISYM_MT_SHIFT 397
#define ISYM_MT_WORDS 628

typedef struct {
  uint32_t key[ISYM_MT_LENGTH];
  int32_t place, has_gauss;
  double gauss;
} isym_mt;

/* A function of its own in machine code too: the compiler would copy its three loops to every place that wants a word. */
static __attribute__((noinline, unused)) void isym_mt_refill(isym_mt *s) {
  uint32_t *const key = s->key;
  const int rest = ISYM_MT_LENGTH - ISYM_MT_SHIFT;
#define ISYM_MT_TWIST(high, low) ((((high)&0x80000000u) | ((low)&0x7fffffffu)) >> 1 ^ (-((low)&1u) & 0x9908b0dfu))
  for (int k = 0; k < rest; k++) key[k] = key[k + ISYM_MT_SHIFT] ^ ISYM_MT_TWIST(key[k], key[k + 1]);
  for (int k = rest; k < ISYM_MT_LENGTH - 1; k++) key[k] = key[k - rest] ^ ISYM_MT_TWIST(key[k], key[k + 1]);
  key[ISYM_MT_LENGTH - 1] = key[ISYM_MT_SHIFT - 1] ^ ISYM_MT_TWIST(key[ISYM_MT_LENGTH - 1], key[0]);
  s->place = 0;
}

static inline uint32_t isym_mt_tempered(uint32_t y) {
  y ^= y >> 11;
  y ^= y << 7 & 0x9d2c5680u;
  y ^= y << 15 & 0xefc60000u;
  return y ^ y >> 18;
}

static inline uint32_t isym_mt_word(isym_mt *s) {
  if (s->place >= ISYM_MT_LENGTH) isym_mt_refill(s);
  return isym_mt_tempered(s->key[s->place++]);
}

static inline uint64_t isym_mt_long(isym_mt *s) {
  const uint64_t high = isym_mt_word(s);
  return high << 32 | isym_mt_word(s);
}

static inline double isym_mt_fraction(uint32_t a, uint32_t b) {
  return ((double)(int32_t)(a >> 5) * 67108864.0 + (double)(int32_t)(b >> 6)) * (1.0 / 9007199254740992.0);
}

static inline double isym_mt_double(isym_mt *s) {
  const uint32_t a = isym_mt_word(s);
  return isym_mt_fraction(a, isym_mt_word(s));
}

/* The next `count` numbers in [0, 1); pairs of words that lie in the block are taken in a loop the compiler can make vectors of. */
static inline void isym_mt_doubles(isym_mt *s, double *out, int64_t count) {
  for (int64_t i = 0; i < count;) {
    if (s->place >= ISYM_MT_LENGTH) isym_mt_refill(s);
    int64_t pairs = (ISYM_MT_LENGTH - s->place) / 2;
    if (pairs > count - i) pairs = count - i;
    const uint32_t *const key = s->key + s->place;
    for (int64_t k = 0; k < pairs; k++)
      out[i + k] = isym_mt_fraction(isym_mt_tempered(key[2 * k]), isym_mt_tempered(key[2 * k + 1]));
    s->place += 2 * (int32_t)pairs;
    i += pairs;
    if (i < count && s->place == ISYM_MT_LENGTH - 1) out[i++] = isym_mt_double(s);
  }
}

/* The C library's logarithm itself: a variant for vectors may differ in the last digit. */
static __attribute__((noinline, unused)) double isym_mt_log(double x) { return log(x); }

/* The next `count` normal numbers.  Of the points of a square those in the circle are taken: as many are drawn at a time as are
 * wanted at least, so that no number is drawn in vain. */
#define ISYM_MT_POINTS 256
static inline void isym_mt_gausses(isym_mt *s, double *out, int64_t count) {
  double u[2 * ISYM_MT_POINTS], x[ISYM_MT_POINTS], y[ISYM_MT_POINTS], square[ISYM_MT_POINTS], factor[ISYM_MT_POINTS];
  int64_t i = 0;
  if (count > 0 && s->has_gauss) {
    out[i++] = s->gauss;
    s->has_gauss = 0;
    s->gauss = 0.0;
  }
  while (i < count) {
    const int64_t half = (count - i + 1) / 2, points = half < ISYM_MT_POINTS ? half : ISYM_MT_POINTS;
    int64_t found = 0;
    isym_mt_doubles(s, u, 2 * points);
    for (int64_t k = 0; k < points; k++) {
      const double a = 2.0 * u[2 * k] - 1.0, b = 2.0 * u[2 * k + 1] - 1.0, c = a * a + b * b;
      x[found] = a;
      y[found] = b;
      square[found] = c;
      found += c < 1.0 && c != 0.0;
    }
    for (int64_t k = 0; k < found; k++) factor[k] = isym_mt_log(square[k]);
    for (int64_t k = 0; k < found; k++) factor[k] = sqrt(-2.0 * factor[k] / square[k]);
    for (int64_t k = 0; k < found; k++) {
      out[i++] = factor[k] * y[k];
      if (i < count) {
        out[i++] = factor[k] * x[k];
      } else {
        s->gauss = factor[k] * x[k];
        s->has_gauss = 1;
      }
    }
  }
}

/* All bits up to the highest one of `range`. */
static inline uint64_t isym_mt_mask(uint64_t range) {
  return range ? ~(uint64_t)0 >> __builtin_clzll(range) : 0;
}

/* An integer from 0 to `range`, both included. */
static inline uint64_t isym_mt_below(isym_mt *s, uint64_t range) {
  const uint64_t mask = isym_mt_mask(range);
  uint64_t value;
  if (range == 0) return 0;
  if (range <= 0xffffffffu) {
    do value = isym_mt_word(s) & mask;
    while (value > range);
  } else {
    do value = isym_mt_long(s) & mask;
    while (value > range);
  }
  return value;
}

/* -- binomial ---------------------------------------------------------------------------------------------------------------- */

/* Inversion: the distribution function is summed up from 0 until it exceeds a uniform number.  What n and p determine is worked
 * out once for a run of draws. */
typedef struct {
  double q, start;
  int64_t bound;
} isym_mt_inversion;

static inline isym_mt_inversion isym_mt_inverted(int64_t n, double p) {
  const double q = 1.0 - p, mean = (double)n * p, furthest = mean + 10.0 * sqrt(mean * q + 1);
  const int64_t bound = (int64_t)((double)n < furthest ? (double)n : furthest);
  return (isym_mt_inversion){q, exp((double)n * log(q)), bound};
}

static inline int64_t isym_mt_binomial_inversion(isym_mt *s, int64_t n, double p, isym_mt_inversion given) {
  int64_t x = 0;
  double mass = given.start, u = isym_mt_double(s);
  while (u > mass) {
    if (++x > given.bound) {
      x = 0;
      mass = given.start;
      u = isym_mt_double(s);
    } else {
      u -= mass;
      mass = ((double)(n - x + 1) * p * mass) / ((double)x * given.q);
    }
  }
  return x;
}

/* The tail of Stirling's series for log x!, as BTPE has it. */
static inline double isym_mt_stirling(double x) {
  const double square = x * x;
  return (13680. - (462. - (132. - (99. - 140. / square) / square) / square) / square) / x / 166320.;
}

/* BTPE: a triangle, a parallelogram and two exponential tails over the distribution, with p <= 1/2. */
static inline int64_t isym_mt_binomial_btpe(isym_mt *s, int64_t n, double p) {
  const double r = p < 1.0 - p ? p : 1.0 - p, q = 1.0 - r, wide = (double)n * r + r;
  const int64_t mode = (int64_t)floor(wide);
  const double half = floor(2.195 * sqrt((double)n * r * q) - 4.6 * q) + 0.5;
  const double middle = (double)mode + 0.5, left = middle - half, right = middle + half;
  const double c = 0.134 + 20.5 / (15.3 + (double)mode);
  double a = (wide - left) / (wide - left * r);
  const double rate_left = a * (1.0 + a / 2.0);
  a = (right - wide) / (right * q);
  const double rate_right = a * (1.0 + a / 2.0);
  const double p2 = half * (1.0 + 2.0 * c), p3 = p2 + c / rate_left, p4 = p3 + c / rate_right, variance = (double)n * r * q;
  for (;;) {
    const double u = isym_mt_double(s) * p4;
    double v = isym_mt_double(s);
    int64_t y;
    if (u <= half) {
      y = (int64_t)floor(middle - half * v + u);
    } else {
      if (u <= p2) {
        const double x = left + (u - half) / c;
        v = v * c + 1.0 - fabs((double)mode - x + 0.5) / half;
        if (v > 1.0) continue;
        y = (int64_t)floor(x);
      } else if (u <= p3) {
        y = (int64_t)floor(left + log(v) / rate_left);
        if (y < 0 || v == 0.0) continue;
        v = v * (u - p2) * rate_left;
      } else {
        y = (int64_t)floor(right - log(v) / rate_right);
        if (y > n || v == 0.0) continue;
        v = v * (u - p3) * rate_right;
      }
      const int64_t k = y > mode ? y - mode : mode - y;
      if (k > 20 && (double)k < variance / 2.0 - 1) {
        const double rho =
            ((double)k / variance) * (((double)k * ((double)k / 3.0 + 0.625) + 0.16666666666666666) / variance + 0.5);
        const double t = (double)(-k * k) / (2 * variance), logarithm = log(v);
        if (logarithm > t + rho) continue;
        if (logarithm >= t - rho) {
          const double x1 = (double)(y + 1), f1 = (double)(mode + 1), z = (double)(n + 1 - mode), w = (double)(n - y + 1);
          const double bound = middle * log(f1 / x1) + ((double)(n - mode) + 0.5) * log(z / w) +
                               (double)(y - mode) * log(w * r / (x1 * q)) + isym_mt_stirling(f1) + isym_mt_stirling(z) +
                               isym_mt_stirling(x1) + isym_mt_stirling(w);
          if (logarithm > bound) continue;
        }
      } else {
        const double odds = r / q, top = odds * (double)(n + 1);
        double ratio = 1.0;
        for (int64_t i = mode + 1; i <= y; i++) ratio *= top / (double)i - odds;
        for (int64_t i = y + 1; i <= mode; i++) ratio /= top / (double)i - odds;
        if (v > ratio) continue;
      }
    }
    return p > 0.5 ? n - y : y;
  }
}

static inline int isym_mt_inverts(int64_t n, double p) { return (p <= 0.5 ? p : 1.0 - p) * (double)n <= 30.0; }

static inline int64_t isym_mt_binomial(isym_mt *s, int64_t n, double p, const isym_mt_inversion *given) {
  if (n == 0 || p == 0.0) return 0;
  const double small = p <= 0.5 ? p : 1.0 - p;
  const int64_t x = !isym_mt_inverts(n, p) ? isym_mt_binomial_btpe(s, n, small)
                                           : isym_mt_binomial_inversion(s, n, small, given ? *given : isym_mt_inverted(n, small));
  return p <= 0.5 ? x : n - x;
}

/* -- poisson ----------------------------------------------------------------------------------------------------------------- */

/* log Gamma(x), by Stirling's series from x = 7 on and the recurrence below. */
static inline double isym_mt_log_gamma(double x) {
  static const double a[10] = {8.333333333333333e-02,  -2.777777777777778e-03, 7.936507936507937e-04, -5.952380952380952e-04,
                               8.417508417508418e-04,  -1.917526917526918e-03, 6.410256410256410e-03, -2.955065359477124e-02,
                               1.796443723688307e-01,  -1.39243221690590e+00};
  if (x == 1.0 || x == 2.0) return 0.0;
  const int64_t n = x < 7.0 ? (int64_t)(7 - x) : 0;
  double far = x + (double)n;
  const double inverse = (1.0 / far) * (1.0 / far);
  double sum = a[9];
  for (int k = 8; k >= 0; k--) {
    sum *= inverse;
    sum += a[k];
  }
  double result = sum / far + 0.5 * 1.8378770664093453 + (far - 0.5) * log(far) - far;
  if (x < 7.0)
    for (int64_t k = 1; k <= n; k++) {
      result -= log(far - 1.0);
      far -= 1.0;
    }
  return result;
}

static inline int64_t isym_mt_poisson(isym_mt *s, double mean) {
  if (mean == 0.0) return 0;
  if (mean < 10.0) {
    const double least = exp(-mean);
    double product = 1.0;
    for (int64_t x = 0;; x++) {
      product *= isym_mt_double(s);
      if (!(product > least)) return x;
    }
  }
  const double root = sqrt(mean), logarithm = log(mean);
  const double b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b, inverse = 1.1239 + 1.1328 / (b - 3.4);
  const double accepted = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = isym_mt_double(s) - 0.5, v = isym_mt_double(s), distance = 0.5 - fabs(u);
    const int64_t k = (int64_t)floor((2 * a / distance + b) * u + mean + 0.43);
    if (distance >= 0.07 && v <= accepted) return k;
    if (k < 0 || (distance < 0.013 && v > distance)) continue;
    if (log(v) + log(inverse) - log(a / (distance * distance) + b) <=
        -mean + (double)k * logarithm - isym_mt_log_gamma((double)k + 1))
      return k;
  }
}

/* -- arrays of draws --------------------------------------------------------------------------------------------------------- */

#define ISYM_MT_POISSON_MOST 9.223372006484771e18 /* NumPy's bound of the mean */

/* Numbers are made in blocks that stay in the cache, then scaled and converted. */
#define ISYM_MT_BLOCK 1024
#define ISYM_MT_UNIFORM(NAME, T)                                                                                               \
  static inline int NAME(isym_mt *s, const double *low, int low_step, const double *high, int high_step, T *out,               \
                         int64_t count) {                                                                                      \
    double u[ISYM_MT_BLOCK];                                                                                                   \
    const int64_t ranges = low_step || high_step ? count : 1;                                                                  \
    for (int64_t i = 0; i < ranges; i++)                                                                                       \
      if (!isfinite(high[i * high_step] - low[i * low_step])) return 1;                                                        \
    for (int64_t first = 0; first < count; first += ISYM_MT_BLOCK) {                                                           \
      const int64_t size = count - first < ISYM_MT_BLOCK ? count - first : ISYM_MT_BLOCK;                                      \
      isym_mt_doubles(s, u, size);                                                                                             \
      if (low_step || high_step) {                                                                                             \
        for (int64_t i = 0; i < size; i++) {                                                                                   \
          const double from = low[(first + i) * low_step];                                                                     \
          out[first + i] = (T)(from + (high[(first + i) * high_step] - from) * u[i]);                                          \
        }                                                                                                                      \
      } else {                                                                                                                 \
        const double from = *low, range = *high - *low;                                                                        \
        for (int64_t i = 0; i < size; i++) out[first + i] = (T)(from + range * u[i]);                                          \
      }                                                                                                                        \
    }                                                                                                                          \
    return 0;                                                                                                                  \
  }

#define ISYM_MT_NORMAL(NAME, T)                                                                                                \
  static inline int NAME(isym_mt *s, const double *mean, int mean_step, const double *deviation, int deviation_step, T *out,   \
                         int64_t count) {                                                                                      \
    const int64_t ranges = deviation_step ? count : 1;                                                                         \
    for (int64_t i = 0; i < ranges; i++)                                                                                       \
      if (!isnan(deviation[i]) && signbit(deviation[i])) return 1;                                                             \
    double z[ISYM_MT_BLOCK];                                                                                                   \
    for (int64_t first = 0; first < count; first += ISYM_MT_BLOCK) {                                                           \
      const int64_t size = count - first < ISYM_MT_BLOCK ? count - first : ISYM_MT_BLOCK;                                      \
      isym_mt_gausses(s, z, size);                                                                                             \
      for (int64_t i = 0; i < size; i++)                                                                                       \
        out[first + i] = (T)(mean[(first + i) * mean_step] + deviation[(first + i) * deviation_step] * z[i]);                  \
    }                                                                                                                          \
    return 0;                                                                                                                  \
  }

#define ISYM_MT_INTEGERS(NAME, T)                                                                                              \
  static inline int NAME(isym_mt *s, const int64_t *low, int low_step, const int64_t *high, int high_step, T *out,             \
                         int64_t count) {                                                                                      \
    for (int64_t i = 0; i < (low_step || high_step ? count : 1); i++)                                                          \
      if (low[i * low_step] > high[i * high_step]) return 1;                                                                   \
    for (int64_t i = 0; i < count; i++) {                                                                                      \
      const uint64_t from = (uint64_t)low[i * low_step];                                                                       \
      out[i] = (T)(int64_t)(from + isym_mt_below(s, (uint64_t)high[i * high_step] - from));                                    \
    }                                                                                                                          \
    return 0;                                                                                                                  \
  }

/* Single trials by inversion are comparisons; the numbers u, one each.  0: another number is wanted for one of them, which rounding
 * may bring about; then the state is as before. */
static inline int isym_mt_trials(isym_mt *s, double p, isym_mt_inversion given, double *u, int64_t count) {
  const isym_mt before = *s;
  const double rest = p * given.start / given.q;
  int64_t odd = 0;
  isym_mt_doubles(s, u, count);
  for (int64_t i = 0; i < count; i++) odd += (u[i] > given.start) & (u[i] - given.start > rest);
  if (odd) *s = before;
  return !odd;
}

#define ISYM_MT_BINOMIAL(NAME, T)                                                                                              \
  static inline int NAME(isym_mt *s, const int64_t *n, int n_step, const double *p, int p_step, T *out, int64_t count) {       \
    for (int64_t i = 0; i < (n_step ? count : 1); i++)                                                                         \
      if (n[i] < 0) return 1;                                                                                                  \
    for (int64_t i = 0; i < (p_step ? count : 1); i++)                                                                         \
      if (!(p[i] >= 0 && p[i] <= 1)) return 1;                                                                                 \
    const int one = !n_step && !p_step && isym_mt_inverts(*n, *p);                                                             \
    const isym_mt_inversion given = one ? isym_mt_inverted(*n, *p <= 0.5 ? *p : 1.0 - *p) : (isym_mt_inversion){0, 0, 0};      \
    const int single = one && *n == 1 && *p > 0, turned = *p > 0.5;                                                            \
    double u[ISYM_MT_BLOCK];                                                                                                   \
    for (int64_t first = 0; first < count; first += ISYM_MT_BLOCK) {                                                           \
      const int64_t stop = count - first < ISYM_MT_BLOCK ? count : first + ISYM_MT_BLOCK;                                      \
      if (single && isym_mt_trials(s, turned ? 1.0 - *p : *p, given, u, stop - first)) {                                       \
        for (int64_t i = first; i < stop; i++) out[i] = (T)((u[i - first] > given.start) != turned);                           \
        continue;                                                                                                              \
      }                                                                                                                        \
      for (int64_t i = first; i < stop; i++)                                                                                   \
        out[i] = (T)isym_mt_binomial(s, n[i * n_step], p[i * p_step], one ? &given : 0);                                       \
    }                                                                                                                          \
    return 0;                                                                                                                  \
  }

#define ISYM_MT_POISSON(NAME, T)                                                                                               \
  static inline int NAME(isym_mt *s, const double *mean, int mean_step, T *out, int64_t count) {                               \
    for (int64_t i = 0; i < (mean_step ? count : 1); i++)                                                                      \
      if (!(mean[i] >= 0 && mean[i] <= ISYM_MT_POISSON_MOST)) return 1;                                                        \
    for (int64_t i = 0; i < count; i++) out[i] = (T)isym_mt_poisson(s, mean[i * mean_step]);                                   \
    return 0;                                                                                                                  \
  }

/* 0, ..., n - 1 in random order: the last of what is left changes places with one of them. */
static inline void isym_mt_shuffle(isym_mt *s, int64_t *row, int64_t n) {
  for (int64_t k = 0; k < n; k++) row[k] = k;
  for (int64_t k = n - 1; k > 0; k--) {
    const int64_t other = (int64_t)isym_mt_below(s, (uint64_t)k), item = row[k];
    row[k] = row[other];
    row[other] = item;
  }
}

#define ISYM_MT_PERMUTATION(NAME, T)                                                                                           \
  static inline int NAME(isym_mt *s, int64_t *row, int64_t n, T *out, int64_t count) {                                         \
    if (n < 0) return 1;                                                                                                       \
    for (int64_t first = 0; first < count; first += n) {                                                                       \
      isym_mt_shuffle(s, row, n);                                                                                              \
      for (int64_t k = 0; k < n; k++) out[first + k] = (T)row[k];                                                              \
    }                                                                                                                          \
    return 0;                                                                                                                  \
  }

/* Sums as NumPy makes them: of eight at a time up to 128, of halves beyond. */
#define ISYM_MT_PAIRWISE(NAME, T)                                                                                              \
  static T NAME(const T *x, int64_t n) {                                                                                       \
    if (n < 8) {                                                                                                               \
      T sum = 0;                                                                                                               \
      for (int64_t k = 0; k < n; k++) sum += x[k];                                                                             \
      return sum;                                                                                                              \
    }                                                                                                                          \
    if (n > 128) {                                                                                                             \
      const int64_t half = n / 2 - n / 2 % 8;                                                                                  \
      return NAME(x, half) + NAME(x + half, n - half);                                                                         \
    }                                                                                                                          \
    T r[8];                                                                                                                    \
    int64_t k = 8;                                                                                                             \
    memcpy(r, x, sizeof r);                                                                                                    \
    for (; k < n - n % 8; k += 8)                                                                                              \
      for (int j = 0; j < 8; j++) r[j] += x[k + j];                                                                            \
    T sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));                                                 \
    for (; k < n; k++) sum += x[k];                                                                                            \
    return sum;                                                                                                                \
  }

/* Kahan's sum, in which what an addition has rounded off is added to the next number. */
static inline double isym_mt_kahan(const double *x, int64_t n) {
  if (n <= 0) return 0.0;
  double sum = x[0], lost = 0.0;
  for (int64_t k = 1; k < n; k++) {
    const double item = x[k] - lost, next = sum + item;
    lost = (next - sum) - item;
    sum = next;
  }
  return sum;
}

/* How often each of k outcomes came in n trials: binomial numbers of what is left.  Rows whose rounded sum exceeds 1 by the last
 * digits, or whose last probability is tiny, are scaled down first (P: their element type); `p` is room for one row. */
#define ISYM_MT_MULTINOMIAL(NAME, T, P)                                                                                        \
  ISYM_MT_PAIRWISE(NAME##_sum, P)                                                                                              \
  static inline int NAME(isym_mt *s, const int64_t *n, int n_step, const P *row, int row_step, double *p, int64_t k, T *out,   \
                         int64_t count) {                                                                                      \
    for (int64_t draw = 0; k && draw < count / k; draw++, row += row_step * k, out += k) {                                     \
      const P sum = NAME##_sum(row, k);                                                                                        \
      const int scaled = (sum > (P)1.0 && sum < (P)(1.0 + 1e-5)) || row[k - 1] < (P)5e-5;                                      \
      for (int64_t j = 0; j < k; j++) {                                                                                        \
        p[j] = scaled ? row[j] * (P)(1.0 - 5e-5) : row[j];                                                                     \
        if (!(p[j] >= 0 && p[j] <= 1)) return 1;                                                                               \
      }                                                                                                                        \
      int64_t left = n[draw * n_step];                                                                                         \
      if (left < 0 || isym_mt_kahan(p, k - 1) > 1.0 + 1e-12) return 1;                                                         \
      for (int64_t j = 0; j < k; j++) out[j] = (T)0;                                                                           \
      double remaining = 1.0;                                                                                                  \
      for (int64_t j = 0; j < k - 1 && left > 0; j++) {                                                                        \
        const int64_t found = isym_mt_binomial(s, left, p[j] / remaining, 0);                                                  \
        out[j] = (T)found;                                                                                                     \
        left -= found;                                                                                                         \
        remaining -= p[j];                                                                                                     \
      }                                                                                                                        \
      if (left > 0) out[k - 1] = (T)left;                                                                                      \
    }                                                                                                                          \
    return k == 0;                                                                                                             \
  }

/* -- choices ----------------------------------------------------------------------------------------------------------------- */

/* The first outcome whose summed probability exceeds u. */
static inline int64_t isym_mt_outcome(const double *sums, int64_t n, double u) {
  int64_t low = 0, high = n;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (sums[middle] <= u) low = middle + 1;
    else high = middle;
  }
  return low;
}

static inline void isym_mt_sums(const double *p, double *sums, int64_t n) {
  double sum = 0;
  for (int64_t k = 0; k < n; k++) sums[k] = sum += p[k];
  for (int64_t k = 0; k < n; k++) sums[k] /= sum;
}

/* Positions of elements chosen of n; `p` are their probabilities or NULL, which draws without replacement change.  `sums` is room for
 * n numbers, `row` for n positions.  1: sizes or probabilities are wrong. */
static inline int isym_mt_choose(isym_mt *s, int64_t n, int again, double *p, double tolerance, double *sums, int64_t *row,
                                 int64_t *out, int64_t count) {
  if ((n <= 0 && count) || (!again && count > n)) return 1;
  if (!p) {
    if (again) {
      for (int64_t i = 0; i < count; i++) out[i] = (int64_t)isym_mt_below(s, (uint64_t)n - 1);
      return 0;
    }
    isym_mt_shuffle(s, row, n);
    memcpy(out, row, (size_t)count * sizeof *out);
    return 0;
  }
  int64_t possible = 0;
  for (int64_t k = 0; k < n; k++) {
    if (!(p[k] >= 0)) return 1;
    possible += p[k] > 0;
  }
  if (!(fabs(isym_mt_kahan(p, n) - 1.0) <= tolerance)) return 1;
  if (again) {
    isym_mt_sums(p, sums, n);
    for (int64_t i = 0; i < count; i++) out[i] = isym_mt_outcome(sums, n, isym_mt_double(s));
    return 0;
  }
  if (possible < count) return 1;
  memset(row, 0, (size_t)n * sizeof *row); /* marks of what is drawn */
  for (int64_t found = 0; found < count;) {
    const int64_t wanted = count - found, before = found;
    isym_mt_sums(p, sums, n);
    for (int64_t i = 0; i < wanted; i++) {
      const int64_t k = isym_mt_outcome(sums, n, isym_mt_double(s));
      if (k >= n) return 1;
      if (row[k]) continue;
      row[k] = 1;
      out[found++] = k;
    }
    for (int64_t i = before; i < found; i++) p[out[i]] = 0;
  }
  return 0;
}

#endif
