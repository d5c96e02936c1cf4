/* core/base/error.c: the first failure stays, and texts that are too long are cut, not overrun. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/base/error.h"

static void records_what_and_where(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    assert_int_equal(mcd_fail(&e, MCD_INVALID, "a.npy", "expected %d, not %s", 3, "x"),
                     MCD_INVALID);
    assert_int_equal(e.code, MCD_INVALID);
    assert_string_equal(e.where, "a.npy");
    assert_string_equal(e.text, "expected 3, not x");
}

static void keeps_the_first_failure(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    mcd_fail(&e, MCD_NOMEM, "first", "one");
    assert_int_equal(mcd_fail(&e, MCD_IO, "second", "two"), MCD_IO);
    assert_int_equal(e.code, MCD_NOMEM);
    assert_string_equal(e.where, "first");
    assert_string_equal(e.text, "one");
}

static void does_without_an_error_or_a_place(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    assert_int_equal(mcd_fail(NULL, MCD_DEVICE, "x", "y"), MCD_DEVICE);
    assert_int_equal(mcd_fail(&e, MCD_DEVICE, NULL, "y"), MCD_DEVICE);
    assert_string_equal(e.where, "");
}

static void cuts_long_texts(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    char longer[1000];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    mcd_fail(&e, MCD_IO, longer, "%s", longer);
    assert_int_equal(strlen(e.where), sizeof e.where - 1);
    assert_int_equal(strlen(e.text), sizeof e.text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_what_and_where),
        cmocka_unit_test(keeps_the_first_failure),
        cmocka_unit_test(does_without_an_error_or_a_place),
        cmocka_unit_test(cuts_long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
