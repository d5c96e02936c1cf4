/* What a backend is, and whether it computes what the first one does, before it is timed. */
#include "core/bench/coupling.h"
#include "core/bench/measure.h"
#include "core/bench/yardstick.h"

#include "core/base/host.h"
#include "core/plugin/spec.h"

#include <stdio.h>
#include <string.h>

/* By convention a backend's parameter `precision` says in what it multiplies, if there is one. */
static int describe(const struct mcd_host *host, const struct mcd_item *backend,
                    struct mcd_bench_trial *t, struct mcd_error *e)
{
    const struct mcd_backend *api = backend->plugin->api;
    struct mcd_backend_info info = {.size = sizeof info};
    struct mcd_spec spec;
    int status = mcd_spec_parse(host, backend->spec, &spec, e);
    if (status)
        return status;
    api->info(backend->self, &info);
    snprintf(t->spec, sizeof t->spec, "%s", backend->spec);
    snprintf(t->device, sizeof t->device, "%s", info.device);
    snprintf(t->library, sizeof t->library, "%s", info.library);
    snprintf(t->precision, sizeof t->precision, "%s", info.type == MCD_F64 ? "f64" : "f32");
    for (uint32_t i = 0; i < spec.count; i++)
        if (strcmp(spec.setting[i].key, "precision") == 0)
            snprintf(t->precision, sizeof t->precision, "%s", spec.setting[i].value);
    mcd_spec_clear(host, &spec);
    return MCD_OK;
}

static int try_product(const struct mcd_host *host, const struct mcd_bench_case *c,
                       const char *backend, struct mcd_bench_trial *t, struct mcd_error *e)
{
    struct mcd_yardstick y = {0};
    struct mcd_item *item;
    struct mcd_measured *m = mcd_host_zalloc(host, sizeof *m, e);
    int status = m ? mcd_yardstick_open(host, c->clock, &y, e) : MCD_NOMEM;
    if (!status)
        status = mcd_measure_product(host, c, backend, &y, m, e);
    if (!status)
        status = mcd_item_open(host, MCD_BACKEND, backend, &item, e);
    if (!status) {
        t->seconds = m->timing[0].seconds;
        status = describe(host, item, t, e);
        mcd_item_close(host, item);
    }
    mcd_yardstick_close(&y);
    host->release(host, m);
    return status;
}

static int try_model(const struct mcd_host *host, const struct mcd_bench_case *c, const char *first,
                     const char *backend, struct mcd_bench_trial *t, struct mcd_error *e)
{
    struct mcd_bench_subject a = {0}, b = {0};
    int status = mcd_bench_subject_open(host, c, first, &a, e);
    if (!status)
        status = mcd_bench_subject_open(host, c, backend, &b, e);
    if (!status)
        status = describe(host, b.network->backend, t, e);
    if (!status && strcmp(first, backend) == 0)
        status = mcd_coupling(&a, &t->variance, e);
    if (!status)
        status = mcd_agree(&a, &b, &t->agreement, e);
    mcd_bench_subject_close(&a);
    mcd_bench_subject_close(&b);
    return status;
}

int mcd_bench_try(const struct mcd_bench_case *c, const char *first, const char *backend,
                  struct mcd_bench_trial *t, struct mcd_error *e)
{
    struct mcd_host *host = mcd_host_create(c->threads, NULL, NULL, e);
    if (!host)
        return MCD_NOMEM;
    int status = strcmp(c->model, MCD_BENCH_PRODUCT) == 0
                     ? try_product(host, c, backend, t, e)
                     : try_model(host, c, first, backend, t, e);
    mcd_host_destroy(host);
    return status;
}
