/*
 * core/check/check.c, isolate.c, subject.c, elf.c: what is reported, what a child may do, which
 * parameters are chosen, and files that are no plugins.
 */
#include "core/base/host.h"
#include "core/check/elf.h"
#include "core/check/run.h"
#include "core/plugin/domain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Behind the headers above, whose inline functions use a member called fail. */
#include <cmocka.h>

#include "checked.h"
#include "scratch.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>

static int setup(void **state)
{
    return checked_setup(state) == 0 ? scratch_setup(state) : -1;
}

static int teardown(void **state)
{
    return scratch_teardown(state) | checked_teardown(state);
}

/* ---- reports --------------------------------------------------------------------------------- */

static void the_first_failure_stays(void **state)
{
    (void)state;
    struct mcd_checking c = {.verdict = MCD_CHECK_PASSED};
    mcd_check_remedy(&c, "nothing to mend yet");
    assert_string_equal(c.remedy, "");
    mcd_check_looked(&c, 3);
    mcd_check_looked(&c, 4);
    assert_int_equal(c.cases, 7);
    assert_int_equal(mcd_check_fail(&c, "out", "1", "%d", 2), -1);
    assert_int_equal(mcd_check_fail(&c, "p", "3", "%d", 4), -1);
    mcd_check_remedy(&c, "try %d", 5);
    mcd_check_remedy(&c, "try %d", 6);
    mcd_check_skip(&c, "too late");
    assert_int_equal(c.verdict, MCD_CHECK_FAILED);
    assert_string_equal(c.where, "out");
    assert_string_equal(c.expected, "1");
    assert_string_equal(c.seen, "2");
    assert_string_equal(c.remedy, "try 5");
}

static void a_skip_and_a_status(void **state)
{
    (void)state;
    struct mcd_checking c = {.verdict = MCD_CHECK_PASSED}, d = c;
    struct mcd_error e = {.code = MCD_INVALID, .where = "linear:out", .text = "'0': expected more"};
    mcd_check_skip(&c, "no %s", "linalg");
    assert_int_equal(c.verdict, MCD_CHECK_SKIPPED);
    assert_string_equal(c.expected, "no linalg");
    assert_int_equal(mcd_check_status(&d, "create", MCD_OK, &e), 0);
    assert_int_equal(d.verdict, MCD_CHECK_PASSED);
    assert_int_equal(mcd_check_status(&d, "create", MCD_INVALID, &e), -1);
    assert_string_equal(d.where, "create");
    assert_string_equal(d.seen, "status 1, linear:out: '0': expected more");
}

/* ---- children -------------------------------------------------------------------------------- */

/* What the child does, and what it leaves for its parent. */
struct deed {
    enum { COUNT, CRASH, LEAVE, HANG, PRINT, THREAD, SHORT_THREAD } what;
    int result;
};

static void *forever(void *arg)
{
    for (;;)
        pause();
    return arg;
}

static void *at_once(void *arg)
{
    return arg;
}

static void act(void *arg)
{
    struct deed *d = arg;
    pthread_t thread;
    d->result = 42;
    switch (d->what) {
    case COUNT:
        return;
    case CRASH:
        mcd_isolate_doing("a crash");
        printf("last words\n");
        fflush(stdout);
        raise(SIGSEGV);
        return;
    case LEAVE:
        _exit(0);
    case HANG:
        forever(NULL);
        return;
    case PRINT:
        fprintf(stderr, "a\tline\nand another");
        return;
    case THREAD:
        assert_int_equal(pthread_create(&thread, NULL, forever, NULL), 0);
        return;
    case SHORT_THREAD:
        assert_int_equal(pthread_create(&thread, NULL, at_once, NULL), 0);
        pthread_join(thread, NULL);
    }
}

static struct mcd_isolated isolate(int what, int result, double limit)
{
    struct deed d = {.what = what};
    struct mcd_isolated how;
    struct mcd_error e = {0};
    assert_ok(mcd_isolate(act, &d, sizeof d, limit, &how, &e), e);
    assert_int_equal(d.result, result);
    return how;
}

