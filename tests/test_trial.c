/*
 * core/check/trial.c, core/check/differences.c: a failure stays and stops what follows, memory that
 * is short is noticed whatever becomes of it, and kinks are no mistakes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/check/differences.h"

#include <math.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/scratch.h"

static const char f64[] = "reference:precision=f64";

/* ---- failures -------------------------------------------------------------------------------- */

static void the_first_failure_stays(void **state)
{
    (void)state;
    struct mcd_trial t;
    double one = 1;
    assert_int_equal(mcd_trial_open(&t, f64, 1, 1), MCD_OK);
    mcd_val x = mcd_graph_input(t.core, 0, mcd_shape1(3), 0);
    mcd_val y = mcd_layer(t.g, "a", x, "linear:out=0");
    struct mcd_plan_spec spec = {.rows = 1, .passes = 1, .noutputs = 1, .output = &y};
    int status = mcd_trial_plan(&t, &spec);
    assert_int_equal(status, MCD_INVALID);
    assert_error(t.error, MCD_INVALID, "linear:out", "whole number");
    assert_int_equal(mcd_trial_write(&t, x, &one), status);
    assert_int_equal(mcd_trial_run(&t), status);
    assert_int_equal(mcd_trial_set(&t, "nonesuch", &one), status);
    assert_null(mcd_trial_read(&t, y));
    assert_null(mcd_trial_get(&t, "nonesuch", NULL));
    assert_error(t.error, MCD_INVALID, "linear:out", "whole number");
    assert_int_equal(mcd_trial_close(&t), 0);
}

static void a_backend_that_is_not_there(void **state)
{
    (void)state;
    struct mcd_trial t;
    assert_int_equal(mcd_trial_open(&t, "nonesuch", 1, 1), MCD_DEVICE);
    assert_int_not_equal(mcd_trial_run(&t), MCD_OK);
    assert_int_equal(mcd_trial_close(&t), 0);
}

static void parameters_that_are_not_there(void **state)
{
    (void)state;
    struct mcd_trial t;
    assert_int_equal(mcd_trial_open(&t, f64, 1, 1), MCD_OK);
    assert_null(mcd_trial_get(&t, "nonesuch", NULL));
    assert_error(t.error, MCD_INVALID, "nonesuch", "store");
    assert_int_equal(mcd_trial_close(&t), 0);
}

/* ---- memory that is short -------------------------------------------------------------------- */

enum { ALLOCATIONS = 9 };

/* What becomes of allocation number `odd`, from 0, where it fails. */
struct needy {
    int odd;
    int swallow, leak, lie, forget; /* no status, not released, another status, no text */
    void *leaked;                   /* for the test to release */
};

static int ask(struct mcd_host *host, void *arg, struct mcd_error *e)
{
    struct needy *n = arg;
    for (int i = 0; i < ALLOCATIONS; i++) {
        void *room = host->alloc(host, 10);
        if (!room && i == n->odd && n->swallow)
            continue;
        if (!room && i == n->odd && n->leak)
            n->leaked = host->alloc(host, 20);
        if (!room && i == n->odd && n->forget)
            return MCD_NOMEM;
        if (!room)
            return mcd_fail(e, i == n->odd && n->lie ? MCD_INVALID : MCD_NOMEM, "memory",
                            "none at all");
        host->release(host, room);
    }
    return MCD_OK;
}

static void check_starving(struct needy *n, uint64_t stride, const char *says)
{
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    uint64_t count = 0;
    int status = mcd_trial_starve(host, ask, n, stride, &count, &e);
    assert_int_equal(status, says ? MCD_INVALID : MCD_OK);
    if (says)
        assert_error(e, MCD_INVALID, "memory", says);
    else
        assert_true(count >= ALLOCATIONS && count < ALLOCATIONS + stride);
    host->release(host, n->leaked);
    mcd_host_destroy(host);
}

static void failures_of_memory_are_told(void **state)
{
    (void)state;
    for (uint64_t stride = 1; stride <= 4; stride++)
        check_starving(&(struct needy){.odd = -1}, stride, NULL);
    for (uint64_t stride = 1; stride <= 2; stride++) { /* 4 is the fifth, which either meets */
        check_starving(&(struct needy){.odd = 4, .swallow = 1}, stride, "5 fails and nobody");
        check_starving(&(struct needy){.odd = 4, .leak = 1}, stride, "1 allocations are left");
        check_starving(&(struct needy){.odd = 4, .lie = 1}, stride, "allocation 5: status 1");
        check_starving(&(struct needy){.odd = 4, .forget = 1}, stride, "error 0");
    }
}

/* ---- kinks ----------------------------------------------------------------------------------- */

/* max(x, 0) where every x is `at`. */
static double worst_at(double at)
{
    struct mcd_trial t;
    struct mcd_differences d = {.rows = 2, .constant = 1, .shift = at};
    assert_int_equal(mcd_trial_open(&t, f64, 1, 1), MCD_OK);
    mcd_val x = mcd_graph_input(t.core, 0, mcd_shape1(3), 0);
    assert_ok(mcd_differences_find(&t, mcd_map(t.g, MCD_RELU, x), &d), t.error);
    assert_int_equal(d.tried, 6 + 6); /* the input and the weights of the output */
    assert_int_equal(mcd_trial_close(&t), 0);
    return d.worst;
}

static void a_kink_is_no_mistake(void **state)
{
    (void)state;
    static const double places[] = {0, 1e-6, -1e-6, 9e-6, 1, -1};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (!(worst_at(places[i]) <= mcd_differences_tolerance))
            fail_msg("at %g: %g", places[i], worst_at(places[i]));
}

/* The square root of the square has the derivative NaN at 0: neither side has. */
static void no_number_is_a_mistake(void **state)
{
    (void)state;
    struct mcd_trial t;
    struct mcd_differences d = {.rows = 1, .constant = 1};
    assert_int_equal(mcd_trial_open(&t, f64, 1, 1), MCD_OK);
    mcd_val x = mcd_graph_input(t.core, 0, mcd_shape1(3), 0);
    mcd_val y = mcd_map(t.g, MCD_SQRT, mcd_mul(t.g, x, x));
    assert_ok(mcd_differences_find(&t, y, &d), t.error);
    assert_true(isinf(d.worst));
    assert_int_equal(mcd_trial_close(&t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_failure_stays),
        cmocka_unit_test(a_backend_that_is_not_there),
        cmocka_unit_test(parameters_that_are_not_there),
        cmocka_unit_test(failures_of_memory_are_told),
        cmocka_unit_test(a_kink_is_no_mistake),
        cmocka_unit_test(no_number_is_a_mistake),
    };
    return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
