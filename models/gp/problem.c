/* Targets: a likelihood's scratch memory and a posterior for each thread. */
#include "problem.h"

int mcd_gp_targets_create(const struct mcd_gp_problem *p, uint32_t count, int likelihood,
                          struct mcd_gp_targets *out, struct mcd_error *e)
{
    const struct mcd_host *host = p->host;
    *out = (struct mcd_gp_targets){host, count, host->alloc(host, count * sizeof *out->target),
                                   host->alloc(host, count * sizeof *out->posterior)};
    int status = MCD_OK;
    if (!out->target || !out->posterior) {
        out->count = 0;
        status = host->fail(e, MCD_NOMEM, "gp", "out of memory: %u targets", count);
    }
    for (uint32_t i = 0; i < out->count; i++) {
        struct mcd_gp_posterior *of = &out->posterior[i];
        *of = (struct mcd_gp_posterior){NULL, likelihood ? NULL : &p->prior, p->go_on, p->arg,
                                        MCD_OK};
        if (!status)
            status = mcd_gp_likelihood_create(host, &p->data, &p->algebra, p->kernel,
                                              &of->likelihood, e);
        out->target[i] = (struct mcd_target){MCD_GP_PARAMS, mcd_gp_posterior_density, of};
    }
    if (status)
        mcd_gp_targets_release(out);
    return status;
}

int mcd_gp_targets_status(const struct mcd_gp_problem *p, const struct mcd_gp_targets *t,
                          struct mcd_error *e)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (t->posterior[i].status)
            return p->host->fail(e, t->posterior[i].status, "gp",
                                 "out of memory: a covariance of %lld rows",
                                 (long long)p->data.rows);
    return mcd_gp_goes_on(p) ? MCD_OK : p->host->fail(e, MCD_STOPPED, "gp", "stopped on request");
}

void mcd_gp_targets_release(struct mcd_gp_targets *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        mcd_gp_likelihood_destroy(t->posterior[i].likelihood);
    if (t->host) {
        t->host->release(t->host, t->target);
        t->host->release(t->host, t->posterior);
    }
    *t = (struct mcd_gp_targets){0};
}
