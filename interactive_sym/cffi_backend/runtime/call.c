/* The calling layer: one Python callable per compiled function, with the vectorcall protocol.
 *
 * A call checks its arguments, fills the table of slots, runs the kernel, and, only when the kernel succeeded, swaps the updates
 * into the shared storages and returns the outputs.  What is doubtful goes to Python: an argument that is not plainly right goes
 * through its filter, an error code through on_error, an op without C through run_step.  This text is compiled once per machine,
 * through cffi in API mode; call.py has the same semantics in Python where that can't be done.
 *
 * References: a frame owns what its `held` table holds, one entry per slot.  The GIL is held, except in long kernels
 * and by what Python code does.
 */
#include <time.h>

#include "checks.h"
#include "frame.h"
#include "results.h"
#include "serial.h"
#include "states.h"
#include "threads.h"

#define FEW_SLOTS 16                   /* so many live on the C stack */
#define RELEASE_BYTES (1 << 18)        /* reading this much takes longer than giving up the GIL */

enum { RETURN_LIST, RETURN_SINGLE, RETURN_NONE };

static PyTypeObject FunctionType;

/* ---- what a kernel calls ---------------------------------------------------------------------------------------------------- */

/* An array nobody else can see, of the right shape: the storage's value before the last one. */
static inline int reusable(PyObject *value, int ndim, const int64_t *dim) {
  if (!value || Py_REFCNT(value) != 1) return 0;
  PyArrayObject *array = (PyArrayObject *)value;
  if (((PyArrayObject_fields *)array)->weakreflist || PyArray_NDIM(array) != ndim) return 0;
  for (int d = 0; d < ndim; d++)
    if (PyArray_DIM(array, d) != dim[d]) return 0;
  return 1;
}

static int may_become_spare(const Spec *spec, PyObject *value) {
  if (spec->object || spec->state || Py_REFCNT(value) != 1 || !fits(spec, value)) return 0;
  const int needed = NPY_ARRAY_OWNDATA | NPY_ARRAY_WRITEABLE;
  PyArrayObject *array = (PyArrayObject *)value;
  return (PyArray_FLAGS(array) & needed) == needed && !((PyArrayObject_fields *)array)->weakreflist;
}

static void *frame_scratch(isym_ctx *ctx, int64_t bytes) {
  Frame *frame = (Frame *)ctx->owner;
  if (bytes < 0 || bytes > INT64_MAX / 4) return NULL;
  bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  if (bytes == 0) bytes = ALIGNMENT;
  frame->wanted += bytes;
  if (frame->owns_arena && frame->self->arena && frame->used + bytes <= frame->self->arena_size) {
    void *place = frame->self->arena + frame->used;
    frame->used += bytes;
    return place;
  }
  void *block = NULL;
  if (posix_memalign(&block, ALIGNMENT, (size_t)bytes + ALIGNMENT)) return NULL;
  ((Chunk *)block)->next = frame->chunks;
  frame->chunks = (Chunk *)block;
  return (char *)block + ALIGNMENT;
}

static void *frame_output(isym_ctx *ctx, int slot, int ndim, const int64_t *dim) {
  Frame *frame = (Frame *)ctx->owner;
  Function *self = frame->self;
  if (slot >= self->first_output && slot < self->n_slots && self->spec[slot].state) {
    ctx->slot[slot].dim[0] = ISYM_MT_WORDS;
    return ctx->slot[slot].data = frame_scratch(ctx, sizeof(isym_mt));
  }
  PyThreadState *state = enter(frame);
  PyObject *array = NULL;
  void *data = NULL;
  if (slot < self->first_output || slot >= self->n_slots || self->spec[slot].object || self->spec[slot].ndim != ndim) {
    PyErr_Format(PyExc_SystemError, "kernel asked for an output of %d dims in slot %d", ndim, slot);
  } else {
    int update = slot - self->first_update, output = slot - self->first_output;
    if (ndim == 0 && output < self->n_outputs && self->last[output] && may_become_spare(&self->spec[slot], self->last[output])) {
      array = self->last[output];
      self->last[output] = NULL;
    } else if (update >= 0 && update < self->n_updates && reusable(self->spare[update], ndim, dim)) {
      array = self->spare[update];
      self->spare[update] = NULL;
    } else {
      npy_intp shape[ISYM_MAXDIM];
      for (int d = 0; d < ndim; d++) shape[d] = (npy_intp)dim[d];
      array = new_array(self->spec[slot].descr, ndim, shape);
    }
  }
  if (array) {
    Py_XDECREF(frame->held[slot]);
    frame->held[slot] = array;
    point(&ctx->slot[slot], (PyArrayObject *)array);
    data = PyArray_DATA((PyArrayObject *)array);
    frame->made += PyArray_NBYTES((PyArrayObject *)array);
  }
  leave(frame, state);
  return data;
}

/* The value of a slot as a Python object (a new reference). */
static PyObject *slot_value(Frame *frame, int slot) {
  const Spec *spec = &frame->self->spec[slot];
  isym_array *array = &frame->ctx.slot[slot];
  PyObject *held = frame->held[slot];
  if (held && (spec->object || PyArray_BYTES((PyArrayObject *)held) == array->data)) {
    Py_INCREF(held);
    return held;
  }
  if (spec->object || !array->data) {
    PyErr_Format(PyExc_SystemError, "slot %d is read before it is written", slot);
    return NULL;
  }
  npy_intp shape[ISYM_MAXDIM];
  for (int d = 0; d < spec->ndim; d++) shape[d] = (npy_intp)array->dim[d];
  Py_INCREF(spec->descr);
  PyObject *copy = PyArray_NewFromDescr(&PyArray_Type, spec->descr, spec->ndim, shape, NULL, NULL, 0, NULL);
  if (copy) memcpy(PyArray_DATA((PyArrayObject *)copy), array->data, (size_t)PyArray_NBYTES((PyArrayObject *)copy));
  return copy;
}