static void children(void **state)
{
    (void)state;
    struct mcd_isolated how = isolate(COUNT, 42, 60);
    assert_int_equal(how.ending, MCD_RETURNED);
    assert_int_equal(how.threads, 0);
    assert_string_equal(how.printed, "");
    assert_string_equal(how.doing, "");
    how = isolate(CRASH, 0, 60);
    assert_int_equal(how.ending, MCD_SIGNALLED);
    assert_int_equal(how.code, SIGSEGV);
    assert_string_equal(how.printed, "last words");
    assert_string_equal(how.doing, "a crash");
    how = isolate(LEAVE, 0, 60);
    assert_int_equal(how.ending, MCD_EXITED);
    assert_int_equal(how.code, 0);
    how = isolate(HANG, 0, 0.2);
    assert_int_equal(how.ending, MCD_TIMED_OUT);
    how = isolate(PRINT, 42, 60);
    assert_int_equal(how.ending, MCD_RETURNED);
    assert_string_equal(how.printed, "a?line");
    assert_int_equal(isolate(THREAD, 42, 60).threads, 1);
    assert_int_equal(isolate(SHORT_THREAD, 42, 60).threads, 0);
}

/* A result that is larger than a pipe holds. */
static void fill(void *arg)
{
    memset(arg, 7, 1 << 20);
}

static void large_results(void **state)
{
    (void)state;
    struct mcd_isolated how;
    unsigned char *large = calloc(1, 1 << 20);
    assert_non_null(large);
    assert_int_equal(mcd_isolate(fill, large, 1 << 20, 60, &how, NULL), MCD_OK);
    assert_int_equal(how.ending, MCD_RETURNED);
    assert_int_equal(large[0] + large[(1 << 20) - 1], 14);
    free(large);
}

/* ---- the subject ----------------------------------------------------------------------------- */

static void ends_of_domains(void **state)
{
    (void)state;
    int64_t lo, hi;
    double least, greatest;
    assert_int_equal(mcd_domain_ints("(1, 10)", &lo, &hi), 0);
    assert_int_equal(lo, 2);
    assert_int_equal(hi, 9);
    assert_int_equal(mcd_domain_ints(NULL, &lo, &hi), 0);
    assert_true(lo == INT64_MIN && hi == INT64_MAX);
    assert_int_equal(mcd_domain_ints("[3, 2]", &lo, &hi), -1);
    assert_int_equal(mcd_domain_ints("(1, 2)", &lo, &hi), -1);
    assert_int_equal(mcd_domain_ints("(inf, inf)", &lo, &hi), -1);
    assert_int_equal(mcd_domain_ints("1 to 2", &lo, &hi), -1);
    assert_int_equal(mcd_domain_reals("(0, inf)", &least, &greatest), 0);
    assert_true(least > 0 && least < DBL_MIN && greatest == DBL_MAX);
    assert_int_equal(mcd_domain_reals("[0, 1]", &least, &greatest), 0);
    assert_true(least == 0 && greatest == 1);
    assert_int_equal(mcd_domain_reals("(1, 1]", &least, &greatest), -1);
}

static void find(const char *name, const char *params, struct mcd_subject *s, struct mcd_error *e)
{
    const char *folder = getenv("MCDROP_PLUGIN_PATH");
    *s = (struct mcd_subject){.kind = 0};
    snprintf(s->path, sizeof s->path, "%s/%s.so", folder ? folder : ".", name);
    snprintf(s->params, sizeof s->params, "%s", params);
    mcd_subject_find(s, 60, e);
}

static void assert_spec(const struct mcd_subject *s, const char *end)
{
    size_t length = strlen(s->path);
    assert_memory_equal(s->spec, s->path, length);
    assert_string_equal(s->spec + length, end);
}

