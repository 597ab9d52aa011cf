/* The functions of pool.h for the element type ISYM_POOL_T. */

#define T ISYM_POOL_T

static inline void ISYM_POOL_NAME(isym_pool)(const isym_pool_form *form, int64_t rows, const T *restrict x, T *restrict out) {
  int64_t low[3], high[3];
  for (int64_t row = 0; row < rows; row++, x += form->volume, out += form->windows) {
    ISYM_POOL_WINDOWS {
      const int64_t count = isym_pool_window(form, (const int64_t[]){p0, p1, p2}, low, high);
      if (form->mode == ISYM_POOL_MAX) {
        /* of no elements the lowest number: minus infinity, or the smallest integer */
        T best = (T)0.5 != 0 ? (T)-INFINITY : (T)-1 > 0 ? 0 : (T)(UINT64_C(1) << (8 * sizeof(T) - 1));
        ISYM_POOL_ELEMENTS best = x[i] > best || x[i] != x[i] ? x[i] : best;
        out[w] = best;
      } else {
        T sum = 0;
        ISYM_POOL_ELEMENTS sum += x[i];
        out[w] = form->mode == ISYM_POOL_SUM ? sum : sum / (T)count;
      }
    }
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
