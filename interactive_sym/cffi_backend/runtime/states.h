/* The state of a random stream is a RandomState outside and an array of words inside (mersenne.h).
 *
 * Words are read from and written to the RandomState itself, where its parts lie where `isym_states` was told they do, and nobody
 * else has it; else Python does it.
 */
#ifndef ISYM_STATES_H
#define ISYM_STATES_H

#include <Python.h>

#include "mersenne.h"

/* The types whose objects are known to be laid out as follows, NULL where nothing is known. */
static struct {
  PyTypeObject *state, *generator;
  int64_t generator_place, gauss_place;
} layout = {NULL, NULL, 0, 0};

typedef struct {
  char *key;                           /* the words, then the place of the next one (int) */
  int *has_gauss;
  double *gauss;
} Parts;

/* The parts of a RandomState over MT19937 to which there is one reference; 0 where it is anything else. */
static int state_parts(PyObject *state, Parts *parts) {
  if (Py_TYPE(state) != layout.state || Py_REFCNT(state) != 1) return 0;
  PyObject *generator = *(PyObject **)((char *)state + layout.generator_place);
  if (!generator || Py_TYPE(generator) != layout.generator || Py_REFCNT(generator) != 1) return 0;
  parts->gauss = (double *)((char *)state + layout.gauss_place);
  parts->has_gauss = (int *)(parts->gauss - 1);
  char **bits = *(char ***)(parts->gauss - 2); /* the generator's interface, whose first member is the state */
  parts->key = *bits;
  return 1;
}

#define KEY_BYTES (ISYM_MT_LENGTH * sizeof(uint32_t) + sizeof(int))

static void read_parts(isym_mt *words, const Parts *parts) {
  memcpy(words, parts->key, KEY_BYTES);
  words->has_gauss = *parts->has_gauss;
  words->gauss = *parts->gauss;
}

static void write_parts(const Parts *parts, const isym_mt *words) {
  memcpy(parts->key, words, KEY_BYTES);
  *parts->has_gauss = words->has_gauss;
  *parts->gauss = words->gauss;
}

#endif