static int store_result(Frame *frame, int slot, PyObject *value) {
  const Spec *spec = &frame->self->spec[slot];
  if (slot < frame->self->first_output || (!spec->object && !fits(spec, value))) {
    raise_explained(frame->self, slot, value);
    return 1;
  }
  Py_INCREF(value);
  Py_XDECREF(frame->held[slot]);
  frame->held[slot] = value;
  if (!spec->object) point(&frame->ctx.slot[slot], (PyArrayObject *)value);
  return 0;
}

static int run_step(Frame *frame, int number) {
  Function *self = frame->self;
  if (number < 0 || number >= self->n_steps) {
    PyErr_Format(PyExc_SystemError, "kernel asked for Python step %d of %d", number, self->n_steps);
    return 1;
  }
  const Step *step = &self->step[number];
  PyObject *values = PyList_New(step->n_inputs), *index = PyLong_FromLong(number), *results = NULL;
  int failed = !values || !index;
  for (int k = 0; k < step->n_inputs && !failed; k++) {
    PyObject *value = slot_value(frame, step->slots[k]);
    if (value) PyList_SET_ITEM(values, k, value);
    else failed = 1;
  }
  if (!failed) results = PyObject_CallFunctionObjArgs(self->run_step, index, values, NULL);
  failed = !results;
  if (results && (!PyList_Check(results) || PyList_GET_SIZE(results) != step->n_outputs)) {
    PyErr_Format(PyExc_SystemError, "Python step %d did not give %d results", number, step->n_outputs);
    failed = 1;
  }
  for (int k = 0; k < step->n_outputs && !failed; k++)
    failed = store_result(frame, step->slots[step->n_inputs + k], PyList_GET_ITEM(results, k));
  Py_XDECREF(values);
  Py_XDECREF(index);
  Py_XDECREF(results);
  return failed;
}

static int frame_python(isym_ctx *ctx, int number) {
  Frame *frame = (Frame *)ctx->owner;
  PyThreadState *state = enter(frame);
  int failed = run_step(frame, number);
  leave(frame, state);
  return failed;
}

/* Take the lock of the list of running calls, unless somebody has it; nothing here runs bytecode, so that no other thread comes
 * between. */
static int lock_known(Function *self) {
  PyObject *free = PyObject_CallOneArg(PyTuple_GET_ITEM(self->known, 0), Py_False);
  const int locked = free == Py_True;
  Py_XDECREF(free);
  if (!free) PyErr_Clear();
  return locked;
}

static void unlock_known(Function *self) {
  PyObject *done = PyObject_CallNoArgs(PyTuple_GET_ITEM(self->known, 1));
  if (!done) PyErr_Clear();
  Py_XDECREF(done);
}

/* Put a call on the list for which those wait who change shared values from elsewhere (core/running.py); 0 where that must be left to
 * Python, because somebody is changing one just now. */
static int make_known(Frame *frame) {
  Function *self = frame->self;
  if (!lock_known(self)) return 0;
  frame->entry = Py_BuildValue("(kO)", PyThread_get_thread_ident(), PyTuple_GET_ITEM(self->known, 4));
  if (!frame->entry || PyList_Append(PyTuple_GET_ITEM(self->known, 2), frame->entry)) Py_CLEAR(frame->entry);
  unlock_known(self);
  if (!frame->entry) PyErr_Clear();
  return frame->entry != NULL;
}

/* Take a call from the list, unless somebody waits for that and must be told. */
static int unmake_known(Frame *frame) {
  Function *self = frame->self;
  PyObject *list = PyTuple_GET_ITEM(self->known, 2);
  int gone = 0;
  if (!frame->entry || !lock_known(self)) return 0;
  for (Py_ssize_t k = PyList_GET_SIZE(list); k-- > 0 && !gone && PyList_GET_SIZE(PyTuple_GET_ITEM(self->known, 3)) == 0;)
    if (PyList_GET_ITEM(list, k) == frame->entry) gone = !PySequence_DelItem(list, k);
  unlock_known(self);
  return gone;
}

/* Whether the GIL may be given up in the middle of a call: one with updates must be known before. */
static int may_give_way(Frame *frame) {
  if (!frame->self->n_updates || frame->guarded) return 1;
  frame->guarded = make_known(frame);
  return frame->guarded;
}

/* A clock that takes 10 ns to read; it counts processor cycles, or nanoseconds. */
static inline uint64_t ticks(void) {
#if defined(__x86_64__) || defined(__i386__)
  return __builtin_ia32_rdtsc();
#else
  return (uint64_t)isym_now();
#endif
}

#define LOOK_TICKS (1 << 23)           /* between looks for signals: some 2 to 8 ms */

/* Has the user pressed Ctrl-C?  Who asks often gets the last answer.  A call that turns out to be long gives up the GIL. */
static int frame_poll(isym_ctx *ctx) {
  Frame *frame = (Frame *)ctx->owner;
  const uint64_t now = ticks();
  if (frame->looked == 0) frame->looked = now;
  if (now - frame->looked < LOOK_TICKS) return frame->stopped;
  frame->looked = now;
  PyThreadState *state = enter(frame);
  frame->stopped = PyErr_Occurred() || PyErr_CheckSignals();
  if (!state && !frame->stopped && may_give_way(frame)) frame->released = PyEval_SaveThread();
  else leave(frame, state);
  return frame->stopped;
}

