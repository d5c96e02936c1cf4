/*
 * The log marginal likelihood of a Gaussian process with noise, and its gradient, in the logarithms
 * of the parameters: y ~ N(0, eta^2 C(l) + sigma^2 I).
 */
#ifndef GP_LIKELIHOOD_H
#define GP_LIKELIHOOD_H

#include "data.h"

/* Parameters q are logarithms, in this order. */
enum { MCD_GP_L = 0, MCD_GP_ETA, MCD_GP_SIGMA, MCD_GP_PARAMS };

/* How a value was computed. AUTO: Toeplitz where inputs and conditioning allow it. */
enum mcd_gp_path { MCD_GP_AUTO = 0, MCD_GP_TOEPLITZ, MCD_GP_DENSE };

/*
 * The Toeplitz recursion is taken while rows eta^2 / sigma^2, which bounds the condition number, is
 * below this. Against 113-bit arithmetic on the CO2 inputs, both paths are right to 1e-11 of the
 * value and 1e-10 of the gradient's largest term for 1e6. Above, with long length scales, the
 * recursion loses ten to a hundred times more than Cholesky (l = 1, eta = 10, sigma = 1e-3: 3e-7
 * against 4e-8 of the value, of which 2e-8 is the rounding of the covariance itself).
 */
#define MCD_GP_CONDITION 1e7

/* Scratch memory and settings of one thread. */
struct mcd_gp_likelihood;

/* Data and algebra are borrowed. On failure *out is NULL. */
int mcd_gp_likelihood_create(const struct mcd_host *, const struct mcd_gp_data *,
                             const struct mcd_gp_algebra *, enum mcd_gp_kernel,
                             struct mcd_gp_likelihood **out, struct mcd_error *);
void mcd_gp_likelihood_destroy(struct mcd_gp_likelihood *); /* NULL is fine */

/*
 * Value and, unless `grad` is NULL, gradient by q. MCD_INVALID where the covariance is not positive
 * definite to rounding. `path` forces one (tests do); Toeplitz needs evenly spaced data.
 */
int mcd_gp_likelihood_at(struct mcd_gp_likelihood *, enum mcd_gp_path path, const double *q,
                         double *value, double *grad, struct mcd_error *);

/* The path that AUTO takes at q. */
enum mcd_gp_path mcd_gp_likelihood_path(const struct mcd_gp_likelihood *, const double *q);

#endif
