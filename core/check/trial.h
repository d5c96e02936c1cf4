/*
 * A trial: a graph that is recorded, planned and run in a few lines, for checks of plugins and for
 * tests.
 *
 *     struct mcd_trial t;
 *     mcd_trial_open(&t, "reference:precision=f64", 1, 1);
 *     mcd_val x = mcd_graph_input(t.core, 0, mcd_shape1(5), 0);
 *     mcd_val y = mcd_layer(t.g, "a", x, "linear:out=3");
 *     mcd_trial_plan(&t, &(struct mcd_plan_spec){.rows = 2, .passes = 4, .noutputs = 1, .output = &y});
 *     mcd_trial_write(&t, x, values);
 *     mcd_trial_run(&t);
 *     double *out = mcd_trial_read(&t, y);
 *     free(out);
 *     mcd_trial_close(&t);
 *
 * The first failure stays in `error`, and what comes after one does nothing, so that it is enough
 * to look there at the end. Functions return error.code.
 */
#ifndef CORE_CHECK_TRIAL_H
#define CORE_CHECK_TRIAL_H

#include "core/graph/graph.h"
#include "core/graph/plan.h"
#include "core/graph/store.h"
#include "core/plugin/loader.h"

#include <mcdrop/backend.h>

struct mcd_trial {
    struct mcd_host *host;
    struct mcd_item *backend; /* owned, as the host then is; what computes is store->backend */
    struct mcd_store *store;
    struct mcd_graph_core *core;
    struct mcd_graph *g; /* the same, as plugins see it */
    struct mcd_plan *plan;
    uint64_t seed;          /* of runs: 2016; changed before planning as needed */
    struct mcd_run run;     /* domain PREDICT or TRAIN; changed before a run as needed */
    struct mcd_draw *draws; /* [sites + 1][passes], stream = pass */
    struct mcd_error error; /* the first failure */
};

/* On a host of its own. `stochastic` as in struct mcd_graph. Closed after a failure, too. */
int mcd_trial_open(struct mcd_trial *t, const char *backend, uint32_t threads, int stochastic);

/* On an item that outlives the trial, created with `host`. */
int mcd_trial_open_item(struct mcd_trial *t, struct mcd_host *host, const struct mcd_item *backend,
                        int stochastic);

/* Returns how many allocations of a host of its own were not released. */
uint64_t mcd_trial_close(struct mcd_trial *t);

/*
 * Gives parameters that are new their first values, and makes the plan, its memory full of NaN;
 * fills in the spec's graph and store. A plan that is there already is replaced.
 */
int mcd_trial_plan(struct mcd_trial *t, const struct mcd_plan_spec *spec);

/* Elements of a value in the plan, rows included. */
size_t mcd_trial_count(const struct mcd_trial *t, mcd_val v);

/* Writes an input, or a label. One that nothing depends on is passed over. */
int mcd_trial_write(struct mcd_trial *t, mcd_val v, const double *from);

/* Reads an output; the caller frees it. NULL after a failure. */
double *mcd_trial_read(struct mcd_trial *t, mcd_val v);

/* A parameter or the optimiser's state by name. The result of get is freed by the caller. */
int mcd_trial_set(struct mcd_trial *t, const char *name, const double *from);
double *mcd_trial_get(struct mcd_trial *t, const char *name, size_t *count);

/* Runs all of the plan. */
int mcd_trial_run(struct mcd_trial *t);

/*
 * Calls f(host, arg, &error) with the k-th allocation failing once, for k = 1, 1 + stride, ...
 * until it gets through. Each failure must be a clean MCD_NOMEM that leaves nothing allocated, and
 * none may be swallowed; what is wrong is recorded in `e`, with the number of the allocation.
 * *count is about how many allocations there are.
 */
int mcd_trial_starve(struct mcd_host *host,
                     int (*f)(struct mcd_host *host, void *arg, struct mcd_error *error), void *arg,
                     uint64_t stride, uint64_t *count, struct mcd_error *e);

/*
 * Element `i` of made-up tensor number `tensor`: uniform in (-1, 1), exact in single precision, the
 * same everywhere.
 */
double mcd_trial_value(uint32_t tensor, uint64_t i);

#endif
