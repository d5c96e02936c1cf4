/* Trials, rounds, and the processes that both consist of. */
#include "core/bench/bench.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/bench/shake.h"
#include "core/check/isolate.h"
#include "core/train/shuffle.h"

#include <math.h>
#include <mcdrop/random.h>
#include <string.h>

enum { FEW_ROWS = 16, SLOWER = 20 };

/* What a process gets, and what it finds. */
struct errand {
    struct mcd_bench_case of;
    const char *first, *backend; /* first NULL: no trial */
    uint32_t shake;
    int status;
    struct mcd_error error;
    struct mcd_bench_trial trial;
    struct mcd_measured measured;
};

struct mcd_bench_pair *mcd_bench_pair(const struct mcd_bench *b, uint32_t model, uint32_t backend)
{
    return &b->pair[(size_t)model * b->backends + backend];
}

static void run_errand(void *arg)
{
    struct errand *r = arg;
    r->status = r->first ? mcd_bench_try(&r->of, r->first, r->backend, &r->trial, &r->error)
                         : mcd_bench_measure(&r->of, r->backend, &r->measured, &r->error);
}

static void run_shaken(void *arg)
{
    struct errand *r = arg;
    mcd_shake(r->shake, run_errand, r);
}

#define END(text) ((text)[sizeof(text) - 1] = '\0')

/* What a child found whose memory the backend may have spoilt: texts end, and the count is one. */
static int take(struct errand *to, const struct errand *from, struct mcd_error *e)
{
    to->status = from->status;
    to->error = from->error;
    to->trial = from->trial;
    to->measured = from->measured;
    END(to->error.where), END(to->error.text);
    END(to->trial.spec), END(to->trial.precision), END(to->trial.device), END(to->trial.library);
    if (to->measured.count > MCD_BENCH_TIMINGS)
        return mcd_fail(e, MCD_UNSUPPORTED, to->backend, "%s: it spoilt the memory of its process",
                        to->of.model);
    for (uint32_t i = 0; i < to->measured.count; i++) {
        struct mcd_timing *t = &to->measured.timing[i];
        END(t->job), END(t->op), END(t->shape);
    }
    return MCD_OK;
}

/* Generous: a hundred jobs of a slow machine, each a hundred times as long as was asked for. */
static double limit_of(const struct mcd_bench_case *of)
{
    return 3600 + 1e4 * of->seconds;
}

/* What became of the process and its errand. */
static int judge(const struct errand *r, const struct mcd_isolated *how, double limit, size_t *peak,
                 struct mcd_error *e)
{
    const char *model = r->of.model;
    *peak = how->peak;
    if (how->ending == MCD_SIGNALLED)
        return mcd_fail(e, MCD_UNSUPPORTED, r->backend, "%s: its process was ended by signal %d",
                        model, how->code);
    if (how->ending == MCD_TIMED_OUT)
        return mcd_fail(e, MCD_UNSUPPORTED, r->backend,
                        "%s: not done within %g s of processor time", model, limit);
    if (how->ending != MCD_RETURNED)
        return mcd_fail(e, MCD_UNSUPPORTED, r->backend,
                        "%s: its process was ended with status %d, before it was done", model,
                        how->code);
    int is_told = strncmp(r->backend, r->error.where, strlen(r->error.where)) == 0;
    if (r->status)
        return mcd_fail(e, r->status, r->backend, "%s: %s%s%s", model,
                        is_told ? "" : r->error.where, is_told ? "" : ": ", r->error.text);
    return MCD_OK;
}

/* Sends a process; an error says whose it is. */
static int send(struct mcd_bench *b, struct errand *r, size_t *peak, struct mcd_error *e)
{
    struct mcd_isolated how;
    struct errand *copy = mcd_host_zalloc(b->host, sizeof *copy, e);
    double limit = limit_of(&r->of);
    if (!copy)
        return MCD_NOMEM;
    *copy = *r;
    int status = mcd_isolate(run_shaken, copy, sizeof *copy, limit, &how, e);
    if (!status)
        status = take(r, copy, e);
    b->host->release(b->host, copy);
    return status ? status : judge(r, &how, limit, peak, e);
}

/* ---- trials ------------------------------------------------------------------------------ */

