/* From a partial result to figures, and figures into tables. */
#include "core/cli/report.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/cli/open.h"
#include "core/io/file.h"
#include "core/io/place.h"

#include <math.h>
#include <mcdrop/model.h>
#include <mcdrop/moments.h>

#include <stdlib.h>

/* ---- computing --------------------------------------------------------------------------- */

static int average_probability(struct mcd_report *r, struct mcd_error *e)
{
    int64_t rows = r->result.rows, n = r->result.outputs;
    const double *logit = r->partial->deterministic;
    if (r->result.task != MCD_CLASSIFY || !logit)
        return MCD_OK;
    r->average_probability =
        mcd_host_zalloc(r->host, (size_t)(rows * n) * sizeof *r->average_probability, e);
    if (!r->average_probability)
        return MCD_NOMEM;
    for (int64_t i = 0; i < rows; i++)
        mcd_probabilities(logit + i * n, n, r->average_probability + i * n, NULL);
    return MCD_OK;
}

static int score(struct mcd_report *r, struct mcd_error *e)
{
    const int64_t *labels = r->partial->labels;
    int status = MCD_OK;
    if (r->result.task == MCD_REGRESS)
        return mcd_report_judge_values(r, e);
    if (!labels)
        return MCD_OK;
    if (r->average_probability) {
        status = mcd_scores_deterministic(r->host, &r->average, r->average_probability,
                                          r->result.rows, r->result.outputs, labels, e);
        r->result.average = &r->average;
    }
    if (!status && r->result.summary) {
        status = mcd_scores_monte_carlo(&r->monte_carlo, &r->summary, labels, e);
        r->result.monte_carlo = &r->monte_carlo;
    }
    return status;
}

int mcd_report_open(struct mcd_report *r, const struct mcd_partial *partial, uint32_t task,
                    int64_t rows, int64_t outputs)
{
    struct mcd_error e = {0};
    *r = (struct mcd_report){.host = partial->host, .partial = partial};
    r->result = (struct mcd_result){.origin = &partial->origin,
                                    .task = task,
                                    .rows = rows,
                                    .outputs = outputs,
                                    .deterministic = partial->deterministic,
                                    .meaning = partial->meaning};
    int status = MCD_OK;
    if (partial->moments) {
        status = mcd_summary_create(&r->summary, partial->moments, &e);
        r->result.summary = &r->summary;
    }
    if (!status)
        status = average_probability(r, &e);
    if (!status)
        status = score(r, &e);
    return status ? mcd_report(&e) : MCD_EXIT_OK;
}

void mcd_report_clear(struct mcd_report *r)
{
    if (!r->host)
        return;
    mcd_summary_clear(&r->summary);
    r->host->release(r->host, r->average_probability);
    r->host->release(r->host, r->total_sd);
    r->host->release(r->host, r->value_average);
    r->host->release(r->host, r->value_monte_carlo);
    *r = (struct mcd_report){0};
}

/* ---- rows -------------------------------------------------------------------------------- */

static int64_t largest(const double *value, int64_t n)
{
    int64_t best = 0;
    for (int64_t k = 1; k < n; k++)
        if (value[k] > value[best])
            best = k;
    return best;
}

enum { ROW, LABEL, AVERAGE, PREDICTION, PROBABILITY, MCSE, ENTROPY, MUTUAL, RATIO };
static const struct mcd_column class_columns[] = {
    [ROW] = {"row", 0},
    [LABEL] = {"label", 0},
    [AVERAGE] = {"averaging", 0},
    [PREDICTION] = {"prediction", 0},
    [PROBABILITY] = {"probability", 4},
    [MCSE] = {"+-", 2},
    [ENTROPY] = {"entropy", 3},
    [MUTUAL] = {"mutual_information", 3},
    [RATIO] = {"variation_ratio", 3},
};

