/*
 * For tests of checks: a plugin with something wrong, and the checks that must see it, each for the
 * stated reason; or nothing wrong, and all of them pass.
 *
 * Includes cmocka.h. Static inline, so that every test program stays one file.
 */
#ifndef TESTS_CHECK_CASE_H
#define TESTS_CHECK_CASE_H

#include "tests/checks.h"

enum { CHECK_CASE_MOST = 8 };

/* A check by name, and a part of what it says that it saw. */
struct expected_failure {
    const char *check, *says;
};

struct check_case {
    const char *params;                               /* "wrong=deaf" */
    const char *input;                                /* the shape to try; NULL: the usual ones */
    struct expected_failure failure[CHECK_CASE_MOST]; /* ends with {0} */
};

static inline const char *expected_text(const struct check_case *of, const char *check)
{
    for (const struct expected_failure *f = of->failure; f->check; f++)
        if (strcmp(f->check, check) == 0)
            return f->says;
    return NULL;
}

static inline void run_case(const struct mcd_check *check, const char *spec, uint32_t kind,
                            const struct check_case *of)
{
    const char *input[] = {of->input, NULL}, *says = expected_text(of, check->name);
    struct mcd_checking c = checking_of(spec, getenv("MCDROP_FAST") != NULL);
    c.kind = kind;
    c.input = input;
    check->run(&c);
    if (says && c.verdict == MCD_CHECK_SKIPPED && strcmp(check->name, "backends") == 0)
        return; /* there is one backend alone */
    if ((c.verdict == MCD_CHECK_FAILED) != (says != NULL))
        fail_msg("%s, %s: verdict %u: %s: expected %s; %s", spec, check->name, c.verdict, c.where,
                 c.expected, c.seen);
    if (says && !strstr(c.seen, says))
        fail_msg("%s, %s: expected '%s' in '%s: expected %s; %s'", spec, check->name, says, c.where,
                 c.expected, c.seen);
    if (c.verdict == MCD_CHECK_PASSED && c.cases == 0)
        fail_msg("%s, %s: looked at nothing", spec, check->name);
}

/*
 * All checks of a list; those that are not expected to fail pass, or skip what does not apply. In
 * the short form of a case that fails, those alone that must.
 */
static inline void run_checks(const struct mcd_check *list, const char *spec, uint32_t kind,
                              const struct check_case *of)
{
    int some = getenv("MCDROP_FAST") && of->failure[0].check;
    for (; list->name; list++)
        if (!some || expected_text(of, list->name))
            run_case(list, spec, kind, of);
}

/* The same of a plugin in tests/bad/. */
static inline void run_bad(const struct mcd_check *list, const char *name, uint32_t kind,
                           const struct check_case *bad)
{
    struct bad_spec spec = bad_spec(name, bad->params);
    run_checks(list, spec.text, kind, bad);
}

#endif
