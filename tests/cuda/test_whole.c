/*
 * Backend cuda, whole, on a CUDA without a card: every check of plugins passes, and training and
 * predicting give what the reference gives, in whatever order streams come to their work.
 */
#include "small.h"

#include "core/check/run.h"

#include "tests/checked.h"

#include <math.h>

static const char *const orders[] = {"order=lazy", "order=eager", "order=5"};
enum { ORDERS = sizeof orders / sizeof *orders };

static const char plain[] = "devices=1 order=lazy";

/* ---- checks ---------------------------------------------------------------------------------- */

/* `only` NULL: all of them. */
static void pass_on(const char *device, const char *params, const char *only)
{
    assert_int_equal(fake_set(device), 0);
    check_plugin("MCDROP_TEST_BUILDDIR", "cuda/module/.libs/cuda", params, only, 600);
    assert_failed_only(NULL, "", "");
    assert_true(checked.count > 0);
    assert_int_equal(fake_set(plain), 0);
}

static void every_check_passes(void **state)
{
    (void)state;
    pass_on(plain, "", NULL);
}

/* What could depend on the order of work, and on the thread's device. */
static void checks_pass_in_any_order_on_another_device(void **state)
{
    (void)state;
    static const char *const some[] = {"memory", "workers", "section", "fetch"};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        pass_on("order=eager", "", some[i]);
        pass_on("order=11 devices=3", "device=2", some[i]);
    }
}

static void checks_pass_in_other_precisions(void **state)
{
    (void)state;
    pass_on(plain, "precision=tf32", "ops");
    pass_on(plain, "precision=bf16", "ops");
    pass_on(plain, "precision=bf16", "kept");
}

/* ---- beside the reference -------------------------------------------------------------------- */

static void assert_alike(const struct small *s, const char *what, const double *got,
                         const double *expected, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(got[i] - expected[i]) <= 2e-5 * (1 + fabs(expected[i]))))
            fail_msg("%s, %s %zu: %.9g, the reference has %.9g", s->model, what, i, got[i],
                     expected[i]);
}

static void compare(const struct small *s, const char *backend)
{
    const size_t values = (size_t)SMALL_ROWS * (s->regression ? 1 : SMALL_CLASSES);
    struct small_result expected = {0}, got = {0};
    struct mcd_error e = {0};
    assert_ok(small_run(s, "reference", 1, &expected, &e), e);
    assert_ok(small_run(s, backend, 2, &got, &e), e);
    assert_alike(s, "loss", got.loss, expected.loss, s->epochs);
    assert_alike(s, "average", got.average, expected.average, values);
    assert_true(expected.loss[0] > 0);
    assert_true(s->passes == 0 || expected.deviation[0] > 0);
    assert_alike(s, "mean", got.mean, expected.mean, values);
    assert_alike(s, "deviation", got.deviation, expected.deviation, values);
    assert_int_equal(got.passes, expected.passes);
    assert_int_equal(fake_live(), 0);
}

static void goes_the_way_of_the_reference(void **state)
{
    (void)state;
    for (int i = 0; i < ORDERS; i++) {
        assert_int_equal(fake_set(orders[i]), 0);
        compare(&small_mlp, SMALL_FAKE);
        compare(&small_lenet, SMALL_FAKE);
        compare(&small_mlp2, SMALL_FAKE);
    }
    assert_int_equal(fake_set("devices=2"), 0);
    compare(&small_mlp, SMALL_FAKE ":device=1");
    assert_int_equal(fake_set(plain), 0);
}

static void stops_at_a_precision(void **state)
{
    (void)state;
    struct small s = small_mlp2;
    struct small_result r = {0};
    struct mcd_error e = {0};
    s.epochs = 1;
    s.passes = 1u << 20;
    s.until_mcse = 1e-3;
    assert_ok(small_run(&s, SMALL_FAKE, 2, &r, &e), e);
    assert_in_range(r.passes, 100, s.passes - 1);
    for (int i = 0; i < SMALL_ROWS; i++)
        assert_true(r.deviation[i] / sqrt((double)r.passes) < 2 * s.until_mcse);
}

/* Passes over two cards, or over two streams of one, are those of one card, bit by bit. */
static void devices_make_no_difference(void **state)
{
    (void)state;
    struct small_result one = {0}, two = {0};
    struct mcd_error e = {0};
    assert_int_equal(fake_set("devices=2 order=9"), 0);
    assert_ok(small_run(&small_mlp, SMALL_FAKE, 1, &one, &e), e);
    assert_ok(small_run(&small_mlp, SMALL_FAKE ":device=0x1", 4, &two, &e), e);
    assert_memory_equal(&two, &one, sizeof one);
    assert_ok(small_run(&small_mlp, SMALL_FAKE ":device=0x0", 4, &two, &e), e);
    assert_memory_equal(&two, &one, sizeof one);
    assert_int_equal(fake_live(), 0);
    assert_int_equal(fake_set(plain), 0);
}

/* The same bits twice, and whatever order streams come to their work in. */
static void repeats_bit_by_bit(void **state)
{
    (void)state;
    struct small_result first = {0}, again = {0};
    struct mcd_error e = {0};
    assert_ok(small_run(&small_lenet, SMALL_FAKE, 1, &first, &e), e);
    for (int i = 0; i < ORDERS; i++) {
        assert_int_equal(fake_set(orders[i]), 0);
        assert_ok(small_run(&small_lenet, SMALL_FAKE, 1, &again, &e), e);
        assert_memory_equal(&again, &first, sizeof first);
    }
    assert_int_equal(fake_set(plain), 0);
    assert_ok(small_run(&small_lenet, SMALL_FAKE ":deterministic=no", 1, &again, &e), e);
    assert_memory_not_equal(&again, &first, sizeof first);
}

static void memory_is_what_is_allowed(void **state)
{
    (void)state;
    struct small_result r = {0};
    struct mcd_error e = {0};
    assert_int_equal(small_run(&small_mlp, SMALL_FAKE ":memory=2000", 1, &r, &e), MCD_NOMEM);
    assert_non_null(strstr(e.text, "2000"));
    assert_int_equal(fake_live(), 0);
    e = (struct mcd_error){0};
    assert_int_equal(fake_set("memory=3000"), 0);
    assert_int_equal(small_run(&small_mlp, SMALL_FAKE, 1, &r, &e), MCD_NOMEM);
    assert_int_equal(fake_live(), 0);
    assert_int_equal(fake_set("memory=1000000000"), 0);
}

static int setup(void **state)
{
    return checked_setup(state) || scratch_setup(state);
}

static int teardown(void **state)
{
    return scratch_teardown(state) || checked_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_check_passes),
        cmocka_unit_test(checks_pass_in_any_order_on_another_device),
        cmocka_unit_test(checks_pass_in_other_precisions),
        cmocka_unit_test(goes_the_way_of_the_reference),
        cmocka_unit_test(stops_at_a_precision),
        cmocka_unit_test(devices_make_no_difference),
        cmocka_unit_test(repeats_bit_by_bit),
        cmocka_unit_test(memory_is_what_is_allowed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
