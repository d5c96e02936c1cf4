/*
 * The yardstick: a fixed piece of work in plain C that no plugin has a part in.
 *
 * It is timed just before and after every measurement, in the same process, on as many threads. How
 * fast the machine is at the moment - clock, neighbours, what else runs - changes both alike, and
 * cancels where two runs are compared. Most of it are products of matrices in the second cache, the
 * rest goes through a megabyte of memory.
 */
#ifndef CORE_BENCH_YARDSTICK_H
#define CORE_BENCH_YARDSTICK_H

#include <mcdrop/plugin.h>

#include <time.h>

struct mcd_yardstick {
    const struct mcd_host *host;
    clockid_t clock;
    float *memory; /* of each worker */
};

int mcd_yardstick_open(const struct mcd_host *, clockid_t clock, struct mcd_yardstick *,
                       struct mcd_error *e);
void mcd_yardstick_close(struct mcd_yardstick *); /* harmless on zeros */

/* Seconds of one piece of work on every worker, repeated for about `seconds`. */
double mcd_yardstick_time(const struct mcd_yardstick *, double seconds);

#endif
