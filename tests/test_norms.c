/*
 * plugins/layers/layernorm.c and batchnorm.c against PyTorch's definitions, written out here in
 * double precision, on every backend: outputs, running statistics, and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"

#include "core/base/host.h"
#include "core/graph/gradient.h"

#include <mcdrop/model.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fixtures/formula.h"
#include "tests/scratch.h"

enum { ROWS = 5, UPDATES = 3 };

static const struct {
    const char *spec;
    double tolerance; /* relative to the largest value */
} backends[] = {
    {"reference:precision=f64", 1e-13},
    {"reference", 1e-6},
    {"openblas", 1e-6},
    {"onednn", 1e-6},
};

enum { BACKENDS = sizeof backends / sizeof *backends };

static int is_there(const char *backend)
{
    struct mcd_item *item = NULL;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    int there = mcd_item_open(host, MCD_BACKEND, backend, &item, NULL) == MCD_OK;
    mcd_item_close(host, item);
    mcd_host_destroy(host);
    return there;
}

static void expect_near(const char *what, const double *found, const double *expected, size_t n,
                        double tolerance)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(expected[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs(found[i] - expected[i]) <= tolerance * largest))
            fail_msg("%s: element %zu is %.17g: expected %.17g", what, i, found[i], expected[i]);
}

/* Mean and variance (divisor n) of every `step`-th of values in `blocks` blocks. */
static void moments(const double *x, size_t blocks, size_t jump, size_t length, double *mean,
                    double *variance)
{
    double n = (double)(blocks * length);
    *mean = *variance = 0;
    for (size_t b = 0; b < blocks; b++)
        for (size_t i = 0; i < length; i++)
            *mean += x[b * jump + i] / n;
    for (size_t b = 0; b < blocks; b++)
        for (size_t i = 0; i < length; i++)
            *variance += (x[b * jump + i] - *mean) * (x[b * jump + i] - *mean) / n;
}

/* Values about 3, so that a mean that is left out shows. */
static double *numbers(uint32_t tensor, size_t n)
{
    double *x = calloc(n, sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(3 + 2 * fixture_value(tensor, (uint32_t)i));
    return x;
}

/* ---- layernorm ------------------------------------------------------------------------------ */

struct layernorm_case {
    const char *spec;
    struct mcd_shape in;
    size_t length; /* of what is normalised together */
    double eps;
};

static void check_layernorm(const struct layernorm_case *c, const char *backend, double tolerance)
{
    struct mcd_trial r;
    rig_open(&r, backend, 2, 1);
    mcd_val x = rig_input(&r, c->in), y = mcd_layer(r.g, "a", x, "%s", c->spec);
    rig_plan(&r, &(struct mcd_plan_spec){.rows = ROWS, .passes = 1, .noutputs = 1, .output = &y});
    rig_formula(&r);
    size_t n = mcd_trial_count(&r, x), count;
    double *in = numbers(1, n), *w = rig_get(&r, "a.weight", &count);
    double *b = rig_get(&r, "a.bias", NULL), *expected = calloc(n, sizeof *expected);
    assert_int_equal(count, c->length);
    assert_non_null(expected);
    for (size_t at = 0; at < n; at += c->length) {
        double mean, variance;
        moments(in + at, 1, 0, c->length, &mean, &variance);
        for (size_t i = 0; i < c->length; i++)
            expected[at + i] = (in[at + i] - mean) / sqrt(variance + c->eps) * w[i] + b[i];
    }
    rig_write(&r, x, in);
    rig_run(&r);
    double *found = rig_read(&r, y);
    expect_near(c->spec, found, expected, n, tolerance);
    free(found), free(expected), free(in), free(w), free(b);
    rig_close(&r);
}

static void layernorm_is_pytorchs(void **state)
{
    (void)state;
    static const struct layernorm_case cases[] = {
        {"layernorm", {1, {7}}, 7, 1e-5},
        {"layernorm:over=row,eps=0.5", {1, {7}}, 7, 0.5},
        {"layernorm", {3, {2, 3, 5}}, 5, 1e-5},
        {"layernorm:over=row", {3, {2, 3, 5}}, 30, 1e-5},
    };
    for (int b = 0; b < BACKENDS; b++)
        for (size_t i = 0; is_there(backends[b].spec) && i < sizeof cases / sizeof *cases; i++)
            check_layernorm(&cases[i], backends[b].spec, 2 * backends[b].tolerance);
}

/* Gain 1 and offset 0 before training; a row of equal values is 0, not NaN. */
static void layernorm_starts_plain(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, "reference:precision=f64", 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(2)), y = mcd_layer(r.g, "a", x, "layernorm:eps=1e-12");
    rig_plan(&r, &(struct mcd_plan_spec){.rows = 2, .passes = 1, .noutputs = 1, .output = &y});
    rig_write(&r, x, (double[]){4, 8, 5, 5});
    rig_run(&r);
    double *found = rig_read(&r, y);
    expect_near("start", found, (double[]){-1, 1, 0, 0}, 4, 1e-12);
    free(found);
    rig_close(&r);
}

