/*
 * What samplers save: how much less an estimate varies when its passes are coupled than with as
 * many independent ones, seen in replications of one prediction with other seeds.
 *
 * Variances are taken over replications and summed over points, the outputs of all rows. Every
 * ratio comes with a standard error by the jackknife: what it would be without one replication or
 * another, left out of all samplers at once. So nothing is assumed of how estimates are
 * distributed, or of how points and samplers depend on each other.
 */
#ifndef CORE_SAVINGS_H
#define CORE_SAVINGS_H

#include "core/network/network.h"

#include <signal.h>

/* What is estimated of every point; core/stats/summary.h has it by these names. */
enum mcd_estimate {
    MCD_OUTPUT_MEAN,
    MCD_OUTPUT_STD,
    MCD_PROBABILITY_MEAN, /* classification alone, as the next one */
    MCD_PROBABILITY_STD,
    MCD_ESTIMATES
};

struct mcd_ratio {
    double value, error; /* standard error; NaN where there is nothing to tell it from */
};

/* A sampler beside the first one, the yardstick. NaN for what a network does not have. */
struct mcd_saving {
    double variance;             /* a point's, in the network's units */
    struct mcd_ratio pass;       /* the yardstick's variance over this one, with as many passes */
    struct mcd_ratio second;     /* the same with as much processor time */
    struct mcd_ratio mcse_ratio; /* the Monte-Carlo error that is printed over the seen one */
};

struct mcd_sampler_savings {
    struct mcd_ratio cost; /* processor time of a pass over the yardstick's */
    struct mcd_saving of[MCD_ESTIMATES];
};

/* Below it a jackknife says nothing. */
enum { MCD_LEAST_REPLICATIONS = 4 };

struct mcd_savings {
    const struct mcd_network *network;
    const struct mcd_item *const *sampler; /* [samplers], the yardstick first */
    uint32_t samplers;
    const float *x; /* [rows][elements of the network's input] */
    int64_t rows;
    uint64_t seed; /* of the first replication; the next one has the next */
    uint64_t passes;
    uint32_t replications;                                    /* at least MCD_LEAST_REPLICATIONS */
    const volatile sig_atomic_t *stop;                        /* see struct mcd_predict */
    void (*progress)(void *arg, uint64_t done, uint64_t all); /* predictions; may be NULL */
    void *progress_arg;
};

/* "output_mean", as JSON and tables have it. */
const char *mcd_estimate_name(enum mcd_estimate estimate);

/* Estimates that a network has: MCD_OUTPUT_MEAN and so on. */
int mcd_estimate_count(const struct mcd_network *network);

/* Fills in result[samplers]. Samplers take turns, so that all see the same machine. */
int mcd_savings_run(const struct mcd_savings *savings, struct mcd_sampler_savings *result,
                    struct mcd_error *error);

#endif
