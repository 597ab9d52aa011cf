/* Connectionist temporal classification by the forward-backward recursion: the arithmetic of core/ops/ctc.py, in double. */
#ifndef ISYM_CTC_H
#define ISYM_CTC_H

#include "isym.h"

#define ISYM_CTC_BATCH 1
#define ISYM_CTC_LABEL 2
#define ISYM_CTC_LENGTH 3

/* log(exp a + exp b) */
static inline double isym_ctc_add(double a, double b) {
  const double high = a > b ? a : b, low = a > b ? b : a;
  return low == -INFINITY ? high : high + log1p(exp(low - high));
}

/* The label of state s: blanks between the labels, and at both ends. */
static inline int64_t isym_ctc_label(const int64_t *label, int64_t s) { return s % 2 ? label[s / 2] : 0; }

/* Whether state s is also reached from the one before the blank. */
static inline int isym_ctc_skips(const int64_t *label, int64_t s) { return s % 2 && s > 1 && label[s / 2] != label[s / 2 - 1]; }

#define ISYM_CTC(NAME, T)                                                                                                 \
  static int NAME(isym_ctx *ctx, const T *x, int64_t x_count, const int64_t *labels, int64_t labels_count,                \
                  const int64_t *lengths, int64_t lengths_count, T *costs, int64_t costs_count, T *gradients,             \
                  int64_t gradients_count, int64_t steps, int64_t batch, int64_t classes, int64_t rows, int64_t longest) { \
    (void)x_count, (void)labels_count, (void)costs_count;                                                                 \
    if (rows != batch || lengths_count != batch) return ISYM_CTC_BATCH;                                                   \
    for (int64_t k = 0; k < rows * longest; k++)                                                                          \
      if (labels[k] == 0 || labels[k] >= classes) return ISYM_CTC_LABEL;                                                  \
    for (int64_t n = 0; n < batch; n++)                                                                                   \
      if (lengths[n] < 0 || lengths[n] > steps) return ISYM_CTC_LENGTH;                                                   \
    const int64_t most = 2 * longest + 1;                                                                                 \
    double *memory = (double *)ctx->scratch(ctx, (steps * (most + 1) + most + 1) * (int64_t)sizeof(double));              \
    int64_t *label = (int64_t *)ctx->scratch(ctx, (longest + 1) * (int64_t)sizeof(int64_t));                              \
    if (!memory || !label) return -ISYM_MEMORY;                                                                           \
    double *forward = memory, *norm = memory + steps * most, *backward = norm + steps;                                    \
    for (int64_t k = 0; k < gradients_count; k++) gradients[k] = 0;                                                       \
    for (int64_t n = 0; n < batch; n++) {                                                                                 \
      if (ISYM_INTERRUPTED(ctx)) return -ISYM_PYTHON;                                                                     \
      const int64_t length = lengths[n], stride = batch * classes;                                                        \
      int64_t count = 0;                                                                                                  \
      for (int64_t k = 0; k < longest; k++)                                                                               \
        if (labels[n * longest + k] >= 0) label[count++] = labels[n * longest + k];                                       \
      const int64_t states = 2 * count + 1;                                                                               \
      if (length == 0) {                                                                                                  \
        costs[n] = count ? (T)INFINITY : 0;                                                                               \
        continue;                                                                                                         \
      }                                                                                                                   \
      for (int64_t t = 0; t < length; t++) {                                                                              \
        const T *row = x + t * stride + n * classes;                                                                      \
        double top = row[0], sum = 0;                                                                                     \
        for (int64_t k = 1; k < classes; k++)                                                                             \
          if (row[k] > top) top = row[k];                                                                                 \
        for (int64_t k = 0; k < classes; k++) sum += exp((double)row[k] - top);                                           \
        norm[t] = top + log(sum);                                                                                         \
        double *now = forward + t * states;                                                                               \
        const double *before = now - states;                                                                              \
        for (int64_t s = 0; s < states; s++) {                                                                            \
          double reached = t ? before[s] : s < 2 ? 0 : -INFINITY;                                                         \
          if (t && s > 0) reached = isym_ctc_add(reached, before[s - 1]);                                                 \
          if (t && isym_ctc_skips(label, s)) reached = isym_ctc_add(reached, before[s - 2]);                              \
          now[s] = reached + ((double)row[isym_ctc_label(label, s)] - norm[t]);                                           \
        }                                                                                                                 \
      }                                                                                                                   \
      const double *end = forward + (length - 1) * states;                                                                \
      const double total = states > 1 ? isym_ctc_add(end[states - 1], end[states - 2]) : end[0];                          \
      costs[n] = (T)(0 - total);                                                                                          \
      if (!isfinite(total)) continue;                                                                                     \
      for (int64_t s = 0; s < states; s++) backward[s] = s >= states - 2 ? 0 : -INFINITY;                                 \
      for (int64_t t = length - 1; t >= 0; t--) {                                                                         \
        const T *row = x + t * stride + n * classes;                                                                      \
        T *gradient = gradients + t * stride + n * classes;                                                               \
        const double *now = forward + t * states;                                                                         \
        for (int64_t k = 0; k < classes; k++) gradient[k] = (T)exp((double)row[k] - norm[t]);                             \
        for (int64_t s = 0; s < states; s++)                                                                              \
          gradient[isym_ctc_label(label, s)] -= (T)exp(now[s] + backward[s] - total);                                     \
        for (int64_t s = 0; s < states; s++) backward[s] += (double)row[isym_ctc_label(label, s)] - norm[t];              \
        for (int64_t s = 0; s < states; s++) {                                                                            \
          double reached = backward[s];                                                                                   \
          if (s + 1 < states) reached = isym_ctc_add(reached, backward[s + 1]);                                           \
          if (s + 2 < states && isym_ctc_skips(label, s + 2)) reached = isym_ctc_add(reached, backward[s + 2]);           \
          backward[s] = reached;                                                                                          \
        }                                                                                                                 \
      }                                                                                                                   \
    }                                                                                                                     \
    return 0;                                                                                                             \
  }

#endif
