/* One step and one block of passes on each of two backends. */
#include "core/bench/agree.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/reals.h"

#include <math.h>
#include <string.h>

/* The largest difference of two arrays by their largest magnitude; infinite where one is NaN. */
static double disagreement(const double *a, const double *b, size_t n)
{
    double most = 0, magnitude = 0;
    for (size_t i = 0; i < n; i++) {
        double d = fabs(a[i] - b[i]);
        if (isnan(d))
            return INFINITY;
        most = fmax(most, d);
        magnitude = fmax(magnitude, fmax(fabs(a[i]), fabs(b[i])));
    }
    return most > 0 ? most / magnitude : 0;
}

/* ---- passes ------------------------------------------------------------------------------ */

struct samples {
    double *value;
    size_t count;
    uint32_t type;
    int64_t outputs;
};

static int keep(void *arg, const struct mcd_block *block, struct mcd_error *e)
{
    struct samples *s = arg;
    size_t n = (size_t)block->rows * (size_t)block->passes * (size_t)s->outputs;
    (void)e;
    mcd_reals_copy(s->value + s->count, MCD_F64, block->samples, s->type, n);
    s->count += n;
    return MCD_OK;
}

/* The samples of one block of passes over all rows, cut as `like` cuts them. */
static int predict(const struct mcd_bench_subject *s, const struct mcd_forward *like,
                   struct samples *out, struct mcd_error *e)
{
    struct mcd_forward f = mcd_bench_subject_forward(s);
    f.block_rows = like->block_rows;
    f.block_passes = like->block_passes;
    size_t n = (size_t)f.rows * f.block_passes * (size_t)s->network->outputs;
    *out = (struct samples){.type = s->network->store->type, .outputs = s->network->outputs};
    out->value = mcd_host_zalloc(s->network->host, n * sizeof *out->value, e);
    if (!out->value)
        return MCD_NOMEM;
    f.block_count = 1;
    f.sink = keep;
    f.arg = out;
    return mcd_forward_run(&f, e);
}

static int agree_outputs(const struct mcd_bench_subject *a, const struct mcd_bench_subject *b,
                         struct mcd_agreement *g, struct mcd_error *e)
{
    const struct mcd_host *host = a->network->host;
    const struct mcd_forward like = mcd_bench_subject_forward(a);
    struct samples x = {0}, y = {0};
    int status = predict(a, &like, &x, e);
    if (!status)
        status = predict(b, &like, &y, e);
    if (!status)
        g->outputs = disagreement(x.value, y.value, x.count);
    host->release(host, x.value);
    host->release(host, y.value);
    return status;
}

/* ---- a step ------------------------------------------------------------------------------ */

/* A rate that makes rounding of the parameters themselves small beside their change. */
static const struct mcd_update plain = {.optimiser = MCD_SGD, .rate = 1024};

static int step(const struct mcd_bench_subject *s, double *loss, struct mcd_error *e)
{
    struct mcd_trainer *t = NULL;
    uint32_t rows;
    int status = mcd_bench_subject_trainer(s, &plain, &t, e);
    if (!status)
        status = mcd_trainer_step(t, 0, loss, &rows, e);
    mcd_trainer_destroy(t);
    return status;
}

static int agree_entry(struct mcd_store *a, struct mcd_store *b, uint32_t i, double *worst,
                       struct mcd_error *e)
{
    size_t n = (size_t)mcd_tensor_count(&a->entry[i].tensor);
    double *x = mcd_host_zalloc(a->host, 2 * n * sizeof *x, e);
    int status = x ? mcd_store_read(a, &a->entry[i], x, e) : MCD_NOMEM;
    if (!status)
        status = mcd_store_read(b, &b->entry[i], x + n, e);
    if (!status)
        *worst = fmax(*worst, disagreement(x, x + n, n));
    a->host->release(a->host, x);
    return status;
}

static int agree_step(const struct mcd_bench_subject *a, const struct mcd_bench_subject *b,
                      struct mcd_agreement *g, struct mcd_error *e)
{
    struct mcd_store *p = a->network->store, *q = b->network->store;
    double loss[2] = {0};
    int status = step(a, &loss[0], e);
    if (!status)
        status = step(b, &loss[1], e);
    g->loss = disagreement(&loss[0], &loss[1], 1);
    for (uint32_t i = 0; !status && i < p->count; i++)
        status = agree_entry(p, q, i, &g->gradient, e);
    return status;
}

int mcd_agree(const struct mcd_bench_subject *a, const struct mcd_bench_subject *b,
              struct mcd_agreement *g, struct mcd_error *e)
{
    *g = (struct mcd_agreement){0};
    int status = mcd_agree_masks(a, b, g, e);
    if (!status)
        status = agree_outputs(a, b, g, e);
    if (!status)
        status = agree_step(a, b, g, e);
    return status;
}
