/*
 * Whole predictions by backend cuda, on a CUDA without a card: they drop the units that the
 * reference drops, whichever sampler draws and however rows and passes are cut.
 */
#include "tests/forward_run.h"

#include <stdio.h>

static char cuda[1024];

static const char *const samplers[] = {
    "bernoulli",  "bernoulli:scope=pass",  "balanced:block=4", "balanced:block=4,scope=pass",
    "antithetic", "antithetic:scope=pass",
};
enum { SAMPLERS = sizeof samplers / sizeof *samplers, ROWS = 70, PASSES = 16 };

/* The next sampler; fewer in the short form. */
static int next(int s)
{
    return s + (getenv("MCDROP_FAST") ? 3 : 1);
}

/* How rows and passes are cut; block_passes a multiple of every sampler's. */
struct cut {
    int64_t rows; /* of ROWS: the first ones */
    uint32_t block_rows, block_passes, threads;
};

static const struct cut whole = {ROWS, ROWS, PASSES, 1};

/* Predictions [pass][row][output] of a network. */
static double *predict(const struct mcd_network *network, const char *sampler,
                       const struct cut *cut)
{
    struct mcd_error e = {0};
    struct opened o = {0};
    struct mcd_item *item;
    assert_ok(mcd_item_open(network->host, MCD_SAMPLER, sampler, &item, &e), e);
    set_up(&o, (struct mcd_network *)network, item, cut->rows, 0, 1);
    o.f.block_rows = cut->block_rows;
    o.f.block_passes = cut->block_passes;
    o.f.block_count = PASSES / cut->block_passes;
    free(o.kept.y);
    o.kept.y = calloc(count_of(&o), sizeof(double));
    assert_non_null(o.kept.y);
    assert_ok(mcd_forward_run(&o.f, &e), e);
    mcd_item_close(network->host, item);
    free(o.x);
    return o.kept.y;
}

/* ---- units ----------------------------------------------------------------------------------- */

/* Sites of all kinds: each has its own binary digit of the result. */
static const struct {
    double p;
    int64_t span;
} sites[] = {{0.3, 1}, {0.5, 50}, {0.2, 1}, {0.8, 3}, {0.0625, 1}, {0.5, 150}, {0, 1}, {1, 1}};
enum { SITES = sizeof sites / sizeof *sites, WIDTH = 150 };

/* Sum of 2^k where site k keeps a unit; site 5 drops what another one has kept. */
static mcd_val build_units(void *self, struct mcd_graph *g, mcd_val x)
{
    mcd_val ones = mcd_affine(g, x, 0, 1), y = ones;
    (void)self;
    for (int k = 0; k < SITES; k++) {
        double keeps = sites[k].p < 1 ? 1 - sites[k].p : 1;
        mcd_val kept = mcd_drop(g, k == 5 ? mcd_drop(g, ones, MCD_BERNOULLI, 0.4, 1) : ones,
                                MCD_BERNOULLI, sites[k].p, sites[k].span);
        kept = mcd_affine(g, kept, keeps * (k == 5 ? 0.6 : 1) * (1 << k), 0);
        y = k ? mcd_add(g, y, kept) : kept;
    }
    return y;
}

static double *predict_units(const char *backend, const char *sampler, const struct cut *cut)
{
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(cut->threads, NULL, NULL, &e);
    struct rig_network made;
    rig_network_open(&made, host, backend, build_units, NULL, MCD_REGRESS, mcd_shape1(WIDTH));
    double *y = predict(&made.network, sampler, cut);
    rig_network_close(&made);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
    return y;
}

/* Of a prediction of `rows` rows, those that another one of all rows has. */
static void check_units(const double *got, int64_t rows, const double *all, const char *what)
{
    for (int64_t pass = 0; pass < PASSES; pass++)
        for (int64_t i = 0; i < rows * WIDTH; i++) {
            double a = got[pass * rows * WIDTH + i], b = all[pass * ROWS * WIDTH + i];
            if (!(fabs(a - b) < 1e-3))
                fail_msg("%s, pass %lld, row %lld, unit %lld: kept at sites %#x, expected %#x",
                         what, (long long)pass, (long long)(i / WIDTH), (long long)(i % WIDTH),
                         (unsigned)lround(a), (unsigned)lround(b));
        }
}

