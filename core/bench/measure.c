/* Steps and passes of a model, and what is tried before they are timed. */
#include "core/bench/measure.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/bench/clock.h"
#include "core/bench/coupling.h"
#include "core/bench/flops.h"
#include "core/bench/yardstick.h"
#include "core/plugin/spec.h"
#include "core/stats/moments.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct mcd_timing *mcd_measured_next(struct mcd_measured *m, const char *job, uint32_t rows)
{
    const uint32_t room = sizeof m->timing / sizeof *m->timing;
    struct mcd_timing *t = &m->timing[m->count < room ? m->count++ : room - 1];
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
    uint32_t rows;
    uint64_t update = 0;
    double loss;
    int status = mcd_trainer_step(trainer, update++, &loss, &rows, e); /* warms up */
    double before = mcd_yardstick_time(y, c->seconds / 4), start = mcd_clock_read(c->clock);
    uint64_t first = update;
    while (!status && (update == first || mcd_clock_read(c->clock) - start < c->seconds))
        status = mcd_trainer_step(trainer, update++, &loss, &rows, e);
    t->seconds = (mcd_clock_read(c->clock) - start) / (double)(update - first);
    t->yardstick = (before + mcd_yardstick_time(y, c->seconds / 4)) / 2;
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
 * Passes are timed from wave to wave: in the first one plans are made and parameters packed. Where a
 * wave alone takes several times as long as was asked for, that does not count and it will do.
 */
struct watch {
    clockid_t clock;
    double wanted, start, first, last;
    uint64_t first_done, last_done; /* blocks at these times */
    volatile sig_atomic_t stop;
};

static void look(void *arg, uint64_t done, uint64_t all)
{
    enum { PLENTY = 8 };
    struct watch *w = arg;
    double now = mcd_clock_read(w->clock);
    (void)all;
    if (!w->first_done) {
        w->first = now;
        w->first_done = done;
        w->stop = now - w->start > PLENTY * w->wanted;
        return;
    }
    w->last = now;
    w->last_done = done;
    w->stop = now - w->first >= w->wanted;
}

static int swallow(void *arg, const struct mcd_block *block, struct mcd_error *e)
{
    (void)arg, (void)block, (void)e;
    return MCD_OK;
}

/* Seconds of a block of passes over all rows. */
static int time_blocks(const struct mcd_bench_subject *s, double *seconds, struct mcd_error *e)
{
    struct mcd_error stopped = {0};
    struct watch w = {.clock = s->of->clock, .wanted = s->of->seconds};
    struct mcd_forward f = mcd_bench_subject_forward(s);
    uint64_t row_blocks = ((uint64_t)f.rows + f.block_rows - 1) / f.block_rows;
    f.block_count = MCD_MAX_PASSES / f.block_passes;
    f.sink = swallow;
    f.progress = look;
    f.arg = &w;
    f.stop = &w.stop;
    w.start = mcd_clock_read(w.clock);
    int status = mcd_forward_run(&f, &stopped);
    if (status != MCD_STOPPED)
        return status ? mcd_fail(e, status, stopped.where, "%s", stopped.text)
                      : mcd_fail(e, MCD_INVALID, "--time", "all passes that there are took less");
    double time = w.last_done ? (w.last - w.first) / (double)(w.last_done - w.first_done)
                              : (w.first - w.start) / (double)w.first_done;
    *seconds = time * (double)row_blocks;
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
    double before = mcd_yardstick_time(y, s->of->seconds / 4);
    int status = count_pass(s, &t->flop, e);
    if (!status)
        status = time_blocks(s, &t->seconds, e);
    t->seconds /= mcd_bench_subject_forward(s).block_passes;
    t->yardstick = (before + mcd_yardstick_time(y, s->of->seconds / 4)) / 2;
    return status;
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
