/* Reports about a whole data set: scores, and the rows that stand out. */
#include "core/cli/report.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/cli/open.h"

#include <mcdrop/model.h>

#include <stdlib.h>

/* ---- scores ------------------------------------------------------------------------------ */

enum { SCORE, AVERAGE, AVERAGE_SE, VALUE, MC_SE, TEST_SE };
static const struct mcd_column columns[] = {
    [SCORE] = {"score", 0}, [AVERAGE] = {"averaging", 5}, [AVERAGE_SE] = {"averaging_test_se", 2},
    [VALUE] = {"value", 5}, [MC_SE] = {"mc_se", 2},       [TEST_SE] = {"test_se", 2},
};

static void add_score(const struct mcd_report *r, struct mcd_table *t, enum mcd_score_id id)
{
    const struct mcd_scores *average = r->result.average, *passes = r->result.monte_carlo;
    mcd_table_text(t, mcd_score_name(id));
    mcd_table_real(t, average->score[id].value);
    mcd_table_real(t, average->score[id].test_se);
    if (passes) {
        mcd_table_real(t, passes->score[id].value);
        mcd_table_real(t, passes->score[id].mc_se);
        mcd_table_real(t, passes->score[id].test_se);
        return;
    }
    for (int i = 0; i < 3; i++)
        mcd_table_none(t);
}

/* The document without the figures of single rows. */
static int print_json(const struct mcd_report *r, struct mcd_error *e)
{
    struct mcd_figure figure[MCD_MAX_FIGURES];
    size_t figures = mcd_result_figures(&r->result, figure);
    json_t *json;
    int status = mcd_result_json(&r->result, &json, e);
    for (size_t i = 0; !status && i < figures; i++)
        json_object_del(json, figure[i].name);
    if (!status)
        json_object_del(json, "predictive");
    if (!status)
        status = mcd_json_print(json, stdout, e);
    json_decref(json);
    return status;
}

static int print_table(const struct mcd_report *r, const enum mcd_score_id *id, int count,
                       enum mcd_format format, struct mcd_error *e)
{
    struct mcd_table *t = mcd_table_create(r->host, columns, sizeof columns / sizeof *columns, e);
    if (!t)
        return MCD_NOMEM;
    for (int i = 0; i < count; i++)
        add_score(r, t, id ? id[i] : (enum mcd_score_id)i);
    int status = mcd_table_print(t, format, stdout, e);
    mcd_table_destroy(t);
    return status;
}

int mcd_report_print_scores(const struct mcd_report *r, enum mcd_format format)
{
    struct mcd_error e = {0};
    int status;
    if (format == MCD_JSON_FORMAT)
        status = print_json(r, &e);
    else if (r->result.task == MCD_REGRESS)
        status = mcd_report_print_values(r, 1, format, &e);
    else
        status = print_table(r, NULL, MCD_SCORES, format, &e);
    return status ? mcd_report(&e) : MCD_EXIT_OK;
}

int mcd_report_print_brief(const struct mcd_report *r)
{
    static const enum mcd_score_id brief[] = {MCD_ERRORS, MCD_NLL, MCD_ECE, MCD_AUROC,
                                              MCD_WITHOUT_10};
    struct mcd_error e = {0};
    int status = r->result.task == MCD_REGRESS
                     ? mcd_report_print_values(r, 0, MCD_TEXT_FORMAT, &e)
                     : print_table(r, brief, sizeof brief / sizeof *brief, MCD_TEXT_FORMAT, &e);
    return status ? mcd_report(&e) : MCD_EXIT_OK;
}

/* ---- rows that stand out ----------------------------------------------------------------- */

struct ranked {
    double uncertainty;
    int64_t row;
};

static int by_uncertainty(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->uncertainty != y->uncertainty)
        return x->uncertainty < y->uncertainty ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Weight averaging alone has no mean probability: its own stands in. */
static double uncertainty_of(const struct mcd_report *r, int64_t row)
{
    if (r->result.task == MCD_REGRESS)
        return r->result.summary ? r->summary.output_std[row * r->result.outputs] : 0;
    if (r->result.summary)
        return r->summary.predictive_entropy[row];
    return mcd_entropy(r->average_probability + row * r->result.outputs, r->result.outputs);
}

int mcd_report_print_extremes(const struct mcd_report *r, int most_certain, int64_t count)
{
    struct mcd_error e = {0};
    int64_t rows = r->result.rows, n = count < rows ? count : rows;
    struct ranked *rank = mcd_host_zalloc(r->host, (size_t)rows * sizeof *rank, &e);
    int64_t *row = mcd_host_zalloc(r->host, (size_t)n * sizeof *row, &e);
    for (int64_t i = 0; rank && i < rows; i++)
        rank[i] = (struct ranked){uncertainty_of(r, i), i};
    if (rank && row) {
        qsort(rank, (size_t)rows, sizeof *rank, by_uncertainty);
        for (int64_t i = 0; i < n; i++)
            row[i] = rank[most_certain ? i : rows - 1 - i].row;
    }
    int status = e.code ? mcd_report(&e) : mcd_report_print_rows(r, row, n);
    r->host->release(r->host, rank);
    r->host->release(r->host, row);
    return status;
}
