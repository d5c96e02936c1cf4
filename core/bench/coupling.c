/* Variances within and between groups of passes. */
#include "core/bench/coupling.h"

#include "core/base/host.h"
#include "core/base/reals.h"
#include "core/stats/mean.h"

#include <string.h>

enum { GROUPS = 32 };

/* Of each row and output: all passes, the groups' means, and the group that is under way. */
struct site {
    struct mcd_mean pass, group;
    double sum;
};

struct tally {
    struct site *site;
    int64_t outputs;
    uint32_t type, group;
};

static int add(void *arg, const struct mcd_block *b, struct mcd_error *e)
{
    struct tally *t = arg;
    size_t width = (size_t)(b->rows * t->outputs);
    struct site *site = t->site + b->first_row * t->outputs;
    (void)e;
    for (uint64_t p = 0; p < b->passes; p++)
        for (size_t i = 0; i < width; i++) {
            double x = mcd_reals_at(b->samples, t->type, p * width + i);
            mcd_mean_add(&site[i].pass, x);
            site[i].sum += x;
            if ((b->first_pass + p + 1) % t->group == 0) {
                mcd_mean_add(&site[i].group, site[i].sum / t->group);
                site[i].sum = 0;
            }
        }
    return MCD_OK;
}

int mcd_coupling(const struct mcd_bench_subject *s, double *factor, struct mcd_error *e)
{
    const struct mcd_host *host = s->network->host;
    const struct mcd_sampler *sampler = s->sampler->plugin->api;
    struct tally t = {.outputs = s->network->outputs,
                      .type = s->network->store->type,
                      .group = sampler->group(s->sampler->self)};
    double within = 0, between = 0;
    *factor = 1;
    if (t.group <= 1)
        return MCD_OK;
    struct mcd_forward f = mcd_bench_subject_forward(s);
    size_t n = (size_t)(f.rows * t.outputs);
    t.site = mcd_host_zalloc(host, n * sizeof *t.site, e);
    f.block_count = ((uint64_t)GROUPS * t.group + f.block_passes - 1) / f.block_passes;
    f.sink = add;
    f.arg = &t;
    int status = t.site ? mcd_forward_run(&f, e) : MCD_NOMEM;
    for (size_t i = 0; !status && i < n; i++) {
        within += t.site[i].pass.m2 / (t.site[i].pass.n - 1) / t.group;
        between += t.site[i].group.m2 / (t.site[i].group.n - 1);
    }
    if (!status && within > 0)
        *factor = between / within;
    host->release(host, t.site);
    return status;
}
