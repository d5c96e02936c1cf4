/* The public way to embed mcdrop: one handle around host, network and sampler. */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/io/place.h"
#include "core/network/checkpoint.h"
#include "core/network/frame.h"
#include "core/predict/evaluate.h"
#include "core/predict/predict.h"
#include "core/stats/meaning.h"
#include "core/stats/summary.h"
#include "core/train/checkpoint_meta.h"

#include <math.h>
#include <mcdrop/mcdrop.h>
#include <stddef.h>
#include <string.h>

enum { DEFAULT_PASSES = 1000 };

/* ---- structs of callers that were compiled with another version -------------------------- */

#define END_OF(type, member) (offsetof(type, member) + sizeof(((type *)NULL)->member))

/* What version 1.0 of the interface had: never change, whatever is appended. */
enum {
    OPTIONS_1_0 = END_OF(struct mcd_predictor_options, seed),
    PREDICTION_1_0 = END_OF(struct mcd_prediction, noise_std),
    MOST_BYTES = 4096 /* of any version to come */
};

/*
 * Copies the caller's struct into one of `bytes` here. What an older one lacks is zero; what a
 * newer one has beyond must be zero, which asks for nothing.
 */
static int adopt(void *here, size_t bytes, const void *theirs, size_t least, const char *where,
                 struct mcd_error *error)
{
    uint32_t size;
    memcpy(&size, theirs, sizeof size);
    if (size < least || size > MOST_BYTES)
        return mcd_fail(error, MCD_INVALID, where, "size is %u: expected %zu", size, bytes);
    for (size_t i = bytes; i < size; i++)
        if (((const unsigned char *)theirs)[i])
            return mcd_fail(error, MCD_UNSUPPORTED, where,
                            "byte %zu is not zero: expected nothing beyond byte %zu, where the "
                            "struct of this version (" PACKAGE_VERSION ") ends",
                            i, bytes);
    memset(here, 0, bytes);
    memcpy(here, theirs, size < bytes ? size : bytes);
    return MCD_OK;
}

/* ---- opening ----------------------------------------------------------------------------- */

struct mcd_predictor {
    struct mcd_host *host;
    struct mcd_network *network;
    struct mcd_item *sampler;
    struct mcd_frame frame; /* of a regression that mcdrop trained: the user's units */
    uint64_t passes, seed;
};

static const char *or_default(const char *text, const char *standard)
{
    return text ? text : standard;
}

