/*
 * Prediction of models that bring their own posterior, for commands: the predictive distribution
 * from draws in a file of weights, as a report that prints like a network's.
 *
 * Failures are printed here; what comes back is an exit status.
 */
#ifndef CLI_PREDICTIVE_H
#define CLI_PREDICTIVE_H

#include "core/cli/report.h"
#include "core/cli/session.h"
#include "core/predict/posterior.h"

/* Initialise with {0}; mcd_predictive_close in any case, before the session's. */
struct mcd_predictive {
    struct mcd_draws_file draws;
    struct mcd_posterior posterior;
    struct mcd_posterior_prediction prediction;
    struct mcd_partial partial; /* what it was made with, and the units */
    struct mcd_report report;
};

/*
 * Predicts the data set's rows from the session's weights; `report` is then ready to be printed.
 * `passes` 0: all draws. `keep_samples`: an NPY file that gets a joint path of each draw, or NULL.
 * A bad verdict on the draws is a warning.
 */
int mcd_predictive_run(struct mcd_predictive *, struct mcd_session *, const struct mcd_dataset *,
                       int64_t passes, const char *keep_samples);

void mcd_predictive_close(struct mcd_predictive *);

#endif
