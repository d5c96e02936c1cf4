/* Maximisation of a log density by L-BFGS. */
#ifndef GP_LBFGS_H
#define GP_LBFGS_H

#include "density.h"

#include <mcdrop/plugin.h>

struct mcd_optimum {
    double value;         /* log density at the end */
    double slope;         /* largest element of its gradient */
    uint32_t evaluations; /* of the density */
    int converged;        /* the gradient vanishes to rounding */
};

/*
 * Climbs from q[dim] (in and out). Running out of iterations is no failure: see `converged`.
 * MCD_INVALID where the density at the start is not finite.
 */
int mcd_lbfgs(const struct mcd_host *, const struct mcd_target *, double *q, struct mcd_optimum *,
              struct mcd_error *);

#endif
