/* The normal approximation of a posterior at its mode: for places to start and to integrate. */
#ifndef GP_LAPLACE_H
#define GP_LAPLACE_H

#include "density.h"

enum { MCD_LAPLACE_MAX = 8 }; /* dimensions */

struct mcd_laplace {
    uint32_t dim;
    double mode[MCD_LAPLACE_MAX];
    double log_density;                             /* at the mode */
    double log_determinant;                         /* of `root`: half that of the covariance */
    double root[MCD_LAPLACE_MAX * MCD_LAPLACE_MAX]; /* [dim][dim]: covariance = root root^T */
};

/* -1 where q is not a maximum: the Hessian is not negative definite, or beside q is no value. */
int mcd_laplace(const struct mcd_target *, const double *q, struct mcd_laplace *out);

/* q = mode + root z */
void mcd_laplace_point(const struct mcd_laplace *, const double *z, double *q);

#endif
