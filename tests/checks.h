/*
 * For tests that hold plugins to the checks of core/check, in their own process.
 *
 * Includes cmocka.h. Static inline, so that every test program stays one file.
 */
#ifndef TESTS_CHECKS_H
#define TESTS_CHECKS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/check/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A plugin of tests/bad/ with parameters, "" for none. */
struct bad_spec {
    char text[1024];
};

static inline struct bad_spec bad_spec(const char *name, const char *params)
{
    struct bad_spec spec;
    const char *dir = getenv("MCDROP_BAD_PLUGINS");
    snprintf(spec.text, sizeof spec.text, "%s/%s.so%s%s", dir ? dir : "tests/bad/.libs", name,
             *params ? ":" : "", params);
    return spec;
}

/* What a check of the plugin is told, with nothing found yet. */
static inline struct mcd_checking checking_of(const char *spec, uint32_t quick)
{
    static const char *const no_input[] = {NULL};
    const char *colon = strchr(spec, ':');
    return (struct mcd_checking){.spec = spec,
                                 .path = spec,
                                 .params = colon ? colon + 1 : "",
                                 .input = no_input,
                                 .seed = 1,
                                 .quick = quick,
                                 .verdict = MCD_CHECK_PASSED};
}

static inline struct mcd_checking run_check(const struct mcd_check *check, const char *spec,
                                            uint32_t quick)
{
    struct mcd_checking c = checking_of(spec, quick);
    check->run(&c);
    return c;
}

/* By its name in a list. */
static inline struct mcd_checking run_named(const struct mcd_check *list, const char *name,
                                            const char *spec)
{
    while (list->name && strcmp(list->name, name) != 0)
        list++;
    if (!list->name)
        fail_msg("there is no check '%s'", name);
    return run_check(list, spec, 0);
}

/* Every check of a list that applies passes, having looked at something; tells notes. */
static inline void assert_passes(const struct mcd_check *list, const char *spec)
{
    for (; list->name; list++) {
        struct mcd_checking c = run_check(list, spec, getenv("MCDROP_FAST") != NULL);
        if (c.verdict == MCD_CHECK_FAILED)
            fail_msg("%s, %s: %s: expected %s, seen %s", spec, list->name, c.where, c.expected,
                     c.seen);
        if (c.verdict == MCD_CHECK_PASSED && c.cases == 0)
            fail_msg("%s, %s: nothing was looked at", spec, list->name);
        if (c.verdict == MCD_CHECK_SKIPPED || *c.note)
            print_message("# %s, %s: %s\n", spec, list->name, *c.note ? c.note : c.expected);
    }
}

#endif
