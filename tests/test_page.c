/*
 * core/report/page*.c, grid.c and plain.c: a small report as a page and as text, and hostile ones.
 */
#include "core/base/host.h"
#include "core/report/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Behind the headers above, whose inline functions use a member called fail. */
#include <cmocka.h>

#include "page_check.h"
#include "scratch.h"

static struct mcd_host *host;
static char logged[4000];

static void keep_log(void *arg, int level, const char *line)
{
    (void)arg, (void)level;
    size_t used = strlen(logged);
    snprintf(logged + used, sizeof logged - used, "%s\n", line);
}

static int setup(void **state)
{
    host = mcd_host_create(1, keep_log, NULL, NULL);
    return host ? scratch_setup(state) : -1;
}

static int teardown(void **state)
{
    uint64_t live = mcd_host_live(host);
    mcd_host_destroy(host);
    scratch_teardown(state);
    return live == 0 ? 0 : -1;
}

static const char *fixture(const char *name)
{
    static char path[2 * PATH_MAX];
    const char *tests = getenv("MCDROP_TEST_SRCDIR");
    snprintf(path, sizeof path, "%s/fixtures/report/%s", tests ? tests : "tests", name);
    return path;
}

/* A whole file, to be freed. */
static char *read_text(const char *path)
{
    FILE *f = fopen(path, "rb");
    size_t room = 1 << 20;
    char *text = malloc(room);
    assert_non_null(text);
    if (!f)
        fail_msg("%s cannot be opened", path);
    text[fread(text, 1, room - 1, f)] = '\0';
    fclose(f);
    return text;
}

/* The page or the text of a document, to be freed; NULL where it fails. */
static char *render(const struct mcd_document *d, int is_page, const char *way, struct mcd_error *e)
{
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    logged[0] = '\0';
    int status =
        is_page ? mcd_document_page(d, host, way, f, e) : mcd_document_plain(d, host, f, e);
    assert_int_equal(fclose(f), 0);
    if (status == MCD_OK)
        return text;
    assert_int_equal(status, e->code);
    free(text);
    return NULL;
}

/* The same for JSON in the folder of the fixture, or of the scratch files. */
static char *render_json(const json_t *json, const char *folder, int is_page)
{
    char path[PATH_MAX];
    struct mcd_document d;
    struct mcd_error e = {0};
    size_t size;
    char *text = mcd_json_text(json, 0, &size);
    snprintf(path, sizeof path, "%.4000s/report.json", folder);
    assert_ok(mcd_document_parse(path, text, size, &d, &e), e);
    free(text);
    text = render(&d, is_page, "", &e);
    assert_non_null(text);
    mcd_document_clear(&d);
    return text;
}

static char *render_fixture(int is_page, const char *way)
{
    struct mcd_document d;
    struct mcd_error e = {0};
    assert_ok(mcd_document_load(fixture("report.json"), &d, &e), e);
    char *text = render(&d, is_page, way, &e);
    assert_non_null(text);
    mcd_document_clear(&d);
    return text;
}

static json_t *load_fixture(void)
{
    json_error_t e;
    json_t *json = json_load_file(fixture("report.json"), 0, &e);
    assert_non_null(json);
    return json;
}

static void assert_good(const char *page)
{
    if (*page_judge(page))
        fail_msg("%s", page_judge(page));
}

static void assert_holds(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("there is no '%s'", part);
}

/* ---- the small report -------------------------------------------------------------------- */

/*
 * The file holds what is expected. Where MCDROP_GOLDEN is set, it is written instead: look at the
 * difference before committing it.
 */
static void check_golden(const char *name, const char *text)
{
    if (getenv("MCDROP_GOLDEN")) {
        FILE *f = fopen(fixture(name), "wb");
        assert_non_null(f);
        fputs(text, f);
        fclose(f);
    }
    char *wanted = read_text(fixture(name));
    size_t at = 0;
    while (text[at] && text[at] == wanted[at])
        at++;
    if (strcmp(text, wanted) != 0)
        fail_msg("%s differs at byte %zu: expected '%.60s', got '%.60s'", name, at, wanted + at,
                 text + at);
    free(wanted);
}

