/* mcdrop report as it is called: where the page goes, what is refused, and what stays as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "page_check.h"
#include "scratch.h"

#include "program.h"

static void write_report(const char *path, const char *more)
{
    char text[500];
    snprintf(text, sizeof text,
             "{\"format\": \"mcdrop report 1\", \"title\": \"T\", \"sections\": [{\"id\": \"s\", "
             "\"title\": \"S\", \"items\": [{\"kind\": \"files\", \"files\": [[\"a.csv\", "
             "\"A\"]]}%s]}]}",
             more);
    scratch_text(path, text);
}

static void make_run(void)
{
    assert_int_equal(mkdir(scratch_path("run"), 0777), 0);
    write_report("run/report.json", "");
    scratch_text("run/a.csv", "1\n");
}

static void check_page(const char *name, const char *part)
{
    char *page = program_text(name, NULL);
    if (*page_judge(page))
        fail_msg("%s: %s", name, page_judge(page));
    free(page);
    assert_has(name, part);
}

static void a_folder_gets_its_page(void **state)
{
    (void)state;
    make_run();
    assert_program(0, "$M report run");
    assert_has("err", "mcdrop: wrote run/report.html");
    check_page("run/report.html", "href=\"a.csv\"");
    assert_program(0, "cd run && $M report . && cmp report.html report.html");
    assert_program(0, "mv run/report.json run/other.json && $M report run/other.json -q");
    check_page("run/other.html", "href=\"other.json\"");
    char *err = program_text("err", NULL);
    assert_string_equal(err, "");
    free(err);
}

static void a_page_elsewhere_finds_the_files(void **state)
{
    (void)state;
    make_run();
    assert_int_equal(mkdir(scratch_path("pages"), 0777), 0);
    assert_program(0, "$M report run --out pages/x.html");
    check_page("pages/x.html", "href=\"../run/a.csv\"");
    assert_program(0, "$M report run --out x.html");
    check_page("x.html", "href=\"run/a.csv\"");
    assert_program(1, "$M report run --out none/x.html");
    assert_has("err", "none/x.html: its folder cannot be found");
}

static void text_goes_to_standard_output(void **state)
{
    (void)state;
    make_run();
    assert_program(0, "$M report run --format text");
    char *out = program_text("out", NULL);
    assert_string_equal(out, "T\n=\n\nS\n-\n\n  a.csv  A\n\n");
    free(out);
    assert_int_equal(access(scratch_path("run/report.html"), F_OK), -1);
    if (access("/dev/full", W_OK) == 0)
        assert_program(1, "$M report run --format text >/dev/full");
}

static void a_wrong_report_changes_nothing(void **state)
{
    (void)state;
    make_run();
    assert_program(0, "$M report run && cp run/report.html before");
    write_report("run/report.json", ", {\"kind\": \"picture\"}");
    assert_program(1, "$M report run");
    assert_has("err",
               "mcdrop: run/report.json: sections[0].items[1].kind: 'picture': expected table, "
               "figure, claims, verdict, files or commands");
    assert_same_file("before", "run/report.html");
    assert_program(1, "$M report run --format text");
    char *out = program_text("out", NULL);
    assert_string_equal(out, "");
    free(out);
    assert_program(1, "ulimit -f 1 && trap '' XFSZ && rm run/report.json && $M report run");
    assert_has("err", "run/report.json: cannot be read: No such file");
}

static void a_full_disk_leaves_the_earlier_page(void **state)
{
    (void)state;
    make_run();
    scratch_text("run/report.html", "before");
    assert_program(1, "ulimit -f 1; trap '' XFSZ; $M report run");
    assert_has("err", "run/report.html: cannot be written");
    assert_has("run/report.html", "before");
    assert_program(0, "test $(ls run | wc -l) = 3");
}

static void wrong_options_are_refused(void **state)
{
    (void)state;
    make_run();
    assert_program(2, "$M report");
    assert_has("err", "expected a folder with a report.json, or such a file");
    assert_program(2, "$M report run run");
    assert_has("err", "expected one folder or file");
    assert_program(2, "$M report run --format json");
    assert_has("err", "--format: 'json': expected html or text");
    assert_program(2, "$M report run --format text --out x");
    assert_has("err", "--out: text goes to standard output");
    assert_program(1, "$M report none");
    assert_has("err", "none: cannot be read: No such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_folder_gets_its_page, scratch_empty),
        cmocka_unit_test_teardown(a_page_elsewhere_finds_the_files, scratch_empty),
        cmocka_unit_test_teardown(text_goes_to_standard_output, scratch_empty),
        cmocka_unit_test_teardown(a_wrong_report_changes_nothing, scratch_empty),
        cmocka_unit_test_teardown(a_full_disk_leaves_the_earlier_page, scratch_empty),
        cmocka_unit_test_teardown(wrong_options_are_refused, scratch_empty),
    };
    return cmocka_run_group_tests(tests, program_setup, scratch_teardown);
}
