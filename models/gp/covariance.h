/* The covariance of the rows as a dense matrix and its Cholesky factor. */
#ifndef GP_COVARIANCE_H
#define GP_COVARIANCE_H

#include "data.h"

/* exp of a log parameter vector. */
struct mcd_gp_theta {
    double l, eta, sigma;
};

struct mcd_gp_theta mcd_gp_theta(const double *q);

/* Lower triangle of eta^2 C + sigma^2 I into k[rows][rows]. */
void mcd_gp_covariance(const struct mcd_gp_data *, enum mcd_gp_kernel, struct mcd_gp_theta,
                       double *k);

/*
 * The same factored, k = L, and alpha = K^-1 y; MCD_INVALID where it is not positive definite to
 * rounding. log_determinant is of K.
 */
int mcd_gp_factor(const struct mcd_gp_data *, const struct mcd_gp_algebra *, enum mcd_gp_kernel,
                  struct mcd_gp_theta, double *k, double *alpha, double *log_determinant,
                  struct mcd_error *);

#endif