/* Without the style sheet, which may change, and the version. */
static void the_page_is_as_it_was(void **state)
{
    (void)state;
    char *page = render_fixture(1, "");
    assert_good(page);
    char *start = strstr(page, "<style>\n"), *end = strstr(page, "</style>");
    assert_non_null(start);
    memmove(start + 8, end, strlen(end) + 1);
    for (char *v; (v = strstr(page, PACKAGE_VERSION));)
        memmove(v + 1, v + strlen(PACKAGE_VERSION), strlen(v + strlen(PACKAGE_VERSION)) + 1),
            *v = 'V';
    check_golden("expected.html", page);
    free(page);
}

static void the_text_is_as_it_was(void **state)
{
    (void)state;
    char *text = render_fixture(0, "");
    check_golden("expected.txt", text);
    free(text);
}

static void the_log_says_what_was_left_out(void **state)
{
    (void)state;
    free(render_fixture(1, ""));
    assert_holds(logged, "figures/line.svg: left out 1 things");
    assert_holds(logged, "the first is <script>\n");
    assert_holds(logged, "figures/damaged.svg: line 1");
    assert_holds(logged, "; the PNG stands in its place\n");
}

static void links_begin_with_the_way(void **state)
{
    (void)state;
    char *page = render_fixture(1, "../my run/");
    assert_good(page);
    assert_holds(page, "href=\"../my%20run/figures/line%201.dat\"");
    assert_holds(page, "href=\"../my%20run/report.json\"");
    assert_null(strstr(page, "href=\"figures"));
    free(page);
}

/* ---- the reader that judges pages -------------------------------------------------------- */

/* Replaces the first `old` of a good page; `wrong` is said of it. */
static void check_spoilt(const char *old, const char *new, const char *wrong)
{
    char *page = render_fixture(1, ""), *at = strstr(page, old);
    char *spoilt = calloc(1, strlen(page) + strlen(new) + 1);
    assert_non_null(spoilt);
    if (!at)
        fail_msg("the page has no '%s'", old);
    memcpy(spoilt, page, (size_t)(at - page));
    strcat(strcat(spoilt, new), at + strlen(old));
    if (!strstr(page_judge(spoilt), wrong))
        fail_msg("expected '%s', got '%s'", wrong, page_judge(spoilt));
    free(spoilt);
    free(page);
}

static void a_wrong_page_is_noticed(void **state)
{
    (void)state;
    check_spoilt("</h2>", "", "</nav> where h2 is open");
    check_spoilt("</body>\n</html>\n", "", "<body> is never closed");
    check_spoilt("<h1>", "<h1><script>", "<script>");
    check_spoilt("<h1>", "<h1 onclick=\"x\">", "a handler onclick");
    check_spoilt("<h1>", "<h1 class=x>", "attributes of <h1>");
    check_spoilt("<h1>", "<h1 class=\"a\" class=\"b\">", "class twice in <h1>");
    check_spoilt("<h1>", "<h1> a < b", "'< b");
    check_spoilt("<h1>", "<h1> a & b", "'& b");
    check_spoilt("id=\"second\"", "id=\"first\"", "the id first twice");
    check_spoilt("href=\"#first\"", "href=\"#f\"", "nothing has the id f");
    check_spoilt("figure2.gpDot", "other.gpDot", "nothing has the id figure2.gpDot");
    check_spoilt("href=\"report.json\"", "href=\"http://x\"", "href of a is 'http://x'");
    check_spoilt("src=\"data:image/png", "src=\"data:image/svg+xml", "src of img");
    check_spoilt("stroke=\"rgb(  0, 114, 178)\"", "stroke=\"url(x)\"", "url(x)");
    check_spoilt("Content-Security-Policy\" content=\"default-src 'none'", "x\" content=\"",
                 "no content security policy");
    check_spoilt(":root {", "@import x;", "asks for something");
    check_spoilt("<h1>", "<h1>\x1b", "character 27");
}

/* ---- hostile reports --------------------------------------------------------------------- */

static const char *const words_of_form[] = {"format", "kind", "id",  "verdict",
                                            "status", "svg",  "png", NULL};

static int is_of_form(const char *member)
{
    for (const char *const *w = words_of_form; member && *w; w++)
        if (strcmp(*w, member) == 0)
            return 1;
    return 0;
}

