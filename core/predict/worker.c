/* Workers: input and draws of a block, written and asked for where the plan wants them. */
#include "core/predict/worker.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/reals.h"

#include <string.h>

static const struct mcd_sampler *sampler(const struct mcd_work *k)
{
    return k->f->sampler->plugin->api;
}

static size_t input_size(const struct mcd_work *k)
{
    return (size_t)mcd_shape_count(&k->f->network->input);
}

static int alloc_bits(const struct mcd_work *k, struct mcd_worker *w, struct mcd_error *error)
{
    const struct mcd_graph_core *g = k->recording.graph;
    size_t rows = (size_t)k->f->block_rows * k->f->block_passes;
    w->bits = mcd_host_zalloc(k->host, (g->nsites + 1) * sizeof *w->bits, error);
    if (!w->bits)
        return MCD_NOMEM;
    for (uint32_t s = 0; s < g->nsites; s++) {
        if (g->site[s].law != MCD_BERNOULLI)
            continue;
        w->bits[s] = mcd_host_zalloc(k->host, rows * ((g->site[s].units + 31) / 32) * 4, error);
        if (!w->bits[s])
            return MCD_NOMEM;
    }
    return MCD_OK;
}

int mcd_worker_create(const struct mcd_work *k, uint32_t number, struct mcd_worker *w,
                      struct mcd_error *error)
{
    const struct mcd_graph_core *g = k->recording.graph;
    struct mcd_plan_spec spec = {
        .graph = g,
        .store = k->devices.store[number % k->devices.count],
        .rows = k->f->block_rows,
        .passes = k->f->block_passes,
        .noutputs = k->condensed.noutputs,
        .output = k->condensed.output,
    };
    int status = mcd_plan_create(&spec, &w->plan, error);
    if (status)
        return status;
    w->row_block = UINT32_MAX;
    size_t input = k->f->block_rows * input_size(k) * mcd_work_element(k);
    size_t draws = ((size_t)g->nsites * k->f->block_passes + 1) * sizeof *w->draws;
    if (!(w->x = mcd_host_zalloc(k->host, input, error)) ||
        !(w->draws = mcd_host_zalloc(k->host, draws, error)))
        return MCD_NOMEM;
    return k->f->sampler && sampler(k)->fill ? alloc_bits(k, w, error) : MCD_OK;
}

void mcd_worker_destroy(const struct mcd_work *k, struct mcd_worker *w)
{
    mcd_plan_destroy(w->plan);
    for (uint32_t s = 0; w->bits && s < k->recording.graph->nsites; s++)
        k->host->release(k->host, w->bits[s]);
    k->host->release(k->host, w->bits);
    k->host->release(k->host, w->draws);
    k->host->release(k->host, w->x);
    *w = (struct mcd_worker){0};
}

/* Writes a block of input; rows beyond the last one are zeros. */
static int write_input(const struct mcd_work *k, struct mcd_worker *w, const struct mcd_block *b,
                       struct mcd_error *error)
{
    size_t n = input_size(k);
    const float *from = k->f->x + (size_t)b->first_row * n;
    memset(w->x, 0, k->f->block_rows * n * mcd_work_element(k));
    mcd_reals_copy(w->x, k->f->network->store->type, from, MCD_F32, (size_t)b->rows * n);
    return mcd_plan_write(w->plan, k->recording.x, w->x, error);
}

static int fill_bits(const struct mcd_work *k, struct mcd_worker *w, const struct mcd_site *site,
                     const struct mcd_run *run, uint64_t first_pass, struct mcd_error *error)
{
    uint32_t words = (site->units + 31) / 32;
    for (uint32_t v = 0; v < run->passes * run->rows; v++) {
        int status = sampler(k)->fill(k->f->sampler->self, site, run->seed,
                                      first_pass + v / run->rows, run->first_row + v % run->rows,
                                      w->bits[site->id] + (size_t)v * words, error);
        if (status)
            return mcd_item_status(k->f->sampler, status, error);
    }
    return MCD_OK;
}

/*
 * How one pass draws at one site. A stream that is too large would reach into the other words of
 * the address and correlate sites in silence.
 */
static int ask_draw(const struct mcd_work *k, const struct mcd_site *site, uint64_t pass,
                    struct mcd_draw *draw, struct mcd_error *error)
{
    int status = sampler(k)->draw(k->f->sampler->self, site, k->f->seed, pass, draw, error);
    if (status)
        return mcd_item_status(k->f->sampler, status, error);
    if (draw->stream >= MCD_MAX_STREAM)
        return mcd_fail(error, MCD_UNSUPPORTED, k->f->sampler->plugin->name,
                        "pass %llu reads stream %llu: expected below 2^48",
                        (unsigned long long)pass, (unsigned long long)draw->stream);
    return MCD_OK;
}

/* Asks the sampler how each pass of the block draws at each site. */
static int ask_sampler(const struct mcd_work *k, struct mcd_worker *w, const struct mcd_run *run,
                       uint64_t first_pass, struct mcd_error *error)
{
    const struct mcd_graph_core *g = k->recording.graph;
    int status = MCD_OK;
    for (uint32_t s = 0; !status && s < g->nsites; s++) {
        if (w->bits && w->bits[s]) {
            status = fill_bits(k, w, &g->site[s], run, first_pass, error);
            continue;
        }
        for (uint32_t p = 0; !status && p < run->passes; p++)
            status = ask_draw(k, &g->site[s], first_pass + p,
                              &w->draws[(size_t)s * run->passes + p], error);
    }
    return status;
}

/* The prefix has rows alone: no passes, no draws. */
static int run_prefix(const struct mcd_work *k, struct mcd_worker *w, const struct mcd_block *b,
                      const struct mcd_run *run, struct mcd_error *error)
{
    struct mcd_run once = *run;
    once.passes = 1;
    once.draws = NULL;
    once.bits = NULL;
    int status = write_input(k, w, b, error);
    return status ? status : mcd_plan_run_prefix(w->plan, &once, error);
}

int mcd_worker_run(const struct mcd_work *k, struct mcd_worker *w, const struct mcd_block *b,
                   struct mcd_joining joining, struct mcd_error *error)
{
    const struct mcd_forward *f = k->f;
    struct mcd_run run = {
        .size = sizeof run,
        .domain = MCD_DOMAIN_PREDICT,
        .seed = f->seed,
        .first_row = f->first_row + (uint64_t)b->first_row,
        .passes = f->block_passes,
        .rows = f->block_rows,
        .draws = w->draws,
        .bits = (const uint32_t *const *)w->bits,
        .first_pass = b->first_pass,
        .joined = joining.joined,
        .summed = joining.summed,
    };
    int status = MCD_OK;
    if (w->row_block != b->row_block) {
        w->row_block = UINT32_MAX;
        status = run_prefix(k, w, b, &run, error);
    }
    if (!status && f->sampler)
        status = ask_sampler(k, w, &run, b->first_pass, error);
    if (!status)
        status = mcd_plan_run_body(w->plan, &run, error);
    if (!status)
        w->row_block = b->row_block;
    return status;
}

int mcd_worker_read(const struct mcd_work *k, struct mcd_worker *w, void *samples,
                    struct mcd_error *error)
{
    return mcd_plan_read(w->plan, k->recording.y, samples, error);
}
