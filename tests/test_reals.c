/* core/base/reals.c: numbers from one precision to the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/reals.h"

#include <mcdrop/tensor.h>

#include <math.h>

#include <cmocka.h>

enum { N = 5 };

static void every_pair_of_types(void **state)
{
    (void)state;
    const double wide[N] = {0.1, -1e-50, 1e300, 16777217, -0.0};
    const float narrow[N] = {0.1f, -0.0f, INFINITY, 16777216, -0.0f};
    double d[N];
    float f[N];
    mcd_reals_copy(d, MCD_F64, wide, MCD_F64, N);
    assert_memory_equal(d, wide, sizeof wide);
    mcd_reals_copy(f, MCD_F32, narrow, MCD_F32, N);
    assert_memory_equal(f, narrow, sizeof narrow);
    mcd_reals_copy(f, MCD_F32, wide, MCD_F64, N);
    assert_memory_equal(f, narrow, sizeof narrow);
    mcd_reals_copy(d, MCD_F64, narrow, MCD_F32, N);
    for (size_t i = 0; i < N; i++) {
        assert_true(d[i] == narrow[i]);
        assert_true(mcd_reals_at(narrow, MCD_F32, i) == narrow[i]);
        assert_true(mcd_reals_at(wide, MCD_F64, i) == wide[i]);
    }
}

static void nothing_is_written_for_none(void **state)
{
    (void)state;
    double d = 3;
    float f = 4;
    mcd_reals_copy(&d, MCD_F64, &f, MCD_F32, 0);
    assert_true(d == 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_types),
        cmocka_unit_test(nothing_is_written_for_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
