/*
 * A model op by op: the steps of its plans at their own shapes, in their own order, each with a
 * clock before and after. Training runs one plan whose kernels use all threads; passes run one
 * plan a thread, side by side, as a prediction does, and the time is that of a thread. Ops that a
 * backend would compute as one step are taken apart, so what all of them take is more than a pass
 * does.
 */
#include "core/bench/clock.h"
#include "core/bench/flops.h"
#include "core/bench/measure.h"
#include "core/bench/yardstick.h"

#include "core/base/host.h"
#include "core/base/reals.h"
#include "core/graph/infer.h"
#include "core/graph/plan.h"

#include <stdio.h>
#include <string.h>

/* One plan that is run again and again. */
struct round {
    const struct mcd_bench_subject *subject;
    struct mcd_recording recording;
    mcd_val target, result; /* target 0: passes */
    struct mcd_plan *plan;
    struct mcd_run run;
    struct mcd_draw *draws;
    void *x, *y; /* one batch in the backend's type; labels, or targets */
    clockid_t clock;
    double *spent; /* by step */
    uint64_t count;
    int status;
    struct mcd_error error;
};

/* ---- making ------------------------------------------------------------------------------ */

/* Rows and passes of a run. */
static struct mcd_run shape_run(const struct mcd_bench_subject *s, int training)
{
    struct mcd_forward f = mcd_bench_subject_forward(s);
    return (struct mcd_run){
        .size = sizeof(struct mcd_run),
        .domain = training ? MCD_DOMAIN_TRAIN : MCD_DOMAIN_PREDICT,
        .seed = s->of->seed,
        .passes = training ? 1 : f.block_passes,
        .rows = training ? s->of->batch : f.block_rows,
    };
}

static int make_data(struct round *r, struct mcd_error *e)
{
    const struct mcd_bench_subject *s = r->subject;
    const struct mcd_network *n = s->network;
    uint32_t type = n->store->type;
    size_t rows = r->run.rows, in = (size_t)mcd_shape_count(&n->input);
    size_t have = (size_t)s->rows < rows ? (size_t)s->rows : rows;
    r->x = mcd_host_zalloc(n->host, rows * in * mcd_type_size(type), e);
    r->y = mcd_host_zalloc(n->host, rows * (size_t)n->outputs * sizeof(double), e);
    r->draws = mcd_host_zalloc(
        n->host, ((size_t)r->recording.graph->nsites * r->run.passes + 1) * sizeof *r->draws, e);
    r->spent = mcd_host_zalloc(n->host, (r->plan->nsteps + 1) * sizeof *r->spent, e);
    if (!r->x || !r->y || !r->draws || !r->spent)
        return MCD_NOMEM;
    mcd_reals_copy(r->x, type, s->x, MCD_F32, have * in);
    if (s->label)
        memcpy(r->y, s->label, have * sizeof *s->label);
    else
        mcd_reals_copy(r->y, type, s->target, MCD_F32, have * (size_t)n->outputs);
    for (size_t i = 0; i < (size_t)r->recording.graph->nsites * r->run.passes; i++)
        r->draws[i].stream = i % r->run.passes;
    r->run.draws = r->draws;
    return MCD_OK;
}

static int round_create(const struct mcd_bench_subject *s, int training, struct round *r,
                        struct mcd_error *e)
{
    *r = (struct round){.subject = s, .run = shape_run(s, training)};
    int status = mcd_bench_subject_record(s, training, &r->recording, &r->target, &r->result, e);
    struct mcd_plan_spec spec = {
        .graph = r->recording.graph,
        .store = s->network->store,
        .rows = r->run.rows,
        .passes = r->run.passes,
        .training = (uint32_t)training,
        .noutputs = 1,
        .output = &r->result,
        .no_fusing = 1, /* each op by itself, so that backends stand below each other */
    };
    if (!status)
        status = mcd_plan_create(&spec, &r->plan, e);
    return status ? status : make_data(r, e);
}

static void round_destroy(struct round *r)
{
    const struct mcd_host *host = r->subject->network->host;
    mcd_plan_destroy(r->plan);
    mcd_graph_destroy(r->recording.graph);
    host->release(host, r->x);
    host->release(host, r->y);
    host->release(host, r->draws);
    host->release(host, r->spent);
}

/* ---- running ----------------------------------------------------------------------------- */

