#include "kernel.h"

int isym_kernel(isym_ctx *ctx)
{
  const int64_t n1 = ctx->slot[0].dim[0];
  const int64_t n2 = ctx->slot[0].dim[1];
  const int64_t n3 = ctx->slot[1].dim[0];
  const double *restrict in0 = (const double *)ctx->slot[0].data;
  const double *restrict in1 = (const double *)ctx->slot[1].data;
  if (n2 != n3) return isym_fail(ctx, 1, 0, 0, n2, n3);
  if (n1 == 0) return isym_fail(ctx, 6, 2, 1, 0, 0); /* node 2: check */
  double *restrict out0 = (double *)ctx->output(ctx, 2, 1, (const int64_t[]){n1});
  if (!out0) return ISYM_MEMORY;
  double *restrict out1 = (double *)ctx->output(ctx, 3, 1, (const int64_t[]){n2});
  if (!out1) return ISYM_MEMORY;

  /* loop of n1: nodes 0, 1, 2; the first of its size */
  for (int64_t j = 0; j < n2; j++) {
    out1[j] = -INFINITY; /* node 2: max */
  }
  const int64_t whole0 = n1 - n1 % 4;
  for (int64_t i = 0; i < whole0; i += 4) {
    if ((i & 63) == 0 && ISYM_INTERRUPTED(ctx)) return ISYM_PYTHON;
    double v0_0 = 0, v0_1 = 0, v0_2 = 0, v0_3 = 0; /* node 0: dot */
    #pragma omp simd reduction(+:v0_0, v0_1, v0_2, v0_3)
    for (int64_t j = 0; j < n2; j++) {
      v0_0 += in0[i * n2 + j] * in1[j]; /* node 0: dot */
      v0_1 += in0[(i + 1) * n2 + j] * in1[j];
      v0_2 += in0[(i + 2) * n2 + j] * in1[j];
      v0_3 += in0[(i + 3) * n2 + j] * in1[j];
      double so_far_v2 = out1[j]; /* node 2: max */
      so_far_v2 = isym_max_float64(so_far_v2, in0[i * n2 + j]);
      so_far_v2 = isym_max_float64(so_far_v2, in0[(i + 1) * n2 + j]);
      so_far_v2 = isym_max_float64(so_far_v2, in0[(i + 2) * n2 + j]);
      so_far_v2 = isym_max_float64(so_far_v2, in0[(i + 3) * n2 + j]);
      out1[j] = so_far_v2;
    }
    const double v0[4] = {v0_0, v0_1, v0_2, v0_3}; /* node 0: dot */
    #pragma omp simd
    for (int r = 0; r < 4; r++) {
      out0[i + r] = tanh(v0[r]); /* node 1: tanh */
    }
  }
  for (int64_t i = whole0; i < n1; i++) {
    double v0 = 0; /* node 0: dot */
    #pragma omp simd reduction(+:v0)
    for (int64_t j = 0; j < n2; j++) {
      v0 += in0[i * n2 + j] * in1[j]; /* node 0: dot */
      out1[j] = isym_max_float64(out1[j], in0[i * n2 + j]); /* node 2: max */
    }
    out0[i] = tanh(v0); /* node 1: tanh */
  }
  return ISYM_OK;
}
