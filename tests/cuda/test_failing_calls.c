/*
 * Products and convolutions of the CUDA backend while every call of CUDA and its libraries fails in
 * turn: a status and a reason, nothing left behind, and the next step is computed as if nothing had
 * been.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/host.h"
#include "core/check/conformance/cases.h"
#include "core/check/conformance/step.h"
#include "fake.h"

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MODULE "tests/cuda/module/.libs/cuda.so"

static struct mcd_step_case linear(void)
{
    struct mcd_step_case c = {
        .op = MCD_OP_LINEAR, .in_place = MCD_NO_INPUT, .passes = 1, .rows = 5};
    mcd_case_input(&c, 5, mcd_shape1(70), MCD_FILL_MIXED);
    mcd_case_input(&c, 0, mcd_shape2(9, 70), MCD_FILL_MIXED);
    mcd_case_input(&c, 0, mcd_shape1(9), MCD_FILL_MIXED);
    mcd_case_output(&c, 5, mcd_shape1(9));
    return c;
}

static struct mcd_step_case conv2d(void)
{
    struct mcd_step_case c = {
        .op = MCD_OP_CONV2D, .in_place = MCD_NO_INPUT, .passes = 1, .rows = 2};
    c.attr.u.conv = (struct mcd_attr_conv){.stride = {1, 1}, .dilation = {1, 1}};
    mcd_case_input(&c, 2, mcd_shape3(2, 5, 4), MCD_FILL_MIXED);
    mcd_case_input(&c, 0, mcd_shape4(3, 2, 3, 3), MCD_FILL_MIXED);
    mcd_case_input(&c, 0, mcd_shape1(3), MCD_FILL_MIXED);
    mcd_case_output(&c, 2, mcd_shape3(3, 3, 2));
    return c;
}

/* Places and runs a step. */
static int compute(const struct mcd_engine *b, const struct mcd_step_case *c, double *results,
                   struct mcd_error *e)
{
    struct mcd_placed_step p;
    int status = mcd_step_place(b, c, 1, &p, e);
    if (status)
        return status;
    status = mcd_step_execute(&p, results, e);
    mcd_step_remove(&p);
    return status;
}

static void judge_failure(const char *call, enum fake_failure how, int status,
                          const struct mcd_error *e)
{
    if (status != MCD_DEVICE && (status != MCD_NOMEM || how != FAKE_MEMORY))
        fail_msg("%s failed: status %d, %s: %s", call, status, e->where, e->text);
    assert_int_not_equal(*e->where, 0);
    assert_int_not_equal(*e->text, 0);
}

static void fail_in_turn(const char *spec, const struct mcd_step_case *c, enum fake_failure how)
{
    double expected[64], got[64];
    struct mcd_error e = {0};
    struct mcd_engine b;
    unsigned long k = 1;
    const size_t bytes = (size_t)mcd_step_results(c) * sizeof *got;
    assert_in_range(mcd_step_results(c), 1, 64);
    assert_int_equal(mcd_engine_open(spec, 1, &b, &e), MCD_OK);
    assert_int_equal(compute(&b, c, expected, &e), MCD_OK);
    const long live = fake_live();
    const uint64_t host = mcd_host_live(b.host);
    for (const char *call = ""; call; k++) {
        memset(&e, 0, sizeof e);
        memset(got, 0, sizeof got);
        fake_fail(how, k);
        int status = compute(&b, c, got, &e);
        call = fake_recover();
        assert_true(call || status == MCD_OK);
        if (status)
            judge_failure(call, how, status, &e);
        else /* where something is given back there is nobody to tell, nor need to */
            assert_memory_equal(got, expected, bytes);
        assert_int_equal(fake_live(), live);
        assert_int_equal(mcd_host_live(b.host), host);
        assert_int_equal(compute(&b, c, got, &(struct mcd_error){0}), MCD_OK);
        assert_memory_equal(got, expected, bytes);
    }
    assert_in_range(k, 20, 500);
    assert_int_equal(mcd_engine_close(&b), 0);
    assert_int_equal(fake_live(), 0);
}

static void fail_all(const char *spec)
{
    const struct mcd_step_case cases[] = {linear(), conv2d()};
    for (size_t i = 0; i < MCD_COUNT(cases); i++) {
        fail_in_turn(spec, &cases[i], FAKE_REFUSED);
        fail_in_turn(spec, &cases[i], FAKE_MEMORY);
    }
}

static void every_call_may_fail(void **state)
{
    (void)state;
    fail_all(MODULE);
}

static void so_with_copies_in_bf16(void **state)
{
    (void)state;
    fail_all(MODULE ":precision=bf16");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_may_fail),
        cmocka_unit_test(so_with_copies_in_bf16),
    };
    unsetenv("NVIDIA_TF32_OVERRIDE");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
