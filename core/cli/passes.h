/*
 * Predicting as commands do it: weight averaging and stochastic passes over a data set, with
 * progress, into a partial result, which is all that there is to report, to save or to join.
 *
 * Failures are printed here; what comes back is an exit status.
 */
#ifndef CLI_PASSES_H
#define CLI_PASSES_H

#include "core/cli/session.h"
#include "core/result/partial.h"

struct mcd_passes {
    struct mcd_session *session;
    const struct mcd_dataset *data;
    uint64_t first_pass, passes; /* passes 0: weight averaging alone */
    double until_mcse;           /* 0: all of them */
    const char *keep_samples;    /* NPY file that gets the outputs of every pass, or NULL */
    uint32_t keep_pieces;        /* the result will be saved */
    double tau;                  /* regression: precision of the noise (noise.h); 0: not known */
};

/*
 * The network must be built. Answers of the data set, if any, must have been checked. The caller
 * clears `result` in any case, before the session.
 */
int mcd_passes_run(const struct mcd_passes *, struct mcd_partial *result);

/* Of inputs and answers as the network gets them. */
uint64_t mcd_data_fingerprint(const struct mcd_dataset *d);

#endif