/* ---- batchnorm ------------------------------------------------------------------------------ */

struct batchnorm_case {
    struct mcd_shape in;
    size_t channels, pixels;
};

static const struct batchnorm_case batchnorms[] = {
    {{1, {4}}, 4, 1},
    {{3, {3, 2, 4}}, 3, 8},
};

enum { BATCHNORMS = sizeof batchnorms / sizeof *batchnorms, MAX_CHANNELS = 4 };

/* What PyTorch's layer keeps and gives. */
struct pytorch {
    double weight[MAX_CHANNELS], bias[MAX_CHANNELS], mean[MAX_CHANNELS], variance[MAX_CHANNELS];
};

static void normalise(const struct batchnorm_case *c, const double *x, size_t rows, size_t channel,
                      const struct pytorch *p, double mean, double variance, double *y)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < c->pixels; i++) {
            size_t at = (r * c->channels + channel) * c->pixels + i;
            y[at] = (x[at] - mean) / sqrt(variance + 1e-5) * p->weight[channel] + p->bias[channel];
        }
}

/* One update with momentum 0.25. */
static void pytorch_update(const struct batchnorm_case *c, const double *x, struct pytorch *p,
                           double *y)
{
    double n = (double)(ROWS * c->pixels);
    for (size_t k = 0; k < c->channels; k++) {
        double mean, variance;
        moments(x + k * c->pixels, ROWS, c->channels * c->pixels, c->pixels, &mean, &variance);
        normalise(c, x, ROWS, k, p, mean, variance, y);
        p->mean[k] = 0.75 * p->mean[k] + 0.25 * mean;
        p->variance[k] = 0.75 * p->variance[k] + 0.25 * variance * n / (n - 1);
    }
}

static void set_channels(struct mcd_trial *r, const struct pytorch *p)
{
    rig_set(r, "a.weight", p->weight);
    rig_set(r, "a.bias", p->bias);
    rig_set(r, "a.running_mean", p->mean);
    rig_set(r, "a.running_var", p->variance);
}

static void expect_state(struct mcd_trial *r, const char *name, const double *expected,
                         double tolerance)
{
    size_t n;
    double *found = rig_get(r, name, &n);
    expect_near(name, found, expected, n, tolerance);
    free(found);
}

static const struct pytorch at_start = {
    {0.5, -1, 2, 0.25}, {0.125, 0, -1, 4}, {0, 0, 0, 0}, {1, 1, 1, 1}};

/* Updates that leave gain and offset as they are, because they go nowhere: rate 0. */
static void check_updates(const struct batchnorm_case *c, const char *backend, double tolerance)
{
    struct mcd_error e = {0};
    struct mcd_trial r;
    rig_open(&r, backend, 2, 1);
    r.g->batch = ROWS;
    mcd_val x = rig_input(&r, c->in), loss, y = mcd_layer(r.g, "a", x, "batchnorm:momentum=0.25");
    struct mcd_shape flat = mcd_shape1((int64_t)(c->channels * c->pixels));
    mcd_val target = rig_target(&r, flat, 0);
    struct mcd_update still = {.optimiser = MCD_SGD};
    assert_ok(mcd_graph_training(r.core, MCD_REGRESS, mcd_reshape(r.g, y, flat), target, &still,
                                 &loss, &e),
              e);
    mcd_val output[] = {y, loss};
    rig_plan(&r, &(struct mcd_plan_spec){
                     .rows = ROWS, .passes = 1, .training = 1, .noutputs = 2, .output = output});
    struct pytorch p = at_start;
    set_channels(&r, &p);
    size_t n = mcd_trial_count(&r, x);
    double *expected = calloc(n, sizeof *expected);
    for (uint32_t u = 0; u < UPDATES; u++) {
        double *in = numbers(u, n);
        rig_write(&r, x, in);
        rig_write(&r, target, in);
        rig_run(&r);
        pytorch_update(c, in, &p, expected);
        double *found = rig_read(&r, y);
        expect_near("output", found, expected, n, 2 * tolerance);
        expect_state(&r, "a.running_mean", p.mean, tolerance);
        expect_state(&r, "a.running_var", p.variance, tolerance);
        expect_state(&r, "a.weight", p.weight, 0);
        free(found), free(in);
    }
    free(expected);
    rig_close(&r);
}

