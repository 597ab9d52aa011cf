/* Calls with updates are serial, whatever the threads, where they share a variable that one of them updates.
 *
 * Each is on a list from before it reads shared values until it has stored the new ones.
 */
#ifndef ISYM_SERIAL_H
#define ISYM_SERIAL_H

#include <pthread.h>
#include <time.h>

#include "frame.h"

#define WAIT_NS 50000000               /* how often who waits looks for signals */

/* The list is read and changed under the GIL; who waits for its change sleeps without it. */
static struct {
  Frame *first;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  uint64_t turn;                       /* how often a call has left while somebody waited */
  int waiting;
} calls = {NULL, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

static int updates_one_of(const Function *self, const Function *other) {
  for (int k = 0; k < self->n_updates; k++)
    for (int j = 0; j < other->n_shared; j++)
      if (PyTuple_GET_ITEM(self->storages, self->target[k]) == PyTuple_GET_ITEM(other->storages, j)) return 1;
  return 0;
}

/* Whether a call must wait for one on the list; never where its own thread has one there, which then is what called it. */
static int must_wait(const Function *self, unsigned long thread) {
  int found = 0;
  for (Frame *frame = calls.first; frame; frame = frame->next) {
    if (frame->thread == thread) return 0;
    found |= updates_one_of(self, frame->self) || updates_one_of(frame->self, self);
  }
  return found;
}

/* Put a call on the list, once none is there that it must wait for; nonzero: the user interrupts. */
static int join_calls(Frame *frame) {
  frame->thread = PyThread_get_thread_ident();
  while (calls.first && must_wait(frame->self, frame->thread)) {
    const uint64_t seen = calls.turn;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += WAIT_NS;
    if (until.tv_nsec >= 1000000000) {
      until.tv_sec++;
      until.tv_nsec -= 1000000000;
    }
    calls.waiting++;
    Py_BEGIN_ALLOW_THREADS
    pthread_mutex_lock(&calls.lock);
    while (calls.turn == seen && !pthread_cond_timedwait(&calls.changed, &calls.lock, &until)) {}
    pthread_mutex_unlock(&calls.lock);
    Py_END_ALLOW_THREADS
    calls.waiting--;
    if (PyErr_CheckSignals()) return 1;
  }
  frame->next = calls.first;
  calls.first = frame;
  return 0;
}

static void leave_calls(Frame *frame) {
  Frame **place = &calls.first;
  while (*place && *place != frame) place = &(*place)->next;
  if (*place) *place = frame->next;
  if (!calls.waiting) return;
  pthread_mutex_lock(&calls.lock);
  calls.turn++;
  pthread_cond_broadcast(&calls.changed);
  pthread_mutex_unlock(&calls.lock);
}

/* The child of a fork has the calls of the forking thread alone. */
static void calls_forked(void) {
  pthread_mutex_init(&calls.lock, NULL);
  pthread_cond_init(&calls.changed, NULL);
  calls.waiting = 0;
  const unsigned long thread = PyThread_get_thread_ident();
  for (Frame **place = &calls.first; *place;) {
    if ((*place)->thread == thread) place = &(*place)->next;
    else *place = (*place)->next;
  }
}

#endif
