/*
 * Lack of memory in what models with their own posterior add: every allocation of sampling,
 * keeping, reading, judging, predicting and reporting fails once in turn. Each time there is a
 * clean error, and nothing is left. And a wish to stop when the draws are there: they stay.
 */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/network/draws.h"
#include "core/predict/posterior.h"
#include "core/result/result.h"
#include "core/train/sample.h"

#include <mcdrop/tensor.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "faults.h"
#include "scratch.h"

enum { ROWS = 9, POINTS = 5 };

#define MODEL "gp:tune=4,draws=8,chains=2,max_depth=2"

static double x[ROWS], y[ROWS];

/* What a run works with. */
struct rig {
    struct mcd_host *host;
    struct mcd_item *model, *backend;
    struct mcd_fitting fitting;
};

static int rig_open(struct rig *r, struct mcd_error *e)
{
    *r = (struct rig){0};
    r->host = mcd_host_create(1, NULL, NULL, e);
    int status = r->host ? MCD_OK : MCD_NOMEM;
    if (!status)
        status = mcd_item_open(r->host, MCD_MODEL, MODEL, &r->model, e);
    if (!status)
        status = mcd_item_open(r->host, MCD_BACKEND, "reference", &r->backend, e);
    r->fitting = (struct mcd_fitting){.host = r->host,
                                      .model = r->model,
                                      .backend = r->backend,
                                      .rows = ROWS,
                                      .columns = 1,
                                      .x = x,
                                      .y = y,
                                      .seed = 3};
    return status;
}

static void rig_close(struct rig *r)
{
    if (!r->host)
        return;
    mcd_item_close(r->host, r->model);
    mcd_item_close(r->host, r->backend);
    mcd_host_destroy(r->host);
}

static int sample(struct mcd_error *e)
{
    struct rig r;
    struct mcd_draws_file d = {0};
    int status = rig_open(&r, e);
    if (!status)
        status = mcd_sample_run(&r.fitting, &d, e);
    if (!status)
        status = mcd_sample_exact(&r.fitting, &d, e);
    if (!status && d.exacts < 6) /* what fails is left out with a warning: not for this */
        status = mcd_fail(e, MCD_INVALID, "exact", "%u values", d.exacts);
    if (!status)
        status = mcd_draws_write(scratch_path("new.safetensors"), &d, "{}", e);
    mcd_draws_clear(&d);
    rig_close(&r);
    return status;
}

static int take_block(void *arg, const struct mcd_block *block, struct mcd_error *e)
{
    (void)e;
    *(uint64_t *)arg += block->passes;
    return MCD_OK;
}

static int document(const struct mcd_posterior *p, const struct mcd_posterior_prediction *f,
                    const struct mcd_meaning *meaning, struct mcd_error *e)
{
    const struct mcd_origin origin = {0};
    const struct mcd_summary summary = {.spec = {.passes = f->passes, .group = 1},
                                        .output_mean = f->mean,
                                        .output_std = f->latent_sd,
                                        .output_mcse = f->mean_mcse};
    const struct mcd_result result = {.origin = &origin,
                                      .task = MCD_REGRESS,
                                      .rows = POINTS,
                                      .outputs = 1,
                                      .summary = &summary,
                                      .meaning = meaning,
                                      .total_sd = f->sd,
                                      .value_monte_carlo = f->scores,
                                      .posterior = p,
                                      .output_sd_mcse = f->latent_sd_mcse,
                                      .total_sd_mcse = f->sd_mcse,
                                      .batches = f->batches};
    json_t *json = NULL;
    int status = mcd_result_json(&result, &json, e);
    if (!status && (json_object_size(json_object_get(json, "posterior")) != 3 ||
                    !json_object_get(json, "predictive") || !json_object_get(json, "scores") ||
                    !json_object_get(json, "sampler") || !json_object_get(json, "exact")))
        status = mcd_fail(e, MCD_INVALID, "JSON", "something is missing");
    json_decref(json);
    return status;
}

