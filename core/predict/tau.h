/*
 * tau: the precision (1 / variance) of the noise of a regression, in the network's units.
 *
 * doc/regression.md derives the relation to a prior. An estimate maximises the log likelihood of
 * answers that were not trained on.
 */
#ifndef CORE_TAU_H
#define CORE_TAU_H

#include "core/network/network.h"

/* What training had: drop probability, weight decay, values (rows times outputs). */
struct mcd_tau_prior {
    double drop, decay;
    int64_t rows;
};

/*
 * tau = 2 l^2 / ((1 - p) N lambda), for the mean squared error without a half, a decay that adds
 * lambda times the weight to its gradient, and inverted dropout; and l from tau.
 */
double mcd_tau_of_length(const struct mcd_tau_prior *prior, double length);
double mcd_tau_length(const struct mcd_tau_prior *prior, double tau);

/* The one p > 0 of all the network's drops; 0 where they differ or there are none. */
int mcd_tau_drop(const struct mcd_network *network, double *drop, struct mcd_error *e);

/*
 * The tau that maximises the mean over points of log mean over passes of the Gaussian density,
 * given square[passes][points], squared differences of passes' values from answers. NaN if all are
 * 0.
 */
double mcd_tau_fit(const double *square, uint64_t passes, int64_t points);

/* That mean, in nats. */
double mcd_tau_log_likelihood(const double *square, uint64_t passes, int64_t points, double tau);

#endif