/* Weights from elsewhere say nothing of units: values are then as the network has them. */
static int read_frame(struct mcd_predictor *p, const struct mcd_safetensors *file, const char *path,
                      struct mcd_error *error)
{
    struct mcd_checkpoint_meta saved = {0};
    if (p->network->recipe.task != MCD_REGRESS)
        return MCD_OK;
    int status = mcd_checkpoint_meta_read(file, path, &saved, error);
    const struct mcd_frame *f = &saved.frame;
    if (!status && f->mean &&
        (f->inputs != mcd_shape_count(&p->network->input) || f->outputs != p->network->outputs))
        status = mcd_fail(error, MCD_INVALID, mcd_place_file(path).text,
                          "was trained on %lld inputs and %lld answers: expected %lld and %lld",
                          (long long)f->inputs, (long long)f->outputs,
                          (long long)mcd_shape_count(&p->network->input),
                          (long long)p->network->outputs);
    if (!status)
        status = mcd_frame_copy(&p->frame, f, error);
    mcd_checkpoint_meta_clear(&saved);
    return status;
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
    if (!status)
        status = read_frame(p, &file, o->weights, error);
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

static int check_options(const struct mcd_predictor_options *o, struct mcd_error *error)
{
    if (!o->model || !o->weights)
        return mcd_fail(error, MCD_INVALID, "mcd_predictor_options",
                        "model and weights must be given");
    if (o->passes > MCD_MAX_PASSES)
        return mcd_fail(error, MCD_INVALID, "mcd_predictor_options",
                        "%llu passes: expected at most %llu", (unsigned long long)o->passes,
                        (unsigned long long)MCD_MAX_PASSES);
    return check_input(&o->input, error);
}

static int open_checked(const struct mcd_predictor_options *o, struct mcd_predictor **predictor,
                        struct mcd_error *error)
{
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
    int status = open_parts(p, o, error);
    if (status)
        mcd_predictor_close(p);
    else
        *predictor = p;
    return status;
}

int mcd_predictor_open(const struct mcd_predictor_options *theirs, struct mcd_predictor **predictor,
                       struct mcd_error *error)
{
    static const char where[] = "mcd_predictor_options";
    struct mcd_predictor_options o;
    *predictor = NULL;
    int status = theirs ? adopt(&o, sizeof o, theirs, OPTIONS_1_0, where, error)
                        : mcd_fail(error, MCD_INVALID, where, "NULL: expected options");
    if (!status)
        status = check_options(&o, error);
    return status ? status : open_checked(&o, predictor, error);
}

void mcd_predictor_close(struct mcd_predictor *p)
{
    if (!p)
        return;
    struct mcd_host *host = p->host;
    mcd_network_close(p->network);
    mcd_item_close(host, p->sampler);
    mcd_frame_clear(&p->frame);
    host->release(host, p);
    mcd_host_destroy(host);
}

int64_t mcd_predictor_outputs(const struct mcd_predictor *p)
{
    return p->network->outputs;
}

/* ---- predicting -------------------------------------------------------------------------- */

/* One call: the caller's struct, and x and answers in the network's units. */
struct request {
    const struct mcd_predictor *p;
    struct mcd_prediction out;
    const float *x;
    int64_t rows;
    float *scaled;               /* x, where the user's units are others */
    struct mcd_meaning *meaning; /* of a regression */
};

#define OR_WANTED(type, name, shape) || out->name

static int wants_classes(const struct mcd_prediction *out)
{
    return 0 MCD_CLASS_FIGURES(OR_WANTED);
}

static int wants_passes(const struct mcd_prediction *out)
{
    return wants_classes(out) MCD_OUTPUT_FIGURES(OR_WANTED);
}

static int check_values(const struct request *r, struct mcd_error *error)
{
    int64_t n = mcd_shape_count(&r->p->network->input);
    for (int64_t i = 0; i < r->rows * n; i++)
        if (!isfinite(r->x[i]))
            return mcd_fail(error, MCD_INVALID, "x",
                            "row %lld, element %lld is not finite: expected a number",
                            (long long)(i / n), (long long)(i % n));
    return MCD_OK;
}

static int check_request(const struct request *r, struct mcd_error *error)
{
    const uint64_t most = (uint64_t)UINT32_MAX + 1; /* rows are addressed by 32 bits */
    if (r->rows < 1 || r->rows > INT32_MAX)
        return mcd_fail(error, MCD_INVALID, "rows", "%lld: expected 1 to 2^31 - 1",
                        (long long)r->rows);
    if (r->out.first_row > most - (uint64_t)r->rows)
        return mcd_fail(error, MCD_INVALID, "first_row",
                        "%llu and %lld rows: expected at most 2^32 together",
                        (unsigned long long)r->out.first_row, (long long)r->rows);
    if (wants_classes(&r->out) && r->p->network->recipe.task != MCD_CLASSIFY)
        return mcd_fail(error, MCD_INVALID, "mcd_prediction",
                        "%s is a regression model: expected only deterministic, output_* and "
                        "noise_std",
                        r->p->network->model->plugin->name);
    if (r->out.noise_std && r->p->network->recipe.task != MCD_REGRESS)
        return mcd_fail(error, MCD_INVALID, "mcd_prediction",
                        "%s is a classifier: expected no noise_std",
                        r->p->network->model->plugin->name);
    return check_values(r, error);
}

/* Inputs and answers of a regression, from the user's units and back. */
static int find_units(struct request *r, struct mcd_error *error)
{
    const struct mcd_frame *f = &r->p->frame;
    const struct mcd_host *host = r->p->host;
    if (!f->mean)
        return MCD_OK;
    int status = mcd_meaning_create(host, r->rows, f->outputs, 0, 0, &r->meaning, error);
    if (status)
        return status;
    mcd_frame_explain(f, r->meaning);
    size_t all = (size_t)(r->rows * f->inputs);
    r->scaled = mcd_host_zalloc(host, all * sizeof *r->scaled, error);
    if (!r->scaled)
        return MCD_NOMEM;
    for (size_t i = 0, k = 0; i < all; i++, k = i % (size_t)f->inputs)
        r->scaled[i] = (float)((r->x[i] - f->mean[k]) / f->sd[k]);
    r->x = r->scaled;
    return MCD_OK;
}

static int run_average(const struct request *r, struct mcd_error *error)
{
    const struct mcd_network *n = r->p->network;
    double *y = r->out.deterministic;
    int status = mcd_average(n, r->x, r->rows, y, NULL, error);
    if (!status)
        mcd_meaning_apply(r->meaning, y, r->rows);
    return status;
}

static void copy_noise(const struct request *r)
{
    const struct mcd_frame *f = &r->p->frame;
    for (int64_t k = 0; r->out.noise_std && k < r->p->network->outputs; k++)
        r->out.noise_std[k] =
            f->tau > 0 ? (f->mean ? f->sd[f->inputs + k] : 1) / sqrt(f->tau) : (double)NAN;
}

static void copy_summary(const struct mcd_summary *s, const struct mcd_prediction *out)
{
    size_t rows = (size_t)s->spec.rows, outputs = (size_t)s->spec.outputs;
#define COPY(type, name, shape)                                                                    \
    if (out->name && s->name)                                                                      \
        memcpy(out->name, s->name, rows *(shape == MCD_BY_OUTPUT ? outputs : 1) * sizeof(type));
    MCD_OUTPUT_FIGURES(COPY)
    MCD_CLASS_FIGURES(COPY)
#undef COPY
}

static int run_passes(const struct request *r, struct mcd_error *error)
{
    const struct mcd_predictor *p = r->p;
    struct mcd_predict predict = {.network = p->network,
                                  .sampler = p->sampler,
                                  .x = r->x,
                                  .rows = r->rows,
                                  .first_row = r->out.first_row,
                                  .seed = p->seed,
                                  .passes = p->passes,
                                  .meaning = r->meaning};
    struct mcd_moments *moments = NULL;
    struct mcd_summary summary = {0};
    int status = mcd_predict_run(&predict, &moments, error);
    if (!status)
        status = mcd_summary_create(&summary, moments, error);
    if (!status)
        copy_summary(&summary, &r->out);
    mcd_summary_clear(&summary);
    mcd_moments_destroy(moments);
    return status;
}

int mcd_predictor_run(struct mcd_predictor *p, const float *x, int64_t rows,
                      const struct mcd_prediction *out, struct mcd_error *error)
{
    struct request r = {.p = p, .x = x, .rows = rows};
    if (!p || !x || !out)
        return mcd_fail(error, MCD_INVALID, "mcd_predictor_run", "%s is NULL",
                        !p   ? "the predictor"
                        : !x ? "x"
                             : "the prediction");
    int status = adopt(&r.out, sizeof r.out, out, PREDICTION_1_0, "mcd_prediction", error);
    if (!status)
        status = check_request(&r, error);
    if (!status)
        status = find_units(&r, error);
    if (!status && r.out.deterministic)
        status = run_average(&r, error);
    if (!status && wants_passes(&r.out))
        status = run_passes(&r, error);
    if (!status)
        copy_noise(&r);
    mcd_meaning_destroy(p->host, r.meaning);
    p->host->release(p->host, r.scaled);
    return status;
}

const char *mcd_version(void)
{
    return PACKAGE_VERSION;
}
