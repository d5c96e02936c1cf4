/* Steps and passes of a model, and what is tried before they are timed. */
#include "core/bench/measure.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/bench/clock.h"
#include "core/bench/coupling.h"
#include "core/bench/flops.h"
#include "core/bench/slices.h"
#include "core/plugin/spec.h"
#include "core/stats/moments.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct mcd_timing *mcd_measured_next(struct mcd_measured *m, const char *job, uint32_t rows)
{
    struct mcd_timing *t = &m->timing[m->count++];
    *t = (struct mcd_timing){.rows = rows};
    snprintf(t->job, sizeof t->job, "%s", job);
    return t;
}

/* ---- a training step --------------------------------------------------------------------- */

static int count_step(const struct mcd_bench_subject *s, double *flop, struct mcd_error *e)
{
    const struct mcd_network *n = s->network;
    struct mcd_update update = mcd_bench_subject_update(s);
    int labels = n->recipe.task == MCD_CLASSIFY;
    struct mcd_recording r;
    mcd_val loss;
    int status = mcd_network_record(n, 1, &r, e);
    if (status)
        return status;
    mcd_val target =
        mcd_graph_input(r.graph, 1, labels ? mcd_shape0() : mcd_shape1(n->outputs), labels);
    status = mcd_graph_training(r.graph, n->recipe.task, r.y, target, &update, &loss, e);
    if (!status)
        status = mcd_flops_graph(r.graph, 0, flop, e);
    *flop *= s->of->batch;
    mcd_graph_destroy(r.graph);
    return status;
}

static int time_steps(struct mcd_trainer *trainer, const struct mcd_bench_case *c,
                      const struct mcd_yardstick *y, struct mcd_timing *t, struct mcd_error *e)
{
    struct mcd_slices slices;
    uint32_t rows;
    uint64_t update = 0;
    double loss;
    int status = mcd_trainer_step(trainer, update++, &loss, &rows, e); /* warms up */
    mcd_slices_begin(&slices, y, c->seconds);
    do {
        uint64_t first = update;
        do
            status = status ? status : mcd_trainer_step(trainer, update++, &loss, &rows, e);
        while (!status && !mcd_slices_due(&slices));
        mcd_slices_end(&slices, (double)(update - first));
    } while (!status && !mcd_slices_enough(&slices));
    mcd_slices_tell(&slices, t);
    return status;
}

static int measure_step(const struct mcd_bench_subject *s, const struct mcd_yardstick *y,
                        struct mcd_measured *m, struct mcd_error *e)
{
    struct mcd_trainer *trainer = NULL;
    struct mcd_timing *t = mcd_measured_next(m, "step", s->of->batch);
    int status = count_step(s, &t->flop, e);
    if (!status)
        status = mcd_bench_subject_trainer(s, NULL, &trainer, e);
    if (!status)
        status = time_steps(trainer, s->of, y, t, e);
    mcd_trainer_destroy(trainer);
    return status;
}

/* ---- passes ------------------------------------------------------------------------------ */

/*
 * Passes are timed from wave to wave, where nothing else runs. In the first wave plans are made and
 * parameters packed: it does not count, unless it takes several times as long as was asked for; then
 * that is nothing beside it.
 */
struct watch {
    struct mcd_slices slices;
    uint64_t done; /* blocks, at the end of the slice before */
    int has_begun;
    volatile sig_atomic_t stop;
};

static void look(void *arg, uint64_t done, uint64_t all)
{
    enum { PLENTY = 8 };
    struct watch *w = arg;
    struct mcd_slices *s = &w->slices;
    (void)all;
    if (!w->has_begun) {
        w->has_begun = 1;
        double wave = mcd_clock_read(s->yardstick->clock) - s->start;
        if (wave <= PLENTY * s->wanted) {
            w->done = done;
            mcd_slices_begin(s, s->yardstick, s->wanted);
            return;
        }
    } else if (!mcd_slices_due(s)) {
        return;
    }
    mcd_slices_end(s, (double)(done - w->done));
    w->done = done;
    w->stop = mcd_slices_enough(s);
}

