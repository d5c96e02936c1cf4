/*
 * The rule by which benchmarks are told apart: its parts on numbers whose answer is known, the
 * whole on made-up timings with the noise that real ones have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/bench/trimmed.h"
#include "core/bench/verdict.h"

#include <math.h>
#include <mcdrop/random.h>
#include <stdlib.h>

#define NEAR(a, b, e) assert_true(fabs((a) - (b)) <= (e))

/* ---- trimmed means ----------------------------------------------------------------------- */

/* Five values, one cut at each end: mean of 2, 3, 4; winsorized 2 2 3 4 4, squares 4, h = 3. */
static void a_mean_by_hand(void **state)
{
    (void)state;
    struct mcd_trimmed t = mcd_trimmed((const double[]){3, 100, 2, 4, -50}, 5);
    NEAR(t.mean, 3, 1e-12);
    NEAR(t.error, sqrt(4.0 / (3 * 2)), 1e-12); /* neighbours -1 and 1: not alike */
    NEAR(t.degrees, 2, 1e-12);
}

/* Each of 16 values counts as (1 - r) / (1 + r): 0 0 ... 1 1 beside 0 1 0 1 ... */
static void values_that_follow_each_other_count_less(void **state)
{
    (void)state;
    double x[16], y[16];
    for (int i = 0; i < 16; i++) {
        x[i] = i / 8;
        y[i] = i % 2;
    }
    struct mcd_trimmed rare = mcd_trimmed(x, 16), often = mcd_trimmed(y, 16);
    NEAR(rare.mean, often.mean, 1e-12);
    double r = 13.0 / 16; /* 14 pairs alike, 1 not, of 16 squares */
    NEAR(rare.error / often.error, sqrt((1 + r) / (1 - r)), 1e-12);
    assert_true(rare.degrees < often.degrees && rare.degrees >= 1);
}

static void few_values_say_nothing_of_their_spread(void **state)
{
    (void)state;
    assert_true(isinf(mcd_trimmed((const double[]){1, 2, 3}, 3).error));
    NEAR(mcd_trimmed((const double[]){1, 2, 3}, 3).mean, 2, 1e-12);
    struct mcd_bench_change c =
        mcd_bench_change((const double[]){0, 0, 0}, 3, (const double[]){9, 9, 9}, 3);
    size_t order;
    mcd_bench_judge(&c, 1, &order);
    assert_int_equal(c.verdict, MCD_BENCH_SAME);
}

/* ---- made-up timings --------------------------------------------------------------------- */

struct noise {
    struct mcd_address at;
    uint32_t next;
    struct mcd_words words;
};

static double uniform(struct noise *n)
{
    if (n->next % 4 == 0)
        n->words = mcd_noise_words(&n->at, n->next / 4);
    return (n->words.w[n->next++ % 4] + 0.5) * 0x1p-32;
}

static double normal(struct noise *n)
{
    double radius = sqrt(-2 * log(uniform(n)));
    return radius * cos(2 * M_PI * uniform(n));
}

/*
 * Logarithms of times beside the yardstick, as they were seen on a shared machine with one thread
 * and processor time: 1 % from round to round, neighbours alike (0.3), one round in twelve up to 30
 * % slower, and 0.4 % between runs that no number of rounds takes away.
 */
static void make_run(struct noise *n, double slower, double *x, size_t rounds)
{
    const double spread = 0.01, alike = 0.3, between = 0.004;
    double run = log1p(slower) + between * normal(n), state = normal(n);
    for (size_t i = 0; i < rounds; i++) {
        x[i] = run + spread * state + (uniform(n) < 1.0 / 12 ? 0.3 * uniform(n) : 0);
        state = alike * state + sqrt(1 - alike * alike) * normal(n);
    }
}

enum { ROUNDS = 20, JOBS = 14 };

/* Compares two runs of JOBS jobs, of which the first one is slower in the second run. */
static void compare(struct noise *n, double slower, struct mcd_bench_change *change)
{
    double before[ROUNDS], after[ROUNDS];
    size_t order[JOBS];
    for (int j = 0; j < JOBS; j++) {
        make_run(n, 0, before, ROUNDS);
        make_run(n, j ? 0 : slower, after, ROUNDS);
        change[j] = mcd_bench_change(before, ROUNDS, after, ROUNDS);
    }
    mcd_bench_judge(change, JOBS, order);
}

