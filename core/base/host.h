/*
 * The host: what the core does for plugins and for itself, an implementation of struct mcd_host.
 *
 * Core code allocates through it as plugins do, so that tests can count what lives and make any
 * allocation fail.
 */
#ifndef CORE_HOST_H
#define CORE_HOST_H

#include <mcdrop/plugin.h>

/* Takes one line for the user's log; called from any thread. */
typedef void (*mcd_log_sink)(void *arg, int level, const char *line);

/*
 * `threads`: most threads of one parallel section; 0 for one per CPU that the process may use.
 * `sink` may be NULL: lines are dropped. NULL on failure. No thread starts before it has work.
 */
struct mcd_host *mcd_host_create(uint32_t threads, mcd_log_sink sink, void *arg,
                                 struct mcd_error *e);

/* Everything created with the host must be gone. NULL is fine. */
void mcd_host_destroy(struct mcd_host *);

/* host->alloc, with what failed recorded; cleared memory. */
void *mcd_host_zalloc(const struct mcd_host *, size_t bytes, struct mcd_error *e);

/*
 * Room for one more element of `bytes` behind `count` that lie in `array` (NULL: none yet): the
 * array itself, or a larger one to which they have moved. NULL with the error recorded, and the
 * array as it was. All arrays of a list must have come from here; elements may be taken off its
 * end. Room doubles, so that it follows from the count and nobody has to remember it.
 */
void *mcd_host_grow(const struct mcd_host *, void *array, size_t count, size_t bytes,
                    struct mcd_error *e);

/* Bytes of memory that the machine has, or the control group: what is larger can never be had. */
size_t mcd_host_memory(void);

/* A copy of a text, NULL with the error recorded. */
char *mcd_host_strdup(const struct mcd_host *, const char *text, struct mcd_error *e);

/*
 * For tests and checks: allocations that were not released, and the k-th from now on (1 is the
 * next) fails once; 0 for none. Returns what was left to an earlier one: 0 if it has failed.
 */
uint64_t mcd_host_live(const struct mcd_host *);
uint64_t mcd_host_fail_at(struct mcd_host *, uint64_t k);

#endif
