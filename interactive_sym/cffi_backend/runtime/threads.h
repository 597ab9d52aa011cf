/* Threads that share the parts of a loop.
 *
 * A caller offers the parts of a loop and computes parts itself; workers that are awake in time take others.  What a part
 * computes does not depend on who computes it.  Workers never touch Python, sleep when there is nothing to do, and are started
 * when they are first wanted.  One loop at a time has the workers: a second caller computes its parts alone.  A forked child has no
 * workers and starts its own.
 */
#ifndef ISYM_THREADS_H
#define ISYM_THREADS_H

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

#include "isym.h"

#define ISYM_SPIN_NS 100000            /* how long a worker that has done looks for more, and a caller for workers, before it sleeps */
#define ISYM_LOOKS 32                  /* looks, some 1 us, between which a thread that waits lets others run on its processor */
#define ISYM_LOOK_NS 20000000          /* how often a waiting caller looks for signals */

typedef struct {
  isym_ctx *ctx;
  isym_part *part;
  const void *shared;
  int64_t count;
  int helpers;                         /* workers that may still join */
  int threads;                         /* that the parts are divided among at first */
  int64_t failed;                      /* the first part that is known to have failed */
  int stop;                            /* the user interrupts */
  unsigned char taken[ISYM_PARTS];     /* per part: somebody computes it */
  int code[ISYM_PARTS];                /* per part: its result, -1 before it is computed */
  int64_t error[ISYM_PARTS][4];
} isym_job;

static struct {
  pthread_mutex_t lock;
  pthread_cond_t wake, done;
  isym_job *job;                       /* the loop that workers may join, or NULL */
  uint64_t turn;                       /* how many loops there have been */
  int workers, sleeping, inside;       /* started; asleep; in the present loop */
  int busy;                            /* a caller has the workers */
  int ready;
} isym_pool = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, 0, 0, 0, 0};

static inline void isym_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

static inline int64_t isym_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int isym_worker_poll(isym_ctx *ctx) {
  return __atomic_load_n(&((isym_job *)ctx->owner)->stop, __ATOMIC_RELAXED);
}

