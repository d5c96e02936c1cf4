/* Reports of a regression: scores by output. */
#include "core/cli/report.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/cli/band.h"
#include "core/cli/screen.h"

#include <mcdrop/model.h>

#include <math.h>
#include <unistd.h>

/* ---- computing --------------------------------------------------------------------------- */

static int add_noise(struct mcd_report *r, struct mcd_error *e)
{
    const struct mcd_meaning *m = r->result.meaning;
    int64_t values = r->result.rows * r->result.outputs;
    r->total_sd = mcd_host_zalloc(r->host, (size_t)values * sizeof *r->total_sd, e);
    for (int64_t i = 0; r->total_sd && i < values; i++)
        r->total_sd[i] = hypot(m->noise[i % m->outputs], r->summary.output_std[i]);
    r->result.total_sd = r->total_sd;
    return r->total_sd ? MCD_OK : MCD_NOMEM;
}

int mcd_report_judge_values(struct mcd_report *r, struct mcd_error *e)
{
    const struct mcd_meaning *m = r->result.meaning;
    size_t bytes = (size_t)r->result.outputs * sizeof *r->value_average;
    int status = MCD_OK;
    if (m && m->noise && r->result.summary)
        status = add_noise(r, e);
    if (status || !m || !m->target)
        return status;
    if (!(r->value_average = mcd_host_zalloc(r->host, bytes, e)) ||
        !(r->value_monte_carlo = mcd_host_zalloc(r->host, bytes, e)))
        return MCD_NOMEM;
    mcd_value_scores_deterministic(m, r->result.deterministic, r->value_average);
    r->result.value_average = r->value_average;
    if (!r->result.summary)
        return MCD_OK;
    r->result.value_monte_carlo = r->value_monte_carlo;
    return mcd_value_scores_monte_carlo(r->partial->moments, r->value_monte_carlo, e);
}

/* ---- printing ---------------------------------------------------------------------------- */

static const struct mcd_column columns[] = {
    {"output", 0}, {"score", 0}, {"averaging", 5}, {"averaging_test_se", 2},
    {"value", 5},  {"mc_se", 2}, {"test_se", 2},
};

static void add_real(struct mcd_table *t, const double *x)
{
    if (x)
        mcd_table_real(t, *x);
    else
        mcd_table_none(t);
}

static void add_score(const struct mcd_report *r, struct mcd_table *t, int64_t output,
                      enum mcd_value_score_id id)
{
    const struct mcd_value_scores *average = r->result.value_average;
    const struct mcd_value_scores *passes = r->result.value_monte_carlo;
    if (r->result.outputs > 1)
        mcd_table_int(t, output);
    else
        mcd_table_none(t);
    mcd_table_text(t, mcd_value_score_name(id));
    add_real(t, average ? &average[output].score[id].value : NULL);
    add_real(t, average ? &average[output].score[id].test_se : NULL);
    add_real(t, passes ? &passes[output].score[id].value : NULL);
    add_real(t, passes ? &passes[output].score[id].mc_se : NULL);
    add_real(t, passes ? &passes[output].score[id].test_se : NULL);
}

int mcd_report_print_values(const struct mcd_report *r, int all, enum mcd_format format,
                            struct mcd_error *e)
{
    static const enum mcd_value_score_id brief[] = {MCD_RMSE, MCD_LOG_LIKELIHOOD, MCD_CRPS,
                                                    MCD_COVERAGE_95, MCD_WIDTH_95};
    unsigned count = all ? MCD_VALUE_SCORES : sizeof brief / sizeof *brief;
    struct mcd_table *t = mcd_table_create(r->host, columns, sizeof columns / sizeof *columns, e);
    if (!t)
        return MCD_NOMEM;
    for (int64_t k = 0; k < r->result.outputs; k++)
        for (unsigned i = 0; i < count; i++)
            add_score(r, t, k, all ? (enum mcd_value_score_id)i : brief[i]);
    int status = mcd_table_print(t, format, stdout, e);
    mcd_table_destroy(t);
    return status;
}

double mcd_report_grid_input(const struct mcd_report *r, int64_t row)
{
    return r->grid.first + (double)row * r->grid.step;
}

void mcd_report_print_band(const struct mcd_report *r)
{
    if (!isatty(STDOUT_FILENO) || !r->result.summary || r->result.task != MCD_REGRESS ||
        r->result.outputs != 1 || r->grid.count == 0)
        return;
    const struct mcd_band band = {
        .mean = r->summary.output_mean,
        .sd = r->summary.output_std,
        .count = r->result.rows,
        .first = r->grid.first,
        .last = mcd_report_grid_input(r, r->result.rows - 1),
    };
    printf("\nThe mean over the grid, and two standard deviations %s around it\n\n",
           r->result.posterior ? "of the function" : "between passes");
    mcd_band_print(stdout, &band, mcd_screen_columns(STDOUT_FILENO), mcd_screen_has_utf8());
}
