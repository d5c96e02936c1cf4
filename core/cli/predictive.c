/* From draws and inputs to a report. */
#include "core/cli/predictive.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/cli/passes.h"
#include "core/cli/progress.h"
#include "core/cli/report_posterior.h"
#include "core/cli/stop.h"
#include "core/io/place.h"
#include "core/predict/sample_file.h"

#include <inttypes.h>

/* ---- how it was made --------------------------------------------------------------------- */

static int describe(const struct mcd_predictive *p, const struct mcd_session *s,
                    const struct mcd_dataset *d, struct mcd_origin *o, struct mcd_error *e)
{
    const struct mcd_draws_file *draws = &p->draws;
    size_t bytes = (size_t)draws->chains * draws->draws * draws->dim * sizeof *draws->q;
    const struct mcd_fingerprint_text weights =
        mcd_fingerprint_show(mcd_fingerprint_add(MCD_FINGERPRINT, draws->q, bytes));
    const struct mcd_fingerprint_text data = mcd_fingerprint_show(mcd_data_fingerprint(d));
    o->seed = s->options.seed;
    int status = mcd_origin_set(s->host, &o->model, s->model->spec, e);
    if (!status)
        status = mcd_origin_set(s->host, &o->weights, weights.text, e);
    if (!status)
        status = mcd_origin_set(s->host, &o->data, data.text, e);
    if (!status)
        status = mcd_origin_set(s->host, &o->backend, s->backend->spec, e);
    return status ? status : mcd_origin_set(s->host, &o->version, PACKAGE_VERSION, e);
}

static int explain(const struct mcd_session *s, const struct mcd_dataset *d,
                   struct mcd_meaning **meaning, struct mcd_error *e)
{
    int64_t rows = d->x.dim[0];
    int status = mcd_meaning_create(s->host, rows, 1, 0, d->truth.data != NULL, meaning, e);
    if (status)
        return status;
    mcd_frame_explain(&s->frame, *meaning);
    if (d->truth.data)
        memcpy((*meaning)->target, d->truth.data, (size_t)rows * sizeof *(*meaning)->target);
    return MCD_OK;
}

/* ---- what is asked for ------------------------------------------------------------------- */

static int read_draws(struct mcd_predictive *p, const struct mcd_session *s, struct mcd_error *e)
{
    const char *path = s->options.weights;
    int status = mcd_draws_parse(s->host, &s->file, path, &p->draws, e);
    if (!status)
        status = mcd_posterior_create(&p->posterior, s->host, &p->draws, e);
    if (status)
        return status;
    if (s->saved.model && strcmp(s->saved.model, s->model->spec) != 0)
        mcd_log(MCD_LOG_WARNING, "%s was trained as %s, used as %s", path, s->saved.model,
                s->model->spec);
    return MCD_OK;
}

static int check(const struct mcd_predictive *p, const struct mcd_session *s,
                 const struct mcd_dataset *d, int64_t passes, const char *keep_samples,
                 struct mcd_error *e)
{
    const struct mcd_model *api = s->model->plugin->api;
    int64_t columns = mcd_array_count(&d->x) / d->x.dim[0];
    int64_t all = (int64_t)p->draws.chains * p->draws.draws;
    if (columns != p->draws.columns)
        return mcd_fail(e, MCD_INVALID, mcd_place_file(d->source).text,
                        "%" PRId64 " values a row: expected %" PRId64
                        ", as the draws were made for",
                        columns, p->draws.columns);
    if (passes > all)
        return mcd_fail(e, MCD_INVALID, "--passes",
                        "%" PRId64 " are more than the %" PRId64 " draws of %s", passes, all,
                        s->options.weights);
    if (keep_samples && !api->path)
        return mcd_fail(e, MCD_INVALID, "--keep-samples",
                        "%s has no random paths of its function to keep", s->model->plugin->name);
    return MCD_OK;
}

/* ---- computing --------------------------------------------------------------------------- */

