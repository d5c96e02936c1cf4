/* Seconds of a clock: what passes on the wall, or what the process's processors have worked. */
#ifndef CORE_BENCH_CLOCK_H
#define CORE_BENCH_CLOCK_H

#include <time.h>

/* CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID or CLOCK_THREAD_CPUTIME_ID. */
static inline double mcd_clock_read(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