/* Every step once; the first time nothing is noted. */
static int run_once(struct round *r, struct mcd_error *e)
{
    struct mcd_run once = r->run;
    int status = mcd_plan_write(r->plan, r->recording.x, r->x, e);
    if (!status && r->target)
        status = mcd_plan_write(r->plan, r->target, r->y, e);
    double before = mcd_clock_read(r->clock);
    for (uint32_t s = 0; !status && s < r->plan->nsteps; s++) {
        struct mcd_kernel *k = &r->plan->kernel[s];
        int prefix = !r->target && s < r->plan->nprefix; /* computed for one pass */
        once.passes = prefix ? 1 : r->run.passes;
        once.draws = prefix ? NULL : r->run.draws;
        status =
            mcd_item_status(r->plan->backend, k->run(k->state, &r->plan->step[s], &once, e), e);
        double now = mcd_clock_read(r->clock);
        r->spent[s] += r->count ? now - before : 0;
        before = now;
    }
    r->count++;
    return status;
}

static void run_for(struct round *r)
{
    double start = mcd_clock_read(r->clock), seconds = r->subject->of->seconds;
    do
        r->status = run_once(r, &r->error);
    while (!r->status && (r->count < 2 || mcd_clock_read(r->clock) - start < seconds));
}

static void run_copy(void *arg, uint32_t copy, uint32_t worker)
{
    struct round *rounds = arg;
    (void)worker;
    run_for(&rounds[copy]);
}

/* ---- telling ----------------------------------------------------------------------------- */

static void tell_shapes(const struct mcd_step *s, char text[128])
{
    char one[MCD_SHAPE_TEXT];
    size_t used = 0, room = 128;
    for (uint32_t i = 0; i < s->nin && used < room; i++)
        used +=
            (size_t)snprintf(text + used, room - used, "%s ", mcd_shape_text(&s->in[i].shape, one));
    if (used < room)
        snprintf(text + used, room - used, "-> %s", mcd_shape_text(&s->out.shape, one));
}

/* What is summed over rows has none itself. */
static uint32_t rows_of(const struct mcd_step *s)
{
    uint32_t rows = s->out.rows;
    for (uint32_t i = 0; i < s->nin; i++)
        rows = s->in[i].rows > rows ? s->in[i].rows : rows;
    return rows;
}

/* Times are those of a copy on the average, work is that of all copies. */
static void tell(const struct round *r, uint32_t copies, double yardstick, struct mcd_measured *m)
{
    const char *job = r->target ? "step" : "pass";
    for (uint32_t s = 0; s < r->plan->nsteps; s++) {
        const struct mcd_step *step = &r->plan->step[s];
        struct mcd_timing *t = mcd_measured_next(m, job, rows_of(step));
        snprintf(t->op, sizeof t->op, "%02u %s", s + 1, mcd_op_name(step->op));
        tell_shapes(step, t->shape);
        t->flop = copies * mcd_flops_step(step);
        t->bytes = copies * mcd_bytes_step(step);
        t->yardstick = yardstick;
        for (uint32_t c = 0; c < copies; c++)
            t->seconds += r[c].spent[s] / (double)(r[c].count - 1) / copies;
    }
}

static int measure(const struct mcd_bench_subject *s, int training, const struct mcd_yardstick *y,
                   struct mcd_measured *m, struct mcd_error *e)
{
    const struct mcd_host *host = s->network->host;
    int is_cpu = s->of->clock == CLOCK_PROCESS_CPUTIME_ID, status = MCD_OK;
    uint32_t copies = training ? 1 : host->workers, made = 0;
    struct round *r = mcd_host_zalloc(host, copies * sizeof *r, e);
    if (!r)
        return MCD_NOMEM;
    while (!status && made < copies) {
        status = round_create(s, training, &r[made], e);
        r[made++].clock = is_cpu && !training ? CLOCK_THREAD_CPUTIME_ID : s->of->clock;
    }
    if (!status && r->plan->nsteps > MCD_BENCH_TIMINGS - m->count)
        status = host->fail(e, MCD_UNSUPPORTED, s->of->model,
                            "has %u ops in one plan: expected at "
                            "most %d in all",
                            r->plan->nsteps, MCD_BENCH_TIMINGS);
    double yardstick = mcd_yardstick_time(y, s->of->seconds / 4);
    if (!status && training)
        run_for(r);
    else if (!status)
        host->parallel(host, copies, run_copy, r);
    yardstick = (yardstick + mcd_yardstick_time(y, s->of->seconds / 4)) / 2;
    for (uint32_t i = 0; !status && i < copies; i++)
        if (r[i].status)
            status = host->fail(e, r[i].status, r[i].error.where, "%s", r[i].error.text);
    if (!status)
        tell(r, copies, yardstick, m);
    for (uint32_t i = 0; i < made; i++)
        round_destroy(&r[i]);
    host->release(host, r);
    return status;
}

int mcd_measure_ops(const struct mcd_bench_subject *s, const struct mcd_yardstick *y,
                    struct mcd_measured *m, struct mcd_error *e)
{
    int status = measure(s, 0, y, m, e);
    return status ? status : measure(s, 1, y, m, e);
}