static int frame_share(isym_ctx *ctx, isym_part *part, const void *shared, int64_t count) {
  return isym_share_parts(ctx, part, shared, count, ((Frame *)ctx->owner)->self->threads);
}

/* ---- the call --------------------------------------------------------------------------------------------------------------- */

/* Let a slot stand for the words of a state. */
static int take_state(Frame *frame, int k, PyObject *value) {
  isym_mt *words = frame_scratch(&frame->ctx, sizeof(isym_mt));
  if (!words) {
    PyErr_NoMemory();
    return 1;
  }
  frame->ctx.slot[k].data = (char *)words;
  frame->ctx.slot[k].dim[0] = ISYM_MT_WORDS;
  Parts parts;
  if (state_parts(value, &parts)) {
    read_parts(words, &parts);
    return 0;
  }
  Py_INCREF(value);
  PyObject *packed = PyObject_CallFunctionObjArgs(frame->self->pack, value, NULL);
  Py_DECREF(value);
  const int good = packed && PyBytes_Check(packed) && PyBytes_GET_SIZE(packed) == sizeof(isym_mt);
  if (good) memcpy(words, PyBytes_AS_STRING(packed), sizeof(isym_mt));
  else if (packed) PyErr_SetString(PyExc_SystemError, "a state was packed to another number of bytes");
  Py_XDECREF(packed);
  return !good;
}

/* New objects for states that are returned, and for those that somebody else has too.  Others are written in place at the end. */
static int make_states(Frame *frame) {
  Function *self = frame->self;
  Parts parts;
  for (int again = 1; again;) {
    again = 0;
    for (int k = self->first_output; k < self->first_update + self->n_updates; k++) {
      if (!self->spec[k].state || frame->held[k]) continue;
      const int update = k - self->first_update;
      if (update >= 0 &&
          state_parts(PyList_GET_ITEM(PyTuple_GET_ITEM(self->storages, self->target[update]), 0), &parts))
        continue;
      PyObject *packed = PyBytes_FromStringAndSize(frame->ctx.slot[k].data, sizeof(isym_mt));
      if (packed) frame->held[k] = PyObject_CallFunctionObjArgs(self->unpack, packed, NULL);
      Py_XDECREF(packed);
      if (!frame->held[k]) return 1;
      again = 1; /* Python code ran: others may have taken hold of a state meanwhile */
    }
  }
  return 0;
}

static int take_inputs(Frame *frame, PyObject *const *args) {
  Function *self = frame->self;
  for (int k = 0; k < self->n_inputs; k++) {
    const Spec *spec = &self->spec[k];
    isym_array *slot = &frame->ctx.slot[k];
    PyObject *value = args[k];
    if (!spec->object && !spec->state) {
      if (fits(spec, value)) {
        Py_INCREF(value);
        frame->held[k] = value;
        point(slot, (PyArrayObject *)value);
        continue;
      }
      if (spec->ndim == 0) {
        slot->data = (char *)slot->dim; /* a 0-d slot has no dims: their place holds the number */
        if (store_number(spec, value, slot->data)) continue;
      }
    }
    PyObject *made = converted(spec, value), *filter = PyTuple_GET_ITEM(self->filters, k);
    if (made) value = made;
    else if (filter == Py_None) Py_INCREF(value);
    else value = PyObject_CallFunctionObjArgs(filter, value, NULL);
    if (!value) return 1;
    frame->held[k] = value;
    if (spec->object) continue;
    if (spec->state) {
      if (take_state(frame, k, value)) return 1;
      continue;
    }
    if (!fits(spec, value)) {
      raise_explained(self, k, value);
      return 1;
    }
    point(slot, (PyArrayObject *)value);
  }
  return 0;
}

static int take_shared(Frame *frame) {
  Function *self = frame->self;
  for (int k = 0; k < self->n_shared; k++) {
    int slot = self->n_inputs + k;
    const Spec *spec = &self->spec[slot];
    PyObject *storage = PyTuple_GET_ITEM(self->storages, k);
    if (PyList_GET_SIZE(storage) != 1) {
      PyErr_SetString(PyExc_SystemError, "the storage of a shared variable is a list of one item");
      return 1;
    }
    PyObject *value = PyList_GET_ITEM(storage, 0);
    if (spec->state) {
      if (take_state(frame, slot, value)) return 1;
      continue;
    }
    if (spec->object || fits(spec, value)) {
      Py_INCREF(value);
    } else {
      /* right in all but its layout: a copy for this call */
      PyArrayObject *array = (PyArrayObject *)value;
      if (PyArray_Check(value) && PyArray_NDIM(array) == spec->ndim &&
          PyArray_EquivTypenums(PyArray_TYPE(array), spec->typenum)) {
        Py_INCREF(spec->descr);
        PyObject *copy = PyArray_FromArray(array, spec->descr, NPY_ARRAY_CARRAY | NPY_ARRAY_NOTSWAPPED | NPY_ARRAY_ENSUREARRAY);
        if (!copy) return 1;
        if (!fits(spec, copy)) {
          Py_DECREF(copy);
          raise_explained(self, slot, value);
          return 1;
        }
        value = copy;
      } else {
        raise_explained(self, slot, value);
        return 1;
      }
    }
    frame->held[slot] = value;
    if (!spec->object) point(&frame->ctx.slot[slot], (PyArrayObject *)value);
  }
  return 0;
}

