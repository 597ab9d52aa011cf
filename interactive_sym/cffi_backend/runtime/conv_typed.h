/* The functions of conv.h for one element type; conv.h includes this once for each. */

#define T ISYM_CONV_T

/* c <- op(a) op(b) + keep * c, keep 0 or 1; rows of a, b and c lie one after the other. */
static inline void ISYM_CONV_NAME(isym_conv_product)(isym_ctx *ctx, int64_t m, int64_t n, int64_t k, int ta, const T *a, int tb,
                                                     const T *b, int keep, T *restrict c) {
  if (m == 0 || n == 0) return;
  if (k > 0 && ISYM_CONV_GEMM(ctx)) {
    ISYM_CONV_GEMM(ctx)(ISYM_ROW_MAJOR, ta, tb, m, n, k, 1, a, ta == ISYM_TRANS ? m : k, b, tb == ISYM_TRANS ? k : n, (T)keep, c, n);
    return;
  }
  if (!keep) memset(c, 0, (size_t)(m * n) * sizeof(T));
  const int64_t ai = ta == ISYM_TRANS ? 1 : k, ak = ta == ISYM_TRANS ? m : 1;
  const int64_t bk = tb == ISYM_TRANS ? 1 : n, bj = tb == ISYM_TRANS ? k : 1;
  for (int64_t i = 0; i < m; i++)
    for (int64_t l = 0; l < k; l++) {
      const T factor = a[i * ai + l * ak];
      for (int64_t j = 0; j < n; j++) c[i * n + j] += factor * b[l * bk + j * bj];
    }
}

/* The matrix of one group of one image: column p of row (channel, tap) is what position p sees there, 0 in the padding. */
static inline void ISYM_CONV_NAME(isym_conv_unfold)(const isym_conv_form *form, const isym_conv_sizes *s, const T *restrict x,
                                                    T *restrict col) {
  for (int64_t c = 0; c < s->depth; c++, x += s->volume)
    for (int64_t t0 = 0; t0 < s->filter[0]; t0++)
      for (int64_t t1 = 0; t1 < s->filter[1]; t1++)
        for (int64_t t2 = 0; t2 < s->filter[2]; t2++) {
          const int64_t start0 = isym_conv_start(form, s, 0, t0), start1 = isym_conv_start(form, s, 1, t1);
          const int64_t start2 = isym_conv_start(form, s, 2, t2), stride = form->stride[2];
          int64_t first, stop;
          isym_conv_span(start2, stride, s->in[2], s->out[2], &first, &stop);
          for (int64_t p0 = 0; p0 < s->out[0]; p0++)
            for (int64_t p1 = 0; p1 < s->out[1]; p1++, col += s->out[2]) {
              const int64_t i0 = start0 + p0 * form->stride[0], i1 = start1 + p1 * form->stride[1];
              if (i0 < 0 || i0 >= s->in[0] || i1 < 0 || i1 >= s->in[1] || first == stop) {
                memset(col, 0, (size_t)s->out[2] * sizeof(T));
                continue;
              }
              const T *row = x + (i0 * s->in[1] + i1) * s->in[2];
              for (int64_t p = 0; p < first; p++) col[p] = 0;
              if (stride == 1) memcpy(col + first, row + (start2 + first), (size_t)(stop - first) * sizeof(T));
              else
                for (int64_t p = first; p < stop; p++) col[p] = row[start2 + p * stride];
              for (int64_t p = stop; p < s->out[2]; p++) col[p] = 0;
            }
        }
}

