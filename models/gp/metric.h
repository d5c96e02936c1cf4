/*
 * The metric of Hamiltonian dynamics: what momentum is drawn from and which velocity it means. It
 * is given by its inverse, an estimate of the posterior covariance, diagonal or dense.
 */
#ifndef GP_METRIC_H
#define GP_METRIC_H

#include <stdint.h>

/*
 * Arrays are the caller's. `covariance` has dim elements, or dim * dim when dense; `factor` its
 * roots, or its lower Cholesky factor.
 */
struct mcd_metric {
    uint32_t dim;
    int dense;
    double *covariance, *factor;
};

/* Doubles in each of the two arrays. */
uint32_t mcd_metric_size(uint32_t dim, int dense);

void mcd_metric_unit(struct mcd_metric *);

/* Computes the factor after `covariance` changed: 0, or -1 where it is not positive definite. */
int mcd_metric_factor(struct mcd_metric *);

/* velocity = covariance p; returns the kinetic energy, p . velocity / 2. */
double mcd_metric_velocity(const struct mcd_metric *, const double *p, double *velocity);

/* p ~ N(0, covariance^-1) from standard normals z; p may be z. */
void mcd_metric_momentum(const struct mcd_metric *, const double *z, double *p);

/* offset = factor z: a draw of N(0, covariance). */
void mcd_metric_offset(const struct mcd_metric *, const double *z, double *offset);

/* Lower Cholesky factor of a[n][n] into l[n][n], zeros above; -1 if not positive definite. */
int mcd_cholesky(uint32_t n, const double *a, double *l);

#endif
