#include "kernel.h"

int isym_kernel(isym_ctx *ctx)
{
  const int64_t in0 = *(const int64_t *)ctx->slot[0].data;
  const int64_t shared0 = *(const int64_t *)ctx->slot[1].data;
  int64_t *restrict new0 = (int64_t *)ctx->output(ctx, 3, 0, 0);
  if (!new0) return ISYM_MEMORY;
  new0[0] = shared0 + in0; /* node 0: add */
  int64_t *restrict out0 = (int64_t *)ctx->output(ctx, 2, 0, 0);
  if (!out0) return ISYM_MEMORY;
  out0[0] = shared0;
  return ISYM_OK;
}