static int predict(struct mcd_predictive *p, const struct mcd_session *s,
                   const struct mcd_dataset *d, int64_t passes, struct mcd_sample_file *file,
                   struct mcd_error *e)
{
    struct mcd_progress progress;
    const struct mcd_posterior_job job = {
        .fitting = {.host = s->host,
                    .model = s->model,
                    .backend = s->backend,
                    .rows = p->draws.rows,
                    .columns = p->draws.columns,
                    .x = p->draws.x,
                    .y = p->draws.y,
                    .seed = s->options.seed,
                    .dim = p->draws.dim,
                    .names = (const char *const *)p->draws.names,
                    .stop = &mcd_stop,
                    .progress = mcd_progress_step,
                    .progress_arg = &progress},
        .draws = &p->draws,
        .passes = (uint32_t)passes,
        .points = d->x.dim[0],
        .x = d->x.data,
        .meaning = p->partial.meaning,
        .paths = file ? mcd_sample_file_put : NULL,
        .paths_arg = file,
    };
    mcd_progress_start(&progress, "predicting", "draws", 0, 0);
    int status = mcd_posterior_predict(&job, &p->prediction, e);
    mcd_progress_end(&progress);
    return status;
}

static int predict_and_keep(struct mcd_predictive *p, const struct mcd_session *s,
                            const struct mcd_dataset *d, int64_t passes, const char *path,
                            struct mcd_error *e)
{
    struct mcd_sample_file file = {0};
    if (!path)
        return predict(p, s, d, passes, NULL, e);
    int status =
        mcd_sample_file_create(&file, path, MCD_F64, 0, (uint64_t)passes, d->x.dim[0], 1, e);
    if (status)
        return status;
    file.meaning = p->partial.meaning;
    status = predict(p, s, d, passes, &file, e);
    if (!status)
        return mcd_sample_file_finish(&file, (uint64_t)passes, e);
    mcd_sample_file_abort(&file);
    return status;
}

/* The report borrows all of its figures. */
static void fill_report(struct mcd_predictive *p, const struct mcd_range *grid)
{
    struct mcd_report *r = &p->report;
    const struct mcd_posterior_prediction *f = &p->prediction;
    r->host = p->partial.host;
    r->partial = &p->partial;
    r->grid = *grid;
    r->summary.spec = (struct mcd_moments_spec){
        .task = MCD_REGRESS, .rows = f->points, .outputs = 1, .group = 1, .passes = f->passes};
    r->summary.output_mean = f->mean;
    r->summary.output_mcse = f->mean_mcse;
    r->summary.output_std = f->latent_sd;
    r->result = (struct mcd_result){.origin = &p->partial.origin,
                                    .task = MCD_REGRESS,
                                    .rows = f->points,
                                    .outputs = 1,
                                    .summary = &r->summary,
                                    .meaning = p->partial.meaning,
                                    .total_sd = f->sd,
                                    .value_monte_carlo = f->scores,
                                    .posterior = &p->posterior,
                                    .output_sd_mcse = f->latent_sd_mcse,
                                    .total_sd_mcse = f->sd_mcse,
                                    .batches = f->batches};
}

int mcd_predictive_run(struct mcd_predictive *p, struct mcd_session *s, const struct mcd_dataset *d,
                       int64_t passes, const char *keep_samples)
{
    struct mcd_error e = {0};
    p->partial.host = s->host;
    int status = mcd_fitting_check_backend(s->host, &s->recipe, s->model, s->backend, &e);
    if (!status)
        status = read_draws(p, s, &e);
    if (!status && check(p, s, d, passes, keep_samples, &e))
        return mcd_report_option(&e);
    if (!status)
        mcd_posterior_warn(&p->posterior, s->options.weights);
    if (!passes)
        passes = (int64_t)p->draws.chains * p->draws.draws;
    mcd_stop_begin();
    if (!status)
        status = describe(p, s, d, &p->partial.origin, &e);
    if (!status)
        status = explain(s, d, &p->partial.meaning, &e);
    if (!status)
        status = predict_and_keep(p, s, d, passes, keep_samples, &e);
    if (status)
        return mcd_report(&e);
    fill_report(p, &s->options.grid);
    return MCD_EXIT_OK;
}

void mcd_predictive_close(struct mcd_predictive *p)
{
    mcd_posterior_prediction_clear(&p->prediction);
    mcd_posterior_clear(&p->posterior);
    mcd_draws_clear(&p->draws);
    mcd_partial_clear(&p->partial);
    *p = (struct mcd_predictive){0};
}
