/*
 * fetch: what is fetched is what the tensor was when its turn came, and is there after the next
 * sync or read, however much is on its way and whoever else fetches.
 */
#include "core/check/backend_checks.h"

#include "core/check/conformance/cases.h"
#include "core/check/conformance/engine.h"
#include "core/check/trial.h"
#include "core/graph/gradient.h"

#include <mcdrop/model.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FETCHES = 30, GUARD = 8, THREADS = 3, UPDATES = 6, ROWS = 4 };

/* ---- tensors that are written again ---------------------------------------------------------- */

/* One thread's tensor, and what comes from there. */
struct fetching {
    const struct mcd_engine *engine;
    size_t count;        /* elements */
    int read;            /* 1: completed by a read, 0: by a sync */
    uint32_t first;      /* so that each thread has values of its own */
    size_t bytes, apart; /* of a value, and from one value to the next */
    unsigned char *memory;
    struct mcd_tensor tensor;
    int status;
    struct mcd_error error;
};

static unsigned char byte_of(const struct fetching *f, uint32_t k, size_t i)
{
    return (unsigned char)(31 * i + 57 * (f->first + k) + 1);
}

/* Aligned to nothing. */
static unsigned char *place_of(const struct fetching *f, uint32_t k)
{
    return f->memory + k * f->apart + GUARD + 1;
}

static int open_fetching(struct fetching *f)
{
    const struct mcd_backend *api = f->engine->api;
    f->bytes = f->count * mcd_type_size(f->engine->type);
    f->apart = f->bytes + 2 * GUARD + 1;
    f->memory = malloc(FETCHES * f->apart);
    f->tensor = (struct mcd_tensor){NULL, 0, f->engine->type, 0, mcd_shape1((int64_t)f->count)};
    if (!f->memory)
        return MCD_NOMEM;
    memset(f->memory, 0xEE, FETCHES * f->apart);
    return api->alloc(f->engine->self, f->bytes, &f->tensor.buffer, &f->error);
}

/* Value k is written and fetched before the next one takes its place. */
static int fetch_values(struct fetching *f, unsigned char *value)
{
    const struct mcd_backend *api = f->engine->api;
    void *self = f->engine->self;
    int status = MCD_OK;
    for (uint32_t k = 0; k < FETCHES && !status; k++) {
        for (size_t i = 0; i < f->bytes; i++)
            value[i] = byte_of(f, k, i);
        status = api->write(self, &f->tensor, value, &f->error);
        if (!status)
            status = api->fetch(self, &f->tensor, place_of(f, k), &f->error);
    }
    if (status)
        return status;
    return f->read ? api->read(self, &f->tensor, value, &f->error) : api->sync(self, &f->error);
}

static void *fetch_all(void *arg)
{
    struct fetching *f = arg;
    unsigned char *value = malloc(f->count * mcd_type_size(f->engine->type));
    f->status = value ? open_fetching(f) : MCD_NOMEM;
    if (!f->status)
        f->status = fetch_values(f, value);
    free(value);
    return NULL;
}

static int judge_values(struct mcd_checking *c, const struct fetching *f, const char *where)
{
    for (uint32_t k = 0; k < FETCHES; k++) {
        const unsigned char *to = place_of(f, k);
        for (size_t i = 0; i < f->bytes; i++)
            if (to[i] != byte_of(f, k, i))
                return mcd_check_fail(c, where, "what the tensor was when it was fetched",
                                      "value %u: byte %zu is %u, expected %u", k, i, to[i],
                                      byte_of(f, k, i));
        for (size_t i = 0; i < GUARD; i++)
            if (to[f->bytes + i] != 0xEE || to[-1 - (ptrdiff_t)i] != 0xEE)
                return mcd_check_fail(c, where, "a fetch of so many bytes",
                                      "more was written to the host");
        mcd_check_looked(c, 1);
    }
    return 0;
}

static int judge_threads(struct mcd_checking *c, struct fetching *f, uint32_t threads)
{
    char where[100];
    pthread_t thread[THREADS];
    uint32_t started = 1;
    while (started < threads && !pthread_create(&thread[started], NULL, fetch_all, &f[started]))
        started++;
    fetch_all(&f[0]);
    for (uint32_t i = 1; i < started; i++)
        pthread_join(thread[i], NULL);
    int failed = 0;
    for (uint32_t i = 0; i < started && !failed; i++) {
        snprintf(where, sizeof where, "%d fetches of %zu elements, then %s, %u thread%s", FETCHES,
                 f[i].count, f[i].read ? "read" : "sync", started, started > 1 ? "s" : "");
        failed =
            mcd_check_status(c, where, f[i].status, &f[i].error) || judge_values(c, &f[i], where);
    }
    return failed;
}