/* Computes one part; errors are kept per part, so that the first in the order of the loop is reported. */
static void isym_compute(isym_job *job, int64_t number, int thread) {
  isym_ctx own = *job->ctx;
  if (thread) {
    own.poll = isym_worker_poll;
    own.owner = job;
  }
  const int code = job->part(&own, job->shared, number);
  if (code != ISYM_OK) {
    memcpy(job->error[number], own.error, sizeof own.error);
    int64_t failed = __atomic_load_n(&job->failed, __ATOMIC_RELAXED);
    while (number < failed && !__atomic_compare_exchange_n(&job->failed, &failed, number, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
    if (code == ISYM_PYTHON) __atomic_store_n(&job->stop, 1, __ATOMIC_RELAXED);
  }
  __atomic_store_n(&job->code[number], code, __ATOMIC_RELEASE);
}

/* Each thread begins where its share of the parts does, call after call, so that its cache has them; then it helps the others. */
static void isym_take_parts(isym_job *job, int thread) {
  const int64_t home = thread % job->threads * job->count / job->threads;
  for (int64_t k = 0; k < job->count && !__atomic_load_n(&job->stop, __ATOMIC_RELAXED); k++) {
    const int64_t number = home + k < job->count ? home + k : home + k - job->count;
    if (number > __atomic_load_n(&job->failed, __ATOMIC_RELAXED)) continue;
    if (!thread && k && job->ctx->poll(job->ctx)) __atomic_store_n(&job->stop, 1, __ATOMIC_RELAXED);
    if (!__atomic_exchange_n(&job->taken[number], 1, __ATOMIC_RELAXED)) isym_compute(job, number, thread);
  }
}

static void *isym_work(void *given) {
  const int thread = (int)(intptr_t)given;
  uint64_t seen = 0;
  for (;;) {
    const int64_t until = isym_now() + ISYM_SPIN_NS;
    while (__atomic_load_n(&isym_pool.turn, __ATOMIC_ACQUIRE) == seen) {
      for (int k = 0; k < ISYM_LOOKS; k++) isym_pause();
      sched_yield();
      if (isym_now() > until) break;
    }
    pthread_mutex_lock(&isym_pool.lock);
    while (isym_pool.turn == seen) {
      isym_pool.sleeping++;
      pthread_cond_wait(&isym_pool.wake, &isym_pool.lock);
      isym_pool.sleeping--;
    }
    seen = isym_pool.turn;
    isym_job *job = isym_pool.job;
    if (job && job->helpers > 0) {
      job->helpers--;
      isym_pool.inside++;
      pthread_mutex_unlock(&isym_pool.lock);
      isym_take_parts(job, thread);
      pthread_mutex_lock(&isym_pool.lock);
      if (__atomic_sub_fetch(&isym_pool.inside, 1, __ATOMIC_RELEASE) == 0) pthread_cond_signal(&isym_pool.done);
    }
    pthread_mutex_unlock(&isym_pool.lock);
  }
  return 0;
}

/* The child of a fork has the forking thread alone. */
static void isym_forked(void) {
  pthread_mutex_init(&isym_pool.lock, 0);
  pthread_cond_init(&isym_pool.wake, 0);
  pthread_cond_init(&isym_pool.done, 0);
  isym_pool.job = 0;
  isym_pool.workers = isym_pool.sleeping = isym_pool.inside = isym_pool.busy = 0;
}

/* Starts workers till there are so many; signals stay with the threads of Python.  The lock is held. */
static void isym_start_workers(int wanted) {
  if (!isym_pool.ready) {
    if (pthread_atfork(0, 0, isym_forked)) return;
    isym_pool.ready = 1;
  }
  if (isym_pool.workers >= wanted) return;
  sigset_t all, before;
  pthread_attr_t attributes;
  sigfillset(&all);
  if (pthread_attr_init(&attributes)) return;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (isym_pool.workers < wanted) {
    pthread_t thread;
    if (pthread_create(&thread, &attributes, isym_work, (void *)(intptr_t)(isym_pool.workers + 1))) break;
    isym_pool.workers++;
  }
  pthread_sigmask(SIG_SETMASK, &before, 0);
  pthread_attr_destroy(&attributes);
}

/* Waits for the workers of the present loop, and looks for signals meanwhile.  A worker may wait for the caller's processor. */
static void isym_wait(isym_job *job) {
  const int64_t until = isym_now() + ISYM_SPIN_NS;
  for (int k = 1; __atomic_load_n(&isym_pool.inside, __ATOMIC_ACQUIRE); k++) {
    isym_pause();
    if (k % ISYM_LOOKS) continue;
    sched_yield();
    if (isym_now() > until) break;
  }
  pthread_mutex_lock(&isym_pool.lock);
  while (isym_pool.inside) {
    struct timespec look;
    clock_gettime(CLOCK_REALTIME, &look);
    look.tv_nsec += ISYM_LOOK_NS;
    if (look.tv_nsec >= 1000000000) {
      look.tv_sec++;
      look.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&isym_pool.done, &isym_pool.lock, &look);
    if (!isym_pool.inside || __atomic_load_n(&job->stop, __ATOMIC_RELAXED)) continue;
    pthread_mutex_unlock(&isym_pool.lock);
    if (job->ctx->poll(job->ctx)) __atomic_store_n(&job->stop, 1, __ATOMIC_RELAXED);
    pthread_mutex_lock(&isym_pool.lock);
  }
  pthread_mutex_unlock(&isym_pool.lock);
}

/* Computes all parts of a loop on at most so many threads, the caller's among them. */
static int isym_share_parts(isym_ctx *ctx, isym_part *part, const void *shared, int64_t count, int threads) {
  isym_job job;
  job.ctx = ctx;
  job.part = part;
  job.shared = shared;
  job.count = count;
  job.helpers = 0;
  job.threads = (int64_t)threads < count ? threads : (int)count;
  job.stop = 0;
  job.failed = count;
  for (int64_t k = 0; k < count; k++) {
    job.code[k] = -1;
    job.taken[k] = 0;
  }
  if (__atomic_exchange_n(&isym_pool.busy, 1, __ATOMIC_ACQUIRE)) {
    isym_take_parts(&job, 0);
  } else {
    const int helpers = job.threads - 1;
    pthread_mutex_lock(&isym_pool.lock);
    isym_start_workers(helpers);
    job.helpers = helpers;
    isym_pool.job = &job;
    __atomic_add_fetch(&isym_pool.turn, 1, __ATOMIC_RELEASE);
    const int sleeping = isym_pool.sleeping < helpers ? isym_pool.sleeping : helpers;
    for (int k = 0; k < sleeping; k++) pthread_cond_signal(&isym_pool.wake);
    pthread_mutex_unlock(&isym_pool.lock);
    isym_take_parts(&job, 0);
    pthread_mutex_lock(&isym_pool.lock);
    isym_pool.job = 0;
    pthread_mutex_unlock(&isym_pool.lock);
    isym_wait(&job);
    __atomic_store_n(&isym_pool.busy, 0, __ATOMIC_RELEASE);
    /* A handler of signals may have forked: what workers had begun is the child's to do. */
    for (int64_t k = 0; k < count && k <= job.failed && !job.stop; k++)
      if (job.code[k] < 0) isym_compute(&job, k, 0);
  }
  if (job.stop) return ISYM_PYTHON;
  if (job.failed == count) return ISYM_OK;
  memcpy(ctx->error, job.error[job.failed], sizeof ctx->error);
  return job.code[job.failed];
}

#endif
