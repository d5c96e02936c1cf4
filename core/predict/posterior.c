/* Blocks of points, for each of which all draws are at hand. */
#include "core/predict/posterior.h"

#include "core/base/error.h"
#include "core/base/host.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Doubles of one of the two arrays [passes][points]: 64 MiB. */
static const int64_t ROOM = 1 << 23;

static const int64_t PATHS = 1 << 16; /* values of paths at a time */

/* Memory of one prediction. */
struct work {
    const struct mcd_posterior_job *job;
    int64_t block;                   /* points at a time */
    double *q;                       /* [passes][dim] of the draws that are used */
    double *mean, *variance, *noise; /* [passes][block], [passes] */
    struct mcd_mixture_point *point; /* [block] */
    uint32_t *end, *part;            /* batches for errors, and for errors of scores */
    uint32_t batches, parts;
    struct mcd_mixture_tally *tally; /* [points][MCD_BATCHES]; NULL: no answers */
};

/* Draws at even distances from every chain. */
static void choose(const struct mcd_posterior_job *j, double *q)
{
    const struct mcd_draws_file *d = j->draws;
    size_t bytes = d->dim * sizeof *q;
    for (uint32_t c = 0; c < d->chains; c++) {
        uint32_t share = mcd_mixture_share(j->passes, d->chains, c);
        for (uint32_t i = 0; i < share; i++, q += d->dim) {
            uint64_t draw = (uint64_t)c * d->draws + (uint64_t)d->draws * i / share;
            memcpy(q, d->q + draw * d->dim, bytes);
        }
    }
}

static int work_open(struct work *w, struct mcd_error *e)
{
    const struct mcd_posterior_job *j = w->job;
    const struct mcd_host *host = j->fitting.host;
    uint32_t chains = j->draws->chains, parts = MCD_BATCHES / chains;
    size_t passes = j->passes;
    int64_t most = ROOM / j->passes > 0 ? ROOM / j->passes : 1;
    int64_t blocks = (j->points + most - 1) / most;
    w->block = (j->points + blocks - 1) / blocks;
    size_t values = passes * (size_t)w->block * sizeof(double);
    w->q = mcd_host_zalloc(host, passes * j->draws->dim * sizeof *w->q, e);
    w->mean = mcd_host_zalloc(host, values, e);
    w->variance = mcd_host_zalloc(host, values, e);
    w->noise = mcd_host_zalloc(host, passes * sizeof *w->noise, e);
    w->point = mcd_host_zalloc(host, (size_t)w->block * sizeof *w->point, e);
    w->end = mcd_host_zalloc(host, chains * MCD_CHAIN_BATCHES * sizeof *w->end, e);
    w->part = mcd_host_zalloc(host, (chains + MCD_BATCHES) * sizeof *w->part, e);
    if (j->meaning->target)
        w->tally = mcd_host_zalloc(host, (size_t)j->points * MCD_BATCHES * sizeof *w->tally, e);
    if (!w->q || !w->mean || !w->variance || !w->noise || !w->point || !w->end || !w->part ||
        (j->meaning->target && !w->tally))
        return MCD_NOMEM;
    choose(j, w->q);
    w->batches = mcd_mixture_batches(j->passes, chains, MCD_CHAIN_BATCHES, w->end);
    /* Of more chains than batches several make one. */
    w->parts =
        mcd_mixture_batches(j->passes, parts ? chains : MCD_BATCHES, parts ? parts : 1, w->part);
    return MCD_OK;
}

static void work_close(struct work *w)
{
    const struct mcd_host *host = w->job->fitting.host;
    host->release(host, w->q);
    host->release(host, w->mean);
    host->release(host, w->variance);
    host->release(host, w->noise);
    host->release(host, w->point);
    host->release(host, w->end);
    host->release(host, w->part);
    host->release(host, w->tally);
}

/* ---- judging what the model says --------------------------------------------------------- */

/* What is not written stands out. */
static void poison(double *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        values[i] = NAN;
}

