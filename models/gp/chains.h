/*
 * Markov chains side by side: warm-up, draws and what is to be reported of both. The same options
 * give the same chains, bit by bit, for any number of threads.
 */
#ifndef GP_CHAINS_H
#define GP_CHAINS_H

#include "nuts.h"

struct mcd_chain_options {
    uint64_t seed;
    uint32_t chains, tune, draws; /* tune iterations of warm-up are not kept */
    double accept;                /* target of adaptation, below 1 */
    uint32_t max_depth;           /* at most MCD_NUTS_MAX_DEPTH */
    int dense;                    /* metric */
    /* Asked before every iteration from the chain's thread; 0 stops it. NULL: goes on. */
    int (*go_on)(void *arg, uint32_t chain, uint32_t iteration);
    void *arg;
};

#define MCD_CHAIN_DEFAULTS                                                                         \
    {                                                                                              \
        .seed = 0, .chains = 2, .tune = 2000, .draws = 5000, .accept = 0.95, .max_depth = 10,      \
        .dense = 0                                                                                 \
    }

struct mcd_chain {
    double *q;                   /* [draws][dim] */
    struct mcd_transition *each; /* [draws] */
    double step_size;
    uint64_t tune_steps;     /* leapfrog steps of the warm-up */
    uint32_t tune_divergent; /* divergences of the warm-up, which do not count */
    int status;              /* MCD_STOPPED: the draws are not complete */
};

/*
 * Runs options->chains chains into chain[]. target[c] is chain c's own (same density, another arg),
 * start[c] its dim coordinates. MCD_INVALID for
 * options out of range, and where a start has no density. Release with mcd_chains_release, also
 * after MCD_STOPPED; after other failures there is nothing to release.
 */
int mcd_chains_run(const struct mcd_host *, const struct mcd_target *target, const double *start,
                   const struct mcd_chain_options *, struct mcd_chain *chain, struct mcd_error *);

void mcd_chains_release(const struct mcd_host *, uint32_t chains, struct mcd_chain *);

#endif
