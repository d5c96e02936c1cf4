/*
 * Lack of memory in reports: every allocation of reading, judging and rendering one, its pictures
 * included, fails once in turn. Each time there is a clean error, and there is no leak.
 */
#include "core/base/host.h"
#include "core/report/document.h"
#include "core/report/way.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Behind the headers above, whose inline functions use a member called fail. */
#include <cmocka.h>

#include "faults.h"
#include "scratch.h"

static char report_path[PATH_MAX];
static FILE *nowhere;

static int render(const struct mcd_host *host, int is_page, struct mcd_error *e)
{
    struct mcd_document d;
    int status = mcd_document_load(report_path, &d, e);
    if (!status && is_page)
        status = mcd_document_page(&d, host, "", nowhere, e);
    else if (!status)
        status = mcd_document_plain(&d, host, nowhere, e);
    mcd_document_clear(&d);
    return status;
}

static int make_page(const struct mcd_host *host, struct mcd_error *e)
{
    return render(host, 1, e);
}

static int make_text(const struct mcd_host *host, struct mcd_error *e)
{
    return render(host, 0, e);
}

static int make_way(const struct mcd_host *host, struct mcd_error *e)
{
    char *way;
    (void)host;
    int status = mcd_way("/tmp/x.html", "/dev", &way, e);
    free(way);
    return status;
}

static void fail_each(int (*run)(const struct mcd_host *, struct mcd_error *), unsigned long least)
{
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    unsigned long k = 1, errors = 0;
    assert_non_null(host);
    assert_ok(run(host, &e), e); /* whatever is made once is made now */
    for (int hit = 1; hit; k++) {
        long before = faults_live();
        e = (struct mcd_error){0};
        faults_start(FAULT_MEMORY, k);
        int status = run(host, &e);
        hit = faults_stop();
        errors += hit && status == MCD_NOMEM;
        if (status != MCD_OK && !(hit && status == MCD_NOMEM && e.code == status && e.text[0]))
            fail_msg("allocation %lu: status %d, %s: %s", k, status, e.where, e.text);
        if (faults_live() != before)
            fail_msg("allocation %lu: %ld are left", k, faults_live() - before);
    }
    mcd_host_destroy(host);
    assert_true(errors > least);
}

static void a_page_without_memory(void **state)
{
    (void)state;
    fail_each(make_page, 500);
}

static void a_text_without_memory(void **state)
{
    (void)state;
    fail_each(make_text, 400);
}

static void a_way_without_memory(void **state)
{
    (void)state;
    fail_each(make_way, 3);
}

int main(void)
{
    if (!(nowhere = fopen("/dev/null", "w")))
        return 1;
    const char *tests_folder = getenv("MCDROP_TEST_SRCDIR");
    snprintf(report_path, sizeof report_path, "%s/fixtures/report/report.json",
             tests_folder ? tests_folder : "tests");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_without_memory),
        cmocka_unit_test(a_text_without_memory),
        cmocka_unit_test(a_way_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
