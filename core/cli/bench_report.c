/* Columns, notes, and complaints. */
#include "core/cli/bench_report.h"

#include "core/base/machine.h"
#include "core/cli/log.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum mcd_format mcd_bench_format(struct argp_state *state, const char *arg)
{
    static const char *const names[] = {[MCD_TEXT_FORMAT] = "text",
                                        [MCD_JSON_FORMAT] = "json",
                                        [MCD_CSV_FORMAT] = "csv",
                                        [MCD_MARKDOWN_FORMAT] = "markdown"};
    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], arg) == 0)
            return (enum mcd_format)i;
    argp_error(state, "--format: '%s': expected text, csv, json or markdown", arg);
    return MCD_TEXT_FORMAT;
}

static const struct mcd_column columns[] = {
    {"model", 0},       {"job", 0},          {"rows", 0},          {"backend", 0},
    {"ms", 4},          {"low_quartile", 4}, {"high_quartile", 4}, {"ratio", 4},
    {"ratio_low", 4},   {"ratio_high", 4},   {"gflops", 4},        {"share_of_product", 3},
    {"error_of_1s", 3}, {"peak_mb", 4},      {"disagreement", 2},  {"note", 0},
};

static const struct mcd_column op_columns[] = {
    {"model", 0},
    {"job", 0},
    {"op", 0},
    {"rows", 0},
    {"shape", 0},
    {"backend", 0},
    {"us", 4},
    {"part", 3},
    {"ratio", 4},
    {"ratio_low", 4},
    {"ratio_high", 4},
    {"gflops", 4},
    {"share_of_product", 3},
    {"gb_per_s", 3},
    {"note", 0},
};

static void real(struct mcd_table *t, double x)
{
    if (isfinite(x))
        mcd_table_real(t, x);
    else
        mcd_table_none(t);
}

/* What a reader must know of this backend's numbers, "" for nothing. */
static const char *note(const struct mcd_bench *b, uint32_t model, uint32_t backend, char text[120])
{
    const char *precision = mcd_bench_pair(b, model, backend)->trial.precision;
    const char *first = mcd_bench_pair(b, model, 0)->trial.precision;
    snprintf(text, 120, "%s", "");
    if (model > 0 && !mcd_bench_agrees(b, model, backend))
        snprintf(text, 120, "DISAGREES with %s", b->backend[0]);
    else if (strcmp(precision, first) != 0)
        snprintf(text, 120, "%s: another precision than %s's %s", precision, b->backend[0], first);
    else if (strcmp(precision, "f32") != 0)
        snprintf(text, 120, "%s", precision);
    return text;
}

/* The largest difference that concerns a job. */
static double disagreement(const struct mcd_agreement *a, const char *job)
{
    return strcmp(job, "pass") == 0 ? a->outputs : fmax(a->loss, a->gradient);
}

static void add_ratio(struct mcd_table *t, const struct mcd_bench_figures *f)
{
    real(t, f->ratio);
    real(t, f->low);
    real(t, f->high);
}

static void add_rate(struct mcd_table *t, const struct mcd_bench_figures *f)
{
    real(t, f->rate > 0 ? 1e-9 * f->rate : NAN);
    real(t, f->share);
}

static void add_job(const struct mcd_bench *b, uint32_t model, uint32_t backend, uint32_t job,
                    struct mcd_table *t)
{
    const struct mcd_bench_pair *p = mcd_bench_pair(b, model, backend);
    struct mcd_bench_figures f = mcd_bench_figures(b, model, backend, job);
    char text[120];
    mcd_table_text(t, b->of[model].model);
    mcd_table_text(t, p->timing[job].job);
    mcd_table_int(t, p->timing[job].rows);
    mcd_table_text(t, b->backend[backend]);
    real(t, 1e3 * f.median);
    real(t, 1e3 * f.low_quartile);
    real(t, 1e3 * f.high_quartile);
    add_ratio(t, &f);
    add_rate(t, &f);
    real(t, f.error);
    real(t, 1e-6 * (double)p->peak);
    real(t, model > 0 && backend > 0 ? disagreement(&p->trial.agreement, p->timing[job].job) : NAN);
    mcd_table_text(t, *note(b, model, backend, text) ? text : NULL);
}

/* Seconds of all ops of a job together. */
static double whole(const struct mcd_bench *b, uint32_t model, uint32_t backend, const char *job)
{
    const struct mcd_bench_pair *p = mcd_bench_pair(b, model, backend);
    double sum = 0;
    for (uint32_t j = 0; j < p->jobs; j++)
        if (strcmp(p->timing[j].job, job) == 0)
            sum += mcd_bench_figures(b, model, backend, j).median;
    return sum;
}