static int repetitions(void)
{
    return getenv("MCDROP_FAST") ? 40 : 400;
}

/* The same build twice: no job may differ, 19 times of 20. */
static void the_same_build_is_no_difference(void **state)
{
    (void)state;
    struct mcd_bench_change change[JOBS];
    int alarms = 0;
    for (int k = 0; k < repetitions(); k++) {
        struct noise n = {.at = {.seed = 11, .stream = (uint64_t)k}};
        int any = 0;
        compare(&n, 0, change);
        for (int j = 0; j < JOBS; j++)
            any |= change[j].verdict != MCD_BENCH_SAME;
        alarms += any;
    }
    assert_in_range(alarms, 0, repetitions() / 20);
}

/* A job that became 5 % slower is reported, and none that did not. */
static void five_per_cent_are_seen(void **state)
{
    (void)state;
    struct mcd_bench_change change[JOBS];
    int seen = 0, others = 0;
    for (int k = 0; k < repetitions(); k++) {
        struct noise n = {.at = {.seed = 12, .stream = (uint64_t)k}};
        compare(&n, 0.05, change);
        seen += change[0].verdict == MCD_BENCH_SLOWER;
        assert_int_not_equal(change[0].verdict, MCD_BENCH_FASTER);
        for (int j = 1; j < JOBS; j++)
            others += change[j].verdict != MCD_BENCH_SAME;
    }
    assert_true(seen >= repetitions() * 4 / 5);
    assert_true(others <= repetitions() / 20);
}

/*
 * The interval of a single job holds the truth about 95 times of 100 where runs differ by chance.
 */
static void the_interval_holds_the_truth(void **state)
{
    (void)state;
    int held = 0;
    for (int k = 0; k < repetitions(); k++) {
        struct noise n = {.at = {.seed = 13, .stream = (uint64_t)k}};
        double x[ROUNDS], y[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            x[i] = 0.02 * normal(&n);
            y[i] = log(1.1) + 0.02 * normal(&n);
        }
        struct mcd_bench_change c = mcd_bench_change(x, ROUNDS, y, ROUNDS);
        held += c.low <= 1.1 && 1.1 <= c.high;
    }
    assert_in_range(held, repetitions() * 92 / 100, repetitions());
}

/* Holm: of chances 0.01, 0.02, 0.04 the first passes 0.05 / 3, the second 0.05 / 2. */
static void verdicts_of_a_family(void **state)
{
    (void)state;
    struct mcd_bench_change c[] = {
        {1.2, 1, 2, 0.04, 0}, {0.8, 0, 1, 0.01, 0}, {1.3, 1, 2, 0.02, 0}};
    size_t order[3];
    mcd_bench_judge(c, 3, order);
    assert_int_equal(c[0].verdict, MCD_BENCH_SLOWER);
    assert_int_equal(c[1].verdict, MCD_BENCH_FASTER);
    assert_int_equal(c[2].verdict, MCD_BENCH_SLOWER);
    c[2].chance = 0.03; /* more than 0.05 / 2: then 0.04 must not pass either */
    mcd_bench_judge(c, 3, order);
    assert_int_equal(c[0].verdict, MCD_BENCH_SAME);
    assert_int_equal(c[1].verdict, MCD_BENCH_FASTER);
    assert_int_equal(c[2].verdict, MCD_BENCH_SAME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mean_by_hand),
        cmocka_unit_test(values_that_follow_each_other_count_less),
        cmocka_unit_test(few_values_say_nothing_of_their_spread),
        cmocka_unit_test(the_same_build_is_no_difference),
        cmocka_unit_test(five_per_cent_are_seen),
        cmocka_unit_test(the_interval_holds_the_truth),
        cmocka_unit_test(verdicts_of_a_family),
    };
    return cmocka_run_group_tests_name("bench_verdict", tests, NULL, NULL);
}
