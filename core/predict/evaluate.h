/* Weight averaging over a data set: outputs, and how wrong they are. */
#ifndef CORE_EVALUATE_H
#define CORE_EVALUATE_H

#include "core/network/examples.h"
#include "core/network/network.h"

#include <signal.h>

/*
 * Outputs of the mean network for each row, [rows][outputs], in double whatever the backend
 * computes in. `stop` as in struct mcd_forward.
 */
int mcd_average(const struct mcd_network *network, const float *x, int64_t rows, double *output,
                const volatile sig_atomic_t *stop, struct mcd_error *error);

/*
 * One number for a test set under weight averaging: rows whose largest logit (the first of equals)
 * is not the label's (classification), or the mean squared error (regression).
 */
int mcd_evaluate(const struct mcd_network *network, const struct mcd_examples *test, double *score,
                 const volatile sig_atomic_t *stop, struct mcd_error *error);

/* That number, of outputs as mcd_average gives them. */
double mcd_outputs_score(const struct mcd_network *network, const struct mcd_examples *test,
                         const double *output);

#endif
