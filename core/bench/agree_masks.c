/*
 * Masks: what each backend draws at a model's sites, unit by unit. Each site's noise is recorded
 * once more, on ones, because in the network it may be part of a larger step.
 */
#include "core/bench/agree.h"

#include "core/base/host.h"
#include "core/base/reals.h"
#include "core/graph/plan.h"

#include <math.h>

enum { ROWS = 64 }; /* so that a unit of its own kind is dropped in one of them */

/* The core's own recording numbers no sites: this drop is the site that it is in the network. */
static mcd_val record(struct mcd_graph_core *g, const struct mcd_site *site, mcd_val *x)
{
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.drop.site = site->id;
    attr.u.drop.law = site->law;
    attr.u.drop.p = site->p;
    attr.u.drop.span = 1;
    *x = mcd_graph_input(g, 0, mcd_shape1(site->units), 0);
    return mcd_graph_op(g, MCD_OP_DROP, 1, x, &attr);
}

/* ROWS rows of ones through the plan, as training draws; `noise` brings the ones. */
static int run(const struct mcd_bench_subject *s, struct mcd_plan *plan, mcd_val x, mcd_val y,
               const struct mcd_draw *draws, size_t n, double *noise, struct mcd_error *e)
{
    const struct mcd_host *host = s->network->host;
    uint32_t type = s->network->store->type;
    const struct mcd_run run = {
        .size = sizeof run,
        .domain = MCD_DOMAIN_TRAIN,
        .seed = s->of->seed,
        .passes = 1,
        .rows = ROWS,
        .draws = draws,
    };
    void *values = mcd_host_zalloc(host, n * mcd_type_size(type), e);
    if (!values)
        return MCD_NOMEM;
    mcd_reals_copy(values, type, noise, MCD_F64, n);
    int status = mcd_plan_write(plan, x, values, e);
    if (!status)
        status = mcd_plan_run_body(plan, &run, e);
    if (!status)
        status = mcd_plan_read(plan, y, values, e);
    mcd_reals_copy(noise, MCD_F64, values, type, n);
    host->release(host, values);
    return status;
}

/* The noise of ROWS rows at a site. */
static int draw(const struct mcd_bench_subject *s, const struct mcd_site *site, double *noise,
                struct mcd_error *e)
{
    const struct mcd_host *host = s->network->host;
    struct mcd_graph_core *g = mcd_graph_create(host, 1);
    struct mcd_draw *draws = mcd_host_zalloc(host, (site->id + 1) * sizeof *draws, e);
    struct mcd_plan *plan = NULL;
    size_t n = (size_t)ROWS * site->units;
    mcd_val x, y = g ? record(g, site, &x) : 0;
    struct mcd_plan_spec spec = {
        .graph = g,
        .store = s->network->store,
        .rows = ROWS,
        .passes = 1,
        .training = 1,
        .noutputs = 1,
        .output = &y,
        .no_sharing = 1,
    };
    int status = g && draws ? mcd_plan_create(&spec, &plan, e) : MCD_NOMEM;
    for (size_t i = 0; i < n; i++)
        noise[i] = 1;
    if (!status)
        status = run(s, plan, x, y, draws, n, noise, e);
    mcd_plan_destroy(plan);
    mcd_graph_destroy(g);
    host->release(host, draws);
    return status;
}

/* A dropped unit is 0 here and there, noise of another law is the same to rounding. */
static int differs(const struct mcd_site *site, double a, double b)
{
    return site->law == MCD_BERNOULLI ? (a == 0) != (b == 0)
                                      : !(fabs(a - b) <= 1e-4 * (1 + fabs(a)));
}

static int agree_site(const struct mcd_bench_subject *a, const struct mcd_bench_subject *b,
                      const struct mcd_site *site, struct mcd_agreement *g, struct mcd_error *e)
{
    const struct mcd_host *host = a->network->host;
    size_t n = (size_t)ROWS * site->units;
    double *noise = mcd_host_zalloc(host, 2 * n * sizeof *noise, e);
    int status = noise ? draw(a, site, noise, e) : MCD_NOMEM;
    if (!status)
        status = draw(b, site, noise + n, e);
    for (size_t i = 0; !status && i < n; i++)
        g->masks += (uint64_t)differs(site, noise[i], noise[n + i]);
    g->looked += n;
    host->release(host, noise);
    return status;
}

int mcd_agree_masks(const struct mcd_bench_subject *a, const struct mcd_bench_subject *b,
                    struct mcd_agreement *g, struct mcd_error *e)
{
    struct mcd_recording r;
    int status = mcd_network_record(a->network, 1, &r, e);
    for (uint32_t i = 0; !status && i < r.graph->nsites; i++)
        if (r.graph->site[i].law != MCD_UNIFORM) /* the noise of an op that is not a drop */
            status = agree_site(a, b, &r.graph->site[i], g, e);
    if (!status)
        mcd_graph_destroy(r.graph);
    return status;
}