static void what_must_be_given_is_chosen(void **state)
{
    (void)state;
    struct mcd_subject s;
    struct mcd_error e = {0};
    find("layers/conv2d", "kernel=3", &s, &e);
    assert_int_equal(e.code, MCD_OK);
    assert_int_equal(s.kind, MCD_LAYER);
    assert_spec(&s, ":out=1,kernel=3,stride=1,pad=0,dilation=1,bias=yes");
    find("layers/relu", "", &s, &e);
    assert_spec(&s, "");
    find("layers/linear", "our=3", &s, &e);
    assert_error(e, MCD_INVALID, "linear", "unknown parameter 'our'");
}

/* A text could be anything. */
static void texts_are_not_chosen(void **state)
{
    (void)state;
    struct mcd_subject s = {.kind = 0};
    struct mcd_error e = {0};
    const char *folder = getenv("MCDROP_BAD_PLUGINS");
    snprintf(s.path, sizeof s.path, "%s/endless.so", folder ? folder : ".");
    assert_int_equal(mcd_subject_find(&s, 60, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "endless:path", "must be given");
}

/* ---- files ----------------------------------------------------------------------------------- */

static void count(void *arg, const char *text)
{
    size_t *characters = arg;
    *characters += strlen(text);
}

/* Whatever is wrong with it, a file is read within its bounds. */
static void damaged_files_are_refused(void **state)
{
    (void)state;
    static unsigned char bytes[1 << 20];
    char path[PATH_MAX];
    const char *folder = getenv("MCDROP_BAD_PLUGINS");
    snprintf(path, sizeof path, "%s/rpath.so", folder ? folder : ".");
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t size = fread(bytes, 1, sizeof bytes, f), texts = 0;
    fclose(f);
    assert_int_equal(mcd_elf_exported(path, count, &texts, NULL), MCD_OK);
    assert_int_equal(texts, strlen("mcd_entry"));
    struct mcd_error e = {0};
    const char *cut = scratch_write("cut.so", bytes, size / 2);
    assert_int_equal(mcd_elf_folders(cut, count, &texts, &e), MCD_UNSUPPORTED);
    assert_error(e, MCD_UNSUPPORTED, "cut.so", "table of sections is missing or damaged");
    for (size_t i = 0; i < size; i += checked_is_fast() ? 211 : 31) {
        bytes[i] ^= 0xff;
        const char *damaged = scratch_write("damaged.so", bytes, size);
        (void)mcd_elf_exported(damaged, count, &texts, NULL);
        (void)mcd_elf_folders(damaged, count, &texts, NULL);
        bytes[i] ^= 0xff;
    }
}

/* What the loader does not trust the checks do not load either. */
static void files_of_others_are_refused(void **state)
{
    (void)state;
    static unsigned char bytes[1 << 20];
    char path[PATH_MAX];
    const char *folder = getenv("MCDROP_BAD_PLUGINS");
    snprintf(path, sizeof path, "%s/announces.so", folder ? folder : ".");
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_int_equal(chmod(scratch_write("announces.so", bytes, size), 0777), 0);
    assert_int_equal(setenv("CHECKED_FOLDER", scratch_dir, 1), 0);
    check_plugin("CHECKED_FOLDER", "announces", "", NULL, 60);
    assert_failed_only("load", "announces.so", "others can write it"); /* and nothing was printed */
}

static void unknown_checks_are_refused(void **state)
{
    (void)state;
    const char *const none[] = {NULL}, *const only[] = {"laod", NULL};
    struct mcd_check_order order = {
        .path = "/x.so", .params = "", .input = none, .only = only, .limit = 60};
    struct mcd_check_report r;
    struct mcd_error e = {0};
    assert_int_equal(mcd_check_run(checked_host, &order, &r, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "laod", "there is no such check");
    mcd_check_report_clear(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_failure_stays),
        cmocka_unit_test(a_skip_and_a_status),
        cmocka_unit_test(children),
        cmocka_unit_test(large_results),
        cmocka_unit_test(ends_of_domains),
        cmocka_unit_test(what_must_be_given_is_chosen),
        cmocka_unit_test(texts_are_not_chosen),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(files_of_others_are_refused),
        cmocka_unit_test(unknown_checks_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
