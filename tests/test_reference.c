/* backends/reference: its f32 against its f64, on every op; both by the rules of backends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance.h" /* before cmocka, whose `fail` is a macro */

#include <cmocka.h>

static void check(const char *spec)
{
    struct conformance result = {.out = stderr};
    struct mcd_error e = {0};
    if (conformance_check(spec, &result, &e))
        fail_msg("%s: %s", e.where, e.text);
    assert_string_equal(result.first, "");
    assert_int_equal(result.failed, 0);
    assert_int_equal(result.refused, 0);
    assert_true(result.steps > 200);
}

static void single_precision_agrees_with_double(void **state)
{
    (void)state;
    check("reference");
}

/*
 * The oracle against itself: says nothing of its numbers, which test_ops and test_reference_data
 * compare, but that it writes where it may, whatever runs beside it and on how many workers.
 */
static void double_precision_keeps_the_rules(void **state)
{
    (void)state;
    check("reference:precision=f64");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_precision_agrees_with_double),
        cmocka_unit_test(double_precision_keeps_the_rules),
    };
    return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