static void batchnorm_trains_as_pytorchs(void **state)
{
    (void)state;
    for (int b = 0; b < BACKENDS; b++)
        for (int i = 0; is_there(backends[b].spec) && i < BATCHNORMS; i++)
            check_updates(&batchnorms[i], backends[b].spec, backends[b].tolerance);
}

/* Checked against the definition; to be freed. */
static double *predict(struct mcd_trial *r, const struct batchnorm_case *c, mcd_val x, mcd_val y,
                       uint32_t rows, double tolerance)
{
    struct pytorch p = at_start;
    rig_plan(r, &(struct mcd_plan_spec){.rows = rows, .passes = 1, .noutputs = 1, .output = &y});
    for (size_t k = 0; k < c->channels; k++)
        p.mean[k] = 2.5 + (double)k / 4, p.variance[k] = 0.5 + (double)k;
    set_channels(r, &p);
    size_t n = mcd_trial_count(r, x);
    double *in = numbers(1, n), *expected = calloc(n, sizeof *expected);
    assert_non_null(expected);
    for (size_t k = 0; k < c->channels; k++)
        normalise(c, in, rows, k, &p, p.mean[k], p.variance[k], expected);
    rig_write(r, x, in);
    rig_run(r);
    double *found = rig_read(r, y);
    expect_near("prediction", found, expected, n, tolerance);
    free(in), free(expected);
    return found;
}

/*
 * By running statistics, whether noise is on or not; a row alone has the bits it has among others.
 */
static void check_prediction(const struct batchnorm_case *c, const char *backend, int stochastic,
                             double tolerance)
{
    struct mcd_trial r;
    rig_open(&r, backend, 2, stochastic);
    mcd_val x = rig_input(&r, c->in), y = mcd_layer(r.g, "a", x, "batchnorm");
    double *all = predict(&r, c, x, y, ROWS, 2 * tolerance);
    double *first = predict(&r, c, x, y, 1, 2 * tolerance);
    assert_memory_equal(first, all, c->channels * c->pixels * sizeof *all);
    free(all), free(first);
    rig_close(&r);
}

static void batchnorm_predicts_by_running_statistics(void **state)
{
    (void)state;
    for (int b = 0; b < BACKENDS; b++)
        for (int i = 0; is_there(backends[b].spec) && i < 2 * BATCHNORMS; i++)
            check_prediction(&batchnorms[i / 2], backends[b].spec, i % 2, backends[b].tolerance);
}

/* ---- what is refused ------------------------------------------------------------------------ */

static void refuse(const char *spec, struct mcd_shape in, uint32_t batch, const char *text)
{
    struct mcd_trial r;
    rig_open(&r, "reference", 1, 1);
    r.g->batch = batch;
    assert_int_equal(mcd_layer(r.g, "net.a", rig_input(&r, in), "%s", spec), 0);
    assert_error(r.core->error, MCD_INVALID, "net.a", text);
    rig_close(&r);
}

/* One row of one value has no variance; of an image with several pixels it has one. */
static void what_has_no_variance_is_refused(void **state)
{
    (void)state;
    struct mcd_trial r;
    static const char text[] = "one value has no variance: expected at least 2 rows in every batch";
    refuse("batchnorm", mcd_shape1(4), 1, text);
    refuse("batchnorm", mcd_shape3(4, 1, 1), 1, text);
    refuse("batchnorm", mcd_shape2(4, 4), 2, "takes one vector [in] or one image");
    refuse("layernorm", mcd_shape0(), 2, "takes one input of one dimension or more");
    rig_open(&r, "reference", 1, 1);
    r.g->batch = 1;
    assert_int_not_equal(mcd_layer(r.g, "a", rig_input(&r, mcd_shape3(4, 1, 2)), "batchnorm"), 0);
    assert_int_not_equal(r.core->ntrackings, 0);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layernorm_is_pytorchs),
        cmocka_unit_test(layernorm_starts_plain),
        cmocka_unit_test(batchnorm_trains_as_pytorchs),
        cmocka_unit_test(batchnorm_predicts_by_running_statistics),
        cmocka_unit_test(what_has_no_variance_is_refused),
    };
    return cmocka_run_group_tests_name("norms", tests, NULL, NULL);
}
