#include "kernel.h"

struct loop0 {
  const int64_t size;
  const int64_t length;
  const double *restrict in0;
  double *restrict out0;
};

ISYM_APART int part0(isym_ctx *ctx, const void *given, int64_t number)
{
  const struct loop0 *const shared = (const struct loop0 *)given;
  const double *restrict in0 = shared->in0;
  double *restrict out0 = shared->out0;
  const int64_t low = number * shared->length;
  const int64_t high = shared->size - low < shared->length ? shared->size : low + shared->length;
  (void)ctx;
  #pragma omp simd
  for (int64_t i = low; i < high; i++) {
    const double v0 = -in0[i]; /* node 0: neg */
    const double v1 = isym_exp(v0); /* node 1: exp */
    const double v2 = 1.0 + v1; /* node 2: add */
    out0[i] = 1.0 / v2; /* node 3: true_div */
  }
  return ISYM_OK;
}

int isym_kernel(isym_ctx *ctx)
{
  const int64_t n1 = ctx->slot[0].dim[0];
  const int64_t n2 = ctx->slot[0].dim[1];
  const double *restrict in0 = (const double *)ctx->slot[0].data;
  double *restrict out0 = (double *)ctx->output(ctx, 1, 2, (const int64_t[]){n1, n2});
  if (!out0) return ISYM_MEMORY;

  /* loop of n1 * n2: nodes 0, 1, 2, 3; the first of its size; threads share its n1 * n2 iterations */
  const double work0 = 11.0 * n1 * n2;
  const isym_cut cut0 = isym_parts(work0, n1 * n2, 1024, 0);
  const struct loop0 given0 = {n1 * n2, cut0.length, in0, out0};
  const int code0 = isym_run(ctx, part0, &given0, cut0.count, work0);
  if (code0) return code0;
  return ISYM_OK;
}