/* Every text of a document that may be any text becomes this one. */
static void replace(json_t *json, const char *member, const char *text)
{
    const char *name;
    json_t *child;
    size_t i;
    if (json_is_string(json) && !is_of_form(member))
        json_string_set(json, text);
    if (json_is_array(json))
        json_array_foreach(json, i, child) replace(child, member, text);
    if (json_is_object(json))
        json_object_foreach(json, name, child) replace(child, name, text);
}

static void any_text_stays_text(void **state)
{
    (void)state;
    static const char *const texts[] = {"\"><script>alert(1)</script>",
                                        "' onmouseover='x",
                                        "</style></title><b>",
                                        "&lt;&#60;&",
                                        "javascript:alert(1)",
                                        "<!-- ",
                                        "]]>",
                                        "\x1b[31m\x01\xc2\x85"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *json = load_fixture();
        replace(json, NULL, texts[i]);
        char *page = render_json(json, scratch_dir, 1), *text = render_json(json, scratch_dir, 0);
        assert_good(page);
        assert_null(strstr(text, "\x1b"));
        assert_null(strstr(text, "\xc2\x85"));
        free(text);
        free(page);
        json_decref(json);
    }
}

/* Files whose names are hostile, and that are there, so that they become links. */
static void any_name_stays_a_name(void **state)
{
    (void)state;
    static const char *const names[] = {"javascript:alert(1)", "\"onclick=\"x", "a?b#c%20d",
                                        "&amp;"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_t *json = load_fixture();
        scratch_text(names[i], "x");
        replace(json, NULL, names[i]);
        char *page = render_json(json, scratch_dir, 1);
        assert_good(page);
        assert_holds(page, "class=\"path\" href=\"");
        free(page);
        json_decref(json);
    }
}

/* ---- pictures that are not there --------------------------------------------------------- */

static char *render_figure(const char *svg, const char *png)
{
    json_t *json =
        json_pack("{ss ss s[{ss ss s[{ss ss ss ss ss* ss*}]}]}", "format", "mcdrop report 1",
                  "title", "t", "sections", "id", "s", "title", "u", "items", "kind", "figure",
                  "id", "f", "title", "v", "see", "w", "svg", svg, "png", png);
    assert_non_null(json);
    char *page = render_json(json, scratch_dir, 1);
    json_decref(json);
    assert_good(page);
    return page;
}

static void check_figure(const char *svg, const char *png, const char *in_page, const char *in_log)
{
    char *page = render_figure(svg, png);
    assert_holds(page, in_page);
    assert_holds(logged, in_log);
    free(page);
}

static void a_picture_that_cannot_be_shown_is_named(void **state)
{
    (void)state;
    static const char png[] = "\x89PNG\r\n\x1a\nrest";
    size_t large = (8 << 20) + 100;
    char *bytes = calloc(1, large);
    assert_non_null(bytes);
    memcpy(bytes, png, 8);
    scratch_write("large.png", bytes, large);
    memset(bytes, ' ', large);
    memcpy(bytes, "<svg viewBox='0 0 1 1'/>", 24);
    scratch_write("large.svg", bytes, (4 << 20) + 1);
    scratch_write("good.png", png, 12);
    scratch_text("good.svg", "<svg viewBox='0 0 1 1'/>");
    scratch_text("bad.svg", "<html/>");
    free(bytes);
    check_figure("good.svg", "none.png", "<svg role=\"img\"", "");
    check_figure(NULL, "good.png", "src=\"data:image/png;base64,iVBORw0KGgpyZXN0\"", "");
    check_figure(
        "none.svg", "good.png", "src=\"data:image/png;base64,iVBORw0KGgpyZXN0\"",
        "none.svg: cannot be read: No such file or directory; the PNG stands in its place");
    check_figure("large.svg", "good.png",
                 "src=\"data:", "large.svg: holds more than 4194304 bytes");
    check_figure("bad.svg", "bad.svg", "No picture: bad.svg: it begins with &lt;html&gt;",
                 "bad.svg: line 1, column 1: it begins with <html>: expected <svg>\n");
    check_figure(NULL, "bad.svg", "No picture: bad.svg: it is no PNG", "bad.svg: it is no PNG");
    check_figure(NULL, "large.png", "No picture: large.png: holds more than", "large.png: holds");
    check_figure("none.svg", NULL, "No picture: none.svg: cannot be read",
                 "none.svg: cannot be read");
}

