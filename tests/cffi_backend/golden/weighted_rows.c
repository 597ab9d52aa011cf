#include "kernel.h"

struct loop0 {
  const int64_t size;
  const int64_t length;
  const int64_t n2;
  const double *restrict in0;
  const double *restrict in1;
  double *restrict out0;
  double *own0_out1;
  const int64_t each0_out1;
};

ISYM_APART int part0(isym_ctx *ctx, const void *given, int64_t number)
{
  const struct loop0 *const shared = (const struct loop0 *)given;
  const int64_t n2 = shared->n2;
  const double *restrict in0 = shared->in0;
  const double *restrict in1 = shared->in1;
  double *restrict out0 = shared->out0;
  double *restrict out1 = shared->own0_out1 + number * shared->each0_out1;
  const int64_t low = number * shared->length;
  const int64_t high = shared->size - low < shared->length ? shared->size : low + shared->length;
  for (int64_t j = 0; j < n2; j++) {
    out1[j] = -INFINITY; /* node 2: max */
  }
  const int64_t whole0 = high - high % 4;
  for (int64_t i = low; i < whole0; i += 4) {
    if ((i & (n2 < 1024 ? 63 : 0)) == 0 && ISYM_INTERRUPTED(ctx)) return ISYM_PYTHON;
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
  for (int64_t i = whole0; i < high; i++) {
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

  /* loop of n1: nodes 0, 1, 2; the first of its size; threads share its n1 iterations, sums of parts (nodes 2) are added in order */
  const double work0 = 2.0 * n1 * n2 + 8.0 * n1;
  const isym_cut cut0 = isym_parts(work0, n1, 4, (double)n2);
  const int64_t each0_out1 = (int64_t)n2;
  double *own0_out1 = out1;
  if (cut0.count > 1) {
    own0_out1 = (double *)isym_temporary(ctx, sizeof(double), 2, (const int64_t[]){cut0.count, n2});
    if (!own0_out1) return ISYM_MEMORY;
  }
  const struct loop0 given0 = {n1, cut0.length, n2, in0, in1, out0, own0_out1, each0_out1};
  const int code0 = isym_run(ctx, part0, &given0, cut0.count, work0);
  if (code0) return code0;
  if (cut0.count > 1) {
    for (int64_t j = 0; j < each0_out1; j++) out1[j] = -INFINITY; /* node 2: max */
    for (int64_t k = 0; k < cut0.count; k++)
      for (int64_t j = 0; j < each0_out1; j++) out1[j] = isym_max_float64(out1[j], own0_out1[k * each0_out1 + j]);
  }
  return ISYM_OK;
}
