/* Convolution of stacks of images and its two adjoints: the arithmetic of core/ops/convolution.py.
 *
 * Up to three axes are convolved; fewer are the last of three, the others have size 1.  For one image and one group the elements
 * that each output position sees are laid out as the columns of a matrix, (taps, points), and a matrix product does the rest.
 * A tap is one element of a filter, a point one output position.
 *
 * Every function returns 0, the number of what is wrong, or a negated result code of isym.h.
 */
#ifndef ISYM_CONV_H
#define ISYM_CONV_H

#include "blas.h"
#include "isym.h"

#define ISYM_CONV_CHANNELS 1
#define ISYM_CONV_GROUPS 2
#define ISYM_CONV_REACH 3
#define ISYM_CONV_SIZES 4

/* How filters are laid over images; a padding of -1 is half of the filter, of -2 all of it but one. */
typedef struct {
  int flip, unshared;
  int64_t groups;
  int ndim;
  int64_t stride[3], dilation[3], pad[3][2];
} isym_conv_form;

/* Sizes of one call.  `taps` and `points` are per group: taps = depth * filter sizes. */
typedef struct {
  int64_t images, channels, filters, depth, width;
  int64_t in[3], filter[3], out[3], before[3];
  int64_t taps, points, inner, volume;
} isym_conv_sizes;

/* Works out all sizes from those of images (n, c, *d) and filters (k, [*out,] c/groups, *f). */
static int isym_conv_measure(const isym_conv_form *form, const int64_t *x, const int64_t *w, isym_conv_sizes *s) {
  const int n = form->ndim;
  const int64_t *depth = w + (form->unshared ? 1 + n : 1);
  s->images = x[0];
  s->channels = x[1];
  s->filters = w[0];
  s->depth = depth[0];
  if (s->channels != s->depth * form->groups) return ISYM_CONV_CHANNELS;
  if (s->filters % form->groups) return ISYM_CONV_GROUPS;
  s->width = s->filters / form->groups;
  s->inner = s->points = s->volume = 1;
  for (int axis = 0; axis < 3; axis++) {
    const int k = axis - (3 - n);
    s->in[axis] = k < 0 ? 1 : x[2 + k];
    s->filter[axis] = k < 0 ? 1 : depth[1 + k];
    const int64_t reach = (s->filter[axis] - 1) * form->dilation[axis];
    int64_t pad[2];
    for (int side = 0; side < 2; side++) {
      const int64_t given = form->pad[axis][side];
      pad[side] = given == -1 ? (reach + 1) / 2 : given == -2 ? reach : given;
    }
    const int64_t room = s->in[axis] + pad[0] + pad[1] - reach - 1;
    if (s->filter[axis] < 1 || room < 0) return ISYM_CONV_REACH;
    s->before[axis] = pad[0];
    s->out[axis] = room / form->stride[axis] + 1;
    if (form->unshared && k >= 0 && w[1 + k] != s->out[axis]) return ISYM_CONV_SIZES;
    s->inner *= s->filter[axis];
    s->points *= s->out[axis];
    s->volume *= s->in[axis];
  }
  s->taps = s->depth * s->inner;
  return 0;
}

/* Whether sizes (n, k, *out) are those of the output. */
static int isym_conv_fits(const isym_conv_form *form, const isym_conv_sizes *s, const int64_t *y) {
  int same = y[0] == s->images && y[1] == s->filters;
  for (int k = 0; k < form->ndim; k++) same &= y[2 + k] == s->out[3 - form->ndim + k];
  return same;
}

/* Whether the matrix of an image is the image itself: filters of one element, laid on every element. */
static int isym_conv_direct(const isym_conv_form *form, const isym_conv_sizes *s) {
  int direct = 1;
  for (int axis = 0; axis < 3; axis++)
    direct &= s->filter[axis] == 1 && form->stride[axis] == 1 && s->out[axis] == s->in[axis];
  return direct;
}

/* Output positions first .. stop-1 along an axis see an element of the image at a tap; `start` is where position 0 would. */
static inline void isym_conv_span(int64_t start, int64_t stride, int64_t in, int64_t out, int64_t *first, int64_t *stop) {
  int64_t a = start < 0 ? (-start + stride - 1) / stride : 0;
  int64_t b = start < in ? (in - 1 - start) / stride + 1 : 0;
  if (a > out) a = out;
  if (b > out) b = out;
  *first = a;
  *stop = b < a ? a : b;
}

/* Where output position 0 sees the image at tap t. */
static inline int64_t isym_conv_start(const isym_conv_form *form, const isym_conv_sizes *s, int axis, int64_t t) {
  return (form->flip ? s->filter[axis] - 1 - t : t) * form->dilation[axis] - s->before[axis];
}

#define ISYM_CONV_T double
#define ISYM_CONV_NAME(name) name##_float64
#define ISYM_CONV_GEMM(ctx) ((isym_gemm_d *)(ctx)->lib[ISYM_DGEMM])
#include "conv_typed.h"
#define ISYM_CONV_T float
#define ISYM_CONV_NAME(name) name##_float32
#define ISYM_CONV_GEMM(ctx) ((isym_gemm_s *)(ctx)->lib[ISYM_SGEMM])
#include "conv_typed.h"

#endif
