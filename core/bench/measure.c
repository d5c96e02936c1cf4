/* Steps and passes of a model, timed. */
#include "core/bench/measure.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/bench/clock.h"
#include "core/bench/flops.h"
#include "core/bench/slices.h"
#include "core/stats/moments.h"

#include <stdio.h>
#include <string.h>

struct mcd_timing *mcd_measured_next(struct mcd_measured *m, const char *job, uint32_t rows)
{
    struct mcd_timing *t = &m->timing[m->count++];
    *t = (struct mcd_timing){.rows = rows};
    snprintf(t->job, sizeof t->job, "%s", job);
    return t;
}

/* Work of a step or of a pass. */
static int count(const struct mcd_bench_subject *s, int training, double *flop, struct mcd_error *e)
{
    struct mcd_recording r;
    mcd_val target, result;
    int status = mcd_bench_subject_record(s, training, &r, &target, &result, e);
    if (status)
        return status;
    status = mcd_flops_graph(r.graph, !training, flop, e);
    *flop *= training ? s->of->batch : (double)s->of->rows;
    mcd_graph_destroy(r.graph);
    return status;
}

/* ---- a training step --------------------------------------------------------------------- */

/* One more, which the backend may do later. */
static int start_step(struct mcd_trainer *trainer, uint64_t update, struct mcd_error *e)
{
    const struct mcd_loss *loss;
    uint32_t count;
    int status = mcd_trainer_start(trainer, update, e);
    if (!status && mcd_trainer_ahead(trainer) == MCD_MOST_AHEAD)
        status = mcd_trainer_settle(trainer, &loss, &count, e);
    return status;
}

static int time_steps(struct mcd_trainer *trainer, const struct mcd_bench_case *c,
                      const struct mcd_yardstick *y, struct mcd_timing *t, struct mcd_error *e)
{
    struct mcd_slices slices;
    const struct mcd_loss *losses;
    uint32_t rows;
    uint64_t update = 0;
    double loss;
    int status = mcd_trainer_step(trainer, update++, &loss, &rows, e); /* warms up */
    mcd_slices_begin(&slices, y, c->seconds);
    do {
        uint64_t first = update;
        do
            status = status ? status : start_step(trainer, update++, e);
        while (!status && !mcd_slices_due(&slices));
        status = status ? status : mcd_trainer_settle(trainer, &losses, &rows, e);
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
    int status = count(s, 1, &t->flop, e);
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
 * parameters packed: it does not count, unless it takes several times as long as was asked for;
 * then that is nothing beside it.
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

static int measure_pass(const struct mcd_bench_subject *s, const struct mcd_yardstick *y,
                        struct mcd_measured *m, struct mcd_error *e)
{
    struct mcd_timing *t = mcd_measured_next(m, "pass", (uint32_t)s->of->rows);
    int status = count(s, 0, &t->flop, e);
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