static int try_pair(struct mcd_bench *b, uint32_t model, uint32_t backend, struct errand *r,
                    struct mcd_error *e)
{
    struct mcd_bench_pair *p = mcd_bench_pair(b, model, backend);
    size_t peak;
    *r =
        (struct errand){.of = b->of[model], .first = b->backend[0], .backend = b->backend[backend]};
    r->trial.variance = NAN;
    if (model == 0) {
        r->of.batch = FEW_ROWS;
        r->of.seconds = 0;
        r->of.clock = CLOCK_PROCESS_CPUTIME_ID; /* what else runs must not decide who is slow */
    }
    int status = send(b, r, &peak, e);
    p->trial = r->trial;
    p->batch = b->of[model].batch;
    return status;
}

/* Rows that the backend multiplies in a moment; steps, so that two runs come to the same. */
static void choose_rows(const struct mcd_bench *b, struct mcd_bench_pair *p)
{
    static const uint32_t LEAST = 8, PLENTY = 20; /* times what a measurement shall take */
    double row = p->trial.seconds / FEW_ROWS / b->of[0].threads;
    for (p->batch = b->of[0].batch; p->batch > LEAST; p->batch /= 16)
        if (row * p->batch <= PLENTY * b->of[0].seconds)
            return;
}

static void drop(struct mcd_bench *b, uint32_t backend)
{
    uint32_t after = b->backends - backend - 1;
    memmove(&b->backend[backend], &b->backend[backend + 1], after * sizeof *b->backend);
    memmove(&b->pair[backend], &b->pair[backend + 1], after * sizeof *b->pair);
    b->backends--;
}

/* The product on every backend; those that are missing go. */
static int try_backends(struct mcd_bench *b, struct errand *r, struct mcd_error *e)
{
    for (uint32_t i = 0; i < b->backends;) {
        struct mcd_error own = {0};
        int status = try_pair(b, 0, i, r, &own);
        if (status == MCD_DEVICE && b->may_drop) {
            b->host->log(b->host, MCD_LOG_INFO, "without %s: %s", own.where, own.text);
            drop(b, i);
            continue;
        }
        if (status)
            return mcd_fail(e, status, own.where, "%s", own.text);
        choose_rows(b, mcd_bench_pair(b, 0, i++));
    }
    return b->backends ? MCD_OK
                       : mcd_fail(e, MCD_DEVICE, "--backend", "there is none that can be used");
}

static void drop_slow(struct mcd_bench *b)
{
    double best = INFINITY;
    for (uint32_t i = 0; i < b->backends; i++)
        best = fmin(best, b->pair[i].trial.seconds);
    for (uint32_t i = 0; b->may_drop && i < b->backends;) {
        double times = b->pair[i].trial.seconds / best;
        if (times <= SLOWER) {
            i++;
            continue;
        }
        b->host->log(b->host, MCD_LOG_INFO,
                     "without %s, which takes %.0f times as long as the fastest for a product: "
                     "--backend %s asks for it",
                     b->backend[i], times, b->backend[i]);
        drop(b, i);
    }
}

/* A saved benchmark has each job once. */
static int refuse_twice(const struct mcd_bench *b, struct mcd_error *e)
{
    for (uint32_t i = 0; i < b->backends; i++)
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(b->pair[i].trial.spec, b->pair[k].trial.spec) == 0)
                return mcd_fail(e, MCD_INVALID, "--backend", "%s and %s are the same: expected one",
                                b->backend[k], b->backend[i]);
    for (uint32_t i = 1; i < b->models; i++)
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(b->of[i].model, b->of[k].model) == 0)
                return mcd_fail(e, MCD_INVALID, "--model", "%s is given twice", b->of[i].model);
    return MCD_OK;
}

int mcd_bench_prepare(struct mcd_bench *b, struct mcd_error *e)
{
    struct errand *r = mcd_host_zalloc(b->host, sizeof *r, e);
    b->pair = mcd_host_zalloc(b->host, (size_t)b->models * b->backends * sizeof *b->pair, e);
    int status = r && b->pair ? try_backends(b, r, e) : MCD_NOMEM;
    if (!status)
        status = refuse_twice(b, e);
    if (!status)
        drop_slow(b);
    for (uint32_t m = 1; !status && m < b->models; m++)
        for (uint32_t i = 0; !status && i < b->backends; i++) {
            status = try_pair(b, m, i, r, e);
            if (!status && i)
                mcd_bench_pair(b, m, i)->trial.variance = mcd_bench_pair(b, m, 0)->trial.variance;
        }
    b->host->release(b->host, r);
    return status;
}

