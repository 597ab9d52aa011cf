/* The contract between a compiled function's C unit and the runtime that calls it.
 *
 * A unit defines one entry point, isym_kernel.  It sees every value through a table of slots, in this order: explicit inputs,
 * shared inputs, outputs, updates, temporaries that Python steps read or write.  Arrays are always C-contiguous, aligned and in
 * native byte order.  No header of Python or NumPy is needed, and no text of the user's ever enters a unit.
 */
#ifndef ISYM_H
#define ISYM_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define ISYM_MAXDIM 16
#define ISYM_PARTS 32 /* parts of a loop at most */

/* Result codes of isym_kernel. */
#define ISYM_OK 0
#define ISYM_SIZE 1   /* sizes of two operands differ */
#define ISYM_INDEX 2  /* index out of range */
#define ISYM_DIVIDE 3 /* integer division by zero */
#define ISYM_MEMORY 4 /* no memory */
#define ISYM_PYTHON 5 /* a Python step raised, or poll asked to stop */
#define ISYM_VALUE 6  /* another value error; error[1] is the message number */

typedef struct {
  char *data;
  int64_t dim[ISYM_MAXDIM];
} isym_array;

typedef struct isym_ctx isym_ctx;
typedef int isym_part(isym_ctx *, const void *shared, int64_t number); /* computes one part of a loop; gives a result code */
struct isym_ctx {
  isym_array *slot;                                                     /* table of slots */
  void *(*output)(isym_ctx *, int slot, int ndim, const int64_t *dim);  /* array of an output, update or temporary; NULL: no memory */
  int (*python)(isym_ctx *, int step);                                  /* runs a Python step; 0: done */
  void *(*scratch)(isym_ctx *, int64_t bytes);                          /* 64-byte aligned, lives until the call ends; NULL: no memory */
  const void *const *lib;                                               /* library functions, order in blas.h */
  int64_t error[4];                                                     /* node, axis or operand, left size, right size */
  void *owner;                                                          /* the runtime's own */
  int (*poll)(isym_ctx *);                                              /* nonzero: the user interrupts, return ISYM_PYTHON now */
  int (*share)(isym_ctx *, isym_part *, const void *shared, int64_t count); /* threads share the parts; NULL: one thread */
  int64_t enough;                                                       /* operations from which threads share a loop */
};

int isym_kernel(isym_ctx *ctx);

/* For long loops: `if (ISYM_INTERRUPTED(ctx)) return ISYM_PYTHON;` once per 1 us of work or more; a call costs some 10 ns. */
#define ISYM_INTERRUPTED(ctx) ((ctx)->poll(ctx) != 0)

#endif
