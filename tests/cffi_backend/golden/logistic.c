#include "kernel.h"

int isym_kernel(isym_ctx *ctx)
{
  const int64_t n1 = ctx->slot[0].dim[0];
  const int64_t n2 = ctx->slot[0].dim[1];
  const double *restrict in0 = (const double *)ctx->slot[0].data;
  double *restrict out0 = (double *)ctx->output(ctx, 1, 2, (const int64_t[]){n1, n2});
  if (!out0) return ISYM_MEMORY;

  /* loop of n1 * n2: nodes 0, 1, 2, 3; the first of its size */
  #pragma omp simd
  for (int64_t i = 0; i < n1 * n2; i++) {
    const double v0 = -in0[i]; /* node 0: neg */
    const double v1 = exp(v0); /* node 1: exp */
    const double v2 = 1.0 + v1; /* node 2: add */
    out0[i] = 1.0 / v2; /* node 3: true_div */
  }
  return ISYM_OK;
}
