/*
 * core/check/file.c, life.c, memory.c, parameters.c, process.c: each check fails on a plugin that
 * is wrong in just that, for that reason, and the others pass.
 */
#include "core/base/host.h"
#include "core/check/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Behind the headers above, whose inline functions use a member called fail. */
#include <cmocka.h>

#include "checked.h"

#include <malloc.h>

/* ---- the file -------------------------------------------------------------------------------- */

static void the_file(void **state)
{
    (void)state;
    assert_bad("unresolved", "", "load", "", "undefined symbol: mcd_nobody_has_this");
    assert_bad("exports", "", "symbols", "destroy_in_public", "also exports destroy_in_public");
    assert_bad("weak", "", "symbols", "destroy_weakly", "also exports destroy_weakly");
    assert_bad("no_entry", "", "symbols", "mcd_entry", "it exports mcd_exit");
    assert_bad("rpath", "", "rpath", "plugins", "'plugins' is not absolute");
}

static void the_descriptor(void **state)
{
    (void)state;
    assert_bad("wrong_major", "", "descriptor", "wrong_major.so", "built for plugin interface 2.0");
    assert_bad("newer_minor", "", "descriptor", "newer_minor.so", "this mcdrop's headers");
    assert_bad("unknown_kind", "", "descriptor", "unknown_kind.so", "kind 99 is not known");
    assert_bad("other_name", "", "descriptor", "other_name.so", "calls itself 'another'");
    assert_bad("bad_default", "", "descriptor", "bad_default.so", "parameter 'p': default '2'");
    assert_bad("no_build", "", "descriptor", "no_build.so", "lacks a function");
    assert_bad("wordless", "", "descriptor", "licence", "it is empty");
}

/* What cannot be loaded has nothing else to be looked at. */
static void what_follows_is_skipped(void **state)
{
    (void)state;
    check_plugin("MCDROP_BAD_PLUGINS", "unresolved", "", NULL, 600);
    assert_failed_only("load", "", "");
    assert_int_equal(checked_one("descriptor")->verdict, MCD_CHECK_SKIPPED);
    assert_non_null(strstr(checked_one("descriptor")->expected, "load failed"));
    assert_null(checked_one("create"));
    check_plugin("MCDROP_BAD_PLUGINS", "create_fails", "", NULL, 600);
    assert_failed_only("create", "create", "fails always");
    assert_int_equal(checked_one("leak")->verdict, MCD_CHECK_SKIPPED);
}

/* A crash or a hang is found by the first check that meets it. */
static void what_never_returns(void **state)
{
    (void)state;
    assert_bad("hangs", "how=exit", "create", "", "ended with status 0");
    assert_bad("hangs", "how=crash", "create", "", "ended by signal 6");
    check_plugin("MCDROP_BAD_PLUGINS", "hangs", "how=hang", NULL, 0.5);
    assert_failed_only("create", "", "none within 0.5 s of processor time");
}

/* ---- the life -------------------------------------------------------------------------------- */

static void output(void **state)
{
    (void)state;
    assert_bad("announces", "", "output", "", "it printed: hello from a library");
    assert_bad("prints", "when=create", "output", "", "it printed: warning: I was created");
    assert_bad("prints", "when=destroy", "output", "", "it printed: an empty line");
}

static void threads(void **state)
{
    (void)state;
    if (!checked_is_fast()) /* valgrind misses the stack of the thread that it is */
        assert_bad("lingers", "", "threads", "", "1 threads that it started go on");
}

static void creation(void **state)
{
    (void)state;
    assert_bad("one_for_all", "", "create", "create", "two calls gave the same one");
}

static void parameters(void **state)
{
    (void)state;
    check_plugin("MCDROP_BAD_PLUGINS", "edges", "", "parameters", 600);
    assert_failed_only(NULL, "", "");
    assert_bad("edges", "how=nameless", "parameters", "size=0", "edges: no good");
    assert_bad("edges", "how=silent", "parameters", "size=0", "without a text");
    assert_bad("edges", "how=status", "parameters", "size=0", "status 6, stopped");
    assert_bad("edges", "how=leak", "parameters", "size=0", "1 allocations are left");
    assert_bad("edges", "how=crash", "parameters", "", "ended");
}

static void starve(void **state)
{
    (void)state;
    assert_bad("hopeful", "how=blind", "starve", "", "ended");
    assert_bad("hopeful", "how=carefree", "starve", "allocation 3 fails", "status 0");
    assert_bad("hopeful", "how=forgetful", "starve", "allocation 3 fails", "1 allocations are not");
    assert_bad("hopeful", "how=silent", "starve", "allocation 2 fails", "no text");
}

/* Sanitizers and valgrind bring a malloc of their own, which counts otherwise. */
static int malloc_counts(void)
{
    size_t before = mallinfo2().uordblks;
    void *volatile block = malloc(1000);
    size_t after = mallinfo2().uordblks;
    free(block);
    return after > before;
}

static void leak(void **state)
{
    (void)state;
    assert_bad("keeps", "whose=host", "leak", "destroy", "1 allocations are left");
    if (malloc_counts())
        assert_bad("keeps", "whose=malloc", "leak", "destroy", "bytes more with each object");
}

static void process(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"locale", "the locale"},
        {"folder", "the working folder"},
        {"environment", "the environment"},
        {"handler", "how a signal is taken"},
        {"mask", "how a signal is taken"},
        {"umask", "the mask of new files"},
        {"rounding", "the rounding of floating point"},
        {"files", "files"},
        {"denormals", "denormal numbers"}, /* the last: valgrind never loses them */
    };
    size_t count = sizeof cases / sizeof *cases - (size_t)checked_is_fast();
    check_plugin("MCDROP_BAD_PLUGINS", "meddles", "", "process", 600);
    assert_failed_only(NULL, "", "");
    for (size_t i = 0; i < count; i++) {
        char params[40];
        snprintf(params, sizeof params, "with=%s", cases[i][0]);
        check_plugin("MCDROP_BAD_PLUGINS", "meddles", params, "process", 600);
        const struct mcd_checking *c = checked_one("process");
        if (c->verdict == MCD_CHECK_FAILED && strstr(c->seen, "not possible here"))
            continue; /* a machine without that locale, or another kind of machine */
        assert_failed_only("process", cases[i][1], "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file),
        cmocka_unit_test(the_descriptor),
        cmocka_unit_test(what_follows_is_skipped),
        cmocka_unit_test(what_never_returns),
        cmocka_unit_test(output),
        cmocka_unit_test(threads),
        cmocka_unit_test(creation),
        cmocka_unit_test(parameters),
        cmocka_unit_test(starve),
        cmocka_unit_test(leak),
        cmocka_unit_test(process),
    };
    return cmocka_run_group_tests(tests, checked_setup, checked_teardown);
}
