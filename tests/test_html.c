/* core/report/html.c and way.c: text, paths and bytes on their way into a page. */
#include "core/report/html.h"
#include "core/report/way.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

static char *text;
static size_t size;

/* What was written to `f`, a stream into `text`. */
static void check(FILE *f, const char *wanted)
{
    assert_int_equal(fclose(f), 0);
    assert_string_equal(text, wanted);
    free(text);
}

static FILE *start(void)
{
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    return f;
}

static void check_text(const char *given, const char *wanted)
{
    FILE *f = start();
    mcd_html_text(f, given);
    check(f, wanted);
}

static void text_stays_text(void **state)
{
    (void)state;
    check_text("a < b && c > \"d\" '", "a &lt; b &amp;&amp; c &gt; &quot;d&quot; '");
    check_text("</script><script>", "&lt;/script&gt;&lt;script&gt;");
    check_text("&amp;", "&amp;amp;");
    check_text("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x99\x82\t\n",
               "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x99\x82\t\n");
    check_text("", "");
}

#define WRONG "\xef\xbf\xbd"

static void what_html_refuses_is_replaced(void **state)
{
    (void)state;
    check_text("a\x01\x1b[31m\rb\x7f", "a" WRONG WRONG "[31m" WRONG "b" WRONG);
    check_text("\xc2\x80\xc2\x9f\xc2\xa0", WRONG WRONG "\xc2\xa0");
    check_text("\xef\xb7\x90\xef\xbf\xbe\xf0\x9f\xbf\xbf", WRONG WRONG WRONG);
    check_text("\xef\xbf\xbc", "\xef\xbf\xbc");
}

static void a_path_is_no_scheme_and_no_query(void **state)
{
    (void)state;
    FILE *f = start();
    mcd_html_path(f, "javascript:alert(1)/a b?c#d&\"%\xc3\xa4\\.csv~_-");
    check(f, "javascript%3Aalert%281%29/a%20b%3Fc%23d%26%22%25%C3%A4%5C.csv~_-");
}

static void base64_is_rfc_4648s(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xff\xfe\xfd", "//79"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        FILE *f = start();
        mcd_html_base64(f, (const unsigned char *)cases[i][0], strlen(cases[i][0]));
        check(f, cases[i][1]);
    }
}

/* ---- ways -------------------------------------------------------------------------------- */

static void check_way(const char *from, const char *folder, const char *wanted)
{
    struct mcd_error e = {0};
    char *way, a[3 * PATH_MAX], b[3 * PATH_MAX];
    snprintf(a, sizeof a, "%s", scratch_path(from));
    snprintf(b, sizeof b, "%s", scratch_path(folder));
    assert_ok(mcd_way(a, b, &way, &e), e);
    assert_string_equal(way, wanted);
    free(way);
}

static void a_way_goes_up_and_down(void **state)
{
    (void)state;
    assert_int_equal(mkdir(scratch_path("run"), 0777), 0);
    assert_int_equal(mkdir(scratch_path("run/deep"), 0777), 0);
    assert_int_equal(mkdir(scratch_path("runs"), 0777), 0);
    assert_int_equal(symlink("run/deep", scratch_path("link")), 0);
    check_way("run/report.html", "run", "");
    check_way("report.html", "run", "run/");
    check_way("run/deep/report.html", "run", "../");
    check_way("runs/report.html", "run", "../run/");
    check_way("runs/report.html", "run/deep", "../run/deep/");
    check_way("link/report.html", "run", "../");
    check_way("run/./deep/../report.html", "link/..", "");
}

static void a_way_from_nowhere_is_refused(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    char *way;
    assert_int_equal(mcd_way(scratch_path("none/x.html"), scratch_dir, &way, &e), MCD_IO);
    assert_error(e, MCD_IO, "none/x.html", "folder cannot be found: No such file");
    assert_null(way);
}

static void the_root_is_a_folder_too(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    char *way;
    assert_ok(mcd_way("/x.html", "/tmp/..", &way, &e), e);
    assert_string_equal(way, "");
    free(way);
    assert_ok(mcd_way("/x.html", "/dev", &way, &e), e);
    assert_string_equal(way, "dev/");
    free(way);
    assert_ok(mcd_way("/dev/x.html", "/", &way, &e), e);
    assert_string_equal(way, "../");
    free(way);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_stays_text),
        cmocka_unit_test(what_html_refuses_is_replaced),
        cmocka_unit_test(a_path_is_no_scheme_and_no_query),
        cmocka_unit_test(base64_is_rfc_4648s),
        cmocka_unit_test_teardown(a_way_goes_up_and_down, scratch_empty),
        cmocka_unit_test(a_way_from_nowhere_is_refused),
        cmocka_unit_test(the_root_is_a_folder_too),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
