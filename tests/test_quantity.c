/* core/report/quantity.c: the digits that an error supports. */
#include "core/report/duration.h"
#include "core/report/quantity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* "WHOLE.FRACTION ERROR EXPONENT" of a value. */
static void check(double value, double error, int digits, const char *wanted)
{
    char text[120];
    struct mcd_quantity q = mcd_quantity_show(value, error, digits);
    snprintf(text, sizeof text, "%s%s%s%s", q.whole, q.fraction, q.error[0] ? " +- " : "", q.error);
    if (q.exponent)
        snprintf(text + strlen(text), sizeof text - strlen(text), " e%d", q.exponent);
    assert_string_equal(text, wanted);
}

static void an_error_says_how_many_digits(void **state)
{
    (void)state;
    check(313, 5.2, 0, "313 +- 5");
    check(0.0832, 0.0004, 0, "0.0832 +- 0.0004");
    check(0.083214, 0.000123, 0, "0.08321 +- 0.00012");
    check(-1.23456, 0.05, 0, "-1.23 +- 0.05");
    check(2421, 43, 0, "2421 +- 43"); /* never rounded to tens */
    check(2421.4, 120, 3, "2421 +- 120");
    check(12, 120.4, 0, "12 +- 120");
}

static void two_digits_up_to_354_and_from_950_on(void **state)
{
    (void)state;
    check(1, 0.354, 0, "1.00 +- 0.35");
    check(1, 0.3549, 0, "1.0 +- 0.4"); /* .355 to three digits */
    check(1, 0.355, 0, "1.0 +- 0.4");
    check(1, 0.949, 0, "1.0 +- 0.9");
    check(1, 0.95, 0, "1.0 +- 0.9"); /* the double is below .95 */
    check(1, 0.951, 0, "1.0 +- 1.0");
    check(1, 0.9996, 0, "1.0 +- 1.0"); /* its three digits are 100 already */
    check(1, 0.0997, 0, "1.00 +- 0.10");
    check(10, 9.7, 0, "10 +- 10");
}

static void without_an_error_digits_count(void **state)
{
    (void)state;
    check(0.123456789, NAN, 3, "0.123");
    check(0.123456789, NAN, 0, "0.123457");
    check(12.3456, NAN, 3, "12.3");
    check(1234.56, NAN, 3, "1235");
    check(60000, NAN, 3, "60000");
    check(-7, NAN, 3, "-7");
    check(0.5, NAN, 3, "0.500");
    check(0.5, NAN, 0, "0.5");
    check(-100.125, NAN, 0, "-100.125");
    check(1e-9, NAN, 0, "1 e-9");
    check(99.9999999, NAN, 0, "100");
    check(0, NAN, 3, "0");
    check(0.1, 0, 3, "0.100 +- 0");
}

static void zero_has_no_sign(void **state)
{
    (void)state;
    check(-0.001, 0.2, 0, "0.00 +- 0.20");
    check(-0.0, NAN, 3, "0");
    check(-0.26, 0.2, 0, "-0.26 +- 0.20");
}

static void powers_of_ten_are_split_off(void **state)
{
    (void)state;
    check(12345678, NAN, 3, "1.23 e7");
    check(1234567, NAN, 3, "1234567");
    check(1.23456e9, 1.2e7, 3, "1.235 +- 0.012 e9");
    check(3.2e-6, 4e-7, 0, "3.2 +- 0.4 e-6");
    check(0.0001, NAN, 3, "0.000100");
}

static void extremes_stay_readable(void **state)
{
    (void)state;
    check(DBL_MAX, DBL_MAX, 3, "1.8 +- 1.8 e308");
    check(5e-324, NAN, 2, "4.9 e-324");
    check(1, 1e-20, 0, "1.000000000000 +- 1e-20");
    check(0, 1e-20, 0, "0.0 +- 1.0 e-20");
    check(1.5, 1e30, 0, "0.0 +- 1.0 e30");
}

static void the_users_locale_changes_nothing(void **state)
{
    (void)state;
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8"))
        return;
    check(0.0832, 0.0004, 0, "0.0832 +- 0.0004");
    setlocale(LC_ALL, "C");
}

static void durations_have_two_units_at_most(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {{0, "0.0 s"},          {12.34, "12.3 s"},         {59.4, "59.4 s"},
                 {59.6, "1 min 0 s"},   {312.3, "5 min 12 s"},     {3599.4, "59 min 59 s"},
                 {3599.5, "1 h 0 min"}, {50 * 3600, "50 h 0 min"}, {1e300, "100000 h 0 min"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(mcd_duration_show(cases[i].seconds).text, cases[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_says_how_many_digits),
        cmocka_unit_test(two_digits_up_to_354_and_from_950_on),
        cmocka_unit_test(without_an_error_digits_count),
        cmocka_unit_test(zero_has_no_sign),
        cmocka_unit_test(powers_of_ten_are_split_off),
        cmocka_unit_test(extremes_stay_readable),
        cmocka_unit_test(the_users_locale_changes_nothing),
        cmocka_unit_test(durations_have_two_units_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