/* The adjoint of unfold: each element of the image gets the sum of the entries that it is seen in. */
static inline void ISYM_CONV_NAME(isym_conv_fold)(const isym_conv_form *form, const isym_conv_sizes *s, const T *restrict col,
                                                  T *restrict x) {
  memset(x, 0, (size_t)(s->depth * s->volume) * sizeof(T));
  for (int64_t c = 0; c < s->depth; c++, x += s->volume)
    for (int64_t t0 = 0; t0 < s->filter[0]; t0++)
      for (int64_t t1 = 0; t1 < s->filter[1]; t1++)
        for (int64_t t2 = 0; t2 < s->filter[2]; t2++) {
          const int64_t start0 = isym_conv_start(form, s, 0, t0), start1 = isym_conv_start(form, s, 1, t1);
          const int64_t start2 = isym_conv_start(form, s, 2, t2), stride = form->stride[2];
          int64_t first, stop;
          isym_conv_span(start2, stride, s->in[2], s->out[2], &first, &stop);
          for (int64_t p0 = 0; p0 < s->out[0]; p0++)
            for (int64_t p1 = 0; p1 < s->out[1]; p1++, col += s->out[2]) {
              const int64_t i0 = start0 + p0 * form->stride[0], i1 = start1 + p1 * form->stride[1];
              if (i0 < 0 || i0 >= s->in[0] || i1 < 0 || i1 >= s->in[1] || first == stop) continue;
              T *row = x + (i0 * s->in[1] + i1) * s->in[2] + (start2 + first * stride);
              for (int64_t p = first; p < stop; p++, row += stride) *row += col[p];
            }
        }
}

/* Memory for the matrix of one group of one image; NULL where there is not so much. */
static inline T *ISYM_CONV_NAME(isym_conv_matrix)(isym_ctx *ctx, const isym_conv_sizes *s) {
  int64_t bytes;
  if (__builtin_mul_overflow(s->taps, s->points, &bytes) || __builtin_mul_overflow(bytes, (int64_t)sizeof(T), &bytes)) return 0;
  return (T *)ctx->scratch(ctx, bytes ? bytes : 64);
}

/* y (n, k, *out) <- images x (n, c, *d) convolved with filters w. */
static inline int ISYM_CONV_NAME(isym_conv_forward)(isym_ctx *ctx, const isym_conv_form *form, const T *x, const int64_t *x_sizes,
                                                    const T *w, const int64_t *w_sizes, T *y) {
  isym_conv_sizes s;
  const int wrong = isym_conv_measure(form, x_sizes, w_sizes, &s);
  if (wrong) return wrong;
  const int direct = isym_conv_direct(form, &s);
  T *matrix = direct ? 0 : ISYM_CONV_NAME(isym_conv_matrix)(ctx, &s);
  if (!direct && !matrix) return -ISYM_MEMORY;
  for (int64_t n = 0; n < s.images; n++) {
    if (ISYM_INTERRUPTED(ctx)) return -ISYM_PYTHON;
    for (int64_t g = 0; g < form->groups; g++, x += s.depth * s.volume, y += s.width * s.points) {
      if (!direct) ISYM_CONV_NAME(isym_conv_unfold)(form, &s, x, matrix);
      const T *col = direct ? x : matrix;
      const T *filter = w + g * s.width * s.taps * (form->unshared ? s.points : 1);
      if (!form->unshared) {
        ISYM_CONV_NAME(isym_conv_product)(ctx, s.width, s.points, s.taps, ISYM_NO_TRANS, filter, ISYM_NO_TRANS, col, 0, y);
        continue;
      }
      for (int64_t k = 0; k < s.width; k++)
        for (int64_t p = 0; p < s.points; p++) {
          const T *taps = filter + (k * s.points + p) * s.taps;
          T sum = 0;
          for (int64_t t = 0; t < s.taps; t++) sum += taps[t] * col[t * s.points + p];
          y[k * s.points + p] = sum;
        }
    }
  }
  return 0;
}

