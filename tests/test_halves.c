/*
 * core/stats/halves.c: what 30 half-samples say of a mean, of groups that are cut, and when they
 * say nothing.
 */
#include "core/stats/halves.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <mcdrop/random.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { PASSES = 160 };

/* The mean of the passes of some batches; pass t belongs to batch t mod 16. */
static double mean_of(const double *value, unsigned mask)
{
    double sum = 0;
    int n = 0;
    for (int t = 0; t < PASSES; t++)
        if (mask >> t % MCD_BATCHES & 1) {
            sum += value[t];
            n++;
        }
    return sum / n;
}

/* Its error is that of the batches' means, 16 independent numbers. */
static void means_have_the_error_of_batches(void **state)
{
    (void)state;
    double value[PASSES], half[MCD_HALVES], squares = 0;
    struct mcd_halves h;
    mcd_halves_init(&h, 1, 0, PASSES);
    for (int t = 0; t < PASSES; t++)
        value[t] = 3 + sin(7.0 * t * t);
    double whole = mean_of(value, 0xffff);
    for (unsigned i = 0; i < MCD_HALVES; i++)
        half[i] = mean_of(value, h.mask[i]);
    for (unsigned j = 0; j < MCD_BATCHES; j++)
        squares += pow(mean_of(value, 1u << j) - whole, 2);
    double expected = sqrt(squares / MCD_BATCHES / (MCD_BATCHES - 1));
    double error = mcd_halves_error(&h, whole, half);
    assert_true(fabs(error / expected - 1) < 1e-12);
}

/* The same value with other last bits has no error; a thousand times that is one. */
static void roundings_are_no_error(void **state)
{
    (void)state;
    static const double values[] = {1, 0.033, -2.5, 4e30, 7e-100};
    double half[MCD_HALVES];
    struct mcd_halves h;
    mcd_halves_init(&h, 1, 0, PASSES);
    for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
        double last_bit = values[k] * DBL_EPSILON;
        for (unsigned i = 0; i < MCD_HALVES; i++)
            half[i] = values[k] + (i % 5 - 2.0) * last_bit;
        assert_true(mcd_halves_error(&h, values[k], half) == 0);
        for (unsigned i = 0; i < MCD_HALVES; i++)
            half[i] = values[k] + (i % 5 - 2.0) * 1000 * last_bit;
        assert_true(mcd_halves_error(&h, values[k], half) > 500 * fabs(last_bit));
    }
}

static void steps_by_one_row_stay(void **state)
{
    (void)state;
    double half[MCD_HALVES];
    struct mcd_halves h;
    mcd_halves_init(&h, 1, 0, PASSES);
    for (unsigned i = 0; i < MCD_HALVES; i++)
        half[i] = 0.95 + (i == 4 ? 1e-9 : 0); /* one row of a thousand million */
    assert_true(mcd_halves_error(&h, 0.95, half) > 1e-11);
    for (unsigned i = 0; i < MCD_HALVES; i++)
        half[i] = i == 4 ? 1e-300 : 0;
    assert_true(mcd_halves_error(&h, 0, half) == 0); /* its square is not to be had */
    half[4] = 1e-100;
    assert_true(mcd_halves_error(&h, 0, half) > 0);
}

static void nothing_is_nan(void **state)
{
    (void)state;
    double half[MCD_HALVES] = {0};
    struct mcd_halves h;
    mcd_halves_init(&h, 1, 0, 1); /* one pass: no half has a complement */
    assert_true(isnan(mcd_halves_error(&h, 1, half)));
    mcd_halves_init(&h, 1, 0, PASSES);
    assert_true(isnan(mcd_halves_error(&h, NAN, half)));
    for (unsigned i = 0; i < MCD_HALVES; i++)
        half[i] = NAN;
    assert_true(isnan(mcd_halves_error(&h, 1, half)));
}

/* ---- cut groups -------------------------------------------------------------------------- */