static int swallow(void *arg, const struct mcd_block *block, struct mcd_error *e)
{
    (void)arg, (void)block, (void)e;
    return MCD_OK;
}

/* Seconds of a pass over all rows. */
static int time_passes(const struct mcd_bench_subject *s, const struct mcd_yardstick *y,
                       struct mcd_timing *t, struct mcd_error *e)
{
    struct mcd_error stopped = {0};
    struct watch w = {.has_begun = 0};
    struct mcd_forward f = mcd_bench_subject_forward(s);
    uint64_t row_blocks = ((uint64_t)f.rows + f.block_rows - 1) / f.block_rows;
    f.block_count = MCD_MAX_PASSES / f.block_passes;
    f.sink = swallow;
    f.progress = look;
    f.arg = &w;
    f.stop = &w.stop;
    mcd_slices_begin(&w.slices, y, s->of->seconds);
    int status = mcd_forward_run(&f, &stopped);
    if (status != MCD_STOPPED)
        return status ? mcd_fail(e, status, stopped.where, "%s", stopped.text)
                      : mcd_fail(e, MCD_INVALID, "--time", "all passes that there are took less");
    mcd_slices_tell(&w.slices, t);
    t->seconds *= (double)row_blocks / f.block_passes;
    return MCD_OK;
}

static int count_pass(const struct mcd_bench_subject *s, double *flop, struct mcd_error *e)
{
    struct mcd_recording r;
    int status = mcd_network_record(s->network, 1, &r, e);
    if (status)
        return status;
    status = mcd_flops_graph(r.graph, 1, flop, e);
    *flop *= (double)s->of->rows;
    mcd_graph_destroy(r.graph);
    return status;
}

static int measure_pass(const struct mcd_bench_subject *s, const struct mcd_yardstick *y,
                        struct mcd_measured *m, struct mcd_error *e)
{
    struct mcd_timing *t = mcd_measured_next(m, "pass", (uint32_t)s->of->rows);
    int status = count_pass(s, &t->flop, e);
    return status ? status : time_passes(s, y, t, e);
}

/* ---- one process of a round -------------------------------------------------------------- */

static int measure_model(const struct mcd_host *host, const struct mcd_bench_case *c,
                         const char *backend, const struct mcd_yardstick *y, struct mcd_measured *m,
                         struct mcd_error *e)
{
    struct mcd_bench_subject s;
    int status = mcd_bench_subject_open(host, c, backend, &s, e);
    if (status)
        return status;
    if (c->ops) {
        status = mcd_measure_ops(&s, y, m, e);
    } else {
        status = measure_pass(&s, y, m, e);
        if (!status)
            status = measure_step(&s, y, m, e);
    }
    mcd_bench_subject_close(&s);
    return status;
}

int mcd_bench_measure(const struct mcd_bench_case *c, const char *backend, struct mcd_measured *m,
                      struct mcd_error *e)
{
    struct mcd_host *host = mcd_host_create(c->threads, NULL, NULL, e);
    struct mcd_yardstick y = {0};
    m->count = 0;
    if (!host)
        return MCD_NOMEM;
    int status = mcd_yardstick_open(host, c->clock, &y, e);
    if (!status && strcmp(c->model, MCD_BENCH_PRODUCT) == 0)
        status = mcd_measure_product(host, c, backend, &y, m, e);
    else if (!status)
        status = measure_model(host, c, backend, &y, m, e);
    mcd_yardstick_close(&y);
    mcd_host_destroy(host);
    return status;
}

/* ---- the trial --------------------------------------------------------------------------- */

/* By convention a backend's parameter `precision` says in what it multiplies, if there is one. */
static int describe(const struct mcd_host *host, const struct mcd_item *backend,
                    struct mcd_trial *t, struct mcd_error *e)
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
                       const char *backend, struct mcd_trial *t, struct mcd_error *e)
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
                     const char *backend, struct mcd_trial *t, struct mcd_error *e)
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
                  struct mcd_trial *t, struct mcd_error *e)
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
