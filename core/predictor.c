/* The public way to embed mcdrop: one handle around host, network and sampler. */
#include "checkpoint.h"
#include "error.h"
#include "evaluate.h"
#include "host.h"
#include "predict.h"
#include "summary.h"

#include <math.h>
#include <mcdrop/mcdrop.h>
#include <string.h>

enum { DEFAULT_PASSES = 1000 };

struct mcd_predictor {
    struct mcd_host *host;
    struct mcd_network *network;
    struct mcd_item *sampler;
    uint64_t passes, seed;
};

static const char *or_default(const char *text, const char *standard)
{
    return text ? text : standard;
}

static int open_parts(struct mcd_predictor *p, const struct mcd_predictor_options *o,
                      struct mcd_error *error)
{
    struct mcd_safetensors file = {0};
    int status = mcd_network_open(p->host, o->model, or_default(o->backend, "reference"), &o->input,
                                  o->seed, &p->network, error);
    if (!status)
        status = mcd_item_open(p->host, MCD_SAMPLER, or_default(o->sampler, "bernoulli"),
                               &p->sampler, error);
    if (!status)
        status = mcd_safetensors_read(o->weights, &file, error);
    if (!status)
        status = mcd_weights_load(p->network, &file, o->weights, 0, error);
    mcd_safetensors_clear(&file);
    return status;
}

/* Each extent is right, and so is their product: a row's bytes, many times over, can be counted. */
static int check_input(const struct mcd_shape *input, struct mcd_error *error)
{
    int64_t all = 1;
    if (input->rank > MCD_MAX_RANK)
        return mcd_fail(error, MCD_INVALID, "mcd_predictor_options",
                        "input has rank %u: expected at most %d", input->rank, MCD_MAX_RANK);
    for (uint32_t i = 0; i < input->rank; i++) {
        if (input->dim[i] < 1 || input->dim[i] > INT32_MAX)
            return mcd_fail(error, MCD_INVALID, "mcd_predictor_options",
                            "input has dimension %lld: expected 1 to 2^31 - 1",
                            (long long)input->dim[i]);
        if ((all *= input->dim[i]) > INT32_MAX)
            return mcd_fail(error, MCD_INVALID, "mcd_predictor_options",
                            "input has too many elements: expected at most 2^31 - 1");
    }
    return MCD_OK;
}

/* The caller's struct may be of an older, shorter version, or say nonsense. */
static int check_options(const struct mcd_predictor_options *o, struct mcd_error *error)
{
    if (!o)
        return mcd_fail(error, MCD_INVALID, "mcd_predictor_options", "NULL: expected options");
    if (o->size != sizeof *o)
        return mcd_fail(error, MCD_INVALID, "mcd_predictor_options", "size is %u: expected %zu",
                        o->size, sizeof *o);
    if (!o->model || !o->weights)
        return mcd_fail(error, MCD_INVALID, "mcd_predictor_options",
                        "model and weights must be given");
    if (o->passes > MCD_MAX_PASSES)
        return mcd_fail(error, MCD_INVALID, "mcd_predictor_options",
                        "%llu passes: expected at most %llu", (unsigned long long)o->passes,
                        (unsigned long long)MCD_MAX_PASSES);
    return check_input(&o->input, error);
}

int mcd_predictor_open(const struct mcd_predictor_options *o, struct mcd_predictor **predictor,
                       struct mcd_error *error)
{
    *predictor = NULL;
    int status = check_options(o, error);
    if (status)
        return status;
    struct mcd_error reason = {0};
    struct mcd_host *host = mcd_host_create(o->threads, NULL, NULL, &reason);
    if (!host)
        return mcd_fail(error, reason.code, reason.where, "%s", reason.text);
    struct mcd_predictor *p = mcd_host_zalloc(host, sizeof *p, error);
    if (!p) {
        mcd_host_destroy(host);
        return MCD_NOMEM;
    }
    p->host = host;
    p->passes = o->passes ? o->passes : DEFAULT_PASSES;
    p->seed = o->seed;
    status = open_parts(p, o, error);
    if (status)
        mcd_predictor_close(p);
    else
        *predictor = p;
    return status;
}

void mcd_predictor_close(struct mcd_predictor *p)
{
    if (!p)
        return;
    struct mcd_host *host = p->host;
    mcd_network_close(p->network);
    mcd_item_close(host, p->sampler);
    host->release(host, p);
    mcd_host_destroy(host);
}

