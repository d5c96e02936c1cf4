/* core/cli/table.c: the three formats, and what goes wrong on the way. */
#include "core/base/host.h"
#include "core/cli/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Behind the headers above, whose inline functions use a member called fail. */
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

static const struct mcd_column columns[] = {{"name", 0}, {"n", 0}, {"x_mean", 3}, {"nothing", 0}};

static struct mcd_host *host;

static int setup(void **state)
{
    (void)state;
    host = mcd_host_create(1, NULL, NULL, NULL);
    return host ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    uint64_t live = mcd_host_live(host);
    mcd_host_destroy(host);
    return live == 0 ? 0 : -1;
}

static struct mcd_table *make(struct mcd_error *e)
{
    struct mcd_table *t = mcd_table_create(host, columns, 4, e);
    if (!t)
        return NULL;
    mcd_table_text(t, "a, \"b\"");
    mcd_table_int(t, -12);
    mcd_table_real(t, 0.1 + 0.2);
    mcd_table_none(t);
    mcd_table_text(t, "d\xc3\xbc\n");
    mcd_table_int(t, 1234567890123456789);
    mcd_table_real(t, NAN);
    mcd_table_none(t);
    mcd_table_text(t, NULL);
    mcd_table_none(t);
    mcd_table_real(t, 1e-20);
    mcd_table_none(t);
    return t;
}

static void check(enum mcd_format format, const char *wanted)
{
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    struct mcd_error e = {0};
    struct mcd_table *t = make(&e);
    assert_int_equal(mcd_table_print(t, format, f, &e), MCD_OK);
    fclose(f);
    assert_string_equal(text, wanted);
    assert_int_equal(mcd_table_rows(t), 3);
    mcd_table_destroy(t);
    free(text);
}

static void text_is_aligned(void **state)
{
    (void)state;
    check(MCD_TEXT_FORMAT, "name                      n  x_mean\n"
                           "a, \"b\"                  -12     0.3\n"
                           "d\xc3\xbc?     1234567890123456789       -\n"
                           "-                         -   1e-20\n");
}

static void csv_is_quoted(void **state)
{
    (void)state;
    check(MCD_CSV_FORMAT, "name,n,x_mean,nothing\n"
                          "\"a, \"\"b\"\"\",-12,0.30000000000000004,\n"
                          "\"d\xc3\xbc\n\",1234567890123456789,nan,\n"
                          ",,1e-20,\n");
}

static void json_has_null_for_what_is_no_number(void **state)
{
    (void)state;
    check(MCD_JSON_FORMAT, "[\n"
                           "  {\n"
                           "    \"name\": \"a, \\\"b\\\"\",\n"
                           "    \"n\": -12,\n"
                           "    \"x_mean\": 0.30000000000000004,\n"
                           "    \"nothing\": null\n"
                           "  },\n"
                           "  {\n"
                           "    \"name\": \"d\xc3\xbc\\n\",\n"
                           "    \"n\": 1234567890123456789,\n"
                           "    \"x_mean\": null,\n"
                           "    \"nothing\": null\n"
                           "  },\n"
                           "  {\n"
                           "    \"name\": null,\n"
                           "    \"n\": null,\n"
                           "    \"x_mean\": 9.9999999999999995e-21,\n"
                           "    \"nothing\": null\n"
                           "  }\n"
                           "]\n");
}

static void an_empty_table_has_no_text(void **state)
{
    (void)state;
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    struct mcd_table *t = mcd_table_create(host, columns, 4, NULL);
    for (int format = MCD_TEXT_FORMAT; format <= MCD_CSV_FORMAT; format++)
        assert_int_equal(mcd_table_print(t, (enum mcd_format)format, f, NULL), MCD_OK);
    fclose(f);
    assert_string_equal(text, "[]\nname,n,x_mean,nothing\n");
    mcd_table_destroy(t);
    free(text);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    FILE *f = fopen("/dev/null", "w");
    int status = MCD_NOMEM;
    for (uint64_t k = 1; status != MCD_OK; k++) {
        struct mcd_error e = {0};
        mcd_host_fail_at(host, k);
        struct mcd_table *t = make(&e);
        status = t ? mcd_table_print(t, MCD_TEXT_FORMAT, f, &e) : MCD_NOMEM;
        assert_int_equal(status, e.code);
        mcd_table_destroy(t);
        assert_int_equal(mcd_host_live(host), 0);
    }
    mcd_host_fail_at(host, 0);
    fclose(f);
}

static void a_refused_write_is_an_error(void **state)
{
    (void)state;
    FILE *f = fopen("/dev/full", "w");
    if (!f)
        return;
    setvbuf(f, NULL, _IONBF, 0);
    struct mcd_error e = {0};
    struct mcd_table *t = make(&e);
    assert_int_equal(mcd_table_print(t, MCD_JSON_FORMAT, f, &e), MCD_IO);
    mcd_table_destroy(t);
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_aligned),
        cmocka_unit_test(csv_is_quoted),
        cmocka_unit_test(json_has_null_for_what_is_no_number),
        cmocka_unit_test(an_empty_table_has_no_text),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_refused_write_is_an_error),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