/* Without passes the prediction is weight averaging's, and nothing has a Monte-Carlo error. */
static void add_class_row(const struct mcd_report *r, struct mcd_table *t, int64_t row)
{
    int64_t n = r->result.outputs, at = row * n;
    const struct mcd_summary *s = r->result.summary;
    const double *average = r->average_probability ? r->average_probability + at : NULL;
    const double *p = s ? s->probability_mean + at : average;
    int64_t best = largest(p, n);
    mcd_table_int(t, row);
    if (r->partial->labels)
        mcd_table_int(t, r->partial->labels[row]);
    else
        mcd_table_none(t);
    if (s && average)
        mcd_table_int(t, largest(average, n));
    else
        mcd_table_none(t);
    mcd_table_int(t, best);
    mcd_table_real(t, p[best]);
    if (!s) {
        mcd_table_none(t);
        mcd_table_real(t, mcd_entropy(p, n));
        mcd_table_none(t);
        mcd_table_none(t);
        return;
    }
    mcd_table_real(t, s->probability_mcse[at + best]);
    mcd_table_real(t, s->predictive_entropy[row]);
    mcd_table_real(t, s->mutual_information[row]);
    mcd_table_real(t, s->variation_ratio[row]);
}

static const struct mcd_column value_columns[] = {
    {"row", 0},  {"x", 8},   {"output", 0}, {"target", 5},   {"averaging", 5},
    {"mean", 5}, {"std", 4}, {"+-", 2},     {"total_std", 4}};

static void add_value_row(const struct mcd_report *r, struct mcd_table *t, int64_t row)
{
    int64_t n = r->result.outputs;
    const struct mcd_summary *s = r->result.summary;
    for (int64_t k = 0; k < n; k++) {
        int64_t at = row * n + k;
        const double *const figure[] = {
            r->result.meaning ? r->result.meaning->target : NULL,
            r->result.deterministic,
            s ? s->output_mean : NULL,
            s ? s->output_std : NULL,
            s ? s->output_mcse : NULL,
            r->result.total_sd,
        };
        mcd_table_int(t, row);
        if (r->grid.count)
            mcd_table_real(t, mcd_report_grid_input(r, row));
        else
            mcd_table_none(t);
        if (n > 1)
            mcd_table_int(t, k);
        else
            mcd_table_none(t);
        for (size_t i = 0; i < sizeof figure / sizeof *figure; i++)
            if (figure[i])
                mcd_table_real(t, figure[i][at]);
            else
                mcd_table_none(t);
    }
}

static int print_rows(const struct mcd_report *r, const int64_t *row, int64_t count,
                      struct mcd_error *e)
{
    int classify = r->result.task == MCD_CLASSIFY;
    struct mcd_table *t = classify
                              ? mcd_table_create(r->host, class_columns,
                                                 sizeof class_columns / sizeof *class_columns, e)
                              : mcd_table_create(r->host, value_columns,
                                                 sizeof value_columns / sizeof *value_columns, e);
    if (!t)
        return MCD_NOMEM;
    for (int64_t i = 0; i < count; i++)
        (classify ? add_class_row : add_value_row)(r, t, row ? row[i] : i);
    int status = mcd_table_print(t, MCD_TEXT_FORMAT, stdout, e);
    mcd_table_destroy(t);
    return status;
}

int mcd_report_print_rows(const struct mcd_report *r, const int64_t *row, int64_t count)
{
    struct mcd_error e = {0};
    return print_rows(r, row, count, &e) ? mcd_report(&e) : MCD_EXIT_OK;
}

/* ---- everything -------------------------------------------------------------------------- */

/* The names of the columns of one row: "row", "x", "label", then NAME or NAME_K of each figure. */
struct names {
    struct mcd_column *column;
    char (*text)[48];
    uint32_t count;
};

