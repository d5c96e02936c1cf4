/* Results as JSON. jansson reports lack of memory at the end of a chain of calls: see put. */
#include "core/result/result.h"

#include "core/base/error.h"
#include "core/base/json.h"

#include <mcdrop/model.h>

#define IN_double(values)         values, NULL
#define IN_int64_t(values)        NULL, values
#define FIGURE(type, name, shape) {#name, shape, 0, IN_##type(s->name)},

size_t mcd_result_figures(const struct mcd_result *r, struct mcd_figure figure[MCD_MAX_FIGURES])
{
    static const struct mcd_summary none;
    const struct mcd_summary *s = r->summary ? r->summary : &none;
    const struct mcd_figure all[MCD_MAX_FIGURES] = {
        {"target", MCD_BY_OUTPUT, 0, r->meaning ? r->meaning->target : NULL, NULL},
        {"deterministic", MCD_BY_OUTPUT, 0, r->deterministic, NULL},
        MCD_OUTPUT_FIGURES(FIGURE){"output_std_mcse", MCD_BY_OUTPUT, 0, r->output_sd_mcse, NULL},
        {"total_std", MCD_BY_OUTPUT, 0, r->total_sd, NULL},
        {"total_std_mcse", MCD_BY_OUTPUT, 0, r->total_sd_mcse, NULL},
        MCD_CLASS_FIGURES(FIGURE)};
    size_t n = 0;
    for (size_t i = 0; i < MCD_MAX_FIGURES; i++)
        if (all[i].real || all[i].whole) {
            figure[n] = all[i];
            figure[n++].width = all[i].shape == MCD_BY_OUTPUT ? r->outputs : 1;
        }
    return n;
}

static json_t *value_at(const struct mcd_figure *f, int64_t i)
{
    return f->real ? mcd_json_real(f->real[i]) : json_integer(f->whole[i]);
}

static json_t *row_values(const struct mcd_figure *f, int64_t row)
{
    json_t *array = json_array();
    int failed = 0;
    for (int64_t k = 0; k < f->width; k++)
        failed |= json_array_append_new(array, value_at(f, row * f->width + k));
    return mcd_json_complete(array, failed);
}

static json_t *all_values(const struct mcd_figure *f, int64_t rows)
{
    json_t *array = json_array();
    int failed = 0;
    for (int64_t row = 0; row < rows && !failed; row++)
        failed |= json_array_append_new(array, f->shape != MCD_BY_ROW ? row_values(f, row)
                                                                      : value_at(f, row));
    return mcd_json_complete(array, failed);
}

static json_t *score_values(const struct mcd_score *score, int passes)
{
    json_t *object = json_object();
    int failed = json_object_set_new(object, "value", mcd_json_real(score->value));
    if (passes)
        failed |= json_object_set_new(object, "mc_se", mcd_json_real(score->mc_se));
    return mcd_json_complete(
        object, failed | json_object_set_new(object, "test_se", mcd_json_real(score->test_se)));
}

static json_t *bin_values(const struct mcd_scores *s)
{
    json_t *array = json_array();
    int failed = 0;
    for (unsigned i = 0; i < MCD_BINS; i++) {
        const struct mcd_bin *b = &s->bin[i];
        json_t *bin = json_object();
        int bad = json_object_set_new(bin, "from", json_real((double)i / MCD_BINS)) |
                  json_object_set_new(bin, "to", json_real((double)(i + 1) / MCD_BINS)) |
                  json_object_set_new(bin, "count", json_integer(b->count)) |
                  json_object_set_new(bin, "confidence", mcd_json_real(b->confidence)) |
                  json_object_set_new(bin, "accuracy", mcd_json_real(b->accuracy));
        failed |= json_array_append_new(array, mcd_json_complete(bin, bad));
    }
    return mcd_json_complete(array, failed);
}

static json_t *score_set(const struct mcd_scores *s, int passes)
{
    json_t *object = json_object();
    int failed = 0;
    for (unsigned i = 0; i < MCD_SCORES; i++)
        failed |=
            json_object_set_new(object, mcd_score_name(i), score_values(&s->score[i], passes));
    return mcd_json_complete(object,
                             failed | json_object_set_new(object, "ece_bins", bin_values(s)));
}

/* Of one output. */
static json_t *value_scores(const struct mcd_value_scores *s, int passes)
{
    json_t *object = json_object(), *pit = json_array();
    int failed = 0;
    for (unsigned i = 0; i < MCD_VALUE_SCORES; i++)
        failed |= json_object_set_new(object, mcd_value_score_name(i),
                                      score_values(&s->score[i], passes));
    for (unsigned i = 0; i < MCD_PIT_BINS; i++)
        failed |= json_array_append_new(pit, json_integer(s->pit[i]));
    return mcd_json_complete(
        object, failed | json_object_set_new(object, "pit", mcd_json_complete(pit, failed)));
}

