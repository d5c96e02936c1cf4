/* core/cli/spark.c, screen.c: heights of a series, and what a terminal and a locale can show. */
#include "core/cli/screen.h"
#include "core/cli/spark.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define EXPECT(text_, ...)                                                                         \
    do {                                                                                           \
        const double value_[] = {__VA_ARGS__};                                                     \
        struct mcd_spark s_ = mcd_spark(value_, sizeof value_ / sizeof *value_, 80, 0);            \
        assert_string_equal(s_.text, text_);                                                       \
    } while (0)

static void heights_follow_the_values(void **state)
{
    (void)state;
    EXPECT(".:-=+*#@", 0, 1, 2, 3, 4, 5, 6, 7);
    EXPECT("@#*+=-:.", 7, 6, 5, 4, 3, 2, 1, 0);
    EXPECT(".@.", -3, -1, -3);
}

static void blocks_are_utf8(void **state)
{
    (void)state;
    const double value[] = {0, 1, 2, 3, 4, 5, 6, 7};
    assert_string_equal(mcd_spark(value, 8, 80, 1).text, "▁▂▃▄▅▆▇█");
}

static void equal_values_are_at_half_height(void **state)
{
    (void)state;
    EXPECT("++++", 5, 5, 5, 5);
    EXPECT("+", -2);
    EXPECT("+", 0);
    EXPECT("", ); /* nothing at all */
}

static void what_is_not_finite_is_blank(void **state)
{
    (void)state;
    EXPECT(". @", 0, NAN, 1);
    EXPECT(" .@ ", INFINITY, 0, 1, -INFINITY);
    EXPECT("  ", NAN, NAN);
}

static void huge_ranges_neither_overflow_nor_vanish(void **state)
{
    (void)state;
    EXPECT(".+@", -1.7e308, 0, 1.7e308);
    EXPECT(".@", 5e-324, 1e-323);
    EXPECT(".@", 5e-324, 1.7e308);
}

/* Errors that halve again and again: linear heights would show little behind the first. */
static void orders_of_magnitude_are_logarithms(void **state)
{
    (void)state;
    const double wide[] = {1280, 640, 320, 160, 80, 40, 20, 10}, narrow[] = {10, 9, 1},
                 zero[] = {100, 50, 0};
    struct mcd_spark s = mcd_spark(wide, 8, 80, 0);
    assert_true(s.is_log);
    assert_string_equal(s.text, "@#*+=-:.");
    assert_false(mcd_spark(narrow, 3, 80, 0).is_log);
    assert_false(mcd_spark(zero, 3, 80, 0).is_log); /* zero has no logarithm */
}

static void neighbours_share_a_column(void **state)
{
    (void)state;
    double value[1000];
    for (int i = 0; i < 1000; i++)
        value[i] = i;
    value[1] = NAN; /* the mean of the others stands for it */
    assert_string_equal(mcd_spark(value, 1000, 8, 0).text, ".:-=+*#@");
    assert_string_equal(mcd_spark(value, 1000, 1, 0).text, "+");
    assert_string_equal(mcd_spark(value, 1000, 0, 0).text, "");
    assert_string_equal(mcd_spark(value, 1000, -5, 0).text, "");
    assert_int_equal(strlen(mcd_spark(value, 1000, 100000, 1).text), 3 * MCD_SPARK_COLUMNS);
}

static void columns_are_the_terminals(void **state)
{
    (void)state;
    int end[2], terminal = posix_openpt(O_RDWR | O_NOCTTY);
    const struct winsize size = {.ws_row = 24, .ws_col = 57};
    assert_int_equal(pipe(end), 0);
    assert_true(terminal >= 0);
    assert_int_equal(ioctl(terminal, TIOCSWINSZ, &size), 0);
    setenv("COLUMNS", "44", 1);
    assert_int_equal(mcd_screen_columns(terminal), 57);
    assert_int_equal(mcd_screen_columns(end[1]), 44);
    const char *const bad[] = {"", "0", "-3", "44x", "999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        setenv("COLUMNS", bad[i], 1);
        assert_int_equal(mcd_screen_columns(end[1]), 80);
    }
    unsetenv("COLUMNS");
    assert_int_equal(mcd_screen_columns(end[1]), 80);
    close(terminal);
    close(end[0]);
    close(end[1]);
}

static void characters_are_the_locales(void **state)
{
    (void)state;
    setenv("LC_ALL", "C", 1);
    assert_false(mcd_screen_has_utf8());
    setenv("LC_ALL", "nowhere.UTF-8", 1); /* not installed */
    assert_false(mcd_screen_has_utf8());
    setenv("LC_ALL", "C.UTF-8", 1);
    locale_t there = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (there) { /* the C library has it built in, or the system installed it */
        freelocale(there);
        assert_true(mcd_screen_has_utf8());
    }
    unsetenv("LC_ALL");
    assert_string_equal(nl_langinfo(CODESET), "ANSI_X3.4-1968"); /* the program's own is C */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heights_follow_the_values),
        cmocka_unit_test(blocks_are_utf8),
        cmocka_unit_test(equal_values_are_at_half_height),
        cmocka_unit_test(what_is_not_finite_is_blank),
        cmocka_unit_test(huge_ranges_neither_overflow_nor_vanish),
        cmocka_unit_test(orders_of_magnitude_are_logarithms),
        cmocka_unit_test(neighbours_share_a_column),
        cmocka_unit_test(columns_are_the_terminals),
        cmocka_unit_test(characters_are_the_locales),
    };
    return cmocka_run_group_tests_name("spark", tests, NULL, NULL);
}
