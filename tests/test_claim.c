/* The rule by which claims are judged, on numbers whose answer is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/tutorial/claim.h"
#include "core/tutorial/reading.h"
#include "core/tutorial/scale.h"

#include "scratch.h"

#include <math.h>
#include <string.h>

#define NEAR(a, b, e) assert_true(fabs((a) - (b)) <= (e))

static struct mcd_claim judged(struct mcd_claim c)
{
    mcd_claim_judge(&c);
    return c;
}

static void three_runs_settle(void **state)
{
    (void)state;
    /* mean 20, sd 2, margin 2.92 * 2 / sqrt(3) = 3.3718 */
    struct mcd_claim c = judged((struct mcd_claim){.runs = 3, .seen = {18, 20, 22}});
    NEAR(c.mean, 20, 1e-12);
    NEAR(c.sd, 2, 1e-12);
    NEAR(c.margin, 3.37176, 1e-4);
    assert_int_equal(c.answer, MCD_CLAIM_HOLDS);

    c = judged((struct mcd_claim){.runs = 3, .seen = {-18, -20, -22}});
    assert_int_equal(c.answer, MCD_CLAIM_FAILS);

    /* Just inside the margin on either side: nobody knows. */
    c = judged((struct mcd_claim){.runs = 3, .seen = {1.3, 3.3, 5.3}});
    assert_int_equal(c.answer, MCD_CLAIM_OPEN);
    c = judged((struct mcd_claim){.runs = 3, .seen = {1.4, 3.4, 5.4}});
    assert_int_equal(c.answer, MCD_CLAIM_HOLDS);
    c = judged((struct mcd_claim){.runs = 3, .seen = {-1.3, -3.3, -5.3}});
    assert_int_equal(c.answer, MCD_CLAIM_OPEN);
}

static void ties_hold_within_the_spread(void **state)
{
    (void)state;
    struct mcd_claim c = judged((struct mcd_claim){.runs = 3, .seen = {-4, -1, 2}, .ties = 1});
    assert_int_equal(c.answer, MCD_CLAIM_HOLDS); /* mean -1, sd 3 */
    c = judged((struct mcd_claim){.runs = 3, .seen = {-4, -1, 2}});
    assert_int_equal(c.answer, MCD_CLAIM_OPEN); /* what is no tie does not */
    c = judged((struct mcd_claim){.runs = 3, .seen = {-7, -4, -1}, .ties = 1});
    assert_int_equal(c.answer, MCD_CLAIM_OPEN); /* below -sd, within the margin of 5.06 */
    c = judged((struct mcd_claim){.runs = 3, .seen = {-9, -6, -3}, .ties = 1});
    assert_int_equal(c.answer, MCD_CLAIM_FAILS);
    c = judged((struct mcd_claim){.runs = 1, .seen = {0}, .ties = 1});
    assert_int_equal(c.answer, MCD_CLAIM_OPEN);
}

static void one_run_needs_an_error(void **state)
{
    (void)state;
    struct mcd_claim c = judged((struct mcd_claim){.runs = 1, .seen = {1000}});
    assert_int_equal(c.answer, MCD_CLAIM_OPEN);
    assert_true(isnan(c.margin));
    c = judged((struct mcd_claim){.runs = 1, .seen = {2.5}, .error = 0.3, .bound = 2});
    assert_int_equal(c.answer, MCD_CLAIM_HOLDS); /* 0.5 > 1.645 * 0.3 */
    c = judged((struct mcd_claim){.runs = 1, .seen = {2.4}, .error = 0.3, .bound = 2});
    assert_int_equal(c.answer, MCD_CLAIM_OPEN);
    c = judged((struct mcd_claim){.runs = 1, .seen = {1.5}, .error = 0.3, .bound = 2});
    assert_int_equal(c.answer, MCD_CLAIM_FAILS);
    c = judged((struct mcd_claim){.runs = 1, .seen = {1.5}, .error = 0.3, .bound = 2, .below = 1});
    assert_int_equal(c.answer, MCD_CLAIM_HOLDS);
    c = judged((struct mcd_claim){.runs = 1, .seen = {2.5}, .error = 0.3, .bound = 2, .below = 1});
    assert_int_equal(c.answer, MCD_CLAIM_FAILS);
}

