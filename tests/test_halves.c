/* core/stats/halves.c: what 30 half-samples say of a mean, and when they say nothing. */
#include "core/stats/halves.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_have_the_error_of_batches),
        cmocka_unit_test(roundings_are_no_error),
        cmocka_unit_test(steps_by_one_row_stay),
        cmocka_unit_test(nothing_is_nan),
    };
    return cmocka_run_group_tests_name("halves", tests, NULL, NULL);
}
