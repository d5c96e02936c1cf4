/* core/stats/special.c: quantiles against their distribution functions and against known values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/stats/special.h"

#include <math.h>

static void close_to(double got, double expected, double relative)
{
    if (!(fabs(got - expected) <= relative * fabs(expected)))
        fail_msg("%.17g, expected %.17g", got, expected);
}

static void normal_quantiles(void **state)
{
    (void)state;
    close_to(mcd_normal_quantile(0.975), 1.9599639845400542, 1e-15);
    close_to(mcd_normal_quantile(1e-10), -6.361340902404056, 1e-14);
    close_to(mcd_normal_quantile(0.3), -0.52440051270804067, 1e-14);
    assert_true(mcd_normal_quantile(0.5) == 0);
    for (double p = 1e-300; p < 0.5; p *= 3.7) {
        close_to(0.5 * erfc(-mcd_normal_quantile(p) / sqrt(2)), p, 1e-11);
        if (p > 1e-12) /* 1 - p is not exact */
            close_to(mcd_normal_quantile(1 - p), -mcd_normal_quantile(p), 2e-16 / p + 1e-12);
    }
}

/* I_x(1, b) = 1 - (1 - x)^b and I_x(a, 1) = x^a. */
static void beta_probabilities(void **state)
{
    (void)state;
    for (double x = 0.01; x < 1; x += 0.07)
        for (double a = 0.3; a < 3000; a *= 3) {
            close_to(mcd_beta_probability(x, a, 1), pow(x, a), 1e-11);
            assert_true(fabs(mcd_beta_probability(x, 1, a) + expm1(a * log1p(-x))) < 1e-12);
            assert_true(fabs(mcd_beta_probability(x, a, 7) + mcd_beta_probability(1 - x, 7, a) -
                             1) < 1e-11);
        }
    assert_true(mcd_beta_probability(0, 2, 3) == 0);
    assert_true(mcd_beta_probability(1, 2, 3) == 1);
}

static void beta_quantiles(void **state)
{
    (void)state;
    close_to(mcd_beta_quantile(0.5, 4, 4), 0.5, 1e-14);
    close_to(mcd_beta_quantile(0.25, 1, 1), 0.25, 1e-14);
    for (double p = 0.01; p < 1; p += 0.14)
        for (double a = 0.5; a < 5000; a *= 4)
            close_to(mcd_beta_probability(mcd_beta_quantile(p, a, 30), a, 30), p, 1e-10);
}

/* Two degrees of freedom and one have closed forms; ten and thirty as in tables. */
static void student(void **state)
{
    (void)state;
    close_to(mcd_student_quantile(0.1, 1), tan(M_PI * 0.45), 1e-12);
    close_to(mcd_student_quantile(0.1, 2), 0.9 * sqrt(2 / (1 - 0.9 * 0.9)), 1e-12);
    close_to(mcd_student_quantile(0.05, 10), 2.228138852, 1e-9);
    close_to(mcd_student_quantile(0.01, 30), 2.749995654, 1e-9);
    close_to(mcd_student_quantile(0.05, 1e6), mcd_normal_quantile(0.975), 1e-5);
    close_to(mcd_student_two_sided(2.228138852, 10), 0.05, 1e-9);
    close_to(mcd_student_two_sided(-2.228138852, 10), 0.05, 1e-9);
    assert_true(mcd_student_two_sided(0, 3) == 1 && mcd_student_two_sided(INFINITY, 3) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal_quantiles),
        cmocka_unit_test(beta_probabilities),
        cmocka_unit_test(beta_quantiles),
        cmocka_unit_test(student),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
