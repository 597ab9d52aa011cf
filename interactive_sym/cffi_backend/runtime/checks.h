/* Whether a value may stand in a slot as it is; numbers that a dtype holds without loss. */
#ifndef ISYM_CHECKS_H
#define ISYM_CHECKS_H

#include "frame.h"

static inline int fits(const Spec *spec, PyObject *value) {
  if (!PyArray_CheckExact(value)) return 0;
  PyArrayObject *array = (PyArrayObject *)value;
  const int needed = NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED;
  if (PyArray_NDIM(array) != spec->ndim || (PyArray_FLAGS(array) & needed) != needed) return 0;
  if (PyArray_TYPE(array) != spec->typenum && !PyArray_EquivTypenums(PyArray_TYPE(array), spec->typenum)) return 0;
  if (!PyArray_ISNBO(PyArray_DESCR(array)->byteorder)) return 0;
  const npy_intp *dim = PyArray_DIMS(array);
  for (int d = 0; d < spec->ndim; d++)
    if (spec->dim[d] >= 0 && spec->dim[d] != dim[d]) return 0;
  return 1;
}

/* An array of an element type that this one holds, or in another layout, converted; NULL without an exception where it must be
 * looked at more closely. */
static PyObject *converted(const Spec *spec, PyObject *value) {
  if (!spec->accepted || !PyArray_CheckExact(value)) return NULL;
  PyArrayObject *array = (PyArrayObject *)value;
  const int typenum = PyArray_TYPE(array);
  if (typenum < 0 || typenum > 63 || !(spec->accepted >> typenum & 1) || PyArray_NDIM(array) != spec->ndim) return NULL;
  for (int d = 0; d < spec->ndim; d++)
    if (spec->dim[d] >= 0 && spec->dim[d] != PyArray_DIM(array, d)) return NULL;
  Py_INCREF(spec->descr);
  PyObject *made = PyArray_FromArray(array, spec->descr, NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED | NPY_ARRAY_NOTSWAPPED);
  if (made && fits(spec, made)) return made;
  Py_XDECREF(made);
  PyErr_Clear();
  return NULL;
}

static inline void point(isym_array *slot, PyArrayObject *array) {
  slot->data = PyArray_BYTES(array);
  const npy_intp *dim = PyArray_DIMS(array);
  for (int d = 0, n = PyArray_NDIM(array); d < n; d++) slot->dim[d] = dim[d];
}

#define STORE(type, value) (*(type *)to = (type)(value), 1)
#define STORE_WITHIN(type, low, high) ((low) <= x && x <= (high) ? STORE(type, x) : 0)

static int store_integer(int typenum, long long x, char *to) {
  switch (typenum) {
    case NPY_DOUBLE: return STORE_WITHIN(double, -(1LL << 53), 1LL << 53);
    case NPY_FLOAT: return STORE_WITHIN(float, -(1LL << 24), 1LL << 24);
    case NPY_CDOUBLE: ((double *)to)[1] = 0.0; return STORE_WITHIN(double, -(1LL << 53), 1LL << 53);
    case NPY_INT8: return STORE_WITHIN(int8_t, INT8_MIN, INT8_MAX);
    case NPY_INT16: return STORE_WITHIN(int16_t, INT16_MIN, INT16_MAX);
    case NPY_INT32: return STORE_WITHIN(int32_t, INT32_MIN, INT32_MAX);
    case NPY_INT64: return STORE(int64_t, x);
    case NPY_UINT8: return STORE_WITHIN(uint8_t, 0, UINT8_MAX);
    case NPY_UINT16: return STORE_WITHIN(uint16_t, 0, UINT16_MAX);
    case NPY_UINT32: return STORE_WITHIN(uint32_t, 0, UINT32_MAX);
    case NPY_UINT64: return x >= 0 ? STORE(uint64_t, x) : 0;
    default: return 0;
  }
}

/* Store a number of an exact, plain type that the dtype holds without loss; 0 where that is doubtful. */
static int store_number(const Spec *spec, PyObject *value, char *to) {
  if (PyFloat_CheckExact(value)) {
    if (spec->typenum == NPY_DOUBLE) return STORE(double, PyFloat_AS_DOUBLE(value));
    if (spec->typenum == NPY_CDOUBLE) {
      ((double *)to)[1] = 0.0;
      return STORE(double, PyFloat_AS_DOUBLE(value));
    }
    return 0;
  }
  if (PyLong_CheckExact(value)) {
    int overflow;
    long long x = PyLong_AsLongLongAndOverflow(value, &overflow);
    return overflow ? 0 : store_integer(spec->typenum, x, to);
  }
  if (Py_TYPE(value) == spec->scalar) {
    PyArray_ScalarAsCtype(value, to);
    return 1;
  }
  if (PyBool_Check(value)) {
    if (spec->typenum == NPY_BOOL) return STORE(npy_bool, value == Py_True);
    return store_integer(spec->typenum, value == Py_True, to);
  }
  if (PyComplex_CheckExact(value) && spec->typenum == NPY_CDOUBLE) {
    ((double *)to)[1] = PyComplex_ImagAsDouble(value);
    return STORE(double, PyComplex_RealAsDouble(value));
  }
  return 0;
}

/* Raise what a Python function gives for these arguments: an exception, or it raises itself. */
static void raise_given(PyObject *function, PyObject *first, PyObject *second) {
  PyObject *error = first && second ? PyObject_CallFunctionObjArgs(function, first, second, NULL) : NULL;
  if (error) {
    if (PyExceptionInstance_Check(error)) PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    else PyErr_Format(PyExc_TypeError, "an error handler gave %.100s, not an exception", Py_TYPE(error)->tp_name);
  }
  Py_XDECREF(error);
  Py_XDECREF(first);
  Py_XDECREF(second);
}

static void raise_explained(Function *self, int slot, PyObject *value) {
  Py_INCREF(value);
  raise_given(self->explain, PyLong_FromLong(slot), value);
}

static inline PyThreadState *enter(Frame *frame) {
  PyThreadState *state = frame->released;
  if (state) {
    frame->released = NULL;
    PyEval_RestoreThread(state);
  }
  return state;
}

static inline void leave(Frame *frame, PyThreadState *state) {
  if (state) frame->released = PyEval_SaveThread();
}

#endif
