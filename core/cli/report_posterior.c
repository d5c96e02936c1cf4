/* Tables and text of a posterior. */
#include "core/cli/report_posterior.h"

#include "core/base/error.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/io/place.h"

#include <math.h>

/* ---- quantities -------------------------------------------------------------------------- */

/* What is known of a quantity without sampling, the first method that says so; NaN: nothing. */
static double exact_of(const struct mcd_draws_file *d, const char *quantity, const char *statistic)
{
    for (uint32_t i = 0; i < d->exacts; i++)
        if (d->exact[i].statistic && strcmp(d->exact[i].statistic, statistic) == 0 &&
            strcmp(d->exact[i].quantity, quantity) == 0)
            return d->exact[i].value;
    return NAN;
}

static void add_known(struct mcd_table *t, double x)
{
    if (isnan(x))
        mcd_table_none(t);
    else
        mcd_table_real(t, x);
}

static int print_quantities(const struct mcd_posterior *p, enum mcd_format format,
                            struct mcd_error *e)
{
    static const struct mcd_column columns[] = {
        {"quantity", 0}, {"mean", 5},       {"mcse_mean", 2}, {"sd", 4},       {"q05", 4},
        {"q50", 4},      {"q95", 4},        {"rhat", 5},      {"ess_bulk", 5}, {"ess_tail", 5},
        {"mcse_sd", 2},  {"exact_mean", 5}, {"exact_sd", 4}};
    const struct mcd_draws_file *d = p->draws;
    struct mcd_table *t = mcd_table_create(p->host, columns, sizeof columns / sizeof *columns, e);
    if (!t)
        return MCD_NOMEM;
    for (uint32_t i = 0; i < d->dim; i++) {
        const struct mcd_diagnosis *q = &p->quantity[i];
        const double value[] = {q->mean,        q->mcse_mean,       q->sd,
                                q->quantile[0], q->quantile[1],     q->quantile[2],
                                q->rhat,        round(q->ess_bulk), round(q->ess_tail),
                                q->mcse_sd};
        mcd_table_text(t, d->names[i]);
        for (size_t k = 0; k < sizeof value / sizeof *value; k++)
            add_known(t, value[k]);
        add_known(t, exact_of(d, d->names[i], "mean"));
        add_known(t, exact_of(d, d->names[i], "sd"));
    }
    int status = mcd_table_print(t, format, stdout, e);
    mcd_table_destroy(t);
    return status;
}

/* ---- chains ------------------------------------------------------------------------------ */

static int print_chains(const struct mcd_posterior *p, struct mcd_error *e)
{
    static const struct mcd_column columns[] = {
        {"chain", 0}, {"mean_log_posterior", 6}, {"accept", 3},          {"ebfmi", 3},
        {"steps", 0}, {"divergences", 0},        {"depth_saturated", 0}, {"trapped", 0}};
    if (!p->chain)
        return MCD_OK;
    struct mcd_table *t = mcd_table_create(p->host, columns, sizeof columns / sizeof *columns, e);
    if (!t)
        return MCD_NOMEM;
    for (uint32_t c = 0; c < p->draws->chains; c++) {
        const struct mcd_chain_health *h = &p->chain[c];
        mcd_table_int(t, c + 1);
        mcd_table_real(t, h->log_density);
        mcd_table_real(t, h->accept);
        mcd_table_real(t, h->bfmi);
        mcd_table_int(t, (int64_t)h->steps);
        mcd_table_int(t, h->divergent);
        mcd_table_int(t, h->saturated);
        mcd_table_text(t, h->trapped ? "yes" : "no");
    }
    putchar('\n');
    int status = mcd_table_print(t, MCD_TEXT_FORMAT, stdout, e);
    mcd_table_destroy(t);
    return status;
}

/* ---- exact values ------------------------------------------------------------------------ */

/* "leave_one_out" as people write it. */
static void print_name(const char *name)
{
    for (; *name; name++)
        putchar(*name == '_' ? ' ' : *name);
}

/* A line for each method, without what stands in the table. */
static void print_exact(const struct mcd_draws_file *d)
{
    const char *method = "";
    for (uint32_t i = 0; i < d->exacts; i++) {
        const struct mcd_exact *x = &d->exact[i];
        const char *s = x->statistic;
        if (s && (strcmp(s, "mean") == 0 || strcmp(s, "sd") == 0))
            continue;
        if (strcmp(method, x->method)) {
            putchar('\n');
            print_name(x->method);
            putchar(':');
        } else {
            putchar(',');
        }
        method = x->method;
        putchar(' ');
        print_name(x->quantity);
        if (s && strcmp(s, "value"))
            printf(" %s", s);
        printf(" %.6g", x->value);
    }
    if (*method)
        putchar('\n');
}

/* ---- all --------------------------------------------------------------------------------- */

int mcd_posterior_print(const struct mcd_posterior *p, enum mcd_format format)
{
    struct mcd_error e = {0};
    int status = print_quantities(p, format, &e);
    if (!status && format == MCD_TEXT_FORMAT)
        status = print_chains(p, &e);
    if (status)
        return mcd_report(&e);
    if (format == MCD_TEXT_FORMAT) {
        print_exact(p->draws);
        printf("\nverdict: %s\n", p->verdict);
    }
    return MCD_EXIT_OK;
}

int mcd_posterior_print_json(const struct mcd_posterior *p, const char *weights, double seconds)
{
    struct mcd_error e = {0};
    json_t *json = json_pack("{s:s, s:I, s:f}", "weights", weights, "rows",
                             (json_int_t)p->draws->rows, "seconds", seconds);
    int status = !json || mcd_posterior_put_json(p, json)
                     ? mcd_fail(&e, MCD_NOMEM, "result", "out of memory for its JSON")
                     : mcd_json_print(json, stdout, &e);
    json_decref(json);
    return status ? mcd_report(&e) : MCD_EXIT_OK;
}

void mcd_posterior_warn(const struct mcd_posterior *p, const char *weights)
{
    if (!p->good)
        mcd_log(MCD_LOG_WARNING, "%s: bad verdict: %s", mcd_place_file(weights).text, p->verdict);
}