/* Whether the kernel reads so much that the GIL is given up for it. */
static int is_long(Frame *frame) {
  Function *self = frame->self;
  int64_t bytes = 0;
  for (int k = 0; k < self->first_output; k++) {
    if (self->spec[k].object || self->spec[k].state) continue;
    PyObject *value = frame->held[k], *storage;
    if (k >= self->n_inputs && PyList_GET_SIZE(storage = PyTuple_GET_ITEM(self->storages, k - self->n_inputs)) == 1)
      value = PyList_GET_ITEM(storage, 0);
    if (value && PyArray_Check(value)) bytes += PyArray_NBYTES((PyArrayObject *)value);
  }
  return bytes >= RELEASE_BYTES;
}

/* Whether Python code runs between reading shared values and storing new ones. */
static int runs_python(Function *self) {
  if (self->n_steps) return 1;
  Parts parts;
  for (int k = self->n_inputs; k < self->first_update; k++) {
    if (!self->spec[k].state) continue;
    if (k >= self->first_output) return 1;
    PyObject *storage = PyTuple_GET_ITEM(self->storages, k - self->n_inputs);
    if (PyList_GET_SIZE(storage) != 1 || !state_parts(PyList_GET_ITEM(storage, 0), &parts)) return 1;
  }
  return 0;
}

/* What must be so before a call with updates reads shared values; nonzero: an exception is set. */
static int begin_updates(Frame *frame, int gives_way) {
  Function *self = frame->self;
  if (!self->n_updates) return 0;
  if (join_calls(frame)) return 1;
  frame->joined = 1;
  if (!gives_way && !(self->may_run_python && runs_python(self))) return 0;
  if (PyList_GET_SIZE(PyTuple_GET_ITEM(self->known, 3)) == 0 && (frame->guarded = make_known(frame))) return 0;
  PyObject *done = PyObject_CallMethod(self->lock, "acquire", NULL);
  frame->guarded = done != NULL;
  Py_XDECREF(done);
  return !done;
}

static void end_updates(Frame *frame) {
  if (frame->joined) leave_calls(frame);
  if (!frame->guarded) return;
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  if (!unmake_known(frame)) {
    PyObject *done = PyObject_CallMethod(frame->self->lock, "release", NULL);
    if (!done) PyErr_Clear();
    Py_XDECREF(done);
  }
  Py_XDECREF(frame->entry);
  PyErr_Restore(type, value, trace);
}

static int run_kernel(Frame *frame, int gives_way) {
  Function *self = frame->self;
  if (gives_way) frame->released = PyEval_SaveThread();
  int code = self->kernel(&frame->ctx);
  enter(frame);
  return code;
}

/* After a kernel's return: 0 when every output and update is there. */
static int check_results(Frame *frame, int code) {
  Function *self = frame->self;
  if (PyErr_Occurred()) return 1;
  if (code != ISYM_OK) {
    const int64_t *e = frame->ctx.error;
    raise_given(self->on_error, PyLong_FromLong(code),
                Py_BuildValue("(LLLL)", (long long)e[0], (long long)e[1], (long long)e[2], (long long)e[3]));
    return 1;
  }
  for (int k = self->first_output; k < self->first_update + self->n_updates; k++)
    if (!frame->held[k] && !(self->spec[k].state && frame->ctx.slot[k].data)) {
      PyErr_Format(PyExc_SystemError, "the kernel left slot %d empty", k);
      return 1;
    }
  for (int k = 0; k < self->n_updates; k++)
    if (PyList_GET_SIZE(PyTuple_GET_ITEM(self->storages, self->target[k])) != 1) {
      PyErr_SetString(PyExc_SystemError, "the storage of a shared variable is a list of one item");
      return 1;
    }
  return self->has_states && make_states(frame);
}

static PyObject *take_result(Frame *frame) {
  Function *self = frame->self;
  if (self->mode == RETURN_NONE) Py_RETURN_NONE;
  if (self->mode == RETURN_SINGLE) {
    PyObject *result = frame->held[self->first_output];
    Py_INCREF(result);
    return result;
  }
  PyObject *result = PyList_New(self->n_outputs);
  for (int k = 0; result && k < self->n_outputs; k++) {
    PyObject *value = frame->held[self->first_output + k];
    Py_INCREF(value);
    PyList_SET_ITEM(result, k, value);
  }
  return result;
}

/* Put every update into its storage.  Nothing here can fail or run Python code; afterwards `held` owns the old values. */
static void swap_updates(Frame *frame) {
  Function *self = frame->self;
  for (int k = 0; k < self->n_updates; k++) {
    PyObject *storage = PyTuple_GET_ITEM(self->storages, self->target[k]);
    PyObject *old = PyList_GET_ITEM(storage, 0), *new = frame->held[self->first_update + k];
    Parts parts;
    if (!new) { /* a state that the storage alone has */
      if (state_parts(old, &parts)) write_parts(&parts, (isym_mt *)frame->ctx.slot[self->first_update + k].data);
      continue;
    }
    PyList_SET_ITEM(storage, 0, new);
    frame->held[self->first_update + k] = old;
  }
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(self->changes); k++)
    ++*(int64_t *)PyArray_DATA((PyArrayObject *)PyTuple_GET_ITEM(self->changes, k));
}