static int check(const struct work *w, int64_t first, int64_t count, struct mcd_error *e)
{
    const char *name = w->job->fitting.model->plugin->name;
    for (uint32_t t = 0; t < w->job->passes; t++) {
        if (!(w->noise[t] >= 0 && isfinite(w->noise[t])))
            return mcd_fail(e, MCD_INVALID, name,
                            "draw %u: the noise has variance %g: expected a finite one from 0", t,
                            w->noise[t]);
        for (int64_t k = 0; k < count; k++) {
            double mean = w->mean[t * count + k], variance = w->variance[t * count + k];
            if (!isfinite(mean) || !(variance >= 0 && isfinite(variance)))
                return mcd_fail(e, MCD_INVALID, name,
                                "draw %u, row %" PRId64 ": it predicts mean %g, variance %g: "
                                "expected finite ones, the variance from 0",
                                t, first + k, mean, variance);
        }
    }
    return MCD_OK;
}

/* To the user's units. */
static void scale(const struct work *w, int64_t count)
{
    const struct mcd_meaning *m = w->job->meaning;
    double square = m->scale[0] * m->scale[0];
    for (int64_t i = 0; i < w->job->passes * count; i++) {
        w->mean[i] = m->offset[0] + m->scale[0] * w->mean[i];
        w->variance[i] *= square;
    }
    for (uint32_t t = 0; t < w->job->passes; t++)
        w->noise[t] *= square;
}

static int ask(const struct work *w, int64_t first, int64_t count, struct mcd_error *e)
{
    const struct mcd_posterior_job *j = w->job;
    const struct mcd_item *model = j->fitting.model;
    const struct mcd_model *api = model->plugin->api;
    struct mcd_fitting_call call;
    mcd_fitting_begin(&call, &j->fitting);
    poison(w->mean, j->passes * count);
    poison(w->variance, j->passes * count);
    poison(w->noise, j->passes);
    int status = api->draw(model->self, &call.data, count, j->x + first * j->fitting.columns,
                           j->passes, w->q, w->mean, w->variance, w->noise, e);
    return status ? mcd_item_status(model, status, e) : check(w, first, count, e);
}

/* ---- mixing ------------------------------------------------------------------------------ */

static struct mcd_mixture mixture(const struct work *w, int64_t count)
{
    return (struct mcd_mixture){.points = count,
                                .passes = w->job->passes,
                                .mean = w->mean,
                                .variance = w->variance,
                                .noise = w->noise,
                                .batches = w->batches,
                                .end = w->end};
}

static struct mcd_mixture parts(const struct work *w, int64_t count)
{
    struct mcd_mixture m = mixture(w, count);
    m.batches = w->parts;
    m.end = w->part;
    return m;
}

static void keep(const struct work *w, int64_t first, int64_t count,
                 struct mcd_posterior_prediction *out)
{
    for (int64_t k = 0; k < count; k++) {
        const struct mcd_mixture_point *p = &w->point[k];
        out->mean[first + k] = p->mean;
        out->mean_mcse[first + k] = p->mean_mcse;
        out->latent_sd[first + k] = p->latent_sd;
        out->latent_sd_mcse[first + k] = p->latent_sd_mcse;
        out->sd[first + k] = p->sd;
        out->sd_mcse[first + k] = p->sd_mcse;
    }
}

static int one_block(const struct work *w, int64_t first, int64_t count,
                     struct mcd_posterior_prediction *out, struct mcd_error *e)
{
    const struct mcd_host *host = w->job->fitting.host;
    int status = ask(w, first, count, e);
    if (status)
        return status;
    scale(w, count);
    struct mcd_mixture all = mixture(w, count), few = parts(w, count);
    if (w->tally)
        mcd_mixture_tally(host, &few, w->job->meaning->target + first,
                          w->tally + first * MCD_BATCHES);
    status = mcd_mixture_points(host, &all, w->point, e);
    if (!status)
        keep(w, first, count, out);
    return status;
}

static int score(const struct work *w, struct mcd_posterior_prediction *out, struct mcd_error *e)
{
    if (!w->tally)
        return MCD_OK;
    struct mcd_mixture few = parts(w, w->job->points);
    out->scores = mcd_host_zalloc(out->host, sizeof *out->scores, e);
    if (!out->scores)
        return MCD_NOMEM;
    mcd_mixture_scores(&few, w->job->points, w->job->meaning->target, w->tally, out->scores);
    return MCD_OK;
}

