/*
 * Simulation-based calibration (Talts, Betancourt, Simpson, Vehtari & Gelman, arXiv:1804.06788) of
 * the sampler on a small Gaussian process: parameters from the prior, observations from them, and
 * the parameters' ranks among draws of the posterior, which are uniform if all is right.
 *
 * Some inputs lie close together for the prior of l. Where l is below their spacing, signal and
 * noise explain the same data: the posterior has two modes, between which no sampler goes in a few
 * hundred iterations, and ranks then show the start, not an error.
 *
 * Static inline, for a test and a benchmark. A replication depends on its number and the seed only.
 */
#ifndef TESTS_CALIBRATION_H
#define TESTS_CALIBRATION_H

#include "../models/gp/chains.h"
#include "../models/gp/covariance.h"
#include "../models/gp/problem.h"

#include "../backends/reference/linalg.h"

#include <math.h>
#include <stdlib.h>

enum { CAL_ROWS = 10, CAL_TUNE = 300, CAL_DRAWS = 31, CAL_THIN = 16, CAL_BINS = 16 };

/* Chi-square with CAL_BINS - 1 degrees of freedom is beyond this with probability 0.001. */
#define CAL_LIMIT 37.697

struct calibration {
    const struct mcd_host *host;
    uint64_t seed;
    enum mcd_gp_kernel kernel;
    double planted; /* times the log parameters' sum is added to the density: 0 is right */
    uint32_t count;
    int *rank; /* [count][MCD_GP_PARAMS], 0 to CAL_DRAWS; -1: the replication failed */
};

struct calibration_target {
    double planted;
    struct mcd_gp_posterior *posterior;
};

static inline double calibration_density(void *arg, const double *q, double *grad)
{
    const struct calibration_target *t = arg;
    double value = mcd_gp_posterior_density(t->posterior, q, grad);
    for (int i = 0; i < MCD_GP_PARAMS; i++) {
        value += t->planted * q[i];
        grad[i] += t->planted;
    }
    return value;
}

/* theta from the priors by their quantile function, y from theta. */
static inline int calibration_draw(const struct mcd_gp_problem *p, struct mcd_stream *s,
                                   double theta[MCD_GP_PARAMS], double *y)
{
    double l[CAL_ROWS * CAL_ROWS], z[CAL_ROWS];
    for (int i = 0; i < MCD_GP_PARAMS; i++)
        theta[i] = p->prior.scale[i] * tan(M_PI_2 * mcd_stream_uniform(s));
    mcd_gp_covariance(&p->data, p->kernel, (struct mcd_gp_theta){theta[0], theta[1], theta[2]}, l);
    int status = mcd_reference_linalg.potrf(NULL, CAL_ROWS, l, NULL);
    mcd_stream_normals(s, CAL_ROWS, z);
    for (int i = 0; i < CAL_ROWS; i++) {
        y[i] = 0;
        for (int j = 0; j <= i; j++)
            y[i] += l[i * CAL_ROWS + j] * z[j];
    }
    return status;
}

static inline void calibration_rank(const struct mcd_chain *chain, const double *theta, int *rank)
{
    for (int i = 0; i < MCD_GP_PARAMS; i++) {
        rank[i] = 0;
        for (int k = 0; k < CAL_DRAWS; k++)
            rank[i] += exp(chain->q[((k + 1) * CAL_THIN - 1) * MCD_GP_PARAMS + i]) < theta[i];
    }
}

static inline void calibration_one(void *arg, uint32_t i, uint32_t worker)
{
    const struct calibration *c = arg;
    struct mcd_chain_options o = MCD_CHAIN_DEFAULTS;
    double x[CAL_ROWS], y[CAL_ROWS] = {0}, theta[MCD_GP_PARAMS], start[MCD_GP_PARAMS];
    struct mcd_stream s = mcd_stream(c->seed, i, 0, MCD_STREAM_PATH);
    struct mcd_gp_targets targets;
    struct mcd_chain chain;
    (void)worker;
    for (int k = 0; k < CAL_ROWS; k++)
        x[k] = i % 2 ? 0.006 * k : 0.2 * (k / 2) + 0.002 * (k % 2); /* close pairs */
    struct mcd_gp_problem p = {
        c->host,
        mcd_gp_data(CAL_ROWS, 1, x, y, 1e-6), /* even for odd i: both paths */
        {&mcd_reference_linalg, NULL},
        c->kernel,
        {{1, 1, 0.3}},
        NULL,
        NULL};
    c->rank[i * MCD_GP_PARAMS] = -1;
    if (calibration_draw(&p, &s, theta, y) || mcd_gp_targets_create(&p, 1, 0, &targets, NULL))
        return;
    struct calibration_target mine = {c->planted, targets.posterior};
    struct mcd_target target = {MCD_GP_PARAMS, calibration_density, &mine};
    for (int k = 0; k < MCD_GP_PARAMS; k++)
        start[k] = log(p.prior.scale[k]);
    o.seed = c->seed + 1 + i;
    o.chains = 1;
    o.accept = 0.9;
    o.tune = CAL_TUNE;
    o.draws = CAL_DRAWS * CAL_THIN;
    if (mcd_chains_run(c->host, &target, start, &o, &chain, NULL) == MCD_OK) {
        calibration_rank(&chain, theta, c->rank + (size_t)i * MCD_GP_PARAMS);
        mcd_chains_release(c->host, 1, &chain);
    }
    mcd_gp_targets_release(&targets);
}

/* Chi-square of one parameter's ranks; counts replications that failed. */
static inline double calibration_chi_square(const struct calibration *c, int parameter, int *failed)
{
    double expected = 0, sum = 0;
    int bin[CAL_BINS] = {0};
    *failed = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        if (c->rank[i * MCD_GP_PARAMS] < 0) {
            ++*failed;
            continue;
        }
        bin[c->rank[i * MCD_GP_PARAMS + (uint32_t)parameter] * CAL_BINS / (CAL_DRAWS + 1)]++;
        expected += 1.0 / CAL_BINS;
    }
    for (int b = 0; b < CAL_BINS; b++)
        sum += (bin[b] - expected) * (bin[b] - expected) / expected;
    return sum;
}

#endif
