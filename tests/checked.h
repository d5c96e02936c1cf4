/*
 * For tests that prove checks on deliberately wrong plugins: one plugin is checked, and exactly the
 * check that is meant fails, for the reason that is meant.
 *
 * Include after cmocka.h and "core/check/run.h". The program that includes it has no threads.
 */
#ifndef TESTS_CHECKED_H
#define TESTS_CHECKED_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static struct mcd_host *checked_host;
static struct mcd_check_report checked; /* of the last plugin */

/* A group setup and teardown. */
static inline int checked_setup(void **state)
{
    (void)state;
    checked_host = mcd_host_create(1, NULL, NULL, NULL);
    return checked_host ? 0 : -1;
}

static inline int checked_teardown(void **state)
{
    (void)state;
    if (checked.host)
        mcd_check_report_clear(&checked);
    uint64_t live = mcd_host_live(checked_host);
    mcd_host_destroy(checked_host);
    return live == 0 ? 0 : -1;
}

static inline int checked_is_fast(void)
{
    return getenv("MCDROP_FAST") != NULL;
}

/* Checks FOLDER/NAME.so of a folder that an environment variable names. `only` may be NULL: all. */
static inline void check_plugin(const char *variable, const char *name, const char *params,
                                const char *only, double limit)
{
    static const char *const none[] = {NULL};
    const char *const one[] = {only, NULL};
    const char *folder = getenv(variable);
    char path[PATH_MAX];
    struct mcd_error e = {0};
    snprintf(path, sizeof path, "%s/%s.so", folder ? folder : ".", name);
    struct mcd_check_order order = {.path = path,
                                    .params = params,
                                    .input = none,
                                    .only = only ? one : none,
                                    .seed = 1,
                                    .quick = 1,
                                    .limit = limit};
    if (checked.host)
        mcd_check_report_clear(&checked);
    int status = mcd_check_run(checked_host, &order, &checked, &e);
    if (status != MCD_OK)
        fail_msg("%s: %s: %s", name, e.where, e.text);
}

/* What was found of a check; NULL if it was not run. */
static inline const struct mcd_checking *checked_one(const char *check)
{
    for (uint32_t i = 0; i < checked.count; i++)
        if (strcmp(checked.found[i].check->name, check) == 0)
            return &checked.found[i].told;
    return NULL;
}

/*
 * The plugin that was checked failed this check and no other, and where, expected or seen have
 * these texts. `check` NULL: it failed none.
 */
static inline void assert_failed_only(const char *check, const char *where, const char *seen)
{
    int failed = 0;
    for (uint32_t i = 0; i < checked.count; i++) {
        const struct mcd_checking *c = &checked.found[i].told;
        const char *name = checked.found[i].check->name;
        if (c->verdict != MCD_CHECK_FAILED)
            continue;
        failed++;
        if (!check || strcmp(check, name) != 0)
            fail_msg("%s: %s failed: %s: expected %s, seen %s", c->path, name, c->where,
                     c->expected, c->seen);
        if (!strstr(c->where, where) || !strstr(c->seen, seen))
            fail_msg("%s: %s: expected '%s' '%s', got '%s' '%s'", c->path, name, where, seen,
                     c->where, c->seen);
    }
    if (check && failed == 0)
        fail_msg("%s passed %s", checked.subject.path, check);
    assert_true(checked.count > 0);
}

/*
 * A wrong plugin of tests/bad/ fails this check, all others pass or are skipped. The short form
 * runs this check alone: valgrind sees what the plugin does wrong in others, too.
 */
static inline void assert_bad(const char *name, const char *params, const char *check,
                              const char *where, const char *seen)
{
    check_plugin("MCDROP_BAD_PLUGINS", name, params, checked_is_fast() ? check : NULL, 600);
    assert_failed_only(check, where, seen);
}

#endif
