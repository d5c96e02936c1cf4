/* Passes for commands. */
#include "core/cli/passes.h"

#include "core/base/host.h"
#include "core/cli/log.h"
#include "core/cli/noise.h"
#include "core/cli/open.h"
#include "core/cli/progress.h"
#include "core/cli/stop.h"
#include "core/plugin/spec.h"
#include "core/predict/evaluate.h"
#include "core/predict/predict.h"
#include "core/predict/sample_file.h"
#include "core/stats/leaf.h"

#include <inttypes.h>

/* ---- how it was made --------------------------------------------------------------------- */

/* The network's parameters, without the optimiser's state, in the store's order. */
static int weights_fingerprint(const struct mcd_network *n, uint64_t *fingerprint,
                               struct mcd_error *e)
{
    struct mcd_store *store = n->store;
    int status = MCD_OK;
    for (uint32_t i = 0; !status && i < store->count; i++) {
        const struct mcd_entry *entry = &store->entry[i];
        if (strncmp(entry->name, MCD_SLOT_PREFIX, strlen(MCD_SLOT_PREFIX)) == 0)
            continue;
        size_t bytes = (size_t)mcd_shape_count(&entry->tensor.shape) * sizeof(double);
        double *value = mcd_host_zalloc(n->host, bytes, e);
        status = value ? mcd_store_read(store, entry, value, e) : MCD_NOMEM;
        if (!status)
            *fingerprint = mcd_fingerprint_add(*fingerprint, value, bytes);
        n->host->release(n->host, value);
    }
    return status;
}

uint64_t mcd_data_fingerprint(const struct mcd_dataset *d)
{
    size_t x = (size_t)mcd_array_count(&d->x) * mcd_type_size(d->x.type);
    size_t y = d->y.data ? (size_t)mcd_array_count(&d->y) * mcd_type_size(d->y.type) : 0;
    return mcd_fingerprint_add(mcd_fingerprint_add(MCD_FINGERPRINT, d->x.data, x), d->y.data, y);
}

/* The sampler's parameter of that name, "" if it has none. */
static int set_scope(const struct mcd_session *s, struct mcd_origin *origin, struct mcd_error *e)
{
    struct mcd_spec spec;
    const char *scope = "";
    int status = mcd_spec_parse(s->host, s->sampler->spec, &spec, e);
    if (status)
        return status;
    for (uint32_t i = 0; i < spec.count; i++)
        if (strcmp(spec.setting[i].key, "scope") == 0)
            scope = spec.setting[i].value;
    status = mcd_origin_set(s->host, &origin->scope, scope, e);
    mcd_spec_clear(s->host, &spec);
    return status;
}

static int describe(const struct mcd_passes *p, struct mcd_origin *o, struct mcd_error *e)
{
    const struct mcd_session *s = p->session;
    uint64_t weights = MCD_FINGERPRINT;
    o->seed = s->options.seed;
    int status = weights_fingerprint(s->network, &weights, e);
    if (status)
        return status;
    const struct mcd_fingerprint_text weights_text = mcd_fingerprint_show(weights);
    const struct mcd_fingerprint_text data_text =
        mcd_fingerprint_show(mcd_data_fingerprint(p->data));
    struct {
        char **to;
        const char *text;
    } part[] = {
        {&o->model, s->network->model->spec},
        {&o->weights, weights_text.text},
        {&o->data, data_text.text},
        {&o->sampler, s->sampler->spec},
        {&o->backend, s->network->backend->spec},
        {&o->version, PACKAGE_VERSION},
    };
    for (size_t i = 0; !status && i < sizeof part / sizeof *part; i++)
        if (p->passes || part[i].to != &o->sampler)
            status = mcd_origin_set(s->host, part[i].to, part[i].text, e);
    return status || !p->passes ? status : set_scope(s, o, e);
}

/* ---- computing --------------------------------------------------------------------------- */

static int copy_labels(const struct mcd_passes *p, struct mcd_partial *r, struct mcd_error *e)
{
    const struct mcd_array *y = &p->data->y;
    if (!y->data || y->type != MCD_I32)
        return MCD_OK;
    r->labels = mcd_host_zalloc(r->host, (size_t)y->dim[0] * sizeof *r->labels, e);
    for (int64_t i = 0; r->labels && i < y->dim[0]; i++)
        r->labels[i] = ((const int32_t *)y->data)[i];
    return r->labels ? MCD_OK : MCD_NOMEM;
}

static int average(const struct mcd_passes *p, struct mcd_partial *r, struct mcd_error *e)
{
    const struct mcd_network *n = p->session->network;
    int64_t rows = p->data->x.dim[0];
    r->deterministic =
        mcd_host_zalloc(r->host, (size_t)(rows * n->outputs) * sizeof *r->deterministic, e);
    if (!r->deterministic)
        return MCD_NOMEM;
    int status = mcd_average(n, p->data->x.data, rows, r->deterministic, &mcd_stop, e);
    if (!status)
        mcd_meaning_apply(r->meaning, r->deterministic, rows);
    return status;
}