static void release(Frame *frame, int swapped) {
  Function *self = frame->self;
  if (frame->wanted + frame->made > self->peak) self->peak = frame->wanted + frame->made;
  for (int k = 0; k < self->n_outputs; k++) { /* the caller may drop it before the next call */
    const Spec *spec = &self->spec[self->first_output + k];
    PyObject *former = self->last[k], *result = frame->held[self->first_output + k];
    if (spec->ndim || spec->object || spec->state || !result) continue;
    self->last[k] = result;
    frame->held[self->first_output + k] = former;
  }
  for (int k = 0; k < self->n_slots; k++)
    if (k < self->first_update || k >= self->first_update + self->n_updates) Py_CLEAR(frame->held[k]);
  for (int k = 0; k < self->n_updates; k++) {
    int slot = self->first_update + k;
    PyObject *value = frame->held[slot];
    frame->held[slot] = NULL;
    if (!value) continue;
    /* the storage's old value, or, after a failure, the array meant to be its new one */
    if (!self->spare[k] && may_become_spare(&self->spec[slot], value)) self->spare[k] = value;
    else if (swapped && may_become_spare(&self->spec[slot], value)) {
      PyObject *former = self->spare[k];
      self->spare[k] = value;
      Py_DECREF(former);
    } else Py_DECREF(value);
  }
  for (Chunk *chunk = frame->chunks; chunk;) {
    Chunk *next = chunk->next;
    free(chunk);
    chunk = next;
  }
  if (frame->owns_arena) {
    if (frame->wanted > self->arena_size) {
      void *block = NULL;
      free(self->arena);
      self->arena_size = posix_memalign(&block, ALIGNMENT, (size_t)frame->wanted) ? 0 : frame->wanted;
      self->arena = self->arena_size ? block : NULL;
    }
    self->busy = 0;
  }
}

static PyObject *run(Function *self, PyObject *const *args, isym_array *slots, PyObject **held) {
  Frame frame;
  memset(held, 0, sizeof(PyObject *) * (size_t)self->n_slots);
  for (int k = self->first_output; k < self->n_slots; k++) slots[k].data = NULL;
  frame.ctx.slot = slots;
  frame.ctx.output = frame_output;
  frame.ctx.python = frame_python;
  frame.ctx.scratch = frame_scratch;
  frame.ctx.lib = self->lib;
  frame.ctx.error[0] = frame.ctx.error[1] = frame.ctx.error[2] = frame.ctx.error[3] = 0;
  frame.ctx.owner = &frame;
  frame.ctx.poll = frame_poll;
  frame.ctx.share = self->threads > 1 ? frame_share : NULL;
  frame.ctx.enough = self->enough;
  frame.looked = 0;
  frame.stopped = 0;
  frame.self = self;
  frame.held = held;
  frame.released = NULL;
  frame.used = frame.wanted = frame.made = 0;
  frame.chunks = NULL;
  frame.owns_arena = !self->busy;
  self->busy = 1;
  frame.joined = frame.guarded = 0;
  frame.entry = NULL;
  PyObject *result = NULL;
  int swapped = 0, gives_way;
  if (!take_inputs(&frame, args) && (gives_way = is_long(&frame), !begin_updates(&frame, gives_way)) && !take_shared(&frame)) {
    int code = run_kernel(&frame, gives_way);
    if (!check_results(&frame, code)) {
      result = take_result(&frame);
      if (result) {
        swap_updates(&frame);
        swapped = 1;
      }
    }
  }
  end_updates(&frame);
  release(&frame, swapped);
  return result;
}

static PyObject *run_framed(Function *self, PyObject *const *args) {
  if (self->n_slots <= FEW_SLOTS) {
    isym_array slots[FEW_SLOTS];
    PyObject *held[FEW_SLOTS];
    return run(self, args, slots, held);
  }
  isym_array *slots = PyMem_Malloc(sizeof(isym_array) * (size_t)self->n_slots);
  PyObject **held = PyMem_Malloc(sizeof(PyObject *) * (size_t)self->n_slots);
  PyObject *result = slots && held ? run(self, args, slots, held) : PyErr_NoMemory();
  PyMem_Free(slots);
  PyMem_Free(held);
  return result;
}

/* The place of a named input among those that no argument was given for; -1 where there is none. */
static Py_ssize_t place_of(Function *self, PyObject *name, PyObject *const *full, Py_ssize_t first) {
  for (Py_ssize_t k = first; k < self->n_inputs; k++) {
    PyObject *own = PyTuple_GET_ITEM(self->names, k);
    if (own == name || (PyUnicode_CheckExact(own) && PyUnicode_CheckExact(name) && PyUnicode_Compare(own, name) == 0))
      return full[k] ? -1 : k;
  }
  return -1;
}

/* A call of which `full` has the arguments given, completed by defaults; `*done` is 0 where it is not as simple as that. */
static PyObject *run_completed(Function *self, PyObject **full, int *done) {
  for (int k = 0; k < self->n_inputs; k++) {
    if (full[k]) continue;
    if (PyList_GET_SIZE(self->defaults) != self->n_inputs || PyList_GET_ITEM(self->defaults, k) == Py_None) return NULL;
    full[k] = PyList_GET_ITEM(self->defaults, k);
  }
  *done = 1;
  for (int k = 0; k < self->n_inputs; k++) Py_INCREF(full[k]); /* a filter may replace a default */
  PyObject *result = run_framed(self, full);
  for (int k = 0; k < self->n_inputs; k++) Py_DECREF(full[k]);
  return result;
}

/* Whether a call with so many positional arguments may be completed here. */
static int may_complete(Function *self, Py_ssize_t n) {
  return n <= self->n_inputs && self->n_inputs <= FEW_SLOTS && PyTuple_GET_SIZE(self->names) == self->n_inputs;
}