static int name_columns(const struct mcd_report *r, const struct mcd_figure *figure, size_t figures,
                        struct names *names, struct mcd_error *e)
{
    size_t room = 3;
    for (size_t i = 0; i < figures; i++)
        room += (size_t)figure[i].width;
    names->column = mcd_host_zalloc(r->host, room * sizeof *names->column, e);
    names->text = mcd_host_zalloc(r->host, room * sizeof *names->text, e);
    if (!names->column || !names->text)
        return MCD_NOMEM;
    snprintf(names->text[names->count++], sizeof *names->text, "row");
    if (r->grid.count)
        snprintf(names->text[names->count++], sizeof *names->text, "x");
    if (r->partial->labels)
        snprintf(names->text[names->count++], sizeof *names->text, "label");
    for (size_t i = 0; i < figures; i++)
        for (int64_t k = 0; k < figure[i].width; k++)
            if (figure[i].shape == MCD_BY_OUTPUT)
                snprintf(names->text[names->count++], sizeof *names->text, "%s_%lld",
                         figure[i].name, (long long)k);
            else
                snprintf(names->text[names->count++], sizeof *names->text, "%s", figure[i].name);
    for (uint32_t i = 0; i < names->count; i++)
        names->column[i].name = names->text[i];
    return MCD_OK;
}

static void add_figures(const struct mcd_figure *figure, size_t figures, struct mcd_table *t,
                        int64_t row)
{
    for (size_t i = 0; i < figures; i++)
        for (int64_t k = 0; k < figure[i].width; k++) {
            int64_t at = row * figure[i].width + k;
            if (figure[i].real)
                mcd_table_real(t, figure[i].real[at]);
            else
                mcd_table_int(t, figure[i].whole[at]);
        }
}

static int print_csv(const struct mcd_report *r, struct mcd_error *e)
{
    struct mcd_figure figure[MCD_MAX_FIGURES];
    size_t figures = mcd_result_figures(&r->result, figure);
    struct names names = {0};
    struct mcd_table *t = NULL;
    int status = name_columns(r, figure, figures, &names, e);
    if (!status && !(t = mcd_table_create(r->host, names.column, names.count, e)))
        status = MCD_NOMEM;
    for (int64_t row = 0; !status && row < r->result.rows; row++) {
        mcd_table_int(t, row);
        if (r->grid.count)
            mcd_table_real(t, mcd_report_grid_input(r, row));
        if (r->partial->labels)
            mcd_table_int(t, r->partial->labels[row]);
        add_figures(figure, figures, t, row);
    }
    if (!status)
        status = mcd_table_print(t, MCD_CSV_FORMAT, stdout, e);
    mcd_table_destroy(t);
    r->host->release(r->host, names.column);
    r->host->release(r->host, names.text);
    return status;
}

static int print_json(const struct mcd_report *r, struct mcd_error *e)
{
    json_t *json;
    int status = mcd_result_json(&r->result, &json, e);
    if (!status)
        status = mcd_json_print(json, stdout, e);
    json_decref(json);
    return status;
}

int mcd_report_print(const struct mcd_report *r, enum mcd_format format)
{
    struct mcd_error e = {0};
    int status;
    if (format == MCD_JSON_FORMAT)
        status = print_json(r, &e);
    else if (format == MCD_CSV_FORMAT)
        status = print_csv(r, &e);
    else
        status = print_rows(r, NULL, r->result.rows, &e);
    return status ? mcd_report(&e) : MCD_EXIT_OK;
}

static int save_json(const json_t *json, struct mcd_output *out, struct mcd_error *e)
{
    struct mcd_error own = {0};
    int status = mcd_json_print(json, out->stream, &own);
    if (!status)
        return mcd_output_commit(out, e);
    status = mcd_fail(e, status, mcd_place_file(out->path).text, "%s", own.text);
    mcd_output_abort(out);
    return status;
}

int mcd_report_save(const struct mcd_report *r, const char *path)
{
    struct mcd_error e = {0};
    struct mcd_output out = {0};
    json_t *json;
    int status = mcd_result_json(&r->result, &json, &e);
    if (!status)
        status = mcd_output_open(&out, path, &e);
    if (!status)
        status = save_json(json, &out, &e);
    json_decref(json);
    return status ? mcd_report(&e) : MCD_EXIT_OK;
}
