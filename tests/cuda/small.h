/*
 * Small networks that are trained and asked in memory, on any backend: for tests that go the whole
 * way on the fake CUDA, once beside the reference or again and again with failures.
 *
 * Includes cmocka.h. Static inline, so that every test program stays one file.
 */
#ifndef TESTS_CUDA_SMALL_H
#define TESTS_CUDA_SMALL_H

#include "core/base/host.h"
#include "core/predict/evaluate.h"
#include "core/predict/predict.h"
#include "core/stats/summary.h"
#include "core/train/train.h"

#include "fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fixtures/formula.h"
#include "tests/scratch.h"

#define SMALL_FAKE "tests/cuda/module/.libs/cuda.so"

enum { SMALL_ROWS = 13, SMALL_CLASSES = 3, SMALL_INPUTS = 256, SMALL_LEAK = 1000 };

/* What is done: a few updates, then weight averaging and passes. */
struct small {
    const char *model, *sampler;
    struct mcd_shape input;
    int regression; /* of one output; else SMALL_CLASSES classes */
    struct mcd_update update;
    uint64_t epochs, passes; /* 0: no training; weight averaging alone */
    double until_mcse;       /* 0: all the passes */
    const char *checkpoint;  /* file, or NULL */
};

/* What comes of it: in parts, of which none is written before it is complete. */
struct small_result {
    double loss[4], average[SMALL_ROWS * SMALL_CLASSES], mean[SMALL_ROWS * SMALL_CLASSES],
        deviation[SMALL_ROWS * SMALL_CLASSES];
    uint64_t passes;
};

static const struct small small_mlp = {
    .model = "mlp:hidden=9x5,classes=3,activation=relu",
    .sampler = "balanced:block=4",
    .input = {2, {4, 5, 0, 0, 0, 0}},
    .update = {.optimiser = MCD_SGD, .rate = 0.1, .momentum = 0.9, .decay = 1e-3},
    .epochs = 2,
    .passes = 32,
};
static const struct small small_lenet = {
    .model = "lenet:classes=3",
    .sampler = "antithetic",
    .input = {2, {16, 16, 0, 0, 0, 0}},
    .update = {.optimiser = MCD_SGD, .rate = 0.05, .momentum = 0.9},
    .epochs = 2,
};
static const struct small small_mlp2 = {
    .model = "mlp2:hidden=12x12",
    .sampler = "bernoulli:scope=pass",
    .input = {1, {3, 0, 0, 0, 0, 0}},
    .regression = 1,
    .update = {.optimiser = MCD_ADAM, .rate = 0.01, .decay = 1e-4},
    .epochs = 3,
    .passes = 50,
};

struct small_data {
    float x[SMALL_ROWS * SMALL_INPUTS], target[SMALL_ROWS];
    int32_t label[SMALL_ROWS];
};

static inline struct mcd_examples small_examples(const struct small *s, struct small_data *d)
{
    const int64_t width = mcd_shape_count(&s->input);
    for (int64_t i = 0; i < SMALL_ROWS * width; i++)
        d->x[i] = (float)fixture_value(1, (uint32_t)i);
    for (int i = 0; i < SMALL_ROWS; i++) {
        d->label[i] = i * i % SMALL_CLASSES;
        d->target[i] = (float)fixture_value(2, (uint32_t)i);
    }
    return (struct mcd_examples){.rows = SMALL_ROWS,
                                 .x = d->x,
                                 .label = s->regression ? NULL : d->label,
                                 .target = s->regression ? d->target : NULL};
}

static inline int small_train(const struct small *s, struct mcd_network *n,
                              const struct mcd_examples *data, struct small_result *r,
                              struct mcd_error *e)
{
    struct mcd_train_state state = {0};
    const struct mcd_train t = {
        .trainer = {.network = n,
                    .data = *data,
                    .update = s->update,
                    .batch = 5,
                    .shuffle = 1,
                    .seed = 3,
                    .epochs = s->epochs},
        .test = *data,
        .data = "small",
        .checkpoint = s->checkpoint,
        .interval = 1e9,
    };
    int status = mcd_train_run(&t, &state, e);
    for (uint64_t i = 0; !status && i < s->epochs; i++)
        r->loss[i] = state.history[i].loss;
    mcd_train_state_clear(&state);
    return status;
}

static inline int small_predict(const struct small *s, struct mcd_network *n, const float *x,
                                const struct mcd_item *sampler, struct small_result *r,
                                struct mcd_error *e)
{
    const size_t bytes = (size_t)(SMALL_ROWS * n->outputs) * sizeof(double);
    const struct mcd_predict predict = {.network = n,
                                        .sampler = sampler,
                                        .x = x,
                                        .rows = SMALL_ROWS,
                                        .seed = 5,
                                        .passes = s->passes,
                                        .until_mcse = s->until_mcse};
    struct mcd_moments *moments = NULL;
    struct mcd_summary summary = {0};
    int status = mcd_average(n, x, SMALL_ROWS, r->average, NULL, e);
    if (status || s->passes == 0)
        return status;
    status = mcd_predict_run(&predict, &moments, e);
    if (!status)
        status = mcd_summary_create(&summary, moments, e);
    if (!status) {
        memcpy(r->mean, summary.output_mean, bytes);
        memcpy(r->deviation, summary.output_std, bytes);
        r->passes = summary.spec.passes;
    }
    mcd_summary_clear(&summary);
    mcd_moments_destroy(moments);
    return status;
}

/* On a host with so many threads; SMALL_LEAK if something of the host is left. */
static inline int small_run(const struct small *s, const char *backend, uint32_t threads,
                            struct small_result *r, struct mcd_error *e)
{
    struct small_data data;
    const struct mcd_examples examples = small_examples(s, &data);
    struct mcd_host *host = mcd_host_create(threads, NULL, NULL, e);
    struct mcd_network *n = NULL;
    struct mcd_item *sampler = NULL;
    assert_non_null(host);
    int status = mcd_network_open(host, s->model, backend, &s->input, 7, &n, e);
    if (!status && s->epochs > 0)
        status = small_train(s, n, &examples, r, e);
    if (!status)
        status = mcd_item_open(host, MCD_SAMPLER, s->sampler, &sampler, e);
    if (!status)
        status = small_predict(s, n, data.x, sampler, r, e);
    mcd_item_close(host, sampler);
    mcd_network_close(n);
    if (mcd_host_live(host) != 0)
        status = SMALL_LEAK;
    mcd_host_destroy(host);
    return status;
}

#endif