/* Passes of the range in each group, and what the sum of a batch's passes varies by. */
struct range {
    uint32_t group;
    uint64_t first, passes;
    double v; /* of a pass in a whole group, where a pass alone has 1 */
    double variance[MCD_BATCHES], all;
};

static void find_variances(struct range *r)
{
    double covariance = (r->v - 1) / (r->group - 1.0);
    r->all = 0;
    for (unsigned j = 0; j < MCD_BATCHES; j++)
        r->variance[j] = 0;
    for (uint64_t p = r->first, next; p < r->first + r->passes; p = next) {
        next = (p / r->group + 1) * r->group;
        next = next < r->first + r->passes ? next : r->first + r->passes;
        double m = (double)(next - p), of_sum = m + m * (m - 1) * covariance;
        r->variance[p / r->group % MCD_BATCHES] += of_sum;
        r->all += of_sum;
    }
}

/*
 * What the squared error of a mean is expected to be, as a multiple of what is right: squared
 * errors are quadratic in the sums of the batches, which are independent.
 */
static double expected_over_right(struct range *r)
{
    struct mcd_halves h;
    double sum = 0, n = (double)r->passes, half[MCD_HALVES];
    mcd_halves_init(&h, r->group, r->first, r->passes);
    find_variances(r);
    for (unsigned j = 0; j < MCD_BATCHES; j++) {
        for (unsigned i = 0; i < MCD_HALVES; i++)
            half[i] = h.passes[i] ? (h.mask[i] >> j & 1) / (double)h.passes[i] : NAN;
        if (h.batch_passes[j] > 0)
            sum += r->variance[j] * pow(mcd_halves_error(&h, 1 / n, half), 2);
    }
    return sum / (r->all / n / n);
}

/* Passes that make up for each other all but wholly, in part, not at all, and that are alike. */
static const double coupled[] = {0.001, 0.3, 1, 3};

static void a_cut_group_counts_for_what_it_varies(void **state)
{
    (void)state;
    static const uint32_t group[] = {2, 8, 64, 256};
    for (size_t g = 0; g < 4; g++)
        for (uint32_t whole = 2; whole <= 40; whole++)
            for (uint32_t left = 0; left < group[g]; left += 1 + group[g] / 9)
                for (size_t k = 0; k < 4; k++) {
                    struct range r = {.group = group[g],
                                      .first = group[g] * (whole % 5), /* any batch is the first */
                                      .passes = (uint64_t)whole * group[g] + left,
                                      .v = coupled[k]};
                    double got = expected_over_right(&r);
                    double low = whole < 15 ? 1 - 1e-9 : 0.88, high = whole < 15 ? 1 + 1e-9 : 1.15;
                    if (!(got >= low && got <= high))
                        fail_msg("%u groups of %u and %u passes, v = %g: %g of what is right",
                                 whole, r.group, left, r.v, got);
                }
}

static void groups_may_be_cut_at_both_ends(void **state)
{
    (void)state;
    for (uint32_t whole = 2; whole <= 40; whole++)
        for (uint32_t begun = 1; begun < 64; begun += 9)
            for (uint32_t left = 1; left < 64; left += 9)
                for (size_t k = 0; k < 4; k++) {
                    struct range r = {.group = 64,
                                      .first = 64 * (whole % 7) + 64 - begun,
                                      .passes = (uint64_t)whole * 64 + begun + left,
                                      .v = coupled[k]};
                    double got = expected_over_right(&r);
                    if (!(got >= 0.88 && got <= 1.2))
                        fail_msg("%u, %u groups and %u passes, v = %g: %g of what is right", begun,
                                 whole, left, r.v, got);
                }
}

