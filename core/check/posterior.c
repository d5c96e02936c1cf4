/*
 * Models that bring a posterior of their own: that fit gives the same draws again, and what draw
 * says.
 */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/check/recorders.h"
#include "core/network/fitting.h"
#include "core/network/network.h"
#include "core/train/sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 8, POINTS = 5, PASSES = 6 };

/* A model on a few rows of a smooth function. */
struct study {
    struct mcd_checking *c;
    struct mcd_host *host;
    struct mcd_item *model, *backend;
    struct mcd_fitting fitting;
    double x[ROWS], y[ROWS];
};

/* Evenly spaced, in the units that the core brings values to, with noise that no two have alike. */
static void make_rows(struct study *s)
{
    for (int i = 0; i < ROWS; i++) {
        s->x[i] = -1.6 + 3.2 * i / (ROWS - 1);
        s->y[i] = 1.3 * sin(2 * s->x[i]) + 0.1 * cos(37.0 * i);
    }
    s->fitting = (struct mcd_fitting){.host = s->host,
                                      .model = s->model,
                                      .backend = s->backend,
                                      .rows = ROWS,
                                      .columns = 1,
                                      .x = s->x,
                                      .y = s->y,
                                      .seed = s->c->seed};
}

static int open_model(struct study *s, struct mcd_error *e)
{
    struct mcd_recipe recipe;
    int status = mcd_item_open(s->host, MCD_MODEL, s->c->spec, &s->model, e);
    if (!status)
        status = mcd_item_open(s->host, MCD_BACKEND, "reference", &s->backend, e);
    if (!status && !mcd_model_has_fit(s->model)) {
        mcd_check_skip(s->c, "it is a network: it has no posterior of its own");
        return -1;
    }
    if (!status)
        status = mcd_model_recipe(s->model, &recipe, e);
    if (!status)
        status = mcd_fitting_check_backend(s->host, &recipe, s->model, s->backend, e);
    return status;
}

/* -1 with the reason told: skipped or failed. Closed in any case. */
static int study_open(struct study *s, struct mcd_checking *c, uint32_t threads)
{
    struct mcd_error e = {0};
    *s = (struct study){.c = c, .host = mcd_host_create(threads, NULL, NULL, &e)};
    int status = s->host ? open_model(s, &e) : MCD_NOMEM;
    if (status > 0)
        return mcd_check_status(c, "create", status, &e);
    make_rows(s);
    return status;
}

static void study_close(struct study *s)
{
    mcd_item_close(s->host, s->model);
    mcd_item_close(s->host, s->backend);
    mcd_host_destroy(s->host);
}

static int fit(struct study *s, struct mcd_draws_file *d)
{
    struct mcd_error e = {0};
    int status = mcd_sample_run(&s->fitting, d, &e);
    if (!status)
        status = mcd_sample_exact(&s->fitting, d, &e);
    if (!status)
        mcd_check_looked(s->c, (uint64_t)d->chains * d->draws);
    return mcd_check_status(s->c, "fit", status, &e);
}

/* ---- fit ------------------------------------------------------------------------------------- */

/* Fits again on a host of its own. */
static int fit_again(struct mcd_checking *c, uint32_t threads, const struct mcd_draws_file *first)
{
    static const char expected[] = "the same draws again, on any number of threads";
    struct study s;
    struct mcd_draws_file d = {0};
    int status = study_open(&s, c, threads);
    if (!status)
        status = fit(&s, &d);
    size_t n = (size_t)first->chains * first->draws * first->dim;
    if (!status && (d.chains != first->chains || d.draws != first->draws || d.dim != first->dim))
        status = mcd_check_fail(c, "fit", expected,
                                "%u chains of %u draws of %u quantities, then %u of %u of %u",
                                first->chains, first->draws, first->dim, d.chains, d.draws, d.dim);
    for (size_t i = 0; !status && i < n; i++)
        if (memcmp(&d.q[i], &first->q[i], sizeof *d.q) != 0)
            status =
                mcd_check_fail(c, "fit", expected, "draw %zu: %s is %.17g, and %.17g on %u threads",
                               i / d.dim, d.names[i % d.dim], first->q[i], d.q[i], threads);
    mcd_draws_clear(&d);
    study_close(&s);
    return status;
}

void mcd_check_fit(struct mcd_checking *c)
{
    struct study s;
    struct mcd_draws_file first = {0};
    if (!study_open(&s, c, 1) && !fit(&s, &first))
        fit_again(c, 3, &first);
    mcd_draws_clear(&first);
    study_close(&s);
}

/* ---- draw ------------------------------------------------------------------------------------ */

/* What some draws predict, everything NaN before. */
struct answer {
    double mean[PASSES * POINTS], variance[PASSES * POINTS], noise[PASSES], path[PASSES * POINTS];
};

static const double points[POINTS] = {-2.5, -1.6, 0, 0.31, 4};

static int ask(const struct study *s, const double *q, uint64_t first, uint32_t passes,
               struct answer *a, struct mcd_error *e)
{
    const struct mcd_model *api = s->model->plugin->api;
    struct mcd_fitting_call call;
    void *self = s->model->self;
    memset(a, 0xFF, sizeof *a);
    mcd_fitting_begin(&call, &s->fitting);
    int status =
        api->draw(self, &call.data, POINTS, points, passes, q, a->mean, a->variance, a->noise, e);
    if (!status && api->path)
        status = api->path(self, &call.data, POINTS, points, first, passes, q, a->path, e);
    return mcd_item_status(s->model, status, e);
}

