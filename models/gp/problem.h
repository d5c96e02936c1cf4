/*
 * A Gaussian process to be fitted: data, kernel, priors, and the posterior as targets for those who
 * know nothing of it.
 */
#ifndef GP_PROBLEM_H
#define GP_PROBLEM_H

#include "posterior.h"

#include "density.h"

struct mcd_gp_problem {
    const struct mcd_host *host;
    struct mcd_gp_data data;
    struct mcd_gp_algebra algebra;
    enum mcd_gp_kernel kernel;
    struct mcd_gp_prior prior;
    /* Asked from any thread before anything that costs; 0: stop. NULL: goes on. */
    int (*go_on)(void *arg);
    void *arg;
};

static inline int mcd_gp_goes_on(const struct mcd_gp_problem *p)
{
    return !p->go_on || p->go_on(p->arg);
}

/* `count` targets for as many threads, on the same density. */
struct mcd_gp_targets {
    const struct mcd_host *host;
    uint32_t count;
    struct mcd_target *target;
    struct mcd_gp_posterior *posterior;
};

/* With `likelihood` set priors and Jacobian are left out. On failure *out is zeroed. */
int mcd_gp_targets_create(const struct mcd_gp_problem *, uint32_t count, int likelihood,
                          struct mcd_gp_targets *out, struct mcd_error *);

/*
 * After their use: MCD_STOPPED or MCD_NOMEM where that is why a density had no value, else MCD_OK.
 */
int mcd_gp_targets_status(const struct mcd_gp_problem *, const struct mcd_gp_targets *,
                          struct mcd_error *);

void mcd_gp_targets_release(struct mcd_gp_targets *);

#endif
