/* mcdrop/moments.h: the first of equals, and a softmax that neither overflows nor cancels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <mcdrop/moments.h>

#include <cmocka.h>

static void the_first_of_equals_is_the_largest(void **state)
{
    (void)state;
    assert_int_equal(mcd_largest((double[]){1, 3, 2, 3}, 4), 1);
    assert_int_equal(mcd_largest((double[]){0.0, -0.0}, 2), 0);
    assert_int_equal(mcd_largest((double[]){-7}, 1), 0);
    double p[3];
    assert_int_equal(mcd_probabilities((double[]){2, 2, 2}, 3, p, NULL), 0);
}

static void probabilities_and_entropy(void **state)
{
    (void)state;
    double p[3], entropy;
    assert_int_equal(mcd_probabilities((double[]){0, log(3), log(4)}, 3, p, &entropy), 2);
    assert_true(fabs(p[0] - 0.125) < 1e-15 && fabs(p[1] - 0.375) < 1e-15);
    double expected = -0.125 * log(0.125) - 0.375 * log(0.375) - 0.5 * log(0.5);
    assert_true(fabs(entropy - expected) < 1e-15);
}

static void far_logits(void **state)
{
    (void)state;
    double p[2], entropy;
    assert_int_equal(mcd_probabilities((double[]){1e300, -1e300}, 2, p, &entropy), 0);
    assert_true(p[0] == 1 && p[1] == 0);
    double small = exp(-10);
    mcd_probabilities((double[]){700, 690}, 2, p, &entropy);
    assert_true(fabs(entropy / (10 * small / (1 + small) + log1p(small)) - 1) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_of_equals_is_the_largest),
        cmocka_unit_test(probabilities_and_entropy),
        cmocka_unit_test(far_logits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
