/* backends/onednn: every op against the reference, and oneDNN held to one thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance.h" /* before cmocka, whose `fail` is a macro */
#include "conformance/step.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void every_op_agrees_with_the_reference(void **state)
{
    struct conformance result = {.out = stderr};
    struct mcd_error e = {0};
    (void)state;
    if (conformance_check("onednn", &result, &e))
        fail_msg("%s: %s", e.where, e.text);
    assert_string_equal(result.first, "");
    assert_int_equal(result.failed, 0);
    assert_int_equal(result.refused, 0);
    assert_true(result.steps > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_op_agrees_with_the_reference),
    };
    return cmocka_run_group_tests_name("onednn", tests, NULL, NULL);
}