/* A call with keywords, or with too many or too few arguments: `bind(args, keywords)` gives the full list, or raises. */
static PyObject *call_bound(Function *self, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  if (self->bind == Py_None) {
    if (names && PyTuple_GET_SIZE(names))
      return PyErr_Format(PyExc_TypeError, "this function takes no keyword argument, got %R", PyTuple_GET_ITEM(names, 0));
    return PyErr_Format(PyExc_TypeError, "this function takes %d positional argument%s but %zd %s given", self->n_inputs,
                        self->n_inputs == 1 ? "" : "s", n, n == 1 ? "was" : "were");
  }
  PyObject *positional = PyTuple_New(n), *keywords = PyDict_New(), *bound = NULL, *full = NULL, *result = NULL;
  int failed = !positional || !keywords;
  for (Py_ssize_t k = 0; k < n && !failed; k++) {
    Py_INCREF(args[k]);
    PyTuple_SET_ITEM(positional, k, args[k]);
  }
  for (Py_ssize_t k = 0; names && k < PyTuple_GET_SIZE(names) && !failed; k++)
    failed = PyDict_SetItem(keywords, PyTuple_GET_ITEM(names, k), args[n + k]) != 0;
  if (!failed) bound = PyObject_CallFunctionObjArgs(self->bind, positional, keywords, NULL);
  if (bound) full = PySequence_Tuple(bound);
  if (full && PyTuple_GET_SIZE(full) != self->n_inputs)
    PyErr_Format(PyExc_SystemError, "bind gave %zd arguments, not %d", PyTuple_GET_SIZE(full), self->n_inputs);
  else if (full) result = run_framed(self, ((PyTupleObject *)full)->ob_item);
  Py_XDECREF(positional);
  Py_XDECREF(keywords);
  Py_XDECREF(bound);
  Py_XDECREF(full);
  return result;
}

static PyObject *function_call(PyObject *callable, PyObject *const *args, size_t flagged, PyObject *names) {
  Function *self = (Function *)callable;
  Py_ssize_t n = PyVectorcall_NARGS(flagged), named = names ? PyTuple_GET_SIZE(names) : 0;
  if (n == self->n_inputs && !named) return run_framed(self, args);
  if (may_complete(self, n)) {
    PyObject *full[FEW_SLOTS] = {NULL};
    int done = 0;
    memcpy(full, args, sizeof(PyObject *) * (size_t)n);
    Py_ssize_t place = 0;
    for (Py_ssize_t k = 0; k < named && place >= 0; k++)
      if ((place = place_of(self, PyTuple_GET_ITEM(names, k), full, n)) >= 0) full[place] = args[n + k];
    PyObject *result = place >= 0 ? run_completed(self, full, &done) : NULL;
    if (done) return result;
  }
  return call_bound(self, args, n, names);
}

/* ---- the type --------------------------------------------------------------------------------------------------------------- */

static int function_traverse(Function *self, visitproc visit, void *arg) {
  Py_VISIT(self->storages);
  Py_VISIT(self->filters);
  Py_VISIT(self->on_error);
  Py_VISIT(self->run_step);
  Py_VISIT(self->explain);
  Py_VISIT(self->bind);
  Py_VISIT(self->lock);
  Py_VISIT(self->pack);
  Py_VISIT(self->unpack);
  Py_VISIT(self->changes);
  Py_VISIT(self->known);
  Py_VISIT(self->names);
  Py_VISIT(self->defaults);
  Py_VISIT(self->keep);
  for (int k = 0; self->spare && k < self->n_updates; k++) Py_VISIT(self->spare[k]);
  for (int k = 0; self->last && k < self->n_outputs; k++) Py_VISIT(self->last[k]);
  return 0;
}

static PyObject *refuse(PyObject *callable, PyObject *const *args, size_t flagged, PyObject *names) {
  (void)callable, (void)args, (void)flagged, (void)names;
  PyErr_SetString(PyExc_ReferenceError, "this function has been collected");
  return NULL;
}

static int function_clear(Function *self) {
  self->vectorcall = refuse;
  Py_CLEAR(self->storages);
  Py_CLEAR(self->filters);
  Py_CLEAR(self->on_error);
  Py_CLEAR(self->run_step);
  Py_CLEAR(self->explain);
  Py_CLEAR(self->bind);
  Py_CLEAR(self->lock);
  Py_CLEAR(self->pack);
  Py_CLEAR(self->unpack);
  Py_CLEAR(self->changes);
  Py_CLEAR(self->known);
  Py_CLEAR(self->names);
  Py_CLEAR(self->defaults);
  Py_CLEAR(self->keep);
  for (int k = 0; self->spare && k < self->n_updates; k++) Py_CLEAR(self->spare[k]);
  for (int k = 0; self->last && k < self->n_outputs; k++) Py_CLEAR(self->last[k]);
  return 0;
}

static void function_dealloc(Function *self) {
  PyObject_GC_UnTrack(self);
  if (self->weak) PyObject_ClearWeakRefs((PyObject *)self);
  function_clear(self);
  for (int k = 0; self->spec && k < self->n_slots; k++) {
    Py_XDECREF(self->spec[k].descr);
    Py_XDECREF(self->spec[k].scalar);
  }
  for (int k = 0; self->step && k < self->n_steps; k++) free(self->step[k].slots);
  free(self->spec);
  free(self->target);
  free(self->step);
  free(self->spare);
  free(self->last);
  free(self->arena);
  PyObject_GC_Del(self);
}

static PyObject *function_repr(Function *self) {
  return PyUnicode_FromFormat("<kernel: %d inputs, %d shared, %d outputs, %d updates>", self->n_inputs, self->n_shared,
                              self->n_outputs, self->n_updates);
}

