/* tests/conformance.c: what is wrong with a backend is noticed, and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance.h" /* before cmocka, whose `fail` is a macro */

#include <cmocka.h>
#include <stdlib.h>

/* A backend of tests/bad/ fails at `op`, with a message that holds `words`. */
struct bad {
    const char *name;
    uint32_t op; /* 0: all */
    const char *words;
};

static const struct bad bads[] = {
    {"adding", MCD_OP_CONV2D_DW, "nan, expected"},
    {"consuming", MCD_OP_SOFTMAX_DX, "wrote to input 0"},
    {"idle", 0, "offers to do nothing"},
    {"late", MCD_OP_MAP, "the run failed: not today"},
    {"overrun", MCD_OP_AFFINE, "wrote to memory of nobody"},
    {"padless", MCD_OP_CONV2D, "expected"},
    {"scale", MCD_OP_DROP, "expected"},
    {"scratch", MCD_OP_LINEAR_DX, "at the same time disturb each other"},
    {"shared", MCD_OP_SGD, "after another plan was made"},
    {"sign", MCD_OP_MAP_DX, "expected"},
    {"ties", MCD_OP_POOL2D_DX, "expected"},
    {"transposed", MCD_OP_LINEAR, "expected"},
    {"unit", MCD_OP_DROP, "expected"},
    {"workers", MCD_OP_MSE, "has other bits"},
};

static void is_caught(void **state)
{
    const struct bad *bad = *state;
    char spec[1024];
    struct conformance result = {.only = bad->op};
    struct mcd_error e = {0};
    snprintf(spec, sizeof spec, "%s/%s.so", getenv("MCDROP_BAD_PLUGINS"), bad->name);
    if (conformance_check(spec, &result, &e))
        fail_msg("%s: %s", e.where, e.text);
    assert_true(result.failed > 0);
    assert_true(!bad->op || result.failed_of[bad->op] == result.failed);
    if (!strstr(result.first, bad->words))
        fail_msg("'%s' does not say '%s'", result.first, bad->words);
}

int main(void)
{
    enum { BADS = sizeof bads / sizeof *bads };
    struct CMUnitTest tests[BADS];
    for (int i = 0; i < BADS; i++)
        tests[i] =
            (struct CMUnitTest){bads[i].name, is_caught, NULL, NULL, (void *)(uintptr_t)&bads[i]};
    return cmocka_run_group_tests_name("conformance", tests, NULL, NULL);
}
