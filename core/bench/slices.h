/*
 * One measurement in slices, the yardstick before and after each: what disturbs the machine for
 * some milliseconds meets one of them, which then is not counted.
 */
#ifndef CORE_BENCH_SLICES_H
#define CORE_BENCH_SLICES_H

#include "core/bench/measure.h"
#include "core/bench/yardstick.h"

struct mcd_slice {
    double seconds, yardstick;
};

struct mcd_slices {
    const struct mcd_yardstick *yardstick;
    double wanted; /* seconds, of all slices together */
    double spent, start, before;
    uint32_t count;
    struct mcd_slice slice[256];
};

/* From here on the first slice is timed. */
void mcd_slices_begin(struct mcd_slices *, const struct mcd_yardstick *, double seconds);

/* Whether the slice has lasted long enough; it may go on as long as its work cannot be cut. */
int mcd_slices_due(const struct mcd_slices *);

/* The end of a slice, which did so many units of work, and the beginning of the next. */
void mcd_slices_end(struct mcd_slices *, double units);

/*
 * Whether they last about as long as was wanted, or there is no room for more: then none may
 * follow.
 */
int mcd_slices_enough(const struct mcd_slices *);

/* Seconds of a unit, and of the yardstick: means without the fifth of the slices at either end. */
void mcd_slices_tell(struct mcd_slices *, struct mcd_timing *);

#endif
