/*
 * Mixtures of Gaussians over draws of a posterior: what a model says of a point given each draw,
 * put together by the laws of total mean and variance, so that nothing is sampled twice.
 *
 * Monte-Carlo errors come from batch means of consecutive draws (Flegal & Jones, Annals of
 * Statistics 38, 2010), because draws of a chain follow each other; those of the sds from the batch
 * means of the squares' influence.
 */
#ifndef CORE_MIXTURE_H
#define CORE_MIXTURE_H

#include "core/stats/tally.h"
#include "core/stats/value_score.h"

#include <stdint.h>

/* All borrowed. A pass is a draw that is used. */
struct mcd_mixture {
    int64_t points;
    uint32_t passes;
    const double *mean, *variance; /* [passes][points] of the function */
    const double *noise;           /* [passes] variance of an observation about it */
    const double *weight;          /* [passes], adding up to 1; NULL: all count the same */
    uint32_t batches;
    const uint32_t *end; /* [batches]: batch b ends before pass end[b]; the last is `passes` */
};

/* Errors are NaN with less than two batches, and 0 with weights, which come from no sampling. */
struct mcd_mixture_point {
    double mean, mean_mcse;
    double latent_sd, latent_sd_mcse; /* of the function */
    double sd, sd_mcse;               /* of an observation: with noise */
};

/* out[points]; the same bits for any number of threads. */
int mcd_mixture_points(const struct mcd_host *, const struct mcd_mixture *,
                       struct mcd_mixture_point *out, struct mcd_error *e);

enum { MCD_CHAIN_BATCHES = 32 };

/* Passes that chain c has, of `passes` that are spread evenly over the chains. */
uint32_t mcd_mixture_share(uint32_t passes, uint32_t chains, uint32_t c);

/*
 * The batches of passes in the order of the chains, as many of them as make their means nearly
 * independent, at most `most` a chain, none with draws of two: end[chains * most]; returns their
 * number.
 */
uint32_t mcd_mixture_batches(uint32_t passes, uint32_t chains, uint32_t most, uint32_t *end);

/*
 * What scores need of a row with an answer, of one batch: the tally (core/stats/tally.h), whose
 * Gaussians have sds of their own, and what the sds are made of. [rows][MCD_BATCHES] of them.
 */
struct mcd_mixture_tally {
    struct mcd_tally tally;
    double variance, noise; /* sums over passes */
};

/* Fills tally[points][MCD_BATCHES] from the answers[points]; at most MCD_BATCHES batches. */
void mcd_mixture_tally(const struct mcd_host *, const struct mcd_mixture *, const double *answer,
                       struct mcd_mixture_tally *tally);

/* Scores from the tallies of all rows; the mixture says which passes are in which batch. */
void mcd_mixture_scores(const struct mcd_mixture *, int64_t rows, const double *answer,
                        const struct mcd_mixture_tally *tally, struct mcd_value_scores *s);

#endif
