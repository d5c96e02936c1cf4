/* core/report/document.c: every member of a report is judged, and a refusal says where it is. */
#include "core/base/host.h"
#include "core/report/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Behind the headers above, whose inline functions use a member called fail. */
#include <cmocka.h>

#include "scratch.h"

/* A report with every kind of item and every member. */
static json_t *load_fixture(void)
{
    char path[PATH_MAX];
    const char *tests = getenv("MCDROP_TEST_SRCDIR");
    json_error_t e;
    snprintf(path, sizeof path, "%s/fixtures/report/report.json", tests ? tests : "tests");
    json_t *json = json_load_file(path, 0, &e);
    if (!json)
        fail_msg("%s: %s", path, e.text);
    return json;
}

/* Judges; `e` says what was wrong. */
static int judge(const json_t *json, struct mcd_error *e)
{
    struct mcd_document d;
    size_t size;
    char *text = mcd_json_text(json, 0, &size);
    assert_non_null(text);
    *e = (struct mcd_error){0};
    int status = mcd_document_parse("dir/report.json", text, size, &d, e);
    mcd_document_clear(&d);
    free(text);
    return status;
}

/* What stands at "sections[0].items[1]" in the fixture. */
static json_t *at(json_t *json, const char *place)
{
    while (*place && json) {
        char name[80];
        size_t n = strcspn(place, ".[");
        if (*place == '[') {
            json = json_array_get(json, (size_t)strtol(place + 1, NULL, 10));
            place = strchr(place, ']') + 1;
        } else {
            snprintf(name, sizeof name, "%.*s", (int)n, place);
            json = json_object_get(json, name);
            place += n;
        }
        place += *place == '.';
    }
    return json;
}

/* "A.B" or "A[1].B" where A is the place and B its member. */
static const char *join(const char *place, const char *member)
{
    static char text[200];
    snprintf(text, sizeof text, "report.json: %s%s%s", place, *place ? "." : "", member);
    return text;
}

/* With that member removed, the document is refused or not, as `needed` says. */
static void check_missing(const char *place, const char *member, int needed)
{
    struct mcd_error e;
    json_t *json = load_fixture();
    if (json_object_del(at(json, place), member) != 0)
        fail_msg("the fixture has no %s.%s", place, member);
    int status = judge(json, &e);
    if (!needed && status)
        fail_msg("without %s.%s: %s: %s", place, member, e.where, e.text);
    if (needed)
        assert_error(e, MCD_INVALID, join(place, member), "it is missing");
    json_decref(json);
}

/* With another value it is refused with that text. Takes the value. */
static void check_value(const char *place, const char *member, json_t *value, const char *text)
{
    struct mcd_error e;
    json_t *json = load_fixture();
    assert_int_equal(json_object_set_new(at(json, place), member, value), 0);
    int status = judge(json, &e);
    if (status != MCD_INVALID || !strstr(e.where, join(place, member)) || !strstr(e.text, text))
        fail_msg("%s.%s: expected '%s', got '%s: %s'", place, member, text, e.where, e.text);
    assert_error(e, MCD_INVALID, "dir/report.json", "");
    json_decref(json);
}

/* Every member: where it is, whether it is needed, and what is said of another type. */
static const struct {
    const char *place, *member;
    int needed;
    const char *expected;
} members[] = {
    {"", "format", 1, "expected a text"},
    {"", "title", 1, "expected a text"},
    {"", "subtitle", 0, "expected a text"},
    {"", "run", 0, "expected an array"},
    {"", "notes", 0, "expected an array"},
    {"", "sections", 1, "expected an array"},
    {"sections[0]", "id", 1, "expected a text"},
    {"sections[0]", "title", 1, "expected a text"},
    {"sections[0]", "text", 0, "expected an array"},
    {"sections[0]", "items", 0, "expected an array"},
    {"sections[0].items[0]", "kind", 1, "expected a text"},
    {"sections[0].items[0]", "id", 1, "expected a text"},
    {"sections[0].items[0]", "title", 1, "expected a text"},
    {"sections[0].items[0]", "note", 0, "expected a text"},
    {"sections[0].items[0]", "columns", 1, "expected an array"},
    {"sections[0].items[0]", "rows", 1, "expected an array"},
    {"sections[0].items[0].columns[1]", "name", 1, "expected a text"},
    {"sections[0].items[0].columns[1]", "unit", 0, "expected a text"},
    {"sections[0].items[0].columns[1]", "digits", 0, "expected a whole number"},
    {"sections[0].items[0].columns[1]", "help", 0, "expected a text"},
    {"sections[0].items[0].rows[0][1]", "value", 0, "expected a number"},
    {"sections[0].items[0].rows[0][1]", "error", 0, "expected a number"},
    {"sections[0].items[0].rows[0][1]", "error_kind", 0, "expected a text"},
    {"sections[0].items[1]", "id", 1, "expected a text"},
    {"sections[0].items[1]", "title", 1, "expected a text"},
    {"sections[0].items[1]", "see", 1, "expected a text"},
    {"sections[0].items[1]", "svg", 0, "expected a text"},
    {"sections[0].items[1]", "png", 0, "expected a text"},
    {"sections[0].items[1]", "files", 0, "expected an array"},
    {"sections[0].items[3]", "missing", 1, "expected a text"},
    {"sections[1].items[0]", "rows", 1, "expected an array"},
    {"sections[1].items[0].rows[0]", "claim", 1, "expected a text"},
    {"sections[1].items[0].rows[0]", "claimed", 1, "expected a text"},
    {"sections[1].items[0].rows[0]", "seen", 1, "expected a text"},
    {"sections[1].items[0].rows[0]", "spread", 0, "expected a text"},
    {"sections[1].items[0].rows[0]", "verdict", 1, "expected a text"},
    {"sections[1].items[1]", "good", 1, "expected true or false"},
    {"sections[1].items[1]", "text", 1, "expected a text"},
    {"sections[1].items[3]", "title", 0, "expected a text"},
    {"sections[1].items[3]", "files", 1, "expected an array"},
    {"sections[1].items[4]", "rows", 1, "expected an array"},
    {"sections[1].items[4].rows[0]", "command", 1, "expected a text"},
    {"sections[1].items[4].rows[0]", "seconds", 0, "expected a number"},
    {"sections[1].items[4].rows[0]", "status", 1, "expected a text"},
};
enum { MEMBERS = sizeof members / sizeof members[0] };

