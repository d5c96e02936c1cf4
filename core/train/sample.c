/* A model's own fit, called and checked. */
#include "core/train/sample.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define REFUSE(f, ...) mcd_fail(e, MCD_INVALID, (f)->model->plugin->name, __VA_ARGS__)

/* ---- judging ----------------------------------------------------------------------------- */

static int check_extents(const struct mcd_fitting *f, const struct mcd_draws *d,
                         struct mcd_error *e)
{
    if (d->chains < 1 || d->chains > MCD_MAX_CHAINS || d->draws < MCD_LEAST_DRAWS ||
        (uint64_t)d->chains * d->draws > INT32_MAX || d->dim < 1 || d->dim > MCD_MAX_QUANTITIES)
        return REFUSE(f,
                      "its fit gives %u chains of %u draws of %u quantities: expected 1 to %d "
                      "chains, at least %d draws, 1 to %d quantities",
                      d->chains, d->draws, d->dim, MCD_MAX_CHAINS, MCD_LEAST_DRAWS,
                      MCD_MAX_QUANTITIES);
    if (!d->q || !d->names)
        return REFUSE(f, "its fit leaves no %s", d->q ? "names" : "draws");
    return MCD_OK;
}

static int check_names(const struct mcd_fitting *f, const struct mcd_draws *d, struct mcd_error *e)
{
    for (uint32_t i = 0; i < d->dim; i++) {
        if (!d->names[i] || !*d->names[i] || !mcd_json_is_text(d->names[i]))
            return REFUSE(f, "its fit has no name for quantity %u", i + 1);
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(d->names[i], d->names[k]) == 0)
                return REFUSE(f, "its fit names two quantities %s", d->names[i]);
    }
    return MCD_OK;
}

static int check_transition(const struct mcd_transition *t)
{
    return isfinite(t->log_density) && isfinite(t->energy) && isfinite(t->accept) &&
           t->divergent <= 1 && t->steps <= INT32_MAX && t->depth <= INT32_MAX;
}

static int check_values(const struct mcd_fitting *f, const struct mcd_draws *d, struct mcd_error *e)
{
    for (uint32_t i = 0; i < d->chains * d->draws; i++) {
        for (uint32_t k = 0; k < d->dim; k++)
            if (!isfinite(d->q[(size_t)i * d->dim + k]))
                return REFUSE(f, "chain %u, draw %u: %s is %g: expected a finite number",
                              i / d->draws + 1, i % d->draws + 1, d->names[k],
                              d->q[(size_t)i * d->dim + k]);
        if (d->each && !check_transition(&d->each[i]))
            return REFUSE(f,
                          "chain %u, draw %u: its report is damaged: expected finite density, "
                          "energy and acceptance, and 0 or 1 divergences",
                          i / d->draws + 1, i % d->draws + 1);
    }
    return MCD_OK;
}

/* ---- taking over ------------------------------------------------------------------------- */

static int copy_rows(const struct mcd_fitting *f, struct mcd_draws_file *out, struct mcd_error *e)
{
    size_t x = (size_t)(f->rows * f->columns) * sizeof *out->x;
    size_t y = (size_t)f->rows * sizeof *out->y;
    out->rows = f->rows;
    out->columns = f->columns;
    out->x = mcd_host_zalloc(f->host, x, e);
    out->y = mcd_host_zalloc(f->host, y, e);
    if (!out->x || !out->y)
        return MCD_NOMEM;
    memcpy(out->x, f->x, x);
    memcpy(out->y, f->y, y);
    return MCD_OK;
}

static int copy_names(const struct mcd_draws *d, struct mcd_draws_file *out, struct mcd_error *e)
{
    out->names = mcd_host_zalloc(out->host, d->dim * sizeof *out->names, e);
    if (!out->names)
        return MCD_NOMEM;
    out->dim = d->dim;
    for (uint32_t i = 0; i < d->dim; i++)
        if (!(out->names[i] = mcd_host_strdup(out->host, d->names[i], e)))
            return MCD_NOMEM;
    return MCD_OK;
}

/* ---- draws ------------------------------------------------------------------------------- */

static int judge(const struct mcd_fitting *f, const struct mcd_draws *d, struct mcd_error *e)
{
    int status = check_extents(f, d, e);
    if (!status)
        status = check_names(f, d, e);
    return status ? status : check_values(f, d, e);
}

int mcd_sample_run(const struct mcd_fitting *f, struct mcd_draws_file *out, struct mcd_error *e)
{
    const struct mcd_model *api = f->model->plugin->api;
    struct mcd_draws draws = {.size = sizeof draws};
    struct mcd_fitting_call call;
    *out = (struct mcd_draws_file){0};
    mcd_fitting_begin(&call, f);
    int status = mcd_item_status(f->model, api->fit(f->model->self, &call.data, &draws, e), e);
    if (status)
        return status;
    *out = (struct mcd_draws_file){.host = f->host,
                                   .chains = draws.chains,
                                   .draws = draws.draws,
                                   .max_depth = draws.max_depth,
                                   .q = draws.q,
                                   .each = draws.each};
    status = judge(f, &draws, e);
    if (!status)
        status = copy_names(&draws, out, e);
    if (!status)
        status = copy_rows(f, out, e);
    if (status)
        mcd_draws_clear(out);
    return status;
}

/* ---- what is known without sampling ------------------------------------------------------ */

struct teller {
    struct mcd_draws_file *out;
    int status;
    struct mcd_error *e;
};

static void take(void *arg, const char *method, const char *quantity, const char *statistic,
                 double value)
{
    struct teller *t = arg;
    const struct mcd_host *host = t->out->host;
    struct mcd_exact *longer;
    if (t->status)
        return;
    if (!method || !quantity || !mcd_json_is_text(method) || !mcd_json_is_text(quantity) ||
        (statistic && !mcd_json_is_text(statistic))) {
        t->status = mcd_fail(t->e, MCD_INVALID, "exact",
                             "tells a value without a name: expected a method and a quantity");
        return;
    }
    longer = mcd_host_grow(host, t->out->exact, t->out->exacts, sizeof *longer, t->e);
    if (!longer) {
        t->status = MCD_NOMEM;
        return;
    }
    t->out->exact = longer;
    struct mcd_exact *x = &longer[t->out->exacts++];
    *x = (struct mcd_exact){mcd_host_strdup(host, method, t->e),
                            mcd_host_strdup(host, quantity, t->e),
                            statistic ? mcd_host_strdup(host, statistic, t->e) : NULL, value};
    if (!x->method || !x->quantity || (statistic && !x->statistic))
        t->status = MCD_NOMEM;
}

int mcd_sample_exact(const struct mcd_fitting *f, struct mcd_draws_file *out, struct mcd_error *e)
{
    const struct mcd_model *api = f->model->plugin->api;
    struct teller t = {.out = out};
    struct mcd_fitting_call call;
    struct mcd_error own = {0};
    if (!api->exact)
        return MCD_OK;
    mcd_fitting_begin(&call, f);
    t.e = &own;
    int status = api->exact(f->model->self, &call.data, take, &t, &own);
    status = mcd_item_status(f->model, status ? status : t.status, &own);
    if (status == MCD_STOPPED || status == MCD_NOMEM) {
        mcd_draws_forget_exact(out);
        return mcd_fail(e, status, own.where, "%s", own.text);
    }
    if (status) /* draws that took hours are not lost for that */
        f->host->log(f->host, MCD_LOG_WARNING, "not all is known without sampling: %s: %s",
                     own.where, own.text);
    return MCD_OK;
}
