/*
 * core/graph/custom.c: functions that layers bring. Plans with one are cut and shared in test_plan.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/graph/gradient.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/blend.h"
#include "tests/gradient_case.h"
#include "tests/scratch.h"

/* The path of examples/snake, built for this test. */
static const char *snake(void)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/examples/.libs/snake.so", getenv("MCDROP_TEST_BUILDDIR"));
    return path;
}

/* ---- gradients ------------------------------------------------------------------------------ */

/* Bit i of `a`: whether input i has rows. */
static mcd_val blended(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    static const char *const names[] = {"p", "q", "s"};
    mcd_val in[3];
    for (int i = 0; i < 3; i++)
        in[i] = c->a >> i & 1 ? mcd_affine(r->g, x, 1 + 0.5 * i, 0.1 * i)
                              : param(r, names[i], mcd_shape_of(r->g, x));
    mcd_val y = mcd_custom(r->g, &blend, &blend_factor, 3, in, c->shape);
    return c->a ? y : mcd_mul(r->g, mcd_reshape(r->g, x, c->shape), y);
}

/* One value in every place, and what comes before and behind. */
static mcd_val one_value(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    mcd_val u = mcd_map(r->g, MCD_SIGMOID, mcd_drop(r->g, x, MCD_BERNOULLI, 0.3, 1));
    mcd_val in[3] = {u, u, u};
    return mcd_map(r->g, MCD_TANH, mcd_custom(r->g, &blend, &blend_factor, 3, in, c->shape));
}

static mcd_val snaking(struct mcd_trial *r, mcd_val x, const struct gradient_case *c)
{
    return mcd_layer(r->g, "a", mcd_layer(r->g, "b", x, "linear:out=4"), "%s:start=%g", snake(),
                     (double)c->a);
}

static const struct gradient_case cases[] = {
    {.name = "all rows", .build = blended, .in = {1, {5}}, .shape = {1, {5}}, .a = 7},
    {.name = "one without rows", .build = blended, .in = {1, {4}}, .shape = {2, {2, 2}}, .a = 3},
    {.name = "another", .build = blended, .in = {3, {1, 2, 3}}, .shape = {1, {6}}, .a = 5},
    {.name = "two without rows", .build = blended, .in = {1, {1}}, .shape = {0, {0}}, .a = 2},
    {.name = "none with rows", .build = blended, .in = {1, {3}}, .shape = {1, {3}}, .a = 0},
    {.name = "one value", .build = one_value, .in = {1, {7}}, .shape = {1, {7}}},
    {.name = "snake", .build = snaking, .in = {1, {6}}, .a = 1},
    {.name = "quick snake", .build = snaking, .in = {1, {6}}, .a = 5},
};

static void gradients_are_right(void **state)
{
    (void)state;
    CHECK_CASES(cases);
}

/* ---- values --------------------------------------------------------------------------------- */

enum { ROWS = 3000, N = 6 };

/* The layer's answers for many rows, which several threads compute in pieces. */
static double *predict(const char *backend, uint32_t threads, double *x)
{
    struct mcd_trial r;
    rig_open(&r, backend, threads, 1);
    mcd_val in = rig_input(&r, mcd_shape1(N)), y = mcd_layer(r.g, "a", in, "%s:start=2", snake());
    rig_plan(&r, &(struct mcd_plan_spec){.rows = ROWS, .passes = 1, .noutputs = 1, .output = &y});
    for (int i = 0; i < ROWS * N; i++)
        x[i] = (float)(0.001 * i - 7);
    rig_write(&r, in, x);
    rig_run(&r);
    double *out = rig_read(&r, y);
    rig_close(&r);
    return out;
}

static void values_are_right_on_any_number_of_threads(void **state)
{
    static const struct {
        const char *backend;
        double tolerance;
    } cases_of[] = {{"reference", 1e-6}, {f64, 1e-14}};
    (void)state;
    for (int k = 0; k < 2; k++) {
        static double x[ROWS * N];
        double *one = predict(cases_of[k].backend, 1, x),
               *four = predict(cases_of[k].backend, 4, x);
        assert_memory_equal(one, four, sizeof x);
        for (int i = 0; i < ROWS * N; i++) {
            double expected = x[i] + sin(2 * x[i]) * sin(2 * x[i]) / 2;
            if (!(fabs(one[i] - expected) <= cases_of[k].tolerance * 8))
                fail_msg("element %d is %.17g: expected %.17g", i, one[i], expected);
        }
        free(one);
        free(four);
    }
}

/* ---- what is kept and what is refused ------------------------------------------------------- */

/* Within another layer, too; the test runs code of a layer that was closed otherwise. */
static void layers_stay_while_their_graph_lives(void **state)
{
    struct mcd_trial r;
    (void)state;
    rig_open(&r, "reference", 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(N));
    mcd_val y = mcd_layer(r.g, "a", x, "%s", snake());
    assert_int_equal(r.core->nkept, 1);
    y = mcd_layer(r.g, "b", y, "relu");
    assert_int_equal(r.core->nkept, 1);
    y = mcd_layer(r.g, "c", y, "%s:start=3", snake());
    assert_int_equal(r.core->nkept, 2);
    assert_int_not_equal(y, 0);
    rig_close(&r); /* which looks for what is left */
}

