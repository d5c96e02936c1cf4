/*
 * The leaf of the moments tree: one row over consecutive passes of one block.
 *
 * A pass of a row has channels: its outputs, and in classification also the probabilities (softmax
 * of the outputs) and the entropy of these in nats. `values` holds each channel's mean, then each
 * channel's M2 (sum of squared differences from the mean); with groups of more than one pass the
 * means and M2 of the group means follow, over the groups that lie in the range completely. Where
 * the answers of a regression are known, a struct mcd_tally for each output and batch comes last,
 * [outputs][MCD_BATCHES]. Outputs are in the user's units: see core/stats/meaning.h.
 *
 * `sums` holds integers for each batch, batch = (pass / group) mod 16: for every class the sum of
 * probabilities in units of 2^-40, the votes (passes in which the class had the largest output,
 * the first of equals), and the sum of entropies in units of 2^-36. That cannot overflow: of 2^25
 * passes in groups of at most 2^16 a batch gets less than 2^22, a probability is at most 2^40
 * units, and an entropy below 2^4 nats for up to 8 million classes.
 */
#ifndef CORE_LEAF_H
#define CORE_LEAF_H

#include "core/stats/moments.h"
#include "core/stats/tally.h"

/* Channels of one pass, doubles of `values`, integers of one batch of `sums`. */
size_t mcd_leaf_channels(const struct mcd_moments_spec *spec);
size_t mcd_leaf_width(const struct mcd_moments_spec *spec);
size_t mcd_leaf_moments(const struct mcd_moments_spec *spec); /* those before the tallies */
size_t mcd_leaf_sums(const struct mcd_moments_spec *spec);

/* Doubles of `scratch`, for mcd_moments_total as well. */
size_t mcd_leaf_scratch(const struct mcd_moments_spec *spec);

/* The tallies of an output; NULL where there are no answers. */
struct mcd_tally *mcd_leaf_tallies(const struct mcd_moments_spec *spec, double *values,
                                   int64_t output);

/* Groups that lie completely in `passes` passes from `first` on. */
uint64_t mcd_leaf_groups(const struct mcd_moments_spec *spec, uint64_t first, uint64_t passes);

/* Where a leaf's samples are: pass i of the row starts i * stride elements after `row_samples`. */
struct mcd_leaf_input {
    const void *row_samples;
    size_t stride;
    int64_t row; /* for messages */
    uint64_t first, passes;
};

/* Sets `values` and, if not NULL, adds to `sums`. MCD_INVALID if an output is not finite. */
int mcd_leaf_compute(const struct mcd_moments_spec *spec, const struct mcd_leaf_input *in,
                     double *scratch, double *values, int64_t *sums, struct mcd_error *e);

/* MCD_INVALID, as above, if an output is not finite. */
int mcd_leaf_check(const struct mcd_moments_spec *spec, const struct mcd_leaf_input *in,
                   struct mcd_error *e);

/*
 * Joins two neighbouring ranges of one row, `right` into `left`: the passes of each range count,
 * with their groups. Chan, Golub, LeVeque 1979, Updating formulae and a pairwise algorithm.
 */
void mcd_leaf_merge(const struct mcd_moments_spec *spec, uint64_t first, uint64_t left_passes,
                    uint64_t right_passes, double *left, const double *right);

/* Standard deviation and Monte-Carlo standard error of a channel; NaN where undefined. */
double mcd_leaf_sd(const struct mcd_moments_spec *spec, const double *values, size_t channel,
                   uint64_t passes);
double mcd_leaf_mcse(const struct mcd_moments_spec *spec, const double *values, size_t channel,
                     uint64_t first, uint64_t passes);

#endif