static void the_fixture_is_good(void **state)
{
    (void)state;
    struct mcd_error e;
    json_t *json = load_fixture();
    assert_ok(judge(json, &e), e);
    json_decref(json);
}

static void a_missing_member_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < MEMBERS; i++)
        if (strcmp(members[i].member, "missing") != 0)
            check_missing(members[i].place, members[i].member, members[i].needed);
}

static void a_member_of_another_type_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < MEMBERS; i++)
        check_value(members[i].place, members[i].member, json_object(), members[i].expected);
}

/* What a renderer can do without may be null; what it needs may not. */
static void null_is_as_good_as_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < MEMBERS; i++) {
        struct mcd_error e;
        json_t *json = load_fixture();
        json_object_set_new(at(json, members[i].place), members[i].member, json_null());
        assert_int_equal(judge(json, &e), members[i].needed ? MCD_INVALID : MCD_OK);
        json_decref(json);
    }
}

static void words_are_those_of_the_form(void **state)
{
    (void)state;
    check_value("", "format", json_string("mcdrop report 2"),
                "'mcdrop report 2': expected mcdrop report 1");
    check_value("", "title", json_string(""), "it is empty");
    check_value("sections[0].items[0]", "kind", json_string("tables"),
                "'tables': expected table, figure, claims, verdict, files or commands");
    check_value("sections[1].items[0].rows[0]", "verdict", json_string("hold"),
                "'hold': expected holds, fails or not settled");
    check_value("sections[1].items[4].rows[0]", "status", json_string("ok"),
                "'ok': expected done, skipped or failed");
    check_value("sections[1].items[4].rows[0]", "seconds", json_real(-1), "expected 0 or more");
    check_value("sections[0].items[0].rows[0][1]", "error", json_real(-1),
                "-1: expected 0 or more");
    check_value("sections[0].items[0].columns[1]", "digits", json_integer(16), "from 0 to 15");
    check_value("sections[0].items[0].columns[1]", "digits", json_real(3), "from 0 to 15");
}

static void ids_are_plain_and_unique(void **state)
{
    (void)state;
    check_value("sections[0]", "id", json_string("a b"), "'a b': expected a letter");
    check_value("sections[0]", "id", json_string("1a"), "expected a letter");
    check_value("sections[0]", "id", json_string("a\"b"), "expected a letter");
    check_value("sections[0]", "id", json_string("a.b"), "expected a letter");
    check_value("sections[1]", "id", json_string("first"), "'first' is there before");
    check_value("sections[0].items[1]", "id", json_string("errors"), "'errors' is there before");
}

static void paths_stay_in_the_folder(void **state)
{
    (void)state;
    static const char *const bad[] = {"/etc/passwd", "../a.svg", "a/../../b.svg",
                                      "..",          "a//b",     "a/.."};
    static const char *const good[] = {"..a", "a/..b/c...", "a:b", "javascript:x", "./a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_value("sections[0].items[1]", "svg", json_string(bad[i]),
                    "within the report's folder");
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct mcd_error e;
        json_t *json = load_fixture();
        json_object_set_new(at(json, "sections[0].items[1]"), "svg", json_string(good[i]));
        assert_ok(judge(json, &e), e);
        json_decref(json);
    }
}

