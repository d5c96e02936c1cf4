/* Running a plan: what its backend runs as one, and the other steps one by one. */
#include "core/graph/sections.h"
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/graph/custom.h"
#include "core/graph/plan.h"

static int is_custom(const struct mcd_plan *p, uint32_t s)
{
    return mcd_op_is_custom(p->step[s].op);
}

/* Whether a section begins at step s. */
static int begins(const struct mcd_plan *p, uint32_t s)
{
    return s == 0 || s == p->nprefix || is_custom(p, s) || is_custom(p, s - 1);
}

static int cut(struct mcd_plan *p, struct mcd_error *error)
{
    uint32_t count = 0;
    for (uint32_t s = 0; s < p->nsteps; s++)
        count += (uint32_t)begins(p, s);
    p->section = mcd_host_zalloc(p->host, (count + 1) * sizeof *p->section, error);
    if (!p->section)
        return MCD_NOMEM;
    for (uint32_t s = 0; s < p->nsteps; s++) {
        if (begins(p, s))
            p->section[p->nsections++].first = s;
        p->section[p->nsections - 1].end = s + 1;
    }
    return MCD_OK;
}

static int offer(const struct mcd_plan *p, struct mcd_section *section, struct mcd_error *error)
{
    const struct mcd_backend *backend = p->backend->plugin->api;
    struct mcd_error reason = {0};
    uint32_t nsteps = section->end - section->first;
    int status = backend->section(p->backend->self, nsteps, p->step + section->first,
                                  p->kernel + section->first, &section->whole, &reason);
    if (status) /* it may have left something */
        section->whole = (struct mcd_kernel){0};
    if (!status || status == MCD_UNSUPPORTED)
        return MCD_OK;
    return mcd_fail(error, status, p->backend->plugin->name, "cannot make one of %u steps: %s",
                    nsteps, *reason.text ? reason.text : "it does not say why");
}

int mcd_sections_create(struct mcd_plan *p, int one_by_one, struct mcd_error *error)
{
    const struct mcd_backend *backend = p->backend->plugin->api;
    int status = cut(p, error);
    for (uint32_t i = 0; !status && !one_by_one && backend->section && i < p->nsections; i++)
        if (!is_custom(p, p->section[i].first))
            status = offer(p, &p->section[i], error);
    return status;
}

void mcd_sections_destroy(struct mcd_plan *p)
{
    for (uint32_t i = 0; i < p->nsections; i++)
        if (p->section[i].whole.release)
            p->section[i].whole.release(p->section[i].whole.state);
    p->host->release(p->host, p->section);
}

static int run_kernel(const struct mcd_plan *p, const struct mcd_kernel *kernel, uint32_t s,
                      const struct mcd_run *run, struct mcd_error *error)
{
    int status = kernel->run(kernel->state, &p->step[s], run, error);
    return mcd_item_status(p->backend, status, error);
}

static int run_section(const struct mcd_plan *p, const struct mcd_section *section,
                       const struct mcd_run *run, struct mcd_error *error)
{
    int status = MCD_OK;
    if (section->whole.run)
        return run_kernel(p, &section->whole, section->first, run, error);
    for (uint32_t s = section->first; !status && s < section->end; s++)
        status = run_kernel(p, &p->kernel[s], s, run, error);
    return status;
}

int mcd_plan_run_prefix(struct mcd_plan *p, const struct mcd_run *run, struct mcd_error *error)
{
    int status = MCD_OK;
    for (uint32_t i = 0; !status && i < p->nsections && p->section[i].end <= p->nprefix; i++)
        status = run_section(p, &p->section[i], run, error);
    return status;
}

int mcd_plan_run_body(struct mcd_plan *p, const struct mcd_run *run, struct mcd_error *error)
{
    int status = MCD_OK;
    for (uint32_t i = 0; !status && i < p->nsections; i++)
        if (p->section[i].first >= p->nprefix)
            status = run_section(p, &p->section[i], run, error);
    return status;
}
