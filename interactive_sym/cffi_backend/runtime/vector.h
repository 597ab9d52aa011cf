/* Exponential functions, and a logarithm, that compilers copy into loops and compute for as many elements as a vector holds.
 *
 * exp(x) = 2^k exp(r), k the integer nearest x / ln 2, |r| <= ln 2 / 2; exp(r) by a minimax polynomial.  Errors stay below
 * 1.1 ulp; denormal results are rounded once more.  NaN, infinities and overflow are as in the C library.  There is one comparison
 * of floats and no branch: compilers make mazes of two.
 *
 * Without fused multiply-add these would be neither fast nor accurate, and the C library's functions stand in; so in long
 * units (ISYM_LONG), which would take longer to compile.
 */
#ifndef ISYM_VECTOR_H
#define ISYM_VECTOR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if (defined(__FMA__) || defined(__aarch64__)) && !defined(ISYM_LONG)

/* exp(r) for |r| <= 0.3467: even and odd powers side by side, so that few operations wait for each other. */
static inline double isym_exp_part(double r) {
  const double r2 = r * r;
  double even = __builtin_fma(r2, 0x1.28ad7d0b08eebp-22, 0x1.a0199a01d40d1p-16);
  double odd = __builtin_fma(r2, 0x1.ad7f6282a456dp-26, 0x1.71df256ad8635p-19);
  even = __builtin_fma(even, r2, 0x1.6c16c1842dc08p-10);
  odd = __builtin_fma(odd, r2, 0x1.a01a012a45533p-13);
  even = __builtin_fma(even, r2, 0x1.555555555086dp-5);
  odd = __builtin_fma(odd, r2, 0x1.1111111127c31p-7);
  even = __builtin_fma(even, r2, 0x1.000000000000ap-1);
  odd = __builtin_fma(odd, r2, 0x1.55555555554fap-3);
  return 1 + __builtin_fma(__builtin_fma(odd, r, even), r2, r);
}

static inline float isym_exp_partf(float r) {
  const float r2 = r * r;
  float even = __builtin_fmaf(r2, 0x1.6a241cp-10f, 0x1.5558f2p-5f);
  const float odd = __builtin_fmaf(r2, 0x1.1239f2p-7f, 0x1.555492p-3f);
  even = __builtin_fmaf(even, r2, 0x1.fffffcp-2f);
  return 1 + __builtin_fmaf(__builtin_fmaf(odd, r, even), r2, r);
}

/* NAME: any x.  NAME_normal: x whose exp(x) is a normal number, at half the cost of 2^k.
 *
 * Adding `shift`, 1.5 times the 2^p in which a float's last place is 1, rounds to an integer and leaves it in the lowest bits. */
#define ISYM_EXP(NAME, NORMAL, PART, T, INT, UINT, FMA, PLACES, BIAS, SHIFT, LOW, HIGH, LOG2E, LN2_HIGH, LN2_LOW)             \
  static inline T NORMAL(T x) {                                                                                              \
    const T shifted = FMA(x, LOG2E, SHIFT), k = shifted - SHIFT;                                                             \
    T result = PART(FMA(k, -LN2_LOW, FMA(k, -LN2_HIGH, x)));                                                                 \
    UINT power, bits;                                                                                                        \
    memcpy(&power, &shifted, sizeof(T));                                                                                     \
    memcpy(&bits, &result, sizeof(T));                                                                                       \
    bits += power << PLACES;                                                                                                 \
    memcpy(&result, &bits, sizeof(T));                                                                                       \
    return result;                                                                                                           \
  }                                                                                                                          \
  static inline T NAME(T x) {                                                                                                \
    /* k + 2 BIAS in the lowest bits; k beyond HIGH overflows all the same */                                                \
    const T shift = SHIFT + 2 * BIAS, most = shift + HIGH;                                                                   \
    T shifted = FMA(x, LOG2E, shift);                                                                                        \
    INT bits, limit;                                                                                                         \
    memcpy(&bits, &shifted, sizeof(T));                                                                                      \
    memcpy(&limit, &most, sizeof(T));                                                                                        \
    bits = bits < limit ? bits : limit;                                                                                      \
    memcpy(&shifted, &bits, sizeof(T));                                                                                      \
    const T k = shifted - shift;                                                                                             \
    T result = PART(FMA(k, -LN2_LOW, FMA(k, -LN2_HIGH, x)));                                                                 \
    /* 2^k in two factors: denormal results, and k = HIGH - 1 */                                                             \
    const UINT half = (UINT)bits >> 1;                                                                                       \
    const UINT first = half << PLACES, second = ((UINT)bits - half) << PLACES;                                               \
    T factor;                                                                                                                \
    memcpy(&factor, &first, sizeof(T));                                                                                      \
    result *= factor;                                                                                                        \
    memcpy(&factor, &second, sizeof(T));                                                                                     \
    result *= factor;                                                                                                        \
    return x < LOW ? 0 : result;                                                                                             \
  }

ISYM_EXP(isym_exp, isym_exp_normal, isym_exp_part, double, int64_t, uint64_t, __builtin_fma, 52, 1023, 0x1.8p52, -746.0, 1025,
         0x1.71547652b82fep+0, 0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56)
ISYM_EXP(isym_expf, isym_exp_normalf, isym_exp_partf, float, int32_t, uint32_t, __builtin_fmaf, 23, 127, 0x1.8p23f, -104.0f, 129,
         0x1.715476p+0f, 0x1.62e43p-1f, -0x1.05c61p-29f)

/* log(1 + x) for 0 <= x <= 1: with s = x / (2 + x) it is 2 artanh(s) = x - s (x - r), r = 2 s^2 / 3 + 2 s^4 / 5 + ... */
static inline double isym_log1p_unit(double x) {
  const double s = x / (2 + x), z = s * s, w = z * z;
  double even = __builtin_fma(w, 0x1.6b843f4cba1dap-3, 0x1.1644c4fecf50cp-3);
  double odd = __builtin_fma(w, 0x1.956a71b1afc55p-4, 0x1.3aa891172a414p-3);
  even = __builtin_fma(even, w, 0x1.7462599eac8adp-3);
  odd = __builtin_fma(odd, w, 0x1.c71c4a112e4f4p-3);
  even = __builtin_fma(even, w, 0x1.249249791e195p-2);
  odd = __builtin_fma(odd, w, 0x1.99999998e96d2p-2);
  even = __builtin_fma(even, w, 0x1.5555555555948p-1);
  return __builtin_fma(-s, __builtin_fma(__builtin_fma(odd, z, even), -z, x), x);
}

static inline float isym_log1p_unitf(float x) {
  const float s = x / (2 + x), z = s * s;
  const float even = __builtin_fmaf(z * z, 0x1.1eb5bcp-2f, 0x1.5555p-1f);
  const float odd = __builtin_fmaf(z * z, 0x1.1efa36p-2f, 0x1.99d28p-2f);
  return __builtin_fmaf(-s, __builtin_fmaf(__builtin_fmaf(odd, z, even), -z, x), x);
}

#else

#define isym_log1p_unit log1p
#define isym_log1p_unitf log1pf
#define isym_exp exp
#define isym_expf expf
#define isym_exp_normal exp
#define isym_exp_normalf expf

#endif

#endif