static json_t *value_score_sets(const struct mcd_value_scores *s, int64_t outputs, int passes)
{
    json_t *array = json_array();
    int failed = 0;
    for (int64_t k = 0; k < outputs; k++)
        failed |= json_array_append_new(array, value_scores(&s[k], passes));
    return mcd_json_complete(array, failed);
}

static json_t *all_scores(const struct mcd_result *r)
{
    json_t *object = json_object();
    int failed = json_object_set_new(object, "rows", json_integer(r->rows));
    if (r->average)
        failed |= json_object_set_new(object, "weight_averaging", score_set(r->average, 0));
    if (r->monte_carlo)
        failed |= json_object_set_new(object, "monte_carlo", score_set(r->monte_carlo, 1));
    if (r->value_average)
        failed |= json_object_set_new(object, "weight_averaging",
                                      value_score_sets(r->value_average, r->outputs, 0));
    if (r->value_monte_carlo)
        failed |= json_object_set_new(object, "monte_carlo",
                                      value_score_sets(r->value_monte_carlo, r->outputs, 1));
    return mcd_json_complete(object, failed);
}

/* tau in the network's units, and by output the noise's standard deviation in the user's. */
static int put_noise(const struct mcd_meaning *m, json_t *object)
{
    json_t *array;
    int failed = 0;
    if (!m || !m->noise)
        return 0;
    array = json_array();
    for (int64_t k = 0; k < m->outputs; k++)
        failed |= json_array_append_new(array, mcd_json_real(m->noise[k]));
    failed |= json_object_set_new(object, "tau", mcd_json_real(mcd_meaning_tau(m)));
    return failed | json_object_set_new(object, "noise_std", mcd_json_complete(array, failed));
}

/* How the result was made; without passes there is no sampler and no seed of theirs. */
static int put_description(const struct mcd_result *r, json_t *object)
{
    const struct mcd_summary *s = r->summary;
    int failed = 0;
#define PUT_TEXT(name, same)                                                                       \
    if (r->origin->name)                                                                           \
        failed |= json_object_set_new(object, #name, json_string(r->origin->name));
    MCD_ORIGIN_TEXTS(PUT_TEXT)
#undef PUT_TEXT
    failed |= json_object_set_new(
        object, "task", json_string(r->task == MCD_CLASSIFY ? "classification" : "regression"));
    failed |= json_object_set_new(object, "rows", json_integer(r->rows));
    failed |= json_object_set_new(object, "outputs", json_integer(r->outputs));
    failed |= put_noise(r->meaning, object);
    if (!s)
        return failed;
    failed |= json_object_set_new(object, "seed", mcd_json_natural(r->origin->seed));
    failed |= json_object_set_new(object, "first_pass", mcd_json_natural(s->spec.first_pass));
    failed |= json_object_set_new(object, "passes", mcd_json_natural(s->spec.passes));
    return failed | json_object_set_new(object, "group", json_integer(s->spec.group));
}

/* The figures of the one output by the names of the field; their errors behind them. */
static json_t *predictive(const struct mcd_result *r)
{
    const struct {
        const char *name;
        const double *value;
    } part[] = {
        {"mean", r->summary->output_mean},
        {"mean_mcse", r->summary->output_mcse},
        {"latent_sd", r->summary->output_std},
        {"latent_sd_mcse", r->output_sd_mcse},
        {"sd", r->total_sd},
        {"sd_mcse", r->total_sd_mcse},
    };
    json_t *o = json_object();
    int failed = json_object_set_new(o, "draws", mcd_json_natural(r->summary->spec.passes)) |
                 json_object_set_new(o, "batches", json_integer(r->batches));
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        const struct mcd_figure figure = {part[i].name, MCD_BY_ROW, 1, part[i].value, NULL};
        failed |= json_object_set_new(o, part[i].name, all_values(&figure, r->rows));
    }
    return mcd_json_complete(o, failed);
}

static int put_posterior(const struct mcd_result *r, json_t *object)
{
    if (!r->posterior)
        return 0;
    int failed = mcd_posterior_put_json(r->posterior, object);
    return r->summary ? failed | json_object_set_new(object, "predictive", predictive(r)) : failed;
}

int mcd_result_json(const struct mcd_result *r, json_t **json, struct mcd_error *e)
{
    struct mcd_figure figure[MCD_MAX_FIGURES];
    size_t figures = mcd_result_figures(r, figure);
    json_t *object = json_object();
    int failed = put_description(r, object);
    for (size_t i = 0; i < figures && !failed; i++)
        failed |= json_object_set_new(object, figure[i].name, all_values(&figure[i], r->rows));
    if (!failed && (r->average || r->monte_carlo || r->value_average || r->value_monte_carlo))
        failed |= json_object_set_new(object, "scores", all_scores(r));
    if (!failed)
        failed |= put_posterior(r, object);
    *json = mcd_json_complete(object, failed);
    return *json ? MCD_OK : mcd_fail(e, MCD_NOMEM, "result", "out of memory for its JSON");
}