static int predict(const struct rig *r, const struct mcd_draws_file *d, struct mcd_posterior *p,
                   struct mcd_posterior_prediction *f, struct mcd_error *e)
{
    struct mcd_meaning *meaning = NULL;
    uint64_t paths = 0;
    struct mcd_posterior_job job = {
        .fitting = r->fitting,
        .draws = d,
        .passes = 10,
        .points = POINTS,
        .x = x,
        .paths = take_block,
        .paths_arg = &paths,
    };
    job.fitting.dim = d->dim;
    job.fitting.names = (const char *const *)d->names;
    int status = mcd_meaning_create(r->host, POINTS, 1, 0, 1, &meaning, e);
    if (!status) {
        memcpy(meaning->target, y, POINTS * sizeof *y);
        job.meaning = meaning;
        status = mcd_posterior_predict(&job, f, e);
    }
    if (!status && paths != 10)
        status = mcd_fail(e, MCD_INVALID, "paths", "there are few");
    if (!status)
        status = document(p, f, meaning, e);
    mcd_meaning_destroy(r->host, meaning);
    return status;
}

static int foresee(struct mcd_error *e)
{
    struct rig r;
    struct mcd_draws_file d = {0};
    struct mcd_posterior p = {0};
    struct mcd_posterior_prediction f = {0};
    int status = rig_open(&r, e);
    if (!status)
        status = mcd_draws_read(r.host, scratch_path("draws.safetensors"), &d, e);
    if (!status)
        status = mcd_posterior_create(&p, r.host, &d, e);
    if (!status)
        status = predict(&r, &d, &p, &f, e);
    mcd_posterior_prediction_clear(&f);
    mcd_posterior_clear(&p);
    mcd_draws_clear(&d);
    rig_close(&r);
    return status;
}

/* ---- failing ----------------------------------------------------------------------------- */

static void fail_each(int (*run)(struct mcd_error *), unsigned long least, unsigned long step)
{
    struct mcd_error e = {0};
    unsigned long k = 1, errors = 0;
    assert_ok(run(&e), e); /* whatever is made once is made now */
    for (int hit = 1; hit; k += step) {
        long before = faults_live();
        e = (struct mcd_error){0};
        faults_start(FAULT_MEMORY, k);
        int status = run(&e);
        hit = faults_stop();
        errors += hit && status == MCD_NOMEM;
        if (status != MCD_OK && !(hit && status == MCD_NOMEM && e.code == status))
            fail_msg("allocation %lu: status %d, %s: %s", k, status, e.where, e.text);
        if (faults_live() != before)
            fail_msg("allocation %lu: %ld are left", k, faults_live() - before);
    }
    assert_true(errors > least);
}

static void sampling(void **state)
{
    (void)state;
    fail_each(sample, 10, getenv("MCDROP_FAST") ? 31 : 3);
}

static void foreseeing(void **state)
{
    (void)state;
    assert_int_equal(rename(scratch_path("new.safetensors"), scratch_path("draws.safetensors")), 0);
    fail_each(foresee, 20, getenv("MCDROP_FAST") ? 17 : 1);
}

static int setup(void **state)
{
    for (int i = 0; i < ROWS; i++) {
        x[i] = 0.3 * i;
        y[i] = sin(2 * x[i]) + 0.1 * cos(50 * i);
    }
    return scratch_setup(state);
}

static void stopping_what_is_exact_keeps_the_draws(void **state)
{
    static volatile sig_atomic_t stop;
    struct mcd_error e = {0};
    struct rig r;
    struct mcd_draws_file d = {0};
    (void)state;
    assert_ok(rig_open(&r, &e), e);
    r.fitting.stop = &stop;
    assert_ok(mcd_sample_run(&r.fitting, &d, &e), e);
    stop = 1;
    assert_int_equal(mcd_sample_exact(&r.fitting, &d, &e), MCD_STOPPED);
    assert_int_equal(d.exacts, 0);
    assert_int_equal(d.draws, 8);
    stop = 0;
    e = (struct mcd_error){0};
    assert_ok(mcd_sample_exact(&r.fitting, &d, &e), e);
    assert_true(d.exacts >= 6);
    mcd_draws_clear(&d);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sampling),
        cmocka_unit_test(foreseeing),
        cmocka_unit_test(stopping_what_is_exact_keeps_the_draws),
    };
    return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