/* Blocks of the core, told as what a user asked for: outputs of one row in one pass. */
struct bar {
    struct mcd_progress progress;
    double samples;
};

static void on_block(void *arg, uint64_t done, uint64_t all)
{
    struct bar *bar = arg;
    mcd_progress_update(&bar->progress, (uint64_t)((double)done / (double)all * bar->samples),
                        NULL);
}

static int predict(const struct mcd_passes *p, struct mcd_sample_file *file, struct mcd_partial *r,
                   struct mcd_error *e)
{
    struct bar bar = {.samples = (double)p->passes * (double)p->data->x.dim[0]};
    struct mcd_predict job = {
        .network = p->session->network,
        .sampler = p->session->sampler,
        .x = p->data->x.data,
        .rows = p->data->x.dim[0],
        .seed = p->session->options.seed,
        .first_pass = p->first_pass,
        .passes = p->passes,
        .until_mcse = p->until_mcse,
        .meaning = r->meaning,
        .keep_pieces = p->keep_pieces,
        .samples = file ? mcd_sample_file_put : NULL,
        .samples_arg = file,
        .stop = &mcd_stop,
        .progress = on_block,
        .progress_arg = &bar,
    };
    mcd_progress_start(&bar.progress, "predicting", "samples", (uint64_t)bar.samples, 0);
    int status = mcd_predict_run(&job, &r->moments, e);
    mcd_progress_end(&bar.progress);
    return status;
}

static int predict_and_keep(const struct mcd_passes *p, struct mcd_partial *r, struct mcd_error *e)
{
    const struct mcd_network *n = p->session->network;
    struct mcd_sample_file file = {0};
    uint64_t done;
    if (!p->keep_samples)
        return predict(p, NULL, r, e);
    int status = mcd_sample_file_create(&file, p->keep_samples, n->store->type, p->first_pass,
                                        p->passes, p->data->x.dim[0], n->outputs, e);
    if (status)
        return status;
    file.meaning = r->meaning;
    status = predict(p, &file, r, e);
    if (!status)
        status = mcd_moments_done(r->moments, &done, e);
    if (!status)
        status = mcd_sample_file_finish(&file, done, e);
    else
        mcd_sample_file_abort(&file);
    return status;
}

/* Whoever asks for a precision wants to know whether it was met. */
static int tell_precision(const struct mcd_passes *p, const struct mcd_partial *r,
                          struct mcd_error *e)
{
    uint64_t done;
    double mcse;
    if (p->until_mcse <= 0)
        return MCD_OK;
    int status = mcd_moments_done(r->moments, &done, e);
    if (!status)
        status = mcd_moments_worst_mcse(r->moments, &mcse, e);
    if (status)
        return status;
    mcd_log(mcse <= p->until_mcse ? MCD_LOG_INFO : MCD_LOG_WARNING,
            "largest standard error %.3g after %" PRIu64 " passes%s", mcse, done,
            mcse <= p->until_mcse ? "" : ", more than was asked for: expected more --passes");
    return MCD_OK;
}

/* Passes that are coupled in blocks give standard errors only where there are several of them. */
static int tell_blocks(const struct mcd_partial *r, struct mcd_error *e)
{
    const struct mcd_moments_spec *spec = &r->moments->spec;
    uint64_t done, groups;
    int status = mcd_moments_done(r->moments, &done, e);
    if (status || spec->group == 1)
        return status;
    groups = mcd_leaf_groups(spec, spec->first_pass, done);
    if (groups < 2)
        mcd_log(MCD_LOG_WARNING,
                "%" PRIu64 " passes hold %" PRIu64 " whole block%s of %" PRIu32
                ": expected --passes %" PRIu32 " or more for standard errors",
                done, groups, groups == 1 ? "" : "s", spec->group, 2 * spec->group);
    return MCD_OK;
}

int mcd_passes_run(const struct mcd_passes *p, struct mcd_partial *r)
{
    struct mcd_error e = {0};
    *r = (struct mcd_partial){.host = p->session->host};
    if (p->passes && mcd_network_check_stochastic(p->session->network, &e))
        return mcd_report_option(&e);
    mcd_stop_begin();
    int status = describe(p, &r->origin, &e);
    if (!status)
        status = copy_labels(p, r, &e);
    if (!status)
        status = mcd_noise_meaning(p->session, p->data, p->tau, &r->meaning, &e);
    if (!status)
        status = average(p, r, &e);
    if (!status && p->passes)
        status = predict_and_keep(p, r, &e);
    if (!status && p->passes)
        status = tell_precision(p, r, &e);
    if (!status && p->passes)
        status = tell_blocks(r, &e);
    return status ? mcd_report(&e) : MCD_EXIT_OK;
}
