/*
 * A Gaussian process predicted from draws as the program does it: each draw in closed form
 * (models/gp/draws.c), mixed by the core (core/stats/mixture.h). Include after cmocka.h.
 */
#ifndef TESTS_GP_MIX_H
#define TESTS_GP_MIX_H

#include "../models/gp/conditional.h"
#include "core/stats/mixture.h"

#include <stdlib.h>

/* Log parameters q[count][MCD_GP_PARAMS]; weights NULL: `batches` equal ones. */
struct gp_draws {
    uint32_t count, batches;
    const double *q, *weight;
};

static inline int gp_mix(const struct mcd_gp_problem *p, const struct mcd_gp_points *points,
                         const struct gp_draws *d, struct mcd_mixture_point *out,
                         struct mcd_error *e)
{
    size_t values = (size_t)d->count * (size_t)points->count;
    double *mean = malloc(values * sizeof *mean), *variance = malloc(values * sizeof *variance);
    double *noise = malloc(d->count * sizeof *noise);
    uint32_t end[64], batches = d->weight ? 1 : d->batches;
    for (uint32_t b = 0; b < batches; b++)
        end[b] = (uint32_t)((uint64_t)d->count * (b + 1) / batches);
    for (uint32_t i = 0; i < d->count; i++)
        noise[i] = exp(2 * d->q[i * MCD_GP_PARAMS + MCD_GP_SIGMA]);
    const struct mcd_mixture m = {points->count, d->count,  mean,    variance,
                                  noise,         d->weight, batches, end};
    int status = mcd_gp_predict_draws(p, points, d->count, d->q, mean, variance, e);
    if (!status)
        status = mcd_mixture_points(p->host, &m, out, e);
    free(mean);
    free(variance);
    free(noise);
    return status;
}

#endif