/* ---- tables ------------------------------------------------------------------------------ */

static json_t *make_table(json_t *columns, json_t *rows)
{
    return json_pack("{ss ss s[{ss ss s[{ss ss ss so so}]}]}", "format", "mcdrop report 1", "title",
                     "t", "sections", "id", "s", "title", "u", "items", "kind", "table", "id", "f",
                     "title", "v", "columns", columns, "rows", rows);
}

/* What the text shows of a table of one column. */
static void check_column(json_t *rows, const char *wanted)
{
    json_t *json = make_table(json_pack("[{ss}]", "name", "n"), rows);
    assert_non_null(json);
    char *text = render_json(json, scratch_dir, 0);
    assert_holds(text, wanted);
    free(text);
    json_decref(json);
}

static void numbers_stand_under_each_other(void **state)
{
    (void)state;
    check_column(json_pack("[[f][f][f][n][s]]", 1.5, -100.0, 0.015625, "word"), "          n\n"
                                                                                "   1.5\n"
                                                                                "-100\n"
                                                                                "   0.015625\n"
                                                                                "   -\n"
                                                                                "       word\n");
    check_column(json_pack("[[{sfsf}][{sfsf}][{sfsn}]]", "value", 313.2, "error", 5.2, "value",
                           9.25, "error", 0.011, "value", 1e-9, "error"),
                 "313     +- 5\n"
                 "  9.250 +- 0.011\n"
                 "  1e-9\n");
}

static void a_table_without_rows_has_its_head(void **state)
{
    (void)state;
    check_column(json_array(), "v\n\nn\n\n");
    json_t *json = make_table(json_pack("[{ss ss}]", "name", "a<b", "unit", "m/s"), json_array());
    char *page = render_json(json, scratch_dir, 1);
    assert_good(page);
    assert_holds(page, ">a&lt;b <span class=\"unit\">m/s</span></th>");
    free(page);
    json_decref(json);
}

/* More kinds of errors than letters. */
static void kinds_of_errors_have_marks(void **state)
{
    (void)state;
    json_t *rows = json_array();
    for (int i = 0; i < 60; i++) {
        char kind[20];
        snprintf(kind, sizeof kind, "kind %d", i % 30);
        json_array_append_new(
            rows, json_pack("[{sf sf ss}]", "value", 1.0, "error", 0.5, "error_kind", kind));
    }
    json_t *json = make_table(json_pack("[{ss}]", "name", "n"), rows);
    char *page = render_json(json, scratch_dir, 1);
    assert_good(page);
    assert_holds(page,
                 "<p>\xc2\xb1<sup>z</sup> kind 25</p>\n<p>\xc2\xb1<sup>a2</sup> kind 26</p>\n");
    free(page);
    json_decref(json);
}

/* ---- failures ---------------------------------------------------------------------------- */

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_document d;
    assert_ok(mcd_document_load(fixture("report.json"), &d, &e), e);
    for (int is_page = 0; is_page < 2; is_page++) {
        char *text = NULL;
        for (uint64_t k = 1; !text; k++) {
            e = (struct mcd_error){0};
            mcd_host_fail_at(host, k);
            text = render(&d, is_page, "", &e);
            assert_true(text || e.code == MCD_NOMEM);
            assert_int_equal(mcd_host_live(host), 0);
        }
        mcd_host_fail_at(host, 0);
        free(text);
    }
    mcd_document_clear(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_as_it_was),
        cmocka_unit_test(the_text_is_as_it_was),
        cmocka_unit_test(the_log_says_what_was_left_out),
        cmocka_unit_test(links_begin_with_the_way),
        cmocka_unit_test(a_wrong_page_is_noticed),
        cmocka_unit_test(any_text_stays_text),
        cmocka_unit_test_teardown(any_name_stays_a_name, scratch_empty),
        cmocka_unit_test_teardown(a_picture_that_cannot_be_shown_is_named, scratch_empty),
        cmocka_unit_test(numbers_stand_under_each_other),
        cmocka_unit_test(a_table_without_rows_has_its_head),
        cmocka_unit_test(kinds_of_errors_have_marks),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