/* A group's passes are a permutation of 0 .. B - 1, centred, and normal noise of its own. */
static void draw_group(uint64_t number, double *value, uint32_t n)
{
    struct mcd_address at = {7, number, MCD_DOMAIN_CHAIN, 0, 0};
    double noise[4];
    for (uint32_t i = 0; i < n; i++)
        value[i] = (i + 0.5) / n - 0.5;
    for (uint32_t i = n; i-- > 0;) {
        struct mcd_words words = mcd_noise_words(&at, i);
        uint32_t k = words.w[0] % (i + 1);
        double swap = value[i];
        value[i] = value[k];
        value[k] = swap;
    }
    at.row = 1;
    struct mcd_words words = mcd_noise_words(&at, 0);
    mcd_normal(&words, noise);
    for (uint32_t i = 0; i < n; i++)
        value[i] += 0.02 * noise[0];
}

/* exp of the mean of the passes of some batches. */
static double statistic(const double *value, uint64_t passes, uint32_t group, unsigned mask)
{
    double sum = 0, n = 0;
    for (uint64_t t = 0; t < passes; t++)
        if (mask >> t / group % MCD_BATCHES & 1) {
            sum += value[t];
            n++;
        }
    return exp(sum / n);
}

/* Of a statistic that is no mean, over many predictions, the error is as large as it is said. */
static void errors_cover(void **state)
{
    (void)state;
    enum { GROUP = 32, MOST = 16 * GROUP };
    static const uint32_t passes[] = {2 * GROUP + 5, 3 * GROUP + 9, 5 * GROUP + 3, 12 * GROUP + 16};
    static const double quantile[] = {0, 0, 0, 2.2}; /* Student's, 95 % */
    uint64_t number = 0, runs = getenv("MCDROP_FAST") ? 300 : 4000;
    for (size_t k = 0; k < 4; k++) {
        double errors = 0, said = 0, covered = 0;
        for (uint64_t run = 0; run < runs; run++) {
            double value[MOST + GROUP], half[MCD_HALVES];
            struct mcd_halves h;
            mcd_halves_init(&h, GROUP, 0, passes[k]);
            for (uint32_t t = 0; t < passes[k]; t += GROUP)
                draw_group(number++, value + t, GROUP);
            for (unsigned i = 0; i < MCD_HALVES; i++)
                half[i] = statistic(value, passes[k], GROUP, h.mask[i]);
            double whole = statistic(value, passes[k], GROUP, 0xffff);
            double error = mcd_halves_error(&h, whole, half);
            errors += pow(whole - 1, 2) / (double)runs;
            said += error * error / (double)runs;
            covered += fabs(whole - 1) <= quantile[k] * error;
        }
        double wide = getenv("MCDROP_FAST") ? 0.4 : 0.12;
        if (fabs(said / errors - 1) > wide)
            fail_msg("%u passes: squared errors %g, said %g", passes[k], errors, said);
        if (quantile[k] > 0 && fabs(covered / (double)runs - 0.95) > wide / 6)
            fail_msg("%u passes: intervals hold %g", passes[k], covered / (double)runs);
    }
}

static void one_whole_group_tells_no_error(void **state)
{
    (void)state;
    double half[MCD_HALVES] = {0};
    struct mcd_halves h;
    static const uint64_t range[][2] = {{0, 300}, {0, 256}, {10, 400}, {200, 100}, {255, 512}};
    for (size_t i = 0; i < 5; i++) {
        mcd_halves_init(&h, 256, range[i][0], range[i][1]);
        assert_true(isnan(mcd_halves_error(&h, 0, half)));
    }
    mcd_halves_init(&h, 256, 255, 514);
    assert_true(mcd_halves_error(&h, 0, half) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_have_the_error_of_batches),
        cmocka_unit_test(roundings_are_no_error),
        cmocka_unit_test(steps_by_one_row_stay),
        cmocka_unit_test(nothing_is_nan),
        cmocka_unit_test(a_cut_group_counts_for_what_it_varies),
        cmocka_unit_test(groups_may_be_cut_at_both_ends),
        cmocka_unit_test(errors_cover),
        cmocka_unit_test(one_whole_group_tells_no_error),
    };
    return cmocka_run_group_tests_name("halves", tests, NULL, NULL);
}
