/*
 * plugins/layers/residual.c and concrete.c: a shortcut around a list of layers, and the linear
 * layer that learns how much to drop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fixtures/formula.h"
#include "tests/scratch.h"

enum { ROWS = 3 };

static const char f32[] = "reference", f64[] = "reference:precision=f64";

/* ---- residual ------------------------------------------------------------------------------- */

/* Two values of one graph have the same bits. */
static void expect_same(struct mcd_trial *r, mcd_val x, mcd_val a, mcd_val b)
{
    mcd_val output[] = {a, b};
    rig_plan(r,
             &(struct mcd_plan_spec){.rows = ROWS, .passes = 1, .noutputs = 2, .output = output});
    rig_formula(r);
    rig_fill(r, x, 100);
    rig_run(r);
    double *found = rig_read(r, a), *expected = rig_read(r, b);
    assert_memory_equal(found, expected, mcd_trial_count(r, a) * sizeof *found);
    assert_true(found[0] != 0 && isfinite(found[0]));
    free(found), free(expected);
}

/* The layers by hand have the block's parameters, because they have their names. */
static void a_block_is_x_plus_its_layers(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, f64, 1, 0);
    mcd_val x = rig_input(&r, mcd_shape1(5));
    mcd_val y =
        mcd_layer(r.g, "a", x, "residual:layers=\"linear:out=4,bias=no;relu;linear:out=5\"");
    uint32_t params = r.core->nparams;
    mcd_val z = mcd_layer(r.g, "a.0", x, "linear:out=4,bias=no");
    z = mcd_layer(r.g, "a.2", mcd_map(r.g, MCD_RELU, z), "linear:out=5");
    expect_same(&r, x, y, mcd_add(r.g, x, z));
    assert_int_equal(params, 3);
    assert_int_equal(r.core->nparams, 3);
    rig_close(&r);
}

static void blocks_nest(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, f64, 1, 0);
    mcd_val x = rig_input(&r, mcd_shape3(2, 4, 3));
    mcd_val y = mcd_layer(r.g, "a", x,
                          "residual:layers=\"tanh;residual:layers=\\\"conv2d:out=2,kernel=3,pad=1;"
                          "relu\\\";sigmoid\"");
    mcd_val z = mcd_map(r.g, MCD_TANH, x);
    mcd_val inner = mcd_layer(r.g, "a.1.0", z, "conv2d:out=2,kernel=3,pad=1");
    z = mcd_map(r.g, MCD_SIGMOID, mcd_add(r.g, z, mcd_map(r.g, MCD_RELU, inner)));
    expect_same(&r, x, y, mcd_add(r.g, x, z));
    assert_int_equal(r.core->nparams, 2);
    rig_close(&r);
}

static void wrong_blocks_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *where, *text;
    } cases[] = {
        {"residual:layers=\"linear:out=4\"", "net.a",
         "its layers make [4] of [5]: expected the input's shape"},
        {"residual:layers=\"relu;nonesuch\"", "nonesuch", "there is no such layer"},
        {"residual:layers=\"relu;conv2d:out=2,kernel=1\"", "net.a.1", "takes one image"},
        {"residual:layers=\"relu;\"", "", "not a plugin's name"},
        {"residual:layers=\"\"", "", "not a plugin's name"},
        {"residual", "residual:layers", "must be given"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mcd_trial r;
        rig_open(&r, f64, 1, 0);
        mcd_val x = rig_input(&r, mcd_shape1(5));
        assert_int_equal(mcd_layer(r.g, "net.a", x, "%s", cases[i].spec), 0);
        assert_error(r.core->error, MCD_INVALID, cases[i].where, cases[i].text);
        rig_close(&r);
    }
}

/* ---- concrete dropout ----------------------------------------------------------------------- */

/* Without noise it is a linear layer, whatever p has become. */
static void averaging_drops_nothing(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, f64, 1, 0);
    mcd_val x = rig_input(&r, mcd_shape1(6)), y = mcd_layer(r.g, "a", x, "concrete:out=4");
    mcd_val z = mcd_layer(r.g, "a", x, "linear:out=4");
    expect_same(&r, x, y, z);
    assert_string_equal(r.core->param[2].name, "a.p_logit");
    rig_close(&r);
}

static double xlogx(double x)
{
    return x > 0 ? x * log(x) : 0;
}

