/* core/check/backend.c: what is wrong with a backend is noticed by its check, which says where. */
#include "tests/checks.h"

#include <math.h>

/*
 * A backend of tests/bad/ fails `check`, with `where` and `seen` in what it says; where that names
 * an element, what it got is `ratio` times what was expected, or NaN for any other value.
 */
struct bad {
    const char *name, *check, *where, *seen;
    double ratio;
    const char *also; /* other checks that the same mistake fails, NULL for none */
};

static const struct bad bads[] = {
    {"adding", "aliasing", "CONV2D_DW", "nan, expected", NAN, NULL},
    {"consuming", "aliasing", "SOFTMAX_DX", "wrote to input 0", NAN, NULL},
    {"countless", "listed", "describe", "a device of number 4096", NAN, NULL},
    {"damped", "ops", "SGD (momentum 0 decay 0) 0x[1]", "output, row 0, element 0: ", NAN, "kept"},
    {"frozen", "section", "images, trained to a schedule, a third run", " step by step", NAN, NULL},
    {"idle", "claims", "kernel", "offers to do nothing", NAN, NULL},
    {"jittery", "linalg", "potrf of an indefinite matrix", "status 0", NAN, NULL},
    {"late", "refusals", "MAP (gelu)", "refused when it runs: not today", NAN, NULL},
    {"lopsided", "devices", "device 1", " on the first", NAN, NULL},
    {"lost", "fetch", "30 fetches of 1 elements, then sync", "value 0: ", NAN, NULL},
    {"nearest", "refusals", "GATHER of a table of 3 rows, row -1", "status 0", NAN, NULL},
    {"overrun", "aliasing", "AFFINE", "wrote to memory of nobody", NAN, NULL},
    {"padless", "ops", "-> 0x[3,1,1]", "output, row 0, element 0: ", NAN, "extremes"},
    {"placeless", "ops", "GATHER (the end of an order)", "output, row 0, element 0: ", NAN,
     "extremes refusals"},
    {"rebatched", "ops", "SUMS (1 passes from 1 ", "output, row 0, element 0: ", NAN, NULL},
    {"redrawn", "section", "dense, predicted, other draws", " step by step", NAN, NULL},
    {"rejoined", "section", "dense, condensed, a third run", " step by step", NAN, NULL},
    {"scale", "ops", "DROP", "output, row 0, element 0: ", 4,
     NULL}, /* 1 / p for 1 / (1 - p), p = 0.2 */
    {"scratch", "concurrent", "LINEAR_DX", "at the same time disturb each other", NAN, NULL},
    {"shared", "concurrent", "SGD", "after another plan was made", NAN, NULL},
    {"sign", "ops", "MAP_DX (tanh) 0x[1] 0x[1] 0x[1] -> 0x[1]", "output, row 0, element 0: ", -1,
     NULL},
    {"stale", "kept", "LINEAR (its parameter changes) 5x[37] 0x[19,37] -> 5x[19]",
     "after an update by SGD, row 0", NAN, NULL},
    {"steady_adam", "ops", "ADAM (update 0 decay 0 rate x 0.37) 0x[1]",
     "output, row 0, element 0: ", NAN, NULL},
    {"steady_sgd", "ops", "SGD (momentum 0 decay 0.01 rate x 0.37) 0x[1]",
     "output, row 0, element 0: ", NAN, NULL},
    {"tardy", "fetch", "30 fetches of 1 elements, then sync", "value 0: ", NAN, NULL},
    {"ties", "ops", "POOL2D_DX (max) 3x[3,2,1] 3x[3,5,3] -> 3x[3,5,3]",
     "output, row 0, element 31: ", 0, "extremes"},
    {"touchy", "extremes", "MAP (relu)", "got 0, expected nan", NAN, NULL},
    {"transposed", "ops", "LINEAR (no bias) 0x[7] 0x[7,7] -> 0x[7]",
     "output, row 0, element 0: ", NAN, "extremes kept"},
    {"unit", "masks", "33x[7] -> 33x[7]",
     "row 2, word 0: dropped 00000009, expected 00000049; element 6 is 1", NAN, NULL},
    {"unjoined", "ops", "MOMENTS (5 passes from 10", "output, row 0, element 0: ", NAN, "extremes"},
    {"unmasked", "fused", "linear, map, drop", " in single steps", NAN, NULL},
    {"unpaced", "section", "dense, trained to a schedule, a third run", " step by step", NAN, NULL},
    {"wordwise", "memory", "write and read of 1 elements of 1 bytes",
     "more was written to the host", NAN, NULL},
    {"workers", "workers", "MSE ", "other bits on 3 workers", NAN, NULL},
};

enum { BADS = sizeof bads / sizeof *bads };

/* The difference that was reported is the one that the backend was given. */
static void check_ratio(const struct bad *bad, const char *seen)
{
    const char *numbers = strstr(seen, ": got ");
    double got = 0, expected = 0;
    if (isnan(bad->ratio))
        return;
    if (!numbers || sscanf(numbers, ": got %lf, expected %lf", &got, &expected) != 2)
        fail_msg("'%s' has no numbers", seen);
    if (!(fabs(got - bad->ratio * expected) <= 1e-4 * fabs(expected)))
        fail_msg("'%s': expected %g times as much", seen, bad->ratio);
}

static void is_caught(void **state)
{
    const struct bad *bad = *state;
    struct bad_spec spec = bad_spec(bad->name, "");
    struct mcd_checking c = run_named(mcd_checks_backend, bad->check, spec.text);
    assert_int_equal(c.verdict, MCD_CHECK_FAILED);
    if (!strstr(c.where, bad->where) || !strstr(c.seen, bad->seen))
        fail_msg("'%s': '%s' does not say '%s', '%s'", c.where, c.seen, bad->where, bad->seen);
    check_ratio(bad, c.seen);
}

/* ... and no other check finds fault with it, as far as a short look tells. */
static void is_right_otherwise(void **state)
{
    const struct bad *bad = *state;
    struct bad_spec spec = bad_spec(bad->name, "");
    for (const struct mcd_check *check = mcd_checks_backend; check->name; check++) {
        if (strcmp(check->name, bad->check) == 0 || (bad->also && strstr(bad->also, check->name)))
            continue;
        struct mcd_checking c = run_check(check, spec.text, 1);
        if (c.verdict == MCD_CHECK_FAILED)
            fail_msg("%s: %s: %s", check->name, c.where, c.seen);
    }
}

/* What rounds factors because it was told to is held to sums of f32. */
static void coarse_sums_are_caught(void **state)
{
    struct bad_spec spec = bad_spec("coarse", "precision=bf16");
    struct mcd_checking c = run_named(mcd_checks_backend, "ops", spec.text);
    (void)state;
    assert_int_equal(c.verdict, MCD_CHECK_FAILED);
    assert_non_null(strstr(c.where, "CONV2D"));
    assert_string_equal(c.expected, "sums that are not rounded, of whole numbers up to 127");
}

int main(void)
{
    struct CMUnitTest tests[2 * BADS + 1] = {cmocka_unit_test(coarse_sums_are_caught)};
    size_t count = 1;
    for (int i = 0; i < BADS; i++) {
        void *bad = (void *)(uintptr_t)&bads[i];
        tests[count++] = (struct CMUnitTest){bads[i].name, is_caught, NULL, NULL, bad};
        if (!getenv("MCDROP_FAST"))
            tests[count++] =
                (struct CMUnitTest){bads[i].check, is_right_otherwise, NULL, NULL, bad};
    }
    return _cmocka_run_group_tests("check_backends", tests, count, NULL, NULL);
}