/* How many passes differ from the first one, and rows from the first one. */
static void check_scope(const double *y, int shared)
{
    int64_t rows = 0, passes = 0;
    for (int64_t i = 0; i < WIDTH; i++) {
        rows += y[i] != y[WIDTH + i];
        passes += y[i] != y[ROWS * WIDTH + i];
    }
    assert_true(passes > 0);
    assert_true(shared ? rows == 0 : rows > 0);
}

static void units_are_those_of_the_reference(void **state)
{
    (void)state;
    for (int s = 0; s < SAMPLERS; s = next(s)) {
        double *right = predict_units("reference:precision=f64", samplers[s], &whole);
        double *got = predict_units(cuda, samplers[s], &whole);
        check_units(got, ROWS, right, samplers[s]);
        check_scope(got, strstr(samplers[s], "scope=pass") != NULL);
        free(got);
        free(right);
    }
}

static void units_do_not_depend_on_how_work_is_cut(void **state)
{
    static const struct cut cuts[] = {
        {ROWS, 17, 4, 1}, {ROWS, 64, 8, 3}, {ROWS, ROWS, 4, 2}, {1, 1, PASSES, 1}, {33, 8, 4, 3},
    };
    (void)state;
    for (int s = 0; s < SAMPLERS; s = next(s)) {
        double *all = predict_units(cuda, samplers[s], &whole);
        for (size_t c = 0; c < sizeof cuts / sizeof *cuts; c++) {
            double *got = predict_units(cuda, samplers[s], &cuts[c]);
            check_units(got, cuts[c].rows, all, samplers[s]);
            free(got);
        }
        free(all);
    }
}

/* ---- models ---------------------------------------------------------------------------------- */

static double *predict_model(const char *backend, const char *model, struct mcd_shape in,
                             const char *sampler, size_t *n)
{
    static const struct cut few = {9, 5, 4, 1};
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(2, NULL, NULL, &e);
    struct mcd_network *network;
    assert_ok(mcd_network_open(host, model, backend, &in, 1, &network, &e), e);
    double *y = predict(network, sampler, &few);
    *n = (size_t)(few.rows * PASSES) * (size_t)network->outputs;
    mcd_network_close(network);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
    return y;
}

static void models_predict_as_the_reference_does(void **state)
{
    static const struct {
        const char *spec;
        struct mcd_shape in;
    } models[] = {
        {"mlp:hidden=37x19,classes=5", {2, {7, 6}}},
        {"lenet:classes=4", {2, {12, 12}}},
        {"mlp2:hidden=33x17,activation=gelu", {1, {3}}},
        {"mlp:hidden=37x19,noise=gaussian", {2, {7, 6}}},
    };
    (void)state;
    for (size_t m = 0; m < sizeof models / sizeof *models; m++)
        for (int s = 0; s < SAMPLERS; s = next(s)) {
            size_t n;
            if (strstr(models[m].spec, "gaussian") && strstr(samplers[s], "balanced"))
                continue; /* fills bits, which noise of that law has not */
            double *right = predict_model("reference:precision=f64", models[m].spec, models[m].in,
                                          samplers[s], &n);
            double *got = predict_model(cuda, models[m].spec, models[m].in, samplers[s], &n);
            double largest = 0;
            for (size_t i = 0; i < n; i++)
                largest = fmax(largest, fabs(right[i]));
            for (size_t i = 0; i < n; i++)
                if (!(fabs(got[i] - right[i]) <= 1e-5 * largest))
                    fail_msg("%s, %s: value %zu of %zu is %.9g, expected %.9g", models[m].spec,
                             samplers[s], i, n, got[i], right[i]);
            free(got);
            free(right);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_are_those_of_the_reference),
        cmocka_unit_test(units_do_not_depend_on_how_work_is_cut),
        cmocka_unit_test(models_predict_as_the_reference_does),
    };
    snprintf(cuda, sizeof cuda, "%s/cuda/module/.libs/cuda.so", getenv("MCDROP_TEST_BUILDDIR"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
