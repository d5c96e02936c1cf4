/*
 * Leaves of the moments tree from a backend that condenses passes: successive whole pass blocks of
 * a row block, cut into aligned powers of two, of which the values of each and the sums of all come
 * to the host.
 */
#ifndef CORE_LEAVES_H
#define CORE_LEAVES_H

#include "core/predict/worker.h"

/* Initialise with {0}. */
struct mcd_leaves {
    double *values; /* [leaves][block rows][width] */
    int64_t *sums;  /* [block rows][...] of all */
    uint32_t room;  /* leaves that there is memory for */
};

/*
 * Runs pass blocks `first` and those that follow it, `count` in all, one after the other. Where an
 * output is not finite it says which, like those who look at samples, of which `samples` has room
 * for a block.
 */
int mcd_leaves_compute(const struct mcd_work *work, struct mcd_worker *w,
                       const struct mcd_block *first, uint32_t count, struct mcd_leaves *leaves,
                       void *samples, struct mcd_error *error);

/* Gives them to the sink, the sums with the last one. */
int mcd_leaves_hand_on(const struct mcd_work *work, const struct mcd_block *first, uint32_t count,
                       const struct mcd_leaves *leaves, struct mcd_error *error);

void mcd_leaves_release(const struct mcd_work *work, struct mcd_leaves *leaves);

#endif
