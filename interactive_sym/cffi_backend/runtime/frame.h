/* What a compiled function and one call of it consist of. */
#ifndef ISYM_FRAME_H
#define ISYM_FRAME_H

#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#define NPY_TARGET_VERSION NPY_1_22_API_VERSION
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>
#include <stdlib.h>
#include <structmember.h>

#include "isym.h"

#define ALIGNMENT 64                   /* of memory: a cache line, and the widest vector */

typedef struct {
  int object;                          /* not a tensor: never seen by C */
  int state;                           /* the state of a random stream: ISYM_MT_WORDS words */
  int typenum;
  int ndim;
  int64_t dim[ISYM_MAXDIM];            /* -1: any */
  unsigned long long accepted;         /* of inputs: which element types (bits, by number) are converted to this one unasked */
  PyArray_Descr *descr;
  PyTypeObject *scalar;                /* NumPy's scalar type of this dtype */
} Spec;

typedef struct {
  int n_inputs, n_outputs;
  int *slots;                          /* inputs, then outputs */
} Step;

typedef struct {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  PyObject *weak;
  int (*kernel)(isym_ctx *);
  const void *const *lib;
  int n_inputs, n_shared, n_outputs, n_updates, n_slots;
  int first_output, first_update;
  int mode;
  Spec *spec;                          /* per slot */
  int *target;                         /* per update: which shared */
  Step *step;
  int n_steps;
  int has_states, may_run_python;
  PyObject **spare;                    /* per update: an array to write the next value to, or NULL */
  PyObject **last;                     /* per output of 0 dims: the result of the last call, or NULL */
  PyObject *storages, *filters, *on_error, *run_step, *explain, *bind, *lock, *pack, *unpack, *keep;
  PyObject *known;                     /* core/running.py: lock, unlock, running calls, what is waited for, own targets */
  PyObject *names, *defaults;          /* of inputs: names or None, and a list of defaults or None; both empty where unknown */
  PyObject *changes;                   /* per update: an int64 array that counts what is stored; or empty */
  char *arena;
  int64_t arena_size;
  int busy;                            /* a running call uses the arena */
  int64_t peak;                        /* the most bytes a call took: results, updates and scratch memory */
  int threads;                         /* that a call may use, its own among them */
  int64_t enough;                      /* operations from which threads share a loop */
} Function;

typedef struct Chunk {
  struct Chunk *next;
} Chunk;

typedef struct Frame {
  isym_ctx ctx;
  Function *self;
  struct Frame *next;                  /* on the list of calls with updates */
  unsigned long thread;
  PyObject **held;                     /* per slot: an owned reference or NULL */
  PyThreadState *released;             /* set while the GIL is released */
  uint64_t looked;                     /* when signals were looked for last; 0: not yet */
  int stopped;                         /* the user interrupts */
  int owns_arena;
  int joined, guarded;                 /* is on the list of calls; holds the function's lock, or is known in its place */
  PyObject *entry;                     /* by which it is known */
  int64_t used, wanted, made;          /* bytes given from the arena; asked for in all; of results and updates */
  Chunk *chunks;                       /* further scratch memory */
} Frame;

#endif