/* ---- rounds ------------------------------------------------------------------------------ */

static int pair_alloc(const struct mcd_bench *b, struct mcd_bench_pair *p,
                      const struct mcd_measured *m, struct mcd_error *e)
{
    p->jobs = m->count;
    p->timing = mcd_host_zalloc(b->host, m->count * sizeof *p->timing, e);
    p->seconds = mcd_host_zalloc(b->host, (size_t)m->count * b->rounds * sizeof *p->seconds, e);
    p->yardstick = mcd_host_zalloc(b->host, (size_t)m->count * b->rounds * sizeof *p->yardstick, e);
    if (!p->timing || !p->seconds || !p->yardstick)
        return MCD_NOMEM;
    memcpy(p->timing, m->timing, m->count * sizeof *p->timing);
    return MCD_OK;
}

static int keep(const struct mcd_bench *b, struct mcd_bench_pair *p, const struct errand *r,
                uint32_t round, size_t peak, struct mcd_error *e)
{
    const struct mcd_measured *m = &r->measured;
    int status = p->timing ? MCD_OK : pair_alloc(b, p, m, e);
    if (!status && m->count != p->jobs)
        status =
            mcd_fail(e, MCD_UNSUPPORTED, r->backend, "made another plan in round %u", round + 1);
    for (uint32_t j = 0; !status && j < p->jobs; j++) {
        p->seconds[(size_t)j * b->rounds + round] = m->timing[j].seconds;
        p->yardstick[(size_t)j * b->rounds + round] = m->timing[j].yardstick;
    }
    p->peak = peak > p->peak ? peak : p->peak;
    return status;
}

static int measure_pair(struct mcd_bench *b, uint32_t round, uint32_t model, uint32_t backend,
                        struct errand *r, struct mcd_error *e)
{
    struct mcd_bench_pair *p = mcd_bench_pair(b, model, backend);
    struct mcd_address at = {.seed = b->of[0].seed,
                             .stream = round,
                             .domain = MCD_DOMAIN_SHUFFLE,
                             .site = model,
                             .row = 1 + backend};
    size_t peak;
    *r = (struct errand){.of = b->of[model], .backend = b->backend[backend]};
    r->of.batch = p->batch;
    r->shake = mcd_noise_words(&at, 0).w[0];
    int status = send(b, r, &peak, e);
    return status ? status : keep(b, p, r, round, peak, e);
}

int mcd_bench_run(struct mcd_bench *b, struct mcd_error *e)
{
    uint64_t done = 0, all = (uint64_t)b->rounds * b->models * b->backends;
    uint32_t *order = mcd_host_zalloc(b->host, b->backends * sizeof *order, e);
    struct errand *r = mcd_host_zalloc(b->host, sizeof *r, e);
    int status = order && r ? MCD_OK : MCD_NOMEM;
    for (b->done = 0; !status && b->done < b->rounds; b->done += !status)
        for (uint32_t m = 0; !status && m < b->models; m++) {
            mcd_shuffle(b->of[0].seed, (uint64_t)b->done * b->models + m, b->backends, order);
            for (uint32_t i = 0; !status && i < b->backends; i++) {
                status = measure_pair(b, b->done, m, order[i], r, e);
                if (b->progress)
                    b->progress(b->arg, ++done, all);
            }
        }
    b->host->release(b->host, order);
    b->host->release(b->host, r);
    return status;
}

void mcd_bench_clear(struct mcd_bench *b)
{
    for (size_t i = 0; b->pair && i < (size_t)b->models * b->backends; i++) {
        b->host->release(b->host, b->pair[i].timing);
        b->host->release(b->host, b->pair[i].seconds);
        b->host->release(b->host, b->pair[i].yardstick);
    }
    b->host->release(b->host, b->pair);
    b->host->release(b->host, b->of);
    b->host->release(b->host, b->backend);
}
