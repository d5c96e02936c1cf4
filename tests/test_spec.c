/* core/plugin/spec.c: names, settings, quotes, and what is refused. */
#include "core/base/host.h"
#include "core/plugin/spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Behind the headers above, whose inline functions use a member called fail. */
#include <cmocka.h>

#include "scratch.h"

static struct mcd_host *host;

static int setup(void **state)
{
    (void)state;
    host = mcd_host_create(1, NULL, NULL, NULL);
    return host ? 0 : -1;
}

/* Nothing may be left behind by any test. */
static int teardown(void **state)
{
    (void)state;
    uint64_t live = mcd_host_live(host);
    mcd_host_destroy(host);
    return live == 0 ? 0 : -1;
}

static void names_come_in_four_ways(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name, *path;
    } cases[] = {
        {"lenet", "lenet", NULL},
        {"lenet.so", "lenet", NULL},
        {"./a.so", "a", "./a"},
        {"/x y/z/a-b_1.2.so", "a-b_1.2", "/x y/z/a-b_1.2"},
        {"/x.so/a", "a", "/x.so/a"},
        {"a.so.1", "a.so.1", NULL},
        {"../d\xc3\xbc/a", "a", "../d\xc3\xbc/a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mcd_spec s;
        struct mcd_error e = {0};
        assert_ok(mcd_spec_parse(host, cases[i].text, &s, &e), e);
        assert_string_equal(s.name, cases[i].name);
        assert_int_equal(s.path == NULL, cases[i].path == NULL);
        if (s.path)
            assert_string_equal(s.path, cases[i].path);
        assert_int_equal(s.count, 0);
        mcd_spec_clear(host, &s);
    }
}

static void settings_are_split_at_commas(void **state)
{
    (void)state;
    struct mcd_spec s;
    struct mcd_error e = {0};
    static const char text[] = "m.so:a=1,b=,c_2=\"x, \\\"y\\\\ \\n\",d=concrete:t=0.1,a=2,e=\"\"";
    static const char *const wanted[] = {
        "a", "1", "b", "", "c_2", "x, \"y\\ \\n", "d", "concrete:t=0.1", "a", "2", "e", ""};
    assert_ok(mcd_spec_parse(host, text, &s, &e), e);
    assert_int_equal(s.count, 6);
    for (uint32_t i = 0; i < s.count; i++) {
        assert_string_equal(s.setting[i].key, wanted[2 * i]);
        assert_string_equal(s.setting[i].value, wanted[2 * i + 1]);
    }
    mcd_spec_clear(host, &s);
}

static void what_is_wrong_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *where, *part;
    } cases[] = {
        {"", "", "not a plugin's name"},
        {".so", "", "not a plugin's name"},
        {"a.so.so", "a.so", "not a plugin's name"},
        {"a/", "a/", "not a plugin's name"},
        {"a/..", "a/..", "not a plugin's name"},
        {"a b", "a b", "not a plugin's name"},
        {"-a", "-a", "not a plugin's name"},
        {":a=1", "", "not a plugin's name"},
        {"a:", "a", "'': expected key=value"},
        {"a:b", "a", "'b': expected key=value"},
        {"a:b=1,", "a", "'': expected key=value"},
        {"a:b=1,,c=2", "a", "'': expected key=value"},
        {"a:b=1, c=2", "a", "' c=2': expected key=value"},
        {"a:=1", "a", "'=1': expected key=value"},
        {"a:b=\"x", "a", "b: the closing quote is missing"},
        {"a:b=\"x\\\"", "a", "b: the closing quote is missing"},
        {"a:b=\"x\"y", "a", "quotes must stand around the whole value"},
        {"a:b=x\"y\"", "a", "quotes must stand around the whole value"},
        {"a:b=x\ny", "a:b=x?y", "character 6 is a control character"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mcd_spec s;
        struct mcd_error e = {0};
        assert_int_equal(mcd_spec_parse(host, cases[i].text, &s, &e), MCD_INVALID);
        assert_error(e, MCD_INVALID, cases[i].where, cases[i].part);
        assert_null(s.text);
        assert_int_equal(s.count, 0);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct mcd_spec s;
    for (uint64_t k = 1;; k++) {
        struct mcd_error e = {0};
        mcd_host_fail_at(host, k);
        int status = mcd_spec_parse(host, "a:b=1", &s, &e);
        if (status == MCD_OK)
            break;
        assert_int_equal(status, MCD_NOMEM);
        assert_int_equal(e.code, MCD_NOMEM);
        assert_int_equal(mcd_host_live(host), 0);
    }
    mcd_host_fail_at(host, 0);
    mcd_spec_clear(host, &s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_come_in_four_ways),
        cmocka_unit_test(settings_are_split_at_commas),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