/* x (n, c, *sizes) <- the cotangent of the images from filters w and the cotangent y (n, k, *out) of the output. */
static inline int ISYM_CONV_NAME(isym_conv_images)(isym_ctx *ctx, const isym_conv_form *form, const T *w, const int64_t *w_sizes,
                                                   const T *y, const int64_t *y_sizes, const int64_t *sizes, T *x) {
  isym_conv_sizes s;
  int64_t x_sizes[5] = {y_sizes[0], w_sizes[form->unshared ? 1 + form->ndim : 1] * form->groups};
  for (int k = 0; k < form->ndim; k++) x_sizes[2 + k] = sizes[k];
  const int wrong = isym_conv_measure(form, x_sizes, w_sizes, &s);
  if (wrong) return wrong;
  if (!isym_conv_fits(form, &s, y_sizes)) return ISYM_CONV_SIZES;
  const int direct = isym_conv_direct(form, &s);
  T *matrix = direct ? 0 : ISYM_CONV_NAME(isym_conv_matrix)(ctx, &s);
  if (!direct && !matrix) return -ISYM_MEMORY;
  for (int64_t n = 0; n < s.images; n++) {
    if (ISYM_INTERRUPTED(ctx)) return -ISYM_PYTHON;
    for (int64_t g = 0; g < form->groups; g++, x += s.depth * s.volume, y += s.width * s.points) {
      T *col = direct ? x : matrix;
      const T *filter = w + g * s.width * s.taps * (form->unshared ? s.points : 1);
      if (!form->unshared)
        ISYM_CONV_NAME(isym_conv_product)(ctx, s.taps, s.points, s.width, ISYM_TRANS, filter, ISYM_NO_TRANS, y, 0, col);
      else {
        memset(col, 0, (size_t)(s.taps * s.points) * sizeof(T));
        for (int64_t k = 0; k < s.width; k++)
          for (int64_t p = 0; p < s.points; p++) {
            const T *taps = filter + (k * s.points + p) * s.taps;
            const T factor = y[k * s.points + p];
            for (int64_t t = 0; t < s.taps; t++) col[t * s.points + p] += factor * taps[t];
          }
      }
      if (direct) continue;
      if (s.width == 0) memset(col, 0, (size_t)(s.taps * s.points) * sizeof(T));
      ISYM_CONV_NAME(isym_conv_fold)(form, &s, col, x);
    }
  }
  return 0;
}

/* w (k, [*out,] c/groups, *sizes) <- the cotangent of the filters from images x and the cotangent y (n, k, *out) of the output. */
static inline int ISYM_CONV_NAME(isym_conv_filters)(isym_ctx *ctx, const isym_conv_form *form, const T *x, const int64_t *x_sizes,
                                                    const T *y, const int64_t *y_sizes, const int64_t *sizes, T *w) {
  isym_conv_sizes s;
  int64_t w_sizes[8] = {y_sizes[1]};
  int place = 1;
  if (form->unshared)
    for (int k = 0; k < form->ndim; k++) w_sizes[place++] = y_sizes[2 + k];
  w_sizes[place++] = x_sizes[1] / form->groups;
  for (int k = 0; k < form->ndim; k++) w_sizes[place++] = sizes[k];
  const int wrong = isym_conv_measure(form, x_sizes, w_sizes, &s);
  if (wrong) return wrong;
  if (!isym_conv_fits(form, &s, y_sizes)) return ISYM_CONV_SIZES;
  const int direct = isym_conv_direct(form, &s);
  T *matrix = direct ? 0 : ISYM_CONV_NAME(isym_conv_matrix)(ctx, &s);
  if (!direct && !matrix) return -ISYM_MEMORY;
  memset(w, 0, (size_t)(s.filters * s.taps * (form->unshared ? s.points : 1)) * sizeof(T));
  for (int64_t n = 0; n < s.images; n++) {
    if (ISYM_INTERRUPTED(ctx)) return -ISYM_PYTHON;
    for (int64_t g = 0; g < form->groups; g++, x += s.depth * s.volume, y += s.width * s.points) {
      if (!direct) ISYM_CONV_NAME(isym_conv_unfold)(form, &s, x, matrix);
      const T *col = direct ? x : matrix;
      T *filter = w + g * s.width * s.taps * (form->unshared ? s.points : 1);
      if (!form->unshared) {
        ISYM_CONV_NAME(isym_conv_product)(ctx, s.width, s.taps, s.points, ISYM_NO_TRANS, y, ISYM_TRANS, col, 1, filter);
        continue;
      }
      for (int64_t k = 0; k < s.width; k++)
        for (int64_t p = 0; p < s.points; p++) {
          T *taps = filter + (k * s.points + p) * s.taps;
          const T factor = y[k * s.points + p];
          for (int64_t t = 0; t < s.taps; t++) taps[t] += factor * col[t * s.points + p];
        }
    }
  }
  return 0;
}

#undef T
#undef ISYM_CONV_T
#undef ISYM_CONV_NAME
#undef ISYM_CONV_GEMM