int64_t mcd_predictor_outputs(const struct mcd_predictor *p)
{
    return p->network->outputs;
}

/* ---- predicting -------------------------------------------------------------------------- */

static int wants_classes(const struct mcd_prediction *out)
{
    return out->probability_mean || out->probability_sd || out->probability_mcse ||
           out->predictive_entropy || out->expected_entropy || out->mutual_information ||
           out->variation_ratio || out->votes;
}

static int wants_passes(const struct mcd_prediction *out)
{
    return wants_classes(out) || out->output_mean || out->output_sd || out->output_mcse;
}

static int check_request(const struct mcd_predictor *p, const float *x, int64_t rows,
                         const struct mcd_prediction *out, struct mcd_error *error)
{
    if (!p || !x || !out)
        return mcd_fail(error, MCD_INVALID, "mcd_predictor_run", "%s is NULL",
                        !p   ? "the predictor"
                        : !x ? "x"
                             : "the prediction");
    if (out->size != sizeof *out)
        return mcd_fail(error, MCD_INVALID, "mcd_prediction", "size is %u: expected %zu", out->size,
                        sizeof *out);
    if (rows < 1 || rows > INT32_MAX)
        return mcd_fail(error, MCD_INVALID, "rows", "%lld: expected 1 to 2^31 - 1",
                        (long long)rows);
    if (wants_classes(out) && p->network->recipe.task != MCD_CLASSIFY)
        return mcd_fail(error, MCD_INVALID, "mcd_prediction",
                        "%s is a regression model: expected only average and output_*",
                        p->network->model->plugin->name);
    int64_t n = mcd_shape_count(&p->network->input);
    for (int64_t i = 0; i < rows * n; i++)
        if (!isfinite(x[i]))
            return mcd_fail(error, MCD_INVALID, "x",
                            "row %lld, element %lld is not finite: expected a number",
                            (long long)(i / n), (long long)(i % n));
    return MCD_OK;
}

static void copy(double *to, const double *from, int64_t count)
{
    if (to && from)
        memcpy(to, from, (size_t)count * sizeof *to);
}

static void copy_summary(const struct mcd_summary *s, struct mcd_prediction *out)
{
    int64_t rows = s->spec.rows, all = rows * s->spec.outputs;
    copy(out->output_mean, s->output_mean, all);
    copy(out->output_sd, s->output_sd, all);
    copy(out->output_mcse, s->output_mcse, all);
    copy(out->probability_mean, s->probability_mean, all);
    copy(out->probability_sd, s->probability_sd, all);
    copy(out->probability_mcse, s->probability_mcse, all);
    copy(out->predictive_entropy, s->predictive_entropy, rows);
    copy(out->expected_entropy, s->entropy_mean, rows);
    copy(out->mutual_information, s->mutual_information, rows);
    copy(out->variation_ratio, s->variation_ratio, rows);
    if (out->votes && s->votes)
        memcpy(out->votes, s->votes, (size_t)all * sizeof *out->votes);
}

static int run_passes(struct mcd_predictor *p, const float *x, int64_t rows,
                      struct mcd_prediction *out, struct mcd_error *error)
{
    struct mcd_predict predict = {.network = p->network,
                                  .sampler = p->sampler,
                                  .x = x,
                                  .rows = rows,
                                  .seed = p->seed,
                                  .passes = p->passes};
    struct mcd_moments *moments = NULL;
    struct mcd_summary summary = {0};
    int status = mcd_predict_run(&predict, &moments, error);
    if (!status)
        status = mcd_summary_create(&summary, moments, error);
    if (!status)
        copy_summary(&summary, out);
    mcd_summary_clear(&summary);
    mcd_moments_destroy(moments);
    return status;
}

int mcd_predictor_run(struct mcd_predictor *p, const float *x, int64_t rows,
                      struct mcd_prediction *out, struct mcd_error *error)
{
    int status = check_request(p, x, rows, out, error);
    if (!status && out->average)
        status = mcd_average(p->network, x, rows, out->average, NULL, error);
    if (!status && wants_passes(out))
        status = run_passes(p, x, rows, out, error);
    return status;
}

const char *mcd_version(void)
{
    return PACKAGE_VERSION;
}
