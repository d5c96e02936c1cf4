/*
 * Whatever could be wrong with the CUDA backend (wrong.c) is seen on the fake, for the reason that
 * is meant: by the fake itself, or by a check of plugins that finds other values.
 */
#include "core/base/host.h"
#include "core/check/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/checked.h"

static const struct {
    const char *wrong, *check, *seen;
} cases[] = {
    {"hasty", "memory", ""},
    {"restless", "fetch", "was given back before it was made"},
    {"leaking", "create", "were not given back"},
    {"long", "memory", "more than is allocated there"},
    {"backward", "memory", "cudaMemcpyDeviceToHost was said"},
    {"stale", "masks", ""},
    {"uneven", "ops", "no multiple of 256"},
    {"allocating", "section", "cudaErrorStreamCapture"},
    {"astray", "masks", ""},
    {"narrow", "ops", "with a leading dimension of"},
    {"wide", "ops", "got"},
    {"varying", "workers", "other bits"},
    {"trusting", "ops", "the algorithm is for multiples of 256"},
    {"careless", "ops", "the bias is at"},
    {"adding", "aliasing", "nan"},
    {"scanty", "ops", "the algorithm needs"},
    {"short", "ops", "bytes of workspace"},
    {"streamless", "section", "CUDNN_STATUS_EXECUTION_FAILED"},
#ifndef __SANITIZE_ADDRESS__
    {"hosting", "masks", "is not one of device 0"},
#endif
};

static void check_wrong(const char *wrong, const char *check)
{
    setenv("MCDROP_WRONG_CUDA", wrong, 1);
    check_plugin("MCDROP_TEST_BUILDDIR", "cuda/wrong/.libs/cuda", "", check, 120);
    unsetenv("MCDROP_WRONG_CUDA");
}

static void each_is_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_wrong(cases[i].wrong, cases[i].check);
        const struct mcd_checking *c = checked_one(cases[i].check);
        assert_non_null(c);
        if (c->verdict != MCD_CHECK_FAILED || !strstr(c->seen, cases[i].seen))
            fail_msg("%s, %s: verdict %u, %s: '%s', expected '%s'", cases[i].wrong, cases[i].check,
                     c->verdict, c->where, c->seen, cases[i].seen);
    }
}

/* What is linked in between is not what fails. */
static void nothing_wrong_passes(void **state)
{
    (void)state;
    check_wrong("", NULL);
    assert_failed_only(NULL, "", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_seen),
        cmocka_unit_test(nothing_wrong_passes),
    };
    return cmocka_run_group_tests(tests, checked_setup, checked_teardown);
}
