/* devices: each of several computes what the first one does, beside it and with memory of its own. */
#include "core/check/backend_checks.h"

#include "core/check/conformance/engine.h"
#include "core/check/trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 5, PASSES = 4, RUNS = 3 };

/* A network on one device: dropout between two products. */
struct placed {
    struct mcd_item item;
    struct mcd_trial t;
    mcd_val x, y;
};

static void open_placed(struct placed *p, const struct mcd_engine *engine, uint32_t device)
{
    p->item = *engine->item;
    p->item.self = engine->api->device(engine->self, device);
    if (mcd_trial_open_item(&p->t, engine->host, &p->item, 1))
        return;
    struct mcd_graph *g = p->t.g;
    mcd_val v = mcd_param(g, "v", mcd_shape2(33, 17), 0, 1);
    mcd_val w = mcd_param(g, "w", mcd_shape2(3, 33), 0, 1);
    p->x = mcd_graph_input(p->t.core, 0, mcd_shape1(17), 0);
    p->y = mcd_map(g, MCD_TANH, mcd_linear(g, p->x, v, MCD_ABSENT));
    p->y = mcd_linear(g, mcd_drop(g, p->y, MCD_BERNOULLI, 0.4, 1), w, MCD_ABSENT);
    mcd_trial_plan(&p->t, &(struct mcd_plan_spec){
                              .rows = ROWS, .passes = PASSES, .noutputs = 1, .output = &p->y});
}

static void run_placed(struct placed *p, uint32_t number)
{
    double x[ROWS * 17];
    for (uint32_t i = 0; i < ROWS * 17; i++)
        x[i] = mcd_trial_value(number, i);
    mcd_trial_write(&p->t, p->x, x);
    p->t.run.seed = number;
    mcd_trial_run(&p->t);
}

static int compare(struct mcd_checking *c, const char *where, const double *got,
                   const double *expected, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(expected[i]));
    mcd_check_looked(c, count);
    for (size_t i = 0; i < count; i++)
        if (!(fabs(got[i] - expected[i]) <= 1e-2 * largest)) /* bf16, on another kind of card */
            return mcd_check_fail(c, where, "what the first device gives, up to rounding",
                                  "element %zu: %.9g, and %.9g on the first", i, got[i],
                                  expected[i]);
    return 0;
}

/* Both have work before either is asked for it. */
static int judge_runs(struct mcd_checking *c, const char *where, struct placed *first,
                      struct placed *other)
{
    int failed = 0;
    for (uint32_t i = 0; i < RUNS && !failed; i++) {
        run_placed(first, i);
        run_placed(other, i);
        double *expected = mcd_trial_read(&first->t, first->y);
        double *got = mcd_trial_read(&other->t, other->y);
        failed = mcd_check_status(c, where, first->t.error.code, &first->t.error) ||
                 mcd_check_status(c, where, other->t.error.code, &other->t.error) ||
                 compare(c, where, got, expected, mcd_trial_count(&first->t, first->y));
        free(expected);
        free(got);
    }
    return failed;
}

static int judge_type(struct mcd_checking *c, const char *where, const struct mcd_engine *engine,
                      void *self)
{
    struct mcd_backend_info info = {.size = sizeof info};
    engine->api->info(self, &info);
    if (info.type == engine->type)
        return 0;
    return mcd_check_fail(c, where, "the first one's type of elements", "%u instead of %u",
                          info.type, engine->type);
}

static int judge(struct mcd_checking *c, const struct mcd_engine *engine, uint32_t device)
{
    struct placed first, other;
    char where[40];
    void *self = engine->api->device(engine->self, device);
    snprintf(where, sizeof where, "device %u", device);
    if (device == 0)
        return self == engine->self ? 0 : mcd_check_fail(c, where, "self itself", "another object");
    if (judge_type(c, where, engine, self))
        return -1;
    open_placed(&first, engine, 0);
    open_placed(&other, engine, device);
    int failed = 0;
    if (first.t.error.code == MCD_UNSUPPORTED) /* the matter of `claims` */
        mcd_check_skip(c, "it refuses a network of products and dropout");
    else
        failed = judge_runs(c, where, &first, &other);
    mcd_trial_close(&first.t);
    mcd_trial_close(&other.t);
    return failed;
}

void mcd_backend_check_devices(struct mcd_checking *c)
{
    struct mcd_error e = {0};
    struct mcd_engine engine;
    struct mcd_backend_info info = {.size = sizeof info};
    if (mcd_check_status(c, "creation", mcd_engine_open(c->spec, 2, &engine, &e), &e))
        return;
    engine.api->info(engine.self, &info);
    int failed = 0;
    if (info.devices <= 1)
        mcd_check_skip(c, "it has one device");
    else if (!engine.api->device)
        failed =
            mcd_check_fail(c, "device", "a function that gives each of info's devices", "none");
    for (uint32_t i = 0; info.devices > 1 && i < info.devices && !failed; i++)
        failed = judge(c, &engine, i);
    mcd_engine_close(&engine);
}
