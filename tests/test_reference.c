/* backends/reference: its f32 against its f64, on every op; both by the rules of backends. */
#include "tests/checks.h"

static void single_precision_agrees_with_double(void **state)
{
    (void)state;
    assert_passes(mcd_checks_backend, "reference");
}

/*
 * The oracle against itself: says nothing of its numbers, which test_ops and test_reference_data
 * compare, but that it writes where it may, whatever runs beside it and on how many workers.
 */
static void double_precision_keeps_the_rules(void **state)
{
    (void)state;
    assert_passes(mcd_checks_backend, "reference:precision=f64");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_precision_agrees_with_double),
        cmocka_unit_test(double_precision_keeps_the_rules),
    };
    return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
