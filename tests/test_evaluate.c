/*
 * core/predict/evaluate.c: what is counted as wrong. mcd_average is tested with the forward passes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"

#include "core/base/host.h"
#include "core/predict/evaluate.h"

#include <mcdrop/model.h>

#include <math.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/scratch.h"

/* The output is the input; the noise is left out by weight averaging. */
static mcd_val build_identity(void *self, struct mcd_graph *g, mcd_val x)
{
    (void)self;
    return mcd_layer(g, "drop", x, "dropout");
}

static double score(uint32_t task, const struct mcd_examples *test, const char *backend)
{
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(2, NULL, NULL, &e);
    struct rig_network made;
    double value = NAN, stopped = -1;
    rig_network_open(&made, host, backend, build_identity, NULL, task, mcd_shape1(3));
    assert_ok(mcd_evaluate(&made.network, test, &value, NULL, &e), e);
    volatile sig_atomic_t stop = 1;
    assert_int_equal(mcd_evaluate(&made.network, test, &stopped, &stop, &e), MCD_STOPPED);
    rig_network_close(&made);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
    return value;
}

/* Of equal logits the first counts. */
static void wrong_rows_are_counted(void **state)
{
    (void)state;
    static const float x[] = {3, 2, 1, 1, 2, 3, -5, -5, -6, 0, 7, 7, 0, 0, 0};
    static const int32_t right[] = {0, 2, 0, 1, 0}, mixed[] = {0, 1, 1, 2, 0};
    struct mcd_examples test = {.rows = 5, .x = x, .label = right};
    assert_true(score(MCD_CLASSIFY, &test, "reference") == 0);
    test.label = mixed;
    assert_true(score(MCD_CLASSIFY, &test, "reference") == 3);
    assert_true(score(MCD_CLASSIFY, &test, "reference:precision=f64") == 3);
}

static void squares_are_averaged(void **state)
{
    (void)state;
    static const float x[] = {1, 2, 3, 4, 5, 6}, y[] = {1, 2, 5, 4, 5, 3};
    struct mcd_examples test = {.rows = 2, .x = x, .target = y};
    assert_true(fabs(score(MCD_REGRESS, &test, "reference") - (4 + 9) / 6.0) < 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_rows_are_counted),
        cmocka_unit_test(squares_are_averaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
