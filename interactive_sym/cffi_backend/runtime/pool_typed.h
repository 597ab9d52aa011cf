/* The functions of pool.h for the element type ISYM_POOL_T. */

#define T ISYM_POOL_T

/* A line of windows at a time, and for each place in the window all of the line: these loops are vectorised. */
static inline void ISYM_POOL_NAME(isym_pool)(const isym_pool_form *form, int64_t rows, const T *restrict x, T *restrict out) {
  int64_t low[3], high[3];
  const int64_t step = form->stride[2], columns = form->out[2];
  /* of no elements the lowest number: minus infinity, or the smallest integer */
  const T lowest = (T)0.5 != 0 ? (T)-INFINITY : (T)-1 > 0 ? 0 : (T)(UINT64_C(1) << (8 * sizeof(T) - 1));
  const int max = form->mode == ISYM_POOL_MAX;
  for (int64_t row = 0; row < rows; row++, x += form->volume)
    for (int64_t p0 = 0; p0 < form->out[0]; p0++)
      for (int64_t p1 = 0; p1 < form->out[1]; p1++, out += columns) {
        for (int64_t p = 0; p < columns; p++) out[p] = max ? lowest : 0;
        isym_pool_window(form, (const int64_t[]){p0, p1, 0}, low, high);
        for (int64_t i0 = low[0]; i0 < high[0]; i0++)
          for (int64_t i1 = low[1]; i1 < high[1]; i1++) {
            const T *line = x + (i0 * form->in[1] + i1) * form->in[2];
            for (int64_t t = 0; t < form->ws[2]; t++) {
              int64_t first, stop;
              isym_pool_span(t - form->pad[2], step, form->in[2], columns, &first, &stop);
              const T *seen = line + (t - form->pad[2]);
              if (max)
                for (int64_t p = first; p < stop; p++) {
                  const T value = seen[p * step];
                  out[p] = value > out[p] || value != value ? value : out[p];
                }
              else
                for (int64_t p = first; p < stop; p++) out[p] += seen[p * step];
            }
          }
        if (form->mode >= ISYM_POOL_INC_PAD)
          for (int64_t p = 0; p < columns; p++)
            out[p] /= (T)isym_pool_window(form, (const int64_t[]){p0, p1, p}, low, high);
      }
}

static inline void ISYM_POOL_NAME(isym_max_pool_grad)(const isym_pool_form *form, int64_t rows, const T *restrict x,
                                                      const T *restrict y, const T *restrict g, T *restrict out) {
  int64_t low[3], high[3];
  for (int64_t row = 0; row < rows; row++, x += form->volume, out += form->volume, y += form->windows, g += form->windows) {
    memset(out, 0, (size_t)form->volume * sizeof(T));
    ISYM_POOL_WINDOWS {
      isym_pool_window(form, (const int64_t[]){p0, p1, p2}, low, high);
      ISYM_POOL_ELEMENTS if (x[i] == y[w]) out[i] += g[w];
    }
  }
}

static inline void ISYM_POOL_NAME(isym_max_pool_tangent)(const isym_pool_form *form, int64_t rows, const T *restrict x,
                                                         const T *restrict y, const T *restrict t, T *restrict out) {
  int64_t low[3], high[3];
  for (int64_t row = 0; row < rows; row++, x += form->volume, t += form->volume, y += form->windows, out += form->windows) {
    ISYM_POOL_WINDOWS {
      T sum = 0;
      isym_pool_window(form, (const int64_t[]){p0, p1, p2}, low, high);
      ISYM_POOL_ELEMENTS if (x[i] == y[w]) sum += t[i];
      out[w] = sum;
    }
  }
}

/* Only the sizes of x matter. */
static inline void ISYM_POOL_NAME(isym_average_pool_grad)(const isym_pool_form *form, int64_t rows, const T *x, const T *restrict g,
                                                          T *restrict out) {
  int64_t low[3], high[3];
  (void)x;
  for (int64_t row = 0; row < rows; row++, out += form->volume, g += form->windows) {
    memset(out, 0, (size_t)form->volume * sizeof(T));
    ISYM_POOL_WINDOWS {
      const int64_t count = isym_pool_window(form, (const int64_t[]){p0, p1, p2}, low, high);
      const T share = form->mode == ISYM_POOL_SUM ? g[w] : g[w] / (T)count;
      ISYM_POOL_ELEMENTS out[i] += share;
    }
  }
}

#undef T
#undef ISYM_POOL_T
#undef ISYM_POOL_NAME