static void add_op(const struct mcd_bench *b, uint32_t model, uint32_t backend, uint32_t job,
                   struct mcd_table *t)
{
    const struct mcd_bench_pair *p = mcd_bench_pair(b, model, backend);
    const struct mcd_timing *o = &p->timing[job];
    struct mcd_bench_figures f = mcd_bench_figures(b, model, backend, job);
    char text[120];
    mcd_table_text(t, b->of[model].model);
    mcd_table_text(t, o->job);
    mcd_table_text(t, *o->op ? o->op : NULL);
    mcd_table_int(t, o->rows);
    mcd_table_text(t, *o->shape ? o->shape : NULL);
    mcd_table_text(t, b->backend[backend]);
    real(t, 1e6 * f.median);
    real(t, f.median / whole(b, model, backend, o->job));
    add_ratio(t, &f);
    add_rate(t, &f);
    real(t, o->flop > 0 ? NAN : 1e-9 * o->bytes / f.median);
    mcd_table_text(t, *note(b, model, backend, text) ? text : NULL);
}

/*
 * Job by job, or op by op, so that backends stand below each other; one's plan may be longer than
 * another's.
 */
static void add_jobs(const struct mcd_bench *b, int ops, struct mcd_table *t)
{
    for (uint32_t m = 0; m < b->models; m++) {
        uint32_t most = 0;
        for (uint32_t i = 0; i < b->backends; i++)
            most = mcd_bench_pair(b, m, i)->jobs > most ? mcd_bench_pair(b, m, i)->jobs : most;
        for (uint32_t k = 0; k < most; k++)
            for (uint32_t i = 0; i < b->backends; i++)
                if (k < mcd_bench_pair(b, m, i)->jobs)
                    (ops ? add_op : add_job)(b, m, i, k, t);
    }
}

static void print_heading(const struct mcd_bench *b)
{
    const struct mcd_bench_case *c = &b->of[0];
    printf("%s\n", mcd_machine().text);
    for (uint32_t i = 0; i < b->backends; i++) {
        const struct mcd_bench_trial *t = &mcd_bench_pair(b, 0, i)->trial;
        printf("%s: %s%s%s\n", b->backend[i], *t->library ? t->library : "its own loops",
               *t->device ? ", " : "", t->device);
    }
    printf("%u thread%s, %s clock, %u rounds, seed %" PRIu64 ", %s\n\n", c->threads,
           c->threads == 1 ? "" : "s", mcd_bench_clock(c), b->done, c->seed, c->sampler);
}

static int print_json(const struct mcd_bench *b, struct mcd_error *e)
{
    json_t *json = mcd_bench_json(b);
    int status = json ? mcd_json_print(json, stdout, e)
                      : b->host->fail(e, MCD_NOMEM, "memory", "not enough to write it as JSON");
    json_decref(json);
    return status;
}

int mcd_bench_print(const struct mcd_bench *b, enum mcd_format format, struct mcd_error *e)
{
    int ops = (int)b->of[0].ops;
    if (format == MCD_JSON_FORMAT)
        return print_json(b, e);
    const uint32_t count =
        ops ? sizeof op_columns / sizeof *op_columns : sizeof columns / sizeof *columns;
    struct mcd_table *t = mcd_table_create(b->host, ops ? op_columns : columns, count, e);
    if (!t)
        return MCD_NOMEM;
    add_jobs(b, ops, t);
    if (format != MCD_CSV_FORMAT)
        print_heading(b);
    int status = mcd_table_print(t, format, stdout, e);
    mcd_table_destroy(t);
    return status;
}

uint32_t mcd_bench_complain(const struct mcd_bench *b)
{
    uint32_t count = 0;
    for (uint32_t m = 1; m < b->models; m++)
        for (uint32_t i = 0; i < b->backends; i++) {
            const struct mcd_agreement *a = &mcd_bench_pair(b, m, i)->trial.agreement;
            if (mcd_bench_agrees(b, m, i))
                continue;
            mcd_log(MCD_LOG_WARNING,
                    "%s on %s does not compute what %s does: loss differs by %.2g, gradient by "
                    "%.2g, outputs by %.2g of the largest, %" PRIu64 " of %" PRIu64
                    " units are dropped otherwise",
                    b->of[m].model, b->backend[i], i ? b->backend[0] : "it did before", a->loss,
                    a->gradient, a->outputs, a->masks, a->looked);
            count++;
        }
    return count;
}