/* ---- paths ------------------------------------------------------------------------------- */

static int check_paths(const struct work *w, uint64_t first, uint32_t passes, const double *path,
                       struct mcd_error *e)
{
    int64_t points = w->job->points;
    for (int64_t i = 0; i < passes * points; i++)
        if (!isfinite(path[i]))
            return mcd_fail(e, MCD_INVALID, w->job->fitting.model->plugin->name,
                            "draw %" PRIu64 ", row %" PRId64 ": its path is %g: expected a finite "
                            "number",
                            first + (uint64_t)(i / points), i % points, path[i]);
    return MCD_OK;
}

static int some_paths(const struct work *w, uint64_t first, uint32_t passes, double *path,
                      struct mcd_error *e)
{
    const struct mcd_posterior_job *j = w->job;
    const struct mcd_item *model = j->fitting.model;
    const struct mcd_model *api = model->plugin->api;
    struct mcd_fitting_call call;
    mcd_fitting_begin(&call, &j->fitting);
    poison(path, passes * j->points);
    int status = api->path(model->self, &call.data, j->points, j->x, first, passes,
                           w->q + first * j->draws->dim, path, e);
    status = mcd_item_status(model, status, e);
    if (!status)
        status = check_paths(w, first, passes, path, e);
    const struct mcd_block block = {
        .first_pass = first, .passes = passes, .rows = j->points, .samples = path};
    return status ? status : j->paths(j->paths_arg, &block, e);
}

static int make_paths(const struct work *w, struct mcd_error *e)
{
    const struct mcd_posterior_job *j = w->job;
    const struct mcd_host *host = j->fitting.host;
    uint32_t most = j->points < PATHS ? (uint32_t)(PATHS / j->points) : 1;
    int status = MCD_OK;
    if (!j->paths)
        return MCD_OK;
    most = most < j->passes ? most : j->passes;
    double *path = mcd_host_zalloc(host, most * (size_t)j->points * sizeof *path, e);
    if (!path)
        return MCD_NOMEM;
    for (uint32_t t = 0; !status && t < j->passes; t += most)
        status = some_paths(w, t, j->passes - t < most ? j->passes - t : most, path, e);
    host->release(host, path);
    return status;
}

/* ---- all --------------------------------------------------------------------------------- */

static int prediction_open(const struct mcd_posterior_job *j, uint32_t batches,
                           struct mcd_posterior_prediction *p, struct mcd_error *e)
{
    size_t bytes = (size_t)j->points * sizeof *p->mean;
    *p = (struct mcd_posterior_prediction){
        .host = j->fitting.host, .points = j->points, .passes = j->passes, .batches = batches};
    double **const array[] = {&p->mean,           &p->mean_mcse, &p->latent_sd,
                              &p->latent_sd_mcse, &p->sd,        &p->sd_mcse};
    for (size_t i = 0; i < sizeof array / sizeof *array; i++)
        if (!(*array[i] = mcd_host_zalloc(p->host, bytes, e)))
            return MCD_NOMEM;
    return MCD_OK;
}

int mcd_posterior_predict(const struct mcd_posterior_job *j, struct mcd_posterior_prediction *out,
                          struct mcd_error *e)
{
    struct work w = {.job = j};
    int status = work_open(&w, e);
    if (!status)
        status = prediction_open(j, w.batches, out, e);
    if (!status) /* first: a model may have no memory for paths at all points together */
        status = make_paths(&w, e);
    for (int64_t first = 0; !status && first < j->points; first += w.block) {
        int64_t left = j->points - first;
        status = one_block(&w, first, left < w.block ? left : w.block, out, e);
    }
    if (!status)
        status = score(&w, out, e);
    work_close(&w);
    return status;
}

void mcd_posterior_prediction_clear(struct mcd_posterior_prediction *p)
{
    if (!p->host)
        return;
    p->host->release(p->host, p->mean);
    p->host->release(p->host, p->mean_mcse);
    p->host->release(p->host, p->latent_sd);
    p->host->release(p->host, p->latent_sd_mcse);
    p->host->release(p->host, p->sd);
    p->host->release(p->host, p->sd_mcse);
    p->host->release(p->host, p->scores);
    *p = (struct mcd_posterior_prediction){0};
}