static int judge_copies(struct mcd_checking *c, const struct mcd_engine *engine, size_t count,
                        int read, uint32_t threads)
{
    struct fetching f[THREADS];
    for (uint32_t i = 0; i < threads; i++)
        f[i] = (struct fetching){
            .engine = engine, .count = count + 3 * i, .read = read, .first = 100 * i};
    int failed = judge_threads(c, f, threads);
    for (uint32_t i = 0; i < threads; i++) {
        engine->api->release(engine->self, f[i].tensor.buffer);
        free(f[i].memory);
    }
    return failed;
}

static int judge_all_copies(struct mcd_checking *c, const struct mcd_engine *engine)
{
    static const size_t counts[] = {1, 3, 61, 1025, 40000};
    for (size_t i = 0; i < MCD_COUNT(counts); i++)
        for (int read = 0; read < 2; read++)
            if (judge_copies(c, engine, counts[i], read, 1) ||
                judge_copies(c, engine, counts[i], read, THREADS))
                return -1;
    return 0;
}

/* ---- losses ---------------------------------------------------------------------------------- */

/* A loss as the backend has it. */
union loss {
    float narrow;
    double wide;
};

/* A line that learns; its losses are read one by one, or fetched and waited for once. */
static mcd_val open_line(struct mcd_trial *t, const char *spec, mcd_val *x, mcd_val *target)
{
    const struct mcd_update update = {MCD_SGD, 0.1, 0, 0};
    mcd_val loss = 0;
    if (mcd_trial_open(t, spec, 1, 1))
        return loss;
    *x = mcd_graph_input(t->core, 0, mcd_shape1(3), 0);
    *target = mcd_graph_input(t->core, 1, mcd_shape1(1), 0);
    mcd_val w = mcd_param(t->g, "w", mcd_shape2(1, 3), 0, 1),
            y = mcd_linear(t->g, *x, w, MCD_ABSENT);
    mcd_graph_training(t->core, MCD_REGRESS, y, *target, &update, &loss, &t->error);
    mcd_trial_plan(t,
                   &(struct mcd_plan_spec){
                       .rows = ROWS, .passes = 1, .training = 1, .noutputs = 1, .output = &loss});
    return loss;
}

static void train(struct mcd_trial *t, const char *spec, int fetched, union loss *loss)
{
    mcd_val x = 0, target = 0, value = open_line(t, spec, &x, &target);
    double from[ROWS * 3], to[ROWS];
    for (uint32_t i = 0; i < UPDATES && !t->error.code; i++) {
        for (uint32_t k = 0; k < ROWS * 3; k++)
            from[k] = mcd_trial_value(i, k);
        for (uint32_t k = 0; k < ROWS; k++)
            to[k] = mcd_trial_value(50, k);
        mcd_trial_write(t, x, from);
        mcd_trial_write(t, target, to);
        mcd_trial_run(t);
        if (!t->error.code)
            (fetched ? mcd_plan_fetch : mcd_plan_read)(t->plan, value, &loss[i], &t->error);
    }
    if (!t->error.code)
        mcd_plan_sync(t->plan, &t->error);
}

static int judge_losses(struct mcd_checking *c)
{
    const char *where = "losses of updates";
    struct mcd_trial one, other;
    union loss read[UPDATES], fetched[UPDATES];
    memset(read, 0, sizeof read);
    memset(fetched, 0, sizeof fetched);
    train(&one, c->spec, 0, read);
    train(&other, c->spec, 1, fetched);
    int refused = one.error.code == MCD_UNSUPPORTED; /* the matter of `claims` */
    int failed = !refused && (mcd_check_status(c, where, one.error.code, &one.error) ||
                              mcd_check_status(c, where, other.error.code, &other.error));
    for (uint32_t i = 0; !refused && !failed && i < UPDATES; i++)
        if (memcmp(&read[i], &fetched[i], sizeof *read) != 0)
            failed = mcd_check_fail(c, where, "what a read gives after each",
                                    "update %u: other bits where all are fetched", i);
    mcd_trial_close(&one);
    mcd_trial_close(&other);
    return failed;
}

void mcd_backend_check_fetch(struct mcd_checking *c)
{
    struct mcd_error e = {0};
    struct mcd_engine engine;
    if (mcd_check_status(c, "creation", mcd_engine_open(c->spec, 1, &engine, &e), &e))
        return;
    if (!engine.api->fetch)
        mcd_check_skip(c, "every read of the backend waits");
    else if (!engine.api->sync)
        mcd_check_fail(c, "sync", "a function that completes what was fetched", "none");
    else if (!judge_all_copies(c, &engine))
        judge_losses(c);
    mcd_engine_close(&engine);
}
