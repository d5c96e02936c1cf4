/*
 * The noise of a regression for commands: which precision tau is used, and what a sample means.
 *
 * Failures are printed here; what comes back is an exit status.
 */
#ifndef CLI_NOISE_H
#define CLI_NOISE_H

#include "core/cli/session.h"
#include "core/stats/meaning.h"

/* tau fitted to the answers of a data set, from passes that are made for it; said in the log. */
int mcd_noise_fit(struct mcd_session *s, const struct mcd_dataset *d, double *tau);

/*
 * What the options ask for, else what the weights know. With answers and `must` it is fitted to
 * them where nothing else is known, with a warning. 0: not known.
 */
int mcd_noise_settle(struct mcd_session *s, const struct mcd_dataset *d, int must, double *tau);

/* The session's units, the noise of `tau` (0: none) and the answers. NULL for a classifier. */
int mcd_noise_meaning(const struct mcd_session *s, const struct mcd_dataset *d, double tau,
                      struct mcd_meaning **meaning, struct mcd_error *e);

#endif