/* Changes the array at a place: appends the value, which is taken. */
static void check_appended(const char *place, json_t *value, const char *where, const char *text)
{
    struct mcd_error e;
    json_t *json = load_fixture();
    assert_int_equal(json_array_append_new(at(json, place), value), 0);
    assert_int_equal(judge(json, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, where, text);
    json_decref(json);
}

static void elements_of_arrays_are_judged(void **state)
{
    (void)state;
    check_appended("notes", json_integer(1), "report.json: notes[2]",
                   "a whole number: expected a text");
    check_appended("run", json_string("x"), "report.json: run[3]",
                   "an array of two, a name and a text");
    check_appended("run", json_pack("[s]", "x"), "run[3]", "an array of two");
    check_appended("run", json_pack("[si]", "x", 1), "run[3][1]",
                   "a whole number: expected a text");
    check_appended("run", json_pack("[ss]", "", "x"), "run[3][0]", "it is empty");
    check_appended("sections", json_array(), "sections[2]", "an array: expected an object");
    check_appended("sections[0].text", json_null(), "sections[0].text[1]", "null: expected a text");
    check_appended("sections[0].items", json_true(), "sections[0].items[4]",
                   "true: expected an object");
    check_appended("sections[0].items[0].columns", json_pack("{ss}", "name", "more"),
                   "sections[0].items[0].rows[0]", "4 cells: expected 5, one for each column");
    check_appended("sections[0].items[0].rows", json_array(), "items[0].rows[4]",
                   "0 cells: expected 4");
    check_appended("sections[0].items[0].rows", json_string("x"), "items[0].rows[4]",
                   "a text: expected an array");
    check_appended("sections[0].items[0].rows[1]", json_true(), "items[0].rows[1][4]",
                   "true: expected a text, a number, a value with its error, or null");
    check_appended("sections[0].items[1].files", json_string("/x"), "items[1].files[2]",
                   "within the report's folder");
    check_appended("sections[1].items[3].files", json_pack("[ss]", "../x", "y"),
                   "items[3].files[2][0]", "within the report's folder");
}

static void a_figure_needs_a_picture_or_a_word(void **state)
{
    (void)state;
    struct mcd_error e;
    json_t *json = load_fixture(), *figure = at(json, "sections[0].items[1]");
    json_object_del(figure, "svg");
    assert_ok(judge(json, &e), e);
    json_object_del(figure, "png");
    assert_int_equal(judge(json, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "report.json: sections[0].items[1]", "a figure without a picture");
    json_object_set_new(figure, "missing", json_string("why"));
    assert_ok(judge(json, &e), e);
    json_decref(json);
}

static void unknown_members_are_passed_over(void **state)
{
    (void)state;
    struct mcd_error e;
    json_t *json = load_fixture();
    json_object_set_new(json, "scale", json_integer(3));
    json_object_set_new(at(json, "sections[0].items[0]"), "scale", json_array());
    assert_ok(judge(json, &e), e);
    json_decref(json);
}

static void what_is_no_report_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *where, *expected;
    } cases[] = {
        {"", "a/r.json: line", "it is no JSON"},
        {"{\n\"a\": tru}", "a/r.json: line 2", "it is no JSON: invalid token"},
        {"{\"a\": 1, \"a\": 2}", "a/r.json: line 1", "duplicate object key"},
        {"[]", "a/r.json", "an array: expected an object"},
        {"{}", "a/r.json: format", "it is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mcd_error e = {0};
        struct mcd_document d;
        assert_int_equal(
            mcd_document_parse("a/r.json", cases[i].text, strlen(cases[i].text), &d, &e),
            MCD_INVALID);
        assert_error(e, MCD_INVALID, cases[i].where, cases[i].expected);
        assert_null(d.json);
    }
}

static void a_long_place_keeps_its_end(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_document d;
    char path[400];
    memset(path, 'a', sizeof path);
    memcpy(path + sizeof path - 9, "end.json", 9);
    assert_int_equal(mcd_document_parse(path, "{}", 2, &d, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "end.json: format", "it is missing");
}

static void files_are_found_from_the_reports_folder(void **state)
{
    (void)state;
    static const char *const paths[][3] = {{"a/b/r.json", "a/b/x", "r.json"},
                                           {"r.json", "./x", "r.json"},
                                           {"/r.json", "//x", "r.json"}};
    json_t *json = load_fixture();
    size_t size;
    char *text = mcd_json_text(json, 0, &size);
    for (size_t i = 0; i < 3; i++) {
        struct mcd_error e = {0};
        struct mcd_document d;
        assert_ok(mcd_document_parse(paths[i][0], text, size, &d, &e), e);
        char whole[PATH_MAX];
        assert_true(mcd_document_path(&d, "x", whole));
        assert_string_equal(whole, paths[i][1]);
        assert_string_equal(d.name, paths[i][2]);
        mcd_document_clear(&d);
    }
    free(text);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fixture_is_good),
        cmocka_unit_test(a_missing_member_is_named),
        cmocka_unit_test(a_member_of_another_type_is_named),
        cmocka_unit_test(null_is_as_good_as_nothing),
        cmocka_unit_test(words_are_those_of_the_form),
        cmocka_unit_test(ids_are_plain_and_unique),
        cmocka_unit_test(paths_stay_in_the_folder),
        cmocka_unit_test(elements_of_arrays_are_judged),
        cmocka_unit_test(a_figure_needs_a_picture_or_a_word),
        cmocka_unit_test(unknown_members_are_passed_over),
        cmocka_unit_test(what_is_no_report_is_refused),
        cmocka_unit_test(a_long_place_keeps_its_end),
        cmocka_unit_test(files_are_found_from_the_reports_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