static const struct mcd_custom headless = {.size = sizeof headless};
static const struct mcd_custom small = {.size = 8, .forward = blend_forward};
static const struct mcd_custom forward_only = {.size = sizeof forward_only,
                                               .forward = blend_forward};

static void refuse(const struct mcd_custom *f, uint32_t n, struct mcd_shape shape, const char *text)
{
    struct mcd_trial r;
    rig_open(&r, "reference", 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(N)), in[4] = {x, x, x, x};
    assert_int_equal(mcd_custom(r.g, f, &blend_factor, n, in, shape), 0);
    assert_int_equal(r.core->error.code, MCD_INVALID);
    if (!strstr(r.core->error.text, text))
        fail_msg("'%s': expected '%s'", r.core->error.text, text);
    rig_close(&r);
}

static void wrong_functions_are_refused(void **state)
{
    static const char function[] =
        "function: expected a struct mcd_custom with its size and forward";
    (void)state;
    refuse(NULL, 1, mcd_shape1(N), function);
    refuse(&headless, 1, mcd_shape1(N), function);
    refuse(&small, 1, mcd_shape1(N), function);
    refuse(&blend, 0, mcd_shape1(N), "0 inputs: expected 1 to 3");
    refuse(&blend, 4, mcd_shape1(N), "4 inputs: expected 1 to 3");
    refuse(&blend, 3, mcd_shape1(0), "a dimension below 1");
}

/* What a plugin built against the first header has, whatever is added behind it. */
static void functions_of_the_first_header_are_taken(void **state)
{
    static const struct mcd_custom first = {
        .size = offsetof(struct mcd_custom, backward) + sizeof(void *), .forward = blend_forward};
    (void)state;
    struct mcd_trial r;
    rig_open(&r, "reference", 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(N));
    assert_int_not_equal(mcd_custom(r.g, &first, &blend_factor, 1, &x, mcd_shape1(N)), 0);
    rig_close(&r);
}

/* Its derivative is the core's to ask for. */
static void derivatives_are_not_recorded(void **state)
{
    struct mcd_trial r;
    struct mcd_attr attr = MCD_ATTR_ZERO;
    (void)state;
    rig_open(&r, "reference", 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(N)), in[2] = {x, x};
    attr.u.custom.function = &blend;
    assert_int_equal(r.g->op(r.g, MCD_OP_CUSTOM_DX, 2, in, &attr), 0);
    assert_non_null(strstr(r.core->error.text, "is the core's own"));
    rig_close(&r);
}

static void training_asks_for_a_derivative(void **state)
{
    struct mcd_trial r;
    struct mcd_error e = {0};
    (void)state;
    rig_open(&r, "reference", 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(N)), p = mcd_param(r.g, "p", mcd_shape1(N), 0, 1);
    mcd_val in[3] = {x, x, p}, gradient;
    mcd_val y = mcd_custom(r.g, &forward_only, &blend_factor, 3, in, mcd_shape1(N));
    mcd_val loss = mcd_reduce(r.g, MCD_SUM, y, mcd_shape0(), 1);
    assert_int_equal(mcd_graph_gradient(r.core, loss, 1, &p, &gradient, &e), MCD_UNSUPPORTED);
    assert_error(e, MCD_UNSUPPORTED, "custom", "expected `backward`");
    rig_close(&r);
}

/* ---- memory --------------------------------------------------------------------------------- */

static int plan_all(struct mcd_host *host, void *arg, struct mcd_error *e)
{
    struct mcd_item *backend;
    struct mcd_store *store = NULL;
    struct mcd_plan *plan = NULL;
    struct mcd_graph_core *g = NULL;
    (void)arg;
    int status = mcd_item_open(host, MCD_BACKEND, "reference", &backend, e);
    if (status)
        return status;
    status = mcd_store_create(host, backend, &store, e);
    if (!status && !(g = mcd_graph_create(host, 1)))
        status = mcd_fail(e, MCD_NOMEM, "graph", "out of memory");
    if (!status) {
        mcd_val x = mcd_graph_input(g, 0, mcd_shape1(N), 0);
        mcd_val y = mcd_layer(&g->base, "a", x, "%s", snake());
        struct mcd_plan_spec spec = {
            .graph = g, .store = store, .rows = 2, .passes = 1, .noutputs = 1, .output = &y};
        status = mcd_graph_status(g, e);
        if (!status)
            status = mcd_store_init(store, g, 1, e);
        if (!status)
            status = mcd_plan_create(&spec, &plan, e);
    }
    mcd_plan_destroy(plan);
    mcd_graph_destroy(g);
    mcd_store_destroy(store);
    mcd_item_close(host, backend);
    return status;
}

static void no_allocation_is_trusted(void **state)
{
    struct mcd_error e = {0};
    (void)state;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    assert_non_null(host);
    assert_true(rig_starve(host, plan_all, NULL) > 20);
    mcd_host_destroy(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_right),
        cmocka_unit_test(values_are_right_on_any_number_of_threads),
        cmocka_unit_test(layers_stay_while_their_graph_lives),
        cmocka_unit_test(wrong_functions_are_refused),
        cmocka_unit_test(functions_of_the_first_header_are_taken),
        cmocka_unit_test(derivatives_are_not_recorded),
        cmocka_unit_test(training_asks_for_a_derivative),
        cmocka_unit_test(no_allocation_is_trusted),
    };
    return cmocka_run_group_tests_name("custom", tests, NULL, NULL);
}
