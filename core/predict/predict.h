/* Monte-Carlo prediction: stochastic forward passes, streamed into moments. */
#ifndef CORE_PREDICT_H
#define CORE_PREDICT_H

#include "core/network/network.h"
#include "core/predict/block.h"
#include "core/stats/moments.h"

#include <signal.h>

struct mcd_predict {
    const struct mcd_network *network;
    const struct mcd_item *sampler;
    const float *x; /* [rows][elements of the network's input] */
    int64_t rows;
    uint64_t first_row; /* number of row 0, for its masks; first_row + rows <= 2^32 */
    uint64_t seed;
    uint64_t first_pass, passes;
    /*
     * Greater than 0: stop as soon as no standard error of a probability mean (classification) or
     * output mean (regression) is larger, or after `passes`. Looked at after 1, 2, 4, ... blocks.
     */
    double until_mcse;
    const struct mcd_meaning *meaning; /* regression: may be NULL; must outlive the moments */
    uint32_t keep_pieces;              /* 1: the moments can be saved and joined with others */

    /*
     * May be NULL; else receives the blocks, those at the ends without the passes that were not
     * asked for. One call at a time.
     */
    int (*samples)(void *arg, const struct mcd_block *block, struct mcd_error *error);
    void *samples_arg;

    const volatile sig_atomic_t *stop; /* see struct mcd_forward */
    void (*progress)(void *arg, uint64_t done, uint64_t all);
    void *progress_arg;
};

/* On success *moments is the caller's, to be destroyed; MCD_STOPPED leaves nothing. */
int mcd_predict_run(const struct mcd_predict *predict, struct mcd_moments **moments,
                    struct mcd_error *error);

#endif
