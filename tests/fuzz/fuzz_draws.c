/*
 * Any bytes as a file of draws: they are refused, or are what draws must be and can be judged.
 */
#include "core/base/host.h"
#include "core/network/draws.h"
#include "core/result/posterior.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_values(const struct mcd_draws_file *d)
{
    size_t n = (size_t)d->chains * d->draws;
    for (size_t i = 0; i < n * d->dim; i++)
        if (!isfinite(d->q[i]))
            abort();
    for (size_t i = 0; d->each && i < n; i++)
        if (!isfinite(d->each[i].log_density) || d->each[i].divergent > 1)
            abort();
    for (int64_t i = 0; i < d->rows * d->columns; i++)
        if (!isfinite(d->x[i]))
            abort();
    for (uint32_t i = 0; i < d->dim; i++)
        if (!d->names[i][0])
            abort();
}

/* A verdict on anything that is well-formed, and its JSON. */
static void judge(const struct mcd_host *host, const struct mcd_draws_file *d)
{
    struct mcd_posterior p;
    json_t *json = json_object();
    if (mcd_posterior_create(&p, host, d, NULL) == MCD_OK) {
        if (!p.verdict[0] || mcd_posterior_put_json(&p, json))
            abort();
        mcd_posterior_clear(&p);
    }
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mcd_host *host;
    struct mcd_safetensors file;
    struct mcd_draws_file d;
    if (!host && !(host = mcd_host_create(1, NULL, NULL, NULL)))
        return 0;
    if (mcd_safetensors_parse(data, size, "fuzz", &file, NULL))
        return 0;
    if (mcd_draws_parse(host, &file, "fuzz", &d, NULL) == MCD_OK) {
        check_values(&d);
        if (d.chains * d.draws * d.dim < 1000)
            judge(host, &d);
    }
    mcd_draws_clear(&d);
    mcd_safetensors_clear(&file);
    if (mcd_host_live(host) != 0)
        abort();
    return 0;
}