static void what_is_not_there_settles_nothing(void **state)
{
    (void)state;
    assert_int_equal(judged((struct mcd_claim){.runs = 0}).answer, MCD_CLAIM_OPEN);
    struct mcd_claim c = judged((struct mcd_claim){.runs = 2, .seen = {NAN, 3}});
    assert_int_equal(c.answer, MCD_CLAIM_OPEN);
    c = judged((struct mcd_claim){.runs = 1, .seen = {INFINITY}, .error = 1});
    assert_int_equal(c.answer, MCD_CLAIM_OPEN);
    assert_string_equal(mcd_claim_word(MCD_CLAIM_OPEN), "not settled");
    assert_string_equal(mcd_claim_word(MCD_CLAIM_HOLDS), "holds");
    assert_string_equal(mcd_claim_word(MCD_CLAIM_FAILS), "fails");
}

/* Tables of Student's t, one-sided 5 %. */
static void quantiles(void **state)
{
    (void)state;
    assert_true(isinf(mcd_claim_t(0)));
    NEAR(mcd_claim_t(1), tan(M_PI * 0.45), 1e-3);                /* Cauchy, in closed form */
    NEAR(mcd_claim_t(2), 0.9 * sqrt(2 / (1 - 0.9 * 0.9)), 1e-3); /* two degrees as well */
    NEAR(mcd_claim_t(15), 1.753, 1e-3);
    NEAR(mcd_claim_t(1000), 1.645, 1e-2);
    for (size_t n = 1; n < 20; n++)
        assert_true(mcd_claim_t(n + 1) <= mcd_claim_t(n));
}

static void scales_and_parts_have_names(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    assert_string_equal(mcd_scale_find("short", &e)->name, "short");
    assert_null(mcd_scale_find("tiny", &e));
    assert_string_equal(e.where, "--scale");
    assert_non_null(strstr(e.text, "'tiny': expected smoke, short or full"));
    assert_int_equal(mcd_parts_parse("mlp", &e), 1u << MCD_PART_MLP);
    assert_int_equal(mcd_parts_parse("gp,mlp2", &e), 1u << MCD_PART_GP | 1u << MCD_PART_MLP2);
    static const char *const wrong[] = {"", "mlp,", ",", "mlp3", "ml", "mlp gp"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        e = (struct mcd_error){0};
        assert_int_equal(mcd_parts_parse(wrong[i], &e), 0);
        assert_string_equal(e.where, "--only");
        assert_non_null(
            strstr(e.text, "expected mlp, lenet, rotated, mlp2, gp, compare or report"));
    }
    for (const struct mcd_scale *s = mcd_scales; s->name; s++)
        assert_true(s->mlp_seeds <= MCD_CLAIM_RUNS && s->lenet_seeds <= MCD_CLAIM_RUNS);
}

/* 40, 39, ... 1 wrong images after epochs 1 to 40. */
static void write_history(const char *name)
{
    char text[1000];
    int used = snprintf(text, sizeof text, "epoch,loss,test_errors,seconds\n");
    for (int i = 1; i <= 40; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, "%d,0.5,%d,1\n", i, 41 - i);
    scratch_write(name, text, (size_t)used);
}

static void final_errors_and_their_fall(void **state)
{
    (void)state;
    write_history("history.csv");
    struct mcd_reading_errors e = mcd_reading_errors(scratch_dir, "history.csv", 0);
    NEAR(e.final, 2.5, 1e-12); /* 4, 3, 2, 1 */
    NEAR(e.fall, 10, 1e-12);   /* 20 ... 11 against 10 ... 1 */
    e = mcd_reading_errors(scratch_dir, "history.csv", 4);
    NEAR(e.final, 37, 1e-12);
    NEAR(e.fall, 1, 1e-12); /* 38 against 37 */
    e = mcd_reading_errors(scratch_dir, "history.csv", 1000);
    NEAR(e.final, 2.5, 1e-12);
    e = mcd_reading_errors(scratch_dir, "history.csv", 1);
    NEAR(e.final, 40, 1e-12);
    NEAR(e.fall, 0, 1e-12);
    e = mcd_reading_errors(scratch_dir, "none.csv", 0);
    assert_true(isnan(e.final) && isnan(e.fall));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_runs_settle),
        cmocka_unit_test(ties_hold_within_the_spread),
        cmocka_unit_test(one_run_needs_an_error),
        cmocka_unit_test(what_is_not_there_settles_nothing),
        cmocka_unit_test(quantiles),
        cmocka_unit_test(scales_and_parts_have_names),
        cmocka_unit_test(final_errors_and_their_fall),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
