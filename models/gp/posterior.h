/*
 * The posterior density of the log parameters: likelihood, priors, Jacobian.
 */
#ifndef GP_POSTERIOR_H
#define GP_POSTERIOR_H

#include "likelihood.h"

/* Scales of the half-Cauchy priors of l, eta and sigma, by enum in likelihood.h. */
struct mcd_gp_prior {
    double scale[MCD_GP_PARAMS];
};

/* The tutorial's. */
#define MCD_GP_PRIOR_DEFAULT                                                                       \
    {                                                                                              \
        {                                                                                          \
            0.05, 1.0, 0.1                                                                         \
        }                                                                                          \
    }

/* Log density of q = log theta under the priors, Jacobian included; its gradient is added. */
double mcd_gp_prior_at(const struct mcd_gp_prior *, const double *q, double *grad);

/* One thread's: what optimisers and samplers are given as `arg` of mcd_gp_posterior_density. */
struct mcd_gp_posterior {
    struct mcd_gp_likelihood *likelihood;
    const struct mcd_gp_prior *prior; /* NULL: the likelihood alone, for maximum likelihood II */
    int (*go_on)(void *arg); /* 0: no density any more, so that whoever climbs, integrates or */
    void *arg;               /* samples is done soon; NULL: goes on */
    int status; /* MCD_NOMEM once there was no memory: the same, and not the density's */
};

/* A mcd_density: log density and gradient, -INFINITY where it cannot be computed. */
double mcd_gp_posterior_density(void *arg, const double *q, double *grad);

#endif
