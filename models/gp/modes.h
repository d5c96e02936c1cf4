/*
 * The modes of the posterior: where chains start and integrals are taken. A Gaussian process often
 * has a mode that calls everything noise, in which a sampler started anywhere may stay.
 */
#ifndef GP_MODES_H
#define GP_MODES_H

#include "problem.h"

enum { MCD_GP_STARTS = 12 };

struct mcd_gp_mode {
    double q[MCD_GP_PARAMS];
    double log_density;
    uint32_t found; /* starts that led to it */
    int converged;
};

/*
 * Climbs from MCD_GP_STARTS places that the data suggest. mode[] are the different maxima, the
 * highest first; *count of them, at least 1. With `likelihood` set, of the likelihood alone:
 * mode[0] is then the maximum likelihood II estimate. MCD_INVALID where no start has a density,
 * MCD_STOPPED where the problem's go_on said so.
 */
int mcd_gp_modes(const struct mcd_gp_problem *, int likelihood, uint32_t *count,
                 struct mcd_gp_mode mode[MCD_GP_STARTS], struct mcd_error *);

/*
 * start[chains][MCD_GP_PARAMS]: draws of twice the spread of the normal approximation at the mode,
 * so that chains that agree have something to agree about.
 */
int mcd_gp_starts(const struct mcd_gp_problem *, const struct mcd_gp_mode *, uint64_t seed,
                  uint32_t chains, double *start, struct mcd_error *);

#endif
