/* tests/conformance.c: what is wrong with a backend is noticed, and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance.h" /* before cmocka, whose `fail` is a macro */

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

/*
 * A backend of tests/bad/ fails at `op`, with a message that holds `words`; where these name an
 * element, what it got is `ratio` times what was expected, or NaN for any other value.
 */
struct bad {
    const char *name;
    uint32_t op; /* 0: all */
    const char *words;
    double ratio;
};

static const struct bad bads[] = {
    {"adding", MCD_OP_CONV2D_DW, "nan, expected", NAN},
    {"consuming", MCD_OP_SOFTMAX_DX, "wrote to input 0", NAN},
    {"idle", 0, "offers to do nothing", NAN},
    {"late", MCD_OP_MAP, "the run failed: not today", NAN},
    {"overrun", MCD_OP_AFFINE, "wrote to memory of nobody", NAN},
    {"padless", MCD_OP_CONV2D, "-> 0x[3,1,1]: output, row 0, element 0: ", NAN},
    {"scale", MCD_OP_DROP, "output, row 0, element 0: ", 4}, /* 1 / p for 1 / (1 - p), p = 0.2 */
    {"scratch", MCD_OP_LINEAR_DX, "at the same time disturb each other", NAN},
    {"shared", MCD_OP_SGD, "after another plan was made", NAN},
    {"sign", MCD_OP_MAP_DX, "(tanh) 0x[1] 0x[1] 0x[1] -> 0x[1]: output, row 0, element 0: ", -1},
    {"stale", MCD_OP_LINEAR,
     "(its parameter changes) 5x[37] 0x[19,37] -> 5x[19]: after an update by SGD, row 0", NAN},
    {"ties", MCD_OP_POOL2D_DX,
     "(max) 3x[3,2,1] 3x[3,5,3] -> 3x[3,5,3]: output, row 0, element 31: ", 0},
    {"transposed", MCD_OP_LINEAR, "0x[7] 0x[7,7] -> 0x[7]: output, row 0, element 0: ", NAN},
    {"unit", MCD_OP_DROP, "1x[7] -> 1x[7] in place of input 0: output, row 0, element 6: ", NAN},
    {"workers", MCD_OP_MSE, "has other bits", NAN},
};

/* The difference that was reported is the one that the backend was given. */
static void check_ratio(const struct bad *bad, const char *message)
{
    const char *numbers = strstr(message, ": got ");
    double got, expected;
    if (!numbers)
        return;
    if (sscanf(numbers, ": got %lf, expected %lf", &got, &expected) != 2)
        fail_msg("'%s' has no numbers", message);
    if (!isnan(bad->ratio) && !(fabs(got - bad->ratio * expected) <= 1e-4 * fabs(expected)))
        fail_msg("'%s': expected %g times as much", message, bad->ratio);
}

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
    check_ratio(bad, result.first);
}

int main(void)
{
    enum { BADS = sizeof bads / sizeof *bads };
    unsetenv("MCDROP_FAST"); /* which step fails first is what is looked at */
    struct CMUnitTest tests[BADS];
    for (int i = 0; i < BADS; i++)
        tests[i] =
            (struct CMUnitTest){bads[i].name, is_caught, NULL, NULL, (void *)(uintptr_t)&bads[i]};
    return cmocka_run_group_tests_name("conformance", tests, NULL, NULL);
}