static int judge(const struct study *s, const struct answer *a)
{
    const struct mcd_model *api = s->model->plugin->api;
    for (int i = 0; i < PASSES * POINTS; i++) {
        int pass = i / POINTS, point = i % POINTS;
        if (!isfinite(a->mean[i]))
            return mcd_check_fail(s->c, "draw", "a finite mean", "draw %d, x = %g: %g", pass,
                                  points[point], a->mean[i]);
        if (!isfinite(a->variance[i]) || a->variance[i] < 0)
            return mcd_check_fail(s->c, "draw", "a finite variance of 0 or more",
                                  "draw %d, x = %g: %g", pass, points[point], a->variance[i]);
        if (!isfinite(a->noise[pass]) || a->noise[pass] < 0)
            return mcd_check_fail(s->c, "draw", "a finite noise of 0 or more", "draw %d: %g", pass,
                                  a->noise[pass]);
        if (api->path && !isfinite(a->path[i]))
            return mcd_check_fail(s->c, "path", "a finite value", "pass %d, x = %g: %g", pass,
                                  points[point], a->path[i]);
    }
    return 0;
}

static int differs(const double *a, const double *b, size_t n)
{
    return memcmp(a, b, n * sizeof *a) != 0;
}

/* Some passes asked for by themselves are those of the whole. */
static int check_part(const struct study *s, const double *q, const struct answer *whole)
{
    enum { FIRST = 2, COUNT = 3 };
    static const char expected[] = "the same answers for a pass whichever it is asked for with";
    const struct mcd_model *api = s->model->plugin->api;
    struct answer part;
    struct mcd_error e = {0};
    int status = ask(s, q + FIRST * s->fitting.dim, FIRST, COUNT, &part, &e);
    if (mcd_check_status(s->c, "draw", status, &e))
        return -1;
    if (differs(part.mean, whole->mean + FIRST * POINTS, COUNT * POINTS) ||
        differs(part.variance, whole->variance + FIRST * POINTS, COUNT * POINTS) ||
        differs(part.noise, whole->noise + FIRST, COUNT))
        return mcd_check_fail(s->c, "draw", expected, "others, of %d of %d draws", COUNT, PASSES);
    if (api->path && differs(part.path, whole->path + FIRST * POINTS, COUNT * POINTS))
        return mcd_check_fail(s->c, "path", expected, "others, of %d of %d passes", COUNT, PASSES);
    return 0;
}

/*
 * Draws may come from anybody's file: there is an answer, or a refusal; of another number of
 * quantities than the model's own there is no answer.
 */
static int check_foreign(struct study *s, const double *q, uint32_t dim, const char *what)
{
    struct answer a;
    struct mcd_error e = {0};
    uint32_t own = s->fitting.dim;
    s->fitting.dim = dim;
    int status = ask(s, q, 0, PASSES, &a, &e);
    s->fitting.dim = own;
    mcd_check_looked(s->c, PASSES);
    if (status == MCD_INVALID && *e.text)
        return 0;
    if (status || dim != own)
        return mcd_check_fail(s->c, "draw",
                              dim == own ? "finite answers, or MCD_INVALID with a text"
                                         : "MCD_INVALID with a text",
                              "of %s: status %d, '%s'", what, status, e.text);
    return judge(s, &a);
}

static int check_all_foreign(struct study *s, double *q)
{
    static const double odd[] = {0, -1, 1e300, -1e300, 1e-300};
    uint32_t dim = s->fitting.dim;
    int status = check_foreign(s, q, dim + 1, "draws of one quantity more");
    if (!status && dim > 1)
        status = check_foreign(s, q, dim - 1, "draws of one quantity less");
    for (size_t k = 0; !status && k < sizeof odd / sizeof *odd; k++) {
        char what[64];
        for (uint32_t i = 0; i < PASSES * dim; i++)
            q[i] = odd[k];
        snprintf(what, sizeof what, "draws that are all %g", odd[k]);
        status = check_foreign(s, q, dim, what);
    }
    return status;
}

/* `q` and `names` have room for a quantity more than the draws have. */
static void check_draws(struct study *s, const struct mcd_draws_file *d, double *q,
                        const char **names)
{
    struct answer whole;
    struct mcd_error e = {0};
    uint64_t all = (uint64_t)d->chains * d->draws;
    for (uint32_t i = 0; i < d->dim; i++)
        names[i] = d->names[i];
    names[d->dim] = "one more";
    s->fitting.dim = d->dim;
    s->fitting.names = names;
    for (uint64_t t = 0; t < PASSES; t++)
        memcpy(q + t * d->dim, d->q + t * (all - 1) / (PASSES - 1) * d->dim, d->dim * sizeof *q);
    mcd_check_looked(s->c, PASSES * POINTS);
    if (!mcd_check_status(s->c, "draw", ask(s, q, 0, PASSES, &whole, &e), &e) &&
        !judge(s, &whole) && !check_part(s, q, &whole))
        check_all_foreign(s, q);
}

void mcd_check_draws(struct mcd_checking *c)
{
    struct study s;
    struct mcd_draws_file d = {0};
    if (!study_open(&s, c, 1) && !fit(&s, &d)) {
        double *q = calloc((d.dim + 1) * (size_t)PASSES, sizeof *q);
        const char **names = calloc(d.dim + 1, sizeof *names);
        if (q && names)
            check_draws(&s, &d, q, names);
        else
            mcd_check_fail(c, "draw", "memory for its draws", "none");
        free(q);
        free(names);
    }
    mcd_draws_clear(&d);
    study_close(&s);
}
