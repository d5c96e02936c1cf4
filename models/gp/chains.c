/* Warm-up and draws of every chain, each on one thread. */
#include "chains.h"

#include "adapt.h"

/* Everything of one chain. */
struct run {
    const struct mcd_chain_options *options;
    struct mcd_chain *chain;
    struct mcd_nuts *nuts;
    struct mcd_covariance covariance;
    uint32_t number, dim;
};

static int goes_on(const struct run *r, uint32_t iteration)
{
    const struct mcd_chain_options *o = r->options;
    return !o->go_on || o->go_on(o->arg, r->number, iteration);
}

static struct mcd_transition transition(const struct run *r, uint32_t iteration)
{
    struct mcd_stream s = mcd_stream(r->options->seed, r->number, iteration, MCD_STREAM_TRANSITION);
    return mcd_nuts_transition(r->nuts, r->options->max_depth, &s);
}

static struct mcd_step_adapter search_step_size(const struct run *r, uint32_t iteration)
{
    struct mcd_stream s = mcd_stream(r->options->seed, r->number, iteration, MCD_STREAM_STEP_SIZE);
    mcd_nuts_search_step_size(r->nuts, &s);
    return mcd_step_adapter(r->options->accept, mcd_nuts_step_size(r->nuts));
}

static int tune(struct run *r)
{
    uint32_t count = r->options->tune;
    struct mcd_windows windows = mcd_windows(count);
    struct mcd_step_adapter step = search_step_size(r, 0);
    mcd_covariance_clear(&r->covariance);
    for (uint32_t i = 0; i < count; i++) {
        if (!goes_on(r, i))
            return MCD_STOPPED;
        struct mcd_transition t = transition(r, i);
        r->chain->tune_divergent += t.divergent;
        r->chain->tune_steps += t.steps;
        mcd_nuts_set_step_size(r->nuts, mcd_step_adapter_learn(&step, t.accept));
        if (i >= windows.first && i <= windows.last)
            mcd_covariance_add(&r->covariance, mcd_nuts_position(r->nuts));
        if (i != windows.end)
            continue;
        mcd_covariance_to_metric(&r->covariance, mcd_nuts_metric(r->nuts));
        mcd_covariance_clear(&r->covariance);
        step = search_step_size(r, i + 1);
        mcd_windows_next(&windows, i);
    }
    if (count)
        mcd_nuts_set_step_size(r->nuts, mcd_step_adapter_final(&step));
    return MCD_OK;
}

static int draw(struct run *r)
{
    for (uint32_t i = 0; i < r->options->draws; i++) {
        if (!goes_on(r, r->options->tune + i))
            return MCD_STOPPED;
        r->chain->each[i] = transition(r, r->options->tune + i);
        memcpy(r->chain->q + (size_t)i * r->dim, mcd_nuts_position(r->nuts),
               r->dim * sizeof *r->chain->q);
    }
    return MCD_OK;
}

static void run_chain(void *arg, uint32_t i, uint32_t worker)
{
    struct run *r = (struct run *)arg + i;
    (void)worker;
    int status = tune(r);
    r->chain->step_size = mcd_nuts_step_size(r->nuts);
    r->chain->status = status ? status : draw(r);
}

static int prepare(const struct mcd_host *host, struct run *r, const struct mcd_target *target,
                   const double *start, struct mcd_error *e)
{
    uint32_t dim = target->dim, products = mcd_metric_size(dim, r->options->dense);
    size_t draws = r->options->draws;
    r->chain->q = host->alloc(host, draws * dim * sizeof(double));
    r->chain->each = host->alloc(host, draws * sizeof *r->chain->each);
    double *memory = host->alloc(host, (dim + products) * sizeof(double));
    if (memory)
        r->covariance = (struct mcd_covariance){dim, r->options->dense, 0, memory, memory + dim};
    r->dim = dim;
    if (!r->chain->q || !r->chain->each || !memory)
        return host->fail(e, MCD_NOMEM, "chains", "out of memory: %zu draws", draws);
    int status = mcd_nuts_create(host, target, r->options->dense, &r->nuts, e);
    return status ? status : mcd_nuts_start(r->nuts, start, e);
}

void mcd_chains_release(const struct mcd_host *host, uint32_t chains, struct mcd_chain *chain)
{
    for (uint32_t i = 0; i < chains; i++) {
        host->release(host, chain[i].q);
        host->release(host, chain[i].each);
        chain[i] = (struct mcd_chain){0};
    }
}

static int check(const struct mcd_host *host, const struct mcd_chain_options *o,
                 struct mcd_error *e)
{
    if (o->chains < 1 || o->draws < 1)
        return host->fail(e, MCD_INVALID, "chains", "%u chains of %u draws: expected at least 1",
                          o->chains, o->draws);
    if (!(o->accept > 0 && o->accept < 1))
        return host->fail(e, MCD_INVALID, "accept", "%g is out of range: expected (0, 1)",
                          o->accept);
    if (o->max_depth < 1 || o->max_depth > MCD_NUTS_MAX_DEPTH)
        return host->fail(e, MCD_INVALID, "max_depth", "%u is out of range: expected [1, %d]",
                          o->max_depth, MCD_NUTS_MAX_DEPTH);
    return MCD_OK;
}

int mcd_chains_run(const struct mcd_host *host, const struct mcd_target *target,
                   const double *start, const struct mcd_chain_options *o, struct mcd_chain *chain,
                   struct mcd_error *e)
{
    int status = check(host, o, e);
    if (status)
        return status;
    struct run *runs = host->alloc(host, o->chains * sizeof *runs);
    memset(chain, 0, o->chains * sizeof *chain);
    if (!runs)
        return host->fail(e, MCD_NOMEM, "chains", "out of memory: %u chains", o->chains);
    memset(runs, 0, o->chains * sizeof *runs);
    for (uint32_t i = 0; i < o->chains; i++) {
        runs[i].options = o;
        runs[i].chain = &chain[i];
        runs[i].number = i;
        if (!status)
            status = prepare(host, &runs[i], &target[i], start + (size_t)i * target[i].dim, e);
    }
    if (!status)
        host->parallel(host, o->chains, run_chain, runs);
    for (uint32_t i = 0; i < o->chains; i++) {
        if (!status && chain[i].status)
            status = host->fail(e, chain[i].status, "chains", "stopped on request");
        mcd_nuts_destroy(runs[i].nuts);
        host->release(host, runs[i].covariance.mean);
    }
    host->release(host, runs);
    if (status && status != MCD_STOPPED)
        mcd_chains_release(host, o->chains, chain);
    return status;
}
