/* Meanings: four arrays that are owned together. */
#include "core/stats/meaning.h"

#include "core/base/host.h"

#include <string.h>

int mcd_meaning_create(const struct mcd_host *host, int64_t rows, int64_t outputs, int has_noise,
                       int has_target, struct mcd_meaning **meaning, struct mcd_error *e)
{
    size_t n = (size_t)outputs * sizeof(double);
    struct mcd_meaning *m = *meaning = mcd_host_zalloc(host, sizeof *m, e);
    if (!m)
        return MCD_NOMEM;
    m->rows = rows;
    m->outputs = outputs;
    int complete = (m->offset = mcd_host_zalloc(host, n, e)) &&
                   (m->scale = mcd_host_zalloc(host, n, e)) &&
                   (!has_noise || (m->noise = mcd_host_zalloc(host, n, e))) &&
                   (!has_target || (m->target = mcd_host_zalloc(host, (size_t)rows * n, e)));
    if (!complete) {
        mcd_meaning_destroy(host, m);
        *meaning = NULL;
        return MCD_NOMEM;
    }
    for (int64_t k = 0; k < outputs; k++)
        m->scale[k] = 1;
    return MCD_OK;
}

void mcd_meaning_apply(const struct mcd_meaning *m, double *value, int64_t rows)
{
    for (int64_t i = 0; m && i < rows * m->outputs; i++)
        value[i] = m->offset[i % m->outputs] + m->scale[i % m->outputs] * value[i];
}

void mcd_meaning_destroy(const struct mcd_host *host, struct mcd_meaning *m)
{
    if (!m)
        return;
    host->release(host, m->offset);
    host->release(host, m->scale);
    host->release(host, m->noise);
    host->release(host, m->target);
    host->release(host, m);
}

static int equal(const double *a, const double *b, int64_t n)
{
    return a && b ? memcmp(a, b, (size_t)n * sizeof *a) == 0 : a == b;
}

int mcd_meaning_equal(const struct mcd_meaning *a, const struct mcd_meaning *b)
{
    if (!a || !b)
        return a == b;
    return a->rows == b->rows && a->outputs == b->outputs &&
           equal(a->offset, b->offset, a->outputs) && equal(a->scale, b->scale, a->outputs) &&
           equal(a->noise, b->noise, a->outputs) &&
           equal(a->target, b->target, a->rows * a->outputs);
}

double mcd_meaning_tau(const struct mcd_meaning *m)
{
    if (!m || !m->noise)
        return 0;
    return (m->scale[0] / m->noise[0]) * (m->scale[0] / m->noise[0]);
}
