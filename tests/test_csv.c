/* CSV tables: quotes, names, choice of columns, and every way in which a line can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/io/csv.h"
#include "scratch.h"

#include <locale.h>

/* Parses an exact copy, so that a sanitizer sees every read beyond the end. */
static int parse(const char *text, const char *const *columns, struct mcd_csv *t,
                 struct mcd_error *e)
{
    size_t size = strlen(text);
    char *copy = malloc(size ? size : 1);
    memcpy(copy, text, size);
    int status = mcd_csv_parse(copy, size, "t.csv", columns, t, e);
    free(copy);
    return status;
}

static void expect(const char *text, const char *names, int64_t rows, int64_t columns,
                   const double *values)
{
    struct mcd_csv t;
    struct mcd_error e = {0};
    char joined[200] = "";
    assert_ok(parse(text, NULL, &t, &e), e);
    assert_int_equal(t.values.type, MCD_F64);
    assert_int_equal(t.values.rank, 2);
    assert_int_equal(t.values.dim[0], rows);
    assert_int_equal(t.values.dim[1], columns);
    for (int64_t i = 0; i < rows * columns; i++)
        assert_true(((double *)t.values.data)[i] == values[i]);
    for (int64_t i = 0; t.name && i < columns; i++)
        strcat(strcat(joined, t.name[i]), "|");
    assert_string_equal(joined, names);
    mcd_csv_clear(&t);
}

static void reads_tables(void **state)
{
    (void)state;
    const double v[] = {1, 2, -3.5e2, 0.25};
    expect("1,2\n-350,.25\n", "", 2, 2, v);
    expect("1,2\n-350,.25", "", 2, 2, v);
    expect("1,2\r\n-350,.25\r\n\r\n\n", "", 2, 2, v);
    expect("1, 2\n-3.5E+02 ,\t+0.25\n", "", 2, 2, v);
    expect("a,b\n1,2\n-350,2.5e-1\n", "a|b|", 2, 2, v);
    expect("\xef\xbb\xbf"
           "a,b\n1,2\n-350,.25\n",
           "a|b|", 2, 2, v);
    expect("\"a\",b c\n\"1\",\"2\"\n-350,.25\n", "a|b c|", 2, 2, v);
    expect(",b\n1,2\n-350,.25\n", "|b|", 2, 2, v);
    expect("\"x, \"\"y\"\"\n2nd\",\"1990\"\n1,2\n-350,.25\n", "x, \"y\"\n2nd|1990|", 2, 2, v);
    expect("1\n2\n-350\n.25\n", "", 4, 1, v);
}

static void chooses_columns(void **state)
{
    (void)state;
    struct mcd_csv t;
    struct mcd_error e = {0};
    const char *text = "month,ppm,note,n\n1958-03,315.5,\"a, b\",1\n1958-04,317.25,,2\n";
    const char *const columns[] = {"n", "ppm", NULL};
    assert_ok(parse(text, columns, &t, &e), e);
    assert_int_equal(t.values.dim[0], 2);
    assert_int_equal(t.values.dim[1], 2);
    assert_string_equal(t.name[0], "n");
    assert_string_equal(t.name[1], "ppm");
    const double *v = t.values.data;
    assert_true(v[0] == 1 && v[1] == 315.5 && v[2] == 2 && v[3] == 317.25);
    mcd_csv_clear(&t);
}

