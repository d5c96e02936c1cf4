/* Savings as a table with sentences, or as JSON. */
#include "core/cli/savings_report.h"

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/bench/savings_verdict.h"
#include "core/cli/open.h"
#include "core/io/json_shown.h"
#include "core/io/place.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct mcd_column columns[] = {
    {"sampler", 0},       {"estimate", 0},   {"variance", 3},      {"saving", 3},
    {"saving_se", 2},     {"cost", 3},       {"cost_se", 2},       {"per_second", 3},
    {"per_second_se", 2}, {"mcse_ratio", 3}, {"mcse_ratio_se", 2},
};

static void add_ratio(struct mcd_table *t, struct mcd_ratio r)
{
    mcd_table_real(t, r.value);
    mcd_table_real(t, r.error);
}

static int make_table(const struct mcd_savings_report *r, struct mcd_table **table,
                      struct mcd_error *e)
{
    int estimates = mcd_estimate_count(r->session->network);
    struct mcd_table *t =
        mcd_table_create(r->session->host, columns, sizeof columns / sizeof *columns, e);
    for (uint32_t i = 0; t && i < r->samplers; i++)
        for (int k = 0; k < estimates; k++) {
            const struct mcd_saving *s = &r->savings[i].of[k];
            mcd_table_text(t, r->name[i]);
            mcd_table_text(t, mcd_estimate_name((enum mcd_estimate)k));
            mcd_table_real(t, s->variance);
            add_ratio(t, s->pass);
            add_ratio(t, r->savings[i].cost);
            add_ratio(t, s->second);
            add_ratio(t, s->mcse_ratio);
        }
    *table = t;
    return t ? MCD_OK : MCD_NOMEM;
}

/* "mlp: 12 rows of X.npy, 32 replications of 128 passes, seed 1, openblas" */
static void print_heading(const struct mcd_savings_report *r)
{
    const struct mcd_session *s = r->session;
    printf("%s: %" PRId64 " row%s of %s, %" PRIu32 " replications of %" PRId64
           " passes, seed %" PRIu64 ", %s\n\n",
           s->model->plugin->name, r->rows, r->rows == 1 ? "" : "s",
           mcd_place_file(s->data_name).text, r->replications, r->passes, s->options.seed,
           s->backend->spec);
}

/* The sentence about an estimate, to be freed; NULL for lack of memory. */
static char *sentence(const struct mcd_savings_report *r, int estimate)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (!f)
        return NULL;
    mcd_savings_tell(r->savings, r->name, r->samplers, (enum mcd_estimate)estimate, f);
    int failed = ferror(f);
    if (fclose(f) == 0 && !failed)
        return text;
    free(text);
    return NULL;
}

static json_t *specs_json(const struct mcd_savings_report *r)
{
    json_t *array = json_array();
    int failed = 0;
    for (uint32_t i = 0; i < r->samplers; i++)
        failed |= json_array_append_new(array, mcd_json_shown(r->sampler[i]->spec));
    return mcd_json_complete(array, failed);
}

static json_t *verdict_json(const struct mcd_savings_report *r)
{
    json_t *array = json_array();
    int failed = 0;
    for (int k = 0; k < mcd_estimate_count(r->session->network); k++) {
        char *text = sentence(r, k);
        failed |= json_array_append_new(array, text ? mcd_json_shown(text) : NULL);
        free(text);
    }
    return mcd_json_complete(array, failed);
}

static int print_json(const struct mcd_savings_report *r, const struct mcd_table *table,
                      struct mcd_error *e)
{
    const struct mcd_session *s = r->session;
    json_t *savings;
    int status = mcd_table_json(table, &savings, e);
    if (status)
        return status;
    json_t *json = json_object();
    int failed = json_object_set_new(json, "savings", savings);
    failed |= json_object_set_new(json, "model", mcd_json_shown(s->network->model->spec));
    failed |= json_object_set_new(json, "data", mcd_json_shown(mcd_place_file(s->data_name).text));
    failed |= json_object_set_new(json, "backend", mcd_json_shown(s->backend->spec));
    failed |= json_object_set_new(json, "samplers", specs_json(r));
    failed |= json_object_set_new(json, "rows", json_integer(r->rows));
    failed |= json_object_set_new(json, "passes", json_integer(r->passes));
    failed |= json_object_set_new(json, "replications", json_integer(r->replications));
    failed |= json_object_set_new(json, "seed", mcd_json_natural(s->options.seed));
    failed |= json_object_set_new(json, "verdict", verdict_json(r));
    json = mcd_json_complete(json, failed);
    status = json ? mcd_json_print(json, stdout, e)
                  : mcd_fail(e, MCD_NOMEM, "memory", "not enough to write it as JSON");
    json_decref(json);
    return status;
}

static int print_text(const struct mcd_savings_report *r, const struct mcd_table *table,
                      struct mcd_error *e)
{
    print_heading(r);
    int status = mcd_table_print(table, MCD_TEXT_FORMAT, stdout, e);
    putchar('\n');
    for (int k = 0; !status && k < mcd_estimate_count(r->session->network); k++) {
        mcd_savings_tell(r->savings, r->name, r->samplers, (enum mcd_estimate)k, stdout);
        putchar('\n');
    }
    return status;
}

int mcd_savings_print(const struct mcd_savings_report *r, enum mcd_format format)
{
    struct mcd_error e = {0};
    struct mcd_table *table;
    int status = make_table(r, &table, &e);
    if (!status)
        status = format == MCD_JSON_FORMAT   ? print_json(r, table, &e)
                 : format == MCD_TEXT_FORMAT ? print_text(r, table, &e)
                                             : mcd_table_print(table, format, stdout, &e);
    mcd_table_destroy(table);
    return status ? mcd_report(&e) : MCD_EXIT_OK;
}