/* Give back memory kept between calls: scratch memory, spare arrays of updates, and that of large results. */
static PyObject *function_free(Function *self, PyObject *unused) {
  (void)unused;
  if (!self->busy) {
    free(self->arena);
    self->arena = NULL;
    self->arena_size = 0;
  }
  for (int k = 0; k < self->n_updates; k++) Py_CLEAR(self->spare[k]);
  for (int k = 0; k < self->n_outputs; k++) Py_CLEAR(self->last[k]);
  while (pool.count) pool_drop(pool.count - 1);
  Py_RETURN_NONE;
}

static PyMethodDef function_methods[] = {
    {"free", (PyCFunction)function_free, METH_NOARGS, "Give back memory kept between calls."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef function_members[] = {
    {"peak_bytes", T_LONGLONG, offsetof(Function, peak), READONLY, "The most bytes a call took so far."},
    {NULL, 0, 0, 0, NULL},
};

static PyTypeObject FunctionType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "interactive_sym.cffi_backend.Kernel",
    .tp_doc = "A compiled function: takes its inputs in order, returns its outputs.",
    .tp_basicsize = sizeof(Function),
    .tp_dealloc = (destructor)function_dealloc,
    .tp_vectorcall_offset = offsetof(Function, vectorcall),
    .tp_repr = (reprfunc)function_repr,
    .tp_call = PyVectorcall_Call,
    .tp_methods = function_methods,
    .tp_members = function_members,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_traverse = (traverseproc)function_traverse,
    .tp_clear = (inquiry)function_clear,
    .tp_weaklistoffset = offsetof(Function, weak),
};

/* An array of C ints from a tuple of Python ones. */
static int *integers(PyObject *tuple, int extra) {
  Py_ssize_t n = PyTuple_GET_SIZE(tuple);
  int *result = calloc((size_t)(n + extra + 1), sizeof(int));
  for (Py_ssize_t k = 0; result && k < n; k++) result[k] = (int)PyLong_AsLong(PyTuple_GET_ITEM(tuple, k));
  return result;
}

static int read_spec(Spec *spec, PyObject *item) {
  PyObject *dims;
  int kind; /* 0 a tensor, 1 an object, 2 a state */
  if (!PyArg_ParseTuple(item, "iiO!K", &kind, &spec->typenum, &PyTuple_Type, &dims, &spec->accepted)) return 1;
  spec->object = kind == 1;
  spec->state = kind == 2;
  spec->ndim = (int)PyTuple_GET_SIZE(dims);
  if (spec->ndim > ISYM_MAXDIM) {
    PyErr_Format(PyExc_ValueError, "a compiled function takes arrays of at most %d dims", ISYM_MAXDIM);
    return 1;
  }
  for (int d = 0; d < spec->ndim; d++) spec->dim[d] = PyLong_AsLongLong(PyTuple_GET_ITEM(dims, d));
  if (spec->object) return 0;
  spec->descr = PyArray_DescrFromType(spec->typenum);
  spec->scalar = (PyTypeObject *)PyArray_TypeObjectFromType(spec->typenum);
  return !spec->descr || !spec->scalar;
}

static int read_step(Step *step, PyObject *item) {
  PyObject *inputs, *outputs;
  if (!PyArg_ParseTuple(item, "O!O!", &PyTuple_Type, &inputs, &PyTuple_Type, &outputs)) return 1;
  step->n_inputs = (int)PyTuple_GET_SIZE(inputs);
  step->n_outputs = (int)PyTuple_GET_SIZE(outputs);
  step->slots = integers(inputs, step->n_outputs);
  for (int k = 0; step->slots && k < step->n_outputs; k++)
    step->slots[step->n_inputs + k] = (int)PyLong_AsLong(PyTuple_GET_ITEM(outputs, k));
  return !step->slots;
}

static PyObject *make(PyObject *payload) {
  Function *self = PyObject_GC_New(Function, &FunctionType);
  if (!self) return NULL;
  memset((char *)self + sizeof(PyObject), 0, sizeof(Function) - sizeof(PyObject));
  self->vectorcall = function_call;
  unsigned long long kernel, lib;
  long long enough = 0;
  PyObject *specs, *targets, *steps;
  int good = PyArg_ParseTuple(payload, "KKiiiiiO!O!O!O!O!OOOOOOOOiLO!O!O!O!", &kernel, &lib, &self->n_inputs, &self->n_shared, &self->n_outputs,
                              &self->n_updates, &self->mode, &PyTuple_Type, &specs, &PyTuple_Type, &targets, &PyTuple_Type, &steps,
                              &PyTuple_Type, &self->storages, &PyTuple_Type, &self->filters, &self->on_error, &self->run_step,
                              &self->explain, &self->bind, &self->lock, &self->pack, &self->unpack, &self->keep, &self->threads, &enough,
                              &PyTuple_Type, &self->changes, &PyTuple_Type, &self->known, &PyTuple_Type, &self->names,
                              &PyList_Type, &self->defaults);
  self->enough = enough;
  Py_XINCREF(self->storages);
  Py_XINCREF(self->filters);
  Py_XINCREF(self->on_error);
  Py_XINCREF(self->run_step);
  Py_XINCREF(self->explain);
  Py_XINCREF(self->bind);
  Py_XINCREF(self->lock);
  Py_XINCREF(self->pack);
  Py_XINCREF(self->unpack);
  Py_XINCREF(self->keep);
  Py_XINCREF(self->changes);
  Py_XINCREF(self->known);
  Py_XINCREF(self->names);
  Py_XINCREF(self->defaults);
  if (good) {
    self->kernel = (int (*)(isym_ctx *))(uintptr_t)kernel;
    self->lib = (const void *const *)(uintptr_t)lib;
    self->n_slots = (int)PyTuple_GET_SIZE(specs);
    self->n_steps = (int)PyTuple_GET_SIZE(steps);
    self->first_output = self->n_inputs + self->n_shared;
    self->first_update = self->first_output + self->n_outputs;
    self->spec = calloc((size_t)self->n_slots + 1, sizeof(Spec));
    self->step = calloc((size_t)self->n_steps + 1, sizeof(Step));
    self->spare = calloc((size_t)self->n_updates + 1, sizeof(PyObject *));
    self->last = calloc((size_t)self->n_outputs + 1, sizeof(PyObject *));
    self->target = integers(targets, 0);
    good = self->spec && self->step && self->spare && self->last && self->target;
    if (!good) PyErr_NoMemory();
  } else {
    self->n_updates = self->n_outputs = 0;
  }
  for (int k = 0; good && k < self->n_slots; k++) good = !read_spec(&self->spec[k], PyTuple_GET_ITEM(specs, k));
  for (int k = 0; good && k < self->n_slots; k++) self->has_states |= self->spec[k].state;
  self->may_run_python = self->n_steps || self->has_states;
  for (int k = 0; good && k < self->n_steps; k++) good = !read_step(&self->step[k], PyTuple_GET_ITEM(steps, k));
  PyObject_GC_Track(self);
  if (good && !PyErr_Occurred()) return (PyObject *)self;
  Py_DECREF(self);
  return NULL;
}

/* ---- calls of `Function` ---------------------------------------------------------------------------------------------------- */

/* The class of objects that hold a kernel in a slot: a call of one with positional arguments goes straight to the kernel. */
static struct {
  PyTypeObject *type;
  Py_ssize_t place;                    /* of the slot */
  ternaryfunc call;                    /* the class's own, for all other calls */
} direct;

static PyObject *direct_call(PyObject *object, PyObject *args, PyObject *keywords) {
  PyObject *kernel = *(PyObject **)((char *)object + direct.place);
  if (!kernel || Py_TYPE(kernel) != &FunctionType) return direct.call(object, args, keywords);
  Function *self = (Function *)kernel;
  const Py_ssize_t n = PyTuple_GET_SIZE(args);
  PyObject *result = NULL;
  int done = 0;
  Py_INCREF(kernel);
  if (n == self->n_inputs && !(keywords && PyDict_GET_SIZE(keywords))) {
    done = 1;
    result = run_framed(self, ((PyTupleObject *)args)->ob_item);
  } else if (may_complete(self, n)) {
    PyObject *full[FEW_SLOTS] = {NULL}, *name, *value;
    memcpy(full, ((PyTupleObject *)args)->ob_item, sizeof(PyObject *) * (size_t)n);
    Py_ssize_t place = 0, at = 0;
    while (keywords && place >= 0 && PyDict_Next(keywords, &at, &name, &value))
      if ((place = place_of(self, name, full, n)) >= 0) full[place] = value;
    if (place >= 0) result = run_completed(self, full, &done);
  }
  Py_DECREF(kernel);
  if (!done) return direct.call(object, args, keywords);
  if (result || !PyErr_ExceptionMatches(PyExc_Exception)) return result;
  PyObject *type, *error, *trace;
  PyErr_Fetch(&type, &error, &trace);
  PyErr_NormalizeException(&type, &error, &trace);
  if (trace) PyException_SetTraceback(error, trace);
  result = keywords ? PyObject_CallMethod(object, "_failed", "OOO", error, args, keywords)
                    : PyObject_CallMethod(object, "_failed", "OO", error, args);
  Py_XDECREF(type);
  Py_XDECREF(error);
  Py_XDECREF(trace);
  return result;
}

/* Says that objects of this class have a kernel in a slot (its descriptor), and `_failed(error, args)`. */
static void isym_direct(uintptr_t type, uintptr_t slot) {
  PyGILState_STATE state = PyGILState_Ensure();
  direct.type = (PyTypeObject *)type;
  direct.place = ((PyMemberDescrObject *)slot)->d_member->offset;
  if (direct.type->tp_call != direct_call) direct.call = direct.type->tp_call;
  direct.type->tp_call = direct_call;
  PyType_Modified(direct.type);
  PyGILState_Release(state);
}

static int ready = 0;

/* Makes a callable from the tuple at `payload` and appends it, or the exception raised, to the list at `holder`. */
static int isym_make(uintptr_t payload, uintptr_t holder) {
  PyGILState_STATE state = PyGILState_Ensure();
  PyObject *made = NULL;
  if (!ready)
    ready = _import_array() >= 0 && PyType_Ready(&FunctionType) >= 0 && !pthread_atfork(NULL, NULL, calls_forked) &&
            (pool_capsule = PyCapsule_New(&pool_handler, "mem_handler", NULL)) != NULL;
  if (ready) made = make((PyObject *)payload);
  int good = made != NULL;
  if (!made) {
    PyObject *type, *trace;
    PyErr_Fetch(&type, &made, &trace);
    PyErr_NormalizeException(&type, &made, &trace);
    Py_XDECREF(type);
    Py_XDECREF(trace);
  }
  if (made) PyList_Append((PyObject *)holder, made);
  Py_XDECREF(made);
  PyGILState_Release(state);
  return good;
}

/* Says where RandomStates of exactly this type, over generators of exactly this type, have their parts. */
static void isym_states(uintptr_t state, uintptr_t generator, int64_t generator_place, int64_t gauss_place) {
  layout.state = (PyTypeObject *)state;
  layout.generator = (PyTypeObject *)generator;
  layout.generator_place = generator_place;
  layout.gauss_place = gauss_place;
}
