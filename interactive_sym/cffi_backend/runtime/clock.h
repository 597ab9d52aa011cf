/* The clock that profiled units read between their loop nests. */
#ifndef ISYM_CLOCK_H
#define ISYM_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds since some moment; a call costs some 20 ns. */
static inline int64_t isym_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
