/*
 * core/check/sampler.c: every sampler here passes, and what is wrong with those of tests/bad/ is
 * noticed by the checks that it concerns and by no other.
 */
#include "tests/checks.h"

static void samplers_keep_their_promises(void **state)
{
    static const char *const specs[] = {"bernoulli", "antithetic", "balanced"};
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        assert_passes(mcd_checks_sampler, specs[i]);
}

/* A first look is enough for the rest. */
static void so_with_other_parameters(void **state)
{
    static const char *const specs[] = {"bernoulli:scope=pass", "antithetic:scope=pass",
                                        "balanced:scope=pass", "balanced:block=2",
                                        "balanced:block=256"};
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        for (const struct mcd_check *check = mcd_checks_sampler; check->name; check++) {
            struct mcd_checking c = run_check(check, specs[i], 1);
            if (c.verdict != MCD_CHECK_PASSED)
                fail_msg("%s, %s: %s: %s", specs[i], check->name, c.where, c.seen);
        }
}

/* What else follows from the same mistake stands in `also`. */
struct bad {
    const char *name, *check, *where, *seen, *also;
};

static const struct bad bads[] = {
    {"alike", "independence", "units 5 and 6", "together in ", "law groups"},
    {"forgetful", "replay", "site 1, pass 1000003", "other units when it is asked for again",
     "fields split"},
    {"rounded", "law", "p = 0.1, unit 0", ", 0.093", "errors"},
    {"threaded", "split", "pass 0, row 0", "other units on a second one", ""},
    {"ungrouped", "groups", "groups of 1 passes, 1 apart", "against each other", "errors"},
    {"unset", "fields", "draw: flip", "", ""},
};

enum { BADS = sizeof bads / sizeof *bads };

static void is_caught(void **state)
{
    const struct bad *bad = *state;
    struct bad_spec spec = bad_spec(bad->name, "");
    for (const struct mcd_check *check = mcd_checks_sampler; check->name; check++) {
        int stated = strcmp(check->name, bad->check) == 0;
        int follows = strstr(bad->also, check->name) != NULL;
        struct mcd_checking c = run_check(check, spec.text, !stated && !follows);
        int failed = c.verdict == MCD_CHECK_FAILED;
        if (stated && (!failed || !strstr(c.where, bad->where) || !strstr(c.seen, bad->seen)))
            fail_msg("%s: '%s': '%s' does not say '%s', '%s'", check->name, c.where, c.seen,
                     bad->where, bad->seen);
        if (!stated && failed != follows)
            fail_msg("%s: %s: %s", check->name, c.where, failed ? c.seen : "not noticed");
    }
}

/* Which pass of a group, row, site or unit it is. */
static void the_law_says_where(void **state)
{
    static const char *const cases[][3] = {
        {"in=pass", "unit 0 and others",
         "140 of 140 units are off; off is pass 1 of each group of 2 alone: 0.60"},
        {"in=pass,passes=1", "unit 0 and others", "off are 8 of 16 passes, the most passes "},
        {"in=pass,passes=17", " and others",
         "off is passes 0 to 1 of each group of 17 alone: 0.55"},
        {"in=row", "unit 0 and others", "units are off; off is row 1000 alone: 0.59"},
        {"in=site", "unit 0 and others", "units are off; off is site 3 alone: 0.59"},
        {"in=unit", "p = 0.5, unit 7, one pass", "; passes, rows and sites are alike in that"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bad_spec spec = bad_spec("skewed", cases[i][0]);
        struct mcd_checking c = run_named(mcd_checks_sampler, "law", spec.text);
        if (c.verdict != MCD_CHECK_FAILED || !strstr(c.where, cases[i][1]) ||
            !strstr(c.seen, cases[i][2]))
            fail_msg("%s: '%s': '%s'", cases[i][0], c.where, c.seen);
    }
}

int main(void)
{
    struct CMUnitTest tests[3 + BADS] = {cmocka_unit_test(samplers_keep_their_promises),
                                         cmocka_unit_test(so_with_other_parameters)};
    size_t count = 2;
    if (!getenv("MCDROP_FAST"))
        tests[count++] = (struct CMUnitTest)cmocka_unit_test(the_law_says_where);
    for (int i = 0; i < BADS && !getenv("MCDROP_FAST"); i++)
        tests[count++] =
            (struct CMUnitTest){bads[i].name, is_caught, NULL, NULL, (void *)(uintptr_t)&bads[i]};
    return _cmocka_run_group_tests("check_samplers", tests, count, NULL, NULL);
}
