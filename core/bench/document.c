/* A benchmark as JSON: what it ran on, how it was asked for, every job with every sample. */
#include "core/bench/bench.h"

#include "core/base/json.h"
#include "core/base/machine.h"
#include "core/bench/bench_file.h"
#include "core/io/json_shown.h"

#include <string.h>
#include <time.h>

static json_t *numbers(const double *x, size_t n)
{
    json_t *list = json_array();
    int failed = !list;
    for (size_t i = 0; i < n; i++)
        failed |= json_array_append_new(list, mcd_json_real(x[i])) != 0;
    return mcd_json_complete(list, failed);
}

static int add(json_t *o, const char *key, json_t *value)
{
    return json_object_set_new(o, key, value) != 0;
}

static int add_figures(json_t *o, const struct mcd_bench_figures *f)
{
    int failed = add(o, "median", mcd_json_real(f->median));
    failed |= add(o, "low_quartile", mcd_json_real(f->low_quartile));
    failed |= add(o, "high_quartile", mcd_json_real(f->high_quartile));
    failed |= add(o, "ratio", mcd_json_real(f->ratio));
    failed |= add(o, "ratio_low", mcd_json_real(f->low));
    failed |= add(o, "ratio_high", mcd_json_real(f->high));
    failed |= add(o, "flop_per_second", mcd_json_real(f->rate));
    failed |= add(o, "share_of_product", mcd_json_real(f->share));
    return failed | add(o, "error_of_one_second", mcd_json_real(f->error));
}

static int add_agreement(json_t *o, const struct mcd_agreement *a, int agrees)
{
    json_t *g = json_object();
    int failed = add(g, "loss", mcd_json_real(a->loss));
    failed |= add(g, "gradient", mcd_json_real(a->gradient));
    failed |= add(g, "outputs", mcd_json_real(a->outputs));
    failed |= add(g, "masks_that_differ", mcd_json_natural(a->masks));
    failed |= add(g, "masks", mcd_json_natural(a->looked));
    failed |= add(g, "agrees", json_boolean(agrees));
    return failed | add(o, "disagreement", g);
}

static json_t *job(const struct mcd_bench *b, uint32_t model, uint32_t backend, uint32_t i)
{
    const struct mcd_bench_pair *p = mcd_bench_pair(b, model, backend);
    const struct mcd_timing *t = &p->timing[i];
    struct mcd_bench_figures f = mcd_bench_figures(b, model, backend, i);
    json_t *o = json_object();
    int failed = add(o, "model", mcd_json_shown(b->of[model].model));
    failed |= add(o, "backend", mcd_json_shown(p->trial.spec));
    failed |= add(o, "precision", json_string(p->trial.precision));
    failed |= add(o, "job", json_string(t->job));
    failed |= add(o, "op", json_string(t->op));
    failed |= add(o, "shape", json_string(t->shape));
    failed |= add(o, "rows", json_integer(t->rows));
    failed |= add(o, "flop", mcd_json_real(t->flop));
    failed |= add(o, "bytes", mcd_json_real(t->bytes));
    failed |= add(o, "peak_bytes", mcd_json_natural(p->peak));
    failed |= add_figures(o, &f);
    if (model > 0)
        failed |= add_agreement(o, &p->trial.agreement, mcd_bench_agrees(b, model, backend));
    failed |= add(o, "seconds", numbers(p->seconds + (size_t)i * b->rounds, b->done));
    failed |= add(o, "yardstick", numbers(p->yardstick + (size_t)i * b->rounds, b->done));
    return mcd_json_complete(o, failed);
}

static json_t *jobs(const struct mcd_bench *b)
{
    json_t *list = json_array();
    int failed = !list;
    for (uint32_t m = 0; m < b->models; m++)
        for (uint32_t i = 0; i < b->backends; i++)
            for (uint32_t j = 0; j < mcd_bench_pair(b, m, i)->jobs; j++)
                failed |= json_array_append_new(list, job(b, m, i, j)) != 0;
    return mcd_json_complete(list, failed);
}

static json_t *backends(const struct mcd_bench *b)
{
    json_t *list = json_array();
    int failed = !list;
    for (uint32_t i = 0; i < b->backends; i++) {
        const struct mcd_bench_trial *t = &mcd_bench_pair(b, 0, i)->trial;
        json_t *o = json_object();
        failed |= add(o, "backend", mcd_json_shown(t->spec));
        failed |= add(o, "precision", json_string(t->precision));
        failed |= add(o, "device", mcd_json_shown(t->device));
        failed |= add(o, "library", mcd_json_shown(t->library));
        failed |= json_array_append_new(list, o) != 0;
    }
    return mcd_json_complete(list, failed);
}

const char *mcd_bench_clock(const struct mcd_bench_case *c)
{
    return c->clock == CLOCK_PROCESS_CPUTIME_ID ? "cpu" : "wall";
}

json_t *mcd_bench_json(const struct mcd_bench *b)
{
    const struct mcd_bench_case *c = &b->of[0];
    time_t now = time(NULL);
    struct tm utc;
    char date[32] = "";
    if (gmtime_r(&now, &utc))
        strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &utc);
    json_t *o = json_object();
    int failed = add(o, MCD_BENCH_FORM, json_integer(1));
    failed |= add(o, "mcdrop", json_string(PACKAGE_VERSION));
    failed |= add(o, "compiler", json_string(__VERSION__));
    failed |= add(o, "machine", json_string(mcd_machine().text));
    failed |= add(o, "date", json_string(date));
    failed |= add(o, "clock", json_string(mcd_bench_clock(c)));
    failed |= add(o, "threads", json_integer(c->threads));
    failed |= add(o, "sampler", mcd_json_shown(c->sampler));
    failed |= add(o, "seed", mcd_json_natural(c->seed));
    failed |= add(o, "measurement_seconds", mcd_json_real(c->seconds));
    failed |= add(o, "rounds", json_integer(b->done));
    failed |= add(o, "backends", backends(b));
    failed |= add(o, "jobs", jobs(b));
    return mcd_json_complete(o, failed);
}
