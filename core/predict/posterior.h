/*
 * Predicting from draws of a posterior: the model says in closed form what each draw predicts, and
 * the core mixes (core/stats/mixture.h). Everything that comes out is in the user's units.
 */
#ifndef CORE_PREDICT_POSTERIOR_H
#define CORE_PREDICT_POSTERIOR_H

#include "core/network/draws.h"
#include "core/network/fitting.h"
#include "core/predict/block.h"
#include "core/stats/meaning.h"
#include "core/stats/mixture.h"

/* All borrowed. */
struct mcd_posterior_job {
    struct mcd_fitting fitting; /* the draws' own rows */
    const struct mcd_draws_file *draws;
    uint32_t passes; /* of the draws, spread evenly over them: 1 to all */
    int64_t points;
    const double *x;                   /* [points][columns], in the fit's units */
    const struct mcd_meaning *meaning; /* units of the answers and, for scores, the answers */

    /*
     * Takes the random paths of the function, MCD_F64 in the fit's units, some passes at a time and
     * in order; NULL: none are made.
     */
    int (*paths)(void *arg, const struct mcd_block *block, struct mcd_error *e);
    void *paths_arg;
};

/* Owned, from the host. Initialise with {0}. */
struct mcd_posterior_prediction {
    const struct mcd_host *host;
    int64_t points;
    uint32_t passes, batches;
    double *mean, *mean_mcse; /* [points] each */
    double *latent_sd, *latent_sd_mcse;
    double *sd, *sd_mcse;
    struct mcd_value_scores *scores; /* NULL: no answers */
};

int mcd_posterior_predict(const struct mcd_posterior_job *, struct mcd_posterior_prediction *,
                          struct mcd_error *e);

void mcd_posterior_prediction_clear(struct mcd_posterior_prediction *); /* harmless on zeros */

#endif
