/*
 * A posterior for users: its quantities beside what is known without sampling, its chains, the
 * verdict. Failures are printed here; what comes back is an exit status.
 */
#ifndef CLI_REPORT_POSTERIOR_H
#define CLI_REPORT_POSTERIOR_H

#include "core/cli/table.h"
#include "core/result/posterior.h"

/* As text everything, as CSV the quantities; JSON is the next function's. */
int mcd_posterior_print(const struct mcd_posterior *, enum mcd_format format);

/* A document: where the draws are, how long they took, and all that is known of them. */
int mcd_posterior_print_json(const struct mcd_posterior *, const char *weights, double seconds);

/* Warns where the verdict is bad. */
void mcd_posterior_warn(const struct mcd_posterior *, const char *weights);

#endif