/* The penalty of an update at some p, and y. */
static double penalty_at(const char *backend, double logit, double nat, double *squares,
                         double *output)
{
    struct mcd_trial r;
    rig_open(&r, backend, 1, 1);
    r.g->batch = ROWS;
    r.g->nat = nat;
    mcd_val x = rig_input(&r, mcd_shape1(6));
    mcd_val y = mcd_layer(r.g, "a", x, "concrete:out=4,length_scale=0.5,tau=4");
    mcd_val read[] = {r.core->penalty, y};
    rig_plan(&r, &(struct mcd_plan_spec){
                     .rows = ROWS, .passes = 1, .training = 1, .noutputs = 2, .output = read});
    rig_formula(&r);
    rig_set(&r, "a.p_logit", &logit);
    rig_fill(&r, x, 100);
    rig_run(&r);
    size_t n;
    double *found = rig_read(&r, read[0]), penalty = *found, *w = rig_get(&r, "a.weight", &n);
    double *out = rig_read(&r, y);
    *squares = 0;
    for (size_t i = 0; i < n; i++)
        *squares += w[i] * w[i];
    *output = out[0];
    free(found), free(w), free(out);
    rig_close(&r);
    return penalty;
}

/* nat / tau (l^2 |W|^2 / (2 (1 - p)) - in H(p)) */
static void the_penalty_is_the_divergence(void **state)
{
    (void)state;
    double squares, y;
    for (double p = 0.05; p < 1; p += 0.3) {
        double found = penalty_at(f64, log(p / (1 - p)), 0.125, &squares, &y);
        double entropy = -xlogx(p) - xlogx(1 - p);
        double kl = 0.5 * 0.5 / 2 * squares / (1 - p) - 6 * entropy;
        assert_true(squares > 1);
        if (!(fabs(found - 0.125 / 4 * kl) < 1e-13))
            fail_msg("p = %g: %.17g: expected %.17g", p, found, 0.125 / 4 * kl);
    }
}

/* Far out on either side nothing becomes NaN, though p or 1 - p is 0 in single precision. */
static void a_rate_at_its_end_is_finite(void **state)
{
    (void)state;
    double squares, y, penalty = penalty_at(f32, -200, 1, &squares, &y);
    assert_true(fabs(penalty - 0.125 / 4 * squares) < 1e-5 * squares && isfinite(y));
    assert_true(y != 0);
    penalty = penalty_at(f32, 80, 1, &squares, &y);
    assert_true(penalty > 1e30 && isfinite(penalty) && isfinite(y));
}

/* Inputs of 1 through the identity: the noise itself. */
static double *noise(double p, uint32_t passes, size_t *count)
{
    enum { WIDTH = 8 };
    struct mcd_trial r;
    double w[WIDTH][WIDTH] = {{0}}, b[WIDTH] = {0}, ones[ROWS * WIDTH];
    rig_open(&r, f64, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(WIDTH));
    mcd_val y = mcd_layer(r.g, "a", x, "concrete:out=8,p=%.17g", p);
    rig_plan(&r,
             &(struct mcd_plan_spec){.rows = ROWS, .passes = passes, .noutputs = 1, .output = &y});
    for (int i = 0; i < WIDTH; i++)
        w[i][i] = 1;
    for (int i = 0; i < ROWS * WIDTH; i++)
        ones[i] = 1;
    rig_set(&r, "a.weight", w[0]);
    rig_set(&r, "a.bias", b);
    rig_write(&r, x, ones);
    rig_run(&r);
    *count = mcd_trial_count(&r, y);
    double *found = rig_read(&r, y);
    rig_close(&r);
    return found;
}

/*
 * Mean 1 up to 1.6 t^2 p (1 - 2 p); hardly anything between 0 and 1 / (1 - p); dropped as often as
 * p.
 */
static void a_unit_is_dropped_with_probability_p(void **state)
{
    (void)state;
    uint32_t passes = getenv("MCDROP_FAST") ? 100 : 2000;
    for (double p = 0.1; p < 0.9; p += 0.3) {
        size_t n, dropped = 0, between = 0;
        double *y = noise(p, passes, &n), mean = 0;
        for (size_t i = 0; i < n; i++) {
            double kept = y[i] * (1 - p);
            mean += y[i] / (double)n;
            dropped += kept < 0.5;
            between += kept > 0.05 && kept < 0.95;
        }
        double se = sqrt(p * (1 - p) / (double)n), share = (double)dropped / (double)n;
        if (!(fabs(share - p) < 4 * se))
            fail_msg("p = %g: dropped %g +- %g", p, share, se);
        if (!(fabs(mean - 1) < 4 * se / (1 - p) + 0.02 * p))
            fail_msg("p = %g: mean %g +- %g", p, mean, se / (1 - p));
        assert_in_range(between, n / 100, n / 5);
        free(y);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_is_x_plus_its_layers),
        cmocka_unit_test(blocks_nest),
        cmocka_unit_test(wrong_blocks_are_refused),
        cmocka_unit_test(averaging_drops_nothing),
        cmocka_unit_test(the_penalty_is_the_divergence),
        cmocka_unit_test(a_rate_at_its_end_is_finite),
        cmocka_unit_test(a_unit_is_dropped_with_probability_p),
    };
    return cmocka_run_group_tests_name("blocks", tests, NULL, NULL);
}