static void refuse(const char *text, const char *const *columns, const char *place,
                   const char *part)
{
    struct mcd_csv t;
    struct mcd_error e = {0};
    assert_int_equal(parse(text, columns, &t, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, place, part);
    assert_null(t.name);
    assert_null(t.values.data);
}

static void refuses_bad_values(void **state)
{
    (void)state;
    refuse("a,b\n1,2\n3,x\n", NULL, "t.csv: line 3, column 2", "'x' is not a number");
    refuse("1,2\n3,\n", NULL, "line 2, column 2", "missing");
    refuse("1,2\n,3\n", NULL, "line 2, column 1", "missing");
    refuse("1,2\nnan,3\n", NULL, "line 2, column 1", "'nan' is not finite");
    refuse("1,2\n3,-INF\n", NULL, "line 2, column 2", "'-INF' is not finite");
    refuse("nan,inf\n1,2\n", NULL, "line 1, column 1", "'nan' is not finite");
    refuse("1,2\n3,1e999\n", NULL, "line 2, column 2", "'1e999' is not finite");
    refuse("1,2\n3,0x10\n", NULL, "line 2, column 2", "'0x10' is not a number");
    refuse("1,2\n3,1-2\n", NULL, "line 2, column 2", "not a number");
    refuse("1,2\n3,4.5.6\n", NULL, "line 2, column 2", "not a number");
    refuse("1,2\n3,1 2\n", NULL, "line 2, column 2", "not a number");
    refuse("1,2\n3,\x01\xff\n", NULL, "line 2, column 2", "' is not a number");
    refuse("1\r2\n", NULL, "line 2, column 1", "no values");
    refuse("a,1\n2,3\n", NULL, "line 1, column 1", "'a' among numbers");
    refuse("1958-03,315.71\n", NULL, "line 1, column 1", "'1958-03' among numbers");
}

static void refuses_bad_lines(void **state)
{
    (void)state;
    refuse("1,2\n3\n", NULL, "line 2, column 1", "the line ends: expected 2 fields");
    refuse("1,2\n3,4,5\n", NULL, "line 2, column 2", "the line goes on: expected 2 fields");
    refuse("a,b\n1,2\n\n3,4\n", NULL, "line 3, column 1", "missing");
    refuse("a\n1\n\n3\n", NULL, "line 3, column 1", "missing");
    refuse("\"a\nb\",c\n1,2\n3,x\n", NULL, "line 4, column 2", "'x'");
    refuse("", NULL, "line 1, column 1", "empty");
    refuse("\n\r\n", NULL, "line 1, column 1", "empty");
    refuse("a,b\n", NULL, "line 2, column 1", "no values");
    refuse(",\n", NULL, "line 1, column 1", "missing");
}

static void refuses_bad_quotes(void **state)
{
    (void)state;
    refuse("\"a,b\n1,2\n", NULL, "line 1, column 1", "never closed");
    refuse("a,\"", NULL, "line 1, column 2", "never closed");
    refuse("a,\"b\" \n1,2\n", NULL, "line 1, column 2", "after the closing quote");
    refuse("a,b\"c\n1,2\n", NULL, "line 1, column 2", "a quote inside");
    refuse("1,2\n3,\"4\n", NULL, "line 2, column 2", "never closed");
}

static void refuses_bad_choices(void **state)
{
    (void)state;
    const char *const none[] = {NULL}, *const other[] = {"c", NULL},
                      *const twice[] = {"a", "a", NULL};
    refuse("a,b\n1,2\n", other, "line 1", "no column 'c': expected a, b, or 1 to 2");
    refuse("a,b\n1,2\n", twice, "line 1", "no column 'a'");
    refuse("1,2\n", other, "line 1", "no column 'c': expected 1 to 2");
    refuse("a,b\n1,2\n", none, "t.csv", "no column is chosen");
    refuse("a,b\n1\n", (const char *const[]){"a", NULL}, "line 2, column 1", "the line ends");
}

static void a_point_is_a_point_anywhere(void **state)
{
    (void)state;
    const double v[] = {1.5, 2.25};
    const char *names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"};
    for (int i = 0; i < 3; i++)
        if (setlocale(LC_ALL, names[i]))
            break;
    expect("1.5,2.25\n", "", 1, 2, v);
    setlocale(LC_ALL, "C");
}

static void reads_files(void **state)
{
    (void)state;
    struct mcd_csv t;
    struct mcd_error e = {0};
    assert_ok(mcd_csv_read(scratch_text("t.csv", "1,2\n"), NULL, &t, &e), e);
    mcd_csv_clear(&t);
    assert_int_equal(mcd_csv_read(scratch_path("none.csv"), NULL, &t, &e), MCD_IO);
    assert_error(e, MCD_IO, "none.csv", "No such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_tables),
        cmocka_unit_test(chooses_columns),
        cmocka_unit_test(refuses_bad_values),
        cmocka_unit_test(refuses_bad_lines),
        cmocka_unit_test(refuses_bad_quotes),
        cmocka_unit_test(refuses_bad_choices),
        cmocka_unit_test(a_point_is_a_point_anywhere),
        cmocka_unit_test(reads_files),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
