/*
 * A pool of threads that share the work of parallel sections.
 *
 * Sections may be open at the same time, one for each thread that called mcd_pool_run. Each caller
 * works on its own section as worker 0 and helpers join whichever section is open, so that nobody
 * ever waits for a thread that is busy elsewhere: a section ends even if no helper comes. Threads
 * start with the first section that can use them, and block all signals.
 */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <stdint.h>

struct mcd_pool;

/* CPUs that this process may run on; at least 1. */
uint32_t mcd_pool_cpus(void);

/* A pool of `workers` >= 1, the callers of mcd_pool_run included. NULL: out of memory. */
struct mcd_pool *mcd_pool_create(uint32_t workers);

/* Ends the threads. No section may be open. NULL is fine. */
void mcd_pool_destroy(struct mcd_pool *);

/*
 * Calls f(arg, i, worker) for i = 0 .. count - 1, in any order, and returns when all are done.
 * Within one section calls with the same worker (below `workers`) never overlap; two sections
 * that are open at the same time have workers of their own. Inside a section of any pool,
 * everything runs on the calling thread in order, as worker 0. From any thread. If the system has
 * no more threads, fewer work.
 */
void mcd_pool_run(struct mcd_pool *, uint32_t count,
                  void (*f)(void *arg, uint32_t i, uint32_t worker), void *arg);

#endif
