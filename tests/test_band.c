/* core/cli/band.c: a mean and its band as characters. */
#include "core/cli/band.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 15, BEFORE = 13 }; /* lines of the plot, columns of its labels */

/* The lines of a plot, to be freed. */
struct drawn {
    char *text;
    char *line[LINES + 2];
    int lines;
};

static struct drawn draw(const double *mean, const double *sd, int64_t count, int columns, int utf8)
{
    struct drawn d = {0};
    size_t size;
    FILE *out = open_memstream(&d.text, &size);
    const struct mcd_band band = {mean, sd, count, -1.5, 3};
    mcd_band_print(out, &band, columns, utf8);
    fclose(out);
    char *rest = d.text;
    for (char *line; d.lines < LINES + 2 && (line = strsep(&rest, "\n")) && rest;)
        d.line[d.lines++] = line;
    return d;
}

/* How many cells of the plot show `mark`. */
static int marks(const struct drawn *d, char mark)
{
    int n = 0;
    for (int i = 0; i < LINES; i++)
        for (const char *c = d->line[i] + BEFORE; *c; c++)
            n += *c == mark;
    return n;
}

static void a_band_that_opens(void **state)
{
    (void)state;
    double mean[15], sd[15];
    for (int i = 0; i < 15; i++) {
        mean[i] = 0;
        sd[i] = (i + 0.5) / 2; /* two of them reach i + 0.5, and 14.5 at the end */
    }
    struct drawn d = draw(mean, sd, 15, BEFORE + 15, 0);
    assert_int_equal(d.lines, LINES + 1);
    for (int line = 0; line < LINES; line++) {
        int away =
            abs(line - LINES / 2) * 2; /* from the mean, in the columns where it is reached */
        const char *cell = d.line[line] + BEFORE;
        if (away == 0)
            assert_string_equal(cell, "###############");
        else
            assert_int_equal((int)strspn(cell, " "), away - 1);
    }
    assert_string_equal(d.line[LINES], "             -1.5          3");
    assert_true(strtod(d.line[0], NULL) > 13 && strtod(d.line[0], NULL) < 14.5);
    assert_true(fabs(strtod(d.line[LINES / 2], NULL)) < 1e-12);
    free(d.text);
}

static void lines_end_with_what_they_show(void **state)
{
    (void)state;
    const double mean[] = {0, 1}, sd[] = {0, 0};
    struct drawn d = draw(mean, sd, 2, BEFORE + 6, 0);
    assert_string_equal(d.line[0] + BEFORE, "   ###"); /* a point takes three columns */
    assert_string_equal(d.line[LINES - 1] + BEFORE, "###");
    assert_int_equal(marks(&d, '#'), 6);
    free(d.text);
}

/* A level line, one point, a value so large that room above overflows nothing. */
static void level_lines_are_in_the_middle(void **state)
{
    (void)state;
    const double level[] = {0, 7, -1e308}, none = 0;
    for (size_t i = 0; i < sizeof level / sizeof *level; i++) {
        struct drawn d = draw(&level[i], &none, 1, BEFORE + 4, 0);
        assert_int_equal(marks(&d, '#'), 4);
        assert_string_equal(d.line[LINES / 2] + BEFORE, "####");
        free(d.text);
    }
}

static void points_without_a_value_are_left_out(void **state)
{
    (void)state;
    const double mean[] = {0, NAN, 1, INFINITY, 2}, sd[] = {1, 1, NAN, 1, 1};
    struct drawn d = draw(mean, sd, 5, BEFORE + 5, 0);
    for (int line = 0; line < LINES; line++)
        for (size_t i = BEFORE + 1; i < strlen(d.line[line]) && i < BEFORE + 4; i++)
            assert_int_equal(d.line[line][i], ' ');
    assert_int_equal(marks(&d, '#'), 2);
    free(d.text);
    d = draw(mean + 1, sd + 1, 3, BEFORE + 5, 0); /* none is left */
    assert_int_equal(d.lines, 0);
    free(d.text);
}

static void neighbours_share_a_column(void **state)
{
    (void)state;
    double mean[1000], sd[1000] = {0};
    for (int i = 0; i < 1000; i++)
        mean[i] = i % 2 ? 1 : -1;
    struct drawn d = draw(mean, sd, 1000, BEFORE + 10, 0); /* each column runs from end to end */
    assert_int_equal(marks(&d, '#'), 10 * LINES);
    free(d.text);
    d = draw(mean, sd, 1000, 100000, 0);
    assert_int_equal(strlen(d.line[0]), BEFORE + 120);
    free(d.text);
    d = draw(mean, sd, 1000, BEFORE, 0); /* no room */
    assert_int_equal(d.lines, 0);
    free(d.text);
}

static void huge_values_fit(void **state)
{
    (void)state;
    const double mean[] = {-8e307, 8e307}, sd[] = {4e307, 4e307};
    struct drawn d = draw(mean, sd, 2, BEFORE + 2, 0);
    assert_int_equal(d.lines, LINES + 1);
    assert_int_equal(marks(&d, '#'), 2);
    assert_true(marks(&d, '.') > LINES / 2);
    free(d.text);
}

static void blocks_are_utf8(void **state)
{
    (void)state;
    const double mean[] = {0}, sd[] = {1};
    struct drawn d = draw(mean, sd, 1, BEFORE + 1, 1);
    assert_string_equal(strstr(d.line[0], "│"), "│░");
    assert_string_equal(strstr(d.line[LINES / 2], "│"), "│█");
    free(d.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_band_that_opens),
        cmocka_unit_test(lines_end_with_what_they_show),
        cmocka_unit_test(level_lines_are_in_the_middle),
        cmocka_unit_test(points_without_a_value_are_left_out),
        cmocka_unit_test(neighbours_share_a_column),
        cmocka_unit_test(huge_values_fit),
        cmocka_unit_test(blocks_are_utf8),
    };
    return cmocka_run_group_tests_name("band", tests, NULL, NULL);
}
